/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Repetitions: how lines are asked and turned; see repeat.h and repeat_line.h.
 */
#include "repeat_line.h"

static unsigned behind_of(const struct repeat_line *l, const struct damp_repeat_time *t)
{
	const unsigned gen = generation(l);

	return t->present - gen + (t->present < gen ? CIRCLE : 0);
}

/* Age of a tag in pairs of generations. */
static unsigned tag_age(uint16_t tag, const struct damp_repeat_time *t)
{
	return (t->present / 2u + TAG_TIMES - (tag >> TAG_BITS)) % TAG_TIMES;
}

size_t damp_repeat_bytes(uint32_t lines)
{
	return sizeof(struct damp_repeat) + (lines ? lines : 1) * sizeof(struct repeat_line);
}

struct damp_repeat *damp_repeat_init(void *mem, uint32_t lines)
{
	struct damp_repeat *g = mem;

	memset(mem, 0, damp_repeat_bytes(lines));
	g->nlines = lines ? lines : 1;
	return g;
}

struct damp_repeat_time damp_repeat_time(damp_tick now)
{
	struct damp_repeat_time t = { .present = (uint16_t)(now / UNIT % CIRCLE) };

	for (unsigned back = 0; back <= OLDEST; back++)
		t.word[back] = (uint8_t)((t.present + CIRCLE - back) % WORDS);
	return t;
}

typedef int16_t signed_tags __attribute__((vector_size(TAGS * sizeof(int16_t))));

bool damp_repeat_was_twice(const void *line, uint64_t key, const struct damp_repeat_time *t)
{
	const struct repeat_line *l = line;
	const uint16_t tag = tag_of(key);

	for (unsigned i = 0; i < TAGS - 1; i++)
		if (((l->tag[i] ^ tag) & ((1u << TAG_BITS) - 1)) == 0 && tag_age(l->tag[i], t) >= YOUNGEST &&
		    tag_age(l->tag[i], t) <= OLDEST)
			return true;
	return false;
}

/* Of a line that is so many generations behind; bits: those of key. */
static inline unsigned copies_at(const struct repeat_line *l, uint64_t key, uint64_t bits,
				 const struct damp_repeat_time *t, unsigned behind)
{
	if (behind >= FORGOTTEN)
		return 0;
	if (damp_unlikely(may_have(l, tag_of(key))) && damp_repeat_was_twice(l, key, t))
		return 2;
	return was_here(l, bits, t, behind);
}

unsigned damp_repeat_copies(const struct damp_repeat *g, uint64_t key, damp_tick now)
{
	const struct damp_repeat_time t = damp_repeat_time(now);
	const struct repeat_line *l = damp_repeat_line(g, key);

	return copies_at(l, key, bits_of(key), &t, behind_of(l, &t));
}

/* All at once, and the head with them. */
static inline void drop_tags(struct repeat_line *l, const struct damp_repeat_time *t)
{
	tags *const all = (tags *)(void *)l;
	const tags age = ((uint16_t)(t->present / 2u + TAG_TIMES) - (*all >> TAG_BITS)) & (TAG_TIMES - 1);

	*all &= (tags)((signed_tags)age < (int16_t)TAG_LIFE);
}

/* Bring a line that is so many generations behind to the present. */
static inline void turn(struct repeat_line *l, const struct damp_repeat_time *t, unsigned behind)
{
	if (behind >= FORGOTTEN) {
		memset(l, 0, sizeof(*l));
	} else {
		if (behind >= WORDS)
			memset(l->word, 0, sizeof(l->word));
		for (unsigned i = 0; i < behind && behind < WORDS; i++)
			l->word[t->word[i]] = 0;
		drop_tags(l, t);
	}
	l->head = (uint16_t)(t->present << COUNT_BITS);
}

static void note_tag(struct repeat_line *l, uint16_t tag, const struct damp_repeat_time *t)
{
	for (unsigned i = 0; i < TAGS - 1; i++) {
		if (l->tag[i] == 0) {
			l->tag[i] = (uint16_t)((t->present / 2u % TAG_TIMES) << TAG_BITS | tag);
			return;
		}
	}
}

void damp_repeat_note(struct damp_repeat *g, uint64_t key, unsigned copies, damp_tick now)
{
	const struct damp_repeat_time t = damp_repeat_time(now);
	struct repeat_line *l = damp_repeat_line(g, key);

	if (generation(l) != t.present)
		turn(l, &t, behind_of(l, &t));
	if (copies == 1)
		note_tag(l, tag_of(key), &t);
	else if (copies == 0)
		note_bits(l, bits_of(key), &t);
}

bool damp_repeat_note_behind(void *line, uint64_t key, const struct damp_repeat_time *t)
{
	struct repeat_line *l = line;
	const unsigned behind = behind_of(l, t);
	const uint64_t bits = bits_of(key);

	if (copies_at(l, key, bits, t, behind) != 0)
		return false;
	turn(l, t, behind);
	note_bits(l, bits, t);
	return true;
}

bool damp_repeat_note_new(struct damp_repeat *g, uint64_t key, const struct damp_repeat_time *t)
{
	return damp_repeat_note_here(g, key, t);
}
