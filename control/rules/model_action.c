/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * then and over: what happens to a message.
 *
 * References: operators.md 3.4; RFC 8516 (4.29), RFC 9175 section 2.4 (4.01
 * with Echo), RFC 7252 section 5.10.5 (Max-Age and its default of 60 s).
 */
#include "read.h"

#include "suggest.h"
#include <string.h>

#define MAX_AGE_DEFAULT_S 60u
#define MAX_AGE_MAX_S 86400u

static const char *const action_words[] = {
	[DAMP_ACT_CONTINUE] = "continue",
	[DAMP_ACT_ACCEPT] = "accept",
	[DAMP_ACT_DROP] = "drop",
	[DAMP_ACT_CHALLENGE] = "challenge",
	NULL,
};

/* Words of the full language that wait for a later version. */
static const char *const later_words[] = { "reset", "cure", "block", "log", NULL };

static void set_answer(struct damp_verdict_model *out, uint8_t code)
{
	out->act.action = DAMP_ACT_ANSWER;
	out->act.code = code;
	out->act.max_age_s = out->act.max_age_to_s = MAX_AGE_DEFAULT_S;
}

struct long_form {
	const struct damp_node *answer, *max_age, *echo;
	struct damp_place at;
};

static void take(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p, void *user)
{
	struct long_form *f = user;

	(void)c;
	if (key == DAMP_KEY_ANSWER_ANSWER)
		f->answer = p->value;
	else if (key == DAMP_KEY_ANSWER_MAX_AGE)
		f->max_age = p->value;
	else
		f->echo = p->value;
}

static void read_max_age(struct damp_ctx *c, const struct damp_node *n,
			 struct damp_verdict_model *out)
{
	struct damp_quantity q;
	const struct damp_node *at = damp_read_deref(c, n);

	if (at && at->kind == DAMP_NODE_SCALAR && strstr(at->text, "..")) {
		damp_diag_error(c->diags, at->at,
				"a range of times is not supported by this version yet");
		return;
	}
	if (!at || !damp_read_quantity(c, at, DAMP_WANT(MS), &q))
		return;
	out->act.max_age_s = out->act.max_age_to_s = (uint32_t)(q.micro / DAMP_MICRO / 1000);
	if (q.micro / DAMP_MICRO < 1000 || q.micro / DAMP_MICRO > MAX_AGE_MAX_S * 1000ull)
		damp_diag_error(c->diags, at->at,
				"'%s' is out of range; max_age goes from 1 s to 1 d", at->text);
	else if (q.micro % (DAMP_MICRO * 1000))
		damp_diag_error(c->diags, at->at,
				"'%s' is not a whole number of seconds, which Max-Age is",
				at->text);
}

static void read_challenge(struct damp_ctx *c, const struct long_form *f,
			   struct damp_verdict_model *out)
{
	bool echo = false;

	out->act.action = DAMP_ACT_CHALLENGE;
	if (!f->echo)
		damp_diag_error(
			c->diags, f->answer->at,
			"an answer 4.01 without an Echo value proves nothing; add 'echo: true'");
	else if (damp_read_truth(c, f->echo, &echo) && !echo)
		damp_diag_error(c->diags, f->echo->at,
				"an answer 4.01 without an Echo value is not supported by this "
				"version yet");
	if (f->max_age)
		damp_diag_error(c->diags, f->max_age->at,
				"'max_age' belongs to 4.29; a challenge always carries Max-Age 0");
}

static void read_answer(struct damp_ctx *c, const struct long_form *f,
			struct damp_verdict_model *out)
{
	const struct damp_node *at;
	const char *code = damp_read_scalar(c, f->answer, "a response code", &at);

	if (!code)
		return;
	if (strcmp(code, "4.01") == 0) {
		read_challenge(c, f, out);
	} else if (strcmp(code, "4.29") == 0) {
		set_answer(out, DAMP_COAP_4_29);
		if (f->max_age)
			read_max_age(c, f->max_age, out);
		if (f->echo)
			damp_diag_error(c->diags, f->echo->at, "'echo' belongs to 4.01");
	} else if (strlen(code) == 4 && code[1] == '.' && strchr("245", code[0])) {
		damp_diag_error(
			c->diags, at->at,
			"an answer %s is not supported by this version yet; write 4.01 or 4.29",
			code);
	} else {
		damp_diag_error(c->diags, at->at, "'%s' is not a response code; write 4.01 or 4.29",
				code);
	}
}

static void read_long(struct damp_ctx *c, const struct damp_node *n, struct damp_verdict_model *out)
{
	struct long_form f = { .at = n->at };

	damp_read_keys(c, DAMP_SECTION_ANSWER, n, take, &f);
	if (f.answer)
		read_answer(c, &f, out);
	else if (f.max_age || f.echo || !n->n)
		damp_diag_error(c->diags, n->at, "this action has no 'answer'");
}

static void read_short(struct damp_ctx *c, const struct damp_node *n,
		       struct damp_verdict_model *out)
{
	const char *near = damp_suggest(n->text, action_words);

	for (int i = 0; action_words[i]; i++)
		if (damp_node_is(n, action_words[i])) {
			out->act.action = (uint8_t)i;
			return;
		}
	if (damp_node_is(n, "too-many-requests")) {
		set_answer(out, DAMP_COAP_4_29);
		return;
	}
	for (int i = 0; later_words[i]; i++)
		if (damp_node_is(n, later_words[i])) {
			damp_diag_error(c->diags, n->at,
					"'%s' is not supported by this version yet", n->text);
			return;
		}
	if (near)
		damp_diag_error(c->diags, n->at, "unknown action '%s'; did you mean '%s'?", n->text,
				near);
	else
		damp_diag_error(c->diags, n->at, "unknown action '%s'; write %s, or {answer: ...}",
				n->text, damp_read_words(c, action_words));
}

void damp_action_read(struct damp_ctx *c, const struct damp_node *n, bool over,
		      struct damp_verdict_model *out)
{
	out->set = true;
	n = damp_read_deref(c, n);
	if (!n)
		return;
	if (n->kind == DAMP_NODE_MAP)
		read_long(c, n, out);
	else if (n->kind == DAMP_NODE_SCALAR)
		read_short(c, n, out);
	else
		damp_diag_error(c->diags, n->at, "one action, not a list");
	if (over && n->kind == DAMP_NODE_SCALAR && out->act.action == DAMP_ACT_CONTINUE &&
	    damp_node_is(n, "continue"))
		damp_diag_error(
			c->diags, n->at,
			"'over' has to decide: 'continue' would make the limit mean nothing");
}
