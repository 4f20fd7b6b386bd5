/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message IDs that inside endpoints choose: another one on the wire, the same
 * one back, and the ACK that names it is a proof (attacks.md A13, P3).
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define SERVER ((struct rig_end){ 2, 5683 })
#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

#define HEAD(type, code, mid) (uint8_t)(0x40 | (type) << 4), code, (uint8_t)((mid) >> 8), (uint8_t)(mid)
/* GET /p: CON, no token. */
#define GET_P(mid) HEAD(DAMP_COAP_CON, 0x01, mid), 0xb1, 'p'
/* 2.05 with two bytes. */
#define CONTENT(type, mid) HEAD(type, 0x45, mid), 0xff, 'o', 'k'
#define EMPTY(type, mid) HEAD(type, 0x00, mid)

static struct damp_pkt *from_client(struct rig *r, const uint8_t *m, size_t len)
{
	return rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, m, len);
}

static struct damp_pkt *from_server(struct rig *r, const uint8_t *m, size_t len)
{
	return rig_send(r, DAMP_INSIDE, SERVER, CLIENT, m, len);
}

/* The Message ID that leaves, in a frame whose checksum is right. */
static uint16_t mid_out(struct rig *r)
{
	size_t len;
	const uint8_t *m = rig_out(r, &len);

	assert_non_null(m);
	assert_true(damp_udp_checksum_good(r->frame, &r->pkt.frame, (uint16_t)(8 + len)));
	return damp_get16(m + 2);
}

/* A client asks, its server will answer later. */
static void asked(struct rig *r, uint16_t mid)
{
	assert_int_equal(from_client(r, BYTES(GET_P(mid)))->fate, DAMP_FATE_FORWARD);
	assert_int_equal(from_server(r, BYTES(EMPTY(DAMP_COAP_ACK, mid)))->fate, DAMP_FATE_FORWARD);
}

static uint16_t separate(struct rig *r, uint16_t mid)
{
	assert_int_equal(from_server(r, BYTES(CONTENT(DAMP_COAP_CON, mid)))->fate, DAMP_FATE_FORWARD);
	return mid_out(r);
}

static uint64_t proofs(const struct rig *r)
{
	return r->stats->worker[0].proofs_ack;
}

/* 64 MIDs in a row: all different outside, the same for a copy, each its own
 * again inside, and none of use to who only knows the server's. */
static void permuted_and_back(void **state)
{
	static const uint8_t answers[] = { DAMP_COAP_ACK, DAMP_COAP_RST };
	static bool taken[1 << 16];
	unsigned moved = 0;
	struct rig r;

	memset(taken, 0, sizeof(taken));
	for (uint16_t i = 0; i < 64; i++) {
		const uint16_t mid = (uint16_t)(0x7b00 + i);
		const uint8_t answer = answers[i & 1];
		uint16_t wire;

		rig_open(&r, *(bool *)*state);
		asked(&r, i);
		wire = separate(&r, mid);
		assert_false(taken[wire]);
		taken[wire] = true;
		assert_int_equal(separate(&r, mid), wire);
		moved += wire != mid;
		from_client(&r, BYTES(EMPTY(answer, mid)));
		assert_int_equal(r.pkt.fate, wire == mid ? DAMP_FATE_FORWARD : DAMP_FATE_DROP);
		assert_int_equal(from_client(&r, BYTES(EMPTY(answer, wire)))->fate, DAMP_FATE_FORWARD);
		assert_int_equal(mid_out(&r), mid);
		assert_int_equal(r.pkt.wire_mid, wire);
		rig_close(&r);
	}
	assert_in_range(moved, 60, 64);
}

static void no_byte_budget(struct damp_guard *g)
{
	g->host4.cost_q16 = g->net4.cost_q16 = g->host6.cost_q16 = g->net6.cost_q16 = 0;
}

/* All of 2^16 appear once; another port has another permutation. */
static void one_bijection_a_peer(void **state)
{
	static bool taken[1 << 16];
	const struct rig_end other = { 1, 40001 }, mine = CLIENT;
	unsigned same = 0;
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, no_byte_budget);
	r.now = DAMP_SECONDS(1);        /* in the grace time nobody needs to have asked */
	memset(taken, 0, sizeof(taken));
	for (uint32_t i = 0; i < 1u << 16; i++) {
		uint16_t wire;

		rig_send(&r, DAMP_INSIDE, SERVER, mine, BYTES(CONTENT(DAMP_COAP_NON, i)));
		wire = mid_out(&r);
		assert_false(taken[wire]);
		taken[wire] = true;
		rig_send(&r, DAMP_INSIDE, SERVER, other, BYTES(CONTENT(DAMP_COAP_NON, i)));
		same += mid_out(&r) == wire;
	}
	assert_true(same < 8);
	rig_close(&r);
}

/* Message IDs that the outside chose, or that the gateway did. */
static void others_are_left_alone(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	from_client(&r, BYTES(GET_P(0x0102)));
	assert_int_equal(mid_out(&r), 0x0102);
	from_server(&r, BYTES(CONTENT(DAMP_COAP_ACK, 0x0102)));
	assert_int_equal(mid_out(&r), 0x0102);
	from_client(&r, BYTES(GET_P(0x0103)));
	from_server(&r, BYTES(EMPTY(DAMP_COAP_ACK, 0x0103)));
	assert_int_equal(mid_out(&r), 0x0103);
	from_client(&r, BYTES(GET_P(0x0104)));
	from_server(&r, BYTES(EMPTY(DAMP_COAP_RST, 0x0104)));
	assert_int_equal(mid_out(&r), 0x0104);
	from_client(&r, BYTES(EMPTY(DAMP_COAP_CON, 0x0105)));
	assert_int_equal(mid_out(&r), 0x0105);
	/* Bypass touches nothing, either way. */
	r.bypass = true;
	from_server(&r, BYTES(CONTENT(DAMP_COAP_CON, 0x0106)));
	assert_int_equal(mid_out(&r), 0x0106);
	from_client(&r, BYTES(EMPTY(DAMP_COAP_ACK, 0x0107)));
	assert_int_equal(mid_out(&r), 0x0107);
	rig_close(&r);
}

/* What an inside client asks leaves permuted; its answer brings the ID back. */
static void inside_clients_get_theirs_back(void **state)
{
	const struct rig_end lamp = { 5, 41000 }, cloud = { 9, 5683 };
	struct rig r;
	uint16_t wire;

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_INSIDE, lamp, cloud, BYTES(GET_P(0x0201)));
	wire = mid_out(&r);
	assert_int_not_equal(wire, 0x0201);
	rig_send(&r, DAMP_OUTSIDE, cloud, lamp, BYTES(EMPTY(DAMP_COAP_ACK, wire)));
	assert_int_equal(mid_out(&r), 0x0201);
	/* The separate answer and its ACK: the outside's number. */
	rig_send(&r, DAMP_OUTSIDE, cloud, lamp, BYTES(CONTENT(DAMP_COAP_CON, 0x0301)));
	assert_int_equal(mid_out(&r), 0x0301);
	rig_send(&r, DAMP_INSIDE, lamp, cloud, BYTES(EMPTY(DAMP_COAP_ACK, 0x0301)));
	assert_int_equal(mid_out(&r), 0x0301);
	/* A piggybacked answer. */
	rig_send(&r, DAMP_INSIDE, lamp, cloud, BYTES(GET_P(0x0202)));
	wire = mid_out(&r);
	rig_send(&r, DAMP_OUTSIDE, cloud, lamp, BYTES(CONTENT(DAMP_COAP_ACK, wire)));
	assert_int_equal(mid_out(&r), 0x0202);
	/* A keepalive ping. */
	rig_send(&r, DAMP_INSIDE, lamp, cloud, BYTES(EMPTY(DAMP_COAP_CON, 0x0203)));
	wire = mid_out(&r);
	rig_send(&r, DAMP_OUTSIDE, cloud, lamp, BYTES(EMPTY(DAMP_COAP_RST, wire)));
	assert_int_equal(mid_out(&r), 0x0203);
	assert_int_equal(proofs(&r), 0);
	rig_close(&r);
}

/* A challenge in place of a NON response has the ID that one would have had. */
static void replaced_responses_too(void **state)
{
	uint8_t get[40] = { 0x50, 0x01, 0x00, 0x01, 0xbd, 21 }, large[1000] = { 0x50, 0x45, 0x04, 0x01, 0xff };
	struct rig r;
	uint16_t wire;

	rig_open(&r, *(bool *)*state);
	memset(get + 6, 'p', sizeof(get) - 6);
	from_client(&r, get, sizeof(get));
	from_server(&r, BYTES(CONTENT(DAMP_COAP_NON, 0x0401)));
	wire = mid_out(&r);
	from_client(&r, get, sizeof(get));
	assert_int_equal(from_server(&r, large, sizeof(large))->reason, DAMP_REASON_CHALLENGED);
	assert_int_equal(mid_out(&r), wire);
	rig_close(&r);
}

/* The RST to the second ping, which has just gone out. */
static void answer_second(struct rig *r)
{
	const uint8_t *ping;

	rig_wait_ms(r, 0);
	assert_int_equal(r->nemits, 1);
	ping = r->emits[0].data + r->emits[0].len - 4;
	assert_int_equal(from_client(r, BYTES(EMPTY(DAMP_COAP_RST, damp_get16(ping + 2))))->reason,
			 DAMP_REASON_PROOF_TAKEN);
	assert_int_equal(r->stats->worker[0].proofs_second, 1);
}

static void ack_is_a_proof(void **state)
{
	uint8_t large[1000] = { CONTENT(DAMP_COAP_ACK, 2) };
	struct rig r;
	uint16_t wire;

	rig_open(&r, *(bool *)*state);
	asked(&r, 1);
	wire = separate(&r, 0x7b3e);
	/* It resets, which may be somebody who never asked: no proof. */
	from_client(&r, BYTES(EMPTY(DAMP_COAP_RST, wire)));
	assert_int_equal(proofs(&r), 0);
	from_client(&r, BYTES(EMPTY(DAMP_COAP_ACK, wire)));
	assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
	assert_int_equal(proofs(&r), 1);
	assert_int_equal(from_client(&r, BYTES(GET_P(2)))->reason, DAMP_REASON_ACCEPTED_PROVED);
	assert_int_equal(from_server(&r, large, sizeof(large))->reason, DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);
}

/* The proof ends after 1800 s whatever the peer says, but for an ACK. */
static void acks_renew_the_proof(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	asked(&r, 1);
	from_client(&r, BYTES(EMPTY(DAMP_COAP_ACK, separate(&r, 0x0001))));
	answer_second(&r);
	for (uint16_t i = 2; i < 40; i++) {
		rig_wait_ms(&r, 200000);
		assert_true(from_client(&r, BYTES(GET_P(i)))->proved);
		from_client(&r, BYTES(EMPTY(DAMP_COAP_ACK, separate(&r, i))));
	}
	assert_int_equal(proofs(&r), 39);
	for (uint16_t i = 0; i < 10; i++) {
		rig_wait_ms(&r, 200000);
		from_client(&r, BYTES(GET_P(100 + i)));
	}
	assert_false(r.pkt.proved);
	rig_close(&r);
}

static void without_permutation(struct damp_guard *g)
{
	g->permute_mids = 0;
}

/* What is no proof: late; an ID older than the last four; without permutation. */
static void old_acks_are_none(void **state)
{
	uint16_t wire[5];
	struct rig r;

	rig_open(&r, *(bool *)*state);
	asked(&r, 1);
	wire[0] = separate(&r, 1);
	rig_wait_ms(&r, 16500);
	assert_int_equal(from_client(&r, BYTES(EMPTY(DAMP_COAP_ACK, wire[0])))->fate, DAMP_FATE_FORWARD);
	assert_int_equal(proofs(&r), 0);
	for (uint16_t i = 0; i < 5; i++) {
		asked(&r, (uint16_t)(10 + i));
		wire[i] = separate(&r, (uint16_t)(100 + i));
	}
	from_client(&r, BYTES(EMPTY(DAMP_COAP_ACK, wire[0])));
	assert_int_equal(proofs(&r), 0);
	from_client(&r, BYTES(EMPTY(DAMP_COAP_ACK, wire[1])));
	assert_int_equal(proofs(&r), 1);
	rig_close(&r);

	rig_open_guard(&r, *(bool *)*state, without_permutation);
	asked(&r, 1);
	assert_int_equal(separate(&r, 0x7b3e), 0x7b3e);
	assert_int_equal(from_client(&r, BYTES(EMPTY(DAMP_COAP_ACK, 0x7b3e)))->fate, DAMP_FATE_FORWARD);
	assert_int_equal(mid_out(&r), 0x7b3e);
	assert_int_equal(proofs(&r), 0);
	rig_close(&r);
}

static void guessing_runs_out(void **state)
{
	struct rig r;
	uint16_t wire;

	for (unsigned wrong = 7; wrong <= 8; wrong++) {
		rig_open(&r, *(bool *)*state);
		asked(&r, 1);
		wire = separate(&r, 0x7b3e);
		for (unsigned i = 1; i <= wrong; i++)
			assert_int_equal(from_client(&r, BYTES(EMPTY(DAMP_COAP_ACK, wire + i)))->reason,
					 DAMP_REASON_EMPTY_UNMATCHED);
		/* The right one still reaches the server, but proves nothing. */
		assert_int_equal(from_client(&r, BYTES(EMPTY(DAMP_COAP_ACK, wire)))->fate, DAMP_FATE_FORWARD);
		assert_int_equal(proofs(&r), wrong < 8);
		rig_close(&r);
	}
}

/* GET /p with Observe 0, and its notifications with Observe 1. */
#define REGISTER(mid) HEAD(DAMP_COAP_CON, 0x01, mid), 0x60, 0x51, 'p'
#define NOTIFY(type, mid) HEAD(type, 0x45, mid), 0x61, 0x01, 0xff, 'o'

/* An observer that is there: its ACK of an earlier answer says so. */
static void observe(struct rig *r)
{
	asked(r, 1);
	from_client(r, BYTES(EMPTY(DAMP_COAP_ACK, separate(r, 0x0501))));
	assert_int_equal(proofs(r), 1);
	answer_second(r);
	from_client(r, BYTES(REGISTER(2)));
	from_server(r, BYTES(NOTIFY(DAMP_COAP_ACK, 2)));
}

static uint16_t notified(struct rig *r, uint16_t mid)
{
	assert_int_equal(from_server(r, BYTES(NOTIFY(DAMP_COAP_NON, mid)))->reason, DAMP_REASON_ACCEPTED_PROVED);
	return mid_out(r);
}

/* Only the last notification can be reset, and after eight wrong guesses none
 * for a while (AV-17). */
static void resets_name_the_last_notification(void **state)
{
	struct rig r;
	uint16_t first, last;

	rig_open(&r, *(bool *)*state);
	observe(&r);
	first = notified(&r, 0x0502);
	last = notified(&r, 0x0503);
	assert_int_equal(from_client(&r, BYTES(EMPTY(DAMP_COAP_RST, first)))->reason, DAMP_REASON_EMPTY_UNMATCHED);
	assert_int_equal(from_client(&r, BYTES(EMPTY(DAMP_COAP_RST, last)))->fate, DAMP_FATE_FORWARD);
	/* The observation is over. */
	assert_int_equal(from_server(&r, BYTES(NOTIFY(DAMP_COAP_NON, 0x0504)))->reason, DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);

	rig_open(&r, *(bool *)*state);
	observe(&r);
	last = notified(&r, 0x0502);
	for (uint16_t i = 1; i <= 8; i++)
		from_client(&r, BYTES(EMPTY(DAMP_COAP_RST, (uint16_t)(last + i))));
	assert_int_equal(from_client(&r, BYTES(EMPTY(DAMP_COAP_RST, last)))->reason, DAMP_REASON_EMPTY_UNMATCHED);
	/* Later there are guesses again, and it may have been the client after all. */
	rig_wait_ms(&r, 60000);
	assert_int_equal(from_client(&r, BYTES(EMPTY(DAMP_COAP_RST, last)))->fate, DAMP_FATE_FORWARD);
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(permuted_and_back), BOTH(one_bijection_a_peer), BOTH(others_are_left_alone),
		BOTH(inside_clients_get_theirs_back), BOTH(replaced_responses_too), BOTH(ack_is_a_proof),
		BOTH(acks_renew_the_proof), BOTH(old_acks_are_none), BOTH(guessing_runs_out),
		BOTH(resets_name_the_last_notification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
