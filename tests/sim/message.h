/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CoAP messages as the simulated hosts write and read them.
 *
 * The reader is lenient where libcoap is, and apart from the judge's scan: a
 * host must not refuse what it would take in reality just because the judge
 * would.
 *
 * Reference: RFC 7252 section 3; RFC 7959 section 2.2; RFC 8974 section 2.
 */
#ifndef SIM_MESSAGE_H
#define SIM_MESSAGE_H

#include "sim.h"

#include <damper/coap.h>

#define SIM_OPTIONS_MAX 32u
#define SIM_TOKEN_MAX 1024u         /* RFC 8974 allows more */
#define SIM_SZX_MAX 6u
#define SIM_CODE(c, d) DAMP_COAP_CODE(c, d)

struct sim_option { uint32_t number; size_t len; const uint8_t *value; };

struct sim_message {
	uint8_t type, code;
	uint16_t mid, tkl;
	uint8_t token[SIM_TOKEN_MAX];
	unsigned int noptions;
	struct sim_option option[SIM_OPTIONS_MAX];
	const uint8_t *payload;
	size_t payload_len;
	/* Values of options added by number. */
	uint8_t store[64];
	size_t stored;
};

struct sim_block { uint32_t num; bool more; uint8_t szx; };

/* False for what no CoAP endpoint takes. Values point into data. Tokens may be
 * extended; who does not know RFC 8974 looks at tkl. */
bool sim_read(const uint8_t *data, size_t len, struct sim_message *m);
/* Into out (SIM_MESSAGE_MAX bytes); returns the length. */
size_t sim_write(const struct sim_message *m, uint8_t *out);

/* An empty message to be filled. */
void sim_begin(struct sim_message *m, uint8_t type, uint8_t code, uint16_t mid);
void sim_set_token(struct sim_message *m, const uint8_t *token, uint16_t len);
/* Add an option in its place. The value is not copied. */
void sim_add_option(struct sim_message *m, uint32_t number, const void *value, size_t len);
void sim_add_uint(struct sim_message *m, uint32_t number, uint32_t value);
void sim_add_block(struct sim_message *m, uint32_t number, struct sim_block b);
/* Uri-Path options for a/b/c, Uri-Query options for the rest of a?x&y. The
 * text must outlive the message. */
void sim_add_path(struct sim_message *m, const char *path);

/* First option of a number, or NULL. */
const struct sim_option *sim_option(const struct sim_message *m, uint32_t number);
uint32_t sim_uint(const struct sim_option *o);
struct sim_block sim_block(const struct sim_option *o);
bool sim_path_is(const struct sim_message *m, const char *path);

static inline size_t sim_block_size(uint8_t szx)
{
	return (size_t)16 << szx;
}

/* Byte i of the representation that a resource with this seed has. */
static inline uint8_t sim_body_byte(uint32_t seed, size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8) * 31 + seed * 13 + 1);
}

#endif
