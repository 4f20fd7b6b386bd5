/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unsafe requests whose answers were too large for who asked unproved: the next
 * is asked for a proof before it is carried out (core/learned.c; attacks.md AV-05).
 */
#include "judge_state.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SERVER ((struct rig_end){ 2, 5683 })
#define OTHER_SERVER ((struct rig_end){ 3, 5683 })
#define LARGE 400u
#define SMALL 8u

/* A fresh client, since first contact is counted by address. */
static struct rig_end next_client(void)
{
	static uint8_t host = 10;

	return (struct rig_end){ ++host, 40000 };
}

/* NON method /X with a token of one byte and a payload: is it let through? */
static bool ask(struct rig *r, struct rig_end who, struct rig_end server, uint8_t method, uint8_t path)
{
	const uint8_t m[] = { 0x51, method, 0x00, who.host, who.host, 0xb1, path, 0xff, 'x', 'x', 'x', 'x', 'x', 'x' };

	rig_send(r, DAMP_OUTSIDE, who, server, m, sizeof(m));
	assert_true(r->pkt.reason == DAMP_REASON_ACCEPTED || r->pkt.reason == DAMP_REASON_CHALLENGED ||
		    r->pkt.reason == DAMP_REASON_PINGED);
	return r->pkt.fate == DAMP_FATE_FORWARD;
}

/* NON 2.04 with a body; was it let through? */
static bool answer(struct rig *r, struct rig_end who, struct rig_end server, size_t body)
{
	uint8_t m[6 + LARGE] = { 0x51, 0x44, 0x01, who.host, who.host, 0xff };

	rig_send(r, DAMP_INSIDE, server, who, m, 6 + body);
	return r->pkt.reason == DAMP_REASON_ACCEPTED;
}

#define POST 0x02
#define PUT 0x03
#define GET 0x01

static void teach(struct rig *r, uint8_t method, uint8_t path, size_t body)
{
	const struct rig_end who = next_client();

	assert_true(ask(r, who, SERVER, method, path));
	assert_int_equal(answer(r, who, SERVER, body), body == SMALL);
}

static void the_first_teaches(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	teach(&r, POST, 'a', LARGE);
	assert_false(ask(&r, next_client(), SERVER, POST, 'a'));
	/* Another method, path or server is another thing. */
	assert_true(ask(&r, next_client(), SERVER, PUT, 'a'));
	assert_true(ask(&r, next_client(), SERVER, POST, 'b'));
	assert_true(ask(&r, next_client(), OTHER_SERVER, POST, 'a'));
	rig_close(&r);
}

static void small_and_safe_ones_do_not(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	teach(&r, POST, 'a', SMALL);
	assert_true(ask(&r, next_client(), SERVER, POST, 'a'));
	teach(&r, GET, 'a', LARGE);
	assert_true(ask(&r, next_client(), SERVER, GET, 'a'));
	assert_true(ask(&r, next_client(), SERVER, POST, 'a'));
	rig_close(&r);
}

static void who_proves_himself_is_served(void **state)
{
	const struct rig_end who = next_client();
	uint8_t again[14 + 2 + DAMP_ECHO_LEN] = { 0x51, POST, 0x00, 0x77, 0x77, 0xb1, 'a', 0xd0 | DAMP_ECHO_LEN, 0xe4 };
	const uint8_t *out;
	size_t len, n = 9;

	struct rig r;

	rig_open(&r, *(bool *)*state);
	teach(&r, POST, 'a', LARGE);
	assert_false(ask(&r, who, SERVER, POST, 'a'));
	/* 4.01, token, Max-Age 0, then Echo (0xd0 | length, 252 - 14 - 13) and its value, as much of it as there is room for. */
	out = rig_out(&r, &len);
	assert_int_equal(out[1], DAMP_COAP_4_01);
	again[7] = (uint8_t)(0xd0 | (len - 7));
	memcpy(again + n, out + 7, len - 7);
	rig_send(&r, DAMP_OUTSIDE, who, SERVER, again, n + len - 7);
	assert_int_equal(r.pkt.reason, DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);
}

static void it_is_forgotten(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	teach(&r, POST, 'a', LARGE);
	rig_wait_ms(&r, 23 * 3600 * 1000);
	assert_false(ask(&r, next_client(), SERVER, POST, 'a'));
	rig_wait_ms(&r, 2 * 3600 * 1000);
	assert_true(ask(&r, next_client(), SERVER, POST, 'a'));
	rig_close(&r);
}

static void not_learning(struct damp_guard *g)
{
	g->learn_answers = 0;
}

static void it_can_be_turned_off(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, not_learning);
	teach(&r, POST, 'a', LARGE);
	assert_true(ask(&r, next_client(), SERVER, POST, 'a'));
	rig_close(&r);
}

/* The table itself: the largest counts, and what is found was put there. */
static void the_largest_counts(void **state)
{
	static struct damp_learned l;
	const uint64_t key = 0x123456789abcdef0, same_cell = key ^ 1ull << 63;

	(void)state;
	assert_int_equal(damp_learned_size(&l, key, DAMP_SECONDS(1000)), 0);
	damp_learned_note(&l, key, 500, DAMP_SECONDS(1000));
	damp_learned_note(&l, key, 400, DAMP_SECONDS(1000));
	assert_int_equal(damp_learned_size(&l, key, DAMP_SECONDS(1000)), 500);
	damp_learned_note(&l, key, 100000, DAMP_SECONDS(1000));
	assert_int_equal(damp_learned_size(&l, key, DAMP_SECONDS(1000)), UINT16_MAX);
	assert_int_equal(damp_learned_size(&l, same_cell, DAMP_SECONDS(1000)), 0);
	damp_learned_note(&l, same_cell, 7, DAMP_SECONDS(1000));
	assert_int_equal(damp_learned_size(&l, key, DAMP_SECONDS(1000)), 0);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(the_first_teaches), BOTH(small_and_safe_ones_do_not), BOTH(who_proves_himself_is_served),
		BOTH(it_is_forgotten), BOTH(it_can_be_turned_off), cmocka_unit_test(the_largest_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
