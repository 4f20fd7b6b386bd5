/* SPDX-License-Identifier: BSD-3-Clause */
/* See signed.h. */
#include "signed.h"

#include "check.h"
#include "common/signature.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The signers that the rules name, all of them. */
static struct damp_signers signers_of(const struct damp_rules *r)
{
	struct damp_signers s = { .n = r->nsigners, .at_least = r->nsigners };

	for (unsigned i = 0; i < s.n; i++)
		snprintf(s.name[i], sizeof(s.name[i]), "%s", r->signer[i]);
	return s;
}

int damp_signed_look(const struct damp_cli *cli, const char *file, const struct damp_rules *r, char *text,
		     size_t len)
{
	const struct damp_signers signers = signers_of(r);
	struct damp_signatures *s = calloc(1, sizeof(*s));
	char by[DAMP_SIGNED_BY_LEN], why[DAMP_SIGN_WHY];
	bool good;

	text[0] = '\0';
	if (signers.n == 0 || cli->args.unsigned_) {
		free(s);
		return DAMP_EXIT_OK;
	}
	if (s == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	damp_signatures_beside(file, s);
	good = damp_signatures_check(s, &signers, cli->args.keys != NULL ? cli->args.keys : DAMP_KEYS_DIR,
				     r->source, r->source_len, by, why);
	snprintf(text, len, "%s", good ? by : why);
	free(s);
	return good ? DAMP_EXIT_OK : DAMP_EXIT_NO;
}

int damp_signed_add(const char *file, char **text, size_t *len)
{
	struct damp_signatures *s = calloc(1, sizeof(*s));
	char *packed;

	if (s == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	damp_signatures_beside(file, s);
	packed = s->n > 0 ? damp_signatures_pack(s, *text, *len, len) : *text;
	free(s);
	if (packed == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	if (packed != *text)
		free(*text);
	*text = packed;
	return DAMP_EXIT_OK;
}

static int write_out(const struct damp_cli *cli, const char *text, size_t len)
{
	const char *path = cli->args.out;
	FILE *f = stdout;
	int fd;

	if (path != NULL) {
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		f = fd >= 0 ? fdopen(fd, "w") : NULL;
		if (f == NULL)
			return damp_fail(DAMP_EXIT_UNREADABLE, "%s: %s", path, strerror(errno));
	}
	fwrite(text, 1, len, f);
	if (ferror(f) || (f != stdout && fclose(f) != 0))
		return damp_fail(DAMP_EXIT_INTERNAL, "%s: %s", path != NULL ? path : "standard output",
				 strerror(errno));
	return DAMP_EXIT_OK;
}

int damp_cmd_bundle(struct damp_cli *cli)
{
	const char *file = cli->args.words[0];
	struct damp_rules r;
	int code = damp_check_file(cli, file, &r);
	char count[64];

	if (r.text != NULL)
		fputs(r.text, stderr);
	if (code != DAMP_EXIT_OK)
		damp_fail(code, "%s: %s: there is nothing to sign", file,
			  damp_check_count(count, sizeof(count), &r));
	else
		code = write_out(cli, r.source, r.source_len);
	damp_rules_free(&r);
	return code;
}
