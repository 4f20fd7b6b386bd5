/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a description to a frame: "CON GET /light/1", two addresses, perhaps a
 * size and some options, become the bytes that a client would have sent.
 *
 * Idea: people describe messages in words; the judge only takes frames. What
 * is not said is filled in with what a plain client does: a token of four
 * bytes, an ephemeral source port, port 5683, right checksums.
 *
 * Invariant: every frame built here is one that the frame parser takes as
 * CoAP or DTLS over UDP by its ports; a message may be malformed only where the
 * description asks for that (hex).
 *
 * References: RFC 7252 sections 3, 5.10, 6.4; RFC 768; RFC 791; RFC 8200.
 */
#ifndef DAMP_FORESIGHT_DESCRIBE_H
#define DAMP_FORESIGHT_DESCRIBE_H

#include "types.h"
#include <damper/coap.h>
#include <damper/program.h>

#define DAMP_DESCRIBE_WHY 200u /* bytes of a message that says what is wrong */
#define DAMP_DESCRIBE_OPTIONS 48u
#define DAMP_DESCRIBE_VALUES 4096u	 /* bytes of all option values */
#define DAMP_DESCRIBE_FRAME_OVERHEAD 62u /* Ethernet, IPv6 and UDP headers */
#define DAMP_CLIENT_PORT 49152u		 /* first ephemeral port, RFC 6335 section 6 */

struct damp_endpoint {
	struct damp_addr addr;
	uint16_t port;
};

struct damp_described_option {
	uint32_t number;
	uint16_t at, len;
};

struct damp_description {
	uint8_t type, code;
	uint16_t mid;
	uint8_t token_len;
	uint8_t token[DAMP_COAP_TOKEN_MAX];
	uint32_t size; /* of the message; 0: as large as it comes */
	unsigned noptions;
	struct damp_described_option option[DAMP_DESCRIBE_OPTIONS];
	uint32_t nvalues;
	uint8_t value[DAMP_DESCRIBE_VALUES];
};

/* All false or 0 results leave one line in why (DAMP_DESCRIBE_WHY bytes). */

/* "192.0.2.1", "192.0.2.1:5683", "2001:db8::1", "[2001:db8::1]:5683"; port:
 * when none is written. */
bool damp_endpoint_parse(const char *text, uint16_t port, struct damp_endpoint *out, char *why);

/* "CON GET /a/b?c=d", "NON 2.05", "ACK 2.05", "CON" (a ping), "RST". Sets the
 * token to four bytes (none for an Empty message) and Message ID 1. */
bool damp_describe(const char *text, struct damp_description *out, char *why);

/* "observe=0", "block2=0/0/64" (number, more, size), "etag=0x0102", "uri-host=a",
 * "if-none-match", "2049=0x01". */
bool damp_describe_option(struct damp_description *d, const char *text, char *why);

/* The message's bytes. Returns its length, 0 when it cannot be as described or
 * is longer than cap. */
size_t damp_describe_message(const struct damp_description *d, uint8_t *out, size_t cap, char *why);

/* A whole frame around a message. cap: at least len +
 * DAMP_DESCRIBE_FRAME_OVERHEAD. Returns its length, 0 when the addresses are of
 * two families or the message is too long. */
size_t damp_describe_frame(const struct damp_endpoint *from, const struct damp_endpoint *to,
			   const uint8_t *msg, size_t len, uint8_t *out, char *why);

#endif
