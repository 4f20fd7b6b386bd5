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
#include "dtls.h"
#include "lwm2m.h"
#include "secure.h"
#include "server.h"
#include "watcher.h"

#include <stdio.h>

#define SIM_CLIENTS_MAX 32u
#define SIM_SECURE_MAX 6u
#define SIM_BEHIND_MAX 256u
#define SIM_WATCHERS_MAX 8u
#define SIM_MEMBERS 3u          /* of the group, beside the server */
#define SIM_ATTACKS_MAX 8u
#define SIM_PORT_VICTIM 40000u

/* The networks of the world; hosts are counted from 0. Devices that speak DTLS are in
 * the field, for what a network may have on trust is its own (guard.first_contact). */
enum sim_net { SIM_NET_SERVERS, SIM_NET_VICTIMS, SIM_NET_HONEST, SIM_NET_ATTACKERS, SIM_NET_CLIENTS, SIM_NET_FIELD };

struct sim_world {
	struct sim sim;
	struct sim_server server;
	struct sim_server member[SIM_MEMBERS];
	unsigned int nmembers;
	struct sim_dtls dtls;
	struct sim_vault vault;             /* honest DTLS ends there */
	struct sim_secure secure[SIM_SECURE_MAX];
	struct sim_manager manager;         /* honest LwM2M in the clear ends there */
	struct sim_device device[SIM_DEVICES_MAX];
	unsigned int ndevices;
	struct sim_victim victim;
	struct sim_victim inside;           /* clients of ours, when it is they who are attacked */
	const struct sim_victim *scored;    /* whose bytes count: the first, if nobody says else */
	struct sim_attacker attacker;
	struct sim_attack attack[SIM_ATTACKS_MAX];
	unsigned int nattacks;
	struct sim_client client[SIM_CLIENTS_MAX];
	unsigned int nclients;
	/* Honest clients at the victim's own address. */
	struct sim_client behind[SIM_BEHIND_MAX];
	unsigned int nbehind;
	struct sim_watcher watcher[SIM_WATCHERS_MAX];
	unsigned int nwatchers;
};

struct sim_scenario {
	const char *vector, *about;
	/* Lay out server and attack: called before the clock starts. */
	void (*arrange)(struct sim_world *w);
	unsigned int seconds;       /* of virtual time */
	bool hurts;                 /* off, the attack takes its answers from honest clients */
	double behind_lost;         /* share of the clients at the victim's address that may be lost */
	bool inside_out;            /* begun inside: outside the promise of a factor of 3 */
};

/* One kind of client over one run. */
struct sim_served { unsigned int tried, answered; uint64_t trips; damp_tick took; };
enum sim_kind {
	SIM_KIND_LIBCOAP_CON,
	SIM_KIND_MINIMAL_CON,
	SIM_KIND_LIBCOAP_NON,
	SIM_KIND_MINIMAL_NON,
	SIM_KIND_PLAIN,             /* those above; in the clear */
	SIM_KIND_DTLS = SIM_KIND_PLAIN,
	SIM_KIND_LWM2M,             /* over DTLS too */
	SIM_KIND_DEVICE,            /* LwM2M in the clear */
	SIM_KIND_MAX
};

struct sim_outcome {
	uint64_t attacker_packets, attacker_bytes, victim_packets, victim_bytes, gateway_bytes;
	double peak;
	double later[SIM_LATER_MAX];        /* attack.h */
	double rate;                /* attacker's packets a second, the fastest of his attacks */
	uint64_t requests;          /* that reached a server */
	uint64_t inside_bytes;      /* IP bytes on the inside link, both ways */
	struct sim_served behind, watchers;
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

/* A /24 or /48 for all that. */
unsigned int sim_net_plen(bool v6);
/* All servers are members of a group; g: an address they listen to. */
void sim_world_group(struct sim_world *w);
struct sim_end sim_group_end(const struct sim_world *w);
/* Honest observers of a resource, with addresses of their own. */
void sim_world_watch(struct sim_world *w, const char *path, unsigned int n);
/* Honest LwM2M devices of one network, in the clear; one begins each gap from then on. */
void sim_world_devices(struct sim_world *w, unsigned int n, damp_tick at, damp_tick gap);
/* A new honest client at victim 0's address; give it jobs. */
struct sim_client *sim_behind_add(struct sim_world *w, const struct sim_client_kind *kind, damp_tick at);

/* A new attack to be filled: from victim 0 at the server, one message. The
 * message must outlive the run. */
struct sim_attack *sim_attack_add(struct sim_world *w, const uint8_t *message, size_t len);

/* Everything but the attacks and the honest clients. */
void sim_world_open(struct sim_world *w, bool v6, bool enforce, uint64_t seed);
void sim_world_close(struct sim_world *w);

/* bars.c: what must hold, and what does not yet. */
enum sim_bar {
	SIM_BAR_PEAK,               /* factor at every moment <= 3 */
	SIM_BAR_FACTOR,             /* over 100 requests and more <= 1 */
	SIM_BAR_RATE,               /* at 1000 requests a second and more <= 0.1 */
	SIM_BAR_PACKETS,            /* packets toward the victim over 100 requests and more <= 1 each */
	SIM_BAR_LIBCOAP_CON,        /* honest requests lost: 0 */
	SIM_BAR_MINIMAL_CON,
	SIM_BAR_LIBCOAP_NON,
	SIM_BAR_MINIMAL_NON,
	SIM_BAR_DTLS,
	SIM_BAR_LWM2M,
	SIM_BAR_DEVICE,
	SIM_BAR_WATCHERS,
	SIM_BAR_BEHIND,             /* share lost at the victim's own address */
	SIM_BAR_MAX
};
struct sim_measured { bool applies; double value, bound; };
struct sim_exception { const char *vector; enum sim_bar bar; double value4, value6; const char *why; };

const char *sim_bar_name(enum sim_bar bar);
struct sim_measured sim_measure(const struct sim_result *r, enum sim_bar bar);
/* NULL when the bar is to be met. */
const struct sim_exception *sim_excepted(const struct sim_result *r, enum sim_bar bar);
/* Does it hold, or fail exactly as the exception says? exact: the value is that
 * of the exception, else it is no more than a fifth above. Says why not. */
bool sim_bar_holds(const struct sim_result *r, enum sim_bar bar, bool exact);

void sim_scenario_run(const struct sim_scenario *c, bool v6, uint64_t seed, struct sim_result *r);

/* results.c */
double sim_factor(uint64_t victim_bytes, uint64_t attacker_bytes);
/* One JSON object on one line. */
void sim_result_json(FILE *out, const struct sim_result *r);
/* One line of a table for people; the head when r is NULL. */
void sim_result_row(const struct sim_result *r);

/* scenario_table.c */
extern const struct sim_scenario sim_scenarios[];
extern const size_t sim_nscenarios;

#endif
