/* SPDX-License-Identifier: BSD-3-Clause */
/* Aligned tables; see sheet.h. */
#include "sheet.h"

#include "rules/source_line.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct cell {
	char *text;
	enum damp_colour colour;
};

struct damp_sheet {
	char align[DAMP_SHEET_COLUMNS_MAX + 1];
	size_t ncols, ncells, room;
	struct cell *cells;
};

const char *damp_colour(const struct damp_cli *cli, enum damp_colour colour)
{
	static const char *const code[] = { "\033[0m",	  "\033[1m",  "\033[2m",
					    "\033[31;1m", "\033[33m", "\033[32m" };

	_Static_assert(sizeof(code) / sizeof(code[0]) == DAMP_COLOUR_MAX, "a code for each colour");
	return cli->colour ? code[colour] : "";
}

static void *must(void *p)
{
	if (p == NULL)
		exit(damp_fail(DAMP_EXIT_INTERNAL, "no memory"));
	return p;
}

struct damp_sheet *damp_sheet_new(const char *align)
{
	struct damp_sheet *t = must(calloc(1, sizeof(*t)));

	snprintf(t->align, sizeof(t->align), "%s", align);
	t->ncols = strlen(t->align);
	return t;
}

void damp_sheet_free(struct damp_sheet *t)
{
	for (size_t i = 0; i < t->ncells; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(t);
}

void damp_sheet_cell(struct damp_sheet *t, enum damp_colour colour, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (t->ncells == t->room) {
		t->room = t->room > 0 ? 2 * t->room : 64;
		t->cells = must(realloc(t->cells, t->room * sizeof(t->cells[0])));
	}
	t->cells[t->ncells++] = (struct cell){ must(strdup(text)), colour };
}

void damp_sheet_heads(struct damp_sheet *t, const char *heads)
{
	while (heads != NULL) {
		const char *end = strchr(heads, '|');

		damp_sheet_cell(t, DAMP_BOLD, "%.*s",
				end != NULL ? (int)(end - heads) : (int)strlen(heads), heads);
		heads = end != NULL ? end + 1 : NULL;
	}
}

/* Cells of a terminal that text takes. fit: how many of its bytes go into room. */
static size_t cells_of(const char *text, size_t room, size_t *fit)
{
	size_t cells = 0, left = strlen(text), n;
	uint32_t code;

	for (*fit = 0; left > 0; text += n, left -= n) {
		n = damp_utf8_next(text, left, &code);
		cells += (size_t)(damp_utf8_cells(code) < 0 ? 1 : damp_utf8_cells(code));
		*fit += cells <= room ? n : 0;
	}
	return cells;
}

static size_t width(const struct damp_sheet *t, size_t col)
{
	size_t w = 0, cells, fit;

	for (size_t i = col; i < t->ncells; i += t->ncols) {
		cells = cells_of(t->cells[i].text, SIZE_MAX, &fit);
		w = cells > w ? cells : w;
	}
	return w;
}

#define CUT ".."

/* What is cut off says so. */
static void print_text(const char *text, size_t cells, size_t wide)
{
	const size_t mark = strlen(CUT);
	size_t fit;

	if (cells <= wide) {
		printf("%s", text);
	} else if (wide > mark) {
		cells_of(text, wide - mark, &fit);
		printf("%.*s" CUT, (int)fit, text);
	}
}

static void print_cell(const struct damp_sheet *t, const struct damp_cli *cli, size_t i,
		       size_t wide)
{
	const struct cell *c = &t->cells[i];
	size_t col = i % t->ncols, fit, len = cells_of(c->text, wide, &fit);
	bool last = col + 1 == t->ncols, right = t->align[col] == 'r';
	int pad = (int)(wide > len ? wide - len : 0);

	if (right)
		printf("%*s", pad, "");
	if (c->colour != DAMP_PLAIN)
		printf("%s", damp_colour(cli, c->colour));
	print_text(c->text, len, wide);
	if (c->colour != DAMP_PLAIN)
		printf("%s", damp_colour(cli, DAMP_PLAIN));
	if (last)
		putchar('\n');
	else
		printf("%*s", right ? 2 : pad + 2, "");
}

unsigned damp_sheet_room(void)
{
	struct winsize win;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &win) != 0 || win.ws_col == 0)
		return UINT_MAX;
	return win.ws_col;
}

/* On a terminal the last column is cut off where the line ends. */
static void fit_last(const struct damp_sheet *t, size_t wide[DAMP_SHEET_COLUMNS_MAX], size_t indent)
{
	const unsigned room = damp_sheet_room();
	size_t before = indent;

	if (t->align[t->ncols - 1] != 'l')
		return;
	for (size_t col = 0; col + 1 < t->ncols; col++)
		before += wide[col] + 2;
	if (before + wide[t->ncols - 1] > room)
		wide[t->ncols - 1] = before < room ? room - before : 0;
}

static void print_rows(const struct damp_sheet *t, const struct damp_cli *cli, unsigned indent)
{
	size_t wide[DAMP_SHEET_COLUMNS_MAX];

	for (size_t col = 0; col < t->ncols; col++)
		wide[col] = width(t, col);
	fit_last(t, wide, indent);
	for (size_t i = 0; i < t->ncells; i++) {
		if (i % t->ncols == 0)
			printf("%*s", (int)indent, "");
		print_cell(t, cli, i, wide[i % t->ncols]);
	}
}

void damp_sheet_print(const struct damp_sheet *t, const struct damp_cli *cli, unsigned indent)
{
	const locale_t utf8 = damp_utf8_locale(), old = utf8 ? uselocale(utf8) : (locale_t)0;

	print_rows(t, cli, indent);
	if (utf8) {
		uselocale(old);
		freelocale(utf8);
	}
}
