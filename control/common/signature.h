/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signatures of rule files: whose they are, and whether they fit.
 *
 * Idea: what minisign and signify write: Ed25519 over the text itself ("Ed") or
 * over its BLAKE2b-512 ("ED"), in a file beside the text; minisign's second
 * signature covers the trusted comment, too. Keys are files NAME.pub in a
 * directory of the gateway. libsodium does the arithmetic.
 *
 * A text and its signatures travel as one: a first line with their number, for
 * each a line with its length and name and its bytes, and then the text.
 *
 * Invariant: nothing of a signature is believed, its key number least of all,
 * before it has been checked with the key of that name. A text without a
 * signature that is asked for is refused, whatever else is beside it.
 *
 * Reference: minisign(1); signify(1); operators.md 5.2.
 */
#ifndef DAMP_SIGNATURE_H
#define DAMP_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAMP_KEYS_DIR "/etc/damper/keys"
#define DAMP_SIGNATURES_MAX 16u
#define DAMP_SIGNATURE_BYTES_MAX 2048u
#define DAMP_KEY_NAME_MAX 64u
#define DAMP_SIGNERS_LIST_MAX 8u
#define DAMP_SIGN_WHY 400u
#define DAMP_SIGNED_BY_LEN 1100u /* two lists of signers */

/* The files beside a text, as they are. */
struct damp_signatures {
	unsigned n;
	struct {
		char file[DAMP_KEY_NAME_MAX];   /* without its directory */
		char text[DAMP_SIGNATURE_BYTES_MAX + 1];
	} s[DAMP_SIGNATURES_MAX];
};

/* Who has to sign: at_least of them. */
struct damp_signers {
	char name[DAMP_SIGNERS_LIST_MAX][DAMP_KEY_NAME_MAX];
	unsigned n, at_least;
};

/* "alice,bob", or "2:alice,bob,carol" for two of three. False with a line in why. */
bool damp_signers_read(const char *text, struct damp_signers *out, char *why);

/* The signatures beside a file: FILE.minisig, FILE.sig, FILE.NAME.minisig and
 * FILE.NAME.sig, sorted; of more than fit the first. */
void damp_signatures_beside(const char *path, struct damp_signatures *out);

/* Is text one with signatures before it? */
bool damp_signatures_packed(const char *text, size_t len);

/* Text with its signatures before it, malloc'ed; NULL: no memory. */
char *damp_signatures_pack(const struct damp_signatures *s, const char *text, size_t len, size_t *out_len);

/* Apart again: *text is a part of packed. False when it is damaged. */
bool damp_signatures_unpack(const char *packed, size_t len, struct damp_signatures *out, const char **text,
			    size_t *text_len);

/*
 * Have enough of the signers signed text? keys: the directory. by (of room for
 * DAMP_SIGNED_BY_LEN bytes): who has, separated by commas. False with a line in why
 * (DAMP_SIGN_WHY bytes) that names the first who has not, and what is wrong.
 * Nobody to sign: true.
 */
bool damp_signatures_check(const struct damp_signatures *s, const struct damp_signers *signers,
			   const char *keys, const char *text, size_t len, char *by, char *why);

#endif
