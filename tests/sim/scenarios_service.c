/* SPDX-License-Identifier: BSD-3-Clause */
/* Directories, discovery, proxies, caches, loops: AV-33 to AV-40. */
#include "scenarios.h"

#define LOOKUP 4000u
#define RD_LOOKUP 0xb9, 'r', 'd', '-', 'l', 'o', 'o', 'k', 'u', 'p', 0x03, 'r', 'e', 's'

static void directory(struct sim_world *w)
{
	w->server.registry = true;
	w->server.listing = sim_server_add(&w->server, "rd-lookup/res", LOOKUP, 9);
	w->server.listing->format = LINK_FORMAT;
	w->server.non_notifications = true;
}

static size_t next_name(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	(void)a;
	(void)src;
	msg[12] = (uint8_t)('a' + i % 26);
	msg[13] = (uint8_t)('a' + i / 26 % 26);
	return len;
}

/* POST /rd?ep=.. with one link; 0x45: Uri-Query of 5 bytes */
static const uint8_t registration[] = {
	0x41, 0x02, 0x00, 0x01, 0x01, 0xb2, 'r', 'd', 0x45, 'e', 'p', '=', 'a', 'a', 0xff,
	'<', '/', 's', '>', ';', 'r', 't', '=', 't', 'e', 'm', 'p',
};

void av33(struct sim_world *w)
{
	static const uint8_t lookup[] = { 0x51, 0x01, 0x00, 0x01, 0x01, RD_LOOKUP };

	directory(w);
	sim_repeat(sim_attack_add(w, lookup, sizeof(lookup)), 300, TEN_A_SECOND);
}

/* The lookup observed, and one registration every two seconds to change it. */
void av34(struct sim_world *w)
{
	static const uint8_t lookup[] = {
		0x51, 0x01, 0x00, 0x01, 0x01, 0x60, 0x59, 'r', 'd', '-', 'l', 'o', 'o', 'k', 'u', 'p', 0x03, 'r', 'e', 's',
	};
	struct sim_attack *change;

	directory(w);
	sim_attack_add(w, lookup, sizeof(lookup));
	change = sim_as_himself(sim_attack_add(w, registration, sizeof(registration)));
	sim_repeat(change, 60, DAMP_SECONDS(2))->vary = next_name;
	change->start += DAMP_SECONDS(2);
}

void av35(struct sim_world *w)
{
	directory(w);
	sim_repeat(sim_attack_add(w, registration, sizeof(registration)), 300, TEN_A_SECOND)->vary = next_name;
}

/* The directory fetches the links of whoever asked, again every 60 s. */
void av36(struct sim_world *w)
{
	static const uint8_t simple[] = {
		0x40, 0x02, 0x00, 0x05, 0xbb, WELL_KNOWN, 0x02, 'r', 'd', 0x44, 'e', 'p', '=', 'v',
		0x05, 'l', 't', '=', '6', '0',
	};

	directory(w);
	sim_repeat(sim_attack_add(w, simple, sizeof(simple)), 30, TEN_A_SECOND)->vary = sim_next_host;
}

/* GET /.well-known/core?rt=t*, 100 a second. */
void av37(struct sim_world *w)
{
	static const uint8_t filtered[] = { 0x41, 0x01, 0x00, 0x01, 0x01, WELL_KNOWN_CORE, 0x45, 'r', 't', '=', 't', '*' };

	sim_add_core(w, CORE_MEAN);
	sim_repeat(sim_attack_add(w, filtered, sizeof(filtered)), 2000, SIM_MS(10));
}

/* The same, and 200 clients at the victim's address ask for the whole page. */
void av37_first(struct sim_world *w)
{
	av37(w);
	w->attack[0].count = 20000;
	for (unsigned int i = 0; i < 200; i++) {
		const struct sim_client_kind *kind = i % 2 ? &sim_minimal_con : &sim_libcoap_con;
		const damp_tick at = SIM_START + DAMP_SECONDS(2) + i * DAMP_SECONDS(1) / 2;

		sim_client_want(sim_behind_add(w, kind, at), ".well-known/core", CORE_MEAN - 7, 9);
	}
}

/* From the attacker's own address: fetch coap://V/x for me. */
void av38(struct sim_world *w)
{
	/* 0xdd 0x16 0x05: Proxy-Uri of 18 bytes */
	static const uint8_t fetch[] = {
		0x51, 0x01, 0x00, 0x01, 0x01, 0xdd, 0x16, 0x05, 'c', 'o', 'a', 'p', ':', '/', '/', '1', '2', '7',
		'.', '0', '.', '0', '.', '9', '/', 'x',
	};

	w->server.proxy = true;
	w->server.proxied = sim_victim_end(w, 0, 5683);
	sim_repeat(sim_as_himself(sim_attack_add(w, fetch, sizeof(fetch))), 100, TEN_A_SECOND);
}

static size_t next_query(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	(void)a;
	(void)src;
	msg[len - 2] = (uint8_t)('a' + i % 26);
	msg[len - 1] = (uint8_t)('a' + i / 26 % 26);
	return len;
}

/* GET /m?x=.., another query each time: no cache has it. */
void av39(struct sim_world *w)
{
	static const uint8_t get[] = { 0x51, 0x01, 0x00, 0x01, 0x01, 0xb1, 'm', 0x44, 'x', '=', 'a', 'a' };

	sim_server_add(&w->server, "m", 1000, 9);
	sim_repeat(sim_attack_add(w, get, sizeof(get)), 300, TEN_A_SECOND)->vary = next_query;
}

/* A RST between two that answer RST with RST; requests from the port of an echo
 * service; requests in the name of another inside server. */
void av40(struct sim_world *w)
{
	static const uint8_t rst[] = { 0x70, 0x00, 0x00, 0x00 };
	static const uint8_t get[] = { 0x50, 0x01, 0x00, 0x01, 0xb1, '?' };
	struct sim_attack *a;

	w->server.bounces = true;
	w->victim.bounces = true;
	sim_attack_add(w, rst, sizeof(rst));
	a = sim_repeat(sim_attack_add(w, get, sizeof(get)), 150, TEN_A_SECOND);
	a->src.port = 7;
	a = sim_repeat(sim_attack_add(w, get, sizeof(get)), 150, TEN_A_SECOND);
	a->src = (struct sim_end){ sim_addr(w->sim.v6, SIM_NET_SERVERS, 1), 5683 };
}
