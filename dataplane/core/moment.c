/* SPDX-License-Identifier: BSD-3-Clause */
/* Schedules and the trust in clocks; see moment.h. */
#include "moment.h"

#define DAY_S 86400
#define DAY_MIN 1440u
#define EPOCH_WEEKDAY 3         /* 1970-01-01 was a Thursday; Monday is 0 */

int32_t damp_zone_offset(const struct damp_view *v, uint32_t zone, int64_t at)
{
	const struct damp_time_zone *z = &v->time_zones[zone];
	const struct damp_transition *t = v->transitions + z->first;
	uint32_t lo = 0, hi = z->count - 1;

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo + 1) / 2;

		if (t[mid].at <= at)
			lo = mid;
		else
			hi = mid - 1;
	}
	return t[lo].offset_s;
}

static bool on_day(const struct damp_schedule *s, int64_t day)
{
	return s->days >> ((day + EPOCH_WEEKDAY) % 7) & 1;
}

bool damp_schedule_holds(const struct damp_view *v, uint32_t index, uint64_t wall_s)
{
	const struct damp_schedule *s = &v->schedules[index];
	/* A day more keeps the division away from negative numbers in the first
	 * hours of 1970, which a gateway without a battery boots into. */
	const int64_t at = wall_s > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)wall_s;
	const int64_t local = at + damp_zone_offset(v, s->zone, at) + 7 * DAY_S;
	const int64_t day = local / DAY_S;
	const unsigned minute = (unsigned)(local % DAY_S / 60);

	if (s->from_min < s->to_min)
		return on_day(s, day) && minute >= s->from_min && minute < s->to_min;
	return (on_day(s, day) && minute >= s->from_min) || (on_day(s, day + 6) && minute < s->to_min);
}

enum damp_in_force damp_rule_in_force(const struct damp_view *v, uint32_t rule, const struct damp_moment *m)
{
	const struct damp_rule *r = &v->rules[rule];
	const bool open = v->guard->clock_unsynced == DAMP_CLOCK_OPEN;

	if (m->least_s >= r->until_s)
		return DAMP_ENDED;
	if (r->nwhens == 0)
		return DAMP_IN_FORCE;
	if (!m->trusted)
		return damp_rule_lets_pass(r) == open ? DAMP_IN_FORCE : DAMP_TIME_UNKNOWN;
	for (unsigned i = 0; i < r->nwhens; i++)
		if (damp_schedule_holds(v, r->when[i], m->wall_s))
			return DAMP_IN_FORCE;
	return DAMP_NOT_NOW;
}

void damp_trust_init(struct damp_trust *t, bool always, uint64_t kept_s, damp_tick now)
{
	*t = (struct damp_trust){ .always = always, .least_s = kept_s, .least_at = now, .steady_since = now,
				  .last_at = now };
}

static uint64_t least(const struct damp_trust *t, damp_tick now)
{
	return t->least_s + (now - t->least_at) / DAMP_TICK_HZ;
}

/* Has the wall clock gone another way than the monotonic one since the last look? */
static bool stepped(const struct damp_trust *t, const struct damp_clock_reading *r)
{
	const uint64_t expected = t->last_wall_s + (r->now - t->last_at) / DAMP_TICK_HZ;
	const uint64_t off = r->wall_s > expected ? r->wall_s - expected : expected - r->wall_s;

	return t->last_wall_s != 0 && off > DAMP_TRUST_SLACK_S;
}

struct damp_moment damp_trust_read(struct damp_trust *t, const struct damp_clock_reading *r)
{
	const bool jumped = stepped(t, r);
	uint64_t floor_s = least(t, r->now);

	t->steps += jumped;
	t->behind = r->wall_s + DAMP_TRUST_SLACK_S < floor_s;
	t->trusted = (t->always || r->synced) && !t->behind;
	if (!t->trusted || jumped)
		t->steady_since = r->now;
	t->last_wall_s = r->wall_s;
	t->last_at = r->now;
	if (t->trusted && r->now - t->steady_since >= DAMP_SECONDS(DAMP_TRUST_HOLD_S)) {
		t->proven = true;
		if (r->wall_s > floor_s) {
			t->least_s = floor_s = r->wall_s;
			t->least_at = r->now;
		}
	}
	/* What a trusted clock says is enough to end a thing now, if not for good. */
	return (struct damp_moment){
		.wall_s = t->trusted ? r->wall_s : floor_s,
		.least_s = t->trusted && r->wall_s > floor_s ? r->wall_s : floor_s,
		.trusted = t->trusted,
	};
}
