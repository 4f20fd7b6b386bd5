/* SPDX-License-Identifier: BSD-3-Clause */
/* From rings to the event log; see pump.h. */
#include "pump.h"

#include "attacks.h"
#include "event_json.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH 256
#define NOTICES 64

/* The id of a record's rule: slots keep their id, so the newest snapshot will do. */
static const char *rule_id(const struct damp_snap *snap, unsigned slot)
{
	if (snap == NULL || slot == 0 || slot >= snap->stats.nrule_slots)
		return "";
	return snap->stats.rule_slot[slot];
}

static void add_records(struct damp_control *c, const struct damp_event_record *rec, size_t n)
{
	struct damp_snap *snap = damp_control_snapshot(c);
	struct damp_prog *running = damp_control_running(c);
	uint32_t generation;

	pthread_mutex_lock(&c->state.lock);
	generation = c->state.generation;
	pthread_mutex_unlock(&c->state.lock);
	for (size_t i = 0; i < n; i++) {
		const struct damp_event *e = &rec[i].event;
		json_t *j = damp_event_verdict_json(&rec[i], rule_id(snap, e->rule_slot),
						    e->generation == generation ? running : NULL);

		damp_attacks_note(c->attacks, e);
		damp_evlog_add(c->evlog, e->how == DAMP_TOLD_WARN ? DAMP_EVENT_WARN : DAMP_EVENT_VERDICT, j,
			       e->represents > 0 ? e->represents - 1 : 0);
	}
	damp_prog_put(running);
	free(snap);
}

static void add_notices(struct damp_control *c, const struct damp_notice_record *rec, size_t n)
{
	struct damp_snap *snap = damp_control_snapshot(c);
	struct damp_prog *running = damp_control_running(c);

	for (size_t i = 0; i < n; i++) {
		const struct damp_notice *one = &rec[i].notice;

		if (one->kind < DAMP_NOTICE_MAX)
			damp_evlog_add(c->evlog,
				       one->kind == DAMP_NOTICE_MEMBER_ENDED ? DAMP_EVENT_SET :
									       DAMP_EVENT_BLOCK,
				       damp_event_notice_json(&rec[i], rule_id(snap, one->rule_slot),
							      running),
				       one->more);
	}
	damp_prog_put(running);
	free(snap);
}

static void run_notices(struct damp_control *c, struct damp_event_reader *r, uint64_t *lost)
{
	struct damp_notice_record rec[NOTICES];
	size_t n;

	do {
		n = damp_event_reader_notices(r, rec, NOTICES, lost);
		if (n > 0)
			add_notices(c, rec, n);
	} while (n == NOTICES);
}

void damp_pump_run(struct damp_control *c, struct damp_event_reader *r)
{
	struct damp_event_record rec[BATCH];
	uint64_t lost = 0;
	char text[80];
	size_t n;

	run_notices(c, r, &lost);
	do {
		n = damp_event_reader_poll(r, rec, BATCH, &lost);
		if (n > 0)
			add_records(c, rec, n);
	} while (n == BATCH);
	if (lost == 0)
		return;
	snprintf(text, sizeof(text), "%llu events were overwritten before they were read",
		 (unsigned long long)lost);
	damp_control_health(c, "events_lost", "fault", text);
}
