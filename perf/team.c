/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads that meet; see team.h.
 */
#include "team.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

struct member {
	void (*fn)(void *arg, unsigned self);
	void *arg;
	unsigned self;
};

unsigned team_cores(void)
{
	const long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > (long)TEAM_MAX ? TEAM_MAX : (unsigned)n;
}

static void *run(void *arg)
{
	const struct member *m = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(m->self, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	m->fn(m->arg, m->self);
	return NULL;
}

bool team_run(unsigned n, void (*fn)(void *arg, unsigned self), void *arg)
{
	struct member m[TEAM_MAX];
	pthread_t t[TEAM_MAX];

	for (unsigned i = 0; i < n; i++) {
		m[i] = (struct member){ fn, arg, i };
		/* Those that run already would wait for ever at their first meeting. */
		if (pthread_create(&t[i], NULL, run, &m[i]) != 0) {
			if (i > 0)
				exit(1);
			return false;
		}
	}
	for (unsigned i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	return true;
}

void team_meet(struct team *t)
{
	const uint32_t round = __atomic_load_n(&t->round, __ATOMIC_ACQUIRE);

	if (__atomic_add_fetch(&t->waiting, 1, __ATOMIC_ACQ_REL) == t->n) {
		__atomic_store_n(&t->waiting, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&t->round, round + 1, __ATOMIC_RELEASE);
		return;
	}
	while (__atomic_load_n(&t->round, __ATOMIC_ACQUIRE) == round)
		;
}
