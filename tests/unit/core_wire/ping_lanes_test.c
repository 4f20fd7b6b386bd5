/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pings made side by side against pings made one by one: the same bytes, for addresses,
 * ports and times at random, and for addresses of all ones and all zeros, which bring the
 * sums to their ends. Where there are no wide registers there is nothing to compare.
 */
#include "compiled.h"
#include "needs.h"
#include "ping_lanes.h"
#include "reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define MACS 14u
#define ROUNDS 40000u

static uint64_t draw(uint64_t *s)
{
	*s = *s * 6364136223846793005ull + 1442695040888963407ull;
	return *s ^ *s >> 29;
}

/* One in four of its bits is all ones, one all zeros. */
static uint32_t draw_word(uint64_t *s)
{
	const uint64_t r = draw(s);

	return r >> 62 == 0 ? UINT32_MAX : r >> 62 == 1 ? 0 : (uint32_t)(r >> 20);
}

static void put_v4(struct damp_addr *a, uint32_t v)
{
	*a = (struct damp_addr){ { [10] = 0xff, [11] = 0xff, (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
				   (uint8_t)v } };
}

static void draw_frame(uint64_t *s, struct damp_frame *f)
{
	*f = (struct damp_frame){ .l3_off = MACS, .l4_off = MACS + 20, .payload_off = MACS + 28, .ip_len = 60 };
	put_v4(&f->src, draw_word(s));
	put_v4(&f->dst, draw_word(s));
	f->sport = (uint16_t)draw_word(s);
	f->dport = (uint16_t)draw_word(s);
}

static void check_lane(const struct damp_secrets *secrets, uint64_t wall_s, const struct damp_frame *f,
		       const struct damp_ping_v4 *got)
{
	const uint16_t mid = damp_ping_mid(secrets, &f->src, f->sport, &f->dst, f->dport, wall_s);
	uint8_t frame[MACS + 60] = { 0 };

	assert_int_equal(damp_reply_ping(frame, sizeof(frame), f, mid), MACS + EMPTY_V4_LEN);
	assert_memory_equal(got->b, frame + MACS, EMPTY_V4_LEN);
	assert_int_equal(damp_ping_v4_mid(got), mid);
}

static void test_lanes(void **state)
{
	const struct damp_key master = { 0x0123456789abcdefull, 0xfedcba9876543210ull };
	unsigned without = 0;
	uint64_t s = 20261122;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		const uint64_t wall_s = 1700000000 + (draw(&s) >> 40);
		struct damp_frame f[DAMP_SIP_LANES];
		const struct damp_frame *of[DAMP_SIP_LANES];
		struct damp_ping_v4 got[DAMP_SIP_LANES];
		struct damp_ping_moment m;
		struct damp_secrets secrets;

		damp_secrets_init(&secrets, &master, wall_s);
		m = damp_ping_moment(&secrets, wall_s);
		for (unsigned i = 0; i < DAMP_SIP_LANES; i++) {
			draw_frame(&s, &f[i]);
			of[i] = &f[draw(&s) >> 61 ? i : 0];     /* some twice, as idle lanes are */
		}
		damp_ping_lanes(&m, of, got);
		for (unsigned i = 0; i < DAMP_SIP_LANES; i++) {
			check_lane(&secrets, wall_s, of[i], &got[i]);
			without += got[i].b[26] == 0xff && got[i].b[27] == 0xff;
		}
	}
	/* and the checksum that is never 0 was met */
	assert_true(without > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lanes),
	};

	return damp_has_avx2() ? cmocka_run_group_tests(tests, NULL, NULL) : needs_missing("this processor has no AVX2");
}
