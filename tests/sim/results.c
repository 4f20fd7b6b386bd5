/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What came out of a scenario, for machines and for people; see world.h.
 *
 * All bytes are IP bytes. added_rtts is the mean number of requests that a
 * tried one took more with the judge than without: each is a round trip, or a
 * wait of the client's own retransmission time.
 */
#include "world.h"

double sim_factor(uint64_t victim_bytes, uint64_t attacker_bytes)
{
	return attacker_bytes == 0 ? 0 : (double)victim_bytes / (double)attacker_bytes;
}

static struct sim_served all(const struct sim_outcome *o)
{
	struct sim_served s = { 0 };

	for (unsigned int i = 0; i < SIM_KIND_MAX; i++) {
		s.tried += o->served[i].tried;
		s.answered += o->served[i].answered;
		s.trips += o->served[i].trips;
		s.took += o->served[i].took;
	}
	return s;
}

static double added_rtts(const struct sim_result *r)
{
	const struct sim_served off = all(&r->off), on = all(&r->on);

	return on.tried == 0 ? 0 : ((double)on.trips - (double)off.trips) / on.tried;
}

static void number(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, "\"%s\":%llu,", name, (unsigned long long)value);
}

static void real(FILE *out, const char *name, double value)
{
	fprintf(out, "\"%s\":%.3f,", name, value);
}

/* Bars that are not met, with the reasons. */
static void exceptions(FILE *out, const struct sim_result *r)
{
	const char *comma = "";

	fprintf(out, "\"exceptions\":[");
	for (enum sim_bar bar = 0; bar < SIM_BAR_MAX; bar++) {
		const struct sim_exception *e = sim_excepted(r, bar);
		const struct sim_measured m = sim_measure(r, bar);

		if (e == NULL)
			continue;
		fprintf(out, "%s{\"bar\":\"%s\",\"value\":%.3f,\"bound\":%.3f,\"why\":\"%s\"}", comma,
			sim_bar_name(bar), m.value, m.bound, e->why);
		comma = ",";
	}
	fprintf(out, "]}\n");
}

void sim_result_json(FILE *out, const struct sim_result *r)
{
	const struct sim_outcome *off = &r->off, *on = &r->on;
	const struct sim_served honest = all(on);

	fprintf(out, "{\"vector\":\"%s\",\"about\":\"%s\",", r->scenario->vector, r->scenario->about);
	number(out, "family", r->v6 ? 6 : 4);
	fprintf(out, "\"setting\":\"sim\",");
	number(out, "attacker_packets", on->attacker_packets);
	number(out, "attacker_bytes", on->attacker_bytes);
	number(out, "victim_packets_off", off->victim_packets);
	number(out, "victim_bytes_off", off->victim_bytes);
	number(out, "victim_packets_on", on->victim_packets);
	number(out, "victim_bytes_on", on->victim_bytes);
	real(out, "factor_off", sim_factor(off->victim_bytes, off->attacker_bytes));
	real(out, "factor_on", sim_factor(on->victim_bytes, on->attacker_bytes));
	real(out, "peak_factor_on", on->peak);
	real(out, "peak_factor_after_100", on->later[SIM_LATER_100]);
	real(out, "peak_factor_after_1000", on->later[SIM_LATER_1000]);
	number(out, "gateway_bytes", on->gateway_bytes);
	number(out, "requests_off", off->requests);
	number(out, "requests_on", on->requests);
	number(out, "inside_bytes_off", off->inside_bytes);
	number(out, "inside_bytes_on", on->inside_bytes);
	number(out, "honest_tried", honest.tried);
	number(out, "honest_answered", honest.answered);
	number(out, "observers", on->watchers.tried);
	number(out, "observers_served", on->watchers.answered);
	number(out, "behind_tried", on->behind.tried);
	number(out, "behind_answered", on->behind.answered);
	real(out, "added_rtts", added_rtts(r));
	exceptions(out, r);
}

static void table_head(void)
{
	printf("%-13s f %6s %8s | %7s %9s %7s | ", "vector", "pkts", "bytes", "off pk", "bytes", "factor");
	printf("%7s %8s %6s %6s | %7s | ", "on pk", "bytes", "factor", "peak", "gateway");
	printf("%-5s %-5s %-5s %-5s %-5s %-5s %-5s %5s\n", "lc C", "min C", "lc N", "min N", "DTLS", "LwM2M", "clear", "trips");
}

void sim_result_row(const struct sim_result *r)
{
	const struct sim_outcome *off, *on;

	if (r == NULL) {
		table_head();
		return;
	}
	off = &r->off;
	on = &r->on;
	printf("%-13s %d %6llu %8llu | ", r->scenario->vector, r->v6 ? 6 : 4,
	       (unsigned long long)on->attacker_packets, (unsigned long long)on->attacker_bytes);
	printf("%7llu %9llu %7.2f | ", (unsigned long long)off->victim_packets,
	       (unsigned long long)off->victim_bytes, sim_factor(off->victim_bytes, off->attacker_bytes));
	printf("%7llu %8llu %6.2f %6.2f | %7llu |", (unsigned long long)on->victim_packets,
	       (unsigned long long)on->victim_bytes, sim_factor(on->victim_bytes, on->attacker_bytes),
	       on->peak, (unsigned long long)on->gateway_bytes);
	for (unsigned int i = 0; i < SIM_KIND_MAX; i++)
		printf(" %2u/%-2u", on->served[i].answered, on->served[i].tried);
	printf(" %5.2f", added_rtts(r));
	printf(" | %u/%u %u/%u\n", on->watchers.answered, on->watchers.tried, on->behind.answered,
	       on->behind.tried);
}
