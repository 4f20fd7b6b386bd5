/* SPDX-License-Identifier: BSD-3-Clause */
/* See attacks_kept.h. */
#include "attacks_kept.h"

#include "atomic_file.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (256u << 10)

static json_t *counter_json(const struct damp_counter *c)
{
	return json_pack("[I, I]", (json_int_t)c->packets, (json_int_t)c->bytes);
}

static json_t *one_json(const struct damp_attack_kept *k)
{
	json_t *last = json_array();

	for (unsigned o = 0; o < DAMP_OUTCOME_MAX; o++)
		json_array_append_new(last, counter_json(&k->last[o]));
	return json_pack("{s:s, s:s, s:i, s:i, s:b, s:I, s:I, s:o, s:f, s:f, s:o}",
			 "id", k->x.id,
			 "rule", k->x.rule,
			 "slot", (int)k->x.slot,
			 "reason", (int)k->x.reason,
			 "observed", k->x.observed,
			 "started_us", (json_int_t)k->x.started_us,
			 "loud_us", (json_int_t)k->x.loud_us,
			 "total", counter_json(&k->x.total),
			 "peak_pps", k->x.peak_pps,
			 "peak_Bps", k->x.peak_Bps,
			 "last", last);
}

void damp_attacks_kept_write(const char *dir, uint64_t boot_id, const struct damp_attack_kept *kept,
			     unsigned n)
{
	json_t *all = json_array(), *j;
	char *text;

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(all, one_json(&kept[i]));
	j = json_pack("{s:I, s:o}", "boot", (json_int_t)boot_id, "attacks", all);
	text = json_dumps(j, JSON_COMPACT);
	if (text != NULL && dir != NULL)
		damp_atomic_replace(dir, DAMP_ATTACKS_FILE, text, strlen(text));
	free(text);
	json_decref(j);
}

static void get_text(const json_t *j, const char *key, char *out, size_t len)
{
	const char *s = json_string_value(json_object_get(j, key));

	snprintf(out, len, "%s", s != NULL ? s : "");
}

static struct damp_counter get_counter(const json_t *j)
{
	return (struct damp_counter){ (uint64_t)json_integer_value(json_array_get(j, 0)),
				      (uint64_t)json_integer_value(json_array_get(j, 1)) };
}

static bool get_one(const json_t *j, struct damp_attack_kept *k)
{
	const json_int_t slot = json_integer_value(json_object_get(j, "slot"));
	const json_int_t reason = json_integer_value(json_object_get(j, "reason"));

	if (slot < 0 || slot >= (json_int_t)DAMP_RULE_SLOTS ||
	    (slot == 0 && (reason < 0 || reason >= DAMP_REASON_MAX)))
		return false;
	memset(k, 0, sizeof(*k));
	k->x.slot = (unsigned)slot;
	k->x.reason = slot > 0 ? 0 : (unsigned)reason;
	get_text(j, "id", k->x.id, sizeof(k->x.id));
	get_text(j, "rule", k->x.rule, sizeof(k->x.rule));
	k->x.observed = json_is_true(json_object_get(j, "observed"));
	k->x.started_us = json_integer_value(json_object_get(j, "started_us"));
	k->x.loud_us = json_integer_value(json_object_get(j, "loud_us"));
	k->x.total = get_counter(json_object_get(j, "total"));
	k->x.peak_pps = json_number_value(json_object_get(j, "peak_pps"));
	k->x.peak_Bps = json_number_value(json_object_get(j, "peak_Bps"));
	for (unsigned o = 0; o < DAMP_OUTCOME_MAX; o++)
		k->last[o] = get_counter(json_array_get(json_object_get(j, "last"), o));
	return k->x.id[0] != '\0';
}

unsigned damp_attacks_kept_read(const char *dir, uint64_t boot_id,
				struct damp_attack_kept kept[DAMP_ATTACKS_KEPT])
{
	size_t len, i;
	char *text = dir != NULL ? damp_atomic_read(dir, DAMP_ATTACKS_FILE, FILE_MAX, &len) : NULL;
	json_t *j = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const json_t *one;
	unsigned n = 0;

	if ((uint64_t)json_integer_value(json_object_get(j, "boot")) == boot_id)
		json_array_foreach(json_object_get(j, "attacks"), i, one)
			if (n < DAMP_ATTACKS_KEPT && get_one(one, &kept[n]))
				n++;
	json_decref(j);
	free(text);
	return n;
}
