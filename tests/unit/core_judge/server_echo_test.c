/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Echo values of inside servers: they go out and come back untouched, and who
 * brings a long one back is there (RFC 9175 section 2.3, attacks.md 6.2).
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define OTHER_PORT ((struct rig_end){ 1, 40001 })
#define SERVER ((struct rig_end){ 2, 5683 })
#define OTHER_SERVER ((struct rig_end){ 3, 5683 })

static const uint8_t value[12] = { 'o', 'f', ' ', 't', 'h', 'e', 'i', 'r', ' ', 'o', 'w', 'n' };

/* GET /p, CON: with the first n bytes of an Echo value. */
static struct damp_pkt *get(struct rig *r, struct rig_end client, struct rig_end server, const uint8_t *echo,
			    uint8_t n)
{
	uint8_t m[32] = { 0x40, 0x01, 0x00, 0x01, 0xb1, 'p', (uint8_t)(0xd0 | n), 252 - 11 - 13 };

	if (n > 0)
		memcpy(m + 8, echo, n);
	return rig_send(r, DAMP_OUTSIDE, client, server, m, n ? 8u + n : 6u);
}

/* 4.01 with n bytes of the value. */
static struct damp_pkt *unauthorized(struct rig *r, struct rig_end client, uint8_t n)
{
	uint8_t m[32] = { 0x60, 0x81, 0x00, 0x01, (uint8_t)(0xd0 | n), 252 - 13 };

	memcpy(m + 6, value, n);
	return rig_send(r, DAMP_INSIDE, SERVER, client, m, 6u + n);
}

static uint64_t proofs(const struct rig *r)
{
	return r->stats->worker[0].proofs_server_echo;
}

static void returned_echo_is_a_proof(void **state)
{
	uint8_t large[1000] = { 0x60, 0x45, 0x00, 0x01, 0xff };
	struct rig r;
	size_t len;

	for (uint8_t n = 7; n <= 12; n++) {
		rig_open(&r, *(bool *)*state);
		get(&r, CLIENT, SERVER, NULL, 0);
		assert_int_equal(unauthorized(&r, CLIENT, n)->reason, DAMP_REASON_ACCEPTED);
		assert_memory_equal(rig_out(&r, &len) + 6, value, n);
		rig_wait_ms(&r, 200000);
		get(&r, CLIENT, SERVER, value, n);
		assert_int_equal(r.pkt.reason, n < 8 ? DAMP_REASON_ACCEPTED : DAMP_REASON_ACCEPTED_PROVED);
		assert_int_equal(proofs(&r), n >= 8);
		if (n >= 8) {
			assert_memory_equal(rig_out(&r, &len) + 8, value, n);
			assert_int_equal(rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, large, sizeof(large))->reason,
					 DAMP_REASON_ACCEPTED_PROVED);
		}
		rig_close(&r);
	}
}

/* No proof: never sent, one wrong byte, cut short, another port, another
 * server, too late. */
static void other_echoes_are_none(void **state)
{
	uint8_t wrong[sizeof(value)];
	struct rig r;

	memcpy(wrong, value, sizeof(wrong));
	wrong[11] ^= 1;
	rig_open(&r, *(bool *)*state);
	get(&r, CLIENT, SERVER, value, 12);
	unauthorized(&r, CLIENT, 12);
	get(&r, CLIENT, SERVER, wrong, 12);
	get(&r, CLIENT, SERVER, value, 11);
	get(&r, OTHER_PORT, SERVER, value, 12);
	get(&r, CLIENT, OTHER_SERVER, value, 12);
	rig_wait_ms(&r, 247500);
	get(&r, CLIENT, SERVER, value, 12);
	assert_int_equal(proofs(&r), 0);
	rig_close(&r);
}

/* One value for all clients: a spoofer has it from his own request. */
static void shared_echoes_are_none(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	get(&r, CLIENT, SERVER, NULL, 0);
	unauthorized(&r, CLIENT, 12);
	get(&r, OTHER_PORT, SERVER, NULL, 0);
	unauthorized(&r, OTHER_PORT, 12);
	get(&r, CLIENT, SERVER, value, 12);
	get(&r, OTHER_PORT, SERVER, value, 12);
	assert_int_equal(proofs(&r), 0);
	rig_close(&r);
}

/* A value of a length that ours never have is no guess at them: whoever returns what a
 * server gave him long ago, while he is asked by a ping, has answered it wrongly not once. */
static void old_echoes_are_no_guesses(void **state)
{
	static const uint8_t lengths[] = { 1, 10, 12 };
	uint8_t rst[4] = { 0x70, 0x00 };
	struct rig r;
	size_t len;

	for (unsigned i = 0; i < sizeof(lengths); i++) {
		rig_open(&r, *(bool *)*state);
		while (get(&r, CLIENT, SERVER, NULL, 0)->reason == DAMP_REASON_ACCEPTED)
			;
		assert_int_equal(r.pkt.reason, DAMP_REASON_PINGED);
		memcpy(rst + 2, rig_out(&r, &len) + 2, 2);
		for (unsigned k = 0; k < 10; k++)
			get(&r, CLIENT, SERVER, value, lengths[i]);
		rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, rst, sizeof(rst));
		assert_int_equal(r.pkt.reason, DAMP_REASON_PROOF_TAKEN);
		rig_close(&r);
	}
}

static void no_amplification(struct damp_guard *g)
{
	g->alpha_q8 = 64;
}

static void echo_that_did_not_leave(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, no_amplification);
	get(&r, CLIENT, SERVER, NULL, 0);
	assert_int_equal(unauthorized(&r, CLIENT, 12)->fate, DAMP_FATE_DROP);
	get(&r, CLIENT, SERVER, value, 12);
	assert_int_equal(proofs(&r), 0);
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(returned_echo_is_a_proof), BOTH(other_echoes_are_none), BOTH(shared_echoes_are_none),
		BOTH(echo_that_did_not_leave), BOTH(old_echoes_are_no_guesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
