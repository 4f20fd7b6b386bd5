/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counter and event files; see segment.h.
 */
#include "segment.h"

#include "say.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_FILE "dataplane.lock"

static int lock_dir(struct damp_plane *p)
{
	const char *dir = p->config.runtime_dir;
	char path[DAMP_PATH_MAX + 32];
	int rc = damp_make_dir(dir, 0755);

	if (rc != 0) {
		damp_say("runtime directory %s: %s; choose another with --runtime-dir", dir, strerror(-rc));
		return -1;
	}
	damp_path_join(path, sizeof(path), dir, LOCK_FILE);
	p->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (p->lock_fd < 0) {
		damp_say("%s: %s; choose another directory with --runtime-dir", path, strerror(errno));
		return -1;
	}
	if (flock(p->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		damp_say("another data plane runs in %s; choose another directory with --runtime-dir", dir);
		return -1;
	}
	return 0;
}

/* Who may use the directory's group may read what is not for everybody; where
 * that cannot be, nobody else may. */
static void give_to_group(int fd, const char *dir)
{
	struct stat st;

	if (stat(dir, &st) != 0 || fchown(fd, (uid_t)-1, st.st_gid) != 0)
		damp_say("%s: its group cannot be given what is not for everybody", dir);
}

/* A zeroed file of len bytes, mapped; it appears as dir/name on publish(). */
static void *make_file(const char *dir, const char *name, size_t len, unsigned mode)
{
	char aside[DAMP_PATH_MAX + 32];
	void *mem = MAP_FAILED;
	int fd;

	snprintf(aside, sizeof(aside), "%s/%s.new", dir, name);
	fd = open(aside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd >= 0 && mode != 0644)
		give_to_group(fd, dir);
	if (fd >= 0 && fchmod(fd, mode) == 0 && ftruncate(fd, (off_t)len) == 0)
		mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (mem == MAP_FAILED)
		damp_say("%s (%zu bytes): %s", aside, len, strerror(errno));
	if (fd >= 0)
		close(fd);
	return mem == MAP_FAILED ? NULL : mem;
}

static int publish(const char *dir, const char *name)
{
	char aside[DAMP_PATH_MAX + 32], path[DAMP_PATH_MAX + 32];

	snprintf(aside, sizeof(aside), "%s/%s.new", dir, name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (rename(aside, path) == 0)
		return 0;
	damp_say("%s: %s", path, strerror(errno));
	return -1;
}

static void fill_headers(struct damp_plane *p, uint64_t boot_id)
{
	struct damp_stats *s = p->stats;
	struct damp_events *e = p->events;

	s->magic = DAMP_STATS_MAGIC;
	s->version = DAMP_STATS_VERSION;
	s->nworkers = p->config.nworkers;
	s->total_len = sizeof(*s);
	s->boot_id = boot_id;
	s->nrule_slots = 1;
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		memcpy(s->port[side].name, p->config.port[side], sizeof(s->port[side].name));
		damp_port_names_list(&p->names, side, s->port[side].called, sizeof(s->port[side].called));
	}
	e->magic = DAMP_EVENTS_MAGIC;
	e->version = DAMP_STATS_VERSION;
	e->nworkers = p->config.nworkers;
	e->boot_id = boot_id;
	p->samples->magic = DAMP_SAMPLES_MAGIC;
	p->samples->version = DAMP_STATS_VERSION;
	p->samples->nworkers = p->config.nworkers;
	p->samples->boot_id = boot_id;
	p->capture->magic = DAMP_CAPTURE_MAGIC;
	p->capture->version = DAMP_STATS_VERSION;
	p->capture->nworkers = p->config.nworkers;
	p->capture->boot_id = boot_id;
	p->trace->magic = DAMP_TRACE_MAGIC;
	p->trace->version = DAMP_TRACE_VERSION;
	p->trace->nworkers = p->config.nworkers;
	p->trace->boot_id = boot_id;
}

size_t damp_segment_samples_len(const struct damp_plane *p)
{
	return sizeof(*p->samples) + p->config.nworkers * sizeof(p->samples->ring[0]);
}

size_t damp_segment_capture_len(const struct damp_plane *p)
{
	return sizeof(*p->capture) + p->config.nworkers * sizeof(p->capture->ring[0]);
}

size_t damp_segment_trace_len(const struct damp_plane *p)
{
	return sizeof(*p->trace) + p->config.nworkers * sizeof(p->trace->ring[0]);
}

int damp_segment_open(struct damp_plane *p)
{
	const char *dir = p->config.runtime_dir;
	uint64_t boot_id;

	if (lock_dir(p) != 0 || damp_random(&boot_id, sizeof(boot_id)) != 0)
		return -1;
	p->stats = make_file(dir, DAMP_STATS_FILE, sizeof(*p->stats), 0644);
	p->events = make_file(dir, DAMP_EVENTS_FILE, sizeof(*p->events), 0644);
	p->samples = make_file(dir, DAMP_SAMPLES_FILE, damp_segment_samples_len(p), 0644);
	p->capture = make_file(dir, DAMP_CAPTURE_FILE, damp_segment_capture_len(p), 0640);
	p->trace = make_file(dir, DAMP_TRACE_FILE, damp_segment_trace_len(p), 0640);
	if (p->stats == NULL || p->events == NULL || p->samples == NULL || p->capture == NULL ||
	    p->trace == NULL)
		return -1;
	fill_headers(p, boot_id);
	return publish(dir, DAMP_STATS_FILE) == 0 && publish(dir, DAMP_EVENTS_FILE) == 0 &&
	       publish(dir, DAMP_SAMPLES_FILE) == 0 && publish(dir, DAMP_CAPTURE_FILE) == 0 &&
	       publish(dir, DAMP_TRACE_FILE) == 0 ? 0 : -1;
}

bool damp_segment_find(const struct damp_stats *s, const char *id, uint32_t *slot)
{
	for (*slot = 1; *slot < s->nrule_slots; (*slot)++)
		if (strcmp(s->rule_slot[*slot], id) == 0)
			return true;
	return false;
}

uint16_t damp_segment_slot(struct damp_stats *s, const char *id)
{
	const size_t len = strlen(id);

	if (len == 0 || len >= sizeof(s->rule_slot[0]))
		return 0;
	for (uint32_t i = 1; i < s->nrule_slots; i++)
		if (strcmp(s->rule_slot[i], id) == 0)
			return (uint16_t)i;
	if (s->nrule_slots >= DAMP_RULE_SLOTS)
		return 0;
	memcpy(s->rule_slot[s->nrule_slots], id, len + 1);
	/* Readers take the names below the count they see. */
	__atomic_store_n(&s->nrule_slots, s->nrule_slots + 1, __ATOMIC_RELEASE);
	return (uint16_t)(s->nrule_slots - 1);
}
