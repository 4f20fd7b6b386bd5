/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing pcapng: one section, two interfaces called outside and inside, packets
 * with a comment each. Fields are of this machine's byte order, as the format
 * allows.
 *
 * Reference: draft-ietf-opsawg-pcapng sections 3.5, 4.1 to 4.3.
 */
#ifndef DAMP_PCAPNG_H
#define DAMP_PCAPNG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The beginning of a file, for frames of at most snap bytes. Both return how many
 * bytes they wrote. */
size_t damp_pcapng_begin(FILE *f, uint32_t snap);

/* A frame that was len bytes long, of which caplen are at data. */
size_t damp_pcapng_packet(FILE *f, uint32_t interface, uint64_t wall_us, const void *data, uint32_t caplen,
			  uint32_t len, const char *comment);

#endif
