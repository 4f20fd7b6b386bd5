/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parser's short cut for plain datagrams, inline for the loop over a burst
 * (parse.c) and for damp_frame_parse().
 *
 * Idea: nearly all packets are a UDP datagram behind an Ethernet and an IP header
 * without options. Four bytes of header are compared at once, and both checksums are
 * sums of 64-bit words that are never folded: that all is right is one multiplication
 * and one comparison each. Whatever else a packet is, the parser proper says
 * (frame.c), which alone knows reasons.
 *
 * Invariant: when damp_frame_plain() is true, f is what damp_frame_parse_fully() makes
 * of the frame (frame_test.c, frame_fuzz.c). Nothing behind the frame's end is read.
 *
 * Reference: RFC 1071 section 2; Warren, "Hacker's Delight", 10-17 (divisibility by
 * the inverse).
 */
#ifndef DAMP_CORE_FRAME_PLAIN_H
#define DAMP_CORE_FRAME_PLAIN_H

#include "frame.h"

#define ETH_HEADER_LEN 14u
#define IPV4_HEADER_LEN 20u
#define IPV6_HEADER_LEN 40u
#define UDP_HEADER_LEN 8u
#define NEXT_UDP 17u
/* The headers of an untagged datagram. */
#define PLAIN4_MIN (ETH_HEADER_LEN + IPV4_HEADER_LEN + UDP_HEADER_LEN)
#define PLAIN6_MIN (ETH_HEADER_LEN + IPV6_HEADER_LEN + UDP_HEADER_LEN)

/* Passed in registers. */
struct damp_plain {
	const struct damp_port_map *ports;
	uint32_t len;               /* of the frame */
	bool checksum_known;
};

#define ONES (UINT64_MAX / UINT16_MAX)

/* The short cut sums words of 64 bits as they lie, carries put back: what sums up to
 * ones does so in either order and at any width. */
static inline uint64_t word_at(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static inline uint64_t add_word(uint64_t sum, uint64_t w)
{
	return __builtin_add_overflow(sum, w, &sum) ? sum + 1 : sum;
}

/* Adds len bytes, at least 8; a tail is the end of an overlapping word. */
static inline uint64_t add_span(uint64_t sum, const uint8_t *p, uint32_t len)
{
	const uint64_t last = damp_le64(word_at(p + len - 8));

	/* Nothing when there is no tail: a shift by 64 in two steps. */
	sum = add_word(sum, last >> 1 >> (63 - 8 * (len % 8)));
	for (uint32_t n = len / 16; n > 0; n--, p += 16)
		sum = add_word(add_word(sum, word_at(p)), word_at(p + 8));
	return len & 8 ? add_word(sum, word_at(p)) : sum;
}

/* Is a sum of not only zeros 2^16 - 1, once it is folded to 16 bits? That is, does
 * 2^16 - 1 divide it: times the inverse, which is -ONES, multiples are the quotients. */
static inline bool all_ones(uint64_t sum)
{
	uint64_t ones = ONES;

	/* Hidden, or compilers make six instructions of this multiplication. */
	__asm__("" : "+r"(ones));
	return 0 - sum * ones <= ones;
}

/* Of an IPv4 header without options. */
static inline bool plain_ip_sum(const uint8_t *ip)
{
	uint32_t last;

	memcpy(&last, ip + 16, sizeof(last));
	return all_ones(add_word(add_word(last, word_at(ip)), word_at(ip + 8)));
}

/* Of a datagram and the addresses right before it. The sum of protocol and length is
 * that of the pseudo header. */
static inline bool plain_udp_sum(const uint8_t *udp, uint32_t addresses, uint32_t udp_len)
{
	uint64_t sum = damp_net16((uint16_t)(NEXT_UDP + udp_len));

	for (uint32_t at = 0; at < addresses; at += 8)
		sum = add_word(sum, word_at(udp - addresses + at));
	return all_ones(add_span(sum, udp, udp_len));
}

/* Whose ports are these? The lower one is ours, nearly always, when one is: asked first, it
 * saves the map's line of a client's port, which is another for each. */
static inline uint8_t plain_class(const struct damp_port_map *ports, uint16_t sport, uint16_t dport)
{
	if (damp_likely(damp_port_test(ports->coap, sport < dport ? sport : dport)))
		return DAMP_FRAME_COAP;
	if (damp_port_test(ports->coap, sport < dport ? dport : sport))
		return DAMP_FRAME_COAP;
	return damp_port_test(ports->dtls, dport) || damp_port_test(ports->dtls, sport) ? DAMP_FRAME_DTLS
											: DAMP_FRAME_OTHER;
}

/* Is any of four numbers of 16 bits 0? That one borrows from a bit that it has not. */
static inline bool any_is_0(uint64_t four)
{
	return (four - 0x0001000100010001ull) & ~four & 0x8000800080008000ull;
}

/* What is alike in both families: ports, lengths, sums. hdr: of IP, right before
 * udp; most: what the frame holds of the IP packet. */
static inline bool plain_udp(struct damp_plain p, const uint8_t *udp, uint32_t hdr, uint32_t ip_len,
			     uint32_t most, struct damp_frame *f)
{
	const uint32_t udp_len = damp_get16(udp + 4);
	const bool v4 = hdr == IPV4_HEADER_LEN;

	if (ip_len > most || ip_len < hdr + UDP_HEADER_LEN)
		return false;
	f->ip_len = ip_len;
	f->sport = damp_get16(udp);
	f->dport = damp_get16(udp + 2);
	f->plain_l3 = 1;
	f->l3_off = ETH_HEADER_LEN;
	f->cls = plain_class(p.ports, f->sport, f->dport);
	if (f->cls == DAMP_FRAME_OTHER)
		return true;
	/* A checksum of 0 is none, and a length of 0 is not this one. */
	if (hdr + udp_len != ip_len || damp_unlikely(any_is_0(word_at(udp))))
		return false;
	if (!p.checksum_known &&
	    !(plain_udp_sum(udp, v4 ? 8 : 32, udp_len) && (!v4 || plain_ip_sum(udp - hdr))))
		return false;
	f->l4_off = (uint16_t)(ETH_HEADER_LEN + hdr);
	f->payload_off = (uint16_t)(ETH_HEADER_LEN + hdr + UDP_HEADER_LEN);
	f->payload_len = (uint16_t)(udp_len - UDP_HEADER_LEN);
	return true;
}

/* Four bytes where a mask has ones, in one comparison. */
static inline bool four_are(const uint8_t *p, const char mask[static 4], const char value[static 4])
{
	uint32_t w, m, v;

	memcpy(&w, p, 4);
	memcpy(&m, mask, 4);
	memcpy(&v, value, 4);
	return (w & m) == v;
}

/* In a cleared frame. */
static inline void put_v4(struct damp_addr *a, const uint8_t *p)
{
	memset(a->b + 10, 0xff, 2);
	memcpy(a->b + 12, p, 4);
}

/* No options, no fragment, and addresses that no question is asked about. */
static inline bool parse_plain_v4(struct damp_plain p, const uint8_t *ip, struct damp_frame *f)
{
	const uint32_t from = ip[12], to = ip[16];

	/* Flags and offset of a fragment, time to live, protocol */
	if (!four_are(ip + 6, "\x3f\xff\0\xff", "\0\0\0\x11") || from - 1 >= 223 || from == 127 || to >= 224)
		return false;
	if (!plain_udp(p, ip + IPV4_HEADER_LEN, IPV4_HEADER_LEN, damp_get16(ip + 2),
		       p.len - ETH_HEADER_LEN, f))
		return false;
	put_v4(&f->src, ip + 12);
	put_v4(&f->dst, ip + 16);
	return true;
}

static __attribute__((noinline)) bool parse_plain_v6(struct damp_plain p, const uint8_t *ip,
						     struct damp_frame *f)
{
	/* No extension headers; neither ::, ::1 nor mapped; no group */
	if (ip[6] != NEXT_UDP || word_at(ip + 8) == 0 || word_at(ip + 24) == 0 || ip[8] == 0xff ||
	    ip[24] == 0xff)
		return false;
	if (!plain_udp(p, ip + IPV6_HEADER_LEN, IPV6_HEADER_LEN, IPV6_HEADER_LEN + damp_get16(ip + 4),
		       p.len - ETH_HEADER_LEN, f))
		return false;
	f->v6 = 1;
	memcpy(f->src.b, ip + 8, 16);
	memcpy(f->dst.b, ip + 24, 16);
	return true;
}

/*
 * A whole datagram without tags, options or extension headers between ordinary
 * addresses, on none of our ports or right in every way: what nearly every packet
 * is. Fills f and returns true, as the parser proper would; or leaves something in it
 * and returns false, and that one says why.
 */
static inline bool damp_frame_plain(const uint8_t *data, uint32_t len, const struct damp_port_map *ports,
				    bool checksum_known, struct damp_frame *f)
{
	const struct damp_plain p = { .ports = ports, .len = len, .checksum_known = checksum_known };
	const uint8_t *type = data + ETH_HEADER_LEN - 2;

	memset(f, 0, sizeof(*f));
	if (damp_unlikely(len < PLAIN4_MIN))
		return false;
	f->l2_group = data[0] & 1;
	/* EtherType, version and header length, class of service */
	if (four_are(type, "\xff\xff\xff\0", "\x08\0\x45\0"))
		return parse_plain_v4(p, data + ETH_HEADER_LEN, f);
	return len >= PLAIN6_MIN && four_are(type, "\xff\xff\xf0\0", "\x86\xdd\x60\0") &&
	       parse_plain_v6(p, data + ETH_HEADER_LEN, f);
}

#endif
