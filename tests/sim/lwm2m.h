/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Honest LwM2M in the clear: a server of ours, and devices outside.
 *
 * A device does what OMA LwM2M 1.1 has it do over UDP without security: Register
 * (POST /rd, confirmable), answer the Read and the Observe that the server sends it
 * then, notify three times (the third confirmable), Update twice, De-register. It
 * knows RFC 7252 and no Echo: to many clients a 4.01 means that their credentials
 * are wrong (attacks.md 6.6), so a device that is told so counts as lost.
 *
 * Invariant: nine things are tried by each device; what the server waits for (the
 * answers and the notifications) counts when the server has it, all else when the
 * device has its answer.
 */
#ifndef SIM_LWM2M_H
#define SIM_LWM2M_H

#include "con.h"
#include "message.h"

#define SIM_DEVICES_MAX 256u
#define SIM_DEVICE_TRIES 9u

struct sim_manager;

struct sim_device {
	struct sim *sim;
	struct sim_manager *manager;
	struct sim_end end;
	struct sim_con_list cons;
	uint16_t mid;
	uint32_t number;            /* at the manager: its Location is /rd/number */
	bool registered;
	uint8_t observe_token[8];
	uint32_t serial;            /* of notifications */
	unsigned int tried, answered;
	damp_tick began, took;      /* by the registration */
};

/* What the server knows of a device. */
struct sim_enrolled {
	struct sim_device *device;
	bool asked;
	uint32_t serial;            /* of the newest value observed */
	unsigned int heard;         /* answers and notifications, copies apart */
};

/* The server inside. */
struct sim_manager {
	struct sim *sim;
	struct sim_end end;
	struct sim_con_list cons;
	uint16_t mid;
	struct sim_enrolled enrolled[SIM_DEVICES_MAX];
	unsigned int nenrolled;
};

void sim_manager_open(struct sim_manager *v, struct sim *s, const struct sim_end *end);
void sim_manager_close(struct sim_manager *v);
/* A device that begins at a time. */
void sim_device_open(struct sim_device *c, struct sim_manager *v, const struct sim_end *end, damp_tick at);
void sim_device_close(struct sim_device *c);
/* Of tried, how many were answered at either end. */
unsigned int sim_device_answered(const struct sim_device *c);
uint64_t sim_device_trips(const struct sim_device *c);

#endif
