/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of the flood simulation: Ethernet, IPv4 or IPv6, UDP, a message; and the
 * addresses of its servers. `six`: over IPv6. Their UDP checksum is not computed, as of a
 * port that says it is right.
 */
#ifndef DAMP_TEST_FLOOD_FRAMES_H
#define DAMP_TEST_FLOOD_FRAMES_H

#include "types.h"

#define ETH 14u
#define UDP 8u

/* Bytes from the frame's begin to the message. */
unsigned flood_before_coap(bool six);

struct damp_addr flood_v4(uint32_t a);
struct damp_addr flood_v6(uint64_t net, uint64_t host);

/* The source of a frame, or its destination. */
struct damp_addr flood_end(bool six, const uint8_t *frame, bool dst);

/* Write a frame around the len bytes of m. Its length. */
uint32_t flood_put_frame(bool six, uint8_t *out, const struct damp_addr *src, uint16_t sport,
			 const struct damp_addr *dst, uint16_t dport, const uint8_t *m, uint32_t len);

/* The ith inside server, and the number of one. */
struct damp_addr flood_server(bool six, unsigned i);
unsigned flood_server_number(const struct damp_addr *a);

#endif
