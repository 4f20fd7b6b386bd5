/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SipHash against its published vectors, and the word functions against the
 * byte function.
 *
 * Vectors: key 00 01 .. 0f, input of n bytes 00 01 .. n-1, as published with
 * the reference implementation (2-4; the one of 15 bytes is also appendix A of
 * the paper) and with the independent ones of 1-3. Values are the output read
 * as a little-endian number.
 */
#include "compiled.h"
#include "hash.h"
#include "sip_lanes.h"
#include "table_mem.h"

static const struct damp_key vector_key = { 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull };

static const uint64_t siphash24[64] = {
	0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
	0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
	0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
	0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
	0x3f2acc7f57c29bdb, 0x699ae9f52cbe4794, 0x4bc1b3f0968dd39c, 0xbb6dc91da77961bd,
	0xbed65cf21aa2ee98, 0xd0f2cbb02e3b67c7, 0x93536795e3a33e88, 0xa80c038ccd5ccec8,
	0xb8ad50c6f649af94, 0xbce192de8a85b8ea, 0x17d835b85bbb15f3, 0x2f2e6163076bcfad,
	0xde4daaaca71dc9a5, 0xa6a2506687956571, 0xad87a3535c49ef28, 0x32d892fad841c342,
	0x7127512f72f27cce, 0xa7f32346f95978e3, 0x12e0b01abb051238, 0x15e034d40fa197ae,
	0x314dffbe0815a3b4, 0x027990f029623981, 0xcadcd4e59ef40c4d, 0x9abfd8766a33735c,
	0x0e3ea96b5304a7d0, 0xad0c42d6fc585992, 0x187306c89bc215a9, 0xd4a60abcf3792b95,
	0xf935451de4f21df2, 0xa9538f0419755787, 0xdb9acddff56ca510, 0xd06c98cd5c0975eb,
	0xe612a3cb9ecba951, 0xc766e62cfcadaf96, 0xee64435a9752fe72, 0xa192d576b245165a,
	0x0a8787bf8ecb74b2, 0x81b3e73d20b49b6f, 0x7fa8220ba3b2ecea, 0x245731c13ca42499,
	0xb78dbfaf3a8d83bd, 0xea1ad565322a1a0b, 0x60e61c23a3795013, 0x6606d7e446282b93,
	0x6ca4ecb15c5f91e1, 0x9f626da15c9625f3, 0xe51b38608ef25f57, 0x958a324ceb064572,
};

/* 0 to 24 bytes: every length of a last word, after zero to three whole ones. */
static const uint64_t siphash13[25] = {
	0xabac0158050fc4dc, 0xc9f49bf37d57ca93, 0x82cb9b024dc7d44d, 0x8bf80ab8e7ddf7fb,
	0xcf75576088d38328, 0xdef9d52f49533b67, 0xc50d2b50c59f22a7, 0xd3927d989bb11140,
	0x369095118d299a8e, 0x25a48eb36c063de4, 0x79de85ee92ff097f, 0x70c118c1f94dc352,
	0x78a384b157b4d9a2, 0x306f760c1229ffa7, 0x605aa111c0f95d34, 0xd320d86d2a519956,
	0xcc4fdd1a7d908b66, 0x9cf2689063dbd80c, 0x8ffc389cb473e63e, 0xf21f9de58d297d1c,
	0xc0dc2f46a6cce040, 0xb992abfe2b45f844, 0x7ffe7b9ba320872e, 0x525a0e7fdae6c123,
	0xf464aeb267349c8c,
};

static void fill_counting(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)i;
}

static void test_siphash24_vectors(void **state)
{
	uint8_t in[64];

	(void)state;
	fill_counting(in, sizeof(in));
	for (size_t len = 0; len < 64; len++)
		assert_int_equal(damp_siphash24(&vector_key, in, len), siphash24[len]);
}

/* The same, their words made by hand. */
static void test_siphash24_word_vectors(void **state)
{
	(void)state;
	for (unsigned len = 0; len < 64; len++) {
		uint64_t w[8] = { 0 };

		for (unsigned i = 0; i < len; i++)
			w[i / 8] |= (uint64_t)i << 8 * (i % 8);
		w[len / 8] |= (uint64_t)len << 56;
		assert_int_equal(damp_siphash24_words(&vector_key, w, len / 8 + 1), siphash24[len]);
	}
}

/* Side by side, with vectors and without, of one to eight words. */
static void test_lanes(void **state)
{
	uint64_t x = 0x13198a2e03707344ull;

	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		const struct damp_key key = { x * 5, ~x };
		const unsigned n = 1 + round % 8;
		uint64_t w[8][DAMP_SIP_LANES], out[2][DAMP_SIP_LANES];

		for (unsigned k = 0; k < n; k++)
			for (unsigned i = 0; i < DAMP_SIP_LANES; i++)
				w[k][i] = x = damp_hash1(&key, x);
		damp_sip_lanes(&key, (const uint64_t(*)[DAMP_SIP_LANES])w, n, false, out[0]);
		damp_sip_lanes(&key, (const uint64_t(*)[DAMP_SIP_LANES])w, n, damp_has_avx2(), out[1]);
		assert_memory_equal(out[0], out[1], sizeof(out[0]));
		for (unsigned i = 0; i < DAMP_SIP_LANES; i++) {
			uint64_t one[8];

			for (unsigned k = 0; k < n; k++)
				one[k] = w[k][i];
			assert_int_equal(out[0][i], damp_siphash24_words(&key, one, n));
		}
	}
}

static void test_siphash13_vectors(void **state)
{
	uint8_t in[25];

	(void)state;
	fill_counting(in, sizeof(in));
	for (size_t len = 0; len < 25; len++)
		assert_int_equal(damp_siphash13(&vector_key, in, len), siphash13[len]);
}

static void put_le64(uint8_t *p, uint64_t v)
{
	for (unsigned i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void test_words_are_bytes(void **state)
{
	uint64_t x = 0x243f6a8885a308d3ull;

	(void)state;
	for (unsigned round = 0; round < 1000; round++) {
		const struct damp_key key = { x * 3, ~x };
		const uint64_t w[3] = { x, x * 0x9e3779b97f4a7c15ull, x ^ (x << 7) };
		uint8_t bytes[24];

		for (unsigned i = 0; i < 3; i++)
			put_le64(bytes + 8 * i, w[i]);
		assert_int_equal(damp_hash1(&key, w[0]), damp_siphash13(&key, bytes, 8));
		assert_int_equal(damp_hash2(&key, w[0], w[1]), damp_siphash13(&key, bytes, 16));
		assert_int_equal(damp_hash3(&key, w[0], w[1], w[2]), damp_siphash13(&key, bytes, 24));
		x = damp_hash1(&key, x);
	}
}

static void test_unaligned_input(void **state)
{
	uint8_t in[64 + 8];

	(void)state;
	for (size_t shift = 0; shift < 8; shift++) {
		fill_counting(in + shift, 63);
		assert_int_equal(damp_siphash24(&vector_key, in + shift, 63), siphash24[63]);
	}
}

static void test_derived_keys_differ(void **state)
{
	static const struct { const char *purpose; uint64_t epoch; } of[] = {
		{ "echo", 0 }, { "echo", 1 }, { "ping", 0 }, { "echo ", 0 }, { "", 0 },
		{ "sixteen letters.", 0 }, { "sixteen letters", 0 },
	};
	struct damp_key k[sizeof(of) / sizeof(of[0])];

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		k[i] = damp_key_derive(&vector_key, of[i].purpose, of[i].epoch);
		assert_int_not_equal(k[i].k0, k[i].k1);
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(k[i].k0, k[j].k0);
			assert_int_not_equal(k[i].k1, k[j].k1);
		}
	}
}

static void test_fnv1a_vectors(void **state)
{
	/* FNV-1a 64 as listed by its authors (Fowler, Noll, Vo). */
	static const struct { const char *text; uint64_t value; } v[] = {
		{ "", 0xcbf29ce484222325ull },
		{ "a", 0xaf63dc4c8601ec8cull },
		{ "foobar", 0x85944171f73967e8ull },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		assert_int_equal(damp_fnv1a(v[i].text, strlen(v[i].text)), v[i].value);
}

static void test_mix_keeps_keys_apart(void **state)
{
	const uint64_t keyed = damp_hash1(&vector_key, 1);

	(void)state;
	for (uint64_t a = 0; a < 64; a++) {
		for (uint64_t b = 0; b < a; b++)
			assert_int_not_equal(damp_mix(keyed, a), damp_mix(keyed, b));
		assert_int_not_equal(damp_mix(keyed, a), damp_mix(keyed ^ 1, a));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_siphash24_vectors),
		cmocka_unit_test(test_siphash24_word_vectors),
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_siphash13_vectors),
		cmocka_unit_test(test_words_are_bytes),
		cmocka_unit_test(test_unaligned_input),
		cmocka_unit_test(test_derived_keys_differ),
		cmocka_unit_test(test_fnv1a_vectors),
		cmocka_unit_test(test_mix_keeps_keys_apart),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
