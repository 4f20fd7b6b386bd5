/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame parser: each header it walks over, each length that may lie, and
 * the rule that what is not ours by port passes however broken it is.
 */
#include "build_frame.h"
#include <damper/reasons.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#define GET_ROOT .payload = (const uint8_t[]){ 0x40, 0x01, 0x12, 0x34 }, .payload_len = 4
#define TO_COAP .sport = 40000, .dport = 5683, GET_ROOT
#define TO_DNS .sport = 40000, .dport = 53, GET_ROOT
#define EXT(first, ...) .ext_first = (first), .ext = (const uint8_t[]){ __VA_ARGS__ }, \
	.ext_len = sizeof((const uint8_t[]){ __VA_ARGS__ })

#define OTHER DAMP_FRAME_OTHER, 0
#define COAP DAMP_FRAME_COAP, 0
#define DTLS DAMP_FRAME_DTLS, 0
#define FIRST DAMP_FRAME_FRAGMENT_FIRST, 0
#define REST DAMP_FRAME_FRAGMENT_REST, 0
#define BAD(r) DAMP_FRAME_BAD, DAMP_REASON_##r

/* An option header of 8 bytes that names the next one. */
#define EXT8(next) (next), 0, 1, 4, 0, 0, 0, 0
/* A fragment header: next, offset and M, Identification 0x01020304. */
#define FRAG(next, hi, lo) (next), 0, (hi), (lo), 1, 2, 3, 4
#define X4(...) __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__
#define Z8 0, 0, 0, 0, 0, 0, 0, 0

static const struct frame_case {
	const char *name;
	struct frame_spec spec;
	uint8_t cls, reason;
} cases[] = {
	{ "v4 to 5683", { TO_COAP }, COAP },
	{ "v6 to 5683", { .v6 = true, TO_COAP }, COAP },
	{ "v4 from 5683", { .sport = 5683, .dport = 40000, GET_ROOT }, COAP },
	{ "v6 from 61616", { .v6 = true, .sport = 61616, .dport = 1, GET_ROOT }, COAP },
	{ "v4 to 5684", { .sport = 40000, .dport = 5684, GET_ROOT }, DTLS },
	{ "v6 from 5684", { .v6 = true, .sport = 5684, .dport = 40000, GET_ROOT }, DTLS },
	{ "CoAP wins over DTLS", { .sport = 5684, .dport = 5683, GET_ROOT }, COAP },
	{ "v4 to 53", { TO_DNS }, OTHER },
	{ "v6 to 53", { .v6 = true, TO_DNS }, OTHER },
	{ "v4 TCP to 5683", { .proto = 6, TO_COAP }, OTHER },
	{ "v6 TCP to 5683", { .v6 = true, .proto = 6, TO_COAP }, OTHER },
	{ "v4 UDP-Lite to 5683", { .proto = 136, TO_COAP }, OTHER },
	{ "no payload", { .sport = 40000, .dport = 5683 }, COAP },

	{ "one tag", { .ntags = 1, TO_COAP }, COAP },
	{ "one 0x88a8 tag, v6", { .v6 = true, .ntags = 1, .tag = { 0x88a8 }, TO_COAP }, COAP },
	{ "two tags", { .ntags = 2, .tag = { 0x88a8 }, TO_COAP }, COAP },
	{ "two old tags", { .v6 = true, .ntags = 2, .tag = { 0x9100, 0x9100 }, TO_COAP }, COAP },
	{ "three tags", { .ntags = 3, TO_COAP }, OTHER },

	{ "v4 options", { EXT(0, 0x94, 4, 0, 0), TO_COAP }, COAP },
	{ "v4 40 bytes of options", { EXT(0, X4(1, 1, 1, 1, 1, 1, 1, 1, 1, 0)), TO_COAP }, COAP },
	{ "v4 padding", { .trailer = 14, TO_COAP }, COAP },
	{ "v6 padding", { .v6 = true, .trailer = 3, TO_COAP }, COAP },

	{ "v4 IP length beyond frame", { .ip_len_add = 1, TO_COAP }, BAD(IP_MALFORMED) },
	{ "v6 IP length beyond frame", { .v6 = true, .ip_len_add = 1, TO_COAP }, BAD(IP_MALFORMED) },
	{ "v4 IP length beyond frame, UDP alike", { .ip_len_add = 1, .udp_len_add = 1, TO_COAP },
	  BAD(IP_MALFORMED) },
	{ "v4 IP length beyond frame, TCP", { .proto = 6, .ip_len_add = 1, TO_COAP }, OTHER },
	{ "v6 IP length beyond frame, DNS", { .v6 = true, .ip_len_add = 1, TO_DNS }, OTHER },
	{ "v4 IP length cuts the payload", { .ip_len_add = -1, TO_COAP }, BAD(IP_MALFORMED) },
	{ "v4 IP length cuts the UDP header", { .ip_len_add = -8, TO_COAP }, BAD(IP_MALFORMED) },
	{ "v4 IP length cuts the ports", { .ip_len_add = -9, TO_COAP }, OTHER },
	{ "v6 IP length cuts the UDP header", { .v6 = true, .ip_len_add = -5, TO_COAP }, BAD(IP_MALFORMED) },
	{ "M58 UDP length short of IP", { .udp_len_add = -1, TO_COAP }, BAD(IP_MALFORMED) },
	{ "M54 UDP length beyond IP", { .udp_len_add = 1, .trailer = 4, TO_COAP }, BAD(IP_MALFORMED) },
	{ "UDP length 7", { .udp_len_add = -5, TO_COAP }, BAD(IP_MALFORMED) },
	{ "UDP length 0", { .v6 = true, .udp_len_add = -12, TO_COAP }, BAD(IP_MALFORMED) },
	{ "UDP length wrong, DNS", { .udp_len_add = 1, TO_DNS }, OTHER },
	{ "UDP length wrong on the DTLS port", { .udp_len_add = 1, .sport = 40000, .dport = 5684, GET_ROOT },
	  BAD(IP_MALFORMED) },

	{ "v4 UDP checksum 0", { .zero_udp_sum = true, TO_COAP }, BAD(IP_CHECKSUM) },
	{ "v6 UDP checksum 0", { .v6 = true, .zero_udp_sum = true, TO_COAP }, BAD(IP_CHECKSUM) },
	{ "v4 UDP checksum wrong", { .bad_udp_sum = true, TO_COAP }, BAD(IP_CHECKSUM) },
	{ "v6 UDP checksum wrong", { .v6 = true, .bad_udp_sum = true, TO_COAP }, BAD(IP_CHECKSUM) },
	{ "v4 header checksum wrong", { .bad_ip_sum = true, TO_COAP }, BAD(IP_CHECKSUM) },
	{ "v4 header checksum wrong, DNS", { .bad_ip_sum = true, TO_DNS }, OTHER },
	{ "v4 UDP checksum wrong, DNS", { .bad_udp_sum = true, TO_DNS }, OTHER },

	{ "M55 from 0.0.0.0", { .src = "0.0.0.0", TO_COAP }, BAD(IP_SOURCE) },
	{ "M55 from 0.1.2.3", { .src = "0.1.2.3", TO_COAP }, BAD(IP_SOURCE) },
	{ "M55 from loopback", { .src = "127.5.0.1", TO_COAP }, BAD(IP_SOURCE) },
	{ "M55 from a group", { .src = "224.0.1.187", TO_COAP }, BAD(IP_SOURCE) },
	{ "M55 from broadcast", { .src = "255.255.255.255", TO_COAP }, BAD(IP_SOURCE) },
	{ "M55 from ::", { .v6 = true, .src = "::", TO_COAP }, BAD(IP_SOURCE) },
	{ "M55 from ::1", { .v6 = true, .src = "::1", TO_COAP }, BAD(IP_SOURCE) },
	{ "::2 is no special source", { .v6 = true, .src = "::2", TO_COAP }, COAP },
	{ "M55 from ff02::fd", { .v6 = true, .src = "ff02::fd", TO_COAP }, BAD(IP_SOURCE) },
	{ "M55 from ::ffff:192.0.2.1", { .v6 = true, .src = "::ffff:192.0.2.1", TO_COAP }, BAD(IP_SOURCE) },
	{ "to ::ffff:192.0.2.1", { .v6 = true, .dst = "::ffff:192.0.2.1", TO_COAP }, BAD(IP_MALFORMED) },
	{ "M55 source port 0", { .sport = 0, .dport = 5683, GET_ROOT }, BAD(IP_SOURCE) },
	{ "destination port 0", { .v6 = true, .sport = 5683, .dport = 0, GET_ROOT }, BAD(IP_SOURCE) },
	{ "from loopback, DNS", { .src = "127.0.0.1", TO_DNS }, OTHER },

	{ "v4 first fragment", { .frag = 0x2000, .id = 7, TO_COAP }, FIRST },
	{ "v4 first fragment, DTLS", { .frag = 0x2000, .id = 7, .sport = 40000, .dport = 5684, GET_ROOT },
	  FIRST },
	{ "v4 first fragment, DNS", { .frag = 0x2000, TO_DNS }, OTHER },
	{ "v4 first fragment, whole UDP length", { .frag = 0x2000, .udp_len_add = 1400, TO_COAP }, FIRST },
	{ "v4 first fragment, source", { .frag = 0x2000, .src = "127.0.0.1", TO_COAP }, BAD(IP_SOURCE) },
	{ "v4 first fragment, header checksum", { .frag = 0x2000, .bad_ip_sum = true, TO_COAP },
	  BAD(IP_CHECKSUM) },
	{ "v4 first fragment, UDP header alone", { .frag = 0x2000, .sport = 40000, .dport = 5683 },
	  BAD(IP_MALFORMED) },
	{ "v4 first fragment without ports", { .frag = 0x2000, .ip_len_add = -9, TO_COAP },
	  BAD(IP_MALFORMED) },
	{ "v4 first fragment without ports, TCP", { .proto = 6, .frag = 0x2000, .ip_len_add = -9, TO_COAP },
	  OTHER },
	{ "v4 first fragment beyond frame", { .frag = 0x2000, .ip_len_add = 8, TO_COAP }, BAD(IP_MALFORMED) },
	{ "v4 later fragment", { .frag = 0x2001, .id = 7, TO_DNS }, REST },
	{ "v4 later fragment that looks like ours", { .frag = 0x2002, .id = 7, TO_COAP }, REST },
	{ "v4 last fragment", { .frag = 0x00b9, TO_DNS }, REST },
	{ "v4 later fragment, TCP", { .proto = 6, .frag = 0x2001, TO_COAP }, OTHER },
	{ "v4 DF is no fragment", { .frag = 0x4000, TO_COAP }, COAP },

	{ "v6 hop by hop", { .v6 = true, EXT(0, EXT8(17)), TO_COAP }, COAP },
	{ "v6 destination options", { .v6 = true, EXT(60, EXT8(17)), TO_COAP }, COAP },
	{ "v6 routing, no segments left", { .v6 = true, EXT(43, 17, 0, 3, 0, 0, 0, 0, 0), TO_COAP }, COAP },
	{ "v6 routing, segments left", { .v6 = true, EXT(43, 17, 0, 3, 1, 0, 0, 0, 0), TO_COAP },
	  BAD(IP_EXT_HEADERS) },
	{ "v6 routing type 0", { .v6 = true, EXT(43, 17, 0, 0, 0, 0, 0, 0, 0), TO_COAP },
	  BAD(IP_EXT_HEADERS) },
	{ "v6 routing, segments left, DNS", { .v6 = true, EXT(43, 17, 0, 3, 1, 0, 0, 0, 0), TO_DNS }, OTHER },
	{ "v6 four headers", { .v6 = true, EXT(0, EXT8(60), EXT8(60), EXT8(60), EXT8(17)), TO_COAP }, COAP },
	{ "v6 five headers", { .v6 = true, EXT(0, EXT8(60), EXT8(60), EXT8(60), EXT8(60), EXT8(17)),
	  TO_COAP }, BAD(IP_EXT_HEADERS) },
	{ "v6 five headers, not even UDP", { .v6 = true, EXT(0, EXT8(60), EXT8(60), EXT8(60), EXT8(60),
	  EXT8(6)), TO_COAP }, BAD(IP_EXT_HEADERS) },
	{ "v6 four headers, TCP", { .v6 = true, EXT(0, EXT8(60), EXT8(60), EXT8(60), EXT8(6)), TO_COAP },
	  OTHER },
	{ "v6 ESP", { .v6 = true, .proto = 50, TO_COAP }, OTHER },
	{ "v6 no next header", { .v6 = true, EXT(60, EXT8(59)), TO_COAP }, OTHER },
	{ "v6 ICMPv6 behind hop by hop", { .v6 = true, EXT(0, EXT8(58)), TO_COAP }, OTHER },
	{ "v6 128 bytes of options", { .v6 = true, EXT(60, 17, 15, 1, 122, 0, 0, 0, 0, X4(Z8), X4(Z8),
	  X4(Z8), Z8, Z8, Z8), TO_COAP }, COAP },
	{ "v6 136 bytes of options", { .v6 = true, EXT(60, 17, 16, 1, 130, 0, 0, 0, 0, X4(Z8), X4(Z8),
	  X4(Z8), X4(Z8)), TO_COAP }, BAD(IP_EXT_HEADERS) },
	{ "v6 136 bytes of options, DNS", { .v6 = true, EXT(60, 17, 16, 1, 130, 0, 0, 0, 0, X4(Z8),
	  X4(Z8), X4(Z8), X4(Z8)), TO_DNS }, OTHER },
	{ "v6 136 bytes of options, more to come", { .v6 = true,
	  EXT(60, 60, 16, 1, 130, 0, 0, 0, 0, X4(Z8), X4(Z8), X4(Z8), X4(Z8), EXT8(17)), TO_COAP },
	  BAD(IP_EXT_HEADERS) },
	{ "v6 options past the end", { .v6 = true, EXT(60, 17, 255, 0, 0, 0, 0, 0, 0), TO_COAP }, OTHER },

	{ "v6 atomic fragment", { .v6 = true, EXT(44, FRAG(17, 0, 0)), TO_COAP }, COAP },
	{ "v6 first fragment", { .v6 = true, EXT(44, FRAG(17, 0, 1)), TO_COAP }, FIRST },
	{ "v6 first fragment, options inside", { .v6 = true, EXT(44, FRAG(60, 0, 1), EXT8(17)), TO_COAP },
	  FIRST },
	{ "v6 first fragment, DNS", { .v6 = true, EXT(44, FRAG(17, 0, 1)), TO_DNS }, OTHER },
	{ "v6 first fragment, TCP", { .v6 = true, EXT(44, FRAG(6, 0, 1)), TO_COAP }, OTHER },
	{ "v6 first fragment without ports", { .v6 = true, EXT(44, FRAG(17, 0, 1)), .ip_len_add = -12,
	  TO_COAP }, BAD(IP_MALFORMED) },
	{ "v6 first fragment, chain cut", { .v6 = true, EXT(44, FRAG(60, 0, 1), 17, 3, 1, 4, 0, 0, 0, 0),
	  TO_COAP }, BAD(IP_EXT_HEADERS) },
	{ "v6 later fragment", { .v6 = true, EXT(44, FRAG(17, 0, 8)), TO_DNS }, REST },
	{ "v6 later fragment that looks like ours", { .v6 = true, EXT(44, FRAG(17, 0, 17)), TO_COAP }, REST },
	{ "v6 last fragment of options", { .v6 = true, EXT(44, FRAG(60, 0x05, 0xc8)), TO_DNS }, REST },
	{ "v6 later fragment, TCP", { .v6 = true, EXT(44, FRAG(6, 0, 9)), TO_COAP }, OTHER },
	{ "v6 fragment of a fragment", { .v6 = true, EXT(44, FRAG(44, 0, 1), FRAG(17, 0, 0)), TO_COAP },
	  BAD(IP_EXT_HEADERS) },
};

static void parse_copy(const uint8_t *frame, size_t len, bool known, struct damp_frame *f)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct damp_frame fully;

	assert_non_null(copy);
	memcpy(copy, frame, len);
	damp_frame_parse_fully(copy, len, test_ports(), known, &fully);
	damp_frame_parse(copy, len, test_ports(), known, f);
	free(copy);
	assert_memory_equal(f, &fully, sizeof(fully));
}

/* The invariant of frame.h. */
static void check_offsets(const struct damp_frame *f, size_t len)
{
	if (f->cls != DAMP_FRAME_COAP && f->cls != DAMP_FRAME_DTLS)
		return;
	assert_int_equal(f->payload_off, f->l4_off + 8);
	assert_true(f->l3_off < f->l4_off);
	assert_true((size_t)f->payload_off + f->payload_len <= len);
	assert_int_equal(f->l3_off + f->ip_len, f->payload_off + f->payload_len);
}

static void test_classes(void **state)
{
	uint8_t frame[FRAME_MAX];
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct frame_case *c = &cases[i];
		const size_t len = build_frame(frame, &c->spec);
		struct damp_frame f;

		parse_copy(frame, len, false, &f);
		check_offsets(&f, len);
		if (f.cls != c->cls || f.reason != c->reason || f.v6 != c->spec.v6) {
			print_error("%s: class %u reason %u, wanted %u %u\n", c->name, f.cls, f.reason,
					c->cls, c->reason);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

/* Cut anywhere, nothing is read past the end, and what is still whole CoAP had
 * only its padding cut. */
static void test_cut_frames(void **state)
{
	uint8_t frame[FRAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const size_t len = build_frame(frame, &cases[i].spec);

		for (size_t cut = 0; cut < len; cut++) {
			struct damp_frame f;

			parse_copy(frame, cut, false, &f);
			check_offsets(&f, cut);
			if (f.cls == DAMP_FRAME_COAP)
				assert_true(cut + cases[i].spec.trailer >= len);
		}
	}
}

static void test_fields(void **state)
{
	const struct frame_spec v4 = { .ntags = 2, EXT(0, 1, 1, 1, 0), .trailer = 9, TO_COAP };
	const struct frame_spec v6 = { .v6 = true, EXT(44, FRAG(17, 0, 0)), TO_COAP };
	const struct damp_addr a4 = addr_of("192.0.2.1"), b4 = addr_of("198.51.100.2");
	const struct damp_addr a6 = addr_of("2001:db8::1"), b6 = addr_of("2001:db8:1::2");
	uint8_t frame[FRAME_MAX];
	struct damp_frame f;

	(void)state;
	parse_copy(frame, build_frame(frame, &v4), false, &f);
	assert_int_equal(f.cls, DAMP_FRAME_COAP);
	assert_int_equal(f.l3_off, 22);
	assert_int_equal(f.l4_off, 46);
	assert_int_equal(f.payload_off, 54);
	assert_int_equal(f.payload_len, 4);
	assert_int_equal(f.ip_len, 24 + 8 + 4);
	assert_int_equal(f.plain_l3, 0);
	assert_int_equal(f.sport, 40000);
	assert_int_equal(f.dport, 5683);
	assert_memory_equal(&f.src, &a4, sizeof(a4));
	assert_memory_equal(&f.dst, &b4, sizeof(b4));

	parse_copy(frame, build_frame(frame, &v6), false, &f);
	assert_int_equal(f.cls, DAMP_FRAME_COAP);
	assert_int_equal(f.l4_off, 14 + 40 + 8);
	assert_int_equal(f.ip_len, 40 + 8 + 8 + 4);
	assert_int_equal(f.plain_l3, 0);
	assert_memory_equal(&f.src, &a6, sizeof(a6));
	assert_memory_equal(&f.dst, &b6, sizeof(b6));
}

static void test_plain_and_groups(void **state)
{
	const struct { struct frame_spec spec; uint8_t group, mac; } rows[] = {
		{ { TO_COAP }, 0, 0x02 },
		{ { .v6 = true, TO_COAP }, 0, 0x02 },
		{ { .dst = "224.0.1.187", TO_COAP }, 1, 0x01 },
		{ { .dst = "255.255.255.255", TO_COAP }, 1, 0xff },
		{ { .dst = "223.255.255.255", TO_COAP }, 0, 0xff },
		{ { .v6 = true, .dst = "ff02::fd", TO_COAP }, 1, 0x33 },
		{ { .v6 = true, .dst = "fe80::1", TO_COAP }, 0, 0x02 },
	};
	uint8_t frame[FRAME_MAX];
	struct damp_frame f;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const size_t len = build_frame(frame, &rows[i].spec);

		frame[0] = rows[i].mac;
		parse_copy(frame, len, false, &f);
		assert_int_equal(f.cls, DAMP_FRAME_COAP);
		assert_int_equal(f.plain_l3, 1);
		assert_int_equal(f.dst_group, rows[i].group);
		assert_int_equal(f.l2_group, rows[i].mac & 1);
	}
}

static void test_fragment_ids(void **state)
{
	const struct frame_spec v4 = { .frag = 0x2001, .id = 0xabcd, TO_DNS };
	const struct frame_spec v6 = { .v6 = true, EXT(44, FRAG(17, 0, 9)), TO_DNS };
	const struct frame_spec first = { .frag = 0x2000, .id = 0xabcd, TO_COAP };
	uint8_t frame[FRAME_MAX];
	struct damp_frame f;

	(void)state;
	parse_copy(frame, build_frame(frame, &v4), false, &f);
	assert_int_equal(f.frag_id, 0xabcd);
	parse_copy(frame, build_frame(frame, &v6), false, &f);
	assert_int_equal(f.frag_id, 0x01020304);
	parse_copy(frame, build_frame(frame, &first), false, &f);
	assert_int_equal(f.frag_id, 0xabcd);
	assert_int_equal(f.sport, 40000);
	assert_int_equal(f.dport, 5683);
	assert_int_equal(f.payload_len, 4);
}

/* The port's word is taken for sums, but not for a sum that is not there. */
static void test_checksum_known(void **state)
{
	const struct { struct frame_spec spec; uint8_t cls; } rows[] = {
		{ { .bad_udp_sum = true, TO_COAP }, DAMP_FRAME_COAP },
		{ { .bad_ip_sum = true, TO_COAP }, DAMP_FRAME_COAP },
		{ { .v6 = true, .bad_udp_sum = true, TO_COAP }, DAMP_FRAME_COAP },
		{ { .zero_udp_sum = true, TO_COAP }, DAMP_FRAME_BAD },
		{ { .udp_len_add = 1, TO_COAP }, DAMP_FRAME_BAD },
	};
	uint8_t frame[FRAME_MAX];
	struct damp_frame f;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		parse_copy(frame, build_frame(frame, &rows[i].spec), true, &f);
		assert_int_equal(f.cls, rows[i].cls);
	}
}

/* Not IP at all, or IP by ethertype only. */
static void test_not_ip(void **state)
{
	static const uint8_t arp[42] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x08, 0x06 };
	const struct frame_spec v4 = { TO_COAP }, v6 = { .v6 = true, TO_COAP };
	uint8_t frame[FRAME_MAX];
	struct damp_frame f;
	size_t len;

	(void)state;
	parse_copy(arp, sizeof(arp), false, &f);
	assert_int_equal(f.cls, DAMP_FRAME_OTHER);
	assert_int_equal(f.l2_group, 1);
	assert_int_equal(f.ip_len, 0);
	len = build_frame(frame, &v4);
	frame[14] = 0x65; /* version 6 under the ethertype of IPv4 */
	parse_copy(frame, len, false, &f);
	assert_int_equal(f.cls, DAMP_FRAME_OTHER);
	frame[14] = 0x44; /* a header of 16 bytes */
	parse_copy(frame, len, false, &f);
	assert_int_equal(f.cls, DAMP_FRAME_OTHER);
	len = build_frame(frame, &v6);
	frame[14] = 0x40;
	parse_copy(frame, len, false, &f);
	assert_int_equal(f.cls, DAMP_FRAME_OTHER);
}

/* Frames with a few bits wrong, at every length, with the right sums again or
 * not: parse_copy() holds the short cut against the parser proper. */
static void test_short_cut(void **state)
{
	static const uint8_t payload[] = "\x41\x01\x00\x01t\xb1g and then some more";
	uint64_t s = 20261121;
	unsigned coap = 0;

	(void)state;
	for (unsigned i = 0; i < 60000; i++) {
		const struct frame_spec spec = {
			.sport = 40000, .dport = 5683, .v6 = i & 1, .payload = payload, .payload_len = i / 2 % sizeof(payload),
			.trailer = i % 5 == 0 ? i % 9 : 0, .ntags = i % 16 == 0,
		};
		uint8_t frame[FRAME_MAX];
		struct damp_frame f;
		size_t len = build_frame(frame, &spec);

		for (unsigned wrong = i % 4; wrong > 0; wrong--) {
			s = s * 6364136223846793005ull + 1442695040888963407ull;
			frame[12 + (s >> 40) % (len - 12 < 60 ? len - 12 : 60)] ^= (uint8_t)(1u << (s >> 32) % 8);
		}
		if (i % 8 == 7)
			len = 14 + (s >> 36) % (len - 14);
		parse_copy(frame, len, i & 16, &f);
		coap += f.cls == DAMP_FRAME_COAP;
	}
	assert_true(coap > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_cut_frames),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_plain_and_groups),
		cmocka_unit_test(test_fragment_ids),
		cmocka_unit_test(test_checksum_known),
		cmocka_unit_test(test_not_ip),
		cmocka_unit_test(test_short_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
