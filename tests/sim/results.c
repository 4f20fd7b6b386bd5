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

void sim_result_json(FILE *out, const struct sim_result *r)
{
	const struct sim_outcome *off = &r->off, *on = &r->on;
	const struct sim_served honest = all(on);

	fprintf(out, "{\"vector\":\"%s\",\"family\":%d,\"setting\":\"sim\",", r->scenario->vector, r->v6 ? 6 : 4);
	fprintf(out, "\"attacker_packets\":%llu,\"attacker_bytes\":%llu,", (unsigned long long)on->attacker_packets,
		(unsigned long long)on->attacker_bytes);
	fprintf(out, "\"victim_packets_off\":%llu,\"victim_bytes_off\":%llu,", (unsigned long long)off->victim_packets,
		(unsigned long long)off->victim_bytes);
	fprintf(out, "\"victim_packets_on\":%llu,\"victim_bytes_on\":%llu,", (unsigned long long)on->victim_packets,
		(unsigned long long)on->victim_bytes);
	fprintf(out, "\"factor_off\":%.3f,\"factor_on\":%.3f,\"peak_factor_on\":%.3f,",
		sim_factor(off->victim_bytes, off->attacker_bytes), sim_factor(on->victim_bytes, on->attacker_bytes),
		on->peak);
	fprintf(out, "\"gateway_bytes\":%llu,\"honest_tried\":%u,\"honest_answered\":%u,\"added_rtts\":%.3f}\n",
		(unsigned long long)on->gateway_bytes, honest.tried, honest.answered, added_rtts(r));
}

void sim_result_row(const struct sim_result *r)
{
	if (r == NULL) {
		printf("%-6s %s %6s %8s | %7s %9s %7s | %7s %8s %6s %6s | %7s | %-5s %-5s %-5s %-5s %5s\n", "vector", "f",
		       "pkts", "bytes", "off pk", "bytes", "factor", "on pk", "bytes", "factor", "peak", "gateway",
		       "lc C", "min C", "lc N", "min N", "trips");
		return;
	}
	printf("%-6s %d %6llu %8llu | %7llu %9llu %7.2f | %7llu %8llu %6.2f %6.2f | %7llu |", r->scenario->vector,
	       r->v6 ? 6 : 4, (unsigned long long)r->on.attacker_packets, (unsigned long long)r->on.attacker_bytes,
	       (unsigned long long)r->off.victim_packets, (unsigned long long)r->off.victim_bytes,
	       sim_factor(r->off.victim_bytes, r->off.attacker_bytes), (unsigned long long)r->on.victim_packets,
	       (unsigned long long)r->on.victim_bytes, sim_factor(r->on.victim_bytes, r->on.attacker_bytes),
	       r->on.peak, (unsigned long long)r->on.gateway_bytes);
	for (unsigned int i = 0; i < SIM_KIND_MAX; i++)
		printf(" %2u/%-2u", r->on.served[i].answered, r->on.served[i].tried);
	printf(" %5.2f\n", added_rtts(r));
}
