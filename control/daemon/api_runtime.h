/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The part of the API that changes the data plane for a while: modes of rules,
 * blocks, members of sets. Each change has an end that the data plane keeps by
 * itself.
 */
#ifndef DAMP_API_RUNTIME_H
#define DAMP_API_RUNTIME_H

#include "control.h"
#include "http.h"
#include <jansson.h>

/* POST /v1/mode {"rule": ID or null for all, "mode": WORD, "for_s": N}; N is 0
 * to end it. */
void damp_api_post_mode(struct damp_control *c, const struct damp_http_request *req,
			struct damp_http_reply *reply);

/* POST /v1/block {"prefix": P, "for_s": N}, N 0 to end it; POST /v1/set {"set":
 * NAME, "prefix": P, "change": "add" or "del", "for_s": N}; what there is. */
void damp_api_post_block(struct damp_control *c, const struct damp_http_request *req,
			 struct damp_http_reply *reply);
void damp_api_post_set(struct damp_control *c, const struct damp_http_request *req,
		       struct damp_http_reply *reply);
void damp_api_get_blocks(struct damp_control *c, const struct damp_http_request *req,
			 struct damp_http_reply *reply);
void damp_api_get_sets(struct damp_control *c, const struct damp_http_request *req,
		       struct damp_http_reply *reply);

#endif
