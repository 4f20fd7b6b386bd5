/* SPDX-License-Identifier: BSD-3-Clause */
/* See origin.h. */
#include "origin.h"

#include "check.h"
#include "client.h"
#include "common/diag_json.h"
#include "common/progview.h"
#include "json_get.h"

#include <stdlib.h>
#include <string.h>

static int compile(const struct damp_cli *cli, const char *file, struct damp_origin *o)
{
	struct damp_rules r;
	int code = damp_check_file(cli, file, &r);
	char count[64];

	if (r.text != NULL)
		fputs(r.text, stderr);
	if (code != DAMP_EXIT_OK) {
		damp_fail(code, "%s: %s: nothing was judged", file,
			  damp_check_count(count, sizeof(count), &r));
	} else {
		o->block = r.program;
		o->len = r.program_len;
		r.program = NULL;
	}
	damp_rules_free(&r);
	return code;
}

static int fetch(const struct damp_cli *cli, bool asked, struct damp_origin *o)
{
	struct damp_client *c = damp_client_new(cli);
	char *data = NULL;
	int code;

	if (c == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	code = damp_client_fetch(c, "/v1/program", &data, &o->len);
	damp_client_free(c);
	o->block = data;
	if (code != DAMP_EXIT_OK && !asked)
		fputs("damper: name a rule file with --rules FILE to judge without damperd\n",
		      stderr);
	return code;
}

int damp_origin_open(const struct damp_cli *cli, const char *spec, struct damp_origin *o)
{
	const bool running = spec == NULL || strcmp(spec, "running") == 0;
	struct damp_progview v;
	int code;

	memset(o, 0, sizeof(*o));
	if (spec != NULL && spec[0] != '\0' && strspn(spec, "0123456789") == strlen(spec))
		return damp_fail(DAMP_EXIT_USAGE,
				 "%s: rules of an older generation are not supported by this "
				 "version; give 'running' or a file",
				 spec);
	code = running ? fetch(cli, spec != NULL, o) : compile(cli, spec, o);
	if (code != DAMP_EXIT_OK)
		return code;
	if (damp_progview_open(o->block, o->len, &v) != 0)
		return damp_fail(DAMP_EXIT_INTERNAL,
				 "the program is damaged, or of another version than this command");
	o->json = json_pack("{s:s, s:o, s:s, s:I, s:s}", "from", running ? "running" : "file",
			    "file", damp_json_text(running ? NULL : spec), "name", v.hdr->name,
			    "revision", (json_int_t)v.hdr->revision, "digest", v.hdr->digest);
	return o->json != NULL ? code : damp_fail(DAMP_EXIT_INTERNAL, "no memory");
}

void damp_origin_free(struct damp_origin *o)
{
	free(o->block);
	json_decref(o->json);
	memset(o, 0, sizeof(*o));
}

const char *damp_origin_label(const json_t *origin)
{
	const char *file = json_string_value(json_object_get(origin, "file")), *slash;

	if (file == NULL)
		return "running";
	slash = strrchr(file, '/');
	return slash != NULL ? slash + 1 : file;
}

void damp_origin_line(const json_t *origin, char *out, size_t len)
{
	const char *file = json_string_value(json_object_get(origin, "file"));

	snprintf(out, len, "%s: %s, revision %lld", file != NULL ? file : "the running program",
		 damp_get_text(origin, "name"), damp_get_int(origin, "revision"));
}
