/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memo of text matches: raw option bytes -> rows of rules, per worker and
 * program.
 *
 * Idea: a Hyperscan call costs 400-700 cycles whatever the text
 * (feasibility.md 4), and real traffic repeats a few hundred paths. A
 * small cache keyed by a keyed hash of the raw bytes answers the repeats. It
 * has sets of four: two places for newcomers and two for those that were asked
 * for again, so that an attacker who varies the path only pays the scans he
 * asks for and pushes out no path that is in use (segmented LRU; Karedla and
 * others 1994).
 *
 * Invariant: an entry is whole or absent; a false hit needs a collision of a
 * 64-bit keyed hash. Belongs to one worker, so it takes no lock.
 */
#ifndef DAMP_CORE_MEMO_H
#define DAMP_CORE_MEMO_H

#include "types.h"

struct damp_memo;

/* A memo of 2^entries_log2 entries (at least 4) of nwords words. Control thread. */
struct damp_memo *damp_memo_new(uint32_t nwords, unsigned entries_log2);
void damp_memo_free(struct damp_memo *m);

/* The row of key, or NULL. Keeps what it finds. */
const uint64_t *damp_memo_find(struct damp_memo *m, uint64_t key);

/* A place for the row of key, which is not there, to be filled by the caller;
 * replaces the older of its set's newcomers. */
uint64_t *damp_memo_put(struct damp_memo *m, uint64_t key);

#endif
