/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CoAP on ports that nobody listed: looked for in a sample of what passes, and only
 * counted (attacks.md AV-47).
 *
 * A port says nothing: QUIC and TURN begin with the same bytes as CoAP (RFC 7983,
 * RFC 9443). So it counts only what has version 1, a class of requests or
 * responses, and options that end where the message does; and what is counted is
 * judged by nobody, since a packet of somebody else's protocol that looks so by
 * chance would be harmed.
 *
 * Invariant: reads frames, writes its three counters.
 */
#ifndef DAMP_CORE_ELSEWHERE_H
#define DAMP_CORE_ELSEWHERE_H

#include "judge.h"

/* One in so many UDP packets on other ports is looked at. */
#define DAMP_ELSEWHERE_SAMPLE 16u

/* Look at n parsed packets. at: a count that the caller keeps between bursts. */
void damp_elsewhere_look(struct damp_worker_stats *s, uint32_t *at, const struct damp_pkt *p, unsigned n);

#endif
