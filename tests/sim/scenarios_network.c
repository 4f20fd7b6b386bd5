/* SPDX-License-Identifier: BSD-3-Clause */
/* Networks, other layers, other victims: AV-41 to AV-51. */
#include "scenarios.h"

/* Every host of the victims' network once or twice, 1 KiB each. */
void av41(struct sim_world *w)
{
	static const uint8_t get_p[] = { 0x50, 0x01, 0x00, 0x01, 0xb1, 'p' };

	sim_server_add(&w->server, "p", 10240, 9);
	sim_repeat(sim_attack_add(w, get_p, sizeof(get_p)), 510, SIM_MS(20))->vary = sim_next_host;
}

/* So slowly that no budget of challenges is ever spent, with what is answered by a
 * challenge: a method that a server may not carry out twice. */
void av41_slow(struct sim_world *w)
{
	static const uint8_t post[] = { 0x51, 0x02, 0x00, 0x01, 0x01, 0xb3, 'r', 'p', 'c', 0xff, 'x' };

	sim_server_add(&w->server, "rpc", 900, 4)->answers = 900;
	sim_repeat(sim_attack_add(w, post, sizeof(post)), 2000, TEN_A_SECOND)->vary = sim_next_host;
}

/* The same with the first block of an upload, which nobody unproved may begin. */
void av41_uploads(struct sim_world *w)
{
	static const uint8_t put[] = {
		0x51, 0x03, 0x00, 0x01, 0x01, 0xb1, 'p', 0xd1, 0x03, 0x08, 0xff,
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	};

	sim_server_add(&w->server, "p", 10, 4);
	sim_repeat(sim_attack_add(w, put, sizeof(put)), 2000, TEN_A_SECOND)->vary = sim_next_host;
}

static size_t next_reflector(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	(void)msg;
	src->addr = sim_addr(a->attacker->sim->v6, SIM_NET_ATTACKERS, i % 255);
	return len;
}

/* Responses and notifications that nobody asked for, from 255 reflectors, at a
 * client of ours that acknowledges every CON, as libcoap does. */
void av42(struct sim_world *w)
{
	static const uint8_t con[500] = { 0x44, 0x45, 0x00, 0x01, 'a', 'b', 'c', 'd', 0xff };
	static const uint8_t notification[500] = { 0x54, 0x45, 0x00, 0x01, 'a', 'b', 'c', 'd', 0x61, 0x28, 0xff };
	static const uint8_t ack[500] = { 0x64, 0x45, 0x00, 0x01, 'a', 'b', 'c', 'd', 0xff };
	static const struct { const uint8_t *data; size_t len; } kind[] = {
		{ con, sizeof(con) }, { notification, sizeof(notification) }, { ack, sizeof(ack) },
	};

	w->scored = &w->inside;
	w->inside.acked = true;
	for (unsigned int i = 0; i < 3; i++) {
		struct sim_attack *a = sim_repeat(sim_attack_add(w, kind[i].data, kind[i].len), 300, TEN_A_SECOND);

		a->src.port = 5683;
		a->dst = (struct sim_end){ sim_addr(w->sim.v6, SIM_NET_CLIENTS, 0), 40000 };
		a->vary = next_reflector;
	}
}

/* 8000 bytes in one datagram, which is six packets. */
void av43(struct sim_world *w)
{
	static const uint8_t get_b[] = { 0x50, 0x01, 0x00, 0x01, 0xb1, 'b' };

	sim_server_add(&w->server, "b", 8000, 9)->whole = true;
	sim_repeat(sim_attack_add(w, get_b, sizeof(get_b)), 100, TEN_A_SECOND);
}

static size_t next_source(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	(void)msg;
	src->addr = sim_addr(a->attacker->sim->v6, SIM_NET_VICTIMS, 0);
	if (a->attacker->sim->v6)
		damp_put16(src->addr.b + 8, (uint16_t)(i * 2654435761u));
	else
		src->addr.b[15] = (uint8_t)(1 + i % 254);
	return len;
}

/* Sources at random within a /64 (IPv4: a /24), long chains of headers, no
 * checksum. */
void av44(struct sim_world *w)
{
	static const uint8_t get_p[] = { 0x50, 0x01, 0x00, 0x01, 0xb1, 'p' };

	sim_server_add(&w->server, "p", 10240, 9);
	sim_repeat(sim_attack_add(w, get_p, sizeof(get_p)), 200, SIM_MS(20))->vary = next_source;
	sim_repeat(sim_attack_add(w, get_p, sizeof(get_p)), 100, SIM_MS(20))->dress = SIM_DRESS_HEADERS;
	sim_repeat(sim_attack_add(w, get_p, sizeof(get_p)), 100, SIM_MS(20))->dress = SIM_DRESS_NO_CHECKSUM;
}

/* A hundred of the shortest requests with a path, each in the name of another host, as
 * slowly as a network is still asked for each: what it is trusted with weighs most. */
void av44_hundred(struct sim_world *w)
{
	static const uint8_t get_p[] = { 0x50, 0x01, 0x00, 0x01, 0xb1, 'p' };

	sim_server_add(&w->server, "p", 1000, 9);
	sim_repeat(sim_attack_add(w, get_p, sizeof(get_p)), 100, SIM_MS(50))->vary = sim_next_host;
}

static void hellos(struct sim_world *w)
{
	/* A ClientHello of 99 bytes; the cookie's length is 0. */
	static const uint8_t hello[99] = { SIM_DTLS_HANDSHAKE, 0xfe, 0xff, [11] = 0, 86, SIM_DTLS_HELLO, 0, 0, 74,
					   [22] = 0, 0, 74, 0xfe, 0xfd };
	struct sim_attack *a = sim_repeat(sim_attack_add(w, hello, sizeof(hello)), 100, DAMP_SECONDS(1) / 2);

	a->dst = w->dtls.end;
	a->vary = sim_next_port;
	w->dtls.flight = 1700;
}

void av45(struct sim_world *w)
{
	hellos(w);
}

void av45_cookies(struct sim_world *w)
{
	hellos(w);
	w->dtls.cookies = true;
}

/* From all over the Internet, an address for each. */
static size_t anywhere(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	const bool v4 = src->addr.b[0] == 0;

	if (!v4)
		memset(src->addr.b, 0x24, 2);
	damp_put32(src->addr.b + (v4 ? 12 : 2), 0x0b000000u + i * 2654435u % 0x40000000u);
	damp_put16(msg + 2, damp_get16(a->message + 2));        /* no Message ID there */
	return len;
}

static size_t any_port(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	damp_put16(msg + 2, damp_get16(a->message + 2));
	return sim_next_port(a, i, src, msg, len);
}

static size_t any_host(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	damp_put16(msg + 2, damp_get16(a->message + 2));
	return sim_next_host(a, i, src, msg, len);
}

/* A hello for each host of a network, at a server that repeats its flight for seven
 * minutes; and again when the exchanges of the first are over. */
void av45_patient(struct sim_world *w)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct sim_attack *a;

		hellos(w);
		a = &w->attack[w->nattacks - 1];
		a->start += i * DAMP_SECONDS(320);
		a->vary = any_host;
	}
	w->dtls.copies = 12;
}

/* A thousand hellos a second in one's name at the server that honest devices use,
 * which verifies addresses; and as many from anywhere. */
void av45_rate(struct sim_world *w)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct sim_attack *a;

		hellos(w);
		a = &w->attack[w->nattacks - 1];
		a->dst = w->vault.end;
		a->gap = SIM_MS(1);
		a->count = 30000;
		a->vary = i > 0 ? anywhere : any_port;
	}
}

/* Alerts and garbage at a server that answers with alerts. */
void av46(struct sim_world *w)
{
	static const uint8_t alert[15] = { SIM_DTLS_ALERT, 0xfe, 0xfd, [11] = 0, 2, 2, 40 };
	static const uint8_t garbage[4] = { 0x16, 0xfe, 0xfd };
	struct sim_attack *a;

	w->dtls.alerts = true;
	a = sim_repeat(sim_attack_add(w, alert, sizeof(alert)), 150, TEN_A_SECOND);
	a->dst = w->dtls.end;
	a = sim_repeat(sim_attack_add(w, garbage, sizeof(garbage)), 150, TEN_A_SECOND);
	a->dst = w->dtls.end;
}

/* What a name server sends, and a CoAP server reads as NON GET /p (RFC 7252
 * section 11.5): the DNS ID is version, type and code, the flags are the MID. */
void av47(struct sim_world *w)
{
	static const uint8_t answer[] = { 0x50, 0x01, 0x81, 0x80, 0xb1, 'p' };

	sim_server_add(&w->server, "p", 10240, 9);
	sim_repeat(sim_attack_add(w, answer, sizeof(answer)), 300, TEN_A_SECOND)->src.port = 53;
}

/* A kid that nobody knows; EDHOC message_1 of 37 bytes, answered with 115. */
void av48(struct sim_world *w)
{
	/* OSCORE: flags n=1 k=1, partial IV 0, kid 1; then a ciphertext */
	static const uint8_t kid[] = { 0x41, 0x02, 0x00, 0x01, 0x01, 0x93, 0x09, 0x00, 0x01, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	static const uint8_t edhoc[60] = { 0x41, 0x02, 0x10, 0x01, 0x01, 0xbb, WELL_KNOWN, 0x05, 'e', 'd', 'h', 'o', 'c', 0xff };

	w->server.oscore = true;
	sim_server_add(&w->server, ".well-known/edhoc", 115, 9)->answers = 115;
	sim_repeat(sim_attack_add(w, kid, sizeof(kid)), 150, TEN_A_SECOND);
	sim_repeat(sim_attack_add(w, edhoc, sizeof(edhoc)), 150, TEN_A_SECOND);
}

/* Requests whose token makes a challenge larger than they are; wrong answers to
 * pings in the name of the honest clients. */
void av49(struct sim_world *w)
{
	static const uint8_t get[] = { 0x58, 0x01, 0x00, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0xb1, 'p' };
	static const uint8_t rst[] = { 0x70, 0x00, 0x40, 0x00 };

	sim_server_add(&w->server, "p", 10240, 9);
	sim_repeat(sim_attack_add(w, get, sizeof(get)), 2000, SIM_MS(10));
	for (uint32_t i = 0; i < 4; i++) {
		struct sim_attack *a = sim_repeat(sim_attack_add(w, rst, sizeof(rst)), 200, TEN_A_SECOND);

		a->src = (struct sim_end){ sim_addr(w->sim.v6, SIM_NET_HONEST, i), 50000 };
	}
}

/* 255 sources, each once in two and a half minutes, for ten minutes. Clients at
 * one of their addresses ask when the network is trusted no longer. */
void av50(struct sim_world *w)
{
	static const uint8_t get[] = { 0x41, 0x01, 0x00, 0x01, 0x01, 0xb1, 'm' };
	static const struct sim_client_kind *const kind[] = {
		&sim_libcoap_con, &sim_minimal_con, &sim_libcoap_non, &sim_minimal_non,
	};

	sim_server_add(&w->server, "m", 40, 9);
	for (unsigned int i = 0; i < 4; i++)
		sim_client_want(sim_behind_add(w, kind[i], SIM_START + DAMP_SECONDS(200 + 70 * i)), "a100", 100, 1);
	sim_repeat(sim_attack_add(w, get, sizeof(get)), 1000, SIM_MS(600))->vary = sim_next_host;
}

/* A device of ours asks V for its links, again and again. */
void av51(struct sim_world *w)
{
	static const uint8_t get_core[] = { 0x40, 0x01, 0x7d, 0x70, WELL_KNOWN_CORE };
	struct sim_attack *a = sim_repeat(sim_attack_add(w, get_core, sizeof(get_core)), 300, TEN_A_SECOND);

	a->side = DAMP_INSIDE;
	a->src.addr = sim_addr(w->sim.v6, SIM_NET_CLIENTS, 0);
	a->dst = sim_victim_end(w, 0, 5683);
	a->billed = &w->victim;
	a->billed_to = a->dst.addr;
}

static void on_link(void *self, const struct sim_datagram *d)
{
	struct sim_world *w = self;

	sim_server_group(&w->server, d);
	for (unsigned int i = 0; i < w->nmembers; i++)
		sim_server_group(&w->member[i], d);
}

/* It asks the group on its own link in V's name: no request meets the gateway. */
void av51_local(struct sim_world *w)
{
	static const uint8_t get_core[] = { 0x50, 0x01, 0x7d, 0x70, WELL_KNOWN_CORE };
	struct sim_attack *a = sim_repeat(sim_attack_add(w, get_core, sizeof(get_core)), 100, TEN_A_SECOND);

	sim_add_core(w, CORE_MEAN);
	sim_world_group(w);
	for (unsigned int i = 0; i < w->nmembers; i++)
		sim_server_add(&w->member[i], ".well-known/core", CORE_MEAN - 7, 9)->format = LINK_FORMAT;
	a->dst = sim_group_end(w);
	a->deliver = on_link;
	a->deliver_self = w;
	a->billed = &w->victim;
	a->billed_to = a->src.addr;
}
