/* SPDX-License-Identifier: BSD-3-Clause */
/* The event rings: order, loss, another boot, and how a record reads as JSON. */
#include "event_json.h"
#include "events.h"
#include "evlog.h"
#include "fake_fill.h"
#include "tmpdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define MAX 4096

struct fixture {
	char dir[256];
	struct damp_events *events;
	struct damp_event_reader *reader;
	struct damp_event_record out[MAX];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	tmpdir_make(f->dir, sizeof(f->dir));
	f->events = tmpdir_map(f->dir, DAMP_EVENTS_FILE, sizeof(*f->events));
	fake_fill_events(f->events, FAKE_BOOT_ID);
	f->reader = damp_event_reader_new(f->dir);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	damp_event_reader_free(f->reader);
	munmap(f->events, sizeof(*f->events));
	tmpdir_remove(f->dir);
	free(f);
	return 0;
}

static void put(struct fixture *f, unsigned worker, uint64_t from, uint64_t n)
{
	for (uint64_t i = from; i < from + n; i++) {
		struct damp_event e = fake_event(i);

		fake_put_event(f->events, worker, &e);
	}
}

static void test_order(void **state)
{
	struct fixture *f = *state;
	uint64_t lost = 0;
	size_t n;

	assert_int_equal(damp_event_reader_poll(f->reader, f->out, MAX, &lost), 0);
	put(f, 1, 0, 2); /* times 0 and 1 */
	put(f, 0, 1, 2); /* times 1 and 2 */
	n = damp_event_reader_poll(f->reader, f->out, MAX, &lost);
	assert_int_equal(n, 4);
	assert_int_equal(f->out[0].worker, 1);
	assert_int_equal(f->out[1].worker, 0); /* the same time: by worker */
	assert_int_equal(f->out[2].worker, 1);
	assert_int_equal(f->out[3].event.wall_us, 1790000000000002u);
	assert_int_equal(damp_event_reader_poll(f->reader, f->out, MAX, &lost), 0);
	assert_int_equal(lost, 0);
}

/* The slot at head may be half written: of a full ring one record less counts. */
static void test_overrun(void **state)
{
	static const struct { uint64_t written, lost; } row[] = {
		{ DAMP_EVENT_SLOTS - 1, 0 },
		{ DAMP_EVENT_SLOTS, 1 },
		{ DAMP_EVENT_SLOTS + 1, 2 },
		{ 5 * DAMP_EVENT_SLOTS + 7, 4 * DAMP_EVENT_SLOTS + 8 },
	};
	struct fixture *f = *state;
	uint64_t lost = 0, next = 0;

	damp_event_reader_poll(f->reader, f->out, MAX, &lost); /* attach to the empty ring */
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		size_t n;

		lost = 0;
		put(f, 0, next, row[i].written);
		next += row[i].written;
		n = damp_event_reader_poll(f->reader, f->out, MAX, &lost);
		assert_int_equal(lost, row[i].lost);
		assert_int_equal(n, row[i].written - row[i].lost);
		assert_int_equal(f->out[n - 1].event.seq, next - 1); /* the newest is never lost */
		assert_int_equal(f->out[0].event.seq, next - n);
	}
}

static void test_in_parts(void **state)
{
	struct fixture *f = *state;
	uint64_t lost = 0;

	put(f, 0, 0, 10);
	assert_int_equal(damp_event_reader_poll(f->reader, f->out, 4, &lost), 4);
	assert_int_equal(damp_event_reader_poll(f->reader, f->out, 4, &lost), 4);
	assert_int_equal(f->out[0].event.seq, 4);
	assert_int_equal(damp_event_reader_poll(f->reader, f->out, 4, &lost), 2);
	assert_int_equal(lost, 0);
}

/* A record whose number is not the expected one was torn: it counts as lost. */
static void test_torn(void **state)
{
	struct fixture *f = *state;
	uint64_t lost = 0;

	put(f, 0, 0, 3);
	f->events->ring[0].slot[1].seq = 1 + DAMP_EVENT_SLOTS;
	assert_int_equal(damp_event_reader_poll(f->reader, f->out, MAX, &lost), 2);
	assert_int_equal(lost, 1);
}

static void put_notices(struct fixture *f, unsigned n)
{
	struct damp_notice_ring *ring = &f->events->notices;

	for (unsigned i = 0; i < n; i++) {
		struct damp_notice *slot = &ring->slot[ring->head % DAMP_NOTICE_SLOTS];

		*slot = (struct damp_notice){ .seq = ring->head, .wall_us = 1790000000000000u, .plen = 24,
					      .addr = { [10] = 0xff, [11] = 0xff, 203, 0, 113 }, .rule_slot = 1,
					      .for_s = 60, .times = 2, .from = 1, .kind = DAMP_NOTICE_BLOCK_GREW };
		memset(slot->set, 'x', sizeof(slot->set)); /* without an end */
		__atomic_store_n(&ring->head, ring->head + 1, __ATOMIC_RELEASE);
	}
}

static void test_notices(void **state)
{
	static struct damp_notice_record out[DAMP_NOTICE_SLOTS];
	struct fixture *f = *state;
	uint64_t lost = 0;
	json_t *j, *block;

	assert_int_equal(damp_event_reader_notices(f->reader, out, DAMP_NOTICE_SLOTS, &lost), 0);
	put_notices(f, 3);
	assert_int_equal(damp_event_reader_notices(f->reader, out, 2, &lost), 2);
	assert_int_equal(damp_event_reader_notices(f->reader, out, 2, &lost), 1);
	assert_int_equal(strnlen(out[0].notice.set, sizeof(out[0].notice.set)), sizeof(out[0].notice.set) - 1);
	assert_int_equal(lost, 0);
	put_notices(f, DAMP_NOTICE_SLOTS + 9);
	assert_int_equal(damp_event_reader_notices(f->reader, out, DAMP_NOTICE_SLOTS, &lost), DAMP_NOTICE_SLOTS - 1);
	assert_int_equal(lost, 10);
	put_notices(f, 1);
	f->events->notices.slot[(f->events->notices.head - 1) % DAMP_NOTICE_SLOTS].seq++; /* torn */
	assert_int_equal(damp_event_reader_notices(f->reader, out, DAMP_NOTICE_SLOTS, &lost), 0);
	assert_int_equal(lost, 11);
	j = damp_event_notice_json(&out[0], "few", NULL);
	block = json_object_get(j, "block");
	assert_string_equal(json_string_value(json_object_get(j, "type")), "block");
	assert_string_equal(json_string_value(json_object_get(j, "rule")), "few");
	assert_string_equal(json_string_value(json_object_get(block, "change")), "grow");
	assert_string_equal(json_string_value(json_object_get(block, "prefix")), "203.0.113.0/24");
	assert_string_equal(json_string_value(json_object_get(block, "until")), "2026-09-21T14:14:20.000000Z");
	assert_int_equal(json_integer_value(json_object_get(block, "times")), 2);
	json_decref(j);
}

static void test_new_boot(void **state)
{
	struct fixture *f = *state;
	uint64_t lost = 0;

	put(f, 0, 0, 50);
	assert_int_equal(damp_event_reader_poll(f->reader, f->out, MAX, &lost), 50);
	munmap(f->events, sizeof(*f->events));
	f->events = tmpdir_map(f->dir, DAMP_EVENTS_FILE, sizeof(*f->events));
	fake_fill_events(f->events, FAKE_BOOT_ID + 1);
	put(f, 0, 0, 3);
	assert_int_equal(damp_event_reader_poll(f->reader, f->out, MAX, &lost), 3);
	assert_int_equal(f->out[0].boot_id, FAKE_BOOT_ID + 1);
	assert_int_equal(lost, 0);
	f->events->version++; /* a format that we do not know is not read */
	put(f, 0, 3, 3);
	assert_int_equal(damp_event_reader_poll(f->reader, f->out, MAX, &lost), 0);
}

static const char *text_at(const json_t *j, const char *object, const char *key)
{
	const char *s = json_string_value(
		json_object_get(object != NULL ? json_object_get(j, object) : j, key));

	return s != NULL ? s : "(none)";
}

static void test_json(void **state)
{
	struct damp_event_record r = { .event = fake_event(42),
				       .boot_id = FAKE_BOOT_ID,
				       .worker = 1 };
	json_t *j = damp_event_verdict_json(&r, "unproven-peers", NULL);

	(void)state;
	assert_string_equal(text_at(j, NULL, "ts"), "2026-09-21T14:13:20.000042Z");
	assert_string_equal(text_at(j, NULL, "type"), "verdict");
	assert_string_equal(text_at(j, NULL, "boot"), "5b0c00000000beef");
	assert_string_equal(text_at(j, NULL, "rule"), "unproven-peers");
	assert_string_equal(text_at(j, NULL, "verdict"), "drop");
	assert_string_equal(text_at(j, NULL, "mode"), "enforce");
	assert_string_equal(text_at(j, NULL, "reason"), "amplification");
	assert_string_equal(text_at(j, NULL, "severity"), "attack");
	assert_string_equal(text_at(j, "src", "ip"), "203.0.113.9");
	assert_string_equal(text_at(j, "src", "zone"), "outside");
	assert_string_equal(text_at(j, "dst", "zone"), "inside");
	assert_string_equal(text_at(j, NULL, "device"), "2001:db8:5683::10");
	assert_string_equal(text_at(j, "coap", "code"), "GET");
	/* A newline and an escape sequence in a path stay harmless. */
	assert_string_equal(text_at(j, "coap", "path"), "/.well-known/core\\x0a\\x1b[31m");
	assert_int_equal(json_integer_value(json_object_get(j, "suppressed")), 812);
	json_decref(j);

	r.event.observed = 1;
	r.event.verdict = DAMP_VERDICT_ACCEPT;
	r.event.loud = DAMP_LOUD_STORM;
	r.event.side = DAMP_INSIDE;
	r.event.path_len = 255; /* a length beyond the field is cut */
	memset(r.event.path, 'a', sizeof(r.event.path));
	j = damp_event_verdict_json(&r, "", NULL);
	assert_string_equal(text_at(j, NULL, "mode"), "observe");
	assert_string_equal(text_at(j, NULL, "verdict"), "accept");
	assert_string_equal(text_at(j, NULL, "would"), "drop");
	assert_string_equal(text_at(j, NULL, "device"), "203.0.113.9");
	assert_null(json_object_get(j, "rule"));
	assert_int_equal(strlen(text_at(j, "coap", "path")), sizeof(r.event.path));
	assert_string_equal(text_at(j, NULL, "severity"), "storm");
	json_decref(j);

	r.event.how = DAMP_TOLD_WARN;
	r.event.loud = DAMP_LOUD_UNSAID;
	r.event.used_percent = 83;
	j = damp_event_verdict_json(&r, "thing-polls", NULL);
	assert_string_equal(text_at(j, NULL, "type"), "warn");
	assert_string_equal(text_at(j, NULL, "severity"), "warning");
	assert_int_equal(json_integer_value(json_object_get(j, "used_percent")), 83);
	json_decref(j);
}

static json_t *since(struct damp_evlog *l, uint64_t n, unsigned max)
{
	char *text = damp_evlog_since(l, n, max);
	json_t *j = json_loads(text, 0, NULL);

	assert_non_null(j);
	free(text);
	return j;
}

static void expect_answer(struct damp_evlog *l, uint64_t from, unsigned max, int count, int next,
			  int lost)
{
	json_t *j = since(l, from, max);

	assert_int_equal(json_array_size(json_object_get(j, "events")), count);
	assert_int_equal(json_integer_value(json_object_get(j, "next")), next);
	assert_int_equal(json_integer_value(json_object_get(j, "lost")), lost);
	json_decref(j);
}

static void test_log(void **state)
{
	struct damp_evlog *l = damp_evlog_new(8, NULL);
	uint64_t events[DAMP_EVENT_TYPE_MAX], suppressed[DAMP_EVENT_TYPE_MAX];

	(void)state;
	expect_answer(l, 0, 100, 0, 0, 0);
	for (int i = 0; i < 5; i++)
		damp_evlog_add(l, DAMP_EVENT_HEALTH, json_pack("{s:i}", "n", i), 10);
	expect_answer(l, 0, 100, 5, 5, 0);
	expect_answer(l, 0, 2, 2, 2, 0);
	expect_answer(l, 2, 2, 2, 4, 0);
	expect_answer(l, 5, 100, 0, 5, 0);
	expect_answer(l, 999, 100, 0, 5, 0);    /* a number of another run */
	for (int i = 5; i < 20; i++)
		damp_evlog_add(l, DAMP_EVENT_VERDICT, json_pack("{s:i}", "n", i), 0);
	expect_answer(l, 5, 100, 8, 20, 7);     /* 6 .. 12 are gone, 13 .. 20 are there */
	expect_answer(l, 0, 100, 8, 20, 0);     /* from the start: nothing was lost to us */
	damp_evlog_counts(l, events, suppressed);
	assert_int_equal(events[DAMP_EVENT_HEALTH], 5);
	assert_int_equal(suppressed[DAMP_EVENT_HEALTH], 50);
	assert_int_equal(events[DAMP_EVENT_VERDICT], 15);
	damp_evlog_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overrun, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_in_parts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_torn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_notices, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_new_boot, set_up, tear_down),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
