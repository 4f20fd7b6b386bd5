/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of the flood simulation, written and read by hand (flood_frames.h). */
#include "flood_frames.h"

#define IPV4 20u
#define IPV6 40u

static unsigned ip_len(bool six)
{
	return six ? IPV6 : IPV4;
}

unsigned flood_before_coap(bool six)
{
	return ETH + ip_len(six) + UDP;
}

struct damp_addr flood_v4(uint32_t a)
{
	struct damp_addr addr = { .b = { [10] = 0xff, [11] = 0xff } };

	damp_put32(addr.b + 12, a);
	return addr;
}

struct damp_addr flood_v6(uint64_t net, uint64_t host)
{
	struct damp_addr addr;

	damp_put32(addr.b, (uint32_t)(net >> 32));
	damp_put32(addr.b + 4, (uint32_t)net);
	damp_put32(addr.b + 8, (uint32_t)(host >> 32));
	damp_put32(addr.b + 12, (uint32_t)host);
	return addr;
}

static void put_ends(bool six, uint8_t *ip, const struct damp_addr *src, const struct damp_addr *dst)
{
	if (six) {
		memcpy(ip + 8, src, sizeof(*src));
		memcpy(ip + 24, dst, sizeof(*dst));
	} else {
		memcpy(ip + 12, src->b + 12, 4);
		memcpy(ip + 16, dst->b + 12, 4);
	}
}

struct damp_addr flood_end(bool six, const uint8_t *frame, bool dst)
{
	const uint8_t *ip = frame + ETH;
	struct damp_addr a;

	if (!six)
		return flood_v4(damp_get32(ip + (dst ? 16 : 12)));
	memcpy(&a, ip + (dst ? 24 : 8), sizeof(a));
	return a;
}

uint32_t flood_put_frame(bool six, uint8_t *out, const struct damp_addr *src, uint16_t sport,
			  const struct damp_addr *dst, uint16_t dport, const uint8_t *m, uint32_t len)
{
	static const uint8_t head4[ETH + 10] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, [ETH + 5] = 1,
						 [ETH + 8] = 64, [ETH + 9] = 17 };
	static const uint8_t head6[ETH + 8] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd, 0x60, [ETH + 6] = 17,
						[ETH + 7] = 64 };
	uint8_t *ip = out + ETH, *udp = ip + ip_len(six);

	memset(out, 0, flood_before_coap(six));
	if (six) {
		memcpy(out, head6, sizeof(head6));
		damp_put16(ip + 4, (uint16_t)(UDP + len));
	} else {
		memcpy(out, head4, sizeof(head4));
		damp_put16(ip + 2, (uint16_t)(ip_len(six) + UDP + len));
	}
	put_ends(six, ip, src, dst);
	damp_put16(udp, sport);
	damp_put16(udp + 2, dport);
	damp_put16(udp + 4, (uint16_t)(UDP + len));
	damp_put16(udp + 6, 0xffff);            /* known to be right, as a port says it */
	memcpy(udp + UDP, m, len);
	return flood_before_coap(six) + len;
}

struct damp_addr flood_server(bool six, unsigned i)
{
	return six ? flood_v6(0x20010db800020000ull, 1 + i) : flood_v4(0x0a020001u + i);
}

unsigned flood_server_number(const struct damp_addr *a)
{
	return a->b[15] - 1u;
}
