/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper fmt`: rule files in the one layout.
 *
 * Invariant: a file is replaced as a whole or not at all, and keeps its mode
 * and, where that is allowed, its owner.
 */
#include "fmt.h"

#include "rules/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		const ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd);
}

/* The new text in a file beside the old one; 0 or -1 with errno. */
static int fill(int fd, const struct stat *old, const char *text, size_t len)
{
	if (fchown(fd, old->st_uid, old->st_gid) != 0 && errno != EPERM)
		return -1;
	if (fchmod(fd, old->st_mode & 07777) != 0)
		return -1;
	return write_all(fd, text, len);
}

static int replace(const char *path, const char *text, size_t len)
{
	char *real = realpath(path, NULL), *temp = NULL;
	int fd = -1, rc = -1, saved;
	struct stat old;

	if (real == NULL || stat(real, &old) != 0)
		goto out_free;
	if (asprintf(&temp, "%s.XXXXXX", real) < 0)
		goto out_free;
	fd = mkstemp(temp);
	if (fd < 0)
		goto out_free;
	rc = fill(fd, &old, text, len);
	if (rc == 0)
		rc = rename(temp, real);
	saved = errno;
	close(fd);
	if (rc != 0)
		unlink(temp);
	errno = saved;
out_free:
	saved = errno;
	free(temp);
	free(real);
	errno = saved;
	return rc;
}

#define DASH "-" /* standard input */

/* What is to be done with a file that was laid out; its exit code. */
static int deliver(const struct damp_cli *cli, const char *path, const char *text, size_t len, bool same)
{
	if (cli->args.check && !same) {
		puts(path);
		return DAMP_EXIT_NO;
	}
	if (cli->args.write && !cli->args.check && strcmp(path, DASH) == 0)
		return damp_fail(DAMP_EXIT_USAGE, "standard input has no file to write: leave --write out");
	if (cli->args.write && !same && !cli->args.check) {
		if (replace(path, text, len) != 0)
			return damp_fail(DAMP_EXIT_REFUSED, "cannot write %s: %s", path, strerror(errno));
		puts(path);
	} else if (!cli->args.write && !cli->args.check) {
		fwrite(text, 1, len, stdout);
	}
	return DAMP_EXIT_OK;
}

static int format_one(const struct damp_cli *cli, const char *path)
{
	const struct damp_rules_options opt = { .colour = cli->colour_err, .dash = true };
	struct damp_rules r;
	char *before = NULL, *text;
	size_t len = 0;
	int code;

	text = damp_rules_format_file(path, &opt, &r, &before, &len);
	if (text != NULL)
		code = deliver(cli, path, text, len, strcmp(before, text) == 0);
	else
		code = r.unreadable ? DAMP_EXIT_UNREADABLE : DAMP_EXIT_NO;
	if (r.text != NULL)
		fputs(r.text, stderr);
	damp_rules_free(&r);
	free(before);
	free(text);
	return code;
}

int damp_cmd_fmt(struct damp_cli *cli)
{
	int code = DAMP_EXIT_OK, one;

	for (int i = 0; i < cli->args.nwords; i++) {
		one = format_one(cli, cli->args.words[i]);
		code = one > code ? one : code;
	}
	return code;
}
