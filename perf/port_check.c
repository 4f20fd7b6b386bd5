/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checking packets; see port_check.h.
 */
#include "port_check.h"

#include "scan.h"

#include <stdlib.h>

#define PASS_PORT 53u

void port_hist_add(struct port_hist *h, uint64_t value)
{
	const uint64_t v = value | PORT_HIST_SUB;
	const unsigned octave = 63u - (unsigned)__builtin_clzll(v);
	/* The five bits below the leading one. */
	const unsigned sub = (unsigned)(v >> (octave - 5)) & (PORT_HIST_SUB - 1);
	const unsigned at = value < PORT_HIST_SUB ? (unsigned)value : (octave - 4) * PORT_HIST_SUB + sub;

	h->count[at < PORT_HIST_SIZE ? at : PORT_HIST_SIZE - 1]++;
	h->n++;
	h->max = value > h->max ? value : h->max;
}

uint64_t port_hist_at(const struct port_hist *h, double share)
{
	uint64_t left = (uint64_t)(share * (double)h->n);

	for (unsigned i = 0; i < PORT_HIST_SIZE; i++) {
		if (h->count[i] > left)
			return i < PORT_HIST_SUB ? i :
			       (uint64_t)(PORT_HIST_SUB + i % PORT_HIST_SUB) << (i / PORT_HIST_SUB - 1);
		left -= h->count[i];
	}
	return h->max;
}

bool port_check_init(struct port_check *c, const struct port_traffic *t)
{
	const uint16_t port = t->kind == PORT_PASS ? PASS_PORT : DAMP_PORT_COAP;

	c->t = t;
	c->ports.coap[port >> 6] = 1ull << (port & 63);
	for (unsigned way = 0; way < PORT_WAYS; way++) {
		c->lane[way].seen = calloc(PORT_NUMBERS_MAX / 64, sizeof(uint64_t));
		c->lane[way].refused_seen = calloc(PORT_NUMBERS_MAX / 64, sizeof(uint64_t));
		if (c->lane[way].seen == NULL || c->lane[way].refused_seen == NULL)
			return false;
	}
	return true;
}

void port_check_free(struct port_check *c)
{
	for (unsigned way = 0; way < PORT_WAYS; way++) {
		free(c->lane[way].seen);
		free(c->lane[way].refused_seen);
	}
}

void port_check_sent(struct port_check *c, enum port_way way, uint64_t n, uint64_t now)
{
	c->lane[way].sent_at[n % PORT_FLYING] = now;
	if (way == PORT_WAY_IN)
		c->limit = n + 1;
}

/* Was the bit set before? */
static bool mark(uint64_t *seen, uint64_t n)
{
	const uint64_t bit = 1ull << (n & 63);
	const bool was = (seen[n >> 6] & bit) != 0;

	seen[n >> 6] |= bit;
	return was;
}

static void note(struct port_check *c, struct port_lane *l, const struct port_draw *d, uint64_t now)
{
	const uint64_t sent = l->sent_at[d->n % PORT_FLYING];

	l->duplicated += mark(l->seen, d->n);
	if (l->last[d->client % PORT_FLOWS].client == d->client)
		l->reordered += d->n < l->last[d->client % PORT_FLOWS].number;
	l->last[d->client % PORT_FLOWS].client = d->client;
	l->last[d->client % PORT_FLOWS].number = d->n;
	if (sent <= c->blind_until)
		c->blinded++;
	else
		port_hist_add(&c->times, now - sent);
}

/* The packet of the number that stands where a number stands. */
static bool find(const struct port_check *c, const uint8_t *data, uint32_t len, struct port_draw *d)
{
	const bool v6 = len > 14 && data[12] == 0x86;
	const size_t at = frame_payload_at(v6) + (c->t->kind == PORT_PASS ? 0 : 4);
	uint64_t n;

	if (len < at + PORT_ID_LEN)
		return false;
	n = damp_get64(data + at);
	if (n >= c->limit)
		return false;
	port_draw(c->t, n, d);
	return d->v6 == v6;
}

static void exchange_macs(uint8_t *frame)
{
	uint8_t mac[6];

	memcpy(mac, frame, 6);
	memcpy(frame, frame + 6, 6);
	memcpy(frame + 6, mac, 6);
}

static bool is_same(const struct port_check *c, enum port_way way, const struct port_draw *d, const uint8_t *data,
		    uint32_t len)
{
	uint8_t want[FRAME_ROOM];
	const uint32_t n = way == PORT_WAY_IN ? port_build_request(c->t, d, want) : port_build_response(c->t, d, want);

	if (c->macswap)
		exchange_macs(want);
	return n == len && memcmp(want, data, len) == 0;
}

static bool ends_match(const struct port_draw *d, enum port_way way, const struct damp_frame *f)
{
	const struct damp_addr *client = way == PORT_WAY_IN ? &f->src : &f->dst;
	const struct damp_addr *server = way == PORT_WAY_IN ? &f->dst : &f->src;

	return memcmp(client, &d->client_addr, sizeof(*client)) == 0 &&
	       memcmp(server, &d->server_addr, sizeof(*server)) == 0 &&
	       (way == PORT_WAY_IN ? f->sport : f->dport) == d->port;
}

/* Do the messages differ in nothing but the Message ID? */
static bool only_mid_differs(const struct port_check *c, const struct port_draw *d, const uint8_t *msg, uint32_t len)
{
	uint8_t want[FRAME_ROOM];
	const uint8_t *m = want + frame_payload_at(d->v6);

	port_build_response(c->t, d, want);
	return damp_get16(m - 4) - 8u == len && memcmp(m, msg, 2) == 0 && memcmp(m + 4, msg + 4, len - 4) == 0;
}

/* A message that bears number d: the one expected, shaped, or a refusal. */
static enum port_found numbered(struct port_check *c, enum port_way way, const struct damp_frame *f,
				const struct damp_coap *m, const uint8_t *msg, const struct port_draw *d,
				uint64_t now)
{
	const uint8_t code = way == PORT_WAY_IN ? d->request->code : d->response->code;
	struct port_lane *l = &c->lane[way];

	if (m->token_len != PORT_ID_LEN || !ends_match(d, way, f)) {
		l->wrong++;
		return PORT_FOUND_NOTHING;
	}
	if (m->code == code) {
		if (way == PORT_WAY_OUT && only_mid_differs(c, d, msg, m->len))
			l->renumbered++;
		else
			l->shaped++;
		note(c, l, d, now);
		return PORT_FOUND_MESSAGE;
	}
	if (way == PORT_WAY_IN || DAMP_COAP_CLASS(m->code) < 4) {
		l->wrong++;
		return PORT_FOUND_NOTHING;
	}
	l->refused++;
	l->duplicated += mark(l->refused_seen, d->n);
	return PORT_FOUND_NOTHING;
}

static enum port_found look_again(struct port_check *c, enum port_way way, const uint8_t *data, uint32_t len,
				  const struct port_draw *d, uint64_t now)
{
	struct port_lane *l = &c->lane[way];
	struct damp_frame f;
	struct damp_coap m;

	damp_frame_parse(data, len, &c->ports, false, &f);
	if (f.cls != DAMP_FRAME_COAP || c->t->kind == PORT_PASS) {
		l->foreign += d == NULL;
		l->wrong += d != NULL;
		return PORT_FOUND_NOTHING;
	}
	damp_coap_scan(data + f.payload_off, f.payload_len, &m);
	if (!m.malformed && m.code == 0) {
		l->empty++;
		return way == PORT_WAY_OUT && m.type == DAMP_COAP_CON ? PORT_FOUND_PING : PORT_FOUND_NOTHING;
	}
	if (d != NULL && !m.malformed)
		return numbered(c, way, &f, &m, data + f.payload_off, d, now);
	l->foreign++;
	return PORT_FOUND_NOTHING;
}

enum port_found port_check_frame(struct port_check *c, enum port_way way, const uint8_t *data, uint32_t len,
				 uint64_t now, struct port_draw *d)
{
	struct port_lane *l = &c->lane[way];
	const bool found = find(c, data, len, d);

	l->bytes += len;
	if (!found || !is_same(c, way, d, data, len))
		return look_again(c, way, data, len, found ? d : NULL, now);
	l->same++;
	note(c, l, d, now);
	return PORT_FOUND_MESSAGE;
}
