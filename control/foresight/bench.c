/* SPDX-License-Identifier: BSD-3-Clause */
/* See bench.h. */
#include "bench.h"

#include "live.h"

#include <stdio.h>
#include <stdlib.h>

#define ETHERNET_FRAME_MAX 1514u /* what a rewrite may grow a frame to, as on the wire */

/* Public on purpose: nobody attacks a bench, and results have to repeat. */
static const struct damp_key bench_key = { 0x746f6e2061206b65ull, 0x79206f6620616e79ull };

static size_t align(size_t n)
{
	return (n + DAMP_CACHE_LINE - 1) / DAMP_CACHE_LINE * DAMP_CACHE_LINE;
}

static const struct damp_judge_config small = {
	.nworkers = 1,
	.ledger_log2 = 8,
	.peers_log2 = 6,
	.xchg_log2 = 6,
	.seen_log2 = 6,
	.obs_log2 = 6,
	.tally_log2 = 6,
	.held_log2 = 6,
	.grey_log2 = 10,
	.transfers_log2 = 8,
	.leases_log2 = 8,
	.registry_log2 = 8,
};

static void apply_modes(struct damp_view *v, const uint8_t *modes, const struct damp_moment *m)
{
	for (uint32_t i = 0; i < v->hdr->nrules; i++) {
		const uint32_t bit = v->rows.bit_of[i];

		v->live.mode[i] = modes[i];
		if (modes[i] == DAMP_MODE_OFF)
			v->live.mask[bit / 64] &= ~(1ull << bit % 64);
		else if (damp_rule_in_force(v, i, m) == DAMP_IN_FORCE)
			v->live.mask[bit / 64] |= 1ull << bit % 64;
	}
}

/* The time is that of the frames, and trusted unless the caller wants to see
 * what happens when it is not. */
static void evaluate(struct damp_bench *b)
{
	const uint64_t wall_s = b->wall_s + (b->now - b->zero) / DAMP_TICK_HZ;

	b->moment = (struct damp_moment){ .wall_s = wall_s,
					  .least_s = wall_s,
					  .trusted = !b->clock_untrusted };
	damp_live_refresh(b->view, &b->moment, NULL);
	if (b->modes != NULL)
		apply_modes(b->view, b->modes, &b->moment);
	if (b->judge != NULL)
		damp_blocker_review(damp_judge_blocker(b->judge), b->view, b->now);
}

/* There are no ports here: a device of a zone called inside or outside is taken to
 * be on that side, of any other somebody has to say it. */
static bool bind(struct damp_view *v, const struct damp_port_names *said, char *err, size_t errlen)
{
	struct damp_port_names p = { .n = { 0 } };
	enum damp_side side;

	if (said != NULL)
		p = *said;
	for (uint32_t i = 0; i < v->ndevices; i++) {
		const struct damp_device *d = &v->devices[i];
		const char *name = damp_view_string(v, d->name_off);

		if (damp_port_names_find(&p, name, &side))
			continue;
		if (d->must == DAMP_DEVICE_NONE) {
			snprintf(err, errlen, "zone '%s' is on port '%s', and nobody says on which side that is; a test "
				 "file says it with 'ports: {\"%s\": inside}'", damp_view_string(v, d->zone_off), name, name);
			return false;
		}
		damp_port_names_add(&p, (enum damp_side)d->must, name);
	}
	return damp_devices_bind(v, &p, err, errlen);
}

static bool open_judge(struct damp_bench *b, const struct damp_bench_setup *s)
{
	const struct damp_judge_config *c = s->small ? &small : &damp_judge_defaults;
	const size_t judge = align(damp_judge_bytes(c)), worker = align(damp_judge_worker_bytes(c));
	const size_t stats = align(sizeof(*b->stats)), events = align(sizeof(*b->events));
	uint8_t *at;

	/* Ticks have to be ahead of the grace time; the wall clock may wrap, since
	 * only sums of it are used. */
	b->zero = s->grace ? DAMP_SECONDS(1) : DAMP_SECONDS((uint64_t)b->view->guard->grace_s + 1);
	b->now = b->zero;
	b->wall_s = s->when_s ? s->when_s : s->wall_s;
	b->clock_untrusted = s->clock_untrusted;
	evaluate(b);
	b->mem = calloc(1, judge + worker + stats + events + DAMP_CACHE_LINE);
	if (b->mem == NULL)
		return false;
	at = (uint8_t *)(((uintptr_t)b->mem + DAMP_CACHE_LINE - 1) / DAMP_CACHE_LINE *
			 DAMP_CACHE_LINE);
	b->stats = (void *)(at + judge + worker);
	b->events = (void *)(at + judge + worker + stats);
	b->judge = damp_judge_init(at, c, &bench_key, s->wall_s - b->zero / DAMP_TICK_HZ, 0);
	if (b->judge == NULL)
		return false;
	b->judge->recorded = true;
	b->worker = damp_judge_worker_init(at + judge, b->judge, 0, b->stats, b->events);
	return b->worker != NULL;
}

struct damp_bench *damp_bench_new(const struct damp_bench_setup *s, char *err, size_t errlen)
{
	struct damp_bench *b = calloc(1, sizeof(*b));
	void *copy = malloc(s->len ? s->len : 1);

	snprintf(err, errlen, "no memory");
	if (b == NULL || copy == NULL)
		goto out_free;
	memcpy(copy, s->block, s->len);
	b->view = damp_view_open(copy, s->len, 1, &bench_key, err, errlen);
	if (b->view == NULL)
		goto out_free;
	if (!bind(b->view, s->ports, err, errlen)) {
		damp_bench_free(b);
		return NULL;
	}
	damp_secrets_init(&b->view->secrets, &bench_key, s->wall_s);
	for (uint32_t i = 0; i < b->view->hdr->nrules; i++)
		b->view->rule_slot[i] = (uint16_t)(i + 1 < DAMP_RULE_SLOTS ? i + 1 : 0);
	if (open_judge(b, s))
		return b;
	snprintf(err, errlen, "no memory");
	damp_bench_free(b);
	return NULL;
out_free:
	free(copy);
	free(b);
	return NULL;
}

void damp_bench_free(struct damp_bench *b)
{
	if (b == NULL)
		return;
	for (unsigned i = 0; i < DAMP_HOLDS; i++)
		free(b->kept[i].frame);
	damp_view_close(b->view);
	free(b->mem);
	free(b);
}

void damp_bench_modes(struct damp_bench *b, const uint8_t *modes)
{
	b->modes = modes;
	evaluate(b);
}

void damp_bench_time(struct damp_bench *b, damp_tick t)
{
	if (b->zero + t <= b->now)
		return;
	b->now = b->zero + t;
	if (b->wall_s + t / DAMP_TICK_HZ != b->moment.wall_s)
		evaluate(b);
}

void damp_bench_load(struct damp_bench *b, enum damp_side side, const uint8_t *frame, size_t len)
{
	const uint32_t n = len > DAMP_BENCH_FRAME_MAX ? DAMP_BENCH_FRAME_MAX : (uint32_t)len;

	memcpy(b->frame, frame, n);
	memset(&b->pkt, 0, sizeof(b->pkt));
	b->pkt.data = b->frame;
	b->pkt.len = n;
	b->pkt.cap = n > ETHERNET_FRAME_MAX ? n : ETHERNET_FRAME_MAX;
	b->pkt.side = (uint8_t)side;
	b->pkt.checksum_known = 1;
	damp_judge_parse(b->view, &b->pkt, 1);
}

void damp_bench_decide(struct damp_bench *b)
{
	const struct damp_ctx c = damp_judge_ctx(b->worker, b->view, &b->pkt, b->now);

	damp_judge_decide(&c, &b->pkt, &b->decision);
}

void damp_bench_find(struct damp_bench *b, struct damp_finding *f)
{
	const struct damp_ctx c = damp_judge_ctx(b->worker, b->view, &b->pkt, b->now);

	damp_finding_open(&c, &b->pkt, &b->decision, f);
}

/* The frame stays as it is while it is held. Without memory it is judged again as
 * an empty one: a loss. */
static void keep(struct damp_bench *b)
{
	uint8_t *copy = realloc(b->kept[b->pkt.hold].frame, b->pkt.len);

	b->kept[b->pkt.hold].len = copy != NULL ? b->pkt.len : 0;
	b->kept[b->pkt.hold].side = b->pkt.side;
	b->kept[b->pkt.hold].since = b->now;
	if (copy == NULL)
		return;
	b->kept[b->pkt.hold].frame = copy;
	memcpy(copy, b->pkt.data, b->pkt.len);
}

void damp_bench_commit(struct damp_bench *b)
{
	const struct damp_ctx c = damp_judge_ctx(b->worker, b->view, &b->pkt, b->now);

	damp_commit(&c, &b->pkt, &b->decision);
	if (b->pkt.fate == DAMP_FATE_HOLD)
		keep(b);
	damp_judge_blocks(b->judge, &b->worker, 1, b->view);
}

void damp_bench_judge(struct damp_bench *b, enum damp_side side, const uint8_t *frame, size_t len)
{
	damp_bench_load(b, side, frame, len);
	damp_bench_decide(b);
	damp_bench_commit(b);
}

bool damp_bench_unhold(struct damp_bench *b)
{
	unsigned at;

	if (!damp_judge_unhold(b->worker, b->now, &at))
		return false;
	damp_bench_load(b, (enum damp_side)b->kept[at].side, b->kept[at].frame, b->kept[at].len);
	b->pkt.held = 1;
	b->held_for = b->now - b->kept[at].since;
	damp_bench_decide(b);
	damp_bench_commit(b);
	return true;
}

bool damp_bench_hold_due(const struct damp_bench *b, damp_tick *t)
{
	damp_tick due;

	if (!damp_hold_due(&b->worker->hold, &due))
		return false;
	*t = due > b->zero ? due - b->zero : 0;
	return true;
}

unsigned damp_bench_emits(struct damp_bench *b, struct damp_emit *out, unsigned max)
{
	return damp_judge_emits(b->worker, b->now, out, max);
}

static void let_go(struct damp_bench *b)
{
	struct damp_emit emits[DAMP_EMITS];

	while (damp_bench_unhold(b))
		;
	while (damp_bench_emits(b, emits, DAMP_EMITS) == DAMP_EMITS)
		;
}

void damp_bench_advance(struct damp_bench *b, damp_tick t)
{
	damp_tick due;

	while (damp_bench_hold_due(b, &due) && due <= t) {
		damp_bench_time(b, due);
		let_go(b);
	}
	damp_bench_time(b, t);
	let_go(b);
}

void damp_bench_prove(struct damp_bench *b, const struct damp_addr *peer, uint16_t port)
{
	const struct damp_guard *g = b->view->guard;

	damp_peer_prove(b->judge->peers, damp_key_end(b->judge, peer, port), b->now,
			b->now + DAMP_SECONDS(g->proof_idle_s),
			b->now + DAMP_SECONDS(g->proof_max_s));
}

uint32_t damp_bench_out_ip(const struct damp_bench *b)
{
	const struct damp_pkt *p = &b->pkt;

	return p->fate >= DAMP_FATE_DROP || p->out_len < p->frame.l3_off
		       ? 0
		       : p->out_len - p->frame.l3_off;
}

enum damp_side damp_bench_out_side(const struct damp_bench *b)
{
	const bool back = b->pkt.fate == DAMP_FATE_BACK;

	return (b->pkt.side == DAMP_OUTSIDE) == back ? DAMP_OUTSIDE : DAMP_INSIDE;
}

int32_t damp_bench_rule(const struct damp_bench *b)
{
	const struct damp_decision *d = &b->decision;
	const struct damp_pkt *p = &b->pkt;
	const bool on = p->verdict == DAMP_VERDICT_ACCEPT || p->verdict == DAMP_VERDICT_SHAPE;

	if (p->rule < 0 || p->rule >= (int32_t)b->view->hdr->nrules)
		return -1;
	return on == (d->action == DAMP_ACT_ACCEPT || d->action == DAMP_ACT_STRIP_OBSERVE) ? p->rule : -1;
}
