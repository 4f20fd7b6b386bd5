/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does the gateway see both directions? (attacks.md AV-49 j)
 *
 * Idea: what a gateway with half a view sees has a sign of its own. Requests go
 * in and answers are never seen: the answers take another way, past the promise.
 * Answers go out that no seen request asked for: the requests take another way,
 * and to insist on them is to cut the inside off. Three counts of all workers
 * over a window tell; the main thread looks, and says so to the judge.
 *
 * Invariant: damp_routing_next() is pure. Too little traffic changes nothing, so
 * that a quiet hour keeps what was known. What is done about it is the guard's
 * to say (asymmetric): a proof before the request, since none of the bytes that
 * come back will be counted; or answers without a record, small and charged as in
 * the grace time.
 */
#ifndef DAMP_CORE_ROUTING_H
#define DAMP_CORE_ROUTING_H

#include <damper/stats.h>

struct damp_judge;

/* Since the start, over all workers. */
struct damp_sight {
	uint64_t asked;             /* requests of outside peers that were let in */
	uint64_t answered;          /* responses of inside servers, to one on record */
	uint64_t orphans;           /* and to none */
};

/* How much has to happen within a window before it says something. */
#define DAMP_ROUTING_LEAST 50u
#define DAMP_ROUTING_SHARE 20u      /* of twenty, less than one */
#define DAMP_ROUTING_WINDOW_S 10u

struct damp_sight damp_sight_of(const struct damp_worker_stats *w, unsigned nworkers);

/* What the window between two sights says, where was is what was known. */
enum damp_routing damp_routing_next(enum damp_routing was, const struct damp_sight *before,
				    const struct damp_sight *now);

/* Tell the judge. Any thread; workers see it from their next burst on. */
void damp_judge_set_routing(struct damp_judge *j, enum damp_routing r);

#endif
