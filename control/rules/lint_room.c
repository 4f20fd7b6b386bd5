/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is there room for the keys of a limit?
 *
 * Idea: a key is kept until its debt is paid, so a flood of ever new addresses
 * keeps as many as come in that time: messages per second times the seconds
 * that one message takes to drain, times 1.4 because the places of a table do
 * not fill evenly (Knot DNS gives the same formula for its rate limiting
 * table). A ladder keeps one key for each of its steps. The rules do not know
 * how large the ledger of the gateway is; they ask about the size it has when
 * nobody sets another.
 *
 * Invariant: a limit is not complained about that has no more keys than there
 * are prefixes or known devices.
 */
#include "lint_room.h"

#include "judge.h"
#include "ledger.h"

/* What a gateway under attack may see of ever new addresses. */
#define MESSAGES_PER_S 10000.0
#define SPARE 1.4
/* A small request with its headers, for limits that count bytes. */
#define PACKET_BYTES 64u

#define TICKS_PER_S 1048576.0

static double addresses(const struct damp_spans *s)
{
	double n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += (double)(s->s[i].high - s->s[i].low) + 1;
	return n;
}

/* How many addresses the known devices have, the most of any way the ports may
 * lie; 0: nobody knows. */
static double devices(const struct damp_ctx *c, enum damp_family family)
{
	double most = 0, n;

	for (unsigned way = 0; way < 1u << c->nvariants; way++) {
		if (c->inside_set[way] < 0)
			return 0;
		n = addresses(&c->addr_sets[c->inside_set[way]].addrs.family[family]);
		most = n > most ? n : most;
	}
	return most;
}

static double rung_keys(const struct damp_limit *l, const struct damp_rung *r, unsigned bits)
{
	const double units = l->kind == DAMP_LIMIT_BYTES ? PACKET_BYTES : 1;
	const double drains_s = (double)r->cost_q16 * units / 65536 / TICKS_PER_S;
	const double keys = SPARE * MESSAGES_PER_S * drains_s;
	const double prefixes = r->plen < 40 && r->plen <= bits ? (double)(1ull << r->plen) : keys;

	return keys < prefixes || l->per == DAMP_PER_PAIR ? keys : prefixes;
}

static double limit_keys(const struct damp_ctx *c, const struct damp_limit *l)
{
	double v4 = 0, v6 = 0, known;

	/* All together, and tenants, are few. */
	if (l->per == DAMP_PER_GLOBAL || l->per == DAMP_PER_TENANT || !damp_limit_is_charged(l))
		return 1;
	for (unsigned i = 0; i < l->nrungs4; i++)
		v4 += rung_keys(l, &l->rung4[i], 32);
	for (unsigned i = 0; i < l->nrungs6; i++)
		v6 += rung_keys(l, &l->rung6[i], 128);
	known = l->per == DAMP_PER_DEVICE ? devices(c, DAMP_V4) + devices(c, DAMP_V6) : 0;
	if (v6 > v4)
		v4 = v6;
	return known > 0 && known < v4 ? known : v4;
}

void damp_lint_room(struct damp_ctx *c)
{
	const double room = (double)((uint64_t)DAMP_LEDGER_WAYS << damp_judge_defaults.ledger_log2);

	for (size_t i = 0; i < c->nlimits; i++)
		for (unsigned p = 0; p < c->limits[i].count; p++) {
			const struct damp_limit *l = &c->plimits[c->limits[i].first + p].l;
			const double keys = limit_keys(c, l);

			if (keys <= room)
				continue;
			damp_diag_warning(c->diags, c->limits[i].at,
					  "limit '%s' may have %.0f keys at %.0f messages a second (%.0f MiB); the "
					  "ledger has room for %.0f, unless [tables] ledger says more",
					  c->limits[i].name, keys, MESSAGES_PER_S, keys / DAMP_LEDGER_WAYS * 64 / 1048576, room);
			break;
		}
}
