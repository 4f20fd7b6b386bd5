/* SPDX-License-Identifier: BSD-3-Clause */
/* See diag.h. */
#include "diag.h"

#include "lookalike.h"
#include "source_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct damp_diags *d, enum damp_diag_level level, struct damp_place at,
		const char *text)
{
	struct damp_message m = { .level = level, .at = at, .text = damp_pool_visible(d->pool, text) };

	m.group = level == DAMP_DIAG_NOTICE && d->n ? d->m[d->n - 1].group : d->n;
	DAMP_PUSH(d->pool, d->m, d->n, d->cap, m);
}

/* A define is read at each of its uses, but its mistakes are told once. */
static bool told(const struct damp_diags *d, struct damp_place at, const char *text)
{
	const char *seen = damp_pool_visible(d->pool, text);

	for (size_t i = 0; i < d->n; i++)
		if (d->m[i].at.src == at.src && d->m[i].at.line == at.line &&
		    d->m[i].at.column == at.column && strcmp(d->m[i].text, seen) == 0)
			return true;
	return false;
}

static void report(struct damp_diags *d, enum damp_diag_level level, struct damp_place at,
		   const char *text)
{
	unsigned *count = level == DAMP_DIAG_ERROR ? &d->errors : &d->warnings;

	d->muted = true;
	if (told(d, at, text))
		return;
	if ((*count)++ >= DAMP_DIAGS_MAX)
		return;
	d->muted = false;
	add(d, level, at, text);
}

void damp_diag_error(struct damp_diags *d, struct damp_place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(d, DAMP_DIAG_ERROR, at, damp_pool_vprintf(d->pool, fmt, ap));
	va_end(ap);
	damp_lookalike_tell(d, at);
}

void damp_diag_warning(struct damp_diags *d, struct damp_place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(d, DAMP_DIAG_WARNING, at, damp_pool_vprintf(d->pool, fmt, ap));
	va_end(ap);
}

void damp_diag_notice(struct damp_diags *d, struct damp_place at, const char *fmt, ...)
{
	va_list ap;

	if (d->muted)
		return;
	va_start(ap, fmt);
	add(d, DAMP_DIAG_NOTICE, at, damp_pool_vprintf(d->pool, fmt, ap));
	va_end(ap);
}

void damp_diag_remark(struct damp_diags *d, struct damp_place at, const char *fmt, ...)
{
	va_list ap;
	const char *text;

	va_start(ap, fmt);
	text = damp_pool_vprintf(d->pool, fmt, ap);
	va_end(ap);
	if (told(d, at, text))
		return;
	add(d, DAMP_DIAG_NOTICE, at, text);
	d->m[d->n - 1].group = d->n - 1;
}

static int by_place(const void *a, const void *b, void *all)
{
	const struct damp_message *m = all;
	const size_t x = *(const size_t *)a, y = *(const size_t *)b;
	const struct damp_message *p = &m[m[x].group], *q = &m[m[y].group];

	if (p->at.src != q->at.src && p->at.src && q->at.src && p->at.src->order != q->at.src->order)
		return p->at.src->order < q->at.src->order ? -1 : 1;
	if (p->at.line != q->at.line)
		return p->at.line < q->at.line ? -1 : 1;
	if (p->at.column != q->at.column)
		return p->at.column < q->at.column ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void put(FILE *f, const struct damp_message *m, bool colour)
{
	static const char *const word[] = { "error", "warning", "notice" };
	static const char *const tint[] = { "\033[1;31m", "\033[1;35m", "\033[1;36m" };
	const char *on = colour ? tint[m->level] : "", *off = colour ? "\033[0m" : "";
	const char *name = m->at.src ? m->at.src->name : "?";

	if (m->at.line <= 0) {
		fprintf(f, "%s: %s%s:%s %s\n", name, on, word[m->level], off, m->text);
		return;
	}
	fprintf(f, "%s:%d:%d: %s%s:%s %s\n", name, m->at.line, m->at.column, on, word[m->level],
		off, m->text);
	damp_source_line_put(f, &m->at, on, off);
}

static void hand_over(const struct damp_message *m, struct damp_diag *out)
{
	out->level = m->level;
	out->file = damp_rules_strdup(m->at.src ? m->at.src->name : "?");
	out->line = m->at.line;
	out->column = m->at.column;
	out->end_column = m->at.end_column;
	out->message = damp_rules_strdup(m->text);
}

void damp_diags_finish(struct damp_diags *d, bool colour, struct damp_rules *out)
{
	size_t *order = damp_pool_alloc(d->pool, (d->n + 1) * sizeof(*order)), len = 0;
	FILE *f = open_memstream(&out->text, &len);

	if (!f)
		abort();
	for (size_t i = 0; i < d->n; i++)
		order[i] = i;
	qsort_r(order, d->n, sizeof(*order), by_place, d->m);
	out->diags = damp_rules_malloc(d->n * sizeof(*out->diags));
	for (size_t i = 0; i < d->n; i++) {
		put(f, &d->m[order[i]], colour);
		hand_over(&d->m[order[i]], &out->diags[i]);
	}
	if (d->errors > DAMP_DIAGS_MAX)
		fprintf(f, "%u more errors are not shown\n", d->errors - DAMP_DIAGS_MAX);
	fclose(f);
	out->ndiags = d->n;
	out->errors = d->errors;
	out->warnings = d->warnings;
}
