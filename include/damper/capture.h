/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies of frames as they came, with what became of them: a ring per worker in
 * a file beside the counters, filled only while somebody asked for it.
 *
 * Idea: a broadcast ring as for events (events.h). The frame is copied before
 * anything is rewritten or dropped, the rest is filled in when the verdict is
 * known; then the record is published, or given up when nobody asked for it.
 *
 * Invariant: a capture ends by itself; at most DAMP_CAPTURE_PER_S records a
 * second and worker are kept, what was wanted beyond them is counted in `missed`.
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

/* What is wanted, as the value of a request: verdicts as bits, and a reason. */
#define DAMP_CAPTURE_ANY_REASON 0xffu
#define DAMP_CAPTURE_WANT(verdicts, reason) ((uint32_t)(verdicts) | (uint32_t)(reason) << 8)

struct damp_capture_record {
	uint64_t seq;               /* equals the slot's sequence number when whole */
	uint64_t wall_us;
	uint32_t len, caplen;       /* of the frame; bytes of it that follow */
	uint16_t rule_slot;         /* stats.h slot of the rule that decided, or would; 0 none */
	uint8_t side, reason, verdict, observed, proved, pad;
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
	uint64_t pad[3];
	struct damp_capture_ring ring[];        /* [nworkers] */
};

#endif
