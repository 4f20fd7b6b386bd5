/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer target: DTLS records and the cookies of hellos.
 *
 * The input is copied to a heap buffer of its exact size, so that the address
 * sanitizer sees one byte too far. A cookie lies inside the datagram, and only
 * a hello has one.
 */
#include "dtls.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *m = malloc(size ? size : 1);
	struct damp_dtls d;

	if (m == NULL || size > UINT16_MAX)
		goto out_free;
	if (size > 0)
		memcpy(m, data, size);
	if (damp_dtls_scan(m, size, &d) &&
	    ((size_t)d.cookie_off + d.cookie_len > size || (d.cookie_len > 0 && d.hello == DAMP_DTLS_NO_HELLO)))
		abort();
out_free:
	free(m);
	return 0;
}
