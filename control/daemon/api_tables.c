/* SPDX-License-Identifier: BSD-3-Clause */
/* /v1/rules, /v1/limits, /v1/workers and /v1/memory; see api.h. */
#include "api.h"

#include "common/diag_json.h"
#include "common/names.h"
#include "common/program_json.h"

static json_t *envelope(struct damp_control *c)
{
	json_t *j = json_pack("{s:i}", "schema", DAMP_JSON_SCHEMA);

	pthread_mutex_lock(&c->state.lock);
	json_object_set_new(j, "generation", json_integer(c->state.generation));
	pthread_mutex_unlock(&c->state.lock);
	return j;
}

static json_t *outcomes_json(const struct damp_snap *snap, unsigned slot)
{
	json_t *j = json_object();

	for (unsigned o = 0; o < DAMP_OUTCOME_MAX; o++)
		json_object_set_new(j, damp_name_outcome(o),
				    damp_api_counter(snap->total.rule[slot][o]));
	return j;
}

static json_t *rule_json(const struct damp_progview *v, const struct damp_rule *r,
			 const struct damp_snap *snap)
{
	const char *id = damp_progview_string(v, r->id_off);
	unsigned slot = damp_snap_rule_slot(snap, id);
	json_t *limits = json_array(), *j;
	char then[24], over[24];

	for (unsigned i = 0; i < r->nlimits && i < DAMP_RULE_LIMITS_MAX; i++)
		json_array_append_new(limits,
				      json_string(damp_progview_limit_name(v, r->limit[i])));
	j = json_pack("{s:s, s:s, s:s, s:o, s:i, s:i, s:s, s:s, s:o, s:o}",
			 "id", id,
			 "mode", damp_name_mode(slot > 0 ? snap->stats.rule_mode[slot] : r->mode),
			 "mode_of_file", damp_name_mode(r->mode),
			 "file", damp_json_text(damp_progview_string(v, r->file_off)),
			 "line", (int)r->line,
			 "column", (int)r->column,
			 "then", damp_name_act(&r->then, then, sizeof(then)),
			 "over", damp_name_act(&r->over, over, sizeof(over)),
			 "limits", limits,
			 "counters", slot > 0 ? outcomes_json(snap, slot) : json_null());
	if (slot > 0) {
		json_object_set_new(j, "time", json_string(damp_name_in_force(snap->stats.rule_time[slot])));
		const uint64_t left = damp_snap_left(snap->stats.rule_mode_until_s[slot]);

		json_object_set_new(j, "mode_remaining_s", json_integer((json_int_t)left));
	}
	return j;
}

json_t *damp_api_rules(struct damp_control *c, const struct damp_snap *snap)
{
	struct damp_prog *p = damp_control_running(c);
	json_t *j = envelope(c), *rules = json_array();

	for (unsigned i = 0; p != NULL && i < p->view.hdr->nrules; i++)
		json_array_append_new(rules, rule_json(&p->view, &p->view.rules[i], snap));
	json_object_set_new(j, "known", json_boolean(p != NULL));
	json_object_set_new(j, "rules", rules);
	/* Slot 0 is shared by the rules that found no slot of their own. */
	json_object_set_new(j, "without_slot", outcomes_json(snap, 0));
	damp_prog_put(p);
	return j;
}

json_t *damp_api_limits(struct damp_control *c, const struct damp_snap *snap)
{
	struct damp_prog *p = damp_control_running(c);
	json_t *j = envelope(c);

	(void)snap;
	json_object_set_new(j, "known", json_boolean(p != NULL));
	json_object_set_new(j, "guard",
			    p != NULL ? damp_program_guard_json(&p->view) : json_null());
	json_object_set_new(j, "limits",
			    p != NULL ? damp_program_limits_json(&p->view) : json_array());
	damp_prog_put(p);
	return j;
}

static json_t *stages_json(const struct damp_worker_stats *w)
{
	json_t *j = json_object();

	for (unsigned s = 0; s < DAMP_STAGE_MAX; s++)
		json_object_set_new(j, damp_name_stage(s),
				    json_pack("{s:I, s:I}",
					      "cycles", (json_int_t)w->stage_cycles[s],
					      "packets", (json_int_t)w->stage_packets[s]));
	return j;
}

static struct damp_counter both(const struct damp_counter side[DAMP_SIDE_MAX])
{
	return (struct damp_counter){ side[0].packets + side[1].packets,
				      side[0].bytes + side[1].bytes };
}

static json_t *worker_json(const struct damp_worker_stats *w, unsigned i,
			   const struct damp_rates *r)
{
	json_t *j = json_pack("{s:i, s:o, s:o, s:I, s:I, s:I, s:o}",
			      "worker", (int)i,
			      "rx", damp_api_counter(both(w->rx)),
			      "tx", damp_api_counter(both(w->tx)),
			      "cycles_busy", (json_int_t)w->cycles_busy,
			      "cycles_idle", (json_int_t)w->cycles_idle,
			      "bursts", (json_int_t)w->bursts,
			      "stages", stages_json(w));

	json_object_set_new(j, "load", r->valid ? json_real(r->load[i]) : json_null());
	json_object_set_new(j, "packets_per_s", r->valid ? json_real(r->pps[i]) : json_null());
	json_object_set_new(j, "cycles_per_packet",
			    r->valid ? json_real(r->cycles_per_packet[i]) : json_null());
	json_object_set_new(j, "heartbeat", json_integer((json_int_t)w->heartbeat));
	json_object_set_new(j, "steered_out", json_integer((json_int_t)w->steered_out));
	json_object_set_new(j, "steered_in", json_integer((json_int_t)w->steered_in));
	json_object_set_new(j, "rss_mismatch", json_integer((json_int_t)w->rss_mismatch));
	return j;
}

json_t *damp_api_workers(struct damp_control *c, const struct damp_snap *snap)
{
	struct damp_rates rates = damp_sampler_rates(c->sampler, snap->stats.boot_id);
	json_t *j = envelope(c), *workers = json_array();

	for (unsigned i = 0; i < snap->stats.nworkers; i++)
		json_array_append_new(workers, worker_json(&snap->stats.worker[i], i, &rates));
	json_object_set_new(j, "tsc_hz", json_integer((json_int_t)snap->stats.tsc_hz));
	json_object_set_new(j, "workers", workers);
	return j;
}

json_t *damp_api_memory(struct damp_control *c, const struct damp_snap *snap)
{
	const struct damp_stats *s = &snap->stats;
	json_t *j = envelope(c), *tables = json_array();

	for (unsigned t = 0; t < DAMP_TABLE_MAX; t++)
		json_array_append_new(tables,
				      json_pack("{s:s, s:I, s:I, s:I, s:I}",
					"table", damp_name_table(t),
					"entries", (json_int_t)s->table_entries[t],
					"capacity", (json_int_t)s->table_capacity[t],
					"bytes", (json_int_t)s->table_bytes[t],
					"evictions", (json_int_t)snap->total.table_evictions[t]));
	json_object_set_new(j, "tables", tables);
	json_object_set_new(j, "mempool",
			    json_pack("{s:I, s:I}",
				      "buffers", (json_int_t)s->mempool_size,
				      "free", (json_int_t)s->mempool_free));
	json_object_set_new(j, "memory_bytes", json_integer((json_int_t)s->memory_bytes));
	return j;
}
