/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Putting the block together; see compile.h.
 *
 * Invariant: sections are 64-byte aligned within the block and the bytes
 * between them are zero, so that equal models give equal blocks.
 */
#include "compile.h"

#include "files.h"

#include "view.h"
#include <stdlib.h>
#include <string.h>

#define SECTION_ALIGN 64u

size_t damp_build_put(struct damp_build *b, enum damp_section_id s, const void *data, size_t len)
{
	struct damp_bytes *to = &b->sec[s];
	const size_t off = to->len;

	if (to->len + len > to->cap) {
		const size_t cap = (to->len + len) * 2;
		char *more = damp_pool_alloc(b->c->pool, cap);

		if (to->len)
			memcpy(more, to->data, to->len);
		to->data = more;
		to->cap = cap;
	}
	if (len)
		memcpy(to->data + off, data, len);
	to->len += len;
	return off;
}

uint32_t damp_build_string(struct damp_build *b, const char *text)
{
	if (!*text && b->sec[DAMP_SEC_STRINGS].len)
		return 0;
	return (uint32_t)damp_build_put(b, DAMP_SEC_STRINGS, text, strlen(text) + 1);
}

/* The name of the file a rule stands in, stored once for each file. */
static uint32_t file_of(struct damp_build *b, const struct damp_source *src, uint32_t *names)
{
	if (!names[src->order])
		names[src->order] = damp_build_string(b, src->name);
	return names[src->order];
}

static void put_rules(struct damp_build *b, uint32_t *names)
{
	for (size_t i = 0; i < b->c->nrules; i++) {
		const struct damp_rule_model *m = &b->c->rules[i];
		struct damp_rule r = {
			.id_off = damp_build_string(b, m->id),
			.file_off = file_of(b, m->at.src, names),
			.line = (uint32_t)m->at.line,
			.column = (uint32_t)m->at.column,
			.mode = (uint8_t)m->mode,
			.nlimits = (uint8_t)m->nlimits,
			.slice_szx = m->slice_szx,
			.slip_every = m->slip_every,
			.loud = m->loud,
			.warn_percent = m->warn_percent,
			.log_per = m->log_per,
			.log_first = m->log_first,
			.log_sample_q32 = m->log_sample_q32,
			.notify_gap = m->notify_gap,
			.body_bytes = m->body_bytes,
			.then = m->then.act,
			.over = m->over.act,
			.slip = m->slip.act,
			.until_s = m->until_s,
			.nwhens = m->nwhens,
			.unable = m->off,
			.block = m->block,
		};

		memcpy(r.limit, m->limit, sizeof(r.limit));
		memcpy(r.when, m->when, sizeof(r.when));
		damp_build_put(b, DAMP_SEC_RULES, &r, sizeof(r));
	}
}

/* State survives a reload when name, kind, count, owner and ladder are the same, not
 * when only the rate changes. */
static uint32_t state_key(const struct damp_program_limit *p)
{
	const struct damp_key key = { 0, 0 };
	uint8_t shape[4 + 2 * DAMP_RUNGS_MAX] = { (uint8_t)(p->l.count << 4 | p->l.kind), p->l.per, p->l.nrungs4,
						p->l.nrungs6 };

	for (unsigned i = 0; i < DAMP_RUNGS_MAX; i++) {
		shape[4 + i] = p->l.rung4[i].plen;
		shape[4 + DAMP_RUNGS_MAX + i] = p->l.rung6[i].plen;
	}
	return (uint32_t)(damp_siphash24(&key, p->name, strlen(p->name)) ^
			  damp_siphash24(&key, shape, sizeof(shape)));
}

static bool key_taken(const struct damp_limit *all, size_t n, uint32_t key)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].state_key == key)
			return true;
	return false;
}

static void put_limits(struct damp_build *b)
{
	for (size_t i = 0; i < b->c->nplimits; i++) {
		struct damp_limit l = b->c->plimits[i].l;

		l.name_off = damp_build_string(b, b->c->plimits[i].name);
		l.state_key = state_key(&b->c->plimits[i]);
		while (key_taken((const void *)b->sec[DAMP_SEC_LIMITS].data, i, l.state_key))
			l.state_key++;
		damp_build_put(b, DAMP_SEC_LIMITS, &l, sizeof(l));
	}
}

static void put_schedules(struct damp_build *b)
{
	const struct damp_ctx *c = b->c;
	uint32_t first = 0;

	for (size_t i = 0; i < c->ntime_zones; i++) {
		const struct damp_transitions *t = &c->time_zones[i].offsets;
		const struct damp_time_zone z = { .name_off = damp_build_string(b, c->time_zones[i].name),
						  .first = first, .count = (uint32_t)t->n };

		damp_build_put(b, DAMP_SEC_TIME_ZONES, &z, sizeof(z));
		damp_build_put(b, DAMP_SEC_TRANSITIONS, t->t, t->n * sizeof(*t->t));
		first += z.count;
	}
	for (size_t i = 0; i < c->nschedules; i++) {
		struct damp_schedule s = c->schedules[i].s;

		s.name_off = damp_build_string(b, c->schedules[i].name);
		damp_build_put(b, DAMP_SEC_SCHEDULES, &s, sizeof(s));
	}
}

static void put_sets(struct damp_build *b)
{
	for (unsigned i = 0; i < b->c->nruntime; i++) {
		const struct damp_set *set = b->c->runtime[i]->set;
		const struct damp_runtime_set s = { .name_off = damp_build_string(b, b->c->runtime[i]->name),
						    .size = set->size, .timeout_s = set->timeout_s };

		damp_build_put(b, DAMP_SEC_SETS, &s, sizeof(s));
	}
}

static void put_devices(struct damp_build *b, uint32_t *names)
{
	for (unsigned i = 0; i < b->c->ndevices; i++) {
		const struct damp_device_model *m = &b->c->devices[i];
		const struct damp_device d = {
			.name_off = damp_build_string(b, m->name),
			.zone_off = damp_build_string(b, m->zone),
			.file_off = file_of(b, m->at.src, names),
			.line = (uint32_t)m->at.line,
			.column = (uint32_t)m->at.column,
			.must = m->must,
			.variant = m->variant,
		};

		damp_build_put(b, DAMP_SEC_DEVICES, &d, sizeof(d));
	}
}

static void fill_header(struct damp_build *b, const char *digest)
{
	const struct damp_ctx *c = b->c;
	struct damp_program_hdr *h = &b->hdr;

	h->magic = DAMP_PROGRAM_MAGIC;
	h->version = DAMP_PROGRAM_VERSION;
	h->hdr_len = sizeof(*h);
	h->revision = c->revision;
	memcpy(h->name, c->name, strlen(c->name) + 1);
	memcpy(h->digest, digest, strlen(digest) + 1);
	h->mode = c->mode;
	h->nrules = (uint32_t)c->nrules;
	h->made_s = c->now > 0 ? (uint64_t)c->now / 86400 * 86400 : 0; /* no finer: equal files, equal blocks */
	h->nsets = c->nruntime;
	h->nvariants = c->nvariants;
	h->locked = c->locked;
	h->watch = c->watch;
	h->nlimits = (uint32_t)c->nplimits;
	h->ncoap_ports = (uint16_t)c->ncoap_ports;
	h->ndtls_ports = (uint16_t)c->ndtls_ports;
	memcpy(h->coap_port, c->coap_port, sizeof(h->coap_port));
	memcpy(h->dtls_port, c->dtls_port, sizeof(h->dtls_port));
}

static struct damp_program_hdr *join(struct damp_build *b, size_t *len)
{
	uint64_t off = (sizeof(b->hdr) + SECTION_ALIGN - 1) / SECTION_ALIGN * SECTION_ALIGN;
	char *block;

	for (int s = 0; s < DAMP_SEC_MAX; s++) {
		b->hdr.sec[s] = (struct damp_section){ .off = off, .len = b->sec[s].len };
		off = (off + b->sec[s].len + SECTION_ALIGN - 1) / SECTION_ALIGN * SECTION_ALIGN;
	}
	if (off > DAMP_PROGRAM_MAX_BYTES) {
		damp_diag_error(b->c->diags, (struct damp_place){ .src = b->c->src },
				"the compiled program has %llu MiB; at most %u",
				(unsigned long long)(off >> 20), DAMP_PROGRAM_MAX_BYTES >> 20);
		return NULL;
	}
	b->hdr.total_len = off;
	block = damp_rules_malloc(off);
	memset(block, 0, off);
	for (int s = 0; s < DAMP_SEC_MAX; s++)
		if (b->sec[s].len)
			memcpy(block + b->hdr.sec[s].off, b->sec[s].data, b->sec[s].len);
	memcpy(block, &b->hdr, sizeof(b->hdr));
	b->hdr.checksum = damp_program_checksum(block, off);
	memcpy(block, &b->hdr, sizeof(b->hdr));
	*len = off;
	return (struct damp_program_hdr *)(void *)block;
}

struct damp_program_hdr *damp_build_program(const struct damp_ctx *c, const char *digest,
					    size_t *len)
{
	struct damp_build *b = damp_pool_alloc(c->pool, sizeof(*b));
	uint32_t names[DAMP_FILES_MAX] = { 0 };
	const unsigned before = c->diags->errors;

	b->c = c;
	b->hdr.nwords = (uint32_t)((c->nrules + 63) / 64);

	b->scratch = damp_pool_alloc(c->pool, b->hdr.nwords * sizeof(*b->scratch));
	damp_build_string(b, "");
	damp_build_put(b, DAMP_SEC_GUARD, &c->guard, sizeof(c->guard));
	fill_header(b, digest);
	put_rules(b, names);
	put_devices(b, names);
	put_limits(b);
	put_schedules(b);
	put_sets(b);
	damp_build_rows(b);
	damp_build_addrs(b);
	damp_build_texts(b);
	return c->diags->errors == before ? join(b, len) : NULL;
}
