/* SPDX-License-Identifier: BSD-3-Clause */
/* What outlives a restart: slots of rules, state files, lists; and the samples. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bare_plane.h"
#include "lists.h"
#include "lists_state.h"
#include "programs.h"
#include "sampling.h"
#include "segment.h"
#include "state.h"

#include <damper/wire.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_belong_to_ids),
		cmocka_unit_test(state_survives),
		cmocka_unit_test(samples_are_of_keys),
		cmocka_unit_test(lists_outlive_a_restart),
	};

	return cmocka_run_group_tests_name("state of the shell", tests, NULL, NULL);
}
