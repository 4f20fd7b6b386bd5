/* SPDX-License-Identifier: BSD-3-Clause */
/* See learn.h. The histogram: learn_hist.c. */
#include "learn.h"

#include "learn_hist.h"

#include <damper/reasons.h>
#include <stdlib.h>
#include <string.h>

#define PROBES 64u              /* places tried for a key before it is not followed */
#define ACTED_SHARE 100u        /* one in so many messages: more, and the window is left out */
#define WINDOW_MS (DAMP_LEARN_WINDOW_S * 1000u)

struct key {
	uint8_t addr[32]; /* peer, device; path; tenant; what does not count is zero */
	uint64_t messages, bytes;
	uint64_t second; /* the one that is counted now */
	uint64_t second_messages, second_bytes;
	uint64_t burst_messages, burst_bytes;
	bool used, acted;
};

struct table {
	struct key *key; /* [size] */
	unsigned size;
	struct damp_learn_hist rate[2], burst[2]; /* messages, bytes */
};

struct damp_learn {
	struct table table[DAMP_SIDE_MAX][DAMP_LEARN_PER_MAX];
	uint64_t last_ms, span_ms, window_ms; /* window_ms: start of the open window */
	bool begun, spoiled;
	uint64_t window_messages, window_acted;
	uint64_t windows, windows_left_out, keys_left_out, not_followed, lost, messages;
};

void damp_learn_free(struct damp_learn *l)
{
	for (unsigned s = 0; l != NULL && s < DAMP_SIDE_MAX; s++)
		for (unsigned p = 0; p < DAMP_LEARN_PER_MAX; p++)
			free(l->table[s][p].key);
	free(l);
}

struct damp_learn *damp_learn_new(void)
{
	struct damp_learn *l = calloc(1, sizeof(*l));
	bool ok = l != NULL;

	for (unsigned s = 0; s < DAMP_SIDE_MAX && ok; s++)
		for (unsigned p = 0; p < DAMP_LEARN_PER_MAX && ok; p++) {
			struct table *t = &l->table[s][p];

			t->size = p == DAMP_LEARN_GLOBAL ? 1 : DAMP_LEARN_KEYS;
			t->key = calloc(t->size, sizeof(*t->key));
			ok = t->key != NULL;
		}
	if (ok)
		return l;
	damp_learn_free(l);
	return NULL;
}

/* FNV-1a; the tables are emptied each window, so nobody can fill a chain for long. */
static uint64_t hash(const uint8_t addr[32])
{
	uint64_t h = 0xcbf29ce484222325u;

	for (unsigned i = 0; i < 32; i++)
		h = (h ^ addr[i]) * 0x100000001b3u;
	return h ^ h >> 32;
}

static struct key *find(struct damp_learn *l, struct table *t, const uint8_t addr[32])
{
	const uint64_t h = hash(addr);

	for (unsigned i = 0; i < PROBES && i < t->size; i++) {
		struct key *k = &t->key[(h + i) & (t->size - 1)];

		if (k->used && memcmp(k->addr, addr, 32) != 0)
			continue;
		if (!k->used)
			memcpy(k->addr, addr, 32);
		k->used = true;
		return k;
	}
	l->not_followed++;
	return NULL;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void count(struct key *k, uint64_t ms, uint64_t messages, uint64_t bytes)
{
	if (k->second != ms / 1000) {
		k->second = ms / 1000;
		k->second_messages = k->second_bytes = 0;
	}
	k->messages += messages;
	k->bytes += bytes;
	k->second_messages += messages;
	k->second_bytes += bytes;
	k->burst_messages = larger(k->burst_messages, k->second_messages);
	k->burst_bytes = larger(k->burst_bytes, k->second_bytes);
}

static void close_table(struct damp_learn *l, struct table *t, bool good)
{
	for (unsigned i = 0; i < t->size; i++) {
		const struct key *k = &t->key[i];

		if (!k->used || k->messages == 0)
			continue;
		if (k->acted || !good) {
			l->keys_left_out += good;
			continue;
		}
		damp_learn_hist_add(&t->rate[0], k->messages);
		damp_learn_hist_add(&t->rate[1], k->bytes);
		damp_learn_hist_add(&t->burst[0], k->burst_messages);
		damp_learn_hist_add(&t->burst[1], k->burst_bytes);
	}
	memset(t->key, 0, t->size * sizeof(*t->key));
}

static void close_window(struct damp_learn *l)
{
	const bool good = !l->spoiled && l->window_acted * ACTED_SHARE <= l->window_messages;

	for (unsigned s = 0; s < DAMP_SIDE_MAX; s++)
		for (unsigned p = 0; p < DAMP_LEARN_PER_MAX; p++)
			close_table(l, &l->table[s][p], good);
	l->windows += good;
	l->windows_left_out += !good;
	l->window_messages = l->window_acted = 0;
	l->spoiled = false;
}

/* Open the window of ms; those in between nobody sent in. */
static void advance(struct damp_learn *l, uint64_t ms)
{
	if (!l->begun) {
		l->begun = true;
		l->window_ms = l->last_ms = ms;
	}
	if (ms + WINDOW_MS < l->window_ms) { /* another clock: the data plane has restarted */
		l->spoiled = true;
		close_window(l);
		l->window_ms = l->last_ms = ms;
	}
	if (ms > l->last_ms) {
		l->span_ms += ms - l->last_ms;
		l->last_ms = ms;
	}
	if (ms < l->window_ms + WINDOW_MS)
		return;
	close_window(l);
	l->window_ms += (ms - l->window_ms) / WINDOW_MS * WINDOW_MS;
}

/* Did a limit, or a budget of the guard, act? A challenge is no limit: who is
 * honest answers it. Other drops say nothing about how much is normal, and what
 * is dropped is not counted at all. */
static bool limited(unsigned reason)
{
	switch (reason) {
	case DAMP_REASON_PING_RATE:
	case DAMP_REASON_AMPLIFICATION:
	case DAMP_REASON_LEDGER_HOST:
	case DAMP_REASON_LEDGER_NET:
	case DAMP_REASON_FIRST_CONTACT:
	case DAMP_REASON_LEDGER_SERVER:
	case DAMP_REASON_CHALLENGE_RATE:
	case DAMP_REASON_PROVED_BUDGET:
	case DAMP_REASON_PROBING_RATE:
	case DAMP_REASON_RULE_LIMIT:
		return true;
	default:
		return false;
	}
}

/* The key of a table; false when the sample is not one of its. */
static bool address(const struct damp_learn_sample *s, enum damp_learn_per per, uint8_t out[32])
{
	memset(out, 0, 32);
	if (per == DAMP_LEARN_PEER || per == DAMP_LEARN_PAIR)
		memcpy(out, s->peer, 16);
	if (per == DAMP_LEARN_DEVICE || per == DAMP_LEARN_PAIR)
		memcpy(out + 16, s->device, 16);
	if (per == DAMP_LEARN_PATH)
		memcpy(out, &s->path, sizeof(s->path));
	if (per == DAMP_LEARN_TENANT)
		memcpy(out, &s->tenant, sizeof(s->tenant));
	switch (per) {
	case DAMP_LEARN_DEVICE:
		return s->of_device;
	case DAMP_LEARN_GLOBAL:
		return s->of_all;
	case DAMP_LEARN_PATH:
		return s->of_path && s->path != 0;
	case DAMP_LEARN_TENANT:
		return s->of_tenant && s->tenant != 0;
	default:
		return s->of_peer;
	}
}

void damp_learn_add(struct damp_learn *l, const struct damp_learn_sample *s)
{
	const bool acted = limited(s->reason);
	uint8_t addr[32];

	advance(l, s->ms);
	l->messages++;
	l->window_messages++;
	l->window_acted += acted;
	if (s->reason >= DAMP_REASON_FIRST_DROP && !acted)
		return;
	for (unsigned p = 0; p < DAMP_LEARN_PER_MAX; p++) {
		struct table *t = &l->table[s->side][p];
		struct key *k = address(s, p, addr) ? find(l, t, addr) : NULL;

		if (k == NULL)
			continue;
		/* All together are never without a limit that acts on somebody. */
		k->acted = k->acted || (acted && p != DAMP_LEARN_GLOBAL);
		if (!acted)
			count(k, s->ms, 1, s->bytes);
	}
}

void damp_learn_add_total(struct damp_learn *l, uint64_t ms, enum damp_side side, uint64_t messages,
			  uint64_t bytes)
{
	static const uint8_t nobody[32];
	struct key *k;

	advance(l, ms);
	k = find(l, &l->table[side][DAMP_LEARN_GLOBAL], nobody);
	if (k != NULL && messages > 0)
		count(k, ms, messages, bytes);
}

void damp_learn_lost(struct damp_learn *l, uint64_t n)
{
	l->lost += n;
	l->spoiled = l->spoiled || n > 0;
}

void damp_learn_end(struct damp_learn *l)
{
	if (l->begun)
		close_window(l);
}

static json_t *quantiles(const struct damp_learn_hist *h, double per)
{
	return json_pack("{s:f, s:f, s:f, s:f}",
			 "p50", (double)damp_learn_hist_quantile(h, 0.50) / per,
			 "p95", (double)damp_learn_hist_quantile(h, 0.95) / per,
			 "p99", (double)damp_learn_hist_quantile(h, 0.99) / per,
			 "max", (double)h->max / per);
}

static json_t *unit_json(const struct table *t, unsigned unit)
{
	return json_pack("{s:o, s:o}", "rate", quantiles(&t->rate[unit], DAMP_LEARN_WINDOW_S), "burst",
			 quantiles(&t->burst[unit], 1));
}

static json_t *shapes_json(const struct damp_learn *l)
{
	static const char *const side[DAMP_SIDE_MAX] = {
		[DAMP_OUTSIDE] = "outside", [DAMP_INSIDE] = "inside"
	};
	static const char *const per[] = {
#define X(id, name) [DAMP_LEARN_##id] = (name),
		DAMP_LEARN_PERS(X)
#undef X
	};
	json_t *all = json_array();

	for (unsigned s = 0; s < DAMP_SIDE_MAX; s++)
		for (unsigned p = 0; p < DAMP_LEARN_PER_MAX; p++) {
			const struct table *t = &l->table[s][p];

			json_array_append_new(all, json_pack("{s:s, s:s, s:I, s:o, s:o}",
							     "side", side[s],
							     "per", per[p],
							     "values", (json_int_t)t->rate[0].n,
							     "messages", unit_json(t, 0),
							     "bytes", unit_json(t, 1)));
		}
	return all;
}

json_t *damp_learn_json(const struct damp_learn *l)
{
	return json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
			 "window_s", (int)DAMP_LEARN_WINDOW_S,
			 "windows", (json_int_t)l->windows,
			 "windows_left_out", (json_int_t)l->windows_left_out,
			 "keys_left_out", (json_int_t)l->keys_left_out,
			 "keys_not_followed", (json_int_t)l->not_followed,
			 "lost", (json_int_t)l->lost,
			 "messages", (json_int_t)l->messages,
			 "seconds", (json_int_t)(l->span_ms / 1000),
			 "shapes", shapes_json(l));
}
