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

bool damp_is_action(const char *text)
{
	for (int i = 0; action_words[i]; i++)
		if (strcmp(action_words[i], text) == 0)
			return true;
	return strcmp(text, "reset") == 0;
}

/* Codes that a gateway can give in the place of any server. What speaks of the
 * state of a resource or of a transfer (4.08, 4.09, 4.12, 4.22) is not its to say. */
static const char *const codes[] = {
	"4.00", "4.02", "4.03", "4.04", "4.05", "4.06", "4.13", "4.15", "4.29",
	"5.00", "5.01", "5.02", "5.03", "5.04", "5.05", NULL,
};

/* Words of the full language that wait for a later version. */
static const char *const later_words[] = { "cure", "block", "log", NULL };

/* Only 4.29 and 5.03 tell how long to wait when nobody has said (RFC 8516
 * section 3, RFC 7252 section 5.9.3.4). */
static void set_answer(struct damp_verdict_model *out, uint8_t code)
{
	out->act.action = DAMP_ACT_ANSWER;
	out->act.code = code;
	if (code == DAMP_COAP_4_29 || code == DAMP_COAP_5_03)
		out->act.max_age_s = out->act.max_age_to_s = MAX_AGE_DEFAULT_S;
}

struct long_form {
	const struct damp_node *answer, *max_age, *echo, *strip;
};

static void take(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p, void *user)
{
	struct long_form *f = user;

	(void)c;
	if (key == DAMP_KEY_ANSWER_ANSWER)
		f->answer = p->value;
	else if (key == DAMP_KEY_ANSWER_MAX_AGE)
		f->max_age = p->value;
	else if (key == DAMP_KEY_ANSWER_STRIP)
		f->strip = p->value;
	else
		f->echo = p->value;
}

/* One end of a range, or the whole value; at: where it stands. */
static bool read_seconds(struct damp_ctx *c, const char *text, struct damp_place at, uint32_t *out)
{
	struct damp_quantity q;
	char why[DAMP_WHY_MAX];

	if (!damp_quantity_parse(text, DAMP_WANT(MS), &q, why)) {
		damp_diag_error(c->diags, at, "%s", why);
		return false;
	}
	*out = (uint32_t)(q.micro / DAMP_MICRO / 1000);
	if (q.micro / DAMP_MICRO < 1000 || q.micro / DAMP_MICRO > MAX_AGE_MAX_S * 1000ull)
		damp_diag_error(c->diags, at, "'%s' is out of range; max_age goes from 1 s to 1 d",
				text);
	else if (q.micro % (DAMP_MICRO * 1000))
		damp_diag_error(c->diags, at,
				"'%s' is not a whole number of seconds, which Max-Age is", text);
	else
		return true;
	return false;
}

static void read_max_age(struct damp_ctx *c, const struct damp_node *n,
			 struct damp_verdict_model *out)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, "a time", &at), *dots, *first, *second;
	uint32_t low, high;

	if (!text)
		return;
	dots = strstr(text, "..");
	first = dots ? damp_pool_strndup(c->pool, text, (size_t)(dots - text)) : text;
	second = dots ? dots + 2 : text;
	if (!*first || !*second) {
		damp_diag_error(c->diags, at->at, "'%s' needs both ends, like '60 s..300 s'", text);
		return;
	}
	if (!read_seconds(c, first, at->at, &low) || !read_seconds(c, second, at->at, &high))
		return;
	if (low > high)
		damp_diag_error(c->diags, at->at, "'%s' runs backwards", text);
	out->act.max_age_s = low;
	out->act.max_age_to_s = high;
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
				"'max_age' does not fit 4.01; a challenge always carries Max-Age 0");
}

static void read_answer(struct damp_ctx *c, const struct long_form *f,
			struct damp_verdict_model *out)
{
	const struct damp_node *at;
	const char *code = damp_read_scalar(c, f->answer, "a response code", &at);
	size_t i = 0;

	if (!code)
		return;
	if (strcmp(code, "4.01") == 0) {
		read_challenge(c, f, out);
		return;
	}
	while (codes[i] && strcmp(codes[i], code) != 0)
		i++;
	if (!codes[i] && !strchr(code, '.') && damp_suggest(code, codes)) {
		damp_diag_error(c->diags, at->at, "'%s' is no answer a gateway can give; did you mean '%s'?", code,
				damp_suggest(code, codes));
		return;
	}
	if (!codes[i]) {
		damp_diag_error(c->diags, at->at,
				"'%s' is no answer a gateway can give; write 4.01, %s", code,
				damp_read_words(c, codes));
		return;
	}
	set_answer(out, DAMP_COAP_CODE(code[0] - '0', (code[2] - '0') * 10 + code[3] - '0'));
	if (f->max_age)
		read_max_age(c, f->max_age, out);
	if (f->echo)
		damp_diag_error(c->diags, f->echo->at, "'echo' belongs to 4.01");
}

static void read_strip(struct damp_ctx *c, const struct long_form *f,
		       struct damp_verdict_model *out)
{
	static const char *const what[] = { "observe", NULL };

	out->act.action = DAMP_ACT_STRIP_OBSERVE;
	damp_read_word(c, f->strip, "strip", what);
	if (f->answer || f->max_age || f->echo)
		damp_diag_error(c->diags, f->strip->at, "'strip' stands alone; it is no answer");
}

static void read_long(struct damp_ctx *c, const struct damp_node *n, struct damp_verdict_model *out)
{
	struct long_form f = { NULL, NULL, NULL, NULL };

	damp_read_keys(c, DAMP_SECTION_ANSWER, n, take, &f);
	if (f.strip)
		read_strip(c, &f, out);
	else if (f.answer)
		read_answer(c, &f, out);
	else if (f.max_age || f.echo || !n->n)
		damp_diag_error(c->diags, n->at, "this action has no 'answer'");
}

static void read_short(struct damp_ctx *c, const struct damp_node *n,
		       struct damp_verdict_model *out)
{
	static const char *const all_words[] = { "continue", "accept", "drop", "challenge", "reset",
						 "{answer: ...}", "{strip: observe}", NULL };
	const char *near = damp_suggest(n->text, all_words);

	if (n->block) {
		damp_diag_error(c->diags, n->at, DAMP_BLOCK_MESSAGE, "an action");
		return;
	}
	for (int i = 0; action_words[i]; i++)
		if (damp_node_is(n, action_words[i])) {
			out->act.action = (uint8_t)i;
			return;
		}
	if (damp_node_is(n, "reset")) {
		out->act.action = DAMP_ACT_RESET;
		return;
	}
	if (damp_node_is(n, "too-many-requests")) {
		set_answer(out, DAMP_COAP_4_29);
		return;
	}
	for (int i = 0; later_words[i]; i++)
		if (damp_node_is(n, later_words[i])) {
			if (damp_node_is(n, "block"))
				damp_diag_error(c->diags, n->at, DAMP_BLOCK_STANDS_MESSAGE);
			else if (damp_node_is(n, "log"))
				damp_diag_error(c->diags, n->at, "logging is no action; it stands beside 'then': "
						"log: {first: 3 per source}");
			else
				damp_diag_error(c->diags, n->at,
						"'%s' is not supported by this version yet", n->text);
			return;
		}
	for (int i = 0; codes[i]; i++)
		if (damp_node_is(n, codes[i])) {
			damp_diag_error(c->diags, n->at, "unknown action '%s'; write {answer: %s}", n->text, n->text);
			return;
		}
	if (near)
		damp_diag_error(c->diags, n->at, "unknown action '%s'; did you mean '%s'?", n->text,
				near);
	else if (strchr(n->text, '#'))
		damp_diag_error(c->diags, n->at, "unknown action '%s'; a comment begins with a blank and '#'", n->text);
	else
		damp_diag_error(c->diags, n->at, "unknown action '%s'; write %s", n->text,
				damp_read_words(c, all_words));
}

void damp_action_read(struct damp_ctx *c, const struct damp_node *n, const char *decides,
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
	if (decides && n->kind == DAMP_NODE_SCALAR && damp_node_is(n, "continue"))
		damp_diag_error(c->diags, n->at,
				"'%s' has to decide: 'continue' would make the limit mean nothing",
				decides);
}
