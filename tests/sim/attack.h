/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two ends of an attack: who sends with addresses that are not his, and
 * who gets the answers.
 *
 * Idea: the victim is silent, as a host is that is no CoAP endpoint behind a
 * firewall; what matters is counted for each of its addresses, where its
 * packets meet the gateway.
 *
 * Invariant: the peak of an address is the largest value that "IP bytes toward
 * it so far" divided by "IP bytes from it so far" ever had; so a bound on it
 * is a bound at every moment.
 */
#ifndef SIM_ATTACK_H
#define SIM_ATTACK_H

#include "sim.h"

struct sim_meter {
	struct damp_addr addr;
	uint64_t packets_in, bytes_in, packets_out, bytes_out;
	double peak;
};

/* Packets in the victim's name after which a stricter bound holds at every moment. */
enum sim_later { SIM_LATER_100, SIM_LATER_1000, SIM_LATER_MAX };

/* One packet toward the victim. */
struct sim_sample { damp_tick at; uint32_t ip_len; };

struct sim_victim {
	struct sim *sim;
	enum damp_side side;
	/* Somebody acknowledges every CON in its name: an attacker who guesses
	 * the Message IDs, or sees them. */
	bool acked;
	uint64_t acks;
	bool bounces;               /* answers RST with RST */
	struct sim_meter *meter;
	size_t nmeters, meter_room;
	struct sim_sample *sample;
	size_t nsamples, sample_room;
	struct sim_meter all;       /* over all addresses */
	double later[SIM_LATER_MAX];        /* its peaks since so many packets had come */
};

/* A victim that is every address of a prefix, on either side. What an inside one
 * "sent" is what came to the gateway for it: its factor is the share that passed. */
void sim_victim_open(struct sim_victim *v, struct sim *s, enum damp_side side, const struct damp_addr *prefix,
		     unsigned int plen);
void sim_victim_close(struct sim_victim *v);
/* The largest peak of any address, and of all together. */
double sim_victim_peak(const struct sim_victim *v);
/* Packets toward it until a time. */
size_t sim_victim_packets_until(const struct sim_victim *v, damp_tick at);

struct sim_attacker {
	struct sim *sim;
	uint64_t packets, bytes;    /* IP bytes; preparations not counted */
};

struct sim_attack {
	struct sim_attacker *attacker;
	damp_tick start, gap;       /* first one, and between two */
	uint32_t count;
	bool preparation;           /* planting: makes the attack, is not its cost */
	struct sim_end src, dst;
	enum damp_side side;        /* where it is sent: a bot of ours sends inside */
	unsigned int dress;         /* of its frames, enum sim_dress */
	/* Sent inside: the address outside that the bytes are put down to, since no
	 * packet of it is seen. NULL else. */
	struct sim_victim *billed;
	struct damp_addr billed_to;
	/* Not sent over the gateway, but handed to this; may be NULL. */
	void (*deliver)(void *self, const struct sim_datagram *d);
	void *deliver_self;
	const uint8_t *message;
	size_t len;
	/* Change the i-th message and its source; may be NULL. Message IDs are
	 * counted up already. msg has SIM_MESSAGE_MAX bytes; returns the length. */
	size_t (*vary)(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len);
	uint32_t done;
};

/* Schedule it. *a must outlive the run. */
void sim_attack_start(struct sim_attack *a);

#endif
