/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rewritten messages before two other parsers: what comes out of every row of
 * rewrites.c must be accepted by libcoap's PDU parser with the same type,
 * code, Message ID, token and options, and tshark must find no fault in its
 * checksums or its CoAP.
 */
#include "rewrites.h"
#include "oracle.h"

static void test_libcoap(void **state)
{
	(void)state;
	assert_true(for_each_rewrite(oracle_libcoap) > 300);
}

static long sliced;

static void write_frame(const uint8_t *out, size_t len, const struct cause *c)
{
	struct damp_frame f;
	struct damp_coap m;

	damp_frame_parse(out, len, test_ports(), false, &f);
	damp_coap_scan(out + f.payload_off, f.payload_len, &m);
	sliced += damp_coap_has(&m, DAMP_OPTBIT_BLOCK2) && m.block2 == 2;
	oracle_write(out, len, c);
}

static void test_tshark(void **state)
{
	long made;

	(void)state;
	oracle_open();
	made = (long)for_each_rewrite(write_frame);
	oracle_flush();
	assert_int_equal(oracle_count("coap && udp.checksum.status == 1"), made);
	assert_int_equal(oracle_count("ip.checksum.status == 1 || ipv6"), made);
	assert_int_equal(oracle_count("coap.opt.name contains \"Block2\" && coap.opt.block_number == 0 && "
				      "coap.opt.block_size == 2 && coap.opt.block_mflag == 0"), sliced);
	/* tshark 4.0 calls an option malformed for a number it does not know */
	assert_int_equal(oracle_count("_ws.malformed && !coap.invalid_option_number"), 0);
	assert_int_equal(oracle_count("coap.option_length_bad || coap.invalid_option_range"), 0);
	oracle_close();
}

int main(int argc, char **argv)
{
	return oracle_run(argc, argv, test_libcoap, test_tshark);
}
