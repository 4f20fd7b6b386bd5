/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A burst of frames to parsed packets: pass 0 of the judge.
 *
 * Idea: one loop with the short cuts of frame_plain.h and scan_plain.h in it; what they do
 * not take, and what is not CoAP, goes aside.
 *
 * Invariant: needs no state but the program's ports, so that any worker may parse
 * what another will judge.
 */
#include "frame_plain.h"
#include "judge.h"
#include "scan_plain.h"

static inline bool device_serves(const struct damp_view *v, const struct damp_pkt *p)
{
	const uint16_t port = p->side == DAMP_OUTSIDE ? p->frame.dport : p->frame.sport;

	return damp_likely(damp_port_test(v->ports.coap, port)) || damp_port_test(v->ports.dtls, port);
}

static inline uint8_t coap_kind(struct damp_pkt *p)
{
	const bool plain = damp_coap_scan_plain(p->data + p->frame.payload_off, p->frame.payload_len, &p->coap);

	if (!plain && damp_unlikely(p->coap.malformed))
		return DAMP_KIND_MALFORMED;
	if (!plain && p->coap.code == DAMP_COAP_CODE_EMPTY)
		return DAMP_KIND_EMPTY;
	return damp_coap_is_request(p->coap.code) ? DAMP_KIND_REQUEST : DAMP_KIND_RESPONSE;
}

/* What a DTLS datagram is and begins with. */
static void scan_dtls(struct damp_pkt *p)
{
	p->dtls_whole = damp_dtls_scan(p->data + p->frame.payload_off, p->frame.payload_len, &p->dtls);
	if (p->dtls_whole && p->dtls.hello == DAMP_DTLS_CLIENT_HELLO)
		p->hello = p->dtls.cookie_len > 0 ? DAMP_HELLO_COOKIE : DAMP_HELLO_FIRST;
}

/* What the first fragment of a CoAP message says of it, if its header reads as one
 * (RFC 7252 section 3); frame.c has seen that there are four bytes. */
static uint8_t scan_head(const struct damp_port_map *ports, struct damp_pkt *p)
{
	const uint8_t *m = p->data + p->frame.payload_off;

	if (!damp_port_test(ports->coap, p->frame.sport) && !damp_port_test(ports->coap, p->frame.dport))
		return 0;
	p->coap.type = m[0] >> 4 & 3;
	p->coap.tkl = m[0] & 15;
	p->coap.code = m[1];
	p->coap.mid = damp_get16(m + 2);
	return m[0] >> 6 == DAMP_COAP_VERSION && p->coap.tkl <= DAMP_COAP_TOKEN_MAX &&
	       (damp_coap_is_request(m[1]) || damp_coap_is_response(m[1]));
}

static __attribute__((noinline)) uint8_t other_kind(const struct damp_port_map *ports, struct damp_pkt *p)
{
	p->coap.malformed = 0;
	p->head = p->frame.cls == DAMP_FRAME_FRAGMENT_FIRST && scan_head(ports, p);
	if (p->frame.cls == DAMP_FRAME_BAD)
		return DAMP_KIND_MALFORMED;
	if (p->frame.cls != DAMP_FRAME_DTLS)
		return DAMP_KIND_NOT_COAP;
	scan_dtls(p);
	return DAMP_KIND_DTLS;
}

void damp_judge_parse(const struct damp_view *v, struct damp_pkt *p, unsigned n)
{
	const struct damp_port_map *ports = &v->ports;

	for (unsigned i = 0; i < n; i++, p++) {
		if (damp_unlikely(!damp_frame_plain(p->data, p->len, ports, p->checksum_known, &p->frame)))
			damp_frame_parse_fully(p->data, p->len, ports, p->checksum_known, &p->frame);
		p->hello = DAMP_HELLO_NONE;
		p->device_serves = device_serves(v, p);
		p->kind = p->frame.cls == DAMP_FRAME_COAP ? coap_kind(p) : other_kind(ports, p);
	}
}
