/* SPDX-License-Identifier: BSD-3-Clause */
/* The compiled block, field by field: header, rules, address classes. */
#include "compiled.h"
#include "eval.h"
#include "view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void header(void **state)
{
	struct damp_rules a, b;

	(void)state;
	compile(HEAD "ruleset: {name: my-rules, revision: 7, mode: observe}\n"
		     "rules:\n  - id: one\n    match: any\n    then: drop\n", &a);
	assert_int_equal(a.program->magic, DAMP_PROGRAM_MAGIC);
	assert_int_equal(a.program->total_len, a.program_len);
	assert_int_equal(a.program->checksum, damp_program_checksum(a.program, a.program_len));
	assert_string_equal(a.program->name, "my-rules");
	assert_int_equal(a.program->revision, 7);
	assert_int_equal(a.program->mode, DAMP_MODE_OBSERVE);
	assert_int_equal(a.program->nrules, 1);
	assert_int_equal(a.program->nwords, 1);
	assert_int_equal(a.program->generation, 0);
	/* b2sum -l 256 of the text above */
	assert_string_equal(a.program->digest, "6024e3058af04203530af6a2435974278eb75b433a37ee7769c1428b816ac8e5");
	/* The same text gives the same bytes. */
	compile(HEAD "ruleset: {name: my-rules, revision: 7, mode: observe}\n"
		     "rules:\n  - id: one\n    match: any\n    then: drop\n", &b);
	assert_int_equal(a.program_len, b.program_len);
	assert_memory_equal(a.program, b.program, a.program_len);
	damp_rules_free(&a);
	damp_rules_free(&b);
}

static void no_rules(void **state)
{
	struct damp_rules r;

	(void)state;
	compile(HEAD, &r);
	assert_int_equal(r.program->nrules, 0);
	assert_int_equal(r.program->nwords, 0);
	assert_int_equal(r.program->has_inside, 0);
	assert_string_equal(r.program->name, "rules");
	assert_int_equal(r.program->ncoap_ports, 1);
	assert_int_equal(r.program->coap_port[0], 5683);
	assert_int_equal(r.program->ndtls_ports, 1);
	assert_int_equal(r.program->dtls_port[0], 5684);
	damp_rules_free(&r);
}

static void rules(void **state)
{
	const struct damp_rule *rule;
	struct damp_rules r;

	(void)state;
	compile(HEAD "ruleset: {mode: observe}\n"
		     "limits:\n  l: {per: peer, rate: 1 msg/s}\n  k: {per: peer, rate: 1 KiB/s, burst: 2 KiB}\n"
		     "rules:\n"
		     "  - id: first\n    match: {msg: request}\n    limit: [k, l]\n    over: {answer: 4.29, max_age: 30 s}\n"
		     "  - {id: second, mode: \"off\", match: any, then: too-many-requests}\n"
		     "  - {id: third, match: any, limit: l}\n"
		     "  - {id: fourth, match: any, then: {answer: 4.01, echo: true}}\n", &r);
	rule = eval_section(r.program, DAMP_SEC_RULES);
	assert_string_equal(string_at(r.program, rule[0].id_off), "first");
	assert_string_equal(string_at(r.program, rule[0].file_off), "t.yaml");
	assert_int_equal(rule[0].line, 7);
	assert_int_equal(rule[0].column, 9);
	assert_int_equal(rule[0].mode, DAMP_MODE_OBSERVE);      /* the file's ceiling */
	assert_int_equal(rule[0].then.action, DAMP_ACT_CONTINUE);
	assert_int_equal(rule[0].over.action, DAMP_ACT_ANSWER);
	assert_int_equal(rule[0].over.code, 0x9d); /* 4.29 */
	assert_int_equal(rule[0].over.max_age_s, 30);
	assert_int_equal(rule[0].then.max_age_s, 0);
	assert_int_equal(rule[0].nlimits, 2);
	assert_int_equal(rule[0].limit[0], 1);
	assert_int_equal(rule[0].limit[1], 0);
	assert_int_equal(rule[1].mode, DAMP_MODE_OFF);
	assert_int_equal(rule[1].then.max_age_s, 60);           /* Max-Age when it is not written */
	assert_int_equal(rule[2].over.action, DAMP_ACT_DROP);
	assert_int_equal(rule[2].then.action, DAMP_ACT_CONTINUE);
	assert_int_equal(rule[3].then.action, DAMP_ACT_CHALLENGE);
	damp_rules_free(&r);
}

static unsigned flags_of(const struct damp_program_hdr *h, bool v6, const uint8_t *addr)
{
	const struct damp_class *c = eval_section(h, DAMP_SEC_CLASSES);

	return c[eval_class(h, v6, addr)].flags;
}

static void inside(void **state)
{
	static const uint8_t in4[16] = { 10, 1, 2, 3 }, out4[16] = { 11 }, edge4[16] = { 10, 255, 255, 255 };
	static const uint8_t in6[16] = { 0xfd, 0x12, 0x34 }, out6[16] = { 0xfd, 0x12, 0x35 };
	struct damp_rules r;

	(void)state;
	compile(HEAD "zones:\n  a: {ports: [inside], prefixes: [10.0.0.0/9]}\n"
		     "  b: {ports: [inside], prefixes: [10.128.0.0/9, \"fd12:3400::/24\"]}\n"
		     "  c: {ports: [outside], prefixes: [11.0.0.0/8]}\n", &r);
	assert_int_equal(r.program->has_inside, 1);
	assert_int_equal(flags_of(r.program, false, in4), DAMP_CLASS_INSIDE);
	assert_int_equal(flags_of(r.program, false, edge4), DAMP_CLASS_INSIDE);
	assert_int_equal(flags_of(r.program, false, out4), 0);
	assert_int_equal(flags_of(r.program, true, in6), DAMP_CLASS_INSIDE);
	assert_int_equal(flags_of(r.program, true, out6), 0);
	damp_rules_free(&r);
	/* One zone of the inside port that may be anywhere: nothing is known. */
	compile(HEAD "zones:\n  a: {ports: [inside], prefixes: [10.0.0.0/9]}\n  b: {ports: [inside], prefixes: any}\n", &r);
	assert_int_equal(r.program->has_inside, 0);
	assert_int_equal(flags_of(r.program, false, in4), 0);
	damp_rules_free(&r);
}

/* What a rule asks for that nothing can tell yet turns it off, whatever its mode. */
static void untold_rules_are_off(void **state)
{
	const struct damp_rule *rule;
	struct damp_rules r;

	(void)state;
	compile(HEAD "schedules: {night: {hours: 22:00-05:00}}\n"
		     "rules:\n  - {id: a, match: {when: night}, then: drop}\n", &r);
	rule = eval_section(r.program, DAMP_SEC_RULES);
	assert_int_equal(rule[0].mode, DAMP_MODE_ENFORCE);
	assert_int_equal(rule[0].unable, 0);
	damp_rules_free(&r);
}

/* The tenant of each address; without `tenants` the items of a set of that name. */
static void tenants_of_classes(void **state)
{
	static const char *const texts[] = {
		HEAD "tenants: {acme: [10.1.0.0/16, \"2001:db8:1::/48\"], beta: 10.2.0.0/16}\n"
		     "limits: {t: {per: tenant, rate: 1 msg/s}}\nrules: [{id: r, match: any, limit: t}]\n",
		HEAD "sets: {tenants: {kind: prefix, items: [10.1.0.0/16, 10.2.0.0/16, \"2001:db8:1::/48\"]}}\n"
		     "limits: {t: {per: tenant, rate: 1 msg/s}}\nrules: [{id: r, match: any, limit: t}]\n",
	};
	static const uint8_t a[4] = { 10, 1, 9, 9 }, b[4] = { 10, 2, 0, 1 }, c[4] = { 10, 3, 0, 1 },
			     a6[16] = { 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 5 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const struct damp_class *cls;
		uint32_t ta, tb, ta6;
		struct damp_rules r;

		compile(texts[i], &r);
		cls = eval_section(r.program, DAMP_SEC_CLASSES);
		ta = cls[eval_class(r.program, false, a)].tenant;
		tb = cls[eval_class(r.program, false, b)].tenant;
		ta6 = cls[eval_class(r.program, true, a6)].tenant;
		assert_true(ta != 0 && tb != 0 && ta != tb && ta6 != 0);
		assert_int_equal(ta == ta6, i == 0);
		assert_int_equal(cls[eval_class(r.program, false, c)].tenant, 0);
		damp_rules_free(&r);
	}
}

/* Until the end of its last day, with a warning in the last two weeks. */
static void exemptions_end(void **state)
{
	static const struct { int64_t now; unsigned errors, warnings; } t[] = {
		{ 1803859200 - 15 * 86400 - 1, 0, 0 },  /* 2027-02-13 23:59:59 */
		{ 1803859200 - 15 * 86400 + 86400, 0, 1 },
		{ 1803859200 + 86399, 0, 1 },           /* 2027-03-01 23:59:59 */
		{ 1803859200 + 86400, 1, 0 },
	};
	static const char text[] = HEAD "exempt:\n  - {from: 192.0.2.0/24, until: 2027-03-01}\n";

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct damp_rules_options opt = { .now = t[i].now };
		struct damp_rules r;

		damp_rules_compile_text(text, strlen(text), "t", &opt, &r);
		assert_int_equal(r.errors, t[i].errors);
		assert_int_equal(r.warnings, t[i].warnings);
		damp_rules_free(&r);
	}
}

static void exempt_classes(void **state)
{
	static const uint8_t in[16] = { 192, 0, 2, 77 }, out[16] = { 192, 0, 3, 0 }, both[16] = { 10, 0, 0, 1 };
	const struct damp_class *cls;
	struct damp_rules r;

	(void)state;
	compile(HEAD "zones: {inside: {ports: [inside], prefixes: [10.0.0.0/8]}}\n"
		     "exempt:\n  - {from: 192.0.2.0/24, until: 2999-03-01}\n"
		     "  - {from: 10.0.0.1, until: 2999-03-01}\n", &r);
	cls = eval_section(r.program, DAMP_SEC_CLASSES);
	assert_int_equal(cls[eval_class(r.program, false, in)].flags, DAMP_CLASS_EXEMPT);
	assert_int_equal(cls[eval_class(r.program, false, out)].flags, 0);
	assert_int_equal(cls[eval_class(r.program, false, both)].flags, DAMP_CLASS_EXEMPT | DAMP_CLASS_INSIDE);
	damp_rules_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header),
		cmocka_unit_test(no_rules),
		cmocka_unit_test(rules),
		cmocka_unit_test(untold_rules_are_off),
		cmocka_unit_test(inside),
		cmocka_unit_test(tenants_of_classes),
		cmocka_unit_test(exemptions_end),
		cmocka_unit_test(exempt_classes),
	};

	return cmocka_run_group_tests_name("compiled programs", tests, NULL, NULL);
}
