/* SPDX-License-Identifier: BSD-3-Clause */
/* A flood and the honest beside it, step by step of a millisecond (flood_run.h). */
#include "flood_run.h"

#include "flood_frames.h"
#include "judge_keys.h"

#include "builtin.h"
#include "../splitmix.h"

#include <assert.h>
#include <stdlib.h>

#define FRAME_MAX (ETH + 2048)
#define BEGIN DAMP_SECONDS(1000)
#define FLOOD_S 60u
#define CLIENTS 200u
#define RTT (DAMP_TICK_HZ / 25)
#define SERVERS 4u
#define QUEUE 4096u
#define SPAN_S 10u                      /* in which the first contacts begin */
#define COPIES 5u                       /* MAX_RETRANSMIT and the first */
#define NON_COPIES 4u
/* Sources of the patterns that have few; divided by the scale like all else. */
#define REPLAYED 1024u
#define CARPETED 256u
#define ANSWER 40u                      /* bytes of CoAP: fits any budget */

enum kind { CON, NON, PROVED, KINDS };

struct client {
	enum kind kind;
	damp_tick began, took;          /* until the first answer */
	struct damp_addr addr;
	uint16_t port, mid;
	unsigned sent;
	damp_tick next, gap;
	bool answered;
	unsigned asked, got;            /* of one that is proved: requests and answers */
};

struct pong { damp_tick at; const struct client *from; struct damp_addr server; uint16_t mid; };

struct run {
	struct flood f;
	uint64_t random;
	damp_tick now;
	struct damp_judge *judge;
	struct damp_judge_worker *worker;
	void *ring;
	struct damp_view *view;
	struct damp_stats *stats;
	void *judge_mem, *worker_mem;
	struct client client[KINDS * CLIENTS];
	struct pong pong[QUEUE];
	unsigned head, tail;
	struct damp_pkt pkt[DAMP_BURST];
	uint8_t frame[DAMP_BURST][FRAME_MAX], arrived[DAMP_BURST][FRAME_MAX];
	unsigned n;
	uint64_t flood_packets, flood_bytes, out_bytes, out_packets, at_servers[SERVERS];
};

static uint64_t draw(struct run *r)
{
	return splitmix(&r->random);
}

static uint64_t mix(uint64_t n)
{
	uint64_t state = n * 0xd1342543de82ef95ull;

	return splitmix(&state);
}

/* The number of a client is in its address: 192.0.x.y, or a /64 of its own in one
 * of three /48. */
static struct damp_addr client_addr(const struct run *r, unsigned i)
{
	return r->f.v6 ? flood_v6(0x20010db8f0000000ull | (uint64_t)(i >> 8) << 16 | (i & 255), 1)
		       : flood_v4(0xc0000000u + i);
}

static struct client *client_at(struct run *r, const struct damp_addr *a, uint16_t port)
{
	const unsigned i = r->f.v6 ? (damp_get16(a->b + 4) & 0xffu) << 8 | damp_get16(a->b + 6)
				 : damp_get16(a->b + 14);

	return i < KINDS * CLIENTS && r->client[i].port == port && memcmp(&r->client[i].addr, a, sizeof(*a)) == 0
		       ? &r->client[i] : NULL;
}

static void toward_outside(struct run *r, const uint8_t *data, uint32_t len)
{
	const uint8_t *m = data + flood_before_coap(r->f.v6);
	const struct damp_addr dst = flood_end(r->f.v6, data, true);
	struct client *c = client_at(r, &dst, damp_get16(m - UDP + 2));

	if (c == NULL) {
		r->out_packets++;
		r->out_bytes += len - ETH;
		return;
	}
	if (m[0] == 0x40 && m[1] == 0) {
		assert(r->tail - r->head < QUEUE);
		r->pong[r->tail++ % QUEUE] = (struct pong){ r->now + RTT, c, flood_end(r->f.v6, data, false),
							    damp_get16(m + 2) };
	} else if (m[1] == DAMP_COAP_2_05 && !c->answered) {
		c->answered = true;
		c->took = r->now - c->began;
		c->got++;
	}
}

static void judge(struct run *r);

/* A request reached a server: it answers at once, piggybacked or NON. */
static void at_server(struct run *r, const uint8_t *data)
{
	const uint8_t *m = data + flood_before_coap(r->f.v6);
	const struct damp_addr src = flood_end(r->f.v6, data, false), dst = flood_end(r->f.v6, data, true);
	const uint16_t port = damp_get16(m - UDP);
	uint8_t answer[ANSWER] = { 0 };
	const bool con = (m[0] & 0x30) == 0;

	if (client_at(r, &src, port) == NULL)
		r->at_servers[flood_server_number(&dst)]++;
	answer[0] = (uint8_t)((con ? 0x60 : 0x50) | (m[0] & 15));
	answer[1] = DAMP_COAP_2_05;
	memcpy(answer + 2, m + 2, 6);           /* Message ID and token of 4 */
	answer[8] = 0xff;
	memset(answer + 9, 'x', sizeof(answer) - 9);
	r->pkt[r->n] = (struct damp_pkt){ .data = r->frame[r->n], .side = DAMP_INSIDE };
	r->pkt[r->n].len = flood_put_frame(r->f.v6, r->frame[r->n], &dst, 5683, &src, port, answer, sizeof(answer));
	r->n++;
}

static bool is_request(const uint8_t *m)
{
	return m[1] != 0 && (m[1] & 0xe0) == 0;
}

/* Judge what is queued; what the servers answer is queued for the next time. */
static void judge(struct run *r)
{
	unsigned narrived = 0;
	const unsigned n = r->n;

	if (n == 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		r->pkt[i].cap = r->pkt[i].len + DAMP_GROW_MAX;
		r->pkt[i].checksum_known = 1;
	}
	damp_judge_parse(r->view, r->pkt, n);
	damp_judge_run(r->worker, r->view, r->pkt, n, r->now, false);
	for (unsigned i = 0; i < n; i++) {
		const struct damp_pkt *p = &r->pkt[i];
		const bool outward = (p->side == DAMP_OUTSIDE) == (p->fate == DAMP_FATE_BACK);

		if (p->fate < DAMP_FATE_DROP && outward)
			toward_outside(r, p->data, p->out_len);
		else if (p->fate == DAMP_FATE_FORWARD && is_request(p->data + flood_before_coap(r->f.v6)))
			memcpy(r->arrived[narrived++], p->data, p->out_len);
	}
	r->n = 0;
	for (unsigned i = 0; i < narrived; i++)
		at_server(r, r->arrived[i]);
	judge(r);
}

static void look_round(struct run *r)
{
	struct damp_emit e[DAMP_EMITS];
	unsigned n;

	do {
		n = damp_judge_emits(r->worker, r->now, e, DAMP_EMITS);
		for (unsigned i = 0; i < n; i++)
			toward_outside(r, e[i].data, e[i].len);
	} while (n == DAMP_EMITS);
}

static void queue_up(struct run *r, const struct damp_addr *src, uint16_t sport, const struct damp_addr *dst,
		     const uint8_t *m, uint32_t len)
{
	struct damp_pkt *p = &r->pkt[r->n];

	*p = (struct damp_pkt){ .data = r->frame[r->n], .side = DAMP_OUTSIDE };
	p->len = flood_put_frame(r->f.v6, r->frame[r->n], src, sport, dst, 5683, m, len);
	if (++r->n == DAMP_BURST / 2)           /* the answers need places as well */
		judge(r);
}

/* GET /a with a token of 4: of a client, or the nth of the flood. */
static void request(uint8_t m[10], bool con, uint16_t mid, uint32_t token)
{
	m[0] = con ? 0x44 : 0x54;
	m[1] = 1;
	damp_put16(m + 2, mid);
	damp_put32(m + 4, token);
	m[8] = 0xb1;
	m[9] = 'a';
}

/* Neither ours nor the honest, and no address that no host may have. */
static struct damp_addr source(const struct run *r, uint64_t h, uint64_t more)
{
	const unsigned few = CARPETED / r->f.scale;
	uint32_t a;

	if (r->f.v6 && r->f.pattern == FLOOD_CARPET)
		return flood_v6(0x2a00000000000001ull, more);
	if (r->f.v6)
		return flood_v6(r->f.pattern == FLOOD_CARPET_48 ? 0x2a00000000000000ull | h % (CARPETED * CARPETED / r->f.scale)
						  : 0x2400000000000000ull | h >> 6, more);
	a = 0x0b000000u + (uint32_t)h % 0x70000000u;
	if (a >> 24 == 127)
		a ^= 0x40000000u;
	return flood_v4(r->f.pattern == FLOOD_CARPET ? 0x0c000000u | a % few : a);
}

static void flood_packet(struct run *r, uint64_t k)
{
	const uint64_t h = mix(k + 1), token = mix(h);
	const struct damp_addr src = source(r, h, mix(token)), dst = flood_server(r->f.v6, h % SERVERS);
	uint8_t m[10];

	request(m, true, (uint16_t)(h >> 32), (uint32_t)token);
	r->flood_packets++;
	r->flood_bytes += flood_before_coap(r->f.v6) - ETH + sizeof(m);
	queue_up(r, &src, (uint16_t)(1024 + (h >> 48) % 60000), &dst, m, sizeof(m));
}

/* The packets of one step of DAMP_TICK_HZ / 1000. */
static void flood_step(struct run *r, uint64_t from, uint64_t to)
{
	const uint64_t lag = (uint64_t)(r->f.rate / r->f.scale * 2.5) / 2;

	for (uint64_t k = from; k < to; k++) {
		if (r->f.pattern == FLOOD_REPLAY)
			flood_packet(r, k % (REPLAYED / r->f.scale));
		else if (r->f.pattern != FLOOD_TWICE)
			flood_packet(r, k);
		else if (k % 2 == 0)
			flood_packet(r, k / 2);
		else if (k / 2 >= lag)
			flood_packet(r, k / 2 - lag);
	}
}

static void send_request(struct run *r, struct client *c)
{
	const struct damp_addr dst = flood_server(r->f.v6, c->port % SERVERS);
	uint8_t m[10];

	request(m, c->kind != NON, c->mid, (uint32_t)mix(c->port));
	queue_up(r, &c->addr, c->port, &dst, m, sizeof(m));
}

/* A first contact's next copy, or the next request of who is known. */
static void client_turn(struct run *r, struct client *c)
{
	const damp_tick second = DAMP_SECONDS(1);

	if (c->kind == PROVED) {
		c->mid++;
		c->asked++;
		c->answered = false;
		c->next = r->now + 5 * second;
	} else if (c->answered || c->sent == (c->kind == CON ? COPIES : NON_COPIES)) {
		c->next = UINT64_MAX;
		return;
	} else if (c->kind == CON) {
		c->gap = c->sent == 0 ? 2 * second + draw(r) % second : 2 * c->gap;
		c->next = r->now + c->gap;
	} else {
		c->mid++;
		c->next = r->now + 5 * second;
	}
	if (c->sent++ == 0)
		c->began = r->now;
	send_request(r, c);
}

static void clients_step(struct run *r)
{
	for (unsigned i = 0; i < KINDS * CLIENTS; i++)
		if (r->client[i].next <= r->now)
			client_turn(r, &r->client[i]);
	for (; r->head != r->tail && r->pong[r->head % QUEUE].at <= r->now; r->head++) {
		const struct pong *p = &r->pong[r->head % QUEUE];
		uint8_t rst[4] = { 0x70, 0 };

		damp_put16(rst + 2, p->mid);
		queue_up(r, &p->from->addr, p->from->port, &p->server, rst, sizeof(rst));
	}
}

static void *lines(size_t n)
{
	void *p = aligned_alloc(DAMP_CACHE_LINE, (n + DAMP_CACHE_LINE - 1) / DAMP_CACHE_LINE * DAMP_CACHE_LINE);

	assert(p != NULL);
	memset(p, 0, n);
	return p;
}

static void slow_down(struct damp_rung *rung, unsigned scale)
{
	rung->cost_q16 *= scale;
}

static unsigned log2_of(unsigned n)
{
	return n <= 1 ? 0 : 1 + log2_of(n / 2);
}

static void open_run(struct run *r)
{
	const struct damp_key key = { 7, r->f.key };
	struct damp_judge_config config = damp_judge_defaults;
	struct damp_program_hdr *h;
	struct damp_guard *g;
	char err[256] = "";
	size_t len;

	config.repeat_lines = (r->f.mib << 14) / r->f.scale;
	config.grey_log2 -= log2_of(r->f.scale);
	config.ledger_log2 -= log2_of(r->f.scale);
	h = damp_builtin_program(&len);
	g = (struct damp_guard *)((uint8_t *)h + h->sec[DAMP_SEC_GUARD].off);
	slow_down(&g->challenge_all, r->f.scale * (FLOOD_CHALLENGES / r->f.challenges));
	slow_down(&g->server, r->f.scale);
	g->hold = 0;            /* the flood has all the places */
	g->trust_earned = 1;    /* as rules/default.yaml has it */
	h->checksum = damp_program_checksum(h, len);
	r->stats = lines(sizeof(*r->stats));
	r->ring = lines(sizeof(struct damp_event_ring));
	r->judge_mem = lines(damp_judge_bytes(&config));
	r->worker_mem = lines(damp_judge_worker_bytes(&config));
	r->judge = damp_judge_init(r->judge_mem, &config, &key, 1700000000, 0);
	r->worker = damp_judge_worker_init(r->worker_mem, r->judge, 0, &r->stats->worker[0], r->ring);
	r->view = damp_view_open(h, len, 1, &key, err, sizeof(err));
	assert(r->judge != NULL && r->worker != NULL && r->view != NULL);
	damp_secrets_init(&r->view->secrets, &key, 1700000000);
	for (unsigned i = 0; i < KINDS * CLIENTS; i++) {
		struct client *c = &r->client[i];

		*c = (struct client){ .kind = i / CLIENTS, .addr = client_addr(r, i), .port = (uint16_t)(40000 + i),
				      .mid = (uint16_t)draw(r) };
		/* The known ones have proved themselves before it begins. */
		c->next = BEGIN + DAMP_SECONDS(5) + draw(r) % DAMP_SECONDS(SPAN_S);
		if (c->kind == PROVED)
			damp_peer_prove(r->judge->peers, damp_key_end(r->judge, &c->addr, c->port), BEGIN, BEGIN + DAMP_SECONDS(300),
					BEGIN + DAMP_SECONDS(1800));
	}
}

static void close_run(struct run *r)
{
	damp_view_close(r->view);
	free(r->judge_mem);
	free(r->worker_mem);
	free(r->stats);
	free(r->ring);
	free(r);
}

static double share(const struct run *r, enum kind kind)
{
	unsigned asked = 0, got = 0;

	for (unsigned i = kind * CLIENTS; i < (kind + 1) * CLIENTS; i++) {
		asked += kind == PROVED ? r->client[i].asked : 1;
		got += kind == PROVED ? r->client[i].got : r->client[i].answered;
	}
	return asked == 0 ? 0 : 100.0 * got / asked;
}

/* Of those served, the mean time to the first answer. */
static double seconds(const struct run *r, enum kind kind)
{
	damp_tick sum = 0;
	unsigned n = 0;

	for (unsigned i = kind * CLIENTS; i < (kind + 1) * CLIENTS; i++) {
		sum += r->client[i].answered ? r->client[i].took : 0;
		n += r->client[i].answered;
	}
	return n == 0 ? 0 : (double)sum / DAMP_TICK_HZ / n;
}

static void tell(const struct run *r, struct flood_result *result)
{
	uint64_t requests = 0;

	for (unsigned i = 0; i < SERVERS; i++)
		requests += r->at_servers[i];
	*result = (struct flood_result){
		.con = share(r, CON),
		.non = share(r, NON),
		.known = share(r, PROVED),
		.con_after_s = seconds(r, CON),
		.factor = (double)r->out_bytes / (double)r->flood_bytes,
		.packets = (double)r->out_packets * r->f.scale / FLOOD_S,
		.requests = (double)requests * r->f.scale / SERVERS / FLOOD_S,
	};
}

void flood_play(const struct flood *f, struct flood_result *result)
{
	struct run *r = calloc(1, sizeof(*r));
	uint64_t sent = 0;

	assert(r != NULL);
	r->f = *f;
	r->random = 20261121;
	open_run(r);
	for (uint64_t ms = 0; ms < FLOOD_S * 1000ull; ms++) {
		const uint64_t due = (uint64_t)(f->rate / f->scale * (double)(ms + 1) / 1000.0);
		/* Whoever comes first in this step has what has come back to the budgets. */
		const uint64_t middle = sent + draw(r) % (due - sent + 1);

		r->now = BEGIN + ms * DAMP_TICK_HZ / 1000;
		flood_step(r, sent, middle);
		clients_step(r);
		flood_step(r, middle, due);
		sent = due;
		judge(r);
		look_round(r);
	}
	tell(r, result);
	close_run(r);
}
