/* SPDX-License-Identifier: BSD-3-Clause */
/* Globs; see pattern.h. */
#include "pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct glob {
	char sep;      /* '/' or '&' */
	const char *p; /* what is left to read */
	char literal[DAMP_PATTERN_BYTES_MAX * 3 + 1];
	char expr[DAMP_PATTERN_BYTES_MAX * 6 + 64];
	size_t nliteral, nexpr, nhead; /* nhead: of the literal, before the first `*` */
	bool star, rest; /* a `*` was seen, a final `**` was seen */
	char *why;
};

static bool fail(struct glob *g, const char *text)
{
	snprintf(g->why, DAMP_WHY_MAX, "%s", text);
	return false;
}

static void put_expr(struct glob *g, const char *s)
{
	const size_t len = strlen(s);

	memcpy(g->expr + g->nexpr, s, len + 1);
	g->nexpr += len;
}

/* One character of canonical text. */
static void put_char(struct glob *g, char ch)
{
	const char quoted[3] = { '\\', ch, 0 }, bare[2] = { ch, 0 };

	g->literal[g->nliteral++] = ch;
	g->literal[g->nliteral] = 0;
	put_expr(g, isalnum((unsigned char)ch) || ch == '_' ? bare : quoted);
}

/* One byte of a value, written %XX where program.h asks for it. */
static void put_byte(struct glob *g, uint8_t b)
{
	static const char hex[] = "0123456789ABCDEF";

	if (b > 0x20 && b < 0x7f && !strchr("/&%", b)) {
		put_char(g, (char)b);
		return;
	}
	put_char(g, '%');
	put_char(g, hex[b >> 4]);
	put_char(g, hex[b & 15]);
}

static int hex_digit(char ch)
{
	const int c = tolower((unsigned char)ch);

	if (isdigit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_byte(struct glob *g)
{
	if (g->p[0] != '%') {
		put_byte(g, (uint8_t)*g->p++);
		return true;
	}
	if (hex_digit(g->p[1]) < 0 || hex_digit(g->p[2]) < 0)
		return fail(g, "'%' has to be followed by two hexadecimal digits; write %25 for "
			       "the character itself");
	put_byte(g, (uint8_t)(hex_digit(g->p[1]) << 4 | hex_digit(g->p[2])));
	g->p += 3;
	return true;
}

static bool read_star(struct glob *g, bool first)
{
	const char one[] = { '[', '^', g->sep, ']', '*', 0 };

	if (g->p[1] != '*') {
		if (!g->star)
			g->nhead = g->nliteral;
		g->star = true;
		g->p++;
		put_expr(g, one);
		return true;
	}
	if (!first || g->p[2])
		return fail(g, "'**' stands for the rest: it has to be the last segment, alone");
	g->rest = true;
	g->p += 2;
	return true;
}

static bool read_segment(struct glob *g)
{
	const size_t from = g->nliteral;
	const char *start = g->p;

	while (*g->p && *g->p != g->sep)
		if (*g->p == '*' ? !read_star(g, g->p == start) : !read_byte(g))
			return false;
	if (g->sep == '/' && !memchr(start, '*', (size_t)(g->p - start)) &&
	    (strcmp(g->literal + from, ".") == 0 || strcmp(g->literal + from, "..") == 0))
		return fail(g, "a segment '.' or '..' is never on the wire (RFC 7252 section 6.4)");
	return true;
}

static bool read_glob(struct glob *g)
{
	if (g->sep == '/' && *g->p++ != '/')
		return fail(g, "a path begins with '/'");
	if (g->sep == '/')
		put_char(g, '/');
	for (;;) {
		if (!read_segment(g))
			return false;
		if (!*g->p)
			return true;
		put_char(g, *g->p++);
	}
}

/* `/a/` + rest: the separator before the rest belongs to it. */
static void close_expr(struct glob *g)
{
	const char rest[] = { '(', '?', ':', '\\', g->sep, '.', '*', ')', '?', 0 };

	if (g->rest && g->nliteral) {
		g->nexpr -= 2;
		put_expr(g, rest);
	} else if (g->rest) {
		put_expr(g, ".*");
	}
	put_expr(g, "\\z");
}

bool damp_pattern_parse(struct damp_pool *p, enum damp_text_id id, const char *text,
			struct damp_pattern *out, char *why)
{
	struct glob g = { .sep = id == DAMP_TEXT_PATH ? '/' : '&', .p = text, .why = why };

	if (strlen(text) > DAMP_PATTERN_BYTES_MAX) {
		snprintf(why, DAMP_WHY_MAX, "a pattern of %zu bytes; at most %u", strlen(text),
			 DAMP_PATTERN_BYTES_MAX);
		return false;
	}
	put_expr(&g, "\\A");
	if (!read_glob(&g))
		return false;
	close_expr(&g);
	if (g.rest && !g.star && g.nliteral <= (id == DAMP_TEXT_PATH))
		out->kind = DAMP_PATTERN_ALL;
	else if (g.star)
		out->kind = DAMP_PATTERN_SCAN;
	else
		out->kind = g.rest ? DAMP_PATTERN_PREFIX : DAMP_PATTERN_LITERAL;
	out->len = g.star ? g.nexpr : g.nliteral;
	out->text = damp_pool_strndup(p, g.star ? g.expr : g.literal, out->len);
	out->head = damp_pool_strndup(p, g.literal, g.nhead);
	return true;
}
