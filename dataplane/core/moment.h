/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a gateway knows of the time, and which schedules hold then.
 *
 * Idea: two questions, two clocks. "Is it Saturday morning?" needs the wall
 * clock, and only one that is trusted. "Is this over?" needs no more than a
 * time that it is at least: the latest time this gateway has had proof of, kept
 * across restarts, and counted on by the monotonic clock.
 *
 * Invariant: least_s never falls, whatever the wall clock does; nothing here
 * reads a clock. A moment is an argument to whoever asks.
 *
 * Reference: design.md section 6.
 */
#ifndef DAMP_CORE_MOMENT_H
#define DAMP_CORE_MOMENT_H

#include "types.h"
#include "view.h"

struct damp_moment {
	uint64_t wall_s;            /* Unix time; the best guess when it is not trusted */
	uint64_t least_s;           /* it is at least so late: what ended before is over */
	bool trusted;               /* wall_s may be used to say what time of the week it is */
};

/* Offset of the local time from UTC in zone index of v, at a Unix time. */
int32_t damp_zone_offset(const struct damp_view *v, uint32_t zone, int64_t at);

/* Does schedule index of v hold at a Unix time? At a change to summer time the
 * local hours that do not exist are nobody's; those that come twice count twice. */
bool damp_schedule_holds(const struct damp_view *v, uint32_t index, uint64_t wall_s);

/* Is the rule in force, its mode aside? */
enum damp_in_force damp_rule_in_force(const struct damp_view *v, uint32_t rule, const struct damp_moment *m);

/* Does the rule let pass what it matches? Then it is out of force when closed
 * is said and the time is not known. */
static inline bool damp_rule_lets_pass(const struct damp_rule *r)
{
	return r->then.action == DAMP_ACT_ACCEPT;
}

/*
 * Which wall clock to believe.
 *
 * A clock is trusted when the kernel calls it synchronised (or the operator
 * said it always is) and it is not behind the latest time proven. It is proof
 * of the time only after it has run without a step for DAMP_TRUST_HOLD_S: a
 * single wrong answer from the network must not end everything for good.
 */
#define DAMP_TRUST_HOLD_S 60u
#define DAMP_TRUST_SLACK_S 120u     /* clocks are set back a little all the time */

struct damp_trust {
	bool always;                /* trust the clock without the kernel's word */
	bool trusted, behind;
	bool proven;                /* least_s has been proved in this run */
	uint64_t least_s;           /* at tick least_at */
	damp_tick least_at;
	damp_tick steady_since;     /* trusted and without a step */
	uint64_t last_wall_s;
	damp_tick last_at;
	uint64_t steps;             /* steps of the wall clock seen */
};

struct damp_clock_reading { uint64_t wall_s; bool synced; damp_tick now; };

/* kept_s: the latest time proven in earlier runs, 0 none. */
void damp_trust_init(struct damp_trust *t, bool always, uint64_t kept_s, damp_tick now);

/* Take a reading, once a second or so, and say what time it is. */
struct damp_moment damp_trust_read(struct damp_trust *t, const struct damp_clock_reading *r);

#endif
