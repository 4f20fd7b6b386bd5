/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Symmetric receive side scaling: both directions of a conversation on the
 * same worker without a hand-over, where the ports can do it.
 *
 * Idea: Toeplitz with a key of period 16 bits gives the same hash when source
 * and destination are exchanged, because both addresses and both ports lie a
 * multiple of 16 bits apart (Woo and Park 2012). The 16 bits are drawn at
 * random per start and steer only; no table is indexed by this hash.
 *
 * Invariant: correctness never depends on the port. One packet in
 * DAMP_RSS_SAMPLE is hashed in software; the first that lies on another queue
 * than it should turns software steering on for good.
 */
#ifndef DAMP_RSS_H
#define DAMP_RSS_H

#include "plane.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#define DAMP_RSS_SAMPLE 1024u

/* A key of DAMP_RSS_KEY_MAX bytes, all of one 16-bit pattern with 5 to 11 bits
 * set, made from random bits. */
void damp_rss_key(uint64_t random, uint8_t key[DAMP_RSS_KEY_MAX]);

/* Can both ports spread alike over n queues? Fills *rss. */
void damp_rss_plan(struct damp_rss *rss, const struct rte_eth_dev_info info[DAMP_SIDE_MAX], unsigned n,
		   uint64_t random);

/* Write the redirection table of a started port. Returns 0 or a negative errno. */
int damp_rss_table(const struct damp_rss *rss, uint16_t port, unsigned n);

/* The hash the port should have computed for a parsed UDP packet. */
uint32_t damp_rss_hash(const struct damp_rss *rss, const struct damp_frame *f);

/* The worker of n whose queue the port should put it on. */
unsigned damp_rss_worker(const struct damp_rss *rss, const struct damp_frame *f, unsigned n);

/* Does packet m, received by worker self of n, lie where it should? */
bool damp_rss_agrees(const struct damp_rss *rss, const struct rte_mbuf *m, const struct damp_frame *f,
		     unsigned self, unsigned n);

#endif
