/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry; see registry.h for the idea and the invariant. */
#include "registry.h"

#include "assoc.h"
#include "bytelock.h"

#define WAYS 2u

struct slot {
	struct damp_reg note;
	uint32_t tag;               /* the half of the key that the line number has no bit of */
	uint32_t due;
};

struct registry_line {
	struct slot slot[WAYS];
	uint8_t lock;
	uint8_t spare[15];
};
_Static_assert(sizeof(struct registry_line) == DAMP_CACHE_LINE, "two notes a line");

struct damp_registry { struct damp_assoc assoc; };

size_t damp_registry_bytes(unsigned lines_log2)
{
	return damp_assoc_bytes(lines_log2);
}

struct damp_registry *damp_registry_init(void *mem, unsigned lines_log2)
{
	return (struct damp_registry *)damp_assoc_init(mem, lines_log2);
}

static uint32_t tag_of(uint64_t key)
{
	return (uint32_t)(key >> 32);
}

/* Under the lock. */
static struct slot *find(struct registry_line *line, uint64_t key, damp_tick now)
{
	for (unsigned i = 0; i < WAYS; i++)
		if (line->slot[i].tag == tag_of(key) && damp_due_live(line->slot[i].due, now))
			return &line->slot[i];
	return NULL;
}

static struct damp_reg look(struct damp_registry *t, uint64_t key, damp_tick now, bool take)
{
	struct registry_line *line = damp_assoc_line(&t->assoc, key);
	struct damp_reg n = { .what = DAMP_REG_NONE };
	struct slot *s;

	if (!damp_bytelock_take(&line->lock))
		return n;
	s = find(line, key, now);
	if (s != NULL) {
		n = s->note;
		if (take)
			__atomic_store_n(&s->due, 0, __ATOMIC_RELAXED);
	}
	damp_bytelock_drop(&line->lock);
	return n;
}

struct damp_reg damp_registry_find(struct damp_registry *t, uint64_t key, damp_tick now)
{
	return look(t, key, now, false);
}

struct damp_reg damp_registry_take(struct damp_registry *t, uint64_t key, damp_tick now)
{
	return look(t, key, now, true);
}

void damp_registry_put(struct damp_registry *t, uint64_t key, const struct damp_reg *n, damp_tick now,
		       damp_tick due)
{
	struct registry_line *line = damp_assoc_line(&t->assoc, key);
	struct slot *s;

	if (!damp_bytelock_take(&line->lock))
		return;
	s = find(line, key, now);
	if (s == NULL) {
		const uint32_t dues[WAYS] = { line->slot[0].due, line->slot[1].due };

		s = &line->slot[damp_assoc_victim(dues, WAYS, now)];
		if (damp_due_live(s->due, now))
			__atomic_fetch_add(&t->assoc.evictions, 1, __ATOMIC_RELAXED);
	}
	s->note = *n;
	s->tag = tag_of(key);
	__atomic_store_n(&s->due, damp_stored_due(due), __ATOMIC_RELAXED);
	damp_bytelock_drop(&line->lock);
}

uint64_t damp_registry_evictions(const struct damp_registry *t)
{
	return damp_assoc_evictions(&t->assoc);
}

uint64_t damp_registry_live(const struct damp_registry *t, damp_tick now)
{
	uint64_t n = 0;

	for (size_t i = 0; i < damp_assoc_lines(&t->assoc); i++) {
		const struct registry_line *line = damp_assoc_line(&t->assoc, i);

		for (unsigned w = 0; w < WAYS; w++)
			n += damp_due_live(__atomic_load_n(&line->slot[w].due, __ATOMIC_RELAXED), now);
	}
	return n;
}
