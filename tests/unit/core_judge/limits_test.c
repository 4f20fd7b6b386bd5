/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits beyond rates, in the judge: what is open at once, per tenant, per path,
 * floor and window of an amplification, and hellos of DTLS as a condition.
 */
#include "judge_keys.h"
#include "rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define OTHER ((struct rig_end){ 9, 40000 })
#define TWO_OPEN(per) HEAD ZONES "limits:\n  few: {per: " per ", concurrent: 2}\n" \
	"rules:\n  - {id: few, match: {from: outside, msg: request}, limit: few, over: drop}\n"

/* NON GET /a with a token of one byte; Observe 0 or 1 before the path. */
static enum damp_reason ask(struct rig *r, struct rig_end who, uint8_t token, uint8_t mid)
{
	return rig_send(r, DAMP_OUTSIDE, who, SERVER, BYTES(0x51, 0x01, 0x00, mid, token, 0xb1, 'a'))->reason;
}

static enum damp_reason watch(struct rig *r, uint8_t token, uint8_t mid)
{
	return rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x51, 0x01, 0x00, mid, token, 0x60, 0x51, 'a'))->reason;
}

static enum damp_reason unwatch(struct rig *r, uint8_t token, uint8_t mid)
{
	return rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x51, 0x01, 0x00, mid, token, 0x61, 0x01, 0x51, 'a'))
		->reason;
}

/* NON 2.05; seq: as a notification. */
static void answer(struct rig *r, struct rig_end who, uint8_t token, uint8_t mid)
{
	rig_send(r, DAMP_INSIDE, SERVER, who, BYTES(0x51, 0x45, 0x01, mid, token));
	assert_int_equal(r->pkt.fate, DAMP_FATE_FORWARD);
}

static void notify(struct rig *r, uint8_t token, uint8_t mid)
{
	rig_send(r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x51, 0x45, 0x01, mid, token, 0x61, mid));
	assert_int_equal(r->pkt.fate, DAMP_FATE_FORWARD);
}

/* The client is there, so that the guard stays out of the way. */
static void prove(struct rig *r)
{
	struct damp_addr a = { { 0xfd, [7] = 1, [15] = CLIENT.host } };

	if (!r->v6)
		a = (struct damp_addr){ { [10] = 0xff, 0xff, 10, 1, 0, CLIENT.host } };
	damp_peer_prove(r->judge->peers, damp_key_end(r->judge, &a, CLIENT.port), r->now,
			r->now + DAMP_SECONDS(80000), r->now + DAMP_SECONDS(80000));
}

static void answers_make_room(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, TWO_OPEN("source"));
	assert_int_equal(ask(&r, CLIENT, 1, 1), DAMP_REASON_ACCEPTED);
	assert_int_equal(ask(&r, CLIENT, 2, 2), DAMP_REASON_ACCEPTED);
	assert_int_equal(ask(&r, CLIENT, 3, 3), DAMP_REASON_RULE_LIMIT);
	/* A repetition is the same exchange, another source another key. */
	assert_int_equal(ask(&r, CLIENT, 2, 2), DAMP_REASON_ACCEPTED);
	assert_int_equal(ask(&r, OTHER, 3, 3), DAMP_REASON_ACCEPTED);
	answer(&r, CLIENT, 1, 1);
	assert_int_equal(ask(&r, CLIENT, 3, 3), DAMP_REASON_ACCEPTED);
	assert_int_equal(ask(&r, CLIENT, 4, 4), DAMP_REASON_RULE_LIMIT);
	/* A second answer to the same request gives nothing back. */
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x51, 0x45, 0x01, 9, 1));
	assert_int_equal(ask(&r, CLIENT, 4, 4), DAMP_REASON_RULE_LIMIT);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_OVER), 3);
	rig_close(&r);
}

/* No answer ever: room again after the life of a NON and a span of 64 s. */
static void silence_makes_room(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, TWO_OPEN("global"));
	ask(&r, CLIENT, 1, 1);
	ask(&r, OTHER, 2, 2);
	rig_wait_ms(&r, 140 * 1000);
	assert_int_equal(ask(&r, CLIENT, 3, 3), DAMP_REASON_RULE_LIMIT);
	rig_wait_ms(&r, (145 - 140 + 65) * 1000);
	assert_int_equal(ask(&r, CLIENT, 4, 4), DAMP_REASON_ACCEPTED);
	rig_close(&r);
}

/* A server's reset ends the exchange. */
static void resets_make_room(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, TWO_OPEN("source"));
	ask(&r, CLIENT, 1, 1);
	ask(&r, CLIENT, 2, 2);
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x70, 0x00, 0x00, 0x02));
	assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
	assert_int_equal(ask(&r, CLIENT, 3, 3), DAMP_REASON_ACCEPTED);
	assert_int_equal(ask(&r, CLIENT, 4, 4), DAMP_REASON_RULE_LIMIT);
	rig_close(&r);
}

static void observations_stay_open(void **state)
{
	const uint8_t *out;
	struct rig r;
	size_t len;

	rules_open(&r, *(bool *)*state, TWO_OPEN("peer"));
	prove(&r);
	assert_int_equal(watch(&r, 1, 1), DAMP_REASON_ACCEPTED_PROVED);
	assert_int_equal(watch(&r, 2, 2), DAMP_REASON_ACCEPTED_PROVED);
	notify(&r, 1, 1);
	notify(&r, 2, 2);
	assert_int_equal(watch(&r, 3, 3), DAMP_REASON_RULE_LIMIT);
	/* For hours, as long as something comes, and longer than an exchange lives. */
	for (unsigned i = 0; i < 4; i++) {
		rig_wait_ms(&r, 3600 * 1000);
		prove(&r);
		notify(&r, 1, (uint8_t)(10 + i));
		notify(&r, 2, (uint8_t)(20 + i));
		assert_int_equal(watch(&r, 3, 3), DAMP_REASON_RULE_LIMIT);
	}
	/* To register again is no second one, and to cancel is never refused. */
	assert_int_equal(watch(&r, 2, 5), DAMP_REASON_ACCEPTED_PROVED);
	notify(&r, 2, 30);
	assert_int_equal(unwatch(&r, 2, 6), DAMP_REASON_ACCEPTED_PROVED);
	answer(&r, CLIENT, 2, 31);
	assert_int_equal(watch(&r, 3, 7), DAMP_REASON_ACCEPTED_PROVED);
	assert_int_equal(watch(&r, 4, 8), DAMP_REASON_RULE_LIMIT);
	/* A reset of a notification ends that observation. */
	notify(&r, 1, 40);
	out = rig_out(&r, &len);        /* with the Message ID as the client sees it */
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x70, 0x00, out[2], out[3]));
	assert_int_equal(watch(&r, 4, 9), DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);
}

/* Refused by a later rule: nothing is held. In mode observe: held like enforced. */
static void who_holds(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES "limits:\n  one: {per: source, concurrent: 1}\n"
		   "rules:\n  - {id: count, match: {msg: request}, limit: one, over: drop}\n"
		   "  - {id: no, match: {path: /b}, then: drop}\n");
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x51, 0x01, 0x00, 1, 1, 0xb1, 'b'));
	assert_int_equal(r.pkt.reason, DAMP_REASON_RULE);
	assert_int_equal(ask(&r, CLIENT, 2, 2), DAMP_REASON_ACCEPTED);
	assert_int_equal(ask(&r, CLIENT, 3, 3), DAMP_REASON_RULE_LIMIT);
	rig_close(&r);
	rules_open(&r, *(bool *)*state, HEAD ZONES "limits:\n  one: {per: source, concurrent: 1}\n"
		   "rules:\n  - {id: count, mode: observe, match: {msg: request}, limit: one, over: drop}\n");
	for (uint8_t i = 1; i <= 3; i++)
		assert_int_equal(ask(&r, CLIENT, i, i), DAMP_REASON_ACCEPTED);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_WOULD), 2);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_ACTED), 0);
	rig_close(&r);
}

/* Two steps: one address has 1, its network 2. And both survive a reload. */
static void ladders_and_reloads(void **state)
{
	static const char text[] = HEAD ZONES
		"limits:\n  net: {per: source, concurrent: 1, ladder: {ipv4: {32: 1x, 24: 2x}, ipv6: {128: 1x, 64: 2x}}}\n"
		"rules:\n  - {id: net, match: {from: outside, msg: request}, limit: net, over: drop}\n";
	const bool v6 = *(bool *)*state;
	struct rig r;

	rules_open(&r, v6, text);
	assert_int_equal(ask(&r, CLIENT, 1, 1), DAMP_REASON_ACCEPTED);
	assert_int_equal(ask(&r, CLIENT, 2, 2), DAMP_REASON_RULE_LIMIT);
	assert_int_equal(ask(&r, OTHER, 2, 2), DAMP_REASON_ACCEPTED);
	rules_reload(&r, text);
	assert_int_equal(ask(&r, (struct rig_end){ 5, 5 }, 3, 3), DAMP_REASON_RULE_LIMIT);
	answer(&r, OTHER, 2, 7);
	assert_int_equal(ask(&r, (struct rig_end){ 5, 5 }, 3, 3), DAMP_REASON_ACCEPTED);
	rig_close(&r);
}

/* What one step of a limit refuses holds no place in the other, though it passes. */
static void steps_hold_all_or_none(void **state)
{
	const struct rig_end third = { 5, 40000 };
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "limits:\n  net: {per: source, concurrent: 1, ladder: {ipv4: {32: 1x, 24: 2x}, ipv6: {128: 1x, 64: 2x}}}\n"
		   "rules:\n  - {id: net, mode: observe, match: {from: outside, msg: request}, limit: net, over: drop}\n");
	ask(&r, CLIENT, 1, 1);
	ask(&r, OTHER, 2, 2);
	ask(&r, third, 3, 3);           /* of the network's two none is left */
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_WOULD), 1);
	answer(&r, CLIENT, 1, 1);
	ask(&r, third, 4, 4);           /* its first: the one before holds nothing */
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_WOULD), 1);
	ask(&r, third, 5, 5);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_WOULD), 2);
	rig_close(&r);
}

/* Of the two families' inside networks each is a tenant. */
static void tenants(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "tenants: {acme: [10.2.0.2, \"fd00:0:0:2::2\"], beta: [10.2.0.3, 10.2.0.4, \"fd00:0:0:2::3\", "
		   "\"fd00:0:0:2::4\"]}\n"
		   "limits:\n  t: {per: tenant, rate: 1 msg/min, burst: 2 msg}\n"
		   "rules:\n  - {id: t, match: {from: outside, msg: request}, limit: t, over: drop}\n");
	for (uint8_t i = 0; i < 6; i++) {
		/* Servers 2 (acme), 3 and 4 (beta), 7 (nobody's), asked in turn. */
		static const uint8_t server[] = { 2, 3, 4, 7, 7, 2 };

		rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ (uint8_t)(20 + i), 9 }, (struct rig_end){ server[i], 5683 },
			 BYTES(GET('a')));
		assert_int_equal(r.pkt.reason, DAMP_REASON_ACCEPTED);
	}
	for (uint8_t server = 2; server <= 7; server++) {
		rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 50, 9 }, (struct rig_end){ server, 5683 }, BYTES(GET('a')));
		assert_int_equal(r.pkt.reason, DAMP_REASON_RULE_LIMIT);
	}
	rig_close(&r);
}

/* Each path has its budget, whatever is written before it; responses have none. */
static void paths_have_budgets(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES "limits:\n  p: {per: path, rate: 1 msg/min, burst: 1 msg}\n"
		   "rules:\n  - {id: p, match: any, limit: p, over: drop}\n");
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a')));
	assert_int_equal(r.pkt.reason, DAMP_REASON_ACCEPTED);
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x60, 0x45, 0x00, 0x01));
	assert_int_equal(r.pkt.reason, DAMP_REASON_ACCEPTED);
	/* If-None-Match (5) moves the delta of the path, not the path. */
	rig_send(&r, DAMP_OUTSIDE, OTHER, (struct rig_end){ 3, 5683 }, BYTES(0x40, 0x01, 0x00, 0x02, 0x50, 0x61, 'a'));
	assert_int_equal(r.pkt.reason, DAMP_REASON_RULE_LIMIT);
	rig_send(&r, DAMP_OUTSIDE, OTHER, SERVER, BYTES(GET('b')));
	assert_int_equal(r.pkt.reason, DAMP_REASON_ACCEPTED);
	rig_close(&r);
}

/* What a flood of forged sources leaves behind: every line has as many debts as it takes,
 * of minutes. */
static void fill_the_ledger(const struct rig *r)
{
	for (uint32_t line = 0; line < 1u << r->judge->cfg.ledger_log2; line++)
		for (uint32_t tag = 1; tag <= DAMP_LEDGER_WAYS; tag++) {
			const struct damp_charge c = { (uint64_t)tag << 32 | line, 100u << 20, 200u << 20 };

			assert_int_equal(damp_ledger_charge(r->judge->ledger, &c, 1, r->now), -1);
		}
}

/* Then a key of its kind, which is new, inherits minutes; who proved himself is served,
 * and so is he from a budget that there is one of. */
static void full_ledgers_leave_the_known_alone(void **state)
{
	static const struct { const char *per; enum damp_reason why; } cases[] = {
		{ "global", DAMP_REASON_ACCEPTED_PROVED }, { "tenant", DAMP_REASON_ACCEPTED_PROVED },
		{ "source", DAMP_REASON_RULE_LIMIT }, { "pair", DAMP_REASON_RULE_LIMIT }, { "path", DAMP_REASON_RULE_LIMIT },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];
		struct rig r;

		snprintf(text, sizeof(text), HEAD ZONES "limits:\n  l: {per: %s, rate: 1 msg/s, burst: 2 msg}\n"
			 "rules:\n  - {id: l, match: {msg: request}, limit: l, over: drop}\n", cases[i].per);
		rules_open(&r, *(bool *)*state, text);
		prove(&r);
		fill_the_ledger(&r);
		rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a')));
		assert_int_equal(r.pkt.reason, cases[i].why);
		/* An answer of 1000 bytes, from the budget of the proved. */
		if (cases[i].why == DAMP_REASON_ACCEPTED_PROVED) {
			static const uint8_t m[1000] = { 0x60, 0x45, 0x00, 0x01, 0xff, 'x' };

			rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, m, sizeof(m));
			assert_int_equal(r.pkt.reason, DAMP_REASON_ACCEPTED_PROVED);
		}
		/* And the unproved are refused or asked, by budgets that are full. */
		rig_send(&r, DAMP_OUTSIDE, OTHER, SERVER, BYTES(GET('a')));
		assert_int_not_equal(r.pkt.fate, DAMP_FATE_FORWARD);
		rig_close(&r);
	}
}

/* Does an answer of len bytes of CoAP pass s seconds after GET /a? */
static bool passes(bool v6, const char *text, unsigned s, unsigned len)
{
	uint8_t m[600] = { 0x60, 0x45, 0x00, 0x01, 0xff };
	struct rig r;
	bool passed;

	rules_open(&r, v6, text);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a')));
	rig_wait_ms(&r, s * 1000);
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, m, len);
	passed = r.pkt.fate == DAMP_FATE_FORWARD;
	rig_close(&r);
	return passed;
}

/* The largest that passes, from 6 to 199 bytes; 0: none. What is longer than one that
 * does not pass does not either. */
static unsigned largest(bool v6, const char *amplification, unsigned s)
{
	unsigned yes = 5, no = 200;
	char text[1024];

	snprintf(text, sizeof(text), HEAD ZONES "limits:\n  x: {per: peer, amplification: %s}\n"
		 "rules:\n  - {id: x, match: {from: outside, msg: request}, limit: x, over: drop}\n", amplification);
	while (no - yes > 1) {
		const unsigned middle = (yes + no) / 2;

		if (passes(v6, text, s, middle))
			yes = middle;
		else
			no = middle;
	}
	return yes == 5 ? 0 : yes;
}

static void floors_stay_below_the_guard(void **state)
{
	const bool v6 = *(bool *)*state;
	const unsigned head = (v6 ? 40 : 20) + 8, request = head + 6;

	assert_int_equal(largest(v6, "{max: 1x}", 0), request - head);
	assert_int_equal(largest(v6, "{max: 1x, floor: 10 B}", 0), request + 10 - head);
	/* However much is free, three times the request is the guard's. */
	assert_int_equal(largest(v6, "{max: 1x, floor: 4 KiB}", 0), 3 * request - head);
	assert_int_equal(largest(v6, "{max: 200x, floor: 4 KiB}", 0), 3 * request - head);
}

static void windows_end_credit(void **state)
{
	const bool v6 = *(bool *)*state;

	assert_int_not_equal(largest(v6, "{max: 2x, window: 5 s}", 4), 0);
	assert_int_equal(largest(v6, "{max: 2x, window: 5 s}", 6), 0);
	assert_int_not_equal(largest(v6, "{max: 2x}", 6), 0);
}

/* A ClientHello in one record, with a cookie of some length (RFC 6347 4.2.1). */
static size_t hello(uint8_t *out, uint8_t cookie)
{
	const uint8_t body = (uint8_t)(2 + 32 + 1 + 1 + cookie + 4 + 2);
	const uint8_t head[] = {
		22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(12 + body), /* handshake record, epoch 0 */
		1, 0, 0, body, 0, 0, 0, 0, 0, 0, 0, body,                        /* ClientHello, whole */
		0xfe, 0xfd,                                                      /* DTLS 1.2; the random follows */
	};
	const uint8_t tail[] = { 0, 2, 0xc0, 0xa8, 1, 0 };                       /* one suite, no compression */

	memset(out, 0, 200);
	memcpy(out, head, sizeof(head));
	out[sizeof(head) + 32 + 1] = cookie;    /* behind the empty session ID */
	memcpy(out + sizeof(head) + 34 + cookie, tail, sizeof(tail));
	return sizeof(head) + 34 + cookie + sizeof(tail);
}

static void hellos_are_told_apart(void **state)
{
	static const struct { const char *match; bool first, returned, data; } cases[] = {
		{ "{dtls: client_hello}", true, true, false },
		{ "{dtls: {not: client_hello}}", false, false, true },
		{ "{dtls: client_hello, cookie: absent}", true, false, false },
		{ "{cookie: present}", false, true, false },
		{ "{cookie: {not: present}}", true, false, false },
		{ "{cookie: [present, absent]}", true, true, false },
		{ "{to_port: 5684, dtls: client_hello}", true, true, false },
	};
	static const uint8_t data[] = { 23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0xaa, 0xbb };
	const struct rig_end to = { 2, 5684 };
	char text[512];
	uint8_t m[200];
	struct rig r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), HEAD ZONES "rules:\n  - {id: r, match: %s, then: drop}\n", cases[i].match);
		rules_open(&r, *(bool *)*state, text);
		rig_send(&r, DAMP_OUTSIDE, CLIENT, to, m, hello(m, 0));
		assert_int_equal(r.pkt.reason == DAMP_REASON_RULE, cases[i].first);
		rig_send(&r, DAMP_OUTSIDE, CLIENT, to, m, hello(m, 20));
		assert_int_equal(r.pkt.reason == DAMP_REASON_RULE, cases[i].returned);
		rig_send(&r, DAMP_OUTSIDE, CLIENT, to, data, sizeof(data));
		assert_int_equal(r.pkt.reason == DAMP_REASON_RULE, cases[i].data);
		/* CoAP never is one. */
		rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a')));
		assert_int_equal(r.pkt.reason, DAMP_REASON_ACCEPTED);
		rig_close(&r);
	}
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(answers_make_room), BOTH(silence_makes_room), BOTH(resets_make_room), BOTH(observations_stay_open),
		BOTH(who_holds), BOTH(ladders_and_reloads), BOTH(steps_hold_all_or_none),
		BOTH(tenants), BOTH(paths_have_budgets), BOTH(full_ledgers_leave_the_known_alone),
		BOTH(floors_stay_below_the_guard), BOTH(windows_end_credit), BOTH(hellos_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
