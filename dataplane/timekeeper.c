/* SPDX-License-Identifier: BSD-3-Clause */
/* See timekeeper.h. */
#include "timekeeper.h"

#include "lists.h"
#include "programs.h"
#include "say.h"
#include "state.h"

#include <damper/wire.h>
#include <errno.h>
#include <rte_cycles.h>
#include <sys/timex.h>
#include <time.h>

static damp_tick now_tick(const struct damp_plane *p)
{
	return damp_clock_tick(&p->clock, rte_rdtsc());
}

static uint64_t monotonic_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec;
}

/* The kernel's word on its clock: whoever sets it right (NTP, PTP, chrony) says
 * so by adjtimex(2). */
static bool synchronised(void)
{
	struct timex t = { 0 };

	return adjtimex(&t) != TIME_ERROR && !(t.status & STA_UNSYNC);
}

static struct damp_clock_reading read_clocks(const struct damp_plane *p)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (struct damp_clock_reading){
		.wall_s = t.tv_sec < 0 ? 0 : (uint64_t)t.tv_sec,
		.synced = synchronised(),
		.now = now_tick(p),
	};
}

/* Say it once when it begins and once when it is over. */
static void tell(struct damp_timekeeper *k, const struct damp_plane *p)
{
	const struct damp_trust *t = &k->trust;

	if (t->behind && !k->told_behind)
		damp_say("the clock is behind a time that was proven before, %llu (%s/%s): it is not trusted. If "
			 "that time was wrong, delete the file and start again",
			 (unsigned long long)t->least_s, p->config.state_dir, DAMP_TIME_FILE);
	k->told_behind = t->behind;
	if (!t->trusted && !k->told_untrusted)
		damp_say("the time is not known for certain: rules with 'when' go by fail: clock_unsynced");
	else if (t->trusted && k->told_untrusted)
		damp_say("the time is known again");
	k->told_untrusted = !t->trusted;
}

static void publish(struct damp_plane *p, const struct damp_timekeeper *k)
{
	struct damp_stats *s = p->stats;

	s->clock_trusted = k->trust.trusted;
	s->clock_behind = k->trust.behind;
	s->clock_wall_s = k->moment.wall_s;
	s->clock_least_s = k->moment.least_s;
	s->clock_steps = k->trust.steps;
	s->mode_overrides = k->overrides.n;
}

static uint64_t until_of(const struct damp_timekeeper *k, const char *id, damp_tick now)
{
	uint64_t until = 0;

	for (unsigned i = 0; i < k->overrides.n; i++) {
		const struct damp_override *o = &k->overrides.o[i];

		if (strcmp(o->id, id) == 0 || (o->id[0] == '\0' && until == 0))
			until = monotonic_s() + (o->until > now ? (o->until - now) / DAMP_TICK_HZ : 0) + 1;
	}
	return until;
}

/* What the data path does with each rule now, for whoever shows it. The slots of
 * rules that are gone say nothing. */
static void publish_rules(struct damp_plane *p, const struct damp_view *v, const struct damp_moment *m)
{
	const struct damp_timekeeper *k = &p->time;
	const damp_tick now = now_tick(p);
	uint8_t mode[DAMP_RULE_SLOTS] = { 0 }, force[DAMP_RULE_SLOTS] = { 0 };
	uint64_t until[DAMP_RULE_SLOTS] = { 0 }, observing = 0;

	for (uint32_t i = 0; i < v->hdr->nrules; i++) {
		const uint16_t slot = v->rule_slot[i];

		mode[slot] = (uint8_t)damp_live_mode(v, i);
		force[slot] = (uint8_t)damp_rule_in_force(v, i, m);
		until[slot] = until_of(k, damp_view_string(v, v->rules[i].id_off), now);
		observing += mode[slot] == DAMP_MODE_OBSERVE;
	}
	memcpy(p->stats->rule_mode, mode, sizeof(mode));
	memcpy(p->stats->rule_time, force, sizeof(force));
	memcpy(p->stats->rule_mode_until_s, until, sizeof(until));
	p->stats->rules_observing = observing;
}

/* The moment for one program. What had ended by the clock of whoever made it is
 * over, though ours may know nothing yet; that proves nothing for another. */
static struct damp_moment moment_of(const struct damp_plane *p, const struct damp_view *v)
{
	struct damp_moment m = p->time.moment;

	if (m.least_s < v->hdr->made_s)
		m.least_s = v->hdr->made_s;
	return m;
}

void damp_timekeeper_apply(struct damp_plane *p, struct damp_view *v)
{
	const struct damp_moment m = moment_of(p, v);

	p->stats->rules_waiting = damp_live_refresh(v, &m, &p->time.overrides);
	publish_rules(p, v, &m);
	publish(p, &p->time);
}

void damp_timekeeper_start(struct damp_plane *p)
{
	struct damp_timekeeper *k = &p->time;
	const struct damp_clock_reading r = read_clocks(p);

	k->kept_s = damp_state_time(p->config.state_dir);
	damp_trust_init(&k->trust, p->config.trust_clock, k->kept_s, r.now);
	k->moment = damp_trust_read(&k->trust, &r);
	k->next = r.now + DAMP_SECONDS(1);
	k->next_keep = r.now;
	tell(k, p);
}

static void keep(struct damp_plane *p)
{
	struct damp_timekeeper *k = &p->time;
	const damp_tick now = now_tick(p);
	const uint64_t least = k->trust.least_s + (now - k->trust.least_at) / DAMP_TICK_HZ;

	/* Time that only the monotonic clock has counted on is proven as well, but
	 * begins with nothing on the very first start. */
	if (least < DAMP_TIME_KEEP_S || (k->trust.least_s == 0 && !k->trust.proven))
		return;
	k->next_keep = now + DAMP_SECONDS(DAMP_TIME_KEEP_S);
	if (least <= k->kept_s)
		return;
	if (damp_state_keep_time(p->config.state_dir, least) == 0)
		k->kept_s = least;
}

void damp_timekeeper_tick(struct damp_plane *p)
{
	struct damp_timekeeper *k = &p->time;
	struct damp_clock_reading r;

	if (now_tick(p) < k->next)
		return;
	r = read_clocks(p);
	k->next = r.now + DAMP_SECONDS(1);
	k->moment = damp_trust_read(&k->trust, &r);
	tell(k, p);
	if (damp_overrides_expire(&k->overrides, r.now) > 0)
		damp_say("the time of a rule's other mode is over");
	damp_timekeeper_apply(p, p->signals.view);
	if (r.now >= k->next_keep)
		keep(p);
}

static bool rule_known(const struct damp_view *v, const char *id)
{
	for (uint32_t i = 0; i < v->hdr->nrules; i++)
		if (strcmp(damp_view_string(v, v->rules[i].id_off), id) == 0)
			return true;
	return false;
}

int damp_timekeeper_mode(struct damp_plane *p, const char *rule, unsigned mode, uint64_t seconds, char *text,
			 size_t len)
{
	const struct damp_view *v = damp_programs_view(p);
	const damp_tick now = now_tick(p);

	if (mode >= DAMP_MODE_MAX || seconds > DAMP_FOR_MAX_S) {
		snprintf(text, len, "a mode is off, observe or enforce, for at most %u s", DAMP_FOR_MAX_S);
		return ERANGE;
	}
	if (v->hdr->locked & DAMP_LOCKED_MODE) {
		snprintf(text, len, "the rules lock 'mode': it cannot be changed while they run");
		return EPERM;
	}
	if (seconds > 0 && rule[0] != '\0' && !rule_known(v, rule)) {
		snprintf(text, len, "the running rules have no rule '%s'", rule);
		return ENOENT;
	}
	if (!damp_override_set(&p->time.overrides, rule, (enum damp_mode)mode,
			       seconds > 0 ? now + DAMP_SECONDS(seconds) : 0, now)) {
		snprintf(text, len, "%u rules have another mode already: no more are kept",
			 DAMP_OVERRIDES_MAX);
		return ENOSPC;
	}
	if (mode > v->hdr->mode && seconds > 0)
		snprintf(text, len, "the mode of the rule file is stricter and holds");
	damp_timekeeper_apply(p, p->signals.view);
	/* A block of a rule that is observed now must not drop another packet. */
	damp_lists_apply(p, p->signals.view);
	return 0;
}

void damp_timekeeper_stop(struct damp_plane *p)
{
	keep(p);
}
