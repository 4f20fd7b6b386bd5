/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading the counter segment (stats.h): a snapshot is a copy of all of it,
 * with the workers' counters added up.
 *
 * Invariant: reading stops nobody; a snapshot belongs to exactly one start of
 * the data plane (its boot id), so no number of an earlier one is ever shown.
 */
#ifndef DAMP_STATS_MAP_H
#define DAMP_STATS_MAP_H

#include <damper/stats.h>
#include <stdbool.h>

struct damp_snap {
	struct damp_worker_stats total; /* sum over the workers */
	struct damp_stats stats;        /* worker[0 .. nworkers - 1] are filled */
};

struct damp_stats_map;

struct damp_stats_map *damp_stats_map_new(const char *runtime_dir);
void damp_stats_map_free(struct damp_stats_map *m);

/* A snapshot of the segment that the data plane with this boot id writes; NULL
 * when there is none. Any thread. free() it. */
struct damp_snap *damp_stats_map_read(struct damp_stats_map *m, uint64_t boot_id);

/* Generation in the segment, without a copy of the rest. False when there is no
 * segment of that boot id. */
bool damp_stats_map_generation(struct damp_stats_map *m, uint64_t boot_id, uint64_t *generation);

/* Counter slot of a rule id, 0 when it has none. */
unsigned damp_snap_rule_slot(const struct damp_snap *s, const char *id);

/* Seconds that bypass goes on, 0 when it is off. */
uint64_t damp_snap_bypass_left(const struct damp_snap *s);

/* Seconds until a CLOCK_MONOTONIC second of the segment, 0 when it is past. */
uint64_t damp_snap_left(uint64_t until_s);

/* Packets and bytes under the drop reasons, of both sides. */
struct damp_counter damp_snap_drops(const struct damp_snap *s);

/* Packets and bytes of one reason, of both sides. */
struct damp_counter damp_snap_reason(const struct damp_snap *s, unsigned reason);

#endif
