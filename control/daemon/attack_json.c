/* SPDX-License-Identifier: BSD-3-Clause */
/* See attack_json.h. */
#include "attack_json.h"

#include "common/names.h"
#include "common/text.h"
#include "event_json.h"
#include "metrics.h"
#include "metrics_dataplane.h"

#include <inttypes.h>
#include <string.h>

#define TARGETS 5u
#define NETWORKS 10u
#define PATHS 5u

/* Of the packets that records stand for, rounded to thousandths. */
static double share(const struct damp_top *t, const struct damp_top_entry *e)
{
	return t->sum == 0 ? 0 : (double)(uint64_t)((double)e->count / (double)t->sum * 1000 + 0.5) / 1000;
}

static json_t *text_path(const struct damp_top_entry *e)
{
	char out[4 * DAMP_TOP_KEY + 8];

	damp_event_clean_text((const char *)e->key, e->len, out, sizeof(out));
	return json_string(out);
}

static json_t *text_net(const struct damp_top_entry *e)
{
	char ip[DAMP_TEXT_ADDR_LEN], out[DAMP_TEXT_ADDR_LEN + 8];

	snprintf(out, sizeof(out), "%s/%u", damp_text_addr(ip, sizeof(ip), e->key), e->len);
	return json_string(out);
}

static json_t *text_host(const struct damp_top_entry *e)
{
	char ip[DAMP_TEXT_ADDR_LEN];

	return json_string(damp_text_addr(ip, sizeof(ip), e->key));
}

static json_t *top_json(const struct damp_top *t, unsigned most, const char *key,
			json_t *(*text)(const struct damp_top_entry *e))
{
	const struct damp_top_entry *e[DAMP_TOP_SLOTS];
	const unsigned n = damp_top_sorted(t, e);
	json_t *j = json_array();

	for (unsigned i = 0; i < n && i < most; i++)
		json_array_append_new(j, json_pack("{s:o, s:f}", key, text(e[i]), "share", share(t, e[i])));
	return j;
}

static void add_tops(json_t *j, const struct damp_tops *t)
{
	const struct damp_top_entry *e[DAMP_TOP_SLOTS];

	if (t == NULL)
		return;
	if (damp_top_sorted(&t->target, e) > 0)
		json_object_set_new(j, "worst_target", text_host(e[0]));
	json_object_set_new(j, "targets", top_json(&t->target, TARGETS, "ip", text_host));
	json_object_set_new(j, "sources", top_json(&t->network, NETWORKS, "prefix", text_net));
	json_object_set_new(j, "sources_seen", json_integer(t->sources));
	json_object_set_new(j, "records", json_integer((json_int_t)t->records));
	json_object_set_new(j, "paths", top_json(&t->path, PATHS, "path", text_path));
}

static json_t *time_json(int64_t wall_us)
{
	char ts[DAMP_TEXT_LEN];

	return json_string(damp_text_time(ts, sizeof(ts), wall_us));
}

/* One decimal: what was measured is no finer. */
static json_t *rate_json(double r)
{
	return json_real((double)(uint64_t)(r * 10 + 0.5) / 10);
}

static json_t *attack_json(const struct damp_attack *x)
{
	json_t *j = json_pack("{s:s, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o}",
			      "id", x->id,
			      "started", time_json(x->started_us),
			      "last", time_json(x->loud_us),
			      "packets", (json_int_t)x->total.packets,
			      "bytes", (json_int_t)x->total.bytes,
			      "packets_per_s", rate_json(x->pps),
			      "bytes_per_s", rate_json(x->Bps),
			      "peak_packets_per_s", rate_json(x->peak_pps),
			      "peak_bytes_per_s", rate_json(x->peak_Bps),
			      "threshold_per_s", json_real(x->threshold_pps));

	add_tops(j, x->tops);
	return j;
}

static const char *severity(enum damp_attack_phase phase, const struct damp_attack *x,
			    const struct damp_prog *prog)
{
	if (phase == DAMP_ATTACK_END)
		return "ok";
	for (unsigned i = 0; prog != NULL && x->slot > 0 && i < prog->view.hdr->nrules; i++) {
		const struct damp_rule *r = &prog->view.rules[i];

		if (r->loud != DAMP_LOUD_UNSAID &&
		    strcmp(damp_progview_string(&prog->view, r->id_off), x->rule) == 0)
			return damp_name_loud(r->loud);
	}
	return "attack";
}

static void add_who(json_t *j, const struct damp_attack *x, const struct damp_prog *prog)
{
	if (x->slot == 0) {
		json_object_set_new(j, "reason", json_string(damp_name_reason(x->reason)));
		return;
	}
	json_object_set_new(j, "rule", json_string(x->rule));
	damp_event_add_place(j, x->rule, prog);
	json_object_set_new(j, "mode",
			    json_string(damp_name_mode(x->observed ? DAMP_MODE_OBSERVE : DAMP_MODE_ENFORCE)));
}

json_t *damp_attack_event(enum damp_attack_phase phase, const struct damp_attack *x,
			  const struct damp_prog *prog)
{
	static const char *const word[] = { "start", "update", "end" };
	json_t *j = damp_event_own_json("attack", severity(phase, x, prog)), *attack = attack_json(x);

	add_who(j, x, prog);
	json_object_set_new(attack, "phase", json_string(word[phase]));
	json_object_set_new(j, "attack", attack);
	return j;
}

static void append(void *arg, const struct damp_attack *x)
{
	json_t *j = attack_json(x);

	add_who(j, x, NULL);
	json_array_append_new(arg, j);
}

json_t *damp_attacks_json(struct damp_attacks *a)
{
	json_t *all = json_array();

	damp_attacks_each(a, append, all);
	return all;
}

static void print(FILE *f, struct damp_attacks *a, const struct damp_snap *snap, const char *name, bool total)
{
	bool active;

	for (unsigned slot = 1; slot < snap->stats.nrule_slots; slot++) {
		const uint64_t begun = damp_attacks_of_slot(a, slot, &active);

		if (snap->stats.rule_slot[slot][0] == '\0')
			continue;
		fprintf(f, "%s{rule=\"", name);
		damp_metrics_escape(f, snap->stats.rule_slot[slot]);
		fprintf(f, "\",reason=\"\"} %" PRIu64 "\n", total ? begun : (uint64_t)active);
	}
	for (unsigned r = DAMP_REASON_FIRST_DROP; r < DAMP_REASON_MAX; r++) {
		const uint64_t begun = damp_attacks_of_reason(a, r, &active);

		if (damp_attack_reason(r))
			fprintf(f, "%s{rule=\"\",reason=\"%s\"} %" PRIu64 "\n", name, damp_name_reason(r),
				total ? begun : (uint64_t)active);
	}
}

void damp_attacks_metrics(FILE *f, struct damp_attacks *a, const struct damp_snap *snap)
{
	damp_metrics_family(f, "damper_attack_active", "gauge",
			    "1 while an attack lasts: on a rule, or for a reason of the guard.");
	print(f, a, snap, "damper_attack_active", false);
	damp_metrics_family(f, "damper_attacks_total", "counter",
			    "Attacks that began since damperd started.");
	print(f, a, snap, "damper_attacks_total", true);
}
