/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rewrites of random valid messages in random frames. The option list that
 * comes out, read by a decoder of the test's own, must be the list that went
 * in with exactly the intended difference; everything else in the message is
 * the same; frame and scan accept it, checksums summed the slow way included;
 * and the same rewrite once more changes nothing.
 */
#include "build_frame.h"
#include "prop.h"
#include "rewrite.h"

#define ROUNDS 60000u
#define OPTIONS 12u
#define MSG_MAX 1400u
#define OPTION_ROOM 305u           /* five bytes of header, 300 of value */
#define PAYLOAD_ROOM 101u
#define LIST_MAX 80u

struct opt { uint32_t number, len; uint8_t value[400]; };
struct list { uint32_t n; struct opt o[LIST_MAX]; };

struct message {
	struct list options;
	uint8_t head[12];           /* header and token */
	size_t head_len;
	const uint8_t *payload;     /* marker included */
	size_t payload_len;
};

struct op { bool strip, slice; uint16_t number; uint8_t szx; };

/* The decoder of the test: RFC 7252 section 3.1 by the letter, bit by bit. */
static uint32_t slow_field(const uint8_t *b, size_t *at, uint32_t nibble)
{
	uint32_t v = nibble;

	if (nibble == 13)
		v = 13u + b[(*at)++];
	if (nibble == 14) {
		v = 269u + 256u * b[*at] + b[*at + 1];
		*at += 2;
	}
	assert_int_not_equal(nibble, 15);
	return v;
}

static void slow_decode(const uint8_t *b, size_t len, struct message *m)
{
	size_t at = 4 + (b[0] & 15u);
	uint32_t number = 0;

	m->head_len = at;
	memcpy(m->head, b, at);
	m->options.n = 0;
	while (at < len && b[at] != 0xff) {
		struct opt *o = &m->options.o[m->options.n++];
		const uint8_t first = b[at++];

		number += slow_field(b, &at, first / 16u);
		o->number = number;
		o->len = slow_field(b, &at, first % 16u);
		assert_true(o->len <= sizeof(o->value) && at + o->len <= len);
		memcpy(o->value, b + at, o->len);
		at += o->len;
	}
	m->payload = b + at;
	m->payload_len = len - at;
}

static size_t slow_put_field(uint8_t *out, size_t at, uint32_t v, uint8_t *nibble)
{
	*nibble = (uint8_t)(v < 13 ? v : v < 269 ? 13 : 14);
	if (*nibble == 13)
		out[at++] = (uint8_t)(v - 13);
	if (*nibble == 14) {
		out[at++] = (uint8_t)((v - 269) / 256);
		out[at++] = (uint8_t)((v - 269) % 256);
	}
	return at;
}

static uint32_t some_number(struct prop_rng *r)
{
	/* known ones that mix, and unknown ones around each place a delta turns */
	static const uint16_t numbers[] = {
		1, 3, 4, 5, 6, 7, 8, 8, 10, 11, 11, 11, 12, 14, 15, 15, 16, 17, 20, 22, 23, 23, 24, 26, 27,
		28, 36, 37, 60, 252, 258, 268, 269, 274, 275, 276, 291, 292, 292, 293, 300, 530, 531, 2049, 64999,
	};

	return numbers[prop_below(r, sizeof(numbers) / sizeof(numbers[0]))];
}

static uint32_t some_len(struct prop_rng *r, uint32_t number)
{
	static const uint16_t lens[] = { 0, 1, 2, 3, 12, 13, 14, 255, 268, 269, 300 };

	switch (number) {
	case 5: return 0;
	case 16: return 1;
	case 6: case 23: case 27: return prop_below(r, 4);
	case 7: case 12: case 17: return prop_below(r, 3);
	case 14: case 28: case 60: return prop_below(r, 5);
	case 1: case 4: case 292: return 1 + prop_below(r, 8);
	case 252: return 1 + prop_below(r, 40);
	case 3: return 1 + prop_below(r, 20);
	case 8: case 11: case 15: case 20: return prop_below(r, 20);
	default: return lens[prop_below(r, sizeof(lens) / sizeof(lens[0]))];
	}
}

static void some_value(struct prop_rng *r, uint32_t number, uint32_t len, uint8_t *v)
{
	for (uint32_t i = 0; i < len; i++)
		v[i] = (uint8_t)prop_next(r);
	if (len == 0 || (number != 23 && number != 27))
		return;
	if (prop_below(r, 3))       /* NUM 0 more often than chance has it */
		memset(v, 0, len);
	v[len - 1] = (uint8_t)((prop_below(r, 3) ? v[len - 1] & 8 : v[len - 1] & 0xf8) | prop_below(r, 7));
}

static int by_value(const void *a, const void *b)
{
	return (int)*(const uint32_t *)a - (int)*(const uint32_t *)b;
}

static size_t some_message(struct prop_rng *r, uint8_t *b)
{
	static const uint8_t codes[] = { 1, 1, 1, 5, 2, 3, 0x45 };
	uint32_t numbers[OPTIONS], n = prop_below(r, OPTIONS + 1), last = 0;
	const uint32_t tkl = prop_below(r, 9);
	size_t at = 4 + tkl, hdr;

	b[0] = (uint8_t)(0x40 | prop_below(r, 2) << 4 | tkl);
	b[1] = codes[prop_below(r, sizeof(codes))];
	for (size_t i = 2; i < at; i++)
		b[i] = (uint8_t)prop_next(r);
	for (uint32_t i = 0; i < n; i++)
		numbers[i] = some_number(r);
	qsort(numbers, n, sizeof(numbers[0]), by_value);
	for (uint32_t i = 0; i < n && at < MSG_MAX - OPTION_ROOM - PAYLOAD_ROOM; i++) {
		const uint32_t len = some_len(r, numbers[i]);
		uint8_t hi, lo;

		hdr = at++;
		at = slow_put_field(b, at, numbers[i] - last, &hi);
		at = slow_put_field(b, at, len, &lo);
		b[hdr] = (uint8_t)(hi * 16 + lo);
		some_value(r, numbers[i], len, b + at);
		at += len;
		last = numbers[i];
	}
	if (prop_below(r, 2)) {
		b[at++] = 0xff;
		for (uint32_t left = 1 + prop_below(r, 100); left > 0; left--)
			b[at++] = (uint8_t)prop_next(r);
	}
	return at;
}

static size_t some_frame(struct prop_rng *r, const uint8_t *msg, size_t len, uint8_t *out)
{
	static const uint8_t v4_options[] = { 0x94, 4, 0, 0, 1, 1, 1, 0 };
	static const uint8_t v6_headers[] = { 60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0 };
	struct frame_spec s = { .v6 = prop_below(r, 2),
				.ntags = prop_below(r, 3),
				.sport = 40000,
				.dport = 5683,
				.payload = msg,
				.payload_len = len,
				.trailer = prop_below(r, 2) ? prop_below(r, 20) : 0,
				.id = (uint16_t)prop_next(r) };

	if (prop_below(r, 2)) {
		s.ext = s.v6 ? v6_headers : v4_options;
		s.ext_len = s.v6 ? sizeof(v6_headers) : sizeof(v4_options);
		s.ext_first = 0;
	}
	return build_frame(out, &s);
}

/* What must come out, worked out on lists. */
static void expect(const struct op *op, const struct list *in, struct list *out)
{
	bool placed = !op->slice;

	out->n = 0;
	for (uint32_t i = 0; i < in->n; i++) {
		struct opt o = in->o[i];

		if (op->strip && o.number == op->number)
			continue;
		if (op->slice && o.number == 23) {
			bool first = true;

			for (uint32_t k = 0; k < o.len; k++)
				first &= (k + 1 < o.len ? o.value[k] : o.value[k] >> 4) == 0;
			if (first && o.len && (o.value[o.len - 1] & 7) > op->szx)
				o.value[o.len - 1] = (uint8_t)((o.value[o.len - 1] & 8) + op->szx);
			placed = true;
		}
		if (!placed && o.number > 23) {
			out->o[out->n++] =
				(struct opt){ .number = 23, .len = op->szx > 0, .value = { op->szx } };
			placed = true;
		}
		out->o[out->n++] = o;
	}
	if (!placed)
		out->o[out->n++] = (struct opt){ .number = 23, .len = op->szx > 0, .value = { op->szx } };
}

static void compare_lists(const struct list *a, const struct list *b)
{
	assert_int_equal(a->n, b->n);
	for (uint32_t i = 0; i < a->n; i++) {
		assert_int_equal(a->o[i].number, b->o[i].number);
		assert_int_equal(a->o[i].len, b->o[i].len);
		assert_memory_equal(a->o[i].value, b->o[i].value, a->o[i].len);
	}
}

static size_t run(const struct op *op, uint8_t *data, size_t len, size_t cap, const struct damp_frame *f,
		  const struct damp_coap *m)
{
	if (op->strip && op->number != 6)
		return damp_rewrite_strip(data, len, f, m, op->number);
	return damp_rewrite_request(data, len, cap, f, m, op->strip, op->slice || !op->strip, op->szx);
}

static struct op some_op(struct prop_rng *r)
{
	static const uint16_t numbers[] = {
		4, 6, 8, 10, 12, 14, 20, 28, 60, 252, 258, 268, 274, 276, 292, 300,
	};
	struct op op = { .szx = (uint8_t)prop_below(r, 7) };

	switch (prop_below(r, 3)) {
	case 0:
		op.strip = true;
		op.number = numbers[prop_below(r, sizeof(numbers) / sizeof(numbers[0]))];
		op.slice = op.number == 6 && prop_below(r, 2);
		break;
	case 1:
		op.slice = true;
		break;
	default:
		op.strip = op.slice = true;
		op.number = 6;
	}
	return op;
}

static void parse(const uint8_t *data, size_t len, struct damp_frame *f, struct damp_coap *m)
{
	damp_frame_parse(data, len, test_ports(), false, f);
	assert_int_equal(f->cls, DAMP_FRAME_COAP);
	damp_coap_scan(data + f->payload_off, f->payload_len, m);
}

static bool lists_equal(const struct list *a, const struct list *b)
{
	bool same = a->n == b->n;

	for (uint32_t i = 0; same && i < a->n; i++)
		same = a->o[i].number == b->o[i].number && a->o[i].len == b->o[i].len &&
		       memcmp(a->o[i].value, b->o[i].value, a->o[i].len) == 0;
	return same;
}

/* The frame in out, made from data, against what was to come out. */
static void check_result(const uint8_t *data, const struct damp_frame *f, const struct message *before,
			 const uint8_t *out, size_t len, const struct list *want)
{
	static struct message after;
	struct damp_frame nf;
	struct damp_coap nm;
	const size_t l2l3 = f->v6 ? 4u : 2u;    /* place of the IP length in its header */

	parse(out, len, &nf, &nm);
	assert_int_equal(nm.malformed, 0);
	assert_true(slow_udp_good(out, nf.v6, nf.l3_off, nf.l4_off, 8u + nf.payload_len));
	assert_int_equal(nf.payload_off, f->payload_off);
	slow_decode(out + nf.payload_off, nf.payload_len, &after);
	compare_lists(&after.options, want);
	assert_int_equal(after.head_len, before->head_len);
	assert_memory_equal(after.head, before->head, before->head_len);
	assert_int_equal(after.payload_len, before->payload_len);
	assert_memory_equal(after.payload, before->payload, before->payload_len);
	/* L2, and L3 but for length and header checksum, and the ports */
	assert_memory_equal(out, data, f->l3_off + l2l3);
	assert_memory_equal(out + f->l3_off + 12, data + f->l3_off + 12, f->l4_off + 4u - f->l3_off - 12u);
	assert_memory_equal(out + f->l3_off + 6, data + f->l3_off + 6, 4);
}

static void check_again(const struct op *op, uint8_t *out, size_t len)
{
	uint8_t copy[FRAME_MAX];
	struct damp_frame f;
	struct damp_coap m;

	memcpy(copy, out, sizeof(copy));
	parse(out, len, &f, &m);
	assert_int_equal(run(op, out, len, FRAME_MAX, &f, &m), len);
	assert_memory_equal(out, copy, sizeof(copy));
}

/* One round; returns whether there was something to change. */
static bool round_of(struct prop_rng *r, uint32_t *valid)
{
	static struct message before;
	static struct list want;
	uint8_t msg[MSG_MAX], data[FRAME_MAX] = { 0 }, out[FRAME_MAX];
	const size_t msg_len = some_message(r, msg), len = some_frame(r, msg, msg_len, data);
	const struct op op = some_op(r);
	struct damp_frame f;
	struct damp_coap m;
	size_t got;

	parse(data, len, &f, &m);
	if (m.malformed)
		return false;
	(*valid)++;
	slow_decode(msg, msg_len, &before);
	expect(&op, &before.options, &want);
	memcpy(out, data, sizeof(out));
	got = run(&op, out, len, FRAME_MAX, &f, &m);
	if (op.slice && msg[1] > 31) {
		assert_int_equal(got, 0);
		assert_memory_equal(out, data, sizeof(out));
		return false;
	}
	if (lists_equal(&before.options, &want)) {
		assert_int_equal(got, len);
		assert_memory_equal(out, data, sizeof(out));
		return false;
	}
	before.payload = data + f.payload_off + (before.payload - msg);
	check_result(data, &f, &before, out, got, &want);
	check_again(&op, out, got);
	return true;
}

static void test_rewrite(void **state)
{
	struct prop_rng r = { prop_seed() };
	uint32_t changed = 0, valid = 0;

	(void)state;
	for (uint32_t i = 0; i < ROUNDS; i++)
		changed += round_of(&r, &valid);
	print_message("%u of %u messages valid, %u rewritten\n", valid, ROUNDS, changed);
	assert_true(changed > ROUNDS / 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rewrite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
