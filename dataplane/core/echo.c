/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Echo values and ping Message IDs; see echo.h.
 *
 * Idea: the one time byte on the wire is the low byte of a slot number; the
 * checker takes the latest slot with that byte that is not in its future, and
 * the MAC covers the whole number, so that a value of 1024 seconds ago or of a
 * gateway whose clock runs ahead does not pass for one of now.
 *
 * The key of a value belongs to the hour of its slot, not to the hour of the
 * check. The two hours kept ready are what is ever asked for; when the main
 * thread is late to move on, the missing key is derived on the spot instead.
 *
 * Everything that goes into a MAC is in network order, so that gateways of
 * different machines with one secret agree. It is as short as it may be, since
 * two rounds of SipHash for each eight bytes are most of what a challenge costs:
 * IPv4 addresses are four bytes, and of the time there is what the hour's key
 * leaves open. Messages of IPv4 and IPv6 differ in length, and in one of a length
 * everything has its place, so two different questions never give one message.
 */
#include "echo.h"

#define ECHO_PURPOSE "damper echo"
#define PING_PURPOSE "damper ping"
#define SECOND_PURPOSE "damper second"
#define MID_PURPOSE "damper mid"
#define ECHO_LIFE_MAX_S 900u        /* the slot byte is unambiguous for 1024 s, less some skew */
#define ECHO_MAC_LEN 8u

_Static_assert(DAMP_ECHO_LEN == 1 + ECHO_MAC_LEN, "slot byte and MAC");
_Static_assert(ECHO_LIFE_MAX_S < 256 * DAMP_ECHO_SLOT_S, "the slot byte must not wrap within a life");

static void put64(uint8_t *p, uint64_t v)
{
	damp_put32(p, (uint32_t)(v >> 32));
	damp_put32(p + 4, (uint32_t)v);
}

/* Little-endian words of what lies at p. */
static inline uint64_t word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return damp_le64(v);
}

static inline uint64_t half(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return damp_le32(v);
}

/* Numbers in network order as the low bytes of such a word. */
static inline uint64_t be16(uint16_t v)
{
	return __builtin_bswap16(v);
}

static inline uint64_t be32(uint32_t v)
{
	return __builtin_bswap32(v);
}

void damp_secrets_init(struct damp_secrets *s, const struct damp_key *master, uint64_t wall_s)
{
	const struct damp_key key = *master; /* may be s->master */

	s->master = key;
	s->epoch = wall_s / DAMP_KEY_ROTATION_S;
	s->mid = damp_key_derive(&key, MID_PURPOSE, 0);
	for (unsigned int i = 0; i < 2; i++) {
		s->echo[i] = damp_key_derive(&key, ECHO_PURPOSE, s->epoch - i);
		s->ping[i] = damp_key_derive(&key, PING_PURPOSE, s->epoch - i);
		s->second[i] = damp_key_derive(&key, SECOND_PURPOSE, s->epoch - i);
	}
}

bool damp_secrets_due(const struct damp_secrets *s, uint64_t wall_s)
{
	return wall_s / DAMP_KEY_ROTATION_S != s->epoch;
}

static struct damp_key key_at(const struct damp_secrets *s, const struct damp_key ready[2],
			      const char *purpose, uint64_t wall_s)
{
	const uint64_t age = s->epoch - wall_s / DAMP_KEY_ROTATION_S;

	return age < 2 ? ready[age] : damp_key_derive(&s->master, purpose, s->epoch - age);
}

/*
 * Address, the low 32 bits of the slot (the key is of one hour, which has 900),
 * port, length of the value: 11 or 23 bytes. The last separates values of one
 * length from those of another: a long one cut short is not a short one.
 */
#define ECHO_WORDS4 2u
#define ECHO_WORDS6 3u

static inline void echo_words(const struct damp_addr *peer, bool v4, uint16_t port, uint64_t slot, size_t len,
			      uint64_t *w, size_t step)
{
	const uint64_t time = be32((uint32_t)slot), rest = be16(port) | (uint64_t)len << 16;

	if (v4) {
		w[0] = half(peer->b + 12) | time << 32;
		w[step] = rest | 11ull << 56;
		return;
	}
	w[0] = word(peer->b);
	w[step] = word(peer->b + 8);
	w[2 * step] = time | rest << 32 | 23ull << 56;
}

static uint64_t echo_mac(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t port,
			 uint64_t slot, size_t len)
{
	const struct damp_key key = key_at(s, s->echo, ECHO_PURPOSE, slot * DAMP_ECHO_SLOT_S);
	const bool v4 = damp_addr_is_v4(peer);
	uint64_t w[ECHO_WORDS6];

	echo_words(peer, v4, port, slot, len, w, 1);
	return damp_siphash24_words(&key, w, v4 ? ECHO_WORDS4 : ECHO_WORDS6);
}

void damp_echo_macs(const struct damp_secrets *s, const struct damp_frame *const f[DAMP_SIP_LANES], uint64_t wall_s,
		    bool wide, uint64_t mac[DAMP_SIP_LANES])
{
	const uint64_t slot = wall_s / DAMP_ECHO_SLOT_S;
	const struct damp_key key = key_at(s, s->echo, ECHO_PURPOSE, slot * DAMP_ECHO_SLOT_S);
	const bool v4 = !f[0]->v6;
	uint64_t w[ECHO_WORDS6][DAMP_SIP_LANES];

	for (unsigned i = 0; i < DAMP_SIP_LANES; i++)
		echo_words(&f[i]->src, v4, f[i]->sport, slot, DAMP_ECHO_LEN, &w[0][i], DAMP_SIP_LANES);
	damp_sip_lanes(&key, (const uint64_t(*)[DAMP_SIP_LANES])w, v4 ? ECHO_WORDS4 : ECHO_WORDS6, wide, mac);
}

void damp_echo_of_mac(uint64_t mac, uint64_t wall_s, uint8_t out[DAMP_ECHO_LEN])
{
	out[0] = (uint8_t)(wall_s / DAMP_ECHO_SLOT_S);
	put64(out + 1, mac);
}

void damp_echo_make(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t port,
		    uint64_t wall_s, uint8_t out[DAMP_ECHO_LEN])
{
	damp_echo_of_mac(echo_mac(s, peer, port, wall_s / DAMP_ECHO_SLOT_S, DAMP_ECHO_LEN), wall_s, out);
}

void damp_echo_make_len(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t port,
			uint64_t wall_s, uint8_t out[DAMP_ECHO_LEN], size_t len)
{
	uint8_t mac[ECHO_MAC_LEN];

	if (len == DAMP_ECHO_LEN) {
		damp_echo_make(s, peer, port, wall_s, out);
		return;
	}
	put64(mac, echo_mac(s, peer, port, wall_s / DAMP_ECHO_SLOT_S, len));
	memcpy(out, mac, len);
}

/* All slots are tried and all bytes compared, whatever matches. */
static bool short_check(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t port, uint64_t wall_s,
			const uint8_t *value, size_t len)
{
	const uint64_t now = wall_s / DAMP_ECHO_SLOT_S;
	unsigned good = 0;

	for (uint64_t age = 0; age < DAMP_ECHO_SHORT_SLOTS && age <= now; age++) {
		uint8_t mac[ECHO_MAC_LEN], differ = 0;

		put64(mac, echo_mac(s, peer, port, now - age, len));
		for (size_t i = 0; i < len; i++)
			differ |= mac[i] ^ value[i];
		good |= differ == 0;
	}
	return good;
}

bool damp_echo_check(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t port,
		     uint64_t wall_s, uint32_t life_s, const uint8_t *value, size_t len)
{
	const uint64_t now = wall_s / DAMP_ECHO_SLOT_S;
	uint64_t age;

	if (len >= DAMP_ECHO_SHORT_MIN && len <= DAMP_ECHO_SHORT_MAX)
		return short_check(s, peer, port, wall_s, value, len);
	if (len != DAMP_ECHO_LEN)
		return false;
	if (life_s > ECHO_LIFE_MAX_S)
		life_s = ECHO_LIFE_MAX_S;
	age = (uint8_t)(now - value[0]);
	if (age > now || wall_s - (now - age) * DAMP_ECHO_SLOT_S > life_s)
		return false;
	/* Two whole words: the time of the comparison tells nothing. */
	return (damp_get64(value + 1) ^ echo_mac(s, peer, port, now - age, DAMP_ECHO_LEN)) == 0;
}

/* Both addresses, both ports, the low 24 bits of the epoch (an hour has 450): 15
 * or 39 bytes, two words or five. */
struct ping_to {
	const struct damp_addr *peer, *server;
	uint16_t peer_port, server_port;
};

#define PING_WORDS4 2u
#define PING_WORDS6 5u
#define PING_END4 (15ull << 56)     /* the length */

static inline uint64_t ping_time(uint64_t epoch)
{
	return (be32((uint32_t)epoch) >> 8) << 32;
}

static inline uint64_t ping_rest(const struct ping_to *to, uint64_t epoch)
{
	return be32((uint32_t)to->peer_port << 16 | to->server_port) | ping_time(epoch);
}

static inline void ping_words4(const struct ping_to *to, uint64_t epoch, uint64_t *w, size_t step)
{
	w[0] = half(to->peer->b + 12) | half(to->server->b + 12) << 32;
	w[step] = ping_rest(to, epoch) | PING_END4;
}

static inline void ping_words6(const struct ping_to *to, uint64_t epoch, uint64_t *w, size_t step)
{
	w[0] = word(to->peer->b);
	w[step] = word(to->peer->b + 8);
	w[2 * step] = word(to->server->b);
	w[3 * step] = word(to->server->b + 8);
	w[4 * step] = ping_rest(to, epoch) | 39ull << 56;
}

static uint16_t keyed_mid(const struct damp_key *key, const struct ping_to *to, uint64_t epoch)
{
	uint64_t w[PING_WORDS6];

	if (damp_addr_is_v4(to->peer) && damp_addr_is_v4(to->server)) {
		ping_words4(to, epoch, w, 1);
		return (uint16_t)damp_siphash24_words(key, w, PING_WORDS4);
	}
	ping_words6(to, epoch, w, 1);
	return (uint16_t)damp_siphash24_words(key, w, PING_WORDS6);
}

static uint16_t ping_mid(const struct damp_secrets *s, const struct ping_to *to, uint64_t epoch)
{
	const struct damp_key key = key_at(s, s->ping, PING_PURPOSE, epoch * DAMP_PING_EPOCH_S);

	return keyed_mid(&key, to, epoch);
}

uint16_t damp_ping_mid(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t peer_port,
		       const struct damp_addr *server, uint16_t server_port, uint64_t wall_s)
{
	const struct ping_to to = { peer, server, peer_port, server_port };

	return ping_mid(s, &to, wall_s / DAMP_PING_EPOCH_S);
}

void damp_ping_mids(const struct damp_secrets *s, const struct damp_frame *const f[DAMP_SIP_LANES], uint64_t wall_s,
		    bool wide, uint16_t mid[DAMP_SIP_LANES])
{
	const uint64_t epoch = wall_s / DAMP_PING_EPOCH_S;
	const struct damp_key key = key_at(s, s->ping, PING_PURPOSE, epoch * DAMP_PING_EPOCH_S);
	const bool v6 = f[0]->v6;
	uint64_t w[PING_WORDS6][DAMP_SIP_LANES], out[DAMP_SIP_LANES];

	for (unsigned i = 0; i < DAMP_SIP_LANES; i++) {
		const struct ping_to to = { &f[i]->src, &f[i]->dst, f[i]->sport, f[i]->dport };

		if (damp_unlikely(v6))
			ping_words6(&to, epoch, &w[0][i], DAMP_SIP_LANES);
		else
			ping_words4(&to, epoch, &w[0][i], DAMP_SIP_LANES);
	}
	damp_sip_lanes(&key, (const uint64_t(*)[DAMP_SIP_LANES])w, v6 ? PING_WORDS6 : PING_WORDS4, wide, out);
	for (unsigned i = 0; i < DAMP_SIP_LANES; i++)
		mid[i] = (uint16_t)out[i];
}

struct damp_ping_moment damp_ping_moment(const struct damp_secrets *s, uint64_t wall_s)
{
	const uint64_t epoch = wall_s / DAMP_PING_EPOCH_S;

	return (struct damp_ping_moment){
		.key = key_at(s, s->ping, PING_PURPOSE, epoch * DAMP_PING_EPOCH_S),
		.rest = ping_time(epoch) | PING_END4,
	};
}

bool damp_ping_check(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t peer_port,
		     const struct damp_addr *server, uint16_t server_port, uint64_t wall_s, uint16_t mid)
{
	const struct ping_to to = { peer, server, peer_port, server_port };
	const uint64_t epoch = wall_s / DAMP_PING_EPOCH_S;
	const uint16_t now = ping_mid(s, &to, epoch), before = ping_mid(s, &to, epoch - 1);

	return (mid == now) | (mid == before);
}

uint16_t damp_second_mid(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t peer_port,
			 const struct damp_addr *server, uint16_t server_port, uint64_t epoch)
{
	const struct damp_key key = key_at(s, s->second, SECOND_PURPOSE, epoch * DAMP_PING_EPOCH_S);
	const struct ping_to to = { peer, server, peer_port, server_port };

	return keyed_mid(&key, &to, epoch);
}
