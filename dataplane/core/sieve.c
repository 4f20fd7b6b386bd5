/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Filling the sieve from a program, and asking it; see sieve.h.
 *
 * A key is a hash of all values up to a place, made value by value; the first is
 * started from the secret of the view, so that nobody can prepare colliding paths.
 * An entry is 13 bits of the key and three flags. Where two keys meet, the entry
 * holds for any key and has the flags of both.
 */
#include "sieve.h"

#include "classify.h"
#include "compiled.h"
#include "hash.h"
#include "option.h"
#include "view.h"

#include <stdlib.h>

#define GOES_ON 1u                      /* a pattern has more values */
#define OPEN 2u                         /* a pattern leaves open what follows */
#define ENDS 4u                         /* a literal ends here */
#define FLAGS 7u
#define TAG_SHIFT 48u
#define ANY_TAG (0xffffu & ~FLAGS)
#define SLOTS_A_KEY 8u
#define SLOTS_MIN 64u
#define SLOTS_MAX (1u << 16)
#define WORD 8u
#define PART 0x80u                      /* a length that no short value has */
/* Each byte may take three in the text, which is empty beyond its bound (classify.h). */
#define RAW_MAX (DAMP_TEXT_BYTES_MAX / 3)

static inline uint64_t stir(uint64_t key, uint64_t what, uint64_t len)
{
	key = (key ^ what ^ len << 56) * DAMP_GOLDEN;
	return key ^ key >> 32;
}

static inline uint64_t load(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return damp_le64(v);
}

/* The first bytes of a value of len that ends before `end`, the first lowest. `end` is
 * at least WORD bytes into readable memory. */
static inline uint64_t first_bytes(const uint8_t *end, uint32_t len)
{
	unsigned drop;

	if (len >= WORD)
		return load(end - len);
	drop = 4 * (WORD - len);
	return load(end - WORD) >> drop >> drop;
}

/* A value more: its first bytes and its last. */
static inline uint64_t key_of(uint64_t key, const uint8_t *end, uint32_t len)
{
	uint64_t v = first_bytes(end, len);

	if (len > WORD)
		v = (v << 29 | v >> 35) ^ load(end - WORD);
	return stir(key, v, len);
}

/* The first n bytes of a value more, 0 < n < WORD. */
static inline uint64_t key_of_part(uint64_t key, const uint8_t *end, uint32_t len, unsigned n)
{
	return stir(key, first_bytes(end, len) & ((1ull << 8 * n) - 1), PART | n);
}

static inline unsigned found(const struct damp_sieve *s, uint64_t key)
{
	const unsigned entry = s->slot[key & s->mask];

	/* Most that is held back meets nothing at all. */
	if (damp_likely(entry == 0))
		return 0;
	return ((entry ^ key >> TAG_SHIFT) & ~FLAGS) == 0 || entry >= ANY_TAG ? entry & FLAGS : 0;
}

static bool parts_open(const struct damp_sieve *s, uint64_t key, const uint8_t *end, uint32_t len)
{
	for (uint32_t parts = s->parts; parts; parts &= parts - 1) {
		const unsigned n = (unsigned)__builtin_ctz(parts);

		if (n <= len && (found(s, key_of_part(key, end, len, n)) & OPEN))
			return true;
	}
	return false;
}

/* One value further. */
enum step { HELD_BACK, LET_BY, GO_ON };

ALWAYS enum step step(const struct damp_sieve *s, uint64_t *key, const uint8_t *end, uint32_t len, bool last)
{
	unsigned flags;

	*key = key_of(*key, end, len);
	flags = found(s, *key);
	if (flags & OPEN)
		return LET_BY;
	if (last)
		return flags & ENDS ? LET_BY : HELD_BACK;
	return flags & GOES_ON ? GO_ON : HELD_BACK;
}

/* Values of any length, and patterns that end within one. */
static __attribute__((noinline)) bool walk(const struct damp_sieve *s, const uint8_t *frame, uint32_t at,
					   uint32_t end)
{
	uint64_t key = s->seed;
	enum step next = GO_ON;
	struct damp_opt o;

	if (s->slot == NULL || at < WORD || end - at > RAW_MAX)
		return true;
	while (next == GO_ON) {
		if (!damp_opt_read(frame + at, end - at, &o))
			return true;
		at += o.hdr + o.len;
		if (parts_open(s, key, frame + at, o.len))
			return true;
		next = step(s, &key, frame + at, o.len, at == end);
	}
	return next == LET_BY;
}

/* The usual case calls nobody: headers of one byte. */
bool damp_sieve_lets_by(const struct damp_sieve *s, const uint8_t *frame, uint32_t at, uint32_t end)
{
	const uint32_t from = at;
	uint64_t key = s->seed;
	enum step next = GO_ON;

	if (damp_unlikely(!s->simple || at < WORD || end - at > RAW_MAX))
		return walk(s, frame, from, end);
	while (next == GO_ON) {
		const uint32_t header = frame[at], len = header & 15u;

		if (damp_unlikely(len >= DAMP_OPT_EXT8 || header >= DAMP_OPT_EXT8 << 4 || len >= end - at))
			return walk(s, frame, from, end);
		at += 1 + len;
		next = step(s, &key, frame + at, len, at == end);
	}
	return next == LET_BY;
}

/* ---- filling ---- */

/* A text of a program, value by value. */
struct reader {
	const char *text;
	uint32_t len, at;
	char separator;
	uint8_t bytes[WORD + DAMP_TEXT_BYTES_MAX];      /* of one value as it is on the wire, behind a word of nothing */
	uint32_t n;
};

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Read one value; *whole: a separator follows. False: the data plane makes no such text. */
static bool read_value(struct reader *r, bool *whole)
{
	r->n = 0;
	for (; r->at < r->len && r->text[r->at] != r->separator; r->at++) {
		int c = (uint8_t)r->text[r->at];

		if (c == '%') {
			if (r->len - r->at < 3 || digit(r->text[r->at + 1]) < 0 ||
			    digit(r->text[r->at + 2]) < 0)
				return false;
			c = digit(r->text[r->at + 1]) << 4 | digit(r->text[r->at + 2]);
			r->at += 2;
		}
		if (r->n == DAMP_TEXT_BYTES_MAX)
			return false;
		r->bytes[WORD + r->n++] = (uint8_t)c;
	}
	*whole = r->at < r->len;
	r->at += *whole;
	return true;
}

static void put(struct damp_sieve *s, uint64_t key, unsigned flag)
{
	uint16_t *slot = &s->slot[key & s->mask];
	const unsigned tag = (unsigned)(key >> TAG_SHIFT) & ~FLAGS;

	if (*slot == 0)
		*slot = (uint16_t)tag;
	else if ((*slot & ~FLAGS) != tag)
		*slot |= ANY_TAG;
	*slot |= (uint16_t)flag;
}

/* Behind the last whole value of a beginning: `n` bytes of one more. False: nothing is
 * known, everything begins so. */
static bool put_part(struct damp_sieve *s, uint64_t key, bool first, const struct reader *r)
{
	const unsigned n = r->n < WORD ? r->n : WORD - 1;

	if (n > 0) {
		s->parts |= 1u << n;
		put(s, key_of_part(key, r->bytes + WORD + r->n, r->n, n), OPEN);
		return true;
	}
	if (!first)
		put(s, key, OPEN);
	return !first;
}

/* A text; ends: nothing may follow it. False: this sieve can hold nothing back. */
static bool put_text(struct damp_sieve *s, struct reader *r, bool ends)
{
	uint64_t key = s->seed;
	bool whole = true;

	if (r->separator == '/' && (r->len == 0 || r->text[0] != '/'))
		return false;
	r->at = r->separator == '/';
	for (bool first = true;; first = false) {
		if (!read_value(r, &whole))
			return false;
		if (!whole && !ends)
			return put_part(s, key, first, r);
		key = key_of(key, r->bytes + WORD + r->n, r->n);
		put(s, key, whole ? GOES_ON : ENDS);
		if (!whole)
			return true;
	}
}

static bool put_literals(struct damp_sieve *s, struct reader *r, const struct damp_view *v,
			 uint32_t first, uint32_t n, bool ends)
{
	for (uint32_t i = first; i < first + n; i++) {
		r->text = damp_view_string(v, v->literals[i].text_off);
		r->len = v->literals[i].text_len;
		if (!put_text(s, r, ends))
			return false;
	}
	return true;
}

static bool put_heads(struct damp_sieve *s, struct reader *r, const struct damp_view *v,
		      const struct damp_text_rows *t)
{
	for (uint32_t i = t->heads; i < t->heads + t->nscan; i++) {
		r->text = damp_view_string(v, v->heads[i].text_off);
		r->len = v->heads[i].text_len;
		if (!put_text(s, r, false))
			return false;
	}
	return true;
}

static uint32_t slots_for(const struct damp_text_rows *t)
{
	const uint64_t want = 2ull * SLOTS_A_KEY * ((uint64_t)t->nliterals + t->nprefixes + t->nscan);
	uint32_t n = SLOTS_MIN;

	while (n < want && n < SLOTS_MAX)
		n *= 2;
	return n;
}

bool damp_sieve_open(struct damp_sieve *s, const struct damp_view *v, unsigned text)
{
	const struct damp_text_rows *t = &v->texts[text];
	struct reader r = { .separator = text ? '&' : '/' };
	const uint32_t slots = slots_for(t);

	*s = (struct damp_sieve){ .mask = slots - 1, .seed = v->memo_key.k0 };
	s->slot = calloc(slots, sizeof(*s->slot));
	if (s->slot == NULL)
		return false;
	if (!put_literals(s, &r, v, t->literals, t->nliterals, true) ||
	    !put_literals(s, &r, v, t->prefixes, t->nprefixes, false) || !put_heads(s, &r, v, t))
		damp_sieve_close(s);
	s->simple = s->slot != NULL && s->parts == 0;
	return true;
}

void damp_sieve_close(struct damp_sieve *s)
{
	free(s->slot);
	s->slot = NULL;
}
