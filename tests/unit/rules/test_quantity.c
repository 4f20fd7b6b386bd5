/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Units, whole numbers, costs in ticks, and suggestions.
 */
#include "quantity.h"
#include "suggest.h"

#include <damper/program.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define RATE (DAMP_WANT(MESSAGE_RATE) | DAMP_WANT(BYTE_RATE))

static void good_quantities(void **state)
{
	static const struct { const char *text; unsigned want; enum damp_unit unit; uint64_t micro; uint32_t per_s; } t[] = {
		{ "20 msg/s", RATE, DAMP_UNIT_MESSAGE_RATE, 20000000, 1 },
		{ "20msg/s", RATE, DAMP_UNIT_MESSAGE_RATE, 20000000, 1 },
		{ "0.5 msg/min", RATE, DAMP_UNIT_MESSAGE_RATE, 500000, 60 },
		{ "1.000001 msg/h", RATE, DAMP_UNIT_MESSAGE_RATE, 1000001, 3600 },
		{ "64 KiB/s", RATE, DAMP_UNIT_BYTE_RATE, 65536000000, 1 },
		{ "1 kB/s", RATE, DAMP_UNIT_BYTE_RATE, 1000000000, 1 },
		{ "8 kbit/s", RATE, DAMP_UNIT_BYTE_RATE, 1000000000, 1 },      /* 8000 bits are 1000 bytes */
		{ "1 Gbit/s", RATE, DAMP_UNIT_BYTE_RATE, 125000000000000, 1 },
		{ "3x", DAMP_WANT(TIMES), DAMP_UNIT_TIMES, 3000000, 1 },
		{ "1.5x", DAMP_WANT(TIMES), DAMP_UNIT_TIMES, 1500000, 1 },
		{ "96 B", DAMP_WANT(BYTES), DAMP_UNIT_BYTES, 96000000, 1 },
		{ "2 GiB", DAMP_WANT(BYTES), DAMP_UNIT_BYTES, 2147483648000000, 1 },
		{ "0 B", DAMP_WANT(BYTES), DAMP_UNIT_BYTES, 0, 1 },
		{ "1500 ms", DAMP_WANT(MS), DAMP_UNIT_MS, 1500000000, 1 },
		{ "5 min", DAMP_WANT(MS), DAMP_UNIT_MS, 300000000000, 1 },
		{ "2 d", DAMP_WANT(MS), DAMP_UNIT_MS, 172800000000000, 1 },
		{ "10 msg", DAMP_WANT(MESSAGES), DAMP_UNIT_MESSAGES, 10000000, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct damp_quantity q;
		char why[DAMP_WHY_MAX];

		if (!damp_quantity_parse(t[i].text, t[i].want, &q, why))
			fail_msg("'%s': %s", t[i].text, why);
		assert_int_equal(q.unit, t[i].unit);
		assert_int_equal(q.micro, t[i].micro);
		assert_int_equal(q.per_s, t[i].per_s);
	}
}

static void bad_quantities(void **state)
{
	static const struct { const char *text; unsigned want; const char *why; } t[] = {
		{ "20", RATE, "'20' has no unit; write '20 msg/s'" },
		{ "20", DAMP_WANT(BYTE_RATE), "'20' has no unit; write '20 KiB/s'" },
		{ "3", DAMP_WANT(TIMES), "'3' has no unit; write '3x'" },
		{ "30", DAMP_WANT(MS), "'30' has no unit; write '30 s'" },
		{ "20pps", RATE, "'20pps' has no known unit; did you mean '20 msg/s'?" },
		{ "10 Kbps", RATE, "'10 Kbps' has no known unit; did you mean '10 kbit/s'?" },
		{ "10 mb/s", RATE, "'10 mb/s' has no known unit; did you mean '10 MB/s'?" },
		{ "5 minutes", DAMP_WANT(MS), "'5 minutes' has no known unit; did you mean '5 min'?" },
		{ "5 m", DAMP_WANT(MS), "'5 m' has no known unit; did you mean '5 min'?" },
		{ "16 K", DAMP_WANT(BYTES), "'16 K' has no known unit; did you mean '16 kB'?" },
		{ "16 kib", DAMP_WANT(BYTES), "'16 kib' has no known unit; did you mean '16 KiB'?" },
		{ "3 times", DAMP_WANT(TIMES), "'3 times' has no known unit; did you mean '3x'?" },
		{ "5 furlongs", DAMP_WANT(TIMES), "'5 furlongs' has no unit that fits here; write one of x" },
		{ "-1 msg", DAMP_WANT(MESSAGES), "'-1 msg' is not a number with a unit; write it like '10 msg'" },
		{ ".5x", DAMP_WANT(TIMES), "'.5x' is not a number with a unit; write it like '10x'" },
		{ "1.0000001x", DAMP_WANT(TIMES), "'1.0000001x' is not a number with a unit; write it like '10x'" },
		{ "", DAMP_WANT(BYTES), "'' is not a number with a unit; write it like '10 B'" },
		{ "1e3 B", DAMP_WANT(BYTES), "'1e3 B' is not how a number is written here; write '1000 B'" },
		{ "010 msg/s", RATE, "'010 msg/s' is not how a number is written here; write '10 msg/s'" },
		{ "1,5 msg/s", RATE, "'1,5 msg/s' is not how a number is written here; write '1.5 msg/s'" },
		{ "10,000 msg/s", RATE, "'10,000 msg/s' is not how a number is written here; write '10000 msg/s'" },
		{ "1_000 B", DAMP_WANT(BYTES), "'1_000 B' is not how a number is written here; write '1000 B'" },
		{ "+5 s", DAMP_WANT(MS), "'+5 s' is not how a number is written here; write '5 s'" },
		{ "03x", DAMP_WANT(TIMES), "'03x' is not how a number is written here; write '3x'" },
		{ "10 msg per minute", RATE, "'10 msg per minute' is not how a number is written here; write '10 msg/min'" },
		{ "1.2.3 B", DAMP_WANT(BYTES), "'1.2.3 B' has no unit that fits here; write one of B, kB, KiB, MB, MiB, GiB" },
		{ "1e3e3 B", DAMP_WANT(BYTES), "'1e3e3 B' has no unit that fits here; write one of B, kB, KiB, MB, MiB, GiB" },
		{ "0e0", DAMP_WANT(BYTES), "'0e0' has no unit that fits here; write one of B, kB, KiB, MB, MiB, GiB" },
		{ "100000000000 GiB", DAMP_WANT(BYTES), "'100000000000 GiB' is too large" },
		{ "99999999999999999999 B", DAMP_WANT(BYTES),
		  "'99999999999999999999 B' is too large" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct damp_quantity q;
		char why[DAMP_WHY_MAX] = "accepted";

		assert_false(damp_quantity_parse(t[i].text, t[i].want, &q, why));
		assert_string_equal(why, t[i].why);
	}
}

static void integers(void **state)
{
	static const struct { const char *text; uint64_t low, high; bool good; uint64_t v; } t[] = {
		{ "0", 0, 65535, true, 0 },       { "65535", 0, 65535, true, 65535 },
		{ "65536", 0, 65535, false, 0 },  { "0x10", 0, 65535, true, 16 },
		{ "0xFf", 0, 65535, true, 255 },  { "0x", 0, 65535, false, 0 },
		{ "", 0, 65535, false, 0 },       { "1 ", 0, 65535, false, 0 },
		{ "+1", 0, 65535, false, 0 },     { "-0", 0, 65535, false, 0 },
		{ "1_000", 0, 65535, false, 0 },  { "4294967295", 0, UINT32_MAX, true, UINT32_MAX },
		{ "4294967296", 0, UINT32_MAX, false, 0 }, { "18446744073709551617", 0, UINT32_MAX, false, 0 },
		{ "1", 2, 3, false, 0 },          { "a", 0, 65535, false, 0 },
		{ "010", 0, 65535, false, 0 },    { "00", 0, 65535, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char why[DAMP_WHY_MAX];
		uint64_t v = 0;

		if (damp_integer_parse(t[i].text, t[i].low, t[i].high, &v, why) != t[i].good)
			fail_msg("'%s'", t[i].text);
		if (t[i].good)
			assert_int_equal(v, t[i].v);
	}
}

/* 2^20 ticks a second, 16 fraction bits, rounded up. */
static void costs(void **state)
{
	static const struct { const char *rate; uint64_t factor_micro, cost_q16; } t[] = {
		{ "1 msg/s", DAMP_MICRO, 1ull << 36 },
		{ "1 msg/min", DAMP_MICRO, 60ull << 36 },
		{ "4 KiB/s", DAMP_MICRO, 1ull << 24 },
		{ "4 KiB/s", 32 * DAMP_MICRO, 1ull << 19 },
		{ "3 msg/s", DAMP_MICRO, 22906492246 },           /* 2^36 / 3 = 22906492245.33 */
		{ "0.5 msg/s", DAMP_MICRO, 1ull << 37 },
		{ "0 msg/s", DAMP_MICRO, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct damp_quantity q;
		char why[DAMP_WHY_MAX];

		assert_true(damp_quantity_parse(t[i].rate, RATE, &q, why));
		assert_int_equal(damp_cost_q16(&q, t[i].factor_micro), t[i].cost_q16);
	}
}

static void suggestions(void **state)
{
	static const char *const words[] = { "drop", "accept", "challenge", "x", "to", NULL };
	static const struct { const char *written, *expect; } t[] = {
		{ "dorp", "drop" }, { "Drop", "drop" }, { "acept", "accept" },
		{ "dr\xd0\xbep", "drop" }, /* a Cyrillic o */ { "challange", "challenge" },
		{ "chalenges", "challenge" }, { "reject", "drop" }, { "Allow", "accept" },
		{ "method", NULL }, { "projects", NULL }, { "", NULL }, { "y", NULL }, { "ot", "to" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *got = damp_suggest(t[i].written, words);

		if ((got == NULL) != (t[i].expect == NULL) || (got && strcmp(got, t[i].expect) != 0))
			fail_msg("'%s' gives '%s'", t[i].written, got ? got : "nothing");
	}
}

/* Every day of 500 years against the C library. */
static void days(void **state)
{
	static const char *const bad[] = { "", "2027-3-01", "2027-03-1", "27-03-01", "2027/03/01", "2027-02-29", "2100-02-29",
					   "2027-13-01", "2027-00-10", "2027-01-00", "2027-04-31", "1969-12-31",
					   "2027-03-01 ", "2027-03-0a", "-027-03-01" };
	char why[DAMP_WHY_MAX], text[16];
	int64_t got;

	(void)state;
	for (int64_t day = 0; day < 500 * 366; day++) {
		const time_t at = (time_t)(day * 86400);
		struct tm tm;

		assert_non_null(gmtime_r(&at, &tm));
		assert_int_equal(strftime(text, sizeof(text), "%Y-%m-%d", &tm), 10);
		assert_true(damp_date_parse(text, &got, why));
		assert_int_equal(got, day);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (damp_date_parse(bad[i], &got, why))
			fail_msg("'%s' was taken for a day", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_quantities), cmocka_unit_test(bad_quantities), cmocka_unit_test(integers),
		cmocka_unit_test(costs), cmocka_unit_test(days), cmocka_unit_test(suggestions),
	};

	return cmocka_run_group_tests_name("quantities", tests, NULL, NULL);
}
