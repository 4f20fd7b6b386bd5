/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the model of a libcoap server says to a peer that asks once and is silent
 * then: one line for each datagram, for trace.py to hold against the real one.
 *
 *     server_trace SECONDS HEX [non]
 *
 * HEX: the request. non: a server that notifies non-confirmably (-N). The judge is
 * bypassed and links have no delay. A line: milliseconds since the request, and the datagram in hex.
 */
#include "world.h"

#include <stdlib.h>

struct peer { struct sim *sim; damp_tick asked; };

static void receive(void *self, const struct sim_datagram *d)
{
	const struct peer *p = self;

	printf("%llu ", (unsigned long long)((p->sim->now - p->asked) * 1000 / DAMP_TICK_HZ));
	for (size_t i = 0; i < d->len; i++)
		printf("%02x", d->data[i]);
	printf("\n");
}

/* The resources of coap-server that the test asks for. */
static void furnish(struct sim_world *w)
{
	struct sim_resource *r = sim_server_add(&w->server, "time", 15, 3);

	r->max_age = 1;
	sim_server_every(&w->server, r, DAMP_SECONDS(1));
	sim_server_add(&w->server, "async", 4, 4)->delay = DAMP_SECONDS(1);
	sim_server_add(&w->server, "m", 3000, 5);
}

static size_t unhex(const char *hex, uint8_t *out, size_t room)
{
	size_t n = 0;
	unsigned int byte;

	for (; n < room && sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
		out[n] = (uint8_t)byte;
	return n;
}

int main(int argc, char **argv)
{
	struct sim_world *w = calloc(1, sizeof(*w));
	uint8_t request[SIM_MESSAGE_MAX];
	struct peer peer;
	struct sim_end end;
	size_t len;

	if (argc < 3 || w == NULL)
		return 2;
	len = unhex(argv[2], request, sizeof(request));
	sim_world_open(w, false, false, 7);
	w->sim.delay[DAMP_OUTSIDE] = w->sim.delay[DAMP_INSIDE] = 0;
	furnish(w);
	w->server.non_notifications = argc > 3;
	end = (struct sim_end){ sim_addr(false, SIM_NET_HONEST, 7), 40000 };
	peer = (struct peer){ &w->sim, SIM_START + SIM_MS(500) };
	sim_add(&w->sim, &(struct sim_node){ .end = end, .plen = 128, .side = DAMP_OUTSIDE, .self = &peer,
					     .receive = receive });
	sim_run(&w->sim, peer.asked);
	sim_send(&w->sim, DAMP_OUTSIDE, &end, sim_server_end(w), request, len);
	sim_run(&w->sim, peer.asked + DAMP_SECONDS((unsigned)atoi(argv[1])));
	sim_world_close(w);
	free(w);
	return 0;
}
