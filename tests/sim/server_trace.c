/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the model of a libcoap server says to a peer that asks once: one line for each
 * datagram, for trace.py to hold against the real one.
 *
 *     server_trace SECONDS HEX [non] [ack|rst]
 *
 * HEX: the request. non: a server that notifies non-confirmably (-N). The peer is
 * silent after its request; or it acknowledges each CON; or it resets each CON and
 * NON. The judge is bypassed and links have no delay. A line: milliseconds since the
 * request, and the datagram in hex.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

enum answers { SILENT, ACK, RST };
struct peer { struct sim *sim; damp_tick asked; enum answers answers; };

static void answer(const struct peer *p, const struct sim_datagram *d)
{
	const unsigned int type = d->data[0] >> 4 & 3;
	uint8_t out[] = { p->answers == ACK ? 0x60 : 0x70, 0, d->data[2], d->data[3] };

	if (type == DAMP_COAP_CON || (type == DAMP_COAP_NON && p->answers == RST))
		sim_send(p->sim, DAMP_OUTSIDE, &d->dst, &d->src, out, sizeof(out));
}

static void receive(void *self, const struct sim_datagram *d)
{
	const struct peer *p = self;

	printf("%llu ", (unsigned long long)((p->sim->now - p->asked) * 1000 / DAMP_TICK_HZ));
	for (size_t i = 0; i < d->len; i++)
		printf("%02x", d->data[i]);
	printf("\n");
	if (p->answers != SILENT)
		answer(p, d);
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

/* Is this word among the arguments after the request? */
static bool said(int argc, char **argv, const char *word)
{
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], word) == 0)
			return true;
	return false;
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
	w->server.non_notifications = said(argc, argv, "non");
	end = (struct sim_end){ sim_addr(false, SIM_NET_HONEST, 7), 40000 };
	peer = (struct peer){ &w->sim, SIM_START + SIM_MS(500), said(argc, argv, "ack") ? ACK :
			      said(argc, argv, "rst") ? RST : SILENT };
	sim_add(&w->sim, &(struct sim_node){ .end = end, .plen = 128, .side = DAMP_OUTSIDE, .self = &peer,
					     .receive = receive });
	sim_run(&w->sim, peer.asked);
	sim_send(&w->sim, DAMP_OUTSIDE, &end, sim_server_end(w), request, len);
	sim_run(&w->sim, peer.asked + DAMP_SECONDS((unsigned)atoi(argv[1])));
	sim_world_close(w);
	free(w);
	return 0;
}
