/* SPDX-License-Identifier: BSD-3-Clause */
/* History of loads; see history.h. */
#include "history.h"

#include "common/diag_json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_LEN 512

static void get_text(const json_t *j, const char *key, char *out, size_t len)
{
	const char *s = json_string_value(json_object_get(j, key));

	snprintf(out, len, "%s", s != NULL ? s : "");
}

void damp_history_read(const char *state_dir, struct damp_history *h)
{
	char path[PATH_LEN];
	json_t *j;

	memset(h, 0, sizeof(*h));
	snprintf(path, sizeof(path), "%s/%s", state_dir, DAMP_HISTORY_FILE);
	j = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	if (j == NULL)
		return;
	get_text(j, "digest", h->digest, sizeof(h->digest));
	get_text(j, "file_digest", h->file_digest, sizeof(h->file_digest));
	get_text(j, "name", h->name, sizeof(h->name));
	get_text(j, "by", h->by, sizeof(h->by));
	get_text(j, "comment", h->comment, sizeof(h->comment));
	h->at = json_integer_value(json_object_get(j, "at"));
	h->generation = (uint32_t)json_integer_value(json_object_get(j, "generation"));
	json_decref(j);
}

static int write_fd(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

static int replace_file(const char *dir, const char *name, const char *text, size_t len)
{
	char path[PATH_LEN], tmp[PATH_LEN];
	int fd, err;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path) ||
	    (size_t)snprintf(tmp, sizeof(tmp), "%s/.%s.new", dir, name) >= sizeof(tmp))
		return -ENAMETOOLONG;
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return -errno;
	err = write_fd(fd, text, len);
	if (close(fd) && err == 0)
		err = -errno;
	if (err == 0 && rename(tmp, path))
		err = -errno;
	if (err)
		unlink(tmp);
	return err;
}

int damp_history_write(const char *state_dir, const struct damp_history *h, const char *text,
		       size_t len)
{
	json_t *j = json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:I, s:I}",
			      "schema", DAMP_JSON_SCHEMA,
			      "digest", h->digest,
			      "file_digest", h->file_digest,
			      "name", damp_json_text(h->name),
			      "by", damp_json_text(h->by),
			      "comment", damp_json_text(h->comment),
			      "at", (json_int_t)h->at,
			      "generation", (json_int_t)h->generation);
	char *meta = j != NULL ? json_dumps(j, JSON_INDENT(1)) : NULL;
	int err = meta != NULL ? 0 : -ENOMEM;

	if (err == 0 && text != NULL)
		err = replace_file(state_dir, DAMP_HISTORY_RULES, text, len);
	if (err == 0)
		err = replace_file(state_dir, DAMP_HISTORY_FILE, meta, strlen(meta));
	json_decref(j);
	free(meta);
	return err;
}
