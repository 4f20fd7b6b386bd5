/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many workers, and where what they touch should lie.
 *
 * Idea: a worker wants a core and a queue of its own, and memory on the socket
 * its packets come to. What all workers share lies with the ports; what one
 * worker owns lies with the core it runs on.
 *
 * Invariant: on a machine of one socket, and with devices that belong to none,
 * nothing of this changes anything.
 *
 * Main thread only, after EAL is up; damp_scale_workers() any time.
 */
#ifndef DAMP_SCALE_H
#define DAMP_SCALE_H

#include <damper/program.h>
#include <rte_ethdev.h>
#include <stddef.h>

struct damp_plane;

/* Workers for so many lcores beside the main one: one for each, as far as both
 * ports have queues. Ports of one queue each feed two, one from either side. */
unsigned damp_scale_workers(unsigned lcores, const struct rte_eth_dev_info info[DAMP_SIDE_MAX]);

/* The lcore of worker index, in the order in which they are started. */
unsigned damp_scale_lcore(unsigned index);

/* The socket of the ports, or SOCKET_ID_ANY when they belong to none. Says so
 * when they belong to different ones. */
int damp_scale_socket(const struct damp_plane *p);

/* Zeroed memory on that socket; elsewhere, said on stderr, when it is full.
 * NULL when there is none at all. */
void *damp_scale_memory(const char *name, size_t bytes, int socket);

#endif
