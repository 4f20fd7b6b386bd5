/* SPDX-License-Identifier: BSD-3-Clause */
/* Diagnostics and program summaries as JSON; see diag_json.h. */
#include "diag_json.h"

#include <stdlib.h>
#include <string.h>

const char *damp_diag_level_name(enum damp_diag_level level)
{
	switch (level) {
	case DAMP_DIAG_ERROR:
		return "error";
	case DAMP_DIAG_WARNING:
		return "warning";
	case DAMP_DIAG_NOTICE:
		return "notice";
	}
	return "unknown";
}

json_t *damp_json_text(const char *text)
{
	json_t *j = json_string(text);
	char *copy;

	if (j != NULL || text == NULL)
		return j != NULL ? j : json_null();
	copy = strdup(text);
	for (char *p = copy; p != NULL && *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	j = json_string(copy);
	free(copy);
	return j;
}

json_t *damp_diag_json(const struct damp_rules *r)
{
	json_t *all = json_array();

	for (size_t i = 0; i < r->ndiags; i++) {
		const struct damp_diag *d = &r->diags[i];

		json_array_append_new(all,
				      json_pack("{s:o, s:i, s:i, s:i, s:s, s:o}",
						"file", damp_json_text(d->file),
						"line", d->line,
						"column", d->column,
						"end_column", d->end_column,
						"level", damp_diag_level_name(d->level),
						"message", damp_json_text(d->message)));
	}
	return all;
}
