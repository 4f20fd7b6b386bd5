/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prometheus text format 0.0.4 of all that is counted (operators.md 4.2).
 *
 * Invariant: when the data plane is away, damper_up is 0 and nothing that it
 * counts is printed: an old number is worse than none. No address is ever in a
 * label, so the number of series is bounded by rules, reasons and workers.
 */
#ifndef DAMP_METRICS_H
#define DAMP_METRICS_H

#include "control.h"
#include "http.h"
#include <stdio.h>

/* Print all metrics. snap NULL: the data plane is away. */
void damp_metrics_print(FILE *f, struct damp_control *c, const struct damp_snap *snap);

/* A damp_http_handler for /metrics; arg is the struct damp_control. */
void damp_metrics_handle(void *arg, const struct damp_http_request *req,
			 struct damp_http_reply *reply);

/* Print s as the inside of a label's quotes. */
void damp_metrics_escape(FILE *f, const char *s);

#endif
