/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pass 1: what can be computed from the packets and the program alone, for a whole
 * burst; and a look at the peers' proofs, which prefetches what depends on them.
 *
 * Idea: every key that the judge needs is made here, and every line that it may ask
 * for begins to load here, so that pass 2 waits for nothing. Most of the work is
 * hashing, so the pass is compiled once with the hash as instructions in place and
 * once with calls (hasher.h); and once for the requests of which floods are made,
 * whose side and kind are then known.
 *
 * Invariant: both ways leave the same in a packet for one judge. Nothing is looked
 * at that is not loaded: a question in pass 1 waits for the whole memory.
 *
 * Reference: design.md 3; anchors.md 3.3 (batches, compute then touch).
 */
#include "prepare.h"

#include "answer.h"
#include "compiled.h"
#include "flood.h"
#include "observe.h"
#include "peer_line.h"
#include "permute.h"

/* Options of answers with lines of their own. */
#define MORE (1ull << DAMP_OPTBIT_OBSERVE | 1ull << DAMP_OPTBIT_BLOCK2)

/* What was left by the packet before. */
ALWAYS void reset(struct damp_pkt *p)
{
	memset(&p->fate, 0, offsetof(struct damp_pkt, frame) - offsetof(struct damp_pkt, fate));
}
_Static_assert(offsetof(struct damp_pkt, frame) - offsetof(struct damp_pkt, fate) == 32, "and nothing else");

/* Which sets of the program hold the ends: nothing where there are none. */
static void find_sets(const struct damp_ctx *c, struct damp_pkt *p)
{
	const struct damp_view *v = c->v;
	uint32_t tag;

	for (uint32_t i = 0; i < v->hdr->nsets; i++) {
		const unsigned list = v->live.list_of[i];

		if (damp_prefixes_count(c->j->prefixes, list) == 0)
			continue;
		p->src_sets |= (uint8_t)(damp_prefixes_has(c->j->prefixes, list, &p->frame.src, c->now, &tag) << i);
		p->dst_sets |= (uint8_t)(damp_prefixes_has(c->j->prefixes, list, &p->frame.dst, c->now, &tag) << i);
	}
}

/* There is but one class, and no set: nothing depends on where p comes from. */
ALWAYS bool one_class(const struct damp_view *v)
{
	return v->hdr->nclasses == 1 && v->hdr->nsets == 0;
}

static __attribute__((noinline)) void classify_ends(const struct damp_ctx *c, struct damp_pkt *p)
{
	p->src_class = damp_view_class(c->v, &p->frame.src);
	p->dst_class = damp_view_class(c->v, &p->frame.dst);
	find_sets(c, p);
}

/* Both addresses, once; the ports are mixed in (keys.c). */
ALWAYS void hash_ends(const struct damp_ctx *c, struct damp_pkt *p, enum damp_side side,
		      const struct damp_hashing *h)
{
	const bool outside = side == DAMP_OUTSIDE;
	const struct damp_frame *f = &p->frame;
	uint64_t src[2], dst[2], out[2];

	memcpy(src, &f->src, sizeof(src));
	memcpy(dst, &f->dst, sizeof(dst));
	h->pair(&c->j->h_addr, outside ? src : dst, outside ? dst : src, out);
	p->peer_whole = out[0];
	p->device_whole = out[1];
	p->peer_key = damp_key_port(out[0], outside ? f->sport : f->dport);
	p->device_key = damp_key_port(out[1], outside ? f->dport : f->sport);
}

/* The conversation: who asked whom, and with which token. DTLS hides its tokens: one
 * for each pair of endpoints. A number below 64 may be added to that pair. */
ALWAYS uint64_t key_xchg(const struct damp_ctx *c, const struct damp_pkt *p, enum damp_side side, enum damp_kind kind,
			 const struct damp_hashing *h)
{
	const bool asked_inside = (kind == DAMP_KIND_REQUEST) == (side == DAMP_INSIDE);
	const uint64_t what = kind == DAMP_KIND_DTLS ? 0x20 : p->coap.token_len * 2u + asked_inside;

	return h->two(&c->j->h_xchg, damp_key_ends(p->peer_key, p->device_key) + what,
		      kind == DAMP_KIND_DTLS ? 0 : damp_token_word(p));
}

/* From here on every Message ID is the inside's. */
ALWAYS void take_mid(const struct damp_ctx *c, struct damp_pkt *p, enum damp_side side, enum damp_kind kind)
{
	p->wire_mid = p->coap.mid;
	/* No request is an ACK or RST. */
	if (side == DAMP_OUTSIDE && kind != DAMP_KIND_REQUEST && damp_mid_moves(c, p))
		p->coap.mid = damp_mid_in(&c->v->secrets.mid, p->peer_key, p->coap.mid);
}

/* The lines that deciding about p may ask for if its peer is not proved: its budgets. A
 * proved one needs none of them, so this waits until that is known. */
static void prefetch_budgets(const struct damp_ctx *c, struct damp_pkt *p)
{
	const struct damp_ledger *l = c->j->ledger;

	damp_hash_rungs(c, p);
	/* And the others of each: one line (judge_keys.h). */
	damp_ledger_prefetch(l, damp_ledger_key(p->peer_host, DAMP_DOMAIN_HOST));
	damp_ledger_prefetch(l, damp_ledger_key(p->peer_net, DAMP_DOMAIN_NET));
	if (damp_unlikely(p->proved == DAMP_HALF_PROVED))
		damp_ledger_prefetch(l, damp_ledger_key(p->peer_key, DAMP_DOMAIN_HALF));
	if (p->side == DAMP_INSIDE)
		return;
	damp_peer_prefetch(c->j->peers, damp_key_known(p->peer_whole));
	damp_ledger_prefetch(l, damp_ledger_key(p->device_whole, DAMP_DOMAIN_SERVER));
}

/* The line by which a refused request is known when it comes again. */
ALWAYS void prefetch_grey(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const uint64_t key = damp_key_grey(p);

	if (c->flood != NULL && damp_likely(c->flood->may_ask == 0))
		damp_repeat_prefetch(c->w->repeats, key);
	else
		damp_grey_prefetch(c->w->grey, key);
}

ALWAYS void prepare_as(const struct damp_ctx *c, struct damp_pkt *p, enum damp_side side, enum damp_kind kind,
		       const struct damp_hashing *h, bool floods)
{
	const bool request = side == DAMP_OUTSIDE && kind == DAMP_KIND_REQUEST;
	enum damp_flood_guess guess = DAMP_FLOOD_NO;

	hash_ends(c, p, side, h);
	damp_prefetch(damp_peer_line(c->j->peers, p->peer_key));
	take_mid(c, p, side, kind);
	if (kind != DAMP_KIND_REQUEST && !damp_has_coap(p))
		return;
	if (request && floods)
		guess = damp_flood_guess(c, p);
	if (guess == DAMP_FLOOD_ASKED) {
		damp_answer_rungs(c, p, h);
		if (damp_likely(!c->flood->short_of)) {
			damp_answer_marks(c, p, h);
			return;
		}
		/* Whose challenges are used up is noted, answered or not; but that it is asks
		 * for its line. */
		damp_ledger_prefetch(c->j->ledger, damp_ledger_key(p->peer_host, DAMP_DOMAIN_CHALLENGE_HOST));
	}
	p->xchg_key = key_xchg(c, p, side, kind, h);
	if (request)
		prefetch_grey(c, p);
	if (guess != DAMP_FLOOD_NO)
		return;
	damp_xchg_prefetch(c->w->xchg, p->xchg_key);
	if (kind == DAMP_KIND_RESPONSE && damp_unlikely(damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE)))
		damp_obs_prefetch(c->w->obs, p->xchg_key);
	p->budgets_wait = 1;
}

void damp_prepare_rest(const struct damp_ctx *c, struct damp_pkt *p)
{
	p->xchg_key = key_xchg(c, p, DAMP_OUTSIDE, DAMP_KIND_REQUEST, &damp_hashing_called);
}

ALWAYS void prepare_all(const struct damp_ctx *c, struct damp_pkt *p, unsigned n, const struct damp_hashing *h)
{
	const bool one = one_class(c->v), floods = c->flood != NULL && c->flood->on;
	const bool usual = floods && c->v->classes[0].flags == 0;

	for (unsigned i = 0; i < n; i++, p++) {
		reset(p);
		if (p->frame.cls == DAMP_FRAME_OTHER)
			continue;
		if (damp_unlikely(!one))
			classify_ends(c, p);
		if (p->side == DAMP_OUTSIDE && p->kind == DAMP_KIND_REQUEST)
			prepare_as(c, p, DAMP_OUTSIDE, DAMP_KIND_REQUEST, h,
				   damp_likely(one) ? usual : floods && damp_flood_class(c->v, p));
		else
			prepare_as(c, p, p->side, p->kind, h, false);
	}
}

/* The line of the Message ID that an ACK or RST will ask for, or that a CON or
 * NON will leave, a ping too; its key is kept. */
ALWAYS void prefetch_mid(const struct damp_ctx *c, struct damp_pkt *p, const struct damp_hashing *h)
{
	const bool asks = damp_asks_for_mid(p);
	const bool outside = (p->side == DAMP_OUTSIDE) != asks;

	if (!asks && p->coap.type != DAMP_COAP_CON && p->coap.type != DAMP_COAP_NON)
		return;
	p->mid_key = h->two(&c->j->h_mid, damp_key_ends(p->peer_key, p->device_key),
			    damp_seen_word(outside ? DAMP_SEEN_FROM_OUTSIDE : DAMP_SEEN_FROM_INSIDE, p->coap.mid));
	damp_seen_prefetch(c->w->seen, p->mid_key);
}

/* The places that a proved peer asks for, if it registers. */
static __attribute__((noinline)) void prefetch_places(const struct damp_ctx *c, struct damp_pkt *p)
{
	if (!damp_registers(p))
		return;
	if (!p->rungs_hashed)
		damp_hash_rungs(c, p);
	p->path_hash = damp_path_hash(c, p);
	p->path_hashed = 1;
	damp_observe_prefetch(c, p, (uint32_t)p->path_hash);
}

/* What a notification to a proved peer asks for: a first one takes places too. */
static void prefetch_notification(const struct damp_ctx *c, struct damp_pkt *p)
{
	const struct damp_xchg *x;

	damp_seen_prefetch(c->w->seen, damp_key_notified(p->xchg_key));
	if (damp_obs_find(c->w->obs, p->xchg_key, c->now) != NULL) {
		if (p->coap.type == DAMP_COAP_NON)
			damp_ledger_prefetch(c->j->ledger, damp_ledger_key(p->xchg_key, DAMP_DOMAIN_NOTIFY));
		return;
	}
	x = damp_xchg_find(c->w->xchg, p->xchg_key, c->now);
	if (x == NULL)
		return;
	if (!p->rungs_hashed)
		damp_hash_rungs(c, p);
	damp_observe_prefetch(c, p, x->path);
}

/* What an answer of the inside asks for beside the plain one's lines. */
static __attribute__((noinline)) void prefetch_more(const struct damp_ctx *c, struct damp_pkt *p)
{
	if (damp_coap_has(&p->coap, DAMP_OPTBIT_BLOCK2))
		damp_peer_prefetch(c->j->peers, damp_key_blocks(p->device_key));
	if (p->coap.type == DAMP_COAP_CON)
		damp_seen_prefetch(c->w->seen, damp_key_seen(c->j, p, DAMP_SEEN_CON_OUT, 0));
	if (damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE) && p->proved)
		prefetch_notification(c, p);
}

/* What has the peer proved? Only what comes from it keeps its proof alive, and only
 * where it is judged. Answers are looked at for the short way of admit.c. */
static inline enum damp_standing standing(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const bool admits = c->admit != NULL && c->admit->on;

	if (p->side == DAMP_INSIDE)
		return admits ? damp_peer_look(c->j->peers, p->peer_key, c->now, 0) : DAMP_UNPROVED;
	return damp_peer_look(c->j->peers, p->peer_key, c->now,
			      admits ? c->now + DAMP_SECONDS(c->g->proof_idle_s) : 0);
}

/*
 * Between the passes, when the peers' lines have come: the budgets, and the Message IDs
 * of what is likely to pass. Of what unproved peers send most is dropped, and leaves
 * none. A guess: a packet of this burst may still change what is proved.
 */
ALWAYS void foresee(const struct damp_ctx *c, struct damp_pkt *p, const struct damp_hashing *h)
{
	const bool message = p->kind == DAMP_KIND_REQUEST || p->kind == DAMP_KIND_RESPONSE;

	if (message) {
		p->mid_key = 0;
		p->proved = (uint8_t)standing(c, p);
	}
	if (p->budgets_wait && p->proved != DAMP_PROVED)
		prefetch_budgets(c, p);
	if (message && p->side == DAMP_OUTSIDE) {
		if (damp_likely(!p->proved))
			return;
		if (damp_unlikely(damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE)) && p->kind == DAMP_KIND_REQUEST)
			prefetch_places(c, p);
	} else if (p->budgets_wait) {
		damp_ledger_prefetch(c->j->ledger, damp_ledger_key(p->peer_key, DAMP_DOMAIN_PROVED));
		if (p->kind == DAMP_KIND_RESPONSE &&
		    (damp_unlikely(p->coap.options & MORE) || damp_unlikely(p->coap.type == DAMP_COAP_CON)))
			prefetch_more(c, p);
	}
	if (message || p->kind == DAMP_KIND_EMPTY)
		prefetch_mid(c, p, h);
}

ALWAYS void foresee_all(const struct damp_ctx *c, struct damp_pkt *p, unsigned n, const struct damp_hashing *h)
{
	const struct damp_peer_table *peers = c->j->peers;

	for (unsigned i = 0; i < n; i++) {
		/* What a flood consists of, of nobody who is proved: there is no more to it. */
		if (p[i].plain && !p[i].budgets_wait && damp_likely(!damp_peer_listed(peers, p[i].peer_key)))
			continue;
		foresee(c, &p[i], h);
	}
}

static void prepare_any(const struct damp_ctx *c, struct damp_pkt *p, unsigned n)
{
	prepare_all(c, p, n, &damp_hashing_called);
}

static void foresee_any(const struct damp_ctx *c, struct damp_pkt *p, unsigned n)
{
	foresee_all(c, p, n, &damp_hashing_called);
}

#if defined(DAMP_HASHER_HAS_AES)
static const struct damp_hashing inlined = { damp_aes2, damp_aes3, damp_aes2_pair };

DAMP_WITH_AES static void prepare_aes(const struct damp_ctx *c, struct damp_pkt *p, unsigned n)
{
	prepare_all(c, p, n, &inlined);
}

DAMP_WITH_AES static void foresee_aes(const struct damp_ctx *c, struct damp_pkt *p, unsigned n)
{
	foresee_all(c, p, n, &inlined);
}
#else
#define prepare_aes prepare_any
#define foresee_aes foresee_any
#endif

/* All hashers of a judge are of one kind. */
static bool has_aes(const struct damp_ctx *c)
{
	return damp_likely(c->j->h_addr.aes && c->j->h_xchg.aes && c->j->h_mid.aes);
}

void damp_prepare(const struct damp_ctx *c, struct damp_pkt *p, unsigned n)
{
	if (has_aes(c))
		prepare_aes(c, p, n);
	else
		prepare_any(c, p, n);
}

void damp_foresee(const struct damp_ctx *c, struct damp_pkt *p, unsigned n)
{
	if (has_aes(c))
		foresee_aes(c, p, n);
	else
		foresee_any(c, p, n);
}
