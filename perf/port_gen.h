/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The generator of the port-to-port benchmark: plays the outside and the
 * inside at once, over two DPDK ports.
 *
 * Idea: one loop on one core sends on schedule, receives on both ports, checks
 * everything (port_check.h), and, where asked to, answers: as the servers, and
 * as honest clients that reset a ping. Its own absences (the core was taken
 * away) are seen as long rounds; times of packets that were under way then say
 * nothing about the filter and are counted as "blinded" instead.
 *
 * Invariant: each packet sent is counted when the port has taken it, so what
 * the filter received and what it sent must be the same numbers.
 */
#ifndef DAMP_PERF_PORT_GEN_H
#define DAMP_PERF_PORT_GEN_H

#include "port_check.h"

#include <rte_mbuf.h>

#define PORT_BURST 32u

struct port_options {
	const char *port[2];        /* DPDK names: outside, inside */
	const char *json;
	double rate;                /* packets a second; 0: as many as the port takes */
	double seconds;
	double warm;                /* seconds first, not counted as times */
	bool answer;                /* be the servers, and honest about pings */
	bool search;                /* RFC 2544: the highest rate without loss */
	bool captures;
	struct port_traffic traffic;
	bool macswap;
	bool linger;                /* leave only when standard input ends */
};

/* Read options into *o. False: said on stderr. */
bool port_options_read(struct port_options *o, int argc, char **argv);

/* Set up the two ports of o, run, write the JSON. Returns an exit code. To be
 * called from a thread that EAL knows. */
int port_gen_run(const struct port_options *o);

#endif
