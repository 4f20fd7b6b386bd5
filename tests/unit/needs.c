/* SPDX-License-Identifier: BSD-3-Clause */
/* See needs.h. */
#include "needs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool needs_run(int argc, char **argv, const char *what)
{
	return argc > 1 && strcmp(argv[argc - 1], what) == 0;
}

int needs_missing(const char *why)
{
	printf("skipped: %s\n", why);
	return NEEDS_SKIP;
}

const char *needs_shared(const char *name)
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
