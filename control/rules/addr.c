/* SPDX-License-Identifier: BSD-3-Clause */
/* See addr.h. References: RFC 4291 section 2.2, 2.5.5.2; RFC 4632 section 3.1. */
#include "addr.h"
#include "quantity.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V4_MAX 0xffffffffull
#define MAPPED_LOW ((damp_u128)0xffff << 32)

void damp_spans_add(struct damp_pool *p, struct damp_spans *s, damp_u128 low, damp_u128 high)
{
	const struct damp_span one = { .low = low, .high = high };

	DAMP_PUSH(p, s->s, s->n, s->cap, one);
}

static int by_low(const void *a, const void *b)
{
	const struct damp_span *x = a, *y = b;

	return x->low < y->low ? -1 : x->low > y->low;
}

void damp_spans_normalise(struct damp_spans *s)
{
	size_t out = 0;

	if (!s->n)
		return;
	qsort(s->s, s->n, sizeof(*s->s), by_low);
	for (size_t i = 1; i < s->n; i++) {
		struct damp_span *last = &s->s[out];

		if (s->s[i].low > last->high && s->s[i].low - last->high > 1)
			s->s[++out] = s->s[i];
		else if (s->s[i].high > last->high)
			last->high = s->s[i].high;
	}
	s->n = out + 1;
}

struct damp_spans damp_spans_invert(struct damp_pool *p, const struct damp_spans *s, damp_u128 max)
{
	struct damp_spans out = { 0 };
	damp_u128 from = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (s->s[i].low > from)
			damp_spans_add(p, &out, from, s->s[i].low - 1);
		if (s->s[i].high >= max)
			return out;
		from = s->s[i].high + 1;
	}
	damp_spans_add(p, &out, from, max);
	return out;
}

bool damp_spans_hold(const struct damp_spans *s, damp_u128 v)
{
	for (size_t i = 0; i < s->n; i++)
		if (v >= s->s[i].low && v <= s->s[i].high)
			return true;
	return false;
}

/* Letters no address has: then it was meant to be a name. */
static bool looks_like_name(const char *text)
{
	return text[strspn(text, "0123456789abcdefABCDEF.:/%")] != 0 || !strpbrk(text, ".:");
}

/* An address, and more behind a blank or a comma? */
static bool is_several(const char *text)
{
	char first[INET6_ADDRSTRLEN];
	const size_t len = strcspn(text, " ,/");
	uint8_t b[16];

	if (len >= sizeof(first) || !strpbrk(text, " ,"))
		return false;
	memcpy(first, text, len);
	first[len] = 0;
	return inet_pton(AF_INET, first, b) == 1 || inet_pton(AF_INET6, first, b) == 1;
}

static const char *hint_of_form(const char *text)
{
	const char *colon = strchr(text, ':');

	if (text[0] == '[')
		return "write it without brackets, and its port into 'from_port' or 'to_port'";
	if (strchr(text, '$'))
		return "a $name stands for a whole value, not for a part of one";
	if (strchr(text, '%') && colon)
		return "the link behind '%' is no part of it; ports stand in 'zones'";
	if (is_several(text))
		return "several are items of a list, like [192.0.2.1, 192.0.2.0/24]";
	if (colon && !strchr(colon + 1, ':') && strchr(text, '.'))
		return "a port goes into 'from_port' or 'to_port'";
	return NULL;
}

/* What was meant, as far as its characters tell; NULL: nobody knows. */
static const char *hint_of(const char *text)
{
	const char *form = hint_of_form(text);

	if (form)
		return form;
	if (!strpbrk(text, ".:"))
		return NULL;
	if (strchr(text, '*'))
		return "write a prefix, like 10.0.0.0/24";
	if (strchr(text, '-') && text[strcspn(text, "ghijklmnopqrstuvwxyz")] == '\0')
		return "ranges are written as prefixes, like 10.0.0.0/30";
	if (text[strcspn(text, "ghijklmnopqrstuvwxyz_")] != '\0')
		return "names of hosts are not looked up";
	return NULL;
}

/* Bits of a mask like 255.255.255.0, -1 when it is none. */
static int mask_length(const char *text)
{
	uint8_t b[4];
	uint32_t m;

	if (inet_pton(AF_INET, text, b) != 1)
		return -1;
	m = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	return (~m & (~m + 1)) ? -1 : __builtin_popcount(m);
}

/* The IPv4 prefix that was written with parts left out (10/8, 192.168.1/24),
 * with zeros before numbers or with a mask; false when it is none of these. */
static bool respell4(const char *text, char out[32])
{
	const char *slash = strchr(text, '/'), *p = text;
	unsigned part[4] = { 0 }, n = 0;
	uint64_t len = 32;
	char why[DAMP_WHY_MAX];

	for (; n < 4 && isdigit((unsigned char)*p); n++) {
		for (unsigned digits = 0; isdigit((unsigned char)*p) && digits < 3; digits++)
			part[n] = part[n] * 10 + (unsigned)(*p++ - '0');
		if (part[n] > 255)
			return false;
		p += *p == '.' && isdigit((unsigned char)p[1]);
	}
	p += strspn(p, " ");
	if (!n || (slash ? p != slash : *p || n < 4))
		return false;
	if (slash && mask_length(slash + 1) >= 0)
		len = (unsigned)mask_length(slash + 1);
	else if (slash && !damp_integer_parse(slash + 1 + strspn(slash + 1, "0"), 0, 32, &len, why))
		return false;
	snprintf(out, 32, "%u.%u.%u.%u%s", part[0], part[1], part[2], part[3], slash ? "/" : "");
	if (slash)
		snprintf(out + strlen(out), 4, "%u", (unsigned)len);
	return strcmp(out, text) != 0;
}

static bool refuse(const char *text, char *why)
{
	const char *hint = hint_of(text);
	char meant[32];

	if (respell4(text, meant)) {
		snprintf(why, DAMP_WHY_MAX, "'%.60s' is not an address or a prefix; did you mean '%s'?", text, meant);
		return false;
	}

	snprintf(why, DAMP_WHY_MAX, "'%.60s' is not an address%s%s%s", text,
		 looks_like_name(text) ? ", a prefix or a zone" : " or a prefix", hint ? "; " : "", hint ? hint : "");
	return false;
}

static bool split(const char *text, char host[INET6_ADDRSTRLEN], int *plen)
{
	const char *slash = strchr(text, '/');
	const size_t len = slash ? (size_t)(slash - text) : strlen(text);
	uint64_t n = 0;
	char why[DAMP_WHY_MAX];

	if (len >= INET6_ADDRSTRLEN || (slash && !damp_integer_parse(slash + 1, 0, 999, &n, why)))
		return false;
	memcpy(host, text, len);
	host[len] = 0;
	*plen = slash ? (int)n : -1;
	return true;
}

static damp_u128 number(const uint8_t *b, size_t n)
{
	damp_u128 v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | b[i];
	return v;
}

static void put_number(damp_u128 v, uint8_t *b, size_t n)
{
	while (n--) {
		b[n] = (uint8_t)v;
		v >>= 8;
	}
}

bool damp_prefix_parse(struct damp_pool *p, const char *text, struct damp_addrs *out, char *why)
{
	char host[INET6_ADDRSTRLEN];
	uint8_t b[16];
	int plen, bits;
	damp_u128 addr, rest;

	if (!split(text, host, &plen))
		return refuse(text, why);
	if (inet_pton(AF_INET, host, b) == 1)
		bits = 32;
	else if (inet_pton(AF_INET6, host, b) == 1)
		bits = 128;
	else
		return refuse(text, why);
	if (plen < 0)
		plen = bits;
	if (plen > bits) {
		snprintf(why, DAMP_WHY_MAX, "'%s' is longer than the %d bits of an address", text,
			 bits);
		return false;
	}
	addr = number(b, (size_t)bits / 8);
	rest = plen == 0 ? (bits == 32 ? V4_MAX : ~(damp_u128)0)
			 : ((damp_u128)1 << (bits - plen)) - 1;
	if (addr & rest) {
		put_number(addr & ~rest, b, (size_t)bits / 8);
		inet_ntop(bits == 32 ? AF_INET : AF_INET6, b, host, sizeof(host));
		snprintf(why, DAMP_WHY_MAX,
			 "'%s' has bits set behind its length; did you mean '%s/%d'?", text, host,
			 plen);
		return false;
	}
	if (bits == 128 && addr <= (MAPPED_LOW | V4_MAX) && (addr | rest) >= MAPPED_LOW &&
	    plen >= 96) {
		snprintf(why, DAMP_WHY_MAX, "'%s' is a mapped IPv4 address; write it as IPv4",
			 text);
		return false;
	}
	damp_spans_add(p, &out->family[bits == 32 ? DAMP_V4 : DAMP_V6], addr, addr | rest);
	return true;
}

void damp_addrs_any(struct damp_pool *p, struct damp_addrs *out)
{
	damp_spans_add(p, &out->family[DAMP_V4], 0, V4_MAX);
	damp_spans_add(p, &out->family[DAMP_V6], 0, ~(damp_u128)0);
}

void damp_addrs_multicast(struct damp_pool *p, struct damp_addrs *out)
{
	damp_spans_add(p, &out->family[DAMP_V4], 0xe0000000ull, 0xefffffffull);
	damp_spans_add(p, &out->family[DAMP_V4], V4_MAX, V4_MAX);
	damp_spans_add(p, &out->family[DAMP_V6], (damp_u128)0xff << 120, ~(damp_u128)0);
}

void damp_addrs_join(struct damp_pool *p, struct damp_addrs *to, const struct damp_addrs *from)
{
	for (int f = 0; f < DAMP_FAMILIES; f++)
		for (size_t i = 0; i < from->family[f].n; i++)
			damp_spans_add(p, &to->family[f], from->family[f].s[i].low,
				       from->family[f].s[i].high);
}

void damp_addrs_normalise(struct damp_addrs *a)
{
	for (int f = 0; f < DAMP_FAMILIES; f++)
		damp_spans_normalise(&a->family[f]);
}
