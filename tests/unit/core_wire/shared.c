/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding the reference material, and hex; see shared.h. */
#include "shared.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *shared_path(const char *name)
{
	static char path[4096];
	const char *dir = getenv("DAMPER_SHARED"), *root = getenv("DAMPER_SOURCE_ROOT");
	int n;

	if (dir)
		n = snprintf(path, sizeof(path), "%s/%s", dir, name);
	else
		n = snprintf(path, sizeof(path), "%s/../shared/%s", root ? root : ".", name);
	if (n > 0 && (size_t)n < sizeof(path) && access(path, R_OK) == 0)
		return path;
	printf("skipped: no %s; set DAMPER_SHARED to the directory with the reference material\n", path);
	return NULL;
}

static unsigned int nibble(char c)
{
	return c <= '9' ? (unsigned int)(c - '0') : (unsigned int)((c | 0x20) - 'a' + 10);
}

uint8_t *unhex(const char *hex, size_t *len)
{
	const size_t n = strlen(hex) / 2;
	uint8_t *out = malloc(n ? n : 1);

	if (!out)
		abort();
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
	*len = n;
	return out;
}
