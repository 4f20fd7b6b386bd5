/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Confirmable messages on their way: repeated until acknowledged, rejected or
 * given up.
 *
 * Invariant: at most 1 + MAX_RETRANSMIT copies, the first wait drawn from
 * ACK_TIMEOUT to ACK_TIMEOUT times ACK_RANDOM_FACTOR, each further one twice
 * the last (RFC 7252 section 4.2).
 */
#ifndef SIM_CON_H
#define SIM_CON_H

#include "sim.h"

struct sim_con {
	struct sim_con *next;
	struct sim_con_list *list;
	bool done;
	uint16_t mid;
	unsigned int sent;
	damp_tick wait;
	struct sim_end src, dst;
	uint64_t tag;               /* of the owner */
	size_t len;
	uint8_t data[];
};

/* All of one host. */
struct sim_con_list {
	struct sim *sim;
	enum damp_side side;
	void *owner;
	void (*gave_up)(void *owner, const struct sim_con *c);
	struct sim_con *first;
	uint64_t copies;            /* sent, repetitions included */
};

void sim_con_send(struct sim_con_list *l, const struct sim_end *src, const struct sim_end *dst,
		  const uint8_t *data, size_t len, uint64_t tag);
/* An ACK or RST with this Message ID came from peer: ends the repetition.
 * NULL when there is none. */
const struct sim_con *sim_con_answered(struct sim_con_list *l, const struct sim_end *peer, uint16_t mid);
void sim_con_free(struct sim_con_list *l);

#endif
