/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The CoAP scan; see scan.h for the idea and the invariant.
 *
 * The order of the checks is the order of the fields on the wire: version,
 * token length, code, what the type allows, token, options, payload. So the
 * reason names the first thing that is wrong, and nothing behind it is looked
 * at.
 *
 * What is malformed here though RFC 7252 lets an endpoint go on (an elective
 * option of a wrong length, a repeated Observe) is so because stacks are known
 * to disagree about it: what the judge reads must be what the server reads
 * (attacks.md 5.2, rows M24 to M36).
 */
#include "scan_plain.h"
#include "option.h"
#include <damper/reasons.h>

struct scan {
	const uint8_t *msg;
	struct damp_coap *m;
	uint32_t pos, len;
	uint32_t number;            /* of the option just read */
};

struct option_rule { uint64_t mask; uint16_t min, max; uint8_t repeatable; };

static const struct option_rule option_rules[] = {
#define X(name, num, lo, hi, rep, text) { 1ull << DAMP_OPTBIT_##name, (lo), (hi), (rep) },
	DAMP_COAP_OPTIONS(X)
#undef X
};

#define OPTION_NUMBERS 293u         /* one above the highest number of the table */

/* By option number: 1 + the bit, 0 for what is not in the table. */
static const uint8_t option_bits[OPTION_NUMBERS] = {
#define X(name, num, lo, hi, rep, text) [num] = 1 + DAMP_OPTBIT_##name,
	DAMP_COAP_OPTIONS(X)
#undef X
};

#define BIT(name) (1ull << DAMP_OPTBIT_##name)

/* Elective options whose wrong length is malformed all the same: servers
 * reject the message, or read the value in their own way (M27, M29, M31). */
#define STRICT_LENGTH (BIT(OBSERVE) | BIT(MAX_AGE) | BIT(SIZE1) | BIT(SIZE2) | BIT(ECHO))
/* Likewise repeated: stacks differ in which one counts (M35). */
#define STRICT_ONCE BIT(OBSERVE)

#define URI_PATH_LEN_MAX 255u       /* RFC 7252 section 5.10: also in the table, and repeatable */
#define BLOCKS (BIT(BLOCK1) | BIT(BLOCK2))
#define Q_BLOCKS (BIT(Q_BLOCK1) | BIT(Q_BLOCK2))
#define EXCLUDING (BLOCKS | Q_BLOCKS | BIT(OSCORE) | BIT(URI_PATH_ABBREV))
#define SZX_RESERVED 7u             /* RFC 7959 section 2.2 */

static inline bool is_critical(uint32_t number)
{
	return number & 1;
}

static uint8_t unknown_option(struct scan *s)
{
	s->m->options |= is_critical(s->number) ? BIT(UNKNOWN_CRITICAL) : BIT(UNKNOWN_ELECTIVE);
	return 0;
}

static uint8_t take_path(struct scan *s, const struct damp_opt *o, const uint8_t *val)
{
	struct damp_coap *m = s->m;

	if (damp_is_dots(val, o->len))
		return DAMP_REASON_COAP_OPTION_VALUE;
	if (m->npath == 0)
		m->path_off = (uint16_t)s->pos;
	m->npath++;
	m->path_end = (uint16_t)(s->pos + o->hdr + o->len);
	m->path_text_len = (uint16_t)(m->path_text_len + o->len + 1);
	return 0;
}

static uint8_t take_query(struct scan *s, const struct damp_opt *o)
{
	struct damp_coap *m = s->m;

	if (m->nquery == 0)
		m->query_off = (uint16_t)s->pos;
	m->nquery++;
	m->query_end = (uint16_t)(s->pos + o->hdr + o->len);
	m->query_text_len = (uint16_t)(m->query_text_len + o->len + 1);
	return 0;
}

static uint8_t take_block2(struct scan *s, const struct damp_opt *o, uint32_t value)
{
	struct damp_coap *m = s->m;

	m->block2 = value;
	m->block2_off = (uint16_t)s->pos;
	m->block2_hdr = (uint8_t)o->hdr;
	m->block2_len = (uint8_t)(o->hdr + o->len);
	m->block2_vlen = (uint8_t)o->len;
	return 0;
}

/* Keep what is asked for later of a known option of legal length. */
static uint8_t take_value(struct scan *s, unsigned int bit, const struct damp_opt *o)
{
	const uint8_t *val = s->msg + s->pos + o->hdr;
	struct damp_coap *m = s->m;
	uint32_t v;

	switch (bit) {
	case DAMP_OPTBIT_URI_PATH:
		return take_path(s, o, val);
	case DAMP_OPTBIT_URI_QUERY:
		return take_query(s, o);
	case DAMP_OPTBIT_URI_PATH_ABBREV:
		m->abbrev = damp_opt_uint(val, o->len);
		return 0;
	case DAMP_OPTBIT_OBSERVE:
		m->observe = damp_opt_uint(val, o->len);
		m->observe_off = (uint16_t)s->pos;
		m->observe_hdr = (uint8_t)o->hdr;
		return 0;
	case DAMP_OPTBIT_ECHO:
		m->echo_off = (uint16_t)(s->pos + o->hdr);
		m->echo_len = (uint8_t)o->len;
		return 0;
	case DAMP_OPTBIT_HOP_LIMIT:
		return val[0] == 0 ? DAMP_REASON_COAP_OPTION_VALUE : 0;
	case DAMP_OPTBIT_BLOCK1:
	case DAMP_OPTBIT_BLOCK2:
	case DAMP_OPTBIT_Q_BLOCK1:
	case DAMP_OPTBIT_Q_BLOCK2:
		v = damp_opt_uint(val, o->len);
		if ((v & 7) == SZX_RESERVED)
			return DAMP_REASON_COAP_OPTION_VALUE;
		if (bit == DAMP_OPTBIT_BLOCK1)
			m->block1 = v;
		return bit == DAMP_OPTBIT_BLOCK2 ? take_block2(s, o, v) : 0;
	default:
		return 0;
	}
}

static uint8_t take_option(struct scan *s, const struct damp_opt *o)
{
	struct damp_coap *m = s->m;
	const struct option_rule *rule;
	unsigned int bit;

	if (s->number >= DAMP_COAP_OPT_EXPERIMENTAL)
		return DAMP_REASON_COAP_OPTION_NUMBER;
	if (s->number >= OPTION_NUMBERS || option_bits[s->number] == 0)
		return unknown_option(s);
	bit = option_bits[s->number] - 1u;
	rule = &option_rules[bit];
	if (o->len > rule->max && (is_critical(s->number) || (STRICT_LENGTH & rule->mask)))
		return DAMP_REASON_COAP_OPTION_LEN;
	if (o->len < rule->min && is_critical(s->number))
		return DAMP_REASON_COAP_OPTION_LEN;
	if (o->len < rule->min || o->len > rule->max)
		return unknown_option(s);
	if ((m->options & rule->mask) && !rule->repeatable) {
		if (is_critical(s->number) || (STRICT_ONCE & rule->mask))
			return DAMP_REASON_COAP_OPTION_REPEATED;
		return unknown_option(s);
	}
	m->options |= rule->mask;
	return take_value(s, bit, o);
}

/* Walk the options from s->pos and find the payload. */
static uint8_t scan_options(struct scan *s)
{
	struct damp_coap *m = s->m;
	struct damp_opt o;
	uint8_t reason;

	while (s->pos < s->len && s->msg[s->pos] != DAMP_COAP_PAYLOAD_MARKER) {
		if (!damp_opt_read(s->msg + s->pos, s->len - s->pos, &o))
			return DAMP_REASON_COAP_OPTION;
		s->number += o.delta;
		if (s->number > UINT16_MAX)
			return DAMP_REASON_COAP_OPTION_NUMBER;
		if (m->noptions == DAMP_COAP_OPTIONS_MAX)
			return DAMP_REASON_COAP_OPTION_COUNT;
		m->noptions++;
		reason = take_option(s, &o);
		if (reason)
			return reason;
		s->pos += o.hdr + o.len;
	}
	m->payload_off = m->len;
	if (s->pos == s->len)
		return 0;
	if (s->pos + 1 == s->len)
		return DAMP_REASON_COAP_MARKER;
	m->payload_off = (uint16_t)(s->pos + 1);
	m->payload_len = (uint16_t)(s->len - s->pos - 1);
	return 0;
}

/* Options that exclude each other or need a payload (M44, M45). A path and its
 * abbreviation together name two resources to two stacks. */
static inline uint8_t check_mix(const struct damp_coap *m)
{
	if (damp_likely(!(m->options & EXCLUDING)))
		return 0;
	if ((m->options & BLOCKS) && (m->options & Q_BLOCKS))
		return DAMP_REASON_COAP_OPTION_MIX;
	if ((m->options & BIT(OSCORE)) && m->payload_len == 0)
		return DAMP_REASON_COAP_OPTION_MIX;
	if ((m->options & BIT(URI_PATH_ABBREV)) && (m->options & BIT(URI_PATH)))
		return DAMP_REASON_COAP_OPTION_MIX;
	return 0;
}

/* What the four header bytes alone decide. */
static uint8_t check_header(const struct damp_coap *m)
{
	if (m->tkl > DAMP_COAP_TOKEN_MAX && m->tkl != DAMP_COAP_TKL_EXT8 && m->tkl != DAMP_COAP_TKL_EXT16)
		return DAMP_REASON_COAP_TKL;
	if (m->code == DAMP_COAP_CODE_EMPTY) {
		const bool bare = m->len == DAMP_COAP_HEADER_LEN && m->tkl == 0;

		return bare && m->type != DAMP_COAP_NON ? 0 : DAMP_REASON_COAP_EMPTY;
	}
	if (!damp_coap_is_request(m->code) && !damp_coap_is_response(m->code))
		return DAMP_REASON_COAP_CODE;
	if (m->type == DAMP_COAP_RST || (m->type == DAMP_COAP_ACK && damp_coap_is_request(m->code)))
		return DAMP_REASON_COAP_TYPE_CODE;
	return 0;
}

/* A token longer than eight bytes (RFC 8974 section 2.1): measured, so that
 * the reason can tell it from a broken one, and refused. */
static uint8_t scan_ext_token(struct scan *s)
{
	const uint32_t ext = s->m->tkl == DAMP_COAP_TKL_EXT8 ? 1 : 2;
	const uint32_t left = s->len - s->pos;
	uint32_t n;

	if (left < ext)
		return DAMP_REASON_COAP_TKL;
	n = ext == 1 ? DAMP_OPT_EXT8 + s->msg[s->pos] : DAMP_OPT_EXT16_BASE + damp_get16(s->msg + s->pos);
	if (n > left - ext)
		return DAMP_REASON_COAP_TKL;
	s->m->token_off = (uint8_t)(s->pos + ext);
	s->m->token_len = (uint16_t)n;
	return DAMP_REASON_COAP_EXT_TOKEN;
}

static uint8_t scan_token(struct scan *s)
{
	struct damp_coap *m = s->m;

	if (m->tkl > DAMP_COAP_TOKEN_MAX)
		return scan_ext_token(s);
	if (m->tkl > s->len - s->pos)
		return DAMP_REASON_COAP_TKL;
	m->token_off = (uint8_t)s->pos;
	m->token_len = m->tkl;
	s->pos += m->tkl;
	m->options_off = (uint16_t)s->pos;
	return 0;
}

static uint8_t scan_message(struct scan *s)
{
	struct damp_coap *m = s->m;
	uint8_t reason;

	if (s->len < DAMP_COAP_HEADER_LEN)
		return DAMP_REASON_COAP_SHORT;
	m->type = (s->msg[0] >> 4) & 3;
	m->tkl = s->msg[0] & 15;
	m->code = s->msg[1];
	m->mid = damp_get16(s->msg + 2);
	if (s->msg[0] >> 6 != DAMP_COAP_VERSION)
		return DAMP_REASON_COAP_VERSION;
	reason = check_header(m);
	if (reason)
		return reason;
	s->pos = DAMP_COAP_HEADER_LEN;
	reason = scan_token(s);
	if (reason)
		return reason;
	reason = scan_options(s);
	return reason ? reason : check_mix(m);
}

void damp_coap_scan_fully(const uint8_t *msg, size_t len, struct damp_coap *m)
{
	struct scan s = { .msg = msg, .m = m, .len = (uint32_t)len };

	memset(m, 0, sizeof(*m));
	m->len = (uint16_t)len;
	m->malformed = scan_message(&s);
}

void damp_coap_scan_from(const uint8_t *msg, uint32_t len, uint32_t pos, uint32_t number, struct damp_coap *m)
{
	struct scan s = { .msg = msg, .m = m, .pos = pos, .len = len, .number = number };
	uint8_t reason;

	memset((uint8_t *)m + DAMP_COAP_BARE, 0, sizeof(*m) - DAMP_COAP_BARE);
	reason = scan_options(&s);
	m->malformed = reason ? reason : check_mix(m);
}

void damp_coap_scan(const uint8_t *msg, size_t len, struct damp_coap *m)
{
	damp_coap_scan_plain(msg, (uint32_t)len, m);
}
