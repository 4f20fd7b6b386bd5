/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words to the operator on stderr, where systemd and a shell both find them.
 * Main thread only; a worker tells by counters and events.
 */
#ifndef DAMP_SAY_H
#define DAMP_SAY_H

#include <stdio.h>

#define damp_say(...)                                            \
	do {                                                     \
		fputs("damper-dataplane: ", stderr);             \
		fprintf(stderr, __VA_ARGS__);                    \
		fputc('\n', stderr);                             \
	} while (0)

#endif
