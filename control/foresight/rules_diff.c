/* SPDX-License-Identifier: BSD-3-Clause */
/* See rules_diff.h. */
#include "rules_diff.h"

#include "common/diag_json.h"
#include "common/progview.h"
#include "outline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_TOLD 64u          /* of those added to or removed from a list */

struct diff {
	const struct damp_outline *side[2];             /* old, new */
	const struct damp_outline_thing **sorted[2];    /* by kind and name */
	json_t *changes, *explicit;
};

/* "rules" as one of them is called. */
static const char *kind_word(const char *kind)
{
	static const char *const word[][2] = { { "rules", "rule" },	    { "limits", "limit" },
					       { "sets", "set" },	    { "zones", "zone" },
					       { "exempt", "exemption" },   { "schedules", "schedule" } };

	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		if (strcmp(word[i][0], kind) == 0)
			return word[i][1];
	return kind;
}

static json_t *place_json(const char *file, int line)
{
	return line > 0 ? json_sprintf("%s:%d", file, line) : json_null();
}

static json_t *at_json(json_t *old, json_t *new)
{
	return json_pack("{s:o, s:o}", "old", old, "new", new);
}

static json_t *thing_at(const struct damp_outline_thing *t)
{
	return t != NULL ? place_json(t->file, t->line) : json_null();
}

static json_t *value_at(const struct damp_outline_value *v)
{
	return v != NULL ? place_json(v->file, v->line) : json_null();
}

static bool same_items(const struct damp_outline_value *a, const struct damp_outline_value *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; i < a->n && same; i++)
		same = strcmp(a->item[i].canon, b->item[i].canon) == 0;
	return same;
}

/* Items of a that b has not. *n counts all of them. */
static json_t *items_without(const struct damp_outline_value *a, const struct damp_outline_value *b,
			     size_t *n)
{
	json_t *out = json_array();
	size_t j = 0;

	*n = 0;
	for (size_t i = 0; i < a->n; i++) {
		while (j < b->n && strcmp(b->item[j].canon, a->item[i].canon) < 0)
			j++;
		if (j < b->n && strcmp(b->item[j].canon, a->item[i].canon) == 0)
			continue;
		if ((*n)++ < ITEMS_TOLD)
			json_array_append_new(out, damp_json_text(a->item[i].text));
	}
	return out;
}

static void add_items(json_t *key, const struct damp_outline_value *a,
		      const struct damp_outline_value *b)
{
	size_t gone, come;

	json_object_set_new(key, "removed", items_without(a, b, &gone));
	json_object_set_new(key, "added", items_without(b, a, &come));
	json_object_set_new(key, "items",
			    json_pack("{s:I, s:I, s:I, s:I}", "old", (json_int_t)a->n, "new",
				      (json_int_t)b->n, "removed", (json_int_t)gone, "added",
				      (json_int_t)come));
}

static json_t *key_json(const struct damp_outline_value *a, const struct damp_outline_value *b)
{
	json_t *j = json_pack("{s:s, s:o, s:o, s:b, s:b, s:o}",
			      "key", a != NULL ? a->key : b->key,
			      "old", damp_json_text(a != NULL ? a->text : NULL),
			      "new", damp_json_text(b != NULL ? b->text : NULL),
			      "old_default", a != NULL && !a->written,
			      "new_default", b != NULL && !b->written,
			      "at", at_json(value_at(a), value_at(b)));

	if (a == NULL || b == NULL)
		return j;
	if (a->n > 1 || b->n > 1)
		add_items(j, a, b);
	if (a->unit != NULL && b->unit != NULL && strcmp(a->unit, b->unit) == 0 && a->number > 0)
		json_object_set_new(j, "factor", json_real(b->number / a->number));
	return j;
}

static void note_explicit(struct diff *d, const struct damp_outline_thing *t,
			  const struct damp_outline_value *a, const struct damp_outline_value *b)
{
	if (a->written == b->written)
		return;
	json_array_append_new(d->explicit,
			      json_pack("{s:s, s:o, s:s, s:o, s:s, s:o}",
					"kind", kind_word(t->kind),
					"name", damp_json_text(t->name),
					"key", b->key,
					"value", damp_json_text(b->text),
					"change", b->written ? "written" : "left_out",
					"at", at_json(value_at(a), value_at(b))));
}

static const struct damp_outline_value *find_value(const struct damp_outline_thing *t,
						   const char *key)
{
	for (size_t i = 0; t != NULL && i < t->n; i++)
		if (strcmp(t->value[i].key, key) == 0)
			return &t->value[i];
	return NULL;
}

/* The keys in which two things differ. A default that the other does not know
 * of (its section is written there otherwise) is none. */
static json_t *keys_json(struct diff *d, const struct damp_outline_thing *a,
			 const struct damp_outline_thing *b)
{
	json_t *keys = json_array();

	for (size_t i = 0; b != NULL && i < b->n; i++) {
		const struct damp_outline_value *new = &b->value[i], *old = find_value(a, new->key);

		if (old != NULL && same_items(old, new))
			note_explicit(d, b, old, new);
		else if (old != NULL || new->written)
			json_array_append_new(keys, key_json(old, new));
	}
	for (size_t i = 0; a != NULL && i < a->n; i++)
		if (find_value(b, a->value[i].key) == NULL && a->value[i].written)
			json_array_append_new(keys, key_json(&a->value[i], NULL));
	return keys;
}

static void add_change(struct diff *d, const char *change, const struct damp_outline_thing *a,
		       const struct damp_outline_thing *b, json_t *keys)
{
	const struct damp_outline_thing *t = b != NULL ? b : a;

	json_array_append_new(d->changes,
			      json_pack("{s:s, s:o, s:s, s:o, s:o}",
					"kind", kind_word(t->kind),
					"name", damp_json_text(t->name),
					"change", change,
					"at", at_json(thing_at(a), thing_at(b)),
					"keys", keys));
}

static int compare_things(const struct damp_outline_thing *a, const struct damp_outline_thing *b)
{
	const int c = strcmp(a->kind, b->kind);

	return c != 0 ? c : strcmp(a->name, b->name);
}

static int by_name(const void *a, const void *b)
{
	return compare_things(*(const struct damp_outline_thing *const *)a,
			      *(const struct damp_outline_thing *const *)b);
}

static const struct damp_outline_thing **sort_things(const struct damp_outline *o)
{
	const struct damp_outline_thing **s = calloc(o->n + 1, sizeof(*s));

	for (size_t i = 0; s != NULL && i < o->n; i++)
		s[i] = &o->thing[i];
	if (s != NULL && o->n > 1)
		qsort(s, o->n, sizeof(*s), by_name);
	return s;
}

/* The thing of the other side with the same kind and name; NULL none. */
static const struct damp_outline_thing *partner(const struct diff *d, unsigned side,
						const struct damp_outline_thing *t)
{
	const struct damp_outline_thing **hit;

	if (d->side[side]->n == 0)
		return NULL;
	hit = bsearch(&t, d->sorted[side], d->side[side]->n, sizeof(*d->sorted[side]), by_name);
	return hit != NULL ? *hit : NULL;
}

static void compare(struct diff *d)
{
	for (size_t i = 0; i < d->side[1]->n; i++) {
		const struct damp_outline_thing *new = &d->side[1]->thing[i],
						*old = partner(d, 0, new);
		json_t *keys = keys_json(d, old, new);

		if (old == NULL)
			add_change(d, "added", NULL, new, keys);
		else if (json_array_size(keys) > 0)
			add_change(d, "changed", old, new, keys);
		else
			json_decref(keys);
	}
	for (size_t i = 0; i < d->side[0]->n; i++) {
		const struct damp_outline_thing *old = &d->side[0]->thing[i];

		if (partner(d, 1, old) == NULL)
			add_change(d, "removed", old, NULL, keys_json(d, old, NULL));
	}
}

static void add_moved(struct diff *d, const struct damp_outline_thing *old,
		      const struct damp_outline_thing *new)
{
	const struct damp_outline_thing *above = new->order > 0 ? new - 1 : NULL;
	json_t *j;

	add_change(d, "moved", old, new, json_array());
	j = json_array_get(d->changes, json_array_size(d->changes) - 1);
	json_object_set_new(j, "position",
			    json_pack("{s:I, s:I}", "old", (json_int_t)old->order + 1, "new",
				      (json_int_t)new->order + 1));
	json_object_set_new(j, "behind", damp_json_text(above != NULL ? above->name : NULL));
}

/* Rules that are on both sides, in the old order, by their new places. */
static bool compare_order(struct diff *d)
{
	const size_t all = d->side[0]->n;
	const struct damp_outline_thing **old = calloc(all + 1, sizeof(*old)),
					**new = calloc(all + 1, sizeof(*new));
	size_t *place = calloc(all + 1, sizeof(*place)), n = 0;
	bool *moved = calloc(all + 1, sizeof(*moved));
	const bool ok = old != NULL && new != NULL && place != NULL && moved != NULL;

	for (size_t i = 0; i < all && ok; i++) {
		const struct damp_outline_thing *t = &d->side[0]->thing[i], *p;

		if (strcmp(t->kind, "rules") != 0 || (p = partner(d, 1, t)) == NULL)
			continue;
		old[n] = t;
		new[n] = p;
		place[n++] = p->order;
	}
	if (ok)
		damp_rules_moved(place, n, moved);
	for (size_t i = 0; i < n; i++)
		if (moved[i])
			add_moved(d, old[i], new[i]);
	free(old);
	free(new);
	free(place);
	free(moved);
	return ok;
}

static bool has_key(const struct damp_progview *v, const char *name, uint32_t key)
{
	for (unsigned i = 0; i < v->hdr->nlimits; i++)
		if (v->limits[i].state_key == key &&
		    strcmp(damp_progview_limit_name(v, i), name) == 0)
			return true;
	return false;
}

/* The keys that make up the shape of a limit's budgets. */
static json_t *why_lost(const struct damp_outline_thing *old, const struct damp_outline_thing *new)
{
	static const char *const shape[] = { "per", "count", "ladder", "ladder.ipv4", "ladder.ipv6", "rate" };
	char text[400] = "";
	size_t at = 0;

	if (new == NULL)
		return json_string("the limit is gone");
	for (size_t i = 0; i < sizeof(shape) / sizeof(shape[0]); i++) {
		const struct damp_outline_value *a = find_value(old, shape[i]),
						*b = find_value(new, shape[i]);
		const bool unit = a != NULL && b != NULL && a->unit != NULL && b->unit != NULL;

		if ((a == NULL || !a->written) && (b == NULL || !b->written))
			continue;
		if ((a != NULL && b != NULL && same_items(a, b)) ||
		    (unit && strcmp(a->unit, b->unit) == 0) || at >= sizeof(text))
			continue;
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s: %.60s -> %.60s",
				       at > 0 ? "; " : "", shape[i], a != NULL ? a->text : "default",
				       b != NULL ? b->text : "default");
	}
	return damp_json_text(text[0] != '\0' ? text : "it is counted otherwise");
}

/* The limit of the file that a limit of the program comes from: "a.bytes" is a
 * part of "a". */
static const struct damp_outline_thing *limit_thing(const struct damp_outline *o, const char *name)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct damp_outline_thing *t = &o->thing[i];
		const size_t n = strlen(t->name);

		if (strcmp(t->kind, "limits") == 0 && strncmp(name, t->name, n) == 0 &&
		    (name[n] == '\0' || name[n] == '.'))
			return t;
	}
	return NULL;
}

static json_t *state_lost(const struct diff *d, const struct damp_progview v[2])
{
	json_t *all = json_array();

	for (unsigned i = 0; i < v[0].hdr->nlimits; i++) {
		const char *name = damp_progview_limit_name(&v[0], i);
		const struct damp_outline_thing *a, *b;

		if (has_key(&v[1], name, v[0].limits[i].state_key))
			continue;
		a = limit_thing(d->side[0], name);
		b = limit_thing(d->side[1], name);
		json_array_append_new(all, json_pack("{s:o, s:o, s:o}", "limit", damp_json_text(name),
						     "why", why_lost(a, b), "at",
						     at_json(thing_at(a), thing_at(b))));
	}
	return all;
}

static json_t *size_json(const struct damp_progview *v)
{
	return json_pack("{s:I, s:I, s:I}", "rules", (json_int_t)v->hdr->nrules, "limits",
			 (json_int_t)v->hdr->nlimits, "bytes", (json_int_t)v->hdr->total_len);
}

static json_t *document(struct diff *d, const struct damp_progview v[2])
{
	return json_pack("{s:b, s:O, s:O, s:o, s:{s:o, s:o}}",
			 "differ", json_array_size(d->changes) > 0,
			 "changes", d->changes,
			 "explicit", d->explicit,
			 "state_lost", state_lost(d, v),
			 "program", "old", size_json(&v[0]), "new", size_json(&v[1]));
}

json_t *damp_rules_diff(const struct damp_rules *old, const struct damp_rules *new)
{
	struct diff d = { .side = { old->outline, new->outline },
			  .changes = json_array(),
			  .explicit = json_array() };
	struct damp_progview v[2];
	json_t *doc = NULL;

	if (damp_progview_open(old->program, old->program_len, &v[0]) != 0 ||
	    damp_progview_open(new->program, new->program_len, &v[1]) != 0)
		goto out;
	d.sorted[0] = sort_things(d.side[0]);
	d.sorted[1] = sort_things(d.side[1]);
	if (d.sorted[0] == NULL || d.sorted[1] == NULL)
		goto out;
	compare(&d);
	if (compare_order(&d))
		doc = document(&d, v);
out:
	free(d.sorted[0]);
	free(d.sorted[1]);
	json_decref(d.changes);
	json_decref(d.explicit);
	return doc;
}
