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
 * Everything that goes into a MAC is written in network order, so that
 * gateways of different machines with one secret agree.
 */
#include "echo.h"

#define ECHO_PURPOSE "damper echo"
#define PING_PURPOSE "damper ping"
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

static void put_endpoint(uint8_t p[18], const struct damp_addr *a, uint16_t port)
{
	memcpy(p, a->b, 16);
	damp_put16(p + 16, port);
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

/* len separates values of one length from those of another: a long one cut
 * short is not a short one. */
static uint64_t echo_mac(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t port,
			 uint64_t slot, size_t len)
{
	const struct damp_key key = key_at(s, s->echo, ECHO_PURPOSE, slot * DAMP_ECHO_SLOT_S);
	uint8_t in[8 + 18 + 1];

	put64(in, slot);
	put_endpoint(in + 8, peer, port);
	in[26] = (uint8_t)len;
	return damp_siphash24(&key, in, sizeof(in));
}

void damp_echo_make(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t port,
		    uint64_t wall_s, uint8_t out[DAMP_ECHO_LEN])
{
	const uint64_t slot = wall_s / DAMP_ECHO_SLOT_S;

	out[0] = (uint8_t)slot;
	put64(out + 1, echo_mac(s, peer, port, slot, DAMP_ECHO_LEN));
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

static uint16_t ping_mid(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t peer_port,
			 const struct damp_addr *server, uint16_t server_port, uint64_t epoch)
{
	const struct damp_key key = key_at(s, s->ping, PING_PURPOSE, epoch * DAMP_PING_EPOCH_S);
	uint8_t in[8 + 18 + 18];

	put64(in, epoch);
	put_endpoint(in + 8, peer, peer_port);
	put_endpoint(in + 26, server, server_port);
	return (uint16_t)damp_siphash24(&key, in, sizeof(in));
}

uint16_t damp_ping_mid(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t peer_port,
		       const struct damp_addr *server, uint16_t server_port, uint64_t wall_s)
{
	return ping_mid(s, peer, peer_port, server, server_port, wall_s / DAMP_PING_EPOCH_S);
}

bool damp_ping_check(const struct damp_secrets *s, const struct damp_addr *peer, uint16_t peer_port,
		     const struct damp_addr *server, uint16_t server_port, uint64_t wall_s, uint16_t mid)
{
	const uint64_t epoch = wall_s / DAMP_PING_EPOCH_S;
	const uint16_t now = ping_mid(s, peer, peer_port, server, server_port, epoch);
	const uint16_t before = ping_mid(s, peer, peer_port, server, server_port, epoch - 1);

	return (mid == now) | (mid == before);
}
