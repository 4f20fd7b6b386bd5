/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What came out: is it what went in, once, in order, and how long did it take?
 *
 * Idea: a packet that carries a number is compared with packet or answer of
 * that number, byte for byte. One that differs is looked at again: the filter
 * may have shaped it (same ends, token and code, right checksums), or it is a
 * message of the filter's own.
 *
 * Invariant: every packet adds one to exactly one of the counters from `same`
 * to `foreign`; `duplicated` and `reordered` count some of these once more.
 *
 * Reordering: a packet with a smaller number than one of its flow that came
 * before it (RFC 4737 section 3.3). Flows share 65 536 places by client
 * number; a newcomer takes the place, so some pairs are not compared.
 */
#ifndef DAMP_PERF_PORT_CHECK_H
#define DAMP_PERF_PORT_CHECK_H

#include "frame.h"
#include "port_traffic.h"

#define PORT_NUMBERS_MAX (1ull << 27)   /* packets of one run */
#define PORT_FLOWS 65536u
#define PORT_FLYING (1u << 20)          /* packets under way whose time is known */

/* Log-linear: 32 steps an octave, so a value is known to 3 %. */
#define PORT_HIST_SUB 32u
#define PORT_HIST_SIZE (48u * PORT_HIST_SUB)
struct port_hist { uint64_t n, max, count[PORT_HIST_SIZE]; };

void port_hist_add(struct port_hist *h, uint64_t value);
/* The value below or at which a share (0..1) lies; 0 when empty. */
uint64_t port_hist_at(const struct port_hist *h, double share);

enum port_way { PORT_WAY_IN, PORT_WAY_OUT, PORT_WAYS };    /* requests inward, answers outward */

struct port_lane {
	uint64_t same;              /* every byte as it should be */
	uint64_t renumbered;        /* but for a permuted Message ID of the server's own (permute.h) */
	uint64_t shaped;            /* changed, but still that message */
	uint64_t refused;           /* of the filter, to the asker: 4.xx and 5.xx with its token */
	uint64_t empty;             /* of the filter: ping, reset, acknowledgement */
	uint64_t wrong;             /* ours by number, but broken */
	uint64_t foreign;           /* not CoAP, or nobody's */
	uint64_t duplicated, reordered;
	uint64_t bytes;             /* of frames */
	uint64_t *seen;             /* one bit a number */
	uint64_t *refused_seen;
	uint64_t sent_at[PORT_FLYING];
	struct { uint64_t number; uint32_t client; } last[PORT_FLOWS];
};

struct port_check {
	const struct port_traffic *t;
	bool macswap;               /* the other side exchanges the MAC addresses */
	uint64_t limit;             /* numbers given out so far */
	uint64_t blind_until;       /* the receiver itself was away until then */
	uint64_t blinded;           /* times not taken because of that */
	struct port_hist times;     /* cycles from port to port */
	struct damp_port_map ports;
	struct port_lane lane[PORT_WAYS];
};

enum port_found { PORT_FOUND_NOTHING, PORT_FOUND_MESSAGE, PORT_FOUND_PING };

/* Zeroed memory in, ready for use; false: no memory. */
bool port_check_init(struct port_check *c, const struct port_traffic *t);
void port_check_free(struct port_check *c);

/* Number n leaves on its way at the time now. */
void port_check_sent(struct port_check *c, enum port_way way, uint64_t n, uint64_t now);

/* A frame came out. MESSAGE: *d is the packet it is. PING: an empty
 * confirmable message to a client, which an honest one resets. */
enum port_found port_check_frame(struct port_check *c, enum port_way way, const uint8_t *data, uint32_t len,
				 uint64_t now, struct port_draw *d);

#endif
