/* SPDX-License-Identifier: BSD-3-Clause */
/* History of loads; see history.h. */
#include "history.h"

#include "atomic_file.h"
#include "common/diag_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
		err = damp_atomic_replace(state_dir, DAMP_HISTORY_RULES, text, len);
	if (err == 0)
		err = damp_atomic_replace(state_dir, DAMP_HISTORY_FILE, meta, strlen(meta));
	json_decref(j);
	free(meta);
	return err;
}
