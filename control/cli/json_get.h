/* SPDX-License-Identifier: BSD-3-Clause */
/* Members of JSON objects with an answer for those that are not there. */
#ifndef DAMP_JSON_GET_H
#define DAMP_JSON_GET_H

#include <jansson.h>
#include <stdbool.h>

const char *damp_get_text(const json_t *j, const char *key);    /* "" */
long long damp_get_int(const json_t *j, const char *key);       /* 0 */
double damp_get_number(const json_t *j, const char *key);       /* 0 */
bool damp_get_true(const json_t *j, const char *key);           /* false */

#endif
