/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Command line; see args.h.
 */
#include "args.h"

#include "config.h"
#include "say.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define ENV_RUNTIME_DIR "DAMPER_RUNTIME_DIR"
#define ENV_STATE_DIR "DAMPER_STATE_DIR"

void damp_args_help(void)
{
	puts("damper-dataplane: the packet side of Damper, a filter against CoAP amplification\n"
	     "\n"
	     "usage: damper-dataplane [EAL options] -- --config FILE [options]\n"
	     "       damper-dataplane --check-config --config FILE | --version | --help\n"
	     "\n"
	     "  --config FILE      settings (see below)\n"
	     "  --check-config     read the settings, print what they cost, and end\n"
	     "  --auto-workers     as many workers as lcores beside the main one, as far as the ports have\n"
	     "                     queues, whatever [workers] count says\n"
	     "  --runtime-dir DIR  instead of [paths] runtime (environment: " ENV_RUNTIME_DIR ")\n"
	     "  --state-dir DIR    instead of [paths] state (environment: " ENV_STATE_DIR ")\n"
	     "  --version, --help\n"
	     "\n"
	     "EAL options say which cores, memory and devices DPDK uses, for example\n"
	     "  -l 0,1 --in-memory -a 0000:01:00.0 -a 0000:01:00.1\n"
	     "  --lcores 0@0,1@1 --no-pci --in-memory --vdev=net_af_packet0,iface=eth0 "
	     "--vdev=net_af_packet1,iface=eth1\n"
	     "The first lcore is the main thread, the others are workers.\n"
	     "\n"
	     "Settings, \"key = value\" under [section], comments after #:");
	damp_config_describe(stdout);
	puts("  Sizes of tables are in entries: 65536, 64k, 2M or 2^20, rounded up to whole tables.");
}

static enum damp_args_action parse_own(int argc, char **argv, struct damp_args *a)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check-config", no_argument, NULL, 'k' },
		{ "auto-workers", no_argument, NULL, 'a' },
		{ "runtime-dir", required_argument, NULL, 'r' },
		{ "state-dir", required_argument, NULL, 's' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	enum damp_args_action action = DAMP_ARGS_RUN;
	int o;

	optind = 0;
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'c': a->config = optarg; break;
		case 'k': action = DAMP_ARGS_CHECK; break;
		case 'a': a->auto_workers = true; break;
		case 'r': a->runtime_dir = optarg; break;
		case 's': a->state_dir = optarg; break;
		case 'v': return DAMP_ARGS_VERSION;
		case 'h': return DAMP_ARGS_HELP;
		default: return DAMP_ARGS_WRONG; /* getopt has said why */
		}
	}
	if (optind < argc) {
		damp_say("\"%s\" is not an option; see --help", argv[optind]);
		return DAMP_ARGS_WRONG;
	}
	if (a->config == NULL) {
		damp_say("--config FILE is missing; see --help");
		return DAMP_ARGS_WRONG;
	}
	return action;
}

static bool needs_no_eal(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--version") == 0 ||
		    strcmp(argv[i], "--check-config") == 0)
			return true;
	return false;
}

struct damp_args damp_args_parse(int argc, char **argv)
{
	struct damp_args a = {
		.runtime_dir = getenv(ENV_RUNTIME_DIR), .state_dir = getenv(ENV_STATE_DIR),
	};
	int split = 1;

	while (split < argc && strcmp(argv[split], "--") != 0)
		split++;
	if (split == argc && !needs_no_eal(argc, argv)) {
		damp_say("usage: damper-dataplane [EAL options] -- --config FILE; see --help");
		a.action = DAMP_ARGS_WRONG;
		return a;
	}
	if (split == argc)
		split = 0;
	a.eal_argc = split;
	/* getopt takes the element before our options, "--" or the program, for
	 * the program's name. */
	argv[split] = argv[0];
	a.action = parse_own(argc - split, argv + split, &a);
	if (split == 0 && a.action == DAMP_ARGS_RUN)
		a.action = DAMP_ARGS_WRONG;
	return a;
}
