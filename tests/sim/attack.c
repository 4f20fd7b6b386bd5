/* SPDX-License-Identifier: BSD-3-Clause */
/* Attacker and victim; see attack.h. */
#include "attack.h"

#include <damper/coap.h>

#include <assert.h>
#include <stdlib.h>

static struct sim_meter *meter_of(struct sim_victim *v, const struct damp_addr *a)
{
	for (size_t i = 0; i < v->nmeters; i++)
		if (memcmp(&v->meter[i].addr, a, sizeof(*a)) == 0)
			return &v->meter[i];
	if (v->nmeters == v->meter_room) {
		v->meter_room = v->meter_room * 2 + 16;
		v->meter = realloc(v->meter, v->meter_room * sizeof(*v->meter));
		assert(v->meter != NULL);
	}
	v->meter[v->nmeters] = (struct sim_meter){ .addr = *a };
	return &v->meter[v->nmeters++];
}

static void add(struct sim_meter *m, enum sim_way way, uint32_t ip_len)
{
	double factor;

	if (way == SIM_WAY_IN) {
		m->packets_in++;
		m->bytes_in += ip_len;
		return;
	}
	m->packets_out++;
	m->bytes_out += ip_len;
	factor = (double)m->bytes_out / (double)(m->bytes_in ? m->bytes_in : 1);
	if (factor > m->peak)
		m->peak = factor;
}

static void sample(struct sim_victim *v, uint32_t ip_len)
{
	if (v->nsamples == v->sample_room) {
		v->sample_room = v->sample_room * 2 + 256;
		v->sample = realloc(v->sample, v->sample_room * sizeof(*v->sample));
		assert(v->sample != NULL);
	}
	v->sample[v->nsamples++] = (struct sim_sample){ v->sim->now, ip_len };
}

static void note_later(struct sim_victim *v)
{
	static const uint64_t packets[SIM_LATER_MAX] = { [SIM_LATER_100] = 100, [SIM_LATER_1000] = 1000 };

	for (unsigned int i = 0; i < SIM_LATER_MAX; i++) {
		const double factor = (double)v->all.bytes_out / (double)(v->all.bytes_in ? v->all.bytes_in : 1);

		if (v->all.packets_in >= packets[i] && factor > v->later[i])
			v->later[i] = factor;
	}
}

static void count(void *self, const struct damp_addr *a, enum sim_way way, uint32_t ip_len)
{
	struct sim_victim *v = self;

	add(meter_of(v, a), way, ip_len);
	add(&v->all, way, ip_len);
	if (way == SIM_WAY_OUT) {
		sample(v, ip_len);
		note_later(v);
	}
}

static void answer(struct sim_victim *v, const struct sim_datagram *d, uint8_t type)
{
	uint8_t out[DAMP_COAP_HEADER_LEN] = { (uint8_t)(DAMP_COAP_VERSION << 6 | type << 4) };

	memcpy(out + 2, d->data + 2, 2);
	sim_send(v->sim, v->side, &d->dst, &d->src, out, sizeof(out));
}

static void receive(void *self, const struct sim_datagram *d)
{
	struct sim_victim *v = self;
	const uint8_t type = d->len < DAMP_COAP_HEADER_LEN ? DAMP_COAP_NON : d->data[0] >> 4 & 3;

	if (v->acked && type == DAMP_COAP_CON) {
		v->acks++;
		answer(v, d, DAMP_COAP_ACK);
	}
	if (v->bounces && type == DAMP_COAP_RST)
		answer(v, d, DAMP_COAP_RST);
}

void sim_victim_open(struct sim_victim *v, struct sim *s, enum damp_side side, const struct damp_addr *prefix,
		     unsigned int plen)
{
	memset(v, 0, sizeof(*v));
	v->sim = s;
	v->side = side;
	sim_add(s, &(struct sim_node){ .end.addr = *prefix, .plen = plen, .side = side, .self = v,
				       .receive = receive, .count = count });
}

void sim_victim_close(struct sim_victim *v)
{
	free(v->meter);
	free(v->sample);
}

double sim_victim_peak(const struct sim_victim *v)
{
	double peak = v->all.peak;

	for (size_t i = 0; i < v->nmeters; i++)
		if (v->meter[i].peak > peak)
			peak = v->meter[i].peak;
	return peak;
}

size_t sim_victim_packets_until(const struct sim_victim *v, damp_tick at)
{
	size_t n = 0;

	while (n < v->nsamples && v->sample[n].at <= at)
		n++;
	return n;
}

static void send_next(void *self, uint64_t arg)
{
	struct sim_attack *a = self;
	struct sim *s = a->attacker->sim;
	struct sim_end src = a->src;
	uint8_t msg[SIM_MESSAGE_MAX];
	size_t len = a->len;

	memcpy(msg, a->message, len);
	damp_put16(msg + 2, (uint16_t)(damp_get16(msg + 2) + arg));
	if (a->vary != NULL)
		len = a->vary(a, (uint32_t)arg, &src, msg, len);
	if (!a->preparation) {
		a->attacker->packets++;
		a->attacker->bytes += sim_ip_len(s, len);
	}
	if (a->billed != NULL)
		count(a->billed, &a->billed_to, SIM_WAY_IN, sim_ip_len(s, len));
	if (a->deliver != NULL)
		a->deliver(a->deliver_self, &(struct sim_datagram){ src, a->dst, msg, len });
	else
		sim_send_dressed(s, a->side, &src, &a->dst, msg, len, a->dress);
	if (++a->done < a->count)
		sim_at(s, s->now + a->gap, send_next, a, a->done);
}

void sim_attack_start(struct sim_attack *a)
{
	if (a->count > 0)
		sim_at(a->attacker->sim, a->start, send_next, a, 0);
}
