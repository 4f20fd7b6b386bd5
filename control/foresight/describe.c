/* SPDX-License-Identifier: BSD-3-Clause */
/* What people write, into a description; see describe.h. */
#include "describe.h"

#include "decode.h"
#include "rules/option_value.h"
#include "rules/suggest.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 1500u

__attribute__((format(printf, 2, 3))) static bool wrong(char *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, DAMP_DESCRIBE_WHY, fmt, ap);
	va_end(ap);
	return false;
}

static bool number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	*out = strtoul(text, &end, 10);
	return *end == '\0' && end - text < 11 && *out <= max;
}

static bool read_addr(const char *text, struct damp_addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(a->b, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, text, a->b + 12) == 1)
		return true;
	return inet_pton(AF_INET6, text, a->b) == 1;
}

bool damp_endpoint_parse(const char *text, uint16_t port, struct damp_endpoint *out, char *why)
{
	char host[64], *colon;
	unsigned long n = port;
	const bool brackets = text[0] == '[';

	if (strlen(text) >= sizeof(host))
		return wrong(why, "'%.60s' is no address", text);
	snprintf(host, sizeof(host), "%s", text + brackets);
	colon = brackets ? strchr(host, ']') : strchr(host, ':');
	if (brackets && (colon == NULL || (colon[1] != '\0' && colon[1] != ':')))
		return wrong(why, "'%s': an IPv6 address with a port is written [2001:db8::1]:5683",
			     text);
	if (brackets)
		*colon++ = '\0';
	else if (colon != NULL && strchr(colon + 1, ':') != NULL)
		colon = NULL; /* IPv6 without a port */
	if (colon != NULL && *colon == ':') {
		*colon = '\0';
		if (!number(colon + 1, 65535, &n) || n == 0)
			return wrong(why, "'%s': a port goes from 1 to 65535", text);
	}
	if (!read_addr(host, &out->addr))
		return wrong(
			why,
			"'%s' is no address; write 192.0.2.1, 192.0.2.1:5683 or [2001:db8::1]:5683",
			text);
	out->port = (uint16_t)n;
	return true;
}

static bool add_option(struct damp_description *d, uint32_t num, const void *value, size_t len,
		       char *why)
{
	unsigned i = d->noptions;

	if (i == DAMP_DESCRIBE_OPTIONS || len > DAMP_DESCRIBE_VALUES - d->nvalues)
		return wrong(why, "too many options");
	/* In the order of their numbers, equal ones as they come. */
	for (; i > 0 && d->option[i - 1].number > num; i--)
		d->option[i] = d->option[i - 1];
	d->option[i] = (struct damp_described_option){ num, (uint16_t)d->nvalues, (uint16_t)len };
	d->noptions++;
	if (len)
		memcpy(d->value + d->nvalues, value, len);
	d->nvalues += (uint32_t)len;
	return true;
}

/* One segment or argument, %XX decoded. */
static bool add_text(struct damp_description *d, uint32_t num, const char *text, size_t len,
		     char *why)
{
	uint8_t value[WORD_MAX];
	size_t n = 0;

	for (size_t i = 0; i < len; i++, n++) {
		char two[3] = { 0 };

		value[n] = (uint8_t)text[i];
		if (text[i] != '%')
			continue;
		if (len - i >= 3)
			memcpy(two, text + i + 1, 2);
		if (damp_hex_parse(two, value + n, 1) != 1)
			return wrong(why, "a %% in a path or query is followed by two hex digits");
		i += 2;
	}
	return add_option(d, num, value, n, why);
}

static bool add_parts(struct damp_description *d, uint32_t num, const char *text, size_t len,
		      char between, char *why)
{
	const char *end = text + len;

	for (;;) {
		const char *stop = memchr(text, between, (size_t)(end - text));

		if (!add_text(d, num, text, (size_t)((stop ? stop : end) - text), why))
			return false;
		if (stop == NULL)
			return true;
		text = stop + 1;
	}
}

static bool add_target(struct damp_description *d, const char *target, char *why)
{
	const size_t path = strcspn(target, "?");

	if (target[0] != '/' || strlen(target) >= WORD_MAX)
		return wrong(why, "'%.60s': a path begins with / and has at most %u bytes", target,
			     WORD_MAX);
	if (path > 1 && !add_parts(d, DAMP_COAP_OPT_URI_PATH, target + 1, path - 1, '/', why))
		return false;
	if (target[path] != '?')
		return true;
	return add_parts(d, DAMP_COAP_OPT_URI_QUERY, target + path + 1, strlen(target + path + 1),
			 '&', why);
}

static bool read_type(const char *word, uint8_t *type)
{
	static const char *const types[] = { "CON", "NON", "ACK", "RST" };

	for (uint8_t i = 0; i < DAMP_COAP_TYPE_MAX; i++)
		if (strcmp(word, types[i]) == 0) {
			*type = i;
			return true;
		}
	return false;
}

static bool read_code(const char *word, uint8_t *code)
{
	static const struct {
		const char *name;
		uint8_t code;
	} names[] = {
#define X(name, cls, det, text) { text, DAMP_COAP_##name },
		DAMP_COAP_METHODS(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(word, names[i].name) == 0) {
			*code = names[i].code;
			return true;
		}
	if (strlen(word) != 4 || word[0] < '0' || word[0] > '7' || word[1] != '.' ||
	    strspn(word + 2, "0123456789") != 2 || atoi(word + 2) > 31)
		return false;
	*code = DAMP_COAP_CODE(word[0] - '0', atoi(word + 2));
	return true;
}

bool damp_describe(const char *text, struct damp_description *d, char *why)
{
	static const uint8_t token[] = { 0xda, 0x39, 0xe4, 0x01 };
	char type[8] = "", code[8] = "", target[WORD_MAX] = "", rest[2] = "";
	const int n = sscanf(text, "%7s %7s %1499s %1s", type, code, target, rest);

	memset(d, 0, sizeof(*d));
	d->mid = 1;
	if (n < 1 || !read_type(type, &d->type))
		return wrong(
			why,
			"'%.60s': a message begins with CON, NON, ACK or RST, like 'CON GET /a'",
			text);
	if (n > 3)
		return wrong(why, "'%.60s': nothing may follow the path", text);
	if (n == 1)
		return true;
	if (!read_code(code, &d->code))
		return wrong(why,
			     "'%s' is no code; write GET, POST, PUT, DELETE, FETCH, PATCH, iPATCH, "
			     "or like 2.05",
			     code);
	if (d->code == DAMP_COAP_CODE_EMPTY)
		return n == 2 || wrong(why, "an Empty message has no path");
	d->token_len = sizeof(token);
	memcpy(d->token, token, sizeof(token));
	return n < 3 || add_target(d, target, why);
}

static bool add_uint(struct damp_description *d, uint32_t num, uint32_t value, char *why)
{
	uint8_t bytes[4];
	unsigned skip = 0;

	damp_put32(bytes, value);
	while (skip < 4 && bytes[skip] == 0)
		skip++;
	return add_option(d, num, bytes + skip, 4 - skip, why);
}

static bool add_block(struct damp_description *d, uint32_t num, const char *text, char *why)
{
	char what[DAMP_WHY_MAX];
	uint32_t value;

	return damp_block_parse(text, &value, what) ? add_uint(d, num, value, why) : wrong(why, "%s", what);
}

static bool option_number(const char *name, uint32_t *num)
{
	unsigned long n;

	if (number(name, 65535, &n)) {
		*num = (uint32_t)n;
		return true;
	}
#define X(id, option, min, max, rep, text) \
	if (strcmp(name, text) == 0) {     \
		*num = option;             \
		return true;               \
	}
	DAMP_COAP_OPTIONS(X)
#undef X
	return false;
}

static bool no_option(const char *name, char *why)
{
	struct damp_suggestion near = damp_suggestion_start(name);

#define X(id, option, min, max, rep, text) damp_suggestion_try(&near, text);
	DAMP_COAP_OPTIONS(X)
#undef X
	if (near.name != NULL)
		return wrong(why, "there is no option '%s'; did you mean '%s'?", name, near.name);
	return wrong(why, "there is no option '%s'; write a name like observe, or a number", name);
}

static bool add_value(struct damp_description *d, uint32_t num, const char *name, const char *value,
		      char *why)
{
	uint8_t bytes[WORD_MAX];
	unsigned long n;
	long len;

	if (strncmp(value, "0x", 2) == 0) {
		len = damp_hex_parse(value, bytes, sizeof(bytes));
		return len < 0 ? wrong(why, "'%.40s' is no hex", value)
			       : add_option(d, num, bytes, (size_t)len, why);
	}
	switch (damp_option_format(num)) {
	case DAMP_FORMAT_UINT:
		return number(value, UINT32_MAX, &n) ? add_uint(d, num, (uint32_t)n, why)
						     : wrong(why, "option %s is a number", name);
	case DAMP_FORMAT_BLOCK: return add_block(d, num, value, why);
	case DAMP_FORMAT_STRING: return add_option(d, num, value, strlen(value), why);
	case DAMP_FORMAT_EMPTY:
		return *value == '\0' ? add_option(d, num, NULL, 0, why)
				      : wrong(why, "option %s has no value", name);
	case DAMP_FORMAT_OPAQUE:
	default:
		return *value == '\0'
			       ? add_option(d, num, NULL, 0, why)
			       : wrong(why, "the value of option %s is written in hex, like 0x0102",
				       name);
	}
}

bool damp_describe_option(struct damp_description *d, const char *text, char *why)
{
	char name[40];
	const size_t n = strcspn(text, "=");
	uint32_t num;

	if (n >= sizeof(name))
		return wrong(why, "'%.40s' is no option", text);
	snprintf(name, sizeof(name), "%.*s", (int)n, text);
	if (!option_number(name, &num))
		return no_option(name, why);
	return add_value(d, num, name, text[n] == '=' ? text + n + 1 : "", why);
}
