/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CoAP protocol constants by their RFC names, shared by the data plane that
 * judges messages and the control plane that names them in rules.
 *
 * Invariant: these are numbers of the protocol, never tunables. A tunable is a
 * rule-file value and lives in program.h.
 *
 * References: RFC 7252 sections 3, 4.8, 12; RFC 7641; RFC 7959; RFC 8323;
 * RFC 8974; RFC 9175; RFC 9177; the IANA registry "CoRE Parameters".
 */
#ifndef DAMPER_COAP_H
#define DAMPER_COAP_H

#include <stdint.h>

#define DAMP_COAP_HEADER_LEN 4u
#define DAMP_COAP_VERSION 1u
#define DAMP_COAP_PAYLOAD_MARKER 0xffu
#define DAMP_COAP_TOKEN_MAX 8u        /* RFC 7252 section 3 */
#define DAMP_COAP_TKL_EXT8 13u        /* RFC 8974 section 2.1 */
#define DAMP_COAP_TKL_EXT16 14u       /* RFC 8974 section 2.1 */
#define DAMP_COAP_ECHO_MAX 40u        /* RFC 9175 section 2.2.1 */
#define DAMP_COAP_OPTIONS_MAX 64u     /* bound of one scan; more is malformed for us */

#define DAMP_PORT_COAP 5683u          /* RFC 7252 section 12.6 */
#define DAMP_PORT_COAPS 5684u         /* RFC 7252 section 12.7, DTLS */

/* RFC 7252 section 4.8, in seconds. */
#define DAMP_COAP_ACK_TIMEOUT_S 2u
#define DAMP_COAP_MAX_RETRANSMIT 4u
#define DAMP_COAP_EXCHANGE_LIFETIME_S 247u
#define DAMP_COAP_NON_LIFETIME_S 145u

enum damp_coap_type {
	DAMP_COAP_CON = 0,
	DAMP_COAP_NON = 1,
	DAMP_COAP_ACK = 2,
	DAMP_COAP_RST = 3,
	DAMP_COAP_TYPE_MAX
};

#define DAMP_COAP_CODE(cls, detail) ((uint8_t)(((cls) << 5) | (detail)))
#define DAMP_COAP_CLASS(code) ((uint8_t)((code) >> 5))
#define DAMP_COAP_DETAIL(code) ((uint8_t)((code)&0x1f))

/*
 * Methods and response codes: X(NAME, class, detail, "text"). The text is what
 * a rule file writes for a method; responses are written "2.05".
 */
#define DAMP_COAP_METHODS(X)      \
	X(GET, 0, 1, "GET")       \
	X(POST, 0, 2, "POST")     \
	X(PUT, 0, 3, "PUT")       \
	X(DELETE, 0, 4, "DELETE") \
	X(FETCH, 0, 5, "FETCH")   \
	X(PATCH, 0, 6, "PATCH")   \
	X(IPATCH, 0, 7, "iPATCH")

#define DAMP_COAP_CODE_EMPTY 0u
enum damp_coap_method {
#define X(name, cls, det, text) DAMP_COAP_##name = ((cls) << 5) | (det),
	DAMP_COAP_METHODS(X)
#undef X
};

#define DAMP_COAP_2_01 DAMP_COAP_CODE(2, 1)
#define DAMP_COAP_2_05 DAMP_COAP_CODE(2, 5)
#define DAMP_COAP_2_31 DAMP_COAP_CODE(2, 31)
#define DAMP_COAP_4_01 DAMP_COAP_CODE(4, 1)
#define DAMP_COAP_4_02 DAMP_COAP_CODE(4, 2)
#define DAMP_COAP_4_03 DAMP_COAP_CODE(4, 3)
#define DAMP_COAP_4_00 DAMP_COAP_CODE(4, 0)
#define DAMP_COAP_4_08 DAMP_COAP_CODE(4, 8)  /* RFC 7959 */
#define DAMP_COAP_4_13 DAMP_COAP_CODE(4, 13)
#define DAMP_COAP_4_29 DAMP_COAP_CODE(4, 29) /* RFC 8516 */
#define DAMP_COAP_5_03 DAMP_COAP_CODE(5, 3)
#define DAMP_COAP_5_05 DAMP_COAP_CODE(5, 5)

/*
 * Options the judge knows: X(NAME, number, min length, max length,
 * repeatable, "rule-file name"). The lengths are those of the defining RFC
 * (attacks.md 1.4 lists each); an option outside of them is treated per RFC
 * 7252 section 5.4.3. The order gives each option its bit in
 * struct damp_coap.options.
 */
#define DAMP_COAP_OPTIONS(X)                                             \
	X(IF_MATCH, 1, 0, 8, 1, "if-match")                              \
	X(URI_HOST, 3, 1, 255, 0, "uri-host")                            \
	X(ETAG, 4, 1, 8, 1, "etag")                                      \
	X(IF_NONE_MATCH, 5, 0, 0, 0, "if-none-match")                    \
	X(OBSERVE, 6, 0, 3, 0, "observe")                                \
	X(URI_PORT, 7, 0, 2, 0, "uri-port")                              \
	X(LOCATION_PATH, 8, 0, 255, 1, "location-path")                  \
	X(OSCORE, 9, 0, 255, 0, "oscore")                                \
	X(URI_PATH, 11, 0, 255, 1, "uri-path")                           \
	X(CONTENT_FORMAT, 12, 0, 2, 0, "content-format")                 \
	X(URI_PATH_ABBREV, 13, 0, 4, 0, "uri-path-abbrev")               \
	X(MAX_AGE, 14, 0, 4, 0, "max-age")                               \
	X(URI_QUERY, 15, 0, 255, 1, "uri-query")                         \
	X(HOP_LIMIT, 16, 1, 1, 0, "hop-limit")                           \
	X(ACCEPT, 17, 0, 2, 0, "accept")                                 \
	X(Q_BLOCK1, 19, 0, 3, 0, "q-block1")                             \
	X(LOCATION_QUERY, 20, 0, 255, 1, "location-query")               \
	X(EDHOC, 21, 0, 0, 0, "edhoc")                                   \
	X(BLOCK2, 23, 0, 3, 0, "block2")                                 \
	X(BLOCK1, 27, 0, 3, 0, "block1")                                 \
	X(SIZE2, 28, 0, 4, 0, "size2")                                   \
	X(Q_BLOCK2, 31, 0, 3, 1, "q-block2")                             \
	X(PROXY_URI, 35, 1, 1034, 0, "proxy-uri")                        \
	X(PROXY_SCHEME, 39, 1, 255, 0, "proxy-scheme")                   \
	X(SIZE1, 60, 0, 4, 0, "size1")                                   \
	X(PROXY_CRI, 235, 1, 1023, 0, "proxy-cri")                       \
	X(PROXY_SCHEME_NUMBER, 239, 0, 3, 0, "proxy-scheme-number")      \
	X(ECHO, 252, 1, 40, 0, "echo")                                   \
	X(NO_RESPONSE, 258, 0, 1, 0, "no-response")                      \
	X(REQUEST_TAG, 292, 0, 8, 1, "request-tag")

enum damp_coap_option {
#define X(name, num, min, max, rep, text) DAMP_COAP_OPT_##name = (num),
	DAMP_COAP_OPTIONS(X)
#undef X
};

/* Dense index of a known option: the bit in struct damp_coap.options. */
enum damp_coap_option_bit {
#define X(name, num, min, max, rep, text) DAMP_OPTBIT_##name,
	DAMP_COAP_OPTIONS(X)
#undef X
	DAMP_OPTBIT_UNKNOWN_CRITICAL,
	DAMP_OPTBIT_UNKNOWN_ELECTIVE,
	DAMP_OPTBIT_MAX
};
_Static_assert(DAMP_OPTBIT_MAX <= 64, "option presence must fit one word");

/* RFC 7252 section 12.2: 65000 to 65535 are for experiments only. */
#define DAMP_COAP_OPT_EXPERIMENTAL 65000u

#endif
