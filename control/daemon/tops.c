/* SPDX-License-Identifier: BSD-3-Clause */
/* See tops.h. */
#include "tops.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NETWORK_V4 24u
#define NETWORK_V6 48u

static bool is_v4(const uint8_t addr[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(addr, mapped, sizeof(mapped)) == 0;
}

/* The entry of a key, or the one that it takes over. */
static struct damp_top_entry *place(struct damp_top *t, const uint8_t key[DAMP_TOP_KEY], uint8_t len)
{
	struct damp_top_entry *least = &t->entry[0];

	for (unsigned i = 0; i < DAMP_TOP_SLOTS; i++) {
		struct damp_top_entry *e = &t->entry[i];

		if (e->count > 0 && e->len == len && memcmp(e->key, key, DAMP_TOP_KEY) == 0)
			return e;
		if (e->count < least->count)
			least = e;
	}
	memcpy(least->key, key, DAMP_TOP_KEY);
	least->len = len;
	return least;
}

static void count(struct damp_top *t, const void *key, size_t key_len, uint8_t len, uint64_t weight)
{
	uint8_t whole[DAMP_TOP_KEY] = { 0 };

	memcpy(whole, key, key_len);
	t->sum += weight;
	place(t, whole, len)->count += weight;
}

static void count_network(struct damp_top *t, const uint8_t addr[16], uint64_t weight)
{
	const bool v4 = is_v4(addr);
	uint8_t net[16] = { 0 };

	memcpy(net, addr, v4 ? 12 + NETWORK_V4 / 8 : NETWORK_V6 / 8);
	count(t, net, sizeof(net), v4 ? NETWORK_V4 : NETWORK_V6, weight);
}

/* FNV-1a; whoever makes addresses collide only hides in a number that is a least one. */
static uint64_t hash(const uint8_t addr[16])
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (unsigned i = 0; i < 16; i++)
		h = (h ^ addr[i]) * 0x100000001b3ull;
	return h ? h : 1;
}

static void see(struct damp_tops *t, const uint8_t addr[16])
{
	const uint64_t h = hash(addr);

	for (unsigned i = 0; i < DAMP_TOP_SEEN; i++) {
		uint64_t *slot = &t->seen[(h + i) % DAMP_TOP_SEEN];

		if (*slot == h)
			return;
		if (*slot == 0) {
			*slot = h;
			t->sources++;
			return;
		}
	}
}

void damp_tops_note(struct damp_tops *t, const struct damp_event *e)
{
	const uint64_t weight = e->represents > 0 ? e->represents : 1;
	const uint8_t path_len = e->path_len < sizeof(e->path) ? e->path_len : (uint8_t)sizeof(e->path);

	t->records++;
	see(t, e->src);
	count(&t->target, e->dst, sizeof(e->dst), is_v4(e->dst) ? 32 : 128, weight);
	count_network(&t->network, e->src, weight);
	if (e->kind == DAMP_KIND_REQUEST)
		count(&t->path, e->path, path_len, path_len, weight);
}

static int larger(const void *a, const void *b)
{
	const struct damp_top_entry *x = *(const struct damp_top_entry *const *)a;
	const struct damp_top_entry *y = *(const struct damp_top_entry *const *)b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return memcmp(x->key, y->key, DAMP_TOP_KEY);
}

unsigned damp_top_sorted(const struct damp_top *t, const struct damp_top_entry *out[DAMP_TOP_SLOTS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < DAMP_TOP_SLOTS; i++)
		if (t->entry[i].count > 0)
			out[n++] = &t->entry[i];
	qsort(out, n, sizeof(out[0]), larger);
	return n;
}
