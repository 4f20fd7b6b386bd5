/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Samples of judged packets for `damper learn`: in a ring per worker, in a file
 * beside the counters, written only while somebody learns.
 *
 * Idea: the broadcast ring of events.h. What is sampled is not packets but
 * keys: of one peer in so many all packets, and the same of devices, paths and
 * tenants, by a keyed hash, since a rate needs every packet of its key. A lease
 * ends the sampling by itself when nobody renews it.
 *
 * Invariant: as events.h. Off, it costs a worker one test for each burst.
 */
#ifndef DAMPER_SAMPLES_H
#define DAMPER_SAMPLES_H

#include <damper/stats.h>
#include <stdint.h>

#define DAMP_SAMPLES_MAGIC 0x324d4153504d4144ull
#define DAMP_SAMPLES_FILE "samples"     /* below the runtime directory */
#define DAMP_SAMPLE_SLOTS 4096u         /* per worker, a power of two */
#define DAMP_SAMPLE_LEASE_S 60u
#define DAMP_SAMPLE_ONE_IN_MAX 65536u

#define DAMP_SAMPLE_OF_PEER 1u          /* the peer is one of those sampled */
#define DAMP_SAMPLE_OF_DEVICE 2u
#define DAMP_SAMPLE_OF_PATH 4u          /* the path of the request */
#define DAMP_SAMPLE_OF_TENANT 8u

struct damp_key_sample {
	uint64_t seq;                   /* equals the slot's sequence number when whole */
	uint64_t tick;                  /* of the burst, 2^-20 s */
	uint8_t peer[16], device[16];   /* IPv4 as ::ffff:a.b.c.d */
	uint64_t path;                  /* a keyed hash of that of a request, else 0 */
	uint32_t tenant;                /* as in struct damp_class; 0: nobody's */
	uint32_t one_in;                /* as it was asked for then */
	uint16_t ip_len;
	uint8_t side, reason;
	uint8_t of, pad[3];             /* DAMP_SAMPLE_OF_x */
};

struct damp_sample_ring {
	uint64_t head;                  /* next sequence number; release store by the worker */
	uint64_t pad[7];
	struct damp_key_sample slot[DAMP_SAMPLE_SLOTS];
} __attribute__((aligned(64)));

struct damp_samples {
	uint64_t magic;
	uint32_t version, nworkers;
	uint64_t boot_id;
	uint64_t pad[5];
	struct damp_sample_ring ring[];  /* [nworkers] */
};

#endif
