/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The classifier alone: which rules match one request, for rule files of 10 to
 * 4000 rules and of 0 to 1000 path patterns.
 *
 * Idea: four kinds of path. `hot` is one of 64 that repeat, so that the memo
 * knows them; `random` was never seen, so that literals, prefixes and Hyperscan
 * are asked each time: both begin as a pattern does. `other` begins as none, so that
 * the sieve holds it back; `none` has no Uri-Path. Addresses are drawn, their classes
 * are looked up in the measured region, as the judge does it.
 *
 * Invariant: what the memo and Hyperscan did is taken from the classifier's own
 * counts; a row that did something else is complained of. No rule matches.
 *
 * Reference: classify.h; feasibility figures for Hyperscan in docs/performance.md.
 */
#include "bench.h"
#include "classify.h"
#include "frames.h"
#include "rulesets.h"

#include <damper/coap.h>
#include <stdlib.h>

#define SLICE 1024u
#define SLICES 64u
#define HOT_PATHS 64u
#define MESSAGE_MAX 128u
#define BEFORE 42u              /* bytes of a frame before its message */

enum path { HOT, RANDOM, OTHER, NONE, PATHS };
static const char *const path_name[PATHS] = { "hot", "random", "other", "none" };

/* begin: the first value of one of its patterns that a scan matches. */
struct ruleset { const char *name; unsigned rules, patterns, regexes; const char *begin; };
static const struct ruleset rulesets[] = {
	{ "rules_10", 10, 0, 0, "p" },
	{ "rules_100", 100, 0, 0, "p" },
	{ "rules_1000", 1000, 0, 0, "p" },
	{ "rules_4000", 4000, 0, 0, "p" },
	{ "globs_200", 0, 200, 0, "zone51" },
	{ "patterns_50", 0, 50, 12, "zone12" },
	{ "patterns_200", 0, 200, 50, "zone51" },
	{ "patterns_1000", 0, 1000, 250, "zone252" },
};
#define NRULESETS (sizeof(rulesets) / sizeof(rulesets[0]))

static const struct damp_key key = { 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull };

struct request { struct damp_pkt pkt; uint8_t frame[MESSAGE_MAX]; };

static struct damp_view *open_ruleset(const struct ruleset *s)
{
	char err[256];
	size_t len;
	void *program = s->rules ? perf_rules(s->rules, &len) : perf_patterns(s->patterns, s->regexes, &len);
	struct damp_view *v = damp_view_open(program, len, 1, &key, err, sizeof(err));

	if (v == NULL) {
		fprintf(stderr, "%s: %s\n", s->name, err);
		exit(1);
	}
	return v;
}

/* CON GET /BEGIN/NNNNNNNN, which no pattern matches. */
static void build(struct request *r, const char *begin, enum path path, uint64_t *rng)
{
	uint8_t *const msg = r->frame + BEFORE;
	const int len = (int)strlen(begin);
	const uint64_t draw = bench_random(rng);
	const unsigned number = path == HOT ? (unsigned)(draw % HOT_PATHS) : (unsigned)(draw >> 32);
	int n = 4;

	memset(r, 0, sizeof(*r));
	msg[0] = 0x40;
	msg[1] = DAMP_COAP_GET;
	if (path != NONE)
		n += snprintf((char *)msg + n, MESSAGE_MAX - BEFORE - 4, "%c%s\x08%08x",
			      DAMP_COAP_OPT_URI_PATH << 4 | len, begin, number);
	r->pkt.data = r->frame;
	r->pkt.frame.payload_off = BEFORE;
	r->pkt.frame.payload_len = (uint16_t)n;
	r->pkt.frame.sport = (uint16_t)(1024 + draw % 60000);
	r->pkt.frame.dport = DAMP_PORT_COAP;
	frame_client(draw >> 20, false, &r->pkt.frame.src);
	frame_server((uint32_t)draw % 1024, false, &r->pkt.frame.dst);
	damp_coap_scan(msg, (uint32_t)n, &r->pkt.coap);
	r->pkt.kind = DAMP_KIND_REQUEST;
}

/* One slice. Returns cycles a request. */
static double slice(const struct damp_view *v, const struct ruleset *s, struct request *r, enum path path, uint64_t *rng,
		    struct damp_text_cost *cost, unsigned *matched)
{
	uint64_t since;

	for (unsigned i = 0; i < SLICE; i++)
		build(&r[i], path == OTHER ? "others" : s->begin, path, rng);
	since = bench_start();
	for (unsigned i = 0; i < SLICE; i++) {
		struct damp_matches m;

		r[i].pkt.src_class = damp_view_class(v, &r[i].pkt.frame.src);
		r[i].pkt.dst_class = damp_view_class(v, &r[i].pkt.frame.dst);
		damp_matches_begin(&m, v, 0, &r[i].pkt, cost);
		*matched += damp_matches_next(&m) >= 0;
	}
	return (double)(bench_stop() - since) / SLICE;
}

static void check(const char *name, const struct ruleset *s, enum path path, const struct damp_text_cost *cost,
		  unsigned matched)
{
	const double n = (double)SLICE * SLICES;
	const bool asks = s->patterns && path <= RANDOM, scans = asks && path == RANDOM;

	if (matched * 1000.0 > n)
		fprintf(stderr, "%s: %u requests matched a rule\n", name, matched);
	if ((asks && (double)(scans ? cost->memo_misses : cost->memo_hits) < 0.99 * n) ||
	    (!asks && (double)(cost->memo_hits + cost->memo_misses) > 0.01 * n) || scans != ((double)cost->hs_scans > 0.99 * n))
		fprintf(stderr, "%s: %llu memo hits, %llu misses, %llu scans: this measures something else\n", name,
			(unsigned long long)cost->memo_hits, (unsigned long long)cost->memo_misses,
			(unsigned long long)cost->hs_scans);
}

static void run(struct bench_results *res, const struct damp_view *v, const struct ruleset *s, enum path path,
		struct request *r, double hz)
{
	struct damp_text_cost warm = { 0 }, cost = { 0 };
	uint64_t rng = path + 1;
	double cycles[SLICES];
	unsigned matched = 0;
	char name[56];

	slice(v, s, r, path, &rng, &warm, &matched);
	matched = 0;
	for (unsigned i = 0; i < SLICES; i++)
		cycles[i] = slice(v, s, r, path, &rng, &cost, &matched);
	snprintf(name, sizeof(name), "classify_%s_%s_ns", s->name, path_name[path]);
	check(name, s, path, &cost, matched);
	bench_add(res, name, "ns", bench_median(cycles, SLICES) / hz * 1e9);
}

int main(int argc, char **argv)
{
	const struct bench_options o = bench_options(argc, argv);
	static struct bench_results res;
	struct damp_view *v[NRULESETS];
	struct request *r = bench_memory(SLICE * sizeof(*r));
	const double hz = bench_hz();

	for (size_t s = 0; s < NRULESETS; s++)
		v[s] = open_ruleset(&rulesets[s]);
	for (unsigned k = 0; k < o.runs; k++)
		for (size_t s = 0; s < NRULESETS; s++)
			for (unsigned p = 0; p < PATHS; p++)
				run(&res, v[s], &rulesets[s], (enum path)p, r, hz);
	for (size_t s = 0; s < NRULESETS; s++)
		damp_view_close(v[s]);
	free(r);
	bench_print(&res);
	return bench_write(&res, o.json) ? 0 : 1;
}
