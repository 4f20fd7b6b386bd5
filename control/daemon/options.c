/* SPDX-License-Identifier: BSD-3-Clause */
/* Command line of damperd; see options.h. */
#include "options.h"

#include <damper/wire.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_METRICS "127.0.0.1:9568"
#define DEFAULT_ADMIN_GROUP "damper-admin"

static const char help[] =
	"Usage: damperd --rules FILE [options]\n"
	"\n"
	"The control plane of Damper: compiles the rule file, loads it into the data\n"
	"plane, serves the API for the damper command and metrics for Prometheus. It\n"
	"touches no packet: when it ends, however it ends, filtering goes on unchanged.\n"
	"\n"
	"  --rules FILE          rule file to load at the start and on SIGHUP\n"
	"  --runtime-dir DIR     where the data plane's socket and counters are, and our\n"
	"                        own socket (default " DAMP_RUNTIME_DIR
	", or $DAMPER_RUNTIME_DIR)\n"
	"  --state-dir DIR       history of loads (default " DAMP_STATE_DIR ")\n"
	"  --metrics ADDR:PORT   serve /metrics there; \"off\" for nowhere\n"
	"                        (default " DEFAULT_METRICS ")\n"
	"  --events FILE         append events to FILE, one JSON object per line\n"
	"  --admin-group GROUP   who may load rules and turn bypass on, besides root and\n"
	"                        our own user (default " DEFAULT_ADMIN_GROUP ")\n"
	"  --keys DIR            keys of those who sign rules, NAME.pub each (default\n"
	"                        " DAMP_KEYS_DIR ")\n"
	"  --signed-by LIST      load no rules that these have not signed, whatever the\n"
	"                        rules say: alice,bob for both, 1:alice,bob for one of them\n"
	"  --version             print the version and end\n"
	"  --help                print this and end\n"
	"\n"
	"It stays in the foreground and logs to standard error.\n"
	"Signals: SIGHUP reads the rule file again; SIGTERM and SIGINT end it.\n"
	"See also: damper help\n";

enum {
	OPT_RULES = 256,
	OPT_RUNTIME,
	OPT_STATE,
	OPT_METRICS,
	OPT_EVENTS,
	OPT_GROUP,
	OPT_KEYS,
	OPT_SIGNED_BY,
	OPT_VERSION,
	OPT_HELP
};

static const struct option longs[] = {
	{ "rules", required_argument, NULL, OPT_RULES },
	{ "runtime-dir", required_argument, NULL, OPT_RUNTIME },
	{ "state-dir", required_argument, NULL, OPT_STATE },
	{ "metrics", required_argument, NULL, OPT_METRICS },
	{ "events", required_argument, NULL, OPT_EVENTS },
	{ "admin-group", required_argument, NULL, OPT_GROUP },
	{ "keys", required_argument, NULL, OPT_KEYS },
	{ "signed-by", required_argument, NULL, OPT_SIGNED_BY },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static void set_defaults(struct damp_options *opt)
{
	const char *dir = getenv("DAMPER_RUNTIME_DIR");

	*opt = (struct damp_options){ .runtime_dir = dir != NULL && dir[0] != '\0'
							     ? dir
							     : DAMP_RUNTIME_DIR,
				      .state_dir = DAMP_STATE_DIR,
				      .metrics = DEFAULT_METRICS,
				      .admin_group = DEFAULT_ADMIN_GROUP,
				      .keys_dir = DAMP_KEYS_DIR };
}

static bool take_signers(struct damp_options *opt, const char *text)
{
	char why[DAMP_SIGN_WHY];

	if (damp_signers_read(text, &opt->signers, why))
		return true;
	fprintf(stderr, "damperd: --signed-by: %s\n", why);
	return false;
}

static bool take(struct damp_options *opt, int o)
{
	switch (o) {
	case OPT_RULES:
		opt->rules_file = optarg;
		return true;
	case OPT_RUNTIME:
		opt->runtime_dir = optarg;
		return true;
	case OPT_STATE:
		opt->state_dir = optarg;
		return true;
	case OPT_METRICS:
		opt->metrics = strcmp(optarg, "off") == 0 ? NULL : optarg;
		return true;
	case OPT_EVENTS:
		opt->events_file = optarg;
		return true;
	case OPT_GROUP:
		opt->admin_group = optarg;
		return true;
	case OPT_KEYS:
		opt->keys_dir = optarg;
		return true;
	case OPT_SIGNED_BY:
		return take_signers(opt, optarg);
	default:
		return false;
	}
}

enum damp_options_result damp_options_parse(int argc, char **argv, struct damp_options *opt)
{
	int o;

	set_defaults(opt);
	while ((o = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (o == OPT_HELP) {
			fputs(help, stdout);
			return DAMP_OPTIONS_DONE;
		}
		if (o == OPT_VERSION) {
			printf("damperd %s\n", DAMP_VERSION);
			return DAMP_OPTIONS_DONE;
		}
		if (!take(opt, o)) {
			fputs("damperd: see damperd --help\n", stderr);
			return DAMP_OPTIONS_WRONG;
		}
	}
	if (optind == argc && opt->rules_file != NULL)
		return DAMP_OPTIONS_RUN;
	if (optind < argc)
		fprintf(stderr, "damperd: what is \"%s\"? See damperd --help\n", argv[optind]);
	else
		fputs("damperd: --rules FILE is missing; see damperd --help\n", stderr);
	return DAMP_OPTIONS_WRONG;
}
