/* SPDX-License-Identifier: BSD-3-Clause */
/* See signed.h. */
#include "signed.h"

#include "revisions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool refuse(struct damp_load_result *r, const char *name, const char *why)
{
	r->status = DAMP_LOAD_UNSIGNED;
	snprintf(r->text, sizeof(r->text), "%.160s: %s", name, why);
	return false;
}

static struct damp_signers asked_by_file(const struct damp_rules *rules)
{
	struct damp_signers s = { .n = rules->nsigners, .at_least = rules->nsigners };

	_Static_assert(DAMP_SIGNERS_LIST_MAX >= DAMP_SIGNERS_MAX, "all signers of a file have room");
	for (unsigned i = 0; i < s.n; i++)
		snprintf(s.name[i], sizeof(s.name[i]), "%s", rules->signer[i]);
	return s;
}

/* Is name one of a list separated by ", "? */
static bool named(const char *list, const char *name)
{
	const size_t len = strlen(name);

	for (const char *p = list; (p = strstr(p, name)) != NULL; p += len)
		if ((p == list || p[-1] == ' ') && (p[len] == '\0' || p[len] == ','))
			return true;
	return false;
}

/* The names of more that are not in list yet, behind it. */
static void join(char *list, size_t room, const char *more)
{
	char name[DAMP_KEY_NAME_MAX];

	while (*more != '\0') {
		const size_t len = strcspn(more, ","), used = strlen(list);

		snprintf(name, sizeof(name), "%.*s", (int)len, more);
		if (!named(list, name))
			snprintf(list + used, room - used, "%s%s", used > 0 ? ", " : "", name);
		more += len + (more[len] == ',' ? 2 : 0);
	}
}

struct look {
	const struct damp_control *c;
	const struct damp_load_job *job;
	struct damp_signatures beside;
	const struct damp_signatures *s;
	const char *text;
	size_t len;
};

static bool check_list(const struct look *l, const struct damp_signers *signers, struct damp_load_result *r)
{
	char by[DAMP_SIGNED_BY_LEN], why[DAMP_SIGN_WHY];

	if (!damp_signatures_check(l->s, signers, l->c->opt.keys_dir, l->text, l->len, by, why))
		return refuse(r, l->job->name, why);
	join(r->signed_by, sizeof(r->signed_by), by);
	return true;
}

static bool check_revision(const struct look *l, struct damp_load_result *r)
{
	const struct damp_program_hdr *h = r->prog->view.hdr;
	char why[300];

	if (damp_revisions_allow(l->c->opt.state_dir, h->name, h->revision, h->digest, why, sizeof(why)))
		return true;
	return refuse(r, l->job->name, why);
}

bool damp_signed_check(const struct damp_control *c, const struct damp_load_job *job,
		       struct damp_load_result *r)
{
	const struct damp_signers by_file = asked_by_file(&r->rules);
	struct look *l;
	bool good;

	r->signed_by[0] = '\0';
	if (by_file.n == 0 && c->opt.signers.n == 0)
		return true;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return refuse(r, job->name, "no memory");
	l->c = c;
	l->job = job;
	l->s = job->signatures != NULL ? job->signatures : &l->beside;
	if (job->signatures == NULL && job->path != NULL)
		damp_signatures_beside(job->path, &l->beside);
	l->text = damp_load_text(job, &r->rules, &l->len);
	if (l->text == NULL || !damp_generation_is_text_of(r->prog->view.hdr->digest, l->text, l->len))
		good = refuse(r, job->name, "it changed while it was read");
	else
		good = check_list(l, &by_file, r) && check_list(l, &c->opt.signers, r) &&
		       check_revision(l, r);
	free(l);
	return good;
}

bool damp_signed_kept(const struct damp_control *c, struct damp_load_result *r)
{
	const struct damp_signers *s = &c->opt.signers;
	unsigned good = 0;

	for (unsigned i = 0; i < s->n; i++)
		good += named(r->signed_by, s->name[i]);
	if (good >= s->at_least)
		return true;
	return refuse(r, r->file, "this generation was loaded without the signatures that damperd --signed-by asks for");
}

int damp_signed_note(const struct damp_control *c, const struct damp_load_result *r)
{
	const struct damp_program_hdr *h = r->prog->view.hdr;

	return r->signed_by[0] != '\0' ?
		       damp_revisions_note(c->opt.state_dir, h->name, h->revision, h->digest) :
		       0;
}
