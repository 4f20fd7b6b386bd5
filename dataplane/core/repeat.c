/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Repetitions: a line of seven tags and six words; see repeat.h.
 *
 * Invariant: words of a line belong to the six generations up to the one in its
 * head, tags to the last TAG_LIFE pairs of generations; a line is brought to the
 * present when it is written, and what is ahead of its head counts as empty. So
 * nothing has to be swept. A tag holds four bits of its time, which is enough as
 * long as a line that was left alone for longer counts as empty.
 */
#include "repeat.h"

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
static inline uint64_t bits_of(uint64_t key)
{
	uint64_t bits = 1ull << (key & 63);

	for (unsigned i = 1; i < BITS_OF_KEY; i++)
		bits |= 1ull << (key >> 6 * i & 63);
	return bits;
}

static inline uint16_t tag_of(uint64_t key)
{
	return (uint16_t)((key * DAMP_GOLDEN >> (64 - TAG_BITS)) | 1);
}

static inline unsigned generation(const struct repeat_line *l)
{
	return l->head >> COUNT_BITS;
}

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

typedef uint16_t tags __attribute__((vector_size(TAGS * sizeof(uint16_t)), may_alias));
typedef int16_t signed_tags __attribute__((vector_size(TAGS * sizeof(int16_t))));

/* Has any tag the bits of this one, or by chance the head? */
static inline bool may_have(const struct repeat_line *l, uint16_t tag)
{
	const tags same = ((*(const tags *)(const void *)l ^ tag) & ((1u << TAG_BITS) - 1)) == 0;
	uint64_t any[2];

	memcpy(any, &same, sizeof(any));
	return (any[0] | any[1]) != 0;
}

static __attribute__((noinline)) bool was_here_twice(const struct repeat_line *l, uint16_t tag,
						      const struct damp_repeat_time *t)
{
	for (unsigned i = 0; i < TAGS - 1; i++)
		if (((l->tag[i] ^ tag) & ((1u << TAG_BITS) - 1)) == 0 && tag_age(l->tag[i], t) >= YOUNGEST &&
		    tag_age(l->tag[i], t) <= OLDEST)
			return true;
	return false;
}

/* Of a line that is so many generations behind. */
static inline bool was_here(const struct repeat_line *l, uint64_t bits, const struct damp_repeat_time *t,
			    unsigned behind)
{
	bool found = false;

	for (unsigned back = YOUNGEST; back <= OLDEST; back++)
		found |= (~l->word[t->word[back]] & bits) == 0 && back >= behind;
	return found;
}

/* Of a line that is so many generations behind; bits: those of key. */
static inline unsigned copies_at(const struct repeat_line *l, uint64_t key, uint64_t bits,
				 const struct damp_repeat_time *t, unsigned behind)
{
	const uint16_t tag = tag_of(key);

	if (behind >= FORGOTTEN)
		return 0;
	if (damp_unlikely(may_have(l, tag)) && was_here_twice(l, tag, t))
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

static inline void note_bits(struct repeat_line *l, uint64_t bits, const struct damp_repeat_time *t)
{
	uint64_t *word = &l->word[t->word[0]];

	if ((l->head & COUNT_MASK) == FULL || (~*word & bits) == 0)
		return;
	*word |= bits;
	l->head++;
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

static __attribute__((noinline)) bool note_first(struct repeat_line *l, uint64_t key,
						  const struct damp_repeat_time *t)
{
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
	struct repeat_line *l = damp_repeat_line(g, key);
	uint64_t bits;

	if (generation(l) != t->present)
		return note_first(l, key, t);
	bits = bits_of(key);
	if (copies_at(l, key, bits, t, 0) != 0)
		return false;
	note_bits(l, bits, t);
	return true;
}
