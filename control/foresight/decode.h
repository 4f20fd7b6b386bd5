/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CoAP messages as JSON, as the strict scan reads them.
 *
 * Invariant: what is shown of a message comes from the scan that judges the
 * wire (scan.h); of a malformed one only the header is shown, because
 * nobody can say what the rest means.
 *
 * Reference: RFC 7252 sections 3 and 12.1.
 */
#ifndef DAMP_FORESIGHT_DECODE_H
#define DAMP_FORESIGHT_DECODE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define DAMP_MESSAGE_MAX 65535u

/* Object with accepted, reason (null when accepted), length, type, code,
 * code_name, kind, mid, token, options, path, query, observe, block1, block2,
 * q_block1, q_block2, payload_len and payload; null where there is none. len is
 * at most DAMP_MESSAGE_MAX. New reference. */
json_t *damp_message_json(const uint8_t *msg, size_t len);

/* "GET /a?b, 40 B" in one line, for people. out is always terminated. */
char *damp_message_line(const json_t *message, char *out, size_t len);

/* The registered name of a code: "GET", "Content"; NULL when it has none. */
const char *damp_code_name(uint8_t code);

/* The name of an option as rule files write it; NULL when it is not known. */
const char *damp_option_name(uint32_t number);

/* Hex text, which may have blanks and colons between bytes and 0x before, to
 * bytes. Returns how many, or -1 when it is no hex or longer than max. */
long damp_hex_parse(const char *text, uint8_t *out, size_t max);

/* Bytes as a JSON string of hex. New reference. */
json_t *damp_hex_json(const uint8_t *data, size_t len);

#endif
