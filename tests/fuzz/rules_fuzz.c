/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer target: rule files, from their first byte to the program.
 *
 * Idea: the input is one rule file. Lines that begin with "%%% " part it into
 * several: what follows the mark is the path of the next one, and all of them
 * go through the loader as a bundle, so that includes, globs and files of sets
 * are reached without a file system. An input that is a bundle as it travels
 * is taken as it is.
 *
 * Invariant: there is a program or there are errors, never both and never
 * neither; the data plane's own check takes every program; every message points
 * at a place that is in its file. What can be laid out stays so.
 */
#include "rules.h"
#include "view_check.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A day on which the exemptions of the seeds hold: 2026-06-01. */
#define NOW 1780272000

static const char mark[] = "%%% ";
#define MARK (sizeof(mark) - 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Where the next part begins: at a mark at the begin of a line, or the end. */
static const char *next_part(const char *p, const char *end)
{
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		if ((size_t)(end - p) >= MARK && memcmp(p, mark, MARK) == 0)
			return p;
		p = nl ? nl + 1 : end;
	}
	return end;
}

static void put_part(FILE *out, const char *path, size_t path_len, const char *text, size_t len)
{
	fprintf(out, "%zu %.*s\n", len, (int)path_len, path);
	fwrite(text, 1, len, out);
	fputc('\n', out);
}

/* The parts as a bundle; NULL when there is only one. */
static char *bundle(const char *text, size_t len, size_t *out_len)
{
	const char *end = text + len, *p = next_part(text, end), *body, *stop;
	char *parts = NULL, *out = NULL;
	size_t n = 1, parts_len = 0;
	FILE *f;

	if (p == end)
		return NULL;
	f = open_memstream(&parts, &parts_len);
	must(f != NULL);
	put_part(f, "root.yaml", 9, text, (size_t)(p - text));
	for (; p < end; p = stop, n++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		body = nl ? nl + 1 : end;
		stop = next_part(body, end);
		put_part(f, p + MARK, (size_t)((nl ? nl : end) - p) - MARK, body, (size_t)(stop - body));
	}
	fclose(f);
	f = open_memstream(&out, out_len);
	must(f != NULL);
	fprintf(f, "damper-bundle 1 %zu\n", n);
	fwrite(parts, 1, parts_len, f);
	fclose(f);
	free(parts);
	return out;
}

static void check(const struct damp_rules *r)
{
	char err[256];

	must((r->program != NULL) == (r->errors == 0));
	must(r->text != NULL && !r->unreadable);
	if (r->program && !damp_program_check(r->program, r->program_len, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		abort();
	}
	for (size_t i = 0; i < r->ndiags; i++) {
		const struct damp_diag *d = &r->diags[i];

		must(d->file && d->message && d->message[0]);
		must(d->line >= 0 && (d->line == 0 || (d->column >= 1 && d->end_column > d->column)));
	}
}

/* What was laid out once does not change when it is laid out again. */
static void check_layout(const char *text, size_t len, const struct damp_rules_options *opt)
{
	size_t n1 = 0, n2 = 0;
	struct damp_rules r;
	char *once = damp_rules_format_text(text, len, "rules.yaml", opt, &r, &n1), *twice = NULL;

	must((once != NULL) == (r.errors == 0));
	damp_rules_free(&r);
	if (once) {
		twice = damp_rules_format_text(once, n1, "rules.yaml", opt, &r, &n2);
		must(twice && n1 == n2 && memcmp(once, twice, n1) == 0);
		damp_rules_free(&r);
	}
	free(once);
	free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct damp_rules_options opt = { .now = NOW, .strict = true };
	size_t len = size;
	char *copy = malloc(size ? size : 1), *all;
	struct damp_rules r;

	must(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	all = bundle(copy, size, &len);
	damp_rules_compile_text(all ? all : copy, all ? len : size, "rules.yaml", &opt, &r);
	check(&r);
	damp_rules_free(&r);
	if (!all)
		check_layout(copy, size, &opt);
	free(all);
	free(copy);
	return 0;
}
