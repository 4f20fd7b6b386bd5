/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line of repetitions, for repeat.c and for the loop over what a flood consists of
 * (flood_sweep.c), where most of it is done in place.
 *
 * Invariant: words of a line belong to the six generations up to the one in its
 * head, tags to the last TAG_LIFE pairs of generations; a line is brought to the
 * present when it is written, and what is ahead of its head counts as empty. So
 * nothing has to be swept. A tag holds four bits of its time, which is enough as
 * long as a line that was left alone for longer counts as empty.
 */
#ifndef DAMP_CORE_REPEAT_LINE_H
#define DAMP_CORE_REPEAT_LINE_H

#include "repeat.h"

#include "compiled.h"
#include "hash.h"

#define WORDS 6u
#define TAGS 8u                 /* of 16 bits; in the place of the first is the head */
#define BITS_OF_KEY 6u
#define FULL 6u                 /* keys in a word; they set 28 bits or so */
#define COUNT_BITS 3u
#define COUNT_MASK ((1u << COUNT_BITS) - 1)
#define UNIT (DAMP_TICK_HZ * 5 / 8)
/* Generations back: always seen are ages of 1.875 to 3.125 s, never others than
 * 1.25 to 3.75. Of tags, whose generations last twice as long, twice that. */
#define OLDEST DAMP_REPEAT_BACK
#define YOUNGEST 3u
#define TAG_LIFE (OLDEST + 1)
#define TAG_BITS 12u
#define TAG_TIMES 16u
/* Generations after which nothing of a line counts. */
#define FORGOTTEN (2 * TAG_LIFE)
_Static_assert(OLDEST < WORDS, "a line remembers as far back as is asked");
_Static_assert(2 * TAG_LIFE + 1 < TAG_TIMES, "an old tag is not taken for a young one");

struct repeat_line {
	uint16_t head;                  /* the newest generation, and how many keys its word has */
	uint16_t tag[TAGS - 1];         /* 0: free; else time << TAG_BITS | 12 bits, the last 1 */
	uint64_t word[WORDS];
};
/* Generations are counted in a circle of 85 minutes; it has a whole number of turns of
 * words and of tags. */
#define CIRCLE 8160u
_Static_assert(CIRCLE % WORDS == 0 && CIRCLE / 2 % TAG_TIMES == 0 && CIRCLE << COUNT_BITS <= UINT16_MAX,
	       "no seam");
_Static_assert(FULL <= COUNT_MASK, "it can be counted");
_Static_assert(sizeof(struct repeat_line) == DAMP_CACHE_LINE, "one line a key");

/* Six of 64 bits, from the end of the key that the line is not taken from. */
ALWAYS uint64_t bits_of(uint64_t key)
{
	uint64_t bits = 1ull << (key & 63);

	for (unsigned i = 1; i < BITS_OF_KEY; i++)
		bits |= 1ull << (key >> 6 * i & 63);
	return bits;
}

ALWAYS uint16_t tag_of(uint64_t key)
{
	return (uint16_t)((key * DAMP_GOLDEN >> (64 - TAG_BITS)) | 1);
}

ALWAYS unsigned generation(const struct repeat_line *l)
{
	return l->head >> COUNT_BITS;
}

typedef uint16_t tags __attribute__((vector_size(TAGS * sizeof(uint16_t)), may_alias));

/* Has any tag the bits of this one, or by chance the head? */
ALWAYS bool may_have(const struct repeat_line *l, uint16_t tag)
{
	const tags same = ((*(const tags *)(const void *)l ^ tag) & ((1u << TAG_BITS) - 1)) == 0;
	uint64_t any[2];

	memcpy(any, &same, sizeof(any));
	return (any[0] | any[1]) != 0;
}

/* Of a line that is so many generations behind. */
ALWAYS bool was_here(const struct repeat_line *l, uint64_t bits, const struct damp_repeat_time *t,
			    unsigned behind)
{
	bool found = false;

	for (unsigned back = YOUNGEST; back <= OLDEST; back++)
		found |= (~l->word[t->word[back]] & bits) == 0 && back >= behind;
	return found;
}

ALWAYS void note_bits(struct repeat_line *l, uint64_t bits, const struct damp_repeat_time *t)
{
	uint64_t *word = &l->word[t->word[0]];

	if ((l->head & COUNT_MASK) == FULL || (~*word & bits) == 0)
		return;
	*word |= bits;
	l->head++;
}

/* repeat.c: the same as damp_repeat_note_new(), of a line that is behind. */
bool damp_repeat_note_behind(void *line, uint64_t key, const struct damp_repeat_time *t);
/* repeat.c: has a line a tag of key from when the second copy must have been? */
bool damp_repeat_was_twice(const void *line, uint64_t key, const struct damp_repeat_time *t);

/* What damp_repeat_note_new() does. */
ALWAYS bool damp_repeat_note_here(struct damp_repeat *g, uint64_t key, const struct damp_repeat_time *t)
{
	struct repeat_line *l = damp_repeat_line(g, key);
	uint64_t bits;

	if (damp_unlikely(generation(l) != t->present))
		return damp_repeat_note_behind(l, key, t);
	bits = bits_of(key);
	if (was_here(l, bits, t, 0) || (damp_unlikely(may_have(l, tag_of(key))) && damp_repeat_was_twice(l, key, t)))
		return false;
	note_bits(l, bits, t);
	return true;
}

#endif
