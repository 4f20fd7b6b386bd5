/* SPDX-License-Identifier: BSD-3-Clause */
/* Honest clients; see client.h. */
#include "client.h"

#include <assert.h>

#define SEPARATE_WAIT DAMP_SECONDS(93)  /* MAX_TRANSMIT_WAIT, RFC 7252 section 4.8.2 */
#define LIBCOAP_NON_WAIT DAMP_SECONDS(90)

const struct sim_client_kind sim_libcoap_con = {
	.name = "libcoap CON", .con = true, .echo = true, .deaf = SIM_MS(250), .ping_gap = SIM_MS(250),
};
const struct sim_client_kind sim_libcoap_non = {
	.name = "libcoap NON", .echo = true, .deaf = SIM_MS(250), .ping_gap = SIM_MS(250),
	.retry_gap = LIBCOAP_NON_WAIT,
};
const struct sim_client_kind sim_minimal_con = { .name = "minimal CON", .con = true };
const struct sim_client_kind sim_minimal_non = { .name = "minimal NON",
						 .retries = 3,
						 .retry_gap = DAMP_SECONDS(5) };

static void start_job(struct sim_client *c);

static void next_job(void *self, uint64_t arg)
{
	(void)arg;
	start_job(self);
}

static void finish(struct sim_client *c, bool good)
{
	const struct sim_job *job = &c->job[c->at_job];

	c->waiting = false;
	c->request++;
	good &= c->got == job->len;
	for (size_t i = 0; good && i < job->len; i++)
		good = c->body[i] == sim_body_byte(job->seed, i);
	if (good) {
		c->answered++;
		c->took += c->sim->now - c->asked;
	}
	c->at_job++;
	if (c->at_job < c->njobs)
		sim_at(c->sim, c->job[c->at_job].not_before, next_job, c, 0);
}

static void send_request(struct sim_client *c);

/* A NON got no answer, or a separate response did not come. arg: request */
static void timed_out(void *self, uint64_t arg)
{
	struct sim_client *c = self;

	if (!c->waiting || c->request != arg)
		return;
	if (c->kind->con || c->retried >= c->kind->retries) {
		finish(c, false);
		return;
	}
	c->retried++;
	send_request(c);
}

static void gave_up(void *owner, const struct sim_con *con)
{
	struct sim_client *c = owner;

	if (c->waiting && c->mid == con->mid)
		finish(c, false);
}

static void send_request(struct sim_client *c)
{
	uint8_t data[SIM_MESSAGE_MAX], token[2];
	struct sim_message m;
	size_t len;

	c->request++;
	c->mid++;
	c->token++;
	c->acked = false;
	sim_begin(&m, c->kind->con ? DAMP_COAP_CON : DAMP_COAP_NON,
		  c->job[c->at_job].post ? DAMP_COAP_POST : DAMP_COAP_GET, c->mid);
	damp_put16(token, (uint16_t)c->token);
	sim_set_token(&m, token, sizeof(token));
	sim_add_path(&m, c->job[c->at_job].path);
	if (c->got > 0)
		sim_add_block(&m, DAMP_COAP_OPT_BLOCK2,
			      (struct sim_block){ .num = (uint32_t)(c->got / sim_block_size(c->szx)),
						  .szx = c->szx });
	if (c->echo_len > 0)
		sim_add_option(&m, DAMP_COAP_OPT_ECHO, c->echo, c->echo_len);
	len = sim_write(&m, data);
	c->echo_len = 0;
	if (c->kind->con) {
		sim_con_send(&c->cons, &c->end, &c->server, data, len, 0);
		return;
	}
	c->nons++;
	sim_send(c->sim, DAMP_OUTSIDE, &c->end, &c->server, data, len);
	sim_at(c->sim, c->sim->now + c->kind->retry_gap, timed_out, c, c->request);
}

static void start_job(struct sim_client *c)
{
	c->tried++;
	c->waiting = true;
	c->echo_used = false;
	c->echo_len = 0;
	c->retried = 0;
	c->got = 0;
	c->asked = c->sim->now;
	send_request(c);
}

static void begin(void *self, uint64_t arg)
{
	struct sim_client *c = self;

	(void)arg;
	c->born = c->sim->now;
	c->alive = true;
	start_job(c);
}

static void send_empty(struct sim_client *c, const struct sim_end *to, uint8_t type, uint16_t mid)
{
	struct sim_message m;
	uint8_t data[DAMP_COAP_HEADER_LEN];

	sim_begin(&m, type, DAMP_COAP_CODE_EMPTY, mid);
	sim_send(c->sim, DAMP_OUTSIDE, &c->end, to, data, sim_write(&m, data));
}

static void on_ping(struct sim_client *c, const struct sim_end *from, uint16_t mid)
{
	const damp_tick now = c->sim->now;

	if (!c->alive || now < c->born + c->kind->deaf ||
	    (c->pinged != 0 && now < c->pinged + c->kind->ping_gap))
		return;
	c->pinged = now;
	send_empty(c, from, DAMP_COAP_RST, mid);
}

static bool keep_echo(struct sim_client *c, const struct sim_message *m)
{
	const struct sim_option *echo = sim_option(m, DAMP_COAP_OPT_ECHO);

	if (echo == NULL || !c->kind->echo || echo->len > sizeof(c->echo))
		return false;
	c->echo_len = echo->len;
	memcpy(c->echo, echo->value, echo->len);
	return true;
}

/* 4.01: once more with the Echo in it, when the client can. */
static void on_challenge(struct sim_client *c, const struct sim_message *m)
{
	if (c->echo_used || c->acked || !keep_echo(c, m)) {
		finish(c, false);
		return;
	}
	c->echo_used = true;
	send_request(c);
}

static void on_content(struct sim_client *c, const struct sim_message *m)
{
	const struct sim_option *o = sim_option(m, DAMP_COAP_OPT_BLOCK2);
	struct sim_block b = { 0 };

	if (o != NULL)
		b = sim_block(o);
	if ((o != NULL && (b.szx > SIM_SZX_MAX || (size_t)b.num * sim_block_size(b.szx) != c->got)) ||
	    c->got + m->payload_len > sizeof(c->body)) {
		finish(c, false);
		return;
	}
	memcpy(c->body + c->got, m->payload, m->payload_len);
	c->got += m->payload_len;
	c->szx = b.szx;
	if (b.more) {
		keep_echo(c, m);        /* one that comes unasked goes with the next request */
		c->retried = 0;
		send_request(c);
	} else {
		finish(c, true);
	}
}

static bool is_ours(const struct sim_client *c, const struct sim_message *m)
{
	return c->waiting && m->tkl == 2 && damp_get16(m->token) == (uint16_t)c->token &&
	       (m->type != DAMP_COAP_ACK || m->mid == c->mid);
}

static void on_response(struct sim_client *c, const struct sim_end *from, const struct sim_message *m)
{
	const bool ours = is_ours(c, m);

	if (m->type == DAMP_COAP_CON)
		send_empty(c, from, ours ? DAMP_COAP_ACK : DAMP_COAP_RST, m->mid);
	if (!ours)
		return;
	sim_con_answered(&c->cons, from, c->mid);
	if (m->code == DAMP_COAP_4_01)
		on_challenge(c, m);
	else if (m->code == (c->job[c->at_job].post ? DAMP_COAP_CODE(2, 4) : DAMP_COAP_2_05))
		on_content(c, m);
	else
		finish(c, false);
}

static void on_empty(struct sim_client *c, const struct sim_end *from, const struct sim_message *m)
{
	if (m->type == DAMP_COAP_CON) {
		on_ping(c, from, m->mid);
		return;
	}
	if (!c->waiting || m->mid != c->mid || sim_con_answered(&c->cons, from, m->mid) == NULL)
		return;
	if (m->type == DAMP_COAP_RST) {
		finish(c, false);
		return;
	}
	c->acked = true;
	sim_at(c->sim, c->sim->now + SEPARATE_WAIT, timed_out, c, c->request);
}

static void receive(void *self, const struct sim_datagram *d)
{
	struct sim_client *c = self;
	struct sim_message m;

	if (!sim_read(d->data, d->len, &m) || !sim_same_end(&d->src, &c->server))
		return;
	if (m.code == DAMP_COAP_CODE_EMPTY)
		on_empty(c, &d->src, &m);
	else if (DAMP_COAP_CLASS(m.code) >= 2)
		on_response(c, &d->src, &m);
}

void sim_client_open(struct sim_client *c, struct sim *s, const struct sim_client_kind *kind,
		     const struct sim_end *end, const struct sim_end *server)
{
	memset(c, 0, sizeof(*c));
	c->sim = s;
	c->kind = kind;
	c->end = *end;
	c->server = *server;
	c->mid = (uint16_t)sim_random(s);
	c->token = sim_random(s);
	c->cons = (struct sim_con_list){ .sim = s, .side = DAMP_OUTSIDE, .owner = c, .gave_up = gave_up };
	sim_add(s, &(struct sim_node){ .end = *end, .plen = 128, .side = DAMP_OUTSIDE, .self = c,
				       .receive = receive });
}

void sim_client_close(struct sim_client *c)
{
	sim_con_free(&c->cons);
}

void sim_client_want(struct sim_client *c, const char *path, size_t len, uint32_t seed)
{
	assert(c->njobs < SIM_JOBS_MAX && len <= SIM_BODY_MAX);
	c->job[c->njobs++] = (struct sim_job){ .path = path, .len = len, .seed = seed };
}

void sim_client_call(struct sim_client *c, const char *path, size_t len, uint32_t seed)
{
	sim_client_want(c, path, len, seed);
	c->job[c->njobs - 1].post = true;
}

void sim_client_wait(struct sim_client *c, damp_tick until)
{
	c->job[c->njobs - 1].not_before = until;
}

void sim_client_start(struct sim_client *c, damp_tick at)
{
	sim_at(c->sim, at, begin, c, 0);
}

uint64_t sim_client_trips(const struct sim_client *c)
{
	return c->cons.copies + c->nons;
}
