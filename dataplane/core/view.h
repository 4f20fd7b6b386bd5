/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program opened for use: checked once, then pointers instead of offsets.
 *
 * Idea: damp_view_open() is the gate of program.h's invariant. It verifies
 * checksum, version, every offset, count, row number and string before it
 * returns a view, deserialises the Hyperscan databases, and gives each worker
 * a scratch and a memo of its own, sized by this program. A view is immutable
 * but for these worker-private parts and its live part (live.h), and is freed
 * after the last worker has passed a quiescent state. It opens as it holds when
 * nobody knows the time: rules whose end is not proved to be past are in force.
 *
 * Threads: open and close on a control thread (they allocate); everything else
 * on any worker, with its own worker number.
 */
#ifndef DAMP_CORE_VIEW_H
#define DAMP_CORE_VIEW_H

#include "echo.h"
#include "frame.h"
#include "scan.h"
#include <damper/program.h>
#include <damper/stats.h>

struct hs_database;
struct hs_scratch;
struct damp_memo;

#define DAMP_MEMO_LINES_LOG2 10u
#define DAMP_TOP4_BITS 8u
#define DAMP_TOP4 (1u << DAMP_TOP4_BITS)

/* What changes while a view runs; live.h. */
struct damp_live {
	uint64_t *mask;                         /* [nwords] rules in force */
	uint8_t *mode;                          /* [nrules] enum damp_mode */
	uint64_t least_s;                       /* the time it is at least, for what ends */
};

struct damp_view {
	const struct damp_program_hdr *hdr;
	const char *strings;
	const struct damp_guard *guard;
	const struct damp_rule *rules;
	const struct damp_limit *limits;
	const struct damp_range4 *ranges4;
	const struct damp_range6 *ranges6;
	const struct damp_class *classes;
	const struct damp_interval *sizes, *src_ports, *dst_ports;
	const struct damp_option_rows *options;
	const struct damp_text_literal *literals;
	const struct damp_text_rows *texts;     /* [2]: path, query */
	const uint64_t *rows;
	const struct damp_schedule *schedules;
	const struct damp_time_zone *time_zones;
	const struct damp_transition *transitions;
	uint32_t nranges4, nranges6, nsizes, nsrc_ports, ndst_ports, noptions, nschedules;
	/* The range that holds the first address of each /8, so that a search is short. */
	uint32_t *top4;
	struct damp_port_map ports;
	struct hs_database *hs[2];
	struct hs_scratch *scratch[DAMP_WORKERS_MAX];
	struct damp_memo *memo[DAMP_WORKERS_MAX];
	uint16_t *rule_slot;                    /* stats slot of each rule; filled by the owner of the stats */
	struct damp_live live;                  /* written by the main thread, read by workers */
	struct damp_secrets secrets;
	struct damp_key memo_key;
	unsigned nworkers;
	void *block;                            /* the program's bytes, owned */
};

/*
 * Check len bytes at block and open them. Takes block over (malloc'ed) on
 * success only. On failure returns NULL and writes one line that says what is
 * wrong into err. key: random, for the memo.
 */
struct damp_view *damp_view_open(void *block, size_t len, unsigned nworkers, const struct damp_key *key,
				 char *err, size_t errlen);
void damp_view_close(struct damp_view *v);

/* A second view of the same program with other secrets: shares nothing. NULL
 * when out of memory. */
struct damp_view *damp_view_clone(const struct damp_view *v, const struct damp_secrets *secrets);

/* The checksum that belongs into hdr->checksum of len bytes at block. */
uint64_t damp_program_checksum(const void *block, size_t len);

/* Address class, by binary search over the ranges. */
uint16_t damp_view_class(const struct damp_view *v, const struct damp_addr *a);

static inline const uint64_t *damp_view_row(const struct damp_view *v, uint32_t row)
{
	return v->rows + (size_t)row * v->hdr->nwords;
}

static inline const char *damp_view_string(const struct damp_view *v, uint32_t off)
{
	return v->strings + off;
}

#endif
