/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client models against what was measured of real ones (attacks.md 1.6):
 * a scripted server answers, and the test looks at what the client sends.
 */
#include "client.h"

#include <stdarg.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#define SENT_MAX 64u
#define ECHO_LEN 9u

/* What the scripted server does with a request. */
enum script { SILENT, PING, CHALLENGE, ACK_THEN_CHALLENGE, ALWAYS_CHALLENGE, SERVE };

struct sent { damp_tick at; uint8_t data[64]; size_t len; };

struct peer {
	struct sim sim;
	struct sim_client client;
	struct sim_end end;
	enum script script;
	damp_tick ping_gap;
	unsigned int pings;
	struct sent sent[SENT_MAX];
	unsigned int nsent;
};

static void reply(struct peer *p, const struct sim_message *to, uint8_t type, uint8_t code, bool echo)
{
	static const uint8_t value[ECHO_LEN] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, body[4] = { 14, 21, 28, 35 };
	uint8_t out[SIM_MESSAGE_MAX];
	struct sim_message m;

	sim_begin(&m, type, code, type == DAMP_COAP_ACK ? to->mid : 99);
	if (code != DAMP_COAP_CODE_EMPTY)
		sim_set_token(&m, to->token, to->tkl);
	if (echo)
		sim_add_option(&m, DAMP_COAP_OPT_ECHO, value, sizeof(value));
	if (code == DAMP_COAP_2_05) {
		m.payload = body;
		m.payload_len = sizeof(body);
	}
	sim_send(&p->sim, DAMP_INSIDE, &p->end, &p->client.end, out, sim_write(&m, out));
}

static void challenge(struct peer *p, const struct sim_message *m)
{
	const bool again = sim_option(m, DAMP_COAP_OPT_ECHO) != NULL && p->script != ALWAYS_CHALLENGE;
	const bool later = p->script == ACK_THEN_CHALLENGE;
	const uint8_t type = m->type == DAMP_COAP_CON && !later ? DAMP_COAP_ACK : DAMP_COAP_NON;

	if (later)
		reply(p, m, DAMP_COAP_ACK, DAMP_COAP_CODE_EMPTY, false);
	reply(p, m, type, again ? DAMP_COAP_2_05 : DAMP_COAP_4_01, !again);
}

static void receive(void *self, const struct sim_datagram *d)
{
	struct peer *p = self;
	struct sent *s = &p->sent[p->nsent++];
	struct sim_message m;

	assert_true(p->nsent <= SENT_MAX && d->len <= sizeof(s->data));
	s->at = p->sim.now - p->sim.delay[DAMP_OUTSIDE] - p->sim.delay[DAMP_INSIDE];
	s->len = d->len;
	memcpy(s->data, d->data, d->len);
	assert_true(sim_read(d->data, d->len, &m));
	if (m.code != DAMP_COAP_GET || p->script == SILENT || p->script == PING)
		return;
	if (p->script == SERVE)
		reply(p, &m, m.type == DAMP_COAP_CON ? DAMP_COAP_ACK : DAMP_COAP_NON, DAMP_COAP_2_05, false);
	else
		challenge(p, &m);
}

static void ping(void *self, uint64_t arg)
{
	const uint8_t empty[4] = { 0x40, 0, 0xaa, (uint8_t)arg };
	struct peer *p = self;

	sim_send(&p->sim, DAMP_INSIDE, &p->end, &p->client.end, empty, sizeof(empty));
	if (arg + 1 < p->pings)
		sim_at(&p->sim, p->sim.now + p->ping_gap, ping, p, arg + 1);
}

static struct peer *run(const struct sim_client_kind *kind, enum script script, unsigned int pings,
			damp_tick gap)
{
	struct peer *p = calloc(1, sizeof(*p));
	const struct sim_end end = { { { [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1 } },
				     50000 };

	assert_non_null(p);
	p->script = script;
	p->pings = pings;
	p->ping_gap = gap;
	p->end = (struct sim_end){ { { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1 } }, 5683 };
	sim_open(&p->sim, false, false, 3);
	sim_add(&p->sim, &(struct sim_node){ .end = p->end, .plen = 128, .side = DAMP_INSIDE, .self = p,
					     .receive = receive });
	sim_client_open(&p->client, &p->sim, kind, &end, &p->end);
	sim_client_want(&p->client, "x", 4, 1);
	sim_client_start(&p->client, SIM_START);
	if (pings > 0)
		sim_at(&p->sim, SIM_START, ping, p, 0);
	sim_run(&p->sim, SIM_START + DAMP_SECONDS(200));
	return p;
}

static void end(struct peer *p)
{
	sim_client_close(&p->client);
	sim_close(&p->sim);
	free(p);
}

static unsigned int count_code(const struct peer *p, uint8_t type, uint8_t code)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < p->nsent; i++)
		n += (p->sent[i].data[0] >> 4 & 3) == type && p->sent[i].data[1] == code;
	return n;
}

/* Five copies of one CON: the same bytes, at 0, 2-3, 6-9, 14-21, 30-45 s. */
static void test_retransmission(void **state)
{
	static const unsigned int from[] = { 0, 2, 6, 14, 30 }, to[] = { 0, 3, 9, 21, 45 };
	struct peer *p = run(&sim_minimal_con, SILENT, 0, 0);

	(void)state;
	assert_int_equal(p->nsent, 5);
	for (unsigned int i = 0; i < 5; i++) {
		assert_memory_equal(p->sent[i].data, p->sent[0].data, p->sent[0].len);
		assert_true(p->sent[i].at >= SIM_START + DAMP_SECONDS(from[i]));
		assert_true(p->sent[i].at <= SIM_START + DAMP_SECONDS(to[i]));
	}
	assert_int_equal(p->client.tried, 1);
	assert_int_equal(p->client.answered, 0);
	end(p);
}

/* A minimal NON client asks four times in all, each time anew; libcoap's once. */
static void test_non_retries(void **state)
{
	struct peer *p = run(&sim_minimal_non, SILENT, 0, 0);

	(void)state;
	assert_int_equal(p->nsent, 4);
	assert_memory_not_equal(p->sent[1].data + 2, p->sent[0].data + 2, 4);
	assert_int_equal(p->sent[3].at - p->sent[0].at, DAMP_SECONDS(15));
	end(p);
	p = run(&sim_libcoap_non, SILENT, 0, 0);
	assert_int_equal(p->nsent, 1);
	end(p);
}

/* 4.01 + Echo: once more, with a new Message ID and token and the Echo. */
static void test_echo(void **state)
{
	static const struct sim_client_kind *const kinds[] = { &sim_libcoap_con, &sim_libcoap_non };

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct peer *p = run(kinds[i], CHALLENGE, 0, 0);

		assert_int_equal(p->nsent, 2);
		assert_memory_not_equal(p->sent[1].data + 2, p->sent[0].data + 2, 2);
		assert_memory_not_equal(p->sent[1].data + 4, p->sent[0].data + 4, 2);
		assert_int_equal(p->sent[1].len, p->sent[0].len + 2 + ECHO_LEN);
		assert_int_equal(p->client.answered, 1);
		end(p);
		p = run(kinds[i], ALWAYS_CHALLENGE, 0, 0);
		assert_int_equal(p->nsent, 2);
		assert_int_equal(p->client.answered, 0);
		end(p);
	}
}

/* Not after an empty ACK, and not by a client that does not know it. */
static void test_echo_not(void **state)
{
	struct peer *p = run(&sim_libcoap_con, ACK_THEN_CHALLENGE, 0, 0);

	(void)state;
	assert_int_equal(p->nsent, 1);
	assert_int_equal(p->client.answered, 0);
	end(p);
	p = run(&sim_minimal_con, CHALLENGE, 0, 0);
	assert_int_equal(p->nsent, 1);
	assert_int_equal(p->client.answered, 0);
	end(p);
}

/* A ping every 100 ms for two seconds: a minimal client answers each, libcoap's
 * none in its first 250 ms and then one in 250 ms. */
static void test_pings(void **state)
{
	struct peer *p = run(&sim_minimal_con, PING, 20, SIM_MS(100));

	(void)state;
	assert_int_equal(count_code(p, DAMP_COAP_RST, 0), 20);
	end(p);
	p = run(&sim_libcoap_con, PING, 20, SIM_MS(100));
	/* heard at 20, 120 ... 1920 ms: answered at 320, 620 ... 1820 */
	assert_int_equal(count_code(p, DAMP_COAP_RST, 0), 6);
	for (unsigned int i = 0; i < p->nsent; i++)
		if (p->sent[i].data[1] == 0)
			assert_true(p->sent[i].at >= SIM_START + SIM_MS(250));
	end(p);
}

static void test_served(void **state)
{
	static const struct sim_client_kind *const kinds[] = { &sim_libcoap_con, &sim_libcoap_non,
							       &sim_minimal_con, &sim_minimal_non };

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct peer *p = run(kinds[i], SERVE, 0, 0);

		assert_int_equal(p->nsent, 1);
		assert_int_equal(p->client.answered, 1);
		assert_int_equal(p->client.took, 2 * (p->sim.delay[0] + p->sim.delay[1]));
		end(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retransmission),
		cmocka_unit_test(test_non_retries),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_echo_not),
		cmocka_unit_test(test_pings),
		cmocka_unit_test(test_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
