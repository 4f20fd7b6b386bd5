/* SPDX-License-Identifier: BSD-3-Clause */
/* damp-rules-doc: prints docs/rules.md. */
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	char *text = damp_rules_reference();
	const int bad = fputs(text, stdout) < 0 || fflush(stdout) != 0;

	free(text);
	return bad;
}
