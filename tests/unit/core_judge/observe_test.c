/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Observations in the judge: how many, how often, how long without a sign of
 * life, and what a query may ask for (AV-12 to AV-16).
 */
#include "attrs.h"
#include "guard.h"
#include "rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void prove(struct rig *r, struct rig_end peer)
{
	rig_send(r, DAMP_INSIDE, SERVER, peer, BYTES(0x54, 0x01, 0x77, 0x01, 1, 2, 3, 4));
	rig_send(r, DAMP_OUTSIDE, peer, SERVER, BYTES(0x54, 0x45, 0x77, 0x02, 1, 2, 3, 4));
}

/* NON GET /path with Observe 0. Is it still a registration when it leaves? */
static bool registers(struct rig *r, struct rig_end from, uint8_t token, char path, char query)
{
	uint8_t m[] = { 0x51, 0x01, 0x10, token, token, 0x60, 0x51, (uint8_t)path, 0x41, (uint8_t)query };
	struct damp_coap c;
	size_t len;
	const uint8_t *out;

	rig_send(r, DAMP_OUTSIDE, from, SERVER, m, sizeof(m));
	assert_int_equal(r->pkt.fate, DAMP_FATE_FORWARD);
	out = rig_out(r, &len);
	damp_coap_scan(out, len, &c);
	assert_int_equal(c.malformed, 0);
	return damp_coap_has(&c, DAMP_OPTBIT_OBSERVE);
}

static struct damp_pkt *notify(struct rig *r, struct rig_end to, uint8_t token, uint16_t mid)
{
	uint8_t m[] = { 0x51, 0x45, 0, 0, token, 0x62, (uint8_t)(mid >> 8), (uint8_t)mid, 0xff, 'x' };

	damp_put16(m + 2, mid);
	return rig_send(r, DAMP_INSIDE, SERVER, to, m, sizeof(m));
}

/* Queries make other resources, not another path: the third is a plain request. */
static void two_of_a_path(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	prove(&r, CLIENT);
	assert_true(registers(&r, CLIENT, 1, 'a', '1'));
	assert_true(registers(&r, CLIENT, 2, 'a', '2'));
	assert_false(registers(&r, CLIENT, 3, 'a', '3'));
	assert_true(registers(&r, CLIENT, 1, 'a', '1'));         /* renewed */
	assert_true(registers(&r, CLIENT, 3, 'b', '1'));
	/* Never answered with a notification: the places are free in 30 s. */
	rig_wait_ms(&r, 31000);
	assert_true(registers(&r, CLIENT, 4, 'a', '4'));
	rig_close(&r);
}

static void eight_of_a_pair(void **state)
{
	struct rig r;
	uint8_t n = 0;

	rig_open(&r, *(bool *)*state);
	prove(&r, CLIENT);
	/* Tokens whose leases' tags of 16 bits differ: two alike are taken for one. */
	for (uint8_t i = 0; i < 20; i++)
		n = (uint8_t)(n + registers(&r, CLIENT, (uint8_t)(i + 100), (char)('a' + i), 'q'));
	assert_int_equal(n, 8);
	rig_close(&r);
}

static void few_places(struct damp_guard *g)
{
	g->observe_server = 4;
	g->first_host.cost_q16 = 0;
	g->first_net4.cost_q16 = 0;
	g->first_net6.cost_q16 = 0;
}

/* The unproved fill their own places, and are asked then; the proved have theirs. */
static void the_unproved_take_no_place_of_the_proved(void **state)
{
	struct rig r;
	unsigned forwarded = 0;

	rig_open_guard(&r, *(bool *)*state, few_places);
	for (uint8_t i = 0; i < 20; i++) {
		const uint8_t m[] = { 0x41, 0x01, 0x10, i, i, 0x60, 0x51, 'a' };

		rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ (uint8_t)(10 + i), 40000 }, SERVER, m, sizeof(m));
		forwarded += r.pkt.fate == DAMP_FATE_FORWARD;
	}
	assert_int_equal(forwarded, 4);
	prove(&r, CLIENT);
	assert_true(registers(&r, CLIENT, 1, 'a', '1'));
	rig_close(&r);
}

/* A RST gives the place back at once. */
static void a_reset_frees_the_place(void **state)
{
	uint8_t rst[4] = { 0x70 };
	struct rig r;
	size_t len;

	rig_open(&r, *(bool *)*state);
	prove(&r, CLIENT);
	registers(&r, CLIENT, 1, 'a', '1');
	registers(&r, CLIENT, 2, 'a', '2');
	assert_int_equal(notify(&r, CLIENT, 2, 5)->reason, DAMP_REASON_ACCEPTED_PROVED);
	assert_false(registers(&r, CLIENT, 3, 'a', '3'));
	notify(&r, CLIENT, 2, 6);
	memcpy(rst + 2, rig_out(&r, &len) + 2, 2);
	assert_int_equal(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, rst, 4)->reason, DAMP_REASON_ACCEPTED);
	assert_true(registers(&r, CLIENT, 3, 'a', '3'));
	rig_close(&r);
}

/* An observer that is gone, of a server that never asks: 20 notifications, four
 * with a ping beside, and the server is told. */
static void silence_ends_an_observation(void **state)
{
	struct rig r;
	unsigned passed = 0, pings = 0;

	rig_open(&r, *(bool *)*state);
	prove(&r, CLIENT);
	registers(&r, CLIENT, 1, 'a', '1');
	for (uint16_t i = 0; i < 40; i++) {
		notify(&r, CLIENT, 1, i);
		if (r.pkt.reason == DAMP_REASON_CURED)
			break;
		passed += r.pkt.reason == DAMP_REASON_ACCEPTED_PROVED;
		rig_wait_ms(&r, 1000);
		pings += r.nemits;
	}
	assert_int_equal(r.pkt.reason, DAMP_REASON_CURED);
	assert_int_equal(passed, 24);
	assert_int_equal(pings, 4);
	rig_close(&r);
}

/* One each ten minutes: asked for each, and served while it answers. */
static void slow_observations_live(void **state)
{
	uint8_t rst[4] = { 0x70 };
	struct rig r;

	rig_open(&r, *(bool *)*state);
	prove(&r, CLIENT);
	registers(&r, CLIENT, 1, 'a', '1');
	for (uint16_t i = 0; i < 20; i++) {
		assert_int_equal(notify(&r, CLIENT, 1, i)->reason, DAMP_REASON_ACCEPTED_PROVED);
		rig_wait_ms(&r, 500);
		if (r.nemits > 0) {
			memcpy(rst + 2, r.emits[0].data + r.emits[0].len - 2, 2);
			assert_int_equal(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, rst, 4)->reason,
					 DAMP_REASON_PROOF_TAKEN);
		}
		rig_wait_ms(&r, 200000);
	}
	rig_close(&r);
}

/* Ten a second, twenty at once; 20 s apart, two at once, where a rule says so. */
static void notifications_are_spaced(void **state)
{
	struct rig r;
	unsigned passed = 0;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "guard: {observe: {unheard: 0 msg}}\n"
		   "rules:\n  - {id: s, match: {from: outside, path: /s}, then: accept, shape: {spacing: 20 s}}\n");
	prove(&r, CLIENT);
	registers(&r, CLIENT, 1, 'a', '1');
	registers(&r, CLIENT, 2, 's', '1');
	for (uint16_t i = 0; i < 40; i++)
		passed += notify(&r, CLIENT, 1, i)->fate == DAMP_FATE_FORWARD;
	/* The answer to the registration is none of them. */
	assert_int_equal(passed, 21);
	assert_int_equal(r.pkt.reason, DAMP_REASON_OBSERVE_RATE);
	passed = 0;
	for (uint16_t i = 0; i < 40; i++) {
		passed += notify(&r, CLIENT, 2, (uint16_t)(100 + i))->fate == DAMP_FATE_FORWARD;
		rig_wait_ms(&r, 1000);
	}
	assert_int_equal(passed, 4);
	assert_int_equal(r.pkt.reason, DAMP_REASON_OBSERVE_RATE);
	rig_close(&r);
}

static const struct { const char *query, *becomes; enum damp_attrs what; } queries[] = {
	{ "c.pmax=0.1", "c.pmax=3.0", DAMP_ATTRS_CLAMP },
	{ "c.pmax=\"0.25\"", "c.pmax=\"3.00\"", DAMP_ATTRS_CLAMP },
	{ "pmax=1", "pmax=3", DAMP_ATTRS_CLAMP },
	{ "pmax=02", "pmax=03", DAMP_ATTRS_CLAMP },
	{ "pmax=.5", "pmax=03", DAMP_ATTRS_CLAMP },
	{ "pmin=0", "pmin=1", DAMP_ATTRS_CLAMP },
	{ "c.pmin=0.999", "c.pmin=1.000", DAMP_ATTRS_CLAMP },
	{ "c.epmax=0", "c.epmax=1", DAMP_ATTRS_CLAMP },
	{ "epmin=0.", "epmin=01", DAMP_ATTRS_CLAMP },
	{ "pmax=3", "pmax=3", DAMP_ATTRS_FINE },
	{ "pmax=99999999999999999999", "pmax=99999999999999999999", DAMP_ATTRS_FINE },
	{ "pmax", "pmax", DAMP_ATTRS_FINE },             /* LwM2M takes it back */
	{ "xpmax=0", "xpmax=0", DAMP_ATTRS_FINE },
	{ "PMAX=0", "PMAX=0", DAMP_ATTRS_FINE },
	{ "c.con=1", "c.con=1", DAMP_ATTRS_FINE },
	{ "c.pmax=", "c.pmax=", DAMP_ATTRS_REFUSE },
	{ "c.pmax=.", "c.pmax=.", DAMP_ATTRS_REFUSE },
	{ "c.pmax=1e-3", "c.pmax=1e-3", DAMP_ATTRS_REFUSE },
	{ "pmax=-1", "pmax=-1", DAMP_ATTRS_REFUSE },
	{ "pmax=0.1.", "pmax=0.1.", DAMP_ATTRS_REFUSE },
	{ "pmax=\"", "pmax=\"", DAMP_ATTRS_REFUSE },
};

/* NON GET /a with Observe and one query. */
static size_t observing(uint8_t *m, const char *query)
{
	static const uint8_t head[] = { 0x51, 0x01, 0x10, 1, 1, 0x60, 0x51, 'a' };
	const size_t n = strlen(query);
	size_t at = sizeof(head);

	memcpy(m, head, sizeof(head));
	m[at++] = (uint8_t)(0x40 | (n < 13 ? n : 13));
	if (n >= 13)
		m[at++] = (uint8_t)(n - 13);
	memcpy(m + at, query, n);
	return at + n;
}

static void attributes(void **state)
{
	struct damp_guard g;
	struct rig r;

	damp_guard_defaults(&g);
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		uint8_t m[64], want[64];
		struct damp_frame f;
		struct damp_coap c;
		size_t n = observing(m, queries[i].query), len;
		const uint8_t *out;

		damp_coap_scan(m, n, &c);
		if (damp_attrs_check(m, &c, &g) != queries[i].what)
			fail_msg("%s", queries[i].query);
		rig_open(&r, *(bool *)*state);
		prove(&r, CLIENT);
		rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, m, n);
		out = rig_out(&r, &len);
		damp_frame_parse(r.frame, r.pkt.out_len, &r.view->ports, false, &f);
		assert_int_equal(f.cls, DAMP_FRAME_COAP);        /* its checksum is right */
		damp_coap_scan(out, len, &c);
		assert_int_equal(damp_coap_has(&c, DAMP_OPTBIT_OBSERVE), queries[i].what != DAMP_ATTRS_REFUSE);
		if (queries[i].what != DAMP_ATTRS_REFUSE) {
			assert_int_equal(observing(want, queries[i].becomes), len);
			assert_memory_equal(out, want, len);
			/* The same again: what was written is not written over. */
			assert_int_equal(damp_attrs_check(out, &c, &g), DAMP_ATTRS_FINE);
		}
		rig_close(&r);
	}
}

/* LwM2M writes attributes apart from observing; a body is a value. */
static void written_attributes(void **state)
{
	uint8_t m[] = { 0x41, 0x03, 0, 1, 1, 0xb1, 'a', 0x46, 'p', 'm', 'a', 'x', '=', '0' };
	struct rig r;
	size_t len;

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, m, sizeof(m));
	assert_int_equal(rig_out(&r, &len)[13], '3');
	m[13] = 'x';
	assert_int_equal(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, m, sizeof(m))->reason, DAMP_REASON_OBSERVE_RATE);
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(two_of_a_path), BOTH(eight_of_a_pair), BOTH(the_unproved_take_no_place_of_the_proved),
		BOTH(a_reset_frees_the_place), BOTH(silence_ends_an_observation), BOTH(slow_observations_live),
		BOTH(notifications_are_spaced), BOTH(attributes), BOTH(written_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
