/* SPDX-License-Identifier: BSD-3-Clause */
/* See samples.h. */
#include "samples.h"

#include "mapfile.h"

#include <stdbool.h>
#include <stdlib.h>

_Static_assert(sizeof(struct damp_key_sample) % 8 == 0, "copied in words");

struct damp_sample_reader {
	struct damp_mapfile file;
	uint64_t boot_id;
	uint64_t pos[DAMP_WORKERS_MAX]; /* number of the next sample to read */
};

struct damp_sample_reader *damp_sample_reader_new(const char *runtime_dir)
{
	struct damp_sample_reader *r = calloc(1, sizeof(*r));

	if (r != NULL && damp_mapfile_init(&r->file, runtime_dir, DAMP_SAMPLES_FILE)) {
		free(r);
		return NULL;
	}
	return r;
}

void damp_sample_reader_free(struct damp_sample_reader *r)
{
	if (r == NULL)
		return;
	damp_mapfile_close(&r->file);
	free(r);
}

/* Oldest one that no writer can be in: slot head % size may be half written. */
static uint64_t oldest(uint64_t head)
{
	return head >= DAMP_SAMPLE_SLOTS ? head - DAMP_SAMPLE_SLOTS + 1 : 0;
}

/* The rings of as many workers as the file has room for; NULL when it is none. */
static const struct damp_samples *rings(struct damp_sample_reader *r)
{
	const struct damp_samples *s;

	if (damp_mapfile_refresh(&r->file, sizeof(*s)))
		return NULL;
	s = r->file.base;
	if (s->magic != DAMP_SAMPLES_MAGIC || s->version != DAMP_STATS_VERSION ||
	    s->nworkers > DAMP_WORKERS_MAX ||
	    r->file.len < sizeof(*s) + s->nworkers * sizeof(s->ring[0]))
		return NULL;
	if (s->boot_id != r->boot_id) {
		r->boot_id = s->boot_id;
		for (unsigned w = 0; w < s->nworkers; w++)
			r->pos[w] = 0;
	}
	return s;
}

void damp_sample_reader_skip(struct damp_sample_reader *r)
{
	const struct damp_samples *s = rings(r);

	for (unsigned w = 0; s != NULL && w < s->nworkers; w++)
		r->pos[w] = __atomic_load_n(&s->ring[w].head, __ATOMIC_ACQUIRE);
}

/* Copy sample pos; false when it was overwritten meanwhile. */
static bool copy(const struct damp_sample_ring *ring, uint64_t pos, struct damp_key_sample *out)
{
	damp_copy_words(out, &ring->slot[pos % DAMP_SAMPLE_SLOTS], sizeof(*out));
	/* The loads above come before the load of head; partner: the worker's
	 * release store of head after it has filled the slot. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return oldest(__atomic_load_n(&ring->head, __ATOMIC_RELAXED)) <= pos && out->seq == pos;
}

static size_t read_ring(const struct damp_sample_ring *ring, uint64_t *pos, struct damp_key_sample *out,
			size_t max, uint64_t *lost)
{
	const uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE), first = oldest(head);
	size_t n = 0;

	if (*pos > head) /* a writer never goes back: this ring is not what we know */
		*pos = head;
	if (*pos < first) {
		*lost += first - *pos;
		*pos = first;
	}
	for (; *pos < head && n < max; ++*pos) {
		if (copy(ring, *pos, &out[n]))
			n++;
		else
			++*lost;
	}
	return n;
}

size_t damp_sample_reader_poll(struct damp_sample_reader *r, struct damp_key_sample *out, size_t max,
			       uint64_t *lost)
{
	const struct damp_samples *s = rings(r);
	size_t n = 0;

	for (unsigned w = 0; s != NULL && w < s->nworkers; w++)
		n += read_ring(&s->ring[w], &r->pos[w], out + n, max - n, lost);
	return n;
}
