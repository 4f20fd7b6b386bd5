/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Floods of millions of spoofed requests a second against the judge, and what is
 * left for honest clients: docs/floods.md is made of its output (floods.py).
 *
 *   flood                      the table of rates, patterns and memory
 *   flood --scale N            the same with another scale, which is not to matter
 *   flood --scale N FAMILY MILLIONS PATTERN MIB [CHALLENGES [KEY]]
 *                              one row: FAMILY 4 or 6, MILLIONS of requests a second,
 *                              PATTERN by its number, MIB of memory of repetitions,
 *                              another budget of the gateway's challenges, another secret
 *   flood --budgets            the table of budgets of challenges
 */
#include "flood_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const pattern_names[FLOOD_PATTERNS] = {
	"random", "1024 requests replayed", "each repeated once after 2.5 s", "one /24", "one /48",
};
static const char *const pattern_names6[FLOOD_PATTERNS] = {
	"random", "1024 requests replayed", "each repeated once after 2.5 s", "one /64", "one /48",
};

/* One row of the table of budgets. */
static void row_of_budget(const struct flood *f)
{
	struct flood_result r;

	flood_play(f, &r);
	printf("| %u | %.3f M | %u | %.1f %% | %.1f s | %.1f %% | %.4f |\n", f->v6 ? 6 : 4, f->rate / 1e6, f->challenges,
	       r.con, r.con_after_s, r.non, r.factor);
	fflush(stdout);
}

static void row(const struct flood *f)
{
	struct flood_result r;

	flood_play(f, &r);
	printf("| %u | %.2f M | %s | %u MiB | %.1f %% | %.1f %% | %.1f %% | %.4f | %.0f | %.0f |\n", f->v6 ? 6 : 4,
	       f->rate / 1e6, (f->v6 ? pattern_names6 : pattern_names)[f->pattern], f->mib, r.con, r.non, r.known,
	       r.factor, r.packets, r.requests);
	fflush(stdout);
}

/* The curve of memory is drawn where memory is what bounds. */
static bool bound_by_memory(const struct flood *f)
{
	return f->rate > 1e6 && (f->pattern == FLOOD_RANDOM || f->pattern == FLOOD_TWICE);
}

static void rows_of_pattern(struct flood *f)
{
	static const unsigned sizes[] = { FLOOD_MIB, 16, 64, 96 };

	for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		f->mib = sizes[s];
		if (s == 0 || bound_by_memory(f))
			row(f);
	}
}

static void table(struct flood *f)
{
	static const double rates[] = { 1e4, 1e5, 1e6, 5e6, 14.88e6 };
	const unsigned nrates = sizeof(rates) / sizeof(rates[0]);

	for (unsigned n = 0; n < 2 * nrates; n++) {
		f->rate = rates[n % nrates];
		f->v6 = n >= nrates;
		for (f->pattern = 0; f->pattern < (f->v6 ? FLOOD_PATTERNS : FLOOD_CARPET_48); f->pattern++)
			rows_of_pattern(f);
	}
}

/* What a smaller budget of challenges would save, and whom it would cost. */
static void table_of_budgets(struct flood *f)
{
	static const double rates[] = { 1e3, 1e4, 1e5 };
	static const unsigned shares[] = { 1, 10, 100, 1000 };

	printf("| IP | requests a second | challenges a second | first-contact CON served | after | NON | "
	       "bytes out for each in |\n|---|---|---|---|---|---|---|\n");
	for (unsigned n = 0; n < 2 * 3 * 4; n++) {
		f->rate = rates[n / 4 % 3];
		f->v6 = n >= 3 * 4;
		f->challenges = FLOOD_CHALLENGES / shares[n % 4];
		row_of_budget(f);
	}
}

static unsigned number(const char *text)
{
	return (unsigned)atoi(text);
}

/* The row that argv names, from FAMILY on. */
static void one_row(struct flood *f, int argc, char **argv)
{
	f->v6 = argv[0][0] == '6';
	f->rate = atof(argv[1]) * 1e6;
	f->pattern = number(argv[2]) % FLOOD_PATTERNS;
	f->mib = number(argv[3]);
	if (argc > 4)
		f->challenges = number(argv[4]);
	if (argc > 5)
		f->key = number(argv[5]);
	row(f);
}

int main(int argc, char **argv)
{
	struct flood f = { .scale = 64, .mib = FLOOD_MIB, .challenges = FLOOD_CHALLENGES, .key = FLOOD_KEY };

	if (argc == 2 && strcmp(argv[1], "--budgets") == 0) {
		f.scale = 1;
		table_of_budgets(&f);
		return 0;
	}
	if (argc > 2 && strcmp(argv[1], "--scale") == 0)
		f.scale = number(argv[2]);
	printf("| IP | requests a second | sources | memory of repetitions | first-contact CON served | NON | known clients | "
	       "bytes out for each in | packets out a second | requests of the flood at each server, a second |\n"
	       "|---|---|---|---|---|---|---|---|---|---|\n");
	if (argc < 7)
		table(&f);
	else
		one_row(&f, argc - 3, argv + 3);
	return 0;
}
