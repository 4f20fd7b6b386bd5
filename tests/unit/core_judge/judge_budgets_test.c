/* SPDX-License-Identifier: BSD-3-Clause */
/* The budgets of the ledger, each on its own, and who is charged for what. */
#include "judge_kit.h"

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
			judge_saw(DAMP_REASON_TABLE_FULL);
			full++;
		}
	}
	assert_true(full > 0);
	rig_close(&r);
}

int judge_budgets(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(host_ledger), BOTH(net_ledger), BOTH(nothing_fits), BOTH(server_budget),
		BOTH(proved_budget), BOTH(inside_clients), BOTH(dtls_pays_its_way),
		BOTH(full_lines_refuse_the_unproved),
	};

	return cmocka_run_group_tests_name("judge budgets", tests, NULL, NULL);
}
