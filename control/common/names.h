/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words that metrics, JSON and the command line use for the enums of
 * include/damper/. One home, so that a counter has the same name in all three.
 *
 * Invariant: every function answers for every value; a value out of range is
 * "unknown" and never reads past a table.
 */
#ifndef DAMP_NAMES_H
#define DAMP_NAMES_H

#include <damper/program.h>
#include <damper/reasons.h>
#include <damper/stats.h>
#include <damper/wire.h>
#include <stddef.h>

const char *damp_name_side(unsigned side);              /* "outside", "inside": zones */
const char *damp_name_direction(unsigned side);         /* "inbound" for what came from outside */
const char *damp_name_kind(unsigned kind);
const char *damp_name_mode(unsigned mode);
const char *damp_name_in_force(unsigned in_force);      /* "now", "ended", "not now", "time unknown" */
const char *damp_name_action(unsigned action);
/* "drop", "answer 4.29". out: at least 24 bytes; returned. */
const char *damp_name_act(const struct damp_act *a, char *out, size_t len);
const char *damp_name_limit_kind(unsigned kind);
const char *damp_name_per(unsigned per);
const char *damp_name_count(unsigned count);
const char *damp_name_outcome(unsigned outcome);
const char *damp_name_verdict(unsigned verdict);
const char *damp_name_stage(unsigned stage);
const char *damp_name_table(unsigned table);
const char *damp_name_routing(unsigned routing);
const char *damp_name_source(unsigned source);
const char *damp_name_loud(unsigned loud);
const char *damp_name_severity(unsigned severity);
const char *damp_name_coap_type(unsigned type);
const char *damp_name_reason(unsigned reason);
const char *damp_name_reason_help(unsigned reason);
unsigned damp_name_reason_severity(unsigned reason);    /* enum damp_severity */

/* "GET" for a method, "2.05" for the rest. out: at least 8 bytes; returned. */
char *damp_name_code(unsigned code, char *out, size_t len);

#endif
