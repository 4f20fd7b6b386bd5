/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Repetitions: a line of seven words, one for each half second; see repeat.h.
 *
 * Invariant: words of a line belong to the seven generations up to the one in
 * its head; a line is brought to the present when it is written, and what is
 * ahead of its head counts as empty. So nothing has to be swept.
 */
#include "repeat.h"

#define WORDS 7u
#define UNIT (DAMP_TICK_HZ / 2)
/* Generations back: ages from just above 1.5 s to just below 3.5 s. */
#define OLDEST DAMP_REPEAT_BACK
#define YOUNGEST 4u
_Static_assert(OLDEST < WORDS, "a line remembers as far back as is asked");

struct repeat_line {
	uint64_t generation;            /* of the newest word */
	uint64_t word[WORDS];
};
_Static_assert(sizeof(struct repeat_line) == DAMP_CACHE_LINE, "one line a key");

struct damp_repeat {
	uint64_t mask;
	uint8_t pad[DAMP_CACHE_LINE - sizeof(uint64_t)];
	struct repeat_line line[];
};

/* Lines of 2^log2 bytes; at least one. */
static uint64_t lines(unsigned bytes_log2)
{
	return bytes_log2 > 6 ? 1ull << (bytes_log2 - 6) : 1;
}

static struct repeat_line *line_of(const struct damp_repeat *g, uint64_t key)
{
	return (struct repeat_line *)&g->line[key & g->mask];
}

/* Four of 64 bits, from the end of the key that the line is not taken from. */
static inline uint64_t bits_of(uint64_t key)
{
	uint64_t bits = 1ull << (key >> 39 & 63);

	bits |= 1ull << (key >> 45 & 63);
	bits |= 1ull << (key >> 51 & 63);
	return bits | 1ull << (key >> 57);
}

size_t damp_repeat_bytes(unsigned bytes_log2)
{
	return sizeof(struct damp_repeat) + lines(bytes_log2) * sizeof(struct repeat_line);
}

struct damp_repeat *damp_repeat_init(void *mem, unsigned bytes_log2)
{
	struct damp_repeat *g = mem;

	memset(mem, 0, damp_repeat_bytes(bytes_log2));
	g->mask = lines(bytes_log2) - 1;
	return g;
}

void damp_repeat_prefetch(const struct damp_repeat *g, uint64_t key)
{
	damp_prefetch(line_of(g, key));
}

struct damp_repeat_time damp_repeat_time(damp_tick now)
{
	struct damp_repeat_time t = { .present = now / UNIT };

	for (unsigned back = 0; back <= OLDEST; back++)
		t.word[back] = (t.present + WORDS - back) % WORDS;
	return t;
}

/* Are the bits in a word of the right age, of a line that was written in the present? */
static inline bool has_fresh(const struct repeat_line *l, uint64_t bits, const struct damp_repeat_time *t)
{
	return (l->word[t->word[4]] & bits) == bits || (l->word[t->word[5]] & bits) == bits ||
	       (l->word[t->word[6]] & bits) == bits;
}
_Static_assert(YOUNGEST == 4 && OLDEST == 6, "the words of has_fresh()");

static bool has(const struct repeat_line *l, uint64_t bits, const struct damp_repeat_time *t)
{
	for (unsigned back = YOUNGEST; back <= OLDEST; back++) {
		const uint64_t at = t->present - back;

		if (at <= l->generation && at + WORDS > l->generation && (~l->word[t->word[back]] & bits) == 0)
			return true;
	}
	return false;
}

/* Bring a line to the present. */
static void renew(struct repeat_line *l, uint64_t present)
{
	if (present >= l->generation + WORDS)
		memset(l->word, 0, sizeof(l->word));
	else
		for (uint64_t at = l->generation + 1; at <= present; at++)
			l->word[at % WORDS] = 0;
	if (present > l->generation)
		l->generation = present;
}

bool damp_repeat_again(const struct damp_repeat *g, uint64_t key, damp_tick now)
{
	const struct damp_repeat_time t = damp_repeat_time(now);

	return has(line_of(g, key), bits_of(key), &t);
}

void damp_repeat_note(struct damp_repeat *g, uint64_t key, damp_tick now)
{
	struct repeat_line *l = line_of(g, key);
	const uint64_t present = now / UNIT;

	renew(l, present);
	l->word[present % WORDS] |= bits_of(key);
}

/* The same of a line that was last written earlier. */
static __attribute__((noinline)) bool note_aged(struct repeat_line *l, uint64_t bits, const struct damp_repeat_time *t)
{
	if (has(l, bits, t))
		return false;
	renew(l, t->present);
	l->word[t->word[0]] |= bits;
	return true;
}

bool damp_repeat_note_new(struct damp_repeat *g, uint64_t key, const struct damp_repeat_time *t)
{
	struct repeat_line *l = line_of(g, key);
	const uint64_t bits = bits_of(key);

	if (damp_unlikely(l->generation != t->present))
		return note_aged(l, bits, t);
	if (damp_unlikely(has_fresh(l, bits, t)))
		return false;
	l->word[t->word[0]] |= bits;
	return true;
}
