/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cases of the pipeline benchmark; see cases.h.
 *
 * Why the numbers are what they are (budgets: guard_defaults.c):
 *  - flood_drop: four servers admit 400 requests a second, the gateway makes
 *    100 000 challenges a second. At 10 GbE both are under 1 % of the packets;
 *    all others are dropped. The slow warm-up lasts 3.5 s of virtual time, as
 *    long as the longest debt a challenge leaves (one in 10/3 s for an address),
 *    so that the ledger is as full as such a flood can make it.
 *  - flood_drop_victim: all in one name, from all its ports, as reflection looks:
 *    its servers could afford it, but it may ask nothing more without a proof.
 *  - flood_answer: at half of what the gateway may ask a second, from so many addresses that none has
 *    used up its own challenges, all but the servers' 400 are answered. The
 *    warm-up touches every line of the ledger, so that none is first aged while
 *    it is measured. Up to 2 % are held behind their ping, as many as have places.
 *  - requests and responses: 16 requests to each server in a chunk are within
 *    its burst. 300 s later all exchanges are over (and all proofs, so they are
 *    given again), so that the table never fills up with a load that no table
 *    could hold.
 *  - rules and patterns: proved requests, the least that a request costs, so that
 *    what the rules add is the most it can be in proportion.
 *  - the mix: requests and their answers in turns, an answer 256 requests behind,
 *    10 % observations, 10 % blocks, 1 % broken; peers have proved themselves.
 *  - proved peers: so few that the table of three a line loses next to none.
 */
#include "cases.h"

#include "bench.h"
#include "rulesets.h"

#include <stdlib.h>

#define SPOOFED(name_, v6_, clients_, warm_, fast_) \
	{ .name = (name_), .kind = FRAME_GET, .v6 = (v6_), .clients = (clients_), .servers = 4, \
	  .warm = (warm_), .warm_pps = 110000, .warm_fast = (fast_), .expect = DAMP_REASON_LEDGER_SERVER }
#define UNPROVED .clients = 1000000, .servers = 1024, .skip_s = 300, .expect = DAMP_REASON_ACCEPTED
#define PROVED .clients = 8192, .servers = 1024, .skip_s = 300, .proved = true, \
	.expect = DAMP_REASON_ACCEPTED_PROVED
#define PASSED .clients = 1000000, .servers = 1024, .expect = DAMP_REASON_NOT_COAP
#define ALONE .alone = true, PROVED
#define MIX .mix = true, .kind = FRAME_GET, .share = 97, PROVED
#define ANSWERED .clients = 4000000, .servers = 4, .pps = 45000, .warm = 131072, .warm_pps = 90000, .share = 97

const struct perf_case perf_cases[] = {
	{ .name = "passthrough", .kind = FRAME_DNS, PASSED },
	{ .name = "passthrough_ip6", .kind = FRAME_DNS, .v6 = true, PASSED },
	{ .name = "passthrough_arp", .kind = FRAME_ARP, PASSED },
	{ .name = "request_admitted", .kind = FRAME_GET, UNPROVED },
	{ .name = "request_admitted_ip6", .kind = FRAME_GET, .v6 = true, UNPROVED },
	{ .name = "request_admitted_proved", .kind = FRAME_GET, PROVED },
	{ .name = "request_admitted_proved_ip6", .kind = FRAME_GET, .v6 = true, PROVED },
	{ .name = "response_admitted", .kind = FRAME_CONTENT, UNPROVED },
	{ .name = "response_admitted_proved", .kind = FRAME_CONTENT, PROVED },
	{ .name = "request_rules_10", .kind = FRAME_GET, .rules = 10, PROVED },
	{ .name = "request_rules_1000", .kind = FRAME_GET, .rules = 1000, PROVED },
	{ .name = "request_patterns_0", .kind = FRAME_GET, .rules = 1, PROVED },
	{ .name = "request_patterns_200", .kind = FRAME_GET, .patterns = 200, .regexes = 50, PROVED },
	SPOOFED("flood_drop_1k", false, 1000, 32768, 16384),
	{ .name = "flood_drop_victim", .kind = FRAME_GET, .clients = 1, .servers = 4, .warm = 32768, .warm_pps = 110000,
	  .warm_fast = 16384, .expect = DAMP_REASON_FIRST_CONTACT },
	SPOOFED("flood_drop_1m", false, 1000000, 385000, 200000),
	SPOOFED("flood_drop_10m", false, 10000000, 385000, 200000),
	SPOOFED("flood_drop_1m_ip6", true, 1000000, 385000, 200000),
	{ .name = "flood_drop_1m_nic_checksums", .kind = FRAME_GET, .checksum_known = true, .clients = 1000000,
	  .servers = 4, .warm = 385000, .warm_pps = 110000, .warm_fast = 200000,
	  .expect = DAMP_REASON_LEDGER_SERVER },
	{ .name = "flood_drop_1m_random_paths", .kind = FRAME_GET, .random_paths = true, .clients = 1000000,
	  .servers = 4, .warm = 385000, .warm_pps = 110000, .warm_fast = 200000,
	  .expect = DAMP_REASON_LEDGER_SERVER },
	{ .name = "flood_drop_1m_patterns_200", .kind = FRAME_GET, .patterns = 200, .regexes = 50, .random_paths = true,
	  .clients = 1000000, .servers = 4, .warm = 385000, .warm_pps = 110000, .warm_fast = 200000,
	  .expect = DAMP_REASON_LEDGER_SERVER },
	{ .name = "flood_drop_1m_patterns_known", .kind = FRAME_GET, .patterns = 200, .regexes = 50, .random_paths = true,
	  .begin = "dev7", .clients = 1000000, .servers = 4, .warm = 385000, .warm_pps = 110000, .warm_fast = 200000,
	  .expect = DAMP_REASON_LEDGER_SERVER },
	{ .name = "mix", MIX },
	{ .name = "mix_request_block", .kind = FRAME_GET, .extra = FRAME_BLOCK, ALONE },
	{ .name = "mix_response_block", .kind = FRAME_CONTENT, .extra = FRAME_BLOCK, ALONE },
	{ .name = "mix_request_observe", .kind = FRAME_GET, .extra = FRAME_OBSERVE, ALONE },
	{ .name = "mix_response_observe", .kind = FRAME_CONTENT, .extra = FRAME_OBSERVE, ALONE },
	{ .name = "mix_notify_con", .kind = FRAME_NOTIFY_CON, .extra = FRAME_OBSERVE, ALONE },
	{ .name = "mix_notify_non", .kind = FRAME_NOTIFY_NON, .extra = FRAME_OBSERVE, ALONE },
	{ .name = "mix_malformed", .kind = FRAME_GET, .extra = FRAME_BROKEN, .alone = true, .clients = 8192,
	  .servers = 1024, .skip_s = 300, .proved = true, .expect = DAMP_REASON_COAP_VERSION },
	{ .name = "mix_patterns_0", .rules = 1, MIX },
	{ .name = "mix_patterns_200", .patterns = 200, .regexes = 50, MIX },
	{ .name = "mix_random_paths", .patterns = 200, .regexes = 50, .random_paths = true, MIX },
	{ .name = "flood_answer_ping", .kind = FRAME_GET, ANSWERED, .expect = DAMP_REASON_PINGED },
	{ .name = "flood_answer_echo", .kind = FRAME_GET_CORE, ANSWERED, .expect = DAMP_REASON_CHALLENGED },
};
const unsigned perf_ncases = sizeof(perf_cases) / sizeof(perf_cases[0]);

/* On the wire a frame has 4 bytes of FCS, 8 of preamble and 12 of gap more. */
static double line_rate(uint32_t frame_len)
{
	return 10e9 / 8 / (frame_len + 24);
}

struct stage_frame *perf_pool(void)
{
	struct stage_frame *pool = bench_memory(POOL_FRAMES * sizeof(*pool));
	uint8_t *data = bench_memory((size_t)POOL_FRAMES * POOL_STRIDE);

	for (unsigned i = 0; i < POOL_FRAMES; i++)
		pool[i].data = data + (size_t)i * POOL_STRIDE + (POOL_STRIDE - FRAME_ROOM);
	return pool;
}

void perf_pool_free(struct stage_frame *pool)
{
	free(pool[0].data - (POOL_STRIDE - FRAME_ROOM));
	free(pool);
}

/* The shares of the honest mix, by a draw of percents. */
static uint8_t extra(uint32_t percent)
{
	if (percent == 0)
		return FRAME_BROKEN;
	return percent <= 10 ? FRAME_OBSERVE : percent <= 20 ? FRAME_BLOCK : FRAME_BARE;
}

/* The port of a client that is to be proved goes with the client. */
static void draw(const struct perf_case *c, uint64_t number, struct frame_draw *d)
{
	uint64_t state = number;
	const uint64_t a = bench_random(&state), b = bench_random(&state);

	d->client = ((a >> 32) * c->clients) >> 32;
	d->server = (uint32_t)(((a & UINT32_MAX) * c->servers) >> 32);
	d->port = (uint16_t)(c->proved ? 6000 + d->client % 59000 : 6000 + (b >> 48) % 59000);
	d->mid = (uint16_t)(b >> 32);
	d->token = (uint32_t)b;
	d->v6 = c->v6;
	d->begin = c->begin;
	d->path = c->random_paths ? (uint32_t)bench_random(&state) | 1 : 0;
	d->extra = c->mix ? extra((uint32_t)(b >> 16) % 100) : (uint8_t)c->extra;
}

static void build(struct perf_run *r, enum frame_kind kind, uint64_t first, unsigned n)
{
	struct frame_draw d;

	for (unsigned i = 0; i < n; i++) {
		struct stage_frame *f = &r->pool[i];

		draw(r->c, first + i, &d);
		f->len = frame_build(f->data, kind, &d, NULL);
		f->side = frame_answers(kind) ? DAMP_INSIDE : DAMP_OUTSIDE;
	}
}

/* How many requests an answer of the mix is behind its own. */
#define MIX_BEHIND 256u

static void build_mix(struct perf_run *r, uint64_t first, unsigned n)
{
	struct frame_draw d;

	for (unsigned i = 0; i < n; i++) {
		struct stage_frame *f = &r->pool[i];
		const bool answer = i % 2;

		draw(r->c, first + i / 2 - (answer ? MIX_BEHIND : 0), &d);
		f->len = frame_build(f->data, answer ? FRAME_CONTENT : FRAME_GET, &d, NULL);
		f->side = answer ? DAMP_INSIDE : DAMP_OUTSIDE;
	}
}

static void build_proofs(struct perf_run *r, uint64_t first, unsigned n)
{
	struct frame_draw d;
	struct damp_addr a;
	uint8_t echo[DAMP_ECHO_LEN];

	for (unsigned i = 0; i < n; i++) {
		struct stage_frame *f = &r->pool[i];

		draw(r->c, first + i, &d);
		d.client = first + i;
		d.extra = FRAME_BARE;
		d.port = (uint16_t)(6000 + d.client % 59000);
		frame_client(d.client, d.v6, &a);
		damp_echo_make(&r->s->view->secrets, &a, d.port, STAGE_WALL_S + r->s->now / DAMP_TICK_HZ, echo);
		f->len = frame_build(f->data, FRAME_GET_ECHO, &d, echo);
		f->side = DAMP_OUTSIDE;
	}
}

static void prove_all(struct perf_run *r)
{
	for (uint64_t at = 0; at < r->c->clients; at += r->frames) {
		const uint64_t left = r->c->clients - at;
		const unsigned n = left < r->frames ? (unsigned)left : r->frames;

		build_proofs(r, at, n);
		stage_unmeasured(r->s, r->pool, n);
	}
}

static void send_unmeasured(struct perf_run *r, uint32_t packets)
{
	for (uint32_t sent = 0; sent < packets; sent += r->frames) {
		build(r, r->c->kind, r->drawn, r->frames);
		r->drawn += r->frames;
		stage_unmeasured(r->s, r->pool, r->frames);
	}
}

/* A case that says nothing of rules runs the program that was asked for. */
static void *program_of(const struct perf_case *c, const char *path, size_t *len)
{
	if (c->rules)
		return perf_rules(c->rules, len);
	return c->patterns ? perf_patterns(c->patterns, c->regexes, len) : stage_program(path, len);
}

bool perf_open(struct perf_run *r, const struct perf_case *c, struct stage_frame *pool, unsigned frames,
	       const char *program)
{
	size_t len;
	void *block;

	*r = (struct perf_run){ .c = c, .pool = pool, .frames = frames, .drawn = 1ull << 40 };
	block = program_of(c, program, &len);
	r->s = block ? stage_open(block, len) : NULL;
	if (r->s == NULL)
		return false;
	r->s->checksum_known = c->checksum_known;
	build(r, c->kind, 0, 1);
	stage_rate(r->s, c->warm_pps ? c->warm_pps : line_rate(pool[0].len));
	send_unmeasured(r, c->warm);
	stage_rate(r->s, c->pps ? c->pps : line_rate(pool[0].len));
	send_unmeasured(r, c->warm_fast);
	return true;
}

void perf_close(struct perf_run *r)
{
	stage_close(r->s);
}

/* Of the same draws as what will be measured. */
static void send_before(struct perf_run *r, enum frame_kind kind)
{
	build(r, kind, r->drawn, r->frames);
	stage_unmeasured(r->s, r->pool, r->frames);
}

void perf_prepare(struct perf_run *r)
{
	stage_skip(r->s, r->c->skip_s);
	if (r->c->proved)
		prove_all(r);
	if (frame_answers(r->c->kind))
		send_before(r, FRAME_GET);
	if (r->c->kind > FRAME_CONTENT)
		send_before(r, FRAME_CONTENT);
	if (r->c->mix) {
		build(r, FRAME_GET, r->drawn, MIX_BEHIND);
		stage_unmeasured(r->s, r->pool, MIX_BEHIND);
		r->drawn += MIX_BEHIND;
		build_mix(r, r->drawn, r->frames);
	} else {
		build(r, r->c->kind, r->drawn, r->frames);
	}
	r->drawn += r->frames;
}

/* add 1: count, -1: take away what was counted before. */
static void count_reasons(struct perf_run *r, uint64_t add)
{
	const struct damp_worker_stats *w = &r->s->stats->worker[0];

	for (unsigned i = 0; i < DAMP_REASON_MAX; i++)
		r->reasons[i] += add * (w->reason[DAMP_OUTSIDE][i].packets + w->reason[DAMP_INSIDE][i].packets);
}

unsigned perf_measure(struct perf_run *r, bool probe, struct perf_slice slice[SLICES_MAX])
{
	double core = probe ? bench_core_share() : 1, after;
	unsigned n = 0;

	count_reasons(r, ~0ull);
	for (unsigned at = 0; at < r->frames; at += SLICE_FRAMES) {
		const unsigned frames = r->frames - at < SLICE_FRAMES ? r->frames - at : SLICE_FRAMES;
		const uint64_t since = bench_start();

		stage_measured(r->s, r->pool + at, frames);
		slice[n].cycles = (double)(bench_stop() - since) / frames;
		slice[n].parse = (double)r->s->parse_cycles / frames;
		slice[n].keys = (double)r->s->laps.keys / frames;
		slice[n].proofs = (double)r->s->laps.proofs / frames;
		slice[n].decide = (double)r->s->laps.decide / frames;
		after = probe ? bench_core_share() : 1;
		slice[n++].core = core < after ? core : after;
		core = after;
	}
	count_reasons(r, 1);
	r->measured += r->frames;
	return n;
}
