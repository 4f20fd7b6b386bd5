/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keyed hashes under which the judge keeps and finds everything (keys.c), and the
 * domains and kinds that keep apart what one endpoint is known for.
 *
 * Invariant: no key can be made without the judge's secrets, so nobody chooses which
 * line of a table he meets.
 */
#ifndef DAMP_CORE_JUDGE_KEYS_H
#define DAMP_CORE_JUDGE_KEYS_H

#include "asked.h"
#include "judge_state.h"
#include "ledger.h"

/* Kinds of facts kept in the Message ID table. */
enum damp_seen_kind {
	DAMP_SEEN_FROM_OUTSIDE,                 /* CON or NON by its sender's side */
	DAMP_SEEN_FROM_INSIDE,
	DAMP_SEEN_ASKED,                        /* this pair of endpoints was asked for a proof (asked.h) */
	DAMP_SEEN_FRAGMENT,                     /* rest of a dropped datagram */
	DAMP_SEEN_COOKIE,                       /* a DTLS cookie of a server, and to whom it was given */
	DAMP_SEEN_ECHO,                         /* likewise an Echo value */
	DAMP_SEEN_CON_OUT,                      /* CONs of an inside server are out: their last Message IDs */
	DAMP_SEEN_HANDSHAKE,                    /* a DTLS server of ours waits for its client: 1 */
	DAMP_SEEN_SECOND_OUT                    /* a second ping is out: its epoch, and when the next may go (half.c) */
};

#define DAMP_FRAGMENT_LIFE_S 30u
#define DAMP_COOKIE_LIFE_S 60u          /* of a DTLS cookie (attacks.md AV-45), and of a handshake */
#define DAMP_ACK_LIFE_S 16u             /* a CON that is not acknowledged comes again sooner, or not at all */

/* Domains of the ledger, below those of the rule limits. */
enum damp_domain {
	DAMP_DOMAIN_HOST = 1, DAMP_DOMAIN_NET, DAMP_DOMAIN_SERVER, DAMP_DOMAIN_PROVED, DAMP_DOMAIN_CHALLENGE_HOST,
	DAMP_DOMAIN_CHALLENGE_NET, DAMP_DOMAIN_CHALLENGE_ALL, DAMP_DOMAIN_RETRY, DAMP_DOMAIN_KNOWN,
	DAMP_DOMAIN_FIRST_HOST, DAMP_DOMAIN_FIRST_KNOWN, DAMP_DOMAIN_FIRST_NET, DAMP_DOMAIN_PING, DAMP_DOMAIN_PROBING,
	DAMP_DOMAIN_GUESSES, DAMP_DOMAIN_NOTIFY, DAMP_DOMAIN_TRUST, DAMP_DOMAIN_RESETS,
	DAMP_DOMAIN_CURE_HOST, DAMP_DOMAIN_CURE_ALL, DAMP_DOMAIN_HALF,
	DAMP_DOMAIN_LIMITS = 32
};

/*
 * The ledger's key of a hash in a domain. Budgets of one address, or one network, that
 * a packet is asked for together lie on one line, which the hash alone chooses; the
 * domain moves the tag, which is the upper half. Of those of an address at most one is
 * owed for longer than moments as a rule, so lines fill up as evenly as if each had one
 * of its own (docs/performance.md).
 */
#define DAMP_DOMAINS_TOGETHER \
	(1u << DAMP_DOMAIN_HOST | 1u << DAMP_DOMAIN_CHALLENGE_HOST | 1u << DAMP_DOMAIN_FIRST_HOST | \
	 1u << DAMP_DOMAIN_RETRY | 1u << DAMP_DOMAIN_NET | 1u << DAMP_DOMAIN_CHALLENGE_NET | \
	 1u << DAMP_DOMAIN_FIRST_NET | 1u << DAMP_DOMAIN_TRUST)

static inline bool damp_domain_together(uint64_t domain)
{
	return domain < DAMP_DOMAIN_LIMITS && (DAMP_DOMAINS_TOGETHER >> domain & 1);
}

/* How far such a domain moves the key from the hash. */
static inline uint64_t damp_domain_move(uint64_t domain)
{
	return domain * DAMP_GOLDEN << 32;
}

/*
 * On the ledger's kept lines: what known clients and everybody together may have. Under
 * a flood of forged sources the other lines fill with debts of seconds, which whoever
 * comes anew inherits. These it cannot fill: endpoints that proved themselves are really
 * there, and of each budget of the whole gateway there is one. A server's is not among
 * them, since anybody can name ever more servers.
 */
#define DAMP_DOMAINS_KEPT \
	(1u << DAMP_DOMAIN_PROVED | 1u << DAMP_DOMAIN_HALF | 1u << DAMP_DOMAIN_CHALLENGE_ALL | \
	 1u << DAMP_DOMAIN_CURE_ALL)
_Static_assert((DAMP_DOMAINS_KEPT & DAMP_DOMAINS_TOGETHER) == 0, "lines of addresses are not kept ones");

static inline uint64_t damp_key_kept(uint64_t key)
{
	return key | DAMP_LEDGER_KEPT;
}

static inline uint64_t damp_key_not_kept(uint64_t key)
{
	return key & ~DAMP_LEDGER_KEPT;
}

static inline uint64_t damp_ledger_key(uint64_t hash, uint64_t domain)
{
	if (damp_domain_together(domain))
		return damp_key_not_kept(hash + damp_domain_move(domain));
	if (domain < DAMP_DOMAIN_LIMITS && (DAMP_DOMAINS_KEPT >> domain & 1))
		return damp_key_kept(damp_mix(hash, domain));
	return damp_key_not_kept(damp_mix(hash, domain));
}

/* Domains of the leases, whose keys are made like those of the ledger. */
enum damp_lease_domain {
	DAMP_DOMAIN_TRANSFERS_SOURCE = 1, DAMP_DOMAIN_TRANSFERS_SERVER, DAMP_DOMAIN_OBSERVE_SERVER,
	DAMP_DOMAIN_OBSERVE_SOURCE, DAMP_DOMAIN_OBSERVE_PAIR
};

/* keys.c: keyed hashes of everything that is looked up. */
uint64_t damp_key_end(const struct damp_judge *j, const struct damp_addr *a, uint16_t port);
/* The same from the hash of the whole address, which is secret: it is moved by a
 * different odd multiple for each port, so that those of one address lie apart in
 * every part of the word. */
static inline uint64_t damp_key_port(uint64_t whole, uint16_t port)
{
	return whole + (1ull << 48 | port) * DAMP_GOLDEN;
}

/*
 * Two ends as one word. Both are secret and independent, so those of other addresses
 * meet by chance alone. Those of the same addresses differ by multiples of
 * DAMP_GOLDEN: by s for the one's port and by d (2^32 + 1) for the other's, which come
 * to no number below 64 but for the same ports (test_hasher.c). So such may be added.
 */
static inline uint64_t damp_key_ends(uint64_t peer_key, uint64_t device_key)
{
	return peer_key + device_key * ((1ull << 32) + 1);
}

/* Hash of a prefix. plen counts within the family: 0..32 or 0..128; more means
 * the whole address. */
uint64_t damp_hash_prefix(const struct damp_judge *j, const struct damp_addr *a, unsigned plen);
/* The ledger's key of a prefix in a domain. Free of hashing for the addresses
 * of the packet being judged, at the lengths that damp_hash_rungs() knows. */
uint64_t damp_key_prefix(const struct damp_ctx *c, const struct damp_addr *a, unsigned plen, uint64_t domain);
/* Hash the prefixes of the peer of p, which a flood does not need. */
void damp_hash_rungs(const struct damp_ctx *c, struct damp_pkt *p);
/* The first bits of an address as the two words of a hash: as they lie in memory. */
static inline void damp_prefix_words(const struct damp_addr *a, unsigned bits, uint64_t w[2])
{
	const uint64_t mask = bits % 64 ? damp_net64(~0ull << (64 - bits % 64)) : ~0ull;

	memcpy(w, a, sizeof(*a));
	if (bits <= 64) {
		w[0] &= bits ? mask : 0;
		w[1] = 0;
	} else {
		w[1] &= mask;
	}
}

/* The guard's two rungs of bytes, as lengths in 16 bytes. */
struct damp_rung_bits { unsigned host, net; };

static inline struct damp_rung_bits damp_rung_bits(const struct damp_guard *g, bool v6)
{
	return v6 ? (struct damp_rung_bits){ g->host6.plen, g->net6.plen } :
		    (struct damp_rung_bits){ g->host4.plen + 96u, g->net4.plen + 96u };
}

/* What a fact about the two ends is hashed with, beside them. */
static inline uint64_t damp_seen_word(enum damp_seen_kind kind, uint32_t value)
{
	return (uint64_t)kind << 32 | value;
}

/* A group conversation: the asking inside endpoint and the token alone. */
uint64_t damp_key_group(const struct damp_judge *j, const struct damp_pkt *p);
uint64_t damp_key_seen(const struct damp_judge *j, const struct damp_pkt *p, enum damp_seen_kind kind, uint32_t value);
/* A request as its retransmission repeats it: exchange and Message ID. Never 0. */
static inline uint64_t damp_key_grey(const struct damp_pkt *p)
{
	/* Apart from all other Message IDs in every part of the word; the rest is secret. */
	return (p->xchg_key + (p->coap.mid + 1ull) * DAMP_GOLDEN) | 1ull << 63;
}

/* The mark "somebody at this address has proved to be there", in the peer table. */
static inline uint64_t damp_key_known(uint64_t peer_whole)
{
	return damp_mix(peer_whole, 1ull << 49);
}

/* The last notification of a conversation, in the table of Message IDs. */
static inline uint64_t damp_key_notified(uint64_t xchg_key)
{
	return damp_mix(xchg_key, 1ull << 50);
}

/* The mark "has been seen to use Block2" of a device, in the peer table. */
static inline uint64_t damp_key_blocks(uint64_t device_key)
{
	return damp_mix(device_key, 3);
}

/* The mark "has answered an inside request" of an endpoint, in the peer table. */
static inline uint64_t damp_key_answers(uint64_t peer_key)
{
	return damp_mix(peer_key, 1);
}

/* The mark "a DTLS handshake has proved its client, not long ago" of a conversation, likewise. */
static inline uint64_t damp_key_session(uint64_t xchg_key)
{
	return damp_mix(xchg_key, 1ull << 51);
}

/* What left in fragments toward an endpoint, in the registry: of the key that CONs out to
 * it have among Message IDs. */
static inline uint64_t damp_key_split(uint64_t con_out_key)
{
	return damp_mix(con_out_key, 0x4000);
}

/* The credit of an exchange with a window is good as long as this is known. */
static inline uint64_t damp_key_window(uint64_t xchg_key)
{
	return damp_mix(xchg_key, 0x57);
}

#endif
