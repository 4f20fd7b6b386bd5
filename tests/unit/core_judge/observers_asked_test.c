/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When an observer is asked for its proof: before its first answer where that leaves
 * nothing to ask with, and never with more than came from it. The defaults as shipped,
 * where a network has no trust that it has not earned.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define SERVER ((struct rig_end){ 2, 5683 })

/* GET /tttttttt with Observe 0, token 83; 2.05 with Observe 1 and a few bytes. */
static const uint8_t registration[] = { 0x41, 1, 0, 1, 0x83, 0x60, 0x58, 't', 't', 't', 't', 't', 't', 't', 't' };
static const uint8_t first[] = { 0x61, 0x45, 0, 1, 0x83, 0x61, 1, 0xff, '2', '1', '.', '5' };
#define NON 0x50
#define CON 0x40

static void as_shipped(struct damp_guard *g)
{
	g->hold = 1;
	g->trust_earned = 1;
}

static void trusting(struct damp_guard *g)
{
	g->hold = 1;
}

static struct damp_pkt *notify(struct rig *r, uint8_t type, uint8_t n, size_t len)
{
	uint8_t m[200] = { (uint8_t)(type | 1), 0x45, 7, n, 0x83, 0x61, n, 0xff };

	memset(m + 8, 'x', len - 8);
	return rig_send(r, DAMP_INSIDE, SERVER, CLIENT, m, len);
}

/* Time in which the client answers every ping, the second ones too (half.h). */
static void answer_pings(struct rig *r, unsigned ms)
{
	const size_t at = 14 + (r->v6 ? 40 : 20) + 8;

	for (unsigned t = 0; t < ms; t += 50) {
		rig_wait_ms(r, 50);
		for (unsigned i = 0; i < r->nemits; i++) {
			const uint8_t *ping = r->emits[i].data + at;

			rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, (const uint8_t[]){ 0x70, 0, ping[2], ping[3] }, 4);
		}
	}
}

static void register_once(struct rig *r)
{
	rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, registration, sizeof(registration));
	assert_int_equal(r->pkt.fate, DAMP_FATE_FORWARD);
}

/* The answer is smaller than the request, but with a ping it would be more. */
static void short_answers_wait_for_the_ping(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, as_shipped);
	register_once(&r);
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, first, sizeof(first));
	assert_int_equal(r.pkt.fate, DAMP_FATE_HOLD);
	answer_pings(&r, 500);
	assert_non_null(rig_unhold(&r));
	assert_int_equal(r.pkt.reason, DAMP_REASON_ACCEPTED_PROVED);
	for (uint8_t i = 1; i < 10; i++) {
		answer_pings(&r, 10000);
		assert_int_equal(notify(&r, NON, i, 12)->fate, DAMP_FATE_FORWARD);
	}
	rig_close(&r);
}

/* With no place to hold it, or nothing to ask with, it goes on as ever; nor does a
 * confirmable one wait, whose ACK is proof. */
static void others_go_on(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	register_once(&r);
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, first, sizeof(first));
	assert_int_equal(r.pkt.reason, DAMP_REASON_ACCEPTED);
	rig_close(&r);
	rig_open_guard(&r, *(bool *)*state, as_shipped);
	register_once(&r);
	assert_int_equal(notify(&r, CON, 1, 12)->reason, DAMP_REASON_ACCEPTED);
	rig_close(&r);
	/* Room for pings beside it. */
	rig_open_guard(&r, *(bool *)*state, trusting);
	register_once(&r);
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, first, sizeof(first));
	assert_int_equal(r.pkt.reason, DAMP_REASON_ACCEPTED);
	rig_wait_ms(&r, 450);
	assert_int_equal(r.nemits, 1);
	rig_close(&r);
}

/* A server that notifies when the exchange of a forged registration is over has it
 * ended, without pings that nobody pays for. */
static void late_notifications_bring_no_pings(void **state)
{
	static const struct { void (*guard)(struct damp_guard *g); uint8_t type; size_t len; } cases[] = {
		{ as_shipped, NON, 12 }, { as_shipped, CON, 12 }, { trusting, CON, 90 }, { trusting, NON, 90 },
		{ NULL, NON, 12 }, { NULL, CON, 90 },
	};
	struct rig r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_open_guard(&r, *(bool *)*state, cases[i].guard);
		register_once(&r);
		notify(&r, cases[i].type, 0, cases[i].len);
		for (uint8_t n = 1; n < 10; n++) {
			rig_wait_ms(&r, 1600);
			while (rig_unhold(&r) != NULL)
				;
			rig_wait_ms(&r, 298400);
			notify(&r, cases[i].type, n, cases[i].len);
			assert_true(r.peer_out <= 3 * r.peer_in);
			if (r.pkt.fate == DAMP_FATE_BACK)
				break;
		}
		rig_close(&r);
	}
}

/* Whoever has proved himself is still asked when he has been silent for long. */
static void the_known_are_asked(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, as_shipped);
	register_once(&r);
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, first, sizeof(first));
	answer_pings(&r, 500);
	assert_non_null(rig_unhold(&r));
	answer_pings(&r, 1000);
	rig_wait_ms(&r, 400000);
	assert_int_equal(notify(&r, CON, 1, 12)->reason, DAMP_REASON_PINGED);
	rig_close(&r);
}

/* A gateway that has just started knows no observer. One whose notifications are too
 * large to be believed is asked, and has the next; nobody is brought more than a ping. */
static void a_start_ends_no_observation(void **state)
{
	static const uint8_t types[] = { CON, NON };
	struct rig r;

	for (size_t i = 0; i < sizeof(types); i++) {
		rig_open_guard(&r, *(bool *)*state, as_shipped);
		r.now = DAMP_SECONDS(5);
		assert_int_equal(notify(&r, types[i], 1, 200)->reason, DAMP_REASON_PINGED);
		assert_int_equal(r.peer_out, (r.v6 ? 48 : 28) + 4);
		rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER,
			 (const uint8_t[]){ 0x70, 0, r.frame[14 + r.peer_out - 2], r.frame[14 + r.peer_out - 1] }, 4);
		answer_pings(&r, 2000);
		assert_int_equal(notify(&r, types[i], 1, 200)->fate, DAMP_FATE_FORWARD);
		answer_pings(&r, 20000);
		assert_int_equal(notify(&r, types[i], 2, 200)->fate, DAMP_FATE_FORWARD);
		rig_close(&r);
	}
	/* Nobody answers: a ping for each of the few that the budgets of challenges allow. */
	rig_open_guard(&r, *(bool *)*state, as_shipped);
	r.now = DAMP_SECONDS(5);
	for (uint8_t n = 0; n < 200; n++) {
		notify(&r, NON, n, 200);
		rig_wait_ms(&r, 1000);
	}
	assert_true(r.peer_out <= (uint64_t)((r.v6 ? 48 : 28) + 4) * (3 + 200 * 3 / 10 + 1));
	/* And later nothing. */
	rig_wait_ms(&r, 100000);
	assert_int_equal(notify(&r, NON, 1, 200)->reason, DAMP_REASON_UNSOLICITED_OUT);
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(short_answers_wait_for_the_ping), BOTH(others_go_on), BOTH(late_notifications_bring_no_pings),
		BOTH(the_known_are_asked), BOTH(a_start_ends_no_observation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
