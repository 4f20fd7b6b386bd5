/* SPDX-License-Identifier: BSD-3-Clause */
/* See prefixes.h. */
#include "prefixes.h"

#include "tables.h"

#define WAYS 4u
#define LINES_LOG2_MAX 22u
#define LENGTHS 129u
#define DUE_UNIT (1u << 16)             /* ticks in one step of damp_due() */
#define LENGTH_WORDS 3u

/* key 0: free. Written due and tag first, key last. */
struct slot {
	uint64_t key;
	uint32_t due;           /* damp_due() */
	uint32_t tag;
};

struct list {
	uint32_t count;
	uint32_t nlengths[2];
	uint64_t lengths[2][LENGTH_WORDS];      /* bitmap, by family: IPv6, IPv4 */
	uint32_t of_length[2][LENGTHS];         /* main thread's */
};

struct damp_prefixes {
	unsigned lines_log2;
	struct damp_key key;
	size_t members;                         /* of all lists */
	struct damp_prefix *known;              /* [slots] beside the slots */
	struct slot *slot;
	struct list list[DAMP_LISTS_MAX];
};

static size_t slots_of(unsigned lines_log2)
{
	return (size_t)WAYS << lines_log2;
}

static size_t lines(size_t n)
{
	return (n + DAMP_CACHE_LINE - 1) / DAMP_CACHE_LINE * DAMP_CACHE_LINE;
}

size_t damp_prefixes_bytes(unsigned lines_log2)
{
	if (lines_log2 > LINES_LOG2_MAX)
		return 0;
	return lines(sizeof(struct damp_prefixes)) + slots_of(lines_log2) * sizeof(struct slot) +
	       lines(slots_of(lines_log2) * sizeof(struct damp_prefix));
}

struct damp_prefixes *damp_prefixes_init(void *mem, unsigned lines_log2, const struct damp_key *key)
{
	struct damp_prefixes *t = mem;
	uint8_t *at = (uint8_t *)mem + lines(sizeof(*t));

	if (lines_log2 > LINES_LOG2_MAX)
		return NULL;
	t->lines_log2 = lines_log2;
	t->key = *key;
	t->slot = (struct slot *)(void *)at;
	t->known = (struct damp_prefix *)(void *)(at + slots_of(lines_log2) * sizeof(struct slot));
	return t;
}

uint64_t damp_prefixes_capacity(const struct damp_prefixes *t)
{
	return slots_of(t->lines_log2);
}

uint32_t damp_prefixes_count(const struct damp_prefixes *t, unsigned list)
{
	return __atomic_load_n(&t->list[list].count, __ATOMIC_RELAXED);
}

struct damp_addr damp_addr_prefix(const struct damp_addr *addr, unsigned plen)
{
	const unsigned bits = damp_addr_is_v4(addr) ? 96 + plen : plen;
	struct damp_addr out = *addr;

	for (unsigned i = bits / 8; i < sizeof(out.b); i++)
		out.b[i] = (uint8_t)(out.b[i] & (i == bits / 8 ? ~(0xffu >> bits % 8) : 0));
	return out;
}

/* Never 0. addr has no bits behind plen. */
static uint64_t key_of(const struct damp_prefixes *t, unsigned list, const struct damp_addr *addr,
		       unsigned plen)
{
	const uint64_t h = damp_hash3(&t->key, damp_get64(addr->b), damp_get64(addr->b + 8),
				      (uint64_t)list << 8 | plen);

	return h ? h : 1;
}

static struct slot *line_of(const struct damp_prefixes *t, uint64_t key, unsigned which)
{
	const uint64_t mask = (1ull << t->lines_log2) - 1;

	return t->slot + ((which ? key >> 40 : key) & mask) * WAYS;
}

static struct slot *find(const struct damp_prefixes *t, uint64_t key)
{
	for (unsigned which = 0; which < 2; which++) {
		struct slot *s = line_of(t, key, which);

		for (unsigned i = 0; i < WAYS; i++)
			if (__atomic_load_n(&s[i].key, __ATOMIC_ACQUIRE) == key)
				return &s[i];
	}
	return NULL;
}

static unsigned free_slots(const struct slot *s, struct slot **first)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WAYS; i++) {
		if (s[i].key != 0)
			continue;
		if (n++ == 0)
			*first = (struct slot *)(uintptr_t)&s[i];
	}
	return n;
}

/* A free slot in the emptier of the two lines, or NULL. */
static struct slot *room_for(const struct damp_prefixes *t, uint64_t key)
{
	struct slot *a = NULL, *b = NULL;
	const unsigned na = free_slots(line_of(t, key, 0), &a), nb = free_slots(line_of(t, key, 1), &b);

	return na >= nb ? a : b;
}

static void count_length(struct list *l, bool v4, unsigned plen, bool more)
{
	uint32_t *n = &l->of_length[v4][plen];

	*n += more ? 1 : (uint32_t)-1;
	if (*n == (more ? 1u : 0u)) {
		const uint64_t bit = 1ull << plen % 64, old = l->lengths[v4][plen / 64];

		l->nlengths[v4] += more ? 1 : (uint32_t)-1;
		__atomic_store_n(&l->lengths[v4][plen / 64], more ? old | bit : old & ~bit, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&l->count, l->count + (more ? 1 : (uint32_t)-1), __ATOMIC_RELAXED);
}

static void drop(struct damp_prefixes *t, struct slot *s)
{
	const struct damp_prefix *p = &t->known[s - t->slot];

	__atomic_store_n(&s->due, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&s->key, 0, __ATOMIC_RELEASE);
	count_length(&t->list[p->list], damp_addr_is_v4(&p->addr), p->plen, false);
	t->members--;
}

enum damp_prefix_put damp_prefixes_add(struct damp_prefixes *t, unsigned list, const struct damp_addr *addr,
				       unsigned plen, damp_tick due, uint32_t tag, damp_tick now)
{
	const struct damp_addr whole = damp_addr_prefix(addr, plen);
	const uint64_t key = key_of(t, list, &whole, plen);
	const bool v4 = damp_addr_is_v4(addr);
	struct list *l = &t->list[list];
	struct slot *s = find(t, key);
	const bool there = s != NULL;

	if (!there && l->of_length[v4][plen] == 0 && l->nlengths[v4] == DAMP_LIST_LENGTHS_MAX)
		return DAMP_PREFIX_LENGTHS;
	if (!there)
		s = room_for(t, key);
	if (s == NULL && damp_prefixes_sweep(t, now, NULL, NULL) > 0)
		s = room_for(t, key);
	if (s == NULL)
		return DAMP_PREFIX_NO_ROOM;
	t->known[s - t->slot] = (struct damp_prefix){
		.addr = whole, .due = due, .tag = tag, .plen = (uint8_t)plen, .list = (uint8_t)list
	};
	__atomic_store_n(&s->tag, tag, __ATOMIC_RELAXED);
	__atomic_store_n(&s->due, damp_due(due + DUE_UNIT - 1), __ATOMIC_RELAXED);
	/* Partner: the acquire load in find(). */
	__atomic_store_n(&s->key, key, __ATOMIC_RELEASE);
	if (!there) {
		count_length(l, v4, plen, true);
		t->members++;
	}
	return there ? DAMP_PREFIX_CHANGED : DAMP_PREFIX_ADDED;
}

bool damp_prefixes_del(struct damp_prefixes *t, unsigned list, const struct damp_addr *addr, unsigned plen)
{
	const struct damp_addr whole = damp_addr_prefix(addr, plen);
	struct slot *s = find(t, key_of(t, list, &whole, plen));

	if (s != NULL)
		drop(t, s);
	return s != NULL;
}

bool damp_prefixes_holds(const struct damp_prefixes *t, unsigned list, const struct damp_addr *addr,
			 unsigned plen)
{
	const struct damp_addr whole = damp_addr_prefix(addr, plen);

	return find(t, key_of(t, list, &whole, plen)) != NULL;
}

void damp_prefixes_clear(struct damp_prefixes *t, unsigned list)
{
	for (size_t i = 0; i < slots_of(t->lines_log2) && t->list[list].count > 0; i++)
		if (t->slot[i].key != 0 && t->known[i].list == list)
			drop(t, &t->slot[i]);
}

unsigned damp_prefixes_sweep(struct damp_prefixes *t, damp_tick now,
			     void (*fn)(void *arg, const struct damp_prefix *p), void *arg)
{
	unsigned n = 0;

	for (size_t i = 0; i < slots_of(t->lines_log2) && t->members > 0; i++) {
		if (t->slot[i].key == 0 || t->known[i].due > now)
			continue;
		if (fn != NULL)
			fn(arg, &t->known[i]);
		drop(t, &t->slot[i]);
		n++;
	}
	return n;
}

void damp_prefixes_each(const struct damp_prefixes *t, damp_tick now,
			void (*fn)(void *arg, const struct damp_prefix *p), void *arg)
{
	for (size_t i = 0; i < slots_of(t->lines_log2) && t->members > 0; i++)
		if (t->slot[i].key != 0 && t->known[i].due > now)
			fn(arg, &t->known[i]);
}

static bool has_length(const struct damp_prefixes *t, unsigned list, const struct damp_addr *addr,
		       unsigned plen, uint32_t now, uint32_t *tag)
{
	const struct damp_addr whole = damp_addr_prefix(addr, plen);
	const struct slot *s = find(t, key_of(t, list, &whole, plen));

	if (s == NULL || __atomic_load_n(&s->due, __ATOMIC_RELAXED) <= now)
		return false;
	*tag = __atomic_load_n(&s->tag, __ATOMIC_RELAXED);
	return true;
}

bool damp_prefixes_has(const struct damp_prefixes *t, unsigned list, const struct damp_addr *addr,
		       damp_tick now, uint32_t *tag)
{
	const struct list *l = &t->list[list];
	const bool v4 = damp_addr_is_v4(addr);

	if (__atomic_load_n(&l->count, __ATOMIC_RELAXED) == 0)
		return false;
	for (unsigned w = LENGTH_WORDS; w > 0; w--) {
		uint64_t bits = __atomic_load_n(&l->lengths[v4][w - 1], __ATOMIC_RELAXED);

		for (; bits; bits &= ~(1ull << (63 - __builtin_clzll(bits))))
			if (has_length(t, list, addr, (w - 1) * 64 + 63 - (unsigned)__builtin_clzll(bits),
				       damp_due(now), tag))
				return true;
	}
	return false;
}
