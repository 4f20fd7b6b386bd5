/* SPDX-License-Identifier: BSD-3-Clause */
/* Learned sizes; see learned.h for the idea. And what the judge asks of them. */
#include "learned.h"

#include "credit.h"
#include "decide.h"

/* A cell, from the top: tag 24, minutes of 64 s 24, bytes 16. */
#define MINUTE_SHIFT 10u            /* of damp_due() units */
#define MINUTES (DAMP_LEARNED_LIFE_S / 64u)
#define MASK24 0xffffffu

static uint32_t minute(damp_tick now)
{
	return (damp_due(now) >> MINUTE_SHIFT) & MASK24;
}

static uint64_t *cell_of(const struct damp_learned *l, uint64_t key)
{
	return (uint64_t *)(uintptr_t)&l->cell[key % DAMP_LEARNED_CELLS];
}

uint32_t damp_learned_size(const struct damp_learned *l, uint64_t key, damp_tick now)
{
	const uint64_t cell = __atomic_load_n(cell_of(l, key), __ATOMIC_RELAXED);
	const uint32_t age = (minute(now) - (uint32_t)(cell >> 16)) & MASK24;

	return cell >> 40 == key >> 40 && age <= MINUTES ? (uint32_t)(cell & UINT16_MAX) : 0;
}

void damp_learned_note(struct damp_learned *l, uint64_t key, uint32_t bytes, damp_tick now)
{
	const uint32_t known = damp_learned_size(l, key, now);
	const uint64_t size = bytes > known ? bytes : known;

	__atomic_store_n(cell_of(l, key),
			 key >> 40 << 40 | (uint64_t)minute(now) << 16 |
				 (size < UINT16_MAX ? size : UINT16_MAX),
			 __ATOMIC_RELAXED);
}

static uint64_t key_of(const struct damp_pkt *p, uint32_t path)
{
	return damp_mix(p->device_key, path);
}

/* Method and path as one number, not 0. */
static uint32_t what_of(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const uint32_t h = (uint32_t)damp_mix(damp_path_hash(c, p), p->coap.code);

	return h != 0 ? h : 1;
}

bool damp_answers_large(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const bool safe = p->coap.code == DAMP_COAP_GET || p->coap.code == DAMP_COAP_FETCH;

	/* A registration keeps its own path in the exchange. */
	if (!c->g->learn_answers || safe || damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE))
		return false;
	d->path = what_of(c, p);
	d->keep_path = true;
	return damp_learned_size(c->j->learned, key_of(p, d->path), c->now) > damp_credit(c, p, d);
}

void damp_learn(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const struct damp_xchg *x = p->xchg;

	if (x != NULL && x->path != 0 && !(x->flags & (DAMP_XCHG_SAFE | DAMP_XCHG_OBSERVE)))
		damp_learned_note(c->j->learned, key_of(p, x->path), p->frame.ip_len, c->now);
}
