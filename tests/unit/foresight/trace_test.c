/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traces on the side of who reads them: the words of a filter, rings that are
 * overtaken or damaged, and the JSON of one record.
 */
#include "captures.h"
#include "common/text.h"
#include "rules.h"
#include "trace_filter.h"
#include "trace_ring.h"
#include "traced.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool parse(const char *text, struct damp_trace_filter *f, char *why)
{
	char *words[] = { (char *)(uintptr_t)text };

	return damp_trace_filter_parse(words, 1, f, why);
}

static void filters_are_read(void **unused)
{
	static const uint8_t net[] = { [10] = 0xff, 0xff, 203, 0, 113, 0 };
	char *words[] = { (char *)"from", (char *)"203.0.113.0/24 port 5683", (char *)"side", (char *)"inside" };
	struct damp_trace_filter f;
	char why[DAMP_TRACE_WHY];

	(void)unused;
	assert_true(damp_trace_filter_parse(words, 4, &f, why));
	assert_int_equal(f.from.bits, 96 + 24);
	assert_memory_equal(f.from.addr, net, 16);
	assert_int_equal(f.port, 5683);
	assert_int_equal(f.sides, 1u << DAMP_INSIDE);
	assert_true(parse("to 2001:db8::/32 host 2001:db8::1 msg request code GET verdict drop", &f, why));
	assert_int_equal(f.to.bits, 32);
	assert_int_equal(f.host.bits, 128);
	assert_int_equal(f.kinds, 1u << DAMP_KIND_REQUEST);
	assert_int_equal(f.code, 0x01);
	assert_int_equal(f.verdicts, 1u << DAMP_VERDICT_DROP);
	assert_true(parse("code 2.05 reason rule_limit rule a-rule path /a/b", &f, why));
	assert_int_equal(f.code, 0x45);
	assert_int_equal(f.reason, DAMP_REASON_RULE_LIMIT);
	assert_string_equal(f.rule, "a-rule");
	assert_int_equal(f.path_len, 4);
	assert_false(f.path_prefix);
	assert_true(parse("path /a/**", &f, why));
	assert_int_equal(f.path_len, 2);
	assert_true(f.path_prefix);
	/* Nothing said: all that is CoAP, or says so. */
	assert_true(damp_trace_filter_parse(NULL, 0, &f, why));
	assert_int_equal(f.kinds, 0x3e);
	assert_int_equal(f.from.bits + f.to.bits + f.host.bits + f.port + f.path_len, 0);
}

static void wrong_filters_are_told(void **unused)
{
	static const struct { const char *text, *says; } t[] = {
		{ "form 192.0.2.1", "did you mean 'from'" },
		{ "xyzzy 1", "write from, to, host" },
		{ "from", "A value has to stand behind it" },
		{ "from 192.0.2.1 to", "to: what?" },
		{ "from 192.0.2.0/33", "is no prefix" },
		{ "host nowhere", "nowhere" },
		{ "port 0", "from 1 to 65535" },
		{ "port 65536", "from 1 to 65535" },
		{ "port 56x", "from 1 to 65535" },
		{ "side left", "outside or inside" },
		{ "msg requests", "request, response" },
		{ "code PULL", "a method like GET" },
		{ "verdict dropped", "accept, drop" },
		{ "reason rule_limi", "did you mean rule_limit?" },
		{ "reason zzzzzzzz", "docs/counters.md" },
		{ "path a", "/a/**" },
		{ "path /a*/b", "** at the end only" },
		{ "side inside side outside", "twice" },
	};
	struct damp_trace_filter f;
	char why[DAMP_TRACE_WHY];

	(void)unused;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		why[0] = '\0';
		assert_false(parse(t[i].text, &f, why));
		if (strstr(why, t[i].says) == NULL)
			fail_msg("'%s' is told as: %s", t[i].text, why);
	}
	/* Longer than there is room for. */
	for (unsigned n = 100; n < 400; n += 7) {
		char text[420];

		snprintf(text, sizeof(text), "path /%0*d", (int)n, 1);
		assert_int_equal(parse(text, &f, why), n < sizeof(f.path));
		snprintf(text, sizeof(text), "rule %0*d", (int)n, 1);
		assert_false(parse(text, &f, why));
	}
}

struct rings { struct damp_trace_file *file; size_t len; };

static struct rings two_rings(void)
{
	struct rings r = { .len = sizeof(struct damp_trace_file) + 2 * sizeof(struct damp_trace_ring) };

	r.file = aligned_alloc(64, r.len);
	memset(r.file, 0, r.len);
	r.file->magic = DAMP_TRACE_MAGIC;
	r.file->version = DAMP_TRACE_VERSION;
	r.file->nworkers = 2;
	return r;
}

static struct damp_trace_record *put(struct damp_trace_file *f, unsigned w, uint64_t us)
{
	struct damp_trace_record *r = &f->ring[w].slot[f->ring[w].head % DAMP_TRACE_SLOTS];

	r->seq = f->ring[w].head++;
	r->wall_us = us;
	return r;
}

static void rings_are_read_in_time(void **unused)
{
	struct damp_trace_reader *reader = calloc(1, sizeof(*reader));
	struct rings r = two_rings();
	struct damp_trace_record got;
	unsigned worker;

	(void)unused;
	put(r.file, 0, 1); /* before it began */
	assert_true(damp_trace_reader_open(reader, r.file, r.len));
	assert_false(damp_trace_reader_next(reader, &got, &worker));
	put(r.file, 0, 30);
	put(r.file, 1, 20);
	put(r.file, 0, 40);
	for (uint64_t us = 20; us <= 40; us += 10) {
		assert_true(damp_trace_reader_next(reader, &got, &worker));
		assert_int_equal(got.wall_us, us);
		assert_int_equal(worker, us == 20);
	}
	assert_false(damp_trace_reader_next(reader, &got, &worker));
	/* Twice round the ring: those that a writer may be in are lost, and counted. */
	for (unsigned i = 0; i < 2 * DAMP_TRACE_SLOTS; i++)
		put(r.file, 0, 100 + i);
	r.file->ring[1].missed = 5;
	for (unsigned i = DAMP_TRACE_SLOTS + 1; i < 2 * DAMP_TRACE_SLOTS; i++) {
		assert_true(damp_trace_reader_next(reader, &got, &worker));
		assert_int_equal(got.wall_us, 100 + i);
	}
	assert_false(damp_trace_reader_next(reader, &got, &worker));
	assert_int_equal(damp_trace_reader_missed(reader), DAMP_TRACE_SLOTS + 1 + 5);
	/* Half written, and numbers that would be read past an end. */
	put(r.file, 0, 1)->seq = ~0ull;
	put(r.file, 0, 1)->caplen = DAMP_TRACE_SNAP + 1;
	put(r.file, 0, 1)->found.nbudgets = DAMP_FOUND_BUDGETS + 1;
	put(r.file, 0, 1)->side = DAMP_SIDE_MAX;
	put(r.file, 0, 7);
	assert_true(damp_trace_reader_next(reader, &got, &worker));
	assert_int_equal(got.wall_us, 7);
	assert_int_equal(damp_trace_reader_missed(reader), DAMP_TRACE_SLOTS + 1 + 5 + 4);
	free(r.file);
	free(reader);
}

static void other_files_are_refused(void **unused)
{
	struct damp_trace_reader *reader = calloc(1, sizeof(*reader));
	struct rings r = two_rings();

	(void)unused;
	assert_false(damp_trace_reader_open(reader, r.file, r.len - 1));
	assert_false(damp_trace_reader_open(reader, r.file, sizeof(*r.file) - 1));
	r.file->nworkers = DAMP_WORKERS_MAX + 1;
	assert_false(damp_trace_reader_open(reader, r.file, r.len));
	r.file->nworkers = 2;
	r.file->version++;
	assert_false(damp_trace_reader_open(reader, r.file, r.len));
	r.file->version--;
	r.file->magic++;
	assert_false(damp_trace_reader_open(reader, r.file, r.len));
	free(r.file);
	free(reader);
}

static const char *const rules_text = "version: 1\n"
				      "limits:\n"
				      "  few: {per: peer, rate: 2 msg/s, burst: 4 msg}\n"
				      "rules:\n"
				      "  - {id: other, match: {path: /b}, then: drop}\n"
				      "  - {id: few, match: {path: /a}, limit: few, over: drop}\n"
				      "  - {id: last, match: any, then: drop}\n";

/* A program of generation 3 that is known, and a request for /a that came in. */
static void open_traced(struct damp_traced *t, struct damp_trace_record *r)
{
	json_t *origin = json_pack("{s:s, s:n, s:s, s:i, s:s}", "from", "dataplane", "file", "name", "t", "revision",
				   1, "digest", "");
	struct damp_rules rules;
	char err[256];

	if (damp_rules_compile_text(rules_text, strlen(rules_text), "test.yaml", NULL, &rules) != 0)
		fail_msg("%s", rules.text);
	((struct damp_program_hdr *)rules.program)->generation = 3;
	((struct damp_program_hdr *)rules.program)->checksum = damp_program_checksum(rules.program, rules.program_len);
	memset(t, 0, sizeof(*t));
	if (!damp_traced_add(t, rules.program, rules.program_len, 1700000000, origin, err, sizeof(err)))
		fail_msg("%s", err);
	json_decref(origin);
	damp_rules_free(&rules);
	memset(r, 0, sizeof(*r));
	r->wall_us = 1700000001000000;
	r->len = r->caplen = (uint32_t)frame_of("203.0.113.9:40000", "192.0.2.1:5683", "CON GET /a", r->data);
	r->found = (struct damp_finding){
		.generation = 3, .rule = -1, .would_rule = -1, .kind = DAMP_KIND_REQUEST,
		.verdict = DAMP_VERDICT_DROP, .fate = DAMP_FATE_DROP, .reason = DAMP_REASON_RULE_LIMIT,
		.proved = 1, .nrules = 1, .nrungs = 1, .nbudgets = 1,
		.rules = { { .rule = 1, .outcome = 1u << DAMP_OUT_MATCHED | 1u << DAMP_OUT_OVER | 1u << DAMP_OUT_ACTED } },
		.rungs = { { .rule = 1, .value = 3 * (uint32_t)DAMP_TICK_HZ / 2 } },
		.budgets = { { .debt = 1, .cost = 1, .burst = 4, .reason = DAMP_REASON_LEDGER_HOST,
			       .whose = DAMP_WHOSE_PEER, .plen = 24, .refused = 1 } },
	};
	r->found.rule = 1;
	r->found.action = DAMP_ACT_DROP;
}

static json_t *at(json_t *j, const char *key)
{
	json_t *v = json_object_get(j, key);

	if (v == NULL)
		fail_msg("no '%s' in the object", key);
	return v;
}

static void a_record_is_told(void **unused)
{
	struct damp_trace_record r;
	struct damp_traced t;
	json_t *doc, *rules, *rung, *budget;

	(void)unused;
	open_traced(&t, &r);
	assert_true(damp_traced_knows(&t, 3));
	assert_false(damp_traced_knows(&t, 4));
	doc = damp_traced_json(&t, &r, NULL);
	assert_true(json_is_true(at(doc, "accepted")));
	assert_true(json_is_null(at(doc, "reason")));
	assert_string_equal(json_string_value(at(at(doc, "message"), "path")), "/a");
	assert_true(json_is_true(at(at(doc, "known"), "proved")));
	assert_string_equal(json_string_value(at(at(doc, "live"), "how")), "trace");
	assert_int_equal(json_integer_value(at(at(doc, "live"), "generation")), 3);
	assert_true(json_is_true(at(at(doc, "live"), "program_known")));
	rules = at(doc, "rules");
	assert_int_equal(json_array_size(rules), 3);
	assert_string_equal(json_string_value(at(at(json_array_get(rules, 0), "why_not"), "attribute")), "path");
	assert_true(json_is_true(at(json_array_get(rules, 1), "matched")));
	assert_true(json_is_false(at(json_array_get(rules, 2), "asked")));
	assert_null(json_object_get(json_array_get(rules, 1), "differs"));
	rung = json_array_get(at(json_array_get(at(json_array_get(rules, 1), "limits"), 0), "rungs"), 0);
	assert_true(json_number_value(at(rung, "measured")) > 2.99 && json_number_value(at(rung, "measured")) < 3.01);
	assert_string_equal(json_string_value(at(rung, "key")), "203.0.113.9/32");
	budget = json_array_get(at(doc, "guard"), 0);
	assert_string_equal(json_string_value(at(budget, "key")), "203.0.113.0/24");
	assert_true(json_number_value(at(budget, "used_percent")) == 25.0);
	assert_true(json_is_false(at(budget, "fits")));
	assert_string_equal(json_string_value(at(at(doc, "verdict"), "rule")), "few");
	assert_string_equal(json_string_value(at(at(doc, "verdict"), "at")), "test.yaml:6");
	json_decref(doc);
	damp_traced_free(&t);
}

/* What the running judge did is believed where it differs from what follows. */
static void differences_are_said(void **unused)
{
	struct damp_trace_record r;
	struct damp_traced t;
	json_t *doc;

	(void)unused;
	open_traced(&t, &r);
	r.found.rules[0].rule = 0;
	r.found.rule = 0;
	r.found.nrungs = 0;
	doc = damp_traced_json(&t, &r, NULL);
	assert_true(json_is_true(at(json_array_get(at(doc, "rules"), 0), "matched")));
	assert_true(json_is_true(at(json_array_get(at(doc, "rules"), 0), "differs")));
	assert_string_equal(json_string_value(at(at(doc, "verdict"), "rule")), "other");
	json_decref(doc);
	damp_traced_free(&t);
}

/* Its program is gone: verdict and budgets are told, rules are not. */
static void old_generations_are_said(void **unused)
{
	struct damp_stats *stats = calloc(1, sizeof(*stats));
	struct damp_trace_record r;
	struct damp_traced t;
	json_t *doc;

	(void)unused;
	open_traced(&t, &r);
	stats->nrule_slots = 2;
	snprintf(stats->rule_slot[1], sizeof(stats->rule_slot[1]), "gone-rule");
	t.stats = stats;
	r.found.generation = 2;
	r.found.rule_slot = 1;
	r.found.rule = 700;
	doc = damp_traced_json(&t, &r, NULL);
	assert_true(json_is_null(at(doc, "rules")));
	assert_true(json_is_null(at(at(doc, "verdict"), "rule")));
	assert_string_equal(json_string_value(at(at(doc, "verdict"), "reason")), "rule_limit");
	assert_true(json_is_false(at(at(doc, "live"), "program_known")));
	assert_string_equal(json_string_value(at(at(doc, "live"), "rule")), "gone-rule");
	json_decref(doc);
	/* A rule that no program has, in a record that says it is of this one. */
	r.found.generation = 3;
	doc = damp_traced_json(&t, &r, NULL);
	assert_true(json_is_null(at(at(doc, "verdict"), "rule")));
	json_decref(doc);
	damp_traced_free(&t);
	free(stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_are_read),	   cmocka_unit_test(wrong_filters_are_told),
		cmocka_unit_test(rings_are_read_in_time),  cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(a_record_is_told),	   cmocka_unit_test(differences_are_said),
		cmocka_unit_test(old_generations_are_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
