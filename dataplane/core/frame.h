/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a frame to a UDP payload: Ethernet, up to two VLAN tags, IPv4 with
 * options, IPv6 with a bounded walk over extension headers, fragments, UDP.
 *
 * Idea: a cursor and one bound check per header. What is not UDP on a CoAP or
 * DTLS port of the program is none of our business and passes byte for byte,
 * broken or not; only what claims to be CoAP is judged, and then strictly.
 *
 * Invariant: after DAMP_FRAME_COAP or _DTLS every offset lies inside the
 * frame, the payload is exactly the UDP length minus 8, and the IP length
 * covers exactly the UDP datagram.
 *
 * References: RFC 791, RFC 768, RFC 8200 section 4, RFC 6946 (atomic
 * fragments), RFC 7252 sections 3 and 4.6.
 */
#ifndef DAMP_CORE_FRAME_H
#define DAMP_CORE_FRAME_H

#include "types.h"

enum damp_frame_class {
	DAMP_FRAME_OTHER,           /* not ours: forward as it is */
	DAMP_FRAME_COAP,
	DAMP_FRAME_DTLS,
	DAMP_FRAME_FRAGMENT_FIRST,  /* first fragment of a datagram on one of our ports */
	DAMP_FRAME_FRAGMENT_REST,   /* later fragment of some UDP datagram: frag_* are set */
	DAMP_FRAME_BAD              /* ours by port, but broken: reason says how */
};

/* Which UDP ports are ours: bit arrays of 65536 bits each, made from the
 * program's port lists. */
struct damp_port_map { uint64_t coap[1024], dtls[1024]; };

static inline bool damp_port_test(const uint64_t map[1024], uint16_t port)
{
	return (map[port >> 6] >> (port & 63)) & 1;
}

struct damp_frame {
	struct damp_addr src, dst;
	uint8_t cls;                /* enum damp_frame_class */
	uint8_t reason;             /* enum damp_reason for DAMP_FRAME_BAD */
	uint8_t v6;
	uint8_t l2_group;           /* destination MAC has the group bit */
	uint8_t dst_group;          /* destination IP is multicast or limited broadcast */
	uint8_t plain_l3;           /* no IPv4 options, no extension headers */
	uint16_t l3_off, l4_off, payload_off;
	uint16_t payload_len;
	/* Bytes of the IP packet, header included: the unit of all budgets. Never
	 * more than the frame holds; 0 when it is not IP. */
	uint32_t ip_len;
	uint16_t sport, dport;
	uint32_t frag_id;
};

/* Parse len contiguous bytes of a frame. checksum_known: the port verified IP
 * and UDP checksums already, so they are not summed again; a UDP checksum of 0
 * is refused either way, since ports differ in what they say of it. Any
 * thread; writes only *f. */
void damp_frame_parse(const uint8_t *data, size_t len, const struct damp_port_map *ports,
		      bool checksum_known, struct damp_frame *f);

/* The same without the short cut for plain datagrams: what tests hold it against. */
void damp_frame_parse_fully(const uint8_t *data, size_t len, const struct damp_port_map *ports,
			    bool checksum_known, struct damp_frame *f);

/* RFC 1071 sum of len bytes as big-endian words, not folded, to be continued
 * with another call when len is even; and its 16-bit fold, not complemented:
 * 0xffff over data that contains a right checksum. */
uint32_t damp_csum_add(uint32_t sum, const uint8_t *data, size_t len);
uint16_t damp_csum_fold(uint32_t sum);

/* The UDP checksum over pseudo header and datagram at l4_off of a frame, as it
 * must stand in the header (never 0), computed with the field taken as 0. Of f
 * only v6, l3_off and l4_off are used: the addresses are those of the frame.
 * udp_len: at least 8, and that many bytes are there. */
uint16_t damp_udp_checksum(const uint8_t *data, const struct damp_frame *f, uint16_t udp_len);
/* Is the checksum in the header that one? False for 0. Uses plain_l3 too. */
bool damp_udp_checksum_good(const uint8_t *data, const struct damp_frame *f, uint16_t udp_len);

#endif
