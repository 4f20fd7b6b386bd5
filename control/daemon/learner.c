/* SPDX-License-Identifier: BSD-3-Clause */
/* See learner.h. */
#include "learner.h"

#include "common/diag_json.h"
#include "common/learn.h"
#include "samples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH 512u
#define RENEW_S (DAMP_SAMPLE_LEASE_S / 3)

struct damp_learner {
	pthread_mutex_t lock;
	struct damp_sample_reader *reader;
	struct damp_learn *learn;       /* NULL: never started */
	bool on, changed;               /* changed: tell the data plane */
	uint32_t one_in;
	int64_t renew_s;                /* monotonic: when the lease is to be renewed */
	uint64_t last_ms;               /* of the newest sample: the workers' clock */
	bool have_total;
	struct damp_counter total[DAMP_SIDE_MAX];
};

struct damp_learner *damp_learner_new(const char *runtime_dir)
{
	struct damp_learner *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	l->reader = damp_sample_reader_new(runtime_dir);
	if (l->reader != NULL)
		return l;
	damp_learner_free(l);
	return NULL;
}

void damp_learner_free(struct damp_learner *l)
{
	if (l == NULL)
		return;
	damp_learn_free(l->learn);
	damp_sample_reader_free(l->reader);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

int damp_learner_start(struct damp_learner *l)
{
	struct damp_learn *learn = damp_learn_new();

	if (learn == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&l->lock);
	damp_learn_free(l->learn);
	l->learn = learn;
	l->on = l->changed = true;
	l->one_in = 1;
	l->have_total = false;
	damp_sample_reader_skip(l->reader);
	pthread_mutex_unlock(&l->lock);
	return 0;
}

void damp_learner_stop(struct damp_learner *l)
{
	pthread_mutex_lock(&l->lock);
	l->changed = l->changed || l->on;
	l->on = false;
	pthread_mutex_unlock(&l->lock);
}

static int64_t monotonic_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Have the data plane sample, go on sampling, or end it. */
static void ask(struct damp_control *c, struct damp_learner *l)
{
	const int64_t now = monotonic_s();
	struct damp_wire_reply reply;
	uint32_t one_in;
	bool due;

	pthread_mutex_lock(&l->lock);
	due = l->changed || (l->on && now >= l->renew_s);
	one_in = l->on ? l->one_in : 0;
	pthread_mutex_unlock(&l->lock);
	if (!due || damp_link_call(c->link, DAMP_WIRE_SAMPLE, one_in, -1, &reply, NULL) != 0)
		return;
	pthread_mutex_lock(&l->lock);
	l->changed = false;
	l->renew_s = now + RENEW_S;
	pthread_mutex_unlock(&l->lock);
}

static void add(struct damp_learner *l, const struct damp_key_sample *s)
{
	struct damp_learn_sample out = {
		.ms = (uint64_t)((unsigned __int128)s->tick * 1000 / DAMP_TICKS_PER_S),
		.bytes = s->ip_len,
		.side = s->side == DAMP_INSIDE ? DAMP_INSIDE : DAMP_OUTSIDE,
		.reason = s->reason,
		.of_peer = s->of & DAMP_SAMPLE_OF_PEER,
		.of_device = s->of & DAMP_SAMPLE_OF_DEVICE,
		.of_path = s->of & DAMP_SAMPLE_OF_PATH,
		.of_tenant = s->of & DAMP_SAMPLE_OF_TENANT,
		.path = s->path,
		.tenant = s->tenant,
		.of_all = l->one_in == 1,
	};

	if (s->one_in != l->one_in)
		return; /* from before the last change */
	memcpy(out.peer, s->peer, sizeof(out.peer));
	memcpy(out.device, s->device, sizeof(out.device));
	l->last_ms = out.ms;
	damp_learn_add(l->learn, &out);
}

static void note_lost(struct damp_learner *l, uint64_t lost)
{
	damp_learn_lost(l->learn, lost);
	if (l->one_in >= DAMP_SAMPLE_ONE_IN_MAX)
		return;
	l->one_in *= 2;
	l->changed = true;
}

void damp_learner_run(struct damp_control *c, struct damp_learner *l)
{
	struct damp_key_sample s[BATCH];
	uint64_t lost = 0;
	size_t n;

	ask(c, l);
	pthread_mutex_lock(&l->lock);
	while (l->on) {
		n = damp_sample_reader_poll(l->reader, s, BATCH, &lost);
		for (size_t i = 0; i < n; i++)
			add(l, &s[i]);
		if (n < BATCH)
			break;
	}
	if (lost > 0)
		note_lost(l, lost);
	pthread_mutex_unlock(&l->lock);
}

/* CoAP and DTLS that went on, by the side it came in on. */
static struct damp_counter passed(const struct damp_snap *snap, unsigned side)
{
	struct damp_counter sum = { 0 };

	for (unsigned proved = 0; proved < 2; proved++)
		for (unsigned v = 0; v < DAMP_VERDICT_MAX; v++) {
			const struct damp_counter *one = &snap->total.verdict[side][proved][v];

			sum.packets += v != DAMP_VERDICT_DROP ? one->packets : 0;
			sum.bytes += v != DAMP_VERDICT_DROP ? one->bytes : 0;
		}
	return sum;
}

void damp_learner_totals(struct damp_learner *l, const struct damp_snap *snap)
{
	pthread_mutex_lock(&l->lock);
	for (unsigned side = 0; side < DAMP_SIDE_MAX && l->on && l->one_in > 1; side++) {
		const struct damp_counter now = passed(snap, side), *old = &l->total[side];

		if (l->have_total && now.packets >= old->packets && now.bytes >= old->bytes)
			damp_learn_add_total(l->learn, l->last_ms, side, now.packets - old->packets,
					     now.bytes - old->bytes);
		l->total[side] = now;
	}
	l->have_total = l->on && l->one_in > 1;
	pthread_mutex_unlock(&l->lock);
}

json_t *damp_learner_json(struct damp_learner *l)
{
	json_t *j = NULL, *more;

	pthread_mutex_lock(&l->lock);
	if (l->learn != NULL) {
		j = json_pack("{s:i, s:s, s:b, s:I}", "schema", DAMP_JSON_SCHEMA, "from", "live",
			      "learning", l->on, "sample", (json_int_t)l->one_in);
		more = damp_learn_json(l->learn);
		json_object_update(j, more);
		json_decref(more);
	}
	pthread_mutex_unlock(&l->lock);
	return j;
}
