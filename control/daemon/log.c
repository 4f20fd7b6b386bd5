/* SPDX-License-Identifier: BSD-3-Clause */
/* Log lines; see log.h and sd-daemon(3) for the prefix. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void damp_log(enum damp_log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (getenv("JOURNAL_STREAM") != NULL)
		fprintf(stderr, "<%d>%s\n", (int)level, line);
	else
		fprintf(stderr, "damperd: %s\n", line);
}
