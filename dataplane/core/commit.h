/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The half with effects: a decision carried out (commit.c), and what follows a packet:
 * pings sent later (probe.c), events (event.c), samples (tell.c).
 */
#ifndef DAMP_CORE_COMMIT_H
#define DAMP_CORE_COMMIT_H

#include "decision.h"

/*
 * The judgement of one packet in two steps, for who wants to look between them
 * (judge.c): damp_judge_run() of a burst of one is damp_judge_decide() and then
 * damp_commit(). The first changes nothing but the idle deadline of a proof.
 */
struct damp_ctx damp_judge_ctx(struct damp_judge_worker *w, const struct damp_view *v,
			       const struct damp_pkt *p, damp_tick now);
void damp_judge_decide(const struct damp_ctx *c, struct damp_pkt *p, struct damp_decision *d);

/* commit.c: carry d out on p. */
void damp_commit(const struct damp_ctx *c, struct damp_pkt *p, struct damp_decision *d);
/* The server of p speaks Block2; written once in a day. */
void damp_mark_blocks(const struct damp_ctx *c, const struct damp_pkt *p);
/* Message ID of the ping to the outside end of p. */
uint16_t damp_ping_mid_of(const struct damp_ctx *c, const struct damp_pkt *p);
/* Write the challenge of a request over it; what is written fits, or nothing is. */
void damp_make_echo(const struct damp_ctx *c, struct damp_pkt *p, uint8_t echo_len);

/* probe.c: soon: the first at once, the others a gap apart. */
void damp_probe_schedule(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_emit *e, unsigned probes,
			 bool soon);

/* event.c: a record of p, and why. */
struct damp_told {
	enum damp_event_how how;
	int32_t rule;                   /* -1: none */
	uint8_t would;                  /* enum damp_action, when observed */
	bool observed;
	uint8_t used_percent;
	uint64_t represents;
};
void damp_event_put(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_told *told);
/* The same for one per reason and second; d: NULL when no rule was asked. */
void damp_event_offer(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d);

/* tell.c: tell of p what its rules ask for. True when the one that decided has a
 * `log` of its own, so that p is in no other sample. */
bool damp_tell(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d);

static inline bool damp_rule_logs(const struct damp_rule *r)
{
	return r->log_first > 0 || r->log_sample_q32 > 0;
}

#endif
