/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Proved peers: 16-byte slots of a full 64-bit key and both deadlines, three a
 * line beside the line's lock.
 *
 * Idea: the deadlines are one 64-bit word (idle below, absolute above), so that
 * a reader sees both of the same proof and can move the idle one with a single
 * compare-and-swap. Idle is never stored past absolute, so only idle has to be
 * looked at. Proofs are rare and take the lock, or two workers could enter one
 * peer twice; look-ups, moves and forgetting take none. The lowest bit of the
 * absolute deadline says that this is half a proof (half.h): it costs a sixteenth
 * of a second, and both kinds are found by one look.
 *
 * Invariant: no reader takes the deadlines of one peer for those of another. A
 * slot changes hands in three stores: deadlines to 0, key, new deadlines
 * (release). A reader loads key, deadlines (acquire), key again: if it saw the
 * new deadlines, the second look sees the new key. A swap expects the deadlines
 * it read, so it does not land after the first store (were the new deadlines
 * equal to the old, it would move a proved peer's idle one, no more).
 *
 * Reference: RFC 9175 section 2.4 and RFC 9000 section 8 for what proof means.
 */
#include "bytelock.h"
#include "peer_line.h"

#define IDLE_STEP 16u               /* one second of damp_due() */
#define HALF 1u                     /* of the absolute deadline */

static inline uint32_t idle_of(uint64_t dues)
{
	return (uint32_t)dues;
}

static inline uint32_t max_of(uint64_t dues)
{
	return (uint32_t)(dues >> 32);
}

/* Idle held to the absolute deadline; both are ahead, so wrap is no matter. */
static inline uint64_t dues_make(uint32_t idle, uint32_t max)
{
	return (uint64_t)max << 32 | ((int32_t)(idle - max) < 0 ? idle : max);
}

static inline uint32_t whole_max(damp_tick max_due)
{
	const uint32_t max = damp_stored_due(max_due) & ~HALF;

	return max != 0 ? max : 2;
}

/* The slot of key and the deadlines it had, live or not; NULL when absent. */
static inline struct damp_peer_slot *slot_find(struct damp_peer_line *line, uint64_t key, uint64_t *dues)
{
#pragma GCC unroll 3
	for (unsigned i = 0; i < DAMP_PEER_WAYS; i++) {
		struct damp_peer_slot *s = &line->slot[i];

		/* Each acquire pairs with the release of that word in slot_put(). */
		if (__atomic_load_n(&s->key, __ATOMIC_ACQUIRE) != key)
			continue;
		*dues = __atomic_load_n(&s->dues, __ATOMIC_ACQUIRE);
		if (__atomic_load_n(&s->key, __ATOMIC_RELAXED) == key)
			return s;
	}
	return NULL;
}

static bool dues_swap(struct damp_peer_slot *s, uint64_t old, uint64_t new)
{
	return __atomic_compare_exchange_n(&s->dues, &old, new, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Under the line's lock. */
static void slot_put(struct damp_peer_slot *s, uint64_t key, uint64_t dues)
{
	if (s->key != key) {
		__atomic_store_n(&s->dues, 0, __ATOMIC_RELAXED);
		/* Release: nobody sees the new key beside the old deadlines. */
		__atomic_store_n(&s->key, key, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&s->dues, dues, __ATOMIC_RELEASE);
}

/* Under the line's lock. */
static struct damp_peer_slot *slot_take(struct damp_peer_table *t, struct damp_peer_line *line, damp_tick now, bool *evicts)
{
	uint32_t dues[DAMP_PEER_WAYS];
	unsigned victim;

	for (unsigned i = 0; i < DAMP_PEER_WAYS; i++)
		dues[i] = idle_of(__atomic_load_n(&line->slot[i].dues, __ATOMIC_RELAXED));
	victim = damp_assoc_victim(dues, DAMP_PEER_WAYS, now);
	*evicts = damp_due_live(dues[victim], now);
	if (*evicts)
		__atomic_fetch_add(&t->assoc.evictions, 1, __ATOMIC_RELAXED);
	return &line->slot[victim];
}

size_t damp_peer_bytes(unsigned lines_log2)
{
	return damp_assoc_bytes(lines_log2);
}

struct damp_peer_table *damp_peer_init(void *mem, unsigned lines_log2)
{
	return (struct damp_peer_table *)damp_assoc_init(mem, lines_log2);
}

void damp_peer_prefetch(const struct damp_peer_table *t, uint64_t key)
{
	damp_prefetch(damp_peer_line(t, key));
}

static inline enum damp_standing standing_of(uint64_t dues)
{
	return (enum damp_standing)(DAMP_PROVED + (max_of(dues) & HALF));
}
_Static_assert(DAMP_PROVED + HALF == DAMP_HALF_PROVED, "the bit says which");

/* Once a second and peer. Kept apart, and finds the slot anew, or each look would do
 * more for the many that are not there. */
static __attribute__((noinline)) void move_idle(struct damp_peer_line *line, uint64_t stored, uint32_t idle)
{
	uint64_t dues, moved;
	struct damp_peer_slot *s = slot_find(line, stored, &dues);

	if (s == NULL)
		return;
	moved = dues_make(idle, max_of(dues));
	/* The last step before the absolute deadline may be shorter; it is not made. */
	if ((int32_t)(idle_of(moved) - idle_of(dues)) >= (int32_t)IDLE_STEP)
		dues_swap(s, dues, moved);
}

enum damp_standing damp_peer_look(struct damp_peer_table *t, uint64_t key, damp_tick now, damp_tick idle_due)
{
	const uint32_t idle = damp_stored_due(idle_due);
	struct damp_peer_line *line = damp_peer_line(t, key);
	uint64_t dues;

	if (slot_find(line, damp_stored_key(key), &dues) == NULL || !damp_due_live(idle_of(dues), now))
		return DAMP_UNPROVED;
	if (damp_unlikely((int32_t)(idle - idle_of(dues)) >= (int32_t)IDLE_STEP))
		move_idle(line, damp_stored_key(key), idle);
	return standing_of(dues);
}

bool damp_peer_max_due(const struct damp_peer_table *t, uint64_t key, damp_tick now, uint32_t *max_due)
{
	uint64_t dues;

	if (slot_find(damp_peer_line(t, key), damp_stored_key(key), &dues) == NULL ||
	    !damp_due_live(idle_of(dues), now))
		return false;
	*max_due = max_of(dues);
	return true;
}

bool damp_peer_prove(struct damp_peer_table *t, uint64_t key, damp_tick now,
		     damp_tick idle_due, damp_tick max_due)
{
	const uint64_t stored = damp_stored_key(key);
	struct damp_peer_line *line = damp_peer_line(t, key);
	struct damp_peer_slot *s;
	bool evicts = false;
	uint64_t dues;

	if (!damp_bytelock_take(&line->lock))
		return false;
	s = slot_find(line, stored, &dues);
	if (s == NULL)
		s = slot_take(t, line, now, &evicts);
	slot_put(s, stored, dues_make(damp_stored_due(idle_due), whole_max(max_due)));
	damp_bytelock_drop(&line->lock);
	return evicts;
}

bool damp_peer_prove_half(struct damp_peer_table *t, uint64_t key, damp_tick now, damp_tick due)
{
	const uint64_t stored = damp_stored_key(key);
	struct damp_peer_line *line = damp_peer_line(t, key);
	struct damp_peer_slot *s;
	uint64_t dues = 0;
	bool evicts, live;

	if (!damp_bytelock_take(&line->lock))
		return false;
	s = slot_find(line, stored, &dues);
	live = s != NULL && damp_due_live(idle_of(dues), now);
	if (s == NULL)
		s = slot_take(t, line, now, &evicts);
	if (!live)
		slot_put(s, stored, dues_make(damp_stored_due(due), damp_stored_due(due) | HALF));
	damp_bytelock_drop(&line->lock);
	return !live;
}

uint64_t damp_peer_evictions(const struct damp_peer_table *t)
{
	return damp_assoc_evictions(&t->assoc);
}

uint64_t damp_peer_live(const struct damp_peer_table *t, damp_tick now)
{
	const struct damp_peer_line *line = damp_assoc_line(&t->assoc, 0);
	uint64_t n = 0;

	for (size_t i = 0; i < damp_assoc_lines(&t->assoc); i++) {
		for (unsigned w = 0; w < DAMP_PEER_WAYS; w++) {
			const uint64_t dues = __atomic_load_n(&line[i].slot[w].dues, __ATOMIC_RELAXED);

			n += damp_due_live(idle_of(dues), now);
		}
	}
	return n;
}
