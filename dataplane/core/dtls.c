/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS records and the cookies of hellos; see dtls.h.
 *
 * A record with a connection ID tells its length only to those who know the
 * length of the ID. It is taken to be the last of its datagram.
 */
#include "dtls.h"

#define TYPE_FIRST 20u                  /* change_cipher_spec */
#define TYPE_CHANGE TYPE_FIRST
#define TYPE_HANDSHAKE 22u
#define TYPE_DATA 23u
#define TYPE_CID 25u                    /* tls12_cid */
#define TYPE_LAST 26u                   /* ACK; what came later is sent under a CID only */
#define RECORD_HEADER 13u

/* The unified header of DTLS 1.3: 001CSLEE. */
#define UNIFIED_MASK 0xe0u
#define UNIFIED 0x20u
#define UNIFIED_CID 0x10u
#define UNIFIED_SEQ16 0x08u
#define UNIFIED_LEN 0x04u
#define UNIFIED_EPOCH 0x03u
#define EPOCH_HANDSHAKE 2u              /* RFC 9147 section 6.1 */
#define CIPHERTEXT_MIN 16u              /* RFC 9147 section 4.2.3 */

#define HANDSHAKE_HEADER 12u
#define CLIENT_HELLO 1u
#define SERVER_HELLO 2u
#define HELLO_VERIFY 3u
#define SERVER_HELLO_DONE 14u
#define RANDOM_LEN 32u
#define EXT_COOKIE 44u

/* RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest". */
static const uint8_t retry_random[RANDOM_LEN] = {
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

/* What is left to read. */
struct reader {
	const uint8_t *at;
	size_t left;
};

static const uint8_t *take(struct reader *r, size_t n)
{
	const uint8_t *p = r->at;

	if (n > r->left)
		return NULL;
	r->at += n;
	r->left -= n;
	return p;
}

/* A vector behind its length of 1 or 2 bytes. */
static bool take_vector(struct reader *r, size_t prefix, struct reader *out)
{
	const uint8_t *n = take(r, prefix);

	if (n == NULL)
		return false;
	out->left = prefix == 1 ? n[0] : damp_get16(n);
	out->at = take(r, out->left);
	return out->at != NULL;
}

static uint32_t get24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | damp_get16(p + 1);
}

/* The cookie extension, among those that r begins with. */
static bool find_cookie(struct reader *r, struct reader *cookie)
{
	struct reader all, one;
	const uint8_t *type;

	if (!take_vector(r, 2, &all))
		return false;
	while ((type = take(&all, 2)) != NULL && take_vector(&all, 2, &one))
		if (damp_get16(type) == EXT_COOKIE)
			return take_vector(&one, 2, cookie);
	return false;
}

static bool client_hello(struct reader *r, struct reader *cookie)
{
	struct reader skip;

	if (take(r, 2 + RANDOM_LEN) == NULL || !take_vector(r, 1, &skip) || !take_vector(r, 1, cookie))
		return false;
	if (cookie->left > 0)
		return true;
	return take_vector(r, 2, &skip) && take_vector(r, 1, &skip) && find_cookie(r, cookie);
}

static bool hello_retry(struct reader *r, struct reader *cookie)
{
	struct reader skip;

	/* Behind the session ID: cipher suite and compression method. */
	return take_vector(r, 1, &skip) && take(r, 3) != NULL && find_cookie(r, cookie);
}

/* The body of a handshake record of epoch 0. */
static void scan_hello(struct reader r, const uint8_t *start, struct damp_dtls *d)
{
	const uint8_t *h = take(&r, HANDSHAKE_HEADER), *head;
	struct reader cookie = { .left = 0 };
	bool found = false;

	/* The first fragment, which may be the only one. */
	if (h == NULL || get24(h + 6) != 0 || get24(h + 9) > get24(h + 1) || get24(h + 9) > r.left)
		return;
	r.left = get24(h + 9);
	if (h[0] == CLIENT_HELLO) {
		d->hello = DAMP_DTLS_CLIENT_HELLO;
		found = client_hello(&r, &cookie);
	} else if (h[0] == HELLO_VERIFY) {
		d->hello = DAMP_DTLS_HELLO_VERIFY;
		found = take(&r, 2) != NULL && take_vector(&r, 1, &cookie);
	} else if (h[0] == SERVER_HELLO) {
		head = take(&r, 2 + RANDOM_LEN);
		if (head == NULL || memcmp(head + 2, retry_random, RANDOM_LEN) != 0)
			return;
		d->hello = DAMP_DTLS_HELLO_RETRY;
		found = hello_retry(&r, &cookie);
	}
	if (!found || cookie.left == 0)
		return;
	d->cookie_off = (uint16_t)(cookie.at - start);
	d->cookie_len = (uint16_t)cookie.left;
}

/* The messages of a handshake record of epoch 0, or fragments of them. */
static void scan_stage(struct reader r, struct damp_dtls *d)
{
	const uint8_t *h;

	while ((h = take(&r, HANDSHAKE_HEADER)) != NULL && take(&r, get24(h + 9)) != NULL) {
		if (h[0] == SERVER_HELLO)
			d->stage = DAMP_DTLS_BEGINS;
		else if (h[0] == SERVER_HELLO_DONE)
			d->stage = DAMP_DTLS_ASKS;
	}
}

/* The body of a record of epoch 0. */
static void scan_clear(uint8_t type, const struct reader *body, struct damp_dtls *d)
{
	if (type == TYPE_HANDSHAKE)
		scan_stage(*body, d);
	else if (type == TYPE_CHANGE && d->stage == DAMP_DTLS_NO_STAGE)
		d->stage = DAMP_DTLS_CHANGES;
}

static enum damp_dtls_first first_of(const uint8_t *h)
{
	if (h[0] == TYPE_CID)
		return DAMP_DTLS_CID;
	if (damp_get16(h + 3) == 0)
		return DAMP_DTLS_CLEAR;
	return h[0] == TYPE_DATA ? DAMP_DTLS_DATA : DAMP_DTLS_SEALED;
}

/* Type, version, epoch, sequence number, length. */
static bool take_plain(struct reader *r, const uint8_t *start, struct damp_dtls *d)
{
	const bool first = r->at == start;
	const uint8_t *h = take(r, RECORD_HEADER);
	struct reader body;

	/* DTLS 1.0 and 1.2; 1.3 says 1.2 here. */
	if (h == NULL || h[1] != 0xfe || (h[2] != 0xff && h[2] != 0xfd))
		return false;
	if (first)
		d->first = (uint8_t)first_of(h);
	if (h[0] == TYPE_CID) {
		r->left = 0;
		return true;
	}
	body.left = damp_get16(h + RECORD_HEADER - 2);
	body.at = take(r, body.left);
	if (body.at == NULL)
		return false;
	if (damp_get16(h + 3) != 0)
		return true;
	if (first && h[0] == TYPE_HANDSHAKE)
		scan_hello(body, start, d);
	scan_clear(h[0], &body, d);
	return true;
}

static bool take_unified(struct reader *r, const uint8_t *start, struct damp_dtls *d)
{
	const uint8_t bits = r->at[0];
	struct reader body;

	if (r->at == start)
		d->first = bits & UNIFIED_CID ? DAMP_DTLS_CID :
			   (bits & UNIFIED_EPOCH) == EPOCH_HANDSHAKE ? DAMP_DTLS_SEALED : DAMP_DTLS_DATA;
	take(r, 1);
	if (take(r, bits & UNIFIED_SEQ16 ? 2 : 1) == NULL)
		return false;
	if ((bits & UNIFIED_LEN) && !(bits & UNIFIED_CID))
		return take_vector(r, 2, &body) && body.left >= CIPHERTEXT_MIN;
	if (r->left < CIPHERTEXT_MIN + (bits & UNIFIED_LEN ? 2 : 0))
		return false;
	r->left = 0;
	return true;
}

bool damp_dtls_scan(const uint8_t *m, size_t len, struct damp_dtls *d)
{
	struct reader r = { .at = m, .left = len };

	*d = (struct damp_dtls){ .hello = DAMP_DTLS_NO_HELLO };
	if (len == 0)
		return false;
	while (r.left > 0) {
		if (r.at[0] >= TYPE_FIRST && r.at[0] <= TYPE_LAST) {
			if (!take_plain(&r, m, d))
				return false;
		} else if ((r.at[0] & UNIFIED_MASK) != UNIFIED || !take_unified(&r, m, d)) {
			return false;
		}
	}
	return true;
}
