/* SPDX-License-Identifier: BSD-3-Clause */
/* The keeper of the connection; see keeper.h. */
#define _GNU_SOURCE
#include "keeper.h"

#include "change.h"
#include "loader.h"
#include "log.h"
#include "signed.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 3000
#define LOOK_MS 1000            /* how often a changed generation is noticed */
#define BACK_AGAIN_MS 5000      /* between two tries to go back that fail */

struct damp_keeper {
	struct damp_control *c;
	pthread_t thread;
	bool connected, complained;
	enum damp_connect next; /* why the next connection is made, unless the boot id differs */
	int backoff_ms;
	char wanted_by[64];             /* who shall be named when wanted is loaded */
	/* The rule file as it was read last, with all that it includes, and who had
	 * signed it: it may change before the data plane is there to take it. */
	char file_digest[DAMP_DIGEST_LEN], signed_by[DAMP_SIGNED_BY_LEN];
	char *text;
	size_t text_len;
	uint64_t back_again_ms;         /* not before that another try to go back */
};

bool damp_keeper_decide(const char *running, const char *wanted, const struct damp_history *h,
			enum damp_connect why)
{
	if (wanted[0] == '\0' || strcmp(running, wanted) == 0 || why == DAMP_CONNECT_AGAIN)
		return false;
	if (why != DAMP_CONNECT_START)
		return true;
	/* An operator's load outlives us, unless the file was changed since. */
	return running[0] == '\0' || strcmp(running, h->digest) != 0 ||
	       strcmp(wanted, h->file_digest) != 0;
}

static void replace(struct damp_prog **slot, struct damp_prog *p)
{
	damp_prog_put(*slot);
	*slot = p;
}

/* The rule file was looked at: its digest, for the decision of the next start. */
static void note_file_digest(struct damp_control *c, const struct damp_prog *p)
{
	struct damp_history h;
	bool changed;

	pthread_mutex_lock(&c->state.lock);
	changed = strcmp(c->state.history.file_digest, p->view.hdr->digest) != 0;
	snprintf(c->state.history.file_digest, sizeof(h.file_digest), "%s", p->view.hdr->digest);
	h = c->state.history;
	pthread_mutex_unlock(&c->state.lock);
	if (changed)
		damp_history_write(c->opt.state_dir, &h, NULL, 0);
}

static struct damp_load_job file_job(const struct damp_keeper *k)
{
	return (struct damp_load_job){ .path = k->c->opt.rules_file, .name = k->c->opt.rules_file,
				       .by = k->wanted_by, .comment = "",
				       .how = DAMP_GENERATION_FILE };
}

/* Load what is wanted; the caller has the right to. */
static void load_wanted(struct damp_keeper *k, struct damp_load_result *r)
{
	struct damp_load_job job = file_job(k);

	if (strcmp(r->prog->view.hdr->digest, k->file_digest) == 0) {
		memcpy(r->signed_by, k->signed_by, sizeof(r->signed_by));
		job.text = k->text;
		job.len = k->text_len;
	}
	damp_load_send(k->c, &job, r);
	damp_load_report(k->c, &job, r);
}

static void note_file(struct damp_keeper *k, const struct damp_load_job *job,
		      const struct damp_load_result *r)
{
	const char *text = damp_load_text(job, &r->rules, &k->text_len);

	free(k->text);
	k->text = text != NULL ? strndup(text, k->text_len) : NULL;
	memcpy(k->file_digest, r->prog->view.hdr->digest, sizeof(k->file_digest));
	memcpy(k->signed_by, r->signed_by, sizeof(k->signed_by));
}

/* Compile the rule file into wanted, and load it when the data plane is there. */
static void read_file(struct damp_keeper *k, const char *by, enum damp_connect why)
{
	struct damp_load_result r;
	struct damp_load_job job;

	snprintf(k->wanted_by, sizeof(k->wanted_by), "%s", by);
	job = file_job(k);
	if (!damp_control_begin_load(k->c, DAMP_LOAD_FOREVER))
		return;
	memset(&r, 0, sizeof(r));
	if (why == DAMP_CONNECT_RELOAD && damp_change_waits(k->c, r.text, sizeof(r.text))) {
		r.status = DAMP_LOAD_PENDING;
		damp_load_report(k->c, &job, &r);
		damp_control_end_load(k->c);
		return;
	}
	damp_load_compile(&job, &r);
	if (r.status != DAMP_LOAD_OK || !damp_signed_check(k->c, &job, &r)) {
		damp_load_report(k->c, &job, &r);
	} else if (k->connected) {
		note_file(k, &job, &r);
		load_wanted(k, &r);
		if (r.status == DAMP_LOAD_OK)
			note_file_digest(k->c, r.prog);
	} else {
		note_file(k, &job, &r);
		pthread_mutex_lock(&k->c->state.lock);
		replace(&k->c->state.wanted, damp_prog_get(r.prog));
		pthread_mutex_unlock(&k->c->state.lock);
		k->next = why;
	}
	damp_load_result_free(&r);
	damp_control_end_load(k->c);
}

/* Ask for the program that runs; NULL when it cannot be had. */
static struct damp_prog *fetch_program(struct damp_control *c)
{
	struct damp_wire_reply reply;
	struct damp_prog *p = NULL;
	int fd = -1;

	if (damp_link_call(c->link, DAMP_WIRE_PROGRAM, 0, -1, &reply, &fd))
		return NULL;
	if (fd >= 0 && reply.error == 0)
		p = damp_prog_read(fd);
	if (fd >= 0)
		close(fd);
	return p;
}

static void set_up(struct damp_control *c, const struct damp_wire_reply *hello,
		   struct damp_prog *running)
{
	struct damp_state *s = &c->state;

	pthread_mutex_lock(&s->lock);
	s->up = true;
	s->boot_id = hello->boot_id;
	s->pid = hello->pid;
	s->generation = hello->generation;
	s->source = hello->source;
	s->nworkers = hello->nworkers;
	replace(&s->running, running);
	pthread_mutex_unlock(&s->lock);
}

static void set_away(struct damp_keeper *k, const char *why)
{
	struct damp_state *s = &k->c->state;
	char text[240];

	pthread_mutex_lock(&s->lock);
	s->up = false;
	snprintf(s->why_away, sizeof(s->why_away), "%s", why);
	replace(&s->running, NULL);
	pthread_mutex_unlock(&s->lock);
	k->connected = false;
	if (k->complained)
		return;
	k->complained = true;
	snprintf(text, sizeof(text), "the data plane is away (%s)", why);
	damp_log(DAMP_LOG_WARNING, "%s; trying again until it is back", text);
	damp_control_health(k->c, "dataplane_away", "fault", text);
}

/* What the data plane runs is what we have from now on. */
static void resume(struct damp_keeper *k, struct damp_prog *running,
		   const struct damp_wire_reply *hello)
{
	damp_log(DAMP_LOG_INFO, "the data plane runs generation %u (%s): nothing to load",
		 hello->generation, running != NULL ? running->view.hdr->name : hello->name);
	if (running == NULL || hello->source == DAMP_SOURCE_BUILTIN)
		return;
	pthread_mutex_lock(&k->c->state.lock);
	replace(&k->c->state.wanted, damp_prog_get(running));
	pthread_mutex_unlock(&k->c->state.lock);
}

/* The rule file is what runs, but nobody wrote it down: another damperd loaded
 * it, or one from before generations were kept. */
static void write_down(struct damp_keeper *k)
{
	const struct damp_load_job job = file_job(k);
	struct damp_load_result r;

	if (damp_change_known(k->c))
		return;
	damp_load_compile(&job, &r);
	if (r.status == DAMP_LOAD_OK)
		damp_change_found(k->c, &job, &r);
	damp_load_result_free(&r);
}

static void go_back(struct damp_keeper *k, const char *why)
{
	struct damp_load_result r;

	if (damp_trial_now_ms() < k->back_again_ms)
		return;
	damp_change_back(k->c, why, &r);
	if (r.status != DAMP_LOAD_OK)
		k->back_again_ms = damp_trial_now_ms() + BACK_AGAIN_MS;
	damp_load_result_free(&r);
}

/* Rules on trial go first: true when they, or those before, are what shall
 * run, and the rule file has to wait. */
static bool settle_trial(struct damp_keeper *k)
{
	const enum damp_trial_step step = damp_change_look(k->c);

	if (step == DAMP_TRIAL_OVER)
		damp_change_over(k->c);
	if (step == DAMP_TRIAL_BACK)
		go_back(k, "nobody confirmed in time");
	if (step != DAMP_TRIAL_WAIT && step != DAMP_TRIAL_BACK)
		return false;
	if (step == DAMP_TRIAL_WAIT) {
		damp_log(DAMP_LOG_NOTICE, "the rules on trial go on; nothing to load");
		pthread_mutex_lock(&k->c->state.lock);
		replace(&k->c->state.wanted, damp_change_base(k->c));
		pthread_mutex_unlock(&k->c->state.lock);
	}
	return true;
}

/* Connected: resume, or load. The caller has the right to load. */
static void settle(struct damp_keeper *k, const struct damp_wire_reply *hello)
{
	struct damp_prog *running = fetch_program(k->c), *wanted;
	struct damp_load_result r = { .status = DAMP_LOAD_OK };
	enum damp_connect why = k->next;
	struct damp_history h;

	if (why == DAMP_CONNECT_AGAIN && hello->boot_id != k->c->state.boot_id)
		why = DAMP_CONNECT_RESTART;
	set_up(k->c, hello, damp_prog_get(running));
	if (settle_trial(k)) {
		k->next = DAMP_CONNECT_AGAIN;
		damp_prog_put(running);
		return;
	}
	pthread_mutex_lock(&k->c->state.lock);
	wanted = damp_prog_get(k->c->state.wanted);
	h = k->c->state.history;
	pthread_mutex_unlock(&k->c->state.lock);
	if (damp_keeper_decide(running != NULL ? running->view.hdr->digest : "",
			       wanted != NULL ? wanted->view.hdr->digest : "", &h, why)) {
		r.prog = damp_prog_get(wanted);
		load_wanted(k, &r);
	} else {
		resume(k, running, hello);
		write_down(k);
	}
	if (why <= DAMP_CONNECT_RELOAD && wanted != NULL && r.status == DAMP_LOAD_OK)
		note_file_digest(k->c, wanted);
	k->next = DAMP_CONNECT_AGAIN;
	snprintf(k->wanted_by, sizeof(k->wanted_by), "damperd, after a restart of the data plane");
	damp_load_result_free(&r);
	damp_prog_put(wanted);
	damp_prog_put(running);
}

/* Nobody there is the usual case, and the one where a hint helps. */
static void not_connected(struct damp_keeper *k, int err)
{
	const char *dir = k->c->opt.runtime_dir;
	char why[160];

	if (err == -ENOENT || err == -ECONNREFUSED)
		snprintf(why, sizeof(why), "nobody answers at %.90s/%s: does damper-dataplane run?",
			 dir, DAMP_WIRE_SOCKET);
	else
		snprintf(why, sizeof(why), "%.90s/%s: %s", dir, DAMP_WIRE_SOCKET, strerror(-err));
	set_away(k, why);
	k->backoff_ms = k->backoff_ms * 2 < BACKOFF_MAX_MS ? k->backoff_ms * 2 : BACKOFF_MAX_MS;
}

static void try_connect(struct damp_keeper *k)
{
	struct damp_wire_reply hello;
	int err = damp_link_connect(k->c->link);

	if (err == 0)
		err = damp_link_call(k->c->link, DAMP_WIRE_HELLO, 0, -1, &hello, NULL);
	if (err == 0 && hello.error)
		err = -hello.error;
	if (err) {
		not_connected(k, err);
		return;
	}
	if (!damp_control_begin_load(k->c, DAMP_LOAD_FOREVER))
		return;
	k->connected = true;
	if (k->complained) {
		damp_log(DAMP_LOG_NOTICE, "the data plane is back (pid %llu)",
			 (unsigned long long)hello.pid);
		damp_control_health(k->c, "dataplane_back", "ok", "the data plane is back");
	}
	k->complained = false;
	k->backoff_ms = BACKOFF_FIRST_MS;
	settle(k, &hello);
	damp_control_end_load(k->c);
}

/* Somebody else changed what runs, or a load of ours timed out: ask again. */
static void follow_generation(struct damp_keeper *k)
{
	struct damp_state *s = &k->c->state;
	struct damp_wire_reply hello;
	uint64_t generation, known, boot_id;

	pthread_mutex_lock(&s->lock);
	known = s->generation;
	boot_id = s->boot_id;
	pthread_mutex_unlock(&s->lock);
	if (!damp_stats_map_generation(k->c->stats, boot_id, &generation) || generation == known)
		return;
	if (!damp_control_begin_load(k->c, DAMP_LOAD_AT_ONCE))
		return;
	if (damp_link_call(k->c->link, DAMP_WIRE_HELLO, 0, -1, &hello, NULL) == 0 &&
	    hello.error == 0)
		set_up(k->c, &hello, fetch_program(k->c));
	damp_control_end_load(k->c);
}

/* Is the time of the rules on trial over? */
static void look_at_trial(struct damp_keeper *k)
{
	const enum damp_trial_step step = damp_change_look(k->c);

	if (step == DAMP_TRIAL_NONE || step == DAMP_TRIAL_WAIT ||
	    !damp_control_begin_load(k->c, DAMP_LOAD_AT_ONCE))
		return;
	/* Again, now that nobody can confirm any more. */
	switch (damp_change_look(k->c)) {
	case DAMP_TRIAL_BACK:
		go_back(k, "nobody confirmed in time");
		break;
	case DAMP_TRIAL_OVER:
		damp_change_over(k->c);
		break;
	case DAMP_TRIAL_NONE:
	case DAMP_TRIAL_WAIT:
		break;
	}
	damp_control_end_load(k->c);
}

static bool take_reload(struct damp_state *s)
{
	bool reload;

	pthread_mutex_lock(&s->lock);
	reload = s->reload;
	s->reload = false;
	pthread_mutex_unlock(&s->lock);
	return reload;
}

static bool stopping(struct damp_state *s)
{
	bool stop;

	pthread_mutex_lock(&s->lock);
	stop = s->stopping;
	pthread_mutex_unlock(&s->lock);
	return stop;
}

static void wait_for_work(struct damp_keeper *k)
{
	struct pollfd p[2] = { { .fd = k->c->wake_fd, .events = POLLIN },
			       { .fd = k->connected ? damp_link_fd(k->c->link) : -1,
				 .events = POLLRDHUP } };
	eventfd_t n;

	poll(p, 2, k->connected ? damp_change_wait_ms(k->c, LOOK_MS) : k->backoff_ms);
	if (p[0].revents)
		eventfd_read(k->c->wake_fd, &n);
	if (p[1].revents)
		set_away(k, "connection lost");
}

static void *keep(void *arg)
{
	struct damp_keeper *k = arg;

	read_file(k, "damperd, at its start", DAMP_CONNECT_START);
	try_connect(k);
	while (!stopping(&k->c->state)) {
		wait_for_work(k);
		if (take_reload(&k->c->state))
			read_file(k, "damperd, on SIGHUP", DAMP_CONNECT_RELOAD);
		if (!k->connected && !stopping(&k->c->state))
			try_connect(k);
		else if (k->connected)
			follow_generation(k);
		if (k->connected && !stopping(&k->c->state))
			look_at_trial(k);
	}
	return NULL;
}

struct damp_keeper *damp_keeper_start(struct damp_control *c)
{
	struct damp_keeper *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->c = c;
	k->next = DAMP_CONNECT_START;
	k->backoff_ms = BACKOFF_FIRST_MS;
	if (pthread_create(&k->thread, NULL, keep, k)) {
		free(k);
		return NULL;
	}
	return k;
}

static void poke(struct damp_control *c, bool *flag)
{
	pthread_mutex_lock(&c->state.lock);
	*flag = true;
	pthread_cond_broadcast(&c->state.idle);
	pthread_mutex_unlock(&c->state.lock);
	eventfd_write(c->wake_fd, 1);
}

void damp_keeper_reload(struct damp_control *c)
{
	poke(c, &c->state.reload);
}

void damp_keeper_stop(struct damp_keeper *k)
{
	poke(k->c, &k->c->state.stopping);
	damp_link_stop(k->c->link);
	pthread_join(k->thread, NULL);
	free(k->text);
	free(k);
}
