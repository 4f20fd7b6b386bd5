/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Echo values and ping Message IDs: what they are bound to, how long they
 * hold, and that they survive the turn of the hour whichever side of it the
 * main thread has moved the keys.
 */
#include "compiled.h"
#include "build_frame.h"
#include "echo.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#define PORT 40000
#define LIFE 247
#define NOON 1717761600ull          /* a full hour */

static const struct damp_key master = { 0x0123456789abcdefull, 0xfedcba9876543210ull };

static struct damp_secrets secrets_at(uint64_t wall_s)
{
	struct damp_secrets s;

	damp_secrets_init(&s, &master, wall_s);
	return s;
}

/* A value made at `made` with keys of hour `made_keys`, checked likewise. */
static bool round_trip(uint64_t made, uint64_t made_keys, uint64_t checked, uint64_t checked_keys,
		uint32_t life)
{
	const struct damp_secrets a = secrets_at(made_keys), b = secrets_at(checked_keys);
	const struct damp_addr peer = addr_of("192.0.2.1");
	uint8_t value[DAMP_ECHO_LEN];

	damp_echo_make(&a, &peer, PORT, made, value);
	return damp_echo_check(&b, &peer, PORT, checked, life, value, sizeof(value));
}

static void test_echo_life(void **state)
{
	static const struct { uint64_t made, checked; uint32_t life; bool good; } rows[] = {
		{ NOON + 1000, NOON + 1000, LIFE, true },
		{ NOON + 1000, NOON + 1003, LIFE, true },
		{ NOON + 1000, NOON + 1247, LIFE, true },
		{ NOON + 1000, NOON + 1248, LIFE, false },
		{ NOON + 1003, NOON + 1248, LIFE, false },  /* age counts from the start of the slot */
		{ NOON + 1000, NOON + 1900, 900, true },
		{ NOON + 1000, NOON + 1901, 900, false },
		{ NOON + 1000, NOON + 2000, UINT32_MAX, false }, /* no life is longer than 900 */
		{ NOON + 1000, NOON + 2024, UINT32_MAX, false }, /* the slot byte is the same again */
		{ NOON + 1000, NOON + 1000 + 65536, UINT32_MAX, false },
		{ NOON + 1004, NOON + 1003, 900, false },   /* one slot in the future */
		{ NOON + 1400, NOON + 1000, 900, false },   /* 100 slots in the future */
		{ NOON + 2024, NOON + 1000, 900, false },   /* 256 slots in the future */
		{ NOON + 1000, NOON + 1003, 0, false },
		{ 0, 0, LIFE, true },
		{ 3, 250, LIFE + 3, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(round_trip(rows[i].made, rows[i].made, rows[i].checked,
				rows[i].checked, rows[i].life),
				 rows[i].good);
}

/* Near the start of time the slot byte of a value from "before" is refused. */
static void test_echo_before_time(void **state)
{
	const struct damp_secrets s = secrets_at(0);
	const struct damp_addr peer = addr_of("192.0.2.1");
	uint8_t value[DAMP_ECHO_LEN];

	(void)state;
	damp_echo_make(&s, &peer, PORT, 8, value);
	assert_false(damp_echo_check(&s, &peer, PORT, 4, 900, value, sizeof(value)));
}

static void test_echo_hour(void **state)
{
	(void)state;
	/* made before the hour, checked behind it: keys moved on, or not yet */
	assert_true(round_trip(NOON - 4, NOON - 4, NOON + 100, NOON + 100, LIFE));
	assert_true(round_trip(NOON - 4, NOON - 4, NOON + 100, NOON - 4, LIFE));
	/* made behind the hour with the keys of before it */
	assert_true(round_trip(NOON, NOON - 1, NOON + 1, NOON + 1, LIFE));
	assert_true(round_trip(NOON, NOON, NOON + 1, NOON - 1, LIFE));
	assert_true(round_trip(NOON - 1, NOON - 1, NOON + 896, NOON, 900));
}

static void test_echo_binding(void **state)
{
	const struct damp_secrets s = secrets_at(NOON);
	const struct damp_key other_master = { master.k0, master.k1 ^ 1 };
	const struct damp_addr peer = addr_of("192.0.2.1"), other = addr_of("192.0.2.2");
	const struct damp_addr v6 = addr_of("2001:db8::1");
	uint8_t value[DAMP_ECHO_LEN + 1] = { 0 };
	struct damp_secrets t;

	(void)state;
	damp_echo_make(&s, &peer, PORT, NOON, value);
	assert_true(damp_echo_check(&s, &peer, PORT, NOON, LIFE, value, DAMP_ECHO_LEN));
	assert_false(damp_echo_check(&s, &peer, PORT + 1, NOON, LIFE, value, DAMP_ECHO_LEN));
	assert_false(damp_echo_check(&s, &other, PORT, NOON, LIFE, value, DAMP_ECHO_LEN));
	assert_false(damp_echo_check(&s, &v6, PORT, NOON, LIFE, value, DAMP_ECHO_LEN));
	assert_false(damp_echo_check(&s, &peer, PORT, NOON, LIFE, value, DAMP_ECHO_LEN - 1));
	assert_false(damp_echo_check(&s, &peer, PORT, NOON, LIFE, value, DAMP_ECHO_LEN + 1));
	assert_false(damp_echo_check(&s, &peer, PORT, NOON, LIFE, value, 0));
	damp_secrets_init(&t, &other_master, NOON);
	assert_false(damp_echo_check(&t, &peer, PORT, NOON, LIFE, value, DAMP_ECHO_LEN));
	for (unsigned int bit = 0; bit < 8 * DAMP_ECHO_LEN; bit++) {
		value[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(damp_echo_check(&s, &peer, PORT, NOON + 500, 900, value, DAMP_ECHO_LEN));
		value[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(damp_echo_check(&s, &peer, PORT, NOON + 500, 900, value, DAMP_ECHO_LEN));
}

/* A retransmitted request gets the same value within a slot, another one in
 * the next. */
static void test_echo_slots(void **state)
{
	const struct damp_secrets s = secrets_at(NOON);
	const struct damp_addr peer = addr_of("2001:db8::1");
	uint8_t a[DAMP_ECHO_LEN], b[DAMP_ECHO_LEN], c[DAMP_ECHO_LEN];

	(void)state;
	damp_echo_make(&s, &peer, PORT, NOON, a);
	damp_echo_make(&s, &peer, PORT, NOON + DAMP_ECHO_SLOT_S - 1, b);
	damp_echo_make(&s, &peer, PORT, NOON + DAMP_ECHO_SLOT_S, c);
	assert_memory_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, c, sizeof(a));
	assert_int_equal((uint8_t)(c[0] - a[0]), 1);
}

/* The values spelled out: gateways that share a secret must agree on them,
 * whatever machine they run on. */
static void test_echo_layout(void **state)
{
	const struct damp_secrets s = secrets_at(NOON);
	const struct damp_addr peer = addr_of("192.0.2.1"), v6 = addr_of("2001:db8::1");
	const struct damp_key key = damp_key_derive(&master, "damper echo", NOON / 3600);
	const uint8_t in[] = {
		192, 0, 2, 1,
		0x19, 0x98, 0xbd, 0x90,                         /* slot: NOON / 4 */
		0x9c, 0x40,                                     /* port 40000 */
		9,                                              /* length of the value */
	};
	const uint8_t in6[] = {
		0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		0x19, 0x98, 0xbd, 0x90, 0x9c, 0x40, 9,
	};
	uint8_t value[DAMP_ECHO_LEN];

	(void)state;
	damp_echo_make(&s, &peer, PORT, NOON, value);
	assert_int_equal(damp_get32(in + 4), NOON / 4);
	assert_int_equal(value[0], 0x90);
	assert_int_equal(damp_get64(value + 1), damp_siphash24(&key, in, sizeof(in)));
	damp_echo_make(&s, &v6, PORT, NOON, value);
	assert_int_equal(damp_get64(value + 1), damp_siphash24(&key, in6, sizeof(in6)));
}

static void test_ping_layout(void **state)
{
	const struct damp_secrets s = secrets_at(NOON);
	const struct damp_addr peer = addr_of("192.0.2.1"), server = addr_of("198.51.100.2");
	const struct damp_addr peer6 = addr_of("2001:db8::1"), server6 = addr_of("2001:db8:1::2");
	const struct damp_key key = damp_key_derive(&master, "damper ping", NOON / 3600);
	const struct damp_key second = damp_key_derive(&master, "damper second", NOON / 3600);
	const uint8_t in[] = {
		192, 0, 2, 1, 198, 51, 100, 2,
		0x9c, 0x40, 0x16, 0x33,                         /* ports 40000 and 5683 */
		0xcc, 0x5e, 0xc8,                               /* epoch: NOON / 8, its low 24 bits */
	};
	const uint8_t in6[] = {
		0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
		0x9c, 0x40, 0x16, 0x33, 0xcc, 0x5e, 0xc8,
	};

	(void)state;
	assert_int_equal(damp_get32(in + 11) & 0xffffff, NOON / 8 & 0xffffff);
	assert_int_equal(damp_ping_mid(&s, &peer, PORT, &server, 5683, NOON),
			 (uint16_t)damp_siphash24(&key, in, sizeof(in)));
	assert_int_equal(damp_ping_mid(&s, &peer6, PORT, &server6, 5683, NOON),
			 (uint16_t)damp_siphash24(&key, in6, sizeof(in6)));
	assert_int_equal(damp_second_mid(&s, &peer, PORT, &server, 5683, NOON / 8),
			 (uint16_t)damp_siphash24(&second, in, sizeof(in)));
	assert_int_equal(damp_second_mid(&s, &peer6, PORT, &server6, 5683, NOON / 8),
			 (uint16_t)damp_siphash24(&second, in6, sizeof(in6)));
}

/* Several at once are what each is alone. */
static void test_pings_at_once(void **state)
{
	const struct damp_secrets s = secrets_at(NOON);

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		struct damp_frame frame[DAMP_SIP_LANES] = { 0 };
		const struct damp_frame *f[DAMP_SIP_LANES];
		uint8_t one[DAMP_ECHO_LEN], lane[DAMP_ECHO_LEN];
		uint64_t mac[DAMP_SIP_LANES];
		uint16_t mid[DAMP_SIP_LANES];
		const bool v6 = i & 1;

		for (unsigned k = 0; k < DAMP_SIP_LANES; k++) {
			frame[k].v6 = v6;
			frame[k].src = addr_of(v6 ? "2001:db8::1" : "192.0.2.1");
			frame[k].dst = addr_of(v6 ? "2001:db8:1::2" : "198.51.100.2");
			frame[k].src.b[14] = (uint8_t)i;
			frame[k].dst.b[13] = (uint8_t)k;
			frame[k].sport = (uint16_t)(PORT + 7 * k);
			frame[k].dport = (uint16_t)(5683 + k % 2);
			f[k] = &frame[k];
		}
		damp_ping_mids(&s, f, NOON + 100 * i, i & 2 && damp_has_avx2(), mid);
		for (unsigned k = 0; k < DAMP_SIP_LANES; k++)
			assert_int_equal(mid[k], damp_ping_mid(&s, &frame[k].src, frame[k].sport, &frame[k].dst,
							       frame[k].dport, NOON + 100 * i));
		damp_echo_macs(&s, f, NOON + 100 * i, i & 2 && damp_has_avx2(), mac);
		for (unsigned k = 0; k < DAMP_SIP_LANES; k++) {
			damp_echo_make(&s, &frame[k].src, frame[k].sport, NOON + 100 * i, one);
			damp_echo_of_mac(mac[k], NOON + 100 * i, lane);
			assert_memory_equal(lane, one, sizeof(one));
		}
	}
}

static void test_secrets(void **state)
{
	struct damp_secrets s = secrets_at(NOON), next;

	(void)state;
	assert_false(damp_secrets_due(&s, NOON + 3599));
	assert_true(damp_secrets_due(&s, NOON + 3600));
	assert_true(damp_secrets_due(&s, NOON - 1));
	/* the hour before is still there, and moving on works from its own master */
	next = s;
	damp_secrets_init(&next, &next.master, NOON + 3600);
	assert_memory_equal(&next.master, &master, sizeof(master));
	assert_memory_equal(&next.echo[1], &s.echo[0], sizeof(s.echo[0]));
	assert_memory_equal(&next.ping[1], &s.ping[0], sizeof(s.ping[0]));
	assert_memory_not_equal(&next.echo[0], &s.echo[0], sizeof(s.echo[0]));
	assert_memory_not_equal(&s.echo[0], &s.ping[0], sizeof(s.echo[0]));
}

static void test_ping(void **state)
{
	const struct damp_secrets s = secrets_at(NOON);
	const struct damp_addr peer = addr_of("192.0.2.1"), server = addr_of("198.51.100.2");
	const uint64_t made = NOON + 800;
	const uint16_t mid = damp_ping_mid(&s, &peer, PORT, &server, 5683, made);
	unsigned int good = 0;

	(void)state;
	assert_true(damp_ping_check(&s, &peer, PORT, &server, 5683, made, mid));
	assert_true(damp_ping_check(&s, &peer, PORT, &server, 5683, made + DAMP_PING_EPOCH_S, mid));
	assert_false(damp_ping_check(&s, &peer, PORT, &server, 5683, made + 2 * DAMP_PING_EPOCH_S, mid));
	assert_false(damp_ping_check(&s, &peer, PORT, &server, 5683, made - 1, mid));
	assert_false(damp_ping_check(&s, &peer, PORT + 1, &server, 5683, made, mid));
	assert_false(damp_ping_check(&s, &peer, PORT, &server, 5684, made, mid));
	assert_false(damp_ping_check(&s, &server, PORT, &peer, 5683, made, mid));
	/* a guess is right for the two epochs only */
	for (uint32_t guess = 0; guess < 65536; guess++)
		good += damp_ping_check(&s, &peer, PORT, &server, 5683, made, (uint16_t)guess);
	assert_int_equal(good, 2);
}

/* Like the first, but under a key of its own and of one epoch. */
static void test_second(void **state)
{
	const uint64_t epoch = NOON / DAMP_PING_EPOCH_S;
	const struct damp_secrets s = secrets_at(NOON), before = secrets_at(NOON - 1);
	const struct damp_addr peer = addr_of("2001:db8::1"), server = addr_of("2001:db8:1::2");
	const uint16_t mid = damp_second_mid(&s, &peer, PORT, &server, 5683, epoch);
	unsigned same = 0;

	(void)state;
	assert_int_equal(damp_second_mid(&s, &peer, PORT, &server, 5683, epoch), mid);
	assert_int_not_equal(damp_second_mid(&s, &peer, PORT + 1, &server, 5683, epoch), mid);
	assert_int_not_equal(damp_second_mid(&s, &peer, PORT, &server, 5684, epoch), mid);
	assert_int_not_equal(damp_second_mid(&s, &peer, PORT, &server, 5683, epoch + 1), mid);
	for (uint16_t port = 0; port < 1000; port++)
		same += damp_second_mid(&s, &peer, port, &server, 5683, epoch) ==
			damp_ping_mid(&s, &peer, port, &server, 5683, NOON);
	assert_true(same < 4);
	/* One that went out in the last second of an hour is known in the next. */
	assert_int_equal(damp_second_mid(&before, &peer, PORT, &server, 5683, epoch - 1),
			 damp_second_mid(&s, &peer, PORT, &server, 5683, epoch - 1));
}

static void test_ping_hour(void **state)
{
	const struct damp_secrets before = secrets_at(NOON - 1), after = secrets_at(NOON);
	const struct damp_addr peer = addr_of("2001:db8::1"), server = addr_of("2001:db8:1::2");
	const uint16_t mid = damp_ping_mid(&before, &peer, PORT, &server, 5683, NOON - 1);

	(void)state;
	assert_true(damp_ping_check(&after, &peer, PORT, &server, 5683, NOON + 7, mid));
	assert_true(damp_ping_check(&before, &peer, PORT, &server, 5683, NOON + 7, mid));
	assert_false(damp_ping_check(&after, &peer, PORT, &server, 5683, NOON + 8, mid));
}

/* All 16 bits are used: over many peers the Message IDs spread. */
static void test_ping_spread(void **state)
{
	const struct damp_secrets s = secrets_at(NOON);
	struct damp_addr peer = addr_of("192.0.2.0");
	const struct damp_addr server = addr_of("198.51.100.2");
	unsigned int bucket[16] = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 4096; i++) {
		damp_put16(peer.b + 14, (uint16_t)i);
		bucket[damp_ping_mid(&s, &peer, PORT, &server, 5683, NOON) >> 12]++;
	}
	/* 256 expected, standard deviation 15.5: six of them */
	for (unsigned int i = 0; i < 16; i++)
		assert_in_range(bucket[i], 256 - 93, 256 + 93);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo_life),
		cmocka_unit_test(test_echo_before_time),
		cmocka_unit_test(test_echo_hour),
		cmocka_unit_test(test_echo_binding),
		cmocka_unit_test(test_echo_slots),
		cmocka_unit_test(test_echo_layout),
		cmocka_unit_test(test_ping_layout),
		cmocka_unit_test(test_pings_at_once),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_second),
		cmocka_unit_test(test_ping_hour),
		cmocka_unit_test(test_ping_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
