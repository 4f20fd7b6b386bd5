/* SPDX-License-Identifier: BSD-3-Clause */
/* DTLS from outside; see dtls.h. */
#include "dtls.h"

#include <stdlib.h>

#define RECORD_HEAD 13u
#define HELLO_VERIFY_LEN 44u
#define HELLO_VERIFY 3u
#define SERVER_HELLO 2u
#define ALERT_LEN 15u
#define FLIGHT_COPIES 5u
#define DATAGRAM_MAX 1200u
#define STREAM_GAP SIM_MS(20)
#define WAIT_MAX DAMP_SECONDS(60)       /* RFC 6347 section 4.2.4.1 */
/* Where the cookie's length stands in a ClientHello without a session: record
 * and handshake header, version, random, session length. */
#define COOKIE_AT (RECORD_HEAD + 12u + 2u + 32u + 1u)

struct flight { struct sim_dtls *server; struct sim_end peer; unsigned int sent; damp_tick wait; };

static void send_record(struct sim_dtls *v, const struct sim_end *peer, uint8_t type, uint8_t handshake, size_t len)
{
	uint8_t data[SIM_MESSAGE_MAX] = { type, 0xfe, 0xfd };

	damp_put16(data + 11, (uint16_t)(len - RECORD_HEAD));
	data[RECORD_HEAD] = handshake;
	sim_send(v->sim, DAMP_INSIDE, &v->end, peer, data, len);
}

/* At 0, 1, 2, 4 and 8 s, and so on. arg unused */
static void send_flight(void *self, uint64_t arg)
{
	struct flight *f = self;
	const unsigned int copies = f->server->copies ? f->server->copies : FLIGHT_COPIES;

	(void)arg;
	for (size_t left = f->server->flight; left > 0;) {
		const size_t n = left > DATAGRAM_MAX ? DATAGRAM_MAX : left;

		send_record(f->server, &f->peer, SIM_DTLS_HANDSHAKE, SERVER_HELLO, n);
		left -= n;
	}
	if (++f->sent == copies) {
		free(f);
		return;
	}
	sim_at(f->server->sim, f->server->sim->now + f->wait, send_flight, f, 0);
	f->wait = f->sent == 1 ? f->wait : 2 * f->wait;
	if (f->wait > WAIT_MAX)
		f->wait = WAIT_MAX;
}

static void on_hello(struct sim_dtls *v, const struct sim_datagram *d)
{
	const bool cookie = d->len > COOKIE_AT && d->data[COOKIE_AT] != 0;
	struct flight *f;

	v->hellos++;
	if (v->cookies && !cookie) {
		send_record(v, &d->src, SIM_DTLS_HANDSHAKE, HELLO_VERIFY, HELLO_VERIFY_LEN);
		return;
	}
	f = malloc(sizeof(*f));
	if (f == NULL)
		return;
	*f = (struct flight){ v, d->src, 0, DAMP_SECONDS(1) };
	send_flight(f, 0);
}

static void send_stream(void *self, uint64_t arg)
{
	struct sim_dtls *v = self;

	(void)arg;
	send_record(v, &v->newest, SIM_DTLS_CID, 0, DATAGRAM_MAX);
	if (--v->left > 0)
		sim_at(v->sim, v->sim->now + (v->stream_gap ? v->stream_gap : STREAM_GAP), send_stream, v, 0);
}

static void receive(void *self, const struct sim_datagram *d)
{
	struct sim_dtls *v = self;

	if (d->len > RECORD_HEAD && d->data[0] == SIM_DTLS_HANDSHAKE && d->data[RECORD_HEAD] == SIM_DTLS_HELLO) {
		on_hello(v, d);
	} else if (d->len > 0 && d->data[0] == SIM_DTLS_CID && v->stream > 0) {
		v->newest = d->src;
		if (v->left == 0)
			sim_at(v->sim, v->sim->now, send_stream, v, 0);
		v->left = v->stream;
	} else if (v->alerts) {
		send_record(v, &d->src, SIM_DTLS_ALERT, 2, ALERT_LEN);
	}
}

void sim_dtls_open(struct sim_dtls *v, struct sim *s, const struct sim_end *end)
{
	*v = (struct sim_dtls){ .sim = s, .end = *end };
	sim_add(s, &(struct sim_node){ .end = *end, .plen = 128, .side = DAMP_INSIDE, .self = v,
				       .receive = receive });
}
