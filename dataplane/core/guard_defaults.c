/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Default numbers of the guard; see guard.h.
 *
 * Where they come from: attacks.md section 8 (its table of default limits),
 * whose sources are RFC 9175 section 2.4 (factor 3, sizes of the grace time),
 * RFC 7252 section 4.7 (probing) and 4.8.2 (lifetimes), RFC 9175 appendix A
 * (life of an Echo value), RFC 4787 REQ-5 (300 s of silence).
 */
#include "guard.h"

#include <damper/coap.h>

/* units every period_s seconds, and up to `burst` units at once. The burst is
 * counted in whole costs, as the ledger charges them, rounded up. */
static struct damp_rung rung(uint64_t units, uint64_t period_s, uint32_t burst, uint8_t plen)
{
	const uint64_t cost_q16 = ((period_s * DAMP_TICKS_PER_S << 16) + units - 1) / units;

	return (struct damp_rung){
		.cost_q16 = cost_q16,
		.burst_ticks = (uint32_t)(((cost_q16 + 0xffff) >> 16) * burst),
		.plen = plen,
	};
}

static void byte_budgets(struct damp_guard *g)
{
	/* One address gets what one constrained link carries; a network 32 (IPv4)
	 * or 4 (IPv6) times as much, so that many spoofed neighbours are one victim. */
	g->host4 = rung(4096, 1, 16384, 32);
	g->net4 = rung(32 * 4096, 1, 32 * 16384, 24);
	g->host6 = rung(4096, 1, 16384, 64);
	g->net6 = rung(4 * 4096, 1, 4 * 16384, 48);
	/* Not 64 KiB/s: a proved peer is no victim, and firmware must not crawl. */
	g->proved = rung(1 << 20, 1, 1 << 20, 128);
	g->challenge_reserve_ticks = (uint32_t)(DAMP_TICKS_PER_S / 4);     /* 1 KiB toward one address */
}

static void message_budgets(struct damp_guard *g)
{
	/* A prefix of 64 means the whole address for IPv4. */
	/* What may be served on trust: with these, 100 requests and more in one's
	 * name bring back less than they cost (docs/threat-model.md). */
	g->first_host = rung(3, 60, 8, 64);
	/* An address where somebody is: NAT, or a client that changes its port. */
	g->first_known = rung(60, 60, 30, 128);
	g->first_net4 = rung(2, 1, 16, 24);
	g->first_net6 = rung(2, 1, 16, 48);
	/* Of a network, with answers as large as alpha allows. */
	g->trust_net4 = rung(2, 60, 20, 24);
	g->trust_net6 = rung(2, 60, 20, 48);
	g->server = rung(100, 1, 200, 128);
	g->challenge_host = rung(3, 10, 3, 64);
	g->challenge_net4 = rung(25, 1, 20, 24);
	g->challenge_net6 = rung(25, 1, 20, 48);
	g->challenge_retry = rung(20, 1, 20, 64);
	g->challenge_all = rung(100000, 1, 50000, 0);
	g->ping = rung(12, 60, 5, 64);
	g->probing = rung(1, 60, 10, 128);
	/* One each RTT, of 0.1 s; fewer would withhold the last one of a burst. */
	g->notify = rung(10, 1, 20, 128);
}

void damp_guard_defaults(struct damp_guard *g)
{
	*g = (struct damp_guard){
		.alpha_q8 = 3 << 8,
		.fragments = DAMP_FRAGMENTS_DROP,
		.table_full = DAMP_TABLE_FULL_DROP,
		.check_sources = 1,
		.prove_block1 = 1,
		.prove_q_block = 1,
		.slice_szx = 2,         /* 64 bytes (attacks.md AV-26, RFC 7252 section 11.3) */
		.prove_observe = 0,
		.hold = 1,              /* attacks.md 3.2 P2, insight 2 */
		.learn_answers = 1,     /* attacks.md AV-05 */
		.prove_path_bytes = 255, /* attacks.md AV-04 */
		.permute_mids = 1,      /* attacks.md AV-15, AV-17, insight 3 */
		.proof_idle_s = 300,
		.proof_max_s = 1800,
		.echo_life_s = DAMP_COAP_EXCHANGE_LIFETIME_S,
		.grace_s = DAMP_COAP_EXCHANGE_LIFETIME_S,
		.grace_bytes4 = 96,
		.grace_bytes6 = 136,
		.con_life_s = DAMP_COAP_EXCHANGE_LIFETIME_S,
		.non_life_s = DAMP_COAP_NON_LIFETIME_S,
		.observe_life_s = 24 * 3600,
		.observe_pings = 4,
		.observe_path = 2,      /* RFC 7641 section 3.1: one is what an honest client has */
		.observe_pair = 8,
		.observe_source = 16,
		.observe_server = 64,
		.observe_unheard = 20,  /* attacks.md AV-12 */
		.observe_unheard_s = 120,
		.observe_pmin_ms = 1000,
		.observe_pmax_ms = 3000,
		.observe_eval_ms = 1000,
		.transfer_bytes = 64 * 1024,
		.transfer_life_s = DAMP_COAP_EXCHANGE_LIFETIME_S,
		.transfers_source = 4,
		.transfers_server = 64,
		.announce_bytes = 1 << 20,
		.q_blocks = 10,         /* MAX_PAYLOADS of RFC 9177 section 7.2 */
		.group_answers = 100,
		.unanswered_prove = 1,
	};
	byte_budgets(g);
	message_budgets(g);
}

void damp_watch_defaults(struct damp_watch *w)
{
	*w = (struct damp_watch){
		.attack_rate_milli = 10000,
		.attack_update_s = 30,
		.attack_quiet_s = 60,
	};
}
