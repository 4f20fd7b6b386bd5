/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What it costs when the ports do not spread packets and the workers have to:
 * one worker finds out whose a packet is and hands it over, another takes it.
 *
 * Idea: two threads and the rings of steer.c. The hand-over is one packet at a
 * time, because neighbours in a burst have different owners; taking is a burst
 * at a time. Each side is timed alone while the other spins, so waiting for one
 * another is in neither number; what the cache line of a packet's pointer costs
 * on its way to another core is in the taker's.
 *
 * steer_hand_over_cycles: whose is it, and put it into the ring.
 * steer_take_over_cycles: take it out and read its first line, which the giver has
 * written, as receiving writes the head of a buffer.
 */
#include "bench.h"
#include "cases.h"
#include "team.h"

#include <rte_ring.h>
#include <stdlib.h>

#define RING_SIZE 512u              /* DAMP_RING_SIZE of steer.h */
#define FRAMES 448u                 /* handed over before any is taken */
#define ROUNDS 2048u

struct steering {
	struct team meet;
	struct stage *stage;
	struct damp_judge *judge;       /* of two workers */
	struct stage_frame *frames;
	struct damp_pkt *pkt;
	struct rte_ring *ring;
	double give[ROUNDS], take[ROUNDS];
	uint64_t taken, owned, sum;
};

static void give(struct steering *s, unsigned round)
{
	const uint64_t since = bench_start();

	for (unsigned i = 0; i < FRAMES; i++) {
		s->owned += damp_judge_owner(s->judge, &s->pkt[i], 0);
		s->frames[i].data[0]++;
		rte_ring_sp_enqueue(s->ring, s->frames[i].data);
	}
	s->give[round] = (double)(bench_stop() - since) / FRAMES;
}

static void take(struct steering *s, unsigned round)
{
	const uint64_t since = bench_start();
	void *frame[DAMP_BURST];
	unsigned n;

	while ((n = rte_ring_sc_dequeue_burst(s->ring, frame, DAMP_BURST, NULL)) > 0) {
		for (unsigned i = 0; i < n; i++)
			damp_prefetch(frame[i]);
		for (unsigned i = 0; i < n; i++)
			s->sum += *(const uint8_t *)frame[i];
		s->taken += n;
	}
	s->take[round] = (double)(bench_stop() - since) / FRAMES;
}

static void half(void *arg, unsigned self)
{
	struct steering *s = arg;

	for (unsigned round = 0; round < ROUNDS; round++) {
		team_meet(&s->meet);
		if (self == 0)
			give(s, round);
		team_meet(&s->meet);
		if (self == 1)
			take(s, round);
	}
}

/* Parsed requests of so many clients that both workers own some. */
static void prepare(struct steering *s)
{
	struct damp_judge_config cfg = damp_judge_defaults;
	const struct damp_key key = { 1, 2 };
	struct frame_draw d = { 0 };

	cfg.nworkers = 2;
	s->judge = damp_judge_init(bench_memory(damp_judge_bytes(&cfg)), &cfg, &key, STAGE_WALL_S, 0);
	for (unsigned i = 0; i < FRAMES; i++) {
		d.client = i;
		d.port = (uint16_t)(6000 + i);
		s->frames[i].len = frame_build(s->frames[i].data, FRAME_GET, &d, NULL);
		s->pkt[i] = (struct damp_pkt){ .data = s->frames[i].data, .len = s->frames[i].len,
					       .cap = STAGE_FRAME_MAX, .side = DAMP_OUTSIDE };
	}
	for (unsigned i = 0; i < FRAMES; i += DAMP_BURST)
		damp_judge_parse(s->stage->view, s->pkt + i, DAMP_BURST);
}

static bool run(struct steering *s, struct bench_results *res)
{
	const uint64_t before = s->taken;

	if (!team_run(2, half, s))
		return false;
	bench_add(res, "steer_hand_over_cycles", "cycles", bench_median(s->give, ROUNDS));
	bench_add(res, "steer_take_over_cycles", "cycles", bench_median(s->take, ROUNDS));
	if (s->taken - before != (uint64_t)ROUNDS * FRAMES)
		fprintf(stderr, "%llu packets taken: this measures something else\n", (unsigned long long)s->taken);
	return true;
}

int main(int argc, char **argv)
{
	const struct bench_options o = bench_options(argc, argv);
	static struct bench_results res;
	struct steering *s = bench_memory(sizeof(*s));
	size_t len;
	void *program = stage_program(NULL, &len);

	s->meet.n = 2;
	s->stage = program ? stage_open(program, len) : NULL;
	s->frames = perf_pool();
	s->pkt = bench_memory(FRAMES * sizeof(*s->pkt));
	s->ring = bench_memory((size_t)rte_ring_get_memsize(RING_SIZE));
	if (s->stage == NULL || rte_ring_init(s->ring, "steering", RING_SIZE, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0)
		return 1;
	prepare(s);
	for (unsigned k = 0; k < o.runs; k++)
		if (!run(s, &res))
			return 1;
	bench_print(&res);
	return bench_write(&res, o.json) ? 0 : 1;
}
