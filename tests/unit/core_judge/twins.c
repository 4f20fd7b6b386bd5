/* SPDX-License-Identifier: BSD-3-Clause */
/* Two judges, one burst; see twins.h. */
#include "twins.h"

#include "assoc.h"
#include "commit.h"
#include "credit.h"
#include "judge_state.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

uint32_t twins_draw(uint64_t *s, uint32_t below)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (uint32_t)((*s >> 33) % below);
}

struct damp_pkt *twins_add(struct twins_burst *b, enum damp_side side)
{
	struct damp_pkt *p = &b->pkt[b->n];

	memset(p, 0, sizeof(*p));
	memset(b->frame[b->n], 0, TWINS_FRAME_MAX);
	p->side = (uint8_t)side;
	p->data = b->frame[b->n++];
	p->cap = TWINS_FRAME_MAX;
	return p;
}

struct damp_addr twins_peer(const struct rig *r, uint8_t host)
{
	if (r->v6)
		return (struct damp_addr){ { 0xfd, [7] = 1, [15] = host } };
	return (struct damp_addr){ { [10] = 0xff, [11] = 0xff, 10, 1, 0, host } };
}

/* In what the judge is to fill lies what the burst before left there (worker.c); not the
 * same for both, so that whatever depends on it differs. */
static void soil(struct twins_burst *b, int junk)
{
	for (unsigned i = 0; i < b->n; i++) {
		const struct damp_pkt given = b->pkt[i];
		struct damp_pkt *p = &b->pkt[i];

		memset(p, junk, sizeof(*p));
		p->data = given.data;
		p->len = given.len;
		p->cap = given.cap;
		p->side = given.side;
		p->checksum_known = given.checksum_known;
		p->held = given.held;
	}
}

static void judge(struct rig *r, struct twins_burst *b, int junk)
{
	soil(b, junk);
	damp_judge_parse(r->view, b->pkt, b->n);
	damp_judge_run(r->worker, r->view, b->pkt, b->n, r->now, false);
	r->nemits = damp_judge_emits(r->worker, r->now, r->emits, DAMP_EMITS);
}

void twins_judge(struct rig *a, struct rig *b, struct twins_burst *burst, const char *note)
{
	static struct twins_burst twin;

	b->judge->long_way = true;
	b->now = a->now;
	twin = *burst;
	for (unsigned i = 0; i < twin.n; i++)
		twin.pkt[i].data = twin.frame[i];
	judge(a, burst, RIG_JUNK);
	judge(b, &twin, 0);
	for (unsigned i = 0; i < twin.n; i++) {
		const struct damp_pkt *p = &burst->pkt[i], *q = &twin.pkt[i];

		if (p->fate != q->fate || p->reason != q->reason || p->verdict != q->verdict || p->rule != q->rule ||
		    p->proved != q->proved || p->observed != q->observed || p->out_len != q->out_len ||
		    memcmp(burst->frame[i], twin.frame[i], TWINS_FRAME_MAX) != 0)
			fail_msg("%s, packet %u: fate %u and %u, reason %u and %u", note, i, p->fate, q->fate,
				 p->reason, q->reason);
	}
	assert_int_equal(a->nemits, b->nemits);
}

void twins_prove_half(struct rig *a, struct rig *b, const struct damp_pkt *p)
{
	const damp_tick due = a->now + DAMP_SECONDS(16);

	if (p->peer_key == 0)
		return;
	damp_peer_prove_half(a->judge->peers, p->peer_key, a->now, due);
	damp_peer_prove_half(b->judge->peers, p->peer_key, a->now, due);
}

unsigned twins_halves(const struct twins_burst *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < b->n; i++)
		n += b->pkt[i].proved && b->pkt[i].half == 1;        /* junk where no long way looked */
	return n;
}

void twins_compare(const struct rig *a, const struct rig *b)
{
	assert_memory_equal(&a->stats->worker[0], &b->stats->worker[0], sizeof(a->stats->worker[0]));
	assert_memory_equal(a->events, b->events, sizeof(*a->events));
}

/* Credit whose window is over goes when its exchange is looked up, which what is refused
 * the short way does not: look at all of them. */
static void look_at_exchanges(const struct rig *r, damp_tick now)
{
	const struct damp_ctx c = damp_judge_ctx(r->worker, r->view, NULL, now);
	/* Nothing stands before it in the table. */
	const struct damp_assoc *t = (const struct damp_assoc *)(const void *)r->worker->xchg;
	struct damp_xchg *x = damp_assoc_line(t, 0);
	const size_t n = damp_assoc_lines(t) * DAMP_CACHE_LINE / sizeof(*x);

	for (size_t i = 0; i < n; i++)
		if (damp_due_live(x[i].due, now))
			damp_credit_age(&c, &x[i]);
}

void twins_compare_tables(const struct rig *a, const struct rig *b)
{
	const struct damp_judge_config *c = &a->judge->cfg;
	const struct damp_judge *i = a->judge, *j = b->judge;
	const struct damp_judge_worker *v = a->worker, *w = b->worker;

	look_at_exchanges(a, a->now);
	look_at_exchanges(b, a->now);
	assert_memory_equal(i->ledger, j->ledger, damp_ledger_bytes(c->ledger_log2));
	assert_memory_equal(i->peers, j->peers, damp_peer_bytes(c->peers_log2));
	assert_memory_equal(i->registry, j->registry, damp_registry_bytes(c->registry_log2));
	assert_memory_equal(i->leases, j->leases, damp_lease_bytes(c->leases_log2));
	assert_memory_equal(v->xchg, w->xchg, damp_xchg_bytes(c->xchg_log2));
	assert_memory_equal(v->seen, w->seen, damp_seen_bytes(c->seen_log2));
	assert_memory_equal(v->obs, w->obs, damp_obs_bytes(c->obs_log2));
	assert_memory_equal(v->grey, w->grey, damp_grey_bytes(c->grey_log2));
	assert_memory_equal(v->repeats, w->repeats, damp_repeat_bytes(c->repeat_lines));
	assert_memory_equal(&v->hold, &w->hold, sizeof(v->hold));
	assert_int_equal(v->probes.tail - v->probes.head, w->probes.tail - w->probes.head);
	assert_int_equal(v->nproofs, w->nproofs);
}
