/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules that ask for an option's value: the message that has it meets the rule, those
 * with another value, with none, or with the same bytes in another option do not.
 */
#include "rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char text[] = HEAD ZONES
	"rules:\n"
	"  - {id: json, match: {option: {accept: 50}}, then: drop}\n"
	"  - {id: zero, match: {option: {content-format: 0}}, then: drop}\n"
	"  - {id: host, match: {option: {uri-host: a.io}}, then: drop}\n"
	"  - {id: tag, match: {option: {etag: 0x0102}}, then: drop}\n"
	"  - {id: more, match: {option: {block2: 2/1/64, size2: absent}}, then: drop}\n"
	"  - {id: wide, match: {option: {max-age: 65536}}, then: drop}\n"
	"  - {id: arg, match: {option: {uri-query: d=x}, path: /q}, then: drop}\n";

/* A CON GET with these options; the rule it meets, NULL for none. */
static const struct { const char *what, *rule; uint8_t len, options[16]; } cases[] = {
	{ "Accept 50", "json", 3, { 0xd1, 17 - 13, 50 } },
	{ "Uri-Path a, Accept 50", "json", 4, { 0xb1, 'a', 0x61, 50 } },
	{ "Accept 50 with a leading zero", "json", 5, { 0xb1, 'a', 0x62, 0, 50 } },
	{ "Accept 51", NULL, 4, { 0xb1, 'a', 0x61, 51 } },
	{ "Accept 0x3200", NULL, 5, { 0xb1, 'a', 0x62, 50, 0 } },
	{ "Content-Format 50", NULL, 4, { 0xb1, 'a', 0x11, 50 } },
	{ "Content-Format 0 in no byte", "zero", 3, { 0xb1, 'a', 0x10 } },
	{ "Content-Format 0 in a byte", "zero", 4, { 0xb1, 'a', 0x11, 0 } },
	{ "no Content-Format", NULL, 2, { 0xb1, 'a' } },
	{ "Uri-Host a.io", "host", 5, { 0x34, 'a', '.', 'i', 'o' } },
	{ "Uri-Host b.io", NULL, 5, { 0x34, 'b', '.', 'i', 'o' } },
	{ "Uri-Host a.i", NULL, 4, { 0x33, 'a', '.', 'i' } },
	{ "Uri-Host a.iox", NULL, 6, { 0x35, 'a', '.', 'i', 'o', 'x' } },
	{ "Uri-Path a.io", NULL, 5, { 0xb4, 'a', '.', 'i', 'o' } },
	{ "ETag 1, ETag 0102", "tag", 5, { 0x41, 1, 0x02, 1, 2 } },
	{ "ETag 000102", NULL, 4, { 0x43, 0, 1, 2 } },
	{ "Block2 0x2a", "more", 4, { 0xb1, 'a', 0xc1, 0x2a } },
	{ "Block2 0x2a, Size2", NULL, 5, { 0xb1, 'a', 0xc1, 0x2a, 0x50 } },
	{ "Block2 0x2b", NULL, 4, { 0xb1, 'a', 0xc1, 0x2b } },
	{ "Block2 0x00002a", "more", 6, { 0xb1, 'a', 0xc3, 0, 0, 0x2a } },
	{ "Max-Age 65536", "wide", 6, { 0xb1, 'a', 0x33, 1, 0, 0 } },
	{ "Max-Age 1", NULL, 4, { 0xb1, 'a', 0x31, 1 } },
	{ "/q?a&d=x", "arg", 8, { 0xb1, 'q', 0x41, 'a', 0x03, 'd', '=', 'x' } },
	{ "/p?d=x", NULL, 6, { 0xb1, 'p', 0x43, 'd', '=', 'x' } },
};

static uint64_t dropped(const struct rig *r)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < r->view->hdr->nrules; i++)
		n += rules_counted(r, i, DAMP_OUT_ACTED);
	return n;
}

static void run(bool v6)
{
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t m[32] = { 0x40, 0x01, 0x00, (uint8_t)i };
		struct rig r;
		uint64_t met;

		rules_open(&r, v6, text);
		memcpy(m + 4, cases[i].options, cases[i].len);
		rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, m, 4u + cases[i].len);
		met = cases[i].rule == NULL ? 0 : rules_counted_id(&r, cases[i].rule, DAMP_OUT_ACTED);
		if (dropped(&r) != (cases[i].rule != NULL) || met != (cases[i].rule != NULL))
			fail_msg("%s (IPv%c): %llu met %s, %llu any rule", cases[i].what, v6 ? '6' : '4',
				 (unsigned long long)met, cases[i].rule ? cases[i].rule : "none",
				 (unsigned long long)dropped(&r));
		rig_close(&r);
	}
}

static void test_values(void **state)
{
	(void)state;
	run(false);
	run(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
