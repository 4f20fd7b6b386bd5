/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shortest way: confirmable requests of strangers to servers that are spent,
 * while the gateway's challenges are spent too. At line rate that is nearly every packet.
 *
 * Idea: what flood.c asks of each packet is for most of them a question about the burst,
 * or about this moment. Those are asked once for a stretch of packets; what is left
 * is whether the packet is such a one, whether its server is known to be spent, and
 * its note among the repetitions.
 *
 * Invariant: a packet that is refused here would be by damp_flood_settle(), with the
 * same traces; the first that may be something else ends the stretch, untouched
 * (flood_test.c).
 */
#include "flood.h"
#include "repeat_line.h"

/* Is there nothing about the burst that has a say? Somebody was told of whom his server's
 * budget refused in it: so nobody has to prove himself first, whoever's server that is. */
static bool burst_is_simple(const struct damp_ctx *c)
{
	const struct damp_flood *f = c->flood;

	return f->on && f->gateway_spent && !f->others && f->told[DAMP_AWAY_SERVER] && !c->w->keep.on &&
	       c->w->nproofs == f->nproofs;
}

/* A stranger's confirmable request, of the kind that pass 1 found plain. */
ALWAYS bool is_simple(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return p->plain == DAMP_PLAIN_YES && !p->proved && p->coap.type == DAMP_COAP_CON &&
	       !(p->coap.options & DAMP_Q_BLOCKS) && damp_server_known_spent(c, p);
}

ALWAYS unsigned sweep(const struct damp_ctx *c, struct damp_pkt *p, unsigned n)
{
	struct damp_counter *sum = &c->flood->refused[DAMP_AWAY_SERVER];
	const struct damp_repeat_time time = c->flood->repeat;
	uint64_t bytes = 0;
	unsigned i;

	for (i = 0; i < n && is_simple(c, &p[i]); i++) {
		if (damp_unlikely(!damp_repeat_note_here(c->w->repeats, damp_key_grey(&p[i]), &time)))
			break;
		damp_drop_short(&p[i], DAMP_REASON_LEDGER_SERVER);
		bytes += p[i].frame.ip_len;
	}
	sum->packets += i;
	sum->bytes += bytes;
	c->flood->untold[DAMP_AWAY_SERVER] += i;
	return i;
}

#if defined(__x86_64__)
WITH_AVX2 static unsigned sweep_wide(const struct damp_ctx *c, struct damp_pkt *p, unsigned n)
{
	return sweep(c, p, n);
}
#else
#define sweep_wide sweep
#endif

unsigned damp_flood_sweep(const struct damp_ctx *c, struct damp_pkt *p, unsigned n)
{
	if (!burst_is_simple(c))
		return 0;
	return damp_likely(c->j->wide) ? sweep_wide(c, p, n) : sweep(c, p, n);
}
