/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pings beside a message that stays or goes its way, and pings that are
 * repeated: +0.4 s and +0.8 s after the first, unless the peer has proved
 * itself meanwhile; one that had before is asked all the same.
 *
 * Idea: all delays are equal, so a timer wheel is one FIFO; what is to go at
 * once has another. The repetition
 * exists because a libcoap client ignores pings in its first 250 ms and answers
 * one per 250 ms (attacks.md 6.3). Its bytes were charged with the first ping.
 *
 * Invariant: a full FIFO loses the probe, never an older one; nothing is sent
 * that was not paid.
 */
#include "commit.h"

#define DAMP_PROBE_MASK ((1u << DAMP_PROBES_LOG2) - 1)

static void push(struct damp_judge_worker *w, struct damp_probe_fifo *f, const struct damp_probe *probe)
{
	if (f->tail - f->head > DAMP_PROBE_MASK) {
		w->stats->table_evictions[DAMP_TABLE_PROBES]++;
		return;
	}
	f->slot[f->tail++ & DAMP_PROBE_MASK] = *probe;
}

void damp_probe_schedule(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_emit *e, unsigned probes,
			 bool soon)
{
	struct damp_probe probe = {
		.due = c->now + (soon ? 0 : DAMP_PROBE_GAP), .peer_key = p->peer_key, .left = probes,
		.v6 = p->frame.v6, .emit = *e,
	};

	if (probes == 0)
		return;
	if (!damp_peer_max_due(c->j->peers, p->peer_key, c->now, &probe.proof))
		probe.proof = 0;
	push(c->w, soon ? &c->w->soon : &c->w->probes, &probe);
}

static void count(struct damp_judge_worker *w, const struct damp_probe *probe)
{
	const uint64_t bytes = damp_empty_ip_len(probe->v6);

	w->stats->pings_sent++;
	w->stats->made[probe->emit.side].packets++;
	w->stats->made[probe->emit.side].bytes += bytes;
	if (probe->proof == 0)
		w->stats->unproved_bytes_out += bytes;
}

static unsigned emit(struct damp_judge_worker *w, struct damp_probe_fifo *f, damp_tick now, struct damp_emit *out,
		     unsigned max)
{
	uint32_t due;
	unsigned n = 0;

	while (n < max && f->head != f->tail) {
		struct damp_probe probe = f->slot[f->head & DAMP_PROBE_MASK];

		if (probe.due > now)
			break;
		f->head++;
		if (damp_peer_max_due(w->j->peers, probe.peer_key, now, &due) && due != probe.proof)
			continue;
		out[n++] = probe.emit;
		count(w, &probe);
		if (--probe.left == 0)
			continue;
		/* From now on, not from when it was due: the FIFO stays sorted. */
		probe.due = now + DAMP_PROBE_GAP;
		push(w, &w->probes, &probe);
	}
	return n;
}

unsigned damp_judge_emits(struct damp_judge_worker *w, damp_tick now, struct damp_emit *out, unsigned max)
{
	const unsigned n = emit(w, &w->soon, now, out, max);

	return n + emit(w, &w->probes, now, out + n, max - n);
}
