/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Aligned tables for people: cells are added in reading order, then printed
 * with each column as wide as its widest cell.
 */
#ifndef DAMP_SHEET_H
#define DAMP_SHEET_H

#include "cli.h"

#define DAMP_SHEET_COLUMNS_MAX 12

/* Colours for cells and lines; DAMP_PLAIN is none. */
enum damp_colour {
	DAMP_PLAIN,
	DAMP_BOLD,
	DAMP_DIM,
	DAMP_RED,
	DAMP_YELLOW,
	DAMP_GREEN,
	DAMP_COLOUR_MAX
};

/* What switches a colour on; "" when cli has none. DAMP_PLAIN switches off. */
const char *damp_colour(const struct damp_cli *cli, enum damp_colour colour);

struct damp_sheet;

/* align: one letter per column, 'l' or 'r'. Out of memory ends the program. */
struct damp_sheet *damp_sheet_new(const char *align);
void damp_sheet_free(struct damp_sheet *t);

void damp_sheet_cell(struct damp_sheet *t, enum damp_colour colour, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A row of headings: the words of heads, separated by '|'. */
void damp_sheet_heads(struct damp_sheet *t, const char *heads);

/* Columns of the terminal that output goes to; UINT_MAX when it goes elsewhere. */
unsigned damp_sheet_room(void);

/* Print with indent blanks before each row. */
void damp_sheet_print(const struct damp_sheet *t, const struct damp_cli *cli, unsigned indent);

#endif
