/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server behind DTLS, as far as an outsider sees one: flights and records in
 * sizes and times, without cryptography.
 *
 * Measured on libcoap (attacks.md AV-45): a ClientHello of 99 bytes is answered
 * by a HelloVerifyRequest of 44; with its cookie by a flight that is repeated
 * until it is answered (PSK 151 bytes, five copies in 8 s). A server without
 * cookies sends its flight at once.
 *
 * Reference: RFC 6347 sections 4.1, 4.2; RFC 9146 section 6 for what AV-24
 * abuses.
 */
#ifndef SIM_DTLS_H
#define SIM_DTLS_H

#include "sim.h"

#define SIM_DTLS_HANDSHAKE 22u
#define SIM_DTLS_ALERT 21u
#define SIM_DTLS_DATA 23u
#define SIM_DTLS_CID 25u
#define SIM_DTLS_HELLO 1u               /* handshake type */

struct sim_dtls {
	struct sim *sim;
	struct sim_end end;
	bool cookies;               /* verifies addresses before anything else */
	size_t flight;              /* bytes of one flight */
	unsigned int copies;        /* of a flight that nobody answers, 60 s apart at most; 0: five */
	bool alerts;                /* answers garbage with a fatal alert */
	unsigned int stream;        /* datagrams sent to a known CID's newest address */
	damp_tick stream_gap;       /* between two of them; 0: 20 ms */
	struct sim_end newest;
	unsigned int left;          /* of the stream */
	uint64_t hellos;
};

void sim_dtls_open(struct sim_dtls *v, struct sim *s, const struct sim_end *end);

#endif
