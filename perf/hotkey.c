/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One hot key of the ledger, charged by 1 to N threads at once.
 *
 * Idea: a reflection attack on one victim makes every worker ask for the same
 * line. Most of it is refused, and what is refused only reads; what is admitted
 * takes the line's lock. Both are measured: ledger_hot_refused_*, where the key
 * is in debt, and ledger_hot_admitted_*, where it never is, which no real limit
 * allows.
 *
 * Invariant: threads work at the same time or not at all: slices begin together.
 */
#include "bench.h"
#include "ledger.h"
#include "team.h"

#include <stdlib.h>

#define LINES_LOG2 17u
#define SLICE 4096u
#define SLICES 64u
#define KEY 0x123456789abcdef0ull
#define DEBT (1u << 20)
#define BURST (1u << 30)
#define NOW DAMP_SECONDS(1000)

struct hot {
	struct team meet;
	struct damp_ledger *ledger;
	struct damp_charge charge;
	int (*act)(struct damp_ledger *l, const struct damp_charge *c, unsigned n, damp_tick now);
	double ns[TEAM_MAX][SLICES];
	uint64_t admitted[TEAM_MAX];
	double hz;
};

static int refuse(struct damp_ledger *l, const struct damp_charge *c, unsigned n, damp_tick now)
{
	return damp_ledger_peek(l, c, n, now);
}

static void work(void *arg, unsigned self)
{
	struct hot *h = arg;

	/* What is going to be refused is peeked at and goes no further. */
	for (unsigned s = 0; s < SLICES; s++) {
		uint64_t since;

		team_meet(&h->meet);
		since = bench_start();
		for (unsigned i = 0; i < SLICE; i++)
			h->admitted[self] += h->act(h->ledger, &h->charge, 1, NOW) < 0;
		h->ns[self][s] = (double)(bench_stop() - since) / SLICE / h->hz * 1e9;
	}
}

static bool run(struct bench_results *res, void *mem, unsigned threads, bool admitted, double hz)
{
	struct hot *h = bench_memory(sizeof(*h));
	const char *what = admitted ? "admitted" : "refused";
	double all[TEAM_MAX * SLICES];
	uint64_t sum = 0;
	char name[48];

	*h = (struct hot){ .meet.n = threads, .hz = hz, .ledger = damp_ledger_init(mem, LINES_LOG2) };
	h->charge = (struct damp_charge){ .key = KEY, .cost = DEBT, .burst = BURST };
	damp_ledger_charge(h->ledger, &h->charge, 1, NOW);
	h->act = admitted ? damp_ledger_charge : refuse;
	h->charge.cost = 1;
	h->charge.burst = admitted ? BURST : DEBT;
	if (!team_run(threads, work, h))
		return false;
	for (unsigned i = 0; i < threads; i++) {
		memcpy(all + i * SLICES, h->ns[i], sizeof(h->ns[i]));
		sum += h->admitted[i];
	}
	snprintf(name, sizeof(name), "ledger_hot_%s_%ut_ns", what, threads);
	bench_add(res, name, "ns", bench_median(all, threads * SLICES));
	/* A charge that finds the lock taken too often is refused (ledger.h). */
	if (sum < (admitted ? (uint64_t)threads * SLICES * SLICE / 100 * 95 : 0) || (!admitted && sum > 0))
		fprintf(stderr, "%s: %llu admitted: this measures something else\n", name, (unsigned long long)sum);
	free(h);
	return true;
}

int main(int argc, char **argv)
{
	const struct bench_options o = bench_options(argc, argv);
	static struct bench_results res;
	const double hz = bench_hz();
	void *mem = bench_memory(damp_ledger_bytes(LINES_LOG2));

	for (unsigned k = 0; k < o.runs; k++)
		for (unsigned threads = 1; threads <= team_cores(); threads++)
			if (!run(&res, mem, threads, false, hz) || !run(&res, mem, threads, true, hz))
				return 1;
	free(mem);
	bench_print(&res);
	return bench_write(&res, o.json) ? 0 : 1;
}
