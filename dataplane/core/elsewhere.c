/* SPDX-License-Identifier: BSD-3-Clause */
/* See elsewhere.h. */
#include "elsewhere.h"

#define UDP_HEADER_LEN 8u
#define IP_UDP 17u
#define TOKEN_AND_MORE 5u           /* an Empty message is 4 bytes, as much else is */

/* The UDP payload of a whole plain datagram, NULL: it is none. */
static const uint8_t *payload_of(const struct damp_pkt *p, uint32_t *len)
{
	const uint32_t udp = (uint32_t)p->frame.l3_off + (p->frame.v6 ? 40u : 20u);
	uint32_t udp_len;

	if (p->len < udp + UDP_HEADER_LEN || p->data[p->frame.l3_off + (p->frame.v6 ? 6u : 9u)] != IP_UDP)
		return NULL;
	udp_len = damp_get16(p->data + udp + 4);
	if (udp_len < UDP_HEADER_LEN + TOKEN_AND_MORE || udp_len > p->len - udp)
		return NULL;
	*len = udp_len - UDP_HEADER_LEN;
	return p->data + udp + UDP_HEADER_LEN;
}

static void look(struct damp_worker_stats *s, const struct damp_pkt *p)
{
	struct damp_coap m;
	uint32_t len;
	const uint8_t *msg = payload_of(p, &len);

	s->elsewhere_looked++;
	if (msg == NULL)
		return;
	damp_coap_scan(msg, len, &m);
	if (m.malformed || m.code == DAMP_COAP_CODE_EMPTY)
		return;
	if (damp_coap_is_request(m.code))
		s->elsewhere_requests++;
	else
		s->elsewhere_responses++;
}

void damp_elsewhere_look(struct damp_worker_stats *s, uint32_t *at, const struct damp_pkt *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (p[i].frame.cls != DAMP_FRAME_OTHER || !p[i].frame.plain_l3)
			continue;
		if (++*at % DAMP_ELSEWHERE_SAMPLE == 0)
			look(s, &p[i]);
	}
}
