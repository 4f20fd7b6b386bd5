/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings file: what is read, what is assumed, what is refused and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config.h"
#include "idle.h"

#include <damper/wire.h>
#include <stdlib.h>
#include <unistd.h>

#define PORTS "[ports]\noutside = a0\ninside = b0\n"

static int load_text(const char *text, struct damp_config *c, char *err, size_t errlen)
{
	char path[] = "/tmp/damper-conf-XXXXXX";
	const int fd = mkstemp(path);
	int rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	damp_config_defaults(c);
	rc = damp_config_load(path, c, err, errlen);
	unlink(path);
	return rc;
}

static void settings_are_read(void **state)
{
	struct damp_config c;
	char err[512] = "";

	(void)state;
	assert_int_equal(load_text("# first line\n" PORTS "[workers]\ncount = 3\nidle = sleep\n[tables]\n"
				   "ledger = 7168\npeers = 1\nexchanges = 2^20\nseen = 64k\nobservations = 1M\nconcurrent = 1k\nheld = 2k\n"
				   "repetitions = 1M\n"
				   "[packets]\nmtu = 9000 # jumbo\nburst = 32\n[paths]\nruntime = /r\nstate = /s\n",
				   &c, err, sizeof(err)), 0);
	assert_string_equal(c.port[DAMP_OUTSIDE], "a0");
	assert_string_equal(c.port[DAMP_INSIDE], "b0");
	assert_int_equal(c.nworkers, 3);
	assert_int_equal(c.idle, DAMP_IDLE_SLEEP);
	assert_int_equal(c.tables.ledger_log2, 10);     /* 7168 = 7 ways x 1024 lines */
	assert_int_equal(c.tables.peers_log2, 4);       /* the least there is */
	assert_int_equal(c.tables.xchg_log2, 19);       /* 2 a line */
	assert_int_equal(c.tables.seen_log2, 14);       /* 4 a line */
	assert_int_equal(c.tables.obs_log2, 19);
	assert_int_equal(c.tables.tally_log2, 8);       /* 4 a set */
	assert_int_equal(c.tables.held_log2, 10);
	assert_int_equal(c.tables.repeat_lines, 1u << 20);      /* lines as they are */
	assert_int_equal(c.mtu, 9000);
	assert_int_equal(c.burst, 32);
	assert_string_equal(c.runtime_dir, "/r");
	assert_string_equal(c.state_dir, "/s");
}

static void defaults_hold(void **state)
{
	struct damp_config c;
	char err[512] = "";

	(void)state;
	assert_int_equal(load_text(PORTS, &c, err, sizeof(err)), 0);
	assert_int_equal(c.nworkers, 1);
	assert_int_equal(c.idle, DAMP_IDLE_POLL);
	assert_int_equal(c.mtu, 1500);
	assert_string_equal(c.runtime_dir, DAMP_RUNTIME_DIR);
	assert_memory_equal(&c.tables, &damp_judge_defaults, sizeof(c.tables));
}

static void workers_may_be_counted_later(void **state)
{
	struct damp_config c;
	char err[512] = "";

	(void)state;
	assert_int_equal(load_text(PORTS "[workers]\ncount = auto\nidle = pause\n", &c, err, sizeof(err)), 0);
	assert_int_equal(c.nworkers, 0);
	assert_int_equal(c.idle, DAMP_IDLE_PAUSE);
}

static void wrong_settings_are_named(void **state)
{
	static const struct { const char *text, *says; } cases[] = {
		{ "[port]\nx = 1\n", ":1: unknown section [port]; known are ports, workers, clock, tables, paths, packets" },
		{ PORTS "[workers]\n\ncounts = 1\n", ":6: unknown key \"counts\" in [workers]; known are count, idle" },
		{ PORTS "[workers]\ncount = 0\n", ":5: [workers] count: \"0\" is not a number from 1 to 16" },
		{ PORTS "[workers]\ncount = 17\n", "\"17\" is not" },
		{ PORTS "[workers]\ncount = -1\n", "\"-1\" is not" },
		{ PORTS "[workers]\ncount = 1x\n", "\"1x\" is not" },
		{ PORTS "[workers]\ncount = 99999999999999999999\n", "is not a number" },
		{ PORTS "[workers]\nidle = often\n", "\"often\" is neither poll, pause nor sleep" },
		{ PORTS "[clock]\ntrust = never\n", "neither kernel nor always" },
		{ PORTS "[tables]\nledger = 2^\n", "not a number of entries" },
		{ PORTS "[tables]\nledger = 2^41\n", "not a number of entries" },
		{ PORTS "[tables]\nseen = 1kk\n", "not a number of entries" },
		{ PORTS "[tables]\nseen =\n", "not a number of entries" },
		/* What the table itself has no room for. */
		{ PORTS "[tables]\nseen = 2^29\n", "not a number of entries up to 268435456" },
		{ PORTS "[tables]\nlists = 2^25\n", "not a number of entries up to 16777216" },
		{ PORTS "[tables]\nconcurrent = 2^27\n", "not a number of entries up to 67108864" },
		{ PORTS "[packets]\nmtu = 1500\nmtu = 1500\n", ":6: [packets] mtu is given twice" },
		{ PORTS "[workers]\ncount = 1\n[workers]\ncount = 2\n", "given twice" },
		{ "[ports]\noutside = a0\n", "needs both outside and inside" },
		{ "[ports]\noutside = a0\ninside = a0\n", "the same device, a0" },
		{ "outside = a0\n", "not a settings file" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct damp_config c;
		char err[512] = "";

		assert_int_equal(load_text(cases[i].text, &c, err, sizeof(err)), -1);
		if (strstr(err, cases[i].says) == NULL)
			fail_msg("case %zu says \"%s\", not \"%s\"", i, err, cases[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_are_read),
		cmocka_unit_test(defaults_hold),
		cmocka_unit_test(workers_may_be_counted_later),
		cmocka_unit_test(wrong_settings_are_named),
	};

	return cmocka_run_group_tests_name("settings of the shell", tests, NULL, NULL);
}
