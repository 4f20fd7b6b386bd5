/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies of frames as they came, with what became of them: a ring per worker in
 * a file beside the counters, filled only while somebody asked for it.
 *
 * Idea: a broadcast ring as for events (events.h). The frame is copied before
 * anything is rewritten or dropped, the rest is filled in when the verdict is
 * known; then the record is published, or given up when nobody asked for it.
 * Beside what is asked for now and then, damperd may keep copies of what is
 * dropped all the time (`capture: drops` of the rule file), by a lease that it
 * renews; such records are marked as kept, and are nobody else's.
 *
 * Invariant: a capture ends by itself; at most DAMP_CAPTURE_PER_S records a
 * second and worker are kept, and of the standing one DAMP_KEEP_PER_SLICE in an
 * eighth of a second; what was wanted beyond the first is counted in `missed`.
 * No verdict depends on any of this.
 */
#ifndef DAMPER_CAPTURE_H
#define DAMPER_CAPTURE_H

#include <damper/stats.h>
#include <stdint.h>

#define DAMP_CAPTURE_MAGIC 0x504143504d504d44ull
#define DAMP_CAPTURE_FILE "capture"     /* below the runtime directory; holds payloads: not for everybody */
#define DAMP_CAPTURE_SLOTS 256u         /* per worker, a power of two */
#define DAMP_CAPTURE_SNAP 1536u         /* bytes kept of a frame */
#define DAMP_CAPTURE_PER_S 1000u
#define DAMP_CAPTURE_MAX_S 3600u        /* longest capture one request may ask for */
#define DAMP_KEEP_LEASE_S 60u
#define DAMP_KEEP_PER_SLICE 64u         /* fits the ring: damperd reads it five times a second */
#define DAMP_KEEP_ALL (1ull << 32)      /* the share of all */

/* What is wanted, as the value of a request: verdicts as bits, and a reason. */
#define DAMP_CAPTURE_ANY_REASON 0xffu
#define DAMP_CAPTURE_WANT(verdicts, reason) ((uint32_t)(verdicts) | (uint32_t)(reason) << 8)

struct damp_capture_record {
	uint64_t seq;               /* equals the slot's sequence number when whole */
	uint64_t wall_us;
	uint32_t len, caplen;       /* of the frame; bytes of it that follow */
	uint16_t rule_slot;         /* stats.h slot of the rule that decided, or would; 0 none */
	uint8_t side, reason, verdict, observed, proved;
	uint8_t kept;               /* of the standing capture of drops */
	uint8_t data[DAMP_CAPTURE_SNAP];
};

struct damp_capture_ring {
	uint64_t head;              /* next sequence number; release store by the worker */
	uint64_t missed;            /* wanted, but beyond what is kept in a second */
	uint64_t pad[6];
	struct damp_capture_record slot[DAMP_CAPTURE_SLOTS];
} __attribute__((aligned(64)));

struct damp_capture_file {
	uint64_t magic;
	uint32_t version, nworkers;
	uint64_t boot_id;
	/* Written by the main thread, `until` last; read by the workers once a burst. */
	uint64_t until;             /* tick at which it ends */
	uint32_t want;              /* DAMP_CAPTURE_WANT */
	uint32_t rule_slot;         /* 0: any */
	/* The same of the standing one. */
	uint64_t keep_until;        /* tick at which its lease ends */
	uint64_t keep_share;        /* of the dropped, 32 fraction bits */
	uint64_t pad[1];
	struct damp_capture_ring ring[];        /* [nworkers] */
};

#endif
