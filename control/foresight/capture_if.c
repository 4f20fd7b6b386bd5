/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interfaces of a pcapng file, block by block; see capture.h.
 *
 * Invariant: every length is checked against what a block may have before it is
 * used; a file that is no pcapng, or breaks off, has no interfaces any more and
 * the frames keep their order, since one call answers for one frame.
 */
#include "capture.h"

#include <stdio.h>
#include <stdlib.h>

#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET_OLD 2u
#define BLOCK_PACKET_SIMPLE 3u
#define BLOCK_PACKET 6u
#define MAGIC 0x1a2b3c4du
#define OPTION_IF_NAME 2u
#define INTERFACES_MAX 64u
#define BODY_MAX (16u << 20) /* of one block, as libpcap has it */
#define KEPT 4096u	     /* bytes of a body that we look at */

struct damp_capture_if {
	FILE *f;
	bool swapped;
	unsigned n;
	int8_t side[INTERFACES_MAX];
};

static uint32_t get(const struct damp_capture_if *i, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return i->swapped ? __builtin_bswap32(v) : v;
}

static uint16_t get2(const struct damp_capture_if *i, const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return i->swapped ? __builtin_bswap16(v) : v;
}

struct damp_capture_if *damp_capture_if_open(const char *path)
{
	struct damp_capture_if *i = calloc(1, sizeof(*i));
	uint8_t magic[4] = { 0 };

	if (i == NULL)
		return NULL;
	i->f = fopen(path, "re");
	if (i->f == NULL || fread(magic, 1, 4, i->f) != 4 || damp_get32(magic) != BLOCK_SECTION ||
	    fseek(i->f, 0, SEEK_SET) != 0) {
		damp_capture_if_close(i);
		return NULL;
	}
	return i;
}

void damp_capture_if_close(struct damp_capture_if *i)
{
	if (i == NULL)
		return;
	if (i->f)
		fclose(i->f);
	free(i);
}

static int8_t side_of_name(const uint8_t *name, size_t len)
{
	if (len == 7 && memcmp(name, "outside", 7) == 0)
		return DAMP_OUTSIDE;
	return len == 6 && memcmp(name, "inside", 6) == 0 ? DAMP_INSIDE : -1;
}

/* An interface description: link type, snap length, options. */
static void take_interface(struct damp_capture_if *i, const uint8_t *body, uint32_t len)
{
	int8_t side = -1;

	for (uint32_t at = 8; at + 4 <= len;) {
		const uint16_t code = get2(i, body + at), n = get2(i, body + at + 2);

		at += 4;
		if (code == 0 || n > len - at)
			break;
		if (code == OPTION_IF_NAME)
			side = side_of_name(body + at, n);
		at += (n + 3u) & ~3u;
	}
	if (i->n < INTERFACES_MAX)
		i->side[i->n++] = side;
}

static int side_of(const struct damp_capture_if *i, uint32_t interface)
{
	return interface < i->n ? i->side[interface] : -1;
}

/* Read a block; its type, and the first bytes of its body (*kept of them). */
static bool read_block(struct damp_capture_if *i, uint32_t *type, uint8_t body[KEPT],
		       uint32_t *kept)
{
	uint8_t head[12];
	uint32_t len;

	if (fread(head, 1, 12, i->f) != 12)
		return false;
	memcpy(type, head, 4); /* the section header reads the same both ways */
	if (*type == BLOCK_SECTION) {
		i->swapped = false;
		i->swapped = get(i, head + 8) != MAGIC;
		i->n = 0;
	}
	*type = get(i, head);
	len = get(i, head + 4);
	if (len < 12 || len % 4 || len > BODY_MAX)
		return false;
	len -= 12; /* the rest; its first four bytes are in head already */
	memcpy(body, head + 8, 4);
	*kept = len < KEPT - 4 ? len : KEPT - 4;
	if (fread(body + 4, 1, *kept, i->f) != *kept ||
	    fseek(i->f, (long)(len - *kept), SEEK_CUR) != 0)
		return false;
	*kept = len < KEPT ? len : KEPT; /* without the length that ends the block */
	return true;
}

int damp_capture_if_next(struct damp_capture_if *i)
{
	uint8_t body[KEPT];
	uint32_t type, kept;

	while (i != NULL && i->f != NULL && read_block(i, &type, body, &kept)) {
		if (type == BLOCK_INTERFACE)
			take_interface(i, body, kept);
		else if (type == BLOCK_PACKET)
			return side_of(i, get(i, body));
		else if (type == BLOCK_PACKET_OLD)
			return side_of(i, get2(i, body));
		else if (type == BLOCK_PACKET_SIMPLE)
			return side_of(i, 0);
	}
	return -1;
}
