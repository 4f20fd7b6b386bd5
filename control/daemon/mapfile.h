/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file of the data plane, mapped read only and followed when the data plane
 * starts again and puts a new file in its place.
 *
 * Invariant: base is NULL or a mapping of at least the length asked for. The
 * data plane replaces its files by rename and never shortens one, so a mapping
 * stays readable as long as we hold it.
 */
#ifndef DAMP_MAPFILE_H
#define DAMP_MAPFILE_H

#include <stddef.h>
#include <sys/types.h>

struct damp_mapfile {
	char path[256];
	const void *base;
	size_t len;
	dev_t dev;
	ino_t ino;
};

/* 0, or -ENAMETOOLONG. */
int damp_mapfile_init(struct damp_mapfile *m, const char *dir, const char *name);

/* Make base the file that is at the path now. 0; or a negative errno with base
 * NULL when there is none, or one shorter than min_len. */
int damp_mapfile_refresh(struct damp_mapfile *m, size_t min_len);

void damp_mapfile_close(struct damp_mapfile *m);

#endif
