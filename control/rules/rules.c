/* SPDX-License-Identifier: BSD-3-Clause */
/* The entry points of rules.h: read, load, check, compile, report. */
#include "compile.h"
#include "files.h"
#include "lint.h"
#include "node.h"
#include "outline.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* BLAKE2b-256 of text, in hex. */
static void digest_of(const char *text, size_t len, char hex[2 * crypto_generichash_BYTES + 1])
{
	unsigned char sum[crypto_generichash_BYTES];

	crypto_generichash(sum, sizeof(sum), (const unsigned char *)text, len, NULL, 0);
	sodium_bin2hex(hex, 2 * crypto_generichash_BYTES + 1, sum, sizeof(sum));
}

static void compile_source(struct damp_ctx *c, bool outline, struct damp_rules *out)
{
	char hex[2 * crypto_generichash_BYTES + 1];
	const struct damp_node *root = damp_node_load(c->diags, c->src);

	if (root)
		damp_model_read(c, root);
	if (c->diags->errors)
		return;
	if (sodium_init() < 0) {
		damp_diag_error(c->diags, (struct damp_place){ .src = c->src },
				"libsodium cannot be initialised");
		return;
	}
	out->source = damp_files_pack(c->files, &out->source_len);
	digest_of(out->source, out->source_len, hex);
	out->program = damp_build_program(c, hex, &out->program_len);
	if (!out->program)
		return;
	damp_lint(c, out->program);
	out->confirm_s = c->confirm_s;
	out->nsigners = c->nsigners;
	for (unsigned i = 0; i < c->nsigners; i++)
		snprintf(out->signer[i], sizeof(out->signer[i]), "%s", c->signers[i]);
	if (outline)
		out->outline = damp_outline_make(c);
}

static int run(struct damp_files *files, const struct damp_source *src, struct damp_diags *d,
	       const struct damp_rules_options *opt, struct damp_rules *out)
{
	struct damp_ctx c = {
		.pool = d->pool, .diags = d, .src = src, .files = files,
		.now = opt && opt->now ? opt->now : (int64_t)time(NULL),
		.strict = opt && opt->strict,
	};

	if (!d->errors)
		compile_source(&c, opt && opt->outline, out);
	damp_diags_finish(d, opt && opt->colour, out);
	damp_files_end(files);
	if (out->outline)
		out->outline->pool = *d->pool; /* whose memory it is made of */
	else
		damp_pool_free(d->pool);
	return out->program ? 0 : -1;
}

int damp_rules_compile_text(const char *text, size_t len, const char *name,
			    const struct damp_rules_options *opt, struct damp_rules *out)
{
	struct damp_pool pool = { NULL };
	struct damp_diags d = { .pool = &pool };
	struct damp_source src = { .name = opt && opt->shown_as ? opt->shown_as : name,
				   .len = len };
	struct damp_files files;

	memset(out, 0, sizeof(*out));
	/* A copy: the caller's text need not end in a NUL. Too much is not copied, only refused. */
	src.text = damp_pool_strndup(&pool, text, len > DAMP_FILE_BYTES_MAX ? 0 : len);
	if (!damp_files_is_bundle(text, len)) {
		damp_files_begin(&files, &pool, &src, NULL);
	} else if (!damp_files_unbundle(&files, &pool, &src, text, len)) {
		src.text = "";
		src.len = 0;
		damp_diag_error(&d, (struct damp_place){ .src = &src }, "the bundle is damaged");
	}
	return run(&files, &src, &d, opt, out);
}

/* All of the file, at most one byte more than may be. -1 with errno. */
static ssize_t read_all(int fd, char *buf)
{
	size_t n = 0;

	while (n <= DAMP_FILE_BYTES_MAX) {
		const ssize_t got = read(fd, buf + n, DAMP_FILE_BYTES_MAX + 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

static bool is_dash(const char *path, const struct damp_rules_options *opt)
{
	return opt && opt->dash && strcmp(path, "-") == 0;
}

/* The name of what is read, in diagnostics. */
static const char *shown(const char *path, const struct damp_rules_options *opt)
{
	if (opt && opt->shown_as)
		return opt->shown_as;
	return is_dash(path, opt) ? "<stdin>" : path;
}

static ssize_t read_file(const char *path, const struct damp_rules_options *opt, char *buf)
{
	ssize_t n = -1;
	struct stat st;
	int fd, saved;

	if (is_dash(path, opt))
		return read_all(STDIN_FILENO, buf);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	else
		n = read_all(fd, buf);
	saved = errno;
	close(fd);
	errno = saved;
	return n;
}

int damp_rules_compile_file(const char *path, const struct damp_rules_options *opt,
			    struct damp_rules *out)
{
	struct damp_pool pool = { NULL };
	struct damp_diags d = { .pool = &pool };
	struct damp_source src = { .name = shown(path, opt) };
	char *buf = damp_pool_alloc(&pool, DAMP_FILE_BYTES_MAX + 2);
	const ssize_t n = read_file(path, opt, buf);
	struct damp_files files = { .dir = -1 };

	memset(out, 0, sizeof(*out));
	src.text = buf;
	src.len = n < 0 ? 0 : (size_t)n;
	if (n < 0 || !damp_files_begin(&files, &pool, &src, path)) {
		out->unreadable = true;
		damp_diag_error(&d, (struct damp_place){ .src = &src }, "cannot be read: %s",
				damp_file_why_not(errno));
	}
	return run(&files, &src, &d, opt, out);
}

char *damp_rules_format_file(const char *path, const struct damp_rules_options *opt,
			     struct damp_rules *out, char **before, size_t *out_len)
{
	char *buf = damp_rules_malloc(DAMP_FILE_BYTES_MAX + 2), *text = NULL;
	const ssize_t n = read_file(path, opt, buf);
	struct damp_pool pool = { NULL };
	struct damp_diags d = { .pool = &pool };
	const struct damp_source src = { .name = shown(path, opt), .text = "" };

	if (n >= 0) {
		buf[n] = 0;
		text = damp_rules_format_text(buf, (size_t)n, src.name, opt, out, out_len);
	} else {
		memset(out, 0, sizeof(*out));
		out->unreadable = true;
		damp_diag_error(&d, (struct damp_place){ .src = &src }, "cannot be read: %s",
				damp_file_why_not(errno));
		damp_diags_finish(&d, opt && opt->colour, out);
		damp_pool_free(&pool);
	}
	if (before && text)
		*before = buf;
	else
		free(buf);
	return text;
}

void damp_rules_free(struct damp_rules *r)
{
	for (size_t i = 0; i < r->ndiags; i++) {
		free(r->diags[i].file);
		free(r->diags[i].message);
	}
	free(r->diags);
	free(r->text);
	free(r->program);
	free(r->source);
	damp_outline_free(r->outline);
	memset(r, 0, sizeof(*r));
}
