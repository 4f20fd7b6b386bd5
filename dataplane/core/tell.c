/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lots, first messages and the budget of tell.h; and telling of one packet that
 * was committed.
 */
#include "charges.h"
#include "commit.h"

#include "assoc.h"

bool damp_tell_draw(struct damp_tell *t, uint32_t share_q32)
{
	t->lot = t->lot * 6364136223846793005ull + 1442695040888963407ull;
	return share_q32 == UINT32_MAX || (uint32_t)(t->lot >> 32) < share_q32;
}

bool damp_tell_first(struct damp_tell *t, uint64_t key, uint32_t most, damp_tick now)
{
	struct damp_tell_end *e = &t->end[key & (DAMP_TELL_ENDS - 1)];
	const uint32_t tag = (uint32_t)(key >> 32) | 1;

	if (e->tag != tag || damp_due(now) - e->seen > damp_due(DAMP_SECONDS(DAMP_TELL_QUIET_S)))
		*e = (struct damp_tell_end){ .tag = tag };
	e->seen = damp_due(now);
	if (e->count >= most)
		return false;
	e->count++;
	return true;
}

bool damp_tell_budget(struct damp_tell *t, damp_tick now)
{
	if (now >= t->second + DAMP_TICK_HZ || now < t->second) {
		t->second = now;
		t->left = DAMP_TELL_PER_S;
	}
	if (t->left == 0)
		return false;
	t->left--;
	return true;
}

static uint64_t end_key(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_rule *r,
			uint16_t slot)
{
	const struct damp_limit as = { .per = r->log_per };
	const struct damp_rung whole = { .plen = p->frame.v6 ? 128 : 32 };

	/* Its own domain: the fingerprints are no keys of the ledger. */
	return damp_mix(damp_limit_key(c, p, &as, &whole, 0), 1ull << 50 | slot);
}

static void tell_of(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t index,
		    const struct damp_decision *d, bool observed)
{
	const struct damp_rule *r = &c->v->rules[index];
	const uint16_t slot = c->v->rule_slot[index];
	struct damp_tell *t = &c->w->tell;
	bool wanted = damp_tell_draw(t, r->log_sample_q32);

	if (r->log_first > 0 && damp_tell_first(t, end_key(c, p, r, slot), r->log_first, c->now))
		wanted = true;
	t->untold[slot]++;
	if (!wanted || !damp_tell_budget(t, c->now))
		return;
	damp_event_put(c, p,
		       &(struct damp_told){ .how = DAMP_TOLD_LOG,
					    .rule = (int32_t)index,
					    .would = d->would,
					    .observed = observed,
					    .represents = t->untold[slot] });
	t->untold[slot] = 0;
}

static void warn_of(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d)
{
	const uint16_t slot = c->v->rule_slot[d->warn_rule];
	struct damp_tell *t = &c->w->tell;

	t->unwarned[slot]++;
	if (c->now < t->warn_next[slot])
		return;
	t->warn_next[slot] = c->now + DAMP_TICK_HZ;
	damp_event_put(c, p,
		       &(struct damp_told){ .how = DAMP_TOLD_WARN,
					    .rule = d->warn_rule,
					    .used_percent = d->warn_percent,
					    .represents = t->unwarned[slot] });
	t->unwarned[slot] = 0;
}

bool damp_tell(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d)
{
	bool last_word = false;

	if (d->warn_percent > 0)
		warn_of(c, p, d);
	for (unsigned i = 0; i < d->nmatched; i++) {
		const struct damp_rule *r = &c->v->rules[d->matched[i]];

		if (!damp_rule_logs(r) ||
		    !(d->outcome[i] & (1u << DAMP_OUT_ACTED | 1u << DAMP_OUT_WOULD)))
			continue;
		tell_of(c, p, d->matched[i], d, d->outcome[i] & (1u << DAMP_OUT_WOULD));
		last_word |= d->rule == d->matched[i] ||
			     (d->rule < 0 && p->reason < DAMP_REASON_FIRST_DROP &&
			      d->move == DAMP_MOVE_FORWARD);
	}
	return last_word;
}
