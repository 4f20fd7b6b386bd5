/* SPDX-License-Identifier: BSD-3-Clause */
/* Between generations.c and generations_json.c. */
#ifndef DAMP_GENERATIONS_INT_H
#define DAMP_GENERATIONS_INT_H

#include "generations.h"

/* What damp_generation_json() wrote; false when it is not that. */
bool damp_generation_parse(const json_t *j, struct damp_generation *g);

#endif
