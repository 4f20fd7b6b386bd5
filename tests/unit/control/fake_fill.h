/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Known numbers for tests of everything that reads the counter segment and the
 * event rings. Every number that a test compares stands in fake_fill.c.
 */
#ifndef DAMP_FAKE_FILL_H
#define DAMP_FAKE_FILL_H

#include <damper/events.h>
#include <damper/stats.h>

#define FAKE_WORKERS 2u
#define FAKE_BOOT_ID 0x5b0c00000000beefull

/* A segment of FAKE_WORKERS workers; s is zeroed before. */
void fake_fill_stats(struct damp_stats *s, uint64_t boot_id);

/* Give rule id a slot (1, 2, ...) unless it has one, with counters that follow
 * from the slot: matched 1000 * slot packets, over 100, would 10, acted 1. */
void fake_fill_rule(struct damp_stats *s, const char *id, unsigned mode);

/* Empty rings. */
void fake_fill_events(struct damp_events *e, uint64_t boot_id);

/* What a worker does: write one record, then publish it. */
void fake_put_event(struct damp_events *e, unsigned worker, const struct damp_event *event);

/* The n-th record of a series: a request for /.well-known/core, dropped. */
struct damp_event fake_event(uint64_t n);

#endif
