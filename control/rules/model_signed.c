/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `signed_by`: whose signatures a rule file needs. Only names: the keys are in a
 * directory of the gateway, since whoever could write a key into the file could
 * sign it, too. Who compares is control/common/signature.h.
 *
 * Reference: operators.md 5.2.
 */
#include "read.h"

#include <ctype.h>
#include <string.h>

/* A name is that of a file with a key in it. */
static bool is_name(const char *text)
{
	const size_t len = strlen(text);

	if (!islower((unsigned char)text[0]) && !isdigit((unsigned char)text[0]))
		return false;
	return len < DAMP_NAME_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static bool is_known(const struct damp_ctx *c, const char *text)
{
	for (unsigned i = 0; i < c->nsigners; i++)
		if (strcmp(c->signers[i], text) == 0)
			return true;
	return false;
}

static void read_signer(struct damp_ctx *c, const struct damp_node *n)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, "the name of a key", &at);

	if (!text)
		return;
	if (!is_name(text))
		damp_diag_error(c->diags, at->at, "'%s' is no name of a key: a to z, 0 to 9, '.', '_' and '-', at "
				"most %u of them", text, DAMP_NAME_MAX - 1);
	else if (is_known(c, text))
		damp_diag_error(c->diags, at->at, "'%s' is named twice", text);
	else if (c->nsigners == DAMP_SIGNERS_MAX)
		damp_diag_error(c->diags, at->at, "more than %u signers", DAMP_SIGNERS_MAX);
	else
		c->signers[c->nsigners++] = text;
}

void damp_signed_by_read(struct damp_ctx *c, const struct damp_node *n)
{
	n = damp_read_deref(c, n);
	if (n && n->kind == DAMP_NODE_LIST && !n->n)
		damp_diag_error(c->diags, n->at, "'signed_by' names nobody; leave it out");
	for (size_t i = 0; n && i < (n->kind == DAMP_NODE_LIST ? n->n : 1); i++)
		read_signer(c, n->kind == DAMP_NODE_LIST ? n->items[i] : n);
}
