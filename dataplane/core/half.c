/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What half a proof costs, and the second ping; see half.h.
 *
 * The second ping is remembered for each pair of endpoints in the table of Message
 * IDs: its epoch, so that one Message ID is right and no more, and when the next may
 * go. It is sent at once, for who answers at once, and again after 0.4 and 0.8 s, since
 * a libcoap client answers but one ping in 250 ms (attacks.md 6.3); and once more with
 * what passes next, should it have been lost. One that has to do alone goes after 0.4 s.
 *
 * Invariant: pings beside a message are never more bytes than the guard's factor of it.
 */
#include "charges.h"
#include "commit.h"
#include "half.h"

#define ASK_GAP (DAMP_TICK_HZ * 8 / 5)
#define PINGS (1u + DAMP_PROBE_STEPS)

static const struct damp_rung budget = {
	.cost_q16 = (DAMP_TICK_HZ << 16) / DAMP_HALF_BYTES_PER_S,
	.burst_ticks = (uint32_t)(DAMP_TICK_HZ / DAMP_HALF_BYTES_PER_S * DAMP_HALF_BYTES),
};
#define RESERVE_TICKS ((uint32_t)(DAMP_TICK_HZ / DAMP_HALF_BYTES_PER_S * DAMP_HALF_RESERVE))

static uint64_t budget_key(const struct damp_pkt *p)
{
	return damp_ledger_key(p->peer_key, DAMP_DOMAIN_HALF);
}

bool damp_half_has_room(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_rung_has_room(c, &budget, budget_key(p), damp_whole_ip_len(p), DAMP_REASON_PROVED_BUDGET);
}

static uint64_t second_key(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_key_seen(c->j, p, DAMP_SEEN_SECOND_OUT, 0);
}

bool damp_second_awaited(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t *epoch)
{
	uint64_t value = 0;
	const bool out = p->half && damp_seen_find(c->w->seen, second_key(c, p), c->now, &value);

	*epoch = value >> 32;
	return out;
}

static uint16_t second_mid(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t epoch)
{
	return damp_second_mid(&c->v->secrets, damp_peer_addr(p), damp_peer_port(p), damp_device_addr(p),
			       damp_device_port(p), epoch);
}

bool damp_second_answered(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t epoch)
{
	return p->wire_mid == second_mid(c, p, epoch);
}

bool damp_half_gives(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d)
{
	const bool few = d->proof == DAMP_PROOF_PING || d->proof == DAMP_PROOF_ACK ||
			 (d->proof == DAMP_PROOF_ECHO && p->coap.echo_len < DAMP_ECHO_WHOLE_MIN);

	return few && (!p->proved || p->half) && !c->j->recorded;
}

/* Can the peer of p take a ping: does it speak CoAP in the open? */
static bool may_ping(const struct damp_pkt *p)
{
	return p->kind == DAMP_KIND_EMPTY ||
	       ((p->kind == DAMP_KIND_REQUEST || p->kind == DAMP_KIND_RESPONSE) && !p->frame.dst_group);
}

/* So many second pings are due beside p, not counting their cost. */
static unsigned pings_due(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const uint64_t most = (uint64_t)c->g->alpha_q8 * p->frame.ip_len;
	const uint64_t n = (most >> 8) / damp_udp_ip_len(p, DAMP_COAP_HEADER_LEN);
	uint64_t value;

	if (!may_ping(p) || (damp_seen_find(c->w->seen, second_key(c, p), c->now, &value) &&
			     (int32_t)(damp_due(c->now) - (uint32_t)value) < 0))
		return 0;
	return n < PINGS ? (unsigned)n : PINGS;
}

static struct damp_charge bill(const struct damp_pkt *p, uint32_t bytes, unsigned pings)
{
	const uint32_t all = bytes + pings * damp_udp_ip_len(p, DAMP_COAP_HEADER_LEN);

	return (struct damp_charge){ .key = budget_key(p), .cost = damp_cost(budget.cost_q16, all),
				     .burst = budget.burst_ticks + (pings > 0 ? RESERVE_TICKS : 0) };
}

void damp_half_settle(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const bool dropped = d->move == DAMP_MOVE_DROP;
	const uint32_t bytes = p->proved && !dropped && !d->exempt ? damp_whole_ip_len(p) : 0;
	struct damp_charge one;

	if (d->half || bytes > 0)
		d->seconds = (uint8_t)pings_due(c, p);
	one = bill(p, bytes, d->seconds);
	if (d->seconds > 0 && !damp_ledger_admits(c->j->ledger, &one, c->now)) {
		d->seconds = 0;
		one = bill(p, bytes, 0);
	}
	if (one.cost == 0)
		return;
	if (dropped)
		d->ncharges = 0;
	d->charge_on_drop |= dropped;
	damp_charge_add(d, one.key, one.cost, one.burst, DAMP_REASON_PROVED_BUDGET);
}

void damp_half_ask(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d)
{
	const enum damp_reply_way way = p->side == DAMP_OUTSIDE ? DAMP_REPLY_BACK : DAMP_REPLY_ON;
	const uint64_t epoch = c->wall_s / DAMP_PING_EPOCH_S;
	struct damp_emit e = { .side = DAMP_OUTSIDE };

	damp_seen_add(c->w->seen, second_key(c, p), epoch << 32 | damp_due(c->now + ASK_GAP), c->now,
		      c->now + DAMP_SECONDS(DAMP_PING_LIFE_S));
	e.len = (uint8_t)damp_reply_empty_copy(e.data, sizeof(e.data), p->data, &p->frame, way, DAMP_COAP_CON,
					       second_mid(c, p, epoch));
	if (e.len > 0)
		damp_probe_schedule(c, p, &e, d->seconds, d->seconds > 1);
}
