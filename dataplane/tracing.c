/* SPDX-License-Identifier: BSD-3-Clause */
/* Traces and questions; see tracing.h. */
#include "tracing.h"

#include "core/finding.h"
#include "programs.h"
#include "rss.h"
#include "say.h"
#include "segment.h"
#include "wire/sealed.h"

#include <errno.h>
#include <rte_cycles.h>
#include <stdlib.h>
#include <unistd.h>

#define FRAME_MAX 65600u /* a UDP datagram over IPv6 with two VLAN tags */

static damp_tick now_of(const struct damp_plane *p)
{
	return damp_clock_tick(&p->clock, rte_rdtsc());
}

static int refuse(int error, char *text, size_t len, const char *why)
{
	snprintf(text, len, "%s", why);
	return error;
}

/* The filter comes from outside: only what the workers can take is let through. */
static bool sound(const struct damp_trace_filter *f)
{
	return f->version == DAMP_TRACE_VERSION && f->from.bits <= 128 && f->to.bits <= 128 &&
	       f->host.bits <= 128 && f->path_len <= sizeof(f->path) &&
	       memchr(f->rule, '\0', sizeof(f->rule)) != NULL;
}

static int read_filter(const struct damp_plane *p, int fd, struct damp_trace_filter *out, uint32_t *slot,
		       char *text, size_t len)
{
	size_t n = 0;
	struct damp_trace_filter *f = damp_sealed_read(fd, sizeof(*f), &n);

	if (f == NULL || n != sizeof(*f) || !sound(f)) {
		free(f);
		return refuse(EINVAL, text, len, "this filter is not one of this version");
	}
	*out = *f;
	free(f);
	*slot = 0;
	if (out->rule[0] != '\0' && !damp_segment_find(p->stats, out->rule, slot))
		return refuse(ENOENT, text, len, "no rule of that name has run here");
	return 0;
}

/* Workers see the wishes before they see that they hold. */
static int begin(struct damp_plane *p, const struct damp_wire_request *r, uint64_t owner, int fd, char *text,
		 size_t len)
{
	struct damp_trace_file *t = p->trace;
	struct damp_trace_filter f;
	uint32_t slot;
	int rc;

	if (now_of(p) < t->until && t->owner != owner)
		return refuse(EBUSY, text, len, "another trace is going on; it ends with whoever began it");
	if (r->value == 0 || r->value > DAMP_TRACE_COUNT_MAX)
		return refuse(ERANGE, text, len, "a trace keeps 1 to 100000 packets");
	rc = read_filter(p, fd, &f, &slot, text, len);
	if (rc != 0)
		return rc;
	t->owner = owner;
	t->filter = f;
	t->rule_slot = slot;
	t->most = r->value;
	t->session++;
	damp_say("a trace begins, of at most %u packets a worker", r->value);
	return 0;
}

int damp_tracing_trace(struct damp_plane *p, const struct damp_wire_request *r, int fd, char *text,
		       size_t len)
{
	struct damp_trace_file *t = p->trace;
	uint64_t owner;
	int rc = 0;

	memcpy(&owner, r->addr, sizeof(owner));
	if (r->arg > DAMP_TRACE_LEASE_S)
		return refuse(ERANGE, text, len, "a trace has to be asked for every 3 s");
	if (fd >= 0)
		rc = begin(p, r, owner, fd, text, len);
	else if (t->owner != owner)
		rc = refuse(EBUSY, text, len, "another trace has begun");
	if (rc != 0)
		return rc;
	__atomic_store_n(&t->until, r->arg > 0 ? now_of(p) + DAMP_SECONDS(r->arg) : 0, __ATOMIC_RELEASE);
	return 0;
}

/* The worker in whose tables the records of a parsed packet are. */
static const struct damp_judge_worker *owner_of(const struct damp_plane *p, const struct damp_pkt *pkt)
{
	const bool software = __atomic_load_n(&p->signals.software_steering, __ATOMIC_RELAXED) != 0;
	const bool hashed = pkt->frame.cls == DAMP_FRAME_COAP || pkt->frame.cls == DAMP_FRAME_DTLS;

	if (p->config.nworkers > 1 && !software && hashed && p->rss.usable)
		return p->judge_worker[damp_rss_worker(&p->rss, &pkt->frame, p->config.nworkers)];
	return p->judge_worker[damp_judge_owner(p->judge, pkt, 0)];
}

static void look(struct damp_plane *p, uint32_t side, uint8_t *frame, size_t len, struct damp_trace_record *r)
{
	const struct damp_view *v = damp_programs_view(p);
	const damp_tick now = now_of(p);
	struct damp_pkt pkt = {
		.data = frame, .len = (uint32_t)len, .cap = (uint32_t)len,
		.side = (uint8_t)side, .checksum_known = 1,
	};

	damp_judge_parse(v, &pkt, 1);
	r->side = (uint8_t)side;
	r->len = (uint32_t)len;
	r->wall_us = p->clock.wall_s * 1000000 + (uint64_t)(((unsigned __int128)now * 1000000) >> 20);
	damp_judge_peek(p->peek, p->config.nworkers, owner_of(p, &pkt), v, &pkt, now, &r->found);
	r->found.bypassed = now < __atomic_load_n(&p->signals.bypass_until, __ATOMIC_RELAXED);
}

int damp_tracing_peek(struct damp_plane *p, uint32_t side, int fd, int *answer, char *text, size_t len)
{
	struct damp_trace_record *r = calloc(1, sizeof(*r));
	size_t n = 0;
	uint8_t *frame = fd >= 0 ? damp_sealed_read(fd, FRAME_MAX, &n) : NULL;
	int rc = 0;

	if (p->peek == NULL)
		p->peek = calloc(1, damp_peek_bytes());
	if (side >= DAMP_SIDE_MAX || frame == NULL)
		rc = refuse(EINVAL, text, len,
			    "a frame of 1 to 65600 bytes comes in a sealed memfd, and in on a side");
	else if (r == NULL || p->peek == NULL)
		rc = refuse(ENOMEM, text, len, "no memory for a look");
	if (rc == 0) {
		look(p, side, frame, n, r);
		*answer = damp_sealed_new("damper-peek", r, sizeof(*r));
		if (*answer < 0)
			rc = refuse(ENOMEM, text, len, "no memory for an answer");
	}
	free(frame);
	free(r);
	return rc;
}
