/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gateway's own messages; see reply.h for the idea and the invariant.
 *
 * A builder has three steps: note the parts of the CoAP message (the token among
 * them lies where the new headers will go), compare the new IP length with its
 * bound, and only then write headers and parts over the frame. So a builder that
 * fails has touched nothing.
 *
 * Parts are words of up to eight bytes, and so is all that is written: what is
 * written is summed on the way from the registers it is written from, and never
 * read back. The addresses are summed once for both checksums.
 *
 * Nothing is ever made from a cause that was addressed to a group: its answer
 * would have a group as its source, and one packet would get many.
 */
#include "reply.h"

#include "compiled.h"
#include "option.h"
#include "reply_v4.h"

#define MAC_LEN 6u
#define IPV6_HEADER_LEN 40u

#define UINT_LEN_MAX 4u             /* of a uint option */

/* Header, token, then two of each option, and an Echo's MAC: the most that is built. */
#define PARTS_MAX 8u

/* Words hold their bytes as a little-endian machine loads them, the rest is 0. */
struct reply {
	uint64_t word[PARTS_MAX];
	uint8_t bytes[PARTS_MAX];
	unsigned n;
	uint32_t len;
	uint32_t number;            /* of the last option */
};

static inline uint64_t load(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return damp_le64(v);
}

static inline uint64_t load_few(const uint8_t *p, uint32_t n)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static inline uint32_t load_half(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return damp_le32(v);
}

static inline void store(uint8_t *p, uint64_t word)
{
	word = damp_le64(word);
	memcpy(p, &word, sizeof(word));
}

/* Less than a word; a ping is four bytes. */
static inline void store_few(uint8_t *p, uint64_t word, uint32_t n)
{
	uint32_t half;

	if (n & WORD / 2) {
		half = damp_le32((uint32_t)word);
		memcpy(p, &half, sizeof(half));
		p += sizeof(half);
		word >>= 32;
	}
	for (n &= WORD / 2 - 1; n > 0; n--, word >>= 8)
		*p++ = (uint8_t)word;
}

/* Sums of little-endian words, in 64 bits with the carry put back, which leaves
 * what they come to in 16 bits (RFC 1071 section 2). */
static inline uint64_t sum_add(uint64_t a, uint64_t b)
{
	const uint64_t s = a + b;

	return s + (s < b);
}

/* As a little-endian word. */
static inline uint16_t sum_check(uint64_t s)
{
	uint32_t x = (uint32_t)(s >> 32) + (uint32_t)s;

	x += x < (uint32_t)s;
	return (uint16_t)(~(x + (x << 16 | x >> 16)) >> 16);
}

/* A number of the protocol as such a word. */
static inline uint16_t be16(uint32_t v)
{
	return __builtin_bswap16((uint16_t)v);
}

static inline void store16(uint8_t *p, uint16_t word)
{
	p[0] = (uint8_t)word;
	p[1] = (uint8_t)(word >> 8);
}

static inline void put(struct reply *r, uint64_t word, uint32_t bytes)
{
	r->word[r->n] = word;
	r->bytes[r->n++] = (uint8_t)bytes;
	r->len += bytes;
}

static inline void begin(struct reply *r, uint8_t type, uint8_t tkl, uint8_t code, uint16_t mid)
{
	r->n = 0;
	r->len = 0;
	r->number = 0;
	put(r, (uint64_t)be16(mid) << 16 | (uint64_t)code << 8 | DAMP_COAP_VERSION << 6 | (uint64_t)type << 4 | tkl,
	    DAMP_COAP_HEADER_LEN);
}

/* left: bytes from the token to the end of the frame. */
static inline void put_token(struct reply *r, const uint8_t *token, size_t left, uint8_t tkl)
{
	if (tkl == 0)
		return;
	if (damp_likely(tkl < WORD && left >= WORD))
		put(r, load(token) & ((1ull << 8 * tkl) - 1), tkl);
	else
		put(r, load_few(token, tkl), tkl);
}

static void put_option_header(struct reply *r, uint32_t number, uint32_t len)
{
	uint8_t b[DAMP_OPT_HDR_MAX];
	const uint32_t n = damp_opt_write(b, number - r->number, len);

	put(r, load_few(b, n), n);
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
	put_option_header(r, number, (uint32_t)sizeof(be) - skip);
	if (skip < sizeof(be))
		put(r, load_few(be + skip, (uint32_t)sizeof(be) - skip), (uint32_t)sizeof(be) - skip);
}

ALWAYS uint32_t ip_header_len(const struct damp_frame *f)
{
	return f->v6 ? IPV6_HEADER_LEN : IPV4_HEADER_LEN;
}

ALWAYS uint32_t ip_len_of(const struct damp_frame *f, const struct reply *r)
{
	return ip_header_len(f) + UDP_HEADER_LEN + r->len;
}

/* Both return the sum of the addresses. */
ALWAYS uint64_t put_v4(uint8_t *ip, const struct damp_addr *src, const struct damp_addr *dst, uint32_t ip_len)
{
	static const uint8_t head[12] = {
		4 << 4 | IPV4_HEADER_LEN / 4, 0, 0, 0, 0, 0, 0x40, 0, REPLY_TTL, IP_PROTO_UDP, 0, 0, /* DF */
	};
	uint8_t addresses[WORD];
	uint64_t sum;

	memcpy(addresses, src->b + 12, 4);
	memcpy(addresses + 4, dst->b + 12, 4);
	sum = load(addresses);
	memcpy(ip, head, sizeof(head));
	store16(ip + 2, be16(ip_len));
	store(ip + 12, sum);
	store16(ip + 10, sum_check(sum_add(sum, (uint64_t)be16(head[0] << 8) + be16(head[6] << 8) + be16(ip_len) +
							be16(REPLY_TTL << 8 | IP_PROTO_UDP))));
	return sum;
}

ALWAYS uint64_t put_v6(uint8_t *ip, const struct damp_addr *src, const struct damp_addr *dst, uint32_t ip_len)
{
	const uint64_t a = load(src->b), b = load(src->b + 8), c = load(dst->b), d = load(dst->b + 8);

	store(ip, 6 << 4 | (uint64_t)be16(ip_len - IPV6_HEADER_LEN) << 32 | (uint64_t)IP_PROTO_UDP << 48 |
			  (uint64_t)REPLY_TTL << 56);
	store(ip + 8, a);
	store(ip + 16, b);
	store(ip + 24, c);
	store(ip + 32, d);
	return sum_add(sum_add(a, b), sum_add(c, d));
}

/* The CoAP message at out; returns its sum. A word may be written over by the
 * next, but nothing behind the message is. */
ALWAYS uint64_t put_parts(uint8_t *out, const struct reply *r)
{
	uint64_t sum = 0;
	uint32_t at = 0;

	for (unsigned i = 0; i < r->n; i++) {
		const uint64_t w = r->word[i];

		if (at + WORD <= r->len)
			store(out + at, w);
		else
			store_few(out + at, w, r->bytes[i]);
		/* From an odd place on, bytes are in the other column. */
		sum = sum_add(sum, at & 1 ? w << 8 | w >> 56 : w);
		at += r->bytes[i];
	}
	return sum;
}

/* Eight bytes and four hold one address and the other. */
ALWAYS void swap_macs(uint8_t *frame)
{
	const uint64_t first = load(frame), last = load_half(frame + WORD);
	const uint32_t rest = damp_le32((uint32_t)(first >> 16));

	store(frame, first >> 48 | last << 16 | first << 48);
	memcpy(frame + WORD, &rest, sizeof(rest));
}
_Static_assert(2 * MAC_LEN == WORD + sizeof(uint32_t), "two addresses");

/* Write everything from the IP header on, and turn the MACs when the message
 * goes back; the L2 header stands in out already. Returns the frame length. */
static size_t put_frame(uint8_t *out, const struct damp_frame *f, enum damp_reply_way way, const struct reply *r)
{
	const bool back = way == DAMP_REPLY_BACK;
	const struct damp_addr *src = back ? &f->dst : &f->src, *dst = back ? &f->src : &f->dst;
	const uint16_t sport = be16(back ? f->dport : f->sport), dport = be16(back ? f->sport : f->dport);
	const uint32_t ip_len = ip_len_of(f, r);
	const uint16_t udp_len = be16(UDP_HEADER_LEN + r->len);
	uint8_t *l4 = out + f->l3_off + ip_header_len(f);
	uint64_t sum;
	uint16_t check;

	if (back)
		swap_macs(out);
	sum = f->v6 ? put_v6(out + f->l3_off, src, dst, ip_len) : put_v4(out + f->l3_off, src, dst, ip_len);
	sum = sum_add(sum, put_parts(l4 + UDP_HEADER_LEN, r));
	sum = sum_add(sum, (uint64_t)sport + dport + 2u * udp_len + be16(IP_PROTO_UDP));
	check = sum_check(sum);
	store(l4, (uint64_t)(check ? check : 0xffff) << 48 | (uint64_t)udp_len << 32 | (uint64_t)dport << 16 | sport);
	return f->l3_off + ip_len;
}

/* An Empty message of IPv4, which is what most answers are: of its 32 bytes all is known
 * but addresses, ports and Message ID, so it is four words. What is summed up has 32 bits
 * at most, and needs no carry in 64. */
ALWAYS size_t put_empty_v4(uint8_t *out, const struct damp_frame *f, enum damp_reply_way way, uint8_t type,
			   uint16_t mid)
{
	const bool back = way == DAMP_REPLY_BACK;
	const uint64_t src = load_half((back ? &f->dst : &f->src)->b + 12);
	const uint64_t dst = load_half((back ? &f->src : &f->dst)->b + 12);
	const uint64_t ports = (uint64_t)be16(back ? f->sport : f->dport) << 16 | be16(back ? f->dport : f->sport);
	const uint64_t message = (uint64_t)be16(mid) << 16 | EMPTY_V4_MESSAGE(type);
	const uint64_t ip_check = sum_check(src + dst + EMPTY_V4_IP_SUM);
	const uint64_t check = sum_check(src + dst + ports + message + EMPTY_V4_UDP_SUM);
	uint8_t *ip = out + f->l3_off;

	if (back)
		swap_macs(out);
	store(ip, EMPTY_V4_HEAD | EMPTY_V4_IP_LEN << 16 | EMPTY_V4_DF << 48);
	store(ip + WORD, EMPTY_V4_LIFE | ip_check << 16 | src << 32);
	store(ip + 2 * WORD, dst | ports << 32);
	store(ip + 3 * WORD, EMPTY_V4_UDP_LEN | (check ? check : 0xffff) << 16 | message << 32);
	return f->l3_off + EMPTY_V4_LEN;
}

static bool may_cause(const struct damp_frame *f)
{
	return !f->dst_group && !f->l2_group;
}

static inline bool fits(size_t len, const struct damp_frame *f, uint32_t ip_len, uint32_t max_ip)
{
	const uint32_t bound = f->ip_len < max_ip ? f->ip_len : max_ip;

	return may_cause(f) && ip_len <= bound && len >= f->l3_off && len - f->l3_off >= ip_len;
}

static size_t put_in_place(uint8_t *data, size_t len, const struct damp_frame *f, enum damp_reply_way way,
			   const struct reply *r, uint32_t max_ip)
{
	return fits(len, f, ip_len_of(f, r), max_ip) ? put_frame(data, f, way, r) : 0;
}

/* The token of m behind the header, which says its length. */
static void begin_with_token(struct reply *r, const uint8_t *data, size_t len, const struct damp_frame *f,
			     const struct damp_coap *m, uint8_t type, uint8_t code, uint16_t mid)
{
	const uint32_t token = (uint32_t)f->payload_off + m->token_off;

	begin(r, type, m->tkl, code, mid);
	put_token(r, data + token, len > token ? len - token : 0, m->tkl);
}

/* Begin a response to a request, in kind. False when none may be made. */
static bool begin_response(struct reply *r, const uint8_t *data, size_t len, const struct damp_frame *f,
			   const struct damp_coap *m, uint8_t code, uint16_t non_mid)
{
	const bool con = m->type == DAMP_COAP_CON;

	if (m->malformed || !damp_coap_is_request(m->code) || m->type > DAMP_COAP_NON || m->tkl > DAMP_COAP_TOKEN_MAX)
		return false;
	begin_with_token(r, data, len, f, m, con ? DAMP_COAP_ACK : DAMP_COAP_NON, code, con ? m->mid : non_mid);
	return true;
}

/* The bytes before a full Echo value: Max-Age 0, because a cached challenge would
 * answer every retry (attacks.md 6.3), and the option's header. */
#define MAX_AGE_0 ((uint64_t)(DAMP_OPT_EXT8 << 4) | (uint64_t)(DAMP_COAP_OPT_MAX_AGE - DAMP_OPT_EXT8) << 8)
#define ECHO_HEADER(after, len) \
	((uint64_t)(DAMP_OPT_EXT8 << 4 | (len)) | (uint64_t)(DAMP_COAP_OPT_ECHO - (after) - DAMP_OPT_EXT8) << 8)
_Static_assert(DAMP_COAP_OPT_MAX_AGE >= DAMP_OPT_EXT8 && DAMP_COAP_OPT_ECHO < DAMP_OPT_EXT16_BASE &&
	       DAMP_COAP_OPT_ECHO - DAMP_COAP_OPT_MAX_AGE >= DAMP_OPT_EXT8 && DAMP_ECHO_LEN < DAMP_OPT_EXT8,
	       "option headers of two bytes");

static void put_challenge(struct reply *r, const uint8_t *echo, size_t echo_len)
{
	if (damp_likely(echo_len == DAMP_ECHO_LEN)) {
		put(r, MAX_AGE_0 | ECHO_HEADER(DAMP_COAP_OPT_MAX_AGE, DAMP_ECHO_LEN) << 16 | (uint64_t)echo[0] << 32, 5);
		put(r, load(echo + 1), WORD);
		return;
	}
	put(r, ECHO_HEADER(0, echo_len), 2);
	put(r, load_few(echo, (uint32_t)echo_len), (uint32_t)echo_len);
}

size_t damp_reply_code(uint8_t *data, size_t len, const struct damp_frame *f, const struct damp_coap *m,
		       uint8_t code, int64_t max_age, uint16_t non_mid)
{
	struct reply r;

	if (!begin_response(&r, data, len, f, m, code, non_mid))
		return 0;
	if (max_age >= 0)
		put_uint(&r, DAMP_COAP_OPT_MAX_AGE, max_age < UINT32_MAX ? (uint32_t)max_age : UINT32_MAX);
	return put_in_place(data, len, f, DAMP_REPLY_BACK, &r, UINT32_MAX);
}

size_t damp_reply_too_large(uint8_t *data, size_t len, const struct damp_frame *f, const struct damp_coap *m,
			    uint32_t size1, uint16_t non_mid)
{
	struct reply r;

	if (!begin_response(&r, data, len, f, m, DAMP_COAP_4_13, non_mid))
		return 0;
	put_uint(&r, DAMP_COAP_OPT_SIZE1, size1);
	return put_in_place(data, len, f, DAMP_REPLY_BACK, &r, UINT32_MAX);
}

size_t damp_reply_challenge(uint8_t *data, size_t len, const struct damp_frame *f, const struct damp_coap *m,
			    const uint8_t *echo, size_t echo_len, uint16_t non_mid)
{
	struct reply r;

	if (!begin_response(&r, data, len, f, m, DAMP_COAP_4_01, non_mid))
		return 0;
	put_challenge(&r, echo, echo_len);
	return put_in_place(data, len, f, DAMP_REPLY_BACK, &r, UINT32_MAX);
}

size_t damp_reply_challenge_on(uint8_t *data, size_t len, const struct damp_frame *f,
			       const struct damp_coap *m, const uint8_t *echo, size_t echo_len, uint32_t max_ip)
{
	struct reply r;

	if (m->malformed || !damp_coap_is_response(m->code) || m->tkl > DAMP_COAP_TOKEN_MAX)
		return 0;
	begin_with_token(&r, data, len, f, m, m->type, DAMP_COAP_4_01, m->mid);
	put_challenge(&r, echo, echo_len);
	return put_in_place(data, len, f, DAMP_REPLY_ON, &r, max_ip);
}

size_t damp_reply_empty(uint8_t *data, size_t len, const struct damp_frame *f, enum damp_reply_way way,
			uint8_t type, uint16_t mid)
{
	struct reply r;

	if (damp_likely(!f->v6))
		return fits(len, f, EMPTY_V4_LEN, UINT32_MAX) ? put_empty_v4(data, f, way, type, mid) : 0;
	begin(&r, type, 0, DAMP_COAP_CODE_EMPTY, mid);
	return put_in_place(data, len, f, way, &r, UINT32_MAX);
}

size_t damp_reply_ping(uint8_t *data, size_t len, const struct damp_frame *f, uint16_t mid)
{
	if (damp_unlikely(f->v6))
		return damp_reply_empty(data, len, f, DAMP_REPLY_BACK, DAMP_COAP_CON, mid);
	return fits(len, f, EMPTY_V4_LEN, UINT32_MAX) ? put_empty_v4(data, f, DAMP_REPLY_BACK, DAMP_COAP_CON, mid) : 0;
}

size_t damp_reply_empty_copy(uint8_t *out, size_t cap, const uint8_t *data, const struct damp_frame *f,
			     enum damp_reply_way way, uint8_t type, uint16_t mid)
{
	struct reply r;

	begin(&r, type, 0, DAMP_COAP_CODE_EMPTY, mid);
	if (!may_cause(f) || ip_len_of(f, &r) > f->ip_len || cap < f->l3_off + ip_len_of(f, &r))
		return 0;
	memcpy(out, data, f->l3_off);
	return put_frame(out, f, way, &r);
}
