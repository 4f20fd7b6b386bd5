/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames that cause messages, and all the messages made; see causes.h. */
#include "causes.h"

#include <stdarg.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#define EXT(kind, ...) .ext_first = (kind), .ext = (const uint8_t[]){ __VA_ARGS__ }, \
	.ext_len = sizeof((const uint8_t[]){ __VA_ARGS__ })

static const struct frame_spec shapes[NSHAPES] = {
	{ 0 },
	{ .v6 = true },
	{ .ntags = 1 },
	{ .v6 = true, .ntags = 1 },
	{ .ntags = 2, .tag = { 0x88a8 } },
	{ .v6 = true, .ntags = 2, .tag = { 0x88a8 } },
	{ EXT(0, 0x94, 4, 0, 0, 1, 1, 1, 0) },                  /* router alert and padding */
	{ .v6 = true, EXT(0, 17, 0, 1, 4, 0, 0, 0, 0) },        /* hop by hop, PadN */
	{ .ntags = 2, EXT(0, 1, 1, 1, 0), .trailer = 5 },
	{ .v6 = true, .ntags = 1, EXT(44, 17, 0, 0, 0, 1, 2, 3, 4), .trailer = 2 }, /* atomic fragment */
};

void make_cause(struct cause *c, unsigned int i, const uint8_t *msg, size_t len)
{
	struct frame_spec spec = shapes[i];

	spec.sport = 40000;
	spec.dport = 5683;
	spec.payload = msg;
	spec.payload_len = len;
	c->len = build_frame(c->data, &spec);
	damp_frame_parse(c->data, c->len, test_ports(), false, &c->f);
	assert_int_equal(c->f.cls, DAMP_FRAME_COAP);
	damp_coap_scan(c->data + c->f.payload_off, c->f.payload_len, &c->m);
	assert_int_equal(c->m.malformed, 0);
}

/* A request and a response of random token length and enough options that
 * every answer fits below it. */
static size_t make_message(uint8_t *msg, uint8_t type, uint8_t code, unsigned int tkl)
{
	static const uint8_t rest[] = {
		0xbb, '.', 'w', 'e', 'l', 'l', '-', 'k', 'n', 'o', 'w', 'n', /* Uri-Path */
		0x04, 'c', 'o', 'r', 'e',
	};

	msg[0] = (uint8_t)(0x40 | type << 4 | tkl);
	msg[1] = code;
	damp_put16(msg + 2, (uint16_t)(0x1200 + tkl));
	for (unsigned int i = 0; i < tkl; i++)
		msg[4 + i] = (uint8_t)(0xa0 + i);
	memcpy(msg + 4 + tkl, rest, sizeof(rest));
	return 4 + tkl + sizeof(rest);
}

#define NBUILDS 13u

static size_t build(unsigned int which, struct cause *c)
{
	static const uint8_t echo[DAMP_ECHO_LEN] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	uint8_t *d = c->data;

	switch (which) {
	case 0: return damp_reply_code(d, c->len, &c->f, &c->m, DAMP_COAP_4_29, -1, 0xbeef);
	case 1: return damp_reply_code(d, c->len, &c->f, &c->m, DAMP_COAP_4_29, 300, 0xbeef);
	case 2: return damp_reply_code(d, c->len, &c->f, &c->m, DAMP_COAP_5_03, 0, 0xbeef);
	case 3: return damp_reply_code(d, c->len, &c->f, &c->m, DAMP_COAP_5_05, INT64_MAX, 0xbeef);
	case 4: return damp_reply_challenge(d, c->len, &c->f, &c->m, echo, DAMP_ECHO_LEN, 0xbeef);
	case 5: return damp_reply_challenge_on(d, c->len, &c->f, &c->m, echo, DAMP_ECHO_LEN, c->f.ip_len);
	case 6: return damp_reply_empty(d, c->len, &c->f, DAMP_REPLY_BACK, DAMP_COAP_CON, 0x7777);
	case 7: return damp_reply_empty(d, c->len, &c->f, DAMP_REPLY_BACK, DAMP_COAP_RST, 0x7777);
	case 8: return damp_reply_empty(d, c->len, &c->f, DAMP_REPLY_ON, DAMP_COAP_RST, 0x7777);
	case 9: return damp_reply_too_large(d, c->len, &c->f, &c->m, 64 * 1024, 0xbeef);
	case 10: return damp_reply_too_large(d, c->len, &c->f, &c->m, 16, 0xbeef);
	case 11: return damp_reply_code(d, c->len, &c->f, &c->m, DAMP_COAP_4_08, -1, 0xbeef);
	case 12: return damp_reply_code(d, c->len, &c->f, &c->m, DAMP_COAP_4_00, -1, 0xbeef);
	default: return 0;
	}
}

unsigned int for_each_reply(void (*use)(const uint8_t *out, size_t len, const struct cause *c))
{
	static const uint8_t codes[] = { DAMP_COAP_GET, DAMP_COAP_FETCH, 9, DAMP_COAP_2_05, DAMP_COAP_5_03 };
	uint8_t msg[64];
	unsigned int n = 0;

	for (unsigned int i = 0; i < NSHAPES * 3 * sizeof(codes) * 9 * NBUILDS; i++) {
		const unsigned int shape = i % NSHAPES, which = i / NSHAPES % NBUILDS,
				   tkl = i / NSHAPES / NBUILDS % 9;
		const uint8_t type = (uint8_t)(i / NSHAPES / NBUILDS / 9 % 3),
			      code = codes[i / NSHAPES / NBUILDS / 9 / 3];
		struct cause before, c;
		size_t len;

		if (type == DAMP_COAP_ACK && damp_coap_is_request(code))
			continue;
		make_cause(&before, shape, msg, make_message(msg, type, code, tkl));
		c = before;
		len = build(which, &c);
		if (len == 0) {
			assert_memory_equal(c.data, before.data, before.len);
			continue;
		}
		use(c.data, len, &before);
		n++;
	}
	return n;
}
