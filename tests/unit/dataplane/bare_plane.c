/* SPDX-License-Identifier: BSD-3-Clause */
/* See bare_plane.h. */
#include "bare_plane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "programs.h"

#include <rte_cycles.h>
#include <stdlib.h>

struct damp_plane *bare_plane(const char *state_dir)
{
	const size_t size = sizeof(struct damp_plane), qsbr = rte_rcu_qsbr_get_memsize(DAMP_WORKERS_MAX);
	struct damp_plane *p = aligned_alloc(64, (size + 63) / 64 * 64);

	assert_non_null(p);
	memset(p, 0, size);
	p->stats = calloc(1, sizeof(*p->stats));
	p->qsbr = aligned_alloc(64, (qsbr + 63) / 64 * 64);
	assert_non_null(p->stats);
	assert_non_null(p->qsbr);
	assert_int_equal(rte_rcu_qsbr_init(p->qsbr, DAMP_WORKERS_MAX), 0);
	p->stats->nrule_slots = 1;
	p->config.nworkers = 1;
	memcpy(p->config.state_dir, state_dir, strlen(state_dir) + 1);
	p->master = (struct damp_key){ 3, 4 };
	p->clock = damp_clock_make(rte_rdtsc(), 1000000000, 1700000000);
	return p;
}

void free_plane(struct damp_plane *p)
{
	damp_programs_stop(p);
	free(p->stats);
	free(p->qsbr);
	free(p);
}
