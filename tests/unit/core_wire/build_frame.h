/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames for tests, built apart from the code under test: checksums are
 * summed byte pair by byte pair, headers written field by field.
 */
#ifndef TEST_BUILD_FRAME_H
#define TEST_BUILD_FRAME_H

#include "frame.h"

#define FRAME_MAX 2048u

struct frame_spec {
	bool v6;
	unsigned int ntags;
	uint16_t tag[4];            /* ethertypes, 0 means 0x8100 */
	/* IPv4 options (a multiple of 4 bytes), or IPv6 extension headers whose
	 * last one names UDP itself; first is the kind of the first of them. */
	const uint8_t *ext;
	size_t ext_len;
	uint8_t ext_first;
	uint8_t proto;              /* 0 means UDP */
	uint16_t sport, dport;
	const char *src, *dst;      /* NULL: 192.0.2.1, 198.51.100.2, 2001:db8::1, 2001:db8:1::2 */
	const uint8_t *payload;
	size_t payload_len;
	uint16_t frag;              /* IPv4 flags and offset */
	uint16_t id;
	size_t trailer;             /* bytes of 0xee behind the IP packet */
	int ip_len_add, udp_len_add;
	bool zero_udp_sum, bad_udp_sum, bad_ip_sum;
};

/* Build into out (FRAME_MAX bytes); returns the length. */
size_t build_frame(uint8_t *out, const struct frame_spec *s);

/* Ones' complement sum of 16-bit words, the slow way. */
uint16_t slow_sum(const uint8_t *p, size_t len, uint32_t start);

/* Is the UDP checksum in this datagram right? l3, l4: offsets. */
bool slow_udp_good(const uint8_t *frame, bool v6, size_t l3, size_t l4, size_t udp_len);

/* An address of text in 16 bytes. */
struct damp_addr addr_of(const char *text);

/* CoAP on 5683 and 61616, DTLS on 5684 and 5683. */
const struct damp_port_map *test_ports(void);

#endif
