/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The generator's loop; see port_gen.h.
 */
#include "port_gen.h"

#include "bench.h"

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define POOL_SIZE 65535u            /* more than all rings between here and there hold */
#define DATA_ROOM (RTE_PKTMBUF_HEADROOM + 1024u)
/* Of frames that do not fit in there: half as many. */
#define LARGE_POOL_SIZE 32767u
#define LARGE_DATA_ROOM (RTE_PKTMBUF_HEADROOM + 2048u)
#define POOL_CACHE 256u
#define DESCRIPTORS 1024u
#define LINK_TRIES 1000u            /* of 10 ms */
#define ABSENT_US 5.0               /* a round longer than this was an absence */
/* Nothing came for so long: nothing will. Pings are repeated 0.4 s apart (probe.c). */
#define DRAIN_S 0.6
#define DRAIN_SEARCH_S 0.1
#define DRAIN_MAX_S 4.0
#define SEARCH_STEPS 10u
#define LATE_MAX 0.2                /* of its time: how much longer a trial may take to send its packets */

struct port_gen {
	const struct port_options *o;
	uint16_t id[2];
	struct rte_mempool *pool;
	double hz;
	uint64_t round, absent;         /* when the last round began; what is too long */
	uint64_t next;                  /* number of the next request */
	uint64_t due0, due_n;           /* the schedule: since when, how many of it were built */
	double due_rate;
	uint64_t sent[2], received[2], answered, pings, answer_lost, no_buffer;
	unsigned nwaiting;              /* built, not yet taken by the port */
	struct rte_mbuf *waiting[PORT_BURST];
	struct rte_mbuf *reply[2][2 * PORT_BURST];
	unsigned nreply[2];
	struct port_check check;
};

static int fail(const char *port, const char *what, int rc)
{
	fprintf(stderr, "port-gen: %s: %s: %s\n", port, what, strerror(-rc));
	return -1;
}

static int open_port(struct port_gen *g, unsigned side)
{
	const struct rte_eth_conf conf = { 0 };
	const char *name = g->o->port[side];
	uint16_t id, nrx = DESCRIPTORS, ntx = DESCRIPTORS;
	int rc = rte_eth_dev_get_port_by_name(name, &id);

	if (rc != 0)
		return fail(name, "no such device", rc);
	rc = rte_eth_dev_configure(id, 1, 1, &conf);
	if (rc == 0)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(id, &nrx, &ntx);
	if (rc == 0)
		rc = rte_eth_rx_queue_setup(id, 0, nrx, SOCKET_ID_ANY, NULL, g->pool);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(id, 0, ntx, SOCKET_ID_ANY, NULL);
	if (rc == 0)
		rc = rte_eth_dev_start(id);
	g->id[side] = id;
	return rc == 0 ? 0 : fail(name, "does not start", rc);
}

static int wait_for_link(const struct port_gen *g)
{
	for (unsigned side = 0; side < 2; side++) {
		struct rte_eth_link link = { 0 };
		unsigned tries = 0;

		while ((rte_eth_link_get_nowait(g->id[side], &link) != 0 || link.link_status != RTE_ETH_LINK_UP) &&
		       tries++ < LINK_TRIES)
			usleep(10000);
		if (link.link_status != RTE_ETH_LINK_UP)
			return fail(g->o->port[side], "nobody at the other end", -ENOLINK);
	}
	return 0;
}

static void set_frame(struct rte_mbuf *m, uint32_t len)
{
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
}

static bool build(struct port_gen *g, unsigned n)
{
	struct port_draw d;

	if (rte_pktmbuf_alloc_bulk(g->pool, g->waiting, n) != 0) {
		g->no_buffer++;
		return false;
	}
	for (unsigned i = 0; i < n; i++) {
		port_draw(g->check.t, g->next + i, &d);
		set_frame(g->waiting[i],
			  port_build_request(g->check.t, &d, rte_pktmbuf_mtod(g->waiting[i], uint8_t *)));
	}
	g->nwaiting = n;
	return true;
}

/* Requests that should have been built by now and are not, at most a burst. */
static unsigned due(const struct port_gen *g, uint64_t now)
{
	double want;

	if (g->next + PORT_BURST >= PORT_NUMBERS_MAX)
		return 0;
	if (g->due_rate <= 0)
		return PORT_BURST;
	want = (double)(now - g->due0) / g->hz * g->due_rate - (double)g->due_n;
	if (want < 1)
		return 0;
	return want > PORT_BURST ? PORT_BURST : (unsigned)want;
}

static void send_due(struct port_gen *g, uint64_t now)
{
	unsigned n = g->nwaiting == 0 ? due(g, now) : 0, sent;

	if (n > 0 && build(g, n)) {
		g->due_n += n;
		g->next += n;
	}
	if (g->nwaiting == 0)
		return;
	now = rte_rdtsc();
	for (unsigned i = 0; i < g->nwaiting; i++)
		port_check_sent(&g->check, PORT_WAY_IN, g->next - g->nwaiting + i, now);
	sent = rte_eth_tx_burst(g->id[0], 0, g->waiting, (uint16_t)g->nwaiting);
	g->sent[0] += sent;
	g->nwaiting -= sent;
	memmove(g->waiting, g->waiting + sent, g->nwaiting * sizeof(*g->waiting));
}

static void queue_reply(struct port_gen *g, unsigned side, struct rte_mbuf *m)
{
	if (g->nreply[side] == 2 * PORT_BURST) {
		g->answer_lost++;
		rte_pktmbuf_free(m);
		return;
	}
	g->reply[side][g->nreply[side]++] = m;
}

static void send_replies(struct port_gen *g, unsigned side)
{
	const unsigned n = g->nreply[side],
		       sent = n ? rte_eth_tx_burst(g->id[side], 0, g->reply[side], (uint16_t)n) : 0;

	g->sent[side] += sent;
	g->nreply[side] -= sent;
	memmove(g->reply[side], g->reply[side] + sent, g->nreply[side] * sizeof(*g->reply[side]));
}

/* The client's reset of a ping (RFC 7252 section 4.3), in the same buffer. */
static void reset(struct port_gen *g, struct rte_mbuf *m)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	struct damp_frame f;
	uint8_t mid[2];

	damp_frame_parse(data, m->data_len, &g->check.ports, true, &f);
	memcpy(mid, data + f.payload_off + 2, sizeof(mid));
	memcpy(data + frame_payload_at(f.v6), (uint8_t[]){ 0x70, 0, mid[0], mid[1] }, 4);
	set_frame(m, frame_wrap(data, &f.dst, &f.src, f.dport, f.sport, f.v6, 4));
	g->pings++;
	queue_reply(g, 0, m);
}

static void answer(struct port_gen *g, struct rte_mbuf *m, const struct port_draw *d)
{
	set_frame(m, port_build_response(g->check.t, d, rte_pktmbuf_mtod(m, uint8_t *)));
	g->answered++;
	port_check_sent(&g->check, PORT_WAY_OUT, d->n, rte_rdtsc());
	queue_reply(g, 1, m);
}

static unsigned receive(struct port_gen *g, unsigned side)
{
	/* What arrives inside is on its way in. */
	const enum port_way way = side == 1 ? PORT_WAY_IN : PORT_WAY_OUT;
	struct rte_mbuf *m[PORT_BURST];
	const unsigned n = rte_eth_rx_burst(g->id[side], 0, m, PORT_BURST);
	const uint64_t now = rte_rdtsc();
	struct port_draw d;

	g->received[side] += n;
	for (unsigned i = 0; i < n; i++) {
		const enum port_found found = port_check_frame(&g->check, way, rte_pktmbuf_mtod(m[i], uint8_t *),
							       m[i]->data_len, now, &d);

		if (g->o->answer && side == 1 && found == PORT_FOUND_MESSAGE)
			answer(g, m[i], &d);
		else if (g->o->answer && side == 0 && found == PORT_FOUND_PING)
			reset(g, m[i]);
		else
			rte_pktmbuf_free(m[i]);
	}
	return n;
}

static unsigned round_once(struct port_gen *g, bool sending)
{
	const uint64_t now = rte_rdtsc();
	unsigned n;

	if (now - g->round > g->absent) {
		g->check.blind_until = now;
		/* What was missed stays missed; only a search needs its rate kept. */
		if (!g->o->search && g->due_rate > 0)
			g->due_n = (uint64_t)((double)(now - g->due0) / g->hz * g->due_rate);
	}
	g->round = now;
	if (sending)
		send_due(g, now);
	n = receive(g, 1) + receive(g, 0);
	send_replies(g, 0);
	send_replies(g, 1);
	return n;
}

static void drain(struct port_gen *g)
{
	const uint64_t start = rte_rdtsc();
	const double silence = (g->o->search ? DRAIN_SEARCH_S : DRAIN_S) * g->hz;
	uint64_t last = start, now = start;

	rte_pktmbuf_free_bulk(g->waiting, g->nwaiting);
	g->next -= g->nwaiting;         /* never sent, so the number is free again */
	g->nwaiting = 0;
	while ((double)(now - last) < silence && (double)(now - start) < DRAIN_MAX_S * g->hz) {
		last = round_once(g, false) > 0 ? now : last;
		now = rte_rdtsc();
	}
}

struct trial { double rate, offered, seconds; uint64_t planned, sent, arrived; };

static struct trial run_trial(struct port_gen *g, double rate, double seconds)
{
	struct trial t = { .rate = rate, .planned = (uint64_t)(rate * seconds) };
	const uint64_t sent = g->sent[0], arrived = g->received[1], start = rte_rdtsc();
	const uint64_t end = start + (uint64_t)(seconds * g->hz), late = end + (uint64_t)(LATE_MAX * seconds * g->hz);
	uint64_t stop;

	g->round = g->due0 = start;
	g->due_n = 0;
	g->due_rate = rate;
	while (g->round < end)
		round_once(g, true);
	/* What was missed because the core was away is made up for, within limits. */
	while (g->o->search && g->sent[0] - sent < t.planned && g->round < late)
		round_once(g, true);
	t.sent = g->sent[0] - sent;
	stop = g->round;
	drain(g);
	t.seconds = (double)(stop - start) / g->hz;
	t.offered = (double)t.sent / t.seconds;
	t.arrived = g->received[1] - arrived;
	return t;
}

/* Everything planned was sent, and arrived. */
static bool without_loss(const struct trial *t)
{
	return t->arrived == t->sent && t->sent >= t->planned;
}

/* RFC 2544 section 26.1 by halving, below what an unpaced trial delivers. */
static double search(struct port_gen *g)
{
	const struct trial open = run_trial(g, 0, g->o->seconds);
	double low = 0, high = (double)open.arrived / open.seconds * 1.1;

	for (unsigned i = 0; i < SEARCH_STEPS; i++) {
		const double rate = (low + high) / 2;
		const struct trial t = run_trial(g, rate, g->o->seconds);

		fprintf(stderr, "  %10.0f pps wanted, %10.0f sent, %lld lost\n", rate, t.offered,
			(long long)(t.sent - t.arrived));
		if (without_loss(&t))
			low = t.offered < rate ? t.offered : rate;
		else
			high = rate;
	}
	return low;
}

static void print_lane(FILE *f, const char *name, const struct port_lane *l)
{
	fprintf(f, " \"%s\": {\"same\": %llu, \"renumbered\": %llu, \"shaped\": %llu, \"refused\": %llu, \"empty\": %llu, \"wrong\": %llu, "
		"\"foreign\": %llu, \"duplicated\": %llu, \"reordered\": %llu, \"bytes\": %llu},\n", name,
		(unsigned long long)l->same, (unsigned long long)l->renumbered, (unsigned long long)l->shaped, (unsigned long long)l->refused,
		(unsigned long long)l->empty, (unsigned long long)l->wrong, (unsigned long long)l->foreign,
		(unsigned long long)l->duplicated, (unsigned long long)l->reordered, (unsigned long long)l->bytes);
}

static void print(const struct port_gen *g, const struct trial *t, double found, FILE *f)
{
	const struct port_hist *h = &g->check.times;
	const double us = 1e6 / g->hz;

	fprintf(f, "{\"sent\": [%llu, %llu], \"received\": [%llu, %llu],\n", (unsigned long long)g->sent[0],
		(unsigned long long)g->sent[1], (unsigned long long)g->received[0],
		(unsigned long long)g->received[1]);
	fprintf(f, " \"answered\": %llu, \"resets\": %llu, \"answers_lost_here\": %llu, \"no_buffer\": %llu,\n",
		(unsigned long long)g->answered, (unsigned long long)g->pings, (unsigned long long)g->answer_lost,
		(unsigned long long)g->no_buffer);
	print_lane(f, "inward", &g->check.lane[PORT_WAY_IN]);
	print_lane(f, "outward", &g->check.lane[PORT_WAY_OUT]);
	fprintf(f, " \"seconds\": %.6f, \"offered_pps\": %.0f, \"arrived_pps\": %.0f, \"lost\": %lld,\n", t->seconds,
		t->offered, (double)t->arrived / t->seconds, (long long)(t->sent - t->arrived));
	if (g->o->search)
		fprintf(f, " \"rfc2544_pps\": %.0f,\n", found);
	fprintf(f, " \"latency\": {\"n\": %llu, \"blinded\": %llu, \"p50_us\": %.3f, \"p90_us\": %.3f, "
		"\"p99_us\": %.3f, \"p999_us\": %.3f, \"max_us\": %.3f}}\n", (unsigned long long)h->n,
		(unsigned long long)g->check.blinded, (double)port_hist_at(h, 0.5) * us,
		(double)port_hist_at(h, 0.9) * us, (double)port_hist_at(h, 0.99) * us,
		(double)port_hist_at(h, 0.999) * us, (double)h->max * us);
}

static int write_result(const struct port_gen *g, const struct trial *t, double found)
{
	FILE *f = g->o->json ? fopen(g->o->json, "w") : stdout;

	if (f == NULL) {
		perror(g->o->json);
		return 1;
	}
	print(g, t, found, f);
	return f != stdout && fclose(f) != 0;
}

static int run(struct port_gen *g)
{
	struct trial t;
	double found = 0;

	if (g->o->warm > 0) {
		run_trial(g, g->o->rate, g->o->warm);
		g->check.times = (struct port_hist){ 0 };
		g->check.blinded = 0;
	}
	if (g->o->search)
		found = search(g);
	t = run_trial(g, g->o->search ? found : g->o->rate, g->o->seconds);
	return write_result(g, &t, found);
}

/* Who leaves first must not be polled any more: memif's driver (DPDK 22.11) unmaps the
 * rings of a peer that leaves while another thread may be reading them. */
static void linger(void)
{
	puts("done");
	fflush(stdout);
	while (getchar() != EOF)
		;
}

int port_gen_run(const struct port_options *o)
{
	struct port_gen *g = calloc(1, sizeof(*g));
	struct port_traffic *t = malloc(sizeof(*t));
	const bool large = o->traffic.size > DATA_ROOM - RTE_PKTMBUF_HEADROOM;
	int rc = 1;

	if (g == NULL || t == NULL)
		goto out_free;
	if (o->port[0] == NULL || o->port[1] == NULL) {
		fputs("port-gen: --outside and --inside are needed\n", stderr);
		goto out_free;
	}
	*t = o->traffic;
	port_traffic_init(t, o->captures);
	g->o = o;
	g->hz = (double)rte_get_tsc_hz();
	g->absent = (uint64_t)(ABSENT_US * 1e-6 * g->hz);
	g->check.macswap = o->macswap;
	g->pool = rte_pktmbuf_pool_create("port_gen", large ? LARGE_POOL_SIZE : POOL_SIZE, POOL_CACHE, 0,
					  large ? LARGE_DATA_ROOM : DATA_ROOM, SOCKET_ID_ANY);
	if (g->pool == NULL)
		fprintf(stderr, "port-gen: no memory for buffers: %s\n", rte_strerror(rte_errno));
	else if (port_check_init(&g->check, t) && open_port(g, 0) == 0 && open_port(g, 1) == 0 &&
		 wait_for_link(g) == 0)
		rc = run(g);
	if (rc == 0 && o->linger)
		linger();
	for (unsigned side = 0; side < 2 && rc == 0; side++)
		rte_eth_dev_stop(g->id[side]);
	port_check_free(&g->check);
out_free:
	free(t);
	free(g);
	return rc;
}
