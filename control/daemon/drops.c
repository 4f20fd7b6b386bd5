/* SPDX-License-Identifier: BSD-3-Clause */
/* See drops.h. */
#include "drops.h"

#include "common/capture_ring.h"
#include "common/pcapng.h"
#include "mapfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_LEN 400
#define RENEW_S (DAMP_KEEP_LEASE_S / 3)
#define LOOK_S 60               /* how often files are looked at that may have become old */
#define RETRY_S 30              /* after a failure */
#define SEGMENT_MIN (128u << 10)
#define SEGMENT_MAX (64u << 20)
#define FILES_MAX 4096u

struct damp_drops {
	pthread_mutex_t lock;           /* of stats */
	struct damp_drops_stats stats;
	char dir[PATH_LEN];
	struct damp_mapfile file;
	uint64_t boot_id, pos[DAMP_WORKERS_MAX];
	/* What the data plane was asked for. */
	uint64_t asked_boot;
	uint32_t asked_share;           /* 0: for nothing */
	int64_t renew_s;
	FILE *out;
	uint64_t size, serial;
	int64_t look_s, retry_s;
	char failure[600];
};

struct old_file {
	uint64_t serial, size;
	int64_t mtime;
	char name[64];
};

struct damp_drops *damp_drops_new(const char *runtime_dir, const char *state_dir)
{
	struct damp_drops *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	pthread_mutex_init(&d->lock, NULL);
	if (snprintf(d->dir, sizeof(d->dir), "%s/%s", state_dir, DAMP_DROPS_DIR) < (int)sizeof(d->dir) &&
	    damp_mapfile_init(&d->file, runtime_dir, DAMP_CAPTURE_FILE) == 0)
		return d;
	damp_drops_free(d);
	return NULL;
}

static void close_out(struct damp_drops *d)
{
	if (d->out != NULL)
		fclose(d->out);
	d->out = NULL;
}

void damp_drops_free(struct damp_drops *d)
{
	if (d == NULL)
		return;
	close_out(d);
	damp_mapfile_close(&d->file);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

struct damp_drops_stats damp_drops_stats(struct damp_drops *d)
{
	struct damp_drops_stats s;

	pthread_mutex_lock(&d->lock);
	s = d->stats;
	pthread_mutex_unlock(&d->lock);
	return s;
}

/* The rings; NULL: none. What lies in them when we come was for a damperd before
 * us, which has written it; those of another data plane are read from the start. */
static const struct damp_capture_file *rings(struct damp_drops *d)
{
	const struct damp_capture_file *f;
	bool first;

	if (damp_mapfile_refresh(&d->file, sizeof(*f)))
		return NULL;
	f = d->file.base;
	if (f->magic != DAMP_CAPTURE_MAGIC || f->version != DAMP_STATS_VERSION ||
	    f->nworkers > DAMP_WORKERS_MAX || d->file.len < sizeof(*f) + f->nworkers * sizeof(f->ring[0]))
		return NULL;
	if (f->boot_id == d->boot_id)
		return f;
	first = d->boot_id == 0;
	d->boot_id = f->boot_id;
	for (unsigned w = 0; w < f->nworkers; w++)
		d->pos[w] = first ? damp_ring_head(&DAMP_RING(&f->ring[w])) : 0;
	return f;
}

static uint64_t segment(const struct damp_watch *w)
{
	const uint64_t s = w->keep_bytes / 8;

	return s < SEGMENT_MIN ? SEGMENT_MIN : s > SEGMENT_MAX ? SEGMENT_MAX : s;
}

/* A file of ours: drops-<number>-<time>.pcapng. */
static bool read_name(const char *name, uint64_t *serial)
{
	const size_t len = strlen(name);
	char *end;

	if (strncmp(name, "drops-", 6) != 0 || len < 16 || strcmp(name + len - 7, ".pcapng") != 0)
		return false;
	*serial = strtoull(name + 6, &end, 10);
	return end > name + 6 && *end == '-';
}

static int by_serial(const void *a, const void *b)
{
	const struct old_file *x = a, *y = b;

	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

/* Our files, the oldest first; more than FILES_MAX are left alone. */
static unsigned list_files(const struct damp_drops *d, struct old_file *f)
{
	DIR *dir = opendir(d->dir);
	const struct dirent *e;
	unsigned n = 0;

	while (dir != NULL && n < FILES_MAX && (e = readdir(dir)) != NULL) {
		struct stat st;

		if (strlen(e->d_name) >= sizeof(f[n].name) || !read_name(e->d_name, &f[n].serial) ||
		    fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
			continue;
		f[n].size = (uint64_t)st.st_size;
		f[n].mtime = st.st_mtime;
		snprintf(f[n].name, sizeof(f[n].name), "%s", e->d_name);
		n++;
	}
	if (dir != NULL)
		closedir(dir);
	qsort(f, n, sizeof(*f), by_serial);
	return n;
}

static void remove_file(const struct damp_drops *d, const struct old_file *f)
{
	char path[PATH_LEN + 80];

	snprintf(path, sizeof(path), "%s/%s", d->dir, f->name);
	unlink(path);
}

/* Take files away until all others and `more` bytes fit, and those that are too
 * old. The one being written is the newest, and stays. */
static void make_room(struct damp_drops *d, const struct damp_watch *w, uint64_t more, int64_t now_s)
{
	struct old_file *f = calloc(FILES_MAX, sizeof(*f));
	uint64_t total = 0, files = 0;
	unsigned n = f != NULL ? list_files(d, f) : 0;

	for (unsigned i = 0; i < n; i++)
		total += f[i].size;
	files = n;
	for (unsigned i = 0; i < n; i++) {
		const bool old = w->keep_s > 0 && now_s > 0 && f[i].mtime + (int64_t)w->keep_s < now_s;

		if ((total + more <= w->keep_bytes && !old) || (d->out != NULL && f[i].serial == d->serial))
			continue;
		remove_file(d, &f[i]);
		total -= f[i].size;
		files--;
	}
	if (n > 0 && f[n - 1].serial > d->serial)
		d->serial = f[n - 1].serial;
	free(f);
	pthread_mutex_lock(&d->lock);
	d->stats.files = files;
	d->stats.bytes = total;
	pthread_mutex_unlock(&d->lock);
}

static const char *fail(struct damp_drops *d, int64_t mono_s)
{
	const bool again = d->failure[0] != '\0';

	snprintf(d->failure, sizeof(d->failure), "copies of dropped messages cannot be kept in %s: %s",
		 d->dir, strerror(errno));
	close_out(d);
	d->retry_s = mono_s + RETRY_S;
	return again ? NULL : d->failure;
}

static int open_segment(struct damp_drops *d, const struct damp_watch *w, int64_t now_s)
{
	const time_t at = time(NULL);
	char path[PATH_LEN + 80], when[32];
	struct tm tm;
	int fd;

	close_out(d);
	if (mkdir(d->dir, 0750) != 0 && errno != EEXIST)
		return -1;
	make_room(d, w, segment(w), now_s);
	d->serial++;
	gmtime_r(&at, &tm);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(path, sizeof(path), "%s/drops-%08llu-%s.pcapng", d->dir, (unsigned long long)d->serial,
		 when);
	/* Payloads: not for everybody. */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	d->out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (d->out == NULL && fd >= 0)
		close(fd);
	if (d->out == NULL)
		return -1;
	d->size = damp_pcapng_begin(d->out, w->keep_snap);
	pthread_mutex_lock(&d->lock);
	d->stats.files++;
	d->stats.bytes += d->size;
	pthread_mutex_unlock(&d->lock);
	return 0;
}

/* Room for one more in the segment: the frame, and what stands around it. */
#define RECORD_MAX (DAMP_CAPTURE_SNAP + 512u)

static int put(struct damp_drops *d, const struct damp_watch *w, const struct damp_capture_record *r,
	       const char *rule_id, int64_t now_s)
{
	size_t n;

	if ((d->out == NULL || d->size + RECORD_MAX > segment(w)) && open_segment(d, w, now_s) != 0)
		return -1;
	n = damp_capture_write(d->out, r, rule_id, w->keep_snap);
	d->size += n;
	pthread_mutex_lock(&d->lock);
	d->stats.kept++;
	d->stats.bytes += n;
	pthread_mutex_unlock(&d->lock);
	return ferror(d->out) ? -1 : 0;
}

static const char *name_of(const struct damp_snap *snap, unsigned slot)
{
	return snap != NULL && slot > 0 && slot < snap->stats.nrule_slots ? snap->stats.rule_slot[slot] : "";
}

static int drain(struct damp_drops *d, const struct damp_watch *w, const struct damp_capture_ring *ring,
		 uint64_t *pos, const struct damp_snap *snap, int64_t now_s)
{
	const struct damp_ring records = DAMP_RING(ring);
	struct damp_capture_record r;
	uint64_t lost = 0;
	int rc = 0;

	while (rc == 0 && damp_ring_next(&records, pos, &r, &lost))
		if (r.kept)
			rc = put(d, w, &r, name_of(snap, r.rule_slot), now_s);
	pthread_mutex_lock(&d->lock);
	d->stats.lost += lost;
	pthread_mutex_unlock(&d->lock);
	return rc;
}

const char *damp_drops_write(struct damp_drops *d, const struct damp_watch *w, const struct damp_snap *snap,
			     int64_t now_s, int64_t mono_s)
{
	const struct damp_capture_file *f = rings(d);
	int rc = 0;

	if (mono_s < d->retry_s || f == NULL)
		return NULL;
	errno = 0;
	for (unsigned i = 0; i < f->nworkers && rc == 0; i++)
		rc = drain(d, w, &f->ring[i], &d->pos[i], snap, now_s);
	if (rc == 0 && d->out != NULL && fflush(d->out) != 0)
		rc = -1;
	if (rc != 0)
		return fail(d, mono_s);
	if (d->out != NULL)
		d->failure[0] = '\0';
	if (mono_s >= d->look_s) {
		d->look_s = mono_s + LOOK_S;
		make_room(d, w, 0, now_s);
	}
	return NULL;
}

/* What the running rules want; false when they, or the data plane, are not there. */
static bool wishes(struct damp_control *c, struct damp_watch *w, uint64_t *boot_id)
{
	bool known;

	pthread_mutex_lock(&c->state.lock);
	known = c->state.up && c->state.running != NULL;
	*boot_id = c->state.boot_id;
	if (known)
		*w = c->state.running->view.hdr->watch;
	pthread_mutex_unlock(&c->state.lock);
	return known;
}

static void ask(struct damp_control *c, struct damp_drops *d, uint32_t share, uint64_t boot_id,
		int64_t mono_s)
{
	/* Another data plane, or another damperd's wish, ends by itself. */
	const bool nothing = share == 0 && (d->asked_share == 0 || d->asked_boot != boot_id);
	const bool same = d->asked_share == share && d->asked_boot == boot_id && mono_s < d->renew_s;
	struct damp_wire_request r = { .version = DAMP_WIRE_VERSION, .type = DAMP_WIRE_KEEP_DROPS,
				       .arg = share > 0 ? DAMP_KEEP_LEASE_S : 0, .value = share };
	struct damp_wire_reply reply;

	if (nothing || same)
		return;
	if (damp_link_request(c->link, &r, &reply, NULL) != 0 || reply.error != 0)
		return;
	d->asked_share = share;
	d->asked_boot = boot_id;
	d->renew_s = mono_s + RENEW_S;
}

/* Is there something for us to read? */
static bool news(struct damp_drops *d)
{
	const struct damp_capture_file *f = rings(d);

	for (unsigned w = 0; f != NULL && w < f->nworkers; w++)
		if (__atomic_load_n(&f->ring[w].head, __ATOMIC_RELAXED) != d->pos[w])
			return true;
	return false;
}

void damp_drops_run(struct damp_control *c, struct damp_drops *d)
{
	struct damp_watch w = { .keep_bytes = 0 };
	struct damp_snap *snap = NULL;
	struct timespec mono;
	const char *failure;
	uint64_t boot_id;

	if (!wishes(c, &w, &boot_id))
		return;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	ask(c, d, w.keep_bytes > 0 ? w.keep_share_q32 : 0, boot_id, mono.tv_sec);
	pthread_mutex_lock(&d->lock);
	d->stats.on = w.keep_bytes > 0 && d->asked_share > 0;
	d->stats.room = w.keep_bytes;
	pthread_mutex_unlock(&d->lock);
	if (w.keep_bytes == 0) {
		close_out(d);
		return;
	}
	if (!news(d) && mono.tv_sec < d->look_s)
		return;
	snap = damp_control_snapshot(c);
	failure = damp_drops_write(d, &w, snap,
				   snap != NULL && snap->stats.clock_trusted ? time(NULL) : 0,
				   mono.tv_sec);
	if (failure != NULL)
		damp_control_health(c, "capture", "fault", failure);
	free(snap);
}
