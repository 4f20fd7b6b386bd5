/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The newest revision of each signed rule set that was loaded here, on disk.
 *
 * Idea: a signature stays good for ever; who kept an old file could load it
 * again, with the holes it had. So a signed rule set is taken only when its
 * `revision` is above the newest that ran under its name, or when it is that very
 * one. Going back to what ran here is the business of `damper rollback`.
 *
 * Invariant: a file that is damaged counts as one that is not there; it is in a
 * directory that only damperd writes.
 *
 * Reference: operators.md 5.2 (anti-rollback).
 */
#ifndef DAMP_REVISIONS_H
#define DAMP_REVISIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAMP_REVISIONS_FILE "revisions.json"

/* May a rule set of that name, revision and digest be loaded? False with a line
 * in why. */
bool damp_revisions_allow(const char *state_dir, const char *name, uint32_t revision, const char *digest,
			  char *why, size_t len);

/* It runs. 0 or negative errno. */
int damp_revisions_note(const char *state_dir, const char *name, uint32_t revision, const char *digest);

#endif
