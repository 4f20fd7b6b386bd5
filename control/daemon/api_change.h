/* SPDX-License-Identifier: BSD-3-Clause */
/* The API of changing rules: load, confirm, roll back, and the generations. */
#ifndef DAMP_API_CHANGE_H
#define DAMP_API_CHANGE_H

#include "api.h"

void damp_api_get_program(struct damp_control *c, const struct damp_http_request *req,
			  struct damp_http_reply *reply);
void damp_api_get_history(struct damp_control *c, const struct damp_http_request *req,
			  struct damp_http_reply *reply);
void damp_api_get_generation(struct damp_control *c, const struct damp_http_request *req,
			     struct damp_http_reply *reply);
void damp_api_post_load(struct damp_control *c, const struct damp_http_request *req,
			struct damp_http_reply *reply);
void damp_api_post_confirm(struct damp_control *c, const struct damp_http_request *req,
			   struct damp_http_reply *reply);
void damp_api_post_rollback(struct damp_control *c, const struct damp_http_request *req,
			    struct damp_http_reply *reply);

#endif
