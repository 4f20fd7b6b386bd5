/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The metrics text: known numbers in, known lines out; promtool as the judge of
 * the format; nothing stale when the data plane is away.
 */
#include "fake_fill.h"
#include "metrics.h"
#include "needs.h"
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

static const char rules_text[] = "version: 1\n"
				 "ruleset: {name: home, revision: 7}\n"
				 "rules:\n"
				 "  - id: try-out\n"
				 "    mode: observe\n"
				 "    match: any\n"
				 "    then: drop\n";

struct fixture {
	char dir[256];
	struct damp_control control;
	struct damp_snap *snap;
	char *text;
	size_t len;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct damp_options opt = { .rules_file = "r.yaml", .admin_group = "none" };
	struct damp_rules r;

	tmpdir_make(f->dir, sizeof(f->dir));
	opt.runtime_dir = opt.state_dir = f->dir;
	assert_int_equal(damp_control_init(&f->control, &opt), 0);
	if (damp_rules_compile_text(rules_text, sizeof(rules_text) - 1, "r.yaml", NULL, &r))
		fail_msg("%s", r.text);
	f->control.state.running = damp_prog_new(r.program, r.program_len);
	r.program = NULL;
	damp_rules_free(&r);
	f->control.state.up = true;
	f->control.state.source = DAMP_SOURCE_LOADED;
	f->snap = aligned_alloc(64, sizeof(*f->snap));
	memset(f->snap, 0, sizeof(*f->snap));
	fake_fill_stats(&f->snap->stats, FAKE_BOOT_ID);
	f->snap->stats.generation = 42;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	damp_control_fini(&f->control);
	tmpdir_remove(f->dir);
	free(f->snap);
	free(f->text);
	free(f);
	return 0;
}

static void print(struct fixture *f, const struct damp_snap *snap)
{
	FILE *out;

	free(f->text);
	out = open_memstream(&f->text, &f->len);
	damp_metrics_print(out, &f->control, snap);
	fclose(out);
}

static void sum_workers(struct damp_snap *s)
{
	for (unsigned w = 0; w < s->stats.nworkers; w++)
		for (size_t i = 0; i < sizeof(s->total) / 8; i++)
			((uint64_t *)&s->total)[i] += ((const uint64_t *)&s->stats.worker[w])[i];
}

static void expect_line(const struct fixture *f, const char *line)
{
	char framed[512];

	snprintf(framed, sizeof(framed), "\n%s\n", line);
	if (strstr(f->text, framed) == NULL)
		fail_msg("no line \"%s\" in\n%s", line, f->text);
}

static void test_numbers(void **state)
{
	static const char *const line[] = {
		"damper_up 1",
		"damper_ruleset_generation 42",
		"damper_observe_rules 1",
		"damper_packets_total{zone=\"outside\",direction=\"rx\"} 3000",
		"damper_bytes_total{zone=\"inside\",direction=\"tx\"} 180000",
		"damper_messages_total{zone=\"outside\",kind=\"request\"} 2700",
		"damper_verdict_packets_total{direction=\"inbound\",verdict=\"drop\",verified=\"true\"} 21",
		"damper_verdict_bytes_total{direction=\"inbound\",verdict=\"drop\",verified=\"false\"} 90000",
		"damper_rule_packets_total{rule=\"try-out\",outcome=\"would\"} 10",
		"damper_rule_bytes_total{rule=\"try-out\",outcome=\"matched\"} 90000",
		"damper_drops_total{reason=\"amplification\"} 1050",
		"damper_drops_total{reason=\"bug\"} 0",
		"damper_passes_total{reason=\"accepted\"} 1800",
		"damper_port_missed_total{port=\"outside\",cause=\"imissed\"} 17",
		"damper_port_info{port=\"inside\",device=\"net_\\\"tap1\\\"\\\\\"} 1",
		"damper_request_bytes_total{towards=\"inside\",verified=\"false\"} 120000",
		"damper_response_bytes_total{towards=\"outside\",verified=\"false\"} 270000",
		"damper_table_capacity{table=\"exchanges\"} 131072",
		"damper_table_evictions_total{table=\"ledger\",cause=\"full\"} 33",
		"damper_challenges_total{kind=\"ping\",result=\"passed\"} 12",
		"damper_challenges_total{kind=\"second_ping\",result=\"passed\"} 27",
		"damper_server_proofs_total{kind=\"cookie\"} 6",
		"damper_server_proofs_total{kind=\"ack\"} 3",
		"damper_server_proofs_total{kind=\"echo\"} 21",
		"damper_held_total{result=\"kept\"} 24",
		"damper_held_total{result=\"released\"} 18",
		"damper_elsewhere_packets_total{what=\"request\"} 21",
		"damper_worker_cycles_total{worker=\"1\",state=\"busy\"} 6000000",
		"damper_mempool_free_buffers 16000",
		"damper_bypass_active 0",
	};
	struct fixture *f = *state;

	fake_fill_rule(&f->snap->stats, "try-out", DAMP_MODE_OBSERVE);
	sum_workers(f->snap);
	print(f, f->snap);
	for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++)
		expect_line(f, line[i]);
}

/* Drop reasons and pass reasons share the list without gap or overlap. */
static void test_every_reason_once(void **state)
{
	struct fixture *f = *state;
	unsigned n = 0;

	print(f, f->snap);
	for (const char *p = f->text; (p = strstr(p, "{reason=\"")) != NULL; p++)
		n++;
	assert_int_equal(n, DAMP_REASON_MAX);
}

static void test_escape(void **state)
{
	struct fixture *f = *state;

	fake_fill_rule(&f->snap->stats, "a\"b\\c\nd", DAMP_MODE_OBSERVE);
	print(f, f->snap);
	assert_non_null(strstr(f->text, "rule=\"a\\\"b\\\\c\\nd\",outcome"));
}

static void test_away(void **state)
{
	struct fixture *f = *state;

	f->control.state.up = false;
	print(f, NULL);
	expect_line(f, "damper_up 0");
	assert_null(strstr(f->text, "damper_packets_total"));
	assert_null(strstr(f->text, "damper_ruleset_info"));
	assert_null(strstr(f->text, "damper_drops_total"));
	expect_line(f, "damper_ruleset_reloads_total{result=\"ok\"} 0");
}

/* promtool says what it minds on its output and ends with another code. */
static void promtool(const struct fixture *f)
{
	FILE *p = popen("promtool check metrics", "w");

	assert_non_null(p);
	assert_int_equal(fwrite(f->text, 1, f->len, p), f->len);
	assert_int_equal(pclose(p), 0);
}

static void test_promtool(void **state)
{
	struct fixture *f = *state;

	fake_fill_rule(&f->snap->stats, "a\"b\\c", DAMP_MODE_OBSERVE);
	f->control.state.last.known = true;
	f->control.state.history.at = 1790000000;
	sum_workers(f->snap);
	print(f, f->snap);
	promtool(f);
	print(f, NULL);
	promtool(f);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_numbers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_every_reason_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_escape, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_away, set_up, tear_down),
	};
	const struct CMUnitTest by_promtool[] = { cmocka_unit_test_setup_teardown(test_promtool, set_up, tear_down) };

	if (!needs_run(argc, argv, "promtool"))
		return cmocka_run_group_tests(tests, NULL, NULL);
	return system("promtool --version >/dev/null 2>&1") == 0
		       ? cmocka_run_group_tests(by_promtool, NULL, NULL)
		       : needs_missing("promtool is not installed (Debian package prometheus)");
}
