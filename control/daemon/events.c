/* SPDX-License-Identifier: BSD-3-Clause */
/* Reader of the event rings; see events.h. */
#include "events.h"

#include "common/ring.h"
#include "mapfile.h"

#include <stdbool.h>
#include <stdlib.h>

DAMP_RING_FITS(struct damp_event);
DAMP_RING_FITS(struct damp_notice);

struct damp_event_reader {
	struct damp_mapfile file;
	uint64_t boot_id;
	uint64_t pos[DAMP_WORKERS_MAX]; /* number of the next record to read */
	uint64_t notice_pos;
};

struct damp_event_reader *damp_event_reader_new(const char *runtime_dir)
{
	struct damp_event_reader *r = calloc(1, sizeof(*r));

	if (r != NULL && damp_mapfile_init(&r->file, runtime_dir, DAMP_EVENTS_FILE)) {
		free(r);
		return NULL;
	}
	return r;
}

void damp_event_reader_free(struct damp_event_reader *r)
{
	if (r == NULL)
		return;
	damp_mapfile_close(&r->file);
	free(r);
}

static const struct damp_events *rings(struct damp_event_reader *r)
{
	const struct damp_events *e;

	if (damp_mapfile_refresh(&r->file, sizeof(*e)))
		return NULL;
	e = r->file.base;
	if (e->magic != DAMP_EVENTS_MAGIC || e->version != DAMP_STATS_VERSION ||
	    e->nworkers > DAMP_WORKERS_MAX)
		return NULL;
	if (e->boot_id != r->boot_id) {
		r->boot_id = e->boot_id;
		/* What was overwritten before we came was never ours to lose. */
		for (unsigned w = 0; w < e->nworkers; w++)
			r->pos[w] = damp_ring_oldest(&DAMP_RING(&e->ring[w]));
		r->notice_pos = damp_ring_oldest(&DAMP_RING(&e->notices));
	}
	return e;
}

static int by_time(const void *a, const void *b)
{
	const struct damp_event_record *x = a, *y = b;

	if (x->event.wall_us != y->event.wall_us)
		return x->event.wall_us < y->event.wall_us ? -1 : 1;
	return x->worker != y->worker
		       ? (x->worker < y->worker ? -1 : 1)
		       : (x->event.seq < y->event.seq ? -1 : x->event.seq > y->event.seq);
}

size_t damp_event_reader_poll(struct damp_event_reader *r, struct damp_event_record *out,
			      size_t max, uint64_t *lost)
{
	const struct damp_events *e = rings(r);
	uint32_t nworkers = e != NULL ? e->nworkers : 0;
	size_t n = 0;

	if (nworkers > DAMP_WORKERS_MAX)
		nworkers = DAMP_WORKERS_MAX;
	for (unsigned w = 0; w < nworkers; w++) {
		const struct damp_ring ring = DAMP_RING(&e->ring[w]);

		for (; n < max && damp_ring_next(&ring, &r->pos[w], &out[n].event, lost); n++) {
			out[n].worker = w;
			out[n].boot_id = r->boot_id;
		}
	}
	qsort(out, n, sizeof(*out), by_time);
	return n;
}

size_t damp_event_reader_notices(struct damp_event_reader *r, struct damp_notice_record *out, size_t max,
				 uint64_t *lost)
{
	const struct damp_events *e = rings(r);
	size_t n = 0;

	if (e == NULL)
		return 0;
	for (const struct damp_ring ring = DAMP_RING(&e->notices);
	     n < max && damp_ring_next(&ring, &r->notice_pos, &out[n].notice, lost); n++) {
		out[n].notice.set[sizeof(out[n].notice.set) - 1] = '\0';
		out[n].boot_id = r->boot_id;
	}
	return n;
}
