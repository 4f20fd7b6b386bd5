/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading captures of all link types, and telling the sides of their frames. */
#include "capture.h"
#include "captures.h"
#include "rules.h"
#include "sides.h"

#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <setjmp.h>
#include <cmocka.h>

#define ETHERNET_LEN 14

static uint8_t frame[2048];
static size_t frame_len;

static void write_pcap(const char *name, int link, const uint8_t *head, size_t head_len,
		       uint32_t sec, uint32_t cut)
{
	uint8_t data[2100];
	struct pcap_pkthdr h = { .ts = { .tv_sec = (int32_t)sec, .tv_usec = 5 } };
	pcap_t *p = pcap_open_dead(link, 65535);
	pcap_dumper_t *d = pcap_dump_open(p, name);
	const size_t skip = link == DLT_EN10MB ? 0 : ETHERNET_LEN;

	assert_non_null(d);
	if (head_len)
		memcpy(data, head, head_len);
	memcpy(data + head_len, frame + skip, frame_len - skip);
	h.len = (uint32_t)(head_len + frame_len - skip);
	h.caplen = h.len - cut;
	pcap_dump((u_char *)d, &h, data);
	pcap_dump_close(d);
	pcap_close(p);
}

static struct damp_capture *open_capture(const char *name)
{
	char err[256];
	bool unreadable;
	struct damp_capture *c = damp_capture_open(name, err, sizeof(err), &unreadable);

	if (c == NULL)
		fail_msg("%s", err);
	return c;
}

static void test_link_types(void **state)
{
	static const struct {
		int link;
		size_t head_len;
		uint8_t head[20];
	} cases[] = {
		{ DLT_EN10MB, 0, { 0 } },
		{ DLT_NULL, 4, { 2, 0, 0, 0 } }, /* AF_INET, little endian */
		{ DLT_LOOP, 4, { 0, 0, 0, 2 } }, /* AF_INET, network order */
		{ DLT_RAW, 0, { 0 } },
		{ DLT_IPV4, 0, { 0 } },
		{ DLT_LINUX_SLL, 16, { [14] = 0x08, [15] = 0x00 } }, /* ethertype IPv4 */
		{ DLT_LINUX_SLL2, 20, { [0] = 0x08, [1] = 0x00 } },
	};
	const char *name = temp_name(".pcap");

	(void)state;
	frame_len = frame_of("203.0.113.9", "192.0.2.1", "CON GET /a", frame);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct damp_captured f;
		struct damp_capture *c;
		char err[256];

		write_pcap(name, cases[i].link, cases[i].head, cases[i].head_len, 1700000000, 0);
		c = open_capture(name);
		assert_int_equal(damp_capture_next(c, &f, err, sizeof(err)), 1);
		assert_int_equal(f.number, 1);
		assert_int_equal(f.len, frame_len);
		assert_memory_equal(f.data + 12, frame + 12, frame_len - 12);
		assert_int_equal(f.data[0] & 1, 0);
		assert_int_equal(f.ts_ns, 1700000000000005000ll);
		assert_false(f.cut);
		assert_int_equal(f.side, -1);
		assert_int_equal(damp_capture_next(c, &f, err, sizeof(err)), 0);
		damp_capture_close(c);
	}
	unlink(name);
}

static void test_refused(void **state)
{
	const char *name = temp_name(".bad");
	char err[256];
	bool unreadable;
	FILE *f;

	(void)state;
	frame_len = frame_of("203.0.113.9", "192.0.2.1", "CON GET /a", frame);
	write_pcap(name, DLT_IEEE802_15_4_WITHFCS, NULL, 0, 0, 0);
	assert_null(damp_capture_open(name, err, sizeof(err), &unreadable));
	assert_non_null(strstr(err, "link type"));
	assert_false(unreadable);
	f = fopen(name, "w");
	fputs("\x1f\x8b\x08zzzz", f);
	fclose(f);
	assert_null(damp_capture_open(name, err, sizeof(err), &unreadable));
	assert_non_null(strstr(err, "compressed"));
	f = fopen(name, "w");
	fputs("rules: are not a capture", f);
	fclose(f);
	assert_null(damp_capture_open(name, err, sizeof(err), &unreadable));
	unlink(name);
	assert_null(damp_capture_open(name, err, sizeof(err), &unreadable));
	assert_true(unreadable);
}

/* Seconds are unsigned: 2 500 000 000 is in 2049, not in 1913. Cut frames say so. */
static void test_late_and_cut(void **state)
{
	const char *name = temp_name(".pcap");
	struct damp_captured f;
	struct damp_capture *c;
	char err[256];

	(void)state;
	frame_len = frame_of("203.0.113.9", "192.0.2.1", "CON GET /a", frame);
	write_pcap(name, DLT_EN10MB, NULL, 0, 2500000000u, 3);
	c = open_capture(name);
	assert_int_equal(damp_capture_next(c, &f, err, sizeof(err)), 1);
	assert_int_equal(f.ts_ns / 1000000000, 2500000000ll);
	assert_true(f.cut);
	damp_capture_close(c);
	unlink(name);
}

static void test_move_loopback(void **state)
{
	const char *name = temp_name(".pcap");
	struct damp_captured f;
	struct damp_capture *c;
	char err[256];

	(void)state;
	frame_len = frame_of("127.0.0.1", "127.1.2.3", "CON GET /a", frame);
	write_pcap(name, DLT_EN10MB, NULL, 0, 1, 0);
	c = open_capture(name);
	damp_capture_move_loopback(c);
	assert_int_equal(damp_capture_next(c, &f, err, sizeof(err)), 1);
	assert_int_equal(f.data[26], 10); /* source 10.0.0.1 */
	assert_int_equal(f.data[30], 10); /* destination 10.1.2.3 */
	assert_int_equal(f.data[33], 3);
	damp_capture_close(c);
	unlink(name);
}

static void put(FILE *f, const void *data, size_t len)
{
	assert_int_equal(fwrite(data, 1, len, f), len);
}

static void put32(FILE *f, uint32_t v)
{
	put(f, &v, sizeof(v));
}

/* Interface description with a name (pcapng section 4.2). */
static void put_interface(FILE *f, const char *name)
{
	const uint16_t len = (uint16_t)strlen(name), code = 2, zero = 0, link = DLT_EN10MB;
	const uint32_t padded = (len + 3u) & ~3u, total = 20 + 4 + padded + 4;

	put32(f, 1);
	put32(f, total);
	put(f, &link, 2);
	put(f, &zero, 2);
	put32(f, 65535);
	put(f, &code, 2);
	put(f, &len, 2);
	put(f, name, len);
	put(f, "\0\0\0", padded - len);
	put32(f, 0); /* end of options */
	put32(f, total);
}

static void put_packet(FILE *f, uint32_t interface)
{
	const uint32_t padded = ((uint32_t)frame_len + 3u) & ~3u, total = 32 + padded;

	put32(f, 6);
	put32(f, total);
	put32(f, interface);
	put32(f, 0);
	put32(f, 1000); /* microseconds */
	put32(f, (uint32_t)frame_len);
	put32(f, (uint32_t)frame_len);
	put(f, frame, frame_len);
	put(f, "\0\0\0", padded - frame_len);
	put32(f, total);
}

static void test_interfaces(void **state)
{
	static const uint8_t section[28] = { 0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0,	  0,	0x4d, 0x3c,
					     0x2b, 0x1a, 1,    0,    0,	 0, 0xff, 0xff, 0xff, 0xff,
					     0xff, 0xff, 0xff, 0xff, 28, 0, 0,	  0 };
	static const uint32_t on[] = { 0, 2, 1, 0 };
	static const int side[] = { DAMP_INSIDE, -1, DAMP_OUTSIDE, DAMP_INSIDE };
	const char *name = temp_name(".pcapng");
	FILE *f = fopen(name, "w");
	struct damp_captured got;
	struct damp_capture *c;
	char err[256];

	(void)state;
	frame_len = frame_of("203.0.113.9", "192.0.2.1", "CON GET /a", frame);
	put(f, section, sizeof(section));
	put_interface(f, "inside");
	put_interface(f, "outside");
	put_interface(f, "eth0");
	for (size_t i = 0; i < 4; i++)
		put_packet(f, on[i]);
	fclose(f);
	c = open_capture(name);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(damp_capture_next(c, &got, err, sizeof(err)), 1);
		assert_int_equal(got.side, side[i]);
		assert_int_equal(got.len, frame_len);
		assert_int_equal(got.ts_ns, 1000000);
	}
	assert_int_equal(damp_capture_next(c, &got, err, sizeof(err)), 0);
	damp_capture_close(c);
	unlink(name);
}

/* Garbage behind a section header must neither crash nor loop. */
static void test_broken_interfaces(void **state)
{
	const char *name = temp_name(".pcapng");
	struct damp_capture_if *i;
	uint64_t x = 1;

	(void)state;
	print_message("seed 1\n");
	for (unsigned n = 0; n < 200; n++) {
		FILE *f = fopen(name, "w");

		put32(f, 0x0a0d0d0a);
		for (unsigned b = 0; b < 60; b++) {
			x = x * 6364136223846793005ull + 1442695040888963407ull;
			fputc(x >> 40 & 7 ? (int)(x >> 50 & 31) : (int)(x >> 50 & 255), f);
		}
		fclose(f);
		i = damp_capture_if_open(name);
		assert_non_null(i);
		for (unsigned k = 0; k < 20; k++)
			damp_capture_if_next(i);
		damp_capture_if_close(i);
	}
	unlink(name);
}

static struct damp_view *view_of(const char *inside)
{
	static const struct damp_key key = { 1, 2 };
	char text[300], err[200];
	struct damp_rules r;
	struct damp_view *v;

	snprintf(text, sizeof(text),
		 "version: 1\nzones: {inside: {ports: [inside], prefixes: %s}, outside: {ports: "
		 "[outside], prefixes: any}}\n",
		 inside);
	if (damp_rules_compile_text(text, strlen(text), "t", NULL, &r) != 0)
		fail_msg("%s", r.text);
	v = damp_view_open(r.program, r.program_len, 1, &key, err, sizeof(err));
	assert_non_null(v);
	r.program = NULL;
	damp_rules_free(&r);
	return v;
}

static enum damp_side side_of(struct damp_sides *s, const char *from, const char *to,
			      const char *msg, int interface)
{
	struct damp_captured f = { .data = frame, .side = interface };

	frame_len = frame_of(from, to, msg, frame);
	f.len = (uint32_t)frame_len;
	return damp_sides_of(s, &f);
}

static void test_sides(void **state)
{
	struct damp_view *any = view_of("any"), *known = view_of("[192.0.2.0/24, '2001:db8::/32']");
	struct damp_sides s = { .view = any };
	char why[256];

	(void)state;
	/* a guess: the CoAP port is inside */
	assert_int_equal(side_of(&s, "192.0.2.1", "203.0.113.9", "CON GET /", -1), DAMP_OUTSIDE);
	assert_int_equal(side_of(&s, "192.0.2.1:5683", "203.0.113.9:4000", "ACK 2.05", -1),
			 DAMP_INSIDE);
	/* both ends have it: who asks is outside */
	assert_int_equal(side_of(&s, "192.0.2.1:5683", "203.0.113.9", "CON GET /", -1),
			 DAMP_OUTSIDE);
	assert_int_equal(side_of(&s, "192.0.2.1:5683", "203.0.113.9", "ACK 2.05", -1), DAMP_INSIDE);
	assert_int_equal(s.coap_frames[DAMP_SIDE_BY_GUESS], 4);
	/* an interface knows better */
	assert_int_equal(side_of(&s, "192.0.2.1", "203.0.113.9", "CON GET /", DAMP_INSIDE),
			 DAMP_INSIDE);
	assert_int_equal(s.coap_frames[DAMP_SIDE_BY_INTERFACE], 1);
	/* the rules know their inside; of two strangers they know nothing */
	s.view = known;
	assert_int_equal(side_of(&s, "192.0.2.1", "203.0.113.9", "CON GET /", -1), DAMP_INSIDE);
	assert_int_equal(side_of(&s, "2001:db8:9::1", "fd00::1", "CON GET /", -1), DAMP_INSIDE);
	assert_int_equal(s.coap_frames[DAMP_SIDE_BY_RULES], 2);
	assert_int_equal(side_of(&s, "198.51.100.1", "203.0.113.9", "CON GET /", -1), DAMP_OUTSIDE);
	assert_int_equal(s.coap_frames[DAMP_SIDE_BY_GUESS], 5);
	/* MAC addresses: the source of all built frames is 02:00:00:00:00:01 */
	assert_true(damp_sides_add_mac(&s, "02:00:00:00:00:01", why));
	assert_int_equal(side_of(&s, "192.0.2.1", "203.0.113.9", "CON GET /", -1), DAMP_OUTSIDE);
	/* prefixes are asked first */
	assert_true(damp_sides_add_prefix(&s, "203.0.113.8/29", why));
	assert_int_equal(side_of(&s, "192.0.2.1", "203.0.113.9", "CON GET /", -1), DAMP_OUTSIDE);
	assert_int_equal(side_of(&s, "203.0.113.9", "192.0.2.1", "CON GET /", -1), DAMP_INSIDE);
	assert_int_equal(s.coap_frames[DAMP_SIDE_BY_PREFIX], 2);
	assert_false(damp_sides_add_prefix(&s, "203.0.113.0/33", why));
	assert_false(damp_sides_add_prefix(&s, "203.0.113.0/x", why));
	assert_false(damp_sides_add_prefix(&s, "nowhere", why));
	assert_false(damp_sides_add_mac(&s, "02:00:00:00:00", why));
	damp_view_close(any);
	damp_view_close(known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link_types),   cmocka_unit_test(test_refused),
		cmocka_unit_test(test_late_and_cut), cmocka_unit_test(test_move_loopback),
		cmocka_unit_test(test_interfaces),   cmocka_unit_test(test_broken_interfaces),
		cmocka_unit_test(test_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
