/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One request that nobody meant, and a server that answers for half an hour: whatever its
 * size and whether it registers, and whatever comes back, piggybacked, separate or a
 * notification, small or large, early or long after its exchange. At no moment has more
 * than three times its IP bytes left, nor, where trust has to be earned, more than it
 * brought. Every combination is played, nothing is drawn by chance.
 */
#include "../unit/core_judge/rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define SERVER ((struct rig_end){ 2, 5683 })
#define ANSWERS 25u

enum answer { PIGGYBACKED, SEPARATE_NON, SEPARATE_CON };
struct conversation { bool con, observes, late; unsigned path, len; enum answer answer; };

static void trusting(struct damp_guard *g)
{
	g->hold = 1;
}

static void as_shipped(struct damp_guard *g)
{
	g->hold = 1;
	g->trust_earned = 1;
}

static void ask(struct rig *r, const struct conversation *k)
{
	uint8_t m[32] = { (uint8_t)(k->con ? 0x41 : 0x51), 1, 0, 1, 0x83, 0x60 };
	size_t n = k->observes ? 6 : 5;

	m[n++] = (uint8_t)((k->observes ? 0x50 : 0xb0) | k->path);
	memset(m + n, 't', k->path);
	rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, m, n + k->path);
}

/* The n-th answer: in turn confirmable and not, each twice; all say Observe. */
static void respond(struct rig *r, const struct conversation *k, unsigned n)
{
	uint8_t m[200] = { 0x51, 0x45, 9, (uint8_t)(n / 2), 0x83, 0x61, (uint8_t)n, 0xff };

	if (n == 0 && k->answer == PIGGYBACKED)
		memcpy(m, ((const uint8_t[]){ 0x61, 0x45, 0, 1 }), 4);
	else if (n == 0 ? k->answer == SEPARATE_CON : n % 3 == 0)
		m[0] = 0x41;
	memset(m + 8, 'x', k->len - 8);
	rig_send(r, DAMP_INSIDE, SERVER, CLIENT, m, k->len);
}

static void play(struct rig *r, const struct conversation *k, unsigned factor)
{
	static const uint8_t ack[] = { 0x60, 0, 0, 1 };

	ask(r, k);
	if (k->answer == SEPARATE_CON)
		rig_send(r, DAMP_INSIDE, SERVER, CLIENT, ack, sizeof(ack));
	for (unsigned n = 0; n < ANSWERS; n++) {
		respond(r, k, n);
		for (unsigned t = 0; t < 4; t++) {
			rig_wait_ms(r, 500 + 100 * n * n);
			while (rig_unhold(r) != NULL)
				;
		}
		/* Until the exchange is over. */
		if (n == 0 && k->late)
			rig_wait_ms(r, 300000);
		if (r->peer_out > factor * r->peer_in)
			fail_msg("%s of %u%s, answers of %u, kind %u: %llu out for %llu in after %u", k->con ? "CON" : "NON",
				 k->path, k->observes ? " that registers" : "", k->len, k->answer,
				 (unsigned long long)r->peer_out, (unsigned long long)r->peer_in, n + 1);
	}
}

static void all_of(bool v6, void (*guard)(struct damp_guard *g), unsigned factor)
{
	struct rig r;

	for (unsigned i = 0; i < 24; i++)
		for (unsigned path = 0; path < 13; path += 3)
			for (unsigned len = 8; len < 150; len += 5) {
				const struct conversation k = { i & 1, i & 2, i & 4, path, len, (enum answer)(i / 8) };

				rig_open_guard(&r, v6, guard);
				play(&r, &k, factor);
				rig_close(&r);
			}
}

static void on_trust(void **state)
{
	all_of(*(bool *)*state, trusting, 3);
}

static void trust_is_earned(void **state)
{
	all_of(*(bool *)*state, as_shipped, 1);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = { BOTH(on_trust), BOTH(trust_is_earned) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
