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
#include "rows.h"
#include "scan.h"
#include "sieve.h"
#include <damper/program.h>
#include <damper/stats.h>

struct hs_database;
struct hs_scratch;
struct damp_memo;

#define DAMP_MEMO_ENTRIES_LOG2 11u
/* The workers, and the main thread, which judges what never came (finding.h). */
#define DAMP_VIEW_WORKERS (DAMP_WORKERS_MAX + 1u)
/* Bits of an IPv4 address that choose where the search for its range begins: enough that
 * few ranges are left to search, few enough that the index stays in the first-level cache. */
#define DAMP_TOP4_BITS_MIN 8u
#define DAMP_TOP4_BITS_MAX 13u
/* Messages below that, all that fit an Ethernet frame, find their row of sizes without a search. */
#define DAMP_SIZE_ROWS 1536u

/* What changes while a view runs; live.h. */
struct damp_live {
	uint64_t *mask;                         /* [words of a row] rules in force */
	uint8_t *mode;                          /* [nrules] enum damp_mode */
	uint64_t least_s;                       /* the time it is at least, for what ends */
	uint8_t list_of[DAMP_RUNTIME_SETS_MAX]; /* list of prefixes of each set; before the view is published */
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
	const struct damp_option_value *option_values;
	const struct damp_text_literal *literals;
	const struct damp_text_rows *texts;     /* [2]: path, query */
	const struct damp_text_head *heads;
	const struct damp_schedule *schedules;
	const struct damp_time_zone *time_zones;
	const struct damp_transition *transitions;
	const struct damp_runtime_set *sets;
	const struct damp_device *devices;
	const struct damp_set_class *set_classes;
	struct damp_rows rows;
	uint32_t nranges4, nranges6, nsizes, nsrc_ports, ndst_ports, noptions, noption_values, nschedules, ndevices;
	/* The range that holds the first address of each block of 2^top4_shift addresses. */
	uint32_t *top4;
	uint32_t top4_shift;
	uint32_t *size_row;                     /* [DAMP_SIZE_ROWS] of a message of so many bytes */
	struct damp_port_map ports;
	unsigned way;                           /* how the devices of the program lie (devices.h) */
	bool has_inside;                        /* inside prefixes are known */
	bool counts_open;                       /* a limit counts what is open at once */
	bool counts_later;                      /* what is created, cache keys or registrations (later.c) */
	bool counts_registrations;
	bool tells;                             /* a rule has `log` or `warn` */
	struct damp_sieve sieve[2];
	struct hs_database *hs[2];
	struct hs_scratch *scratch[DAMP_VIEW_WORKERS];
	struct damp_memo *memo[DAMP_VIEW_WORKERS];
	uint16_t *rule_slot;                    /* stats slot of each rule; filled by the owner of the stats */
	struct damp_live live;                  /* written by the main thread, read by workers */
	struct damp_secrets secrets;
	struct damp_key memo_key;
	uint64_t *empty[2];                     /* rows of a request without path, without query, as the memo's; owned */
	bool empty_is_none[2];                  /* no pattern matches them */
	bool only_by_text;                      /* a request that no pattern matches, no rule matches */
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

/* The devices of the program lie so (one bit of way for each that decides, set: it is the
 * inside port). Before the view is used; damp_devices_bind() knows the names. */
void damp_view_lie(struct damp_view *v, unsigned way);

/* The checksum that belongs into hdr->checksum of len bytes at block. */
uint64_t damp_program_checksum(const void *block, size_t len);

/* Address class, by binary search over the ranges. */
uint16_t damp_view_class_search(const struct damp_view *v, const struct damp_addr *a);

static inline uint16_t damp_view_class(const struct damp_view *v, const struct damp_addr *a)
{
	return v->hdr->nclasses == 1 ? 0 : damp_view_class_search(v, a);
}

/* Rows of an address of a class and sets, by the side its packet came in on. */
static inline uint32_t damp_view_src_row(const struct damp_view *v, uint16_t cls, uint8_t sets, unsigned side)
{
	if (damp_likely(sets == 0))
		return v->classes[cls].src_row[side];
	return v->set_classes[(size_t)cls * ((1u << v->hdr->nsets) - 1) + sets - 1].src_row[side];
}

static inline uint32_t damp_view_dst_row(const struct damp_view *v, uint16_t cls, uint8_t sets, unsigned side)
{
	if (damp_likely(sets == 0))
		return v->classes[cls].dst_row[side];
	return v->set_classes[(size_t)cls * ((1u << v->hdr->nsets) - 1) + sets - 1].dst_row[side];
}

/* Does limit l count what is created, cache keys or registrations? */
static inline bool damp_counts_later(const struct damp_limit *l)
{
	return l->count == DAMP_COUNT_CREATED || l->count == DAMP_COUNT_KEYS ||
	       l->count == DAMP_COUNT_REGISTRATIONS;
}

static inline const char *damp_view_string(const struct damp_view *v, uint32_t off)
{
	return v->strings + off;
}

#endif
