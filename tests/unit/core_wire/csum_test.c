/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fast checksum against one that adds byte pairs, on random bytes, lengths
 * and alignments; and the two zeros of ones' complement.
 */
#include "build_frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#define ROUNDS 20000

static uint64_t rng = 20240607;

static uint64_t next_random(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

/* 0 and 0xffff are the same number in ones' complement. */
static uint16_t one_zero(uint16_t v)
{
	return v == 0xffff ? 0 : v;
}

static void test_against_slow(void **state)
{
	static uint8_t buf[2100];

	(void)state;
	print_message("seed %llu\n", (unsigned long long)rng);
	for (int i = 0; i < ROUNDS; i++) {
		const size_t len = next_random() % (i % 2 ? 64 : 2048), off = next_random() % 9;
		const uint32_t start = (uint32_t)next_random();
		const uint8_t fill = (uint8_t)(i % 3 ? 0 : 0xff); /* long runs of carries, too */
		uint16_t fast;

		for (size_t k = 0; k < len; k++)
			buf[off + k] = fill ? fill : (uint8_t)next_random();
		fast = damp_csum_fold(damp_csum_add(start, buf + off, len));
		assert_int_equal(one_zero(fast), one_zero(slow_sum(buf + off, len, start)));
	}
}

/* A sum may be continued after an even number of bytes. */
static void test_in_parts(void **state)
{
	uint8_t buf[512];

	(void)state;
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)next_random();
	for (size_t cut = 0; cut <= sizeof(buf); cut += 2) {
		const uint32_t head = damp_csum_add(0, buf, cut);

		assert_int_equal(damp_csum_fold(damp_csum_add(head, buf + cut, sizeof(buf) - cut)),
				 damp_csum_fold(damp_csum_add(0, buf, sizeof(buf))));
	}
}

/* RFC 1071 section 3: 0001 f203 f4f5 f6f7 sums to ddf2. */
static void test_rfc_example(void **state)
{
	static const uint8_t words[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	(void)state;
	assert_int_equal(damp_csum_fold(damp_csum_add(0, words, sizeof(words))), 0xddf2);
	assert_int_equal(damp_csum_fold(damp_csum_add(UINT32_MAX, words, sizeof(words))), 0xddf2);
}

/* A datagram whose sum comes out as 0 must carry 0xffff. */
static void test_never_zero(void **state)
{
	uint8_t payload[2] = { 0, 0 }, frame[FRAME_MAX];
	const struct frame_spec spec = { .sport = 1, .dport = 5683, .payload = payload, .payload_len = 2 };
	struct damp_frame f;
	size_t len = build_frame(frame, &spec);

	(void)state;
	/* With this payload the sum before complement grows by the old checksum. */
	damp_put16(payload, damp_get16(frame + 40));
	len = build_frame(frame, &spec);
	assert_int_equal(damp_get16(frame + 40), 0xffff);
	damp_frame_parse(frame, len, test_ports(), false, &f);
	assert_int_equal(f.cls, DAMP_FRAME_COAP);
	assert_int_equal(damp_udp_checksum(frame, &f, 10), 0xffff);
}

/* The quick check says of every stored value what computing it says; plain or
 * not, both families, odd lengths, 0 and 0xffff among the values. */
static void test_check_agrees(void **state)
{
	uint8_t frame[200];

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		const bool v6 = i & 1;
		const uint16_t udp_len = (uint16_t)(8 + next_random() % 64);
		const struct damp_frame f = { .v6 = v6, .l3_off = 14, .l4_off = v6 ? 54 : 34, .plain_l3 = i >> 1 & 1 };
		uint16_t right, stored[5];

		for (size_t k = 0; k < sizeof(frame); k++)
			frame[k] = (uint8_t)next_random();
		right = damp_udp_checksum(frame, &f, udp_len);
		stored[0] = right;
		stored[1] = (uint16_t)(right ^ 1u << next_random() % 16);
		stored[2] = (uint16_t)next_random();
		stored[3] = 0;
		stored[4] = 0xffff;
		for (size_t k = 0; k < sizeof(stored) / sizeof(stored[0]); k++) {
			damp_put16(frame + f.l4_off + 6, stored[k]);
			assert_int_equal(damp_udp_checksum_good(frame, &f, udp_len), stored[k] == right);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_slow),
		cmocka_unit_test(test_in_parts),
		cmocka_unit_test(test_rfc_example),
		cmocka_unit_test(test_never_zero),
		cmocka_unit_test(test_check_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
