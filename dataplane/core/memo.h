/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memo of text matches: raw option bytes -> rows of rules, per worker and
 * program.
 *
 * Idea: a Hyperscan call costs 400-700 cycles whatever the text
 * (feasibility.md 4), and real traffic repeats a few hundred paths. A
 * direct-mapped array keyed by a keyed hash of the raw bytes answers the
 * repeats; an attacker who varies the path only pays the scan he asks for.
 *
 * Invariant: an entry is whole or absent; a false hit needs a collision of a
 * 64-bit keyed hash. Belongs to one worker, so it takes no lock.
 */
#ifndef DAMP_CORE_MEMO_H
#define DAMP_CORE_MEMO_H

#include "types.h"

struct damp_memo;

/* A memo of 2^lines_log2 entries of nwords words. Control thread. */
struct damp_memo *damp_memo_new(uint32_t nwords, unsigned lines_log2);
void damp_memo_free(struct damp_memo *m);

/* The row of key, or NULL. */
const uint64_t *damp_memo_find(const struct damp_memo *m, uint64_t key);

/* A place for the row of key, to be filled by the caller; replaces whatever
 * was there. */
uint64_t *damp_memo_put(struct damp_memo *m, uint64_t key);

#endif
