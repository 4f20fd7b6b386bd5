/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /v1/status: what an operator asks in the first ten seconds. Am I under
 * attack, is the filter coping, what runs since when and by whom, what is lost.
 */
#include "api.h"

#include "attack_json.h"
#include "change.h"
#include "conditions.h"
#include "common/diag_json.h"
#include "common/names.h"
#include "common/program_json.h"
#include "common/text.h"
#include "drops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

json_t *damp_api_counter(struct damp_counter c)
{
	return json_pack("{s:I, s:I}",
			 "packets", (json_int_t)c.packets,
			 "bytes", (json_int_t)c.bytes);
}

static json_t *wall(int64_t at)
{
	char ts[DAMP_TEXT_LEN];

	return at > 0 ? json_string(damp_text_time_s(ts, sizeof(ts), at)) : json_null();
}

static json_t *text_or_null(const char *text)
{
	return damp_json_text(text != NULL && text[0] != '\0' ? text : NULL);
}

static json_t *ratio(double out, double in)
{
	return in > 0 ? json_real(out / in) : json_null();
}

static json_t *damperd_json(const struct damp_control *c)
{
	return json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:o}",
			 "version", DAMP_VERSION,
			 "pid", (int)getpid(),
			 "started", wall(c->started_wall),
			 "rules_file", text_or_null(c->opt.rules_file),
			 "runtime_dir", text_or_null(c->opt.runtime_dir),
			 "state_dir", text_or_null(c->opt.state_dir),
			 "metrics", text_or_null(c->metrics_at));
}

/* state.lock is held in the next three. */
static json_t *dataplane_json(const struct damp_state *s, const struct damp_snap *snap)
{
	char boot[20];
	int64_t started;

	if (!s->up || snap == NULL)
		return json_pack("{s:b, s:s}",
				 "up", 0,
				 "why", s->up ? "its counter file cannot be read" : s->why_away);
	snprintf(boot, sizeof(boot), "%016llx", (unsigned long long)s->boot_id);
	started = (int64_t)snap->stats.started_wall_s;
	return json_pack("{s:b, s:I, s:s, s:o, s:I, s:i}",
			 "up", 1,
			 "pid", (json_int_t)s->pid,
			 "boot", boot,
			 "started", wall(started),
			 "uptime_s", (json_int_t)(time(NULL) - started),
			 "workers", (int)snap->stats.nworkers);
}

static json_t *running_json(const struct damp_state *s)
{
	const struct damp_history *h = &s->history;
	json_t *j;
	bool known;

	if (!s->up || s->running == NULL)
		return json_null();
	j = damp_program_json(&s->running->view);
	known = strcmp(h->digest, s->running->view.hdr->digest) == 0;
	json_object_set_new(j, "generation", json_integer(s->generation));
	json_object_set_new(j, "source", json_string(damp_name_source(s->source)));
	json_object_set_new(j, "loaded_at", wall(known ? h->at : 0));
	json_object_set_new(j, "loaded_by", text_or_null(known ? h->by : ""));
	json_object_set_new(j, "comment", text_or_null(known ? h->comment : ""));
	json_object_set_new(j, "file", text_or_null(known ? h->name : ""));
	return j;
}

static json_t *last_load_json(const struct damp_last_load *l)
{
	if (!l->known)
		return json_null();
	return json_pack("{s:b, s:o, s:s, s:o}",
			 "ok", l->ok,
			 "at", wall(l->at),
			 "by", l->by,
			 "report", text_or_null(l->text));
}

static json_t *sides_json(const struct damp_worker_stats *t)
{
	json_t *j = json_object();

	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++)
		json_object_set_new(j, damp_name_side(side),
				    json_pack("{s:o, s:o}",
					      "rx", damp_api_counter(t->rx[side]),
					      "tx", damp_api_counter(t->tx[side])));
	return j;
}

static json_t *now_json(const struct damp_rates *r)
{
	if (!r->valid)
		return json_null();
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:o}",
			 "window_s", r->window_s,
			 "packets_per_s", r->rx_pps,
			 "bytes_per_s", r->rx_Bps,
			 "drops_per_s", r->drop_pps,
			 "unproved_in_bytes_per_s", r->unproved_in_Bps,
			 "unproved_out_bytes_per_s", r->unproved_out_Bps,
			 "factor", ratio(r->unproved_out_Bps, r->unproved_in_Bps));
}

struct reason_count {
	unsigned reason;
	struct damp_counter count;
};

static int by_packets(const void *a, const void *b)
{
	const struct reason_count *x = a, *y = b;

	if (x->count.packets != y->count.packets)
		return x->count.packets > y->count.packets ? -1 : 1;
	return x->reason < y->reason ? -1 : x->reason > y->reason;
}

/* Reasons from first up to end that have counted something, the largest first. */
static json_t *reasons_json(const struct damp_snap *snap, unsigned first, unsigned end)
{
	struct reason_count all[DAMP_REASON_MAX];
	json_t *j = json_array();
	size_t n = 0;

	for (unsigned r = first; r < end; r++) {
		struct damp_counter count = damp_snap_reason(snap, r);

		if (count.packets > 0)
			all[n++] = (struct reason_count){ r, count };
	}
	qsort(all, n, sizeof(all[0]), by_packets);
	for (size_t i = 0; i < n; i++) {
		json_t *o = damp_api_counter(all[i].count);
		unsigned sev = damp_name_reason_severity(all[i].reason);

		json_object_set_new(o, "reason", json_string(damp_name_reason(all[i].reason)));
		json_object_set_new(o, "severity", json_string(damp_name_severity(sev)));
		json_object_set_new(o, "help", json_string(damp_name_reason_help(all[i].reason)));
		json_array_append_new(j, o);
	}
	return j;
}

/* Packets of proved peers that were dropped: the collateral. */
static json_t *verified_drops(const struct damp_worker_stats *t)
{
	uint64_t n = 0;

	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++)
		n += t->verdict[side][1][DAMP_VERDICT_DROP].packets;
	return json_integer((json_int_t)n);
}

/* "wan0, 0000:03:00.0" as a list. */
static json_t *called_json(const struct damp_port_stats *p)
{
	const size_t len = strnlen(p->called, sizeof(p->called));
	json_t *all = json_array();

	for (size_t at = 0, end; at < len; at = end + 2) {
		const char *comma = memchr(p->called + at, ',', len - at);

		end = comma != NULL ? (size_t)(comma - p->called) : len;
		json_array_append_new(all, json_stringn(p->called + at, end - at));
	}
	return all;
}

static json_t *ports_json(const struct damp_stats *s)
{
	json_t *all = json_array();

	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		const struct damp_port_stats *p = &s->port[side];

		json_array_append_new(all, json_pack("{s:s, s:s, s:o, s:b, s:i, s:I, s:I, s:I, s:I}",
						     "port", damp_name_side(side),
						     "device", p->name,
						     "called", called_json(p),
						     "link_up", p->link_up != 0,
						     "mtu", (int)p->mtu,
						     "imissed", (json_int_t)p->imissed,
						     "no_mbuf", (json_int_t)p->rx_nombuf,
						     "rx_errors", (json_int_t)p->ierrors,
						     "tx_errors", (json_int_t)p->oerrors));
	}
	return all;
}

static json_t *unproved_json(const struct damp_worker_stats *t)
{
	double in = (double)t->unproved_bytes_in, out = (double)t->unproved_bytes_out;

	return json_pack("{s:I, s:I, s:o}",
			 "bytes_in", (json_int_t)t->unproved_bytes_in,
			 "bytes_out", (json_int_t)t->unproved_bytes_out,
			 "factor", ratio(out, in));
}

static json_t *clock_json(const struct damp_stats *s)
{
	return json_pack("{s:b, s:b, s:o, s:o, s:I, s:I, s:I}",
			 "trusted", s->clock_trusted != 0,
			 "behind", s->clock_behind != 0,
			 "wall", wall((int64_t)s->clock_wall_s),
			 "at_least", wall((int64_t)s->clock_least_s),
			 "rules_waiting", (json_int_t)s->rules_waiting,
			 "rules_observing", (json_int_t)s->rules_observing,
			 "mode_overrides", (json_int_t)s->mode_overrides);
}

static json_t *kept_json(struct damp_drops *d)
{
	const struct damp_drops_stats s = damp_drops_stats(d);

	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I}",
			 "on", s.on,
			 "kept", (json_int_t)s.kept,
			 "lost", (json_int_t)s.lost,
			 "files", (json_int_t)s.files,
			 "bytes", (json_int_t)s.bytes,
			 "room", (json_int_t)s.room);
}

static void add_traffic(json_t *j, struct damp_control *c, const struct damp_snap *snap)
{
	const struct damp_worker_stats *t = &snap->total;
	struct damp_rates rates = damp_sampler_rates(c->sampler, snap->stats.boot_id);
	uint64_t left = damp_snap_bypass_left(snap);

	json_object_set_new(j, "bypass",
			    json_pack("{s:b, s:I}",
				      "active", left > 0,
				      "remaining_s", (json_int_t)left));
	json_object_set_new(j, "attacks", damp_attacks_json(c->attacks));
	json_object_set_new(j, "kept_drops", kept_json(c->drops));
	json_object_set_new(j, "routing", json_string(damp_name_routing(snap->stats.routing)));
	json_object_set_new(j, "clock", clock_json(&snap->stats));
	json_object_set_new(j, "blocks", json_integer((json_int_t)snap->stats.blocks));
	json_object_set_new(j, "traffic", sides_json(t));
	json_object_set_new(j, "now", now_json(&rates));
	json_object_set_new(j, "unproved", unproved_json(t));
	json_object_set_new(j, "drops", damp_api_counter(damp_snap_drops(snap)));
	json_object_set_new(json_object_get(j, "drops"), "verified_packets", verified_drops(t));
	json_object_set_new(json_object_get(j, "drops"), "by_reason",
			    reasons_json(snap, DAMP_REASON_FIRST_DROP, DAMP_REASON_MAX));
	json_object_set_new(j, "passes", reasons_json(snap, 0, DAMP_REASON_FIRST_DROP));
	json_object_set_new(j, "challenges",
			    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
				      "held", (json_int_t)t->held,
				      "held_released", (json_int_t)t->held_released,
				      "echo_sent", (json_int_t)t->challenges_sent,
				      "pings_sent", (json_int_t)t->pings_sent,
				      "proofs_echo", (json_int_t)t->proofs_echo,
				      "proofs_ping", (json_int_t)t->proofs_ping,
				      "proofs_second", (json_int_t)t->proofs_second,
				      "proofs_token", (json_int_t)t->proofs_token,
				      "proofs_cookie", (json_int_t)t->proofs_cookie,
				      "proofs_ack", (json_int_t)t->proofs_ack,
				      "proofs_server_echo", (json_int_t)t->proofs_server_echo));
	json_object_set_new(j, "ports", ports_json(&snap->stats));
	json_object_set_new(j, "events_lost", json_integer((json_int_t)t->events_lost));
}

json_t *damp_api_status(struct damp_control *c, const struct damp_snap *snap)
{
	struct damp_state *s = &c->state;
	json_t *j = json_pack("{s:i, s:o}", "schema", DAMP_JSON_SCHEMA, "damperd", damperd_json(c));

	pthread_mutex_lock(&s->lock);
	json_object_set_new(j, "dataplane", dataplane_json(s, snap));
	json_object_set_new(j, "program", running_json(s));
	json_object_set_new(j, "last_load", last_load_json(&s->last));
	pthread_mutex_unlock(&s->lock);
	json_object_set_new(j, "confirm", damp_change_json(c));
	json_object_set_new(j, "conditions", damp_conditions_json(c->conditions));
	if (snap != NULL)
		add_traffic(j, c, snap);
	return j;
}
