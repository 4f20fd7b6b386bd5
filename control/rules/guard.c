/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guard: the values that always hold.
 *
 * Idea: the defaults are texts of the key table. They are put together as a
 * rule file, read by the same code that reads the user's values, and then the
 * user's values are read on top: a default cannot be written in a way a user
 * could not.
 *
 * Invariant: every field of struct damp_guard is set from exactly one key.
 *
 * References: attacks.md section 8; design.md 3a, 4; anchors.md 5.
 */
#include "limit.h"
#include "read.h"
#include "terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Above what RFC 9175 section 2.4 calls acceptable. */
#define ALPHA_Q8_RECOMMENDED (3u * 256)

/* An IPv6 host owns its /64 (AV-44); for IPv4 this is the whole address. */
#define HOST_PLEN 64u

struct bucket {
	struct damp_quantity rate, burst;
	struct damp_place at;
};

struct values {
	struct damp_guard g;
	struct bucket unproved, first, first_network, first_known, first_trust, server, proved, challenge, network, retry, all, ping, probing,
		notify;
	struct damp_steps steps[DAMP_FAMILIES];
	struct damp_place steps_at;
	struct damp_quantity reserve;
	uint64_t net_plen[DAMP_FAMILIES], first_plen[DAMP_FAMILIES];
	struct damp_number_cond coap, dtls;
	struct damp_place coap_at, dtls_at;
};

/* Buckets: keys of rate and burst, and where they go. */
static const struct {
	enum damp_key_id rate, burst;
	size_t offset;
	unsigned want, want_burst;
} buckets[] = {
#define BYTES DAMP_WANT(BYTE_RATE), DAMP_WANT(BYTES)
#define MSGS DAMP_WANT(MESSAGE_RATE), DAMP_WANT(MESSAGES)
	{ DAMP_KEY_UNPROVED_RATE, DAMP_KEY_UNPROVED_BURST, offsetof(struct values, unproved),
	  BYTES },
	{ DAMP_KEY_PROVED_RATE, DAMP_KEY_PROVED_BURST, offsetof(struct values, proved), BYTES },
	{ DAMP_KEY_CHALLENGES_RATE, DAMP_KEY_CHALLENGES_BURST, offsetof(struct values, challenge),
	  MSGS },
	{ DAMP_KEY_FIRST_RATE, DAMP_KEY_FIRST_BURST, offsetof(struct values, first), MSGS },
	{ DAMP_KEY_FIRST_NETWORK_RATE, DAMP_KEY_FIRST_NETWORK_BURST,
	  offsetof(struct values, first_network), MSGS },
	{ DAMP_KEY_FIRST_KNOWN_RATE, DAMP_KEY_FIRST_KNOWN_BURST,
	  offsetof(struct values, first_known), MSGS },
	{ DAMP_KEY_FIRST_TRUST_RATE, DAMP_KEY_FIRST_TRUST_BURST,
	  offsetof(struct values, first_trust), MSGS },
	{ DAMP_KEY_RETRIES_RATE, DAMP_KEY_RETRIES_BURST, offsetof(struct values, retry), MSGS },
	{ DAMP_KEY_SERVERS_RATE, DAMP_KEY_SERVERS_BURST, offsetof(struct values, server), MSGS },
	{ DAMP_KEY_ALL_RATE, DAMP_KEY_ALL_BURST, offsetof(struct values, all), MSGS },
	{ DAMP_KEY_NETWORK_RATE, DAMP_KEY_NETWORK_BURST, offsetof(struct values, network), MSGS },
	{ DAMP_KEY_PINGS_RATE, DAMP_KEY_PINGS_BURST, offsetof(struct values, ping), MSGS },
	{ DAMP_KEY_PROBING_RATE, DAMP_KEY_PROBING_BURST, offsetof(struct values, probing), MSGS },
	{ DAMP_KEY_OBSERVE_RATE, DAMP_KEY_OBSERVE_BURST, offsetof(struct values, notify), MSGS },
#undef BYTES
#undef MSGS
};

/* Whole numbers: unit (DAMP_UNIT_MAX for a bare one), scale in its millionths,
 * bounds, and a 32-bit field. */
static const struct {
	enum damp_key_id key;
	enum damp_unit unit;
	uint32_t scale, low, high;
	size_t offset;
} numbers[] = {
#define G(field) offsetof(struct values, g.field)
	{ DAMP_KEY_GUARD_ECHO_LIFE, DAMP_UNIT_MS, 1000, 1, 900, G(echo_life_s) },
	{ DAMP_KEY_PROOF_IDLE, DAMP_UNIT_MS, 1000, 1, 86400, G(proof_idle_s) },
	{ DAMP_KEY_PROOF_MAX, DAMP_UNIT_MS, 1000, 1, 86400, G(proof_max_s) },
	{ DAMP_KEY_GRACE_TIME, DAMP_UNIT_MS, 1000, 0, 3600, G(grace_s) },
	{ DAMP_KEY_GRACE_IPV4, DAMP_UNIT_BYTES, 1, 0, 1500, G(grace_bytes4) },
	{ DAMP_KEY_GRACE_IPV6, DAMP_UNIT_BYTES, 1, 0, 1500, G(grace_bytes6) },
	{ DAMP_KEY_EXCHANGES_CON, DAMP_UNIT_MS, 1000, 1, 3600, G(con_life_s) },
	{ DAMP_KEY_EXCHANGES_NON, DAMP_UNIT_MS, 1000, 1, 3600, G(non_life_s) },
	{ DAMP_KEY_OBSERVE_LIFE, DAMP_UNIT_MS, 1000, 1, 86400 * 7, G(observe_life_s) },
	{ DAMP_KEY_OBSERVE_PINGS, DAMP_UNIT_MESSAGES, 1, 0, 100, G(observe_pings) },
	{ DAMP_KEY_OBSERVE_UNHEARD, DAMP_UNIT_MESSAGES, 1, 0, 255, G(observe_unheard) },
	{ DAMP_KEY_OBSERVE_SILENCE, DAMP_UNIT_MS, 1000, 0, 86400, G(observe_unheard_s) },
	{ DAMP_KEY_NEEDS_PATH, DAMP_UNIT_BYTES, 1, 0, UINT16_MAX, G(prove_path_bytes) },
	{ DAMP_KEY_TRANSFERS_BODY, DAMP_UNIT_BYTES, 1, 1024, 1u << 30, G(transfer_bytes) },
	{ DAMP_KEY_TRANSFERS_LIFE, DAMP_UNIT_MS, 1000, 1, 3600, G(transfer_life_s) },
	{ DAMP_KEY_TRANSFERS_ANNOUNCE, DAMP_UNIT_BYTES, 1, 0, UINT32_MAX, G(announce_bytes) },
};

/* Bare numbers. */
static const struct { enum damp_key_id key; uint32_t low, high; size_t offset; } counts[] = {
	{ DAMP_KEY_AT_ONCE_PATH, 0, 1024, G(observe_path) },
	{ DAMP_KEY_AT_ONCE_PAIR, 0, 1024, G(observe_pair) },
	{ DAMP_KEY_AT_ONCE_SOURCE, 0, 1024, G(observe_source) },
	{ DAMP_KEY_AT_ONCE_SERVER, 0, 1024, G(observe_server) },
	{ DAMP_KEY_TRANSFERS_SOURCE, 0, 1024, G(transfers_source) },
	{ DAMP_KEY_TRANSFERS_SERVER, 0, 1024, G(transfers_server) },
	{ DAMP_KEY_TRANSFERS_Q_BLOCK, 1, 255, G(q_blocks) },
	{ DAMP_KEY_EXCHANGES_GROUP, 1, 255, G(group_answers) },
};

/* Seconds that are kept in milliseconds. */
static const struct { enum damp_key_id key; size_t offset; } periods[] = {
	{ DAMP_KEY_ATTRIBUTES_PMIN, G(observe_pmin_ms) },
	{ DAMP_KEY_ATTRIBUTES_PMAX, G(observe_pmax_ms) },
	{ DAMP_KEY_ATTRIBUTES_EVALUATION, G(observe_eval_ms) },
};

/* Truths and choices: the byte field and the words for 0 and 1. */
static const struct {
	enum damp_key_id key;
	size_t offset;
	const char *words[3];
} choices[] = {
	{ DAMP_KEY_GUARD_FRAGMENTS, G(fragments), { "drop", "pass", NULL } },
	{ DAMP_KEY_GUARD_TABLE_FULL, G(table_full), { "drop", "evict", NULL } },
	{ DAMP_KEY_GUARD_GROUP, G(allow_group_from_outside), { NULL, NULL, NULL } },
	{ DAMP_KEY_GUARD_CHECK_SOURCES, G(check_sources), { NULL, NULL, NULL } },
	{ DAMP_KEY_GUARD_HOLD, G(hold), { NULL, NULL, NULL } },
	{ DAMP_KEY_FIRST_TRUST_EARNED, G(trust_earned), { NULL, NULL, NULL } },
	{ DAMP_KEY_GUARD_LEARN, G(learn_answers), { NULL, NULL, NULL } },
	{ DAMP_KEY_GUARD_ELSEWHERE, G(count_elsewhere), { NULL, NULL, NULL } },
	{ DAMP_KEY_GUARD_CURE, G(cure_reflectors), { NULL, NULL, NULL } },
	{ DAMP_KEY_GUARD_PERMUTE, G(permute_mids), { NULL, NULL, NULL } },
	{ DAMP_KEY_ASYMMETRIC_UNANSWERED, G(unanswered_prove), { "pass", "prove", NULL } },
	{ DAMP_KEY_ASYMMETRIC_UNASKED, G(unasked_small), { "drop", "small", NULL } },
	{ DAMP_KEY_NEEDS_BLOCK1, G(prove_block1), { NULL, NULL, NULL } },
	{ DAMP_KEY_NEEDS_Q_BLOCK, G(prove_q_block), { NULL, NULL, NULL } },
	{ DAMP_KEY_NEEDS_OBSERVE, G(prove_observe), { NULL, NULL, NULL } },
#undef G
};

static bool read_bucket(struct damp_ctx *c, enum damp_key_id key, const struct damp_node *n,
			struct values *v)
{
	for (size_t i = 0; i < sizeof(buckets) / sizeof(buckets[0]); i++) {
		struct bucket *b = (struct bucket *)((char *)v + buckets[i].offset);

		if (key != buckets[i].rate && key != buckets[i].burst)
			continue;
		b->at = n->at;
		if (key == buckets[i].rate)
			damp_read_quantity(c, n, buckets[i].want, &b->rate);
		else
			damp_read_quantity(c, n, buckets[i].want_burst, &b->burst);
		return true;
	}
	return false;
}

static bool read_number(struct damp_ctx *c, enum damp_key_id key, const struct damp_node *n,
			struct values *v)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const uint64_t unit = numbers[i].scale * DAMP_MICRO;
		struct damp_quantity q;
		uint32_t value;

		if (key != numbers[i].key)
			continue;
		if (!damp_read_quantity(c, n, 1u << numbers[i].unit, &q))
			return true;
		value = (uint32_t)(q.micro / unit > UINT32_MAX ? UINT32_MAX : q.micro / unit);
		if (q.micro % unit || value < numbers[i].low || value > numbers[i].high)
			damp_diag_error(
				c->diags, n->at,
				"'%s' is out of range; '%s' is a whole number from %u to %u %s",
				n->text, damp_keys[key].name, numbers[i].low, numbers[i].high,
				numbers[i].unit == DAMP_UNIT_MS	     ? "s"
				: numbers[i].unit == DAMP_UNIT_BYTES ? "B"
								     : "msg");
		memcpy((char *)v + numbers[i].offset, &value, sizeof(value));
		return true;
	}
	return false;
}

#define PERIOD_MAX_MS (86400u * 1000)

static bool read_period(struct damp_ctx *c, enum damp_key_id key, const struct damp_node *n,
			struct values *v)
{
	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		struct damp_quantity q;
		uint64_t ms;
		uint32_t value;

		if (key != periods[i].key)
			continue;
		if (!damp_read_quantity(c, n, DAMP_WANT(MS), &q))
			return true;
		ms = q.micro / DAMP_MICRO;
		value = ms > PERIOD_MAX_MS ? PERIOD_MAX_MS : (uint32_t)ms;
		if (ms % 1000 || ms > PERIOD_MAX_MS)
			damp_diag_error(c->diags, n->at,
					"'%s' is out of range; '%s' is a whole number of seconds up to 1 d",
					n->text, damp_keys[key].name);
		memcpy((char *)v + periods[i].offset, &value, sizeof(value));
		return true;
	}
	return false;
}

static bool read_count(struct damp_ctx *c, enum damp_key_id key, const struct damp_node *n,
		       struct values *v)
{
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint64_t read;
		uint32_t value;

		if (key != counts[i].key)
			continue;
		if (!damp_read_integer(c, n, counts[i].low, counts[i].high, &read))
			return true;
		value = (uint32_t)read;
		memcpy((char *)v + counts[i].offset, &value, sizeof(value));
		return true;
	}
	return false;
}

static bool read_choice(struct damp_ctx *c, enum damp_key_id key, const struct damp_node *n,
			struct values *v)
{
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		uint8_t *field = (uint8_t *)v + choices[i].offset;
		bool truth = false;
		int word;

		if (key != choices[i].key)
			continue;
		if (!choices[i].words[0]) {
			damp_read_truth(c, n, &truth);
			*field = truth;
			return true;
		}
		word = damp_read_word(c, n, "choice", choices[i].words);
		*field = word == 1;
		return true;
	}
	return false;
}

bool damp_slice_read(struct damp_ctx *c, const struct damp_node *n, bool off, uint8_t *szx)
{
	struct damp_quantity q;

	n = damp_read_deref(c, n);
	if (!n)
		return false;
	*szx = DAMP_SLICE_OFF;
	if (off && damp_node_is(n, "off"))
		return true;
	if (!damp_read_quantity(c, n, DAMP_WANT(BYTES), &q))
		return false;
	for (*szx = 0; *szx < DAMP_SLICE_OFF; (*szx)++)
		if (q.micro == (uint64_t)(16u << *szx) * DAMP_MICRO)
			return true;
	damp_diag_error(c->diags, n->at,
			"'%s' is not a block size; write 16 B, 32 B, 64 B, 128 B, 256 B, 512 B%s",
			n->text, off ? ", 1024 B or off" : " or 1024 B");
	return false;
}

static void read_other(struct damp_ctx *c, enum damp_key_id key, const struct damp_node *n,
		       struct values *v)
{
	switch (key) {
	case DAMP_KEY_GUARD_ABOUT: damp_about_check(c, n); break;
	case DAMP_KEY_GUARD_AMPLIFICATION:
		damp_alpha_read(c, n, &v->g.alpha_q8);
		if (v->g.alpha_q8 > ALPHA_Q8_RECOMMENDED)
			damp_diag_warning(c->diags, n->at,
					  "more than the 3x that RFC 9175 section 2.4 allows "
					  "toward an unproved address");
		break;
	case DAMP_KEY_GUARD_SLICE: damp_slice_read(c, n, true, &v->g.slice_szx); break;
	case DAMP_KEY_UNPROVED_LADDER:
		v->steps_at = n->at;
		damp_ladder_read(c, n, v->steps);
		break;
	case DAMP_KEY_CHALLENGES_RESERVE:
		damp_read_quantity(c, n, DAMP_WANT(BYTES), &v->reserve);
		break;
	case DAMP_KEY_FIRST_NETWORK_IPV4: damp_read_integer(c, n, 0, 32, &v->first_plen[DAMP_V4]); break;
	case DAMP_KEY_FIRST_NETWORK_IPV6: damp_read_integer(c, n, 0, 128, &v->first_plen[DAMP_V6]); break;
	case DAMP_KEY_NETWORK_IPV4: damp_read_integer(c, n, 0, 32, &v->net_plen[DAMP_V4]); break;
	case DAMP_KEY_NETWORK_IPV6: damp_read_integer(c, n, 0, 128, &v->net_plen[DAMP_V6]); break;
	case DAMP_KEY_PORTS_COAP:
		v->coap = (struct damp_number_cond){ .asked = false };
		v->coap_at = n->at;
		damp_ports_read(c, n, "coap", &v->coap);
		break;
	case DAMP_KEY_PORTS_DTLS:
		v->dtls = (struct damp_number_cond){ .asked = false };
		v->dtls_at = n->at;
		if (n->kind != DAMP_NODE_LIST || n->n) /* [] is: no DTLS ports */
			damp_ports_read(c, n, "dtls", &v->dtls);
		break;
	default: break;
	}
}

static void guard_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		      void *user)
{
	if (damp_key_opens(key) != DAMP_SECTION_MAX) {
		damp_read_keys(c, damp_key_opens(key), p->value, guard_key, user);
		return;
	}
	if (!read_bucket(c, key, p->value, user) && !read_number(c, key, p->value, user) &&
	    !read_count(c, key, p->value, user) && !read_period(c, key, p->value, user) &&
	    !read_choice(c, key, p->value, user))
		read_other(c, key, p->value, user);
}

static void rung(struct damp_ctx *c, const struct bucket *b, uint8_t plen, struct damp_rung *out)
{
	if (damp_rung_make(c, &b->rate, &b->burst, b->at, out))
		out->plen = plen;
}

static void unproved_rungs(struct damp_ctx *c, struct values *v)
{
	struct damp_rung base, r4[DAMP_RUNGS_MAX], r6[DAMP_RUNGS_MAX];

	if (!damp_rung_make(c, &v->unproved.rate, &v->unproved.burst, v->unproved.at, &base))
		return;
	if (v->steps[DAMP_V4].n != 2 || v->steps[DAMP_V6].n != 2) {
		damp_diag_error(c->diags, v->steps_at,
				"this ladder has exactly two steps in each family: one host and "
				"its network");
		return;
	}
	if (!damp_rungs_make(c, &v->unproved.rate, &v->unproved.burst, v->unproved.at,
			     &v->steps[DAMP_V4], r4) ||
	    !damp_rungs_make(c, &v->unproved.rate, &v->unproved.burst, v->unproved.at,
			     &v->steps[DAMP_V6], r6))
		return;
	v->g.host4 = r4[0];
	v->g.net4 = r4[1];
	v->g.host6 = r6[0];
	v->g.net6 = r6[1];
}

static void reserve_ticks(struct damp_ctx *c, struct values *v)
{
	const unsigned __int128 t = (unsigned __int128)v->g.host4.cost_q16 *
					    (v->reserve.micro / DAMP_MICRO) >>
				    16;

	if (t + v->g.host4.burst_ticks >= DAMP_BURST_TICKS_MAX)
		damp_diag_error(c->diags, v->unproved.at,
				"'burst' and the 'reserve' of challenges together take longer than "
				"1023 s to "
				"drain");
	else
		v->g.challenge_reserve_ticks = (uint32_t)t;
}

static unsigned list_ports(struct damp_ctx *c, const struct damp_number_cond *from,
			   struct damp_place at, uint16_t out[DAMP_COAP_PORTS_MAX])
{
	unsigned n = 0;

	for (size_t i = 0; i < from->spans.n; i++)
		for (damp_u128 p = from->spans.s[i].low; p <= from->spans.s[i].high; p++) {
			if (!p)
				damp_diag_error(c->diags, at, "0 is not a UDP port");
			if (n == DAMP_COAP_PORTS_MAX) {
				damp_diag_error(c->diags, at, "more than %u ports",
						DAMP_COAP_PORTS_MAX);
				return n;
			}
			out[n++] = (uint16_t)p;
		}
	return n;
}

static void settle_ports(struct damp_ctx *c, struct values *v)
{
	c->ncoap_ports = list_ports(c, &v->coap, v->coap_at, c->coap_port);
	c->ndtls_ports = list_ports(c, &v->dtls, v->dtls_at, c->dtls_port);
	for (unsigned i = 0; i < c->ndtls_ports; i++)
		if (damp_spans_hold(&v->coap.spans, c->dtls_port[i]))
			damp_diag_error(c->diags, v->dtls_at, "port %u is listed for CoAP as well",
					c->dtls_port[i]);
}

static void settle(struct damp_ctx *c, struct values *v)
{
	unproved_rungs(c, v);
	reserve_ticks(c, v);
	rung(c, &v->proved, 128, &v->g.proved);
	rung(c, &v->first, HOST_PLEN, &v->g.first_host);
	rung(c, &v->first_known, 128, &v->g.first_known);
	rung(c, &v->first_network, (uint8_t)v->first_plen[DAMP_V4], &v->g.first_net4);
	rung(c, &v->first_network, (uint8_t)v->first_plen[DAMP_V6], &v->g.first_net6);
	rung(c, &v->first_trust, (uint8_t)v->first_plen[DAMP_V4], &v->g.trust_net4);
	rung(c, &v->first_trust, (uint8_t)v->first_plen[DAMP_V6], &v->g.trust_net6);
	rung(c, &v->server, 128, &v->g.server);
	rung(c, &v->retry, HOST_PLEN, &v->g.challenge_retry);
	rung(c, &v->all, 0, &v->g.challenge_all);
	rung(c, &v->challenge, HOST_PLEN, &v->g.challenge_host);
	rung(c, &v->network, (uint8_t)v->net_plen[DAMP_V4], &v->g.challenge_net4);
	rung(c, &v->network, (uint8_t)v->net_plen[DAMP_V6], &v->g.challenge_net6);
	rung(c, &v->ping, HOST_PLEN, &v->g.ping);
	rung(c, &v->probing, 128, &v->g.probing);
	rung(c, &v->notify, 128, &v->g.notify);
	settle_ports(c, v);
	c->guard = v->g;
}

/* The defaults of one section as a mapping, subsections inside it. */
static const char *section_text(struct damp_pool *p, enum damp_key_section s)
{
	const char *text = "{";

	for (enum damp_key_id k = 0; k < DAMP_KEY_MAX; k++) {
		const char *value = damp_keys[k].deflt;

		if (damp_keys[k].section != s || damp_key_later(k))
			continue;
		if (damp_key_opens(k) != DAMP_SECTION_MAX)
			value = section_text(p, damp_key_opens(k));
		if (!value[0])          /* what is for people only */
			continue;
		text = damp_pool_printf(p, "%s%s%s: %s", text, text[1] ? ", " : "",
					damp_keys[k].name, value);
	}
	return damp_pool_printf(p, "%s}", text);
}

static void read_defaults(struct damp_ctx *c, struct values *v)
{
	struct damp_source *src = damp_pool_alloc(c->pool, sizeof(*src));
	const struct damp_node *root;

	src->name = "built-in defaults";
	src->text = section_text(c->pool, DAMP_SECTION_GUARD);
	src->len = strlen(src->text);
	root = damp_node_load(c->diags, src);
	if (root)
		damp_read_keys(c, DAMP_SECTION_GUARD, root, guard_key, v);
}

void damp_guard_read(struct damp_ctx *c, const struct damp_node *n)
{
	struct values v;
	unsigned before;

	memset(&v, 0, sizeof(v));
	read_defaults(c, &v);
	before = c->diags->errors;
	if (n)
		damp_read_keys(c, DAMP_SECTION_GUARD, n, guard_key, &v);
	if (c->diags->errors == before)
		settle(c, &v);
}
