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
#define SIM_PATH_MAX 240u
#define SIM_BURSTS_MAX 64u
#define SIM_RENEWALS_MAX 32u

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
	size_t answers;             /* bytes that POST and PUT are answered with */
	bool whole;                 /* sent in one datagram, and IP fragments */
	unsigned int copies;        /* a group behind a path: so many answers */
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
	uint8_t token[SIM_TOKEN_MAX];
	uint16_t tkl;
	damp_tick every;            /* told that often, asked for by c.pmax */
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
	uint8_t token[SIM_TOKEN_MAX];
	uint16_t tkl;
};

/* A body on its way by Q-Block2, or the nagging for missing blocks of an upload
 * by Q-Block1. */
struct sim_burst {
	bool used;
	struct sim_end peer;
	const struct sim_resource *resource;
	uint32_t next, left;
	damp_tick gap;
	uint8_t szx;
	uint8_t token[SIM_TOKEN_MAX];
	uint16_t tkl;
};

struct sim_server {
	struct sim *sim;
	enum damp_side side;
	struct sim_end end;
	bool non_notifications;     /* option -N of the real server */
	/* What 4.3.1 has not, or not unasked; all off. */
	bool extended_tokens;       /* RFC 8974 */
	bool q_block;               /* RFC 9177 */
	bool abbreviated;           /* Uri-Path-Abbrev 0 is /.well-known/core */
	bool fetches;               /* FETCH is answered as GET */
	bool conditional;           /* c.pmax */
	bool never_con;             /* libcoap's COAP_RESOURCE_FLAGS_NOTIFY_NON_ALWAYS */
	bool registry;              /* a resource directory (RFC 9176) */
	bool oscore;                /* knows RFC 8613, and no context */
	bool bounces;               /* answers RST with RST (RIOT nanocoap before 2025) */
	size_t diagnostic;          /* bytes of text in errors, 0: a few words */
	bool proxy;                 /* asks proxied for whoever wants it */
	struct sim_end proxied;
	bool in_group;              /* the request at hand came by multicast */
	/* Called for notifications on their way, may be NULL. */
	void (*tap)(void *self, const struct sim_end *peer, uint16_t mid);
	void *tap_self;
	struct sim_resource *listing;   /* grows with every creation */
	unsigned int partial;       /* uploads begun and not ended */
	uint64_t requests;
	struct sim_resource resource[SIM_RESOURCES_MAX];
	unsigned int nresources;
	struct sim_session *session;
	size_t nsessions, session_room;
	struct sim_observer observer[SIM_OBSERVERS_MAX];
	uint64_t observer_ids;
	struct sim_pending pending[SIM_PENDING_MAX];
	struct sim_con_list cons;
	struct sim_burst burst[SIM_BURSTS_MAX];
	uint32_t registered;
	void *renewal[SIM_RENEWALS_MAX];        /* of simple registrations */
	size_t nrenewals;
};

/* Put a server into the world at end, inside or on a side. It has no resource yet. */
void sim_server_open(struct sim_server *v, struct sim *s, const struct sim_end *end);
void sim_server_open_on(struct sim_server *v, struct sim *s, enum damp_side side, const struct sim_end *end);
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

/* A group request reaches this member of the group. */
void sim_server_group(struct sim_server *v, const struct sim_datagram *d);

/* server_more.c: what a 4.3.1 server does not do. True when it took the request. */
bool sim_server_more(struct sim_server *v, size_t session, const struct sim_message *m);

/* server.c, for server_more.c. */
size_t sim_server_session(struct sim_server *v, const struct sim_end *peer);
void sim_server_answer(struct sim_server *v, size_t session, const struct sim_message *m, uint8_t code,
		       struct sim_message *out);
struct sim_resource *sim_server_find(struct sim_server *v, const struct sim_message *m);

/* server.c, for notifications: put the content of r, the given block of it,
 * into a 2.05. */
void sim_server_content(struct sim_server *v, size_t session, const struct sim_resource *r,
			const struct sim_block *block, struct sim_message *out);
void sim_server_send(struct sim_server *v, size_t session, const struct sim_message *m);

#endif
