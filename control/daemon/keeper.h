/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keeper: a thread that holds the connection to the data plane, finds out
 * what it runs, and decides whether the rule file has to be loaded.
 *
 * Idea: damperd comes and goes, the data plane runs on. When damperd starts it
 * loads the rule file only if somebody changed it: a running program with the
 * digest of the file, or one that an operator loaded after this file had been
 * considered, stays. When the *data plane* has restarted, it gets the last good
 * rules again unless it already runs them (it keeps them on disk itself).
 *
 * Invariant: a wrong rule file never changes what runs.
 */
#ifndef DAMP_KEEPER_H
#define DAMP_KEEPER_H

#include "control.h"

struct damp_keeper;

/* Start the thread; NULL when it cannot be started. */
struct damp_keeper *damp_keeper_start(struct damp_control *c);

/* Have the rule file read and loaded again (SIGHUP). Returns at once. */
void damp_keeper_reload(struct damp_control *c);

/* End the thread and wait for it. */
void damp_keeper_stop(struct damp_keeper *k);

/* Why a connection was made. */
enum damp_connect {
	DAMP_CONNECT_START, /* damperd has just started: wanted is its rule file */
	DAMP_CONNECT_RELOAD, /* the rule file was read again while the data plane was away */
	DAMP_CONNECT_RESTART, /* the data plane has another boot id than before */
	DAMP_CONNECT_AGAIN /* the same data plane, only the connection broke */
};

/*
 * The decision at a connection. running: digest of what the data plane runs,
 * "" when unknown; wanted: digest of the rules we would load, "" when there are
 * none. True: load them.
 */
bool damp_keeper_decide(const char *running, const char *wanted, const struct damp_history *h,
			enum damp_connect why);

#endif
