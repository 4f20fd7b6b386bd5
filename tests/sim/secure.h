/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Honest conversations over DTLS: a server of ours, and its clients outside.
 *
 * Idea: what the gateway sees of one is whole here, sizes, order and times:
 * ClientHello, HelloVerifyRequest, ClientHello with the cookie, the server's
 * flight, the client's, the server's Finished, then records of application data.
 * A reader fetches three resources. A registrant does what an LwM2M client does
 * (OMA LwM2M 1.1, Register, Update, Read): it registers, is asked for an object by
 * the server, and updates its registration twice. Nothing is encrypted: a record
 * of application data says in its first bytes what it is, which nobody between
 * them reads.
 *
 * Invariant: a client's flight is repeated after 1, 2, 4 ... s until it is
 * answered (RFC 6347 section 4.2.4.1), a request after 2 to 3 s and twice that as
 * in RFC 7252 section 4.2; what is not answered after five copies is lost.
 */
#ifndef SIM_SECURE_H
#define SIM_SECURE_H

#include "sim.h"

#define SIM_SECURE_STEPS 7u

/* The server: as libcoap with a pre-shared key, which verifies addresses first. */
struct sim_vault { struct sim *sim; struct sim_end end; };

struct sim_secure {
	struct sim *sim;
	struct sim_end end, server;
	bool registrant;
	unsigned int step;          /* of what a client does, one after the other */
	unsigned int copies;        /* of the step's flight */
	uint64_t turn;              /* counts steps, so that old timers are known */
	damp_tick wait;
	uint8_t cookie[16];
	unsigned int tried, answered;
	uint64_t sent;
	damp_tick asked, took;
};

void sim_vault_open(struct sim_vault *v, struct sim *s, const struct sim_end *end);
/* A client that begins at a time. */
void sim_secure_open(struct sim_secure *c, struct sim *s, bool registrant, const struct sim_end *end,
		     const struct sim_end *server, damp_tick at);

#endif
