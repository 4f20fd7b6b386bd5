/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The compiled rule set: one flat block of bytes that the control plane makes
 * and the data plane runs.
 *
 * Idea: the block is position independent (offsets only, never pointers),
 * carries its version and a checksum, and holds everything a judgement needs,
 * the Hyperscan databases included. It is immutable once built; a new rule set
 * is a new block.
 *
 * Invariant: the data plane trusts nothing in it. damp_program_open() checks
 * every offset, count and index against the block before the first packet, so
 * that no later code needs to.
 *
 * Matching is by bit vectors (Lakshman and Stiliadis 1998): each attribute of
 * a packet picks one row of a table; a row is a bitmap of the rules that agree
 * with that value; the AND of all rows is the set of rules that match, in
 * order. A rule that does not mention an attribute has its bit in every row.
 * Asking for content narrows the kind, by row_kind: path and query are asked of
 * requests, type, code and options of requests, responses and Empty messages.
 * No rule has a bit in row_kind[DAMP_KIND_NOT_COAP]. Which of the rules that
 * match are in force is asked last: mode off, schedules and ends are no rows.
 *
 * All numbers are host order: the block never leaves the machine.
 */
#ifndef DAMPER_PROGRAM_H
#define DAMPER_PROGRAM_H

#include <stdint.h>

#define DAMP_PROGRAM_MAGIC 0x4750524d44414d50ull
#define DAMP_PROGRAM_VERSION 5u
#define DAMP_PROGRAM_MAX_BYTES (256u << 20)
#define DAMP_RULES_MAX 4096u
#define DAMP_RULE_LIMITS_MAX 4u
#define DAMP_LIMITS_MAX 1024u
#define DAMP_RUNGS_MAX 5u
#define DAMP_COAP_PORTS_MAX 32u
#define DAMP_OPTION_ROWS_MAX 64u    /* distinct option sets that rules may ask for */
#define DAMP_OPTION_VALUES_MAX 32u  /* distinct values of options that they may ask for, */
#define DAMP_OPTION_VALUE_BYTES 56u /* of at most so many bytes */
#define DAMP_NAME_MAX 64u
#define DAMP_RULE_WHENS_MAX 8u      /* schedules of one rule */
#define DAMP_NOTIFY_GAP_MAX (480u * 16) /* twice as long is a debt that fits (DAMP_BURST_TICKS_MAX) */

/* One tick is 2^-20 s; rates are folded into costs so that every debt drains
 * at the same speed (anchors.md 3.4). */
#define DAMP_TICKS_PER_S (1ull << 20)

/* Longest debt a 32-bit "paid up until" may hold: 2^30 ticks, 1024 s. */
#define DAMP_BURST_TICKS_MAX (1u << 30)

enum damp_side { DAMP_OUTSIDE, DAMP_INSIDE, DAMP_SIDE_MAX };

enum damp_kind {
	DAMP_KIND_NOT_COAP,
	DAMP_KIND_REQUEST,
	DAMP_KIND_RESPONSE,
	DAMP_KIND_EMPTY,
	DAMP_KIND_MALFORMED,
	DAMP_KIND_DTLS,
	DAMP_KIND_MAX
};

enum damp_mode { DAMP_MODE_OFF, DAMP_MODE_OBSERVE, DAMP_MODE_ENFORCE, DAMP_MODE_MAX };

enum damp_action {
	DAMP_ACT_CONTINUE,          /* not final: the next matching rule decides */
	DAMP_ACT_ACCEPT,            /* final: on to the guard */
	DAMP_ACT_DROP,              /* final */
	DAMP_ACT_CHALLENGE,         /* final: ping or 4.01 + Echo, as its client can use */
	DAMP_ACT_ANSWER,            /* final: a response in place of the server's; of what is no request: drop */
	DAMP_ACT_RESET,             /* final: RST to the sender of a request; of what is no request: drop */
	DAMP_ACT_STRIP_OBSERVE,     /* final: on to the guard; a request from outside goes without its Observe */
	DAMP_ACT_MAX
};

enum damp_limit_kind {
	DAMP_LIMIT_MESSAGES,
	DAMP_LIMIT_BYTES,
	DAMP_LIMIT_AMPLIFICATION,
	DAMP_LIMIT_CONCURRENT,      /* requests without an answer yet, and observations */
	DAMP_LIMIT_KIND_MAX
};

/* What a limit counts: X(NAME, "word", what it fits: messages, or what is open).
 * Created and registrations are known by the answers to the messages. */
#define DAMP_COUNTS(X)                              \
	X(MESSAGES, "messages", MESSAGES)           \
	X(CREATED, "created", MESSAGES)             \
	X(KEYS, "keys", MESSAGES)                   \
	X(EXCHANGES, "exchanges", CONCURRENT)       \
	X(OBSERVATIONS, "observations", CONCURRENT) \
	X(REGISTRATIONS, "registrations", CONCURRENT)

enum damp_count {
#define X(name, word, fits) DAMP_COUNT_##name,
	DAMP_COUNTS(X)
#undef X
	DAMP_COUNT_MAX
};

/* Whose budget it is. Peer is the outside end, device the inside end, whatever
 * the direction of the packet. */
enum damp_per {
	DAMP_PER_SOURCE,
	DAMP_PER_TARGET,
	DAMP_PER_PEER,
	DAMP_PER_DEVICE,
	DAMP_PER_PAIR,
	DAMP_PER_GLOBAL,
	DAMP_PER_TENANT,            /* of the device, or if it has none of the peer (struct damp_class) */
	DAMP_PER_PATH,              /* of a request, whoever asks whom */
	DAMP_PER_MAX
};

/* A step of a ladder: addresses under one prefix share multiplier times the
 * rate. cost_q16: ticks per unit (byte or message), 16 fraction bits, the
 * multiplier already divided in. Of CONCURRENT: burst_ticks is how many may be
 * open, the multiplier already multiplied in. */
struct damp_rung {
	uint64_t cost_q16;
	uint32_t burst_ticks;
	uint8_t plen;               /* 0..32 for IPv4, 0..128 for IPv6 */
	uint8_t pad[3];
};

struct damp_limit {
	uint32_t name_off;
	uint32_t state_key;         /* of name and key shape: state survives a reload by it */
	uint8_t kind;               /* enum damp_limit_kind */
	uint8_t per;                /* enum damp_per */
	uint8_t nrungs4, nrungs6;
	uint16_t alpha_q8;          /* AMPLIFICATION: bytes out per byte in, 8 fraction bits */
	uint8_t count;              /* enum damp_count; MESSAGES for what counts bytes */
	uint8_t pad;
	uint32_t floor_bytes;       /* and free ones on top, up to what the guard allows */
	uint32_t window_s;          /* how long the credit is good; 0: as long as the exchange */
	struct damp_rung rung4[DAMP_RUNGS_MAX];
	struct damp_rung rung6[DAMP_RUNGS_MAX];
};

/* How loud the events of a rule are. X(NAME, "word") */
#define DAMP_LOUDS(X)             \
	X(UNSAID, "")             \
	X(INFO, "info")           \
	X(WARNING, "warning")     \
	X(CRITICAL, "critical")   \
	X(STORM, "storm")

enum damp_loud {
#define X(name, word) DAMP_LOUD_##name,
	DAMP_LOUDS(X)
#undef X
	DAMP_LOUD_MAX
};

/* More than a ticket of the tally can count. */
#define DAMP_CONCURRENT_MAX 65535u
/* More registrations than one owner can hold (core/lease.h). */
#define DAMP_REGISTRATIONS_MAX 1024u

/* What happens to a message. The Max-Age of an answer lies in a range, by a keyed
 * hash of the request; both ends 0: no Max-Age. */
struct damp_act {
	uint8_t action;             /* enum damp_action */
	uint8_t code;               /* of DAMP_ACT_ANSWER, a response code */
	uint16_t pad;
	uint32_t max_age_s, max_age_to_s;
};

/* Who stays above a limit for so long is dropped for a while, longer each time. */
struct damp_rule_block {
	uint32_t after_ms;
	uint32_t for_s;             /* the first time; 0: the rule blocks nobody */
	uint32_t max_s;             /* 0: no bound but the data plane's */
	uint16_t grow_q8;           /* factor, 8 fraction bits, at least 1 */
	uint8_t what;               /* enum damp_per: SOURCE, TARGET, PEER or DEVICE */
	uint8_t plen4, plen6;
	uint8_t pad[3];
};

#define DAMP_NEVER_ENDS UINT64_MAX

struct damp_rule {
	uint32_t id_off, file_off;  /* into the strings */
	uint32_t line, column;      /* 1-based place in the rule file */
	uint8_t mode;               /* enum damp_mode, the file's ceiling applied */
	uint8_t nlimits;
	uint8_t slice_szx;          /* as the guard's, for what the rule lets pass; DAMP_SLICE_OFF: no say */
	uint8_t loud;               /* enum damp_loud */
	uint16_t limit[DAMP_RULE_LIMITS_MAX];
	/* Of the messages that the rule would end, not let pass, each slip_every-th
	 * gets slip in place of over (or then, without a limit); 0: none does. */
	uint16_t slip_every;
	uint16_t notify_gap;        /* sixteenths of a second between notifications of what the rule lets register; 0: no say */
	uint32_t body_bytes;        /* as the guard's transfer_bytes, for what the rule lets pass; 0: no say */
	/* Events. Of the messages it acts on, or would, the first log_first of each
	 * log_per (0: of none) and a share of log_sample_q32 / 2^32 are told one by one. */
	uint32_t log_first, log_sample_q32;
	struct damp_act then, over, slip;
	uint64_t until_s;           /* Unix time at which it is over, or DAMP_NEVER_ENDS */
	uint16_t when[DAMP_RULE_WHENS_MAX]; /* schedules: in force while one of them is */
	uint8_t nwhens;             /* 0: at all times */
	uint8_t unable;             /* asks for what nothing can tell: off, whatever mode is set */
	uint8_t warn_percent;       /* told when a limit is used up so far, 0 never */
	uint8_t log_per;            /* enum damp_per */
	struct damp_rule_block block;
};

/*
 * Times of the week. A zone of time is a list of offsets from UTC, each from a
 * moment on; the compiler has made them from the calendar of its machine, far
 * ahead, so that the data plane needs neither that calendar nor anybody's help.
 * The first one holds for all time before the second.
 */
struct damp_transition { int64_t at; int32_t offset_s; uint32_t pad; };

struct damp_time_zone {
	uint32_t name_off;
	uint32_t first, count;      /* transitions, sorted, at least one */
	uint32_t pad;
};

/* Bit 0 of days is Monday. Minutes of the local day: from <= now < to, or over
 * midnight into the day after when to <= from. */
struct damp_schedule {
	uint32_t name_off;
	uint32_t zone;
	uint16_t from_min, to_min;
	uint8_t days;
	uint8_t pad[3];
};

/*
 * Ports that the file calls by the name of a device. Which side of the gateway
 * that is, only the data plane knows (core/devices.h): it looks each name up when
 * the program is opened, and refuses one that none of its ports has. A device is
 * either held to the side of its zone (`must`: zones called inside and outside), or
 * it decides where its zone is: then the program holds the address classes once
 * for every way such devices can lie, and bit `variant` of the way is set when
 * this one is the inside port.
 */
#define DAMP_DEVICES_MAX 16u        /* names of one file */
#define DAMP_DEVICE_VARIANTS_MAX 4u /* of them that decide: 16 ways */
#define DAMP_DEVICE_NONE 255u       /* of must and variant */

struct damp_device {
	uint32_t name_off, zone_off; /* into the strings */
	uint32_t file_off;
	uint32_t line, column;      /* 1-based place of the name */
	uint8_t must;               /* enum damp_side, or DAMP_DEVICE_NONE */
	uint8_t variant;            /* bit of the way, or DAMP_DEVICE_NONE */
	uint8_t pad[2];
};

/* The prefixes of all zones and sets cut the address space into ranges; each
 * range has a class; all addresses of one class belong to the same sets. */
struct damp_range4 { uint32_t start; uint16_t cls; uint16_t pad; };
struct damp_range6 { uint64_t start_hi, start_lo; uint16_t cls; uint16_t pad[3]; };

/* Rows for intervals of a number (message size, ports): the row of the last
 * entry whose start is not above the value. */
struct damp_interval { uint32_t start; uint32_t row; };

/* A value of an option that some rule mentions: of a number without its leading zeros, which
 * mean nothing (RFC 7252 section 3.2). One of several options of that number is enough. Has
 * a message value i, that is bit DAMP_OPTBIT_MAX + i of the masks below. */
struct damp_option_value {
	uint16_t number;            /* DAMP_COAP_OPT_x, */
	uint8_t bit;                /* and its DAMP_OPTBIT_x */
	uint8_t is_uint;
	uint8_t len;
	uint8_t pad[3];
	uint8_t value[DAMP_OPTION_VALUE_BYTES];
};

/* A set of options that some rule mentions, as bits of struct damp_coap.options:
 * row_any when the message has one of them, else row_none. A list of options is
 * an OR, which only a mask can say; one option is a mask of one bit. */
struct damp_option_rows { uint64_t mask; uint32_t row_any, row_none; };

/*
 * Paths and queries. The text of a path is "/" and the Uri-Path values joined
 * by "/"; of a query, the Uri-Query values joined by "&"; bytes '/', '&', '%'
 * and those below 0x21 or above 0x7e inside a value are written %XX, so that no
 * value can pose as two. A message without a Uri-Path has the path "/", one
 * without a Uri-Query the query "". A pattern is
 *   literal   the text itself, "/a/b";
 *   prefix    all texts that begin with it; it ends in the separator ("/a/",
 *             "k=v&"), so only the places right behind a separator can end one.
 *             The rule file's "/a/" plus two stars is the prefix "/a/" and the
 *             literal "/a";
 *   scan      a Hyperscan expression, anchored at both ends by the compiler.
 * Literals and prefixes are sorted by (hash, len); hash is FNV-1a 64 of the
 * text, the text itself is compared.
 *
 * Every pattern that matches sets the rules of its row and clears the rules of
 * its clear_row (those that ask for its absence). The row of a text is
 *     (row_none & ~clear) | set
 * with set and clear the OR over all patterns that match it.
 */
struct damp_text_literal {
	uint64_t hash;
	uint32_t text_off, text_len;
	uint32_t row;               /* rules that ask for this text */
	uint32_t clear_row;         /* rules that ask for its absence */
};

/*
 * What every text that a scan matches begins with, as far as the compiler knows: any
 * number of bytes, "" when it knows nothing. From these, and from the literals and
 * prefixes, the data plane tells texts that no pattern can match before it makes them
 * (core/sieve.h): a beginning that is too long would hide a match.
 */
struct damp_text_head { uint32_t text_off, text_len; };

struct damp_text_rows {
	uint32_t literals, nliterals;   /* index into the literal section, and count */
	uint32_t prefixes, nprefixes;
	uint32_t hs_off, hs_len;        /* serialised Hyperscan database, 0 when none */
	uint32_t scan_rows, nscan;      /* row of pattern id i is scan_rows + i */
	uint32_t scan_clear_rows;       /* its clear_row is scan_clear_rows + i */
	uint32_t heads;                 /* head of pattern id i is heads + i */
	uint32_t row_none;              /* rules that ask nothing of this text, or only an absence */
	uint32_t used;                  /* 0: no rule mentions it, skip all of it */
};

/*
 * The guard: what always holds, whatever the rules say. Rules can only be
 * stricter. Every value is a rule-file value (key `guard`).
 */
#define DAMP_FRAGMENTS_DROP 0u
#define DAMP_FRAGMENTS_PASS 1u
#define DAMP_SLICE_OFF 7u
#define DAMP_TABLE_FULL_DROP 0u
#define DAMP_TABLE_FULL_EVICT 1u
/* Rules with schedules while nobody knows the time: those that accept are out
 * of force and all others in force (closed), or the reverse (open). */
#define DAMP_CLOCK_CLOSED 0u
#define DAMP_CLOCK_OPEN 1u

/* A message for another worker whose ring is full: dropped, or on its way unjudged. */
#define DAMP_OVERLOAD_CLOSED 0u
#define DAMP_OVERLOAD_OPEN 1u

struct damp_guard {
	uint16_t alpha_q8;              /* bytes out per byte in, unproved peers */
	uint8_t fragments;              /* DAMP_FRAGMENTS_x, of CoAP datagrams */
	uint8_t table_full;             /* DAMP_TABLE_FULL_x, for unproved requests */
	uint8_t allow_group_from_outside;
	uint8_t check_sources;          /* drop sources of the wrong side; needs inside prefixes */
	uint8_t prove_block1;           /* Block1 with more to come needs a proof first */
	uint8_t prove_q_block;
	uint8_t prove_observe;          /* registrations need a proof first, else first answer only */
	uint8_t slice_szx;              /* largest Block2 SZX an unproved GET or FETCH asks for; DAMP_SLICE_OFF */
	uint8_t permute_mids;           /* Message IDs of inside CON and NON leave permuted per peer (permute.h) */
	uint8_t hold;                   /* keep what an unproved peer may not have yet while a ping is out (hold.h) */
	uint8_t clock_unsynced;         /* DAMP_CLOCK_x */
	uint8_t learn_answers;          /* unsafe requests known for large answers need a proof first (learned.h) */
	uint8_t cure_reflectors;        /* answers and notifications that nobody asked for are answered by RST */
	uint8_t count_elsewhere;        /* CoAP on ports that are not listed is looked for (elsewhere.h) */
	uint8_t overload;               /* DAMP_OVERLOAD_x */
	uint8_t trust_earned;           /* a network has its trust only where somebody in it has proved to be there */
	uint8_t pad[6];
	struct damp_rung host4, net4, host6, net6;     /* unproved bytes toward outside */
	struct damp_rung first_host, first_net4, first_net6; /* messages: unproved requests served before a proof */
	struct damp_rung trust_net4, trust_net6;       /* messages: those of them whose credit is more than themselves */
	struct damp_rung first_known;                  /* messages: the same of an address that proved another port */
	struct damp_rung server;                       /* messages: unproved requests let through to one inside address */
	struct damp_rung proved;                       /* bytes of one proved peer, per address and port */
	struct damp_rung challenge_host;               /* messages: challenges and pings per address */
	struct damp_rung challenge_net4, challenge_net6;
	struct damp_rung challenge_retry;              /* messages: pings to an address whose request came again */
	struct damp_rung challenge_all;                /* messages: all challenges and pings of this gateway */
	struct damp_rung ping;                         /* messages: pings from one address that are let through */
	struct damp_rung probing;                      /* messages: inside requests to a silent peer */
	uint32_t challenge_reserve_ticks;              /* debt above the burst that only challenges may use */
	uint32_t proof_idle_s, proof_max_s;            /* life of a proof */
	uint32_t echo_life_s;
	uint32_t grace_s;                              /* after a start: responses without a record */
	uint32_t grace_bytes4, grace_bytes6;           /* largest such response, CoAP bytes */
	uint32_t con_life_s, non_life_s;               /* exchanges and Message IDs */
	uint32_t observe_life_s;                       /* of an observation without any notification */
	uint32_t observe_pings;                        /* pings to a silent observer before its server is told to stop */
	uint32_t prove_path_bytes;                     /* a longer path of POST and PUT needs a proof first; 0: any */
	/* Observations at once; 0: any number. Of the last, unproved peers have as many again. */
	uint32_t observe_path;                         /* of one outside host of one path of one device */
	uint32_t observe_pair, observe_source, observe_server;
	uint32_t observe_unheard, observe_unheard_s;   /* non-confirmable ones, seconds: then a proved observer is pinged */
	uint32_t observe_pmin_ms, observe_pmax_ms;     /* least periods of conditional attributes; 0: any */
	uint32_t observe_eval_ms;                      /* of epmin and epmax */
	struct damp_rung notify;                       /* messages: non-confirmable notifications of one observation */
	/* Block-wise (RFC 7959, RFC 9177). */
	uint32_t transfer_bytes;                       /* largest body of an upload from outside */
	uint32_t transfer_life_s;
	uint32_t transfers_source, transfers_server;   /* uploads at once; 0: any number */
	uint32_t announce_bytes;                       /* largest Size2 that an inside client is told */
	uint32_t q_blocks;                             /* answers that one request with Q-Block2 may bring */
	uint32_t group_answers;                        /* answers that one request to a group may bring */
	/* Where only one direction is seen (core/routing.h). */
	uint8_t unanswered_prove;                      /* answers are not seen: a proof before every request */
	uint8_t unasked_small;                         /* requests are not seen: small answers as in the grace time */
	uint8_t pad2[6];
};

enum damp_section_id {
	DAMP_SEC_STRINGS,   /* NUL-terminated; offset 0 is "" */
	DAMP_SEC_GUARD,     /* struct damp_guard */
	DAMP_SEC_RULES,     /* struct damp_rule[nrules] */
	DAMP_SEC_LIMITS,    /* struct damp_limit[] */
	DAMP_SEC_RANGES4,   /* struct damp_range4[], sorted, first start 0 */
	DAMP_SEC_RANGES6,   /* struct damp_range6[], sorted, first start 0 */
	DAMP_SEC_CLASSES,   /* struct damp_class[2^nvariants][nclasses] */
	DAMP_SEC_SIZES,     /* struct damp_interval[] */
	DAMP_SEC_SRC_PORTS, /* struct damp_interval[] */
	DAMP_SEC_DST_PORTS, /* struct damp_interval[] */
	DAMP_SEC_OPTIONS,   /* struct damp_option_rows[] */
	DAMP_SEC_LITERALS,  /* struct damp_text_literal[], both texts */
	DAMP_SEC_TEXTS,     /* struct damp_text_rows[2]: path, query */
	DAMP_SEC_ROWS,      /* uint64_t[nrows][nwords] */
	DAMP_SEC_HYPERSCAN, /* serialised databases, as they came from hs_serialize_database() */
	DAMP_SEC_SCHEDULES, /* struct damp_schedule[] */
	DAMP_SEC_TIME_ZONES, /* struct damp_time_zone[] */
	DAMP_SEC_TRANSITIONS, /* struct damp_transition[] */
	DAMP_SEC_SETS,      /* struct damp_runtime_set[nsets] */
	DAMP_SEC_SET_CLASSES, /* struct damp_set_class[2^nvariants][nclasses][2^nsets - 1] */
	DAMP_SEC_DEVICES,   /* struct damp_device[] */
	DAMP_SEC_TEXT_HEADS, /* struct damp_text_head[], both texts */
	DAMP_SEC_OPTION_VALUES, /* struct damp_option_value[] */
	DAMP_SEC_MAX
};

/* Address class flags. */
#define DAMP_CLASS_INSIDE 1u    /* belongs to the inside zone's prefixes */
#define DAMP_CLASS_EXEMPT 2u    /* neither limited nor counted */

/* Rows of one address class, by the side the packet came in on. tenant: whose
 * addresses they are, of the tenant's name so that it stays over a reload; 0:
 * nobody's. */
struct damp_class {
	uint32_t flags;
	uint32_t tenant, tenant_off;    /* and its name in the strings */
	uint32_t pad;
	uint64_t exempt_until_s;    /* Unix time at which EXEMPT is over, or DAMP_NEVER_ENDS */
	uint32_t src_row[DAMP_SIDE_MAX];
	uint32_t dst_row[DAMP_SIDE_MAX];
};

/*
 * Sets that are filled while the gateway runs. Which of them an address is in,
 * as bits, picks the rows of its class in place of those of struct damp_class
 * (which hold for an address that is in none): entry bits - 1 of the class.
 */
#define DAMP_RUNTIME_SETS_MAX 6u

struct damp_runtime_set {
	uint32_t name_off;
	uint32_t size;              /* most members */
	uint32_t timeout_s;         /* of a member, when whoever adds it does not say */
	uint32_t pad;
};

struct damp_set_class {
	uint32_t src_row[DAMP_SIDE_MAX];
	uint32_t dst_row[DAMP_SIDE_MAX];
};

/* Index of the three truths a rule may ask for. Rules that say `to: multicast`
 * are compiled into the address classes (224.0.0.0/4, 255.255.255.255,
 * ff00::/8), where they can be mixed with prefixes; no rule asks for the third
 * truth as such. */
#define DAMP_TRUTH_VERIFIED 1u
#define DAMP_TRUTH_SOLICITED 2u
#define DAMP_TRUTH_MULTICAST 4u
#define DAMP_TRUTHS 8u

/* What a DTLS datagram begins with: index of row_hello, asked of DTLS only. */
enum damp_hello { DAMP_HELLO_NONE, DAMP_HELLO_FIRST, DAMP_HELLO_COOKIE, DAMP_HELLO_MAX };
#define DAMP_LOCKED_MODE 1u     /* the modes of rules */

/*
 * What the control plane watches for and keeps; no worker reads it. Of each rule
 * and each reason of the guard: an attack is more refused messages than the
 * rate, until it was quiet.
 */
#define DAMP_WATCH_RATE_MAX 4000000000u
#define DAMP_WATCH_TIME_MAX_S 3600u
#define DAMP_KEEP_BYTES_MIN (1ull << 20)
#define DAMP_KEEP_BYTES_MAX (1ull << 40)
#define DAMP_KEEP_SNAP_MIN 64u
#define DAMP_KEEP_SNAP_MAX 1536u    /* of capture.h */
#define DAMP_KEEP_MAX_S (366u * 86400u)

struct damp_watch {
	uint32_t attack_rate_milli; /* thousandths of a message per second */
	uint32_t attack_update_s;
	uint32_t attack_quiet_s;
	uint32_t keep_share_q32;    /* of the dropped messages that copies are kept of, UINT32_MAX all */
	uint64_t keep_bytes;        /* room for the copies on disk; 0: none are kept */
	uint32_t keep_snap;         /* bytes of each */
	uint32_t keep_s;            /* how long, 0: until the room is needed */
};

struct damp_section { uint64_t off, len; };     /* from the start of the block; 64-byte aligned */

struct damp_program_hdr {
	uint64_t magic;
	uint32_t version;
	uint32_t hdr_len;           /* sizeof(struct damp_program_hdr) */
	uint64_t total_len;
	uint64_t made_s;            /* Unix time at which the day began that it was made on, by its maker's clock */
	uint64_t checksum;          /* damp_program_checksum(): of all bytes but this field */
	uint32_t generation;        /* given by the loader */
	uint32_t revision;          /* of the rule file */
	char name[DAMP_NAME_MAX];
	char digest[72];            /* hex BLAKE2b-256 of the rule files, for people */
	uint32_t mode;              /* enum damp_mode: the ceiling of all rules */
	uint32_t nrules, nwords;    /* nwords: 64-bit words per row */
	uint32_t nlimits, nclasses, nrows;
	uint32_t nvariants;         /* devices that decide where a zone is */
	uint32_t has_inside;        /* inside prefixes are known: a bit for each way the devices lie */
	uint32_t locked;            /* DAMP_LOCKED_x: what nobody may change while it runs */
	uint32_t nsets;
	struct damp_watch watch;
	uint16_t ncoap_ports, ndtls_ports;
	uint16_t coap_port[DAMP_COAP_PORTS_MAX], dtls_port[DAMP_COAP_PORTS_MAX];
	uint32_t row_kind[DAMP_KIND_MAX];
	uint32_t row_type[4 + 1];   /* by enum damp_coap_type, then "has none" */
	uint32_t row_truth[DAMP_TRUTHS];
	uint32_t row_code[256 + 1]; /* by code byte, then "has none" */
	uint32_t row_hello[DAMP_HELLO_MAX]; /* no ClientHello, one without a cookie, one with */
	struct damp_section sec[DAMP_SEC_MAX];
};

#endif
