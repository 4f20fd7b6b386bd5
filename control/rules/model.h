/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The checked model: what a rule file says, names resolved, units gone, ready
 * to be compiled into rows.
 *
 * Idea: the walk over the tree (model_*.c, guard.c, names.c) fills this and
 * reports; the compiler (compile_*.c) only reads it and cannot fail for what a
 * user wrote, except for bounds of the program as a whole.
 *
 * Invariant: when no error was reported every pointer and index in here is
 * good.
 */
#ifndef DAMP_RULES_MODEL_H
#define DAMP_RULES_MODEL_H

#include "addr.h"
#include "files.h"
#include "keys.h"
#include "quantity.h"
#include "rules.h"
#include "zoneinfo.h"

#include <damper/coap.h>

#define DAMP_SIDE_BIT(s) (1u << (s))
#define DAMP_BOTH_SIDES (DAMP_SIDE_BIT(DAMP_OUTSIDE) | DAMP_SIDE_BIT(DAMP_INSIDE))

/* Most address sets of one program: a row of membership bits per range. */
#define DAMP_ADDR_SETS_MAX 16384u
/* Most patterns of one text, and bytes of one. */
#define DAMP_PATTERNS_MAX 4096u
#define DAMP_PATTERN_BYTES_MAX 1024u

/* An address set of the program: sorted intervals, by index. */
struct damp_addr_set {
	struct damp_addrs addrs;
};

struct damp_zone {
	const char *name;
	unsigned ports; /* DAMP_SIDE_BIT of the ports its messages come in on */
	unsigned devices; /* those of the program that decide, as bits: ports that only the data plane can tell */
	bool any;	/* all addresses */
	bool builtin;
	int set; /* address set, -1 when any */
};

enum damp_set_kind { DAMP_SET_PREFIX, DAMP_SET_PATH, DAMP_SET_PORTS, DAMP_SET_KIND_MAX };

struct damp_set {
	enum damp_set_kind kind;
	int set;		       /* PREFIX: address set */
	bool runtime;		       /* filled while the gateway runs */
	int index;		       /* of a runtime set that is asked for, -1 not yet */
	uint32_t size, timeout_s;      /* of a runtime set */
	const struct damp_node *items; /* PATH, PORTS: read where they are used; PREFIX: tenants */
};

enum damp_name_kind { DAMP_NAME_DEFINE, DAMP_NAME_SET, DAMP_NAME_ZONE };

/* One entry of the name space of $names. */
struct damp_name {
	enum damp_name_kind kind;
	const char *name;
	struct damp_place at;
	const struct damp_node *value; /* of a define */
	struct damp_zone *zone;
	struct damp_set *set;
	bool used;
	int state; /* cycle search: 0 new, 1 open, 2 done, 3 part of a cycle */
};

/* (side is one of sides, or of that of one of devices) and (set < 0 or the address is in set). */
struct damp_addr_atom {
	unsigned sides;
	unsigned devices;
	bool across;	/* the side opposite of that of the device */
	int set;
	int runtime; /* the set is filled at run time and has this index, -1: it is not */
};
struct damp_addr_term {
	bool negated;
	struct damp_addr_atom *atoms;
	size_t n, cap;
};
/* OR of terms; a term is the OR of its atoms, or the negation of that. */
struct damp_addr_cond {
	bool asked;
	bool runtime; /* a set in it is filled while the gateway runs */
	struct damp_addr_term *terms;
	size_t n, cap;
};

struct damp_number_cond {
	bool asked;
	struct damp_spans spans;
};
struct damp_bits_cond {
	bool asked;
	uint64_t b[4];
};

enum damp_pattern_kind {
	DAMP_PATTERN_LITERAL,
	DAMP_PATTERN_PREFIX,
	DAMP_PATTERN_SCAN,
	DAMP_PATTERN_ALL
};

struct damp_pattern {
	enum damp_pattern_kind kind;
	const char *text; /* canonical text, or an anchored expression */
	size_t len;
	const char *head; /* of an expression: canonical text that all it matches begins with */
	struct damp_place at;
};

struct damp_pattern_list {
	struct damp_pattern *p;
	size_t n, cap;
};

/* One of `want` matches, or (has_not and none of `unwanted` does). */
struct damp_text_cond {
	bool asked, has_not;
	struct damp_pattern_list want, unwanted;
};

/* any: one option of mask is there; else none is. From bit DAMP_OPTBIT_MAX on it is of the
 * option_values of the context. A rule ANDs its terms. */
struct damp_option_term {
	uint64_t mask;
	bool any;
};

enum damp_text_id { DAMP_TEXT_PATH, DAMP_TEXT_QUERY, DAMP_TEXTS };

struct damp_match {
	struct damp_addr_cond src[2], dst[2]; /* from and source; to and target */
	struct damp_number_cond from_port, to_port, size;
	struct damp_bits_cond kind, type, code, verified,
		solicited; /* truths: bit 0 false, bit 1 true */
	struct damp_bits_cond hello; /* enum damp_hello */
	struct damp_text_cond text[DAMP_TEXTS];
	struct damp_option_term *options;
	size_t noptions, options_cap;
};

struct damp_verdict_model {
	struct damp_act act;
	bool set;
};

struct damp_rule_model {
	const char *id;
	struct damp_place at; /* of the id, or of the rule when it has none */
	enum damp_mode mode;
	struct damp_match match;
	struct damp_verdict_model then, over, slip;
	uint16_t slip_every;
	uint8_t slice_szx; /* of shape, DAMP_SLICE_OFF none */
	uint8_t loud, warn_percent, log_per;
	uint32_t log_first, log_sample_q32;
	uint16_t notify_gap; /* likewise, 0 none */
	uint32_t body_bytes; /* likewise */
	uint16_t limit[DAMP_RULE_LIMITS_MAX];
	size_t nlimits;
	bool has_limit, has_match, any; /* any: of match */
	bool off; /* asks for something that nothing can tell yet */
	uint64_t until_s; /* DAMP_NEVER_ENDS */
	uint16_t when[DAMP_RULE_WHENS_MAX];
	uint8_t nwhens;
	struct damp_rule_block block; /* for_s 0: none */
	struct damp_place block_at;
};

/* Is it in force at all times? */
static inline bool damp_rule_always(const struct damp_rule_model *r)
{
	return r->nwhens == 0 && r->until_s == DAMP_NEVER_ENDS;
}

struct damp_schedule_model {
	const char *name;
	struct damp_place at;
	struct damp_schedule s; /* zone: index into the zones of time */
	bool used;
};

/* A port that the file calls by the name of a device. */
struct damp_device_model {
	const char *name, *zone;
	struct damp_place at;
	uint8_t must, variant; /* as those of struct damp_device */
};

struct damp_time_zone_model {
	const char *name;
	struct damp_transitions offsets;
};

/* An exemption: whom, and the Unix time at which it is over. */
struct damp_exempt_model {
	int set;
	uint64_t until_s;
};

/* A limit of the file is up to three of the program: messages, bytes, ratio. */
struct damp_limit_model {
	const char *name;
	struct damp_place at;
	uint16_t first, count; /* into program limits */
	bool used;
};

struct damp_program_limit {
	const char *name;
	struct damp_limit l;
};

/* Whose addresses these are. */
struct damp_tenant {
	const char *name;
	struct damp_place at;
	int set;
};

struct damp_ctx {
	struct damp_pool *pool;
	struct damp_diags *diags;
	const struct damp_source *src;
	struct damp_files *files;
	const char *name;
	uint32_t revision;
	enum damp_mode mode;
	bool strict;
	int64_t now;
	struct damp_name *runtime[DAMP_RUNTIME_SETS_MAX]; /* sets filled at run time that rules ask for */
	unsigned nruntime;
	uint32_t locked; /* DAMP_LOCKED_x */
	struct damp_exempt_model *exempts;
	size_t nexempts, exempts_cap;
	struct damp_schedule_model *schedules;
	size_t nschedules, schedules_cap;
	struct damp_time_zone_model *time_zones;
	size_t ntime_zones, time_zones_cap;
	const struct damp_node *root; /* includes in place */
	uint32_t confirm_s; /* 0: nobody has to confirm */
	const char *signers[DAMP_SIGNERS_MAX]; /* who has to sign */
	unsigned nsigners;
	struct damp_name *names;
	size_t nnames, names_cap;
	uint32_t *name_slots; /* names.c: by name, 1 + index into names, 0 free */
	size_t nname_slots;
	struct damp_addr_set *addr_sets;
	size_t naddr_sets, addr_sets_cap;
	int inside_set[1u << DAMP_DEVICE_VARIANTS_MAX]; /* all prefixes of the inside port's zones, for
							 * each way the devices lie; -1: not known */
	struct damp_device_model devices[DAMP_DEVICES_MAX];
	unsigned ndevices, nvariants;
	struct damp_zone **zones;
	size_t nzones, zones_cap;
	struct damp_tenant *tenants;
	size_t ntenants, tenants_cap;
	bool counts_tenants; /* a limit is per tenant */
	struct damp_limit_model *limits;
	size_t nlimits, limits_cap;
	struct damp_option_value *option_values; /* that rules ask for, each once */
	size_t noption_values, option_values_cap;
	struct damp_program_limit *plimits;
	size_t nplimits, plimits_cap;
	struct damp_rule_model *rules;
	size_t nrules, rules_cap;
	struct damp_guard guard;
	struct damp_watch watch;
	uint16_t coap_port[DAMP_COAP_PORTS_MAX], dtls_port[DAMP_COAP_PORTS_MAX];
	unsigned ncoap_ports, ndtls_ports;
};

/* names.c: collect `define`, `sets` and `zones`; call before anything that may
 * use a $name. */
void damp_names_collect(struct damp_ctx *c, const struct damp_node *root);
/* Read what was collected (prefixes of sets and zones). */
void damp_names_read(struct damp_ctx *c, const struct damp_node *root);
struct damp_name *damp_name_find(struct damp_ctx *c, const char *name);
/* The name a scalar "$x" refers to; reports and returns NULL when there is
 * none. *is_name: it was a "$x" at all. */
struct damp_name *damp_name_of(struct damp_ctx *c, const struct damp_node *n, bool *is_name);
/* Report unless the name may stand in the file (word of a name space). */
bool damp_name_check(struct damp_ctx *c, const struct damp_node *key, const char *what);
/* The index of a set with these addresses, shared with an equal one. */
int damp_addr_set_add(struct damp_ctx *c, struct damp_addrs *a);

/* set_file.c: the lines of the file that n names, as a list of items; NULL after
 * a report. */
const struct damp_node *damp_set_file_read(struct damp_ctx *c, const struct damp_node *n);

/* model.c: is this a version of the file format that is known? n: NULL when it
 * is not said. */
void damp_version_check(struct damp_ctx *c, const struct damp_node *root,
			const struct damp_node *n);
/* Walk the whole tree. */
void damp_model_read(struct damp_ctx *c, const struct damp_node *root);
/* model_limits.c */
void damp_limits_read(struct damp_ctx *c, const struct damp_node *map);
/* Rungs of a ladder node (NULL: the default of per); false after an error. */
struct damp_steps {
	uint64_t factor_micro[DAMP_RUNGS_MAX];
	uint8_t plen[DAMP_RUNGS_MAX];
	unsigned n;
};
bool damp_ladder_read(struct damp_ctx *c, const struct damp_node *n,
		      struct damp_steps out[DAMP_FAMILIES]);
/* model_exempt.c */
void damp_exempt_read(struct damp_ctx *c, const struct damp_node *list);
/* model_rules.c */
void damp_rules_read(struct damp_ctx *c, const struct damp_node *list);
/* `about` is text, a block of it perhaps. */
void damp_about_check(struct damp_ctx *c, const struct damp_node *n);
/* model_slip.c: slip and shape of a rule; and what slip says with the rest of it. */
void damp_slip_read(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r);
void damp_slip_check(struct damp_ctx *c, struct damp_place at, const struct damp_rule_model *r);
void damp_shape_read(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r);
/* May the rule meet requests or DTLS of an unproved outside peer? */
bool damp_rule_meets_unproved(const struct damp_rule_model *r);
/* Does it end a message that this befalls? */
static inline bool damp_act_ends(const struct damp_act *a)
{
	return a->action == DAMP_ACT_DROP || a->action == DAMP_ACT_CHALLENGE ||
	       a->action == DAMP_ACT_ANSWER || a->action == DAMP_ACT_RESET;
}
/* model_match.c */
void damp_match_read(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r);
/* model_action.c: is text the word of an action that stands alone? */
bool damp_is_action(const char *text);
/* decides: the key when it has to end the message, else NULL. */
void damp_action_read(struct damp_ctx *c, const struct damp_node *n, const char *decides,
		      struct damp_verdict_model *out);
/* model_tenants.c; n: the key's value, NULL when it is not there. */
void damp_tenants_read(struct damp_ctx *c, const struct damp_node *n);
/* model_events.c: warn, log and severity of a rule. */
void damp_events_read(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		      struct damp_rule_model *r);
/* model_when.c: times of the week; the `when` and the `until` of a rule; a day,
 * as days since 1970-01-01 with the node it stands in; the first second after one. */
void damp_schedules_read(struct damp_ctx *c, const struct damp_node *map);
void damp_when_read(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r);
void damp_until_read(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r);
bool damp_day_read(struct damp_ctx *c, const struct damp_node *n, const struct damp_node **at, int64_t *days);
uint64_t damp_day_end_s(int64_t days);
/* model_block.c: the `block` of a rule; and what it says with the rest of it. */
void damp_block_read(struct damp_ctx *c, const struct damp_pair *p, struct damp_rule_model *r);
void damp_block_check(struct damp_ctx *c, const struct damp_rule_model *r);
/* model_watch.c: what the control plane watches for, and keeps; n may be NULL. */
void damp_watch_read(struct damp_ctx *c, const struct damp_node *n);
void damp_capture_read(struct damp_ctx *c, const struct damp_node *n);
/* model_events.c: a share like 1/100, as parts of 2^32. */
void damp_share_read(struct damp_ctx *c, const struct damp_node *n, uint32_t *q32);
/* model_signed.c: `signed_by` of the ruleset. */
void damp_signed_by_read(struct damp_ctx *c, const struct damp_node *n);
/* model_fail.c: `locked` of the ruleset, and `fail`. */
void damp_locked_read(struct damp_ctx *c, const struct damp_node *n);
void damp_schedules_read(struct damp_ctx *c, const struct damp_node *map);
/* Sets the guard's table_full; after damp_guard_read(), whose node is guard or NULL. */
void damp_fail_read(struct damp_ctx *c, const struct damp_node *n, const struct damp_node *guard);
/* guard.c: a block size of RFC 7959 section 2.2, as its SZX; off: may be off.
 * False after a report. */
bool damp_slice_read(struct damp_ctx *c, const struct damp_node *n, bool off, uint8_t *szx);
/* n may be NULL, then the defaults hold. */
void damp_guard_read(struct damp_ctx *c, const struct damp_node *n);

#endif
