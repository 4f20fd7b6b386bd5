/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS: what counts as a record, where cookies stand, and that returning one
 * is a proof. The handshake is libcoap's own (coap-server-openssl and
 * coap-client-openssl 4.3.1 with -k, over loopback), taken byte by byte.
 */
#include "rig.h"

#include "dtls.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define OTHER_PORT ((struct rig_end){ 1, 40001 })
#define SERVER ((struct rig_end){ 2, 5684 })
#define COOKIE_LEN 32u
#define VERIFY_COOKIE_OFF 28u   /* 13 of the record, 12 of the handshake, version, length */
#define HELLO_COOKIE_OFF 61u    /* 13, 12, version, random, no session ID, length */

/* ClientHello, HelloVerifyRequest, ClientHello with the cookie, and the three
 * records of ServerHello, ServerKeyExchange and ServerHelloDone. */
static const uint8_t hello[] = {
	0x16, 0xfe, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xfc, 0x01, 0x00, 0x00, 0xf0, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf0, 0xfe, 0xfd, 0x10, 0x53, 0x06, 0x07, 0xd9, 0x53, 0xe6, 0xec, 0x8f,
	0xac, 0x7c, 0x7c, 0x4a, 0xa7, 0x18, 0xaf, 0x4f, 0xe3, 0x21, 0x0d, 0xd3, 0x04, 0x01, 0xcf, 0x0e, 0x44, 0xba,
	0xec, 0x7d, 0x26, 0x97, 0x60, 0x00, 0x00, 0x00, 0x62, 0x00, 0xad, 0x00, 0xab, 0xcc, 0xae, 0xcc, 0xad, 0xcc,
	0xac, 0xc0, 0xab, 0xc0, 0xa7, 0xc0, 0x6f, 0xc0, 0x6d, 0x00, 0xa9, 0xcc, 0xab, 0xc0, 0xa9, 0xc0, 0xa5, 0xc0,
	0x6b, 0x00, 0xac, 0x00, 0xaa, 0xc0, 0xaa, 0xc0, 0xa6, 0xc0, 0x6e, 0xc0, 0x6c, 0x00, 0xa8, 0xc0, 0xa8, 0xc0,
	0xa4, 0xc0, 0x6a, 0xc0, 0x38, 0xc0, 0x36, 0x00, 0xb7, 0x00, 0xb3, 0x00, 0x95, 0x00, 0x91, 0xc0, 0x9b, 0xc0,
	0x99, 0xc0, 0x97, 0x00, 0xaf, 0x00, 0x8d, 0xc0, 0x95, 0xc0, 0x37, 0xc0, 0x35, 0x00, 0xb6, 0x00, 0xb2, 0x00,
	0x94, 0x00, 0x90, 0xc0, 0x9a, 0xc0, 0x98, 0xc0, 0x96, 0x00, 0xae, 0x00, 0x8c, 0xc0, 0x94, 0x00, 0xff, 0x01,
	0x00, 0x00, 0x64, 0x00, 0x00, 0x00, 0x0e, 0x00, 0x0c, 0x00, 0x00, 0x09, 0x31, 0x32, 0x37, 0x2e, 0x30, 0x2e,
	0x30, 0x2e, 0x31, 0x00, 0x0b, 0x00, 0x04, 0x03, 0x00, 0x01, 0x02, 0x00, 0x0a, 0x00, 0x0c, 0x00, 0x0a, 0x00,
	0x1d, 0x00, 0x17, 0x00, 0x1e, 0x00, 0x19, 0x00, 0x18, 0x00, 0x23, 0x00, 0x00, 0x00, 0x16, 0x00, 0x00, 0x00,
	0x17, 0x00, 0x00, 0x00, 0x0d, 0x00, 0x2a, 0x00, 0x28, 0x04, 0x03, 0x05, 0x03, 0x06, 0x03, 0x08, 0x07, 0x08,
	0x08, 0x08, 0x09, 0x08, 0x0a, 0x08, 0x0b, 0x08, 0x04, 0x08, 0x05, 0x08, 0x06, 0x04, 0x01, 0x05, 0x01, 0x06,
	0x01, 0x03, 0x03, 0x03, 0x01, 0x03, 0x02, 0x04, 0x02, 0x05, 0x02, 0x06, 0x02,
};
static const uint8_t verify[] = {
	0x16, 0xfe, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x2f, 0x03, 0x00, 0x00, 0x23, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x23, 0xfe, 0xff, 0x20, 0x56, 0x50, 0xc4, 0xf7, 0xe1, 0xa1, 0xec, 0x27,
	0x81, 0x5a, 0x7d, 0x2c, 0x7b, 0x74, 0xcc, 0x86, 0x26, 0xae, 0xa7, 0xe7, 0x5c, 0xb9, 0xbb, 0xd0, 0xb6, 0xcd,
	0x45, 0x73, 0x9d, 0xc4, 0xbc, 0x22,
};
static const uint8_t hello_cookie[] = {
	0x16, 0xfe, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x01, 0x1c, 0x01, 0x00, 0x01, 0x10, 0x00,
	0x01, 0x00, 0x00, 0x00, 0x00, 0x01, 0x10, 0xfe, 0xfd, 0x10, 0x53, 0x06, 0x07, 0xd9, 0x53, 0xe6, 0xec, 0x8f,
	0xac, 0x7c, 0x7c, 0x4a, 0xa7, 0x18, 0xaf, 0x4f, 0xe3, 0x21, 0x0d, 0xd3, 0x04, 0x01, 0xcf, 0x0e, 0x44, 0xba,
	0xec, 0x7d, 0x26, 0x97, 0x60, 0x00, 0x20, 0x56, 0x50, 0xc4, 0xf7, 0xe1, 0xa1, 0xec, 0x27, 0x81, 0x5a, 0x7d,
	0x2c, 0x7b, 0x74, 0xcc, 0x86, 0x26, 0xae, 0xa7, 0xe7, 0x5c, 0xb9, 0xbb, 0xd0, 0xb6, 0xcd, 0x45, 0x73, 0x9d,
	0xc4, 0xbc, 0x22, 0x00, 0x62, 0x00, 0xad, 0x00, 0xab, 0xcc, 0xae, 0xcc, 0xad, 0xcc, 0xac, 0xc0, 0xab, 0xc0,
	0xa7, 0xc0, 0x6f, 0xc0, 0x6d, 0x00, 0xa9, 0xcc, 0xab, 0xc0, 0xa9, 0xc0, 0xa5, 0xc0, 0x6b, 0x00, 0xac, 0x00,
	0xaa, 0xc0, 0xaa, 0xc0, 0xa6, 0xc0, 0x6e, 0xc0, 0x6c, 0x00, 0xa8, 0xc0, 0xa8, 0xc0, 0xa4, 0xc0, 0x6a, 0xc0,
	0x38, 0xc0, 0x36, 0x00, 0xb7, 0x00, 0xb3, 0x00, 0x95, 0x00, 0x91, 0xc0, 0x9b, 0xc0, 0x99, 0xc0, 0x97, 0x00,
	0xaf, 0x00, 0x8d, 0xc0, 0x95, 0xc0, 0x37, 0xc0, 0x35, 0x00, 0xb6, 0x00, 0xb2, 0x00, 0x94, 0x00, 0x90, 0xc0,
	0x9a, 0xc0, 0x98, 0xc0, 0x96, 0x00, 0xae, 0x00, 0x8c, 0xc0, 0x94, 0x00, 0xff, 0x01, 0x00, 0x00, 0x64, 0x00,
	0x00, 0x00, 0x0e, 0x00, 0x0c, 0x00, 0x00, 0x09, 0x31, 0x32, 0x37, 0x2e, 0x30, 0x2e, 0x30, 0x2e, 0x31, 0x00,
	0x0b, 0x00, 0x04, 0x03, 0x00, 0x01, 0x02, 0x00, 0x0a, 0x00, 0x0c, 0x00, 0x0a, 0x00, 0x1d, 0x00, 0x17, 0x00,
	0x1e, 0x00, 0x19, 0x00, 0x18, 0x00, 0x23, 0x00, 0x00, 0x00, 0x16, 0x00, 0x00, 0x00, 0x17, 0x00, 0x00, 0x00,
	0x0d, 0x00, 0x2a, 0x00, 0x28, 0x04, 0x03, 0x05, 0x03, 0x06, 0x03, 0x08, 0x07, 0x08, 0x08, 0x08, 0x09, 0x08,
	0x0a, 0x08, 0x0b, 0x08, 0x04, 0x08, 0x05, 0x08, 0x06, 0x04, 0x01, 0x05, 0x01, 0x06, 0x01, 0x03, 0x03, 0x03,
	0x01, 0x03, 0x02, 0x04, 0x02, 0x05, 0x02, 0x06, 0x02,
};
static const uint8_t flight[] = {
	0x16, 0xfe, 0xfd, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x41, 0x02, 0x00, 0x00, 0x35, 0x00,
	0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x35, 0xfe, 0xfd, 0x3b, 0x9b, 0x1b, 0x6f, 0x8c, 0xf6, 0x44, 0x72, 0x8a,
	0x38, 0xf1, 0xc2, 0x3c, 0x55, 0xd4, 0x0e, 0xb3, 0xf5, 0x5e, 0x28, 0xc1, 0x24, 0x3c, 0x6a, 0xcc, 0xcc, 0x80,
	0x13, 0x19, 0xdf, 0xe8, 0xf7, 0x00, 0xcc, 0xac, 0x00, 0x00, 0x0d, 0xff, 0x01, 0x00, 0x01, 0x00, 0x00, 0x23,
	0x00, 0x00, 0x00, 0x17, 0x00, 0x00, 0x16, 0xfe, 0xfd, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00,
	0x36, 0x0c, 0x00, 0x00, 0x2a, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x2a, 0x00, 0x04, 0x43, 0x6f, 0x41,
	0x50, 0x03, 0x00, 0x1d, 0x20, 0x88, 0xec, 0x9d, 0x01, 0x50, 0x84, 0xb7, 0x45, 0x9e, 0x6d, 0x3a, 0xed, 0x1f,
	0xf9, 0x50, 0xc9, 0xa2, 0x1d, 0xff, 0x06, 0xed, 0x50, 0xf7, 0xb4, 0x5c, 0xcf, 0x9a, 0x17, 0x13, 0x95, 0x19,
	0x4c, 0x16, 0xfe, 0xfd, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x0c, 0x0e, 0x00, 0x00, 0x00,
	0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

/* DTLS 1.3: a HelloRetryRequest and the ClientHello that follows, put together
 * from RFC 9147 section 5 and RFC 8446 section 4; random and cookie are made up
 * but for the random that means "retry". */
static const uint8_t retry[] = {
	22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 78,              /* record, epoch 0, 78 bytes */
	2, 0, 0, 66, 0, 0, 0, 0, 0, 0, 0, 66,                       /* ServerHello, one fragment */
	0xfe, 0xfd,                                                 /* legacy version */
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
	0, 0x13, 0x01, 0,                                           /* session ID, cipher, compression */
	0, 26,                                                      /* extensions */
	0, 43, 0, 2, 0xfe, 0xfc,                                    /* supported_versions */
	0, 44, 0, 12, 0, 10, 'a', ' ', 'c', 'o', 'o', 'k', 'i', 'e', '1', '3', /* cookie */
	0, 99, 0, 0,                                                /* one that nobody knows */
};
#define RETRY_COOKIE_OFF 77u

static const uint8_t hello13[] = {
	22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 76,              /* record, epoch 0, 76 bytes */
	1, 0, 0, 64, 0, 1, 0, 0, 0, 0, 0, 64,                       /* ClientHello, one fragment */
	0xfe, 0xfd,                                                 /* legacy version */
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
	29, 30, 31, 32,
	0, 0,                                                       /* session ID, legacy cookie */
	0, 2, 0x13, 0x01, 1, 0,                                     /* cipher suites, compression */
	0, 20,                                                      /* extensions */
	0, 99, 0, 0,
	0, 44, 0, 12, 0, 10, 'a', ' ', 'c', 'o', 'o', 'k', 'i', 'e', '1', '3',
};
#define HELLO13_COOKIE_OFF 79u

static struct damp_pkt *from_client(struct rig *r, const uint8_t *m, size_t len)
{
	return rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, m, len);
}

static struct damp_pkt *from_server(struct rig *r, const uint8_t *m, size_t len)
{
	return rig_send(r, DAMP_INSIDE, SERVER, CLIENT, m, len);
}

static uint64_t proofs(const struct rig *r)
{
	return r->stats->worker[0].proofs_cookie;
}

static void hellos_are_read(void **state)
{
	static const struct {
		const uint8_t *m;
		size_t len;
		enum damp_dtls_hello hello;
		unsigned off, cookie;
	} cases[] = {
		{ hello, sizeof(hello), DAMP_DTLS_CLIENT_HELLO, 0, 0 },
		{ verify, sizeof(verify), DAMP_DTLS_HELLO_VERIFY, VERIFY_COOKIE_OFF, COOKIE_LEN },
		{ hello_cookie, sizeof(hello_cookie), DAMP_DTLS_CLIENT_HELLO, HELLO_COOKIE_OFF, COOKIE_LEN },
		{ flight, sizeof(flight), DAMP_DTLS_NO_HELLO, 0, 0 },
		{ retry, sizeof(retry), DAMP_DTLS_HELLO_RETRY, RETRY_COOKIE_OFF, 10 },
		{ hello13, sizeof(hello13), DAMP_DTLS_CLIENT_HELLO, HELLO13_COOKIE_OFF, 10 },
	};
	struct damp_dtls d;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(damp_dtls_scan(cases[i].m, cases[i].len, &d));
		assert_int_equal(d.hello, cases[i].hello);
		assert_int_equal(d.cookie_off, cases[i].off);
		assert_int_equal(d.cookie_len, cases[i].cookie);
	}
	assert_memory_equal(verify + VERIFY_COOKIE_OFF, hello_cookie + HELLO_COOKIE_OFF, COOKIE_LEN);
}

/* Every length and every byte of the hellos wrong in turn: the sanitizers watch
 * the bounds, and no cookie ever reaches beyond the datagram. */
static void broken_hellos_stay_inside(void **state)
{
	static const struct { const uint8_t *m; size_t len; } all[] = {
		{ verify, sizeof(verify) }, { hello_cookie, sizeof(hello_cookie) }, { retry, sizeof(retry) },
		{ hello13, sizeof(hello13) }, { flight, sizeof(flight) },
	};
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct damp_dtls d;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		for (size_t n = 0; n < all[i].len; n++) {
			uint8_t *m = test_malloc(n ? n : 1);

			memcpy(m, all[i].m, n);
			/* Cut short it is no datagram of records, but between two. */
			if (damp_dtls_scan(m, n, &d))
				assert_true(all[i].m == flight && (n == 78 || n == 145));
			test_free(m);
		}
		for (size_t n = 0; n < all[i].len * sizeof(values); n++) {
			uint8_t *m = test_malloc(all[i].len);

			memcpy(m, all[i].m, all[i].len);
			m[n / sizeof(values)] = values[n % sizeof(values)];
			if (damp_dtls_scan(m, all[i].len, &d))
				assert_true((size_t)d.cookie_off + d.cookie_len <= all[i].len);
			test_free(m);
		}
	}
}

/* AV-46. Bytes not given are 0. */
static void records_are_checked(void **state)
{
	static const struct { bool good; size_t len; uint8_t m[48]; } cases[] = {
		{ true, 15, { 20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2 } },
		{ true, 13, { 23, 0xfe, 0xff, 0, 1 } },                         /* empty application data */
		{ true, 14, { 26, 0xfe, 0xfd, [12] = 1 } },                     /* ACK of DTLS 1.3 */
		{ true, 28, { 21, 0xfe, 0xfd, [12] = 2, [15] = 20, 0xfe, 0xfd } }, /* two records */
		{ true, 30, { 25, 0xfe, 0xfd, 0, 1, [11] = 'c', 'i', 'd', 0, 12 } }, /* CID of 3 bytes */
		{ true, 2 + 16, { 0x20 } },             /* unified: 8-bit number, no length */
		{ true, 3 + 16, { 0x28 } },             /* 16-bit number */
		{ true, 5 + 16, { 0x2c, 0, 0, 0, 16 } },        /* and a length */
		{ true, 6 + 2 + 16, { 0x3c, 'c' } },            /* and a CID of 3 bytes */
		{ false, 0, { 0 } },
		{ false, 12, { 22, 0xfe, 0xfd } },                              /* half a header */
		{ false, 14, { 19, 0xfe, 0xfd, [12] = 1 } },
		{ false, 14, { 27, 0xfe, 0xfd, [12] = 1 } },
		{ false, 14, { 22, 0xfe, 0xfe, [12] = 1 } },                    /* no such version */
		{ false, 14, { 22, 0x03, 0x03, [12] = 1 } },                    /* TLS 1.2 */
		{ false, 14, { 22, 0xfe, 0xfd, [12] = 2 } },                    /* longer than the datagram */
		{ false, 14, { 22, 0xfe, 0xfd } },                              /* a byte left over */
		{ false, 12, { 25, 0xfe, 0xfd } },
		{ false, 2 + 15, { 0x20 } },                                    /* RFC 9147 section 4.2.3 */
		{ false, 1, { 0x28 } },
		{ false, 5 + 16, { 0x2c, 0, 0, 0, 17 } },
		{ false, 5 + 16, { 0x2c, 0, 0, 0, 15 } },
		{ false, 20, { 0x40 } },                                        /* CoAP */
		{ false, 20, { 0x80 } },                                        /* RTP */
	};
	struct rig r;

	rig_open(&r, *(bool *)*state);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct damp_dtls d;

		if (damp_dtls_scan(cases[i].m, cases[i].len, &d) != cases[i].good)
			fail_msg("case %zu", i);
		if (cases[i].len == 0)
			continue;
		from_client(&r, cases[i].m, cases[i].len);
		assert_int_equal(r.pkt.reason, cases[i].good ? DAMP_REASON_ACCEPTED : DAMP_REASON_DTLS_RECORD);
	}
	rig_close(&r);
}

/* A whole session of libcoap: with the cookie back, nothing has to fit the
 * credit of the hellos any more. */
static void returned_cookie_is_a_proof(void **state)
{
	/* 1000 bytes of application data in one record. */
	static const uint8_t bulk[13 + 1000] = { 23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 1000 >> 8, 1000 & 255 };
	struct rig r;

	rig_open(&r, *(bool *)*state);
	assert_int_equal(from_client(&r, hello, sizeof(hello))->reason, DAMP_REASON_ACCEPTED);
	assert_int_equal(from_server(&r, verify, sizeof(verify))->reason, DAMP_REASON_ACCEPTED);
	assert_int_equal(proofs(&r), 0);
	assert_int_equal(from_client(&r, hello_cookie, sizeof(hello_cookie))->reason, DAMP_REASON_ACCEPTED);
	assert_int_equal(proofs(&r), 1);
	assert_int_equal(from_server(&r, flight, sizeof(flight))->reason, DAMP_REASON_ACCEPTED_PROVED);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(from_server(&r, bulk, sizeof(bulk))->reason, DAMP_REASON_ACCEPTED_PROVED);
	assert_int_equal(from_client(&r, bulk, sizeof(bulk))->reason, DAMP_REASON_ACCEPTED_PROVED);
	rig_close(&r);
}

/* Records of epoch 0: a ServerHello alone, a ServerHelloDone alone, a ChangeCipherSpec
 * with a Finished that nobody outside can read (epoch 1). */
static const uint8_t server_hello[120] = {
	22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 107, 2, 0, 0, 95, 0, 0, 0, 0, 0, 0, 0, 95, 0xfe, 0xfd,
};
static const uint8_t changes[] = {
	20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 1,
	22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
};
/* A resumed session: the server's own ServerHello and ChangeCipherSpec in one datagram. */
static const uint8_t resumed[] = {
	22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 14, 2, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 2, 0xfe, 0xfd,
	20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 1,
};

/* A server without cookies, with a pre-shared key: its flight fits the credit, and
 * that it changes its cipher after that says that its client has received it. */
static void finished_handshake_is_a_proof(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	from_client(&r, hello, sizeof(hello));
	assert_int_equal(from_server(&r, flight, sizeof(flight))->reason, DAMP_REASON_ACCEPTED);
	assert_int_equal(proofs(&r), 0);
	from_client(&r, changes, sizeof(changes));
	assert_int_equal(proofs(&r), 0);
	assert_int_equal(from_server(&r, changes, sizeof(changes))->reason, DAMP_REASON_ACCEPTED_PROVED);
	assert_int_equal(proofs(&r), 1);
	rig_close(&r);
}

/* What a spoofer can have the server do: resume a session of his own in another's
 * name, before or after a full handshake that he cannot finish. */
static void resumed_session_is_none(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	from_client(&r, hello, sizeof(hello));
	from_server(&r, resumed, sizeof(resumed));
	from_server(&r, flight, sizeof(flight));
	from_server(&r, resumed, sizeof(resumed));
	from_client(&r, hello, sizeof(hello));
	from_server(&r, flight, sizeof(flight));
	from_server(&r, server_hello, sizeof(server_hello));
	from_server(&r, changes, sizeof(changes));
	assert_int_equal(proofs(&r), 0);
	/* Not even when its ServerHello did not leave. */
	from_client(&r, hello, sizeof(hello));
	from_server(&r, flight, sizeof(flight));
	while (from_server(&r, verify, sizeof(verify))->reason == DAMP_REASON_ACCEPTED)
		;
	assert_int_equal(from_server(&r, server_hello, sizeof(server_hello))->fate, DAMP_FATE_DROP);
	from_client(&r, hello, sizeof(hello));
	from_server(&r, changes, sizeof(changes));
	assert_int_equal(proofs(&r), 0);
	rig_close(&r);
}

static void returned_cookie_of_dtls13(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	from_client(&r, hello, sizeof(hello));
	from_server(&r, retry, sizeof(retry));
	from_client(&r, hello13, sizeof(hello13));
	assert_int_equal(proofs(&r), 1);
	rig_close(&r);
}

/* What proves nothing: one wrong byte, another port, too late, never asked for,
 * given by the peer itself. */
static void other_cookies_are_none(void **state)
{
	uint8_t wrong[sizeof(hello_cookie)];
	struct rig r;

	rig_open(&r, *(bool *)*state);
	from_client(&r, hello_cookie, sizeof(hello_cookie));
	from_client(&r, verify, sizeof(verify));
	from_client(&r, hello_cookie, sizeof(hello_cookie));
	from_server(&r, verify, sizeof(verify));
	rig_send(&r, DAMP_OUTSIDE, OTHER_PORT, SERVER, hello_cookie, sizeof(hello_cookie));
	memcpy(wrong, hello_cookie, sizeof(wrong));
	wrong[HELLO_COOKIE_OFF + COOKIE_LEN - 1] ^= 1;
	from_client(&r, wrong, sizeof(wrong));
	rig_wait_ms(&r, 60500);
	from_client(&r, hello_cookie, sizeof(hello_cookie));
	assert_int_equal(proofs(&r), 0);
	rig_close(&r);
}

/* A server whose cookie is the same for all: somebody else may know it. */
static void shared_cookies_are_none(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	from_client(&r, hello, sizeof(hello));
	from_server(&r, verify, sizeof(verify));
	rig_send(&r, DAMP_OUTSIDE, OTHER_PORT, SERVER, hello, sizeof(hello));
	rig_send(&r, DAMP_INSIDE, SERVER, OTHER_PORT, verify, sizeof(verify));
	from_client(&r, hello_cookie, sizeof(hello_cookie));
	rig_send(&r, DAMP_OUTSIDE, OTHER_PORT, SERVER, hello_cookie, sizeof(hello_cookie));
	assert_int_equal(proofs(&r), 0);
	rig_close(&r);
}

/* A cookie of n bytes, in the shape of libcoap's. */
static size_t with_cookie(uint8_t *out, const uint8_t *m, size_t len, size_t off, uint8_t n)
{
	const size_t gone = COOKIE_LEN - n;

	memcpy(out, m, off + n);
	memcpy(out + off + n, m + off + COOKIE_LEN, len - off - COOKIE_LEN);
	damp_put16(out + 11, (uint16_t)(damp_get16(out + 11) - gone));
	damp_put16(out + 14 + 1, (uint16_t)(damp_get16(out + 14 + 1) - gone));
	damp_put16(out + 22 + 1, (uint16_t)(damp_get16(out + 22 + 1) - gone));
	out[off - 1] = n;
	return len - gone;
}

static void short_cookies_are_none(void **state)
{
	uint8_t m[sizeof(hello_cookie)];
	struct rig r;

	for (uint8_t n = 6; n < 11; n++) {
		rig_open(&r, *(bool *)*state);
		from_client(&r, hello, sizeof(hello));
		from_server(&r, m, with_cookie(m, verify, sizeof(verify), VERIFY_COOKIE_OFF, n));
		assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
		from_client(&r, m, with_cookie(m, hello_cookie, sizeof(hello_cookie), HELLO_COOKIE_OFF, n));
		assert_int_equal(proofs(&r), n >= 8);
		rig_close(&r);
	}
}

/* A cookie that did not leave was received by nobody. */
static void no_amplification(struct damp_guard *g)
{
	g->alpha_q8 = 16;
}

static void dropped_cookie_is_none(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, no_amplification);
	from_client(&r, hello, sizeof(hello));
	assert_int_equal(from_server(&r, verify, sizeof(verify))->reason, DAMP_REASON_AMPLIFICATION);
	from_client(&r, hello_cookie, sizeof(hello_cookie));
	assert_int_equal(proofs(&r), 0);
	rig_close(&r);
}

/* A cookie is known for 60 s, and no longer. */
static void old_cookies_are_none(void **state)
{
	struct rig r;

	rig_open(&r, *(bool *)*state);
	from_client(&r, hello, sizeof(hello));
	from_server(&r, verify, sizeof(verify));
	rig_wait_ms(&r, 60500);
	from_client(&r, hello_cookie, sizeof(hello_cookie));
	assert_int_equal(proofs(&r), 0);
	rig_close(&r);
	rig_open(&r, *(bool *)*state);
	from_client(&r, hello, sizeof(hello));
	from_server(&r, verify, sizeof(verify));
	rig_wait_ms(&r, 59500);
	from_client(&r, hello_cookie, sizeof(hello_cookie));
	assert_int_equal(proofs(&r), 1);
	rig_close(&r);
}

static void one_flight_only(struct damp_guard *g)
{
	g->proved = (struct damp_rung){ .cost_q16 = DAMP_TICK_HZ << 16, .burst_ticks = 300u << 20, .plen = 128 };
}

static void proved_budget_applies(void **state)
{
	struct rig r;

	rig_open_guard(&r, *(bool *)*state, one_flight_only);
	from_client(&r, hello, sizeof(hello));
	from_server(&r, verify, sizeof(verify));
	from_client(&r, hello_cookie, sizeof(hello_cookie));
	assert_int_equal(from_server(&r, flight, sizeof(flight))->reason, DAMP_REASON_ACCEPTED_PROVED);
	assert_int_equal(from_server(&r, flight, sizeof(flight))->reason, DAMP_REASON_PROVED_BUDGET);
	rig_close(&r);
}

/* A peer that never proves itself gets less than it sent in the long run (AV-24),
 * and yet a cookie. */
static void trust_runs_out(void **state)
{
	/* 100 bytes of a record with a connection ID; 120 in return. */
	static const uint8_t record[100] = { 25, 0xfe, 0xfd, [4] = 1, [11] = 1, 2, 3, 4, 0, 83 };
	static const uint8_t data[120] = { 25, 0xfe, 0xfd, [4] = 1, [11] = 1, 2, 3, 4, 0, 103 };
	static const struct rig_end other = { 1, 40007 };
	struct rig r;

	rig_open(&r, *(bool *)*state);
	for (unsigned i = 0; i < 60; i++) {
		rig_wait_ms(&r, 1000);
		from_client(&r, record, sizeof(record));
		from_server(&r, data, sizeof(data));
		from_server(&r, data, sizeof(data));
	}
	assert_in_range(r.peer_out, r.peer_in / 2, r.peer_in);
	/* A client at another port has no credit left over, and yet its cookie: a hello
	 * is twice as large. */
	from_client(&r, record, sizeof(record));
	rig_send(&r, DAMP_OUTSIDE, other, (struct rig_end){ 2, 5684 }, hello, sizeof(hello));
	rig_send(&r, DAMP_INSIDE, (struct rig_end){ 2, 5684 }, other, verify, sizeof(verify));
	assert_int_equal(r.pkt.reason, DAMP_REASON_ACCEPTED);
	/* But not the second. */
	rig_send(&r, DAMP_INSIDE, (struct rig_end){ 2, 5684 }, other, verify, sizeof(verify));
	assert_int_equal(r.pkt.reason, DAMP_REASON_AMPLIFICATION);
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hellos_are_read), cmocka_unit_test(broken_hellos_stay_inside),
		BOTH(records_are_checked), BOTH(returned_cookie_is_a_proof), BOTH(returned_cookie_of_dtls13),
		BOTH(finished_handshake_is_a_proof), BOTH(resumed_session_is_none),
		BOTH(other_cookies_are_none), BOTH(short_cookies_are_none), BOTH(dropped_cookie_is_none),
		BOTH(shared_cookies_are_none), BOTH(old_cookies_are_none), BOTH(trust_runs_out),
		BOTH(proved_budget_applies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
