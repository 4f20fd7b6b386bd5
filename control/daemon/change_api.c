/* SPDX-License-Identifier: BSD-3-Clause */
/* Confirming, rolling back, and what is told about it; see change.h. */
#include "change_int.h"
#include "common/diag_json.h"
#include "common/text.h"
#include "event_json.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

json_t *damp_change_json(struct damp_control *c)
{
	struct damp_record *r = &c->record;
	char until[DAMP_TEXT_LEN];
	json_t *j = json_null();

	pthread_mutex_lock(&r->lock);
	if (r->trial.active) {
		const uint64_t left = damp_change_left_ms(r);

		j = json_pack("{s:I, s:I, s:o, s:I, s:b, s:s}",
			      "generation", (json_int_t)r->trial.generation,
			      "base", (json_int_t)r->trial.base,
			      "by", damp_json_text(r->trial.by),
			      "remaining_s", (json_int_t)((left + 999) / 1000),
			      "overdue", left == 0,
			      "until", damp_text_time_s(until, sizeof(until), r->trial.wall));
	}
	pthread_mutex_unlock(&r->lock);
	return j;
}

void damp_change_tell(struct damp_control *c, const char *what, const struct damp_trial *t,
		      const char *text)
{
	const bool good = strcmp(what, "confirmed") == 0;
	json_t *j = damp_event_own_json("ruleset", good ? "ok" : "fault");

	json_object_set_new(j, "ruleset",
			    json_pack("{s:s, s:I, s:I, s:s, s:o}",
				      "result", what,
				      "generation", (json_int_t)t->generation,
				      "base", (json_int_t)t->base,
				      "digest", t->digest,
				      "text", damp_json_text(text)));
	damp_evlog_add(c->evlog, DAMP_EVENT_RULESET, j, 0);
	damp_log(good ? DAMP_LOG_NOTICE : DAMP_LOG_WARNING, "generation %u: %s", t->generation, text);
}

static bool fail(struct damp_load_result *r, enum damp_load_status status, const char *text)
{
	r->status = status;
	snprintf(r->text, sizeof(r->text), "%s", text);
	return false;
}

/* Have the data plane keep what runs for its next start. */
static bool keep(struct damp_control *c, const struct damp_trial *t, struct damp_load_result *r)
{
	struct damp_wire_reply reply;
	const int err = damp_link_call(c->link, DAMP_WIRE_KEEP, t->generation, -1, &reply, NULL);

	if (err == -ETIMEDOUT)
		return fail(r, DAMP_LOAD_TIMEOUT, "the data plane did not answer in time");
	if (err)
		return fail(r, DAMP_LOAD_AWAY, "the data plane is away");
	if (reply.error)
		return fail(r, DAMP_LOAD_REFUSED, reply.text);
	return true;
}

/* Nothing waits; who is late has to hear what became of it. */
static bool too_late(struct damp_control *c, struct damp_load_result *r)
{
	const struct damp_generation *g;

	r->status = DAMP_LOAD_NOTHING;
	pthread_mutex_lock(&c->record.lock);
	g = damp_generations_newest(&c->record.gens);
	if (g != NULL && g->how == DAMP_GENERATION_BACK)
		snprintf(r->text, sizeof(r->text),
			 "too late: the rules before run again since %lld s, as generation %u; load yours once more",
			 (long long)(time(NULL) > g->at ? time(NULL) - g->at : 0), g->number);
	else if (g != NULL && g->state == DAMP_GENERATION_IS_CONFIRMED)
		snprintf(r->text, sizeof(r->text), "no load waits to be confirmed: generation %u is confirmed already", g->number);
	else
		snprintf(r->text, sizeof(r->text), "no load waits to be confirmed");
	pthread_mutex_unlock(&c->record.lock);
	return false;
}

static bool may_confirm(struct damp_control *c, struct damp_trial *t, struct damp_load_result *r)
{
	pthread_mutex_lock(&c->record.lock);
	*t = c->record.trial;
	pthread_mutex_unlock(&c->record.lock);
	switch (damp_change_look(c)) {
	case DAMP_TRIAL_WAIT:
		break;
	case DAMP_TRIAL_BACK:
		return fail(r, DAMP_LOAD_NOTHING, "too late: the rules before are coming back");
	case DAMP_TRIAL_NONE:
	case DAMP_TRIAL_OVER:
		return too_late(c, r);
	}
	if (t->generation == 0)
		return fail(r, DAMP_LOAD_BUSY, "the load has not ended yet");
	return true;
}

static void settle_confirmed(struct damp_control *c, struct damp_load_result *r)
{
	struct damp_prog *p = damp_control_running(c), *before;

	pthread_mutex_lock(&c->state.lock);
	before = c->state.wanted;
	c->state.wanted = damp_prog_get(p);
	pthread_mutex_unlock(&c->state.lock);
	damp_prog_put(before);
	damp_prog_put(p);
	r->status = DAMP_LOAD_OK;
}

void damp_change_confirm(struct damp_control *c, const char *by, struct damp_load_result *r)
{
	struct damp_trial t;
	char text[160];
	int err;

	memset(r, 0, sizeof(*r));
	if (!damp_control_begin_load(c, DAMP_LOAD_PATIENCE_MS)) {
		fail(r, DAMP_LOAD_BUSY, "another load is going on");
		return;
	}
	if (may_confirm(c, &t, r) && keep(c, &t, r)) {
		r->generation = t.generation;
		err = damp_change_end(c, DAMP_GENERATION_IS_CONFIRMED, by);
		settle_confirmed(c, r);
		snprintf(text, sizeof(text), "confirmed by %s", by);
		damp_change_tell(c, "confirmed", &t, text);
		if (err)
			snprintf(r->text, sizeof(r->text),
				 "it is confirmed, but a restart of damperd would not know: %s",
				 strerror(-err));
	}
	damp_control_end_load(c);
}

/* The generation before what runs, 0 none. */
static uint32_t one_before(struct damp_control *c)
{
	struct damp_record *rec = &c->record;
	const struct damp_generation *g;
	char running[DAMP_DIGEST_LEN];
	uint32_t number;

	damp_change_running(c, running);
	pthread_mutex_lock(&c->state.lock);
	number = c->state.generation;
	pthread_mutex_unlock(&c->state.lock);
	pthread_mutex_lock(&rec->lock);
	g = damp_generations_before(&rec->gens, number, running);
	number = g != NULL ? g->number : 0;
	pthread_mutex_unlock(&rec->lock);
	return number;
}

/* A load on trial is ended by going back, whatever the number says of it. */
static void roll_back(struct damp_control *c, uint32_t number, struct damp_load_job *job,
		      struct damp_load_result *r)
{
	struct damp_trial t;

	pthread_mutex_lock(&c->record.lock);
	t = c->record.trial;
	pthread_mutex_unlock(&c->record.lock);
	if (number == 0)
		number = t.active ? t.base : one_before(c);
	if (number == 0) {
		fail(r, DAMP_LOAD_NOTHING, "there is no generation to go back to");
		return;
	}
	job->how = DAMP_GENERATION_ROLLBACK;
	if (t.active)
		job->confirm_s = 0; /* it is the way out of a trial, not into another */
	damp_change_load_kept(c, number, job, r);
	if (r->status != DAMP_LOAD_OK || !t.active)
		return;
	damp_change_end(c, DAMP_GENERATION_IS_GONE_BACK, job->by);
	damp_change_tell(c, "gone_back", &t, "ended by damper rollback");
}

void damp_change_rollback(struct damp_control *c, uint32_t number, const struct damp_load_job *job,
			  struct damp_load_result *r)
{
	struct damp_load_job mine = *job;

	memset(r, 0, sizeof(*r));
	if (!damp_control_begin_load(c, DAMP_LOAD_PATIENCE_MS)) {
		fail(r, DAMP_LOAD_BUSY, "another load is going on");
		return;
	}
	roll_back(c, number, &mine, r);
	damp_control_end_load(c);
}
