/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small types that the whole core shares: addresses, time, and the few
 * compiler notes that keep the code readable.
 *
 * Invariant: an address is always 16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 4291
 * section 2.5.5.2), so that one code path serves both families. Time is a
 * 64-bit count of 2^-20 s handed in by the caller; nothing in this library
 * reads a clock.
 */
#ifndef DAMP_CORE_TYPES_H
#define DAMP_CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define damp_likely(x) __builtin_expect(!!(x), 1)
#define damp_unlikely(x) __builtin_expect(!!(x), 0)
#define damp_prefetch(p) __builtin_prefetch((p), 0, 3)
#define DAMP_CACHE_LINE 64u

typedef uint64_t damp_tick;
#define DAMP_TICK_HZ (1ull << 20)
#define DAMP_SECONDS(s) ((damp_tick)(s) * DAMP_TICK_HZ)

struct damp_addr { uint8_t b[16]; };

static inline bool damp_addr_is_v4(const struct damp_addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

static inline uint32_t damp_addr_v4(const struct damp_addr *a)
{
	return (uint32_t)a->b[12] << 24 | (uint32_t)a->b[13] << 16 |
	       (uint32_t)a->b[14] << 8 | a->b[15];
}

static inline uint16_t damp_get16(const uint8_t *p)
{
	return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t damp_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t damp_get64(const uint8_t *p)
{
	return (uint64_t)damp_get32(p) << 32 | damp_get32(p + 4);
}

/* A word that was loaded as it lies in memory, its first byte lowest. */
static inline uint64_t damp_le64(uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap64(v);
#else
	return v;
#endif
}

static inline uint32_t damp_le32(uint32_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap32(v);
#else
	return v;
#endif
}

/* A number as it would lie in memory in network order. */
static inline uint16_t damp_net16(uint16_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return v;
#else
	return __builtin_bswap16(v);
#endif
}

static inline uint64_t damp_net64(uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return v;
#else
	return __builtin_bswap64(v);
#endif
}

static inline void damp_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void damp_put32(uint8_t *p, uint32_t v)
{
	damp_put16(p, (uint16_t)(v >> 16));
	damp_put16(p + 2, (uint16_t)v);
}

#endif
