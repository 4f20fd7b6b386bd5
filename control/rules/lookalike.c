/* SPDX-License-Identifier: BSD-3-Clause */
/* See lookalike.h. */
#include "lookalike.h"

#include "source_line.h"

#include <string.h>

/* What it looks like, 0 when it is no such character. */
static char looks_like(uint32_t code)
{
	static const struct { uint32_t code; char like; } all[] = {
		{ 0x00a0, ' ' }, { 0x202f, ' ' }, { 0x205f, ' ' }, { 0x3000, ' ' },
		{ 0x2018, '\'' }, { 0x2019, '\'' }, { 0x201a, '\'' }, { 0x2032, '\'' }, { 0x00b4, '\'' },
		{ 0x201c, '"' }, { 0x201d, '"' }, { 0x201e, '"' }, { 0x2033, '"' }, { 0x00ab, '"' }, { 0x00bb, '"' },
		{ 0x2215, '/' }, { 0x2044, '/' }, { 0x2236, ':' }, { 0x2026, '.' }, { 0x00d7, 'x' }, { 0x2217, '*' },
		/* Cyrillic and Greek */
		{ 0x0430, 'a' }, { 0x0435, 'e' }, { 0x043e, 'o' }, { 0x0440, 'p' }, { 0x0441, 'c' }, { 0x0443, 'y' },
		{ 0x0445, 'x' }, { 0x0455, 's' }, { 0x0456, 'i' }, { 0x0458, 'j' }, { 0x0501, 'd' }, { 0x04bb, 'h' },
		{ 0x0410, 'A' }, { 0x0412, 'B' }, { 0x0415, 'E' }, { 0x041a, 'K' }, { 0x041c, 'M' }, { 0x041d, 'H' },
		{ 0x041e, 'O' }, { 0x0420, 'P' }, { 0x0421, 'C' }, { 0x0422, 'T' }, { 0x0425, 'X' }, { 0x0131, 'i' },
		{ 0x03bf, 'o' }, { 0x03b1, 'a' }, { 0x03bd, 'v' }, { 0x0391, 'A' }, { 0x0392, 'B' }, { 0x039f, 'O' },
	};

	if (code >= 0x2000 && code <= 0x200a)
		return ' ';
	if ((code >= 0x2010 && code <= 0x2015) || code == 0x2212)
		return '-';
	if (code >= 0xff01 && code <= 0xff5e) /* the wide forms of ASCII */
		return (char)(code - 0xff01 + '!');
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].code == code)
			return all[i].like;
	return 0;
}

bool damp_lookalike_tell(struct damp_diags *d, struct damp_place at)
{
	size_t len = 0;
	const char *line = at.src && at.line > 0 && !d->muted ? damp_source_line(at.src, at.line, &len) : NULL;
	uint32_t code;
	int column = 1;

	for (size_t i = 0, n; line && i < len && column < at.end_column; i += n, column++) {
		char like;

		n = damp_utf8_next(line + i, len - i, &code);
		like = column >= at.column ? looks_like(code) : 0;
		if (!like)
			continue;
		at.column = column;
		at.end_column = column + 1;
		if (like == ' ')
			damp_diag_notice(d, at, "this is U+%04X, which only looks like a blank", code);
		else
			damp_diag_notice(d, at, "this is U+%04X, which only looks like '%c'", code, like);
		return true;
	}
	return false;
}
