/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `damper trace` and `damper explain --state live` have in common: the data
 * plane's own program and counters, and explanations from its findings.
 */
#ifndef DAMP_CLI_LIVE_H
#define DAMP_CLI_LIVE_H

#include "foresight/traced.h"
#include "link.h"

struct damp_live_plane {
	struct damp_cli_link link;
	struct damp_traced traced;
	struct damp_view *view; /* of the program that runs */
};

/* Connect, and fetch the program that runs. Returns an exit code; close in any case. */
int damp_live_open(const struct damp_cli *cli, struct damp_live_plane *p);
void damp_live_close(struct damp_live_plane *p);

/* Fetch the program that runs now, unless it is known. Returns an exit code. */
int damp_live_refetch(struct damp_live_plane *p);

/* Ask what would become of a frame. *doc: its explanation. Returns an exit code. */
int damp_live_peek(struct damp_live_plane *p, unsigned side, const uint8_t *frame, size_t len, json_t **doc);

#endif
