/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Block1 and Q-Block1 uploads from outside that are under way, and what their next
 * block may be (RFC 7959 sections 2.3, 2.5; RFC 9177 section 4.3).
 *
 * Idea: a transfer is known by both endpoints, method, path and Request-Tags,
 * never by a token, since libcoap takes a new one for every block (attacks.md
 * AV-29). Its place is kept in bytes, so that a block size that shrinks on the
 * way needs no case of its own.
 *
 * Invariant: the steps are pure. A block passes when it begins the body, continues
 * it, or repeats the one before; everything else is a gap. Blocks of Q-Block1 come
 * in no order and some are missing: they pass up to one set of MAX_PAYLOADS beyond
 * what was seen, so that what its server has to ask for stays small. Memory
 * is given at init; a lost slot makes the next block a gap, and its client
 * begins again.
 *
 * Threads: a table belongs to one worker.
 */
#ifndef DAMP_CORE_TRANSFER_H
#define DAMP_CORE_TRANSFER_H

#include "types.h"

struct damp_transfer {
	uint64_t key;
	uint32_t due;
	uint32_t next;              /* bytes of body so far */
	uint32_t last;              /* where the block before begins */
	uint32_t declared;          /* Size1 of the first block, 0 none */
	uint8_t szx;
	uint8_t ended;              /* its last block was seen */
	uint16_t blocks;            /* of Q-Block1: that were forwarded */
	uint8_t pad[4];
};
_Static_assert(sizeof(struct damp_transfer) == 32, "two transfers a cache line");

/* One block as the message has it. */
struct damp_block {
	uint32_t num;               /* 20 bits */
	uint8_t szx;
	bool more;
	uint32_t len;               /* of the payload */
	uint32_t declared;          /* Size1, 0 none */
	bool q;                     /* of Q-Block1 */
};

enum damp_step {
	DAMP_STEP_BEGIN,            /* the first block: a new body, or the old one anew */
	DAMP_STEP_NEXT,
	DAMP_STEP_AGAIN,            /* the block before, repeated */
	DAMP_STEP_GAP,              /* none of these */
	DAMP_STEP_SIZE,             /* its payload is not of the size it names */
	DAMP_STEP_LARGE             /* the body is, or is going to be, larger than the cap */
};

static inline uint64_t damp_block_at(const struct damp_block *b)
{
	return (uint64_t)b->num << (b->szx + 4);
}

/* What is b for t (NULL: nothing on record) where a body may have cap bytes? Of
 * Q-Block1: ahead blocks may be missing before it. */
enum damp_step damp_transfer_step(const struct damp_transfer *t, const struct damp_block *b, uint32_t cap);
enum damp_step damp_transfer_q_step(const struct damp_transfer *t, const struct damp_block *b, uint32_t cap,
				    uint32_t ahead);

/* Is this, forwarded, the last of the blocks? Of Q-Block1: have as many come as
 * there are? */
bool damp_transfer_completes(const struct damp_transfer *t, const struct damp_block *b);

struct damp_transfer_table;
size_t damp_transfer_bytes(unsigned lines_log2);
struct damp_transfer_table *damp_transfer_init(void *mem, unsigned lines_log2);
const struct damp_transfer *damp_transfer_find(const struct damp_transfer_table *t, uint64_t key,
					       damp_tick now);
/* Record that b was forwarded. */
void damp_transfer_note(struct damp_transfer_table *t, uint64_t key, const struct damp_block *b,
			damp_tick now, damp_tick due);
uint64_t damp_transfer_evictions(const struct damp_transfer_table *t);
uint64_t damp_transfer_live(const struct damp_transfer_table *t, damp_tick now);

#endif
