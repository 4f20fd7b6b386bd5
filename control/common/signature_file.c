/* SPDX-License-Identifier: BSD-3-Clause */
/* Signatures as files and on their way; see signature.h. */
#include "signature.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char opening[] = "damper-signed 1 ";

static bool add_signer(struct damp_signers *out, const char *name, size_t len, char *why)
{
	const char *known = "abcdefghijklmnopqrstuvwxyz0123456789._-";

	if (len == 0 || len >= DAMP_KEY_NAME_MAX || strspn(name, known) < len || name[0] == '.' ||
	    name[0] == '-') {
		snprintf(why, DAMP_SIGN_WHY, "'%.*s' is no name of a key", (int)len, name);
		return false;
	}
	if (out->n == DAMP_SIGNERS_LIST_MAX) {
		snprintf(why, DAMP_SIGN_WHY, "more than %u signers", DAMP_SIGNERS_LIST_MAX);
		return false;
	}
	memcpy(out->name[out->n], name, len);
	out->name[out->n][len] = '\0';
	for (unsigned i = 0; i < out->n; i++)
		if (strcmp(out->name[i], out->name[out->n]) == 0) {
			snprintf(why, DAMP_SIGN_WHY, "'%s' is named twice", out->name[i]);
			return false;
		}
	out->n++;
	return true;
}

bool damp_signers_read(const char *text, struct damp_signers *out, char *why)
{
	const char *colon = strchr(text, ':'), *at = text;
	char *end;

	memset(out, 0, sizeof(*out));
	if (colon != NULL) {
		out->at_least = isdigit((unsigned char)text[0]) ? (unsigned)strtoul(text, &end, 10) : 0;
		if (out->at_least == 0 || end != colon) {
			snprintf(why, DAMP_SIGN_WHY,
				 "'%.100s' is no list of signers; write alice,bob or 1:alice,bob", text);
			return false;
		}
		at = colon + 1;
	}
	for (;;) {
		const size_t len = strcspn(at, ",");

		if (!add_signer(out, at, len, why))
			return false;
		if (at[len] == '\0')
			break;
		at += len + 1;
	}
	if (out->at_least > out->n) {
		snprintf(why, DAMP_SIGN_WHY, "%u of %u signers cannot sign", out->at_least, out->n);
		return false;
	}
	out->at_least = out->at_least > 0 ? out->at_least : out->n;
	return true;
}

static void add_file(struct damp_signatures *out, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	FILE *f = fopen(path, "re");
	size_t len;

	if (f == NULL)
		return;
	if (out->n < DAMP_SIGNATURES_MAX && strlen(name) < DAMP_KEY_NAME_MAX) {
		len = fread(out->s[out->n].text, 1, DAMP_SIGNATURE_BYTES_MAX, f);
		out->s[out->n].text[len] = '\0';
		snprintf(out->s[out->n].file, sizeof(out->s[0].file), "%s", name);
		out->n++;
	}
	fclose(f);
}

/* Only the ending is a pattern. */
static void quote(const char *path, char *out, size_t room)
{
	size_t n = 0;

	for (; *path != '\0' && n + 2 < room; path++) {
		if (strchr("*?[\\", *path) != NULL)
			out[n++] = '\\';
		out[n++] = *path;
	}
	out[n] = '\0';
}

void damp_signatures_beside(const char *path, struct damp_signatures *out)
{
	static const char *const endings[] = { ".minisig", ".sig", ".*.minisig", ".*.sig" };
	char quoted[2048], pattern[2100];
	glob_t found;

	out->n = 0;
	quote(path, quoted, sizeof(quoted));
	for (size_t e = 0; e < sizeof(endings) / sizeof(endings[0]); e++) {
		snprintf(pattern, sizeof(pattern), "%s%s", quoted, endings[e]);
		if (glob(pattern, 0, NULL, &found) != 0)
			continue;
		for (size_t i = 0; i < found.gl_pathc; i++)
			add_file(out, found.gl_pathv[i]);
		globfree(&found);
	}
}

bool damp_signatures_packed(const char *text, size_t len)
{
	return len >= sizeof(opening) - 1 && memcmp(text, opening, sizeof(opening) - 1) == 0;
}

char *damp_signatures_pack(const struct damp_signatures *s, const char *text, size_t len, size_t *out_len)
{
	char *packed = NULL;
	FILE *out = open_memstream(&packed, out_len);

	if (out == NULL)
		return NULL;
	fprintf(out, "%s%u\n", opening, s->n);
	for (unsigned i = 0; i < s->n; i++)
		fprintf(out, "%zu %s\n%s\n", strlen(s->s[i].text), s->s[i].file, s->s[i].text);
	fwrite(text, 1, len, out);
	return fclose(out) == 0 ? packed : NULL;
}

/* Digits up to stop, which is stepped over. */
static bool take_number(const char **at, const char *end, char stop, size_t most, size_t *out)
{
	const char *p = *at;

	for (*out = 0; p < end && isdigit((unsigned char)*p) && *out <= most; p++)
		*out = *out * 10 + (size_t)(*p - '0');
	if (p == *at || p == end || *p != stop || *out > most)
		return false;
	*at = p + 1;
	return true;
}

static bool take_one(const char **at, const char *end, struct damp_signatures *out)
{
	const char *nl;
	size_t len, name;

	if (!take_number(at, end, ' ', DAMP_SIGNATURE_BYTES_MAX, &len))
		return false;
	nl = memchr(*at, '\n', (size_t)(end - *at));
	name = nl != NULL ? (size_t)(nl - *at) : 0;
	if (name == 0 || name >= DAMP_KEY_NAME_MAX || len >= (size_t)(end - nl - 1) || nl[1 + len] != '\n' ||
	    memchr(*at, '\0', name) != NULL || memchr(nl + 1, '\0', len) != NULL)
		return false;
	memcpy(out->s[out->n].file, *at, name);
	out->s[out->n].file[name] = '\0';
	memcpy(out->s[out->n].text, nl + 1, len);
	out->s[out->n++].text[len] = '\0';
	*at = nl + 1 + len + 1;
	return true;
}

bool damp_signatures_unpack(const char *packed, size_t len, struct damp_signatures *out, const char **text,
			    size_t *text_len)
{
	const char *at = packed + sizeof(opening) - 1, *end = packed + len;
	size_t count;

	out->n = 0;
	if (!take_number(&at, end, '\n', DAMP_SIGNATURES_MAX, &count))
		return false;
	while (out->n < count)
		if (!take_one(&at, end, out))
			return false;
	*text = at;
	*text_len = (size_t)(end - at);
	return true;
}
