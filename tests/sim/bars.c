/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every scenario must hold, and the list of what does not hold yet.
 *
 * Invariant: an exception names its present value. One that got worse fails,
 * and so does one that is no longer needed: the list is never kinder than the
 * judge.
 *
 * Reference: RFC 9175 section 2.4 for the factor of 3; the rest is this
 * project's own bar.
 */
#include "world.h"

#define FACTOR_MAX 3.0
#define MANY_REQUESTS 100u
#define FLOOD_RATE 1000.0
#define FLOOD_FACTOR 0.1
#define FIFTH 1.2
#define SLACK 0.0051            /* values are written down with two decimals */

static const char *const names[SIM_BAR_MAX] = {
	[SIM_BAR_PEAK] = "factor at every moment",
	[SIM_BAR_FACTOR] = "factor over 100 requests",
	[SIM_BAR_RATE] = "factor at 1000 requests/s",
	[SIM_BAR_PACKETS] = "packets each",
	[SIM_BAR_LIBCOAP_CON] = "lost, libcoap CON",
	[SIM_BAR_MINIMAL_CON] = "lost, minimal CON",
	[SIM_BAR_LIBCOAP_NON] = "lost, libcoap NON",
	[SIM_BAR_MINIMAL_NON] = "lost, minimal NON",
	[SIM_BAR_DTLS] = "lost, DTLS",
	[SIM_BAR_LWM2M] = "lost, LwM2M over DTLS",
	[SIM_BAR_DEVICE] = "lost, LwM2M in the clear",
	[SIM_BAR_WATCHERS] = "lost, observers",
	[SIM_BAR_BEHIND] = "share lost at the victim's address",
};

/* The first that names the vector, or names all, counts: vector, bar, value over IPv4 and
 * over IPv6, why. None at present. */
static const struct sim_exception exceptions[] = {
	{ NULL, SIM_BAR_MAX, 0, 0, NULL },
};

const char *sim_bar_name(enum sim_bar bar)
{
	return names[bar];
}

static unsigned int lost(const struct sim_served *s)
{
	return s->tried - s->answered;
}

static double share_lost(const struct sim_served *s)
{
	return s->tried == 0 ? 0 : (double)lost(s) / s->tried;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

struct sim_measured sim_measure(const struct sim_result *r, enum sim_bar bar)
{
	const struct sim_outcome *on = &r->on;
	const double factor = sim_factor(on->victim_bytes, on->attacker_bytes);
	const bool many = on->attacker_packets >= MANY_REQUESTS;

	switch (bar) {
	case SIM_BAR_PEAK:
		return (struct sim_measured){ !r->scenario->inside_out, larger(on->peak, factor), FACTOR_MAX };
	case SIM_BAR_FACTOR:
		return (struct sim_measured){ many, factor, 1.0 };
	case SIM_BAR_RATE:
		return (struct sim_measured){ many && on->rate >= FLOOD_RATE, larger(factor, on->later[SIM_LATER_1000]),
					      FLOOD_FACTOR };
	case SIM_BAR_PACKETS:
		return (struct sim_measured){ many, sim_factor(on->victim_packets, on->attacker_packets), 1.0 };
	case SIM_BAR_WATCHERS:
		return (struct sim_measured){ on->watchers.tried > 0, lost(&on->watchers), 0 };
	case SIM_BAR_BEHIND:
		return (struct sim_measured){ on->behind.tried > 0, share_lost(&on->behind),
					      r->scenario->behind_lost };
	default:
		return (struct sim_measured){ true, lost(&on->served[bar - SIM_BAR_LIBCOAP_CON]), 0 };
	}
}

static double excepted_value(const struct sim_exception *e, bool v6)
{
	return v6 ? e->value6 : e->value4;
}

const struct sim_exception *sim_excepted(const struct sim_result *r, enum sim_bar bar)
{
	for (size_t i = 0; exceptions[i].vector != NULL; i++) {
		const struct sim_exception *e = &exceptions[i];

		if (e->bar == bar && (e->vector[0] == '*' || strcmp(e->vector, r->scenario->vector) == 0))
			return excepted_value(e, r->v6) > 0 ? e : NULL;
	}
	return NULL;
}

static bool complain(const struct sim_result *r, enum sim_bar bar, const struct sim_measured *m, const char *what)
{
	printf("%s v%d: %s is %.3f, the bar is %.3f: %s\n", r->scenario->vector, r->v6 ? 6 : 4, names[bar],
	       m->value, m->bound, what);
	return false;
}

bool sim_bar_holds(const struct sim_result *r, enum sim_bar bar, bool exact)
{
	const struct sim_exception *e = sim_excepted(r, bar);
	const struct sim_measured m = sim_measure(r, bar);
	const bool over = m.applies && m.value > m.bound;
	double present;

	if (e == NULL)
		return over ? complain(r, bar, &m, "not met, and no exception") : true;
	present = excepted_value(e, r->v6);
	if (!exact)
		return m.value <= present * FIFTH ? true : complain(r, bar, &m, "worse than its exception");
	if (!over)
		return complain(r, bar, &m, "met; the exception is no longer needed");
	if (m.value > present + SLACK || m.value < present - SLACK)
		return complain(r, bar, &m, m.value > present ? "worse than its exception" :
				"better than its exception says");
	return true;
}
