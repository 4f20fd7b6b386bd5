/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rule files of a given size, for asking what rules cost.
 *
 * Idea: the files differ in the number of their rules and in nothing else. A
 * quarter of the rules asks for a network and a path, a quarter for a subtree,
 * a quarter for one address and a method, a quarter for a query and a size, as
 * operators write them; each ends in a drop, so that a rule that matched by
 * mistake would show in the reasons.
 *
 * Invariant: no rule matches the traffic of frames.h but by the chance that a
 * drawn address lies in one of the networks, which is below 1 in 50 000.
 */
#ifndef DAMP_PERF_RULESETS_H
#define DAMP_PERF_RULESETS_H

#include <stddef.h>

/* A compiled program of n rules, or of n path patterns of which nregex are
 * regular expressions. To be freed; ends the program with the diagnostics when
 * the text does not compile. */
void *perf_rules(unsigned n, size_t *len);
void *perf_patterns(unsigned n, unsigned nregex, size_t *len);

#endif
