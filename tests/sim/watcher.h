/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An honest observer: registers once, acknowledges what is confirmable,
 * answers pings, and counts what it is told.
 *
 * It is served when it still hears of changes at the end: within the last
 * SIM_WATCH_FRESH seconds of a run.
 */
#ifndef SIM_WATCHER_H
#define SIM_WATCHER_H

#include "con.h"
#include "message.h"

#define SIM_WATCH_FRESH 10

struct sim_watcher {
	struct sim *sim;
	struct sim_end end, server;
	const char *path;
	bool con;                   /* registers with a CON */
	uint16_t mid;
	uint8_t token[4];
	struct sim_con_list cons;
	unsigned int told;
	damp_tick last;
};

void sim_watcher_open(struct sim_watcher *w, struct sim *s, const struct sim_end *end,
		      const struct sim_end *server, const char *path, bool con, damp_tick at);
void sim_watcher_close(struct sim_watcher *w);
bool sim_watcher_served(const struct sim_watcher *w);

#endif
