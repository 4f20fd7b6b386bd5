/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What can be wrong with the bytes of a file before YAML comes into it.
 *
 * Idea: tabs, directives and broken UTF-8 are refused here because libfyaml
 * reports them late, elsewhere or not at all (fy_document_has_directives() of
 * 0.7.12 is true for files without any). So are characters that nobody sees or
 * that turn round what is seen: a file is what its reader takes it for. Where
 * brackets and not columns say what belongs together, in JSON, tabs are blanks.
 *
 * Reference: operators.md 3.2; RFC 3629 section 4 (UTF-8); RFC 8259 section 2 (JSON).
 */
#include "node.h"
#include "source_line.h"

#include <stdint.h>
#include <string.h>

/* Length of the UTF-8 sequence at p, 0 when it is none. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
	static const struct {
		uint8_t lead_mask, lead, n, low, high;
	} form[] = {
		{ 0x80, 0x00, 1, 0, 0 },       { 0xff, 0xe0, 3, 0xa0, 0xbf },
		{ 0xff, 0xed, 3, 0x80, 0x9f }, { 0xff, 0xf0, 4, 0x90, 0xbf },
		{ 0xff, 0xf4, 4, 0x80, 0x8f }, { 0xe0, 0xc0, 2, 0x80, 0xbf },
		{ 0xf0, 0xe0, 3, 0x80, 0xbf }, { 0xfc, 0xf0, 4, 0x80, 0xbf },
	};
	size_t f = 0;

	while (f < sizeof(form) / sizeof(form[0]) && (p[0] & form[f].lead_mask) != form[f].lead)
		f++;
	if (f == sizeof(form) / sizeof(form[0]) || p[0] == 0xc0 || p[0] == 0xc1 || form[f].n > left)
		return 0;
	for (size_t i = 1; i < form[f].n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if (form[f].n > 1 && (p[1] < form[f].low || p[1] > form[f].high))
		return 0;
	return form[f].n;
}

/* No width, or a change of direction; joiners are part of how some scripts are written. */
static bool unseen(uint32_t code)
{
	return code == 0xad || code == 0x61c || code == 0x200b || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

/* What was read of a file that is JSON, or as good as: all of it stands in brackets. */
struct json {
	bool is, quoted, escaped;
	int depth;              /* brackets that are open */
	uint8_t before;         /* the last character that is no blank */
	const uint8_t *next;    /* and the next one, once it was looked for */
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool begins_json(const uint8_t *p)
{
	while (is_blank(*p))
		p++;
	return *p == '{';
}

static void follow_json(struct json *j, uint8_t c)
{
	if (j->escaped)
		j->escaped = false;
	else if (c == '\\')
		j->escaped = j->quoted;
	else if (c == '"')
		j->quoted = !j->quoted;
	else if (!j->quoted)
		j->depth += (c == '{' || c == '[') - (c == '}' || c == ']');
	if (!is_blank(c))
		j->before = c;
}

/* Of two words of JSON beside each other one at least is one of these. */
static bool parts_words(uint8_t c)
{
	return c && strchr("{}[],:", c);
}

/* A tab between two words. p: where it is; the text ends with a NUL. */
static bool is_json_blank(struct json *j, const uint8_t *p)
{
	if (!j->is || j->quoted || j->depth <= 0)
		return false;
	if (!j->next || j->next < p)
		for (j->next = p; is_blank(*j->next);)
			j->next++;
	return parts_words(j->before) || parts_words(*j->next);
}

static bool bad_char(struct damp_diags *d, struct damp_place at, const uint8_t *p, size_t len,
		     struct json *json)
{
	uint32_t code;

	damp_utf8_next((const char *)p, len ? len : 1, &code);
	if (!len)
		damp_diag_error(d, at, "this is not UTF-8 (byte 0x%02x)", p[0]);
	else if (p[0] == '\t' && is_json_blank(json, p))
		return false;
	else if (p[0] == '\t')
		damp_diag_error(d, at, "a tab; indent and separate with spaces");
	else if (p[0] == '%' && at.column == 1)
		damp_diag_error(d, at, "YAML directives are not used in rule files");
	else if ((p[0] < 0x20 && p[0] != '\n' && p[0] != '\r') || p[0] == 0x7f)
		damp_diag_error(d, at, "a control character (byte 0x%02x)", p[0]);
	else if (len == 2 && p[0] == 0xc2 && p[1] < 0xa0)
		damp_diag_error(d, at, "a control character (U+%04X)", p[1]);
	else if (unseen(code))
		damp_diag_error(d, at, "a character that nobody sees (U+%04X); take it out", code);
	else
		return false;
	return true;
}

/* Half of the bytes of English in UTF-16 are NUL. */
static bool is_utf16(const struct damp_source *src)
{
	const uint8_t *p = (const uint8_t *)src->text;

	return src->len >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff) ||
				 (src->len >= 4 && !p[0] == !p[2] && !p[1] == !p[3] && !p[0] != !p[1]));
}

bool damp_node_check_text(struct damp_diags *d, const struct damp_source *src)
{
	const uint8_t *p = (const uint8_t *)src->text;
	struct damp_place at = { .src = src, .line = 1, .column = 1 };
	struct json json = { .is = begins_json(p + damp_bom_length(src)) };
	const unsigned before = d->errors;
	int reported = 0;

	if (src->len > DAMP_FILE_BYTES_MAX) {
		damp_diag_error(d, (struct damp_place){ .src = src },
				"the file has more than 4 MiB, the most that is read");
		return false;
	}
	if (is_utf16(src)) {
		damp_diag_error(d, (struct damp_place){ .src = src }, "this is UTF-16; save the file as UTF-8");
		return false;
	}
	for (size_t i = damp_bom_length(src); i < src->len;) {
		const size_t len = utf8_len(p + i, src->len - i);

		at.end_column = at.column + 1;
		if (at.line != reported && bad_char(d, at, p + i, len, &json))
			reported = at.line; /* one per line is enough to find them */
		if (!len)
			return false;
		follow_json(&json, p[i]);
		at.column++;
		if (p[i] == '\n' || (p[i] == '\r' && p[i + 1] != '\n')) {
			at.line++;
			at.column = 1;
		}
		i += len;
	}
	return d->errors == before;
}
