/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses: ranges, classes and their rows.
 *
 * Idea: a sweep over each family. Every interval of every set is two events,
 * "in" at its start and "out" behind its end; between two events all addresses
 * are in the same sets. Distinct membership vectors are the classes, shared by
 * both families.
 *
 * Invariant: the first range of a family starts at 0, and neighbours differ in
 * class. Intervals of one set are disjoint (addr.h), so a membership is one bit
 * that each event flips.
 */
#include "compile.h"

#include "hash.h"
#include <stdlib.h>
#include <string.h>

#define CLASSES_MAX 65535u

struct event {
	damp_u128 at;
	uint32_t set;
};

struct sweep {
	struct damp_build *b;
	size_t nwords;	   /* of a membership vector */
	uint64_t *classes; /* [nclasses][nwords] */
	size_t nclasses, classes_cap;
	uint32_t *slots;
	size_t nslots;
	struct event *ev;
	size_t nev, ev_cap;
	bool full;
	bool shared;       /* two tenants have an address in common */
};

static bool in_set(const uint64_t *vec, int set)
{
	return (vec[set >> 6] >> (set & 63)) & 1;
}

static size_t class_slot(const struct sweep *s, const uint64_t *vec)
{
	const size_t bytes = s->nwords * sizeof(*vec);
	size_t i = damp_fnv1a(vec, bytes) & (s->nslots - 1);

	while (s->slots[i] && memcmp(s->classes + (s->slots[i] - 1) * s->nwords, vec, bytes) != 0)
		i = (i + 1) & (s->nslots - 1);
	return i;
}

static uint16_t class_of(struct sweep *s, const uint64_t *vec)
{
	const size_t slot = class_slot(s, vec);

	if (s->slots[slot])
		return (uint16_t)(s->slots[slot] - 1);
	if (s->nclasses == CLASSES_MAX) {
		s->full = true;
		return 0;
	}
	s->classes = damp_pool_grow(s->b->c->pool, s->classes, s->nclasses, &s->classes_cap,
				    s->nwords * sizeof(*vec));
	memcpy(s->classes + s->nclasses * s->nwords, vec, s->nwords * sizeof(*vec));
	s->slots[slot] = (uint32_t)++s->nclasses;
	return (uint16_t)(s->nclasses - 1);
}

static void put_range(struct sweep *s, enum damp_family f, damp_u128 start, uint16_t cls)
{
	const struct damp_range4 r4 = { .start = (uint32_t)start, .cls = cls };
	const struct damp_range6 r6 = { .start_hi = (uint64_t)(start >> 64),
					.start_lo = (uint64_t)start,
					.cls = cls };

	if (f == DAMP_V4)
		damp_build_put(s->b, DAMP_SEC_RANGES4, &r4, sizeof(r4));
	else
		damp_build_put(s->b, DAMP_SEC_RANGES6, &r6, sizeof(r6));
}

static void add_event(struct sweep *s, damp_u128 at, uint32_t set)
{
	const struct event e = { .at = at, .set = set };

	DAMP_PUSH(s->b->c->pool, s->ev, s->nev, s->ev_cap, e);
}

static void collect_events(struct sweep *s, enum damp_family f)
{
	const damp_u128 max = f == DAMP_V4 ? UINT32_MAX : ~(damp_u128)0;

	s->nev = 0;
	for (uint32_t i = 0; i < s->b->c->naddr_sets; i++) {
		const struct damp_spans *spans = &s->b->c->addr_sets[i].addrs.family[f];

		for (size_t j = 0; j < spans->n; j++) {
			add_event(s, spans->s[j].low, i);
			if (spans->s[j].high < max)
				add_event(s, spans->s[j].high + 1, i);
		}
	}
}

static int by_at(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static void sweep_family(struct sweep *s, enum damp_family f)
{
	uint64_t *vec = damp_pool_alloc(s->b->c->pool, s->nwords * sizeof(*vec));
	damp_u128 at = 0;
	int last = -1;

	collect_events(s, f);
	if (s->nev)
		qsort(s->ev, s->nev, sizeof(*s->ev), by_at);
	for (size_t i = 0;;) {
		uint16_t cls;

		for (; i < s->nev && s->ev[i].at == at; i++)
			vec[s->ev[i].set >> 6] ^= 1ull << (s->ev[i].set & 63);
		cls = class_of(s, vec);
		if (cls != last)
			put_range(s, f, at, cls);
		last = cls;
		if (i == s->nev)
			return;
		at = s->ev[i].at;
	}
}

/* What an address is beside its class: the side its packet came in on, as a bit, the
 * sets filled at run time that it is in, as bits, and the way the devices lie. */
struct where {
	unsigned side, sets, way;
};

/* Is one of the devices of an atom on this side? */
static bool device_agrees(const struct damp_addr_atom *a, const struct where *w)
{
	const bool inside = w->side == DAMP_SIDE_BIT(DAMP_INSIDE);

	return a->devices & (inside != a->across ? w->way : ~w->way);
}

static bool atom_agrees(const struct damp_addr_atom *a, const struct where *w, const uint64_t *vec)
{
	if (!(a->sides & w->side) && !device_agrees(a, w))
		return false;
	if (a->runtime >= 0)
		return w->sets >> a->runtime & 1;
	return a->set < 0 || in_set(vec, a->set);
}

static bool term_agrees(const struct damp_addr_term *t, const struct where *w, const uint64_t *vec)
{
	for (size_t i = 0; i < t->n; i++)
		if (atom_agrees(&t->atoms[i], w, vec))
			return !t->negated;
	return t->negated;
}

static bool cond_agrees(const struct damp_addr_cond *c, const struct where *w, const uint64_t *vec)
{
	if (!c->asked)
		return true;
	for (size_t i = 0; i < c->n; i++)
		if (term_agrees(&c->terms[i], w, vec))
			return true;
	return false;
}

static uint32_t class_row(struct damp_build *b, bool source, const struct where *w, const uint64_t *vec)
{
	uint64_t *row = damp_row_start(b);

	for (size_t r = 0; r < b->c->nrules; r++) {
		const struct damp_match *m = &b->c->rules[r].match;
		const struct damp_addr_cond *c = source ? m->src : m->dst;

		if (cond_agrees(&c[0], w, vec) && cond_agrees(&c[1], w, vec))
			damp_row_set(row, r);
	}
	return damp_row_add(b, row);
}

/* Whoever is exempt twice is so until the later end. */
static void exempt_class(const struct damp_ctx *c, const uint64_t *vec, struct damp_class *out)
{
	for (size_t i = 0; i < c->nexempts; i++) {
		if (!in_set(vec, c->exempts[i].set))
			continue;
		out->flags |= DAMP_CLASS_EXEMPT;
		if (c->exempts[i].until_s > out->exempt_until_s)
			out->exempt_until_s = c->exempts[i].until_s;
	}
}

/* Of the name alone, so that a reload does not change it. */
static uint32_t tenant_id(const char *name)
{
	const struct damp_key key = { 0, 0 };

	return (uint32_t)damp_siphash24(&key, name, strlen(name)) | 1;
}

/* Whose the addresses of a class are; reports when more than one says so. */
static void name_tenant(struct sweep *s, const uint64_t *vec, const uint32_t *names, struct damp_class *to)
{
	const struct damp_ctx *c = s->b->c;
	const struct damp_tenant *owner = NULL;

	for (size_t i = 0; i < c->ntenants; i++) {
		if (!in_set(vec, c->tenants[i].set))
			continue;
		if (owner && !s->shared) {
			damp_diag_error(c->diags, c->tenants[i].at, "tenant '%s' has addresses of '%s'",
					c->tenants[i].name, owner->name);
			damp_diag_notice(c->diags, owner->at, "here");
			s->shared = true;
		}
		owner = owner ? owner : &c->tenants[i];
		to->tenant = tenant_id(owner->name);
		to->tenant_off = names[owner - c->tenants];
	}
}

/* The rows of a class for every combination of sets its addresses may be in. */
static void put_set_classes(struct damp_build *b, unsigned way, const uint64_t *vec)
{
	for (unsigned sets = 1; sets < 1u << b->c->nruntime; sets++) {
		struct damp_set_class c;

		for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
			const struct where w = { .side = DAMP_SIDE_BIT(side), .sets = sets, .way = way };

			c.src_row[side] = class_row(b, true, &w, vec);
			c.dst_row[side] = class_row(b, false, &w, vec);
		}
		damp_build_put(b, DAMP_SEC_SET_CLASSES, &c, sizeof(c));
	}
}

static void put_class(struct sweep *s, unsigned way, const uint64_t *vec, const uint32_t *names)
{
	const int inside = s->b->c->inside_set[way];
	struct damp_class c = { 0 };

	if (inside >= 0 && in_set(vec, inside))
		c.flags |= DAMP_CLASS_INSIDE;
	name_tenant(s, vec, names, &c);
	exempt_class(s->b->c, vec, &c);
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		const struct where w = { .side = DAMP_SIDE_BIT(side), .way = way };

		c.src_row[side] = class_row(s->b, true, &w, vec);
		c.dst_row[side] = class_row(s->b, false, &w, vec);
	}
	damp_build_put(s->b, DAMP_SEC_CLASSES, &c, sizeof(c));
	put_set_classes(s->b, way, vec);
}

static void put_classes(struct sweep *s)
{
	const struct damp_ctx *c = s->b->c;
	uint32_t *names = damp_pool_alloc(c->pool, (c->ntenants + 1) * sizeof(*names));

	for (size_t i = 0; i < c->ntenants; i++)
		names[i] = damp_build_string(s->b, c->tenants[i].name);
	for (unsigned way = 0; way < 1u << c->nvariants; way++) {
		for (size_t i = 0; i < s->nclasses; i++)
			put_class(s, way, s->classes + i * s->nwords, names);
		s->b->hdr.has_inside |= (uint32_t)(c->inside_set[way] >= 0) << way;
	}
	s->b->hdr.nclasses = (uint32_t)s->nclasses;
}

void damp_build_addrs(struct damp_build *b)
{
	struct sweep s = { .b = b };

	s.nwords = (b->c->naddr_sets + 63) / 64;
	s.nwords = s.nwords ? s.nwords : 1;
	s.nslots = 2u * (CLASSES_MAX + 1);
	s.slots = damp_pool_alloc(b->c->pool, s.nslots * sizeof(*s.slots));
	sweep_family(&s, DAMP_V4);
	sweep_family(&s, DAMP_V6);
	put_classes(&s);
	if (s.full)
		damp_diag_error(
			b->c->diags, (struct damp_place){ .src = b->c->src },
			"the prefixes of this file cut the addresses into more than %u kinds",
			CLASSES_MAX);
}
