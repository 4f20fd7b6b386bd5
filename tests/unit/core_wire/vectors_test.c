/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scan against messages that nobody here wrote: vectors from the unit
 * tests of other stacks with the verdicts those assert, and inputs of a public
 * fuzz corpus with the verdicts of three parsers.
 *
 * Invariant: we never accept what breaks the framing of RFC 7252, whoever
 * accepts it; and wherever we differ from the peer's verdict, the entry is
 * listed here with the reason. A listed entry that no longer differs fails
 * too, so the lists stay true.
 */
#include "option.h"
#include "scan.h"
#include "needs.h"
#include <damper/reasons.h>

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

/* Entries that a peer's own test calls valid and we refuse on purpose. */
static const struct { int id; uint8_t reason; } stricter[] = {
	/* 3.09 and the like: reserved class, M10. The peer tests only framing. */
	{ 2, DAMP_REASON_COAP_CODE },
	{ 6, DAMP_REASON_COAP_CODE },
	{ 8, DAMP_REASON_COAP_CODE },
	{ 9, DAMP_REASON_COAP_CODE },
	/* Uri-Port of 3 bytes (critical) and Max-Age of 5, M31; both end in a bare
	 * marker, M18, besides. */
	{ 46, DAMP_REASON_COAP_OPTION_LEN },
	{ 47, DAMP_REASON_COAP_OPTION_LEN },
	/* Empty NON, M6. */
	{ 104, DAMP_REASON_COAP_EMPTY },
	/* If-None-Match with a value, M26: the peer's encoder test fills options
	 * with arbitrary bytes. */
	{ 264, DAMP_REASON_COAP_OPTION_LEN },
	{ 265, DAMP_REASON_COAP_OPTION_LEN },
	{ 266, DAMP_REASON_COAP_OPTION_LEN },
	{ 267, DAMP_REASON_COAP_OPTION_LEN },
	{ 268, DAMP_REASON_COAP_OPTION_LEN },
	{ 269, DAMP_REASON_COAP_OPTION_LEN },
	/* Uri-Path of 268 to 270 bytes, M24. */
	{ 389, DAMP_REASON_COAP_OPTION_LEN },
	{ 390, DAMP_REASON_COAP_OPTION_LEN },
	{ 391, DAMP_REASON_COAP_OPTION_LEN },
	/* Block2 twice, M36: what the peer's test means as a Content-Format. */
	{ 569, DAMP_REASON_COAP_OPTION_REPEATED },
	/* Empty message with options, M5. */
	{ 419, DAMP_REASON_COAP_EMPTY },
	{ 420, DAMP_REASON_COAP_EMPTY },
};

/* Entries that a peer rejects and we let through: answers of an endpoint, not
 * defects of the message. */
static const int laxer[] = {
	117, /* Content-Format of 3 bytes: elective, to be ignored (RFC 7252 section 5.4.3) */
	118, /* Proxy-Scheme: policy decides, M46 */
	149, /* method 0.08: the server answers 4.05 (RFC 7252 section 5.8) */
	154, /* unknown critical option: the server answers 4.02, M32 */
};

/* Corpus inputs that libcoap rejects and we let through. */
static const char *const corpus_laxer[] = {
	"0235.bin", /* elective option of a length outside its range: to be ignored (section 5.4.3) */
};

static json_t *records;

static unsigned int nibble(char c)
{
	return c <= '9' ? (unsigned int)(c - '0') : (unsigned int)((c | 0x20) - 'a' + 10);
}

/* Into an exact-size heap buffer, so that a sanitizer sees every read past the end. The
 * caller frees it. */
static uint8_t *unhex(const char *hex, size_t *len)
{
	const size_t n = strlen(hex) / 2;
	uint8_t *out = malloc(n ? n : 1);

	if (!out)
		abort();
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
	*len = n;
	return out;
}

static uint8_t scan_hex(const char *hex)
{
	struct damp_coap m;
	size_t len;
	uint8_t *bytes = unhex(hex, &len);

	damp_coap_scan(bytes, len, &m);
	free(bytes);
	return m.malformed;
}

static const char *text_of(const json_t *r, const char *key)
{
	const char *s = json_string_value(json_object_get(r, key));

	return s ? s : "";
}

static bool is_kind(const json_t *r, const char *kind)
{
	return strcmp(text_of(r, "kind"), kind) == 0;
}

static bool breaks_framing(const json_t *r)
{
	return strncmp(text_of(r, "rfc7252_framing_advisory"), "well-formed", 11) != 0;
}

static int stricter_reason(int id)
{
	for (size_t i = 0; i < sizeof(stricter) / sizeof(stricter[0]); i++)
		if (stricter[i].id == id)
			return stricter[i].reason;
	return 0;
}

static bool is_laxer(int id)
{
	for (size_t i = 0; i < sizeof(laxer) / sizeof(laxer[0]); i++)
		if (laxer[i] == id)
			return true;
	return false;
}

/* What our answer must be: -1 any, 0 accept, else refuse. */
static int expected(const json_t *r, int id)
{
	const char *verdict = text_of(r, "verdict");

	if (stricter_reason(id))
		return 1;
	if (is_laxer(id))
		return 0;
	if (breaks_framing(r) || strcmp(verdict, "malformed") == 0 || strcmp(verdict, "reject") == 0)
		return 1;
	return strcmp(verdict, "valid") == 0 ? 0 : -1;
}

static void test_messages(void **state)
{
	size_t i, n = 0, wrong = 0;
	json_t *r;

	(void)state;
	json_array_foreach(records, i, r) {
		const int id = (int)json_integer_value(json_object_get(r, "id"));
		const int want = expected(r, id), reason = stricter_reason(id);
		uint8_t got;

		if (!is_kind(r, "message"))
			continue;
		n++;
		got = scan_hex(text_of(r, "hex"));
		if ((want >= 0 && (got != 0) != (want != 0)) || (reason && got != reason)) {
			print_error("%d: reason %u, wanted %d: %s %s\n", id, got, want,
				    text_of(r, "hex"), text_of(r, "why"));
			wrong++;
		}
	}
	print_message("%zu messages, %zu differ from what is listed\n", n, wrong);
	assert_true(n > 150);
	assert_int_equal(wrong, 0);
}

/* A list that names an entry the peer agrees on would hide a later change. */
static void test_exceptions_are_needed(void **state)
{
	size_t i;
	json_t *r;

	(void)state;
	json_array_foreach(records, i, r) {
		const int id = (int)json_integer_value(json_object_get(r, "id"));

		if (stricter_reason(id))
			assert_string_equal(text_of(r, "verdict"), "valid");
		if (is_laxer(id)) {
			assert_string_equal(text_of(r, "verdict"), "reject");
			assert_false(breaks_framing(r));
		}
	}
}

/* Read gives the numbers the peer wrote, write gives its bytes again. */
static void check_option_header(const uint8_t *hdr, size_t len, uint32_t delta, uint32_t vlen)
{
	static uint8_t buf[1 << 17]; /* the header and room for the longest value */
	uint8_t again[DAMP_OPT_HDR_MAX];
	struct damp_opt o;

	memcpy(buf, hdr, len);
	assert_true(damp_opt_read(buf, len + vlen, &o));
	assert_int_equal(o.delta, delta);
	assert_int_equal(o.len, vlen);
	assert_int_equal(o.hdr, len);
	if (vlen)
		assert_false(damp_opt_read(buf, len + vlen - 1, &o));
	assert_int_equal(damp_opt_write(again, delta, vlen), len);
	assert_memory_equal(again, hdr, len);
}

static void test_option_headers(void **state)
{
	size_t i, whole = 0, cut = 0, len;
	json_t *r;

	(void)state;
	json_array_foreach(records, i, r) {
		unsigned int delta, vlen;
		struct damp_opt o;
		uint8_t *hdr;

		if (!is_kind(r, "option_header"))
			continue;
		hdr = unhex(text_of(r, "hex"), &len);
		if (sscanf(text_of(r, "why"), "option header bytes encode delta %u, length %u", &delta,
				&vlen) == 2) {
			check_option_header(hdr, len, delta, vlen);
			whole++;
		} else {
			assert_string_equal(text_of(r, "verdict"), "malformed");
			assert_false(damp_opt_read(hdr, len, &o));
			cut++;
		}
		free(hdr);
	}
	assert_true(whole > 30 && cut > 20);
}

static void test_options(void **state)
{
	size_t i, n = 0, len;
	json_t *r;

	(void)state;
	json_array_foreach(records, i, r) {
		struct damp_opt o;
		uint8_t *bytes;

		if (!is_kind(r, "option"))
			continue;
		bytes = unhex(text_of(r, "hex"), &len);
		assert_int_equal(damp_opt_read(bytes, len, &o), strcmp(text_of(r, "verdict"), "valid") == 0);
		free(bytes);
		n++;
	}
	assert_true(n > 5);
}

static bool is_corpus_laxer(const char *file)
{
	for (size_t i = 0; i < sizeof(corpus_laxer) / sizeof(corpus_laxer[0]); i++)
		if (strcmp(corpus_laxer[i], file) == 0)
			return true;
	return false;
}

/* Of the fuzz corpus: nothing that libcoap rejects, nothing that breaks the
 * framing, and at least the reasons whose bytes leave no choice. */
static void test_corpus(void **state)
{
	json_t *corpus = *state, *r;
	size_t i, accepted = 0, wrong = 0;

	json_array_foreach(corpus, i, r) {
		const bool ok = scan_hex(text_of(r, "hex")) == 0;
		const bool peer = strcmp(text_of(json_object_get(r, "oracle"), "libcoap-4.3.1"),
				"accept") == 0;
		const bool listed = is_corpus_laxer(text_of(r, "file"));

		accepted += ok;
		if (ok && (breaks_framing(r) || peer == listed)) {
			print_error("%s: accepted: %s\n", text_of(r, "file"), text_of(r, "hex"));
			wrong++;
		}
	}
	print_message("%zu of %zu corpus inputs accepted\n", accepted, json_array_size(corpus));
	assert_true(accepted > 0);
	assert_int_equal(wrong, 0);
}

/* One JSON object per line. NULL when the file is not there. */
static json_t *load_lines(const char *name)
{
	const char *path = needs_shared(name);
	FILE *f = path ? fopen(path, "r") : NULL;
	json_t *all, *one;

	if (!f)
		return NULL;
	all = json_array();
	while ((one = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL)))
		json_array_append_new(all, one);
	fclose(f);
	return all;
}

int main(void)
{
	json_t *corpus;
	int failed;

	records = load_lines("vectors.jsonl");
	corpus = load_lines("corpus.jsonl");
	if (!records || !corpus)
		return NEEDS_SKIP;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_exceptions_are_needed),
		cmocka_unit_test(test_option_headers),
		cmocka_unit_test(test_options),
		cmocka_unit_test_prestate(test_corpus, corpus),
	};
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(records);
	json_decref(corpus);
	return failed;
}
