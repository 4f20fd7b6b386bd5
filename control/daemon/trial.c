/* SPDX-License-Identifier: BSD-3-Clause */
/* See trial.h. */
#include "trial.h"

#include "atomic_file.h"
#include "common/diag_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILE_BYTES_MAX 4096u
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

uint64_t damp_trial_left_ms(const struct damp_trial *t, const char *boot, uint64_t now_ms)
{
	if (!t->active || strcmp(t->boot, boot) != 0 || now_ms < t->began_ms || now_ms >= t->deadline_ms)
		return 0;
	return t->deadline_ms - now_ms;
}

enum damp_trial_step damp_trial_decide(const struct damp_trial *t, const char *boot,
				       uint64_t now_ms, const char *running)
{
	if (!t->active)
		return DAMP_TRIAL_NONE;
	if (running != NULL && strcmp(running, t->digest) != 0)
		return DAMP_TRIAL_OVER;
	return damp_trial_left_ms(t, boot, now_ms) > 0 ? DAMP_TRIAL_WAIT : DAMP_TRIAL_BACK;
}

void damp_trial_boot(char out[DAMP_BOOT_LEN])
{
	FILE *f = fopen(BOOT_ID, "re");

	out[0] = '\0';
	if (f == NULL)
		return;
	if (fgets(out, DAMP_BOOT_LEN, f) != NULL)
		out[strcspn(out, "\n")] = '\0';
	fclose(f);
}

uint64_t damp_trial_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void take(const json_t *j, const char *key, char *out, size_t len)
{
	const char *text = json_string_value(json_object_get(j, key));

	snprintf(out, len, "%s", text != NULL ? text : "");
}

static uint64_t number(const json_t *j, const char *key)
{
	const json_int_t v = json_integer_value(json_object_get(j, key));

	return v > 0 ? (uint64_t)v : 0;
}

void damp_trial_read(const char *state_dir, struct damp_trial *t)
{
	size_t len;
	char *text = damp_atomic_read(state_dir, DAMP_TRIAL_FILE, FILE_BYTES_MAX, &len);
	json_t *j = text != NULL ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;

	memset(t, 0, sizeof(*t));
	t->active = text != NULL || errno != ENOENT;
	t->generation = (uint32_t)number(j, "generation");
	t->base = (uint32_t)number(j, "base");
	t->began_ms = number(j, "began_ms");
	t->deadline_ms = number(j, "deadline_ms");
	t->wall = (int64_t)number(j, "wall");
	take(j, "digest", t->digest, sizeof(t->digest));
	take(j, "base_digest", t->base_digest, sizeof(t->base_digest));
	take(j, "boot", t->boot, sizeof(t->boot));
	take(j, "by", t->by, sizeof(t->by));
	json_decref(j);
	free(text);
}

int damp_trial_write(const char *state_dir, const struct damp_trial *t)
{
	json_t *j;
	char *text;
	int err = -ENOMEM;

	if (!t->active)
		return damp_atomic_remove(state_dir, DAMP_TRIAL_FILE);
	j = json_pack("{s:i, s:I, s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:o}",
		      "schema", DAMP_JSON_SCHEMA,
		      "generation", (json_int_t)t->generation,
		      "base", (json_int_t)t->base,
		      "digest", t->digest,
		      "base_digest", t->base_digest,
		      "boot", t->boot,
		      "began_ms", (json_int_t)t->began_ms,
		      "deadline_ms", (json_int_t)t->deadline_ms,
		      "wall", (json_int_t)t->wall,
		      "by", damp_json_text(t->by));
	text = j != NULL ? json_dumps(j, JSON_INDENT(1)) : NULL;
	if (text != NULL)
		err = damp_atomic_replace(state_dir, DAMP_TRIAL_FILE, text, strlen(text));
	free(text);
	json_decref(j);
	return err;
}
