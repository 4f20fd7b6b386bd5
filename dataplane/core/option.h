/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One option header of a CoAP message, read and written.
 *
 * Idea: the delta and the length of an option are encoded alike: a nibble, and
 * one or two further bytes for nibbles 13 and 14. The ranges do not overlap,
 * so each value has exactly one encoding.
 *
 * Invariant: after a read that returns true, header and value lie inside the
 * bytes that were left.
 *
 * Reference: RFC 7252 section 3.1.
 */
#ifndef DAMP_CORE_OPTION_H
#define DAMP_CORE_OPTION_H

#include "types.h"

#define DAMP_OPT_EXT8 13u
#define DAMP_OPT_EXT16 14u
#define DAMP_OPT_EXT16_BASE 269u
#define DAMP_OPT_HDR_MAX 5u         /* nibbles, two bytes of delta, two of length */

struct damp_opt { uint32_t delta, len, hdr; };  /* hdr: bytes of the header */

/* The value of one nibble with its further bytes at p + *used; moves *used. */
static inline bool damp_opt_nibble(const uint8_t *p, size_t left, uint32_t *used, uint32_t nibble,
				   uint32_t *out)
{
	if (damp_likely(nibble < DAMP_OPT_EXT8)) {
		*out = nibble;
		return true;
	}
	if (nibble == DAMP_OPT_EXT8 && left - *used >= 1) {
		*out = DAMP_OPT_EXT8 + p[*used];
		*used += 1;
		return true;
	}
	if (nibble == DAMP_OPT_EXT16 && left - *used >= 2) {
		*out = DAMP_OPT_EXT16_BASE + damp_get16(p + *used);
		*used += 2;
		return true;
	}
	return false;
}

/* Read the option header at p. False when a nibble is reserved, the header is
 * cut short, or the value runs past the left bytes. */
static inline bool damp_opt_read(const uint8_t *p, size_t left, struct damp_opt *o)
{
	o->hdr = 1;
	if (left < 1 || !damp_opt_nibble(p, left, &o->hdr, p[0] >> 4, &o->delta) ||
	    !damp_opt_nibble(p, left, &o->hdr, p[0] & 15u, &o->len))
		return false;
	return o->len <= left - o->hdr;
}

static inline uint8_t damp_opt_put_nibble(uint8_t *p, uint32_t *used, uint32_t value)
{
	if (value < DAMP_OPT_EXT8)
		return (uint8_t)value;
	if (value < DAMP_OPT_EXT16_BASE) {
		p[*used] = (uint8_t)(value - DAMP_OPT_EXT8);
		*used += 1;
		return DAMP_OPT_EXT8;
	}
	damp_put16(p + *used, (uint16_t)(value - DAMP_OPT_EXT16_BASE));
	*used += 2;
	return DAMP_OPT_EXT16;
}

/* Write an option header, at most DAMP_OPT_HDR_MAX bytes; returns how many.
 * delta and len are at most 65804. */
static inline uint32_t damp_opt_write(uint8_t *p, uint32_t delta, uint32_t len)
{
	uint32_t used = 1;
	const uint8_t high = damp_opt_put_nibble(p, &used, delta);
	const uint8_t low = damp_opt_put_nibble(p, &used, len);

	p[0] = (uint8_t)(high << 4 | low);
	return used;
}

/* A CoAP uint of at most 4 bytes; leading zero bytes are legal (RFC 7252
 * section 3.2). */
static inline uint32_t damp_opt_uint(const uint8_t *p, uint32_t len)
{
	uint32_t v = 0;

	for (uint32_t i = 0; i < len; i++)
		v = v << 8 | p[i];
	return v;
}

#endif
