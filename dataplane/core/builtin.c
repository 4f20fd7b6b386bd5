/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The built-in safe program; see builtin.h.
 *
 * Idea: the smallest block that keeps every promise of program.h. With no
 * rules a row has no words, and all attributes may share the one row there is.
 * Without rules everything is left to the guard, which bounds what goes to
 * unproved addresses. Inside prefixes are not known, so spoofed sources of
 * inside networks pass: that needs a rule file.
 */
#include "builtin.h"

#include "guard.h"
#include "types.h"
#include "view.h"

#include <damper/coap.h>
#include <stdlib.h>

struct part { enum damp_section_id id; const void *data; size_t len; };

static size_t align(size_t n)
{
	return (n + DAMP_CACHE_LINE - 1) & ~(size_t)(DAMP_CACHE_LINE - 1);
}

static size_t lay_out(struct damp_program_hdr *h, const struct part *parts, size_t nparts)
{
	size_t at = align(sizeof(*h));

	for (unsigned i = 0; i < DAMP_SEC_MAX; i++)
		h->sec[i].off = at;
	for (size_t i = 0; i < nparts; i++) {
		h->sec[parts[i].id] = (struct damp_section){ at, parts[i].len };
		at += align(parts[i].len);
	}
	return at;
}

void *damp_builtin_program(size_t *len)
{
	static const struct damp_range4 all4;
	static const struct damp_range6 all6;
	static const struct damp_class nobody;
	static const struct damp_interval any;
	static const struct damp_text_rows texts[2];
	struct damp_guard guard;
	const struct part parts[] = {
		{ DAMP_SEC_STRINGS, "", 1 },
		{ DAMP_SEC_GUARD, &guard, sizeof(guard) },
		{ DAMP_SEC_RANGES4, &all4, sizeof(all4) },
		{ DAMP_SEC_RANGES6, &all6, sizeof(all6) },
		{ DAMP_SEC_CLASSES, &nobody, sizeof(nobody) },
		{ DAMP_SEC_SIZES, &any, sizeof(any) },
		{ DAMP_SEC_SRC_PORTS, &any, sizeof(any) },
		{ DAMP_SEC_DST_PORTS, &any, sizeof(any) },
		{ DAMP_SEC_TEXTS, texts, sizeof(texts) },
	};
	struct damp_program_hdr h = {
		.magic = DAMP_PROGRAM_MAGIC,
		.version = DAMP_PROGRAM_VERSION,
		.hdr_len = sizeof(h),
		.name = "builtin",
		.mode = DAMP_MODE_ENFORCE,
		.nclasses = 1,
		.nrows = 1,
		.ncoap_ports = 1,
		.ndtls_ports = 1,
		.coap_port = { DAMP_PORT_COAP },
		.dtls_port = { DAMP_PORT_COAPS },
	};
	const size_t nparts = sizeof(parts) / sizeof(parts[0]);
	uint8_t *block;

	damp_guard_defaults(&guard);
	damp_watch_defaults(&h.watch);
	*len = lay_out(&h, parts, nparts);
	h.total_len = *len;
	block = calloc(1, *len);
	if (block == NULL)
		return NULL;
	memcpy(block, &h, sizeof(h));
	for (size_t i = 0; i < nparts; i++)
		memcpy(block + h.sec[parts[i].id].off, parts[i].data, parts[i].len);
	h.checksum = damp_program_checksum(block, *len);
	memcpy(block, &h, sizeof(h));
	return block;
}
