/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How full the tables are and what they had to forget, for the slow loop; see judge.h.
 *
 * Idea: a table counts its evictions itself, where they happen. Here they are copied
 * into the counters that everybody reads, once a second; those of a table that all
 * workers share go into the first one's block.
 *
 * Invariant: of a worker's block only the evictions of tables are written, and not
 * those of the probes, which the worker counts.
 */
#include "judge_state.h"
#include "peer_line.h"

static void count_entries(const struct damp_judge *j, struct damp_judge_worker *const *w, unsigned n, damp_tick now,
			  uint64_t entries[DAMP_TABLE_MAX])
{
	memset(entries, 0, DAMP_TABLE_MAX * sizeof(*entries));
	entries[DAMP_TABLE_LEDGER] = damp_ledger_live(j->ledger, now, 0, damp_ledger_lines(j->ledger));
	entries[DAMP_TABLE_CONCURRENT] = damp_tally_live(j->tally, now);
	entries[DAMP_TABLE_PEERS] = damp_peer_live(j->peers, now);
	entries[DAMP_TABLE_LEASES] = damp_lease_live(j->leases, now);
	entries[DAMP_TABLE_REGISTRY] = damp_registry_live(j->registry, now);
	for (unsigned i = 0; i < n; i++) {
		entries[DAMP_TABLE_EXCHANGES] += damp_xchg_live(w[i]->xchg, now);
		entries[DAMP_TABLE_HELD] += damp_held_live(w[i]->held, now);
		entries[DAMP_TABLE_SEEN] += damp_seen_live(w[i]->seen, now);
		entries[DAMP_TABLE_OBSERVATIONS] += damp_obs_live(w[i]->obs, now);
		entries[DAMP_TABLE_PROBES] += w[i]->probes.tail - w[i]->probes.head;
		entries[DAMP_TABLE_WAITING] += __atomic_load_n(&w[i]->hold.used, __ATOMIC_RELAXED);
		entries[DAMP_TABLE_TRANSFERS] += damp_transfer_live(w[i]->transfers, now);
	}
	for (unsigned list = 0; list < DAMP_LISTS_MAX; list++)
		entries[DAMP_TABLE_LISTS] += damp_prefixes_count(j->prefixes, list);
	for (unsigned i = 0; i < DAMP_SUSPECT_LINES * DAMP_SUSPECT_WAYS; i++)
		entries[DAMP_TABLE_SUSPECTS] += j->blocker->suspect[i / DAMP_SUSPECT_WAYS][i % DAMP_SUSPECT_WAYS].slot != 0;
}

static void say_capacity(const struct damp_judge *j, unsigned n, uint64_t capacity[DAMP_TABLE_MAX])
{
	const struct damp_judge_config *c = &j->cfg;

	capacity[DAMP_TABLE_LEDGER] = (uint64_t)DAMP_LEDGER_WAYS * damp_ledger_lines(j->ledger);
	capacity[DAMP_TABLE_PEERS] = (uint64_t)DAMP_PEER_WAYS << c->peers_log2;
	capacity[DAMP_TABLE_CONCURRENT] = (uint64_t)DAMP_TALLY_WAYS << c->tally_log2;
	capacity[DAMP_TABLE_HELD] = ((uint64_t)DAMP_PAIR_WAYS << c->held_log2) * n;
	capacity[DAMP_TABLE_EXCHANGES] = ((uint64_t)DAMP_PAIR_WAYS << c->xchg_log2) * n;
	capacity[DAMP_TABLE_SEEN] = (4ull << c->seen_log2) * n;
	capacity[DAMP_TABLE_OBSERVATIONS] = ((uint64_t)DAMP_PAIR_WAYS << c->obs_log2) * n;
	capacity[DAMP_TABLE_PROBES] = (1ull << DAMP_PROBES_LOG2) * n;
	capacity[DAMP_TABLE_GREYLIST] = (1ull << c->grey_log2) * n;
	capacity[DAMP_TABLE_WAITING] = (uint64_t)DAMP_HOLDS * n;
	capacity[DAMP_TABLE_LISTS] = damp_prefixes_capacity(j->prefixes);
	capacity[DAMP_TABLE_SUSPECTS] = DAMP_SUSPECT_LINES * DAMP_SUSPECT_WAYS;
	capacity[DAMP_TABLE_TRANSFERS] = ((uint64_t)DAMP_PAIR_WAYS << c->transfers_log2) * n;
	capacity[DAMP_TABLE_LEASES] = (uint64_t)DAMP_LEASE_WAYS << c->leases_log2;
	capacity[DAMP_TABLE_REGISTRY] = 2ull << c->registry_log2;
}

static void say_bytes(const struct damp_judge_config *c, unsigned n, uint64_t bytes[DAMP_TABLE_MAX])
{
	bytes[DAMP_TABLE_LEDGER] = damp_ledger_bytes(c->ledger_log2);
	bytes[DAMP_TABLE_PEERS] = damp_peer_bytes(c->peers_log2);
	bytes[DAMP_TABLE_CONCURRENT] = damp_tally_bytes(c->tally_log2);
	bytes[DAMP_TABLE_HELD] = damp_held_bytes(c->held_log2) * n;
	bytes[DAMP_TABLE_EXCHANGES] = damp_xchg_bytes(c->xchg_log2) * n;
	bytes[DAMP_TABLE_SEEN] = damp_seen_bytes(c->seen_log2) * n;
	bytes[DAMP_TABLE_OBSERVATIONS] = damp_obs_bytes(c->obs_log2) * n;
	bytes[DAMP_TABLE_GREYLIST] = (damp_grey_bytes(c->grey_log2) + damp_repeat_bytes(c->repeat_lines)) * n;
	bytes[DAMP_TABLE_PROBES] = 2 * sizeof(struct damp_probe_fifo) * n;
	bytes[DAMP_TABLE_WAITING] = sizeof(struct damp_hold) * n;
	bytes[DAMP_TABLE_LISTS] = damp_prefixes_bytes(c->lists_log2);
	bytes[DAMP_TABLE_SUSPECTS] = sizeof(struct damp_blocker);
	bytes[DAMP_TABLE_TRANSFERS] = damp_transfer_bytes(c->transfers_log2) * n;
	bytes[DAMP_TABLE_LEASES] = damp_lease_bytes(c->leases_log2);
	bytes[DAMP_TABLE_REGISTRY] = damp_registry_bytes(c->registry_log2);
}

static void tell_evictions(const struct damp_judge *j, struct damp_judge_worker *const *w, unsigned n)
{
	uint64_t *shared = w[0]->stats->table_evictions;

	shared[DAMP_TABLE_LEDGER] = damp_ledger_evictions(j->ledger);
	shared[DAMP_TABLE_PEERS] = damp_peer_evictions(j->peers);
	shared[DAMP_TABLE_LEASES] = damp_lease_evictions(j->leases);
	shared[DAMP_TABLE_REGISTRY] = damp_registry_evictions(j->registry);
	for (unsigned i = 0; i < n; i++) {
		uint64_t *own = w[i]->stats->table_evictions;

		own[DAMP_TABLE_EXCHANGES] = damp_xchg_evictions(w[i]->xchg);
		own[DAMP_TABLE_SEEN] = damp_seen_evictions(w[i]->seen);
		own[DAMP_TABLE_OBSERVATIONS] = damp_obs_evictions(w[i]->obs);
		own[DAMP_TABLE_HELD] = damp_held_evictions(w[i]->held);
		own[DAMP_TABLE_TRANSFERS] = damp_transfer_evictions(w[i]->transfers);
	}
}

void damp_judge_usage(struct damp_judge *j, struct damp_judge_worker *const *w, unsigned n, damp_tick now,
		      uint64_t entries[DAMP_TABLE_MAX], uint64_t capacity[DAMP_TABLE_MAX],
		      uint64_t bytes[DAMP_TABLE_MAX])
{
	count_entries(j, w, n, now, entries);
	say_capacity(j, n, capacity);
	say_bytes(&j->cfg, n, bytes);
	tell_evictions(j, w, n);
}
