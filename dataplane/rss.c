/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Symmetric RSS; see rss.h.
 */
#include "rss.h"

#include <errno.h>
#include <rte_thash.h>

#define KEY_BITS_MIN 5
#define KEY_BITS_MAX 11
#define TUPLE_WORDS_MAX RTE_THASH_V6_L4_LEN
/* What drivers take at most: ice and hns3. rte_ethdev.h names none above 512. */
#define RETA_SIZE_MAX 2048u

/* Without these two a conversation cannot be told by its ports. */
#define HASH_NEEDED (RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP)
#define HASH_BY_ADDRESS (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_FRAG_IPV6)
#define HASH_WANTED (HASH_NEEDED | HASH_BY_ADDRESS)

void damp_rss_key(uint64_t random, uint8_t key[DAMP_RSS_KEY_MAX])
{
	uint16_t pattern = 0x6d5a; /* the published example, if no draw fits */

	for (unsigned i = 0; i < 4; i++) {
		const uint16_t draw = (uint16_t)(random >> (16 * i));
		const int bits = __builtin_popcount(draw);

		if (bits >= KEY_BITS_MIN && bits <= KEY_BITS_MAX) {
			pattern = draw;
			break;
		}
	}
	for (unsigned i = 0; i < DAMP_RSS_KEY_MAX; i += 2)
		damp_put16(key + i, pattern);
}

/* What keeps a port from spreading over n queues as it must; NULL: nothing. */
static const char *obstacle(const struct rte_eth_dev_info *i, unsigned n)
{
	if (i->max_rx_queues < n || i->max_tx_queues < n)
		return "has fewer queues than there are workers";
	if ((i->flow_type_rss_offloads & HASH_NEEDED) != HASH_NEEDED)
		return "does not hash the ports of UDP over IPv4 and IPv6";
	if (i->hash_key_size == 0 || i->hash_key_size > DAMP_RSS_KEY_MAX)
		return "takes no hash key of ours";
	if (i->reta_size == 0 || i->reta_size > RETA_SIZE_MAX)
		return "has no redirection table that can be set";
	return NULL;
}

void damp_rss_plan(struct damp_rss *rss, const struct rte_eth_dev_info info[DAMP_SIDE_MAX], unsigned n,
		   uint64_t random)
{
	const struct rte_eth_dev_info *a = &info[DAMP_OUTSIDE], *b = &info[DAMP_INSIDE];

	const char *const outside = obstacle(a, n), *const inside = obstacle(b, n);

	rss->obstacle = outside != NULL ? outside : inside;
	rss->obstacle_side = outside != NULL ? DAMP_OUTSIDE : DAMP_INSIDE;
	rss->usable = n > 1 && rss->obstacle == NULL;
	rss->reta_size = a->reta_size < b->reta_size ? a->reta_size : b->reta_size;
	rss->hash_types = a->flow_type_rss_offloads & b->flow_type_rss_offloads & HASH_WANTED;
	damp_rss_key(random, rss->key);
}

static unsigned queue_of(const struct damp_rss *rss, uint32_t entry, unsigned n)
{
	return entry % rss->reta_size % n;
}

int damp_rss_table(const struct damp_rss *rss, uint16_t port, unsigned n)
{
	struct rte_eth_rss_reta_entry64 reta[RETA_SIZE_MAX / RTE_ETH_RETA_GROUP_SIZE] = { 0 };
	struct rte_eth_dev_info info;
	const int rc = rte_eth_dev_info_get(port, &info);

	if (rc != 0)
		return rc;
	if (info.reta_size > RETA_SIZE_MAX) /* damp_rss_plan() saw another */
		return -ENOTSUP;
	for (unsigned i = 0; i < info.reta_size; i++) {
		struct rte_eth_rss_reta_entry64 *group = &reta[i / RTE_ETH_RETA_GROUP_SIZE];

		group->mask |= 1ull << (i % RTE_ETH_RETA_GROUP_SIZE);
		group->reta[i % RTE_ETH_RETA_GROUP_SIZE] = (uint16_t)queue_of(rss, i, n);
	}
	return rte_eth_dev_rss_reta_update(port, reta, info.reta_size);
}

uint32_t damp_rss_hash(const struct damp_rss *rss, const struct damp_frame *f)
{
	const unsigned first = f->v6 ? 0 : 12, words = f->v6 ? 4 : 1;
	uint32_t tuple[TUPLE_WORDS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < words; i++)
		tuple[n++] = damp_get32(f->src.b + first + 4 * i);
	for (unsigned i = 0; i < words; i++)
		tuple[n++] = damp_get32(f->dst.b + first + 4 * i);
	tuple[n++] = (uint32_t)f->sport << 16 | f->dport;
	return rte_softrss(tuple, n, rss->key);
}

unsigned damp_rss_worker(const struct damp_rss *rss, const struct damp_frame *f, unsigned n)
{
	return queue_of(rss, damp_rss_hash(rss, f) % rss->reta_size, n);
}

bool damp_rss_agrees(const struct damp_rss *rss, const struct rte_mbuf *m, const struct damp_frame *f,
		     unsigned self, unsigned n)
{
	const uint32_t hash = damp_rss_hash(rss, f);

	if ((m->ol_flags & RTE_MBUF_F_RX_RSS_HASH) && m->hash.rss != hash)
		return false;
	return queue_of(rss, hash % rss->reta_size, n) == self;
}
