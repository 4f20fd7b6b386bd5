/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Adding an Echo to a response on its way: where it goes, what it leaves alone,
 * and when it is not done. Both families; the result is parsed again with its
 * checksums verified.
 */
#include "rewrite.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define SERVER ((struct rig_end){ 2, 5683 })

static const uint8_t echo[DAMP_ECHO_LEN] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

struct row { const char *what; uint8_t in[24]; uint8_t in_len; uint8_t echo_len; uint8_t out[40]; uint8_t out_len; };

static const struct row rows[] = {
	{ "no options, no payload", { 0x60, 0x45, 0, 1 }, 4, 2,
	  { 0x60, 0x45, 0, 1, 0xd2, 239, 1, 2 }, 8 },
	{ "no options, payload", { 0x60, 0x45, 0, 1, 0xff, 'x', 'y' }, 7, 3,
	  { 0x60, 0x45, 0, 1, 0xd3, 239, 1, 2, 3, 0xff, 'x', 'y' }, 12 },
	/* Content-Format 40, Block2 0/1/32 (delta 11), Size2 100 (delta 5). */
	{ "token and options", { 0x61, 0x45, 0, 1, 0x4a, 0xc1, 40, 0xb1, 9, 0x51, 100, 0xff, 'x' }, 13, 9,
	  { 0x61, 0x45, 0, 1, 0x4a, 0xc1, 40, 0xb1, 9, 0x51, 100, 0xd9, 211, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xff, 'x' }, 24 },
	/* Option 250, elective, unknown: delta 2 to Echo. */
	{ "a near neighbour", { 0x60, 0x45, 0, 1, 0xd0, 237 }, 6, 4,
	  { 0x60, 0x45, 0, 1, 0xd0, 237, 0x24, 1, 2, 3, 4 }, 11 },
	{ "an Echo of the server", { 0x60, 0x45, 0, 1, 0xd1, 239, 7 }, 7, 4, { 0 }, 0 },
	/* Option 258 would come before. */
	{ "an option behind Echo", { 0x60, 0x45, 0, 1, 0xd1, 245, 2 }, 7, 4, { 0 }, 0 },
	{ "a request", { 0x40, 0x01, 0, 1, 0xb1, 'p' }, 6, 4, { 0 }, 0 },
	{ "OSCORE", { 0x60, 0x44, 0, 1, 0x90, 0xff, 'x' }, 7, 4, { 0 }, 0 },
};

static void add(void **state)
{
	const bool v6 = *(bool *)*state;
	struct rig r;

	rig_open(&r, v6);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct damp_pkt p = { .side = DAMP_INSIDE };
		uint8_t f[256], before[256];
		const size_t n = rig_build(&r, DAMP_INSIDE, SERVER, CLIENT, rows[i].in, rows[i].in_len, f);
		size_t len, tight;

		p.data = f;
		p.len = (uint32_t)n;
		damp_judge_parse(r.view, &p, 1);
		memcpy(before, f, n);
		/* One byte too few, and nothing has changed. */
		tight = n + rows[i].out_len - rows[i].in_len - 1;
		assert_int_equal(damp_rewrite_add_echo(f, n, rows[i].out_len ? tight : sizeof(f), &p.frame, &p.coap, echo,
						       rows[i].echo_len), 0);
		assert_memory_equal(f, before, n);
		if (rows[i].out_len == 0)
			continue;
		len = damp_rewrite_add_echo(f, n, tight + 1, &p.frame, &p.coap, echo, rows[i].echo_len);
		if (len != tight + 1)
			fail_msg("%s: %zu bytes", rows[i].what, len);
		p.len = (uint32_t)len;
		damp_judge_parse(r.view, &p, 1);
		assert_int_equal(p.frame.cls, DAMP_FRAME_COAP);
		assert_int_equal(p.coap.malformed, 0);
		assert_int_equal(p.frame.payload_len, rows[i].out_len);
		assert_memory_equal(f + p.frame.payload_off, rows[i].out, rows[i].out_len);
		assert_int_equal(p.coap.echo_len, rows[i].echo_len);
	}
	rig_close(&r);
}

static bool v4 = false, v6 = true;

int main(void)
{
	const struct CMUnitTest tests[] = { { "add IPv4", add, NULL, NULL, &v4 }, { "add IPv6", add, NULL, NULL, &v6 } };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
