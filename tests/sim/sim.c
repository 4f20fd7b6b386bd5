/* SPDX-License-Identifier: BSD-3-Clause */
/* The simulated world; see sim.h. */
#include "sim.h"
#include "gateway.h"

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

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t sim_random(struct sim *s)
{
	uint64_t z = s->random += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
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

static size_t put_v4(uint8_t *ip, const struct sim_end *src, const struct sim_end *dst, size_t udp_len)
{
	static const uint8_t head[12] = { [0] = 0x45, [5] = 1, [8] = 64, [9] = 17 };

	memcpy(ip, head, sizeof(head));
	damp_put16(ip + 2, (uint16_t)(20 + udp_len));
	memcpy(ip + 12, src->addr.b + 12, 4);
	memcpy(ip + 16, dst->addr.b + 12, 4);
	damp_put16(ip + 10, (uint16_t)~damp_csum_fold(damp_csum_add(0, ip, 20)));
	return 20;
}

static size_t put_v6(uint8_t *ip, const struct sim_end *src, const struct sim_end *dst, size_t udp_len)
{
	static const uint8_t head[8] = { [0] = 0x60, [6] = 17, [7] = 64 };

	memcpy(ip, head, sizeof(head));
	damp_put16(ip + 4, (uint16_t)udp_len);
	memcpy(ip + 8, src->addr.b, 16);
	memcpy(ip + 24, dst->addr.b, 16);
	return 40;
}

static size_t put_frame(bool v6, uint8_t *out, const struct sim_end *src, const struct sim_end *dst,
			const uint8_t *data, size_t len)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	const uint16_t udp_len = (uint16_t)(8 + len);
	struct damp_frame f = { .v6 = v6, .l3_off = ETH_LEN };
	uint8_t *udp;

	memcpy(out, macs, sizeof(macs));
	damp_put16(out + 12, v6 ? 0x86dd : 0x0800);
	f.l4_off = (uint16_t)(ETH_LEN + (v6 ? put_v6 : put_v4)(out + ETH_LEN, src, dst, udp_len));
	udp = out + f.l4_off;
	damp_put16(udp, src->port);
	damp_put16(udp + 2, dst->port);
	damp_put16(udp + 4, udp_len);
	memcpy(udp + 8, data, len);
	damp_put16(udp + 6, 0);
	damp_put16(udp + 6, damp_udp_checksum(out, &f, udp_len));
	return f.l4_off + udp_len;
}

void sim_send(struct sim *s, enum damp_side side, const struct sim_end *src, const struct sim_end *dst,
	      const uint8_t *data, size_t len)
{
	uint8_t frame[ETH_LEN + 48 + SIM_MESSAGE_MAX];
	size_t n;

	assert(len <= SIM_MESSAGE_MAX);
	n = put_frame(s->v6, frame, src, dst, data, len);
	push(s, (struct sim_event){ .at = s->now + s->delay[side], .frame = sim_frame_new(frame, n, side),
				    .at_gateway = true });
}

void sim_deliver(struct sim *s, struct sim_frame *f)
{
	push(s, (struct sim_event){ .at = s->now + s->delay[f->side], .frame = f });
}

/* A frame reaches its host, when there is one. */
static void arrive(struct sim *s, const struct sim_frame *f)
{
	const size_t l4 = ETH_LEN + (s->v6 ? 40u : 20u);
	const uint8_t *ip = f->data + ETH_LEN;
	struct sim_datagram d = { .data = f->data + l4 + 8, .len = damp_get16(f->data + l4 + 4) - 8u };
	const struct sim_node *n;

	if (s->v6) {
		memcpy(d.src.addr.b, ip + 8, 16);
		memcpy(d.dst.addr.b, ip + 24, 16);
	} else {
		d.src.addr = d.dst.addr = (struct damp_addr){ .b = { [10] = 0xff, [11] = 0xff } };
		memcpy(d.src.addr.b + 12, ip + 12, 4);
		memcpy(d.dst.addr.b + 12, ip + 16, 4);
	}
	d.src.port = damp_get16(f->data + l4);
	d.dst.port = damp_get16(f->data + l4 + 2);
	n = sim_find(s, f->side, &d.dst);
	if (n != NULL && n->receive != NULL)
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
