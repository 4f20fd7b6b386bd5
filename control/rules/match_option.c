/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * option: CoAP options that have to be there or not, or to have a value.
 *
 * Idea: what rows by option masks can say (program.h): any of these, none of
 * these, and the AND of several such. A value is one more bit of such a mask.
 */
#include "terms.h"

#include "option_value.h"
#include "suggest.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char *const option_names[] = {
#define X(name, num, min, max, rep, text) [DAMP_OPTBIT_##name] = text,
	DAMP_COAP_OPTIONS(X)
#undef X
		[DAMP_OPTBIT_UNKNOWN_CRITICAL] = "unknown-critical",
	[DAMP_OPTBIT_UNKNOWN_ELECTIVE] = "unknown-elective",
	[DAMP_OPTBIT_MAX] = NULL,
};

/* The name of an option that was given by its number, NULL when it is none. */
static const char *by_number(const char *text)
{
	static const struct { unsigned number; const char *name; } all[] = {
#define X(name, num, min, max, rep, text) { num, text },
		DAMP_COAP_OPTIONS(X)
#undef X
	};
	uint64_t number;
	char why[DAMP_WHY_MAX];

	for (size_t i = 0; damp_integer_parse(text, 0, 65535, &number, why) && i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].number == number)
			return all[i].name;
	return NULL;
}

static bool option_bit(struct damp_ctx *c, const struct damp_leaf *l, uint64_t *mask)
{
	const char *text = damp_leaf_text(c, l, "an option name"), *near;

	if (!text)
		return false;
	for (size_t i = 0; option_names[i]; i++)
		if (strcmp(text, option_names[i]) == 0) {
			*mask |= 1ull << i;
			return true;
		}
	near = by_number(text) ? by_number(text) : damp_suggest(text, option_names);
	if (near)
		damp_leaf_error(c, l, "unknown option '%s'; did you mean '%s'?", text, near);
	else
		damp_leaf_error(c, l, "unknown option '%s'", text);
	return false;
}

static void add_term(struct damp_ctx *c, struct damp_match *m, uint64_t mask, bool any)
{
	const struct damp_option_term t = { .mask = mask, .any = any };

	DAMP_PUSH(c->pool, m->options, m->noptions, m->options_cap, t);
}

/* Of a named option: its number, and how many bytes it may have. */
struct known { uint16_t number, min, max; };

static struct known known_by(unsigned bit)
{
	static const struct known all[] = {
#define X(name, num, min, max, rep, text) { num, min, max },
		DAMP_COAP_OPTIONS(X)
#undef X
	};

	return all[bit];
}

/* A number has no zeros in front (program.h). */
static void put_number(struct damp_option_value *v, uint64_t number)
{
	for (unsigned shift = 64; shift > 0; shift -= 8)
		if (v->len > 0 || number >> (shift - 8) & 0xff)
			v->value[v->len++] = (uint8_t)(number >> (shift - 8));
}

/* 0x and pairs of digits. False: it is not that, or too long. */
static bool put_hex(struct damp_option_value *v, const char *text)
{
	uint8_t bytes[DAMP_OPTION_VALUE_BYTES];
	const char *end = NULL;
	size_t n = 0, zeros = 0;

	if (sodium_hex2bin(bytes, sizeof(bytes), text + 2, strlen(text + 2), NULL, &n, &end) != 0 || *end != '\0' || n == 0)
		return false;
	while (v->is_uint && zeros < n && bytes[zeros] == 0)
		zeros++;
	v->len = (uint8_t)(n - zeros);
	memcpy(v->value, bytes + zeros, n - zeros);
	return true;
}

/* Text to the value of an option of this format. False, with why: it is none. */
static bool put_value(struct damp_option_value *v, enum damp_option_format format, const char *text, unsigned max,
		      char why[DAMP_WHY_MAX])
{
	const size_t len = strlen(text);
	uint64_t number;
	uint32_t block;

	if (strncmp(text, "0x", 2) == 0) {
		snprintf(why, DAMP_WHY_MAX, "behind 0x stand two hex digits for each byte, at most %u bytes",
			 DAMP_OPTION_VALUE_BYTES);
		return put_hex(v, text);
	}
	switch (format) {
	case DAMP_FORMAT_UINT:
		if (!damp_integer_parse(text, 0, (1ull << 8 * max) - 1, &number, why))
			return false;
		put_number(v, number);
		return true;
	case DAMP_FORMAT_BLOCK:
		if (!damp_block_parse(text, &block, why))
			return false;
		put_number(v, block);
		return true;
	case DAMP_FORMAT_STRING:
		snprintf(why, DAMP_WHY_MAX, "at most %u bytes can be asked for", DAMP_OPTION_VALUE_BYTES);
		if (len > DAMP_OPTION_VALUE_BYTES)
			return false;
		v->len = (uint8_t)len;
		memcpy(v->value, text, len);
		return true;
	case DAMP_FORMAT_EMPTY:
		snprintf(why, DAMP_WHY_MAX, "it has none");
		return false;
	case DAMP_FORMAT_OPAQUE:
	default:
		snprintf(why, DAMP_WHY_MAX, "its bytes are written in hex, such as 0x1f2e");
		return false;
	}
}

/* Read text as a value of the option; errors are told. */
static bool read_value(struct damp_ctx *c, const struct damp_leaf *l, const char *text, unsigned bit,
		       struct damp_option_value *v)
{
	const struct known k = bit < DAMP_OPTBIT_UNKNOWN_CRITICAL ? known_by(bit) : (struct known){ 0 };
	const enum damp_option_format format = k.number ? damp_option_format(k.number) : DAMP_FORMAT_EMPTY;
	char why[DAMP_WHY_MAX];

	*v = (struct damp_option_value){
		.number = k.number,
		.bit = (uint8_t)bit,
		.is_uint = format == DAMP_FORMAT_UINT || format == DAMP_FORMAT_BLOCK,
	};
	if (!put_value(v, format, text, k.max, why)) {
		damp_leaf_error(c, l, "'%s' is no value of '%s': %s; or write present or absent", text, option_names[bit],
				why);
		return false;
	}
	if (v->len > k.max || (!v->is_uint && v->len < k.min)) {
		damp_leaf_error(c, l, "'%s': '%s' has %u to %u bytes", text, option_names[bit], k.min, k.max);
		return false;
	}
	return true;
}

/* The bit of a value; 0: there are too many. */
static uint64_t value_bit(struct damp_ctx *c, const struct damp_leaf *l, const struct damp_option_value *v)
{
	size_t i = 0;

	while (i < c->noption_values && memcmp(&c->option_values[i], v, sizeof(*v)) != 0)
		i++;
	if (i == DAMP_OPTION_VALUES_MAX) {
		damp_leaf_error(c, l, "more than %u different values of options in all rules", DAMP_OPTION_VALUES_MAX);
		return 0;
	}
	if (i == c->noption_values)
		DAMP_PUSH(c->pool, c->option_values, c->noption_values, c->option_values_cap, *v);
	return 1ull << (DAMP_OPTBIT_MAX + i);
}

/* What one option of a mapping has to be. mask: its bit. */
static void read_state(struct damp_ctx *c, const struct damp_leaf *l, uint64_t mask, struct damp_match *m)
{
	static const char *const states[] = { "present", "absent", NULL };
	const char *text = damp_leaf_text(c, l, "present, absent or a value"), *near;
	struct damp_option_value v;
	uint64_t bit;

	if (!text)
		return;
	if (strcmp(text, "present") == 0 || strcmp(text, "absent") == 0) {
		add_term(c, m, mask, text[0] == 'p');
		return;
	}
	near = damp_suggest(text, states);
	if (near) {
		damp_leaf_error(c, l, "'%s' is not a state of an option; did you mean '%s'?", text, near);
		return;
	}
	if (!read_value(c, l, text, (unsigned)__builtin_ctzll(mask), &v))
		return;
	bit = value_bit(c, l, &v);
	if (bit)
		add_term(c, m, bit, true);
}

/* {oscore: present, observe: absent, accept: 60}: all have to agree. */
static void read_mapping(struct damp_ctx *c, const struct damp_leaf *l, struct damp_match *m)
{
	for (size_t i = 0; i < l->node->n; i++) {
		const struct damp_pair *p = &l->node->pairs[i];
		const struct damp_leaf key = { .node = p->key,
					       .use = l->use == l->node ? p->key : l->use };
		const struct damp_leaf value = { .node = p->value,
						 .use = l->use == l->node ? p->value : l->use };
		uint64_t mask = 0;

		if (option_bit(c, &key, &mask))
			read_state(c, &value, mask, m);
	}
}

static bool holds_mapping(const struct damp_terms *t)
{
	for (size_t i = 0; i < t->n; i++)
		for (size_t j = 0; j < t->t[i].n; j++)
			if (t->t[i].leaf[j].node->kind == DAMP_NODE_MAP)
				return true;
	return false;
}

void damp_option_read(struct damp_ctx *c, const struct damp_node *n, struct damp_match *m)
{
	static const struct damp_terms_want want = { .key = "option", .set = DAMP_SET_KIND_MAX };
	struct damp_terms t;
	uint64_t mask = 0;
	const struct damp_term *only;
	bool good = true;

	if (!damp_terms_read(c, n, &want, &t) || t.any)
		return;
	if (t.n > 2 || (t.n == 2 && t.t[0].n)) {
		damp_diag_error(c->diags, n->at,
				"'not' has to stand alone in 'option'; write {a: present, b: "
				"absent} for both");
		return;
	}
	only = &t.t[t.n - 1];
	if (holds_mapping(&t)) {
		if (only->n == 1 && !only->negated)
			read_mapping(c, &only->leaf[0], m);
		else
			damp_diag_error(c->diags, n->at,
					"a mapping of options has to stand alone; use two rules");
		return;
	}
	for (size_t i = 0; i < only->n; i++)
		good = option_bit(c, &only->leaf[i], &mask) && good;
	if (good)
		add_term(c, m, mask, !only->negated);
}
