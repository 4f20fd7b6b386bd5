/* SPDX-License-Identifier: BSD-3-Clause */
/* Conditional attributes; see attrs.h. */
#include "attrs.h"

#include "option.h"

#define MS 1000u
/* Periods are compared in milliseconds; longer ones are as good as this. */
#define LONG_MS (1u << 30)

/* A number in a query: its bytes, and what it says. */
struct number { uint32_t at, len, ms; bool dot; };

enum attr { ATTR_NONE, ATTR_PMIN, ATTR_PMAX, ATTR_EVAL };

static enum attr attr_of(const uint8_t *name, uint32_t n)
{
	static const struct { const char *name; enum attr attr; } known[] = {
		{ "pmin", ATTR_PMIN }, { "pmax", ATTR_PMAX }, { "epmin", ATTR_EVAL }, { "epmax", ATTR_EVAL },
	};

	if (n > 2 && name[0] == 'c' && name[1] == '.') {
		name += 2;
		n -= 2;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (n == strlen(known[i].name) && memcmp(name, known[i].name, n) == 0)
			return known[i].attr;
	return ATTR_NONE;
}

static uint32_t bound_of(const struct damp_guard *g, enum attr a)
{
	return a == ATTR_PMAX ? g->observe_pmax_ms : a == ATTR_PMIN ? g->observe_pmin_ms : g->observe_eval_ms;
}

/* Digits, with at most one point, the draft's examples also in quotes. */
static bool read_number(const uint8_t *v, uint32_t len, struct number *out)
{
	const uint32_t quotes = len >= 2 && v[0] == '"' && v[len - 1] == '"';
	uint32_t scale = MS;
	uint64_t ms = 0;

	*out = (struct number){ .at = quotes, .len = len - 2 * quotes };
	for (uint32_t i = out->at; i < out->at + out->len; i++) {
		if (v[i] == '.' && !out->dot) {
			out->dot = true;
			continue;
		}
		if (v[i] < '0' || v[i] > '9')
			return false;
		if (out->dot) {
			scale /= 10;
			ms += (uint64_t)(v[i] - '0') * scale;
		} else if (ms < LONG_MS) {
			ms = ms * 10 + (uint64_t)(v[i] - '0') * MS;
		}
	}
	out->ms = ms < LONG_MS ? (uint32_t)ms : LONG_MS;
	return out->len > (uint32_t)out->dot;
}

/* The bound in the bytes of the number: zeros before it, or, where there was a
 * point, behind. False when there is no room. */
static bool write_number(uint8_t *v, uint32_t len, bool dot, uint32_t bound_ms)
{
	uint32_t whole = (bound_ms + MS - 1) / MS, digits = 1, at;

	for (uint32_t w = whole; w >= 10; w /= 10)
		digits++;
	if (digits > len)
		return false;
	at = dot && digits + 2 <= len ? digits : len;
	for (uint32_t i = at; i > 0; i--, whole /= 10)
		v[i - 1] = (uint8_t)('0' + whole % 10);
	for (uint32_t i = at; i < len; i++)
		v[i] = i == at ? '.' : '0';
	return true;
}

/* One Uri-Query of len bytes. The bound is written when v may be written to. */
static enum damp_attrs judge_query(const uint8_t *q, uint32_t len, uint8_t *v, const struct damp_guard *g)
{
	const uint8_t *equals = memchr(q, '=', len);
	const uint32_t name = equals != NULL ? (uint32_t)(equals - q) : len;
	const enum attr a = attr_of(q, name);
	uint8_t copy[UINT8_MAX];
	struct number n;

	if (equals == NULL || a == ATTR_NONE || bound_of(g, a) == 0)
		return DAMP_ATTRS_FINE;
	if (!read_number(equals + 1, len - name - 1, &n))
		return DAMP_ATTRS_REFUSE;
	if (n.ms >= bound_of(g, a))
		return DAMP_ATTRS_FINE;
	if (n.len > sizeof(copy) || !write_number(copy, n.len, n.dot, bound_of(g, a)))
		return DAMP_ATTRS_REFUSE;
	if (v != NULL)
		memcpy(v + name + 1 + n.at, copy, n.len);
	return DAMP_ATTRS_CLAMP;
}

/* Walk the Uri-Query options, which follow each other. write: the same bytes. */
static enum damp_attrs walk(const uint8_t *msg, uint8_t *write, const struct damp_coap *m,
			    const struct damp_guard *g)
{
	enum damp_attrs worst = DAMP_ATTRS_FINE, one;
	uint32_t pos = m->query_off;
	struct damp_opt o;

	for (unsigned i = 0; i < m->nquery && damp_opt_read(msg + pos, m->query_end - pos, &o); i++) {
		pos += o.hdr;
		one = judge_query(msg + pos, o.len, write != NULL ? write + pos : NULL, g);
		worst = one > worst ? one : worst;
		pos += o.len;
	}
	return worst;
}

enum damp_attrs damp_attrs_check(const uint8_t *msg, const struct damp_coap *m, const struct damp_guard *g)
{
	return walk(msg, NULL, m, g);
}

void damp_attrs_clamp(uint8_t *data, const struct damp_frame *f, const struct damp_coap *m,
		      const struct damp_guard *g)
{
	uint8_t *msg = data + f->payload_off, *udp = data + f->l4_off;

	walk(msg, msg, m, g);
	damp_put16(udp + 6, 0);
	damp_put16(udp + 6, damp_udp_checksum(data, f, damp_get16(udp + 4)));
}
