/* SPDX-License-Identifier: BSD-3-Clause */
/* See api_runtime.h. */
#include "api_runtime.h"

#include "api.h"
#include "common/diag_json.h"
#include "common/names.h"
#include "common/program_json.h"
#include "log.h"
#include "peer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* "by whom", in the log and the events. */
__attribute__((format(printf, 3, 4))) static void tell(struct damp_control *c, const struct damp_http_request *req,
						       const char *fmt, ...)
{
	char by[64], what[256], text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	damp_peer_name(req->peer.uid, by, sizeof(by));
	snprintf(text, sizeof(text), "%s, by %s", what, by);
	damp_log(DAMP_LOG_NOTICE, "%s", text);
	damp_control_health(c, "runtime", "info", text);
}

static unsigned status_of(int error)
{
	switch (error) {
	case ENOENT: return 404;
	case EPERM: return 403;
	case ERANGE:
	case EINVAL: return 400;
	default: return 502;
	}
}

static const char *word_of(int error)
{
	switch (error) {
	case ENOENT: return "not_found";
	case EPERM: return "locked";
	case ERANGE:
	case EINVAL: return "usage";
	case ENOSPC: return "full";
	default: return "refused";
	}
}

/* Carry a request out. False when reply says why not. fd: NULL, or where a
 * descriptor goes. */
static bool carry_out(struct damp_control *c, const struct damp_wire_request *r, struct damp_wire_reply *wire,
		      int *fd, struct damp_http_reply *reply)
{
	const int err = damp_link_request(c->link, r, wire, fd);

	if (err == -ETIMEDOUT)
		damp_api_refuse(reply, 504, "timeout", "the data plane did not answer in time");
	else if (err)
		damp_api_refuse_away(c, reply);
	else if (wire->error)
		damp_api_refuse(reply, status_of(wire->error), word_of(wire->error),
				wire->text[0] != '\0' ? wire->text : strerror(wire->error));
	else
		return true;
	return false;
}

/* A name of the body; false when it is missing or too long. */
static bool take_name(const json_t *body, const char *key, char out[DAMP_NAME_MAX])
{
	const char *text = json_string_value(json_object_get(body, key));

	if (text == NULL || strlen(text) >= DAMP_NAME_MAX)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool take_seconds(const json_t *body, uint64_t *out)
{
	const json_t *n = json_object_get(body, "for_s");

	if (!json_is_integer(n) || json_integer_value(n) < 0 || json_integer_value(n) > DAMP_FOR_MAX_S)
		return false;
	*out = (uint64_t)json_integer_value(n);
	return true;
}

static bool take_mode(const json_t *body, uint32_t *out)
{
	const char *text = json_string_value(json_object_get(body, "mode"));

	for (*out = 0; text != NULL && *out < DAMP_MODE_MAX; (*out)++)
		if (strcmp(text, damp_name_mode(*out)) == 0)
			return true;
	return false;
}

static bool read_mode(const struct damp_http_request *req, struct damp_wire_request *r)
{
	json_t *body = json_loadb(req->body, req->body_len, JSON_REJECT_DUPLICATES, NULL);
	const bool all = json_is_null(json_object_get(body, "rule"));
	const bool good = (all || take_name(body, "rule", r->name)) && take_seconds(body, &r->arg) &&
			  (r->arg == 0 || take_mode(body, &r->value)) && (all || r->name[0] != '\0');

	json_decref(body);
	return good;
}

void damp_api_post_mode(struct damp_control *c, const struct damp_http_request *req,
			struct damp_http_reply *reply)
{
	struct damp_wire_request r = { .version = DAMP_WIRE_VERSION, .type = DAMP_WIRE_MODE };
	struct damp_wire_reply wire;

	if (!read_mode(req, &r)) {
		damp_api_refuse(reply, 400, "usage",
				"the body is {\"rule\": ID or null, \"mode\": \"observe\", \"enforce\" or \"off\", "
				"\"for_s\": N} with N from 0 (ends it) to 2592000 seconds");
		return;
	}
	if (!carry_out(c, &r, &wire, NULL, reply))
		return;
	if (r.arg > 0)
		tell(c, req, "mode of %s is %s for %llu s", r.name[0] != '\0' ? r.name : "all rules",
		     damp_name_mode(r.value), (unsigned long long)r.arg);
	else
		tell(c, req, "mode of %s is that of the file again", r.name[0] != '\0' ? r.name : "all rules");
	damp_api_answer(reply, 200,
			json_pack("{s:i, s:o, s:s, s:I, s:o}", "schema", DAMP_JSON_SCHEMA, "rule",
				  r.name[0] != '\0' ? json_string(r.name) : json_null(), "mode",
				  r.arg > 0 ? damp_name_mode(r.value) : "file", "remaining_s", (json_int_t)r.arg,
				  "remark", damp_json_text(wire.text[0] != '\0' ? wire.text : NULL)));
}
