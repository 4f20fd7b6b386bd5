/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the scenario files share. Each has the vectors of one part of the
 * catalogue (attacks.md section 4); scenario_table.c lists them all.
 */
#ifndef SIM_SCENARIOS_H
#define SIM_SCENARIOS_H

#include "world.h"

#define WELL_KNOWN '.', 'w', 'e', 'l', 'l', '-', 'k', 'n', 'o', 'w', 'n'
#define WELL_KNOWN_CORE 0xbb, WELL_KNOWN, 0x04, 'c', 'o', 'r', 'e'
#define LINK_FORMAT 40              /* RFC 7252 section 12.3 */
#define CORE_MEAN 569u              /* bytes of answer, mean of the scan of 2020 (attacks.md 7) */
#define TEN_A_SECOND SIM_MS(100)

static inline struct sim_attack *sim_repeat(struct sim_attack *a, uint32_t count, damp_tick gap)
{
	a->count = count;
	a->gap = gap;
	return a;
}

/* From the attacker's own address. */
static inline struct sim_attack *sim_as_himself(struct sim_attack *a)
{
	a->src.addr = sim_addr(a->attacker->sim->v6, SIM_NET_ATTACKERS, 0);
	return a;
}

/* Variations of a message's source: another port each time, another host of the
 * victims' network each time. */
size_t sim_next_port(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len);
size_t sim_next_host(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len);

/* A resource that changes every second; notifications are NON. */
void sim_add_time(struct sim_world *w);
void sim_add_core(struct sim_world *w, size_t answer);

/* One function for each scenario, by its number. */
#define SIM_SCENARIO(name) void name(struct sim_world *w)
SIM_SCENARIO(av01); SIM_SCENARIO(av01_rate); SIM_SCENARIO(av01_proved); SIM_SCENARIO(av01_first);
SIM_SCENARIO(av01_flood); SIM_SCENARIO(av02); SIM_SCENARIO(av03); SIM_SCENARIO(av04); SIM_SCENARIO(av05); SIM_SCENARIO(av05_first);
SIM_SCENARIO(av06); SIM_SCENARIO(av07); SIM_SCENARIO(av08); SIM_SCENARIO(av09); SIM_SCENARIO(av10);
SIM_SCENARIO(av11); SIM_SCENARIO(av12); SIM_SCENARIO(av13); SIM_SCENARIO(av14); SIM_SCENARIO(av15);
SIM_SCENARIO(av16); SIM_SCENARIO(av17); SIM_SCENARIO(av18); SIM_SCENARIO(av19); SIM_SCENARIO(av20);
SIM_SCENARIO(av21); SIM_SCENARIO(av22); SIM_SCENARIO(av23); SIM_SCENARIO(av24); SIM_SCENARIO(av25);
SIM_SCENARIO(av26); SIM_SCENARIO(av27); SIM_SCENARIO(av28); SIM_SCENARIO(av29); SIM_SCENARIO(av30);
SIM_SCENARIO(av31); SIM_SCENARIO(av32); SIM_SCENARIO(av33); SIM_SCENARIO(av34); SIM_SCENARIO(av35);
SIM_SCENARIO(av36); SIM_SCENARIO(av37); SIM_SCENARIO(av37_first);
SIM_SCENARIO(av38); SIM_SCENARIO(av39); SIM_SCENARIO(av40);
SIM_SCENARIO(av41); SIM_SCENARIO(av41_slow); SIM_SCENARIO(av41_uploads); SIM_SCENARIO(av42); SIM_SCENARIO(av43); SIM_SCENARIO(av44); SIM_SCENARIO(av44_hundred); SIM_SCENARIO(av45);
SIM_SCENARIO(av12_slow); SIM_SCENARIO(av24_long); SIM_SCENARIO(av45_patient);
SIM_SCENARIO(av45_cookies); SIM_SCENARIO(av45_rate); SIM_SCENARIO(av46); SIM_SCENARIO(av47); SIM_SCENARIO(av48); SIM_SCENARIO(av49);
SIM_SCENARIO(av50); SIM_SCENARIO(av51); SIM_SCENARIO(av51_local);

#endif
