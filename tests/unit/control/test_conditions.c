/* SPDX-License-Identifier: BSD-3-Clause */
/* Conditions with a policy: when they hold, how long, and what is told of them. */
#include "conditions.h"
#include "fake_fill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLOSED, OPEN };

struct fixture {
	struct damp_conditions *c;
	struct damp_snap *snap;
	struct damp_guard guard;
	int64_t now;
	char told[400];
};

static void begin(struct fixture *f, int open)
{
	memset(f, 0, sizeof(*f));
	f->c = damp_conditions_new();
	f->snap = aligned_alloc(64, sizeof(*f->snap));
	memset(f->snap, 0, sizeof(*f->snap));
	f->snap->stats.boot_id = FAKE_BOOT_ID;
	f->snap->stats.clock_trusted = 1;
	f->guard = (struct damp_guard){ .table_full = open ? DAMP_TABLE_FULL_EVICT : DAMP_TABLE_FULL_DROP,
					.overload = open ? DAMP_OVERLOAD_OPEN : DAMP_OVERLOAD_CLOSED,
					.clock_unsynced = open ? DAMP_CLOCK_OPEN : DAMP_CLOCK_CLOSED,
					.unanswered_prove = !open, .unasked_small = open ? 1 : 0 };
}

static void end(struct fixture *f)
{
	damp_conditions_free(f->c);
	free(f->snap);
}

static void told(void *arg, const char *label, bool begins, const char *text)
{
	struct fixture *f = arg;
	const size_t at = strlen(f->told);

	assert_non_null(strstr(text, label));
	snprintf(f->told + at, sizeof(f->told) - at, "%c%s@%d ", begins ? '+' : '-', label, (int)f->now);
}

static void look(struct fixture *f, bool up)
{
	damp_conditions_look(f->c, up ? f->snap : NULL, up ? &f->guard : NULL, f->now, told, f);
	f->now++;
}

static uint64_t *reason(struct fixture *f, unsigned r) { return &f->snap->total.reason[DAMP_OUTSIDE][r].packets; }
static uint64_t *table_full(struct fixture *f) { return reason(f, DAMP_REASON_TABLE_FULL); }
static uint64_t *evicted(struct fixture *f) { return &f->snap->total.table_evictions[DAMP_TABLE_EXCHANGES]; }
static uint64_t *steer_full(struct fixture *f) { return reason(f, DAMP_REASON_STEER_FULL); }
static uint64_t *no_mbuf(struct fixture *f) { return reason(f, DAMP_REASON_NO_MBUF); }
static uint64_t *tx_full(struct fixture *f) { return reason(f, DAMP_REASON_TX_FULL); }
static uint64_t *missed(struct fixture *f) { return &f->snap->stats.port[DAMP_INSIDE].imissed; }
static uint64_t *passed(struct fixture *f) { return &f->snap->total.overload_passed; }
static uint64_t *rule(struct fixture *f) { return reason(f, DAMP_REASON_RULE); }

/* A counter moves in second 3 by one: the condition holds for ten seconds. */
static void counted(void **state)
{
	static const struct { uint64_t *(*counter)(struct fixture *f); int open; const char *told; } rows[] = {
		{ table_full, CLOSED, "+table_full@3 -table_full@13 " },
		{ table_full, OPEN, "+table_full@3 -table_full@13 " },
		{ evicted, CLOSED, "" },        /* of proved peers: nobody is refused */
		{ evicted, OPEN, "+table_full@3 -table_full@13 " },
		{ steer_full, CLOSED, "+overload@3 -overload@13 " },
		{ no_mbuf, CLOSED, "+overload@3 -overload@13 " },
		{ tx_full, CLOSED, "+overload@3 -overload@13 " },
		{ missed, CLOSED, "+overload@3 -overload@13 " },
		{ passed, OPEN, "+overload@3 -overload@13 " },
		{ rule, CLOSED, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		begin(&f, rows[i].open);
		*rows[i].counter(&f) = 1000;    /* of before */
		for (unsigned s = 0; s < 20; s++) {
			*rows[i].counter(&f) += s == 3;
			look(&f, true);
		}
		if (strcmp(f.told, rows[i].told) != 0)
			fail_msg("%zu: told '%s', not '%s'", i, f.told, rows[i].told);
		end(&f);
	}
}

static void another_boot(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, CLOSED);
	look(&f, true);
	*steer_full(&f) = 5;
	look(&f, true);
	f.snap->stats.boot_id++;
	*steer_full(&f) = 7;
	look(&f, true);
	assert_string_equal(f.told, "+overload@1 -overload@2 ");
	end(&f);
}

static void metrics(struct fixture *f, char *out, size_t len)
{
	FILE *m = fmemopen(out, len, "w");

	damp_conditions_metrics(m, f->c);
	fclose(m);
}

/* Those that are not counted hold as long as they hold, each with its policy. */
static void as_they_are(void **state)
{
	static const struct {
		int open;
		const char *line[DAMP_CONDITION_MAX];
	} rows[] = {
		{ CLOSED, { "{condition=\"filter_down\",policy=\"closed\"} 0\n", "{condition=\"table_full\",policy=\"closed\"} 0\n",
			    "{condition=\"overload\",policy=\"closed\"} 0\n", "{condition=\"clock_unsynced\",policy=\"closed\"} 1\n",
			    "{condition=\"unanswered\",policy=\"prove\"} 1\n", "{condition=\"unasked\",policy=\"drop\"} 0\n" } },
		{ OPEN, { "{condition=\"filter_down\",policy=\"closed\"} 0\n", "{condition=\"table_full\",policy=\"open\"} 0\n",
			  "{condition=\"overload\",policy=\"open\"} 0\n", "{condition=\"clock_unsynced\",policy=\"open\"} 1\n",
			  "{condition=\"unanswered\",policy=\"pass\"} 1\n", "{condition=\"unasked\",policy=\"small\"} 0\n" } },
	};
	char text[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;
		json_t *j;

		begin(&f, rows[i].open);
		look(&f, true);
		f.snap->stats.clock_trusted = 0;
		f.snap->stats.routing = DAMP_ROUTING_UNANSWERED;
		look(&f, true);
		metrics(&f, text, sizeof(text));
		for (unsigned k = 0; k < DAMP_CONDITION_MAX; k++)
			if (strstr(text, rows[i].line[k]) == NULL)
				fail_msg("no '%s' in\n%s", rows[i].line[k], text);
		j = damp_conditions_json(f.c);
		assert_int_equal(json_array_size(j), 2);
		json_decref(j);
		f.snap->stats.routing = DAMP_ROUTING_UNASKED;
		look(&f, true);
		assert_false(damp_condition_holds(f.c, DAMP_CONDITION_UNANSWERED));
		assert_true(damp_condition_holds(f.c, DAMP_CONDITION_UNASKED));
		look(&f, false);        /* gone: nothing is known but that */
		assert_true(damp_condition_holds(f.c, DAMP_CONDITION_FILTER_DOWN));
		assert_false(damp_condition_holds(f.c, DAMP_CONDITION_CLOCK_UNSYNCED));
		f.snap->stats.clock_trusted = 1;
		look(&f, true);
		assert_false(damp_condition_holds(f.c, DAMP_CONDITION_FILTER_DOWN));
		/* The data plane and the routing have events of their own. */
		assert_string_equal(f.told, "+clock_unsynced@1 -clock_unsynced@3 ");
		end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counted), cmocka_unit_test(another_boot), cmocka_unit_test(as_they_are),
	};

	return cmocka_run_group_tests_name("conditions", tests, NULL, NULL);
}
