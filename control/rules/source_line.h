/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The line of a file that a message is about, with a caret below it.
 *
 * Idea: places count characters, a terminal counts cells; so the caret goes by
 * the width of what stands before it. Of a line too long for any terminal the
 * part around the place is shown.
 *
 * Invariant: what a file holds reaches a terminal as characters that are seen,
 * never as bytes that steer it.
 */
#ifndef DAMP_RULES_SOURCE_LINE_H
#define DAMP_RULES_SOURCE_LINE_H

#include "diag.h"

#include <locale.h>
#include <stdint.h>
#include <stdio.h>

/* The character that text (left bytes of it) begins with: its number, U+FFFD
 * for a byte that is no UTF-8. Returns its bytes, 0 only when left is 0. */
size_t damp_utf8_next(const char *text, size_t left, uint32_t *code);

/* Bytes of the mark that a UTF-8 file may begin with; it is no character of its first line. */
size_t damp_bom_length(const struct damp_source *s);

/* Characters in len bytes. */
int damp_utf8_count(const char *text, size_t len);

/* Cells of a terminal that a character takes; -1: it is not shown as it is. Goes
 * by the locale of the thread; damp_utf8_locale() is one for it, (locale_t)0
 * when there is none. */
int damp_utf8_cells(uint32_t code);
locale_t damp_utf8_locale(void);

/* Line number `line` of a source, its bytes in *len, without its end; NULL when
 * there is none. CR, LF and both together end one, as in YAML. */
const char *damp_source_line(const struct damp_source *s, int line, size_t *len);

/* Write both lines; on and off colour the caret. */
void damp_source_line_put(FILE *f, const struct damp_place *at, const char *on, const char *off);

#endif
