/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS conversations after their handshake, or long after a hello that nobody meant:
 * servers that repeat their flights for minutes (RFC 6347 section 4.2.4.1: up to 60 s
 * apart), streams that a connection ID has moved (RFC 9146, AV-24), and honest sessions
 * that are older than every proof.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define SERVER ((struct rig_end){ 2, 5684 })
#define PEER_SERVER ((struct rig_end){ 1, 5684 })
#define LARGE 1200u

/* Records by their first bytes; what is not given is 0. A ClientHello of 99 bytes, the
 * same with a cookie of 16, a HelloVerifyRequest with it; a ServerHello of 1200 bytes. */
static const uint8_t hello[99] = { 22, 0xfe, 0xff, [12] = 86, 1, 0, 0, 74, [24] = 74, 0xfe, 0xfd };
static const uint8_t verify[44] = { 22, 0xfe, 0xff, [12] = 31, 3, 0, 0, 19, [24] = 19, 0xfe, 0xff, 16, 'c', 'o', 'o' };
static const uint8_t hello_cookie[115] = {
	22, 0xfe, 0xff, [10] = 1, 0, 102, 1, 0, 0, 90, [24] = 90, 0xfe, 0xfd, [60] = 16, 'c', 'o', 'o',
};
static const uint8_t flight[LARGE] = { 22, 0xfe, 0xfd, [11] = 4, 163, 2, 0, 4, 151, [23] = 4, 151, 0xfe, 0xfd };
/* Application data of epoch 1: 60 bytes that ask, 1200 that answer. */
static const uint8_t data[60] = { 23, 0xfe, 0xfd, 0, 1, [12] = 47 };
static const uint8_t answer[LARGE] = { 23, 0xfe, 0xfd, 0, 1, [11] = 4, 163 };
/* The same under a connection ID. */
static const uint8_t moved[60] = { 25, 0xfe, 0xfd, 0, 1, [11] = 'c', 'i', 'd', 0, 44 };
/* DTLS 1.3: application data of epoch 3, 16-bit number, no length. */
static const uint8_t data13[60] = { 0x2b }, answer13[LARGE] = { 0x2b };

static void as_shipped(struct damp_guard *g)
{
	g->trust_earned = 1;
}

static bool asks(struct rig *r, const uint8_t *m, size_t len)
{
	return rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, m, len)->fate == DAMP_FATE_FORWARD;
}

static bool answers(struct rig *r, const uint8_t *m, size_t len)
{
	return rig_send(r, DAMP_INSIDE, SERVER, CLIENT, m, len)->fate == DAMP_FATE_FORWARD;
}

/* n seconds of a server that sends m each second, within the factor at every moment. */
static void server_talks(struct rig *r, const uint8_t *m, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		rig_wait_ms(r, 1000);
		answers(r, m, LARGE);
		assert_true(r->peer_out <= 3 * r->peer_in);
	}
}

/* One spoofed hello at a server without cookies, whose flight is sent for seven minutes, and
 * hellos behind it when the exchange has long been over. */
static void late_flights_stay_inside(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, as_shipped);
	asks(&r, hello, sizeof(hello));
	for (unsigned i = 0; i < 7; i++) {
		rig_wait_ms(&r, 60000);
		answers(&r, flight, sizeof(flight));
	}
	rig_wait_ms(&r, 300000);
	answers(&r, flight, sizeof(flight));
	assert_int_equal(r.pkt.reason, DAMP_REASON_UNSOLICITED_OUT);
	assert_int_equal(r.peer_out, 0);
	for (unsigned i = 0; i < 100; i++) {
		asks(&r, hello, sizeof(hello));
		server_talks(&r, flight, 5);
	}
	assert_true(r.peer_out <= r.peer_in);
	rig_close(&r);
}

/* The stream of a session that was moved to the victim's address is no conversation that
 * the inside began, however long it lasts and whatever comes in the victim's name. */
static void moved_streams_stay_inside(void **state)
{
	static const struct { const uint8_t *m; size_t len; } more[] = {
		{ data, sizeof(data) }, { moved, sizeof(moved) }, { data13, sizeof(data13) }, { hello, sizeof(hello) },
	};
	struct rig r;

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		rig_open_guard(&r, *(bool *)*state, as_shipped);
		asks(&r, moved, sizeof(moved));
		server_talks(&r, answer, 600);
		asks(&r, more[i].m, more[i].len);
		server_talks(&r, answer, 600);
		server_talks(&r, answer13, 600);
		rig_close(&r);
	}
}

/* Silent until everything is forgotten: then the burst of PROBING_RATE and one a minute,
 * and what comes in the victim's name lifts it by no more than the factor. */
static void forgotten_streams_trickle(void **state)
{
	struct rig r;
	unsigned out = 0;

	rig_open_guard(&r, *(bool *)*state, as_shipped);
	asks(&r, moved, sizeof(moved));
	rig_wait_ms(&r, 250000);
	for (unsigned i = 0; i < 600; i++) {
		rig_wait_ms(&r, 1000);
		if (i % 100 == 50)
			asks(&r, data, sizeof(data));
		out += answers(&r, answer, sizeof(answer));
	}
	assert_in_range(out, 10, 10 + 600 / 60 + 1);
	rig_close(&r);
}

static void shake_hands(struct rig *r)
{
	assert_true(asks(r, hello, sizeof(hello)));
	assert_true(answers(r, verify, sizeof(verify)));
	assert_true(asks(r, hello_cookie, sizeof(hello_cookie)));
	assert_true(answers(r, answer, sizeof(answer)));
	assert_int_equal(r->stats->worker[0].proofs_cookie, 1);
}

/* An honest client that asks for much with little for hours, after one handshake. */
static void sessions_outlast_proofs(void **state)
{
	static const struct { const uint8_t *asks, *answers; unsigned gap_s; } cases[] = {
		{ data, answer, 20 }, { data, answer, 310 }, { data, answer, 1200 }, { data, answer, 3000 },
		{ data13, answer13, 20 }, { data13, answer13, 1200 },
	};
	struct rig r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_open_guard(&r, *(bool *)*state, as_shipped);
		shake_hands(&r);
		for (unsigned t = 0; t < 4 * 3600; t += cases[i].gap_s) {
			rig_wait_ms(&r, 1000 * cases[i].gap_s);
			assert_true(asks(&r, cases[i].asks, sizeof(data)));
			if (!answers(&r, cases[i].answers, LARGE))
				fail_msg("case %zu, after %u s", i, t);
		}
		rig_close(&r);
	}
}

/* A server that pushes to a client which but acknowledges, each time or now and then. */
static void observers_outlast_proofs(void **state)
{
	struct rig r;

	for (unsigned each = 1; each <= 10; each += 9) {
		rig_open_guard(&r, *(bool *)*state, as_shipped);
		shake_hands(&r);
		asks(&r, data, sizeof(data));
		for (unsigned i = 1; i < 200; i++) {
			rig_wait_ms(&r, 60000);
			if (!answers(&r, answer, sizeof(answer)))
				fail_msg("one heard of %u, after %u minutes", each, i);
			if (i % each == 0)
				asks(&r, data, sizeof(data));
		}
		rig_close(&r);
	}
}

/* A gateway that has just started knows no handshake: what is under way goes on, and later
 * nothing is believed. */
static void sessions_outlast_a_start(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, as_shipped);
	r.now = DAMP_SECONDS(240);
	asks(&r, data, sizeof(data));
	assert_true(answers(&r, answer, sizeof(answer)));
	rig_wait_ms(&r, 600000);
	asks(&r, data, sizeof(data));
	assert_true(answers(&r, answer, sizeof(answer)));
	rig_close(&r);
	rig_open_guard(&r, *(bool *)*state, as_shipped);
	r.now = DAMP_SECONDS(250);
	asks(&r, data, sizeof(data));
	assert_false(answers(&r, answer, sizeof(answer)));
	rig_close(&r);
	/* Nor by who could have been moved there, nor what is no application data. */
	rig_open_guard(&r, *(bool *)*state, as_shipped);
	r.now = DAMP_SECONDS(100);
	asks(&r, moved, sizeof(moved));
	asks(&r, data, sizeof(data));
	assert_false(answers(&r, answer, sizeof(answer)));
	assert_false(answers(&r, flight, sizeof(flight)));
	rig_close(&r);
}

/* A device of ours that is a client from the very port of a server: as ever, its peer's
 * answer frees it. But its flights as a server stay within what its peer sent. */
static void client_at_the_port_of_a_server(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, as_shipped);
	assert_true(rig_send(&r, DAMP_INSIDE, SERVER, PEER_SERVER, hello, sizeof(hello))->fate == DAMP_FATE_FORWARD);
	rig_send(&r, DAMP_OUTSIDE, PEER_SERVER, SERVER, verify, sizeof(verify));
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(rig_send(&r, DAMP_INSIDE, SERVER, PEER_SERVER, answer, sizeof(answer))->fate,
				 DAMP_FATE_FORWARD);
	rig_send(&r, DAMP_OUTSIDE, PEER_SERVER, SERVER, hello, sizeof(hello));
	assert_int_equal(rig_send(&r, DAMP_INSIDE, SERVER, PEER_SERVER, flight, sizeof(flight))->reason,
			 DAMP_REASON_AMPLIFICATION);
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(late_flights_stay_inside), BOTH(moved_streams_stay_inside), BOTH(forgotten_streams_trickle),
		BOTH(sessions_outlast_proofs), BOTH(observers_outlast_proofs), BOTH(sessions_outlast_a_start),
		BOTH(client_at_the_port_of_a_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
