/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scan's short cut for usual messages, inline for the loop over a burst (parse.c)
 * and for damp_coap_scan().
 *
 * Idea: the usual header, a path or a Content-Format and perhaps a payload, which is
 * what most messages consist of, are taken here in registers. damp_coap_scan_from() goes on
 * where there are other options, and what is wrong is left to damp_coap_scan_fully().
 *
 * Invariant: m is what damp_coap_scan_fully() makes of the message (scan_test.c,
 * scan_fuzz.c). Nothing behind its end is read.
 */
#ifndef DAMP_CORE_SCAN_PLAIN_H
#define DAMP_CORE_SCAN_PLAIN_H

#include "option.h"
#include "scan.h"

/* "." or "..", of which no segment may consist. */
static inline bool damp_is_dots(const uint8_t *val, uint32_t len)
{
	return len - 1 < 2 && val[0] == '.' && val[len - 1] == '.';
}

#define DAMP_SCAN_FORMAT_MAX 2u         /* bytes of a Content-Format: scan.c's table */

/* scan.c: go on in m from the option at pos, the one before it of this number. */
void damp_coap_scan_from(const uint8_t *msg, uint32_t len, uint32_t pos, uint32_t number, struct damp_coap *m);

/* For a first byte of version 1 with a token of at most eight bytes, the classes of
 * code that its type may have: a request is CON or NON, a response one of those or ACK. */
#define DAMP_SCAN_RESPONSES (1u << 2 | 1u << 4 | 1u << 5)
static const uint8_t damp_scan_classes[256] = {
	[0x40 ... 0x48] = DAMP_SCAN_RESPONSES | 1, [0x50 ... 0x58] = DAMP_SCAN_RESPONSES | 1,
	[0x60 ... 0x68] = DAMP_SCAN_RESPONSES,
};
_Static_assert(DAMP_COAP_VERSION == 1 && DAMP_COAP_CON == 0 && DAMP_COAP_NON == 1 && DAMP_COAP_ACK == 2 &&
	       DAMP_COAP_TOKEN_MAX == 8, "the first byte");

/* For a code the bit of its class: of a request, not of an empty message, or of a response. */
static const uint8_t damp_scan_class_of[256] = {
	[1 ... 0x1f] = 1, [0x40 ... 0x5f] = 1u << 2, [0x80 ... 0x9f] = 1u << 4, [0xa0 ... 0xbf] = 1u << 5,
};
_Static_assert(DAMP_COAP_CODE_EMPTY == 0, "the code");

static inline bool damp_scan_usual(uint32_t first, uint32_t code)
{
	return damp_scan_classes[first] & damp_scan_class_of[code];
}

/* The options from pos on that are segments of the path with a header of one byte.
 * Stops before all else, and before what is wrong. */
static inline uint32_t damp_scan_path(const uint8_t *msg, uint32_t len, uint32_t pos, uint32_t *segments)
{
	uint32_t delta = DAMP_COAP_OPT_URI_PATH << 4, n = 0;

	for (; pos < len && n < DAMP_COAP_OPTIONS_MAX; n++) {
		const uint32_t vlen = msg[pos] - delta;

		if (vlen >= DAMP_OPT_EXT8 || vlen >= len - pos || damp_unlikely(damp_is_dots(msg + pos + 1, vlen)))
			break;
		pos += 1 + vlen;
		delta = 0;
	}
	*segments = n;
	return pos;
}

/* A Content-Format at pos, behind an option of that number: of legal length, with a header
 * of one byte and its value inside the message? Moves pos behind it. */
static inline bool damp_scan_format(const uint8_t *msg, uint32_t len, uint32_t *pos, uint32_t number)
{
	const uint32_t vlen = msg[*pos] - ((DAMP_COAP_OPT_CONTENT_FORMAT - number) << 4);

	if (vlen > DAMP_SCAN_FORMAT_MAX || vlen >= len - *pos)
		return false;
	*pos += 1 + vlen;
	return true;
}

/* What is behind the path, at pos. True: a Content-Format, a payload or both, and no more. */
static inline bool damp_scan_rest(const uint8_t *msg, uint32_t len, uint32_t pos, struct damp_coap *m)
{
	uint32_t number = m->npath > 0 ? DAMP_COAP_OPT_URI_PATH : 0;

	if (m->npath < DAMP_COAP_OPTIONS_MAX && damp_scan_format(msg, len, &pos, number)) {
		number = DAMP_COAP_OPT_CONTENT_FORMAT;
		m->options |= 1ull << DAMP_OPTBIT_CONTENT_FORMAT;
		m->noptions++;
		if (pos == len)
			return true;
	}
	if (msg[pos] == DAMP_COAP_PAYLOAD_MARKER && len - pos > 1) {
		m->payload_off = (uint16_t)(pos + 1);
		m->payload_len = (uint16_t)(len - pos - 1);
		return true;
	}
	damp_coap_scan_from(msg, len, pos, number, m);
	return false;
}

/* True: m is a request or response without fault, and bare (scan.h). Else
 * m is whatever damp_coap_scan_fully() would say. */
static inline bool damp_coap_scan_plain(const uint8_t *msg, uint32_t len, struct damp_coap *m)
{
	uint32_t first, code, from, pos, n;

	if (damp_unlikely(len < DAMP_COAP_HEADER_LEN)) {
		damp_coap_scan_fully(msg, len, m);
		return false;
	}
	first = msg[0];
	code = msg[1];
	from = DAMP_COAP_HEADER_LEN + (first & 15);
	if (damp_unlikely(!damp_scan_usual(first, code) || from > len)) {
		damp_coap_scan_fully(msg, len, m);
		return false;
	}
	memset(m, 0, DAMP_COAP_BARE);
	m->type = (first >> 4) & 3;
	m->code = (uint8_t)code;
	m->tkl = first & 15;
	m->mid = damp_get16(msg + 2);
	m->len = (uint16_t)len;
	m->token_len = first & 15;
	m->token_off = DAMP_COAP_HEADER_LEN;
	m->options_off = (uint16_t)from;
	m->payload_off = (uint16_t)len;
	pos = damp_scan_path(msg, len, from, &n);
	if (damp_likely(n > 0)) {
		m->options = 1ull << DAMP_OPTBIT_URI_PATH;
		m->noptions = (uint8_t)n;
		m->npath = (uint8_t)n;
		m->path_off = (uint16_t)from;
		m->path_end = (uint16_t)pos;
		/* In the text there is a slash where each header was. */
		m->path_text_len = (uint16_t)(pos - from);
	}
	return damp_likely(pos == len) || damp_scan_rest(msg, len, pos, m);
}

#endif
