/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last ten generations of rules, on disk: the text of all files of the
 * set, the compiled program, and who loaded it, when and why.
 *
 * Idea: three files for each in <state>/generations: NUMBER.rules,
 * NUMBER.program and, written last, NUMBER.json. What has no NUMBER.json was
 * interrupted while it was written, and is removed at the next start. Numbers
 * are those of the data plane and never come twice (wire.h: DAMP_LOAD_LEAST).
 *
 * Invariant: the data plane needs none of this. A directory that is missing,
 * damaged or full costs the history and never a load without a confirm timer.
 * Ascending by number. What runs is the newest, unless somebody else loaded, or
 * the data plane came back with what was confirmed.
 *
 * One mutex of the owner guards it (control.h).
 */
#ifndef DAMP_GENERATIONS_H
#define DAMP_GENERATIONS_H

#include "common/progview.h"
#include "common/signature.h"
#include "history.h"

#include <jansson.h>
#include <stdbool.h>

#define DAMP_GENERATIONS_DIR "generations"
#define DAMP_GENERATIONS_KEPT 10u
#define DAMP_SOURCE_BYTES_MAX (80u << 20)       /* a bundle of 64 MiB and its frame */

/* X(ID, "as in JSON") */
#define DAMP_GENERATION_HOWS(X)                                                          \
	X(LOAD, "load")         /* damper load */                                        \
	X(FILE, "file")         /* damperd's rule file, at its start or on SIGHUP */     \
	X(ROLLBACK, "rollback") /* damper rollback */                                    \
	X(BACK, "back")         /* by itself: nobody confirmed */                        \
	X(FOUND, "found")       /* ran already when damperd looked; no text */

/* X(ID, "as in JSON") */
#define DAMP_GENERATION_STATES(X)                                                        \
	X(PLAIN, "loaded")      /* nobody had to confirm */                              \
	X(PENDING, "pending")   /* waits to be confirmed */                              \
	X(CONFIRMED, "confirmed")                                                        \
	X(GONE_BACK, "gone_back") /* was not confirmed */

enum damp_generation_how {
#define X(id, name) DAMP_GENERATION_##id,
	DAMP_GENERATION_HOWS(X)
#undef X
	DAMP_GENERATION_HOW_MAX
};

enum damp_generation_state {
#define X(id, name) DAMP_GENERATION_IS_##id,
	DAMP_GENERATION_STATES(X)
#undef X
	DAMP_GENERATION_STATE_MAX
};

struct damp_generation {
	uint32_t number;
	uint32_t of;                    /* ROLLBACK, BACK: whose rules; else 0 */
	enum damp_generation_how how;
	enum damp_generation_state state;
	int64_t at, state_at;           /* wall clock, seconds */
	char digest[DAMP_DIGEST_LEN];
	char ruleset[DAMP_NAME_MAX];    /* name in the rules */
	uint32_t revision, nrules;
	char file[256], by[64], comment[256];
	char signed_by[DAMP_SIGNED_BY_LEN]; /* who has signed, "" nobody had to */
	char tests[64];                 /* "12 passed", "left out", "" not known */
	char state_by[64];              /* who confirmed, or why it went back */
	bool has_source;
};

struct damp_generations {
	char dir[300];
	uint32_t pinned;                /* never makes room: a trial goes back to it; 0 none */
	unsigned n;
	struct damp_generation g[DAMP_GENERATIONS_KEPT];
};

/* Read what is there. 0, or negative errno when there is no directory and none
 * can be made; then the list is empty and adding fails. */
int damp_generations_open(struct damp_generations *s, const char *state_dir);

/* Keep one more: text may be NULL. The oldest beyond ten goes. 0 or negative
 * errno: then nothing has changed. */
int damp_generations_add(struct damp_generations *s, const struct damp_generation *g,
			 const char *text, size_t len, const struct damp_prog *p);

/* By number; NULL when it is not kept. */
const struct damp_generation *damp_generations_find(const struct damp_generations *s,
						    uint32_t number);

/* The newest one with these rules, NULL none. */
const struct damp_generation *damp_generations_of(const struct damp_generations *s,
						  const char *digest);

/* The newest one, NULL none; the newest one below number whose rules ran
 * without being taken back and differ from digest. */
const struct damp_generation *damp_generations_newest(const struct damp_generations *s);
const struct damp_generation *damp_generations_before(const struct damp_generations *s,
						      uint32_t number, const char *digest);

/* Note how a generation went on. 0 or negative errno. */
int damp_generations_mark(struct damp_generations *s, uint32_t number,
			  enum damp_generation_state state, const char *by, int64_t at);

/* Its program, NULL when it is damaged or of another version. One user. */
struct damp_prog *damp_generations_program(const struct damp_generations *s, uint32_t number);

/* Its text as a rule file or bundle, malloc'ed; NULL when there is none or its
 * digest is another. */
char *damp_generations_source(const struct damp_generations *s, uint32_t number, size_t *len);

/* Is that the text of a program with this digest? */
bool damp_generation_is_text_of(const char *digest, const char *text, size_t len);

/* One as JSON; new reference. */
json_t *damp_generation_json(const struct damp_generation *g);

#endif
