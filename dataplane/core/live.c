/* SPDX-License-Identifier: BSD-3-Clause */
/* What is in force; see live.h. */
#include "live.h"

static struct damp_override *find(struct damp_overrides *all, const char *id)
{
	for (unsigned i = 0; i < all->n; i++)
		if (strcmp(all->o[i].id, id) == 0)
			return &all->o[i];
	return NULL;
}

bool damp_override_set(struct damp_overrides *all, const char *id, enum damp_mode mode, damp_tick until,
		       damp_tick now)
{
	struct damp_override *o = find(all, id);

	if (until <= now) {
		if (o != NULL)
			*o = all->o[--all->n];
		return true;
	}
	if (o == NULL && all->n == DAMP_OVERRIDES_MAX)
		return false;
	if (o == NULL)
		o = &all->o[all->n++];
	memset(o, 0, sizeof(*o));
	memcpy(o->id, id, strnlen(id, sizeof(o->id) - 1));
	o->mode = (uint8_t)mode;
	o->until = until;
	return true;
}

unsigned damp_overrides_expire(struct damp_overrides *all, damp_tick now)
{
	const unsigned before = all->n;

	for (unsigned i = 0; i < all->n;)
		if (all->o[i].until <= now)
			all->o[i] = all->o[--all->n];
		else
			i++;
	return before - all->n;
}

static enum damp_mode mode_of(const struct damp_view *v, uint32_t rule, const struct damp_overrides *o)
{
	const struct damp_rule *r = &v->rules[rule];
	uint32_t mode = r->mode;
	bool found = false;

	if (r->unable)
		return DAMP_MODE_OFF;
	for (unsigned i = 0; o != NULL && i < o->n; i++) {
		const bool own = strcmp(o->o[i].id, damp_view_string(v, r->id_off)) == 0;

		if (own || (o->o[i].id[0] == '\0' && !found))
			mode = o->o[i].mode;
		found |= own;
	}
	return (enum damp_mode)(mode < v->hdr->mode ? mode : v->hdr->mode);
}

uint32_t damp_live_refresh(struct damp_view *v, const struct damp_moment *m, const struct damp_overrides *o)
{
	uint64_t words[DAMP_ROW_WORDS_MAX] = { 0 };
	uint32_t waiting = 0;

	for (uint32_t i = 0; i < v->hdr->nrules; i++) {
		const enum damp_mode mode = mode_of(v, i, o);
		const bool now = damp_rule_in_force(v, i, m) == DAMP_IN_FORCE;
		const uint32_t bit = v->rows.bit_of[i];

		waiting += !now;
		__atomic_store_n(&v->live.mode[i], (uint8_t)mode, __ATOMIC_RELAXED);
		words[bit / 64] |= (uint64_t)(now && mode != DAMP_MODE_OFF) << bit % 64;
	}
	for (uint32_t w = 0; w < v->rows.nwords; w++)
		__atomic_store_n(&v->live.mask[w], words[w], __ATOMIC_RELAXED);
	__atomic_store_n(&v->live.least_s, m->least_s, __ATOMIC_RELAXED);
	return waiting;
}
