/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of a message that was scanned, one after the other, for what the
 * scan does not keep because it is rarely asked.
 *
 * Invariant: the scan has found every header and value to lie inside the
 * message; the walk checks it again and ends early where that does not hold.
 */
#ifndef DAMP_CORE_OPTION_WALK_H
#define DAMP_CORE_OPTION_WALK_H

#include "judge.h"
#include "option.h"

struct damp_option_walk {
	const uint8_t *msg;
	uint32_t pos, end, left;
	/* The option found last. */
	uint32_t number, len;
	const uint8_t *value;
};

static inline struct damp_option_walk damp_options_of(const struct damp_pkt *p)
{
	return (struct damp_option_walk){ .msg = p->data + p->frame.payload_off, .pos = p->coap.options_off,
					  .end = p->coap.len, .left = p->coap.noptions };
}

/* Move on to the next option; false: there is none. */
static inline bool damp_options_next(struct damp_option_walk *w)
{
	struct damp_opt o;

	if (w->left == 0 || !damp_opt_read(w->msg + w->pos, w->end - w->pos, &o))
		return false;
	w->left--;
	w->number += o.delta;
	w->len = o.len;
	w->value = w->msg + w->pos + o.hdr;
	w->pos += o.hdr + o.len;
	return true;
}

#endif
