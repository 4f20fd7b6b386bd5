/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Log lines of damperd: to stderr, with the "<n>" priority that the journal
 * understands when stderr leads there.
 */
#ifndef DAMP_LOG_H
#define DAMP_LOG_H

enum damp_log_level {
	DAMP_LOG_ERROR = 3,
	DAMP_LOG_WARNING = 4,
	DAMP_LOG_NOTICE = 5,
	DAMP_LOG_INFO = 6
};

/* Any thread; one call is one line. */
void damp_log(enum damp_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
