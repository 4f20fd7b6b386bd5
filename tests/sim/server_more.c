/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What servers do that libcoap 4.3.1 does not, or not unasked: Q-Block, the
 * resource directory, the forward proxy, OSCORE without a context.
 *
 * Each is as small as its vector needs and follows a measured row or a section:
 * Q-Block2 sends ten blocks each 2.3 s whoever listens, Q-Block1 asks for what
 * is missing after 4, 8 and 16 s (attacks.md section 2, AV-27, AV-28); simple
 * registration fetches the links of whoever asked, again each lifetime (RFC
 * 9176 section 5.1); a proxy asks as a confirmable client (AV-38).
 */
#include "server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCKS_AT_ONCE 10u              /* MAX_PAYLOADS, RFC 9177 section 7.2 */
#define BURST_GAP SIM_MS(2300)
#define NAG_GAP DAMP_SECONDS(4)
#define NAGS 3u
#define MISSING_BLOCKS 272u             /* Content-Format */
#define LIFE_DEFAULT_S 60u
#define LINK_BYTES 48u                  /* of one registration in a lookup */
#define SIZE_OPTION DAMP_COAP_OPT_SIZE2

static struct sim_burst *new_burst(struct sim_server *v, size_t session, const struct sim_message *m)
{
	unsigned int i = 0;

	while (i < SIM_BURSTS_MAX && v->burst[i].used)
		i++;
	if (i == SIM_BURSTS_MAX)
		return NULL;
	v->burst[i] = (struct sim_burst){ .used = true, .peer = v->session[session].peer, .tkl = m->tkl };
	memcpy(v->burst[i].token, m->token, sizeof(m->token));
	return &v->burst[i];
}

static void begin_non(struct sim_server *v, size_t session, const struct sim_burst *b, uint8_t code,
		      struct sim_message *out)
{
	sim_begin(out, DAMP_COAP_NON, code, v->session[session].mid++);
	sim_set_token(out, b->token, b->tkl);
}

/* Returns false after the last one. */
static bool send_block(struct sim_server *v, size_t session, struct sim_burst *b)
{
	const size_t size = sim_block_size(b->szx), from = b->next * size, left = b->resource->len - from;
	const bool more = left > size;
	struct sim_message out;

	begin_non(v, session, b, DAMP_COAP_2_05, &out);
	sim_add_uint(&out, DAMP_COAP_OPT_ETAG, 1);
	sim_add_uint(&out, SIZE_OPTION, (uint32_t)b->resource->len);
	sim_add_block(&out, DAMP_COAP_OPT_Q_BLOCK2, (struct sim_block){ b->next++, more, b->szx });
	out.payload = b->resource->body + from;
	out.payload_len = more ? size : left;
	sim_server_send(v, session, &out);
	return more;
}

/* arg: the burst's index */
static void send_blocks(void *self, uint64_t arg)
{
	struct sim_server *v = self;
	struct sim_burst *b = &v->burst[arg];
	const size_t session = sim_server_session(v, &b->peer);

	for (unsigned int i = 0; i < BLOCKS_AT_ONCE; i++)
		if (!send_block(v, session, b)) {
			b->used = false;
			return;
		}
	sim_at(v->sim, v->sim->now + BURST_GAP, send_blocks, v, arg);
}

static bool q_block2(struct sim_server *v, size_t session, const struct sim_message *m)
{
	const struct sim_option *o = sim_option(m, DAMP_COAP_OPT_Q_BLOCK2);
	const struct sim_resource *r = sim_server_find(v, m);
	struct sim_burst *b;

	if (!v->q_block || o == NULL || r == NULL || m->code != DAMP_COAP_GET)
		return false;
	b = new_burst(v, session, m);
	if (b == NULL)
		return true;
	b->resource = r;
	b->next = sim_block(o).num;
	b->szx = sim_block(o).szx;
	if (b->next * sim_block_size(b->szx) >= r->len) {
		b->used = false;
		return false;
	}
	send_blocks(v, (uint64_t)(b - v->burst));
	return true;
}

static void nag(void *self, uint64_t arg)
{
	static const uint8_t missing[] = { 1 };
	struct sim_server *v = self;
	struct sim_burst *b = &v->burst[arg];
	struct sim_message out;

	begin_non(v, sim_server_session(v, &b->peer), b, SIM_CODE(4, 8), &out);
	sim_add_uint(&out, DAMP_COAP_OPT_CONTENT_FORMAT, MISSING_BLOCKS);
	out.payload = missing;
	out.payload_len = sizeof(missing);
	sim_server_send(v, sim_server_session(v, &b->peer), &out);
	b->gap *= 2;
	b->used = --b->left > 0;
	if (b->used)
		sim_at(v->sim, v->sim->now + b->gap, nag, v, arg);
}

/* Block 1 is missing as soon as block 2 is there. */
static bool q_block1(struct sim_server *v, size_t session, const struct sim_message *m)
{
	const struct sim_option *o = sim_option(m, DAMP_COAP_OPT_Q_BLOCK1);
	struct sim_burst *b;

	if (!v->q_block || o == NULL)
		return false;
	b = sim_block(o).num > 1 ? new_burst(v, session, m) : NULL;
	if (b == NULL)
		return true;
	b->left = NAGS;
	b->gap = NAG_GAP;
	sim_at(v->sim, v->sim->now + b->gap, nag, v, (uint64_t)(b - v->burst));
	return true;
}

/* A confirmable GET of our own. */
static void ask(struct sim_server *v, const struct sim_end *whom, const char *path)
{
	struct sim_message out;
	uint8_t data[SIM_MESSAGE_MAX], token[2];

	damp_put16(token, (uint16_t)sim_random(v->sim));
	sim_begin(&out, DAMP_COAP_CON, DAMP_COAP_GET, (uint16_t)sim_random(v->sim));
	sim_set_token(&out, token, sizeof(token));
	sim_add_path(&out, path);
	sim_con_send(&v->cons, &v->end, whom, data, sim_write(&out, data), 0);
}

struct renewal { struct sim_server *server; struct sim_end peer; uint32_t life_s; };

static void renew(void *self, uint64_t arg)
{
	struct renewal *r = self;

	(void)arg;
	ask(r->server, &r->peer, ".well-known/core");
	sim_at(r->server->sim, r->server->sim->now + DAMP_SECONDS(r->life_s), renew, r, 0);
}

static uint32_t life_of(const struct sim_message *m)
{
	for (unsigned int i = 0; i < m->noptions; i++)
		if (m->option[i].number == DAMP_COAP_OPT_URI_QUERY && m->option[i].len > 3 &&
		    memcmp(m->option[i].value, "lt=", 3) == 0) {
			char text[12] = "";

			memcpy(text, m->option[i].value + 3, m->option[i].len - 3 > 11 ? 11 : m->option[i].len - 3);
			return (uint32_t)strtoul(text, NULL, 10);
		}
	return LIFE_DEFAULT_S;
}

/* One renewal for each session that asked; they live as long as the world. */
static void register_simply(struct sim_server *v, size_t session, const struct sim_message *m)
{
	const struct sim_end peer = v->session[session].peer;
	struct renewal *r;

	for (size_t i = 0; i < v->nrenewals; i++)
		if (sim_same_end(&((struct renewal *)v->renewal[i])->peer, &peer))
			return;
	if (v->nrenewals == SIM_RENEWALS_MAX)
		return;
	r = malloc(sizeof(*r));
	assert(r != NULL);
	*r = (struct renewal){ v, peer, life_of(m) };
	v->renewal[v->nrenewals++] = r;
	renew(r, 0);
}

static void registered(struct sim_server *v, size_t session, const struct sim_message *m)
{
	struct sim_message out;
	char where[12];

	snprintf(where, sizeof(where), "%u", v->registered++ % 100000);
	if (v->listing != NULL && v->listing->len + LINK_BYTES < UINT16_MAX) {
		v->listing->len += LINK_BYTES;
		sim_notify(v, v->listing);
	}
	sim_server_answer(v, session, m, SIM_CODE(2, 1), &out);
	sim_add_option(&out, DAMP_COAP_OPT_LOCATION_PATH, "rd", 2);
	sim_add_option(&out, DAMP_COAP_OPT_LOCATION_PATH, where, strlen(where));
	sim_server_send(v, session, &out);
}

static bool registry(struct sim_server *v, size_t session, const struct sim_message *m)
{
	struct sim_message out;

	if (!v->registry || m->code != DAMP_COAP_POST)
		return false;
	if (sim_path_is(m, "rd")) {
		registered(v, session, m);
		return true;
	}
	if (!sim_path_is(m, ".well-known/rd"))
		return false;
	sim_server_answer(v, session, m, SIM_CODE(2, 4), &out);
	sim_server_send(v, session, &out);
	register_simply(v, session, m);
	return true;
}

static bool proxied(struct sim_server *v, size_t session, const struct sim_message *m)
{
	if (!v->proxy || sim_option(m, DAMP_COAP_OPT_PROXY_URI) == NULL)
		return false;
	if (m->type == DAMP_COAP_CON) {
		struct sim_message ack;

		sim_begin(&ack, DAMP_COAP_ACK, DAMP_COAP_CODE_EMPTY, m->mid);
		sim_server_send(v, session, &ack);
	}
	ask(v, &v->proxied, "x");
	return true;
}

static bool no_context(struct sim_server *v, size_t session, const struct sim_message *m)
{
	static const char text[] = "Security context not found";
	struct sim_message out;

	if (!v->oscore || sim_option(m, DAMP_COAP_OPT_OSCORE) == NULL)
		return false;
	sim_server_answer(v, session, m, DAMP_COAP_4_01, &out);
	sim_add_uint(&out, DAMP_COAP_OPT_MAX_AGE, 0);
	out.payload = (const uint8_t *)text;
	out.payload_len = sizeof(text) - 1;
	sim_server_send(v, session, &out);
	return true;
}

bool sim_server_more(struct sim_server *v, size_t session, const struct sim_message *m)
{
	return q_block2(v, session, m) || q_block1(v, session, m) || registry(v, session, m) ||
	       proxied(v, session, m) || no_context(v, session, m);
}
