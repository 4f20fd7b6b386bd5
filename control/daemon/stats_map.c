/* SPDX-License-Identifier: BSD-3-Clause */
/* The counter segment; see stats_map.h. */
#include "stats_map.h"

#include "common/ring.h"
#include "mapfile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEAD_LEN offsetof(struct damp_stats, worker)

_Static_assert(HEAD_LEN % 8 == 0, "copied in words");
_Static_assert(sizeof(struct damp_worker_stats) % 8 == 0, "added in words");

struct damp_stats_map {
	pthread_mutex_t lock;
	struct damp_mapfile file;
};

struct damp_stats_map *damp_stats_map_new(const char *runtime_dir)
{
	struct damp_stats_map *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	pthread_mutex_init(&m->lock, NULL);
	if (damp_mapfile_init(&m->file, runtime_dir, DAMP_STATS_FILE)) {
		damp_stats_map_free(m);
		return NULL;
	}
	return m;
}

void damp_stats_map_free(struct damp_stats_map *m)
{
	if (m == NULL)
		return;
	damp_mapfile_close(&m->file);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

/* The mapped segment when it is whole and of this boot; lock held. */
static const struct damp_stats *segment(struct damp_stats_map *m, uint64_t boot_id)
{
	const struct damp_stats *s;

	if (damp_mapfile_refresh(&m->file, HEAD_LEN))
		return NULL;
	s = m->file.base;
	if (s->magic != DAMP_STATS_MAGIC || s->version != DAMP_STATS_VERSION ||
	    s->boot_id != boot_id)
		return NULL;
	if (s->nworkers > DAMP_WORKERS_MAX ||
	    m->file.len < HEAD_LEN + (size_t)s->nworkers * sizeof(s->worker[0]))
		return NULL;
	return s;
}

static void add_words(struct damp_worker_stats *sum, const struct damp_worker_stats *w)
{
	const uint64_t *from = (const uint64_t *)w;
	uint64_t *to = (uint64_t *)sum;

	for (size_t i = 0; i < sizeof(*w) / 8; i++)
		to[i] += from[i];
}

static void terminate_strings(struct damp_stats *s)
{
	s->program_name[sizeof(s->program_name) - 1] = '\0';
	s->program_digest[sizeof(s->program_digest) - 1] = '\0';
	for (unsigned i = 0; i < DAMP_SIDE_MAX; i++)
		s->port[i].name[sizeof(s->port[i].name) - 1] = '\0';
	for (unsigned i = 0; i < DAMP_RULE_SLOTS; i++)
		s->rule_slot[i][sizeof(s->rule_slot[i]) - 1] = '\0';
	if (s->nrule_slots > DAMP_RULE_SLOTS)
		s->nrule_slots = DAMP_RULE_SLOTS;
}

static struct damp_snap *copy(const struct damp_stats *s)
{
	struct damp_snap *snap = aligned_alloc(64, sizeof(*snap));
	uint32_t n = s->nworkers;

	if (snap == NULL)
		return NULL;
	memset(&snap->total, 0, sizeof(snap->total));
	damp_copy_words(&snap->stats, s, HEAD_LEN);
	snap->stats.nworkers = n; /* the count that was checked */
	for (uint32_t i = 0; i < n; i++) {
		damp_copy_words(&snap->stats.worker[i], &s->worker[i], sizeof(s->worker[i]));
		add_words(&snap->total, &snap->stats.worker[i]);
	}
	terminate_strings(&snap->stats);
	return snap;
}

struct damp_snap *damp_stats_map_read(struct damp_stats_map *m, uint64_t boot_id)
{
	const struct damp_stats *s;
	struct damp_snap *snap;

	pthread_mutex_lock(&m->lock);
	s = segment(m, boot_id);
	snap = s != NULL ? copy(s) : NULL;
	pthread_mutex_unlock(&m->lock);
	return snap;
}

bool damp_stats_map_generation(struct damp_stats_map *m, uint64_t boot_id, uint64_t *generation)
{
	const struct damp_stats *s;

	pthread_mutex_lock(&m->lock);
	s = segment(m, boot_id);
	if (s != NULL)
		*generation = __atomic_load_n(&s->generation, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&m->lock);
	return s != NULL;
}

unsigned damp_snap_rule_slot(const struct damp_snap *s, const char *id)
{
	for (unsigned i = 1; i < s->stats.nrule_slots; i++)
		if (strcmp(s->stats.rule_slot[i], id) == 0)
			return i;
	return 0;
}

uint64_t damp_snap_left(uint64_t until_s)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return until_s > (uint64_t)ts.tv_sec ? until_s - (uint64_t)ts.tv_sec : 0;
}

uint64_t damp_snap_bypass_left(const struct damp_snap *s)
{
	return damp_snap_left(s->stats.bypass_until_s);
}

struct damp_counter damp_snap_reason(const struct damp_snap *s, unsigned reason)
{
	struct damp_counter sum = { 0, 0 };

	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		sum.packets += s->total.reason[side][reason].packets;
		sum.bytes += s->total.reason[side][reason].bytes;
	}
	return sum;
}

struct damp_counter damp_snap_drops(const struct damp_snap *s)
{
	struct damp_counter sum = { 0, 0 };

	for (unsigned r = DAMP_REASON_FIRST_DROP; r < DAMP_REASON_MAX; r++) {
		struct damp_counter one = damp_snap_reason(s, r);

		sum.packets += one.packets;
		sum.bytes += one.bytes;
	}
	return sum;
}
