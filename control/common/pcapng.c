/* SPDX-License-Identifier: BSD-3-Clause */
/* See pcapng.h. */
#include "pcapng.h"

#include <string.h>

#define SECTION 0x0a0d0d0au
#define INTERFACE 1u
#define PACKET 6u
#define BYTE_ORDER 0x1a2b3c4du
#define ETHERNET 1u
#define OPT_END 0u
#define OPT_COMMENT 1u
#define OPT_IF_NAME 2u

static uint32_t padded(uint32_t n)
{
	return (n + 3u) & ~3u;
}

static void put16(FILE *f, uint32_t v)
{
	const uint16_t x = (uint16_t)v;

	fwrite(&x, sizeof(x), 1, f);
}

static void put32(FILE *f, uint32_t v)
{
	fwrite(&v, sizeof(v), 1, f);
}

static void put_padded(FILE *f, const void *data, uint32_t len)
{
	static const char zero[4];

	fwrite(data, 1, len, f);
	fwrite(zero, 1, padded(len) - len, f);
}

static void put_option(FILE *f, uint32_t code, const char *text)
{
	const uint32_t len = (uint32_t)strlen(text);

	put16(f, code);
	put16(f, len);
	put_padded(f, text, len);
	put16(f, OPT_END);
	put16(f, 0);
}

/* Bytes of one option with a text, and of the end of options. */
static uint32_t option_len(const char *text)
{
	return 4 + padded((uint32_t)strlen(text)) + 4;
}

static size_t put_interface(FILE *f, const char *name, uint32_t snap)
{
	const uint32_t len = 20 + option_len(name);

	put32(f, INTERFACE);
	put32(f, len);
	put16(f, ETHERNET);
	put16(f, 0);
	put32(f, snap);
	put_option(f, OPT_IF_NAME, name);
	put32(f, len);
	return len;
}

size_t damp_pcapng_begin(FILE *f, uint32_t snap)
{
	static const uint64_t unknown_len = UINT64_MAX;

	put32(f, SECTION);
	put32(f, 28);
	put32(f, BYTE_ORDER);
	put16(f, 1);            /* version 1.0 */
	put16(f, 0);
	fwrite(&unknown_len, sizeof(unknown_len), 1, f);
	put32(f, 28);
	return 28 + put_interface(f, "outside", snap) + put_interface(f, "inside", snap);
}

size_t damp_pcapng_packet(FILE *f, uint32_t interface, uint64_t wall_us, const void *data, uint32_t caplen,
			uint32_t len, const char *comment)
{
	const uint32_t whole = 32 + padded(caplen) + option_len(comment);

	put32(f, PACKET);
	put32(f, whole);
	put32(f, interface);
	put32(f, (uint32_t)(wall_us >> 32));
	put32(f, (uint32_t)wall_us);
	put32(f, caplen);
	put32(f, len);
	put_padded(f, data, caplen);
	put_option(f, OPT_COMMENT, comment);
	put32(f, whole);
	return whole;
}
