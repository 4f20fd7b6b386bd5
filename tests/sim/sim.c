/* SPDX-License-Identifier: BSD-3-Clause */
/* The simulated world; see sim.h. */
#include "sim.h"
#include "gateway.h"
#include "../splitmix.h"

#include <assert.h>
#include <stdlib.h>

#define ETH_LEN 14u

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void push(struct sim *s, struct sim_event e)
{
	size_t i = s->nevents++;

	if (s->nevents > s->room) {
		s->room = s->room * 2 + 1024;
		s->heap = realloc(s->heap, s->room * sizeof(*s->heap));
		assert(s->heap != NULL);
	}
	e.seq = s->seq++;
	for (; i > 0 && before(&e, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = e;
}

static struct sim_event pop(struct sim *s)
{
	const struct sim_event first = s->heap[0], last = s->heap[--s->nevents];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < s->nevents) {
		if (child + 1 < s->nevents && before(&s->heap[child + 1], &s->heap[child]))
			child++;
		if (!before(&s->heap[child], &last))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return first;
}

void sim_open(struct sim *s, bool v6, bool enforce, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	s->v6 = v6;
	s->now = SIM_START;
	s->random = seed;
	/* A round trip of 40 ms, nearly all of it outside. */
	s->delay[DAMP_OUTSIDE] = SIM_MS(19);
	s->delay[DAMP_INSIDE] = SIM_MS(1);
	s->gateway = sim_gateway_open(s, enforce);
}

void sim_close(struct sim *s)
{
	for (size_t i = 0; i < s->nevents; i++)
		free(s->heap[i].frame);
	free(s->heap);
	sim_gateway_close(s->gateway);
}

void sim_add(struct sim *s, const struct sim_node *n)
{
	assert(s->nnodes < SIM_NODES_MAX);
	s->node[s->nnodes++] = *n;
}

void sim_at(struct sim *s, damp_tick at, sim_fn fn, void *self, uint64_t arg)
{
	push(s, (struct sim_event){ .at = at > s->now ? at : s->now, .fn = fn, .self = self, .arg = arg });
}

uint64_t sim_random(struct sim *s)
{
	return splitmix(&s->random);
}

uint32_t sim_below(struct sim *s, uint32_t n)
{
	return (uint32_t)(((sim_random(s) >> 32) * n) >> 32);
}

static bool in_prefix(const struct damp_addr *a, const struct damp_addr *prefix, unsigned int plen)
{
	const unsigned int whole = plen / 8, rest = plen % 8;

	if (memcmp(a->b, prefix->b, whole) != 0)
		return false;
	return rest == 0 || (a->b[whole] ^ prefix->b[whole]) >> (8 - rest) == 0;
}

/* The longest prefix wins, and a port of its own wins over all ports. */
const struct sim_node *sim_find(const struct sim *s, enum damp_side side, const struct sim_end *e)
{
	const struct sim_node *best = NULL;

	for (unsigned int i = 0; i < s->nnodes; i++) {
		const struct sim_node *n = &s->node[i];

		if (n->side != side || (n->end.port != 0 && n->end.port != e->port) ||
		    !in_prefix(&e->addr, &n->end.addr, n->plen))
			continue;
		if (best == NULL || n->plen > best->plen ||
		    (n->plen == best->plen && n->end.port > best->end.port))
			best = n;
	}
	return best;
}

struct sim_frame *sim_frame_new(const uint8_t *data, size_t len, enum damp_side side)
{
	struct sim_frame *f = malloc(sizeof(*f) + len + DAMP_GROW_MAX);

	assert(f != NULL);
	f->side = side;
	f->len = len;
	memcpy(f->data, data, len);
	return f;
}

/* Bytes of headers that a dress adds: whole IPv6 destination options headers of
 * padding, or the most options that IPv4 has room for. */
#define EXT_HEADERS 6u
#define EXT_LEN 8u
#define V4_OPTIONS 40u

static size_t put_v4(uint8_t *ip, const struct sim_end *src, const struct sim_end *dst, size_t payload,
		     unsigned int dress, uint16_t fragment)
{
	static const uint8_t head[12] = { [0] = 0x45, [5] = 1, [8] = 64, [9] = 17 };
	const size_t options = dress & SIM_DRESS_HEADERS ? V4_OPTIONS : 0, len = 20 + options;

	memcpy(ip, head, sizeof(head));
	ip[0] = (uint8_t)(0x40 | len / 4);
	damp_put16(ip + 2, (uint16_t)(len + payload));
	damp_put16(ip + 6, fragment);
	memcpy(ip + 12, src->addr.b + 12, 4);
	memcpy(ip + 16, dst->addr.b + 12, 4);
	memset(ip + 20, 1, options);            /* no operation */
	damp_put16(ip + 10, (uint16_t)~damp_csum_fold(damp_csum_add(0, ip, len)));
	return len;
}

static size_t put_v6(uint8_t *ip, const struct sim_end *src, const struct sim_end *dst, size_t payload,
		     unsigned int dress)
{
	static const uint8_t head[8] = { [0] = 0x60, [6] = 17, [7] = 64 };
	static const uint8_t padding[EXT_LEN] = { 60, 0, 1, 4 };        /* destination options, PadN */
	const unsigned int n = dress & SIM_DRESS_HEADERS ? EXT_HEADERS : 0;

	memcpy(ip, head, sizeof(head));
	damp_put16(ip + 4, (uint16_t)(n * EXT_LEN + payload));
	memcpy(ip + 8, src->addr.b, 16);
	memcpy(ip + 24, dst->addr.b, 16);
	for (unsigned int i = 0; i < n; i++)
		memcpy(ip + 40 + (size_t)i * EXT_LEN, padding, EXT_LEN);
	if (n > 0) {
		ip[6] = 60;
		ip[40 + (n - 1) * EXT_LEN] = 17;
	}
	return 40 + (size_t)n * EXT_LEN;
}

static void put_ethernet(bool v6, uint8_t *out, unsigned int dress)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };

	memcpy(out, macs, sizeof(macs));
	if (dress & SIM_DRESS_L2_GROUP)
		memset(out, 0xff, 6);
	damp_put16(out + 12, v6 ? 0x86dd : 0x0800);
}

static size_t put_frame(bool v6, uint8_t *out, const struct sim_end *src, const struct sim_end *dst,
			const uint8_t *data, size_t len, unsigned int dress)
{
	const uint16_t udp_len = (uint16_t)(8 + len);
	struct damp_frame f = { .v6 = v6, .l3_off = ETH_LEN };
	uint8_t *udp;

	put_ethernet(v6, out, dress);
	f.l4_off = (uint16_t)(ETH_LEN + (v6 ? put_v6(out + ETH_LEN, src, dst, udp_len, dress)
					    : put_v4(out + ETH_LEN, src, dst, udp_len, dress, 0)));
	udp = out + f.l4_off;
	damp_put16(udp, src->port);
	damp_put16(udp + 2, dst->port);
	damp_put16(udp + 4, udp_len);
	memcpy(udp + 8, data, len);
	damp_put16(udp + 6, 0);
	if (!(dress & SIM_DRESS_NO_CHECKSUM))
		damp_put16(udp + 6, damp_udp_checksum(out, &f, udp_len));
	return f.l4_off + udp_len;
}

static void launch(struct sim *s, enum damp_side side, const uint8_t *frame, size_t n)
{
	push(s, (struct sim_event){ .at = s->now + s->delay[side], .frame = sim_frame_new(frame, n, side),
				    .at_gateway = true });
}

void sim_send_dressed(struct sim *s, enum damp_side side, const struct sim_end *src, const struct sim_end *dst,
		      const uint8_t *data, size_t len, unsigned int dress)
{
	uint8_t frame[ETH_LEN + 48 + EXT_HEADERS * EXT_LEN + SIM_MESSAGE_MAX];

	assert(len <= SIM_MESSAGE_MAX);
	launch(s, side, frame, put_frame(s->v6, frame, src, dst, data, len, dress));
}

void sim_send(struct sim *s, enum damp_side side, const struct sim_end *src, const struct sim_end *dst,
	      const uint8_t *data, size_t len)
{
	sim_send_dressed(s, side, src, dst, data, len, 0);
}

/* One fragment: n bytes of a UDP datagram from offset at. */
static size_t put_fragment(struct sim *s, uint8_t *out, const struct sim_end *src, const struct sim_end *dst,
			   const uint8_t *udp, size_t at, size_t n, bool more)
{
	const uint16_t v4 = (uint16_t)(at / 8 | (more ? 0x2000u : 0u));
	size_t len = ETH_LEN;

	put_ethernet(s->v6, out, 0);
	if (s->v6) {
		len += put_v6(out + len, src, dst, 8 + n, 0);
		out[ETH_LEN + 6] = 44;
		memset(out + len, 0, 8);
		out[len] = 17;
		damp_put16(out + len + 2, (uint16_t)(at | more));
		damp_put16(out + len + 6, s->datagrams);
		len += 8;
	} else {
		len += put_v4(out + len, src, dst, n, 0, v4);
		damp_put16(out + ETH_LEN + 4, s->datagrams);
		damp_put16(out + ETH_LEN + 10, 0);
		damp_put16(out + ETH_LEN + 10, (uint16_t)~damp_csum_fold(damp_csum_add(0, out + ETH_LEN, 20)));
	}
	memcpy(out + len, udp + at, n);
	return len + n;
}

void sim_send_fragments(struct sim *s, enum damp_side side, const struct sim_end *src, const struct sim_end *dst,
			const uint8_t *data, size_t len)
{
	const size_t most = 1400, total = 8 + len;      /* most: a multiple of 8 */
	uint8_t *udp = malloc(total), frame[ETH_LEN + 48 + 1400];

	assert(udp != NULL && total <= UINT16_MAX - 60);
	damp_put16(udp, src->port);
	damp_put16(udp + 2, dst->port);
	damp_put16(udp + 4, (uint16_t)total);
	damp_put16(udp + 6, 0xffff);            /* nobody here reassembles and checks */
	memcpy(udp + 8, data, len);
	s->datagrams++;
	for (size_t at = 0; at < total; at += most) {
		const size_t n = total - at > most ? most : total - at;

		launch(s, side, frame, put_fragment(s, frame, src, dst, udp, at, n, at + n < total));
	}
	free(udp);
}

void sim_deliver(struct sim *s, struct sim_frame *f)
{
	push(s, (struct sim_event){ .at = s->now + s->delay[f->side], .frame = f });
}

/* Offset of the UDP header in an IP packet, 0 when it is not the next thing. */
static size_t udp_at(const uint8_t *ip, bool v6)
{
	size_t at = 40;
	uint8_t next = ip[6];

	if (!v6)
		return damp_get16(ip + 6) & 0x3fff ? 0 : (size_t)(ip[0] & 15) * 4;
	for (; next == 60; at += EXT_LEN)
		next = ip[at];
	return next == 17 ? at : 0;
}

uint32_t sim_read_frame(const struct sim *s, const struct sim_frame *f, struct sim_datagram *d)
{
	const uint8_t *ip = f->data + ETH_LEN;
	const size_t at = udp_at(ip, s->v6);

	*d = (struct sim_datagram){ .data = NULL };
	if (s->v6) {
		memcpy(d->src.addr.b, ip + 8, 16);
		memcpy(d->dst.addr.b, ip + 24, 16);
	} else {
		d->src.addr = d->dst.addr = (struct damp_addr){ .b = { [10] = 0xff, [11] = 0xff } };
		memcpy(d->src.addr.b + 12, ip + 12, 4);
		memcpy(d->dst.addr.b + 12, ip + 16, 4);
	}
	if (at > 0) {
		d->data = ip + at + 8;
		d->len = damp_get16(ip + at + 4) - 8u;
		d->src.port = damp_get16(ip + at);
		d->dst.port = damp_get16(ip + at + 2);
	}
	return s->v6 ? 40u + damp_get16(ip + 4) : damp_get16(ip + 2);
}

/* A frame reaches its host, when there is one. */
static void arrive(struct sim *s, const struct sim_frame *f)
{
	const struct sim_node *n;
	struct sim_datagram d;

	sim_read_frame(s, f, &d);
	n = sim_find(s, f->side, &d.dst);
	if (n != NULL && n->receive != NULL && d.data != NULL)
		n->receive(n->self, &d);
}

void sim_run(struct sim *s, damp_tick until)
{
	while (s->nevents > 0 && s->heap[0].at <= until) {
		const struct sim_event e = pop(s);

		s->now = e.at;
		if (e.frame == NULL) {
			e.fn(e.self, e.arg);
		} else if (e.at_gateway) {
			sim_gateway_frame(s->gateway, e.frame);
		} else {
			arrive(s, e.frame);
			free(e.frame);
		}
	}
	s->now = until;
}
