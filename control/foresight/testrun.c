/* SPDX-License-Identifier: BSD-3-Clause */
/* See testrun.h. */
#include "testrun.h"

#include "common/names.h"

#include <damper/wire.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MS 1000000ll	       /* nanoseconds */
#define AFTERWARDS (2000 * MS) /* until the last repeated ping is out */
#define WALL_S 1700000000u     /* any time; messages do not show it */
#define MESSAGE_ROOM 65535u

struct run {
	const struct damp_test *t;
	struct damp_test_result *out;
	struct damp_replay *r;
	uint64_t sent, dropped; /* messages, with the device's answers */
	uint64_t proved_out;	/* IP bytes to proved peers outside */
	uint32_t counter;	/* makes Message IDs and tokens differ */
	int last;		/* verdict of the last message sent */
	uint8_t msg[MESSAGE_ROOM];
	uint8_t frame[MESSAGE_ROOM + DAMP_DESCRIBE_FRAME_OVERHEAD];
};

__attribute__((format(printf, 2, 3))) static void say(struct damp_test_result *out, const char *fmt,
						      ...)
{
	va_list ap;

	if (out->nsays == DAMP_TEST_SAYS)
		return;
	va_start(ap, fmt);
	vsnprintf(out->say[out->nsays++], DAMP_TEST_SAY_LEN, fmt, ap);
	va_end(ap);
}

static const struct damp_bench *bench(const struct run *x)
{
	return x->r->set[0].bench;
}

static bool same_addr(const struct damp_addr *a, const struct damp_addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static bool inside(const struct run *x, const struct damp_addr *a)
{
	const struct damp_view *v = bench(x)->view;

	return v->has_inside && (v->classes[damp_view_class(v, a)].flags & DAMP_CLASS_INSIDE);
}

/* Said; else by the inside prefixes of the rules; else the peer is outside. */
static enum damp_side side_of(const struct run *x, const struct damp_test_send *s)
{
	if (s->side >= 0)
		return (enum damp_side)s->side;
	if (inside(x, &s->from.addr) != inside(x, &s->to.addr))
		return inside(x, &s->from.addr) ? DAMP_INSIDE : DAMP_OUTSIDE;
	return x->t->has_peer && same_addr(&x->t->peer.addr, &s->to.addr) ? DAMP_INSIDE
									  : DAMP_OUTSIDE;
}

/* Put a message before the judge. */
static bool judge(struct run *x, enum damp_side side, const struct damp_endpoint *from,
		  const struct damp_endpoint *to, size_t len, int64_t at)
{
	struct damp_captured f = { .number = x->r->frames + 1,
				   .ts_ns = (int64_t)WALL_S * 1000 * MS + at,
				   .data = x->frame,
				   .side = (int)side };
	char why[DAMP_DESCRIBE_WHY] = "no memory";

	f.len = (uint32_t)damp_describe_frame(from, to, x->msg, len, x->frame, why);
	if (f.len == 0 || !damp_replay_frame(x->r, &f)) {
		say(x->out, "message %llu could not be sent: %s", (unsigned long long)x->sent + 1,
		    why);
		return false;
	}
	x->sent++;
	x->dropped += bench(x)->pkt.fate == DAMP_FATE_DROP;
	if (bench(x)->pkt.proved && damp_bench_out_side(bench(x)) == DAMP_OUTSIDE)
		x->proved_out += damp_bench_out_ip(bench(x));
	return true;
}

/* What a device answers: piggybacked to a CON, NON to a NON, the usual code. */
static void describe_reply(const struct damp_description *request, uint32_t size,
			   struct damp_description *out)
{
	const bool con = request->type == DAMP_COAP_CON;

	memset(out, 0, sizeof(*out));
	out->type = con ? DAMP_COAP_ACK : DAMP_COAP_NON;
	out->mid = (uint16_t)(con ? request->mid : request->mid + 0x8000u);
	out->token_len = request->token_len;
	memcpy(out->token, request->token, sizeof(out->token));
	out->size = size;
	switch (request->code) {
	case DAMP_COAP_GET:
	case DAMP_COAP_FETCH: out->code = DAMP_COAP_2_05; break;
	case DAMP_COAP_DELETE: out->code = DAMP_COAP_CODE(2, 2); break;
	default: out->code = DAMP_COAP_CODE(2, 4);
	}
}

static bool reply(struct run *x, const struct damp_test_send *s,
		  const struct damp_description *request, int64_t at)
{
	struct damp_description d;
	char why[DAMP_DESCRIBE_WHY];
	size_t len;

	describe_reply(request, s->reply, &d);
	len = damp_describe_message(&d, x->msg, MESSAGE_ROOM, why);
	if (len == 0) {
		say(x->out, "the reply cannot be built: %s", why);
		return false;
	}
	return judge(x, !side_of(x, s), &s->to, &s->from, len, at);
}

/* The rule of that id; nrules when it is gone. */
static uint32_t find_rule(const struct damp_view *v, const char *id)
{
	uint32_t i = 0;

	while (i < v->hdr->nrules && strcmp(damp_view_string(v, v->rules[i].id_off), id) != 0)
		i++;
	return i;
}

/* A rule decides; the guard is "no rule". */
static void check_rule(struct run *x, const char *want)
{
	const int32_t rule = damp_bench_rule(bench(x));
	const struct damp_view *v = bench(x)->view;
	const char *is = rule >= 0 ? damp_view_string(v, v->rules[rule].id_off)
				   : "none: the guard decided";

	if (want && find_rule(v, want) == v->hdr->nrules)
		say(x->out, "there is no rule %s", want);
	else if (want && strcmp(want, is) != 0)
		say(x->out, "message %u: expected rule %s, was %s (%s)", x->counter, want, is,
		    damp_name_reason(bench(x)->pkt.reason));
}

static void check_one(struct run *x)
{
	const struct damp_test_expect *e = &x->t->expect;
	const struct damp_pkt *p = &bench(x)->pkt;

	x->last = p->verdict;
	if (e->verdict >= 0 && e->verdict != p->verdict)
		say(x->out, "message %u: expected verdict %s, was %s (%s)", x->counter,
		    damp_name_verdict((unsigned)e->verdict), damp_name_verdict(p->verdict),
		    damp_name_reason(p->reason));
	if (e->reason && strcmp(e->reason, damp_name_reason(p->reason)) != 0)
		say(x->out, "message %u: expected reason %s, was %s", x->counter, e->reason,
		    damp_name_reason(p->reason));
	check_rule(x, e->rule);
}

/* One message of a send, and its answer when it got through to the device. */
static bool send_one(struct run *x, const struct damp_test_send *s, int64_t at)
{
	struct damp_description d = s->message;
	char why[DAMP_DESCRIBE_WHY];
	size_t len;

	x->counter++;
	d.mid = (uint16_t)x->counter;
	if (d.token_len == sizeof(uint32_t))
		damp_put32(d.token, x->counter);
	len = damp_describe_message(&d, x->msg, MESSAGE_ROOM, why);
	if (len == 0) {
		say(x->out, "the message cannot be built: %s", why);
		return false;
	}
	/* It may have grown a token byte to fit its size. */
	d.token_len = x->msg[0] & 15u;
	if (!judge(x, side_of(x, s), &s->from, &s->to, len, at))
		return false;
	check_one(x);
	if (s->reply == 0 || bench(x)->pkt.fate != DAMP_FATE_FORWARD ||
	    bench(x)->pkt.kind != DAMP_KIND_REQUEST)
		return true;
	return reply(x, s, &d, at);
}

static bool send_all(struct run *x)
{
	int64_t at = 0;

	for (size_t i = 0; i < x->t->nsends; i++) {
		const struct damp_test_send *s = &x->t->sends[i];
		const int64_t step = s->over_ms * MS / s->times;

		for (uint32_t n = 0; n < s->times; n++, at += step)
			if (!send_one(x, s, at))
				return false;
	}
	return damp_replay_wait(x->r, AFTERWARDS);
}

static void prove_peer(struct run *x)
{
	const struct damp_test_send *s = &x->t->sends[0];
	const struct damp_endpoint *e = side_of(x, s) == DAMP_OUTSIDE ? &s->from : &s->to;
	struct damp_endpoint peer = x->t->has_peer ? x->t->peer : *e;

	if (peer.port == 0)
		peer.port = e->port;
	if (x->t->verified)
		damp_bench_prove(x->r->set[0].bench, &peer.addr, peer.port);
}

/* The set of that name among those filled at run time; nsets when there is none. */
static uint32_t find_set(const struct damp_view *v, const char *name)
{
	uint32_t i = 0;

	while (i < v->hdr->nsets && strcmp(damp_view_string(v, v->sets[i].name_off), name) != 0)
		i++;
	return i;
}

/* Members stay for as long as a test may last. */
static bool put_member(struct run *x, const struct damp_test_member *m)
{
	const struct damp_bench *b = bench(x);
	const damp_tick due = b->now + DAMP_SECONDS(DAMP_FOR_MAX_S);
	enum damp_prefix_put put;
	uint32_t set;

	if (m->set == NULL)
		return damp_block_put(damp_judge_blocker(b->judge), &m->addr, m->plen, due, b->now) <=
		       DAMP_PREFIX_CHANGED;
	set = find_set(b->view, m->set);
	if (set == b->view->hdr->nsets) {
		say(x->out, "no rule asks for a set '%s' of 'source: runtime'", m->set);
		return false;
	}
	put = damp_prefixes_add(damp_judge_prefixes(b->judge), b->view->live.list_of[set], &m->addr,
				m->plen, due, 0, b->now);
	return put <= DAMP_PREFIX_CHANGED;
}

static bool put_members(struct run *x)
{
	for (size_t i = 0; i < x->t->nmembers; i++)
		if (!put_member(x, &x->t->members[i])) {
			if (x->out->nsays == 0)
				say(x->out, "'sets' and 'blocked' have no room for all of their prefixes");
			return false;
		}
	return true;
}

static bool run_pcap(struct run *x)
{
	struct damp_captured f;
	char err[DAMP_TEST_SAY_LEN];
	bool unreadable;
	struct damp_capture *c = damp_capture_open(x->t->pcap, err, sizeof(err), &unreadable);
	int rc = c ? 1 : -1;

	while (c && (rc = damp_capture_next(c, &f, err, sizeof(err))) == 1 &&
	       damp_replay_frame(x->r, &f))
		;
	damp_capture_close(c);
	if (rc < 0)
		say(x->out, "%s", err);
	x->sent = x->r->coap_frames;
	x->dropped = x->r->set[0].verdict[DAMP_VERDICT_DROP];
	return rc == 0;
}

static bool in_range(const struct damp_test_range *r, uint64_t value)
{
	return !r->asked || (value >= r->low && value <= r->high);
}

/* A share is rounded away from the range, never into it: 1 of 3 000 000 is
 * more than 0 %. */
static void check_dropped(struct run *x)
{
	const struct damp_test_expect *e = &x->t->expect;
	const uint64_t scaled = x->dropped * 1000000u;
	const uint64_t share = x->sent ? (scaled + x->sent - 1) / x->sent : 0;

	if (in_range(&e->dropped, e->dropped_is_share ? share : x->dropped))
		return;
	say(x->out, "expected %s dropped, were %llu of %llu", e->dropped.text,
	    (unsigned long long)x->dropped, (unsigned long long)x->sent);
}

static void check_count(struct run *x, const struct damp_test_count *c)
{
	const struct damp_view *v = bench(x)->view;
	const uint32_t i = find_rule(v, c->rule);

	if (i == v->hdr->nrules)
		say(x->out, "there is no rule %s", c->rule);
	else if (!in_range(&c->range, x->r->set[0].rule[i].count[c->outcome]))
		say(x->out, "rule %s: expected %s %s, was %llu", c->rule, c->range.text,
		    damp_name_outcome(c->outcome),
		    (unsigned long long)x->r->set[0].rule[i].count[c->outcome]);
}

static void check_all(struct run *x)
{
	const struct damp_test_expect *e = &x->t->expect;
	const uint64_t bytes = damp_replay_bytes_out(&x->r->set[0]) + x->proved_out;

	if (e->last >= 0 && e->last != x->last)
		say(x->out, "last message: expected verdict %s, was %s",
		    damp_name_verdict((unsigned)e->last), damp_name_verdict((unsigned)x->last));
	if (!in_range(&e->bytes_to_peer, bytes))
		say(x->out, "expected %s to the peer, were %llu B", e->bytes_to_peer.text,
		    (unsigned long long)bytes);
	check_dropped(x);
	for (size_t i = 0; i < e->ncounts; i++)
		check_count(x, &e->counts[i]);
}

bool damp_test_run(const struct damp_test *t, const struct damp_replay_program *p,
		   struct damp_test_result *out)
{
	struct damp_replay *r = calloc(1, sizeof(*r));
	struct run *x = calloc(1, sizeof(*x));
	const struct damp_replay_program timed = { .block = p->block, .len = p->len, .ports = p->ports,
						    .when_s = t->at_s,
						   .clock_untrusted = t->clock_untrusted };
	char err[256] = "no memory";
	bool ran = false;

	out->nsays = 0;
	if (r == NULL || x == NULL || !damp_replay_init(r, &timed, 1, false, WALL_S, err, sizeof(err))) {
		say(out, "the program cannot be used: %s", err);
		goto out_free;
	}
	x->t = t;
	x->out = out;
	x->r = r;
	if (!put_members(x))
		goto out_free;
	if (t->pcap) {
		ran = run_pcap(x);
	} else {
		prove_peer(x);
		ran = send_all(x);
	}
	if (ran)
		check_all(x);
	else if (out->nsays == 0)
		say(out, "no memory"); /* what could not run is not green */
out_free:
	if (r != NULL)
		damp_replay_free(r);
	free(r);
	free(x);
	return ran;
}
