/* SPDX-License-Identifier: BSD-3-Clause */
/* See sight.h. */
#include "sight.h"

#include "say.h"

static const char *const what[DAMP_ROUTING_MAX] = {
	[DAMP_ROUTING_BOTH] = "both directions are seen",
	[DAMP_ROUTING_UNANSWERED] = "requests are seen, their answers take another way: nothing counts those",
	[DAMP_ROUTING_UNASKED] = "answers are seen whose requests took another way",
};

void damp_sight_tick(struct damp_plane *p)
{
	const struct damp_sight now = damp_sight_of(p->stats->worker, p->config.nworkers);
	const enum damp_routing was = p->stats->routing, is = damp_routing_next(was, &p->sight, &now);

	p->sight = now;
	if (is == was)
		return;
	__atomic_store_n(&p->stats->routing, (uint32_t)is, __ATOMIC_RELAXED);
	damp_judge_set_routing(p->judge, is);
	damp_say("routing: %s", what[is]);
}
