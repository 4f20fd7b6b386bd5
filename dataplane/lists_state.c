/* SPDX-License-Identifier: BSD-3-Clause */
/* See lists_state.h. */
#include "lists_state.h"

#include "core/block.h"
#include "lists.h"
#include "say.h"
#include "state.h"
#include "wire/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <rte_cycles.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x317473696c504d44ull
#define BOOT_LEN 40u

enum kind { KIND_OPERATOR, KIND_RULE, KIND_SET };

struct kept {
	char name[DAMP_NAME_MAX];       /* of the rule, of the set */
	uint8_t addr[16];
	uint64_t left_ms;
	uint32_t for_s;                 /* RULE: length of this block */
	uint8_t kind, plen, dirs, times, observed;
	uint8_t pad[7];
};

struct head {
	uint64_t magic, checksum;       /* of what follows it */
	uint64_t saved_ms;              /* CLOCK_MONOTONIC */
	uint64_t n;
	char boot[BOOT_LEN];
};

static damp_tick now_tick(const struct damp_plane *p)
{
	return damp_clock_tick(&p->clock, rte_rdtsc());
}

static uint64_t monotonic_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Empty when the kernel has none: then each start counts as another boot. */
static void read_boot(char out[BOOT_LEN])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	memset(out, 0, BOOT_LEN);
	if (f == NULL)
		return;
	if (fgets(out, BOOT_LEN, f) == NULL)
		out[0] = '\0';
	fclose(f);
}

struct collect {
	const struct damp_plane *p;
	damp_tick now;
	struct kept *item;
	size_t n, room;
	uint64_t left_out;
};

static struct kept *add(struct collect *c, enum kind kind, const struct damp_addr *addr, unsigned plen,
			damp_tick due)
{
	struct kept *k;

	if (c->n == DAMP_LISTS_SAVED_MAX) {
		c->left_out++;
		return NULL;
	}
	if (c->n == c->room) {
		const size_t room = c->room ? 2 * c->room : 64;
		struct kept *more = realloc(c->item, room * sizeof(*more));

		if (more == NULL)
			return NULL;
		c->item = more;
		c->room = room;
	}
	k = &c->item[c->n++];
	memset(k, 0, sizeof(*k));
	k->kind = (uint8_t)kind;
	k->plen = (uint8_t)plen;
	memcpy(k->addr, addr->b, sizeof(k->addr));
	k->left_ms = due > c->now ? (due - c->now) * 1000 / DAMP_TICK_HZ : 0;
	return k;
}

static void add_suspect(void *arg, const struct damp_suspect *s)
{
	struct collect *c = arg;
	struct kept *k = add(c, KIND_RULE, &s->addr, s->plen, s->until);

	if (k == NULL)
		return;
	memcpy(k->name, c->p->stats->rule_slot[s->slot % DAMP_RULE_SLOTS], sizeof(k->name));
	k->for_s = s->for_s;
	k->dirs = s->dirs;
	k->times = s->times;
	k->observed = s->observed;
}

/* Both lists have an operator's block; those of rules are the suspects'. */
static void add_block(void *arg, const struct damp_prefix *x)
{
	if (x->list == DAMP_LIST_FROM && x->tag == 0)
		add(arg, KIND_OPERATOR, &x->addr, x->plen, x->due);
}

static void add_member(void *arg, const struct damp_prefix *x)
{
	struct collect *c = arg;
	struct kept *k = x->list >= DAMP_LIST_SETS ? add(c, KIND_SET, &x->addr, x->plen, x->due) : NULL;

	if (k != NULL)
		memcpy(k->name, c->p->set_name[x->list], sizeof(k->name));
}

static uint64_t checksum(const struct head *h, const struct kept *item)
{
	static const struct damp_key zero;
	const uint64_t part[2] = { damp_siphash24(&zero, &h->saved_ms,
						  sizeof(*h) - offsetof(struct head, saved_ms)),
				   damp_siphash24(&zero, item, h->n * sizeof(*item)) };

	return damp_siphash24(&zero, part, sizeof(part));
}

static void write_down(struct damp_plane *p, struct collect *c)
{
	struct head h = { .magic = MAGIC, .saved_ms = monotonic_ms(), .n = c->n };
	char *data = malloc(sizeof(h) + c->n * sizeof(*c->item) + 1);
	int rc = -ENOMEM;

	if (data != NULL) {
		read_boot(h.boot);
		h.checksum = checksum(&h, c->item);
		memcpy(data, &h, sizeof(h));
		if (c->n > 0)
			memcpy(data + sizeof(h), c->item, c->n * sizeof(*c->item));
		rc = damp_state_replace(p->config.state_dir, DAMP_LISTS_FILE, data,
					sizeof(h) + c->n * sizeof(*c->item));
	}
	free(data);
	if (rc != 0 && !p->lists.complained)
		damp_say("%s/%s: %s; blocks and members of sets end with this run", p->config.state_dir,
			 DAMP_LISTS_FILE, strerror(-rc));
	if (c->left_out > 0 && !p->lists.complained)
		damp_say("%llu members of sets are beyond the %u that outlive a restart",
			 (unsigned long long)c->left_out, DAMP_LISTS_SAVED_MAX);
	p->lists.complained = rc != 0 || c->left_out > 0;
}

void damp_lists_touch(struct damp_plane *p)
{
	p->lists.changed = true;
	p->lists.next = 0; /* what a person did is written down with the next look */
}

void damp_lists_save(struct damp_plane *p, bool at_once)
{
	struct damp_blocker *b = p->judge != NULL ? damp_judge_blocker(p->judge) : NULL;
	struct collect c = { .p = p, .now = now_tick(p) };

	if (b == NULL)
		return;
	p->lists.changed = p->lists.changed || b->added != p->lists.added || b->ended != p->lists.ended;
	p->lists.added = b->added;
	p->lists.ended = b->ended;
	if (!p->lists.changed || (!at_once && c.now < p->lists.next))
		return;
	p->lists.next = c.now + DAMP_SECONDS(DAMP_LISTS_SAVE_S);
	p->lists.changed = false;
	damp_blocker_each(b, c.now, add_suspect, &c);
	damp_prefixes_each(b->prefixes, c.now, add_block, &c);
	damp_prefixes_each(b->prefixes, c.now, add_member, &c);
	write_down(p, &c);
	free(c.item);
}

/* The file as it is, malloc'ed; NULL when there is none or it is damaged. */
static struct head *read_file(const struct damp_plane *p)
{
	char path[DAMP_PATH_MAX + 32];
	struct head *h = NULL;
	struct stat st;
	int fd = -1;

	if (damp_path_join(path, sizeof(path), p->config.state_dir, DAMP_LISTS_FILE) == 0)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && st.st_size >= (off_t)sizeof(*h) &&
	    st.st_size <= (off_t)(sizeof(*h) + DAMP_LISTS_SAVED_MAX * sizeof(struct kept)))
		h = malloc((size_t)st.st_size);
	if (h != NULL && (damp_read_whole(fd, h, (size_t)st.st_size) != 0 || h->magic != MAGIC ||
			  h->n > DAMP_LISTS_SAVED_MAX ||
			  sizeof(*h) + h->n * sizeof(struct kept) != (size_t)st.st_size ||
			  h->checksum != checksum(h, (const struct kept *)(h + 1)))) {
		free(h);
		h = NULL;
	}
	close(fd);
	if (h == NULL)
		damp_say("%s is damaged: blocks and members of sets begin anew", path);
	return h;
}

/* The stats slot of a rule of what runs, 0 when it has none of that name. */
static uint16_t slot_of(const struct damp_view *v, const char *rule)
{
	for (uint32_t i = 0; i < v->hdr->nrules; i++)
		if (strcmp(damp_view_string(v, v->rules[i].id_off), rule) == 0)
			return v->rule_slot[i];
	return 0;
}

static bool put_back(struct damp_plane *p, const struct kept *k, uint64_t left_ms, damp_tick now)
{
	struct damp_blocker *b = damp_judge_blocker(p->judge);
	const damp_tick due = now + left_ms * DAMP_TICK_HZ / 1000;
	struct damp_suspect s = { .last = now, .until = due, .for_s = k->for_s, .plen = k->plen,
				  .dirs = k->dirs, .times = k->times, .observed = k->observed };
	struct damp_addr addr;
	int list;

	memcpy(addr.b, k->addr, sizeof(addr.b));
	if (k->plen > (damp_addr_is_v4(&addr) ? 32u : 128u) || left_ms > (uint64_t)DAMP_FOR_MAX_S * 1000 ||
	    memchr(k->name, '\0', sizeof(k->name)) == NULL)
		return false;
	switch (k->kind) {
	case KIND_OPERATOR:
		return damp_block_put(b, &addr, k->plen, due, now) <= DAMP_PREFIX_CHANGED;
	case KIND_RULE:
		s.addr = addr;
		s.slot = slot_of(p->signals.view, k->name);
		return s.slot != 0 && damp_blocker_restore(b, &s, now);
	case KIND_SET:
		list = damp_lists_named(p, k->name);
		return list >= 0 && damp_prefixes_add(b->prefixes, (unsigned)list, &addr, k->plen, due, 0,
						      now) <= DAMP_PREFIX_CHANGED;
	default:
		return false;
	}
}

unsigned damp_lists_restore(struct damp_plane *p)
{
	struct head *h = read_file(p);
	const damp_tick now = now_tick(p);
	const uint64_t now_ms = monotonic_ms();
	char boot[BOOT_LEN];
	uint64_t passed = 0;
	unsigned n = 0;

	if (h == NULL)
		return 0;
	read_boot(boot);
	if (boot[0] != '\0' && memcmp(boot, h->boot, sizeof(boot)) == 0 && now_ms > h->saved_ms)
		passed = now_ms - h->saved_ms;
	for (uint64_t i = 0; i < h->n; i++) {
		const struct kept *k = (const struct kept *)(h + 1) + i;

		if (k->left_ms > passed)
			n += put_back(p, k, k->left_ms - passed, now);
	}
	free(h);
	if (n > 0)
		damp_say("%u blocks and members of sets go on", n);
	return n;
}
