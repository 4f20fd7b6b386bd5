/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transfers: the pure step, and the typed face of a table of pairs (assoc.h).
 *
 * Invariant: NUM has 20 bits and a block at most 1024 bytes, so a place is
 * below 2^30 and is added to in 64 bits before it is compared.
 *
 * Reference: RFC 7959 sections 2.2, 2.3, 2.5, 4; attacks.md AV-29 to AV-31.
 */
#include "transfer.h"

#include "assoc.h"

_Static_assert(offsetof(struct damp_transfer, key) == offsetof(struct damp_pair_slot, key) &&
	       offsetof(struct damp_transfer, due) == offsetof(struct damp_pair_slot, due),
	       "begins like a slot of a pair");

struct damp_transfer_table { struct damp_assoc assoc; };

/* With M the payload is the block; the last one may be shorter. */
static bool size_fits(const struct damp_block *b)
{
	const uint32_t size = 16u << b->szx;

	return b->more ? b->len == size : b->len <= size;
}

/* Sizes are indications (RFC 7959 section 4): one block more than declared is an
 * estimate that was a little off. */
static bool too_large(const struct damp_transfer *t, const struct damp_block *b, uint32_t cap)
{
	const uint64_t end = damp_block_at(b) + b->len;
	const uint32_t declared = b->declared ? b->declared : t != NULL && b->num > 0 ? t->declared : 0;

	return end > cap || b->declared > cap || (declared > 0 && end > (uint64_t)declared + (16u << b->szx));
}

enum damp_step damp_transfer_step(const struct damp_transfer *t, const struct damp_block *b, uint32_t cap)
{
	const uint64_t at = damp_block_at(b);

	if (!size_fits(b))
		return DAMP_STEP_SIZE;
	if (too_large(t, b, cap))
		return DAMP_STEP_LARGE;
	if (b->num == 0)
		return DAMP_STEP_BEGIN;
	if (t == NULL || b->szx > t->szx)
		return DAMP_STEP_GAP;
	if (at == t->last && at < t->next)
		return DAMP_STEP_AGAIN;
	return at == t->next && !t->ended ? DAMP_STEP_NEXT : DAMP_STEP_GAP;
}

enum damp_step damp_transfer_q_step(const struct damp_transfer *t, const struct damp_block *b, uint32_t cap,
				    uint32_t ahead)
{
	const uint64_t at = damp_block_at(b), reach = (uint64_t)ahead << (b->szx + 4);

	if (!size_fits(b))
		return DAMP_STEP_SIZE;
	if (too_large(t, b, cap))
		return DAMP_STEP_LARGE;
	if (t == NULL)
		return at <= reach ? DAMP_STEP_BEGIN : DAMP_STEP_GAP;
	if (b->szx > t->szx || at > t->next + reach)
		return DAMP_STEP_GAP;
	if (at < t->next)
		return DAMP_STEP_AGAIN;
	return t->ended ? DAMP_STEP_GAP : DAMP_STEP_NEXT;
}

bool damp_transfer_completes(const struct damp_transfer *t, const struct damp_block *b)
{
	const uint64_t end = damp_block_at(b) + b->len, size = 16u << b->szx;

	if (!b->q)
		return !b->more;
	if (t == NULL)
		return !b->more && b->num == 0;
	if (!t->ended && b->more)
		return false;
	return t->blocks + 1u >= ((end > t->next ? end : t->next) + size - 1) / size;
}

size_t damp_transfer_bytes(unsigned lines_log2)
{
	return damp_assoc_bytes(lines_log2);
}

struct damp_transfer_table *damp_transfer_init(void *mem, unsigned lines_log2)
{
	return (struct damp_transfer_table *)damp_assoc_init(mem, lines_log2);
}

const struct damp_transfer *damp_transfer_find(const struct damp_transfer_table *t, uint64_t key,
					       damp_tick now)
{
	return (const struct damp_transfer *)damp_pair_find(&t->assoc, key, now);
}

void damp_transfer_note(struct damp_transfer_table *t, uint64_t key, const struct damp_block *b,
			damp_tick now, damp_tick due)
{
	bool fresh;
	struct damp_transfer *s = (struct damp_transfer *)damp_pair_open(&t->assoc, key, now, due, &fresh);
	const uint32_t at = (uint32_t)damp_block_at(b), end = at + b->len;

	__atomic_store_n(&s->due, damp_stored_due(due), __ATOMIC_RELAXED);
	if (b->num == 0 || (b->q && b->declared > 0))
		s->declared = b->declared;
	s->last = at;
	s->next = b->q && s->next > end ? s->next : end;
	s->szx = b->szx;
	s->ended = !b->more || (b->q && s->ended);
	s->blocks = (uint16_t)(s->blocks + (b->q && s->blocks < UINT16_MAX));
}

uint64_t damp_transfer_evictions(const struct damp_transfer_table *t)
{
	return damp_assoc_evictions(&t->assoc);
}

uint64_t damp_transfer_live(const struct damp_transfer_table *t, damp_tick now)
{
	return damp_pair_live(&t->assoc, now);
}
