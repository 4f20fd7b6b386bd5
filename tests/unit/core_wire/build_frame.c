/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames for tests; see build_frame.h. */
#include "build_frame.h"
#include <arpa/inet.h>
#include <stdlib.h>

#define UDP 17

uint16_t slow_sum(const uint8_t *p, size_t len, uint32_t start)
{
	uint32_t sum = (start & 0xffff) + (start >> 16);

	sum = (sum & 0xffff) + (sum >> 16);
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static uint16_t udp_sum(const uint8_t *frame, bool v6, size_t l3, size_t l4, size_t udp_len)
{
	const uint32_t pseudo = UDP + (uint32_t)udp_len;
	const uint8_t *addrs = frame + l3 + (v6 ? 8 : 12);

	return slow_sum(frame + l4, udp_len, slow_sum(addrs, v6 ? 32 : 8, pseudo));
}

bool slow_udp_good(const uint8_t *frame, bool v6, size_t l3, size_t l4, size_t udp_len)
{
	return damp_get16(frame + l4 + 6) != 0 && udp_sum(frame, v6, l3, l4, udp_len) == 0xffff;
}

struct damp_addr addr_of(const char *text)
{
	struct damp_addr a = { .b = { [10] = 0xff, [11] = 0xff } };

	if (inet_pton(AF_INET, text, a.b + 12) != 1 && inet_pton(AF_INET6, text, a.b) != 1)
		abort();
	return a;
}

static size_t put_l2(uint8_t *out, const struct frame_spec *s)
{
	static const uint8_t macs[12] = { 0x02, 0, 0, 0, 0, 0xd5, 0x02, 0, 0, 0, 0, 0x5c };
	size_t n = sizeof(macs);

	memcpy(out, macs, sizeof(macs));
	for (unsigned int i = 0; i < s->ntags; i++, n += 4) {
		damp_put16(out + n, s->tag[i] ? s->tag[i] : 0x8100);
		damp_put16(out + n + 2, (uint16_t)(0x2000 + 100 + i)); /* priority 1, VLAN 100 and on */
	}
	damp_put16(out + n, s->v6 ? 0x86dd : 0x0800);
	return n + 2;
}

static size_t put_ip(uint8_t *ip, const struct frame_spec *s, size_t udp_len)
{
	const struct damp_addr src = addr_of(s->src ? s->src : s->v6 ? "2001:db8::1" : "192.0.2.1");
	const struct damp_addr dst = addr_of(s->dst ? s->dst : s->v6 ? "2001:db8:1::2" : "198.51.100.2");
	const size_t hdr = (s->v6 ? 40 : 20) + s->ext_len;
	const uint8_t proto = s->proto ? s->proto : UDP;

	memset(ip, 0, 40);
	if (s->v6) {
		ip[0] = 0x60;
		damp_put16(ip + 4, (uint16_t)((int)(s->ext_len + udp_len) + s->ip_len_add));
		ip[6] = s->ext_len ? s->ext_first : proto;
		ip[7] = 63;
		memcpy(ip + 8, src.b, 16);
		memcpy(ip + 24, dst.b, 16);
		memcpy(ip + 40, s->ext, s->ext_len);
		return hdr;
	}
	ip[0] = (uint8_t)(0x40 | hdr / 4);
	ip[1] = 0xb8; /* some DSCP, which no answer may inherit */
	damp_put16(ip + 2, (uint16_t)((int)(hdr + udp_len) + s->ip_len_add));
	damp_put16(ip + 4, s->id);
	damp_put16(ip + 6, s->frag);
	ip[8] = 63;
	ip[9] = proto;
	memcpy(ip + 12, src.b + 12, 4);
	memcpy(ip + 16, dst.b + 12, 4);
	memcpy(ip + 20, s->ext, s->ext_len);
	damp_put16(ip + 10, (uint16_t)(~slow_sum(ip, hdr, 0) ^ (s->bad_ip_sum ? 0x0100 : 0)));
	return hdr;
}

size_t build_frame(uint8_t *out, const struct frame_spec *s)
{
	static const uint8_t none[1];
	struct frame_spec spec = *s;
	const size_t udp_len = 8 + s->payload_len, l3 = put_l2(out, s);
	size_t l4;
	uint16_t sum;

	if (!spec.ext)
		spec.ext = none;
	l4 = l3 + put_ip(out + l3, &spec, udp_len);
	damp_put16(out + l4, s->sport);
	damp_put16(out + l4 + 2, s->dport);
	damp_put16(out + l4 + 4, (uint16_t)((int)udp_len + s->udp_len_add));
	damp_put16(out + l4 + 6, 0);
	if (s->payload_len)
		memcpy(out + l4 + 8, s->payload, s->payload_len);
	sum = (uint16_t)~udp_sum(out, s->v6, l3, l4, udp_len);
	sum = sum ? sum : 0xffff;
	if (!s->zero_udp_sum)
		damp_put16(out + l4 + 6, (uint16_t)(sum ^ (s->bad_udp_sum ? 0x4000 : 0)));
	memset(out + l4 + udp_len, 0xee, s->trailer);
	return l4 + udp_len + s->trailer;
}

const struct damp_port_map *test_ports(void)
{
	static const struct damp_port_map map = {
		.coap = { [5683 / 64] = 1ull << 5683 % 64, [61616 / 64] = 1ull << 61616 % 64 },
		.dtls = { [5684 / 64] = 1ull << 5684 % 64 | 1ull << 5683 % 64 },
	};

	return &map;
}
