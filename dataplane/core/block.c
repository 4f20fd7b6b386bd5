/* SPDX-License-Identifier: BSD-3-Clause */
/* See block.h. */
#include "block.h"

#include "live.h"

#define LONGEST_S (30u * 86400u)
#define MS_TICKS(ms) ((damp_tick)(ms) * DAMP_TICK_HZ / 1000)

void damp_note_over(struct damp_notes *n, const struct damp_note *note, uint64_t hashed)
{
	const uint32_t head = __atomic_load_n(&n->head, __ATOMIC_ACQUIRE);
	const unsigned r = hashed % DAMP_NOTE_RECENT;

	if (n->recent[r].key == hashed && note->at < n->recent[r].at + DAMP_NOTE_GAP)
		return;
	if (n->tail - head == DAMP_NOTES)
		return; /* who stays above comes again */
	n->recent[r].key = hashed;
	n->recent[r].at = note->at;
	n->note[n->tail % DAMP_NOTES] = *note;
	/* Partner: the acquire load in damp_blocker_read(). */
	__atomic_store_n(&n->tail, n->tail + 1, __ATOMIC_RELEASE);
}

static const struct damp_rule *rule_of(const struct damp_view *v, uint16_t slot, enum damp_mode *mode)
{
	for (uint32_t i = 0; i < v->hdr->nrules; i++)
		if (v->rule_slot[i] == slot && v->rules[i].block.for_s != 0) {
			*mode = damp_live_mode(v, i);
			return &v->rules[i];
		}
	return NULL;
}

static bool same(const struct damp_suspect *s, const struct damp_note *n)
{
	return s->slot == n->slot && s->plen == n->plen && s->dirs == n->dirs &&
	       memcmp(&s->addr, &n->addr, sizeof(s->addr)) == 0;
}

/* The suspect of a note; a new one in place of whoever was good the longest,
 * never of one that is blocked. NULL: all are. */
static struct damp_suspect *suspect_of(struct damp_blocker *b, const struct damp_note *n)
{
	const uint64_t h = damp_hash3(&b->key, damp_get64(n->addr.b), damp_get64(n->addr.b + 8),
				      (uint64_t)n->slot << 16 | (uint64_t)n->dirs << 8 | n->plen);
	struct damp_suspect *line = b->suspect[h % DAMP_SUSPECT_LINES], *oldest = NULL;

	for (unsigned i = 0; i < DAMP_SUSPECT_WAYS; i++) {
		if (same(&line[i], n))
			return &line[i];
		if (line[i].until > n->at)
			continue;
		if (oldest == NULL || line[i].last < oldest->last)
			oldest = &line[i];
	}
	if (oldest == NULL) {
		b->full++;
		return NULL;
	}
	*oldest = (struct damp_suspect){ .addr = n->addr, .slot = n->slot, .plen = n->plen, .dirs = n->dirs };
	return oldest;
}

/* How long this time. Who was good for twice as long as the last block begins anew. */
static uint32_t length(struct damp_suspect *s, const struct damp_rule_block *k, damp_tick at)
{
	const uint32_t most = k->max_s ? k->max_s : LONGEST_S;
	uint64_t q8 = (uint64_t)k->for_s << 8;

	if (s->until != 0 && at > s->until + DAMP_SECONDS(2ull * s->for_s))
		s->times = 0;
	for (unsigned i = 0; i < s->times && q8 >> 8 < most; i++)
		q8 = q8 * k->grow_q8 >> 8;
	return q8 >> 8 < most ? (uint32_t)(q8 >> 8) : most;
}

static void tell(const struct damp_blocker *b, enum damp_notice_kind kind, const struct damp_addr *addr,
		 unsigned plen, struct damp_notice n, unsigned list)
{
	if (b->tell == NULL)
		return;
	n.kind = (uint8_t)kind;
	n.plen = (uint8_t)plen;
	memcpy(n.addr, addr->b, sizeof(n.addr));
	b->tell(b->tell_arg, &n, list);
}

static void tell_suspect(const struct damp_blocker *b, enum damp_notice_kind kind,
			 const struct damp_suspect *s)
{
	tell(b, kind, &s->addr, s->plen,
	     (struct damp_notice){ .for_s = s->for_s, .rule_slot = s->slot,
				   .from = (s->dirs >> DAMP_LIST_FROM) & 1, .to = (s->dirs >> DAMP_LIST_TO) & 1,
				   .observed = s->observed, .times = s->times },
	     DAMP_LIST_FROM);
}

static void put_lists(struct damp_blocker *b, const struct damp_suspect *s, damp_tick now)
{
	const uint32_t tag = s->slot | (s->observed ? DAMP_BLOCK_OBSERVED : 0);

	for (unsigned list = DAMP_LIST_FROM; list <= DAMP_LIST_TO; list++)
		if (s->dirs & 1u << list && damp_prefixes_add(b->prefixes, list, &s->addr, s->plen,
							      s->until, tag, now) > DAMP_PREFIX_CHANGED)
			b->full++;
}

static void take_lists(struct damp_blocker *b, const struct damp_suspect *s)
{
	for (unsigned list = DAMP_LIST_FROM; list <= DAMP_LIST_TO; list++)
		if (s->dirs & 1u << list)
			damp_prefixes_del(b->prefixes, list, &s->addr, s->plen);
}

static damp_tick longest_pause(const struct damp_rule_block *k)
{
	const damp_tick half = MS_TICKS(k->after_ms) / 2, most = DAMP_SECONDS(DAMP_BLOCK_PAUSE_S);

	if (half < DAMP_TICK_HZ)
		return DAMP_TICK_HZ;
	return half < most ? half : most;
}

static void judge_note(struct damp_blocker *b, const struct damp_note *n, const struct damp_view *v)
{
	enum damp_mode mode = DAMP_MODE_OFF;
	const struct damp_rule *r = rule_of(v, n->slot, &mode);
	struct damp_suspect *s = r != NULL && mode != DAMP_MODE_OFF ? suspect_of(b, n) : NULL;

	if (s == NULL || s->until > n->at)
		return;
	if (s->first == 0 || n->at > s->last + longest_pause(&r->block))
		s->first = n->at;
	s->last = n->at;
	if (n->at - s->first < MS_TICKS(r->block.after_ms))
		return;
	s->for_s = length(s, &r->block, n->at);
	s->until = n->at + DAMP_SECONDS(s->for_s);
	s->times = s->times == UINT8_MAX ? UINT8_MAX : (uint8_t)(s->times + 1);
	s->first = 0;
	s->observed = mode == DAMP_MODE_OBSERVE;
	put_lists(b, s, n->at);
	b->added++;
	tell_suspect(b, s->times > 1 ? DAMP_NOTICE_BLOCK_GREW : DAMP_NOTICE_BLOCK_BEGAN, s);
}

void damp_blocker_read(struct damp_blocker *b, struct damp_notes *n, const struct damp_view *v)
{
	const uint32_t tail = __atomic_load_n(&n->tail, __ATOMIC_ACQUIRE);

	while (n->head != tail) {
		judge_note(b, &n->note[n->head % DAMP_NOTES], v);
		__atomic_store_n(&n->head, n->head + 1, __ATOMIC_RELEASE);
	}
}

static void review_one(struct damp_blocker *b, struct damp_suspect *s, const struct damp_view *v)
{
	enum damp_mode mode = DAMP_MODE_OFF;
	const struct damp_rule *r = rule_of(v, s->slot, &mode);

	if (r != NULL && mode == (s->observed ? DAMP_MODE_OBSERVE : DAMP_MODE_ENFORCE))
		return;
	take_lists(b, s);
	tell_suspect(b, DAMP_NOTICE_BLOCK_TAKEN, s);
	memset(s, 0, sizeof(*s));
	b->ended++;
}

void damp_blocker_each(const struct damp_blocker *b, damp_tick now,
		       void (*fn)(void *arg, const struct damp_suspect *s), void *arg)
{
	for (unsigned i = 0; i < DAMP_SUSPECT_LINES; i++)
		for (unsigned k = 0; k < DAMP_SUSPECT_WAYS; k++)
			if (b->suspect[i][k].slot != 0 && b->suspect[i][k].until > now)
				fn(arg, &b->suspect[i][k]);
}

bool damp_blocker_restore(struct damp_blocker *b, const struct damp_suspect *s, damp_tick now)
{
	const struct damp_note note = {
		.addr = s->addr, .at = now, .slot = s->slot, .plen = s->plen, .dirs = s->dirs
	};
	struct damp_suspect *to = suspect_of(b, &note);

	if (to == NULL)
		return false;
	*to = *s;
	put_lists(b, to, now);
	b->added++;
	tell_suspect(b, DAMP_NOTICE_BLOCK_BEGAN, to); /* for who listens now it begins */
	return true;
}

static void count_end(void *arg, const struct damp_prefix *p)
{
	struct damp_blocker *b = arg;
	const bool block = p->list < DAMP_LIST_SETS;
	const unsigned other = p->list == DAMP_LIST_FROM ? DAMP_LIST_TO : DAMP_LIST_FROM;
	const struct damp_notice n = { .rule_slot = block ? DAMP_BLOCK_SLOT(p->tag) : 0,
				       .observed = block && (p->tag & DAMP_BLOCK_OBSERVED) != 0 };

	b->ended += block;
	if (!block && b->members_ended++ >= DAMP_NOTICE_MEMBERS)
		return;
	/* Of a block in both directions the last to go is told of. */
	if (!block || !damp_prefixes_holds(b->prefixes, other, &p->addr, p->plen))
		tell(b, block ? DAMP_NOTICE_BLOCK_ENDED : DAMP_NOTICE_MEMBER_ENDED, &p->addr, p->plen, n,
		     p->list);
}

/* Those that were too many to be told of one by one. */
static void tell_more(struct damp_blocker *b)
{
	static const struct damp_addr none;

	if (b->members_ended > DAMP_NOTICE_MEMBERS)
		tell(b, DAMP_NOTICE_MEMBER_ENDED, &none, 0,
		     (struct damp_notice){ .more = b->members_ended - DAMP_NOTICE_MEMBERS }, DAMP_LIST_FROM);
	b->members_ended = 0;
}

void damp_blocker_review(struct damp_blocker *b, const struct damp_view *v, damp_tick now)
{
	/* Where nobody was ever blocked there is nothing to walk through. */
	for (unsigned i = 0; i < DAMP_SUSPECT_LINES && b->added > 0; i++)
		for (unsigned k = 0; k < DAMP_SUSPECT_WAYS; k++)
			if (b->suspect[i][k].until > now)
				review_one(b, &b->suspect[i][k], v);
	damp_prefixes_sweep(b->prefixes, now, count_end, b);
	tell_more(b);
}

enum damp_prefix_put damp_block_put(struct damp_blocker *b, const struct damp_addr *addr, unsigned plen,
				    damp_tick due, damp_tick now)
{
	const enum damp_prefix_put from = damp_prefixes_add(b->prefixes, DAMP_LIST_FROM, addr, plen, due,
							    0, now);
	enum damp_prefix_put to;
	struct damp_addr whole;

	if (from > DAMP_PREFIX_CHANGED)
		return from;
	to = damp_prefixes_add(b->prefixes, DAMP_LIST_TO, addr, plen, due, 0, now);
	if (to > DAMP_PREFIX_CHANGED) {
		damp_prefixes_del(b->prefixes, DAMP_LIST_FROM, addr, plen);
		return to;
	}
	b->added++;
	whole = damp_addr_prefix(addr, plen);
	tell(b, DAMP_NOTICE_BLOCK_BEGAN, &whole, plen,
	     (struct damp_notice){
		     .for_s = (uint32_t)((due - now) / DAMP_TICK_HZ), .from = 1, .to = 1, .times = 1 },
	     DAMP_LIST_FROM);
	return to;
}

bool damp_block_take(struct damp_blocker *b, const struct damp_addr *addr, unsigned plen)
{
	const struct damp_addr whole = damp_addr_prefix(addr, plen);
	const bool from = damp_prefixes_del(b->prefixes, DAMP_LIST_FROM, addr, plen);
	const bool to = damp_prefixes_del(b->prefixes, DAMP_LIST_TO, addr, plen);
	uint16_t slot = 0;

	for (unsigned i = 0; i < DAMP_SUSPECT_LINES; i++)
		for (unsigned k = 0; k < DAMP_SUSPECT_WAYS; k++) {
			struct damp_suspect *s = &b->suspect[i][k];

			if (s->slot == 0 || s->plen != plen || memcmp(&s->addr, &whole, sizeof(whole)) != 0)
				continue;
			slot = s->slot;
			memset(s, 0, sizeof(*s));
		}
	b->ended += from || to;
	if (from || to)
		tell(b, DAMP_NOTICE_BLOCK_TAKEN, &whole, plen, (struct damp_notice){ .rule_slot = slot },
		     DAMP_LIST_FROM);
	return from || to;
}
