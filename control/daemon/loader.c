/* SPDX-License-Identifier: BSD-3-Clause */
/* Loading rules; see loader.h. */
#include "loader.h"

#include "change.h"
#include "common/diag_json.h"
#include "event_json.h"
#include "log.h"
#include "signed.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *damp_load_status_name(enum damp_load_status status)
{
	static const char *const word[] = { "ok",	  "busy", "pending", "nothing",	    "wrong_rules",
					    "unreadable", "not_signed", "dataplane_away",
					    "refused",	  "timeout", "internal" };

	return (size_t)status < sizeof(word) / sizeof(word[0]) ? word[status] : "unknown";
}

void damp_load_result_free(struct damp_load_result *r)
{
	damp_rules_free(&r->rules);
	damp_prog_put(r->prog);
	r->prog = NULL;
}

void damp_load_compile(const struct damp_load_job *job, struct damp_load_result *r)
{
	struct damp_rules_options opt = { .shown_as = job->name };

	memset(r, 0, sizeof(*r));
	if (job->text != NULL)
		damp_rules_compile_text(job->text, job->len, job->name, &opt, &r->rules);
	else
		damp_rules_compile_file(job->path, &opt, &r->rules);
	if (r->rules.program != NULL) {
		r->prog = damp_prog_new(r->rules.program, r->rules.program_len);
		r->rules.program = NULL; /* moved */
		r->status = r->prog != NULL ? DAMP_LOAD_OK : DAMP_LOAD_INTERNAL;
		if (r->prog == NULL)
			snprintf(r->text, sizeof(r->text),
				 "the compiled program is damaged; please report it");
		return;
	}
	r->status = r->rules.unreadable ? DAMP_LOAD_UNREADABLE : DAMP_LOAD_WRONG;
	snprintf(r->text, sizeof(r->text),
		 r->rules.unreadable ? "%s cannot be read" : "%s has %u error%s", job->name,
		 r->rules.errors, r->rules.errors == 1 ? "" : "s");
}

static void judge_reply(struct damp_load_result *r, int err, const struct damp_wire_reply *reply)
{
	if (err == -ENOTCONN) {
		r->status = DAMP_LOAD_AWAY;
		snprintf(r->text, sizeof(r->text), "the data plane is away");
	} else if (err == -ETIMEDOUT) {
		r->status = DAMP_LOAD_TIMEOUT;
		snprintf(r->text, sizeof(r->text), "the data plane did not answer in time");
	} else if (err) {
		r->status = DAMP_LOAD_INTERNAL;
		snprintf(r->text, sizeof(r->text), "talking to the data plane failed: %s",
			 strerror(-err));
	} else if (reply->error) {
		r->status = DAMP_LOAD_REFUSED;
		snprintf(r->text, sizeof(r->text), "the data plane refused the program: %s",
			 reply->text[0] != '\0' ? reply->text : strerror(reply->error));
	} else {
		r->status = DAMP_LOAD_OK;
		r->generation = reply->generation;
		snprintf(r->text, sizeof(r->text), "%s", reply->text);
	}
}

static void set_wanted(struct damp_prog **slot, struct damp_prog *p)
{
	struct damp_prog *before = *slot;

	*slot = damp_prog_get(p);
	damp_prog_put(before);
}

static void remember(struct damp_control *c, const struct damp_load_job *job,
		     struct damp_load_result *r, const struct damp_wire_reply *reply)
{
	struct damp_state *s = &c->state;
	struct damp_history *h = &s->history;
	struct damp_prog *lasting = r->confirm_s > 0 ? damp_change_base(c) : damp_prog_get(r->prog);

	pthread_mutex_lock(&s->lock);
	r->before = s->generation;
	s->generation = reply->generation;
	s->source = reply->source;
	set_wanted(&s->running, r->prog);
	set_wanted(&s->wanted, lasting);
	snprintf(h->digest, sizeof(h->digest), "%s", r->prog->view.hdr->digest);
	snprintf(h->name, sizeof(h->name), "%s", job->name);
	snprintf(h->by, sizeof(h->by), "%s", job->by);
	snprintf(h->comment, sizeof(h->comment), "%s", job->comment);
	h->at = time(NULL);
	h->generation = reply->generation;
	pthread_mutex_unlock(&s->lock);
	damp_prog_put(lasting);
}

/* Never read again: what is kept and what was signed is what was compiled. */
const char *damp_load_text(const struct damp_load_job *job, const struct damp_rules *rules,
			   size_t *len)
{
	*len = job->text != NULL ? job->len : rules->source_len;
	return job->text != NULL ? job->text : rules->source;
}

/* What whoever loads has to know; the data plane's own remark goes first. */
__attribute__((format(printf, 2, 3))) static void remark(struct damp_load_result *r, const char *fmt, ...)
{
	const size_t used = strlen(r->text);
	va_list ap;

	if (used + 4 >= sizeof(r->text))
		return;
	if (used > 0)
		memcpy(r->text + used, "; ", 3);
	va_start(ap, fmt);
	vsnprintf(r->text + strlen(r->text), sizeof(r->text) - strlen(r->text), fmt, ap);
	va_end(ap);
}

static void save_history(struct damp_control *c, const struct damp_load_job *job,
			 struct damp_load_result *r)
{
	struct damp_history h;
	const char *text;
	size_t len;
	int err, kept;

	text = damp_load_text(job, &r->rules, &len);
	kept = damp_change_loaded(c, job, r, text, len);
	pthread_mutex_lock(&c->state.lock);
	h = c->state.history;
	pthread_mutex_unlock(&c->state.lock);
	err = damp_history_write(c->opt.state_dir, &h, text, len);
	err = err ? err : kept;
	err = err ? err : damp_signed_note(c, r);
	if (err && !c->state.state_dir_complained)
		damp_log(DAMP_LOG_WARNING, "cannot keep the history of loads in %s: %s",
			 c->opt.state_dir, strerror(-err));
	c->state.state_dir_complained = err != 0;
	if (err)
		remark(r, "the rules run, but nothing could be written to %.120s (%s): 'damper rollback' will not know them",
		       c->opt.state_dir, strerror(-err));
}

/* For how long the rules are on trial, 0 for good. What the file asks for
 * needs rules to go back to; the built-in program has none. */
static uint32_t trial_seconds(struct damp_control *c, const struct damp_load_job *job,
			      const struct damp_load_result *r)
{
	uint32_t seconds = job->confirm_s > 0 ? job->confirm_s : job->no_confirm ? 0 : r->rules.confirm_s;
	struct damp_state *s = &c->state;

	pthread_mutex_lock(&s->lock);
	if (s->running == NULL ||
	    strcmp(s->running->view.hdr->digest, r->prog->view.hdr->digest) == 0 ||
	    (job->confirm_s == 0 && s->source == DAMP_SOURCE_BUILTIN))
		seconds = 0;
	pthread_mutex_unlock(&s->lock);
	return seconds;
}

void damp_load_send(struct damp_control *c, const struct damp_load_job *job,
		    struct damp_load_result *r)
{
	struct damp_wire_reply reply;
	int fd = damp_prog_memfd(r->prog), err;
	uint32_t least;

	if (fd < 0) {
		r->status = DAMP_LOAD_INTERNAL;
		snprintf(r->text, sizeof(r->text), "no memory for the program: %s", strerror(-fd));
		return;
	}
	r->confirm_s = trial_seconds(c, job, r);
	err = damp_change_arm(c, job, r, r->confirm_s, &least);
	if (err && r->confirm_s > 0) {
		close(fd);
		damp_change_disarm(c);
		r->status = DAMP_LOAD_REFUSED;
		snprintf(r->text, sizeof(r->text),
			 "not loaded, since it could not be undone: cannot write to %.120s: %s",
			 c->opt.state_dir, strerror(-err));
		return;
	}
	err = damp_link_call(c->link, DAMP_WIRE_LOAD,
			     least | (r->confirm_s > 0 ? DAMP_LOAD_PROVISIONAL : 0), fd, &reply, NULL);
	close(fd);
	judge_reply(r, err, &reply);
	if (r->status == DAMP_LOAD_OK) {
		remember(c, job, r, &reply);
		save_history(c, job, r);
		if (job->confirm_s > 0 && r->confirm_s == 0)
			remark(r, "the same rules ran before: there is nothing to go back to, and nothing to confirm");
	} else if (r->status != DAMP_LOAD_TIMEOUT) {
		damp_change_disarm(c); /* after a time-out it may run: what runs will tell */
	}
}

static void tell(struct damp_control *c, const struct damp_load_job *job,
		 const struct damp_load_result *r)
{
	json_t *j = damp_event_own_json("ruleset", r->status == DAMP_LOAD_OK ? "ok" : "fault");
	json_t *o = json_pack("{s:s, s:o, s:o, s:o, s:o}",
			      "result", damp_load_status_name(r->status),
			      "by", damp_json_text(job->by),
			      "comment", damp_json_text(job->comment),
			      "name", damp_json_text(job->name),
			      "diagnostics", damp_diag_json(&r->rules));

	if (r->status == DAMP_LOAD_OK)
		json_object_set_new(o, "to_gen", json_integer(r->generation));
	else
		json_object_set_new(o, "text", damp_json_text(r->text));
	if (r->prog != NULL)
		json_object_set_new(o, "digest", json_string(r->prog->view.hdr->digest));
	if (r->confirm_s > 0)
		json_object_set_new(o, "confirm_s", json_integer(r->confirm_s));
	json_object_set_new(j, "ruleset", o);
	damp_evlog_add(c->evlog, DAMP_EVENT_RULESET, j, 0);
}

static void keep_last(struct damp_state *s, const struct damp_load_job *job,
		      const struct damp_load_result *r)
{
	const char *text = r->status == DAMP_LOAD_WRONG || r->status == DAMP_LOAD_UNREADABLE
				   ? r->rules.text
				   : NULL;

	pthread_mutex_lock(&s->lock);
	*(r->status == DAMP_LOAD_OK ? &s->loads_ok : &s->loads_rejected) += 1;
	free(s->last.text);
	s->last.known = true;
	s->last.ok = r->status == DAMP_LOAD_OK;
	s->last.at = time(NULL);
	snprintf(s->last.by, sizeof(s->last.by), "%s", job->by);
	s->last.text = text != NULL ? strdup(text) : r->text[0] != '\0' ? strdup(r->text) : NULL;
	pthread_mutex_unlock(&s->lock);
}

void damp_load_report(struct damp_control *c, const struct damp_load_job *job,
		      const struct damp_load_result *r)
{
	keep_last(&c->state, job, r);
	tell(c, job, r);
	if (r->status == DAMP_LOAD_OK) {
		damp_log(DAMP_LOG_NOTICE, "generation %u is loaded: %s, %u rules, by %s",
			 r->generation, job->name, r->prog->view.hdr->nrules, job->by);
		if (r->signed_by[0] != '\0')
			damp_log(DAMP_LOG_NOTICE, "generation %u is signed by %s", r->generation,
				 r->signed_by);
		if (r->confirm_s > 0)
			damp_log(DAMP_LOG_WARNING,
				 "generation %u has to be confirmed within %u s, else the rules before come back",
				 r->generation, r->confirm_s);
		if (r->text[0] != '\0')
			damp_log(DAMP_LOG_WARNING, "generation %u: %s", r->generation, r->text);
		return;
	}
	damp_log(DAMP_LOG_ERROR, "rules not loaded, the data plane goes on with what it has: %s",
		 r->text);
	for (size_t i = 0; i < r->rules.ndiags; i++)
		if (r->rules.diags[i].level == DAMP_DIAG_ERROR)
			damp_log(DAMP_LOG_ERROR, "%s:%d:%d: %s", r->rules.diags[i].file,
				 r->rules.diags[i].line, r->rules.diags[i].column,
				 r->rules.diags[i].message);
}

void damp_load_run(struct damp_control *c, const struct damp_load_job *job,
		   struct damp_load_result *r)
{
	if (!damp_control_begin_load(c, DAMP_LOAD_PATIENCE_MS)) {
		memset(r, 0, sizeof(*r));
		r->status = DAMP_LOAD_BUSY;
		snprintf(r->text, sizeof(r->text), "another load is going on");
		return;
	}
	memset(r, 0, sizeof(*r));
	if (damp_change_waits(c, r->text, sizeof(r->text))) {
		r->status = DAMP_LOAD_PENDING;
		damp_control_end_load(c);
		return;
	}
	damp_load_compile(job, r);
	if (r->status == DAMP_LOAD_OK && damp_signed_check(c, job, r))
		damp_load_send(c, job, r);
	damp_load_report(c, job, r);
	damp_control_end_load(c);
}
