/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control plane's read-only look into a compiled program (program.h): who
 * are the rules, where do they stand, what are the limits. The data plane has
 * its own, complete gate; this one opens only the sections that people see.
 *
 * Invariant: damp_progview_open() has checked every bound that the accessors
 * use, so a block from the other process cannot make us read past it.
 *
 * A damp_prog is a block with a count of its users: the keeper swaps the
 * running one while a request still reads the one before.
 */
#ifndef DAMP_PROGVIEW_H
#define DAMP_PROGVIEW_H

#include <damper/program.h>
#include <stddef.h>

struct damp_progview {
	const struct damp_program_hdr *hdr;
	const char *strings;
	size_t strings_len;
	const struct damp_rule *rules;          /* [hdr->nrules] */
	const struct damp_limit *limits;        /* [hdr->nlimits] */
	const struct damp_guard *guard;
	const struct damp_class *classes;       /* [hdr->nclasses] */
	const struct damp_runtime_set *sets;    /* [hdr->nsets] */
	const struct damp_device *devices;      /* [ndevices] */
	size_t ndevices;
};

/* Open len bytes at block, which stay the caller's. 0, or -1 when this is not
 * a whole program of our version. block is aligned to 8 bytes. */
int damp_progview_open(const void *block, size_t len, struct damp_progview *v);

/* A string of the program; "" for an offset that is none. */
const char *damp_progview_string(const struct damp_progview *v, uint32_t off);

/* Name of limit i; "" when there is no such limit. */
const char *damp_progview_limit_name(const struct damp_progview *v, unsigned i);

/* Number of rules whose mode is mode (enum damp_mode). */
unsigned damp_progview_count_mode(const struct damp_progview *v, unsigned mode);

/* The earliest end of an exemption behind now_s (Unix time); 0 when none has an end to come. */
uint64_t damp_progview_exempt_end(const struct damp_progview *v, uint64_t now_s);

/* Units per second and units in one go of a rung; units are bytes or messages. */
double damp_progview_rate(const struct damp_rung *r);
double damp_progview_burst(const struct damp_rung *r);

struct damp_prog {
	unsigned refs;                          /* atomic */
	size_t len;
	struct damp_progview view;
	void *block;                            /* malloc'ed, owned */
};

/* Take block over (also when it fails). NULL when it is no program, or out of
 * memory. The result has one user. */
struct damp_prog *damp_prog_new(void *block, size_t len);

/* Read a program from fd (a memfd or file), which stays open. NULL on failure. */
struct damp_prog *damp_prog_read(int fd);

struct damp_prog *damp_prog_get(struct damp_prog *p);   /* one more user; NULL stays NULL */
void damp_prog_put(struct damp_prog *p);                /* one less; NULL is fine */

/* A sealed memfd that holds the program. The caller closes it. Negative errno on
 * failure. */
int damp_prog_memfd(const struct damp_prog *p);

#endif
