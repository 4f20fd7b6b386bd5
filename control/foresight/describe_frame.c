/* SPDX-License-Identifier: BSD-3-Clause */
/* From a description to bytes; see describe.h. */
#include "describe.h"

#include "frame.h"
#include "option.h"

#include <stdio.h>
#include <string.h>

#define ETHERNET_LEN 14u
#define IPV4_LEN 20u
#define IPV6_LEN 40u
#define UDP_LEN 8u

static size_t put_options(const struct damp_description *d, uint8_t *out, size_t at, size_t cap)
{
	uint32_t before = 0;

	for (unsigned i = 0; i < d->noptions; i++) {
		const struct damp_described_option *o = &d->option[i];

		if (cap - at < DAMP_OPT_HDR_MAX + (size_t)o->len)
			return 0;
		at += damp_opt_write(out + at, o->number - before, o->len);
		memcpy(out + at, d->value + o->at, o->len);
		at += o->len;
		before = o->number;
	}
	return at;
}

/* Fill up to the size with a payload. One byte alone cannot be one, since a
 * marker needs something behind it; then the token is made longer. */
static size_t put_payload(const struct damp_description *d, uint8_t *out, size_t at, size_t cap,
			  char *why)
{
	if (d->size == 0 || at == d->size)
		return at;
	if (at > d->size || d->size > cap || d->code == DAMP_COAP_CODE_EMPTY) {
		snprintf(why, DAMP_DESCRIBE_WHY, "this message has at least %zu B%s", at,
			 d->code == DAMP_COAP_CODE_EMPTY ? " and, being Empty, no more" : "");
		return 0;
	}
	out[at++] = DAMP_COAP_PAYLOAD_MARKER;
	memset(out + at, 'x', d->size - at);
	return d->size;
}

size_t damp_describe_message(const struct damp_description *d, uint8_t *out, size_t cap, char *why)
{
	struct damp_description longer;
	size_t at = DAMP_COAP_HEADER_LEN;

	snprintf(why, DAMP_DESCRIBE_WHY, "the message is too long");
	if (cap < DAMP_COAP_HEADER_LEN + DAMP_COAP_TOKEN_MAX)
		return 0;
	out[0] = (uint8_t)(DAMP_COAP_VERSION << 6 | d->type << 4 | d->token_len);
	out[1] = d->code;
	damp_put16(out + 2, d->mid);
	memcpy(out + at, d->token, d->token_len);
	at = put_options(d, out, at + d->token_len, cap);
	if (at == 0)
		return 0;
	if (d->size == at + 1 && d->token_len < DAMP_COAP_TOKEN_MAX &&
	    d->code != DAMP_COAP_CODE_EMPTY) {
		longer = *d;
		longer.token[longer.token_len++] = 0;
		return damp_describe_message(&longer, out, cap, why);
	}
	return put_payload(d, out, at, cap, why);
}

static size_t put_v4(const struct damp_endpoint *from, const struct damp_endpoint *to, size_t udp,
		     uint8_t *ip)
{
	memset(ip, 0, IPV4_LEN);
	ip[0] = 0x45;
	damp_put16(ip + 2, (uint16_t)(IPV4_LEN + udp));
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, from->addr.b + 12, 4);
	memcpy(ip + 16, to->addr.b + 12, 4);
	damp_put16(ip + 10, (uint16_t)~damp_csum_fold(damp_csum_add(0, ip, IPV4_LEN)));
	return IPV4_LEN;
}

static size_t put_v6(const struct damp_endpoint *from, const struct damp_endpoint *to, size_t udp,
		     uint8_t *ip)
{
	memset(ip, 0, IPV6_LEN);
	ip[0] = 0x60;
	damp_put16(ip + 4, (uint16_t)udp);
	ip[6] = 17;
	ip[7] = 64;
	memcpy(ip + 8, from->addr.b, 16);
	memcpy(ip + 24, to->addr.b, 16);
	return IPV6_LEN;
}

/* Group addresses have group MACs (RFC 1112 section 6.4, RFC 2464 section 7):
 * a unicast one would be refused as a disguise, and the reverse. */
static void put_macs(const struct damp_endpoint *to, bool v4, uint8_t *out)
{
	static const uint8_t unicast[12] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };

	memcpy(out, unicast, sizeof(unicast));
	if (v4 && damp_addr_v4(&to->addr) == UINT32_MAX)
		memset(out, 0xff, 6);
	else if (v4 && to->addr.b[12] >> 4 == 0xe)
		memcpy(out,
		       (const uint8_t[]){ 1, 0, 0x5e, to->addr.b[13] & 0x7f, to->addr.b[14],
					  to->addr.b[15] },
		       6);
	else if (!v4 && to->addr.b[0] == 0xff)
		memcpy(out,
		       (const uint8_t[]){ 0x33, 0x33, to->addr.b[12], to->addr.b[13],
					  to->addr.b[14], to->addr.b[15] },
		       6);
	damp_put16(out + 12, v4 ? 0x0800 : 0x86dd);
}

size_t damp_describe_frame(const struct damp_endpoint *from, const struct damp_endpoint *to,
			   const uint8_t *msg, size_t len, uint8_t *out, char *why)
{
	const bool v4 = damp_addr_is_v4(&from->addr);
	const size_t udp = UDP_LEN + len;
	struct damp_frame f = { .v6 = !v4, .l3_off = ETHERNET_LEN };
	size_t at = ETHERNET_LEN;

	if (v4 != damp_addr_is_v4(&to->addr)) {
		snprintf(why, DAMP_DESCRIBE_WHY, "one address is IPv4 and the other IPv6");
		return 0;
	}
	if (udp > (v4 ? 65535u - IPV4_LEN : 65535u)) {
		snprintf(why, DAMP_DESCRIBE_WHY, "the message does not fit into a datagram");
		return 0;
	}
	put_macs(to, v4, out);
	at += v4 ? put_v4(from, to, udp, out + at) : put_v6(from, to, udp, out + at);
	f.l4_off = (uint16_t)at;
	damp_put16(out + at, from->port);
	damp_put16(out + at + 2, to->port);
	damp_put16(out + at + 4, (uint16_t)udp);
	damp_put16(out + at + 6, 0);
	memcpy(out + at + UDP_LEN, msg, len);
	damp_put16(out + at + 6, damp_udp_checksum(out, &f, (uint16_t)udp));
	return at + udp;
}
