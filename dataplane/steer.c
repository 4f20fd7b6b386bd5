/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues and rings; see steer.h.
 */
#include "steer.h"

#include "say.h"
#include "scale.h"

#include <rte_errno.h>
#include <rte_lcore.h>

/* Not all rings are full at once; beyond this the ports run out of buffers
 * first, which they count. */
#define RING_BUFFERS_MAX 32768u

unsigned damp_steer_poller(unsigned side, unsigned q, unsigned n, bool rss)
{
	if (rss || side == DAMP_OUTSIDE)
		return q % n;
	return n - 1 - q % n;
}

static bool polls(const struct damp_plane *p, unsigned side, unsigned worker)
{
	for (unsigned q = 0; q < p->port[side].nrx; q++)
		if (damp_steer_poller(side, q, p->config.nworkers, p->rss.usable) == worker)
			return true;
	return false;
}

static bool polls_any(const struct damp_plane *p, unsigned worker)
{
	return polls(p, DAMP_OUTSIDE, worker) || polls(p, DAMP_INSIDE, worker);
}

unsigned damp_steer_sender(const struct damp_plane *p, unsigned side, unsigned q)
{
	for (unsigned w = q; w < p->config.nworkers; w += p->port[side].ntx)
		if (polls(p, side ^ 1, w))
			return w;
	return q;
}

unsigned damp_steer_capacity(const struct damp_plane *p)
{
	const unsigned n = p->config.nworkers;

	return n == 1 ? 0 : RTE_MIN(n * (n + 1) * DAMP_RING_SIZE, RING_BUFFERS_MAX);
}

static struct rte_ring *make_ring(const char *kind, unsigned from, unsigned to)
{
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *r;

	snprintf(name, sizeof(name), "damp_%s_%u_%u", kind, from, to);
	r = rte_ring_create(name, DAMP_RING_SIZE, (int)rte_lcore_to_socket_id(damp_scale_lcore(to)),
			    RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (r == NULL)
		damp_say("no memory for a ring between workers: %s", rte_strerror(rte_errno));
	return r;
}

static int hand_over_rings(struct damp_plane *p, struct damp_worker *w)
{
	for (unsigned to = 0; to < p->config.nworkers; to++) {
		struct damp_worker *owner = p->worker[to];

		if (to == w->index || !polls_any(p, w->index))
			continue;
		w->to[to] = make_ring("steer", w->index, to);
		if (w->to[to] == NULL)
			return -1;
		owner->from[owner->nfrom++] = w->to[to];
	}
	return 0;
}

static int set_out(struct damp_plane *p, struct damp_worker *w, unsigned side)
{
	const struct damp_port *port = &p->port[side];
	const unsigned queue = w->index % port->ntx, owner = damp_steer_sender(p, side, queue);
	struct damp_out *out = &w->out[side];

	out->port = port->id;
	out->queue = (uint16_t)queue;
	out->chains = port->chains;
	if (owner == w->index)
		return 0;
	out->ring = make_ring(side == DAMP_OUTSIDE ? "out" : "in", w->index, owner);
	if (out->ring == NULL)
		return -1;
	p->worker[owner]->drain[p->worker[owner]->ndrains++] = (struct damp_drain){ out->ring, side };
	return 0;
}

static void set_rx(struct damp_plane *p, unsigned side)
{
	for (uint16_t q = 0; q < p->port[side].nrx; q++) {
		struct damp_worker *w =
			p->worker[damp_steer_poller(side, q, p->config.nworkers, p->rss.usable)];

		w->rx[w->nrx++] = (struct damp_rx){ p->port[side].id, q };
	}
}

int damp_steer_setup(struct damp_plane *p)
{
	set_rx(p, DAMP_OUTSIDE);
	set_rx(p, DAMP_INSIDE);
	for (unsigned i = 0; i < p->config.nworkers; i++) {
		struct damp_worker *w = p->worker[i];

		if (hand_over_rings(p, w) != 0 || set_out(p, w, DAMP_OUTSIDE) != 0 ||
		    set_out(p, w, DAMP_INSIDE) != 0)
			return -1;
	}
	return 0;
}
