/* SPDX-License-Identifier: BSD-3-Clause */
/* See origin.h. */
#include "origin.h"

#include "check.h"
#include "client.h"
#include "common/diag_json.h"
#include "common/progview.h"
#include "json_get.h"
#include "source.h"

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

/* spec: NULL, "running", or the number of a generation. */
static int fetch(const struct damp_cli *cli, const char *spec, struct damp_origin *o)
{
	struct damp_client *c = damp_client_new(cli);
	char *data = NULL, path[64] = "/v1/program";
	int code;

	if (c == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	if (spec != NULL && damp_source_is_number(spec))
		snprintf(path, sizeof(path), "/v1/program?number=%.20s", spec);
	code = damp_client_fetch(c, path, &data, &o->len);
	damp_client_free(c);
	o->block = data;
	if (code != DAMP_EXIT_OK && spec == NULL)
		fputs("damper: name a rule file with --rules FILE to judge without damperd\n",
		      stderr);
	return code;
}

/* NAME=SIDE; the name of a port may hold anything but that. */
static int read_port(const char *text, struct damp_port_names *out)
{
	const char *sign = strrchr(text, '=');
	char name[DAMP_NAME_MAX];

	if (sign == NULL || sign == text || (size_t)(sign - text) >= sizeof(name) ||
	    (strcmp(sign, "=inside") != 0 && strcmp(sign, "=outside") != 0))
		return damp_fail(DAMP_EXIT_USAGE, "--port %s: write it like lan0=inside or wan0=outside",
				 text);
	snprintf(name, sizeof(name), "%.*s", (int)(sign - text), text);
	damp_port_names_add(out, sign[1] == 'i' ? DAMP_INSIDE : DAMP_OUTSIDE, name);
	return DAMP_EXIT_OK;
}

static int read_ports(const struct damp_values *said, struct damp_port_names *out)
{
	int code = DAMP_EXIT_OK;

	for (unsigned i = 0; i < said->n && code == DAMP_EXIT_OK; i++)
		code = read_port(said->value[i], out);
	return code;
}

/* Somebody has to say where the ports are that decide where a zone is. */
static int check_ports(const struct damp_progview *v, const struct damp_port_names *said)
{
	enum damp_side side;

	for (size_t i = 0; i < v->ndevices; i++) {
		const struct damp_device *d = &v->devices[i];
		const char *name = damp_progview_string(v, d->name_off);

		if (d->must == DAMP_DEVICE_NONE && !damp_port_names_find(said, name, &side))
			return damp_fail(DAMP_EXIT_USAGE,
					 "%s:%u:%u: zone '%s' is on port '%s': on which side is that "
					 "here? Add --port %s=inside, or =outside",
					 damp_progview_string(v, d->file_off), d->line, d->column,
					 damp_progview_string(v, d->zone_off), name, name);
	}
	return DAMP_EXIT_OK;
}

int damp_origin_open(const struct damp_cli *cli, const char *spec, struct damp_origin *o)
{
	const bool running = spec == NULL || strcmp(spec, "running") == 0;
	const bool kept = !running && damp_source_is_number(spec);
	json_t *file = running ? json_null()
		       : kept  ? json_sprintf("generation %s", spec)
			       : damp_json_text(spec);
	struct damp_progview v;
	int code;

	memset(o, 0, sizeof(*o));
	code = read_ports(&cli->args.ports, &o->ports);
	if (code == DAMP_EXIT_OK)
		code = running || kept ? fetch(cli, spec, o) : compile(cli, spec, o);
	if (code == DAMP_EXIT_OK && damp_progview_open(o->block, o->len, &v) != 0)
		code = damp_fail(DAMP_EXIT_INTERNAL,
				 "the program is damaged, or of another version than this command");
	if (code == DAMP_EXIT_OK)
		code = check_ports(&v, &o->ports);
	if (code != DAMP_EXIT_OK) {
		json_decref(file);
		return code;
	}
	o->json = json_pack("{s:s, s:o, s:s, s:I, s:s}", "from",
			    running ? "running" : kept ? "generation" : "file", "file", file, "name",
			    v.hdr->name, "revision", (json_int_t)v.hdr->revision, "digest", v.hdr->digest);
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
