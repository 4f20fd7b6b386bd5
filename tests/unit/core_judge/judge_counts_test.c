/* SPDX-License-Identifier: BSD-3-Clause */
/* What is counted and told: one reason a packet, events, owners, the bypass. */
#include "judge_kit.h"

#include "judge_state.h"

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

/* What tables have to forget is told with what they hold: of 2500 requests to as many
 * endpoints, which have room for 2048 and whose Message IDs have room for 1024. */
static void evictions_are_told(void **state)
{
	uint64_t entries[DAMP_TABLE_MAX], capacity[DAMP_TABLE_MAX], bytes[DAMP_TABLE_MAX];
	uint64_t *told;
	struct rig r;

	rig_open(&r, *(bool *)*state);
	told = r.stats->worker[0].table_evictions;
	for (unsigned i = 0; i < 2500; i++)
		expect(rig_send(&r, DAMP_INSIDE, SERVER, (struct rig_end){ (uint8_t)(1 + i / 10), (uint16_t)(1000 + i) },
				BYTES(GET_P)), DAMP_REASON_ACCEPTED);
	told[DAMP_TABLE_PROBES] = 7;    /* the worker's own */
	damp_judge_usage(r.judge, &r.worker, 1, r.now, entries, capacity, bytes);
	assert_int_equal(capacity[DAMP_TABLE_EXCHANGES], 2048);
	assert_true(entries[DAMP_TABLE_EXCHANGES] <= 2048);
	assert_int_equal(told[DAMP_TABLE_EXCHANGES], 2500 - entries[DAMP_TABLE_EXCHANGES]);
	assert_int_equal(told[DAMP_TABLE_SEEN], 2500 - entries[DAMP_TABLE_SEEN]);
	assert_int_equal(told[DAMP_TABLE_LEDGER], damp_ledger_evictions(r.judge->ledger));
	assert_int_equal(told[DAMP_TABLE_PROBES], 7);
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
	judge_saw(r.pkt.reason);
	rig_close(&r);
}

int judge_counts(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(bypass_passes_all), BOTH(events_tell_of_drops), BOTH(owners_agree),
		BOTH(counters_add_up), BOTH(evictions_are_told), BOTH(impossible_kinds_are_bugs),
	};

	return cmocka_run_group_tests_name("judge counts", tests, NULL, NULL);
}
