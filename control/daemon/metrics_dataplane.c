/* SPDX-License-Identifier: BSD-3-Clause */
/* Metrics of the counter segment; see metrics.h. Bytes are IP bytes, except in
 * damper_bytes_total, which counts frames (stats.h). */
#include "metrics_dataplane.h"

#include "common/names.h"
#include "metrics.h"

#include <inttypes.h>

static uint64_t part(const struct damp_counter *c, int bytes)
{
	return bytes ? c->bytes : c->packets;
}

static void print_ports_traffic(FILE *f, const struct damp_worker_stats *t, int bytes)
{
	const char *name = bytes ? "damper_bytes_total" : "damper_packets_total";

	damp_metrics_family(f, name, "counter", bytes ? "Bytes of the frames received and sent."
						      : "Packets received and sent.");
	for (unsigned s = 0; s < DAMP_SIDE_MAX; s++) {
		fprintf(f, "%s{zone=\"%s\",direction=\"rx\"} %" PRIu64 "\n", name,
			damp_name_side(s), part(&t->rx[s], bytes));
		fprintf(f, "%s{zone=\"%s\",direction=\"tx\"} %" PRIu64 "\n", name,
			damp_name_side(s), part(&t->tx[s], bytes));
	}
}

static void print_messages(FILE *f, const struct damp_worker_stats *t)
{
	damp_metrics_family(f, "damper_messages_total", "counter",
			    "Packets by what they are, by the zone they came from.");
	for (unsigned s = 0; s < DAMP_SIDE_MAX; s++)
		for (unsigned k = 0; k < DAMP_KIND_MAX; k++)
			fprintf(f, "damper_messages_total{zone=\"%s\",kind=\"%s\"} %" PRIu64 "\n",
				damp_name_side(s), damp_name_kind(k), t->kind[s][k].packets);
}

static void print_verdicts(FILE *f, const struct damp_worker_stats *t, int bytes)
{
	const char *name = bytes ? "damper_verdict_bytes_total" : "damper_verdict_packets_total";

	damp_metrics_family(f, name, "counter",
			    bytes ? "IP bytes by verdict." : "Packets by verdict.");
	for (unsigned s = 0; s < DAMP_SIDE_MAX; s++)
		for (unsigned verified = 0; verified < 2; verified++)
			for (unsigned v = 0; v < DAMP_VERDICT_MAX; v++)
				fprintf(f,
					"%s{direction=\"%s\",verdict=\"%s\",verified=\"%s\"} %" PRIu64
					"\n",
					name, damp_name_direction(s), damp_name_verdict(v),
					verified ? "true" : "false",
					part(&t->verdict[s][verified][v], bytes));
}

static void print_rule(FILE *f, const struct damp_snap *snap, const char *name, unsigned slot,
		       int bytes)
{
	for (unsigned o = 0; o < DAMP_OUTCOME_MAX; o++) {
		fprintf(f, "%s{rule=\"", name);
		damp_metrics_escape(f, snap->stats.rule_slot[slot]);
		fprintf(f, "\",outcome=\"%s\"} %" PRIu64 "\n", damp_name_outcome(o),
			part(&snap->total.rule[slot][o], bytes));
	}
}

static void print_rules(FILE *f, const struct damp_snap *snap, int bytes)
{
	const char *name = bytes ? "damper_rule_bytes_total" : "damper_rule_packets_total";

	damp_metrics_family(
		f, name, "counter",
		bytes ? "IP bytes by rule and what came of it; would: a rule in mode observe."
		      : "Packets by rule and what came of it; would: a rule in mode observe.");
	for (unsigned slot = 1; slot < snap->stats.nrule_slots; slot++)
		if (snap->stats.rule_slot[slot][0] != '\0')
			print_rule(f, snap, name, slot, bytes);
}

static void print_reasons(FILE *f, const struct damp_snap *snap, const char *name, unsigned first,
			  unsigned end, const char *help)
{
	damp_metrics_family(f, name, "counter", help);
	for (unsigned r = first; r < end; r++)
		fprintf(f, "%s{reason=\"%s\"} %" PRIu64 "\n", name, damp_name_reason(r),
			damp_snap_reason(snap, r).packets);
}

static void print_missed_cause(FILE *f, unsigned side, const char *cause, uint64_t n)
{
	fprintf(f, "damper_port_missed_total{port=\"%s\",cause=\"%s\"} %" PRIu64 "\n",
		damp_name_side(side), cause, n);
}

static void print_missed(FILE *f, const struct damp_stats *s)
{
	damp_metrics_family(f, "damper_port_missed_total", "counter",
			    "Packets lost at a port, before or after the filter.");
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		print_missed_cause(f, side, "imissed", s->port[side].imissed);
		print_missed_cause(f, side, "no_mbuf", s->port[side].rx_nombuf);
		print_missed_cause(f, side, "rx_error", s->port[side].ierrors);
		print_missed_cause(f, side, "tx_error", s->port[side].oerrors);
	}
}

static void print_ports(FILE *f, const struct damp_stats *s)
{
	damp_metrics_family(f, "damper_port_info", "gauge", "The device behind a port.");
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		fprintf(f, "damper_port_info{port=\"%s\",device=\"", damp_name_side(side));
		damp_metrics_escape(f, s->port[side].name);
		fputs("\"} 1\n", f);
	}
	damp_metrics_family(f, "damper_port_link_up", "gauge", "1 when the link of a port is up.");
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++)
		fprintf(f, "damper_port_link_up{port=\"%s\"} %d\n", damp_name_side(side),
			s->port[side].link_up != 0);
}

static void print_unproved(FILE *f, const struct damp_worker_stats *t)
{
	damp_metrics_family(f, "damper_request_bytes_total", "counter",
			    "IP bytes that unproved outside peers sent.");
	fprintf(f,
		"damper_request_bytes_total{towards=\"inside\",verified=\"false\"} %" PRIu64 "\n",
		t->unproved_bytes_in);
	damp_metrics_family(f, "damper_response_bytes_total", "counter",
			    "IP bytes sent toward unproved outside peers.");
	fprintf(f,
		"damper_response_bytes_total{towards=\"outside\",verified=\"false\"} %" PRIu64 "\n",
		t->unproved_bytes_out);
}

static void print_table_gauge(FILE *f, const char *name, const char *help,
			      const uint64_t value[DAMP_TABLE_MAX])
{
	damp_metrics_family(f, name, "gauge", help);
	for (unsigned t = 0; t < DAMP_TABLE_MAX; t++)
		fprintf(f, "%s{table=\"%s\"} %" PRIu64 "\n", name, damp_name_table(t), value[t]);
}

static void print_tables(FILE *f, const struct damp_snap *snap)
{
	print_table_gauge(f, "damper_table_entries", "Live entries of a table.",
			  snap->stats.table_entries);
	print_table_gauge(f, "damper_table_capacity", "Entries a table has room for.",
			  snap->stats.table_capacity);
	print_table_gauge(f, "damper_table_bytes", "Memory of a table.", snap->stats.table_bytes);
	damp_metrics_family(f, "damper_table_evictions_total", "counter",
			    "Live entries that gave way to a new one.");
	for (unsigned t = 0; t < DAMP_TABLE_MAX; t++)
		fprintf(f,
			"damper_table_evictions_total{table=\"%s\",cause=\"full\"} %" PRIu64 "\n",
			damp_name_table(t), snap->total.table_evictions[t]);
}

static void print_challenges(FILE *f, const struct damp_worker_stats *t)
{
	damp_metrics_family(f, "damper_challenges_total", "counter",
			    "Challenges by kind: sent, and passed by the peer. A first ping (or an ACK, or an Echo of two or "
			    "three bytes) proves half, and the second ping, which is among those sent, the rest.");
	fprintf(f, "damper_challenges_total{kind=\"echo\",result=\"sent\"} %" PRIu64 "\n",
		t->challenges_sent);
	fprintf(f, "damper_challenges_total{kind=\"echo\",result=\"passed\"} %" PRIu64 "\n",
		t->proofs_echo);
	fprintf(f, "damper_challenges_total{kind=\"ping\",result=\"sent\"} %" PRIu64 "\n",
		t->pings_sent);
	fprintf(f, "damper_challenges_total{kind=\"ping\",result=\"passed\"} %" PRIu64 "\n",
		t->proofs_ping);
	fprintf(f, "damper_challenges_total{kind=\"second_ping\",result=\"passed\"} %" PRIu64 "\n",
		t->proofs_second);
	damp_metrics_family(f, "damper_token_proofs_total", "counter",
			    "Peers proved by their answer to a request from inside.");
	fprintf(f, "damper_token_proofs_total %" PRIu64 "\n", t->proofs_token);
	damp_metrics_family(f, "damper_server_proofs_total", "counter",
			    "Peers proved by returning what an inside server gave them, by kind.");
	fprintf(f, "damper_server_proofs_total{kind=\"cookie\"} %" PRIu64 "\n", t->proofs_cookie);
	fprintf(f, "damper_server_proofs_total{kind=\"ack\"} %" PRIu64 "\n", t->proofs_ack);
	fprintf(f, "damper_server_proofs_total{kind=\"echo\"} %" PRIu64 "\n", t->proofs_server_echo);
	damp_metrics_family(f, "damper_held_total", "counter",
			    "Messages kept behind a ping, and those of them that went on when it was answered.");
	fprintf(f, "damper_held_total{result=\"kept\"} %" PRIu64 "\n", t->held);
	fprintf(f, "damper_held_total{result=\"released\"} %" PRIu64 "\n", t->held_released);
	damp_metrics_family(f, "damper_elsewhere_packets_total", "counter",
			    "Of a sixteenth of the UDP packets on ports that are not listed: all, and those that are CoAP "
			    "from the first byte to the last. With guard.count_elsewhere only.");
	fprintf(f, "damper_elsewhere_packets_total{what=\"all\"} %" PRIu64 "\n", t->elsewhere_looked);
	fprintf(f, "damper_elsewhere_packets_total{what=\"request\"} %" PRIu64 "\n", t->elsewhere_requests);
	fprintf(f, "damper_elsewhere_packets_total{what=\"response\"} %" PRIu64 "\n", t->elsewhere_responses);
	damp_metrics_family(
		f, "damper_made_packets_total", "counter",
		"Packets of our own, in place of another or new, by the zone they leave to.");
	for (unsigned s = 0; s < DAMP_SIDE_MAX; s++)
		fprintf(f, "damper_made_packets_total{zone=\"%s\"} %" PRIu64 "\n",
			damp_name_side(s), t->made[s].packets);
}

static void print_workers(FILE *f, const struct damp_stats *s)
{
	damp_metrics_family(f, "damper_worker_cycles_total", "counter",
			    "Processor cycles of a worker.");
	for (unsigned w = 0; w < s->nworkers; w++) {
		fprintf(f, "damper_worker_cycles_total{worker=\"%u\",state=\"busy\"} %" PRIu64 "\n",
			w, s->worker[w].cycles_busy);
		fprintf(f, "damper_worker_cycles_total{worker=\"%u\",state=\"idle\"} %" PRIu64 "\n",
			w, s->worker[w].cycles_idle);
	}
	damp_metrics_family(f, "damper_worker_packets_total", "counter",
			    "Packets a worker received.");
	for (unsigned w = 0; w < s->nworkers; w++)
		fprintf(f, "damper_worker_packets_total{worker=\"%u\"} %" PRIu64 "\n", w,
			s->worker[w].rx[DAMP_OUTSIDE].packets +
				s->worker[w].rx[DAMP_INSIDE].packets);
}

static void print_single(FILE *f, const char *name, const char *type, const char *help,
			 uint64_t value)
{
	damp_metrics_family(f, name, type, help);
	fprintf(f, "%s %" PRIu64 "\n", name, value);
}

static void print_routing(FILE *f, uint32_t now)
{
	damp_metrics_family(f, "damper_routing", "gauge",
			    "1 for what the gateway sees: both directions, requests unanswered, or answers unasked.");
	for (uint32_t i = 0; i < DAMP_ROUTING_MAX; i++)
		fprintf(f, "damper_routing{sees=\"%s\"} %d\n", damp_name_routing(i), i == now);
}

/* The wall clock as the data plane sees it, and what it does to rules. */
static void print_time(FILE *f, const struct damp_stats *s)
{
	print_single(f, "damper_clock_trusted", "gauge",
		     "1 while the wall clock is believed; else rules with 'when' go by fail: clock_unsynced.",
		     s->clock_trusted);
	print_single(f, "damper_clock_behind", "gauge",
		     "1 while the wall clock is behind a time that was proven before.", s->clock_behind);
	print_single(f, "damper_clock_steps_total", "counter", "Steps of the wall clock that were seen.",
		     s->clock_steps);
	print_single(f, "damper_clock_least_timestamp_seconds", "gauge",
		     "The time it is at least: what ended before is over.", s->clock_least_s);
	print_single(f, "damper_rules_waiting", "gauge", "Rules out of force for their time.",
		     s->rules_waiting);
	print_single(f, "damper_observe_rules", "gauge",
		     "Rules in mode observe: they count and do nothing.", s->rules_observing);
	print_single(f, "damper_blocks", "gauge", "Prefixes that are blocked now.", s->blocks);
	print_single(f, "damper_blocks_added_total", "counter", "Blocks that began.", s->blocks_added);
	print_single(f, "damper_blocks_ended_total", "counter", "Directions of blocks that ended.",
		     s->blocks_ended);
	print_single(f, "damper_blocks_full_total", "counter", "Blocks there was no room for.",
		     s->blocks_full);
	print_single(f, "damper_set_members", "gauge", "Members of the sets filled at run time.",
		     s->set_members);
	print_single(f, "damper_mode_overrides", "gauge", "Modes that an operator set for a while.",
		     s->mode_overrides);
}

static void print_singles(FILE *f, const struct damp_snap *snap)
{
	const struct damp_stats *s = &snap->stats;

	print_single(f, "damper_ruleset_generation", "gauge", "Number of the program that runs.",
		     s->generation);
	print_single(f, "damper_start_time_seconds", "gauge", "When the data plane started.",
		     s->started_wall_s);
	print_single(f, "damper_mempool_free_buffers", "gauge", "Packet buffers that are free.",
		     s->mempool_free);
	print_single(f, "damper_mempool_buffers", "gauge", "Packet buffers in all.",
		     s->mempool_size);
	print_single(f, "damper_memory_bytes", "gauge", "Memory the data plane took at its start.",
		     s->memory_bytes);
	print_single(f, "damper_bypass_active", "gauge",
		     "1 while nothing is filtered because an operator said so.",
		     damp_snap_bypass_left(snap) > 0);
	print_routing(f, s->routing);
	print_time(f, s);
	print_single(f, "damper_emitted_packets_total", "counter",
		     "Packets of our own beside those received: rx + emitted = tx + drops.",
		     snap->total.emitted);
	print_single(f, "damper_overload_passed_total", "counter",
		     "Messages sent on unjudged since the ring of their worker was full (fail: overload open).",
		     snap->total.overload_passed);
	print_single(f, "damper_events_lost_total", "counter",
		     "Events that a worker could not record.", snap->total.events_lost);
	print_single(f, "damper_rss_mismatch_total", "counter",
		     "Packets that the network card gave to the wrong worker.",
		     snap->total.rss_mismatch);
}

void damp_metrics_dataplane(FILE *f, const struct damp_snap *snap)
{
	const struct damp_worker_stats *t = &snap->total;

	print_singles(f, snap);
	for (int bytes = 0; bytes < 2; bytes++) {
		print_ports_traffic(f, t, bytes);
		print_verdicts(f, t, bytes);
		print_rules(f, snap, bytes);
	}
	print_messages(f, t);
	print_reasons(f, snap, "damper_drops_total", DAMP_REASON_FIRST_DROP, DAMP_REASON_MAX,
		      "Packets that ended here, by the one reason; the sum is all drops.");
	print_reasons(f, snap, "damper_passes_total", 0, DAMP_REASON_FIRST_DROP,
		      "Packets that left, by the one reason.");
	print_unproved(f, t);
	print_challenges(f, t);
	print_tables(f, snap);
	print_missed(f, &snap->stats);
	print_ports(f, &snap->stats);
	print_workers(f, &snap->stats);
}
