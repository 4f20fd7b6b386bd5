/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A wall clock that a test can turn: preloaded into the data plane, it answers
 * for the system's in clock_gettime(CLOCK_REALTIME) and adjtimex(). All other
 * clocks are the real ones. The file that DAMPER_TEST_CLOCK names has two
 * numbers: seconds to add, and 1 when the clock is to count as synchronised.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *t);
int adjtimex(struct timex *t);

static long long offset(int *synced)
{
	const char *path = getenv("DAMPER_TEST_CLOCK");
	FILE *f = path != NULL ? fopen(path, "re") : NULL;
	long long seconds = 0;

	*synced = 0;
	if (f != NULL && fscanf(f, "%lld %d", &seconds, synced) != 2)
		seconds = 0;
	if (f != NULL)
		fclose(f);
	return seconds;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	const int rc = real(id, t);
	int synced;

	if (rc == 0 && id == CLOCK_REALTIME)
		t->tv_sec += offset(&synced);
	return rc;
}

int adjtimex(struct timex *t)
{
	int synced;

	offset(&synced);
	t->status = synced ? 0 : STA_UNSYNC;
	return synced ? TIME_OK : TIME_ERROR;
}
