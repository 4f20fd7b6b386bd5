/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pings of a burst: made side by side before anybody decides, and sent in one loop
 * as long as nothing is unusual. Of Echoes the MACs are made so.
 *
 * Idea: of a flood of forged sources nearly every packet meets nobody: its address and
 * its network owe nothing, it was not asked before, and its answer is made already. Then
 * all that is left of damp_answer() is to look that this is so, three lines to write and the
 * frame; what is alike for a burst (budgets, counters, times) is done before the loop and
 * behind it. Whatever is not so ends the loop, and that packet goes the way of answer.c.
 *
 * Invariant: a packet that is answered here would have been by damp_answer(), with the
 * same bytes in the same tables (answer_test.c, flood_test.c). Without wide registers
 * every packet goes that way.
 */
#include "answer.h"
#include "challenge.h"
#include "commit.h"
#include "ledger_fresh.h"
#include "ping_lanes.h"
#include "seen_line.h"
#include "short_way.h"

/* One that will be answered with a ping, in all likelihood; or with a whole Echo. */
static inline bool awaits_ping(const struct damp_pkt *p)
{
	return p->plain == DAMP_PLAIN_ASKED && p->coap.type == DAMP_COAP_CON && !p->proved &&
	       !(p->coap.options & DAMP_Q_BLOCKS) && p->frame.ip_len >= EMPTY_V4_LEN;
}

static inline bool awaits_echo(const struct damp_pkt *p)
{
	/* An IPv4 address in an IPv6 header makes another message (echo.c). */
	return p->plain == DAMP_PLAIN_ASKED && p->coap.type == DAMP_COAP_NON &&
	       damp_echo_fitting(p, p->coap.len) == DAMP_ECHO_LEN &&
	       (!p->frame.v6 || !damp_addr_is_v4(&p->frame.src));
}

/* The frames of those packets; the lanes of others are not used. */
static void lanes_of(const struct damp_frame *f[DAMP_SIP_LANES], const struct damp_pkt *p, unsigned those)
{
	for (unsigned i = 0; i < DAMP_SIP_LANES; i++)
		f[i] = &p[those >> i & 1 ? i : (unsigned)__builtin_ctz(those)].frame;
}

static void make_echoes(const struct damp_ctx *c, const struct damp_pkt *p, unsigned first, unsigned those)
{
	const struct damp_frame *f[DAMP_SIP_LANES];

	lanes_of(f, p + first, those);
	damp_echo_macs(&c->v->secrets, f, c->wall_s, c->j->wide, &c->flood->mac[first]);
	c->flood->macs |= (uint64_t)those << first;
}

static void make_pings(const struct damp_ctx *c, const struct damp_pkt *p, unsigned first, bool v6, unsigned those)
{
	struct damp_flood *flood = c->flood;
	const struct damp_frame *f[DAMP_SIP_LANES];

	lanes_of(f, p + first, those);
	flood->pings |= (uint64_t)those << first;
	if (!v6 && damp_likely(c->j->wide)) {
		if (flood->ready == 0)
			flood->moment = damp_ping_moment(&c->v->secrets, c->wall_s);
		damp_ping_lanes(&flood->moment, f, &flood->answer[first]);
		flood->ready |= (uint64_t)those << first;
		return;
	}
	damp_ping_mids(&c->v->secrets, f, c->wall_s, c->j->wide, &flood->ping[v6][first]);
}

/* More than one, for one alone is as quickly made when it is wanted. */
static inline bool several(unsigned those)
{
	return those & (those - 1);
}

void damp_answer_foresee(const struct damp_ctx *c, const struct damp_pkt *p, unsigned n)
{
	/* While challenges are refused, few will be. */
	if (damp_unlikely(c->flood->short_of))
		return;
	c->flood->first = p;
	for (unsigned first = 0; first < n; first += DAMP_SIP_LANES) {
		unsigned pings[2] = { 0, 0 }, echoes[2] = { 0, 0 };     /* by family */

		for (unsigned i = 0; i < DAMP_SIP_LANES && first + i < n; i++) {
			const struct damp_pkt *q = &p[first + i];

			if (damp_likely(awaits_ping(q)))
				pings[q->frame.v6 & 1] |= 1u << i;
			else if (awaits_echo(q))
				echoes[q->frame.v6 & 1] |= 1u << i;
		}
		for (unsigned v6 = 0; v6 < 2; v6++) {
			if (several(pings[v6]))
				make_pings(c, p, first, v6, pings[v6]);
			if (several(echoes[v6]))
				make_echoes(c, p, first, echoes[v6]);
		}
	}
}
_Static_assert(DAMP_BURST % DAMP_SIP_LANES == 0, "whole vectors of packets");

uint16_t damp_answer_mid(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const struct damp_flood *f = c->flood;
	const size_t at = f->pings != 0 ? (size_t)(p - f->first) : 0;

	if (damp_unlikely(!(f->pings >> at & 1)))
		return damp_ping_mid_of(c, p);
	return f->ready >> at & 1 ? damp_ping_v4_mid(&f->answer[at]) : f->ping[p->frame.v6][at];
}

bool damp_answer_echo(const struct damp_ctx *c, const struct damp_pkt *p, uint8_t out[DAMP_ECHO_LEN])
{
	const struct damp_flood *f = c->flood;
	const size_t at = f != NULL && f->macs != 0 ? (size_t)(p - f->first) : 0;

	if (f == NULL || !(f->macs >> at & 1))
		return false;
	damp_echo_of_mac(f->mac[at], c->wall_s, out);
	return true;
}

#if defined(__x86_64__)
/* What is alike for all that one loop answers. */
struct run {
	struct fresh pay[2];            /* of the address; of its network */
	struct line *lines;             /* of the ledger, */
	uint64_t lines_mask;            /* and their number less one */
	struct damp_seen_table *seen;
	struct seen_slot *notes;
	uint64_t notes_mask;
	uint64_t note;                  /* without the Message ID */
	uint32_t note_due;
	damp_tick now;
	bool alone;                     /* no other worker has a part in the ledger */
};

/* Nothing of these changes while pings go out, and nobody proves himself. */
static bool run_begin(const struct damp_ctx *c, struct run *r)
{
	const struct damp_flood *f = c->flood;
	const struct damp_prices *t = damp_answer_prices(c, false, EMPTY_V4_LEN);

	if (!t->paired || f->short_of || f->all_prove || c->w->nproofs != f->nproofs ||
	    (c->g->hold && damp_hold_room(&c->w->hold, true)) || c->now >= c->w->event_next[DAMP_REASON_PINGED])
		return false;
	r->now = c->now;
	r->alone = !c->j->shared;
	r->lines = c->j->ledger->line;
	r->lines_mask = c->j->ledger->mask;
	r->seen = c->w->seen;
	r->notes = damp_assoc_line(&r->seen->assoc, 0);
	r->notes_mask = r->seen->assoc.mask;
	r->note = damp_asked_ping_out(damp_asked_once_more(0, 0, c->now), c->now);
	r->note_due = damp_stored_due(c->now + DAMP_SECONDS(DAMP_CHALLENGED_LIFE_S));
	return fresh_make(&r->pay[0], &t->pair[0], c->now) && fresh_make(&r->pay[1], &t->pair[1], c->now);
}

/* So many were answered, of so many bytes; and so many notes pushed out. */
static void run_end(const struct damp_ctx *c, const struct run *r, unsigned n, uint64_t bytes, uint64_t evicted)
{
	struct damp_flood *f = c->flood;

	f->gateway_fine = false;
	f->gateway_left -= n;
	f->asked[0].packets += n;
	f->asked[0].bytes += bytes;
	f->asking[0] += (uint64_t)n * EMPTY_V4_LEN;
	c->w->asks_owed += n;
	c->w->event_skipped[DAMP_REASON_PINGED] += n;
	damp_assoc_evicted_more(&r->seen->assoc, evicted);
}

/* Its lines. */
ALWAYS struct line *line_at(const struct run *r, uint64_t hash)
{
	return r->lines + (hash & r->lines_mask);
}

ALWAYS struct seen_slot *notes_at(const struct run *r, const struct damp_pkt *p)
{
	return r->notes + (p->asked_key & r->notes_mask) * SEEN_WAYS;
}

/* Those of a packet some way ahead (answer.h); of one that is not to be asked it is any. */
ALWAYS void load(const struct run *r, const struct damp_pkt *p)
{
	damp_prefetch(line_at(r, p->peer_host));
	damp_prefetch(line_at(r, p->peer_net));
	damp_prefetch(notes_at(r, p));
}

WITH_AVX2 ALWAYS void put_ping(struct damp_pkt *p, const struct damp_ping_v4 *ping)
{
	const __m128i turn = _mm_setr_epi8(6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15);
	const __m128i macs = _mm_loadu_si128((const __m128i *)(const void *)p->data);
	const __m256i rest = _mm256_load_si256((const __m256i *)(const void *)ping);

	_mm_storeu_si128((__m128i *)(void *)p->data, _mm_shuffle_epi8(macs, turn));
	_mm256_storeu_si256((__m256i *)(void *)(p->data + p->frame.l3_off), rest);
	p->out_len = p->frame.l3_off + EMPTY_V4_LEN;
	p->rule = -1;
	p->fate = DAMP_FATE_BACK;
	p->reason = DAMP_REASON_PINGED;
	p->verdict = DAMP_VERDICT_CHALLENGE;
}

/* False: nothing was done. */
WITH_AVX2 ALWAYS bool answer_one(const struct run *r, struct damp_pkt *p, const struct damp_ping_v4 *ping,
				 uint64_t *evicted)
{
	struct seen_slot *s = notes_at(r, p);
	const struct seen_wide at = seen_wide(s, p->asked_key, r->now);
	const uint64_t hash[2] = { p->peer_host, p->peer_net };
	struct line *const line[2] = { line_at(r, hash[0]), line_at(r, hash[1]) };

	if (damp_unlikely(at.met) || damp_unlikely(!fresh_charge(line, r->pay, hash, r->now, r->alone)))
		return false;
	*evicted += at.evicts;
	s[at.slot].value = r->note | p->coap.mid;
	s[at.slot].tag = (uint32_t)(p->asked_key >> 32);
	__atomic_store_n(&s[at.slot].due, r->note_due, __ATOMIC_RELAXED);
	put_ping(p, ping);
	return true;
}

WITH_AVX2 static unsigned run_wide(const struct damp_ctx *c, const struct run *given, struct damp_pkt *p,
				   unsigned from, unsigned n)
{
	const struct damp_flood *f = c->flood;
	const struct run mine = *given, *r = &mine;     /* in registers, whatever is written */
	const uint64_t ready = f->ready;
	const bool others = f->others;
	uint64_t bytes = 0, evicted = 0;
	unsigned i = from;

	for (; i < n && ready >> i & 1; i++) {
		const unsigned ahead = i + DAMP_ANSWER_AHEAD;

		if (ahead < n)
			load(r, &p[ahead]);
		if (damp_unlikely(!damp_server_known_spent(c, &p[i])) ||
		    (damp_unlikely(others) && !damp_nobody_objects(c, &p[i])) ||
		    damp_unlikely(!answer_one(r, &p[i], &f->answer[i], &evicted)))
			break;
		bytes += p[i].frame.ip_len;
	}
	run_end(c, r, i - from, bytes, evicted);
	return i;
}

unsigned damp_answer_run(const struct damp_ctx *c, struct damp_pkt *p, unsigned i, unsigned n)
{
	const struct damp_flood *f = c->flood;
	struct run r;
	unsigned end;

	if (i >= n || !(f->ready >> i & 1) || !run_begin(c, &r))
		return i;
	do {
		end = damp_gateway_has_room(c) && f->gateway_left < n - i ? i + f->gateway_left : n;
		i = damp_likely(f->gateway_left > 0) ? run_wide(c, &r, p, i, end) : i;
	} while (i < end && (f->ready >> i & 1) && !damp_server_known_spent(c, &p[i]) &&
		 damp_flood_server_spent(c, &p[i]));
	return i;
}
#else
unsigned damp_answer_run(const struct damp_ctx *c, struct damp_pkt *p, unsigned i, unsigned n)
{
	(void)c, (void)p, (void)n;
	return i;
}
#endif
