/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reflectors outside whose victim is a client of ours (AV-42): how long they go on.
 *
 * Somebody registers observations at servers outside in the name of a client inside;
 * the registrations never meet the gateway. The client acknowledges what it never
 * asked for, as libcoap does, so without the judge the servers go on for ever. With
 * the shipped rules nothing reaches the client, and each server gives up when its
 * first CON stays unanswered. With `cure_reflectors` an RST in the client's name ends
 * the observation at its first notification (RFC 7641 section 3.6).
 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define REFLECTORS 8u
#define SECONDS 120u
#define CLIENT_PORT 40000u

/* Any of the documented numbers will do; the first notifications of 4.3.1 are five NON,
 * the sixth is a CON, which is sent five times. */
#define BEFORE_IT_GIVES_UP 10u

/* Packets of the reflectors that came to the gateway, and of those that passed it. */
struct seen { uint64_t came, passed; };

static void register_in_its_name(struct sim_server *v, const struct sim_end *client)
{
	/* NON GET /time, Observe 0 */
	static const uint8_t reg[] = { 0x51, 0x01, 0x00, 0x01, 0x83, 0x60, 0x54, 't', 'i', 'm', 'e' };
	const struct sim_node *n = sim_find(v->sim, DAMP_OUTSIDE, &v->end);

	n->receive(n->self, &(struct sim_datagram){ *client, v->end, reg, sizeof(reg) });
}

static struct seen run(bool v6, bool enforce, const char *rules)
{
	struct sim_server *reflector = calloc(REFLECTORS, sizeof(*reflector));
	struct sim_world *w = calloc(1, sizeof(*w));
	struct sim_end client;
	struct seen seen;

	assert_non_null(w);
	assert_non_null(reflector);
	setenv("DAMPER_SIM_RULES", rules, 1);
	sim_world_open(w, v6, enforce, 7);
	w->inside.acked = true;
	client = (struct sim_end){ sim_addr(v6, SIM_NET_CLIENTS, 0), CLIENT_PORT };
	for (unsigned int i = 0; i < REFLECTORS; i++) {
		const struct sim_end end = { sim_addr(v6, SIM_NET_ATTACKERS, i), 5683 };

		sim_server_open_on(&reflector[i], &w->sim, DAMP_OUTSIDE, &end);
		reflector[i].non_notifications = true;
		sim_server_every(&reflector[i], sim_server_add(&reflector[i], "time", 15, 9), DAMP_SECONDS(1));
		register_in_its_name(&reflector[i], &client);
	}
	sim_run(&w->sim, SIM_START + DAMP_SECONDS(SECONDS));
	seen = (struct seen){ w->inside.all.packets_in, w->inside.all.packets_out };
	for (unsigned int i = 0; i < REFLECTORS; i++)
		sim_server_close(&reflector[i]);
	sim_world_close(w);
	free(reflector);
	free(w);
	return seen;
}

static const char *curing;

static void reflectors_stop(void **state)
{
	const bool v6 = *(bool *)*state;
	const struct seen off = run(v6, false, SIM_RULES), on = run(v6, true, SIM_RULES), cured = run(v6, true, curing);

	assert_true(off.came >= REFLECTORS * (SECONDS - 5));
	assert_int_equal(off.passed, off.came);
	assert_int_equal(on.passed, 0);
	assert_true(on.came >= REFLECTORS * BEFORE_IT_GIVES_UP);
	assert_true(on.came < off.came / 4);
	/* The answer to the registration, and one notification before the RST is there. */
	assert_int_equal(cured.passed, 0);
	assert_int_equal(cured.came, 2 * REFLECTORS);
}

static bool v4 = false, v6 = true;

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		{ "reflectors_stop IPv4", reflectors_stop, NULL, NULL, &v4 },
		{ "reflectors_stop IPv6", reflectors_stop, NULL, NULL, &v6 },
	};

	if (argc != 2)
		return 2;
	curing = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
