/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys, signatures and who has signed; see signature.h. Files: signature_file.c. */
#include "signature.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define ID_BYTES 8u
#define KEY_FILE_MAX 1024u
#define UNTRUSTED "untrusted comment: "
#define TRUSTED "trusted comment: "

/* As both tools write them: base64 of these bytes. */
struct key {
	uint8_t algorithm[2];   /* "Ed" */
	uint8_t id[ID_BYTES];
	uint8_t public[crypto_sign_PUBLICKEYBYTES];
};

struct seal {
	uint8_t algorithm[2];   /* "Ed": of the text; "ED": of its BLAKE2b-512 */
	uint8_t id[ID_BYTES];
	uint8_t signature[crypto_sign_BYTES];
};

/* A signature file, taken apart. */
struct parts {
	struct seal seal;
	const char *comment;    /* the trusted one, NULL none */
	size_t comment_len;
	uint8_t whole[crypto_sign_BYTES]; /* over signature and trusted comment */
};

/* The line at *at without its end, stepped over; NULL at the end. */
static const char *take_line(const char **at, size_t *len)
{
	const char *line = *at;

	if (*line == '\0')
		return NULL;
	*len = strcspn(line, "\n");
	*at = line + *len + (line[*len] == '\n');
	if (*len > 0 && line[*len - 1] == '\r')
		--*len;
	return line;
}

static bool decode(const char *line, size_t len, void *out, size_t want)
{
	size_t got = 0;

	return sodium_base642bin(out, want, line, len, NULL, &got, NULL,
				 sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       got == want;
}

static bool begins(const char *line, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

static bool read_key(const char *dir, const char *name, struct key *out, char *why)
{
	char path[512], text[KEY_FILE_MAX + 1];
	const char *at = text, *line;
	FILE *f;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s.pub", dir, name);
	f = fopen(path, "re");
	if (f == NULL) {
		snprintf(why, DAMP_SIGN_WHY, "the key of '%s' cannot be read: %.200s: %s", name, path,
			 strerror(errno));
		return false;
	}
	len = fread(text, 1, KEY_FILE_MAX, f);
	fclose(f);
	text[len] = '\0';
	line = take_line(&at, &len);
	if (line != NULL && begins(line, len, UNTRUSTED))
		line = take_line(&at, &len);
	if (line != NULL && decode(line, len, out, sizeof(*out)) && memcmp(out->algorithm, "Ed", 2) == 0)
		return true;
	snprintf(why, DAMP_SIGN_WHY, "%.200s is no public key of minisign or signify", path);
	return false;
}

static bool read_parts(const char *text, struct parts *out)
{
	const char *at = text, *line;
	size_t len;

	memset(out, 0, sizeof(*out));
	line = take_line(&at, &len);
	if (line == NULL || !begins(line, len, UNTRUSTED))
		return false;
	line = take_line(&at, &len);
	if (line == NULL || !decode(line, len, &out->seal, sizeof(out->seal)) ||
	    out->seal.algorithm[0] != 'E' ||
	    (out->seal.algorithm[1] != 'd' && out->seal.algorithm[1] != 'D'))
		return false;
	line = take_line(&at, &len);
	if (line == NULL)
		return out->seal.algorithm[1] == 'd'; /* signify ends here */
	if (!begins(line, len, TRUSTED))
		return false;
	out->comment = line + strlen(TRUSTED);
	out->comment_len = len - strlen(TRUSTED);
	line = take_line(&at, &len);
	return line != NULL && decode(line, len, out->whole, sizeof(out->whole)) &&
	       take_line(&at, &len) == NULL;
}

/* The text, or what stands for it. */
static bool fits_text(const struct key *k, const struct seal *s, const char *text, size_t len)
{
	uint8_t sum[crypto_generichash_BYTES_MAX];

	if (s->algorithm[1] == 'd')
		return crypto_sign_verify_detached(s->signature, (const uint8_t *)text, len, k->public) == 0;
	crypto_generichash(sum, sizeof(sum), (const uint8_t *)text, len, NULL, 0);
	return crypto_sign_verify_detached(s->signature, sum, sizeof(sum), k->public) == 0;
}

static bool fits_comment(const struct key *k, const struct parts *p)
{
	uint8_t data[crypto_sign_BYTES + DAMP_SIGNATURE_BYTES_MAX];

	if (p->comment == NULL)
		return true;
	memcpy(data, p->seal.signature, crypto_sign_BYTES);
	memcpy(data + crypto_sign_BYTES, p->comment, p->comment_len);
	return crypto_sign_verify_detached(p->whole, data, crypto_sign_BYTES + p->comment_len,
					   k->public) == 0;
}

struct search {
	const struct damp_signatures *s;
	const char *keys, *text;
	size_t len;
};

/* Does one of the signatures fit that key? One that was forgotten there does not stand
 * in the way of another. Else why not, of the last that came near. */
static bool has_signed(const struct search *x, const char *name, char *why)
{
	struct parts p;
	struct key k;

	if (!read_key(x->keys, name, &k, why))
		return false;
	snprintf(why, DAMP_SIGN_WHY,
		 x->s->n == 0 ? "no signature is beside it" :
				"none of the %u signatures beside it "
				"is by the key '%s'",
		 x->s->n, name);
	for (unsigned i = 0; i < x->s->n; i++) {
		const char *file = x->s->s[i].file;

		if (!read_parts(x->s->s[i].text, &p)) {
			snprintf(why, DAMP_SIGN_WHY, "%s is no signature of minisign or signify", file);
			continue;
		}
		if (memcmp(p.seal.id, k.id, ID_BYTES) != 0)
			continue;
		if (fits_text(&k, &p.seal, x->text, x->len) && fits_comment(&k, &p))
			return true;
		snprintf(why, DAMP_SIGN_WHY, "%s is a signature by '%s', but %s", file, name,
			 fits_text(&k, &p.seal, x->text, x->len) ?
				 "its trusted comment was changed" :
				 "not of this text: the rules were changed since");
	}
	return false;
}

bool damp_signatures_check(const struct damp_signatures *s, const struct damp_signers *signers,
			   const char *keys, const char *text, size_t len, char *by, char *why)
{
	const struct search x = { .s = s, .keys = keys, .text = text, .len = len };
	char reason[DAMP_SIGN_WHY], first[DAMP_SIGN_WHY + DAMP_KEY_NAME_MAX] = "";
	unsigned good = 0;
	size_t used = 0;

	by[0] = why[0] = '\0';
	if (sodium_init() < 0) {
		snprintf(why, DAMP_SIGN_WHY, "libsodium cannot be initialised");
		return false;
	}
	for (unsigned i = 0; i < signers->n; i++) {
		if (has_signed(&x, signers->name[i], reason)) {
			used += (size_t)snprintf(by + used, DAMP_SIGNED_BY_LEN - used, "%s%s",
						 good > 0 ? ", " : "", signers->name[i]);
			good++;
		} else if (first[0] == '\0') {
			snprintf(first, sizeof(first), "'%s' has not signed: %s", signers->name[i], reason);
		}
	}
	if (good >= signers->at_least)
		return true;
	if (signers->at_least < signers->n)
		snprintf(why, DAMP_SIGN_WHY, "%u of %u signatures are needed, %u fit; %.300s",
			 signers->at_least, signers->n, good, first);
	else
		snprintf(why, DAMP_SIGN_WHY, "%.390s", first);
	return false;
}
