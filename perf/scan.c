/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The CoAP scan alone: nanoseconds for one message.
 *
 * Two sets of messages: ten made by hand, one of each usual shape
 * (coap_scan_handmade_ns); and every CoAP message of the shared captures, where
 * they are there (coap_scan_ns). The order is drawn, so that the branches
 * cannot learn it.
 *
 * Invariant: a set is scanned from one packed buffer, and what the scan says of
 * it is counted: a set that is all refused would be fast and mean nothing.
 */
#include "bench.h"
#include "captures.h"
#include "scan.h"

#include <stdlib.h>

#define SET_BYTES (8u << 20)
#define SET_MAX 65536u
#define SLICE 1024u
#define SLICES 256u

struct set {
	uint8_t *bytes;
	size_t used;
	unsigned n;
	struct { uint32_t off; uint16_t len; } at[SET_MAX];
};

static void add(struct set *s, const uint8_t *msg, size_t len)
{
	if (s->n == SET_MAX || len > SET_BYTES - s->used)
		return;
	memcpy(s->bytes + s->used, msg, len);
	s->at[s->n].off = (uint32_t)s->used;
	s->at[s->n++].len = (uint16_t)len;
	s->used += len;
}

#define MESSAGE(text) { (const uint8_t *)(text), sizeof(text) - 1 }

/* Type, code and Message ID in the first four bytes, then token and options. */
static const struct { const uint8_t *bytes; size_t len; } handmade[] = {
	MESSAGE("\x40\x01\x12\x34"),                                            /* CON GET / */
	MESSAGE("\x44\x01\x12\x35" "abcd" "\xb4" "temp"),                       /* CON GET /temp */
	MESSAGE("\x54\x01\x12\x36" "abcd" "\xbb.well-known\x04" "core"),        /* NON GET /.well-known/core */
	MESSAGE("\x48\x01\x12\x37" "abcdefgh" "\x60\x51" "a\x01" "b\x01" "c"),  /* CON GET /a/b/c, Observe 0 */
	MESSAGE("\x44\x01\x12\x38" "abcd" "\xb3" "big" "\xc1\x16"),             /* CON GET /big, Block2 1/0/64 */
	MESSAGE("\x44\x03\x12\x39" "abcd" "\xb3" "led" "\x10" "\xff" "on"),     /* CON PUT /led, text, "on" */
	/* POST /rd?ep=node, link format */
	MESSAGE("\x44\x02\x12\x3a" "abcd" "\xb2" "rd" "\x11\x28" "\x37" "ep=node"),
	MESSAGE("\x64\x45\x12\x35" "abcd" "\xc0\xff" "21.5 deg C"),             /* ACK 2.05, text */
	MESSAGE("\x54\x45\x12\x3b" "abcd" "\x62\x01\x02\x60\xff" "21.6 deg C"), /* NON 2.05, Observe 258 */
	MESSAGE("\x60\x00\x12\x3c"),                                            /* empty ACK */
};

static void from_hand(struct set *s)
{
	for (unsigned i = 0; i < sizeof(handmade) / sizeof(handmade[0]); i++)
		add(s, handmade[i].bytes, handmade[i].len);
}

static void from_captures(void *arg, const uint8_t *msg, size_t len)
{
	add(arg, msg, len);
}

static void set_free(struct set *s)
{
	free(s->bytes);
	free(s);
}

static double slice(const struct set *s, uint64_t *rng, unsigned *malformed)
{
	static uint32_t order[SLICE];
	struct damp_coap m;
	uint64_t since;

	for (unsigned i = 0; i < SLICE; i++)
		order[i] = (uint32_t)(((bench_random(rng) >> 32) * s->n) >> 32);
	since = bench_start();
	for (unsigned i = 0; i < SLICE; i++) {
		damp_coap_scan(s->bytes + s->at[order[i]].off, s->at[order[i]].len, &m);
		*malformed += m.malformed != 0;
	}
	return (double)(bench_stop() - since) / SLICE;
}

static void run(struct bench_results *res, const struct set *s, const char *name, double hz)
{
	unsigned malformed = 0;
	double v[SLICES];
	uint64_t rng = 1;

	for (unsigned i = 0; i < SLICES; i++)
		v[i] = slice(s, &rng, &malformed) / hz * 1e9;
	bench_add(res, name, "ns", bench_median(v, SLICES));
	if (malformed * 2 > SLICES * SLICE)
		fprintf(stderr, "%s: most messages are malformed: this measures something else\n", name);
}

static struct set *set_new(void)
{
	struct set *s = bench_memory(sizeof(*s));

	s->bytes = bench_memory(SET_BYTES);
	return s;
}

int main(int argc, char **argv)
{
	const struct bench_options o = bench_options(argc, argv);
	struct set *hand = set_new(), *captured = set_new();
	static struct bench_results res;
	const double hz = bench_hz();

	from_hand(hand);
	captures_each(from_captures, captured);
	printf("%u messages by hand, %u from captures\n", hand->n, captured->n);
	for (unsigned k = 0; k < o.runs; k++) {
		run(&res, hand, "coap_scan_handmade_ns", hz);
		if (captured->n)
			run(&res, captured, "coap_scan_ns", hz);
	}
	set_free(hand);
	set_free(captured);
	bench_print(&res);
	return bench_write(&res, o.json) ? 0 : 1;
}
