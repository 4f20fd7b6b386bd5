/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Conditions over few values: msg, type, code, verified, solicited. Each
 * becomes a bit set of the values that agree.
 *
 * Reference: operators.md 3.4; RFC 7252 section 3 (code c.dd).
 */
#include "terms.h"

#include "suggest.h"
#include <ctype.h>
#include <damper/program.h>
#include <stdio.h>
#include <string.h>

/* Adds the values of one item; false after a report. */
typedef bool item_fn(struct damp_ctx *c, const struct damp_leaf *l, uint64_t b[4]);

static void set_bit(uint64_t b[4], unsigned v)
{
	b[v >> 6] |= 1ull << (v & 63);
}

static void read_bits(struct damp_ctx *c, const struct damp_node *n, const char *key, item_fn *item,
		      const uint64_t all[4], struct damp_bits_cond *out)
{
	const struct damp_terms_want want = { .key = key, .set = DAMP_SET_KIND_MAX };
	struct damp_terms t;
	bool good = damp_terms_read(c, n, &want, &t);

	for (size_t i = 0; i < t.n; i++) {
		uint64_t b[4] = { 0 };

		for (size_t j = 0; j < t.t[i].n; j++)
			if (!item(c, &t.t[i].leaf[j], b))
				good = false;
		for (size_t w = 0; w < 4; w++)
			out->b[w] |= t.t[i].negated ? all[w] & ~b[w] : b[w];
	}
	out->asked = good && !t.any;
}

static bool read_word(struct damp_ctx *c, const struct damp_leaf *l, const char *what,
		      const char *const *words, const unsigned *value, uint64_t b[4])
{
	const char *text = damp_leaf_text(c, l, what), *near;

	if (!text)
		return false;
	for (size_t i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0) {
			set_bit(b, value[i]);
			return true;
		}
	near = damp_suggest(text, words);
	if (near)
		damp_leaf_error(c, l, "'%s' is not %s; did you mean '%s'?", text, what, near);
	else
		damp_leaf_error(c, l, "'%s' is not %s", text, what);
	return false;
}

static bool msg_item(struct damp_ctx *c, const struct damp_leaf *l, uint64_t b[4])
{
	static const char *const words[] = { "request",	  "response", "empty",
					     "malformed", "dtls",     NULL };
	static const unsigned value[] = {
		DAMP_KIND_REQUEST,   DAMP_KIND_RESPONSE, DAMP_KIND_EMPTY,
		DAMP_KIND_MALFORMED, DAMP_KIND_DTLS,
	};

	return read_word(c, l, "a kind of message", words, value, b);
}

void damp_msg_read(struct damp_ctx *c, const struct damp_node *n, struct damp_bits_cond *out)
{
	static const uint64_t all[4] = {
		1u << DAMP_KIND_REQUEST | 1u << DAMP_KIND_RESPONSE | 1u << DAMP_KIND_EMPTY |
			1u << DAMP_KIND_MALFORMED | 1u << DAMP_KIND_DTLS,
	};

	read_bits(c, n, "msg", msg_item, all, out);
}

static bool type_item(struct damp_ctx *c, const struct damp_leaf *l, uint64_t b[4])
{
	static const char *const words[] = { "CON", "NON", "ACK", "RST", NULL };
	static const unsigned value[] = { DAMP_COAP_CON, DAMP_COAP_NON, DAMP_COAP_ACK,
					  DAMP_COAP_RST };

	return read_word(c, l, "a message type", words, value, b);
}

void damp_type_read(struct damp_ctx *c, const struct damp_node *n, struct damp_bits_cond *out)
{
	static const uint64_t all[4] = { (1u << DAMP_COAP_TYPE_MAX) - 1 };

	read_bits(c, n, "type", type_item, all, out);
}

/* "2.05", "4.xx": class, dot, two digits or "xx". */
static bool numeric_code(const char *text, uint64_t b[4])
{
	unsigned cls, detail;

	if (strlen(text) != 4 || text[1] != '.' || text[0] < '0' || text[0] > '7')
		return false;
	cls = (unsigned)(text[0] - '0');
	if (strcmp(text + 2, "xx") == 0) {
		for (detail = 0; detail < 32; detail++)
			set_bit(b, DAMP_COAP_CODE(cls, detail));
		return true;
	}
	if (!isdigit((unsigned char)text[2]) || !isdigit((unsigned char)text[3]))
		return false;
	detail = (unsigned)(text[2] - '0') * 10 + (unsigned)(text[3] - '0');
	if (detail > 31)
		return false;
	set_bit(b, DAMP_COAP_CODE(cls, detail));
	return true;
}

/* How a code is written that was written as in HTTP, or with other digits. */
static bool meant_code(const char *text, char out[8])
{
	const char *rest = text + 1 + (text[0] && text[1] == '.');
	uint64_t b[4] = { 0 };

	if (!isdigit((unsigned char)text[0]) || strlen(rest) > 2 || !*rest)
		return false;
	if (isdigit((unsigned char)rest[0]) && !rest[1])
		snprintf(out, 8, "%c.0%c", text[0], rest[0]);
	else if (isdigit((unsigned char)rest[0]) && isdigit((unsigned char)rest[1]))
		snprintf(out, 8, "%c.%.2s", text[0], rest);
	else if (rest[strspn(rest, "xX*")] == '\0')
		snprintf(out, 8, "%c.xx", text[0]);
	else
		return false;
	return numeric_code(out, b);
}

static bool code_item(struct damp_ctx *c, const struct damp_leaf *l, uint64_t b[4])
{
#define X(name, cls, det, text) text,
	static const char *const words[] = { DAMP_COAP_METHODS(X) NULL };
#undef X
#define X(name, cls, det, text) DAMP_COAP_##name,
	static const unsigned value[] = { DAMP_COAP_METHODS(X) };
#undef X
	char meant[8];

	if (l->node->kind == DAMP_NODE_SCALAR && numeric_code(l->node->text, b))
		return true;
	if (l->node->kind == DAMP_NODE_SCALAR && meant_code(l->node->text, meant)) {
		damp_leaf_error(c, l, "'%s' is not a code (GET, 2.05, 4.xx); did you mean '%s'?", l->node->text, meant);
		return false;
	}
	return read_word(c, l, "a code (GET, 2.05, 4.xx)", words, value, b);
}

void damp_code_read(struct damp_ctx *c, const struct damp_node *n, struct damp_bits_cond *out)
{
	static const uint64_t all[4] = { ~0ull, ~0ull, ~0ull, ~0ull };

	read_bits(c, n, "code", code_item, all, out);
}

static bool truth_item(struct damp_ctx *c, const struct damp_leaf *l, uint64_t b[4])
{
	const char *text = damp_leaf_text(c, l, "a truth value");

	if (!text)
		return false;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
		damp_leaf_error(c, l, "'%s' is not a truth value; write true or false", text);
		return false;
	}
	set_bit(b, text[0] == 't');
	return true;
}

void damp_truth_read(struct damp_ctx *c, const struct damp_node *n, const char *key,
		     struct damp_bits_cond *out)
{
	static const uint64_t all[4] = { 3 };

	read_bits(c, n, key, truth_item, all, out);
}

#define HELLO_BIT(h) (1ull << DAMP_HELLO_##h)

static bool dtls_item(struct damp_ctx *c, const struct damp_leaf *l, uint64_t b[4])
{
	static const char *const words[] = { "client_hello", NULL };
	static const unsigned value[] = { DAMP_HELLO_FIRST };

	if (!read_word(c, l, "a DTLS message", words, value, b))
		return false;
	set_bit(b, DAMP_HELLO_COOKIE);
	return true;
}

static bool cookie_item(struct damp_ctx *c, const struct damp_leaf *l, uint64_t b[4])
{
	static const char *const words[] = { "present", "absent", NULL };
	static const unsigned value[] = { DAMP_HELLO_COOKIE, DAMP_HELLO_FIRST };

	return read_word(c, l, "a state of a cookie", words, value, b);
}

void damp_hello_read(struct damp_ctx *c, const struct damp_node *n, bool cookie,
		     struct damp_bits_cond *out)
{
	static const uint64_t any[4] = { HELLO_BIT(NONE) | HELLO_BIT(FIRST) | HELLO_BIT(COOKIE) },
			      hellos[4] = { HELLO_BIT(FIRST) | HELLO_BIT(COOKIE) };
	struct damp_bits_cond one = { .asked = false };

	read_bits(c, n, cookie ? "cookie" : "dtls", cookie ? cookie_item : dtls_item,
		  cookie ? hellos : any, &one);
	if (!one.asked)
		return;
	out->b[0] = out->asked ? out->b[0] & one.b[0] : one.b[0];
	out->asked = true;
}
