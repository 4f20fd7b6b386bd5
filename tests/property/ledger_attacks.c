/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two attacks on rate limit tables that anchors.md section 2 carries over
 * from other filters.
 *
 * Properties: (a) collision reset: keys that share a line, used in turns, never
 * free a limited key; (b) table wash: whatever the number of sources, a
 * persistent victim stays within burst + window.
 *
 * Each load also runs against a table that forgets on eviction (seven ways, the
 * least recently used one goes), which has to fail: so the load is an attack.
 */
#include "hash.h"
#include "ledger.h"
#include "exact.h"
#include "prop.h"

#define LOG2 6u
#define LINES (1u << LOG2)
#define BURST 1000u
#define COST 250u

/* The table not to build. */
struct forgetful {
	struct { uint64_t key; damp_tick used; struct exact x; } way[LINES][DAMP_LEDGER_WAYS];
};

static bool forgetful_charge(struct forgetful *f, uint64_t key, damp_tick now)
{
	const unsigned line = key % LINES;
	unsigned at = 0;

	for (unsigned i = 0; i < DAMP_LEDGER_WAYS; i++) {
		if (f->way[line][i].key == key) {
			at = i;
			break;
		}
		if (f->way[line][i].used < f->way[line][at].used)
			at = i;
	}
	if (f->way[line][at].key != key)
		f->way[line][at].x = (struct exact){ 0, BURST };
	f->way[line][at].key = key;
	f->way[line][at].used = now;
	return exact_charge(&f->way[line][at].x, COST, now);
}

struct arena {
	struct damp_ledger *l;
	struct forgetful *f;
	struct exact victim, forgotten;     /* fed with what each table admitted to the victim */
	uint64_t admitted;                  /* to the victim, by the ledger, in ticks */
	uint64_t broken;                    /* times the forgetful table broke the bound */
	damp_tick start;
};

static void arena_open(struct arena *a, damp_tick start)
{
	*a = (struct arena){ .victim = { 0, BURST }, .forgotten = { 0, BURST }, .start = start };
	a->l = damp_ledger_init(prop_mem(damp_ledger_bytes(LOG2)), LOG2);
	a->f = calloc(1, sizeof(*a->f));
	assert_non_null(a->f);
}

static void arena_close(struct arena *a)
{
	free(a->f);
	free(a->l);
}

static bool charge(struct damp_ledger *l, uint64_t key, damp_tick now)
{
	/* Nobody but those who proved themselves has a key of a kept line. */
	const struct damp_charge c = { key & ~DAMP_LEDGER_KEPT, COST, BURST };

	return damp_ledger_charge(l, &c, 1, now) == -1;
}

static void to_victim(struct arena *a, uint64_t key, damp_tick now)
{
	if (charge(a->l, key, now)) {
		assert_true(exact_charge(&a->victim, COST, now));
		a->admitted += COST;
		assert_true(a->admitted <= BURST + (now - a->start));
	}
	if (forgetful_charge(a->f, key, now) && !exact_charge(&a->forgotten, COST, now))
		a->broken++;
}

static void to_other(struct arena *a, uint64_t key, damp_tick now)
{
	charge(a->l, key, now);
	forgetful_charge(a->f, key, now);
}

/* n keys of one line in turns, the first of them the victim. */
static void collide(struct prop_rng *rng, uint32_t n)
{
	const damp_tick start = prop_next(rng) >> 8;
	damp_tick now = start;
	struct arena a;

	arena_open(&a, start);
	for (unsigned round = 0; round < 20000; round++) {
		to_victim(&a, 1ull << 32 | 5, now);
		for (uint32_t i = 1; i < n; i++)
			to_other(&a, (uint64_t)(i + 1) << 32 | 5, now);
		now += prop_below(rng, 20);
	}
	assert_true(a.admitted > 0);
	assert_int_equal(a.broken != 0, n > DAMP_LEDGER_WAYS);
	arena_close(&a);
}

static void test_collision_reset(void **state)
{
	struct prop_rng rng = { prop_seed() };

	(void)state;
	for (uint32_t n = 2; n <= 20; n++)
		collide(&rng, n);
}

/* 2 million distinct sources through 448 ways, all of them taken at any time,
 * while the victim tries again and again. Between two tries each line sees about
 * fifteen others. */
static void test_table_wash(void **state)
{
	struct prop_rng rng = { prop_seed() };
	const struct damp_key secret = { prop_next(&rng), prop_next(&rng) };
	const uint64_t victim = damp_hash1(&secret, 0);
	const damp_tick start = prop_next(&rng) >> 8;
	damp_tick now = start;
	struct arena a;

	(void)state;
	arena_open(&a, start);
	for (uint64_t source = 1; source <= 2000000; source++) {
		to_other(&a, damp_hash1(&secret, source), now);
		if (source % 64 == 0)
			now++;
		if (source % 1000 == 0)
			to_victim(&a, victim, now);
	}
	print_message("victim admitted %llu of %llu ticks; a table that forgets broke the bound %llu times\n",
		      (unsigned long long)a.admitted, (unsigned long long)(BURST + now - start),
		      (unsigned long long)a.broken);
	assert_true(a.broken > 100);
	assert_true(damp_ledger_evictions(a.l) > 1000);
	assert_true(a.admitted <= BURST + (now - start));
	arena_close(&a);
}

/* Nobody but the washers: what all lines admit is bounded too, so that memory
 * follows the bytes and not the sources. */
static void test_wash_is_bounded_as_a_whole(void **state)
{
	struct prop_rng rng = { prop_seed() };
	const struct damp_key secret = { prop_next(&rng), prop_next(&rng) };
	const damp_tick start = prop_next(&rng) >> 8;
	const uint64_t ways = LINES * DAMP_LEDGER_WAYS;
	uint64_t admitted = 0;
	struct arena a;

	(void)state;
	arena_open(&a, start);
	for (uint64_t source = 0; source < 500000; source++) {
		const damp_tick now = start + source / 64;

		admitted += charge(a.l, damp_hash1(&secret, source), now) ? COST : 0;
		assert_true(admitted <= ways * (BURST + (now - start)));
	}
	assert_true(admitted > ways * BURST);
	arena_close(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_collision_reset),
		cmocka_unit_test(test_table_wash),
		cmocka_unit_test(test_wash_is_bounded_as_a_whole),
	};

	return cmocka_run_group_tests_name("ledger_attacks", tests, NULL, NULL);
}
