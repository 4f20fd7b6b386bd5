/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading and carrying programs; see progview.h. Every offset is widened to 64
 * bits and compared by subtraction before it is used.
 */
#define _GNU_SOURCE
#include "progview.h"

#include "dataplane/wire/sealed.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const void *section(const struct damp_program_hdr *h, unsigned id, uint64_t want)
{
	const struct damp_section *s = &h->sec[id];

	if (s->off < sizeof(*h) || s->off % 8 != 0 || s->off > h->total_len)
		return NULL;
	if (s->len > h->total_len - s->off || s->len < want)
		return NULL;
	return (const char *)h + s->off;
}

static bool header_ok(const struct damp_program_hdr *h, size_t len)
{
	return h->magic == DAMP_PROGRAM_MAGIC && h->version == DAMP_PROGRAM_VERSION &&
	       h->hdr_len == sizeof(*h) && h->total_len == len && h->nrules <= DAMP_RULES_MAX &&
	       h->nlimits <= DAMP_LIMITS_MAX && memchr(h->name, 0, sizeof(h->name)) != NULL &&
	       memchr(h->digest, 0, sizeof(h->digest)) != NULL;
}

int damp_progview_open(const void *block, size_t len, struct damp_progview *v)
{
	const struct damp_program_hdr *h = block;

	if (len < sizeof(*h) || !header_ok(h, len))
		return -1;
	v->hdr = h;
	v->strings = section(h, DAMP_SEC_STRINGS, 1);
	v->strings_len = h->sec[DAMP_SEC_STRINGS].len;
	v->guard = section(h, DAMP_SEC_GUARD, sizeof(*v->guard));
	v->rules = section(h, DAMP_SEC_RULES, (uint64_t)h->nrules * sizeof(*v->rules));
	v->limits = section(h, DAMP_SEC_LIMITS, (uint64_t)h->nlimits * sizeof(*v->limits));
	v->classes = section(h, DAMP_SEC_CLASSES, (uint64_t)h->nclasses * sizeof(*v->classes));
	v->sets = section(h, DAMP_SEC_SETS, (uint64_t)h->nsets * sizeof(*v->sets));
	v->ndevices = h->sec[DAMP_SEC_DEVICES].len / sizeof(*v->devices);
	v->devices = section(h, DAMP_SEC_DEVICES, v->ndevices * sizeof(*v->devices));
	if (v->strings == NULL || v->guard == NULL || v->rules == NULL || v->limits == NULL ||
	    v->classes == NULL || v->sets == NULL || v->devices == NULL)
		return -1;
	return v->strings[v->strings_len - 1] == '\0' ? 0 : -1;
}

const char *damp_progview_string(const struct damp_progview *v, uint32_t off)
{
	return off < v->strings_len ? v->strings + off : "";
}

const char *damp_progview_limit_name(const struct damp_progview *v, unsigned i)
{
	return i < v->hdr->nlimits ? damp_progview_string(v, v->limits[i].name_off) : "";
}

unsigned damp_progview_count_mode(const struct damp_progview *v, unsigned mode)
{
	unsigned n = 0;

	for (unsigned i = 0; i < v->hdr->nrules; i++)
		n += v->rules[i].mode == mode;
	return n;
}

uint64_t damp_progview_exempt_end(const struct damp_progview *v, uint64_t now_s)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < v->hdr->nclasses; i++) {
		const struct damp_class *c = &v->classes[i];

		if ((c->flags & DAMP_CLASS_EXEMPT) && c->exempt_until_s != DAMP_NEVER_ENDS &&
		    c->exempt_until_s > now_s && (end == 0 || c->exempt_until_s < end))
			end = c->exempt_until_s;
	}
	return end;
}

double damp_progview_rate(const struct damp_rung *r)
{
	return r->cost_q16 == 0 ? 0 : (double)DAMP_TICKS_PER_S * 65536.0 / (double)r->cost_q16;
}

double damp_progview_burst(const struct damp_rung *r)
{
	return r->cost_q16 == 0 ? 0 : (double)r->burst_ticks * 65536.0 / (double)r->cost_q16;
}

struct damp_prog *damp_prog_new(void *block, size_t len)
{
	struct damp_prog *p = calloc(1, sizeof(*p));

	if (p == NULL || damp_progview_open(block, len, &p->view)) {
		free(p);
		free(block);
		return NULL;
	}
	p->block = block;
	p->len = len;
	p->refs = 1;
	return p;
}

struct damp_prog *damp_prog_read(int fd)
{
	struct stat st;
	void *block;
	size_t len;

	if (fstat(fd, &st) || st.st_size <= 0 || (uint64_t)st.st_size > DAMP_PROGRAM_MAX_BYTES)
		return NULL;
	len = (size_t)st.st_size;
	block = malloc(len);
	if (block == NULL || damp_read_whole(fd, block, len) != 0) {
		free(block);
		return NULL;
	}
	return damp_prog_new(block, len);
}

struct damp_prog *damp_prog_get(struct damp_prog *p)
{
	if (p != NULL)
		__atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
	return p;
}

void damp_prog_put(struct damp_prog *p)
{
	/* Release our reads before the last user frees; acquire theirs before we do. */
	if (p == NULL || __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	free(p->block);
	free(p);
}

int damp_prog_memfd(const struct damp_prog *p)
{
	const int fd = damp_sealed_new("damper-program", p->block, p->len);

	return fd >= 0 ? fd : -errno;
}
