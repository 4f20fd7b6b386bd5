/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Program swap; see programs.h.
 *
 * Reference: McKenney and Slingwine, "Read-Copy Update", 1998; rte_rcu_qsbr.
 */
#include "programs.h"

#include "builtin.h"
#include "lists.h"
#include "say.h"
#include "segment.h"
#include "state.h"
#include "timekeeper.h"

#include <damper/wire.h>
#include <rte_cycles.h>
#include <stdlib.h>

/* How long a load waits for the workers, so that its answer means "in force".
 * A worker that is slower is waited for by the slow loop. */
#define SETTLE_STEP_US 50u
#define SETTLE_STEPS 2000u

struct retired {
	struct retired *next;
	struct damp_view *view;
	uint64_t token;
};

struct damp_programs {
	struct retired *retired;
	struct damp_key memo_key;
};

static uint64_t wall_now(const struct damp_plane *p)
{
	return damp_clock_wall_s(&p->clock, damp_clock_tick(&p->clock, rte_rdtsc()));
}

static void assign_slots(struct damp_plane *p, struct damp_view *v)
{
	for (uint32_t i = 0; i < v->hdr->nrules; i++)
		v->rule_slot[i] = damp_segment_slot(p->stats, damp_view_string(v, v->rules[i].id_off));
}

/* Free every view that all workers have left behind. Returns whether none is
 * left. */
static bool sweep(struct damp_plane *p)
{
	struct retired **at = &p->programs->retired;

	while (*at != NULL) {
		struct retired *r = *at;

		if (!rte_rcu_qsbr_check(p->qsbr, r->token, false)) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		damp_view_close(r->view);
		free(r);
	}
	return p->programs->retired == NULL;
}

/* r: room for the note about the view that v replaces. */
static void publish(struct damp_plane *p, struct damp_view *v, struct retired *r)
{
	r->view = p->signals.view;
	/* Partner: the acquire load at the start of a worker's round. */
	__atomic_store_n(&p->signals.view, v, __ATOMIC_RELEASE);
	if (r->view == NULL) {
		free(r);
		return;
	}
	r->token = rte_rcu_qsbr_start(p->qsbr);
	r->next = p->programs->retired;
	p->programs->retired = r;
}

static void note_running(struct damp_plane *p, enum damp_program_source source)
{
	const struct damp_program_hdr *h = damp_programs_view(p)->hdr;

	memcpy(p->stats->program_name, h->name, sizeof(p->stats->program_name));
	memcpy(p->stats->program_digest, h->digest, sizeof(p->stats->program_digest));
	p->stats->generation = h->generation;
	p->stats->program_revision = h->revision;
	p->stats->program_source = source;
}

/* Open block and run it. Takes block over on success only. */
static int run(struct damp_plane *p, void *block, size_t len, enum damp_program_source source, char *err,
	       size_t errlen)
{
	struct retired *r = malloc(sizeof(*r));
	struct damp_view *v;

	if (r == NULL) {
		snprintf(err, errlen, "out of memory");
		return -1;
	}
	/* One more for the main thread's own questions (tracing.h). */
	v = damp_view_open(block, len, p->config.nworkers + 1, &p->programs->memo_key, err, errlen);
	if (v == NULL) {
		free(r);
		return -1;
	}
	if (!damp_devices_bind(v, &p->names, err, errlen)) {
		v->block = NULL; /* the caller's */
		damp_view_close(v);
		free(r);
		return -1;
	}
	damp_secrets_init(&v->secrets, &p->master, wall_now(p));
	assign_slots(p, v);
	damp_timekeeper_apply(p, v);
	damp_lists_apply(p, v);
	publish(p, v, r);
	note_running(p, source);
	return 0;
}

static int run_from_disk(struct damp_plane *p)
{
	char err[256];
	size_t len;
	void *block = damp_state_load(p->config.state_dir, &len, err, sizeof(err));

	if (block != NULL && run(p, block, len, DAMP_SOURCE_DISK, err, sizeof(err)) == 0)
		return 0;
	free(block);
	if (err[0] != '\0')
		damp_say("%s/%s: %s", p->config.state_dir, DAMP_PROGRAM_FILE, err);
	return -1;
}

static int run_builtin(struct damp_plane *p)
{
	char err[256] = "out of memory";
	size_t len;
	void *block = damp_builtin_program(&len);

	if (block != NULL && run(p, block, len, DAMP_SOURCE_BUILTIN, err, sizeof(err)) == 0) {
		damp_say("no program in %s: running the built-in one, the guard without rules",
			 p->config.state_dir);
		return 0;
	}
	free(block);
	damp_say("built-in program: %s", err);
	return -1;
}

int damp_programs_start(struct damp_plane *p)
{
	p->programs = calloc(1, sizeof(*p->programs));
	if (p->programs == NULL || damp_random(&p->programs->memo_key, sizeof(p->programs->memo_key)) != 0)
		return -1;
	return run_from_disk(p) == 0 ? 0 : run_builtin(p);
}

/* Give a sound block its generation. A block that is not sound is left for
 * damp_view_open() to say why. */
static void stamp(void *block, size_t len, uint32_t generation)
{
	struct damp_program_hdr *h = block;

	if (len < sizeof(*h) || h->checksum != damp_program_checksum(block, len))
		return;
	h->generation = generation;
	h->checksum = damp_program_checksum(block, len);
}

int damp_programs_keep(struct damp_plane *p, char *text, size_t textlen)
{
	const struct damp_view *v = damp_programs_view(p);
	char why[DAMP_PATH_MAX];

	text[0] = '\0';
	if (damp_state_save(p->config.state_dir, v->block, v->hdr->total_len, why, sizeof(why)) == 0)
		return 0;
	snprintf(text, textlen, "it runs, but is not kept for the next start: %s", why);
	damp_say("generation %u: %s", v->hdr->generation, text);
	return -1;
}

int damp_programs_load(struct damp_plane *p, void *block, size_t len, uint64_t how, char *text,
		       size_t textlen)
{
	const uint32_t next = damp_programs_view(p)->hdr->generation + 1;
	const uint32_t least = (uint32_t)(how & DAMP_LOAD_LEAST);

	text[0] = '\0';
	stamp(block, len, least > next ? least : next);
	if (run(p, block, len, DAMP_SOURCE_LOADED, text, textlen) != 0) {
		p->stats->loads_rejected++;
		free(block);
		return -1;
	}
	p->stats->loads_ok++;
	for (unsigned i = 0; i < SETTLE_STEPS && !sweep(p); i++)
		rte_delay_us_sleep(SETTLE_STEP_US);
	if (!(how & DAMP_LOAD_PROVISIONAL))
		damp_programs_keep(p, text, textlen);
	return 0;
}

static void renew_secrets(struct damp_plane *p)
{
	const uint64_t wall_s = wall_now(p);
	struct damp_secrets secrets;
	struct damp_view *v;
	struct retired *r;

	if (!damp_secrets_due(&damp_programs_view(p)->secrets, wall_s))
		return;
	r = malloc(sizeof(*r));
	damp_secrets_init(&secrets, &p->master, wall_s);
	v = r != NULL ? damp_view_clone(damp_programs_view(p), &secrets) : NULL;
	if (v == NULL) {
		free(r); /* tried again at the next tick; the old keys still hold */
		return;
	}
	assign_slots(p, v);
	damp_timekeeper_apply(p, v);
	damp_lists_apply(p, v);
	publish(p, v, r);
}

void damp_programs_tick(struct damp_plane *p)
{
	sweep(p);
	renew_secrets(p);
}

void damp_programs_stop(struct damp_plane *p)
{
	sweep(p);
	damp_view_close(p->signals.view);
	p->signals.view = NULL;
	free(p->programs);
	p->programs = NULL;
}
