/* SPDX-License-Identifier: BSD-3-Clause */
/* `expect`: what has to become of the messages; see testfile.h. */
#include "testfile_int.h"

#include "suggest.h"

#include <damper/reasons.h>
#include <stdio.h>
#include <string.h>

#define COUNT_MAX 1000000000000ull
#define PPM_OF_PERCENT 10000u

static const char *const verdicts[] = {
	[DAMP_VERDICT_ACCEPT] = "accept", [DAMP_VERDICT_DROP] = "drop",
	[DAMP_VERDICT_ANSWER] = "answer", [DAMP_VERDICT_CHALLENGE] = "challenge",
	[DAMP_VERDICT_SHAPE] = "shape",	  NULL,
};

static const char *const outcomes[] = {
	[DAMP_OUT_MATCHED] = "matched",
	[DAMP_OUT_OVER] = "over",
	[DAMP_OUT_WOULD] = "would",
	[DAMP_OUT_ACTED] = "acted",
	NULL,
};

static const char *const reasons[] = {
#define X(name, label, sev, help) label,
	DAMP_REASONS(X)
#undef X
	NULL,
};

static bool bytes_value(struct damp_ctx *c, const struct damp_node *at, const char *text,
			uint64_t *out)
{
	struct damp_quantity q;
	char why[DAMP_WHY_MAX];

	if (damp_quantity_parse(text, DAMP_WANT(BYTES), &q, why)) {
		*out = q.micro / DAMP_MICRO;
		return true;
	}
	damp_diag_error(c->diags, at->at, "%s", why);
	return false;
}

static bool count_value(struct damp_ctx *c, const struct damp_node *at, const char *text,
			uint64_t *out)
{
	char why[DAMP_WHY_MAX];

	if (damp_integer_parse(text, 0, COUNT_MAX, out, why))
		return true;
	damp_diag_error(c->diags, at->at, "%s", why);
	return false;
}

/* "0.01%" in parts per million: at most four decimals. */
static bool share_value(struct damp_ctx *c, const struct damp_node *at, const char *text,
			uint64_t *out)
{
	unsigned whole = 0, part = 0, digits = 0;
	int end = 0;

	if (sscanf(text, "%3u%n", &whole, &end) == 1 && text[end] == '.') {
		for (end++; text[end] >= '0' && text[end] <= '9' && digits < 4; end++, digits++)
			part = part * 10 + (unsigned)(text[end] - '0');
		for (; digits < 4; digits++)
			part *= 10;
	}
	while (end && text[end] == ' ')
		end++;
	if (end == 0 || (strcmp(text + end, "%") != 0 && text[end] != '\0') || whole > 100) {
		damp_diag_error(c->diags, at->at, "'%s' is no share; write it like '0.01%%'", text);
		return false;
	}
	*out = (uint64_t)whole * PPM_OF_PERCENT + part;
	return true;
}

static void read_dropped(struct damp_ctx *c, const struct damp_node *n, struct damp_test_expect *e)
{
	e->dropped_is_share = n->kind == DAMP_NODE_SCALAR && strchr(n->text, '%') != NULL;
	damp_test_range_read(c, n, e->dropped_is_share ? share_value : count_value, &e->dropped);
}

struct counting {
	struct damp_test_expect *e;
	size_t cap;
	const char *rule;
};

static void count_key(struct damp_ctx *c, int key, const struct damp_pair *p, void *user)
{
	struct damp_test_count count = { .outcome = (enum damp_outcome)key };
	struct counting *k = user;

	count.rule = k->rule;
	if (damp_test_range_read(c, p->value, count_value, &count.range))
		DAMP_PUSH(c->pool, k->e->counts, k->e->ncounts, k->cap, count);
}

static void read_counts(struct damp_ctx *c, const struct damp_node *n, struct damp_test_expect *e)
{
	struct counting k = { .e = e };

	if (n->kind != DAMP_NODE_MAP) {
		damp_diag_error(c->diags, n->at,
				"'rules' is a mapping of rule ids, like {discovery: {over: 0}}");
		return;
	}
	for (size_t i = 0; i < n->n; i++) {
		k.rule = n->pairs[i].key->text;
		damp_test_keys(c, n->pairs[i].value, "what a rule did", outcomes, count_key, &k);
	}
}

static const char *read_reason(struct damp_ctx *c, const struct damp_node *n)
{
	const int i = damp_read_word(c, n, "reason", reasons);

	return i < 0 ? NULL : reasons[i];
}

enum {
	EXPECT_VERDICT,
	EXPECT_LAST,
	EXPECT_RULE,
	EXPECT_REASON,
	EXPECT_BYTES,
	EXPECT_DROPPED,
	EXPECT_RULES
};

static void expect_key(struct damp_ctx *c, int key, const struct damp_pair *p, void *user)
{
	struct damp_test_expect *e = user;
	const struct damp_node *at;

	switch (key) {
	case EXPECT_VERDICT: e->verdict = damp_read_word(c, p->value, "verdict", verdicts); break;
	case EXPECT_LAST: e->last = damp_read_word(c, p->value, "verdict", verdicts); break;
	case EXPECT_RULE: e->rule = damp_read_scalar(c, p->value, "a rule id", &at); break;
	case EXPECT_REASON: e->reason = read_reason(c, p->value); break;
	case EXPECT_BYTES: damp_test_range_read(c, p->value, bytes_value, &e->bytes_to_peer); break;
	case EXPECT_DROPPED: read_dropped(c, p->value, e); break;
	default: read_counts(c, p->value, e);
	}
}

void damp_test_expect_read(struct damp_ctx *c, const struct damp_node *n, struct damp_test *t)
{
	static const char *const words[] = { "verdict",	      "last",	 "rule",  "reason",
					     "bytes_to_peer", "dropped", "rules", NULL };

	damp_test_keys(c, n, "'expect'", words, expect_key, &t->expect);
}
