/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Our counters on DPDK's own telemetry socket (dpdk-telemetry.py), for people
 * who are there already. The page, the exporter and the command line read the
 * segment itself.
 */
#ifndef DAMP_TELEMETRY_H
#define DAMP_TELEMETRY_H

#include <damper/stats.h>

/* Register /damper/... commands over the segment s, which must live as long as
 * the process. Returns 0 or a negative errno. */
int damp_telemetry_register(const struct damp_stats *s);

#endif
