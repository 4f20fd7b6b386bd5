/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer target: the CoAP scan and the texts of path and query.
 *
 * The input is copied to a heap buffer of its exact size, so that the address
 * sanitizer sees one byte too far. What is accepted must keep the invariant of
 * scan.h, and reading its options again one by one must give the same count.
 */
#include "option.h"
#include "scan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_options(const uint8_t *msg, const struct damp_coap *m)
{
	const uint32_t end = m->payload_len ? m->payload_off - 1u : m->len;
	uint32_t pos = m->options_off, n = 0;
	struct damp_opt o;

	for (; pos < end; pos += o.hdr + o.len, n++)
		must(damp_opt_read(msg + pos, end - pos, &o));
	must(pos == end && n == m->noptions);
}

static void check_spans(const struct damp_coap *m)
{
	must(m->token_len == m->tkl && m->token_off + m->token_len == m->options_off);
	must(m->payload_off + m->payload_len == m->len && m->options_off <= m->payload_off);
	must(m->path_off <= m->path_end && m->path_end <= m->payload_off);
	must(m->query_off <= m->query_end && m->query_end <= m->payload_off);
	if (damp_coap_is_bare(m))
		return;
	must(m->echo_off + m->echo_len <= m->payload_off);
	must(m->block2_off + m->block2_len <= m->payload_off);
	must(m->block2_hdr + m->block2_vlen == m->block2_len);
}

static void check_texts(const uint8_t *msg, const struct damp_coap *m)
{
	char *out = malloc(64);
	int path, query;

	must(out != NULL);
	path = damp_coap_path_text(msg, m, out, 64);
	must(path <= 64 && (path != -1 || 3 * m->path_text_len > 64 - 24));
	query = damp_coap_query_text(msg, m, out, 64);
	must(query <= 64 && (query != -1 || 3 * m->query_text_len > 64));
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *msg = malloc(size ? size : 1);
	struct damp_coap m, fully;

	must(msg != NULL);
	memcpy(msg, data, size);
	damp_coap_scan(msg, size, &m);
	damp_coap_scan_fully(msg, size, &fully);
	must(m.malformed == fully.malformed);
	must(m.malformed || memcmp(&m, &fully, damp_coap_is_bare(&fully) ? DAMP_COAP_BARE : sizeof(m)) == 0);
	if (!m.malformed && m.code != DAMP_COAP_CODE_EMPTY) {
		check_spans(&m);
		check_options(msg, &m);
		check_texts(msg, &m);
	}
	free(msg);
	return 0;
}
