/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The judge from outside: conversations, both families, and what becomes of
 * each packet. The last test asks whether every reason was seen here.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define SERVER ((struct rig_end){ 2, 5683 })
#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

/* GET /p: CON, no token, MID 1. 6 bytes, the smallest request with a path. */
#define GET_P 0x40, 0x01, 0x00, 0x01, 0xb1, 'p'
/* GET /.well-known/core: NON, token 4a, MID 2. */
#define GET_CORE                                                                                          \
	0x51, 0x01, 0x00, 0x02, 0x4a, 0xbb, '.', 'w', 'e', 'l', 'l', '-', 'k', 'n', 'o', 'w', 'n', 0x04,  \
		'c', 'o', 'r', 'e'
/* GET /time with Observe 0: NON, token 83, MID 3 (attacks.md AV-12). */
#define OBSERVE_TIME 0x51, 0x01, 0x00, 0x03, 0x83, 0x60, 0x54, 't', 'i', 'm', 'e'

static bool seen[DAMP_REASON_MAX];

static const struct damp_pkt *expect(struct damp_pkt *p, enum damp_reason why)
{
	static const char *const name[] = {
#define X(n, label, sev, help) [DAMP_REASON_##n] = label,
		DAMP_REASONS(X)
#undef X
	};

	if (p->reason != why)
		fail_msg("reason is %s, not %s", name[p->reason], name[why]);
	assert_int_equal(p->fate == DAMP_FATE_DROP, why >= DAMP_REASON_FIRST_DROP);
	seen[why] = true;
	return p;
}

/* A response of total CoAP length n: type, code, MID and token given. */
static size_t response(uint8_t *out, uint8_t type, uint16_t mid, const uint8_t *token, uint8_t tkl, size_t n)
{
	memset(out, 'x', n);
	out[0] = (uint8_t)(0x40 | type << 4 | tkl);
	out[1] = DAMP_COAP_2_05;
	damp_put16(out + 2, mid);
	if (tkl > 0)
		memcpy(out + 4, token, tkl);
	if (n > 4u + tkl)
		out[4 + tkl] = 0xff;
	return n;
}

static struct damp_pkt *answer(struct rig *r, uint8_t type, uint16_t mid, const uint8_t *token, uint8_t tkl, size_t n)
{
	uint8_t m[1400];

	return rig_send(r, DAMP_INSIDE, SERVER, CLIENT, m, response(m, type, mid, token, tkl, n));
}

static void assert_promise(const struct rig *r)
{
	if (r->peer_out > 3 * r->peer_in)
		fail_msg("%llu bytes out for %llu in", (unsigned long long)r->peer_out, (unsigned long long)r->peer_in);
}

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
	rig_wait_ms(&r, 500);
	assert_int_equal(r.nemits, 0);
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

/* Once a server was seen to use Block2, a first GET asks it for a block that
 * fits, and the client needs no proof for it. */
static void known_servers_are_sliced(void **state)
{
	static const uint8_t block[] = { 0x60, 0x45, 0x00, 0x01, 0xd1, 0x0a, 0x0e, 0xff };
	uint8_t m[80];
	struct rig r;
	size_t len;
	const uint8_t *out;

	rig_open(&r, *(bool *)*state);
	/* GET /p, answered by block 0 of 1024 bytes: too large, but it teaches. */
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P));
	memset(m, 'x', sizeof(m));
	memcpy(m, block, sizeof(block));
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, m, sizeof(m));
	/* Another client: Block2 0/0/32 stands behind Uri-Path (delta 12). */
	expect(rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 3, 50000 }, SERVER, BYTES(GET_P)), DAMP_REASON_ACCEPTED);
	out = rig_out(&r, &len);
	assert_int_equal(r.pkt.verdict, DAMP_VERDICT_SHAPE);
	assert_int_equal(len, 8);
	assert_int_equal(out[6], 0xc1);
	assert_true((out[7] & 0x0f) <= 2);
	/* A longer request pays for a larger block; a proved peer is left alone. */
	rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 3, 50000 }, SERVER, BYTES(GET_CORE));
	out = rig_out(&r, &len);
	assert_int_equal(out[len - 1], 2);
	/* NUM 1 was negotiated: never touched. */
	rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 3, 50000 }, SERVER,
		 BYTES(0x40, 0x01, 0x00, 0x07, 0xb1, 'p', 0xc1, 0x16));
	out = rig_out(&r, &len);
	assert_int_equal(out[7], 0x16);
	rig_close(&r);
}

/* The first slice brings an Echo along; the request for the next block returns
 * it, and the rest of the transfer is a proved peer's. */
static void first_slice_brings_an_echo(void **state)
{
	static const struct rig_end reader = { 3, 50000 };
	/* ACK 2.05, Block2 0/1/32, 32 bytes. */
	uint8_t block[4 + 3 + 1 + 32] = { 0x60, 0x45, 0x00, 0x01, 0xd1, 0x0a, 0x09, 0xff };
	/* GET /p, Block2 1/0/32, Echo behind it (delta 229). */
	uint8_t next[8 + 2 + DAMP_ECHO_LEN] = { 0x40, 0x01, 0x00, 0x02, 0xb1, 'p', 0xc1, 0x11, 0xd0, 229 - 13 };
	uint8_t large[200] = { 0x60, 0x45, 0x00, 0x01, 0xd1, 0x0a, 0x0e, 0xff };
	struct rig r;
	size_t len, n;
	const uint8_t *out;

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P));
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, large, sizeof(large));
	r.peer_in = r.peer_out = 0;
	expect(rig_send(&r, DAMP_OUTSIDE, reader, SERVER, BYTES(GET_P)), DAMP_REASON_ACCEPTED);
	expect(rig_send(&r, DAMP_INSIDE, SERVER, reader, block, sizeof(block)), DAMP_REASON_ACCEPTED);
	assert_promise(&r);
	out = rig_out(&r, &len);
	/* Echo behind Block2: delta 229; then the payload as it was. */
	assert_int_equal(out[7] >> 4, 13);
	n = out[7] & 0x0f;
	assert_in_range(n, DAMP_ECHO_SHORT_MIN, DAMP_ECHO_LEN);
	assert_int_equal(out[8], 229 - 13);
	assert_int_equal(len, sizeof(block) + 2 + n);
	assert_int_equal(out[9 + n], 0xff);
	next[8] |= (uint8_t)n;
	memcpy(next + 10, out + 9, n);
	expect(rig_send(&r, DAMP_OUTSIDE, reader, SERVER, next, 10 + n), DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);
}

/* n requests a second apart in one's name, each answered as large as may be:
 * after the first few they bring back less than they cost. */
static void many_requests_bring_back_less(void **state)
{
	struct rig r;
	uint8_t get[] = { GET_P };
	unsigned served = 0;

	rig_open(&r, *(bool *)*state);
	for (unsigned i = 0; i < 100; i++) {
		get[3] = (uint8_t)i;
		if (rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get))->fate == DAMP_FATE_FORWARD) {
			served++;
			for (size_t n = 1000; n > 8; n = n * 2 / 3)
				answer(&r, DAMP_COAP_ACK, (uint16_t)i, NULL, 0, n);
		}
		rig_wait_ms(&r, 400);
		rig_wait_ms(&r, 400);
		rig_wait_ms(&r, 200);
	}
	seen[DAMP_REASON_FIRST_CONTACT] |= r.stats->worker[0].reason[DAMP_OUTSIDE][DAMP_REASON_FIRST_CONTACT].packets > 0;
	assert_in_range(served, 8, 14);
	if (r.peer_out > r.peer_in)
		fail_msg("%llu bytes out for %llu in", (unsigned long long)r.peer_out, (unsigned long long)r.peer_in);
	rig_close(&r);
}

/* Clients that come and go behind one address, each proving itself, do not use
 * up what the address may ask on trust. */
static void a_known_address_has_more(void **state)
{
	struct rig r;
	unsigned refused = 0;

	rig_open(&r, *(bool *)*state);
	for (unsigned i = 0; i < 25; i++) {
		const struct rig_end one = { 1, (uint16_t)(20000 + i) };
		uint8_t m[1000], rst[4] = { 0x70, 0x00 };
		size_t len;

		refused += rig_send(&r, DAMP_OUTSIDE, one, SERVER, BYTES(GET_P))->fate != DAMP_FATE_FORWARD;
		rig_send(&r, DAMP_INSIDE, SERVER, one, m, response(m, DAMP_COAP_ACK, 1, NULL, 0, 1000));
		if (r.pkt.reason == DAMP_REASON_PINGED) {
			memcpy(rst + 2, rig_out(&r, &len) + 2, 2);
			expect(rig_send(&r, DAMP_OUTSIDE, one, SERVER, rst, 4), DAMP_REASON_PROOF_TAKEN);
		}
		rig_wait_ms(&r, 3000);
	}
	assert_int_equal(refused, 0);
	rig_close(&r);
}

static void spread_out(struct damp_guard *g)
{
	g->first_host.cost_q16 = g->challenge_host.cost_q16 = 0;
	g->table_full = DAMP_TABLE_FULL_EVICT;
}

/* Twenty answers of twice the request's size for one network, and then no more
 * than a ping each (AV-50). */
static void a_slow_network_is_trusted_less(void **state)
{
	unsigned passed = 0, pings = 0;
	bool trusted;
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, spread_out);
	for (unsigned i = 0; i < 40; i++) {
		const struct rig_end one = { (uint8_t)(3 + i), 40000 };
		uint8_t m[64];

		r.peer_in = r.peer_out = 0;
		expect(rig_send(&r, DAMP_OUTSIDE, one, SERVER, BYTES(GET_P)), DAMP_REASON_ACCEPTED);
		rig_send(&r, DAMP_INSIDE, SERVER, one, m, response(m, DAMP_COAP_ACK, 1, NULL, 0, sizeof(m)));
		trusted = r.pkt.reason == DAMP_REASON_ACCEPTED;
		passed += trusted;
		pings += r.pkt.reason == DAMP_REASON_PINGED;
		rig_wait_ms(&r, 1000);
		assert_true(r.peer_out <= (trusted ? 3 : 1) * r.peer_in);
	}
	assert_in_range(passed, 20, 22);
	assert_int_equal(pings, 40 - passed);
	rig_close(&r);
}

/* Somebody at CLIENT's address proves to be there. */
static void make_known(struct rig *r)
{
	static const struct rig_end other = { 1, 20000 };
	uint8_t m[1000], rst[4] = { 0x70, 0x00 };
	size_t len;

	rig_send(r, DAMP_OUTSIDE, other, SERVER, BYTES(GET_P));
	expect(rig_send(r, DAMP_INSIDE, SERVER, other, m, response(m, DAMP_COAP_ACK, 1, NULL, 0, 1000)),
	       DAMP_REASON_PINGED);
	memcpy(rst + 2, rig_out(r, &len) + 2, 2);
	expect(rig_send(r, DAMP_OUTSIDE, other, SERVER, rst, 4), DAMP_REASON_PROOF_TAKEN);
}

static void retransmission_during_flood(bool v6, bool known)
{
	static const struct rig_end mine = { 1, 55555 };
	struct rig r;
	uint8_t get[] = { GET_P }, flood[] = { GET_P };
	size_t len;
	uint8_t rst[4] = { 0x70, 0x00 };

	rig_open(&r, v6);
	if (known)
		make_known(&r);
	get[2] = 0x77;
	for (unsigned i = 0; i < 300; i++) {
		flood[2] = (uint8_t)(i >> 8);
		flood[3] = (uint8_t)i;
		rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 1, (uint16_t)(1000 + i) }, SERVER, flood, sizeof(flood));
		if (i == 100)
			expect(rig_send(&r, DAMP_OUTSIDE, mine, SERVER, get, sizeof(get)), DAMP_REASON_FIRST_CONTACT);
		rig_wait_ms(&r, 9);
	}
	/* 1.8 s later: the same Message ID and port. */
	expect(rig_send(&r, DAMP_OUTSIDE, mine, SERVER, get, sizeof(get)), DAMP_REASON_PINGED);
	memcpy(rst + 2, rig_out(&r, &len) + 2, 2);
	expect(rig_send(&r, DAMP_OUTSIDE, mine, SERVER, rst, 4), DAMP_REASON_PROOF_TAKEN);
	expect(rig_send(&r, DAMP_OUTSIDE, mine, SERVER, get, sizeof(get)), DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);
}

/* While somebody floods in its name, a client's own retransmission is asked. */
static void retransmission_is_recognised(void **state)
{
	retransmission_during_flood(*(bool *)*state, false);
}

/* The same where another client of that address has proved to be there: what
 * the flood may have for that leaves the retransmissions theirs. */
static void retransmission_at_a_known_address(void **state)
{
	retransmission_during_flood(*(bool *)*state, true);
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

/* A spoofed registration: a few small packets, then the server is told. */
static void observation_of_a_ghost_is_cured(void **state)
{
	struct rig r;
	/* 2.05 with Observe n and 10 bytes, like libcoap's /time. */
	uint8_t n[] = { 0x51, 0x45, 0x01, 0x00, 0x83, 0x61, 0x01, 0xff, 'J', 'a', 'n', ' ', '0', '1' };
	struct damp_pkt *p = NULL;
	unsigned i;
	size_t len;

	rig_open(&r, *(bool *)*state);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(OBSERVE_TIME)), DAMP_REASON_ACCEPTED);
	for (i = 0; i < 20; i++) {
		n[3] = (uint8_t)i;
		n[6] = (uint8_t)i;
		p = rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, n, sizeof(n));
		if (p->reason == DAMP_REASON_CURED)
			break;
		rig_wait_ms(&r, 1000);
		assert_promise(&r);
	}
	expect(p, DAMP_REASON_CURED);
	assert_int_equal(p->fate, DAMP_FATE_BACK);
	assert_memory_equal(rig_out(&r, &len), ((const uint8_t[]){ 0x70, 0x00, 0x01, (uint8_t)i }), 4);
	rig_close(&r);
}

/* The server of a ghost's registration answers each renewal with a large ACK:
 * that is nothing an RST could end. */
static void large_renewals_are_dropped(void **state)
{
	static const uint8_t token[] = { 0x83 };
	uint8_t get[] = { OBSERVE_TIME }, m[1000];
	struct rig r;

	get[0] = 0x41;
	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get));
	for (unsigned i = 0; i < 10; i++) {
		response(m, DAMP_COAP_ACK, 3, token, 1, sizeof(m));
		/* Observe 1 in the place of the payload's first bytes. */
		memcpy(m + 5, ((const uint8_t[]){ 0x61, 0x01, 0xff }), 3);
		rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, m, i ? sizeof(m) : 20);
		assert_promise(&r);
	}
	expect(&r.pkt, DAMP_REASON_OBSERVE_UNPROVED);
	rig_close(&r);
}

/* A registered observer that answers pings keeps its notifications. */
static void observer_that_is_there_is_served(void **state)
{
	struct rig r;
	uint8_t n[] = { 0x51, 0x45, 0x01, 0x00, 0x83, 0x61, 0x01, 0xff, 'J', 'a', 'n', ' ', '0', '1' };
	uint8_t rst[4] = { 0x70, 0x00 };
	unsigned served = 0;
	size_t len;

	rig_open(&r, *(bool *)*state);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(OBSERVE_TIME));
	for (unsigned i = 0; i < 600; i++) {
		struct damp_pkt *p;

		n[3] = n[6] = (uint8_t)i;
		n[2] = (uint8_t)(i >> 8);
		p = rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, n, sizeof(n));
		assert_int_not_equal(p->reason, DAMP_REASON_CURED);
		if (p->reason == DAMP_REASON_PINGED) {
			memcpy(rst + 2, rig_out(&r, &len) + 2, 2);
			expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, rst, 4), DAMP_REASON_PROOF_TAKEN);
		}
		served += p->fate == DAMP_FATE_FORWARD && p->reason != DAMP_REASON_PINGED;
		rig_wait_ms(&r, 1000);
		if (r.nemits > 0) {
			memcpy(rst + 2, r.emits[0].data + r.emits[0].len - 2, 2);
			expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, rst, 4), DAMP_REASON_PROOF_TAKEN);
		}
	}
	/* None is lost: he is asked beside them. */
	assert_int_equal(served, 600);
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

static void one_host_only(struct damp_guard *g)
{
	/* 100 bytes/s, 200 bytes burst, toward one host; the network is not bound;
	 * the reserve for challenges is nothing. */
	const struct damp_rung r4 = { .cost_q16 = (DAMP_TICK_HZ << 16) / 100, .burst_ticks = 2 << 20, .plen = 32 };
	struct damp_rung r6 = r4;

	r6.plen = 128;
	g->host4 = r4;
	g->host6 = r6;
	g->net4.cost_q16 = g->net6.cost_q16 = 0;
	g->challenge_reserve_ticks = 0;
}

static void one_net_only(struct damp_guard *g)
{
	one_host_only(g);
	g->net4 = g->host4;
	g->net6 = g->host6;
	g->net4.plen = 24;
	g->net6.plen = 48;
	g->host4.cost_q16 = g->host6.cost_q16 = 0;
}

static void bytes_toward_a_host_run_out(struct rig *r, enum damp_reason why)
{
	struct damp_pkt *p;

	for (unsigned i = 0; i < 50; i++) {
		rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P));
		p = answer(r, DAMP_COAP_ACK, 1, NULL, 0, 8);
		if (p->fate == DAMP_FATE_DROP)
			break;
	}
	expect(rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P)), why);
}

static void host_ledger(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, one_host_only);
	bytes_toward_a_host_run_out(&r, DAMP_REASON_LEDGER_HOST);
	rig_close(&r);
}

static void net_ledger(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, one_net_only);
	bytes_toward_a_host_run_out(&r, DAMP_REASON_LEDGER_NET);
	/* Another address of the same network is refused too. */
	expect(rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 77, 40000 }, SERVER, BYTES(GET_P)), DAMP_REASON_LEDGER_NET);
	rig_close(&r);
}

static void no_amplification(struct damp_guard *g)
{
	g->alpha_q8 = 64;
}

/* With a quarter of the request as credit not even a ping fits. */
static void nothing_fits(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, no_amplification);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P));
	expect(answer(&r, DAMP_COAP_ACK, 1, NULL, 0, 8), DAMP_REASON_AMPLIFICATION);
	/* Nor can a challenge be made of a request that needs one. */
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x40, 0x01, 0x00, 0x08, 0xb1, 'p', 0xd1, 0x07, 0x06)),
	       DAMP_REASON_PROOF_REQUIRED);
	rig_close(&r);
}

static void one_request_a_server(struct damp_guard *g)
{
	g->server = (struct damp_rung){ .cost_q16 = DAMP_TICK_HZ << 16, .burst_ticks = 1 << 20, .plen = 32 };
	g->challenge_host.burst_ticks = 1;      /* no challenge ever fits */
}

static void server_budget(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, one_request_a_server);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P)), DAMP_REASON_ACCEPTED);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P)), DAMP_REASON_LEDGER_SERVER);
	rig_close(&r);
}

static void one_proved_byte(struct damp_guard *g)
{
	g->proved = (struct damp_rung){ .cost_q16 = DAMP_TICK_HZ << 16, .burst_ticks = 100 << 20, .plen = 128 };
}

static void proved_budget(void **state)
{
	struct rig r;
	size_t len;
	uint8_t rst[4] = { 0x70, 0x00 };

	rig_open_guard(&r, *(bool *)*state, one_proved_byte);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P));
	answer(&r, DAMP_COAP_ACK, 1, NULL, 0, 1000);
	memcpy(rst + 2, rig_out(&r, &len) + 2, 2);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, rst, 4);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P));
	expect(answer(&r, DAMP_COAP_ACK, 1, NULL, 0, 1000), DAMP_REASON_PROVED_BUDGET);
	rig_close(&r);
}

/* An inside client and a silent outside server; then one that answers. */
static void inside_clients(void **state)
{
	static const struct rig_end lamp = { 5, 41000 }, cloud = { 9, 5683 };
	static const uint8_t token[] = { 1, 2, 3, 4 };
	const uint8_t get[] = { 0x44, 0x01, 0x00, 0x01, 1, 2, 3, 4, 0xb1, 'p' };
	uint8_t m[64];
	struct rig r;

	rig_open(&r, *(bool *)*state);
	for (unsigned i = 0; i < 10; i++)
		expect(rig_send(&r, DAMP_INSIDE, lamp, cloud, get, sizeof(get)), DAMP_REASON_ACCEPTED);
	expect(rig_send(&r, DAMP_INSIDE, lamp, cloud, get, sizeof(get)), DAMP_REASON_PROBING_RATE);
	expect(rig_send(&r, DAMP_OUTSIDE, cloud, lamp, m, response(m, DAMP_COAP_ACK, 1, token, 4, 30)),
	       DAMP_REASON_ACCEPTED);
	assert_int_equal(r.stats->worker[0].proofs_token, 1);
	expect(rig_send(&r, DAMP_INSIDE, lamp, cloud, get, sizeof(get)), DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);
}

static void dtls_pays_its_way(void **state)
{
	static const struct rig_end client = { 1, 40000 }, server = { 2, 5684 };
	/* Handshake records of 100 and of 60 or 1000 bytes, header included. */
	uint8_t hello[100] = { 22, 0xfe, 0xfd, [12] = 87 }, flight[1000] = { 22, 0xfe, 0xfd, [12] = 47 };
	struct rig r;

	rig_open(&r, *(bool *)*state);
	expect(rig_send(&r, DAMP_OUTSIDE, client, server, hello, sizeof(hello)), DAMP_REASON_ACCEPTED);
	expect(rig_send(&r, DAMP_INSIDE, server, client, flight, 60), DAMP_REASON_ACCEPTED);
	damp_put16(flight + 11, 1000 - 13);
	expect(rig_send(&r, DAMP_INSIDE, server, client, flight, 1000), DAMP_REASON_AMPLIFICATION);
	expect(rig_send(&r, DAMP_OUTSIDE, client, server, BYTES(0x40, 0x01, 0, 1)), DAMP_REASON_DTLS_RECORD);
	assert_promise(&r);
	rig_close(&r);
}

static void trusting(struct damp_guard *g)
{
	g->first_host.cost_q16 = g->first_net4.cost_q16 = g->first_net6.cost_q16 = 0;
}

static void full_lines_refuse_the_unproved(void **state)
{
	struct rig r;
	unsigned full = 0;

	rig_open_guard(&r, *(bool *)*state, trusting);
	for (unsigned i = 0; i < 1500; i++) {
		struct damp_pkt *p = rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ (uint8_t)i, (uint16_t)(1000 + i) },
					      (struct rig_end){ (uint8_t)(i / 50), 5683 }, BYTES(GET_P));

		if (p->reason == DAMP_REASON_TABLE_FULL) {
			seen[DAMP_REASON_TABLE_FULL] = true;
			full++;
		}
	}
	assert_true(full > 0);
	rig_close(&r);
}

static void bypass_passes_all(void **state)
{
	static const uint8_t token[] = { 0x99 };
	struct rig r;

	rig_open(&r, *(bool *)*state);
	r.bypass = true;
	expect(answer(&r, DAMP_COAP_NON, 5, token, 1, 1000), DAMP_REASON_BYPASS);
	assert_int_equal(r.pkt.out_len, r.pkt.len);
	rig_close(&r);
}

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

/* A group destination, built over a unicast frame with its checksums redone. */
static size_t to_group(const struct rig *r, enum damp_side side, uint8_t type, uint8_t *f)
{
	const uint8_t get[] = { (uint8_t)(0x40 | type << 4), 0x01, 0x00, 0x01, 0xb1, 'p' };
	size_t n = rig_build(r, side, CLIENT, SERVER, get, sizeof(get), f);
	struct damp_frame fr = { .v6 = r->v6, .l3_off = 14, .l4_off = r->v6 ? 54 : 34 };

	if (r->v6) {
		f[14 + 24] = 0xff;
		f[14 + 25] = 0x05;
	} else {
		f[14 + 16] = 224;
		damp_put16(f + 14 + 10, 0);
		damp_put16(f + 14 + 10, (uint16_t)~damp_csum_fold(damp_csum_add(0, f + 14, 20)));
	}
	damp_put16(f + fr.l4_off + 6, 0);
	damp_put16(f + fr.l4_off + 6, damp_udp_checksum(f, &fr, (uint16_t)(n - fr.l4_off)));
	return n;
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

static void fragments(void **state)
{
	const bool v6 = *(bool *)*state;
	struct rig r;
	uint8_t f[256], g[256];
	size_t n;

	rig_open(&r, v6);
	n = rig_build(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P), f);
	if (v6) {
		/* A fragment header, M set, identification 7, between IPv6 and UDP. */
		memmove(f + 62, f + 54, n - 54);
		memcpy(f + 54, ((const uint8_t[]){ 17, 0, 0, 1, 0, 0, 0, 7 }), 8);
		f[14 + 6] = 44;
		damp_put16(f + 14 + 4, (uint16_t)(n - 54 + 8));
		n += 8;
	} else {
		f[14 + 6] = 0x20;
		damp_put16(f + 14 + 10, 0);
		damp_put16(f + 14 + 10, (uint16_t)~damp_csum_fold(damp_csum_add(0, f + 14, 20)));
	}
	memcpy(g, f, n);
	if (v6) {
		g[54 + 3] = 8;          /* offset 1, last */
	} else {
		g[14 + 6] = 0;
		g[14 + 7] = 1;
		damp_put16(g + 14 + 10, 0);
		damp_put16(g + 14 + 10, (uint16_t)~damp_csum_fold(damp_csum_add(0, g + 14, 20)));
	}
	expect(rig_frame(&r, DAMP_OUTSIDE, g, n), DAMP_REASON_NOT_COAP);
	expect(rig_frame(&r, DAMP_OUTSIDE, f, n), DAMP_REASON_FRAGMENT_COAP);
	expect(rig_frame(&r, DAMP_OUTSIDE, g, n), DAMP_REASON_FRAGMENT_REST);
	fragments_out(&r, f, n);
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

/* One record a second and reason, with the number it stands for. */
static void events_tell_of_drops(void **state)
{
	struct damp_event_ring *ring;
	const struct damp_event *e;
	struct rig r;

	rig_open(&r, *(bool *)*state);
	ring = &r.events->ring[0];
	for (unsigned i = 0; i < 30; i++) {
		rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x40, 0x01, 0x12, 0x34, 0xff));
		rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x60, 0x00, 0x12, 0x34));
		rig_wait_ms(&r, 100);
	}
	/* Two reasons, each at 0, 1 and 2 s. */
	assert_in_range(ring->head, 5, 6);
	e = &ring->slot[ring->head - 1];
	assert_int_equal(e->seq, ring->head - 1);
	assert_in_range(e->represents, 9, 11);
	assert_int_equal(e->sport, 40000);
	assert_int_equal(e->dport, 5683);
	assert_int_equal(e->verdict, DAMP_VERDICT_DROP);
	assert_int_equal(e->wall_us / 1000000, 1700000000 + r.now / DAMP_TICK_HZ - 1);
	rig_close(&r);
}

/* Both directions of a conversation, and all answers to a group request, meet
 * at one worker. */
static void owners_agree(void **state)
{
	static const struct damp_judge_config two = {
		.nworkers = 2, .ledger_log2 = 4, .peers_log2 = 4, .xchg_log2 = 4, .seen_log2 = 4, .obs_log2 = 4, .grey_log2 = 4,
		.transfers_log2 = 4, .leases_log2 = 4, .tally_log2 = 2, .held_log2 = 4,
	};
	static const struct damp_key key = { 1, 2 };
	static uint8_t mem[1 << 19] __attribute__((aligned(64)));
	unsigned owned[2] = { 0 };
	struct damp_judge *j;
	struct rig r;
	uint8_t f[256], m[64];
	size_t n;

	rig_open(&r, *(bool *)*state);
	assert_true(damp_judge_bytes(&two) <= sizeof(mem));
	j = damp_judge_init(mem, &two, &key, 0, 0);
	for (unsigned i = 0; i < 200; i++) {
		const struct rig_end peer = { (uint8_t)i, (uint16_t)(40000 + i) };
		unsigned owner;

		rig_send(&r, DAMP_OUTSIDE, peer, SERVER, BYTES(GET_P));
		owner = damp_judge_owner(j, &r.pkt, 0);
		owned[owner]++;
		rig_send(&r, DAMP_INSIDE, SERVER, peer, m, response(m, DAMP_COAP_ACK, 1, NULL, 0, 20));
		assert_int_equal(damp_judge_owner(j, &r.pkt, 0), owner);
	}
	assert_in_range(owned[0], 60, 140);
	n = to_group(&r, DAMP_INSIDE, DAMP_COAP_NON, f);
	rig_frame(&r, DAMP_INSIDE, f, n);
	for (uint8_t i = 1; i < 50; i++) {
		const unsigned owner = damp_judge_owner(j, &r.pkt, 0);

		rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ i, 5683 }, CLIENT, m,
			 response(m, DAMP_COAP_NON, 9, NULL, 0, 30));
		assert_int_equal(damp_judge_owner(j, &r.pkt, 0), owner);
	}
	rig_close(&r);
}

/* Counters: every packet has one reason, and the drops among them add up. */
static void counters_add_up(void **state)
{
	struct rig r;
	uint64_t reasons = 0, verdicts = 0, drops = 0, dropped = 0;

	rig_open(&r, *(bool *)*state);
	for (unsigned i = 0; i < 500; i++) {
		const uint8_t get[] = { (uint8_t)(0x40 | (i % 4) << 4), (uint8_t)(i % 7), 0, (uint8_t)i, 0xb1, 'p' };

		rig_send(&r, i % 3 ? DAMP_OUTSIDE : DAMP_INSIDE, CLIENT, SERVER, get, 4 + 2 * (i % 2));
		dropped += r.pkt.fate == DAMP_FATE_DROP;
	}
	for (unsigned s = 0; s < DAMP_SIDE_MAX; s++) {
		for (unsigned i = 0; i < DAMP_REASON_SLOTS; i++) {
			reasons += r.stats->worker[0].reason[s][i].packets;
			if (i >= DAMP_REASON_FIRST_DROP)
				drops += r.stats->worker[0].reason[s][i].packets;
		}
		for (unsigned v = 0; v < 2; v++)
			for (unsigned i = 0; i < DAMP_VERDICT_MAX; i++)
				verdicts += r.stats->worker[0].verdict[s][v][i].packets;
	}
	assert_int_equal(reasons, 500);
	assert_int_equal(verdicts, 500);
	assert_int_equal(drops, dropped);
	assert_true(dropped > 0);
	rig_close(&r);
}

/* A frame that was parsed as CoAP and is then said to be of no kind: nobody can send
 * that, and it ends here. */
static void impossible_kinds_are_bugs(void **state)
{
	const uint8_t get[] = { 0x40, 0x01, 0x00, 0x01 };
	struct rig r;

	rig_open(&r, *(bool *)*state);
	r.pkt = (struct damp_pkt){ .data = r.frame, .cap = sizeof(r.frame), .side = DAMP_OUTSIDE };
	r.pkt.len = (uint32_t)rig_build(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get), r.frame);
	damp_judge_parse(r.view, &r.pkt, 1);
	assert_int_equal(r.pkt.kind, DAMP_KIND_REQUEST);
	r.pkt.kind = DAMP_KIND_NOT_COAP;
	damp_judge_run(r.worker, r.view, &r.pkt, 1, r.now, false);
	assert_int_equal(r.pkt.fate, DAMP_FATE_DROP);
	assert_int_equal(r.pkt.reason, DAMP_REASON_BUG);
	assert_int_equal(r.stats->worker[0].reason[DAMP_OUTSIDE][DAMP_REASON_BUG].packets, 1);
	seen[r.pkt.reason] = true;
	rig_close(&r);
}

/* Reasons that only the shell can give (no_mbuf: tests/packet/nobuffers.py);
 * spoofed sources and rules need a program with prefixes and rules: rules_test.c.
 * Blocks and observations have files of their own: block_test.c, blocks_test.c,
 * observe_test.c. */
static void every_reason_was_seen(void **state)
{
	static const enum damp_reason elsewhere[] = {
		DAMP_REASON_STEER_FULL, DAMP_REASON_NO_MBUF, DAMP_REASON_TX_FULL,
		DAMP_REASON_INSIDE_SPOOFED_OUTSIDE, DAMP_REASON_OUTSIDE_SPOOFED_INSIDE, DAMP_REASON_RULE,
		DAMP_REASON_RULE_LIMIT, DAMP_REASON_BLOCKED, DAMP_REASON_BLOCKWISE, DAMP_REASON_OBSERVE_RATE, DAMP_REASON_RESPONSE_REPEATED,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		seen[elsewhere[i]] = true;
#define X(n, label, sev, help)                                  \
	if (!seen[DAMP_REASON_##n])                             \
		print_error("never seen: " label "\n");
	DAMP_REASONS(X)
#undef X
	for (unsigned i = 0; i < DAMP_REASON_MAX; i++)
		assert_true(seen[i]);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(small_answer_passes), BOTH(large_answer_needs_pong), BOTH(proof_ends_the_probes),
		BOTH(large_answer_to_non_is_challenged), BOTH(echo_of_another_port_is_not_a_proof),
		BOTH(second_try_gets_an_echo), BOTH(large_answers_are_held), BOTH(responses_need_a_request), BOTH(grace_after_a_start),
		BOTH(known_servers_are_sliced), BOTH(first_slice_brings_an_echo), BOTH(many_requests_bring_back_less),
		BOTH(retransmission_is_recognised), BOTH(retransmission_at_a_known_address),
		BOTH(a_known_address_has_more), BOTH(a_slow_network_is_trusted_less), BOTH(short_echo), BOTH(observation_of_a_ghost_is_cured), BOTH(observer_that_is_there_is_served),
		BOTH(large_renewals_are_dropped),
		BOTH(guessing_runs_out), BOTH(pings_from_outside), BOTH(block1_needs_a_proof),
		BOTH(challenges_run_out), BOTH(host_ledger), BOTH(net_ledger), BOTH(nothing_fits),
		BOTH(server_budget), BOTH(proved_budget), BOTH(inside_clients), BOTH(dtls_pays_its_way),
		BOTH(full_lines_refuse_the_unproved), BOTH(bypass_passes_all), BOTH(broken_messages),
		BOTH(broken_frames), BOTH(groups), BOTH(owners_agree), BOTH(fragments), BOTH(header_chains), BOTH(counters_add_up), BOTH(events_tell_of_drops),
		BOTH(impossible_kinds_are_bugs), cmocka_unit_test(every_reason_was_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
