/* SPDX-License-Identifier: BSD-3-Clause */
/* Block-wise transfer: AV-26 to AV-32. */
#include "scenarios.h"

#define LARGE 10240u

/* NON GET /p with Block2 0/0/1024 of a large body. */
void av26(struct sim_world *w)
{
	static const uint8_t get_p[] = { 0x51, 0x01, 0x00, 0x01, 0x01, 0xb1, 'p', 0xc1, 0x06 };

	sim_server_add(&w->server, "p", LARGE, 9);
	sim_repeat(sim_attack_add(w, get_p, sizeof(get_p)), 300, TEN_A_SECOND);
}

/* Q-Block2 0/1/1024 of 60 KiB: ten blocks each 2.3 s, whoever listens. */
void av27(struct sim_world *w)
{
	static const uint8_t get_p[] = { 0x51, 0x01, 0x00, 0x07, 0x05, 0xb1, 'p', 0xd1, 0x07, 0x0e };

	w->server.q_block = true;
	sim_server_add(&w->server, "p", 60 * 1024, 9);
	sim_repeat(sim_attack_add(w, get_p, sizeof(get_p)), 100, DAMP_SECONDS(1) / 2);
}

/* Blocks 0 and 2 by Q-Block1; the server asks three times for block 1. */
void av28(struct sim_world *w)
{
	/* 0x81: Q-Block1, 0xd1 0x1c: Size1 64, 0xd1 0xdb: Request-Tag */
	static const uint8_t block0[33] = { 0x51, 0x03, 0x00, 0x01, 0x07, 0xb1, 'q', 0x81, 0x08,
					    0xd1, 0x1c, 0x40, 0xd1, 0xdb, 0x01, 0xff };
	static const uint8_t block2[33] = { 0x51, 0x03, 0x10, 0x01, 0x07, 0xb1, 'q', 0x81, 0x28,
					    0xd1, 0x1c, 0x40, 0xd1, 0xdb, 0x01, 0xff };

	w->server.q_block = true;
	sim_repeat(sim_attack_add(w, block0, sizeof(block0) - 1), 50, DAMP_SECONDS(1) / 2);
	sim_repeat(sim_attack_add(w, block2, sizeof(block2) - 1), 50, DAMP_SECONDS(1) / 2);
}

static size_t next_upload(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	(void)a;
	src->port = (uint16_t)(SIM_PORT_VICTIM + i);
	msg[6] = (uint8_t)('a' + i % 26);
	return len;
}

/* First blocks of uploads that never go on. */
void av29(struct sim_world *w)
{
	/* 0xd1 0x03 0x08: Block1 0/1/16 */
	static const uint8_t first[27] = { 0x41, 0x03, 0x00, 0x01, 0x01, 0xb1, 'x', 0xd1, 0x03, 0x08, 0xff };

	sim_repeat(sim_attack_add(w, first, sizeof(first)), 300, TEN_A_SECOND)->vary = next_upload;
}

/* The last possible block first, a full block with the wrong size, SZX 7. */
void av30(struct sim_world *w)
{
	static const uint8_t last[] = { 0x41, 0x03, 0x00, 0x01, 0x01, 0xb1, 'x', 0xd3, 0x03, 0xff, 0xff, 0xfe, 0xff, 'y' };
	static const uint8_t size[] = { 0x41, 0x03, 0x10, 0x01, 0x01, 0xb1, 'x', 0xd1, 0x03, 0x0e, 0xff, 'y' };
	static const uint8_t bert[] = { 0x51, 0x01, 0x20, 0x01, 0x01, 0xb1, 'p', 0xc1, 0x07 };

	sim_server_add(&w->server, "p", LARGE, 9);
	sim_repeat(sim_attack_add(w, last, sizeof(last)), 100, TEN_A_SECOND);
	sim_repeat(sim_attack_add(w, size, sizeof(size)), 100, TEN_A_SECOND);
	sim_repeat(sim_attack_add(w, bert, sizeof(bert)), 100, TEN_A_SECOND);
}

/* First blocks that announce 4 GiB. */
void av31(struct sim_world *w)
{
	static const uint8_t first[33] = { 0x41, 0x03, 0x00, 0x01, 0x01, 0xb1, 'x', 0xd1, 0x03, 0x08,
					   0xd4, 0x14, 0xff, 0xff, 0xff, 0xff, 0xff };

	sim_repeat(sim_attack_add(w, first, sizeof(first)), 300, TEN_A_SECOND)->vary = next_upload;
}

static size_t next_block(const struct sim_attack *a, uint32_t i, struct sim_end *src, uint8_t *msg, size_t len)
{
	(void)a;
	(void)src;
	damp_put16(msg + 8, (uint16_t)((i * 61 % (LARGE / 64)) << 4 | 2));
	return len;
}

/* Blocks of 64 bytes in no order. */
void av32(struct sim_world *w)
{
	static const uint8_t get_p[] = { 0x51, 0x01, 0x00, 0x01, 0x01, 0xb1, 'p', 0xc2, 0x00, 0x02 };

	sim_server_add(&w->server, "p", LARGE, 9);
	sim_repeat(sim_attack_add(w, get_p, sizeof(get_p)), 300, TEN_A_SECOND)->vary = next_block;
}
