/* SPDX-License-Identifier: BSD-3-Clause */
/* libcoap and tshark; see oracle.h. */
#include "oracle.h"
#include "needs.h"
#include "option.h"
#include "scan.h"

#include <coap3/coap.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
	char path[64];
	pcap_t *pcap;
	pcap_dumper_t *dump;
} capture;

/* The option list as libcoap walks it beside the one we read. */
static void compare_options(const coap_pdu_t *pdu, const uint8_t *msg, const struct damp_coap *m)
{
	uint32_t pos = m->options_off, number = 0, n = 0;
	coap_opt_iterator_t it;
	coap_opt_t *opt;
	struct damp_opt o = { 0 };

	coap_option_iterator_init(pdu, &it, COAP_OPT_ALL);
	for (opt = coap_option_next(&it); opt != NULL; opt = coap_option_next(&it), n++) {
		assert_true(damp_opt_read(msg + pos, m->len - pos, &o));
		number += o.delta;
		assert_int_equal(it.number, number);
		assert_int_equal(coap_opt_length(opt), o.len);
		assert_memory_equal(coap_opt_value(opt), msg + pos + o.hdr, o.len);
		pos += o.hdr + o.len;
	}
	assert_int_equal(n, m->noptions);
}

static void compare_payload(const coap_pdu_t *pdu, const uint8_t *msg, const struct damp_coap *m)
{
	const uint8_t *data = NULL;
	size_t len = 0;

	coap_get_data(pdu, &len, &data);
	assert_int_equal(len, m->payload_len);
	assert_memory_equal(data, msg + m->payload_off, len);
}

void oracle_libcoap(const uint8_t *frame, size_t len, const struct cause *c)
{
	coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_CON, COAP_EMPTY_CODE, 0, 1152);
	struct damp_frame f;
	struct damp_coap m;
	coap_bin_const_t token;

	(void)c;
	damp_frame_parse(frame, len, test_ports(), false, &f);
	damp_coap_scan(frame + f.payload_off, f.payload_len, &m);
	assert_non_null(pdu);
	assert_int_equal(coap_pdu_parse(COAP_PROTO_UDP, frame + f.payload_off, f.payload_len, pdu), 1);
	assert_int_equal(coap_pdu_get_type(pdu), m.type);
	assert_int_equal(coap_pdu_get_code(pdu), m.code);
	assert_int_equal(coap_pdu_get_mid(pdu), m.mid);
	token = coap_pdu_get_token(pdu);
	assert_int_equal(token.length, m.token_len);
	compare_options(pdu, frame + f.payload_off, &m);
	compare_payload(pdu, frame + f.payload_off, &m);
	coap_delete_pdu(pdu);
}

void oracle_open(void)
{
	int fd;

	snprintf(capture.path, sizeof(capture.path), "/tmp/damper-oracle-XXXXXX");
	fd = mkstemp(capture.path);
	assert_true(fd >= 0);
	close(fd);
	capture.pcap = pcap_open_dead(DLT_EN10MB, 65535);
	capture.dump = pcap_dump_open(capture.pcap, capture.path);
	assert_non_null(capture.dump);
}

void oracle_write(const uint8_t *frame, size_t len, const struct cause *c)
{
	const struct pcap_pkthdr hdr = { .caplen = (uint32_t)len, .len = (uint32_t)len };

	(void)c;
	pcap_dump((u_char *)capture.dump, &hdr, frame);
}

void oracle_flush(void)
{
	pcap_dump_close(capture.dump);
	pcap_close(capture.pcap);
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

long oracle_count(const char *filter)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "tshark -r %s -o udp.check_checksum:TRUE -o ip.check_checksum:TRUE -Y '%s' 2>/dev/null",
		 capture.path, filter);
	return count_lines(command);
}

void oracle_close(void)
{
	unlink(capture.path);
}

int oracle_run(int argc, char **argv, CMUnitTestFunction of_libcoap, CMUnitTestFunction of_tshark)
{
	const struct CMUnitTest by_libcoap[] = { { "test_libcoap", of_libcoap, NULL, NULL, NULL } };
	const struct CMUnitTest by_tshark[] = { { "test_tshark", of_tshark, NULL, NULL, NULL } };

	coap_startup();
	if (!needs_run(argc, argv, "tshark"))
		return cmocka_run_group_tests(by_libcoap, NULL, NULL);
	if (system("tshark --version >/dev/null 2>&1") != 0)
		return needs_missing("tshark is not installed (Debian package tshark)");
	return cmocka_run_group_tests(by_tshark, NULL, NULL);
}
