/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tally; see tally.h for the idea and the promise.
 *
 * `looked` is the time (damp_due() units) up to which a line's counters are
 * clean: those of spans before it are zero. A writer cleans first; a reader
 * leaves out what a writer would clean. The smallest ring that reaches as far as
 * the due time is used, so that what ends soon is also forgotten soon.
 *
 * Times are 32 bits of sixteenths of a second, as everywhere in the tables; they
 * wrap after 8.5 years, which no run lasts (assoc.h).
 */
#include "tally.h"

#include "bytelock.h"
#include "tables.h"

#define RINGS 3u
#define SETS_LOG2_MAX 24u
#define SLOT_BITS 5u

struct line {
	uint64_t key;               /* 0: never used */
	uint32_t looked;
	uint8_t lock;               /* of the set, in its first line */
	uint8_t pad[3];
	uint16_t open[RINGS * DAMP_TALLY_SPANS];
};
_Static_assert(sizeof(struct line) == DAMP_CACHE_LINE, "one line a key");
_Static_assert(RINGS * DAMP_TALLY_SPANS <= 1u << SLOT_BITS, "a slot fits into a ticket");

struct damp_tally {
	uint64_t mask;
	uint8_t pad[DAMP_CACHE_LINE - sizeof(uint64_t)];
	struct line line[];
};

/* Log2 of a ring's span in damp_due() units: 64 s, 4.5 h, 36 h. */
static unsigned shift_of(unsigned ring)
{
	static const uint8_t shift[RINGS] = { 10, 18, 21 };

	return shift[ring];
}

static uint32_t span_of(unsigned ring, uint32_t due)
{
	return due >> shift_of(ring);
}

static struct line *set_of(const struct damp_tally *t, uint64_t key)
{
	return (struct line *)(uintptr_t)&t->line[(key & t->mask) * DAMP_TALLY_WAYS];
}

static uint64_t stored(uint64_t key)
{
	return key != 0 ? key : 1;
}

/* Is the counter of slot i for a span that is not over? */
static bool ahead(unsigned ring, unsigned i, uint32_t looked, uint32_t now)
{
	const uint32_t was = span_of(ring, looked), is = span_of(ring, now);

	/* From `was` the slots stand for the spans was .. was + 7. */
	return was + ((i - was) & (DAMP_TALLY_SPANS - 1)) >= is;
}

static uint32_t count_line(const struct line *l, uint32_t now)
{
	const uint32_t looked = __atomic_load_n(&l->looked, __ATOMIC_RELAXED);
	uint32_t n = 0;

	for (unsigned r = 0; r < RINGS; r++)
		for (unsigned i = 0; i < DAMP_TALLY_SPANS; i++)
			if (ahead(r, i, looked, now))
				n += __atomic_load_n(&l->open[r * DAMP_TALLY_SPANS + i], __ATOMIC_RELAXED);
	return n;
}

static void set(uint16_t *at, uint32_t value)
{
	__atomic_store_n(at, (uint16_t)value, __ATOMIC_RELAXED);
}

/* Under the lock. A clock a little behind another worker's cleans nothing. */
static void clean(struct line *l, uint32_t now)
{
	if (now <= l->looked)
		return;
	for (unsigned r = 0; r < RINGS; r++)
		for (unsigned i = 0; i < DAMP_TALLY_SPANS; i++)
			if (!ahead(r, i, l->looked, now))
				set(&l->open[r * DAMP_TALLY_SPANS + i], 0);
	__atomic_store_n(&l->looked, now, __ATOMIC_RELAXED);
}

static uint32_t ticket_of(const struct damp_tally *t, const struct line *l, unsigned ring, uint32_t slot)
{
	return ((uint32_t)(l - t->line) << SLOT_BITS | ring * DAMP_TALLY_SPANS | slot) + 1;
}

static struct line *line_of(const struct damp_tally *t, uint32_t ticket)
{
	return (struct line *)(uintptr_t)&t->line[(ticket - 1) >> SLOT_BITS];
}

static uint16_t *counter_of(const struct damp_tally *t, uint32_t ticket)
{
	return &line_of(t, ticket)->open[(ticket - 1) & ((1u << SLOT_BITS) - 1)];
}

/* Sets begin at multiples of DAMP_TALLY_WAYS. */
static uint8_t *lock_of(const struct damp_tally *t, const struct line *l)
{
	const size_t at = (size_t)(l - t->line);

	return (uint8_t *)(uintptr_t)&t->line[at - at % DAMP_TALLY_WAYS].lock;
}

/* Count one at the clean line; the ticket. */
static uint32_t add(struct damp_tally *t, struct line *l, uint32_t now, damp_tick at)
{
	uint32_t due = damp_due(at), slot;
	unsigned ring = 0;
	uint16_t *counter;

	if (due < now)
		due = now;
	while (ring + 1 < RINGS && span_of(ring, due) - span_of(ring, now) >= DAMP_TALLY_SPANS)
		ring++;
	if (span_of(ring, due) - span_of(ring, now) >= DAMP_TALLY_SPANS)
		due = (span_of(ring, now) + DAMP_TALLY_SPANS - 1) << shift_of(ring);
	slot = span_of(ring, due) & (DAMP_TALLY_SPANS - 1);
	counter = &l->open[ring * DAMP_TALLY_SPANS + slot];
	if (*counter < UINT16_MAX)
		set(counter, *counter + 1u);
	return ticket_of(t, l, ring, slot);
}

static void take(uint16_t *counter)
{
	if (*counter > 0)
		set(counter, *counter - 1u);
}

size_t damp_tally_bytes(unsigned sets_log2)
{
	if (sets_log2 > SETS_LOG2_MAX)
		return 0;
	return sizeof(struct damp_tally) + (sizeof(struct line) * DAMP_TALLY_WAYS << sets_log2);
}

struct damp_tally *damp_tally_init(void *mem, unsigned sets_log2)
{
	struct damp_tally *t = mem;

	if (sets_log2 > SETS_LOG2_MAX)
		return NULL;
	memset(mem, 0, damp_tally_bytes(sets_log2));
	t->mask = (1ull << sets_log2) - 1;
	return t;
}

uint32_t damp_tally_count(const struct damp_tally *t, uint64_t key, damp_tick now)
{
	const struct line *l = set_of(t, key);
	bool room = false;

	for (unsigned i = 0; i < DAMP_TALLY_WAYS; i++) {
		const uint32_t n = count_line(&l[i], damp_due(now));

		if (__atomic_load_n(&l[i].key, __ATOMIC_RELAXED) == stored(key))
			return n;
		room |= n == 0;
	}
	return room ? 0 : UINT32_MAX;
}

/* Under the lock: the clean line of key, or a free one made its own, or NULL. */
static struct line *claim(struct line *l, uint64_t key, uint32_t now)
{
	struct line *free = NULL;

	for (unsigned i = 0; i < DAMP_TALLY_WAYS; i++) {
		clean(&l[i], now);
		if (l[i].key == stored(key))
			return &l[i];
		if (free == NULL && count_line(&l[i], now) == 0)
			free = &l[i];
	}
	if (free != NULL)
		__atomic_store_n(&free->key, stored(key), __ATOMIC_RELAXED);
	return free;
}

uint32_t damp_tally_open(struct damp_tally *t, uint64_t key, uint32_t most, damp_tick now, damp_tick due)
{
	struct line *set = set_of(t, key), *l;
	uint32_t ticket = 0;

	if (!damp_bytelock_take(&set->lock))
		return 0;
	l = claim(set, key, damp_due(now));
	if (l != NULL && count_line(l, damp_due(now)) < (most < DAMP_TALLY_MOST ? most : DAMP_TALLY_MOST))
		ticket = add(t, l, damp_due(now), due);
	damp_bytelock_drop(&set->lock);
	return ticket;
}

uint32_t damp_tally_move(struct damp_tally *t, uint32_t ticket, damp_tick now, damp_tick due)
{
	struct line *l = line_of(t, ticket);

	if (!damp_bytelock_take(lock_of(t, l)))
		return ticket;
	take(counter_of(t, ticket));
	clean(l, damp_due(now));
	ticket = add(t, l, damp_due(now), due);
	damp_bytelock_drop(lock_of(t, l));
	return ticket;
}

void damp_tally_close(struct damp_tally *t, uint32_t ticket)
{
	uint8_t *lock = lock_of(t, line_of(t, ticket));

	if (!damp_bytelock_take(lock))
		return;
	take(counter_of(t, ticket));
	damp_bytelock_drop(lock);
}

bool damp_tally_is(const struct damp_tally *t, uint32_t ticket, uint64_t key)
{
	return __atomic_load_n(&line_of(t, ticket)->key, __ATOMIC_RELAXED) == stored(key);
}

uint64_t damp_tally_live(const struct damp_tally *t, damp_tick now)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < (t->mask + 1) * DAMP_TALLY_WAYS; i++)
		n += count_line(&t->line[i], damp_due(now)) > 0;
	return n;
}
