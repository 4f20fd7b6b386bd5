/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups and rebinding of addresses: AV-19 to AV-25. Four servers are members. */
#include "scenarios.h"

#define CORE_DEMO 151u

static void members(struct sim_world *w)
{
	sim_add_core(w, CORE_DEMO + 7);
	sim_add_time(w);
	sim_world_group(w);
	for (unsigned int i = 0; i < w->nmembers; i++) {
		struct sim_server *v = &w->member[i];

		sim_server_add(v, ".well-known/core", CORE_DEMO, 9)->format = LINK_FORMAT;
		sim_server_every(v, sim_server_add(v, "time", 15, 9), DAMP_SECONDS(1));
		v->non_notifications = true;
	}
}

static struct sim_attack *at_group(struct sim_world *w, const uint8_t *message, size_t len)
{
	struct sim_attack *a = sim_attack_add(w, message, len);

	a->dst = sim_group_end(w);
	return a;
}

static const uint8_t get_core[] = { 0x51, 0x01, 0x00, 0x01, 0x01, WELL_KNOWN_CORE };

void av19(struct sim_world *w)
{
	members(w);
	sim_repeat(at_group(w, get_core, sizeof(get_core)), 100, TEN_A_SECOND);
}

/* A forward proxy asked for the group, and a path that four devices answer. */
void av20(struct sim_world *w)
{
	/* 0xdd 0x16 0x15: Proxy-Uri (35) of 34 bytes */
	static const uint8_t by_proxy[] = {
		0x51, 0x01, 0x00, 0x01, 0x01, 0xdd, 0x16, 0x15, 'c', 'o', 'a', 'p', ':', '/', '/', '2', '2', '4',
		'.', '0', '.', '1', '.', '1', '8', '7', '/', WELL_KNOWN, '/', 'c',
	};
	static const uint8_t by_path[] = { 0x51, 0x01, 0x10, 0x01, 0x01, 0xb3, 'a', 'l', 'l' };

	members(w);
	w->server.proxy = true;
	w->server.proxied = sim_victim_end(w, 0, SIM_PORT_VICTIM);
	sim_server_add(&w->server, "all", 151, 9)->copies = 4;
	sim_repeat(sim_attack_add(w, by_proxy, sizeof(by_proxy)), 100, TEN_A_SECOND);
	sim_repeat(sim_attack_add(w, by_path, sizeof(by_path)), 100, TEN_A_SECOND);
}

void av21(struct sim_world *w)
{
	static const uint8_t reg[] = { 0x51, 0x01, 0x00, 0x01, 0x83, 0x60, 0x54, 't', 'i', 'm', 'e' };

	members(w);
	at_group(w, reg, sizeof(reg));
}

/* No-Response: 0 asks for errors too; a bad critical option is reset by all. */
void av22(struct sim_world *w)
{
	static const uint8_t wanted[] = { 0x51, 0x01, 0x00, 0x01, 0x04, 0xb4, 'n', 'o', 'p', 'e', 0xd0, 0xea };
	static const uint8_t critical[] = { 0x51, 0x01, 0x10, 0x01, 0x05, 0xb1, 'a', 0xe0, 0x06, 0xfd };

	members(w);
	sim_repeat(at_group(w, wanted, sizeof(wanted)), 100, TEN_A_SECOND);
	sim_repeat(at_group(w, critical, sizeof(critical)), 100, TEN_A_SECOND);
}

/* All nodes, the broadcast address of the subnet, a unicast address in a group
 * frame. */
void av23(struct sim_world *w)
{
	struct sim_attack *all, *subnet;

	members(w);
	all = sim_repeat(at_group(w, get_core, sizeof(get_core)), 50, TEN_A_SECOND);
	all->dst.addr = (struct damp_addr){ { 0xff, 0x02, [15] = 1 } };
	if (!w->sim.v6)
		all->dst.addr = (struct damp_addr){ { [10] = 0xff, [11] = 0xff, 255, 255, 255, 255 } };
	all->dress = SIM_DRESS_L2_GROUP;
	subnet = sim_repeat(sim_attack_add(w, get_core, sizeof(get_core)), 50, TEN_A_SECOND);
	if (!w->sim.v6)
		subnet->dst.addr.b[15] = 255;
	sim_repeat(sim_attack_add(w, get_core, sizeof(get_core)), 50, TEN_A_SECOND)->dress = SIM_DRESS_L2_GROUP;
}

/* Records with a connection ID of 4 bytes in V's name; the server streams a
 * second of 1200-byte records to the newest address of each. */
void av24(struct sim_world *w)
{
	static const uint8_t record[100] = { SIM_DTLS_CID, 0xfe, 0xfd, [4] = 1, [11] = 1, 2, 3, 4, 0, 83 };
	struct sim_attack *a = sim_repeat(sim_attack_add(w, record, sizeof(record)), 100, DAMP_SECONDS(1));

	w->dtls.stream = 50;
	a->dst = w->dtls.end;
}

/* The stream is slow and long, so that it lasts when the exchange of that record has
 * ended; then records come in V's name that look like its answers. */
void av24_long(struct sim_world *w)
{
	static const uint8_t record[60] = { SIM_DTLS_CID, 0xfe, 0xfd, [4] = 1, [11] = 1, 2, 3, 4, 0, 43 };
	static const uint8_t data[60] = { SIM_DTLS_DATA, 0xfe, 0xfd, [4] = 1, [12] = 47 };
	struct sim_attack *a = sim_attack_add(w, record, sizeof(record));

	w->dtls.stream = 600;
	w->dtls.stream_gap = DAMP_SECONDS(1);
	a->dst = w->dtls.end;
	a = sim_repeat(sim_attack_add(w, data, sizeof(data)), 3, DAMP_SECONDS(100));
	a->start = SIM_START + DAMP_SECONDS(300);
	a->dst = w->dtls.end;
}

/* A client of ours is made to stream to V, who never says a word. */
void av25(struct sim_world *w)
{
	static const uint8_t record[1000] = { SIM_DTLS_CID, 0xfe, 0xfd, [4] = 1, [11] = 1, 2, 3, 4, 3, 215 };
	struct sim_attack *a = sim_repeat(sim_attack_add(w, record, sizeof(record)), 500, TEN_A_SECOND);

	a->side = DAMP_INSIDE;
	a->src.addr = sim_addr(w->sim.v6, SIM_NET_CLIENTS, 0);
	a->dst = sim_victim_end(w, 0, w->dtls.end.port);
	a->billed = &w->victim;
	a->billed_to = a->dst.addr;
}
