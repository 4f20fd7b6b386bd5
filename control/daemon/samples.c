/* SPDX-License-Identifier: BSD-3-Clause */
/* See samples.h. */
#include "samples.h"

#include "common/ring.h"
#include "mapfile.h"

#include <stdbool.h>
#include <stdlib.h>

DAMP_RING_FITS(struct damp_key_sample);

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
		r->pos[w] = damp_ring_head(&DAMP_RING(&s->ring[w]));
}

size_t damp_sample_reader_poll(struct damp_sample_reader *r, struct damp_key_sample *out, size_t max,
			       uint64_t *lost)
{
	const struct damp_samples *s = rings(r);
	size_t n = 0;

	for (unsigned w = 0; s != NULL && w < s->nworkers; w++) {
		const struct damp_ring ring = DAMP_RING(&s->ring[w]);

		while (n < max && damp_ring_next(&ring, &r->pos[w], &out[n], lost))
			n++;
	}
	return n;
}
