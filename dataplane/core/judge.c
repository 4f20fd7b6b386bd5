/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bursts through the judge: set-up, the passes, and the slow loop's questions.
 *
 * Pass 1 hashes and prefetches for the whole burst (prepare.c), pass 2 looks up,
 * decides and commits packet by packet, in order, because the second packet of a
 * burst may depend on the first. See judge.h for the promise.
 *
 * Reference: design.md 3; anchors.md 3.3 (batches, compute then touch).
 */
#include "answer.h"

#include "elsewhere.h"
#include "permute.h"
#include "charges.h"
#include "compiled.h"
#include "commit.h"
#include "credit.h"
#include "decide.h"
#include "given.h"
#include "half.h"
#include "prepare.h"
#include "short_way.h"

const struct damp_judge_config damp_judge_defaults = {
	.nworkers = 1,
	.ledger_log2 = 17,      /* 8 MiB: 10 Gbit/s of answers at 4 kB/s a key, half full (anchors.md 3.4) */
	.peers_log2 = 16,       /* 4 MiB: 196 k proved endpoints */
	.xchg_log2 = 17,        /* 8 MiB a worker: 262 k exchanges */
	.seen_log2 = 17,        /* 8 MiB a worker: 524 k Message IDs */
	.obs_log2 = 15,         /* 2 MiB a worker: 65 k observations */
	.tally_log2 = 14,       /* 4 MiB: 65 k keys with something open */
	.held_log2 = 14,        /* 1 MiB a worker: 32 k counted exchanges */
	.grey_log2 = 22,        /* 4 MiB a worker: 4 M requests in 24 s */
	.repeat_lines = 40u << 14,      /* 40 MiB a worker (docs/floods.md) */
	.lists_log2 = 15,       /* 7 MiB: 131 k prefixes blocked or in sets */
	.transfers_log2 = 12,   /* 0.25 MiB a worker: 8 k uploads */
	.leases_log2 = 14,      /* 1 MiB: 32 k observations, four leases each */
	.registry_log2 = 14,    /* 1 MiB: 32 k registrations, and requests that may create */
};

static size_t align(size_t n)
{
	return (n + DAMP_CACHE_LINE - 1) / DAMP_CACHE_LINE * DAMP_CACHE_LINE;
}

size_t damp_judge_bytes(const struct damp_judge_config *c)
{
	return align(sizeof(struct damp_judge)) + align(damp_ledger_bytes(c->ledger_log2)) +
	       align(damp_peer_bytes(c->peers_log2)) + align(damp_lease_bytes(c->leases_log2)) +
	       align(damp_tally_bytes(c->tally_log2)) + align(damp_registry_bytes(c->registry_log2)) +
	       align(sizeof(struct damp_learned)) + align(damp_prefixes_bytes(c->lists_log2)) +
	       align(sizeof(struct damp_blocker));
}

size_t damp_judge_worker_bytes(const struct damp_judge_config *c)
{
	return align(sizeof(struct damp_judge_worker)) + align(damp_xchg_bytes(c->xchg_log2)) +
	       align(damp_seen_bytes(c->seen_log2)) + align(damp_obs_bytes(c->obs_log2)) +
	       align(damp_grey_bytes(c->grey_log2)) + align(damp_repeat_bytes(c->repeat_lines)) +
	       align(damp_transfer_bytes(c->transfers_log2)) +
	       align(damp_held_bytes(c->held_log2));
}

static void init_blocks(struct damp_judge *j, uint8_t *at, const struct damp_key *key)
{
	const struct damp_key k = damp_key_derive(key, "lists", 0);

	j->prefixes = damp_prefixes_init(at, j->cfg.lists_log2, &k);
	at += align(damp_prefixes_bytes(j->cfg.lists_log2));
	j->blocker = (struct damp_blocker *)(void *)at;
	j->blocker->prefixes = j->prefixes;
	j->blocker->key = damp_key_derive(key, "suspects", 0);
}

struct damp_judge *damp_judge_init(void *mem, const struct damp_judge_config *c, const struct damp_key *key,
				   uint64_t wall_s, damp_tick start)
{
	struct damp_judge *j = mem;
	uint8_t *at = (uint8_t *)mem + align(sizeof(*j));

	j->cfg = *c;
	damp_hasher_init(&j->h_addr, key, "addresses");
	damp_hasher_init(&j->h_xchg, key, "exchange");
	damp_hasher_init(&j->h_mid, key, "message table");
	j->k_mid = damp_key_derive(key, "message id", 0);
	j->k_given = damp_key_derive(key, "given", 0);
	j->k_path = damp_key_derive(key, "path", 0);
	j->anybody = damp_hash_prefix(j, &(struct damp_addr){ { 0 } }, 0);
	j->ledger = damp_ledger_init(at, c->ledger_log2);
	at += align(damp_ledger_bytes(c->ledger_log2));
	j->peers = damp_peer_init(at, c->peers_log2);
	at += align(damp_peer_bytes(c->peers_log2));
	j->leases = damp_lease_init(at, c->leases_log2);
	at += align(damp_lease_bytes(c->leases_log2));
	j->tally = damp_tally_init(at, c->tally_log2);
	at += align(damp_tally_bytes(c->tally_log2));
	j->registry = damp_registry_init(at, c->registry_log2);
	at += align(damp_registry_bytes(c->registry_log2));
	j->learned = (struct damp_learned *)(void *)at;
	at += align(sizeof(*j->learned));
	init_blocks(j, at, key);
	j->wall_s = wall_s;
	j->start = start;
	j->wide = damp_has_avx2();
	if (j->ledger == NULL || j->peers == NULL || j->leases == NULL || j->tally == NULL || j->prefixes == NULL ||
	    j->registry == NULL)
		return NULL;
	return j;
}

struct damp_judge_worker *damp_judge_worker_init(void *mem, struct damp_judge *j, unsigned worker,
						 struct damp_worker_stats *stats, struct damp_event_ring *events)
{
	struct damp_judge_worker *w = mem;
	uint8_t *at = (uint8_t *)mem + align(sizeof(*w));

	j->shared |= worker > 0;
	w->j = j;
	w->index = worker;
	w->stats = stats;
	w->events = events;
	w->tell.lot = damp_hash2(&j->k_mid, worker, 0x7e11);
	w->xchg = damp_xchg_init(at, j->cfg.xchg_log2);
	at += align(damp_xchg_bytes(j->cfg.xchg_log2));
	w->seen = damp_seen_init(at, j->cfg.seen_log2);
	at += align(damp_seen_bytes(j->cfg.seen_log2));
	w->obs = damp_obs_init(at, j->cfg.obs_log2);
	at += align(damp_obs_bytes(j->cfg.obs_log2));
	w->grey = damp_grey_init(at, j->cfg.grey_log2);
	damp_hold_init(&w->hold);
	at += align(damp_grey_bytes(j->cfg.grey_log2));
	w->repeats = damp_repeat_init(at, j->cfg.repeat_lines);
	at += align(damp_repeat_bytes(j->cfg.repeat_lines));
	w->transfers = damp_transfer_init(at, j->cfg.transfers_log2);
	at += align(damp_transfer_bytes(j->cfg.transfers_log2));
	w->held = damp_held_init(at, j->cfg.held_log2);
	if (w->xchg == NULL || w->seen == NULL || w->obs == NULL || w->transfers == NULL || w->held == NULL)
		return NULL;
	return w;
}

void damp_judge_worker_tap(struct damp_judge_worker *w, struct damp_capture_file *captures,
			   struct damp_trace_file *traces)
{
	w->tap.file = captures;
	w->tap.ring = captures != NULL ? &captures->ring[w->index] : NULL;
	w->tap.trace_file = traces;
	w->tap.trace_ring = traces != NULL ? &traces->ring[w->index] : NULL;
	w->keep.share = UINT32_MAX;
}

unsigned damp_judge_owner(const struct damp_judge *j, const struct damp_pkt *p, unsigned self)
{
	const bool fragment = p->kind == DAMP_KIND_NOT_COAP;
	uint64_t h;

	if (j->cfg.nworkers == 1 || (fragment && p->frame.cls == DAMP_FRAME_OTHER))
		return self;
	/* Fragments have no ports past the first: the addresses alone. */
	h = damp_mix(damp_key_end(j, damp_device_addr(p), fragment ? 0 : damp_device_port(p)), 2);
	if (fragment || p->device_serves)
		h += damp_mix(damp_key_end(j, damp_peer_addr(p), fragment ? 0 : damp_peer_port(p)), 2);
	return (unsigned)(((unsigned __int128)h * j->cfg.nworkers) >> 64);
}

/* What an Echo option in a request is worth. A short value can be guessed: it
 * counts only while a challenge is out and guesses are left, and a wrong one
 * costs a guess (echo.h). */
enum echo_worth { ECHO_NONE, ECHO_PROOF, ECHO_OF_SERVER, ECHO_WRONG_GUESS };

static enum echo_worth weigh_as_ours(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const bool guessable = p->coap.echo_len >= DAMP_ECHO_SHORT_MIN && p->coap.echo_len <= DAMP_ECHO_SHORT_MAX;
	const struct damp_given echo = damp_echo_of(p);
	uint64_t asked = 0;

	if (guessable &&
	    (!damp_seen_find(c->w->seen, damp_key_seen(c->j, p, DAMP_SEEN_ASKED, 0), c->now, &asked) ||
	     !damp_asked_by_ping(asked, c->now) || !damp_guesses_left(c, p, DAMP_DOMAIN_GUESSES)))
		return ECHO_NONE;
	if (damp_echo_check(&c->v->secrets, &p->frame.src, p->frame.sport, c->wall_s, c->g->echo_life_s, echo.bytes,
			    echo.len))
		return ECHO_PROOF;
	return guessable ? ECHO_WRONG_GUESS : ECHO_NONE;
}

/* Ours, or one that the server gave to this peer itself (attacks.md 6.2): as
 * good, and no guess at ours. */
static enum echo_worth weigh_echo(const struct damp_ctx *c, const struct damp_pkt *p)
{
	struct damp_given echo;
	enum echo_worth worth;

	if (p->side != DAMP_OUTSIDE || p->kind != DAMP_KIND_REQUEST || p->frame.dst_group ||
	    !damp_coap_has(&p->coap, DAMP_OPTBIT_ECHO))
		return ECHO_NONE;
	worth = weigh_as_ours(c, p);
	echo = damp_echo_of(p);
	if (worth != ECHO_PROOF && damp_given_before(c, p, DAMP_SEEN_ECHO, &echo))
		return ECHO_OF_SERVER;
	return worth;
}

/* A group answers from its members' own addresses: the request was to the
 * group, so only the asking endpoint and the token can match (RFC 7252 8.2). */
static void find_group_exchange(const struct damp_ctx *c, struct damp_pkt *p)
{
	if (p->side == DAMP_OUTSIDE && p->kind == DAMP_KIND_RESPONSE && p->xchg == NULL)
		p->xchg = damp_xchg_of(c, damp_key_group(c->j, p));
}

/* What its peer has proved, what p itself brings included. Only what comes from the
 * peer keeps its proof alive. */
static enum echo_worth look_at_peer(const struct damp_ctx *c, struct damp_pkt *p)
{
	const bool from_peer = p->side == DAMP_OUTSIDE;
	const enum damp_standing is = damp_peer_look(c->j->peers, p->peer_key, c->now, from_peer && c->aside == NULL ?
						     c->now + DAMP_SECONDS(c->g->proof_idle_s) : 0);
	const enum echo_worth echo = weigh_echo(c, p);
	const bool ours = echo == ECHO_PROOF, weak = ours && p->coap.echo_len < DAMP_ECHO_WHOLE_MIN;

	p->proved = is == DAMP_PROVED || echo == ECHO_OF_SERVER || (ours && !weak);
	p->half = !p->proved && (is == DAMP_HALF_PROVED || weak);
	if (damp_unlikely(p->half))
		p->proved = damp_half_has_room(c, p);
	return echo;
}

/* Pass 2, first half: what the tables know of it. */
static enum echo_worth look_up(const struct damp_ctx *c, struct damp_pkt *p)
{
	enum echo_worth echo;
	uint64_t value;

	p->half = 0;
	if (p->frame.cls == DAMP_FRAME_OTHER)
		return ECHO_NONE;
	echo = look_at_peer(c, p);
	if (damp_has_coap(p)) {
		if (p->kind == DAMP_KIND_REQUEST && p->frame.dst_group)
			p->xchg_key = damp_key_group(c->j, p);
		p->xchg = damp_xchg_of(c, p->xchg_key);
		find_group_exchange(c, p);
		if (p->kind == DAMP_KIND_RESPONSE)
			p->obs = damp_obs_find(c->w->obs, p->xchg_key, c->now);
	}
	if (p->proved)
		p->truths |= DAMP_TRUTH_VERIFIED;
	if (p->frame.dst_group)
		p->truths |= DAMP_TRUTH_MULTICAST;
	if (p->kind == DAMP_KIND_RESPONSE && (p->xchg != NULL || p->obs != NULL))
		p->truths |= DAMP_TRUTH_SOLICITED;
	if (damp_asks_for_mid(p) && damp_seen_find(c->w->seen, p->mid_key, c->now, &value))
		p->truths |= DAMP_TRUTH_SOLICITED;
	return echo;
}

static void bypass(const struct damp_ctx *c, struct damp_pkt *p)
{
	struct damp_decision d;

	p->proved = p->proved == DAMP_PROVED;
	p->xchg = NULL;
	p->obs = NULL;
	memset(&d, 0, offsetof(struct damp_decision, cleared));
	d.rule = -1;
	damp_forward(&d, p, DAMP_REASON_BYPASS);
	d.verdict = DAMP_VERDICT_BYPASS;
	damp_commit(c, p, &d);
}

static inline void decide_one(const struct damp_ctx *c, struct damp_pkt *p, struct damp_decision *d)
{
	enum echo_worth echo;

	p->xchg = NULL;
	p->obs = NULL;
	if (!p->rungs_hashed && p->frame.cls != DAMP_FRAME_OTHER)
		damp_hash_rungs(c, p);
	echo = look_up(c, p);
	damp_decide(c, p, d);
	if (echo == ECHO_PROOF)
		d->proof = DAMP_PROOF_ECHO;
	if (echo == ECHO_OF_SERVER)
		d->proof = DAMP_PROOF_SERVER_ECHO;
	if (echo == ECHO_WRONG_GUESS)
		damp_charge_guess(c, p, d, DAMP_DOMAIN_GUESSES);
	d->half = damp_half_gives(c, p, d);
	if (damp_unlikely(d->half || p->half))
		damp_half_settle(c, p, d);
}

ALWAYS bool goes_short(const struct damp_ctx *c, struct damp_pkt *p)
{
	if (p->frame.cls == DAMP_FRAME_OTHER)
		return damp_flood_pass_by(c, p);
	/* A proved peer's is in no flood; but the keys that pass 1 left out are made there. */
	if (p->plain && (!p->proved || p->xchg_key == 0)) {
		if (damp_likely(damp_flood_settle(c, p)))
			return true;
		/* damp_foresee() has looked at it no closer. */
		p->mid_key = 0;
	}
	damp_answer_settle_up(c);
	return damp_admit(c, p);
}

static __attribute__((noinline)) void judge_long(const struct damp_ctx *c, struct damp_pkt *p)
{
	struct damp_decision d;

	/* It may be charged there. */
	c->flood->gateway_fine = false;
	c->flood->gateway_known = false;
	decide_one(c, p, &d);
	damp_commit(c, p, &d);
}

ALWAYS void judge_one(const struct damp_ctx *c, struct damp_pkt *p)
{
	c->walk->of = NULL;
	if (damp_unlikely(!goes_short(c, p)))
		judge_long(c, p);
}

struct damp_ctx damp_judge_ctx(struct damp_judge_worker *w, const struct damp_view *v,
			       const struct damp_pkt *p, damp_tick now)
{
	return (struct damp_ctx){
		.w = w, .j = w->j, .v = v, .g = v->guard, .now = now, .p = p,
		.wall_s = w->j->wall_s + now / DAMP_TICK_HZ,
		.routing = __atomic_load_n(&w->j->routing, __ATOMIC_RELAXED),
		.grace = now < w->j->start + DAMP_SECONDS(v->guard->grace_s),
	};
}

void damp_judge_decide(const struct damp_ctx *c, struct damp_pkt *p, struct damp_decision *d)
{
	damp_prepare(c, p, 1);
	damp_foresee(c, p, 1);
	decide_one(c, p, d);
}

static void judge_all(struct damp_ctx *c, struct damp_pkt *p, unsigned n, bool bypassed)
{
	for (unsigned i = 0; i < n; i++) {
		c->p = &p[i];
		if (bypassed)
			bypass(c, &p[i]);
		else
			judge_one(c, &p[i]);
	}
}

/* The first of the packets from `from` on that has no line on its way yet, when those before
 * p[i + DAMP_ANSWER_AHEAD] have. */
static unsigned load_ahead(const struct damp_ctx *c, struct damp_pkt *p, unsigned from, unsigned i, unsigned n)
{
	const unsigned to = i + DAMP_ANSWER_AHEAD < n ? i + DAMP_ANSWER_AHEAD : n;

	for (; from < to; from++)
		damp_answer_load(c, &p[from]);
	return from;
}

/* While servers are spent: what will be answered asks for so many lines that a burst of it
 * loads them as it goes (answer.h), and what is as usual goes by in stretches. */
static __attribute__((noinline)) void judge_flood(struct damp_ctx *c, struct damp_pkt *p, unsigned n)
{
	const bool asks = c->flood->asks;
	unsigned loaded = asks ? load_ahead(c, p, 0, 0, n) : n;

	if (asks)
		damp_answer_foresee(c, p, n);
	for (unsigned i = 0; i < n; i++) {
		if (asks) {
			loaded = load_ahead(c, p, loaded, i, n);
			i = damp_answer_run(c, p, i, n);
			loaded = loaded < i + DAMP_ANSWER_AHEAD ? i + DAMP_ANSWER_AHEAD : loaded;
		}
		if (i < n && c->flood->gateway_spent && p[i].plain)
			i += damp_flood_sweep(c, &p[i], n - i);
		if (i == n)
			return;
		c->p = &p[i];
		judge_one(c, &p[i]);
	}
}

void damp_judge_run(struct damp_judge_worker *w, const struct damp_view *v, struct damp_pkt *p, unsigned n,
		    damp_tick now, bool bypassed)
{
	struct damp_ctx c = damp_judge_ctx(w, v, p, now);
	struct damp_flood flood;
	struct damp_admit admit;
	struct damp_walk walk;
	struct damp_laps *laps = w->laps;
	uint64_t t = damp_unlikely(laps != NULL) ? laps->clock() : 0;

	c.flood = &flood;
	c.admit = &admit;
	c.walk = &walk;
	walk.of = NULL;
	damp_tap_look(&w->tap, now);
	damp_keep_look(&w->keep, w->tap.file, now);
	if (damp_unlikely(v->guard->count_elsewhere))
		damp_elsewhere_look(w->stats, &w->elsewhere_at, p, n);
	damp_flood_begin(&c);
	damp_admit_begin(&c, bypassed);
	damp_prepare(&c, p, n);
	if (damp_unlikely(laps != NULL))
		t = damp_lap(laps, &laps->keys, t);
	damp_foresee(&c, p, n);
	if (damp_unlikely(laps != NULL))
		t = damp_lap(laps, &laps->proofs, t);
	if (damp_likely(bypassed || !(flood.asks || flood.gateway_spent)))
		judge_all(&c, p, n, bypassed);
	else
		judge_flood(&c, p, n);
	damp_admit_end(&c);
	damp_flood_end(&c);
	if (damp_unlikely(laps != NULL))
		damp_lap(laps, &laps->decide, t);
}

void damp_judge_take_laps(struct damp_judge_worker *w, struct damp_laps *laps)
{
	w->laps = laps;
}

bool damp_judge_unhold(struct damp_judge_worker *w, damp_tick now, unsigned *hold)
{
	return damp_hold_next(&w->hold, now, hold);
}

struct damp_prefixes *damp_judge_prefixes(struct damp_judge *j)
{
	return j->prefixes;
}

struct damp_blocker *damp_judge_blocker(struct damp_judge *j)
{
	return j->blocker;
}

void damp_judge_blocks(struct damp_judge *j, struct damp_judge_worker *const *w, unsigned n,
		       const struct damp_view *v)
{
	for (unsigned i = 0; i < n; i++)
		damp_blocker_read(j->blocker, &w[i]->notes, v);
}
