/* SPDX-License-Identifier: BSD-3-Clause */
/* Test files: every mistake at its place, and results that can be wrong. */
#include "captures.h"
#include "testrun.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <setjmp.h>
#include <cmocka.h>

#define HEAD "version: 1\nrules: r.yaml\ntests:\n"
#define SEND "    send: {from: 203.0.113.9, to: 192.0.2.1, msg: CON GET /a}\n"

/* What is wrong with a file; one diagnostic as "line:column: message". */
static const struct {
	const char *text, *diag;
} wrong[] = {
	{ "version: 1\nrules: r.yaml\n",
	  "1:1: no 'tests'; a test file has version, rules and tests" },
	{ "version: 2\nrules: r.yaml\ntests: [{name: a, pcap: x, expect: {dropped: 0%}}]\n",
	  "1:10: version 2 of test files is not known; write 1" },
	{ "version: 1\nrule: r.yaml\n",
	  "2:1: unknown key 'rule' in a test file; did you mean 'rules'?" },
	{ HEAD "  - name: a\n" SEND, "4:5: this test expects nothing; add 'expect'" },
	{ HEAD "  - name: a\n    expect: {verdict: drop}\n",
	  "4:5: a test has either 'send' or 'pcap'" },
	{ HEAD "  - name: a\n" SEND "    expect: {verdict: dropp}\n",
	  "6:23: unknown verdict 'dropp'; did you mean 'drop'?" },
	{ HEAD "  - name: a\n" SEND "    expect: {verdct: drop}\n",
	  "6:14: unknown key 'verdct' in 'expect'; did you mean 'verdict'?" },
	{ HEAD "  - name: a\n" SEND "    expect: {bytes_to_peer: ..12}\n",
	  "6:29: '12' has no unit; write '12 B'" },
	{ HEAD "  - name: a\n" SEND "    expect: {bytes_to_peer: 9 B..2 B}\n",
	  "6:29: '9 B..2 B': the lower end of a range comes first" },
	{ HEAD "  - name: a\n" SEND "    expect: {dropped: 1.23456%}\n",
	  "6:23: '1.23456%' is no share; write it like '0.01%'" },
	{ HEAD "  - name: a\n" SEND "    expect: {reason: ampification}\n",
	  "6:22: unknown reason 'ampification'; did you mean 'amplification'?" },
	{ HEAD "  - name: a\n" SEND "    expect: {rules: {x: {ovr: 1}}}\n",
	  "6:26: unknown key 'ovr' in what a rule did; did you mean 'over'?" },
	{ HEAD "  - name: a\n    send: {from: 203.0.113, to: 192.0.2.1, msg: CON GET /a}\n    "
	       "expect: {verdict: drop}\n",
	  "5:18: '203.0.113' is no address; write 192.0.2.1, 192.0.2.1:5683 or "
	  "[2001:db8::1]:5683" },
	{ HEAD "  - name: a\n    send: {from: 203.0.113.9, to: fd00::1, msg: CON GET /a}\n    "
	       "expect: {verdict: drop}\n",
	  "5:35: one address is IPv4 and the other IPv6" },
	{ HEAD "  - name: a\n    send: {from: 203.0.113.9, to: 192.0.2.1, msg: GET /a}\n    "
	       "expect: {verdict: drop}\n",
	  "5:51: 'GET /a': a message begins with CON, NON, ACK or RST, like 'CON GET /a'" },
	{ HEAD "  - name: a\n    send: {from: 203.0.113.9, to: 192.0.2.1, msg: CON GET /a, size: 6 "
	       "B}\n    expect: {verdict: drop}\n",
	  "5:69: this message has at least 10 B" },
	{ HEAD "  - name: a\n    send: {from: 203.0.113.9, to: 192.0.2.1}\n    expect: {verdict: "
	       "drop}\n",
	  "5:12: 'send' needs 'from', 'to' and 'msg'" },
	{ HEAD "  - name: a\n    send: {from: 203.0.113.9, to: 192.0.2.1, msg: CON GET /a, times: "
	       "0}\n    expect: {verdict: drop}\n",
	  NULL },
	{ HEAD "  - name: a\n    pcap: a.pcap\n    expect: {verdict: drop}\n",
	  "4:5: of a capture only 'dropped' and 'rules' can be expected" },
	{ HEAD
	  "  - name: a\n    given: {verified: true}\n    pcap: a.pcap\n    expect: {dropped: 0%}\n",
	  "4:5: of 'given' only 'sets' and 'blocked' go with 'pcap'" },
	{ HEAD "  - name: a\n    given: {sets: {a: 203.0.113}}\n" SEND "    expect: {verdict: drop}\n",
	  "5:23: '203.0.113' is no address; write 192.0.2.1, 192.0.2.1:5683 or [2001:db8::1]:5683" },
	{ HEAD "  - name: a\n    given: {blocked: [203.0.113.0/33]}\n" SEND "    expect: {verdict: drop}\n",
	  "5:23: '203.0.113.0/33' is no prefix; write 192.0.2.0/24 or 2001:db8::/32" },
	{ HEAD "  - name: a\n    given: {sets: [a]}\n" SEND "    expect: {verdict: drop}\n",
	  "5:20: 'sets' is a mapping of names to prefixes: {guests: [192.0.2.0/24]}" },
	{ HEAD "  - name: a\n" SEND "    expect: {verdict: drop}\nports: {lan0: insde}\n",
	  "7:15: unknown side 'insde'; did you mean 'inside'?" },
	{ HEAD "  - name: a\n    name: b\n" SEND "    expect: {verdict: drop}\n",
	  "5:5: key 'name' is used twice" },
};

static struct damp_test_file *load(const char *text, struct damp_rules *diags)
{
	const char *name = temp_name(".test.yaml");
	FILE *f = fopen(name, "w");
	struct damp_test_file *file;

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	file = damp_test_file_load(name, false, diags);
	unlink(name);
	return file;
}

static void test_diagnostics(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct damp_rules diags;
		char got[600] = "";
		size_t k = 0;

		if (load(wrong[i].text, &diags) != NULL)
			fail_msg("taken: %s", wrong[i].text);
		assert_true(diags.errors > 0);
		for (; wrong[i].diag && k < diags.ndiags && strcmp(got, wrong[i].diag) != 0; k++) {
			const struct damp_diag *d = &diags.diags[k];

			assert_true(d->line > 0);
			snprintf(got, sizeof(got), "%d:%d: %s", d->line, d->column, d->message);
		}
		if (wrong[i].diag)
			assert_string_equal(got, wrong[i].diag);
		damp_rules_free(&diags);
	}
}

static void test_unreadable(void **state)
{
	struct damp_rules diags;

	(void)state;
	assert_null(damp_test_file_load("/nowhere/at/all.test.yaml", false, &diags));
	assert_true(diags.unreadable);
	damp_rules_free(&diags);
}

static const char *const rules_text = "version: 1\n"
				      "limits: {few: {per: peer, rate: 1 msg/s, burst: 2 msg}}\n"
				      "rules:\n"
				      "  - {id: shut, match: {path: /shut}, then: drop}\n"
				      "  - {id: few, match: {path: /few}, limit: few, over: drop}\n"
				      "  - {id: rest, match: any, then: accept}\n";

/* Tests that have to pass, or to fail with these words. */
static const struct {
	const char *body, *says;
} runs[] = {
	{ "msg: CON GET /shut}\n    expect: {verdict: drop, rule: shut, reason: rule, dropped: "
	  "100%}\n",
	  NULL },
	{ "msg: CON GET /a}\n    expect: {verdict: drop}\n",
	  "message 1: expected verdict drop, was accept (accepted)" },
	{ "msg: CON GET /shut}\n    expect: {rule: rest}\n",
	  "message 1: expected rule rest, was shut (rule)" },
	{ "msg: CON GET /shut}\n    expect: {reason: rule_limit}\n",
	  "message 1: expected reason rule_limit, was rule" },
	{ "msg: CON GET /few, times: 3}\n    expect: {last: drop, dropped: 1, rules: {few: "
	  "{matched: 3, over: 1, acted: 1}}}\n",
	  NULL },
	{ "msg: CON GET /few, times: 3}\n    expect: {last: accept}\n",
	  "last message: expected verdict accept, was drop" },
	{ "msg: CON GET /few, times: 3}\n    expect: {dropped: 0%}\n",
	  "expected 0% dropped, were 1 of 3" },
	{ "msg: CON GET /few, times: 3}\n    expect: {dropped: ..33%}\n",
	  "expected ..33% dropped, were 1 of 3" },
	{ "msg: CON GET /few, times: 3}\n    expect: {dropped: 33%..34%}\n", NULL },
	{ "msg: CON GET /few, times: 3, over: 3 s}\n    expect: {verdict: accept}\n", NULL },
	{ "msg: CON GET /few, times: 3}\n    expect: {rules: {few: {over: 2..}}}\n",
	  "rule few: expected 2.. over, was 1" },
	{ "msg: CON GET /few}\n    expect: {rules: {fewer: {over: 0}}}\n",
	  "there is no rule fewer" },
	{ "msg: CON GET /shut}\n    expect: {verdict: drop, rule: shutt}\n",
	  "there is no rule shutt" },
	/* request 20 + 8 + 10 bytes, credit three times that; the answer has 20 + 8 + 40 */
	{ "msg: CON GET /a, reply: 40 B}\n    expect: {verdict: accept, bytes_to_peer: 68 B, "
	  "dropped: 0%}\n",
	  NULL },
	{ "msg: CON GET /a, reply: 40 B}\n    expect: {bytes_to_peer: ..67 B}\n",
	  "expected ..67 B to the peer, were 68 B" },
	/* an answer that is too large turns into pings of 32 bytes, 3 of them fit */
	{ "msg: CON GET /a, reply: 400 B}\n    expect: {bytes_to_peer: 96 B}\n", NULL },
};

static void test_runs(void **state)
{
	struct damp_rules r, diags;

	(void)state;
	if (damp_rules_compile_text(rules_text, strlen(rules_text), "r.yaml", NULL, &r) != 0)
		fail_msg("%s", r.text);
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		const struct damp_replay_program p = { .block = r.program, .len = r.program_len };
		struct damp_test_result result;
		struct damp_test_file *f;
		char text[1000];

		snprintf(text, sizeof(text),
			 HEAD "  - name: a\n    send: {from: 203.0.113.9, to: 192.0.2.1, %s",
			 runs[i].body);
		f = load(text, &diags);
		if (f == NULL)
			fail_msg("%s", diags.text);
		assert_true(damp_test_run(&f->tests[0], &p, &result));
		if (runs[i].says == NULL && result.nsays > 0)
			fail_msg("%s: %s", runs[i].body, result.say[0]);
		if (runs[i].says != NULL && result.nsays == 0)
			fail_msg("passed: %s", runs[i].body);
		if (runs[i].says != NULL)
			assert_string_equal(result.say[0], runs[i].says);
		damp_test_file_free(f);
		damp_rules_free(&diags);
	}
	damp_rules_free(&r);
}

/* What was there before the first message: members of sets, blocks, ports. */
static void test_given(void **state)
{
	static const char rules[] =
		"version: 1\n"
		"zones: {cell: {ports: [lan0], prefixes: 192.0.2.0/24}}\n"
		"sets:\n"
		"  bad: {kind: prefix, source: runtime}\n"
		"  good: {kind: prefix, source: runtime}\n"
		"rules:\n"
		"  - {id: bad, match: {source: $bad}, then: drop}\n"
		"  - {id: only, match: {to: cell, source: {not: $good}, path: /a}, then: drop}\n";
	static const struct { const char *ports, *given, *expect, *says; } cases[] = {
		{ "{lan0: inside}", "{}", "{rule: only}", NULL },
		{ "{lan0: outside}", "{}", "{verdict: accept}", NULL },
		{ "{lan0: inside}", "{sets: {good: 203.0.113.9}}", "{verdict: accept}", NULL },
		{ "{lan0: inside}", "{sets: {good: [198.51.100.1, 203.0.113.0/24]}}", "{verdict: accept}", NULL },
		{ "{lan0: inside}", "{sets: {good: 203.0.113.0/24, bad: 203.0.113.9}}", "{rule: bad}", NULL },
		{ "{lan0: inside}", "{sets: {bad: [203.0.113.8]}}", "{rule: only}", NULL },
		{ "{lan0: inside}", "{blocked: 203.0.112.0/23}", "{reason: blocked}", NULL },
		{ "{lan0: inside}", "{sets: {ugly: 203.0.113.9}}", "{verdict: drop}",
		  "no rule asks for a set 'ugly' of 'source: runtime'" },
		{ "{wan0: outside}", "{}", "{verdict: drop}",
		  "the program cannot be used: zone 'cell' is on port 'lan0', and nobody says on which side that is; "
		  "a test file says it with 'ports: {\"lan0\": inside}'" },
	};
	struct damp_rules r, diags;

	(void)state;
	if (damp_rules_compile_text(rules, strlen(rules), "r.yaml", NULL, &r) != 0)
		fail_msg("%s", r.text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct damp_replay_program p = { .block = r.program, .len = r.program_len };
		struct damp_test_result result;
		struct damp_test_file *f;
		char text[1000];

		snprintf(text, sizeof(text),
			 "version: 1\nrules: r.yaml\nports: %s\ntests:\n  - name: a\n    given: %s\n"
			 "    send: {from: 203.0.113.9, to: 192.0.2.1, side: outside, msg: CON GET /a}\n    expect: %s\n",
			 cases[i].ports, cases[i].given, cases[i].expect);
		f = load(text, &diags);
		if (f == NULL)
			fail_msg("%s", diags.text);
		p.ports = &f->ports;
		damp_test_run(&f->tests[0], &p, &result);
		if (cases[i].says == NULL && result.nsays > 0)
			fail_msg("case %zu: %s", i, result.say[0]);
		if (cases[i].says != NULL && result.nsays == 0)
			fail_msg("case %zu passed", i);
		if (cases[i].says != NULL)
			assert_string_equal(result.say[0], cases[i].says);
		damp_test_file_free(f);
		damp_rules_free(&diags);
	}
	damp_rules_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diagnostics),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
