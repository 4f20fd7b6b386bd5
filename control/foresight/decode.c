/* SPDX-License-Identifier: BSD-3-Clause */
/* See decode.h. */
#include "decode.h"

#include "common/names.h"
#include "option.h"
#include "scan.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define HEX_SHOWN 64u /* characters of a payload or option in a line for people */

/* RFC 7252 section 12.1.2 and its updates: 7959, 8132, 8516, 8768. */
#define RESPONSES(X)                                                                        \
	X(2, 1, "Created")                                                                  \
	X(2, 2, "Deleted")                                                                  \
	X(2, 3, "Valid")                                                                    \
	X(2, 4, "Changed")                                                                  \
	X(2, 5, "Content")                                                                  \
	X(2, 31, "Continue")                                                                \
	X(4, 0, "Bad Request")                                                              \
	X(4, 1, "Unauthorized")                                                             \
	X(4, 2, "Bad Option")                                                               \
	X(4, 3, "Forbidden")                                                                \
	X(4, 4, "Not Found")                                                                \
	X(4, 5, "Method Not Allowed")                                                       \
	X(4, 6, "Not Acceptable")                                                           \
	X(4, 8, "Request Entity Incomplete")                                                \
	X(4, 9, "Conflict")                                                                 \
	X(4, 12, "Precondition Failed")                                                     \
	X(4, 13, "Request Entity Too Large")                                                \
	X(4, 15, "Unsupported Content-Format")                                              \
	X(4, 22, "Unprocessable Entity")                                                    \
	X(4, 29, "Too Many Requests")                                                       \
	X(5, 0, "Internal Server Error")                                                    \
	X(5, 1, "Not Implemented")                                                          \
	X(5, 2, "Bad Gateway")                                                              \
	X(5, 3, "Service Unavailable")                                                      \
	X(5, 4, "Gateway Timeout")                                                          \
	X(5, 5, "Proxying Not Supported")                                                   \
	X(5, 8, "Hop Limit Reached")

const char *damp_code_name(uint8_t code)
{
	switch (code) {
	case DAMP_COAP_CODE_EMPTY: return "Empty";
#define X(name, cls, det, text) \
	case DAMP_COAP_##name: return text;
	DAMP_COAP_METHODS(X)
#undef X
#define X(cls, det, text) \
	case DAMP_COAP_CODE(cls, det): return text;
	RESPONSES(X)
#undef X
	default: return NULL;
	}
}

const char *damp_option_name(uint32_t number)
{
	switch (number) {
#define X(name, num, min, max, rep, text) \
	case num: return text;
	DAMP_COAP_OPTIONS(X)
#undef X
	default: return NULL;
	}
}

json_t *damp_hex_json(const uint8_t *data, size_t len)
{
	static const char digit[] = "0123456789abcdef";
	char *text = malloc(2 * len + 1);
	json_t *j;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digit[data[i] >> 4];
		text[2 * i + 1] = digit[data[i] & 15];
	}
	j = json_stringn(text, 2 * len);
	free(text);
	return j;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

long damp_hex_parse(const char *text, uint8_t *out, size_t max)
{
	size_t n = 0;

	while (isspace((unsigned char)*text))
		text++;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	for (; *text; text++) {
		int high, low;

		if (*text == ':' || isspace((unsigned char)*text))
			continue;
		high = nibble(text[0]);
		low = high < 0 ? -1 : nibble(text[1]);
		if (low < 0 || n == max)
			return -1;
		out[n++] = (uint8_t)(high << 4 | low);
		text++;
	}
	return (long)n;
}

/* type, code, code_name, kind, mid: also of a malformed message, as far as its
 * bytes go. */
static void put_header(json_t *j, const uint8_t *msg, size_t len, const struct damp_coap *m)
{
	const bool there = len >= DAMP_COAP_HEADER_LEN;
	const char *name = there ? damp_code_name(msg[1]) : NULL, *kind = "response";
	char code[8];

	snprintf(code, sizeof(code), "%u.%02u", there ? msg[1] >> 5 : 0u,
		 there ? msg[1] & 31u : 0u);
	if (m->malformed)
		kind = damp_name_kind(DAMP_KIND_MALFORMED);
	else if (msg[1] == DAMP_COAP_CODE_EMPTY)
		kind = damp_name_kind(DAMP_KIND_EMPTY);
	else if (damp_coap_is_request(msg[1]))
		kind = damp_name_kind(DAMP_KIND_REQUEST);
	json_object_set_new(j, "type",
			    there ? json_string(damp_name_coap_type((msg[0] >> 4) & 3u))
				  : json_null());
	json_object_set_new(j, "code", there ? json_string(code) : json_null());
	json_object_set_new(j, "code_name", name ? json_string(name) : json_null());
	json_object_set_new(j, "kind", json_string(kind));
	json_object_set_new(j, "mid", there ? json_integer(damp_get16(msg + 2)) : json_null());
}

static json_t *options_json(const uint8_t *msg, const struct damp_coap *m)
{
	json_t *all = json_array();
	uint32_t pos = m->options_off, number = 0;
	struct damp_opt o;

	for (uint32_t i = 0; i < m->noptions && damp_opt_read(msg + pos, m->len - pos, &o); i++) {
		const char *name;

		number += o.delta;
		name = damp_option_name(number);
		json_array_append_new(all,
				      json_pack("{s:i, s:o, s:o}", "number", (int)number, "name",
						name ? json_string(name) : json_null(), "hex",
						damp_hex_json(msg + pos + o.hdr, o.len)));
		pos += o.hdr + o.len;
	}
	return all;
}

typedef int text_fn(const uint8_t *msg, const struct damp_coap *m, char *out, size_t cap);

static json_t *text_json(const uint8_t *msg, const struct damp_coap *m, text_fn *text)
{
	const size_t cap = 3 * (size_t)m->len + 64; /* each byte may become %XX */
	char *out = malloc(cap);
	const int n = out ? text(msg, m, out, cap) : -1;
	json_t *j = n < 0 ? json_null() : json_stringn(out, (size_t)n);

	free(out);
	return j;
}

/* A block option, RFC 7959 section 2.2. */
static json_t *block_json(uint32_t v)
{
	return json_pack("{s:i, s:b, s:i, s:i}", "num", (int)(v >> 4), "m", (v >> 3) & 1, "szx",
			 (int)(v & 7), "size", (v & 7) < 7 ? 16 << (v & 7) : 0);
}

/* The value of the first option of a number that is a uint; -1 when absent. */
static int64_t uint_option(const uint8_t *msg, const struct damp_coap *m, uint32_t wanted)
{
	uint32_t pos = m->options_off, number = 0;
	struct damp_opt o;

	for (uint32_t i = 0; i < m->noptions && damp_opt_read(msg + pos, m->len - pos, &o); i++) {
		number += o.delta;
		if (number == wanted && o.len <= 4)
			return damp_opt_uint(msg + pos + o.hdr, o.len);
		pos += o.hdr + o.len;
	}
	return -1;
}

static json_t *maybe_block(const uint8_t *msg, const struct damp_coap *m, uint32_t number)
{
	const int64_t v = m->malformed ? -1 : uint_option(msg, m, number);

	return v < 0 ? json_null() : block_json((uint32_t)v);
}

static void put_body(json_t *j, const uint8_t *msg, const struct damp_coap *m)
{
	const bool good = !m->malformed, request = good && damp_coap_is_request(m->code);
	const int64_t observe = good ? uint_option(msg, m, DAMP_COAP_OPT_OBSERVE) : -1;

	json_object_set_new(j, "token",
			    good ? damp_hex_json(msg + m->token_off, m->token_len) : json_null());
	json_object_set_new(j, "options", good ? options_json(msg, m) : json_array());
	json_object_set_new(j, "path",
			    request ? text_json(msg, m, damp_coap_path_text) : json_null());
	json_object_set_new(j, "query",
			    request ? text_json(msg, m, damp_coap_query_text) : json_null());
	json_object_set_new(j, "observe", observe >= 0 ? json_integer(observe) : json_null());
	json_object_set_new(j, "block1", maybe_block(msg, m, DAMP_COAP_OPT_BLOCK1));
	json_object_set_new(j, "block2", maybe_block(msg, m, DAMP_COAP_OPT_BLOCK2));
	json_object_set_new(j, "q_block1", maybe_block(msg, m, DAMP_COAP_OPT_Q_BLOCK1));
	json_object_set_new(j, "q_block2", maybe_block(msg, m, DAMP_COAP_OPT_Q_BLOCK2));
	json_object_set_new(j, "payload_len", good ? json_integer(m->payload_len) : json_null());
	json_object_set_new(j, "payload",
			    good ? damp_hex_json(msg + m->payload_off, m->payload_len)
				 : json_null());
}

json_t *damp_message_json(const uint8_t *msg, size_t len)
{
	struct damp_coap m;
	json_t *j = json_object();

	damp_coap_scan(msg, len, &m);
	json_object_set_new(j, "accepted", json_boolean(!m.malformed));
	json_object_set_new(j, "reason",
			    m.malformed ? json_string(damp_name_reason(m.malformed)) : json_null());
	json_object_set_new(j, "length", json_integer((json_int_t)len));
	put_header(j, msg, len, &m);
	put_body(j, msg, &m);
	return j;
}

static const char *text_of(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s ? s : "";
}

char *damp_message_line(const json_t *j, char *out, size_t len)
{
	const char *name = text_of(j, "code_name"), *path = text_of(j, "path"),
		   *query = text_of(j, "query");
	const long long bytes = (long long)json_integer_value(json_object_get(j, "length"));
	const bool request = *path != '\0';

	if (!json_is_true(json_object_get(j, "accepted")))
		snprintf(out, len, "malformed (%s), %lld B", text_of(j, "reason"), bytes);
	else
		snprintf(out, len, "%s %s%s%s%s%.*s%s%.*s, Message ID %lld, token %s, %lld B",
			 text_of(j, "type"), request && *name ? name : text_of(j, "code"),
			 !request && *name ? " " : "", !request ? name : "", request ? " " : "",
			 (int)HEX_SHOWN, path, *query ? "?" : "", (int)HEX_SHOWN, query,
			 (long long)json_integer_value(json_object_get(j, "mid")),
			 *text_of(j, "token") ? text_of(j, "token") : "none", bytes);
	return out;
}
