/* SPDX-License-Identifier: BSD-3-Clause */
/* The judge in the middle; see gateway.h. */
#include "gateway.h"

#include "rules.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define WALL_S 1700000000u

/* How often the shell asks for what is due, and how long after the last frame
 * something may still become due. */
#define POLL_GAP SIM_MS(10)
#define POLL_FOR SIM_MS(2000)

static const struct damp_judge_config config = {
	.nworkers = 1, .ledger_log2 = 14, .peers_log2 = 14, .xchg_log2 = 14, .seen_log2 = 15, .obs_log2 = 12, .tally_log2 = 8, .held_log2 = 8,
	.grey_log2 = 16, .repeat_lines = 4096,
	.transfers_log2 = 8,
	.leases_log2 = 8,
	.registry_log2 = 8,
};

struct sim_gateway {
	struct sim *sim;
	bool enforce;
	void *judge_mem, *worker_mem;
	struct damp_judge *judge;
	struct damp_judge_worker *worker;
	struct damp_view *view;
	struct damp_stats *stats;
	struct damp_events *events;
	struct sim_frame *held[DAMP_HOLDS];     /* by the judge's numbers; NULL when it holds none there */
	bool polling;
	damp_tick poll_until;
};

static void *lines(size_t n)
{
	const size_t whole = (n + DAMP_CACHE_LINE - 1) / DAMP_CACHE_LINE * DAMP_CACHE_LINE;
	void *p = aligned_alloc(DAMP_CACHE_LINE, whole);

	assert(p != NULL);
	memset(p, 0, whole);
	return p;
}

/* The rule file as it ships; DAMPER_SIM_RULES names another (rules_test.c). */
static struct damp_view *open_view(const struct damp_key *key)
{
	const char *given = getenv("DAMPER_SIM_RULES");
	struct damp_view *view = NULL;
	struct damp_rules r;
	char err[256] = "";

	if (damp_rules_compile_file(given != NULL ? given : SIM_RULES, NULL, &r) == 0)
		view = damp_view_open(r.program, r.program_len, 1, key, err, sizeof(err));
	if (view == NULL)
		fprintf(stderr, "%s%s\n", r.text != NULL ? r.text : "", err);
	else
		r.program = NULL;       /* the view's now */
	damp_rules_free(&r);
	return view;
}

struct sim_gateway *sim_gateway_open(struct sim *s, bool enforce)
{
	const struct damp_key key = { sim_random(s), sim_random(s) };
	struct sim_gateway *g = lines(sizeof(*g));

	g->sim = s;
	g->enforce = enforce;
	g->stats = lines(sizeof(*g->stats));
	g->events = lines(sizeof(*g->events));
	g->judge_mem = lines(damp_judge_bytes(&config));
	g->worker_mem = lines(damp_judge_worker_bytes(&config));
	g->judge = damp_judge_init(g->judge_mem, &config, &key, WALL_S, 0);
	g->worker = damp_judge_worker_init(g->worker_mem, g->judge, 0, &g->stats->worker[0],
					   &g->events->ring[0]);
	g->view = open_view(&key);
	assert(g->judge != NULL && g->worker != NULL && g->view != NULL);
	damp_secrets_init(&g->view->secrets, &key, WALL_S);
	return g;
}

void sim_gateway_close(struct sim_gateway *g)
{
	for (unsigned int i = 0; i < DAMP_HOLDS; i++)
		free(g->held[i]);
	damp_view_close(g->view);
	free(g->judge_mem);
	free(g->worker_mem);
	free(g->stats);
	free(g->events);
	free(g);
}

uint64_t sim_gateway_made(const struct sim_gateway *g)
{
	const struct damp_counter *made = g->stats->worker[0].made;

	return made[DAMP_OUTSIDE].bytes + made[DAMP_INSIDE].bytes;
}

static void tell(struct sim_gateway *g, const struct sim_end *e, enum damp_side side, enum sim_way way, uint32_t ip_len)
{
	const struct sim_node *n = sim_find(g->sim, side, e);

	if (n != NULL && n->count != NULL)
		n->count(n->self, &e->addr, way, ip_len);
}

/* A frame comes to the gateway from f->side. */
static void count_coming(struct sim_gateway *g, const struct sim_frame *f)
{
	struct sim_datagram d;
	const uint32_t ip_len = sim_read_frame(g->sim, f, &d);

	if (f->side == DAMP_OUTSIDE) {
		tell(g, &d.src, DAMP_OUTSIDE, SIM_WAY_IN, ip_len);
		tell(g, &d.dst, DAMP_INSIDE, SIM_WAY_IN, ip_len);
	} else {
		g->sim->inside_bytes += ip_len;
	}
}

static void leave(struct sim_gateway *g, struct sim_frame *f, enum damp_side side)
{
	struct sim_datagram d;
	const uint32_t ip_len = sim_read_frame(g->sim, f, &d);

	f->side = side;
	tell(g, &d.dst, side, SIM_WAY_OUT, ip_len);
	if (side == DAMP_INSIDE)
		g->sim->inside_bytes += ip_len;
	sim_deliver(g->sim, f);
}

static void send_due(struct sim_gateway *g)
{
	struct damp_emit e[DAMP_EMITS];
	const unsigned int n = damp_judge_emits(g->worker, g->sim->now, e, DAMP_EMITS);

	for (unsigned int i = 0; i < n; i++)
		leave(g, sim_frame_new(e[i].data, e[i].len, e[i].side), e[i].side);
}

static void judge(struct sim_gateway *g, struct sim_frame *f, bool held)
{
	const enum damp_side from = f->side, to = from == DAMP_OUTSIDE ? DAMP_INSIDE : DAMP_OUTSIDE;
	struct damp_pkt p = { .data = f->data, .len = (uint32_t)f->len, .cap = (uint32_t)f->len + DAMP_GROW_MAX,
			      .side = (uint8_t)from, .held = held };

	damp_judge_parse(g->view, &p, 1);
	damp_judge_run(g->worker, g->view, &p, 1, g->sim->now, !g->enforce);
	f->len = p.out_len;
	if (p.fate == DAMP_FATE_HOLD)
		g->held[p.hold] = f;
	else if (p.fate == DAMP_FATE_DROP)
		free(f);
	else
		leave(g, f, p.fate == DAMP_FATE_BACK ? from : to);
}

/* What was held and is so no longer, and what the gateway sends by itself. */
static void look_round(struct sim_gateway *g)
{
	unsigned int at;

	while (damp_judge_unhold(g->worker, g->sim->now, &at)) {
		struct sim_frame *f = g->held[at];

		g->held[at] = NULL;
		judge(g, f, true);
	}
	send_due(g);
}

static void poll_due(void *self, uint64_t arg)
{
	struct sim_gateway *g = self;

	(void)arg;
	look_round(g);
	g->polling = g->sim->now < g->poll_until;
	if (g->polling)
		sim_at(g->sim, g->sim->now + POLL_GAP, poll_due, g, 0);
}

static void keep_polling(struct sim_gateway *g)
{
	g->poll_until = g->sim->now + POLL_FOR;
	if (g->polling || !g->enforce)
		return;
	g->polling = true;
	sim_at(g->sim, g->sim->now + POLL_GAP, poll_due, g, 0);
}

void sim_gateway_frame(struct sim_gateway *g, struct sim_frame *f)
{
	count_coming(g, f);
	judge(g, f, false);
	look_round(g);
	keep_polling(g);
}
