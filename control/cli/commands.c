/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of all commands; see commands.h and operators.md 4.1. */
#include "commands.h"

#include "bypass.h"
#include "check.h"
#include "events.h"
#include "help.h"
#include "load.h"
#include "show.h"

const struct damp_option damp_option_table[DAMP_OPT_ID_MAX] = {
	[DAMP_OPT_JSON] = { "json", 0, NULL, "print JSON for programs instead of text" },
	[DAMP_OPT_WATCH] = { "watch", 'w', NULL, "print again each second, until Ctrl-C" },
	[DAMP_OPT_FOLLOW] = { "follow", 'f', NULL,
			      "go on with new events as they come, until Ctrl-C" },
	[DAMP_OPT_COMMENT] = { "comment", 0, "TEXT",
			       "why; kept with the load and shown by 'show status'" },
	[DAMP_OPT_FOR] = { "for", 0, "TIME",
			   "how long, like 90s, 10min, 1h (default 10min, at most 1d)" },
	[DAMP_OPT_STRICT] = { "strict", 0, NULL,
			      "take warnings for errors, and remark on more" },
	[DAMP_OPT_RUNTIME_DIR] = { "runtime-dir", 0, "DIR",
				   "where damperd's socket is (default /run/damper, or\n$DAMPER_RUNTIME_DIR)" },
	[DAMP_OPT_HELP] = { "help", 'h', NULL, "print help and end" },
};

const struct damp_command damp_commands[] = {
	{
		.name = "check", .args = "FILE...", .min_words = 1, .max_words = -1,
		.summary = "look for errors in rule files",
		.help = "Compiles each rule file and prints what is wrong, each with file, line and\n"
			"column. For a good file it prints what it holds: rules, limits, memory.\n"
			"Needs neither damperd nor root, and changes nothing.\n",
		.options = { DAMP_OPT_STRICT, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_UNREADABLE },
		.examples = { "damper check /etc/damper/rules.yaml",
			      "damper check --json home.yaml | jq .files[0].ok" },
		.run = damp_cmd_check,
	},
	{
		.name = "load", .args = "FILE", .min_words = 1, .max_words = 1,
		.summary = "check a rule file and put it to work",
		.help = "Checks the file here first; with errors nothing is sent. Then damperd compiles\n"
			"it again and the data plane swaps its rules between two packets: none is lost,\n"
			"counters and limits of rules that stay go on. Prints the new generation.\n"
			"It need not be the file damperd was started with; what is loaded here stays\n"
			"until that file is changed and damperd restarts, or gets SIGHUP.\n",
		.options = { DAMP_OPT_COMMENT, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_UNREADABLE, DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED,
			   DAMP_EXIT_BUSY, DAMP_EXIT_TIMEOUT },
		.examples = { "damper load rules.yaml --comment 'tighten discovery, ticket 4711'" },
		.run = damp_cmd_load,
	},
	{
		.name = "show status", .args = "",
		.summary = "is there an attack, and does the filter cope?",
		.help = "One screen: what runs since when and by whom, traffic and drops now, bytes from\n"
			"and to peers that have not proved they are there, packets lost before the\n"
			"filter, and the reasons for drops, the largest first.\n"
			"Ends with 1 when the data plane is away.\n",
		.options = { DAMP_OPT_JSON, DAMP_OPT_WATCH },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_AWAY, DAMP_EXIT_TIMEOUT },
		.examples = { "damper show status", "damper show status --watch" },
		.run = damp_cmd_show_status,
	},
	{
		.name = "show rules", .args = "",
		.summary = "each rule, where it stands, and what it did",
		.help = "In the order of the rule file. Packets and bytes of a rule:\n"
			"  matched   looked like what the rule asks for\n"
			"  over      were above one of its limits\n"
			"  would     would have been stopped, but the rule is in mode observe\n"
			"  acted     were stopped, answered or challenged by it\n",
		.options = { DAMP_OPT_JSON, DAMP_OPT_WATCH },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_TIMEOUT },
		.examples = { "damper show rules",
			      "damper show rules --json | jq '.rules[] | select(.mode==\"observe\")'" },
		.run = damp_cmd_show_rules,
	},
	{
		.name = "show limits", .args = "",
		.summary = "the limits of the rules, and the guard's",
		.help = "The limits that rules name, and the guard: what holds for peers that have not\n"
			"proved they are there, whatever the rules say. A limit counts by address and,\n"
			"where there is a ladder, by the network around it: /32 is one IPv4 address.\n",
		.options = { DAMP_OPT_JSON, DAMP_OPT_WATCH },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_TIMEOUT },
		.examples = { "damper show limits" },
		.run = damp_cmd_show_limits,
	},
	{
		.name = "show workers", .args = "",
		.summary = "load and packets of each worker",
		.help = "Load is the share of processor time spent on packets, over the last ten\n"
			"seconds; at 100% packets are lost.\n",
		.options = { DAMP_OPT_JSON, DAMP_OPT_WATCH },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_TIMEOUT },
		.examples = { "damper show workers --watch" },
		.run = damp_cmd_show_workers,
	},
	{
		.name = "show memory", .args = "",
		.summary = "how full the tables are",
		.help = "All memory is taken at the start; nothing grows. An eviction is a live entry\n"
			"that gave way to a newer one because its place was full.\n",
		.options = { DAMP_OPT_JSON, DAMP_OPT_WATCH },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_TIMEOUT },
		.examples = { "damper show memory" },
		.run = damp_cmd_show_memory,
	},
	{
		.name = "events", .args = "",
		.summary = "what happened, packet by packet (sampled)",
		.help = "Prints the newest events, oldest first: sampled verdicts (at most one per\n"
			"reason and second from each worker; \"x812\" stands for that many packets),\n"
			"loads of rules, and changes of health. With --json each line is one object.\n",
		.options = { DAMP_OPT_FOLLOW, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_TIMEOUT },
		.examples = { "damper events -f",
			      "damper events --json | jq 'select(.reason==\"amplification\").src.ip'" },
		.run = damp_cmd_events,
	},
	{
		.name = "bypass on", .args = "",
		.summary = "EMERGENCY: forward everything, filter nothing",
		.help = "For when the filter itself seems to be the problem. Everything is forwarded\n"
			"unjudged until the time is over; then filtering goes on by itself.\n"
			"While it lasts nobody is protected; metrics, status and events say so.\n",
		.options = { DAMP_OPT_FOR, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_TIMEOUT },
		.examples = { "damper bypass on --for 5min" },
		.run = damp_cmd_bypass_on,
	},
	{
		.name = "bypass off", .args = "",
		.summary = "end a bypass now",
		.help = "Filtering goes on at once. Does no harm when there is no bypass.\n",
		.options = { DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_TIMEOUT },
		.examples = { "damper bypass off" },
		.run = damp_cmd_bypass_off,
	},
	{
		.name = "version", .args = "",
		.summary = "print the version",
		.help = "The version of this command. That of damperd is in 'damper show status'.\n",
		.run = damp_cmd_version,
	},
	{
		.name = "help", .args = "[COMMAND]", .max_words = 2,
		.summary = "print help for all commands, or for one",
		.help = "The same as --help behind a command.\n",
		.examples = { "damper help load", "damper help show" },
		.run = damp_cmd_help,
	},
};

const size_t damp_ncommands = sizeof(damp_commands) / sizeof(damp_commands[0]);
