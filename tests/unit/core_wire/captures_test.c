/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frame parser and scan against captured traffic that nobody here made, with
 * two other opinions: the frames that libcoap refused, as recorded beside the
 * captures, and what tshark, where it is installed, reads in each frame now.
 *
 * Invariant: we refuse exactly the frames that libcoap refuses, save those
 * listed here; and where we read a message, tshark reads the same type, code,
 * Message ID, token and number of options.
 */
#include "frame.h"
#include "scan.h"
#include "needs.h"
#include <damper/reasons.h>

#include <jansson.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <setjmp.h>
#include <cmocka.h>

#define FRAMES_MAX 32768

/* Frames that libcoap accepts and we refuse. */
static const struct { const char *file; uint32_t frame; uint8_t reason; } stricter[] = {
	/* hand-made frames without a UDP checksum, which CoAP requires (RFC 7252
	 * section 3) */
	{ "MaciejGit6+rawsight__coap.pcap", 1, DAMP_REASON_IP_CHECKSUM },
	{ "MaciejGit6+rawsight__coap2.pcap", 1, DAMP_REASON_IP_CHECKSUM },
	{ "MaciejGit6+rawsight__coap2.pcap", 2, DAMP_REASON_IP_CHECKSUM },
	{ "MaciejGit6+rawsight__mixed.pcap", 1, DAMP_REASON_IP_CHECKSUM },
};

struct reading {
	bool coap;
	uint8_t reason, type, code;
	uint16_t mid, noptions, token_len;
	uint8_t token[DAMP_COAP_TOKEN_MAX];
};

static struct reading ours[FRAMES_MAX + 1]; /* by frame number, from 1 */
static uint32_t nframes;

static json_t *facts;

static const struct damp_port_map *coap_ports(void)
{
	static const struct damp_port_map map = { .coap = { [5683 / 64] = 1ull << 5683 % 64 } };

	return &map;
}

/* Many were taken on a loopback interface; such a source is refused on a wire
 * (M55) and would hide the message, so it is given another first byte. */
static void leave_loopback(uint8_t *frame, size_t len)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	if (len > 34 && damp_get16(frame + 12) == 0x0800 && frame[26] == 127)
		frame[26] = 10;
	if (len > 54 && damp_get16(frame + 12) == 0x86dd && memcmp(frame + 22, loopback6, 16) == 0)
		frame[22] = 0xfd;
}

static void read_frame(const uint8_t *data, size_t len, struct reading *r)
{
	struct damp_frame f;
	struct damp_coap m;
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, data, len);
	leave_loopback(copy, len);
	memset(r, 0, sizeof(*r));
	/* hosts that compute checksums in hardware capture them unfinished */
	damp_frame_parse(copy, len, coap_ports(), true, &f);
	if (f.cls == DAMP_FRAME_COAP) {
		damp_coap_scan(copy + f.payload_off, f.payload_len, &m);
		*r = (struct reading){ .coap = true, .reason = m.malformed, .type = m.type, .code = m.code,
				       .mid = m.mid, .noptions = m.noptions, .token_len = m.token_len };
		if (!m.malformed)
			memcpy(r->token, copy + f.payload_off + m.token_off, m.token_len);
	} else if (f.cls != DAMP_FRAME_OTHER) {
		r->coap = true;
		r->reason = f.cls == DAMP_FRAME_BAD ? f.reason : DAMP_REASON_FRAGMENT_COAP;
	}
	free(copy);
}

/* Append a capture to ours[] and, when there is one, to the file merged.
 * False when it is not Ethernet. */
static bool read_capture(const char *path, pcap_dumper_t *merged)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, error);
	struct pcap_pkthdr *hdr;
	const u_char *data;
	bool ethernet;

	assert_non_null(p);
	ethernet = pcap_datalink(p) == DLT_EN10MB;
	while (ethernet && pcap_next_ex(p, &hdr, &data) == 1) {
		assert_true(nframes < FRAMES_MAX);
		read_frame(data, hdr->caplen, &ours[++nframes]);
		if (merged)
			pcap_dump((u_char *)merged, hdr, data);
	}
	pcap_close(p);
	return ethernet;
}

static bool is_listed(const char *file, uint32_t frame, uint8_t reason)
{
	for (size_t i = 0; i < sizeof(stricter) / sizeof(stricter[0]); i++)
		if (strcmp(stricter[i].file, file) == 0 && stricter[i].frame == frame)
			return stricter[i].reason == reason;
	return false;
}

static bool libcoap_refused(const json_t *fact, uint32_t frame)
{
	const json_t *list = json_object_get(fact, "libcoap_reject_frames"), *n;
	size_t i;

	json_array_foreach(list, i, n)
		if (json_integer_value(n) == frame)
			return true;
	return false;
}

/* The Ethernet form of a capture: itself, or the one derived from it. */
static const char *ethernet_name(const json_t *fact)
{
	const char *derived = json_string_value(json_object_get(fact, "derived_eth"));

	return derived ? derived : json_string_value(json_object_get(fact, "file"));
}

static const char *capture_path(const char *name)
{
	char rel[1024];

	snprintf(rel, sizeof(rel), "captures/%s", name);
	return needs_shared(rel);
}

static void test_libcoap(void **state)
{
	uint32_t coap = 0, refused = 0, wrong = 0;
	json_t *fact;
	size_t i;

	(void)state;
	json_array_foreach(facts, i, fact) {
		const char *name = ethernet_name(fact), *path = capture_path(name);

		nframes = 0;
		if (!path || !read_capture(path, NULL))
			continue;
		for (uint32_t n = 1; n <= nframes; n++) {
			const struct reading *r = &ours[n];

			coap += r->coap;
			refused += r->coap && r->reason;
			if (r->coap && (r->reason != 0) != libcoap_refused(fact, n) &&
			    !is_listed(name, n, r->reason)) {
				print_error("%s frame %u: reason %u\n", name, n, r->reason);
				wrong++;
			}
		}
	}
	print_message("%u CoAP frames, %u refused, %u against libcoap\n", coap, refused, wrong);
	assert_true(coap > 10000);
	assert_int_equal(wrong, 0);
}

/* One line of tshark: number, type, code, MID, token, deltas of the options;
 * fields apart by tabs, values within by commas. */
static bool same_as_tshark(char *line, const struct reading *r)
{
	char *field[6], *at = line, token[2 * DAMP_COAP_TOKEN_MAX + 1] = "";
	uint16_t noptions = 0;

	line[strcspn(line, "\n")] = 0;
	for (size_t i = 0; i < 6; i++) {
		field[i] = strsep(&at, "\t");
		if (!field[i])
			return false;
	}
	for (uint16_t i = 0; i < r->token_len; i++)
		sprintf(token + 2 * (size_t)i, "%02x", r->token[i]);
	if (*field[5])
		noptions = 1;
	for (const char *c = field[5]; *c; c++)
		noptions = (uint16_t)(noptions + (*c == ','));
	return strtoul(field[1], NULL, 0) == r->type && strtoul(field[2], NULL, 0) == r->code &&
	       strtoul(field[3], NULL, 0) == r->mid && strcmp(field[4], token) == 0 &&
	       noptions == r->noptions;
}

/* Compare ours[] with all that tshark takes for CoAP in a capture; returns the
 * number of frames that differ. */
static uint32_t compare_tshark(const char *path)
{
	char command[512], line[16384];
	uint32_t seen = 0, expected = 0, wrong = 0;
	FILE *p;

	snprintf(command, sizeof(command),
		 "tshark -r %s -Y 'coap && udp && !icmp && !icmpv6' -T fields -e frame.number -e coap.type "
		 "-e coap.code -e coap.mid -e coap.token -e coap.opt.delta 2>/dev/null", path);
	p = popen(command, "r");
	assert_non_null(p);
	while (fgets(line, sizeof(line), p)) {
		const unsigned long n = strtoul(line, NULL, 10);

		assert_in_range(n, 1, nframes);
		if (!ours[n].coap || (!ours[n].reason && !same_as_tshark(line, &ours[n]))) {
			print_error("frame %lu of all captures in order differs\n", n);
			wrong++;
		}
		seen++;
	}
	assert_int_equal(pclose(p), 0);
	for (uint32_t n = 1; n <= nframes; n++)
		expected += ours[n].coap;
	print_message("tshark has %u CoAP frames, we have %u, %u differ\n", seen, expected, wrong);
	assert_true(seen > 10000);
	return wrong + (seen != expected);
}

/* All captures in one file and one run of tshark: it is slow to start. */
static void test_tshark(void **state)
{
	char merged[] = "/tmp/damper-captures-XXXXXX";
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	const int fd = mkstemp(merged);
	pcap_dumper_t *dump;
	json_t *fact;
	size_t i;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	dump = pcap_dump_open(pcap, merged);
	assert_non_null(dump);
	nframes = 0;
	json_array_foreach(facts, i, fact) {
		const char *path = capture_path(ethernet_name(fact));

		if (path)
			read_capture(path, dump);
	}
	pcap_dump_close(dump);
	pcap_close(pcap);
	if (system("tshark --version >/dev/null 2>&1") == 0)
		assert_int_equal(compare_tshark(merged), 0);
	else
		print_message("not compared: no tshark\n");
	unlink(merged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_libcoap),
		cmocka_unit_test(test_tshark),
	};
	const char *path = needs_shared("captures/facts.jsonl");
	FILE *f = path ? fopen(path, "r") : NULL;
	json_t *one;
	int failed;

	if (!f)
		return NEEDS_SKIP;
	facts = json_array();
	while ((one = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL)))
		json_array_append_new(facts, one);
	fclose(f);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(facts);
	return failed;
}
