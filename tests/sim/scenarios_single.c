/* SPDX-License-Identifier: BSD-3-Clause */
/* One answer to one message: AV-01 to AV-11, and AV-01 at several rates. */
#include "scenarios.h"

#define AT(s) (SIM_START + DAMP_SECONDS(s))

size_t sim_next_port(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	(void)a;
	(void)msg;
	src->port = (uint16_t)(SIM_PORT_VICTIM + i);
	return len;
}

size_t sim_next_host(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	(void)msg;
	src->addr = sim_addr(a->attacker->sim->v6, SIM_NET_VICTIMS, i % 255);
	return len;
}

void sim_add_core(struct sim_world *w, size_t answer)
{
	/* Header, Content-Format and marker are 7 bytes of the answer. */
	sim_server_add(&w->server, ".well-known/core", answer - 7, 9)->format = LINK_FORMAT;
}

void sim_add_time(struct sim_world *w)
{
	struct sim_resource *r = sim_server_add(&w->server, "time", 15, 9);

	r->max_age = 1;
	sim_server_every(&w->server, r, DAMP_SECONDS(1));
	w->server.non_notifications = true;
}

static const uint8_t get_core[] = { 0x40, 0x01, 0x7d, 0x70, WELL_KNOWN_CORE };

/* CON GET /.well-known/core, answered by the mean answer of the scan. */
void av01(struct sim_world *w)
{
	sim_add_core(w, CORE_MEAN);
	sim_repeat(sim_attack_add(w, get_core, sizeof(get_core)), 300, TEN_A_SECOND);
}

/* The same at 1000 a second. */
void av01_rate(struct sim_world *w)
{
	sim_add_core(w, CORE_MEAN);
	sim_repeat(sim_attack_add(w, get_core, sizeof(get_core)), 20000, SIM_MS(1));
}

static const struct sim_client_kind *con_kind(unsigned int i)
{
	return i % 2 ? &sim_minimal_con : &sim_libcoap_con;
}

/* 20 clients at the victim's address read before the flood begins, and twice
 * while it lasts. */
void av01_proved(struct sim_world *w)
{
	sim_add_core(w, CORE_MEAN);
	sim_repeat(sim_attack_add(w, get_core, sizeof(get_core)), 60000, SIM_MS(1))->start = AT(60);
	for (unsigned int i = 0; i < 20; i++) {
		struct sim_client *c = sim_behind_add(w, con_kind(i), AT(2 + i));

		/* More than anybody is served on trust. */
		sim_client_want(c, "a3000", 3000, 3);
		sim_client_want(c, "a600", 600, 2);
		sim_client_wait(c, AT(70 + i));
		sim_client_want(c, "a3000", 3000, 3);
		sim_client_wait(c, AT(95 + i));
	}
}

/* 200 clients at the victim's address ask for the first time while it lasts. */
static void first_contact(struct sim_world *w, uint32_t count, damp_tick gap)
{
	sim_add_core(w, CORE_MEAN);
	sim_repeat(sim_attack_add(w, get_core, sizeof(get_core)), count, gap);
	for (unsigned int i = 0; i < 200; i++) {
		const damp_tick seconds = DAMP_SECONDS((uint64_t)count * gap / DAMP_TICK_HZ);

		sim_client_want(sim_behind_add(w, con_kind(i), AT(2) + seconds * i / 400), "a100", 100, 1);
	}
}

void av01_first(struct sim_world *w)
{
	first_contact(w, 20000, SIM_MS(10));
}

void av01_flood(struct sim_world *w)
{
	first_contact(w, 400000, DAMP_TICK_HZ / 10000);
}

/* GET / in four bytes, Uri-Path-Abbrev, a request in an ACK, FETCH. */
void av02(struct sim_world *w)
{
	static const uint8_t get_root[] = { 0x40, 0x01, 0x00, 0x01 };
	static const uint8_t get_abbrev[] = { 0x40, 0x01, 0x10, 0x01, 0xd0, 0x00 };
	static const uint8_t get_in_ack[] = { 0x60, 0x01, 0x20, 0x01, WELL_KNOWN_CORE };
	static const uint8_t fetch[] = { 0x51, 0x05, 0x30, 0x01, 0x01, WELL_KNOWN_CORE };

	sim_server_add(&w->server, "", 136, 1)->max_age = 0x2ffff;
	sim_add_core(w, CORE_MEAN);
	w->server.abbreviated = true;
	w->server.fetches = true;
	sim_repeat(sim_attack_add(w, get_root, sizeof(get_root)), 75, TEN_A_SECOND);
	sim_repeat(sim_attack_add(w, get_abbrev, sizeof(get_abbrev)), 75, TEN_A_SECOND);
	sim_repeat(sim_attack_add(w, get_in_ack, sizeof(get_in_ack)), 75, TEN_A_SECOND);
	sim_repeat(sim_attack_add(w, fetch, sizeof(fetch)), 75, TEN_A_SECOND);
}

/* PUT /m of 1000 bytes from the attacker's own address, then GETs. */
void av03(struct sim_world *w)
{
	static const uint8_t put_m[1007] = { 0x40, 0x03, 0x00, 0x01, 0xb1, 'm', 0xff };
	static const uint8_t get_m[] = { 0x50, 0x01, 0x00, 0x02, 0xb1, 'm' };
	struct sim_attack *get;

	sim_as_himself(sim_attack_add(w, put_m, sizeof(put_m)))->preparation = true;
	get = sim_attack_add(w, get_m, sizeof(get_m));
	get->start += DAMP_SECONDS(1);
	sim_repeat(get, 300, TEN_A_SECOND);
}

static size_t next_name(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	(void)a;
	(void)src;
	msg[6] = (uint8_t)('a' + i);
	return len;
}

/* 15 names of 200 bytes, then the page that lists them. */
void av04(struct sim_world *w)
{
	/* 0xbd 187: Uri-Path of 13 + 187 bytes */
	static const uint8_t put_name[208] = { 0x40, 0x03, 0x00, 0x01, 0xbd, 187, [6 ... 205] = 'x', 0xff, 'z' };
	struct sim_attack *plant = sim_as_himself(sim_attack_add(w, put_name, sizeof(put_name))), *get;

	sim_add_core(w, 158);
	w->server.listing = &w->server.resource[w->server.nresources - 1];
	sim_repeat(plant, 15, TEN_A_SECOND)->vary = next_name;
	plant->preparation = true;
	get = sim_attack_add(w, get_core, sizeof(get_core));
	get->start += DAMP_SECONDS(5);
	sim_repeat(get, 300, TEN_A_SECOND);
}

/* POST answered with 900 bytes, FETCH of the directory page. */
void av05(struct sim_world *w)
{
	static const uint8_t post[] = { 0x51, 0x02, 0x00, 0x01, 0x01, 0xb3, 'r', 'p', 'c', 0xff, 'x' };
	static const uint8_t fetch[] = { 0x51, 0x05, 0x30, 0x01, 0x01, WELL_KNOWN_CORE };

	sim_server_add(&w->server, "rpc", 900, 4)->answers = 900;
	sim_add_core(w, CORE_MEAN);
	w->server.fetches = true;
	sim_repeat(sim_attack_add(w, post, sizeof(post)), 150, TEN_A_SECOND);
	sim_repeat(sim_attack_add(w, fetch, sizeof(fetch)), 150, TEN_A_SECOND);
}

/* POST /rpc in the name of a host of the victims' network each time, which would
 * be carried out for each on first contact; and 200 clients at one of these
 * addresses, unknown, that call it as well. */
void av05_first(struct sim_world *w)
{
	static const uint8_t post[] = { 0x51, 0x02, 0x00, 0x01, 0x01, 0xb3, 'r', 'p', 'c', 0xff, 'x' };

	sim_server_add(&w->server, "rpc", 900, 4)->answers = 900;
	sim_repeat(sim_attack_add(w, post, sizeof(post)), 20000, SIM_MS(10))->vary = sim_next_host;
	for (unsigned int i = 0; i < 200; i++) {
		const struct sim_client_kind *kind = i % 2 ? &sim_minimal_con : i % 4 ? &sim_libcoap_non : &sim_libcoap_con;

		sim_client_call(sim_behind_add(w, kind, SIM_START + DAMP_SECONDS(2) + i * DAMP_SECONDS(1)), "rpc", 900, 4);
	}
}

/* CON GET /slow?1, acknowledged, then 1000 bytes as a CON, five times. */
void av06(struct sim_world *w)
{
	static const uint8_t get_slow[] = {
		0x41, 0x01, 0x00, 0x07, 0x01, 0xb4, 's', 'l', 'o', 'w', 0x41, '1',
	};

	sim_server_add(&w->server, "slow", 1000, 9)->delay = DAMP_SECONDS(1);
	sim_repeat(sim_attack_add(w, get_slow, sizeof(get_slow)), 100, TEN_A_SECOND);
}

/* The unknown critical option 2069, an unknown method, a path that is not
 * there; the server explains itself in 150 bytes. */
void av07(struct sim_world *w)
{
	static const uint8_t bad_option[] = { 0x41, 0x01, 0x00, 0x01, 0x01, 0xb1, 'a', 0xe0, 0x06, 0xfd };
	static const uint8_t no_method[] = { 0x40, 0x1f, 0x10, 0x01 };
	static const uint8_t no_path[] = { 0x50, 0x01, 0x20, 0x01, 0xb1, '?' };

	w->server.diagnostic = 150;
	sim_repeat(sim_attack_add(w, bad_option, sizeof(bad_option)), 100, TEN_A_SECOND);
	sim_repeat(sim_attack_add(w, no_method, sizeof(no_method)), 100, TEN_A_SECOND);
	sim_repeat(sim_attack_add(w, no_path, sizeof(no_path)), 100, TEN_A_SECOND);
}

void av08(struct sim_world *w)
{
	static const uint8_t ping[] = { 0x40, 0x00, 0xc0, 0x0c };

	sim_repeat(sim_attack_add(w, ping, sizeof(ping)), 300, TEN_A_SECOND);
}

/* A token of 9 bytes without RFC 8974, a version of 2, an option cut short. */
void av09(struct sim_world *w)
{
	static const uint8_t token[13] = { 0x49, 0x01, 0x00, 0x01, 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a' };
	static const uint8_t version[] = { 0x80, 0x01, 0x10, 0x01 };
	static const uint8_t option[] = { 0x40, 0x01, 0x20, 0x01, 0xb5, 'a' };

	sim_repeat(sim_attack_add(w, token, sizeof(token)), 100, TEN_A_SECOND);
	sim_repeat(sim_attack_add(w, version, sizeof(version)), 100, TEN_A_SECOND);
	sim_repeat(sim_attack_add(w, option, sizeof(option)), 100, TEN_A_SECOND);
}

/* 7.02 over UDP: five confirmable 7.03. */
void av10(struct sim_world *w)
{
	static const uint8_t signal[] = { 0x40, 0xe2, 0x00, 0x07 };

	sim_repeat(sim_attack_add(w, signal, sizeof(signal)), 100, TEN_A_SECOND);
}

/* Registrations with a token of 900 bytes, which every notification repeats. */
void av11(struct sim_world *w)
{
	/* TKL 14: 0x0277 + 269 = 900 bytes follow */
	static const uint8_t reg[912] = { 0x5e, 0x01, 0x00, 0x0c, 0x02, 0x77, [906] = 0x60, 0x54, 't', 'i', 'm', 'e' };

	sim_add_time(w);
	w->server.extended_tokens = true;
	sim_repeat(sim_attack_add(w, reg, sizeof(reg)), 100, TEN_A_SECOND)->vary = sim_next_port;
}
