/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gaps between schedules: two rules for the same messages, one by day and one
 * by night, and the hours between them that neither was meant to leave out.
 *
 * Idea: a week has 10080 minutes; those of all schedules are marked, and the
 * first that is not begins the gap. Only schedules of one zone of time are
 * compared: between zones the gap moves with every change of a clock.
 */
#include "lint_when.h"

#include <string.h>

#define DAY_MIN 1440u
#define WEEK_MIN (7u * DAY_MIN)

static void mark(bool *week, const struct damp_schedule *s)
{
	for (unsigned d = 0; d < 7; d++) {
		const unsigned begin = d * DAY_MIN + s->from_min;
		const unsigned end = d * DAY_MIN + s->to_min + (s->to_min <= s->from_min ? DAY_MIN : 0);

		for (unsigned m = begin; (s->days >> d & 1) && m < end; m++)
			week[m % WEEK_MIN] = true;
	}
}

/* False when the schedules are of several zones of time. */
static bool mark_all(const struct damp_ctx *c, const size_t *rule, size_t n, bool *week)
{
	const uint32_t zone = c->schedules[c->rules[rule[0]].when[0]].s.zone;

	for (size_t i = 0; i < n; i++)
		for (unsigned w = 0; w < c->rules[rule[i]].nwhens; w++) {
			const struct damp_schedule *s = &c->schedules[c->rules[rule[i]].when[w]].s;

			if (s->zone != zone)
				return false;
			mark(week, s);
		}
	return true;
}

void damp_lint_gap(struct damp_ctx *c, const size_t *rule, size_t n)
{
	static const char *const day[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	bool *week = damp_pool_alloc(c->pool, WEEK_MIN * sizeof(*week));
	const struct damp_rule_model *first = &c->rules[rule[0]];
	unsigned from = 0, to;

	if (!mark_all(c, rule, n, week))
		return;
	/* A gap begins behind a minute that is held, perhaps in the week before. */
	while (from < WEEK_MIN && (week[from] || !week[(from + WEEK_MIN - 1) % WEEK_MIN]))
		from++;
	if (from == WEEK_MIN)
		return;
	for (to = from; !week[to % WEEK_MIN];)
		to++;
	to %= WEEK_MIN;
	damp_diag_remark(c->diags, first->at,
			 "rules '%s' and '%s' differ in 'when' alone; from %s %02u:%02u to %s %02u:%02u none of %s holds",
			 first->id, c->rules[rule[n - 1]].id, day[from / DAY_MIN], from % DAY_MIN / 60, from % 60,
			 day[to / DAY_MIN], to % DAY_MIN / 60, to % 60, n > 2 ? "these" : "them");
}
