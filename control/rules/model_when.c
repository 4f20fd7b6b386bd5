/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time: schedules, the `when` and `until` of rules.
 *
 * Idea: the calendar is the compiler's business. A schedule keeps its days and
 * hours; its zone of time becomes a list of offsets, years ahead, so that the
 * data plane can tell local time without a time zone database and without us.
 *
 * Reference: design.md section 6; operators.md 3.4.
 */
#include "read.h"
#include "suggest.h"
#include "terms.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define DAY_S 86400
#define ALL_DAYS 127u
#define SCHEDULES_MAX 1024u

static const char *const day_names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL };

static bool two_digits(const char **p, unsigned max, unsigned *out)
{
	if (!isdigit((unsigned char)(*p)[0]) || !isdigit((unsigned char)(*p)[1]))
		return false;
	*out = (unsigned)((*p)[0] - '0') * 10 + (unsigned)((*p)[1] - '0');
	*p += 2;
	return *out <= max;
}

/* "07:00-19:00"; the end may be 24:00. */
static bool parse_hours(const char *text, struct damp_schedule *s)
{
	unsigned h[2], m[2];

	for (int i = 0; i < 2; i++) {
		if (!two_digits(&text, 24, &h[i]) || *text++ != ':' || !two_digits(&text, 59, &m[i]))
			return false;
		if (*text++ != (i == 0 ? '-' : '\0'))
			return false;
	}
	s->from_min = (uint16_t)(h[0] * 60 + m[0]);
	s->to_min = (uint16_t)(h[1] * 60 + m[1]);
	return s->from_min < 1440 && s->to_min <= 1440 && s->from_min != s->to_min;
}

static void read_hours(struct damp_ctx *c, const struct damp_node *n, struct damp_schedule *s)
{
	const struct damp_node *at;
	const char *text;

	n = damp_read_deref(c, n);
	if (n && n->kind == DAMP_NODE_LIST) {
		damp_diag_error(c->diags, n->at, "'hours' is one time from and to; write a schedule for each, and 'when: [a, b]'");
		return;
	}
	text = n ? damp_read_scalar(c, n, "a time of day from and to", &at) : NULL;

	if (!text || parse_hours(text, s))
		return;
	if (strlen(text) == 11 && text[5] == '-' && strncmp(text, text + 6, 5) == 0 && isdigit((unsigned char)text[0]))
		damp_diag_error(c->diags, at->at, "'%s' ends where it begins; the whole day is 00:00-24:00", text);
	else
		damp_diag_error(c->diags, at->at,
				"'%s' is not a time of day from and to; write it like 07:00-19:00", text);
}

/* "mon-fri" and "mon..fri", which are lists here. */
static bool day_range(struct damp_ctx *c, const struct damp_node *n)
{
	const char *list = "";
	int end[2] = { -1, -1 };

	if (n->kind != DAMP_NODE_SCALAR || n->len < 7 || strspn(n->text + 3, "-. ") != n->len - 6)
		return false;
	for (int i = 0; day_names[i]; i++) {
		if (strncasecmp(n->text, day_names[i], 3) == 0)
			end[0] = i;
		if (strcasecmp(n->text + n->len - 3, day_names[i]) == 0)
			end[1] = i;
	}
	if (end[0] < 0 || end[1] < 0)
		return false;
	for (int i = end[0]; i != end[1]; i = (i + 1) % 7)
		list = damp_pool_printf(c->pool, "%s%s, ", list, day_names[i]);
	damp_diag_error(c->diags, n->at, "days are a list; write [%s%s]", list, day_names[end[1]]);
	return true;
}

static void read_day(struct damp_ctx *c, const struct damp_node *n, struct damp_schedule *s)
{
	const int day = day_range(c, n) ? -1 : damp_read_word(c, n, "day", day_names);

	if (day >= 0)
		s->days |= (uint8_t)(1u << day);
}

static void read_days(struct damp_ctx *c, const struct damp_node *n, struct damp_schedule *s)
{
	s->days = 0;
	n = damp_read_deref(c, n);
	if (n && n->kind == DAMP_NODE_LIST && !n->n)
		damp_diag_error(c->diags, n->at, "an empty list of days");
	for (size_t i = 0; n && i < (n->kind == DAMP_NODE_LIST ? n->n : 1); i++)
		read_day(c, n->kind == DAMP_NODE_LIST ? n->items[i] : n, s);
}

/* Names of zones are written with capitals: Europe/Berlin, America/New_York. */
static const char *zone_hint(struct damp_ctx *c, const char *name)
{
	char *capital = damp_pool_strndup(c->pool, name, strlen(name));
	struct damp_transitions offsets = { 0 };

	for (char *p = capital; *p; p++)
		*p = (char)(p == capital || strchr("/_-", p[-1]) ? toupper((unsigned char)*p) : tolower((unsigned char)*p));
	if (damp_zone_read(c->pool, capital, &offsets) != DAMP_ZONE_OK)
		return "write it like Europe/Berlin";
	return damp_pool_printf(c->pool, "did you mean '%s'?", capital);
}

/* The zone's index, shared by the schedules that name it. */
static uint32_t zone_index(struct damp_ctx *c, const struct damp_node *at, const char *name)
{
	struct damp_time_zone_model z = { .name = name };

	for (size_t i = 0; i < c->ntime_zones; i++)
		if (strcmp(c->time_zones[i].name, name) == 0)
			return (uint32_t)i;
	switch (damp_zone_read(c->pool, name, &z.offsets)) {
	case DAMP_ZONE_UNKNOWN:
		damp_diag_error(c->diags, at->at, "the time zone database of this machine has no zone '%s'; %s", name,
				zone_hint(c, name));
		return 0;
	case DAMP_ZONE_BAD:
		damp_diag_error(c->diags, at->at, "the file of zone '%s' in " DAMP_ZONEINFO_DIR " cannot be used",
				name);
		return 0;
	default: break;
	}
	DAMP_PUSH(c->pool, c->time_zones, c->ntime_zones, c->time_zones_cap, z);
	return (uint32_t)c->ntime_zones - 1;
}

struct schedule_walk { struct damp_schedule *s; bool hours, zone; };

static void schedule_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p, void *user)
{
	struct schedule_walk *w = user;
	const struct damp_node *at;
	const char *text;

	switch (key) {
	case DAMP_KEY_SCHEDULE_DAYS: read_days(c, p->value, w->s); break;
	case DAMP_KEY_SCHEDULE_HOURS:
		w->hours = true;
		read_hours(c, p->value, w->s);
		break;
	case DAMP_KEY_SCHEDULE_ZONE:
		w->zone = true;
		text = damp_read_scalar(c, p->value, "a zone of time", &at);
		if (text)
			w->s->zone = zone_index(c, at, text);
		break;
	default: break;
	}
}

static void read_schedule(struct damp_ctx *c, const struct damp_pair *p)
{
	struct damp_schedule_model m = { .name = p->key->text, .at = p->key->at, .s.days = ALL_DAYS };
	struct schedule_walk w = { .s = &m.s };
	const unsigned before = c->diags->errors;

	damp_read_keys(c, DAMP_SECTION_SCHEDULE, p->value, schedule_key, &w);
	if (!w.zone)
		m.s.zone = zone_index(c, p->key, "UTC");
	if (!w.hours && c->diags->errors == before)
		damp_diag_error(c->diags, p->key->at, "schedule '%s' has no 'hours'; write 'hours: 07:00-19:00'",
				p->key->text);
	DAMP_PUSH(c->pool, c->schedules, c->nschedules, c->schedules_cap, m);
}

void damp_schedules_read(struct damp_ctx *c, const struct damp_node *map)
{
	if (map->kind != DAMP_NODE_MAP) {
		damp_diag_error(c->diags, map->at, "'schedules' is a mapping of names");
		return;
	}
	if (map->n > SCHEDULES_MAX) {
		damp_diag_error(c->diags, map->at, "more than %u schedules", SCHEDULES_MAX);
		return;
	}
	for (size_t i = 0; i < map->n; i++)
		if (map->pairs[i].key->kind == DAMP_NODE_SCALAR && damp_name_check(c, map->pairs[i].key, "schedule"))
			read_schedule(c, &map->pairs[i]);
}

static void read_when(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r)
{
	const struct damp_node *at;
	const char *name = damp_read_scalar(c, n, "the name of a schedule", &at);
	struct damp_suggestion near;

	if (!name)
		return;
	near = damp_suggestion_start(name);
	for (size_t i = 0; i < c->nschedules; i++) {
		damp_suggestion_try(&near, c->schedules[i].name);
		if (strcmp(c->schedules[i].name, name) != 0)
			continue;
		c->schedules[i].used = true;
		if (r->nwhens == DAMP_RULE_WHENS_MAX)
			damp_diag_error(c->diags, at->at, "a rule has at most %u schedules", DAMP_RULE_WHENS_MAX);
		else
			r->when[r->nwhens++] = (uint16_t)i;
		return;
	}
	if (near.name)
		damp_diag_error(c->diags, at->at, "there is no schedule '%s'; did you mean '%s'?", name, near.name);
	else
		damp_diag_error(c->diags, at->at, "there is no schedule '%s'", name);
}

void damp_when_read(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r)
{
	n = damp_read_deref(c, n);
	if (n && n->kind == DAMP_NODE_LIST && !n->n)
		damp_diag_error(c->diags, n->at, "an empty list of schedules");
	for (size_t i = 0; n && i < (n->kind == DAMP_NODE_LIST ? n->n : 1); i++)
		read_when(c, n->kind == DAMP_NODE_LIST ? n->items[i] : n, r);
}

bool damp_day_read(struct damp_ctx *c, const struct damp_node *n, const struct damp_node **at, int64_t *days)
{
	const char *text = damp_read_scalar(c, n, "a day", at);
	char why[DAMP_WHY_MAX];

	if (!text)
		return false;
	if (damp_date_parse(text, days, why))
		return true;
	damp_diag_error(c->diags, (*at)->at, "%s", why);
	return false;
}

uint64_t damp_day_end_s(int64_t days)
{
	return days < 0 ? 0 : (uint64_t)(days + 1) * DAY_S;
}

void damp_until_read(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r)
{
	const struct damp_node *at;
	int64_t days;

	if (!damp_day_read(c, n, &at, &days))
		return;
	r->until_s = damp_day_end_s(days);
	if (days < c->now / DAY_S)
		damp_diag_warning(c->diags, at->at, "this rule ended on %s: it does nothing", at->text);
}
