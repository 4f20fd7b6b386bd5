/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The standard surroundings of a scenario, and how one is run: a server with
 * resources, a victim, an attacker, honest clients with addresses of their
 * own, once with the judge bypassed and once with it enforcing.
 *
 * Invariant: both runs see the same attack and the same clients at the same
 * times, from the same seed.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "attack.h"
#include "client.h"
#include "server.h"

#include <stdio.h>

#define SIM_CLIENTS_MAX 32u
#define SIM_ATTACKS_MAX 8u
#define SIM_PORT_VICTIM 40000u

/* The networks of the world; hosts are counted from 0. */
enum sim_net { SIM_NET_SERVERS, SIM_NET_VICTIMS, SIM_NET_HONEST, SIM_NET_ATTACKERS };

struct sim_world {
	struct sim sim;
	struct sim_server server;
	struct sim_victim victim;
	struct sim_attacker attacker;
	struct sim_attack attack[SIM_ATTACKS_MAX];
	unsigned int nattacks;
	struct sim_client client[SIM_CLIENTS_MAX];
	unsigned int nclients;
};

struct sim_scenario {
	const char *vector, *about;
	/* Lay out server and attack: called before the clock starts. */
	void (*arrange)(struct sim_world *w);
	unsigned int seconds;       /* of virtual time */
};

/* One kind of client over one run. */
struct sim_served { unsigned int tried, answered; uint64_t trips; damp_tick took; };
enum sim_kind {
	SIM_KIND_LIBCOAP_CON,
	SIM_KIND_MINIMAL_CON,
	SIM_KIND_LIBCOAP_NON,
	SIM_KIND_MINIMAL_NON,
	SIM_KIND_MAX
};

struct sim_outcome {
	uint64_t attacker_packets, attacker_bytes, victim_packets, victim_bytes, gateway_bytes;
	double peak;
	struct sim_served served[SIM_KIND_MAX];
};

struct sim_result {
	const struct sim_scenario *scenario;
	bool v6;
	struct sim_outcome off, on;
};

struct damp_addr sim_addr(bool v6, enum sim_net net, uint32_t host);
/* The prefix that all victims are in: an IPv4 /24, an IPv6 /56 with a /64 for
 * each host. */
unsigned int sim_victim_plen(bool v6);
struct sim_end sim_victim_end(const struct sim_world *w, uint32_t host, uint16_t port);
const struct sim_end *sim_server_end(const struct sim_world *w);

/* A new attack to be filled: from victim 0 at the server, one message. The
 * message must outlive the run. */
struct sim_attack *sim_attack_add(struct sim_world *w, const uint8_t *message, size_t len);

/* Everything but the attacks and the honest clients. */
void sim_world_open(struct sim_world *w, bool v6, bool enforce, uint64_t seed);
void sim_world_close(struct sim_world *w);

void sim_scenario_run(const struct sim_scenario *c, bool v6, uint64_t seed, struct sim_result *r);

/* results.c */
double sim_factor(uint64_t victim_bytes, uint64_t attacker_bytes);
/* One JSON object on one line. */
void sim_result_json(FILE *out, const struct sim_result *r);
/* One line of a table for people; the head when r is NULL. */
void sim_result_row(const struct sim_result *r);

/* scenarios.c */
extern const struct sim_scenario sim_scenarios[];
extern const size_t sim_nscenarios;

#endif
