/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is given on trust, and how it shrinks: slices for strangers, many requests in
 * one name, retransmissions during a flood.
 */
#include "judge_kit.h"

#include "judge_state.h"

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

static void earned(struct damp_guard *g)
{
	g->first_host.cost_q16 = g->challenge_host.cost_q16 = 0;
	g->table_full = DAMP_TABLE_FULL_EVICT;
	g->trust_earned = 1;
}

/* Where not even 16 bytes fit, since the network is not trusted, none are asked for: its
 * client would have to go on with them. */
static void nothing_is_sliced_in_vain(void **state)
{
	static const uint8_t block[] = { 0x60, 0x45, 0x00, 0x01, 0xd1, 0x0a, 0x0e, 0xff };
	uint8_t m[80];
	struct rig r;
	size_t len;

	rig_open_guard(&r, *(bool *)*state, earned);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P));
	memset(m, 'x', sizeof(m));
	memcpy(m, block, sizeof(block));
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, m, sizeof(m));
	expect(rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 3, 50000 }, SERVER, BYTES(GET_P)), DAMP_REASON_ACCEPTED);
	assert_int_equal(r.pkt.verdict, DAMP_VERDICT_ACCEPT);
	rig_out(&r, &len);
	assert_int_equal(len, 6);
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
	if (r.stats->worker[0].reason[DAMP_OUTSIDE][DAMP_REASON_FIRST_CONTACT].packets > 0)
		judge_saw(DAMP_REASON_FIRST_CONTACT);
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

/* Somebody at an address proves to be there. */
static void proves_himself(struct rig *r, struct rig_end other)
{
	uint8_t m[1000], rst[4] = { 0x70, 0x00 };
	size_t len;

	rig_send(r, DAMP_OUTSIDE, other, SERVER, BYTES(GET_P));
	expect(rig_send(r, DAMP_INSIDE, SERVER, other, m, response(m, DAMP_COAP_ACK, 1, NULL, 0, 1000)),
	       DAMP_REASON_PINGED);
	memcpy(rst + 2, rig_out(r, &len) + 2, 2);
	expect(rig_send(r, DAMP_OUTSIDE, other, SERVER, rst, 4), DAMP_REASON_PROOF_TAKEN);
	rig_wait_ms(r, 0);
	memcpy(rst + 2, r->emits[0].data + r->emits[0].len - 2, 2);
	expect(rig_send(r, DAMP_OUTSIDE, other, SERVER, rst, 4), DAMP_REASON_PROOF_TAKEN);
}

/* Somebody at CLIENT's address proves to be there. */
static void make_known(struct rig *r)
{
	proves_himself(r, (struct rig_end){ 1, 20000 });
}

/* A request of a host that never asked, answered with more than it is: what leaves. */
static enum damp_reason asks(struct rig *r, uint8_t host)
{
	const struct rig_end one = { host, 40000 };
	uint8_t m[64];

	expect(rig_send(r, DAMP_OUTSIDE, one, SERVER, BYTES(GET_P)), DAMP_REASON_ACCEPTED);
	rig_send(r, DAMP_INSIDE, SERVER, one, m, response(m, DAMP_COAP_ACK, 1, NULL, 0, sizeof(m)));
	return r->pkt.reason;
}

/* Nobody has proved to be in the network: not a byte more than came, nor a packet, at
 * any time. Then somebody has, and it is trusted, until nobody has for half an hour. */
static void trust_is_earned(void **state)
{
	unsigned trusted = 0;
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, earned);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(asks(&r, (uint8_t)(3 + i)), DAMP_REASON_PINGED);
		rig_wait_ms(&r, 1000);
		assert_int_equal(r.nemits, 0);
		assert_true(r.peer_out <= r.peer_in);
	}
	/* One whose answer fits its request is served at once. */
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET_P)), DAMP_REASON_ACCEPTED);
	expect(rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x60, 0x44, 0x00, 0x01)), DAMP_REASON_ACCEPTED);
	proves_himself(&r, (struct rig_end){ 200, 20000 });
	for (unsigned i = 0; i < 40; i++) {
		trusted += asks(&r, (uint8_t)(110 + i)) == DAMP_REASON_ACCEPTED;
		rig_wait_ms(&r, 1000);
	}
	assert_in_range(trusted, 20, 22);
	rig_wait_ms(&r, 1750000);
	assert_int_equal(asks(&r, 160), DAMP_REASON_ACCEPTED);
	rig_wait_ms(&r, 60000);
	assert_int_equal(asks(&r, 161), DAMP_REASON_PINGED);
	rig_close(&r);
}

/* A proof takes a place for its endpoint and one for its address; a third, for the network,
 * only where trust is earned: nobody else asks for it. */
static void networks_are_marked_where_it_counts(void **state)
{
	static void (*const change[])(struct damp_guard *g) = { NULL, earned };
	struct rig r;

	for (unsigned i = 0; i < 2; i++) {
		rig_open_guard(&r, *(bool *)*state, change[i]);
		proves_himself(&r, (struct rig_end){ 200, 20000 });
		assert_int_equal(damp_peer_live(r.judge->peers, r.now), 2 + i);
		rig_close(&r);
	}
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

int judge_trust(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(known_servers_are_sliced), BOTH(nothing_is_sliced_in_vain),
		BOTH(first_slice_brings_an_echo),
		BOTH(many_requests_bring_back_less), BOTH(a_known_address_has_more),
		BOTH(a_slow_network_is_trusted_less), BOTH(trust_is_earned), BOTH(retransmission_is_recognised),
		BOTH(networks_are_marked_where_it_counts),
		BOTH(retransmission_at_a_known_address),
	};

	return cmocka_run_group_tests_name("judge trust", tests, NULL, NULL);
}
