/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The greylist: a byte per cell, a stamp of 1/4 s; see grey.h.
 *
 * Invariant: stamp 0 is "free". Stamps count 1..255 quarter seconds and wrap
 * after 63.75 s, more than twice the life, so that an old stamp that was never
 * cleaned is told from a young one only for as long as it matters: a cell that
 * nobody touched for a whole turn may look young once, which is an error on
 * the side of a challenge too many.
 */
#include "grey.h"

#define UNITS 255u
#define UNIT (DAMP_TICK_HZ / 4)

struct damp_grey {
	uint64_t mask;
	uint8_t pad[DAMP_CACHE_LINE - sizeof(uint64_t)];
	uint8_t cell[];
};

static uint8_t stamp(damp_tick now)
{
	return (uint8_t)(now / UNIT % UNITS + 1);
}

/* Age of a stamp in units; UNITS for a free cell. */
static unsigned age(uint8_t cell, damp_tick now)
{
	return cell == 0 ? UNITS : (stamp(now) + UNITS - cell) % UNITS;
}

size_t damp_grey_bytes(unsigned cells_log2)
{
	return sizeof(struct damp_grey) + ((size_t)1 << cells_log2);
}

struct damp_grey *damp_grey_init(void *mem, unsigned cells_log2)
{
	struct damp_grey *g = mem;

	memset(mem, 0, damp_grey_bytes(cells_log2));
	g->mask = (1ull << cells_log2) - 1;
	return g;
}

void damp_grey_prefetch(const struct damp_grey *g, uint64_t key)
{
	damp_prefetch(&g->cell[key & g->mask]);
}

bool damp_grey_again(const struct damp_grey *g, uint64_t key, damp_tick now)
{
	const unsigned a = age(g->cell[key & g->mask], now);

	return a >= DAMP_GREY_MIN_AGE / UNIT && a < DAMP_GREY_LIFE / UNIT;
}

void damp_grey_note(struct damp_grey *g, uint64_t key, damp_tick now)
{
	uint8_t *cell = &g->cell[key & g->mask];

	if (age(*cell, now) >= DAMP_GREY_LIFE / UNIT)
		*cell = stamp(now);
}
