/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits that count something else than messages: what was created, cache keys,
 * registrations (enum damp_count of program.h).
 *
 * What is created is known when the answer says 2.01. Its request is let through
 * while its budget has room; the answer then charges it, over the burst if need
 * be, so that many at once are paid for afterwards (attacks.md AV-04).
 *
 * A cache key is what a cache tells requests apart by (RFC 7252 section 5.6). One
 * that its source has used in the last minute costs nothing, a new one costs a
 * message (AV-39).
 *
 * A registration at a resource directory or LwM2M server is known by its endpoint
 * name and sector (RFC 9176 section 5), so that who registers anew takes no
 * second place. Its place is a lease for the lifetime that it asked for; a
 * refresh at its Location renews it, a DELETE there gives it back (AV-35, AV-36).
 *
 * Invariant: deciding reads only; notes are made, and places taken, for what is
 * forwarded. What is lost by eviction leaves one thing uncounted.
 */
#include "charges.h"

#include "option_walk.h"

#define KEY_MEMORY_S 60u
#define LIFETIME_S 90000u               /* where none is asked for (RFC 9176 section 5) */
#define LIFETIME_MAX_S (30u * 86400u)
#define SLACK_S 60u                     /* a refresh may come late */

/* Domains of the registry's keys. */
#define OF_EXCHANGE 0x1000u
#define OF_LOCATION 0x2000u

#define NO_CACHE_KEY(number) (((number) & 0x1e) == 0x1c)        /* RFC 7252 section 5.4.6 */

static uint64_t fold(const struct damp_ctx *c, uint64_t h, const void *value, uint32_t len)
{
	return damp_mix(h ^ damp_siphash13(&c->j->k_path, value, len), len);
}

/* The values of one option, of one device: a path, or a Location. */
static uint64_t place_of(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t number)
{
	struct damp_option_walk w = damp_options_of(p);
	uint64_t h = p->device_key;

	while (damp_options_next(&w))
		if (w.number == number)
			h = fold(c, h, w.value, w.len);
	return h;
}

/* What a cache knows how to do without: the rest tells requests apart. */
static bool interpreted(uint32_t number)
{
	switch (number) {
	case DAMP_COAP_OPT_ETAG:
	case DAMP_COAP_OPT_OBSERVE:
	case DAMP_COAP_OPT_BLOCK1:
	case DAMP_COAP_OPT_BLOCK2:
	case DAMP_COAP_OPT_Q_BLOCK1:
	case DAMP_COAP_OPT_Q_BLOCK2:
		return true;
	default:
		return NO_CACHE_KEY(number);
	}
}

static uint64_t cache_key(const struct damp_ctx *c, const struct damp_pkt *p)
{
	struct damp_option_walk w = damp_options_of(p);
	uint64_t h = damp_mix(p->device_key, p->coap.code);

	while (damp_options_next(&w))
		if (!interpreted(w.number))
			h = fold(c, damp_mix(h, w.number), w.value, w.len);
	if (p->coap.code == DAMP_COAP_FETCH)
		h = fold(c, h, w.msg + p->coap.payload_off, p->coap.payload_len);
	return h;
}

/* What the query of a registration says. */
struct registration {
	bool named;
	uint32_t lifetime_s;            /* 0: not said */
	uint64_t item;
};

static bool begins(const struct damp_option_walk *w, const char *with, uint32_t len)
{
	return w->len >= len && memcmp(w->value, with, len) == 0;
}

/* Decimal digits to the end, as far as LIFETIME_MAX_S goes; 0 for anything else. */
static uint32_t number_of(const uint8_t *s, uint32_t len)
{
	uint32_t v = 0;

	for (uint32_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return 0;
		v = v * 10 + (s[i] - '0');
		if (v > LIFETIME_MAX_S)
			v = LIFETIME_MAX_S;
	}
	return v;
}

static struct registration read_registration(const struct damp_ctx *c, const struct damp_pkt *p)
{
	struct damp_option_walk w = damp_options_of(p);
	struct registration r = { .item = p->device_key };

	while (damp_options_next(&w)) {
		if (w.number != DAMP_COAP_OPT_URI_QUERY)
			continue;
		if (begins(&w, "ep=", 3) || begins(&w, "d=", 2))
			r.item = fold(c, r.item, w.value, w.len);
		r.named |= begins(&w, "ep=", 3);
		if (begins(&w, "lt=", 3))
			r.lifetime_s = number_of(w.value + 3, w.len - 3);
	}
	return r;
}

/* A place among what is to be counted; false: none is left. */
static bool plan(struct damp_decision *d, enum damp_count count, uint64_t owner, uint32_t amount)
{
	if (d->nlater == DAMP_LATERS)
		return false;
	d->later[d->nlater++] =
		(struct damp_later){ .owner = owner, .amount = amount, .count = (uint8_t)count };
	return true;
}

static bool created_within(const struct damp_ctx *c, const struct damp_rung *r, uint64_t key,
			   struct damp_decision *d)
{
	return damp_rung_has_room(c, r, key, 1, DAMP_REASON_RULE_LIMIT) &&
	       plan(d, DAMP_COUNT_CREATED, key, damp_cost(r->cost_q16, 1));
}

static bool key_within(const struct damp_ctx *c, const struct damp_rung *r, uint64_t key, uint64_t cache,
		       struct damp_decision *d)
{
	const uint64_t used = damp_mix(key, cache);
	uint64_t value;

	if (damp_seen_find(c->w->seen, used, c->now, &value))
		return true;
	damp_charge_add(d, key, damp_cost(r->cost_q16, 1), r->burst_ticks, DAMP_REASON_RULE_LIMIT);
	return plan(d, DAMP_COUNT_KEYS, used, 0);
}

static bool place_within(const struct damp_ctx *c, const struct damp_rung *r, uint64_t owner, uint64_t item,
			 struct damp_decision *d)
{
	return damp_lease_room(c->j->leases, owner, item, r->burst_ticks, c->now) &&
	       plan(d, DAMP_COUNT_REGISTRATIONS, owner, r->burst_ticks);
}

/* Requests from outside that the limit says nothing of pass. */
static bool concerns(const struct damp_pkt *p, enum damp_count count)
{
	const uint8_t code = p->coap.code;

	if (p->kind != DAMP_KIND_REQUEST || p->side != DAMP_OUTSIDE || p->frame.dst_group)
		return false;
	switch (count) {
	case DAMP_COUNT_CREATED:
		return code == DAMP_COAP_POST || code == DAMP_COAP_PUT;
	case DAMP_COUNT_KEYS:
		return (code == DAMP_COAP_GET || code == DAMP_COAP_FETCH) &&
		       !damp_coap_has(&p->coap, DAMP_OPTBIT_OSCORE);
	default:
		return code == DAMP_COAP_POST && p->coap.nquery > 0;
	}
}

bool damp_later_within(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_limit *l,
		       struct damp_decision *d)
{
	const struct damp_rung *r = p->frame.v6 ? l->rung6 : l->rung4;
	const unsigned n = p->frame.v6 ? l->nrungs6 : l->nrungs4;
	struct registration reg = { .named = false };
	uint64_t cache = 0;
	bool within = true;

	if (!concerns(p, l->count))
		return true;
	if (l->count == DAMP_COUNT_REGISTRATIONS)
		reg = read_registration(c, p);
	if (l->count == DAMP_COUNT_REGISTRATIONS && !reg.named)
		return true;
	if (l->count == DAMP_COUNT_KEYS)
		cache = cache_key(c, p);
	for (unsigned i = 0; within && i < n; i++) {
		const uint64_t key = damp_limit_key(c, p, l, &r[i], i);

		if (l->count == DAMP_COUNT_CREATED)
			within = created_within(c, &r[i], key, d);
		else if (l->count == DAMP_COUNT_KEYS)
			within = key_within(c, &r[i], key, cache, d);
		else
			within = place_within(c, &r[i], key, reg.item, d);
	}
	return within;
}

static void note(const struct damp_ctx *c, const struct damp_pkt *p, unsigned i, const struct damp_reg *n)
{
	damp_registry_put(c->j->registry, damp_mix(p->xchg_key, OF_EXCHANGE | i), n, c->now,
			  c->now + DAMP_SECONDS(c->g->con_life_s));
}

static void register_place(const struct damp_ctx *c, const struct damp_pkt *p, unsigned i,
			   const struct damp_later *l)
{
	const struct registration r = read_registration(c, p);
	const bool again = damp_lease_held(c->j->leases, l->owner, r.item, l->amount, c->now);
	const struct damp_reg n = {
		.what = again ? DAMP_REG_REGISTERS_AGAIN : DAMP_REG_REGISTERS,
		.owner = l->owner, .amount = r.lifetime_s ? r.lifetime_s : LIFETIME_S,
		.item = (uint16_t)(r.item >> 48), .cap = l->amount & DAMP_REG_CAP_MAX,
	};

	if (!again)
		damp_lease_take(c->j->leases, l->owner, r.item, l->amount, c->now,
				c->now + DAMP_SECONDS(c->g->con_life_s));
	note(c, p, i, &n);
}

/* Does the request name the Location of a registration? Then its answer decides. */
static void refresh_or_delete(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const bool deletes = p->coap.code == DAMP_COAP_DELETE;
	const uint64_t at = place_of(c, p, DAMP_COAP_OPT_URI_PATH);
	uint32_t life;

	for (unsigned i = 0; i < DAMP_LATERS; i++) {
		const uint64_t key = damp_mix(at, OF_LOCATION | i);
		struct damp_reg n = damp_registry_find(c->j->registry, key, c->now);

		if (n.what != DAMP_REG_LOCATION)
			continue;
		life = deletes ? 0 : read_registration(c, p).lifetime_s;
		if (life > 0)
			n.amount = life;
		/* Not shorter than it is: the answer may yet be an error. */
		if (!deletes)
			damp_registry_put(c->j->registry, key, &n, c->now,
					  c->now + DAMP_SECONDS(n.amount + SLACK_S + c->g->con_life_s));
		n.what = deletes ? DAMP_REG_DELETES : DAMP_REG_REFRESHES;
		note(c, p, i, &n);
	}
}

static void commit_request(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d)
{
	bool registers = false;

	for (unsigned i = 0; i < d->nlater; i++) {
		const struct damp_later *l = &d->later[i];

		if (l->count == DAMP_COUNT_KEYS) {
			damp_seen_add(c->w->seen, l->owner, 0, c->now, c->now + DAMP_SECONDS(KEY_MEMORY_S));
		} else if (l->count == DAMP_COUNT_CREATED) {
			const struct damp_reg n = { .what = DAMP_REG_CREATES,
						    .owner = l->owner,
						    .amount = l->amount };

			note(c, p, i, &n);
		} else {
			register_place(c, p, i, l);
			registers = true;
		}
	}
	if (c->v->counts_registrations && !registers &&
	    (p->coap.code == DAMP_COAP_POST || p->coap.code == DAMP_COAP_DELETE))
		refresh_or_delete(c, p);
}

/* Of a lease only the upper bits of its item are asked. */
static uint64_t item_of(const struct damp_reg *n)
{
	return (uint64_t)n->item << 48;
}

static void renew(const struct damp_ctx *c, const struct damp_reg *n)
{
	damp_lease_take(c->j->leases, n->owner, item_of(n), n->cap, c->now,
			c->now + DAMP_SECONDS(n->amount + SLACK_S));
}

/* Under which Location it is refreshed and deleted from now on. */
static void note_location(const struct damp_ctx *c, const struct damp_pkt *p, unsigned i, struct damp_reg n)
{
	if (!damp_coap_has(&p->coap, DAMP_OPTBIT_LOCATION_PATH))
		return;
	n.what = DAMP_REG_LOCATION;
	damp_registry_put(c->j->registry,
			  damp_mix(place_of(c, p, DAMP_COAP_OPT_LOCATION_PATH), OF_LOCATION | i), &n,
			  c->now, c->now + DAMP_SECONDS(n.amount + SLACK_S));
}

static void settle_place(const struct damp_ctx *c, const struct damp_pkt *p, unsigned i,
			 const struct damp_reg *n)
{
	const bool fine = DAMP_COAP_CLASS(p->coap.code) == 2;

	if (fine && n->what != DAMP_REG_DELETES) {
		renew(c, n);
		if (n->what != DAMP_REG_REFRESHES)
			note_location(c, p, i, *n);
	} else if (fine || n->what == DAMP_REG_REGISTERS) {
		damp_lease_drop(c->j->leases, n->owner, item_of(n), n->cap);
	}
}

/* 2.31: the body of the request is not whole yet (RFC 7959 section 2.9.1). */
static void commit_response(const struct damp_ctx *c, const struct damp_pkt *p)
{
	if (p->xchg == NULL || (p->xchg->flags & (DAMP_XCHG_SAFE | DAMP_XCHG_FROM_INSIDE)) ||
	    p->coap.code == DAMP_COAP_2_31)
		return;
	for (unsigned i = 0; i < DAMP_LATERS; i++) {
		const struct damp_reg n = damp_registry_take(c->j->registry,
							     damp_mix(p->xchg_key, OF_EXCHANGE | i),
							     c->now);
		const struct damp_charge one = { .key = n.owner,
						 .cost = n.amount,
						 .burst = DAMP_BURST_TICKS_MAX };

		if (n.what == DAMP_REG_CREATES && p->coap.code == DAMP_COAP_2_01)
			damp_ledger_charge(c->j->ledger, &one, 1, c->now);
		else if (n.what > DAMP_REG_CREATES)
			settle_place(c, p, i, &n);
	}
}

void damp_later_commit(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d)
{
	if (p->kind == DAMP_KIND_RESPONSE && p->side == DAMP_INSIDE)
		commit_response(c, p);
	else if (p->kind == DAMP_KIND_REQUEST && p->side == DAMP_OUTSIDE && d->move == DAMP_MOVE_FORWARD)
		commit_request(c, p, d);
}
