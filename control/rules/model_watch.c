/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the control plane watches for and keeps: `events`, `capture`.
 *
 * The defaults are those of the core (guard.h), which the built-in program
 * states too; a test holds the texts of the key table equal to them.
 *
 * Reference: operators.md 4.3.
 */
#include "read.h"

#include "guard.h"

#define KEEP_BYTES (64ull << 20)    /* the default of keys.h */

/* A quantity from low to high units; range: how messages say that. */
static void read_between(struct damp_ctx *c, const struct damp_node *n, unsigned want, uint64_t low, uint64_t high,
			 const char *range, uint64_t *out)
{
	struct damp_quantity q;

	if (!damp_read_quantity(c, n, want, &q))
		return;
	if (q.micro < low * DAMP_MICRO || q.micro > high * DAMP_MICRO)
		damp_diag_error(c->diags, n->at, "'%s' is out of range; it goes from %s", n->text, range);
	else
		*out = q.micro / DAMP_MICRO;
}

/* Whole seconds. */
static void read_time(struct damp_ctx *c, const struct damp_node *n, uint32_t low, uint32_t high, const char *range,
		      uint32_t *out)
{
	uint64_t ms = *out * 1000ull;

	read_between(c, n, DAMP_WANT(MS), low * 1000ull, high * 1000ull, range, &ms);
	*out = (uint32_t)(ms / 1000);
}

static void read_rate(struct damp_ctx *c, const struct damp_node *n, uint32_t *milli)
{
	struct damp_quantity q;
	uint64_t rate;

	if (!damp_read_quantity(c, n, DAMP_WANT(MESSAGE_RATE), &q))
		return;
	rate = q.micro / (DAMP_MICRO / 1000) / q.per_s;
	if (rate < 1 || rate > DAMP_WATCH_RATE_MAX)
		damp_diag_error(c->diags, n->at, "'%s' is out of range; it goes from 4 msg/h to 4000000 msg/s",
				n->text);
	else
		*milli = (uint32_t)rate;
}

static void attack_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p, void *user)
{
	struct damp_watch *w = user;

	switch (key) {
	case DAMP_KEY_ATTACK_RATE: read_rate(c, p->value, &w->attack_rate_milli); break;
	case DAMP_KEY_ATTACK_UPDATE:
		read_time(c, p->value, 1, DAMP_WATCH_TIME_MAX_S, "1 s to 1 h", &w->attack_update_s);
		break;
	default: read_time(c, p->value, 1, DAMP_WATCH_TIME_MAX_S, "1 s to 1 h", &w->attack_quiet_s); break;
	}
}

static void events_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p, void *user)
{
	(void)key;
	damp_read_keys(c, DAMP_SECTION_ATTACK, p->value, attack_key, user);
}

void damp_watch_read(struct damp_ctx *c, const struct damp_node *n)
{
	damp_watch_defaults(&c->watch);
	if (n)
		damp_read_keys(c, DAMP_SECTION_EVENTS, n, events_key, &c->watch);
}

static void drops_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p, void *user)
{
	struct damp_watch *w = user;
	uint64_t snap = w->keep_snap;

	switch (key) {
	case DAMP_KEY_DROPS_RING:
		read_between(c, p->value, DAMP_WANT(BYTES), DAMP_KEEP_BYTES_MIN, DAMP_KEEP_BYTES_MAX,
			     "1 MiB to 1024 GiB", &w->keep_bytes);
		break;
	case DAMP_KEY_DROPS_SAMPLE: damp_share_read(c, p->value, &w->keep_share_q32); break;
	case DAMP_KEY_DROPS_SNAP:
		read_between(c, p->value, DAMP_WANT(BYTES), DAMP_KEEP_SNAP_MIN, DAMP_KEEP_SNAP_MAX, "64 B to 1536 B",
			     &snap);
		w->keep_snap = (uint32_t)snap;
		break;
	default: read_time(c, p->value, 60, DAMP_KEEP_MAX_S, "1 min to 366 d", &w->keep_s); break;
	}
}

static void capture_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p, void *user)
{
	struct damp_watch *w = user;

	(void)key;
	w->keep_share_q32 = UINT32_MAX;
	w->keep_bytes = KEEP_BYTES;
	w->keep_snap = DAMP_KEEP_SNAP_MAX;
	damp_read_keys(c, DAMP_SECTION_DROPS, p->value, drops_key, w);
}

void damp_capture_read(struct damp_ctx *c, const struct damp_node *n)
{
	damp_read_keys(c, DAMP_SECTION_CAPTURE, n, capture_key, &c->watch);
}
