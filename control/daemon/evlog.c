/* SPDX-License-Identifier: BSD-3-Clause */
/* The newest events; see evlog.h. */
#include "evlog.h"

#include "common/diag_json.h"
#include "log.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct damp_evlog {
	pthread_mutex_t lock;
	char **line;                    /* [capacity]; event n is in line[n % capacity] */
	unsigned capacity;
	uint64_t next;                  /* number of the next event; the first is 1 */
	char run[40];                   /* which run of damperd the numbers belong to */
	char node[HOST_NAME_MAX + 1];
	char *path;
	FILE *file;
	uint64_t events[DAMP_EVENT_TYPE_MAX], suppressed[DAMP_EVENT_TYPE_MAX];
};

const char *damp_event_type_name(enum damp_event_type type)
{
	static const char *const word[] = {
		"verdict", "warn", "attack", "block", "set", "ruleset", "health",
	};

	_Static_assert(sizeof(word) / sizeof(word[0]) == DAMP_EVENT_TYPE_MAX,
		       "a word for each value");
	return type < DAMP_EVENT_TYPE_MAX ? word[type] : "unknown";
}

static void open_file(struct damp_evlog *l)
{
	if (l->path == NULL)
		return;
	l->file = fopen(l->path, "ae");
	if (l->file == NULL)
		damp_log(DAMP_LOG_ERROR, "cannot write events to %s: %s", l->path, strerror(errno));
}

struct damp_evlog *damp_evlog_new(unsigned capacity, const char *path)
{
	struct damp_evlog *l = calloc(1, sizeof(*l));
	struct timespec now;

	if (l == NULL)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	l->line = calloc(capacity, sizeof(*l->line));
	l->path = path != NULL ? strdup(path) : NULL;
	if (l->line == NULL || (path != NULL && l->path == NULL)) {
		damp_evlog_free(l);
		return NULL;
	}
	l->capacity = capacity;
	l->next = 1;
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(l->run, sizeof(l->run), "%d-%lld", (int)getpid(),
		 (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	gethostname(l->node, sizeof(l->node) - 1);
	open_file(l);
	return l;
}

void damp_evlog_free(struct damp_evlog *l)
{
	if (l == NULL)
		return;
	for (unsigned i = 0; i < l->capacity; i++)
		free(l->line[i]);
	if (l->file != NULL)
		fclose(l->file);
	free(l->line);
	free(l->path);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static void write_line(struct damp_evlog *l, const char *line)
{
	if (l->file == NULL)
		return;
	if (fprintf(l->file, "%s\n", line) >= 0 && fflush(l->file) == 0)
		return;
	damp_log(DAMP_LOG_ERROR, "cannot write events to %s: %s; no more until SIGHUP", l->path,
		 strerror(errno));
	fclose(l->file);
	l->file = NULL;
}

void damp_evlog_add(struct damp_evlog *l, enum damp_event_type type, json_t *event,
		    uint64_t suppressed)
{
	char *line;

	pthread_mutex_lock(&l->lock);
	json_object_set_new(event, "node", json_string(l->node));
	json_object_set_new(event, "seq", json_integer((json_int_t)l->next));
	line = json_dumps(event, JSON_COMPACT);
	if (line != NULL) {
		char **slot = &l->line[l->next % l->capacity];

		free(*slot);
		*slot = line;
		l->next++;
		l->events[type]++;
		l->suppressed[type] += suppressed;
		write_line(l, line);
	}
	pthread_mutex_unlock(&l->lock);
	json_decref(event);
}

void damp_evlog_reopen(struct damp_evlog *l)
{
	pthread_mutex_lock(&l->lock);
	if (l->file != NULL)
		fclose(l->file);
	l->file = NULL;
	open_file(l);
	pthread_mutex_unlock(&l->lock);
}

static void print_since(struct damp_evlog *l, FILE *f, uint64_t since, unsigned max)
{
	uint64_t oldest = l->next > l->capacity ? l->next - l->capacity : 1;
	uint64_t wanted = since < l->next ? since + 1 : l->next;
	uint64_t first = wanted > oldest ? wanted : oldest;
	uint64_t end = l->next - first > max ? first + max : l->next;
	/* Who starts at 0 wants what there is, and has lost nothing. */
	uint64_t lost = since > 0 ? first - wanted : 0;

	fprintf(f, "{\"schema\":%d,\"run\":\"%s\",\"next\":%llu,\"lost\":%llu,\"events\":[",
		DAMP_JSON_SCHEMA, l->run, (unsigned long long)(end - 1), (unsigned long long)lost);
	for (uint64_t n = first; n < end; n++)
		fprintf(f, "%s%s", n > first ? "," : "", l->line[n % l->capacity]);
	fprintf(f, "]}");
}

char *damp_evlog_since(struct damp_evlog *l, uint64_t since, unsigned max)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	pthread_mutex_lock(&l->lock);
	print_since(l, f, since, max);
	pthread_mutex_unlock(&l->lock);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

void damp_evlog_counts(struct damp_evlog *l, uint64_t events[DAMP_EVENT_TYPE_MAX],
		       uint64_t suppressed[DAMP_EVENT_TYPE_MAX])
{
	pthread_mutex_lock(&l->lock);
	memcpy(events, l->events, sizeof(l->events));
	memcpy(suppressed, l->suppressed, sizeof(l->suppressed));
	pthread_mutex_unlock(&l->lock);
}
