/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which of the values that rules ask for do a message's options have?
 *
 * Idea: a value is one more bit beside those of the options themselves, so rows of
 * options (program.h) say of both. The options are walked, once, only where the message has
 * one that is asked about.
 *
 * Reference: RFC 7252 sections 3.2 (numbers) and 5.4.5 (an option may be repeated).
 */
#include "classify.h"

#include "option_walk.h"

_Static_assert(DAMP_OPTBIT_MAX + DAMP_OPTION_VALUES_MAX <= 64, "a bit for each");

static bool option_is(const struct damp_option_walk *w, const struct damp_option_value *o)
{
	uint32_t zeros = 0;

	if (w->number != o->number)
		return false;
	while (o->is_uint && zeros < w->len && w->value[zeros] == 0)
		zeros++;
	return w->len - zeros == o->len && memcmp(w->value + zeros, o->value, o->len) == 0;
}

/* Has it one of the options whose values are asked for? */
static bool has_any(const struct damp_view *v, uint64_t options)
{
	for (uint32_t i = 0; i < v->noption_values; i++)
		if (options >> v->option_values[i].bit & 1)
			return true;
	return false;
}

uint64_t damp_options_and_values(const struct damp_view *v, const struct damp_pkt *p)
{
	struct damp_option_walk w = damp_options_of(p);
	uint64_t found = p->coap.options;

	if (!has_any(v, found))
		return found;
	while (damp_options_next(&w))
		for (uint32_t i = 0; i < v->noption_values; i++)
			found |= (uint64_t)option_is(&w, &v->option_values[i]) << (DAMP_OPTBIT_MAX + i);
	return found;
}
