/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of the inside that leave in IP fragments: the Message ID in the first is
 * another one on the wire, the checksum holds over the whole datagram, and the ACK
 * or RST that names it finds its way back, whichever worker it meets (AV-43, A13).
 */
#include "judge_state.h"
#include "rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define SERVER ((struct rig_end){ 2, 5683 })
#define ODD_SERVER ((struct rig_end){ 3, 5684 })
#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

#define START(type, code, mid) (uint8_t)(0x40 | (type) << 4), code, (uint8_t)((mid) >> 8), (uint8_t)(mid)
#define GET_P(mid) START(DAMP_COAP_CON, 0x01, mid), 0xb1, 'p'
#define CONTENT(type, mid) START(type, 0x45, mid), 0xff, 'o', 'k'
#define EMPTY(type, mid) START(type, 0x00, mid)

#define LARGE 1000u                     /* bytes of a message in fragments */
#define PIECE 296u                      /* bytes of a datagram in each; a multiple of 8 */
#define IDENTIFICATION 0x1234u

/* A datagram as it came out: what follows the IP header, put together. */
struct whole {
	uint8_t udp[8 + LARGE];
	size_t len;
	unsigned passed, dropped;
};

static size_t ip_len(const struct rig *r)
{
	return r->v6 ? 40 : 20;
}

/* Sixteen bits at a time, as RFC 1071 has it; not the judge's way. */
static uint32_t sum16(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* Is the checksum of a datagram right? ip: the header of one of its fragments. */
static bool sum_holds(const struct rig *r, const uint8_t *ip, const struct whole *w)
{
	const uint8_t pseudo[4] = { 0, 17, (uint8_t)(w->len >> 8), (uint8_t)w->len };
	uint32_t sum = sum16(0, r->v6 ? ip + 8 : ip + 12, r->v6 ? 32 : 8);

	sum = sum16(sum, pseudo, sizeof(pseudo));
	return sum16(sum, w->udp, w->len) == 0xffff;
}

/* One fragment of a whole frame: n bytes of its datagram from offset at. */
static size_t cut(const struct rig *r, const uint8_t *frame, size_t at, size_t n, bool more, uint8_t *out)
{
	const size_t l4 = 14 + ip_len(r);
	const uint16_t field = (uint16_t)(r->v6 ? at | more : at / 8 | (more ? 0x2000u : 0));

	memcpy(out, frame, l4);
	if (r->v6) {
		const uint8_t header[8] = { 17, 0, (uint8_t)(field >> 8), (uint8_t)field, 0, 0,
					    IDENTIFICATION >> 8, IDENTIFICATION & 0xff };

		out[14 + 6] = 44;
		damp_put16(out + 14 + 4, (uint16_t)(8 + n));
		memcpy(out + l4, header, 8);
		memcpy(out + l4 + 8, frame + l4 + at, n);
		return l4 + 8 + n;
	}
	damp_put16(out + 14 + 2, (uint16_t)(20 + n));
	damp_put16(out + 14 + 4, IDENTIFICATION);
	damp_put16(out + 14 + 6, field);
	damp_put16(out + 14 + 10, 0);
	damp_put16(out + 14 + 10, (uint16_t)~sum16(0, out + 14, 20));
	memcpy(out + l4, frame + l4 + at, n);
	return l4 + n;
}

/* What leaves of a frame, cut into fragments. */
static void send_cut(struct rig *r, enum damp_side side, const uint8_t *frame, size_t len, struct whole *w)
{
	const size_t total = len - 14 - ip_len(r), head = 14 + ip_len(r) + (r->v6 ? 8 : 0);
	uint8_t piece[512];

	memset(w, 0, sizeof(*w));
	for (size_t at = 0; at < total; at += PIECE) {
		const size_t n = at + PIECE < total ? PIECE : total - at;
		const size_t size = cut(r, frame, at, n, at + n < total, piece);

		if (rig_frame(r, side, piece, size)->fate != DAMP_FATE_FORWARD) {
			w->dropped++;
			continue;
		}
		assert_int_equal(r->pkt.out_len, size);
		memcpy(w->udp + at, r->frame + head, n);
		w->len += n;
		w->passed++;
	}
}

/* A message of LARGE bytes. */
static void fill(uint8_t m[LARGE], unsigned type, uint8_t code, uint16_t mid)
{
	const uint8_t head[5] = { START(type, code, mid), 0xff };

	memcpy(m, head, sizeof(head));
	for (size_t i = sizeof(head); i < LARGE; i++)
		m[i] = (uint8_t)(i * 7);
}

static uint16_t mid_of(const struct whole *w)
{
	return damp_get16(w->udp + 8 + 2);
}

/* The server's message in fragments, all of which pass: its Message ID on the wire. Only
 * that, and the checksum, are other than they were. */
static uint16_t split_to(struct rig *r, struct rig_end peer, unsigned type, uint16_t mid)
{
	uint8_t m[LARGE], frame[2048];
	struct whole w;
	size_t len;

	fill(m, type, 0x45, mid);
	len = rig_build(r, DAMP_INSIDE, SERVER, peer, m, LARGE, frame);
	send_cut(r, DAMP_INSIDE, frame, len, &w);
	assert_int_equal(w.dropped, 0);
	assert_int_equal(w.len, 8 + LARGE);
	assert_true(sum_holds(r, frame + 14, &w));
	assert_memory_equal(w.udp, frame + 14 + ip_len(r), 6);
	assert_memory_equal(w.udp + 8, m, 2);
	assert_memory_equal(w.udp + 8 + 4, m + 4, LARGE - 4);
	return mid_of(&w);
}

static uint16_t split(struct rig *r, unsigned type, uint16_t mid)
{
	return split_to(r, CLIENT, type, mid);
}

static struct damp_pkt *from_client(struct rig *r, const uint8_t *m, size_t len)
{
	return rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, m, len);
}

static uint16_t mid_in(const struct rig *r)
{
	return damp_get16(r->frame + 14 + ip_len(r) + 8 + 2);
}

/* The client asks, its server answers later, and its ACK and its RST to the second ping
 * prove it. Returns the Message ID outside of 0x0001. */
static uint16_t prove(struct rig *r)
{
	const uint8_t *ping;
	uint16_t wire;

	from_client(r, BYTES(GET_P(1)));
	rig_send(r, DAMP_INSIDE, SERVER, CLIENT, BYTES(EMPTY(DAMP_COAP_ACK, 1)));
	rig_send(r, DAMP_INSIDE, SERVER, CLIENT, BYTES(CONTENT(DAMP_COAP_CON, 0x0001)));
	assert_int_equal(r->pkt.fate, DAMP_FATE_FORWARD);
	wire = mid_in(r);
	from_client(r, BYTES(EMPTY(DAMP_COAP_ACK, wire)));
	assert_int_equal(r->stats->worker[0].proofs_ack, 1);
	rig_wait_ms(r, 0);
	assert_int_equal(r->nemits, 1);
	ping = r->emits[0].data + r->emits[0].len - 4;
	from_client(r, BYTES(EMPTY(DAMP_COAP_RST, damp_get16(ping + 2))));
	assert_int_equal(r->stats->worker[0].proofs_second, 1);
	return wire;
}

static uint64_t proofs(const struct rig *r)
{
	return r->stats->worker[0].proofs_ack + r->stats->worker[1].proofs_ack;
}

static void permuted_and_back(void **state)
{
	static const uint8_t answers[] = { DAMP_COAP_ACK, DAMP_COAP_RST };
	unsigned moved = 0;
	struct rig r;

	for (uint16_t i = 0; i < 64; i++) {
		const uint16_t mid = (uint16_t)(0x7b00 + i);
		const uint8_t answer = answers[i & 1];
		uint16_t wire;

		rig_open(&r, *(bool *)*state);
		prove(&r);
		wire = split(&r, i % 4 < 2 ? DAMP_COAP_CON : DAMP_COAP_NON, mid);
		/* A copy leaves as the first did. */
		assert_int_equal(split(&r, i % 4 < 2 ? DAMP_COAP_CON : DAMP_COAP_NON, mid), wire);
		moved += wire != mid;
		/* Who only knows the server's number has none. */
		from_client(&r, BYTES(EMPTY(answer, mid)));
		assert_int_equal(r.pkt.fate, wire == mid ? DAMP_FATE_FORWARD : DAMP_FATE_DROP);
		from_client(&r, BYTES(EMPTY(answer, wire)));
		assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
		assert_int_equal(mid_in(&r), mid);
		assert_true(damp_udp_checksum_good(r.frame, &r.pkt.frame, 8 + 4));
		rig_close(&r);
	}
	assert_in_range(moved, 60, 64);
}

/* Toward one peer whole messages and those in fragments have one numbering: none of the
 * server's numbers meets another's. */
static void one_numbering(void **state)
{
	static bool taken[1 << 16];
	uint16_t whole;
	struct rig r;

	rig_open(&r, *(bool *)*state);
	memset(taken, 0, sizeof(taken));
	whole = prove(&r);
	assert_int_equal(split(&r, DAMP_COAP_CON, 0x0001), whole);
	for (uint16_t i = 0; i < 256; i++) {
		const uint16_t wire = split(&r, DAMP_COAP_CON, i);

		assert_false(taken[wire]);
		taken[wire] = true;
		rig_wait_ms(&r, 1000);
	}
	rig_close(&r);
}

/* The ACK goes by ports as well, and meets another worker than the fragments did. */
static void any_worker(void **state)
{
	struct rig r;
	struct damp_judge_worker *first;
	void *memory;
	uint16_t wire;

	rig_open(&r, *(bool *)*state);
	memory = aligned_alloc(64, damp_judge_worker_bytes(&r.judge->cfg));
	assert_non_null(memory);
	memset(memory, 0, damp_judge_worker_bytes(&r.judge->cfg));
	prove(&r);
	first = r.worker;
	r.worker = damp_judge_worker_init(memory, r.judge, 1, &r.stats->worker[1], &r.events->ring[1]);
	wire = split(&r, DAMP_COAP_CON, 0x7b3e);
	r.worker = first;
	from_client(&r, BYTES(EMPTY(DAMP_COAP_ACK, wire)));
	assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
	assert_int_equal(mid_in(&r), 0x7b3e);
	assert_int_equal(proofs(&r), 2);
	rig_close(&r);
	free(memory);
}

/* Fragments alone keep a client proved beyond 1800 s, if it acknowledges them. */
static void acks_renew_the_proof(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	prove(&r);
	for (uint16_t i = 2; i < 40; i++) {
		rig_wait_ms(&r, 200000);
		from_client(&r, BYTES(EMPTY(DAMP_COAP_ACK, split(&r, DAMP_COAP_CON, i))));
	}
	assert_int_equal(proofs(&r), 39);
	/* A reset is none. */
	from_client(&r, BYTES(EMPTY(DAMP_COAP_RST, split(&r, DAMP_COAP_CON, 40))));
	assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
	assert_int_equal(proofs(&r), 39);
	rig_close(&r);
}

/* What an ACK or RST no longer finds: the fifth back; anything after 16 s. */
static void the_last_four(void **state)
{
	static const uint8_t answers[] = { DAMP_COAP_ACK, DAMP_COAP_RST };
	uint16_t wire[5];
	struct rig r;

	for (unsigned a = 0; a < 2; a++) {
		rig_open(&r, *(bool *)*state);
		prove(&r);
		for (uint16_t i = 0; i < 5; i++)
			wire[i] = split(&r, DAMP_COAP_CON, (uint16_t)(100 + i));
		assert_int_equal(from_client(&r, BYTES(EMPTY(answers[a], wire[0])))->reason, DAMP_REASON_EMPTY_UNMATCHED);
		assert_int_equal(from_client(&r, BYTES(EMPTY(answers[a], wire[1])))->fate, DAMP_FATE_FORWARD);
		rig_wait_ms(&r, 16500);
		assert_int_equal(from_client(&r, BYTES(EMPTY(answers[a], wire[4])))->reason, DAMP_REASON_EMPTY_UNMATCHED);
		rig_close(&r);
	}
}

/* Wrong answers while one is awaited: eight, then none is a proof, and no reset counts. */
static void guessing_runs_out(void **state)
{
	struct rig r;
	uint16_t wire;

	for (unsigned wrong = 7; wrong <= 8; wrong++) {
		rig_open(&r, *(bool *)*state);
		prove(&r);
		rig_wait_ms(&r, 60000);
		wire = split(&r, DAMP_COAP_CON, 0x7b3e);
		for (unsigned i = 1; i <= wrong; i++)
			assert_int_equal(from_client(&r, BYTES(EMPTY(DAMP_COAP_ACK, wire + i)))->reason,
					 DAMP_REASON_EMPTY_UNMATCHED);
		assert_int_equal(from_client(&r, BYTES(EMPTY(DAMP_COAP_ACK, wire)))->fate, DAMP_FATE_FORWARD);
		assert_int_equal(proofs(&r), wrong < 8 ? 2 : 1);
		for (unsigned i = 1; i <= wrong; i++)
			from_client(&r, BYTES(EMPTY(DAMP_COAP_RST, wire + i)));
		assert_int_equal(from_client(&r, BYTES(EMPTY(DAMP_COAP_RST, wire)))->fate,
				 wrong < 8 ? DAMP_FATE_FORWARD : DAMP_FATE_DROP);
		rig_close(&r);
	}
}

/* One that would become 0 is 0xffff, which says the same; none, which is 0, stays none. */
static void odd_checksums(void **state)
{
	const uint16_t mid = 0x7b3e;
	uint8_t m[LARGE], frame[2048], *check;
	struct whole w;
	struct rig r;
	uint16_t wire;
	size_t len;

	rig_open(&r, *(bool *)*state);
	prove(&r);
	wire = split(&r, DAMP_COAP_CON, mid);
	fill(m, DAMP_COAP_CON, 0x45, mid);
	len = rig_build(&r, DAMP_INSIDE, SERVER, CLIENT, m, LARGE, frame);
	check = frame + 14 + ip_len(&r) + 6;
	/* The checksum that the change of Message ID takes to 0, its complement and all. */
	damp_put16(check, damp_csum_fold((uint32_t)(uint16_t)~mid + wire));
	send_cut(&r, DAMP_INSIDE, frame, len, &w);
	assert_int_equal(mid_of(&w), wire);
	assert_int_equal(damp_get16(w.udp + 6), 0xffff);
	damp_put16(check, 0);
	send_cut(&r, DAMP_INSIDE, frame, len, &w);
	assert_int_equal(mid_of(&w), wire);
	assert_int_equal(damp_get16(w.udp + 6), 0);
	rig_close(&r);
}

/* What is not the inside's to choose, or is no CoAP message, leaves as it is. */
static void others_are_left_alone(void **state)
{
	static const struct { struct rig_end from; uint8_t type, code, first; } cases[] = {
		{ SERVER, DAMP_COAP_ACK, 0x45, 0x60 },          /* a piggybacked answer: the client's number */
		{ SERVER, DAMP_COAP_CON, 0xe2, 0x40 },          /* a signal */
		{ SERVER, DAMP_COAP_CON, 0x45, 0x80 },          /* version 2 */
		{ SERVER, DAMP_COAP_CON, 0x45, 0x49 },          /* a token of 9 bytes */
		{ ODD_SERVER, DAMP_COAP_CON, 0x45, 0x40 },      /* DTLS */
	};
	uint8_t m[LARGE], frame[2048];
	struct whole w;
	struct rig r;
	size_t len;

	rig_open(&r, *(bool *)*state);
	prove(&r);
	for (size_t i = 0; i <= sizeof(cases) / sizeof(cases[0]); i++) {
		const bool last = i == sizeof(cases) / sizeof(cases[0]);

		fill(m, last ? DAMP_COAP_CON : cases[i].type, last ? 0x45 : cases[i].code, 0x7b3e);
		m[0] = last ? 0x40 : cases[i].first;
		len = rig_build(&r, DAMP_INSIDE, last ? SERVER : cases[i].from, CLIENT, m, LARGE, frame);
		r.bypass = last;
		send_cut(&r, DAMP_INSIDE, frame, len, &w);
		assert_int_equal(w.dropped, 0);
		assert_memory_equal(w.udp, frame + 14 + ip_len(&r), w.len);
	}
	rig_close(&r);
}

/* Toward who is not proved nothing leaves, and nothing is noted. */
static void not_to_the_unproved(void **state)
{
	uint8_t m[LARGE], frame[2048];
	struct whole w;
	struct rig r;
	size_t len;

	rig_open(&r, *(bool *)*state);
	fill(m, DAMP_COAP_CON, 0x45, 0x7b3e);
	len = rig_build(&r, DAMP_INSIDE, SERVER, CLIENT, m, LARGE, frame);
	send_cut(&r, DAMP_INSIDE, frame, len, &w);
	assert_int_equal(w.passed, 0);
	assert_int_equal(damp_registry_live(r.judge->registry, r.now), 0);
	rig_close(&r);
}

static void let_in(struct damp_guard *g)
{
	g->fragments = DAMP_FRAGMENTS_PASS;
}

/* An inside client asks in fragments, is answered in fragments, and knows its number. */
static void inside_clients(void **state)
{
	const struct rig_end lamp = { 5, 41000 }, cloud = { 9, 5683 };
	uint8_t m[LARGE], frame[2048];
	struct whole w;
	struct rig r;
	uint16_t wire;
	size_t len;

	rig_open_guard(&r, *(bool *)*state, let_in);
	/* A small one first: a token of four bytes that comes back is the proof. */
	rig_send(&r, DAMP_INSIDE, lamp, cloud, BYTES(0x54, 0x01, 0x77, 0x01, 1, 2, 3, 4));
	rig_send(&r, DAMP_OUTSIDE, cloud, lamp, BYTES(0x54, 0x45, 0x77, 0x02, 1, 2, 3, 4));
	fill(m, DAMP_COAP_CON, 0x03, 0x0201);
	len = rig_build(&r, DAMP_INSIDE, lamp, cloud, m, LARGE, frame);
	send_cut(&r, DAMP_INSIDE, frame, len, &w);
	wire = mid_of(&w);
	assert_int_not_equal(wire, 0x0201);
	rig_send(&r, DAMP_OUTSIDE, cloud, lamp, BYTES(EMPTY(DAMP_COAP_ACK, wire)));
	assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
	assert_int_equal(mid_in(&r), 0x0201);
	/* Its answer, piggybacked. */
	fill(m, DAMP_COAP_ACK, 0x45, wire);
	len = rig_build(&r, DAMP_OUTSIDE, cloud, lamp, m, LARGE, frame);
	send_cut(&r, DAMP_OUTSIDE, frame, len, &w);
	assert_int_equal(mid_of(&w), 0x0201);
	assert_true(sum_holds(&r, frame + 14, &w));
	/* The outside's own number is left alone. */
	fill(m, DAMP_COAP_CON, 0x45, 0x0301);
	len = rig_build(&r, DAMP_OUTSIDE, cloud, lamp, m, LARGE, frame);
	send_cut(&r, DAMP_OUTSIDE, frame, len, &w);
	assert_int_equal(mid_of(&w), 0x0301);
	rig_close(&r);
}

/* Host 7 of rig.c meets no guard, but its numbers are permuted as all are. */
static void the_exempt(void **state)
{
	const struct rig_end probe = { 7, 40000 };
	struct rig r;
	uint16_t wire;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "exempt: [{from: [10.1.0.7, \"fd00:0:0:1::7\"], until: 2999-12-31}]\nrules: []\n");
	wire = split_to(&r, probe, DAMP_COAP_CON, 0x7b3e);
	assert_int_not_equal(wire, 0x7b3e);
	rig_send(&r, DAMP_OUTSIDE, probe, SERVER, BYTES(EMPTY(DAMP_COAP_ACK, wire)));
	assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
	assert_int_equal(mid_in(&r), 0x7b3e);
	rig_close(&r);
}

/* Who is blocked gets nothing, proved or not, nor what follows a first fragment. */
static void not_to_the_blocked(void **state)
{
	uint8_t m[LARGE], frame[2048];
	struct damp_addr client;
	struct whole w;
	struct rig r;
	size_t len;

	rig_open(&r, *(bool *)*state);
	prove(&r);
	client = r.pkt.frame.src;
	split(&r, DAMP_COAP_CON, 0x7b3e);
	assert_int_equal(damp_block_put(damp_judge_blocker(r.judge), &client, r.v6 ? 128 : 32, r.now + DAMP_SECONDS(60),
					r.now), DAMP_PREFIX_ADDED);
	fill(m, DAMP_COAP_CON, 0x45, 0x7b3f);
	len = rig_build(&r, DAMP_INSIDE, SERVER, CLIENT, m, LARGE, frame);
	send_cut(&r, DAMP_INSIDE, frame, len, &w);
	assert_int_equal(w.passed, 0);
	assert_int_equal(r.stats->worker[0].reason[DAMP_INSIDE][DAMP_REASON_BLOCKED].packets, 1);
	assert_int_equal(r.stats->worker[0].reason[DAMP_INSIDE][DAMP_REASON_FRAGMENT_REST].packets, w.dropped - 1);
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(permuted_and_back), BOTH(one_numbering), BOTH(any_worker), BOTH(acks_renew_the_proof),
		BOTH(the_last_four), BOTH(guessing_runs_out), BOTH(odd_checksums), BOTH(others_are_left_alone),
		BOTH(not_to_the_unproved), BOTH(inside_clients), BOTH(the_exempt),
		BOTH(not_to_the_blocked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
