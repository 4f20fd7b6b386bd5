/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which of the values that rules ask for do a message's options have?
 *
 * Idea: a value is one more bit beside those of the options themselves, so rows of
 * options (program.h) say of both. The options are walked only where the message has
 * one of that number.
 *
 * Reference: RFC 7252 sections 3.2 (numbers) and 5.4.5 (an option may be repeated).
 */
#include "classify.h"

#include "option_walk.h"

_Static_assert(DAMP_OPTBIT_MAX + DAMP_OPTION_VALUES_MAX <= 64, "a bit for each");

static bool option_is(const struct damp_option_walk *w, const struct damp_option_value *o)
{
	uint32_t zeros = 0;

	while (o->is_number && zeros < w->len && w->value[zeros] == 0)
		zeros++;
	return w->len - zeros == o->len && memcmp(w->value + zeros, o->value, o->len) == 0;
}

static uint32_t number_of(unsigned bit)
{
	static const uint16_t number[] = {
#define X(name, num, min, max, rep, text) num,
		DAMP_COAP_OPTIONS(X)
#undef X
	};

	return number[bit];
}

uint64_t damp_options_and_values(const struct damp_view *v, const struct damp_pkt *p)
{
	uint64_t found = p->coap.options;

	for (uint32_t i = 0; i < v->noption_values; i++) {
		const struct damp_option_value *o = &v->option_values[i];
		struct damp_option_walk w = damp_options_of(p);

		if (!(found >> o->bit & 1))
			continue;
		while (damp_options_next(&w))
			if (w.number == number_of(o->bit) && option_is(&w, o))
				found |= 1ull << (DAMP_OPTBIT_MAX + i);
	}
	return found;
}
