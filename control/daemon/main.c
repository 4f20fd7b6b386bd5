/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * damperd: the control plane. This file starts the parts and runs the main
 * loop: signals, samples, events, and what systemd wants to hear
 * (sd_notify(3)).
 *
 * Invariant: nothing here outlives the process but the history in the state
 * directory; a kill at any point leaves the data plane as it is.
 */
#define _GNU_SOURCE
#include "api.h"
#include "attack_json.h"
#include "conditions.h"
#include "drops.h"
#include "keeper.h"
#include "learner.h"
#include "log.h"
#include "metrics.h"
#include "options.h"
#include "pump.h"

#include <damper/wire.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 200
#define TICKS_PER_SAMPLE 5      /* a sample and a status line each second */

enum { EXIT_USAGE = 2, EXIT_START = 1 };

struct parts {
	struct damp_control control;
	struct damp_http *api, *metrics;
	struct damp_event_reader *events;
	struct damp_keeper *keeper;
	int signal_fd;
	bool watchdog;
};

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The API comes last: what its threads read is complete by then. */
static int start_servers(struct parts *p)
{
	struct damp_control *c = &p->control;
	char path[512];

	if (c->opt.metrics != NULL) {
		p->metrics = damp_http_start_tcp(c->opt.metrics, damp_metrics_handle, c,
						 c->metrics_at, sizeof(c->metrics_at));
		if (p->metrics == NULL)
			return -1;
		damp_log(DAMP_LOG_INFO, "metrics are served at http://%s/metrics", c->metrics_at);
	}
	snprintf(path, sizeof(path), "%s/%s", c->opt.runtime_dir, DAMP_API_SOCKET);
	p->api = damp_http_start_unix(path, c->opt.admin_group, damp_api_handle, c);
	return p->api != NULL ? 0 : -1;
}

static int start(struct parts *p)
{
	p->signal_fd = block_signals();
	if (p->signal_fd < 0) {
		damp_log(DAMP_LOG_ERROR, "cannot watch signals: %s", strerror(errno));
		return -1;
	}
	p->events = damp_event_reader_new(p->control.opt.runtime_dir);
	if (p->events == NULL || start_servers(p))
		return -1;
	p->keeper = damp_keeper_start(&p->control);
	return p->keeper != NULL ? 0 : -1;
}

static void stop(struct parts *p)
{
	sd_notify(0, "STOPPING=1");
	if (p->keeper != NULL)
		damp_keeper_stop(p->keeper);
	damp_http_stop(p->metrics);
	damp_http_stop(p->api);
	damp_event_reader_free(p->events);
	if (p->signal_fd >= 0)
		close(p->signal_fd);
}

/* False when it is time to end. */
static bool take_signals(struct parts *p)
{
	struct signalfd_siginfo info;

	while (read(p->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP)
			return false;
		damp_evlog_reopen(p->control.evlog);
		damp_keeper_reload(&p->control);
	}
	return true;
}

/* One direction alone is worth an event, and so is its end. */
static void tell_routing(struct damp_control *c, uint32_t now)
{
	static const char *const text[DAMP_ROUTING_MAX] = {
		[DAMP_ROUTING_BOTH] = "both directions are seen",
		[DAMP_ROUTING_UNANSWERED] = "requests are seen, their answers take another way",
		[DAMP_ROUTING_UNASKED] = "answers are seen whose requests took another way",
	};

	if (now == c->routing || now >= DAMP_ROUTING_MAX)
		return;
	c->routing = now;
	damp_control_health(c, "routing", now == DAMP_ROUTING_BOTH ? "ok" : "fault", text[now]);
}

static unsigned bypass_asked(struct damp_control *c)
{
	unsigned asked;

	pthread_mutex_lock(&c->state.lock);
	asked = c->bypass.asked;
	pthread_mutex_unlock(&c->state.lock);
	return asked;
}

/* A bypass that is ended by its time, or was begun without us. asked: how often one was
 * asked for before the counters were read. */
static void tell_bypass(struct damp_control *c, const struct damp_snap *snap, unsigned asked)
{
	const uint64_t left = damp_snap_bypass_left(snap);
	struct damp_bypass_told *b = &c->bypass;
	char text[80];
	bool news;

	pthread_mutex_lock(&c->state.lock);
	news = b->asked == asked && b->answered == asked && b->on != (left > 0);
	if (news)
		b->on = left > 0;
	pthread_mutex_unlock(&c->state.lock);
	if (!news)
		return;
	snprintf(text, sizeof(text), "bypass is ON for another %" PRIu64 " s: nothing is filtered", left);
	damp_control_health(c, "bypass", left > 0 ? "fault" : "ok",
			    left > 0 ? text : "the time of the bypass is over: filtering goes on");
}

struct attack_teller {
	struct damp_control *c;
	const struct damp_prog *running;
};

static void tell_attack(void *arg, enum damp_attack_phase phase, const struct damp_attack *x)
{
	const struct attack_teller *t = arg;

	damp_evlog_add(t->c->evlog, DAMP_EVENT_ATTACK, damp_attack_event(phase, x, t->running), 0);
}

static void watch_attacks(struct damp_control *c, const struct damp_snap *snap, int64_t mono_ns)
{
	struct damp_prog *running = damp_control_running(c);
	struct attack_teller t = { c, running };
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	damp_attacks_look(c->attacks, snap, running != NULL ? &running->view : NULL, mono_ns,
			  (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000, tell_attack, &t);
	damp_prog_put(running);
}

static void tell_condition(void *arg, const char *label, bool begins, const char *text)
{
	damp_control_health(arg, label, begins ? "fault" : "ok", text);
}

static void watch_conditions(struct damp_control *c, const struct damp_snap *snap, int64_t mono_s)
{
	struct damp_prog *running = damp_control_running(c);

	damp_conditions_look(c->conditions, snap, running != NULL ? running->view.guard : NULL, mono_s,
			     tell_condition, c);
	damp_prog_put(running);
}

/* A snapshot, which may be NULL, when it was taken, and how often a bypass was asked for
 * before that. */
static void sample(struct damp_control *c, const struct damp_snap *snap, const struct timespec *now, unsigned asked)
{
	int64_t mono_ns;

	watch_conditions(c, snap, now->tv_sec);
	if (snap == NULL)
		return;
	mono_ns = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec;
	tell_routing(c, snap->stats.routing);
	tell_bypass(c, snap, asked);
	damp_sampler_add(c->sampler, snap, mono_ns);
	watch_attacks(c, snap, mono_ns);
	damp_learner_totals(c->learner, snap);
}

static void notify_status(struct damp_control *c)
{
	struct damp_state *s = &c->state;
	struct damp_rates rates;
	char text[256];

	pthread_mutex_lock(&s->lock);
	rates = damp_sampler_rates(c->sampler, s->boot_id);
	if (!s->up)
		snprintf(text, sizeof(text), "STATUS=waiting for the data plane: %s", s->why_away);
	else if (s->running == NULL)
		snprintf(text, sizeof(text), "STATUS=generation %" PRIu32, s->generation);
	else
		snprintf(text, sizeof(text),
			 "STATUS=generation %" PRIu32 " (%s), %" PRIu32
			 " rules (%u observing), %.0f packets/s, %.0f drops/s%s",
			 s->generation, s->running->view.hdr->name, s->running->view.hdr->nrules,
			 damp_progview_count_mode(&s->running->view, DAMP_MODE_OBSERVE),
			 rates.rx_pps, rates.drop_pps,
			 s->last.known && !s->last.ok ? "; the last load FAILED" : "");
	pthread_mutex_unlock(&s->lock);
	sd_notify(0, text);
}

static void tick(struct parts *p, unsigned count)
{
	const bool due = count % TICKS_PER_SAMPLE == 0;
	const unsigned asked = bypass_asked(&p->control);
	struct damp_snap *snap;
	struct timespec now;

	/* Before the records are read: whoever is told of an attack that these counters
	 * have seen is told who it was. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	snap = due ? damp_control_snapshot(&p->control) : NULL;
	damp_pump_run(&p->control, p->events);
	damp_learner_run(&p->control, p->control.learner);
	damp_drops_run(&p->control, p->control.drops);
	if (p->watchdog)
		sd_notify(0, "WATCHDOG=1");
	if (!due)
		return;
	sample(&p->control, snap, &now, asked);
	free(snap);
	notify_status(&p->control);
}

static void run(struct parts *p)
{
	struct pollfd fd = { .fd = p->signal_fd, .events = POLLIN };
	uint64_t watchdog_us;

	p->watchdog = sd_watchdog_enabled(0, &watchdog_us) > 0;
	sd_notify(0, "READY=1");
	for (unsigned count = 0;; count++) {
		if (poll(&fd, 1, TICK_MS) > 0 && !take_signals(p))
			return;
		tick(p, count);
	}
}

int main(int argc, char **argv)
{
	struct parts p = { .signal_fd = -1 };
	struct damp_options opt;
	int code = EXIT_START;

	switch (damp_options_parse(argc, argv, &opt)) {
	case DAMP_OPTIONS_DONE:
		return 0;
	case DAMP_OPTIONS_WRONG:
		return EXIT_USAGE;
	case DAMP_OPTIONS_RUN:
		break;
	}
	if (damp_control_init(&p.control, &opt))
		return EXIT_START;
	if (start(&p) == 0) {
		run(&p);
		code = 0;
	}
	stop(&p);
	damp_control_fini(&p.control);
	return code;
}
