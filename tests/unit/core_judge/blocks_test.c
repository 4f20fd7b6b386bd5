/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Block-wise transfers in the judge: the sequence of an upload, its sizes, how
 * many there may be, and how many answers one request may bring (AV-20, AV-27,
 * AV-29 to AV-31).
 */
#include "rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NONE 0
#define MORE 8u

static void expect(const struct damp_pkt *p, enum damp_reason why)
{
	assert_int_equal(p->reason, why);
}

/* An answer to an inside request with a long token proves the peer. */
static void prove(struct rig *r, struct rig_end peer)
{
	rig_send(r, DAMP_INSIDE, SERVER, peer, BYTES(0x54, 0x01, 0x77, 0x01, 1, 2, 3, 4));
	rig_send(r, DAMP_OUTSIDE, peer, SERVER, BYTES(0x54, 0x45, 0x77, 0x02, 1, 2, 3, 4));
}

/* CON PUT /letter with Block1 num/more/szx and len bytes; size1 when not 0. */
static struct damp_pkt *block(struct rig *r, struct rig_end from, char letter, uint32_t num, unsigned more,
			      uint8_t szx, size_t len, uint32_t size1)
{
	static uint16_t mid;
	/* 0xd3 0x03: Block1 behind Uri-Path; 0xd4 0x14: Size1 behind Block1 */
	uint8_t m[1200] = { 0x41, 0x03, 0, 0, 0x4a, 0xb1, (uint8_t)letter, 0xd3, 0x03 };
	const uint32_t value = num << 4 | more | szx;
	size_t n = 9;

	damp_put16(m + 2, ++mid);
	m[n++] = (uint8_t)(value >> 16);
	damp_put16(m + n, (uint16_t)value);
	n += 2;
	if (size1) {
		m[n++] = 0xd4;
		m[n++] = 60 - 27 - 13;
		damp_put32(m + n, size1);
		n += 4;
	}
	m[n++] = 0xff;
	return rig_send(r, DAMP_OUTSIDE, from, SERVER, m, n + len);
}

/* The code of what goes back to the client. */
static unsigned answer(struct rig *r)
{
	size_t len;
	const uint8_t *m = r->pkt.fate == DAMP_FATE_BACK ? rig_out(r, &len) : NULL;

	return m != NULL ? m[1] : NONE;
}

struct step { uint32_t num; unsigned more; uint8_t szx; size_t len; uint32_t size1; unsigned answer; };

static void play(bool v6, const struct step *s, size_t n)
{
	struct rig r;

	rig_open(&r, v6);
	prove(&r, CLIENT);
	for (size_t i = 0; i < n; i++, s++) {
		block(&r, CLIENT, 'x', s->num, s->more, s->szx, s->len, s->size1);
		if (answer(&r) != s->answer)
			fail_msg("step %zu: %u.%02u", i, answer(&r) >> 5, answer(&r) & 31);
		assert_int_equal(r.pkt.reason, s->answer ? DAMP_REASON_ANSWERED : DAMP_REASON_ACCEPTED_PROVED);
	}
	rig_close(&r);
}
#define PLAY(s) play(*(bool *)*state, s, sizeof(s) / sizeof((s)[0]))

static void uploads_in_order(void **state)
{
	static const struct step plain[] = {
		{ 0, MORE, 2, 64, 0, NONE }, { 1, MORE, 2, 64, 0, NONE }, { 1, MORE, 2, 64, 0, NONE },
		{ 2, 0, 2, 10, 0, NONE }, { 2, 0, 2, 10, 0, NONE },
	};
	/* The server asked for smaller blocks: the place in bytes counts. */
	static const struct step shrinks[] = {
		{ 0, MORE, 6, 1024, 3000, NONE }, { 16, MORE, 2, 64, 0, NONE }, { 17, 0, 2, 64, 0, NONE },
	};
	static const struct step anew[] = {
		{ 0, MORE, 2, 64, 0, NONE }, { 1, MORE, 2, 64, 0, NONE }, { 0, MORE, 1, 32, 0, NONE },
		{ 1, 0, 1, 3, 0, NONE },
	};

	PLAY(plain);
	PLAY(shrinks);
	PLAY(anew);
}

static void uploads_out_of_order(void **state)
{
	static const struct step middle[] = { { 5, MORE, 2, 64, 0, DAMP_COAP_4_08 }, { 0, 0, 2, 64, 0, NONE } };
	static const struct step gap[] = { { 0, MORE, 2, 64, 0, NONE }, { 2, MORE, 2, 64, 0, DAMP_COAP_4_08 } };
	static const struct step grows[] = { { 0, MORE, 2, 64, 0, NONE }, { 1, MORE, 3, 128, 0, DAMP_COAP_4_08 } };
	static const struct step past_end[] = {
		{ 0, MORE, 2, 64, 0, NONE }, { 1, 0, 2, 64, 0, NONE }, { 2, 0, 2, 64, 0, DAMP_COAP_4_08 },
	};

	PLAY(middle);
	PLAY(gap);
	PLAY(grows);
	PLAY(past_end);
}

static void uploads_of_a_wrong_size(void **state)
{
	static const struct step short_block[] = { { 0, MORE, 2, 63, 0, DAMP_COAP_4_00 } };
	static const struct step long_last[] = { { 0, 0, 0, 17, 0, DAMP_COAP_4_00 } };
	static const struct step announces[] = { { 0, MORE, 2, 64, 0xffffffff, DAMP_COAP_4_13 } };
	static const struct step largest_num[] = { { 0xfffff, 0, 6, 1, 0, DAMP_COAP_4_13 } };
	/* One block more than declared is an estimate; two are not. */
	static const struct step lies[] = {
		{ 0, MORE, 0, 16, 16, NONE }, { 1, MORE, 0, 16, 0, NONE }, { 2, MORE, 0, 16, 0, DAMP_COAP_4_13 },
	};

	PLAY(short_block);
	PLAY(long_last);
	PLAY(announces);
	PLAY(largest_num);
	PLAY(lies);
}

/* NON PUT /x with Q-Block1 num/more/szx, Size1 when not 0, and the Request-Tag; the
 * verdict and the code of the answer. */
struct q_step { uint32_t num; unsigned more; uint8_t szx; size_t len; uint32_t size1; enum damp_reason reason; };
#define TAKEN DAMP_REASON_ACCEPTED_PROVED

static void q_block(struct rig *r, uint8_t type, uint8_t tag, const struct q_step *s)
{
	static uint16_t mid;
	/* 0x83: Q-Block1 (19) behind Uri-Path (11); 0xd4 0x1c: Size1 (60) behind it; 0xd1 0xdb: Request-Tag (292) behind Size1 */
	uint8_t m[1200] = { (uint8_t)(0x41 | type << 4), 0x03, 0, 0, 0x4a, 0xb1, 'x', 0x83 };
	const uint32_t value = s->num << 4 | s->more | s->szx;
	size_t n = 8;

	damp_put16(m + 2, ++mid);
	m[n++] = (uint8_t)(value >> 16);
	damp_put16(m + n, (uint16_t)value);
	memcpy(m + n + 2, ((uint8_t[]){ 0xd4, 60 - 19 - 13 }), 2);
	damp_put32(m + n + 4, s->size1);
	memcpy(m + n + 8, ((uint8_t[]){ 0xd1, 292 - 60 - 13, tag, 0xff }), 4);
	rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, m, n + 12 + s->len);
}

static void play_q(bool v6, const struct q_step *s, size_t n)
{
	struct rig r;

	rig_open(&r, v6);
	prove(&r, CLIENT);
	for (size_t i = 0; i < n; i++, s++) {
		q_block(&r, 1, 7, s);
		if (r.pkt.reason != s->reason)
			fail_msg("step %zu: reason %u, wanted %u", i, r.pkt.reason, s->reason);
	}
	rig_close(&r);
}
#define PLAY_Q(s) play_q(*(bool *)*state, s, sizeof(s) / sizeof((s)[0]))

static void q_blocks_may_be_missing(void **state)
{
	/* In order, with gaps, filled in later, the last one again. */
	static const struct q_step fine[] = {
		{ 0, MORE, 2, 64, 1000, TAKEN }, { 1, MORE, 2, 64, 1000, TAKEN }, { 4, MORE, 2, 64, 1000, TAKEN },
		{ 15, 0, 2, 40, 1000, TAKEN },   { 2, MORE, 2, 64, 1000, TAKEN }, { 3, MORE, 2, 64, 1000, TAKEN },
		{ 15, 0, 2, 40, 1000, TAKEN },
	};
	/* The first set is lost, whole. */
	static const struct q_step late[] = { { 10, MORE, 2, 64, 2000, TAKEN }, { 0, MORE, 2, 64, 2000, TAKEN } };
	/* Ten beyond what was seen may be missing, the eleventh not (AV-28). */
	static const struct q_step far[] = {
		{ 11, MORE, 2, 64, 0, DAMP_REASON_BLOCKWISE }, { 0, MORE, 2, 64, 0, TAKEN },
		{ 12, MORE, 2, 64, 0, DAMP_REASON_BLOCKWISE }, { 11, MORE, 2, 64, 0, TAKEN },
		{ 0xfff, MORE, 0, 16, 0, DAMP_REASON_BLOCKWISE },
	};
	static const struct q_step past_end[] = {
		{ 0, MORE, 2, 64, 0, TAKEN }, { 1, 0, 2, 3, 0, TAKEN }, { 2, MORE, 2, 64, 0, DAMP_REASON_BLOCKWISE },
	};
	static const struct q_step grows[] = { { 0, MORE, 2, 64, 0, TAKEN }, { 1, MORE, 3, 128, 0, DAMP_REASON_BLOCKWISE } };

	PLAY_Q(fine);
	PLAY_Q(late);
	PLAY_Q(far);
	PLAY_Q(past_end);
	PLAY_Q(grows);
}

static void q_blocks_have_sizes(void **state)
{
	static const struct q_step short_block[] = { { 0, MORE, 2, 63, 0, DAMP_REASON_BLOCKWISE } };
	static const struct q_step announces[] = { { 0, MORE, 2, 64, 65537, DAMP_REASON_BLOCKWISE } };
	static const struct q_step lies[] = {
		{ 0, MORE, 0, 16, 16, TAKEN }, { 1, MORE, 0, 16, 0, TAKEN }, { 2, MORE, 0, 16, 0, DAMP_REASON_BLOCKWISE },
	};
	const struct q_step large = { 0, MORE, 2, 64, 65537, 0 };
	struct rig r;

	PLAY_Q(short_block);
	PLAY_Q(announces);
	PLAY_Q(lies);
	/* Who asks by CON is told. */
	rig_open(&r, *(bool *)*state);
	prove(&r, CLIENT);
	q_block(&r, 0, 7, &large);
	assert_int_equal(answer(&r), DAMP_COAP_4_13);
	rig_close(&r);
}

/* Four uploads at once; one of which as many blocks have come as it has makes room. */
static void q_uploads_are_counted(void **state)
{
	static const struct q_step first = { 0, MORE, 2, 64, 164, 0 }, second = { 1, MORE, 2, 64, 164, 0 },
				   last = { 2, 0, 2, 36, 164, 0 };
	struct rig r;

	rig_open(&r, *(bool *)*state);
	prove(&r, CLIENT);
	for (uint8_t tag = 1; tag <= 5; tag++) {
		q_block(&r, 0, tag, &first);
		assert_int_equal(answer(&r), tag <= 4 ? NONE : DAMP_COAP_4_29);
	}
	q_block(&r, 0, 2, &last);
	q_block(&r, 0, 5, &first);
	assert_int_equal(answer(&r), DAMP_COAP_4_29);
	q_block(&r, 0, 2, &second);
	q_block(&r, 0, 5, &first);
	assert_int_equal(answer(&r), NONE);
	q_block(&r, 0, 6, &last);
	assert_int_equal(answer(&r), DAMP_COAP_4_29);
	rig_close(&r);
}

/* A stranger's is nobody's sequence: he is asked first. */
static void q_blocks_of_strangers(void **state)
{
	static const struct q_step jumps = { 500, MORE, 2, 64, 0, 0 };
	struct rig r;

	rig_open(&r, *(bool *)*state);
	q_block(&r, 1, 7, &jumps);
	expect(&r.pkt, DAMP_REASON_CHALLENGED);
	rig_close(&r);
}

/* The 64 KiB of the default, and the 2 KiB of a rule. */
static void bodies_have_a_cap(void **state)
{
	struct rig r;
	size_t len;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "rules:\n  - {id: small, match: {from: outside, path: /s}, then: accept, shape: {body: 2 KiB}}\n");
	prove(&r, CLIENT);
	for (uint32_t i = 0; i < 64; i++)
		expect(block(&r, CLIENT, 'x', i, MORE, 6, 1024, 0), DAMP_REASON_ACCEPTED_PROVED);
	block(&r, CLIENT, 'x', 64, 0, 6, 1, 0);
	/* 4.13 with Size1 65536: the client knows what would have been taken. */
	assert_memory_equal(rig_out(&r, &len) + 5, ((const uint8_t[]){ 0xd3, 60 - 13, 1, 0, 0 }), 5);
	assert_int_equal(answer(&r), DAMP_COAP_4_13);
	block(&r, CLIENT, 's', 0, MORE, 6, 1024, 0);
	block(&r, CLIENT, 's', 1, MORE, 6, 1024, 0);
	assert_int_equal(answer(&r), NONE);
	block(&r, CLIENT, 's', 2, 0, 6, 1, 0);
	assert_int_equal(answer(&r), DAMP_COAP_4_13);
	rig_close(&r);
}

/* Four of one address, whatever its port; an end or 247 s make room. */
static void uploads_at_once(void **state)
{
	struct rig r;
	struct rig_end other = { 1, 40001 };

	rig_open(&r, *(bool *)*state);
	prove(&r, CLIENT);
	prove(&r, other);
	for (char c = 'a'; c < 'e'; c++)
		expect(block(&r, c < 'c' ? CLIENT : other, c, 0, MORE, 2, 64, 0), DAMP_REASON_ACCEPTED_PROVED);
	block(&r, CLIENT, 'e', 0, MORE, 2, 64, 0);
	assert_int_equal(answer(&r), DAMP_COAP_4_29);
	/* One that is under way goes on and is begun anew. */
	expect(block(&r, CLIENT, 'a', 1, MORE, 2, 64, 0), DAMP_REASON_ACCEPTED_PROVED);
	expect(block(&r, CLIENT, 'a', 0, MORE, 2, 64, 0), DAMP_REASON_ACCEPTED_PROVED);
	expect(block(&r, other, 'd', 1, 0, 2, 64, 0), DAMP_REASON_ACCEPTED_PROVED);
	expect(block(&r, CLIENT, 'e', 0, MORE, 2, 64, 0), DAMP_REASON_ACCEPTED_PROVED);
	block(&r, CLIENT, 'f', 0, MORE, 2, 64, 0);
	assert_int_equal(answer(&r), DAMP_COAP_4_29);
	rig_wait_ms(&r, 248000);
	expect(block(&r, CLIENT, 'f', 0, MORE, 2, 64, 0), DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);
}

/* Nobody unproved is told anything, and what cannot be right is not asked about. */
static void the_unproved_hear_nothing(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	expect(block(&r, CLIENT, 'x', 3, 0, 2, 64, 0), DAMP_REASON_BLOCKWISE);
	expect(block(&r, CLIENT, 'x', 0, MORE, 2, 63, 0), DAMP_REASON_BLOCKWISE);
	expect(block(&r, CLIENT, 'x', 0, MORE, 2, 64, 1u << 31), DAMP_REASON_BLOCKWISE);
	expect(block(&r, CLIENT, 'x', 0, MORE, 2, 64, 0), DAMP_REASON_PINGED);
	rig_close(&r);
}

static void grace(struct damp_guard *g)
{
	g->grace_s = 2000;
}

/* Right after a start an upload may be in its middle. */
static void middle_is_believed_after_a_start(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, grace);
	prove(&r, CLIENT);
	expect(block(&r, CLIENT, 'x', 9, MORE, 2, 64, 0), DAMP_REASON_ACCEPTED_PROVED);
	expect(block(&r, CLIENT, 'x', 10, MORE, 2, 64, 0), DAMP_REASON_ACCEPTED_PROVED);
	block(&r, CLIENT, 'x', 12, MORE, 2, 64, 0);
	assert_int_equal(answer(&r), DAMP_COAP_4_08);
	rig_close(&r);
}

/* 2.05 of the server, NON, with a Message ID. */
static enum damp_reason reply(struct rig *r, uint16_t mid)
{
	uint8_t m[] = { 0x51, 0x45, 0, 0, 0x4a, 0xff, 'x' };

	damp_put16(m + 2, mid);
	return rig_send(r, DAMP_INSIDE, SERVER, CLIENT, m, sizeof(m))->reason;
}

static void one_answer_for_a_request(void **state)
{
	const uint8_t get[] = { 0x51, 0x01, 0x00, 0x01, 0x4a, 0xb1, 'x' };
	struct rig r;

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get));
	assert_int_equal(reply(&r, 7), DAMP_REASON_ACCEPTED);
	assert_int_equal(reply(&r, 7), DAMP_REASON_ACCEPTED);    /* a copy */
	assert_int_equal(reply(&r, 8), DAMP_REASON_RESPONSE_REPEATED);
	/* Two requests with one token, as clients without tokens have them: two answers. */
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get));
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get));
	assert_int_equal(reply(&r, 9), DAMP_REASON_ACCEPTED);
	assert_int_equal(reply(&r, 10), DAMP_REASON_ACCEPTED);
	assert_int_equal(reply(&r, 11), DAMP_REASON_RESPONSE_REPEATED);
	rig_close(&r);
}

/* Who races the server's answer to an inside client is first, or too late. */
static void second_answer_from_outside(void **state)
{
	uint8_t m[] = { 0x51, 0x45, 0, 1, 0x4a, 0xff, 'x' };
	struct rig r;

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x51, 0x01, 0, 1, 0x4a, 0xb1, 'x'));
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, m, sizeof(m)), DAMP_REASON_ACCEPTED);
	m[3] = 2;
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, m, sizeof(m)), DAMP_REASON_RESPONSE_REPEATED);
	rig_close(&r);
}

/* Q-Block2 from somebody proved: MAX_PAYLOADS for each request (RFC 9177). */
static void q_block_bursts(void **state)
{
	/* 0xd1 0x07: Q-Block2 behind Uri-Path, 0/1/1024 */
	const uint8_t get[] = { 0x51, 0x01, 0, 1, 0x4a, 0xb1, 'x', 0xd1, 0x07, 0x0e };
	struct rig r;

	rig_open(&r, *(bool *)*state);
	prove(&r, CLIENT);
	for (uint16_t burst = 0; burst < 2; burst++) {
		rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get));
		for (uint16_t i = 0; i < 10; i++)
			assert_int_equal(reply(&r, (uint16_t)(burst << 8 | i)), DAMP_REASON_ACCEPTED_PROVED);
		assert_int_equal(reply(&r, (uint16_t)(burst << 8 | 10)), DAMP_REASON_RESPONSE_REPEATED);
	}
	rig_close(&r);
}

/* A group of many: as many answers as the guard says, of whoever comes first. */
static void group_answers(void **state)
{
	uint8_t frame[200], m[] = { 0x51, 0x45, 0, 1, 0x4a, 0xff, 'x' };
	struct rig r;
	unsigned passed = 0;
	size_t n;

	rig_open(&r, *(bool *)*state);
	n = rig_build(&r, DAMP_INSIDE, SERVER, (struct rig_end){ 1, 5683 }, BYTES(0x51, 0x01, 0, 1, 0x4a, 0xb1, 'x'),
		      frame);
	/* To 224.0.1.187 or ff05::fd. */
	if (r.v6)
		memcpy(frame + 14 + 24, (const uint8_t[16]){ 0xff, 0x05, [15] = 0xfd }, 16);
	else
		memcpy(frame + 14 + 16, (const uint8_t[]){ 224, 0, 1, 187 }, 4);
	memset(frame + (r.v6 ? 14 + 46 : 14 + 10), 0, 2);
	if (!r.v6) {
		damp_put16(frame + 24, (uint16_t)~damp_csum_fold(damp_csum_add(0, frame + 14, 20)));
		memset(frame + 14 + 26, 0, 2);
	}
	damp_put16(frame + (r.v6 ? 60 : 40), damp_udp_checksum(frame, &(struct damp_frame){ .v6 = r.v6, .l3_off = 14,
			.l4_off = r.v6 ? 54 : 34 }, (uint16_t)(n - (r.v6 ? 54 : 34))));
	expect(rig_frame(&r, DAMP_INSIDE, frame, n), DAMP_REASON_ACCEPTED);
	for (uint8_t host = 1; host <= 150; host++) {
		m[3] = host;
		passed += rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ host, 5683 }, SERVER, m, sizeof(m))->fate ==
			  DAMP_FATE_FORWARD;
	}
	assert_int_equal(passed, 100);
	expect(&r.pkt, DAMP_REASON_RESPONSE_REPEATED);
	rig_close(&r);
}

/* Size2 of 4 GiB is not passed on to who might reserve as much. */
static void large_announcements_are_taken_out(void **state)
{
	uint8_t m[] = { 0x51, 0x45, 0, 1, 0x4a, 0xd4, 28 - 13, 0xff, 0xff, 0xff, 0xff, 0xff, 'x' };
	struct rig r;
	size_t len;

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x41, 0x01, 0, 1, 0x4a, 0xb1, 'x'));
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, m, sizeof(m));
	assert_memory_equal(rig_out(&r, &len), ((const uint8_t[]){ 0x51, 0x45, 0, 1, 0x4a, 0xff, 'x' }), 7);
	assert_int_equal(len, 7);
	memset(m + 7, 0, 3);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, m, sizeof(m));
	rig_out(&r, &len);
	assert_int_equal(len, sizeof(m));
	rig_close(&r);
}

/* Nor beside OSCORE, which protects no option that stands outside (RFC 8613 section 4.1.3.4);
 * the answer itself is not lost for it. */
static void large_announcements_beside_oscore(void **state)
{
	/* NON 2.05, token 4a, OSCORE of no bytes, Size2 (delta 19) of 4 GiB, payload "x". */
	static const uint8_t m[] = { 0x51, 0x45, 0, 1, 0x4a, 0x90, 0xd4, 19 - 13, 0xff, 0xff, 0xff, 0xff, 0xff, 'x' };
	static const uint8_t without[] = { 0x51, 0x45, 0, 1, 0x4a, 0x90, 0xff, 'x' };
	const uint8_t *out;
	struct rig r;
	size_t len;

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x41, 0x02, 0, 1, 0x4a, 0x90, 0xff, 'x'));
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, m, sizeof(m)), DAMP_REASON_ACCEPTED);
	out = rig_out(&r, &len);
	assert_non_null(out);
	assert_int_equal(len, sizeof(without));
	assert_memory_equal(out, without, sizeof(without));
	assert_true(damp_udp_checksum_good(r.frame, &r.pkt.frame, (uint16_t)(8 + len)));
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(uploads_in_order), BOTH(uploads_out_of_order), BOTH(uploads_of_a_wrong_size), BOTH(bodies_have_a_cap),
		BOTH(uploads_at_once), BOTH(the_unproved_hear_nothing), BOTH(middle_is_believed_after_a_start),
		BOTH(one_answer_for_a_request), BOTH(second_answer_from_outside), BOTH(q_block_bursts),
		BOTH(group_answers), BOTH(large_announcements_are_taken_out), BOTH(large_announcements_beside_oscore),
		BOTH(q_blocks_may_be_missing),
		BOTH(q_blocks_have_sizes), BOTH(q_uploads_are_counted), BOTH(q_blocks_of_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
