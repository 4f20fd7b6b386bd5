/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What decide_observe.c knows of observations: their places, their notifications and
 * whether somebody still listens.
 */
#ifndef DAMP_CORE_OBSERVE_H
#define DAMP_CORE_OBSERVE_H

#include "decision.h"

/* decide_observe.c. False: conditional attributes end the request here. */
bool damp_decide_attrs(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

/* The places of one observation. */
#define DAMP_PLACES 4u
struct damp_places {
	struct damp_lease_place of[DAMP_PLACES];
	unsigned n;
};

/* All of these: the prefixes of p's peer are hashed. */
void damp_observe_prefetch(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path);
/* Is there a place for an observation of this path, as p's peer is now? */
bool damp_observe_room(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path);
void damp_observe_take(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path, bool first);
/* Room, and then the first take of the same moment, which need not look again. */
bool damp_observe_look(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path,
		       struct damp_places *at);
void damp_observe_take_seen(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_places *at);
void damp_observe_leave(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t key, uint32_t path);

/* When an observer was heard of last, and whether its observation does not know. */
struct damp_heard {
	uint32_t at;
	bool anew;
};

/* A proved observer: heard of lately, to be asked, or gone. */
enum damp_hearing { DAMP_HEARING_FINE, DAMP_HEARING_ASK, DAMP_HEARING_GONE };
enum damp_hearing damp_observer_heard(const struct damp_ctx *c, const struct damp_pkt *p,
				      const struct damp_obs *o, struct damp_heard *heard);
/* What one notification costs of what its observation may bring. False: nothing. */
bool damp_notification_cost(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_obs *o,
			    struct damp_charge *one);
void damp_charge_notification(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

/* For what carries out: the notification p passes. And the observer was heard of. */
void damp_observe_notified(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_heard *heard,
			   struct damp_obs *o);
void damp_observe_heard_at(struct damp_obs *o, uint32_t at);

#endif
