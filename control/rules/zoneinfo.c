/* SPDX-License-Identifier: BSD-3-Clause */
/* See zoneinfo.h. */
#include "zoneinfo.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEADER_LEN 44u
#define FILE_MAX 65536u
#define DAY_S 86400
#define OFFSET_MAX_S 93600      /* 26 h (RFC 8536 section 3.2) */
#define WEEKS 5
#define BEFORE_ALL (INT64_MIN / 2)

struct counts { uint64_t isut, isstd, leap, time, type, chars; };

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const unsigned char *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static bool read_header(const unsigned char *p, size_t left, struct counts *c)
{
	if (left < HEADER_LEN || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return false;
	*c = (struct counts){ be32(p + 20), be32(p + 24), be32(p + 28), be32(p + 32), be32(p + 36), be32(p + 40) };
	return c->type >= 1 && c->type <= 256;
}

/* Bytes of a data block with times of so many bytes. */
static uint64_t block_len(const struct counts *c, unsigned time_bytes)
{
	return c->time * (time_bytes + 1u) + c->type * 6 + c->chars + c->leap * (time_bytes + 4u) + c->isstd +
	       c->isut;
}

static int64_t days_to(int year, int month, int day)
{
	/* Days from the civil calendar, years beginning in March. */
	const int y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;

	return (int64_t)365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool add(struct damp_pool *pool, struct damp_transitions *out, int64_t at, int32_t offset_s)
{
	const struct damp_transition t = { .at = at, .offset_s = offset_s };

	if (offset_s < -OFFSET_MAX_S || offset_s > OFFSET_MAX_S || (out->n && at <= out->t[out->n - 1].at))
		return false;
	if (out->n && out->t[out->n - 1].offset_s == offset_s)
		return true;
	DAMP_PUSH(pool, out->t, out->n, out->cap, t);
	return true;
}

/* One rule of the footer, "M3.5.0/2": the nth weekday of a month, and when. */
struct change { int month, week, weekday; int32_t at_s; };

static bool take(const char **p, int low, int high, int *out)
{
	int v = 0, n = 0;

	while (isdigit((unsigned char)**p) && n++ < 4)
		v = v * 10 + *(*p)++ - '0';
	*out = v;
	return n > 0 && v >= low && v <= high;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(const char **p, int hours_max, int32_t *out)
{
	const bool minus = **p == '-';
	int h, m = 0, s = 0;

	*p += **p == '-' || **p == '+';
	if (!take(p, 0, hours_max, &h))
		return false;
	if (**p == ':' && (++*p, !take(p, 0, 59, &m)))
		return false;
	if (**p == ':' && (++*p, !take(p, 0, 59, &s)))
		return false;
	*out = (h * 3600 + m * 60 + s) * (minus ? -1 : 1);
	return true;
}

static bool take_name(const char **p)
{
	const char *from = *p;

	if (**p == '<') {
		*p += strcspn(*p, ">");
		return *(*p)++ == '>';
	}
	while (isalpha((unsigned char)**p))
		(*p)++;
	return *p - from >= 3;
}

static bool take_change(const char **p, struct change *c)
{
	c->at_s = 2 * 3600;
	if (*(*p)++ != ',' || *(*p)++ != 'M' || !take(p, 1, 12, &c->month) || *(*p)++ != '.' ||
	    !take(p, 1, WEEKS, &c->week) || *(*p)++ != '.' || !take(p, 0, 6, &c->weekday))
		return false;
	return **p != '/' || (++*p, take_time(p, 167, &c->at_s));
}

/* Seconds of the local clock at which the change of a year happens. */
static int64_t moment_of(const struct change *c, int year)
{
	const int64_t first = days_to(year, c->month, 1);
	const int64_t next = c->month == 12 ? days_to(year + 1, 1, 1) : days_to(year, c->month + 1, 1);
	const int first_weekday = (int)((first + 4) % 7); /* Sunday is 0 */
	int64_t day = first + (c->weekday - first_weekday + 7) % 7 + 7 * (c->week - 1);

	while (day >= next)
		day -= 7;
	return day * DAY_S + c->at_s;
}

/* Write the years behind the last transition out. */
static bool extend(struct damp_pool *pool, const char *p, struct damp_transitions *out)
{
	const int64_t last = out->t[out->n - 1].at;
	int32_t std_s, dst_s, west_s;
	struct change on, off;

	if (!*p)
		return true;
	if (!take_name(&p) || !take_time(&p, 24, &west_s))
		return false;
	std_s = -west_s; /* POSIX counts westward */
	if (!*p)
		return true;
	if (!take_name(&p))
		return false;
	west_s = -std_s - 3600;
	if (*p != ',' && !take_time(&p, 24, &west_s))
		return false;
	dst_s = -west_s;
	if (!take_change(&p, &on) || !take_change(&p, &off) || *p)
		return false;
	for (int year = DAMP_ZONE_FIRST_YEAR; year <= DAMP_ZONE_LAST_YEAR; year++) {
		const int64_t a = moment_of(&on, year) - std_s, b = moment_of(&off, year) - dst_s;
		const bool on_first = a < b;

		if ((on_first ? a : b) > last && !add(pool, out, on_first ? a : b, on_first ? dst_s : std_s))
			return false;
		if ((on_first ? b : a) > last && !add(pool, out, on_first ? b : a, on_first ? std_s : dst_s))
			return false;
	}
	return true;
}

static bool take_times(struct damp_pool *pool, const unsigned char *p, const struct counts *c,
		       struct damp_transitions *out)
{
	const unsigned char *index = p + c->time * 8, *type = index + c->time;
	const int64_t begin = days_to(DAMP_ZONE_FIRST_YEAR, 1, 1) * DAY_S;
	const int64_t end = days_to(DAMP_ZONE_LAST_YEAR + 1, 1, 1) * DAY_S;
	int32_t before = (int32_t)be32(type);
	uint64_t i = 0;

	for (; i < c->time && be64(p + i * 8) <= begin; i++) {
		if (index[i] >= c->type)
			return false;
		before = (int32_t)be32(type + index[i] * 6u);
	}
	if (!add(pool, out, BEFORE_ALL, before))
		return false;
	for (; i < c->time && be64(p + i * 8) < end; i++)
		if (index[i] >= c->type || !add(pool, out, be64(p + i * 8), (int32_t)be32(type + index[i] * 6u)))
			return false;
	return true;
}

enum damp_zone_found damp_zone_parse(struct damp_pool *pool, const unsigned char *data, size_t len,
				     struct damp_transitions *out)
{
	struct counts c;
	uint64_t at, end;
	const char *footer;

	if (!read_header(data, len, &c))
		return DAMP_ZONE_BAD;
	at = HEADER_LEN + block_len(&c, 4);
	if (at > len || !read_header(data + at, len - at, &c))
		return DAMP_ZONE_BAD;
	at += HEADER_LEN;
	end = at + block_len(&c, 8);
	if (end >= len || !take_times(pool, data + at, &c, out))
		return DAMP_ZONE_BAD;
	if (data[end] != '\n' || data[len - 1] != '\n' || len - end < 2)
		return DAMP_ZONE_BAD;
	footer = damp_pool_strndup(pool, (const char *)data + end + 1, len - end - 2);
	return extend(pool, footer, out) ? DAMP_ZONE_OK : DAMP_ZONE_BAD;
}

/* No dots, so no way up, and no absolute path. */
static bool name_is_safe(const char *name)
{
	if (!isalpha((unsigned char)name[0]) || strlen(name) >= DAMP_NAME_MAX)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("_+-/", *name))
			return false;
	return true;
}

enum damp_zone_found damp_zone_read(struct damp_pool *pool, const char *name, struct damp_transitions *out)
{
	char path[sizeof(DAMP_ZONEINFO_DIR) + DAMP_NAME_MAX + 1];
	unsigned char *buf;
	size_t len;
	FILE *f;

	if (strcmp(name, "UTC") == 0)
		return add(pool, out, BEFORE_ALL, 0) ? DAMP_ZONE_OK : DAMP_ZONE_BAD;
	if (!name_is_safe(name))
		return DAMP_ZONE_UNKNOWN;
	snprintf(path, sizeof(path), DAMP_ZONEINFO_DIR "/%s", name);
	f = fopen(path, "re");
	if (f == NULL)
		return DAMP_ZONE_UNKNOWN;
	buf = damp_pool_alloc(pool, FILE_MAX);
	len = fread(buf, 1, FILE_MAX, f);
	fclose(f);
	if (len < 4 || memcmp(buf, "TZif", 4) != 0)
		return DAMP_ZONE_UNKNOWN; /* a directory, or one of the tables beside the zones */
	return damp_zone_parse(pool, buf, len, out);
}
