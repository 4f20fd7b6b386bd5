/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tally: how many exchanges or observations are open at once, for any
 * number of keys, in fixed memory and without a leak.
 *
 * Idea: what is open is counted in the span of time in which it ends at the
 * latest. Rings of DAMP_TALLY_SPANS such counters, of spans of 64 s, 4.5 h and
 * 36 h, stand in the one line of a key. Closing takes one off the counter that
 * its ticket names; what nobody closes goes when its span is over, because a
 * counter of the past is no longer added up. Nothing has to sweep.
 *
 * Invariant: the count of a key is never less than what is open under it. It
 * may be more: by what ended without a word, until its span is over. A set of
 * lines that holds live keys only has no room for another one, which is then
 * refused; no live key ever gives way. So all errors are on the side of too
 * few open, never of too many. A ticket names a counter that is not used for
 * another span before the due time it was given for.
 *
 * Threads: shared by all workers. A count reads with relaxed atomics; the other
 * calls take the byte lock of the set for a few tens of cycles. One that is not
 * to be had: opening is refused, closing and moving are left to time.
 *
 * Memory: the caller's; damp_tally_bytes() says how much, 64-byte aligned.
 */
#ifndef DAMP_CORE_TALLY_H
#define DAMP_CORE_TALLY_H

#include "types.h"

#define DAMP_TALLY_WAYS 4u
#define DAMP_TALLY_SPANS 8u
/* What one key may have open at most: the counters are 16 bits wide. */
#define DAMP_TALLY_MOST 65535u
/* Due times lie at most this far ahead; what is later counts as due then. */
#define DAMP_TALLY_AHEAD_S (10u * 86400u)

struct damp_tally;

/* Bytes for 2^sets_log2 sets of DAMP_TALLY_WAYS keys. sets_log2: 0..24, else 0. */
size_t damp_tally_bytes(unsigned sets_log2);
/* NULL when sets_log2 is out of range. */
struct damp_tally *damp_tally_init(void *mem, unsigned sets_log2);

/* What is open under key; UINT32_MAX when there is no room to count it. */
uint32_t damp_tally_count(const struct damp_tally *t, uint64_t key, damp_tick now);

/* Count one more that ends at due at the latest. Its ticket, or 0 when most are
 * open already or there is no room. */
uint32_t damp_tally_open(struct damp_tally *t, uint64_t key, uint32_t most, damp_tick now, damp_tick due);

/* The end has become another one; returns the ticket that is good from now on. */
uint32_t damp_tally_move(struct damp_tally *t, uint32_t ticket, damp_tick now, damp_tick due);

void damp_tally_close(struct damp_tally *t, uint32_t ticket);

/* Does the ticket count under key? */
bool damp_tally_is(const struct damp_tally *t, uint32_t ticket, uint64_t key);

/* Keys under which something is open; walks the table. */
uint64_t damp_tally_live(const struct damp_tally *t, damp_tick now);

#endif
