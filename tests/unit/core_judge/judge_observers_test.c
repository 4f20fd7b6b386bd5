/* SPDX-License-Identifier: BSD-3-Clause */
/* Observers: ghosts are cured, large renewals dropped, who is there is served. */
#include "judge_kit.h"

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

int judge_observers(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(observation_of_a_ghost_is_cured), BOTH(large_renewals_are_dropped),
		BOTH(observer_that_is_there_is_served),
	};

	return cmocka_run_group_tests_name("judge observers", tests, NULL, NULL);
}
