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

#define WORDS 6u
#define TAGS 8u                 /* of 16 bits; in the place of the first is the head */
#define BITS_OF_KEY 6u
#define FULL 6u                 /* keys in a word; they set 28 bits or so */
#define COUNT_BITS 3u
#define COUNT_MASK ((1u << COUNT_BITS) - 1)
#define UNIT (DAMP_TICK_HZ * 5 / 8)
/* Generations back: always seen are ages of 1.875 to 3.125 s, never others than
 * 1.25 to 3.75. Of tags, whose generations last twice as long, twice that. */
#define OLDEST 5u
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
_Static_assert(CIRCLE % WORDS == 0 && CIRCLE / 2 % TAG_TIMES == 0 && CIRCLE << COUNT_BITS <= UINT16_MAX, "no seam");
_Static_assert(FULL <= COUNT_MASK, "it can be counted");
_Static_assert(sizeof(struct repeat_line) == DAMP_CACHE_LINE, "one line a key");

struct damp_repeat {
	uint32_t nlines;
	uint8_t pad[DAMP_CACHE_LINE - sizeof(uint32_t)];
	struct repeat_line line[];
};

/* Where a key is, and when: lines turn at different times, so that what is noted
 * while there is room for it is spread in time. */
struct place { struct repeat_line *line; uint16_t present; };

/* The uppermost bit of a key says that there is one. */
static uint32_t index_of(const struct damp_repeat *g, uint64_t key)
{
	return (uint32_t)((uint64_t)(uint32_t)(key >> 31) * g->nlines >> 32);
}

static struct place place_of(const struct damp_repeat *g, uint64_t key, damp_tick now)
{
	const uint32_t at = index_of(g, key);
	const uint32_t phase = (at * 0x9e3779b1u) >> 12;

	return (struct place){ (struct repeat_line *)&g->line[at], (uint16_t)((now + phase) / UNIT % CIRCLE) };
}

/* Six of 64 bits, from the end of the key that the line is not taken from. */
static uint64_t bits_of(uint64_t key)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < BITS_OF_KEY; i++)
		bits |= 1ull << (key >> (6 * i) & 63);
	return bits;
}

static uint16_t tag_of(uint64_t key)
{
	return (uint16_t)((key * 0x9e3779b97f4a7c15ull >> (64 - TAG_BITS)) | 1);
}

static unsigned behind_of(const struct repeat_line *l, uint16_t present)
{
	return (present + CIRCLE - (l->head >> COUNT_BITS)) % CIRCLE;
}

/* Age of a tag in pairs of generations. */
static unsigned tag_age(uint16_t tag, uint16_t present)
{
	return (present / 2u + TAG_TIMES - (tag >> TAG_BITS)) % TAG_TIMES;
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

void damp_repeat_prefetch(const struct damp_repeat *g, uint64_t key)
{
	damp_prefetch(&g->line[index_of(g, key)]);
}

typedef uint16_t tags __attribute__((vector_size(TAGS * sizeof(uint16_t)), may_alias));

/* Has any tag, or the head, the bits of this one? */
static bool may_have(const struct repeat_line *l, uint16_t tag)
{
	const tags same = ((*(const tags *)(const void *)l ^ tag) & ((1u << TAG_BITS) - 1)) == 0;
	uint64_t any[2];

	memcpy(any, &same, sizeof(any));
	return (any[0] | any[1]) != 0;
}

static bool was_here_twice(const struct repeat_line *l, uint64_t key, uint16_t present)
{
	const uint16_t tag = tag_of(key);

	if (damp_likely(!may_have(l, tag)))
		return false;
	for (unsigned i = 0; i < TAGS - 1; i++)
		if (((l->tag[i] ^ tag) & ((1u << TAG_BITS) - 1)) == 0 && tag_age(l->tag[i], present) >= YOUNGEST &&
		    tag_age(l->tag[i], present) <= OLDEST)
			return true;
	return false;
}

static bool was_here(const struct repeat_line *l, uint64_t key, uint16_t present, unsigned behind)
{
	const uint64_t bits = bits_of(key);

	for (unsigned back = YOUNGEST; back <= OLDEST; back++)
		if (back >= behind && (l->word[(present + CIRCLE - back) % WORDS] & bits) == bits)
			return true;
	return false;
}

unsigned damp_repeat_copies(const struct damp_repeat *g, uint64_t key, damp_tick now)
{
	const struct place at = place_of(g, key, now);
	const unsigned behind = behind_of(at.line, at.present);

	if (behind >= FORGOTTEN)
		return 0;
	if (was_here_twice(at.line, key, at.present))
		return 2;
	return was_here(at.line, key, at.present, behind);
}

static bool has_tags(const struct repeat_line *l)
{
	static const uint16_t none[TAGS - 1];

	return memcmp(l->tag, none, sizeof(none)) != 0;
}

static void drop_tags(struct repeat_line *l, uint16_t present)
{
	for (unsigned i = 0; i < TAGS - 1; i++)
		if (tag_age(l->tag[i], present) >= TAG_LIFE)
			l->tag[i] = 0;
}

/* Bring a line to the present. */
static void turn(struct repeat_line *l, uint16_t present)
{
	const unsigned behind = behind_of(l, present);

	if (behind >= WORDS)
		memset(l->word, 0, sizeof(l->word));
	for (unsigned i = 0; i < behind && behind < WORDS; i++)
		l->word[(present + CIRCLE - i) % WORDS] = 0;
	if (behind >= FORGOTTEN)
		memset(l->tag, 0, sizeof(l->tag));
	else if (damp_unlikely(has_tags(l)))
		drop_tags(l, present);
	l->head = (uint16_t)(present << COUNT_BITS);
}

static void note_bits(struct repeat_line *l, uint64_t bits, uint16_t present)
{
	uint64_t *word = &l->word[present % WORDS];

	if ((l->head & COUNT_MASK) == FULL || (*word & bits) == bits)
		return;
	*word |= bits;
	l->head++;
}

static void note_tag(struct repeat_line *l, uint64_t key, uint16_t present)
{
	for (unsigned i = 0; i < TAGS - 1; i++) {
		if (l->tag[i] == 0) {
			l->tag[i] = (uint16_t)((present / 2u % TAG_TIMES) << TAG_BITS | tag_of(key));
			return;
		}
	}
}

void damp_repeat_note(struct damp_repeat *g, uint64_t key, unsigned copies, damp_tick now)
{
	const struct place at = place_of(g, key, now);

	if (at.present != at.line->head >> COUNT_BITS)
		turn(at.line, at.present);
	if (copies == 1)
		note_tag(at.line, key, at.present);
	else if (copies == 0)
		note_bits(at.line, bits_of(key), at.present);
}
