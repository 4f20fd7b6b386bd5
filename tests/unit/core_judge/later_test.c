/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits that count something else than messages: what is created, cache keys,
 * observations alone, registrations (core/later.c; attacks.md AV-04, AV-35, AV-39).
 */
#include "judge_keys.h"
#include "rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define OTHER_PORT ((struct rig_end){ 1, 40001 })
#define RULE(limit) HEAD ZONES "limits:\n  few: {" limit "}\n" \
	"rules:\n  - {id: few, match: {from: outside, msg: request}, limit: few, over: {answer: 4.29}}\n"

/* The clients are there, so that the guard stays out of the way. */
static void prove(struct rig *r, struct rig_end who)
{
	struct damp_addr a = { { 0xfd, [7] = 1, [15] = who.host } };

	if (!r->v6)
		a = (struct damp_addr){ { [10] = 0xff, 0xff, 10, 1, 0, who.host } };
	damp_peer_prove(r->judge->peers, damp_key_end(r->judge, &a, who.port), r->now,
			r->now + DAMP_SECONDS(200000), r->now + DAMP_SECONDS(200000));
}

static void open_proved(struct rig *r, void **state, const char *text)
{
	rules_open(r, *(bool *)*state, text);
	prove(r, CLIENT);
	prove(r, OTHER_PORT);
}

static bool passes(struct rig *r, struct rig_end who, const uint8_t *m, size_t len)
{
	rig_send(r, DAMP_OUTSIDE, who, SERVER, m, len);
	if (r->pkt.fate == DAMP_FATE_FORWARD)
		return true;
	assert_int_equal(r->pkt.reason, DAMP_REASON_ANSWERED);
	return false;
}

/* NON PUT /n (n: a letter), with the token n and a payload of one byte. */
static bool put(struct rig *r, uint8_t n)
{
	return passes(r, CLIENT, BYTES(0x51, 0x03, 0x00, n, n, 0xb1, n, 0xff, 'x'));
}

/* ACK-less NON answer of a code to the token n. */
static void answer(struct rig *r, struct rig_end who, uint8_t n, uint8_t code)
{
	rig_send(r, DAMP_INSIDE, SERVER, who, BYTES(0x51, code, 0x01, n, n));
	assert_int_equal(r->pkt.fate, DAMP_FATE_FORWARD);
}

#define CREATED 0x41
#define DELETED 0x42
#define CHANGED 0x44
#define NOT_FOUND 0x84

static void what_is_created_counts(void **state)
{
	struct rig r;

	open_proved(&r, state, RULE("per: source, rate: 2 msg/min, burst: 2 msg, count: created"));
	/* Updates and errors cost nothing, however many. */
	for (uint8_t n = 0; n < 20; n++) {
		assert_true(put(&r, n));
		answer(&r, CLIENT, n, n % 2 ? CHANGED : NOT_FOUND);
	}
	assert_true(put(&r, 'a'));
	answer(&r, CLIENT, 'a', CREATED);
	assert_true(put(&r, 'b'));
	/* The server repeats its answer: once is enough. */
	answer(&r, CLIENT, 'b', CREATED);
	answer(&r, CLIENT, 'b', CREATED);
	assert_false(put(&r, 'c'));
	rig_wait_ms(&r, 31 * 1000);
	assert_true(put(&r, 'c'));
	answer(&r, CLIENT, 'c', CREATED);
	assert_false(put(&r, 'd'));
	rig_close(&r);
}

/* Ten are let through at once, because nothing is known yet: paid for afterwards. */
static void many_at_once_are_paid_for(void **state)
{
	struct rig r;

	open_proved(&r, state, RULE("per: source, rate: 2 msg/min, burst: 2 msg, count: created"));
	for (uint8_t n = 0; n < 10; n++)
		assert_true(put(&r, n));
	for (uint8_t n = 0; n < 10; n++)
		answer(&r, CLIENT, n, CREATED);
	rig_wait_ms(&r, 8 * 30 * 1000);
	assert_false(put(&r, 'x'));
	rig_wait_ms(&r, 31 * 1000);
	assert_true(put(&r, 'x'));
	rig_close(&r);
}

/* NON GET /a?x (x: a letter) with an unknown elective option of one byte, 2052. */
static bool get(struct rig *r, uint8_t x, uint8_t unknown)
{
	return passes(r, CLIENT, BYTES(0x50, 0x01, 0x00, x, 0xb1, 'a', 0x41, x, 0xe1, 0x06, 0xe8, unknown));
}

static void new_cache_keys_count(void **state)
{
	struct rig r;

	open_proved(&r, state, RULE("per: source, rate: 3 msg/min, burst: 3 msg, count: keys"));
	assert_true(get(&r, 'a', 1));
	assert_true(get(&r, 'b', 1));
	assert_true(get(&r, 'b', 2));
	/* Known ones cost nothing; neither do Block2 (23), ETag (4), and Echo (252), which has no part in the key. */
	for (unsigned i = 0; i < 20; i++) {
		assert_true(get(&r, 'a', 1));
		assert_true(get(&r, 'b', 2));
	}
	assert_false(get(&r, 'c', 1));
	assert_true(passes(&r, CLIENT, BYTES(0x50, 0x01, 0, 7, 0x41, 0x99, 0x71, 'a', 0x41, 'a', 0x81, 0x16, 0xe1, 0x06,
					     0xe0, 1)));
	/* After a minute the oldest are forgotten, and there is room again. */
	rig_wait_ms(&r, 61 * 1000);
	assert_true(get(&r, 'c', 1));
	assert_true(get(&r, 'a', 1));
	assert_true(get(&r, 'b', 1));
	assert_false(get(&r, 'd', 1));
	rig_close(&r);
}

/* The body of a FETCH is part of its key. */
static bool fetch(struct rig *r, uint8_t body)
{
	return passes(r, CLIENT, BYTES(0x50, 0x05, 0x00, body, 0xb1, 'a', 0x10, 0xff, body));
}

static void bodies_of_fetch_count(void **state)
{
	struct rig r;

	open_proved(&r, state, RULE("per: source, rate: 2 msg/min, burst: 2 msg, count: keys"));
	assert_true(fetch(&r, 1));
	assert_true(fetch(&r, 1));
	assert_true(fetch(&r, 2));
	assert_false(fetch(&r, 3));
	/* A POST is never answered from a cache. */
	assert_true(put(&r, 'a'));
	rig_close(&r);
}

/* NON GET /a with the token n; Observe 0 before the path when it watches. */
static bool ask(struct rig *r, uint8_t n, bool watch)
{
	if (watch)
		return passes(r, CLIENT, BYTES(0x51, 0x01, 0x00, n, n, 0x60, 0x51, 'a'));
	return passes(r, CLIENT, BYTES(0x51, 0x01, 0x00, n, n, 0xb1, 'a'));
}

static void observers_of_a_path(void **state)
{
	struct rig r;

	open_proved(&r, state, RULE("per: path, concurrent: 2, count: observations"));
	for (uint8_t n = 0; n < 10; n++)
		assert_true(ask(&r, n, false));
	assert_true(ask(&r, 20, true));
	assert_true(ask(&r, 21, true));
	assert_false(ask(&r, 22, true));
	assert_true(ask(&r, 23, false));
	rig_close(&r);
}

/* CON POST /rd?ep=X&lt=N, the token X. lt: the digits of N, or nothing. */
static bool join(struct rig *r, struct rig_end who, uint8_t ep, const char *lt)
{
	uint8_t m[64] = { 0x41, 0x02, 0x01, ep, ep, 0xb2, 'r', 'd', 0x44, 'e', 'p', '=', ep };
	size_t len = 13;

	if (lt[0]) {
		m[len++] = (uint8_t)(3 + strlen(lt));
		len += (size_t)snprintf((char *)m + len, sizeof(m) - len, "lt=%s", lt);
	}
	return passes(r, who, m, len);
}

/* ACK 2.01 with Location-Path rd/X. */
static void joined(struct rig *r, struct rig_end who, uint8_t ep)
{
	rig_send(r, DAMP_INSIDE, SERVER, who, BYTES(0x61, CREATED, 0x01, ep, ep, 0x82, 'r', 'd', 0x01, ep));
	assert_int_equal(r->pkt.fate, DAMP_FATE_FORWARD);
}

/* CON POST or DELETE at the Location, token 0x80 | X; and its answer. */
static void at_location(struct rig *r, struct rig_end who, uint8_t method, uint8_t ep, uint8_t code)
{
	const uint8_t token = 0x80 | ep;

	assert_true(passes(r, who, BYTES(0x41, method, 0x02, ep, token, 0xb2, 'r', 'd', 0x01, ep)));
	rig_send(r, DAMP_INSIDE, SERVER, who, BYTES(0x61, code, 0x02, ep, token));
	assert_int_equal(r->pkt.fate, DAMP_FATE_FORWARD);
}

#define THREE RULE("per: source, concurrent: 3, count: registrations")
#define POST 0x02
#define DELETE 0x04

static void registrations_have_places(void **state)
{
	struct rig r;

	open_proved(&r, state, THREE);
	for (uint8_t ep = 'a'; ep < 'd'; ep++) {
		assert_true(join(&r, CLIENT, ep, "600"));
		joined(&r, CLIENT, ep);
	}
	assert_false(join(&r, CLIENT, 'd', "600"));
	assert_false(join(&r, OTHER_PORT, 'd', "600"));
	/* Who registers anew has its place, from another port as well. */
	assert_true(join(&r, CLIENT, 'b', "600"));
	joined(&r, CLIENT, 'b');
	assert_true(join(&r, OTHER_PORT, 'c', "600"));
	joined(&r, OTHER_PORT, 'c');
	assert_false(join(&r, CLIENT, 'd', "600"));
	/* A POST without a name is no registration. */
	assert_true(passes(&r, CLIENT, BYTES(0x41, 0x02, 0x03, 1, 9, 0xb2, 'r', 'd')));
	/* Nor with another word (?lt=9), nor is it to ask who has a name (GET ?ep=z). */
	assert_true(passes(&r, CLIENT, BYTES(0x41, 0x02, 0x03, 2, 10, 0xb2, 'r', 'd', 0x44, 'l', 't', '=', '9')));
	assert_true(passes(&r, CLIENT, BYTES(0x41, 0x01, 0x03, 3, 11, 0xb2, 'r', 'd', 0x44, 'e', 'p', '=', 'z')));
	rig_close(&r);
}

static void they_end_by_lifetime_and_delete(void **state)
{
	struct rig r;

	open_proved(&r, state, THREE);
	assert_true(join(&r, CLIENT, 'a', "300"));
	joined(&r, CLIENT, 'a');
	assert_true(join(&r, CLIENT, 'b', "300"));
	joined(&r, CLIENT, 'b');
	assert_true(join(&r, CLIENT, 'c', ""));         /* 90000 s */
	joined(&r, CLIENT, 'c');
	/* One that is refreshed stays, whoever's port it is; one that is not goes. */
	rig_wait_ms(&r, 290 * 1000);
	at_location(&r, OTHER_PORT, POST, 'a', CHANGED);
	assert_false(join(&r, CLIENT, 'd', "300"));
	rig_wait_ms(&r, 100 * 1000);
	assert_true(join(&r, CLIENT, 'd', "300"));
	joined(&r, CLIENT, 'd');
	assert_false(join(&r, CLIENT, 'e', "300"));
	/* A DELETE that fails frees nothing, one that succeeds a place. */
	at_location(&r, CLIENT, DELETE, 'c', 0x81);
	assert_false(join(&r, CLIENT, 'e', "300"));
	at_location(&r, CLIENT, DELETE, 'c', DELETED);
	assert_true(join(&r, CLIENT, 'e', "300"));
	assert_false(join(&r, CLIENT, 'f', "300"));
	rig_close(&r);
}

/* What the directory refuses takes no place; what it has not answered does. */
static void refused_ones_take_none(void **state)
{
	struct rig r;

	open_proved(&r, state, THREE);
	for (uint8_t ep = 'a'; ep < 'd'; ep++)
		assert_true(join(&r, CLIENT, ep, ""));
	assert_false(join(&r, CLIENT, 'x', ""));
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x61, 0x83, 0x01, 'a', 'a'));   /* 4.03 */
	assert_true(join(&r, CLIENT, 'x', ""));
	/* One that is registered stays so when it fails to register again. */
	joined(&r, CLIENT, 'x');
	assert_true(join(&r, CLIENT, 'x', ""));
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x61, 0x83, 0x01, 'x', 'x'));
	assert_false(join(&r, CLIENT, 'y', ""));
	rig_close(&r);
}

/* Simple registration: 2.04, and no Location (RFC 9176 section 5.1). */
static void simple_ones_count(void **state)
{
	struct rig r;

	open_proved(&r, state, THREE);
	for (uint8_t ep = 'a'; ep < 'd'; ep++) {
		assert_true(join(&r, CLIENT, ep, "900"));
		rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x61, CHANGED, 0x01, ep, ep));
	}
	rig_wait_ms(&r, 800 * 1000);
	assert_false(join(&r, CLIENT, 'd', "900"));
	rig_wait_ms(&r, 200 * 1000);
	assert_true(join(&r, CLIENT, 'd', "900"));
	rig_close(&r);
}

static void networks_have_places_too(void **state)
{
	struct rig r;

	open_proved(&r, state, RULE("per: source, concurrent: 2, count: registrations, "
				    "ladder: {ipv4: {32: 1x, 24: 2x}, ipv6: {128: 1x, 48: 2x}}"));
	for (uint8_t host = 1; host <= 3; host++) {
		const struct rig_end who = { host, 40000 };

		prove(&r, who);
		for (uint8_t n = 0; n < 3; n++)
			assert_int_equal(join(&r, who, (uint8_t)('a' + host * 4 + n), ""), host < 3 && n < 2);
	}
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(what_is_created_counts), BOTH(many_at_once_are_paid_for), BOTH(new_cache_keys_count),
		BOTH(bodies_of_fetch_count), BOTH(observers_of_a_path), BOTH(registrations_have_places),
		BOTH(they_end_by_lifetime_and_delete), BOTH(refused_ones_take_none), BOTH(simple_ones_count),
		BOTH(networks_have_places_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
