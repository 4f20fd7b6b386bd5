/* SPDX-License-Identifier: BSD-3-Clause */
/* See conditions.h. */
#include "conditions.h"

#include "metrics_dataplane.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct damp_conditions {
	pthread_mutex_t lock;
	bool holds[DAMP_CONDITION_MAX];
	const char *policy[DAMP_CONDITION_MAX];
	uint64_t boot_id;
	uint64_t count[DAMP_CONDITION_MAX];     /* of those that are counted, at the last look */
	int64_t until_s[DAMP_CONDITION_MAX];
};

static const struct { const char *label, *text; bool told; } about[DAMP_CONDITION_MAX] = {
#define X(name, word, elsewhere, words) [DAMP_CONDITION_##name] = { .label = word, .text = words, .told = elsewhere },
	DAMP_CONDITIONS(X)
#undef X
};

static const char *open_closed(bool open)
{
	return open ? "open" : "closed";
}

static void learn_policies(struct damp_conditions *c, const struct damp_guard *g)
{
	c->policy[DAMP_CONDITION_FILTER_DOWN] = "closed";
	c->policy[DAMP_CONDITION_TABLE_FULL] = open_closed(g->table_full == DAMP_TABLE_FULL_EVICT);
	c->policy[DAMP_CONDITION_OVERLOAD] = open_closed(g->overload == DAMP_OVERLOAD_OPEN);
	c->policy[DAMP_CONDITION_CLOCK_UNSYNCED] = open_closed(g->clock_unsynced == DAMP_CLOCK_OPEN);
	c->policy[DAMP_CONDITION_UNANSWERED] = g->unanswered_prove ? "prove" : "pass";
	c->policy[DAMP_CONDITION_UNASKED] = g->unasked_small ? "small" : "drop";
}

struct damp_conditions *damp_conditions_new(void)
{
	static const struct damp_guard unknown = { .unanswered_prove = 1 };
	struct damp_conditions *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	learn_policies(c, &unknown);
	return c;
}

void damp_conditions_free(struct damp_conditions *c)
{
	if (c == NULL)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Packets that met a condition. Under `open` a full table refuses nobody, but
 * forgets an older exchange. */
static uint64_t met(const struct damp_conditions *c, const struct damp_snap *s, enum damp_condition which)
{
	const bool evicts = strcmp(c->policy[DAMP_CONDITION_TABLE_FULL], "open") == 0;

	if (which == DAMP_CONDITION_TABLE_FULL)
		return damp_snap_reason(s, DAMP_REASON_TABLE_FULL).packets +
		       (evicts ? s->total.table_evictions[DAMP_TABLE_EXCHANGES] : 0);
	return damp_snap_reason(s, DAMP_REASON_STEER_FULL).packets +
	       damp_snap_reason(s, DAMP_REASON_NO_MBUF).packets +
	       damp_snap_reason(s, DAMP_REASON_TX_FULL).packets + s->total.overload_passed +
	       s->stats.port[DAMP_OUTSIDE].imissed + s->stats.port[DAMP_INSIDE].imissed;
}

static bool counted(struct damp_conditions *c, const struct damp_snap *s, enum damp_condition which,
		    bool first, int64_t mono_s)
{
	const uint64_t now = met(c, s, which);

	if (!first && now > c->count[which])
		c->until_s[which] = mono_s + DAMP_CONDITION_HOLD_S;
	c->count[which] = now;
	return mono_s < c->until_s[which];
}

static void find(struct damp_conditions *c, const struct damp_snap *s, int64_t mono_s,
		 bool now[DAMP_CONDITION_MAX])
{
	const bool first = s != NULL && s->stats.boot_id != c->boot_id;

	memset(now, 0, DAMP_CONDITION_MAX * sizeof(*now));
	now[DAMP_CONDITION_FILTER_DOWN] = s == NULL;
	if (s == NULL)
		return;
	if (first)
		memset(c->until_s, 0, sizeof(c->until_s));
	c->boot_id = s->stats.boot_id;
	now[DAMP_CONDITION_TABLE_FULL] = counted(c, s, DAMP_CONDITION_TABLE_FULL, first, mono_s);
	now[DAMP_CONDITION_OVERLOAD] = counted(c, s, DAMP_CONDITION_OVERLOAD, first, mono_s);
	now[DAMP_CONDITION_CLOCK_UNSYNCED] = !s->stats.clock_trusted;
	now[DAMP_CONDITION_UNANSWERED] = s->stats.routing == DAMP_ROUTING_UNANSWERED;
	now[DAMP_CONDITION_UNASKED] = s->stats.routing == DAMP_ROUTING_UNASKED;
}

void damp_conditions_look(struct damp_conditions *c, const struct damp_snap *snap,
			  const struct damp_guard *guard, int64_t mono_s, damp_condition_fn *told,
			  void *arg)
{
	bool now[DAMP_CONDITION_MAX];
	char text[200];

	pthread_mutex_lock(&c->lock);
	if (guard != NULL)
		learn_policies(c, guard);
	find(c, snap, mono_s, now);
	for (unsigned i = 0; i < DAMP_CONDITION_MAX; i++) {
		if (now[i] == c->holds[i])
			continue;
		c->holds[i] = now[i];
		if (about[i].told)
			continue;
		snprintf(text, sizeof(text), "%s%s (fail: %s is %s)", now[i] ? "" : "over: ", about[i].text,
			 about[i].label, c->policy[i]);
		told(arg, about[i].label, now[i], text);
	}
	pthread_mutex_unlock(&c->lock);
}

bool damp_condition_holds(struct damp_conditions *c, enum damp_condition which)
{
	bool holds;

	pthread_mutex_lock(&c->lock);
	holds = c->holds[which];
	pthread_mutex_unlock(&c->lock);
	return holds;
}

json_t *damp_conditions_json(struct damp_conditions *c)
{
	json_t *all = json_array();

	pthread_mutex_lock(&c->lock);
	for (unsigned i = 0; i < DAMP_CONDITION_MAX; i++)
		if (c->holds[i])
			json_array_append_new(all,
					      json_pack("{s:s, s:s, s:s}", "condition", about[i].label,
							"policy", c->policy[i], "text", about[i].text));
	pthread_mutex_unlock(&c->lock);
	return all;
}

void damp_conditions_metrics(FILE *f, struct damp_conditions *c)
{
	damp_metrics_family(f, "damper_fail_active", "gauge",
			    "1 while a condition holds that the rules have a policy for (fail, asymmetric).");
	pthread_mutex_lock(&c->lock);
	for (unsigned i = 0; i < DAMP_CONDITION_MAX; i++)
		fprintf(f, "damper_fail_active{condition=\"%s\",policy=\"%s\"} %d\n", about[i].label,
			c->policy[i], c->holds[i]);
	pthread_mutex_unlock(&c->lock);
}
