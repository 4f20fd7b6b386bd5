/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gateway of the simulated world: one worker of the judge with
 * rules/default.yaml as it ships, tables as of a small gateway.
 *
 * Invariant: what the judge says is done, and nothing else; bypassed, every
 * frame passes. What it sends by itself is sent when it is due.
 */
#ifndef SIM_GATEWAY_H
#define SIM_GATEWAY_H

#include "sim.h"

struct sim_gateway *sim_gateway_open(struct sim *s, bool enforce);
void sim_gateway_close(struct sim_gateway *g);

/* A frame arrives; takes it over. */
void sim_gateway_frame(struct sim_gateway *g, struct sim_frame *f);

/* IP bytes the gateway has made itself, both ways. */
uint64_t sim_gateway_made(const struct sim_gateway *g);

#endif
