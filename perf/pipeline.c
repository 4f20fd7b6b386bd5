/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pipeline benchmark: whole bursts through the real stages, without ports.
 *
 * Idea: all cases take turns, run by run, so that a machine that gets slower
 * for a while is slow for all of them. A run is the median of its slices. See
 * cases.h and stage.h for what is measured, docs/performance.md for what the
 * numbers mean.
 *
 * Invariant: --check measures nothing and asks only whether each case does what
 * it says; it is the part of this program that is a test.
 */
#include "bench.h"
#include "cases.h"

#include <getopt.h>
#include <stdlib.h>

/* perf/instructions: valgrind runs much faster where it need not count. */
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define COUNT_FROM_HERE() CALLGRIND_START_INSTRUMENTATION
#define COUNT_TO_HERE() CALLGRIND_STOP_INSTRUMENTATION
#else
#define COUNT_FROM_HERE() ((void)0)
#define COUNT_TO_HERE() ((void)0)
#endif

#define CHUNKS_MAX 256u
/* In percent; what the share of the expected reason must reach. */
#define SHARE_MIN 99.0

static const char *const reason_name[] = {
#define X(name, label, sev, help) label,
	DAMP_REASONS(X)
#undef X
};

struct options {
	unsigned runs, chunks, frames, burst;
	bool check, quiet, stages;
	const char *only, *json, *program;
};

static void usage(FILE *to)
{
	fputs("usage: pipeline [--runs N] [--chunks N] [--frames N] [--burst N] [--case NAME]\n"
	      "                [--program FILE] [--json FILE] [--no-noise] [--stages] [--check] [--list]\n"
	      "  --runs N       runs of each case (7); each is the median of its slices\n"
	      "  --chunks N     chunks of a run (9)\n"
	      "  --frames N     frames of a chunk (16384, which is also the most)\n"
	      "  --burst N      packets judged at once (64, which is also the most)\n"
	      "  --case NAME    only this case\n"
	      "  --no-noise     leave the noise probe out, and the rows of slices that had a core of their own\n"
	      "  --stages       cycles of the judge's passes too; to take them costs some cycles\n"
	      "  --program FILE a compiled rule program in place of the built-in one\n"
	      "  --check        one small chunk of each case: does it do what it says? no times\n", to);
}

static unsigned number(const char *text, unsigned most)
{
	const unsigned long n = strtoul(text, NULL, 10);

	if (n >= 1 && n <= most)
		return (unsigned)n;
	fprintf(stderr, "%s: must be 1 to %u\n", text, most);
	exit(2);
}

static void list(void)
{
	for (unsigned i = 0; i < perf_ncases; i++)
		puts(perf_cases[i].name);
	exit(0);
}

static void read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "runs", required_argument, NULL, 'r' },    { "chunks", required_argument, NULL, 'k' },
		{ "frames", required_argument, NULL, 'f' },  { "case", required_argument, NULL, 'c' },
		{ "program", required_argument, NULL, 'p' }, { "json", required_argument, NULL, 'j' },
		{ "check", no_argument, NULL, 't' },	     { "list", no_argument, NULL, 'l' },
		{ "no-noise", no_argument, NULL, 'q' },	     { "help", no_argument, NULL, 'h' },
		{ "stages", no_argument, NULL, 's' },	     { "burst", required_argument, NULL, 'b' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	*o = (struct options){ .runs = 7, .chunks = 9, .frames = POOL_FRAMES, .burst = DAMP_BURST };
	while ((opt = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (opt) {
		case 'r': o->runs = number(optarg, BENCH_RUNS_MAX); break;
		case 'k': o->chunks = number(optarg, CHUNKS_MAX); break;
		case 'f': o->frames = number(optarg, POOL_FRAMES); break;
		case 'b': o->burst = number(optarg, DAMP_BURST); break;
		case 'c': o->only = optarg; break;
		case 'p': o->program = optarg; break;
		case 'j': o->json = optarg; break;
		case 't': o->check = true; break;
		case 'q': o->quiet = true; break;
		case 's': o->stages = true; break;
		case 'l': list(); break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(2);
		}
	}
}

static bool wanted(const struct options *o, const struct perf_case *c)
{
	return o->only == NULL ? o->check || !c->alone : strcmp(c->name, o->only) == 0;
}

static void add(struct bench_results *res, const struct perf_case *c, const char *what, const char *unit,
		double value)
{
	char name[56];

	snprintf(name, sizeof(name), "%s_%s", c->name, what);
	bench_add(res, name, unit, value);
}

#define SAMPLES_MAX (CHUNKS_MAX * SLICES_MAX)

/* A run with fewer slices that had a core of their own has no row of them. */
#define ALONE_MIN 8u

struct sample {
	double cycles[SAMPLES_MAX], parse[SAMPLES_MAX], keys[SAMPLES_MAX], proofs[SAMPLES_MAX], decide[SAMPLES_MAX];
	double alone[SAMPLES_MAX];      /* of `cycles` */
	unsigned nalone;
};

static void take_sample(struct sample *s, unsigned n, const struct perf_slice *slice)
{
	s->cycles[n] = slice->cycles;
	s->parse[n] = slice->parse;
	s->keys[n] = slice->keys;
	s->proofs[n] = slice->proofs;
	s->decide[n] = slice->decide;
	if (slice->core >= BENCH_WHOLE_CORE)
		s->alone[s->nalone++] = slice->cycles;
}

static void add_alone(struct bench_results *res, const struct perf_case *c, struct sample *s, unsigned n)
{
	if (s->nalone >= ALONE_MIN)
		add(res, c, "whole_core_cycles", "cycles", bench_median(s->alone, s->nalone));
	add(res, c, "whole_core_share", "%", 100.0 * s->nalone / n);
}

static void add_stages(struct bench_results *res, const struct perf_case *c, struct sample *s, unsigned n)
{
	add(res, c, "keys_cycles", "cycles", bench_median(s->keys, n));
	add(res, c, "proofs_cycles", "cycles", bench_median(s->proofs, n));
	add(res, c, "decide_cycles", "cycles", bench_median(s->decide, n));
}

static void run_case(struct perf_run *r, const struct options *o, struct bench_results *res, int instructions,
		     double hz)
{
	static struct sample s;
	uint64_t retired = 0;
	unsigned n = 0;
	double cycles;

	s.nalone = 0;
	for (unsigned k = 0; k < o->chunks; k++) {
		struct perf_slice slice[SLICES_MAX];
		uint64_t before;
		unsigned slices;

		perf_prepare(r);
		before = bench_instructions_read(instructions);
		COUNT_FROM_HERE();
		slices = perf_measure(r, !o->quiet, slice);
		COUNT_TO_HERE();
		retired += bench_instructions_read(instructions) - before;
		for (unsigned i = 0; i < slices; i++, n++)
			take_sample(&s, n, &slice[i]);
	}
	cycles = bench_median(s.cycles, n);
	add(res, r->c, "cycles", "cycles", cycles);
	add(res, r->c, "parse_cycles", "cycles", bench_median(s.parse, n));
	if (!o->quiet)
		add_alone(res, r->c, &s, n);
	if (o->stages)
		add_stages(res, r->c, &s, n);
	add(res, r->c, "ns", "ns", cycles / hz * 1e9);
	if (instructions >= 0)
		add(res, r->c, "instructions", "instructions", (double)retired / r->frames / o->chunks);
}

static double share(const struct perf_run *r, unsigned reason)
{
	return 100.0 * (double)r->reasons[reason] / (double)r->measured;
}

/* Every reason that a case met, and whether it is what the case is about. */
static bool report(const struct perf_run *r, struct bench_results *res)
{
	const bool good = share(r, r->c->expect) >= (r->c->share > 0 ? r->c->share : SHARE_MIN);

	printf("%-28s", r->c->name);
	for (unsigned i = 0; i < DAMP_REASON_MAX; i++)
		if (r->reasons[i] != 0)
			printf(" %s %.2f%%", reason_name[i], share(r, i));
	printf("%s\n", good ? "" : "  <- NOT what this case is about");
	add(res, r->c, "share", "%", share(r, r->c->expect));
	return good;
}

static bool check_all(const struct options *o, struct stage_frame *pool)
{
	static struct bench_results res;
	bool good = true;

	for (unsigned i = 0; i < perf_ncases; i++) {
		struct perf_slice slice[SLICES_MAX];
		struct perf_run r;

		if (!wanted(o, &perf_cases[i]))
			continue;
		if (!perf_open(&r, &perf_cases[i], pool, o->frames, o->program))
			return false;
		perf_prepare(&r);
		perf_measure(&r, false, slice);
		good &= report(&r, &res);
		perf_close(&r);
	}
	return good;
}

static unsigned open_all(struct perf_run *run, const struct options *o, struct stage_frame *pool)
{
	unsigned n = 0;

	for (unsigned i = 0; i < perf_ncases; i++) {
		if (!wanted(o, &perf_cases[i]))
			continue;
		if (!perf_open(&run[n], &perf_cases[i], pool, o->frames, o->program))
			exit(1);
		run[n].s->burst = o->burst;
		if (o->stages)
			stage_take_laps(run[n].s);
		n++;
	}
	return n;
}

static void say_what(const struct options *o, unsigned ncases, int instructions)
{
	printf("%-10s %u cases, %u runs, each the median over %u chunks of %u frames in slices of %u\n",
	       "measured", ncases, o->runs, o->chunks, o->frames, SLICE_FRAMES);
	printf("%-10s %zu MiB in huge pages\n", "memory", bench_huge_bytes() >> 20);
	if (instructions < 0)
		printf("%-10s not counted: this kernel or machine has no counter; see perf/instructions\n", "instr.");
}

static int measure_all(const struct options *o, struct stage_frame *pool)
{
	static struct bench_results res;
	struct perf_run *run = calloc(perf_ncases, sizeof(*run));
	const int instructions = bench_instructions_open();
	const double hz = bench_hz();
	unsigned n, wrong = 0;

	if (run == NULL)
		return 1;
	n = open_all(run, o, pool);
	bench_machine(hz);
	say_what(o, n, instructions);
	for (unsigned k = 0; k < o->runs; k++) {
		if (!o->quiet)
			bench_noise(&res, hz);
		for (unsigned i = 0; i < n; i++)
			run_case(&run[i], o, &res, instructions, hz);
	}
	for (unsigned i = 0; i < n; i++) {
		wrong += !report(&run[i], &res);
		perf_close(&run[i]);
	}
	free(run);
	bench_print(&res);
	if (!bench_write(&res, o->json)) {
		perror(o->json);
		return 1;
	}
	if (wrong)
		fprintf(stderr, "%u cases did not do what they say\n", wrong);
	return wrong != 0;
}

int main(int argc, char **argv)
{
	struct stage_frame *pool;
	struct options o;
	int status;

	read_options(&o, argc, argv);
	pool = perf_pool();
	status = o.check ? !check_all(&o, pool) : measure_all(&o, pool);
	perf_pool_free(pool);
	return status;
}
