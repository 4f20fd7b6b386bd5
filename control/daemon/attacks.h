/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attacks: start, updates and end of what a rule or a budget of the guard
 * refuses, in place of an event for each packet.
 *
 * Idea: the counters of the data plane are looked at once a second. Of each rule
 * and of each reason of the guard the rate over the last DAMP_ATTACK_WINDOW looks
 * is compared with the rule file's `events: attack`. The counters say how much,
 * sampled records of packets (tops.h) say who.
 *
 * Invariant: what is told follows from what the data plane counted, never from
 * what somebody meant it to do. start, update and end of one attack have the
 * same id, and each start has one end, over a restart of damperd too: what lasts
 * is kept beside the counters and taken up when they are still of the same boot.
 *
 * What counts as refused of a rule: what it acted on, or would have in mode
 * observe; of a rule that lets pass within its limit only what was over. What
 * its blocks refuse is acted on by it. Reasons of rules (rule, rule_limit) and
 * our own lack of room (severity fault) are no attacks by themselves.
 *
 * Threads: any; note and look are the main thread's.
 */
#ifndef DAMP_ATTACKS_H
#define DAMP_ATTACKS_H

#include "common/progview.h"
#include "stats_map.h"
#include "tops.h"

#define DAMP_ATTACK_WINDOW 5u   /* looks */
#define DAMP_ATTACK_ID_LEN 48u
#define DAMP_ATTACKS_FILE "attacks.json"        /* below the runtime directory */

enum damp_attack_phase { DAMP_ATTACK_START, DAMP_ATTACK_UPDATE, DAMP_ATTACK_END };

struct damp_attack {
	char id[DAMP_ATTACK_ID_LEN];
	char rule[DAMP_NAME_MAX];       /* "" when it is the guard's */
	unsigned slot;                  /* of the rule, 0 none */
	unsigned reason;                /* of the guard */
	bool observed;                  /* the rule only observes: what would have been refused */
	int64_t started_us, loud_us;    /* wall clock: when it began, when it was last above half the rate */
	struct damp_counter total;
	double pps, Bps;                /* over the window */
	double peak_pps, peak_Bps;      /* of one look */
	double threshold_pps;
	const struct damp_tops *tops;   /* NULL: no record of it was seen */
};

struct damp_attacks;

/* runtime_dir: where what lasts is kept; NULL nowhere. NULL when out of memory. */
struct damp_attacks *damp_attacks_new(const char *runtime_dir);
void damp_attacks_free(struct damp_attacks *a);

/* A record of a worker. */
void damp_attacks_note(struct damp_attacks *a, const struct damp_event *e);

/* Is this reason watched as a budget of the guard? */
bool damp_attack_reason(unsigned reason);

typedef void damp_attack_fn(void *arg, enum damp_attack_phase phase, const struct damp_attack *x);

/*
 * Look at the counters, once a second. running: the program, NULL when not known
 * (then what was known before holds). told is called for each phase that begins;
 * it must not call back into this.
 */
void damp_attacks_look(struct damp_attacks *a, const struct damp_snap *snap,
		       const struct damp_progview *running, int64_t mono_ns, int64_t wall_us,
		       damp_attack_fn *told, void *arg);

/* Those that last, in no order. fn must not call back into this. */
void damp_attacks_each(struct damp_attacks *a, void (*fn)(void *arg, const struct damp_attack *x), void *arg);

/* How many have begun at a rule's slot (not 0), or for a reason; *active: one lasts. */
uint64_t damp_attacks_of_slot(struct damp_attacks *a, unsigned slot, bool *active);
uint64_t damp_attacks_of_reason(struct damp_attacks *a, unsigned reason, bool *active);

#endif
