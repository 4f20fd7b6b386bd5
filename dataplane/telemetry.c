/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Telemetry commands; see telemetry.h.
 *
 * Limits of the socket: 256 entries a dictionary, 16 KiB an answer, names of
 * letters, digits, '_' and '/'. So rules come in pages, by slot.
 *
 * The callbacks get no argument in this version of DPDK, hence the one pointer
 * at file scope: set once before the commands exist, read only afterwards.
 * They run on DPDK's telemetry thread and only read the segment.
 */
#include "telemetry.h"

#include <damper/wire.h>
#include <errno.h>
#include <rte_telemetry.h>
#include <stdio.h>
#include <stdlib.h>

#define RULES_PER_PAGE 32u

static const struct damp_stats *segment;

static const char *const source_name[DAMP_SOURCE_MAX] = {
	[DAMP_SOURCE_BUILTIN] = "builtin", [DAMP_SOURCE_DISK] = "disk", [DAMP_SOURCE_LOADED] = "loaded",
};

static const char *const table_name[DAMP_TABLE_MAX] = {
#define X(name, label) label,
	DAMP_TABLES(X)
#undef X
};

static const char *const reason_name[DAMP_REASON_MAX] = {
#define X(name, label, severity, help) label,
	DAMP_REASONS(X)
#undef X
};

static const char *const side_name[DAMP_SIDE_MAX] = { "outside", "inside" };

/* A dictionary inside d. */
static struct rte_tel_data *nested(struct rte_tel_data *d, const char *name)
{
	struct rte_tel_data *n = rte_tel_data_alloc();

	if (n == NULL)
		return NULL;
	rte_tel_data_start_dict(n);
	if (rte_tel_data_add_dict_container(d, name, n, 0) == 0)
		return n;
	rte_tel_data_free(n);
	return NULL;
}

static void add_ports(struct rte_tel_data *d)
{
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		const struct damp_port_stats *port = &segment->port[side];
		struct rte_tel_data *n = nested(d, side_name[side]);

		if (n == NULL)
			return;
		rte_tel_data_add_dict_string(n, "name", port->name);
		rte_tel_data_add_dict_u64(n, "link_up", port->link_up);
		rte_tel_data_add_dict_u64(n, "mtu", port->mtu);
		rte_tel_data_add_dict_u64(n, "imissed", port->imissed);
		rte_tel_data_add_dict_u64(n, "rx_nombuf", port->rx_nombuf);
		rte_tel_data_add_dict_u64(n, "ierrors", port->ierrors);
		rte_tel_data_add_dict_u64(n, "oerrors", port->oerrors);
		rte_tel_data_add_dict_u64(n, "symmetric_rss", port->symmetric_rss);
	}
}

static int on_status(const char *cmd, const char *params, struct rte_tel_data *d)
{
	const uint64_t source = segment->program_source;

	(void)cmd;
	(void)params;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "program", segment->program_name);
	rte_tel_data_add_dict_string(d, "digest", segment->program_digest);
	rte_tel_data_add_dict_string(d, "source", source < DAMP_SOURCE_MAX ? source_name[source] : "unknown");
	rte_tel_data_add_dict_u64(d, "generation", segment->generation);
	rte_tel_data_add_dict_u64(d, "revision", segment->program_revision);
	rte_tel_data_add_dict_u64(d, "loads_ok", segment->loads_ok);
	rte_tel_data_add_dict_u64(d, "loads_rejected", segment->loads_rejected);
	rte_tel_data_add_dict_u64(d, "bypass_until_s", segment->bypass_until_s);
	rte_tel_data_add_dict_u64(d, "workers", segment->nworkers);
	rte_tel_data_add_dict_u64(d, "memory_bytes", segment->memory_bytes);
	rte_tel_data_add_dict_u64(d, "buffers", segment->mempool_size);
	rte_tel_data_add_dict_u64(d, "buffers_free", segment->mempool_free);
	add_ports(d);
	return 0;
}

/* Packets by reason and the side they came in on; zeros are left out. */
static int on_reasons(const char *cmd, const char *params, struct rte_tel_data *d)
{
	char name[RTE_TEL_MAX_STRING_LEN];

	(void)cmd;
	(void)params;
	rte_tel_data_start_dict(d);
	for (unsigned r = 0; r < DAMP_REASON_MAX; r++)
		for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
			uint64_t packets = 0;

			for (unsigned w = 0; w < segment->nworkers; w++)
				packets += segment->worker[w].reason[side][r].packets;
			if (packets == 0)
				continue;
			snprintf(name, sizeof(name), "%s/%s", reason_name[r], side_name[side]);
			rte_tel_data_add_dict_u64(d, name, packets);
		}
	return 0;
}

static uint64_t rule_packets(uint32_t slot, enum damp_outcome outcome)
{
	uint64_t n = 0;

	for (unsigned w = 0; w < segment->nworkers; w++)
		n += segment->worker[w].rule[slot][outcome].packets;
	return n;
}

static void add_rule(struct rte_tel_data *d, uint32_t slot)
{
	char name[RTE_TEL_MAX_STRING_LEN];
	struct rte_tel_data *n;

	snprintf(name, sizeof(name), "slot_%u", slot);
	n = nested(d, name);
	if (n == NULL)
		return;
	rte_tel_data_add_dict_string(n, "rule", slot == 0 ? "(without a slot)" : segment->rule_slot[slot]);
	rte_tel_data_add_dict_u64(n, "matched", rule_packets(slot, DAMP_OUT_MATCHED));
	rte_tel_data_add_dict_u64(n, "over", rule_packets(slot, DAMP_OUT_OVER));
	rte_tel_data_add_dict_u64(n, "would", rule_packets(slot, DAMP_OUT_WOULD));
	rte_tel_data_add_dict_u64(n, "acted", rule_packets(slot, DAMP_OUT_ACTED));
}

static int on_rules(const char *cmd, const char *params, struct rte_tel_data *d)
{
	const uint32_t n = __atomic_load_n(&segment->nrule_slots, __ATOMIC_ACQUIRE);
	char *end = NULL;
	const unsigned long offset = params != NULL && params[0] != '\0' ? strtoul(params, &end, 10) : 0;

	(void)cmd;
	if (end != NULL && *end != '\0')
		return -EINVAL;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_u64(d, "slots", n);
	for (unsigned long i = offset; i < n && i < offset + RULES_PER_PAGE; i++)
		add_rule(d, (uint32_t)i);
	return 0;
}

static void add_worker(struct rte_tel_data *d, unsigned index)
{
	const struct damp_worker_stats *s = &segment->worker[index];
	char name[RTE_TEL_MAX_STRING_LEN];
	struct rte_tel_data *n;

	snprintf(name, sizeof(name), "worker_%u", index);
	n = nested(d, name);
	if (n == NULL)
		return;
	rte_tel_data_add_dict_u64(n, "rx", s->rx[DAMP_OUTSIDE].packets + s->rx[DAMP_INSIDE].packets);
	rte_tel_data_add_dict_u64(n, "tx", s->tx[DAMP_OUTSIDE].packets + s->tx[DAMP_INSIDE].packets);
	rte_tel_data_add_dict_u64(n, "emitted", s->emitted);
	rte_tel_data_add_dict_u64(n, "bursts", s->bursts);
	rte_tel_data_add_dict_u64(n, "cycles_busy", s->cycles_busy);
	rte_tel_data_add_dict_u64(n, "cycles_idle", s->cycles_idle);
	rte_tel_data_add_dict_u64(n, "heartbeat", s->heartbeat);
	rte_tel_data_add_dict_u64(n, "steered_out", s->steered_out);
	rte_tel_data_add_dict_u64(n, "steered_in", s->steered_in);
	rte_tel_data_add_dict_u64(n, "rss_mismatch", s->rss_mismatch);
	rte_tel_data_add_dict_u64(n, "memo_hits", s->memo_hits);
	rte_tel_data_add_dict_u64(n, "memo_misses", s->memo_misses);
	rte_tel_data_add_dict_u64(n, "events_lost", s->events_lost);
}

static int on_workers(const char *cmd, const char *params, struct rte_tel_data *d)
{
	(void)cmd;
	(void)params;
	rte_tel_data_start_dict(d);
	for (unsigned w = 0; w < segment->nworkers; w++)
		add_worker(d, w);
	return 0;
}

static int on_tables(const char *cmd, const char *params, struct rte_tel_data *d)
{
	(void)cmd;
	(void)params;
	rte_tel_data_start_dict(d);
	for (unsigned t = 0; t < DAMP_TABLE_MAX; t++) {
		struct rte_tel_data *n = nested(d, table_name[t]);
		uint64_t evictions = 0;

		if (n == NULL)
			return -ENOMEM;
		for (unsigned w = 0; w < segment->nworkers; w++)
			evictions += segment->worker[w].table_evictions[t];
		rte_tel_data_add_dict_u64(n, "entries", segment->table_entries[t]);
		rte_tel_data_add_dict_u64(n, "capacity", segment->table_capacity[t]);
		rte_tel_data_add_dict_u64(n, "bytes", segment->table_bytes[t]);
		rte_tel_data_add_dict_u64(n, "evictions", evictions);
	}
	return 0;
}

int damp_telemetry_register(const struct damp_stats *s)
{
	static const struct { const char *cmd; telemetry_cb fn; const char *help; } commands[] = {
		{ "/damper/status", on_status, "What runs: program, ports, memory. No parameters" },
		{ "/damper/reasons", on_reasons, "Packets by verdict reason and side. No parameters" },
		{ "/damper/rules", on_rules, "Packets by rule, 32 slots. Parameter: first slot" },
		{ "/damper/workers", on_workers, "Counters of each worker. No parameters" },
		{ "/damper/tables", on_tables,
		  "Entries, capacity and evictions of each table. No parameters" },
	};
	int rc = 0;

	segment = s;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && rc == 0; i++)
		rc = rte_telemetry_register_cmd(commands[i].cmd, commands[i].fn, commands[i].help);
	return rc;
}
