/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loading rules: compile, hand over, remember. The same path for the rule file
 * at the start, SIGHUP, a restart of the data plane and /v1/load.
 *
 * Invariant: a load that does not end in DAMP_LOAD_OK has changed nothing in
 * the data plane, except DAMP_LOAD_TIMEOUT, where that is not known until the
 * keeper has asked again.
 */
#ifndef DAMP_LOADER_H
#define DAMP_LOADER_H

#include "control.h"
#include "rules/rules.h"

enum damp_load_status {
	DAMP_LOAD_OK,
	DAMP_LOAD_BUSY,         /* another load is going on */
	DAMP_LOAD_PENDING,      /* the load before waits to be confirmed */
	DAMP_LOAD_NOTHING,      /* nothing to confirm, no such generation */
	DAMP_LOAD_WRONG,        /* errors in the rules: see rules.diags */
	DAMP_LOAD_UNREADABLE,
	DAMP_LOAD_UNSIGNED,     /* signatures are missing or wrong, or the revision is old: see text */
	DAMP_LOAD_AWAY,         /* no data plane */
	DAMP_LOAD_REFUSED,      /* by the data plane: see text */
	DAMP_LOAD_TIMEOUT,
	DAMP_LOAD_INTERNAL
};

struct damp_load_job {
	const char *text;       /* rule text of len bytes; NULL: read path */
	size_t len;
	const char *path;       /* NULL when text is given */
	const struct damp_signatures *signatures; /* of text; NULL: those beside path, or none */
	const char *name;       /* shown in diagnostics and history */
	const char *by, *comment;
	const char *tests;      /* how the tests of rules went, "" or NULL not known */
	enum damp_generation_how how;
	uint32_t of;            /* generation whose rules these are, 0 new ones */
	uint32_t confirm_s;     /* go back after that time; 0: as the file says */
	bool no_confirm;        /* whatever the file says */
};

struct damp_load_result {
	enum damp_load_status status;
	uint32_t generation;
	uint32_t before;                /* on OK: the generation that ran until then, 0 not known */
	uint32_t confirm_s;             /* on OK: within this time, 0 never */
	struct damp_rules rules;        /* diagnostics; the program has moved to prog */
	struct damp_prog *prog;         /* what was compiled, NULL when it was wrong */
	char signed_by[DAMP_SIGNED_BY_LEN];  /* who has signed of those who had to, "" nobody */
	char text[700]; /* one line that says what went wrong; on OK a remark or "" */
	char file[256]; /* of a generation that is loaded again */
};

/* Compile job into *r (status OK, WRONG, UNREADABLE or INTERNAL). Needs no
 * right to load and changes nothing. */
void damp_load_compile(const struct damp_load_job *job, struct damp_load_result *r);

/* Hand r->prog to the data plane and remember it as running, wanted and in the
 * history. The caller has the right to load (control.h). Fills r->status,
 * generation and text. */
void damp_load_send(struct damp_control *c, const struct damp_load_job *job,
		    struct damp_load_result *r);

/* Count, log and tell how a load ended. */
void damp_load_report(struct damp_control *c, const struct damp_load_job *job,
		      const struct damp_load_result *r);

/* All of the above for one request: BUSY when another load is going on. */
void damp_load_run(struct damp_control *c, const struct damp_load_job *job,
		   struct damp_load_result *r);

/* The text of a job: as it was given, or as it was compiled from its path. NULL
 * when it was neither. */
const char *damp_load_text(const struct damp_load_job *job, const struct damp_rules *rules,
			   size_t *len);

void damp_load_result_free(struct damp_load_result *r);
const char *damp_load_status_name(enum damp_load_status status);

#endif
