/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which worker polls which queue, and the rings by which packets reach the
 * worker they belong to.
 *
 * Idea: a packet is received where a queue happens to be polled, judged where
 * its conversation is owned (damp_judge_owner()), and sent on a queue that has
 * one owner. Rings between two workers have one producer and one consumer.
 *
 * Invariant: no queue is touched by two workers. Packets of one conversation
 * take one way through the rings, so their order is kept. A full ring loses
 * the packet, counted as STEER_FULL before the judgement and as TX_FULL behind
 * it.
 */
#ifndef DAMP_STEER_H
#define DAMP_STEER_H

#include "plane.h"
#include "worker.h"

#define DAMP_RING_SIZE 512u

/* Worker that polls queue q of a side, of n. With symmetric RSS both sides of
 * a queue number must meet; without, the inside is dealt out from the other
 * end, so that two ports of one queue keep two workers busy. */
unsigned damp_steer_poller(unsigned side, unsigned q, unsigned n, bool rss);

/* Worker that owns send queue q of a side: of those that send on it the first
 * that polls the opposite side, because its traffic then needs no ring. */
unsigned damp_steer_sender(const struct damp_plane *p, unsigned side, unsigned q);

/* Buffers that rings may hold, for the size of the pool. */
unsigned damp_steer_capacity(const struct damp_plane *p);

/* Deal out queues and create the rings. Main thread, before the workers run.
 * Returns 0 or -1, said on stderr. */
int damp_steer_setup(struct damp_plane *p);

#endif
