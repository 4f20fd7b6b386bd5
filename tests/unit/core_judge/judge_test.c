/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The judge from outside: conversations, both families, and what becomes of
 * each packet. The last group asks whether every reason was seen here.
 */
#include "judge_kit.h"

int main(void)
{
	int failed = 0;

	failed += judge_proofs();
	failed += judge_trust();
	failed += judge_budgets();
	failed += judge_observers();
	failed += judge_frames();
	failed += judge_counts();
	failed += judge_reasons();
	return failed > 0;
}
