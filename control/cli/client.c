/* SPDX-License-Identifier: BSD-3-Clause */
/* HTTP to damperd; see client.h. */
#include "client.h"

#include <curl/curl.h>
#include <damper/wire.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (192u << 20)        /* the text of a generation, escaped (rules/files.h) */
#define CONNECT_TIMEOUT_S 5L
#define READ_TIMEOUT_S 10L
#define LOAD_TIMEOUT_S 60L      /* above what damperd itself waits for the data plane */

struct damp_client {
	CURL *curl;
	char socket[256];
	bool quiet;
	char *text;             /* of the answer */
	size_t len;
};

struct damp_client *damp_client_new(const struct damp_cli *cli)
{
	struct damp_client *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	snprintf(c->socket, sizeof(c->socket), "%s/%s", cli->args.runtime_dir, DAMP_API_SOCKET);
	c->curl = curl_easy_init();
	if (c->curl == NULL) {
		free(c);
		return NULL;
	}
	return c;
}

void damp_client_free(struct damp_client *c)
{
	if (c == NULL)
		return;
	curl_easy_cleanup(c->curl);
	free(c->text);
	free(c);
}

void damp_client_quiet(struct damp_client *c, bool quiet)
{
	c->quiet = quiet;
}

__attribute__((format(printf, 3, 4))) static int fail(const struct damp_client *c, int code,
						      const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (c->quiet)
		return code;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return damp_fail(code, "%s (exit %d)", text, code);
}

static size_t take(char *data, size_t size, size_t n, void *arg)
{
	struct damp_client *c = arg;
	size_t len = size * n;
	char *text;

	if (len > ANSWER_MAX - c->len)
		return 0;
	text = realloc(c->text, c->len + len + 1);
	if (text == NULL)
		return 0;
	memcpy(text + c->len, data, len);
	c->text = text;
	c->len += len;
	text[c->len] = '\0';
	return len;
}

static int not_connected(const struct damp_client *c)
{
	long err = 0;

	curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &err);
	if (err == EACCES || err == EPERM)
		return fail(c, DAMP_EXIT_REFUSED, "you have no permission to use %s", c->socket);
	return fail(
		c, DAMP_EXIT_AWAY,
		"damperd does not answer at %s: is it running? (systemctl status damperd, or --runtime-dir)",
		c->socket);
}

static int transport_failed(const struct damp_client *c, CURLcode rc)
{
	switch (rc) {
	case CURLE_COULDNT_CONNECT:
		return not_connected(c);
	case CURLE_OPERATION_TIMEDOUT:
		return fail(c, DAMP_EXIT_TIMEOUT, "damperd at %s did not answer in time",
			    c->socket);
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return fail(c, DAMP_EXIT_AWAY,
			    "damperd went away in the middle of the answer; try again");
	default:
		return fail(c, DAMP_EXIT_INTERNAL, "talking to damperd: %s",
			    curl_easy_strerror(rc));
	}
}

static int exit_of_status(long status, const char *error)
{
	switch (status) {
	case 200:
		return DAMP_EXIT_OK;
	case 400:
		return DAMP_EXIT_USAGE;
	case 403:
	case 502:
		return DAMP_EXIT_REFUSED;
	case 409:
		return strcmp(error, "nothing") == 0 ? DAMP_EXIT_NO : DAMP_EXIT_BUSY;
	case 404: /* no such rule, set, block ... */
	case 413:
		return DAMP_EXIT_NO;
	case 422:
		return strcmp(error, "unreadable") == 0 ? DAMP_EXIT_UNREADABLE : DAMP_EXIT_NO;
	case 503:
		return DAMP_EXIT_AWAY;
	case 504:
		return DAMP_EXIT_TIMEOUT;
	default:
		return DAMP_EXIT_INTERNAL;
	}
}

static const char *text_of(const json_t *j, const char *key, const char *otherwise)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s != NULL ? s : otherwise;
}

static int judge(const struct damp_client *c, const json_t *j)
{
	long status = 0;
	int code;

	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	code = exit_of_status(status, text_of(j, "error", ""));
	if (code == DAMP_EXIT_OK && j == NULL)
		return fail(c, DAMP_EXIT_INTERNAL,
			    "damperd's answer is no JSON; do the versions differ?");
	if (code == DAMP_EXIT_OK)
		return code;
	if (status == 413)
		return fail(c, code, "the rules are too large for damperd");
	return fail(c, code, "%s", text_of(j, "text", "damperd gave no reason"));
}

/* One request; its answer is c->text. */
static int perform(struct damp_client *c, const char *path, const char *body, size_t len)
{
	char url[4096 + 32];
	CURLcode rc;

	free(c->text);
	c->text = NULL;
	c->len = 0;
	snprintf(url, sizeof(url), "http://damperd%s", path);
	curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, c->socket);
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, body != NULL ? LOAD_TIMEOUT_S : READ_TIMEOUT_S);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
	if (body != NULL) {
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body);
	}
	rc = curl_easy_perform(c->curl);
	return rc == CURLE_OK ? DAMP_EXIT_OK : transport_failed(c, rc);
}

int damp_client_call(struct damp_client *c, const char *path, const char *body, size_t len,
		     json_t **out)
{
	const int code = perform(c, path, body, len);

	*out = NULL;
	if (code != DAMP_EXIT_OK)
		return code;
	*out = json_loadb(c->text != NULL ? c->text : "", c->len, JSON_REJECT_DUPLICATES, NULL);
	return judge(c, *out);
}

int damp_client_fetch(struct damp_client *c, const char *path, char **data, size_t *len)
{
	int code = perform(c, path, NULL, 0);
	long status = 0;
	json_t *j;

	*data = NULL;
	if (code != DAMP_EXIT_OK)
		return code;
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200) {
		*data = c->text;
		*len = c->len;
		c->text = NULL;
		return *data != NULL ? code : fail(c, DAMP_EXIT_INTERNAL, "damperd sent nothing");
	}
	j = json_loadb(c->text != NULL ? c->text : "", c->len, JSON_REJECT_DUPLICATES, NULL);
	code = judge(c, j);
	json_decref(j);
	return code;
}

int damp_client_add_query(struct damp_client *c, char *url, size_t room, const char *key,
			  const char *value)
{
	char *escaped = curl_easy_escape(c->curl, value, 0);
	size_t at = strlen(url);
	int n;

	if (escaped == NULL)
		return -1;
	n = snprintf(url + at, room - at, "%c%s=%s", strchr(url, '?') != NULL ? '&' : '?', key,
		     escaped);
	curl_free(escaped);
	return n >= 0 && (size_t)n < room - at ? 0 : -1;
}

int damp_client_get(const struct damp_cli *cli, const char *path, json_t **out)
{
	struct damp_client *c = damp_client_new(cli);
	int code;

	*out = NULL;
	if (c == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	code = damp_client_call(c, path, NULL, 0, out);
	damp_client_free(c);
	if (code != DAMP_EXIT_OK) {
		json_decref(*out);
		*out = NULL;
	}
	return code;
}
