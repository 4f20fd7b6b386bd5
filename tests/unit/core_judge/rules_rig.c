/* SPDX-License-Identifier: BSD-3-Clause */
/* See rules_rig.h. */
#include "rules_rig.h"
#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The malloc'ed program of a text. */
static void *compile(const char *text, size_t *len)
{
	struct damp_rules out;
	void *program;

	if (damp_rules_compile_text(text, strlen(text), "test.yaml", NULL, &out) != 0)
		fail_msg("%s", out.text);
	program = out.program;
	*len = out.program_len;
	out.program = NULL;
	damp_rules_free(&out);
	return program;
}

void rules_open(struct rig *r, bool v6, const char *text)
{
	size_t len;
	void *program = compile(text, &len);

	rig_open_program(r, v6, program, len);
}

/* As the data plane does it: a slot belongs to an id, for good. */
static uint16_t slot_of(struct damp_stats *s, const char *id)
{
	if (s->nrule_slots == 0)
		s->nrule_slots = 1;
	for (uint32_t i = 1; i < s->nrule_slots; i++)
		if (strcmp(s->rule_slot[i], id) == 0)
			return (uint16_t)i;
	snprintf(s->rule_slot[s->nrule_slots], sizeof(s->rule_slot[0]), "%s", id);
	return (uint16_t)s->nrule_slots++;
}

static void assign_slots(struct rig *r)
{
	for (uint32_t i = 0; i < r->view->hdr->nrules; i++)
		r->view->rule_slot[i] = slot_of(r->stats, damp_view_string(r->view, r->view->rules[i].id_off));
}

void rules_reload(struct rig *r, const char *text)
{
	static const struct damp_key key = { 7, 8 };
	struct damp_view *old = r->view;
	char err[256] = "";
	size_t len;
	void *program = compile(text, &len);

	assign_slots(r);
	r->view = damp_view_open(program, len, 1, &key, err, sizeof(err));
	if (r->view == NULL)
		fail_msg("%s", err);
	r->view->secrets = old->secrets;
	assign_slots(r);
	damp_view_close(old);
}

uint64_t rules_counted_id(const struct rig *r, const char *id, enum damp_outcome o)
{
	for (uint32_t i = 0; i < r->view->hdr->nrules; i++)
		if (strcmp(damp_view_string(r->view, r->view->rules[i].id_off), id) == 0)
			return r->stats->worker[0].rule[r->view->rule_slot[i]][o].packets;
	fail_msg("no rule %s", id);
	return 0;
}

uint64_t rules_counted(const struct rig *r, unsigned rule, enum damp_outcome o)
{
	return r->stats->worker[0].rule[rule + 1][o].packets;
}
