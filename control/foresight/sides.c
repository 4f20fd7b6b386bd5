/* SPDX-License-Identifier: BSD-3-Clause */
/* See sides.h. */
#include "sides.h"

#include "describe.h"

#include <stdio.h>
#include <stdlib.h>

#define V4_OFFSET 96u /* of an IPv4 prefix within 16 bytes */

static const struct {
	const char *label, *text;
} witnesses[] = {
#define X(id, label, text) { label, text },
	DAMP_SIDE_WITNESSES(X)
#undef X
};

const char *damp_side_witness_label(enum damp_side_witness w)
{
	return witnesses[w].label;
}

const char *damp_side_witness_text(enum damp_side_witness w)
{
	return witnesses[w].text;
}

bool damp_prefix_of(const char *text, struct damp_addr *out, unsigned *plen, char *why)
{
	struct damp_endpoint e;
	char addr[64], *slash;
	unsigned most, bits;
	char *end;

	snprintf(addr, sizeof(addr), "%s", text);
	slash = strchr(addr, '/');
	if (slash)
		*slash++ = '\0';
	if (!damp_endpoint_parse(addr, 1, &e, why))
		return false;
	most = damp_addr_is_v4(&e.addr) ? 32 : 128;
	bits = slash ? (unsigned)strtoul(slash, &end, 10) : most;
	if (e.port != 1 || bits > most || (slash && (*slash < '0' || *slash > '9' || *end))) {
		snprintf(why, DAMP_DESCRIBE_WHY,
			 "'%.60s' is no prefix; write 192.0.2.0/24 or 2001:db8::/32", text);
		return false;
	}
	*out = e.addr;
	*plen = bits;
	return true;
}

bool damp_sides_add_prefix(struct damp_sides *s, const char *text, char *why)
{
	struct damp_addr addr;
	unsigned bits;

	if (!damp_prefix_of(text, &addr, &bits, why))
		return false;
	if (s->nprefixes == DAMP_SIDES_MAX) {
		snprintf(why, DAMP_DESCRIBE_WHY, "more than %u prefixes", DAMP_SIDES_MAX);
		return false;
	}
	s->prefix[s->nprefixes++] = (struct damp_side_prefix){
		.addr = addr, .bits = bits + (damp_addr_is_v4(&addr) ? V4_OFFSET : 0)
	};
	return true;
}

bool damp_sides_add_mac(struct damp_sides *s, const char *text, char *why)
{
	unsigned b[6];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6 ||
	    text[end] != '\0' || s->nmacs == DAMP_SIDES_MAX) {
		snprintf(why, DAMP_DESCRIBE_WHY,
			 "'%.60s' is no MAC address, or one too many; write 02:00:00:00:00:01",
			 text);
		return false;
	}
	for (unsigned i = 0; i < 6; i++)
		s->mac[s->nmacs][i] = (uint8_t)b[i];
	s->nmacs++;
	return true;
}

static bool inside(const struct damp_sides *s, const struct damp_addr *a)
{
	for (unsigned i = 0; i < s->nprefixes; i++) {
		const struct damp_side_prefix *p = &s->prefix[i];
		const unsigned whole = p->bits / 8, rest = p->bits % 8;

		if (memcmp(p->addr.b, a->b, whole) == 0 &&
		    (rest == 0 || ((p->addr.b[whole] ^ a->b[whole]) >> (8 - rest)) == 0))
			return true;
	}
	return false;
}

/* By two truths; false when they do not tell the ends apart. */
static bool by_ends(bool source_inside, bool target_inside, enum damp_side *side)
{
	*side = source_inside ? DAMP_INSIDE : DAMP_OUTSIDE;
	return source_inside != target_inside;
}

static enum damp_side by_mac(const struct damp_sides *s, const struct damp_captured *f)
{
	for (unsigned i = 0; i < s->nmacs; i++)
		if (f->len >= 12 && memcmp(f->data + 6, s->mac[i], 6) == 0)
			return DAMP_OUTSIDE;
	return DAMP_INSIDE;
}

static bool by_rules(const struct damp_sides *s, const struct damp_frame *p, enum damp_side *side)
{
	const struct damp_class *c = s->view->classes;

	return s->view->has_inside &&
	       by_ends(c[damp_view_class(s->view, &p->src)].flags & DAMP_CLASS_INSIDE,
		       c[damp_view_class(s->view, &p->dst)].flags & DAMP_CLASS_INSIDE, side);
}

static bool ours(const struct damp_view *v, uint16_t port)
{
	return damp_port_test(v->ports.coap, port) || damp_port_test(v->ports.dtls, port);
}

/* The end with the CoAP port is inside; when both have it, who asks is outside
 * (every request has a code of class 0 but not 0.00). */
static enum damp_side guess(const struct damp_sides *s, const struct damp_captured *f,
			    const struct damp_frame *p)
{
	enum damp_side side;

	if (by_ends(ours(s->view, p->sport), ours(s->view, p->dport), &side))
		return side;
	if (p->cls == DAMP_FRAME_COAP && p->payload_len > 1)
		return damp_coap_is_request(f->data[p->payload_off + 1]) ? DAMP_OUTSIDE
									 : DAMP_INSIDE;
	return DAMP_OUTSIDE;
}

static enum damp_side_witness ask(const struct damp_sides *s, const struct damp_captured *f,
				  const struct damp_frame *p, enum damp_side *side)
{
	if (s->nprefixes && by_ends(inside(s, &p->src), inside(s, &p->dst), side))
		return DAMP_SIDE_BY_PREFIX;
	if (s->nmacs) {
		*side = by_mac(s, f);
		return DAMP_SIDE_BY_MAC;
	}
	if (f->side >= 0) {
		*side = (enum damp_side)f->side;
		return DAMP_SIDE_BY_INTERFACE;
	}
	if (!s->nprefixes && by_rules(s, p, side))
		return DAMP_SIDE_BY_RULES;
	*side = guess(s, f, p);
	return DAMP_SIDE_BY_GUESS;
}

enum damp_side damp_sides_of(struct damp_sides *s, const struct damp_captured *f)
{
	enum damp_side_witness w;
	enum damp_side side;
	struct damp_frame p;

	damp_frame_parse(f->data, f->len, &s->view->ports, true, &p);
	w = ask(s, f, &p, &side);
	if (p.cls != DAMP_FRAME_OTHER)
		s->coap_frames[w]++;
	return side;
}
