/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The CoAP scan: one strict pass over a datagram's payload, no copies, no
 * repairs.
 *
 * Idea: everything a rule or the guard may ask is found in one walk over the
 * option list and kept as offsets from the start of the message. The result is
 * the canonical view that all policy runs on (attacks.md 5.2, parser rules): a
 * message that two stacks could read differently is malformed for us.
 *
 * Invariant: on return either `malformed` is 0 and every offset lies inside
 * the message, or `malformed` is the one reason (enum damp_reason) and nothing
 * else but type, code and mid (when 4 bytes were there) may be used. Every
 * bound is a subtraction from the remaining length, checked before use.
 *
 * References: RFC 7252 sections 3, 4.2, 4.3, 5.4; RFC 7641 2; RFC 7959 2.2;
 * RFC 8613 2; RFC 8768 3; RFC 8974 2.1; RFC 9175 2.2.1; RFC 9177 4.1.
 */
#ifndef DAMP_CORE_SCAN_H
#define DAMP_CORE_SCAN_H

#include "types.h"
#include <damper/coap.h>

/* Numbers are as wide as they must be: most messages are looked at again only after a
 * burst of others, and what they need of all this should lie in one line (judge.h). */
struct damp_coap {
	uint8_t malformed;          /* 0, or the enum damp_reason */
	uint8_t type, code, tkl;
	uint16_t mid;
	uint16_t len;               /* of the whole message */
	uint8_t token_off;          /* behind the header, and an extended length */
	uint8_t noptions, npath, nquery;
	uint16_t token_len;         /* tkl, or the extended length of RFC 8974 */
	uint16_t options_off;       /* first option header */
	uint16_t payload_off, payload_len; /* payload_off == len when there is none */
	uint16_t path_off, path_end;       /* first Uri-Path header .. end of the last value; 0, 0 when none */
	uint64_t options;           /* bit DAMP_OPTBIT_x of each option present */
	uint16_t path_text_len;            /* bytes of values plus one per segment */
	uint16_t query_text_len;
	uint16_t query_off, query_end;     /* likewise Uri-Query */
	/* From here on anything may stand in a bare message (below). */
	uint32_t abbrev;                   /* Uri-Path-Abbrev value, when present */
	uint32_t observe;                  /* value, when present */
	uint32_t block1, block2;           /* raw values (NUM<<4 | M<<3 | SZX), when present */
	uint16_t observe_off, block2_off;  /* option header places, for rewriting */
	uint16_t echo_off;                 /* of the value */
	uint8_t observe_hdr, block2_hdr;   /* header lengths */
	uint8_t block2_len;                /* header and value */
	uint8_t block2_vlen;               /* of the value alone */
	uint8_t echo_len;
};
/* So much of a bare one is filled. */
#define DAMP_COAP_BARE offsetof(struct damp_coap, abbrev)
_Static_assert(DAMP_COAP_OPTIONS_MAX <= UINT8_MAX, "noptions, npath, nquery");

/* Is option bit b present? */
static inline bool damp_coap_has(const struct damp_coap *m, enum damp_coap_option_bit b)
{
	return (m->options >> b) & 1;
}

/* Are there no options but a path and a Content-Format? */
static inline bool damp_coap_is_bare(const struct damp_coap *m)
{
	return !(m->options & ~(1ull << DAMP_OPTBIT_URI_PATH | 1ull << DAMP_OPTBIT_CONTENT_FORMAT));
}

static inline bool damp_coap_is_request(uint8_t code)
{
	return code >= 1 && code <= 31;
}

static inline bool damp_coap_is_response(uint8_t code)
{
	const uint8_t cls = DAMP_COAP_CLASS(code);

	return cls == 2 || cls == 4 || cls == 5;
}

/* Scan len bytes (at most 65535) at msg. Any thread; writes only *m. */
void damp_coap_scan(const uint8_t *msg, size_t len, struct damp_coap *m);

/* The same without the short cut for usual requests: what tests hold it against. */
void damp_coap_scan_fully(const uint8_t *msg, size_t len, struct damp_coap *m);

/*
 * The text of the path or query as program.h defines it, into out (cap bytes,
 * no NUL). Returns the length, or -1 when it does not fit. Uri-Path-Abbrev 0
 * is expanded to /.well-known/core (draft-ietf-core-uri-path-abbrev); an
 * unknown abbreviation gives "%abbrev/N".
 */
int damp_coap_path_text(const uint8_t *msg, const struct damp_coap *m, char *out, size_t cap);
int damp_coap_query_text(const uint8_t *msg, const struct damp_coap *m, char *out, size_t cap);

#endif
