/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checks a program block before it is used; see view.h.
 *
 * Idea: one small function per section, each told only the header and the
 * section's bytes. They run in an order in which nothing is read before its
 * bounds are known.
 *
 * Invariant: after damp_program_check() said yes, no index taken from the
 * block can lead outside of it, no search can run on unsorted data, and every
 * string is terminated. The block is not trusted: it may come from a disk that
 * lost power or from a process with a bug.
 *
 * Reference: include/damper/program.h.
 */
#include "view_check.h"

#include "lease.h"
#include "tables.h"

#include "view.h"

#include <stdarg.h>
#include <stdio.h>

struct check {
	const uint8_t *base;
	const struct damp_program_hdr *h;
	char *err;
	size_t errlen;
};

static bool __attribute__((format(printf, 2, 3))) bad(const struct check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->err, c->errlen, fmt, ap);
	va_end(ap);
	return false;
}

static const void *section(const struct check *c, enum damp_section_id id)
{
	return c->base + c->h->sec[id].off;
}

static uint64_t count(const struct check *c, enum damp_section_id id, size_t item)
{
	return c->h->sec[id].len / item;
}

static bool row_ok(const struct check *c, uint32_t row)
{
	return row < c->h->nrows;
}

static bool string_ok(const struct check *c, uint32_t off)
{
	return off < c->h->sec[DAMP_SEC_STRINGS].len;
}

static bool check_frame(const struct check *c, size_t len)
{
	const struct damp_program_hdr *h = c->h;

	if (h->magic != DAMP_PROGRAM_MAGIC)
		return bad(c, "not a program: wrong magic number");
	if (h->version != DAMP_PROGRAM_VERSION || h->hdr_len != sizeof(*h))
		return bad(c, "program version %u, header %u bytes; this data plane runs version %u, "
			   "header %zu", h->version, h->hdr_len, DAMP_PROGRAM_VERSION, sizeof(*h));
	if (h->total_len != len)
		return bad(c, "program says %llu bytes but has %zu", (unsigned long long)h->total_len, len);
	if (damp_program_checksum(c->base, len) != h->checksum)
		return bad(c, "checksum does not match: the program was damaged");
	if (h->mode >= DAMP_MODE_MAX)
		return bad(c, "mode %u is unknown", h->mode);
	if (memchr(h->name, 0, sizeof(h->name)) == NULL || memchr(h->digest, 0, sizeof(h->digest)) == NULL)
		return bad(c, "name or digest is not terminated");
	if (h->nrules > DAMP_RULES_MAX || h->nlimits > DAMP_LIMITS_MAX)
		return bad(c, "%u rules and %u limits are more than %u and %u", h->nrules, h->nlimits,
			   DAMP_RULES_MAX, DAMP_LIMITS_MAX);
	if (h->nwords != (h->nrules + 63) / 64 && !(h->nrules == 0 && h->nwords == 1))
		return bad(c, "%u words a row do not fit %u rules", h->nwords, h->nrules);
	if (h->ncoap_ports > DAMP_COAP_PORTS_MAX || h->ndtls_ports > DAMP_COAP_PORTS_MAX)
		return bad(c, "more than %u ports", DAMP_COAP_PORTS_MAX);
	return true;
}

/* Nothing here leads anywhere; but a time of 0 would fill the log with events. */
static bool check_watch(const struct check *c)
{
	const struct damp_watch *w = &c->h->watch;

	if (w->attack_rate_milli == 0 || w->attack_rate_milli > DAMP_WATCH_RATE_MAX ||
	    w->attack_update_s == 0 || w->attack_update_s > DAMP_WATCH_TIME_MAX_S || w->attack_quiet_s == 0 ||
	    w->attack_quiet_s > DAMP_WATCH_TIME_MAX_S)
		return bad(c, "what tells an attack is out of range");
	if (w->keep_bytes == 0)
		return true;
	if (w->keep_bytes < DAMP_KEEP_BYTES_MIN || w->keep_bytes > DAMP_KEEP_BYTES_MAX ||
	    w->keep_share_q32 == 0 || w->keep_snap < DAMP_KEEP_SNAP_MIN ||
	    w->keep_snap > DAMP_KEEP_SNAP_MAX || w->keep_s > DAMP_KEEP_MAX_S)
		return bad(c, "what is kept of dropped messages is out of range");
	return true;
}

static bool check_sections(const struct check *c, size_t len)
{
	for (unsigned i = 0; i < DAMP_SEC_MAX; i++) {
		const struct damp_section *s = &c->h->sec[i];

		if (s->off % DAMP_CACHE_LINE || s->off < sizeof(*c->h) || s->off > len ||
		    s->len > len - s->off)
			return bad(c, "section %u lies outside the program", i);
	}
	return true;
}

static bool exact(const struct check *c, enum damp_section_id id, uint64_t n, size_t item, const char *what)
{
	if (c->h->sec[id].len == n * item)
		return true;
	return bad(c, "section of %s has %llu bytes, not %llu", what, (unsigned long long)c->h->sec[id].len,
		   (unsigned long long)(n * item));
}

/* For every way the devices may lie. */
static uint64_t classes(const struct check *c)
{
	return (uint64_t)c->h->nclasses << c->h->nvariants;
}

static bool check_devices(const struct check *c)
{
	const struct damp_device *d = section(c, DAMP_SEC_DEVICES);

	for (uint64_t i = 0; i < count(c, DAMP_SEC_DEVICES, sizeof(*d)); i++, d++) {
		if (!string_ok(c, d->name_off) || !string_ok(c, d->zone_off) || !string_ok(c, d->file_off))
			return bad(c, "device %llu: name outside the strings", (unsigned long long)i);
		if ((d->must >= DAMP_SIDE_MAX && d->must != DAMP_DEVICE_NONE) ||
		    (d->variant >= c->h->nvariants && d->variant != DAMP_DEVICE_NONE))
			return bad(c, "device %llu: unknown side", (unsigned long long)i);
	}
	return true;
}

static bool check_sizes(const struct check *c)
{
	const struct damp_program_hdr *h = c->h;
	const uint8_t *s = section(c, DAMP_SEC_STRINGS);
	const uint64_t slen = h->sec[DAMP_SEC_STRINGS].len;

	if (slen == 0 || s[0] != 0 || s[slen - 1] != 0)
		return bad(c, "strings are not terminated");
	if (h->nsets > DAMP_RUNTIME_SETS_MAX)
		return bad(c, "more than %u sets that are filled at run time", DAMP_RUNTIME_SETS_MAX);
	if (h->nvariants > DAMP_DEVICE_VARIANTS_MAX)
		return bad(c, "more than %u devices that decide", DAMP_DEVICE_VARIANTS_MAX);
	if (count(c, DAMP_SEC_DEVICES, sizeof(struct damp_device)) > DAMP_DEVICES_MAX)
		return bad(c, "more than %u devices", DAMP_DEVICES_MAX);
	if (h->nrows > (DAMP_PROGRAM_MAX_BYTES / 8))
		return bad(c, "too many rows");
	return exact(c, DAMP_SEC_GUARD, 1, sizeof(struct damp_guard), "the guard") &&
	       exact(c, DAMP_SEC_RULES, h->nrules, sizeof(struct damp_rule), "rules") &&
	       exact(c, DAMP_SEC_LIMITS, h->nlimits, sizeof(struct damp_limit), "limits") &&
	       exact(c, DAMP_SEC_CLASSES, classes(c), sizeof(struct damp_class), "classes") &&
	       exact(c, DAMP_SEC_DEVICES, count(c, DAMP_SEC_DEVICES, sizeof(struct damp_device)),
		     sizeof(struct damp_device), "devices") &&
	       exact(c, DAMP_SEC_TEXTS, 2, sizeof(struct damp_text_rows), "texts") &&
	       exact(c, DAMP_SEC_SETS, h->nsets, sizeof(struct damp_runtime_set), "sets") &&
	       exact(c, DAMP_SEC_SET_CLASSES, classes(c) * ((1u << h->nsets) - 1),
		     sizeof(struct damp_set_class), "classes of sets") &&
	       exact(c, DAMP_SEC_SCHEDULES, count(c, DAMP_SEC_SCHEDULES, sizeof(struct damp_schedule)),
		     sizeof(struct damp_schedule), "schedules") &&
	       exact(c, DAMP_SEC_TIME_ZONES, count(c, DAMP_SEC_TIME_ZONES, sizeof(struct damp_time_zone)),
		     sizeof(struct damp_time_zone), "zones of time") &&
	       exact(c, DAMP_SEC_ROWS, (uint64_t)h->nrows * h->nwords, sizeof(uint64_t), "rows");
}

static bool rung_ok(const struct damp_rung *r, unsigned max_plen)
{
	return r->plen <= max_plen && r->burst_ticks <= DAMP_BURST_TICKS_MAX;
}

static bool check_guard(const struct check *c)
{
	const struct damp_guard *g = section(c, DAMP_SEC_GUARD);

	if (g->slice_szx > DAMP_SLICE_OFF)
		return bad(c, "guard: block size is out of range");
	if (g->overload > DAMP_OVERLOAD_OPEN)
		return bad(c, "guard: unknown policy for an overload");
	if (g->clock_unsynced > DAMP_CLOCK_OPEN)
		return bad(c, "guard: unknown policy for a clock that is not trusted");
	if (g->alpha_q8 == 0)
		return bad(c, "guard: amplification 0 would silence every server");
	if (!rung_ok(&g->host4, 32) || !rung_ok(&g->net4, 32) || !rung_ok(&g->host6, 128) ||
	    !rung_ok(&g->net6, 128))
		return bad(c, "guard: a byte budget is out of range");
	if (!rung_ok(&g->proved, 128) || !rung_ok(&g->challenge_host, 128) ||
	    !rung_ok(&g->challenge_net4, 32) || !rung_ok(&g->challenge_net6, 128) ||
	    !rung_ok(&g->challenge_all, 128) || !rung_ok(&g->challenge_retry, 128) ||
	    !rung_ok(&g->first_host, 128) || !rung_ok(&g->first_known, 128) ||
	    !rung_ok(&g->first_net4, 32) || !rung_ok(&g->trust_net4, 32) ||
	    !rung_ok(&g->trust_net6, 128) || !rung_ok(&g->first_net6, 128) || !rung_ok(&g->server, 128) ||
	    !rung_ok(&g->ping, 128) || !rung_ok(&g->probing, 128))
		return bad(c, "guard: a message budget is out of range");
	if (!rung_ok(&g->notify, 128))
		return bad(c, "guard: the spacing of notifications is out of range");
	if (g->observe_path > DAMP_LEASE_CAP_MAX || g->observe_pair > DAMP_LEASE_CAP_MAX ||
	    g->observe_source > DAMP_LEASE_CAP_MAX || g->observe_server > DAMP_LEASE_CAP_MAX ||
	    g->transfers_source > DAMP_LEASE_CAP_MAX || g->transfers_server > DAMP_LEASE_CAP_MAX)
		return bad(c, "guard: a number at once is out of range");
	if (g->q_blocks > UINT8_MAX || g->group_answers > UINT8_MAX || g->observe_unheard > UINT8_MAX ||
	    g->observe_pings > DAMP_OBS_PINGS_MAX)
		return bad(c, "guard: a number of answers or pings is out of range");
	if (g->challenge_reserve_ticks > DAMP_BURST_TICKS_MAX)
		return bad(c, "guard: challenge reserve is out of range");
	return true;
}

/* An answer is a response code: no request, no Empty message, no class of our own. */
static bool act_ok(const struct damp_act *a)
{
	if (a->action >= DAMP_ACT_MAX || a->max_age_s > a->max_age_to_s)
		return false;
	return a->action != DAMP_ACT_ANSWER || DAMP_COAP_CLASS(a->code) == 4 || DAMP_COAP_CLASS(a->code) == 5;
}

static bool whens_ok(const struct check *c, const struct damp_rule *r)
{
	if (r->nwhens > DAMP_RULE_WHENS_MAX)
		return false;
	for (unsigned i = 0; i < r->nwhens; i++)
		if (r->when[i] >= count(c, DAMP_SEC_SCHEDULES, sizeof(struct damp_schedule)))
			return false;
	return true;
}

static bool block_ok(const struct damp_rule_block *b)
{
	return b->for_s == 0 ||
	       (b->grow_q8 >= 256 && b->what <= DAMP_PER_DEVICE && b->plen4 <= 32 && b->plen6 <= 128);
}

static bool check_rules(const struct check *c)
{
	const struct damp_rule *r = section(c, DAMP_SEC_RULES);

	for (uint32_t i = 0; i < c->h->nrules; i++, r++) {
		if (!string_ok(c, r->id_off) || !string_ok(c, r->file_off))
			return bad(c, "rule %u: name outside the strings", i);
		if (r->mode >= DAMP_MODE_MAX || r->nlimits > DAMP_RULE_LIMITS_MAX || !act_ok(&r->then) ||
		    !act_ok(&r->over) || !act_ok(&r->slip))
			return bad(c, "rule %u: unknown mode, action or too many limits", i);
		if (r->loud >= DAMP_LOUD_MAX || r->warn_percent > 100 || r->log_per >= DAMP_PER_MAX)
			return bad(c, "rule %u: its events are out of range", i);
		if (r->slice_szx > DAMP_SLICE_OFF)
			return bad(c, "rule %u: block size is out of range", i);
		if (r->notify_gap > DAMP_NOTIFY_GAP_MAX)
			return bad(c, "rule %u: spacing is out of range", i);
		for (unsigned k = 0; k < r->nlimits; k++)
			if (r->limit[k] >= c->h->nlimits)
				return bad(c, "rule %u: limit %u does not exist", i, r->limit[k]);
		if (!block_ok(&r->block))
			return bad(c, "rule %u: its block is out of range", i);
		if (!whens_ok(c, r))
			return bad(c, "rule %u: a schedule does not exist", i);
	}
	return true;
}

/* A count that fits the kind; leases hold so many at most. */
static bool count_ok(const struct damp_limit *l)
{
	static const uint8_t fits[] = {
#define X(name, word, kind) DAMP_LIMIT_##kind,
		DAMP_COUNTS(X)
#undef X
	};

	if (l->count >= DAMP_COUNT_MAX)
		return false;
	if (l->kind == DAMP_LIMIT_BYTES || l->kind == DAMP_LIMIT_AMPLIFICATION)
		return l->count == DAMP_COUNT_MESSAGES;
	if (l->kind != fits[l->count])
		return false;
	for (unsigned i = 0; l->count == DAMP_COUNT_REGISTRATIONS && i < DAMP_RUNGS_MAX; i++)
		if (l->rung4[i].burst_ticks > DAMP_REGISTRATIONS_MAX ||
		    l->rung6[i].burst_ticks > DAMP_REGISTRATIONS_MAX)
			return false;
	return true;
}

static bool check_limits(const struct check *c)
{
	const struct damp_limit *l = section(c, DAMP_SEC_LIMITS);

	for (uint32_t i = 0; i < c->h->nlimits; i++, l++) {
		const bool few = l->kind == DAMP_LIMIT_CONCURRENT || damp_counts_later(l);
		const unsigned deepest = few ? DAMP_TICKETS : DAMP_RUNGS_MAX;

		if (!string_ok(c, l->name_off) || l->kind >= DAMP_LIMIT_KIND_MAX || l->per >= DAMP_PER_MAX ||
		    l->nrungs4 > deepest || l->nrungs6 > deepest)
			return bad(c, "limit %u: unknown kind or too many rungs", i);
		if (!count_ok(l))
			return bad(c, "limit %u: does not count what it says", i);
		for (unsigned k = 0; k < l->nrungs4; k++)
			if (!rung_ok(&l->rung4[k], 32))
				return bad(c, "limit %u: IPv4 rung %u is out of range", i, k);
		for (unsigned k = 0; k < l->nrungs6; k++)
			if (!rung_ok(&l->rung6[k], 128))
				return bad(c, "limit %u: IPv6 rung %u is out of range", i, k);
	}
	return true;
}

/* A day and a half: no place on earth is further from UTC. */
#define OFFSET_MAX_S 129600

static bool check_zones(const struct check *c)
{
	const struct damp_time_zone *z = section(c, DAMP_SEC_TIME_ZONES);
	const struct damp_transition *t = section(c, DAMP_SEC_TRANSITIONS);
	const uint64_t n = count(c, DAMP_SEC_TIME_ZONES, sizeof(*z)),
		       nt = count(c, DAMP_SEC_TRANSITIONS, sizeof(*t));

	for (uint64_t i = 0; i < n; i++, z++) {
		if (!string_ok(c, z->name_off) || z->count == 0 || z->first > nt || z->count > nt - z->first)
			return bad(c, "zone of time %llu has no offsets", (unsigned long long)i);
		for (uint32_t k = z->first; k < z->first + z->count; k++)
			if (t[k].offset_s < -OFFSET_MAX_S || t[k].offset_s > OFFSET_MAX_S ||
			    (k > z->first && t[k].at <= t[k - 1].at))
				return bad(c, "zone of time %llu: offset %u is out of order",
					   (unsigned long long)i, k);
	}
	return true;
}

static bool check_schedules(const struct check *c)
{
	const struct damp_schedule *s = section(c, DAMP_SEC_SCHEDULES);

	for (uint64_t i = 0; i < count(c, DAMP_SEC_SCHEDULES, sizeof(*s)); i++, s++)
		if (!string_ok(c, s->name_off) || s->from_min >= 1440 || s->to_min > 1440 || s->days > 127 ||
		    s->zone >= count(c, DAMP_SEC_TIME_ZONES, sizeof(struct damp_time_zone)))
			return bad(c, "schedule %llu is out of range", (unsigned long long)i);
	return check_zones(c);
}

static bool check_ranges(const struct check *c)
{
	const struct damp_range4 *r4 = section(c, DAMP_SEC_RANGES4);
	const struct damp_range6 *r6 = section(c, DAMP_SEC_RANGES6);
	const uint64_t n4 = count(c, DAMP_SEC_RANGES4, sizeof(*r4)),
		       n6 = count(c, DAMP_SEC_RANGES6, sizeof(*r6));

	if (n4 == 0 || n6 == 0 || r4[0].start != 0 || r6[0].start_hi != 0 || r6[0].start_lo != 0)
		return bad(c, "address ranges do not begin at 0");
	for (uint64_t i = 0; i < n4; i++)
		if (r4[i].cls >= c->h->nclasses || (i && r4[i].start <= r4[i - 1].start))
			return bad(c, "IPv4 range %llu is out of order", (unsigned long long)i);
	for (uint64_t i = 0; i < n6; i++) {
		if (r6[i].cls >= c->h->nclasses)
			return bad(c, "IPv6 range %llu has no class", (unsigned long long)i);
		if (i && (r6[i].start_hi < r6[i - 1].start_hi ||
			  (r6[i].start_hi == r6[i - 1].start_hi && r6[i].start_lo <= r6[i - 1].start_lo)))
			return bad(c, "IPv6 range %llu is out of order", (unsigned long long)i);
	}
	return true;
}

static bool check_intervals(const struct check *c, enum damp_section_id id, const char *what)
{
	const struct damp_interval *v = section(c, id);
	const uint64_t n = count(c, id, sizeof(*v));

	if (n == 0 || v[0].start != 0)
		return bad(c, "%s do not begin at 0", what);
	for (uint64_t i = 0; i < n; i++)
		if (!row_ok(c, v[i].row) || (i && v[i].start <= v[i - 1].start))
			return bad(c, "%s: entry %llu is out of order", what, (unsigned long long)i);
	return true;
}

static bool check_option_values(const struct check *c)
{
	const struct damp_option_value *o = section(c, DAMP_SEC_OPTION_VALUES);
	const uint64_t n = count(c, DAMP_SEC_OPTION_VALUES, sizeof(*o));

	if (n > DAMP_OPTION_VALUES_MAX)
		return bad(c, "more than %u values of options", DAMP_OPTION_VALUES_MAX);
	for (uint64_t i = 0; i < n; i++)
		if (o[i].bit >= DAMP_OPTBIT_UNKNOWN_CRITICAL || o[i].len > DAMP_OPTION_VALUE_BYTES)
			return bad(c, "value %llu is of no option, or too long", (unsigned long long)i);
	return true;
}

static bool check_rows(const struct check *c)
{
	const struct damp_program_hdr *h = c->h;
	const struct damp_class *cls = section(c, DAMP_SEC_CLASSES);
	const struct damp_option_rows *o = section(c, DAMP_SEC_OPTIONS);
	const struct damp_set_class *sc = section(c, DAMP_SEC_SET_CLASSES);
	const struct damp_runtime_set *set = section(c, DAMP_SEC_SETS);
	bool ok = true;

	for (uint32_t i = 0; i < h->nsets; i++)
		ok = ok && string_ok(c, set[i].name_off);
	for (uint64_t i = 0; i < count(c, DAMP_SEC_SET_CLASSES, sizeof(*sc)); i++)
		for (unsigned s = 0; s < DAMP_SIDE_MAX; s++)
			ok = ok && row_ok(c, sc[i].src_row[s]) && row_ok(c, sc[i].dst_row[s]);
	for (uint64_t i = 0; i < classes(c); i++)
		for (unsigned s = 0; s < DAMP_SIDE_MAX; s++)
			ok = ok && row_ok(c, cls[i].src_row[s]) && row_ok(c, cls[i].dst_row[s]);
	if (count(c, DAMP_SEC_OPTIONS, sizeof(*o)) > DAMP_OPTION_ROWS_MAX)
		return bad(c, "more than %u sets of options", DAMP_OPTION_ROWS_MAX);
	for (uint64_t i = 0; i < count(c, DAMP_SEC_OPTIONS, sizeof(*o)); i++)
		ok = ok && row_ok(c, o[i].row_any) && row_ok(c, o[i].row_none);
	for (unsigned i = 0; i < DAMP_KIND_MAX; i++)
		ok = ok && row_ok(c, h->row_kind[i]);
	for (unsigned i = 0; i < 5; i++)
		ok = ok && row_ok(c, h->row_type[i]);
	for (unsigned i = 0; i < DAMP_TRUTHS; i++)
		ok = ok && row_ok(c, h->row_truth[i]);
	for (unsigned i = 0; i < 257; i++)
		ok = ok && row_ok(c, h->row_code[i]);
	for (unsigned i = 0; i < DAMP_HELLO_MAX; i++)
		ok = ok && row_ok(c, h->row_hello[i]);
	for (uint64_t i = 0; i < classes(c); i++)
		if (!string_ok(c, cls[i].tenant_off))
			return bad(c, "class %llu: the name of its tenant lies outside the strings",
				   (unsigned long long)i);
	return ok || bad(c, "an attribute names a row that does not exist");
}

/* Every match passes through a row of row_kind, so a bit beyond the last rule
 * must not stand there. */
static bool check_last_word(const struct check *c)
{
	const struct damp_program_hdr *h = c->h;
	const uint64_t *rows = section(c, DAMP_SEC_ROWS);
	const uint64_t beyond = h->nrules % 64 ? ~0ull << h->nrules % 64 : h->nrules ? 0 : ~0ull;

	for (unsigned i = 0; h->nwords && i < DAMP_KIND_MAX; i++)
		if (rows[(uint64_t)h->row_kind[i] * h->nwords + h->nwords - 1] & beyond)
			return bad(c, "a row names a rule that does not exist");
	return true;
}

static bool check_literals(const struct check *c, uint32_t first, uint32_t n)
{
	const struct damp_text_literal *l = section(c, DAMP_SEC_LITERALS);
	const uint64_t have = count(c, DAMP_SEC_LITERALS, sizeof(*l));
	const uint64_t slen = c->h->sec[DAMP_SEC_STRINGS].len;

	if (first > have || n > have - first)
		return false;
	for (uint32_t i = first; i < first + n; i++) {
		if (l[i].text_off > slen || l[i].text_len > slen - l[i].text_off || !row_ok(c, l[i].row) ||
		    !row_ok(c, l[i].clear_row))
			return false;
		if (i > first && (l[i].hash < l[i - 1].hash ||
				  (l[i].hash == l[i - 1].hash && l[i].text_len < l[i - 1].text_len)))
			return false;
	}
	return true;
}

static bool check_heads(const struct check *c, uint32_t first, uint32_t n)
{
	const struct damp_text_head *h = section(c, DAMP_SEC_TEXT_HEADS);
	const uint64_t have = count(c, DAMP_SEC_TEXT_HEADS, sizeof(*h));
	const uint64_t slen = c->h->sec[DAMP_SEC_STRINGS].len;

	if (n > have || first > have - n)
		return false;
	for (uint32_t i = first; i < first + n; i++)
		if (h[i].text_off > slen || h[i].text_len > slen - h[i].text_off)
			return false;
	return true;
}

static bool check_texts(const struct check *c)
{
	const struct damp_text_rows *t = section(c, DAMP_SEC_TEXTS);
	const uint64_t hs = c->h->sec[DAMP_SEC_HYPERSCAN].len;

	for (unsigned i = 0; i < 2; i++, t++) {
		if (!check_literals(c, t->literals, t->nliterals) ||
		    !check_literals(c, t->prefixes, t->nprefixes))
			return bad(c, "text %u: literals are out of order or out of bounds", i);
		if (t->hs_off > hs || t->hs_len > hs - t->hs_off)
			return bad(c, "text %u: pattern database outside its section", i);
		if (t->nscan > c->h->nrows || t->scan_rows > c->h->nrows - t->nscan ||
		    t->scan_clear_rows > c->h->nrows - t->nscan || !row_ok(c, t->row_none))
			return bad(c, "text %u: rows out of bounds", i);
		if ((t->nscan > 0) != (t->hs_len > 0))
			return bad(c, "text %u: patterns without a database, or the reverse", i);
		if (!check_heads(c, t->heads, t->nscan))
			return bad(c, "text %u: beginnings of patterns out of bounds", i);
	}
	return true;
}

bool damp_program_check(const void *block, size_t len, char *err, size_t errlen)
{
	const struct check c = { .base = block, .h = block, .err = err, .errlen = errlen };

	if (len < sizeof(*c.h) || len > DAMP_PROGRAM_MAX_BYTES)
		return bad(&c, "%zu bytes cannot be a program", len);
	return check_frame(&c, len) && check_watch(&c) && check_sections(&c, len) && check_sizes(&c) &&
	       check_guard(&c) && check_schedules(&c) && check_devices(&c) && check_rules(&c) &&
	       check_limits(&c) && check_ranges(&c) && check_intervals(&c, DAMP_SEC_SIZES, "sizes") &&
	       check_intervals(&c, DAMP_SEC_SRC_PORTS, "source ports") &&
	       check_intervals(&c, DAMP_SEC_DST_PORTS, "destination ports") && check_option_values(&c) &&
	       check_rows(&c) &&
	       check_last_word(&c) && check_texts(&c);
}
