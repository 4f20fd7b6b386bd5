/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Half a proof: what one right answer of 16 bits gives, what it does not, and how the
 * second ping makes it whole (half.h).
 */
#include "rig.h"

#include "decision.h"
#include "half.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define SERVER ((struct rig_end){ 2, 5683 })
#define OTHER_SERVER ((struct rig_end){ 3, 5683 })
#define LARGE 1000u
#define GUESSES 8u

/* Block1 needs a proof first: PUT /p, Block1 0, more to come, 64 bytes. CON. */
static struct damp_pkt *upload_to(struct rig *r, struct rig_end server, uint16_t mid)
{
	uint8_t put[4 + 2 + 3 + 1 + 64] = { 0x40, 0x03, 0, 0, 0xb1, 'p', 0xd1, 0x03, 0x0a, 0xff };

	damp_put16(put + 2, mid);
	return rig_send(r, DAMP_OUTSIDE, CLIENT, server, put, sizeof(put));
}

static struct damp_pkt *upload(struct rig *r, uint16_t mid)
{
	return upload_to(r, SERVER, mid);
}

static struct damp_pkt *from_client(struct rig *r, uint8_t type, uint16_t mid)
{
	const uint8_t m[] = { (uint8_t)(0x40 | type << 4), 0, (uint8_t)(mid >> 8), (uint8_t)mid };

	return rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, m, sizeof(m));
}

static struct damp_pkt *pong(struct rig *r, uint16_t mid)
{
	return from_client(r, DAMP_COAP_RST, mid);
}

/* GET /p, CON. */
static struct damp_pkt *get(struct rig *r, uint16_t mid)
{
	const uint8_t m[] = { 0x40, 0x01, (uint8_t)(mid >> 8), (uint8_t)mid, 0xb1, 'p' };

	return rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, m, sizeof(m));
}

static struct damp_pkt *answer(struct rig *r, uint8_t type, uint16_t mid, size_t len)
{
	uint8_t m[LARGE] = { (uint8_t)(0x40 | type << 4), DAMP_COAP_2_05, (uint8_t)(mid >> 8), (uint8_t)mid, 0xff, 'x' };

	return rig_send(r, DAMP_INSIDE, SERVER, CLIENT, m, len);
}

/* The Message ID of the last ping that went out by itself after so long; n: how many. */
static uint16_t pinged(struct rig *r, unsigned ms, unsigned n)
{
	const uint8_t *ping;

	rig_wait_ms(r, ms);
	assert_int_equal(r->nemits, n);
	if (n == 0)
		return 0;
	ping = r->emits[n - 1].data + r->emits[n - 1].len - DAMP_COAP_HEADER_LEN;
	assert_int_equal(ping[0], 0x40);
	assert_int_equal(ping[1], 0);
	return damp_get16(ping + 2);
}

static uint64_t whole(const struct rig *r)
{
	return r->stats->worker[0].proofs_second;
}

/* An upload brings a ping in its place; returns its Message ID. */
static uint16_t first_ping(struct rig *r)
{
	size_t len;

	assert_int_equal(upload(r, 1)->reason, DAMP_REASON_PINGED);
	return damp_get16(rig_out(r, &len) + 2);
}

/* The client has answered the first ping; returns the Message ID of the second. */
static uint16_t half(struct rig *r)
{
	assert_int_equal(pong(r, first_ping(r))->reason, DAMP_REASON_PROOF_TAKEN);
	assert_int_equal(r->stats->worker[0].proofs_ping, 1);
	return pinged(r, 0, 1);
}

static void assert_half(struct rig *r, bool yes)
{
	assert_int_equal(r->pkt.proved, yes);
	assert_int_equal(r->pkt.half, 1);
}

/* On the short way nobody writes down that there is no half. */
static void assert_whole(struct rig *r)
{
	assert_int_equal(r->pkt.reason, DAMP_REASON_ACCEPTED_PROVED);
	assert_int_not_equal(r->pkt.half, 1);
}

/* What needed a proof is served at once; the second ping goes at once, 0.4 and 0.8 s
 * later, with another Message ID; nobody answers, and after 16 s it is over. */
static void first_answer_opens(void **state)
{
	struct rig r;
	uint16_t first, second;

	rig_open(&r, *(bool *)*state);
	first = first_ping(&r);
	pong(&r, first);
	second = pinged(&r, 0, 1);
	assert_int_not_equal(second, first);
	assert_int_equal(upload(&r, 1)->reason, DAMP_REASON_ACCEPTED_PROVED);
	assert_half(&r, true);
	assert_true(r.pkt.truths & DAMP_TRUTH_VERIFIED);
	assert_int_equal(pinged(&r, 400, 1), second);
	assert_int_equal(pinged(&r, 400, 1), second);
	pinged(&r, 400, 0);
	/* Use does not prolong it. */
	for (unsigned i = 0; i < 14; i++) {
		rig_wait_ms(&r, 1000);
		get(&r, (uint16_t)(100 + i));
		assert_half(&r, true);
	}
	rig_wait_ms(&r, 1000);
	get(&r, 200);
	assert_int_equal(r.pkt.proved, 0);
	assert_int_equal(r.pkt.half, 0);
	assert_int_equal(whole(&r), 0);
	rig_close(&r);
}

/* 32 bits: as long and as much as any proof. */
static void second_answer_makes_it_whole(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	assert_int_equal(pong(&r, half(&r))->reason, DAMP_REASON_PROOF_TAKEN);
	assert_int_equal(r.pkt.fate, DAMP_FATE_DROP);
	assert_int_equal(whole(&r), 1);
	pinged(&r, 400, 0);
	for (uint16_t i = 0; i < 100; i++) {
		assert_int_not_equal(get(&r, (uint16_t)(10 + i))->half, 1);
		assert_int_equal(answer(&r, DAMP_COAP_ACK, (uint16_t)(10 + i), LARGE)->reason, DAMP_REASON_ACCEPTED_PROVED);
	}
	rig_wait_ms(&r, 250000);
	assert_int_equal(get(&r, 200)->reason, DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);
}

/* All that goes either way is paid from 64 KiB; then the peer is unproved, and what it
 * may have on trust is bounded as ever. */
static void the_budget_is_small(void **state)
{
	const uint64_t around = (*(bool *)*state ? 48u : 28u);
	uint64_t bytes = 0, before;
	struct rig r;
	uint16_t i;

	rig_open(&r, *(bool *)*state);
	half(&r);
	before = r.peer_out;
	for (i = 0; i < 100 && get(&r, (uint16_t)(10 + i))->proved; i++) {
		bytes += 6 + around;
		if (answer(&r, DAMP_COAP_ACK, (uint16_t)(10 + i), LARGE)->reason != DAMP_REASON_ACCEPTED_PROVED)
			break;
		bytes += LARGE + around;
	}
	assert_int_equal(r.pkt.half, 1);
	assert_true(bytes <= DAMP_HALF_BYTES && bytes + LARGE + 2 * around + 6 + 3 * (around + 4) > DAMP_HALF_BYTES);
	assert_true(r.peer_out - before < DAMP_HALF_BYTES);
	/* What was spent is no matter to a whole proof. */
	rig_wait_ms(&r, 400);
	pong(&r, pinged(&r, 400, 1));
	assert_int_equal(whole(&r), 1);
	get(&r, 500);
	assert_whole(&r);
	assert_int_equal(answer(&r, DAMP_COAP_ACK, 500, LARGE)->reason, DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);
}

/* Eight wrong answers a minute, whichever ping they are for. */
static void guesses_run_out(void **state)
{
	for (unsigned before = 0; before <= GUESSES; before += 4) {
		for (unsigned wrong = 0; wrong <= GUESSES; wrong += 4) {
			uint16_t first, second;
			struct rig r;

			rig_open(&r, *(bool *)*state);
			first = first_ping(&r);
			for (unsigned i = 1; i <= before; i++)
				assert_int_equal(pong(&r, (uint16_t)(first + i))->reason, DAMP_REASON_EMPTY_UNMATCHED);
			pong(&r, first);
			assert_int_equal(r.stats->worker[0].proofs_ping, before < GUESSES);
			second = pinged(&r, 0, before < GUESSES);
			for (unsigned i = 1; i <= wrong; i++)
				pong(&r, (uint16_t)(second + i));
			pong(&r, second);
			assert_int_equal(whole(&r), before + wrong < GUESSES);
			rig_close(&r);
		}
	}
}

/* What was right once is right again, and no more; of the next epoch too. */
static void the_first_again_is_not_the_second(void **state)
{
	struct rig r;
	uint16_t first;

	rig_open(&r, *(bool *)*state);
	first = first_ping(&r);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(pong(&r, first)->reason, DAMP_REASON_PROOF_TAKEN);
	assert_int_equal(r.stats->worker[0].proofs_ping, 1);
	/* Not one ping more for it, either. */
	pinged(&r, 0, 1);
	/* Nor in the next epoch, in which it is right still. */
	rig_wait_ms(&r, 8000);
	pong(&r, first);
	assert_int_equal(whole(&r), 0);
	get(&r, 10);
	assert_half(&r, true);
	rig_close(&r);
}

/* Its Message ID is of both ends, and its answer counts between them. */
static void of_this_server_alone(void **state)
{
	struct rig r;
	uint16_t second;

	rig_open(&r, *(bool *)*state);
	second = half(&r);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, OTHER_SERVER, (uint8_t[]){ 0x70, 0, (uint8_t)(second >> 8), (uint8_t)second }, 4);
	assert_int_equal(whole(&r), 0);
	/* What it is asked of another one brings a second ping of that one's. */
	assert_int_equal(upload_to(&r, OTHER_SERVER, 2)->reason, DAMP_REASON_ACCEPTED_PROVED);
	assert_int_not_equal(pinged(&r, 0, 1), second);
	pong(&r, second);
	assert_int_equal(whole(&r), 1);
	rig_close(&r);
}

/* All of them lost: the next request brings them again, of the epoch it is. */
static void lost_pings_come_again(void **state)
{
	struct rig r;
	uint16_t second, again;

	rig_open(&r, *(bool *)*state);
	second = half(&r);
	/* Not at once: they may be under way. */
	assert_int_equal(upload(&r, 1)->reason, DAMP_REASON_ACCEPTED_PROVED);
	assert_int_equal(pinged(&r, 0, 0), 0);
	rig_wait_ms(&r, 400);
	rig_wait_ms(&r, 400);
	rig_wait_ms(&r, 9000);
	get(&r, 10);
	assert_half(&r, true);
	again = pinged(&r, 0, 1);
	assert_int_not_equal(again, second);
	/* The one of the epoch before is no answer to this one. */
	assert_int_equal(pong(&r, second)->reason, DAMP_REASON_EMPTY_UNMATCHED);
	pong(&r, again);
	assert_int_equal(whole(&r), 1);
	rig_close(&r);
}

/* An answer toward it brings them too. */
static void answers_bring_them_too(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	half(&r);
	get(&r, 10);
	rig_wait_ms(&r, 400);
	rig_wait_ms(&r, 400);
	rig_wait_ms(&r, 1000);
	assert_int_equal(answer(&r, DAMP_COAP_ACK, 10, LARGE)->reason, DAMP_REASON_ACCEPTED_PROVED);
	pong(&r, pinged(&r, 0, 1));
	assert_int_equal(whole(&r), 1);
	rig_close(&r);
}

/* Expired between the pings: it begins anew, and ends well. */
static void a_late_answer_begins_anew(void **state)
{
	struct rig r;
	uint16_t second;

	rig_open(&r, *(bool *)*state);
	second = half(&r);
	rig_wait_ms(&r, 20000);
	pong(&r, second);
	assert_int_equal(whole(&r), 0);
	assert_int_equal(upload(&r, 7)->proved, 0);
	rig_close(&r);
}

/* A separate answer, acknowledged: half. The second ACK is no more, of whatever. */
static void acks_are_halves(void **state)
{
	struct rig r;
	size_t len;
	uint16_t second;

	rig_open(&r, *(bool *)*state);
	get(&r, 1);
	assert_int_equal(answer(&r, DAMP_COAP_CON, 0x7b00, 10)->fate, DAMP_FATE_FORWARD);
	assert_int_equal(from_client(&r, DAMP_COAP_ACK, damp_get16(rig_out(&r, &len) + 2))->fate, DAMP_FATE_FORWARD);
	assert_int_equal(r.stats->worker[0].proofs_ack, 1);
	second = pinged(&r, 0, 1);
	get(&r, 2);
	assert_half(&r, true);
	assert_int_equal(answer(&r, DAMP_COAP_CON, 0x7b01, 10)->fate, DAMP_FATE_FORWARD);
	from_client(&r, DAMP_COAP_ACK, damp_get16(rig_out(&r, &len) + 2));
	get(&r, 3);
	assert_half(&r, true);
	assert_int_equal(whole(&r), 0);
	pong(&r, second);
	assert_int_equal(whole(&r), 1);
	/* Now one ACK renews all of it. */
	get(&r, 4);
	assert_whole(&r);
	answer(&r, DAMP_COAP_CON, 0x7b02, 10);
	from_client(&r, DAMP_COAP_ACK, damp_get16(rig_out(&r, &len) + 2));
	assert_int_equal(r.stats->worker[0].proofs_ack, 2);
	pinged(&r, 1000, 0);
	rig_close(&r);
}

/* NON GET /pp..., challenged because its answer is large; the Echo that fits: with a
 * path of so many bytes. Returns its length, and the request with it in m. */
static unsigned echo_of(struct rig *r, unsigned path, uint8_t *m, size_t *n)
{
	uint8_t large[LARGE] = { 0x50, DAMP_COAP_2_05, 0, 5, 0xff };
	size_t len;
	const uint8_t *out;

	memcpy(m, ((uint8_t[]){ 0x50, 0x01, 0x00, 0x02, (uint8_t)(0xb0 | path) }), 5);
	memset(m + 5, 'p', path);
	rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, m, 5 + path);
	assert_int_equal(rig_send(r, DAMP_INSIDE, SERVER, CLIENT, large, sizeof(large))->reason, DAMP_REASON_CHALLENGED);
	out = rig_out(r, &len);
	/* Echo alone: delta 252, 2 to 8 bytes. */
	assert_in_range(out[4], 0xd2, 0xd8);
	m[5 + path] = out[4];
	m[6 + path] = 241 - 13;
	memcpy(m + 7 + path, out + 6, len - 6);
	*n = 7 + path + len - 6;
	return (unsigned)(len - 6);
}

/* Of two or three bytes an Echo is as good as a ping; of four as good as two. */
static void short_echoes_are_halves(void **state)
{
	struct rig r;
	uint8_t m[64];
	size_t n;

	for (unsigned bytes = 2; bytes <= 4; bytes++) {
		rig_open(&r, *(bool *)*state);
		assert_int_equal(echo_of(&r, 1 + bytes, m, &n), bytes);
		assert_int_equal(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, m, n)->reason, DAMP_REASON_ACCEPTED_PROVED);
		assert_int_equal(r.pkt.half, bytes < 4);
		assert_int_equal(r.stats->worker[0].proofs_echo, 1);
		if (bytes < 4) {
			pong(&r, pinged(&r, 0, 1));
			assert_int_equal(whole(&r), 1);
		}
		pinged(&r, 1000, 0);
		get(&r, 9);
		assert_whole(&r);
		rig_close(&r);
	}
}

static void one_for_one(struct damp_guard *g)
{
	g->alpha_q8 = 1 << 8;
}

/* No more second pings than the factor allows for the answer to the first. One alone
 * waits until a libcoap client hears it. */
static void never_more_than_the_factor(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, one_for_one);
	pong(&r, first_ping(&r));
	pinged(&r, 0, 0);
	pong(&r, pinged(&r, 400, 1));
	pinged(&r, 1000, 0);
	assert_int_equal(whole(&r), 1);
	rig_close(&r);
}

/* The first fragment of a datagram of 40 kB toward the client; its length. */
static size_t first_fragment(const struct rig *r, uint8_t *f)
{
	static const uint8_t m[] = { 0x50, DAMP_COAP_2_05, 0, 1, 0xff, 'x', 'y', 'z' };
	const size_t n = rig_build(r, DAMP_INSIDE, SERVER, CLIENT, m, sizeof(m), f);

	if (r->v6) {
		/* A fragment header, more to come, identification 7, between IPv6 and UDP. */
		damp_put16(f + 54 + 4, 40000);
		memmove(f + 62, f + 54, n - 54);
		memcpy(f + 54, ((const uint8_t[]){ 17, 0, 0, 1, 0, 0, 0, 7 }), 8);
		f[14 + 6] = 44;
		damp_put16(f + 14 + 4, (uint16_t)(n - 54 + 8));
		return n + 8;
	}
	damp_put16(f + 34 + 4, 40000);
	f[14 + 6] = 0x20;
	damp_put16(f + 14 + 10, 0);
	damp_put16(f + 14 + 10, (uint16_t)~damp_csum_fold(damp_csum_add(0, f + 14, 20)));
	return n;
}

/* Of two datagrams in fragments, 40 kB each, one has room. */
static void fragments_cost_the_whole_datagram(void **state)
{
	uint8_t f[256];
	struct rig r;
	size_t n;

	rig_open(&r, *(bool *)*state);
	half(&r);
	get(&r, 10);
	n = first_fragment(&r, f);
	assert_int_equal(rig_frame(&r, DAMP_INSIDE, f, n)->reason, DAMP_REASON_ACCEPTED_PROVED);
	n = first_fragment(&r, f);
	assert_int_equal(rig_frame(&r, DAMP_INSIDE, f, n)->reason, DAMP_REASON_FRAGMENT_COAP);
	rig_close(&r);
}

/* Its address counts as one where somebody is for a minute, not for half an hour. */
static void its_address_is_known_for_a_minute(void **state)
{
	uint64_t known;
	struct rig r;

	rig_open(&r, *(bool *)*state);
	half(&r);
	known = damp_key_known(r.pkt.peer_whole);
	rig_wait_ms(&r, 59000);
	assert_true(damp_peer_proved(r.judge->peers, known, r.now, 0));
	rig_wait_ms(&r, 2000);
	assert_false(damp_peer_proved(r.judge->peers, known, r.now, 0));
	rig_close(&r);
}

/* With the filter bypassed nothing is told apart. */
static void bypass_knows_no_halves(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	half(&r);
	r.bypass = true;
	assert_int_equal(upload(&r, 9)->reason, DAMP_REASON_BYPASS);
	assert_in_range(r.pkt.proved, 0, 1);
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(first_answer_opens), BOTH(second_answer_makes_it_whole), BOTH(the_budget_is_small),
		BOTH(guesses_run_out), BOTH(the_first_again_is_not_the_second), BOTH(of_this_server_alone),
		BOTH(lost_pings_come_again), BOTH(answers_bring_them_too), BOTH(a_late_answer_begins_anew),
		BOTH(acks_are_halves), BOTH(short_echoes_are_halves), BOTH(never_more_than_the_factor),
		BOTH(fragments_cost_the_whole_datagram),
		BOTH(its_address_is_known_for_a_minute), BOTH(bypass_knows_no_halves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
