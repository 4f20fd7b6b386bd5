/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The simulated world: one clock, one queue of events, hosts on two sides of a
 * gateway, links with delay.
 *
 * Idea: nothing happens but what is in the queue, in the order of time and
 * then of entry, so a run is a function of its seed alone and 247 seconds cost
 * what their packets cost. Hosts hand datagrams to the world; it makes whole
 * frames of them, and the gateway in the middle runs the very functions that
 * the data plane runs.
 *
 * Invariant: every frame between the sides goes through gateway.c, and is
 * counted there for the hosts that ask for it: when it arrives from outside
 * and when it leaves toward outside.
 *
 * Reference: design.md 2 (the judge without EAL), 7; quicly's t/simulator.c
 * for the shape.
 */
#ifndef SIM_H
#define SIM_H

#include "judge.h"

#define SIM_MS(n) ((damp_tick)(n) * DAMP_TICK_HZ / 1000)
#define SIM_MESSAGE_MAX 1472u
#define SIM_NODES_MAX 1024u

/* Virtual time begins past the gateway's grace time. */
#define SIM_START DAMP_SECONDS(1000)

struct sim;

struct sim_end { struct damp_addr addr; uint16_t port; };

struct sim_datagram {
	struct sim_end src, dst;
	const uint8_t *data;
	size_t len;
};

enum sim_way { SIM_WAY_IN, SIM_WAY_OUT };

/* A host, a prefix full of hosts, or one port of either. */
struct sim_node {
	struct sim_end end;         /* port 0: every port that no other node has */
	unsigned int plen;          /* of 128 bits, IPv4 as mapped address */
	enum damp_side side;
	void *self;
	void (*receive)(void *self, const struct sim_datagram *d);
	/* May be NULL. Outside: IP bytes from (IN) or toward (OUT) an address of this
	 * node have met the gateway. Inside: they came to the gateway on their way
	 * toward it (IN), or left the gateway toward it (OUT). */
	void (*count)(void *self, const struct damp_addr *a, enum sim_way way, uint32_t ip_len);
};

typedef void (*sim_fn)(void *self, uint64_t arg);

/* What may be unusual about a frame. */
enum sim_dress {
	SIM_DRESS_L2_GROUP = 1,     /* an Ethernet address of a group */
	SIM_DRESS_HEADERS = 2,      /* IPv6 destination options, IPv4 options */
	SIM_DRESS_NO_CHECKSUM = 4   /* UDP checksum of 0 */
};

struct sim_frame {
	enum damp_side side;        /* where it is now */
	size_t len;
	uint8_t data[];
};

struct sim_event {
	damp_tick at;
	uint64_t seq;
	sim_fn fn;
	void *self;
	uint64_t arg;
	struct sim_frame *frame;    /* not NULL: one on its way, fn is not used */
	bool at_gateway;            /* it arrives there, else at a host */
};

struct sim_gateway;

struct sim {
	bool v6;
	damp_tick now;
	damp_tick delay[DAMP_SIDE_MAX];     /* one way, host to gateway */
	uint64_t random;
	uint64_t seq;
	struct sim_event *heap;
	size_t nevents, room;
	struct sim_node node[SIM_NODES_MAX];
	unsigned int nnodes;
	uint64_t inside_bytes;              /* IP bytes on the inside link, both ways */
	uint16_t datagrams;                 /* sent in fragments */
	struct sim_gateway *gateway;
};

/* enforce: the judge decides; else it is bypassed. */
void sim_open(struct sim *s, bool v6, bool enforce, uint64_t seed);
void sim_close(struct sim *s);

void sim_add(struct sim *s, const struct sim_node *n);
void sim_at(struct sim *s, damp_tick at, sim_fn fn, void *self, uint64_t arg);
/* Run until nothing is left to do or time is up. */
void sim_run(struct sim *s, damp_tick until);

/* A datagram from a host on this side leaves now. Its source is whatever it
 * says. */
void sim_send(struct sim *s, enum damp_side side, const struct sim_end *src, const struct sim_end *dst,
	      const uint8_t *data, size_t len);
/* The same in a frame with dress, a set of enum sim_dress. */
void sim_send_dressed(struct sim *s, enum damp_side side, const struct sim_end *src, const struct sim_end *dst,
		      const uint8_t *data, size_t len, unsigned int dress);
/* A datagram of up to 64 KiB as IP fragments. Hosts here do not reassemble. */
void sim_send_fragments(struct sim *s, enum damp_side side, const struct sim_end *src, const struct sim_end *dst,
			const uint8_t *data, size_t len);
/* IP bytes of a datagram with len bytes of CoAP. */
static inline uint32_t sim_ip_len(const struct sim *s, size_t len)
{
	return (s->v6 ? 40u : 20u) + 8u + (uint32_t)len;
}

uint64_t sim_random(struct sim *s);
/* 0 .. n-1 */
uint32_t sim_below(struct sim *s, uint32_t n);

static inline bool sim_same_end(const struct sim_end *a, const struct sim_end *b)
{
	return a->port == b->port && memcmp(&a->addr, &b->addr, sizeof(a->addr)) == 0;
}

/* Addresses and, of an unfragmented UDP packet, ports and payload of a frame.
 * Returns the bytes of the IP packet. */
uint32_t sim_read_frame(const struct sim *s, const struct sim_frame *f, struct sim_datagram *d);

/* For gateway.c: a frame leaves the gateway on f->side; takes f over. */
void sim_deliver(struct sim *s, struct sim_frame *f);
struct sim_frame *sim_frame_new(const uint8_t *data, size_t len, enum damp_side side);
const struct sim_node *sim_find(const struct sim *s, enum damp_side side, const struct sim_end *e);

#endif
