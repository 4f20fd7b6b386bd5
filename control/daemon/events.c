/* SPDX-License-Identifier: BSD-3-Clause */
/* Reader of the event rings; see events.h. */
#include "events.h"

#include "mapfile.h"

#include <stdbool.h>
#include <stdlib.h>

_Static_assert(sizeof(struct damp_event) % 8 == 0, "copied in words");
_Static_assert(sizeof(struct damp_notice) % 8 == 0, "copied in words");

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

/* Oldest record that no writer can be in: slot head % size may be half written. */
static uint64_t oldest(uint64_t head)
{
	return head >= DAMP_EVENT_SLOTS ? head - DAMP_EVENT_SLOTS + 1 : 0;
}

static uint64_t oldest_notice(uint64_t head)
{
	return head >= DAMP_NOTICE_SLOTS ? head - DAMP_NOTICE_SLOTS + 1 : 0;
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
			r->pos[w] = oldest(__atomic_load_n(&e->ring[w].head, __ATOMIC_ACQUIRE));
		r->notice_pos = oldest_notice(__atomic_load_n(&e->notices.head, __ATOMIC_ACQUIRE));
	}
	return e;
}

/* Copy record *pos; false when it was overwritten meanwhile. */
static bool copy_record(const struct damp_event_ring *ring, uint64_t pos, struct damp_event *out)
{
	damp_copy_words(out, &ring->slot[pos % DAMP_EVENT_SLOTS], sizeof(*out));
	/* The loads above come before the load of head; partner: the worker's
	 * release store of head after it has filled the slot. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (oldest(__atomic_load_n(&ring->head, __ATOMIC_RELAXED)) > pos)
		return false;
	return out->seq == pos;
}

static size_t read_ring(const struct damp_event_ring *ring, uint64_t *pos,
			struct damp_event_record *out, size_t max, uint64_t *lost)
{
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	size_t n = 0;

	if (*pos > head) /* a writer never goes back: this ring is not what we know */
		*pos = head;
	while (*pos < head && n < max) {
		uint64_t first = oldest(head);

		if (*pos < first) {
			*lost += first - *pos;
			*pos = first;
		}
		if (copy_record(ring, *pos, &out[n].event))
			n++;
		else
			++*lost;
		++*pos;
		head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	}
	return n;
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
		size_t got = read_ring(&e->ring[w], &r->pos[w], out + n, max - n, lost);

		for (size_t i = n; i < n + got; i++) {
			out[i].worker = w;
			out[i].boot_id = r->boot_id;
		}
		n += got;
	}
	qsort(out, n, sizeof(*out), by_time);
	return n;
}

/* As copy_record(). */
static bool copy_notice(const struct damp_notice_ring *ring, uint64_t pos, struct damp_notice *out)
{
	damp_copy_words(out, &ring->slot[pos % DAMP_NOTICE_SLOTS], sizeof(*out));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (oldest_notice(__atomic_load_n(&ring->head, __ATOMIC_RELAXED)) > pos || out->seq != pos)
		return false;
	out->set[sizeof(out->set) - 1] = '\0';
	return true;
}

size_t damp_event_reader_notices(struct damp_event_reader *r, struct damp_notice_record *out, size_t max,
				 uint64_t *lost)
{
	const struct damp_events *e = rings(r);
	const uint64_t head = e != NULL ? __atomic_load_n(&e->notices.head, __ATOMIC_ACQUIRE) : 0;
	const uint64_t first = oldest_notice(head);
	size_t n = 0;

	if (e != NULL && r->notice_pos < first) {
		*lost += first - r->notice_pos;
		r->notice_pos = first;
	}
	for (; e != NULL && r->notice_pos < head && n < max; r->notice_pos++) {
		if (copy_notice(&e->notices, r->notice_pos, &out[n].notice))
			out[n++].boot_id = r->boot_id;
		else
			++*lost;
	}
	return n;
}
