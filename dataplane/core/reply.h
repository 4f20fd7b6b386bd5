/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages the gateway makes itself, built in place of the packet that caused
 * them.
 *
 * Idea: every generated message reuses the frame of its cause: the same L2
 * path and tags, the same family, addresses swapped or kept, a fresh CoAP part
 * (attacks.md 6.2 and 6.3). So each costs no buffer, and none can be sent
 * where its cause did not come from or was not going to.
 *
 * Invariant: IP packet out <= IP packet in, for every builder; a builder that
 * cannot keep that returns 0 and leaves the frame as it was. TTL or hop limit
 * 64, IPv4 DF and ID 0, DSCP and ECN 0, IP options and extension headers
 * removed, both checksums filled in, frame length returned. The UDP source is
 * the endpoint the receiver talks to.
 */
#ifndef DAMP_CORE_REPLY_H
#define DAMP_CORE_REPLY_H

#include "echo.h"
#include "frame.h"
#include "scan.h"

/* Which way the new message goes. */
enum damp_reply_way {
	DAMP_REPLY_BACK,            /* to the sender of the cause: addresses, MACs, ports swapped */
	DAMP_REPLY_ON               /* to its receiver, in the name of its sender */
};

/* A response to a request: code, and Max-Age when max_age >= 0. In kind: ACK
 * with the request's Message ID for CON, NON with non_mid for NON. */
size_t damp_reply_code(uint8_t *data, size_t len, const struct damp_frame *f, const struct damp_coap *m,
		       uint8_t code, int64_t max_age, uint16_t non_mid);

/* 4.13 to a block of an upload, with the largest body there may be in Size1 (RFC
 * 7959 section 2.9.3). */
size_t damp_reply_too_large(uint8_t *data, size_t len, const struct damp_frame *f, const struct damp_coap *m,
			    uint32_t size1, uint16_t non_mid);

/* 4.01 + Max-Age 0 + Echo to a request (RFC 9175 section 2.4). A short Echo goes
 * without Max-Age: where there is no room for the one, there is none for the
 * other. echo_len as of damp_echo_make_len(). */
size_t damp_reply_challenge(uint8_t *data, size_t len, const struct damp_frame *f, const struct damp_coap *m,
			    const uint8_t *echo, size_t echo_len, uint16_t non_mid);

/* The same in place of a *response* that would cost too much: type, Message ID
 * and token of the response are kept, the size bound is max_ip bytes. */
size_t damp_reply_challenge_on(uint8_t *data, size_t len, const struct damp_frame *f, const struct damp_coap *m,
			       const uint8_t *echo, size_t echo_len, uint32_t max_ip);

/* An Empty message of a type and Message ID: ping (CON), RST. */
size_t damp_reply_empty(uint8_t *data, size_t len, const struct damp_frame *f, enum damp_reply_way way,
			uint8_t type, uint16_t mid);

/* A ping back to the sender of the cause: what floods are answered with. */
size_t damp_reply_ping(uint8_t *data, size_t len, const struct damp_frame *f, uint16_t mid);

/* The same, as a frame of its own in out (cap bytes) for sending later or
 * beside the cause. Returns its length, or 0 when it does not fit. */
#define DAMP_EMPTY_FRAME_MAX 80u
size_t damp_reply_empty_copy(uint8_t *out, size_t cap, const uint8_t *data, const struct damp_frame *f,
			     enum damp_reply_way way, uint8_t type, uint16_t mid);

/* IP bytes of an Empty message in a family. */
static inline uint32_t damp_empty_ip_len(bool v6)
{
	return (v6 ? 40u : 20u) + 8u + DAMP_COAP_HEADER_LEN;
}

#endif
