/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hash of table keys: the processor's rounds against rounds written out
 * (FIPS-197, whose appendix B tells what one round gives), and both kinds
 * against what a table needs: every bit of the input moves half of the result,
 * and neighbours fall evenly on the lines.
 */
#include "hasher.h"
#include "judge_keys.h"
#include "needs.h"
#include "table_mem.h"

static const struct damp_key master = { 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull };

static uint8_t times2(uint8_t x)
{
	return (uint8_t)(x << 1 ^ (x & 0x80 ? 0x1b : 0));
}

static uint8_t times(uint8_t a, uint8_t b)
{
	uint8_t p = 0;

	for (; b != 0; b >>= 1, a = times2(a))
		p ^= b & 1 ? a : 0;
	return p;
}

/* The inverse in GF(2^8), then the affine map. */
static uint8_t sub(uint8_t x)
{
	uint8_t inv = 1, out = 0x63;

	for (unsigned i = 0; i < 254; i++)
		inv = times(inv, x);
	for (unsigned i = 0; i < 5; i++)
		out ^= (uint8_t)(inv << i | inv >> (8 - i));
	return out;
}

static void aes_round(uint8_t s[16], const uint8_t key[16])
{
	uint8_t t[16];

	for (unsigned c = 0; c < 4; c++) {
		uint8_t b[4];

		for (unsigned r = 0; r < 4; r++)
			b[r] = sub(s[(c + r) % 4 * 4 + r]);
		for (unsigned r = 0; r < 4; r++)
			t[4 * c + r] = times2(b[r]) ^ times2(b[(r + 1) % 4]) ^ b[(r + 1) % 4] ^ b[(r + 2) % 4] ^
				       b[(r + 3) % 4];
	}
	for (unsigned i = 0; i < 16; i++)
		s[i] = t[i] ^ key[i];
}

static void test_round_written_out(void **state)
{
	uint8_t s[16] = { 0x19, 0x3d, 0xe3, 0xbe, 0xa0, 0xf4, 0xe2, 0x2b,
			  0x9a, 0xc6, 0x8d, 0x2a, 0xe9, 0xf8, 0x48, 0x08 };
	const uint8_t key[16] = { 0xa0, 0xfa, 0xfe, 0x17, 0x88, 0x54, 0x2c, 0xb1,
				  0x23, 0xa3, 0x39, 0x39, 0x2a, 0x6c, 0x76, 0x05 };
	const uint8_t out[16] = { 0xa4, 0x9c, 0x7f, 0xf2, 0x68, 0x9f, 0x35, 0x2b,
				  0x6b, 0x5b, 0xea, 0x43, 0x02, 0x6a, 0x50, 0x49 };

	(void)state;
	aes_round(s, key);
	assert_memory_equal(s, out, sizeof(out));
}

/* Of three words, or of the first two. */
static uint64_t twin(const struct damp_hasher *h, const uint64_t w[3], unsigned words)
{
	uint8_t s[16];
	uint64_t v;

	memcpy(s, w, 16);
	for (unsigned i = 0; i < 16; i++)
		s[i] ^= ((const uint8_t *)h->key[0])[i];
	for (unsigned i = words == 2 ? 5 : 1; i <= DAMP_HASHER_ROUNDS; i++) {
		for (unsigned k = 0; k < 8 && i == 5 && words == 3; k++)
			s[k] ^= (uint8_t)(w[2] >> 8 * k);
		aes_round(s, (const uint8_t *)h->key[i]);
	}
	memcpy(&v, s, 8);
	return v;
}

static void test_twin(void **state)
{
	struct damp_hasher h;
	uint64_t x = 1;

	(void)state;
	damp_hasher_init(&h, &master, "test");
	assert_true(h.aes);
	for (unsigned i = 0; i < 200; i++) {
		const uint64_t w[3] = { damp_mix(x, 1), damp_mix(x, 2), i % 3 ? damp_mix(x, 3) : i };

		uint64_t pair[2];

		assert_int_equal(damp_hasher3(&h, w[0], w[1], w[2]), twin(&h, w, 3));
		assert_int_equal(damp_hasher2(&h, w[0], w[1]), twin(&h, w, 2));
		damp_hasher2_pair(&h, w, w + 1, pair);
		assert_int_equal(pair[0], twin(&h, w, 2));
		assert_int_equal(pair[1], twin(&h, (uint64_t[]){ w[1], w[2], 0 }, 2));
		x = w[0];
	}
}

static void test_other_kind_is_siphash(void **state)
{
	struct damp_hasher h;
	uint64_t pair[2];

	(void)state;
	damp_hasher_init(&h, &master, "test");
	h.aes = false;
	assert_int_equal(damp_hasher3(&h, 1, 2, 3), damp_hash3(&h.sip, 1, 2, 3));
	assert_int_equal(damp_hasher2(&h, 1, 2), damp_hash2(&h.sip, 1, 2));
	damp_hasher2_pair(&h, (uint64_t[]){ 1, 2 }, (uint64_t[]){ 3, 4 }, pair);
	assert_int_equal(pair[0], damp_hash2(&h.sip, 1, 2));
	assert_int_equal(pair[1], damp_hash2(&h.sip, 3, 4));
}

/* Of so many words. */
static uint64_t of(const struct damp_hasher *h, const uint64_t w[3], unsigned words)
{
	return words == 2 ? damp_hasher2(h, w[0], w[1]) : damp_hasher3(h, w[0], w[1], w[2]);
}

static void avalanche(const struct damp_hasher *h, unsigned words)
{
	for (unsigned bit = 0; bit < 64 * words; bit++) {
		unsigned moved = 0;

		for (uint64_t i = 0; i < 500; i++) {
			uint64_t w[3] = { damp_mix(i, 7), i, damp_mix(i, 9) };
			const uint64_t before = of(h, w, words);

			w[bit / 64] ^= 1ull << bit % 64;
			moved += (unsigned)__builtin_popcountll(before ^ of(h, w, words));
		}
		/* 16 000 expected; the deviation is 89 */
		assert_in_range(moved, 15500, 16500);
	}
}

/* Neighbouring addresses on 4096 lines by the low bits, and by the high ones, as
 * line and tag are taken: chi-square of 4095 degrees lies in 4095 +- 6 * 90.5. */
static void evenness(const struct damp_hasher *h, unsigned words, unsigned shift, uint64_t step)
{
	unsigned count[4096] = { 0 };
	double chi = 0;

	for (uint64_t i = 0; i < 4096 * 16; i++)
		count[of(h, (uint64_t[]){ 0xffff0000ull, i * step, 128 }, words) >> shift & 4095]++;
	for (unsigned i = 0; i < 4096; i++)
		chi += (count[i] - 16.0) * (count[i] - 16.0) / 16.0;
	assert_true(chi > 3550 && chi < 4640);
}

static void test_spread(void **state)
{
	struct damp_hasher h;

	(void)state;
	damp_hasher_init(&h, &master, "test");
	for (unsigned kind = 0; kind < 4; kind++) {
		const unsigned words = 2 + kind % 2;

		h.aes &= kind < 2;
		avalanche(&h, words);
		for (unsigned at = 0; at < 48; at += 8)
			evenness(&h, words, at + 4, 1ull << at);
	}
}

static void test_purposes_differ(void **state)
{
	struct damp_hasher a, b;

	(void)state;
	damp_hasher_init(&a, &master, "one");
	damp_hasher_init(&b, &master, "two");
	assert_true(damp_hasher3(&a, 1, 2, 3) != damp_hasher3(&b, 1, 2, 3));
	assert_true(a.aes == damp_hasher_can_aes());
}

/* Of the same two addresses no ports, and no small number added, give the ends of
 * others: w = golden * (s + d * (2^32 + 1)) has no solution but zero. */
static void test_ends_lie_apart(void **state)
{
	uint64_t inverse = DAMP_GOLDEN;

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		inverse *= 2 - DAMP_GOLDEN * inverse;
	assert_int_equal(inverse * DAMP_GOLDEN, 1);
	assert_true(damp_key_ends(damp_key_port(5, 7), damp_key_port(9, 11)) - damp_key_ends(5, 9) ==
		    DAMP_GOLDEN * ((1ull << 48) + 7 + ((1ull << 48) + 11) * ((1ull << 32) + 1)));
	for (int64_t w = -63; w <= 63; w++) {
		for (int64_t d = -65535; d <= 65535; d++) {
			const int64_t s = (int64_t)(inverse * (uint64_t)w - (uint64_t)d * ((1ull << 32) + 1));

			assert_true((w == 0 && d == 0) || s > 65535 || s < -65535);
		}
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_written_out), cmocka_unit_test(test_other_kind_is_siphash),
		cmocka_unit_test(test_spread), cmocka_unit_test(test_purposes_differ),
		cmocka_unit_test(test_ends_lie_apart),
	};
	const struct CMUnitTest with_aes[] = { cmocka_unit_test(test_twin) };

	if (!needs_run(argc, argv, "aes"))
		return cmocka_run_group_tests(tests, NULL, NULL);
	return damp_hasher_can_aes() ? cmocka_run_group_tests(with_aes, NULL, NULL)
				     : needs_missing("this processor has no AES");
}
