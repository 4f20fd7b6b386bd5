/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The permutation of Message IDs: known answers that a second implementation
 * gave (SipHash and the network written anew in another language), then over
 * all 65536 values that it is a bijection with its inverse, and that neither
 * the next ID nor another peer's can be read off one that is known.
 */
#include "permute.h"

#include <stdarg.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#define NMIDS 65536u
#define CELLS 256u
/* Chi square with 255 degrees of freedom is above 377 once in 10^6 times, and
 * below 160 about as rarely. */
#define CHI_HIGH 377.0
#define CHI_LOW 160.0

static const struct damp_key keys[] = {
	{ 0, 0 },
	{ 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull },
	{ UINT64_MAX, 1 },
	{ 0x9e3779b97f4a7c15ull, 0xbf58476d1ce4e5b9ull },
};
static const uint64_t peers[] = { 0, 1, 0x0123456789abcdefull, UINT64_MAX };

#define NKEYS (sizeof(keys) / sizeof(keys[0]))
#define NPEERS (sizeof(peers) / sizeof(peers[0]))

static void test_known(void **state)
{
	static const struct { unsigned int key; uint64_t peer; uint16_t mid, out; } rows[] = {
		{ 0, 0, 0x0000, 0x352e },
		{ 0, 0, 0x0001, 0x77d9 },
		{ 0, 0, 0x1234, 0xe546 },
		{ 0, 0, 0xffff, 0xfdd3 },
		{ 0, 0x0123456789abcdefull, 0x0000, 0xd913 },
		{ 0, 0x0123456789abcdefull, 0xffff, 0x3e40 },
		{ 0, UINT64_MAX, 0x0001, 0x5468 },
		{ 0, UINT64_MAX, 0x1234, 0x093b },
		{ 1, 0, 0x0000, 0x54fa },
		{ 1, 0, 0xffff, 0xa4d8 },
		{ 1, 0x0123456789abcdefull, 0x0001, 0xf5a9 },
		{ 1, 0x0123456789abcdefull, 0x1234, 0x03e9 },
		{ 1, UINT64_MAX, 0x0000, 0x1890 },
		{ 1, UINT64_MAX, 0xffff, 0x9c5a },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(damp_mid_out(&keys[rows[i].key], rows[i].peer, rows[i].mid), rows[i].out);
		assert_int_equal(damp_mid_in(&keys[rows[i].key], rows[i].peer, rows[i].out), rows[i].mid);
	}
}

static void check_bijection(const struct damp_key *k, uint64_t peer)
{
	static uint8_t hit[NMIDS];

	memset(hit, 0, sizeof(hit));
	for (uint32_t mid = 0; mid < NMIDS; mid++) {
		const uint16_t out = damp_mid_out(k, peer, (uint16_t)mid);

		assert_int_equal(hit[out], 0);
		hit[out] = 1;
		assert_int_equal(damp_mid_in(k, peer, out), mid);
	}
}

static void test_bijection(void **state)
{
	(void)state;
	for (size_t k = 0; k < NKEYS; k++)
		for (size_t p = 0; p < NPEERS; p++)
			check_bijection(&keys[k], peers[p]);
}

static double chi_square(const uint32_t *count, double expected)
{
	double chi = 0;

	for (uint32_t i = 0; i < CELLS; i++)
		chi += (count[i] - expected) * (count[i] - expected) / expected;
	return chi;
}

static void check_chance(const uint32_t *high, const uint32_t *low)
{
	const double a = chi_square(high, (double)NMIDS / CELLS), b = chi_square(low, (double)NMIDS / CELLS);

	assert_true(a > CHI_LOW && a < CHI_HIGH);
	assert_true(b > CHI_LOW && b < CHI_HIGH);
}

/* What a server's counter does: the step from one Message ID on the wire to
 * the next looks like chance in both its bytes. */
static void test_sequence(void **state)
{
	(void)state;
	for (size_t k = 0; k < NKEYS; k++) {
		uint32_t high[CELLS] = { 0 }, low[CELLS] = { 0 };

		for (uint32_t mid = 0; mid < NMIDS; mid++) {
			const uint16_t step =
				(uint16_t)(damp_mid_out(&keys[k], peers[2], (uint16_t)(mid + 1)) -
					   damp_mid_out(&keys[k], peers[2], (uint16_t)mid));

			high[step >> 8]++;
			low[step & 255]++;
		}
		check_chance(high, low);
	}
}

/* Two peers whose keys differ in one bit: the same ID stays the same for them
 * about once in all, and the difference looks like chance. */
static void test_peers(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 64; bit += 7) {
		uint32_t high[CELLS] = { 0 }, low[CELLS] = { 0 }, same = 0;

		for (uint32_t mid = 0; mid < NMIDS; mid++) {
			const uint16_t diff = damp_mid_out(&keys[1], peers[2], (uint16_t)mid) ^
					      damp_mid_out(&keys[1], peers[2] ^ 1ull << bit, (uint16_t)mid);

			high[diff >> 8]++;
			low[diff & 255]++;
			same += diff == 0;
		}
		check_chance(high, low);
		assert_in_range(same, 0, 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_bijection),
		cmocka_unit_test(test_sequence),
		cmocka_unit_test(test_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
