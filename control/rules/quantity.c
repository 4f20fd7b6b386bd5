/* SPDX-License-Identifier: BSD-3-Clause */
/* See quantity.h. */
#include "quantity.h"
#include "suggest.h"

#include <ctype.h>
#include <damper/program.h>
#include <stdio.h>
#include <string.h>

/* Bound of all numbers: 10^12 millionths still multiply within 64 bits. */
#define DIGITS_MAX 14 /* more than NUMBER_MAX has */
#define NUMBER_MAX 1000000000000ull

/* The exact units, and how often people write something else for them. */
static const struct unit {
	const char *name;
	enum damp_unit unit;
	uint64_t num; /* base units in one; for kbit 1000 / 8 */
	uint32_t per_s;
	const char *meant; /* spellings refused with this unit as suggestion */
} units[] = {
	{ "msg", DAMP_UNIT_MESSAGES, 1, 1, " msgs message messages m pkt packets " },
	{ "B", DAMP_UNIT_BYTES, 1, 1, " b byte bytes octets " },
	{ "kB", DAMP_UNIT_BYTES, 1000, 1, " KB kb K k " },
	{ "KiB", DAMP_UNIT_BYTES, 1024, 1, " kiB Kib kib Ki " },
	{ "MB", DAMP_UNIT_BYTES, 1000000, 1, " Mb mb M " },
	{ "MiB", DAMP_UNIT_BYTES, 1u << 20, 1, " Mib mib Mi " },
	{ "GiB", DAMP_UNIT_BYTES, 1u << 30, 1, " Gib gib Gi G GB gb " },
	{ "ms", DAMP_UNIT_MS, 1, 1, " msec millis " },
	{ "s", DAMP_UNIT_MS, 1000, 1, " sec secs second seconds S " },
	{ "min", DAMP_UNIT_MS, 60000, 1, " m mins minute minutes " },
	{ "h", DAMP_UNIT_MS, 3600000, 1, " hr hrs hour hours H " },
	{ "d", DAMP_UNIT_MS, 86400000, 1, " day days D " },
	{ "x", DAMP_UNIT_TIMES, 1, 1, " X times fold * " },
	{ "msg/s", DAMP_UNIT_MESSAGE_RATE, 1, 1,
	  " pps pkt/s mps /s msgs/s msg/sec msg/second msgps messages/s msg req/s rps hz Hz " },
	{ "msg/min", DAMP_UNIT_MESSAGE_RATE, 1, 60, " msg/m msg/minute msgs/min ppm /min rpm " },
	{ "msg/h", DAMP_UNIT_MESSAGE_RATE, 1, 3600, " msg/hour msgs/h /h msg/hr " },
	{ "B/s", DAMP_UNIT_BYTE_RATE, 1, 1, " Bps bytes/s byte/s B b/s " },
	{ "kB/s", DAMP_UNIT_BYTE_RATE, 1000, 1, " KB/s kb/s kBps KBps K k kB KB k/s K/s " },
	{ "KiB/s", DAMP_UNIT_BYTE_RATE, 1024, 1, " kiB/s KiBps KiB Ki/s " },
	{ "MB/s", DAMP_UNIT_BYTE_RATE, 1000000, 1, " mb/s MBps M M/s MB " },
	{ "MiB/s", DAMP_UNIT_BYTE_RATE, 1u << 20, 1, " MiBps MiB Mi/s " },
	{ "kbit/s", DAMP_UNIT_BYTE_RATE, 125, 1, " kbps Kbps kbit Kbit/s Kbit kbit/sec " },
	{ "Mbit/s", DAMP_UNIT_BYTE_RATE, 125000, 1, " mbps Mbps mbit Mbit mbit/s Mb/s " },
	{ "Gbit/s", DAMP_UNIT_BYTE_RATE, 125000000, 1, " gbps Gbps gbit Gbit gbit/s Gb/s " },
};
#define UNITS (sizeof(units) / sizeof(units[0]))

/* What a bare number most likely lacks. */
static const char *const usual_unit[DAMP_UNIT_MAX] = {
	[DAMP_UNIT_MESSAGES] = "msg",
	[DAMP_UNIT_BYTES] = "B",
	[DAMP_UNIT_MS] = "s",
	[DAMP_UNIT_TIMES] = "x",
	[DAMP_UNIT_MESSAGE_RATE] = "msg/s",
	[DAMP_UNIT_BYTE_RATE] = "KiB/s",
};

static bool wanted(unsigned want, enum damp_unit u)
{
	return (want >> u) & 1;
}

static const char *usual(unsigned want)
{
	enum damp_unit u = 0;

	if (wanted(want, DAMP_UNIT_MESSAGE_RATE))
		u = DAMP_UNIT_MESSAGE_RATE;
	while (!wanted(want, u))
		u++;
	return usual_unit[u];
}

/* A factor sticks to its number, other units stand apart. */
static const char *gap(const char *unit)
{
	return strcmp(unit, "x") == 0 ? "" : " ";
}

/* 010 is 8 to some readers and 10 to others. */
static bool leads_with_zero(const char *s)
{
	return s[0] == '0' && isdigit((unsigned char)s[1]);
}

/* Digits with at most six decimals, as millionths. Moves *p behind them. */
static bool read_number(const char **p, uint64_t *micro)
{
	const char *s = *p;
	uint64_t whole = 0, part = 0, scale = DAMP_MICRO;

	if (!isdigit((unsigned char)*s) || leads_with_zero(s))
		return false;
	for (; isdigit((unsigned char)*s); s++) {
		whole = whole * 10 + (uint64_t)(*s - '0');
		if (whole > NUMBER_MAX)
			return false;
	}
	if (s[0] == '.' && isdigit((unsigned char)s[1]))
		for (s++; isdigit((unsigned char)*s); s++) {
			scale /= 10;
			if (!scale)
				return false;
			part += (uint64_t)(*s - '0') * scale;
		}
	*micro = whole * DAMP_MICRO + part;
	*p = s;
	return true;
}

static const struct unit *find_unit(const char *name, unsigned want)
{
	for (size_t i = 0; i < UNITS; i++)
		if (wanted(want, units[i].unit) && strcmp(units[i].name, name) == 0)
			return &units[i];
	return NULL;
}

static const char *meant_unit(const char *name, unsigned want)
{
	struct damp_suggestion near = damp_suggestion_start(name);
	char word[40];

	snprintf(word, sizeof(word), " %s ", name);
	for (size_t i = 0; i < UNITS; i++)
		if (wanted(want, units[i].unit) && strstr(units[i].meant, word))
			return units[i].name;
	for (size_t i = 0; i < UNITS; i++)
		if (wanted(want, units[i].unit))
			damp_suggestion_try(&near, units[i].name);
	return near.name;
}

void damp_quantity_units(unsigned want, const char *sep, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = 0;
	for (size_t i = 0; i < UNITS; i++)
		if (wanted(want, units[i].unit) && n < cap)
			n += (size_t)snprintf(out + n, cap - n, "%s%s", n ? sep : "",
					      units[i].name);
}

static void say_unit(const char *text, int digits, const char *unit, unsigned want, char *why)
{
	const char *meant = *unit ? meant_unit(unit, want) : NULL;
	char list[110];

	if (!*unit) {
		snprintf(why, DAMP_WHY_MAX, "'%s' has no unit; write '%.*s%s%s'", text, digits,
			 text, gap(usual(want)), usual(want));
	} else if (meant) {
		snprintf(why, DAMP_WHY_MAX, "'%s' has no known unit; did you mean '%.*s%s%s'?",
			 text, digits, text, gap(meant), meant);
	} else {
		damp_quantity_units(want, ", ", list, sizeof(list));
		snprintf(why, DAMP_WHY_MAX, "'%.40s' has no unit that fits here; write one of %s",
			 text, list);
	}
}

/* Digits as other tools write them, as ours: 1e3, 1,5, 10,000, 10_000, 010, +5.
 * Returns where they end in text. */
static const char *respell_digits(const char *text, char *out, size_t cap)
{
	const char *p = text + (*text == '+');
	size_t n = 0;

	while (p[0] == '0' && isdigit((unsigned char)p[1]))
		p++;
	for (; n + 1 < cap && (isdigit((unsigned char)*p) || ((*p && strchr("._,'", *p)) && isdigit((unsigned char)p[1]))); p++) {
		const bool thousands = *p != '.' && strspn(p + 1, "0123456789") == 3;

		if (isdigit((unsigned char)*p) || !(thousands || *p == '_'))
			out[n++] = *p == ',' ? '.' : *p;
	}
	if (tolower((unsigned char)p[0]) == 'e' && isdigit((unsigned char)p[1]) && !isdigit((unsigned char)p[2])) {
		for (int zeros = p[1] - '0'; zeros && n + 1 < cap; zeros--)
			out[n++] = '0';
		p += 2;
	}
	out[n] = 0;
	return p;
}

/* What was meant by a number that other tools understand, when that is one. */
static bool respell(const char *text, unsigned want, char out[64])
{
	const char *p = respell_digits(text, out, 40);
	size_t n = strlen(out);
	struct damp_quantity q;
	char why[DAMP_WHY_MAX];

	if (!n || strlen(p) > 20)
		return false;
	out[n++] = ' ';
	for (; *p; p++) /* "10 msg / s", "10 msg per s" */
		if (strncmp(p, " per ", 5) == 0) {
			out[n++] = '/';
			p += 4;
		} else if (*p != ' ')
			out[n++] = *p;
	out[n] = 0;
	if (out[n - 1] == 'x')
		memmove(strchr(out, ' '), strchr(out, ' ') + 1, strlen(strchr(out, ' ')));
	p = strchr(out, ' ');
	if (p && !find_unit(p + 1, want) && meant_unit(p + 1, want))
		snprintf(out + (p + 1 - out), 64 - (size_t)(p + 1 - out), "%s", meant_unit(p + 1, want));
	return strcmp(out, text) != 0 && damp_quantity_parse(out, want, &q, why);
}

static bool say_respelt(const char *text, unsigned want, char *why)
{
	char meant[64];

	if (strlen(text) > 40 || !respell(text, want, meant))
		return false;
	snprintf(why, DAMP_WHY_MAX, "'%s' is not how a number is written here; write '%s'", text, meant);
	return true;
}

static bool too_big(const char *text, char *why)
{
	snprintf(why, DAMP_WHY_MAX, "'%.60s' is too large", text);
	return false;
}

bool damp_quantity_parse(const char *text, unsigned want, struct damp_quantity *q, char *why)
{
	const char *p = text;
	const struct unit *u;
	uint64_t micro;
	int digits;

	if (strspn(text, "0123456789") >= DIGITS_MAX)
		return too_big(text, why);
	if (strlen(text) > 60 || !read_number(&p, &micro)) {
		if (say_respelt(text, want, why))
			return false;
		snprintf(why, DAMP_WHY_MAX,
			 "'%.60s' is not a number with a unit; write it like '10%s%s'", text,
			 gap(usual(want)), usual(want));
		return false;
	}
	digits = (int)(p - text);
	while (*p == ' ')
		p++;
	u = find_unit(p, want);
	if (!u && *p && !meant_unit(p, want) && say_respelt(text, want, why))
		return false;
	if (!u) {
		say_unit(text, digits, p, want, why);
		return false;
	}
	if (micro > UINT64_MAX / u->num)
		return too_big(text, why);
	*q = (struct damp_quantity){ .unit = u->unit, .micro = micro * u->num, .per_s = u->per_s };
	return true;
}

bool damp_integer_parse(const char *text, uint64_t low, uint64_t high, uint64_t *out, char *why)
{
	const bool hex = text[0] == '0' && text[1] == 'x';
	const char *p = hex ? text + 2 : text;
	uint64_t v = 0;

	if (leads_with_zero(text)) {
		snprintf(why, DAMP_WHY_MAX, "'%.60s' begins with a 0, which is octal to some; write '%.60s'", text,
			 text + strspn(text, "0") - (text[strspn(text, "0")] == '\0'));
		return false;
	}
	for (; *p && v <= UINT32_MAX; p++) {
		const int c = tolower((unsigned char)*p);
		const int digit = isdigit(c)			? c - '0'
				  : hex && c >= 'a' && c <= 'f' ? c - 'a' + 10
								: -1;

		if (digit < 0)
			break;
		v = v * (hex ? 16 : 10) + (uint64_t)digit;
	}
	if (*p || p == text || (hex && p == text + 2) || v < low || v > high) {
		snprintf(why, DAMP_WHY_MAX, "'%.60s' is not a whole number from %llu to %llu", text,
			 (unsigned long long)low, (unsigned long long)high);
		return false;
	}
	*out = v;
	return true;
}

uint64_t damp_cost_q16(const struct damp_quantity *rate, uint64_t factor_micro)
{
	/* ticks per unit * 2^16 = 2^20 * 2^16 * per_s / units, both micro twice. */
	const unsigned __int128 per = (unsigned __int128)rate->micro * factor_micro;
	const unsigned __int128 up = (unsigned __int128)(DAMP_TICKS_PER_S << 16) * rate->per_s *
				     DAMP_MICRO * DAMP_MICRO;
	unsigned __int128 cost;

	if (!per)
		return 0;
	cost = (up + per - 1) / per;
	return cost >> 64 ? 0 : (uint64_t)cost;
}

static bool digits(const char *text, size_t n, unsigned *out)
{
	for (*out = 0; n; n--, text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		*out = *out * 10 + (unsigned)(*text - '0');
	}
	return true;
}

/* Days before the first of March of a year, counted from the first of March of
 * year 0: there a leap day is the last of its year. */
static int64_t days_to_march(unsigned year)
{
	return 365ll * year + year / 4 - year / 100 + year / 400;
}

bool damp_date_parse(const char *text, int64_t *days, char *why)
{
	static const uint8_t length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	static const uint16_t before[] = { 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275 };
	unsigned y, m, d;
	bool leap;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || !digits(text, 4, &y) ||
	    !digits(text + 5, 2, &m) || !digits(text + 8, 2, &d)) {
		snprintf(why, DAMP_WHY_MAX, "'%.40s' is not a day; write it like 2027-03-01", text);
		return false;
	}
	leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	if (y < 1970 || m < 1 || m > 12 || d < 1 || d > length[m - 1] + (m == 2 && leap ? 1u : 0u)) {
		snprintf(why, DAMP_WHY_MAX, "there is no day '%s'", text);
		return false;
	}
	*days = days_to_march(m < 3 ? y - 1 : y) + before[m - 1] + d - 1 - (days_to_march(1969) + 306);
	return true;
}
