/* SPDX-License-Identifier: BSD-3-Clause */
/* See trace_ring.h. */
#include "trace_ring.h"

#include "common/ring.h"

#include <string.h>

DAMP_RING_FITS(struct damp_trace_record);

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
		r->pos[w] = damp_ring_head(&DAMP_RING(&f->ring[w]));
		r->missed[w] = __atomic_load_n(&f->ring[w].missed, __ATOMIC_RELAXED);
		r->looked[w] = __atomic_load_n(&f->ring[w].looked, __ATOMIC_RELAXED);
	}
	return true;
}

/* Numbers that index what is read; the file is the data plane's, but its
 * writer may be another version. */
static bool sound(const struct damp_trace_record *r)
{
	return r->caplen <= DAMP_TRACE_SNAP && r->caplen <= r->len && r->sent_caplen <= DAMP_TRACE_SENT &&
	       r->sent_caplen <= r->sent_len && r->side < DAMP_SIDE_MAX &&
	       r->found.nrules <= DAMP_FOUND_RULES && r->found.nrungs <= DAMP_FOUND_RUNGS &&
	       r->found.nbudgets <= DAMP_FOUND_BUDGETS;
}

/* Fill next[w] when it is empty and there is a record. */
static void look(struct damp_trace_reader *r, unsigned w)
{
	const struct damp_ring ring = DAMP_RING(&r->file->ring[w]);

	while (!r->waits[w] && damp_ring_next(&ring, &r->pos[w], &r->next[w], &r->lost)) {
		r->waits[w] = sound(&r->next[w]);
		r->lost += !r->waits[w];
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
