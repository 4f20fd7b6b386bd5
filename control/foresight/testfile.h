/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of rule tests (*.test.yaml), read with the rule language's own loader
 * and diagnostics.
 *
 * Idea: a test says who is there, which messages are sent (or which capture is
 * replayed), and what has to become of them.
 *
 * Invariant: a file either gives all its tests, checked, or errors with file,
 * line and column. Nothing is guessed: unknown keys are errors.
 *
 * Reference: operators.md 3.8; docs/foresight.md describes every key.
 */
#ifndef DAMP_FORESIGHT_TESTFILE_H
#define DAMP_FORESIGHT_TESTFILE_H

#include "describe.h"
#include "devices.h"
#include "rules.h"

#include <damper/stats.h>

struct damp_test_range {
	bool asked;
	uint64_t low, high;
	const char *text; /* as it was written */
};

struct damp_test_send {
	struct damp_endpoint from, to;
	struct damp_description message;
	int side; /* enum damp_side, -1: told by the addresses */
	uint32_t times;
	uint32_t over_ms; /* time from the first message to one after the last */
	uint32_t reply;	  /* bytes of the device's answer to each request it gets; 0 none */
	int line;
};

struct damp_test_count {
	const char *rule;
	enum damp_outcome outcome;
	struct damp_test_range range;
};

struct damp_test_expect {
	int verdict, last; /* enum damp_verdict, -1 not asked */
	const char *rule, *reason;
	struct damp_test_range bytes_to_peer;
	struct damp_test_range dropped;
	bool dropped_is_share; /* in parts per million of the messages; else messages */
	struct damp_test_count *counts;
	size_t ncounts;
};

/* What an operator or a rule had put there before the first message. */
struct damp_test_member {
	const char *set; /* filled at run time; NULL: it is blocked */
	struct damp_addr addr;
	unsigned plen;
};

struct damp_test {
	const char *name;
	int line;
	bool has_peer, verified;
	uint64_t at_s;	   /* of the first message, 0: any time */
	bool clock_untrusted;
	struct damp_endpoint peer; /* port 0: not written */
	struct damp_test_member *members;
	size_t nmembers, members_cap;
	struct damp_test_send *sends;
	size_t nsends;
	const char *pcap; /* beside the test file, or absolute; NULL none */
	struct damp_test_expect expect;
};

struct damp_test_file {
	const char *rules; /* beside the test file, or absolute */
	struct damp_port_names ports; /* for zones by device */
	struct damp_test *tests;
	size_t ntests;
	struct damp_pool *pool; /* owns all of it */
};

/* Read a file. Always fills *diags (free with damp_rules_free(); it holds no
 * program). NULL when there were errors. */
struct damp_test_file *damp_test_file_load(const char *path, bool colour, struct damp_rules *diags);
void damp_test_file_free(struct damp_test_file *f);

#endif
