/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ledger alone: what one charge costs at five sizes (the caches of the three
 * levels hold the first four, none the last), for a key that is there, one that
 * finds a free way, and one that must push another out.
 *
 * Idea: random keys in batches of 32, the lines of a batch prefetched before
 * the first is touched, as the pipeline does it; `hit_cold` is the same without
 * the prefetch. Keys come from a generator, so the table alone is what misses
 * the caches. The clock stands still: no debt drains while it is measured.
 *
 * Invariant: every charge is admitted and what a row says happened is checked
 * by the ledger's own counters: hits and misses evict nothing, evictions one
 * each.
 *
 * Reference: ledger.h; docs/performance.md.
 */
#include "bench.h"
#include "ledger.h"

#include <stdlib.h>

#define BATCH 32u
#define SLICE 1024u                 /* charges a time stamp */
#define SLICES 256u
#define COST 1u
#define DEBT (1u << 20)
#define BURST (1u << 30)
#define NOW DAMP_SECONDS(1000)

struct size { const char *name; unsigned lines_log2; };
static const struct size sizes[] = { { "16kib", 8 }, { "256kib", 12 }, { "1mib", 14 }, { "8mib", 17 }, { "64mib", 20 } };

enum way { HIT, HIT_COLD, MISS, EVICT, WAYS };
static const char *const way_name[WAYS] = { "hit", "hit_cold", "miss", "evict" };

struct table {
	struct damp_ledger *ledger;
	uint64_t keys;              /* key n is there for n below */
	uint64_t fresh;             /* next number of a key that never was */
	uint64_t rng;
};

static uint64_t key_of(uint64_t n)
{
	return bench_random(&n) & ~DAMP_LEDGER_KEPT;
}

static bool charge(struct table *t, uint64_t n, uint32_t cost)
{
	const struct damp_charge c = { .key = key_of(n), .cost = cost, .burst = BURST };

	return damp_ledger_charge(t->ledger, &c, 1, NOW) < 0;
}

/* A table with so many keys for a line; those pushed out meanwhile are few. */
static void fill(struct table *t, void *mem, unsigned lines_log2, double per_line)
{
	t->ledger = damp_ledger_init(mem, lines_log2);
	t->keys = (uint64_t)(per_line * (double)(1ull << lines_log2));
	t->fresh = 1ull << 60;
	t->rng = 1;
	for (uint64_t n = 0; n < t->keys; n++)
		charge(t, n, DEBT);
}

static uint64_t draw(struct table *t, enum way way)
{
	if (way == MISS || way == EVICT)
		return t->fresh++;
	return (uint64_t)(((unsigned __int128)bench_random(&t->rng) * t->keys) >> 64);
}

/* One slice. Returns cycles a charge. */
static double slice(struct table *t, enum way way)
{
	const uint64_t since = bench_start();
	uint64_t n[BATCH];
	unsigned refused = 0;

	for (unsigned at = 0; at < SLICE; at += BATCH) {
		for (unsigned i = 0; i < BATCH; i++) {
			n[i] = draw(t, way);
			if (way != HIT_COLD)
				damp_ledger_prefetch(t->ledger, key_of(n[i]));
		}
		for (unsigned i = 0; i < BATCH; i++)
			refused += !charge(t, n[i], COST);
	}
	if (refused)
		fprintf(stderr, "%u charges refused: this measures something else\n", refused);
	return (double)(bench_stop() - since) / SLICE;
}

/* Keys for a line to begin with: half full; next to none; twice as many as fit. */
static const double load[WAYS] = { 2.0, 2.0, 0.0, 14.0 };

static void run(struct bench_results *res, void *mem, const struct size *s, enum way way, double hz)
{
	struct table t;
	double v[SLICES];
	char name[40];
	/* Few enough misses that they find free ways. */
	const unsigned slices = way == MISS && s->lines_log2 < 17 ? 16 : SLICES / 2;
	uint64_t evicted;

	/* A small table has no room for enough new keys to time. */
	if (way == MISS && s->lines_log2 < 14)
		return;
	fill(&t, mem, s->lines_log2, load[way]);
	evicted = damp_ledger_evictions(t.ledger);
	for (unsigned i = 0; i < slices; i++)
		v[i] = slice(&t, way) / hz * 1e9;
	evicted = damp_ledger_evictions(t.ledger) - evicted;
	snprintf(name, sizeof(name), "ledger_%s_%s_ns", way_name[way], s->name);
	bench_add(res, name, "ns", bench_median(v, slices));
	/* The headline: 8 MiB, random keys. */
	if (way == HIT && s->lines_log2 == 17)
		bench_add(res, "ledger_ns", "ns", bench_median(v, slices));
	if ((way == EVICT) != (evicted * 2 > (uint64_t)slices * SLICE))
		fprintf(stderr, "%s: %llu evictions: this measures something else\n", name, (unsigned long long)evicted);
}

int main(int argc, char **argv)
{
	const struct bench_options o = bench_options(argc, argv);
	static struct bench_results res;
	double hz;
	void *mem;

	hz = bench_hz();
	mem = bench_memory(damp_ledger_bytes(sizes[sizeof(sizes) / sizeof(sizes[0]) - 1].lines_log2));
	for (unsigned k = 0; k < o.runs; k++)
		for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
			for (unsigned w = 0; w < WAYS; w++)
				run(&res, mem, &sizes[s], (enum way)w, hz);
	free(mem);
	bench_print(&res);
	return bench_write(&res, o.json) ? 0 : 1;
}
