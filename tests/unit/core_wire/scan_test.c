/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scan, row by row: each way a message can be broken that one message
 * alone can decide (rows M1 to M60 of the catalogue of defects), beside the
 * nearest message that is whole; then the offsets of what is kept, and the
 * texts of path and query.
 */
#include "option.h"
#include "scan.h"
#include "../../splitmix.h"
#include <damper/reasons.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#define MSG(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

#define CON_GET 0x40, 0x01, 0x12, 0x34  /* Ver 1, CON, TKL 0; GET; Message ID 0x1234 */
#define NON_GET 0x50, 0x01, 0x12, 0x34
#define CON_POST 0x40, 0x02, 0x12, 0x34
#define ACK_205 0x60, 0x45, 0x12, 0x34

#define X4(...) __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__
#define X16(...) X4(X4(__VA_ARGS__))
#define X64(...) X4(X16(__VA_ARGS__))
#define X256(...) X4(X64(__VA_ARGS__))
#define X10(...) X4(__VA_ARGS__), X4(__VA_ARGS__), __VA_ARGS__, __VA_ARGS__

static const struct scan_case {
	const char *name;
	const uint8_t *msg;
	size_t len;
	uint8_t reason;
} cases[] = {
	{ "M1 no bytes", (const uint8_t *)"", 0, DAMP_REASON_COAP_SHORT },
	{ "M1 three bytes", MSG(0x40, 0x01, 0x12), DAMP_REASON_COAP_SHORT },
	{ "four bytes: GET /", MSG(CON_GET), 0 },

	{ "M2 version 0", MSG(0x00, 0x01, 0x12, 0x34), DAMP_REASON_COAP_VERSION },
	{ "M2 version 2", MSG(0x80, 0x01, 0x12, 0x34), DAMP_REASON_COAP_VERSION },
	{ "M2 version 3", MSG(0xc0, 0x01, 0x12, 0x34), DAMP_REASON_COAP_VERSION },
	{ "M2 version before all else", MSG(0x8f, 0xff, 0x12, 0x34), DAMP_REASON_COAP_VERSION },
	{ "M59 DTLS record", MSG(0x16, 0xfe, 0xfd, 0x00, 0x00), DAMP_REASON_COAP_VERSION },

	{ "M3 TKL 9", MSG(0x49, 0x01, 0x12, 0x34, X10(0x61)), DAMP_REASON_COAP_TKL },
	{ "M3 TKL 12", MSG(0x4c, 0x01, 0x12, 0x34, X16(0x61)), DAMP_REASON_COAP_TKL },
	{ "M3 TKL 15", MSG(0x4f, 0x01, 0x12, 0x34, X16(0x61)), DAMP_REASON_COAP_TKL },
	{ "M4 TKL 2, one byte", MSG(0x42, 0x01, 0x12, 0x34, 0x61), DAMP_REASON_COAP_TKL },
	{ "TKL 8", MSG(0x48, 0x01, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8), 0 },
	{ "AV-11 TKL 13, no length byte", MSG(0x4d, 0x01, 0x12, 0x34), DAMP_REASON_COAP_TKL },
	{ "AV-11 TKL 13, length 13, 12 bytes", MSG(0x4d, 0x01, 0x12, 0x34, 0x00, X10(1), 1, 1),
	  DAMP_REASON_COAP_TKL },
	{ "AV-11 TKL 13, length 13", MSG(0x4d, 0x01, 0x12, 0x34, 0x00, X10(1), 1, 1, 1),
	  DAMP_REASON_COAP_EXT_TOKEN },
	{ "AV-11 TKL 14, one length byte", MSG(0x4e, 0x01, 0x12, 0x34, 0x00), DAMP_REASON_COAP_TKL },
	{ "AV-11 TKL 14, length 269, too few", MSG(0x4e, 0x01, 0x12, 0x34, 0x00, 0x00, X256(1), X4(1),
	  X4(1), X4(1)), DAMP_REASON_COAP_TKL },
	{ "AV-11 TKL 14, length 269", MSG(0x4e, 0x01, 0x12, 0x34, 0x00, 0x00, X256(1), X4(1), X4(1),
	  X4(1), 1), DAMP_REASON_COAP_EXT_TOKEN },
	{ "AV-11 TKL 14, length 525, too few", MSG(0x4e, 0x01, 0x12, 0x34, 0x01, 0x00, X256(1), X256(1),
	  X10(1)), DAMP_REASON_COAP_TKL },
	{ "AV-11 in a response", MSG(0x6d, 0x45, 0x12, 0x34, 0x00, X10(1), 1, 1, 1),
	  DAMP_REASON_COAP_EXT_TOKEN },

	{ "M5 Empty with token", MSG(0x41, 0x00, 0x12, 0x34, 0x61), DAMP_REASON_COAP_EMPTY },
	{ "M5 Empty ACK with token", MSG(0x61, 0x00, 0x12, 0x34, 0x61), DAMP_REASON_COAP_EMPTY },
	{ "M5 Empty with option", MSG(0x40, 0x00, 0x12, 0x34, 0x60), DAMP_REASON_COAP_EMPTY },
	{ "M5 Empty RST with payload", MSG(0x70, 0x00, 0x12, 0x34, 0xff, 0x61), DAMP_REASON_COAP_EMPTY },
	{ "M6 Empty NON", MSG(0x50, 0x00, 0x12, 0x34), DAMP_REASON_COAP_EMPTY },
	{ "M7 ping", MSG(0x40, 0x00, 0x12, 0x34), 0 },
	{ "M8 Empty ACK", MSG(0x60, 0x00, 0x12, 0x34), 0 },
	{ "M8 Empty RST", MSG(0x70, 0x00, 0x12, 0x34), 0 },

	{ "M9 1.00", MSG(0x40, 0x20, 0x12, 0x34), DAMP_REASON_COAP_CODE },
	{ "M9 1.31", MSG(0x40, 0x3f, 0x12, 0x34), DAMP_REASON_COAP_CODE },
	{ "M10 3.00", MSG(0x40, 0x60, 0x12, 0x34), DAMP_REASON_COAP_CODE },
	{ "M11 6.00", MSG(0x40, 0xc0, 0x12, 0x34), DAMP_REASON_COAP_CODE },
	{ "M12 7.01 signalling", MSG(0x40, 0xe1, 0x12, 0x34), DAMP_REASON_COAP_CODE },
	{ "M13 7.02 signalling ping", MSG(0x40, 0xe2, 0x12, 0x34), DAMP_REASON_COAP_CODE },
	{ "0.31 unassigned method", MSG(0x40, 0x1f, 0x12, 0x34), 0 },
	{ "0.08 unassigned method", MSG(0x40, 0x08, 0x12, 0x34), 0 },
	{ "2.00", MSG(0x40, 0x40, 0x12, 0x34), 0 },
	{ "4.29", MSG(0x60, 0x9d, 0x12, 0x34), 0 },
	{ "5.31", MSG(0x50, 0xbf, 0x12, 0x34), 0 },

	{ "M14 request in ACK", MSG(0x60, 0x01, 0x12, 0x34), DAMP_REASON_COAP_TYPE_CODE },
	{ "M15 request in RST", MSG(0x70, 0x01, 0x12, 0x34), DAMP_REASON_COAP_TYPE_CODE },
	{ "M16 response in RST", MSG(0x70, 0x45, 0x12, 0x34), DAMP_REASON_COAP_TYPE_CODE },
	{ "response in CON", MSG(0x40, 0x45, 0x12, 0x34), 0 },

	{ "M18 bare marker", MSG(CON_GET, 0xff), DAMP_REASON_COAP_MARKER },
	{ "M18 bare marker behind an option", MSG(CON_GET, 0xb0, 0xff), DAMP_REASON_COAP_MARKER },
	{ "M49 GET with payload", MSG(CON_GET, 0xff, 0x61), 0 },
	{ "marker byte inside the payload", MSG(CON_GET, 0xff, 0xff), 0 },

	{ "M19 delta nibble 15", MSG(CON_GET, 0xf0), DAMP_REASON_COAP_OPTION },
	{ "M19 delta nibble 15, length 14", MSG(CON_GET, 0xfe, 0, 0, 0), DAMP_REASON_COAP_OPTION },
	{ "M20 length nibble 15", MSG(CON_GET, 0x1f, X16(0)), DAMP_REASON_COAP_OPTION },
	{ "M21 delta 13, nothing more", MSG(CON_GET, 0xd0), DAMP_REASON_COAP_OPTION },
	{ "M21 delta 14, one byte", MSG(CON_GET, 0xe0, 0x00), DAMP_REASON_COAP_OPTION },
	{ "M21 length 13, nothing more", MSG(CON_GET, 0xbd), DAMP_REASON_COAP_OPTION },
	{ "M21 length 14, one byte", MSG(CON_GET, 0xbe, 0x00), DAMP_REASON_COAP_OPTION },
	{ "M21 delta there, length not", MSG(CON_GET, 0xdd, 0x00), DAMP_REASON_COAP_OPTION },
	{ "M22 value past the end", MSG(CON_GET, 0xb2, 0x61), DAMP_REASON_COAP_OPTION },
	{ "M22 value of 65804 past the end", MSG(CON_GET, 0xbe, 0xff, 0xff, 0x61), DAMP_REASON_COAP_OPTION },

	{ "M23 65804 in one delta", MSG(CON_GET, 0xe0, 0xff, 0xff), DAMP_REASON_COAP_OPTION_NUMBER },
	{ "M23 65536", MSG(CON_GET, 0xe0, 0xfe, 0xf3), DAMP_REASON_COAP_OPTION_NUMBER },
	{ "M23 sum of two", MSG(CON_GET, 0xe0, 0x7f, 0xff, 0xe0, 0x7f, 0xff),
	  DAMP_REASON_COAP_OPTION_NUMBER },
	{ "M32 65535, experimental", MSG(CON_GET, 0xe0, 0xfe, 0xf2), DAMP_REASON_COAP_OPTION_NUMBER },
	{ "M32 65000, experimental", MSG(CON_GET, 0xe0, 0xfc, 0xdb), DAMP_REASON_COAP_OPTION_NUMBER },
	{ "64999, unknown", MSG(CON_GET, 0xe0, 0xfc, 0xda), 0 },
	{ "option 0, reserved, elective", MSG(CON_GET, 0x00), 0 },
	{ "64 options", MSG(CON_GET, X64(0x00)), 0 },
	{ "65 options", MSG(CON_GET, X64(0x00), 0x00), DAMP_REASON_COAP_OPTION_COUNT },

	{ "Uri-Path of 255", MSG(CON_GET, 0xbd, 242, X64(97), X64(97), X64(97), X16(97), X16(97),
	  X16(97), X10(97), X4(97), 97), 0 },
	{ "M24 Uri-Path of 256", MSG(CON_GET, 0xbd, 243, X256(97)), DAMP_REASON_COAP_OPTION_LEN },
	{ "M24 Uri-Query of 256", MSG(CON_GET, 0xdd, 2, 243, X256(97)), DAMP_REASON_COAP_OPTION_LEN },
	{ "Uri-Query empty", MSG(CON_GET, 0xd0, 2), 0 },
	{ "Uri-Path empty", MSG(CON_GET, 0xb0), 0 },
	{ "M25 Uri-Host empty", MSG(CON_GET, 0x30), DAMP_REASON_COAP_OPTION_LEN },
	{ "M26 If-None-Match with value", MSG(CON_POST, 0x51, 0x00), DAMP_REASON_COAP_OPTION_LEN },
	{ "If-Match of 9", MSG(CON_POST, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 9), DAMP_REASON_COAP_OPTION_LEN },
	{ "M27 Observe of 4", MSG(CON_GET, 0x64, 0, 0, 0, 0), DAMP_REASON_COAP_OPTION_LEN },
	{ "Observe of 3, leading zeros", MSG(CON_GET, 0x63, 0, 0, 1), 0 },
	{ "M28 Block2 of 4", MSG(CON_GET, 0xd4, 10, 0, 0, 0, 0), DAMP_REASON_COAP_OPTION_LEN },
	{ "M28 Block1 of 4", MSG(CON_POST, 0xd4, 14, 0, 0, 0, 0), DAMP_REASON_COAP_OPTION_LEN },
	{ "M28 Q-Block1 of 4", MSG(CON_POST, 0xd4, 6, 0, 0, 0, 0), DAMP_REASON_COAP_OPTION_LEN },
	{ "M28 Q-Block2 of 4", MSG(CON_GET, 0xd4, 18, 0, 0, 0, 0), DAMP_REASON_COAP_OPTION_LEN },
	{ "Uri-Port of 3", MSG(CON_GET, 0x73, 0, 0, 0), DAMP_REASON_COAP_OPTION_LEN },
	{ "Accept of 3", MSG(CON_GET, 0xd3, 4, 0, 0, 0), DAMP_REASON_COAP_OPTION_LEN },
	{ "Uri-Path-Abbrev of 5", MSG(CON_GET, 0xd5, 0, 0, 0, 0, 0, 0), DAMP_REASON_COAP_OPTION_LEN },
	{ "Proxy-Scheme empty", MSG(CON_GET, 0xd0, 26), DAMP_REASON_COAP_OPTION_LEN },
	{ "M29 Echo of 41", MSG(CON_GET, 0xdd, 239, 28, X10(1), X10(1), X10(1), X10(1), 1),
	  DAMP_REASON_COAP_OPTION_LEN },
	{ "Echo of 40", MSG(CON_GET, 0xdd, 239, 27, X10(1), X10(1), X10(1), X10(1)), 0 },
	{ "M30 Echo of 0", MSG(CON_GET, 0xd0, 239), 0 },
	{ "M31 Max-Age of 5", MSG(ACK_205, 0xd5, 1, 0, 0, 0, 0, 0), DAMP_REASON_COAP_OPTION_LEN },
	{ "M31 Size2 of 5", MSG(CON_GET, 0xd5, 15, 0, 0, 0, 0, 0), DAMP_REASON_COAP_OPTION_LEN },
	{ "M31 Size1 of 5", MSG(CON_POST, 0xd5, 47, 0, 0, 0, 0, 0), DAMP_REASON_COAP_OPTION_LEN },
	{ "M42 Size1 of 2^32-1", MSG(CON_POST, 0xd4, 47, 0xff, 0xff, 0xff, 0xff), 0 },
	{ "ETag of 9, elective", MSG(ACK_205, 0x49, 1, 2, 3, 4, 5, 6, 7, 8, 9), 0 },
	{ "Content-Format of 3, elective", MSG(CON_POST, 0xc3, 0, 0, 0), 0 },
	{ "Hop-Limit of 2, elective", MSG(CON_GET, 0xd2, 3, 0, 0), 0 },
	{ "No-Response of 2, elective", MSG(CON_GET, 0xd2, 245, 0, 0), 0 },

	{ "M32 unknown critical 25", MSG(CON_GET, 0xd0, 12), 0 },
	{ "292, the highest known", MSG(CON_GET, 0xe0, 0x00, 0x17), 0 },
	{ "293, the first behind it, critical", MSG(CON_GET, 0xe0, 0x00, 0x18), 0 },
	{ "M33 unknown elective 2050", MSG(CON_GET, 0xe1, 0x06, 0xf5, 0x61), 0 },

	{ "M34 Uri-Host twice", MSG(CON_GET, 0x31, 97, 0x01, 98), DAMP_REASON_COAP_OPTION_REPEATED },
	{ "M34 Uri-Port twice", MSG(CON_GET, 0x71, 1, 0x01, 2), DAMP_REASON_COAP_OPTION_REPEATED },
	{ "M34 Proxy-Uri twice", MSG(CON_GET, 0xd1, 22, 97, 0x01, 98), DAMP_REASON_COAP_OPTION_REPEATED },
	{ "M34 Block1 twice", MSG(CON_POST, 0xd1, 14, 8, 0x01, 8), DAMP_REASON_COAP_OPTION_REPEATED },
	{ "M34 Q-Block1 twice", MSG(CON_POST, 0xd1, 6, 8, 0x01, 8), DAMP_REASON_COAP_OPTION_REPEATED },
	{ "M35 Observe 1 then 0", MSG(CON_GET, 0x61, 1, 0x00), DAMP_REASON_COAP_OPTION_REPEATED },
	{ "M36 Block2 twice", MSG(CON_GET, 0xd1, 10, 2, 0x01, 6), DAMP_REASON_COAP_OPTION_REPEATED },
	{ "If-None-Match twice", MSG(CON_POST, 0x50, 0x00), DAMP_REASON_COAP_OPTION_REPEATED },
	{ "Accept twice", MSG(CON_GET, 0xd0, 4, 0x00), DAMP_REASON_COAP_OPTION_REPEATED },
	{ "OSCORE twice", MSG(CON_POST, 0x90, 0x00, 0xff, 1), DAMP_REASON_COAP_OPTION_REPEATED },
	{ "Content-Format twice, elective", MSG(CON_POST, 0xc0, 0x01, 40), 0 },
	{ "Max-Age twice, elective", MSG(ACK_205, 0xd1, 1, 5, 0x01, 6), 0 },
	{ "Q-Block2 twice, repeatable", MSG(CON_GET, 0xd1, 18, 0x10, 0x01, 0x20), 0 },
	{ "Uri-Path twice", MSG(CON_GET, 0xb1, 97, 0x01, 98), 0 },
	{ "Request-Tag twice", MSG(CON_POST, 0xe1, 0x00, 0x17, 1, 0x01, 2), 0 },

	{ "M37 Block2 SZX 7", MSG(CON_GET, 0xd1, 10, 0x07), DAMP_REASON_COAP_OPTION_VALUE },
	{ "M37 Block2 SZX 7, leading zeros", MSG(CON_GET, 0xd3, 10, 0x00, 0x00, 0x07),
	  DAMP_REASON_COAP_OPTION_VALUE },
	{ "M37 Block1 SZX 7", MSG(CON_POST, 0xd1, 14, 0x0f), DAMP_REASON_COAP_OPTION_VALUE },
	{ "M37 Q-Block1 SZX 7", MSG(CON_POST, 0xd1, 6, 0x0f), DAMP_REASON_COAP_OPTION_VALUE },
	{ "M37 Q-Block2 SZX 7 in the second", MSG(CON_GET, 0xd1, 18, 0x10, 0x01, 0x27),
	  DAMP_REASON_COAP_OPTION_VALUE },
	{ "M38 Block2 M=1 in a request", MSG(CON_GET, 0xd1, 10, 0x0e), 0 },
	{ "M39 Block2 NUM 0xfffff", MSG(CON_GET, 0xd3, 10, 0xff, 0xff, 0xf6), 0 },
	{ "M47 Hop-Limit 0", MSG(CON_GET, 0xd1, 3, 0), DAMP_REASON_COAP_OPTION_VALUE },
	{ "Hop-Limit 1", MSG(CON_GET, 0xd1, 3, 1), 0 },
	{ "M48 Uri-Path .", MSG(CON_GET, 0xb1, '.'), DAMP_REASON_COAP_OPTION_VALUE },
	{ "M48 Uri-Path ..", MSG(CON_GET, 0xb1, 'a', 0x02, '.', '.'), DAMP_REASON_COAP_OPTION_VALUE },
	{ "Uri-Path ...", MSG(CON_GET, 0xb3, '.', '.', '.'), 0 },
	{ "Uri-Path .a", MSG(CON_GET, 0xb2, '.', 'a'), 0 },

	{ "M44 Block2 with Q-Block2", MSG(CON_GET, 0xd0, 10, 0x80), DAMP_REASON_COAP_OPTION_MIX },
	{ "M44 Q-Block1 with Block1", MSG(CON_POST, 0xd0, 6, 0x80), DAMP_REASON_COAP_OPTION_MIX },
	{ "M45 OSCORE without payload", MSG(CON_POST, 0x90), DAMP_REASON_COAP_OPTION_MIX },
	{ "OSCORE with payload", MSG(CON_POST, 0x90, 0xff, 1), 0 },
	{ "path and abbreviation", MSG(CON_GET, 0xb1, 97, 0x20), DAMP_REASON_COAP_OPTION_MIX },
	{ "M46 Proxy-Uri", MSG(CON_GET, 0xd1, 22, 97), 0 },
	{ "M50 Observe 2 in a request", MSG(CON_GET, 0x61, 2), 0 },
	{ "M51 Observe in POST", MSG(CON_POST, 0x60), 0 },
	{ "M60 no UTF-8 in a path", MSG(CON_GET, 0xb2, 0xff, 0x00), 0 },
	{ "NON GET", MSG(NON_GET), 0 },
};

/* Scan an exact-size heap copy, so that a sanitizer sees a read past the end. */
static void scan_copy(const uint8_t *msg, size_t len, struct damp_coap *m)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, msg, len);
	damp_coap_scan(copy, len, m);
	free(copy);
}

static void test_reasons(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct damp_coap m;

		scan_copy(cases[i].msg, cases[i].len, &m);
		if (m.malformed != cases[i].reason) {
			print_error("%s: reason %u, wanted %u\n", cases[i].name, m.malformed,
					cases[i].reason);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

/* Every message that is accepted is refused when its last byte is missing, or
 * is another message inside its bounds: no prefix may be read past its end. */
static void test_prefixes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t len = 0; len < cases[i].len; len++) {
			struct damp_coap m;

			scan_copy(cases[i].msg, len, &m);
			if (m.malformed)
				continue;
			assert_true(m.payload_off + m.payload_len == len);
			assert_true(m.options_off <= m.payload_off);
			assert_true(m.path_end <= len && m.query_end <= len);
		}
	}
}

/* All that the scan keeps, in one request. */
static void test_request_fields(void **state)
{
	static const uint8_t msg[] = {
		0x42, 0x05, 0xbe, 0xef,         /* 0: CON, TKL 2; FETCH; MID 0xbeef */
		0xaa, 0xbb,                     /* 4: token */
		0x62, 0x00, 0x01,               /* 6: Observe 1 with a leading zero */
		0x52, 'a', '/',                 /* 9: Uri-Path "a/" */
		0x00,                           /* 12: Uri-Path "" */
		0x41, 'q',                      /* 13: Uri-Query "q" */
		0x82, 0x01, 0x06,               /* 15: Block2 NUM 16, SZX 6 */
		0xd3, 0xd8, 1, 2, 3,            /* 18: Echo of 3 bytes */
		0xd0, 27,                       /* 23: Request-Tag, empty */
		0xe0, 0x06, 0xd0,               /* 25: 2305, unknown critical */
		0x10,                           /* 28: 2306, unknown elective */
		0xff, 'x', 'y',                 /* 29: payload */
	};
	struct damp_coap m;

	(void)state;
	scan_copy(msg, sizeof(msg), &m);
	assert_int_equal(m.malformed, 0);
	assert_int_equal(m.type, DAMP_COAP_CON);
	assert_int_equal(m.code, DAMP_COAP_FETCH);
	assert_int_equal(m.mid, 0xbeef);
	assert_int_equal(m.len, sizeof(msg));
	assert_int_equal(m.tkl, 2);
	assert_int_equal(m.token_len, 2);
	assert_int_equal(m.token_off, 4);
	assert_int_equal(m.options_off, 6);
	assert_int_equal(m.noptions, 9);
	assert_int_equal(m.observe, 1);
	assert_int_equal(m.observe_off, 6);
	assert_int_equal(m.observe_hdr, 1);
	assert_int_equal(m.path_off, 9);
	assert_int_equal(m.path_end, 13);
	assert_int_equal(m.npath, 2);
	assert_int_equal(m.path_text_len, 4);
	assert_int_equal(m.query_off, 13);
	assert_int_equal(m.query_end, 15);
	assert_int_equal(m.nquery, 1);
	assert_int_equal(m.query_text_len, 2);
	assert_int_equal(m.block2, 0x106);
	assert_int_equal(m.block2_off, 15);
	assert_int_equal(m.block2_hdr, 1);
	assert_int_equal(m.block2_len, 3);
	assert_int_equal(m.block2_vlen, 2);
	assert_int_equal(m.echo_off, 20);
	assert_int_equal(m.echo_len, 3);
	assert_int_equal(m.payload_off, 30);
	assert_int_equal(m.payload_len, 2);
	assert_int_equal(m.options, 1ull << DAMP_OPTBIT_OBSERVE | 1ull << DAMP_OPTBIT_URI_PATH |
				    1ull << DAMP_OPTBIT_URI_QUERY | 1ull << DAMP_OPTBIT_BLOCK2 |
				    1ull << DAMP_OPTBIT_ECHO | 1ull << DAMP_OPTBIT_REQUEST_TAG |
				    1ull << DAMP_OPTBIT_UNKNOWN_CRITICAL |
				    1ull << DAMP_OPTBIT_UNKNOWN_ELECTIVE);
}

static void test_response_fields(void **state)
{
	static const uint8_t msg[] = {
		0x51, 0x45, 0x00, 0x01,         /* NON, TKL 1; 2.05 */
		0x4a,                           /* token */
		0xd1, 0x0e, 0x0e,               /* Block1 NUM 0, M, SZX 6 */
		0x14, 0x00, 0x00, 0x10, 0x00,   /* Size2 4096 */
	};
	struct damp_coap m;

	(void)state;
	scan_copy(msg, sizeof(msg), &m);
	assert_int_equal(m.malformed, 0);
	assert_int_equal(m.type, DAMP_COAP_NON);
	assert_int_equal(m.code, DAMP_COAP_2_05);
	assert_int_equal(m.block1, 0x0e);
	assert_int_equal(m.payload_off, sizeof(msg));
	assert_int_equal(m.payload_len, 0);
	assert_int_equal(m.options, 1ull << DAMP_OPTBIT_BLOCK1 | 1ull << DAMP_OPTBIT_SIZE2);
}

/* M30 and the like: an option that does not count leaves no trace but one. */
static void test_ignored_options(void **state)
{
	static const uint8_t echo0[] = { CON_GET, 0xd0, 239 };
	static const uint8_t two_formats[] = { CON_POST, 0xc0, 0x01, 40 };
	struct damp_coap m;

	(void)state;
	scan_copy(echo0, sizeof(echo0), &m);
	assert_false(damp_coap_has(&m, DAMP_OPTBIT_ECHO));
	assert_int_equal(m.options, 1ull << DAMP_OPTBIT_UNKNOWN_ELECTIVE);
	scan_copy(two_formats, sizeof(two_formats), &m);
	assert_int_equal(m.options, 1ull << DAMP_OPTBIT_CONTENT_FORMAT |
			1ull << DAMP_OPTBIT_UNKNOWN_ELECTIVE);
}

/* Type, code and mid stand when four bytes were there, whatever else is wrong. */
static void test_malformed_keeps_header(void **state)
{
	static const uint8_t msg[] = { 0x5f, 0x02, 0xca, 0xfe };
	static const uint8_t ext[] = { 0x4d, 0x01, 0x12, 0x34, 1, X10(9), X4(9) };
	struct damp_coap m;

	(void)state;
	scan_copy(msg, sizeof(msg), &m);
	assert_int_equal(m.malformed, DAMP_REASON_COAP_TKL);
	assert_int_equal(m.type, DAMP_COAP_NON);
	assert_int_equal(m.code, DAMP_COAP_POST);
	assert_int_equal(m.mid, 0xcafe);
	scan_copy(ext, sizeof(ext), &m);
	assert_int_equal(m.malformed, DAMP_REASON_COAP_EXT_TOKEN);
	assert_int_equal(m.token_off, 5);
	assert_int_equal(m.token_len, 14);
}

static const struct text_case {
	const uint8_t *msg;
	size_t len;
	const char *path, *query;
} texts[] = {
	{ MSG(CON_GET), "/", "" },
	{ MSG(CON_GET, 0xb0), "/", "" },
	{ MSG(CON_GET, 0xb1, 'a', 0x01, 'b'), "/a/b", "" },
	{ MSG(CON_GET, 0xb1, 'a', 0x00, 0x01, 'b'), "/a//b", "" },
	{ MSG(CON_GET, 0xb3, 'a', '/', 'b'), "/a%2Fb", "" },
	{ MSG(CON_GET, 0xb3, '%', '2', 'F'), "/%252F", "" },
	{ MSG(CON_GET, 0xb5, 0x00, ' ', '!', '~', 0x7f), "/%00%20!~%7F", "" },
	{ MSG(CON_GET, 0xb1, 0xe9), "/%E9", "" },
	/* a Uri-Host before it: the first header has a delta of its own */
	{ MSG(CON_GET, 0x31, 'h', 0x81, 'a', 0x41, 'x', 0x03, 'y', '&', '='), "/a", "x&y%26=" },
	{ MSG(CON_GET, 0xd0, 2, 0x00), "/", "&" },
	{ MSG(CON_GET, 0xd1, 2, '/'), "/", "%2F" },
	{ MSG(CON_GET, 0xd0, 0), "/.well-known/core", "" },
	{ MSG(CON_GET, 0xd2, 0, 0, 0), "/.well-known/core", "" },
	{ MSG(CON_GET, 0xd1, 0, 7), "%abbrev/7", "" },
	{ MSG(CON_GET, 0xd4, 0, 0xff, 0xff, 0xff, 0xff, 0x21, 'q'), "%abbrev/4294967295", "q" },
};

static void test_texts(void **state)
{
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct text_case *t = &texts[i];
		const size_t np = strlen(t->path), nq = strlen(t->query);
		struct damp_coap m;

		damp_coap_scan(t->msg, t->len, &m);
		assert_int_equal(m.malformed, 0);
		assert_int_equal(damp_coap_path_text(t->msg, &m, out, sizeof(out)), np);
		assert_memory_equal(out, t->path, np);
		assert_int_equal(damp_coap_query_text(t->msg, &m, out, sizeof(out)), nq);
		assert_memory_equal(out, t->query, nq);
		/* exactly enough room, and one byte less */
		assert_int_equal(damp_coap_path_text(t->msg, &m, out, np), np);
		assert_int_equal(damp_coap_path_text(t->msg, &m, out, np - 1), -1);
		if (nq)
			assert_int_equal(damp_coap_query_text(t->msg, &m, out, nq - 1), -1);
	}
}

/* Each value of delta and length has one encoding, and it reads back. */
static void test_option_round_trip(void **state)
{
	static const uint32_t edge[] = { 0, 1, 12, 13, 14, 268, 269, 270, 1034, 65535, 65804 };
	const size_t n = sizeof(edge) / sizeof(edge[0]);
	static uint8_t buf[DAMP_OPT_HDR_MAX + 65804];

	(void)state;
	for (size_t i = 0; i < n * n; i++) {
		const uint32_t delta = edge[i / n], len = edge[i % n];
		const uint32_t ext = (delta > 12) + (delta > 268) + (len > 12) + (len > 268);
		struct damp_opt o;

		assert_int_equal(damp_opt_write(buf, delta, len), 1 + ext);
		assert_true(damp_opt_read(buf, 1 + ext + len, &o));
		assert_int_equal(o.delta, delta);
		assert_int_equal(o.len, len);
		assert_int_equal(o.hdr, 1 + ext);
	}
}

/* A message as requests are: header, token, a path of short segments; sometimes other
 * options, a payload; and something wrong in every second. */
static size_t draw_message(uint64_t *rng, uint8_t *m)
{
	/* Segments, Content-Formats behind a path of legal length and not, queries, one without a path */
	static const char others[][5] = { "\x00", "\x01x", "\x02..", "\x01.", "\x10", "\x12xy", "\x13xyz", "\x41?",
					  "\x61?", "\xc1\x16" };
	const uint64_t r = splitmix(rng);
	const unsigned tkl = (unsigned)(r % 9), way = (unsigned)(r >> 4 & 63);
	const unsigned segments = way > 60 ? 60 + way % 9 : way % 5;
	size_t n = 4 + tkl;

	memset(m, 'a', 1400);
	m[0] = (uint8_t)(0x40 | (r >> 12 & 1) << 4 | tkl);
	m[1] = (uint8_t)(r >> 13 & 7 ? 1 : 0x45);
	for (unsigned i = 0; i < segments; i++) {
		const unsigned len = (unsigned)(splitmix(rng) % 14);

		m[n] = (uint8_t)((i ? 0 : 0xb0) | len);
		n += 1 + len;
		if (len == 13)
			m[n - 13] = (uint8_t)(splitmix(rng) % 4);   /* a second byte of the header */
	}
	for (unsigned i = (unsigned)(r >> 20 & 3); i < 2; i++) {
		const char *o = others[splitmix(rng) % (sizeof(others) / sizeof(others[0]))];

		memcpy(m + n, o, 1 + (o[0] & 3));
		n += 1u + (o[0] & 3);
	}
	if (r >> 30 & 1)
		memcpy(m + n, "\xffpayload", 8);
	n += r >> 30 & 1 ? r >> 31 & 7 : 0;
	if (r >> 40 & 1)
		m[splitmix(rng) % n] ^= (uint8_t)(1u << (r >> 41 & 7));
	return r >> 50 & 7 ? n : splitmix(rng) % (n + 1);
}

static size_t filled(const struct damp_coap *m)
{
	return damp_coap_is_bare(m) ? DAMP_COAP_BARE : sizeof(*m);
}

/* The short cut against the scan without it, from memory that ends with the message. */
static void test_short_cut(void **state)
{
	uint64_t rng = 20261122;
	unsigned good = 0, bad = 0;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		uint8_t buf[1400];
		const size_t len = draw_message(&rng, buf);
		uint8_t *msg = malloc(len ? len : 1);
		struct damp_coap m, fully;

		assert_non_null(msg);
		memcpy(msg, buf, len);
		memset(&m, 0xa5, sizeof(m));
		damp_coap_scan(msg, len, &m);
		damp_coap_scan_fully(msg, len, &fully);
		free(msg);
		good += !m.malformed;
		bad += m.malformed != 0;
		if (m.malformed != fully.malformed || m.type != fully.type || m.code != fully.code || m.mid != fully.mid ||
		    (!m.malformed && memcmp(&m, &fully, filled(&fully)) != 0))
			fail_msg("message %u: reason %u and %u", i, m.malformed, fully.malformed);
	}
	assert_in_range(good, 50000, 150000);
	assert_in_range(bad, 50000, 150000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_request_fields),
		cmocka_unit_test(test_response_fields),
		cmocka_unit_test(test_ignored_options),
		cmocka_unit_test(test_malformed_keeps_header),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_option_round_trip),
		cmocka_unit_test(test_short_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
