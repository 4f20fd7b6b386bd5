/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS as far as it can be read from outside: record headers, and the cookie
 * of the first, unprotected handshake messages, and where a handshake stands.
 *
 * Idea: a server that asks for a cookie returned (HelloVerifyRequest, or the
 * cookie extension of a HelloRetryRequest) has a proof of reachability made;
 * the gateway only has to watch it (attacks.md 3.2 P5). Nothing is decrypted,
 * changed or put together from fragments: the cookie stands in the first bytes
 * of the first record of its datagram, or it is not found.
 *
 * Invariant: every record but the last ends inside the datagram and the next
 * begins there; the cookie lies inside the datagram. A hello that breaks its
 * own lengths has no cookie; a record that does makes the datagram none.
 *
 * References: RFC 6347 sections 4.1, 4.2.1, 4.2.2; RFC 9146 section 4 (CID);
 * RFC 9147 sections 4, 4.1, 5.1; RFC 8446 sections 4.1.3, 4.2.2; AV-45, AV-46.
 */
#ifndef DAMP_CORE_DTLS_H
#define DAMP_CORE_DTLS_H

#include "types.h"

enum damp_dtls_hello {
	DAMP_DTLS_NO_HELLO,
	DAMP_DTLS_CLIENT_HELLO,
	DAMP_DTLS_HELLO_VERIFY,         /* HelloVerifyRequest */
	DAMP_DTLS_HELLO_RETRY           /* ServerHello with the random of a HelloRetryRequest */
};

/* What the records of epoch 0 in one datagram say of a handshake, the last word of them. */
enum damp_dtls_stage {
	DAMP_DTLS_NO_STAGE,
	DAMP_DTLS_BEGINS,               /* a ServerHello */
	DAMP_DTLS_ASKS,                 /* a ServerHelloDone: the server waits for its client */
	DAMP_DTLS_CHANGES               /* ChangeCipherSpec, and no ServerHello before it */
};

/* What the first record of a datagram is. */
enum damp_dtls_first {
	DAMP_DTLS_CLEAR,                /* of epoch 0 */
	DAMP_DTLS_SEALED,               /* an alert or a handshake message of a later epoch */
	DAMP_DTLS_DATA,                 /* application data of one */
	DAMP_DTLS_CID                   /* whichever, with a connection ID */
};

struct damp_dtls {
	uint8_t hello;                  /* enum damp_dtls_hello, of the first record */
	uint8_t first;                  /* enum damp_dtls_first */
	uint8_t stage;                  /* enum damp_dtls_stage */
	uint16_t cookie_off, cookie_len; /* from the start of the datagram; length 0: none */
};

/* Are the len bytes (at most 65535) at m DTLS records from the first byte to
 * the last? Fills *d when they are. Any thread. */
bool damp_dtls_scan(const uint8_t *m, size_t len, struct damp_dtls *d);

#endif
