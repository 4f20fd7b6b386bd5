/* SPDX-License-Identifier: BSD-3-Clause */
/* Honest LwM2M in the clear; see lwm2m.h. */
#include "lwm2m.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define VALUE_LEN 140u          /* of the Device object */
#define CODE_DELETE 4u
#define CREATED SIM_CODE(2, 1)
#define DELETED SIM_CODE(2, 2)
#define CHANGED SIM_CODE(2, 4)
#define REGISTER "rd?ep=urn:imei:%u&lt=60&lwm2m=1.1&b=U"
#define READ "3/0"
#define OBSERVE "3303/0/5700"

static const uint8_t links[] = "</>;rt=\"oma.lwm2m\",</1/0>,</3/0>,</3303/0>";

/* What follows a registration, by seconds; devices wake up for each. */
enum plan { NOTIFY, NOTIFY_CON, UPDATE, DEREGISTER };
static const struct { enum plan what; unsigned int after; } plans[] = {
	{ NOTIFY, 8 }, { NOTIFY, 16 }, { UPDATE, 20 }, { NOTIFY_CON, 24 }, { UPDATE, 40 }, { DEREGISTER, 60 },
};
#define PLANS (sizeof(plans) / sizeof(plans[0]))

static void send_empty(struct sim *s, enum damp_side side, const struct sim_end *from, const struct sim_end *to,
		       uint8_t type, uint16_t mid)
{
	struct sim_message m;
	uint8_t data[DAMP_COAP_HEADER_LEN];

	sim_begin(&m, type, DAMP_COAP_CODE_EMPTY, mid);
	sim_send(s, side, from, to, data, sim_write(&m, data));
}

/* -- the server ---------------------------------------------------------- */

static unsigned int index_of(const struct sim_manager *v, const struct sim_end *peer)
{
	unsigned int i = 0;

	while (i < v->nenrolled && !sim_same_end(&v->enrolled[i].device->end, peer))
		i++;
	return i;
}

static void ask(struct sim_manager *v, unsigned int i, const char *path, bool observe)
{
	const uint8_t token[8] = { 0x5e, 0x17, (uint8_t)i, observe, 0x9a, 0xc3, (uint8_t)(i * 37), 0x61 };
	uint8_t data[SIM_MESSAGE_MAX];
	struct sim_message m;

	sim_begin(&m, DAMP_COAP_CON, DAMP_COAP_GET, v->mid++);
	sim_set_token(&m, token, sizeof(token));
	if (observe)
		sim_add_uint(&m, DAMP_COAP_OPT_OBSERVE, 0);
	sim_add_path(&m, path);
	sim_con_send(&v->cons, &v->end, &v->enrolled[i].device->end, data, sim_write(&m, data), 0);
}

static void answer(struct sim_manager *v, const struct sim_end *to, const struct sim_message *m, uint8_t code,
		   unsigned int number)
{
	uint8_t data[SIM_MESSAGE_MAX];
	struct sim_message out;
	char where[12];

	sim_begin(&out, m->type == DAMP_COAP_CON ? DAMP_COAP_ACK : DAMP_COAP_NON, code,
		  m->type == DAMP_COAP_CON ? m->mid : v->mid++);
	sim_set_token(&out, m->token, m->tkl);
	if (code == CREATED) {
		snprintf(where, sizeof(where), "%u", number);
		sim_add_option(&out, DAMP_COAP_OPT_LOCATION_PATH, "rd", 2);
		sim_add_option(&out, DAMP_COAP_OPT_LOCATION_PATH, where, strlen(where));
	}
	sim_send(v->sim, DAMP_INSIDE, &v->end, to, data, sim_write(&out, data));
}

static void on_request(struct sim_manager *v, const struct sim_end *from, const struct sim_message *m)
{
	const unsigned int i = index_of(v, from);

	if (m->code == CODE_DELETE)
		answer(v, from, m, DELETED, i);
	else if (m->code != DAMP_COAP_POST)
		answer(v, from, m, SIM_CODE(4, 5), i);
	else if (!sim_path_is(m, "rd"))
		answer(v, from, m, CHANGED, i);
	else {
		answer(v, from, m, CREATED, i);
		/* Who registers again lost the answer; what it was asked is repeated by itself. */
		if (i < v->nenrolled && !v->enrolled[i].asked) {
			v->enrolled[i].asked = true;
			ask(v, i, READ, false);
			ask(v, i, OBSERVE, true);
		}
	}
}

/* A value: of a read once, of an observation when it is newer. */
static void on_value(struct sim_enrolled *e, const struct sim_message *m)
{
	const struct sim_option *observe = sim_option(m, DAMP_COAP_OPT_OBSERVE);

	if (observe != NULL && sim_uint(observe) <= e->serial)
		return;
	if (observe != NULL)
		e->serial = sim_uint(observe);
	e->heard++;
}

static void manager_receive(void *self, const struct sim_datagram *d)
{
	struct sim_manager *v = self;
	struct sim_message m;
	unsigned int i;

	if (!sim_read(d->data, d->len, &m))
		return;
	if (m.code != DAMP_COAP_CODE_EMPTY && DAMP_COAP_CLASS(m.code) == 0) {
		on_request(v, &d->src, &m);
		return;
	}
	i = index_of(v, &d->src);
	if (m.type == DAMP_COAP_CON)
		send_empty(v->sim, DAMP_INSIDE, &v->end, &d->src, DAMP_COAP_ACK, m.mid);
	if (m.type == DAMP_COAP_ACK && sim_con_answered(&v->cons, &d->src, m.mid) == NULL)
		return;
	if (i < v->nenrolled && m.code == DAMP_COAP_2_05)
		on_value(&v->enrolled[i], &m);
}

void sim_manager_open(struct sim_manager *v, struct sim *s, const struct sim_end *end)
{
	*v = (struct sim_manager){ .sim = s, .end = *end };
	v->cons = (struct sim_con_list){ .sim = s, .side = DAMP_INSIDE, .owner = v };
	sim_add(s, &(struct sim_node){ .end = *end, .plen = 128, .side = DAMP_INSIDE, .self = v,
				       .receive = manager_receive });
}

void sim_manager_close(struct sim_manager *v)
{
	sim_con_free(&v->cons);
}

/* -- a device ------------------------------------------------------------ */

static void request(struct sim_device *c, uint8_t code, const char *path, const uint8_t *payload, size_t len)
{
	const uint8_t token[2] = { (uint8_t)(c->mid >> 8), (uint8_t)c->mid };
	uint8_t data[SIM_MESSAGE_MAX];
	struct sim_message m;

	sim_begin(&m, DAMP_COAP_CON, code, c->mid++);
	sim_set_token(&m, token, sizeof(token));
	sim_add_path(&m, path);
	m.payload = payload;
	m.payload_len = len;
	sim_con_send(&c->cons, &c->end, &c->manager->end, data, sim_write(&m, data), code);
}

static void notify(struct sim_device *c, bool con)
{
	static const uint8_t value[] = "21.5";
	uint8_t data[SIM_MESSAGE_MAX];
	struct sim_message m;
	size_t len;

	sim_begin(&m, con ? DAMP_COAP_CON : DAMP_COAP_NON, DAMP_COAP_2_05, c->mid++);
	sim_set_token(&m, c->observe_token, sizeof(c->observe_token));
	sim_add_uint(&m, DAMP_COAP_OPT_OBSERVE, ++c->serial);
	m.payload = value;
	m.payload_len = sizeof(value) - 1;
	len = sim_write(&m, data);
	if (con)
		sim_con_send(&c->cons, &c->end, &c->manager->end, data, len, DAMP_COAP_2_05);
	else
		sim_send(c->sim, DAMP_OUTSIDE, &c->end, &c->manager->end, data, len);
}

/* arg: which of plans */
static void carry_out(void *self, uint64_t arg)
{
	struct sim_device *c = self;
	char path[16];

	snprintf(path, sizeof(path), "rd/%u", c->number);
	switch (plans[arg].what) {
	case NOTIFY:
	case NOTIFY_CON:
		notify(c, plans[arg].what == NOTIFY_CON);
		break;
	case UPDATE:
		request(c, DAMP_COAP_POST, path, NULL, 0);
		break;
	case DEREGISTER:
		request(c, CODE_DELETE, path, NULL, 0);
	}
}

static void on_answer(struct sim_device *c, const struct sim_con *asked, const struct sim_message *m)
{
	const bool first = !c->registered;

	if (asked->tag == DAMP_COAP_2_05)
		return;                 /* of a notification; the server counts it */
	if (m->code != (asked->tag == CODE_DELETE ? DELETED : first ? CREATED : CHANGED))
		return;
	c->answered++;
	if (!first || asked->tag == CODE_DELETE)
		return;
	c->registered = true;
	c->took = c->sim->now - c->began;
	for (uint64_t i = 0; i < PLANS; i++)
		sim_at(c->sim, c->sim->now + DAMP_SECONDS(plans[i].after), carry_out, c, i);
}

/* Roles are reversed: the server asks. */
static void serve(struct sim_device *c, const struct sim_message *m)
{
	static const uint8_t value[VALUE_LEN] = { 1 };
	const bool observe = sim_option(m, DAMP_COAP_OPT_OBSERVE) != NULL;
	uint8_t data[SIM_MESSAGE_MAX];
	struct sim_message out;

	sim_begin(&out, DAMP_COAP_ACK, DAMP_COAP_2_05, m->mid);
	sim_set_token(&out, m->token, m->tkl);
	if (observe) {
		memcpy(c->observe_token, m->token, sizeof(c->observe_token));
		sim_add_uint(&out, DAMP_COAP_OPT_OBSERVE, ++c->serial);
	}
	out.payload = value;
	out.payload_len = sizeof(value);
	sim_send(c->sim, DAMP_OUTSIDE, &c->end, &c->manager->end, data, sim_write(&out, data));
}

static void device_receive(void *self, const struct sim_datagram *d)
{
	struct sim_device *c = self;
	const struct sim_con *asked;
	struct sim_message m;

	if (!sim_read(d->data, d->len, &m) || !sim_same_end(&d->src, &c->manager->end))
		return;
	if (m.type == DAMP_COAP_CON && m.code == DAMP_COAP_CODE_EMPTY) {
		send_empty(c->sim, DAMP_OUTSIDE, &c->end, &d->src, DAMP_COAP_RST, m.mid);
	} else if (m.type == DAMP_COAP_CON && DAMP_COAP_CLASS(m.code) == 0) {
		serve(c, &m);
	} else if (m.type == DAMP_COAP_ACK) {
		asked = sim_con_answered(&c->cons, &d->src, m.mid);
		if (asked != NULL)
			on_answer(c, asked, &m);
	}
}

static void begin(void *self, uint64_t arg)
{
	struct sim_device *c = self;
	char path[64];

	(void)arg;
	c->tried = SIM_DEVICE_TRIES;
	c->began = c->sim->now;
	snprintf(path, sizeof(path), REGISTER, c->number);
	request(c, DAMP_COAP_POST, path, links, sizeof(links) - 1);
}

void sim_device_open(struct sim_device *c, struct sim_manager *v, const struct sim_end *end, damp_tick at)
{
	assert(v->nenrolled < SIM_DEVICES_MAX);
	*c = (struct sim_device){ .sim = v->sim, .manager = v, .end = *end, .number = v->nenrolled };
	c->mid = (uint16_t)(0x3000 + 64 * c->number);
	c->cons = (struct sim_con_list){ .sim = v->sim, .side = DAMP_OUTSIDE, .owner = c };
	v->enrolled[v->nenrolled++].device = c;
	sim_add(v->sim, &(struct sim_node){ .end = *end, .plen = 128, .side = DAMP_OUTSIDE, .self = c,
					    .receive = device_receive });
	sim_at(v->sim, at, begin, c, 0);
}

void sim_device_close(struct sim_device *c)
{
	sim_con_free(&c->cons);
}

unsigned int sim_device_answered(const struct sim_device *c)
{
	return c->answered + c->manager->enrolled[c->number].heard;
}

uint64_t sim_device_trips(const struct sim_device *c)
{
	return c->cons.copies;
}
