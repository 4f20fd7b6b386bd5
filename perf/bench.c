/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clock, memory, results; see bench.h.
 */
#include "bench.h"

#include <getopt.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define HUGE_PAGE (2u << 20)

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct bench_options bench_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "runs", required_argument, NULL, 'r' }, { "json", required_argument, NULL, 'j' }, { NULL, 0, NULL, 0 },
	};
	struct bench_options o = { .runs = 7 };
	int opt;

	while ((opt = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (opt == 'r')
			o.runs = (unsigned)strtoul(optarg, NULL, 10);
		else if (opt == 'j')
			o.json = optarg;
		else
			exit(2);
	}
	if (o.runs >= 1 && o.runs <= BENCH_RUNS_MAX && optind == argc)
		return o;
	fprintf(stderr, "usage: %s [--runs 1..%u] [--json FILE]\n", argv[0], BENCH_RUNS_MAX);
	exit(2);
}

double bench_hz(void)
{
	const double t0 = seconds();
	const uint64_t c0 = bench_start();
	double t1;

	do {
		t1 = seconds();
	} while (t1 - t0 < 0.05);
	return (double)(bench_stop() - c0) / (t1 - t0);
}

void *bench_memory(size_t bytes)
{
	const size_t whole = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	void *p = aligned_alloc(HUGE_PAGE, whole);

	if (p == NULL) {
		fprintf(stderr, "no memory for %zu bytes\n", whole);
		exit(1);
	}
	madvise(p, whole, MADV_HUGEPAGE);
	memset(p, 0, whole);
	return p;
}

size_t bench_huge_bytes(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	unsigned long kib = 0;
	char line[128];

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "AnonHugePages: %lu kB", &kib) == 1)
			break;
	fclose(f);
	return (size_t)kib << 10;
}

void bench_add(struct bench_results *r, const char *name, const char *unit, double value)
{
	struct bench_row *row = NULL;

	for (unsigned i = 0; i < r->n && row == NULL; i++)
		if (strcmp(r->row[i].name, name) == 0)
			row = &r->row[i];
	if (row == NULL) {
		if (r->n == BENCH_ROWS_MAX)
			return;
		row = &r->row[r->n++];
		snprintf(row->name, sizeof(row->name), "%s", name);
		snprintf(row->unit, sizeof(row->unit), "%s", unit);
	}
	if (row->runs < BENCH_RUNS_MAX)
		row->value[row->runs++] = value;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

struct summary { double median, min, max; };

static struct summary summarise(const struct bench_row *row)
{
	double v[BENCH_RUNS_MAX];
	struct summary s;

	memcpy(v, row->value, row->runs * sizeof(*v));
	s.median = bench_median(v, row->runs);
	s.min = v[0];
	s.max = v[row->runs - 1];
	return s;
}

void bench_print(const struct bench_results *r)
{
	printf("%-40s %12s %12s %12s  %-8s %s\n", "name", "median", "min", "max", "unit", "runs");
	for (unsigned i = 0; i < r->n; i++) {
		const struct summary s = summarise(&r->row[i]);

		printf("%-40s %12.2f %12.2f %12.2f  %-8s %u\n", r->row[i].name, s.median, s.min, s.max, r->row[i].unit,
		       r->row[i].runs);
	}
}

bool bench_write(const struct bench_results *r, const char *path)
{
	FILE *f = path ? fopen(path, "w") : NULL;

	if (path == NULL)
		return true;
	if (f == NULL)
		return false;
	fputs("[\n", f);
	for (unsigned i = 0; i < r->n; i++) {
		const struct summary s = summarise(&r->row[i]);

		fprintf(f, " {\"name\": \"%s\", \"unit\": \"%s\", ", r->row[i].name, r->row[i].unit);
		fprintf(f, "\"median\": %.3f, \"min\": %.3f, \"max\": %.3f, \"runs\": %u}%s\n", s.median, s.min, s.max,
			r->row[i].runs, i + 1 < r->n ? "," : "");
	}
	fputs("]\n", f);
	return fclose(f) == 0;
}

int bench_instructions_open(void)
{
	struct perf_event_attr a = {
		.type = PERF_TYPE_HARDWARE, .size = sizeof(a), .config = PERF_COUNT_HW_INSTRUCTIONS,
		.exclude_kernel = 1, .exclude_hv = 1,
	};

	return (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
}

uint64_t bench_instructions_read(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == (ssize_t)sizeof(n) ? n : 0;
}

/* The first line of a file that begins with key, without the key. */
static void print_line(const char *what, const char *path, const char *key)
{
	FILE *f = fopen(path, "r");
	char line[256];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		const char *value = strchr(line, ':');

		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		printf("%-10s %s", what, *key && value ? value + 2 : line);
		break;
	}
	if (f != NULL)
		fclose(f);
}

void bench_machine(double hz)
{
	struct utsname u;

	print_line("processor", "/proc/cpuinfo", "model name");
	if (uname(&u) == 0)
		printf("%-10s %s %s %s\n", "kernel", u.sysname, u.release, u.machine);
	printf("%-10s %s\n", "compiler", __VERSION__);
	printf("%-10s %.3f GHz\n", "tsc", hz / 1e9);
	print_line("load", "/proc/loadavg", "");
}
