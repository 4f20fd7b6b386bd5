/* SPDX-License-Identifier: BSD-3-Clause */
/* See gen.h. */
#include "gen.h"

#include "../../splitmix.h"

#include <damper/coap.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

uint64_t gen_random(uint64_t *state)
{
	return splitmix(state);
}

static unsigned pick(uint64_t *s, size_t n)
{
	return (unsigned)(gen_random(s) % n);
}

/* ---- addresses ---- */

struct net { bool v6; uint8_t b[16]; unsigned plen; };

static const struct net net_lan4 = { false, { 10 }, 8 };
static const struct net net_lan6 = { true, { 0x20, 0x01, 0x0d, 0xb8 }, 32 };
static const struct net net_both = { false, { 192, 0, 2 }, 24 };
static const struct net net_lan16 = { false, { 10, 1 }, 16 };
static const struct net net_host = { false, { 192, 0, 2, 7 }, 32 };
static const struct net net_six48 = { true, { 0x20, 0x01, 0x0d, 0xb8, 0, 1 }, 48 };
static const struct net net_all4 = { false, { 0 }, 0 };
static const struct net net_last = { false, { 255, 255, 255, 255 }, 32 };
static const struct net net_last6 = { true, { [0 ... 15] = 0xff }, 128 };
static const struct net set_items[] = {
	{ false, { 10, 1, 2 }, 24 }, { false, { 198, 51, 100 }, 24 },
	{ true, { 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2 }, 64 },
};
static const struct net groups[] = {
	{ false, { 224 }, 4 }, { false, { 255, 255, 255, 255 }, 32 }, { true, { 0xff }, 8 },
};

static const char *const world =
	"version: 1\n"
	"sets:\n"
	"  s: {kind: prefix, items: [10.1.2.0/24, 198.51.100.0/24, \"2001:db8:1:2::/64\"]}\n"
	"  p: {kind: path, items: [/a/b, /x/**]}\n"
	"  n: {kind: ports, items: [5683, 100..200]}\n"
	"define:\n"
	"  d: [192.0.2.7, $s]\n"
	"zones:\n"
	"  lan: {ports: [inside], prefixes: [10.0.0.0/8, \"2001:db8::/32\"]}\n"
	"  wan: {ports: [outside], prefixes: any}\n"
	"  both: {prefixes: [192.0.2.0/24]}\n"
	"rules:\n";

static const char *const addr_items[] = {
	"lan", "$wan", "both", "10.1.0.0/16", "192.0.2.7", "\"2001:db8:1::/48\"", "$s", "0.0.0.0/0",
	"255.255.255.255", "$d", "\"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\"", "multicast",
};

static bool within(const struct net *n, bool v6, const uint8_t *a)
{
	if (n->v6 != v6)
		return false;
	for (unsigned i = 0; i < n->plen; i++)
		if ((n->b[i / 8] ^ a[i / 8]) & (0x80u >> (i % 8)))
			return false;
	return true;
}

static bool in_any(const struct net *n, size_t count, bool v6, const uint8_t *a)
{
	for (size_t i = 0; i < count; i++)
		if (within(&n[i], v6, a))
			return true;
	return false;
}

/* side: the port that leads to the zone. */
static bool addr_item(unsigned item, bool v6, const uint8_t *a, unsigned side)
{
	switch (item) {
	case 0: return side == DAMP_INSIDE && (within(&net_lan4, v6, a) || within(&net_lan6, v6, a));
	case 1: return side == DAMP_OUTSIDE;
	case 2: return within(&net_both, v6, a);
	case 3: return within(&net_lan16, v6, a);
	case 4: return within(&net_host, v6, a);
	case 5: return within(&net_six48, v6, a);
	case 6: return in_any(set_items, COUNT(set_items), v6, a);
	case 7: return within(&net_all4, v6, a);
	case 8: return within(&net_last, v6, a);
	case 9: return within(&net_host, v6, a) || in_any(set_items, COUNT(set_items), v6, a);
	case 10: return within(&net_last6, v6, a);
	default: return in_any(groups, COUNT(groups), v6, a);
	}
}

/* ---- texts ---- */

/* A pattern by decoded segments: "*" one, "**" the rest. */
struct pattern { const char *yaml; const char *seg[GEN_SEGMENTS_MAX]; unsigned n; };

static const struct pattern paths[] = {
	{ "/", { "" }, 1 }, { "/a", { "a" }, 1 }, { "/a/b", { "a", "b" }, 2 }, { "/a/", { "a", "" }, 2 },
	{ "/a/**", { "a", "**" }, 2 }, { "/a/b/**", { "a", "b", "**" }, 3 }, { "/a/*", { "a", "*" }, 2 },
	{ "/*/b", { "*", "b" }, 2 }, { "/*/b/**", { "*", "b", "**" }, 3 }, { "/**", { "**" }, 1 },
	{ "/a%2Fb", { "a/b" }, 1 }, { "/x y", { "x y" }, 1 }, { "\"/x*\"", { "x*" }, 1 },
	{ "$p", { NULL }, 0 }, { "{regex: \"/[ab]+(/b)?\"}", { NULL }, 0 },
};
#define PATH_SET 13u
#define PATH_REGEX 14u

static const struct pattern queries[] = {
	{ "\"\"", { "" }, 1 }, { "a=1", { "a=1" }, 1 }, { "a=1&b", { "a=1", "b" }, 2 },
	{ "a=*", { "a=*" }, 1 }, { "a=1&**", { "a=1", "**" }, 2 }, { "\"*&b\"", { "*", "b" }, 2 },
	{ "\"**\"", { "**" }, 1 }, { "a/b", { "a/b" }, 1 }, { "\"*\"", { "*" }, 1 },
};

/* `*` within a segment, by recursion. */
static bool segment_matches(const char *pat, const char *s)
{
	if (*pat == '*')
		return segment_matches(pat + 1, s) || (*s && segment_matches(pat, s + 1));
	return *pat == *s && (!*pat || segment_matches(pat + 1, s + 1));
}

static bool segments_match(const struct pattern *p, const char *const *seg, unsigned n)
{
	for (unsigned i = 0; i < p->n; i++) {
		if (strcmp(p->seg[i], "**") == 0)
			return true;
		if (i >= n || !segment_matches(p->seg[i], seg[i]))
			return false;
	}
	return p->n == n;
}

/* {regex: "/[ab]+(/b)?"}, by hand, over the segments. */
static bool regex_matches(const char *const *seg, unsigned n)
{
	return n >= 1 && n <= 2 && seg[0][0] && strspn(seg[0], "ab") == strlen(seg[0]) &&
	       (n == 1 || strcmp(seg[1], "b") == 0);
}

static bool text_item(unsigned item, bool path, const char *const *seg, unsigned n)
{
	static const struct pattern set[] = { { "", { "a", "b" }, 2 }, { "", { "x", "**" }, 2 } };
	static const char *const nothing[] = { "" };

	if (!n) {               /* no option at all reads as one empty segment */
		seg = nothing;
		n = 1;
	}
	if (path && item == PATH_SET)
		return segments_match(&set[0], seg, n) || segments_match(&set[1], seg, n);
	if (path && item == PATH_REGEX)
		return regex_matches(seg, n);
	return segments_match(path ? &paths[item] : &queries[item], seg, n);
}

/* Canonical text, as program.h says. */
static void put_text(char *out, bool path, const char *const *seg, unsigned n)
{
	if (path && !n)
		*out++ = '/';
	for (unsigned i = 0; i < n; i++) {
		if (path || i)
			*out++ = path ? '/' : '&';
		for (const char *s = seg[i]; *s; s++)
			out += sprintf(out, (uint8_t)*s <= 0x20 || (uint8_t)*s >= 0x7f || strchr("/&%", *s) ? "%%%02X" :
				       "%c", (uint8_t)*s);
	}
	*out = 0;
}

/* ---- the other attributes ---- */

static const char *const port_items[] = { "5683", "100..200", "..50", "60000..", "$n", "0" };
static const char *const size_items[] = { "..96 B", "64 B..", "10 B..20 B", "97 B", "1 KiB.." };
static const char *const msg_items[] = { "request", "response", "empty", "malformed", "dtls" };
static const char *const type_items[] = { "CON", "NON", "ACK", "RST" };
static const char *const code_items[] = { "GET", "POST", "2.05", "4.xx", "0.00", "0.xx", "iPATCH" };
static const char *const truth_items[] = { "false", "true" };
static const char *const option_items[] = { "observe", "block2", "proxy-uri", "oscore", "unknown-critical" };
static const unsigned option_bits[] = {
	DAMP_OPTBIT_OBSERVE, DAMP_OPTBIT_BLOCK2, DAMP_OPTBIT_PROXY_URI, DAMP_OPTBIT_OSCORE,
	DAMP_OPTBIT_UNKNOWN_CRITICAL,
};

static bool port_item(unsigned item, unsigned v)
{
	switch (item) {
	case 0: return v == 5683;
	case 1: return v >= 100 && v <= 200;
	case 2: return v <= 50;
	case 3: return v >= 60000;
	case 4: return v == 5683 || (v >= 100 && v <= 200);
	default: return v == 0;
	}
}

static bool size_item(unsigned item, unsigned v)
{
	switch (item) {
	case 0: return v <= 96;
	case 1: return v >= 64;
	case 2: return v >= 10 && v <= 20;
	case 3: return v == 97;
	default: return v >= 1024;
	}
}

static bool code_item(unsigned item, int code)
{
	switch (item) {
	case 0: return code == 1;
	case 1: return code == 2;
	case 2: return code == 0x45;
	case 3: return code >= 0x80 && code <= 0x9f;
	case 4: return code == 0;
	case 5: return code >= 0 && code <= 31;
	default: return code == 7;
	}
}

static const char *const dtls_items[] = { "client_hello" };
static const char *const cookie_items[] = { "present", "absent" };

static bool item_agrees(enum gen_attribute a, unsigned item, const struct gen_message *m)
{
	const struct probe *p = &m->p;
	const unsigned other = p->side == DAMP_OUTSIDE ? DAMP_INSIDE : DAMP_OUTSIDE;

	switch (a) {
	case GEN_FROM:
	case GEN_SOURCE: return addr_item(item, p->v6, p->src, p->side);
	case GEN_TO:
	case GEN_TARGET: return addr_item(item, p->v6, p->dst, other);
	case GEN_FROM_PORT: return port_item(item, p->sport);
	case GEN_TO_PORT: return port_item(item, p->dport);
	case GEN_MSG: return p->kind == (const unsigned[]){ DAMP_KIND_REQUEST, DAMP_KIND_RESPONSE, DAMP_KIND_EMPTY,
							    DAMP_KIND_MALFORMED, DAMP_KIND_DTLS }[item];
	case GEN_TYPE: return p->type == (int)item;
	case GEN_CODE: return code_item(item, p->code);
	case GEN_PATH: return text_item(item, true, m->path, m->npath);
	case GEN_QUERY: return text_item(item, false, m->query, m->nquery);
	case GEN_OPTION: return (p->options >> option_bits[item]) & 1;
	case GEN_SIZE: return size_item(item, p->size);
	case GEN_DTLS: return p->hello != DAMP_HELLO_NONE;
	case GEN_COOKIE: return p->hello == (item ? DAMP_HELLO_FIRST : DAMP_HELLO_COOKIE);
	case GEN_VERIFIED: return item == ((p->truths & DAMP_TRUTH_VERIFIED) != 0);
	default: return item == ((p->truths & DAMP_TRUTH_SOLICITED) != 0);
	}
}

static const struct { const char *key; const char *const *items; unsigned n; } attributes[] = {
	[GEN_FROM] = { "from", addr_items, COUNT(addr_items) - 1 },     /* no multicast source */
	[GEN_TO] = { "to", addr_items, COUNT(addr_items) },
	[GEN_SOURCE] = { "source", addr_items, COUNT(addr_items) - 1 },
	[GEN_TARGET] = { "target", addr_items, COUNT(addr_items) },
	[GEN_FROM_PORT] = { "from_port", port_items, COUNT(port_items) },
	[GEN_TO_PORT] = { "to_port", port_items, COUNT(port_items) },
	[GEN_MSG] = { "msg", msg_items, COUNT(msg_items) },
	[GEN_TYPE] = { "type", type_items, COUNT(type_items) },
	[GEN_CODE] = { "code", code_items, COUNT(code_items) },
	[GEN_PATH] = { "path", NULL, COUNT(paths) },
	[GEN_QUERY] = { "query", NULL, COUNT(queries) },
	[GEN_OPTION] = { "option", option_items, COUNT(option_items) },
	[GEN_SIZE] = { "size", size_items, COUNT(size_items) },
	[GEN_VERIFIED] = { "verified", truth_items, COUNT(truth_items) },
	[GEN_SOLICITED] = { "solicited", truth_items, COUNT(truth_items) },
	[GEN_DTLS] = { "dtls", dtls_items, COUNT(dtls_items) },
	[GEN_COOKIE] = { "cookie", cookie_items, COUNT(cookie_items) },
};

static const char *item_text(enum gen_attribute a, unsigned item)
{
	if (a == GEN_PATH)
		return paths[item].yaml;
	return a == GEN_QUERY ? queries[item].yaml : attributes[a].items[item];
}

/* ---- meaning ---- */

static bool any_agrees(enum gen_attribute a, uint32_t items, const struct gen_message *m)
{
	for (unsigned i = 0; i < attributes[a].n; i++)
		if (((items >> i) & 1) && item_agrees(a, i, m))
			return true;
	return false;
}

static bool all_agree(enum gen_attribute a, uint32_t items, const struct gen_message *m)
{
	for (unsigned i = 0; i < attributes[a].n; i++)
		if (((items >> i) & 1) && !item_agrees(a, i, m))
			return false;
	return true;
}

static bool cond_agrees(const struct gen_rule *r, enum gen_attribute a, const struct gen_message *m)
{
	const struct gen_cond *c = &r->c[a];
	const bool content = m->p.kind == DAMP_KIND_REQUEST || m->p.kind == DAMP_KIND_RESPONSE ||
			     m->p.kind == DAMP_KIND_EMPTY;

	if (!c->asked)
		return true;
	if ((a == GEN_PATH || a == GEN_QUERY) && m->p.kind != DAMP_KIND_REQUEST)
		return false;
	if ((a == GEN_TYPE || a == GEN_CODE || a == GEN_OPTION) && !content)
		return false;
	if ((a == GEN_DTLS || a == GEN_COOKIE) && m->p.kind != DAMP_KIND_DTLS)
		return false;
	if (a == GEN_COOKIE && m->p.hello == DAMP_HELLO_NONE)
		return false;
	if (a == GEN_OPTION && r->option_map)
		return all_agree(a, c->plain, m) && !any_agrees(a, c->negated, m);
	return any_agrees(a, c->plain, m) || (c->has_not && !any_agrees(a, c->negated, m));
}

bool gen_matches(const struct gen_rule *r, const struct gen_message *m)
{
	if (r->off || m->p.kind == DAMP_KIND_NOT_COAP)
		return false;
	for (enum gen_attribute a = 0; a < GEN_ATTRIBUTES; a++)
		if (!cond_agrees(r, a, m))
			return false;
	return true;
}

/* ---- making ---- */

static uint32_t some_items(uint64_t *s, unsigned n)
{
	uint32_t items = 1u << pick(s, n);

	while (pick(s, 2))
		items |= 1u << pick(s, n);
	return items;
}

static void make_cond(uint64_t *s, enum gen_attribute a, struct gen_cond *c)
{
	c->asked = true;
	c->has_not = pick(s, 3) == 0;
	if (c->has_not)
		c->negated = some_items(s, attributes[a].n);
	if (!c->has_not || (a != GEN_OPTION && pick(s, 3) == 0))
		c->plain = some_items(s, attributes[a].n);
}

/* A rule the compiler would refuse because no message can match it. */
static bool impossible(const struct gen_rule *r)
{
	static const struct { unsigned kind; int code; unsigned hello; } probes[] = {
		{ DAMP_KIND_REQUEST, 1, 0 }, { DAMP_KIND_REQUEST, 2, 0 }, { DAMP_KIND_REQUEST, 3, 0 },
		{ DAMP_KIND_REQUEST, 7, 0 }, { DAMP_KIND_RESPONSE, 0x45, 0 }, { DAMP_KIND_RESPONSE, 0x84, 0 },
		{ DAMP_KIND_RESPONSE, 0xa0, 0 }, { DAMP_KIND_EMPTY, 0, 0 }, { DAMP_KIND_MALFORMED, -1, 0 },
		{ DAMP_KIND_DTLS, -1, DAMP_HELLO_NONE }, { DAMP_KIND_DTLS, -1, DAMP_HELLO_FIRST },
		{ DAMP_KIND_DTLS, -1, DAMP_HELLO_COOKIE },
	};

	for (size_t i = 0; i < COUNT(probes); i++) {
		const struct gen_message m = { .p = { .kind = probes[i].kind, .code = probes[i].code,
						       .hello = probes[i].hello } };
		const bool text = r->c[GEN_PATH].asked || r->c[GEN_QUERY].asked;
		const bool content = r->c[GEN_TYPE].asked || r->c[GEN_CODE].asked || r->c[GEN_OPTION].asked;

		if (text && probes[i].kind != DAMP_KIND_REQUEST)
			continue;
		if (content && probes[i].code < 0)
			continue;
		if (cond_agrees(r, GEN_MSG, &m) && cond_agrees(r, GEN_CODE, &m) && cond_agrees(r, GEN_DTLS, &m) &&
		    cond_agrees(r, GEN_COOKIE, &m))
			return false;
	}
	return true;
}

void gen_rule(uint64_t *s, struct gen_rule *r)
{
	do {
		memset(r, 0, sizeof(*r));
		r->off = pick(s, 20) == 0;
		do {
			const enum gen_attribute a = pick(s, GEN_ATTRIBUTES);

			memset(&r->c[a], 0, sizeof(r->c[a]));
			make_cond(s, a, &r->c[a]);
		} while (pick(s, 5) < 3);
		if (r->c[GEN_OPTION].asked && pick(s, 3) == 0) {
			r->option_map = true;
			r->c[GEN_OPTION].plain = some_items(s, COUNT(option_items));
			r->c[GEN_OPTION].negated = some_items(s, COUNT(option_items)) & ~r->c[GEN_OPTION].plain;
		}
	} while (impossible(r));
}

static void put_addr(uint64_t *s, bool *v6, uint8_t *a)
{
	static const uint8_t near4[][4] = {
		{ 10, 0, 0, 1 }, { 10, 1, 2, 3 }, { 10, 1, 255, 255 }, { 10, 2, 0, 0 }, { 11, 0, 0, 0 }, { 192, 0, 2, 7 },
		{ 192, 0, 2, 8 }, { 198, 51, 100, 1 }, { 224, 0, 1, 187 }, { 255, 255, 255, 255 }, { 255, 255, 255, 254 },
		{ 0, 0, 0, 0 }, { 9, 255, 255, 255 },
	};
	static const uint8_t near6[][16] = {
		{ 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5 }, { 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 3 },
		{ 0x20, 0x01, 0x0d, 0xb8, 0, 2 }, { 0x20, 0x01, 0x0d, 0xb9 }, { 0xff, 0x02 }, { 0xfe, 0x80 }, { 0 },
		{ [0 ... 15] = 0xff },
		{ 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	};

	memset(a, 0, 16);
	if (*v6)
		memcpy(a, near6[pick(s, COUNT(near6))], 16);
	else
		memcpy(a, near4[pick(s, COUNT(near4))], 4);
}

static void put_code(uint64_t *s, struct probe *p)
{
	static const int request[] = { 1, 2, 3, 7, 31 }, response[] = { 0x45, 0x41, 0x84, 0x9f, 0xa0 };

	p->type = (int)pick(s, 4);
	p->code = 0;
	if (p->kind == DAMP_KIND_REQUEST)
		p->code = request[pick(s, COUNT(request))];
	else if (p->kind == DAMP_KIND_RESPONSE)
		p->code = response[pick(s, COUNT(response))];
	else if (p->kind != DAMP_KIND_EMPTY)
		p->type = p->code = -1;
}

void gen_message(uint64_t *s, struct gen_message *m)
{
	static const char *const path_seg[] = { "a", "b", "x", "a/b", "x y", "", "ab", "xx" };
	static const char *const query_seg[] = { "a=1", "b", "a=", "a/b", "" };
	static const unsigned ports[] = { 0, 1, 50, 51, 99, 100, 200, 201, 5683, 59999, 60000, 65535 };
	static const unsigned sizes[] = { 4, 9, 10, 20, 21, 63, 64, 96, 97, 98, 1023, 1024, 65535 };
	struct probe *p = &m->p;

	memset(m, 0, sizeof(*m));
	p->v6 = pick(s, 2);
	put_addr(s, &p->v6, p->src);
	put_addr(s, &p->v6, p->dst);
	p->side = pick(s, DAMP_SIDE_MAX);
	p->kind = pick(s, 2) ? DAMP_KIND_REQUEST : pick(s, DAMP_KIND_MAX);
	p->hello = p->kind == DAMP_KIND_DTLS ? pick(s, DAMP_HELLO_MAX) : DAMP_HELLO_NONE;
	p->sport = ports[pick(s, COUNT(ports))];
	p->dport = ports[pick(s, COUNT(ports))];
	p->size = sizes[pick(s, COUNT(sizes))];
	p->truths = pick(s, DAMP_TRUTHS);
	put_code(s, p);
	for (size_t i = 0; i < COUNT(option_bits) && p->code >= 0; i++)
		p->options |= (uint64_t)(pick(s, 3) == 0) << option_bits[i];
	m->npath = p->kind == DAMP_KIND_REQUEST ? pick(s, GEN_SEGMENTS_MAX + 1) : 0;
	m->nquery = p->kind == DAMP_KIND_REQUEST ? pick(s, 3) : 0;
	for (unsigned i = 0; i < m->npath; i++)
		m->path[i] = path_seg[pick(s, COUNT(path_seg))];
	for (unsigned i = 0; i < m->nquery; i++)
		m->query[i] = query_seg[pick(s, COUNT(query_seg))];
	put_text(m->path_text, true, m->path, m->npath);
	put_text(m->query_text, false, m->query, m->nquery);
	p->path = m->path_text;
	p->query = m->query_text;
}

/* ---- printing ---- */

static void print_items(FILE *f, enum gen_attribute a, uint32_t items, const char *before, const char *after)
{
	const char *sep = before;

	for (unsigned i = 0; i < attributes[a].n; i++)
		if ((items >> i) & 1) {
			fputs(sep, f);
			fputs(item_text(a, i), f);
			sep = ", ";
		}
	fputs(after, f);
}

static void print_option_map(FILE *f, const struct gen_cond *c)
{
	const char *sep = "{";

	for (unsigned i = 0; i < COUNT(option_items); i++)
		if (((c->plain | c->negated) >> i) & 1) {
			fprintf(f, "%s%s: %s", sep, option_items[i], (c->plain >> i) & 1 ? "present" : "absent");
			sep = ", ";
		}
	fputs("}", f);
}

static void print_cond(FILE *f, const struct gen_rule *r, enum gen_attribute a)
{
	const struct gen_cond *c = &r->c[a];

	if (a == GEN_OPTION && r->option_map) {
		print_option_map(f, c);
	} else if (!c->has_not) {
		print_items(f, a, c->plain, "[", "]");
	} else if (!c->plain) {
		print_items(f, a, c->negated, "{not: [", "]}");
	} else {
		print_items(f, a, c->plain, "[", "");
		print_items(f, a, c->negated, ", {not: [", "]}]");
	}
}

void gen_print(FILE *f, const struct gen_rule *rules, unsigned n)
{
	fputs(world, f);
	for (unsigned i = 0; i < n; i++) {
		const char *sep = "{";

		fprintf(f, "  - id: r%u\n    then: continue\n%s    match: ", i, rules[i].off ? "    mode: \"off\"\n" : "");
		for (enum gen_attribute a = 0; a < GEN_ATTRIBUTES; a++)
			if (rules[i].c[a].asked) {
				fprintf(f, "%s%s: ", sep, attributes[a].key);
				print_cond(f, &rules[i], a);
				sep = ", ";
			}
		fputs("}\n", f);
	}
}
