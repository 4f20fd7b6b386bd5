/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules of a program and one decision; see explain.h. */
#include "explain.h"

#include "common/diag_json.h"
#include "common/names.h"
#include "common/text.h"
#include "decode.h"
#include "describe.h"
#include "live.h"
#include "rules/option_value.h"
#include "why.h"

#include <sodium.h>
#include <stdio.h>

#define VALUE_MAX (DAMP_TEXT_BYTES_MAX + 16u)

char *damp_rule_at(const struct damp_view *v, uint32_t rule, char out[DAMP_AT_TEXT])
{
	const struct damp_rule *r = &v->rules[rule];

	snprintf(out, DAMP_AT_TEXT, "%.300s:%u", damp_view_string(v, r->file_off), r->line);
	return out;
}

json_t *damp_real_json(double v)
{
	return json_real((double)(int64_t)(v * 1000 + 0.5) / 1000);
}

/* The packet's value of the attribute that disagreed, as people write it. */
static void value_text(const struct damp_bench *b, enum damp_why why, char out[VALUE_MAX])
{
	const struct damp_pkt *p = &b->pkt;
	char text[DAMP_TEXT_BYTES_MAX], addr[DAMP_TEXT_ADDR_LEN];
	const bool from = why == DAMP_WHY_FROM;
	uint32_t n;

	switch (why) {
	case DAMP_WHY_OFF: snprintf(out, VALUE_MAX, "off"); break;
	case DAMP_WHY_FROM:
	case DAMP_WHY_TO:
		damp_text_addr(addr, sizeof(addr), from ? p->frame.src.b : p->frame.dst.b);
		snprintf(out, VALUE_MAX, "%s %s", damp_name_side(from ? p->side : !p->side), addr);
		break;
	case DAMP_WHY_FROM_PORT:
	case DAMP_WHY_TO_PORT:
		snprintf(out, VALUE_MAX, "%u",
			 why == DAMP_WHY_FROM_PORT ? p->frame.sport : p->frame.dport);
		break;
	case DAMP_WHY_MSG: snprintf(out, VALUE_MAX, "%s", damp_name_kind(p->kind)); break;
	case DAMP_WHY_TYPE:
		snprintf(out, VALUE_MAX, "%s", damp_name_coap_type(p->coap.type));
		break;
	case DAMP_WHY_CODE: damp_name_code(p->coap.code, out, VALUE_MAX); break;
	case DAMP_WHY_PATH:
	case DAMP_WHY_QUERY:
		n = damp_why_text(p, why == DAMP_WHY_QUERY, text);
		snprintf(out, VALUE_MAX, "%.*s", (int)n, text);
		break;
	case DAMP_WHY_SIZE: snprintf(out, VALUE_MAX, "%u B", p->frame.payload_len); break;
	case DAMP_WHY_VERIFIED:
		snprintf(out, VALUE_MAX, "%s", p->truths & DAMP_TRUTH_VERIFIED ? "true" : "false");
		break;
	case DAMP_WHY_SOLICITED:
		snprintf(out, VALUE_MAX, "%s", p->truths & DAMP_TRUTH_SOLICITED ? "true" : "false");
		break;
	case DAMP_WHY_DTLS: snprintf(out, VALUE_MAX, "no ClientHello"); break;
	case DAMP_WHY_COOKIE:
		snprintf(out, VALUE_MAX, "%s", p->hello == DAMP_HELLO_COOKIE ? "present" : "absent");
		break;
	case DAMP_WHY_UNTIL:
		damp_text_time_s(out, VALUE_MAX, (int64_t)b->moment.least_s);
		break;
	case DAMP_WHY_WHEN:
		if (b->moment.trusted)
			damp_text_time_s(out, VALUE_MAX, (int64_t)b->moment.wall_s);
		else
			snprintf(out, VALUE_MAX, "a time nobody knows");
		break;
	default: out[0] = '\0';
	}
}

static json_t *number_json(const char *option, const struct damp_option_value *v)
{
	unsigned long long n = 0;

	for (unsigned i = 0; i < v->len; i++)
		n = n << 8 | v->value[i];
	if (damp_option_format(v->number) == DAMP_FORMAT_BLOCK && (n & 7) != 7)
		return json_sprintf("%s %llu/%u/%u", option, n >> 4, (unsigned)(n >> 3 & 1), 16u << (n & 7));
	return json_sprintf("%s %llu", option, n);
}

/* As rule files write it: "accept 40", "block2 0/0/64", "uri-host 'a.example'", "etag 0x1122". */
static json_t *value_json(const char *option, const struct damp_option_value *v)
{
	char hex[2 * DAMP_OPTION_VALUE_BYTES + 1];
	bool plain = damp_option_format(v->number) == DAMP_FORMAT_STRING;

	if (v->is_uint)
		return number_json(option, v);
	for (unsigned i = 0; i < v->len; i++)
		plain &= v->value[i] >= 0x20 && v->value[i] < 0x7f;
	if (plain)
		return json_sprintf("%s '%.*s'", option, (int)v->len, (const char *)v->value);
	return json_sprintf("%s 0x%s", option, sodium_bin2hex(hex, sizeof(hex), v->value, v->len));
}

static json_t *options_json(const struct damp_view *v, uint64_t mask)
{
	static const char *const names[] = {
#define X(name, num, min, max, rep, text) text,
		DAMP_COAP_OPTIONS(X)
#undef X
		"unknown-critical",
		"unknown-elective",
	};
	json_t *all = json_array();

	for (unsigned i = 0; i < DAMP_OPTBIT_MAX; i++)
		if ((mask >> i) & 1)
			json_array_append_new(all, json_string(names[i]));
	for (uint32_t i = 0; i < v->noption_values; i++)
		if ((mask >> (DAMP_OPTBIT_MAX + i)) & 1)
			json_array_append_new(all, value_json(names[v->option_values[i].bit], &v->option_values[i]));
	return all;
}

static json_t *why_json(const struct damp_bench *b, const struct damp_why_not *w)
{
	char value[VALUE_MAX];
	json_t *j;

	if (w->why == DAMP_WHY_MATCHES)
		return json_null();
	value_text(b, w->why, value);
	j = json_pack("{s:s, s:s}", "attribute", damp_why_key(w->why), "value", value);
	if ((w->why == DAMP_WHY_FROM || w->why == DAMP_WHY_TO) && w->only_side)
		json_object_set_new(j, "only_the_side", json_true());
	if (w->why == DAMP_WHY_OPTION) {
		json_object_set_new(j, "options", options_json(b->view, w->options));
		json_object_set_new(
			j, "wanted",
			json_string(w->options_wanted ? "one of them" : "none of them"));
	}
	return j;
}

char *damp_prefix_text(const struct damp_addr *a, unsigned plen, char out[DAMP_PREFIX_TEXT])
{
	const unsigned bits = damp_addr_is_v4(a) ? 96 + plen : plen;
	struct damp_addr net = *a;
	char text[DAMP_TEXT_ADDR_LEN];

	for (unsigned i = 0; i < 128; i++)
		if (i >= bits)
			net.b[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	snprintf(out, DAMP_PREFIX_TEXT, "%s/%u", damp_text_addr(text, sizeof(text), net.b), plen);
	return out;
}

/* The tenant that a limit counts this packet for. */
static const char *tenant(const struct damp_bench *b)
{
	const struct damp_class *src = &b->view->classes[b->pkt.src_class],
				*dst = &b->view->classes[b->pkt.dst_class];
	const struct damp_class *device = b->pkt.side == DAMP_OUTSIDE ? dst : src,
				*peer = b->pkt.side == DAMP_OUTSIDE ? src : dst;
	const struct damp_class *own = device->tenant ? device : peer;

	return own->tenant ? damp_view_string(b->view, own->tenant_off) : "nobody's";
}

/* Whose budget a rung of a limit is. */
static void whose(const struct damp_bench *b, const struct damp_limit *l, const struct damp_rung *r,
		  char *out, size_t len)
{
	char one[DAMP_PREFIX_TEXT], other[DAMP_PREFIX_TEXT], text[DAMP_TEXT_BYTES_MAX];
	const struct damp_pkt *p = &b->pkt;

	switch (l->per) {
	case DAMP_PER_SOURCE:
		snprintf(out, len, "%s", damp_prefix_text(&p->frame.src, r->plen, one));
		return;
	case DAMP_PER_TARGET:
		snprintf(out, len, "%s", damp_prefix_text(&p->frame.dst, r->plen, one));
		return;
	case DAMP_PER_PEER:
		snprintf(out, len, "%s", damp_prefix_text(damp_peer_addr(p), r->plen, one));
		return;
	case DAMP_PER_DEVICE:
		snprintf(out, len, "%s", damp_prefix_text(damp_device_addr(p), r->plen, one));
		return;
	case DAMP_PER_PAIR:
		snprintf(out, len, "%s with %s", damp_prefix_text(damp_peer_addr(p), r->plen, one),
			 damp_prefix_text(damp_device_addr(p), r->plen, other));
		return;
	case DAMP_PER_TENANT: snprintf(out, len, "%s", tenant(b)); return;
	case DAMP_PER_PATH:
		snprintf(out, len, "%.*s", (int)damp_why_text(p, 0, text), text);
		return;
	default: snprintf(out, len, "all together");
	}
}

/* Units of a rung that so many ticks stand for. */
static double units(const struct damp_rung *r, uint64_t ticks)
{
	return r->cost_q16 ? (double)ticks * 65536.0 / (double)r->cost_q16 : 0;
}

/* What the judge found in the budget of a rung, NULL when it was not asked. */
static const struct damp_found_rung *found_rung(const struct damp_finding *f, uint32_t rule, unsigned limit,
						unsigned rung)
{
	for (unsigned i = 0; i < f->nrungs; i++)
		if (f->rungs[i].rule == rule && f->rungs[i].limit == limit && f->rungs[i].rung == rung)
			return &f->rungs[i];
	return NULL;
}

/* How many are open now; the packet itself not, unless it repeats what is. */
static json_t *open_json(const char *key, const struct damp_rung *r, const struct damp_found_rung *found)
{
	return json_pack("{s:s, s:I, s:i, s:i, s:s, s:b}", "key", key, "measured",
			 (json_int_t)found->value, "cost", 1, "max", (int)r->burst_ticks, "unit", "open",
			 "fits", found->value < r->burst_ticks);
}

static json_t *spent_json(const struct damp_bench *b, const char *key, const struct damp_limit *l,
			  const struct damp_rung *r, const struct damp_found_rung *found)
{
	const uint32_t n = l->kind == DAMP_LIMIT_BYTES ? b->pkt.frame.ip_len : 1;
	const uint32_t cost = damp_cost(r->cost_q16, n);

	return json_pack("{s:s, s:o, s:i, s:o, s:o, s:s, s:b}", "key", key, "measured",
			 damp_real_json(units(r, found->value)), "cost", (int)n, "max",
			 damp_real_json(units(r, r->burst_ticks)), "per_s",
			 damp_real_json((double)DAMP_TICK_HZ * 65536.0 / (double)r->cost_q16),
			 "unit", l->kind == DAMP_LIMIT_BYTES ? "bytes" : "messages", "fits",
			 (uint64_t)found->value + cost <= r->burst_ticks);
}

/* Which rungs of limit number at of a rule are told: those that were looked at. */
static json_t *rungs_json(const struct damp_bench *b, const struct damp_finding *f, uint32_t rule,
			  unsigned at, const struct damp_limit *l)
{
	const struct damp_rung *r = b->pkt.frame.v6 ? l->rung6 : l->rung4;
	const unsigned n = b->pkt.frame.v6 ? l->nrungs6 : l->nrungs4;
	json_t *steps = json_array();
	char key[160];

	for (unsigned i = 0; i < n; i++) {
		const struct damp_found_rung *found = found_rung(f, rule, at, i);

		if (found == NULL)
			continue;
		whose(b, l, &r[i], key, sizeof(key));
		json_array_append_new(steps, l->kind == DAMP_LIMIT_CONCURRENT ?
						     open_json(key, &r[i], found) :
						     spent_json(b, key, l, &r[i], found));
	}
	return steps;
}

static json_t *limits_json(const struct damp_bench *b, const struct damp_finding *f, uint32_t rule)
{
	const struct damp_rule *r = &b->view->rules[rule];
	json_t *all = json_array(), *j;

	for (unsigned i = 0; i < r->nlimits; i++) {
		const struct damp_limit *l = &b->view->limits[r->limit[i]];

		j = json_pack("{s:s, s:s, s:s, s:o}", "name", damp_view_string(b->view, l->name_off),
			      "kind", damp_name_limit_kind(l->kind), "per", damp_name_per(l->per), "rungs",
			      rungs_json(b, f, rule, i, l));
		if (l->count != DAMP_COUNT_MESSAGES && l->count != DAMP_COUNT_EXCHANGES)
			json_object_set_new(j, "count", json_string(damp_name_count(l->count)));
		if (l->kind == DAMP_LIMIT_AMPLIFICATION)
			json_object_set_new(j, "max_factor", damp_real_json(l->alpha_q8 / 256.0));
		json_array_append_new(all, j);
	}
	return all;
}

/* The outcomes of a rule in this decision, bits 1 << enum damp_outcome. */
static unsigned outcomes(const struct damp_finding *f, uint32_t rule)
{
	for (unsigned i = 0; i < f->nrules; i++)
		if (f->rules[i].rule == rule)
			return f->rules[i].outcome;
	return 0;
}

static json_t *outcomes_json(unsigned bits)
{
	json_t *all = json_array();

	for (unsigned o = 0; o < DAMP_OUTCOME_MAX; o++)
		if (bits & (1u << o))
			json_array_append_new(all, json_string(damp_name_outcome(o)));
	return all;
}

/* What the rule did; a slip can only be told of the one that decided. */
static unsigned action_of(const struct damp_bench *b, const struct damp_finding *f, uint32_t i, unsigned did)
{
	const struct damp_rule *r = &b->view->rules[i];

	if (f->rule == (int32_t)i)
		return f->action;
	return did & (1u << DAMP_OUT_OVER) ? r->over.action : r->then.action;
}

/* A live judge is believed: a rule that it matched did match. */
static json_t *rule_json(const struct damp_bench *b, const struct damp_finding *f, uint32_t i, bool asked,
			 bool live)
{
	const struct damp_view *v = b->view;
	const struct damp_rule *r = &v->rules[i];
	const struct damp_why_not w = damp_why_not(v, &b->pkt, i);
	const unsigned did = asked ? outcomes(f, i) : 0;
	const bool follows = w.why == DAMP_WHY_MATCHES;
	const bool matched = live && asked && !f->cut ? did != 0 : follows;
	char at[DAMP_AT_TEXT];
	json_t *j;

	j = json_pack("{s:s, s:o, s:s, s:b, s:b, s:o, s:o, s:o, s:o}", "id",
		      damp_view_string(v, r->id_off), "at", damp_json_text(damp_rule_at(v, i, at)),
		      "mode", damp_name_mode(damp_live_mode(v, i)), "asked", asked, "matched", matched,
		      "why_not", matched ? json_null() : why_json(b, &w), "limits",
		      asked && matched ? limits_json(b, f, i) : json_array(), "outcome",
		      outcomes_json(did), "action",
		      asked && matched ? json_string(damp_name_action(action_of(b, f, i, did))) :
					 json_null());
	if (live && asked && matched != follows)
		json_object_set_new(j, "differs", json_true());
	return j;
}

/* Were the rules asked at all? A frame may be settled before them; then one
 * that would match left no trace in the decision. */
static bool rules_asked(const struct damp_bench *b, const struct damp_finding *f)
{
	if (b->pkt.frame.cls == DAMP_FRAME_OTHER || f->kind == DAMP_KIND_NOT_COAP || f->bypassed)
		return false;
	if (f->nrules > 0)
		return true;
	for (uint32_t i = 0; i < b->view->hdr->nrules; i++)
		if (damp_why_not(b->view, &b->pkt, i).why == DAMP_WHY_MATCHES)
			return false;
	return true;
}

json_t *damp_explain_rules(const struct damp_bench *b, const struct damp_finding *f, bool live)
{
	const bool any = rules_asked(b, f);
	json_t *all = json_array();

	for (uint32_t i = 0; i < b->view->hdr->nrules; i++)
		json_array_append_new(all,
				      rule_json(b, f, i, any && (f->rule < 0 || i <= (uint32_t)f->rule),
						live));
	return all;
}
