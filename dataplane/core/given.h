/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values that an inside server gave a peer to return (given.c): a DTLS cookie, an Echo.
 * Whoever returns one has received it, which proves its address as ours would.
 */
#ifndef DAMP_CORE_GIVEN_H
#define DAMP_CORE_GIVEN_H

#include "decision.h"

/* given.c: note what an inside server gives the peer of p to return, for life_s;
 * was this given to it, and to nobody else? Never for fewer than DAMP_GIVEN_MIN
 * bytes. */
#define DAMP_GIVEN_MIN 8u
struct damp_given {
	const uint8_t *bytes;
	size_t len;
};

static inline struct damp_given damp_echo_of(const struct damp_pkt *p)
{
	return (struct damp_given){ p->data + p->frame.payload_off + p->coap.echo_off, p->coap.echo_len };
}
void damp_note_given(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
		     enum damp_seen_kind kind, const struct damp_given *given, uint32_t life_s);
bool damp_given_before(const struct damp_ctx *c, const struct damp_pkt *p, enum damp_seen_kind kind,
		       const struct damp_given *given);

#endif
