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
 * of the output: --scale N gives another; --scale N FAMILY MILLIONS PATTERN MIB
 * plays one row alone, --scale N FAMILY MILLIONS PATTERN MIB CHALLENGES one with
 * another budget of the gateway's challenges (guard: challenges: all).
 *
 * Every packet is a whole frame, judged by the functions that the data plane
 * runs, in bursts of 64, by one worker. Honest clients repeat as RFC 7252 section
 * 4.2 has it, and answer pings 40 ms later.
 */
#include "judge_keys.h"

#include "builtin.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define ETH 14u
#define UDP 8u
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
/* Sources of the patterns that have few; divided by SCALE like all else. */
#define REPLAYED 1024u
#define CARPETED 256u
#define SHIPPED_MIB 40u                 /* damp_judge_defaults.repeat_lines */
#define SHIPPED_CHALLENGES 100000u      /* guard: challenges: all */
#define ANSWER 40u                      /* bytes of CoAP: fits any budget */

enum pattern { RANDOM, REPLAY, TWICE, CARPET, CARPET_48, PATTERNS };
static const char *const pattern_names[PATTERNS] = {
	"random", "1024 requests replayed", "each repeated once after 2.5 s", "one /24", "one /48",
};
static const char *const pattern_names6[PATTERNS] = {
	[RANDOM] = "random", [REPLAY] = "1024 requests replayed", [TWICE] = "each repeated once after 2.5 s",
	[CARPET] = "one /64", [CARPET_48] = "one /48",
};

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
	bool v6;
	unsigned scale;
	double rate;
	unsigned challenges;            /* a second, of the whole gateway */
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
	uint8_t frame[DAMP_BURST][FRAME_MAX];
	unsigned n;
	uint64_t flood_packets, flood_bytes, out_bytes, out_packets, at_servers[SERVERS];
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

static unsigned ip_len(const struct run *r)
{
	return r->v6 ? 40 : 20;
}

/* Bytes from the frame's begin to the message. */
static unsigned before_coap(const struct run *r)
{
	return ETH + ip_len(r) + UDP;
}

static struct damp_addr v4(uint32_t a)
{
	struct damp_addr addr = { .b = { [10] = 0xff, [11] = 0xff } };

	damp_put32(addr.b + 12, a);
	return addr;
}

static struct damp_addr v6(uint64_t net, uint64_t host)
{
	struct damp_addr addr;

	damp_put32(addr.b, (uint32_t)(net >> 32));
	damp_put32(addr.b + 4, (uint32_t)net);
	damp_put32(addr.b + 8, (uint32_t)(host >> 32));
	damp_put32(addr.b + 12, (uint32_t)host);
	return addr;
}

static void put_ends(const struct run *r, uint8_t *ip, const struct damp_addr *src, const struct damp_addr *dst)
{
	if (r->v6) {
		memcpy(ip + 8, src, sizeof(*src));
		memcpy(ip + 24, dst, sizeof(*dst));
	} else {
		memcpy(ip + 12, src->b + 12, 4);
		memcpy(ip + 16, dst->b + 12, 4);
	}
}

static struct damp_addr get_end(const struct run *r, const uint8_t *frame, bool dst)
{
	const uint8_t *ip = frame + ETH;
	struct damp_addr a;

	if (!r->v6)
		return v4(damp_get32(ip + (dst ? 16 : 12)));
	memcpy(&a, ip + (dst ? 24 : 8), sizeof(a));
	return a;
}

static uint32_t put_frame(const struct run *r, uint8_t *out, const struct damp_addr *src, uint16_t sport,
			  const struct damp_addr *dst, uint16_t dport, const uint8_t *m, uint32_t len)
{
	static const uint8_t head4[ETH + 10] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, [ETH + 5] = 1,
						 [ETH + 8] = 64, [ETH + 9] = 17 };
	static const uint8_t head6[ETH + 8] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd, 0x60, [ETH + 6] = 17,
						[ETH + 7] = 64 };
	uint8_t *ip = out + ETH, *udp = ip + ip_len(r);

	memset(out, 0, before_coap(r));
	if (r->v6) {
		memcpy(out, head6, sizeof(head6));
		damp_put16(ip + 4, (uint16_t)(UDP + len));
	} else {
		memcpy(out, head4, sizeof(head4));
		damp_put16(ip + 2, (uint16_t)(ip_len(r) + UDP + len));
	}
	put_ends(r, ip, src, dst);
	damp_put16(udp, sport);
	damp_put16(udp + 2, dport);
	damp_put16(udp + 4, (uint16_t)(UDP + len));
	damp_put16(udp + 6, 0xffff);            /* known to be right, as a port says it */
	memcpy(udp + UDP, m, len);
	return before_coap(r) + len;
}

static struct damp_addr server(const struct run *r, unsigned i)
{
	return r->v6 ? v6(0x20010db800020000ull, 1 + i) : v4(0x0a020001u + i);
}

static unsigned server_number(const struct damp_addr *a)
{
	return a->b[15] - 1u;
}

/* The number of a client is in its address: 192.0.x.y, or a /64 of its own in one
 * of three /48. */
static struct damp_addr client_addr(const struct run *r, unsigned i)
{
	return r->v6 ? v6(0x20010db8f0000000ull | (uint64_t)(i >> 8) << 16 | (i & 255), 1) : v4(0xc0000000u + i);
}

static struct client *client_at(struct run *r, const struct damp_addr *a, uint16_t port)
{
	const unsigned i = r->v6 ? (damp_get16(a->b + 4) & 0xffu) << 8 | damp_get16(a->b + 6)
				 : damp_get16(a->b + 14);

	return i < KINDS * CLIENTS && r->client[i].port == port && memcmp(&r->client[i].addr, a, sizeof(*a)) == 0
		       ? &r->client[i] : NULL;
}

static void toward_outside(struct run *r, const uint8_t *data, uint32_t len)
{
	const uint8_t *m = data + before_coap(r);
	const struct damp_addr dst = get_end(r, data, true);
	struct client *c = client_at(r, &dst, damp_get16(m - UDP + 2));

	if (c == NULL) {
		r->out_packets++;
		r->out_bytes += len - ETH;
		return;
	}
	if (m[0] == 0x40 && m[1] == 0) {
		assert(r->tail - r->head < QUEUE);
		r->pong[r->tail++ % QUEUE] = (struct pong){ r->now + RTT, c, get_end(r, data, false),
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
	const uint8_t *m = data + before_coap(r);
	const struct damp_addr src = get_end(r, data, false), dst = get_end(r, data, true);
	const uint16_t port = damp_get16(m - UDP);
	uint8_t answer[ANSWER] = { 0 };
	const bool con = (m[0] & 0x30) == 0;

	if (client_at(r, &src, port) == NULL)
		r->at_servers[server_number(&dst)]++;
	answer[0] = (uint8_t)((con ? 0x60 : 0x50) | (m[0] & 15));
	answer[1] = DAMP_COAP_2_05;
	memcpy(answer + 2, m + 2, 6);           /* Message ID and token of 4 */
	answer[8] = 0xff;
	memset(answer + 9, 'x', sizeof(answer) - 9);
	r->pkt[r->n] = (struct damp_pkt){ .data = r->frame[r->n], .side = DAMP_INSIDE };
	r->pkt[r->n].len = put_frame(r, r->frame[r->n], &dst, 5683, &src, port, answer, sizeof(answer));
	r->n++;
}

static bool is_request(const uint8_t *m)
{
	return m[1] != 0 && (m[1] & 0xe0) == 0;
}

/* Judge what is queued; what the servers answer is queued for the next time. */
static void judge(struct run *r)
{
	static uint8_t arrived[DAMP_BURST][FRAME_MAX];
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
		else if (p->fate == DAMP_FATE_FORWARD && is_request(p->data + before_coap(r)))
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

static void queue_up(struct run *r, const struct damp_addr *src, uint16_t sport, const struct damp_addr *dst,
		     const uint8_t *m, uint32_t len)
{
	struct damp_pkt *p = &r->pkt[r->n];

	*p = (struct damp_pkt){ .data = r->frame[r->n], .side = DAMP_OUTSIDE };
	p->len = put_frame(r, r->frame[r->n], src, sport, dst, 5683, m, len);
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
	const unsigned few = CARPETED / r->scale;
	uint32_t a;

	if (r->v6 && r->pattern == CARPET)
		return v6(0x2a00000000000001ull, more);
	if (r->v6)
		return v6(r->pattern == CARPET_48 ? 0x2a00000000000000ull | h % (CARPETED * CARPETED / r->scale)
						  : 0x2400000000000000ull | h >> 6, more);
	a = 0x0b000000u + (uint32_t)h % 0x70000000u;
	if (a >> 24 == 127)
		a ^= 0x40000000u;
	return v4(r->pattern == CARPET ? 0x0c000000u | a % few : a);
}

static void flood_packet(struct run *r, uint64_t k)
{
	const uint64_t h = mix(k + 1), token = mix(h);
	const struct damp_addr src = source(r, h, mix(token)), dst = server(r, h % SERVERS);
	uint8_t m[10];

	request(m, true, (uint16_t)(h >> 32), (uint32_t)token);
	r->flood_packets++;
	r->flood_bytes += ip_len(r) + UDP + sizeof(m);
	queue_up(r, &src, (uint16_t)(1024 + (h >> 48) % 60000), &dst, m, sizeof(m));
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
	const struct damp_addr dst = server(r, c->port % SERVERS);
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

static void open_run(struct run *r, unsigned mib)
{
	static const struct damp_key key = { 7, 11 };
	struct damp_judge_config config = damp_judge_defaults;
	struct damp_program_hdr *h;
	struct damp_guard *g;
	char err[256] = "";
	size_t len;

	config.repeat_lines = (mib << 14) / r->scale;
	config.grey_log2 -= log2_of(r->scale);
	h = damp_builtin_program(&len);
	g = (struct damp_guard *)((uint8_t *)h + h->sec[DAMP_SEC_GUARD].off);
	slow_down(&g->challenge_all, r->scale * (SHIPPED_CHALLENGES / r->challenges));
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

		*c = (struct client){ .kind = i / CLIENTS, .addr = client_addr(r, i), .port = (uint16_t)(40000 + i),
				      .mid = (uint16_t)draw(r) };
		/* The known ones have proved themselves before it begins. */
		c->next = BEGIN + DAMP_SECONDS(5) + draw(r) % DAMP_SECONDS(SPAN_S);
		if (c->kind == PROVED)
			damp_peer_prove(r->judge->peers, damp_key_end(r->judge, &c->addr, c->port), BEGIN, BEGIN + DAMP_SECONDS(300),
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

/* One row of the table of budgets. */
static void row_of_budget(const struct run *r)
{
	printf("| %u | %.3f M | %u | %.1f %% | %.1f s | %.1f %% | %.4f |\n", r->v6 ? 6 : 4, r->rate / 1e6, r->challenges,
	       share(r, CON), seconds(r, CON), share(r, NON), (double)r->out_bytes / (double)r->flood_bytes);
	fflush(stdout);
}

static void row(const struct run *r, unsigned mib)
{
	uint64_t requests = 0;

	for (unsigned i = 0; i < SERVERS; i++)
		requests += r->at_servers[i];
	printf("| %u | %.2f M | %s | %u MiB | %.1f %% | %.1f %% | %.1f %% | %.4f | %.0f | %.0f |\n", r->v6 ? 6 : 4,
	       r->rate / 1e6, (r->v6 ? pattern_names6 : pattern_names)[r->pattern], mib, share(r, CON), share(r, NON),
	       share(r, PROVED), (double)r->out_bytes / (double)r->flood_bytes,
	       (double)r->out_packets * r->scale / FLOOD_S, (double)requests * r->scale / SERVERS / FLOOD_S);
	fflush(stdout);
}

static void play(const struct run *wish, unsigned mib, bool budgets)
{
	struct run *r = calloc(1, sizeof(*r));
	uint64_t sent = 0;

	assert(r != NULL);
	r->v6 = wish->v6;
	r->scale = wish->scale;
	r->rate = wish->rate;
	r->challenges = wish->challenges;
	r->pattern = wish->pattern;
	r->random = 20261121;
	open_run(r, mib);
	for (uint64_t ms = 0; ms < FLOOD_S * 1000ull; ms++) {
		const uint64_t due = (uint64_t)(r->rate / r->scale * (double)(ms + 1) / 1000.0);
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
	if (budgets)
		row_of_budget(r);
	else
		row(r, mib);
	damp_view_close(r->view);
	free(r->judge_mem);
	free(r->worker_mem);
	free(r->stats);
	free(r->ring);
	free(r);
}

/* The curve of memory is drawn where memory is what bounds. */
static bool bound_by_memory(const struct run *r)
{
	return r->rate > 1e6 && (r->pattern == RANDOM || r->pattern == TWICE);
}

static void table(unsigned scale)
{
	static const double rates[] = { 1e4, 1e5, 1e6, 5e6, 14.88e6 };
	static const unsigned sizes[] = { SHIPPED_MIB, 16, 64, 96 };
	const unsigned nrates = sizeof(rates) / sizeof(rates[0]);

	for (unsigned n = 0; n < 2 * nrates; n++) {
		struct run r = { .scale = scale, .rate = rates[n % nrates], .challenges = SHIPPED_CHALLENGES,
				 .v6 = n >= nrates };

		for (r.pattern = 0; r.pattern < (r.v6 ? PATTERNS : CARPET_48); r.pattern++) {
			play(&r, sizes[0], false);
			for (unsigned s = 1; s < sizeof(sizes) / sizeof(sizes[0]) && bound_by_memory(&r); s++)
				play(&r, sizes[s], false);
		}
	}
}

/* What a smaller budget of challenges would save, and whom it would cost. */
static void table_of_budgets(unsigned scale)
{
	static const double rates[] = { 1e3, 1e4, 1e5 };
	static const unsigned shares[] = { 1, 10, 100, 1000 };

	printf("| IP | requests a second | challenges a second | first-contact CON served | after | NON | "
	       "bytes out for each in |\n|---|---|---|---|---|---|---|\n");
	for (unsigned n = 0; n < 2 * 3 * 4; n++) {
		const struct run r = { .scale = scale, .rate = rates[n / 4 % 3], .v6 = n >= 3 * 4,
				       .challenges = SHIPPED_CHALLENGES / shares[n % 4] };

		play(&r, SHIPPED_MIB, true);
	}
}

int main(int argc, char **argv)
{
	const unsigned scale = argc > 2 && strcmp(argv[1], "--scale") == 0 ? (unsigned)atoi(argv[2]) : 64;
	struct run one = { .scale = scale, .challenges = SHIPPED_CHALLENGES };

	if (argc == 2 && strcmp(argv[1], "--budgets") == 0) {
		table_of_budgets(1);
		return 0;
	}

	printf("| IP | requests a second | sources | memory of repetitions | first-contact CON served | NON | known clients | "
	       "bytes out for each in | packets out a second | requests of the flood at each server, a second |\n"
	       "|---|---|---|---|---|---|---|---|---|---|\n");
	if (argc < 7) {
		table(scale);
		return 0;
	}
	one.v6 = argv[3][0] == '6';
	one.rate = atof(argv[4]) * 1e6;
	one.pattern = (unsigned)atoi(argv[5]) % PATTERNS;
	if (argc > 7)
		one.challenges = (unsigned)atoi(argv[7]);
	play(&one, (unsigned)atoi(argv[6]), false);
	return 0;
}
