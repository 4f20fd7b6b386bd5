/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changing a message on its way; see rewrite.h for the idea and the invariant.
 *
 * A rewrite has two steps. The plan walks the option list once and notes which
 * bytes give way to which: an option that goes, an option that comes, and the
 * header of the one behind it, whose delta is another now. Options are sorted,
 * so all of that is at most two splices of a few bytes, and the length that
 * results is known before anything is written. Only then are the splices made,
 * the shrinking one first, so that the frame is never longer on the way than
 * before or after.
 *
 * Lowering SZX changes bits of a value in its place and keeps its length: a
 * Block2 with leading zeros stays one. Bytes behind the IP packet (padding of
 * a short frame) are not carried along: the port pads anew.
 *
 * Not touched: what is malformed or no whole CoAP datagram; what OSCORE
 * protects, because the inner options govern (RFC 8613 section 4.1.3.5), but for a
 * Size2 that is taken out (section 4.1.3.4); and no Block2 beside Q-Block, which RFC
 * 9177 section 4.1 forbids.
 */
#include "rewrite.h"
#include "echo.h"
#include "option.h"

#define IPV6_HEADER_LEN 40u
#define UDP_HEADER_LEN 8u
#define SZX_MAX 6u                  /* RFC 7959 section 2.2 */

/* A new Block2 (delta at most 23, value at most one byte) and the header
 * behind it; or a new Echo, whose header has at most two bytes. */
#define SPLICE_BYTES_MAX (2u + DAMP_ECHO_LEN)
_Static_assert(SPLICE_BYTES_MAX >= 2u + 1u + DAMP_OPT_HDR_MAX, "the longer of the two");
#define SPLICES_MAX 2u

#define NO_OPTION UINT32_MAX

/* Bytes at..end of the message give way to n others. */
struct splice {
	uint32_t at, end, n;
	uint8_t bytes[SPLICE_BYTES_MAX];
};

struct plan {
	/* What is asked for. */
	uint32_t strip;             /* option number, or NO_OPTION */
	bool slice;
	uint8_t szx;
	/* What follows. */
	bool insert, lower;
	uint32_t kept;              /* number of the last option that stays */
	uint32_t noptions;
	uint32_t nsplices;
	struct splice splice[SPLICES_MAX];
};

/* The splice that covers from..to: the last one when it ends there. */
static struct splice *cover(struct plan *p, uint32_t from, uint32_t to)
{
	struct splice *s;

	if (p->nsplices == 0 || p->splice[p->nsplices - 1].end != from)
		p->splice[p->nsplices++].at = from;
	s = &p->splice[p->nsplices - 1];
	s->end = to;
	return s;
}

static void plan_insert(struct plan *p, uint32_t pos)
{
	struct splice *s = cover(p, pos, pos);
	const uint32_t vlen = p->szx ? 1 : 0; /* the shortest form of a uint */

	s->n += damp_opt_write(s->bytes + s->n, DAMP_COAP_OPT_BLOCK2 - p->kept, vlen);
	if (vlen)
		s->bytes[s->n++] = p->szx;
	p->kept = DAMP_COAP_OPT_BLOCK2;
	p->noptions++;
	p->insert = false;
}

static void plan_option(struct plan *p, uint32_t pos, uint32_t number, const struct damp_opt *o)
{
	const uint32_t delta = number - p->kept;
	struct splice *s;

	if (number == p->strip) {
		cover(p, pos, pos + o->hdr + o->len);
		p->noptions--;
		return;
	}
	if (delta != o->delta) {
		s = cover(p, pos, pos + o->hdr);
		s->n += damp_opt_write(s->bytes + s->n, delta, o->len);
	}
	p->kept = number;
}

static bool plan_options(struct plan *p, const uint8_t *msg, const struct damp_coap *m)
{
	uint32_t pos = m->options_off, number = 0;
	struct damp_opt o;

	p->noptions = m->noptions;
	for (uint32_t i = 0; i < m->noptions; i++) {
		if (!damp_opt_read(msg + pos, m->len - pos, &o))
			return false;
		number += o.delta;
		if (p->insert && number > DAMP_COAP_OPT_BLOCK2)
			plan_insert(p, pos);
		plan_option(p, pos, number, &o);
		pos += o.hdr + o.len;
	}
	if (p->insert)
		plan_insert(p, pos);
	return p->noptions <= DAMP_COAP_OPTIONS_MAX;
}

/* Decide between inserting, lowering and leaving Block2. */
static bool plan_block2(struct plan *p, const struct damp_coap *m)
{
	const bool has = damp_coap_has(m, DAMP_OPTBIT_BLOCK2);

	if (p->szx > SZX_MAX || !damp_coap_is_request(m->code) || damp_coap_has(m, DAMP_OPTBIT_Q_BLOCK1) ||
	    damp_coap_has(m, DAMP_OPTBIT_Q_BLOCK2))
		return false;
	p->insert = !has;
	p->lower = has && m->block2 >> 4 == 0 && (m->block2 & 7) > p->szx;
	return true;
}

static bool is_whole(const struct damp_frame *f, const struct damp_coap *m)
{
	return f->cls == DAMP_FRAME_COAP && !m->malformed;
}

static bool may_touch(const struct damp_frame *f, const struct damp_coap *m)
{
	return is_whole(f, m) && !damp_coap_has(m, DAMP_OPTBIT_OSCORE);
}

/* The size that stands outside of OSCORE is nobody's but its sender's word. */
static bool strips_outer(const struct plan *p)
{
	return p->strip == DAMP_COAP_OPT_SIZE2 && !p->slice;
}

static uint32_t planned_len(const struct plan *p, const struct damp_coap *m)
{
	uint32_t len = m->len;

	for (uint32_t i = 0; i < p->nsplices; i++)
		len += p->splice[i].n - (p->splice[i].end - p->splice[i].at);
	return len;
}

/* Make a splice in len bytes of message; returns the new length. */
static uint32_t make_splice(uint8_t *msg, uint32_t len, const struct splice *s, uint32_t at)
{
	const uint32_t end = at + (s->end - s->at);

	memmove(msg + at + s->n, msg + end, len - end);
	memcpy(msg + at, s->bytes, s->n);
	return len - (end - at) + s->n;
}

/* Put a 16-bit field and adjust the checksum over it (RFC 1624, equation 3).
 * A sum that was wrong stays wrong. */
static uint16_t change16(uint8_t *field, uint16_t value, uint16_t check)
{
	const uint32_t sum = (uint32_t)(uint16_t)~check + (uint16_t)~damp_get16(field) + value;

	damp_put16(field, value);
	return (uint16_t)~damp_csum_fold(sum);
}

/* Lengths and checksums of a datagram whose message has msg_len bytes now. */
static void put_lengths(uint8_t *data, const struct damp_frame *f, uint32_t msg_len)
{
	const uint16_t udp_len = (uint16_t)(UDP_HEADER_LEN + msg_len);
	const uint16_t ip_len = (uint16_t)(f->l4_off - f->l3_off + udp_len);
	uint8_t *ip = data + f->l3_off, *udp = data + f->l4_off;

	if (f->v6)
		damp_put16(ip + 4, (uint16_t)(ip_len - IPV6_HEADER_LEN));
	else
		damp_put16(ip + 10, change16(ip + 2, ip_len, damp_get16(ip + 10)));
	damp_put16(udp + 4, udp_len);
	damp_put16(udp + 6, damp_udp_checksum(data, f, udp_len));
}

static size_t make(const struct plan *p, uint8_t *data, const struct damp_frame *f, const struct damp_coap *m)
{
	uint8_t *msg = data + f->payload_off, *szx;
	uint32_t len = m->len;

	if (p->lower) {
		szx = msg + m->block2_off + m->block2_hdr + m->block2_vlen - 1;
		*szx = (uint8_t)((*szx & ~7u) | p->szx);
	}
	/* The first of two splices shrinks by m->len - len. */
	for (uint32_t i = 0; i < p->nsplices; i++)
		len = make_splice(msg, len, &p->splice[i], p->splice[i].at - (m->len - len));
	put_lengths(data, f, len);
	return (size_t)f->payload_off + len;
}

static size_t rewrite(struct plan *p, uint8_t *data, size_t len, size_t cap, const struct damp_frame *f,
		      const struct damp_coap *m)
{
	uint32_t msg_len, ip_len;

	if (!(strips_outer(p) ? is_whole(f, m) : may_touch(f, m)) || (p->slice && !plan_block2(p, m)) ||
	    !plan_options(p, data + f->payload_off, m))
		return 0;
	if (p->nsplices == 0 && !p->lower)
		return len;
	msg_len = planned_len(p, m);
	ip_len = (uint32_t)(f->l4_off - f->l3_off) + UDP_HEADER_LEN + msg_len;
	if (ip_len > UINT16_MAX || (msg_len > m->len && f->payload_off + msg_len > cap))
		return 0;
	return make(p, data, f, m);
}

size_t damp_rewrite_strip(uint8_t *data, size_t len, const struct damp_frame *f, const struct damp_coap *m,
			  uint16_t number)
{
	struct plan p = { .strip = number };

	if (number & 1)
		return 0;
	return rewrite(&p, data, len, len, f, m);
}

size_t damp_rewrite_request(uint8_t *data, size_t len, size_t cap, const struct damp_frame *f,
			    const struct damp_coap *m, bool strip_observe, bool slice, uint8_t szx)
{
	struct plan p = { .strip = strip_observe ? DAMP_COAP_OPT_OBSERVE : NO_OPTION,
			  .slice = slice,
			  .szx = szx };

	return rewrite(&p, data, len, cap, f, m);
}

/* Number of the last option and where the list ends. */
static bool last_option(const uint8_t *msg, const struct damp_coap *m, uint32_t *number, uint32_t *end)
{
	struct damp_opt o;

	*number = 0;
	*end = m->options_off;
	for (uint32_t i = 0; i < m->noptions; i++) {
		if (!damp_opt_read(msg + *end, m->len - *end, &o))
			return false;
		*number += o.delta;
		*end += o.hdr + o.len;
	}
	return true;
}

size_t damp_rewrite_add_echo(uint8_t *data, size_t len, size_t cap, const struct damp_frame *f,
			     const struct damp_coap *m, const uint8_t *echo, size_t echo_len)
{
	struct plan p = { .strip = NO_OPTION, .nsplices = 1 };
	struct splice *s = &p.splice[0];
	uint32_t number;

	if (!may_touch(f, m) || !damp_coap_is_response(m->code) || damp_coap_has(m, DAMP_OPTBIT_ECHO) ||
	    echo_len == 0 || echo_len > sizeof(s->bytes) - 2 || m->noptions >= DAMP_COAP_OPTIONS_MAX ||
	    !last_option(data + f->payload_off, m, &number, &s->at) || number > DAMP_COAP_OPT_ECHO)
		return 0;
	s->end = s->at;
	s->n = damp_opt_write(s->bytes, DAMP_COAP_OPT_ECHO - number, (uint32_t)echo_len);
	memcpy(s->bytes + s->n, echo, echo_len);
	s->n += (uint32_t)echo_len;
	if (f->payload_off + planned_len(&p, m) > cap || f->ip_len + s->n > UINT16_MAX)
		return 0;
	(void)len;
	return make(&p, data, f, m);
}

void damp_rewrite_mid(uint8_t *data, const struct damp_frame *f, uint16_t mid)
{
	uint8_t *check = data + f->l4_off + 6;
	const uint16_t old = damp_get16(check);
	const uint16_t sum = change16(data + f->payload_off + 2, mid, old);

	/* Only fragments come without one; whole datagrams would have been refused. */
	if (old != 0)
		damp_put16(check, sum ? sum : 0xffff);
}
