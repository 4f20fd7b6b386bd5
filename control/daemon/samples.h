/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reader of the workers' sample rings (include/damper/samples.h). One thread.
 */
#ifndef DAMP_SAMPLES_READER_H
#define DAMP_SAMPLES_READER_H

#include <damper/samples.h>
#include <stddef.h>

struct damp_sample_reader;

struct damp_sample_reader *damp_sample_reader_new(const char *runtime_dir);
void damp_sample_reader_free(struct damp_sample_reader *r);

/* Forget what lies in the rings now: it is from before. */
void damp_sample_reader_skip(struct damp_sample_reader *r);

/* Up to max samples that are new, ring by ring, and how many were overwritten
 * before they could be read. Less than max: there are no more for now. */
size_t damp_sample_reader_poll(struct damp_sample_reader *r, struct damp_key_sample *out, size_t max,
			       uint64_t *lost);

#endif
