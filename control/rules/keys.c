/* SPDX-License-Identifier: BSD-3-Clause */
/* The key table as data; see keys.h. */
#include "keys.h"
#include "suggest.h"

#include <string.h>

const struct damp_key_info damp_keys[DAMP_KEY_MAX] = {
#define X(sec, id, text, kind_id, since_text, default_text, help_text)                             \
	[DAMP_KEY_##sec##_##id] = { .section = DAMP_SECTION_##sec,                                 \
				    .name = (text),                                                \
				    .kind = DAMP_KIND_OF_##kind_id,                                \
				    .since = (since_text),                                         \
				    .deflt = (default_text),                                       \
				    .help = (help_text) },
	DAMP_KEYS(X)
#undef X
};

enum damp_key_id damp_key_find(enum damp_key_section s, const char *name)
{
	enum damp_key_id k = 0;

	while (k < DAMP_KEY_MAX &&
	       (damp_keys[k].section != s || strcmp(damp_keys[k].name, name) != 0))
		k++;
	return k;
}

const char *damp_key_suggest(enum damp_key_section s, const char *name)
{
	struct damp_suggestion best = damp_suggestion_start(name);

	for (enum damp_key_id k = 0; k < DAMP_KEY_MAX; k++)
		if (damp_keys[k].section == s && !damp_key_later(k))
			damp_suggestion_try(&best, damp_keys[k].name);
	return best.name;
}

const char *damp_section_label(enum damp_key_section s)
{
	static const char *const label[] = {
#define X(id, text, heading) [DAMP_SECTION_##id] = (text),
		DAMP_KEY_SECTIONS(X)
#undef X
	};

	return label[s];
}

const char *damp_section_heading(enum damp_key_section s)
{
	static const char *const heading[] = {
#define X(id, text, head) [DAMP_SECTION_##id] = (head),
		DAMP_KEY_SECTIONS(X)
#undef X
	};

	return heading[s];
}

const char *damp_kind_text(enum damp_key_kind k)
{
	static const char *const text[] = {
#define X(id, words) [DAMP_KIND_OF_##id] = (words),
		DAMP_KEY_KINDS(X)
#undef X
	};

	return text[k];
}

enum damp_key_section damp_key_opens(enum damp_key_id k)
{
	static const struct {
		enum damp_key_id key;
		enum damp_key_section section;
	} opens[] = {
		{ DAMP_KEY_TOP_RULESET, DAMP_SECTION_RULESET },
		{ DAMP_KEY_TOP_SETS, DAMP_SECTION_SET },
		{ DAMP_KEY_TOP_ZONES, DAMP_SECTION_ZONE },
		{ DAMP_KEY_TOP_LIMITS, DAMP_SECTION_LIMIT },
		{ DAMP_KEY_TOP_SCHEDULES, DAMP_SECTION_SCHEDULE },
		{ DAMP_KEY_TOP_GUARD, DAMP_SECTION_GUARD },
		{ DAMP_KEY_TOP_CAPTURE, DAMP_SECTION_CAPTURE },
		{ DAMP_KEY_CAPTURE_DROPS, DAMP_SECTION_DROPS },
		{ DAMP_KEY_TOP_FAIL, DAMP_SECTION_FAIL },
		{ DAMP_KEY_LIMIT_AMPLIFICATION, DAMP_SECTION_AMPLIFICATION },
		{ DAMP_KEY_RULE_SLIP, DAMP_SECTION_SLIP },
		{ DAMP_KEY_RULE_SHAPE, DAMP_SECTION_SHAPE },
		{ DAMP_KEY_RULE_LOG, DAMP_SECTION_LOG },
		{ DAMP_KEY_RULE_BLOCK, DAMP_SECTION_BLOCK },
		{ DAMP_KEY_GUARD_UNPROVED, DAMP_SECTION_UNPROVED },
		{ DAMP_KEY_GUARD_TRANSFERS, DAMP_SECTION_TRANSFERS },
		{ DAMP_KEY_GUARD_ASYMMETRIC, DAMP_SECTION_ASYMMETRIC },
		{ DAMP_KEY_OBSERVE_AT_ONCE, DAMP_SECTION_AT_ONCE },
		{ DAMP_KEY_OBSERVE_ATTRIBUTES, DAMP_SECTION_ATTRIBUTES },
		{ DAMP_KEY_GUARD_FIRST, DAMP_SECTION_FIRST },
		{ DAMP_KEY_FIRST_NETWORK, DAMP_SECTION_FIRST_NETWORK },
		{ DAMP_KEY_FIRST_KNOWN, DAMP_SECTION_FIRST_KNOWN },
		{ DAMP_KEY_FIRST_TRUST, DAMP_SECTION_FIRST_TRUST },
		{ DAMP_KEY_GUARD_SERVERS, DAMP_SECTION_SERVERS },
		{ DAMP_KEY_GUARD_PROVED, DAMP_SECTION_PROVED },
		{ DAMP_KEY_GUARD_CHALLENGES, DAMP_SECTION_CHALLENGES },
		{ DAMP_KEY_CHALLENGES_NETWORK, DAMP_SECTION_NETWORK },
		{ DAMP_KEY_CHALLENGES_RETRIES, DAMP_SECTION_RETRIES },
		{ DAMP_KEY_CHALLENGES_ALL, DAMP_SECTION_ALL },
		{ DAMP_KEY_GUARD_PINGS, DAMP_SECTION_PINGS },
		{ DAMP_KEY_GUARD_PROBING, DAMP_SECTION_PROBING },
		{ DAMP_KEY_GUARD_PROOF, DAMP_SECTION_PROOF },
		{ DAMP_KEY_GUARD_NEEDS, DAMP_SECTION_NEEDS },
		{ DAMP_KEY_GUARD_GRACE, DAMP_SECTION_GRACE },
		{ DAMP_KEY_GUARD_EXCHANGES, DAMP_SECTION_EXCHANGES },
		{ DAMP_KEY_GUARD_OBSERVE, DAMP_SECTION_OBSERVE },
		{ DAMP_KEY_GUARD_PORTS, DAMP_SECTION_PORTS },
		{ DAMP_KEY_TOP_EVENTS, DAMP_SECTION_EVENTS },
		{ DAMP_KEY_EVENTS_ATTACK, DAMP_SECTION_ATTACK },
	};

	for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++)
		if (opens[i].key == k)
			return opens[i].section;
	return DAMP_SECTION_MAX;
}
