/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a rule tells of: warn, log and severity.
 *
 * Reference: operators.md 3.4, 4.3.
 */
#include "read.h"

#include <ctype.h>
#include <string.h>

#define SHARE_MAX 1000000000u
#define FIRST_MAX 1000000u

/* Digits at *p as a number up to max; steps over them. */
static bool take_number(const char **p, unsigned long max, unsigned long *out)
{
	const char *from = *p;

	for (*out = 0; isdigit((unsigned char)**p) && *out <= max; (*p)++)
		*out = *out * 10 + (unsigned long)(**p - '0');
	return *p > from && *out <= max;
}

/* The text of a value, and where it stands; what: as messages name it. */
static const char *text_of(struct damp_ctx *c, const struct damp_node *n, const char *what, struct damp_place *at)
{
	const struct damp_node *found;
	const char *text = damp_read_scalar(c, n, what, &found);

	if (text)
		*at = found->at;
	return text;
}

void damp_share_read(struct damp_ctx *c, const struct damp_node *n, uint32_t *q32)
{
	struct damp_place at;
	const char *text = text_of(c, n, "a share", &at), *p = text;
	unsigned long a, b;
	uint64_t q;

	if (!text)
		return;
	if (!take_number(&p, SHARE_MAX, &a) || *p++ != '/' || !take_number(&p, SHARE_MAX, &b) || *p || a < 1 ||
	    a > b) {
		damp_diag_error(c->diags, at, "'%s' is not a share; write it like 1/100", text);
		return;
	}
	q = ((uint64_t)a << 32) / b;
	*q32 = q > UINT32_MAX ? UINT32_MAX : (uint32_t)q;
}

static void read_first(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r)
{
	static const char *const who[] = { [DAMP_PER_SOURCE] = "source", [DAMP_PER_TARGET] = "target",
					   [DAMP_PER_PEER] = "peer",	 [DAMP_PER_DEVICE] = "device",
					   [DAMP_PER_PAIR] = "pair",	 NULL };
	struct damp_place at;
	const char *text = text_of(c, n, "a number per end", &at), *p = text;
	unsigned long count;

	if (!text)
		return;
	if (take_number(&p, FIRST_MAX, &count) && count >= 1 && strncmp(p, " per ", 5) == 0)
		for (unsigned i = 0; who[i]; i++)
			if (strcmp(p + 5, who[i]) == 0) {
				r->log_first = (uint32_t)count;
				r->log_per = (uint8_t)i;
				return;
			}
	damp_diag_error(c->diags, at, "'%s' is not a number per end; write it like '3 per source'", text);
}

static void log_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p, void *user)
{
	struct damp_rule_model *r = user;

	if (key == DAMP_KEY_LOG_SAMPLE)
		damp_share_read(c, p->value, &r->log_sample_q32);
	else
		read_first(c, p->value, r);
}

static void read_percent(struct damp_ctx *c, const struct damp_node *n, uint8_t *out)
{
	struct damp_place at;
	const char *text = text_of(c, n, "a share", &at), *p = text;
	unsigned long percent;

	if (!text)
		return;
	if (take_number(&p, 100, &percent) && percent >= 1 && strcmp(p, "%") == 0)
		*out = (uint8_t)percent;
	else
		damp_diag_error(c->diags, at, "'%s' is not a share; write it like 80%%", text);
}

static void read_severity(struct damp_ctx *c, const struct damp_node *n, uint8_t *out)
{
	static const char *const words[] = {
#define X(name, word) word,
		DAMP_LOUDS(X)
#undef X
		NULL
	};
	/* The first means that nobody said. */
	const int word = damp_read_word(c, n, "severity", words + 1);

	if (word >= 0)
		*out = (uint8_t)(word + 1);
}

void damp_events_read(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		      struct damp_rule_model *r)
{
	const unsigned before = c->diags->errors;

	if (key == DAMP_KEY_RULE_WARN)
		read_percent(c, p->value, &r->warn_percent);
	else if (key == DAMP_KEY_RULE_SEVERITY)
		read_severity(c, p->value, &r->loud);
	else
		damp_read_keys(c, DAMP_SECTION_LOG, p->value, log_key, r);
	if (key == DAMP_KEY_RULE_LOG && !r->log_first && !r->log_sample_q32 && c->diags->errors == before)
		damp_diag_error(c->diags, p->value->at, "'log' tells of nothing; write {sample: 1/100}");
}
