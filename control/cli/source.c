/* SPDX-License-Identifier: BSD-3-Clause */
/* See source.h. */
#include "source.h"

#include "check.h"
#include "client.h"
#include "common/diag_json.h"
#include "json_get.h"

#include <stdarg.h>
#include <string.h>

bool damp_source_is_number(const char *spec)
{
	return spec[0] != '\0' && strspn(spec, "0123456789") == strlen(spec);
}

static int finish(struct damp_source_of *s, const char *spec, const char *from, json_int_t generation)
{
	const struct damp_program_hdr *h = s->rules.program;

	s->json = json_pack("{s:s, s:o, s:o, s:s, s:I, s:s}", "from", from, "file", damp_json_text(spec),
			    "generation", generation > 0 ? json_integer(generation) : json_null(),
			    "name", h->name, "revision", (json_int_t)h->revision, "digest", h->digest);
	return s->json != NULL ? DAMP_EXIT_OK : damp_fail(DAMP_EXIT_INTERNAL, "no memory");
}

__attribute__((format(printf, 3, 4))) static int fail(const struct damp_source_of *s, int code,
						      const char *fmt, ...)
{
	char text[300];
	va_list ap;

	if (s->quiet)
		return code;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return damp_fail(code, "%s", text);
}

static int open_file(const struct damp_cli *cli, const char *file, struct damp_source_of *s)
{
	const struct damp_rules_options opt = { .colour = cli->colour_err, .outline = true };
	const int rc = damp_rules_compile_file(file, &opt, &s->rules);
	char count[64];

	if (rc == 0)
		return finish(s, file, "file", 0);
	if (s->rules.text != NULL)
		fputs(s->rules.text, stderr);
	return damp_fail(s->rules.unreadable ? DAMP_EXIT_UNREADABLE : DAMP_EXIT_NO, "%s: %s", file,
			 damp_check_count(count, sizeof(count), &s->rules));
}

/* damperd's text was good when it was loaded; another version of the language,
 * or a day that has come, may see it otherwise. */
static int compile_kept(const struct damp_cli *cli, const json_t *g, struct damp_source_of *s)
{
	const json_t *text = json_object_get(g, "source");
	const char *name = damp_get_text(g, "file");
	const struct damp_rules_options opt = { .colour = cli->colour_err, .outline = true };
	const json_int_t number = damp_get_int(g, "generation");

	if (!json_is_string(text))
		return fail(s, DAMP_EXIT_NO,
				 "the text of generation %lld is not known: damperd found its program "
				 "running", (long long)number);
	if (damp_rules_compile_text(json_string_value(text), json_string_length(text), name, &opt,
				    &s->rules) == 0)
		return finish(s, name, damp_get_true(g, "running") ? "running" : "generation", number);
	if (s->rules.text != NULL && !s->quiet)
		fputs(s->rules.text, stderr);
	return fail(s, DAMP_EXIT_NO, "generation %lld does not compile any more", (long long)number);
}

static int get(const struct damp_cli *cli, const char *path, bool quiet, json_t **out)
{
	struct damp_client *c = damp_client_new(cli);
	int code;

	*out = NULL;
	if (c == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	damp_client_quiet(c, quiet);
	code = damp_client_call(c, path, NULL, 0, out);
	damp_client_free(c);
	return code;
}

int damp_source_open(const struct damp_cli *cli, const char *spec, struct damp_source_of *s)
{
	char path[64] = "/v1/generation";
	json_t *g;
	int code;

	if (strcmp(spec, "running") != 0 && !damp_source_is_number(spec))
		return open_file(cli, spec, s);
	if (strlen(spec) > 10)
		return fail(s, DAMP_EXIT_USAGE, "%s is no generation", spec);
	if (damp_source_is_number(spec))
		snprintf(path, sizeof(path), "/v1/generation?number=%s", spec);
	code = get(cli, path, s->quiet, &g);
	if (code == DAMP_EXIT_OK)
		code = compile_kept(cli, g, s);
	json_decref(g);
	return code;
}

void damp_source_free(struct damp_source_of *s)
{
	damp_rules_free(&s->rules);
	json_decref(s->json);
	memset(s, 0, sizeof(*s));
}
