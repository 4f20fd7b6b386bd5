/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests to the simulated server; see server.h. */
#include "server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define UPLOAD_MAX 65536u
#define LEISURE_S 5                 /* RFC 7252 section 4.8 */
#define LINK_AROUND 36u
#define SZX_DEFAULT 6u
#define SZX_RESERVED 7u
#define SIGNAL_PING SIM_CODE(7, 2)
#define SIGNAL_PONG SIM_CODE(7, 3)
#define SIM_DIAGNOSTIC_MAX 512u
#define OPT_CUSTODY 2u              /* RFC 8323 section 5.4.1 */

static void gave_up(void *owner, const struct sim_con *c);
static void receive(void *self, const struct sim_datagram *d);

void sim_server_open(struct sim_server *v, struct sim *s, const struct sim_end *end)
{
	sim_server_open_on(v, s, DAMP_INSIDE, end);
}

void sim_server_open_on(struct sim_server *v, struct sim *s, enum damp_side side, const struct sim_end *end)
{
	memset(v, 0, sizeof(*v));
	v->sim = s;
	v->side = side;
	v->end = *end;
	v->cons = (struct sim_con_list){ .sim = s, .side = side, .owner = v, .gave_up = gave_up };
	sim_add(s, &(struct sim_node){ .end = *end, .plen = 128, .side = side, .self = v, .receive = receive });
}

void sim_server_close(struct sim_server *v)
{
	for (unsigned int i = 0; i < v->nresources; i++)
		free(v->resource[i].body);
	for (size_t i = 0; i < v->nsessions; i++)
		free(v->session[i].upload);
	for (size_t i = 0; i < v->nrenewals; i++)
		free(v->renewal[i]);
	free(v->session);
	sim_con_free(&v->cons);
}

struct sim_resource *sim_server_add(struct sim_server *v, const char *path, size_t len, uint32_t seed)
{
	struct sim_resource *r = &v->resource[v->nresources++];

	assert(v->nresources <= SIM_RESOURCES_MAX && strlen(path) < SIM_PATH_MAX);
	*r = (struct sim_resource){
		.copies = 1, .len = len, .format = -1, .max_age = -1, .observable = true, .serial = 2
	};
	snprintf(r->path, sizeof(r->path), "%s", path);
	/* Room for the listing to grow. */
	r->body = calloc(1, len > UPLOAD_MAX ? len : UPLOAD_MAX);
	assert(r->body != NULL);
	for (size_t i = 0; i < len; i++)
		r->body[i] = sim_body_byte(seed, i);
	return r;
}

/* arg: the resource's index */
static void change(void *self, uint64_t arg)
{
	struct sim_server *v = self;
	struct sim_resource *r = &v->resource[arg];

	sim_notify(v, r);
	sim_at(v->sim, v->sim->now + r->every, change, v, arg);
}

void sim_server_every(struct sim_server *v, struct sim_resource *r, damp_tick every)
{
	r->every = every;
	sim_at(v->sim, v->sim->now + every, change, v, (uint64_t)(r - v->resource));
}

struct sim_resource *sim_server_find(struct sim_server *v, const struct sim_message *m)
{
	const bool core = v->abbreviated && sim_option(m, DAMP_COAP_OPT_URI_PATH_ABBREV) != NULL;

	for (unsigned int i = 0; i < v->nresources; i++)
		if (core ? strcmp(v->resource[i].path, ".well-known/core") == 0
			 : sim_path_is(m, v->resource[i].path))
			return &v->resource[i];
	return NULL;
}

size_t sim_server_session(struct sim_server *v, const struct sim_end *peer)
{
	for (size_t i = 0; i < v->nsessions; i++)
		if (sim_same_end(&v->session[i].peer, peer))
			return i;
	if (v->nsessions == v->session_room) {
		v->session_room = v->session_room * 2 + 64;
		v->session = realloc(v->session, v->session_room * sizeof(*v->session));
		assert(v->session != NULL);
	}
	v->session[v->nsessions] = (struct sim_session){ .peer = *peer, .mid = (uint16_t)sim_random(v->sim) };
	return v->nsessions++;
}

void sim_server_send(struct sim_server *v, size_t session, const struct sim_message *m)
{
	uint8_t out[SIM_MESSAGE_MAX];

	sim_send(v->sim, v->side, &v->end, &v->session[session].peer, out, sim_write(m, out));
}

/* A response to a GET with the whole body in one datagram. */
static void send_whole(struct sim_server *v, size_t session, const struct sim_message *m,
		       const struct sim_resource *r)
{
	struct sim_message out;
	uint8_t *data = malloc(SIM_MESSAGE_MAX + r->len);
	size_t n;

	assert(data != NULL);
	sim_server_answer(v, session, m, DAMP_COAP_2_05, &out);
	n = sim_write(&out, data);
	data[n++] = DAMP_COAP_PAYLOAD_MARKER;
	memcpy(data + n, r->body, r->len);
	sim_send_fragments(v->sim, v->side, &v->end, &v->session[session].peer, data, n + r->len);
	free(data);
}

/* Begin a response in kind: ACK to a CON, else a NON of our own (4.3.1 answers
 * a request in an ACK so, too). */
void sim_server_answer(struct sim_server *v, size_t session, const struct sim_message *m, uint8_t code,
		       struct sim_message *out)
{
	if (m->type != DAMP_COAP_CON)
		sim_begin(out, DAMP_COAP_NON, code, v->session[session].mid++);
	else
		sim_begin(out, DAMP_COAP_ACK, code, m->mid);
	sim_set_token(out, m->token, m->tkl);
}

static const char *error_text(uint8_t code)
{
	switch (code) {
	case SIM_CODE(4, 0): return "Bad Request";
	case SIM_CODE(4, 2): return "Bad Option";
	case SIM_CODE(4, 4): return "Not Found";
	case SIM_CODE(4, 5): return "Method Not Allowed";
	case SIM_CODE(5, 5): return "Proxying Not Supported";
	default: return "";
	}
}

static void set_error(const struct sim_server *v, struct sim_message *out, uint8_t code)
{
	static const uint8_t trace[SIM_DIAGNOSTIC_MAX];

	out->code = code;
	out->payload = v->diagnostic ? trace : (const uint8_t *)error_text(code);
	out->payload_len = v->diagnostic ? v->diagnostic : strlen(error_text(code));
}

/* Errors to a group request are sent when No-Response asks for them only
 * (RFC 7967 section 2.1). */
static bool suppressed(const struct sim_server *v, const struct sim_message *m)
{
	const struct sim_option *wish = sim_option(m, DAMP_COAP_OPT_NO_RESPONSE);

	return v->in_group && (wish == NULL || sim_uint(wish) != 0);
}

static void send_error(struct sim_server *v, size_t session, const struct sim_message *m, uint8_t code)
{
	struct sim_message out;

	if (suppressed(v, m))
		return;
	sim_server_answer(v, session, m, code, &out);
	set_error(v, &out, code);
	sim_server_send(v, session, &out);
}

static void send_empty(struct sim_server *v, size_t session, uint8_t type, uint16_t mid)
{
	struct sim_message out;

	sim_begin(&out, type, DAMP_COAP_CODE_EMPTY, mid);
	sim_server_send(v, session, &out);
}

void sim_server_content(struct sim_server *v, size_t session, const struct sim_resource *r,
			const struct sim_block *block, struct sim_message *out)
{
	struct sim_session *s = &v->session[session];
	struct sim_block b = block != NULL ? *block : (struct sim_block){ .szx = SZX_DEFAULT };
	const size_t size = sim_block_size(b.szx), from = (size_t)b.num * size;

	if (b.num > 0 && from >= r->len) {
		set_error(v, out, SIM_CODE(4, 0));
		return;
	}
	b.more = r->len - from > size;
	out->payload = r->body + from;
	out->payload_len = b.more ? size : r->len - from;
	if (r->format >= 0)
		sim_add_uint(out, DAMP_COAP_OPT_CONTENT_FORMAT, (uint32_t)r->format);
	if (r->max_age >= 0)
		sim_add_uint(out, DAMP_COAP_OPT_MAX_AGE, (uint32_t)r->max_age);
	if (block == NULL && !b.more)
		return;
	sim_add_block(out, DAMP_COAP_OPT_BLOCK2, b);
	if (b.num == 0 && b.more) {
		s->etag++;
		s->transfer = r;
	}
	if (s->transfer == r && (b.more || b.num > 0)) {
		sim_add_uint(out, DAMP_COAP_OPT_ETAG, s->etag);
		sim_add_uint(out, DAMP_COAP_OPT_SIZE2, (uint32_t)r->len);
	}
}

static void send_pending(void *self, uint64_t arg)
{
	struct sim_server *v = self;
	struct sim_pending *w = &v->pending[arg];
	const size_t session = sim_server_session(v, &w->peer);
	uint8_t data[SIM_MESSAGE_MAX];
	struct sim_message out;
	size_t len;

	w->used = false;
	sim_begin(&out, w->con ? DAMP_COAP_CON : DAMP_COAP_NON, DAMP_COAP_2_05, v->session[session].mid++);
	sim_set_token(&out, w->token, w->tkl);
	sim_server_content(v, session, w->resource, NULL, &out);
	len = sim_write(&out, data);
	if (w->con)
		sim_con_send(&v->cons, &v->end, &w->peer, data, len, 0);
	else
		sim_send(v->sim, v->side, &v->end, &w->peer, data, len);
}

static void answer_later(struct sim_server *v, size_t session, struct sim_resource *r,
			 const struct sim_message *m)
{
	uint64_t i = 0;

	while (i < SIM_PENDING_MAX && v->pending[i].used)
		i++;
	assert(i < SIM_PENDING_MAX);
	v->pending[i] = (struct sim_pending){ .used = true,
					      .con = m->type == DAMP_COAP_CON,
					      .peer = v->session[session].peer,
					      .resource = r,
					      .tkl = m->tkl };
	memcpy(v->pending[i].token, m->token, sizeof(m->token));
	if (m->type == DAMP_COAP_CON)
		send_empty(v, session, DAMP_COAP_ACK, m->mid);
	sim_at(v->sim, v->sim->now + r->delay, send_pending, v, i);
}

/* One more answer to a request, as a message of its own. */
static void send_content(struct sim_server *v, size_t session, const struct sim_message *m,
			 const struct sim_resource *r, const struct sim_block *block)
{
	struct sim_message out;

	sim_begin(&out, DAMP_COAP_NON, DAMP_COAP_2_05, v->session[session].mid++);
	sim_set_token(&out, m->token, m->tkl);
	sim_server_content(v, session, r, block, &out);
	sim_server_send(v, session, &out);
}

static void on_get(struct sim_server *v, size_t session, const struct sim_message *m)
{
	const struct sim_option *observe = sim_option(m, DAMP_COAP_OPT_OBSERVE);
	const struct sim_option *block2 = sim_option(m, DAMP_COAP_OPT_BLOCK2);
	struct sim_resource *r = sim_server_find(v, m);
	struct sim_block block = { 0 };
	struct sim_message out;

	if (r == NULL) {
		send_error(v, session, m, SIM_CODE(4, 4));
		return;
	}
	if (r->whole) {
		send_whole(v, session, m, r);
		return;
	}
	if (r->delay > 0) {
		answer_later(v, session, r, m);
		return;
	}
	for (unsigned int i = 1; i < r->copies; i++)
		send_content(v, session, m, r, NULL);
	sim_server_answer(v, session, m, DAMP_COAP_2_05, &out);
	if (observe != NULL && r->observable && sim_uint(observe) == 0) {
		sim_observe(v, session, r, m);
		sim_add_uint(&out, DAMP_COAP_OPT_OBSERVE, r->serial);
	} else if (observe != NULL && sim_uint(observe) == 1) {
		sim_unobserve(v, session, r, m);
	}
	if (block2 != NULL)
		block = sim_block(block2);
	sim_server_content(v, session, r, block2 != NULL && block.szx != SZX_RESERVED ? &block : NULL, &out);
	sim_server_send(v, session, &out);
}

/* Uri-Path as text. False when it is too long for a resource. */
static bool path_text(const struct sim_message *m, char *out)
{
	size_t n = 0;

	out[0] = '\0';
	for (unsigned int i = 0; i < m->noptions; i++) {
		const struct sim_option *o = &m->option[i];

		if (o->number != DAMP_COAP_OPT_URI_PATH)
			continue;
		if (n + o->len + 2 > SIM_PATH_MAX)
			return false;
		n += (size_t)snprintf(out + n, SIM_PATH_MAX - n, "%s%.*s", n ? "/" : "", (int)o->len,
				      o->value);
	}
	return true;
}

/* Store a body; returns the code of the answer. */
static uint8_t store(struct sim_server *v, const struct sim_message *m, const char *path, const uint8_t *body,
		     size_t len)
{
	struct sim_resource *r = sim_server_find(v, m);
	const bool fresh = r == NULL;

	if (fresh)
		r = sim_server_add(v, path, 0, 0);
	if (fresh && v->listing != NULL) {
		/* </path>;if="clock" and the like */
		v->listing->len += strlen(path) + LINK_AROUND;
		assert(v->listing->len <= UPLOAD_MAX);
	}
	r->body = realloc(r->body, len + 1);
	assert(r->body != NULL);
	memcpy(r->body, body, len);
	r->len = len;
	if (!fresh)
		sim_notify(v, r);
	return fresh ? SIM_CODE(2, 1) : SIM_CODE(2, 4);
}

/* One block of an upload; returns the code of the answer. */
static uint8_t take_block(struct sim_server *v, size_t session, const struct sim_message *m, const char *path,
			  struct sim_block b)
{
	struct sim_session *s = &v->session[session];
	uint8_t code;

	if (b.num == 0) {
		s->upload = realloc(s->upload, UPLOAD_MAX);
		assert(s->upload != NULL);
		snprintf(s->upload_path, sizeof(s->upload_path), "%s", path);
		s->upload_len = 0;
		v->partial++;
	}
	if (s->upload == NULL || strcmp(s->upload_path, path) != 0 ||
	    (size_t)b.num * sim_block_size(b.szx) != s->upload_len ||
	    s->upload_len + m->payload_len > UPLOAD_MAX)
		return SIM_CODE(5, 0);
	memcpy(s->upload + s->upload_len, m->payload, m->payload_len);
	s->upload_len += m->payload_len;
	if (b.more)
		return SIM_CODE(2, 31);
	code = store(v, m, path, s->upload, s->upload_len);
	free(s->upload);
	s->upload = NULL;
	v->partial--;
	return code;
}

static void on_put(struct sim_server *v, size_t session, const struct sim_message *m)
{
	const struct sim_option *o = sim_option(m, DAMP_COAP_OPT_BLOCK1);
	struct sim_block b = { 0 };
	const struct sim_resource *r = sim_server_find(v, m);
	const bool computes = r != NULL && r->answers > 0;
	char path[SIM_PATH_MAX];
	struct sim_message out;
	uint8_t code;

	if (!path_text(m, path)) {
		send_error(v, session, m, SIM_CODE(4, 0));
		return;
	}
	if (o != NULL)
		b = sim_block(o);
	code = computes ? SIM_CODE(2, 4) : o != NULL ? take_block(v, session, m, path, b) :
	       store(v, m, path, m->payload, m->payload_len);
	sim_server_answer(v, session, m, code, &out);
	if (code == SIM_CODE(2, 31))
		sim_add_block(&out, DAMP_COAP_OPT_BLOCK1, b);
	if (computes) {
		out.payload = r->body;
		out.payload_len = r->answers;
	}
	sim_server_send(v, session, &out);
}

static bool is_unknown_critical(const struct sim_server *v, uint32_t number)
{
	static const uint8_t known[] = { 1, 3, 5, 7, 11, 15, 17, 23, 27, 35, 39 };

	for (size_t i = 0; i < sizeof(known); i++)
		if (known[i] == number)
			return false;
	if (v->q_block && (number == DAMP_COAP_OPT_Q_BLOCK1 || number == DAMP_COAP_OPT_Q_BLOCK2))
		return false;
	if (v->oscore && number == DAMP_COAP_OPT_OSCORE)
		return false;
	if (v->abbreviated && number == DAMP_COAP_OPT_URI_PATH_ABBREV)
		return false;
	return number & 1;
}

static bool has_unknown_critical(const struct sim_server *v, const struct sim_message *m)
{
	for (unsigned int i = 0; i < m->noptions; i++)
		if (is_unknown_critical(v, m->option[i].number))
			return true;
	return false;
}

/* Refuse a request with critical options that are not known: 4.02 with them in
 * it (but for OSCORE) to a CON, RST to a NON. True when it did. */
static bool refuse_options(struct sim_server *v, size_t session, const struct sim_message *m)
{
	struct sim_message out;

	if (!has_unknown_critical(v, m))
		return false;
	if (m->type == DAMP_COAP_NON) {
		send_empty(v, session, DAMP_COAP_RST, m->mid);
		return true;
	}
	sim_server_answer(v, session, m, SIM_CODE(4, 2), &out);
	for (unsigned int i = 0; i < m->noptions; i++)
		if (is_unknown_critical(v, m->option[i].number) && m->option[i].number != DAMP_COAP_OPT_OSCORE)
			sim_add_option(&out, m->option[i].number, m->option[i].value, m->option[i].len);
	set_error(v, &out, SIM_CODE(4, 2));
	sim_server_send(v, session, &out);
	return true;
}

static void on_request(struct sim_server *v, size_t session, const struct sim_message *m)
{
	v->requests++;
	if (refuse_options(v, session, m) || sim_server_more(v, session, m))
		return;
	if (sim_option(m, DAMP_COAP_OPT_PROXY_URI) != NULL ||
	    sim_option(m, DAMP_COAP_OPT_PROXY_SCHEME) != NULL)
		send_error(v, session, m, SIM_CODE(5, 5));
	else if (m->code == DAMP_COAP_GET || (v->fetches && m->code == DAMP_COAP_FETCH))
		on_get(v, session, m);
	else if (m->code == DAMP_COAP_PUT || m->code == DAMP_COAP_POST)
		on_put(v, session, m);
	else
		send_error(v, session, m, SIM_CODE(4, 5));
}

static void on_answer(struct sim_server *v, size_t session, const struct sim_message *m)
{
	const struct sim_con *c = sim_con_answered(&v->cons, &v->session[session].peer, m->mid);

	if (m->type == DAMP_COAP_RST)
		sim_observe_reset(v, session, m->mid);
	if (c != NULL && c->tag != 0)
		sim_observe_acked(v, session);
}

static void gave_up(void *owner, const struct sim_con *c)
{
	if (c->tag != 0)
		sim_observe_gave_up(owner, sim_server_session(owner, &c->dst), c->tag);
}

/* A Pong goes out as a confirmable message, which is a fault of this version
 * (attacks.md AV-10). */
static void send_pong(struct sim_server *v, size_t session)
{
	struct sim_message out;
	uint8_t data[SIM_MESSAGE_MAX];

	sim_begin(&out, DAMP_COAP_CON, SIGNAL_PONG, v->session[session].mid++);
	sim_add_option(&out, OPT_CUSTODY, "", 0);
	sim_con_send(&v->cons, &v->end, &v->session[session].peer, data, sim_write(&out, data), 0);
}

static void receive(void *self, const struct sim_datagram *d)
{
	struct sim_server *v = self;
	const size_t session = sim_server_session(v, &d->src);
	struct sim_message m;
	const bool good = sim_read(d->data, d->len, &m) &&
			  (m.tkl <= DAMP_COAP_TOKEN_MAX || v->extended_tokens);

	if (v->bounces && good && m.code == DAMP_COAP_CODE_EMPTY && m.type == DAMP_COAP_RST)
		send_empty(v, session, DAMP_COAP_RST, m.mid);
	if (!good || (m.code == DAMP_COAP_CODE_EMPTY && m.type < DAMP_COAP_ACK))
		send_empty(v, session, DAMP_COAP_RST, m.mid);
	else if (m.code == DAMP_COAP_CODE_EMPTY)
		on_answer(v, session, &m);
	else if (DAMP_COAP_CLASS(m.code) == 0)
		on_request(v, session, &m);
	else if (m.code == SIGNAL_PING)
		send_pong(v, session);
}

/* A copy of a group request that waits for its member's leisure. */
struct waiting { struct sim_server *server; struct sim_end src; size_t len; uint8_t data[]; };

static void at_leisure(void *self, uint64_t arg)
{
	struct waiting *q = self;
	struct sim_message m;

	(void)arg;
	if (sim_read(q->data, q->len, &m) && DAMP_COAP_CLASS(m.code) == 0) {
		q->server->in_group = true;
		on_request(q->server, sim_server_session(q->server, &q->src), &m);
		q->server->in_group = false;
	}
	free(q);
}

void sim_server_group(struct sim_server *v, const struct sim_datagram *d)
{
	const uint32_t leisure = (uint32_t)DAMP_SECONDS(LEISURE_S);
	struct waiting *q = malloc(sizeof(*q) + d->len);
	struct sim_message m;

	assert(q != NULL);
	*q = (struct waiting){ .server = v, .src = d->src, .len = d->len };
	memcpy(q->data, d->data, d->len);
	/* 4.3.1 resets what is broken at once, all members together. */
	if (!sim_read(d->data, d->len, &m) || has_unknown_critical(v, &m)) {
		send_empty(v, sim_server_session(v, &d->src), DAMP_COAP_RST, m.mid);
		free(q);
		return;
	}
	sim_at(v->sim, v->sim->now + sim_below(v->sim, leisure), at_leisure, q, 0);
}
