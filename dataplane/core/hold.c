/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages kept back; see hold.h. */
#include "hold.h"

#define BUCKET_MASK (DAMP_HOLDS - 1)

static void append(struct damp_hold *h, struct damp_hold_list *l, uint16_t at)
{
	struct damp_hold_slot *s = &h->slot[at];

	s->prev = l->last;
	s->next = DAMP_HOLD_NONE;
	if (l->last == DAMP_HOLD_NONE)
		l->first = at;
	else
		h->slot[l->last].next = at;
	l->last = at;
}

static void take_out(struct damp_hold *h, struct damp_hold_list *l, uint16_t at)
{
	const struct damp_hold_slot *s = &h->slot[at];

	if (s->prev == DAMP_HOLD_NONE)
		l->first = s->next;
	else
		h->slot[s->prev].next = s->next;
	if (s->next == DAMP_HOLD_NONE)
		l->last = s->prev;
	else
		h->slot[s->next].prev = s->prev;
}

static uint16_t *bucket_of(struct damp_hold *h, uint64_t peer_key)
{
	return &h->bucket[peer_key & BUCKET_MASK];
}

static void leave_bucket(struct damp_hold *h, uint16_t at)
{
	uint16_t *link = bucket_of(h, h->slot[at].peer_key);

	while (*link != at)
		link = &h->slot[*link].bucket_next;
	*link = h->slot[at].bucket_next;
}

void damp_hold_init(struct damp_hold *h)
{
	memset(h, 0, sizeof(*h));
	h->idle = h->waiting = h->ready = (struct damp_hold_list){ DAMP_HOLD_NONE, DAMP_HOLD_NONE };
	for (unsigned i = 0; i < DAMP_HOLDS; i++) {
		h->bucket[i] = DAMP_HOLD_NONE;
		append(h, &h->idle, (uint16_t)i);
	}
}

unsigned damp_hold_take(struct damp_hold *h, uint64_t peer_key, bool request, damp_tick due)
{
	const uint16_t at = h->idle.first;
	struct damp_hold_slot *s = &h->slot[at];
	uint16_t *link = bucket_of(h, peer_key);

	/* At the end, so that a peer's messages are released in their order. */
	while (*link != DAMP_HOLD_NONE)
		link = &h->slot[*link].bucket_next;
	take_out(h, &h->idle, at);
	s->peer_key = peer_key;
	s->due = due;
	s->request = request;
	s->bucket_next = DAMP_HOLD_NONE;
	*link = at;
	append(h, &h->waiting, at);
	h->used++;
	h->requests += request;
	return at;
}

void damp_hold_release(struct damp_hold *h, uint64_t peer_key)
{
	uint16_t at = *bucket_of(h, peer_key);

	while (at != DAMP_HOLD_NONE) {
		const uint16_t next = h->slot[at].bucket_next;

		if (h->slot[at].peer_key == peer_key) {
			leave_bucket(h, at);
			take_out(h, &h->waiting, at);
			append(h, &h->ready, at);
		}
		at = next;
	}
}

static uint16_t next_of(struct damp_hold *h, damp_tick now)
{
	const uint16_t due = h->waiting.first;
	uint16_t at = h->ready.first;

	if (at != DAMP_HOLD_NONE) {
		take_out(h, &h->ready, at);
		return at;
	}
	if (due == DAMP_HOLD_NONE || h->slot[due].due > now)
		return DAMP_HOLD_NONE;
	leave_bucket(h, due);
	take_out(h, &h->waiting, due);
	return due;
}

bool damp_hold_next(struct damp_hold *h, damp_tick now, unsigned *slot)
{
	const uint16_t at = next_of(h, now);

	if (at == DAMP_HOLD_NONE)
		return false;
	h->used--;
	h->requests -= h->slot[at].request;
	append(h, &h->idle, at);
	*slot = at;
	return true;
}

bool damp_hold_due(const struct damp_hold *h, damp_tick *due)
{
	*due = h->ready.first == DAMP_HOLD_NONE && h->waiting.first != DAMP_HOLD_NONE ? h->slot[h->waiting.first].due : 0;
	return h->used > 0;
}
