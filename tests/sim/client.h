/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Honest clients: one engine, and what tells the known kinds apart.
 *
 * Idea: a client has a list of resources to read, one after another, each a
 * tried request; it is answered when the whole body is there, bit for bit.
 *
 * What the kinds do was measured or read in sources (attacks.md 1.6): libcoap
 * answers a 4.01 with Echo once, with a new Message ID and a new token, unless
 * an empty ACK came before; it answers pings with RST, but not in the first
 * 250 ms of its life and at most one in 250 ms. A minimal client knows RFC
 * 7252 and follows M=1, and nothing else.
 */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

#include "con.h"
#include "message.h"

#define SIM_JOBS_MAX 8u
#define SIM_BODY_MAX 4096u

struct sim_client_kind {
	const char *name;
	bool con;
	bool echo;                  /* knows RFC 9175 */
	damp_tick deaf;             /* pings are not answered so long after the first request */
	damp_tick ping_gap;         /* nor more often than this */
	/* NON: the application asks anew so often, after that long each time. */
	unsigned int retries;
	damp_tick retry_gap;
};

extern const struct sim_client_kind sim_libcoap_con, sim_libcoap_non, sim_minimal_con, sim_minimal_non;

struct sim_job { const char *path; size_t len; uint32_t seed; damp_tick not_before; bool post; };

struct sim_client {
	struct sim *sim;
	const struct sim_client_kind *kind;
	struct sim_end end, server;
	struct sim_job job[SIM_JOBS_MAX];
	unsigned int njobs, at_job;
	/* Of the job at hand. */
	bool waiting, acked, echo_used;
	uint16_t mid;
	uint64_t token;
	uint8_t szx;
	unsigned int retried;
	uint8_t echo[DAMP_COAP_ECHO_MAX];
	size_t echo_len;
	uint8_t body[SIM_BODY_MAX];
	size_t got;
	uint64_t request;           /* counts requests, so that old timers are known */
	damp_tick asked;
	/* Of its life. */
	damp_tick born, pinged;
	bool alive;
	struct sim_con_list cons;
	unsigned int tried, answered;
	uint64_t nons;              /* NON requests sent */
	damp_tick took;             /* by the answered ones, in all */
};

void sim_client_open(struct sim_client *c, struct sim *s, const struct sim_client_kind *kind,
		     const struct sim_end *end, const struct sim_end *server);
void sim_client_close(struct sim_client *c);
/* Add a resource to read, of which len bytes of sim_body_byte(seed) are right. */
void sim_client_want(struct sim_client *c, const char *path, size_t len, uint32_t seed);
/* The same by POST, answered with 2.04. */
void sim_client_call(struct sim_client *c, const char *path, size_t len, uint32_t seed);
/* The last one added waits until then. */
void sim_client_wait(struct sim_client *c, damp_tick until);
/* Begin at a time. */
void sim_client_start(struct sim_client *c, damp_tick at);
/* Requests sent, repetitions included: each is a round trip or the wait for one. */
uint64_t sim_client_trips(const struct sim_client *c);

#endif
