/* SPDX-License-Identifier: BSD-3-Clause */
/* See replay.h. */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>

#define LOOK_EVERY 65536u /* frames between two looks at the tables */

static const char *id_of(const struct damp_view *v, uint32_t rule)
{
	return damp_view_string(v, v->rules[rule].id_off);
}

static bool open_set(struct damp_replay_set *s, const struct damp_replay_program *p, bool grace,
		     uint64_t wall_s, char *err, size_t errlen)
{
	const struct damp_bench_setup setup = {
		.block = p->block, .len = p->len, .wall_s = wall_s, .grace = grace,
		.ports = p->ports, .when_s = p->when_s, .clock_untrusted = p->clock_untrusted
	};
	uint32_t n;

	s->bench = damp_bench_new(&setup, err, errlen);
	if (s->bench == NULL)
		return false;
	n = s->bench->view->hdr->nrules;
	s->rule = calloc(n + 1u, sizeof(*s->rule));
	s->row = calloc(n + 1u, sizeof(*s->row));
	if (s->rule != NULL && s->row != NULL)
		return true;
	snprintf(err, errlen, "no memory");
	return false;
}

/* The row of a rule of set 1 among those of set 0, or a new one. */
static unsigned row_for(struct damp_replay *r, const char *id)
{
	unsigned i = 0;

	while (i < r->nrows && strcmp(r->row[i].id, id) != 0)
		i++;
	if (i == r->nrows)
		r->row[r->nrows++] = (struct damp_replay_row){ .id = id, .rule = { -1, -1 } };
	return i;
}

static bool join_rules(struct damp_replay *r)
{
	size_t most = 1;

	for (unsigned k = 0; k < r->nsets; k++)
		most += r->set[k].bench->view->hdr->nrules;
	r->row = calloc(most, sizeof(*r->row));
	if (r->row == NULL)
		return false;
	for (unsigned k = 0; k < r->nsets; k++) {
		const struct damp_view *v = r->set[k].bench->view;

		for (uint32_t i = 0; i < v->hdr->nrules; i++) {
			const unsigned row = row_for(r, id_of(v, i));

			r->row[row].rule[k] = (int32_t)i;
			r->set[k].row[i] = row;
		}
	}
	return true;
}

bool damp_replay_init(struct damp_replay *r, const struct damp_replay_program *p, unsigned n,
		      bool grace, uint64_t wall_s, char *err, size_t errlen)
{
	memset(r, 0, sizeof(*r));
	r->nsets = n;
	r->grace = grace;
	for (unsigned k = 0; k < n; k++)
		if (!open_set(&r->set[k], &p[k], grace, wall_s, err, errlen))
			return false;
	r->sides.view = r->set[0].bench->view;
	if (join_rules(r))
		return true;
	snprintf(err, errlen, "no memory");
	return false;
}

void damp_replay_free(struct damp_replay *r)
{
	for (unsigned k = 0; k < r->nsets; k++) {
		damp_bench_free(r->set[k].bench);
		damp_peers_free(&r->set[k].peers);
		free(r->set[k].rule);
		free(r->set[k].row);
	}
	free(r->row);
	memset(r, 0, sizeof(*r));
}

uint64_t damp_replay_bytes_out(const struct damp_replay_set *s)
{
	return s->bench->stats->unproved_bytes_out;
}

uint64_t damp_replay_bytes_in(const struct damp_replay_set *s)
{
	return s->bench->stats->unproved_bytes_in;
}

/* Pings that were due before this frame. */
static bool count_emits(struct damp_replay_set *s)
{
	struct damp_emit e[DAMP_EMITS];
	struct damp_frame f;
	unsigned n;

	do {
		n = damp_bench_emits(s->bench, e, DAMP_EMITS);
		for (unsigned i = 0; i < n; i++) {
			damp_frame_parse(e[i].data, e[i].len, &s->bench->view->ports, true, &f);
			if (!damp_peers_add(&s->peers, &f.dst, 0, f.ip_len))
				return false;
		}
	} while (n == DAMP_EMITS);
	return true;
}

/* Of what was held, the bytes that came were counted then. */
static bool count_bytes(struct damp_replay_set *s)
{
	const struct damp_pkt *p = &s->bench->pkt;
	const bool outward = p->fate < DAMP_FATE_DROP &&
			     damp_bench_out_side(s->bench) == DAMP_OUTSIDE;

	if (p->proved)
		return true;
	return damp_peers_add(&s->peers, damp_peer_addr(p),
			      p->side == DAMP_OUTSIDE && !p->held ? p->frame.ip_len : 0,
			      outward ? damp_bench_out_ip(s->bench) : 0);
}

/* As the wire counts it: a loss behind the first judgement is one more reason. */
static bool count_held(struct damp_replay_set *s)
{
	const struct damp_pkt *p = &s->bench->pkt;
	struct damp_replay_held *h = &s->held;

	if (s->bench->held_for > h->longest)
		h->longest = s->bench->held_for;
	if (p->fate == DAMP_FATE_DROP) {
		h->dropped++;
		s->reason[p->reason]++;
		s->verified_dropped += p->proved;
	} else if (p->verdict == DAMP_VERDICT_CHALLENGE) {
		h->challenged++;
	} else {
		h->forwarded++;
	}
	return count_bytes(s);
}

/* What is due now. */
static bool settle(struct damp_replay_set *s)
{
	while (damp_bench_unhold(s->bench))
		if (!count_held(s))
			return false;
	return count_emits(s);
}

/* Up to t, stopping wherever something that is held is judged again. */
static bool advance(struct damp_replay_set *s, damp_tick t)
{
	damp_tick due;

	while (damp_bench_hold_due(s->bench, &due) && due <= t) {
		damp_bench_time(s->bench, due);
		if (!settle(s))
			return false;
	}
	damp_bench_time(s->bench, t);
	return settle(s);
}

static void count_rules(struct damp_replay_set *s)
{
	const struct damp_decision *d = &s->bench->decision;

	for (unsigned i = 0; i < d->nmatched; i++)
		for (unsigned o = 0; o < DAMP_OUTCOME_MAX; o++)
			s->rule[d->matched[i]].count[o] += (d->outcome[i] >> o) & 1;
}

static bool judge(struct damp_replay_set *s, enum damp_side side, const struct damp_captured *f,
		  damp_tick t)
{
	const struct damp_pkt *p = &s->bench->pkt;

	if (!advance(s, t))
		return false;
	damp_bench_judge(s->bench, side, f->data, f->len);
	s->held.messages += p->fate == DAMP_FATE_HOLD;
	s->reason[p->reason]++;
	if (p->kind == DAMP_KIND_NOT_COAP && p->frame.cls == DAMP_FRAME_OTHER)
		return true;
	s->verdict[p->verdict]++;
	s->verified_dropped += p->proved && p->fate == DAMP_FATE_DROP;
	count_rules(s);
	return count_bytes(s);
}

/* What a rule did in the frame judged last; matching alone changes nothing. */
static unsigned acts(const struct damp_replay_set *s, int32_t rule)
{
	const struct damp_decision *d = &s->bench->decision;

	for (unsigned i = 0; i < d->nmatched; i++)
		if (d->matched[i] == rule)
			return d->outcome[i] & ~(1u << DAMP_OUT_MATCHED);
	return 0;
}

/* Did it treat the frame otherwise, or is it the one that decided otherwise? */
static bool row_changed(const struct damp_replay *r, const struct damp_replay_row *row)
{
	const struct damp_pkt *p = &r->set[0].bench->pkt, *q = &r->set[1].bench->pkt;

	if (acts(&r->set[0], row->rule[0]) != acts(&r->set[1], row->rule[1]))
		return true;
	return (p->verdict != q->verdict || p->fate != q->fate) &&
	       ((p->rule >= 0 && p->rule == row->rule[0]) ||
		(q->rule >= 0 && q->rule == row->rule[1]));
}

static struct damp_replay_change change(const struct damp_replay *r, const struct damp_captured *f)
{
	const struct damp_pkt *p = &r->set[0].bench->pkt;

	return (struct damp_replay_change){
		.frame = f->number,
		.ts_ns = f->ts_ns,
		.src = p->frame.src,
		.dst = p->frame.dst,
		.verdict = { p->verdict, r->set[1].bench->pkt.verdict },
	};
}

static void compare(struct damp_replay *r, const struct damp_captured *f)
{
	const struct damp_pkt *p = &r->set[0].bench->pkt, *q = &r->set[1].bench->pkt;

	if (p->verdict != q->verdict || p->fate != q->fate) {
		if (r->changed++ == 0)
			r->first = change(r, f);
	}
	for (unsigned k = 0; k < 2; k++) {
		const struct damp_decision *d = &r->set[k].bench->decision;

		for (unsigned i = 0; i < d->nmatched; i++) {
			struct damp_replay_row *row = &r->row[r->set[k].row[d->matched[i]]];

			if (row->first.frame == 0 && row_changed(r, row))
				row->first = change(r, f);
		}
	}
}

static void look_at_tables(struct damp_replay_set *s)
{
	uint64_t entries[DAMP_TABLE_MAX], bytes[DAMP_TABLE_MAX];

	damp_judge_usage(s->bench->judge, &s->bench->worker, 1, s->bench->now, entries, s->capacity,
			 bytes);
	for (unsigned t = 0; t < DAMP_TABLE_MAX; t++)
		if (entries[t] > s->peak[t])
			s->peak[t] = entries[t];
}

static damp_tick ticks_since(const struct damp_replay *r, int64_t ns)
{
	return (damp_tick)((unsigned __int128)(ns - r->first_ns) * DAMP_TICK_HZ / 1000000000u);
}

bool damp_replay_frame(struct damp_replay *r, const struct damp_captured *f)
{
	enum damp_side side;

	if (r->frames++ == 0)
		r->first_ns = r->last_ns = f->ts_ns;
	r->out_of_order += f->ts_ns < r->last_ns;
	if (f->ts_ns > r->last_ns)
		r->last_ns = f->ts_ns;
	if (f->cut || f->len > DAMP_BENCH_FRAME_MAX) {
		r->cut++;
		return true;
	}
	side = damp_sides_of(&r->sides, f);
	for (unsigned k = 0; k < r->nsets; k++)
		if (!judge(&r->set[k], side, f, ticks_since(r, r->last_ns)))
			return false;
	r->coap_frames += r->set[0].bench->pkt.frame.cls != DAMP_FRAME_OTHER;
	if (r->nsets == 2)
		compare(r, f);
	for (unsigned k = 0; k < r->nsets && r->frames % LOOK_EVERY == 0; k++)
		look_at_tables(&r->set[k]);
	return true;
}

bool damp_replay_wait(struct damp_replay *r, int64_t ns)
{
	const int64_t step = 100000000, end = r->last_ns + ns;

	/* In small steps: a ping that is sent late delays the one after it. */
	for (int64_t t = r->last_ns; t <= end; t += step)
		for (unsigned k = 0; k < r->nsets; k++)
			if (!advance(&r->set[k], ticks_since(r, t)))
				return false;
	return true;
}

void damp_replay_end(struct damp_replay *r)
{
	for (unsigned k = 0; k < r->nsets; k++)
		look_at_tables(&r->set[k]);
}
