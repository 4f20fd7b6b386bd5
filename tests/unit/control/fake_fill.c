/* SPDX-License-Identifier: BSD-3-Clause */
/* Known numbers; see fake_fill.h. */
#include "fake_fill.h"

#include <damper/coap.h>
#include <stdio.h>
#include <string.h>

static void fill_worker(struct damp_worker_stats *w, uint64_t k)
{
	w->rx[DAMP_OUTSIDE] = (struct damp_counter){ 1000 * k, 100000 * k };
	w->rx[DAMP_INSIDE] = (struct damp_counter){ 700 * k, 210000 * k };
	w->tx[DAMP_OUTSIDE] = (struct damp_counter){ 650 * k, 195000 * k };
	w->tx[DAMP_INSIDE] = (struct damp_counter){ 600 * k, 60000 * k };
	w->kind[DAMP_OUTSIDE][DAMP_KIND_REQUEST] = (struct damp_counter){ 900 * k, 81000 * k };
	w->kind[DAMP_INSIDE][DAMP_KIND_RESPONSE] = (struct damp_counter){ 680 * k, 200000 * k };
	w->reason[DAMP_OUTSIDE][DAMP_REASON_ACCEPTED] = (struct damp_counter){ 600 * k, 60000 * k };
	w->reason[DAMP_OUTSIDE][DAMP_REASON_AMPLIFICATION] =
		(struct damp_counter){ 300 * k, 27000 * k };
	w->reason[DAMP_OUTSIDE][DAMP_REASON_COAP_VERSION] =
		(struct damp_counter){ 100 * k, 4000 * k };
	w->reason[DAMP_INSIDE][DAMP_REASON_AMPLIFICATION] =
		(struct damp_counter){ 50 * k, 15000 * k };
	w->verdict[DAMP_OUTSIDE][0][DAMP_VERDICT_DROP] =
		(struct damp_counter){ 393 * k, 30000 * k };
	w->verdict[DAMP_OUTSIDE][1][DAMP_VERDICT_DROP] = (struct damp_counter){ 7 * k, 1000 * k };
	w->made[DAMP_OUTSIDE] = (struct damp_counter){ 30 * k, 1500 * k };
	w->unproved_bytes_in = 40000 * k;
	w->unproved_bytes_out = 90000 * k;
	w->challenges_sent = 20 * k;
	w->pings_sent = 10 * k;
	w->proofs_echo = 5 * k;
	w->proofs_ping = 4 * k;
	w->proofs_token = 3 * k;
	w->proofs_cookie = 2 * k;
	w->proofs_ack = k;
	w->proofs_server_echo = 7 * k;
	w->proofs_second = 9 * k;
	w->held = 8 * k;
	w->held_released = 6 * k;
	w->elsewhere_requests = 7 * k;
	w->table_evictions[DAMP_TABLE_LEDGER] = 11 * k;
	w->stage_cycles[DAMP_STAGE_KEYS] = 50000 * k;
	w->stage_packets[DAMP_STAGE_KEYS] = 1700 * k;
	w->bursts = 100 * k;
	w->cycles_busy = 3000000 * k;
	w->cycles_idle = 7000000 * k;
	w->heartbeat = 12345 * k;
	w->events_lost = k;
}

static void fill_port(struct damp_port_stats *p, const char *name, const char *called, uint64_t imissed)
{
	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(p->called, sizeof(p->called), "%s", called);
	p->imissed = imissed;
	p->rx_nombuf = 2;
	p->mtu = 1500;
	p->link_up = 1;
	p->queues_rx = p->queues_tx = FAKE_WORKERS;
}

void fake_fill_stats(struct damp_stats *s, uint64_t boot_id)
{
	memset(s, 0, sizeof(*s));
	s->magic = DAMP_STATS_MAGIC;
	s->version = DAMP_STATS_VERSION;
	s->nworkers = FAKE_WORKERS;
	s->total_len = sizeof(*s);
	s->boot_id = boot_id;
	s->tsc_hz = 2000000000;
	s->started_wall_s = 1790000000;
	s->nrule_slots = 1;
	for (unsigned t = 0; t < DAMP_TABLE_MAX; t++) {
		s->table_capacity[t] = 65536u * (t + 1);
		s->table_entries[t] = 1000u * (t + 1);
		s->table_bytes[t] = 1048576u * (t + 1);
	}
	s->mempool_size = 16383;
	s->mempool_free = 16000;
	s->memory_bytes = 123456789;
	s->clock_trusted = 1;
	s->clock_wall_s = s->clock_least_s = 1790000100;
	fill_port(&s->port[DAMP_OUTSIDE], "net_tap0", "wan0, net_tap0", 17);
	fill_port(&s->port[DAMP_INSIDE], "net_\"tap1\"\\", "", 0);
	for (unsigned w = 0; w < FAKE_WORKERS; w++)
		fill_worker(&s->worker[w], w + 1);
}

void fake_fill_rule(struct damp_stats *s, const char *id, unsigned mode)
{
	struct damp_counter *c;
	uint32_t slot;

	for (slot = 1; slot < s->nrule_slots; slot++)
		if (strcmp(s->rule_slot[slot], id) == 0)
			return;
	snprintf(s->rule_slot[slot], sizeof(s->rule_slot[slot]), "%s", id);
	c = s->worker[0].rule[slot];
	c[DAMP_OUT_MATCHED] = (struct damp_counter){ 1000u * slot, 90000u * slot };
	c[DAMP_OUT_OVER] = (struct damp_counter){ 100u * slot, 9000u * slot };
	c[DAMP_OUT_WOULD] = (struct damp_counter){ 10u * slot, 900u * slot };
	c[DAMP_OUT_ACTED] = (struct damp_counter){ 1u * slot, 90u * slot };
	s->rule_mode[slot] = (uint8_t)mode;
	s->rules_observing += mode == DAMP_MODE_OBSERVE;
	__atomic_store_n(&s->nrule_slots, slot + 1, __ATOMIC_RELEASE);
}

void fake_fill_events(struct damp_events *e, uint64_t boot_id)
{
	memset(e, 0, sizeof(*e));
	e->magic = DAMP_EVENTS_MAGIC;
	e->version = DAMP_STATS_VERSION;
	e->nworkers = FAKE_WORKERS;
	e->boot_id = boot_id;
}

void fake_put_event(struct damp_events *e, unsigned worker, const struct damp_event *event)
{
	struct damp_event_ring *r = &e->ring[worker];
	struct damp_event *slot = &r->slot[r->head % DAMP_EVENT_SLOTS];

	*slot = *event;
	slot->seq = r->head;
	__atomic_store_n(&r->head, r->head + 1, __ATOMIC_RELEASE);
}

struct damp_event fake_event(uint64_t n)
{
	struct damp_event e = {
		.wall_us = 1790000000000000u + n,
		.represents = 813,
		.src = { [10] = 0xff, [11] = 0xff, 203, 0, 113, 9 },
		.dst = { 0x20, 0x01, 0x0d, 0xb8, 0x56, 0x83, [15] = 0x10 },
		.sport = 41711,
		.dport = DAMP_PORT_COAP,
		.ip_len = 66,
		.mid = 4711,
		.side = DAMP_OUTSIDE,
		.kind = DAMP_KIND_REQUEST,
		.type = DAMP_COAP_CON,
		.code = DAMP_COAP_GET,
		.tkl = 4,
		.reason = DAMP_REASON_AMPLIFICATION,
		.verdict = DAMP_VERDICT_DROP,
		.would = DAMP_VERDICT_DROP,
		.generation = 1,
		.rule_slot = 1,
	};
	static const char path[] = "/.well-known/core\n\x1b[31m";

	e.path_len = sizeof(path) - 1;
	memcpy(e.path, path, e.path_len);
	return e;
}
