/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The filter of `damper trace`: words like "from 203.0.113.0/24 msg request
 * verdict drop" to what the workers compare packets with (include/damper/trace.h).
 *
 * Invariant: words are keys of `match` where rules have one for the same thing;
 * every wrong word is told with what could stand in its place.
 */
#ifndef DAMP_FORESIGHT_TRACE_FILTER_H
#define DAMP_FORESIGHT_TRACE_FILTER_H

#include <damper/trace.h>
#include <stdbool.h>

#define DAMP_TRACE_WHY 240u

/* Read n words, each of which may hold several with blanks between them; none:
 * everything that is CoAP, or claims to be. False with a line in why
 * (DAMP_TRACE_WHY bytes). */
bool damp_trace_filter_parse(char *const *words, int n, struct damp_trace_filter *out, char *why);

#endif
