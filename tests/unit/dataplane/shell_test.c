/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of the shell that need no EAL: settings, clock, queues and rings
 * on paper, symmetric hashing, the built-in program, rule slots, state files.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "builtin.h"
#include "lists.h"
#include "lists_state.h"
#include "clock.h"
#include "config.h"
#include "core/view.h"
#include "idle.h"
#include "programs.h"
#include "rss.h"
#include "sampling.h"
#include "scale.h"
#include "segment.h"
#include "state.h"
#include "steer.h"
#include "worker.h"

#include <damper/wire.h>
#include <rte_cycles.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORTS "[ports]\noutside = a0\ninside = b0\n"

static int load_text(const char *text, struct damp_config *c, char *err, size_t errlen)
{
	char path[] = "/tmp/damper-conf-XXXXXX";
	const int fd = mkstemp(path);
	int rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	damp_config_defaults(c);
	rc = damp_config_load(path, c, err, errlen);
	unlink(path);
	return rc;
}

static void settings_are_read(void **state)
{
	struct damp_config c;
	char err[512] = "";

	(void)state;
	assert_int_equal(load_text("# first line\n" PORTS "[workers]\ncount = 3\nidle = sleep\n[tables]\n"
				   "ledger = 7168\npeers = 1\nexchanges = 2^20\nseen = 64k\nobservations = 1M\nconcurrent = 1k\nheld = 2k\n"
				   "repetitions = 1M\n"
				   "[packets]\nmtu = 9000 # jumbo\nburst = 32\n[paths]\nruntime = /r\nstate = /s\n",
				   &c, err, sizeof(err)), 0);
	assert_string_equal(c.port[DAMP_OUTSIDE], "a0");
	assert_string_equal(c.port[DAMP_INSIDE], "b0");
	assert_int_equal(c.nworkers, 3);
	assert_int_equal(c.idle, DAMP_IDLE_SLEEP);
	assert_int_equal(c.tables.ledger_log2, 10);     /* 7168 = 7 ways x 1024 lines */
	assert_int_equal(c.tables.peers_log2, 4);       /* the least there is */
	assert_int_equal(c.tables.xchg_log2, 19);       /* 2 a line */
	assert_int_equal(c.tables.seen_log2, 14);       /* 4 a line */
	assert_int_equal(c.tables.obs_log2, 19);
	assert_int_equal(c.tables.tally_log2, 8);       /* 4 a set */
	assert_int_equal(c.tables.held_log2, 10);
	assert_int_equal(c.tables.repeat_lines, 1u << 20);      /* lines as they are */
	assert_int_equal(c.mtu, 9000);
	assert_int_equal(c.burst, 32);
	assert_string_equal(c.runtime_dir, "/r");
	assert_string_equal(c.state_dir, "/s");
}

static void defaults_hold(void **state)
{
	struct damp_config c;
	char err[512] = "";

	(void)state;
	assert_int_equal(load_text(PORTS, &c, err, sizeof(err)), 0);
	assert_int_equal(c.nworkers, 1);
	assert_int_equal(c.idle, DAMP_IDLE_POLL);
	assert_int_equal(c.mtu, 1500);
	assert_string_equal(c.runtime_dir, DAMP_RUNTIME_DIR);
	assert_memory_equal(&c.tables, &damp_judge_defaults, sizeof(c.tables));
}

static void workers_may_be_counted_later(void **state)
{
	struct damp_config c;
	char err[512] = "";

	(void)state;
	assert_int_equal(load_text(PORTS "[workers]\ncount = auto\nidle = pause\n", &c, err, sizeof(err)), 0);
	assert_int_equal(c.nworkers, 0);
	assert_int_equal(c.idle, DAMP_IDLE_PAUSE);
}

static void workers_follow_lcores_and_queues(void **state)
{
	static const struct { unsigned lcores; uint16_t rx[2], tx[2]; unsigned workers; } cases[] = {
		{ 4, { 8, 8 }, { 8, 8 }, 4 },   /* one a core */
		{ 4, { 8, 2 }, { 8, 8 }, 2 },   /* the port with fewer queues decides */
		{ 4, { 8, 8 }, { 3, 8 }, 3 },   /* send queues count too */
		{ 4, { 1, 1 }, { 1, 1 }, 2 },   /* two ports of one queue: one worker from either side */
		{ 1, { 1, 1 }, { 1, 1 }, 1 },
		{ 0, { 8, 8 }, { 8, 8 }, 1 },   /* check_lcores() then says what is missing */
		{ 64, { 64, 64 }, { 64, 64 }, DAMP_WORKERS_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rte_eth_dev_info info[DAMP_SIDE_MAX] = { 0 };

		for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
			info[side].max_rx_queues = cases[i].rx[side];
			info[side].max_tx_queues = cases[i].tx[side];
		}
		assert_int_equal(damp_scale_workers(cases[i].lcores, info), cases[i].workers);
	}
}

/* Rounds without a packet until it is time to sleep; 0: never within 5000. */
static unsigned rounds_to_sleep(struct damp_idle *i)
{
	for (unsigned n = 1; n <= 5000; n++)
		if (damp_idle_wait(i))
			return n;
	return 0;
}

static void idle_workers_wait(void **state)
{
	const uint64_t hz = 1000000;    /* a cycle is 1 us here, so the longest wait is 20 cycles */
	struct damp_idle i;
	unsigned first;

	(void)state;
	damp_idle_init(&i, DAMP_IDLE_POLL, hz);
	assert_int_equal(rounds_to_sleep(&i), 0);
	assert_int_equal(i.wait, 0);
	damp_idle_init(&i, DAMP_IDLE_PAUSE, hz);
	assert_int_equal(rounds_to_sleep(&i), 0);
	assert_int_equal(i.wait, DAMP_IDLE_WAIT_US);
	damp_idle_busy(&i);
	assert_int_equal(i.wait, 0);
	damp_idle_init(&i, DAMP_IDLE_SLEEP, hz);
	first = rounds_to_sleep(&i);
	assert_true(first > 64);
	assert_int_equal(rounds_to_sleep(&i), 1);
	damp_idle_busy(&i);             /* one packet brings back polling */
	assert_int_equal(rounds_to_sleep(&i), first);
}

static void wrong_settings_are_named(void **state)
{
	static const struct { const char *text, *says; } cases[] = {
		{ "[port]\nx = 1\n", ":1: unknown section [port]; known are ports, workers, clock, tables, paths, packets" },
		{ PORTS "[workers]\n\ncounts = 1\n", ":6: unknown key \"counts\" in [workers]; known are count, idle" },
		{ PORTS "[workers]\ncount = 0\n", ":5: [workers] count: \"0\" is not a number from 1 to 16" },
		{ PORTS "[workers]\ncount = 17\n", "\"17\" is not" },
		{ PORTS "[workers]\ncount = -1\n", "\"-1\" is not" },
		{ PORTS "[workers]\ncount = 1x\n", "\"1x\" is not" },
		{ PORTS "[workers]\ncount = 99999999999999999999\n", "is not a number" },
		{ PORTS "[workers]\nidle = often\n", "\"often\" is neither poll, pause nor sleep" },
		{ PORTS "[clock]\ntrust = never\n", "neither kernel nor always" },
		{ PORTS "[tables]\nledger = 2^\n", "not a number of entries" },
		{ PORTS "[tables]\nledger = 2^41\n", "not a number of entries" },
		{ PORTS "[tables]\nseen = 1kk\n", "not a number of entries" },
		{ PORTS "[tables]\nseen =\n", "not a number of entries" },
		{ PORTS "[packets]\nmtu = 1500\nmtu = 1500\n", ":6: [packets] mtu is given twice" },
		{ PORTS "[workers]\ncount = 1\n[workers]\ncount = 2\n", "given twice" },
		{ "[ports]\noutside = a0\n", "needs both outside and inside" },
		{ "[ports]\noutside = a0\ninside = a0\n", "the same device, a0" },
		{ "outside = a0\n", "not a settings file" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct damp_config c;
		char err[512] = "";

		assert_int_equal(load_text(cases[i].text, &c, err, sizeof(err)), -1);
		if (strstr(err, cases[i].says) == NULL)
			fail_msg("case %zu says \"%s\", not \"%s\"", i, err, cases[i].says);
	}
}

static void clock_counts_ticks(void **state)
{
	static const uint64_t hz[] = { 2000000, 1000000000, 2500000000, 4999999999 };

	(void)state;
	for (size_t i = 0; i < sizeof(hz) / sizeof(hz[0]); i++) {
		const uint64_t zero = ~0ull - 5 * hz[i]; /* the counter may wrap */
		const struct damp_clock c = damp_clock_make(zero, hz[i], 1000000);
		damp_tick last = 0;

		/* Rounding down once a factor: at most one tick late in a day. */
		for (uint64_t s = 0; s <= 86400; s += 4321) {
			const damp_tick now = damp_clock_tick(&c, zero + s * hz[i]);

			assert_true(now >= last);
			assert_in_range(DAMP_SECONDS(s + DAMP_CLOCK_LEAD_S) - now, 0, 1);
			assert_in_range(damp_clock_wall_s(&c, now + 1), 1000000 + s, 1000000 + s);
			last = now;
		}
		assert_true(damp_clock_tick(&c, zero) > 0);
	}
}

/* Every queue is polled by one worker, and every worker that can be is kept
 * busy; with symmetric hashing both sides of a queue meet. */
static void queues_are_dealt_out(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= DAMP_WORKERS_MAX; n++)
		for (unsigned q = 0; q < n; q++) {
			assert_true(damp_steer_poller(DAMP_OUTSIDE, q, n, false) < n);
			assert_true(damp_steer_poller(DAMP_INSIDE, q, n, false) < n);
			assert_int_equal(damp_steer_poller(DAMP_OUTSIDE, q, n, true), q);
			assert_int_equal(damp_steer_poller(DAMP_INSIDE, q, n, true), q);
		}
	assert_int_equal(damp_steer_poller(DAMP_OUTSIDE, 0, 2, false), 0);
	assert_int_equal(damp_steer_poller(DAMP_INSIDE, 0, 2, false), 1);
}

static void senders_use_their_own_queue(void **state)
{
	struct damp_plane p = { 0 };

	(void)state;
	for (unsigned n = 1; n <= DAMP_WORKERS_MAX; n++)
		for (unsigned queues = 1; queues <= n; queues++) {
			p.config.nworkers = n;
			for (unsigned side = 0; side < DAMP_SIDE_MAX; side++)
				p.port[side] = (struct damp_port){ .nrx = (uint16_t)queues, .ntx = (uint16_t)queues };
			for (unsigned q = 0; q < queues; q++) {
				const unsigned w = damp_steer_sender(&p, DAMP_INSIDE, q);

				assert_true(w < n);
				assert_int_equal(w % queues, q);
			}
		}
	/* One queue a port, two workers: what comes in outside leaves inside
	 * without changing workers, and the reverse. */
	p.config.nworkers = 2;
	p.port[0] = p.port[1] = (struct damp_port){ .nrx = 1, .ntx = 1 };
	assert_int_equal(damp_steer_sender(&p, DAMP_INSIDE, 0), damp_steer_poller(DAMP_OUTSIDE, 0, 2, false));
	assert_int_equal(damp_steer_sender(&p, DAMP_OUTSIDE, 0), damp_steer_poller(DAMP_INSIDE, 0, 2, false));
}

static uint64_t next_random(uint64_t *s)
{
	*s = *s * 6364136223846793005ull + 1442695040888963407ull;
	return *s ^ *s >> 33;
}

static void random_frame(uint64_t *seed, struct damp_frame *f)
{
	memset(f, 0, sizeof(*f));
	f->v6 = next_random(seed) & 1;
	for (unsigned i = 0; i < 16; i++) {
		f->src.b[i] = (uint8_t)next_random(seed);
		f->dst.b[i] = (uint8_t)next_random(seed);
	}
	f->sport = (uint16_t)next_random(seed);
	f->dport = (uint16_t)next_random(seed);
}

static void hash_is_symmetric(void **state)
{
	const uint64_t first_seed = 9175;
	uint64_t seed = first_seed;
	unsigned differ = 0;
	uint32_t last = 0;

	(void)state;
	print_message("seed %llu\n", (unsigned long long)first_seed);
	for (unsigned i = 0; i < 2000; i++) {
		struct damp_rss rss = { .usable = true, .reta_size = 128 };
		struct rte_mbuf m;
		struct damp_frame f, back;
		uint32_t hash;

		memset(&m, 0, sizeof(m));
		damp_rss_key(next_random(&seed), rss.key);
		assert_in_range(__builtin_popcount(damp_get16(rss.key)), 5, 11);
		random_frame(&seed, &f);
		back = f;
		back.src = f.dst;
		back.dst = f.src;
		back.sport = f.dport;
		back.dport = f.sport;
		hash = damp_rss_hash(&rss, &f);
		assert_int_equal(hash, damp_rss_hash(&rss, &back));
		differ += hash != last;
		last = hash;
		assert_true(damp_rss_agrees(&rss, &m, &f, hash % 128 % 3, 3));
		assert_false(damp_rss_agrees(&rss, &m, &f, (hash % 128 % 3 + 1) % 3, 3));
		m.ol_flags = RTE_MBUF_F_RX_RSS_HASH;
		m.hash.rss = hash;
		assert_true(damp_rss_agrees(&rss, &m, &f, hash % 128 % 3, 3));
		m.hash.rss = hash ^ 1;
		assert_false(damp_rss_agrees(&rss, &m, &f, hash % 128 % 3, 3));
	}
	assert_true(differ > 1900);
}

/* The verification suite of Microsoft's RSS specification: IPv4 with ports. */
static void hash_is_toeplitz(void **state)
{
	static const uint8_t key[40] = {
		0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
		0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
		0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
	};
	struct damp_frame f = {
		.src.b = { [10] = 0xff, 0xff, 66, 9, 149, 187 }, .sport = 2794,
		.dst.b = { [10] = 0xff, 0xff, 161, 142, 100, 80 }, .dport = 1766,
	};
	struct damp_rss rss = { .reta_size = 128 };

	(void)state;
	memcpy(rss.key, key, sizeof(key));
	assert_int_equal(damp_rss_hash(&rss, &f), 0x51ccc178);
}

static void rss_needs_both_ports(void **state)
{
	const struct rte_eth_dev_info good = {
		.flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP,
		.reta_size = 128, .hash_key_size = 40, .max_rx_queues = 4, .max_tx_queues = 4,
	};
	struct rte_eth_dev_info info[DAMP_SIDE_MAX] = { good, good };
	struct damp_rss rss;

	(void)state;
	damp_rss_plan(&rss, info, 2, 1);
	assert_true(rss.usable);
	assert_null(rss.obstacle);
	damp_rss_plan(&rss, info, 1, 1);
	assert_false(rss.usable);
	damp_rss_plan(&rss, info, 5, 1);
	assert_false(rss.usable);
	assert_string_equal(rss.obstacle, "has fewer queues than there are workers");
	info[DAMP_INSIDE].reta_size = 0;
	damp_rss_plan(&rss, info, 2, 1);
	assert_false(rss.usable);
	assert_string_equal(rss.obstacle, "has no redirection table that can be set");
	assert_int_equal(rss.obstacle_side, DAMP_INSIDE);
	info[DAMP_INSIDE] = good;
	info[DAMP_INSIDE].flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_UDP;
	damp_rss_plan(&rss, info, 2, 1);
	assert_false(rss.usable);
	info[DAMP_INSIDE] = good;
	info[DAMP_INSIDE].reta_size = 64;
	damp_rss_plan(&rss, info, 2, 1);
	assert_true(rss.usable);
	assert_int_equal(rss.reta_size, 64);
}

static void builtin_opens(void **state)
{
	const struct damp_key key = { 1, 2 };
	char err[256] = "";
	size_t len;
	void *block = damp_builtin_program(&len);
	struct damp_view *v;

	(void)state;
	assert_non_null(block);
	v = damp_view_open(block, len, 2, &key, err, sizeof(err));
	if (v == NULL)
		fail_msg("%s", err);
	assert_int_equal(v->hdr->nrules, 0);
	assert_int_equal(v->guard->alpha_q8, 3 << 8);
	assert_true(damp_port_test(v->ports.coap, 5683));
	assert_false(damp_port_test(v->ports.coap, 5684));
	assert_true(damp_port_test(v->ports.dtls, 5684));
	damp_view_close(v);
}

static void slots_belong_to_ids(void **state)
{
	struct damp_stats *s = calloc(1, sizeof(*s));
	char id[DAMP_NAME_MAX + 1];

	(void)state;
	assert_non_null(s);
	s->nrule_slots = 1;
	assert_int_equal(damp_segment_slot(s, "lookup"), 1);
	assert_int_equal(damp_segment_slot(s, "observe"), 2);
	assert_int_equal(damp_segment_slot(s, "lookup"), 1);
	assert_int_equal(damp_segment_slot(s, ""), 0);
	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	assert_int_equal(damp_segment_slot(s, id), 0);  /* one byte too long */
	for (unsigned i = s->nrule_slots; i < DAMP_RULE_SLOTS; i++) {
		snprintf(id, sizeof(id), "rule-%u", i);
		assert_int_equal(damp_segment_slot(s, id), i);
	}
	assert_int_equal(damp_segment_slot(s, "one too many"), 0);
	assert_int_equal(damp_segment_slot(s, "observe"), 2);
	free(s);
}

static void state_survives(void **state)
{
	char dir[] = "/tmp/damper-state-XXXXXX", path[64], err[256] = "";
	struct damp_key a = { 0 }, b = { 0 };
	struct stat st;
	size_t len = 0;
	char *back;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_null(damp_state_load(dir, &len, err, sizeof(err)));
	assert_string_equal(err, "");
	assert_int_equal(damp_state_save(dir, "first program", 14, err, sizeof(err)), 0);
	assert_int_equal(damp_state_save(dir, "second", 7, err, sizeof(err)), 0);
	back = damp_state_load(dir, &len, err, sizeof(err));
	assert_int_equal(len, 7);
	assert_string_equal(back, "second");
	free(back);
	assert_int_equal(damp_state_secret(dir, &a), 0);
	assert_int_equal(damp_state_secret(dir, &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true((a.k0 | a.k1) != 0);
	assert_int_equal(damp_path_join(path, sizeof(path), dir, DAMP_SECRET_FILE), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(truncate(path, 3), 0);         /* damaged: another one, for this run */
	assert_int_equal(damp_state_secret(dir, &b), 0);
	assert_memory_not_equal(&a, &b, sizeof(a));
	unlink(path);
	assert_int_equal(damp_path_join(path, sizeof(path), dir, DAMP_PROGRAM_FILE), 0);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);                /* nothing else was left behind */
	assert_int_equal(damp_state_save(dir, "x", 1, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "No such file"));
}

static struct damp_plane *bare_plane(const char *state_dir)
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

static void free_plane(struct damp_plane *p)
{
	damp_programs_stop(p);
	free(p->stats);
	free(p->qsbr);
	free(p);
}

static void *copy_running(const struct damp_plane *p, size_t *len)
{
	void *block;

	*len = damp_programs_view(p)->hdr->total_len;
	block = malloc(*len);
	assert_non_null(block);
	memcpy(block, damp_programs_view(p)->block, *len);
	return block;
}

#define SAMPLED_PEERS 4096u

/* Of a chosen key all packets, of the others none; which are chosen hangs on
 * the key; what is no CoAP is nobody's. */
static void samples_are_of_keys(void **state)
{
	static struct damp_sample_ring ring;
	static const struct damp_class classes[2] = { { .tenant = 0 }, { .tenant = 9 } };
	static const uint64_t no_path[2];
	const struct damp_key key = { 1, 2 }, other = { 3, 4 };
	struct damp_pkt p[2] = { { .side = DAMP_OUTSIDE }, { .side = DAMP_OUTSIDE } };
	const struct damp_view v = { .classes = classes };
	unsigned chosen = 0, same = 0, by_path = 0;

	(void)state;
	p[0].frame.cls = p[1].frame.cls = DAMP_FRAME_COAP;
	p[0].frame.ip_len = p[1].frame.ip_len = 70000; /* kept within 16 bits */
	for (unsigned i = 0; i < SAMPLED_PEERS; i++) {
		const uint64_t before = ring.head;
		uint64_t by_other;

		memcpy(p[0].frame.src.b + 12, &i, sizeof(i));
		p[1].frame.src = p[0].frame.src;
		damp_sampling_take(&ring, &key, 16, &v, p, no_path, 2, i);
		assert_true(ring.head == before || ring.head == before + 2);
		chosen += ring.head > before && (ring.slot[before % DAMP_SAMPLE_SLOTS].of & DAMP_SAMPLE_OF_PEER);
		by_other = ring.head;
		damp_sampling_take(&ring, &other, 16, &v, p, no_path, 1, i);
		same += (ring.head > by_other) == (by_other > before);
	}
	assert_in_range(chosen, SAMPLED_PEERS / 16 / 2, SAMPLED_PEERS / 16 * 2);
	assert_true(same < SAMPLED_PEERS);
	memset(&ring, 0, sizeof(ring));
	p[1].frame.cls = DAMP_FRAME_OTHER;
	p[0].reason = DAMP_REASON_RULE_LIMIT;
	damp_sampling_take(&ring, &key, 1, &v, p, no_path, 2, 77);
	assert_int_equal(ring.head, 1);
	assert_int_equal(ring.slot[0].seq, 0);
	assert_int_equal(ring.slot[0].tick, 77);
	assert_int_equal(ring.slot[0].of, DAMP_SAMPLE_OF_PEER | DAMP_SAMPLE_OF_DEVICE);
	assert_int_equal(ring.slot[0].reason, DAMP_REASON_RULE_LIMIT);
	assert_int_equal(ring.slot[0].ip_len, UINT16_MAX);
	/* Of a path and of a tenant all packets or none, whoever sends them. */
	for (unsigned i = 0; i < SAMPLED_PEERS; i++) {
		const uint64_t path[2] = { 0x9e3779b97f4a7c15u * (i + 1) >> 8, 0 };
		const uint64_t before = ring.head;

		damp_sampling_take(&ring, &key, 16, &v, p, path, 1, 78);
		by_path += ring.head > before && (ring.slot[before % DAMP_SAMPLE_SLOTS].of & DAMP_SAMPLE_OF_PATH) &&
			   ring.slot[before % DAMP_SAMPLE_SLOTS].path == path[0];
	}
	assert_in_range(by_path, SAMPLED_PEERS / 16 / 2, SAMPLED_PEERS / 16 * 2);
	memset(&ring, 0, sizeof(ring));
	p[0].dst_class = 1;
	damp_sampling_take(&ring, &key, 1, &v, p, (const uint64_t[]){ 5, 0 }, 1, 79);
	assert_int_equal(ring.slot[0].tenant, 9);
	assert_int_equal(ring.slot[0].path, 5);
	assert_int_equal(ring.slot[0].of, DAMP_SAMPLE_OF_PEER | DAMP_SAMPLE_OF_DEVICE | DAMP_SAMPLE_OF_PATH |
						  DAMP_SAMPLE_OF_TENANT);
}

static struct damp_plane *plane_with_judge(const char *state_dir)
{
	static const struct damp_judge_config small = {
		.nworkers = 1, .ledger_log2 = 4, .peers_log2 = 4, .xchg_log2 = 4, .seen_log2 = 4, .obs_log2 = 4,
		.tally_log2 = 4, .held_log2 = 4, .grey_log2 = 8, .transfers_log2 = 4, .leases_log2 = 4, .lists_log2 = 4,
	};
	struct damp_plane *p = bare_plane(state_dir);
	const struct damp_key key = { 1, 2 };
	void *mem = aligned_alloc(64, (damp_judge_bytes(&small) + 63) / 64 * 64);

	assert_non_null(mem);
	memset(mem, 0, damp_judge_bytes(&small));
	p->judge = damp_judge_init(mem, &small, &key, 1700000000, 0);
	assert_non_null(p->judge);
	assert_int_equal(damp_programs_start(p), 0);
	return p;
}

static void free_with_judge(struct damp_plane *p)
{
	void *mem = p->judge; /* the first of its memory */

	free_plane(p);
	free(mem);
}

static uint32_t blocked(const struct damp_plane *p)
{
	return damp_prefixes_count(damp_judge_prefixes(p->judge), DAMP_LIST_FROM);
}

/* Blocks of an operator over a restart; a file that is damaged at any byte is
 * taken for none. */
static void lists_outlive_a_restart(void **state)
{
	char dir[] = "/tmp/damper-state-XXXXXX", path[64], text[256];
	struct damp_wire_request r = { .plen = 24, .arg = 600, .addr = { [10] = 0xff, 0xff, 203, 0, 113, 0 } };
	struct damp_plane *p = plane_with_judge(mkdtemp(dir));
	uint8_t bytes[4096];
	ssize_t len;
	int fd;

	(void)state;
	assert_int_equal(damp_lists_restore(p), 0); /* there is no file yet */
	assert_int_equal(damp_lists_block(p, &r, text, sizeof(text)), 0);
	r.plen = 32;
	r.addr[15] = 9;
	assert_int_equal(damp_lists_block(p, &r, text, sizeof(text)), 0);
	damp_lists_save(p, true);
	free_with_judge(p);
	p = plane_with_judge(dir);
	assert_int_equal(blocked(p), 0);
	assert_int_equal(damp_lists_restore(p), 2);
	assert_int_equal(blocked(p), 2);
	r.arg = 0;
	assert_int_equal(damp_lists_block(p, &r, text, sizeof(text)), 0); /* ended */
	damp_lists_save(p, true);
	free_with_judge(p);

	assert_int_equal(damp_path_join(path, sizeof(path), dir, DAMP_LISTS_FILE), 0);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	len = read(fd, bytes, sizeof(bytes));
	assert_in_range(len, 100, sizeof(bytes) - 1);
	p = plane_with_judge(dir);
	for (ssize_t i = 0; i < len; i += 3) {
		const uint8_t wrong = bytes[i] ^ 0x11;

		assert_int_equal(pwrite(fd, &wrong, 1, i), 1);
		if (damp_lists_restore(p) != 0)
			fail_msg("damage at byte %zd was not seen", i);
		assert_int_equal(pwrite(fd, &bytes[i], 1, i), 1);
	}
	assert_int_equal(damp_lists_restore(p), 1);
	assert_int_equal(ftruncate(fd, len - 1), 0);
	assert_int_equal(damp_lists_restore(p), 0);
	close(fd);
	free_with_judge(p);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

/* What is on trial runs, and is not what the next start begins with. */
static void provisional_programs(void **state)
{
	char dir[] = "/tmp/damper-state-XXXXXX", path[64], text[256];
	struct damp_plane *p = bare_plane(mkdtemp(dir));
	uint8_t *block;
	size_t len;

	(void)state;
	assert_int_equal(damp_programs_start(p), 0);
	block = copy_running(p, &len);
	assert_int_equal(damp_programs_load(p, block, len, 7, text, sizeof(text)), 0);
	assert_int_equal(p->stats->generation, 7); /* at least 7 was asked for */
	block = copy_running(p, &len);
	assert_int_equal(damp_programs_load(p, block, len, 3 | DAMP_LOAD_PROVISIONAL, text, sizeof(text)), 0);
	assert_int_equal(p->stats->generation, 8); /* never back */
	free_plane(p);
	p = bare_plane(dir);
	assert_int_equal(damp_programs_start(p), 0);
	assert_int_equal(p->stats->generation, 7);
	block = copy_running(p, &len);
	assert_int_equal(damp_programs_load(p, block, len, DAMP_LOAD_PROVISIONAL, text, sizeof(text)), 0);
	assert_int_equal(damp_programs_keep(p, text, sizeof(text)), 0);
	free_plane(p);
	p = bare_plane(dir);
	assert_int_equal(damp_programs_start(p), 0);
	assert_int_equal(p->stats->generation, 8);
	free_plane(p);
	assert_int_equal(damp_path_join(path, sizeof(path), dir, DAMP_PROGRAM_FILE), 0);
	unlink(path);
	rmdir(dir);
}

static void programs_are_swapped(void **state)
{
	char dir[] = "/tmp/damper-state-XXXXXX", path[64], text[256];
	struct damp_plane *p = bare_plane(mkdtemp(dir));
	const struct damp_view *before;
	uint8_t *block;
	size_t len;

	(void)state;
	assert_int_equal(damp_programs_start(p), 0);
	assert_int_equal(p->stats->program_source, DAMP_SOURCE_BUILTIN);
	block = copy_running(p, &len);
	assert_int_equal(damp_programs_load(p, block, len, 0, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(p->stats->generation, 1);
	assert_int_equal(p->stats->program_source, DAMP_SOURCE_LOADED);
	before = damp_programs_view(p);
	block = copy_running(p, &len);
	block[len - 1] ^= 1;
	assert_int_equal(damp_programs_load(p, block, len, 0, text, sizeof(text)), -1);
	assert_non_null(strstr(text, "checksum"));
	assert_ptr_equal(damp_programs_view(p), before);
	assert_int_equal(p->stats->loads_ok, 1);
	assert_int_equal(p->stats->loads_rejected, 1);
	free_plane(p);
	p = bare_plane(dir);
	assert_int_equal(damp_programs_start(p), 0);
	assert_int_equal(p->stats->program_source, DAMP_SOURCE_DISK);
	assert_int_equal(p->stats->generation, 1);
	free_plane(p);
	assert_int_equal(damp_path_join(path, sizeof(path), dir, DAMP_PROGRAM_FILE), 0);
	unlink(path);
	rmdir(dir);
}

/* The hour changes: the same program, other keys, and what the old ones made
 * is still good. */
static void secrets_are_renewed(void **state)
{
	struct damp_plane *p = bare_plane("/nonexistent");
	const struct damp_addr peer = { { 1 } };
	uint8_t echo[DAMP_ECHO_LEN];
	const struct damp_view *before;

	(void)state;
	assert_int_equal(damp_programs_start(p), 0);
	before = damp_programs_view(p);
	damp_programs_tick(p);
	assert_ptr_equal(damp_programs_view(p), before);
	damp_echo_make(&before->secrets, &peer, 5683, p->clock.wall_s, echo);
	p->clock.wall_s += DAMP_KEY_ROTATION_S;
	damp_programs_tick(p);
	assert_ptr_not_equal(damp_programs_view(p), before);
	assert_int_equal(damp_programs_view(p)->secrets.epoch,
			 (p->clock.wall_s + DAMP_CLOCK_LEAD_S) / DAMP_KEY_ROTATION_S);
	assert_true(damp_echo_check(&damp_programs_view(p)->secrets, &peer, 5683,
				    p->clock.wall_s - DAMP_KEY_ROTATION_S + 8, 60, echo, sizeof(echo)));
	assert_int_equal(p->stats->generation, 0);
	damp_programs_tick(p);
	free_plane(p);
}

/* A ring of our own between two workers, and frames that nobody may free: a
 * second reference to each is ours. */
struct overload {
	struct damp_worker w;
	struct damp_worker_stats stats;
	struct rte_mbuf m[2];
	struct damp_pkt p;
	struct damp_guard guard;
	struct damp_view view;
	struct rte_ring *ring;
};

static struct overload *overload_begin(uint8_t policy)
{
	struct overload *o = aligned_alloc(64, (sizeof(*o) + 63) / 64 * 64);

	memset(o, 0, sizeof(*o));
	o->ring = aligned_alloc(RTE_CACHE_LINE_SIZE, (size_t)rte_ring_get_memsize(2));
	assert_int_equal(rte_ring_init(o->ring, "full", 2, RING_F_SP_ENQ | RING_F_SC_DEQ), 0); /* holds one */
	o->w.stats = &o->stats;
	o->w.to[1] = o->ring;
	o->w.side_port[DAMP_OUTSIDE] = 0;
	o->w.side_port[DAMP_INSIDE] = 1;
	for (unsigned i = 0; i < 2; i++) {
		rte_mbuf_refcnt_set(&o->m[i], 2);
		o->m[i].nb_segs = 1;
		o->m[i].pkt_len = o->m[i].data_len = 60;
	}
	o->p = (struct damp_pkt){ .side = DAMP_OUTSIDE, .kind = DAMP_KIND_REQUEST, .len = 60 };
	o->p.frame.ip_len = 46;
	o->guard.overload = policy;
	o->view.guard = &o->guard;
	damp_worker_hand_over(&o->w, &o->view, 1, &o->p, &o->m[0]);
	damp_worker_hand_over(&o->w, &o->view, 1, &o->p, &o->m[1]);
	return o;
}

/* fail: overload, both ways: each packet has one reason, and one place to go. */
static void overload_goes_by_its_policy(void **state)
{
	static const uint8_t policy[] = { DAMP_OVERLOAD_CLOSED, DAMP_OVERLOAD_OPEN };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct overload *o = overload_begin(policy[i]);
		const bool open = policy[i] == DAMP_OVERLOAD_OPEN;

		assert_int_equal(rte_ring_count(o->ring), 1);
		assert_int_equal(o->stats.steered_out, 1);
		assert_int_equal(o->stats.overload_passed, open);
		assert_int_equal(o->stats.reason[DAMP_OUTSIDE][DAMP_REASON_STEER_FULL].packets, !open);
		assert_int_equal(o->stats.reason[DAMP_OUTSIDE][DAMP_REASON_STEER_FULL].bytes, open ? 0 : 46);
		assert_int_equal(o->stats.reason[DAMP_OUTSIDE][DAMP_REASON_BYPASS].packets, open);
		assert_int_equal(o->stats.reason[DAMP_OUTSIDE][DAMP_REASON_BYPASS].bytes, open ? 46 : 0);
		assert_int_equal(o->stats.kind[DAMP_OUTSIDE][DAMP_KIND_REQUEST].packets, open);
		assert_int_equal(o->stats.verdict[DAMP_OUTSIDE][0][DAMP_VERDICT_BYPASS].packets, open);
		assert_int_equal(o->w.out[DAMP_INSIDE].n, open);        /* toward where it was going */
		assert_int_equal(o->w.out[DAMP_OUTSIDE].n, 0);
		assert_int_equal(rte_mbuf_refcnt_read(&o->m[1]), open ? 2 : 1);
		free(o->ring);
		free(o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_are_read),
		cmocka_unit_test(defaults_hold),
		cmocka_unit_test(workers_may_be_counted_later),
		cmocka_unit_test(workers_follow_lcores_and_queues),
		cmocka_unit_test(idle_workers_wait),
		cmocka_unit_test(wrong_settings_are_named),
		cmocka_unit_test(clock_counts_ticks),
		cmocka_unit_test(queues_are_dealt_out),
		cmocka_unit_test(senders_use_their_own_queue),
		cmocka_unit_test(hash_is_symmetric),
		cmocka_unit_test(hash_is_toeplitz),
		cmocka_unit_test(rss_needs_both_ports),
		cmocka_unit_test(builtin_opens),
		cmocka_unit_test(slots_belong_to_ids),
		cmocka_unit_test(state_survives),
		cmocka_unit_test(programs_are_swapped),
		cmocka_unit_test(provisional_programs),
		cmocka_unit_test(samples_are_of_keys),
		cmocka_unit_test(lists_outlive_a_restart),
		cmocka_unit_test(secrets_are_renewed),
		cmocka_unit_test(overload_goes_by_its_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
