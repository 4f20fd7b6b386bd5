/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rule files beside default.yaml under attack: whatever they allow, the
 * factor at every moment holds, and those that serve strangers still serve every
 * honest CON client.
 *
 * The vectors are those that the files have rules for: reflection, observations,
 * uploads, directories, carpets. Argument: the folder of the rule files.
 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED 20240731ull

static const struct { const char *name; bool serves; } files[] = {
	{ "home-gateway", true }, { "resource-directory", true }, { "lwm2m-edge", true }, { "ocf", true },
	{ "dots", true },
	/* Refuses whoever is not listed; wakes no sleeper for a body in blocks. */
	{ "industrial", false }, { "thread-border", false },
};
#define FILES (sizeof(files) / sizeof(files[0]))

static const char *const vectors[] = { "AV-01", "AV-12", "AV-13", "AV-29", "AV-33", "AV-34", "AV-35", "AV-36", "AV-41" };
#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static const char *folder;

static const struct sim_scenario *scenario(const char *vector)
{
	for (size_t i = 0; i < sim_nscenarios; i++)
		if (strcmp(sim_scenarios[i].vector, vector) == 0)
			return &sim_scenarios[i];
	fail_msg("%s is no scenario", vector);
	return NULL;
}

static bool served(const struct sim_result *r, enum sim_kind kind)
{
	return r->on.served[kind].answered == r->on.served[kind].tried;
}

static void check(const char *file, bool serves, const struct sim_result *r)
{
	const struct sim_measured peak = sim_measure(r, SIM_BAR_PEAK);

	if (peak.value > peak.bound)
		fail_msg("%s, %s v%d: factor %.2f", file, r->scenario->vector, r->v6 ? 6 : 4, peak.value);
	if (serves && (!served(r, SIM_KIND_LIBCOAP_CON) || !served(r, SIM_KIND_MINIMAL_CON)))
		fail_msg("%s, %s v%d: an honest CON client was lost", file, r->scenario->vector, r->v6 ? 6 : 4);
}

static void test_file(void **state)
{
	const size_t i = (size_t)(uintptr_t)*state;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.yaml", folder, files[i].name);
	setenv("DAMPER_SIM_RULES", path, 1);
	for (size_t v = 0; v < 2 * VECTORS; v++) {
		struct sim_result r;

		sim_scenario_run(scenario(vectors[v / 2]), v % 2, SEED, &r);
		check(files[i].name, files[i].serves, &r);
	}
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[FILES];

	if (argc != 2)
		return 2;
	folder = argv[1];
	for (size_t i = 0; i < FILES; i++)
		tests[i] = (struct CMUnitTest){ files[i].name, test_file, NULL, NULL, (void *)(uintptr_t)i };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
