/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a replay makes of messages that are held behind a ping: each is judged
 * again when its peer proves itself or its time is up, at the capture's clock,
 * and told by what became of it.
 */
#include "captures.h"
#include "replay.h"
#include "replay_json.h"
#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CLIENT "203.0.113.9:40000"
#define SERVER "192.0.2.1:5683"
#define MS 1000000ll

static const char *const rules_text = "version: 1\n"
				      "rules:\n"
				      "  - {id: ask, match: {msg: request, verified: false}, then: challenge}\n";
static const char *const without_hold = "version: 1\n"
					"guard: {hold: false}\n"
					"rules:\n"
					"  - {id: ask, match: {msg: request, verified: false}, then: challenge}\n";

static struct damp_replay_program compile(const char *text)
{
	struct damp_replay_program p = { 0 };
	struct damp_rules r;

	if (damp_rules_compile_text(text, strlen(text), "test.yaml", NULL, &r) != 0)
		fail_msg("%s", r.text);
	p.block = r.program;
	p.len = r.program_len;
	r.program = NULL;
	damp_rules_free(&r);
	return p;
}

static struct damp_replay *open_replay(const char *one, const char *other)
{
	struct damp_replay *r = calloc(1, sizeof(*r));
	struct damp_replay_program p[2] = { compile(one) };
	char err[256];

	if (other != NULL)
		p[1] = compile(other);
	if (!damp_replay_init(r, p, other != NULL ? 2 : 1, false, 1700000000, err, sizeof(err)))
		fail_msg("%s", err);
	free((void *)(uintptr_t)p[0].block);
	free((void *)(uintptr_t)p[1].block);
	return r;
}

static void close_replay(struct damp_replay *r)
{
	damp_replay_free(r);
	free(r);
}

static void put(struct damp_replay *r, int64_t ns, const uint8_t *frame, size_t len)
{
	const struct damp_captured f = { .number = r->frames + 1, .ts_ns = ns, .data = frame, .len = (uint32_t)len };

	assert_true(damp_replay_frame(r, &f));
}

static void send(struct damp_replay *r, int64_t ns, const char *from, const char *to, const char *msg)
{
	uint8_t frame[2048];

	put(r, ns, frame, frame_of(from, to, msg, frame));
}

/* Something that is nobody's: only its time counts. */
static void tick(struct damp_replay *r, int64_t ns)
{
	send(r, ns, "203.0.113.77:40000", "192.0.2.77:9", "CON GET /x");
}

static void is(const struct damp_replay *r, uint64_t messages, uint64_t forwarded, uint64_t challenged,
	       uint64_t dropped)
{
	const struct damp_replay_held *h = &r->set[0].held;

	assert_int_equal(h->messages, messages);
	assert_int_equal(h->forwarded, forwarded);
	assert_int_equal(h->challenged, challenged);
	assert_int_equal(h->dropped, dropped);
}

static void who_is_silent_is_dropped_in_time(void **unused)
{
	struct damp_replay *r = open_replay(rules_text, NULL);

	(void)unused;
	send(r, 0, CLIENT, SERVER, "CON GET /a");
	is(r, 1, 0, 0, 0);
	assert_int_equal(r->set[0].reason[DAMP_REASON_HELD], 1);
	tick(r, 1490 * MS);
	is(r, 1, 0, 0, 0);
	tick(r, 1510 * MS);
	is(r, 1, 0, 0, 1);
	assert_int_equal(r->set[0].reason[DAMP_REASON_HELD_EXPIRED], 1);
	/* Its first verdict stays, and so do the bytes that came. */
	assert_int_equal(r->set[0].verdict[DAMP_VERDICT_CHALLENGE], 1);
	assert_int_equal(r->set[0].verdict[DAMP_VERDICT_DROP], 0);
	close_replay(r);
}

/* A NON has an Echo in its place; and a gap in the capture is no matter: all that
 * falls due in it does so at its time. */
static void a_gap_is_walked(void **unused)
{
	struct damp_replay *r = open_replay(rules_text, NULL);

	(void)unused;
	send(r, 0, CLIENT, SERVER, "NON GET /sensors/temperature"); /* room for an Echo */
	send(r, 700 * MS, "203.0.113.10:40000", SERVER, "CON GET /a");
	is(r, 2, 0, 0, 0);
	tick(r, 3600000 * MS);
	is(r, 2, 0, 1, 1);
	assert_int_equal(r->set[0].held.longest, DAMP_HOLD_TIME);
	assert_true(r->set[0].bench->worker->hold.used == 0);
	close_replay(r);
}

/* The reset that answers the ping of such a message: found on a bench of the same
 * program, whose keys are the same. */
static size_t find_pong(uint8_t *frame)
{
	const struct damp_replay_program p = compile(rules_text);
	const struct damp_bench_setup s = { .block = p.block, .len = p.len, .wall_s = 1700000000 };
	struct damp_emit e[DAMP_EMITS];
	const struct damp_frame f = { .l3_off = 14, .l4_off = 34 };
	char err[256];
	struct damp_bench *b = damp_bench_new(&s, err, sizeof(err));
	uint8_t ask[2048];
	size_t len;

	assert_non_null(b);
	damp_bench_judge(b, DAMP_OUTSIDE, ask, frame_of(CLIENT, SERVER, "CON GET /a", ask));
	assert_int_equal(b->pkt.fate, DAMP_FATE_HOLD);
	assert_true(damp_bench_emits(b, e, DAMP_EMITS) > 0);
	len = frame_of(CLIENT, SERVER, "RST", frame);
	memcpy(frame + 42 + 2, e[0].data + 42 + 2, 2);
	/* The checksum is over the Message ID. */
	damp_put16(frame + 40, 0);
	damp_put16(frame + 40, damp_udp_checksum(frame, &f, (uint16_t)(len - f.l4_off)));
	damp_bench_free(b);
	free((void *)(uintptr_t)p.block);
	return len;
}

static void who_answers_goes_on(void **unused)
{
	struct damp_replay *r = open_replay(rules_text, without_hold);
	uint8_t pong[2048];
	const size_t len = find_pong(pong);
	json_t *origins[2] = { json_object(), json_object() }, *doc, *held;

	(void)unused;
	send(r, 0, CLIENT, SERVER, "CON GET /a");
	put(r, 30 * MS, pong, len);
	assert_int_equal(r->set[0].reason[DAMP_REASON_PROOF_TAKEN], 1);
	is(r, 1, 0, 0, 0); /* nothing came since */
	tick(r, 31 * MS);
	is(r, 1, 1, 0, 0);
	assert_in_range(r->set[0].held.longest, DAMP_TICK_HZ * 29 / 1000, DAMP_TICK_HZ * 32 / 1000);
	assert_int_equal(r->set[1].held.messages, 0);
	doc = damp_replay_json(r, "none.pcap", origins);
	held = json_object_get(json_object_get(json_object_get(doc, "sets"), "new"), "held");
	assert_int_equal(json_integer_value(json_object_get(held, "messages")), 1);
	assert_int_equal(json_integer_value(json_object_get(held, "forwarded")), 1);
	assert_int_equal(json_integer_value(json_object_get(held, "waiting")), 0);
	json_decref(doc);
	json_decref(origins[0]);
	json_decref(origins[1]);
	close_replay(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_silent_is_dropped_in_time),
		cmocka_unit_test(a_gap_is_walked),
		cmocka_unit_test(who_answers_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
