/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gateway's own messages: byte for byte where the catalogue gives bytes,
 * then every builder over every shape of frame, parsed again by our own
 * parsers with checksums summed the slow way, then all the causes from which
 * nothing may be made.
 */
#include "causes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static const uint8_t echo[DAMP_ECHO_LEN] = { 0xe0, 1, 2, 3, 4, 5, 6, 7, 8 };

/* GET /.well-known/core with token 4a, MID 0x1234 (CON) */
static const uint8_t get_core[] = {
	0x41, 0x01, 0x12, 0x34, 0x4a,
	0xbb, '.', 'w', 'e', 'l', 'l', '-', 'k', 'n', 'o', 'w', 'n', 0x04, 'c', 'o', 'r', 'e',
};

static void check_coap(const uint8_t *frame, size_t len, const uint8_t *want, size_t want_len)
{
	struct damp_frame f;

	damp_frame_parse(frame, len, test_ports(), false, &f);
	assert_int_equal(f.cls, DAMP_FRAME_COAP);
	assert_int_equal(f.payload_len, want_len);
	assert_memory_equal(frame + f.payload_off, want, want_len);
}

/* The bytes of attacks.md 6.3, with our 9-byte Echo. */
static void test_codes(void **state)
{
	const struct {
		uint8_t type, code;
		int64_t max_age;
		const uint8_t *want;
		size_t want_len;
	} rows[] = {
		{ 0, DAMP_COAP_4_29, -1, BYTES(0x61, 0x9d, 0x12, 0x34, 0x4a) },
		{ 0, DAMP_COAP_4_29, 5, BYTES(0x61, 0x9d, 0x12, 0x34, 0x4a, 0xd1, 0x01, 0x05) },
		{ 0, DAMP_COAP_4_29, 300, BYTES(0x61, 0x9d, 0x12, 0x34, 0x4a, 0xd2, 0x01, 0x01, 0x2c) },
		{ 0, DAMP_COAP_5_03, 5, BYTES(0x61, 0xa3, 0x12, 0x34, 0x4a, 0xd1, 0x01, 0x05) },
		{ 0, DAMP_COAP_4_02, -1, BYTES(0x61, 0x82, 0x12, 0x34, 0x4a) },
		{ 0, DAMP_COAP_5_05, 0, BYTES(0x61, 0xa5, 0x12, 0x34, 0x4a, 0xd0, 0x01) },
		{ 0, DAMP_COAP_5_05, 1ll << 40, BYTES(0x61, 0xa5, 0x12, 0x34, 0x4a, 0xd4, 0x01, 0xff,
		  0xff, 0xff, 0xff) },
		{ 1, DAMP_COAP_4_03, -1, BYTES(0x51, 0x83, 0xbe, 0xef, 0x4a) },
	};
	uint8_t msg[sizeof(get_core)];

	(void)state;
	memcpy(msg, get_core, sizeof(msg));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cause c;

		msg[0] = (uint8_t)(0x41 | rows[i].type << 4);
		make_cause(&c, 0, msg, sizeof(msg));
		check_coap(c.data, damp_reply_code(c.data, c.len, &c.f, &c.m, rows[i].code,
				rows[i].max_age, 0xbeef),
			   rows[i].want, rows[i].want_len);
	}
}

static void test_challenge(void **state)
{
	static const uint8_t ack[] = { 0x61, 0x81, 0x12, 0x34, 0x4a, 0xd0, 0x01, 0xd9, 0xe1, 0xe0, 1, 2,
			3, 4, 5, 6, 7, 8 };
	static const uint8_t con[] = { 0x41, 0x45, 0x12, 0x34, 0x4a, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9,
			10, 11, 12 };
	static const uint8_t on[] = { 0x41, 0x81, 0x12, 0x34, 0x4a, 0xd0, 0x01, 0xd9, 0xe1, 0xe0, 1, 2,
			3, 4, 5, 6, 7, 8 };
	struct cause c;
	size_t len;

	(void)state;
	make_cause(&c, 1, get_core, sizeof(get_core));
	check_coap(c.data, damp_reply_challenge(c.data, c.len, &c.f, &c.m, echo, DAMP_ECHO_LEN, 0), ack, sizeof(ack));
	/* a separate response of just the same size: type, MID and token stay */
	make_cause(&c, 0, con, sizeof(con));
	len = damp_reply_challenge_on(c.data, c.len, &c.f, &c.m, echo, DAMP_ECHO_LEN, UINT32_MAX);
	assert_int_equal(len, c.len);
	check_coap(c.data, len, on, sizeof(on));
}

/* What the Echo in a challenge says is what the scan finds again. */
static void test_challenge_scans(void **state)
{
	struct damp_frame f;
	struct damp_coap m;
	struct cause c;
	size_t len;

	(void)state;
	make_cause(&c, 8, get_core, sizeof(get_core));
	len = damp_reply_challenge(c.data, c.len, &c.f, &c.m, echo, DAMP_ECHO_LEN, 0);
	damp_frame_parse(c.data, len, test_ports(), false, &f);
	damp_coap_scan(c.data + f.payload_off, f.payload_len, &m);
	assert_int_equal(m.malformed, 0);
	assert_int_equal(m.options, 1ull << DAMP_OPTBIT_MAX_AGE | 1ull << DAMP_OPTBIT_ECHO);
	assert_int_equal(m.echo_len, sizeof(echo));
	assert_memory_equal(c.data + f.payload_off + m.echo_off, echo, sizeof(echo));
}

/* Header rules of attacks.md 6.2, on any frame we made. */
static void check_ip(const uint8_t *ip, bool v6)
{
	if (v6) {
		assert_int_equal(damp_get32(ip), 0x60000000);   /* no class, no flow label */
		assert_int_equal(ip[6], 17);
		assert_int_equal(ip[7], 64);
		return;
	}
	assert_int_equal(ip[0], 0x45);
	assert_int_equal(ip[1], 0);
	assert_int_equal(damp_get16(ip + 4), 0);
	assert_int_equal(damp_get16(ip + 6), 0x4000);
	assert_int_equal(ip[8], 64);
	assert_int_equal(slow_sum(ip, 20, 0), 0xffff);
}

static void check_reply(const uint8_t *out, size_t len, const struct cause *c)
{
	struct damp_frame f;
	struct damp_coap m;
	bool back;

	damp_frame_parse(out, len, test_ports(), false, &f);
	assert_int_equal(f.cls, DAMP_FRAME_COAP);
	assert_int_equal(f.v6, c->f.v6);
	assert_int_equal(f.l3_off, c->f.l3_off);
	assert_int_equal(f.plain_l3, 1);
	assert_true(f.ip_len <= c->f.ip_len);
	assert_int_equal(len, f.l3_off + f.ip_len);             /* nothing stale is counted */
	assert_true(slow_udp_good(out, f.v6, f.l3_off, f.l4_off, f.payload_len + 8u));
	check_ip(out + f.l3_off, f.v6);
	damp_coap_scan(out + f.payload_off, f.payload_len, &m);
	assert_int_equal(m.malformed, 0);

	back = f.sport == c->f.dport;
	assert_int_equal(f.sport, back ? c->f.dport : c->f.sport);
	assert_int_equal(f.dport, back ? c->f.sport : c->f.dport);
	assert_memory_equal(&f.src, back ? &c->f.dst : &c->f.src, 16);
	assert_memory_equal(&f.dst, back ? &c->f.src : &c->f.dst, 16);
	assert_memory_equal(out, c->data + (back ? 6 : 0), 6);
	assert_memory_equal(out + 6, c->data + (back ? 0 : 6), 6);
	assert_memory_equal(out + 12, c->data + 12, c->f.l3_off - 12); /* tags and ethertype */
	if (m.code == DAMP_COAP_CODE_EMPTY) {
		assert_int_equal(m.mid, 0x7777);
		return;
	}
	assert_int_equal(m.tkl, c->m.tkl);
	assert_memory_equal(out + f.payload_off + 4, c->data + c->f.payload_off + 4, m.tkl);
	if (!back) {
		assert_int_equal(m.type, c->m.type);
		assert_int_equal(m.mid, c->m.mid);
		assert_true(damp_coap_is_response(c->m.code));
		return;
	}
	assert_true(damp_coap_is_request(c->m.code));
	assert_int_equal(m.type, c->m.type == DAMP_COAP_CON ? DAMP_COAP_ACK : DAMP_COAP_NON);
	assert_int_equal(m.mid, c->m.type == DAMP_COAP_CON ? c->m.mid : 0xbeef);
}

static void test_round_trip(void **state)
{
	(void)state;
	/* shapes, tokens; requests CON and NON of 3 codes: 9 answers; responses
	 * of 3 types and 2 codes: 1; empty ones for all 12 */
	assert_int_equal(for_each_reply(check_reply), NSHAPES * 9 * (6 * 9 + 6 * 1 + 12 * 3));
}

/* Ports of the ways, told apart by hand. */
static void test_ways(void **state)
{
	struct damp_frame f;
	struct cause c;
	size_t len;

	(void)state;
	make_cause(&c, 0, get_core, sizeof(get_core));
	len = damp_reply_empty(c.data, c.len, &c.f, DAMP_REPLY_ON, DAMP_COAP_CON, 1);
	damp_frame_parse(c.data, len, test_ports(), false, &f);
	assert_int_equal(f.sport, 40000);
	make_cause(&c, 0, get_core, sizeof(get_core));
	len = damp_reply_empty(c.data, c.len, &c.f, DAMP_REPLY_BACK, DAMP_COAP_CON, 1);
	damp_frame_parse(c.data, len, test_ports(), false, &f);
	assert_int_equal(f.sport, 5683);
	assert_int_equal(f.ip_len, damp_empty_ip_len(false));
}

static void test_empty_copy(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < NSHAPES; i++) {
		uint8_t out[DAMP_EMPTY_FRAME_MAX + 1], before[FRAME_MAX];
		struct cause c, same;
		size_t len, want;

		make_cause(&c, i, get_core, sizeof(get_core));
		memcpy(before, c.data, c.len);
		memset(out, 0x55, sizeof(out));
		len = damp_reply_empty_copy(out, DAMP_EMPTY_FRAME_MAX, c.data, &c.f, DAMP_REPLY_BACK,
				DAMP_COAP_CON, 0x7777);
		assert_memory_equal(c.data, before, c.len);
		check_reply(out, len, &c);
		assert_int_equal(out[len], 0x55);
		same = c;
		want = damp_reply_empty(same.data, same.len, &same.f, DAMP_REPLY_BACK, DAMP_COAP_CON, 0x7777);
		assert_int_equal(len, want);
		assert_memory_equal(out, same.data, len);
		assert_int_equal(damp_reply_empty_copy(out, len - 1, c.data, &c.f, DAMP_REPLY_BACK,
				DAMP_COAP_CON, 1), 0);
		assert_int_equal(damp_reply_empty_copy(out, len, c.data, &c.f, DAMP_REPLY_BACK,
				DAMP_COAP_CON, 1), len);
	}
}

/* In place the usual family is built of words, the copy of parts: the same bytes for all
 * Message IDs, of which one has a checksum of 0 to avoid, and for addresses of all ones. */
static void test_empty_words(void **state)
{
	struct cause c;

	(void)state;
	make_cause(&c, 0, get_core, sizeof(get_core));
	for (uint32_t i = 0; i < 4 << 16; i++) {
		const enum damp_reply_way way = i >> 16 & 1 ? DAMP_REPLY_ON : DAMP_REPLY_BACK;
		uint8_t out[DAMP_EMPTY_FRAME_MAX];
		struct cause same = c;
		size_t len;

		if (i >> 17)
			memset(same.f.src.b + 12, 0xff, 4);
		len = damp_reply_empty_copy(out, sizeof(out), same.data, &same.f, way, (uint8_t)(i >> 16), (uint16_t)i);
		assert_int_not_equal(damp_get16(out + len - 6), 0);
		assert_int_equal(damp_reply_empty(same.data, same.len, &same.f, way, (uint8_t)(i >> 16), (uint16_t)i),
				 len);
		assert_memory_equal(same.data, out, len);
		if (way == DAMP_REPLY_ON || (uint8_t)(i >> 16) != DAMP_COAP_CON)
			continue;
		memcpy(same.data, c.data, c.len);
		assert_int_equal(damp_reply_ping(same.data, same.len, &same.f, (uint16_t)i), len);
		assert_memory_equal(same.data, out, len);
	}
}

/* All builders refuse this cause and leave it as it was. */
static void check_refused(struct cause *c)
{
	uint8_t before[FRAME_MAX], out[DAMP_EMPTY_FRAME_MAX];

	memcpy(before, c->data, c->len);
	assert_int_equal(damp_reply_code(c->data, c->len, &c->f, &c->m, DAMP_COAP_4_29, -1, 1), 0);
	assert_int_equal(damp_reply_challenge(c->data, c->len, &c->f, &c->m, echo, DAMP_ECHO_LEN, 1), 0);
	assert_int_equal(damp_reply_challenge_on(c->data, c->len, &c->f, &c->m, echo, DAMP_ECHO_LEN, UINT32_MAX), 0);
	assert_int_equal(damp_reply_empty(c->data, c->len, &c->f, DAMP_REPLY_BACK, DAMP_COAP_CON, 1), 0);
	assert_int_equal(damp_reply_empty(c->data, c->len, &c->f, DAMP_REPLY_ON, DAMP_COAP_RST, 1), 0);
	assert_int_equal(damp_reply_empty_copy(out, sizeof(out), c->data, &c->f, DAMP_REPLY_BACK,
			DAMP_COAP_CON, 1), 0);
	assert_memory_equal(c->data, before, c->len);
}

static void test_never_to_groups(void **state)
{
	static const uint8_t response[] = { 0x51, 0x45, 0x12, 0x34, 0x4a, 0xff, 1, 2, 3, 4, 5, 6, 7, 8,
			9, 10, 11, 12, 13 };
	struct cause c;

	(void)state;
	for (unsigned int i = 0; i < NSHAPES; i++) {
		make_cause(&c, i, get_core, sizeof(get_core));
		c.f.dst_group = 1;
		check_refused(&c);
		c.f.dst_group = 0;
		c.f.l2_group = 1;
		check_refused(&c);
		make_cause(&c, i, response, sizeof(response));
		c.f.dst_group = 1;
		check_refused(&c);
	}
}

/* Responses only for requests in CON or NON, never for what is malformed. */
static void test_wrong_causes(void **state)
{
	const struct { const uint8_t *msg; size_t len; } rows[] = {
		{ BYTES(0x60, 0x45, 1, 2, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) },
		{ BYTES(0x40, 0x45, 1, 2, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) },
		{ BYTES(0x60, 0x00, 1, 2) },
		{ BYTES(0x70, 0x00, 1, 2) },
		{ BYTES(0x40, 0x00, 1, 2) },
	};
	struct cause c;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_cause(&c, 0, rows[i].msg, rows[i].len);
		assert_int_equal(damp_reply_code(c.data, c.len, &c.f, &c.m, DAMP_COAP_4_29, -1, 1), 0);
		assert_int_equal(damp_reply_challenge(c.data, c.len, &c.f, &c.m, echo, DAMP_ECHO_LEN, 1), 0);
	}
	make_cause(&c, 0, get_core, sizeof(get_core));
	assert_int_equal(damp_reply_challenge_on(c.data, c.len, &c.f, &c.m, echo, DAMP_ECHO_LEN, UINT32_MAX), 0);
	c.m.malformed = 1;
	assert_int_equal(damp_reply_code(c.data, c.len, &c.f, &c.m, DAMP_COAP_4_29, -1, 1), 0);
	assert_int_equal(damp_reply_challenge(c.data, c.len, &c.f, &c.m, echo, DAMP_ECHO_LEN, 1), 0);
}

/* Never larger than the cause: at the bound, and one byte above it. IPv4
 * options of the cause count for it, since the link carried them. */
static void test_size_bound(void **state)
{
	/* NON GET, token of 1, and payload up to the size under test */
	static const uint8_t msg[] = { 0x51, 0x01, 0, 1, 0x4a, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
			12, 13, 14 };
	static const uint8_t ping[] = { 0x40, 0x00, 0, 1 }, get_root[] = { 0x40, 0x01, 0, 1 };
	const size_t challenge = 4 + 1 + 2 + 2 + DAMP_ECHO_LEN;
	uint8_t out[DAMP_EMPTY_FRAME_MAX];
	struct cause c;

	(void)state;
	make_cause(&c, 0, msg, challenge);
	assert_int_equal(damp_reply_challenge(c.data, c.len, &c.f, &c.m, echo, DAMP_ECHO_LEN, 1), c.len);
	make_cause(&c, 0, msg, challenge - 1);
	assert_int_equal(damp_reply_challenge(c.data, c.len, &c.f, &c.m, echo, DAMP_ECHO_LEN, 1), 0);
	make_cause(&c, 6, msg, challenge - 8);
	assert_int_equal(damp_reply_challenge(c.data, c.len, &c.f, &c.m, echo, DAMP_ECHO_LEN, 1), c.len);
	make_cause(&c, 6, msg, challenge - 9);
	assert_int_equal(damp_reply_challenge(c.data, c.len, &c.f, &c.m, echo, DAMP_ECHO_LEN, 1), 0);
	make_cause(&c, 1, get_root, sizeof(get_root));
	assert_int_equal(damp_reply_code(c.data, c.len, &c.f, &c.m, DAMP_COAP_4_29, -1, 1), c.len);
	make_cause(&c, 1, get_root, sizeof(get_root));
	assert_int_equal(damp_reply_code(c.data, c.len, &c.f, &c.m, DAMP_COAP_4_29, 5, 1), 0);
	make_cause(&c, 0, ping, sizeof(ping));
	assert_int_equal(damp_reply_empty_copy(out, sizeof(out), c.data, &c.f, DAMP_REPLY_BACK,
			DAMP_COAP_RST, 1), c.len);
	assert_int_equal(damp_reply_empty(c.data, c.len - 1, &c.f, DAMP_REPLY_BACK, DAMP_COAP_RST, 1), 0);
	assert_int_equal(damp_reply_empty(c.data, c.len, &c.f, DAMP_REPLY_BACK, DAMP_COAP_RST, 1), c.len);
}

/* The bound a caller gives for a replaced response. */
static void test_max_ip(void **state)
{
	static const uint8_t msg[] = { 0x50, 0x45, 0, 1, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
			13, 14, 15, 16, 17, 18 };
	const uint32_t need = 20 + 8 + 4 + 2 + 2 + DAMP_ECHO_LEN;
	struct cause c;

	(void)state;
	make_cause(&c, 0, msg, sizeof(msg));
	assert_int_equal(damp_reply_challenge_on(c.data, c.len, &c.f, &c.m, echo, DAMP_ECHO_LEN, need - 1), 0);
	assert_int_equal(damp_reply_challenge_on(c.data, c.len, &c.f, &c.m, echo, DAMP_ECHO_LEN, need), 14 + need);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_challenge),
		cmocka_unit_test(test_challenge_scans),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_empty_copy),
		cmocka_unit_test(test_empty_words),
		cmocka_unit_test(test_never_to_groups),
		cmocka_unit_test(test_wrong_causes),
		cmocka_unit_test(test_size_bound),
		cmocka_unit_test(test_max_ip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
