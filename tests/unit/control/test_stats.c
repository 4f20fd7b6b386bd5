/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading the counter segment, and rates from two samples of it. */
#include "fake_fill.h"
#include "sampler.h"
#include "stats_map.h"
#include "tmpdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char dir[256];
	struct damp_stats *stats;
	struct damp_stats_map *map;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	tmpdir_make(f->dir, sizeof(f->dir));
	f->stats = tmpdir_map(f->dir, DAMP_STATS_FILE, sizeof(*f->stats));
	fake_fill_stats(f->stats, FAKE_BOOT_ID);
	f->map = damp_stats_map_new(f->dir);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	damp_stats_map_free(f->map);
	munmap(f->stats, sizeof(*f->stats));
	tmpdir_remove(f->dir);
	free(f);
	return 0;
}

static void test_sums(void **state)
{
	struct fixture *f = *state;
	struct damp_snap *s = damp_stats_map_read(f->map, FAKE_BOOT_ID);
	struct damp_counter drops;

	assert_non_null(s);
	assert_int_equal(s->stats.nworkers, 2);
	/* Worker 0 has the numbers of fake_fill.c once, worker 1 twice. */
	assert_int_equal(s->total.rx[DAMP_OUTSIDE].packets, 3000);
	assert_int_equal(s->total.unproved_bytes_out, 270000);
	assert_int_equal(s->stats.worker[1].cycles_busy, 6000000);
	drops = damp_snap_drops(s);
	assert_int_equal(drops.packets, 3 * (300 + 100 + 50));
	assert_int_equal(drops.bytes, 3 * (27000 + 4000 + 15000));
	assert_int_equal(damp_snap_reason(s, DAMP_REASON_AMPLIFICATION).packets, 3 * 350);
	free(s);
}

static void test_slots(void **state)
{
	struct fixture *f = *state;
	struct damp_snap *s;

	fake_fill_rule(f->stats, "first", DAMP_MODE_OBSERVE);
	fake_fill_rule(f->stats, "second", DAMP_MODE_OBSERVE);
	memset(f->stats->rule_slot[3], 'x',
	       sizeof(f->stats->rule_slot[3])); /* half written, above the count */
	s = damp_stats_map_read(f->map, FAKE_BOOT_ID);
	assert_non_null(s);
	assert_int_equal(damp_snap_rule_slot(s, "first"), 1);
	assert_int_equal(damp_snap_rule_slot(s, "second"), 2);
	assert_int_equal(damp_snap_rule_slot(s, "third"), 0);
	assert_int_equal(s->stats.rule_slot[3][DAMP_NAME_MAX - 1], '\0');
	assert_int_equal(s->total.rule[2][DAMP_OUT_MATCHED].packets, 2000);
	free(s);
}

static void test_foreign(void **state)
{
	struct fixture *f = *state;

	assert_null(damp_stats_map_read(f->map, FAKE_BOOT_ID + 1));
	f->stats->version++;
	assert_null(damp_stats_map_read(f->map, FAKE_BOOT_ID));
	f->stats->version--;
	f->stats->magic++;
	assert_null(damp_stats_map_read(f->map, FAKE_BOOT_ID));
	f->stats->magic--;
	f->stats->nworkers = DAMP_WORKERS_MAX + 1;
	assert_null(damp_stats_map_read(f->map, FAKE_BOOT_ID));
}

static void test_gone_short_and_new(void **state)
{
	struct fixture *f = *state;
	struct damp_snap *s = damp_stats_map_read(f->map, FAKE_BOOT_ID);
	uint64_t generation;
	char path[512];

	assert_non_null(s);
	free(s);
	snprintf(path, sizeof(path), "%s/%s", f->dir, DAMP_STATS_FILE);
	unlink(path);
	assert_null(damp_stats_map_read(f->map,
					FAKE_BOOT_ID)); /* the old mapping is not used any more */
	munmap(tmpdir_map(f->dir, DAMP_STATS_FILE, 4096), 4096);
	assert_null(damp_stats_map_read(f->map, FAKE_BOOT_ID));
	munmap(f->stats, sizeof(*f->stats));
	f->stats = tmpdir_map(f->dir, DAMP_STATS_FILE, sizeof(*f->stats));
	fake_fill_stats(f->stats, FAKE_BOOT_ID + 1);
	f->stats->generation = 9;
	assert_null(damp_stats_map_read(f->map, FAKE_BOOT_ID));
	assert_true(damp_stats_map_generation(f->map, FAKE_BOOT_ID + 1, &generation));
	assert_int_equal(generation, 9);
}

#define SECOND 1000000000ll

static void test_rates(void **state)
{
	struct fixture *f = *state;
	struct damp_sampler *sampler = damp_sampler_new();
	struct damp_snap *s = damp_stats_map_read(f->map, FAKE_BOOT_ID);
	struct damp_rates r;

	assert_false(damp_sampler_rates(sampler, FAKE_BOOT_ID).valid);
	damp_sampler_add(sampler, s, 5 * SECOND);
	assert_false(damp_sampler_rates(sampler, FAKE_BOOT_ID).valid);
	s->total.rx[DAMP_OUTSIDE].packets += 400;
	s->total.reason[DAMP_OUTSIDE][DAMP_REASON_AMPLIFICATION].packets += 40;
	s->stats.worker[1].cycles_busy += 300;
	s->stats.worker[1].cycles_idle += 700;
	s->stats.worker[1].rx[DAMP_INSIDE].packets += 10;
	damp_sampler_add(sampler, s, 7 * SECOND);
	r = damp_sampler_rates(sampler, FAKE_BOOT_ID);
	assert_true(r.valid);
	assert_int_equal((int)r.rx_pps, 200);
	assert_int_equal((int)r.drop_pps, 20);
	assert_int_equal((int)(r.load[1] * 1000 + 0.5), 300);
	assert_int_equal((int)r.cycles_per_packet[1], 30);
	assert_int_equal((int)r.load[0], 0);
	/* Another start of the data plane: its counters are smaller, and no rate. */
	assert_false(damp_sampler_rates(sampler, FAKE_BOOT_ID + 1).valid);
	s->stats.boot_id = FAKE_BOOT_ID + 1;
	s->total.rx[DAMP_OUTSIDE].packets = 0;
	damp_sampler_add(sampler, s, 8 * SECOND);
	assert_false(damp_sampler_rates(sampler, FAKE_BOOT_ID + 1).valid);
	free(s);
	damp_sampler_free(sampler);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sums, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_slots, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_foreign, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gone_short_and_new, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rates, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
