/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * match: from a mapping of conditions to struct damp_match, and what the
 * conditions say together.
 *
 * Invariant: content is only asked of messages that have it (program.h): path
 * and query of requests; type, code and options of well-formed CoAP. A rule
 * that could never match is an error, not a silent hole.
 */
#include "read.h"
#include "terms.h"

#include <damper/program.h>
#include <string.h>

#define KIND_BIT(k) (1ull << DAMP_KIND_##k)
#define KINDS_COAP (KIND_BIT(REQUEST) | KIND_BIT(RESPONSE) | KIND_BIT(EMPTY))

struct match_walk {
	struct damp_match *m;
	struct damp_rule_model *r;
	struct damp_place msg_at, code_at, request_at, coap_at, dtls_at;
	const char *request_key, *coap_key; /* a key that asks for a request, for CoAP content */
	const char *dtls_key;
};

static void needs_request(struct match_walk *w, const struct damp_pair *p)
{
	w->request_key = p->key->text;
	w->request_at = p->key->at;
}

static void needs_coap(struct match_walk *w, const struct damp_pair *p)
{
	w->coap_key = p->key->text;
	w->coap_at = p->key->at;
}

static void read_content(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
			 struct match_walk *w)
{
	struct damp_match *m = w->m;

	switch (key) {
	case DAMP_KEY_MATCH_TYPE:
		needs_coap(w, p);
		damp_type_read(c, p->value, &m->type);
		break;
	case DAMP_KEY_MATCH_CODE:
		needs_coap(w, p);
		w->code_at = p->key->at;
		damp_code_read(c, p->value, &m->code);
		break;
	case DAMP_KEY_MATCH_OPTION:
		needs_coap(w, p);
		damp_option_read(c, p->value, m);
		break;
	case DAMP_KEY_MATCH_PATH:
		needs_request(w, p);
		damp_text_read(c, p->value, DAMP_TEXT_PATH, &m->text[DAMP_TEXT_PATH]);
		break;
	case DAMP_KEY_MATCH_QUERY:
		needs_request(w, p);
		damp_text_read(c, p->value, DAMP_TEXT_QUERY, &m->text[DAMP_TEXT_QUERY]);
		break;
	default: break;
	}
}

static void read_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		     void *user)
{
	struct match_walk *w = user;
	struct damp_match *m = w->m;

	switch (key) {
	case DAMP_KEY_MATCH_FROM: damp_endpoint_read(c, p->value, "from", true, &m->src[0]); break;
	case DAMP_KEY_MATCH_SOURCE:
		damp_endpoint_read(c, p->value, "source", true, &m->src[1]);
		break;
	case DAMP_KEY_MATCH_TO: damp_endpoint_read(c, p->value, "to", false, &m->dst[0]); break;
	case DAMP_KEY_MATCH_TARGET:
		damp_endpoint_read(c, p->value, "target", false, &m->dst[1]);
		break;
	case DAMP_KEY_MATCH_FROM_PORT:
		damp_ports_read(c, p->value, "from_port", &m->from_port);
		break;
	case DAMP_KEY_MATCH_TO_PORT: damp_ports_read(c, p->value, "to_port", &m->to_port); break;
	case DAMP_KEY_MATCH_MSG:
		w->msg_at = p->key->at;
		damp_msg_read(c, p->value, &m->kind);
		break;
	case DAMP_KEY_MATCH_SIZE: damp_size_read(c, p->value, &m->size); break;
	case DAMP_KEY_MATCH_VERIFIED: damp_truth_read(c, p->value, "verified", &m->verified); break;
	case DAMP_KEY_MATCH_SOLICITED:
		damp_truth_read(c, p->value, "solicited", &m->solicited);
		break;
	case DAMP_KEY_MATCH_WHEN: damp_when_read(c, p->value, w->r); break;
	case DAMP_KEY_MATCH_DTLS:
	case DAMP_KEY_MATCH_COOKIE:
		w->dtls_key = p->key->text;
		w->dtls_at = p->key->at;
		damp_hello_read(c, p->value, key == DAMP_KEY_MATCH_COOKIE, &m->hello);
		break;
	default: read_content(c, key, p, w); break;
	}
}

/* Kinds of message a set of codes can belong to. */
static uint64_t kinds_of_codes(const uint64_t code[4])
{
	uint64_t kinds = 0;

	for (unsigned v = 0; v < 256; v++) {
		const unsigned cls = v >> 5;

		if (!((code[v >> 6] >> (v & 63)) & 1))
			continue;
		if (cls == 0)
			kinds |= v ? KIND_BIT(REQUEST) : KIND_BIT(EMPTY);
		else if (cls == 2 || cls == 4 || cls == 5)
			kinds |= KIND_BIT(RESPONSE);
	}
	return kinds;
}

/* Narrow the kinds to those that have what the rule asks for. */
static void narrow(struct damp_ctx *c, struct match_walk *w, uint64_t to, struct damp_place at,
		   const char *message)
{
	struct damp_bits_cond *kind = &w->m->kind;
	const bool asked = kind->asked;

	if (!asked)
		kind->b[0] = ~0ull;
	if (asked && !kind->b[0])
		return; /* already reported */
	kind->b[0] &= to;
	kind->asked = true;
	if (kind->b[0])
		return;
	damp_diag_error(c->diags, at, "%s", message);
	if (w->msg_at.line)
		damp_diag_notice(c->diags, w->msg_at, "'msg' asks for another kind here");
}

static void settle_kinds(struct damp_ctx *c, struct match_walk *w)
{
	if (w->request_key)
		narrow(c, w, KIND_BIT(REQUEST), w->request_at,
		       damp_pool_printf(c->pool,
					"only requests have a '%s': this rule can never match",
					w->request_key));
	if (w->coap_key)
		narrow(c, w, KINDS_COAP, w->coap_at,
		       damp_pool_printf(c->pool,
					"only requests, responses and empty messages have a '%s': "
					"this rule can "
					"never match",
					w->coap_key));
	if (w->m->hello.asked && !w->m->hello.b[0])
		damp_diag_error(c->diags, w->dtls_at, "no DTLS datagram is this and has such a cookie: this rule can never match");
	if (w->dtls_key)
		narrow(c, w, KIND_BIT(DTLS), w->dtls_at,
		       damp_pool_printf(c->pool, "only DTLS has a '%s': this rule can never match", w->dtls_key));
	if (w->m->code.asked)
		narrow(c, w, kinds_of_codes(w->m->code.b), w->code_at,
		       "no message is of this kind and has this code: this rule can never match");
}

void damp_match_read(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r)
{
	struct match_walk w = { .m = &r->match, .r = r };
	const unsigned before = c->diags->errors;

	r->has_match = true;
	n = damp_read_deref(c, n);
	r->any = n && damp_node_is(n, "any");
	if (!n || r->any)
		return;
	if (n->kind == DAMP_NODE_SCALAR) {
		damp_diag_error(c->diags, n->at, "'match' is a mapping of conditions, or 'any'");
		return;
	}
	if (n->kind == DAMP_NODE_LIST) {
		damp_diag_error(c->diags, n->at, "'match' is one mapping of conditions; write them without '-'");
		return;
	}
	damp_read_keys(c, DAMP_SECTION_MATCH, n, read_key, &w);
	if (n->kind == DAMP_NODE_MAP && !n->n)
		damp_diag_error(c->diags, n->at,
				"'match' has no conditions; write 'any' for all messages");
	if (c->diags->errors == before)
		settle_kinds(c, &w);
}
