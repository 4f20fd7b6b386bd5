/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One flood of spoofed requests against the judge, with honest clients beside it.
 *
 * Idea: what decides under a flood are ratios: requests a second to challenges a
 * second, to bytes of the memory of repetitions, to lines of the ledger, to a server's
 * budget. So every rate, and every budget and table that the flood fills, is divided by
 * `scale`, and times are left as they are: a retransmission comes 2 to 3 s later in
 * both. Budgets of one address or network are not shared by a flood of random sources
 * and stay; so do the tables of exchanges, Message IDs and peers, which hold what the
 * clients do, and of those there are as many. What is counted is multiplied by `scale`
 * again.
 *
 * Every packet is a whole frame, judged by the functions that the data plane runs, in
 * bursts, by one worker. Honest clients repeat as RFC 7252 section 4.2 has it, and
 * answer pings 40 ms later.
 */
#ifndef DAMP_TEST_FLOOD_RUN_H
#define DAMP_TEST_FLOOD_RUN_H

#include "types.h"

#define FLOOD_MIB 40u                   /* damp_judge_defaults.repeat_lines */
#define FLOOD_CHALLENGES 100000u        /* guard: challenges: all */
#define FLOOD_KEY 11u

enum flood_pattern { FLOOD_RANDOM, FLOOD_REPLAY, FLOOD_TWICE, FLOOD_CARPET, FLOOD_CARPET_48, FLOOD_PATTERNS };

/* What is played: `rate` requests a second with the gateway's secret `key`. */
struct flood {
	bool v6;
	unsigned scale;                 /* a power of two, 1 to 256 */
	double rate;
	enum flood_pattern pattern;     /* FLOOD_CARPET_48 over IPv6 only */
	unsigned mib;                   /* memory of repetitions */
	unsigned challenges;            /* a second, of the whole gateway */
	uint64_t key;
};

struct flood_result {
	double con, non, known;         /* per cent: first contacts served, requests of the known answered */
	double con_after_s;             /* mean time to a first contact's answer, of those served */
	double factor;                  /* IP bytes toward all victims for each of the flood's */
	double packets;                 /* toward all victims a second */
	double requests;                /* of the flood at each server a second */
};

/* Play a minute of it. Seconds of CPU; memory by the judge's configuration. */
void flood_play(const struct flood *f, struct flood_result *result);

#endif
