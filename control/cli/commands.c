/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of all commands; see commands.h and operators.md 4.1. */
#include "commands.h"

#include "block.h"
#include "bypass.h"
#include "capture.h"
#include "change.h"
#include "check.h"
#include "completion.h"
#include "diff.h"
#include "events.h"
#include "explain.h"
#include "fmt.h"
#include "help.h"
#include "learn.h"
#include "load.h"
#include "mode.h"
#include "replay.h"
#include "show.h"
#include "signed.h"
#include "test.h"
#include "trace.h"

const struct damp_option damp_option_table[DAMP_OPT_ID_MAX] = {
	[DAMP_OPT_JSON] = { "json", 0, NULL, "print JSON for programs instead of text" },
	[DAMP_OPT_WATCH] = { "watch", 'w', NULL, "print again each second, until Ctrl-C" },
	[DAMP_OPT_FOLLOW] = { "follow", 'f', NULL,
			      "go on with new events as they come, until Ctrl-C" },
	[DAMP_OPT_COMMENT] = { "comment", 0, "TEXT",
			       "why; kept with the load and shown by 'show status'" },
	[DAMP_OPT_CONFIRM] = { "confirm", 0, "TIME",
			       "go back by itself after that time (1s to 1d) unless somebody says\n"
			       "'damper confirm'" },
	[DAMP_OPT_NO_TESTS] = { "no-tests", 0, NULL,
				"leave the tests of the rules out; 'history' says so" },
	[DAMP_OPT_KEYS] = { "keys", 0, "DIR",
			    "where the keys of 'signed_by' are, NAME.pub each (default\n"
			    "/etc/damper/keys)" },
	[DAMP_OPT_UNSIGNED] = { "unsigned", 0, NULL,
				"look at no signatures: the file is not signed yet" },
	[DAMP_OPT_GENERATION] = { "generation", 0, "N",
				  "the text of a generation that is kept, in place of what runs" },
	[DAMP_OPT_OUT] = { "out", 0, "FILE", "write to this file, which must not be there yet" },
	[DAMP_OPT_FOR] = { "for", 0, "TIME",
			   "how long, like 90s, 10min, 1h (default 10min; a bypass at\nmost 1d, all else 30d)" },
	[DAMP_OPT_STRICT] = { "strict", 0, NULL,
			      "take warnings for errors, and remark on more" },
	[DAMP_OPT_RULES] = { "rules", 0, "FILE",
			     "judge by this rule file, by 'running' (what the data plane runs),\nor by the number of a generation" },
	[DAMP_OPT_AGAINST] = { "against", 0, "FILE",
			       "compare with this rule file, with 'running', or with the number\nof a generation" },
	[DAMP_OPT_HEX] = { "hex", 0, "HEX",
			   "the bytes of a CoAP message; '-' reads one on each line of\n"
			   "standard input" },
	[DAMP_OPT_PCAP] = { "pcap", 0, "FILE#N", "frame N of a capture" },
	[DAMP_OPT_MSG] = { "msg", 0, "TEXT",
			   "a described message, like 'CON GET /a?b', 'NON 2.05', 'RST'" },
	[DAMP_OPT_FROM] = { "from", 0, "ADDR|PCAP",
			    "where a message comes from: 192.0.2.1, 192.0.2.1:5683 or\n"
			    "[2001:db8::1]:5683; of 'learn', a capture to learn from" },
	[DAMP_OPT_TO] = { "to", 0, "ADDR", "where it goes" },
	[DAMP_OPT_SIZE] = { "size", 0, "SIZE",
			    "bytes of the described message, like 40 or 40B: filled up with\n"
			    "a payload" },
	[DAMP_OPT_SIDE] = { "side", 0, "SIDE", "the port it comes in on: outside or inside" },
	[DAMP_OPT_OPTION] = { "option", 0, "NAME=VALUE",
			      "a CoAP option of the described message, like observe=0,\n"
			      "block2=0/0/64 or etag=0x01; may be repeated" },
	[DAMP_OPT_STATE] = { "state", 0, "STATE",
			     "what the judge has seen before: empty, capture (default with\n"
			     "--pcap), or live: the tables of the running data plane" },
	[DAMP_OPT_INSIDE] = { "inside", 0, "PREFIX",
			      "addresses of devices, to tell the sides of a capture; may be\n"
			      "repeated" },
	[DAMP_OPT_PORT] = { "port", 0, "NAME=SIDE",
			    "on which side a port is that zones of the rules name, like\n"
			    "lan0=inside; may be repeated" },
	[DAMP_OPT_OUTSIDE_MAC] = { "outside-mac", 0, "MAC",
				   "frames from this MAC came from outside, all others from\n"
				   "inside; may be repeated" },
	[DAMP_OPT_AT] = { "at", 0, "TIME",
			  "the time for schedules and ends, like 2026-11-21T10:00Z or\n"
			  "2026-11-21T10:00+01:00 (default now), or 'unknown'" },
	[DAMP_OPT_GRACE] = { "grace", 0, NULL,
			     "begin as right after a start of the gateway, in its grace time" },
	[DAMP_OPT_LOOPBACK] = { "move-loopback", 0, NULL,
				"give 127.0.0.0/8 and ::1 other addresses (10.0.0.0/8, fd00::1),\n"
				"since no wire carries them and the judge refuses them" },
	[DAMP_OPT_FORMAT] = { "format", 0, "FORMAT", "how results are printed: tap" },
	[DAMP_OPT_COUNT] = { "count", 0, "N", "end after so many packets (default 10)" },
	[DAMP_OPT_VERDICT] = { "verdict", 0, "VERDICT", "only what was accept, drop, answer, challenge, shape or bypass" },
	[DAMP_OPT_RULE] = { "rule", 0, "RULE", "only what this rule decided, or would have" },
	[DAMP_OPT_REASON] = { "reason", 0, "REASON", "only what has this reason, like unsolicited_out" },
	[DAMP_OPT_WRITE] = { "write", 'w', NULL, "write files that change, and print their names" },
	[DAMP_OPT_CHECK] = { "check", 0, NULL,
			     "only print the names of files that would change" },
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
			"Needs neither damperd nor root, and changes nothing. A file with 'signed_by'\n"
			"has to be signed; --unsigned checks it before that. '-' is standard input,\n"
			"as of an editor; what it includes is looked for in the working directory.\n",
		.options = { DAMP_OPT_STRICT, DAMP_OPT_KEYS, DAMP_OPT_UNSIGNED, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_UNREADABLE },
		.examples = { "damper check /etc/damper/rules.yaml",
			      "damper check --json home.yaml | jq .files[0].ok" },
		.run = damp_cmd_check,
	},
	{
		.name = "bundle", .args = "FILE", .min_words = 1, .max_words = 1,
		.summary = "print a rule file and all that it includes as one text",
		.help = "What 'signed_by' has signed of a rule set of several files: the root file and\n"
			"all files that it reads, each with its length and path, as 'damper load' sends\n"
			"them. Of a file that includes nothing it is the file itself. The signature goes\n"
			"beside the root file, as FILE.minisig or FILE.NAME.minisig.\n",
		.options = { DAMP_OPT_OUT },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_UNREADABLE },
		.examples = { "damper bundle rules.yaml --out rules.bundle",
			      "minisign -Sm rules.bundle -x rules.yaml.minisig" },
		.run = damp_cmd_bundle,
	},
	{
		.name = "fmt", .args = "FILE...", .min_words = 1, .max_words = -1,
		.summary = "lay rule files out in the one way",
		.help = "Prints each file with the one indentation and spacing: two blanks a level, lines\n"
			"broken inside brackets at 100 characters, comments beside lines under each\n"
			"other. What is written, all comments, the order, and whether a list stands in\n"
			"brackets or in lines stay as they are; so do single empty lines.\n"
			"Files that are included are named by themselves. Rule tests are laid out too.\n"
			"'-' is standard input, as of an editor.\n"
			"Ends with 1 when a file has errors, or with --check when one would change.\n",
		.options = { DAMP_OPT_WRITE, DAMP_OPT_CHECK },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_UNREADABLE, DAMP_EXIT_REFUSED },
		.examples = { "damper fmt rules.yaml | diff rules.yaml -", "damper fmt --write *.yaml" },
		.run = damp_cmd_fmt,
	},
	{
		.name = "schema", .args = "",
		.summary = "the rule language as a JSON Schema, for editors",
		.help = "Prints a JSON Schema (draft 7) of rule files: the keys and the shape of their\n"
			"values. Editors that speak it complete keys and mark unknown ones. What a value\n"
			"says is looked at by 'damper check' alone.\n",
		.examples = { "damper schema > damper-rules.schema.json" },
		.run = damp_cmd_schema,
	},
	{
		.name = "diff", .args = "[OLD] NEW", .min_words = 1, .max_words = 2,
		.summary = "what changes from one rule set to another",
		.help = "OLD and NEW are rule files, 'running', or numbers of generations ('damper\n"
			"history'); without OLD it is what runs. Both are compiled, and what they mean is\n"
			"compared, not their text: rules added, removed, changed and moved, numbers from\n"
			"old to new, members of sets, values of the guard, each with its place on both\n"
			"sides. Defaults that are now written are told, and are no difference. Budgets\n"
			"that a load would lose stand first: whoever is above such a limit begins anew.\n"
			"Ends with 1 when they differ.\n",
		.options = { DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_UNREADABLE, DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED,
			   DAMP_EXIT_TIMEOUT },
		.examples = { "damper diff new.yaml", "damper diff 7 9",
			      "damper diff old.yaml new.yaml --json | jq .state_lost" },
		.run = damp_cmd_diff,
	},
	{
		.name = "load", .args = "FILE", .min_words = 1, .max_words = 1,
		.summary = "check a rule file and put it to work",
		.help = "Checks the file here first, then runs the tests beside it: each *.test.yaml of\n"
			"its folder that names this file. With errors or a red test nothing is sent.\n"
			"Prints what changes against what runs ('damper diff'). Then damperd compiles it\n"
			"again and the data plane swaps its rules between two packets: none is lost,\n"
			"counters and limits of rules that stay go on. Prints the new generation.\n"
			"With --confirm, or 'confirm' in the file, the rules before come back when nobody\n"
			"says 'damper confirm' in time: also when damperd or the data plane dies in\n"
			"between, or the machine boots. Until then no other load is taken.\n"
			"It need not be the file damperd was started with; what is loaded here stays\n"
			"until that file is changed and damperd restarts, or gets SIGHUP.\n",
		.options = { DAMP_OPT_CONFIRM, DAMP_OPT_COMMENT, DAMP_OPT_NO_TESTS, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_UNREADABLE, DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED,
			   DAMP_EXIT_BUSY, DAMP_EXIT_TIMEOUT },
		.examples = { "damper load rules.yaml --comment 'tighten discovery, ticket 4711'",
			      "damper load rules.yaml --confirm 120s" },
		.run = damp_cmd_load,
	},
	{
		.name = "confirm", .args = "",
		.summary = "keep the rules that wait to be confirmed",
		.help = "Ends the time that 'damper load --confirm' has set: the rules stay, and the data\n"
			"plane starts with them from now on.\n"
			"Ends with 1 when nothing waits to be confirmed.\n",
		.options = { DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_BUSY,
			   DAMP_EXIT_TIMEOUT },
		.examples = { "damper confirm" },
		.run = damp_cmd_confirm,
	},
	{
		.name = "rollback", .args = "[N]", .max_words = 1,
		.summary = "go back to the rules before, or to generation N",
		.help = "Loads rules that damperd keeps, as a new generation. Without N those before what\n"
			"runs: others than these, and none that were taken back. While a load waits to\n"
			"be confirmed it ends that, at once.\n",
		.options = { DAMP_OPT_CONFIRM, DAMP_OPT_COMMENT, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_BUSY,
			   DAMP_EXIT_TIMEOUT },
		.examples = { "damper rollback", "damper rollback 7 --comment 'ticket 4711 again'" },
		.run = damp_cmd_rollback,
	},
	{
		.name = "history", .args = "",
		.summary = "the last ten generations of rules",
		.help = "What was loaded when, by whom and why, the newest first; a star marks what runs.\n"
			"HOW is load, file (damperd's rule file), rollback, back (nobody confirmed) or\n"
			"found (ran already; its text is not known).\n",
		.options = { DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_TIMEOUT },
		.examples = { "damper history", "damper diff 7 9",
			      "damper history --json | jq '.generations[0].digest'" },
		.run = damp_cmd_history,
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
		.help = "In the order of the rule file. Packets of a rule, and bytes where the terminal has\n"
			"room for them:\n"
			"  matched   looked like what the rule asks for\n"
			"  over      were above one of its limits\n"
			"  would     would have been stopped, but the rule is in mode observe\n"
			"  acted     were stopped, answered or challenged by it\n"
			"MODE is what the data plane goes by now: of the file, or set by 'damper mode' for a\n"
			"while; \"not now\", \"ended\" or \"time unknown\" when it is out of force for its time.\n"
			"With --generation the text of the rules that were loaded then.\n",
		.options = { DAMP_OPT_GENERATION, DAMP_OPT_JSON, DAMP_OPT_WATCH },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_AWAY, DAMP_EXIT_TIMEOUT },
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
			"reason and second from each worker, or what the 'log' of a rule asks for;\n"
			"\"x812\" stands for that many packets), warnings of rules with 'warn', loads of\n"
			"rules, and changes of health. With --json each line is one object.\n",
		.options = { DAMP_OPT_FOLLOW, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_TIMEOUT },
		.examples = { "damper events -f",
			      "damper events --json | jq 'select(.reason==\"amplification\").src.ip'" },
		.run = damp_cmd_events,
	},
	{
		.name = "capture", .args = "",
		.summary = "frames as they came, with what became of them",
		.help = "Has the data plane keep copies of frames for a time (10 s when --for is not\n"
			"given, at most 1 h) and writes them to a pcapng file: as they came, dropped\n"
			"ones too, each with its verdict, reason and rule as comment. At most 1000\n"
			"frames a second of each worker are kept, of each 1536 bytes; what was more is\n"
			"said at the end. Changes no verdict, ends by itself, and needs no damperd.\n",
		.options = { DAMP_OPT_VERDICT, DAMP_OPT_RULE, DAMP_OPT_REASON, DAMP_OPT_FOR, DAMP_OPT_OUT },
		.exits = { DAMP_EXIT_UNREADABLE, DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED },
		.examples = { "damper capture --verdict drop --for 30s --out drops.pcapng",
			      "damper capture --rule thing-polls --reason rule_limit --out - | tshark -r -" },
		.run = damp_cmd_capture,
	},
	{
		.name = "trace", .args = "[FILTER]...", .max_words = -1,
		.summary = "the next live packets, and why each was treated as it was",
		.help = "Prints the next packets that match, whatever becomes of them, as 'damper explain'\n"
			"prints one: how it reads, each rule with why it matched or not, limits and budgets\n"
			"as they stood before it, the verdict, and what left. All that stood in tables was\n"
			"written down by the judge at that moment; what follows from the frame and the\n"
			"rules alone is worked out here, by the generation that judged it. With --json each\n"
			"line is one object; 'live' says which is which.\n"
			"FILTER is keys and values, all of which have to hold: from, to, host (prefixes),\n"
			"port, side, msg, code, path (/a, or /a/** for all below), rule (that it matches),\n"
			"reason, verdict. Without one, all that is CoAP. 'damper capture' keeps whole frames.\n"
			"At most 200 packets a second of each worker; what was more is said at the end. Ends\n"
			"after --count or --for (30 s when not given, at most 1 h); costs nothing then, nor\n"
			"three seconds after this command is killed. Changes no verdict, needs no damperd.\n"
			"One trace at a time. Ends with 8 when nothing matched.\n",
		.options = { DAMP_OPT_COUNT, DAMP_OPT_FOR, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_BUSY, DAMP_EXIT_TIMEOUT },
		.examples = { "damper trace verdict drop --count 1",
			      "damper trace host 203.0.113.9 msg request --for 5min",
			      "damper trace rule lookup-limit --json | jq .verdict.reason" },
		.run = damp_cmd_trace,
	},
	{
		.name = "explain", .args = "",
		.summary = "what would happen to one message, and why",
		.help = "Puts a message before the judge of the data plane, here, off the wire: prints\n"
			"how it reads, each rule with why it matches or not, its limits with what is\n"
			"used of them, the budgets of the guard, the verdict, and what would be sent.\n"
			"The message is given by --hex, --pcap or --msg. Rules are those that run, from\n"
			"damperd, or those of --rules FILE; --hex without --rules, --from or --side only\n"
			"asks the strict scan. The judge has seen nothing before, save with --pcap the\n"
			"frames before it. --hex - prints one JSON object for each line.\n"
			"With --state live the running data plane is asked, by its rules: proofs, exchanges,\n"
			"levels of limits and budgets, blocks, sets and the greylist are as they are now. It\n"
			"only looks: nothing is charged, opened or sent, and what would leave is not built.\n"
			"Needs no damperd. With --hex - it is asked about line after line.\n"
			"Ends with 1 when the message is dropped.\n",
		.options = { DAMP_OPT_HEX, DAMP_OPT_PCAP, DAMP_OPT_MSG, DAMP_OPT_FROM, DAMP_OPT_TO,
			     DAMP_OPT_SIZE, DAMP_OPT_OPTION, DAMP_OPT_SIDE, DAMP_OPT_AT, DAMP_OPT_RULES,
			     DAMP_OPT_STATE, DAMP_OPT_INSIDE, DAMP_OPT_OUTSIDE_MAC, DAMP_OPT_PORT,
			     DAMP_OPT_LOOPBACK, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_UNREADABLE, DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED,
			   DAMP_EXIT_TIMEOUT },
		.examples = { "damper explain --rules home.yaml --from 203.0.113.9 --to 192.0.2.7 "
			      "--msg 'CON GET /a'",
			      "damper explain --rules home.yaml --pcap attack.pcap#17",
			      "damper explain --hex 40010001",
			      "damper explain --state live --from 203.0.113.9 --to 192.0.2.7 --msg 'CON GET /a'" },
		.run = damp_cmd_explain,
	},
	{
		.name = "replay", .args = "PCAP", .min_words = 1, .max_words = 1,
		.summary = "what would rules have done with a capture?",
		.help = "Puts each frame of a pcap or pcapng file before the judge of the data plane,\n"
			"here, with the capture's own clock, and prints what became of them. With\n"
			"--against a second judge runs other rules beside it, and the differences are\n"
			"shown: counts, proved peers that were dropped (look there first), bytes toward\n"
			"peers that have not proved they are there, and for each rule the first frame it\n"
			"treated otherwise; 'damper explain --pcap FILE#N' says why.\n"
			"Which side a frame came from is told by --inside or --outside-mac, else by\n"
			"pcapng interfaces named inside and outside, else by the inside prefixes of the\n"
			"rules, else guessed: the end with the CoAP port is inside.\n"
			"The judge begins with empty tables, and nobody answers its challenges here: a\n"
			"capture of a gateway without Damper shows honest clients unproved.\n"
			"Ends with 1 when verdicts differ.\n",
		.options = { DAMP_OPT_RULES, DAMP_OPT_AGAINST, DAMP_OPT_INSIDE, DAMP_OPT_OUTSIDE_MAC, DAMP_OPT_PORT,
			     DAMP_OPT_LOOPBACK, DAMP_OPT_GRACE, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_UNREADABLE, DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED,
			   DAMP_EXIT_TIMEOUT },
		.examples = { "damper replay yesterday.pcapng --rules new.yaml --against running",
			      "damper replay attack.pcap --rules home.yaml --json | jq .sets.new" },
		.run = damp_cmd_replay,
	},
	{
		.name = "learn start", .args = "",
		.summary = "begin to learn from live traffic how much is normal",
		.help = "From now on damperd counts what peers, devices and pairs of them send, in windows\n"
			"of ten seconds, and forgets what it had learned before. Windows and keys that a\n"
			"limit acted on are left out. Costs the workers a sample of the packets while it\n"
			"lasts, and nothing when it is off. Nothing is changed by it.\n",
		.options = { DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_TIMEOUT },
		.examples = { "damper learn start" },
		.run = damp_cmd_learn_start,
	},
	{
		.name = "learn show", .args = "",
		.summary = "what was learned: quantiles for each kind of key",
		.help = "For each side, and per peer, device, pair and all together: what a key sends in a\n"
			"second over a window (a rate), and the most it sent in one second (a burst):\n"
			"what half, 95 %, 99 % and all of the values stay below.\n"
			"With --from it is learned from a capture here, without damperd. With --rules the\n"
			"judge leaves out what those rules would have limited; without, all of it counts.\n",
		.options = { DAMP_OPT_FROM, DAMP_OPT_RULES, DAMP_OPT_INSIDE, DAMP_OPT_OUTSIDE_MAC, DAMP_OPT_PORT,
			     DAMP_OPT_LOOPBACK, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_UNREADABLE, DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED,
			   DAMP_EXIT_TIMEOUT },
		.examples = { "damper learn show", "damper learn show --from monday.pcapng --inside 192.0.2.0/24" },
		.run = damp_cmd_learn_show,
	},
	{
		.name = "learn propose", .args = "",
		.summary = "limits that what was learned stays below, as a rule file",
		.help = "Writes a commented rule file with the numbers behind each limit. Its rules only\n"
			"observe, and nobody loads it but you.\n",
		.options = { DAMP_OPT_FROM, DAMP_OPT_RULES, DAMP_OPT_INSIDE, DAMP_OPT_OUTSIDE_MAC, DAMP_OPT_PORT,
			     DAMP_OPT_LOOPBACK, DAMP_OPT_OUT },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_UNREADABLE, DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED,
			   DAMP_EXIT_TIMEOUT },
		.examples = { "damper learn propose --out proposal.yaml",
			      "damper learn propose --from monday.pcapng > proposal.yaml" },
		.run = damp_cmd_learn_propose,
	},
	{
		.name = "learn stop", .args = "",
		.summary = "end learning",
		.help = "What was learned stays for 'learn show' and 'learn propose' until the next start.\n",
		.options = { DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_TIMEOUT },
		.examples = { "damper learn stop" },
		.run = damp_cmd_learn_stop,
	},
	{
		.name = "test", .args = "FILE...", .min_words = 1, .max_words = -1,
		.summary = "run rule tests (*.test.yaml)",
		.help = "Each test sends described messages, or a capture, through the judge of the data\n"
			"plane, here, with the rules its file names, and compares what became of them\n"
			"with what it expects. Results are printed in the Test Anything Protocol; what\n"
			"is wrong with a file goes to standard error with file, line and column.\n"
			"Needs neither damperd nor root. Ends with 1 when a test failed.\n",
		.options = { DAMP_OPT_FORMAT },
		.exits = { DAMP_EXIT_NO, DAMP_EXIT_UNREADABLE },
		.examples = { "damper test /etc/damper/home.test.yaml" },
		.run = damp_cmd_test,
	},
	{
		.name = "mode", .args = "RULE MODE", .min_words = 2, .max_words = 2,
		.summary = "another mode of a rule for a while",
		.help = "RULE is the id of a rule, or 'all'; MODE is observe, enforce, off, or file.\n"
			"For a rule that hurts, or one that was on trial: its mode is another one until the\n"
			"time is over, across reloads and whatever becomes of damperd; then that of the rule\n"
			"file holds again. The ceiling of 'ruleset: mode' stays above it. 'file' ends it now.\n"
			"'damper show rules' shows the mode that the data plane goes by, and how long.\n",
		.options = { DAMP_OPT_FOR, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_TIMEOUT },
		.examples = { "damper mode lookup-limit observe --for 30min", "damper mode all observe --for 5min",
			      "damper mode lookup-limit file" },
		.run = damp_cmd_mode,
	},
	{
		.name = "block", .args = "PREFIX", .min_words = 1, .max_words = 1,
		.summary = "drop all CoAP from and to a prefix for a while",
		.help = "PREFIX is an address or a network: 192.0.2.9, 192.0.2.0/24, 2001:db8::/64. The data\n"
			"plane drops all that comes from it or goes to it, whatever the rules say, until the\n"
			"time is over; reloads, and restarts of damperd or the data plane, change nothing. The\n"
			"exempt are not blocked. Mind who else lives behind an address: a NAT is many.\n",
		.options = { DAMP_OPT_FOR, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_TIMEOUT },
		.examples = { "damper block 203.0.113.9 --for 1h" },
		.run = damp_cmd_block,
	},
	{
		.name = "unblock", .args = "BLOCKED", .min_words = 1, .max_words = 1,
		.summary = "end a block now, whoever began it",
		.help = "The prefix as 'damper show blocks' shows it. What a rule knows of it is forgotten.\n",
		.options = { DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_TIMEOUT },
		.examples = { "damper unblock 203.0.113.9" },
		.run = damp_cmd_unblock,
	},
	{
		.name = "show blocks", .args = "",
		.summary = "who is blocked, by which rule, and for how long still",
		.help = "One line for each prefix and direction. In mode observe a block drops nothing.\n",
		.options = { DAMP_OPT_JSON, DAMP_OPT_WATCH },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_TIMEOUT },
		.examples = { "damper show blocks" },
		.run = damp_cmd_show_blocks,
	},
	{
		.name = "set add", .args = "SET PREFIX", .min_words = 2, .max_words = 2,
		.summary = "put a prefix into a set of 'source: runtime'",
		.help = "It stays for --for, or else for the set's 'timeout'; across reloads, and restarts of\n"
			"damperd or the data plane. A running rule has to ask for the set.\n",
		.options = { DAMP_OPT_FOR, DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_TIMEOUT },
		.examples = { "damper set add scanners 192.0.2.0/24 --for 1h" },
		.run = damp_cmd_set_add,
	},
	{
		.name = "set del", .args = "SET PREFIX", .min_words = 2, .max_words = 2,
		.summary = "take a prefix out of a set",
		.help = "The prefix as 'damper show sets' shows it.\n",
		.options = { DAMP_OPT_JSON },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_TIMEOUT },
		.examples = { "damper set del scanners 192.0.2.0/24" },
		.run = damp_cmd_set_del,
	},
	{
		.name = "show sets", .args = "",
		.summary = "the members of the sets that are filled at run time",
		.help = "Each with the time it still stays.\n",
		.options = { DAMP_OPT_JSON, DAMP_OPT_WATCH },
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_REFUSED, DAMP_EXIT_TIMEOUT },
		.examples = { "damper show sets" },
		.run = damp_cmd_show_sets,
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
		.name = "completion", .args = "bash|zsh", .min_words = 1, .max_words = 1,
		.summary = "a script that completes commands in a shell",
		.help = "Prints a script for bash or zsh: commands, their options, and files. Packages\n"
			"install it. Ids of rules, names of limits and of reasons, and generations come\n"
			"from the gateway that runs: for these the script calls 'damper completion rules',\n"
			"'limits', 'reasons' and 'generations', which print one a line.\n",
		.exits = { DAMP_EXIT_AWAY, DAMP_EXIT_TIMEOUT },
		.examples = { "source <(damper completion bash)",
			      "damper completion zsh > ~/.zsh/_damper" },
		.run = damp_cmd_completion,
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
