/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The promise as a property: whatever is sent from an outside address that
 * never proves itself, and whatever the inside answers, at no moment have more
 * than alpha times its IP bytes left toward it.
 *
 * Random, seeded conversations: requests of every kind (sizes, tokens,
 * Observe, Block, Echo, DTLS, pings, resets), responses of every kind from the
 * inside (too large, twice, unasked, with Observe), time that runs in jumps
 * over every life there is. The seed is printed and can be given as argument.
 */
#include "../unit/core_judge/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define STEPS 40000u

static uint64_t seed = 20261121;

static uint32_t draw(uint64_t *s, uint32_t below)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (uint32_t)((*s >> 33) % below);
}

static size_t put_option(uint8_t *at, unsigned delta, unsigned len, uint8_t value)
{
	size_t n = 1;

	at[0] = (uint8_t)((delta < 13 ? delta : 13) << 4 | len);
	if (delta >= 13)
		at[n++] = (uint8_t)(delta - 13);
	memset(at + n, value, len);
	return n + len;
}

/*
 * An Echo behind option number last: a short one that both sides know, or 8 to
 * 12 bytes that only one of them does.
 */
static size_t put_echo(uint64_t *s, uint8_t *at, unsigned last)
{
	const unsigned len = 1 + draw(s, 12);
	const size_t n = put_option(at, 252 - last, len, 'e');

	for (unsigned i = 0; len >= 8 && i < len; i++)
		at[n - len + i] = (uint8_t)draw(s, 256);
	return n;
}

static size_t message(uint64_t *s, enum damp_side side, uint8_t *m)
{
	static const uint8_t codes[] = { 1, 1, 1, 2, 3, 5, 0, 0x45, 0x45, 0x84 };
	const uint8_t type = (uint8_t)draw(s, 4), tkl = (uint8_t)draw(s, 3);
	const uint8_t code = side == DAMP_OUTSIDE ? codes[draw(s, 9)] : codes[draw(s, 4) + 6];
	unsigned last = 6;
	size_t n = 4;

	m[0] = (uint8_t)(0x40 | type << 4 | tkl);
	m[1] = code;
	m[2] = 0;
	m[3] = (uint8_t)draw(s, 6);
	if (code == 0) {
		m[0] &= 0xf0;
		return 4;
	}
	for (unsigned i = 0; i < tkl; i++)
		m[n++] = (uint8_t)draw(s, 2);
	if (draw(s, 2))
		n += put_option(m + n, 6, draw(s, 2), (uint8_t)draw(s, 2));     /* Observe */
	else
		n += put_option(m + n, 6, 0, 0);
	if (side == DAMP_OUTSIDE && draw(s, 2)) {
		n += put_option(m + n, 5, 1 + draw(s, 8), 'p');                 /* Uri-Path */
		last = 11;
	}
	if (draw(s, 4) == 0)
		n += put_echo(s, m + n, last);
	if (draw(s, 4) == 0) {
		m[n++] = 0xff;
		memset(m + n, 'x', 1000);
		n += side == DAMP_OUTSIDE ? 1 + draw(s, 100) : 1 + draw(s, 1000);
	}
	return n;
}

/*
 * One DTLS record of any size. Of the outside a ClientHello with a cookie, of
 * the inside a HelloVerifyRequest: one of the few short ones that may meet, or
 * one of 8 to 11 bytes, which the outside, not having seen it, has to guess.
 */
static size_t datagram(uint64_t *s, enum damp_side side, uint8_t *m)
{
	const uint8_t cookie = (uint8_t)(draw(s, 2) ? 1 + draw(s, 7) : 8 + draw(s, 4));
	const size_t n = 13 + 12 + 2 + 34 + 1 + (size_t)cookie + draw(s, 900);
	size_t at = 27;

	memset(m, 0, n);
	memcpy(m, ((const uint8_t[]){ 22, 0xfe, 0xfd }), 3);
	if (side == DAMP_OUTSIDE && draw(s, 3) == 0) {
		m[0] = (uint8_t)(23 + 2 * draw(s, 2));          /* as it may look under a key, or a connection ID */
		m[4] = 1;
		damp_put16(m + 11, (uint16_t)(n - 13));
		return n;
	}
	damp_put16(m + 11, (uint16_t)(n - 13));
	m[13] = side == DAMP_OUTSIDE ? 1 : 3;
	damp_put16(m + 15, (uint16_t)(n - 25));
	damp_put16(m + 23, (uint16_t)(n - 25));
	if (side == DAMP_OUTSIDE)
		at += 32 + 1;                   /* random, session ID */
	m[at++] = cookie;
	for (unsigned i = 0; i < cookie; i++)
		m[at++] = (uint8_t)(cookie < 8 ? cookie : draw(s, 256));
	return n;
}

/* The inside answers one request until nothing passes any more: every size,
 * type and kind, with the right token and Message ID. */
static void exhaust(struct rig *r, uint64_t *s, struct rig_end peer, struct rig_end server, const uint8_t *request)
{
	const uint8_t tkl = request[0] & 0x0f;
	uint8_t m[1400];

	for (unsigned i = 0; i < 12; i++) {
		const uint8_t type = (uint8_t)draw(s, 4);
		size_t n = 4;

		memcpy(m, request, 4u + tkl);
		m[0] = (uint8_t)(0x40 | type << 4 | (type == DAMP_COAP_RST || i % 5 == 4 ? 0 : tkl));
		m[1] = m[0] & 0x0f || (type != DAMP_COAP_RST && i % 5 != 4) ? DAMP_COAP_2_05 : 0;
		if (m[1] == 0 && type == DAMP_COAP_CON)
			continue;               /* a ping, which is a client's */
		if (m[1] != 0) {
			n += tkl;
			n += put_option(m + n, 6, draw(s, 2), (uint8_t)i);
			if (draw(s, 3) == 0)
				n += put_echo(s, m + n, 6);
			m[n++] = 0xff;
			memset(m + n, 'x', 1000);
			n += draw(s, 3) ? 1 + draw(s, 60) : 1 + draw(s, 1000);
		}
		rig_send(r, DAMP_INSIDE, server, peer, m, n);
	}
}

/* weight: messages of the inside for each of the peer. */
static void step(struct rig *r, uint64_t *s, uint32_t weight)
{
	const bool dtls = draw(s, 8) == 0;
	const struct rig_end peer = { 1, (uint16_t)(40000 + draw(s, 3)) };
	const struct rig_end server = { (uint8_t)(2 + draw(s, 3)), dtls ? 5684 : 5683 };
	const enum damp_side side = draw(s, weight + 1) ? DAMP_INSIDE : DAMP_OUTSIDE;
	uint8_t m[1400];
	const size_t n = dtls ? datagram(s, side, m) : message(s, side, m);

	/* What an inside client begins is bounded by PROBING_RATE, not by alpha. */
	if (side == DAMP_INSIDE && !dtls && (damp_coap_is_request(m[1]) || (m[1] == 0 && (m[0] & 0x30) == 0)))
		return;
	if (side == DAMP_OUTSIDE) {
		rig_send(r, side, peer, server, m, n);
		if (!dtls && damp_coap_is_request(m[1]))
			exhaust(r, s, peer, server, m);
	} else {
		rig_send(r, side, server, peer, m, n);
	}
	if (draw(s, 10) == 0)
		rig_wait_ms(r, draw(s, 50) ? draw(s, 2000) : 400000);
	while (rig_unhold(r) != NULL)
		;
}

static void holding(struct damp_guard *g)
{
	g->hold = 1;
}

/* Without the ledger only the credit of each exchange holds. */
static void credit_alone(struct damp_guard *g)
{
	holding(g);
	g->host4.cost_q16 = g->net4.cost_q16 = g->host6.cost_q16 = g->net6.cost_q16 = 0;
	g->challenge_host.cost_q16 = g->challenge_net4.cost_q16 = g->challenge_net6.cost_q16 = 0;
}

static void credit_without_holding(struct damp_guard *g)
{
	credit_alone(g);
	g->hold = 0;
}

static void run(bool v6, uint64_t first, uint32_t weight, void (*guard)(struct damp_guard *g))
{
	uint64_t s = first;
	struct rig r;

	rig_open_guard(&r, v6, guard);
	for (unsigned i = 0; i < STEPS; i++) {
		step(&r, &s, weight);
		if (r.peer_out > 3 * r.peer_in)
			fail_msg("seed %llu, step %u: %llu bytes out for %llu in", (unsigned long long)first, i,
				 (unsigned long long)r.peer_out, (unsigned long long)r.peer_in);
	}
	assert_true(r.peer_out > 0);
	assert_int_equal(r.stats->worker[0].proofs_echo + r.stats->worker[0].proofs_ping +
			 r.stats->worker[0].proofs_token + r.stats->worker[0].proofs_cookie +
			 r.stats->worker[0].proofs_ack + r.stats->worker[0].proofs_server_echo +
			 r.stats->worker[0].proofs_second, 0);
	/* The judge's own account agrees with the wire. */
	assert_int_equal(r.stats->worker[0].unproved_bytes_in, r.peer_in);
	assert_int_equal(r.stats->worker[0].unproved_bytes_out, r.peer_out);
	rig_close(&r);
}

static void runs(bool v6)
{
	static const uint32_t weights[] = { 1, 5, 40, 200 };

	for (unsigned i = 0; i < 12; i++)
		run(v6, seed + i, weights[i % 4], i < 4 ? credit_alone : i < 8 ? credit_without_holding : holding);
}

static void promise_v4(void **state)
{
	(void)state;
	runs(false);
}

static void promise_v6(void **state)
{
	(void)state;
	runs(true);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(promise_v4), cmocka_unit_test(promise_v6) };

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	print_message("seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
