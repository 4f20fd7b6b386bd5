/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames to judge; see frames.h.
 */
#include "frames.h"

#include "echo.h"
#include "frame.h"
#include <damper/coap.h>

#define ETH_LEN 14u
#define UDP_LEN 8u
#define DNS_PORT 53u

/* Bijections of 32 and 64 bits: odd multiplications and xors of high onto low. */
static uint32_t scramble32(uint32_t x)
{
	x += 0x9e3779b9u;               /* or 0 would stay 0 */
	x = (x ^ x >> 16) * 0x7feb352du;
	x = (x ^ x >> 15) * 0x846ca68bu;
	return x ^ x >> 16;
}

static bool unusable(uint32_t ip)
{
	const uint32_t top = ip >> 24;

	return top == 0 || top == 10 || top == 127 || top >= 224;
}

static void put_mapped(struct damp_addr *a, uint32_t ip)
{
	memset(a->b, 0, 10);
	a->b[10] = a->b[11] = 0xff;
	damp_put32(a->b + 12, ip);
}

void frame_client(uint64_t n, bool v6, struct damp_addr *a)
{
	uint32_t ip = scramble32((uint32_t)n);

	if (!v6) {
		/* Walking the cycle stays a bijection on what is usable. */
		while (unusable(ip))
			ip = scramble32(ip);
		put_mapped(a, ip);
		return;
	}
	memset(a->b, 0, sizeof(a->b));
	a->b[0] = 0x24;
	damp_put32(a->b + 2, ip);
	damp_put32(a->b + 12, scramble32(ip));
}

void frame_server(uint32_t n, bool v6, struct damp_addr *a)
{
	if (!v6) {
		put_mapped(a, 0x0a020000u + 1 + n);
		return;
	}
	memset(a->b, 0, sizeof(a->b));
	a->b[0] = 0xfd;
	damp_put32(a->b + 12, 1 + n);
}

size_t frame_payload_at(bool v6)
{
	return ETH_LEN + (v6 ? 40 : 20) + UDP_LEN;
}

/* Uri-Path behind an option of number last. */
static size_t put_path(uint8_t *m, const struct frame_draw *d, unsigned last)
{
	unsigned delta = DAMP_COAP_OPT_URI_PATH - last;
	size_t at = 0;

	if (d->begin != NULL) {
		at = 1 + strlen(d->begin);
		*m = (uint8_t)(delta << 4 | (at - 1));
		memcpy(m + 1, d->begin, at - 1);
		m += at;
		delta = 0;
	}
	m[0] = (uint8_t)(delta << 4 | (d->path ? 8 : 4));
	if (d->path == 0)
		memcpy(m + 1, "temp", 4);
	for (unsigned i = 0; d->path != 0 && i < 8; i++)
		m[1 + i] = (uint8_t)('a' + (d->path >> 4 * i & 15));
	return at + (d->path ? 9 : 5);
}

static uint8_t block_of(const struct frame_draw *d)
{
	return (uint8_t)((d->token & 15) << 4 | 2);     /* number, 64 bytes */
}

static size_t put_get(uint8_t *m, enum frame_kind kind, const struct frame_draw *d, const uint8_t *echo)
{
	size_t at = 0;

	if (kind == FRAME_GET_CORE) {
		memcpy(m, "\xbb.well-known\x04" "core", 17);    /* delta 11, length 11; delta 0, length 4 */
		return 17;
	}
	if (d->extra == FRAME_OBSERVE)
		m[at++] = DAMP_COAP_OPT_OBSERVE << 4;           /* 0, in no bytes */
	at += put_path(m + at, d, at ? DAMP_COAP_OPT_OBSERVE : 0);
	if (d->extra == FRAME_BLOCK) {
		m[at++] = (DAMP_COAP_OPT_BLOCK2 - DAMP_COAP_OPT_URI_PATH) << 4 | 1;
		m[at++] = block_of(d);
	}
	if (kind != FRAME_GET_ECHO)
		return at;
	m[at++] = 0xd0 | DAMP_ECHO_LEN;                         /* delta 13 + next byte */
	m[at++] = DAMP_COAP_OPT_ECHO - 11 - 13;
	memcpy(m + at, echo, DAMP_ECHO_LEN);
	return at + DAMP_ECHO_LEN;
}

static size_t put_answer(uint8_t *m, const struct frame_draw *d)
{
	size_t at = 0, len = 10;

	if (d->extra == FRAME_OBSERVE) {
		m[at++] = DAMP_COAP_OPT_OBSERVE << 4 | 1;
		m[at++] = 1;
	}
	/* Content-Format 0, in no bytes */
	m[at] = (uint8_t)((at ? DAMP_COAP_OPT_CONTENT_FORMAT - DAMP_COAP_OPT_OBSERVE : DAMP_COAP_OPT_CONTENT_FORMAT) << 4);
	at++;
	if (d->extra == FRAME_BLOCK) {
		m[at++] = (DAMP_COAP_OPT_BLOCK2 - DAMP_COAP_OPT_CONTENT_FORMAT) << 4 | 1;
		m[at++] = block_of(d) | 8;
		len = 64;
	}
	m[at++] = DAMP_COAP_PAYLOAD_MARKER;
	memset(m + at, 't', len);
	return at + len;
}

static unsigned type_of(enum frame_kind kind)
{
	if (kind == FRAME_CONTENT)
		return DAMP_COAP_ACK;
	return kind == FRAME_GET_CORE || kind == FRAME_NOTIFY_NON ? DAMP_COAP_NON : DAMP_COAP_CON;
}

bool frame_answers(enum frame_kind kind)
{
	return kind >= FRAME_CONTENT;
}

static size_t put_coap(uint8_t *m, enum frame_kind kind, const struct frame_draw *d, const uint8_t *echo)
{
	const unsigned type = type_of(kind);
	const bool answer = frame_answers(kind);

	m[0] = (uint8_t)(DAMP_COAP_VERSION << 6 | type << 4 | sizeof(d->token));
	m[1] = answer ? DAMP_COAP_CODE(2, 5) : DAMP_COAP_GET;
	damp_put16(m + 2, (uint16_t)(d->mid + (kind > FRAME_CONTENT)));
	damp_put32(m + 4, d->token);
	if (d->extra == FRAME_BROKEN)
		m[0] &= 0x3f;
	return 8 + (answer ? put_answer(m + 8, d) : put_get(m + 8, kind, d, echo));
}

static size_t put_payload(uint8_t *m, enum frame_kind kind, const struct frame_draw *d, const uint8_t *echo)
{
	if (kind != FRAME_DNS)
		return put_coap(m, kind, d, echo);
	memset(m, 0, 30);
	damp_put16(m, d->mid);
	return 30;
}

static size_t put_ip(uint8_t *ip, const struct damp_addr *src, const struct damp_addr *dst, bool v6,
		     size_t udp_len)
{
	if (v6) {
		memset(ip, 0, 8);
		ip[0] = 0x60;
		damp_put16(ip + 4, (uint16_t)udp_len);
		ip[6] = 17;
		ip[7] = 64;
		memcpy(ip + 8, src->b, 16);
		memcpy(ip + 24, dst->b, 16);
		return 40;
	}
	memset(ip, 0, 20);
	ip[0] = 0x45;
	damp_put16(ip + 2, (uint16_t)(20 + udp_len));
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, src->b + 12, 4);
	memcpy(ip + 16, dst->b + 12, 4);
	damp_put16(ip + 10, (uint16_t)~damp_csum_fold(damp_csum_add(0, ip, 20)));
	return 20;
}

static uint32_t build_arp(uint8_t *out, const struct frame_draw *d)
{
	memset(out, 0, FRAME_MIN);
	memset(out, 0xff, 6);
	damp_put16(out + 12, 0x0806);
	damp_put32(out + 28, d->server);
	return FRAME_MIN;
}

uint32_t frame_wrap(uint8_t *out, const struct damp_addr *src, const struct damp_addr *dst, uint16_t sport,
		    uint16_t dport, bool v6, size_t payload_len)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	struct damp_frame f = { .v6 = v6, .l3_off = ETH_LEN };
	const size_t l4 = frame_payload_at(v6) - UDP_LEN, udp_len = UDP_LEN + payload_len, len = l4 + udp_len;

	memcpy(out, macs, sizeof(macs));
	damp_put16(out + 12, v6 ? 0x86dd : 0x0800);
	put_ip(out + ETH_LEN, src, dst, v6, udp_len);
	f.l4_off = (uint16_t)l4;
	damp_put16(out + l4, sport);
	damp_put16(out + l4 + 2, dport);
	damp_put16(out + l4 + 4, (uint16_t)udp_len);
	damp_put16(out + l4 + 6, 0);
	damp_put16(out + l4 + 6, damp_udp_checksum(out, &f, (uint16_t)udp_len));
	if (len < FRAME_MIN)
		memset(out + len, 0, FRAME_MIN - len);
	return (uint32_t)(len < FRAME_MIN ? FRAME_MIN : len);
}

uint32_t frame_build(uint8_t *out, enum frame_kind kind, const struct frame_draw *d, const uint8_t *echo)
{
	const bool answer = frame_answers(kind);
	const uint16_t service = kind == FRAME_DNS ? DNS_PORT : DAMP_PORT_COAP;
	struct damp_addr client, server;
	size_t len;

	if (kind == FRAME_ARP)
		return build_arp(out, d);
	frame_client(d->client, d->v6, &client);
	frame_server(d->server, d->v6, &server);
	len = put_payload(out + frame_payload_at(d->v6), kind, d, echo);
	if (answer)
		return frame_wrap(out, &server, &client, service, d->port, d->v6, len);
	return frame_wrap(out, &client, &server, d->port, service, d->v6, len);
}
