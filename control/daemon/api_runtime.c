/* SPDX-License-Identifier: BSD-3-Clause */
/* See api_runtime.h. */
#include "api_runtime.h"

#include "api.h"
#include "common/diag_json.h"
#include "common/names.h"
#include "common/program_json.h"
#include "common/text.h"
#include "log.h"
#include "peer.h"
#include "rules/suggest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "by whom", in the log and the events. */
__attribute__((format(printf, 3, 4))) static void tell(struct damp_control *c,
						       const struct damp_http_request *req,
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

/* What the data plane says, and the name that may have been meant. */
static const char *refusal(struct damp_control *c, const struct damp_wire_request *r,
			   const struct damp_wire_reply *wire, char *text, size_t len)
{
	const char *said = wire->text[0] != '\0' ? wire->text : strerror(wire->error);
	struct damp_suggestion near = damp_suggestion_start(r->name);
	const struct damp_prog *p;

	snprintf(text, len, "%s", said);
	if (wire->error != ENOENT || r->type != DAMP_WIRE_MODE)
		return text;
	pthread_mutex_lock(&c->state.lock);
	p = c->state.running;
	for (uint32_t i = 0; p != NULL && i < p->view.hdr->nrules; i++)
		damp_suggestion_try(&near, damp_progview_string(&p->view, p->view.rules[i].id_off));
	if (near.name != NULL)
		snprintf(text, len, "%s; did you mean '%s'?", said, near.name);
	pthread_mutex_unlock(&c->state.lock);
	return text;
}

/* Carry a request out. False when reply says why not. fd: NULL, or where a
 * descriptor goes. */
static bool carry_out(struct damp_control *c, const struct damp_wire_request *r, struct damp_wire_reply *wire,
		      int *fd, struct damp_http_reply *reply)
{
	const int err = damp_link_request(c->link, r, wire, fd);
	char text[sizeof(wire->text) + DAMP_NAME_MAX + 32];

	if (err == -ETIMEDOUT)
		damp_api_refuse(reply, 504, "timeout", "the data plane did not answer in time");
	else if (err)
		damp_api_refuse_away(c, reply);
	else if (wire->error)
		damp_api_refuse(reply, status_of(wire->error), word_of(wire->error),
				refusal(c, r, wire, text, sizeof(text)));
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
		tell(c, req, "mode of %s is that of the file again",
		     r.name[0] != '\0' ? r.name : "all rules");
	damp_api_answer(reply, 200,
			json_pack("{s:i, s:o, s:s, s:I, s:o}", "schema", DAMP_JSON_SCHEMA, "rule",
				  r.name[0] != '\0' ? json_string(r.name) : json_null(), "mode",
				  r.arg > 0 ? damp_name_mode(r.value) : "file", "remaining_s",
				  (json_int_t)r.arg, "remark",
				  damp_json_text(wire.text[0] != '\0' ? wire.text : NULL)));
}

/* As the data plane keeps it: nothing behind the first bits. */
static void mask(uint8_t addr[16], unsigned bits)
{
	for (unsigned i = bits; i < 128; i++)
		addr[i / 8] &= (uint8_t)~(0x80u >> i % 8);
}

/* "192.0.2.0/24", "2001:db8::1": a whole address without a length. */
static bool parse_prefix(const char *text, struct damp_wire_request *r)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char addr[DAMP_TEXT_ADDR_LEN], *end;
	const char *slash = strchr(text, '/');
	const size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	unsigned long most, plen;
	bool v4;

	if (len >= sizeof(addr))
		return false;
	memcpy(addr, text, len);
	addr[len] = '\0';
	v4 = inet_pton(AF_INET, addr, r->addr + 12) == 1;
	if (!v4 && inet_pton(AF_INET6, addr, r->addr) != 1)
		return false;
	if (v4)
		memcpy(r->addr, mapped, sizeof(mapped));
	else if (memcmp(r->addr, mapped, sizeof(mapped)) == 0)
		return false; /* written as IPv4, or not at all */
	most = v4 ? 32 : 128;
	plen = slash != NULL ? strtoul(slash + 1, &end, 10) : most;
	if (slash != NULL && (slash[1] < '0' || slash[1] > '9' || *end != '\0'))
		return false;
	if (plen > most)
		return false;
	r->plen = (uint32_t)plen;
	mask(r->addr, (unsigned)plen + (v4 ? 96 : 0));
	return true;
}

static char *prefix_text(const uint8_t addr[16], unsigned plen, char out[DAMP_TEXT_ADDR_LEN + 8])
{
	char text[DAMP_TEXT_ADDR_LEN];

	snprintf(out, DAMP_TEXT_ADDR_LEN + 8, "%s/%u", damp_text_addr(text, sizeof(text), addr), plen);
	return out;
}

static bool read_prefix(const json_t *body, struct damp_wire_request *r)
{
	const char *text = json_string_value(json_object_get(body, "prefix"));

	return text != NULL && parse_prefix(text, r) && take_seconds(body, &r->arg);
}

void damp_api_post_block(struct damp_control *c, const struct damp_http_request *req,
			 struct damp_http_reply *reply)
{
	struct damp_wire_request r = { .version = DAMP_WIRE_VERSION, .type = DAMP_WIRE_BLOCK };
	json_t *body = json_loadb(req->body, req->body_len, JSON_REJECT_DUPLICATES, NULL);
	char prefix[DAMP_TEXT_ADDR_LEN + 8];
	struct damp_wire_reply wire;
	const bool good = read_prefix(body, &r);

	json_decref(body);
	if (!good) {
		damp_api_refuse(reply, 400, "usage",
				"the body is {\"prefix\": \"192.0.2.0/24\", \"for_s\": N} with N from 0 (ends it) to "
				"2592000 seconds");
		return;
	}
	if (!carry_out(c, &r, &wire, NULL, reply))
		return;
	prefix_text(r.addr, r.plen, prefix);
	if (r.arg > 0)
		tell(c, req, "%s is blocked for %llu s", prefix, (unsigned long long)r.arg);
	else
		tell(c, req, "%s is not blocked any more", prefix);
	damp_api_answer(reply, 200, json_pack("{s:i, s:s, s:I}", "schema", DAMP_JSON_SCHEMA, "prefix", prefix,
					      "remaining_s", (json_int_t)r.arg));
}

void damp_api_post_set(struct damp_control *c, const struct damp_http_request *req,
		       struct damp_http_reply *reply)
{
	struct damp_wire_request r = { .version = DAMP_WIRE_VERSION, .type = DAMP_WIRE_SET };
	json_t *body = json_loadb(req->body, req->body_len, JSON_REJECT_DUPLICATES, NULL);
	const char *change = json_string_value(json_object_get(body, "change"));
	const bool add = change != NULL && strcmp(change, "add") == 0;
	const bool good = take_name(body, "set", r.name) && read_prefix(body, &r) &&
			  (add || (change != NULL && strcmp(change, "del") == 0));
	char prefix[DAMP_TEXT_ADDR_LEN + 8];
	struct damp_wire_reply wire;

	json_decref(body);
	if (!good) {
		damp_api_refuse(reply, 400, "usage",
				"the body is {\"set\": NAME, \"prefix\": \"192.0.2.0/24\", \"change\": \"add\" or "
				"\"del\", \"for_s\": N}");
		return;
	}
	r.value = add ? DAMP_SET_ADD : DAMP_SET_DEL;
	if (!carry_out(c, &r, &wire, NULL, reply))
		return;
	damp_api_answer(reply, 200,
			json_pack("{s:i, s:s, s:s, s:s}", "schema", DAMP_JSON_SCHEMA, "set", r.name, "prefix",
				  prefix_text(r.addr, r.plen, prefix), "change", add ? "add" : "del"));
}

static json_t *item_json(const struct damp_wire_item *i, bool block)
{
	char prefix[DAMP_TEXT_ADDR_LEN + 8];

	prefix_text(i->addr, i->plen, prefix);
	if (!block)
		return json_pack("{s:o, s:s, s:I}", "set", damp_json_text(i->name), "prefix", prefix,
				 "remaining_s", (json_int_t)i->left_s);
	return json_pack("{s:s, s:s, s:o, s:b, s:I}", "prefix", prefix, "drops",
			 i->list == 0 ? "from it" : "to it", "rule",
			 i->by_rule ? damp_json_text(i->name) : json_null(), "observed", i->observed != 0,
			 "remaining_s", (json_int_t)i->left_s);
}

/* The items of a descriptor that the data plane sent; closes it. */
static json_t *read_items(int fd, bool block)
{
	json_t *all = json_array();
	struct damp_wire_item i;
	off_t at = 0;

	while (pread(fd, &i, sizeof(i), at) == sizeof(i)) {
		i.name[sizeof(i.name) - 1] = '\0';
		json_array_append_new(all, item_json(&i, block));
		at += sizeof(i);
	}
	close(fd);
	return all;
}

/* sets: more to tell, or NULL; the reference is taken over. */
static void get_list(struct damp_control *c, enum damp_wire_list what, const char *key, json_t *sets,
		     struct damp_http_reply *reply)
{
	const struct damp_wire_request r = { .version = DAMP_WIRE_VERSION,
					     .type = DAMP_WIRE_SHOW,
					     .value = what };
	struct damp_wire_reply wire;
	json_t *doc;
	int fd = -1;

	if (!carry_out(c, &r, &wire, &fd, reply)) {
		if (fd >= 0)
			close(fd);
		json_decref(sets);
		return;
	}
	if (fd < 0) {
		damp_api_refuse(reply, 502, "refused", "the data plane sent no list");
		json_decref(sets);
		return;
	}
	doc = json_pack("{s:i, s:o}", "schema", DAMP_JSON_SCHEMA, key,
			read_items(fd, what == DAMP_SHOW_BLOCKS));
	if (sets != NULL)
		json_object_set_new(doc, "sets", sets);
	damp_api_answer(reply, 200, doc);
}

void damp_api_get_blocks(struct damp_control *c, const struct damp_http_request *req,
			 struct damp_http_reply *reply)
{
	(void)req;
	get_list(c, DAMP_SHOW_BLOCKS, "blocks", NULL, reply);
}

/* The sets that rules ask for, those without members too. */
static json_t *declared_sets(struct damp_control *c)
{
	struct damp_prog *p = damp_control_running(c);
	json_t *all = json_array();

	for (uint32_t i = 0; p != NULL && i < p->view.hdr->nsets; i++) {
		const struct damp_runtime_set *s = &p->view.sets[i];
		const char *name = damp_progview_string(&p->view, s->name_off);

		json_array_append_new(all, json_pack("{s:o, s:I, s:I}", "set", damp_json_text(name),
						     "size", (json_int_t)s->size,
						     "timeout_s", (json_int_t)s->timeout_s));
	}
	damp_prog_put(p);
	return all;
}

void damp_api_get_sets(struct damp_control *c, const struct damp_http_request *req,
		       struct damp_http_reply *reply)
{
	(void)req;
	get_list(c, DAMP_SHOW_SETS, "members", declared_sets(c), reply);
}
