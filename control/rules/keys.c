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

bool damp_key_unenforced(enum damp_key_id k)
{
	return strncmp(damp_keys[k].help, DAMP_UNENFORCED, sizeof(DAMP_UNENFORCED) - 1) == 0;
}
