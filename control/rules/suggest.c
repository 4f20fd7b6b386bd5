/* SPDX-License-Identifier: BSD-3-Clause */
/* See suggest.h. */
#include "suggest.h"

#include "source_line.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define WORD_MAX 64u

static unsigned min2(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Characters, not bytes: one strange letter is one mistake. Returns how many. */
static size_t spell(const char *text, uint32_t out[WORD_MAX + 1])
{
	size_t n = 0;

	for (size_t left = strlen(text), step; left && n <= WORD_MAX; left -= step, text += step) {
		step = damp_utf8_next(text, left, &out[n]);
		if (out[n] < 0x80)
			out[n] = (uint32_t)tolower((int)out[n]);
		n++;
	}
	return n;
}

static unsigned distance(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
	unsigned d[3][WORD_MAX + 1];
	unsigned *before = d[0], *last = d[1], *now = d[2];

	for (size_t j = 0; j <= m; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *spare = before;

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			const uint32_t x = a[i - 1], y = b[j - 1];

			now[j] = min2(min2(last[j], now[j - 1]) + 1, last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == b[j - 2] && y == a[i - 2])
				now[j] = min2(now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[m];
}

/* What other tools call it, and what it is called here. A word may mean several
 * things; the one that fits is that which is possible where it stands. */
static const struct { const char *word, *meant; } synonyms[] = {
	{ "deny", "drop" }, { "reject", "drop" }, { "discard", "drop" }, { "refuse", "drop" },
	{ "allow", "accept" }, { "permit", "accept" }, { "pass", "accept" }, { "forward", "accept" },
	{ "verify", "challenge" }, { "prove", "challenge" }, { "echo", "challenge" },
	{ "dry-run", "observe" }, { "dryrun", "observe" }, { "monitor", "observe" }, { "audit", "observe" },
	{ "shadow", "observe" }, { "simulate", "observe" }, { "log", "observe" }, { "warn", "observe" },
	{ "active", "enforce" }, { "enabled", "enforce" }, { "on", "enforce" }, { "true", "enforce" },
	{ "disabled", "off" }, { "disable", "off" }, { "false", "off" }, { "no", "off" },
	{ "method", "code" }, { "action", "then" }, { "verdict", "then" }, { "name", "id" },
	{ "for", "until" }, { "expires", "until" }, { "expiry", "until" }, { "ends", "until" },
	{ "comment", "about" }, { "description", "about" }, { "src", "source" }, { "saddr", "source" },
	{ "dst", "target" }, { "daddr", "target" }, { "destination", "target" }, { "sport", "from_port" },
	{ "dport", "to_port" }, { "port", "to_port" }, { "uri", "path" }, { "url", "path" },
	{ "resource", "path" }, { "kind", "msg" }, { "schedule", "when" }, { "time", "when" },
	{ "device", "ports" }, { "interface", "ports" }, { "networks", "prefixes" }, { "subnets", "prefixes" },
	{ "addresses", "prefixes" }, { "whitelist", "exempt" }, { "allowlist", "exempt" },
	{ "variables", "define" }, { "vars", "define" }, { "host", "source" }, { "client", "peer" },
	{ "server", "device" }, { "user", "tenant" }, { "cidr", "prefix" }, { "net", "prefix" },
	{ "ip", "prefix" }, { "address", "prefix" }, { "ip", "source" }, { "address", "source" }, { "reply", "response" }, { "notification", "response" },
	{ "ping", "empty" }, { "monday", "mon" }, { "tuesday", "tue" }, { "wednesday", "wed" },
	{ "thursday", "thu" }, { "friday", "fri" }, { "saturday", "sat" }, { "sunday", "sun" },
};

static bool same_word(const char *a, const char *b)
{
	while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

static bool means(const char *written, const char *candidate)
{
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
		if (strcmp(synonyms[i].meant, candidate) == 0 && same_word(synonyms[i].word, written))
			return true;
	return false;
}

struct damp_suggestion damp_suggestion_start(const char *written)
{
	return (struct damp_suggestion){ .written = written };
}

void damp_suggestion_try(struct damp_suggestion *s, const char *candidate)
{
	uint32_t a[WORD_MAX + 1], b[WORD_MAX + 1];
	const size_t n = spell(s->written, a), m = spell(candidate, b);
	const size_t near = m / 3 > 1 ? m / 3 : 1;
	unsigned d;

	if (n > WORD_MAX || m > WORD_MAX || !n)
		return;
	if (!s->name && means(s->written, candidate)) {
		s->name = candidate;
		s->distance = WORD_MAX; /* a slip of the pen is likelier */
		return;
	}
	d = distance(a, n, b, m);
	if (d > near || d >= m || (s->name && d >= s->distance))
		return;
	s->name = candidate;
	s->distance = d;
}

const char *damp_suggest(const char *written, const char *const *words)
{
	struct damp_suggestion s = damp_suggestion_start(written);

	for (; *words; words++)
		damp_suggestion_try(&s, *words);
	return s.name;
}
