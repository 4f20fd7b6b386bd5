/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Learning what is normal: how much each peer, device and pair sends, each path
 * is asked for and each tenant uses, as quantiles, so that limits need not be guessed.
 *
 * Idea: time is cut into windows of DAMP_LEARN_WINDOW_S. Within one, each key
 * (an address, or two; a path; a tenant) is counted; at its end each key that sent anything gives
 * two values: what it sent in the window (its rate), and the most it sent in
 * one second of it (its burst). The values go into histograms, the keys are
 * forgotten. A key that a limit acted on in the window gives none, and a window
 * in which limits acted on more than 1 % of the messages gives none at all:
 * what is learned in an attack would be the attack.
 *
 * Invariant: memory is fixed (DAMP_LEARN_KEYS keys for each table); what does
 * not fit is counted. Values are kept to 1/16, the largest one exactly.
 * Nothing here reads a clock: the times are those of the samples.
 *
 * References: operators.md 1 ("learning mode"), 2 (10); Tene, HdrHistogram.
 */
#ifndef DAMP_LEARN_H
#define DAMP_LEARN_H

#include <damper/program.h>
#include <jansson.h>
#include <stdbool.h>

#define DAMP_LEARN_WINDOW_S 10u
#define DAMP_LEARN_KEYS 16384u          /* per table and window, a power of two */
#define DAMP_LEARN_ENOUGH 30u           /* fewer values propose nothing */

/* X(ID, "as in rule files") */
#define DAMP_LEARN_PERS(X)                                                             \
	X(PEER, "peer")                                                                \
	X(DEVICE, "device")                                                            \
	X(PAIR, "pair")                                                                \
	X(GLOBAL, "global")                                                            \
	X(PATH, "path")                                                                \
	X(TENANT, "tenant")

enum damp_learn_per {
#define X(id, name) DAMP_LEARN_##id,
	DAMP_LEARN_PERS(X)
#undef X
	DAMP_LEARN_PER_MAX
};

struct damp_learn_sample {
	uint64_t ms;                    /* of any clock that does not run back */
	uint8_t peer[16], device[16];   /* IPv4 as ::ffff:a.b.c.d */
	uint64_t path;                  /* stands for that of a request, else 0 */
	uint32_t tenant;                /* stands for it, 0: nobody's */
	uint32_t bytes;                 /* of the IP packet */
	enum damp_side side;            /* it came in on */
	uint8_t reason;                 /* enum damp_reason: what became of it */
	bool of_peer, of_device;        /* whose packets are all among the samples */
	bool of_path, of_tenant;
	bool of_all;                    /* everybody's are */
};

struct damp_learn;

/* NULL when out of memory (about 18 MB). */
struct damp_learn *damp_learn_new(void);
void damp_learn_free(struct damp_learn *l);

void damp_learn_add(struct damp_learn *l, const struct damp_learn_sample *s);

/* Traffic of all together, when the samples are not all there is. */
void damp_learn_add_total(struct damp_learn *l, uint64_t ms, enum damp_side side, uint64_t messages,
			  uint64_t bytes);

/* Samples were lost: what the window has so far is worth nothing. */
void damp_learn_lost(struct damp_learn *l, uint64_t n);

/* The window that is open ends here, at the end of a capture. */
void damp_learn_end(struct damp_learn *l);

/*
 * {window_s, windows, windows_left_out, keys_left_out, keys_not_followed, lost,
 *  messages, seconds, shapes: [{side, per, values, messages: {rate, burst},
 *  bytes: {rate, burst}}]}, each of rate and burst {p50, p95, p99, max}; rates
 * per second. New reference.
 */
json_t *damp_learn_json(const struct damp_learn *l);

#endif
