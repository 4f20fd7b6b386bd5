/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One scenario per attack vector; each name and number is that of attacks.md.
 * What they have in common (the server's resources a100, a600 and a3000, the
 * honest clients) is in world.c.
 */
#include "world.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define WELL_KNOWN_CORE 0xbb, '.', 'w', 'e', 'l', 'l', '-', 'k', 'n', 'o', 'w', 'n', 0x04, 'c', 'o', 'r', 'e'
#define LINK_FORMAT 40              /* RFC 7252 section 12.3 */
#define CORE_MEAN 569u              /* bytes of answer, mean of the scan of 2020 (attacks.md 7) */
#define TEN_A_SECOND SIM_MS(100)

static void repeat(struct sim_attack *a, uint32_t count, damp_tick gap)
{
	a->count = count;
	a->gap = gap;
}

/* AV-01: CON GET /.well-known/core, answered by the mean answer of the scan. */
static void simple_reflection(struct sim_world *w)
{
	static const uint8_t get_core[] = { 0x40, 0x01, 0x7d, 0x70, WELL_KNOWN_CORE };

	sim_server_add(&w->server, ".well-known/core", CORE_MEAN - 7, 9)->format = LINK_FORMAT;
	repeat(sim_attack_add(w, get_core, sizeof(get_core)), 300, TEN_A_SECOND);
}

/* AV-03: PUT /m of 1000 bytes from the attacker's own address, then GETs. */
static void planted_payload(struct sim_world *w)
{
	static const uint8_t put_m[1007] = { 0x40, 0x03, 0x00, 0x01, 0xb1, 'm', 0xff };
	static const uint8_t get_m[] = { 0x50, 0x01, 0x00, 0x02, 0xb1, 'm' };
	struct sim_attack *plant = sim_attack_add(w, put_m, sizeof(put_m)), *get;

	plant->src.addr = sim_addr(w->sim.v6, SIM_NET_ATTACKERS, 0);
	plant->preparation = true;
	get = sim_attack_add(w, get_m, sizeof(get_m));
	get->start += DAMP_SECONDS(1);
	repeat(get, 300, TEN_A_SECOND);
}

/* AV-06: CON GET /slow?1, acknowledged, then 1000 bytes as a CON, five times. */
static void separate_responses(struct sim_world *w)
{
	static const uint8_t get_slow[] = {
		0x41, 0x01, 0x00, 0x07, 0x01, 0xb4, 's', 'l', 'o', 'w', 0x41, '1',
	};

	sim_server_add(&w->server, "slow", 1000, 9)->delay = DAMP_SECONDS(1);
	repeat(sim_attack_add(w, get_slow, sizeof(get_slow)), 100, TEN_A_SECOND);
}

/* AV-07: the unknown critical option 2069, and an unknown method. */
static void errors(struct sim_world *w)
{
	static const uint8_t bad_option[] = { 0x41, 0x01, 0x00, 0x01, 0x01, 0xb1, 'a', 0xe0, 0x06, 0xfd };
	static const uint8_t no_method[] = { 0x40, 0x1f, 0x10, 0x01 };

	repeat(sim_attack_add(w, bad_option, sizeof(bad_option)), 150, TEN_A_SECOND);
	repeat(sim_attack_add(w, no_method, sizeof(no_method)), 150, TEN_A_SECOND);
}

/* AV-08: pings. */
static void pings(struct sim_world *w)
{
	static const uint8_t ping[] = { 0x40, 0x00, 0xc0, 0x0c };

	repeat(sim_attack_add(w, ping, sizeof(ping)), 300, TEN_A_SECOND);
}

static void add_time(struct sim_world *w)
{
	struct sim_resource *r = sim_server_add(&w->server, "time", 15, 9);

	r->max_age = 1;
	sim_server_every(&w->server, r, DAMP_SECONDS(1));
	w->server.non_notifications = true;
}

/* AV-12: one NON registration with a clock that ticks every second. */
static void observe(struct sim_world *w)
{
	static const uint8_t reg[] = { 0x51, 0x01, 0x00, 0x01, 0x83, 0x60, 0x54, 't', 'i', 'm', 'e' };

	add_time(w);
	sim_attack_add(w, reg, sizeof(reg));
}

static size_t next_port(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	(void)a;
	(void)msg;
	src->port = (uint16_t)(SIM_PORT_VICTIM + i);
	return len;
}

/* AV-13: 20 registrations on 20 ports, then one PUT of 900 bytes, which every
 * one of them is told. */
static void many_observers(struct sim_world *w)
{
	static const uint8_t reg[] = { 0x51, 0x01, 0x00, 0x01, 0x83, 0x60, 0x51, 'x' };
	static const uint8_t put_x[907] = { 0x40, 0x03, 0x00, 0x01, 0xb1, 'x', 0xff };
	struct sim_attack *regs = sim_attack_add(w, reg, sizeof(reg)), *put;

	sim_server_add(&w->server, "x", 3, 9);
	repeat(regs, 20, TEN_A_SECOND);
	regs->vary = next_port;
	put = sim_attack_add(w, put_x, sizeof(put_x));
	put->src.addr = sim_addr(w->sim.v6, SIM_NET_ATTACKERS, 0);
	put->start += DAMP_SECONDS(4);
}

/* AV-26: NON GET /p with Block2 0/0/1024 of a large body. */
static void large_blocks(struct sim_world *w)
{
	static const uint8_t get_p[] = { 0x51, 0x01, 0x00, 0x01, 0x01, 0xb1, 'p', 0xc1, 0x06 };

	sim_server_add(&w->server, "p", 10240, 9);
	repeat(sim_attack_add(w, get_p, sizeof(get_p)), 300, TEN_A_SECOND);
}

static size_t next_host(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	(void)msg;
	src->addr = sim_addr(a->attacker->sim->v6, SIM_NET_VICTIMS, i % 255);
	return len;
}

/* AV-41: every host of the victims' network once or twice, 1 KiB each. */
static void carpet(struct sim_world *w)
{
	static const uint8_t get_p[] = { 0x50, 0x01, 0x00, 0x01, 0xb1, 'p' };
	struct sim_attack *a;

	sim_server_add(&w->server, "p", 10240, 9);
	a = sim_attack_add(w, get_p, sizeof(get_p));
	repeat(a, 510, SIM_MS(20));
	a->vary = next_host;
}

const struct sim_scenario sim_scenarios[] = {
	{ "AV-01", "simple reflection", simple_reflection, 120 },
	{ "AV-03", "planted payload", planted_payload, 120 },
	{ "AV-06", "separate responses retransmitted", separate_responses, 180 },
	{ "AV-07", "errors and diagnostics", errors, 120 },
	{ "AV-08", "pings", pings, 120 },
	{ "AV-12", "one observation", observe, 180 },
	{ "AV-13", "20 observations and one change", many_observers, 180 },
	{ "AV-26", "large blocks", large_blocks, 120 },
	{ "AV-41", "carpet over a network", carpet, 120 },
};
const size_t sim_nscenarios = ARRAY_LEN(sim_scenarios);
