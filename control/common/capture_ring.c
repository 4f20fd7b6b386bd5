/* SPDX-License-Identifier: BSD-3-Clause */
/* See capture_ring.h. */
#include "capture_ring.h"

#include "names.h"
#include "pcapng.h"

size_t damp_capture_write(FILE *f, const struct damp_capture_record *r, const char *rule_id, uint32_t snap)
{
	const uint32_t most = snap < DAMP_CAPTURE_SNAP ? snap : DAMP_CAPTURE_SNAP;
	char comment[256];
	int n = snprintf(comment, sizeof(comment), "%s: %s", damp_name_verdict(r->verdict),
			 damp_name_reason(r->reason));

	if (rule_id[0] != '\0')
		n += snprintf(comment + n, sizeof(comment) - (size_t)n, ", %srule %.63s",
			      r->observed ? "would have been that of " : "", rule_id);
	if (r->proved)
		snprintf(comment + n, sizeof(comment) - (size_t)n, ", proved peer");
	return damp_pcapng_packet(f, r->side == DAMP_INSIDE, r->wall_us, r->data,
				  r->caplen < most ? r->caplen : most, r->len, comment);
}
