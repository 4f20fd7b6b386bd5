/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks and sets filled at run time, from the rule file's text to the packet's
 * fate: who is blocked and who never, how long, what a reload and another mode
 * make of it, and that mode observe drops nothing.
 */
#include "block.h"
#include "judge_keys.h"
#include "live.h"
#include "rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LIMIT "limits:\n  few: {per: source, rate: 1 msg/s, burst: 2 msg}\n"
#define NEIGHBOUR ((struct rig_end){ 5, 40000 })
#define INSIDER ((struct rig_end){ 7, 5683 })

static void prove(struct rig *r, struct rig_end e)
{
	struct damp_addr a = r->v6 ? (struct damp_addr){ { 0xfd, 0, 0, 0, 0, 0, 0, 1, [15] = e.host } }
				   : (struct damp_addr){ { [10] = 0xff, 0xff, 10, 1, 0, e.host } };

	damp_peer_prove(r->judge->peers, damp_key_end(r->judge, &a, e.port), r->now, r->now + DAMP_SECONDS(100000),
			r->now + DAMP_SECONDS(100000));
}

static unsigned get(struct rig *r, struct rig_end from)
{
	const unsigned reason = rig_send(r, DAMP_OUTSIDE, from, SERVER, BYTES(GET('a')))->reason;

	damp_judge_blocks(r->judge, &r->worker, 1, r->view);
	damp_blocker_review(r->judge->blocker, r->view, r->now);
	return reason;
}

/* Five requests a second for so long: above the limit all the time. */
static void press(struct rig *r, struct rig_end from, unsigned seconds)
{
	for (unsigned i = 0; i < seconds * 5; i++) {
		get(r, from);
		rig_wait_ms(r, 200);
	}
}

static uint32_t blocked(const struct rig *r)
{
	return damp_prefixes_count(r->judge->prefixes, DAMP_LIST_FROM);
}

#define TOLD_MAX 600

/* What was told: a letter for each notice, and the notices. */
struct told {
	unsigned n;
	char kinds[TOLD_MAX + 1];
	struct damp_notice notice[TOLD_MAX];
};

static void tell(void *arg, const struct damp_notice *n, unsigned list)
{
	struct told *t = arg;

	assert_true(t->n < TOLD_MAX);
	assert_int_equal(n->kind == DAMP_NOTICE_MEMBER_ENDED, list >= DAMP_LIST_SETS || n->more > 0);
	t->notice[t->n] = *n;
	t->kinds[t->n++] = "bgetm"[n->kind];
}

static struct told *listen_to(struct rig *r)
{
	struct told *t = calloc(1, sizeof(*t));

	r->judge->blocker->tell = tell;
	r->judge->blocker->tell_arg = t;
	return t;
}

static void grows_and_ends(void **state)
{
	const struct damp_notice *n;
	struct told *told;
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES LIMIT
		   "rules:\n  - id: few\n    match: {from: outside, msg: request}\n    limit: few\n    over: drop\n"
		   "    block: {after: 4 s, for: 20 s, grow: 3x, max: 90 s}\n");
	told = listen_to(&r);
	prove(&r, CLIENT);
	press(&r, CLIENT, 4);
	assert_int_equal(blocked(&r), 0);
	assert_int_equal(told->n, 0);
	press(&r, CLIENT, 2);
	assert_int_equal(blocked(&r), 1);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	/* All messages, also those that no rule looks at, and all ports. */
	assert_int_equal(rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 1, 999 }, SERVER, BYTES(0x40, 0x00, 0, 9))->reason,
			 DAMP_REASON_BLOCKED);
	assert_true(rules_counted(&r, 0, DAMP_OUT_ACTED) > 0);
	/* After its time it is over, to the second. */
	rig_wait_ms(&r, 17000);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	rig_wait_ms(&r, 3500);
	assert_int_not_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	assert_int_equal(blocked(&r), 0);
	/* Again: 60 s. And again: 90 s, not 180. */
	press(&r, CLIENT, 7);
	assert_int_equal(blocked(&r), 1);
	rig_wait_ms(&r, 50000);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	rig_wait_ms(&r, 11000);
	assert_int_not_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	press(&r, CLIENT, 7);
	rig_wait_ms(&r, 83000);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	rig_wait_ms(&r, 8000);
	assert_int_not_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	/* Twice as long without: it begins anew with 20 s. */
	rig_wait_ms(&r, 190000);
	press(&r, CLIENT, 6);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	rig_wait_ms(&r, 20500);
	assert_int_not_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	assert_int_equal(r.judge->blocker->added, 4);
	assert_int_equal(r.judge->blocker->ended, 4);
	/* The fourth begins anew. */
	assert_string_equal(told->kinds, "begegebe");
	n = &told->notice[0];
	assert_int_equal(n->for_s, 20);
	assert_int_equal(n->times, 1);
	assert_int_equal(n->rule_slot, 1);
	assert_int_equal(n->plen, r.v6 ? 64 : 32);
	assert_true(n->from && !n->to && !n->observed);
	assert_int_equal(told->notice[2].for_s, 60);
	assert_int_equal(told->notice[2].times, 2);
	assert_int_equal(told->notice[4].for_s, 90);
	assert_int_equal(told->notice[5].rule_slot, 1);
	assert_memory_equal(told->notice[7].addr, n->addr, sizeof(n->addr));
	free(told);
	rig_close(&r);
}

/* Both directions of a block are one; an operator's, and what he takes away; a
 * rule that goes with its block; members of sets, one by one up to a number. */
static void what_else_is_told(void **state)
{
	const bool v6 = *(bool *)*state;
	struct damp_addr a = v6 ? (struct damp_addr){ { 0xfd, 0, 0, 0, 0, 0, 0, 1, [15] = 1 } }
				: (struct damp_addr){ { [10] = 0xff, 0xff, 10, 1, 0, 1 } };
	struct damp_prefixes *all;
	struct damp_blocker *b;
	struct told *told;
	struct rig r;

	rules_open(&r, v6, HEAD ZONES LIMIT
		   "rules:\n  - {id: few, match: {from: outside}, limit: few, block: {after: 2 s, for: 20 s, what: peer}}\n");
	told = listen_to(&r);
	b = r.judge->blocker;
	all = r.judge->prefixes;
	prove(&r, CLIENT);
	press(&r, CLIENT, 4);
	assert_string_equal(told->kinds, "b");
	assert_true(told->notice[0].from && told->notice[0].to);
	rig_wait_ms(&r, 21000);
	damp_blocker_review(b, r.view, r.now);
	assert_string_equal(told->kinds, "be"); /* once, not for each direction */
	damp_block_put(b, &a, v6 ? 56 : 24, r.now + DAMP_SECONDS(60), r.now);
	assert_true(damp_block_take(b, &a, v6 ? 56 : 24));
	assert_false(damp_block_take(b, &a, v6 ? 56 : 24));
	assert_string_equal(told->kinds, "bebt");
	assert_int_equal(told->notice[2].rule_slot, 0);
	assert_int_equal(told->notice[2].for_s, 60);
	press(&r, CLIENT, 4);
	rules_reload(&r, HEAD ZONES "rules: []\n");
	damp_blocker_review(b, r.view, r.now);
	assert_string_equal(told->kinds, "bebtgt");
	for (unsigned i = 0; i < DAMP_NOTICE_MEMBERS + 5; i++) {
		a.b[15] = (uint8_t)i;
		damp_prefixes_add(all, DAMP_LIST_SETS + 3, &a, v6 ? 128 : 32, r.now + DAMP_SECONDS(10), 0, r.now);
	}
	rig_wait_ms(&r, 11000);
	damp_blocker_review(b, r.view, r.now);
	assert_int_equal(told->n, 6 + DAMP_NOTICE_MEMBERS + 1);
	assert_int_equal(told->notice[6].more, 0);
	assert_int_equal(told->notice[told->n - 1].more, 5);
	damp_blocker_review(b, r.view, r.now);
	assert_int_equal(told->n, 6 + DAMP_NOTICE_MEMBERS + 1);
	free(told);
	rig_close(&r);
}

/* Above now and then is not "stays above". */
static void pauses_begin_anew(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES LIMIT
		   "rules:\n  - {id: few, match: {from: outside}, limit: few, block: {after: 8 s, for: 60 s}}\n");
	prove(&r, CLIENT);
	for (unsigned i = 0; i < 5; i++) {
		press(&r, CLIENT, 6);
		rig_wait_ms(&r, 6000);
	}
	assert_int_equal(blocked(&r), 0);
	rig_close(&r);
}

/* Whoever can forge an address cannot have it blocked. */
static void forged_addresses_are_never_blocked(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES LIMIT
		   "rules:\n"
		   "  - {id: few, match: {from: outside}, limit: few, block: {after: 1 s, for: 1 h, what: source}}\n"
		   "  - {id: dev, match: {from: outside}, limit: few, block: {after: 1 s, for: 1 h, what: device}}\n"
		   "  - {id: to, match: {from: outside}, limit: few, block: {after: 1 s, for: 1 h, what: target}}\n");
	press(&r, CLIENT, 20);
	assert_int_equal(blocked(&r), 0);
	assert_int_equal(damp_prefixes_count(r.judge->prefixes, DAMP_LIST_TO), 0);
	for (unsigned i = 0; i < DAMP_SUSPECT_LINES; i++)
		for (unsigned k = 0; k < DAMP_SUSPECT_WAYS; k++)
			assert_int_equal(r.judge->blocker->suspect[i][k].slot, 0);
	/* A proved one beside it is not blocked for what the forged ones did, and an
	 * inside device or target not for what an outside peer sends it. */
	prove(&r, NEIGHBOUR);
	assert_int_not_equal(get(&r, NEIGHBOUR), DAMP_REASON_BLOCKED);
	rig_close(&r);
}

static void only_the_proved_endpoint_counts(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES LIMIT
		   "rules:\n  - {id: few, match: {from: outside}, limit: few, block: {after: 2 s, for: 1 h}}\n");
	prove(&r, NEIGHBOUR);
	/* The same address from a port that proved nothing. */
	press(&r, (struct rig_end){ NEIGHBOUR.host, 1 }, 10);
	assert_int_equal(blocked(&r), 0);
	rig_close(&r);
}

static void devices_inside(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES LIMIT
		   "rules:\n  - {id: chatter, match: {from: inside}, limit: few, block: {after: 3 s, for: 1 min, what: device}}\n");
	for (unsigned i = 0; i < 30; i++) {
		rig_send(&r, DAMP_INSIDE, INSIDER, CLIENT, BYTES(GET('a')));
		damp_judge_blocks(r.judge, &r.worker, 1, r.view);
		rig_wait_ms(&r, 200);
	}
	assert_int_equal(blocked(&r), 1);
	assert_int_equal(rig_send(&r, DAMP_INSIDE, INSIDER, CLIENT, BYTES(GET('a')))->reason, DAMP_REASON_BLOCKED);
	/* What goes to it still does. */
	assert_int_not_equal(rig_send(&r, DAMP_OUTSIDE, CLIENT, INSIDER, BYTES(GET('a')))->reason, DAMP_REASON_BLOCKED);
	rig_close(&r);
}

static void refresh(struct rig *r, const struct damp_overrides *o)
{
	const struct damp_moment m = { .wall_s = 1, .least_s = 1, .trusted = true };

	damp_live_refresh(r->view, &m, o);
	damp_blocker_review(r->judge->blocker, r->view, r->now);
}

static void observe_blocks_nobody(void **state)
{
	static struct damp_overrides o;
	struct rig r;
	uint64_t would;

	memset(&o, 0, sizeof(o));
	rules_open(&r, *(bool *)*state, HEAD ZONES LIMIT
		   "rules:\n  - {id: few, mode: observe, match: {from: outside}, limit: few, block: {after: 2 s, for: 1 h}}\n");
	prove(&r, CLIENT);
	press(&r, CLIENT, 5);
	assert_int_equal(blocked(&r), 1);
	would = rules_counted(&r, 0, DAMP_OUT_WOULD);
	rig_wait_ms(&r, 60000);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_ACCEPTED_PROVED);
	assert_true(r.pkt.observed);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_WOULD), would + 1);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_ACTED), 0);
	assert_int_equal(r.stats->worker[0].reason[DAMP_OUTSIDE][DAMP_REASON_BLOCKED].packets, 0);
	/* Enforced from now on: what was observed does not count. */
	damp_override_set(&o, "few", DAMP_MODE_ENFORCE, UINT64_MAX, 0);
	refresh(&r, &o);
	assert_int_equal(blocked(&r), 0);
	press(&r, CLIENT, 5);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	/* And observed again: at once nothing is dropped any more. */
	damp_override_set(&o, "few", DAMP_MODE_OBSERVE, UINT64_MAX, 0);
	refresh(&r, &o);
	assert_int_not_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	rig_close(&r);
}

static void reload(struct rig *r, const char *text)
{
	struct rig other;
	struct damp_view *old = r->view;

	rules_open(&other, r->v6, text);
	r->view = other.view;
	other.view = old;
	rig_close(&other);
	damp_blocker_review(r->judge->blocker, r->view, r->now);
}

static void reloads(void **state)
{
	static const char rules[] = HEAD ZONES LIMIT
		"rules:\n  - {id: few, match: {from: outside}, limit: few, block: {after: 2 s, for: 1 h}}\n";
	struct rig r;

	rules_open(&r, *(bool *)*state, rules);
	prove(&r, CLIENT);
	press(&r, CLIENT, 4);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	reload(&r, rules);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	/* The rule has no block any more. */
	reload(&r, HEAD ZONES LIMIT "rules:\n  - {id: few, match: {from: outside}, limit: few}\n");
	assert_int_not_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	rig_close(&r);
}

static struct damp_addr host_of(const struct rig *r, struct rig_end e)
{
	return r->v6 ? (struct damp_addr){ { 0xfd, 0, 0, 0, 0, 0, 0, 1, [15] = e.host } }
		     : (struct damp_addr){ { [10] = 0xff, 0xff, 10, 1, 0, e.host } };
}

static void by_an_operator(void **state)
{
	const bool v6 = *(bool *)*state;
	struct damp_addr a;
	struct rig r;

	rules_open(&r, v6, HEAD ZONES "exempt: [{from: [10.1.0.9, \"fd00:0:0:1::9\"], until: 2099-01-01}]\nrules: []\n");
	a = host_of(&r, CLIENT);
	/* Its whole network: 10.1.0.0/24, fd00:0:0:1::/64 */
	assert_int_equal(damp_block_put(r.judge->blocker, &a, v6 ? 64 : 24, r.now + DAMP_SECONDS(60), r.now),
			 DAMP_PREFIX_ADDED);
	assert_int_equal(get(&r, NEIGHBOUR), DAMP_REASON_BLOCKED);
	assert_int_equal(rig_send(&r, DAMP_INSIDE, INSIDER, NEIGHBOUR, BYTES(GET('a')))->reason, DAMP_REASON_BLOCKED);
	assert_int_equal(get(&r, (struct rig_end){ 9, 1 }), DAMP_REASON_ACCEPTED); /* exempt */
	/* Malformed stays malformed: the reason says what came. */
	assert_int_equal(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x80, 1, 0, 1))->reason,
			 DAMP_REASON_COAP_VERSION);
	assert_true(damp_block_take(r.judge->blocker, &a, v6 ? 64 : 24));
	assert_false(damp_block_take(r.judge->blocker, &a, v6 ? 64 : 24));
	assert_int_equal(get(&r, NEIGHBOUR), DAMP_REASON_ACCEPTED);
	/* A mode or a rule file is none of an operator's block's business. */
	damp_block_put(r.judge->blocker, &a, v6 ? 128 : 32, r.now + DAMP_SECONDS(60), r.now);
	reload(&r, HEAD ZONES "rules: []\n");
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	rig_wait_ms(&r, 61000);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_ACCEPTED);
	rig_close(&r);
}

#define SETS                                                                             \
	"sets:\n  bad: {kind: prefix, source: runtime}\n"                                \
	"  good: {kind: prefix, source: runtime, size: 10, timeout: 1 h}\n"

static void sets_at_run_time(void **state)
{
	const bool v6 = *(bool *)*state;
	const unsigned whole = v6 ? 128 : 32;
	struct damp_addr a, b;
	struct rig r;

	rules_open(&r, v6, HEAD ZONES SETS
		   "rules:\n"
		   "  - {id: bad, match: {source: $bad}, then: drop}\n"
		   "  - {id: only-good, match: {from: outside, source: {not: [$good, 10.1.0.5, \"fd00:0:0:1::5\"]}, path: /a}, then: drop}\n"
		   "  - {id: to-bad, match: {to: $bad, from: inside}, then: drop}\n");
	a = host_of(&r, CLIENT);
	b = host_of(&r, NEIGHBOUR);
	assert_int_equal(r.view->hdr->nsets, 2);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_RULE);
	assert_int_equal(r.pkt.rule, 1);
	assert_int_equal(get(&r, NEIGHBOUR), DAMP_REASON_ACCEPTED); /* it is named beside the set */
	damp_prefixes_add(r.judge->prefixes, r.view->live.list_of[1], &a, whole, r.now + DAMP_SECONDS(60), 0, r.now);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_ACCEPTED);
	damp_prefixes_add(r.judge->prefixes, r.view->live.list_of[0], &a, v6 ? 64 : 24, r.now + DAMP_SECONDS(30), 0, r.now);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_RULE);
	assert_int_equal(r.pkt.rule, 0);
	assert_int_equal(get(&r, NEIGHBOUR), DAMP_REASON_RULE);
	assert_int_equal(rig_send(&r, DAMP_INSIDE, INSIDER, NEIGHBOUR, BYTES(GET('a')))->reason, DAMP_REASON_RULE);
	assert_int_equal(r.pkt.rule, 2);
	rig_wait_ms(&r, 31000);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_ACCEPTED);
	rig_wait_ms(&r, 30000);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_RULE);
	assert_int_equal(r.pkt.rule, 1);
	damp_prefixes_add(r.judge->prefixes, r.view->live.list_of[0], &b, whole, r.now + DAMP_SECONDS(60), 0, r.now);
	assert_int_equal(get(&r, NEIGHBOUR), DAMP_REASON_RULE);
	damp_prefixes_del(r.judge->prefixes, r.view->live.list_of[0], &b, whole);
	assert_int_equal(get(&r, NEIGHBOUR), DAMP_REASON_ACCEPTED);
	rig_close(&r);
}

static void note_suspect(void *arg, const struct damp_suspect *s)
{
	struct damp_suspect *out = arg;

	assert_int_equal(out->slot, 0); /* there is one */
	*out = *s;
}

/* What a restart takes over: the block goes on for the time it has left, grows
 * from where it was, and ends with its rule. */
static void restored(void **state)
{
	static const char text[] = HEAD ZONES LIMIT
		"rules:\n  - id: few\n    match: {from: outside, msg: request}\n    limit: few\n    over: drop\n"
		"    block: {after: 5 s, for: 20 s, grow: 2x, max: 2 min}\n";
	const bool v6 = *(const bool *)*state;
	struct damp_suspect s = { 0 };
	struct rig r;

	rules_open(&r, v6, text);
	prove(&r, CLIENT);
	press(&r, CLIENT, 6);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	damp_blocker_each(r.judge->blocker, r.now, note_suspect, &s);
	assert_int_equal(s.for_s, 20);
	assert_int_equal(s.times, 1);
	rig_close(&r);

	rules_open(&r, v6, text);
	prove(&r, CLIENT);
	assert_int_not_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	s.until = r.now + DAMP_SECONDS(3);
	s.last = r.now;
	assert_true(damp_blocker_restore(r.judge->blocker, &s, r.now));
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	rig_wait_ms(&r, 3500);
	assert_int_not_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	press(&r, CLIENT, 8);
	assert_int_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	memset(&s, 0, sizeof(s));
	damp_blocker_each(r.judge->blocker, r.now, note_suspect, &s);
	assert_int_equal(s.for_s, 40); /* longer, as without the restart */
	reload(&r, HEAD ZONES "rules: []\n");
	assert_int_not_equal(get(&r, CLIENT), DAMP_REASON_BLOCKED);
	rig_close(&r);
}

#define BOTH(f) { #f " v4", f, NULL, NULL, &v4 }, { #f " v6", f, NULL, NULL, &v6 }

int main(void)
{
	static bool v4 = false, v6 = true;
	const struct CMUnitTest tests[] = {
		BOTH(grows_and_ends), BOTH(what_else_is_told), BOTH(pauses_begin_anew), BOTH(forged_addresses_are_never_blocked),
		BOTH(only_the_proved_endpoint_counts), BOTH(devices_inside), BOTH(observe_blocks_nobody),
		BOTH(reloads), BOTH(by_an_operator), BOTH(sets_at_run_time), BOTH(restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
