/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traffic by number; see port_traffic.h.
 */
#include "port_traffic.h"

#include "bench.h"
#include "captures.h"
#include "scan.h"

#include <math.h>

#define PASS_PORT 53u
#define PASS_LEN 24u                /* of the payload: a frame of 66 bytes */
#define FCS_LEN 4u
#define CARPET_IP4 0xc6120000u      /* 198.18.0.0/15, for benchmarks (RFC 2544) */
#define CARPET_IP4_SIZE 0x20000u

#define MESSAGE(type_, code_, text) { .type = (type_), .code = (code_), .len = sizeof(text) - 1, .tail = (text) }

static const struct port_set handmade_requests = { .n = 5, .t = {
	MESSAGE(DAMP_COAP_CON, DAMP_COAP_GET, "\xb4" "temp"),
	MESSAGE(DAMP_COAP_NON, DAMP_COAP_GET, "\xb4" "temp"),
	MESSAGE(DAMP_COAP_CON, DAMP_COAP_GET, "\xb1" "a\x01" "b\x01" "c"),
	MESSAGE(DAMP_COAP_CON, DAMP_COAP_GET, "\xb3" "big" "\xc1\x16"),             /* Block2 1/0/1024 */
	MESSAGE(DAMP_COAP_CON, DAMP_COAP_PUT, "\xb3" "led" "\x10" "\xff" "on"),
} };
static const struct port_set handmade_responses = { .n = 2, .t = {
	MESSAGE(DAMP_COAP_ACK, DAMP_COAP_CODE(2, 5), "\xc0\xff" "21.5 deg C"),
	MESSAGE(DAMP_COAP_ACK, DAMP_COAP_CODE(2, 4), ""),
} };

/* Take a message if it is right, of the wanted kind and new. */
static void take(struct port_set *s, const uint8_t *msg, const struct damp_coap *m)
{
	const size_t len = (size_t)m->len - m->options_off;

	if (s->n == PORT_TEMPLATES || len > PORT_TAIL_MAX)
		return;
	for (unsigned i = 0; i < s->n; i++)
		if (s->t[i].code == m->code && s->t[i].len == len &&
		    memcmp(s->t[i].tail, msg + m->options_off, len) == 0)
			return;
	s->t[s->n] = (struct port_template){ .type = m->type, .code = m->code, .len = (uint16_t)len };
	memcpy(s->t[s->n++].tail, msg + m->options_off, len);
}

static void from_capture(void *arg, const uint8_t *msg, size_t len)
{
	struct port_traffic *t = arg;
	struct damp_coap m;

	damp_coap_scan(msg, len, &m);
	if (m.malformed)
		return;
	if (DAMP_COAP_CLASS(m.code) == 0 && m.code != 0)
		take(&t->requests, msg, &m);
	else if (DAMP_COAP_CLASS(m.code) == 2)
		take(&t->responses, msg, &m);
}

/* The rank below which u of all packets lie, when rank r gets 1/r: r = n^u. */
static void make_ranks(struct port_traffic *t)
{
	for (unsigned i = 0; i <= PORT_ZIPF_STEPS; i++)
		t->rank_of[i] = (uint32_t)(pow(t->clients, (double)i / PORT_ZIPF_STEPS) - 1);
}

void port_traffic_init(struct port_traffic *t, bool captures)
{
	t->requests.n = t->responses.n = 0;
	if (captures)
		captures_each(from_capture, t);
	if (t->requests.n == 0 || t->responses.n == 0) {
		t->requests = handmade_requests;
		t->responses = handmade_responses;
	}
	make_ranks(t);
}

static uint32_t below(uint64_t random32, uint32_t n)
{
	return (uint32_t)((random32 * n) >> 32);
}

static uint32_t draw_client(const struct port_traffic *t, uint64_t random)
{
	const unsigned step = (unsigned)(random >> 32) % PORT_ZIPF_STEPS;
	const uint32_t from = t->rank_of[step], to = t->rank_of[step + 1];

	if (t->sources != PORT_ZIPF)
		return below(random & UINT32_MAX, t->clients);
	return from + below(random & UINT32_MAX, to > from ? to - from : 1);
}

static void carpet(uint32_t client, bool v6, struct damp_addr *a)
{
	memset(a->b, 0, sizeof(a->b));
	if (v6) {
		damp_put32(a->b, 0x20010db8u);
		damp_put16(a->b + 6, (uint16_t)client); /* 65 536 networks of one /48 */
		damp_put32(a->b + 12, client);
		return;
	}
	a->b[10] = a->b[11] = 0xff;
	damp_put32(a->b + 12, CARPET_IP4 + client % CARPET_IP4_SIZE);
}

void port_draw(const struct port_traffic *t, uint64_t n, struct port_draw *d)
{
	uint64_t state = n, of_client;
	const uint64_t a = bench_random(&state), b = bench_random(&state);

	d->n = n;
	d->client = draw_client(t, a);
	of_client = d->client;
	of_client = bench_random(&of_client);
	d->v6 = t->ip == PORT_IP6 || (t->ip == PORT_IP_BOTH && of_client >> 63);
	d->port = (uint16_t)(6000 + (of_client & 0xffff) % 59000);
	if (t->sources == PORT_CARPET)
		carpet(d->client, d->v6, &d->client_addr);
	else
		frame_client(d->client, d->v6, &d->client_addr);
	frame_server(below((of_client >> 16) & UINT32_MAX, t->servers), d->v6, &d->server_addr);
	d->request = &t->requests.t[below(b >> 32, t->requests.n)];
	d->response = &t->responses.t[below(b & UINT32_MAX, t->responses.n)];
}

static void put64(uint8_t *p, uint64_t v)
{
	damp_put32(p, (uint32_t)(v >> 32));
	damp_put32(p + 4, (uint32_t)v);
}

static size_t put_message(uint8_t *m, unsigned type, const struct port_template *p, uint64_t n)
{
	m[0] = (uint8_t)(DAMP_COAP_VERSION << 6 | type << 4 | PORT_ID_LEN);
	m[1] = p->code;
	damp_put16(m + 2, (uint16_t)n);
	put64(m + 4, n);
	memcpy(m + 4 + PORT_ID_LEN, p->tail, p->len);
	return 4 + PORT_ID_LEN + p->len;
}

static size_t put_pass(const struct port_traffic *t, bool v6, uint8_t *m, uint64_t n)
{
	const size_t len = t->size > 0 ? t->size - FCS_LEN - frame_payload_at(v6) : PASS_LEN;

	memset(m, 0, len);
	put64(m, n);
	return len;
}

static unsigned request_type(const struct port_template *p)
{
	return p->type == DAMP_COAP_NON ? DAMP_COAP_NON : DAMP_COAP_CON;
}

uint32_t port_build_request(const struct port_traffic *t, const struct port_draw *d, uint8_t *out)
{
	const bool pass = t->kind == PORT_PASS;
	uint8_t *m = out + frame_payload_at(d->v6);
	const size_t len = pass ? put_pass(t, d->v6, m, d->n) :
				  put_message(m, request_type(d->request), d->request, d->n);

	return frame_wrap(out, &d->client_addr, &d->server_addr, d->port, pass ? PASS_PORT : DAMP_PORT_COAP, d->v6,
			  len);
}

uint32_t port_build_response(const struct port_traffic *t, const struct port_draw *d, uint8_t *out)
{
	const bool pass = t->kind == PORT_PASS;
	const unsigned type = request_type(d->request) == DAMP_COAP_CON ? DAMP_COAP_ACK : DAMP_COAP_NON;
	uint8_t *m = out + frame_payload_at(d->v6);
	const size_t len = pass ? put_pass(t, d->v6, m, d->n) : put_message(m, type, d->response, d->n);

	return frame_wrap(out, &d->server_addr, &d->client_addr, pass ? PASS_PORT : DAMP_PORT_COAP, d->port, d->v6,
			  len);
}
