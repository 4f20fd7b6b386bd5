/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two ports: finding, configuring, starting and stopping them.
 *
 * Idea: take what a device offers and nothing it would change in a packet. No
 * VLAN stripping, no transmit offloads that touch bytes, promiscuous and all
 * multicast, since a bump in the wire must see what is not addressed to it.
 *
 * Main thread only. Failures are said on stderr in one line that names the
 * device and, where there is one, the way out.
 */
#ifndef DAMP_PORTS_H
#define DAMP_PORTS_H

#include "plane.h"

#define DAMP_PORT_DESCRIPTORS 1024u

/* Find both ports by name and learn what they can do: fills id, nrx, ntx,
 * checksums, chains and rss. Returns 0 or -1. */
int damp_ports_find(struct damp_plane *p);

/* Create the buffer pool for the queues and rings of this configuration. */
int damp_ports_pool(struct damp_plane *p);

/* Configure and start both ports. */
int damp_ports_start(struct damp_plane *p);

void damp_ports_stop(struct damp_plane *p);

/* Copy the ports' own counters, link and MTU into the segment. */
void damp_ports_stats(struct damp_plane *p);

#endif
