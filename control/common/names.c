/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables of words by enum value; see names.h. A table that is shorter than its
 * enum fails to compile.
 */
#include "names.h"

#include <damper/coap.h>
#include <stdio.h>

#define PICK(table, max, i)                                                             \
	_Static_assert(sizeof(table) / sizeof((table)[0]) == (max), "a word for each value"); \
	return (i) < (max) ? (table)[i] : "unknown"

const char *damp_name_side(unsigned side)
{
	static const char *const word[] = { "outside", "inside" };

	PICK(word, DAMP_SIDE_MAX, side);
}

const char *damp_name_direction(unsigned side)
{
	static const char *const word[] = { "inbound", "outbound" };

	PICK(word, DAMP_SIDE_MAX, side);
}

const char *damp_name_kind(unsigned kind)
{
	static const char *const word[] = { "not_coap", "request",   "response",
					    "empty",    "malformed", "dtls" };

	PICK(word, DAMP_KIND_MAX, kind);
}

const char *damp_name_mode(unsigned mode)
{
	static const char *const word[] = { "off", "observe", "enforce" };

	PICK(word, DAMP_MODE_MAX, mode);
}

const char *damp_name_in_force(unsigned in_force)
{
	static const char *const word[] = { "now", "ended", "not now", "time unknown" };

	PICK(word, DAMP_IN_FORCE_MAX, in_force);
}

const char *damp_name_action(unsigned action)
{
	static const char *const word[] = { "continue", "accept", "drop", "challenge",
					    "answer", "reset", "strip_observe" };

	PICK(word, DAMP_ACT_MAX, action);
}

const char *damp_name_act(const struct damp_act *a, char *out, size_t len)
{
	char code[8] = "";

	if (a->action == DAMP_ACT_ANSWER)
		damp_name_code(a->code, code, sizeof(code));
	snprintf(out, len, "%s%s%s", damp_name_action(a->action), code[0] ? " " : "", code);
	return out;
}

const char *damp_name_limit_kind(unsigned kind)
{
	static const char *const word[] = { "messages", "bytes", "amplification", "concurrent" };

	PICK(word, DAMP_LIMIT_KIND_MAX, kind);
}

const char *damp_name_count(unsigned count)
{
	static const char *const word[] = {
#define X(name, text, kind) text,
		DAMP_COUNTS(X)
#undef X
	};

	PICK(word, DAMP_COUNT_MAX, count);
}

const char *damp_name_per(unsigned per)
{
	static const char *const word[] = {
		"source", "target", "peer", "device", "pair", "global", "tenant", "path",
	};

	PICK(word, DAMP_PER_MAX, per);
}

const char *damp_name_outcome(unsigned outcome)
{
	static const char *const word[] = { "matched", "over", "would", "acted" };

	PICK(word, DAMP_OUTCOME_MAX, outcome);
}

const char *damp_name_verdict(unsigned verdict)
{
	static const char *const word[] = { "accept", "drop", "answer", "challenge",
					    "shape", "bypass" };

	PICK(word, DAMP_VERDICT_MAX, verdict);
}

const char *damp_name_stage(unsigned stage)
{
	static const char *const word[] = { "rx", "parse", "keys", "proofs", "decide", "tx" };

	PICK(word, DAMP_STAGE_MAX, stage);
}

const char *damp_name_table(unsigned table)
{
	static const char *const word[] = {
#define X(name, label) label,
		DAMP_TABLES(X)
#undef X
	};

	PICK(word, DAMP_TABLE_MAX, table);
}

const char *damp_name_routing(unsigned routing)
{
	static const char *const word[] = {
#define X(name, label) label,
		DAMP_ROUTINGS(X)
#undef X
	};

	PICK(word, DAMP_ROUTING_MAX, routing);
}

const char *damp_name_source(unsigned source)
{
	static const char *const word[] = { "builtin", "disk", "loaded" };

	PICK(word, DAMP_SOURCE_MAX, source);
}

const char *damp_name_loud(unsigned loud)
{
	static const char *const word[] = {
#define X(name, text) text,
		DAMP_LOUDS(X)
#undef X
	};

	PICK(word, DAMP_LOUD_MAX, loud);
}

const char *damp_name_severity(unsigned severity)
{
	static const char *const word[] = { "ok", "noise", "attack", "fault" };

	PICK(word, DAMP_SEV_MAX, severity);
}

const char *damp_name_coap_type(unsigned type)
{
	static const char *const word[] = { "CON", "NON", "ACK", "RST" };

	PICK(word, DAMP_COAP_TYPE_MAX, type);
}

struct reason_row {
	const char *label, *help;
	unsigned severity;
};

static const struct reason_row reasons[] = {
#define X(name, label, sev, help) { label, help, DAMP_SEV_##sev },
	DAMP_REASONS(X)
#undef X
};

const char *damp_name_reason(unsigned reason)
{
	return reason < DAMP_REASON_MAX ? reasons[reason].label : "unknown";
}

const char *damp_name_reason_help(unsigned reason)
{
	return reason < DAMP_REASON_MAX ? reasons[reason].help : "A reason this version does not know";
}

unsigned damp_name_reason_severity(unsigned reason)
{
	return reason < DAMP_REASON_MAX ? reasons[reason].severity : DAMP_SEV_FAULT;
}

char *damp_name_code(unsigned code, char *out, size_t len)
{
	switch (code) {
#define X(name, cls, det, text)            \
	case DAMP_COAP_##name:             \
		snprintf(out, len, text);  \
		break;
	DAMP_COAP_METHODS(X)
#undef X
	default:
		snprintf(out, len, "%u.%02u", (code >> 5) & 7u, code & 31u);
	}
	return out;
}
