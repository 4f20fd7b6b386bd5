/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of the judge as a whole share (judge_*_test.c): messages, answers, and
 * the reasons that were seen. All of them are one program, so that the last test can
 * ask whether every reason was seen.
 */
#ifndef DAMP_TEST_JUDGE_KIT_H
#define DAMP_TEST_JUDGE_KIT_H

#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define SERVER ((struct rig_end){ 2, 5683 })
#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

/* GET /p: CON, no token, MID 1. 6 bytes, the smallest request with a path. */
#define GET_P 0x40, 0x01, 0x00, 0x01, 0xb1, 'p'
/* GET /.well-known/core: NON, token 4a, MID 2. */
#define GET_CORE                                                                                          \
	0x51, 0x01, 0x00, 0x02, 0x4a, 0xbb, '.', 'w', 'e', 'l', 'l', '-', 'k', 'n', 'o', 'w', 'n', 0x04,  \
		'c', 'o', 'r', 'e'
/* GET /time with Observe 0: NON, token 83, MID 3 (attacks.md AV-12). */
#define OBSERVE_TIME 0x51, 0x01, 0x00, 0x03, 0x83, 0x60, 0x54, 't', 'i', 'm', 'e'

/* A case over IPv4 and over IPv6: *state says which. */
extern bool judge_v4, judge_v6;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &judge_v4 }, { #f " IPv6", f, NULL, NULL, &judge_v6 }

/* A packet of this reason was judged, where expect() is not the one to say so. */
void judge_saw(enum damp_reason why);

/* The packet was judged for this reason. Returns it. */
const struct damp_pkt *expect(struct damp_pkt *p, enum damp_reason why);

/* A response of total CoAP length n: type, code, MID and token given. */
size_t response(uint8_t *out, uint8_t type, uint16_t mid, const uint8_t *token, uint8_t tkl, size_t n);

/* Such a response from SERVER to CLIENT. */
struct damp_pkt *answer(struct rig *r, uint8_t type, uint16_t mid, const uint8_t *token, uint8_t tkl, size_t n);

/* No more went out than three times what came in. */
void assert_promise(const struct rig *r);

/* A group destination, built over a unicast frame with its checksums redone. */
size_t to_group(const struct rig *r, enum damp_side side, uint8_t type, uint8_t *f);

/* The groups of tests; each returns how many failed. */
int judge_proofs(void);
int judge_trust(void);
int judge_budgets(void);
int judge_observers(void);
int judge_frames(void);
int judge_counts(void);
int judge_reasons(void);

#endif
