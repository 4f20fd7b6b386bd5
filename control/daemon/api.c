/* SPDX-License-Identifier: BSD-3-Clause */
/* Routing, and the two requests that change something; see api.h. */
#include "api.h"

#include "api_change.h"
#include "api_runtime.h"
#include "common/diag_json.h"
#include "learner.h"
#include "loader.h"
#include "log.h"
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_PER_ANSWER 500u

void damp_api_answer_text(struct damp_http_reply *reply, unsigned status, char *text)
{
	reply->status = text != NULL ? status : 500;
	reply->type = "application/json";
	reply->body = text;
	reply->len = text != NULL ? strlen(text) : 0;
}

void damp_api_answer(struct damp_http_reply *reply, unsigned status, json_t *j)
{
	damp_api_answer_text(reply, status, j != NULL ? json_dumps(j, JSON_COMPACT) : NULL);
	json_decref(j);
}

void damp_api_refuse(struct damp_http_reply *reply, unsigned status, const char *error,
		     const char *text)
{
	damp_api_answer(reply, status,
	       json_pack("{s:i, s:s, s:o}",
			 "schema", DAMP_JSON_SCHEMA,
			 "error", error,
			 "text", damp_json_text(text)));
}

void damp_api_refuse_away(struct damp_control *c, struct damp_http_reply *reply)
{
	char text[256];

	pthread_mutex_lock(&c->state.lock);
	if (c->state.up)
		snprintf(text, sizeof(text),
			 "the data plane runs, but its counter file in %s cannot be read",
			 c->opt.runtime_dir);
	else
		snprintf(text, sizeof(text), "the data plane is away: %s", c->state.why_away);
	pthread_mutex_unlock(&c->state.lock);
	damp_api_refuse(reply, 503, "dataplane_away", text);
}

typedef json_t *(*document)(struct damp_control *c, const struct damp_snap *snap);

static void answer_document(struct damp_control *c, struct damp_http_reply *reply, document build,
			    bool needs_dataplane)
{
	struct damp_snap *snap = damp_control_snapshot(c);

	if (snap == NULL && needs_dataplane)
		damp_api_refuse_away(c, reply);
	else
		damp_api_answer(reply, 200, build(c, snap));
	free(snap);
}

static void get_status(struct damp_control *c, const struct damp_http_request *req,
		       struct damp_http_reply *reply)
{
	(void)req;
	answer_document(c, reply, damp_api_status, false);
}

static void get_rules(struct damp_control *c, const struct damp_http_request *req,
		      struct damp_http_reply *reply)
{
	(void)req;
	answer_document(c, reply, damp_api_rules, true);
}

static void get_limits(struct damp_control *c, const struct damp_http_request *req,
		       struct damp_http_reply *reply)
{
	(void)req;
	answer_document(c, reply, damp_api_limits, true);
}

static void get_workers(struct damp_control *c, const struct damp_http_request *req,
			struct damp_http_reply *reply)
{
	(void)req;
	answer_document(c, reply, damp_api_workers, true);
}

static void get_memory(struct damp_control *c, const struct damp_http_request *req,
		       struct damp_http_reply *reply)
{
	(void)req;
	answer_document(c, reply, damp_api_memory, true);
}

bool damp_api_number(const char *text, uint64_t *out)
{
	char *end;

	if (text == NULL)
		return true;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

static void get_events(struct damp_control *c, const struct damp_http_request *req,
		       struct damp_http_reply *reply)
{
	uint64_t since = 0, max = EVENTS_PER_ANSWER;

	if (!damp_api_number(damp_http_query(req, "since"), &since) ||
	    !damp_api_number(damp_http_query(req, "max"), &max)) {
		damp_api_refuse(reply, 400, "usage", "since and max are decimal numbers");
		return;
	}
	if (max > EVENTS_PER_ANSWER)
		max = EVENTS_PER_ANSWER;
	damp_api_answer_text(reply, 200, damp_evlog_since(c->evlog, since, (unsigned)max));
}

static bool bypass_seconds(const struct damp_http_request *req, uint64_t *seconds)
{
	json_t *body = json_loadb(req->body, req->body_len, JSON_REJECT_DUPLICATES, NULL);
	json_t *n = json_object_get(body, "for_s");
	bool ok = json_is_integer(n) && json_integer_value(n) >= 0 &&
		  json_integer_value(n) <= DAMP_BYPASS_MAX_S;

	*seconds = ok ? (uint64_t)json_integer_value(n) : 0;
	json_decref(body);
	return ok;
}

static void tell_bypass(struct damp_control *c, const struct damp_http_request *req,
			uint64_t seconds)
{
	char by[64], text[160];

	damp_peer_name(req->peer.uid, by, sizeof(by));
	if (seconds > 0)
		snprintf(text, sizeof(text), "bypass is ON for %llu s, by %s: nothing is filtered",
			 (unsigned long long)seconds, by);
	else
		snprintf(text, sizeof(text), "bypass is off, by %s", by);
	pthread_mutex_lock(&c->state.lock);
	c->bypass.on = seconds > 0;
	pthread_mutex_unlock(&c->state.lock);
	damp_log(seconds > 0 ? DAMP_LOG_WARNING : DAMP_LOG_NOTICE, "%s", text);
	damp_control_health(c, "bypass", seconds > 0 ? "fault" : "ok", text);
}

static void count_bypass(struct damp_control *c, unsigned *count)
{
	pthread_mutex_lock(&c->state.lock);
	++*count;
	pthread_mutex_unlock(&c->state.lock);
}

static void post_bypass(struct damp_control *c, const struct damp_http_request *req,
			struct damp_http_reply *reply)
{
	struct damp_wire_reply wire;
	uint64_t seconds;
	int err;

	if (!bypass_seconds(req, &seconds)) {
		damp_api_refuse(reply, 400, "usage",
		       "the body is {\"for_s\": N} with N from 0 (off) to 86400 seconds");
		return;
	}
	count_bypass(c, &c->bypass.asked);
	err = damp_link_call(c->link, DAMP_WIRE_BYPASS, seconds, -1, &wire, NULL);
	if (err == -ETIMEDOUT) {
		damp_api_refuse(reply, 504, "timeout", "the data plane did not answer in time");
	} else if (err) {
		damp_api_refuse_away(c, reply);
	} else if (wire.error) {
		damp_api_refuse(reply, 502, "refused",
		       wire.text[0] != '\0' ? wire.text : strerror(wire.error));
	} else {
		tell_bypass(c, req, seconds);
		damp_api_answer(reply, 200,
		       json_pack("{s:i, s:b, s:I}",
				 "schema", DAMP_JSON_SCHEMA,
				 "active", seconds > 0,
				 "remaining_s", (json_int_t)seconds));
	}
	count_bypass(c, &c->bypass.answered);
}

static void get_learn(struct damp_control *c, const struct damp_http_request *req,
		      struct damp_http_reply *reply)
{
	json_t *j = damp_learner_json(c->learner);

	(void)req;
	if (j != NULL)
		damp_api_answer(reply, 200, j);
	else
		damp_api_refuse(reply, 409, "nothing",
				"nothing was learned since damperd started: damper learn start");
}

static void tell_learning(struct damp_control *c, const struct damp_http_request *req, const char *what)
{
	char by[64], text[120];

	damp_peer_name(req->peer.uid, by, sizeof(by));
	snprintf(text, sizeof(text), "learning %s, by %s", what, by);
	damp_log(DAMP_LOG_NOTICE, "%s", text);
	damp_control_health(c, "learning", "ok", text);
}

static void post_learn_start(struct damp_control *c, const struct damp_http_request *req,
			     struct damp_http_reply *reply)
{
	if (damp_learner_start(c->learner) != 0) {
		damp_api_refuse(reply, 500, "internal", "no memory to learn with");
		return;
	}
	tell_learning(c, req, "begins");
	get_learn(c, req, reply);
}

static void post_learn_stop(struct damp_control *c, const struct damp_http_request *req,
			    struct damp_http_reply *reply)
{
	damp_learner_stop(c->learner);
	tell_learning(c, req, "ends");
	get_learn(c, req, reply);
}

struct route {
	const char *method, *path;
	bool writes;
	void (*run)(struct damp_control *c, const struct damp_http_request *req,
		    struct damp_http_reply *reply);
};

static const struct route routes[] = {
	{ "GET", "/v1/status", false, get_status },   { "GET", "/v1/rules", false, get_rules },
	{ "GET", "/v1/limits", false, get_limits },   { "GET", "/v1/workers", false, get_workers },
	{ "GET", "/v1/memory", false, get_memory },   { "GET", "/v1/events", false, get_events },
	{ "GET", "/v1/program", false, damp_api_get_program },
	{ "GET", "/v1/history", false, damp_api_get_history },
	{ "GET", "/v1/generation", false, damp_api_get_generation },
	{ "POST", "/v1/load", true, damp_api_post_load },
	{ "GET", "/v1/learn", false, get_learn },
	{ "POST", "/v1/learn/start", true, post_learn_start },
	{ "POST", "/v1/learn/stop", true, post_learn_stop },
	{ "POST", "/v1/confirm", true, damp_api_post_confirm },
	{ "POST", "/v1/rollback", true, damp_api_post_rollback },
	{ "POST", "/v1/bypass", true, post_bypass },
	{ "POST", "/v1/mode", true, damp_api_post_mode },
	{ "POST", "/v1/block", true, damp_api_post_block },
	{ "POST", "/v1/set", true, damp_api_post_set },
	{ "GET", "/v1/blocks", false, damp_api_get_blocks },
	{ "GET", "/v1/sets", false, damp_api_get_sets },
};

static void refuse_writer(struct damp_control *c, struct damp_http_reply *reply)
{
	char text[256];

	snprintf(text, sizeof(text), "only root and members of group %s may do that",
		 c->opt.admin_group);
	damp_api_refuse(reply, 403, "permission", text);
}

void damp_api_handle(void *arg, const struct damp_http_request *req, struct damp_http_reply *reply)
{
	struct damp_control *c = arg;
	bool path_known = false;

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *r = &routes[i];

		if (strcmp(r->path, req->path) != 0)
			continue;
		path_known = true;
		if (strcmp(r->method, req->method) != 0)
			continue;
		if (r->writes && !req->peer.writer)
			refuse_writer(c, reply);
		else
			r->run(c, req, reply);
		return;
	}
	if (path_known)
		damp_api_refuse(reply, 405, "method", "this path has another method");
	else
		damp_api_refuse(reply, 404, "not_found", "there is no such path in this version of damperd");
}
