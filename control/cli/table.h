/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Aligned tables for people: cells are added in reading order, then printed
 * with each column as wide as its widest cell.
 */
#ifndef DAMP_TABLE_H
#define DAMP_TABLE_H

#include "cli.h"

#define DAMP_TABLE_COLUMNS_MAX 12

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

struct damp_table;

/* align: one letter per column, 'l' or 'r'. Out of memory ends the program. */
struct damp_table *damp_table_new(const char *align);
void damp_table_free(struct damp_table *t);

void damp_table_cell(struct damp_table *t, enum damp_colour colour, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A row of headings: the words of heads, separated by '|'. */
void damp_table_heads(struct damp_table *t, const char *heads);

/* Print with indent blanks before each row. */
void damp_table_print(const struct damp_table *t, const struct damp_cli *cli, unsigned indent);

#endif
