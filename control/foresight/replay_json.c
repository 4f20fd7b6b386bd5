/* SPDX-License-Identifier: BSD-3-Clause */
/* See replay_json.h. */
#include "replay_json.h"

#include "common/diag_json.h"
#include "common/names.h"
#include "common/text.h"
#include "explain.h"

static const char *const set_name[] = { "new", "against" };

static json_t *time_json(int64_t ns)
{
	char text[DAMP_TEXT_LEN];

	return json_string(damp_text_time(text, sizeof(text), ns / 1000));
}

static json_t *capture_json(const struct damp_replay *r, const char *file)
{
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "file", damp_json_text(file),
			 "frames", (json_int_t)r->frames, "coap_frames", (json_int_t)r->coap_frames,
			 "cut", (json_int_t)r->cut, "out_of_order", (json_int_t)r->out_of_order,
			 "first", r->frames ? time_json(r->first_ns) : json_null(), "last",
			 r->frames ? time_json(r->last_ns) : json_null(), "seconds",
			 damp_real_json((double)(r->last_ns - r->first_ns) / 1e9));
}

static json_t *sides_json(const struct damp_sides *s)
{
	json_t *j = json_object();

	for (enum damp_side_witness w = 0; w < DAMP_SIDE_BY_MAX; w++)
		json_object_set_new(j, damp_side_witness_label(w),
				    json_integer((json_int_t)s->coap_frames[w]));
	return j;
}

static json_t *worst_json(const struct damp_replay_set *s)
{
	const struct damp_peer_bytes *w = damp_peers_worst(&s->peers);
	char addr[DAMP_TEXT_ADDR_LEN];

	if (w == NULL)
		return json_null();
	return json_pack("{s:o, s:s, s:I, s:I}", "factor",
			 damp_real_json((double)w->out / (double)w->in), "address",
			 damp_text_addr(addr, sizeof(addr), w->addr.b), "bytes_in",
			 (json_int_t)w->in, "bytes_out", (json_int_t)w->out);
}

static json_t *reasons_json(const struct damp_replay_set *s)
{
	json_t *j = json_object();

	for (unsigned i = 0; i < DAMP_REASON_MAX; i++)
		if (s->reason[i])
			json_object_set_new(j, damp_name_reason(i),
					    json_integer((json_int_t)s->reason[i]));
	return j;
}

static json_t *tables_json(const struct damp_replay_set *s)
{
	json_t *j = json_object();

	for (unsigned t = 0; t < DAMP_TABLE_MAX; t++)
		json_object_set_new(j, damp_name_table(t),
				    json_pack("{s:I, s:I, s:I}", "most", (json_int_t)s->peak[t],
					      "capacity", (json_int_t)s->capacity[t], "evictions",
					      (json_int_t)s->bench->stats->table_evictions[t]));
	return j;
}

static json_t *held_json(const struct damp_replay_held *h)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "messages", (json_int_t)h->messages, "forwarded",
			 (json_int_t)h->forwarded, "challenged", (json_int_t)h->challenged, "dropped",
			 (json_int_t)h->dropped, "waiting",
			 (json_int_t)(h->messages - h->forwarded - h->challenged - h->dropped), "longest_s",
			 damp_real_json((double)h->longest / DAMP_TICK_HZ));
}

static json_t *set_json(const struct damp_replay_set *s, json_t *origin)
{
	const uint64_t *v = s->verdict;
	json_t *j = json_pack(
		"{s:O, s:I, s:I, s:I, s:I, s:I, s:I}", "rules_from", origin, "accepted",
		(json_int_t)(v[DAMP_VERDICT_ACCEPT] + v[DAMP_VERDICT_SHAPE]), "shaped",
		(json_int_t)v[DAMP_VERDICT_SHAPE], "dropped", (json_int_t)v[DAMP_VERDICT_DROP],
		"challenged", (json_int_t)v[DAMP_VERDICT_CHALLENGE], "answered",
		(json_int_t)v[DAMP_VERDICT_ANSWER], "not_coap",
		(json_int_t)s->reason[DAMP_REASON_NOT_COAP]);

	json_object_set_new(j, "held", held_json(&s->held));
	json_object_set_new(j, "verified_dropped", json_integer((json_int_t)s->verified_dropped));
	json_object_set_new(j, "unverified_bytes_in",
			    json_integer((json_int_t)damp_replay_bytes_in(s)));
	json_object_set_new(j, "unverified_bytes_out",
			    json_integer((json_int_t)damp_replay_bytes_out(s)));
	json_object_set_new(j, "worst_amplification", worst_json(s));
	json_object_set_new(j, "addresses", json_integer((json_int_t)s->peers.n));
	json_object_set_new(j, "packets_of_addresses_not_followed",
			    json_integer((json_int_t)s->peers.not_followed));
	json_object_set_new(j, "reasons", reasons_json(s));
	json_object_set_new(j, "tables", tables_json(s));
	return j;
}

static json_t *change_json(const struct damp_replay_change *c)
{
	char src[DAMP_TEXT_ADDR_LEN], dst[DAMP_TEXT_ADDR_LEN];

	if (c->frame == 0)
		return json_null();
	return json_pack("{s:I, s:o, s:s, s:s, s:s, s:s}", "frame", (json_int_t)c->frame, "time",
			 time_json(c->ts_ns), "src", damp_text_addr(src, sizeof(src), c->src.b),
			 "dst", damp_text_addr(dst, sizeof(dst), c->dst.b), "against",
			 damp_name_verdict(c->verdict[1]), "new", damp_name_verdict(c->verdict[0]));
}

static json_t *counts_json(const struct damp_replay_set *s, int32_t rule)
{
	json_t *j;
	char at[DAMP_AT_TEXT];

	if (rule < 0)
		return json_null();
	j = json_pack("{s:o, s:s}", "at",
		      damp_json_text(damp_rule_at(s->bench->view, (uint32_t)rule, at)), "mode",
		      damp_name_mode(s->bench->view->rules[rule].mode));
	for (unsigned o = 0; o < DAMP_OUTCOME_MAX; o++)
		json_object_set_new(j, damp_name_outcome(o),
				    json_integer((json_int_t)s->rule[rule].count[o]));
	return j;
}

static json_t *rules_json(const struct damp_replay *r)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < r->nrows; i++) {
		json_t *j = json_pack("{s:s}", "id", r->row[i].id);

		for (unsigned k = 0; k < r->nsets; k++)
			json_object_set_new(j, set_name[k],
					    counts_json(&r->set[k], r->row[i].rule[k]));
		if (r->nsets == 2)
			json_object_set_new(j, "first_changed", change_json(&r->row[i].first));
		json_array_append_new(all, j);
	}
	return all;
}

json_t *damp_replay_json(const struct damp_replay *r, const char *file, json_t *const origins[2])
{
	json_t *j = json_pack("{s:i, s:o, s:o, s:s}", "schema", DAMP_JSON_SCHEMA, "capture",
			      capture_json(r, file), "sides", sides_json(&r->sides), "state",
			      r->grace ? "empty, in the grace time" : "empty");
	json_t *sets = json_object();

	for (unsigned k = 0; k < r->nsets; k++)
		json_object_set_new(sets, set_name[k], set_json(&r->set[k], origins[k]));
	json_object_set_new(j, "sets", sets);
	json_object_set_new(j, "changed",
			    r->nsets < 2 ? json_null()
					 : json_pack("{s:I, s:o}", "frames", (json_int_t)r->changed,
						     "first", change_json(&r->first)));
	json_object_set_new(j, "rules", rules_json(r));
	return j;
}
