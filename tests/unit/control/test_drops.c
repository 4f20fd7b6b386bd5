/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies of dropped messages on disk: what is written, that the files never take
 * more than their room, that they go when they are old, and what a disk that
 * cannot be written to costs.
 */
#include "drops.h"
#include "fake_fill.h"
#include "tmpdir.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_S 1790000000
#define FILE_LEN (sizeof(struct damp_capture_file) + sizeof(struct damp_capture_ring))

struct fixture {
	char dir[256], drops_dir[300];
	struct damp_capture_file *file;
	struct damp_drops *drops;
	struct damp_watch watch;
	int64_t mono_s;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	tmpdir_make(f->dir, sizeof(f->dir));
	snprintf(f->drops_dir, sizeof(f->drops_dir), "%s/%s", f->dir, DAMP_DROPS_DIR);
	f->file = tmpdir_map(f->dir, DAMP_CAPTURE_FILE, FILE_LEN);
	f->file->magic = DAMP_CAPTURE_MAGIC;
	f->file->version = DAMP_STATS_VERSION;
	f->file->nworkers = 1;
	f->file->boot_id = FAKE_BOOT_ID;
	f->drops = damp_drops_new(f->dir, f->dir);
	f->watch = (struct damp_watch){ .keep_bytes = 1 << 20, .keep_share_q32 = UINT32_MAX, .keep_snap = 1536 };
	assert_null(damp_drops_write(f->drops, &f->watch, NULL, 0, 0)); /* attaches */
	*state = f;
	return 0;
}

struct seen { unsigned files; uint64_t bytes; char first[64], last[64]; };

static struct seen look(const struct fixture *f)
{
	struct seen s = { 0, 0, "", "" };
	DIR *d = opendir(f->drops_dir);
	const struct dirent *e;
	char path[600];
	struct stat st;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", f->drops_dir, e->d_name);
		assert_int_equal(stat(path, &st), 0);
		s.files++;
		s.bytes += (uint64_t)st.st_size;
		if (s.first[0] == '\0' || strcmp(e->d_name, s.first) < 0)
			snprintf(s.first, sizeof(s.first), "%.63s", e->d_name);
		if (strcmp(e->d_name, s.last) > 0)
			snprintf(s.last, sizeof(s.last), "%.63s", e->d_name);
	}
	if (d != NULL)
		closedir(d);
	return s;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	struct seen s;

	damp_drops_free(f->drops);
	while ((s = look(f)).files > 0) {
		char path[600];

		snprintf(path, sizeof(path), "%s/%s", f->drops_dir, s.first);
		unlink(path);
	}
	rmdir(f->drops_dir);
	munmap(f->file, FILE_LEN);
	tmpdir_remove(f->dir);
	free(f);
	return 0;
}

static void put(struct fixture *f, unsigned n, uint32_t len, uint8_t kept)
{
	struct damp_capture_ring *ring = &f->file->ring[0];

	for (unsigned i = 0; i < n; i++) {
		struct damp_capture_record *r = &ring->slot[ring->head % DAMP_CAPTURE_SLOTS];

		memset(r->data, 0x55, sizeof(r->data));
		r->len = len;
		r->caplen = len < DAMP_CAPTURE_SNAP ? len : DAMP_CAPTURE_SNAP;
		r->reason = DAMP_REASON_COAP_SHORT;
		r->verdict = DAMP_VERDICT_DROP;
		r->rule_slot = 0;
		r->kept = kept;
		r->seq = ring->head;
		__atomic_store_n(&ring->head, ring->head + 1, __ATOMIC_RELEASE);
	}
}

static const char *write_now(struct fixture *f, int64_t now_s)
{
	return damp_drops_write(f->drops, &f->watch, NULL, now_s, ++f->mono_s);
}

static void test_bounded(void **state)
{
	struct fixture *f = *state;
	struct seen s = look(f);
	uint64_t last = 0;

	assert_int_equal(s.files, 0);
	/* 8000 frames of 1500 B are 12 MiB; there is room for 1. */
	for (unsigned i = 0; i < 80; i++) {
		put(f, 100, 1500, 1);
		assert_null(write_now(f, NOW_S));
		s = look(f);
		assert_in_range(s.bytes, 1, 1 << 20);
		assert_int_equal(damp_drops_stats(f->drops).files, s.files);
		assert_int_equal(damp_drops_stats(f->drops).bytes, s.bytes);
		assert_true(strtoull(s.last + 6, NULL, 10) >= last); /* numbers go up */
		last = strtoull(s.last + 6, NULL, 10);
	}
	assert_in_range(s.files, 7, 8);         /* most of the room is used */
	assert_true(s.bytes > (1 << 20) * 3 / 4);
	assert_int_equal(damp_drops_stats(f->drops).kept, 8000);
	assert_int_equal(damp_drops_stats(f->drops).lost, 0);
	/* Another damperd goes on behind the highest number. */
	damp_drops_free(f->drops);
	f->drops = damp_drops_new(f->dir, f->dir);
	assert_null(write_now(f, NOW_S)); /* attaches; what lies there was written */
	put(f, 1, 60, 1);
	assert_null(write_now(f, NOW_S));
	assert_int_equal(damp_drops_stats(f->drops).kept, 1);
	s = look(f);
	assert_int_equal(strtoull(s.last + 6, NULL, 10), last + 1);
	assert_in_range(s.bytes, 1, 1 << 20);
	f->watch.keep_bytes = 2 << 20;          /* more room, at once */
	put(f, 200, 1500, 1);
	assert_null(write_now(f, NOW_S));
	assert_true(look(f).bytes > s.bytes);
}

static void test_whose(void **state)
{
	struct fixture *f = *state;

	put(f, 20, 100, 0);     /* of somebody's `damper capture` */
	assert_null(write_now(f, NOW_S));
	assert_int_equal(damp_drops_stats(f->drops).kept, 0);
	assert_int_equal(look(f).files, 0);
	put(f, 2, 100, 1);
	put(f, 3, 100, 0);
	assert_null(write_now(f, NOW_S));
	assert_int_equal(damp_drops_stats(f->drops).kept, 2);
}

static void test_lost(void **state)
{
	struct fixture *f = *state;

	put(f, DAMP_CAPTURE_SLOTS + 50, 100, 1);
	assert_null(write_now(f, NOW_S));
	assert_int_equal(damp_drops_stats(f->drops).kept, DAMP_CAPTURE_SLOTS - 1);
	assert_int_equal(damp_drops_stats(f->drops).lost, 51);
	/* The data plane starts again: its rings are read from their first record. */
	munmap(f->file, FILE_LEN);
	f->file = tmpdir_map(f->dir, DAMP_CAPTURE_FILE, FILE_LEN);
	f->file->magic = DAMP_CAPTURE_MAGIC;
	f->file->version = DAMP_STATS_VERSION;
	f->file->nworkers = 1;
	f->file->boot_id = FAKE_BOOT_ID + 1;
	put(f, 3, 100, 1);
	assert_null(write_now(f, NOW_S));
	assert_int_equal(damp_drops_stats(f->drops).kept, DAMP_CAPTURE_SLOTS + 2);
	assert_int_equal(damp_drops_stats(f->drops).lost, 51);
}

/* Each second of ours is one of the monotonic clock, so files are looked at again. */
static void test_old(void **state)
{
	struct fixture *f = *state;
	const struct timespec old[2] = { { NOW_S - 7200, 0 }, { NOW_S - 7200, 0 } };
	char path[600];
	struct seen s;

	put(f, 100, 1500, 1);   /* closes a segment, begins another */
	assert_null(write_now(f, NOW_S));
	s = look(f);
	assert_int_equal(s.files, 2);
	snprintf(path, sizeof(path), "%s/%s", f->drops_dir, s.first);
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	f->watch.keep_s = 3600;
	f->mono_s += 100;
	assert_null(write_now(f, 0));           /* nobody knows the time: nothing is old */
	assert_int_equal(look(f).files, 2);
	f->mono_s += 100;
	assert_null(write_now(f, NOW_S));
	assert_int_equal(look(f).files, 1);
	assert_string_equal(look(f).first, s.last);
}

/* A place that cannot be written to: said once, tried again, and it goes on. */
static void test_failure(void **state)
{
	struct fixture *f = *state;
	const char *text;
	int fd = open(f->drops_dir, O_WRONLY | O_CREAT, 0600);

	close(fd);
	put(f, 1, 100, 1);
	text = write_now(f, NOW_S);
	assert_non_null(text);
	assert_non_null(strstr(text, f->drops_dir));
	for (unsigned i = 0; i < 100; i++) {
		put(f, 1, 100, 1);
		assert_null(write_now(f, NOW_S));
	}
	unlink(f->drops_dir);
	f->mono_s += 100;
	put(f, 1, 100, 1);
	assert_null(write_now(f, NOW_S));
	assert_int_equal(look(f).files, 1);
}

/* Only files of ours are ever taken away. */
static void test_strangers(void **state)
{
	static const char *const name[] = { "drops.pcapng", "drops-1.pcapng", "drops-x-1.pcapng", "notes.txt",
					    "drops-00000001-20260101T000000Z.pcapng.gz" };
	struct fixture *f = *state;
	char path[600];

	assert_int_equal(mkdir(f->drops_dir, 0700), 0);
	for (unsigned i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		FILE *out;

		snprintf(path, sizeof(path), "%s/%s", f->drops_dir, name[i]);
		out = fopen(path, "w");
		assert_non_null(out);
		fclose(out);
	}
	for (unsigned i = 0; i < 20; i++) {
		put(f, 100, 1500, 1);
		assert_null(write_now(f, NOW_S));
	}
	for (unsigned i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->drops_dir, name[i]);
		assert_int_equal(access(path, F_OK), 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_bounded), TEST(test_whose), TEST(test_lost),
		TEST(test_old),	    TEST(test_failure), TEST(test_strangers),
	};

	return cmocka_run_group_tests_name("copies of drops", tests, NULL, NULL);
}
