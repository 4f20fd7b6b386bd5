/* SPDX-License-Identifier: BSD-3-Clause */
/* `send`: one mapping, or a list of them; see testfile.h. */
#include "testfile_int.h"

#include <string.h>

#define TIMES_MAX 1000000u
#define OVER_MS_MAX 86400000u
#define SIZE_MAX_BYTES 65507u /* of a UDP payload over IPv4 */

static const char *const words[] = { "from", "to",    "side", "msg",   "option",
				     "size", "times", "over", "reply", NULL };
enum {
	SEND_FROM,
	SEND_TO,
	SEND_SIDE,
	SEND_MSG,
	SEND_OPTION,
	SEND_SIZE,
	SEND_TIMES,
	SEND_OVER,
	SEND_REPLY
};

struct sending {
	struct damp_test_send *s;
	const struct damp_node *from, *to, *msg, *option, *size;
};

static void read_bytes(struct damp_ctx *c, const struct damp_node *n, uint32_t *out)
{
	struct damp_quantity q;

	if (!damp_read_quantity(c, n, DAMP_WANT(BYTES), &q))
		return;
	*out = (uint32_t)(q.micro / DAMP_MICRO);
	if (q.micro / DAMP_MICRO < DAMP_COAP_HEADER_LEN || q.micro / DAMP_MICRO > SIZE_MAX_BYTES)
		damp_diag_error(c->diags, n->at, "a message has %u to %u bytes",
				DAMP_COAP_HEADER_LEN, SIZE_MAX_BYTES);
}

static void send_key(struct damp_ctx *c, int key, const struct damp_pair *p, void *user)
{
	static const char *const sides[] = { "outside", "inside", NULL };
	struct sending *s = user;
	struct damp_quantity q;
	uint64_t n;

	switch (key) {
	case SEND_FROM: s->from = p->value; break;
	case SEND_TO: s->to = p->value; break;
	case SEND_MSG: s->msg = p->value; break;
	case SEND_OPTION: s->option = p->value; break;
	case SEND_SIZE: s->size = p->value; break;
	case SEND_REPLY: read_bytes(c, p->value, &s->s->reply); break;
	case SEND_SIDE: s->s->side = damp_read_word(c, p->value, "side", sides); break;
	case SEND_TIMES:
		if (damp_read_integer(c, p->value, 1, TIMES_MAX, &n))
			s->s->times = (uint32_t)n;
		break;
	default:
		if (!damp_read_quantity(c, p->value, DAMP_WANT(MS), &q))
			break;
		s->s->over_ms = (uint32_t)(q.micro / DAMP_MICRO);
		if (q.micro / DAMP_MICRO > OVER_MS_MAX)
			damp_diag_error(c->diags, p->value->at, "a test lasts at most a day");
	}
}

static void read_option(struct damp_ctx *c, const struct damp_node *n, struct damp_description *d)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, "an option, like observe=0", &at);
	char why[DAMP_DESCRIBE_WHY];

	if (text && !damp_describe_option(d, text, why))
		damp_diag_error(c->diags, at->at, "%s", why);
}

static void read_message(struct damp_ctx *c, struct sending *s)
{
	struct damp_description *d = &s->s->message;
	uint8_t *nowhere = damp_pool_alloc(c->pool, SIZE_MAX_BYTES + 1);
	char why[DAMP_DESCRIBE_WHY];
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, s->msg, "a message, like 'CON GET /a'", &at);

	if (!text)
		return;
	if (!damp_describe(text, d, why)) {
		damp_diag_error(c->diags, at->at, "%s", why);
		return;
	}
	for (size_t i = 0; s->option && s->option->kind == DAMP_NODE_LIST && i < s->option->n; i++)
		read_option(c, s->option->items[i], d);
	if (s->option && s->option->kind != DAMP_NODE_LIST)
		read_option(c, s->option, d);
	if (s->size)
		read_bytes(c, s->size, &d->size);
	if (damp_describe_message(d, nowhere, SIZE_MAX_BYTES, why) == 0)
		damp_diag_error(c->diags, s->size ? s->size->at : at->at, "%s", why);
}

/* A response comes from the CoAP port, everything else goes to it. */
static void read_ends(struct damp_ctx *c, struct sending *s)
{
	const bool response = DAMP_COAP_CLASS(s->s->message.code) >= 2;

	if (damp_test_endpoint(c, s->from, response ? DAMP_PORT_COAP : DAMP_CLIENT_PORT,
			       &s->s->from) &&
	    damp_test_endpoint(c, s->to, response ? DAMP_CLIENT_PORT : DAMP_PORT_COAP, &s->s->to) &&
	    damp_addr_is_v4(&s->s->from.addr) != damp_addr_is_v4(&s->s->to.addr))
		damp_diag_error(c->diags, s->to->at, "one address is IPv4 and the other IPv6");
}

static void read_send(struct damp_ctx *c, const struct damp_node *n, struct damp_test_send *out)
{
	struct sending s = { .s = out };

	*out = (struct damp_test_send){ .side = -1, .times = 1, .line = n->at.line };
	damp_test_keys(c, n, "'send'", words, send_key, &s);
	if (n->kind != DAMP_NODE_MAP)
		return;
	if (!s.from || !s.to || !s.msg) {
		damp_diag_error(c->diags, n->at, "'send' needs 'from', 'to' and 'msg'");
		return;
	}
	read_message(c, &s);
	read_ends(c, &s);
}

void damp_test_sends_read(struct damp_ctx *c, const struct damp_node *n, struct damp_test *t)
{
	const bool list = n->kind == DAMP_NODE_LIST;

	t->nsends = list ? n->n : 1;
	t->sends = damp_pool_alloc(c->pool, (t->nsends + 1) * sizeof(*t->sends));
	for (size_t i = 0; i < t->nsends; i++)
		read_send(c, list ? n->items[i] : n, &t->sends[i]);
	if (t->nsends == 0)
		damp_diag_error(c->diags, n->at, "'send' sends nothing");
}
