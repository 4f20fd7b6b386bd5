/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time and the rules: schedules in local time over changes to summer time,
 * ends, overrides of modes, and the trust in clocks that step, stand still or
 * begin in 1970. Every time is an argument; nothing here waits.
 */
#include "live.h"
#include "moment.h"
#include "rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* From `date -u -d ... +%s`, not from the code under test. */
#define SUN_2026_03_29 1774742400ull    /* 00:00 UTC; Berlin goes to summer time at 01:00 UTC */
#define SUN_2026_10_25 1792886400ull    /* 00:00 UTC; and back at 01:00 UTC */
#define MON_2026_11_23 1795392000ull    /* 00:00 UTC */
#define HOUR 3600ull
#define DAY 86400ull
#define YEAR (365 * DAY)

static struct damp_moment known(uint64_t wall_s)
{
	return (struct damp_moment){ .wall_s = wall_s, .least_s = wall_s, .trusted = true };
}

#define SCHEDULES                                                                        \
	"schedules:\n"                                                                   \
	"  early: {hours: 02:30-03:30, zone: Europe/Berlin}\n"                           \
	"  work: {days: [mon, tue, wed, thu, fri], hours: 07:00-19:00, zone: Europe/Berlin}\n" \
	"  night: {days: [sun], hours: 22:00-05:00}\n"                                   \
	"  india: {days: [mon], hours: 00:00-24:00, zone: Asia/Kolkata}\n"               \
	"  south: {days: [mon], hours: 00:00-24:00, zone: America/St_Johns}\n"

enum { EARLY, WORK, NIGHT, INDIA, SOUTH };

static void schedules(void **state)
{
	static const struct { const char *what; unsigned schedule; uint64_t at; bool holds; } cases[] = {
		/* 02:30 to 03:30 does not begin on the 29th of March: 02:00 is 03:00. */
		{ "the day before, 02:29", EARLY, SUN_2026_03_29 - DAY + HOUR + 29 * 60, false },
		{ "the day before, 02:30", EARLY, SUN_2026_03_29 - DAY + HOUR + 30 * 60, true },
		{ "01:59:59 local", EARLY, SUN_2026_03_29 + HOUR - 1, false },
		{ "03:00 local, a second later", EARLY, SUN_2026_03_29 + HOUR, true },
		{ "03:29:59 local", EARLY, SUN_2026_03_29 + HOUR + 30 * 60 - 1, true },
		{ "03:30 local", EARLY, SUN_2026_03_29 + HOUR + 30 * 60, false },
		/* On the 25th of October 02:00 to 03:00 comes twice. */
		{ "02:30 summer time", EARLY, SUN_2026_10_25 + 30 * 60, true },
		{ "02:00 again", EARLY, SUN_2026_10_25 + HOUR, false },
		{ "02:30 again", EARLY, SUN_2026_10_25 + HOUR + 30 * 60, true },
		{ "03:30 standard time", EARLY, SUN_2026_10_25 + 2 * HOUR + 30 * 60, false },
		{ "Monday 06:59:59 in Berlin", WORK, MON_2026_11_23 + 6 * HOUR - 1, false },
		{ "Monday 07:00 in Berlin", WORK, MON_2026_11_23 + 6 * HOUR, true },
		{ "Monday 18:59:59 in Berlin", WORK, MON_2026_11_23 + 18 * HOUR - 1, true },
		{ "Monday 19:00 in Berlin", WORK, MON_2026_11_23 + 18 * HOUR, false },
		{ "Sunday noon", WORK, MON_2026_11_23 - 12 * HOUR, false },
		{ "in summer, Monday 07:00", WORK, MON_2026_11_23 - 140 * DAY + 5 * HOUR, true },
		{ "in summer, Monday 06:59", WORK, MON_2026_11_23 - 140 * DAY + 5 * HOUR - 60, false },
		/* Over midnight: the night of Sunday ends on Monday. */
		{ "Sunday 21:59", NIGHT, MON_2026_11_23 - 2 * HOUR - 60, false },
		{ "Sunday 22:00", NIGHT, MON_2026_11_23 - 2 * HOUR, true },
		{ "Monday 04:59", NIGHT, MON_2026_11_23 + 5 * HOUR - 60, true },
		{ "Monday 05:00", NIGHT, MON_2026_11_23 + 5 * HOUR, false },
		{ "Monday 22:00", NIGHT, MON_2026_11_23 + 22 * HOUR, false },
		{ "Sunday 04:00 is Saturday's", NIGHT, MON_2026_11_23 - 20 * HOUR, false },
		{ "Monday begins in India at 18:30 UTC", INDIA, MON_2026_11_23 - 5 * HOUR - 30 * 60, true },
		{ "not before", INDIA, MON_2026_11_23 - 5 * HOUR - 30 * 60 - 1, false },
		{ "and in Newfoundland at 03:30 UTC", SOUTH, MON_2026_11_23 + 3 * HOUR + 30 * 60, true },
		{ "not before", SOUTH, MON_2026_11_23 + 3 * HOUR + 30 * 60 - 1, false },
		/* Far ahead, where the zone's file has only a rule: 2060-07-05 and 2060-12-06 are Mondays. */
		{ "2060 in summer, 05:00 UTC", WORK, 2856229200ull, true },
		{ "2060 in summer, 04:59 UTC", WORK, 2856229200ull - 60, false },
		{ "2060 in winter, 06:00 UTC", WORK, 2869538400ull, true },
		{ "2060 in winter, 05:59 UTC", WORK, 2869538400ull - 60, false },
		/* A gateway without a battery boots on Thursday, the 1st of January 1970. */
		{ "1970, 00:00 UTC is 01:00 in Berlin", WORK, 0, false },
		{ "1970, 06:00 UTC", WORK, 6 * HOUR, true },
		{ "1970, west of Greenwich it is still Wednesday", SOUTH, 0, false },
		{ "the end of time", NIGHT, UINT64_MAX, false },
	};
	struct rig r;

	(void)state;
	rules_open(&r, false, HEAD ZONES SCHEDULES
		   "rules:\n  - {id: a, match: {when: [early, work, night, india, south]}, then: drop}\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (damp_schedule_holds(r.view, cases[i].schedule, cases[i].at) != cases[i].holds)
			fail_msg("%s: schedule %u %s", cases[i].what, cases[i].schedule,
				 cases[i].holds ? "does not hold" : "holds");
	rig_close(&r);
}

static unsigned reason_of(struct rig *r, char path)
{
	return rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET((uint8_t)path)))->reason;
}

static void rules_come_and_go(void **state)
{
	struct damp_moment m;
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES SCHEDULES
		   "rules:\n"
		   "  - {id: at-work, match: {from: outside, path: /a, when: work}, then: drop}\n"
		   "  - {id: trial, match: {from: outside, path: /b, when: work}, then: drop, mode: observe}\n"
		   "  - {id: ends, match: {from: outside, path: /c}, then: drop, until: 2026-11-23}\n");
	m = known(MON_2026_11_23 + 5 * HOUR);
	assert_int_equal(damp_live_refresh(r.view, &m, NULL), 2);
	assert_int_equal(reason_of(&r, 'a'), DAMP_REASON_ACCEPTED);
	assert_int_equal(reason_of(&r, 'c'), DAMP_REASON_RULE);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_MATCHED), 0);
	m = known(MON_2026_11_23 + 6 * HOUR);
	assert_int_equal(damp_live_refresh(r.view, &m, NULL), 0);
	assert_int_equal(reason_of(&r, 'a'), DAMP_REASON_RULE);
	assert_int_equal(reason_of(&r, 'b'), DAMP_REASON_ACCEPTED);
	assert_int_equal(rules_counted(&r, 1, DAMP_OUT_WOULD), 1);
	assert_int_equal(rules_counted(&r, 1, DAMP_OUT_ACTED), 0);
	/* Its last day is over at midnight UTC. */
	m = known(MON_2026_11_23 + DAY - 1);
	damp_live_refresh(r.view, &m, NULL);
	assert_int_equal(reason_of(&r, 'c'), DAMP_REASON_RULE);
	m = known(MON_2026_11_23 + DAY);
	damp_live_refresh(r.view, &m, NULL);
	assert_int_equal(reason_of(&r, 'c'), DAMP_REASON_ACCEPTED);
	/* Setting the clock back does not revive it, while the proof of time stands. */
	m.wall_s = MON_2026_11_23;
	m.trusted = false;
	damp_live_refresh(r.view, &m, NULL);
	assert_int_equal(reason_of(&r, 'c'), DAMP_REASON_ACCEPTED);
	rig_close(&r);
}

/* closed: what accepts is out of force, what stops is in; open: the reverse. */
static void unknown_time(void **state)
{
	static const struct { const char *policy; bool accepts, stops; } cases[] = {
		{ "", false, true },
		{ "fail: {clock_unsynced: closed}\n", false, true },
		{ "fail: {clock_unsynced: open}\n", true, false },
	};
	/* It is Monday, 10:00, and both rules would hold, if anybody knew. */
	struct damp_moment m = { .wall_s = MON_2026_11_23 + 9 * HOUR, .least_s = MON_2026_11_23, .trusted = false };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[1500];
		struct rig r;

		snprintf(text, sizeof(text), HEAD ZONES SCHEDULES "%s"
			 "rules:\n"
			 "  - {id: lets, match: {from: outside, path: /a, when: work}, then: accept}\n"
			 "  - {id: stops, match: {from: outside, path: /b, when: work}, then: drop}\n"
			 "  - {id: rest, match: {from: outside, path: /a}, then: drop}\n", cases[i].policy);
		rules_open(&r, *(bool *)*state, text);
		damp_live_refresh(r.view, &m, NULL);
		assert_int_equal(reason_of(&r, 'a'), cases[i].accepts ? DAMP_REASON_ACCEPTED : DAMP_REASON_RULE);
		assert_int_equal(reason_of(&r, 'b'), cases[i].stops ? DAMP_REASON_RULE : DAMP_REASON_ACCEPTED);
		assert_int_equal(damp_rule_in_force(r.view, cases[i].accepts ? 1 : 0, &m), DAMP_TIME_UNKNOWN);
		rig_close(&r);
	}
}

static void exemptions_end(void **state)
{
	struct damp_moment m;
	struct rig r;

	(void)state;
	rules_open(&r, false, HEAD ZONES
		   "exempt:\n"
		   "  - {from: 10.1.0.1, until: 2099-11-23}\n"
		   "  - {from: 10.1.0.0/30, until: 2099-11-20}\n"
		   "  - {from: 10.1.0.2, about: for ever}\n"
		   "rules:\n  - {id: all, match: any, then: drop}\n");
	/* 2099-11-21 and 2099-11-24, 00:00 UTC */
	m = known(4098902400ull);
	damp_live_refresh(r.view, &m, NULL);
	assert_int_equal(reason_of(&r, 'a'), DAMP_REASON_ACCEPTED);
	m = known(4098902400ull + 3 * DAY - 1);
	damp_live_refresh(r.view, &m, NULL);
	assert_int_equal(reason_of(&r, 'a'), DAMP_REASON_ACCEPTED);
	m = known(4098902400ull + 3 * DAY);
	damp_live_refresh(r.view, &m, NULL);
	assert_int_equal(reason_of(&r, 'a'), DAMP_REASON_RULE);
	assert_int_equal(rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 2, 1 }, SERVER, BYTES(GET('a')))->reason,
			 DAMP_REASON_ACCEPTED);
	assert_int_equal(rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 3, 1 }, SERVER, BYTES(GET('a')))->reason,
			 DAMP_REASON_RULE);
	rig_close(&r);
}

static void modes_for_a_while(void **state)
{
	static struct damp_overrides o;
	const struct damp_moment m = known(MON_2026_11_23);
	char id[16];
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "rules:\n"
		   "  - {id: a, match: {from: outside, path: /a}, then: drop}\n"
		   "  - {id: b, match: {from: outside, path: /b}, then: drop, mode: observe}\n"
		   "  - {id: c, match: {from: outside, path: /c}, then: drop, mode: \"off\"}\n"
		   "  - {id: d, match: {from: outside, dtls: client_hello}, then: drop}\n");
	memset(&o, 0, sizeof(o));
	assert_true(damp_override_set(&o, "a", DAMP_MODE_OBSERVE, 1000, 0));
	assert_true(damp_override_set(&o, "b", DAMP_MODE_ENFORCE, 2000, 0));
	assert_true(damp_override_set(&o, "c", DAMP_MODE_ENFORCE, 3000, 0));
	assert_true(damp_override_set(&o, "d", DAMP_MODE_ENFORCE, 3000, 0));
	damp_live_refresh(r.view, &m, &o);
	assert_int_equal(reason_of(&r, 'a'), DAMP_REASON_ACCEPTED);
	assert_int_equal(reason_of(&r, 'b'), DAMP_REASON_RULE);
	assert_int_equal(reason_of(&r, 'c'), DAMP_REASON_RULE);
	assert_int_equal(reason_of(&r, 'd'), DAMP_REASON_ACCEPTED); /* it asks for what nothing can tell */
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_WOULD), 1);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_ACTED), 0);
	assert_int_equal(rules_counted(&r, 1, DAMP_OUT_ACTED), 1);
	assert_int_equal(rules_counted(&r, 1, DAMP_OUT_WOULD), 0);
	assert_int_equal(damp_overrides_expire(&o, 999), 0);
	assert_int_equal(damp_overrides_expire(&o, 1000), 1);
	damp_live_refresh(r.view, &m, &o);
	assert_int_equal(reason_of(&r, 'a'), DAMP_REASON_RULE);
	assert_true(damp_override_set(&o, "b", DAMP_MODE_OFF, 2500, 1000)); /* another one */
	assert_true(damp_override_set(&o, "c", DAMP_MODE_OFF, 0, 1000));    /* its end */
	assert_int_equal(o.n, 2);
	damp_live_refresh(r.view, &m, &o);
	assert_int_equal(reason_of(&r, 'b'), DAMP_REASON_ACCEPTED);
	assert_int_equal(reason_of(&r, 'c'), DAMP_REASON_ACCEPTED);
	assert_int_equal(rules_counted(&r, 1, DAMP_OUT_MATCHED), 1);
	/* A name for all rules, below the name of one. */
	assert_true(damp_override_set(&o, "", DAMP_MODE_OBSERVE, 5000, 1000));
	assert_true(damp_override_set(&o, "a", DAMP_MODE_ENFORCE, 5000, 1000));
	damp_live_refresh(r.view, &m, &o);
	assert_int_equal(reason_of(&r, 'a'), DAMP_REASON_RULE);
	assert_int_equal(damp_live_mode(r.view, 2), DAMP_MODE_OBSERVE);
	for (unsigned i = o.n; i < DAMP_OVERRIDES_MAX; i++) {
		snprintf(id, sizeof(id), "r%u", i);
		assert_true(damp_override_set(&o, id, DAMP_MODE_OFF, 9000, 1000));
	}
	assert_false(damp_override_set(&o, "one-more", DAMP_MODE_OFF, 9000, 1000));
	assert_true(damp_override_set(&o, "a", DAMP_MODE_OFF, 9000, 1000));
	rig_close(&r);
}

/* The ceiling of the file is above whoever sets a mode. */
static void ceilings(void **state)
{
	static struct damp_overrides o;
	const struct damp_moment m = known(MON_2026_11_23);
	struct rig r;

	rules_open(&r, *(bool *)*state, "version: 1\nruleset: {mode: observe}\n" ZONES
		   "rules:\n  - {id: a, match: {from: outside, path: /a}, then: drop}\n");
	memset(&o, 0, sizeof(o));
	damp_override_set(&o, "a", DAMP_MODE_ENFORCE, 1000, 0);
	damp_live_refresh(r.view, &m, &o);
	assert_int_equal(damp_live_mode(r.view, 0), DAMP_MODE_OBSERVE);
	assert_int_equal(reason_of(&r, 'a'), DAMP_REASON_ACCEPTED);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_ACTED), 0);
	damp_override_set(&o, "a", DAMP_MODE_OFF, 1000, 0);
	damp_live_refresh(r.view, &m, &o);
	assert_int_equal(damp_live_mode(r.view, 0), DAMP_MODE_OFF);
	rig_close(&r);
}

/* A machine: its monotonic and its wall clock, and the kernel's word. */
struct machine {
	struct damp_trust t;
	damp_tick now;
	uint64_t wall_s;
	bool synced;
};

static struct damp_moment after(struct machine *m, unsigned seconds)
{
	struct damp_moment at = { 0 };

	for (unsigned i = 0; i < seconds; i++) {
		m->now += DAMP_SECONDS(1);
		m->wall_s++;
		at = damp_trust_read(&m->t, &(struct damp_clock_reading){ m->wall_s, m->synced, m->now });
	}
	return at;
}

#define NOW_S (MON_2026_11_23 + 10 * HOUR)

static void first_boot_without_network_time(void **state)
{
	struct machine m = { .wall_s = 100 };
	struct damp_moment at;

	(void)state;
	damp_trust_init(&m.t, false, 0, m.now);
	at = after(&m, 30);
	assert_false(at.trusted);
	assert_true(at.least_s <= 130);
	/* Network time comes: a step of half a century, believed at once for the
	 * hours of the week, and kept as proof a minute later. */
	m.wall_s = NOW_S;
	m.synced = true;
	at = after(&m, 1);
	assert_true(at.trusted);
	assert_int_equal(at.wall_s, NOW_S + 1);
	assert_int_equal(at.least_s, NOW_S + 1);
	assert_false(m.t.proven);
	after(&m, 70);
	assert_true(m.t.proven);
	assert_in_range(m.t.least_s, NOW_S, NOW_S + 100);
	/* The network is lost: the hours are not known any more, what has passed is. */
	m.synced = false;
	at = after(&m, 3600);
	assert_false(at.trusted);
	assert_in_range(at.least_s, NOW_S + 3600, NOW_S + 3800);
}

static void restart_with_a_wrong_clock(void **state)
{
	struct machine m = { .wall_s = 100, .synced = false };
	struct damp_moment at;

	(void)state;
	damp_trust_init(&m.t, false, NOW_S, m.now);
	at = after(&m, 10);
	assert_false(at.trusted);
	assert_in_range(at.least_s, NOW_S, NOW_S + 10);
	/* Even if somebody calls it synchronised: it is behind what was proven. */
	m.synced = true;
	at = after(&m, 300);
	assert_false(at.trusted);
	assert_true(m.t.behind);
	assert_in_range(at.least_s, NOW_S + 300, NOW_S + 310);
	/* And so with `trust = always`. */
	m.t.always = true;
	assert_false(after(&m, 1).trusted);
	m.wall_s = NOW_S + 320;
	assert_true(after(&m, 1).trusted);
}

static void steps_back_and_forth(void **state)
{
	struct machine m = { .wall_s = NOW_S, .synced = true };
	struct damp_moment at;

	(void)state;
	damp_trust_init(&m.t, false, 0, m.now);
	after(&m, 200);
	/* A few seconds back, as happens every day: nothing. */
	m.wall_s -= 30;
	at = after(&m, 1);
	assert_true(at.trusted);
	assert_true(at.least_s >= NOW_S + 200);
	/* A day back: least_s goes on, the clock is not trusted. */
	m.wall_s -= DAY;
	at = after(&m, 1);
	assert_false(at.trusted);
	assert_true(at.least_s >= NOW_S + 201);
	assert_int_equal(m.t.steps, 1);
	/* And to where it was. */
	m.wall_s += DAY;
	at = after(&m, 1);
	assert_true(at.trusted);
	/* Ten years ahead for half a minute: believed while it lasts, no proof. */
	m.wall_s += 10 * YEAR;
	at = after(&m, 30);
	assert_true(at.trusted);
	assert_true(at.least_s > NOW_S + 9 * YEAR);
	m.wall_s -= 10 * YEAR;
	at = after(&m, 1);
	assert_true(at.trusted);
	assert_true(at.least_s < NOW_S + DAY);
	assert_int_equal(m.t.steps, 4);
}

/* An end is over for good once it was proved, whatever clock comes after. */
static void least_never_falls(void **state)
{
	struct machine m = { .wall_s = NOW_S, .synced = true };
	uint64_t last = 0, seed = 7;

	(void)state;
	damp_trust_init(&m.t, false, NOW_S - DAY, m.now);
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t least;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		if (seed >> 56 < 4)
			m.wall_s = NOW_S + (seed >> 33) % (4 * DAY) - 2 * DAY;
		if (seed >> 56 > 250)
			m.synced = !m.synced;
		after(&m, 1);
		least = m.t.least_s + (m.now - m.t.least_at) / DAMP_TICK_HZ;
		if (least < last)
			fail_msg("round %u (seed 7): %llu after %llu", i, (unsigned long long)least,
				 (unsigned long long)last);
		last = least;
	}
}

#define BOTH(f) { #f " v4", f, NULL, NULL, &v4 }, { #f " v6", f, NULL, NULL, &v6 }

int main(void)
{
	static bool v4 = false, v6 = true;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schedules), BOTH(rules_come_and_go), BOTH(unknown_time),
		cmocka_unit_test(exemptions_end), BOTH(modes_for_a_while), BOTH(ceilings),
		cmocka_unit_test(first_boot_without_network_time), cmocka_unit_test(restart_with_a_wrong_clock),
		cmocka_unit_test(steps_back_and_forth), cmocka_unit_test(least_never_falls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
