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
	if (serves && (!served(r, SIM_KIND_LWM2M) || !served(r, SIM_KIND_DEVICE)))
		fail_msg("%s, %s v%d: of an LwM2M device %u and %u of %u and %u", file, r->scenario->vector, r->v6 ? 6 : 4,
			 r->on.served[SIM_KIND_LWM2M].answered, r->on.served[SIM_KIND_DEVICE].answered,
			 r->on.served[SIM_KIND_LWM2M].tried, r->on.served[SIM_KIND_DEVICE].tried);
}

static void use(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.yaml", folder, name);
	setenv("DAMPER_SIM_RULES", path, 1);
}

static void test_file(void **state)
{
	const size_t i = (size_t)(uintptr_t)*state;

	use(files[i].name);
	for (size_t v = 0; v < 2 * VECTORS; v++) {
		struct sim_result r;

		sim_scenario_run(scenario(vectors[v / 2]), v % 2, SEED, &r);
		check(files[i].name, files[i].serves, &r);
	}
}

#define FLEET 200u

/* After a power cut a network full of devices registers within ten seconds, while
 * somebody registers a hundred a second in a victim's name at the same server. */
static void power_cut(struct sim_world *w)
{
	/* POST /rd?ep=x; 0xb2: Uri-Path, 0x44: Uri-Query */
	static const uint8_t forged[] = { 0x41, 0x02, 0x00, 0x01, 0x01, 0xb2, 'r', 'd', 0x44, 'e', 'p', '=', 'x', 0xff, '<', '/', '>' };
	struct sim_attack *a = sim_attack_add(w, forged, sizeof(forged));

	a->dst = w->manager.end;
	a->count = 4000;
	a->gap = SIM_MS(10);
	sim_world_devices(w, FLEET, SIM_START + DAMP_SECONDS(3), SIM_MS(50));
}

/* Nobody is lost, and nobody has to wait: the file's budgets are of a network with
 * thousands of devices. With default.yaml nobody is lost either, but most are asked
 * with a ping first, 0.4 s each. */
static void test_power_cut(void **state)
{
	const struct sim_scenario c = { "AV-35/fleet", "registrations after a power cut", power_cut, 130, false, 0, false };
	const damp_tick most = SIM_MS(100);

	(void)state;
	use("lwm2m-edge");
	for (unsigned v6 = 0; v6 < 2; v6++) {
		const struct sim_served *s;
		struct sim_result r;

		sim_scenario_run(&c, v6, SEED, &r);
		check("lwm2m-edge", true, &r);
		s = &r.on.served[SIM_KIND_DEVICE];
		assert_true(s->tried > FLEET * SIM_DEVICE_TRIES);
		assert_true(s->took / (s->tried / SIM_DEVICE_TRIES) < most);
		assert_true(sim_factor(r.on.victim_bytes, r.on.attacker_bytes) <= 1.0);
	}
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[FILES + 1];

	if (argc != 2)
		return 2;
	folder = argv[1];
	for (size_t i = 0; i < FILES; i++)
		tests[i] = (struct CMUnitTest){ files[i].name, test_file, NULL, NULL, (void *)(uintptr_t)i };
	tests[FILES] = (struct CMUnitTest){ "a fleet after a power cut", test_power_cut, NULL, NULL, NULL };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
