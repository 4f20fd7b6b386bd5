/* SPDX-License-Identifier: BSD-3-Clause */
/* Repetition of confirmable messages; see con.h. */
#include "con.h"

#include <damper/coap.h>

#include <assert.h>
#include <stdlib.h>

static void send_copy(struct sim_con *c);

static void repeat(void *self, uint64_t arg)
{
	struct sim_con *c = self;

	(void)arg;
	if (c->done)
		return;
	if (c->sent <= DAMP_COAP_MAX_RETRANSMIT) {
		send_copy(c);
		return;
	}
	c->done = true;
	if (c->list->gave_up != NULL)
		c->list->gave_up(c->list->owner, c);
}

static void send_copy(struct sim_con *c)
{
	struct sim *s = c->list->sim;

	sim_send(s, c->list->side, &c->src, &c->dst, c->data, c->len);
	c->sent++;
	c->list->copies++;
	sim_at(s, s->now + c->wait, repeat, c, 0);
	c->wait *= 2;
}

void sim_con_send(struct sim_con_list *l, const struct sim_end *src, const struct sim_end *dst,
		  const uint8_t *data, size_t len, uint64_t tag)
{
	const uint32_t spread = (uint32_t)DAMP_SECONDS(DAMP_COAP_ACK_TIMEOUT_S) / 2;
	struct sim_con *c = malloc(sizeof(*c) + len);

	assert(c != NULL);
	*c = (struct sim_con){ .next = l->first,
			       .list = l,
			       .mid = damp_get16(data + 2),
			       .src = *src,
			       .dst = *dst,
			       .tag = tag,
			       .len = len };
	memcpy(c->data, data, len);
	c->wait = DAMP_SECONDS(DAMP_COAP_ACK_TIMEOUT_S) + sim_below(l->sim, spread);
	l->first = c;
	send_copy(c);
}

const struct sim_con *sim_con_answered(struct sim_con_list *l, const struct sim_end *peer, uint16_t mid)
{
	for (struct sim_con *c = l->first; c != NULL; c = c->next) {
		if (c->done || c->mid != mid || !sim_same_end(&c->dst, peer))
			continue;
		c->done = true;
		return c;
	}
	return NULL;
}

void sim_con_free(struct sim_con_list *l)
{
	struct sim_con *c, *next;

	for (c = l->first; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	l->first = NULL;
}
