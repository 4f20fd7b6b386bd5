/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers for people; see text.h. Times follow RFC 3339, addresses RFC 5952
 * (by inet_ntop).
 */
#include "text.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct unit {
	const char *name;
	uint64_t seconds;
};

static const struct unit units[] = {
	{ "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 },
};

static const struct unit *find_unit(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == len && memcmp(units[i].name, name, len) == 0)
			return &units[i];
	return NULL;
}

static int parse_digits(const char **at, uint64_t *n)
{
	const char *p = *at;

	for (*n = 0; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(*n, 10u, n) ||
		    __builtin_add_overflow(*n, (uint64_t)(*p - '0'), n))
			return -1;
	}
	if (p == *at)
		return -1;
	*at = p;
	return 0;
}

int damp_text_parse_seconds(const char *text, uint64_t *seconds)
{
	const char *p = text;
	const struct unit *u;
	uint64_t n, part, sum = 0;
	size_t len;

	if (*p == '\0')
		return -1;
	while (*p != '\0') {
		if (parse_digits(&p, &n))
			return -1;
		len = strspn(p, "abcdefghijklmnopqrstuvwxyz");
		if ((u = find_unit(p, len)) == NULL) /* nor without one: 5 of what? */
			return -1;
		if (__builtin_mul_overflow(n, u->seconds, &part) ||
		    __builtin_add_overflow(sum, part, &sum))
			return -1;
		p += len;
	}
	*seconds = sum;
	return 0;
}

#define EXACT_BELOW 99999.5     /* counts up to here are shown to the last packet */

/* Three significant digits and the prefix that belongs to them. */
static char *scaled(char *out, size_t len, double n, const char *unit)
{
	static const char *const prefix[] = { "", "k", "M", "G", "T", "P", "E" };
	unsigned p = 0;
	bool tail;

	while (n >= 999.5 && p + 1 < sizeof(prefix) / sizeof(prefix[0])) {
		n /= 1000;
		p++;
	}
	tail = p > 0 || *unit != '\0';
	snprintf(out, len, "%.*f%s%s%s", p == 0 || n >= 99.95 ? 0 : n >= 9.995 ? 1 : 2, n,
		 tail ? " " : "", prefix[p], unit);
	return out;
}

char *damp_text_count(char *out, size_t len, double n)
{
	if (n >= EXACT_BELOW)
		return scaled(out, len, n, "");
	snprintf(out, len, "%.0f", n);
	return out;
}

char *damp_text_bytes(char *out, size_t len, double bytes)
{
	return scaled(out, len, bytes, "B");
}

char *damp_text_span(char *out, size_t len, uint64_t seconds)
{
	uint64_t d = seconds / 86400, h = seconds / 3600 % 24, m = seconds / 60 % 60,
		 s = seconds % 60;

	if (d > 0)
		snprintf(out, len, "%llu d %llu h", (unsigned long long)d, (unsigned long long)h);
	else if (h > 0)
		snprintf(out, len, "%llu h %llu min", (unsigned long long)h, (unsigned long long)m);
	else if (m > 0)
		snprintf(out, len, "%llu min %llu s", (unsigned long long)m, (unsigned long long)s);
	else
		snprintf(out, len, "%llu s", (unsigned long long)s);
	return out;
}

static size_t whole_seconds(char *out, size_t len, int64_t wall_s)
{
	time_t t = (time_t)wall_s;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	return strftime(out, len, "%Y-%m-%dT%H:%M:%S", &tm);
}

char *damp_text_time(char *out, size_t len, int64_t wall_us)
{
	size_t n = whole_seconds(out, len, wall_us / 1000000);

	snprintf(out + n, len - n, ".%06uZ", (unsigned)(wall_us % 1000000));
	return out;
}

char *damp_text_time_s(char *out, size_t len, int64_t wall_s)
{
	size_t n = whole_seconds(out, len, wall_s);

	snprintf(out + n, len - n, "Z");
	return out;
}

/* "Z" or "+01:00" behind a time, as seconds to take away. */
static int parse_offset(const char *text, int *offset_s)
{
	unsigned h, m;
	int end = 0;

	*offset_s = 0;
	if (strcmp(text, "Z") == 0)
		return 0;
	if ((text[0] != '+' && text[0] != '-') || sscanf(text + 1, "%2u:%2u%n", &h, &m, &end) != 2 ||
	    text[1 + end] != '\0' || h > 23 || m > 59)
		return -1;
	*offset_s = (int)(h * 3600 + m * 60) * (text[0] == '-' ? -1 : 1);
	return 0;
}

int damp_text_parse_time(const char *text, uint64_t *wall_s)
{
	struct tm tm = { 0 }, given;
	int end = 0, offset_s;
	int64_t t;

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		   &tm.tm_min, &end) != 5)
		return -1;
	text += end;
	if (*text == ':') {
		if (sscanf(text, ":%2d%n", &tm.tm_sec, &end) != 1)
			return -1;
		text += end;
	}
	if (parse_offset(text, &offset_s))
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	given = tm;
	/* timegm() makes the 31st of February the 3rd of March: such a day is none. */
	t = timegm(&tm);
	if (tm.tm_mon != given.tm_mon || tm.tm_mday != given.tm_mday || tm.tm_hour != given.tm_hour ||
	    tm.tm_min != given.tm_min || tm.tm_sec != given.tm_sec || t < offset_s)
		return -1;
	*wall_s = (uint64_t)(t - offset_s);
	return 0;
}

char *damp_text_addr(char *out, size_t len, const uint8_t addr[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool v4 = memcmp(addr, mapped, sizeof(mapped)) == 0;

	if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? addr + 12 : addr, out, (socklen_t)len) == NULL)
		snprintf(out, len, "?");
	return out;
}
