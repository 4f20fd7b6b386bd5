/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The generator as a process of its own, for ports that reach another process
 * (net_memif) or a wire.
 */
#include "port_gen.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct port_options o;
	const int used = rte_eal_init(argc, argv);
	int rc = 2;

	if (used < 0) {
		fprintf(stderr, "port-gen: EAL does not start: %s\n", rte_strerror(rte_errno));
		return 1;
	}
	if (port_options_read(&o, argc - used, argv + used))
		rc = port_gen_run(&o);
	rte_eal_cleanup();
	return rc;
}
