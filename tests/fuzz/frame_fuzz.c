/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer target: frame parser, scan and the messages made in place.
 *
 * The first byte chooses what is made; the rest is a frame, copied to a heap
 * buffer of its exact size. Checksums are taken as known, or no input would
 * get past them. Whatever is made must be CoAP that our own parsers accept,
 * checksums verified, and no larger than its cause.
 */
#include "reply.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static const struct damp_port_map *ports(void)
{
	static const struct damp_port_map map = {
		.coap = { [5683 / 64] = 1ull << 5683 % 64 },
		.dtls = { [5684 / 64] = 1ull << 5684 % 64 },
	};

	return &map;
}

static void check_parse(const struct damp_frame *f, size_t size)
{
	if (f->cls == DAMP_FRAME_COAP || f->cls == DAMP_FRAME_DTLS) {
		must(f->payload_off == f->l4_off + 8);
		must(f->l3_off + f->ip_len == f->payload_off + (uint32_t)f->payload_len);
		must((size_t)f->payload_off + f->payload_len <= size);
	}
	must((f->cls == DAMP_FRAME_BAD) == (f->reason != 0));
	must(f->ip_len <= size);
}

static size_t make(uint8_t choice, uint8_t *frame, size_t size, const struct damp_frame *f,
		   const struct damp_coap *m)
{
	static const uint8_t echo[DAMP_ECHO_LEN] = { 9, 8, 7, 6, 5, 4, 3, 2, 1 };
	const enum damp_reply_way way = choice & 8 ? DAMP_REPLY_ON : DAMP_REPLY_BACK;

	switch (choice & 7) {
	case 0: return damp_reply_code(frame, size, f, m, DAMP_COAP_4_29, choice, 0x1234);
	case 1: return damp_reply_code(frame, size, f, m, DAMP_COAP_4_02, -1, 0x1234);
	case 2: return damp_reply_challenge(frame, size, f, m, echo, DAMP_ECHO_LEN, 0x1234);
	case 3: return damp_reply_challenge_on(frame, size, f, m, echo, DAMP_ECHO_LEN, 40u + choice);
	case 4: return damp_reply_empty(frame, size, f, way, DAMP_COAP_CON, 0x1234);
	default: return damp_reply_empty(frame, size, f, way, DAMP_COAP_RST, 0x1234);
	}
}

static void check_made(const uint8_t *frame, size_t len, const struct damp_frame *cause)
{
	struct damp_frame f;
	struct damp_coap m;
	uint8_t *copy = malloc(len);

	must(copy != NULL);
	memcpy(copy, frame, len);
	damp_frame_parse(copy, len, ports(), false, &f);
	/* turned around, the destination of the cause is a source: it may be one
	 * that no honest sender has */
	must(f.cls == DAMP_FRAME_COAP || (f.cls == DAMP_FRAME_BAD && f.src.b[15] == cause->dst.b[15]));
	must(f.ip_len <= cause->ip_len && len == f.l3_off + f.ip_len);
	if (f.cls == DAMP_FRAME_COAP) {
		damp_coap_scan(copy + f.payload_off, f.payload_len, &m);
		must(m.malformed == 0);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct damp_frame f, fully;
	struct damp_coap m;
	uint8_t *frame, choice;
	size_t len;

	if (size < 1)
		return 0;
	choice = *data++;
	size--;
	frame = malloc(size ? size : 1);
	must(frame != NULL);
	memcpy(frame, data, size);
	damp_frame_parse_fully(frame, size, ports(), choice & 16, &fully);
	damp_frame_parse(frame, size, ports(), choice & 16, &f);
	must(memcmp(&f, &fully, sizeof(f)) == 0);
	damp_frame_parse(frame, size, ports(), true, &f);
	check_parse(&f, size);
	if (f.cls == DAMP_FRAME_COAP) {
		damp_coap_scan(frame + f.payload_off, f.payload_len, &m);
		len = make(choice, frame, size, &f, &m);
		must(len <= size);
		if (len)
			check_made(frame, len, &f);
	}
	free(frame);
	return 0;
}
