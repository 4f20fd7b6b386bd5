/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gateway's own messages before two other parsers: every frame that any
 * builder makes must be accepted by libcoap's PDU parser with the same type,
 * code, Message ID, token and options, and tshark must find no fault in its
 * checksums or its CoAP.
 */
#include "causes.h"
#include "oracle.h"

static void test_libcoap(void **state)
{
	(void)state;
	assert_true(for_each_reply(oracle_libcoap) > 1000);
}

static void test_tshark(void **state)
{
	long made;

	(void)state;
	oracle_open();
	made = (long)for_each_reply(oracle_write);
	oracle_flush();
	assert_int_equal(oracle_count("coap && udp.checksum.status == 1"), made);
	assert_int_equal(oracle_count("ip.checksum.status == 1 || ipv6"), made);
	/* tshark 4.0 does not know option 252: what it says of it is left out */
	assert_int_equal(oracle_count("coap && _ws.expert && !(coap.code == 129)"), 0);
	assert_int_equal(oracle_count("coap.option_length_bad"), 0);
	/* 4.13 with the largest body there may be */
	assert_true(oracle_count("coap.code == 141 && coap.opt.size1 == 65536") > 100);
	oracle_close();
}

int main(int argc, char **argv)
{
	return oracle_run(argc, argv, test_libcoap, test_tshark);
}
