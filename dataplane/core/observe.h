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
void damp_observe_prefetch(const struct damp_ctx *c, const struct damp_pkt *p);
/* Is there a place for an observation of this path, as p's peer is now? */
bool damp_observe_room(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path);
void damp_observe_take(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path, bool first);
void damp_observe_leave(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t key, uint32_t path);
bool damp_observe_renews(const struct damp_ctx *c, const struct damp_obs *o);
void damp_charge_notification(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
/* A proved observer: heard of lately, to be asked, or gone. Sets heard in d. */
enum damp_hearing { DAMP_HEARING_FINE, DAMP_HEARING_ASK, DAMP_HEARING_GONE };
enum damp_hearing damp_observer_heard(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

#endif
