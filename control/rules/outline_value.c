/* SPDX-License-Identifier: BSD-3-Clause */
/* One value of an outline: its items in canonical form; see outline.h. */
#include "outline.h"
#include "terms.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFINES_MAX 16   /* as long a chain of names as the readers follow */
#define SHOWN_ITEMS 12u  /* of a list, for people */

static const char *const unit_name[DAMP_UNIT_MAX] = {
	[DAMP_UNIT_MESSAGES] = "msg",	    [DAMP_UNIT_BYTES] = "B",
	[DAMP_UNIT_MS] = "ms",		    [DAMP_UNIT_TIMES] = "x",
	[DAMP_UNIT_MESSAGE_RATE] = "msg/s", [DAMP_UNIT_BYTE_RATE] = "B/s",
};

const struct damp_node *damp_outline_resolve(struct damp_ctx *c, const struct damp_node *n)
{
	for (int i = 0; i < DEFINES_MAX && n->kind == DAMP_NODE_SCALAR && n->text[0] == '$'; i++) {
		const struct damp_name *name = damp_name_find(c, n->text + 1);

		if (!name || name->kind != DAMP_NAME_DEFINE)
			break;
		n = name->value;
	}
	return n;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		const uint64_t t = a % b;

		a = b;
		b = t;
	}
	return a ? a : 1;
}

static bool quantity(const char *text, struct damp_quantity *q)
{
	char why[DAMP_WHY_MAX];

	return damp_quantity_parse(text, (1u << DAMP_UNIT_MAX) - 1, q, why);
}

static const char *canon_quantity(struct damp_ctx *c, const char *text)
{
	struct damp_quantity q;
	uint64_t g;

	if (!quantity(text, &q))
		return text;
	g = gcd(q.micro, q.per_s);
	return damp_pool_printf(c->pool, "%llu/%llu %s", (unsigned long long)(q.micro / g),
				(unsigned long long)(q.per_s / g), unit_name[q.unit]);
}

/* "..96 B", "60 s..300 s": both ends. */
static const char *canon_range(struct damp_ctx *c, const char *text)
{
	const char *dots = strstr(text, "..");

	if (!dots)
		return canon_quantity(c, text);
	return damp_pool_printf(
		c->pool, "%s..%s",
		canon_quantity(c, damp_pool_strndup(c->pool, text, (size_t)(dots - text))),
		canon_quantity(c, dots + 2));
}

/* "2001:DB8::0/32" as 2001:db8::/32; a whole address has its length. */
static const char *canon_prefix(struct damp_ctx *c, const char *text)
{
	const char *slash = strchr(text, '/');
	char addr[INET6_ADDRSTRLEN] = "", out[INET6_ADDRSTRLEN];
	unsigned char b[16];
	const size_t n = slash ? (size_t)(slash - text) : strlen(text);
	const int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	if (n >= sizeof(addr))
		return text;
	memcpy(addr, text, n);
	if (inet_pton(family, addr, b) != 1 || !inet_ntop(family, b, out, sizeof(out)))
		return text;
	return damp_pool_printf(c->pool, "%s/%s", out,
				slash ? slash + 1 : family == AF_INET ? "32" : "128");
}

static const char *canon_integer(struct damp_ctx *c, const char *text)
{
	char why[DAMP_WHY_MAX];
	uint64_t v;

	return damp_integer_parse(text, 0, UINT64_MAX, &v, why)
		       ? damp_pool_printf(c->pool, "%llu", (unsigned long long)v)
		       : text;
}

static const char *canon(struct damp_ctx *c, enum damp_key_kind kind, const char *text)
{
	switch (kind) {
	case DAMP_KIND_OF_RATE:
	case DAMP_KIND_OF_RATE_MSG:
	case DAMP_KIND_OF_RATE_BYTES:
	case DAMP_KIND_OF_AMOUNT:
	case DAMP_KIND_OF_MESSAGES:
	case DAMP_KIND_OF_SIZE:
	case DAMP_KIND_OF_SLICE:
	case DAMP_KIND_OF_BLOCK_SIZE:
	case DAMP_KIND_OF_DURATION:
	case DAMP_KIND_OF_FACTOR:
		return canon_quantity(c, text);
	case DAMP_KIND_OF_TIME_OR_RANGE:
	case DAMP_KIND_OF_SIZE_RANGE:
		return canon_range(c, text);
	case DAMP_KIND_OF_ADDRESSES:
	case DAMP_KIND_OF_ENDPOINT:
	case DAMP_KIND_OF_ITEMS:
		return canon_prefix(c, text);
	case DAMP_KIND_OF_INTEGER:
		return canon_integer(c, text);
	case DAMP_KIND_OF_ACTION: /* its default goes on: "continue with a limit" */
		return damp_pool_strndup(c->pool, text, strcspn(text, " "));
	default:
		return text;
	}
}

/* The kind of what stands behind a key inside of a value. */
static enum damp_key_kind inner_kind(enum damp_key_kind kind, const char *key)
{
	const enum damp_key_id answer = damp_key_find(DAMP_SECTION_ANSWER, key);

	if (kind == DAMP_KIND_OF_ACTION)
		return answer != DAMP_KEY_MAX ? damp_keys[answer].kind : DAMP_KIND_OF_TEXT;
	if (kind == DAMP_KIND_OF_STEPS)
		return DAMP_KIND_OF_FACTOR;
	return strcmp(key, "not") == 0 ? kind : DAMP_KIND_OF_TEXT;
}

static int by_canon(const void *a, const void *b)
{
	const struct damp_outline_item *p = a, *q = b;

	return strcmp(p->canon, q->canon);
}

static void settle(struct damp_outline_value *v)
{
	size_t kept = 0;

	if (v->n > 1)
		qsort(v->item, v->n, sizeof(*v->item), by_canon);
	for (size_t i = 0; i < v->n; i++)
		if (!kept || strcmp(v->item[i].canon, v->item[kept - 1].canon) != 0)
			v->item[kept++] = v->item[i];
	v->n = kept;
}

/* All items in one line: the canonical texts, or those for people. */
static const char *join(struct damp_ctx *c, const struct damp_outline_value *v, bool people)
{
	char *text = NULL;
	const char *out;
	size_t len, n = people && v->n > SHOWN_ITEMS ? SHOWN_ITEMS : v->n;
	FILE *f;

	if (v->n == 1)
		return people ? v->item[0].text : v->item[0].canon;
	f = open_memstream(&text, &len);
	if (!f)
		abort();
	fputc('[', f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%s", i ? ", " : "", people ? v->item[i].text : v->item[i].canon);
	if (n < v->n)
		fprintf(f, ", and %zu more", v->n - n);
	fputc(']', f);
	fclose(f);
	out = damp_pool_strndup(c->pool, text, len);
	free(text);
	return out;
}

struct items {
	struct damp_ctx *c;
	struct damp_outline_value *v;
	size_t visits;
};

static void add_item(struct items *w, const char *canon_text, const char *text)
{
	/* It ends up on a terminal (`damper diff`). */
	const struct damp_outline_item item = { .canon = damp_pool_visible(w->c->pool, canon_text),
						.text = damp_pool_visible(w->c->pool, text) };

	DAMP_PUSH(w->c->pool, w->v->item, w->v->n, w->v->cap, item);
}

/* A mapping is one item: "{answer: 4.29, max_age: 30 s}". */
static void add_map(struct items *w, enum damp_key_kind kind, const struct damp_node *n)
{
	struct damp_outline_value pairs = { .n = 0 };
	const char *text = "{", *canonical = "{";

	for (size_t i = 0; i < n->n; i++) {
		const char *key = n->pairs[i].key->text;
		const struct damp_outline_value v =
			damp_outline_value_of(w->c, inner_kind(kind, key), n->pairs[i].value);
		const struct damp_outline_item item = {
			.canon = damp_pool_printf(w->c->pool, "%s: %s", key, join(w->c, &v, false)),
			.text = "",
		};

		text = damp_pool_printf(w->c->pool, "%s%s%s: %s", text, i ? ", " : "", key, v.text);
		DAMP_PUSH(w->c->pool, pairs.item, pairs.n, pairs.cap, item);
	}
	settle(&pairs);
	for (size_t i = 0; i < pairs.n; i++)
		canonical = damp_pool_printf(w->c->pool, "%s%s%s", canonical, i ? ", " : "",
					     pairs.item[i].canon);
	canonical = damp_pool_printf(w->c->pool, "%s}", canonical);
	if (kind == DAMP_KIND_OF_ACTION && (strcmp(canonical, "{answer: 4.01, echo: true}") == 0 ||
					    strcmp(canonical, "{answer: 4.01}") == 0))
		canonical = "challenge";
	add_item(w, canonical, damp_pool_printf(w->c->pool, "%s}", text));
}

static void add_node(struct items *w, enum damp_key_kind kind, const struct damp_node *n)
{
	n = damp_outline_resolve(w->c, n);
	if (w->visits++ > DAMP_VISITS_MAX)
		return;
	if (n->kind == DAMP_NODE_MAP)
		add_map(w, kind, n);
	else if (n->kind == DAMP_NODE_LIST)
		for (size_t i = 0; i < n->n; i++)
			add_node(w, kind, n->items[i]);
	else
		add_item(w, canon(w->c, kind, n->text), n->text);
}

struct damp_outline_value damp_outline_value_of(struct damp_ctx *c, enum damp_key_kind kind,
						const struct damp_node *n)
{
	struct damp_outline_value v = { .n = 0 };
	struct items w = { .c = c, .v = &v };
	struct damp_quantity q;

	add_node(&w, kind, n);
	settle(&v);
	v.text = join(c, &v, true);
	if (v.n == 1 && kind != DAMP_KIND_OF_TEXT && quantity(v.item[0].text, &q)) {
		v.unit = unit_name[q.unit];
		v.number = (double)q.micro / (double)DAMP_MICRO / q.per_s;
	}
	return v;
}
