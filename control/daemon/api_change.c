/* SPDX-License-Identifier: BSD-3-Clause */
/* See api_change.h. */
#include "api_change.h"

#include "change.h"
#include "common/diag_json.h"
#include "common/program_json.h"
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned http_status(enum damp_load_status status)
{
	switch (status) {
	case DAMP_LOAD_OK:
		return 200;
	case DAMP_LOAD_BUSY:
	case DAMP_LOAD_PENDING:
	case DAMP_LOAD_NOTHING:
		return 409;
	case DAMP_LOAD_WRONG:
	case DAMP_LOAD_UNREADABLE:
		return 422;
	case DAMP_LOAD_AWAY:
		return 503;
	case DAMP_LOAD_UNSIGNED:
		return 403;
	case DAMP_LOAD_REFUSED:
		return 502;
	case DAMP_LOAD_TIMEOUT:
		return 504;
	case DAMP_LOAD_INTERNAL:
		return 500;
	}
	return 500;
}

static json_t *load_json(const struct damp_load_result *r)
{
	bool ok = r->status == DAMP_LOAD_OK;
	json_t *j = json_pack("{s:i, s:b, s:o, s:i, s:i}",
			      "schema", DAMP_JSON_SCHEMA,
			      "ok", ok,
			      "diagnostics", damp_diag_json(&r->rules),
			      "errors", (int)r->rules.errors,
			      "warnings", (int)r->rules.warnings);

	if (ok) {
		json_object_set_new(j, "generation", json_integer(r->generation));
		json_object_set_new(j, "before", r->before > 0 ? json_integer(r->before) : json_null());
		if (r->prog != NULL)
			json_object_set_new(j, "program", damp_program_json(&r->prog->view));
		if (r->confirm_s > 0)
			json_object_set_new(j, "confirm_s", json_integer(r->confirm_s));
		json_object_set_new(j, "signed_by",
				    damp_json_text(r->signed_by[0] != '\0' ? r->signed_by : NULL));
		json_object_set_new(j, "remark",
				    damp_json_text(r->text[0] != '\0' ? r->text : NULL));
	} else {
		json_object_set_new(j, "error", json_string(damp_load_status_name(r->status)));
		json_object_set_new(j, "text", damp_json_text(r->text));
	}
	if (r->rules.text != NULL)
		json_object_set_new(j, "report", damp_json_text(r->rules.text));
	return j;
}

static const char *or_default(const char *text, const char *otherwise)
{
	return text != NULL && text[0] != '\0' ? text : otherwise;
}

/* A copy of text without control characters: it ends in logs and on terminals.
 * What is too long is cut off between two characters. */
static void clean(char *out, size_t len, const char *text)
{
	size_t n = strlen(text);

	if (n >= len)
		for (n = len - 1; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
			;
	snprintf(out, len, "%.*s", (int)n, text);
	for (char *p = out; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
}

/* Who, why, under what name, and for how long on trial. */
struct said {
	char by[64], name[256], comment[256], tests[64];
	uint64_t confirm_s;
};

static bool hear(const struct damp_http_request *req, struct said *s, struct damp_load_job *job)
{
	s->confirm_s = 0;
	damp_peer_name(req->peer.uid, s->by, sizeof(s->by));
	clean(s->name, sizeof(s->name), or_default(damp_http_query(req, "name"), "rules"));
	clean(s->comment, sizeof(s->comment), or_default(damp_http_query(req, "comment"), ""));
	clean(s->tests, sizeof(s->tests), or_default(damp_http_query(req, "tests"), ""));
	if (!damp_api_number(damp_http_query(req, "confirm"), &s->confirm_s) ||
	    s->confirm_s > DAMP_CONFIRM_MAX_S)
		return false;
	job->by = s->by;
	job->name = s->name;
	job->comment = s->comment;
	job->tests = s->tests;
	job->confirm_s = (uint32_t)s->confirm_s;
	return true;
}

/* Take the signatures before the text off. False after a refusal. */
static bool take_signatures(const struct damp_http_request *req, struct damp_load_job *job,
			    struct damp_signatures *out, struct damp_http_reply *reply)
{
	if (!damp_signatures_packed(req->body, req->body_len))
		return true;
	if (damp_signatures_unpack(req->body, req->body_len, out, &job->text, &job->len)) {
		job->signatures = out;
		return true;
	}
	damp_api_refuse(reply, 400, "usage", "the signatures before the rules are damaged");
	return false;
}

void damp_api_post_load(struct damp_control *c, const struct damp_http_request *req,
			struct damp_http_reply *reply)
{
	struct damp_load_job job = { .text = req->body, .len = req->body_len };
	struct damp_signatures *signatures;
	struct damp_load_result r;
	struct said said;

	if (req->body_len == 0) {
		damp_api_refuse(reply, 400, "usage", "the body is the text of a rule file");
		return;
	}
	if (!hear(req, &said, &job)) {
		damp_api_refuse(reply, 400, "usage", "confirm is a number of seconds, at most 86400");
		return;
	}
	signatures = malloc(sizeof(*signatures));
	if (signatures == NULL) {
		damp_api_refuse(reply, 500, "internal", "no memory");
		return;
	}
	if (take_signatures(req, &job, signatures, reply)) {
		damp_load_run(c, &job, &r);
		damp_api_answer(reply, http_status(r.status), load_json(&r));
		damp_load_result_free(&r);
	}
	free(signatures);
}

void damp_api_post_confirm(struct damp_control *c, const struct damp_http_request *req,
			   struct damp_http_reply *reply)
{
	struct damp_load_result r;
	char by[64];

	damp_peer_name(req->peer.uid, by, sizeof(by));
	damp_change_confirm(c, by, &r);
	damp_api_answer(reply, http_status(r.status), load_json(&r));
	damp_load_result_free(&r);
}

void damp_api_post_rollback(struct damp_control *c, const struct damp_http_request *req,
			    struct damp_http_reply *reply)
{
	struct damp_load_job job = { .text = NULL };
	struct damp_load_result r;
	struct said said;
	uint64_t to = 0;

	if (!hear(req, &said, &job) || !damp_api_number(damp_http_query(req, "to"), &to) ||
	    to > UINT32_MAX) {
		damp_api_refuse(reply, 400, "usage", "to is the number of a generation, confirm seconds");
		return;
	}
	damp_change_rollback(c, (uint32_t)to, &job, &r);
	damp_api_answer(reply, http_status(r.status), load_json(&r));
	damp_load_result_free(&r);
}

void damp_api_get_history(struct damp_control *c, const struct damp_http_request *req,
			  struct damp_http_reply *reply)
{
	struct damp_record *r = &c->record;
	json_t *all = json_array();
	uint32_t running;

	(void)req;
	pthread_mutex_lock(&c->state.lock);
	running = c->state.up ? c->state.generation : 0;
	pthread_mutex_unlock(&c->state.lock);
	pthread_mutex_lock(&r->lock);
	for (unsigned i = r->gens.n; i > 0; i--) {
		json_t *j = damp_generation_json(&r->gens.g[i - 1]);

		json_object_set_new(j, "running", json_boolean(r->gens.g[i - 1].number == running));
		json_array_append_new(all, j);
	}
	pthread_mutex_unlock(&r->lock);
	damp_api_answer(reply, 200, json_pack("{s:i, s:o, s:o}", "schema", DAMP_JSON_SCHEMA, "confirm",
					      damp_change_json(c), "generations", all));
}

/* The generation that the query asks for: the number, or what runs. False after
 * a refusal. */
static bool asked_for(struct damp_control *c, const struct damp_http_request *req,
		      struct damp_http_reply *reply, uint32_t *number, bool *running)
{
	const char *text = damp_http_query(req, "number");
	uint64_t n = 0;
	uint32_t now;

	if (!damp_api_number(text, &n) || n > UINT32_MAX) {
		damp_api_refuse(reply, 400, "usage", "number is that of a generation");
		return false;
	}
	pthread_mutex_lock(&c->state.lock);
	now = c->state.up ? c->state.generation : 0;
	pthread_mutex_unlock(&c->state.lock);
	*number = text != NULL ? (uint32_t)n : now;
	*running = now > 0 && *number == now;
	return true;
}

static void not_kept(struct damp_http_reply *reply, uint32_t number)
{
	char text[120];

	snprintf(text, sizeof(text), "generation %u is not kept; 'damper history' lists those that are",
		 number);
	damp_api_refuse(reply, 409, "nothing", text);
}

void damp_api_get_generation(struct damp_control *c, const struct damp_http_request *req,
			     struct damp_http_reply *reply)
{
	struct damp_record *r = &c->record;
	const struct damp_generation *g;
	uint32_t number;
	json_t *j = NULL;
	size_t len = 0;
	bool running;
	char *text;

	if (!asked_for(c, req, reply, &number, &running))
		return;
	pthread_mutex_lock(&r->lock);
	g = damp_generations_find(&r->gens, number);
	if (g != NULL) {
		text = damp_generations_source(&r->gens, number, &len);
		j = damp_generation_json(g);
		json_object_set_new(j, "schema", json_integer(DAMP_JSON_SCHEMA));
		json_object_set_new(j, "running", json_boolean(running));
		json_object_set_new(j, "source", text != NULL ? json_stringn(text, len) : json_null());
		free(text);
	}
	pthread_mutex_unlock(&r->lock);
	if (j != NULL)
		damp_api_answer(reply, 200, j);
	else
		not_kept(reply, number);
}

/* A program as it is, for judging off the wire. It holds no secret. */
void damp_api_get_program(struct damp_control *c, const struct damp_http_request *req,
			  struct damp_http_reply *reply)
{
	struct damp_prog *p;
	uint32_t number;
	bool running;

	if (!asked_for(c, req, reply, &number, &running))
		return;
	if (running || damp_http_query(req, "number") == NULL) {
		p = damp_control_running(c);
	} else {
		pthread_mutex_lock(&c->record.lock);
		p = damp_generations_program(&c->record.gens, number);
		pthread_mutex_unlock(&c->record.lock);
	}
	if (p == NULL && damp_http_query(req, "number") != NULL) {
		not_kept(reply, number);
		return;
	}
	if (p == NULL) {
		damp_api_refuse(reply, 503, "dataplane_away",
				"it is not known what program the data plane runs");
		return;
	}
	reply->status = 500;
	reply->type = "application/octet-stream";
	reply->body = malloc(p->len);
	if (reply->body != NULL) {
		memcpy(reply->body, p->block, p->len);
		reply->len = p->len;
		reply->status = 200;
	}
	damp_prog_put(p);
}
