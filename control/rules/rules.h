/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From rule files to a program: the one entry into the rule language.
 *
 * Idea: load (libfyaml) -> checked model (one table describes every key: name,
 * type, help, since) -> compiled block (program.h). All semantic errors of a
 * run are reported, each at file:line:column with the source line and a caret.
 *
 * Invariant: a result either holds a whole program and no errors, or errors
 * and no program. Nothing here keeps state between calls.
 */
#ifndef DAMP_RULES_H
#define DAMP_RULES_H

#include <damper/program.h>
#include <stdbool.h>
#include <stddef.h>

enum damp_diag_level { DAMP_DIAG_ERROR, DAMP_DIAG_WARNING, DAMP_DIAG_NOTICE };

struct damp_diag {
	enum damp_diag_level level;
	char *file;                 /* as shown to the user */
	int line, column, end_column; /* 1-based; 0 when the place is the file */
	char *message;
};

/* Longest time to confirm a load. */
#define DAMP_CONFIRM_MAX_S 86400u

/* Most signers of one file (`signed_by`). */
#define DAMP_SIGNERS_MAX 8u

struct damp_outline;

struct damp_rules {
	struct damp_program_hdr *program;       /* malloc'ed block, NULL when there were errors */
	size_t program_len;
	struct damp_diag *diags;
	size_t ndiags;
	unsigned errors, warnings;
	char *text;                 /* the diagnostics as a person reads them */
	bool unreadable;            /* the file could not be read at all (exit code 3) */
	char *source;               /* what was compiled, with the program: the one file, or as a bundle
				     * the root file and all that it reads; source_len bytes */
	size_t source_len;
	struct damp_outline *outline; /* when it was asked for and there is a program */
	uint32_t confirm_s;         /* `confirm` of the file, 0 when it asks for none */
	char signer[DAMP_SIGNERS_MAX][DAMP_NAME_MAX]; /* whose signatures it needs, all of them */
	unsigned nsigners;
};

struct damp_rules_options {
	bool colour;                /* of text */
	const char *shown_as;       /* name in diagnostics, NULL: the path */
	int64_t now;                /* seconds of the Unix clock, for what ends on a day; 0: ask the clock */
	bool strict;                /* remark on what is right but may surprise */
	bool outline;               /* make the outline, for comparing (outline.h) */
	bool dash;                  /* the path "-" is standard input, beside the files of this folder */
};

/* Compile the rule file at path. Always fills *out; free with
 * damp_rules_free(). Returns 0 when out->program is set, else -1. */
int damp_rules_compile_file(const char *path, const struct damp_rules_options *opt, struct damp_rules *out);

/* The same for text in memory (name appears in diagnostics). Includes are found
 * when the text is a bundle, else refused. */
int damp_rules_compile_text(const char *text, size_t len, const char *name,
			    const struct damp_rules_options *opt, struct damp_rules *out);

void damp_rules_free(struct damp_rules *r);

/* The text of a rule file, or of another file in the same YAML, in the one
 * layout: malloc'ed, *out_len bytes. NULL when it cannot be read; then
 * out->text and out->diags say why, and out->unreadable. Free *out with
 * damp_rules_free() in any case. What was read of the file is put into
 * *before (malloc'ed, NULL: not asked for). */
char *damp_rules_format_file(const char *path, const struct damp_rules_options *opt,
			     struct damp_rules *out, char **before, size_t *out_len);
char *damp_rules_format_text(const char *text, size_t len, const char *name,
			     const struct damp_rules_options *opt, struct damp_rules *out,
			     size_t *out_len);

/* The key table as Markdown (docs/rules.md), generated. */
char *damp_rules_reference(void);

/* The key table as a JSON Schema, generated. */
char *damp_rules_schema(void);

#endif
