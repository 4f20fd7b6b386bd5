/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changing a message on its way: strip an elective option, lower or insert
 * Block2, put another Message ID (attacks.md 3.3 A9, A10, A13; 5.2 rule 4).
 *
 * Idea: options are re-encoded from the first changed one to the end of the
 * list, never patched in a nibble, because a delta that crosses 12 or 268
 * changes its own size. The payload moves as a whole. Lengths and both
 * checksums are put right.
 *
 * Invariant: a rewrite is a pure function of the message and its arguments, so
 * that a repeated, cancelling or re-registering request is rewritten alike. A
 * rewrite that does not fit into cap bytes, or that meets a message it may not
 * touch (malformed, a fragment, with OSCORE unless it is Size2 that goes; for
 * Block2 also a response or one with Q-Block; but for its Message ID), returns 0
 * and leaves the frame as it was. The result scans as well formed with exactly the
 * intended difference; f and m no longer describe it, and bytes behind the IP
 * packet are gone.
 *
 * References: RFC 7252 section 3.1; RFC 7641 sections 2 and 4.1 (Observe is
 * elective); RFC 7959 sections 2.2 to 2.4; RFC 1624 (incremental checksums).
 */
#ifndef DAMP_CORE_REWRITE_H
#define DAMP_CORE_REWRITE_H

#include "frame.h"
#include "scan.h"

/* Remove every option of this number. number must be elective (even). Returns
 * the new frame length (unchanged when it was not there). */
size_t damp_rewrite_strip(uint8_t *data, size_t len, const struct damp_frame *f, const struct damp_coap *m,
			  uint16_t number);

/*
 * What the gateway does to a request, in one pass: strip_observe takes Observe
 * away; slice asks for blocks of at most 2^(szx+4) bytes: Block2 0/0/szx is put
 * in where there is none, SZX lowered where NUM is 0. cap: bytes the frame may
 * have in all (insertion needs at most 3 more). A Block2 with NUM > 0 or a small
 * enough SZX is left as it is. Returns the new frame length, len when nothing
 * changes, 0 when it does not fit.
 */
size_t damp_rewrite_request(uint8_t *data, size_t len, size_t cap, const struct damp_frame *f,
			    const struct damp_coap *m, bool strip_observe, bool slice, uint8_t szx);

/*
 * Add an Echo option to a response that has none (RFC 9175 section 2.3: a proxy
 * may). cap: bytes the frame may have in all; needs 2 more than the value.
 * Returns the new frame length, 0 when it does not fit or the message may not
 * be touched.
 */
size_t damp_rewrite_add_echo(uint8_t *data, size_t len, size_t cap, const struct damp_frame *f,
			     const struct damp_coap *m, const uint8_t *echo, size_t echo_len);

/* Put another Message ID, into a first fragment too; the checksum is adjusted incrementally
 * (never to 0; none, which is 0, stays none). */
void damp_rewrite_mid(uint8_t *data, const struct damp_frame *f, uint16_t mid);

#endif
