/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a frame to a UDP payload; see frame.h for the idea and the invariant.
 *
 * Everything is read inside `end`, which is where the IP packet ends or the
 * frame does, whichever is first: bytes behind the IP packet are padding and
 * never taken for headers. A packet in which no UDP ports can be read passes
 * as not ours, because no receiver can read them either. The exception is a
 * first fragment: the receiver will see more than we do, so what we cannot
 * read there we refuse (RFC 1858, RFC 7112).
 */
#include "frame_plain.h"

#include <damper/reasons.h>

#define VLAN_TAG_LEN 4u
#define VLAN_TAGS_MAX 2u
#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_IPV6 0x86ddu
#define ETHERTYPE_VLAN 0x8100u
#define ETHERTYPE_QINQ 0x88a8u
#define ETHERTYPE_QINQ_OLD 0x9100u

#define IPV4_FLAG_MF 0x2000u
#define IPV4_OFFSET_MASK 0x1fffu
#define IPV6_FRAG_MF 1u
#define IPV6_FRAG_OFFSET_MASK 0xfff8u

#define NEXT_HOP_BY_HOP 0u
#define NEXT_ROUTING 43u
#define NEXT_FRAGMENT 44u
#define NEXT_DEST_OPTIONS 60u
#define EXT_UNIT 8u
#define EXT_HEADERS_MAX 4u          /* AV-44 */
#define EXT_BYTES_MAX 128u          /* AV-44 */

#define UDP_PORTS_LEN 4u
/* A first fragment must show the UDP and the CoAP header (AV-43). */
#define FRAGMENT_FIRST_MIN (UDP_HEADER_LEN + 4u)

struct parse {
	const uint8_t *data;
	const struct damp_port_map *ports;
	struct damp_frame *f;
	uint32_t len;               /* of the frame */
	uint32_t ip_len;            /* as the header claims */
	uint32_t end;               /* of the IP packet or the frame, whichever is first */
	uint32_t l4;
	uint8_t next;
	bool checksum_known;
	bool fragment, later;       /* one of several; not the first one */
	bool odd_headers;           /* extension headers beyond what we vouch for */
};

static void refuse(struct damp_frame *f, enum damp_reason reason)
{
	f->cls = DAMP_FRAME_BAD;
	f->reason = (uint8_t)reason;
}

static void set_v4(struct damp_addr *a, const uint8_t *p)
{
	memset(a->b, 0, 10);
	memset(a->b + 10, 0xff, 2);
	memcpy(a->b + 12, p, 4);
}

/* An IPv4 address in an IPv6 header would be taken for the IPv4 host by
 * everything that keeps addresses in 16 bytes. */
static bool is_mapped_on_wire(const struct damp_frame *f, const struct damp_addr *a)
{
	return f->v6 && damp_addr_is_v4(a);
}

static bool is_group(const struct damp_addr *a)
{
	if (!damp_addr_is_v4(a))
		return a->b[0] == 0xff;
	return a->b[12] >> 4 == 0xe || damp_addr_v4(a) == UINT32_MAX;
}

/* Zero ("this network"), loopback, group: sources that no packet on a link
 * between networks has (RFC 6890). */
static bool is_honest_source(const struct damp_frame *f)
{
	static const uint8_t zeros[15];
	const struct damp_addr *a = &f->src;

	if (is_group(a) || is_mapped_on_wire(f, a))
		return false;
	if (f->v6)
		return memcmp(a->b, zeros, sizeof(zeros)) != 0 || a->b[15] > 1;
	return a->b[12] != 0 && a->b[12] != 127;
}

static bool ip_header_sum_good(const struct parse *p)
{
	const struct damp_frame *f = p->f;

	if (f->v6 || p->checksum_known)
		return true;
	return damp_csum_fold(damp_csum_add(0, p->data + f->l3_off, p->l4 - f->l3_off)) == 0xffff;
}

static bool udp_sum_good(const struct parse *p, uint16_t udp_len)
{
	/* 0 is refused either way: ports differ in what they say of it. */
	if (p->checksum_known)
		return damp_get16(p->data + p->l4 + 6) != 0;
	return damp_udp_checksum_good(p->data, p->f, udp_len);
}

/* What a whole datagram and a first fragment on our ports must both keep. */
static bool check_common(const struct parse *p)
{
	struct damp_frame *f = p->f;

	if (p->odd_headers) {
		refuse(f, DAMP_REASON_IP_EXT_HEADERS);
		return false;
	}
	if (p->ip_len > p->len - f->l3_off || is_mapped_on_wire(f, &f->dst)) {
		refuse(f, DAMP_REASON_IP_MALFORMED);
		return false;
	}
	if (!is_honest_source(f) || f->sport == 0 || f->dport == 0) {
		refuse(f, DAMP_REASON_IP_SOURCE);
		return false;
	}
	if (!ip_header_sum_good(p)) {
		refuse(f, DAMP_REASON_IP_CHECKSUM);
		return false;
	}
	return true;
}

static void finish_first_fragment(const struct parse *p)
{
	struct damp_frame *f = p->f;

	if (p->end - p->l4 < FRAGMENT_FIRST_MIN) {
		refuse(f, DAMP_REASON_IP_MALFORMED);
		return;
	}
	if (!check_common(p))
		return;
	f->payload_len = (uint16_t)(p->end - p->l4 - UDP_HEADER_LEN);
	f->cls = DAMP_FRAME_FRAGMENT_FIRST;
}

static void finish_whole(const struct parse *p, bool coap)
{
	struct damp_frame *f = p->f;
	const uint32_t room = p->end - p->l4;
	const uint16_t udp_len = room < UDP_HEADER_LEN ? 0 : damp_get16(p->data + p->l4 + 4);

	if (udp_len < UDP_HEADER_LEN || udp_len != room) {
		refuse(f, DAMP_REASON_IP_MALFORMED);
		return;
	}
	if (!check_common(p))
		return;
	if (!udp_sum_good(p, udp_len)) {
		refuse(f, DAMP_REASON_IP_CHECKSUM);
		return;
	}
	f->payload_len = (uint16_t)(udp_len - UDP_HEADER_LEN);
	f->cls = coap ? DAMP_FRAME_COAP : DAMP_FRAME_DTLS;
}

/* At p->l4 begins a UDP header, or the part of it that is in this packet. */
static void parse_udp(struct parse *p)
{
	struct damp_frame *f = p->f;
	bool coap, dtls;

	if (p->end < p->l4 || p->end - p->l4 < UDP_PORTS_LEN) {
		if (p->fragment)
			refuse(f, DAMP_REASON_IP_MALFORMED);
		return;
	}
	f->sport = damp_get16(p->data + p->l4);
	f->dport = damp_get16(p->data + p->l4 + 2);
	coap = damp_port_test(p->ports->coap, f->sport) || damp_port_test(p->ports->coap, f->dport);
	dtls = damp_port_test(p->ports->dtls, f->sport) || damp_port_test(p->ports->dtls, f->dport);
	if (!coap && !dtls)
		return;
	f->l4_off = (uint16_t)p->l4;
	f->payload_off = (uint16_t)(p->l4 + UDP_HEADER_LEN);
	if (p->fragment)
		finish_first_fragment(p);
	else
		finish_whole(p, coap);
}

/* Set what every IP packet has, the claimed length cut to what is there. */
static void set_ip(struct parse *p, uint32_t ip_len)
{
	const uint32_t there = p->len - p->f->l3_off;

	p->ip_len = ip_len;
	p->f->ip_len = ip_len < there ? ip_len : there;
	p->end = p->f->l3_off + p->f->ip_len;
	p->f->dst_group = is_group(&p->f->dst);
}

static void parse_v4(struct parse *p)
{
	const uint8_t *ip = p->data + p->f->l3_off;
	struct damp_frame *f = p->f;
	uint32_t hdr, frag;

	if (p->len - f->l3_off < IPV4_HEADER_LEN || ip[0] >> 4 != 4)
		return;
	hdr = (ip[0] & 15u) * 4;
	if (hdr < IPV4_HEADER_LEN)
		return;
	set_v4(&f->src, ip + 12);
	set_v4(&f->dst, ip + 16);
	set_ip(p, damp_get16(ip + 2));
	if (ip[9] != NEXT_UDP)
		return;
	frag = damp_get16(ip + 6);
	f->plain_l3 = hdr == IPV4_HEADER_LEN;
	p->l4 = f->l3_off + hdr;
	p->fragment = frag & (IPV4_FLAG_MF | IPV4_OFFSET_MASK);
	if (p->fragment)
		f->frag_id = damp_get16(ip + 4);
	if (frag & IPV4_OFFSET_MASK)
		f->cls = DAMP_FRAME_FRAGMENT_REST;
	else
		parse_udp(p);
}

static bool is_ext_header(uint8_t next)
{
	return next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_FRAGMENT ||
	       next == NEXT_DEST_OPTIONS;
}

/* A fragment header. An atomic one (offset 0, no more) is as good as none
 * (RFC 6946). */
static void take_fragment_header(struct parse *p, const uint8_t *h)
{
	const uint16_t field = damp_get16(h + 2);

	if (!(field & (IPV6_FRAG_MF | IPV6_FRAG_OFFSET_MASK)))
		return;
	p->fragment = true;
	p->later = field & IPV6_FRAG_OFFSET_MASK;
	p->f->frag_id = damp_get32(h + 4);
}

/* One extension header, all of it inside the packet. Returns its length. */
static uint32_t take_ext_header(struct parse *p, const uint8_t *h)
{
	/* With segments left the destination in the IP header is only a stop on
	 * the way; type 0 is forbidden (RFC 5095). */
	if (p->next == NEXT_ROUTING && (h[2] == 0 || h[3] != 0))
		p->odd_headers = true;
	if (p->next == NEXT_FRAGMENT) {
		take_fragment_header(p, h);
		return EXT_UNIT;
	}
	return (h[1] + 1u) * EXT_UNIT;
}

/*
 * Walk to the upper-layer header. True when there p->next and p->l4 stand and
 * p->l4 is not behind p->end; false when the packet is settled: it ends before
 * its headers do, or it is a later fragment, or the chain is too long to
 * follow or a fragment of a fragment, and so might hide CoAP.
 */
static bool walk_ext_headers(struct parse *p)
{
	uint32_t n = 0, bytes = 0, room, used;

	while (is_ext_header(p->next)) {
		const bool nested = p->next == NEXT_FRAGMENT && p->fragment;

		if (nested || n == EXT_HEADERS_MAX || bytes > EXT_BYTES_MAX) {
			refuse(p->f, DAMP_REASON_IP_EXT_HEADERS);
			return false;
		}
		room = p->end - p->l4;
		used = room < EXT_UNIT ? EXT_UNIT : take_ext_header(p, p->data + p->l4);
		if (used > room) {
			if (p->fragment)
				refuse(p->f, DAMP_REASON_IP_EXT_HEADERS);
			return false;
		}
		p->next = p->data[p->l4];
		p->l4 += used;
		bytes += used;
		n++;
		if (p->later) {
			if (p->next == NEXT_UDP || is_ext_header(p->next))
				p->f->cls = DAMP_FRAME_FRAGMENT_REST;
			return false;
		}
	}
	p->f->plain_l3 = n == 0;
	p->odd_headers |= bytes > EXT_BYTES_MAX;
	return true;
}

static void parse_v6(struct parse *p)
{
	const uint8_t *ip = p->data + p->f->l3_off;
	struct damp_frame *f = p->f;

	if (p->len - f->l3_off < IPV6_HEADER_LEN || ip[0] >> 4 != 6)
		return;
	f->v6 = 1;
	memcpy(f->src.b, ip + 8, 16);
	memcpy(f->dst.b, ip + 24, 16);
	set_ip(p, IPV6_HEADER_LEN + damp_get16(ip + 4));
	p->l4 = f->l3_off + IPV6_HEADER_LEN;
	p->next = ip[6];
	if (walk_ext_headers(p) && p->next == NEXT_UDP)
		parse_udp(p);
}

static bool is_vlan(uint32_t ethertype)
{
	return ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_QINQ || ethertype == ETHERTYPE_QINQ_OLD;
}

void damp_frame_parse_fully(const uint8_t *data, size_t len, const struct damp_port_map *ports,
			    bool checksum_known, struct damp_frame *f)
{
	struct parse p = {
		.data = data, .ports = ports, .f = f, .len = (uint32_t)len, .checksum_known = checksum_known,
	};
	uint32_t l3 = ETH_HEADER_LEN, type;

	memset(f, 0, sizeof(*f));
	if (len < ETH_HEADER_LEN)
		return;
	f->l2_group = data[0] & 1;
	type = damp_get16(data + 12);
	for (uint32_t tags = 0; is_vlan(type) && tags < VLAN_TAGS_MAX; tags++) {
		if (len - l3 < VLAN_TAG_LEN)
			return;
		type = damp_get16(data + l3 + 2);
		l3 += VLAN_TAG_LEN;
	}
	f->l3_off = (uint16_t)l3;
	if (type == ETHERTYPE_IPV4)
		parse_v4(&p);
	else if (type == ETHERTYPE_IPV6)
		parse_v6(&p);
}

void damp_frame_parse(const uint8_t *data, size_t len, const struct damp_port_map *ports,
		      bool checksum_known, struct damp_frame *f)
{
	if (!damp_frame_plain(data, (uint32_t)len, ports, checksum_known, f))
		damp_frame_parse_fully(data, len, ports, checksum_known, f);
}
