/* SPDX-License-Identifier: BSD-3-Clause */
/* See sampling.h. */
#include "sampling.h"

#include "core/decide.h"
#include "core/hash.h"
#include "core/slot.h"

#include <string.h>

static bool chosen(const struct damp_key *key, const struct damp_addr *a, uint32_t one_in)
{
	uint64_t w[2];

	memcpy(w, a->b, sizeof(w));
	return (damp_hash2(key, w[0], w[1]) & (one_in - 1)) == 0;
}

static uint8_t chosen_of(const struct damp_key *key, const struct damp_pkt *p, uint64_t path, uint32_t tenant,
			 uint32_t one_in)
{
	uint8_t of = 0;

	if (chosen(key, damp_peer_addr(p), one_in))
		of |= DAMP_SAMPLE_OF_PEER;
	if (chosen(key, damp_device_addr(p), one_in))
		of |= DAMP_SAMPLE_OF_DEVICE;
	if (path != 0 && (path & (one_in - 1)) == 0)
		of |= DAMP_SAMPLE_OF_PATH;
	if (tenant != 0 && (damp_hash2(key, tenant, 0) & (one_in - 1)) == 0)
		of |= DAMP_SAMPLE_OF_TENANT;
	return of;
}

void damp_sampling_paths(const struct damp_key *key, const struct damp_pkt *pkt, unsigned n, uint64_t *path)
{
	for (unsigned i = 0; i < n; i++)
		path[i] = pkt[i].kind == DAMP_KIND_REQUEST ? damp_path_hash_by(key, &pkt[i]) : 0;
}

static void put(struct damp_sample_ring *ring, const struct damp_key_sample *s)
{
	const uint64_t seq = ring->head;
	struct damp_key_sample *slot = &ring->slot[seq % DAMP_SAMPLE_SLOTS];

	damp_slot_open(&slot->seq);
	*slot = *s;
	damp_slot_close(&slot->seq, &ring->head, seq);
}

void damp_sampling_take(struct damp_sample_ring *ring, const struct damp_key *key, uint32_t one_in,
			const struct damp_view *v, const struct damp_pkt *pkt, const uint64_t *path,
			unsigned n, damp_tick now)
{
	for (unsigned i = 0; i < n; i++) {
		const struct damp_pkt *p = &pkt[i];
		struct damp_key_sample s = { .tick = now, .one_in = one_in, .side = p->side,
					 .reason = p->reason, .path = path[i] };

		if (p->frame.cls == DAMP_FRAME_OTHER)
			continue;
		s.tenant = damp_tenant_of(v, p);
		s.of = chosen_of(key, p, path[i], s.tenant, one_in);
		if (s.of == 0)
			continue;
		memcpy(s.peer, damp_peer_addr(p)->b, sizeof(s.peer));
		memcpy(s.device, damp_device_addr(p)->b, sizeof(s.device));
		s.ip_len = (uint16_t)(p->frame.ip_len < UINT16_MAX ? p->frame.ip_len : UINT16_MAX);
		put(ring, &s);
	}
}
