/* SPDX-License-Identifier: BSD-3-Clause */
/* See explain.h. */
#include "explain.h"

#include "common/diag_json.h"
#include "common/names.h"
#include "common/text.h"
#include "decode.h"
#include "live.h"

#include <stdio.h>

#define QUESTIONS_MAX 48u

/* A budget that was asked about, as it stood then. */
struct question {
	uint64_t key;
	uint32_t cost, burst, debt;
	uint8_t reason;
	bool refused;
};

struct record {
	const struct damp_bench *b;
	unsigned n;
	struct question q[QUESTIONS_MAX];
};

static void asked(void *arg, const struct damp_decision *d, int refused)
{
	struct record *r = arg;

	for (unsigned i = 0; i < d->ncharges; i++) {
		const struct damp_charge *c = &d->charge[i];
		unsigned k = 0;

		while (k < r->n && (r->q[k].key != c->key || r->q[k].cost != c->cost ||
				    r->q[k].burst != c->burst))
			k++;
		if (k == QUESTIONS_MAX)
			return;
		if (k == r->n)
			r->q[r->n++] = (struct question){
				.key = c->key,
				.cost = c->cost,
				.burst = c->burst,
				.reason = d->charge_reason[i],
				.debt = damp_ledger_debt(r->b->judge->ledger, c->key, r->b->now),
			};
		r->q[k].refused |= (int)i == refused;
	}
}

char *damp_endpoint_text(const struct damp_addr *a, uint16_t port, char out[DAMP_ENDPOINT_TEXT])
{
	char text[DAMP_TEXT_ADDR_LEN];

	damp_text_addr(text, sizeof(text), a->b);
	snprintf(out, DAMP_ENDPOINT_TEXT, damp_addr_is_v4(a) ? "%s:%u" : "[%s]:%u", text, port);
	return out;
}

static json_t *frame_json(const struct damp_pkt *p)
{
	static const char *const cls[] = { "not CoAP",	     "CoAP",	       "DTLS",
					   "first fragment", "later fragment", "broken" };
	char src[DAMP_ENDPOINT_TEXT], dst[DAMP_ENDPOINT_TEXT];
	const bool ip = p->frame.ip_len > 0;

	return json_pack("{s:s, s:s, s:o, s:o, s:i, s:i}", "side", damp_name_side(p->side), "is",
			 cls[p->frame.cls], "src",
			 ip ? json_string(damp_endpoint_text(&p->frame.src, p->frame.sport, src))
			    : json_null(),
			 "dst",
			 ip ? json_string(damp_endpoint_text(&p->frame.dst, p->frame.dport, dst))
			    : json_null(),
			 "bytes", (int)p->len, "ip_bytes", (int)p->frame.ip_len);
}

static json_t *message_json(const struct damp_pkt *p)
{
	if (p->frame.cls != DAMP_FRAME_COAP)
		return json_null();
	return damp_message_json(p->data + p->frame.payload_off, p->frame.payload_len);
}

static json_t *exchange_json(const struct damp_xchg *x)
{
	if (x == NULL)
		return json_null();
	return json_pack("{s:I, s:I, s:i, s:b, s:b}", "credit_bytes", (json_int_t)x->credit,
			 "request_bytes", (json_int_t)x->request_bytes, "answers_owed",
			 (int)x->owed, "from_inside", (x->flags & DAMP_XCHG_FROM_INSIDE) != 0,
			 "challenged", (x->flags & DAMP_XCHG_CHALLENGED) != 0);
}

/* What tables and rules know of the ends. */
static json_t *known_json(const struct damp_bench *b)
{
	const struct damp_pkt *p = &b->pkt;
	const bool ours = p->frame.cls != DAMP_FRAME_OTHER;

	return json_pack("{s:s, s:b, s:b, s:b, s:b, s:o, s:b}", "kind", damp_name_kind(p->kind),
			 "proved", p->proved, "exempt",
			 ours && damp_class_exempt(b->view, p->src_class), "solicited",
			 (p->truths & DAMP_TRUTH_SOLICITED) != 0, "multicast", p->frame.dst_group,
			 "exchange", exchange_json(p->xchg), "observation", p->obs != NULL);
}

static json_t *percent(uint32_t part, uint32_t whole)
{
	return whole ? damp_real_json(100.0 * part / whole) : json_null();
}

/* Whose budget a key is. Keys are hashes, so the few prefixes it can be of are
 * tried; null when it is of none, as that of one endpoint. */
static json_t *whose(const struct damp_bench *b, uint64_t key)
{
	static const struct damp_addr anybody;
	const struct damp_ctx c = damp_judge_ctx(b->worker, b->view, &b->pkt, b->now);
	const struct damp_addr *const addr[] = { damp_peer_addr(&b->pkt),
						 damp_device_addr(&b->pkt) };
	char text[DAMP_PREFIX_TEXT];

	for (unsigned domain = 1; domain < DAMP_DOMAIN_LIMITS; domain++) {
		if (damp_key_prefix(&c, &anybody, 0, domain) == key)
			return json_string("all together");
		for (unsigned i = 0; i < 2; i++)
			for (unsigned plen = 0; plen <= (damp_addr_is_v4(addr[i]) ? 32u : 128u);
			     plen++)
				if (damp_key_prefix(&c, addr[i], plen, domain) == key)
					return json_string(damp_prefix_text(addr[i], plen, text));
	}
	return json_null();
}

static json_t *guard_json(const struct record *r)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < r->n; i++) {
		const struct question *q = &r->q[i];

		if (q->reason == DAMP_REASON_RULE_LIMIT)
			continue;
		json_array_append_new(
			all, json_pack("{s:s, s:o, s:o, s:o, s:b}", "budget",
				       damp_name_reason(q->reason), "key", whose(r->b, q->key),
				       "used_percent", percent(q->debt, q->burst), "needs_percent",
				       percent(q->cost, q->burst), "fits", !q->refused));
	}
	return all;
}

json_t *damp_verdict_json(const struct damp_bench *b)
{
	static const char *const fates[] = { "forward", "back", "drop", "hold" };
	const struct damp_pkt *p = &b->pkt;
	const int32_t rule = damp_bench_rule(b);
	const struct damp_rule *r = rule >= 0 ? &b->view->rules[rule] : NULL;
	char at[DAMP_AT_TEXT];

	return json_pack("{s:s, s:s, s:b, s:s, s:s, s:o, s:o, s:b}", "verdict",
			 damp_name_verdict(p->verdict), "fate", fates[p->fate], "dropped",
			 p->fate == DAMP_FATE_DROP, "reason", damp_name_reason(p->reason), "help",
			 damp_name_reason_help(p->reason), "rule",
			 r ? json_string(damp_view_string(b->view, r->id_off)) : json_null(), "at",
			 r ? damp_json_text(damp_rule_at(b->view, (uint32_t)rule, at))
			   : json_null(),
			 "would_act", p->observed);
}

/* What the decision did to the state; of a drop, next to nothing. */
static json_t *effects_json(const struct damp_decision *d)
{
	static const char *const proofs[] = { "none", "echo", "ping", "token", "cookie", "ack", "server_echo" };
	json_t *j = json_object();

	if (d->open_xchg)
		json_object_set_new(j, "opens_exchange",
				    json_pack("{s:I, s:i}", "credit_bytes", (json_int_t)d->credit,
					      "life_s", (int)d->xchg_life_s));
	if (d->slice)
		json_object_set_new(j, "asks_for_blocks_of", json_integer(16 << d->slice_szx));
	if (d->proof != DAMP_PROOF_NONE)
		json_object_set_new(j, "proves_peer_by", json_string(proofs[d->proof]));
	if (d->payer != NULL)
		json_object_set_new(j, "paid_by_exchange", json_integer(d->pay));
	if (d->probes > 0)
		json_object_set_new(j, d->move == DAMP_MOVE_HOLD ? "pings" : "more_pings",
				    json_integer(d->probes));
	if (d->open_obs)
		json_object_set_new(j, "opens_observation", json_true());
	if (d->close_obs)
		json_object_set_new(j, "closes_observation", json_true());
	return j;
}

/* What leaves, as the parser of the other end would read it. */
static json_t *sends_json(const struct damp_bench *b)
{
	const struct damp_pkt *p = &b->pkt;
	const bool changed = b->decision.move > DAMP_MOVE_FORWARD || b->decision.slice;
	char src[DAMP_ENDPOINT_TEXT], dst[DAMP_ENDPOINT_TEXT];
	struct damp_frame f;
	json_t *j;

	if (p->fate >= DAMP_FATE_DROP)
		return json_null();
	damp_frame_parse(p->data, p->out_len, &b->view->ports, true, &f);
	j = json_pack("{s:s, s:b, s:i}", "to", damp_name_side(damp_bench_out_side(b)), "changed",
		      changed, "ip_bytes", (int)damp_bench_out_ip(b));
	if (!changed)
		return j;
	json_object_set_new(j, "src", json_string(damp_endpoint_text(&f.src, f.sport, src)));
	json_object_set_new(j, "dst", json_string(damp_endpoint_text(&f.dst, f.dport, dst)));
	json_object_set_new(j, "message",
			    damp_message_json(p->data + f.payload_off, f.payload_len));
	json_object_set_new(j, "hex", damp_hex_json(p->data + f.payload_off, f.payload_len));
	return j;
}

json_t *damp_explain(struct damp_bench *b)
{
	struct record r = { .b = b };
	const struct damp_trace trace = { .asked = asked, .arg = &r };
	json_t *j = json_object();

	damp_bench_decide(b, &trace);
	json_object_set_new(j, "frame", frame_json(&b->pkt));
	json_object_set_new(j, "message", message_json(&b->pkt));
	json_object_set_new(j, "known", known_json(b));
	json_object_set_new(j, "rules", damp_explain_rules(b));
	json_object_set_new(j, "guard", guard_json(&r));
	damp_bench_commit(b);
	json_object_set_new(j, "effects", effects_json(&b->decision));
	json_object_set_new(j, "verdict", damp_verdict_json(b));
	json_object_set_new(j, "sends", sends_json(b));
	return j;
}
