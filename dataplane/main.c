/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * damper-dataplane: start, slow loop, end.
 *
 * Idea: everything that can fail fails here, before the first packet, with one
 * line that says what to do. Then the workers run and the main thread does the
 * slow things: control requests, port counters, table walks, secrets.
 *
 * Signals come through a descriptor, so that nothing runs asynchronously.
 */
#include "args.h"
#include "control.h"
#include "lists.h"
#include "lists_state.h"
#include "ports.h"
#include "programs.h"
#include "say.h"
#include "scale.h"
#include "segment.h"
#include "sight.h"
#include "state.h"
#include "steer.h"
#include "telemetry.h"
#include "timekeeper.h"
#include "worker.h"

#include <errno.h>
#include <glob.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 100
#define TICKS_PER_USAGE 10u
#define TICKS_PER_SIGHT (DAMP_ROUTING_WINDOW_S * 1000 / TICK_MS)
#define MIB(bytes) ((unsigned long long)(((bytes) + (1ull << 20) - 1) >> 20))

static const char *const table_name[DAMP_TABLE_MAX] = {
#define X(name, label) label,
	DAMP_TABLES(X)
#undef X
};

static int override_dir(char *dir, const char *with, const char *what)
{
	if (with == NULL)
		return 0;
	if (with[0] == '\0' || strlen(with) >= DAMP_PATH_MAX) {
		damp_say("the %s directory must have 1 to %u characters", what, DAMP_PATH_MAX - 1);
		return -1;
	}
	memcpy(dir, with, strlen(with) + 1);
	return 0;
}

static int configure(struct damp_plane *p, const struct damp_args *a)
{
	char err[512];

	damp_config_defaults(&p->config);
	if (damp_config_load(a->config, &p->config, err, sizeof(err)) != 0) {
		damp_say("%s", err);
		return -1;
	}
	if (override_dir(p->config.runtime_dir, a->runtime_dir, "runtime") != 0 ||
	    override_dir(p->config.state_dir, a->state_dir, "state") != 0)
		return -1;
	if (a->auto_workers)
		p->config.nworkers = 0;
	return 0;
}

static void print_plan(const struct damp_plane *p)
{
	const size_t shared = damp_judge_bytes(&p->config.tables),
		     each = damp_judge_worker_bytes(&p->config.tables);

	char workers[32] = "workers by lcores and queues";

	if (p->config.nworkers > 0)
		snprintf(workers, sizeof(workers), "%u worker%s", p->config.nworkers,
			 p->config.nworkers == 1 ? "" : "s");
	printf("outside %s, inside %s, %s, mtu %u\n", p->config.port[DAMP_OUTSIDE],
	       p->config.port[DAMP_INSIDE], workers, p->config.mtu);
	printf("runtime directory %s, state directory %s\n", p->config.runtime_dir, p->config.state_dir);
	printf("tables: %llu MiB shared, %llu MiB each worker", MIB(shared), MIB(each));
	if (p->config.nworkers > 0)
		printf(", %llu MiB in all", MIB(shared + each * p->config.nworkers));
	putchar('\n');
}

static unsigned long free_hugepages(void)
{
	unsigned long total = 0, n;
	glob_t g;

	if (glob("/sys/kernel/mm/hugepages/*/free_hugepages", 0, NULL, &g) != 0)
		return 0;
	for (size_t i = 0; i < g.gl_pathc; i++) {
		FILE *f = fopen(g.gl_pathv[i], "re");

		if (f != NULL && fscanf(f, "%lu", &n) == 1)
			total += n;
		if (f != NULL)
			fclose(f);
	}
	globfree(&g);
	return total;
}

static int start_eal(int argc, char **argv)
{
	if (rte_eal_init(argc, argv) >= 0)
		return 0;
	damp_say("EAL does not start: %s", rte_strerror(rte_errno));
	if (free_hugepages() == 0)
		damp_say("there are no free huge pages: reserve some (dpdk-hugepages.py --setup 1G) and add "
			 "--in-memory, or do without them: --no-huge -m 512");
	return -1;
}

static int check_lcores(struct damp_plane *p)
{
	const unsigned have = rte_lcore_count() - 1;

	p->config.tables.nworkers = p->config.nworkers;
	if (have >= p->config.nworkers)
		return 0;
	damp_say("[workers] count = %u needs as many lcores beside the main one; EAL has %u. Add -l 0-%u, or "
		 "--lcores to put several on one core", p->config.nworkers, have, p->config.nworkers);
	return -1;
}

static int start_clock(struct damp_plane *p)
{
	struct timespec t;

	if (rte_get_tsc_hz() <= DAMP_TICK_HZ) {
		damp_say("the time stamp counter is too slow: %llu Hz", (unsigned long long)rte_get_tsc_hz());
		return -1;
	}
	clock_gettime(CLOCK_REALTIME, &t);
	p->clock = damp_clock_make(rte_rdtsc(), rte_get_tsc_hz(), (uint64_t)t.tv_sec);
	p->stats->tsc_hz = rte_get_tsc_hz();
	p->stats->started_wall_s = (uint64_t)t.tv_sec;
	return 0;
}

static void *table_memory(struct damp_plane *p, const char *what, size_t bytes, int socket)
{
	void *mem = damp_scale_memory("damper", bytes, socket);

	if (mem == NULL)
		damp_say("no memory for the tables of %s (%llu MiB): give EAL more (-m) or lower "
			 "[tables]", what, MIB(bytes));
	else
		p->stats->memory_bytes += bytes;
	return mem;
}

static int make_judge(struct damp_plane *p)
{
	void *mem = table_memory(p, "all workers", damp_judge_bytes(&p->config.tables), p->socket);
	struct damp_key key;

	if (mem == NULL || damp_random(&key, sizeof(key)) != 0 ||
	    damp_random(&p->sample_key, sizeof(p->sample_key)) != 0)
		return -1;
	p->judge = damp_judge_init(mem, &p->config.tables, &key, p->clock.wall_s,
				   damp_clock_tick(&p->clock, rte_rdtsc()));
	if (p->judge == NULL)
		return -1;
	damp_lists_tell(p);
	return 0;
}

static int make_worker(struct damp_plane *p, unsigned index)
{
	const int socket = (int)rte_lcore_to_socket_id(damp_scale_lcore(index));
	struct damp_worker *w = damp_scale_memory("damper_worker", sizeof(*w), socket);
	void *mem = table_memory(p, "a worker", damp_judge_worker_bytes(&p->config.tables), socket);

	if (w == NULL || mem == NULL)
		return -1;
	w->plane = p;
	w->stats = &p->stats->worker[index];
	w->samples = &p->samples->ring[index];
	w->judge = damp_judge_worker_init(mem, p->judge, index, w->stats, &p->events->ring[index]);
	if (w->judge == NULL)
		return -1;
	damp_judge_worker_tap(w->judge, p->capture, p->trace);
	p->judge_worker[index] = w->judge;
	w->index = index;
	w->nworkers = p->config.nworkers;
	w->burst = p->config.burst;
	damp_idle_init(&w->idle, (enum damp_idle_mode)p->config.idle, rte_get_tsc_hz());
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++)
		w->side_port[side] = p->port[side].id;
	p->worker[index] = w;
	return 0;
}

static int make_workers(struct damp_plane *p)
{
	if (make_judge(p) != 0)
		return -1;
	for (unsigned i = 0; i < p->config.nworkers; i++)
		if (make_worker(p, i) != 0)
			return -1;
	return damp_steer_setup(p);
}

static int make_qsbr(struct damp_plane *p)
{
	p->qsbr = rte_zmalloc("damper_qsbr", rte_rcu_qsbr_get_memsize(DAMP_WORKERS_MAX), RTE_CACHE_LINE_SIZE);
	if (p->qsbr != NULL && rte_rcu_qsbr_init(p->qsbr, DAMP_WORKERS_MAX) == 0)
		return 0;
	damp_say("no memory: give EAL more (-m)");
	return -1;
}

static void measure_tables(struct damp_plane *p)
{
	struct damp_judge_worker *judge[DAMP_WORKERS_MAX];

	for (unsigned i = 0; i < p->config.nworkers; i++)
		judge[i] = p->worker[i]->judge;
	damp_judge_usage(p->judge, judge, p->config.nworkers, damp_clock_tick(&p->clock, rte_rdtsc()),
			 p->stats->table_entries, p->stats->table_capacity, p->stats->table_bytes);
	p->stats->mempool_free = rte_mempool_avail_count(p->pool);
}

static void count_memory(struct damp_plane *p)
{
	const struct rte_mempool *pool = p->pool;

	p->stats->mempool_size = pool->size;
	p->stats->memory_bytes += (uint64_t)pool->size *
				  (pool->header_size + pool->elt_size + pool->trailer_size);
	p->stats->memory_bytes += sizeof(*p->stats) + sizeof(*p->events) + damp_segment_samples_len(p) +
				  damp_segment_capture_len(p) + damp_segment_trace_len(p);
	p->stats->memory_bytes += sizeof(struct damp_worker) * p->config.nworkers;
}

static void print_memory(const struct damp_plane *p)
{
	const struct damp_stats *s = p->stats;

	for (unsigned t = 0; t < DAMP_TABLE_MAX; t++)
		if (s->table_bytes[t] > 0)
			printf("  %-12s %10llu entries %8.1f MiB\n", table_name[t],
			       (unsigned long long)s->table_capacity[t],
			       (double)s->table_bytes[t] / (1 << 20));
	printf("  %-12s %10llu of %u bytes\n", "buffers", (unsigned long long)s->mempool_size,
	       rte_pktmbuf_data_room_size(p->pool));
	printf("  %-12s %35.1f MiB\n", "in all", (double)s->memory_bytes / (1 << 20));
	printf("program %s, generation %llu", s->program_name, (unsigned long long)s->generation);
	if (p->config.nworkers > 1)
		printf("; steering by %s", p->signals.software_steering ? "software" : "the ports");
	if (p->config.nworkers > 1 && p->rss.obstacle != NULL)
		printf(", because %s %s", p->config.port[p->rss.obstacle_side], p->rss.obstacle);
	if (p->socket != SOCKET_ID_ANY && rte_socket_count() > 1)
		printf("; memory on socket %d", p->socket);
	putchar('\n');
	fflush(stdout);
}

static int set_up(struct damp_plane *p)
{
	if (damp_ports_find(p) != 0 || check_lcores(p) != 0 || damp_segment_open(p) != 0 ||
	    start_clock(p) != 0 || damp_ports_pool(p) != 0 || make_qsbr(p) != 0 || make_workers(p) != 0 ||
	    damp_state_secret(p->config.state_dir, &p->master) != 0)
		return -1;
	damp_timekeeper_start(p);
	if (damp_programs_start(p) != 0)
		return -1;
	if (damp_lists_restore(p) > 0)
		damp_lists_apply(p, p->signals.view);
	if (damp_ports_start(p) != 0)
		return -1;
	count_memory(p);
	measure_tables(p);
	print_memory(p);
	/* Who can ask is told the whole. */
	if (damp_telemetry_register(p->stats) != 0)
		damp_say("no telemetry: DPDK refused the commands");
	return damp_control_open(p);
}

static int launch(struct damp_plane *p)
{
	for (unsigned i = 0; i < p->config.nworkers; i++) {
		const unsigned lcore = damp_scale_lcore(i);

		if (rte_eal_remote_launch(damp_worker_run, p->worker[i], lcore) != 0) {
			damp_say("lcore %u does not start", lcore);
			return -1;
		}
	}
	return 0;
}

static void tick(struct damp_plane *p, unsigned count)
{
	damp_ports_stats(p);
	damp_programs_tick(p);
	damp_control_tick(p);
	damp_timekeeper_tick(p);
	damp_lists_tick(p);
	if (count % TICKS_PER_USAGE == 0)
		measure_tables(p);
	if (count % TICKS_PER_SIGHT == 0)
		damp_sight_tick(p);
}

static int64_t monotonic_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Serve until a signal says stop. */
static void slow_loop(struct damp_plane *p, int signal_fd)
{
	struct pollfd fds[1 + DAMP_CONTROL_FDS];
	int64_t next = monotonic_ms();
	unsigned count = 0, n;

	for (;;) {
		const int64_t left = next - monotonic_ms();

		if (left <= 0) {
			tick(p, count++);
			next = monotonic_ms() + TICK_MS;
			continue;
		}
		fds[0] = (struct pollfd){ .fd = signal_fd, .events = POLLIN };
		n = damp_control_poll(p->control, fds + 1);
		if (poll(fds, 1 + n, (int)left) <= 0)
			continue;
		if (fds[0].revents != 0)
			return;
		damp_control_serve(p, fds + 1, n);
	}
}

static int catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	/* Before any thread exists, so that all inherit the mask. */
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void shut_down(struct damp_plane *p)
{
	__atomic_store_n(&p->signals.stop, 1, __ATOMIC_RELAXED);
	rte_eal_mp_wait_lcore();
	damp_ports_stats(p);
	measure_tables(p);
	damp_ports_stop(p);
	damp_control_close(p);
	free(p->peek);
	damp_timekeeper_stop(p);
	damp_lists_save(p, true);
	damp_programs_stop(p);
}

static int run(struct damp_plane *p, int argc, char **argv)
{
	const int signal_fd = catch_signals();
	int rc;

	if (signal_fd < 0 || start_eal(argc, argv) != 0)
		return EXIT_FAILURE;
	rc = set_up(p) == 0 && launch(p) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	if (rc == EXIT_SUCCESS) {
		slow_loop(p, signal_fd);
		shut_down(p);
	}
	rte_eal_cleanup();
	return rc;
}

int main(int argc, char **argv)
{
	struct damp_plane *p;
	struct damp_args a = damp_args_parse(argc, argv);
	int rc;

	switch (a.action) {
	case DAMP_ARGS_HELP:
		damp_args_help();
		return EXIT_SUCCESS;
	case DAMP_ARGS_VERSION:
		puts("damper-dataplane " DAMP_VERSION);
		return EXIT_SUCCESS;
	case DAMP_ARGS_WRONG:
		return 2;
	default:
		break;
	}
	p = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(sizeof(*p), RTE_CACHE_LINE_SIZE));
	if (p == NULL)
		return EXIT_FAILURE;
	memset(p, 0, sizeof(*p));
	rc = configure(p, &a) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	if (rc == EXIT_SUCCESS && a.action == DAMP_ARGS_CHECK) {
		print_plan(p);
	} else if (rc == EXIT_SUCCESS) {
		argv[a.eal_argc] = NULL;
		rc = run(p, a.eal_argc, argv);
	}
	free(p);
	return rc;
}
