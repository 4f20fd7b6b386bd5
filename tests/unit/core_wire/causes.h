/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frames that the gateway's own messages are made from in tests: each
 * combination of family, tags, and IPv4 options or IPv6 extension headers.
 */
#ifndef TEST_CAUSES_H
#define TEST_CAUSES_H

#include "build_frame.h"
#include "reply.h"

#define NSHAPES 10u

struct cause {
	uint8_t data[FRAME_MAX];
	size_t len;
	struct damp_frame f;
	struct damp_coap m;
};

/* Build a CoAP message from client:40000 to server:5683 in shape i, parsed and
 * scanned. Fails the test when it is not whole CoAP. */
void make_cause(struct cause *c, unsigned int i, const uint8_t *msg, size_t len);

/* Every builder in every shape that can make something: calls use(out, len,
 * cause) for each frame made. Returns how many. */
unsigned int for_each_reply(void (*use)(const uint8_t *out, size_t len, const struct cause *c));

#endif
