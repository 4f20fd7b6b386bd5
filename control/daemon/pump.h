/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pump: takes new records out of the workers' rings and puts them, as
 * JSON, into the event log. Run by the main thread.
 */
#ifndef DAMP_PUMP_H
#define DAMP_PUMP_H

#include "control.h"
#include "events.h"

/* Move all that is new. Only records of the data plane we are connected to. */
void damp_pump_run(struct damp_control *c, struct damp_event_reader *r);

#endif
