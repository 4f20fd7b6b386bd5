/* SPDX-License-Identifier: BSD-3-Clause */
/* Honest conversations over DTLS; see secure.h. */
#include "secure.h"
#include "dtls.h"

#include <string.h>

#define RECORD 13u
#define CCS 20u
#define HANDSHAKE SIM_DTLS_HANDSHAKE
#define DATA 23u
#define HELLO_VERIFY 3u
#define SERVER_HELLO 2u
#define KEY_EXCHANGE 16u
#define FINISHED 20u            /* in the clear here */
/* Whole datagrams, measured on libcoap 4.3.1 with a pre-shared key. */
#define HELLO_LEN 99u
#define COOKIE_LEN 16u
#define HELLO_VERIFY_LEN 44u
#define FLIGHT_LEN 151u
#define KEY_EXCHANGE_LEN 42u
#define FINISHED_LEN 61u
#define COOKIE_AT (RECORD + 12u + 2u + 32u + 1u)
#define VERIFY_COOKIE_AT (RECORD + 12u + 2u)
#define COPIES_MAX 5u

/* What a client does, and what is expected of it. */
enum what { HELLO, HELLO_AGAIN, KEYS, FETCH, READ, PAUSE };
struct step { enum what what; uint16_t request, response; };
static const struct step reader[SIM_SECURE_STEPS] = {
	{ HELLO, 0, 0 }, { HELLO_AGAIN, 0, 0 }, { KEYS, 0, 0 },
	{ FETCH, 60, 150 }, { FETCH, 60, 650 }, { FETCH, 70, 1100 }, { PAUSE, 0, 0 },
};
static const struct step registrant[SIM_SECURE_STEPS] = {
	{ HELLO, 0, 0 }, { HELLO_AGAIN, 0, 0 }, { KEYS, 0, 0 },
	{ FETCH, 240, 70 }, { READ, 70, 140 }, { FETCH, 75, 60 }, { FETCH, 75, 60 },
};
#define UPDATE_GAP DAMP_SECONDS(20)

static const struct step *step_of(const struct sim_secure *c)
{
	return &(c->registrant ? registrant : reader)[c->step];
}

/* A record whose body is n - RECORD bytes; returns n. */
static size_t put_record(uint8_t *out, uint8_t type, size_t n)
{
	memset(out, 0, n);
	out[0] = type;
	out[1] = 0xfe;
	out[2] = 0xfd;
	out[4] = type == DATA;          /* the epoch */
	damp_put16(out + 11, (uint16_t)(n - RECORD));
	return n;
}

static size_t put_handshake(uint8_t *out, uint8_t type, size_t n)
{
	put_record(out, HANDSHAKE, n);
	out[RECORD] = type;
	damp_put16(out + RECORD + 2, (uint16_t)(n - RECORD - 12));
	damp_put16(out + RECORD + 10, (uint16_t)(n - RECORD - 12));
	return n;
}

static size_t put_keys(uint8_t *out)
{
	size_t n = put_handshake(out, KEY_EXCHANGE, KEY_EXCHANGE_LEN);

	n += put_record(out + n, CCS, RECORD + 1);
	return n + put_record(out + n, HANDSHAKE, FINISHED_LEN);
}

/* Application data says what it asks for: who asks, how long the answer is. */
static size_t put_data(uint8_t *out, bool asks, uint16_t len, uint16_t answer)
{
	put_record(out, DATA, len);
	out[RECORD] = asks;
	damp_put16(out + RECORD + 1, answer);
	return len;
}

static void make_cookie(uint8_t cookie[COOKIE_LEN], const struct sim_end *peer)
{
	for (unsigned int i = 0; i < COOKIE_LEN; i++)
		cookie[i] = (uint8_t)(peer->addr.b[i] * 31u + peer->port * (i + 7u) + 0x5au);
}

/* -- the server ---------------------------------------------------------- */

static void vault_hello(struct sim_vault *v, const struct sim_datagram *d)
{
	uint8_t out[FLIGHT_LEN], cookie[COOKIE_LEN];

	make_cookie(cookie, &d->src);
	if (d->len > COOKIE_AT + COOKIE_LEN && d->data[COOKIE_AT] == COOKIE_LEN &&
	    memcmp(d->data + COOKIE_AT + 1, cookie, COOKIE_LEN) == 0) {
		sim_send(v->sim, DAMP_INSIDE, &v->end, &d->src, out, put_handshake(out, SERVER_HELLO, FLIGHT_LEN));
		return;
	}
	put_handshake(out, HELLO_VERIFY, HELLO_VERIFY_LEN);
	damp_put16(out + RECORD + 12, 0xfefd);
	out[VERIFY_COOKIE_AT] = COOKIE_LEN;
	memcpy(out + VERIFY_COOKIE_AT + 1, cookie, COOKIE_LEN);
	sim_send(v->sim, DAMP_INSIDE, &v->end, &d->src, out, HELLO_VERIFY_LEN);
}

static void vault_receive(void *self, const struct sim_datagram *d)
{
	struct sim_vault *v = self;
	uint8_t out[SIM_MESSAGE_MAX];
	size_t n;

	if (d->len <= RECORD + 3)
		return;
	if (d->data[0] == DATA && d->data[RECORD]) {
		sim_send(v->sim, DAMP_INSIDE, &v->end, &d->src, out,
			 put_data(out, false, damp_get16(d->data + RECORD + 1), 0));
		/* Who registers is asked for an object at once. */
		if (d->len == registrant[3].request)
			sim_send(v->sim, DAMP_INSIDE, &v->end, &d->src, out,
				 put_data(out, true, registrant[4].request, registrant[4].response));
	} else if (d->data[0] == HANDSHAKE && d->data[RECORD] == SIM_DTLS_HELLO) {
		vault_hello(v, d);
	} else if (d->data[0] == HANDSHAKE && d->data[RECORD] == KEY_EXCHANGE) {
		n = put_record(out, CCS, RECORD + 1);
		n += put_record(out + n, HANDSHAKE, FINISHED_LEN);
		sim_send(v->sim, DAMP_INSIDE, &v->end, &d->src, out, n);
	}
}

void sim_vault_open(struct sim_vault *v, struct sim *s, const struct sim_end *end)
{
	*v = (struct sim_vault){ .sim = s, .end = *end };
	sim_add(s, &(struct sim_node){ .end = *end, .plen = 128, .side = DAMP_INSIDE, .self = v,
				       .receive = vault_receive });
}

/* -- a client ------------------------------------------------------------ */

static size_t put_step(const struct sim_secure *c, uint8_t *out)
{
	const struct step *s = step_of(c);
	const bool cookie = s->what == HELLO_AGAIN;

	if (s->what == KEYS)
		return put_keys(out);
	if (s->what == FETCH)
		return put_data(out, true, s->request, s->response);
	put_handshake(out, SIM_DTLS_HELLO, HELLO_LEN + (cookie ? COOKIE_LEN : 0));
	damp_put16(out + RECORD + 12, 0xfefd);
	if (cookie) {
		out[COOKIE_AT] = COOKIE_LEN;
		memcpy(out + COOKIE_AT + 1, c->cookie, COOKIE_LEN);
	}
	return HELLO_LEN + (cookie ? COOKIE_LEN : 0);
}

/* arg: the turn that the timer belongs to */
static void send_step(void *self, uint64_t arg)
{
	struct sim_secure *c = self;
	uint8_t out[SIM_MESSAGE_MAX];

	if (c->turn != arg || c->copies == COPIES_MAX)
		return;
	if (step_of(c)->what != READ) {
		sim_send(c->sim, DAMP_OUTSIDE, &c->end, &c->server, out, put_step(c, out));
		c->sent++;
	}
	c->copies++;
	sim_at(c->sim, c->sim->now + c->wait, send_step, c, arg);
	c->wait *= 2;
}

static void begin_step(struct sim_secure *c, damp_tick at)
{
	const bool request = step_of(c)->what == FETCH;

	c->copies = 0;
	c->turn++;
	c->wait = request ? DAMP_SECONDS(2) + sim_below(c->sim, DAMP_TICK_HZ) : DAMP_SECONDS(1);
	c->asked = at;
	sim_at(c->sim, at, send_step, c, c->turn);
}

/* Every step counts: a handshake that fails is as bad as a lost answer. */
static void done(struct sim_secure *c)
{
	c->answered++;
	c->took += c->sim->now - c->asked;
	if (++c->step == SIM_SECURE_STEPS || step_of(c)->what == PAUSE) {
		c->turn++;
		return;
	}
	c->tried++;
	begin_step(c, c->sim->now + (c->registrant && c->step >= 5 ? UPDATE_GAP : 0));
}

static bool is_expected(const struct sim_secure *c, const struct sim_datagram *d)
{
	const uint8_t type = d->data[0], handshake = d->data[RECORD];

	switch (step_of(c)->what) {
	case HELLO:
		return type == HANDSHAKE && handshake == HELLO_VERIFY && d->len == HELLO_VERIFY_LEN;
	case HELLO_AGAIN:
		return type == HANDSHAKE && handshake == SERVER_HELLO;
	case KEYS:
		return type == CCS;
	case FETCH:
		return type == DATA && !handshake && d->len == step_of(c)->response;
	case READ:
		return type == DATA && handshake;
	default:
		return false;
	}
}

static void receive(void *self, const struct sim_datagram *d)
{
	struct sim_secure *c = self;
	uint8_t out[SIM_MESSAGE_MAX];

	if (d->len <= RECORD || c->step == SIM_SECURE_STEPS || !is_expected(c, d))
		return;
	if (step_of(c)->what == HELLO)
		memcpy(c->cookie, d->data + VERIFY_COOKIE_AT + 1, COOKIE_LEN);
	if (step_of(c)->what == READ)
		sim_send(c->sim, DAMP_OUTSIDE, &c->end, &c->server, out,
			 put_data(out, false, damp_get16(d->data + RECORD + 1), 0));
	done(c);
}

static void begin(void *self, uint64_t arg)
{
	struct sim_secure *c = self;

	(void)arg;
	c->tried = 1;
	begin_step(c, c->sim->now);
}

void sim_secure_open(struct sim_secure *c, struct sim *s, bool is_registrant, const struct sim_end *end,
		     const struct sim_end *server, damp_tick at)
{
	*c = (struct sim_secure){ .sim = s, .registrant = is_registrant, .end = *end, .server = *server };
	sim_add(s, &(struct sim_node){ .end = *end, .plen = 128, .side = DAMP_OUTSIDE, .self = c,
				       .receive = receive });
	sim_at(s, at, begin, c, 0);
}
