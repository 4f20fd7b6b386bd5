/* SPDX-License-Identifier: BSD-3-Clause */
/* See attacks.h. */
#include "attacks.h"

#include "attacks_kept.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THINGS (DAMP_RULE_SLOTS + DAMP_REASON_MAX)

/* Which counter says what a rule refused. */
enum refuses { REFUSES_NOTHING, REFUSES_OVER, REFUSES_ACTED };

struct look { double s; struct damp_counter n; };

/* A rule's slot, or a reason. */
struct thing {
	struct damp_attack x;
	bool active;
	enum refuses refuses;
	struct damp_counter last[DAMP_OUTCOME_MAX];     /* of a reason: the first alone */
	struct look window[DAMP_ATTACK_WINDOW];
	int64_t began_us[DAMP_ATTACK_WINDOW];           /* of the looks */
	int64_t told_ns, loud_ns;
	uint64_t begun;
	struct damp_tops *tops;
};

struct damp_attacks {
	pthread_mutex_t lock;
	const char *dir;
	uint64_t boot_id;               /* of the counters in last; 0: none yet */
	int64_t mono_ns, wall_us;       /* of the look before */
	uint64_t looks;
	bool changed;                   /* a phase was told: keep what lasts */
	uint64_t learned;               /* which program and slots the rules are known of */
	struct damp_watch watch;
	struct thing thing[THINGS];
};

struct damp_attacks *damp_attacks_new(const char *runtime_dir)
{
	struct damp_attacks *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	pthread_mutex_init(&a->lock, NULL);
	a->dir = runtime_dir;
	for (unsigned i = 0; i < DAMP_RULE_SLOTS; i++)
		a->thing[i].x.slot = i;
	for (unsigned r = 0; r < DAMP_REASON_MAX; r++)
		a->thing[DAMP_RULE_SLOTS + r].x.reason = r;
	return a;
}

void damp_attacks_free(struct damp_attacks *a)
{
	if (a == NULL)
		return;
	for (unsigned i = 0; i < THINGS; i++)
		free(a->thing[i].tops);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

bool damp_attack_reason(unsigned reason)
{
	static const uint8_t severity[DAMP_REASON_MAX] = {
#define X(name, label, sev, help) [DAMP_REASON_##name] = DAMP_SEV_##sev,
		DAMP_REASONS(X)
#undef X
	};

	switch (reason) {
	case DAMP_REASON_PROOF_TAKEN:   /* did its work */
	case DAMP_REASON_HELD_EXPIRED:  /* counted beside the reason it was held for */
	case DAMP_REASON_RULE:
	case DAMP_REASON_RULE_LIMIT:
		return false;
	default:
		return reason >= DAMP_REASON_FIRST_DROP && reason < DAMP_REASON_MAX &&
		       severity[reason] != DAMP_SEV_FAULT;
	}
}

/* What a record tells of: NULL for what passed. */
static struct thing *thing_of(struct damp_attacks *a, const struct damp_event *e)
{
	if (e->how == DAMP_TOLD_WARN)
		return NULL;
	if (e->rule_slot > 0 && e->rule_slot < DAMP_RULE_SLOTS)
		return &a->thing[e->rule_slot];
	return damp_attack_reason(e->reason) ? &a->thing[DAMP_RULE_SLOTS + e->reason] : NULL;
}

void damp_attacks_note(struct damp_attacks *a, const struct damp_event *e)
{
	struct thing *t;

	pthread_mutex_lock(&a->lock);
	t = thing_of(a, e);
	if (t != NULL && t->tops == NULL)
		t->tops = calloc(1, sizeof(*t->tops));
	if (t != NULL && t->tops != NULL)
		damp_tops_note(t->tops, e);
	pthread_mutex_unlock(&a->lock);
}

static bool ends(const struct damp_act *act)
{
	return act->action != DAMP_ACT_ACCEPT && act->action != DAMP_ACT_STRIP_OBSERVE &&
	       act->action != DAMP_ACT_CONTINUE;
}

static enum refuses refuses(const struct damp_rule *r)
{
	const bool passes = r->then.action == DAMP_ACT_ACCEPT || r->then.action == DAMP_ACT_STRIP_OBSERVE;

	if (ends(&r->then))
		return REFUSES_ACTED;
	if (r->nlimits == 0 || !ends(&r->over))
		return REFUSES_NOTHING;
	/* What passes for certain is acted on as well. */
	return passes ? REFUSES_OVER : REFUSES_ACTED;
}

static void learn_modes(struct damp_attacks *a, const struct damp_snap *snap)
{
	for (unsigned i = 1; i < DAMP_RULE_SLOTS; i++)
		a->thing[i].x.observed = snap->stats.rule_mode[i] == DAMP_MODE_OBSERVE;
}

/* Slots are looked up by name: only when there is something new. */
static void learn_rules(struct damp_attacks *a, const struct damp_snap *snap, const struct damp_progview *v)
{
	const uint64_t now = v->hdr->checksum + snap->stats.nrule_slots;

	if (a->learned == now)
		return;
	a->learned = now;
	a->watch = v->hdr->watch;
	for (unsigned i = 1; i < DAMP_RULE_SLOTS; i++)
		a->thing[i].refuses = REFUSES_NOTHING;
	for (unsigned i = 0; i < v->hdr->nrules; i++) {
		const char *id = damp_progview_string(v, v->rules[i].id_off);
		const unsigned slot = damp_snap_rule_slot(snap, id);
		struct thing *t = &a->thing[slot];

		if (slot == 0)
			continue;
		t->refuses = refuses(&v->rules[i]);
		snprintf(t->x.rule, sizeof(t->x.rule), "%s", id);
	}
}

static struct damp_counter since(const struct damp_counter *now, const struct damp_counter *then)
{
	/* Counters of one boot never fall; what was kept on disk may say anything. */
	return (struct damp_counter){ now->packets > then->packets ? now->packets - then->packets : 0,
				      now->bytes > then->bytes ? now->bytes - then->bytes : 0 };
}

static void add(struct damp_counter *c, const struct damp_counter *n)
{
	c->packets += n->packets;
	c->bytes += n->bytes;
}

/* What was refused since the look before. */
static struct damp_counter step_rule(struct thing *t, const struct damp_snap *snap)
{
	const struct damp_counter *now = snap->total.rule[t->x.slot];
	struct damp_counter d[DAMP_OUTCOME_MAX], sum = { 0, 0 };

	for (unsigned o = 0; o < DAMP_OUTCOME_MAX; o++) {
		d[o] = since(&now[o], &t->last[o]);
		t->last[o] = now[o];
	}
	if (t->refuses == REFUSES_OVER)
		return d[DAMP_OUT_OVER];
	if (t->refuses == REFUSES_ACTED) {
		add(&sum, &d[DAMP_OUT_ACTED]);
		add(&sum, &d[DAMP_OUT_WOULD]);
	}
	return sum;
}

static struct damp_counter step_reason(struct thing *t, const struct damp_snap *snap)
{
	const struct damp_counter now = damp_snap_reason(snap, t->x.reason);
	const struct damp_counter d = since(&now, &t->last[0]);

	t->last[0] = now;
	return d;
}

static struct damp_counter step(struct thing *t, const struct damp_snap *snap)
{
	return t->x.slot > 0 ? step_rule(t, snap) : step_reason(t, snap);
}

static bool watched(const struct thing *t)
{
	return t->x.slot > 0 ? t->x.rule[0] != '\0' : damp_attack_reason(t->x.reason);
}

/* Rates over the window, and what lies in it. */
static struct damp_counter measure(struct thing *t)
{
	struct damp_counter sum = { 0, 0 };
	double s = 0;

	for (unsigned i = 0; i < DAMP_ATTACK_WINDOW; i++) {
		s += t->window[i].s;
		add(&sum, &t->window[i].n);
	}
	/* A window that is not full yet counts as one: what was before is not known. */
	s = s > DAMP_ATTACK_WINDOW ? s : DAMP_ATTACK_WINDOW;
	t->x.pps = (double)sum.packets / s;
	t->x.Bps = (double)sum.bytes / s;
	return sum;
}

static void peak(struct thing *t, const struct look *l)
{
	const double pps = (double)l->n.packets / l->s, Bps = (double)l->n.bytes / l->s;

	t->x.peak_pps = pps > t->x.peak_pps ? pps : t->x.peak_pps;
	t->x.peak_Bps = Bps > t->x.peak_Bps ? Bps : t->x.peak_Bps;
}

struct teller {
	struct damp_attacks *a;
	damp_attack_fn *fn;
	void *arg;
};

static void tell(const struct teller *w, struct thing *t, enum damp_attack_phase phase)
{
	t->x.tops = t->tops;
	t->x.threshold_pps = w->a->watch.attack_rate_milli / 1000.0;
	w->fn(w->arg, phase, &t->x);
	w->a->changed = true;
}

static void begin(const struct teller *w, struct thing *t, const struct damp_counter *so_far, int64_t mono_ns)
{
	struct damp_attacks *a = w->a;

	t->active = true;
	t->begun++;
	t->x.total = *so_far;
	t->x.peak_pps = t->x.peak_Bps = 0;
	/* The oldest look of the window that anything was refused in. */
	for (unsigned i = 1; i <= DAMP_ATTACK_WINDOW; i++) {
		const unsigned at = (unsigned)((a->looks + i) % DAMP_ATTACK_WINDOW);

		if (t->window[at].n.packets == 0)
			continue;
		if (t->x.peak_pps == 0)
			t->x.started_us = t->began_us[at];
		peak(t, &t->window[at]);
	}
	snprintf(t->x.id, sizeof(t->x.id), "%08llx-%llx-%c%x", (unsigned long long)(a->boot_id >> 32),
		 (unsigned long long)t->x.started_us, t->x.slot > 0 ? 'r' : 'g',
		 t->x.slot > 0 ? t->x.slot : t->x.reason);
	t->told_ns = mono_ns;
	tell(w, t, DAMP_ATTACK_START);
}

static void forget(struct thing *t)
{
	free(t->tops);
	t->tops = NULL;
}

static void end(const struct teller *w, struct thing *t)
{
	t->active = false;
	tell(w, t, DAMP_ATTACK_END);
	forget(t);
}

static void go_on(const struct teller *w, struct thing *t, const struct look *l, int64_t mono_ns)
{
	add(&t->x.total, &l->n);
	peak(t, l);
	if (mono_ns - t->loud_ns >= (int64_t)w->a->watch.attack_quiet_s * 1000000000)
		end(w, t);
	else if (mono_ns - t->told_ns >= (int64_t)w->a->watch.attack_update_s * 1000000000) {
		t->told_ns = mono_ns;
		tell(w, t, DAMP_ATTACK_UPDATE);
	}
}

static void look_at(const struct teller *w, struct thing *t, const struct look *l, int64_t mono_ns,
		    int64_t wall_us)
{
	struct damp_attacks *a = w->a;
	const unsigned at = (unsigned)(a->looks % DAMP_ATTACK_WINDOW);
	const double limit = a->watch.attack_rate_milli / 1000.0;
	struct damp_counter in_window;

	t->window[at] = *l;
	t->began_us[at] = a->wall_us;
	in_window = measure(t);
	if (t->x.pps >= limit / 2) {
		t->loud_ns = mono_ns;
		t->x.loud_us = wall_us;
	}
	if (t->active)
		go_on(w, t, l, mono_ns);
	else if (t->x.pps > limit)
		begin(w, t, &in_window, mono_ns);
	else if (in_window.packets == 0)
		forget(t); /* whose records these are is of the past */
}

/* Another start of the data plane: its counters begin anew, and what lasted ends. */
static void start_over(const struct teller *w, uint64_t boot_id)
{
	struct damp_attacks *a = w->a;

	for (unsigned i = 0; i < THINGS; i++) {
		struct thing *t = &a->thing[i];

		if (t->active)
			end(w, t);
		forget(t);
		memset(t->last, 0, sizeof(t->last));
		memset(t->window, 0, sizeof(t->window));
		t->x.rule[0] = '\0'; /* slots are given out anew */
	}
	a->boot_id = boot_id;
	a->learned = 0;
}

/* What lasted when another damperd wrote it down, and goes on by the counters. */
static void take_up(struct damp_attacks *a, int64_t mono_ns)
{
	struct damp_attack_kept kept[DAMP_ATTACKS_KEPT];
	const unsigned n = damp_attacks_kept_read(a->dir, a->boot_id, kept);

	for (unsigned i = 0; i < n; i++) {
		const struct damp_attack_kept *k = &kept[i];
		struct thing *t = &a->thing[k->x.slot > 0 ? k->x.slot : DAMP_RULE_SLOTS + k->x.reason];

		t->x = k->x;
		memcpy(t->last, k->last, sizeof(t->last));
		t->active = true;
		t->begun++;
		t->told_ns = t->loud_ns = mono_ns;
	}
}

/* The first look: what was counted before is no news, but of what lasts. */
static void begin_looking(struct damp_attacks *a, const struct damp_snap *snap, int64_t mono_ns)
{
	const struct look none = { .s = 1 };

	a->boot_id = snap->stats.boot_id;
	for (unsigned i = 1; i < THINGS; i++)
		step(&a->thing[i], snap);
	take_up(a, mono_ns);
	for (unsigned i = 1; i < THINGS; i++) {
		struct thing *t = &a->thing[i];
		struct look missed = none;

		if (!t->active)
			continue;
		/* No rate and no peak from a time whose length is not known. */
		missed.n = step(t, snap);
		add(&t->x.total, &missed.n);
	}
}

static void keep(const struct damp_attacks *a)
{
	struct damp_attack_kept kept[DAMP_ATTACKS_KEPT];
	unsigned n = 0;

	for (unsigned i = 1; i < THINGS && n < DAMP_ATTACKS_KEPT; i++) {
		const struct thing *t = &a->thing[i];

		if (!t->active)
			continue;
		kept[n].x = t->x;
		memcpy(kept[n++].last, t->last, sizeof(t->last));
	}
	damp_attacks_kept_write(a->dir, a->boot_id, kept, n);
}

static void look(const struct teller *w, const struct damp_snap *snap, int64_t mono_ns, int64_t wall_us)
{
	struct damp_attacks *a = w->a;
	const double s = (double)(mono_ns - a->mono_ns) / 1e9;

	for (unsigned i = 1; i < THINGS; i++) {
		struct thing *t = &a->thing[i];
		struct look l;

		if (!watched(t))
			continue;
		l = (struct look){ .s = s, .n = step(t, snap) };
		look_at(w, t, &l, mono_ns, wall_us);
	}
}

void damp_attacks_look(struct damp_attacks *a, const struct damp_snap *snap,
		       const struct damp_progview *running, int64_t mono_ns, int64_t wall_us,
		       damp_attack_fn *told, void *arg)
{
	const struct teller w = { a, told, arg };

	pthread_mutex_lock(&a->lock);
	if (a->boot_id != 0 && a->boot_id != snap->stats.boot_id)
		start_over(&w, snap->stats.boot_id);
	if (running != NULL)
		learn_rules(a, snap, running);
	learn_modes(a, snap);
	if (a->watch.attack_rate_milli != 0 && a->boot_id == 0)
		begin_looking(a, snap, mono_ns);
	else if (a->watch.attack_rate_milli != 0 && mono_ns > a->mono_ns)
		look(&w, snap, mono_ns, wall_us);
	a->mono_ns = mono_ns;
	a->wall_us = wall_us;
	a->looks++;
	if (a->changed)
		keep(a);
	a->changed = false;
	pthread_mutex_unlock(&a->lock);
}

void damp_attacks_each(struct damp_attacks *a, void (*fn)(void *arg, const struct damp_attack *x), void *arg)
{
	pthread_mutex_lock(&a->lock);
	for (unsigned i = 1; i < THINGS; i++) {
		struct thing *t = &a->thing[i];

		t->x.tops = t->tops;
		if (t->active)
			fn(arg, &t->x);
	}
	pthread_mutex_unlock(&a->lock);
}

static uint64_t state_of(struct damp_attacks *a, const struct thing *t, bool *active)
{
	uint64_t begun;

	pthread_mutex_lock(&a->lock);
	begun = t->begun;
	*active = t->active;
	pthread_mutex_unlock(&a->lock);
	return begun;
}

uint64_t damp_attacks_of_slot(struct damp_attacks *a, unsigned slot, bool *active)
{
	return state_of(a, &a->thing[slot % DAMP_RULE_SLOTS], active);
}

uint64_t damp_attacks_of_reason(struct damp_attacks *a, unsigned reason, bool *active)
{
	return state_of(a, &a->thing[DAMP_RULE_SLOTS + reason % DAMP_REASON_MAX], active);
}
