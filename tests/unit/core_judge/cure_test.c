/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reflectors whose victim is inside (core/cure.c; attacks.md AV-42), and paths that
 * strangers may not name (AV-04).
 */
#include "judge_state.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define REFLECTOR ((struct rig_end){ 1, 5683 })
#define CLIENT ((struct rig_end){ 2, 40000 })
#define SERVER ((struct rig_end){ 2, 5683 })
#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static void curing(struct damp_guard *g)
{
	g->cure_reflectors = 1;
	g->grace_s = 0;
}

/* The Message ID of the RST that goes back, -1 when nothing does. */
static int told(struct rig *r, struct rig_end from, const uint8_t *m, size_t n)
{
	const uint8_t *out;
	size_t len;

	rig_send(r, DAMP_OUTSIDE, from, CLIENT, m, n);
	if (r->pkt.fate != DAMP_FATE_BACK) {
		assert_int_equal(r->pkt.reason, DAMP_REASON_UNSOLICITED_IN);
		return -1;
	}
	assert_int_equal(r->pkt.reason, DAMP_REASON_CURED);
	out = rig_out(r, &len);
	assert_int_equal(len, 4);
	assert_int_equal(out[0], 0x70);
	assert_int_equal(out[1], 0x00);
	assert_true(r->pkt.out_len <= r->pkt.len);
	return out[2] << 8 | out[3];
}

/* A 2.05 of a type: with the token 1, Observe 5 when it notifies. */
#define CONTENT(type, mid) BYTES((uint8_t)(0x41 | (type) << 4), 0x45, 0x12, mid, 1)
#define NOTIFIES(type, mid) BYTES((uint8_t)(0x41 | (type) << 4), 0x45, 0x12, mid, 1, 0x61, 5)

static void what_goes_on_is_stopped(void **state)
{
	static const struct { uint8_t type; bool notifies, stopped; } cases[] = {
		{ DAMP_COAP_CON, false, true }, { DAMP_COAP_CON, true, true },   { DAMP_COAP_NON, true, true },
		{ DAMP_COAP_NON, false, false }, { DAMP_COAP_ACK, true, false }, { DAMP_COAP_ACK, false, false },
	};
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, curing);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct rig_end from = { (uint8_t)(10 + i), 5683 };
		const int mid = cases[i].notifies ? told(&r, from, NOTIFIES(cases[i].type, 0x34)) :
						    told(&r, from, CONTENT(cases[i].type, 0x34));

		assert_int_equal(mid, cases[i].stopped ? 0x1234 : -1);
		rig_wait_ms(&r, 1000);         /* of one /64 one a second */
	}
	rig_close(&r);
}

static void once_a_second(void **state)
{
	struct rig r;
	unsigned n = 0;

	rig_open_guard(&r, *(bool *)*state, curing);
	for (uint8_t i = 0; i < 50; i++) {
		n += told(&r, REFLECTOR, NOTIFIES(DAMP_COAP_NON, i)) >= 0;
		rig_wait_ms(&r, 100);
	}
	assert_int_equal(n, 5);
	assert_true(r.peer_out <= r.peer_in);
	rig_close(&r);
}

/* 255 reflectors of one network, eight times: never more than 1000 in a second, nor than the network's bytes. */
static void all_together(void **state)
{
	struct rig r;
	unsigned n = 0;

	rig_open_guard(&r, *(bool *)*state, curing);
	for (unsigned i = 0; i < 2000; i++)
		n += told(&r, (struct rig_end){ (uint8_t)(1 + i % 250), 5683 }, NOTIFIES(DAMP_COAP_CON, 1)) >= 0;
	assert_in_range(n, 1, 250);
	rig_close(&r);
}

static void not_unless_asked_for(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, NULL);
	r.now += DAMP_SECONDS(1000);
	assert_int_equal(told(&r, REFLECTOR, CONTENT(DAMP_COAP_CON, 1)), -1);
	rig_close(&r);
}

/* What a client of ours asked for, and watches, is none of this. */
static void not_what_was_asked_for(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, curing);
	/* CON GET /a, Observe 0, the token 1 */
	rig_send(&r, DAMP_INSIDE, CLIENT, REFLECTOR, BYTES(0x41, 0x01, 0x00, 0x01, 1, 0x60, 0x51, 'a'));
	rig_send(&r, DAMP_OUTSIDE, REFLECTOR, CLIENT, NOTIFIES(DAMP_COAP_CON, 7));
	assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
	rig_close(&r);
}

/* NON method with a path of len bytes, of segments of 200 at most. */
static enum damp_reason named(struct rig *r, struct rig_end from, uint8_t method, size_t len)
{
	uint8_t m[700] = { 0x50, method, 0x00, from.host };
	size_t n = 4;

	for (size_t left = len; left > 0;) {
		const size_t part = left - 1 < 200 ? left - 1 : 200;

		m[n++] = left == len ? 0xbd : 0x0d;     /* Uri-Path, or one more; the length follows */
		m[n++] = (uint8_t)(part - 13);
		memset(m + n, 'x', part);
		n += part;
		left -= part + 1;
	}
	return (enum damp_reason)rig_send(r, DAMP_OUTSIDE, from, SERVER, m, n)->reason;
}

static void any_path(struct damp_guard *g)
{
	g->prove_path_bytes = 0;
}

static void strangers_name_no_long_paths(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	assert_int_equal(named(&r, (struct rig_end){ 20, 40000 }, DAMP_COAP_PUT, 255), DAMP_REASON_ACCEPTED);
	assert_int_equal(named(&r, (struct rig_end){ 21, 40000 }, DAMP_COAP_PUT, 256), DAMP_REASON_CHALLENGED);
	assert_int_equal(named(&r, (struct rig_end){ 22, 40000 }, DAMP_COAP_POST, 256), DAMP_REASON_CHALLENGED);
	assert_int_equal(named(&r, (struct rig_end){ 23, 40000 }, DAMP_COAP_GET, 256), DAMP_REASON_ACCEPTED);
	rig_close(&r);
	rig_open_guard(&r, *(bool *)*state, any_path);
	assert_int_equal(named(&r, (struct rig_end){ 24, 40000 }, DAMP_COAP_PUT, 600), DAMP_REASON_ACCEPTED);
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(what_goes_on_is_stopped), BOTH(once_a_second), BOTH(all_together), BOTH(not_unless_asked_for),
		BOTH(not_what_was_asked_for), BOTH(strangers_name_no_long_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
