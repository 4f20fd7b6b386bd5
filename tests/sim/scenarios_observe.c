/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Observations: AV-12 to AV-18. Honest observers watch the same resource.
 *
 * An attacker who guesses Message IDs is given the best guess there is, the one
 * that the server used: whatever makes it useless beyond the gateway is then
 * the gateway's own doing.
 */
#include "scenarios.h"

#define WATCHERS 4u
#define GUESS_DELAY SIM_MS(45)

static const uint8_t observe_time[] = { 0x51, 0x01, 0x00, 0x01, 0x83, 0x60, 0x54, 't', 'i', 'm', 'e' };

/* One NON registration with a clock that ticks every second. */
void av12(struct sim_world *w)
{
	sim_add_time(w);
	sim_world_watch(w, "time", WATCHERS);
	sim_attack_add(w, observe_time, sizeof(observe_time));
}

/* Answers shorter than the registrations, so that they pass, and a change only when the
 * exchanges are over. Honest observers of other networks begin like these. */
void av12_slow(struct sim_world *w)
{
	static const uint8_t reg[] = { 0x51, 0x01, 0x00, 0x01, 0x83, 0x60, 0x5c,
				       't', 'e', 'm', 'p', 'e', 'r', 'a', 't', 'u', 'r', 'e', '1' };
	struct sim_attack *a = sim_repeat(sim_attack_add(w, reg, sizeof(reg)), 100, DAMP_SECONDS(1));

	sim_server_every(&w->server, sim_server_add(&w->server, "temperature1", 4, 9), DAMP_SECONDS(300));
	w->server.never_con = true;
	sim_world_watch(w, "temperature1", WATCHERS);
	a->vary = sim_next_host;
}

static size_t next_tag(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	(void)a;
	(void)src;
	msg[4] = msg[len - 1] = (uint8_t)i;
	return len;
}

/* 20 registrations on 20 ports and 20 with 20 Request-Tags, then one PUT of 900
 * bytes, which every one of them is told. */
void av13(struct sim_world *w)
{
	static const uint8_t reg[] = { 0x51, 0x01, 0x00, 0x01, 0x83, 0x60, 0x51, 'x' };
	static const uint8_t tagged[] = { 0x51, 0x01, 0x10, 0x01, 0x83, 0x60, 0x51, 'x', 0xe1, 0x00, 0x0c, 0x01 };
	static const uint8_t put_x[907] = { 0x40, 0x03, 0x00, 0x01, 0xb1, 'x', 0xff };
	struct sim_attack *put;

	sim_server_add(&w->server, "x", 3, 9);
	sim_repeat(sim_attack_add(w, reg, sizeof(reg)), 20, TEN_A_SECOND)->vary = sim_next_port;
	sim_repeat(sim_attack_add(w, tagged, sizeof(tagged)), 20, TEN_A_SECOND)->vary = next_tag;
	put = sim_as_himself(sim_attack_add(w, put_x, sizeof(put_x)));
	put->start += DAMP_SECONDS(4);
}

/* c.pmax=0.1 at a server that never asks with a CON. */
void av14(struct sim_world *w)
{
	static const uint8_t reg[] = { 0x51, 0x01, 0x00, 0x01, 0x83, 0x60, 0x51, 't',
				       0x4a, 'c', '.', 'p', 'm', 'a', 'x', '=', '0', '.', '1' };

	sim_server_add(&w->server, "t", 15, 9);
	w->server.conditional = true;
	w->server.never_con = true;
	sim_attack_add(w, reg, sizeof(reg));
}

/* An empty message with the Message ID that the server has just used, from the
 * end that it was meant for. */
static void send_guess(struct sim_world *w, const struct sim_end *as, uint8_t type, uint16_t mid)
{
	uint8_t out[DAMP_COAP_HEADER_LEN] = { (uint8_t)(DAMP_COAP_VERSION << 6 | type << 4) };

	damp_put16(out + 2, mid);
	w->attacker.packets++;
	w->attacker.bytes += sim_ip_len(&w->sim, sizeof(out));
	sim_send(&w->sim, DAMP_OUTSIDE, as, sim_server_end(w), out, sizeof(out));
}

static void acknowledge(void *self, uint64_t arg)
{
	struct sim_world *w = self;
	const struct sim_end victim = sim_victim_end(w, 0, SIM_PORT_VICTIM);

	send_guess(w, &victim, DAMP_COAP_ACK, (uint16_t)arg);
}

static void guess_ack(void *self, const struct sim_end *peer, uint16_t mid)
{
	struct sim_world *w = self;
	const struct sim_end victim = sim_victim_end(w, 0, SIM_PORT_VICTIM);

	if (sim_same_end(peer, &victim))
		sim_at(&w->sim, w->sim.now + GUESS_DELAY, acknowledge, w, mid);
}

/* One registration, and every notification is acknowledged in V's name. */
void av15(struct sim_world *w)
{
	sim_add_time(w);
	sim_world_watch(w, "time", WATCHERS);
	w->server.tap = guess_ack;
	w->server.tap_self = w;
	sim_attack_add(w, observe_time, sizeof(observe_time));
}

/* 50 observers at 50 addresses, and updates of 900 bytes, one a second. */
void av16(struct sim_world *w)
{
	static const uint8_t reg[] = { 0x51, 0x01, 0x00, 0x01, 0x83, 0x60, 0x51, 'x' };
	static const uint8_t put_x[907] = { 0x40, 0x03, 0x00, 0x01, 0xb1, 'x', 0xff };
	struct sim_attack *put;

	sim_server_every(&w->server, sim_server_add(&w->server, "x", 3, 9), DAMP_SECONDS(8));
	w->server.non_notifications = true;
	sim_world_watch(w, "x", WATCHERS);
	sim_repeat(sim_attack_add(w, reg, sizeof(reg)), 50, TEN_A_SECOND)->vary = sim_next_host;
	put = sim_repeat(sim_as_himself(sim_attack_add(w, put_x, sizeof(put_x))), 175, DAMP_SECONDS(1));
	put->start += DAMP_SECONDS(6);
}

static void reset(void *self, uint64_t arg)
{
	struct sim_world *w = self;

	send_guess(w, &w->watcher[arg >> 16].end, DAMP_COAP_RST, (uint16_t)arg);
}

static void guess_reset(void *self, const struct sim_end *peer, uint16_t mid)
{
	struct sim_world *w = self;

	for (uint64_t i = 0; i < w->nwatchers; i++)
		if (sim_same_end(peer, &w->watcher[i].end))
			sim_at(&w->sim, w->sim.now + GUESS_DELAY, reset, w, i << 16 | mid);
}

static size_t next_token(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	(void)a;
	(void)src;
	damp_put16(msg + 4, (uint16_t)(i * 257));
	return len;
}

/* RSTs and deregistrations in the names of honest observers. */
void av17(struct sim_world *w)
{
	/* Observe: 1, token of 4 bytes to be guessed */
	static const uint8_t dereg[] = {
		0x54, 0x01, 0x00, 0x02, 1, 2, 3, 4, 0x61, 0x01, 0x54, 't', 'i', 'm', 'e',
	};

	sim_add_time(w);
	sim_world_watch(w, "time", WATCHERS);
	w->server.tap = guess_reset;
	w->server.tap_self = w;
	sim_repeat(sim_attack_add(w, dereg, sizeof(dereg)), 200, TEN_A_SECOND)->vary = next_token;
	w->attack[w->nattacks - 1].src = w->watcher[0].end;
}

/* A registration with blocks of 1024: every notification is as large. */
void av18(struct sim_world *w)
{
	static const uint8_t reg[] = { 0x51, 0x01, 0x00, 0x01, 0x83, 0x60, 0x51, 'p', 0xc1, 0x06 };

	sim_server_every(&w->server, sim_server_add(&w->server, "p", 10240, 9), DAMP_SECONDS(1));
	w->server.non_notifications = true;
	sim_attack_add(w, reg, sizeof(reg));
}
