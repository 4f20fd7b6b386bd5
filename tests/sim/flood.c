/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Floods of millions of spoofed requests a second against the judge, and what is
 * left for honest clients; docs/floods.md is made of its output.
 *
 * Idea: what decides under a flood are ratios: requests a second to challenges a
 * second, to bytes of the memory of repetitions, to a server's budget. So every
 * rate and everything that all sources share is divided by SCALE, and times are
 * left as they are: a retransmission comes 2 to 3 s later in both. Budgets of one
 * address or network are not shared by a flood of random sources and stay. What
 * is counted is multiplied by SCALE again. That the scale does not matter is part
 * of the output: --scale N gives another.
 *
 * Every packet is a whole frame, judged by the functions that the data plane
 * runs, in bursts of 64, by one worker. Honest clients repeat as RFC 7252 section
 * 4.2 has it, and answer pings 40 ms later.
 */
#include "judge_state.h"

#include "builtin.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define ETH 14u
#define IP 20u
#define BEGIN DAMP_SECONDS(1000)
#define FLOOD_S 60u
#define CLIENTS 200u
#define RTT (DAMP_TICK_HZ / 25)
#define SERVERS 4u
#define QUEUE 4096u
#define SPAN_S 10u                      /* in which the first contacts begin */
#define COPIES 5u                       /* MAX_RETRANSMIT and the first */
#define NON_COPIES 4u
/* Sources of the patterns that have few; divided by SCALE like all else. */
#define REPLAYED 1024u
#define CARPETED 256u
#define ANSWER 40u                      /* bytes of CoAP: fits any budget */

enum pattern { RANDOM, REPLAY, TWICE, CARPET, PATTERNS };
static const char *const pattern_names[PATTERNS] = {
	"random", "1024 requests replayed", "each repeated once after 2.5 s", "one /24",
};

enum kind { CON, NON, PROVED, KINDS };

struct client {
	enum kind kind;
	uint32_t addr;
	uint16_t port, mid;
	unsigned sent;
	damp_tick next, gap;
	bool answered;
	unsigned asked, got;            /* of one that is proved: requests and answers */
};

struct pong { damp_tick at; uint32_t addr; uint16_t port; uint32_t server; uint16_t mid; };

struct run {
	unsigned scale;
	double rate;
	enum pattern pattern;
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
	uint8_t frame[DAMP_BURST][ETH + 2048];
	unsigned n;
	uint64_t flood_packets, flood_bytes, out_bytes, out_packets, at_servers[SERVERS];
	uint32_t most[1u << 16];        /* bytes toward one address, by a hash */
};

static uint64_t draw(struct run *r)
{
	uint64_t z = r->random += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static uint64_t mix(uint64_t n)
{
	struct run r = { .random = n * 0xd1342543de82ef95ull };

	return draw(&r);
}

static uint32_t put_frame(uint8_t *out, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport,
			  const uint8_t *m, uint32_t len)
{
	static const uint8_t head[ETH + 12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
						0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17 };
	uint8_t *ip = out + ETH, *udp = ip + IP;

	memcpy(out, head, sizeof(head));
	damp_put16(ip + 2, (uint16_t)(IP + 8 + len));
	damp_put32(ip + 12, src);
	damp_put32(ip + 16, dst);
	damp_put16(udp, sport);
	damp_put16(udp + 2, dport);
	damp_put16(udp + 4, (uint16_t)(8 + len));
	damp_put16(udp + 6, 0xffff);            /* known to be right, as a port says it */
	memcpy(udp + 8, m, len);
	return ETH + IP + 8 + len;
}

static uint32_t server(unsigned i)
{
	return 0x0a020001u + i;                 /* 10.2.0.1 ... */
}

static struct client *client_at(struct run *r, uint32_t addr, uint16_t port)
{
	/* 192.0.x.y: the number of the client is in the address. */
	const uint32_t i = addr - 0xc0000000u;

	return addr >= 0xc0000000u && i < KINDS * CLIENTS && r->client[i].port == port ? &r->client[i] : NULL;
}

static void toward_outside(struct run *r, const uint8_t *data, uint32_t len)
{
	const uint8_t *ip = data + ETH, *m = ip + IP + 8;
	const uint32_t dst = damp_get32(ip + 16);
	struct client *c = client_at(r, dst, damp_get16(ip + IP + 2));

	if (c == NULL) {
		r->out_packets++;
		r->out_bytes += len - ETH;
		r->most[mix(dst) & 0xffff] += len - ETH;
		return;
	}
	if (m[0] == 0x40 && m[1] == 0) {
		assert(r->tail - r->head < QUEUE);
		r->pong[r->tail++ % QUEUE] = (struct pong){ r->now + RTT, dst, c->port, damp_get32(ip + 12),
							    damp_get16(m + 2) };
	} else if (m[1] == DAMP_COAP_2_05 && !c->answered) {
		c->answered = true;
		c->got++;
	}
}

static void judge(struct run *r);

/* A request reached a server: it answers at once, piggybacked or NON. */
static void at_server(struct run *r, const uint8_t *data)
{
	const uint8_t *ip = data + ETH, *m = ip + IP + 8;
	uint8_t answer[ANSWER] = { 0 };
	const bool con = (m[0] & 0x30) == 0;

	if (client_at(r, damp_get32(ip + 12), damp_get16(ip + IP)) == NULL)
		r->at_servers[damp_get32(ip + 16) - server(0)]++;
	answer[0] = (uint8_t)((con ? 0x60 : 0x50) | (m[0] & 15));
	answer[1] = DAMP_COAP_2_05;
	memcpy(answer + 2, m + 2, 6);           /* Message ID and token of 4 */
	answer[8] = 0xff;
	memset(answer + 9, 'x', sizeof(answer) - 9);
	r->pkt[r->n] = (struct damp_pkt){ .data = r->frame[r->n], .side = DAMP_INSIDE };
	r->pkt[r->n].len = put_frame(r->frame[r->n], damp_get32(ip + 16), 5683, damp_get32(ip + 12),
				     damp_get16(ip + IP), answer, sizeof(answer));
	r->n++;
}

/* Judge what is queued; what the servers answer is queued for the next time. */
static void judge(struct run *r)
{
	static uint8_t arrived[DAMP_BURST][ETH + 2048];
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
		else if (p->fate == DAMP_FATE_FORWARD && (p->data[ETH + IP + 8 + 1] & 0xe0) == 0 &&
			 p->data[ETH + IP + 8 + 1] != 0)
			memcpy(arrived[narrived++], p->data, p->out_len);
	}
	r->n = 0;
	for (unsigned i = 0; i < narrived; i++)
		at_server(r, arrived[i]);
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

static void queue_up(struct run *r, uint32_t src, uint16_t sport, uint32_t dst, const uint8_t *m, uint32_t len)
{
	struct damp_pkt *p = &r->pkt[r->n];

	*p = (struct damp_pkt){ .data = r->frame[r->n], .side = DAMP_OUTSIDE };
	p->len = put_frame(r->frame[r->n], src, sport, dst, 5683, m, len);
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

static void flood_packet(struct run *r, uint64_t k)
{
	const uint64_t h = mix(k + 1), token = mix(h);
	uint32_t src = (uint32_t)h;
	uint8_t m[10];

	/* Neither ours nor the honest, and no address that no host may have. */
	src = 0x0b000000u + src % 0x70000000u;
	if (src >> 24 == 127)
		src ^= 0x40000000u;
	if (r->pattern == CARPET)
		src = 0x0c000000u | src % (CARPETED / r->scale);
	request(m, true, (uint16_t)(h >> 32), (uint32_t)token);
	r->flood_packets++;
	r->flood_bytes += IP + 8 + sizeof(m);
	queue_up(r, src, (uint16_t)(1024 + (h >> 48) % 60000), server(h % SERVERS), m, sizeof(m));
}

/* The packets of one step of DAMP_TICK_HZ / 1000. */
static void flood_step(struct run *r, uint64_t from, uint64_t to)
{
	const uint64_t lag = (uint64_t)(r->rate / r->scale * 2.5) / 2;

	for (uint64_t k = from; k < to; k++) {
		if (r->pattern == REPLAY)
			flood_packet(r, k % (REPLAYED / r->scale));
		else if (r->pattern != TWICE)
			flood_packet(r, k);
		else if (k % 2 == 0)
			flood_packet(r, k / 2);
		else if (k / 2 >= lag)
			flood_packet(r, k / 2 - lag);
	}
}

static void send_request(struct run *r, struct client *c)
{
	uint8_t m[10];

	request(m, c->kind != NON, c->mid, (uint32_t)mix(c->addr));
	queue_up(r, c->addr, c->port, server(c->addr % SERVERS), m, sizeof(m));
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
	c->sent++;
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
		queue_up(r, p->addr, p->port, p->server, rst, sizeof(rst));
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

static uint64_t key_of(const struct run *r, const struct client *c)
{
	struct damp_addr a = { .b = { [10] = 0xff, [11] = 0xff } };

	damp_put32(a.b + 12, c->addr);
	return damp_key_end(r->judge, &a, c->port);
}

static void open_run(struct run *r, unsigned repeat_log2)
{
	static const struct damp_key key = { 7, 11 };
	struct damp_judge_config config = damp_judge_defaults;
	struct damp_program_hdr *h;
	struct damp_guard *g;
	char err[256] = "";
	size_t len;

	config.repeat_log2 = repeat_log2 - log2_of(r->scale);
	config.grey_log2 -= log2_of(r->scale);
	h = damp_builtin_program(&len);
	g = (struct damp_guard *)((uint8_t *)h + h->sec[DAMP_SEC_GUARD].off);
	slow_down(&g->challenge_all, r->scale);
	slow_down(&g->server, r->scale);
	g->hold = 0;            /* the flood has all the places */
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

		*c = (struct client){ .kind = i / CLIENTS, .addr = 0xc0000000u + i, .port = (uint16_t)(40000 + i),
				      .mid = (uint16_t)draw(r) };
		/* The known ones have proved themselves before it begins. */
		c->next = BEGIN + DAMP_SECONDS(5) + draw(r) % DAMP_SECONDS(SPAN_S);
		if (c->kind == PROVED)
			damp_peer_prove(r->judge->peers, key_of(r, c), BEGIN, BEGIN + DAMP_SECONDS(300),
					BEGIN + DAMP_SECONDS(1800));
	}
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

static void row(const struct run *r, unsigned repeat_log2)
{
	uint64_t most = 0, requests = 0;

	for (unsigned i = 0; i < 1u << 16; i++)
		most = r->most[i] > most ? r->most[i] : most;
	for (unsigned i = 0; i < SERVERS; i++)
		requests += r->at_servers[i];
	printf("| %.2f M | %s | %u MiB | %.1f %% | %.1f %% | %.1f %% | %.4f | %.0f | %.0f |\n", r->rate / 1e6,
	       pattern_names[r->pattern], 1u << (repeat_log2 - 20), share(r, CON), share(r, NON), share(r, PROVED),
	       (double)r->out_bytes / (double)r->flood_bytes, (double)r->out_packets * r->scale / FLOOD_S,
	       (double)requests * r->scale / SERVERS / FLOOD_S);
	fflush(stdout);
}

static void play(double rate, enum pattern pattern, unsigned scale, unsigned repeat_log2)
{
	struct run *r = calloc(1, sizeof(*r));
	uint64_t sent = 0;

	assert(r != NULL);
	r->scale = scale;
	r->rate = rate;
	r->pattern = pattern;
	r->random = 20261121;
	open_run(r, repeat_log2);
	for (uint64_t ms = 0; ms < FLOOD_S * 1000ull; ms++) {
		const uint64_t due = (uint64_t)(rate / scale * (double)(ms + 1) / 1000.0);
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
	row(r, repeat_log2);
	damp_view_close(r->view);
	free(r->judge_mem);
	free(r->worker_mem);
	free(r->stats);
	free(r->ring);
	free(r);
}

int main(int argc, char **argv)
{
	static const double rates[] = { 1e6, 5e6, 14.88e6 };
	const unsigned scale = argc > 2 && strcmp(argv[1], "--scale") == 0 ? (unsigned)atoi(argv[2]) : 64;
	static const unsigned sizes[] = { 24, 26, 27 };

	printf("| requests a second | sources | memory of repetitions | first-contact CON served | NON | known clients | "
	       "bytes out for each in | packets out a second | requests of the flood at each server, a second |\n"
	       "|---|---|---|---|---|---|---|---|---|\n");
	for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		for (enum pattern p = 0; p < PATTERNS; p++)
			for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
				if (s == 0 || (p == RANDOM && i > 0))
					play(rates[i], p, scale, sizes[s]);
	return 0;
}
