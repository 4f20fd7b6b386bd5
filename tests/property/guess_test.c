/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What guessing at pings brings: a blind attacker has a ping sent to every address of a
 * network once a minute and spends all the answers that it may give wrongly. He is
 * right for as many as chance says, and wins fewer bytes than he has spent, although
 * an oracle tells him for whom (docs/threat-model.md, "What guessing brings").
 *
 * Random and seeded. The seed is printed and can be given as argument.
 */
#include "../unit/core_judge/rig.h"

#include "decision.h"
#include "half.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HOSTS 250u
#define MINUTES 240u
#define GUESSES 8u
#define RIGHT 2u                /* Message IDs: of this epoch and of the one before */
#define LARGE 1000u
#define REAPS 160u
#define SERVER ((struct rig_end){ 2, 5683 })

static uint64_t seed = 20261122;

static uint32_t draw(uint64_t *s, uint32_t below)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (uint32_t)((*s >> 33) % below);
}

static uint64_t halves(const struct rig *r)
{
	return r->stats->worker[0].proofs_ping;
}

/* PUT /p with Block1 0, more to come: a ping is what it brings. */
static void have_it_pinged(struct rig *r, struct rig_end victim)
{
	static const uint8_t put[4 + 2 + 3 + 1 + 64] = { 0x40, 0x03, 0, 9, 0xb1, 'p', 0xd1, 0x03, 0x0a, 0xff };

	assert_int_equal(rig_send(r, DAMP_OUTSIDE, victim, SERVER, put, sizeof(put))->reason, DAMP_REASON_PINGED);
}

static void guess(struct rig *r, uint64_t *s, struct rig_end victim)
{
	const uint16_t first = (uint16_t)draw(s, 65536);
	uint8_t rst[4] = { 0x70, 0 };

	for (unsigned i = 0; i < GUESSES; i++) {
		damp_put16(rst + 2, (uint16_t)(first + i));
		rig_send(r, DAMP_OUTSIDE, victim, SERVER, rst, sizeof(rst));
	}
}

/* All that half a proof gives; returns the bytes that reached the victim. */
static uint64_t reap(struct rig *r, struct rig_end victim)
{
	const uint64_t before = r->peer_out;
	uint8_t large[LARGE] = { 0x60, DAMP_COAP_2_05, 0, 0, 0xff };

	for (unsigned i = 0; i < REAPS; i++) {
		const uint8_t get[] = { 0x40, 0x01, 1, (uint8_t)i, 0xb1, 'p' };

		rig_send(r, DAMP_OUTSIDE, victim, SERVER, get, sizeof(get));
		damp_put16(large + 2, (uint16_t)(0x100 | i));
		rig_send(r, DAMP_INSIDE, SERVER, victim, large, sizeof(large));
		rig_wait_ms(r, 100);
	}
	return r->peer_out - before;
}

/* The addresses of an IPv6 network share some budgets; as if they did not. */
static void each_by_itself(struct damp_guard *g)
{
	g->challenge_host.plen = g->host6.plen = 128;
}

static void play(bool v6)
{
	const double expected = (double)HOSTS * MINUTES * GUESSES * RIGHT / 65536;
	uint64_t s = seed, won = 0, most = 0;
	struct rig r;

	rig_open_guard(&r, v6, each_by_itself);
	for (unsigned i = 0; i < HOSTS * MINUTES; i++) {
		const struct rig_end victim = { (uint8_t)(3 + i % HOSTS), 40000 };
		const uint64_t before = halves(&r);
		uint64_t bytes;

		have_it_pinged(&r, victim);
		guess(&r, &s, victim);
		if (halves(&r) > before) {
			bytes = reap(&r, victim);
			won += bytes;
			most = bytes > most ? bytes : most;
		}
		rig_wait_ms(&r, 60000 / HOSTS);
	}
	print_message("seed %llu, IPv%c: %llu of %u right for the first ping, %.1f expected; %llu for the second; "
		      "%llu bytes won, %llu at most, of %llu out for %llu in\n",
		      (unsigned long long)seed, v6 ? '6' : '4', (unsigned long long)halves(&r), HOSTS * MINUTES, expected,
		      (unsigned long long)r.stats->worker[0].proofs_second, (unsigned long long)won,
		      (unsigned long long)most, (unsigned long long)r.peer_out, (unsigned long long)r.peer_in);
	assert_true((double)halves(&r) > expected / 4 && (double)halves(&r) < expected * 3);
	assert_int_equal(r.stats->worker[0].proofs_second, 0);
	/* 16 s of its budget, and what the unproved may have: three times what they send. */
	assert_true(most > DAMP_HALF_BYTES / 2);
	assert_true(most < DAMP_HALF_BYTES + DAMP_HALF_LIFE_S * DAMP_HALF_BYTES_PER_S +
				   3 * REAPS * (6 + (v6 ? 48 : 28)));
	assert_true(r.peer_out < r.peer_in);
	rig_close(&r);
}

static void guessing_v4(void **state)
{
	(void)state;
	play(false);
}

static void guessing_v6(void **state)
{
	(void)state;
	play(true);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(guessing_v4), cmocka_unit_test(guessing_v6) };

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
