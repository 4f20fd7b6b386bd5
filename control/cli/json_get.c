/* SPDX-License-Identifier: BSD-3-Clause */
/* Members of JSON objects; see json_get.h. */
#include "json_get.h"

const char *damp_get_text(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s != NULL ? s : "";
}

long long damp_get_int(const json_t *j, const char *key)
{
	return json_integer_value(json_object_get(j, key));
}

double damp_get_number(const json_t *j, const char *key)
{
	return json_number_value(json_object_get(j, key));
}

bool damp_get_true(const json_t *j, const char *key)
{
	return json_is_true(json_object_get(j, key));
}
