/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening and closing a program for use; address classes. See view.h.
 *
 * Invariant: a view that damp_view_open() returned is complete for nworkers
 * workers; nothing is allocated later. A view owns its block, and
 * damp_view_close() frees all of it.
 */
#include "view.h"

#include "classify.h"
#include "live.h"
#include "memo.h"
#include "prefixes.h"
#include "view_check.h"

#include <hs.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t damp_program_checksum(const void *block, size_t len)
{
	static const struct damp_key zero;
	const size_t at = offsetof(struct damp_program_hdr, checksum), after = at + sizeof(uint64_t);
	const uint8_t *b = block;
	uint64_t part[2];

	/* Two digests chained, so that the field itself need not be cleared. */
	part[0] = damp_siphash24(&zero, b, at);
	part[1] = damp_siphash24(&zero, b + after, len - after);
	return damp_siphash24(&zero, part, sizeof(part));
}

void damp_view_lie(struct damp_view *v, unsigned way)
{
	const struct damp_program_hdr *h = v->hdr;
	const uint8_t *b = v->block;
	const struct damp_class *classes = (const void *)(b + h->sec[DAMP_SEC_CLASSES].off);
	const struct damp_set_class *sets = (const void *)(b + h->sec[DAMP_SEC_SET_CLASSES].off);

	v->way = way & ((1u << h->nvariants) - 1);
	v->classes = classes + (size_t)v->way * h->nclasses;
	v->set_classes = sets + (size_t)v->way * h->nclasses * ((1u << h->nsets) - 1);
	v->has_inside = h->has_inside >> v->way & 1;
}

static void point(struct damp_view *v)
{
	const struct damp_program_hdr *h = v->block;
	const uint8_t *b = v->block;

	v->hdr = h;
	v->strings = (const char *)(b + h->sec[DAMP_SEC_STRINGS].off);
	v->guard = (const void *)(b + h->sec[DAMP_SEC_GUARD].off);
	v->rules = (const void *)(b + h->sec[DAMP_SEC_RULES].off);
	v->limits = (const void *)(b + h->sec[DAMP_SEC_LIMITS].off);
	v->ranges4 = (const void *)(b + h->sec[DAMP_SEC_RANGES4].off);
	v->ranges6 = (const void *)(b + h->sec[DAMP_SEC_RANGES6].off);
	v->sizes = (const void *)(b + h->sec[DAMP_SEC_SIZES].off);
	v->src_ports = (const void *)(b + h->sec[DAMP_SEC_SRC_PORTS].off);
	v->dst_ports = (const void *)(b + h->sec[DAMP_SEC_DST_PORTS].off);
	v->options = (const void *)(b + h->sec[DAMP_SEC_OPTIONS].off);
	v->option_values = (const void *)(b + h->sec[DAMP_SEC_OPTION_VALUES].off);
	v->literals = (const void *)(b + h->sec[DAMP_SEC_LITERALS].off);
	v->texts = (const void *)(b + h->sec[DAMP_SEC_TEXTS].off);
	v->heads = (const void *)(b + h->sec[DAMP_SEC_TEXT_HEADS].off);
	v->schedules = (const void *)(b + h->sec[DAMP_SEC_SCHEDULES].off);
	v->time_zones = (const void *)(b + h->sec[DAMP_SEC_TIME_ZONES].off);
	v->transitions = (const void *)(b + h->sec[DAMP_SEC_TRANSITIONS].off);
	v->sets = (const void *)(b + h->sec[DAMP_SEC_SETS].off);
	v->devices = (const void *)(b + h->sec[DAMP_SEC_DEVICES].off);
	v->ndevices = (uint32_t)(h->sec[DAMP_SEC_DEVICES].len / sizeof(*v->devices));
	damp_view_lie(v, 0);
	v->nschedules = (uint32_t)(h->sec[DAMP_SEC_SCHEDULES].len / sizeof(*v->schedules));
	v->nranges4 = (uint32_t)(h->sec[DAMP_SEC_RANGES4].len / sizeof(*v->ranges4));
	v->nranges6 = (uint32_t)(h->sec[DAMP_SEC_RANGES6].len / sizeof(*v->ranges6));
	v->nsizes = (uint32_t)(h->sec[DAMP_SEC_SIZES].len / sizeof(*v->sizes));
	v->nsrc_ports = (uint32_t)(h->sec[DAMP_SEC_SRC_PORTS].len / sizeof(*v->src_ports));
	v->ndst_ports = (uint32_t)(h->sec[DAMP_SEC_DST_PORTS].len / sizeof(*v->dst_ports));
	v->noptions = (uint32_t)(h->sec[DAMP_SEC_OPTIONS].len / sizeof(*v->options));
	v->noption_values = (uint32_t)(h->sec[DAMP_SEC_OPTION_VALUES].len / sizeof(*v->option_values));
	for (uint32_t i = 0; i < h->nlimits; i++) {
		v->counts_later |= damp_counts_later(&v->limits[i]);
		v->counts_registrations |= v->limits[i].count == DAMP_COUNT_REGISTRATIONS;
		v->counts_open |= v->limits[i].kind == DAMP_LIMIT_CONCURRENT &&
				  !damp_counts_later(&v->limits[i]);
	}
	for (uint32_t i = 0; i < h->nrules; i++)
		v->tells |= v->rules[i].warn_percent > 0 || v->rules[i].log_first > 0 ||
			    v->rules[i].log_sample_q32 > 0;
}

static void map_ports(struct damp_view *v)
{
	for (unsigned i = 0; i < v->hdr->ncoap_ports; i++)
		v->ports.coap[v->hdr->coap_port[i] >> 6] |= 1ull << (v->hdr->coap_port[i] & 63);
	for (unsigned i = 0; i < v->hdr->ndtls_ports; i++)
		v->ports.dtls[v->hdr->dtls_port[i] >> 6] |= 1ull << (v->hdr->dtls_port[i] & 63);
}

static bool index_ranges(struct damp_view *v)
{
	uint32_t bits = DAMP_TOP4_BITS_MIN, at = 0;

	while (bits < DAMP_TOP4_BITS_MAX && 1u << bits < 4 * v->nranges4)
		bits++;
	v->top4_shift = 32 - bits;
	v->top4 = malloc(((1u << bits) + 1) * sizeof(*v->top4));
	if (v->top4 == NULL)
		return false;
	for (uint32_t i = 0; i < 1u << bits; i++) {
		while (at + 1 < v->nranges4 && v->ranges4[at + 1].start <= i << v->top4_shift)
			at++;
		v->top4[i] = at;
	}
	v->top4[1u << bits] = v->nranges4 - 1;
	return true;
}

static bool index_sizes(struct damp_view *v)
{
	uint32_t at = 0;

	v->size_row = malloc(DAMP_SIZE_ROWS * sizeof(*v->size_row));
	if (v->size_row == NULL)
		return false;
	for (uint32_t size = 0; size < DAMP_SIZE_ROWS; size++) {
		while (at + 1 < v->nsizes && v->sizes[at + 1].start <= size)
			at++;
		v->size_row[size] = v->sizes[at].row;
	}
	return true;
}

static bool open_patterns(struct damp_view *v, char *err, size_t errlen)
{
	const char *base = (const char *)v->block + v->hdr->sec[DAMP_SEC_HYPERSCAN].off;

	for (unsigned t = 0; t < 2; t++) {
		const struct damp_text_rows *x = &v->texts[t];

		if (x->hs_len == 0)
			continue;
		if (hs_deserialize_database(base + x->hs_off, x->hs_len, &v->hs[t]) != HS_SUCCESS) {
			snprintf(err, errlen, "the pattern database of %s cannot be used on this machine",
				 t ? "queries" : "paths");
			return false;
		}
		for (unsigned w = 0; w < v->nworkers; w++)
			if (hs_alloc_scratch(v->hs[t], &v->scratch[w]) != HS_SUCCESS) {
				snprintf(err, errlen, "no memory for pattern scratch of worker %u", w);
				return false;
			}
	}
	return true;
}

static bool open_sieves(struct damp_view *v)
{
	return damp_sieve_open(&v->sieve[0], v, 0) && damp_sieve_open(&v->sieve[1], v, 1);
}

static bool open_workers(struct damp_view *v)
{
	v->rule_slot = calloc(v->hdr->nrules + 1, sizeof(*v->rule_slot));
	if (v->rule_slot == NULL)
		return false;
	for (unsigned t = 0; t < 2; t++) {
		v->empty[t] = calloc(damp_text_row_size(&v->rows) + 1, sizeof(*v->empty[t]));
		if (v->empty[t] == NULL)
			return false;
	}
	for (unsigned w = 0; w < v->nworkers; w++) {
		v->memo[w] = damp_memo_new(damp_text_row_size(&v->rows), DAMP_MEMO_ENTRIES_LOG2);
		if (v->memo[w] == NULL)
			return false;
	}
	return true;
}

static bool open_live(struct damp_view *v)
{
	const struct damp_moment unknown = { 0 };

	v->live.mask = calloc(v->rows.nwords + 1, sizeof(*v->live.mask));
	v->live.mode = calloc(v->hdr->nrules + 1, sizeof(*v->live.mode));
	if (v->live.mask == NULL || v->live.mode == NULL)
		return false;
	for (uint32_t i = 0; i < v->hdr->nsets; i++)
		v->live.list_of[i] = (uint8_t)(DAMP_LIST_SETS + i);
	damp_live_refresh(v, &unknown, NULL);
	return true;
}

static void free_parts(struct damp_view *v)
{
	free(v->live.mask);
	free(v->live.mode);
	for (unsigned w = 0; w < DAMP_VIEW_WORKERS; w++) {
		if (v->scratch[w] != NULL)
			hs_free_scratch(v->scratch[w]);
		damp_memo_free(v->memo[w]);
	}
	for (unsigned t = 0; t < 2; t++) {
		if (v->hs[t] != NULL)
			hs_free_database(v->hs[t]);
		free(v->empty[t]);
		damp_sieve_close(&v->sieve[t]);
	}
	free(v->rule_slot);
	damp_rows_close(&v->rows);
	free(v->size_row);
	free(v->top4);
	free(v);
}

struct damp_view *damp_view_open(void *block, size_t len, unsigned nworkers, const struct damp_key *key,
				 char *err, size_t errlen)
{
	struct damp_view *v;

	if (!damp_program_check(block, len, err, errlen))
		return NULL;
	if (nworkers == 0 || nworkers > DAMP_VIEW_WORKERS) {
		snprintf(err, errlen, "%u workers; between 1 and %u are possible", nworkers,
			 DAMP_VIEW_WORKERS);
		return NULL;
	}
	v = aligned_alloc(DAMP_CACHE_LINE,
			  (sizeof(*v) + DAMP_CACHE_LINE - 1) / DAMP_CACHE_LINE * DAMP_CACHE_LINE);
	if (v == NULL) {
		snprintf(err, errlen, "out of memory");
		return NULL;
	}
	memset(v, 0, sizeof(*v));
	v->block = block;
	v->nworkers = nworkers;
	v->memo_key = damp_key_derive(key, "memo", 0);
	point(v);
	map_ports(v);
	if (!index_ranges(v) || !index_sizes(v) || !damp_rows_open(&v->rows, v) || !open_sieves(v) ||
	    !open_workers(v) || !open_live(v)) {
		snprintf(err, errlen, "out of memory");
		free_parts(v);
		return NULL;
	}
	if (!open_patterns(v, err, errlen)) {
		free_parts(v);
		return NULL;
	}
	damp_view_match_empty(v);
	return v;
}

void damp_view_close(struct damp_view *v)
{
	if (v == NULL)
		return;
	free(v->block);
	free_parts(v);
}

struct damp_view *damp_view_clone(const struct damp_view *v, const struct damp_secrets *secrets)
{
	const size_t len = v->hdr->total_len;
	char err[128];
	struct damp_view *n;
	void *block = malloc(len);

	if (block == NULL)
		return NULL;
	memcpy(block, v->block, len);
	n = damp_view_open(block, len, v->nworkers, &v->memo_key, err, sizeof(err));
	if (n == NULL) {
		free(block);
		return NULL;
	}
	damp_view_lie(n, v->way);
	n->secrets = *secrets;
	memcpy(n->live.list_of, v->live.list_of, sizeof(n->live.list_of));
	memcpy(n->rule_slot, v->rule_slot, (v->hdr->nrules + 1) * sizeof(*v->rule_slot));
	return n;
}

static uint16_t class4(const struct damp_view *v, uint32_t ip)
{
	const uint32_t top = ip >> v->top4_shift;
	uint32_t lo = v->top4[top], hi = v->top4[top + 1];

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo + 1) / 2;

		if (v->ranges4[mid].start <= ip)
			lo = mid;
		else
			hi = mid - 1;
	}
	return v->ranges4[lo].cls;
}

uint16_t damp_view_class_search(const struct damp_view *v, const struct damp_addr *a)
{
	uint64_t ahi, alo;
	uint32_t lo = 0, hi = v->nranges6 - 1;

	if (damp_addr_is_v4(a))
		return class4(v, damp_addr_v4(a));
	ahi = damp_get64(a->b);
	alo = damp_get64(a->b + 8);
	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo + 1) / 2;
		const struct damp_range6 *r = &v->ranges6[mid];

		if (r->start_hi < ahi || (r->start_hi == ahi && r->start_lo <= alo))
			lo = mid;
		else
			hi = mid - 1;
	}
	return v->ranges6[lo].cls;
}
