/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading the settings file; see config.h.
 *
 * Sizes of tables are given in entries and rounded up to whole lines, a power
 * of two of them, because that is what the tables hash into.
 */
#include "config.h"

#include <ctype.h>
#include <damper/wire.h>
#include <errno.h>
#include <rte_cfgfile.h>
#include <stddef.h>
#include <stdlib.h>

#define LINES_LOG2_MIN 4u
#define ENTRIES_MAX 64u /* keys in one section, far above what there are */

enum kind { KIND_TEXT, KIND_COUNT, KIND_WORKERS, KIND_ENTRIES, KIND_CHOICE };

/* What 0, 1 and 2 are called. */
#define WORDS_MAX 3u
enum { CHOICE_IDLE, CHOICE_TRUST };
static const char *const choices[][WORDS_MAX] = {
	[CHOICE_IDLE] = { "poll", "pause", "sleep" }, /* enum damp_idle_mode */
	[CHOICE_TRUST] = { "kernel", "always" },
};

/* Bytes of a table of 2^n lines; 0: it cannot have so many. */
static size_t (*const bytes_of[])(unsigned lines_log2) = {
	[DAMP_TABLE_LEDGER] = damp_ledger_bytes,
	[DAMP_TABLE_PEERS] = damp_peer_bytes,
	[DAMP_TABLE_EXCHANGES] = damp_xchg_bytes,
	[DAMP_TABLE_SEEN] = damp_seen_bytes,
	[DAMP_TABLE_OBSERVATIONS] = damp_obs_bytes,
	[DAMP_TABLE_CONCURRENT] = damp_tally_bytes,
	[DAMP_TABLE_HELD] = damp_held_bytes,
	[DAMP_TABLE_LISTS] = damp_prefixes_bytes,
};

struct key {
	const char *section, *name;
	enum kind kind;
	size_t off;
	uint64_t min, max;          /* TEXT: max bytes with NUL, min 0: need not be there; ENTRIES: max is the
				     * slots of a line; CHOICE, ENTRIES: min is which */
	const char *help;
};

#define AT(field) offsetof(struct damp_config, field)

static const struct key keys[] = {
	{ "ports", "outside", KIND_TEXT, AT(port[DAMP_OUTSIDE]), 1, DAMP_NAME_MAX,
	  "DPDK device toward the network that is not trusted: a name (net_af_packet0) or a PCI address" },
	{ "ports", "inside", KIND_TEXT, AT(port[DAMP_INSIDE]), 1, DAMP_NAME_MAX,
	  "DPDK device toward the CoAP devices" },
	{ "ports", "outside_names", KIND_TEXT, AT(names[DAMP_OUTSIDE]), 0, DAMP_PATH_MAX,
	  "more names by which zones of a rule file may call the outside port, separated by commas" },
	{ "ports", "inside_names", KIND_TEXT, AT(names[DAMP_INSIDE]), 0, DAMP_PATH_MAX,
	  "the same for the inside port" },
	{ "workers", "count", KIND_WORKERS, AT(nworkers), 1, DAMP_WORKERS_MAX,
	  "worker threads, each on an lcore of its own beside the main one; auto: one for each of these and each "
	  "queue" },
	{ "workers", "idle", KIND_CHOICE, AT(idle), CHOICE_IDLE, 0,
	  "what a worker without packets does: poll, pause (saves power), or sleep (for machines that share their "
	  "cores)" },
	{ "clock", "trust", KIND_CHOICE, AT(trust_clock), CHOICE_TRUST, 0,
	  "when the wall clock is believed: kernel (while it says that it is synchronised), or always" },
	{ "tables", "ledger", KIND_ENTRIES, AT(tables.ledger_log2), DAMP_TABLE_LEDGER, DAMP_LEDGER_WAYS,
	  "addresses and networks with unproved bytes, all workers together" },
	{ "tables", "peers", KIND_ENTRIES, AT(tables.peers_log2), DAMP_TABLE_PEERS, 3,
	  "proved peers, all workers together" },
	{ "tables", "exchanges", KIND_ENTRIES, AT(tables.xchg_log2), DAMP_TABLE_EXCHANGES, 2,
	  "requests under way, each worker" },
	{ "tables", "seen", KIND_ENTRIES, AT(tables.seen_log2), DAMP_TABLE_SEEN, 4,
	  "Message IDs that may still be acknowledged, each worker" },
	{ "tables", "observations", KIND_ENTRIES, AT(tables.obs_log2), DAMP_TABLE_OBSERVATIONS, 2,
	  "observations under way, each worker" },
	{ "tables", "concurrent", KIND_ENTRIES, AT(tables.tally_log2), DAMP_TABLE_CONCURRENT, DAMP_TALLY_WAYS,
	  "keys of `concurrent` limits with something open, all workers together" },
	{ "tables", "held", KIND_ENTRIES, AT(tables.held_log2), DAMP_TABLE_HELD, 2,
	  "exchanges and observations that `concurrent` limits count, each worker" },
	{ "tables", "repetitions", KIND_COUNT, AT(tables.repeat_lines), 1, 1u << 26,
	  "lines of 64 bytes for requests that a flood had refused and that may come again, each worker; 16384 (1 MiB) "
	  "for each 60 000 requests a second of a flood" },
	{ "tables", "lists", KIND_ENTRIES, AT(tables.lists_log2), DAMP_TABLE_LISTS, 4,
	  "prefixes that are blocked or in sets filled at run time, all workers together" },
	{ "paths", "runtime", KIND_TEXT, AT(runtime_dir), 1, DAMP_PATH_MAX,
	  "directory of counters, events and the control socket" },
	{ "paths", "state", KIND_TEXT, AT(state_dir), 1, DAMP_PATH_MAX,
	  "directory of the last good program, the secret, and what is blocked" },
	{ "packets", "mtu", KIND_COUNT, AT(mtu), 576, 9978,
	  "largest IP packet the ports carry; buffers are sized for it" },
	{ "packets", "buffers", KIND_COUNT, AT(buffers), 0, 1u << 24,
	  "packet buffers; 0 computes what queues and rings can hold" },
	{ "packets", "burst", KIND_COUNT, AT(burst), 1, DAMP_BURST,
	  "packets taken from a queue at once" },
};
#define NKEYS (sizeof(keys) / sizeof(keys[0]))

void damp_config_defaults(struct damp_config *c)
{
	*c = (struct damp_config){
		.runtime_dir = DAMP_RUNTIME_DIR,
		.state_dir = DAMP_STATE_DIR,
		.nworkers = 1,
		.tables = damp_judge_defaults,
		.mtu = 1500,
		.burst = DAMP_BURST,
	};
}

/* A whole number: plain, with k or M (powers of 1024), or as a power 2^N. */
static int parse_number(const char *text, uint64_t *out)
{
	const bool power = strncmp(text, "2^", 2) == 0;
	const char *p = power ? text + 2 : text;
	char *end;

	if (!isdigit((unsigned char)*p))
		return -1;
	errno = 0;
	unsigned long long v = strtoull(p, &end, 10);
	if (errno != 0 || v > (1ull << 40))
		return -1;
	if (power) {
		if (*end != '\0' || v > 40)
			return -1;
		*out = 1ull << v;
		return 0;
	}
	if (*end == 'k')
		v <<= 10;
	else if (*end == 'M')
		v <<= 20;
	if (*end != '\0' && end[1] != '\0')
		return -1;
	*out = v;
	return *end == '\0' || *end == 'k' || *end == 'M' ? 0 : -1;
}

/* The fewest lines for so many entries, or the most that there may be. */
static unsigned lines_log2(const struct key *k, uint64_t entries)
{
	unsigned n = LINES_LOG2_MIN;

	while (k->max << n < entries && bytes_of[k->min](n + 1) > 0)
		n++;
	return n;
}

static int set_count(const struct key *k, void *at, const char *value, char *why, size_t len)
{
	uint64_t v;

	if (parse_number(value, &v) != 0 || v < k->min || v > k->max) {
		snprintf(why, len, "\"%s\" is not a number from %llu to %llu", value,
			 (unsigned long long)k->min, (unsigned long long)k->max);
		return -1;
	}
	*(unsigned *)at = (unsigned)v;
	return 0;
}

static int set_workers(const struct key *k, void *at, const char *value, char *why, size_t len)
{
	if (strcmp(value, "auto") == 0) {
		*(unsigned *)at = 0;
		return 0;
	}
	return set_count(k, at, value, why, len);
}

static int set_entries(const struct key *k, void *at, const char *value, char *why, size_t len)
{
	const uint64_t most = k->max << lines_log2(k, UINT64_MAX);
	uint64_t v;

	if (parse_number(value, &v) != 0 || v > most) {
		snprintf(why, len,
			 "\"%s\" is not a number of entries up to %llu (such as 65536, 64k, 2M or 2^20)",
			 value, (unsigned long long)most);
		return -1;
	}
	*(unsigned *)at = lines_log2(k, v);
	return 0;
}

static int set_text(const struct key *k, void *at, const char *value, char *why, size_t len)
{
	if (value[0] == '\0' || strlen(value) >= k->max) {
		snprintf(why, len, "the value must have 1 to %llu characters",
			 (unsigned long long)k->max - 1);
		return -1;
	}
	memcpy(at, value, strlen(value) + 1);
	return 0;
}

static int set_choice(const struct key *k, void *at, const char *value, char *why, size_t len)
{
	const char *const *word = choices[k->min];
	const unsigned n = word[WORDS_MAX - 1] != NULL ? WORDS_MAX : WORDS_MAX - 1;

	for (unsigned i = 0; i < n; i++)
		if (strcmp(value, word[i]) == 0) {
			*(uint8_t *)at = (uint8_t)i;
			return 0;
		}
	snprintf(why, len, "\"%s\" is neither %s%s%s nor %s", value, word[0], n > 2 ? ", " : "",
		 n > 2 ? word[1] : "", word[n - 1]);
	return -1;
}

static int set_value(const struct key *k, struct damp_config *c, const char *value, char *why, size_t len)
{
	void *at = (char *)c + k->off;

	switch (k->kind) {
	case KIND_TEXT:
		return set_text(k, at, value, why, len);
	case KIND_COUNT:
		return set_count(k, at, value, why, len);
	case KIND_WORKERS:
		return set_workers(k, at, value, why, len);
	case KIND_ENTRIES:
		return set_entries(k, at, value, why, len);
	case KIND_CHOICE:
		return set_choice(k, at, value, why, len);
	}
	return -1;
}

/* Does the trimmed line start with word, followed by nothing but after? */
static bool line_is(const char *line, const char *word, char after)
{
	const size_t n = strlen(word);

	while (isspace((unsigned char)*line))
		line++;
	if (strncmp(line, word, n) != 0)
		return false;
	for (line += n; isspace((unsigned char)*line); line++)
		;
	return *line == after;
}

/* rte_cfgfile keeps no line numbers; find the nth place of name (NULL: the
 * section itself) again, for messages only. 0 when it is not found. */
static unsigned find_line(const char *file, const char *section, const char *name, unsigned nth)
{
	char line[512], head[CFG_NAME_LEN + 2];
	unsigned number = 0, found = 0;
	bool within = false;
	FILE *f = fopen(file, "re");

	if (f == NULL)
		return 0;
	snprintf(head, sizeof(head), "[%s", section);
	while (found == 0 && fgets(line, sizeof(line), f) != NULL) {
		const char *p = line + strspn(line, " \t");

		number++;
		if (*p == '[') {
			within = line_is(p, head, ']');
			if (within && name == NULL)
				found = number;
		} else if (within && name != NULL && line_is(p, name, '=') && --nth == 0) {
			found = number;
		}
	}
	fclose(f);
	return found;
}

/* "file:line: " or "file: " when the line is not known. */
static int place(char *out, size_t len, const char *file, unsigned line)
{
	return line > 0 ? snprintf(out, len, "%s:%u: ", file, line) : snprintf(out, len, "%s: ", file);
}

/* The known sections (section NULL) or the keys of one, separated by ", ". */
static void known(char *out, size_t len, const char *section)
{
	const char *last = "";
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < NKEYS && used < len; i++) {
		const char *word = section == NULL ? keys[i].section : keys[i].name;

		if (section != NULL ? strcmp(keys[i].section, section) != 0 : strcmp(word, last) == 0)
			continue;
		used += (size_t)snprintf(out + used, len - used, "%s%s", used > 0 ? ", " : "", word);
		last = word;
	}
}

static bool section_known(const char *section)
{
	for (size_t i = 0; i < NKEYS; i++)
		if (strcmp(keys[i].section, section) == 0)
			return true;
	return false;
}

static const struct key *find_key(const char *section, const char *name)
{
	for (size_t i = 0; i < NKEYS; i++)
		if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

struct reader {
	const char *file;
	struct damp_config *config;
	bool given[NKEYS];
	char *err;
	size_t errlen;
};

static int read_entry(struct reader *r, const char *section, const struct rte_cfgfile_entry *e)
{
	const struct key *k = find_key(section, e->name);
	char at[300], text[300];

	place(at, sizeof(at), r->file, find_line(r->file, section, e->name, 1));
	if (k == NULL) {
		known(text, sizeof(text), section);
		snprintf(r->err, r->errlen, "%sunknown key \"%s\" in [%s]; known are %s", at, e->name,
			 section, text);
		return -1;
	}
	if (r->given[k - keys]) {
		place(at, sizeof(at), r->file, find_line(r->file, section, e->name, 2));
		snprintf(r->err, r->errlen, "%s[%s] %s is given twice", at, section, e->name);
		return -1;
	}
	r->given[k - keys] = true;
	if (set_value(k, r->config, e->value, text, sizeof(text)) != 0) {
		snprintf(r->err, r->errlen, "%s[%s] %s: %s", at, section, e->name, text);
		return -1;
	}
	return 0;
}

static int read_section(struct reader *r, struct rte_cfgfile *cfg, int index)
{
	struct rte_cfgfile_entry entries[ENTRIES_MAX];
	char section[CFG_NAME_LEN], at[300], text[200];
	int n;

	n = rte_cfgfile_section_entries_by_index(cfg, index, section, entries, ENTRIES_MAX);
	if (!section_known(section)) {
		place(at, sizeof(at), r->file, find_line(r->file, section, NULL, 1));
		known(text, sizeof(text), NULL);
		snprintf(r->err, r->errlen, "%sunknown section [%s]; known are %s", at, section, text);
		return -1;
	}
	for (int i = 0; i < n; i++)
		if (read_entry(r, section, &entries[i]) != 0)
			return -1;
	return 0;
}

static int check_whole(const struct damp_config *c, const char *file, char *err, size_t errlen)
{
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		if (c->port[side][0] != '\0')
			continue;
		snprintf(err, errlen, "%s: [ports] needs both outside and inside", file);
		return -1;
	}
	if (strcmp(c->port[DAMP_OUTSIDE], c->port[DAMP_INSIDE]) == 0) {
		snprintf(err, errlen, "%s: [ports] outside and inside are the same device, %s", file,
			 c->port[DAMP_OUTSIDE]);
		return -1;
	}
	return 0;
}

int damp_config_load(const char *file, struct damp_config *c, char *err, size_t errlen)
{
	const struct rte_cfgfile_parameters params = { .comment_character = '#' };
	struct reader r = { .file = file, .config = c, .err = err, .errlen = errlen };
	struct rte_cfgfile *cfg;
	FILE *probe = fopen(file, "re");
	int nsections, rc = 0;

	if (probe == NULL) {
		snprintf(err, errlen, "%s: %s", file, strerror(errno));
		return -1;
	}
	fclose(probe);
	cfg = rte_cfgfile_load_with_params(file, CFG_FLAG_EMPTY_VALUES, &params);
	if (cfg == NULL) {
		snprintf(err, errlen, "%s: not a settings file: [section] lines, \"key = value\" below them, "
			 "comments after #", file);
		return -1;
	}
	nsections = rte_cfgfile_num_sections(cfg, NULL, 0);
	for (int i = 0; i < nsections && rc == 0; i++)
		rc = read_section(&r, cfg, i);
	rte_cfgfile_close(cfg);
	return rc != 0 ? rc : check_whole(c, file, err, errlen);
}

static void describe_default(FILE *out, const struct key *k, const struct damp_config *c)
{
	const void *at = (const char *)c + k->off;

	switch (k->kind) {
	case KIND_TEXT:
		fprintf(out, "%s",
			*(const char *)at != '\0' ? (const char *)at :
			k->min > 0                ? "required" :
						    "none");
		break;
	case KIND_COUNT:
	case KIND_WORKERS:
		fprintf(out, "%u", *(const unsigned *)at);
		break;
	case KIND_ENTRIES:
		fprintf(out, "%llu", (unsigned long long)k->max << *(const unsigned *)at);
		break;
	case KIND_CHOICE:
		fputs(choices[k->min][*(const uint8_t *)at], out);
		break;
	}
}

void damp_config_describe(FILE *out)
{
	struct damp_config c;
	const char *last = "";

	damp_config_defaults(&c);
	for (size_t i = 0; i < NKEYS; i++) {
		if (strcmp(keys[i].section, last) != 0)
			fprintf(out, "  [%s]\n", keys[i].section);
		last = keys[i].section;
		fprintf(out, "    %-12s  %s (", keys[i].name, keys[i].help);
		describe_default(out, &keys[i], &c);
		fputs(")\n", out);
	}
}

int damp_path_join(char *out, size_t cap, const char *dir, const char *name)
{
	const int n = snprintf(out, cap, "%s/%s", dir, name);

	return n > 0 && (size_t)n < cap ? 0 : -1;
}
