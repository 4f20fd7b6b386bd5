/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames to judge: whole Ethernet frames built from a drawn conversation.
 *
 * Idea: a draw is a pure function of a number: the n-th client, its port,
 * token, Message ID and server. So a request and its response are built
 * minutes apart from the same number, and every run sends the same traffic.
 * Client n has address scramble(n), a bijection, so n clients are n addresses,
 * spread over the whole address space as a spoofing attacker spreads them.
 *
 * Invariant: every frame is right: lengths, checksums, at least 60 bytes (the
 * least on Ethernet, without FCS).
 */
#ifndef DAMP_PERF_FRAMES_H
#define DAMP_PERF_FRAMES_H

#include "types.h"

#define FRAME_ROOM 2048u
#define FRAME_MIN 60u

enum frame_kind {
	FRAME_DNS,                  /* UDP, but no port of ours */
	FRAME_ARP,
	FRAME_GET,                  /* CON GET /temp, 4-byte token: 13 bytes */
	FRAME_GET_CORE,             /* NON GET /.well-known/core: 25 bytes */
	FRAME_GET_ECHO,             /* FRAME_GET with the Echo value of the draw */
	FRAME_CONTENT,              /* piggybacked 2.05 to FRAME_GET, 10 bytes of text */
	FRAME_NOTIFY_CON,           /* the same again, later and with a Message ID of its own */
	FRAME_NOTIFY_NON
};

/* What a GET and its answer have beside the path and the text. */
enum frame_extra {
	FRAME_BARE,
	FRAME_OBSERVE,              /* a registration and its first notification */
	FRAME_BLOCK,                /* one of 16 blocks of 64 bytes */
	FRAME_BROKEN                /* version 0 */
};

struct frame_draw {
	uint64_t client;            /* number of the outside address */
	uint32_t server;            /* number of the inside address */
	uint16_t port, mid;
	uint32_t token;
	uint32_t path;              /* of eight letters; 0: "temp" */
	const char *begin;          /* a value before it, or NULL */
	uint8_t v6;
	uint8_t extra;              /* enum frame_extra */
};

/* Addresses by number. IPv4 clients leave out 0/8, 10/8, 127/8 and 224/3;
 * IPv6 clients have a /48 of their own below 2400::/16. */
void frame_client(uint64_t n, bool v6, struct damp_addr *a);
void frame_server(uint32_t n, bool v6, struct damp_addr *a);

/* Does it come from the inside? */
bool frame_answers(enum frame_kind kind);

/* Build into out (FRAME_ROOM bytes); returns the length. echo: DAMP_ECHO_LEN
 * bytes for FRAME_GET_ECHO, else NULL. */
uint32_t frame_build(uint8_t *out, enum frame_kind kind, const struct frame_draw *d, const uint8_t *echo);

/* For payloads of one's own: where in a frame the UDP payload begins, and the
 * headers before and the padding behind one that lies there already. Returns
 * the length of the frame. */
size_t frame_payload_at(bool v6);
uint32_t frame_wrap(uint8_t *out, const struct damp_addr *src, const struct damp_addr *dst, uint16_t sport,
		    uint16_t dport, bool v6, size_t payload_len);

#endif
