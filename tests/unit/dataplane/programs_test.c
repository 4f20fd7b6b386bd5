/* SPDX-License-Identifier: BSD-3-Clause */
/* Programs: the built-in one, loads, trials, what is on disk, secrets that are renewed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bare_plane.h"
#include "builtin.h"
#include "core/view.h"
#include "programs.h"
#include "state.h"

#include <damper/wire.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

static void *copy_running(const struct damp_plane *p, size_t *len)
{
	void *block;

	*len = damp_programs_view(p)->hdr->total_len;
	block = malloc(*len);
	assert_non_null(block);
	memcpy(block, damp_programs_view(p)->block, *len);
	return block;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builtin_opens),
		cmocka_unit_test(programs_are_swapped),
		cmocka_unit_test(provisional_programs),
		cmocka_unit_test(secrets_are_renewed),
	};

	return cmocka_run_group_tests_name("programs of the shell", tests, NULL, NULL);
}
