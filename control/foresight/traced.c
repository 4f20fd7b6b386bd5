/* SPDX-License-Identifier: BSD-3-Clause */
/* See traced.h. */
#include "traced.h"

#include "common/diag_json.h"
#include "common/names.h"
#include "common/text.h"
#include "explain.h"
#include "live.h"

#include <stdlib.h>
#include <string.h>

static void free_program(struct damp_traced_program *p)
{
	damp_bench_free(p->bench);
	free(p->modes);
	json_decref(p->origin);
	memset(p, 0, sizeof(*p));
}

/* The mode that the data plane goes by, of a rule that has a slot. */
static uint8_t mode_of(const struct damp_stats *s, const struct damp_view *v, uint32_t rule)
{
	const char *id = damp_view_string(v, v->rules[rule].id_off);
	const uint32_t n = s->nrule_slots < DAMP_RULE_SLOTS ? s->nrule_slots : DAMP_RULE_SLOTS;

	for (uint32_t i = 1; i < n; i++)
		if (strncmp(s->rule_slot[i], id, sizeof(s->rule_slot[i])) == 0)
			return s->rule_mode[i];
	return (uint8_t)damp_live_mode(v, rule);
}

/* As they are now: an override may have come since the program did. */
static void take_modes(const struct damp_traced *t, struct damp_traced_program *p)
{
	const struct damp_view *v = p->bench->view;

	if (t->stats == NULL)
		return;
	p->bench->clock_untrusted = t->stats->clock_trusted == 0;
	for (uint32_t i = 0; i < v->hdr->nrules; i++)
		p->modes[i] = mode_of(t->stats, v, i);
	damp_bench_modes(p->bench, p->modes);
}

bool damp_traced_add(struct damp_traced *t, const void *block, size_t len, uint64_t wall_s, json_t *origin,
		     char *err, size_t errlen)
{
	const struct damp_bench_setup s = { .block = block, .len = len, .wall_s = wall_s, .small = true };
	struct damp_traced_program p = { .zero_us = wall_s * 1000000 };

	p.bench = damp_bench_new(&s, err, errlen);
	if (p.bench == NULL)
		return false;
	p.modes = calloc(p.bench->view->hdr->nrules + 1u, 1);
	if (p.modes == NULL) {
		snprintf(err, errlen, "no memory");
		damp_bench_free(p.bench);
		return false;
	}
	p.origin = json_incref(origin);
	free_program(&t->program[1]);
	t->program[1] = t->program[0];
	t->program[0] = p;
	return true;
}

static struct damp_traced_program *of_generation(const struct damp_traced *t, uint32_t generation)
{
	for (unsigned i = 0; i < 2; i++)
		if (t->program[i].bench != NULL && t->program[i].bench->view->hdr->generation == generation)
			return (struct damp_traced_program *)&t->program[i];
	return NULL;
}

bool damp_traced_knows(const struct damp_traced *t, uint32_t generation)
{
	return of_generation(t, generation) != NULL;
}

void damp_traced_free(struct damp_traced *t)
{
	free_program(&t->program[0]);
	free_program(&t->program[1]);
}

static json_t *words(const char *const *w)
{
	json_t *all = json_array();

	while (*w != NULL)
		json_array_append_new(all, json_string(*w++));
	return all;
}

/* The id of the rule that decided, by its slot, when its program is gone. */
static json_t *rule_id(const struct damp_traced *t, uint16_t slot)
{
	if (t->stats == NULL || slot == 0 || slot >= DAMP_RULE_SLOTS || slot >= t->stats->nrule_slots)
		return json_null();
	return json_sprintf("%.*s", (int)sizeof(t->stats->rule_slot[slot]) - 1, t->stats->rule_slot[slot]);
}

/* What was read from the running judge, and what was worked out from it. */
static json_t *live_json(const struct damp_traced *t, const struct damp_trace_record *r, bool peeked,
			 bool same)
{
	static const char *const measured[] = {
		"known", "rules.matched", "rules.outcome", "rules.limits", "guard", "effects", "verdict", NULL,
	};
	static const char *const derived[] = { "message", "rules.why_not", "rules.mode", NULL };
	char time[DAMP_TEXT_LEN];
	json_t *j = json_pack("{s:s, s:s, s:i, s:b, s:b, s:b, s:o, s:o}", "how",
			      peeked ? "peek" : "trace", "time",
			      damp_text_time(time, sizeof(time), (int64_t)r->wall_us), "generation",
			      (int)r->found.generation, "program_known", same, "held_before",
			      r->found.held, "bypass", r->found.bypassed, "measured", words(measured),
			      "derived", words(derived));

	if (!same)
		json_object_set_new(j, "rule", rule_id(t, r->found.rule_slot));
	if (r->found.cut)
		json_object_set_new(j, "not_all_recorded", json_true());
	if (!peeked && r->caplen < r->len)
		json_object_set_new(j, "frame_cut_to", json_integer(r->caplen));
	if (peeked)
		json_object_set_new(j, "not_read",
				    json_string("what would leave is not built, so its bytes are not known"));
	return j;
}

static void set_time(struct damp_traced_program *p, uint64_t wall_us)
{
	const uint64_t since = wall_us > p->zero_us ? wall_us - p->zero_us : 0;

	damp_bench_time(p->bench, (damp_tick)(((unsigned __int128)since << 20) / 1000000));
}

static void put_frame(json_t *doc, const struct damp_traced_program *p, const struct damp_trace_record *r,
		      bool same, const uint8_t *peeked)
{
	const uint8_t *sent = !peeked && r->sent_caplen > 0 && r->sent_caplen == r->sent_len ? r->sent : NULL;
	json_t *more;

	damp_bench_load(p->bench, (enum damp_side)r->side, peeked ? peeked : r->data,
			peeked ? r->len : r->caplen);
	more = damp_explain_found(p->bench, &r->found, same, sent, r->sent_caplen);
	if (json_is_object(json_object_get(more, "message"))) {
		json_object_set(doc, "accepted",
				json_object_get(json_object_get(more, "message"), "accepted"));
		json_object_set(doc, "reason", json_object_get(json_object_get(more, "message"), "reason"));
	}
	json_object_update(doc, more);
	json_decref(more);
}

json_t *damp_traced_json(struct damp_traced *t, const struct damp_trace_record *r, const uint8_t *peeked)
{
	struct damp_traced_program *p = of_generation(t, r->found.generation);
	const bool same = p != NULL;
	json_t *doc;

	/* Any program can tell which ports are CoAP's, most likely rightly. */
	if (!same)
		p = &t->program[0];
	set_time(p, r->wall_us);
	take_modes(t, p);
	doc = json_pack("{s:i, s:O, s:s, s:s, s:o}", "schema", DAMP_JSON_SCHEMA, "rules_from", p->origin,
			"state", "live", "side_by", peeked ? "as given" : "the port it came in on",
			"live", live_json(t, r, peeked != NULL, same));
	put_frame(doc, p, r, same, peeked);
	return doc;
}
