/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program that comes over the socket is checked before it is read: each row
 * damages one field of a good block.
 */
#include "common/progview.h"
#include "rules/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char rules_text[] = "version: 1\n"
				 "ruleset: {name: small, revision: 7}\n"
				 "limits:\n"
				 "  few: {per: peer, rate: 2 msg/s, burst: 10 msg}\n"
				 "rules:\n"
				 "  - id: first\n"
				 "    match: {msg: request}\n"
				 "    limit: few\n"
				 "    over: drop\n"
				 "  - id: second\n"
				 "    mode: observe\n"
				 "    match: any\n"
				 "    then: drop\n";

static struct damp_program_hdr *compile(size_t *len)
{
	struct damp_rules r;
	struct damp_program_hdr *h;

	if (damp_rules_compile_text(rules_text, sizeof(rules_text) - 1, "small.yaml", NULL, &r))
		fail_msg("%s", r.text);
	h = r.program;
	*len = r.program_len;
	r.program = NULL;
	damp_rules_free(&r);
	return h;
}

static void test_good(void **state)
{
	struct damp_progview v;
	size_t len;
	struct damp_program_hdr *h = compile(&len);

	(void)state;
	assert_int_equal(damp_progview_open(h, len, &v), 0);
	assert_int_equal(v.hdr->nrules, 2);
	assert_string_equal(damp_progview_string(&v, v.rules[0].id_off), "first");
	assert_string_equal(damp_progview_string(&v, v.rules[0].file_off), "small.yaml");
	assert_int_equal(v.rules[0].line, 6);
	assert_string_equal(damp_progview_limit_name(&v, v.rules[0].limit[0]), "few");
	assert_int_equal(damp_progview_count_mode(&v, DAMP_MODE_OBSERVE), 1);
	assert_true(damp_progview_rate(&v.limits[0].rung4[0]) > 1.99 &&
		    damp_progview_rate(&v.limits[0].rung4[0]) < 2.01);
	assert_true(damp_progview_burst(&v.limits[0].rung4[0]) > 9.9 &&
		    damp_progview_burst(&v.limits[0].rung4[0]) < 10.1);
	/* Offsets that are none give an empty text. */
	assert_string_equal(damp_progview_string(&v, UINT32_MAX), "");
	assert_string_equal(damp_progview_limit_name(&v, 999), "");
	free(h);
}

static void wrong_magic(struct damp_program_hdr *h) { h->magic ^= 1; }
static void wrong_version(struct damp_program_hdr *h) { h->version++; }
static void wrong_hdr_len(struct damp_program_hdr *h) { h->hdr_len--; }
static void wrong_total(struct damp_program_hdr *h) { h->total_len++; }
static void too_many_rules(struct damp_program_hdr *h) { h->nrules = DAMP_RULES_MAX + 1; }
static void rules_beyond(struct damp_program_hdr *h) { h->nrules = 1000; }
static void limits_beyond(struct damp_program_hdr *h) { h->nlimits = 1000; }
static void strings_outside(struct damp_program_hdr *h)
{
	h->sec[DAMP_SEC_STRINGS].off = h->total_len;
}
static void strings_wrap(struct damp_program_hdr *h) { h->sec[DAMP_SEC_STRINGS].len = UINT64_MAX; }
static void strings_empty(struct damp_program_hdr *h) { h->sec[DAMP_SEC_STRINGS].len = 0; }
static void rules_odd(struct damp_program_hdr *h) { h->sec[DAMP_SEC_RULES].off++; }
static void rules_in_header(struct damp_program_hdr *h) { h->sec[DAMP_SEC_RULES].off = 8; }
static void guard_short(struct damp_program_hdr *h) { h->sec[DAMP_SEC_GUARD].len = 8; }
static void name_open(struct damp_program_hdr *h) { memset(h->name, 'x', sizeof(h->name)); }
static void digest_open(struct damp_program_hdr *h) { memset(h->digest, 'x', sizeof(h->digest)); }

static void strings_open(struct damp_program_hdr *h)
{
	((char *)h)[h->sec[DAMP_SEC_STRINGS].off + h->sec[DAMP_SEC_STRINGS].len - 1] = 'x';
}

static void test_damaged(void **state)
{
	static const struct {
		const char *name;
		void (*damage)(struct damp_program_hdr *h);
	} row[] = {
		{ "magic", wrong_magic },           { "version", wrong_version },
		{ "hdr_len", wrong_hdr_len },       { "total_len", wrong_total },
		{ "nrules", too_many_rules },       { "rules past the end", rules_beyond },
		{ "limits past the end", limits_beyond }, { "strings outside", strings_outside },
		{ "strings wrap", strings_wrap },   { "strings empty", strings_empty },
		{ "strings open", strings_open },   { "rules not aligned", rules_odd },
		{ "rules in the header", rules_in_header }, { "guard short", guard_short },
		{ "name open", name_open },         { "digest open", digest_open },
	};
	struct damp_progview v;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		size_t len;
		struct damp_program_hdr *h = compile(&len);

		row[i].damage(h);
		if (damp_progview_open(h, len, &v) == 0)
			fail_msg("%s: accepted", row[i].name);
		free(h);
	}
}

/* Every shorter block is refused, on an allocation of exactly its length. */
static void test_short(void **state)
{
	size_t len;
	struct damp_program_hdr *h = compile(&len);
	struct damp_progview v;

	(void)state;
	for (size_t n = 0; n < len; n += n < sizeof(*h) ? 97 : 1) {
		void *copy = malloc(n > 0 ? n : 1);

		memcpy(copy, h, n);
		if (damp_progview_open(copy, n, &v) == 0)
			fail_msg("accepted %zu of %zu bytes", n, len);
		free(copy);
	}
	free(h);
}

static void test_memfd_round_trip(void **state)
{
	size_t len;
	struct damp_program_hdr *h = compile(&len);
	struct damp_prog *p = damp_prog_new(h, len), *again;
	int fd;

	(void)state;
	assert_non_null(p);
	fd = damp_prog_memfd(p);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), -1); /* sealed */
	assert_int_equal(ftruncate(fd, 1), -1);
	again = damp_prog_read(fd);
	assert_non_null(again);
	assert_int_equal(again->len, len);
	assert_memory_equal(again->block, p->block, len);
	damp_prog_put(damp_prog_get(again));
	damp_prog_put(again);
	damp_prog_put(p);
	close(fd);
	assert_null(damp_prog_read(-1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_memfd_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
