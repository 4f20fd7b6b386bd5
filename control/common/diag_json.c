/* SPDX-License-Identifier: BSD-3-Clause */
/* Diagnostics and program summaries as JSON; see diag_json.h. */
#include "diag_json.h"

#include "names.h"

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

json_t *damp_diag_json(const struct damp_rules *r)
{
	json_t *all = json_array();

	for (size_t i = 0; i < r->ndiags; i++) {
		const struct damp_diag *d = &r->diags[i];

		json_array_append_new(all, json_pack("{s:s?, s:i, s:i, s:i, s:s, s:s?}", "file", d->file,
						     "line", d->line, "column", d->column,
						     "end_column", d->end_column, "level",
						     damp_diag_level_name(d->level), "message", d->message));
	}
	return all;
}

json_t *damp_program_json(const struct damp_progview *v)
{
	const struct damp_program_hdr *h = v->hdr;

	return json_pack("{s:s, s:i, s:s, s:s, s:i, s:i, s:i, s:I}", "name", h->name, "revision",
			 (int)h->revision, "digest", h->digest, "mode", damp_name_mode(h->mode), "rules",
			 (int)h->nrules, "observing", (int)damp_progview_count_mode(v, DAMP_MODE_OBSERVE),
			 "limits", (int)h->nlimits, "bytes", (json_int_t)h->total_len);
}
