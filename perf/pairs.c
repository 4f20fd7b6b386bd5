/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables of pairs alone: exchanges and observations, at four sizes: one
 * that fits the first-level cache, one the second, one the third, and one that
 * fits none.
 *
 * hit: look a key up that is there, its line prefetched a batch ahead, as the
 * pipeline does it; hit_cold: the same without; miss: look one up that is not;
 * open: open a new one where a slot is free; evict: where none is.
 *
 * Idea: as in tables.c. Time stands still while it is measured.
 *
 * Invariant: what a row says happened is counted: finds, fresh slots, evictions.
 *
 * Reference: tables.h; docs/performance.md.
 */
#include "bench.h"
#include "tables.h"

#include <stdlib.h>

#define BATCH 32u
#define SLICE 1024u                 /* keys a time stamp */
#define SLICES 64u
#define NOW DAMP_SECONDS(1000)
#define LATE DAMP_SECONDS(2000)
#define SLOTS 2u                    /* of a line, in both tables */

enum way { HIT, HIT_COLD, MISS, OPEN, EVICT, WAYS };
static const char *const way_name[WAYS] = { "hit", "hit_cold", "miss", "open", "evict" };
/* Keys opened for a slot to begin with: half full, then next to none, then all taken. */
static const double load[WAYS] = { 0.5, 0.5, 0.5, 0.0, 6.0 };

struct size { const char *name; unsigned lines_log2; };
static const struct size sizes[] = { { "16kib", 8 }, { "256kib", 12 }, { "8mib", 17 }, { "128mib", 21 } };

/* Both tables under one face; keys are hashes already. */
struct face {
	const char *name;
	size_t (*bytes)(unsigned lines_log2);
	void *(*init)(void *mem, unsigned lines_log2);
	void (*prefetch)(void *t, uint64_t key);
	bool (*find)(void *t, uint64_t key);
	bool (*open)(void *t, uint64_t key);
	uint64_t (*evictions)(void *t);
};

static void *xchg_init(void *mem, unsigned lines_log2)
{
	return damp_xchg_init(mem, lines_log2);
}

static void xchg_prefetch(void *t, uint64_t key)
{
	damp_xchg_prefetch(t, key);
}

static bool xchg_find(void *t, uint64_t key)
{
	return damp_xchg_find(t, key, NOW) != NULL;
}

static bool xchg_open(void *t, uint64_t key)
{
	bool fresh;

	damp_xchg_open(t, key, NOW, LATE, &fresh);
	return fresh;
}

static uint64_t xchg_evictions(void *t)
{
	return damp_xchg_evictions(t);
}

static void *obs_init(void *mem, unsigned lines_log2)
{
	return damp_obs_init(mem, lines_log2);
}

/* The judge loads no line of observations ahead. */
static void no_prefetch(void *t, uint64_t key)
{
	(void)t;
	(void)key;
}

static bool obs_find(void *t, uint64_t key)
{
	return damp_obs_find(t, key, NOW) != NULL;
}

static bool obs_open(void *t, uint64_t key)
{
	bool fresh;

	damp_obs_open(t, key, NOW, LATE, &fresh);
	return fresh;
}

static uint64_t obs_evictions(void *t)
{
	return damp_obs_evictions(t);
}

static const struct face faces[] = {
	{ "exchanges", damp_xchg_bytes, xchg_init, xchg_prefetch, xchg_find, xchg_open, xchg_evictions },
	{ "observations", damp_obs_bytes, obs_init, no_prefetch, obs_find, obs_open, obs_evictions },
};

struct table {
	const struct face *face;
	void *mem;
	uint64_t keys, fresh, rng;
};

static uint64_t key_of(uint64_t n)
{
	return bench_random(&n) | 1;    /* 0 is no key */
}

static uint64_t draw(struct table *t, enum way way)
{
	if (way == HIT || way == HIT_COLD)
		return (uint64_t)(((unsigned __int128)bench_random(&t->rng) * t->keys) >> 64);
	return t->fresh++;
}

/* One slice: cycles a key. Adds to *yes how many were found, or were fresh. */
static double slice(struct table *t, enum way way, uint64_t *yes)
{
	bool (*const act)(void *, uint64_t) = way == OPEN || way == EVICT ? t->face->open : t->face->find;
	const uint64_t since = bench_start();
	uint64_t key[BATCH];

	for (unsigned at = 0; at < SLICE; at += BATCH) {
		for (unsigned i = 0; i < BATCH; i++) {
			key[i] = key_of(draw(t, way));
			if (way != HIT_COLD)
				t->face->prefetch(t->mem, key[i]);
		}
		for (unsigned i = 0; i < BATCH; i++)
			*yes += act(t->mem, key[i]);
	}
	return (double)(bench_stop() - since) / SLICE;
}

/* So few slices that, where slots are to be free, most still are at the end. */
static unsigned slices_of(const struct size *s, enum way way)
{
	const uint64_t room = ((uint64_t)SLOTS << s->lines_log2) / 8 / SLICE;

	if (way != OPEN)
		return SLICES;
	return room < 1 ? 0 : room > SLICES ? SLICES : (unsigned)room;
}

static bool as_said(enum way way, uint64_t yes, uint64_t evicted, uint64_t n)
{
	switch (way) {
	case HIT:
	case HIT_COLD:
		return yes * 10 > n * 5;        /* some of the half were pushed out while filling */
	case MISS:
		return yes == 0;
	case OPEN:
		return yes == n && evicted * 5 < n;
	default:
		return yes == n && evicted * 10 > n * 9;
	}
}

static void run(struct bench_results *res, const struct face *f, const struct size *s, enum way way, void *mem, double hz)
{
	struct table t = { .face = f, .mem = f->init(mem, s->lines_log2), .fresh = 1ull << 60, .rng = 1 };
	const unsigned slices = slices_of(s, way);
	double v[SLICES];
	uint64_t yes = 0, evicted;
	char name[56];

	if (slices == 0)
		return;
	t.keys = (uint64_t)(load[way] * (double)((uint64_t)SLOTS << s->lines_log2));
	for (uint64_t n = 0; n < t.keys; n++)
		f->open(t.mem, key_of(n));
	evicted = f->evictions(t.mem);
	for (unsigned i = 0; i < slices; i++)
		v[i] = slice(&t, way, &yes) / hz * 1e9;
	evicted = f->evictions(t.mem) - evicted;
	snprintf(name, sizeof(name), "%s_%s_%s_ns", f->name, way_name[way], s->name);
	bench_add(res, name, "ns", bench_median(v, slices));
	if (!as_said(way, yes, evicted, (uint64_t)slices * SLICE))
		fprintf(stderr, "%s: %llu of %u, %llu evictions: this measures something else\n", name,
			(unsigned long long)yes, slices * SLICE, (unsigned long long)evicted);
}

int main(int argc, char **argv)
{
	const unsigned nsizes = sizeof(sizes) / sizeof(sizes[0]);
	const struct bench_options o = bench_options(argc, argv);
	static struct bench_results res;
	const double hz = bench_hz();
	void *mem = bench_memory(damp_xchg_bytes(sizes[nsizes - 1].lines_log2));

	for (unsigned k = 0; k < o.runs; k++)
		for (unsigned f = 0; f < sizeof(faces) / sizeof(faces[0]); f++)
			for (unsigned i = 0; i < nsizes * WAYS; i++)
				run(&res, &faces[f], &sizes[i / WAYS], (enum way)(i % WAYS), mem, hz);
	free(mem);
	bench_print(&res);
	return bench_write(&res, o.json) ? 0 : 1;
}
