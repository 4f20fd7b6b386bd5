/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pure half: who decides what, and what the parts ask of one another.
 */
#ifndef DAMP_CORE_DECIDE_H
#define DAMP_CORE_DECIDE_H

#include "decision.h"

/* decide_*.c: fill d for one packet; pure. */
void damp_decide(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
void damp_decide_request(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
void damp_decide_response(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
void damp_decide_empty(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
void damp_decide_dtls(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

/* decide_rules.c: for a short way, does any rule match p, whose truths are set? What it
 * cost to know is counted when none does, else by the long way, which goes on from
 * here. */
bool damp_any_rule(const struct damp_ctx *c, const struct damp_pkt *p);
/* Walk the matching rules; returns the final action. */
enum damp_action damp_decide_rules(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

/* decide_request.c: things that are done for proved peers only; has the server of p
 * budget for a request on trust, and if not, for how many ticks will it have none? */
bool damp_needs_proof(const struct damp_ctx *c, const struct damp_pkt *p, bool observe);
bool damp_server_has_room(const struct damp_ctx *c, const struct damp_pkt *p);
uint32_t damp_server_wait(const struct damp_ctx *c, const struct damp_pkt *p);

/* decide_block.c. Is this request refused for its Block1? Else notes what its
 * block is to be recorded as. */
bool damp_decide_block1(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
/* Record it, and the places that the upload takes. */
void damp_commit_transfer(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d);
/* Does the Size2 of p announce more than an inside client should believe? */
bool damp_size2_lies(const struct damp_ctx *c, const struct damp_pkt *p);
/* Hash of the path of a request, of its text as rules see it; and by a key of one's own. */
uint64_t damp_path_hash(const struct damp_ctx *c, const struct damp_pkt *p);
uint64_t damp_path_hash_by(const struct damp_key *key, const struct damp_pkt *p);

#define DAMP_TRANSFER_RETRY_S 10u       /* Max-Age of the 4.29 when too many uploads are under way */

#define DAMP_BLOCK_MORE 8u              /* RFC 7959 section 2.2: the M bit */

/* How long a device is taken to understand Block2 after it used it. */
#define DAMP_BLOCKS_LIFE_S 86400u

/* learned.c: is p, unsafe and on trust, known for answers larger than its credit?
 * Notes in d what it leads to. And learn from the answer p, which was. */
bool damp_answers_large(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
void damp_learn(const struct damp_ctx *c, const struct damp_pkt *p);

/* cure.c: may the sender of p, a response that nobody asked for, be told to stop?
 * Then d is the RST. */
bool damp_decide_cure(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

/* The last four Message IDs, 16 bits each, the newest lowest. More would be as many
 * right answers to a guess; each copy of a CON brings its own back. */
static inline bool damp_mids_have(uint64_t mids, uint16_t mid)
{
	for (; mids >> 16 != 0; mids >>= 16)
		if ((uint16_t)mids == mid)
			return true;
	return (uint16_t)mids == mid;
}

static inline uint64_t damp_mids_with(uint64_t mids, uint16_t mid)
{
	return damp_mids_have(mids, mid) ? mids : mids << 16 | mid;
}

/* decide_fragment.c: what left toward the peer of p in fragments and may be answered by
 * an ACK or RST that names it. */
bool damp_split_out(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t *mids);
void damp_decide_first(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
void damp_decide_rest(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
/* Remember that the first fragment p was dropped: what follows it has to go as well. */
void damp_drop_rest(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

/* decide_empty.c: remember that p, if it is a CON of an inside server and its
 * Message ID leaves permuted, may be acknowledged; the ACK is a proof. */
void damp_expect_ack(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
/* Is it? Then what is to be remembered, for DAMP_ACK_LIFE_S. */
bool damp_awaits_ack(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t *key, uint64_t *mids);
/* Remember that p is the last notification of its observation, which a reset may name. */
void damp_note_last(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

/* offender.c: is an end of p blocked? Then d is the drop. And note who was above
 * the limit of a rule that blocks. */
bool damp_meets_block(const struct damp_ctx *c, const struct damp_pkt *p);
bool damp_decide_blocked(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
void damp_note_offender(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t rule);

#endif
