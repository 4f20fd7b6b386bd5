/* SPDX-License-Identifier: BSD-3-Clause */
/* See revisions.h. */
#include "revisions.h"

#include "atomic_file.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX (1u << 20)

/* {name: {"revision": N, "digest": "..."}}; a new reference, empty when there is none. */
static json_t *read_all(const char *state_dir)
{
	size_t len;
	char *text = damp_atomic_read(state_dir, DAMP_REVISIONS_FILE, BYTES_MAX, &len);
	json_t *j = text != NULL ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;

	free(text);
	if (json_is_object(j))
		return j;
	json_decref(j);
	return json_object();
}

bool damp_revisions_allow(const char *state_dir, const char *name, uint32_t revision, const char *digest,
			  char *why, size_t len)
{
	json_t *all = read_all(state_dir);
	const json_t *newest = json_object_get(all, name);
	const json_int_t is = json_integer_value(json_object_get(newest, "revision"));
	const char *of = json_string_value(json_object_get(newest, "digest"));
	bool allowed = true;

	if (newest != NULL && (json_int_t)revision < is) {
		snprintf(why, len, "revision %u of %s is older than %lld, which ran here; 'damper rollback' "
			 "goes back to what is kept", revision, name, (long long)is);
		allowed = false;
	} else if (newest != NULL && (json_int_t)revision == is && (of == NULL || strcmp(of, digest) != 0)) {
		snprintf(why, len, "revision %u of %s ran here with another text; count 'revision' up",
			 revision, name);
		allowed = false;
	}
	json_decref(all);
	return allowed;
}

int damp_revisions_note(const char *state_dir, const char *name, uint32_t revision, const char *digest)
{
	json_t *all = read_all(state_dir);
	const json_t *newest = json_object_get(all, name);
	char *text = NULL;
	int err = -ENOMEM;

	if (newest != NULL &&
	    json_integer_value(json_object_get(newest, "revision")) >= (json_int_t)revision) {
		json_decref(all); /* gone back to, or loaded again */
		return 0;
	}
	json_object_set_new(all, name,
			    json_pack("{s:I, s:s}", "revision", (json_int_t)revision, "digest", digest));
	text = json_dumps(all, JSON_INDENT(1) | JSON_SORT_KEYS);
	if (text != NULL)
		err = damp_atomic_replace(state_dir, DAMP_REVISIONS_FILE, text, strlen(text));
	free(text);
	json_decref(all);
	return err;
}
