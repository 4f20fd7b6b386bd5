/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The part of a view that changes while it runs: which rules are in force now,
 * and in which mode.
 *
 * Idea: the main thread evaluates schedules, ends and overrides once a second
 * and stores the outcome here; a worker ANDs the bitmap into its rows as one
 * more, and reads the mode of a rule from here. So time costs a packet one word
 * for 64 rules and no clock.
 *
 * Invariant: a pure function of (program, moment, overrides); replay, explain,
 * tests and the simulation call the same one. Words and bytes are stored and
 * loaded relaxed: a packet may see the state of a second ago, never half a word.
 * A mode is never above the file's ceiling, and a rule that is unable stays off.
 */
#ifndef DAMP_CORE_LIVE_H
#define DAMP_CORE_LIVE_H

#include "moment.h"

#define DAMP_OVERRIDES_MAX 64u

/* A mode that an operator set for a while, by rule id: it outlives reloads. */
struct damp_override {
	char id[DAMP_NAME_MAX];     /* "": all rules that have none of their own */
	uint8_t mode;               /* enum damp_mode */
	damp_tick until;
};

struct damp_overrides {
	unsigned n;
	struct damp_override o[DAMP_OVERRIDES_MAX];
};

/* Set, change or (until <= now) take away the override of a rule. False: no
 * room. Main thread. */
bool damp_override_set(struct damp_overrides *all, const char *id, enum damp_mode mode, damp_tick until,
		       damp_tick now);
/* Drop those whose time is over; returns how many there were. */
unsigned damp_overrides_expire(struct damp_overrides *all, damp_tick now);

/* Evaluate and store. o may be NULL. Returns how many rules are out of force
 * for their time. */
uint32_t damp_live_refresh(struct damp_view *v, const struct damp_moment *m, const struct damp_overrides *o);

static inline uint64_t damp_live_mask(const struct damp_view *v, uint32_t word)
{
	return __atomic_load_n(&v->live.mask[word], __ATOMIC_RELAXED);
}

static inline enum damp_mode damp_live_mode(const struct damp_view *v, uint32_t rule)
{
	return (enum damp_mode)__atomic_load_n(&v->live.mode[rule], __ATOMIC_RELAXED);
}

static inline bool damp_class_exempt(const struct damp_view *v, uint16_t cls)
{
	const struct damp_class *c = &v->classes[cls];

	return c->flags & DAMP_CLASS_EXEMPT &&
	       __atomic_load_n(&v->live.least_s, __ATOMIC_RELAXED) < c->exempt_until_s;
}

#endif
