/* SPDX-License-Identifier: BSD-3-Clause */
/* See lists.h. */
#include "lists.h"

#include "core/block.h"
#include "core/slot.h"
#include "lists_state.h"
#include "programs.h"
#include "say.h"
#include "wire/sealed.h"

#include <errno.h>
#include <rte_cycles.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static damp_tick now_tick(const struct damp_plane *p)
{
	return damp_clock_tick(&p->clock, rte_rdtsc());
}

int damp_lists_named(const struct damp_plane *p, const char *name)
{
	for (unsigned i = DAMP_LIST_SETS; i < DAMP_LISTS_MAX; i++)
		if (strcmp(p->set_name[i], name) == 0)
			return (int)i;
	return -1;
}

static bool asked_for(const struct damp_view *v, uint32_t sets, unsigned list)
{
	for (uint32_t i = 0; i < sets; i++)
		if (v->live.list_of[i] == list)
			return true;
	return false;
}

/* A list for set number `set` of v: that of its name, one that never had a name,
 * one that is empty, and at last any that no rule asks for, which is emptied.
 * There are more lists than two programs have sets. */
static unsigned take_list(struct damp_plane *p, const struct damp_view *v, uint32_t set, const char *name)
{
	struct damp_prefixes *all = damp_judge_prefixes(p->judge);
	const struct damp_view *running = damp_programs_view(p);
	const int own = damp_lists_named(p, name);
	unsigned best = DAMP_LIST_SETS, worth = 0;

	if (own >= 0)
		return (unsigned)own;
	for (unsigned i = DAMP_LIST_SETS; i < DAMP_LISTS_MAX; i++) {
		const bool used = asked_for(v, set, i) ||
				  (running != NULL && asked_for(running, running->hdr->nsets, i));
		const unsigned w = used                             ? 0 :
				   p->set_name[i][0] == '\0'        ? 3 :
				   damp_prefixes_count(all, i) == 0 ? 2 :
								      1;

		if (w > worth) {
			best = i;
			worth = w;
		}
	}
	damp_prefixes_clear(all, best);
	snprintf(p->set_name[best], sizeof(p->set_name[best]), "%s", name);
	return best;
}

static void count(struct damp_plane *p)
{
	const struct damp_prefixes *all = damp_judge_prefixes(p->judge);
	const struct damp_blocker *b = damp_judge_blocker(p->judge);
	const uint32_t from = damp_prefixes_count(all, DAMP_LIST_FROM),
		       to = damp_prefixes_count(all, DAMP_LIST_TO);

	p->stats->blocks = from > to ? from : to;
	p->stats->blocks_added = b->added;
	p->stats->blocks_ended = b->ended;
	p->stats->blocks_full = b->full;
	p->stats->set_members = 0;
	for (unsigned i = DAMP_LIST_SETS; i < DAMP_LISTS_MAX; i++)
		p->stats->set_members += damp_prefixes_count(all, i);
}

static uint64_t wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* The blocker's word, into the ring that damperd reads. */
static void put_notice(void *arg, const struct damp_notice *n, unsigned list)
{
	struct damp_plane *p = arg;
	struct damp_notice_ring *ring = &p->events->notices;
	const uint64_t seq = ring->head;
	struct damp_notice *slot = &ring->slot[seq % DAMP_NOTICE_SLOTS];

	damp_slot_open(&slot->seq);
	*slot = *n;
	slot->wall_us = wall_us();
	if (list >= DAMP_LIST_SETS)
		memcpy(slot->set, p->set_name[list], sizeof(slot->set));
	damp_slot_close(&slot->seq, &ring->head, seq);
}

void damp_lists_tell(struct damp_plane *p)
{
	struct damp_blocker *b = damp_judge_blocker(p->judge);

	b->tell_arg = p;
	b->tell = put_notice;
}

void damp_lists_apply(struct damp_plane *p, struct damp_view *v)
{
	if (p->judge == NULL)
		return; /* nothing is judged yet */
	for (uint32_t i = 0; i < v->hdr->nsets; i++)
		v->live.list_of[i] = (uint8_t)take_list(p, v, i, damp_view_string(v, v->sets[i].name_off));
	damp_blocker_review(damp_judge_blocker(p->judge), v, now_tick(p));
	count(p);
}

void damp_lists_tick(struct damp_plane *p)
{
	struct damp_judge_worker *judge[DAMP_WORKERS_MAX];
	const damp_tick now = now_tick(p);

	for (unsigned i = 0; i < p->config.nworkers; i++)
		judge[i] = p->judge_worker[i];
	damp_judge_blocks(p->judge, judge, p->config.nworkers, p->signals.view);
	if (now < p->next_review)
		return;
	p->next_review = now + DAMP_SECONDS(1);
	damp_blocker_review(damp_judge_blocker(p->judge), p->signals.view, now);
	count(p);
	damp_lists_save(p, false);
}

static int no_room(const struct damp_plane *p, enum damp_prefix_put put, char *text, size_t len)
{
	if (put == DAMP_PREFIX_LENGTHS)
		snprintf(text, len, "a list has prefixes of at most %u different lengths",
			 DAMP_LIST_LENGTHS_MAX);
	else
		snprintf(text, len, "no room for this prefix: [tables] lists holds %llu",
			 (unsigned long long)damp_prefixes_capacity(damp_judge_prefixes(p->judge)));
	return ENOSPC;
}

static bool read_prefix(const struct damp_wire_request *r, struct damp_addr *addr, char *text, size_t len)
{
	memcpy(addr->b, r->addr, sizeof(addr->b));
	if (r->plen <= (damp_addr_is_v4(addr) ? 32u : 128u) && r->arg <= DAMP_FOR_MAX_S)
		return true;
	snprintf(text, len, "a prefix has at most 32 or 128 bits, and stays for at most %u s",
		 DAMP_FOR_MAX_S);
	return false;
}

int damp_lists_block(struct damp_plane *p, const struct damp_wire_request *r, char *text, size_t len)
{
	struct damp_blocker *b = damp_judge_blocker(p->judge);
	const damp_tick now = now_tick(p);
	enum damp_prefix_put put;
	struct damp_addr addr;

	if (!read_prefix(r, &addr, text, len))
		return ERANGE;
	if (r->arg == 0 && !damp_block_take(b, &addr, r->plen)) {
		snprintf(text, len, "this prefix is not blocked");
		return ENOENT;
	}
	if (r->arg > 0) {
		put = damp_block_put(b, &addr, r->plen, now + DAMP_SECONDS(r->arg), now);
		if (put > DAMP_PREFIX_CHANGED)
			return no_room(p, put, text, len);
	}
	damp_lists_touch(p);
	count(p);
	return 0;
}

/* The set as the running rules declare it, or NULL. */
static const struct damp_runtime_set *declared(const struct damp_view *v, const char *name)
{
	for (uint32_t i = 0; i < v->hdr->nsets; i++)
		if (strcmp(damp_view_string(v, v->sets[i].name_off), name) == 0)
			return &v->sets[i];
	return NULL;
}

static int add_member(struct damp_plane *p, const struct damp_wire_request *r,
		      const struct damp_addr *addr, char *text, size_t len)
{
	struct damp_prefixes *all = damp_judge_prefixes(p->judge);
	const struct damp_runtime_set *s = declared(damp_programs_view(p), r->name);
	const int list = damp_lists_named(p, r->name);
	const damp_tick now = now_tick(p);
	enum damp_prefix_put put;

	if (s == NULL || list < 0) {
		snprintf(text, len, "no running rule asks for a set '%s' of 'source: runtime'", r->name);
		return ENOENT;
	}
	if (damp_prefixes_count(all, (unsigned)list) >= s->size) {
		snprintf(text, len, "set '%s' is full: its 'size' is %u", r->name, s->size);
		return ENOSPC;
	}
	put = damp_prefixes_add(all, (unsigned)list, addr, r->plen,
				now + DAMP_SECONDS(r->arg > 0 ? r->arg : (uint64_t)s->timeout_s), 0, now);
	return put > DAMP_PREFIX_CHANGED ? no_room(p, put, text, len) : 0;
}

int damp_lists_set(struct damp_plane *p, const struct damp_wire_request *r, char *text, size_t len)
{
	const int list = damp_lists_named(p, r->name);
	struct damp_addr addr;
	int rc = 0;

	if (!read_prefix(r, &addr, text, len))
		return ERANGE;
	if (r->value == DAMP_SET_ADD) {
		rc = add_member(p, r, &addr, text, len);
	} else if (list < 0 ||
		   !damp_prefixes_del(damp_judge_prefixes(p->judge), (unsigned)list, &addr, r->plen)) {
		snprintf(text, len, "this prefix is not in set '%s'", r->name);
		rc = ENOENT;
	}
	if (rc == 0)
		damp_lists_touch(p);
	count(p);
	return rc;
}

struct show {
	const struct damp_plane *p;
	enum damp_wire_list what;
	damp_tick now;
	int fd;
	bool failed;
	unsigned n;
	struct damp_wire_item item[64];
};

static void flush(struct show *s)
{
	s->failed |= damp_write_whole(s->fd, s->item, s->n * sizeof(s->item[0])) != 0;
	s->n = 0;
}

static void show_one(void *arg, const struct damp_prefix *x)
{
	struct show *s = arg;
	const bool block = x->list < DAMP_LIST_SETS;
	struct damp_wire_item *i;

	if (block != (s->what == DAMP_SHOW_BLOCKS))
		return;
	if (s->n == sizeof(s->item) / sizeof(s->item[0]))
		flush(s);
	i = &s->item[s->n++];
	*i = (struct damp_wire_item){ .plen = x->plen,
				      .list = x->list,
				      .left_s = (uint32_t)((x->due - s->now + DAMP_TICK_HZ - 1) /
							   DAMP_TICK_HZ) };
	memcpy(i->addr, x->addr.b, sizeof(i->addr));
	if (!block) {
		memcpy(i->name, s->p->set_name[x->list], sizeof(i->name));
		return;
	}
	i->observed = (x->tag & DAMP_BLOCK_OBSERVED) != 0;
	i->by_rule = DAMP_BLOCK_SLOT(x->tag) != 0;
	if (i->by_rule)
		memcpy(i->name, s->p->stats->rule_slot[DAMP_BLOCK_SLOT(x->tag) % DAMP_RULE_SLOTS],
		       sizeof(i->name));
}

int damp_lists_show(struct damp_plane *p, enum damp_wire_list what)
{
	struct show *s = calloc(1, sizeof(*s));
	int fd = damp_sealed_open("damper-list");

	if (s == NULL || fd < 0) {
		free(s);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	s->p = p;
	s->what = what;
	s->now = now_tick(p);
	s->fd = fd;
	damp_prefixes_each(damp_judge_prefixes(p->judge), s->now, show_one, s);
	flush(s);
	if (s->failed || damp_seal(fd) != 0) {
		close(fd);
		fd = -1;
	}
	free(s);
	return fd;
}
