/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attacks in virtual time: counters move by a script, and what is told is
 * compared with a line of phases, "S5" a start in second 5.
 */
#include "attack_json.h"
#include "attacks.h"
#include "fake_fill.h"
#include "rules/rules.h"
#include "tmpdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WALL_US 1790000000000000ll
#define TOLD_MAX 512

/* 10 msg/s, an update every 20 s, over after 15 s. */
static const char rules_text[] =
	"version: 1\n"
	"events: {attack: {rate: 10 msg/s, update: 20 s, quiet: 15 s}}\n"
	"limits: {few: {per: peer, rate: 2 msg/s}}\n"
	"rules:\n"
	"  - {id: drops, match: {code: GET}, then: drop, severity: critical}\n"
	"  - {id: limits, match: {code: PUT}, limit: few, over: drop}\n"
	"  - {id: passes, match: {code: POST}, limit: few, over: drop, then: accept}\n"
	"  - {id: lets, match: {code: FETCH}, then: accept}\n"
	"  - {id: trial, match: any, mode: observe, then: drop}\n";

enum { DROPS = 1, LIMITS, PASSES, LETS, TRIAL };

struct fixture {
	char dir[256];
	struct damp_attacks *attacks;
	struct damp_snap *snap;
	struct damp_prog *prog;
	unsigned second;
	char told[TOLD_MAX];
	char id[DAMP_ATTACK_ID_LEN];
	struct damp_attack last;
	json_t *event;                  /* of the last phase */
};

static struct damp_prog *compile(const char *text)
{
	struct damp_prog *p;
	struct damp_rules r;

	if (damp_rules_compile_text(text, strlen(text), "r.yaml", NULL, &r))
		fail_msg("%s", r.text);
	p = damp_prog_new(r.program, r.program_len);
	r.program = NULL;
	damp_rules_free(&r);
	return p;
}

static void boot(struct fixture *f, uint64_t boot_id)
{
	memset(f->snap, 0, sizeof(*f->snap));
	f->snap->stats.boot_id = boot_id;
	f->snap->stats.nrule_slots = 1;
	for (unsigned i = 0; i < f->prog->view.hdr->nrules; i++) {
		const struct damp_rule *r = &f->prog->view.rules[i];

		fake_fill_rule(&f->snap->stats, damp_progview_string(&f->prog->view, r->id_off), r->mode);
	}
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	tmpdir_make(f->dir, sizeof(f->dir));
	f->prog = compile(rules_text);
	f->snap = aligned_alloc(64, sizeof(*f->snap));
	f->attacks = damp_attacks_new(f->dir);
	boot(f, FAKE_BOOT_ID);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	damp_attacks_free(f->attacks);
	damp_prog_put(f->prog);
	json_decref(f->event);
	tmpdir_remove(f->dir);
	free(f->snap);
	free(f);
	return 0;
}

static void told(void *arg, enum damp_attack_phase phase, const struct damp_attack *x)
{
	struct fixture *f = arg;
	const size_t at = strlen(f->told);

	if (phase == DAMP_ATTACK_START)
		snprintf(f->id, sizeof(f->id), "%s", x->id);
	else
		assert_string_equal(f->id, x->id); /* what begins, goes on and ends is one */
	snprintf(f->told + at, sizeof(f->told) - at, "%s%c%u", at ? " " : "", "SUE"[phase], f->second);
	f->last = *x;
	json_decref(f->event);
	f->event = damp_attack_event(phase, x, f->prog);
}

static void look(struct fixture *f)
{
	damp_attacks_look(f->attacks, f->snap, &f->prog->view, (int64_t)f->second * 1000000000 + 1,
			  WALL_US + (int64_t)f->second * 1000000, told, f);
	f->second++;
}

/* Where a counter of the script is. */
static struct damp_counter *counter(struct fixture *f, unsigned slot, unsigned which)
{
	return slot > 0 ? &f->snap->total.rule[slot][which] : &f->snap->total.reason[DAMP_OUTSIDE][which];
}

struct segment { unsigned pps, seconds; };

struct row {
	const char *what;
	unsigned slot, which;           /* an outcome of a rule; slot 0: a reason */
	struct segment seg[6];
	const char *phases;
};

static const struct row rows[] = {
	{ "nothing", DROPS, DAMP_OUT_ACTED, { { 0, 40 } }, "" },
	/* 10 in each second are not more than 10 msg/s. */
	{ "at the rate", DROPS, DAMP_OUT_ACTED, { { 10, 40 } }, "" },
	/* Seconds 1 to 5 fill the window with 55; update 20 s after the start. */
	{ "above it", DROPS, DAMP_OUT_ACTED, { { 11, 40 } }, "S5 U25" },
	/* 60 at once are 12 a second over the window; quiet counts from second 5,
	 * the last with the burst in its window. */
	{ "a burst", DROPS, DAMP_OUT_ACTED, { { 60, 1 }, { 0, 40 } }, "S1 E20" },
	{ "a small burst", DROPS, DAMP_OUT_ACTED, { { 50, 1 }, { 0, 40 } }, "" },
	/* 6 a second are above half of 10, which keeps it alive. */
	{ "half of it goes on", DROPS, DAMP_OUT_ACTED, { { 100, 5 }, { 6, 40 } }, "S1 U21 U41" },
	{ "less than half ends", DROPS, DAMP_OUT_ACTED, { { 100, 5 }, { 4, 40 } }, "S1 U21 E24" },
	{ "a pause that is too short", DROPS, DAMP_OUT_ACTED, { { 100, 3 }, { 0, 10 }, { 100, 3 }, { 0, 30 } },
	  "S1 U21 E35" },
	{ "two", DROPS, DAMP_OUT_ACTED, { { 100, 1 }, { 0, 30 }, { 100, 1 }, { 0, 30 } }, "S1 E20 S32 E51" },
	{ "a limit acts", LIMITS, DAMP_OUT_ACTED, { { 100, 1 }, { 0, 30 } }, "S1 E20" },
	{ "a limit is over, and acts beside", LIMITS, DAMP_OUT_OVER, { { 100, 1 }, { 0, 30 } }, "" },
	{ "a rule that passes acts on what passes", PASSES, DAMP_OUT_ACTED, { { 100, 30 } }, "" },
	{ "and refuses what is over", PASSES, DAMP_OUT_OVER, { { 100, 1 }, { 0, 30 } }, "S1 E20" },
	{ "accept refuses nothing", LETS, DAMP_OUT_ACTED, { { 100, 30 } }, "" },
	{ "matching refuses nothing", DROPS, DAMP_OUT_MATCHED, { { 100, 30 } }, "" },
	{ "observed", TRIAL, DAMP_OUT_WOULD, { { 100, 1 }, { 0, 30 } }, "S1 E20" },
	{ "a budget of the guard", 0, DAMP_REASON_FIRST_CONTACT, { { 100, 1 }, { 0, 30 } }, "S1 E20" },
	{ "malformed", 0, DAMP_REASON_COAP_SHORT, { { 100, 1 }, { 0, 30 } }, "S1 E20" },
	{ "what a rule said", 0, DAMP_REASON_RULE, { { 100, 30 } }, "" },
	{ "what a limit said", 0, DAMP_REASON_RULE_LIMIT, { { 100, 30 } }, "" },
	{ "a proof", 0, DAMP_REASON_PROOF_TAKEN, { { 100, 30 } }, "" },
	{ "our own lack of room", 0, DAMP_REASON_STEER_FULL, { { 100, 30 } }, "" },
	{ "what passed", 0, DAMP_REASON_ACCEPTED, { { 100, 30 } }, "" },
};

static void play(struct fixture *f, const struct row *r)
{
	look(f); /* second 0: what was counted before is no news */
	for (unsigned s = 0; s < sizeof(r->seg) / sizeof(r->seg[0]); s++)
		for (unsigned i = 0; i < r->seg[s].seconds; i++) {
			struct damp_counter *c = counter(f, r->slot, r->which);

			c->packets += r->seg[s].pps;
			c->bytes += r->seg[s].pps * 80ull;
			look(f);
		}
}

static void test_phases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture *f;

		set_up((void **)&f);
		/* Large numbers of before must not look like an attack. */
		*counter(f, rows[i].slot, rows[i].which) = (struct damp_counter){ 1000000, 80000000 };
		play(f, &rows[i]);
		if (strcmp(f->told, rows[i].phases) != 0)
			fail_msg("%s: told '%s', not '%s'", rows[i].what, f->told, rows[i].phases);
		tear_down((void **)&f);
	}
}

static void test_totals(void **state)
{
	static const struct row r = { "", DROPS, DAMP_OUT_ACTED, { { 20, 4 }, { 100, 3 }, { 0, 30 } }, "" };
	struct fixture *f = *state;
	bool active;

	play(f, &r);
	assert_string_equal(f->told, "S3 U23 E26");
	assert_int_equal(f->last.total.packets, 380);
	assert_int_equal(f->last.total.bytes, 380 * 80);
	assert_true(f->last.peak_pps > 99.9 && f->last.peak_pps < 100.1);
	assert_true(f->last.peak_Bps > 7999 && f->last.peak_Bps < 8001);
	assert_int_equal(f->last.started_us, WALL_US); /* the look before the first refused one */
	assert_int_equal(f->last.loud_us, WALL_US + 11000000);
	assert_int_equal(damp_attacks_of_slot(f->attacks, DROPS, &active), 1);
	assert_false(active);
}

static void note(struct fixture *f, const char *path, uint8_t last_of_src, uint8_t target, uint64_t represents)
{
	struct damp_event e = fake_event(0);

	e.rule_slot = DROPS;
	e.reason = DAMP_REASON_RULE;
	e.src[15] = last_of_src;
	e.dst[15] = target;
	e.represents = represents;
	e.path_len = (uint8_t)strlen(path);
	memset(e.path, 0, sizeof(e.path));
	memcpy(e.path, path, e.path_len);
	damp_attacks_note(f->attacks, &e);
}

static const char *text_at(const json_t *j, const char *list, size_t i, const char *key)
{
	return json_string_value(json_object_get(json_array_get(json_object_get(j, list), i), key));
}

static void test_who(void **state)
{
	struct fixture *f = *state;
	const json_t *a;

	look(f);
	for (uint8_t i = 0; i < 100; i++)
		note(f, i % 2 ? "/.well-known/core" : "/a\n", i, i % 4 ? 7 : 8, 10);
	f->snap->total.rule[DROPS][DAMP_OUT_ACTED].packets += 1000;
	look(f);
	assert_string_equal(f->told, "S1");
	assert_string_equal(json_string_value(json_object_get(f->event, "type")), "attack");
	assert_string_equal(json_string_value(json_object_get(f->event, "severity")), "critical");
	assert_string_equal(json_string_value(json_object_get(f->event, "rule")), "drops");
	assert_string_equal(json_string_value(json_object_get(f->event, "at")), "r.yaml:5");
	assert_string_equal(json_string_value(json_object_get(f->event, "mode")), "enforce");
	a = json_object_get(f->event, "attack");
	assert_string_equal(json_string_value(json_object_get(a, "phase")), "start");
	assert_string_equal(json_string_value(json_object_get(a, "worst_target")), "2001:db8:5683::7");
	assert_string_equal(text_at(a, "sources", 0, "prefix"), "203.0.113.0/24");
	assert_string_equal(text_at(a, "paths", 0, "path"), "/.well-known/core");
	assert_string_equal(text_at(a, "paths", 1, "path"), "/a\\x0a");
	assert_int_equal(json_integer_value(json_object_get(a, "sources_seen")), 100);
	assert_int_equal(json_integer_value(json_object_get(a, "records")), 100);
	assert_int_equal(json_integer_value(json_object_get(a, "packets")), 1000);
	assert_true(json_real_value(json_object_get(json_array_get(json_object_get(a, "targets"), 0), "share")) == 0.75);
}

/* More different ones than there are counters: the large one is found, nothing grows. */
static void test_many(void **state)
{
	struct fixture *f = *state;
	struct damp_tops t = { 0 };

	(void)f;
	for (unsigned i = 0; i < 20000; i++) {
		struct damp_event e = fake_event(0);
		const struct damp_top_entry *out[DAMP_TOP_SLOTS];

		e.represents = 1;
		memcpy(&e.src[12], &i, sizeof(i));
		if (i % 3 != 0)
			memcpy(&e.dst[12], &i, sizeof(i));
		damp_tops_note(&t, &e);
		assert_in_range(damp_top_sorted(&t.target, out), 1, DAMP_TOP_SLOTS);
		if (i > 100)
			assert_memory_equal(out[0]->key, fake_event(0).dst, 16);
	}
	assert_int_equal(t.sources, DAMP_TOP_SEEN);
	assert_int_equal(t.target.sum, 20000);
}

/* damperd comes back: the same id, nothing counted twice or lost, no second start. */
static void test_restart(void **state)
{
	static const struct row r = { "", DROPS, DAMP_OUT_ACTED, { { 100, 10 } }, "" };
	struct fixture *f = *state;
	bool active;

	play(f, &r);
	assert_string_equal(f->told, "S1");
	damp_attacks_free(f->attacks);
	f->attacks = damp_attacks_new(f->dir);
	f->told[0] = '\0';
	f->second += 7;
	f->snap->total.rule[DROPS][DAMP_OUT_ACTED].packets += 700;
	look(f);
	damp_attacks_of_slot(f->attacks, DROPS, &active);
	assert_true(active);
	for (unsigned i = 0; i < 20; i++)
		look(f);
	assert_string_equal(f->told, "E33"); /* 15 s after it was taken up in second 18 */
	assert_int_equal(f->last.total.packets, 1700);
}

/* Another start of the data plane ends what lasted, with its own id. */
static void test_boot(void **state)
{
	static const struct row r = { "", DROPS, DAMP_OUT_ACTED, { { 100, 3 } }, "" };
	struct fixture *f = *state;
	bool active;

	play(f, &r);
	boot(f, FAKE_BOOT_ID + 1);
	look(f);
	assert_string_equal(f->told, "S1 E4");
	damp_attacks_of_slot(f->attacks, DROPS, &active);
	assert_false(active);
	/* And what was kept is not of this boot. */
	damp_attacks_free(f->attacks);
	f->attacks = damp_attacks_new(f->dir);
	look(f);
	assert_string_equal(f->told, "S1 E4");
}

/* A kept file that says nonsense: nothing out of range is taken. */
static void test_bad_file(void **state)
{
	static const char *const text[] = {
		"", "[]", "{\"boot\": 6560618757172018927, \"attacks\": [{\"id\": \"x\", \"slot\": 4000}]}",
		"{\"boot\": 6560618757172018927, \"attacks\": [{\"id\": \"x\", \"slot\": 0, \"reason\": 99}, 7, null]}",
		"{\"boot\": 6560618757172018927, \"attacks\": [{\"slot\": 1}]}",
	};
	struct fixture *f = *state;
	char path[300];

	assert_int_equal(FAKE_BOOT_ID, 6560618757172018927ull);
	snprintf(path, sizeof(path), "%s/%s", f->dir, DAMP_ATTACKS_FILE);
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		FILE *out = fopen(path, "w");

		fputs(text[i], out);
		fclose(out);
		damp_attacks_free(f->attacks);
		f->attacks = damp_attacks_new(f->dir);
		for (unsigned s = 0; s < 20; s++)
			look(f);
		assert_string_equal(f->told, "");
	}
}

/* A reload that makes a rule refuse does not count what it let pass before. */
static void test_reload(void **state)
{
	static const char other[] =
		"version: 1\nevents: {attack: {rate: 10 msg/s}}\nrules:\n  - {id: lets, match: {code: FETCH}, then: drop}\n";
	struct fixture *f = *state;

	look(f);
	f->snap->total.rule[LETS][DAMP_OUT_ACTED].packets += 1000000;
	look(f);
	damp_prog_put(f->prog);
	f->prog = compile(other);
	look(f);
	look(f);
	assert_string_equal(f->told, "");
	f->snap->total.rule[LETS][DAMP_OUT_ACTED].packets += 60;
	look(f);
	assert_string_equal(f->told, "S4");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phases), TEST(test_totals), TEST(test_who), TEST(test_many), TEST(test_restart),
		TEST(test_boot), TEST(test_bad_file), TEST(test_reload),
	};

	return cmocka_run_group_tests_name("attacks", tests, NULL, NULL);
}
