/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening and reading; see files.h. What a bundle looks like: bundle.c. */
#include "files.h"

#include "node.h"
#include "quantity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_beneath(int dir, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

bool damp_files_begin(struct damp_files *f, struct damp_pool *pool, struct damp_source *root,
		      const char *dir_of)
{
	const char *slash = strrchr(root->name, '/');

	*f = (struct damp_files){ .pool = pool, .dir = -1, .shown_dir = "" };
	root->path = slash ? slash + 1 : root->name;
	if (slash)
		f->shown_dir = damp_pool_strndup(pool, root->name, (size_t)(slash + 1 - root->name));
	DAMP_PUSH(pool, f->part, f->n, f->cap, root);
	f->bytes = root->len;
	if (!dir_of)
		return true;
	slash = strrchr(dir_of, '/');
	dir_of = slash ? damp_pool_strndup(pool, dir_of, (size_t)(slash + 1 - dir_of)) : ".";
	f->dir = open(dir_of, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return f->dir >= 0;
}

void damp_files_end(struct damp_files *f)
{
	if (f->dir >= 0)
		close(f->dir);
	f->dir = -1;
}

const char *damp_files_path(const struct damp_files *f, const struct damp_source *from,
			    const char *written)
{
	const char *slash = strrchr(from->path, '/');
	char *path = damp_pool_alloc(f->pool, strlen(from->path) + strlen(written) + 2);
	size_t n = slash ? (size_t)(slash - from->path) : 0;

	if (written[0] == '/')
		return NULL;
	memcpy(path, from->path, n);
	while (*written) {
		const size_t len = strcspn(written, "/");

		if (len == 2 && memcmp(written, "..", 2) == 0) {
			if (!n)
				return NULL;
			while (n && path[n - 1] != '/')
				n--;
			n -= n > 0;
		} else if (len && !(len == 1 && written[0] == '.')) {
			if (n)
				path[n++] = '/';
			memcpy(path + n, written, len);
			n += len;
		}
		written += len + (written[len] == '/');
	}
	path[n] = 0;
	return path;
}

static struct damp_source *known(const struct damp_files *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->part[i]->path, path) == 0)
			return f->part[i];
	return NULL;
}

const char *damp_file_why_not(int error)
{
	if (error == EINVAL)
		return "it is no regular file";
	if (error == ELOOP)
		return "a symbolic link leads there, and none is followed";
	if (error == EXDEV)
		return "it leaves the directory of the rule file";
	return strerror(error);
}

/* The whole of a regular file, NUL behind it; NULL with errno. */
static char *slurp(struct damp_pool *pool, int fd, size_t *len)
{
	struct stat st;
	char *text;
	ssize_t got;

	if (fstat(fd, &st) != 0)
		return NULL;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return NULL;
	}
	/* Whatever is longer is refused by the bytes that are there. */
	if (st.st_size > DAMP_FILE_BYTES_MAX)
		st.st_size = DAMP_FILE_BYTES_MAX + 1;
	text = damp_pool_alloc(pool, (size_t)st.st_size + 1);
	for (*len = 0; *len < (size_t)st.st_size; *len += (size_t)got) {
		got = read(fd, text + *len, (size_t)st.st_size - *len);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got < 0)
			return NULL;
		else if (got == 0)
			break;
	}
	return text;
}

static struct damp_source *add_part(struct damp_files *f, const char *path, const char *text,
				    size_t len)
{
	struct damp_source *s = damp_pool_alloc(f->pool, sizeof(*s));

	s->path = path;
	s->name = damp_pool_printf(f->pool, "%s%s", f->shown_dir, path);
	s->text = text;
	s->len = len;
	s->order = (unsigned)f->n;
	f->bytes += len;
	DAMP_PUSH(f->pool, f->part, f->n, f->cap, s);
	return s;
}

struct damp_source *damp_files_read(struct damp_files *f, const char *path, char *why)
{
	struct damp_source *s = known(f, path);
	size_t len = 0;
	char *text;
	int fd, saved;

	if (s)
		return s;
	if (f->bundle || f->dir < 0) {
		snprintf(why, DAMP_WHY_MAX, f->bundle ? "'%s' is not in the bundle"
						      : "'%s': this text came without its files", path);
		return NULL;
	}
	if (f->n == DAMP_FILES_MAX) {
		snprintf(why, DAMP_WHY_MAX, "more than %u files", DAMP_FILES_MAX);
		return NULL;
	}
	fd = open_beneath(f->dir, path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
	text = fd >= 0 ? slurp(f->pool, fd, &len) : NULL;
	saved = errno;
	if (fd >= 0)
		close(fd);
	if (!text) {
		snprintf(why, DAMP_WHY_MAX, "'%.80s' cannot be read: %s", path, damp_file_why_not(saved));
		return NULL;
	}
	if (f->bytes + len > DAMP_FILES_BYTES_MAX) {
		snprintf(why, DAMP_WHY_MAX, "the files of this rule set have more than %u MiB",
			 DAMP_FILES_BYTES_MAX >> 20);
		return NULL;
	}
	return add_part(f, path, text, len);
}

bool damp_files_is_glob(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

struct found {
	const struct damp_files *f;
	const char **path;
	size_t n, cap;
};

static void find_in(struct found *out, const char *dir, const char *rest);

/* What is there but must not be read is found too: reading it says why not, and
 * rules are never left out without a word. Links are followed to look, no more. */
static bool is_there(const struct damp_files *f, const char *path, bool dir)
{
	struct stat st;

	if (fstatat(f->dir, path, &st, dir ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
		return errno != ENOENT && errno != ENOTDIR && errno != ELOOP;
	return !dir || S_ISDIR(st.st_mode);
}

static void add_found(struct found *out, const char *path, bool dir)
{
	if (is_there(out->f, path, dir) && out->n <= DAMP_FILES_MAX)
		DAMP_PUSH(out->f->pool, out->path, out->n, out->cap, path);
}

static void try_entry(struct found *out, const char *dir, const char *name, const char *rest)
{
	const char *path = damp_pool_printf(out->f->pool, "%s%s%s", dir, *dir ? "/" : "", name);

	if (*rest)
		find_in(out, path, rest);
	else
		add_found(out, path, false);
}

/* Match the first component of rest against what is in dir. */
static void find_in(struct found *out, const char *dir, const char *rest)
{
	const size_t len = strcspn(rest, "/");
	const char *part = damp_pool_strndup(out->f->pool, rest, len);
	const struct dirent *e;
	DIR *d;
	int fd;

	rest += len + (rest[len] == '/');
	if (!damp_files_is_glob(part)) {
		try_entry(out, dir, part, rest);
		return;
	}
	fd = open_beneath(out->f->dir, *dir ? dir : ".", O_RDONLY | O_DIRECTORY);
	d = fd >= 0 ? fdopendir(fd) : NULL;
	if (!d) {
		add_found(out, *dir ? dir : ".", true);
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(d)))
		if (fnmatch(part, e->d_name, FNM_PERIOD) == 0)
			try_entry(out, dir, e->d_name, rest);
	closedir(d);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **damp_files_glob(const struct damp_files *f, const char *path, size_t *n)
{
	struct found out = { .f = f };

	if (f->dir >= 0)
		find_in(&out, "", path);
	for (size_t i = 1; f->bundle && i < f->n; i++)
		if (fnmatch(path, f->part[i]->path, FNM_PERIOD | FNM_PATHNAME) == 0)
			DAMP_PUSH(f->pool, out.path, out.n, out.cap, f->part[i]->path);
	if (out.n)
		qsort(out.path, out.n, sizeof(*out.path), by_path);
	*n = out.n;
	return out.path;
}
