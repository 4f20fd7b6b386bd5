/* SPDX-License-Identifier: BSD-3-Clause */
/* See trace_ring.h. */
#include "trace_ring.h"

#include <string.h>

bool damp_trace_reader_open(struct damp_trace_reader *r, const void *base, size_t len)
{
	const struct damp_trace_file *f = base;

	memset(r, 0, sizeof(*r));
	if (len < sizeof(*f) || f->magic != DAMP_TRACE_MAGIC || f->version != DAMP_TRACE_VERSION ||
	    f->nworkers == 0 || f->nworkers > DAMP_WORKERS_MAX ||
	    len < sizeof(*f) + f->nworkers * sizeof(f->ring[0]))
		return false;
	r->file = f;
	for (unsigned w = 0; w < f->nworkers; w++) {
		r->pos[w] = __atomic_load_n(&f->ring[w].head, __ATOMIC_ACQUIRE);
		r->missed[w] = __atomic_load_n(&f->ring[w].missed, __ATOMIC_RELAXED);
		r->looked[w] = __atomic_load_n(&f->ring[w].looked, __ATOMIC_RELAXED);
	}
	return true;
}

/* Oldest record that no writer can be in. */
static uint64_t oldest(uint64_t head)
{
	return head >= DAMP_TRACE_SLOTS ? head - DAMP_TRACE_SLOTS + 1 : 0;
}

/* Numbers that index what is read; the file is the data plane's, but a record
 * may be half written. */
static bool sound(const struct damp_trace_record *r, uint64_t seq)
{
	return r->seq == seq && r->caplen <= DAMP_TRACE_SNAP && r->caplen <= r->len &&
	       r->sent_caplen <= DAMP_TRACE_SENT && r->sent_caplen <= r->sent_len && r->side < DAMP_SIDE_MAX &&
	       r->found.nrules <= DAMP_FOUND_RULES && r->found.nrungs <= DAMP_FOUND_RUNGS &&
	       r->found.nbudgets <= DAMP_FOUND_BUDGETS;
}

/* Fill next[w] when it is empty and there is a record. */
static void look(struct damp_trace_reader *r, unsigned w)
{
	const struct damp_trace_ring *ring = &r->file->ring[w];
	const uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);

	while (!r->waits[w] && r->pos[w] < head) {
		if (r->pos[w] < oldest(head)) {
			r->lost += oldest(head) - r->pos[w];
			r->pos[w] = oldest(head);
			continue;
		}
		memcpy(&r->next[w], &ring->slot[r->pos[w] % DAMP_TRACE_SLOTS], sizeof(r->next[w]));
		/* Loads above before the load of head; partner: damp_trace_end(). */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (oldest(__atomic_load_n(&ring->head, __ATOMIC_RELAXED)) > r->pos[w] ||
		    !sound(&r->next[w], r->pos[w]))
			r->lost++;
		else
			r->waits[w] = true;
		r->pos[w]++;
	}
}

bool damp_trace_reader_next(struct damp_trace_reader *r, struct damp_trace_record *out, unsigned *worker)
{
	int first = -1;

	for (unsigned w = 0; w < r->file->nworkers; w++) {
		look(r, w);
		if (r->waits[w] && (first < 0 || r->next[w].wall_us < r->next[first].wall_us))
			first = (int)w;
	}
	if (first < 0)
		return false;
	*out = r->next[first];
	*worker = (unsigned)first;
	r->waits[first] = false;
	return true;
}

uint64_t damp_trace_reader_missed(const struct damp_trace_reader *r)
{
	uint64_t n = r->lost;

	for (unsigned w = 0; w < r->file->nworkers; w++)
		n += __atomic_load_n(&r->file->ring[w].missed, __ATOMIC_RELAXED) - r->missed[w];
	return n;
}

uint64_t damp_trace_reader_looked(const struct damp_trace_reader *r)
{
	uint64_t n = 0;

	for (unsigned w = 0; w < r->file->nworkers; w++)
		n += __atomic_load_n(&r->file->ring[w].looked, __ATOMIC_RELAXED) - r->looked[w];
	return n;
}
