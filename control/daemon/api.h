/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The API of damperd: HTTP/1.1 and JSON on the UNIX socket.
 *
 *   GET  /v1/status /v1/rules /v1/limits /v1/workers /v1/memory /v1/program
 *   GET  /v1/events?since=N&max=M
 *   POST /v1/load?name=&comment=          body: the rule text
 *   POST /v1/bypass                       body: {"for_s": 600}, 0 ends it
 *   POST /v1/mode                         body: {"rule": "a", "mode": "observe", "for_s": 600}
 *
 * Every answer is an object with "schema"; one that is not a success has
 * "error" (a word for programs) and "text" (a line for people). Statuses: 400
 * not understood, 403 no right to write, 404, 405, 409 another load is going
 * on, 413, 422 wrong rules, 502 refused by the data plane, 503 data plane away,
 * 504 it did not answer in time.
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

/* {packets, bytes}; new reference. */
json_t *damp_api_counter(struct damp_counter c);

#endif
