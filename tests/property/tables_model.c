/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Exchanges, Message IDs, observations and peers against a model that holds a
 * deadline per key and forgets nothing.
 *
 * Properties: (1) what is found was put there, was not closed and has not
 * ended; (2) with no more keys in a line than it has slots, all of that is
 * found and nothing is ever evicted; (3) what is lost was evicted and counted:
 * the count of evictions is exactly the count of live entries lost.
 */
#include "assoc.h"
#include "tables.h"
#include "prop.h"

#define LOG2 3u
#define LINES (1u << LOG2)
#define KEYS_MAX 400u

struct entry {
	damp_tick due;
	uint64_t value;
	bool present;
	bool lost;                  /* evicted, as far as the table showed */
};

struct world {
	struct prop_rng rng;
	damp_tick now;
	uint32_t nkeys;
	struct entry model[KEYS_MAX];
};

/* One table under test: find tells whether a key is there and what was put. */
struct table {
	const char *name;
	unsigned ways;
	size_t (*bytes)(unsigned lines_log2);
	void *(*init)(void *mem, unsigned lines_log2);
	void (*put)(void *t, uint64_t key, uint64_t value, damp_tick now, damp_tick due);
	bool (*find)(void *t, uint64_t key, damp_tick now, uint64_t *value);
	void (*drop)(void *t, uint64_t key, damp_tick now);    /* NULL: the table has none */
	uint64_t (*evictions)(const void *t);
	uint64_t (*live)(const void *t, damp_tick now);
};

static void *xchg_init(void *mem, unsigned log2) { return damp_xchg_init(mem, log2); }
static void *seen_init(void *mem, unsigned log2) { return damp_seen_init(mem, log2); }
static void *obs_init(void *mem, unsigned log2) { return damp_obs_init(mem, log2); }
static void *peer_init(void *mem, unsigned log2) { return damp_peer_init(mem, log2); }

static void xchg_put(void *t, uint64_t key, uint64_t value, damp_tick now, damp_tick due)
{
	struct damp_xchg *x;
	bool fresh;

	x = damp_xchg_open(t, key, now, due, &fresh);
	if (fresh)
		assert_true(x->credit == 0 && x->request_bytes == 0 && x->flags == 0 && x->owed == 0);
	x->due = damp_due(due);
	x->credit = (uint32_t)value;
	x->path = ~(uint32_t)value;
}

static bool xchg_find(void *t, uint64_t key, damp_tick now, uint64_t *value)
{
	const struct damp_xchg *x = damp_xchg_find(t, key, now);

	if (x == NULL)
		return false;
	assert_int_equal(x->path, ~x->credit);
	*value = x->credit;
	return true;
}

static void xchg_drop(void *t, uint64_t key, damp_tick now)
{
	struct damp_xchg *x = damp_xchg_find(t, key, now);

	if (x != NULL)
		damp_pair_close((struct damp_pair_slot *)x);
}

static void obs_put(void *t, uint64_t key, uint64_t value, damp_tick now, damp_tick due)
{
	struct damp_obs *o;
	bool fresh;

	o = damp_obs_open(t, key, now, due, &fresh);
	if (fresh)
		assert_true(o->heard == 0 && o->path == 0 && o->pings == 0);
	o->due = damp_due(due);
	o->path = (uint32_t)value;
}

static bool obs_find(void *t, uint64_t key, damp_tick now, uint64_t *value)
{
	const struct damp_obs *o = damp_obs_find(t, key, now);

	*value = o != NULL ? o->path : 0;
	return o != NULL;
}

static void obs_drop(void *t, uint64_t key, damp_tick now)
{
	struct damp_obs *o = damp_obs_find(t, key, now);

	if (o != NULL)
		damp_obs_close(o);
}

static void seen_put(void *t, uint64_t key, uint64_t value, damp_tick now, damp_tick due)
{
	damp_seen_add(t, key, value, now, due);
}

static bool seen_find(void *t, uint64_t key, damp_tick now, uint64_t *value)
{
	return damp_seen_find(t, key, now, value);
}

static void peer_put(void *t, uint64_t key, uint64_t value, damp_tick now, damp_tick due)
{
	(void)value;
	damp_peer_prove(t, key, now, due, due + DAMP_SECONDS(1));
}

static bool peer_find(void *t, uint64_t key, damp_tick now, uint64_t *value)
{
	*value = 0;
	return damp_peer_proved(t, key, now, now);
}

static uint64_t xchg_evictions(const void *t) { return damp_xchg_evictions(t); }
static uint64_t seen_evictions(const void *t) { return damp_seen_evictions(t); }
static uint64_t obs_evictions(const void *t) { return damp_obs_evictions(t); }
static uint64_t peer_evictions(const void *t) { return damp_peer_evictions(t); }
static uint64_t xchg_live(const void *t, damp_tick now) { return damp_xchg_live(t, now); }
static uint64_t seen_live(const void *t, damp_tick now) { return damp_seen_live(t, now); }
static uint64_t obs_live(const void *t, damp_tick now) { return damp_obs_live(t, now); }
static uint64_t peer_live(const void *t, damp_tick now) { return damp_peer_live(t, now); }

static const struct table tables[] = {
	{ "xchg", 2, damp_xchg_bytes, xchg_init, xchg_put, xchg_find, xchg_drop, xchg_evictions, xchg_live },
	{ "seen", 4, damp_seen_bytes, seen_init, seen_put, seen_find, NULL, seen_evictions, seen_live },
	{ "obs", 2, damp_obs_bytes, obs_init, obs_put, obs_find, obs_drop, obs_evictions, obs_live },
	{ "peer", 3, damp_peer_bytes, peer_init, peer_put, peer_find, NULL, peer_evictions, peer_live },
};

static uint64_t key_of(uint32_t k)
{
	return (uint64_t)(k / LINES * 0x9e3779b1u) << 32 | k % LINES;
}

static bool ended(const struct entry *e, damp_tick now)
{
	return now >> 16 >= e->due >> 16;       /* damp_due() without its wrap */
}

/* Compare every key; returns how many are live, counts the lost. */
static uint64_t survey(const struct table *f, void *t, struct world *w, uint64_t *lost)
{
	uint64_t live = 0, value = 0;

	for (uint32_t k = 0; k < w->nkeys; k++) {
		struct entry *e = &w->model[k];
		const bool expected = e->present && !e->lost && !ended(e, w->now);

		if (f->find(t, key_of(k), w->now, &value)) {
			assert_true(expected);                                  /* property 1 */
			assert_true(f->find == peer_find || value == e->value);
			live++;
		} else if (expected) {
			e->lost = true;
			(*lost)++;
		}
	}
	return live;
}

static void act(const struct table *f, void *t, struct world *w)
{
	const uint32_t k = prop_below(&w->rng, w->nkeys);
	struct entry *e = &w->model[k];

	if (f->drop != NULL && prop_below(&w->rng, 8) == 0) {
		f->drop(t, key_of(k), w->now);
		e->present = false;
		return;
	}
	*e = (struct entry){
		.due = w->now + DAMP_SECONDS(1) + prop_below(&w->rng, 30u << 20),
		.value = prop_next(&w->rng) & UINT32_MAX,
		.present = true,
	};
	if (damp_due(e->due) == 0)              /* a deadline of 0 is stored as 1 */
		e->due += 1u << 16;
	f->put(t, key_of(k), e->value, w->now, e->due);
}

static void run(const struct table *f, uint64_t seed, uint32_t nkeys, damp_tick start)
{
	static struct world w;
	uint64_t lost = 0;
	void *t = f->init(prop_mem(f->bytes(LOG2)), LOG2);

	memset(&w, 0, sizeof(w));
	w.rng.state = seed;
	w.nkeys = nkeys;
	w.now = start;
	for (unsigned i = 0; i < 3000; i++) {
		act(f, t, &w);
		assert_int_equal(f->live(t, w.now), survey(f, t, &w, &lost));
		assert_int_equal(f->evictions(t), lost);                        /* property 3 */
		w.now += prop_below(&w.rng, 4) == 0 ? prop_below(&w.rng, 4u << 20) : 0;
	}
	assert_int_equal(lost == 0, nkeys <= f->ways * LINES);                  /* property 2 */
	free(t);
}

static void test_tables_against_the_model(void **state)
{
	/* Deadlines count sixteenths of a second: 2^48 ticks turn their 32 bits. */
	static const damp_tick start[] = {
		1ull << 20, (1ull << 47) - (100ull << 20), (1ull << 48) - (100ull << 20),
	};
	const uint64_t seed = prop_seed();

	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (size_t s = 0; s < sizeof(start) / sizeof(start[0]); s++) {
			print_message("  %s from %llu\n", tables[i].name, (unsigned long long)start[s]);
			run(&tables[i], seed + s, tables[i].ways * LINES, start[s]);
			run(&tables[i], seed + s, tables[i].ways * LINES * 2, start[s]);
			run(&tables[i], seed + s, 100, start[s]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables_against_the_model),
	};

	return cmocka_run_group_tests_name("tables_model", tests, NULL, NULL);
}
