/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers, sockets; see scale.h.
 */
#include "scale.h"

#include "plane.h"
#include "say.h"

#include <rte_lcore.h>
#include <rte_malloc.h>

unsigned damp_scale_workers(unsigned lcores, const struct rte_eth_dev_info info[DAMP_SIDE_MAX])
{
	unsigned n = DAMP_WORKERS_MAX;

	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++)
		n = RTE_MIN(n, (unsigned)RTE_MIN(info[side].max_rx_queues, info[side].max_tx_queues));
	if (n == 1)
		n = 2;
	n = RTE_MIN(n, lcores);
	return n > 0 ? n : 1;
}

unsigned damp_scale_lcore(unsigned index)
{
	unsigned lcore;

	RTE_LCORE_FOREACH_WORKER(lcore)
		if (index-- == 0)
			return lcore;
	return rte_get_main_lcore();
}

int damp_scale_socket(const struct damp_plane *p)
{
	const int outside = rte_eth_dev_socket_id(p->port[DAMP_OUTSIDE].id);
	const int inside = rte_eth_dev_socket_id(p->port[DAMP_INSIDE].id);

	if (outside < 0)
		return inside < 0 ? SOCKET_ID_ANY : inside;
	if (inside >= 0 && inside != outside)
		damp_say("the ports are on sockets %d and %d: every packet crosses; put both NICs on one",
			 outside, inside);
	return outside;
}

void *damp_scale_memory(const char *name, size_t bytes, int socket)
{
	void *mem = rte_zmalloc_socket(name, bytes, RTE_CACHE_LINE_SIZE, socket);

	if (mem != NULL || socket == SOCKET_ID_ANY)
		return mem;
	mem = rte_zmalloc(name, bytes, RTE_CACHE_LINE_SIZE);
	if (mem != NULL)
		damp_say("socket %d has no memory left for %zu MiB; they lie on another "
			 "(EAL: --socket-mem)", socket, bytes >> 20);
	return mem;
}
