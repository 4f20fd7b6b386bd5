/* SPDX-License-Identifier: BSD-3-Clause */
/* CoAP messages of the simulated hosts; see message.h. */
#include "message.h"
#include "option.h"

#include <assert.h>

#define TKL_ONE_BYTE 13u
#define TKL_TWO_BYTES 14u
#define TKL_TWO_BYTES_FROM 269u

/* Its length, with up to two bytes behind the header, and the token. */
static bool read_token(const uint8_t *data, size_t len, size_t *pos, struct sim_message *m)
{
	const uint8_t tkl = data[0] & 15;
	const size_t more = tkl == TKL_ONE_BYTE ? 1 : tkl == TKL_TWO_BYTES ? 2 : 0;
	size_t n = tkl;

	if ((tkl > DAMP_COAP_TOKEN_MAX && more == 0) || *pos + more > len)
		return false;
	if (more == 1)
		n = TKL_ONE_BYTE + data[*pos];
	else if (more == 2)
		n = TKL_TWO_BYTES_FROM + damp_get16(data + *pos);
	*pos += more;
	if (n > SIM_TOKEN_MAX || *pos + n > len)
		return false;
	m->tkl = (uint16_t)n;
	memcpy(m->token, data + *pos, n);
	*pos += n;
	return true;
}

bool sim_read(const uint8_t *data, size_t len, struct sim_message *m)
{
	uint32_t number = 0;
	struct damp_opt o;
	size_t pos;

	memset(m, 0, sizeof(*m));
	if (len < DAMP_COAP_HEADER_LEN || data[0] >> 6 != DAMP_COAP_VERSION)
		return false;
	sim_begin(m, (data[0] >> 4) & 3, data[1], damp_get16(data + 2));
	pos = DAMP_COAP_HEADER_LEN;
	if (!read_token(data, len, &pos, m))
		return false;
	while (pos < len && data[pos] != DAMP_COAP_PAYLOAD_MARKER) {
		if (!damp_opt_read(data + pos, len - pos, &o) || m->noptions == SIM_OPTIONS_MAX)
			return false;
		number += o.delta;
		m->option[m->noptions++] = (struct sim_option){ number, o.len, data + pos + o.hdr };
		pos += o.hdr + o.len;
	}
	if (pos + 1 == len)
		return false;
	if (pos < len) {
		m->payload = data + pos + 1;
		m->payload_len = len - pos - 1;
	}
	return true;
}

/* Returns the four bits of the first byte. */
static uint8_t write_token_length(uint16_t tkl, uint8_t *out, size_t *n)
{
	if (tkl < TKL_ONE_BYTE)
		return (uint8_t)tkl;
	if (tkl < TKL_TWO_BYTES_FROM) {
		out[(*n)++] = (uint8_t)(tkl - TKL_ONE_BYTE);
		return TKL_ONE_BYTE;
	}
	damp_put16(out + *n, (uint16_t)(tkl - TKL_TWO_BYTES_FROM));
	*n += 2;
	return TKL_TWO_BYTES;
}

size_t sim_write(const struct sim_message *m, uint8_t *out)
{
	size_t n = DAMP_COAP_HEADER_LEN;
	uint32_t number = 0;

	out[1] = m->code;
	damp_put16(out + 2, m->mid);
	out[0] = (uint8_t)(DAMP_COAP_VERSION << 6 | m->type << 4 | write_token_length(m->tkl, out, &n));
	memcpy(out + n, m->token, m->tkl);
	n += m->tkl;
	for (unsigned int i = 0; i < m->noptions; i++) {
		const struct sim_option *o = &m->option[i];

		assert(n + DAMP_OPT_HDR_MAX + o->len <= SIM_MESSAGE_MAX);
		n += damp_opt_write(out + n, o->number - number, (uint32_t)o->len);
		memcpy(out + n, o->value, o->len);
		n += o->len;
		number = o->number;
	}
	if (m->payload_len == 0)
		return n;
	assert(n + 1 + m->payload_len <= SIM_MESSAGE_MAX);
	out[n] = DAMP_COAP_PAYLOAD_MARKER;
	memcpy(out + n + 1, m->payload, m->payload_len);
	return n + 1 + m->payload_len;
}

void sim_begin(struct sim_message *m, uint8_t type, uint8_t code, uint16_t mid)
{
	memset(m, 0, sizeof(*m));
	m->type = type;
	m->code = code;
	m->mid = mid;
}

void sim_set_token(struct sim_message *m, const uint8_t *token, uint16_t len)
{
	m->tkl = len;
	memcpy(m->token, token, len);
}

void sim_add_option(struct sim_message *m, uint32_t number, const void *value, size_t len)
{
	unsigned int i = m->noptions++;

	assert(i < SIM_OPTIONS_MAX);
	for (; i > 0 && m->option[i - 1].number > number; i--)
		m->option[i] = m->option[i - 1];
	m->option[i] = (struct sim_option){ number, len, value };
}

void sim_add_uint(struct sim_message *m, uint32_t number, uint32_t value)
{
	uint8_t *at = m->store + m->stored;
	size_t len = 4;

	assert(m->stored + len <= sizeof(m->store));
	while (len > 0 && value >> (8 * (len - 1)) == 0)
		len--;
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
	m->stored += len;
	sim_add_option(m, number, at, len);
}

void sim_add_block(struct sim_message *m, uint32_t number, struct sim_block b)
{
	sim_add_uint(m, number, b.num << 4 | (b.more ? 8u : 0u) | b.szx);
}

/* One piece of text up to any of the stops; returns what is behind it. */
static const char *add_piece(struct sim_message *m, uint32_t number, const char *text, const char *stops)
{
	const size_t len = strcspn(text, stops);

	sim_add_option(m, number, text, len);
	return text[len] == stops[0] ? text + len + 1 : text + len;
}

void sim_add_path(struct sim_message *m, const char *path)
{
	while (*path != '\0' && *path != '?')
		path = add_piece(m, DAMP_COAP_OPT_URI_PATH, path, "/?");
	if (*path == '?')
		path++;
	while (*path != '\0')
		path = add_piece(m, DAMP_COAP_OPT_URI_QUERY, path, "&");
}

const struct sim_option *sim_option(const struct sim_message *m, uint32_t number)
{
	for (unsigned int i = 0; i < m->noptions; i++)
		if (m->option[i].number == number)
			return &m->option[i];
	return NULL;
}

uint32_t sim_uint(const struct sim_option *o)
{
	return damp_opt_uint(o->value, (uint32_t)o->len);
}

struct sim_block sim_block(const struct sim_option *o)
{
	const uint32_t v = sim_uint(o);

	return (struct sim_block){ v >> 4, v >> 3 & 1, v & 7 };
}

bool sim_path_is(const struct sim_message *m, const char *path)
{
	for (unsigned int i = 0; i < m->noptions; i++) {
		const struct sim_option *o = &m->option[i];

		if (o->number != DAMP_COAP_OPT_URI_PATH)
			continue;
		if (strncmp(path, (const char *)o->value, o->len) != 0)
			return false;
		path += o->len;
		if (*path == '/')
			path++;
		else if (*path != '\0')
			return false;
	}
	return *path == '\0';
}
