/* SPDX-License-Identifier: BSD-3-Clause */
/* Metrics of damperd itself, and the handler; see metrics.h. */
#include "metrics.h"

#include "attack_json.h"
#include "change.h"
#include "conditions.h"
#include "common/names.h"
#include "drops.h"
#include "metrics_dataplane.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void damp_metrics_family(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void damp_metrics_escape(FILE *f, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\\' || *s == '"')
			fputc('\\', f);
		if (*s == '\n')
			fputs("\\n", f);
		else
			fputc(*s, f);
	}
}

static void print_ruleset(FILE *f, const struct damp_state *s)
{
	const struct damp_program_hdr *h = s->running->view.hdr;

	damp_metrics_family(f, "damper_ruleset_info", "gauge", "The rules that run.");
	fputs("damper_ruleset_info{name=\"", f);
	damp_metrics_escape(f, h->name);
	fprintf(f, "\",revision=\"%" PRIu32 "\",digest=\"", h->revision);
	damp_metrics_escape(f, h->digest);
	fprintf(f, "\",source=\"%s\"} 1\n", damp_name_source(s->source));
}

/* Only when there is one that ends. */
static void print_exempt(FILE *f, const struct damp_state *s, const struct damp_snap *snap)
{
	const uint64_t end = damp_progview_exempt_end(&s->running->view, snap->stats.clock_least_s);

	if (end == 0)
		return;
	damp_metrics_family(f, "damper_exempt_expiry_timestamp_seconds", "gauge",
			    "When the next exemption ends.");
	fprintf(f, "damper_exempt_expiry_timestamp_seconds %" PRIu64 "\n", end);
}

static void print_reloads(FILE *f, const struct damp_state *s)
{
	damp_metrics_family(f, "damper_ruleset_reloads_total", "counter",
			    "Loads of rules since damperd started.");
	fprintf(f, "damper_ruleset_reloads_total{result=\"ok\"} %" PRIu64 "\n", s->loads_ok);
	fprintf(f, "damper_ruleset_reloads_total{result=\"rejected\"} %" PRIu64 "\n",
		s->loads_rejected);
	if (s->last.known) {
		damp_metrics_family(f, "damper_ruleset_last_reload_successful", "gauge",
				    "1 when the last load since damperd started went well.");
		fprintf(f, "damper_ruleset_last_reload_successful %d\n", s->last.ok);
	}
	if (s->history.at > 0) {
		damp_metrics_family(f, "damper_ruleset_last_reload_timestamp_seconds", "gauge",
				    "When rules were last loaded successfully.");
		fprintf(f, "damper_ruleset_last_reload_timestamp_seconds %" PRId64 "\n",
			s->history.at);
	}
}

/* Only while there is one. */
static void print_trial(FILE *f, struct damp_control *c)
{
	json_t *trial = damp_change_json(c);

	if (json_is_object(trial)) {
		damp_metrics_family(f, "damper_ruleset_confirm_remaining_seconds", "gauge",
				    "Time left to confirm the rules that run, before those before come back.");
		fprintf(f, "damper_ruleset_confirm_remaining_seconds %" JSON_INTEGER_FORMAT "\n",
			json_integer_value(json_object_get(trial, "remaining_s")));
	}
	json_decref(trial);
}

static void print_events(FILE *f, struct damp_evlog *l)
{
	uint64_t events[DAMP_EVENT_TYPE_MAX], suppressed[DAMP_EVENT_TYPE_MAX];

	damp_evlog_counts(l, events, suppressed);
	damp_metrics_family(f, "damper_events_total", "counter",
			    "Events told since damperd started.");
	for (unsigned t = 0; t < DAMP_EVENT_TYPE_MAX; t++)
		fprintf(f, "damper_events_total{type=\"%s\"} %" PRIu64 "\n",
			damp_event_type_name(t), events[t]);
	damp_metrics_family(f, "damper_events_suppressed_total", "counter",
			    "Packets that an event stood for beyond its own.");
	for (unsigned t = 0; t < DAMP_EVENT_TYPE_MAX; t++)
		fprintf(f, "damper_events_suppressed_total{type=\"%s\"} %" PRIu64 "\n",
			damp_event_type_name(t), suppressed[t]);
}

static void print_kept(FILE *f, struct damp_drops *d)
{
	const struct damp_drops_stats s = damp_drops_stats(d);

	damp_metrics_family(f, "damper_kept_drops_total", "counter",
			    "Copies of dropped messages written to disk (capture: drops), and those overwritten before.");
	fprintf(f, "damper_kept_drops_total{result=\"written\"} %" PRIu64 "\n", s.kept);
	fprintf(f, "damper_kept_drops_total{result=\"lost\"} %" PRIu64 "\n", s.lost);
	damp_metrics_family(f, "damper_kept_drops_bytes", "gauge", "Bytes of these files on disk.");
	fprintf(f, "damper_kept_drops_bytes %" PRIu64 "\n", s.bytes);
	damp_metrics_family(f, "damper_kept_drops_room_bytes", "gauge",
			    "Bytes they may take; 0 when no copies are kept.");
	fprintf(f, "damper_kept_drops_room_bytes %" PRIu64 "\n", s.room);
}

void damp_metrics_print(FILE *f, struct damp_control *c, const struct damp_snap *snap)
{
	struct damp_state *s = &c->state;

	damp_metrics_family(f, "damper_up", "gauge",
			    "1 when the data plane runs and its counters can be read.");
	fprintf(f, "damper_up %d\n", snap != NULL);
	damp_metrics_family(f, "damper_build_info", "gauge", "Version of damperd.");
	fprintf(f, "damper_build_info{version=\"%s\"} 1\n", DAMP_VERSION);
	print_events(f, c->evlog);
	print_kept(f, c->drops);
	damp_conditions_metrics(f, c->conditions);
	print_trial(f, c);
	pthread_mutex_lock(&s->lock);
	print_reloads(f, s);
	if (snap != NULL && s->running != NULL) {
		print_ruleset(f, s);
		print_exempt(f, s, snap);
	}
	pthread_mutex_unlock(&s->lock);
	if (snap == NULL)
		return;
	damp_attacks_metrics(f, c->attacks, snap);
	damp_metrics_dataplane(f, snap);
}

static void plain(struct damp_http_reply *reply, unsigned status, const char *text)
{
	reply->status = status;
	reply->type = "text/plain; charset=utf-8";
	reply->body = strdup(text);
	reply->len = reply->body != NULL ? strlen(reply->body) : 0;
}

void damp_metrics_handle(void *arg, const struct damp_http_request *req,
			 struct damp_http_reply *reply)
{
	struct damp_control *c = arg;
	struct damp_snap *snap;
	FILE *f;

	if (strcmp(req->method, "GET") != 0) {
		plain(reply, 405, "only GET\n");
		return;
	}
	if (strcmp(req->path, "/metrics") != 0) {
		plain(reply, 404, "the metrics are at /metrics\n");
		return;
	}
	f = open_memstream(&reply->body, &reply->len);
	if (f == NULL)
		return;
	snap = damp_control_snapshot(c);
	damp_metrics_print(f, c, snap);
	free(snap);
	if (fclose(f) == 0) {
		reply->status = 200;
		reply->type = "text/plain; version=0.0.4; charset=utf-8";
	}
}
