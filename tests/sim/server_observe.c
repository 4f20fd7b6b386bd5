/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Observations at the simulated server.
 *
 * As libcoap 4.3.1 does it: COAP_OBS_MAX_NON 5, COAP_OBS_MAX_FAIL 1, NSTART 1
 * per peer, and a notification that must be confirmable waits as "dirty" while
 * another one is on its way. A second registration of one peer for the same
 * target replaces the token; Uri-Query and Request-Tag make another target.
 */
#include "server.h"

#include <assert.h>
#include <stdlib.h>

#define MAX_NON 5u
#define NSTART 1u

/* What of a request's options tells one cached answer from another. */
static uint64_t cache_key(const struct sim_message *m)
{
	uint64_t key = 0xcbf29ce484222325ull;

	for (unsigned int i = 0; i < m->noptions; i++) {
		const struct sim_option *o = &m->option[i];

		if (o->number != DAMP_COAP_OPT_URI_QUERY && o->number != DAMP_COAP_OPT_REQUEST_TAG &&
		    o->number != DAMP_COAP_OPT_ACCEPT)
			continue;
		key = (key ^ o->number) * 0x100000001b3ull;
		for (size_t k = 0; k < o->len; k++)
			key = (key ^ o->value[k]) * 0x100000001b3ull;
	}
	return key;
}

unsigned int sim_server_observers(const struct sim_server *v)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < SIM_OBSERVERS_MAX; i++)
		n += v->observer[i].used;
	return n;
}

static struct sim_observer *find(struct sim_server *v, size_t session, const struct sim_resource *r,
				 uint64_t key)
{
	for (unsigned int i = 0; i < SIM_OBSERVERS_MAX; i++) {
		struct sim_observer *o = &v->observer[i];

		if (o->used && o->session == session && o->resource == r && o->cache_key == key)
			return o;
	}
	return NULL;
}

static struct sim_observer *unused(struct sim_server *v)
{
	unsigned int i = 0;

	while (i < SIM_OBSERVERS_MAX && v->observer[i].used)
		i++;
	assert(i < SIM_OBSERVERS_MAX);
	return &v->observer[i];
}

static void notify(struct sim_server *v, struct sim_observer *o);

/* arg: the observer's id */
static void often(void *self, uint64_t arg)
{
	struct sim_server *v = self;

	for (unsigned int i = 0; i < SIM_OBSERVERS_MAX; i++) {
		struct sim_observer *o = &v->observer[i];

		if (!o->used || o->id != arg)
			continue;
		o->resource->serial++;
		sim_at(v->sim, v->sim->now + o->every, often, v, arg);
		notify(v, o);
		return;
	}
}

/* c.pmax=0.1 in a query: a notification every 0.1 s. */
static void ask_often(struct sim_server *v, struct sim_observer *o, const struct sim_message *m)
{
	static const char key[] = "c.pmax=";

	for (unsigned int i = 0; v->conditional && i < m->noptions; i++) {
		const struct sim_option *q = &m->option[i];
		char text[16] = "";

		if (q->number != DAMP_COAP_OPT_URI_QUERY || q->len >= sizeof(text) || q->len < sizeof(key) ||
		    memcmp(q->value, key, sizeof(key) - 1) != 0)
			continue;
		memcpy(text, q->value, q->len);
		o->every = SIM_MS(1000 * strtod(text + sizeof(key) - 1, NULL));
		sim_at(v->sim, v->sim->now + o->every, often, v, o->id);
	}
}

void sim_observe(struct sim_server *v, size_t session, struct sim_resource *r, const struct sim_message *m)
{
	const struct sim_option *block = sim_option(m, DAMP_COAP_OPT_BLOCK2);
	const uint64_t key = cache_key(m);
	struct sim_observer *o = find(v, session, r, key);

	if (o == NULL) {
		o = unused(v);
		*o = (struct sim_observer){ .used = true,
					    .id = ++v->observer_ids,
					    .session = session,
					    .resource = r,
					    .cache_key = key };
	}
	ask_often(v, o, m);
	o->tkl = m->tkl;
	memcpy(o->token, m->token, sizeof(o->token));
	o->has_block = block != NULL;
	if (block != NULL)
		o->block = sim_block(block);
}

void sim_unobserve(struct sim_server *v, size_t session, struct sim_resource *r, const struct sim_message *m)
{
	struct sim_observer *o = find(v, session, r, cache_key(m));

	if (o != NULL && o->tkl == m->tkl && memcmp(o->token, m->token, m->tkl) == 0)
		o->used = false;
}

static void notify(struct sim_server *v, struct sim_observer *o)
{
	struct sim_session *s = &v->session[o->session];
	const bool con = !v->never_con && (!v->non_notifications || o->nons >= MAX_NON);
	uint8_t data[SIM_MESSAGE_MAX];
	struct sim_message out;

	o->dirty = con && s->cons >= NSTART;
	if (o->dirty)
		return;
	o->last_mid = s->mid++;
	sim_begin(&out, con ? DAMP_COAP_CON : DAMP_COAP_NON, DAMP_COAP_2_05, o->last_mid);
	sim_set_token(&out, o->token, o->tkl);
	sim_add_uint(&out, DAMP_COAP_OPT_OBSERVE, o->resource->serial);
	sim_server_content(v, o->session, o->resource, o->has_block ? &o->block : NULL, &out);
	o->nons = con ? 0 : o->nons + 1;
	if (v->tap != NULL)
		v->tap(v->tap_self, &s->peer, o->last_mid);
	if (!con) {
		sim_server_send(v, o->session, &out);
		return;
	}
	s->cons++;
	sim_con_send(&v->cons, &v->end, &s->peer, data, sim_write(&out, data), o->id);
}

void sim_notify(struct sim_server *v, struct sim_resource *r)
{
	r->serial++;
	for (unsigned int i = 0; i < SIM_OBSERVERS_MAX; i++)
		if (v->observer[i].used && v->observer[i].resource == r)
			notify(v, &v->observer[i]);
}

/* A confirmable notification of this peer has ended: those that waited may go. */
static void next_of(struct sim_server *v, size_t session)
{
	v->session[session].cons--;
	for (unsigned int i = 0; i < SIM_OBSERVERS_MAX; i++)
		if (v->observer[i].used && v->observer[i].dirty && v->observer[i].session == session)
			notify(v, &v->observer[i]);
}

void sim_observe_acked(struct sim_server *v, size_t session)
{
	next_of(v, session);
}

void sim_observe_reset(struct sim_server *v, size_t session, uint16_t mid)
{
	for (unsigned int i = 0; i < SIM_OBSERVERS_MAX; i++)
		if (v->observer[i].used && v->observer[i].session == session &&
		    v->observer[i].last_mid == mid)
			v->observer[i].used = false;
}

void sim_observe_gave_up(struct sim_server *v, size_t session, uint64_t id)
{
	for (unsigned int i = 0; i < SIM_OBSERVERS_MAX; i++)
		if (v->observer[i].used && v->observer[i].id == id)
			v->observer[i].used = false;
	next_of(v, session);
}
