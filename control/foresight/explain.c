/* SPDX-License-Identifier: BSD-3-Clause */
/* See explain.h. */
#include "explain.h"

#include "common/diag_json.h"
#include "common/names.h"
#include "common/text.h"
#include "decode.h"

#include <stdio.h>

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

static json_t *exchange_json(const struct damp_finding *f)
{
	if (!f->has_xchg)
		return json_null();
	return json_pack("{s:I, s:I, s:i, s:b, s:b}", "credit_bytes", (json_int_t)f->xchg_credit,
			 "request_bytes", (json_int_t)f->request_bytes, "answers_owed",
			 (int)f->owed, "from_inside", f->xchg_from_inside,
			 "challenged", f->xchg_challenged);
}

/* What tables and rules know of the ends. */
static json_t *known_json(const struct damp_bench *b, const struct damp_finding *f)
{
	return json_pack("{s:s, s:b, s:b, s:b, s:b, s:o, s:b}", "kind", damp_name_kind(f->kind),
			 "proved", f->proved, "exempt", f->exempt, "solicited",
			 (f->truths & DAMP_TRUTH_SOLICITED) != 0, "multicast", b->pkt.frame.dst_group,
			 "exchange", exchange_json(f), "observation", f->has_obs);
}

static json_t *percent(uint32_t part, uint32_t whole)
{
	return whole ? damp_real_json(100.0 * part / whole) : json_null();
}

static json_t *whose(const struct damp_bench *b, const struct damp_found_budget *q)
{
	const struct damp_pkt *p = &b->pkt;
	char text[DAMP_PREFIX_TEXT], end[DAMP_ENDPOINT_TEXT];

	switch (q->whose) {
	case DAMP_WHOSE_ALL: return json_string("all together");
	case DAMP_WHOSE_PEER: return json_string(damp_prefix_text(damp_peer_addr(p), q->plen, text));
	case DAMP_WHOSE_DEVICE:
		return json_string(damp_prefix_text(damp_device_addr(p), q->plen, text));
	case DAMP_WHOSE_ENDPOINT:
		return json_string(damp_endpoint_text(damp_peer_addr(p), damp_peer_port(p), end));
	default: return json_null();
	}
}

static json_t *guard_json(const struct damp_bench *b, const struct damp_finding *f)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < f->nbudgets; i++) {
		const struct damp_found_budget *q = &f->budgets[i];

		json_array_append_new(
			all, json_pack("{s:s, s:o, s:o, s:o, s:b}", "budget",
				       damp_name_reason(q->reason), "key", whose(b, q),
				       "used_percent", percent(q->debt, q->burst), "needs_percent",
				       percent(q->cost, q->burst), "fits", !q->refused));
	}
	return all;
}

/* The rule whose last word stands, -1 when it is the guard's. */
static int32_t last_word(const struct damp_view *v, const struct damp_finding *f)
{
	const bool on = f->verdict == DAMP_VERDICT_ACCEPT || f->verdict == DAMP_VERDICT_SHAPE;

	if (f->rule < 0 || f->rule >= (int32_t)v->hdr->nrules)
		return -1;
	return on == (f->action == DAMP_ACT_ACCEPT || f->action == DAMP_ACT_STRIP_OBSERVE) ? f->rule : -1;
}

/* What is accepted because its outside end is exempt has broken no rule since it met none. */
static const char *reason_help(const struct damp_finding *f)
{
	if (f->exempt && f->reason == DAMP_REASON_ACCEPTED)
		return "Its outside end is exempt: it met neither rules nor guard, and counts toward no limit";
	return damp_name_reason_help(f->reason);
}

static json_t *verdict_json(const struct damp_view *v, const struct damp_finding *f)
{
	static const char *const fates[] = { "forward", "back", "drop", "hold" };
	const int32_t rule = last_word(v, f);
	const struct damp_rule *r = rule >= 0 ? &v->rules[rule] : NULL;
	char at[DAMP_AT_TEXT];

	return json_pack("{s:s, s:s, s:b, s:s, s:s, s:o, s:o, s:b}", "verdict",
			 damp_name_verdict(f->verdict), "fate", fates[f->fate & 3], "dropped",
			 f->fate == DAMP_FATE_DROP, "reason", damp_name_reason(f->reason), "help",
			 reason_help(f), "rule",
			 r ? json_string(damp_view_string(v, r->id_off)) : json_null(), "at",
			 r ? damp_json_text(damp_rule_at(v, (uint32_t)rule, at)) : json_null(),
			 "would_act", f->observed);
}

json_t *damp_verdict_json(const struct damp_bench *b)
{
	struct damp_finding f = { 0 };

	damp_finding_close(&b->pkt, &b->decision, &f);
	return verdict_json(b->view, &f);
}

/* What the decision did to the state; of a drop, next to nothing. */
static json_t *effects_json(const struct damp_finding *f)
{
	static const char *const proofs[] = { "none", "echo", "ping", "token", "cookie", "ack", "server_echo",
					      "second_ping" };
	json_t *j = json_object();

	if (f->opens_xchg)
		json_object_set_new(j, "opens_exchange",
				    json_pack("{s:I, s:i}", "credit_bytes", (json_int_t)f->opened_credit,
					      "life_s", (int)f->opened_life_s));
	if (f->slices)
		json_object_set_new(j, "asks_for_blocks_of", json_integer(16 << (f->slice_szx & 7)));
	if (f->proof != DAMP_PROOF_NONE && f->proof <= DAMP_PROOF_SECOND)
		json_object_set_new(j, "proves_peer_by", json_string(proofs[f->proof]));
	if (f->pays)
		json_object_set_new(j, "paid_by_exchange", json_integer(f->paid));
	if (f->probes > 0)
		json_object_set_new(j, f->holds ? "pings" : "more_pings", json_integer(f->probes));
	if (f->opens_obs)
		json_object_set_new(j, "opens_observation", json_true());
	if (f->closes_obs)
		json_object_set_new(j, "closes_observation", json_true());
	return j;
}

/* Add what a frame that was changed says, as the parser of the other end would
 * read it. */
static void add_message(json_t *j, const struct damp_view *v, const uint8_t *frame, size_t len)
{
	char src[DAMP_ENDPOINT_TEXT], dst[DAMP_ENDPOINT_TEXT];
	struct damp_frame f;

	damp_frame_parse(frame, (uint32_t)len, &v->ports, true, &f);
	if (f.payload_off == 0 || (size_t)f.payload_off + f.payload_len > len)
		return;
	json_object_set_new(j, "src", json_string(damp_endpoint_text(&f.src, f.sport, src)));
	json_object_set_new(j, "dst", json_string(damp_endpoint_text(&f.dst, f.dport, dst)));
	json_object_set_new(j, "message", damp_message_json(frame + f.payload_off, f.payload_len));
	json_object_set_new(j, "hex", damp_hex_json(frame + f.payload_off, f.payload_len));
}

/* What leaves. sent: the frame when it was changed, NULL when nobody has it. */
static json_t *sends_json(const struct damp_view *v, const struct damp_finding *f, const uint8_t *sent,
			  size_t len)
{
	json_t *j;

	if (f->fate >= DAMP_FATE_DROP)
		return json_null();
	j = json_pack("{s:s, s:b, s:i}", "to", damp_name_side(f->out_side & 1), "changed",
		      f->changed, "ip_bytes", (int)f->out_ip);
	if (f->changed && sent != NULL)
		add_message(j, v, sent, len);
	return j;
}

json_t *damp_explain(struct damp_bench *b)
{
	struct damp_finding f;
	json_t *j = json_object();

	damp_bench_decide(b);
	damp_bench_find(b, &f);
	json_object_set_new(j, "frame", frame_json(&b->pkt));
	json_object_set_new(j, "message", message_json(&b->pkt));
	json_object_set_new(j, "known", known_json(b, &f));
	json_object_set_new(j, "rules", damp_explain_rules(b, &f, false));
	json_object_set_new(j, "guard", guard_json(b, &f));
	damp_bench_commit(b);
	damp_finding_close(&b->pkt, &b->decision, &f);
	json_object_set_new(j, "effects", effects_json(&f));
	json_object_set_new(j, "verdict", verdict_json(b->view, &f));
	json_object_set_new(j, "sends", sends_json(b->view, &f, b->pkt.data, b->pkt.out_len));
	return j;
}

/* The packet on the bench as the other judge knew it: what rules are matched by. */
static void assume(struct damp_bench *b, const struct damp_finding *f)
{
	damp_bench_decide(b);
	b->pkt.proved = f->proved;
	b->pkt.truths = f->truths;
	b->pkt.hello = f->hello;
	b->pkt.src_sets = f->src_sets;
	b->pkt.dst_sets = f->dst_sets;
}

json_t *damp_explain_found(struct damp_bench *b, const struct damp_finding *found, bool same_program,
			   const uint8_t *sent, size_t len)
{
	struct damp_finding f = *found;
	json_t *j = json_object();

	/* Indices of rules mean nothing in another program. */
	if (!same_program)
		f.rule = f.would_rule = -1;
	assume(b, &f);
	json_object_set_new(j, "frame", frame_json(&b->pkt));
	json_object_set_new(j, "message", message_json(&b->pkt));
	json_object_set_new(j, "known", known_json(b, &f));
	json_object_set_new(j, "rules", same_program ? damp_explain_rules(b, &f, true) : json_null());
	json_object_set_new(j, "guard", guard_json(b, &f));
	json_object_set_new(j, "effects", effects_json(&f));
	json_object_set_new(j, "verdict", verdict_json(b->view, &f));
	json_object_set_new(j, "sends", sends_json(b->view, &f, sent, len));
	return j;
}
