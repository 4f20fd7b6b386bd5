/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker loop; see worker.h.
 *
 * The judge sees only what lies in a buffer's first segment with room to grow
 * behind it. For a frame that is longer (a chain, or beyond the MTU) that is a
 * frame cut short: harmless if it is not CoAP, malformed if it claims to be.
 */
#include "worker.h"

#include "rss.h"
#include "sampling.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>

static uint64_t lap(struct damp_worker *w, enum damp_stage stage, unsigned n, uint64_t since)
{
	const uint64_t t = rte_rdtsc();

	w->stats->stage_cycles[stage] += t - since;
	w->stats->stage_packets[stage] += n;
	return t;
}

static uint64_t read_clock(void)
{
	return rte_rdtsc();
}

/* In one burst of DAMP_LAPS_EVERY the judge's own passes are timed too. */
static void judge(struct damp_worker *w, const struct damp_view *v, unsigned n, bool bypass)
{
	const bool timed = w->stats->bursts % DAMP_LAPS_EVERY == 0;
	struct damp_laps laps = { .clock = read_clock };

	damp_judge_take_laps(w->judge, timed ? &laps : NULL);
	damp_judge_run(w->judge, v, w->pkt, n, w->now, bypass);
	if (!timed)
		return;
	damp_judge_take_laps(w->judge, NULL);
	w->stats->stage_cycles[DAMP_STAGE_KEYS] += laps.keys;
	w->stats->stage_packets[DAMP_STAGE_KEYS] += n;
	w->stats->stage_cycles[DAMP_STAGE_PROOFS] += laps.proofs;
	w->stats->stage_packets[DAMP_STAGE_PROOFS] += n;
}

static unsigned side_of(const struct damp_worker *w, const struct rte_mbuf *m)
{
	return m->port == w->side_port[DAMP_INSIDE] ? DAMP_INSIDE : DAMP_OUTSIDE;
}

/* A loss that the judge knows nothing of. */
static void count_loss(struct damp_worker *w, const struct rte_mbuf *m, enum damp_reason reason)
{
	struct damp_counter *c = &w->stats->reason[side_of(w, m)][reason];

	c->packets++;
	c->bytes += m->pkt_len - RTE_MIN(m->pkt_len, (uint32_t)m->l2_len);
}

static void flush(struct damp_worker *w, unsigned side)
{
	struct damp_out *o = &w->out[side];
	uint64_t bytes = 0;
	unsigned sent;

	if (o->n == 0)
		return;
	for (unsigned i = 0; i < o->n; i++)
		bytes += o->pkt[i]->pkt_len;
	if (o->ring != NULL)
		sent = rte_ring_sp_enqueue_burst(o->ring, (void **)o->pkt, o->n, NULL);
	else
		sent = rte_eth_tx_burst(o->port, o->queue, o->pkt, (uint16_t)o->n);
	for (unsigned i = sent; i < o->n; i++) {
		bytes -= o->pkt[i]->pkt_len;
		count_loss(w, o->pkt[i], DAMP_REASON_TX_FULL);
	}
	if (sent < o->n)
		rte_pktmbuf_free_bulk(o->pkt + sent, o->n - sent);
	if (o->ring == NULL) {
		w->stats->tx[side].packets += sent;
		w->stats->tx[side].bytes += bytes;
	}
	o->n = 0;
}

static void queue_up(struct damp_worker *w, unsigned side, struct rte_mbuf *m)
{
	struct damp_out *o = &w->out[side];

	if (damp_unlikely(m->nb_segs > 1 && !o->chains)) {
		count_loss(w, m, DAMP_REASON_TX_FULL);
		rte_pktmbuf_free(m);
		return;
	}
	if (o->n == DAMP_BURST)
		flush(w, side);
	o->pkt[o->n++] = m;
}

/* Bytes of a frame that the judge may look at and rewrite. */
static uint32_t visible(const struct rte_mbuf *m)
{
	const uint32_t room = (uint32_t)m->buf_len - m->data_off;

	return RTE_MIN((uint32_t)m->data_len, room - RTE_MIN(room, DAMP_GROW_MAX));
}

/* IPv6 has no header checksum, so there only the port's word on UDP counts. */
static bool checksums_good(const struct rte_mbuf *m)
{
	const uint64_t ip = m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;

	return (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD &&
	       (ip == RTE_MBUF_F_RX_IP_CKSUM_GOOD ||
		(ip == RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN && RTE_ETH_IS_IPV6_HDR(m->packet_type)));
}

/* How long a rewrite may make the frame: the buffer's end or the MTU, whichever
 * comes first; one longer than the MTU already may not grow. */
static uint32_t room(const struct damp_worker *w, const struct rte_mbuf *m, uint32_t len)
{
	const uint32_t buffer = len + (m->nb_segs == 1 ? rte_pktmbuf_tailroom(m) : 0);
	const uint32_t wire = w->plane->config.mtu + RTE_ETHER_HDR_LEN;

	return RTE_MIN(buffer, RTE_MAX(wire, len));
}

static void parse(struct damp_worker *w, const struct damp_view *v, unsigned n, bool held)
{
	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(w->mbuf[i], void *));
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = w->mbuf[i];
		struct damp_pkt *p = &w->pkt[i];

		/* Failing leaves the chain as it is; visible() copes. */
		if (damp_unlikely(m->nb_segs > 1))
			(void)rte_pktmbuf_linearize(m);
		p->data = rte_pktmbuf_mtod(m, uint8_t *);
		p->len = visible(m);
		p->cap = room(w, m, p->len);
		p->side = (uint8_t)side_of(w, m);
		p->checksum_known = held || checksums_good(m);
		p->held = held;
	}
	damp_judge_parse(v, w->pkt, n);
}

static void add(struct damp_counter *c, uint64_t bytes)
{
	c->packets++;
	c->bytes += bytes;
}

/* As the judge counts a bypass: one kind, one reason, one verdict. */
static void pass_unjudged(struct damp_worker *w, const struct damp_pkt *p, struct rte_mbuf *m)
{
	const uint64_t bytes = p->frame.ip_len ? p->frame.ip_len : p->len;

	add(&w->stats->kind[p->side][p->kind], bytes);
	add(&w->stats->reason[p->side][DAMP_REASON_BYPASS], bytes);
	add(&w->stats->verdict[p->side][0][DAMP_VERDICT_BYPASS], bytes);
	w->stats->overload_passed++;
	queue_up(w, !p->side, m);
}

void damp_worker_hand_over(struct damp_worker *w, const struct damp_view *v, unsigned owner,
			   const struct damp_pkt *p, struct rte_mbuf *m)
{
	if (rte_ring_sp_enqueue(w->to[owner], m) == 0) {
		w->stats->steered_out++;
		return;
	}
	m->l2_len = RTE_ETHER_HDR_LEN;
	if (v->guard->overload == DAMP_OVERLOAD_OPEN) {
		pass_unjudged(w, p, m);
		return;
	}
	count_loss(w, m, DAMP_REASON_STEER_FULL);
	rte_pktmbuf_free(m);
}

/* Keep what this worker owns; returns how many. */
static unsigned keep_own(struct damp_worker *w, const struct damp_view *v, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		const unsigned owner = damp_judge_owner(w->plane->judge, &w->pkt[i], w->index);

		if (owner != w->index) {
			damp_worker_hand_over(w, v, owner, &w->pkt[i], w->mbuf[i]);
			continue;
		}
		if (kept != i) {
			w->mbuf[kept] = w->mbuf[i];
			w->pkt[kept] = w->pkt[i];
		}
		kept++;
	}
	return kept;
}

/* Trust the ports' hashing, but look at one packet in DAMP_RSS_SAMPLE. */
static void check_hashing(struct damp_worker *w, unsigned n)
{
	if (w->until_sample > n) {
		w->until_sample -= n;
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		const struct damp_frame *f = &w->pkt[i].frame;

		if (f->cls != DAMP_FRAME_COAP && f->cls != DAMP_FRAME_DTLS)
			continue;
		w->until_sample = DAMP_RSS_SAMPLE;
		if (damp_rss_agrees(&w->plane->rss, w->mbuf[i], f, w->index, w->nworkers))
			return;
		w->stats->rss_mismatch++;
		__atomic_store_n(&w->plane->signals.software_steering, 1, __ATOMIC_RELAXED);
		return;
	}
}

static void set_length(struct rte_mbuf *m, uint32_t len)
{
	if (m->nb_segs > 1) {
		rte_pktmbuf_free(m->next);
		m->next = NULL;
		m->nb_segs = 1;
	}
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
}

static void apply(struct damp_worker *w, unsigned n)
{
	unsigned ndead = 0;

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = w->mbuf[i];
		const struct damp_pkt *p = &w->pkt[i];

		if (p->fate == DAMP_FATE_DROP) {
			w->dead[ndead++] = m;
			continue;
		}
		if (damp_unlikely(p->fate == DAMP_FATE_HOLD)) {
			w->held[p->hold] = m;
			continue;
		}
		if (p->out_len != p->len)
			set_length(m, p->out_len);
		/* No offload is asked for, so the field is free to tell count_loss()
		 * where the IP packet begins. */
		m->l2_len = (p->frame.l3_off ? p->frame.l3_off : (unsigned)RTE_ETHER_HDR_LEN) & 0x7fu;
		queue_up(w, p->fate == DAMP_FATE_BACK ? p->side : p->side ^ 1u, m);
	}
	if (ndead > 0)
		rte_pktmbuf_free_bulk(w->dead, ndead);
}

/* Where a burst comes from: straight from a port, from another worker, or from
 * what this one held. */
enum origin { ORIGIN_PORT, ORIGIN_WORKER, ORIGIN_HELD };

/* n frames in w->mbuf: judge and send. */
static void process(struct damp_worker *w, const struct damp_view *v, unsigned n, enum origin origin,
		    uint64_t t)
{
	const struct damp_signals *s = &w->plane->signals;
	const uint32_t one_in = __atomic_load_n(&s->sample_one_in, __ATOMIC_RELAXED);
	uint64_t path[DAMP_BURST];

	w->stats->bursts++;
	parse(w, v, n, origin == ORIGIN_HELD);
	if (origin == ORIGIN_PORT && w->nworkers > 1) {
		if (__atomic_load_n(&s->software_steering, __ATOMIC_RELAXED))
			n = keep_own(w, v, n);
		else
			check_hashing(w, n);
	}
	t = lap(w, DAMP_STAGE_PARSE, n, t);
	if (n == 0)
		return;
	if (damp_unlikely(one_in != 0))
		damp_sampling_paths(&w->plane->sample_key, w->pkt, n, path);
	judge(w, v, n, w->now < __atomic_load_n(&s->bypass_until, __ATOMIC_RELAXED));
	if (damp_unlikely(one_in != 0))
		damp_sampling_take(w->samples, &w->plane->sample_key, one_in, v, w->pkt, path, n, w->now);
	t = lap(w, DAMP_STAGE_DECIDE, n, t);
	apply(w, n);
	lap(w, DAMP_STAGE_TX, n, t);
}

static unsigned receive(struct damp_worker *w, const struct damp_view *v)
{
	unsigned total = 0;

	for (unsigned i = 0; i < w->nrx; i++) {
		const struct damp_rx *rx = &w->rx[i];
		const uint64_t t = rte_rdtsc();
		const unsigned n = rte_eth_rx_burst(rx->port, rx->queue, w->mbuf, (uint16_t)w->burst);
		uint64_t bytes = 0;

		if (n == 0)
			continue;
		for (unsigned k = 0; k < n; k++) {
			w->mbuf[k]->port = rx->port; /* drivers of rings leave the sender's */
			bytes += w->mbuf[k]->pkt_len;
		}
		w->stats->rx[side_of(w, w->mbuf[0])].packets += n;
		w->stats->rx[side_of(w, w->mbuf[0])].bytes += bytes;
		process(w, v, n, ORIGIN_PORT, lap(w, DAMP_STAGE_RX, n, t));
		total += n;
	}
	return total;
}

static unsigned take_over(struct damp_worker *w, const struct damp_view *v)
{
	unsigned total = 0;

	for (unsigned i = 0; i < w->nfrom; i++) {
		const uint64_t t = rte_rdtsc();
		const unsigned n = rte_ring_sc_dequeue_burst(w->from[i], (void **)w->mbuf, w->burst, NULL);

		if (n == 0)
			continue;
		w->stats->steered_in += n;
		process(w, v, n, ORIGIN_WORKER, t);
		total += n;
	}
	return total;
}

/* Frames whose peer has proved itself meanwhile, or whose time is up. */
static unsigned unhold(struct damp_worker *w, const struct damp_view *v)
{
	const uint64_t t = rte_rdtsc();
	unsigned n = 0, at;

	while (n < w->burst && damp_judge_unhold(w->judge, w->now, &at))
		w->mbuf[n++] = w->held[at];
	if (n > 0)
		process(w, v, n, ORIGIN_HELD, t);
	return n;
}

static unsigned emit(struct damp_worker *w)
{
	const unsigned n = damp_judge_emits(w->judge, w->now, w->emit, DAMP_EMITS);

	w->stats->emitted += n;
	for (unsigned i = 0; i < n; i++) {
		const struct damp_emit *e = &w->emit[i];
		struct rte_mbuf *m = rte_pktmbuf_alloc(w->plane->pool);

		if (m == NULL) {
			w->stats->reason[e->side][DAMP_REASON_NO_MBUF].packets++;
			w->stats->reason[e->side][DAMP_REASON_NO_MBUF].bytes += e->len - RTE_ETHER_HDR_LEN;
			continue;
		}
		memcpy(rte_pktmbuf_mtod(m, void *), e->data, e->len);
		set_length(m, e->len);
		m->port = w->side_port[e->side];
		m->l2_len = RTE_ETHER_HDR_LEN;
		queue_up(w, e->side, m);
	}
	return n;
}

static unsigned drain(struct damp_worker *w)
{
	unsigned total = 0;

	for (unsigned i = 0; i < w->ndrains; i++) {
		const struct damp_drain *d = &w->drain[i];
		const unsigned n = rte_ring_sc_dequeue_burst(d->ring, (void **)w->mbuf, w->burst, NULL);

		for (unsigned k = 0; k < n; k++)
			queue_up(w, d->side, w->mbuf[k]);
		total += n;
	}
	return total;
}

static void idle(struct damp_worker *w)
{
	if (!damp_idle_wait(&w->idle))
		return;
	rte_rcu_qsbr_thread_offline(w->plane->qsbr, w->index);
	rte_delay_us_sleep(DAMP_IDLE_SLEEP_US);
	rte_rcu_qsbr_thread_online(w->plane->qsbr, w->index);
}

static void round_once(struct damp_worker *w)
{
	const uint64_t start = rte_rdtsc();
	const damp_tick tick = damp_clock_tick(&w->plane->clock, start);
	const struct damp_view *v = __atomic_load_n(&w->plane->signals.view, __ATOMIC_ACQUIRE);
	unsigned work;

	if (tick > w->now)
		w->now = tick;
	work = receive(w, v);
	work += take_over(w, v);
	work += unhold(w, v);
	work += emit(w);
	work += drain(w);
	flush(w, DAMP_OUTSIDE);
	flush(w, DAMP_INSIDE);
	rte_rcu_qsbr_quiescent(w->plane->qsbr, w->index);
	w->stats->heartbeat++;
	if (work > 0) {
		damp_idle_busy(&w->idle);
		w->stats->cycles_busy += rte_rdtsc() - start;
		return;
	}
	idle(w);
	w->stats->cycles_idle += rte_rdtsc() - start;
}

int damp_worker_run(void *arg)
{
	struct damp_worker *w = arg;

	damp_idle_thread(&w->idle);
	rte_rcu_qsbr_thread_register(w->plane->qsbr, w->index);
	rte_rcu_qsbr_thread_online(w->plane->qsbr, w->index);
	while (!__atomic_load_n(&w->plane->signals.stop, __ATOMIC_RELAXED))
		round_once(w);
	rte_rcu_qsbr_thread_offline(w->plane->qsbr, w->index);
	rte_rcu_qsbr_thread_unregister(w->plane->qsbr, w->index);
	return 0;
}
