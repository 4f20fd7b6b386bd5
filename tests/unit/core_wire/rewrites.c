/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages before and after a rewrite; see rewrites.h. */
#include "rewrites.h"

#include "attrs.h"
#include "guard.h"

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define SAME NULL, 0

/* CON GET, one byte of token, Message ID 0x1234 */
#define GET 0x41, 0x01, 0x12, 0x34, 0x4a
#define NON_FETCH 0x51, 0x05, 0x12, 0x34, 0x4a
#define CONTENT 0x61, 0x45, 0x12, 0x34, 0x4a
#define V10 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
#define V100 V10, V10, V10, V10, V10, V10, V10, V10, V10, V10
#define V270 V100, V100, V10, V10, V10, V10, V10, V10, V10
#define PAYLOAD 0xff, 0xff, 0x00, 'x'

const struct rewrite_row rewrite_rows[] = {
	{ "c.pmax=0.1 is 3.0", OP_ATTRS, 0,
	  BYTES(GET, 0x60, 0x51, 't', 0x4a, 'c', '.', 'p', 'm', 'a', 'x', '=', '0', '.', '1'),  /* 6, 11, 15 */
	  BYTES(GET, 0x60, 0x51, 't', 0x4a, 'c', '.', 'p', 'm', 'a', 'x', '=', '3', '.', '0') },
	{ "two attributes among other queries, payload", OP_ATTRS, 0,
	  BYTES(NON_FETCH, 0x60, 0x93, 'a', '=', 'b', 0x06, 'p', 'm', 'i', 'n', '=', '0', 0x07, 'e', 'p', 'm', 'a', 'x',
		'=', '0', PAYLOAD),
	  BYTES(NON_FETCH, 0x60, 0x93, 'a', '=', 'b', 0x06, 'p', 'm', 'i', 'n', '=', '1', 0x07, 'e', 'p', 'm', 'a', 'x',
		'=', '1', PAYLOAD) },
	{ "Size2 of 4 GiB", OP_STRIP, 28,
	  BYTES(CONTENT, 0xc1, 40, 0xb1, 0x0e, 0x54, 0xff, 0xff, 0xff, 0xff, PAYLOAD),  /* 12, 23, 28 */
	  BYTES(CONTENT, 0xc1, 40, 0xb1, 0x0e, PAYLOAD) },
	{ "Observe first, empty", OP_STRIP, 6,
	  BYTES(GET, 0x60, 0x51, 'a'),                          /* 6, 11 */
	  BYTES(GET, 0xb1, 'a') },
	{ "Observe first, three bytes", OP_STRIP, 6,
	  BYTES(GET, 0x63, 0, 0, 0, 0x51, 'a', 0x01, 'b'),      /* 6, 11, 11 */
	  BYTES(GET, 0xb1, 'a', 0x01, 'b') },
	{ "Observe alone", OP_STRIP, 6, BYTES(GET, 0x60), BYTES(GET) },
	{ "Observe alone, payload", OP_STRIP, 6,
	  BYTES(NON_FETCH, 0x61, 1, PAYLOAD), BYTES(NON_FETCH, PAYLOAD) },
	{ "Observe last", OP_STRIP, 6,
	  BYTES(GET, 0x41, 0xee, 0x20),                         /* ETag 4, 6 */
	  BYTES(GET, 0x41, 0xee) },
	{ "Observe last, payload", OP_STRIP, 6, BYTES(CONTENT, 0x41, 0xee, 0x22, 1, 2, PAYLOAD),
	  BYTES(CONTENT, 0x41, 0xee, PAYLOAD) },
	{ "Observe between", OP_STRIP, 6,
	  BYTES(GET, 0x31, 'h', 0x30, 0x51, 'a', 0x41, 'q', PAYLOAD),   /* 3, 6, 11, 15 */
	  BYTES(GET, 0x31, 'h', 0x81, 'a', 0x41, 'q', PAYLOAD) },
	{ "delta becomes 12", OP_STRIP, 6,
	  BYTES(GET, 0x60, 0x61, 40),                           /* 6, Content-Format 12 */
	  BYTES(GET, 0xc1, 40) },
	{ "delta becomes 13", OP_STRIP, 6,
	  BYTES(GET, 0x60, 0x71, 2),                            /* 6, Uri-Path-Abbrev 13 */
	  BYTES(GET, 0xd1, 0, 2) },
	{ "delta becomes 268", OP_STRIP, 6,
	  BYTES(GET, 0x60, 0xd1, 262 - 13, 7),                  /* 6, 268 */
	  BYTES(GET, 0xd1, 0xff, 7) },
	{ "delta becomes 269", OP_STRIP, 6,
	  BYTES(GET, 0x60, 0xd1, 263 - 13, 7),                  /* 6, 269 */
	  BYTES(GET, 0xe1, 0, 0, 7) },
	{ "wide delta stays wide", OP_STRIP, 6,
	  BYTES(GET, 0x61, 0, 0xe1, 0x06, 0xee, 7),             /* 6, 2049 = 6 + 269 + 1774 */
	  BYTES(GET, 0xe1, 0x06, 0xf4, 7) },
	{ "No-Response, own delta wide", OP_STRIP, 258,
	  BYTES(GET, 0xb1, 'a', 0xd1, 234, 2, 0xd1, 21, 9),     /* 11, 258, 292 */
	  BYTES(GET, 0xb1, 'a', 0xe1, 0, 12, 9) },
	{ "Request-Tag twice, one behind", OP_STRIP, 292,
	  BYTES(GET, 0xe1, 0, 23, 1, 0x02, 2, 2, 0xd1, 243, 3, PAYLOAD),        /* 292, 292, 548 */
	  BYTES(GET, 0xe1, 1, 23, 3, PAYLOAD) },
	{ "Location-Path thrice at the end", OP_STRIP, 8,
	  BYTES(CONTENT, 0x41, 0xee, 0x41, 'a', 0x00, 0x01, 'b'),
	  BYTES(CONTENT, 0x41, 0xee) },
	{ "a value of 8-bit length goes, one stays", OP_STRIP, 8,
	  BYTES(CONTENT, 0x8d, 7, V10, V10, 0xcd, 10, V10, V10, 1, 2, 3),       /* 8 of 20, 20 of 23 */
	  BYTES(CONTENT, 0xdd, 7, 10, V10, V10, 1, 2, 3) },
	{ "a value of 16-bit length goes, one stays", OP_STRIP, 300,
	  BYTES(GET, 0xee, 0, 31, 0, 31, V100, V100, V100, 0xae, 0, 1, V270),   /* 300 of 300, 310 of 270 */
	  BYTES(GET, 0xee, 0, 41, 0, 1, V270) },
	{ "nothing to strip", OP_STRIP, 6, BYTES(GET, 0xb1, 'a'), SAME },
	{ "nothing at all", OP_STRIP, 6, BYTES(GET), SAME },

	{ "insert into GET /", OP_BLOCK2, 2,
	  BYTES(0x40, 0x01, 0x7d, 0x70),
	  BYTES(0x40, 0x01, 0x7d, 0x70, 0xd1, 10, 2) },
	{ "insert SZX 0: the empty value", OP_BLOCK2, 0, BYTES(GET), BYTES(GET, 0xd0, 10) },
	{ "insert before a payload", OP_BLOCK2, 6,
	  BYTES(NON_FETCH, PAYLOAD), BYTES(NON_FETCH, 0xd1, 10, 6, PAYLOAD) },
	{ "insert last, delta 12", OP_BLOCK2, 2,
	  BYTES(GET, 0xb1, 'a', 0x01, 'b'),                     /* 11, 11 */
	  BYTES(GET, 0xb1, 'a', 0x01, 'b', 0xc1, 2) },
	{ "insert last, delta 13", OP_BLOCK2, 2,
	  BYTES(GET, 0xa1, 9, PAYLOAD),                         /* unknown 10 */
	  BYTES(GET, 0xa1, 9, 0xd1, 0, 2, PAYLOAD) },
	{ "insert last, delta 8", OP_BLOCK2, 2,
	  BYTES(GET, 0xb1, 'a', 0x41, 'q'),                     /* 11, 15 */
	  BYTES(GET, 0xb1, 'a', 0x41, 'q', 0x81, 2) },
	{ "insert between Accept and Block1", OP_BLOCK2, 2,
	  BYTES(GET, 0xd1, 4, 40, 0xa1, 0x06, PAYLOAD),         /* 17, 27 */
	  BYTES(GET, 0xd1, 4, 40, 0x61, 2, 0x41, 0x06, PAYLOAD) },
	{ "insert before Size1, whose delta stays 8-bit", OP_BLOCK2, 2,
	  BYTES(NON_FETCH, 0xb1, 'a', 0xd1, 36, 9, PAYLOAD),    /* 11, 60 */
	  BYTES(NON_FETCH, 0xb1, 'a', 0xc1, 2, 0xd1, 24, 9, PAYLOAD) },
	{ "insert before Proxy-Uri, whose delta becomes 12", OP_BLOCK2, 2,
	  BYTES(GET, 0xb1, 'a', 0xd3, 11, 'u', ':', 'v'),       /* 11, 35 */
	  BYTES(GET, 0xb1, 'a', 0xc1, 2, 0xc3, 'u', ':', 'v') },
	{ "insert before 36, whose delta becomes 13", OP_BLOCK2, 2,
	  BYTES(GET, 0xb1, 'a', 0xd1, 12, 5),                   /* 11, 36 */
	  BYTES(GET, 0xb1, 'a', 0xc1, 2, 0xd1, 0, 5) },
	{ "insert before Echo", OP_BLOCK2, 2,
	  BYTES(GET, 0xb1, 'a', 0xd9, 228, 1, 2, 3, 4, 5, 6, 7, 8, 9),  /* 11, 252 */
	  BYTES(GET, 0xb1, 'a', 0xc1, 2, 0xd9, 216, 1, 2, 3, 4, 5, 6, 7, 8, 9) },
	{ "insert before 291, whose delta becomes 268", OP_BLOCK2, 2,
	  BYTES(GET, 0xb1, 'a', 0xe1, 0, 11, 7, PAYLOAD),       /* 11, 291 */
	  BYTES(GET, 0xb1, 'a', 0xc1, 2, 0xd1, 255, 7, PAYLOAD) },
	{ "insert before Request-Tag, whose delta becomes 269", OP_BLOCK2, 2,
	  BYTES(GET, 0xb1, 'a', 0xe1, 0, 12, 7, 0x01, 8),       /* 11, 292, 292 */
	  BYTES(GET, 0xb1, 'a', 0xc1, 2, 0xe1, 0, 0, 7, 0x01, 8) },
	{ "insert before a long value", OP_BLOCK2, 2,
	  BYTES(GET, 0xdd, 22, 87, V100),                       /* 35 of 100 */
	  BYTES(GET, 0xd1, 10, 2, 0xcd, 87, V100) },
	{ "lower", OP_BLOCK2, 2, BYTES(GET, 0xb1, 'a', 0xc1, 0x06), BYTES(GET, 0xb1, 'a', 0xc1, 0x02) },
	{ "lower to 0", OP_BLOCK2, 0,
	  BYTES(GET, 0xd1, 10, 0x05, PAYLOAD), BYTES(GET, 0xd1, 10, 0x00, PAYLOAD) },
	{ "lower, M stays", OP_BLOCK2, 2, BYTES(GET, 0xd1, 10, 0x0e), BYTES(GET, 0xd1, 10, 0x0a) },
	{ "lower behind leading zeros", OP_BLOCK2, 1,
	  BYTES(GET, 0xd3, 10, 0, 0, 0x06, 0x50),               /* 23 of 3, Size2 28 empty */
	  BYTES(GET, 0xd3, 10, 0, 0, 0x01, 0x50) },
	{ "NUM 1 is left", OP_BLOCK2, 2, BYTES(GET, 0xd1, 10, 0x16), SAME },
	{ "NUM 4096 is left", OP_BLOCK2, 2, BYTES(GET, 0xd3, 10, 0x01, 0x00, 0x06), SAME },
	{ "the same SZX is left", OP_BLOCK2, 2, BYTES(GET, 0xd1, 10, 0x02), SAME },
	{ "a smaller SZX is left", OP_BLOCK2, 2, BYTES(GET, 0xd1, 10, 0x01), SAME },
	{ "the empty Block2 is left", OP_BLOCK2, 2, BYTES(GET, 0xd0, 10), SAME },

	{ "both: apart", OP_REQUEST, 2,
	  BYTES(GET, 0x60, 0x51, 'a', 0x41, 'q', 0xd1, 32, 9),  /* 6, 11, 15, 60 */
	  BYTES(GET, 0xb1, 'a', 0x41, 'q', 0x81, 2, 0xd1, 24, 9) },
	{ "both: the same neighbour", OP_REQUEST, 2,
	  BYTES(GET, 0x60, 0xd1, 41, 9, PAYLOAD),               /* 6, 60 */
	  BYTES(GET, 0xd1, 10, 2, 0xd1, 24, 9, PAYLOAD) },
	{ "both: at the end", OP_REQUEST, 2,
	  BYTES(GET, 0x41, 0xee, 0x20), BYTES(GET, 0x41, 0xee, 0xd1, 6, 2) },
	{ "both: lower", OP_REQUEST, 2,
	  BYTES(GET, 0x61, 0, 0x51, 'a', 0xc1, 0x06, 0x51, 0),  /* 6, 11, 23, 28 */
	  BYTES(GET, 0xb1, 'a', 0xc1, 0x02, 0x51, 0) },
	{ "both: strip alone", OP_REQUEST, 2,
	  BYTES(GET, 0x60, 0x51, 'a', 0xc1, 0x01), BYTES(GET, 0xb1, 'a', 0xc1, 0x01) },
	{ "both: insert alone", OP_REQUEST, 2, BYTES(GET, 0xb1, 'a'), BYTES(GET, 0xb1, 'a', 0xc1, 2) },
	{ "both: nothing", OP_REQUEST, 2, BYTES(GET, 0xb1, 'a', 0xc1, 2), SAME },
	{ "unobserve, Block2 stays", OP_UNOBSERVE, 2,
	  BYTES(GET, 0x60, 0x51, 'a', 0xc1, 0x06),
	  BYTES(GET, 0xb1, 'a', 0xc1, 0x06) },
};
const size_t nrewrite_rows = sizeof(rewrite_rows) / sizeof(rewrite_rows[0]);

static size_t clamp(struct cause *c)
{
	struct damp_guard g;

	damp_guard_defaults(&g);
	if (damp_attrs_check(c->data + c->f.payload_off, &c->m, &g) == DAMP_ATTRS_CLAMP)
		damp_attrs_clamp(c->data, &c->f, &c->m, &g);
	/* As the rewrites leave it: without what stands behind the IP packet. */
	return (size_t)c->f.l3_off + c->f.ip_len;
}

size_t rewrite_run(const struct rewrite_row *row, struct cause *c, size_t cap)
{
	const uint8_t szx = (uint8_t)row->arg;

	switch (row->op) {
	case OP_STRIP: return damp_rewrite_strip(c->data, c->len, &c->f, &c->m, row->arg);
	case OP_BLOCK2: return damp_rewrite_request(c->data, c->len, cap, &c->f, &c->m, false, true, szx);
	case OP_REQUEST: return damp_rewrite_request(c->data, c->len, cap, &c->f, &c->m, true, true, szx);
	case OP_ATTRS: return clamp(c);
	case OP_UNOBSERVE: return damp_rewrite_request(c->data, c->len, cap, &c->f, &c->m, true, false, szx);
	}
	return 0;
}

unsigned int for_each_rewrite(void (*use)(const uint8_t *out, size_t len, const struct cause *c))
{
	unsigned int n = 0;

	for (size_t i = 0; i < nrewrite_rows * NSHAPES; i++) {
		const struct rewrite_row *row = &rewrite_rows[i / NSHAPES];
		struct cause before, c;

		if (row->out == NULL)
			continue;
		make_cause(&before, (unsigned int)(i % NSHAPES), row->in, row->in_len);
		c = before;
		use(c.data, rewrite_run(row, &c, FRAME_MAX), &before);
		n++;
	}
	return n;
}
