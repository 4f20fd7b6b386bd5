/* SPDX-License-Identifier: BSD-3-Clause */
/* The files of generations; see generations.h. As JSON: generations_json.c. */
#include "generations.h"

#include "atomic_file.h"
#include "generations_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define META_BYTES_MAX 16384u

static void name_of(char out[32], uint32_t number, const char *what)
{
	snprintf(out, 32, "%010u.%s", number, what);
}

static void drop_files(const struct damp_generations *s, uint32_t number)
{
	static const char *const part[] = { "json", "rules", "program" };
	char name[32];

	/* The record first: without it the others are nobody's. */
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		name_of(name, number, part[i]);
		damp_atomic_remove(s->dir, name);
	}
}

static bool read_meta(const struct damp_generations *s, uint32_t number, struct damp_generation *g)
{
	char name[32], *text;
	size_t len;
	json_t *j;
	bool ok;

	name_of(name, number, "json");
	text = damp_atomic_read(s->dir, name, META_BYTES_MAX, &len);
	j = text != NULL ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	ok = j != NULL && damp_generation_parse(j, g) && g->number == number;
	json_decref(j);
	free(text);
	return ok;
}

static int by_number(const void *a, const void *b)
{
	const struct damp_generation *p = a, *q = b;

	return (p->number > q->number) - (p->number < q->number);
}

/* Into the list, which stays sorted; of more than ten the newest stay. */
static void insert(struct damp_generations *s, const struct damp_generation *g)
{
	const unsigned oldest = s->pinned > 0 && s->g[0].number == s->pinned;

	if (s->n == DAMP_GENERATIONS_KEPT) {
		if (s->g[oldest].number > g->number) {
			drop_files(s, g->number);
			return;
		}
		drop_files(s, s->g[oldest].number);
		s->n--;
		memmove(&s->g[oldest], &s->g[oldest + 1], (s->n - oldest) * sizeof(s->g[0]));
	}
	s->g[s->n++] = *g;
	qsort(s->g, s->n, sizeof(s->g[0]), by_number);
}

/* NUMBER.WHAT of a directory entry; false for any other name. */
static bool parse_name(const char *name, uint32_t *number, char what[16])
{
	char again[32];

	if (sscanf(name, "%10u.%15[a-z]", number, what) != 2)
		return false;
	name_of(again, *number, what);
	return strcmp(again, name) == 0;
}

/* What was left by an interrupted write: files whose record is not there. */
static void sweep(struct damp_generations *s, DIR *d)
{
	const struct dirent *e;
	uint32_t number;
	char what[16];

	rewinddir(d);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' && e->d_name[1] >= '0' && e->d_name[1] <= '9')
			damp_atomic_remove(s->dir, e->d_name);
		else if (parse_name(e->d_name, &number, what) &&
			 damp_generations_find(s, number) == NULL)
			drop_files(s, number);
	}
}

int damp_generations_open(struct damp_generations *s, const char *state_dir)
{
	struct damp_generation g;
	const struct dirent *e;
	uint32_t number;
	char what[16];
	DIR *d;

	memset(s, 0, sizeof(*s));
	snprintf(s->dir, sizeof(s->dir), "%.260s/" DAMP_GENERATIONS_DIR, state_dir);
	if (mkdir(s->dir, 0750) != 0 && errno != EEXIST)
		return -errno;
	d = opendir(s->dir);
	if (d == NULL)
		return -errno;
	while ((e = readdir(d)) != NULL)
		if (parse_name(e->d_name, &number, what) && strcmp(what, "json") == 0 &&
		    read_meta(s, number, &g))
			insert(s, &g);
	sweep(s, d);
	closedir(d);
	return 0;
}

static int write_meta(const struct damp_generations *s, const struct damp_generation *g)
{
	json_t *j = damp_generation_json(g);
	char *text = j != NULL ? json_dumps(j, JSON_INDENT(1)) : NULL;
	char name[32];
	int err = -ENOMEM;

	name_of(name, g->number, "json");
	if (text != NULL)
		err = damp_atomic_replace(s->dir, name, text, strlen(text));
	free(text);
	json_decref(j);
	return err;
}

int damp_generations_add(struct damp_generations *s, const struct damp_generation *g,
			 const char *text, size_t len, const struct damp_prog *p)
{
	struct damp_generation new = *g;
	char name[32];
	int err;

	if (damp_generations_find(s, g->number) != NULL)
		return -EEXIST;
	new.has_source = text != NULL;
	name_of(name, g->number, "program");
	err = damp_atomic_replace(s->dir, name, p->block, p->len);
	name_of(name, g->number, "rules");
	if (err == 0 && text != NULL)
		err = damp_atomic_replace(s->dir, name, text, len);
	if (err == 0)
		err = write_meta(s, &new);
	if (err)
		drop_files(s, g->number);
	else
		insert(s, &new);
	return err;
}

const struct damp_generation *damp_generations_find(const struct damp_generations *s,
						    uint32_t number)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->g[i].number == number)
			return &s->g[i];
	return NULL;
}

const struct damp_generation *damp_generations_of(const struct damp_generations *s,
						  const char *digest)
{
	for (unsigned i = s->n; i > 0; i--)
		if (strcmp(s->g[i - 1].digest, digest) == 0)
			return &s->g[i - 1];
	return NULL;
}

const struct damp_generation *damp_generations_newest(const struct damp_generations *s)
{
	return s->n > 0 ? &s->g[s->n - 1] : NULL;
}

const struct damp_generation *damp_generations_before(const struct damp_generations *s,
						      uint32_t number, const char *digest)
{
	for (unsigned i = s->n; i > 0; i--) {
		const struct damp_generation *g = &s->g[i - 1];

		if (g->number < number && g->state != DAMP_GENERATION_IS_GONE_BACK &&
		    strcmp(g->digest, digest) != 0)
			return g;
	}
	return NULL;
}

int damp_generations_mark(struct damp_generations *s, uint32_t number,
			  enum damp_generation_state state, const char *by, int64_t at)
{
	struct damp_generation *g = (struct damp_generation *)damp_generations_find(s, number);

	if (g == NULL)
		return -ENOENT;
	g->state = state;
	g->state_at = at;
	snprintf(g->state_by, sizeof(g->state_by), "%s", by);
	return write_meta(s, g);
}

struct damp_prog *damp_generations_program(const struct damp_generations *s, uint32_t number)
{
	char path[350], name[32];
	struct damp_prog *p;
	int fd;

	name_of(name, number, "program");
	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return NULL;
	p = damp_prog_read(fd);
	close(fd);
	return p;
}

/* The digest of a program is that of its text (rules.c). */
bool damp_generation_is_text_of(const char *digest, const char *text, size_t len)
{
	unsigned char sum[crypto_generichash_BYTES];
	char hex[2 * crypto_generichash_BYTES + 1];

	crypto_generichash(sum, sizeof(sum), (const unsigned char *)text, len, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), sum, sizeof(sum));
	return strcmp(hex, digest) == 0;
}

char *damp_generations_source(const struct damp_generations *s, uint32_t number, size_t *len)
{
	const struct damp_generation *g = damp_generations_find(s, number);
	char name[32], *text;

	if (g == NULL || !g->has_source)
		return NULL;
	name_of(name, number, "rules");
	text = damp_atomic_read(s->dir, name, DAMP_SOURCE_BYTES_MAX, len);
	if (text != NULL && damp_generation_is_text_of(g->digest, text, *len))
		return text;
	free(text);
	return NULL;
}
