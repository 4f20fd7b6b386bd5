/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gateway's own messages before two other parsers: every frame that any
 * builder makes must be accepted by libcoap's PDU parser with the same type,
 * code, Message ID, token and options, and tshark must find no fault in its
 * checksums or its CoAP.
 */
#include "causes.h"
#include "shared.h"

#include <coap3/coap.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <setjmp.h>
#include <cmocka.h>

static pcap_dumper_t *dump;

static unsigned int count_options(const coap_pdu_t *pdu)
{
	coap_opt_iterator_t it;
	unsigned int n = 0;

	coap_option_iterator_init(pdu, &it, COAP_OPT_ALL);
	while (coap_option_next(&it))
		n++;
	return n;
}

static void ask_libcoap(const uint8_t *out, size_t len, const struct cause *c)
{
	coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_CON, COAP_EMPTY_CODE, 0, 1152);
	struct damp_frame f;
	struct damp_coap m;
	coap_bin_const_t token;

	(void)c;
	damp_frame_parse(out, len, test_ports(), false, &f);
	damp_coap_scan(out + f.payload_off, f.payload_len, &m);
	assert_non_null(pdu);
	assert_int_equal(coap_pdu_parse(COAP_PROTO_UDP, out + f.payload_off, f.payload_len, pdu), 1);
	assert_int_equal(coap_pdu_get_type(pdu), m.type);
	assert_int_equal(coap_pdu_get_code(pdu), m.code);
	assert_int_equal(coap_pdu_get_mid(pdu), m.mid);
	token = coap_pdu_get_token(pdu);
	assert_int_equal(token.length, m.token_len);
	assert_int_equal(count_options(pdu), m.noptions);
	coap_delete_pdu(pdu);
}

static void test_libcoap(void **state)
{
	(void)state;
	assert_true(for_each_reply(ask_libcoap) > 1000);
}

static void write_pcap(const uint8_t *out, size_t len, const struct cause *c)
{
	const struct pcap_pkthdr hdr = { .caplen = (uint32_t)len, .len = (uint32_t)len };

	(void)c;
	pcap_dump((u_char *)dump, &hdr, out);
}

/* Lines that a command prints. */
static long count_lines(const char *command)
{
	FILE *p = popen(command, "r");
	char line[4096];
	long n = 0;

	assert_non_null(p);
	while (fgets(line, sizeof(line), p))
		n++;
	return pclose(p) == 0 ? n : -1;
}

static long count_frames(const char *path, const char *filter)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "tshark -r %s -o udp.check_checksum:TRUE -o ip.check_checksum:TRUE -Y '%s' 2>/dev/null",
		 path, filter);
	return count_lines(command);
}

static void test_tshark(void **state)
{
	char path[] = "/tmp/damper-reply-XXXXXX";
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	const int fd = mkstemp(path);
	long made;

	(void)state;
	if (system("tshark --version >/dev/null 2>&1") != 0) {
		print_message("skipped: no tshark\n");
		skip();
	}
	assert_true(fd >= 0);
	close(fd);
	dump = pcap_dump_open(pcap, path);
	assert_non_null(dump);
	made = (long)for_each_reply(write_pcap);
	pcap_dump_close(dump);
	pcap_close(pcap);
	assert_int_equal(count_frames(path, "coap && udp.checksum.status == 1"), made);
	assert_int_equal(count_frames(path, "ip.checksum.status == 1 || ipv6"), made);
	/* tshark 4.0 does not know option 252: what it says of it is left out */
	assert_int_equal(count_frames(path, "coap && _ws.expert && !(coap.code == 129)"), 0);
	assert_int_equal(count_frames(path, "coap.option_length_bad"), 0);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_libcoap),
		cmocka_unit_test(test_tshark),
	};

	coap_startup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
