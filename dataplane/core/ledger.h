/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ledger: for any number of keys, how far into the future each has used up
 * its budget, in fixed memory.
 *
 * Idea: GCRA. The whole bucket of a key is one number, the time until which it
 * is "paid up" (tat, theoretical arrival time). A charge of `cost` ticks is
 * admitted iff max(tat, now) - now + cost <= burst, and then tat = max(tat,
 * now) + cost. Rates are folded into the cost, so every debt drains at one
 * second per second. A 64-byte line holds seven ways; a newcomer takes one
 * that is paid up; on a line without any it takes the way that will be paid up
 * soonest and *inherits its debt* (Space-Saving, Metwally et al. 2005).
 *
 * Invariant: whatever the number of keys, no key is ever admitted more than
 * burst + window in any window. Errors are one-sided: a key may be refused
 * because it inherited somebody's debt, never admitted because its own was
 * forgotten. This rests on: one drain speed for all; eviction of the least tat
 * only; no write by a refused charge.
 *
 * Kept lines: what a flood owes may fill every line, and then whoever comes anew
 * inherits up to seconds of debt. So keys with DAMP_LEDGER_KEPT set have lines of their
 * own, a sixteenth as many, behind the others. Whoever makes keys (judge_keys.h) sets it
 * only where forged sources cannot make up ever more of them.
 *
 * Threads: shared by all workers. A peek reads with relaxed atomics and writes
 * nothing. A charge takes the byte lock of its lines, in address order, for a
 * few tens of cycles; only admitted packets charge. A lock that is not to be had
 * within some 0.1 ms (its holder was stopped) refuses the charge. The clock
 * passed in may differ between workers by some microseconds and may leap ahead;
 * after a step back by more than four minutes a line starts empty.
 *
 * Memory: the caller's; damp_ledger_bytes() says how much, 64-byte aligned.
 * Reference: anchors.md 3.4; ITU-T I.371 (GCRA); Knot DNS KRU for the shape.
 */
#ifndef DAMP_CORE_LEDGER_H
#define DAMP_CORE_LEDGER_H

#include "types.h"

#define DAMP_LEDGER_WAYS 7u
#define DAMP_LEDGER_KEPT (1ull << 31)           /* in a key: on the kept lines */

struct damp_ledger;

/* One charge: the key is a keyed 64-bit hash with its domain (which limit,
 * which rung) mixed in; cost and burst are in ticks. */
struct damp_charge {
	uint64_t key;
	uint32_t cost;
	uint32_t burst;
};

/* Bytes for 2^lines_log2 lines and the kept ones, header included. lines_log2: 4..26, else 0. */
size_t damp_ledger_bytes(unsigned lines_log2);

/* Build an empty ledger in mem (damp_ledger_bytes() bytes, 64-byte aligned).
 * NULL when lines_log2 is out of range. */
struct damp_ledger *damp_ledger_init(void *mem, unsigned lines_log2);

/* Use the wide registers where this machine has them, as it is after init, or not;
 * says whether they are used. No value depends on it. Before the workers run. */
bool damp_ledger_set_wide(struct damp_ledger *l, bool wide);

/* Start the load of the key's line. Call a few packets ahead. */
void damp_ledger_prefetch(const struct damp_ledger *l, uint64_t key);

/* The key's debt at now in ticks: 0 when paid up. For an absent key the debt
 * a newcomer would inherit (least of the line, 0 if a way is free). Writes
 * nothing. */
uint32_t damp_ledger_debt(const struct damp_ledger *l, uint64_t key, damp_tick now);

/* Would this charge, alone, be admitted? Writes nothing. */
bool damp_ledger_admits(const struct damp_ledger *l, const struct damp_charge *c, damp_tick now);

/* Would every charge be admitted? Returns -1 if so, else the index of the
 * first refused one. Writes nothing. n <= 16. */
int damp_ledger_peek(const struct damp_ledger *l, const struct damp_charge *c, unsigned n, damp_tick now);

/* Charge all or none. Returns -1 when all were charged, else the index of the
 * first refused one and nothing was charged. The same key may not appear
 * twice. More than 16 charges, or a burst above DAMP_BURST_TICKS_MAX, are
 * refused, here and in a peek. n <= 16. */
int damp_ledger_charge(struct damp_ledger *l, const struct damp_charge *c, unsigned n, damp_tick now);

/* The same for up to eight charges when that is short work: those on one line are side by
 * side, of different tags, and the locks of all lines are to be had at once (the first
 * one's is waited for). Else DAMP_LEDGER_NOT_AT_ONCE, and nothing was decided or changed. What is refused
 * changes nothing either, not even a line's age. */
#define DAMP_LEDGER_NOT_AT_ONCE INT32_MIN
int damp_ledger_charge_at_once(struct damp_ledger *l, const struct damp_charge *c, unsigned n, damp_tick now);

/* Two charges of one line, and how far their keys' tags lie from the hash that chooses it:
 * not equally far. No burst above DAMP_BURST_TICKS_MAX. */
struct damp_charge_pair {
	struct { uint32_t move, cost, burst; } of[2];
};

/* The same for two such pairs, which have four keys of their own, with the wide
 * registers: what a challenge pays. Their keys are { hash + move << 32 }. Where there are
 * no wide registers, no locks at once, or but one line: DAMP_LEDGER_NOT_AT_ONCE. */
int damp_ledger_charge_pairs(struct damp_ledger *l, const struct damp_charge_pair pair[2], const uint64_t hash[2],
			     damp_tick now);

/* Charge what was found admissible a moment ago, though others were charged meanwhile:
 * the debt may come to be more than a burst, but never more than DAMP_BURST_TICKS_MAX.
 * False: the lock was not to be had, and it is still to be charged. */
bool damp_ledger_owe(struct damp_ledger *l, uint64_t key, uint32_t cost, damp_tick now);

/* The same for any set, by views (ledger.c): what the others are held against. */
int damp_ledger_charge_viewed(struct damp_ledger *l, const struct damp_charge *c, unsigned n, damp_tick now);

/* Live entries (debt not yet drained) at now and evictions so far. Walks
 * `lines` lines from `first`, wrapping, the kept ones last; for the slow loop, not for workers. */
uint64_t damp_ledger_live(const struct damp_ledger *l, damp_tick now, size_t first, size_t lines);
size_t damp_ledger_lines(const struct damp_ledger *l);
uint64_t damp_ledger_evictions(const struct damp_ledger *l);

/* Ticks that `units` cost at cost_q16 ticks each, rounded up, saturating at
 * UINT32_MAX (which no burst admits). */
static inline uint32_t damp_cost(uint64_t cost_q16, uint32_t units)
{
	const unsigned __int128 c = (unsigned __int128)cost_q16 * units + 0xffff;
	const unsigned __int128 t = c >> 16;

	return t > UINT32_MAX ? UINT32_MAX : (uint32_t)t;
}

#endif
