/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Half a proof: what one right answer of 16 bits is worth.
 *
 * Idea: the Message ID of a ping, that of a server's CON and an Echo of two or three
 * bytes can be guessed: whoever forges the answers of very many addresses is right for
 * some. So one such answer opens the door by a gap: what is held goes on, the peer is
 * served as a proved one, but for DAMP_HALF_LIFE_S and out of one small budget; and a
 * second ping goes out at once whose Message ID the first tells nothing of. Its RST
 * makes the proof whole: 32 bits. A client that answered one ping answers the other,
 * so it notices nothing.
 *
 * Invariant: all that leaves toward half a proof, and all that it lets in, is charged
 * to that budget, the second pings too, which have a reserve of their own; when it is
 * spent, the peer is as good as unproved. Nothing but the RST of the second ping makes
 * a half whole: an answer that was right once is right again. Whoever is proved is
 * proved anew by one answer. A proof of 32 bits or more owes nothing to this.
 *
 * What guessing brings, and what it brought: docs/threat-model.md.
 * References: attacks.md 3.2 P2 and P3, 6.3; RFC 7252 section 4.2.
 */
#ifndef DAMP_CORE_HALF_H
#define DAMP_CORE_HALF_H

#include "decision.h"

#define DAMP_HALF_LIFE_S 16u
#define DAMP_HALF_BYTES (64u << 10)     /* at once, both ways; a guess costs 512 KiB and more on the average */
#define DAMP_HALF_BYTES_PER_S 1024u
#define DAMP_HALF_RESERVE 1024u         /* more of them, for second pings alone */
#define DAMP_HALF_KNOWN_S 60u           /* its address counts as one where somebody is, its network too */

/* May p, whose peer has half a proof, be judged as a proved one's? */
bool damp_half_has_room(const struct damp_ctx *c, const struct damp_pkt *p);

/* Is a second ping out between the ends of p, and the Message ID with which p came its
 * answer? */
bool damp_second_awaited(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t *epoch);
bool damp_second_answered(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t epoch);

/* Does this proof of p prove half, because its peer has no more? Not in what was recorded
 * without us, where nobody was asked for the rest. */
bool damp_half_gives(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d);

/* p, which is decided, is from or to a peer with half a proof, or gives it: what that
 * costs, and the second pings to send beside. */
void damp_half_settle(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

/* For commit.c: send them, as far as they are paid. p's frame is still its own. */
void damp_half_ask(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d);

#endif
