/* SPDX-License-Identifier: BSD-3-Clause */
/* Programs as JSON; see program_json.h. */
#include "program_json.h"

#include "names.h"

#include <stdbool.h>

json_t *damp_program_json(const struct damp_progview *v)
{
	const struct damp_program_hdr *h = v->hdr;

	return json_pack("{s:s, s:i, s:s, s:s, s:i, s:i, s:i, s:I}",
			 "name", h->name,
			 "revision", (int)h->revision,
			 "digest", h->digest,
			 "mode", damp_name_mode(h->mode),
			 "rules", (int)h->nrules,
			 "observing", (int)damp_progview_count_mode(v, DAMP_MODE_OBSERVE),
			 "limits", (int)h->nlimits,
			 "bytes", (json_int_t)h->total_len);
}

static json_t *rung_json(const struct damp_rung *r, const char *unit)
{
	return json_pack("{s:i, s:f, s:f, s:s}",
			 "prefix", (int)r->plen,
			 "per_s", damp_progview_rate(r),
			 "burst", damp_progview_burst(r),
			 "unit", unit);
}

static json_t *ladder_json(const struct damp_rung *rung, unsigned n, const char *unit)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < n && i < DAMP_RUNGS_MAX; i++)
		json_array_append_new(all, rung_json(&rung[i], unit));
	return all;
}

static json_t *open_json(const struct damp_rung *rung, unsigned n)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < n && i < DAMP_RUNGS_MAX; i++)
		json_array_append_new(all, json_pack("{s:i, s:i}", "prefix", (int)rung[i].plen,
						     "open", (int)rung[i].burst_ticks));
	return all;
}

static json_t *limit_json(const struct damp_progview *v, const struct damp_limit *l)
{
	const bool open = l->kind == DAMP_LIMIT_CONCURRENT;
	const char *unit = l->kind == DAMP_LIMIT_MESSAGES ? "messages" : "bytes";
	json_t *j =
		json_pack("{s:s, s:s, s:s, s:o, s:o}",
			  "name", damp_progview_string(v, l->name_off),
			  "kind", damp_name_limit_kind(l->kind),
			  "per", damp_name_per(l->per),
			  "ipv4", open ? open_json(l->rung4, l->nrungs4)
				       : ladder_json(l->rung4, l->nrungs4, unit),
			  "ipv6", open ? open_json(l->rung6, l->nrungs6)
				       : ladder_json(l->rung6, l->nrungs6, unit));

	if (l->count != DAMP_COUNT_MESSAGES && l->count != DAMP_COUNT_EXCHANGES)
		json_object_set_new(j, "count", json_string(damp_name_count(l->count)));
	if (l->kind == DAMP_LIMIT_AMPLIFICATION) {
		json_object_set_new(j, "max_factor", json_real(l->alpha_q8 / 256.0));
		json_object_set_new(j, "floor_bytes", json_integer(l->floor_bytes));
		json_object_set_new(j, "window_s", json_integer(l->window_s));
	}
	return j;
}

json_t *damp_program_guard_json(const struct damp_progview *v)
{
	const struct damp_guard *g = v->guard;
	json_t *j = json_pack("{s:f, s:o, s:o, s:o, s:o, s:o}",
			      "max_factor", g->alpha_q8 / 256.0,
			      "host4", rung_json(&g->host4, "bytes"),
			      "net4", rung_json(&g->net4, "bytes"),
			      "host6", rung_json(&g->host6, "bytes"),
			      "net6", rung_json(&g->net6, "bytes"),
			      "proved", rung_json(&g->proved, "bytes"));

	json_object_set_new(j, "first_host", rung_json(&g->first_host, "messages"));
	json_object_set_new(j, "first_known", rung_json(&g->first_known, "messages"));
	json_object_set_new(j, "first_net4", rung_json(&g->first_net4, "messages"));
	json_object_set_new(j, "first_net6", rung_json(&g->first_net6, "messages"));
	json_object_set_new(j, "challenge_retry", rung_json(&g->challenge_retry, "messages"));
	json_object_set_new(j, "server", rung_json(&g->server, "messages"));
	json_object_set_new(j, "challenge_host", rung_json(&g->challenge_host, "messages"));
	json_object_set_new(j, "challenge_net4", rung_json(&g->challenge_net4, "messages"));
	json_object_set_new(j, "challenge_net6", rung_json(&g->challenge_net6, "messages"));
	json_object_set_new(j, "challenge_all", rung_json(&g->challenge_all, "messages"));
	json_object_set_new(j, "ping", rung_json(&g->ping, "messages"));
	json_object_set_new(j, "probing", rung_json(&g->probing, "messages"));
	json_object_set_new(j, "proof_idle_s", json_integer(g->proof_idle_s));
	json_object_set_new(j, "proof_max_s", json_integer(g->proof_max_s));
	return j;
}

json_t *damp_program_limits_json(const struct damp_progview *v)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < v->hdr->nlimits; i++)
		json_array_append_new(all, limit_json(v, &v->limits[i]));
	return all;
}
