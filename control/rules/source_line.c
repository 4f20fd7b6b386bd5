/* SPDX-License-Identifier: BSD-3-Clause */
/* See source_line.h. References: RFC 3629 section 4; Unicode TR 11 (width), by libc. */
#include "source_line.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>

/* Lines of up to so many bytes are shown whole; of a longer one so many
 * characters before the place, and so many in all. */
#define WHOLE_MAX 400u
#define CUT_BEFORE 60
#define CUT_SHOWN 140

size_t damp_utf8_next(const char *text, size_t left, uint32_t *code)
{
	const uint8_t *p = (const uint8_t *)text;
	const uint8_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
	uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);

	*code = 0xfffd;
	if (!n || n > left)
		return left > 0;
	for (uint8_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | (p[i] & 0x3f);
	}
	*code = c;
	return n;
}

size_t damp_bom_length(const struct damp_source *s)
{
	return s->len >= 3 && memcmp(s->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

int damp_utf8_count(const char *text, size_t len)
{
	uint32_t code;
	int count = 0;

	for (size_t i = 0; i < len; count++)
		i += damp_utf8_next(text + i, len - i, &code);
	return count;
}

const char *damp_source_line(const struct damp_source *s, int line, size_t *len)
{
	const char *p = s->text + damp_bom_length(s), *end = s->text + s->len;

	for (; line > 1 && p < end; p++)
		if (*p == '\n' || (*p == '\r' && p[1] != '\n'))
			line--;
	if (line > 1)
		return NULL;
	*len = 0;
	while (p + *len < end && p[*len] != '\n' && p[*len] != '\r')
		(*len)++;
	return p;
}

int damp_utf8_cells(uint32_t code)
{
	if (code < 0x7f)
		return code < 0x20 ? -1 : 1;
	if (code == 0xfffd)
		return -1;
	/* Direction marks have no width, and turn round what follows. */
	if (code == 0x61c || (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2060 && code <= 0x206f) || code == 0xfeff)
		return -1;
	return wcwidth((wchar_t)code);
}

/* "C.UTF-8" is always there. */
locale_t damp_utf8_locale(void)
{
	return newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static int put_char(FILE *f, const char *p, size_t n, uint32_t code)
{
	const int wide = damp_utf8_cells(code);

	if (wide < 0)
		fputc(code == '\t' ? ' ' : '?', f);
	else
		fwrite(p, 1, n, f);
	return wide < 0 ? 1 : wide;
}

struct window {
	int from, to;           /* characters shown, from 1; to: the first behind them */
	int before, under;      /* cells before the caret, and below which it stands */
};

static void put_text(FILE *f, const char *line, size_t len, const struct damp_place *at, struct window *w)
{
	uint32_t code;
	int column = 1;

	if (w->from > 1)
		w->before = fprintf(f, "... ");
	for (size_t i = 0, n; i < len && column < w->to; i += n, column++) {
		int wide = 0;

		n = damp_utf8_next(line + i, len - i, &code);
		if (column >= w->from)
			wide = put_char(f, line + i, n, code);
		if (column < at->column)
			w->before += wide;
		else if (column < at->end_column)
			w->under += wide;
	}
	fputs(column == w->to ? " ...\n" : "\n", f);
	/* A place behind the last character, as that of what is missing there. */
	if (column < at->column)
		w->before += at->column - column;
}

void damp_source_line_put(FILE *f, const struct damp_place *at, const char *on, const char *off)
{
	struct window w = { .from = 1, .to = INT32_MAX };
	size_t len = 0;
	const char *line = at->src ? damp_source_line(at->src, at->line, &len) : NULL;
	locale_t utf8, old;

	if (!line)
		return;
	if (len > WHOLE_MAX) {
		w.from = at->column > CUT_BEFORE ? at->column - CUT_BEFORE : 1;
		w.to = w.from + CUT_SHOWN;
	}
	utf8 = damp_utf8_locale();
	old = utf8 ? uselocale(utf8) : (locale_t)0;
	put_text(f, line, len, at, &w);
	if (utf8) {
		uselocale(old);
		freelocale(utf8);
	}
	fprintf(f, "%*s%s^", w.before, "", on);
	for (int i = 1; i < w.under; i++)
		fputc('~', f);
	fprintf(f, "%s\n", off);
}
