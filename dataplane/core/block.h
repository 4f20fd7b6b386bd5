/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks: who stays above a limit of a rule with `block`, is dropped altogether
 * for a while, and longer each time.
 *
 * Idea: a worker only notes "this end was above the limit of this rule", at most
 * four times a second for one end, in a ring of its own. The main thread reads
 * the notes, sees who stays, and puts prefixes into the lists that workers
 * look blocked ends up in (prefixes.h). So nothing on the fast path counts
 * time, and the table of suspects has one writer.
 *
 * Invariant: whoever can forge an address cannot have it blocked. A note is
 * made of an outside end only when it is proved, of an inside end only when it
 * sent the message; so a spoofed flood neither fills the table nor locks
 * anybody out. What remains is said in docs/rules.md: who knows address and
 * port of a proved peer can use up its limits, and so its way to a block.
 *
 * Invariant: a rule in mode observe notes and lists like any other, but its
 * blocks are marked and drop nothing.
 *
 * Reference: operators.md 0 (finding 4), 3.5; attacks.md AV-49.
 */
#ifndef DAMP_CORE_BLOCK_H
#define DAMP_CORE_BLOCK_H

#include "prefixes.h"
#include "view.h"

#include <damper/events.h>

#define DAMP_NOTES 256u                         /* a power of two */
#define DAMP_NOTE_RECENT 64u
#define DAMP_NOTE_GAP (DAMP_TICK_HZ / 4)
#define DAMP_SUSPECT_LINES 512u
#define DAMP_SUSPECT_WAYS 8u
#define DAMP_BLOCK_PAUSE_S 10u                  /* longer below the limit: it begins anew */

/* Tags of blocked prefixes: the stats slot of the rule, 0 of an operator. */
#define DAMP_BLOCK_OBSERVED (1u << 31)
#define DAMP_BLOCK_SLOT(tag) ((uint16_t)(tag))

struct damp_note {
	struct damp_addr addr;          /* of the prefix */
	damp_tick at;
	uint16_t slot;                  /* stats slot of the rule: survives reloads */
	uint8_t plen, dirs;             /* bits 1 << DAMP_LIST_FROM, 1 << DAMP_LIST_TO */
};

/* One worker's. */
struct damp_notes {
	uint32_t head, tail;            /* free running; tail is the worker's */
	struct damp_note note[DAMP_NOTES];
	struct { uint64_t key; damp_tick at; } recent[DAMP_NOTE_RECENT];
};

/* An end that was above a limit not long ago. */
struct damp_suspect {
	struct damp_addr addr;
	damp_tick first, last;          /* above the limit, without a pause */
	damp_tick until;                /* of the newest block, 0: there was none */
	uint32_t for_s;                 /* its length */
	uint16_t slot;                  /* 0: free */
	uint8_t plen, dirs;
	uint8_t times;                  /* blocks in a row */
	uint8_t observed;
};

struct damp_blocker {
	struct damp_prefixes *prefixes;
	struct damp_key key;
	/* Told of each block that begins, grows or ends, and of members of sets whose
	 * time is over; may be NULL. */
	void (*tell)(void *arg, const struct damp_notice *n, unsigned list);
	void *tell_arg;
	unsigned members_ended;         /* in the sweep that runs */
	uint64_t added, ended, full;    /* full: nobody to put out of the table, or of the lists */
	struct damp_suspect suspect[DAMP_SUSPECT_LINES][DAMP_SUSPECT_WAYS];
};

/* Worker: note an end. hashed: a keyed hash of it and the rule. */
void damp_note_over(struct damp_notes *n, const struct damp_note *note, uint64_t hashed);

/* Main thread: read the notes of a worker. v: the running view, whose live part
 * holds. */
void damp_blocker_read(struct damp_blocker *b, struct damp_notes *n, const struct damp_view *v);

/* End what is over; take back blocks of rules that are gone, have no `block` any
 * more or another mode. After a load, a change of mode, and once a second. */
void damp_blocker_review(struct damp_blocker *b, const struct damp_view *v, damp_tick now);

/* Each end that a rule has blocked and that still is. fn must change nothing here. */
void damp_blocker_each(const struct damp_blocker *b, damp_tick now,
		       void (*fn)(void *arg, const struct damp_suspect *s), void *arg);

/* Have a rule's block go on that began before a restart, until s->until. A review
 * has to follow. False: no room. */
bool damp_blocker_restore(struct damp_blocker *b, const struct damp_suspect *s, damp_tick now);

/* By an operator: messages from and to a prefix, and the end of it, whoever put
 * it there (false: it was not blocked). */
enum damp_prefix_put damp_block_put(struct damp_blocker *b, const struct damp_addr *addr, unsigned plen,
				    damp_tick due, damp_tick now);
bool damp_block_take(struct damp_blocker *b, const struct damp_addr *addr, unsigned plen);

#endif
