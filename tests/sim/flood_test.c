/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must hold in every flood of docs/floods.md, at a scale that takes seconds: known
 * clients are all served, no more leaves than came in, and first contacts that repeat
 * themselves get through at a million a second.
 */
#include "flood_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define SCALE 256u

static void the_known_are_served(void **state)
{
	static const double rates[] = { 1e5, 5e6 };
	struct flood f = { .v6 = *(bool *)*state, .scale = SCALE, .mib = FLOOD_MIB, .challenges = FLOOD_CHALLENGES,
			   .key = FLOOD_KEY };

	for (unsigned n = 0; n < sizeof(rates) / sizeof(rates[0]); n++)
		for (f.pattern = 0; f.pattern < (f.v6 ? FLOOD_PATTERNS : FLOOD_CARPET_48); f.pattern++) {
			struct flood_result r;

			f.rate = rates[n];
			flood_play(&f, &r);
			if (r.known < 100 || r.factor > 1)
				print_message("%.2f M/s, pattern %u: %.2f %% of the known, factor %.3f\n", f.rate / 1e6,
					      (unsigned)f.pattern, r.known, r.factor);
			assert_true(r.known >= 100);
			assert_true(r.factor <= 1);
		}
}

/* Whatever the gateway's secret, so whichever lines of the tables the clients meet. */
static void first_contacts_get_through(void **state)
{
	for (uint64_t key = FLOOD_KEY; key < FLOOD_KEY + 4; key++) {
		const struct flood f = { .v6 = *(bool *)*state, .scale = SCALE, .rate = 1e6, .mib = FLOOD_MIB,
					 .challenges = FLOOD_CHALLENGES, .key = key };
		struct flood_result r;

		flood_play(&f, &r);
		if (r.con < 98 || r.known < 100)
			print_message("key %u: %.1f %% CON, %.2f %% of the known\n", (unsigned)key, r.con, r.known);
		assert_true(r.con >= 98);
		assert_true(r.known >= 100);
	}
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = { BOTH(the_known_are_served), BOTH(first_contacts_get_through) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
