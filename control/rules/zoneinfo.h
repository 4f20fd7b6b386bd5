/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Zones of time, from the files of the system's time zone database.
 *
 * Idea: localtime_r() can only tell of one zone, that of the environment, which
 * no thread may change; so the files are read as they are. Beyond what a file
 * lists, the rule in its footer is written out.
 *
 * Invariant: a name never leads out of the database's directory, and nothing of
 * a file is used that was not checked against its length.
 *
 * Reference: RFC 8536 (TZif), sections 3.1, 3.2 and 3.3.
 */
#ifndef DAMP_RULES_ZONEINFO_H
#define DAMP_RULES_ZONEINFO_H

#include "pool.h"

#include <damper/program.h>
#include <stdbool.h>
#include <stddef.h>

#define DAMP_ZONEINFO_DIR "/usr/share/zoneinfo"

/* What is written into a program: offsets of these years. */
#define DAMP_ZONE_FIRST_YEAR 2000
#define DAMP_ZONE_LAST_YEAR 2070

enum damp_zone_found { DAMP_ZONE_OK, DAMP_ZONE_UNKNOWN, DAMP_ZONE_BAD };

struct damp_transitions {
	struct damp_transition *t;
	size_t n, cap;
};

/* The offsets of a zone: the first holds for all time before the second. "UTC"
 * needs no file. */
enum damp_zone_found damp_zone_read(struct damp_pool *pool, const char *name, struct damp_transitions *out);

/* The same from the bytes of a file. */
enum damp_zone_found damp_zone_parse(struct damp_pool *pool, const unsigned char *data, size_t len,
				     struct damp_transitions *out);

#endif
