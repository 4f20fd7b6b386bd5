/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A CoAP server that behaves as the example server of libcoap 4.3.1 does, in
 * sizes, options, types and times.
 *
 * What it is modelled on was measured (attacks.md 1.6, 1.7 and 2, and byte
 * for byte against the real server): responses are piggybacked; a body above
 * 1024 bytes is cut by Block2, asked for or not, with a one-byte ETag and Size2
 * while the transfer lasts; an observer gets five NON notifications, then a
 * CON (or a CON each time), one CON at a time for one peer (NSTART), and goes
 * when that CON is given up or a RST comes; what cannot be answered at once is
 * acknowledged and follows as a CON. Duplicates are answered again. Echo is
 * ignored. server_test.c holds the model against the measurements.
 */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "con.h"
#include "message.h"

#define SIM_RESOURCES_MAX 64u
#define SIM_OBSERVERS_MAX 512u
#define SIM_PENDING_MAX 1024u
#define SIM_PATH_MAX 64u

struct sim_resource {
	char path[SIM_PATH_MAX];
	uint8_t *body;
	size_t len;
	int32_t format;             /* Content-Format, -1 none */
	int64_t max_age;            /* -1 none */
	bool observable;
	damp_tick every;            /* changes by itself; 0 never */
	damp_tick delay;            /* answers that late, separately; 0 at once */
	uint32_t serial;            /* of Observe */
};

/* A client endpoint the server has heard of. */
struct sim_session {
	struct sim_end peer;
	uint16_t mid;               /* of the next message of our own */
	uint32_t etag;              /* of the last block-wise transfer */
	const struct sim_resource *transfer;
	unsigned int cons;          /* notifications waiting for their ACK */
	char upload_path[SIM_PATH_MAX];
	uint8_t *upload;
	size_t upload_len;
};

struct sim_observer {
	bool used, dirty;
	uint64_t id;                /* never used again */
	size_t session;
	struct sim_resource *resource;
	uint8_t token[DAMP_COAP_TOKEN_MAX], tkl;
	uint64_t cache_key;         /* of the options that make a target its own */
	bool has_block;
	struct sim_block block;
	unsigned int nons;          /* since the last CON */
	uint16_t last_mid;
};

/* A separate response to be sent. */
struct sim_pending {
	bool used, con;
	struct sim_end peer;
	struct sim_resource *resource;
	uint8_t token[DAMP_COAP_TOKEN_MAX], tkl;
};

struct sim_server {
	struct sim *sim;
	struct sim_end end;
	bool non_notifications;     /* option -N of the real server */
	uint64_t requests;
	struct sim_resource resource[SIM_RESOURCES_MAX];
	unsigned int nresources;
	struct sim_session *session;
	size_t nsessions, session_room;
	struct sim_observer observer[SIM_OBSERVERS_MAX];
	uint64_t observer_ids;
	struct sim_pending pending[SIM_PENDING_MAX];
	struct sim_con_list cons;
};

/* Put a server into the world at end. It has no resource yet. */
void sim_server_open(struct sim_server *v, struct sim *s, const struct sim_end *end);
void sim_server_close(struct sim_server *v);

/* A resource with len bytes of sim_body_byte(seed); change the rest of it
 * afterwards. Content-Format and Max-Age are absent. */
struct sim_resource *sim_server_add(struct sim_server *v, const char *path, size_t len, uint32_t seed);
/* From now on it changes by itself. */
void sim_server_every(struct sim_server *v, struct sim_resource *r, damp_tick every);
unsigned int sim_server_observers(const struct sim_server *v);

/* server_observe.c */
void sim_observe(struct sim_server *v, size_t session, struct sim_resource *r, const struct sim_message *m);
void sim_unobserve(struct sim_server *v, size_t session, struct sim_resource *r, const struct sim_message *m);
/* The resource has changed: tell its observers. */
void sim_notify(struct sim_server *v, struct sim_resource *r);
void sim_observe_acked(struct sim_server *v, size_t session);
void sim_observe_reset(struct sim_server *v, size_t session, uint16_t mid);
void sim_observe_gave_up(struct sim_server *v, size_t session, uint64_t id);

/* server.c, for notifications: put the content of r, the given block of it,
 * into a 2.05. */
void sim_server_content(struct sim_server *v, size_t session, const struct sim_resource *r,
			const struct sim_block *block, struct sim_message *out);
void sim_server_send(struct sim_server *v, size_t session, const struct sim_message *m);

#endif
