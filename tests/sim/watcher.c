/* SPDX-License-Identifier: BSD-3-Clause */
/* An honest observer; see watcher.h. */
#include "watcher.h"

static void send_empty(struct sim_watcher *w, const struct sim_end *to, uint8_t type, uint16_t mid)
{
	struct sim_message m;
	uint8_t data[DAMP_COAP_HEADER_LEN];

	sim_begin(&m, type, DAMP_COAP_CODE_EMPTY, mid);
	sim_send(w->sim, DAMP_OUTSIDE, &w->end, to, data, sim_write(&m, data));
}

static void enrol(struct sim_watcher *w, const struct sim_option *echo)
{
	uint8_t data[SIM_MESSAGE_MAX];
	struct sim_message m;
	size_t len;

	sim_begin(&m, w->con ? DAMP_COAP_CON : DAMP_COAP_NON, DAMP_COAP_GET, ++w->mid);
	sim_set_token(&m, w->token, sizeof(w->token));
	sim_add_uint(&m, DAMP_COAP_OPT_OBSERVE, 0);
	sim_add_path(&m, w->path);
	if (echo != NULL)
		sim_add_option(&m, DAMP_COAP_OPT_ECHO, echo->value, echo->len);
	len = sim_write(&m, data);
	if (w->con)
		sim_con_send(&w->cons, &w->end, &w->server, data, len, 0);
	else
		sim_send(w->sim, DAMP_OUTSIDE, &w->end, &w->server, data, len);
}

static void begin(void *self, uint64_t arg)
{
	(void)arg;
	enrol(self, NULL);
}

static void receive(void *self, const struct sim_datagram *d)
{
	struct sim_watcher *w = self;
	struct sim_message m;
	bool ours;

	if (!sim_read(d->data, d->len, &m))
		return;
	sim_con_answered(&w->cons, &d->src, m.mid);
	ours = m.tkl == sizeof(w->token) && memcmp(m.token, w->token, sizeof(w->token)) == 0;
	if (m.type == DAMP_COAP_CON)
		send_empty(w, &d->src, ours ? DAMP_COAP_ACK : DAMP_COAP_RST, m.mid);
	if (!ours)
		return;
	if (m.code == DAMP_COAP_4_01 && sim_option(&m, DAMP_COAP_OPT_ECHO) != NULL)
		enrol(w, sim_option(&m, DAMP_COAP_OPT_ECHO));
	if (m.code != DAMP_COAP_2_05 || sim_option(&m, DAMP_COAP_OPT_OBSERVE) == NULL)
		return;
	w->told++;
	w->last = w->sim->now;
}

void sim_watcher_open(struct sim_watcher *w, struct sim *s, const struct sim_end *end,
		      const struct sim_end *server, const char *path, bool con, damp_tick at)
{
	*w = (struct sim_watcher){ .sim = s, .end = *end, .server = *server, .path = path, .con = con };
	w->mid = (uint16_t)sim_random(s);
	for (size_t i = 0; i < sizeof(w->token); i++)
		w->token[i] = (uint8_t)sim_random(s);
	w->cons = (struct sim_con_list){ .sim = s, .side = DAMP_OUTSIDE, .owner = w };
	sim_add(s, &(struct sim_node){ .end = *end, .plen = 128, .side = DAMP_OUTSIDE, .self = w,
				       .receive = receive });
	sim_at(s, at, begin, w, 0);
}

void sim_watcher_close(struct sim_watcher *w)
{
	sim_con_free(&w->cons);
}

bool sim_watcher_served(const struct sim_watcher *w)
{
	return w->told > 1 && w->last + DAMP_SECONDS(SIM_WATCH_FRESH) >= w->sim->now;
}
