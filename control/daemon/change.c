/* SPDX-License-Identifier: BSD-3-Clause */
/* Generations and the trial of a load; see change.h. What the API asks for:
 * change_api.c. */
#include "change.h"

#include "change_int.h"
#include "signed.h"
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool damp_change_running(struct damp_control *c, char digest[DAMP_DIGEST_LEN])
{
	struct damp_prog *p = damp_control_running(c);
	const bool known = p != NULL;

	snprintf(digest, DAMP_DIGEST_LEN, "%s", known ? p->view.hdr->digest : "");
	damp_prog_put(p);
	return known;
}

/* A trial whose file cannot be read any more: the record of the generation says
 * that there was one. */
static void rebuild(struct damp_record *r)
{
	const struct damp_generation *g = damp_generations_newest(&r->gens), *base;

	r->trial.active = g != NULL && g->state == DAMP_GENERATION_IS_PENDING;
	if (!r->trial.active)
		return;
	base = damp_generations_before(&r->gens, g->number, g->digest);
	r->trial.generation = g->number;
	snprintf(r->trial.digest, sizeof(r->trial.digest), "%s", g->digest);
	r->trial.base = base != NULL ? base->number : 0;
	snprintf(r->trial.base_digest, sizeof(r->trial.base_digest), "%s",
		 base != NULL ? base->digest : "");
}

/* The time is over for certain, but only a data plane can be asked to go back. */
void damp_change_start(struct damp_control *c)
{
	struct damp_record *r = &c->record;
	const int err = damp_generations_open(&r->gens, c->opt.state_dir);
	const struct damp_generation *g;

	if (err)
		damp_log(DAMP_LOG_WARNING, "generations of rules are not kept: %s: %s", r->gens.dir,
			 strerror(-err));
	damp_trial_boot(r->boot);
	damp_trial_read(c->opt.state_dir, &r->trial);
	if (!r->trial.active)
		return;
	if (r->trial.digest[0] == '\0')
		rebuild(r);
	g = damp_generations_find(&r->gens, r->trial.generation);
	if (g != NULL && g->state != DAMP_GENERATION_IS_PENDING)
		r->trial.active = false; /* settled, only the file was left */
	r->gens.pinned = r->trial.active ? r->trial.base : 0;
	if (!r->trial.active)
		damp_trial_write(c->opt.state_dir, &r->trial);
	else
		damp_log(DAMP_LOG_WARNING, "a load by %s waits to be confirmed", r->trial.by);
}

uint64_t damp_change_left_ms(const struct damp_record *r)
{
	return damp_trial_left_ms(&r->trial, r->boot, damp_trial_now_ms());
}

bool damp_change_waits(struct damp_control *c, char *text, size_t len)
{
	struct damp_record *r = &c->record;
	bool waits;

	pthread_mutex_lock(&r->lock);
	waits = r->trial.active;
	if (waits)
		snprintf(text, len,
			 "generation %" PRIu32 " by %s waits to be confirmed (%" PRIu64
			 " s left): first damper confirm, or damper rollback",
			 r->trial.generation, r->trial.by, damp_change_left_ms(r) / 1000);
	pthread_mutex_unlock(&r->lock);
	return waits;
}

/* What runs, when it is not kept: the built-in program, or rules that somebody
 * else has loaded. */
static int keep_found(struct damp_control *c, struct damp_record *r, const char *file,
		      const char *text, size_t len)
{
	const struct damp_generation *last = damp_generations_newest(&r->gens);
	struct damp_prog *p = damp_control_running(c);
	struct damp_generation g = { .how = DAMP_GENERATION_FOUND, .at = time(NULL) };
	int err = 0;

	if (p == NULL || damp_generations_of(&r->gens, p->view.hdr->digest) != NULL)
		goto out;
	pthread_mutex_lock(&c->state.lock);
	g.number = c->state.generation;
	pthread_mutex_unlock(&c->state.lock);
	/* The data plane may have begun to count anew. */
	if (last != NULL && g.number <= last->number)
		g.number = last->number + 1;
	if (g.number == 0)
		goto out;
	damp_change_describe(&g, p);
	snprintf(g.by, sizeof(g.by), "found running");
	snprintf(g.file, sizeof(g.file), "%s", file);
	err = damp_generations_add(&r->gens, &g, text, len, p);
out:
	damp_prog_put(p);
	return err;
}

bool damp_change_known(struct damp_control *c)
{
	struct damp_record *r = &c->record;
	char running[DAMP_DIGEST_LEN];
	bool known = damp_change_running(c, running);

	pthread_mutex_lock(&r->lock);
	known = known && damp_generations_of(&r->gens, running) != NULL;
	pthread_mutex_unlock(&r->lock);
	return known;
}

void damp_change_found(struct damp_control *c, const struct damp_load_job *job,
		       const struct damp_load_result *r)
{
	char running[DAMP_DIGEST_LEN];
	const char *text;
	size_t len;

	if (!damp_change_running(c, running) || strcmp(running, r->prog->view.hdr->digest) != 0)
		return;
	text = damp_load_text(job, &r->rules, &len);
	pthread_mutex_lock(&c->record.lock);
	keep_found(c, &c->record, job->name, text, len);
	pthread_mutex_unlock(&c->record.lock);
}

static int begin_trial(struct damp_control *c, const struct damp_load_job *job,
		       const struct damp_load_result *r, uint32_t seconds)
{
	struct damp_record *rec = &c->record;
	struct damp_trial *t = &rec->trial;
	const struct damp_generation *base;
	char running[DAMP_DIGEST_LEN];

	/* What ran when the right to load was taken is kept by now. */
	base = damp_change_running(c, running) ? damp_generations_of(&rec->gens, running) : NULL;
	if (base == NULL)
		return -ENOENT;
	*t = (struct damp_trial){ .active = true,
				  .base = base->number,
				  .began_ms = damp_trial_now_ms(),
				  .wall = time(NULL) + seconds };
	rec->gens.pinned = base->number;
	t->deadline_ms = t->began_ms + (uint64_t)seconds * 1000;
	memcpy(t->boot, rec->boot, sizeof(t->boot));
	snprintf(t->digest, sizeof(t->digest), "%s", r->prog->view.hdr->digest);
	snprintf(t->base_digest, sizeof(t->base_digest), "%s", base->digest);
	snprintf(t->by, sizeof(t->by), "%s", job->by);
	return damp_trial_write(c->opt.state_dir, t);
}

int damp_change_arm(struct damp_control *c, const struct damp_load_job *job,
		    const struct damp_load_result *r, uint32_t seconds, uint32_t *least)
{
	struct damp_record *rec = &c->record;
	const struct damp_generation *last;
	int err;

	pthread_mutex_lock(&rec->lock);
	err = keep_found(c, rec, "", NULL, 0);
	if (err == 0 && seconds > 0)
		err = begin_trial(c, job, r, seconds);
	last = damp_generations_newest(&rec->gens);
	*least = last != NULL ? last->number + 1 : 0;
	pthread_mutex_unlock(&rec->lock);
	return err;
}

int damp_change_end(struct damp_control *c, enum damp_generation_state how, const char *by)
{
	struct damp_record *r = &c->record;
	int err;

	pthread_mutex_lock(&r->lock);
	/* The record first: a file that is left over is known by it. */
	damp_generations_mark(&r->gens, r->trial.generation, how, by, time(NULL));
	r->trial.active = false;
	r->gens.pinned = 0;
	err = damp_trial_write(c->opt.state_dir, &r->trial);
	pthread_mutex_unlock(&r->lock);
	return err;
}

void damp_change_disarm(struct damp_control *c)
{
	struct damp_record *r = &c->record;

	pthread_mutex_lock(&r->lock);
	if (r->trial.active && r->trial.generation == 0) {
		r->trial.active = false;
		r->gens.pinned = 0;
		damp_trial_write(c->opt.state_dir, &r->trial);
	}
	pthread_mutex_unlock(&r->lock);
}

void damp_change_describe(struct damp_generation *g, const struct damp_prog *p)
{
	const struct damp_program_hdr *h = p->view.hdr;

	snprintf(g->digest, sizeof(g->digest), "%s", h->digest);
	snprintf(g->ruleset, sizeof(g->ruleset), "%s", h->name);
	g->revision = h->revision;
	g->nrules = h->nrules;
}

int damp_change_loaded(struct damp_control *c, const struct damp_load_job *job,
		       const struct damp_load_result *r, const char *text, size_t len)
{
	struct damp_record *rec = &c->record;
	struct damp_generation g = { .number = r->generation,
				     .of = job->of,
				     .how = job->how,
				     .at = time(NULL),
				     .state = r->confirm_s > 0 ? DAMP_GENERATION_IS_PENDING
							       : DAMP_GENERATION_IS_PLAIN };
	const struct damp_generation *known;
	char *kept = NULL;
	int err;

	damp_change_describe(&g, r->prog);
	snprintf(g.file, sizeof(g.file), "%s", job->name);
	snprintf(g.by, sizeof(g.by), "%s", job->by);
	snprintf(g.comment, sizeof(g.comment), "%s", job->comment);
	pthread_mutex_lock(&rec->lock);
	known = damp_generations_of(&rec->gens, g.digest);
	/* The same rules again, after a restart of the data plane. */
	snprintf(g.signed_by, sizeof(g.signed_by), "%s",
		 r->signed_by[0] != '\0' || known == NULL ? r->signed_by : known->signed_by);
	snprintf(g.tests, sizeof(g.tests), "%s", job->tests != NULL ? job->tests : "");
	if (known != NULL && (text == NULL || !damp_generation_is_text_of(g.digest, text, len)))
		text = kept = damp_generations_source(&rec->gens, known->number, &len);
	err = damp_generations_add(&rec->gens, &g, text, len, r->prog);
	free(kept);
	if (r->confirm_s > 0) {
		rec->trial.generation = r->generation;
		damp_trial_write(c->opt.state_dir, &rec->trial);
	}
	pthread_mutex_unlock(&rec->lock);
	return err;
}

enum damp_trial_step damp_change_look(struct damp_control *c)
{
	struct damp_record *r = &c->record;
	char running[DAMP_DIGEST_LEN];
	const bool known = damp_change_running(c, running);
	enum damp_trial_step step;

	pthread_mutex_lock(&r->lock);
	step = damp_trial_decide(&r->trial, r->boot, damp_trial_now_ms(), known ? running : NULL);
	pthread_mutex_unlock(&r->lock);
	return step;
}

int damp_change_wait_ms(struct damp_control *c, int max)
{
	struct damp_record *r = &c->record;
	uint64_t left;
	bool active;

	pthread_mutex_lock(&r->lock);
	active = r->trial.active;
	left = damp_change_left_ms(r);
	pthread_mutex_unlock(&r->lock);
	return active && left > 0 && left < (uint64_t)max ? (int)left + 1 : max;
}

struct damp_prog *damp_change_base(struct damp_control *c)
{
	struct damp_record *r = &c->record;
	struct damp_prog *p;

	pthread_mutex_lock(&r->lock);
	p = damp_generations_program(&r->gens, r->trial.base);
	pthread_mutex_unlock(&r->lock);
	return p;
}

/* The rules before are the last good ones again, for the next start of ours. */
static void remember_base(struct damp_control *c, const struct damp_trial *t)
{
	const struct damp_generation *g = damp_generations_find(&c->record.gens, t->base);
	struct damp_history *h = &c->state.history;
	struct damp_history copy;

	pthread_mutex_lock(&c->state.lock);
	snprintf(h->digest, sizeof(h->digest), "%s", t->base_digest);
	if (g != NULL) {
		snprintf(h->name, sizeof(h->name), "%s", g->file);
		snprintf(h->by, sizeof(h->by), "%s", g->by);
		snprintf(h->comment, sizeof(h->comment), "%s", g->comment);
		h->at = g->at;
	}
	copy = *h;
	pthread_mutex_unlock(&c->state.lock);
	damp_history_write(c->opt.state_dir, &copy, NULL, 0);
}

void damp_change_over(struct damp_control *c)
{
	struct damp_record *r = &c->record;
	char running[DAMP_DIGEST_LEN];
	struct damp_trial t;

	damp_change_running(c, running);
	pthread_mutex_lock(&r->lock);
	t = r->trial;
	if (strcmp(running, t.base_digest) == 0)
		remember_base(c, &t);
	pthread_mutex_unlock(&r->lock);
	damp_change_end(c, DAMP_GENERATION_IS_GONE_BACK, "other rules run already");
	damp_change_tell(c, "gone_back", &t,
			 strcmp(running, t.base_digest) == 0
				 ? "the data plane has gone back to the rules before by its restart"
				 : "other rules run than those that waited to be confirmed");
}

/* The rules before and their text into r; false with r->text. */
static bool take_kept(struct damp_control *c, uint32_t number, struct damp_load_job *job,
		      struct damp_load_result *r, char **text)
{
	struct damp_record *rec = &c->record;
	const struct damp_generation *g;

	memset(r, 0, sizeof(*r));
	*text = NULL;
	pthread_mutex_lock(&rec->lock);
	g = damp_generations_find(&rec->gens, number);
	if (g != NULL) {
		r->prog = damp_generations_program(&rec->gens, number);
		*text = damp_generations_source(&rec->gens, number, &job->len);
		snprintf(r->file, sizeof(r->file), "%s", g->file);
		snprintf(r->signed_by, sizeof(r->signed_by), "%s", g->signed_by);
	}
	pthread_mutex_unlock(&rec->lock);
	job->text = *text;
	job->name = r->file;
	job->of = number;
	job->no_confirm = true;
	if (g == NULL) {
		r->status = DAMP_LOAD_NOTHING;
		snprintf(r->text, sizeof(r->text), "generation %u is not kept", number);
	}
	return g != NULL;
}

/* A program of another version of Damper is made anew from its text. */
static void compile_kept(const struct damp_load_job *job, struct damp_load_result *r)
{
	char file[sizeof(r->file)], signed_by[sizeof(r->signed_by)];

	if (r->prog != NULL || job->text == NULL)
		return;
	memcpy(file, r->file, sizeof(file));
	memcpy(signed_by, r->signed_by, sizeof(signed_by));
	damp_load_compile(&(struct damp_load_job){ .text = job->text, .len = job->len, .name = file }, r);
	memcpy(r->file, file, sizeof(file));
	memcpy(r->signed_by, signed_by, sizeof(signed_by));
}

void damp_change_load_kept(struct damp_control *c, uint32_t number, struct damp_load_job *job,
			   struct damp_load_result *r)
{
	char *text;

	if (!take_kept(c, number, job, r, &text))
		return;
	compile_kept(job, r);
	/* What comes back by itself ran before, and nobody chose it. */
	if (r->prog != NULL && (job->how == DAMP_GENERATION_BACK || damp_signed_kept(c, r))) {
		damp_load_send(c, job, r);
	} else if (r->status == DAMP_LOAD_OK) {
		r->status = DAMP_LOAD_INTERNAL;
		snprintf(r->text, sizeof(r->text), "the program of generation %u is damaged", number);
	}
	damp_load_report(c, job, r);
	free(text);
	job->text = NULL;
}

void damp_change_back(struct damp_control *c, const char *why, struct damp_load_result *r)
{
	struct damp_load_job job = { .by = "damperd", .comment = why, .how = DAMP_GENERATION_BACK };
	struct damp_trial t;

	pthread_mutex_lock(&c->record.lock);
	t = c->record.trial;
	pthread_mutex_unlock(&c->record.lock);
	damp_change_load_kept(c, t.base, &job, r);
	if (r->status != DAMP_LOAD_OK)
		return;
	damp_change_end(c, DAMP_GENERATION_IS_GONE_BACK, why);
	damp_change_tell(c, "gone_back", &t, why);
}
