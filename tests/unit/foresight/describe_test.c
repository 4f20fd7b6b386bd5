/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptions become the bytes they describe, and frames that the parser takes. */
#include "decode.h"
#include "describe.h"
#include "frame.h"
#include "scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct {
	const char *text, *options[3], *hex;
	uint32_t size;
} messages[] = {
	{ "CON GET /",
	  { NULL },
	  "4401"
	  "0001"
	  "da39e401",
	  0 },
	{ "NON GET /a/b?c=d&e",
	  { NULL },
	  "5401"
	  "0001"
	  "da39e401"
	  "b161"
	  "0162"
	  "43633d64"
	  "0165",
	  0 },
	{ "CON GET /%2f",
	  { NULL },
	  "4401"
	  "0001"
	  "da39e401"
	  "b12f",
	  0 },
	{ "CON GET /a/",
	  { NULL },
	  "4401"
	  "0001"
	  "da39e401"
	  "b161"
	  "00",
	  0 },
	{ "ACK 2.05",
	  { NULL },
	  "6445"
	  "0001"
	  "da39e401",
	  0 },
	{ "CON",
	  { NULL },
	  "4000"
	  "0001",
	  0 },
	{ "RST 0.00",
	  { NULL },
	  "7000"
	  "0001",
	  0 },
	/* options are put into order; 6 observe, 11 uri-path, 23 block2 */
	{ "CON GET /a",
	  { "block2=1/0/64", "observe=0" },
	  "4401"
	  "0001"
	  "da39e401"
	  "60"
	  "5161"
	  "c112",
	  0 },
	{ "CON PUT /a",
	  { "if-none-match", "etag=0x0102", "content-format=60" },
	  "4403"
	  "0001"
	  "da39e401"
	  "420102"
	  "10"
	  "6161"
	  "113c",
	  0 },
	{ "CON GET /",
	  { "65001=0x01" },
	  "4401"
	  "0001"
	  "da39e401"
	  "e1fcdc01",
	  0 },
	/* size: a payload of what is missing, marker included */
	{ "CON GET /",
	  { NULL },
	  "4401"
	  "0001"
	  "da39e401"
	  "ff7878",
	  11 },
	/* one byte is too few for a payload: the token grows */
	{ "CON GET /",
	  { NULL },
	  "4501"
	  "0001"
	  "da39e40100",
	  9 },
};

static void test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		uint8_t want[128], got[128];
		struct damp_description d;
		struct damp_coap m;
		char why[DAMP_DESCRIBE_WHY];
		const long n = damp_hex_parse(messages[i].hex, want, sizeof(want));
		size_t len;

		print_message("%s\n", messages[i].text);
		assert_true(n > 0);
		if (!damp_describe(messages[i].text, &d, why))
			fail_msg("%s", why);
		for (unsigned o = 0; o < 3 && messages[i].options[o]; o++)
			if (!damp_describe_option(&d, messages[i].options[o], why))
				fail_msg("%s", why);
		d.size = messages[i].size;
		len = damp_describe_message(&d, got, sizeof(got), why);
		assert_int_equal(len, n);
		assert_memory_equal(got, want, len);
		damp_coap_scan(got, len, &m);
		/* 65001 is from the experimental range, which the scan refuses */
		assert_int_equal(m.malformed != 0,
				 messages[i].options[0] && messages[i].options[0][0] == '6');
	}
}

static void test_wrong(void **state)
{
	static const char *const texts[] = {
		"",	    "GET /a",  "CON GETT /a", "CON GET a",  "CON GET /a b",
		"CON 9.05", "CON 2.5", "CON 0.00 /a", "con GET /a", "CON GET /%zz",
	};
	static const char *const options[] = {
		"observ=0",	   "observe=x", "block2=1/2/64", "block2=1/0/65", "block2=3",
		"if-none-match=1", "etag=abc",	"70000=0x01",	 "etag=0x1",	  "=1",
	};
	struct damp_description d;
	char why[DAMP_DESCRIBE_WHY];
	uint8_t out[64];

	(void)state;
	assert_false(damp_describe_option(&(struct damp_description){ 0 }, "observ=0", why));
	assert_string_equal(why, "there is no option 'observ'; did you mean 'observe'?");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		why[0] = '\0';
		if (damp_describe(texts[i], &d, why))
			fail_msg("'%s' was taken", texts[i]);
		assert_true(why[0] != '\0');
	}
	assert_true(damp_describe("CON GET /a", &d, why));
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (damp_describe_option(&d, options[i], why))
			fail_msg("'%s' was taken", options[i]);
	d.size = 5; /* smaller than the message is */
	assert_int_equal(damp_describe_message(&d, out, sizeof(out), why), 0);
	assert_true(damp_describe("RST", &d, why));
	d.size = 20; /* an Empty message holds nothing */
	assert_int_equal(damp_describe_message(&d, out, sizeof(out), why), 0);
}

static void test_endpoints(void **state)
{
	static const char *const good[] = { "192.0.2.1", "192.0.2.1:5683", "2001:db8::1",
					    "[2001:db8::1]", "[2001:db8::1]:5683" };
	static const char *const bad[] = { "192.0.2",		"192.0.2.1:0",
					   "192.0.2.1:70000",	"[2001:db8::1",
					   "[2001:db8::1]5683", "x",
					   "192.0.2.1:",	"" };
	struct damp_endpoint e;
	char why[DAMP_DESCRIBE_WHY];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!damp_endpoint_parse(good[i], 5683, &e, why))
			fail_msg("%s", why);
		assert_int_equal(e.port, 5683);
		assert_int_equal(damp_addr_is_v4(&e.addr), i < 2);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (damp_endpoint_parse(bad[i], 5683, &e, why))
			fail_msg("'%s' was taken", bad[i]);
}

/* Frames of both families, with checksums that the parser verifies itself. */
static void test_frames(void **state)
{
	static const struct {
		const char *from, *to;
		uint8_t mac0, v6;
	} cases[] = {
		{ "203.0.113.9", "192.0.2.1", 0x02, 0 },
		{ "2001:db8::9", "2001:db8:1::1", 0x02, 1 },
		{ "203.0.113.9", "224.0.1.187", 0x01, 0 },
		{ "203.0.113.9", "255.255.255.255", 0xff, 0 },
		{ "2001:db8::9", "ff02::fd", 0x33, 1 },
	};
	static struct damp_port_map ports;
	uint8_t msg[64], frame[256];
	struct damp_description d;
	char why[DAMP_DESCRIBE_WHY];
	size_t len;

	(void)state;
	ports.coap[5683 / 64] = 1ull << 5683 % 64;
	assert_true(damp_describe("NON GET /a", &d, why));
	len = damp_describe_message(&d, msg, sizeof(msg), why);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct damp_endpoint a, b;
		struct damp_frame f;
		size_t n;

		assert_true(damp_endpoint_parse(cases[i].from, 40000, &a, why));
		assert_true(damp_endpoint_parse(cases[i].to, 5683, &b, why));
		n = damp_describe_frame(&a, &b, msg, len, frame, why);
		assert_int_equal(n, 14u + (cases[i].v6 ? 40u : 20u) + 8u + len);
		assert_int_equal(frame[0], cases[i].mac0);
		damp_frame_parse(frame, n, &ports, false, &f);
		assert_int_equal(f.cls, DAMP_FRAME_COAP);
		assert_int_equal(f.v6, cases[i].v6);
		assert_int_equal(f.payload_len, len);
		assert_memory_equal(f.src.b, a.addr.b, 16);
		assert_memory_equal(f.dst.b, b.addr.b, 16);
		assert_int_equal(f.sport, 40000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
