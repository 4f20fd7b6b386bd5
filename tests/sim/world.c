/* SPDX-License-Identifier: BSD-3-Clause */
/* Scenarios laid out and run; see world.h. */
#include "world.h"
#include "gateway.h"

#include <assert.h>
#include <stdlib.h>

#define SERVER_PORT 5683u
#define DTLS_PORT 5684u
#define HONEST_PORT 50000u
#define VAULT_HOST 40u
#define MANAGER_HOST 41u
#define FIRST_DEVICE 20u                /* host of the field; before it are those that speak DTLS */
#define DEVICES 2u
#define BEHIND_PORT 51000u
#define CLIENT_GAP SIM_MS(370)          /* not a divisor of any attack's gap */

/* What honest clients read: below, about and far above what a first answer may
 * have. */
static const struct sim_job honest_jobs[] = {
	{ "a100", 100, 1, 0, false }, { "a600", 600, 2, 0, false }, { "a3000", 3000, 3, 0, false },
};
#define NJOBS (sizeof(honest_jobs) / sizeof(honest_jobs[0]))

static const struct sim_client_kind *const kinds[SIM_KIND_PLAIN] = {
	[SIM_KIND_LIBCOAP_CON] = &sim_libcoap_con,
	[SIM_KIND_MINIMAL_CON] = &sim_minimal_con,
	[SIM_KIND_LIBCOAP_NON] = &sim_libcoap_non,
	[SIM_KIND_MINIMAL_NON] = &sim_minimal_non,
};

struct damp_addr sim_addr(bool v6, enum sim_net net, uint32_t host)
{
	/* 10.2.0.0/23; the documentation networks of RFC 5737; one of RFC 2544 */
	static const uint8_t nets4[][3] = {
		{ 10, 2, 0 }, { 198, 51, 100 }, { 192, 0, 2 }, { 203, 0, 113 }, { 10, 2, 1 }, { 198, 18, 7 },
	};
	struct damp_addr a = { .b = { [10] = 0xff, [11] = 0xff, [15] = (uint8_t)(host + 1) } };

	assert(host < 255);
	if (!v6) {
		memcpy(a.b + 12, nets4[net], 3);
		return a;
	}
	/* 2001:db8:<net>::/48; a /64 of its own for each host, but for servers */
	a = (struct damp_addr){ .b = { 0x20, 0x01, 0x0d, 0xb8, 0, (uint8_t)(net + 1), [15] = 1 } };
	a.b[net == SIM_NET_SERVERS ? 15 : 7] = (uint8_t)(host + 1);
	return a;
}

unsigned int sim_victim_plen(bool v6)
{
	return v6 ? 56 : 96 + 24;
}

struct sim_end sim_victim_end(const struct sim_world *w, uint32_t host, uint16_t port)
{
	return (struct sim_end){ sim_addr(w->sim.v6, SIM_NET_VICTIMS, host), port };
}

unsigned int sim_net_plen(bool v6)
{
	return v6 ? 48 : 96 + 24;
}

struct sim_end sim_group_end(const struct sim_world *w)
{
	/* 224.0.1.187, ff0e::fd: All CoAP Nodes (RFC 7252 section 12.8) */
	static const struct damp_addr all4 = { { [10] = 0xff, [11] = 0xff, [12] = 224, [14] = 1, [15] = 187 } };
	static const struct damp_addr all6 = { { 0xff, 0x0e, [15] = 0xfd } };

	return (struct sim_end){ w->sim.v6 ? all6 : all4, SERVER_PORT };
}

static void to_group(void *self, const struct sim_datagram *d)
{
	struct sim_world *w = self;

	sim_server_group(&w->server, d);
	for (unsigned int i = 0; i < w->nmembers; i++)
		sim_server_group(&w->member[i], d);
}

static void listen_at(struct sim_world *w, struct damp_addr a, unsigned int plen)
{
	sim_add(&w->sim, &(struct sim_node){ .end = { a, SERVER_PORT }, .plen = plen, .side = DAMP_INSIDE,
					     .self = w, .receive = to_group });
}

void sim_world_group(struct sim_world *w)
{
	struct damp_addr broadcast = sim_addr(w->sim.v6, SIM_NET_SERVERS, 0);

	for (; w->nmembers < SIM_MEMBERS; w->nmembers++) {
		const struct sim_end end = { sim_addr(w->sim.v6, SIM_NET_SERVERS, 1 + w->nmembers), SERVER_PORT };

		sim_server_open(&w->member[w->nmembers], &w->sim, &end);
	}
	listen_at(w, sim_group_end(w).addr, w->sim.v6 ? 8 : 96 + 4);
	if (w->sim.v6)
		return;
	broadcast.b[15] = 255;
	listen_at(w, broadcast, 128);
	memset(broadcast.b + 12, 255, 4);
	listen_at(w, broadcast, 128);
}

void sim_world_watch(struct sim_world *w, const char *path, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct sim_end end = { sim_addr(w->sim.v6, SIM_NET_HONEST, 100 + w->nwatchers), HONEST_PORT };

		assert(w->nwatchers < SIM_WATCHERS_MAX);
		sim_watcher_open(&w->watcher[w->nwatchers++], &w->sim, &end, sim_server_end(w), path, i % 2 == 0,
				 SIM_START + SIM_MS(100) + i * CLIENT_GAP);
	}
}

struct sim_client *sim_behind_add(struct sim_world *w, const struct sim_client_kind *kind, damp_tick at)
{
	const struct sim_end end = sim_victim_end(w, 0, (uint16_t)(BEHIND_PORT + w->nbehind));
	struct sim_client *c = &w->behind[w->nbehind++];

	assert(w->nbehind <= SIM_BEHIND_MAX);
	sim_client_open(c, &w->sim, kind, &end, sim_server_end(w));
	sim_client_start(c, at);
	return c;
}

void sim_world_devices(struct sim_world *w, unsigned int n, damp_tick at, damp_tick gap)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct sim_end end = { sim_addr(w->sim.v6, SIM_NET_FIELD, FIRST_DEVICE + w->ndevices), HONEST_PORT };

		assert(w->ndevices < SIM_DEVICES_MAX);
		sim_device_open(&w->device[w->ndevices++], &w->manager, &end, at + i * gap);
	}
}

const struct sim_end *sim_server_end(const struct sim_world *w)
{
	return &w->server.end;
}

struct sim_attack *sim_attack_add(struct sim_world *w, const uint8_t *message, size_t len)
{
	struct sim_attack *a = &w->attack[w->nattacks++];

	assert(w->nattacks <= SIM_ATTACKS_MAX);
	*a = (struct sim_attack){ .attacker = &w->attacker, .start = SIM_START + DAMP_SECONDS(1), .count = 1,
				  .src = sim_victim_end(w, 0, SIM_PORT_VICTIM), .dst = *sim_server_end(w),
				  .side = DAMP_OUTSIDE, .message = message, .len = len };
	return a;
}

static void add_clients(struct sim_world *w)
{
	for (uint32_t i = 0; i < SIM_KIND_PLAIN * NJOBS; i++) {
		const struct sim_end end = { sim_addr(w->sim.v6, SIM_NET_HONEST, i), HONEST_PORT };
		const struct sim_job *job = &honest_jobs[i / SIM_KIND_PLAIN];
		struct sim_client *c = &w->client[w->nclients++];

		sim_client_open(c, &w->sim, kinds[i % SIM_KIND_PLAIN], &end, sim_server_end(w));
		sim_client_want(c, job->path, job->len, job->seed);
		sim_client_start(c, SIM_START + DAMP_SECONDS(2) + i * CLIENT_GAP);
	}
	for (uint32_t i = 0; i < SIM_SECURE_MAX; i++) {
		const struct sim_end end = { sim_addr(w->sim.v6, SIM_NET_FIELD, i), HONEST_PORT };

		sim_secure_open(&w->secure[i], &w->sim, i % 2, &end, &w->vault.end,
				SIM_START + DAMP_SECONDS(3) + i * CLIENT_GAP);
	}
	sim_world_devices(w, DEVICES, SIM_START + DAMP_SECONDS(4), CLIENT_GAP);
}

void sim_world_open(struct sim_world *w, bool v6, bool enforce, uint64_t seed)
{
	const struct damp_addr victims = sim_addr(v6, SIM_NET_VICTIMS, 0);
	const struct damp_addr clients = sim_addr(v6, SIM_NET_CLIENTS, 0);
	const struct sim_end server = { sim_addr(v6, SIM_NET_SERVERS, 0), SERVER_PORT };

	sim_open(&w->sim, v6, enforce, seed);
	sim_server_open(&w->server, &w->sim, &server);
	for (size_t i = 0; i < NJOBS; i++)
		sim_server_add(&w->server, honest_jobs[i].path, honest_jobs[i].len, honest_jobs[i].seed);
	sim_dtls_open(&w->dtls, &w->sim, &(struct sim_end){ server.addr, DTLS_PORT });
	sim_vault_open(&w->vault, &w->sim, &(struct sim_end){ sim_addr(v6, SIM_NET_SERVERS, VAULT_HOST), DTLS_PORT });
	sim_manager_open(&w->manager, &w->sim, &(struct sim_end){ sim_addr(v6, SIM_NET_SERVERS, MANAGER_HOST), SERVER_PORT });
	sim_victim_open(&w->victim, &w->sim, DAMP_OUTSIDE, &victims, sim_victim_plen(v6));
	sim_victim_open(&w->inside, &w->sim, DAMP_INSIDE, &clients, sim_net_plen(v6));
	w->scored = &w->victim;
	w->attacker.sim = &w->sim;
}

void sim_world_close(struct sim_world *w)
{
	for (unsigned int i = 0; i < w->nclients; i++)
		sim_client_close(&w->client[i]);
	for (unsigned int i = 0; i < w->nbehind; i++)
		sim_client_close(&w->behind[i]);
	for (unsigned int i = 0; i < w->nwatchers; i++)
		sim_watcher_close(&w->watcher[i]);
	for (unsigned int i = 0; i < w->ndevices; i++)
		sim_device_close(&w->device[i]);
	sim_manager_close(&w->manager);
	sim_victim_close(&w->victim);
	sim_victim_close(&w->inside);
	sim_server_close(&w->server);
	for (unsigned int i = 0; i < w->nmembers; i++)
		sim_server_close(&w->member[i]);
	sim_close(&w->sim);
}

static void add_served(struct sim_served *s, const struct sim_client *c)
{
	s->tried += c->tried;
	s->answered += c->answered;
	s->trips += sim_client_trips(c);
	s->took += c->took;
}

static void add_secure(struct sim_served *s, const struct sim_secure *c)
{
	s->tried += c->tried;
	s->answered += c->answered;
	s->trips += c->sent;
	s->took += c->took;
}

static void add_device(struct sim_served *s, const struct sim_device *c)
{
	s->tried += c->tried;
	s->answered += sim_device_answered(c);
	s->trips += sim_device_trips(c);
	s->took += c->took;
}

static double fastest(const struct sim_world *w)
{
	double rate = 0;

	for (unsigned int i = 0; i < w->nattacks; i++) {
		const struct sim_attack *a = &w->attack[i];
		const double r = a->gap == 0 ? 0 : (double)DAMP_TICK_HZ / (double)a->gap;

		if (!a->preparation && a->count > 1 && r > rate)
			rate = r;
	}
	return rate;
}

static void sum_up(const struct sim_world *w, struct sim_outcome *o)
{
	*o = (struct sim_outcome){
		.attacker_packets = w->attacker.packets, .attacker_bytes = w->attacker.bytes,
		.victim_packets = w->scored->all.packets_out, .victim_bytes = w->scored->all.bytes_out,
		.gateway_bytes = sim_gateway_made(w->sim.gateway), .peak = sim_victim_peak(w->scored),
		.rate = fastest(w), .requests = w->server.requests, .inside_bytes = w->sim.inside_bytes,
	};
	memcpy(o->later, w->scored->later, sizeof(o->later));
	for (unsigned int i = 0; i < w->nmembers; i++)
		o->requests += w->member[i].requests;
	for (unsigned int i = 0; i < w->nclients; i++)
		add_served(&o->served[i % SIM_KIND_PLAIN], &w->client[i]);
	for (unsigned int i = 0; i < SIM_SECURE_MAX; i++)
		add_secure(&o->served[SIM_KIND_DTLS + i % 2], &w->secure[i]);
	for (unsigned int i = 0; i < w->ndevices; i++)
		add_device(&o->served[SIM_KIND_DEVICE], &w->device[i]);
	for (unsigned int i = 0; i < w->nbehind; i++)
		add_served(&o->behind, &w->behind[i]);
	for (unsigned int i = 0; i < w->nwatchers; i++) {
		o->watchers.tried++;
		o->watchers.answered += sim_watcher_served(&w->watcher[i]);
	}
}

static void run_once(const struct sim_scenario *c, bool v6, bool enforce, uint64_t seed,
		     struct sim_outcome *o)
{
	struct sim_world *w = calloc(1, sizeof(*w));

	assert(w != NULL);
	sim_world_open(w, v6, enforce, seed);
	c->arrange(w);
	add_clients(w);
	for (unsigned int i = 0; i < w->nattacks; i++)
		sim_attack_start(&w->attack[i]);
	sim_run(&w->sim, SIM_START + DAMP_SECONDS(c->seconds));
	sum_up(w, o);
	sim_world_close(w);
	free(w);
}

void sim_scenario_run(const struct sim_scenario *c, bool v6, uint64_t seed, struct sim_result *r)
{
	r->scenario = c;
	r->v6 = v6;
	run_once(c, v6, false, seed, &r->off);
	run_once(c, v6, true, seed, &r->on);
}
