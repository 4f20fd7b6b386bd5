/* SPDX-License-Identifier: BSD-3-Clause */
/* The file, its tests, and what their parts share; see testfile.h. */
#include "testfile_int.h"

#include "common/text.h"
#include "sides.h"
#include "suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void damp_test_keys(struct damp_ctx *c, const struct damp_node *n, const char *what,
		    const char *const *words, damp_test_key_fn *fn, void *user)
{
	if (n->kind != DAMP_NODE_MAP) {
		damp_diag_error(c->diags, n->at, "%s is a mapping of keys: %s", what,
				damp_read_words(c, words));
		return;
	}
	for (size_t i = 0; i < n->n; i++) {
		const struct damp_pair *p = &n->pairs[i];
		const char *near = damp_suggest(p->key->text, words);
		int k = 0;

		while (words[k] && strcmp(words[k], p->key->text) != 0)
			k++;
		if (words[k] && p->value->empty)
			damp_diag_error(c->diags, p->key->at, "'%s' has no value", p->key->text);
		else if (words[k])
			fn(c, k, p, user);
		else if (near)
			damp_diag_error(c->diags, p->key->at,
					"unknown key '%s' in %s; did you mean '%s'?", p->key->text,
					what, near);
		else
			damp_diag_error(c->diags, p->key->at, "unknown key '%s' in %s; it has %s",
					p->key->text, what, damp_read_words(c, words));
	}
}

bool damp_test_range_read(struct damp_ctx *c, const struct damp_node *n, damp_test_value_fn *fn,
			  struct damp_test_range *out)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, "a value or a range", &at), *dots, *high;

	if (!text)
		return false;
	dots = strstr(text, "..");
	high = dots ? dots + 2 : text;
	while (*high == ' ')
		high++;
	*out = (struct damp_test_range){ .low = 0, .high = UINT64_MAX, .text = text };
	if (dots && dots == text && !*high) {
		damp_diag_error(c->diags, at->at,
				"a range has at least one end, like '..5' or '1..'");
		return false;
	}
	if (dots != text) {
		const char *low = damp_pool_strndup(c->pool, text,
						    dots ? (size_t)(dots - text) : strlen(text));

		if (!fn(c, at, low, &out->low))
			return false;
	}
	if (!dots)
		out->high = out->low;
	else if (*high && !fn(c, at, high, &out->high))
		return false;
	out->asked = out->low <= out->high;
	if (!out->asked)
		damp_diag_error(c->diags, at->at, "'%s': the lower end of a range comes first",
				text);
	return out->asked;
}

bool damp_test_endpoint(struct damp_ctx *c, const struct damp_node *n, uint16_t port,
			struct damp_endpoint *out)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, "an address", &at);
	char why[DAMP_DESCRIBE_WHY];

	if (!text)
		return false;
	if (damp_endpoint_parse(text, port, out, why))
		return true;
	damp_diag_error(c->diags, at->at, "%s", why);
	return false;
}

static void read_at(struct damp_ctx *c, const struct damp_node *n, struct damp_test *t)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, "a time", &at);

	if (!text)
		return;
	t->clock_untrusted = strcmp(text, "unknown") == 0;
	if (!t->clock_untrusted && damp_text_parse_time(text, &t->at_s))
		damp_diag_error(c->diags, at->at,
				"'%s' is no time; write it like 2026-11-21T10:00Z, or 'unknown'", text);
}

static void add_member(struct damp_ctx *c, const struct damp_node *n, const char *set, struct damp_test *t)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, "a prefix", &at);
	struct damp_test_member m = { .set = set };
	char why[DAMP_DESCRIBE_WHY];

	if (!text)
		return;
	if (!damp_prefix_of(text, &m.addr, &m.plen, why))
		damp_diag_error(c->diags, at->at, "%s", why);
	else
		DAMP_PUSH(c->pool, t->members, t->nmembers, t->members_cap, m);
}

static void add_members(struct damp_ctx *c, const struct damp_node *n, const char *set, struct damp_test *t)
{
	if (n->kind != DAMP_NODE_LIST)
		add_member(c, n, set, t);
	for (size_t i = 0; n->kind == DAMP_NODE_LIST && i < n->n; i++)
		add_member(c, n->items[i], set, t);
}

static void read_sets(struct damp_ctx *c, const struct damp_node *n, struct damp_test *t)
{
	if (n->kind != DAMP_NODE_MAP)
		damp_diag_error(c->diags, n->at,
				"'sets' is a mapping of names to prefixes: {guests: [192.0.2.0/24]}");
	for (size_t i = 0; n->kind == DAMP_NODE_MAP && i < n->n; i++)
		add_members(c, n->pairs[i].value, n->pairs[i].key->text, t);
}

enum { GIVEN_PEER, GIVEN_VERIFIED, GIVEN_AT, GIVEN_SETS, GIVEN_BLOCKED };

static void given_key(struct damp_ctx *c, int key, const struct damp_pair *p, void *user)
{
	struct damp_test *t = user;

	switch (key) {
	case GIVEN_PEER: t->has_peer = damp_test_endpoint(c, p->value, 0, &t->peer); break;
	case GIVEN_VERIFIED: damp_read_truth(c, p->value, &t->verified); break;
	case GIVEN_AT: read_at(c, p->value, t); break;
	case GIVEN_SETS: read_sets(c, p->value, t); break;
	default: add_members(c, p->value, NULL, t);
	}
}

enum { TEST_NAME, TEST_GIVEN, TEST_SEND, TEST_PCAP, TEST_EXPECT };

static void test_key(struct damp_ctx *c, int key, const struct damp_pair *p, void *user)
{
	static const char *const given[] = { "peer", "verified", "at", "sets", "blocked", NULL };
	struct damp_test *t = user;
	const struct damp_node *at;

	switch (key) {
	case TEST_NAME: t->name = damp_read_scalar(c, p->value, "a name", &at); break;
	case TEST_GIVEN: damp_test_keys(c, p->value, "'given'", given, given_key, t); break;
	case TEST_SEND: damp_test_sends_read(c, p->value, t); break;
	case TEST_PCAP: t->pcap = damp_read_scalar(c, p->value, "a file name", &at); break;
	default: damp_test_expect_read(c, p->value, t);
	}
}

static bool has_key(const struct damp_node *n, const char *key)
{
	return n->kind == DAMP_NODE_MAP && damp_node_get(n, key) != NULL;
}

static void read_test(struct damp_ctx *c, const struct damp_node *n, struct damp_test *t)
{
	static const char *const words[] = { "name", "given", "send", "pcap", "expect", NULL };

	t->line = n->at.line;
	t->expect.verdict = t->expect.last = -1;
	damp_test_keys(c, n, "a test", words, test_key, t);
	if (n->kind != DAMP_NODE_MAP)
		return;
	if (!has_key(n, "name"))
		damp_diag_error(c->diags, n->at, "this test has no 'name'");
	if (has_key(n, "send") == has_key(n, "pcap"))
		damp_diag_error(c->diags, n->at, "a test has either 'send' or 'pcap'");
	if (!has_key(n, "expect"))
		damp_diag_error(c->diags, n->at, "this test expects nothing; add 'expect'");
	if (has_key(n, "pcap") && (t->has_peer || t->verified || t->at_s || t->clock_untrusted))
		damp_diag_error(c->diags, n->at, "of 'given' only 'sets' and 'blocked' go with 'pcap'");
	if (has_key(n, "pcap") &&
	    (t->expect.verdict >= 0 || t->expect.last >= 0 || t->expect.rule || t->expect.reason ||
	     t->expect.bytes_to_peer.asked))
		damp_diag_error(c->diags, n->at,
				"of a capture only 'dropped' and 'rules' can be expected");
}

enum { FILE_VERSION, FILE_RULES, FILE_TESTS, FILE_PORTS };

static void read_ports(struct damp_ctx *c, const struct damp_node *n, struct damp_test_file *f)
{
	static const char *const sides[] = { [DAMP_OUTSIDE] = "outside", [DAMP_INSIDE] = "inside", NULL };

	if (n->kind != DAMP_NODE_MAP) {
		damp_diag_error(c->diags, n->at, "'ports' is a mapping of names to sides: {lan0: inside}");
		return;
	}
	for (size_t i = 0; i < n->n; i++) {
		const int side = damp_read_word(c, n->pairs[i].value, "side", sides);

		if (side >= 0)
			damp_port_names_add(&f->ports, (enum damp_side)side, n->pairs[i].key->text);
	}
}

static void read_tests(struct damp_ctx *c, const struct damp_node *n, struct damp_test_file *f)
{
	if (n->kind != DAMP_NODE_LIST || n->n == 0) {
		damp_diag_error(c->diags, n->at, "'tests' is a list of tests");
		return;
	}
	f->tests = damp_pool_alloc(c->pool, n->n * sizeof(*f->tests));
	f->ntests = n->n;
	for (size_t i = 0; i < n->n; i++)
		read_test(c, n->items[i], &f->tests[i]);
}

static void file_key(struct damp_ctx *c, int key, const struct damp_pair *p, void *user)
{
	struct damp_test_file *f = user;
	const struct damp_node *at;
	uint64_t v;

	if (key == FILE_VERSION) {
		if (damp_read_integer(c, p->value, 0, UINT32_MAX, &v) && v != 1)
			damp_diag_error(c->diags, p->value->at,
					"version %s of test files is not known; write 1",
					p->value->text);
	} else if (key == FILE_RULES) {
		f->rules = damp_read_scalar(c, p->value, "a file name", &at);
	} else if (key == FILE_PORTS) {
		read_ports(c, p->value, f);
	} else {
		read_tests(c, p->value, f);
	}
}

/* A path in a test file is beside that file. */
static const char *beside(struct damp_pool *pool, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');

	if (!path || path[0] == '/' || !slash)
		return path;
	return damp_pool_printf(pool, "%.*s/%s", (int)(slash - file), file, path);
}

static void read_root(struct damp_ctx *c, const struct damp_node *root, struct damp_test_file *f)
{
	static const char *const words[] = { "version", "rules", "tests", "ports", NULL };

	damp_test_keys(c, root, "a test file", words, file_key, f);
	for (int i = 0; i < FILE_PORTS; i++)
		if (!has_key(root, words[i]))
			damp_diag_error(c->diags, root->at,
					"no '%s'; a test file has version, rules and tests",
					words[i]);
	f->rules = beside(c->pool, c->src->name, f->rules);
	for (size_t i = 0; i < f->ntests; i++)
		f->tests[i].pcap = beside(c->pool, c->src->name, f->tests[i].pcap);
}

/* The whole file, one byte more than may be at most. */
static bool read_text(struct damp_pool *pool, const char *path, struct damp_source *src)
{
	char *buf = damp_pool_alloc(pool, DAMP_FILE_BYTES_MAX + 2);
	FILE *f = fopen(path, "re");

	src->text = buf;
	if (f == NULL)
		return false;
	errno = 0;
	src->len = fread(buf, 1, DAMP_FILE_BYTES_MAX + 1, f);
	if (ferror(f)) {
		const int saved = errno;

		fclose(f);
		errno = saved;
		return false;
	}
	fclose(f);
	return true;
}

struct damp_test_file *damp_test_file_load(const char *path, bool colour, struct damp_rules *diags)
{
	struct damp_pool *pool = damp_rules_malloc(sizeof(*pool));
	struct damp_test_file *f;
	struct damp_diags d = { .pool = pool };
	struct damp_source *src;
	const struct damp_node *root;
	struct damp_ctx c = { .diags = &d };

	memset(pool, 0, sizeof(*pool));
	memset(diags, 0, sizeof(*diags));
	f = damp_pool_alloc(pool, sizeof(*f));
	src = damp_pool_alloc(pool, sizeof(*src));
	f->pool = c.pool = pool;
	src->name = path;
	c.src = src;
	if (!read_text(pool, path, src)) {
		diags->unreadable = true;
		damp_diag_error(&d, (struct damp_place){ .src = src }, "cannot be read: %s",
				strerror(errno));
	} else if ((root = damp_node_load(&d, src)) != NULL) {
		read_root(&c, root, f);
	}
	damp_diags_finish(&d, colour, diags);
	if (diags->errors == 0)
		return f;
	damp_test_file_free(f);
	return NULL;
}

void damp_test_file_free(struct damp_test_file *f)
{
	struct damp_pool *pool;

	if (f == NULL)
		return;
	pool = f->pool;
	damp_pool_free(pool);
	free(pool);
}
