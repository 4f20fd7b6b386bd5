/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rewrites byte for byte: every row of rewrites.c in every shape of frame must
 * give the very frame that is built from the expected message, checksums
 * summed the slow way included; then everything that must be left alone.
 */
#include "rewrites.h"

#include <stdarg.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static size_t message_end(const struct cause *c)
{
	return (size_t)c->f.payload_off + c->m.len;
}

static void check_row(const struct rewrite_row *row, unsigned int shape)
{
	struct cause before, c, want;
	size_t len;

	make_cause(&before, shape, row->in, row->in_len);
	c = before;
	len = rewrite_run(row, &c, FRAME_MAX);
	if (row->out == NULL) {
		assert_int_equal(len, before.len);
		assert_memory_equal(c.data, before.data, before.len);
		return;
	}
	make_cause(&want, shape, row->out, row->out_len);
	assert_int_equal(len, message_end(&want));
	assert_memory_equal(c.data, want.data, len);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nrewrite_rows; i++) {
		print_message("%s\n", rewrite_rows[i].what);
		for (unsigned int shape = 0; shape < NSHAPES; shape++)
			check_row(&rewrite_rows[i], shape);
	}
}

/* A message grows into exactly the room there is, and not at all into one byte
 * less. */
static void test_cap(void **state)
{
	(void)state;
	for (size_t i = 0; i < nrewrite_rows; i++) {
		const struct rewrite_row *row = &rewrite_rows[i];
		struct cause before, c;
		size_t room;

		if (row->out_len <= row->in_len)
			continue;
		make_cause(&before, 0, row->in, row->in_len);
		room = before.f.payload_off + row->out_len;
		c = before;
		assert_int_equal(rewrite_run(row, &c, room - 1), 0);
		assert_memory_equal(c.data, before.data, sizeof(c.data));
		assert_int_equal(rewrite_run(row, &c, room), room);
		assert_memory_equal(c.data + room, before.data + room, sizeof(c.data) - room);
	}
}

/* One byte in a message of a length that needs no cap: shrinking always fits. */
static void test_cap_shrink(void **state)
{
	const struct rewrite_row row = {
		"", OP_REQUEST, 2, BYTES(0x40, 1, 0, 1, 0x63, 0, 0, 0, 0x51, 'a', 0xc1, 6), NULL, 0,
	};
	struct cause c;

	(void)state;
	make_cause(&c, 0, row.in, row.in_len);
	assert_int_equal(rewrite_run(&row, &c, c.len), c.len - 4);
}

static void check_refused(struct cause *c, const struct rewrite_row *row)
{
	const struct cause before = *c;

	assert_int_equal(rewrite_run(row, c, FRAME_MAX), 0);
	assert_memory_equal(c->data, before.data, sizeof(before.data));
}

static void test_refused(void **state)
{
	const struct rewrite_row rows[] = {
		{ "critical option", OP_STRIP, 11, BYTES(0x40, 1, 0, 1, 0xb1, 'a'), NULL, 0 },
		{ "OSCORE", OP_STRIP, 6, BYTES(0x40, 5, 0, 1, 0x60, 0x30, 0xff, 9), NULL, 0 },
		{ "OSCORE", OP_BLOCK2, 2, BYTES(0x40, 2, 0, 1, 0x90, 0xff, 9), NULL, 0 },
		{ "Q-Block1", OP_BLOCK2, 2, BYTES(0x40, 3, 0, 1, 0xd1, 6, 6, 0xff, 9), NULL, 0 },
		{ "Q-Block2", OP_REQUEST, 2, BYTES(0x40, 1, 0, 1, 0x60, 0xd1, 12, 6), NULL, 0 },
		{ "response", OP_BLOCK2, 2, BYTES(0x60, 0x45, 0, 1, 0xff, 9), NULL, 0 },
		{ "Empty", OP_BLOCK2, 2, BYTES(0x40, 0, 0, 1), NULL, 0 },
		{ "reserved SZX", OP_BLOCK2, 7, BYTES(0x40, 1, 0, 1), NULL, 0 },
	};
	struct cause c;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_cause(&c, 0, rows[i].in, rows[i].in_len);
		check_refused(&c, &rows[i]);
	}
}

/* What only the parsers say of a frame. */
static void test_refused_frames(void **state)
{
	const struct rewrite_row strip = { "", OP_STRIP, 6, BYTES(0x40, 1, 0, 1, 0x60), NULL, 0 };
	const struct rewrite_row slice = { "", OP_BLOCK2, 2, BYTES(0x40, 1, 0, 1), NULL, 0 };
	struct cause c;

	(void)state;
	make_cause(&c, 0, strip.in, strip.in_len);
	c.m.malformed = 1;
	check_refused(&c, &strip);
	check_refused(&c, &slice);
	c.m.malformed = 0;
	c.f.cls = DAMP_FRAME_FRAGMENT_FIRST;
	check_refused(&c, &strip);
	check_refused(&c, &slice);
}

/* A list of 64 options has no room for one more, unless one goes. */
static void test_option_count(void **state)
{
	struct rewrite_row row = { "", OP_BLOCK2, 2, NULL, 0, NULL, 0 };
	/* empty Uri-Path, again and again */
	uint8_t msg[4 + DAMP_COAP_OPTIONS_MAX] = { 0x40, 1, 0, 1, 0xb0 };
	struct cause c;

	(void)state;
	row.in = msg;
	row.in_len = sizeof(msg);
	make_cause(&c, 0, msg, sizeof(msg));
	check_refused(&c, &row);
	msg[4] = 0x60;
	msg[5] = 0x50;
	make_cause(&c, 0, msg, sizeof(msg));
	check_refused(&c, &row);
	row.op = OP_REQUEST;
	assert_int_equal(rewrite_run(&row, &c, FRAME_MAX), c.len + 1);
	damp_frame_parse(c.data, c.len + 1, test_ports(), false, &c.f);
	damp_coap_scan(c.data + c.f.payload_off, c.f.payload_len, &c.m);
	assert_int_equal(c.m.malformed, 0);
	assert_int_equal(c.m.noptions, DAMP_COAP_OPTIONS_MAX);
}

/* Every Message ID in a message whose checksum runs through all its values:
 * what comes out is what a sum from the start gives, and never 0. */
static void test_mid(void **state)
{
	struct cause c, want;

	(void)state;
	for (unsigned int shape = 0; shape < 2; shape++) {
		uint8_t msg[] = { 0x41, 0x45, 0, 0, 0x4a, 0xff, 'x' };

		make_cause(&c, shape, msg, sizeof(msg));
		for (uint32_t i = 1; i <= 65536; i++) {
			const uint16_t mid = (uint16_t)(i * 40503);

			damp_rewrite_mid(c.data, &c.f, mid);
			assert_int_equal(damp_get16(c.data + c.f.payload_off + 2), mid);
			assert_int_equal(damp_get16(c.data + c.f.l4_off + 6),
					 damp_udp_checksum(c.data, &c.f, (uint16_t)(8 + sizeof(msg))));
		}
		make_cause(&want, shape, msg, sizeof(msg));
		assert_memory_equal(c.data, want.data, want.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_cap_shrink),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_frames),
		cmocka_unit_test(test_option_count),
		cmocka_unit_test(test_mid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
