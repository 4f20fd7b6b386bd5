/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames and messages that are broken, groups, fragments, chains of headers. */
#include "judge_kit.h"

/* One datagram each: the scan's and the frame's reasons reach the counters. */
static void broken_messages(void **state)
{
	static const struct { enum damp_reason why; uint8_t len; uint8_t msg[40]; } cases[] = {
		{ DAMP_REASON_COAP_SHORT, 3, { 0x40, 0x01, 0x00 } },
		{ DAMP_REASON_COAP_VERSION, 4, { 0x80, 0x01, 0x00, 0x01 } },
		{ DAMP_REASON_COAP_TKL, 13, { 0x49, 0x01, 0x00, 0x01, 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a' } },
		{ DAMP_REASON_COAP_EXT_TOKEN, 18, { 0x5d, 0x01, 0x00, 0x0c, 0x00 } },
		{ DAMP_REASON_COAP_EMPTY, 5, { 0x40, 0x00, 0x00, 0x01, 0xb0 } },
		{ DAMP_REASON_COAP_CODE, 4, { 0x40, 0xe2, 0x00, 0x07 } },
		{ DAMP_REASON_COAP_TYPE_CODE, 4, { 0x60, 0x01, 0x7d, 0x70 } },
		{ DAMP_REASON_COAP_OPTION, 5, { 0x40, 0x01, 0x00, 0x01, 0xf1 } },
		/* Delta 65001: 14 extended by 2 bytes, 65001 - 269 = 0xfcdc. */
		{ DAMP_REASON_COAP_OPTION_NUMBER, 7, { 0x40, 0x01, 0x00, 0x01, 0xe0, 0xfc, 0xdc } },
		/* Uri-Host of length 0. */
		{ DAMP_REASON_COAP_OPTION_LEN, 5, { 0x40, 0x01, 0x00, 0x01, 0x30 } },
		/* Observe twice. */
		{ DAMP_REASON_COAP_OPTION_REPEATED, 7, { 0x40, 0x01, 0x00, 0x01, 0x61, 0x01, 0x00 } },
		/* Block2 with SZX 7. */
		{ DAMP_REASON_COAP_OPTION_VALUE, 7, { 0x40, 0x01, 0x00, 0x01, 0xd1, 0x0a, 0x07 } },
		/* OSCORE without payload. */
		{ DAMP_REASON_COAP_OPTION_MIX, 5, { 0x40, 0x02, 0x00, 0x01, 0x90 } },
		{ DAMP_REASON_COAP_MARKER, 5, { 0x40, 0x01, 0x00, 0x01, 0xff } },
	};
	struct rig r;
	uint8_t many[4 + 70] = { 0x40, 0x01, 0x00, 0x01, 0xb0 };

	rig_open(&r, *(bool *)*state);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, cases[i].msg, cases[i].len), cases[i].why);
	/* 70 empty Uri-Path segments. */
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, many, sizeof(many)), DAMP_REASON_COAP_OPTION_COUNT);
	assert_int_equal(r.peer_out, 0);
	rig_close(&r);
}

static void broken_frames(void **state)
{
	const bool v6 = *(bool *)*state;
	struct rig r;
	uint8_t f[256];
	size_t n;

	rig_open(&r, v6);
	n = rig_build(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P), f);
	f[n - 1] ^= 1;
	expect(rig_frame(&r, DAMP_OUTSIDE, f, n), DAMP_REASON_IP_CHECKSUM);
	n = rig_build(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P), f);
	f[14 + (v6 ? 40 : 20) + 5]--;   /* UDP length one short */
	expect(rig_frame(&r, DAMP_OUTSIDE, f, n), DAMP_REASON_IP_MALFORMED);
	expect(rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 1, 0 }, SERVER, BYTES(GET_P)), DAMP_REASON_IP_SOURCE);
	n = rig_build(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P), f);
	f[0] |= 1;
	expect(rig_frame(&r, DAMP_OUTSIDE, f, n), DAMP_REASON_L2_GROUP_UNICAST);
	/* A frame of another protocol. */
	f[12] = 0x08;
	f[13] = 0x06;
	expect(rig_frame(&r, DAMP_OUTSIDE, f, n), DAMP_REASON_NOT_COAP);
	rig_close(&r);
}

static void groups(void **state)
{
	struct rig r;
	uint8_t f[256], m[64];
	size_t n;

	rig_open(&r, *(bool *)*state);
	n = to_group(&r, DAMP_OUTSIDE, DAMP_COAP_NON, f);
	expect(rig_frame(&r, DAMP_OUTSIDE, f, n), DAMP_REASON_GROUP_FROM_OUTSIDE);
	n = to_group(&r, DAMP_INSIDE, DAMP_COAP_CON, f);
	expect(rig_frame(&r, DAMP_INSIDE, f, n), DAMP_REASON_CON_TO_GROUP);
	n = to_group(&r, DAMP_INSIDE, DAMP_COAP_NON, f);
	expect(rig_frame(&r, DAMP_INSIDE, f, n), DAMP_REASON_ACCEPTED);
	/* A member answers from its own address. */
	expect(rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 33, 5683 }, CLIENT, m,
			response(m, DAMP_COAP_NON, 9, NULL, 0, 30)),
	       DAMP_REASON_ACCEPTED);
	rig_close(&r);
}

/* The same first fragment as one of an answer: only toward who is proved, for the
 * bytes of the whole datagram. */
static void fragments_out(struct rig *r, uint8_t *f, size_t n)
{
	const size_t ip = r->v6 ? 8 : 12, len = r->v6 ? 16 : 4, udp = r->v6 ? 62 : 34;
	uint8_t swap[16];
	unsigned passed = 0;

	memcpy(swap, f + 14 + ip, len);
	memmove(f + 14 + ip, f + 14 + ip + len, len);
	memcpy(f + 14 + ip + len, swap, len);
	damp_put16(f + udp, SERVER.port);
	damp_put16(f + udp + 2, CLIENT.port);
	damp_put16(f + udp + 4, 60000);
	expect(rig_frame(r, DAMP_INSIDE, f, n), DAMP_REASON_FRAGMENT_COAP);
	rig_send(r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x54, 0x01, 0x77, 0x01, 1, 2, 3, 4));
	rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x54, 0x45, 0x77, 0x02, 1, 2, 3, 4));
	for (unsigned i = 0; i < 40; i++)
		passed += rig_frame(r, DAMP_INSIDE, f, n)->reason == DAMP_REASON_ACCEPTED_PROVED;
	/* 1 MiB of 60 kB */
	assert_int_equal(passed, (1 << 20) / 60028);
}

static void sum_v4(uint8_t *f)
{
	damp_put16(f + 14 + 10, 0);
	damp_put16(f + 14 + 10, (uint16_t)~damp_csum_fold(damp_csum_add(0, f + 14, 20)));
}

/* Make a whole frame of n bytes the first fragment of a datagram. Returns its length. */
static size_t first_of(const struct rig *r, uint8_t *f, size_t n)
{
	if (!r->v6) {
		f[14 + 6] = 0x20;
		sum_v4(f);
		return n;
	}
	/* A fragment header, M set, identification 7, between IPv6 and UDP. */
	memmove(f + 62, f + 54, n - 54);
	memcpy(f + 54, ((const uint8_t[]){ 17, 0, 0, 1, 0, 0, 0, 7 }), 8);
	f[14 + 6] = 44;
	damp_put16(f + 14 + 4, (uint16_t)(n - 54 + 8));
	return n + 8;
}

/* And that the last one of the same, at offset 1. */
static void last_of(const struct rig *r, uint8_t *f)
{
	if (r->v6) {
		f[54 + 3] = 8;
		return;
	}
	f[14 + 6] = 0;
	f[14 + 7] = 1;
	sum_v4(f);
}

static void fragments(void **state)
{
	const bool v6 = *(bool *)*state;
	struct rig r;
	uint8_t f[256], g[256];
	size_t n;

	rig_open(&r, v6);
	n = rig_build(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P), f);
	n = first_of(&r, f, n);
	memcpy(g, f, n);
	last_of(&r, g);
	expect(rig_frame(&r, DAMP_OUTSIDE, g, n), DAMP_REASON_NOT_COAP);
	expect(rig_frame(&r, DAMP_OUTSIDE, f, n), DAMP_REASON_FRAGMENT_COAP);
	expect(rig_frame(&r, DAMP_OUTSIDE, g, n), DAMP_REASON_FRAGMENT_REST);
	fragments_out(&r, f, n);
	rig_close(&r);
}

/* Whatever the UDP header says, a first fragment costs what it is. */
static void fragments_cost_what_they_are(void **state)
{
	uint8_t m[1400] = { 0x40, 0x45, 0x00, 0x01, 0xff }, f[2048];
	unsigned passed = 0;
	struct rig r;
	size_t n;

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x54, 0x01, 0x77, 0x01, 1, 2, 3, 4));
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x54, 0x45, 0x77, 0x02, 1, 2, 3, 4));
	n = rig_build(&r, DAMP_INSIDE, SERVER, CLIENT, m, sizeof(m), f);
	n = first_of(&r, f, n);
	damp_put16(f + (r.v6 ? 62 : 34) + 4, 8);
	for (unsigned i = 0; i < 800; i++)
		passed += rig_frame(&r, DAMP_INSIDE, f, n)->reason == DAMP_REASON_ACCEPTED_PROVED;
	assert_int_equal(passed, (1 << 20) / (n - 14));
	rig_close(&r);
}

static void let_fragments_pass(struct damp_guard *g)
{
	g->fragments = DAMP_FRAGMENTS_PASS;
}

/* Where fragments from outside are let in, they are let in where whole messages are: not to
 * groups, and not inside a broadcast frame. What follows such a one is not let in either. */
static void fragments_in_order(void **state)
{
	struct rig r;
	uint8_t f[256];
	size_t n;

	rig_open_guard(&r, *(bool *)*state, let_fragments_pass);
	n = rig_build(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P), f);
	n = first_of(&r, f, n);
	expect(rig_frame(&r, DAMP_OUTSIDE, f, n), DAMP_REASON_ACCEPTED);
	f[0] |= 1;
	expect(rig_frame(&r, DAMP_OUTSIDE, f, n), DAMP_REASON_L2_GROUP_UNICAST);
	f[0] &= 0xfe;
	last_of(&r, f);
	expect(rig_frame(&r, DAMP_OUTSIDE, f, n), DAMP_REASON_FRAGMENT_REST);
	n = to_group(&r, DAMP_OUTSIDE, DAMP_COAP_NON, f);
	n = first_of(&r, f, n);
	expect(rig_frame(&r, DAMP_OUTSIDE, f, n), DAMP_REASON_GROUP_FROM_OUTSIDE);
	last_of(&r, f);
	expect(rig_frame(&r, DAMP_OUTSIDE, f, n), DAMP_REASON_FRAGMENT_REST);
	rig_close(&r);
}

/* Five destination-options headers: one more than is walked. */
static void header_chains(void **state)
{
	struct rig r;
	uint8_t f[256];
	size_t n;

	if (!*(bool *)*state)
		return;
	rig_open(&r, true);
	n = rig_build(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P), f);
	memmove(f + 54 + 40, f + 54, n - 54);
	for (unsigned i = 0; i < 5; i++)
		memcpy(f + 54 + 8 * i, ((const uint8_t[]){ i < 4 ? 60 : 17, 0, 1, 4, 0, 0, 0, 0 }), 8);
	f[14 + 6] = 60;
	damp_put16(f + 14 + 4, (uint16_t)(n - 54 + 40));
	expect(rig_frame(&r, DAMP_OUTSIDE, f, n + 40), DAMP_REASON_IP_EXT_HEADERS);
	rig_close(&r);
}

int judge_frames(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(broken_messages), BOTH(broken_frames), BOTH(groups), BOTH(fragments),
		BOTH(fragments_in_order), BOTH(fragments_cost_what_they_are),
		BOTH(header_chains),
	};

	return cmocka_run_group_tests_name("judge frames", tests, NULL, NULL);
}
