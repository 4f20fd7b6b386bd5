/* SPDX-License-Identifier: BSD-3-Clause */
/* See judge_kit.h. The last group asks whether every reason was seen. */
#include "judge_kit.h"

bool judge_v4 = false, judge_v6 = true;
static bool seen[DAMP_REASON_MAX];

void judge_saw(enum damp_reason why)
{
	seen[why] = true;
}

const struct damp_pkt *expect(struct damp_pkt *p, enum damp_reason why)
{
	static const char *const name[] = {
#define X(n, label, sev, help) [DAMP_REASON_##n] = label,
		DAMP_REASONS(X)
#undef X
	};

	if (p->reason != why)
		fail_msg("reason is %s, not %s", name[p->reason], name[why]);
	assert_int_equal(p->fate == DAMP_FATE_DROP, why >= DAMP_REASON_FIRST_DROP);
	judge_saw(why);
	return p;
}

size_t response(uint8_t *out, uint8_t type, uint16_t mid, const uint8_t *token, uint8_t tkl, size_t n)
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

struct damp_pkt *answer(struct rig *r, uint8_t type, uint16_t mid, const uint8_t *token, uint8_t tkl, size_t n)
{
	uint8_t m[1400];

	return rig_send(r, DAMP_INSIDE, SERVER, CLIENT, m, response(m, type, mid, token, tkl, n));
}

void assert_promise(const struct rig *r)
{
	if (r->peer_out > 3 * r->peer_in)
		fail_msg("%llu bytes out for %llu in", (unsigned long long)r->peer_out, (unsigned long long)r->peer_in);
}

size_t to_group(const struct rig *r, enum damp_side side, uint8_t type, uint8_t *f)
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

int judge_reasons(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_reason_was_seen) };

	return cmocka_run_group_tests_name("judge reasons", tests, NULL, NULL);
}
