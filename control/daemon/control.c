/* SPDX-License-Identifier: BSD-3-Clause */
/* The shared state of damperd; see control.h. */
#include "control.h"

#include "attacks.h"
#include "change.h"
#include "conditions.h"
#include "drops.h"
#include "event_json.h"
#include "learner.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define EVENT_LINES 4096u       /* newest events kept for /v1/events */

/* Waits end by the clock that nobody sets. */
static void init_idle(pthread_cond_t *idle)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(idle, &attr);
	pthread_condattr_destroy(&attr);
}

int damp_control_init(struct damp_control *c, const struct damp_options *opt)
{
	memset(c, 0, sizeof(*c));
	c->opt = *opt;
	c->started_wall = time(NULL);
	pthread_mutex_init(&c->state.lock, NULL);
	pthread_mutex_init(&c->record.lock, NULL);
	init_idle(&c->state.idle);
	strcpy(c->state.why_away, "not connected yet");
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->link = damp_link_new(opt->runtime_dir, DAMP_LINK_TIMEOUT_MS, DAMP_LINK_LOAD_TIMEOUT_MS);
	c->stats = damp_stats_map_new(opt->runtime_dir);
	c->sampler = damp_sampler_new();
	c->evlog = damp_evlog_new(EVENT_LINES, opt->events_file);
	c->learner = damp_learner_new(opt->runtime_dir);
	c->attacks = damp_attacks_new(opt->runtime_dir);
	c->conditions = damp_conditions_new();
	c->drops = damp_drops_new(opt->runtime_dir, opt->state_dir);
	if (c->wake_fd < 0 || c->link == NULL || c->stats == NULL || c->sampler == NULL ||
	    c->evlog == NULL || c->learner == NULL || c->attacks == NULL ||
	    c->drops == NULL || c->conditions == NULL) {
		damp_log(DAMP_LOG_ERROR,
			 "out of memory, or the path of the runtime directory is too long: %s",
			 opt->runtime_dir);
		damp_control_fini(c);
		return -1;
	}
	damp_history_read(opt->state_dir, &c->state.history);
	damp_change_start(c);
	return 0;
}

void damp_control_fini(struct damp_control *c)
{
	damp_prog_put(c->state.running);
	damp_prog_put(c->state.wanted);
	free(c->state.last.text);
	damp_evlog_free(c->evlog);
	damp_learner_free(c->learner);
	damp_attacks_free(c->attacks);
	damp_drops_free(c->drops);
	damp_conditions_free(c->conditions);
	damp_sampler_free(c->sampler);
	damp_stats_map_free(c->stats);
	damp_link_free(c->link);
	if (c->wake_fd >= 0)
		close(c->wake_fd);
	pthread_cond_destroy(&c->state.idle);
	pthread_mutex_destroy(&c->state.lock);
	pthread_mutex_destroy(&c->record.lock);
}

static struct timespec deadline(uint32_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

bool damp_control_begin_load(struct damp_control *c, uint32_t wait_ms)
{
	const struct timespec until = deadline(wait_ms == DAMP_LOAD_FOREVER ? 0 : wait_ms);
	struct damp_state *s = &c->state;
	bool mine, late = wait_ms == DAMP_LOAD_AT_ONCE;

	pthread_mutex_lock(&s->lock);
	while (!late && s->loading && !s->stopping) {
		if (wait_ms == DAMP_LOAD_FOREVER)
			pthread_cond_wait(&s->idle, &s->lock);
		else
			late = pthread_cond_timedwait(&s->idle, &s->lock, &until) != 0;
	}
	mine = !s->loading && !s->stopping;
	if (mine)
		s->loading = true;
	pthread_mutex_unlock(&s->lock);
	return mine;
}

void damp_control_end_load(struct damp_control *c)
{
	pthread_mutex_lock(&c->state.lock);
	c->state.loading = false;
	pthread_cond_broadcast(&c->state.idle);
	pthread_mutex_unlock(&c->state.lock);
}

struct damp_prog *damp_control_running(struct damp_control *c)
{
	struct damp_prog *p;

	pthread_mutex_lock(&c->state.lock);
	p = damp_prog_get(c->state.running);
	pthread_mutex_unlock(&c->state.lock);
	return p;
}

struct damp_snap *damp_control_snapshot(struct damp_control *c)
{
	uint64_t boot_id;
	bool up;

	pthread_mutex_lock(&c->state.lock);
	up = c->state.up;
	boot_id = c->state.boot_id;
	pthread_mutex_unlock(&c->state.lock);
	return up ? damp_stats_map_read(c->stats, boot_id) : NULL;
}

void damp_control_health(struct damp_control *c, const char *what, const char *severity,
			 const char *text)
{
	json_t *j = damp_event_own_json("health", severity);

	json_object_set_new(j, "health", json_pack("{s:s, s:s}", "what", what, "text", text));
	damp_evlog_add(c->evlog, DAMP_EVENT_HEALTH, j, 0);
}
