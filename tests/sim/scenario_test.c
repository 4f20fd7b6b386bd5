/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every scenario, in both families, with the judge off and on.
 *
 * Asserted: off, the attack is one; on, the bars of bars.c hold, but for the
 * exceptions listed there, which must be exactly as bad as they say. The
 * environment variable DAMPER_SIM_RESULTS names the file that gets one JSON object a line.
 */
#include "world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#define SEED_DEFAULT 20240731ull

struct run { const struct sim_scenario *scenario; bool v6; };

static uint64_t seed(void)
{
	const char *given = getenv("DAMPER_SEED");

	return given != NULL ? strtoull(given, NULL, 0) : SEED_DEFAULT;
}

static void write_result(const struct sim_result *r)
{
	const char *path = getenv("DAMPER_SIM_RESULTS");
	FILE *out = path != NULL ? fopen(path, "a") : NULL;

	if (out == NULL)
		return;
	sim_result_json(out, r);
	fclose(out);
}

static void check_all_answered(const struct sim_served *s)
{
	assert_true(s->tried > 0);
	assert_int_equal(s->answered, s->tried);
}

/* Without the judge it is an attack: something reaches the victim, or honest
 * clients lose. And but for such an attack honest clients lose nothing. */
static void check_off(const struct sim_result *r)
{
	if (r->scenario->hurts) {
		assert_true(r->off.watchers.answered < r->off.watchers.tried);
		return;
	}
	assert_true(r->off.victim_packets > 0);
	for (unsigned int i = 0; i < SIM_KIND_MAX; i++)
		check_all_answered(&r->off.served[i]);
	assert_int_equal(r->off.watchers.answered, r->off.watchers.tried);
	assert_int_equal(r->off.behind.answered, r->off.behind.tried);
}

static void test_scenario(void **state)
{
	const struct run *run = *state;
	const bool exact = seed() == SEED_DEFAULT;
	struct sim_result r;
	bool good = true;

	sim_scenario_run(run->scenario, run->v6, seed(), &r);
	sim_result_row(&r);
	write_result(&r);
	check_off(&r);
	for (enum sim_bar bar = 0; bar < SIM_BAR_MAX; bar++)
		good &= sim_bar_holds(&r, bar, exact);
	assert_true(good);
}

int main(void)
{
	const size_t n = 2 * sim_nscenarios;
	struct CMUnitTest *tests = calloc(n, sizeof(*tests));
	struct run *runs = calloc(n, sizeof(*runs));
	const char *path = getenv("DAMPER_SIM_RESULTS");
	int failed;

	if (path != NULL)
		remove(path);
	printf("DAMPER_SEED=%llu\n", (unsigned long long)seed());
	sim_result_row(NULL);
	for (size_t i = 0; i < n; i++) {
		runs[i] = (struct run){ &sim_scenarios[i / 2], i % 2 };
		tests[i] = (struct CMUnitTest){ runs[i].scenario->vector, test_scenario, NULL, NULL,
						&runs[i] };
	}
	failed = _cmocka_run_group_tests("scenarios", tests, n, NULL, NULL);
	free(tests);
	free(runs);
	return failed;
}
