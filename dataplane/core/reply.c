/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gateway's own messages; see reply.h for the idea and the invariant.
 *
 * A builder has three steps: write the CoAP part into a small buffer beside
 * the frame (the token it copies lies where the new headers will go), compare
 * the new IP length with its bound, and only then write headers and CoAP part
 * over the frame. So a builder that fails has touched nothing.
 *
 * Nothing is ever made from a cause that was addressed to a group: its answer
 * would have a group as its source, and one packet would get many.
 */
#include "reply.h"
#include "option.h"

#define MAC_LEN 6u
#define IPV4_HEADER_LEN 20u
#define IPV4_FLAG_DF 0x4000u
#define IPV6_HEADER_LEN 40u
#define UDP_HEADER_LEN 8u
#define IP_PROTO_UDP 17u
#define REPLY_TTL 64u

#define UINT_LEN_MAX 4u             /* of a uint option */

/* Header, token, Max-Age, Echo: the longest that is built. */
#define REPLY_MAX \
	(DAMP_COAP_HEADER_LEN + DAMP_COAP_TOKEN_MAX + 2 * DAMP_OPT_HDR_MAX + UINT_LEN_MAX + DAMP_ECHO_LEN)

struct reply {
	uint8_t b[REPLY_MAX];
	uint32_t len;
	uint32_t number;            /* of the last option */
};

static void put_header(struct reply *r, uint8_t type, uint8_t code, uint16_t mid)
{
	r->b[0] = (uint8_t)(DAMP_COAP_VERSION << 6 | type << 4);
	r->b[1] = code;
	damp_put16(r->b + 2, mid);
	r->len = DAMP_COAP_HEADER_LEN;
	r->number = 0;
}

static void put_token(struct reply *r, const uint8_t *token, uint8_t tkl)
{
	r->b[0] |= tkl;
	memcpy(r->b + r->len, token, tkl);
	r->len += tkl;
}

static void put_option(struct reply *r, uint32_t number, const uint8_t *value, uint32_t len)
{
	r->len += damp_opt_write(r->b + r->len, number - r->number, len);
	memcpy(r->b + r->len, value, len);
	r->len += len;
	r->number = number;
}

/* A uint option in its shortest form. */
static void put_uint(struct reply *r, uint32_t number, uint32_t value)
{
	uint8_t be[UINT_LEN_MAX];
	uint32_t skip = 0;

	damp_put32(be, value);
	while (skip < sizeof(be) && be[skip] == 0)
		skip++;
	put_option(r, number, be + skip, (uint32_t)sizeof(be) - skip);
}

static uint32_t ip_header_len(const struct damp_frame *f)
{
	return f->v6 ? IPV6_HEADER_LEN : IPV4_HEADER_LEN;
}

static uint32_t ip_len_of(const struct damp_frame *f, const struct reply *r)
{
	return ip_header_len(f) + UDP_HEADER_LEN + r->len;
}

static void put_v4(uint8_t *ip, const struct damp_addr *src, const struct damp_addr *dst, uint32_t ip_len)
{
	memset(ip, 0, IPV4_HEADER_LEN);
	ip[0] = 4 << 4 | IPV4_HEADER_LEN / 4;
	damp_put16(ip + 2, (uint16_t)ip_len);
	damp_put16(ip + 6, IPV4_FLAG_DF);
	ip[8] = REPLY_TTL;
	ip[9] = IP_PROTO_UDP;
	memcpy(ip + 12, src->b + 12, 4);
	memcpy(ip + 16, dst->b + 12, 4);
	damp_put16(ip + 10, (uint16_t)~damp_csum_fold(damp_csum_add(0, ip, IPV4_HEADER_LEN)));
}

static void put_v6(uint8_t *ip, const struct damp_addr *src, const struct damp_addr *dst, uint32_t ip_len)
{
	memset(ip, 0, 8);
	ip[0] = 6 << 4;
	damp_put16(ip + 4, (uint16_t)(ip_len - IPV6_HEADER_LEN));
	ip[6] = IP_PROTO_UDP;
	ip[7] = REPLY_TTL;
	memcpy(ip + 8, src->b, 16);
	memcpy(ip + 24, dst->b, 16);
}

static void swap_macs(uint8_t *frame)
{
	uint8_t dst[MAC_LEN];

	memcpy(dst, frame, MAC_LEN);
	memcpy(frame, frame + MAC_LEN, MAC_LEN);
	memcpy(frame + MAC_LEN, dst, MAC_LEN);
}

/* Write everything from the IP header on, and turn the MACs when the message
 * goes back; the L2 header stands in out already. Returns the frame length. */
static size_t put_frame(uint8_t *out, const struct damp_frame *f, enum damp_reply_way way,
			const struct reply *r)
{
	const bool back = way == DAMP_REPLY_BACK;
	const struct damp_addr *src = back ? &f->dst : &f->src, *dst = back ? &f->src : &f->dst;
	const uint32_t l4 = f->l3_off + ip_header_len(f);
	const uint16_t udp_len = (uint16_t)(UDP_HEADER_LEN + r->len);
	const struct damp_frame now = { .v6 = f->v6, .l3_off = f->l3_off, .l4_off = (uint16_t)l4 };

	if (back)
		swap_macs(out);
	if (f->v6)
		put_v6(out + f->l3_off, src, dst, ip_len_of(f, r));
	else
		put_v4(out + f->l3_off, src, dst, ip_len_of(f, r));
	damp_put16(out + l4, back ? f->dport : f->sport);
	damp_put16(out + l4 + 2, back ? f->sport : f->dport);
	damp_put16(out + l4 + 4, udp_len);
	memcpy(out + l4 + UDP_HEADER_LEN, r->b, r->len);
	damp_put16(out + l4 + 6, damp_udp_checksum(out, &now, udp_len));
	return l4 + udp_len;
}

static bool may_cause(const struct damp_frame *f)
{
	return !f->dst_group && !f->l2_group;
}

static size_t put_in_place(uint8_t *data, size_t len, const struct damp_frame *f, enum damp_reply_way way,
			   const struct reply *r, uint32_t max_ip)
{
	const uint32_t bound = f->ip_len < max_ip ? f->ip_len : max_ip;

	if (!may_cause(f) || ip_len_of(f, r) > bound || len < f->l3_off || len - f->l3_off < ip_len_of(f, r))
		return 0;
	return put_frame(data, f, way, r);
}

/* Begin a response to a request, in kind. False when none may be made. */
static bool begin_response(struct reply *r, const uint8_t *data, const struct damp_frame *f,
			   const struct damp_coap *m, uint8_t code, uint16_t non_mid)
{
	const bool con = m->type == DAMP_COAP_CON;

	if (m->malformed || !damp_coap_is_request(m->code) || m->type > DAMP_COAP_NON)
		return false;
	put_header(r, con ? DAMP_COAP_ACK : DAMP_COAP_NON, code, con ? m->mid : non_mid);
	put_token(r, data + f->payload_off + m->token_off, m->tkl);
	return true;
}

/* Max-Age 0, because a cached challenge would answer every retry (attacks.md
 * 6.3). */
static void put_challenge(struct reply *r, const uint8_t *echo, size_t echo_len)
{
	if (echo_len == DAMP_ECHO_LEN)
		put_uint(r, DAMP_COAP_OPT_MAX_AGE, 0);
	put_option(r, DAMP_COAP_OPT_ECHO, echo, (uint32_t)echo_len);
}

size_t damp_reply_code(uint8_t *data, size_t len, const struct damp_frame *f, const struct damp_coap *m,
		       uint8_t code, int64_t max_age, uint16_t non_mid)
{
	struct reply r;

	if (!begin_response(&r, data, f, m, code, non_mid))
		return 0;
	if (max_age >= 0)
		put_uint(&r, DAMP_COAP_OPT_MAX_AGE, max_age < UINT32_MAX ? (uint32_t)max_age : UINT32_MAX);
	return put_in_place(data, len, f, DAMP_REPLY_BACK, &r, UINT32_MAX);
}

size_t damp_reply_too_large(uint8_t *data, size_t len, const struct damp_frame *f, const struct damp_coap *m,
			    uint32_t size1, uint16_t non_mid)
{
	struct reply r;

	if (!begin_response(&r, data, f, m, DAMP_COAP_4_13, non_mid))
		return 0;
	put_uint(&r, DAMP_COAP_OPT_SIZE1, size1);
	return put_in_place(data, len, f, DAMP_REPLY_BACK, &r, UINT32_MAX);
}

size_t damp_reply_challenge(uint8_t *data, size_t len, const struct damp_frame *f, const struct damp_coap *m,
			    const uint8_t *echo, size_t echo_len, uint16_t non_mid)
{
	struct reply r;

	if (!begin_response(&r, data, f, m, DAMP_COAP_4_01, non_mid))
		return 0;
	put_challenge(&r, echo, echo_len);
	return put_in_place(data, len, f, DAMP_REPLY_BACK, &r, UINT32_MAX);
}

size_t damp_reply_challenge_on(uint8_t *data, size_t len, const struct damp_frame *f,
			       const struct damp_coap *m, const uint8_t *echo, size_t echo_len, uint32_t max_ip)
{
	struct reply r;

	if (m->malformed || !damp_coap_is_response(m->code))
		return 0;
	put_header(&r, m->type, DAMP_COAP_4_01, m->mid);
	put_token(&r, data + f->payload_off + m->token_off, m->tkl);
	put_challenge(&r, echo, echo_len);
	return put_in_place(data, len, f, DAMP_REPLY_ON, &r, max_ip);
}

size_t damp_reply_empty(uint8_t *data, size_t len, const struct damp_frame *f, enum damp_reply_way way,
			uint8_t type, uint16_t mid)
{
	struct reply r;

	put_header(&r, type, DAMP_COAP_CODE_EMPTY, mid);
	return put_in_place(data, len, f, way, &r, UINT32_MAX);
}

size_t damp_reply_empty_copy(uint8_t *out, size_t cap, const uint8_t *data, const struct damp_frame *f,
			     enum damp_reply_way way, uint8_t type, uint16_t mid)
{
	struct reply r;

	put_header(&r, type, DAMP_COAP_CODE_EMPTY, mid);
	if (!may_cause(f) || ip_len_of(f, &r) > f->ip_len || cap < f->l3_off + ip_len_of(f, &r))
		return 0;
	memcpy(out, data, f->l3_off);
	return put_frame(out, f, way, &r);
}
