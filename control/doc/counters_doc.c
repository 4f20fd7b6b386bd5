/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prints docs/counters.md from include/damper/reasons.h, so that the reference
 * cannot drift from the code; a test compares the two.
 */
#include <damper/reasons.h>

#include <stdio.h>

static const char *const severity[DAMP_SEV_MAX] = {
	[DAMP_SEV_OK] = "",
	[DAMP_SEV_NOISE] = "noise",
	[DAMP_SEV_ATTACK] = "attack",
	[DAMP_SEV_FAULT] = "fault",
};

static void row(const char *label, enum damp_severity sev, const char *help)
{
	if (sev == DAMP_SEV_OK)
		printf("| `%s` | %s |\n", label, help);
	else
		printf("| `%s` | %s | %s |\n", label, severity[sev], help);
}

int main(void)
{
	puts("# Reasons\n\n"
	     "Generated from `include/damper/reasons.h` by `damp-counters-doc`; do not edit.\n\n"
	     "Every packet that enters gets exactly one reason. A severity tells an operator where to look:\n"
	     "*noise* is background, *attack* points at abuse, *fault* is our own lack of room or a failure.\n\n"
	     "## Packets that leave\n\n"
	     "As `damper_passes_total{reason=\"...\"}`.\n\n"
	     "| reason | meaning |\n|---|---|");
#define X(name, label, sev, help) row(label, DAMP_SEV_##sev, help);
	DAMP_REASONS_PASS(X)
	puts("\n## Packets that end here\n\n"
	     "As `damper_drops_total{reason=\"...\"}`; together they are all drops. `no_mbuf` and `tx_full` are losses\n"
	     "behind the judgement: such a packet keeps its first reason and the loss is counted beside it\n"
	     "(`include/damper/stats.h`). AV numbers are the attacks of [attacks.md](attacks.md), M numbers malformed\n"
	     "messages, which `tests/unit/core_wire/scan_test.c` and `frame_test.c` beside it have byte by byte.\n\n"
	     "| reason | severity | meaning |\n|---|---|---|");
	DAMP_REASONS_DROP(X)
#undef X
	return 0;
}
