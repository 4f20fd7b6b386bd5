/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A rule set of several files as one text: a first line with their number, then
 * for each file a line with its length and path, its bytes, and a newline.
 *
 * Invariant: what does not follow this to the last byte is refused.
 */
#include "files.h"

#include "node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char opening[] = "damper-bundle 1 ";

bool damp_files_is_bundle(const char *text, size_t len)
{
	return len >= sizeof(opening) - 1 && memcmp(text, opening, sizeof(opening) - 1) == 0;
}

/* Digits up to stop, which is stepped over; false when there is something else. */
static bool take_number(const char **at, const char *end, char stop, size_t *out)
{
	const char *p = *at;

	for (*out = 0; p < end && *p >= '0' && *p <= '9' && *out <= DAMP_FILES_BYTES_MAX; p++)
		*out = *out * 10 + (size_t)(*p - '0');
	if (p == *at || p == end || *p != stop)
		return false;
	*at = p + 1;
	return true;
}

/* One part at *at; false when it is not whole. */
static bool take_part(struct damp_files *f, struct damp_source *s, const char **at, const char *end)
{
	const char *nl, *p = *at;
	size_t len;

	if (!take_number(&p, end, ' ', &len))
		return false;
	nl = memchr(p, '\n', (size_t)(end - p));
	if (!nl || p == nl || memchr(p, 0, (size_t)(nl - p)) ||
	    len >= (size_t)(end - nl - 1) || nl[1 + len] != '\n')
		return false;
	s->path = damp_pool_strndup(f->pool, p, (size_t)(nl - p));
	s->text = damp_pool_strndup(f->pool, nl + 1, len > DAMP_FILE_BYTES_MAX ? 0 : len);
	s->len = len;
	s->order = (unsigned)f->n;
	*at = nl + 1 + len + 1;
	return true;
}

bool damp_files_unbundle(struct damp_files *f, struct damp_pool *pool, struct damp_source *root,
			 const char *text, size_t len)
{
	const char *at = text + sizeof(opening) - 1, *end = text + len;
	struct damp_source *s = root;
	size_t count;

	damp_files_begin(f, pool, root, NULL);
	f->bundle = true;
	f->n = 0;
	if (!take_number(&at, end, '\n', &count))
		return false;
	while (at < end) {
		if (f->n == DAMP_FILES_MAX || !take_part(f, s, &at, end))
			return false;
		if (s != root)
			s->name = damp_pool_printf(pool, "%s%s", f->shown_dir, s->path);
		f->bytes += s->len;
		DAMP_PUSH(pool, f->part, f->n, f->cap, s);
		s = damp_pool_alloc(pool, sizeof(*s));
	}
	return f->n > 0 && f->n == count && f->bytes <= DAMP_FILES_BYTES_MAX;
}

char *damp_files_pack(const struct damp_files *f, size_t *len)
{
	char *text = NULL;
	FILE *out;

	out = open_memstream(&text, len);
	if (!out)
		abort();
	if (f->n == 1) {
		fwrite(f->part[0]->text, 1, f->part[0]->len, out);
		fclose(out);
		return text;
	}
	fprintf(out, "%s%zu\n", opening, f->n);
	for (size_t i = 0; i < f->n; i++) {
		fprintf(out, "%zu %s\n", f->part[i]->len, f->part[i]->path);
		fwrite(f->part[i]->text, 1, f->part[i]->len, out);
		fputc('\n', out);
	}
	fclose(out);
	return text;
}
