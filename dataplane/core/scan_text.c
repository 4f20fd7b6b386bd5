/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Path and query as text, the form that rules and people use.
 *
 * Idea: the values are joined by a separator, and whatever could be taken for
 * a separator, for an escape or for nothing at all is written %XX (upper case
 * digits). So two different lists of values never give the same text, save
 * that no segment and one empty segment are both "/", as RFC 7252 section 6.5
 * has it.
 *
 * Reference: include/damper/program.h defines the text;
 * draft-ietf-core-uri-path-abbrev the abbreviation.
 */
#include "option.h"
#include "scan.h"

struct text { char *out; size_t len, cap; };

static bool put(struct text *t, char c)
{
	if (t->len == t->cap)
		return false;
	t->out[t->len++] = c;
	return true;
}

static bool put_string(struct text *t, const char *s)
{
	while (*s && put(t, *s))
		s++;
	return *s == 0;
}

static bool put_decimal(struct text *t, uint32_t v)
{
	char digits[11];
	size_t i = sizeof(digits) - 1;

	digits[i] = 0;
	do {
		digits[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	return put_string(t, digits + i);
}

static bool put_byte(struct text *t, uint8_t c)
{
	static const char hex[] = "0123456789ABCDEF";

	if (c > 0x20 && c < 0x7f && c != '/' && c != '&' && c != '%')
		return put(t, (char)c);
	return put(t, '%') && put(t, hex[c >> 4]) && put(t, hex[c & 15]);
}

/* The values of the options between off and end, which the scan has found to
 * be of one number. */
static bool put_values(struct text *t, const uint8_t *msg, uint32_t off, uint32_t end, char between)
{
	struct damp_opt o;

	for (uint32_t pos = off; pos < end; pos += o.hdr + o.len) {
		if (!damp_opt_read(msg + pos, end - pos, &o) || (pos > off && !put(t, between)))
			return false;
		for (uint32_t i = 0; i < o.len; i++)
			if (!put_byte(t, msg[pos + o.hdr + i]))
				return false;
	}
	return true;
}

static bool put_abbrev(struct text *t, uint32_t value)
{
	if (value == 0)
		return put_string(t, "/.well-known/core");
	return put_string(t, "%abbrev/") && put_decimal(t, value);
}

int damp_coap_path_text(const uint8_t *msg, const struct damp_coap *m, char *out, size_t cap)
{
	struct text t = { .out = out, .cap = cap };
	bool fits;

	if (damp_coap_has(m, DAMP_OPTBIT_URI_PATH_ABBREV))
		fits = put_abbrev(&t, m->abbrev);
	else
		fits = put(&t, '/') && put_values(&t, msg, m->path_off, m->path_end, '/');
	return fits ? (int)t.len : -1;
}

int damp_coap_query_text(const uint8_t *msg, const struct damp_coap *m, char *out, size_t cap)
{
	struct text t = { .out = out, .cap = cap };

	return put_values(&t, msg, m->query_off, m->query_end, '&') ? (int)t.len : -1;
}
