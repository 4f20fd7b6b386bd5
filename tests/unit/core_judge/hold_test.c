/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages held behind a ping: released by any proof, replaced by an Echo or
 * dropped when nobody answers, and never more bytes than the promise.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define SERVER ((struct rig_end){ 2, 5683 })
#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define TOKEN 0x4a
/* GET /.well-known/core with a token of one byte, MID 2. */
#define CORE 0xbb, '.', 'w', 'e', 'l', 'l', '-', 'k', 'n', 'o', 'w', 'n', 0x04, 'c', 'o', 'r', 'e'
#define NON_GET 0x51, 0x01, 0x00, 0x02, TOKEN, CORE
#define CON_GET 0x41, 0x01, 0x00, 0x02, TOKEN, CORE
/* NON POST with Block1 0, more to come, of 16 bytes: needs a proof first. 0xbd: a
 * Uri-Path of 14 bytes; Block1 is 16 behind it. */
#define NON_BLOCK1                                                                                        \
	0x51, 0x02, 0x00, 0x03, TOKEN, 0xbd, 0x01, 'l', 'o', 'n', 'g', 'e', 'r', ' ', 'p', 'a', 't', 'h', \
		' ', 'x', 'y', 0xd1, 0x03, 0x08, 0xff, '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',  \
		'a', 'b', 'c', 'd', 'e', 'f'
#define LARGE 600u

static void holding(struct damp_guard *g)
{
	g->hold = 1;
}

static struct damp_pkt *from_client(struct rig *r, const uint8_t *m, size_t n)
{
	return rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, m, n);
}

/* 2.05 of LARGE bytes: ACK or NON with a Message ID. */
static struct damp_pkt *large_answer_to(struct rig *r, struct rig_end client, uint8_t type, uint16_t mid)
{
	uint8_t m[LARGE];

	memset(m, 'x', sizeof(m));
	m[0] = (uint8_t)(0x41 | type << 4);
	m[1] = DAMP_COAP_2_05;
	damp_put16(m + 2, mid);
	m[4] = TOKEN;
	m[5] = 0xff;
	return rig_send(r, DAMP_INSIDE, SERVER, client, m, sizeof(m));
}

static struct damp_pkt *large_answer(struct rig *r, uint8_t type, uint16_t mid)
{
	return large_answer_to(r, CLIENT, type, mid);
}

/* The RST to the gateway's ping, which stands behind Ethernet, IP and UDP. */
static struct damp_pkt *pong(struct rig *r)
{
	const uint8_t *ping = r->emits[0].data + 14 + (r->v6 ? 40 : 20) + 8;
	uint8_t rst[4] = { 0x70, 0x00, ping[2], ping[3] };

	assert_true(r->nemits > 0);
	assert_int_equal(ping[0], 0x40);
	return from_client(r, rst, sizeof(rst));
}

static void assert_promise(const struct rig *r)
{
	assert_true(r->peer_out <= 3 * r->peer_in);
	assert_int_equal(r->stats->worker[0].unproved_bytes_in, r->peer_in);
	assert_int_equal(r->stats->worker[0].unproved_bytes_out, r->peer_out);
}

static void assert_large(struct rig *r)
{
	size_t len;

	assert_int_equal(r->pkt.reason, DAMP_REASON_ACCEPTED_PROVED);
	assert_int_equal(r->pkt.fate, DAMP_FATE_FORWARD);
	assert_int_equal(rig_out(r, &len)[1], DAMP_COAP_2_05);
	assert_int_equal(len, LARGE);
	/* A permuted Message ID and its checksum. */
	damp_frame_parse(r->frame, r->pkt.out_len, &r->view->ports, false, &r->pkt.frame);
	assert_int_equal(r->pkt.frame.cls, DAMP_FRAME_COAP);
}

/* A NON that knows RFC 7252 and no more: one RST, and it has its answer. */
static void released_by_a_pong(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, holding);
	from_client(&r, BYTES(NON_GET));
	assert_int_equal(large_answer(&r, DAMP_COAP_NON, 77)->fate, DAMP_FATE_HOLD);
	assert_int_equal(r.pkt.reason, DAMP_REASON_HELD);
	assert_null(rig_unhold(&r));
	rig_wait_ms(&r, 0);
	assert_int_equal(r.nemits, 1);
	assert_promise(&r);
	assert_int_equal(pong(&r)->reason, DAMP_REASON_PROOF_TAKEN);
	assert_non_null(rig_unhold(&r));
	assert_large(&r);
	assert_null(rig_unhold(&r));
	/* The second ping, answered too: no more of them, nothing left. */
	rig_wait_ms(&r, 0);
	pong(&r);
	rig_wait_ms(&r, 3000);
	assert_int_equal(r.nemits, 0);
	assert_null(rig_unhold(&r));
	assert_int_equal(r.stats->worker[0].held, 1);
	assert_int_equal(r.stats->worker[0].held_released, 1);
	rig_close(&r);
}

static void earning(struct damp_guard *g)
{
	g->hold = 1;
	g->trust_earned = 1;
}

/* Of a network that nobody has proved to be in: there is room for a ping or an Echo, not
 * for both. Everybody understands the ping, which waits until libcoap hears it. */
static void one_ping_of_a_strange_network(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, earning);
	from_client(&r, BYTES(NON_GET));
	assert_int_equal(large_answer(&r, DAMP_COAP_NON, 77)->reason, DAMP_REASON_HELD);
	rig_wait_ms(&r, 0);
	assert_int_equal(r.nemits, 0);
	rig_wait_ms(&r, 400);
	assert_int_equal(r.nemits, 1);
	assert_true(r.peer_out <= r.peer_in);
	assert_int_equal(pong(&r)->reason, DAMP_REASON_PROOF_TAKEN);
	assert_non_null(rig_unhold(&r));
	assert_large(&r);
	rig_close(&r);
	/* Nobody answers it: no second one, and no Echo. */
	rig_open_guard(&r, *(bool *)*state, earning);
	from_client(&r, BYTES(NON_GET));
	large_answer(&r, DAMP_COAP_NON, 77);
	for (unsigned i = 0; i < 4; i++)
		rig_wait_ms(&r, 400);
	assert_non_null(rig_unhold(&r));
	assert_int_equal(r.pkt.fate, DAMP_FATE_DROP);
	assert_true(r.peer_out <= r.peer_in);
	rig_close(&r);
}

/* A libcoap client ignores pings in its first 250 ms; the second counts. */
static void the_second_ping_does_too(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, holding);
	from_client(&r, BYTES(CON_GET));
	assert_int_equal(large_answer(&r, DAMP_COAP_ACK, 2)->fate, DAMP_FATE_HOLD);
	rig_wait_ms(&r, 0);
	assert_int_equal(r.nemits, 1);
	rig_wait_ms(&r, 400);
	assert_int_equal(r.nemits, 1);
	pong(&r);
	assert_non_null(rig_unhold(&r));
	assert_large(&r);
	rig_close(&r);
}

/* Nobody answers: a NON is told 4.01 with Echo, from what was put by for it. */
static void a_non_gets_its_echo(void **state)
{
	struct rig r;
	size_t len;

	rig_open_guard(&r, *(bool *)*state, holding);
	from_client(&r, BYTES(NON_GET));
	large_answer(&r, DAMP_COAP_NON, 77);
	rig_wait_ms(&r, 1000);
	assert_null(rig_unhold(&r));
	rig_wait_ms(&r, 500);
	assert_non_null(rig_unhold(&r));
	assert_int_equal(r.pkt.reason, DAMP_REASON_CHALLENGED);
	assert_int_equal(rig_out(&r, &len)[1], DAMP_COAP_4_01);
	assert_promise(&r);
	assert_int_equal(r.stats->worker[0].held_released, 0);
	/* One packet, one kind, one reason. */
	assert_int_equal(r.stats->worker[0].kind[DAMP_INSIDE][DAMP_KIND_RESPONSE].packets, 1);
	assert_int_equal(r.stats->worker[0].reason[DAMP_INSIDE][DAMP_REASON_HELD].packets, 1);
	assert_int_equal(r.stats->worker[0].reason[DAMP_INSIDE][DAMP_REASON_CHALLENGED].packets, 0);
	rig_close(&r);
}

/* A CON comes again by itself; a 4.01 that nobody asked for would end it. */
static void a_con_gets_nothing(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, holding);
	from_client(&r, BYTES(CON_GET));
	large_answer(&r, DAMP_COAP_ACK, 2);
	rig_wait_ms(&r, 1500);
	assert_non_null(rig_unhold(&r));
	assert_int_equal(r.pkt.fate, DAMP_FATE_DROP);
	assert_int_equal(r.pkt.reason, DAMP_REASON_HELD_EXPIRED);
	assert_int_equal(r.stats->worker[0].reason[DAMP_INSIDE][DAMP_REASON_HELD_EXPIRED].packets, 1);
	rig_wait_ms(&r, 1000);
	/* It does, and now the Echo has its turn. */
	from_client(&r, BYTES(CON_GET));
	assert_int_equal(large_answer(&r, DAMP_COAP_ACK, 2)->reason, DAMP_REASON_CHALLENGED);
	assert_promise(&r);
	rig_close(&r);
}

/* What needs a proof first waits at the gateway, and goes in when it is given. */
static void requests_wait_too(void **state)
{
	struct rig r;
	size_t len;

	rig_open_guard(&r, *(bool *)*state, holding);
	assert_int_equal(from_client(&r, BYTES(NON_BLOCK1))->reason, DAMP_REASON_HELD);
	rig_wait_ms(&r, 0);
	pong(&r);
	assert_non_null(rig_unhold(&r));
	assert_int_equal(r.pkt.reason, DAMP_REASON_ACCEPTED_PROVED);
	assert_int_equal(r.pkt.side, DAMP_OUTSIDE);
	assert_int_equal(rig_out(&r, &len)[1], 2);
	rig_close(&r);
	/* And without one it is challenged as it was before there was holding. */
	rig_open_guard(&r, *(bool *)*state, holding);
	from_client(&r, BYTES(NON_BLOCK1));
	rig_wait_ms(&r, 1500);
	assert_non_null(rig_unhold(&r));
	assert_int_equal(r.pkt.reason, DAMP_REASON_CHALLENGED);
	assert_promise(&r);
	rig_close(&r);
}

static void unbudgeted(struct damp_guard *g)
{
	holding(g);
	g->challenge_host.cost_q16 = g->challenge_net4.cost_q16 = g->challenge_net6.cost_q16 = 0;
	g->host4.cost_q16 = g->net4.cost_q16 = g->host6.cost_q16 = g->net6.cost_q16 = 0;
	g->trust_net4.cost_q16 = g->trust_net6.cost_q16 = 0;
}

/* A flood of requests fills half of the table; what is full is as if there were
 * none, and responses still have the other half. */
static void a_full_table_holds_nothing(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, unbudgeted);
	for (unsigned i = 0; i < DAMP_HOLD_REQUESTS + 1; i++) {
		const struct rig_end peer = { 3, (uint16_t)(1024 + i) };

		rig_send(&r, DAMP_OUTSIDE, peer, SERVER, BYTES(NON_BLOCK1));
		assert_int_equal(r.pkt.reason, i < DAMP_HOLD_REQUESTS ? DAMP_REASON_HELD : DAMP_REASON_CHALLENGED);
	}
	from_client(&r, BYTES(NON_GET));
	assert_int_equal(large_answer(&r, DAMP_COAP_NON, 77)->reason, DAMP_REASON_HELD);
	rig_wait_ms(&r, 1500);
	for (unsigned i = 0; i < DAMP_HOLD_REQUESTS + 1; i++)
		assert_non_null(rig_unhold(&r));
	assert_null(rig_unhold(&r));
	assert_int_equal(rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 4, 1024 }, SERVER, BYTES(NON_BLOCK1))->reason,
			 DAMP_REASON_HELD);
	rig_close(&r);
}

/* Somebody has proved to be at an address; six other ports of it ask at once. What
 * the three challenges in ten seconds of a fresh address pay for is pinged as often
 * as the credit allows beside an Echo; what is paid from the second budget, as in a
 * flood in its name, once. */
static void a_flood_brings_one_ping_each(void **state)
{
	unsigned pings = 0;
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, holding);
	from_client(&r, BYTES(NON_GET));
	large_answer(&r, DAMP_COAP_NON, 77);
	rig_wait_ms(&r, 0);
	pong(&r);
	assert_non_null(rig_unhold(&r));
	rig_wait_ms(&r, 0);
	pong(&r);
	for (uint16_t i = 0; i < 6; i++) {
		const struct rig_end other = { CLIENT.host, (uint16_t)(41000 + i) };

		rig_send(&r, DAMP_OUTSIDE, other, SERVER, BYTES(NON_GET));
		assert_int_equal(large_answer_to(&r, other, DAMP_COAP_NON, (uint16_t)(78 + i))->reason, DAMP_REASON_HELD);
	}
	for (unsigned i = 0; i < 3; i++) {
		rig_wait_ms(&r, i == 0 ? 0 : 400);
		pings += r.nemits;
	}
	assert_int_equal(pings, 2 * (r.v6 ? 2 : 3) + 4);
	rig_close(&r);
}

static void slots_in_order(void **state)
{
	struct damp_hold *h = test_malloc(sizeof(*h));
	bool given[DAMP_HOLDS] = { false };
	unsigned at;

	(void)state;
	damp_hold_init(h);
	for (unsigned i = 0; i < DAMP_HOLDS; i++) {
		assert_int_equal(damp_hold_room(h, true), i < DAMP_HOLD_REQUESTS);
		assert_true(damp_hold_room(h, false));
		assert_int_equal(damp_hold_calm(h), i < DAMP_HOLDS / 2);
		/* Sixteen peers in one bucket. */
		at = damp_hold_take(h, 7 + ((uint64_t)(i % 16) << 32), i < DAMP_HOLD_REQUESTS, 100 + i);
		assert_true(at < DAMP_HOLDS && !given[at]);
		given[at] = true;
	}
	assert_false(damp_hold_room(h, false));
	assert_false(damp_hold_next(h, 99, &at));
	/* One peer of the sixteen proves itself: all of its own, in order. */
	damp_hold_release(h, 7 + (3ull << 32));
	damp_hold_release(h, 8);
	for (unsigned i = 0; i < DAMP_HOLDS / 16; i++) {
		assert_true(damp_hold_next(h, 0, &at));
		assert_int_equal(h->slot[at].peer_key, 7 + (3ull << 32));
		assert_int_equal(h->slot[at].due, 100 + 3 + 16 * i);
	}
	assert_false(damp_hold_next(h, 99, &at));
	assert_true(damp_hold_room(h, true));
	/* The others when they are due. */
	assert_true(damp_hold_next(h, 100, &at));
	assert_int_equal(h->slot[at].due, 100);
	assert_false(damp_hold_next(h, 100, &at));
	for (unsigned i = 0; i < DAMP_HOLDS - DAMP_HOLDS / 16 - 1; i++)
		assert_true(damp_hold_next(h, 1u << 20, &at));
	assert_false(damp_hold_next(h, 1u << 20, &at));
	assert_int_equal(h->used, 0);
	assert_int_equal(h->requests, 0);
	test_free(h);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(released_by_a_pong), BOTH(one_ping_of_a_strange_network), BOTH(the_second_ping_does_too), BOTH(a_non_gets_its_echo),
		BOTH(a_con_gets_nothing), BOTH(requests_wait_too), BOTH(a_full_table_holds_nothing),
		BOTH(a_flood_brings_one_ping_each),
		cmocka_unit_test(slots_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
