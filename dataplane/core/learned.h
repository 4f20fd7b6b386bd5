/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Learned: how large the answers to unsafe requests were, by device, method and
 * path, where one was more than an unproved peer may have (attacks.md AV-05).
 *
 * Idea: an unsafe request must not be told to come again once its server has
 * carried it out. The first answer that is too large teaches what its request
 * leads to; the next such request waits for a proof before it is carried out. A
 * cell is one word: tag, size, and when it was learned.
 *
 * Invariant: memory is fixed. A cell is taken by whoever teaches last; one that is
 * lost, or a day old, costs one more request that is carried out and whose answer
 * waits, as if nothing had been learned. What is found wrongly (tags are of 24
 * bits) costs an honest client one round trip.
 *
 * Threads: shared; a cell is read and written as a whole.
 */
#ifndef DAMP_CORE_LEARNED_H
#define DAMP_CORE_LEARNED_H

#include "types.h"

#define DAMP_LEARNED_CELLS 8192u
#define DAMP_LEARNED_LIFE_S 86400u

struct damp_learned { uint64_t cell[DAMP_LEARNED_CELLS]; };

/* IP bytes of the largest answer known under key, a keyed hash; 0: none. */
uint32_t damp_learned_size(const struct damp_learned *l, uint64_t key, damp_tick now);
void damp_learned_note(struct damp_learned *l, uint64_t key, uint32_t bytes, damp_tick now);

#endif
