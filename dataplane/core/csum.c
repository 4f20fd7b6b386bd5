/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum.
 *
 * Idea: the ones' complement sum does not care about the width of its words
 * nor about byte order until the end (RFC 1071 section 2), so eight bytes are
 * added at a time with the carry put back, and the 16-bit result is turned to
 * network order once.
 */
#include "frame.h"

#define IP_PROTO_UDP 17u
#define UDP_HEADER_LEN 8u

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static inline uint64_t add_carry(uint64_t a, uint64_t b)
{
	const uint64_t s = a + b;

	return s + (s < b);
}

static inline uint16_t fold64(uint64_t s)
{
	s = (s >> 32) + (s & 0xffffffffu);
	s = (s >> 16) + (s & 0xffffu);
	s = (s >> 16) + (s & 0xffffu);
	return (uint16_t)((s >> 16) + s);
}

/* The last 0 to 7 bytes, as words of 4, 2 and 1 bytes; each begins at an even
 * place, so the columns of the sum are right. */
static inline uint64_t sum_tail(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;
	uint32_t w4;
	uint16_t w2;

	if (len & 4) {
		memcpy(&w4, p, 4);
		sum += w4;
		p += 4;
	}
	if (len & 2) {
		memcpy(&w2, p, 2);
		sum += w2;
		p += 2;
	}
	if (len & 1) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		sum += *p;
#else
		sum += (uint64_t)*p << 8;
#endif
	}
	return sum;
}

uint32_t damp_csum_add(uint32_t sum, const uint8_t *data, size_t len)
{
	uint64_t acc = 0;
	uint16_t words;
	uint64_t total;

	for (; len >= 8; len -= 8, data += 8)
		acc = add_carry(acc, load64(data));
	words = fold64(add_carry(acc, sum_tail(data, len)));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	words = __builtin_bswap16(words);
#endif
	total = (uint64_t)sum + words;
	return (uint32_t)((total >> 32) + total);
}

uint16_t damp_csum_fold(uint32_t sum)
{
	return fold64(sum);
}

uint16_t damp_udp_checksum(const uint8_t *data, const struct damp_frame *f, uint16_t udp_len)
{
	const uint8_t *udp = data + f->l4_off;
	uint32_t sum = IP_PROTO_UDP + udp_len;
	uint16_t check;

	if (f->v6)
		sum = damp_csum_add(sum, data + f->l3_off + 8, 32);
	else
		sum = damp_csum_add(sum, data + f->l3_off + 12, 8);
	sum = damp_csum_add(sum, udp, 6);
	sum = damp_csum_add(sum, udp + UDP_HEADER_LEN, udp_len - UDP_HEADER_LEN);
	check = (uint16_t)~damp_csum_fold(sum);
	return check ? check : 0xffff;
}

bool damp_udp_checksum_good(const uint8_t *data, const struct damp_frame *f, uint16_t udp_len)
{
	const uint16_t stored = damp_get16(data + f->l4_off + 6);
	const uint32_t addresses = f->v6 ? 32 : 8;

	if (stored == 0)
		return false;
	if (!f->plain_l3)
		return stored == damp_udp_checksum(data, f, udp_len);
	/* Addresses and datagram lie side by side, and with the right checksum in
	 * place all of it sums up to ones. */
	return damp_csum_fold(damp_csum_add(IP_PROTO_UDP + udp_len, data + f->l4_off - addresses,
					    addresses + udp_len)) == 0xffff;
}
