/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every scenario, in both families, with the judge off and on.
 *
 * Asserted: toward no victim's address do more than three times its bytes ever
 * leave; the attack is one (off, it amplifies or at least reflects); and every
 * honest confirmable client reads all it wants. The rest is printed. An
 * argument names the file that gets one JSON object a line.
 */
#include "world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#define SEED_DEFAULT 20240731ull
#define FACTOR_MAX 3.0

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

static void test_scenario(void **state)
{
	const struct run *run = *state;
	struct sim_result r;

	sim_scenario_run(run->scenario, run->v6, seed(), &r);
	sim_result_row(&r);
	write_result(&r);
	for (unsigned int i = 0; i < SIM_KIND_MAX; i++)
		check_all_answered(&r.off.served[i]);
	assert_true(r.off.victim_packets > 0);
	assert_int_equal(r.off.attacker_packets, r.on.attacker_packets);
	assert_true(r.on.peak <= FACTOR_MAX);
	assert_true(sim_factor(r.on.victim_bytes, r.on.attacker_bytes) <= FACTOR_MAX);
	check_all_answered(&r.on.served[SIM_KIND_LIBCOAP_CON]);
	check_all_answered(&r.on.served[SIM_KIND_MINIMAL_CON]);
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
