/* SPDX-License-Identifier: BSD-3-Clause */
/* Command line of damperd. */
#ifndef DAMP_OPTIONS_H
#define DAMP_OPTIONS_H

#include "control.h"

enum damp_options_result { DAMP_OPTIONS_RUN, DAMP_OPTIONS_DONE, DAMP_OPTIONS_WRONG };

/* Fill *opt from argv; prints help and version (DONE) or what is wrong (WRONG). */
enum damp_options_result damp_options_parse(int argc, char **argv, struct damp_options *opt);

#endif
