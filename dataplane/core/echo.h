/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stateless proofs: the Echo value (RFC 9175) and the Message ID of a gateway
 * ping (attacks.md 3.2 P2).
 *
 * Idea: both are keyed functions of who is asked and when, so that nothing is
 * stored before the proof. Echo is 9 bytes, one of time slot and eight of
 * SipHash-2-4. A request too small to be answered with that (an answer is never
 * larger than its cause) gets a short one: 2 to 8 bytes of MAC alone, good for
 * four slots. Two bytes are as hard to guess as a ping, so wrong short values
 * have to be counted like wrong answers to pings (RFC 9175 allows 1 to 40).
 * The ping's Message ID is 16 bits of another SipHash over both endpoints and
 * the epoch. That of the second ping, which asks for the other half of a proof
 * (half.h), is one under a key of its own: who knows the first knows nothing of it.
 *
 * Invariant: keys differ per purpose; those of Echo and ping rotate hourly by
 * derivation from a master key and the wall time, and the current and the
 * previous one are valid.
 * MACs are compared in constant time. Token, Message ID and server are not
 * bound (a client's retry has new ones, RFC 9175 section 2.3).
 */
#ifndef DAMP_CORE_ECHO_H
#define DAMP_CORE_ECHO_H

#include "frame.h"
#include "hash.h"
#include "sip_lanes.h"

#define DAMP_ECHO_LEN 9u
#define DAMP_ECHO_SHORT_SLOTS 4u
#define DAMP_ECHO_SHORT_MIN 2u
#define DAMP_ECHO_SHORT_MAX 8u
#define DAMP_ECHO_WHOLE_MIN 4u      /* bytes that prove a peer alone, as two pings do; fewer are half a proof */
#define DAMP_ECHO_SLOT_S 4u         /* 256 slots: the slot byte wraps after 1024 s */
#define DAMP_KEY_ROTATION_S 3600u
#define DAMP_PING_EPOCH_S 8u        /* a ping is answered in this or the next epoch */

/* Keys of one hour and the hour before it. That of the Message IDs (permute.h)
 * stays: an ACK may be of any hour, and what a peer learns is its own table. */
struct damp_secrets {
	struct damp_key master;
	uint64_t epoch;             /* wall seconds / DAMP_KEY_ROTATION_S of echo[0] */
	struct damp_key echo[2], ping[2], second[2];
	struct damp_key mid;
};

void damp_secrets_init(struct damp_secrets *s, const struct damp_key *master, uint64_t wall_s);
/* Move on when the hour has changed; cheap when it has not. Main thread. */
bool damp_secrets_due(const struct damp_secrets *s, uint64_t wall_s);

/* Write the Echo value for peer:port at wall_s. */
void damp_echo_make(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t port,
		    uint64_t wall_s, uint8_t out[DAMP_ECHO_LEN]);

/* The same of len bytes, DAMP_ECHO_SHORT_MIN to _MAX, or DAMP_ECHO_LEN. */
void damp_echo_make_len(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t port,
			uint64_t wall_s, uint8_t out[DAMP_ECHO_LEN], size_t len);

/* The MACs of DAMP_SIP_LANES of those that are DAMP_ECHO_LEN long, for who sent each of
 * these frames, which are all of one family; wide as in sip_lanes.h. */
void damp_echo_macs(const struct damp_secrets *s, const struct damp_frame *const f[DAMP_SIP_LANES], uint64_t wall_s,
		    bool wide, uint64_t mac[DAMP_SIP_LANES]);
/* The value of such a MAC. */
void damp_echo_of_mac(uint64_t mac, uint64_t wall_s, uint8_t out[DAMP_ECHO_LEN]);

/* Is this a value we made for peer:port, not older than life_s (at most 900;
 * a short one lives DAMP_ECHO_SHORT_SLOTS slots)? */
bool damp_echo_check(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t port,
		     uint64_t wall_s, uint32_t life_s, const uint8_t *value, size_t len);

/* Message ID of the ping to peer:port in the name of server:port. */
uint16_t damp_ping_mid(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t peer_port,
		       const struct damp_addr *server, uint16_t server_port, uint64_t wall_s);
/* The same of DAMP_SIP_LANES at once, to who sent each of these frames, which are all of
 * one family; wide as in sip_lanes.h. */
void damp_ping_mids(const struct damp_secrets *s, const struct damp_frame *const f[DAMP_SIP_LANES], uint64_t wall_s,
		    bool wide, uint16_t mid[DAMP_SIP_LANES]);
/* What all pings of a moment have in common: their key, and what the time adds to the last
 * word of their messages (IPv4; ping_lanes.c). */
struct damp_ping_moment { struct damp_key key; uint64_t rest; };
struct damp_ping_moment damp_ping_moment(const struct damp_secrets *s, uint64_t wall_s);
/* Does mid answer a ping of this or the previous epoch? */
bool damp_ping_check(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t peer_port,
		     const struct damp_addr *server, uint16_t server_port, uint64_t wall_s, uint16_t mid);
/* Message ID of the second ping of an epoch, this or one of the hour before. */
uint16_t damp_second_mid(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t peer_port,
			 const struct damp_addr *server, uint16_t server_port, uint64_t epoch);

#endif
