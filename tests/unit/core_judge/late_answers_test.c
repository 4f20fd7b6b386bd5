/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Servers that acknowledge at once and answer later (RFC 7252 section 5.2.2), for a client
 * of a network that has earned no trust: its request pays for the ACK or for a ping, and
 * after the ACK it would not come again.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define SERVER ((struct rig_end){ 2, 5683 })

/* CON GET /tttttttt, token 83; its ACK; 2.05 CON with n bytes. */
static const uint8_t get[] = { 0x41, 1, 0, 1, 0x83, 0xb8, 't', 't', 't', 't', 't', 't', 't', 't' };
static const uint8_t ack[] = { 0x60, 0, 0, 1 };

static void as_shipped(struct damp_guard *g)
{
	g->hold = 1;
	g->trust_earned = 1;
}

static void without_holding(struct damp_guard *g)
{
	g->trust_earned = 1;
}

static void no_challenges(struct damp_guard *g)
{
	as_shipped(g);
	g->challenge_all.burst_ticks = 1;
}

static struct damp_pkt *acknowledge(struct rig *r)
{
	return rig_send(r, DAMP_INSIDE, SERVER, CLIENT, ack, sizeof(ack));
}

static struct damp_pkt *respond(struct rig *r, size_t len)
{
	uint8_t m[300] = { 0x41, 0x45, 7, 7, 0x83, 0xff };

	memset(m + 6, 'x', len - 6);
	return rig_send(r, DAMP_INSIDE, SERVER, CLIENT, m, len);
}

static void pong(struct rig *r, const uint8_t *ping)
{
	rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, (const uint8_t[]){ 0x70, 0, ping[2], ping[3] }, 4);
}

static void ask(struct rig *r)
{
	assert_int_equal(rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get))->fate, DAMP_FATE_FORWARD);
}

/* The ACK comes after the ping, then the answer, of any size. */
static void the_ack_waits_for_the_ping(void **state)
{
	struct rig r;

	for (size_t len = 12; len <= 300; len += 96) {
		rig_open_guard(&r, *(bool *)*state, as_shipped);
		ask(&r);
		assert_int_equal(acknowledge(&r)->fate, DAMP_FATE_HOLD);
		rig_wait_ms(&r, 450);
		assert_int_equal(r.nemits, 1);
		pong(&r, r.emits[0].data + 14 + (r.v6 ? 48 : 28));
		assert_non_null(rig_unhold(&r));
		assert_int_equal(r.pkt.reason, DAMP_REASON_ACCEPTED_PROVED);
		rig_wait_ms(&r, 5000);
		assert_int_equal(respond(&r, len)->reason, DAMP_REASON_ACCEPTED_PROVED);
		rig_close(&r);
	}
}

/* Nobody answers: never more than came, in bytes or packets, however often it is asked
 * and answered. */
static void nobody_there(void **state)
{
	unsigned packets = 0;
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, as_shipped);
	for (unsigned i = 0; i < 20; i++) {
		packets += rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get))->fate == DAMP_FATE_BACK;
		packets += acknowledge(&r)->fate == DAMP_FATE_FORWARD;
		packets += respond(&r, 200)->fate == DAMP_FATE_FORWARD;
		for (unsigned t = 0; t < 8; t++) {
			rig_wait_ms(&r, 500);
			packets += r.nemits;
			while (rig_unhold(&r) != NULL)
				packets += r.pkt.fate == DAMP_FATE_FORWARD;
		}
		packets += respond(&r, 200)->fate == DAMP_FATE_FORWARD;
		assert_true(r.peer_out <= r.peer_in);
		assert_true(packets <= i + 1);
	}
	rig_close(&r);
}

/* With no place to hold it the ping goes in its place, and the request comes again. With
 * nothing to ask with, it goes as ever. */
static void without_a_place(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, without_holding);
	ask(&r);
	assert_int_equal(acknowledge(&r)->reason, DAMP_REASON_PINGED);
	pong(&r, r.frame + 14 + (r.v6 ? 48 : 28));
	ask(&r);
	assert_int_equal(acknowledge(&r)->reason, DAMP_REASON_ACCEPTED_PROVED);
	assert_int_equal(respond(&r, 200)->reason, DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);
	rig_open_guard(&r, *(bool *)*state, no_challenges);
	ask(&r);
	assert_int_equal(acknowledge(&r)->reason, DAMP_REASON_ACCEPTED);
	rig_close(&r);
}

/* Where there is room for the ACK and a ping, nothing waits. */
static void with_room_for_both(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	ask(&r);
	assert_int_equal(acknowledge(&r)->reason, DAMP_REASON_ACCEPTED);
	assert_int_equal(respond(&r, 200)->reason, DAMP_REASON_PINGED);
	pong(&r, r.frame + 14 + (r.v6 ? 48 : 28));
	assert_int_equal(respond(&r, 200)->reason, DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(the_ack_waits_for_the_ping), BOTH(nobody_there), BOTH(without_a_place), BOTH(with_room_for_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
