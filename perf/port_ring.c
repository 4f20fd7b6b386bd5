/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rings to a data plane from inside its own process.
 *
 * Rings of DPDK join ports of one process, so the generator has to be in the
 * data plane's. The data plane stays the program that is installed: this
 * object is preloaded into it, stands before rte_eal_init(), makes two pairs of
 * rings as soon as EAL is up (devices net_ring_outside and net_ring_inside for
 * the data plane, net_ring_world and net_ring_devices for the generator), and
 * runs the generator in a thread on $DAMPER_PORT_CPU. When that is done the
 * process gets SIGTERM, which ends a data plane in good order.
 *
 * Options of the generator come in $DAMPER_PORT_OPTIONS, separated by spaces.
 */
#include "port_gen.h"

#include <dlfcn.h>
#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_ring.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RING_SIZE 16384u            /* 80 ms at 200 000 packets a second: outlasts an absence */
#define WORDS_MAX 48
#define START_TRIES 1000u           /* of 10 ms */

struct pair { const char *ours, *theirs, *device; };
static const struct pair pairs[2] = {
	{ "world", "outside", "net_ring_outside" },
	{ "devices", "inside", "net_ring_inside" },
};

static struct rte_ring *make_ring(const char *name, const char *way)
{
	char full[RTE_RING_NAMESIZE];

	snprintf(full, sizeof(full), "perf_%s_%s", name, way);
	return rte_ring_create(full, RING_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static int make_pair(const struct pair *p)
{
	struct rte_ring *to = make_ring(p->theirs, "rx"), *from = make_ring(p->theirs, "tx");

	if (to == NULL || from == NULL || rte_eth_from_rings(p->theirs, &to, 1, &from, 1, 0) < 0 ||
	    rte_eth_from_rings(p->ours, &from, 1, &to, 1, 0) < 0) {
		fprintf(stderr, "port-ring: %s: %s\n", p->theirs, rte_strerror(rte_errno));
		return -1;
	}
	return 0;
}

/* Until the data plane has started its ports. */
static bool others_started(void)
{
	for (unsigned i = 0, tries = 0; i < 2;) {
		struct rte_eth_link link = { 0 };
		uint16_t id;

		if (rte_eth_dev_get_port_by_name(pairs[i].device, &id) == 0 &&
		    rte_eth_link_get_nowait(id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP)
			i++;
		else if (tries++ == START_TRIES)
			return false;
		else
			usleep(10000);
	}
	return true;
}

static int read_options(struct port_options *o, char *text)
{
	char *word[WORDS_MAX] = { (char *)(uintptr_t)"port-ring" }, *rest = NULL;
	int n = 1;

	for (char *w = strtok_r(text, " ", &rest); w != NULL && n < WORDS_MAX - 1; w = strtok_r(NULL, " ", &rest))
		word[n++] = w;
	return port_options_read(o, n, word) ? 0 : -1;
}

static void *generate(void *arg)
{
	struct port_options o;

	(void)arg;
	if (rte_thread_register() != 0)
		fprintf(stderr, "port-ring: %s\n", rte_strerror(rte_errno));
	else if (!others_started())
		fputs("port-ring: the data plane starts no ports\n", stderr);
	else if (read_options(&o, getenv("DAMPER_PORT_OPTIONS")) == 0)
		port_gen_run(&o);
	kill(getpid(), SIGTERM);
	return NULL;
}

static void start(const char *cpu)
{
	pthread_t t;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((unsigned)strtoul(cpu, NULL, 10), &set);
	if (make_pair(&pairs[0]) != 0 || make_pair(&pairs[1]) != 0)
		exit(1);
	if (pthread_create(&t, NULL, generate, NULL) != 0 || pthread_setaffinity_np(t, sizeof(set), &set) != 0)
		exit(1);
	pthread_detach(t);
}

int rte_eal_init(int argc, char **argv)
{
	int (*next)(int, char **) = (int (*)(int, char **))dlsym(RTLD_NEXT, "rte_eal_init");
	const char *cpu = getenv("DAMPER_PORT_CPU");
	const int rc = next(argc, argv);

	if (rc >= 0 && cpu != NULL && getenv("DAMPER_PORT_OPTIONS") != NULL)
		start(cpu);
	return rc;
}
