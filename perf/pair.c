/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two threads; see pair.h.
 */
#include "pair.h"

#include <pthread.h>
#include <sched.h>

struct half {
	void (*fn)(void *arg, unsigned self);
	void *arg;
	unsigned self;
};

static void *run(void *arg)
{
	const struct half *h = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(h->self, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	h->fn(h->arg, h->self);
	return NULL;
}

bool pair_run(void (*fn)(void *arg, unsigned self), void *arg)
{
	struct half half[2] = { { fn, arg, 0 }, { fn, arg, 1 } };
	pthread_t t[2];

	if (pthread_create(&t[0], NULL, run, &half[0]) != 0)
		return false;
	/* One alone would wait for ever at the first meeting. */
	if (pthread_create(&t[1], NULL, run, &half[1]) != 0)
		return false;
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	return true;
}

void pair_meet(struct pair *p)
{
	const uint32_t round = __atomic_load_n(&p->round, __ATOMIC_ACQUIRE);

	if (__atomic_add_fetch(&p->waiting, 1, __ATOMIC_ACQ_REL) == 2) {
		__atomic_store_n(&p->waiting, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&p->round, round + 1, __ATOMIC_RELEASE);
		return;
	}
	while (__atomic_load_n(&p->round, __ATOMIC_ACQUIRE) == round)
		;
}
