/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An Empty message of IPv4, as what is written of it: for reply.c, and for
 * ping_lanes.c, which makes several side by side.
 *
 * Its 32 bytes are four words, of which all is known but addresses, ports, Message ID and
 * checksums. Words hold their bytes as a little-endian machine loads them.
 */
#ifndef DAMP_CORE_REPLY_V4_H
#define DAMP_CORE_REPLY_V4_H

#include "scan.h"

#define IPV4_HEADER_LEN 20u
#define UDP_HEADER_LEN 8u
#define IP_PROTO_UDP 17u
#define REPLY_TTL 64u

#define WORD 8u
#define EMPTY_V4_LEN (IPV4_HEADER_LEN + UDP_HEADER_LEN + DAMP_COAP_HEADER_LEN)
_Static_assert(EMPTY_V4_LEN == 4 * WORD, "four words");

/* A 16-bit number of the protocol as such a word: a constant, for constants. */
#define BE16(v) ((uint64_t)__builtin_bswap16((uint16_t)(v)))

/* The 16-bit words that are alike in all of them. */
#define EMPTY_V4_HEAD ((uint64_t)(4 << 4 | IPV4_HEADER_LEN / 4))
#define EMPTY_V4_IP_LEN BE16(EMPTY_V4_LEN)
#define EMPTY_V4_DF ((uint64_t)0x40)
#define EMPTY_V4_LIFE BE16(REPLY_TTL << 8 | IP_PROTO_UDP)
#define EMPTY_V4_UDP_LEN BE16(UDP_HEADER_LEN + DAMP_COAP_HEADER_LEN)
#define EMPTY_V4_MESSAGE(type) \
	((uint64_t)(DAMP_COAP_CODE_EMPTY << 8 | DAMP_COAP_VERSION << 6) | (uint64_t)(type) << 4)
/* What they add to the two sums. */
#define EMPTY_V4_IP_SUM (EMPTY_V4_HEAD + EMPTY_V4_IP_LEN + EMPTY_V4_DF + EMPTY_V4_LIFE)
#define EMPTY_V4_UDP_SUM (2 * EMPTY_V4_UDP_LEN + BE16(IP_PROTO_UDP))

#endif
