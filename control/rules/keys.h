/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The key table: every key of the rule language, once.
 *
 * Idea: one list drives the detection of unknown keys, the suggestions, the
 * built-in defaults of the guard and the reference manual (docs/rules.md), so
 * that none of them can disagree with another.
 *
 * X(SECTION, ID, "name", KIND, "since", "default", "help"). Since "" is a key
 * that is known but not supported yet. The default text is in the syntax of
 * the rule file; for the guard it *is* the default (guard.c parses it).
 *
 * References: operators.md 3; attacks.md section 8 for the defaults.
 */
#ifndef DAMP_RULES_KEYS_H
#define DAMP_RULES_KEYS_H

#include <stdbool.h>
#include <stddef.h>

/* The language this compiler speaks, compared with `requires`. */
#define DAMP_RULES_LANGUAGE_MAJOR 1
#define DAMP_RULES_LANGUAGE_MINOR 2
#define DAMP_RULES_FILE_VERSION 1

/* X(ID, "what a value looks like") */
#define DAMP_KEY_KINDS(X)                                                                         \
	X(INTEGER, "a number: `7`, `0x10`")                                                       \
	X(TEXT, "text")                                                                           \
	X(NAME, "a name: a to z, 0 to 9, `-`")                                                    \
	X(TRUTH, "`true` or `false`")                                                             \
	X(TRUTHS, "`true` or `false`")                                                            \
	X(MODE, "`enforce`, `observe` or `off`")                                                  \
	X(REQUIRES, "a version: `\">=1.2\"`")                                                     \
	X(MAP, "a mapping of keys")                                                                \
	X(NAMED, "a mapping of names")                                                            \
	X(DEFINES, "a mapping of names to any value")                                             \
	X(RULES, "a list of rules")                                                               \
	X(TENANTS, "a mapping of names to prefixes, full addresses or `$name`")                   \
	X(SET_KIND, "`prefix`, `path` or `ports`")                                                \
	X(ITEMS, "a list in the manner of the kind")                                              \
	X(EXEMPTIONS, "a list of exemptions")                                                     \
	X(DATE, "a day: `2027-03-01`")                                                            \
	X(SET_SOURCE, "`inline`, `file` or `runtime`")                                            \
	X(PATH, "a path")                                                                         \
	X(SHARE, "a share: `1/100`")                                                              \
	X(FIRST, "`3 per source`; also `target`, `peer`, `device`, `pair`")                       \
	X(PERCENT, "`1%` to `100%`")                                                              \
	X(SEVERITY, "`info`, `warning`, `critical` or `storm`")                                   \
	X(WHOM, "`source`, `target`, `peer` or `device`, or a prefix of one: `source/64`")        \
	X(DAYS, "a list of `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`")                      \
	X(HOURS, "`07:00-19:00`")                                                                 \
	X(TIME_ZONE, "a zone of time: `Europe/Berlin`, `UTC`")                                    \
	X(WHEN, "the name of a schedule, or a list of them")                                      \
	X(HELLO, "`client_hello`, or `{not: client_hello}`")                                      \
	X(PRESENCE, "`present` or `absent`")                                                      \
	X(TEXTS, "a word, or a list of them")                                                     \
	X(SIGNERS, "the name of a key, or a list of them")                                        \
	X(OPEN_CLOSED, "`open` or `closed`")                                                      \
	X(FULL, "`open`, `closed` or `evict-idle`")                                               \
	X(SIDES, "a list of `outside`, `inside`, or names of devices")                            \
	X(ADDRESSES, "prefixes, full addresses, `$name`, or `any`")                               \
	X(PER, "`source`, `target`, `peer`, `device`, `pair`, `global`, `tenant` or `path`")      \
	X(COUNT,                                                                                  \
	  "`messages`, `created` or `keys` of a `rate`; `exchanges`, `observations` or "          \
	  "`registrations` of `concurrent`")                                                      \
	X(RATE,                                                                                   \
	  "`N msg/s`, `msg/min`, `msg/h`, or `N B/s`, `kB/s`, `KiB/s`, `MB/s`, `MiB/s`, "         \
	  "`kbit/s`, `Mbit/s`, `Gbit/s`")                                                         \
	X(RATE_MSG, "`N msg/s`, `N msg/min` or `N msg/h`")                                        \
	X(RATE_BYTES,                                                                             \
	  "`N B/s`, `kB/s`, `KiB/s`, `MB/s`, `MiB/s`, `kbit/s`, `Mbit/s` or `Gbit/s`")            \
	X(AMOUNT, "`N msg`, or `N B`, `kB`, `KiB`, `MB`, `MiB`, as the rate")                     \
	X(MESSAGES, "`N msg`")                                                                    \
	X(SIZE, "`N B`, `kB`, `KiB`, `MB` or `MiB`")                                              \
	X(DURATION, "`N s`, `ms`, `min`, `h` or `d`")                                             \
	X(SLICE, "`16 B`, `32 B`, `64 B`, `128 B`, `256 B`, `512 B`, `1024 B` or `off`")          \
	X(FACTOR, "`3x`, `1.5x`")                                                                 \
	X(LADDER, "`{ipv4: {32: 1x, 24: 8x}, ipv6: {...}}` or `$name`")                           \
	X(STEPS, "`{32: 1x, 24: 8x}`: prefix length and factor")                                  \
	X(MATCH, "conditions, or `any`")                                                          \
	X(ENDPOINT, "zones, prefixes, addresses, `$name`; `to` and `target` also `multicast`")    \
	X(PORTS, "ports: `5683`, `5683..5690`, `$name`, lists of them")                           \
	X(MSG, "`request`, `response`, `empty`, `malformed`, `dtls`")                             \
	X(TYPE, "`CON`, `NON`, `ACK`, `RST`")                                                     \
	X(CODE, "`GET`, `POST`, ..., `2.05`, `4.xx`")                                             \
	X(PATTERN, "text, `*` for one segment, `**` for the rest, `{regex: \"...\"}`, `$name`")   \
	X(OPTION, "an option name, a list, or `{name: present}`, `{name: absent}`, `{name: value}`")               \
	X(SIZE_RANGE, "a range of bytes: `..96 B`, `64 B..`, `64 B..96 B`")                       \
	X(LIMITS, "a limit's name, or a list of at most 4")                                       \
	X(ACTION,                                                                                 \
	  "`accept`, `drop`, `challenge`, `reset`, `continue`, `{answer: ...}` or "               \
	  "`{strip: observe}`") \
	X(DROP_PASS, "`drop` or `pass`")                                                          \
	X(PROVE_PASS, "`prove` or `pass`")                                                        \
	X(DROP_SMALL, "`drop` or `small`")                                                        \
	X(DROP_EVICT, "`drop` or `evict`")                                                        \
	X(ANSWER, "a response code: `4.01`, `4.03`, `4.29`, `5.03`, ...")                         \
	X(TIME_OR_RANGE, "`30 s`, or a range: `60 s..300 s`")                                     \
	X(STRIP, "`observe`")                                                                     \
	X(BLOCK_SIZE, "`16 B`, `32 B`, `64 B`, `128 B`, `256 B`, `512 B` or `1024 B`")            \
	X(REGEX, "a regular expression for the whole text")                                       \
	X(FILES, "a path, a glob, or a list of them")                                               \
	X(LATER, "")

/* X(ID, "as messages name it", "heading of the reference") */
#define DAMP_KEY_SECTIONS(X)                                                                      \
	X(TOP, "a rule file", "The file")                                                         \
	X(RULESET, "'ruleset'", "ruleset")                                                        \
	X(SET, "a set", "sets")                                                                   \
	X(EXEMPT, "an exemption", "exempt")                                                       \
	X(ZONE, "a zone", "zones")                                                                \
	X(LIMIT, "a limit", "limits")                                                             \
	X(LADDER, "a ladder", "ladder")                                                           \
	X(AMPLIFICATION, "'amplification'", "amplification")                                      \
	X(RULE, "a rule", "rules")                                                                \
	X(MATCH, "'match'", "match")                                                              \
	X(PATTERN, "a pattern", "pattern")                                                        \
	X(LOG, "'log'", "log")                                                                    \
	X(BLOCK, "'block'", "block")                                                              \
	X(SCHEDULE, "a schedule", "schedules")                                                    \
	X(CAPTURE, "'capture'", "capture")                                                        \
	X(DROPS, "'drops'", "capture: drops")                                                     \
	X(FAIL, "'fail'", "fail")                                                                 \
	X(SLIP, "'slip'", "slip")                                                                 \
	X(SHAPE, "'shape'", "shape")                                                              \
	X(ANSWER, "an action", "then, over")                                                      \
	X(GUARD, "'guard'", "guard")                                                              \
	X(UNPROVED, "'unproved'", "guard: unproved")                                              \
	X(FIRST, "'first_contact'", "guard: first_contact")                                       \
	X(FIRST_NETWORK, "'network'", "guard: first_contact: network")                            \
	X(FIRST_KNOWN, "'known'", "guard: first_contact: known")                                  \
	X(FIRST_TRUST, "'trust'", "guard: first_contact: trust")                                  \
	X(SERVERS, "'servers'", "guard: servers")                                                 \
	X(PROVED, "'proved'", "guard: proved")                                                    \
	X(CHALLENGES, "'challenges'", "guard: challenges")                                        \
	X(NETWORK, "'network'", "guard: challenges: network")                                     \
	X(RETRIES, "'retries'", "guard: challenges: retries")                                     \
	X(ALL, "'all'", "guard: challenges: all")                                                 \
	X(PINGS, "'pings'", "guard: pings")                                                       \
	X(PROBING, "'probing'", "guard: probing")                                                 \
	X(PROOF, "'proof'", "guard: proof")                                                       \
	X(NEEDS, "'needs_proof'", "guard: needs_proof")                                           \
	X(GRACE, "'grace'", "guard: grace")                                                       \
	X(EXCHANGES, "'exchanges'", "guard: exchanges")                                           \
	X(OBSERVE, "'observe'", "guard: observe")                                                 \
	X(AT_ONCE, "'at_once'", "guard: observe: at_once")                                        \
	X(ATTRIBUTES, "'attributes'", "guard: observe: attributes")                               \
	X(ASYMMETRIC, "'asymmetric'", "guard: asymmetric")                                        \
	X(TRANSFERS, "'transfers'", "guard: transfers")                                           \
	X(PORTS, "'ports'", "guard: ports")                                                       \
	X(EVENTS, "'events'", "events")                                                           \
	X(ATTACK, "'attack'", "events: attack")

#define DAMP_KEYS_FILE(X)                                                                         \
	X(TOP, VERSION, "version", INTEGER, "0.1", "",                                            \
	  "Version of the file format: 1. Required.")                                             \
	X(TOP, RULESET, "ruleset", MAP, "0.1", "", "What this file is, and how far it may act.")  \
	X(TOP, DEFINE, "define", DEFINES, "0.1", "",                                              \
	  "Names for values, used as `$name`. Defines, sets and zones share one name space.")     \
	X(TOP, SETS, "sets", NAMED, "0.1", "", "Typed lists, used as `$name`.")                   \
	X(TOP, ZONES, "zones", NAMED, "0.1", "",                                                  \
	  "The two sides of the gateway, by port and address. `inside` and `outside` exist "      \
	  "without being written.")                                                               \
	X(TOP, GUARD, "guard", MAP, "0.1", "",                                                    \
	  "What always holds, whatever the rules say. Rules can only be stricter.")               \
	X(TOP, LIMITS, "limits", NAMED, "0.1", "", "Budgets that rules refer to.")                \
	X(TOP, RULES, "rules", RULES, "0.1", "[]",                                                \
	  "Run from top to bottom; the first final verdict wins. A message no rule decides "      \
	  "is accepted, and the guard still judges it.")                                          \
	X(TOP, INCLUDE, "include", FILES, "0.1", "",                                              \
	  "Files to read as well, relative to this one; nothing outside of the directory of "     \
	  "the root file, no symbolic links, at most 8 deep. A file is read once; those of a "    \
	  "glob in the order of their names, and one that cannot be read is an error. They begin with `version: 1` and may hold "          \
	  "`define`, `sets`, `schedules`, `exempt`, `limits`, `rules` and `include`. Their "      \
	  "rules come behind those of "                                                           \
	  "this file, or where `- include: ...` stands as an item of `rules`.")                   \
	X(TOP, SCHEDULES, "schedules", NAMED, "0.1", "",                                          \
	  "Times of the week, for `when`. Local time: in the hour that a change to summer "       \
	  "time leaves out nothing holds, in the one that comes twice a schedule holds twice.")   \
	X(TOP, TENANTS, "tenants", TENANTS, "0.1", "each item of the set of that name",          \
	  "Whose the addresses are, for limits per `tenant`: a name and its prefixes. No address " \
	  "belongs to two.")                                                                      \
	X(TOP, EXEMPT, "exempt", EXEMPTIONS, "0.1", "[]",                                         \
	  "Outside addresses whose messages, and the messages to them, meet neither rules nor "   \
	  "guard and count toward no limit. Who can send in their name can do what they may.")    \
	X(TOP, DOTS, "dots", LATER, "", "", "")                                                   \
	X(TOP, UPSTREAM, "upstream", LATER, "", "", "")                                           \
	X(TOP, CAPTURE, "capture", MAP, "0.1", "",                                                \
	  "Keep copies of dropped messages all the time; `damper capture` does so on demand.")    \
	X(TOP, EVENTS, "events", MAP, "0.1", "", "When an attack is told of as one.")               \
	X(TOP, FAIL, "fail", MAP, "0.1", "", "What happens when something is missing or full.")   \
	X(RULESET, NAME, "name", NAME, "0.1", "rules", "Shown with every counter and event.")     \
	X(RULESET, REVISION, "revision", INTEGER, "0.1", "0",                                     \
	  "Counted up by whoever edits the file.")                                                \
	X(RULESET, REQUIRES, "requires", REQUIRES, "0.1", "",                                     \
	  "Oldest version of the rule language that the file needs; this is 1.2.")                \
	X(RULESET, MODE, "mode", MODE, "0.1", "enforce",                                          \
	  "Ceiling for the mode of every rule: `observe` counts what would be done and does "     \
	  "nothing.")                                                                             \
	X(RULESET, CONFIRM, "confirm", DURATION, "0.1", "",                                       \
	  "After a load go back to the rules before, unless `damper confirm` comes within "      \
	  "this time, up to 1 d. `damper load --confirm` overrules it. The first rules of a "     \
	  "gateway have none before them and need nobody to confirm.")                            \
	X(RULESET, SIGNED_BY, "signed_by", SIGNERS, "0.1", "",                                      \
	  "Whose signatures the file needs, all of them: the names of keys in the key directory " \
	  "of the gateway (`damperd --keys`). A signature is a file beside this one "             \
	  "(`rules.yaml.minisig`, `rules.yaml.NAME.minisig`, or `.sig`) that minisign or "        \
	  "signify made of it; with files that it includes, of what `damper bundle` makes of "    \
	  "all of them. Without them `damper check` and `damper load` refuse it. Only "           \
	  "`damperd --signed-by` keeps others from loading a file that asks for no signature.")   \
	X(RULESET, LOCKED, "locked", TEXTS, "0.1", "",                                            \
	  "Keys that nobody may change while the gateway runs. With `mode` in it `damper mode` "  \
	  "is refused; for the others there is no way to change them but a load.")                \
	X(SET, KIND, "kind", SET_KIND, "0.1", "", "What the items are. Required.")                \
	X(SET, SOURCE, "source", SET_SOURCE, "0.1", "inline",                                     \
	  "Where the members come from: `items`, a `file`, or `damper set add` while the gateway " \
	  "runs. A set of `source: runtime` begins empty, keeps its members across loads by its " \
	  "name, and fits `from`, `to`, `source` and `target`; rules may ask for at most 6.")     \
	X(SET, ITEMS, "items", ITEMS, "0.1", "[]", "The members, of `source: inline`.")           \
	X(SET, FILE, "file", PATH, "0.1", "",                                                     \
	  "A text file with one member a line, for `source: file`; `#` begins a comment. The "    \
	  "same rules as for `include` say where it may lie.")                                    \
	X(SET, SIZE, "size", INTEGER, "0.1", "65536",                                             \
	  "Most members of a set of `source: runtime`, up to 1048576.")                           \
	X(SET, TIMEOUT, "timeout", DURATION, "0.1", "10 min",                                     \
	  "How long a member of a set of `source: runtime` stays unless `--for` says, up to 30 d.") \
	X(SET, SCOPE, "scope", LATER, "", "", "")                                                 \
	X(EXEMPT, FROM, "from", ADDRESSES, "0.1", "", "Whom. Not `any`. Required.")               \
	X(EXEMPT, ABOUT, "about", TEXT, "0.1", "", "Why, for people.")                            \
	X(EXEMPT, REVIEWED, "reviewed", DATE, "0.1", "",                                          \
	  "When somebody last asked whether it is still needed.")                                 \
	X(EXEMPT, UNTIL, "until", DATE, "0.1", "",                                                \
	  "Its last day (UTC). A file with an exemption that has ended does not load; one that "  \
	  "ends within 14 days is warned about. It ends while the program runs, too, by the "     \
	  "latest time the gateway has proof of.")                                                \
	X(ZONE, PORTS, "ports", SIDES, "0.1", "[outside, inside]",                                \
	  "The gateway port that messages of the zone come in on. A device is named as the "      \
	  "kernel (`lan0`), DPDK or PCI (`\"0000:03:00.0\"`) call it, or as `inside_names` and "   \
	  "`outside_names` of the data plane's settings do. The data plane looks the names up "   \
	  "when it loads the rules; with one that none of its ports has it keeps the rules it "   \
	  "runs. It has two ports, so a zone by device is one of the two sides, and in a zone "   \
	  "called `inside` or `outside` the device has to be on that side.")                      \
	X(ZONE, PREFIXES, "prefixes", ADDRESSES, "0.1", "any",                                    \
	  "Addresses of the zone. With prefixes on a zone of the inside port the gateway "        \
	  "knows its own networks and can tell spoofed sources (`check_sources`).")               \
	X(LIMIT, ABOUT, "about", TEXT, "0.1", "", "Where its numbers come from, for people.")     \
	X(LIMIT, PER, "per", PER, "0.1", "",                                                      \
	  "Whose budget it is. The peer is the outside end and the device the inside end, "       \
	  "whatever the direction. The tenant is that of the device, or where it has none of the " \
	  "peer (`tenants`); all who belong to nobody share one budget. The path is that of a "    \
	  "request, whoever asks whom; other messages have none and pass. Required.")              \
	X(LIMIT, RATE, "rate", RATE, "0.1", "",                                                   \
	  "What drains per unit of time: messages, or IP bytes.")                                 \
	X(LIMIT, BURST, "burst", AMOUNT, "0.1",                                                   \
	  "one second of the rate, at least 1 msg or 1500 B",                                     \
	  "What may come at once. It has to drain within 1024 s.")                                \
	X(LIMIT, BYTES, "bytes", RATE_BYTES, "0.1", "",                                           \
	  "A rate of bytes beside a rate of messages; both must hold.")                           \
	X(LIMIT, LADDER, "ladder", LADDER, "0.1",                                                 \
	  "{ipv4: {32: 1x}, ipv6: {128: 1x}}; per peer {64: 1x} for ipv6",                        \
	  "Addresses under one prefix share so many times the rate and burst.")                   \
	X(LIMIT, AMPLIFICATION, "amplification", MAP, "0.1", "",                                  \
	  "Bytes toward an unproved peer for each byte from it. Only with `per: peer`.")          \
	X(LIMIT, CONCURRENT, "concurrent", INTEGER, "0.1", "",                                    \
	  "How many exchanges and observations may be open at once, 1 to 65535. A request opens "  \
	  "one; its answer, or a reset, closes it; an observation stays open. What ends without "  \
	  "a word counts until its time is over (`exchanges`, `observe: life`), and then up to "   \
	  "64 s, 4.5 h or 36 h longer, for lives up to 7 min, 31 h and 10 d. Other messages pass. " \
	  "With a ladder: at most 4 steps.")                                                      \
	X(LIMIT, COUNT, "count", COUNT, "0.1", "messages, or exchanges",                          \
	  "What is counted. `created`: requests by POST or PUT from outside whose answer is "     \
	  "2.01. Each is let through while there is room, and paid for when it is answered, the " \
	  "excess of many at once afterwards (AV-04). `keys`: what a cache tells requests by GET " \
	  "or FETCH from outside apart by (RFC 7252 section 5.6: path, query, Accept, unknown "   \
	  "options, the body of a FETCH); one that was asked for in the last minute costs "       \
	  "nothing (AV-39). `observations`: of what is open, these alone; per `path` they are "   \
	  "the observers of one resource. `registrations`: endpoints at a resource directory or " \
	  "LwM2M server, POST with `ep=`, by their names, for the lifetime `lt` they ask for, "   \
	  "90000 s without; up to 1024. A POST to the Location of the answer renews one, a "       \
	  "DELETE ends it (AV-35; RFC 9176 section 5). `warn` tells nothing of what is created "  \
	  "or registered. At most 4 steps.")                                                       \
	X(LIMIT, SHARE, "share", LATER, "", "", "")                                               \
	X(LADDER, IPV4, "ipv4", STEPS, "0.1", "{32: 1x}",                                         \
	  "Steps for IPv4, at most 5, lengths 0 to 32.")                                          \
	X(LADDER, IPV6, "ipv6", STEPS, "0.1", "{128: 1x}",                                        \
	  "Steps for IPv6, at most 5, lengths 0 to 128.")                                         \
	X(AMPLIFICATION, MAX, "max", FACTOR, "0.1", "",                                           \
	  "Bytes out per byte in. The guard's own factor stays the upper bound. Required.")       \
	X(AMPLIFICATION, FLOOR, "floor", SIZE, "0.1", "0 B",                                      \
	  "Free bytes on top for each exchange, as far as the guard's own factor allows: bytes "  \
	  "that nobody paid for would add up over many addresses.")                               \
	X(AMPLIFICATION, WINDOW, "window", DURATION, "0.1", "",                                   \
	  "How long the bytes from the peer count, 1 s to 1 h; not written: as long as their "     \
	  "exchange is on record. The credit belongs to each exchange and does not add up over "  \
	  "several, which is stricter than a sum.")                                               \
	X(RULE, ID, "id", NAME, "0.1", "",                                                        \
	  "Name of the rule in counters and events: `[a-z0-9][a-z0-9-]{0,62}`, once per "         \
	  "file. Required.")                                                                      \
	X(RULE, ABOUT, "about", TEXT, "0.1", "", "Why the rule is there, for people.")            \
	X(RULE, MATCH, "match", MATCH, "0.1", "",                                                 \
	  "Which messages. All keys must agree; of a list one; `{not: X}` turns X round. "        \
	  "Required.")                                                                            \
	X(RULE, LIMIT, "limit", LIMITS, "0.1", "",                                                \
	  "Budgets the matching messages use up, all or none.")                                   \
	X(RULE, OVER, "over", ACTION, "0.1", "drop", "What happens to messages above a limit.")   \
	X(RULE, THEN, "then", ACTION, "0.1", "continue with a limit",                             \
	  "What happens to the others. Required without a limit.")                                \
	X(RULE, MODE, "mode", MODE, "0.1", "enforce",                                             \
	  "`observe`: count what would be done, change nothing. `damper mode` sets another for "  \
	  "a while, never above that of `ruleset`.")                                              \
	X(RULE, UNTIL, "until", DATE, "0.1", "",                                                  \
	  "Its last day (UTC); after that the rule matches nothing. By the latest time the "      \
	  "gateway has proof of, kept across restarts: setting the clock back revives nothing.")  \
	X(RULE, SLIP, "slip", MAP, "0.1", "",                                                     \
	  "Gives every so many-th of the messages that the rule would end another action, so "    \
	  "that an honest peer among them has a way on. Each worker counts by itself. Responses " \
	  "above an `amplification` are not counted: an `over` other than `drop` challenges "     \
	  "them anyway.")                                                                         \
	X(RULE, WARN, "warn", PERCENT, "0.1", "",                                                 \
	  "Tell of it when a rate or what is open at once is used up so far, at most once a "      \
	  "second and worker. Each exchange uses up an `amplification`: of it nothing is told.")    \
	X(RULE, BLOCK, "block", MAP, "0.1", "",                                                   \
	  "Drop all messages of who stays above a limit of the rule, for a time that grows. Only " \
	  "an end that cannot be forged is blocked: an outside one while it is proved, an inside " \
	  "one for what it sent itself. Who knows address and port of a proved peer can still "   \
	  "use up its limits. Blocks outlive loads by the id of the rule and end with it; they "   \
	  "outlive restarts of damperd and of the data plane too, with the time they have left "   \
	  "(one that began within 10 s before a crash may be lost). `damper show blocks` lists "  \
	  "them, `damper unblock` ends one. The exempt are never blocked.")                       \
	X(RULE, LOG, "log", MAP, "0.1", "",                                                       \
	  "Which of the messages that the rule acts on, or would, become events one by one, at "   \
	  "most 100 a second and worker. Without it they are sampled like all others: one per "    \
	  "reason, second and worker. Each event says for how many it stands.")                    \
	X(RULE, SHAPE, "shape", MAP, "0.1", "",                                                   \
	  "Makes the first answer small for what the rule lets pass, or an upload, or the "       \
	  "notifications few. Of several rules the strictest holds.")                             \
	X(RULE, SEVERITY, "severity", SEVERITY, "0.1", "",                                        \
	  "How loud its events are, in place of what their reason says.")                         \
	X(RULE, INCLUDE, "include", FILES, "0.1", "",                                             \
	  "Alone in an item: the rules of these files stand here.")                               \
	X(MATCH, FROM, "from", ENDPOINT, "0.1", "any",                                            \
	  "Where the message comes from. A zone means its port and its addresses.")               \
	X(MATCH, TO, "to", ENDPOINT, "0.1", "any", "Where it goes.")                              \
	X(MATCH, SOURCE, "source", ENDPOINT, "0.1", "any",                                        \
	  "The same as `from`; with both, both must agree.")                                      \
	X(MATCH, TARGET, "target", ENDPOINT, "0.1", "any",                                        \
	  "The same as `to`; with both, both must agree.")                                        \
	X(MATCH, FROM_PORT, "from_port", PORTS, "0.1", "any", "UDP source port.")                 \
	X(MATCH, TO_PORT, "to_port", PORTS, "0.1", "any", "UDP destination port.")                \
	X(MATCH, MSG, "msg", MSG, "0.1", "any", "What kind of message it is.")                    \
	X(MATCH, TYPE, "type", TYPE, "0.1", "any",                                                \
	  "CoAP message type. Malformed messages and DTLS have none.")                            \
	X(MATCH, CODE, "code", CODE, "0.1", "any", "CoAP code: method or response.")              \
	X(MATCH, PATH, "path", PATTERN, "0.1", "any",                                             \
	  "Uri-Path of a request, joined by `/`; `/` when there is none. `/a/**` is `/a` and "    \
	  "all below. Bytes below 0x21, above 0x7e, `/`, `&` and `%` inside a segment are "       \
	  "written `%XX`. Narrows the rule to requests.")                                         \
	X(MATCH, QUERY, "query", PATTERN, "0.1", "any",                                           \
	  "Uri-Query of a request, joined by `&`; empty when there is none. Narrows the rule "    \
	  "to requests.")                                                                         \
	X(MATCH, OPTION, "option", OPTION, "0.1", "any",                                          \
	  "CoAP options the message has. Of a list one is enough; in a mapping all must agree. "  \
	  "A value is a number (`accept: 60`), a text (`uri-host: a.example`), a block "          \
	  "(`block2: 0/0/64`) or bytes (`etag: 0x1f2e`); of an option that is there several "     \
	  "times one is enough. At most 32 different values of at most 56 bytes in all rules.")   \
	X(MATCH, SIZE, "size", SIZE_RANGE, "0.1", "any", "Bytes of the CoAP message.")            \
	X(MATCH, VERIFIED, "verified", TRUTHS, "0.1", "any",                                       \
	  "The outside end has proved that it is there.")                                         \
	X(MATCH, SOLICITED, "solicited", TRUTHS, "0.1", "any",                                     \
	  "Somebody asked for this response: a request is on record.")                            \
	X(MATCH, DTLS, "dtls", HELLO, "0.1", "",                                                  \
	  "A DTLS datagram that begins with this message. Narrows the rule to DTLS.")             \
	X(MATCH, COOKIE, "cookie", PRESENCE, "0.1", "",                                           \
	  "A ClientHello with or without a cookie (RFC 6347 section 4.2.1). Narrows the rule to "  \
	  "DTLS.")                                                                                \
	X(MATCH, WHEN, "when", WHEN, "0.1", "",                                                   \
	  "Only while one of these schedules holds, at most 8. `fail: clock_unsynced` says what " \
	  "happens while nobody knows the time.")                                                 \
	X(PATTERN, REGEX, "regex", REGEX, "0.1", "",                                              \
	  "A regular expression (Hyperscan's subset of PCRE) that has to match the whole text. Required.")  \
	X(ANSWER, ANSWER, "answer", ANSWER, "0.1", "",                                            \
	  "The gateway answers a request in place of its server: 4.00, 4.02 to 4.06, 4.13, "      \
	  "4.15, 4.29 (RFC 8516) or 5.00 to 5.05; `{answer: 4.01, echo: true}` is the long form " \
	  "of `challenge` (RFC 9175). It is never longer than the request: a Max-Age that does "  \
	  "not fit is left out. What is no request is dropped.")                                  \
	X(ANSWER, MAX_AGE, "max_age", TIME_OR_RANGE, "0.1", "60 s with 4.29 and 5.03",            \
	  "How long the client shall wait (4.29, 5.03) or may keep the answer, 1 s to 1 d. Of a " \
	  "range each request gets its own value, so that a crowd does not come back at once.")   \
	X(ANSWER, ECHO, "echo", TRUTH, "0.1", "true",                                             \
	  "With 4.01: carry an Echo value to return.")                                            \
	X(ANSWER, STRIP, "strip", STRIP, "0.1", "",                                               \
	  "A request from outside that asks to observe goes on as a plain one: one answer, no "   \
	  "notifications. Final; others go on as they are.")                                      \
	X(ANSWER, BLOCK, "block", LATER, "", "", "")                                              \
	X(LOG, SAMPLE, "sample", SHARE, "0.1", "",                                                \
	  "One in so many, by chance: who is limited most is told of most.")                      \
	X(LOG, FIRST, "first", FIRST, "0.1", "",                                                  \
	  "And the first so many of each; one that was quiet for ten minutes is a new one.")      \
	X(BLOCK, AFTER, "after", DURATION, "0.1", "", "How long above the limit, without a pause of 10 s (of half of it, when that is less). Required.")\
	X(BLOCK, WHAT, "what", WHOM, "0.1", "source",                                             \
	  "Who is blocked: what comes from a `source` or `device`, what goes to a `target`, both " \
	  "of a `peer`. A length up to 32 is that of IPv4, a longer one of IPv6; without one "    \
	  "it is the address over IPv4, and over IPv6 its /64, of a `device` its address.")       \
	X(BLOCK, FOR, "for", DURATION, "0.1", "", "How long the first time. Required.")           \
	X(BLOCK, GROW, "grow", FACTOR, "0.1", "1x", "How much longer each time after that, until it was quiet for twice the last one.")\
	X(BLOCK, MAX, "max", DURATION, "0.1", "30 d", "At most.")                                 \
	X(BLOCK, SCOPE, "scope", LATER, "", "", "")                                               \
	X(SCHEDULE, DAYS, "days", DAYS, "0.1", "all", "Days of the week.")                        \
	X(SCHEDULE, HOURS, "hours", HOURS, "0.1", "",                                             \
	  "From and to; over midnight when the end comes first. Required.")                       \
	X(SCHEDULE, ZONE, "zone", TIME_ZONE, "0.1", "UTC",                                        \
	  "Whose clock. Its offsets up to the year 2070 go into the program, from the time zone " \
	  "database of the machine that compiles it; load again when that changes.")              \
	X(CAPTURE, DROPS, "drops", MAP, "0.1", "",                                                \
	  "Of what was dropped, as it came, with reason and rule as a comment: pcapng files in "  \
	  "`drops` below damperd's state directory, at most 512 a second and worker. They hold "  \
	  "payloads, and are for damperd's user and group alone.")                                \
	X(DROPS, RING, "ring", SIZE, "0.1", "64 MiB",                                             \
	  "Room on disk, 1 MiB to 1024 GiB; the oldest gives way.")                               \
	X(DROPS, SAMPLE, "sample", SHARE, "0.1", "1/1", "One in so many.")                        \
	X(DROPS, SNAP, "snap", SIZE, "0.1", "1536 B", "Bytes kept of each, 64 B to 1536 B.")      \
	X(DROPS, KEEP, "keep", DURATION, "0.1", "",                                               \
	  "How long at most, 1 min to 366 d; not written: until the room is needed.")                                  \
	X(EVENTS, ATTACK, "attack", MAP, "0.1", "",                                               \
	  "An attack on one rule or one budget of the guard: one event when it begins, one now "  \
	  "and then while it lasts, one when it is over, all with the same id.")                  \
	X(ATTACK, RATE, "rate", RATE_MSG, "0.1", "10 msg/s",                                      \
	  "It begins when more than that was refused over 5 s, by one rule (or would have been, " \
	  "by a rule in mode observe) or for one reason of the guard.")                           \
	X(ATTACK, UPDATE, "update", DURATION, "0.1", "30 s",                                      \
	  "Time between two events of one that lasts, 1 s to 1 h.")                               \
	X(ATTACK, QUIET, "quiet", DURATION, "0.1", "60 s",                                        \
	  "It is over when for so long less than half of `rate` was refused, 1 s to 1 h.")        \
	X(FAIL, FILTER_DOWN, "filter_down", OPEN_CLOSED, "0.1", "closed",                         \
	  "Whether packets pass while no data plane runs. `closed` is what happens: the ports "   \
	  "are the data plane's, and nothing is forwarded without it. `open` is warned about: "   \
	  "what does not run cannot forward. Where traffic must go on use ports with a bypass "   \
	  "relay, or a second path around the gateway; for a planned pause `damper bypass on`.")                                                \
	X(FAIL, TABLE_FULL, "table_full", FULL, "0.1", "closed",                                  \
	  "No room to record the exchange of an unproved peer: `closed` drops its request, "      \
	  "`open` and `evict-idle` let it pass and forget an older exchange. The same as the "    \
	  "guard's `table_full`; only one of them may be written.")                               \
	X(FAIL, CLOCK_UNSYNCED, "clock_unsynced", OPEN_CLOSED, "0.1", "closed",                       \
	  "Rules with `when` while the wall clock is not trusted: not synchronised, or behind "   \
	  "the latest time the gateway had proof of. `closed`: those whose `then` is `accept` "   \
	  "are out of force and all others in force; `open`: the reverse. What has an end "       \
	  "(`until`) needs no such policy: it is over when it is certain to be over.")            \
	X(FAIL, OVERLOAD, "overload", OPEN_CLOSED, "0.1", "closed",                               \
	  "A message that belongs to another worker, whose ring is full: `closed` drops it, "     \
	  "`open` sends it on unjudged, as a bypass does, so that nothing is promised for it. "   \
	  "Each worker judges what it owns in any case.")                                         \
	X(FAIL, FLEET_LOST, "fleet_lost", LATER, "", "", "")                                      \
	X(SLIP, EVERY, "every", INTEGER, "0.1", "", "2 to 65535. Required.")                      \
	X(SLIP, WITH, "with", ACTION, "0.1", "",                                                  \
	  "Not `continue`. `accept` must not let more come back than was sent: `every` has to "   \
	  "be at least the guard's `amplification` unless the rule is for proved peers. "         \
	  "Required.")                                                                            \
	X(SHAPE, BLOCK2, "block2", BLOCK_SIZE, "0.1", "",                                         \
	  "Largest first block a GET or FETCH of an unproved peer asks for, where that is less "  \
	  "than the guard's `slice`.")                                                            \
	X(SHAPE, BODY, "body", SIZE, "0.1", "",                                                   \
	  "Largest body of an upload, where that is less than the guard's `transfers: body`.")    \
	X(SHAPE, SPACING, "spacing", DURATION, "0.1", "",                                         \
	  "Time between two non-confirmable notifications of what is registered by a request "    \
	  "that the rule lets pass, 1 s to 8 min; two may come at once.")

#define DAMP_KEYS_GUARD(X)                                                                        \
	X(GUARD, ABOUT, "about", TEXT, "0.1", "", "Where its numbers come from, for people.")     \
	X(GUARD, AMPLIFICATION, "amplification", FACTOR, "0.1", "3x",                             \
	  "IP bytes toward an unproved peer for each byte from it (attacks.md 8; RFC 9175 "       \
	  "section 2.4, RFC 9000 section 8.1).")                                                  \
	X(GUARD, UNPROVED, "unproved", MAP, "0.1", "",                                            \
	  "Bytes toward an address that has not proved it is there.")                             \
	X(GUARD, FIRST, "first_contact", MAP, "0.1", "",                                          \
	  "Requests of one address that are served before it has proved it is there; after "      \
	  "that it is asked first.")                                                              \
	X(GUARD, SERVERS, "servers", MAP, "0.1", "",                                              \
	  "Requests of unproved peers toward one inside server (AV-32, AV-50).")                  \
	X(GUARD, PROVED, "proved", MAP, "0.1", "",                                                \
	  "Bytes toward one proved peer (address and port).")                                     \
	X(GUARD, CHALLENGES, "challenges", MAP, "0.1", "",                                        \
	  "Challenges and pings of the gateway itself, so that it is no reflector (AV-49).")      \
	X(GUARD, PINGS, "pings", MAP, "0.1", "",                                                  \
	  "CoAP pings from one outside address that are let through (AV-08).")                    \
	X(GUARD, PROBING, "probing", MAP, "0.1", "",                                              \
	  "Requests from inside to a peer that never answers (AV-25, AV-51).")                    \
	X(GUARD, PROOF, "proof", MAP, "0.1", "", "How long a proof is worth something.")          \
	X(GUARD, NEEDS, "needs_proof", MAP, "0.1", "",                                            \
	  "Requests that are challenged before they are forwarded.")                              \
	X(GUARD, ECHO_LIFE, "echo_life", DURATION, "0.1", "247 s",                                \
	  "Age at which an Echo value is no proof any more, at most 900 s (attacks.md 8; RFC "    \
	  "9175 appendix A, EXCHANGE_LIFETIME of RFC 7252).")                                     \
	X(GUARD, GRACE, "grace", MAP, "0.1", "",                                                  \
	  "After a start nothing is on record: small responses may pass for a while (AV-51).")    \
	X(GUARD, EXCHANGES, "exchanges", MAP, "0.1", "", "How long a request stays on record.")   \
	X(GUARD, OBSERVE, "observe", MAP, "0.1", "",                                              \
	  "Notifications toward an observer that has not proved itself, or no longer (AV-12).")   \
	X(GUARD, ASYMMETRIC, "asymmetric", MAP, "0.1", "",                                        \
	  "What is done while the gateway sees one direction only, which it tells from its "      \
	  "counts of 10 s, says in `damper show status`, an event and a metric (AV-49).")         \
	X(ASYMMETRIC, UNANSWERED, "unanswered", PROVE_PASS, "0.1", "prove",                       \
	  "Requests go in, answers take another way, where nothing counts their bytes: `prove` "  \
	  "lets no request of an unproved peer in, `pass` goes on.")                              \
	X(ASYMMETRIC, UNASKED, "unasked", DROP_SMALL, "0.1", "drop",                              \
	  "Answers go out whose requests took another way: `drop`, or `small`, which lets them "  \
	  "pass as in the grace time, up to its sizes and charged. What a compromised inside "    \
	  "makes looks the same, so `drop` unless the routing is known to be so.")                \
	X(GUARD, TRANSFERS, "transfers", MAP, "0.1", "",                                          \
	  "Block-wise transfers: sequence, size and number of uploads from outside, and what "    \
	  "answers in blocks may bring (AV-27 to AV-31; RFC 7959, RFC 9177).")                    \
	X(GUARD, SLICE, "slice", SLICE, "0.1", "64 B",                                            \
	  "Largest first block that a GET or FETCH of an unproved peer asks for: Block2 is "      \
	  "lowered or inserted, where the server is known to use it (AV-26; RFC 7959 section "    \
	  "2.3). The block gets smaller where the request is too short to pay for it.")           \
	X(GUARD, LEARN, "learn_answers", TRUTH, "0.1", "true",                                    \
	  "Learn which unsafe requests (POST, PUT, DELETE, PATCH, iPATCH) had an answer larger "  \
	  "than an unproved peer may have, by device, method and path, for a day. Who asks for "  \
	  "such a thing unproved has to prove himself before it is carried out; with `false`, "   \
	  "and the first time, it is carried out and the answer waits (AV-05).")                  \
	X(GUARD, ELSEWHERE, "count_elsewhere", TRUTH, "0.1", "false",                             \
	  "Look at one in 16 UDP packets on ports that are not listed, and count what is CoAP "   \
	  "from the first byte to the last (AV-47). It passes all the same: other protocols "     \
	  "begin with the same bytes (RFC 7983).")                                                \
	X(GUARD, CURE, "cure_reflectors", TRUTH, "0.1", "false",                                  \
	  "Answer what comes to the inside unasked, CON responses and notifications, by an RST "  \
	  "in the name of who got it, which makes its server stop (AV-42; RFC 7641 section 3.6): " \
	  "one a second for each sender, 1000 a second in all, never larger than what came. Off " \
	  "because the sender may be forged, and somebody else would get the RST.")               \
	X(GUARD, HOLD, "hold", TRUTH, "0.1", "true",                                              \
	  "Keep a request that would be challenged, or a response that an unproved peer may not " \
	  "have yet, for up to 1.5 s while a ping asks it to prove itself. Room is for 512 in "    \
	  "each worker; beyond that, and with `false`, blocks are asked for (`slice`), and an "   \
	  "Echo or a ping takes the place of the message (attacks.md 3.2 P2).")                    \
	X(GUARD, FRAGMENTS, "fragments", DROP_PASS, "0.1", "drop",                                \
	  "IP fragments of CoAP datagrams from outside (attacks.md 8, AV-43; RFC 7252 section "   \
	  "4.6 asks endpoints to avoid them). Toward outside they pass to proved peers only, "    \
	  "whole datagrams charged at once.")                                                            \
	X(GUARD, TABLE_FULL, "table_full", DROP_EVICT, "0.1", "drop",                             \
	  "No room to record the exchange of an unproved peer: drop its request, or forget "      \
	  "an older exchange.")                                                                   \
	X(GUARD, GROUP, "group_from_outside", TRUTH, "0.1", "false",                              \
	  "Let multicast and broadcast requests in from outside (attacks.md 8, AV-19; RFC "       \
	  "7252 section 11.3).")                                                                  \
	X(GUARD, CHECK_SOURCES, "check_sources", TRUTH, "0.1", "true",                            \
	  "Drop sources of the wrong side. Works once a zone of the inside port has prefixes "    \
	  "(AV-51; BCP 38).")                                                                     \
	X(GUARD, PERMUTE, "permute_message_ids", TRUTH, "0.1", "true",                            \
	  "Change the Message IDs of what inside endpoints send confirmable or non-confirmable, " \
	  "by a keyed permutation for each outside address and port, and those of its ACK and "   \
	  "RST back: then nobody can acknowledge or reset for somebody else, and an ACK proves "  \
	  "its sender (AV-15, AV-17; RFC 7641 section 7).")                                       \
	X(GUARD, PORTS, "ports", MAP, "0.1", "", "UDP ports that are CoAP.")                      \
	X(UNPROVED, RATE, "rate", RATE_BYTES, "0.1", "4 KiB/s",                                   \
	  "IP bytes per second toward one address (anchors.md 5, ledger).")                       \
	X(UNPROVED, BURST, "burst", SIZE, "0.1", "16 KiB", "IP bytes at once.")                   \
	X(UNPROVED, LADDER, "ladder", LADDER, "0.1",                                              \
	  "{ipv4: {32: 1x, 24: 32x}, ipv6: {64: 1x, 48: 4x}}",                                    \
	  "Two steps for each family: one host, and its network against carpet bombing "          \
	  "(anchors.md 5; AV-41). An IPv6 host owns its /64 (AV-44).")                            \
	X(FIRST, RATE, "rate", RATE_MSG, "0.1", "3 msg/min",                                      \
	  "Sustained. With the burst: 100 requests in one's name cost more than they bring back.") \
	X(FIRST, BURST, "burst", MESSAGES, "0.1", "8 msg", "At once.")                            \
	X(FIRST, KNOWN, "known", MAP, "0.1", "",                                                  \
	  "In place of it, for an address that has proved itself from another port: clients "     \
	  "behind one NAT, or one that changes its port.")                                        \
	X(FIRST_KNOWN, RATE, "rate", RATE_MSG, "0.1", "60 msg/min", "Sustained.")                 \
	X(FIRST_KNOWN, BURST, "burst", MESSAGES, "0.1", "30 msg", "At once.")                     \
	X(FIRST, NETWORK, "network", MAP, "0.1", "",                                              \
	  "The same for a whole network, against carpet bombing (AV-41).")                        \
	X(FIRST, TRUST, "trust", MAP, "0.1", "",                                                  \
	  "Of a whole network, how many of these may bring back `amplification` times their "     \
	  "bytes; the others bring back as many as they are, which is one ping. Slow attacks "    \
	  "over many addresses end here (AV-50).")                                                \
	X(FIRST_TRUST, RATE, "rate", RATE_MSG, "0.1", "2 msg/min", "Sustained.")                  \
	X(FIRST_TRUST, BURST, "burst", MESSAGES, "0.1", "20 msg", "At once.")                     \
	X(FIRST_TRUST, EARNED, "earned", TRUTH, "0.1", "false",                                   \
	  "Only a network where somebody has proved to be there lately (`proof: max`) has any: "  \
	  "one in which nobody has gets back no more than came from it, in bytes and in packets, " \
	  "at any rate, where otherwise it is up to 1.4 times over a hundred requests (AV-41, "   \
	  "AV-44). Its first client waits half a second more for an answer larger than its "      \
	  "request, until it has answered a ping. `default.yaml` has it.")                        \
	X(FIRST_NETWORK, RATE, "rate", RATE_MSG, "0.1", "2 msg/s", "Sustained.")                  \
	X(FIRST_NETWORK, BURST, "burst", MESSAGES, "0.1", "16 msg", "At once.")                   \
	X(FIRST_NETWORK, IPV4, "ipv4", INTEGER, "0.1", "24", "Length of an IPv4 network.")        \
	X(FIRST_NETWORK, IPV6, "ipv6", INTEGER, "0.1", "48", "Length of an IPv6 network.")        \
	X(SERVERS, RATE, "rate", RATE_MSG, "0.1", "100 msg/s", "Sustained (attacks.md AV-32).")   \
	X(SERVERS, BURST, "burst", MESSAGES, "0.1", "200 msg", "At once.")                        \
	X(PROVED, RATE, "rate", RATE_BYTES, "0.1", "1 MiB/s",                                     \
	  "IP bytes per second toward the peer. attacks.md 8 recommends 64 KiB/s; that would "    \
	  "throttle honest firmware downloads, and a proved peer is no victim of reflection.")    \
	X(PROVED, BURST, "burst", SIZE, "0.1", "1 MiB", "IP bytes at once.")                      \
	X(CHALLENGES, RATE, "rate", RATE_MSG, "0.1", "18 msg/min",                                \
	  "Toward one address: 3 in 10 s (attacks.md 8). A client that does not understand a "    \
	  "challenge repeats its request at line rate.")                                          \
	X(CHALLENGES, BURST, "burst", MESSAGES, "0.1", "3 msg", "At once.")                       \
	X(CHALLENGES, RESERVE, "reserve", SIZE, "0.1", "1 KiB",                                   \
	  "Bytes above the unproved burst that only challenges may use, so that in a flood "      \
	  "the real client still gets one (anchors.md 5).")                                       \
	X(CHALLENGES, NETWORK, "network", MAP, "0.1", "", "The same for a whole network.")        \
	X(CHALLENGES, RETRIES, "retries", MAP, "0.1", "",                                         \
	  "Toward one address, for requests that came again as RFC 7252 section 4.2 has it, and " \
	  "for an address where somebody has proved to be: a flood of fresh ones does not use "   \
	  "these up.")                                                                            \
	X(RETRIES, RATE, "rate", RATE_MSG, "0.1", "20 msg/s", "Sustained.")                       \
	X(RETRIES, BURST, "burst", MESSAGES, "0.1", "20 msg", "At once.")                         \
	X(CHALLENGES, ALL, "all", MAP, "0.1", "",                                                \
	  "The same for all addresses together. A request that came again in its time after a "   \
	  "flood had spent these may use half of the burst more, one that came a second time as " \
	  "much more again: they are asked first, and all remain below the rate.")                \
	X(ALL, RATE, "rate", RATE_MSG, "0.1", "100000 msg/s",                                     \
	  "Toward everybody (attacks.md AV-49 names 1 Mpps as the most).")                        \
	X(ALL, BURST, "burst", MESSAGES, "0.1", "50000 msg", "At once, of fresh requests.")       \
	X(NETWORK, RATE, "rate", RATE_MSG, "0.1", "25 msg/s",                                     \
	  "Toward one network (attacks.md 8 has 100; fewer keep a carpet below one to one).")     \
	X(NETWORK, BURST, "burst", MESSAGES, "0.1", "20 msg", "At once.")                         \
	X(NETWORK, IPV4, "ipv4", INTEGER, "0.1", "24", "Length of an IPv4 network.")              \
	X(NETWORK, IPV6, "ipv6", INTEGER, "0.1", "48", "Length of an IPv6 network.")              \
	X(PINGS, RATE, "rate", RATE_MSG, "0.1", "12 msg/min",                                     \
	  "Sustained: a keepalive every 5 s passes. attacks.md 8 has 1 in 10 s; the gateway "     \
	  "answers a ping with as many bytes, so the honest matter more here.")                   \
	X(PINGS, BURST, "burst", MESSAGES, "0.1", "5 msg", "At once.")                            \
	X(PROBING, RATE, "rate", RATE_MSG, "0.1", "1 msg/min",                                    \
	  "Sustained (attacks.md 8; PROBING_RATE of RFC 7252 section 4.7 is 1 B/s).")             \
	X(PROBING, BURST, "burst", MESSAGES, "0.1", "10 msg", "At once (attacks.md 8).")          \
	X(PROOF, IDLE, "idle", DURATION, "0.1", "300 s",                                          \
	  "Without traffic (attacks.md 8; RFC 4787 REQ-5).")                                      \
	X(PROOF, MAX, "max", DURATION, "0.1", "1800 s", "Without a new proof (attacks.md 8).")    \
	X(NEEDS, BLOCK1, "block1", TRUTH, "0.1", "true",                                          \
	  "Block1 with more to come: the transfer costs the server state (attacks.md 8, "         \
	  "AV-29).")                                                                              \
	X(NEEDS, Q_BLOCK, "q_block", TRUTH, "0.1", "true",                                        \
	  "Q-Block1 and Q-Block2: many packets for one (attacks.md 8, AV-27).")                   \
	X(NEEDS, PATH, "path", SIZE, "0.1", "255 B",                                              \
	  "POST and PUT with a longer path: the names of what is created stand in the directory " \
	  "page (AV-04). 0 B for any length.")                                                    \
	X(NEEDS, OBSERVE, "observe", TRUTH, "0.1", "false",                                       \
	  "Observe registrations. When false the registration is answered once and not kept "     \
	  "(attacks.md 8, AV-12).")                                                               \
	X(GRACE, TIME, "time", DURATION, "0.1", "247 s",                                          \
	  "After a start (AV-51; EXCHANGE_LIFETIME of RFC 7252 section 4.8.2).")                  \
	X(GRACE, IPV4, "ipv4", SIZE, "0.1", "96 B",                                               \
	  "Largest such CoAP message over IPv4 (attacks.md 8).")                                  \
	X(GRACE, IPV6, "ipv6", SIZE, "0.1", "136 B",                                              \
	  "Largest such CoAP message over IPv6 (attacks.md 8).")                                  \
	X(EXCHANGES, CON, "con", DURATION, "0.1", "247 s",                                        \
	  "Confirmable: EXCHANGE_LIFETIME (attacks.md 8; RFC 7252 section 4.8.2).")               \
	X(EXCHANGES, NON, "non", DURATION, "0.1", "145 s",                                        \
	  "Non-confirmable: NON_LIFETIME (attacks.md 8; RFC 7252 section 4.8.2).")                \
	X(EXCHANGES, GROUP, "group_answers", INTEGER, "0.1", "100",                               \
	  "Answers that one request of an inside client to a group may bring, over all members: " \
	  "1 to 255 (AV-19, AV-20). A request to one server may bring one.")                      \
	X(TRANSFERS, BODY, "body", SIZE, "0.1", "64 KiB",                                         \
	  "Largest body of an upload, declared (Size1) or sent; 4.13 to who has proved himself "  \
	  "(attacks.md 8, AV-03, AV-31). A rule's `shape` can make it smaller.")                  \
	X(TRANSFERS, LIFE, "life", DURATION, "0.1", "247 s",                                      \
	  "Without a block: EXCHANGE_LIFETIME, as servers keep the beginning (attacks.md 8; RFC " \
	  "7959 section 2.5).")                                                                   \
	X(TRANSFERS, SOURCE, "source", INTEGER, "0.1", "4",                                       \
	  "Uploads of one address at once, 0 for any number (attacks.md 8, AV-29).")              \
	X(TRANSFERS, SERVER, "server", INTEGER, "0.1", "64",                                      \
	  "Uploads toward one inside server at once, 0 for any number (attacks.md 8, AV-29).")    \
	X(TRANSFERS, ANNOUNCE, "announce", SIZE, "0.1", "1 MiB",                                  \
	  "Size2 above this is taken out of an answer to an inside client: it is elective, and "  \
	  "who believes it reserves as much (AV-31; RFC 7959 sections 4 and 7).")                 \
	X(TRANSFERS, Q_BLOCK, "q_block", INTEGER, "0.1", "10",                                    \
	  "Answers that one request with Q-Block2 may bring before the next request, and blocks "  \
	  "of Q-Block1 that may be missing before one that comes: MAX_PAYLOADS, 1 to 255 "         \
	  "(attacks.md 8, AV-27, AV-28; RFC 9177 section 7.2).")                  \
	X(OBSERVE, LIFE, "life", DURATION, "0.1", "24 h",                                         \
	  "An observation without any notification is forgotten (RFC 7641 section 4.5).")         \
	X(OBSERVE, PINGS, "pings", MESSAGES, "0.1", "4 msg",                                      \
	  "Notifications turned into pings before the server is told to stop by RST; of a "       \
	  "proved observer, notifications with a ping beside.")                                   \
	X(OBSERVE, UNHEARD, "unheard", MESSAGES, "0.1", "20 msg",                                 \
	  "Non-confirmable notifications after which even a proved observer is pinged, 0 for "    \
	  "any number, at most 255 (attacks.md 8, AV-12).")                                       \
	X(OBSERVE, SILENCE, "silence", DURATION, "0.1", "120 s",                                  \
	  "Time without an ACK or another proof after which it is, 0 s for any (attacks.md 8).")  \
	X(OBSERVE, RATE, "rate", RATE_MSG, "0.1", "10 msg/s",                                     \
	  "Non-confirmable notifications of one observation. attacks.md 8 has one in 3 s, RFC "   \
	  "7641 section 4.5.1 one for each round trip; a gateway that withholds the last of a "   \
	  "burst leaves its observer with an old value, so the round trip is taken as 0.1 s. A "  \
	  "rule's `shape` can space them further.")                                               \
	X(OBSERVE, BURST, "burst", MESSAGES, "0.1", "20 msg", "At once.")                         \
	X(OBSERVE, AT_ONCE, "at_once", MAP, "0.1", "",                                            \
	  "How many observations there may be; 0 for any number. One more goes on without its "   \
	  "Observe option, as a plain request. The unproved have as many again at each server, "  \
	  "and are asked for a proof beyond (AV-13, AV-16; RFC 7641 section 3.1).")               \
	X(OBSERVE, ATTRIBUTES, "attributes", MAP, "0.1", "",                                      \
	  "Least periods of the conditional attributes in a query, `c.pmin` and LwM2M's bare "    \
	  "names alike: what is below is written over with the bound, in as many bytes, the "     \
	  "same for each such query. Where it has no room the registration goes on without its "  \
	  "Observe option (AV-14; draft-ietf-core-conditional-attributes).")                      \
	X(AT_ONCE, PATH, "path", INTEGER, "0.1", "2",                                             \
	  "Of one outside host, of one path of one inside server (attacks.md 8).")                \
	X(AT_ONCE, PAIR, "pair", INTEGER, "0.1", "8", "Of one outside host at one inside server.") \
	X(AT_ONCE, SOURCE, "source", INTEGER, "0.1", "16", "Of one outside host.")                \
	X(AT_ONCE, SERVER, "server", INTEGER, "0.1", "64", "At one inside server, up to 1024.")   \
	X(ATTRIBUTES, PMIN, "pmin", DURATION, "0.1", "1 s",                                       \
	  "`pmin`, in whole seconds; 0 s for any (attacks.md 8).")                                \
	X(ATTRIBUTES, PMAX, "pmax", DURATION, "0.1", "3 s",                                       \
	  "`pmax`, likewise (attacks.md 8; RFC 7641 section 4.5.1).")                             \
	X(ATTRIBUTES, EVALUATION, "evaluation", DURATION, "0.1", "1 s",                           \
	  "`epmin` and `epmax`, likewise (attacks.md 8).")                                        \
	X(PORTS, COAP, "coap", PORTS, "0.1", "[5683]",                                            \
	  "Plain CoAP, at most 32 (RFC 7252 section 12.6).")                                      \
	X(PORTS, DTLS, "dtls", PORTS, "0.1", "[5684]",                                            \
	  "CoAP over DTLS, at most 32 (RFC 7252 section 12.7).")

#define DAMP_KEYS(X) DAMP_KEYS_FILE(X) DAMP_KEYS_GUARD(X)

enum damp_key_section {
#define X(id, label, heading) DAMP_SECTION_##id,
	DAMP_KEY_SECTIONS(X)
#undef X
	DAMP_SECTION_MAX
};

enum damp_key_kind {
#define X(id, text) DAMP_KIND_OF_##id,
	DAMP_KEY_KINDS(X)
#undef X
	DAMP_KIND_OF_MAX
};

enum damp_key_id {
#define X(sec, id, name, kind, since, deflt, help) DAMP_KEY_##sec##_##id,
	DAMP_KEYS(X)
#undef X
	DAMP_KEY_MAX
};

struct damp_key_info {
	enum damp_key_section section;
	const char *name;
	enum damp_key_kind kind;
	const char *since;          /* "" is not supported yet */
	const char *deflt;          /* "" is none */
	const char *help;
};

extern const struct damp_key_info damp_keys[DAMP_KEY_MAX];

/* The key of a section by name, DAMP_KEY_MAX when there is none. */
enum damp_key_id damp_key_find(enum damp_key_section s, const char *name);

/* The supported key whose name is nearest to what was written, or NULL. */
const char *damp_key_suggest(enum damp_key_section s, const char *name);

const char *damp_section_label(enum damp_key_section s);
const char *damp_section_heading(enum damp_key_section s);
const char *damp_kind_text(enum damp_key_kind k);

/* The section that the value of a key is a mapping of, or (kind NAMED) whose
 * mappings its names lead to; DAMP_SECTION_MAX when it opens none. */
enum damp_key_section damp_key_opens(enum damp_key_id k);

static inline bool damp_key_later(enum damp_key_id k)
{
	return damp_keys[k].since[0] == 0;
}

#endif
