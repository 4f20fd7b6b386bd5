/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The settings of the data plane: what must be known before the first packet
 * and cannot change while it runs. Rules are not among them.
 *
 * Idea: one table describes every key (section, name, kind, bounds, help); the
 * reader, the list of known keys in an error and --help are made from it. The
 * file itself is read by rte_cfgfile.
 *
 * Invariant: an unknown section or key, a value out of bounds and a key given
 * twice are errors; nothing is guessed.
 */
#ifndef DAMP_CONFIG_H
#define DAMP_CONFIG_H

#include "core/judge.h"
#include "core/prefixes.h"
#include "core/tally.h"
#include <damper/program.h>
#include <stdio.h>

#define DAMP_PATH_MAX 200u

struct damp_config {
	char port[DAMP_SIDE_MAX][DAMP_NAME_MAX];
	char names[DAMP_SIDE_MAX][DAMP_PATH_MAX]; /* more of them, for rule files; separated by commas */
	char runtime_dir[DAMP_PATH_MAX], state_dir[DAMP_PATH_MAX];
	unsigned nworkers;          /* 0: as many as lcores and queues allow (scale.h) */
	uint8_t idle;               /* enum damp_idle_mode: what a worker without packets does */
	uint8_t trust_clock;           /* the wall clock, whatever the kernel says of it */
	struct damp_judge_config tables;
	unsigned mtu;
	unsigned buffers;           /* packet buffers, 0: computed from queues and rings */
	unsigned burst;
};

/* What holds when a file says nothing. */
void damp_config_defaults(struct damp_config *c);

/* Read file over the values in *c. Returns 0, or -1 with one line in err. */
int damp_config_load(const char *file, struct damp_config *c, char *err, size_t errlen);

/* Every key with its default and its help, for people. */
void damp_config_describe(FILE *out);

/* The path dir/name in out (cap bytes). Returns 0, or -1 when it is too long. */
int damp_path_join(char *out, size_t cap, const char *dir, const char *name);

#endif
