/* SPDX-License-Identifier: BSD-3-Clause */
/* See captures.h. */
#include "captures.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

size_t frame_of(const char *from, const char *to, const char *msg, uint8_t *out)
{
	struct damp_endpoint a, b;
	struct damp_description d;
	uint8_t bytes[2048];
	char why[DAMP_DESCRIBE_WHY] = "";
	size_t len = 0;

	if (damp_endpoint_parse(from, 49152, &a, why) && damp_endpoint_parse(to, 5683, &b, why) &&
	    damp_describe(msg, &d, why))
		len = damp_describe_message(&d, bytes, sizeof(bytes), why);
	len = len ? damp_describe_frame(&a, &b, bytes, len, out, why) : 0;
	if (len == 0) {
		fprintf(stderr, "%s -> %s %s: %s\n", from, to, msg, why);
		abort();
	}
	return len;
}

const char *temp_name(const char *suffix)
{
	static char name[256];
	const char *dir = getenv("TMPDIR");

	snprintf(name, sizeof(name), "%s/damper-foresight-%ld%s", dir ? dir : "/tmp",
		 (long)getpid(), suffix);
	return name;
}
