/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sets and zones: the named lists of addresses, paths and ports.
 *
 * Idea: addresses become interval lists at once and get an index that equal
 * lists share; paths and ports stay nodes and are read by the key that uses
 * them, which knows what they mean there.
 *
 * Reference: operators.md 3.4.
 */
#include "read.h"
#include "suggest.h"
#include "terms.h"

#include <string.h>

int damp_addr_set_add(struct damp_ctx *c, struct damp_addrs *a)
{
	struct damp_addr_set new;

	damp_addrs_normalise(a);
	for (size_t i = 0; i < c->naddr_sets; i++) {
		const struct damp_addrs *b = &c->addr_sets[i].addrs;
		bool same = true;

		for (int f = 0; f < DAMP_FAMILIES && same; f++)
			same = a->family[f].n == b->family[f].n &&
			       (!a->family[f].n ||
				memcmp(a->family[f].s, b->family[f].s,
				       a->family[f].n * sizeof(*a->family[f].s)) == 0);
		if (same)
			return (int)i;
	}
	if (c->naddr_sets == DAMP_ADDR_SETS_MAX) {
		damp_diag_error(c->diags, (struct damp_place){ .src = c->src },
				"more than %u different lists of addresses", DAMP_ADDR_SETS_MAX);
		return 0;
	}
	new.addrs = *a;
	DAMP_PUSH(c->pool, c->addr_sets, c->naddr_sets, c->addr_sets_cap, new);
	return (int)c->naddr_sets - 1;
}

/* Of kernel interfaces, DPDK devices and PCI addresses. */
#define DEVICE_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:@-"

#define RUNTIME_SIZE_MAX 1048576u
#define RUNTIME_SIZE 65536u     /* the defaults of keys.h */
#define RUNTIME_TIMEOUT_S 600u
#define RUNTIME_TIMEOUT_MAX_MS (30ull * 86400 * 1000)

enum source { SOURCE_INLINE, SOURCE_FILE, SOURCE_RUNTIME };

struct set_walk {
	struct damp_set *set;
	const struct damp_node *kind, *source;
	const struct damp_pair *items, *file, *size, *timeout;
};

static void set_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p, void *user)
{
	struct set_walk *w = user;

	(void)c;
	switch (key) {
	case DAMP_KEY_SET_KIND: w->kind = p->value; break;
	case DAMP_KEY_SET_SOURCE: w->source = p->value; break;
	case DAMP_KEY_SET_ITEMS: w->items = p; break;
	case DAMP_KEY_SET_FILE: w->file = p; break;
	case DAMP_KEY_SET_SIZE: w->size = p; break;
	case DAMP_KEY_SET_TIMEOUT: w->timeout = p; break;
	default: break;
	}
}

/* A key that only makes sense with another source. */
static void refuse(struct damp_ctx *c, const struct damp_pair *p, const char *source)
{
	if (p)
		damp_diag_error(c->diags, p->key->at, "'%s' belongs to 'source: %s'", p->key->text,
				source);
}

static void read_timeout(struct damp_ctx *c, const struct damp_node *n, struct damp_set *set)
{
	struct damp_quantity q;

	if (!damp_read_quantity(c, n, DAMP_WANT(MS), &q))
		return;
	if (!q.micro || q.micro / DAMP_MICRO > RUNTIME_TIMEOUT_MAX_MS)
		damp_diag_error(c->diags, n->at, "'%s' is out of range; a time-out goes from 1 ms to 30 d", n->text);
	else
		set->timeout_s = (uint32_t)((q.micro / DAMP_MICRO + 999) / 1000);
}

static void read_runtime(struct damp_ctx *c, const struct damp_pair *p, const struct set_walk *w)
{
	uint64_t size = RUNTIME_SIZE;

	w->set->index = -1;
	if (w->size)
		damp_read_integer(c, w->size->value, 1, RUNTIME_SIZE_MAX, &size);
	w->set->size = (uint32_t)size;
	w->set->timeout_s = RUNTIME_TIMEOUT_S;
	if (w->timeout)
		read_timeout(c, w->timeout->value, w->set);
	if (w->set->kind != DAMP_SET_PREFIX)
		damp_diag_error(c->diags, w->source->at,
				"only a set of kind 'prefix' can be filled at run time");
	w->set->runtime = true;
	if (c->strict)
		damp_diag_remark(c->diags, p->key->at,
				 "set '%s' starts empty; 'damper set add' fills it", p->key->text);
}

/* The members, NULL when there are none. */
static const struct damp_node *members(struct damp_ctx *c, const struct damp_pair *p,
				       const struct set_walk *w)
{
	static const char *const sources[] = { "inline", "file", "runtime", NULL };
	const int source = w->source ? damp_read_word(c, w->source, "source of a set", sources)
				     : SOURCE_INLINE;

	if (source < 0)
		return NULL;
	if (source != SOURCE_INLINE)
		refuse(c, w->items, "inline");
	if (source != SOURCE_FILE)
		refuse(c, w->file, "file");
	if (source != SOURCE_RUNTIME) {
		refuse(c, w->size, "runtime");
		refuse(c, w->timeout, "runtime");
	}
	if (source == SOURCE_RUNTIME)
		read_runtime(c, p, w);
	else if (source == SOURCE_FILE && w->file)
		return damp_set_file_read(c, w->file->value);
	else if (source == SOURCE_FILE)
		damp_diag_error(c->diags, w->source->at, "'source: file' needs a 'file'");
	else if (w->items)
		return w->items->value;
	return NULL;
}

static void read_set(struct damp_ctx *c, const struct damp_pair *p, struct damp_set *set)
{
	static const char *const kinds[] = { "prefix", "path", "ports", NULL };
	struct set_walk w = { .set = set };
	struct damp_addrs a = { 0 };
	const unsigned before = c->diags->errors;
	const struct damp_node *items;
	int kind;

	set->kind = DAMP_SET_KIND_MAX;
	damp_read_keys(c, DAMP_SECTION_SET, p->value, set_key, &w);
	if (!w.kind && c->diags->errors > before)
		return;
	if (!w.kind) {
		damp_diag_error(c->diags, p->key->at,
				"set '%s' has no kind; write 'kind: prefix', 'path' or 'ports'",
				p->key->text);
		return;
	}
	kind = damp_read_word(c, w.kind, "kind of set", kinds);
	if (kind < 0)
		return;
	set->kind = (enum damp_set_kind)kind;
	items = members(c, p, &w);
	if (set->kind == DAMP_SET_PREFIX) {
		if (items)
			damp_addrs_read(c, items, &a);
		set->items = items;
		set->set = damp_addr_set_add(c, &a);
		return;
	}
	items = items ? damp_read_deref(c, items) : NULL;
	if (items && items->kind != DAMP_NODE_LIST) {
		damp_diag_error(c->diags, items->at, "'items' is a list");
	} else if (items) {
		set->items = items;
		damp_set_check(c, set);
	}
}

/* The name of a network device or a PCI address, and no slip of the pen. */
static bool is_device(const struct damp_node *n, const char *const *sides)
{
	return n->kind == DAMP_NODE_SCALAR && n->len && n->len < DAMP_NAME_MAX &&
	       strpbrk(n->text, "0123456789-._:") && !damp_suggest(n->text, sides) &&
	       strspn(n->text, DEVICE_CHARACTERS) == n->len;
}

/* A zone called inside or outside is that side; of another its devices decide. */
static uint8_t side_of_name(const char *zone)
{
	if (strcmp(zone, "inside") == 0)
		return DAMP_INSIDE;
	return strcmp(zone, "outside") == 0 ? DAMP_OUTSIDE : DAMP_DEVICE_NONE;
}

static struct damp_device_model *find_device(struct damp_ctx *c, const char *name, uint8_t must)
{
	for (unsigned i = 0; i < c->ndevices; i++)
		if (strcmp(c->devices[i].name, name) == 0 && c->devices[i].must == must)
			return &c->devices[i];
	return NULL;
}

static struct damp_device_model *add_device(struct damp_ctx *c, const struct damp_node *n, const char *zone)
{
	const uint8_t must = side_of_name(zone);
	struct damp_device_model *d = find_device(c, n->text, must);

	if (d)
		return d;
	if (c->ndevices == DAMP_DEVICES_MAX) {
		damp_diag_error(c->diags, n->at, "more than %u names of devices", DAMP_DEVICES_MAX);
		return NULL;
	}
	if (must == DAMP_DEVICE_NONE && c->nvariants == DAMP_DEVICE_VARIANTS_MAX) {
		damp_diag_error(c->diags, n->at, "more than %u devices that are neither 'inside' nor 'outside'; "
				"a gateway has two ports: write 'ports: [inside]' or [outside]",
				DAMP_DEVICE_VARIANTS_MAX);
		return NULL;
	}
	d = &c->devices[c->ndevices++];
	*d = (struct damp_device_model){ .name = n->text, .zone = zone, .at = n->at, .must = must,
					 .variant = DAMP_DEVICE_NONE };
	if (must == DAMP_DEVICE_NONE)
		d->variant = (uint8_t)c->nvariants++;
	return d;
}

/* Which of the two sides a device is, only the data plane knows. */
static void read_device(struct damp_ctx *c, const struct damp_node *n, struct damp_zone *z)
{
	const struct damp_device_model *d = add_device(c, n, z->name);

	if (d && d->variant == DAMP_DEVICE_NONE)
		z->ports |= DAMP_SIDE_BIT(d->must);
	else if (d)
		z->devices |= 1u << d->variant;
}

static int read_side(struct damp_ctx *c, const struct damp_node *n, const char *const *sides)
{
	if (n->kind != DAMP_NODE_SCALAR || damp_node_is(n, sides[0]) || damp_node_is(n, sides[1]) ||
	    damp_suggest(n->text, sides))
		return damp_read_word(c, n, "port", sides);
	damp_diag_error(c->diags, n->at, "unknown port '%s'; write outside, inside, or the name of a device, which has a digit, "
			"'-', '_', '.' or ':'", n->text);
	return -1;
}

static void read_sides(struct damp_ctx *c, const struct damp_node *n, struct damp_zone *z)
{
	static const char *const sides[] = {
		[DAMP_OUTSIDE] = "outside", [DAMP_INSIDE] = "inside", NULL
	};
	static const struct damp_terms_want want = { .key = "ports", .set = DAMP_SET_KIND_MAX };
	struct damp_terms t;
	int side;

	if (!damp_terms_read(c, n, &want, &t))
		return;
	if (t.n > 1)
		damp_diag_error(c->diags, n->at, "'not' does not fit in the ports of a zone");
	for (size_t i = 0; i < t.t[0].n; i++) {
		if (is_device(t.t[0].leaf[i].node, sides)) {
			read_device(c, t.t[0].leaf[i].node, z);
			continue;
		}
		side = read_side(c, t.t[0].leaf[i].node, sides);
		if (side >= 0)
			z->ports |= DAMP_SIDE_BIT(side);
	}
}

static void zone_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		     void *user)
{
	struct damp_zone *z = user;
	struct damp_addrs a = { 0 };

	if (key == DAMP_KEY_ZONE_PORTS) {
		read_sides(c, p->value, z);
	} else if (!damp_node_is(p->value, "any") && damp_addrs_read(c, p->value, &a)) {
		z->any = false;
		z->set = damp_addr_set_add(c, &a);
	}
}

static void read_zone(struct damp_ctx *c, const struct damp_pair *p, struct damp_zone *z)
{
	*z = (struct damp_zone){ .name = p->key->text, .any = true, .set = -1 };
	damp_read_keys(c, DAMP_SECTION_ZONE, p->value, zone_key, z);
	if (!z->ports && !z->devices)
		z->ports = DAMP_BOTH_SIDES;
	DAMP_PUSH(c->pool, c->zones, c->nzones, c->zones_cap, z);
}

/* The ports of a zone when the devices lie as way says. */
static unsigned ports_of(const struct damp_ctx *c, const struct damp_zone *z, unsigned way)
{
	unsigned ports = z->ports;

	for (unsigned i = 0; i < c->nvariants; i++)
		if (z->devices >> i & 1)
			ports |= DAMP_SIDE_BIT(way >> i & 1 ? DAMP_INSIDE : DAMP_OUTSIDE);
	return ports;
}

/* The inside networks are known when every zone the file gives to the inside
 * port alone says which addresses it has. */
static int join_inside(struct damp_ctx *c, unsigned way)
{
	struct damp_addrs all = { 0 };
	bool known = false;

	for (size_t i = 0; i < c->nzones; i++) {
		const struct damp_zone *z = c->zones[i];

		if (z->builtin || ports_of(c, z, way) != DAMP_SIDE_BIT(DAMP_INSIDE))
			continue;
		if (z->any)
			return -1;
		damp_addrs_join(c->pool, &all, &c->addr_sets[z->set].addrs);
		known = true;
	}
	return known ? damp_addr_set_add(c, &all) : -1;
}

void damp_names_read(struct damp_ctx *c, const struct damp_node *root)
{
	const struct damp_node *sets = damp_node_get(root, "sets"),
			       *zones = damp_node_get(root, "zones");
	struct damp_name *n;

	for (size_t i = 0; sets && sets->kind == DAMP_NODE_MAP && i < sets->n; i++) {
		n = damp_name_find(c, sets->pairs[i].key->text);
		if (n && n->set)
			read_set(c, &sets->pairs[i], n->set);
	}
	for (size_t i = 0; zones && zones->kind == DAMP_NODE_MAP && i < zones->n; i++) {
		n = damp_name_find(c, zones->pairs[i].key->text);
		if (n && n->zone && !n->zone->builtin)
			read_zone(c, &zones->pairs[i], n->zone);
	}
	for (unsigned way = 0; way < 1u << c->nvariants; way++)
		c->inside_set[way] = join_inside(c, way);
}
