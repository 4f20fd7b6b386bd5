/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The greylist: has this request been here before, a second or more ago?
 *
 * Idea: an honest confirmable client repeats its request after 2 to 3 s (RFC
 * 7252 section 4.2) with the same Message ID and token; a flood sends fresh
 * packets. One byte per cell remembers when a cell was first hit; a cell is
 * free again after its life. A repetition finds its cell stamped and old
 * enough.
 *
 * Invariant: a repetition within the life is always recognised: its own first
 * copy or an earlier packet stamped the cell, and stamps are not overwritten
 * before they end. Errors are the other way: a fresh packet that shares a cell
 * with an older one passes for a repetition, so what a repetition gets is
 * budgeted too. Memory is fixed; one worker's own, no lock.
 *
 * Reference: greylisting as in RFC 6647, moved to CoAP's retransmissions.
 */
#ifndef DAMP_CORE_GREY_H
#define DAMP_CORE_GREY_H

#include "types.h"

#define DAMP_GREY_MIN_AGE DAMP_SECONDS(1)       /* less than ACK_TIMEOUT */
#define DAMP_GREY_LIFE DAMP_SECONDS(24)         /* the third copy comes within 21 s */

struct damp_grey;

/* Bytes of a greylist of 2^cells_log2 cells. */
size_t damp_grey_bytes(unsigned cells_log2);
struct damp_grey *damp_grey_init(void *mem, unsigned cells_log2);
void damp_grey_prefetch(const struct damp_grey *g, uint64_t key);
/* Was key (or one that shares its cell) seen long enough ago? Writes nothing. */
bool damp_grey_again(const struct damp_grey *g, uint64_t key, damp_tick now);
/* Stamp the cell of key, unless a stamp still lives there. */
void damp_grey_note(struct damp_grey *g, uint64_t key, damp_tick now);

#endif
