/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Zones whose port is a device: which name is which side, what that does to the
 * verdicts, and what is refused with which words.
 */
#include "rules_rig.h"

#include "devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define TWO_PORTS                                                                                        \
	"zones:\n  cell: {ports: [lan0], prefixes: [10.2.0.0/16, \"fd00:0:0:2::/64\"]}\n"              \
	"  plant: {ports: [\"0000:03:00.1\"], prefixes: any}\n"
#define RULES                                                                                            \
	"rules:\n"                                                                                      \
	"  - {id: from-cell, match: {from: cell, msg: request, path: /a}, then: drop}\n"                \
	"  - {id: to-cell, match: {to: cell, msg: request, path: /a}, then: drop}\n"                    \
	"  - {id: from-plant, match: {from: plant, msg: request, path: /b}, then: drop}\n"              \
	"  - {id: not-plant, match: {from: {not: plant}, msg: request, path: /c}, then: drop}\n"

static struct damp_port_names names(const char *const outside[], const char *const inside[])
{
	struct damp_port_names p = { .n = { 0 } };

	for (; *outside != NULL; outside++)
		damp_port_names_add(&p, DAMP_OUTSIDE, *outside);
	for (; *inside != NULL; inside++)
		damp_port_names_add(&p, DAMP_INSIDE, *inside);
	return p;
}

static void names_are_found(void **state)
{
	static const struct { const char *name; int side; } cases[] = {
		{ "wan0", DAMP_OUTSIDE }, { "0000:03:00.0", DAMP_OUTSIDE }, { "03:00.0", DAMP_OUTSIDE },
		{ "lan0", DAMP_INSIDE }, { "05:00.0", DAMP_INSIDE }, { "0000:05:00.0", DAMP_INSIDE },
		{ "lan", -1 }, { "lan00", -1 }, { "", -1 }, { "0000:", -1 }, { "0001:03:00.0", -1 },
		{ "Wan0", -1 },
	};
	const char *const outside[] = { "wan0", "0000:03:00.0", "wan0", "", NULL };
	const char *const inside[] = { "lan0", "05:00.0", NULL };
	const struct damp_port_names p = names(outside, inside);
	char line[64];

	(void)state;
	assert_int_equal(p.n[DAMP_OUTSIDE], 2);
	assert_string_equal(damp_port_names_list(&p, DAMP_OUTSIDE, line, sizeof(line)), "wan0, 0000:03:00.0");
	/* One that does not fit is left out whole. */
	assert_string_equal(damp_port_names_list(&p, DAMP_OUTSIDE, line, 18), "wan0");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum damp_side side;
		const bool found = damp_port_names_find(&p, cases[i].name, &side);

		if (found != (cases[i].side >= 0) || (found && (int)side != cases[i].side))
			fail_msg("'%s': %d", cases[i].name, found ? (int)side : -1);
	}
}

static void more_names_than_fit(void **state)
{
	struct damp_port_names p = { .n = { 0 } };
	char name[DAMP_NAME_MAX + 1];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	damp_port_names_add(&p, DAMP_INSIDE, name); /* one byte too long */
	assert_int_equal(p.n[DAMP_INSIDE], 0);
	for (unsigned i = 0; i < DAMP_PORT_NAMES_MAX + 2; i++) {
		snprintf(name, sizeof(name), "eth%u", i);
		damp_port_names_add(&p, DAMP_INSIDE, name);
	}
	assert_int_equal(p.n[DAMP_INSIDE], DAMP_PORT_NAMES_MAX);
}

static void refused_by_name(void **state)
{
	static const struct { const char *zones, *outside, *inside, *says; } cases[] = {
		{ TWO_PORTS, "0000:03:00.1", "lan0", NULL },
		{ TWO_PORTS, "lan0", "0000:03:00.1", NULL },
		{ TWO_PORTS, "wan0", "lan0",
		  "test.yaml:5:20: zone 'plant' is on '0000:03:00.1', which is no port of this gateway; there are: "
		  "wan0 (outside), lan0 (inside)" },
		{ "zones:\n  inside: {ports: [lan0], prefixes: 10.2.0.0/16}\n", "lan0", "eth1",
		  "test.yaml:4:20: zone 'inside' is on 'lan0', which is the port of the other side; there are: lan0 "
		  "(outside), eth1 (inside)" },
		{ "zones:\n  inside: {ports: [lan0], prefixes: 10.2.0.0/16}\n", "eth1", "lan0", NULL },
		{ "zones:\n  outside: {ports: [lan0]}\n", "eth1", "lan0",
		  "test.yaml:4:21: zone 'outside' is on 'lan0', which is the port of the other side; there are: eth1 "
		  "(outside), lan0 (inside)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const outside[] = { cases[i].outside, NULL }, *const inside[] = { cases[i].inside, NULL };
		const struct damp_port_names p = names(outside, inside);
		char text[600], err[256] = "";
		struct rig r;
		bool bound;

		snprintf(text, sizeof(text), HEAD "%srules: []\n", cases[i].zones);
		rules_open(&r, false, text);
		bound = damp_devices_bind(r.view, &p, err, sizeof(err));
		if (bound != (cases[i].says == NULL))
			fail_msg("case %zu: %s", i, bound ? "was bound" : err);
		if (cases[i].says != NULL)
			assert_string_equal(err, cases[i].says);
		rig_close(&r);
	}
}

/* The rule that drops a request from a side; -1 none. */
static int rule_of(struct rig *r, enum damp_side side, char path)
{
	const uint8_t get[] = { GET((uint8_t)path) };
	const struct damp_pkt *p = side == DAMP_OUTSIDE ? rig_send(r, side, CLIENT, SERVER, get, sizeof(get))
							: rig_send(r, side, SERVER, CLIENT, get, sizeof(get));

	return p->reason == DAMP_REASON_RULE ? p->rule : -1;
}

/* The same rules, with the ports one way and the other. The cell's prefixes are
 * those of the rig's inside: when its port is the outside one, nothing comes from it. */
static void sides_decide(void **state)
{
	static const struct { unsigned way; enum damp_side side; char path; int rule; } cases[] = {
		/* bit 0: lan0 is inside; bit 1: 0000:03:00.1 is */
		{ 1, DAMP_INSIDE, 'a', 0 }, { 1, DAMP_OUTSIDE, 'a', 1 },
		{ 1, DAMP_OUTSIDE, 'b', 2 }, { 1, DAMP_INSIDE, 'b', -1 },
		{ 1, DAMP_INSIDE, 'c', 3 }, { 1, DAMP_OUTSIDE, 'c', -1 },
		{ 2, DAMP_INSIDE, 'a', -1 }, { 2, DAMP_OUTSIDE, 'a', -1 },
		{ 2, DAMP_OUTSIDE, 'b', -1 }, { 2, DAMP_INSIDE, 'b', 2 },
		{ 2, DAMP_INSIDE, 'c', -1 }, { 2, DAMP_OUTSIDE, 'c', 3 },
	};
	const bool v6 = *(const bool *)*state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig r;
		int rule;

		rules_open(&r, v6, HEAD TWO_PORTS RULES);
		assert_int_equal(r.view->hdr->nvariants, 2);
		damp_view_lie(r.view, cases[i].way);
		rule = rule_of(&r, cases[i].side, cases[i].path);
		if (rule != cases[i].rule)
			fail_msg("case %zu: rule %d, not %d", i, rule, cases[i].rule);
		rig_close(&r);
	}
}

/* With the cell on the inside port the inside prefixes are known, on the other not. */
static void inside_is_known_by_device(void **state)
{
	static const bool known[] = { false, true, false, false };
	struct damp_view *copy;
	struct rig r;

	(void)state;
	rules_open(&r, false, HEAD TWO_PORTS RULES);
	for (unsigned way = 0; way < 4; way++) {
		damp_view_lie(r.view, way);
		assert_int_equal(r.view->has_inside, known[way]);
		copy = damp_view_clone(r.view, &r.view->secrets);
		assert_non_null(copy);
		assert_int_equal(copy->way, way);
		assert_int_equal(copy->has_inside, known[way]);
		damp_view_close(copy);
	}
	rig_close(&r);
}

int main(void)
{
	bool v4 = false, v6 = true;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(more_names_than_fit),
		cmocka_unit_test(refused_by_name),
		{ "sides_decide v4", sides_decide, NULL, NULL, &v4 },
		{ "sides_decide v6", sides_decide, NULL, NULL, &v6 },
		cmocka_unit_test(inside_is_known_by_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
