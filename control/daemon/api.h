/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The API of damperd: HTTP/1.1 and JSON on the UNIX socket.
 *
 *   GET  /v1/status /v1/rules /v1/limits /v1/workers /v1/memory
 *   GET  /v1/events?since=N&max=M
 *   GET  /v1/history, /v1/generation?number=N, /v1/program?number=N
 *        (without a number: what runs)
 *   POST /v1/load?name=&comment=&confirm=SECONDS&tests=   body: the rule text
 *   POST /v1/confirm
 *   GET  /v1/learn, POST /v1/learn/start, POST /v1/learn/stop
 *   POST /v1/rollback?to=N&comment=&confirm=SECONDS
 *   POST /v1/bypass                       body: {"for_s": 600}, 0 ends it
 *   POST /v1/mode                         body: {"rule": "a", "mode": "observe", "for_s": 600}
 *   POST /v1/block                        body: {"prefix": "192.0.2.0/24", "for_s": 600}
 *   POST /v1/set                          body: {"set": "bad", "prefix": "192.0.2.9", "change": "add",
 *                                                "for_s": 0}
 *   GET  /v1/blocks /v1/sets
 *
 * Every answer is an object with "schema"; one that is not a success has
 * "error" (a word for programs) and "text" (a line for people). Statuses: 400
 * not understood, 403 no right to write, 404, 405, 409 another load is going
 * on or waits to be confirmed, or there is nothing to confirm or go back to, 413,
 * 422 wrong rules, 502 refused by the data plane, 503 data plane away, 504 it did
 * not answer in time.
 */
#ifndef DAMP_API_H
#define DAMP_API_H

#include "control.h"
#include "http.h"
#include <jansson.h>

/* A damp_http_handler; arg is the struct damp_control. */
void damp_api_handle(void *arg, const struct damp_http_request *req, struct damp_http_reply *reply);

/* The read-only documents. snap is never NULL but in status, where NULL says
 * that the data plane is away. New references. */
json_t *damp_api_status(struct damp_control *c, const struct damp_snap *snap);
json_t *damp_api_rules(struct damp_control *c, const struct damp_snap *snap);
json_t *damp_api_limits(struct damp_control *c, const struct damp_snap *snap);
json_t *damp_api_workers(struct damp_control *c, const struct damp_snap *snap);
json_t *damp_api_memory(struct damp_control *c, const struct damp_snap *snap);

/* Answers: text (malloc'ed, taken over) or j (its reference taken over), or an
 * error with its word and its line. */
void damp_api_answer_text(struct damp_http_reply *reply, unsigned status, char *text);
void damp_api_answer(struct damp_http_reply *reply, unsigned status, json_t *j);
void damp_api_refuse_away(struct damp_control *c, struct damp_http_reply *reply);
void damp_api_refuse(struct damp_http_reply *reply, unsigned status, const char *error,
		     const char *text);

/* A decimal number of a query; true and *out unchanged when text is NULL. */
bool damp_api_number(const char *text, uint64_t *out);

/* {packets, bytes}; new reference. */
json_t *damp_api_counter(struct damp_counter c);

#endif
