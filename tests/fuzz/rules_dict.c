/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dictionary of rules_fuzz, out of the key table: the keys, and what stands
 * between backticks in the texts of their kinds.
 */
#include "keys.h"

#include <stdio.h>
#include <string.h>

static void put(const char *text, size_t len, const char *behind)
{
	putchar('"');
	for (size_t i = 0; i < len; i++)
		printf(strchr("\"\\", text[i]) ? "\\%c" : "%c", text[i]);
	printf("%s\"\n", behind);
}

static void put_words(const char *text)
{
	const char *end;

	while ((text = strchr(text, '`')) && (end = strchr(text + 1, '`'))) {
		put(text + 1, (size_t)(end - text - 1), "");
		text = end + 1;
	}
}

int main(void)
{
	for (enum damp_key_id k = 0; k < DAMP_KEY_MAX; k++) {
		put(damp_keys[k].name, strlen(damp_keys[k].name), ": ");
		if (damp_keys[k].deflt[0])
			put(damp_keys[k].deflt, strlen(damp_keys[k].deflt), "");
	}
	for (enum damp_key_kind k = 0; k < DAMP_KIND_OF_MAX; k++)
		put_words(damp_kind_text(k));
	puts("\"\\x0a%%% \"\n\"\\x0a  - \"\n\"{not: \"\n\"{regex: \\\"\"\n\"$lan\"");
	return 0;
}
