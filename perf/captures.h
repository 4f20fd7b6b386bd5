/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The CoAP messages of the shared captures, for benchmarks that want traffic
 * that somebody really sent.
 */
#ifndef DAMP_PERF_CAPTURES_H
#define DAMP_PERF_CAPTURES_H

#include "types.h"

typedef void captures_fn(void *arg, const uint8_t *msg, size_t len);

/* Call each for every CoAP message (UDP port 5683) of the captures below
 * $DAMPER_SHARED, else ../shared beside $DAMPER_SOURCE_ROOT, in the order of the
 * file names. False, said on stdout, when they are not there. */
bool captures_each(captures_fn *each, void *arg);

#endif
