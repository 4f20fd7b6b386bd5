/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages as JSON, literal bytes against literal text. */
#include "decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct {
	const char *name, *hex, *json;
} cases[] = {
	{ "a GET with path, query, observe and block2",
	  "44"	     /* version 1, CON, token of 4 */
	  "01"	     /* 0.01 GET */
	  "1234"     /* Message ID */
	  "a1b2c3d4" /* token */
	  "60"	     /* +6 = 6 Observe, empty: 0 */
	  "5161"     /* +5 = 11 Uri-Path "a" */
	  "022f20"   /* +0 = 11 Uri-Path "/ " */
	  "43783d31" /* +4 = 15 Uri-Query "x=1" */
	  "811a",    /* +8 = 23 Block2: number 1, more, 64 B */
	  "{\"accepted\":true,\"reason\":null,\"length\":20,\"type\":\"CON\",\"code\":\"0.01\","
	  "\"code_name\":\"GET\","
	  "\"kind\":\"request\",\"mid\":4660,\"token\":\"a1b2c3d4\",\"options\":["
	  "{\"number\":6,\"name\":\"observe\",\"hex\":\"\"},{\"number\":11,\"name\":\"uri-path\","
	  "\"hex\":\"61\"},"
	  "{\"number\":11,\"name\":\"uri-path\",\"hex\":\"2f20\"},{\"number\":15,\"name\":\"uri-"
	  "query\",\"hex\":\"783d31\"},"
	  "{\"number\":23,\"name\":\"block2\",\"hex\":\"1a\"}],\"path\":\"/a/"
	  "%2F%20\",\"query\":\"x=1\",\"observe\":0,"
	  "\"block1\":null,\"block2\":{\"num\":1,\"m\":true,\"szx\":2,\"size\":64},\"q_block1\":"
	  "null,\"q_block2\":null,"
	  "\"payload_len\":0,\"payload\":\"\"}" },
	{ "a piggybacked response with payload",
	  "60"	    /* version 1, ACK, no token */
	  "45"	    /* 2.05 Content */
	  "0001"    /* Message ID */
	  "c0"	    /* +12 Content-Format, empty: 0 */
	  "ff6869", /* marker, "hi" */
	  "{\"accepted\":true,\"reason\":null,\"length\":8,\"type\":\"ACK\",\"code\":\"2.05\","
	  "\"code_name\":\"Content\","
	  "\"kind\":\"response\",\"mid\":1,\"token\":\"\",\"options\":[{\"number\":12,\"name\":"
	  "\"content-format\","
	  "\"hex\":\"\"}],\"path\":null,\"query\":null,\"observe\":null,\"block1\":null,\"block2\":"
	  "null,\"q_block1\":null,"
	  "\"q_block2\":null,\"payload_len\":2,\"payload\":\"6869\"}" },
	{ "a reset", "700012ff", /* version 1, RST, 0.00, Message ID 0x12ff */
	  "{\"accepted\":true,\"reason\":null,\"length\":4,\"type\":\"RST\",\"code\":\"0.00\","
	  "\"code_name\":\"Empty\","
	  "\"kind\":\"empty\",\"mid\":4863,\"token\":\"\",\"options\":[],\"path\":null,\"query\":"
	  "null,\"observe\":null,"
	  "\"block1\":null,\"block2\":null,\"q_block1\":null,\"q_block2\":null,\"payload_len\":0,"
	  "\"payload\":\"\"}" },
	{ "a marker with nothing behind it", "40010001ff",
	  "{\"accepted\":false,\"reason\":\"coap_marker\",\"length\":5,\"type\":\"CON\",\"code\":"
	  "\"0.01\","
	  "\"code_name\":\"GET\",\"kind\":\"malformed\",\"mid\":1,\"token\":null,\"options\":[],"
	  "\"path\":null,"
	  "\"query\":null,\"observe\":null,\"block1\":null,\"block2\":null,\"q_block1\":null,\"q_"
	  "block2\":null,"
	  "\"payload_len\":null,\"payload\":null}" },
	{ "two bytes", "4001",
	  "{\"accepted\":false,\"reason\":\"coap_short\",\"length\":2,\"type\":null,\"code\":null,"
	  "\"code_name\":null,"
	  "\"kind\":\"malformed\",\"mid\":null,\"token\":null,\"options\":[],\"path\":null,"
	  "\"query\":null,\"observe\":null,"
	  "\"block1\":null,\"block2\":null,\"q_block1\":null,\"q_block2\":null,\"payload_len\":"
	  "null,\"payload\":null}" },
};

static void test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t msg[256];
		const long n = damp_hex_parse(cases[i].hex, msg, sizeof(msg));
		json_t *j;
		char *text;

		assert_true(n >= 0);
		/* an exact heap copy, so that a read past the end is seen */
		uint8_t *exact = malloc((size_t)n ? (size_t)n : 1);

		assert_non_null(exact);
		memcpy(exact, msg, (size_t)n);
		j = damp_message_json(exact, (size_t)n);
		text = json_dumps(j, JSON_COMPACT);
		print_message("%s\n", cases[i].name);
		assert_string_equal(text, cases[i].json);
		free(text);
		free(exact);
		json_decref(j);
	}
}

static void test_lines(void **state)
{
	static const struct {
		const char *hex, *line;
	} lines[] = {
		{ "44011234a1b2c3d4b161", "CON GET /a, Message ID 4660, token a1b2c3d4, 10 B" },
		{ "60450001", "ACK 2.05 Content, Message ID 1, token none, 4 B" },
		{ "70000001", "RST 0.00 Empty, Message ID 1, token none, 4 B" },
		{ "4001", "malformed (coap_short), 2 B" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		uint8_t msg[64];
		char out[200];
		json_t *j = damp_message_json(
			msg, (size_t)damp_hex_parse(lines[i].hex, msg, sizeof(msg)));

		assert_string_equal(damp_message_line(j, out, sizeof(out)), lines[i].line);
		json_decref(j);
	}
}

static void test_hex(void **state)
{
	uint8_t out[4];

	(void)state;
	assert_int_equal(damp_hex_parse("", out, 4), 0);
	assert_int_equal(damp_hex_parse(" 0x40:01 00 1F\n", out, 4), 4);
	assert_memory_equal(out, "\x40\x01\x00\x1f", 4);
	assert_int_equal(damp_hex_parse("400", out, 4), -1);	    /* half a byte */
	assert_int_equal(damp_hex_parse("4001001f22", out, 4), -1); /* too long */
	assert_int_equal(damp_hex_parse("4 0", out, 4), -1);	    /* a byte torn apart */
	assert_int_equal(damp_hex_parse("zz", out, 4), -1);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(damp_code_name(0x45), "Content");
	assert_string_equal(damp_code_name(0x9d), "Too Many Requests");
	assert_null(damp_code_name(0x1f));
	assert_string_equal(damp_option_name(252), "echo");
	assert_null(damp_option_name(2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
