/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gate of a program: what damp_view_open() refuses, with which words, and
 * that whatever it lets in can be judged with. A damaged block whose checksum
 * is right stands for a compiler with a bug; under the address sanitizer no
 * such block may lead outside of itself.
 */
#include "rig.h"
#include "rules.h"
#include "view_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define CLIENT ((struct rig_end){ 1, 40000 })
#define SERVER ((struct rig_end){ 2, 5683 })

static const char rules[] =
	"version: 1\n"
	"ruleset: {name: v, revision: 1, requires: \">=0.1\", mode: enforce}\n"
	"zones:\n  outside: {ports: [outside], prefixes: any}\n"
	"  inside: {ports: [inside], prefixes: [10.2.0.0/16, \"fd00:0:0:2::/64\"]}\n"
	"  cell: {ports: [eth1], prefixes: 10.9.0.0/16}\n"
	"limits:\n  few: {per: source, rate: 5 msg/s, burst: 9 msg, ladder: {ipv4: {32: 1x, 24: 8x}, ipv6: {64: 1x}}}\n"
	"rules:\n"
	"  - {id: a, match: {from: outside, path: [/x, /y/**, /m/*]}, then: drop}\n"
	"  - {id: b, match: {from: [10.1.0.0/24, cell], option: [observe, echo], size: ..96 B}, limit: few, over: challenge}\n"
	"  - {id: c, match: {to_port: 5683..5690, code: [GET, 4.xx], type: CON, query: {not: [a=1]}}, limit: few, over: drop}\n"
	"  - {id: e, match: {option: {accept: 60, uri-host: a.io}}, then: continue}\n"
	"  - {id: d, match: any, then: accept}\n";

static struct damp_program_hdr *compile(const char *text, size_t *len)
{
	struct damp_rules out;
	struct damp_program_hdr *h;

	if (damp_rules_compile_text(text, strlen(text), "view.yaml", NULL, &out) != 0)
		fail_msg("%s", out.text);
	h = out.program;
	*len = out.program_len;
	out.program = NULL;
	damp_rules_free(&out);
	return h;
}

static struct damp_program_hdr *program(size_t *len)
{
	return compile(rules, len);
}

#define MORE_RULES 150u

/* The same with so many rules more that a row has several words. */
static struct damp_program_hdr *long_program(size_t *len)
{
	static const char *const match[] = { "path: /p%u/*/x", "query: q=%u", "from: 10.1.%u.0/24", "size: ..%u B" };
	char text[sizeof(rules) + MORE_RULES * 80];
	size_t at = sizeof(rules) - 1;

	memcpy(text, rules, sizeof(rules));
	for (unsigned i = 0; i < MORE_RULES; i++) {
		char what[40];

		snprintf(what, sizeof(what), match[i % 4], 1 + i);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "  - {id: m%u, match: {%s}, then: continue}\n", i, what);
	}
	return compile(text, len);
}

static void *section(struct damp_program_hdr *h, enum damp_section_id id)
{
	return (uint8_t *)h + h->sec[id].off;
}

static void wrong_magic(struct damp_program_hdr *h) { h->magic++; }
static void wrong_version(struct damp_program_hdr *h) { h->version++; }
static void wrong_length(struct damp_program_hdr *h) { h->total_len--; }
static void wrong_mode(struct damp_program_hdr *h) { h->mode = DAMP_MODE_MAX; }
static void endless_name(struct damp_program_hdr *h) { memset(h->name, 'x', sizeof(h->name)); }
static void words(struct damp_program_hdr *h) { h->nwords++; }
static void ports(struct damp_program_hdr *h) { h->ncoap_ports = DAMP_COAP_PORTS_MAX + 1; }
static void no_attack_rate(struct damp_program_hdr *h) { h->watch.attack_rate_milli = 0; }
static void attack_rate(struct damp_program_hdr *h) { h->watch.attack_rate_milli = DAMP_WATCH_RATE_MAX + 1; }
static void no_update(struct damp_program_hdr *h) { h->watch.attack_update_s = 0; }
static void late_update(struct damp_program_hdr *h) { h->watch.attack_update_s = DAMP_WATCH_TIME_MAX_S + 1; }
static void no_quiet(struct damp_program_hdr *h) { h->watch.attack_quiet_s = 0; }
static void long_quiet(struct damp_program_hdr *h) { h->watch.attack_quiet_s = DAMP_WATCH_TIME_MAX_S + 1; }

/* A good one; then one thing of it is not. */
static struct damp_watch *keeps(struct damp_program_hdr *h)
{
	h->watch.keep_bytes = DAMP_KEEP_BYTES_MIN;
	h->watch.keep_share_q32 = 1;
	h->watch.keep_snap = DAMP_KEEP_SNAP_MIN;
	return &h->watch;
}
static void keep_little(struct damp_program_hdr *h) { keeps(h)->keep_bytes--; }
static void keep_much(struct damp_program_hdr *h) { keeps(h)->keep_bytes = DAMP_KEEP_BYTES_MAX + 1; }
static void keep_none(struct damp_program_hdr *h) { keeps(h)->keep_share_q32 = 0; }
static void keep_short(struct damp_program_hdr *h) { keeps(h)->keep_snap--; }
static void keep_whole(struct damp_program_hdr *h) { keeps(h)->keep_snap = DAMP_KEEP_SNAP_MAX + 1; }
static void keep_long(struct damp_program_hdr *h) { keeps(h)->keep_s = DAMP_KEEP_MAX_S + 1; }
static void section_outside(struct damp_program_hdr *h) { h->sec[DAMP_SEC_RULES].off = h->total_len & ~63ull; }
static void section_crooked(struct damp_program_hdr *h) { h->sec[DAMP_SEC_RULES].off += 8; }
static void rule_count(struct damp_program_hdr *h) { h->nrules = 6; }
static void no_alpha(struct damp_program_hdr *h) { ((struct damp_guard *)section(h, DAMP_SEC_GUARD))->alpha_q8 = 0; }
static void overload_policy(struct damp_program_hdr *h) { ((struct damp_guard *)section(h, DAMP_SEC_GUARD))->overload = 2; }
static void long_burst(struct damp_program_hdr *h)
{
	((struct damp_guard *)section(h, DAMP_SEC_GUARD))->net6.burst_ticks = DAMP_BURST_TICKS_MAX + 1;
}
static void block_size(struct damp_program_hdr *h) { ((struct damp_guard *)section(h, DAMP_SEC_GUARD))->slice_szx = 8; }
static void value_of_nothing(struct damp_program_hdr *h)
{
	((struct damp_option_value *)section(h, DAMP_SEC_OPTION_VALUES))[1].bit = DAMP_OPTBIT_UNKNOWN_CRITICAL;
}
static void long_value(struct damp_program_hdr *h)
{
	((struct damp_option_value *)section(h, DAMP_SEC_OPTION_VALUES))[1].len = DAMP_OPTION_VALUE_BYTES + 1;
}
static void rule_action(struct damp_program_hdr *h)
{
	((struct damp_rule *)section(h, DAMP_SEC_RULES))->then.action = DAMP_ACT_MAX;
}
static void rule_slip(struct damp_program_hdr *h)
{
	((struct damp_rule *)section(h, DAMP_SEC_RULES))->slip.action = DAMP_ACT_MAX;
}
static void rule_answers_2_05(struct damp_program_hdr *h)
{
	((struct damp_rule *)section(h, DAMP_SEC_RULES))->over = (struct damp_act){ .action = DAMP_ACT_ANSWER, .code = 0x45 };
}
static void rule_max_age(struct damp_program_hdr *h)
{
	((struct damp_rule *)section(h, DAMP_SEC_RULES))->then.max_age_s = UINT32_MAX;
}
static void rule_slice(struct damp_program_hdr *h)
{
	((struct damp_rule *)section(h, DAMP_SEC_RULES))->slice_szx = DAMP_SLICE_OFF + 1;
}
static void rule_limit(struct damp_program_hdr *h) { ((struct damp_rule *)section(h, DAMP_SEC_RULES))[1].limit[0] = 99; }
static void rule_name(struct damp_program_hdr *h) { ((struct damp_rule *)section(h, DAMP_SEC_RULES))->id_off = UINT32_MAX; }
static void limit_rungs(struct damp_program_hdr *h) { ((struct damp_limit *)section(h, DAMP_SEC_LIMITS))->nrungs4 = 9; }
static void limit_prefix(struct damp_program_hdr *h) { ((struct damp_limit *)section(h, DAMP_SEC_LIMITS))->rung4[0].plen = 33; }
static void ranges_order(struct damp_program_hdr *h)
{
	struct damp_range4 *r = section(h, DAMP_SEC_RANGES4);

	r[2].start = r[1].start;
}
static void ranges_class(struct damp_program_hdr *h) { ((struct damp_range6 *)section(h, DAMP_SEC_RANGES6))->cls = 9999; }
static void interval_row(struct damp_program_hdr *h) { ((struct damp_interval *)section(h, DAMP_SEC_SIZES))->row = h->nrows; }
static void code_row(struct damp_program_hdr *h) { h->row_code[69] = h->nrows; }
static void extra_bit(struct damp_program_hdr *h)
{
	((uint64_t *)section(h, DAMP_SEC_ROWS))[h->row_kind[DAMP_KIND_REQUEST]] |= 1ull << 5;
}
static void literal_text(struct damp_program_hdr *h)
{
	((struct damp_text_literal *)section(h, DAMP_SEC_LITERALS))->text_off = (uint32_t)h->sec[DAMP_SEC_STRINGS].len;
	((struct damp_text_literal *)section(h, DAMP_SEC_LITERALS))->text_len = 1;
}
static void device_name(struct damp_program_hdr *h) { ((struct damp_device *)section(h, DAMP_SEC_DEVICES))->zone_off = UINT32_MAX; }
static void device_side(struct damp_program_hdr *h) { ((struct damp_device *)section(h, DAMP_SEC_DEVICES))->must = 2; }
static void device_variant(struct damp_program_hdr *h) { ((struct damp_device *)section(h, DAMP_SEC_DEVICES))->variant = 1; }
static void variants(struct damp_program_hdr *h) { h->nvariants = DAMP_DEVICE_VARIANTS_MAX + 1; }
static void variant_classes(struct damp_program_hdr *h) { h->nvariants = 0; }
static void class_of_second_way(struct damp_program_hdr *h)
{
	((struct damp_class *)section(h, DAMP_SEC_CLASSES))[2 * h->nclasses - 1].dst_row[1] = h->nrows;
}
static void scan_rows(struct damp_program_hdr *h) { ((struct damp_text_rows *)section(h, DAMP_SEC_TEXTS))->nscan = h->nrows + 1; }
static void heads(struct damp_program_hdr *h) { ((struct damp_text_rows *)section(h, DAMP_SEC_TEXTS))->heads++; }
static void head_text(struct damp_program_hdr *h)
{
	struct damp_text_head *head = section(h, DAMP_SEC_TEXT_HEADS);

	head->text_len = (uint32_t)h->sec[DAMP_SEC_STRINGS].len - head->text_off + 1;
}
static void database(struct damp_program_hdr *h) { ((struct damp_text_rows *)section(h, DAMP_SEC_TEXTS))->hs_len = 1 << 30; }

static void damage_is_named(void **state)
{
	static const struct { void (*damage)(struct damp_program_hdr *h); const char *says; } cases[] = {
		{ wrong_magic, "magic" },	{ wrong_version, "version" },	  { wrong_length, "bytes" },
		{ wrong_mode, "mode" },		{ endless_name, "terminated" },	  { words, "words" },
		{ ports, "ports" },		{ section_outside, "section" },	  { section_crooked, "section" },
		{ rule_count, "rules" },	{ no_alpha, "amplification" },	  { overload_policy, "overload" },	  { long_burst, "byte budget" },
		{ rule_slip, "rule 0" },	{ rule_answers_2_05, "rule 0" }, { rule_max_age, "rule 0" },
		{ rule_slice, "rule 0: block size" },
		{ value_of_nothing, "value 1" },	{ long_value, "value 1" },
		{ block_size, "block size" },	{ rule_action, "rule 0" },	  { rule_limit, "rule 1" },
		{ rule_name, "rule 0" },	{ limit_rungs, "limit 0" },	  { limit_prefix, "limit 0" },
		{ ranges_order, "IPv4 range" }, { ranges_class, "IPv6 range" },	  { interval_row, "sizes" },
		{ code_row, "row" },		{ extra_bit, "does not exist" },  { literal_text, "text 0" },
		{ device_name, "device 0: name" }, { device_side, "device 0" }, { device_variant, "device 0" },
		{ variants, "decide" }, { variant_classes, "classes" }, { class_of_second_way, "row" },
		{ scan_rows, "text 0" },	{ database, "text 0" },
		{ heads, "text 0: beginnings" }, { head_text, "text 0: beginnings" },
		{ no_attack_rate, "attack" },	{ attack_rate, "attack" },	  { no_update, "attack" },
		{ late_update, "attack" },	{ no_quiet, "attack" },		  { long_quiet, "attack" },
		{ keep_little, "kept" },	{ keep_much, "kept" },		  { keep_none, "kept" },
		{ keep_short, "kept" },		{ keep_whole, "kept" },		  { keep_long, "kept" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len;
		struct damp_program_hdr *h = program(&len);
		char err[256] = "";

		cases[i].damage(h);
		h->checksum = damp_program_checksum(h, len);
		if (damp_program_check(h, len, err, sizeof(err)))
			fail_msg("case %zu was let in", i);
		if (strstr(err, cases[i].says) == NULL)
			fail_msg("case %zu says '%s', nothing of '%s'", i, err, cases[i].says);
		free(h);
	}
}

static void checksum_covers_every_byte(void **state)
{
	size_t len;
	struct damp_program_hdr *h = program(&len);
	char err[256];

	(void)state;
	assert_true(damp_program_check(h, len, err, sizeof(err)));
	for (size_t i = 0; i < len; i += 7) {
		((uint8_t *)h)[i] ^= 0x10;
		assert_false(damp_program_check(h, len, err, sizeof(err)));
		((uint8_t *)h)[i] ^= 0x10;
	}
	for (size_t n = 0; n < len; n += 61)
		assert_false(damp_program_check(h, n, err, sizeof(err)));
	free(h);
}

static uint32_t draw(uint64_t *s, uint32_t below)
{
	*s = *s * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((*s >> 33) % below);
}

/* A few messages that meet every attribute. */
static void judge_some(struct rig *r)
{
	static const uint8_t get[] = { 0x41, 0x01, 0x00, 0x01, 0x4a, 0x60, 0x51, 'y', 0x02, '1', '2', 0x43, 'a', '=', '1' };
	static const uint8_t m[] = { 0x51, 0x45, 0x00, 0x02, 0x4a, 0xff, 'x' };

	for (unsigned i = 0; i < 4; i++) {
		rig_send(r, DAMP_OUTSIDE, (struct rig_end){ (uint8_t)i, 40000 }, SERVER, get, sizeof(get));
		rig_send(r, DAMP_INSIDE, SERVER, CLIENT, m, sizeof(m));
		rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, m, 3);
	}
}

/* What points into the patterns is known to be good only when they are opened:
 * that may refuse what the check has let pass. */
static bool opens(const struct damp_program_hdr *h, size_t len)
{
	static const struct damp_key key;
	char err[256] = "";
	void *copy = malloc(len);
	struct damp_view *v;

	assert_non_null(copy);
	memcpy(copy, h, len);
	v = damp_view_open(copy, len, 1, &key, err, sizeof(err));
	if (v == NULL) {
		assert_true(err[0] != 0);
		free(copy);
	}
	damp_view_close(v);
	return v != NULL;
}

/* Random damage with a right checksum: refused, or harmless. Returns how many were let in. */
static unsigned damage(const struct damp_program_hdr *good, size_t len, unsigned rounds)
{
	uint64_t s = 20261121;
	unsigned let_in = 0;

	for (unsigned round = 0; round < rounds; round++) {
		struct damp_program_hdr *h = malloc(len);
		char err[256];
		/* Not the serialised pattern databases: Hyperscan checks its own. */
		const uint32_t most = (uint32_t)good->sec[DAMP_SEC_HYPERSCAN].off;

		assert_non_null(h);
		memcpy(h, good, len);
		for (unsigned n = 1 + draw(&s, 4); n > 0; n--)
			((uint8_t *)h)[draw(&s, most)] = (uint8_t)(draw(&s, 3) ? draw(&s, 256) : 0xff);
		h->checksum = damp_program_checksum(h, len);
		if (!damp_program_check(h, len, err, sizeof(err))) {
			assert_true(err[0] != 0);
			free(h);
		} else if (opens(h, len)) {
			struct rig r;

			let_in++;
			rig_open_program(&r, round % 2, h, len);
			judge_some(&r);
			rig_close(&r);
		} else {
			free(h);
		}
	}
	return let_in;
}

static void damage_is_refused_or_harmless(void **state)
{
	size_t len;
	struct damp_program_hdr *h = program(&len);

	(void)state;
	assert_in_range(damage(h, len, 3000), 100, 2999);
	free(h);
	h = long_program(&len);
	assert_in_range(damage(h, len, 1000), 100, 999);
	free(h);
}

static void classes_by_search(void **state)
{
	static const struct { const char *what; uint8_t addr[16]; bool inside; } cases[] = {
		{ "first of the prefix", { [10] = 0xff, [11] = 0xff, 10, 2, 0, 0 }, true },
		{ "last of the prefix", { [10] = 0xff, [11] = 0xff, 10, 2, 255, 255 }, true },
		{ "one before", { [10] = 0xff, [11] = 0xff, 10, 1, 255, 255 }, false },
		{ "one behind", { [10] = 0xff, [11] = 0xff, 10, 3, 0, 0 }, false },
		{ "0.0.0.0", { [10] = 0xff, [11] = 0xff }, false },
		{ "255.255.255.255", { [10] = 0xff, [11] = 0xff, 255, 255, 255, 255 }, false },
		{ "fd00:0:0:2::", { 0xfd, 0, 0, 0, 0, 0, 0, 2 }, true },
		{ "fd00:0:0:2:ff..", { 0xfd, 0, 0, 0, 0, 0, 0, 2, 255, 255, 255, 255, 255, 255, 255, 255 }, true },
		{ "fd00:0:0:3::", { 0xfd, 0, 0, 0, 0, 0, 0, 3 }, false },
		{ "::", { 0 }, false },
	};
	static const struct damp_key key;
	size_t len;
	struct damp_program_hdr *h = program(&len);
	char err[256];
	struct damp_view *v = damp_view_open(h, len, 1, &key, err, sizeof(err));

	(void)state;
	assert_non_null(v);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct damp_addr a;

		memcpy(a.b, cases[i].addr, 16);
		if (!!(v->classes[damp_view_class(v, &a)].flags & DAMP_CLASS_INSIDE) != cases[i].inside)
			fail_msg("%s", cases[i].what);
	}
	damp_view_close(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damage_is_named), cmocka_unit_test(checksum_covers_every_byte),
		cmocka_unit_test(damage_is_refused_or_harmless), cmocka_unit_test(classes_by_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
