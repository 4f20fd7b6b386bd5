/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper load`: check and test here, so that errors come with caret and colour
 * and without damperd; show what would change; then send the very text that was
 * checked. damperd never reads a file for us.
 */
#include "load.h"

#include "change.h"
#include "check.h"
#include "client.h"
#include "common/diag_json.h"
#include "common/text.h"
#include "diff.h"
#include "foresight/rules_diff.h"
#include "json_get.h"
#include "sheet.h"
#include "signed.h"
#include "source.h"
#include "test.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define TESTS_LEN 64

struct loading {
	const struct damp_cli *cli;
	const char *file;
	struct damp_rules rules;        /* as checked here, with its outline */
	char tests[TESTS_LEN];          /* how they went */
	json_t *diff;                   /* against what runs; NULL not known */
	json_int_t base;                /* the generation that ran when that was made, 0 not known */
	char *text;                     /* what is sent */
	size_t len;
};

static int refuse_wrong(const struct loading *l, int code)
{
	const struct damp_rules *r = &l->rules;
	char count[64];

	if (!l->cli->args.json)
		return damp_fail(code, "%s: %s: nothing was loaded", l->file,
				 damp_check_count(count, sizeof(count), r));
	return damp_print_json(json_pack("{s:i, s:b, s:s, s:i, s:i, s:o}",
					 "schema", DAMP_JSON_SCHEMA,
					 "ok", 0,
					 "error", r->unreadable ? "unreadable" : "wrong_rules",
					 "errors", (int)r->errors,
					 "warnings", (int)r->warnings,
					 "diagnostics", damp_diag_json(r)),
			       code);
}

/* Check the file; with errors they are printed and the exit code says so. */
static int check_first(struct loading *l)
{
	const struct damp_rules_options opt = { .colour = l->cli->colour_err, .outline = true };
	const int rc = damp_rules_compile_file(l->file, &opt, &l->rules);

	if (l->rules.text != NULL && !l->cli->args.json)
		fputs(l->rules.text, stderr);
	if (rc != 0)
		return refuse_wrong(l, l->rules.unreadable ? DAMP_EXIT_UNREADABLE : DAMP_EXIT_NO);
	l->text = l->rules.source;
	l->len = l->rules.source_len;
	l->rules.source = NULL; /* moved */
	return DAMP_EXIT_OK;
}

/* The tests beside the file, unless they are left out, which the history says. */
static int test_first(struct loading *l)
{
	unsigned passed = 0;
	int code;

	if (l->cli->args.no_tests) {
		snprintf(l->tests, sizeof(l->tests), "left out");
		return DAMP_EXIT_OK;
	}
	code = damp_test_beside(l->cli, l->file, &l->rules, &passed);
	if (code != DAMP_EXIT_OK)
		return damp_fail(DAMP_EXIT_NO,
				 "%s: its tests are red: nothing was loaded (--no-tests loads anyway)",
				 l->file);
	if (passed > 0)
		snprintf(l->tests, sizeof(l->tests), "%u passed", passed);
	else
		snprintf(l->tests, sizeof(l->tests), "there are none");
	return code;
}

/* What would change. Nobody has to know what runs: without damperd the load
 * itself will say so, and the built-in program has no text. */
static void compare_first(struct loading *l)
{
	struct damp_source_of running = { .quiet = true };

	if (damp_source_open(l->cli, "running", &running) == DAMP_EXIT_OK)
		l->diff = damp_rules_diff(&running.rules, &l->rules);
	if (l->diff != NULL) {
		l->base = damp_get_int(running.json, "generation");
		json_object_set(l->diff, "old", running.json);
		json_object_set_new(l->diff, "new",
				    json_pack("{s:o, s:s, s:I}", "file", damp_json_text(l->file), "name",
					      l->rules.program->name, "revision",
					      (json_int_t)l->rules.program->revision));
	}
	damp_source_free(&running);
}

static void print_plan(const struct loading *l)
{
	char bytes[DAMP_TEXT_LEN];

	if (l->cli->args.json)
		return;
	if (l->diff != NULL)
		damp_diff_print(l->cli, stdout, l->diff);
	printf("tests    %s\nmemory   %s compiled, beside what runs until the workers have changed over\n",
	       l->tests, damp_text_bytes(bytes, sizeof(bytes), (double)l->rules.program_len));
	fflush(stdout);
}

static int send_rules(const struct loading *l, struct damp_client *c, json_t **answer)
{
	char path[PATH_MAX], url[4096] = "/v1/load";
	int err = 0, code;

	if (realpath(l->file, path) == NULL)
		return damp_fail(DAMP_EXIT_UNREADABLE, "%s: %s", l->file, strerror(errno));
	err |= damp_client_add_query(c, url, sizeof(url), "name", path);
	err |= damp_client_add_query(c, url, sizeof(url), "tests", l->tests);
	if (l->cli->args.comment != NULL)
		err |= damp_client_add_query(c, url, sizeof(url), "comment", l->cli->args.comment);
	if (err)
		return damp_fail(DAMP_EXIT_USAGE, "the comment or the path is too long");
	code = damp_change_add_confirm(l->cli, c, url, sizeof(url));
	return code == DAMP_EXIT_OK ? damp_client_call(c, url, l->text, l->len, answer) : code;
}

/* The rules are right here but wrong for damperd: its report explains. */
static void print_report(const json_t *j)
{
	const char *report = json_string_value(json_object_get(j, "report"));

	if (report != NULL)
		fputs(report, stderr);
}

/* Two load at once: what the second was shown is not all that it has changed. */
static void warn_of_others(const struct loading *l, const json_t *answer)
{
	const json_int_t before = damp_get_int(answer, "before");

	if (l->base > 0 && before > 0 && before != l->base)
		fprintf(stderr,
			"damper: warning: somebody else has loaded meanwhile: the difference above is to generation %lld, "
			"but %lld ran; see 'damper diff %lld %lld'\n",
			(long long)l->base, (long long)before, (long long)before, damp_get_int(answer, "generation"));
}

static int send_and_tell(struct loading *l)
{
	struct damp_client *c = damp_client_new(l->cli);
	json_t *answer = NULL;
	int code;

	if (c == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	code = send_rules(l, c, &answer);
	if (l->cli->args.json && answer != NULL) {
		json_object_set_new(answer, "tests", json_string(l->tests));
		json_object_set(answer, "diff", l->diff != NULL ? l->diff : json_null());
		damp_print_json(json_incref(answer), code);
	} else if (code == DAMP_EXIT_OK) {
		damp_change_print_loaded(l->cli, answer);
		warn_of_others(l, answer);
	} else {
		print_report(answer);
	}
	json_decref(answer);
	damp_client_free(c);
	return code;
}

int damp_cmd_load(struct damp_cli *cli)
{
	struct loading l = { .cli = cli, .file = cli->args.words[0] };
	int code = damp_change_check_confirm(cli);

	if (code == DAMP_EXIT_OK)
		code = check_first(&l);
	if (code == DAMP_EXIT_OK)
		code = test_first(&l);
	if (code == DAMP_EXIT_OK) {
		compare_first(&l);
		print_plan(&l);
		code = damp_signed_add(l.file, &l.text, &l.len);
	}
	if (code == DAMP_EXIT_OK)
		code = send_and_tell(&l);
	json_decref(l.diff);
	damp_rules_free(&l.rules);
	free(l.text);
	return code;
}
