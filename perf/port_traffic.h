/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traffic for the port-to-port benchmark: packet number n, and the answer to
 * it, as pure functions of n.
 *
 * Idea: the number travels in the packet (CoAP: the token; else: the first
 * eight bytes of the payload). Whoever finds a packet reads the number, builds
 * the packet once more and compares: every byte of every packet is checked and
 * nothing needs to be remembered about those under way.
 *
 * Invariant: equal settings make equal packets, in any process. A client has
 * one port and one server, so a client number is also the number of a flow.
 */
#ifndef DAMP_PERF_PORT_TRAFFIC_H
#define DAMP_PERF_PORT_TRAFFIC_H

#include "frames.h"

#define PORT_TEMPLATES 64u
#define PORT_TAIL_MAX 512u          /* options and payload of a message */
#define PORT_ID_LEN 8u
#define PORT_ZIPF_STEPS 4096u

enum port_kind { PORT_PASS, PORT_COAP };
enum port_sources {
	PORT_UNIFORM,               /* every client alike, scattered over all addresses */
	PORT_ZIPF,                  /* the client of rank r in proportion to 1/r */
	PORT_CARPET                 /* neighbours: one IPv4 prefix, one IPv6 /48 */
};
enum port_ip { PORT_IP4, PORT_IP6, PORT_IP_BOTH };

/* What follows the token of a message. */
struct port_template {
	uint8_t type, code;
	uint16_t len;
	uint8_t tail[PORT_TAIL_MAX];
};

struct port_set { unsigned n; struct port_template t[PORT_TEMPLATES]; };

struct port_traffic {
	enum port_kind kind;
	enum port_sources sources;
	enum port_ip ip;
	uint32_t clients, servers;
	uint32_t size;                          /* of PORT_PASS: bytes of a frame and its FCS; 0: a short one */
	struct port_set requests, responses;
	uint32_t rank_of[PORT_ZIPF_STEPS + 1];  /* quantiles of the ranks */
};

struct port_draw {
	uint64_t n;
	uint32_t client;
	const struct port_template *request, *response;
	struct damp_addr client_addr, server_addr;
	uint16_t port;
	bool v6;
};

/* A frame carries a number at least, and fits into what Ethernet takes. */
#define PORT_SIZE_MIN_IP4 64u
#define PORT_SIZE_MIN_IP6 74u
#define PORT_SIZE_MAX 1518u

/* Fill in what the settings (kind to size) say. captures: take templates
 * from the shared captures where they are there; else some made by hand. */
void port_traffic_init(struct port_traffic *t, bool captures);

void port_draw(const struct port_traffic *t, uint64_t n, struct port_draw *d);

/* Build into out (FRAME_ROOM bytes); returns the length. Of PORT_PASS the
 * answer is the same payload the other way. */
uint32_t port_build_request(const struct port_traffic *t, const struct port_draw *d, uint8_t *out);
uint32_t port_build_response(const struct port_traffic *t, const struct port_draw *d, uint8_t *out);

#endif
