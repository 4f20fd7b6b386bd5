/* SPDX-License-Identifier: BSD-3-Clause */
/* CoAP on ports that nobody listed is counted in a sample, and passes (core/elsewhere.c; attacks.md AV-47). */
#include "elsewhere.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define ELSEWHERE ((struct rig_end){ 2, 9999 })

static void counting(struct damp_guard *g)
{
	g->count_elsewhere = 1;
}

/* As often as one is looked at. */
static void send(struct rig *r, enum damp_side side, const void *m, size_t len)
{
	for (unsigned i = 0; i < DAMP_ELSEWHERE_SAMPLE; i++) {
		rig_send(r, side, side == DAMP_OUTSIDE ? CLIENT : ELSEWHERE, side == DAMP_OUTSIDE ? ELSEWHERE : CLIENT, m,
			 len);
		assert_int_equal(r->pkt.fate, DAMP_FATE_FORWARD);
		assert_int_equal(r->pkt.reason, DAMP_REASON_NOT_COAP);
	}
}

static void what_is_coap_is_counted(void **state)
{
	/* GET /a; 2.05; a QUIC short header, whose fifth byte is no option; the first four bytes of a message; an RST */
	const uint8_t get[] = { 0x40, 0x01, 0x00, 0x01, 0xb1, 'a' }, content[] = { 0x41, 0x45, 0x00, 0x01, 9, 0xff, 'x' },
		      quic[] = { 0x43, 0x45, 0x77, 0x88, 0x99, 0xf1, 0x02, 0xf3 }, empty[] = { 0x70, 0x00, 0x00, 0x01 },
		      version[] = { 0x80, 0x01, 0x00, 0x01, 0xb1, 'a' };
	const struct damp_worker_stats *s;
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, counting);
	s = &r.stats->worker[0];
	send(&r, DAMP_OUTSIDE, get, sizeof(get));
	send(&r, DAMP_INSIDE, content, sizeof(content));
	send(&r, DAMP_OUTSIDE, quic, sizeof(quic));
	send(&r, DAMP_OUTSIDE, empty, sizeof(empty));
	send(&r, DAMP_OUTSIDE, version, sizeof(version));
	assert_int_equal(s->elsewhere_looked, 5);
	assert_int_equal(s->elsewhere_requests, 1);
	assert_int_equal(s->elsewhere_responses, 1);
	rig_close(&r);
}

static void nothing_is_looked_at_unasked(void **state)
{
	const uint8_t get[] = { 0x40, 0x01, 0x00, 0x01, 0xb1, 'a' };
	struct rig r;

	rig_open(&r, *(bool *)*state);
	send(&r, DAMP_OUTSIDE, get, sizeof(get));
	assert_int_equal(r.stats->worker[0].elsewhere_looked, 0);
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = { BOTH(what_is_coap_is_counted), BOTH(nothing_is_looked_at_unasked) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
