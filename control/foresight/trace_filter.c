/* SPDX-License-Identifier: BSD-3-Clause */
/* See trace_filter.h. */
#include "trace_filter.h"

#include "common/names.h"
#include "describe.h"
#include "rules/suggest.h"
#include "sides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 200u
#define ALL(n) ((uint8_t)((1u << (n)) - 1))

struct reader {
	struct damp_trace_filter *f;
	uint32_t seen; /* keys, by their place in the table */
	char *why;
};

struct key {
	const char *name;
	bool (*read)(struct reader *r, const char *value);
};

static bool wrong(struct reader *r, const char *key, const char *value, const char *write)
{
	snprintf(r->why, DAMP_TRACE_WHY, "%s %.60s: write %s", key, value, write);
	return false;
}

static bool read_end(struct reader *r, const char *value, struct damp_trace_end *out)
{
	char why[DAMP_DESCRIBE_WHY];
	struct damp_addr addr;
	unsigned plen;

	if (!damp_prefix_of(value, &addr, &plen, why)) {
		snprintf(r->why, DAMP_TRACE_WHY, "%s", why);
		return false;
	}
	memcpy(out->addr, addr.b, sizeof(out->addr));
	/* Of IPv4 every prefix holds the twelve bytes before it. */
	out->bits = plen + (damp_addr_is_v4(&addr) ? 96 : 0);
	return true;
}

static bool read_from(struct reader *r, const char *value)
{
	return read_end(r, value, &r->f->from);
}

static bool read_to(struct reader *r, const char *value)
{
	return read_end(r, value, &r->f->to);
}

static bool read_host(struct reader *r, const char *value)
{
	return read_end(r, value, &r->f->host);
}

static bool read_port(struct reader *r, const char *value)
{
	char *end;
	const unsigned long n = strtoul(value, &end, 10);

	if (*end != '\0' || value[0] < '0' || value[0] > '9' || n == 0 || n > 65535)
		return wrong(r, "port", value, "a number from 1 to 65535");
	r->f->port = (uint16_t)n;
	return true;
}

/* The place of a word among those that name gives for 0 .. n - 1; -1: none. */
static int place(const char *value, const char *(*name)(unsigned), unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(value, name(i)) == 0)
			return (int)i;
	return -1;
}

/* "a, b or c" */
static void list_words(char *out, size_t len, const char *(*name)(unsigned), unsigned n)
{
	size_t at = 0;

	for (unsigned i = 0; i < n && at < len; i++)
		at += (size_t)snprintf(out + at, len - at, "%s%s",
				       i == 0 ? "" : i + 1 < n ? ", " : " or ", name(i));
}

/* One of the words that name gives: the bit of its place. */
static bool read_word(struct reader *r, const char *key, const char *value, const char *(*name)(unsigned),
		      unsigned n, uint8_t *bits)
{
	const int at = place(value, name, n);
	char write[160];

	if (at < 0) {
		list_words(write, sizeof(write), name, n);
		return wrong(r, key, value, write);
	}
	*bits = (uint8_t)(1u << at);
	return true;
}

static bool read_side(struct reader *r, const char *value)
{
	return read_word(r, "side", value, damp_name_side, DAMP_SIDE_MAX, &r->f->sides);
}

static bool read_msg(struct reader *r, const char *value)
{
	return read_word(r, "msg", value, damp_name_kind, DAMP_KIND_MAX, &r->f->kinds);
}

static bool read_verdict(struct reader *r, const char *value)
{
	return read_word(r, "verdict", value, damp_name_verdict, DAMP_VERDICT_MAX, &r->f->verdicts);
}

static bool read_reason(struct reader *r, const char *value)
{
	const int at = place(value, damp_name_reason, DAMP_REASON_MAX);
	struct damp_suggestion near = damp_suggestion_start(value);

	if (at >= 0) {
		r->f->reason = (uint8_t)at;
		return true;
	}
	for (unsigned i = 0; i < DAMP_REASON_MAX; i++)
		damp_suggestion_try(&near, damp_name_reason(i));
	if (near.name == NULL)
		return wrong(r, "reason", value, "a name of docs/counters.md");
	snprintf(r->why, DAMP_TRACE_WHY, "reason %.60s is none; did you mean %s?", value, near.name);
	return false;
}

static bool read_code(struct reader *r, const char *value)
{
	char name[8];

	for (unsigned code = 0; code < 256; code++)
		if (strcmp(value, damp_name_code(code, name, sizeof(name))) == 0) {
			r->f->code = (uint16_t)code;
			return true;
		}
	return wrong(r, "code", value, "a method like GET, or a code like 2.05");
}

/* "/a/b", or "/a/..." with two stars behind the last slash: whatever lies below. */
static bool read_path(struct reader *r, const char *value)
{
	size_t len = strlen(value);
	const bool below = len >= 3 && strcmp(value + len - 3, "/**") == 0;

	len -= below ? 3 : 0;
	if (value[0] != '/' || len > sizeof(r->f->path))
		return wrong(r, "path", value, "/a/b, or /a/** for all below /a; at most 128 characters");
	if (memchr(value, '*', len) != NULL)
		return wrong(r, "path", value, "** at the end only");
	/* Below the root is all that has a path. */
	r->f->path_len = (uint8_t)(below && len == 0 ? 1 : len);
	memcpy(r->f->path, value, r->f->path_len);
	r->f->path_prefix = below;
	return true;
}

static bool read_rule(struct reader *r, const char *value)
{
	if (strlen(value) >= sizeof(r->f->rule))
		return wrong(r, "rule", value, "the id of a rule; none is so long");
	snprintf(r->f->rule, sizeof(r->f->rule), "%s", value);
	return true;
}

static const struct key keys[] = {
	{ "from", read_from }, { "to", read_to },     { "host", read_host },	   { "port", read_port },
	{ "side", read_side }, { "msg", read_msg },   { "code", read_code },	   { "path", read_path },
	{ "rule", read_rule }, { "reason", read_reason }, { "verdict", read_verdict },
};
#define NKEYS (sizeof(keys) / sizeof(keys[0]))

static int find_key(struct reader *r, const char *word)
{
	struct damp_suggestion near = damp_suggestion_start(word);

	for (unsigned i = 0; i < NKEYS; i++) {
		if (strcmp(word, keys[i].name) == 0)
			return (int)i;
		damp_suggestion_try(&near, keys[i].name);
	}
	if (near.name != NULL)
		snprintf(r->why, DAMP_TRACE_WHY, "there is no '%.60s' to filter by; did you mean '%s'?",
			 word, near.name);
	else
		snprintf(r->why, DAMP_TRACE_WHY,
			 "there is no '%.60s' to filter by; write from, to, host, port, side, msg, code, path, rule, "
			 "reason or verdict, and a value behind it", word);
	return -1;
}

static bool read_pair(struct reader *r, int key, const char *value)
{
	if (r->seen >> key & 1) {
		snprintf(r->why, DAMP_TRACE_WHY, "%s is there twice; all that is written has to hold",
			 keys[key].name);
		return false;
	}
	r->seen |= 1u << key;
	return keys[key].read(r, value);
}

/* The next word of text into out; where it ends, NULL when there is none. */
static const char *next_word(const char *text, char out[WORD_MAX])
{
	size_t n;

	text += strspn(text, " \t\n");
	n = strcspn(text, " \t\n");
	if (n == 0)
		return NULL;
	snprintf(out, WORD_MAX, "%.*s", (int)n, text);
	return text + n;
}

bool damp_trace_filter_parse(char *const *words, int n, struct damp_trace_filter *out, char *why)
{
	struct reader r = { .f = out, .why = why };
	char word[WORD_MAX];
	int key = -1;

	memset(out, 0, sizeof(*out));
	out->version = DAMP_TRACE_VERSION;
	out->sides = ALL(DAMP_SIDE_MAX);
	out->kinds = (uint8_t)(ALL(DAMP_KIND_MAX) & ~(1u << DAMP_KIND_NOT_COAP));
	out->verdicts = ALL(DAMP_VERDICT_MAX);
	out->reason = DAMP_TRACE_ANY_REASON;
	out->code = DAMP_TRACE_ANY_CODE;
	for (int i = 0; i < n; i++)
		for (const char *at = words[i]; (at = next_word(at, word)) != NULL;) {
			if (key >= 0) {
				if (!read_pair(&r, key, word))
					return false;
				key = -1;
			} else if ((key = find_key(&r, word)) < 0) {
				return false;
			}
		}
	if (key < 0)
		return true;
	snprintf(why, DAMP_TRACE_WHY, "%s: what? A value has to stand behind it", keys[key].name);
	return false;
}
