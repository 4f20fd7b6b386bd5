/* SPDX-License-Identifier: BSD-3-Clause */
/* Findings; see finding.h. */
#include "finding.h"
#include "charges.h"
#include "commit.h"
#include "decide.h"

#define PLENS_MAX 16u
#define WHOLE 128u

/* The prefixes that the guard keeps budgets of, hashed. */
struct owners {
	unsigned n;
	struct { uint64_t hash; uint8_t whose, plen; } of[2 * PLENS_MAX];
};

struct listener {
	const struct damp_ctx *c;
	struct damp_finding *f;
	struct owners owners;
	uint64_t key[DAMP_FOUND_BUDGETS];
};

/* One list for both families: of a rung that is not of this family the length
 * may fit as well, and costs a hash. */
static unsigned list_lengths(const struct damp_guard *g, unsigned most, uint8_t out[PLENS_MAX])
{
	const struct damp_rung *const rung[] = {
		&g->host4, &g->host6, &g->net4, &g->net6, &g->first_host, &g->first_net4, &g->first_net6,
		&g->trust_net4, &g->trust_net6, &g->server, &g->challenge_host, &g->challenge_net4,
		&g->challenge_net6, &g->challenge_retry, &g->ping,
	};
	unsigned n = 1;

	_Static_assert(sizeof(rung) / sizeof(rung[0]) < PLENS_MAX, "and the whole address");
	out[0] = (uint8_t)most;
	for (unsigned i = 0; i < sizeof(rung) / sizeof(rung[0]); i++) {
		const uint8_t plen = rung[i]->plen > most ? (uint8_t)most : (uint8_t)rung[i]->plen;
		unsigned k = 0;

		while (k < n && out[k] != plen)
			k++;
		if (k == n)
			out[n++] = plen;
	}
	return n;
}

static void list_owners(const struct damp_ctx *c, const struct damp_pkt *p, struct owners *o)
{
	const struct damp_addr *const end[] = { damp_peer_addr(p), damp_device_addr(p) };
	uint8_t plen[PLENS_MAX];
	const unsigned n = list_lengths(c->g, p->frame.v6 ? WHOLE : 32, plen);

	o->n = 0;
	for (unsigned e = 0; e < 2; e++)
		for (unsigned i = 0; i < n; i++) {
			o->of[o->n].hash = damp_hash_prefix(c->j, end[e], plen[i]);
			o->of[o->n].whose = e == 0 ? DAMP_WHOSE_PEER : DAMP_WHOSE_DEVICE;
			o->of[o->n++].plen = plen[i];
		}
}

/* Whose budget a key is: the few that it can be of are tried. */
static void tell_whose(const struct listener *l, uint64_t key, struct damp_found_budget *b)
{
	const struct owners *o = &l->owners;

	for (uint64_t domain = 1; domain < DAMP_DOMAIN_LIMITS; domain++) {
		if (damp_ledger_key(l->c->j->anybody, domain) == key)
			b->whose = DAMP_WHOSE_ALL;
		if (damp_ledger_key(l->c->p->peer_key, domain) == key)
			b->whose = DAMP_WHOSE_ENDPOINT;
		for (unsigned i = 0; i < o->n; i++)
			if (damp_ledger_key(o->of[i].hash, domain) == key) {
				b->whose = o->of[i].whose;
				b->plen = o->of[i].plen;
			}
		if (b->whose != DAMP_WHOSE_UNKNOWN)
			return;
	}
}

static void asked_one(struct listener *l, const struct damp_charge *c, uint8_t reason, bool refused)
{
	struct damp_finding *f = l->f;
	struct damp_found_budget *b;
	unsigned k = 0;

	/* Limits of rules are told with their rules. */
	if (reason == DAMP_REASON_RULE_LIMIT)
		return;
	while (k < f->nbudgets &&
	       (l->key[k] != c->key || f->budgets[k].cost != c->cost || f->budgets[k].burst != c->burst))
		k++;
	if (k == DAMP_FOUND_BUDGETS) {
		f->cut = 1;
		return;
	}
	b = &f->budgets[k];
	if (k == f->nbudgets) {
		f->nbudgets++;
		l->key[k] = c->key;
		*b = (struct damp_found_budget){
			.cost = c->cost, .burst = c->burst, .reason = reason,
			.debt = damp_ledger_debt(l->c->j->ledger, c->key, l->c->now),
		};
		tell_whose(l, c->key, b);
	}
	b->refused |= refused;
}

static void asked(void *arg, const struct damp_decision *d, int refused)
{
	for (unsigned i = 0; i < d->ncharges; i++)
		asked_one(arg, &d->charge[i], d->charge_reason[i], (int)i == refused);
}

/* Every question that deciding puts, in its order. */
static void listen(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_finding *f)
{
	struct listener l = { .c = c, .f = f };
	const struct damp_trace trace = { .asked = asked, .arg = &l };
	struct damp_ctx again = *c;
	struct damp_decision d;

	list_owners(c, p, &l.owners);
	again.trace = &trace;
	/* Rules that were gathered once have been walked to their end. */
	again.walk = NULL;
	damp_decide(&again, p, &d);
}

/* What is open or owed under key now, in the unit of the rung's burst_ticks. */
static uint32_t measured(const struct damp_ctx *c, const struct damp_limit *l, const struct damp_rung *r,
			 uint64_t key)
{
	if (l->count == DAMP_COUNT_REGISTRATIONS)
		return damp_lease_count(c->j->leases, key, r->burst_ticks, c->now);
	if (l->kind == DAMP_LIMIT_CONCURRENT)
		return damp_tally_count(c->j->tally, key, c->now);
	return damp_ledger_debt(c->j->ledger, key, c->now);
}

static void note_rung(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_limit *l,
		      const struct damp_found_rung *at, struct damp_finding *f)
{
	const struct damp_rung *r = p->frame.v6 ? &l->rung6[at->rung] : &l->rung4[at->rung];
	const uint64_t key = damp_limit_key(c, p, l, r, at->rung);

	if (f->nrungs == DAMP_FOUND_RUNGS) {
		f->cut = 1;
		return;
	}
	f->rungs[f->nrungs] = *at;
	f->rungs[f->nrungs++].value = measured(c, l, r, key);
}

static void note_limits(const struct damp_ctx *c, const struct damp_pkt *p, uint16_t rule,
			struct damp_finding *f)
{
	const struct damp_rule *r = &c->v->rules[rule];

	for (unsigned i = 0; i < r->nlimits; i++) {
		const struct damp_limit *l = &c->v->limits[r->limit[i]];
		const unsigned n = p->frame.v6 ? l->nrungs6 : l->nrungs4;

		if (l->kind == DAMP_LIMIT_AMPLIFICATION ||
		    (l->per == DAMP_PER_PATH && p->kind != DAMP_KIND_REQUEST))
			continue;
		for (unsigned k = 0; k < n; k++)
			note_rung(c, p, l, &(struct damp_found_rung){ .rule = rule, .limit = (uint8_t)i,
								      .rung = (uint8_t)k }, f);
	}
}

static void note_rules(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		       struct damp_finding *f)
{
	f->nrules = (uint16_t)d->nmatched;
	f->cut = d->nmatched == DAMP_MATCHES_KEPT;
	for (unsigned i = 0; i < d->nmatched; i++) {
		f->rules[i] = (struct damp_found_rule){ .rule = d->matched[i], .outcome = d->outcome[i] };
		note_limits(c, p, d->matched[i], f);
	}
}
_Static_assert(DAMP_MATCHES_KEPT <= DAMP_FOUND_RULES, "all that a decision keeps");

static void note_known(const struct damp_pkt *p, const struct damp_decision *d, struct damp_finding *f)
{
	const struct damp_xchg *x = p->xchg;

	f->kind = p->kind;
	f->proved = p->proved;
	f->truths = p->truths;
	f->hello = p->hello;
	f->exempt = d->exempt;
	f->src_sets = p->src_sets;
	f->dst_sets = p->dst_sets;
	f->held = p->held;
	f->has_obs = p->obs != NULL;
	f->has_xchg = x != NULL;
	if (x == NULL)
		return;
	f->xchg_credit = x->credit;
	f->request_bytes = x->request_bytes;
	f->owed = x->owed;
	f->xchg_from_inside = (x->flags & DAMP_XCHG_FROM_INSIDE) != 0;
	f->xchg_challenged = (x->flags & DAMP_XCHG_CHALLENGED) != 0;
}

static void note_effects(const struct damp_decision *d, struct damp_finding *f)
{
	f->opens_xchg = d->open_xchg;
	f->opened_credit = d->credit;
	f->opened_life_s = d->xchg_life_s;
	f->slices = d->slice;
	f->slice_szx = d->slice_szx;
	f->proof = d->proof;
	f->pays = d->payer != NULL;
	f->paid = d->pay;
	f->probes = d->probes;
	f->holds = d->move == DAMP_MOVE_HOLD;
	f->opens_obs = d->open_obs;
	f->closes_obs = d->close_obs;
}

void damp_finding_open(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		       struct damp_finding *f)
{
	memset(f, 0, offsetof(struct damp_finding, rules));
	f->generation = c->v->hdr->generation;
	f->rule = d->rule;
	f->rule_slot = d->rule >= 0 ? c->v->rule_slot[d->rule] : 0;
	f->action = d->action;
	f->would_rule = d->observed ? d->would_rule : -1;
	f->bypassed = d->verdict == DAMP_VERDICT_BYPASS;
	if (p->frame.cls == DAMP_FRAME_OTHER) {
		f->kind = p->kind;
		return;
	}
	note_known(p, d, f);
	note_rules(c, p, d, f);
	if (!f->bypassed)
		listen(c, p, f);
}

static bool changes(const struct damp_decision *d)
{
	return d->move > DAMP_MOVE_FORWARD || d->slice || d->strip_observe || d->strip_size2 ||
	       d->clamp_attrs || d->preempt_len > 0;
}

void damp_finding_close(const struct damp_pkt *p, const struct damp_decision *d, struct damp_finding *f)
{
	note_effects(d, f);
	f->verdict = p->verdict;
	f->reason = p->reason;
	f->fate = p->fate;
	f->observed = p->observed;
	f->rule = p->rule;
	f->would_rule = p->observed ? d->would_rule : -1;
	f->action = d->action;
	f->changed = p->fate < DAMP_FATE_DROP && changes(d);
	f->out_side = (p->side == DAMP_OUTSIDE) == (p->fate == DAMP_FATE_BACK) ? DAMP_OUTSIDE : DAMP_INSIDE;
	f->out_ip = 0;
	if (p->fate < DAMP_FATE_DROP && p->out_len >= p->frame.l3_off)
		f->out_ip = p->out_len - p->frame.l3_off;
}

size_t damp_peek_bytes(void)
{
	return sizeof(struct damp_judge_worker);
}

/* What of a worker a decision reads. Its counters and rings stay out of reach. */
static void look_like(struct damp_judge_worker *self, const struct damp_judge_worker *w, unsigned index)
{
	self->j = w->j;
	self->index = index;
	self->xchg = w->xchg;
	self->seen = w->seen;
	self->obs = w->obs;
	self->grey = w->grey;
	self->repeats = w->repeats;
	self->held = w->held;
	self->transfers = w->transfers;
	self->hold.idle = w->hold.idle;
	self->hold.used = w->hold.used;
	self->hold.requests = w->hold.requests;
	memcpy(self->slip, w->slip, sizeof(self->slip));
}

void damp_judge_peek(void *self, unsigned index, const struct damp_judge_worker *w, const struct damp_view *v,
		     struct damp_pkt *p, damp_tick now, struct damp_finding *f)
{
	struct damp_decision d;
	struct damp_xchg aside;
	struct damp_ctx c;

	look_like(self, w, index);
	damp_judge_parse(v, p, 1);
	c = damp_judge_ctx(self, v, p, now);
	c.aside = &aside;
	damp_judge_decide(&c, p, &d);
	damp_finding_open(&c, p, &d, f);
	p->fate = damp_fate_of(d.move);
	p->verdict = d.verdict;
	p->reason = d.reason;
	p->rule = d.rule;
	p->observed = d.observed;
	p->out_len = d.out_ip + p->frame.l3_off;
	damp_finding_close(p, &d, f);
}
