/* SPDX-License-Identifier: BSD-3-Clause */
/* Does the gateway see both directions? See routing.h. */
#include "routing.h"

#include "judge_state.h"

struct damp_sight damp_sight_of(const struct damp_worker_stats *w, unsigned nworkers)
{
	struct damp_sight s = { 0 };

	for (unsigned i = 0; i < nworkers; i++) {
		s.asked += w[i].routing_asked;
		s.answered += w[i].routing_answered;
		s.orphans += w[i].routing_orphans;
	}
	return s;
}

enum damp_routing damp_routing_next(enum damp_routing was, const struct damp_sight *before,
				    const struct damp_sight *now)
{
	const uint64_t asked = now->asked - before->asked, answered = now->answered - before->answered;
	const uint64_t orphans = now->orphans - before->orphans;

	if (orphans >= DAMP_ROUTING_LEAST && answered * DAMP_ROUTING_SHARE < orphans)
		return DAMP_ROUTING_UNASKED;
	if (asked >= DAMP_ROUTING_LEAST && (answered + orphans) * DAMP_ROUTING_SHARE < asked)
		return DAMP_ROUTING_UNANSWERED;
	return asked >= DAMP_ROUTING_LEAST || answered >= DAMP_ROUTING_LEAST ? DAMP_ROUTING_BOTH : was;
}

void damp_judge_set_routing(struct damp_judge *j, enum damp_routing r)
{
	__atomic_store_n(&j->routing, (uint8_t)r, __ATOMIC_RELAXED);
}
