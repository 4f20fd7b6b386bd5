/* SPDX-License-Identifier: BSD-3-Clause */
/* Event records as JSON; see event_json.h. */
#include "event_json.h"

#include "common/diag_json.h"
#include "common/names.h"
#include "common/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static json_t *end_json(const uint8_t addr[16], unsigned port, unsigned side)
{
	char ip[DAMP_TEXT_ADDR_LEN];

	return json_pack("{s:s, s:i, s:s}",
			 "ip", damp_text_addr(ip, sizeof(ip), addr),
			 "port", (int)port,
			 "zone", damp_name_side(side));
}

void damp_event_clean_text(const char *text, size_t n, char *out, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < n && at + 5 < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c > 0x20 && c < 0x7f && c != '\\')
			out[at++] = (char)c;
		else
			at += (size_t)snprintf(out + at, len - at, "\\x%02x", c);
	}
	out[at] = '\0';
}

static json_t *coap_json(const struct damp_event *e)
{
	char code[8], path[4 * sizeof(e->path) + 8];

	damp_event_clean_text(e->path, e->path_len < sizeof(e->path) ? e->path_len : sizeof(e->path), path,
			      sizeof(path));
	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:s}",
			 "dir", damp_name_kind(e->kind),
			 "type", damp_name_coap_type(e->type),
			 "code", damp_name_code(e->code, code, sizeof(code)),
			 "mid", (int)e->mid,
			 "tkl", (int)e->tkl,
			 "path", path);
}

void damp_event_add_place(json_t *j, const char *rule_id, const struct damp_prog *prog)
{
	char at[512];

	for (unsigned i = 0; prog != NULL && i < prog->view.hdr->nrules; i++) {
		const struct damp_rule *r = &prog->view.rules[i];

		if (strcmp(damp_progview_string(&prog->view, r->id_off), rule_id) != 0)
			continue;
		snprintf(at, sizeof(at), "%s:%u", damp_progview_string(&prog->view, r->file_off),
			 r->line);
		json_object_set_new(j, "at", json_string(at));
		return;
	}
}

static json_t *header(const char *ts, const char *type, const char *severity)
{
	return json_pack("{s:s, s:i, s:s, s:s}",
			 "ts", ts,
			 "schema", DAMP_JSON_SCHEMA,
			 "type", type,
			 "severity", severity);
}

/* The rule's word, else that of the reason; a warning is at least one. */
static const char *severity_of(const struct damp_event *e)
{
	if (e->loud != DAMP_LOUD_UNSAID)
		return damp_name_loud(e->loud);
	return e->how == DAMP_TOLD_WARN ? "warning" :
					  damp_name_severity(damp_name_reason_severity(e->reason));
}

json_t *damp_event_verdict_json(const struct damp_event_record *r, const char *rule_id,
				const struct damp_prog *prog)
{
	const struct damp_event *e = &r->event;
	bool inside = e->side == DAMP_INSIDE, warns = e->how == DAMP_TOLD_WARN;
	char ts[DAMP_TEXT_LEN], boot[20], ip[DAMP_TEXT_ADDR_LEN];
	json_t *j = header(damp_text_time(ts, sizeof(ts), (int64_t)e->wall_us), warns ? "warn" : "verdict",
			   severity_of(e));

	snprintf(boot, sizeof(boot), "%016llx", (unsigned long long)r->boot_id);
	json_object_set_new(j, "boot", json_string(boot));
	json_object_set_new(j, "record",
			    json_pack("{s:i, s:I}",
				      "worker", (int)r->worker,
				      "seq", (json_int_t)e->seq));
	json_object_set_new(j, "gen", json_integer(e->generation));
	if (rule_id[0] != '\0') {
		json_object_set_new(j, "rule", json_string(rule_id));
		damp_event_add_place(j, rule_id, prog);
	}
	json_object_set_new(j, "mode",
			    json_string(damp_name_mode(e->observed ? DAMP_MODE_OBSERVE
								   : DAMP_MODE_ENFORCE)));
	json_object_set_new(j, "verdict",
			    json_string(damp_name_verdict(e->verdict)));
	json_object_set_new(j, "would", json_string(damp_name_verdict(e->would)));
	if (warns)
		json_object_set_new(j, "used_percent", json_integer(e->used_percent));
	json_object_set_new(j, "reason", json_string(damp_name_reason(e->reason)));
	json_object_set_new(j, "src", end_json(e->src, e->sport, e->side));
	json_object_set_new(j, "dst",
			    end_json(e->dst, e->dport, inside ? DAMP_OUTSIDE : DAMP_INSIDE));
	json_object_set_new(j, "peer",
			    json_string(damp_text_addr(ip, sizeof(ip), inside ? e->dst : e->src)));
	json_object_set_new(j, "device",
			    json_string(damp_text_addr(ip, sizeof(ip), inside ? e->src : e->dst)));
	json_object_set_new(j, "verified", json_boolean(e->verified));
	json_object_set_new(j, "ip_bytes", json_integer(e->ip_len));
	if (e->kind == DAMP_KIND_REQUEST || e->kind == DAMP_KIND_RESPONSE ||
	    e->kind == DAMP_KIND_EMPTY)
		json_object_set_new(j, "coap", coap_json(e));
	else
		json_object_set_new(j, "kind", json_string(damp_name_kind(e->kind)));
	json_object_set_new(j, "suppressed",
			    json_integer(e->represents > 0 ? (json_int_t)e->represents - 1 : 0));
	return j;
}

static json_t *prefix_json(const struct damp_notice *n)
{
	char ip[DAMP_TEXT_ADDR_LEN], out[DAMP_TEXT_ADDR_LEN + 8];

	snprintf(out, sizeof(out), "%s/%u", damp_text_addr(ip, sizeof(ip), n->addr), n->plen);
	return json_string(out);
}

static json_t *member_json(const struct damp_notice *n)
{
	json_t *j = json_pack("{s:s}", "change", "expired");

	if (n->more > 0) {
		json_object_set_new(j, "more", json_integer(n->more));
		return j;
	}
	json_object_set_new(j, "set", json_string(n->set));
	json_object_set_new(j, "prefix", prefix_json(n));
	return j;
}

static json_t *block_json(const struct damp_notice *n)
{
	static const char *const word[] = {
		[DAMP_NOTICE_BLOCK_BEGAN] = "begin", [DAMP_NOTICE_BLOCK_GREW] = "grow",
		[DAMP_NOTICE_BLOCK_ENDED] = "end", [DAMP_NOTICE_BLOCK_TAKEN] = "removed",
	};
	json_t *j = json_pack("{s:s, s:o, s:s}",
			      "change", word[n->kind],
			      "prefix", prefix_json(n),
			      "origin", n->rule_slot > 0 ? "rule" : "operator");
	char ts[DAMP_TEXT_LEN];

	if (n->kind > DAMP_NOTICE_BLOCK_GREW)
		return j;
	json_object_set_new(j, "for_s", json_integer(n->for_s));
	json_object_set_new(j, "until",
			    json_string(damp_text_time(ts, sizeof(ts),
						       (int64_t)(n->wall_us + n->for_s * 1000000ull))));
	json_object_set_new(j, "times", json_integer(n->times));
	json_object_set_new(j, "direction", json_string(n->from && n->to ? "both" : n->to ? "to" : "from"));
	return j;
}

json_t *damp_event_notice_json(const struct damp_notice_record *r, const char *rule_id,
			       const struct damp_prog *prog)
{
	const struct damp_notice *n = &r->notice;
	const bool member = n->kind >= DAMP_NOTICE_MEMBER_ENDED, begins = n->kind <= DAMP_NOTICE_BLOCK_GREW;
	char ts[DAMP_TEXT_LEN], boot[20];
	json_t *j = header(damp_text_time(ts, sizeof(ts), (int64_t)n->wall_us), member ? "set" : "block",
			   member ? "info" : begins ? "warning" : "ok");

	snprintf(boot, sizeof(boot), "%016llx", (unsigned long long)r->boot_id);
	json_object_set_new(j, "boot", json_string(boot));
	json_object_set_new(j, "notice", json_integer((json_int_t)n->seq));
	if (member) {
		json_object_set_new(j, "set", member_json(n));
		return j;
	}
	if (n->rule_slot > 0) {
		json_object_set_new(j, "rule", json_string(rule_id));
		damp_event_add_place(j, rule_id, prog);
		json_object_set_new(j, "mode", json_string(damp_name_mode(n->observed ? DAMP_MODE_OBSERVE
									      : DAMP_MODE_ENFORCE)));
	}
	json_object_set_new(j, "block", block_json(n));
	return j;
}

json_t *damp_event_own_json(const char *type, const char *severity)
{
	char ts[DAMP_TEXT_LEN];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	damp_text_time(ts, sizeof(ts), (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	return header(ts, type, severity);
}
