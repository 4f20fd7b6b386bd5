/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates of the counters; see sampler.h. */
#include "sampler.h"

#include <pthread.h>
#include <stdlib.h>

struct damp_sampler {
	pthread_mutex_t lock;
	struct damp_sample ring[DAMP_SAMPLES];
	uint64_t count;                 /* samples ever taken */
};

struct damp_sampler *damp_sampler_new(void)
{
	struct damp_sampler *s = calloc(1, sizeof(*s));

	if (s != NULL)
		pthread_mutex_init(&s->lock, NULL);
	return s;
}

void damp_sampler_free(struct damp_sampler *s)
{
	if (s == NULL)
		return;
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void fill(struct damp_sample *out, const struct damp_snap *snap)
{
	const struct damp_worker_stats *t = &snap->total;

	out->boot_id = snap->stats.boot_id;
	out->drops = damp_snap_drops(snap);
	out->unproved_in = t->unproved_bytes_in;
	out->unproved_out = t->unproved_bytes_out;
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		out->rx.packets += t->rx[side].packets;
		out->rx.bytes += t->rx[side].bytes;
	}
	for (unsigned w = 0; w < snap->stats.nworkers; w++) {
		const struct damp_worker_stats *ws = &snap->stats.worker[w];

		out->busy[w] = ws->cycles_busy;
		out->idle[w] = ws->cycles_idle;
		out->packets[w] = ws->rx[DAMP_OUTSIDE].packets + ws->rx[DAMP_INSIDE].packets;
	}
}

void damp_sampler_add(struct damp_sampler *s, const struct damp_snap *snap, int64_t mono_ns)
{
	struct damp_sample one = { .mono_ns = mono_ns };

	fill(&one, snap);
	pthread_mutex_lock(&s->lock);
	s->ring[s->count++ % DAMP_SAMPLES] = one;
	pthread_mutex_unlock(&s->lock);
}

static struct damp_rates between(const struct damp_sample *a, const struct damp_sample *b)
{
	struct damp_rates r = { .valid = true,
				.window_s = (double)(b->mono_ns - a->mono_ns) / 1e9 };

	r.rx_pps = (double)(b->rx.packets - a->rx.packets) / r.window_s;
	r.rx_Bps = (double)(b->rx.bytes - a->rx.bytes) / r.window_s;
	r.drop_pps = (double)(b->drops.packets - a->drops.packets) / r.window_s;
	r.unproved_in_Bps = (double)(b->unproved_in - a->unproved_in) / r.window_s;
	r.unproved_out_Bps = (double)(b->unproved_out - a->unproved_out) / r.window_s;
	for (unsigned w = 0; w < DAMP_WORKERS_MAX; w++) {
		double busy = (double)(b->busy[w] - a->busy[w]),
		       idle = (double)(b->idle[w] - a->idle[w]);
		double packets = (double)(b->packets[w] - a->packets[w]);

		r.load[w] = busy + idle > 0 ? busy / (busy + idle) : 0;
		r.pps[w] = packets / r.window_s;
		r.cycles_per_packet[w] = packets > 0 ? busy / packets : 0;
	}
	return r;
}

struct damp_rates damp_sampler_rates(struct damp_sampler *s, uint64_t boot_id)
{
	const struct damp_sample *newest = NULL, *oldest = NULL;
	struct damp_rates r = { .valid = false };

	pthread_mutex_lock(&s->lock);
	for (uint64_t back = 0; back < DAMP_SAMPLES && back < s->count; back++) {
		const struct damp_sample *one = &s->ring[(s->count - 1 - back) % DAMP_SAMPLES];

		if (one->boot_id != boot_id)
			break;
		if (newest == NULL)
			newest = one;
		oldest = one;
	}
	if (newest != NULL && newest->mono_ns > oldest->mono_ns)
		r = between(oldest, newest);
	pthread_mutex_unlock(&s->lock);
	return r;
}
