/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files of one rule set: the root file and what it includes.
 *
 * Idea: a rule set lives below the directory of its root file and nowhere
 * else. Every other file is opened from that directory with openat2() and
 * RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, so the kernel, not string handling,
 * keeps a path from leaving it. A rule set of several files travels as one
 * text, the bundle, in which the same paths are names of its parts.
 *
 * Invariant: a path that is looked up has no '.' or '..' left in it, and a file
 * that was read once is not read again.
 *
 * Reference: operators.md 3.2; openat2(2).
 */
#ifndef DAMP_RULES_FILES_H
#define DAMP_RULES_FILES_H

#include "diag.h"

/* Bounds of one rule set. */
#define DAMP_FILES_MAX 1024u
#define DAMP_FILES_BYTES_MAX (64u << 20)

/* Of a path that damp_files_path() refused. */
#define DAMP_LEAVES_MESSAGE "'%s' leaves the directory of the rule file; write a path below it"

struct damp_files {
	struct damp_pool *pool;
	int dir;                    /* of the root file, -1: none */
	bool bundle;                /* the parts are all there is */
	const char *shown_dir;      /* "" or the directory with its slash, for messages */
	struct damp_source **part;  /* of a bundle, or what was read so far; root first */
	size_t n, cap, bytes;
};

/* Begin with the root file. dir_of: the path it was opened by, or NULL when
 * its text came without a directory. False with errno: the directory cannot be
 * opened. Close with damp_files_end(). */
bool damp_files_begin(struct damp_files *f, struct damp_pool *pool, struct damp_source *root,
		      const char *dir_of);
void damp_files_end(struct damp_files *f);

/* Does text open a bundle? */
bool damp_files_is_bundle(const char *text, size_t len);

/* Take a bundle apart; *root becomes its first part. False: it is damaged. */
bool damp_files_unbundle(struct damp_files *f, struct damp_pool *pool, struct damp_source *root,
			 const char *text, size_t len);

/* What was read as one text, malloc'ed: a bundle, or of the root alone its own bytes. */
char *damp_files_pack(const struct damp_files *f, size_t *len);

/* `written`, as it stands in the file `from`, as a path from the root's
 * directory; NULL when it leaves that or is absolute. */
const char *damp_files_path(const struct damp_files *f, const struct damp_source *from,
			    const char *written);

/* The file at such a path, or NULL and why (DAMP_WHY_MAX bytes). */
struct damp_source *damp_files_read(struct damp_files *f, const char *path, char *why);

/* Why a file cannot be read, of an errno of the above, for people. */
const char *damp_file_why_not(int error);

/* Is it a pattern? And the paths it stands for, sorted; *n of them. */
bool damp_files_is_glob(const char *path);
const char **damp_files_glob(const struct damp_files *f, const char *path, size_t *n);

#endif
