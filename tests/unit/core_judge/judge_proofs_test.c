/* SPDX-License-Identifier: BSD-3-Clause */
/* How a stranger proves to be there: the pong, the Echo, and what is no proof. */
#include "judge_kit.h"

static void small_answer_passes(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P)), DAMP_REASON_ACCEPTED);
	expect(answer(&r, DAMP_COAP_ACK, 1, NULL, 0, 40), DAMP_REASON_ACCEPTED);
	assert_promise(&r);
	rig_close(&r);
}

/* The way of a plain RFC 7252 client: its first answer becomes a ping, its RST
 * proves it, its own retransmission gets the whole answer. */
static void large_answer_needs_pong(void **state)
{
	struct rig r;
	size_t len;
	const uint8_t *out;
	uint8_t rst[4] = { 0x70, 0x00 };

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P));
	expect(answer(&r, DAMP_COAP_ACK, 1, NULL, 0, 1000), DAMP_REASON_PINGED);
	out = rig_out(&r, &len);
	assert_int_equal(len, 4);
	assert_int_equal(out[0], 0x40);
	assert_int_equal(out[1], 0x00);
	memcpy(rst + 2, out + 2, 2);
	rig_wait_ms(&r, 400);
	assert_int_equal(r.nemits, 1);
	rig_wait_ms(&r, 400);
	assert_int_equal(r.nemits, 1);
	rig_wait_ms(&r, 400);
	assert_int_equal(r.nemits, 0);
	assert_promise(&r);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, rst, 4), DAMP_REASON_PROOF_TAKEN);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P)), DAMP_REASON_ACCEPTED_PROVED);
	expect(answer(&r, DAMP_COAP_ACK, 1, NULL, 0, 1000), DAMP_REASON_ACCEPTED_PROVED);
	assert_int_equal(r.stats->worker[0].proofs_ping, 1);
	rig_close(&r);
}

/* The first answer ends the first pings, the second one all (half_test.c). */
static void proof_ends_the_probes(void **state)
{
	struct rig r;
	size_t len;
	uint8_t rst[4] = { 0x70, 0x00 };

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P));
	answer(&r, DAMP_COAP_ACK, 1, NULL, 0, 1000);
	memcpy(rst + 2, rig_out(&r, &len) + 2, 2);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, rst, 4);
	for (unsigned i = 0; i < 2; i++) {
		rig_wait_ms(&r, 500 * i);
		assert_int_equal(r.nemits, 1);
		assert_memory_not_equal(rst + 2, r.emits[0].data + r.emits[0].len - 2, 2);
	}
	memcpy(rst + 2, r.emits[0].data + r.emits[0].len - 2, 2);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, rst, 4), DAMP_REASON_PROOF_TAKEN);
	rig_wait_ms(&r, 500);
	assert_int_equal(r.nemits, 0);
	assert_int_equal(r.stats->worker[0].proofs_second, 1);
	rig_close(&r);
}

/* A NON client with Echo: the answer becomes 4.01 + Max-Age 0 + Echo in kind. */
static void large_answer_to_non_is_challenged(void **state)
{
	static const uint8_t token[] = { 0x4a };
	struct rig r;
	size_t len;
	const uint8_t *out;
	uint8_t retry[64] = { GET_CORE };
	const size_t n = sizeof((const uint8_t[]){ GET_CORE });

	rig_open(&r, *(bool *)*state);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_CORE)), DAMP_REASON_ACCEPTED);
	expect(answer(&r, DAMP_COAP_NON, 77, token, 1, 600), DAMP_REASON_CHALLENGED);
	out = rig_out(&r, &len);
	assert_int_equal(len, 4 + 1 + 4 + DAMP_ECHO_LEN);
	assert_int_equal(out[1], DAMP_COAP_4_01);
	assert_int_equal(out[4], 0x4a);
	/* Max-Age, empty: delta 14. Then Echo, 9 bytes: delta 238. */
	assert_memory_equal(out + 5, ((const uint8_t[]){ 0xd0, 0x01, 0xd9, 0xe1 }), 4);
	assert_promise(&r);
	/* The retry: Echo behind Uri-Path, delta 241. */
	retry[n] = 0xd9;
	retry[n + 1] = 241 - 13;
	memcpy(retry + n + 2, out + 9, DAMP_ECHO_LEN);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, retry, n + 2 + DAMP_ECHO_LEN), DAMP_REASON_ACCEPTED_PROVED);
	expect(answer(&r, DAMP_COAP_NON, 78, token, 1, 600), DAMP_REASON_ACCEPTED_PROVED);
	assert_int_equal(r.stats->worker[0].proofs_echo, 1);
	rig_close(&r);
}

/* Somebody else's Echo proves nothing. */
static void echo_of_another_port_is_not_a_proof(void **state)
{
	static const uint8_t token[] = { 0x4a };
	struct rig r;
	size_t len;
	uint8_t retry[64] = { GET_CORE };
	const size_t n = sizeof((const uint8_t[]){ GET_CORE });

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_CORE));
	answer(&r, DAMP_COAP_NON, 77, token, 1, 600);
	retry[n] = 0xd9;
	retry[n + 1] = 241 - 13;
	memcpy(retry + n + 2, rig_out(&r, &len) + 9, DAMP_ECHO_LEN);
	expect(rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 1, 40001 }, SERVER, retry, n + 2 + DAMP_ECHO_LEN),
	       DAMP_REASON_ACCEPTED);
	rig_close(&r);
}

/* A confirmable client that comes again unproved is offered an Echo too. */
static void second_try_gets_an_echo(void **state)
{
	struct rig r;
	uint8_t get[] = { GET_CORE };
	static const uint8_t token[] = { 0x4a };

	get[0] = 0x41;
	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get));
	expect(answer(&r, DAMP_COAP_ACK, 2, token, 1, 600), DAMP_REASON_PINGED);
	rig_wait_ms(&r, 2500);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get));
	expect(answer(&r, DAMP_COAP_ACK, 2, token, 1, 600), DAMP_REASON_CHALLENGED);
	assert_promise(&r);
	rig_close(&r);
}

static void holding(struct damp_guard *g)
{
	g->hold = 1;
}

/* More in hold_test.c. */
static void large_answers_are_held(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, holding);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P));
	expect(answer(&r, DAMP_COAP_ACK, 1, NULL, 0, 1000), DAMP_REASON_HELD);
	rig_wait_ms(&r, 1500);
	expect(rig_unhold(&r), DAMP_REASON_HELD_EXPIRED);
	assert_promise(&r);
	rig_close(&r);
}

static void responses_need_a_request(void **state)
{
	static const uint8_t token[] = { 0x99 };
	struct rig r;
	uint8_t m[64];

	rig_open(&r, *(bool *)*state);
	expect(answer(&r, DAMP_COAP_NON, 5, token, 1, 40), DAMP_REASON_UNSOLICITED_OUT);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, m, response(m, DAMP_COAP_NON, 6, token, 1, 40)),
	       DAMP_REASON_UNSOLICITED_IN);
	/* An ACK of a MID nobody used, both ways. */
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x60, 0x00, 0x12, 0x34)), DAMP_REASON_EMPTY_UNMATCHED);
	expect(rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x70, 0x00, 0x12, 0x34)), DAMP_REASON_EMPTY_UNMATCHED);
	rig_close(&r);
}

static void grace_after_a_start(void **state)
{
	static const uint8_t token[] = { 0x99 };
	struct rig r;

	rig_open(&r, *(bool *)*state);
	r.now = DAMP_SECONDS(1);
	expect(answer(&r, DAMP_COAP_NON, 5, token, 1, 40), DAMP_REASON_ACCEPTED_GRACE);
	expect(answer(&r, DAMP_COAP_NON, 6, token, 1, 200), DAMP_REASON_UNSOLICITED_OUT);
	rig_close(&r);
}

/* A NON request too small for a whole Echo gets a short one. */
static void short_echo(void **state)
{
	/* GET /temp: NON, token 4a. 10 bytes: room for an Echo of 3. */
	static const uint8_t get[] = { 0x51, 0x01, 0x00, 0x02, 0x4a, 0xb4, 't', 'e', 'm', 'p' };
	static const uint8_t token[] = { 0x4a };
	uint8_t retry[32];
	struct rig r;
	size_t len;
	const uint8_t *out;

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get));
	expect(answer(&r, DAMP_COAP_NON, 5, token, 1, 600), DAMP_REASON_CHALLENGED);
	out = rig_out(&r, &len);
	assert_int_equal(len, sizeof(get));
	/* Echo without Max-Age: delta 252, 3 bytes. */
	assert_memory_equal(out + 5, ((const uint8_t[]){ 0xd3, 0xef }), 2);
	memcpy(retry, get, sizeof(get));
	retry[sizeof(get)] = 0xd3;
	retry[sizeof(get) + 1] = 241 - 13;
	memcpy(retry + sizeof(get) + 2, out + 7, 3);
	/* Wrong ones cost guesses; after eight the right one counts no more. */
	retry[sizeof(get) + 2] ^= 1;
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, retry, sizeof(get) + 5)->proved, 0);
	retry[sizeof(get) + 2] ^= 1;
	assert_int_equal(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, retry, sizeof(get) + 5)->proved, 0);
	rig_close(&r);

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get));
	answer(&r, DAMP_COAP_NON, 5, token, 1, 600);
	out = rig_out(&r, &len);
	memcpy(retry + sizeof(get) + 2, out + 7, 3);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, retry, sizeof(get) + 5), DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);
}

static void guessing_runs_out(void **state)
{
	struct rig r;
	size_t len;
	uint16_t right;
	uint8_t rst[4] = { 0x70, 0x00 };

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P));
	answer(&r, DAMP_COAP_ACK, 1, NULL, 0, 1000);
	right = damp_get16(rig_out(&r, &len) + 2);
	for (unsigned i = 1; i <= 8; i++) {
		damp_put16(rst + 2, (uint16_t)(right + i));
		expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, rst, 4), DAMP_REASON_EMPTY_UNMATCHED);
	}
	damp_put16(rst + 2, right);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, rst, 4), DAMP_REASON_EMPTY_UNMATCHED);
	rig_close(&r);
}

static void pings_from_outside(void **state)
{
	struct rig r;
	size_t len;
	static const uint8_t ping[] = { 0x40, 0x00, 0xc0, 0x0c };

	rig_open(&r, *(bool *)*state);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, ping, 4), DAMP_REASON_ANSWERED);
	assert_memory_equal(rig_out(&r, &len), ((const uint8_t[]){ 0x70, 0x00, 0xc0, 0x0c }), 4);
	for (unsigned i = 1; i < 5; i++)
		expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, ping, 4), DAMP_REASON_ANSWERED);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, ping, 4), DAMP_REASON_PING_RATE);
	rig_close(&r);
}

/* PUT /p with Block1 0/1/64: its server would keep state for a ghost. */
static void block1_needs_a_proof(void **state)
{
	uint8_t put[4 + 2 + 3 + 1 + 64] = { 0x40, 0x03, 0x00, 0x09, 0xb1, 'p', 0xd1, 0x03, 0x0a, 0xff };
	struct rig r;
	size_t len;
	uint8_t rst[4] = { 0x70, 0x00 };

	rig_open(&r, *(bool *)*state);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, put, sizeof(put)), DAMP_REASON_PINGED);
	memcpy(rst + 2, rig_out(&r, &len) + 2, 2);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, rst, 4), DAMP_REASON_PROOF_TAKEN);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, put, sizeof(put)), DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);
}

static void challenges_run_out(void **state)
{
	uint8_t put[4 + 2 + 3 + 1 + 64] = { 0x40, 0x03, 0x00, 0x09, 0xb1, 'p', 0xd1, 0x03, 0x0a, 0xff };
	struct rig r;

	rig_open(&r, *(bool *)*state);
	for (unsigned i = 0; i < 3; i++) {
		put[3] = (uint8_t)i;
		expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, put, sizeof(put)), DAMP_REASON_PINGED);
	}
	put[3] = 9;
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, put, sizeof(put)), DAMP_REASON_CHALLENGE_RATE);
	rig_close(&r);
}

int judge_proofs(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(small_answer_passes), BOTH(large_answer_needs_pong),
		BOTH(proof_ends_the_probes), BOTH(large_answer_to_non_is_challenged),
		BOTH(echo_of_another_port_is_not_a_proof), BOTH(second_try_gets_an_echo),
		BOTH(large_answers_are_held), BOTH(responses_need_a_request),
		BOTH(grace_after_a_start), BOTH(short_echo), BOTH(guessing_runs_out),
		BOTH(pings_from_outside), BOTH(block1_needs_a_proof), BOTH(challenges_run_out),
	};

	return cmocka_run_group_tests_name("judge proofs", tests, NULL, NULL);
}
