/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers as people write and read them: durations, sizes, counts, times.
 *
 * Invariant: the writers always terminate out and return it; three digits of a
 * large number are kept, so a column stays narrow. Sizes are decimal (1 kB = 1000 B), like the
 * rule language's kB.
 */
#ifndef DAMP_TEXT_H
#define DAMP_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define DAMP_TEXT_LEN 40u       /* enough for each writer below */

/* "90s", "10min", "1h", "2d", "1h30min" -> seconds. Returns 0, or -1
 * when text is no duration or does not fit. */
int damp_text_parse_seconds(const char *text, uint64_t *seconds);

char *damp_text_count(char *out, size_t len, double n);         /* "99999", "12.3 M" */
char *damp_text_bytes(char *out, size_t len, double bytes);     /* "1.24 kB" */
char *damp_text_span(char *out, size_t len, uint64_t seconds);  /* "2 h 5 min" */
char *damp_text_time(char *out, size_t len, int64_t wall_us);   /* RFC 3339, UTC, microseconds */
char *damp_text_time_s(char *out, size_t len, int64_t wall_s);  /* the same in whole seconds */

/* "2026-11-21T10:14:07Z", "2026-11-21T10:14Z", or with "+01:00" for Z, as Unix
 * seconds. Returns 0, or -1 when text is none. */
int damp_text_parse_time(const char *text, uint64_t *wall_s);

/* An address of 16 bytes (IPv4 mapped); "203.0.113.9" or "2001:db8::1". */
#define DAMP_TEXT_ADDR_LEN 46u
char *damp_text_addr(char *out, size_t len, const uint8_t addr[16]);

#endif
