/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stages under test; see stage.h.
 */
#include "stage.h"

#include "bench.h"
#include "builtin.h"

#include <errno.h>
#include <stdlib.h>

static const struct damp_key key = { 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull };

static void *read_program(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *block = NULL;
	long size;

	if (f == NULL)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) > 0) {
		rewind(f);
		*len = (size_t)size;
		block = malloc(*len);
		if (block != NULL && fread(block, 1, *len, f) != *len) {
			free(block);
			block = NULL;
		}
	}
	fclose(f);
	return block;
}

void *stage_program(const char *path, size_t *len)
{
	void *block;

	errno = 0;
	block = path ? read_program(path, len) : damp_builtin_program(len);
	if (block == NULL)
		fprintf(stderr, "%s: %s\n", path ? path : "built-in program", strerror(errno));
	return block;
}

static struct damp_view *open_view(void *program, size_t len)
{
	char err[256] = "no memory";
	struct damp_view *v = damp_view_open(program, len, 1, &key, err, sizeof(err));

	if (v == NULL) {
		fprintf(stderr, "program: %s\n", err);
		free(program);
		return NULL;
	}
	damp_secrets_init(&v->secrets, &key, STAGE_WALL_S);
	for (uint32_t i = 0; i < v->hdr->nrules; i++)
		v->rule_slot[i] = (uint16_t)(i + 1 < DAMP_RULE_SLOTS ? i + 1 : 0);
	return v;
}

struct stage *stage_open(void *program, size_t len)
{
	const struct damp_judge_config *cfg = &damp_judge_defaults;
	struct stage *s = bench_memory(sizeof(*s));

	s->view = open_view(program, len);
	if (s->view == NULL) {
		free(s);
		return NULL;
	}
	s->burst = DAMP_BURST;
	s->stats = bench_memory(sizeof(*s->stats));
	s->events = bench_memory(sizeof(*s->events));
	/* Past the grace time, so that every response needs a record. */
	s->now = DAMP_SECONDS(1000);
	s->judge = damp_judge_init(bench_memory(damp_judge_bytes(cfg)), cfg, &key, STAGE_WALL_S, 0);
	s->worker = damp_judge_worker_init(bench_memory(damp_judge_worker_bytes(cfg)), s->judge, 0,
					   &s->stats->worker[0], &s->events->ring[0]);
	return s;
}

void stage_close(struct stage *s)
{
	damp_view_close(s->view);
	/* Both begin where their memory does. */
	free(s->worker);
	free(s->judge);
	free(s->events);
	free(s->stats);
	free(s);
}

static uint64_t read_clock(void)
{
	return bench_lap();
}

void stage_take_laps(struct stage *s)
{
	s->laps.clock = read_clock;
	damp_judge_take_laps(s->worker, &s->laps);
}

void stage_rate(struct stage *s, double packets_per_s)
{
	s->step = (uint64_t)((double)(DAMP_TICK_HZ << 32) / packets_per_s);
}

void stage_skip(struct stage *s, unsigned seconds)
{
	s->now += DAMP_SECONDS(seconds);
}

static inline void advance(struct stage *s, unsigned n)
{
	const uint64_t at = s->fraction + s->step * n;

	s->now += at >> 32;
	s->fraction = at & UINT32_MAX;
}

/* What worker.c does with a received burst, buffers apart. */
static inline void take(struct stage *s, const struct stage_frame *f, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		damp_prefetch(f[i].data);
	for (unsigned i = 0; i < n; i++) {
		s->pkt[i].data = f[i].data;
		s->pkt[i].len = f[i].len;
		s->pkt[i].cap = STAGE_FRAME_MAX;
		s->pkt[i].side = f[i].side;
		s->pkt[i].checksum_known = s->checksum_known;
	}
}

static inline __attribute__((always_inline)) void put_through(struct stage *s, const struct stage_frame *f,
							       unsigned n)
{
	s->parse_cycles = 0;
	s->laps.keys = s->laps.proofs = s->laps.decide = 0;
	for (unsigned at = 0; at < n; at += s->burst) {
		const unsigned burst = n - at < s->burst ? n - at : s->burst;
		const uint64_t since = bench_lap();
		unsigned held;

		take(s, f + at, burst);
		damp_judge_parse(s->view, s->pkt, burst);
		s->parse_cycles += bench_lap() - since;
		damp_judge_run(s->worker, s->view, s->pkt, burst, s->now, false);
		while (damp_judge_unhold(s->worker, s->now, &held))
			;
		s->emitted += damp_judge_emits(s->worker, s->now, s->emit, DAMP_EMITS);
		advance(s, burst);
	}
}

__attribute__((noinline)) void stage_measured(struct stage *s, const struct stage_frame *f, unsigned n)
{
	put_through(s, f, n);
}

__attribute__((noinline)) void stage_unmeasured(struct stage *s, const struct stage_frame *f, unsigned n)
{
	put_through(s, f, n);
}
