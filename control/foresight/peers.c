/* SPDX-License-Identifier: BSD-3-Clause */
/* See peers.h. */
#include "peers.h"

#include "hash.h"

#include <stdlib.h>

#define FIRST_SLOTS 1024u

static bool is_free(const struct damp_peer_bytes *s)
{
	return s->in == 0 && s->out == 0;
}

/* The slot of a, or the free one where it belongs. The key is public: a capture
 * made to collide wastes the time of who replays it, no more. */
static struct damp_peer_bytes *find(struct damp_peer_bytes *slot, size_t nslots,
				    const struct damp_addr *a)
{
	static const struct damp_key key = { 0x6265636861706565ull, 0x7273206b65792021ull };
	size_t i = damp_siphash13(&key, a->b, sizeof(a->b)) & (nslots - 1);

	while (!is_free(&slot[i]) && memcmp(slot[i].addr.b, a->b, sizeof(a->b)) != 0)
		i = (i + 1) & (nslots - 1);
	return &slot[i];
}

static bool grow(struct damp_peers *t)
{
	const size_t n = t->nslots ? t->nslots * 2 : FIRST_SLOTS;
	struct damp_peer_bytes *more = calloc(n, sizeof(*more));

	if (more == NULL)
		return false;
	for (size_t i = 0; i < t->nslots; i++)
		if (!is_free(&t->slot[i]))
			*find(more, n, &t->slot[i].addr) = t->slot[i];
	free(t->slot);
	t->slot = more;
	t->nslots = n;
	return true;
}

bool damp_peers_add(struct damp_peers *t, const struct damp_addr *a, uint64_t in, uint64_t out)
{
	struct damp_peer_bytes *s;

	if (in == 0 && out == 0)
		return true;
	if (t->n * 2 >= t->nslots && t->nslots < 2 * DAMP_PEERS_MAX && !grow(t))
		return false;
	s = find(t->slot, t->nslots, a);
	if (is_free(s)) {
		if (t->n == DAMP_PEERS_MAX) {
			t->not_followed++;
			return true;
		}
		s->addr = *a;
		t->n++;
	}
	s->in += in;
	s->out += out;
	return true;
}

static bool worse(const struct damp_peer_bytes *a, const struct damp_peer_bytes *b)
{
	const unsigned __int128 x = (unsigned __int128)a->out * b->in,
				y = (unsigned __int128)b->out * a->in;

	return x != y ? x > y : memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b)) < 0;
}

const struct damp_peer_bytes *damp_peers_worst(const struct damp_peers *t)
{
	const struct damp_peer_bytes *worst = NULL;

	for (size_t i = 0; i < t->nslots; i++) {
		const struct damp_peer_bytes *s = &t->slot[i];

		if (s->in > 0 && s->out > 0 && (worst == NULL || worse(s, worst)))
			worst = s;
	}
	return worst;
}

void damp_peers_free(struct damp_peers *t)
{
	free(t->slot);
	memset(t, 0, sizeof(*t));
}
