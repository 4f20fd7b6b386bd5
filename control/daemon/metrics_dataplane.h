/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of the metrics that comes from the counter segment. */
#ifndef DAMP_METRICS_DATAPLANE_H
#define DAMP_METRICS_DATAPLANE_H

#include "stats_map.h"
#include <stdio.h>

/* HELP and TYPE of a family. */
void damp_metrics_family(FILE *f, const char *name, const char *type, const char *help);

void damp_metrics_dataplane(FILE *f, const struct damp_snap *snap);

#endif
