/* SPDX-License-Identifier: BSD-3-Clause */
/* Durations, numbers and words as people read them. */
#include "common/names.h"
#include "common/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_parse_seconds(void **state)
{
	static const struct {
		const char *text;
		int ok;
		uint64_t seconds;
	} row[] = {
		{ "0s", 1, 0 },
		{ "90", 0, 0 },                         /* 90 of what? */
		{ "90s", 1, 90 },
		{ "10min", 1, 600 },
		{ "1h", 1, 3600 },
		{ "2d", 1, 172800 },
		{ "1h30min", 1, 5400 },
		{ "1h30", 0, 0 },                       /* 30 of what? */
		{ "", 0, 0 },
		{ "min", 0, 0 },
		{ "10m", 0, 0 },                        /* metres? the unit is min */
		{ "-5s", 0, 0 },
		{ "1.5h", 0, 0 },
		{ "5 s", 0, 0 },
		{ "18446744073709551615s", 1, UINT64_MAX },
		{ "18446744073709551616s", 0, 0 },
		{ "18446744073709551615d", 0, 0 },      /* the product does not fit */
		{ "18446744073709551615s1s", 0, 0 },    /* the sum does not fit */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint64_t seconds = 0;
		int ok = damp_text_parse_seconds(row[i].text, &seconds) == 0;

		if (ok != row[i].ok || (ok && seconds != row[i].seconds))
			fail_msg("\"%s\": %d %llu", row[i].text, ok, (unsigned long long)seconds);
	}
}

static void test_numbers(void **state)
{
	static const struct {
		char *(*print)(char *out, size_t len, double n);
		double n;
		const char *text;
	} row[] = {
		{ damp_text_count, 0, "0" },
		{ damp_text_count, 99999, "99999" },
		{ damp_text_count, 100000, "100 k" },
		{ damp_text_count, 1234567, "1.23 M" },
		{ damp_text_count, 12345678, "12.3 M" },
		{ damp_text_count, 18446744073709551615.0, "18.4 E" },
		{ damp_text_bytes, 0, "0 B" },
		{ damp_text_bytes, 999, "999 B" },
		{ damp_text_bytes, 999.6, "1.00 kB" },
		{ damp_text_bytes, 4096, "4.10 kB" },
		{ damp_text_bytes, 123456789, "123 MB" },
	};
	char out[DAMP_TEXT_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_string_equal(row[i].print(out, sizeof(out), row[i].n), row[i].text);
}

static void test_spans_and_times(void **state)
{
	char out[DAMP_TEXT_LEN];

	(void)state;
	assert_string_equal(damp_text_span(out, sizeof(out), 59), "59 s");
	assert_string_equal(damp_text_span(out, sizeof(out), 61), "1 min 1 s");
	assert_string_equal(damp_text_span(out, sizeof(out), 7380), "2 h 3 min");
	assert_string_equal(damp_text_span(out, sizeof(out), 90000), "1 d 1 h");
	assert_string_equal(damp_text_span(out, sizeof(out), UINT64_MAX), "213503982334601 d 7 h");
	assert_string_equal(damp_text_time(out, sizeof(out), 1790000000000042),
			    "2026-09-21T14:13:20.000042Z");
	assert_string_equal(damp_text_time_s(out, sizeof(out), 0), "1970-01-01T00:00:00Z");
}

static void test_addresses(void **state)
{
	static const uint8_t v4[16] = { [10] = 0xff, [11] = 0xff, 203, 0, 113, 9 };
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	char out[DAMP_TEXT_ADDR_LEN];

	(void)state;
	assert_string_equal(damp_text_addr(out, sizeof(out), v4), "203.0.113.9");
	assert_string_equal(damp_text_addr(out, sizeof(out), v6), "2001:db8::1");
}

static void test_names(void **state)
{
	char out[8];

	(void)state;
	assert_string_equal(damp_name_code(0x01, out, sizeof(out)), "GET");
	assert_string_equal(damp_name_code(0x45, out, sizeof(out)), "2.05");
	assert_string_equal(damp_name_code(0x9d, out, sizeof(out)), "4.29");
	assert_string_equal(damp_name_code(0x00, out, sizeof(out)), "0.00");
	assert_string_equal(damp_name_reason(DAMP_REASON_AMPLIFICATION), "amplification");
	assert_int_equal(damp_name_reason_severity(DAMP_REASON_AMPLIFICATION), DAMP_SEV_ATTACK);
	/* Out of range, as a record of a newer data plane may be. */
	assert_string_equal(damp_name_reason(DAMP_REASON_MAX), "unknown");
	assert_string_equal(damp_name_verdict(255), "unknown");
	assert_string_equal(damp_name_kind(DAMP_KIND_MAX), "unknown");
	assert_string_equal(damp_name_side(7), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_seconds), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_spans_and_times), cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
