/* SPDX-License-Identifier: BSD-3-Clause */
/* See ring.h. */
#include "ring.h"

/* Slot head % slots may be half written. */
static uint64_t oldest(uint64_t head, uint64_t slots)
{
	return head >= slots ? head - slots + 1 : 0;
}

uint64_t damp_ring_head(const struct damp_ring *r)
{
	return __atomic_load_n(r->head, __ATOMIC_ACQUIRE);
}

uint64_t damp_ring_oldest(const struct damp_ring *r)
{
	return oldest(damp_ring_head(r), r->slots);
}

void damp_copy_words(void *dst, const void *src, size_t len)
{
	const uint64_t *from = src;
	uint64_t *to = dst;

	for (size_t i = 0; i < len / 8; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

/* Copy record pos; false when it was overwritten meanwhile. */
static bool copy(const struct damp_ring *r, uint64_t pos, void *out)
{
	damp_copy_words(out, (const char *)r->slot + pos % r->slots * r->len, r->len);
	/* The loads above come before the load of head; partner: the writer's
	 * release store of head after it has filled the slot. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return oldest(__atomic_load_n(r->head, __ATOMIC_RELAXED), r->slots) <= pos &&
	       *(const uint64_t *)out == pos;
}

bool damp_ring_next(const struct damp_ring *r, uint64_t *pos, void *out, uint64_t *lost)
{
	uint64_t head = damp_ring_head(r);

	if (*pos > head) /* a writer never goes back */
		*pos = head;
	for (; *pos < head; head = damp_ring_head(r)) {
		const uint64_t first = oldest(head, r->slots);

		if (*pos < first) {
			*lost += first - *pos;
			*pos = first;
		}
		if (copy(r, (*pos)++, out))
			return true;
		++*lost;
	}
	return false;
}
