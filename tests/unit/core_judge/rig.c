/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The judge on the bench; see rig.h.
 */
#include "rig.h"

#include "builtin.h"
#include "frame.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const struct damp_judge_config small = {
	.nworkers = 1, .ledger_log2 = 10, .peers_log2 = 8, .xchg_log2 = 10, .seen_log2 = 8, .obs_log2 = 8, .grey_log2 = 12,
	.lists_log2 = 6,
	.transfers_log2 = 6, .leases_log2 = 8, .registry_log2 = 6, .tally_log2 = 6, .held_log2 = 8, .repeat_lines = 64,
};

static void *lines(size_t n)
{
	void *p = aligned_alloc(64, (n + 63) / 64 * 64);

	assert(p != NULL);
	memset(p, 0, (n + 63) / 64 * 64);
	return p;
}

/* Large and mostly never touched: calloc() takes such memory from the system, which
 * gives it zeroed, page by page. *base is what to free. */
static void *untouched(size_t n, void **base)
{
	*base = calloc(1, n + 63);
	assert(*base != NULL);
	return (void *)(((uintptr_t)*base + 63) / 64 * 64);
}

void rig_open_program(struct rig *r, bool v6, void *block, size_t len)
{
	static const struct damp_key key = { 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull };
	char err[256];

	memset(r, 0, sizeof(*r));
	r->v6 = v6;
	/* Past the grace time, so that every response needs a record. */
	r->now = DAMP_SECONDS(1000);
	r->stats = untouched(sizeof(*r->stats), &r->stats_mem);
	r->events = untouched(sizeof(*r->events), &r->events_mem);
	r->judge_mem = lines(damp_judge_bytes(&small));
	r->worker_mem = lines(damp_judge_worker_bytes(&small));
	r->judge = damp_judge_init(r->judge_mem, &small, &key, 1700000000, 0);
	r->worker = damp_judge_worker_init(r->worker_mem, r->judge, 0, &r->stats->worker[0], &r->events->ring[0]);
	/* A second one for questions (finding.h). */
	r->view = damp_view_open(block, len, 2, &key, err, sizeof(err));
	if (r->view == NULL)
		fprintf(stderr, "rig: %s\n", err);
	assert(r->view != NULL);
	for (uint32_t i = 0; i < r->view->hdr->nrules; i++)
		r->view->rule_slot[i] = (uint16_t)(i + 1);
	damp_secrets_init(&r->view->secrets, &key, 1700000000);
}

void rig_open_guard(struct rig *r, bool v6, void (*change)(struct damp_guard *g))
{
	struct damp_program_hdr *h;
	struct damp_guard *g;
	size_t len;

	h = damp_builtin_program(&len);
	assert(h != NULL);
	g = (struct damp_guard *)((uint8_t *)h + h->sec[DAMP_SEC_GUARD].off);
	g->hold = 0;
	if (change != NULL)
		change(g);
	h->checksum = damp_program_checksum(h, len);
	rig_open_program(r, v6, h, len);
}

void rig_open(struct rig *r, bool v6)
{
	rig_open_guard(r, v6, NULL);
}

void rig_close(struct rig *r)
{
	for (unsigned i = 0; i < DAMP_HOLDS; i++)
		free(r->kept[i].frame);
	damp_view_close(r->view);
	free(r->judge_mem);
	free(r->worker_mem);
	free(r->stats_mem);
	free(r->events_mem);
}

static size_t put_v4(uint8_t *ip, uint8_t src_net, uint8_t src, uint8_t dst_net, uint8_t dst, size_t payload)
{
	const uint8_t head[20] = { 0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0, 10, src_net, 0, src, 10, dst_net, 0, dst };

	memcpy(ip, head, sizeof(head));
	damp_put16(ip + 2, (uint16_t)(20 + payload));
	damp_put16(ip + 10, (uint16_t)~damp_csum_fold(damp_csum_add(0, ip, 20)));
	return 20;
}

static size_t put_v6(uint8_t *ip, uint8_t src_net, uint8_t src, uint8_t dst_net, uint8_t dst, size_t payload)
{
	memset(ip, 0, 40);
	ip[0] = 0x60;
	damp_put16(ip + 4, (uint16_t)payload);
	ip[6] = 17;
	ip[7] = 64;
	ip[8] = ip[24] = 0xfd;
	ip[15] = src_net;
	ip[23] = src;
	ip[31] = dst_net;
	ip[39] = dst;
	return 40;
}

size_t rig_build(const struct rig *r, enum damp_side side, struct rig_end a, struct rig_end b, const void *msg,
		 size_t len, uint8_t *out)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	const uint8_t src_net = side == DAMP_OUTSIDE ? 1 : 2, dst_net = side == DAMP_OUTSIDE ? 2 : 1;
	struct damp_frame f = { .v6 = r->v6, .l3_off = 14 };
	size_t at = 14;

	memcpy(out, macs, sizeof(macs));
	damp_put16(out + 12, r->v6 ? 0x86dd : 0x0800);
	at += r->v6 ? put_v6(out + at, src_net, a.host, dst_net, b.host, 8 + len)
		    : put_v4(out + at, src_net, a.host, dst_net, b.host, 8 + len);
	f.l4_off = (uint16_t)at;
	damp_put16(out + at, a.port);
	damp_put16(out + at + 2, b.port);
	damp_put16(out + at + 4, (uint16_t)(8 + len));
	damp_put16(out + at + 6, 0);
	memcpy(out + at + 8, msg, len);
	damp_put16(out + at + 6, damp_udp_checksum(out, &f, (uint16_t)(8 + len)));
	return at + 8 + len;
}

static bool leaves_outside(const struct damp_pkt *p)
{
	return (p->side == DAMP_INSIDE && p->fate == DAMP_FATE_FORWARD) ||
	       (p->side == DAMP_OUTSIDE && p->fate == DAMP_FATE_BACK);
}

static void keep(struct rig *r, const struct damp_pkt *p)
{
	struct rig_kept *k = &r->kept[p->hold];

	free(k->frame);
	k->frame = malloc(p->len);
	assert(k->frame != NULL);
	memcpy(k->frame, p->data, p->len);
	k->len = p->len;
	k->side = p->side;
}

static struct damp_pkt *judge(struct rig *r, enum damp_side side, const uint8_t *frame, size_t len, bool held)
{
	struct damp_pkt *p = &r->pkt;

	/* What is the judge's to fill holds what the packet before left there (worker.c). */
	memset(p, RIG_JUNK, sizeof(*p));
	memcpy(r->frame, frame, len);
	p->data = r->frame;
	p->len = (uint32_t)len;
	p->cap = sizeof(r->frame);
	p->side = (uint8_t)side;
	p->checksum_known = 0;
	p->held = held;
	damp_judge_parse(r->view, p, 1);
	if (side == DAMP_OUTSIDE && !held)
		r->peer_in += p->frame.ip_len;
	damp_judge_run(r->worker, r->view, p, 1, r->now, r->bypass);
	if (p->fate == DAMP_FATE_HOLD)
		keep(r, p);
	if (leaves_outside(p))
		r->peer_out += p->out_len - p->frame.l3_off;
	return p;
}

struct damp_pkt *rig_frame(struct rig *r, enum damp_side side, const uint8_t *frame, size_t len)
{
	return judge(r, side, frame, len, false);
}

struct damp_pkt *rig_unhold(struct rig *r)
{
	const struct rig_kept *k;
	unsigned at;

	if (!damp_judge_unhold(r->worker, r->now, &at))
		return NULL;
	k = &r->kept[at];
	return judge(r, k->side, k->frame, k->len, true);
}

struct damp_pkt *rig_send(struct rig *r, enum damp_side side, struct rig_end a, struct rig_end b,
			  const void *msg, size_t len)
{
	uint8_t frame[2048];
	const size_t n = rig_build(r, side, a, b, msg, len, frame);

	return rig_frame(r, side, frame, n);
}

void rig_wait_ms(struct rig *r, unsigned ms)
{
	r->now += (damp_tick)ms * DAMP_TICK_HZ / 1000 + 1;
	r->nemits = damp_judge_emits(r->worker, r->now, r->emits, DAMP_EMITS);
	for (unsigned i = 0; i < r->nemits; i++)
		if (r->emits[i].side == DAMP_OUTSIDE)
			r->peer_out += r->emits[i].len - 14u;
}

const uint8_t *rig_out(struct rig *r, size_t *len)
{
	const size_t at = 14 + (r->v6 ? 40u : 20u) + 8u;

	if (r->pkt.fate >= DAMP_FATE_DROP)
		return NULL;
	*len = r->pkt.out_len - at;
	return r->frame + at;
}
