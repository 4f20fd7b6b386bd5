/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event records: what a worker tells about single packets, in a ring per
 * worker in a file beside the counters.
 *
 * Idea: a broadcast ring. The worker writes record seq into slot seq % size
 * and then publishes seq + 1; it never looks at readers and never waits. A
 * reader keeps its own position and finds out from `head` how many records it
 * lost. Records are sampled by the worker: at most one per reason and second,
 * with the number it stands for; and those that a rule's `log` and `warn` ask
 * for (core/tell.h).
 *
 * Invariant: a reader copies a record, then reads head again, and discards the
 * copy when its slot may have been overwritten meanwhile.
 */
#ifndef DAMPER_EVENTS_H
#define DAMPER_EVENTS_H

#include <damper/stats.h>
#include <stdint.h>

#define DAMP_EVENTS_MAGIC 0x5356454d504d4144ull
#define DAMP_EVENTS_FILE "events"   /* below the runtime directory */
#define DAMP_EVENT_SLOTS 1024u      /* per worker, a power of two */

/* Why there is a record. */
enum damp_event_how {
	DAMP_TOLD_SAMPLE,           /* one per reason and second */
	DAMP_TOLD_LOG,              /* `log` of its rule; represents counts messages of the rule */
	DAMP_TOLD_WARN,             /* `warn` of its rule: the message passed; likewise */
	DAMP_TOLD_MAX
};

struct damp_event {
	uint64_t seq;               /* equals the slot's sequence number when whole */
	uint64_t wall_us;           /* CLOCK_REALTIME at the time of the burst */
	uint64_t represents;        /* packets of this reason since the last record */
	uint8_t src[16], dst[16];   /* IPv4 as ::ffff:a.b.c.d */
	uint16_t sport, dport;
	uint16_t ip_len, mid;
	uint8_t side, kind, type, code;
	uint8_t tkl, verified, reason, verdict;
	uint32_t generation;
	uint16_t rule_slot;         /* stats.h slot, 0 when no rule decided */
	uint8_t observed;           /* mode observe: the verdict was not carried out */
	uint8_t would;              /* of one that was observed: the verdict it would have got */
	uint8_t how;                /* enum damp_event_how */
	uint8_t loud;               /* enum damp_loud of the rule */
	uint8_t used_percent;       /* WARN: of the rule's limit that is used up most */
	uint8_t path_len;
	char path[36];              /* text of the path, cut off */
};

struct damp_event_ring {
	uint64_t head;              /* next sequence number; release store by the worker */
	uint64_t pad[7];
	struct damp_event slot[DAMP_EVENT_SLOTS];
} __attribute__((aligned(64)));

/*
 * What the main thread of the data plane did by itself or by request: blocks,
 * and members of sets whose time is over. One ring, written like the others.
 */
#define DAMP_NOTICE_SLOTS 256u      /* a power of two */
#define DAMP_NOTICE_MEMBERS 32u     /* members told of one by one at a time; more are counted */

enum damp_notice_kind {
	DAMP_NOTICE_BLOCK_BEGAN,    /* for the first time, or anew after a quiet time */
	DAMP_NOTICE_BLOCK_GREW,     /* again, and longer unless the rule says otherwise */
	DAMP_NOTICE_BLOCK_ENDED,    /* its time is over */
	DAMP_NOTICE_BLOCK_TAKEN,    /* by an operator, or by a load or a mode that ended it */
	DAMP_NOTICE_MEMBER_ENDED,   /* of a set; more: how many others ended with it, untold */
	DAMP_NOTICE_MAX
};

struct damp_notice {
	uint64_t seq;               /* equals the slot's sequence number when whole */
	uint64_t wall_us;
	uint8_t addr[16];           /* IPv4 as ::ffff:a.b.c.d */
	uint32_t for_s;             /* of a block that begins */
	uint32_t more;
	uint16_t rule_slot;         /* of the rule, 0 of an operator */
	uint8_t kind, plen;         /* plen within its family */
	uint8_t from, to;           /* of a block that begins: what comes from it, what goes to it is dropped */
	uint8_t observed;           /* of a rule that observes: nothing is dropped */
	uint8_t times;              /* blocks in a row, this one included */
	char set[DAMP_NAME_MAX];    /* of a member */
};

struct damp_notice_ring {
	uint64_t head;              /* next sequence number; release store by the main thread */
	uint64_t pad[7];
	struct damp_notice slot[DAMP_NOTICE_SLOTS];
} __attribute__((aligned(64)));

struct damp_events {
	uint64_t magic;
	uint32_t version, nworkers;
	uint64_t boot_id;
	uint64_t pad[5];
	struct damp_event_ring ring[DAMP_WORKERS_MAX];
	struct damp_notice_ring notices;
};

#endif
