/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Block-wise uploads from outside, and what block-wise answers may cost.
 *
 * A block that cannot be right goes no further, because parsers break where
 * nobody looks (attacks.md AV-30, AV-31). Uploads of one address and toward one
 * server are counted while they are under way, for each of them keeps a body in
 * the server's memory until EXCHANGE_LIFETIME has passed (AV-29). Whoever has
 * proved that he is there is told what is wrong, 4.08 or 4.13, and begins again;
 * nobody else is answered.
 *
 * Blocks of Q-Block1 are policed for the proved; of others it needs a proof. One
 * that jumps too far is dropped without a word: its client asks for nothing, and
 * what is told to begin again sends all of it (AV-28).
 *
 * Right after a start an upload may be in its middle: in the grace time its next
 * block is believed.
 *
 * References: RFC 7959 sections 2.3, 2.5, 2.9.2, 2.9.3, 4; RFC 9177 sections 4.3, 7.2.
 */
#include "decide.h"

#include "option.h"

#define REQUEST_TAG DAMP_COAP_OPT_REQUEST_TAG
#define SZX_MASK 7u
#define UPLOADS (1ull << DAMP_OPTBIT_BLOCK1 | 1ull << DAMP_OPTBIT_Q_BLOCK1)

/* The path as a number: the same however its options are written. */
uint64_t damp_path_hash_by(const struct damp_key *key, const struct damp_pkt *p)
{
	char text[512];
	const int n = damp_coap_path_text(p->data + p->frame.payload_off, &p->coap, text, sizeof(text));

	return damp_siphash13(key, text, n > 0 ? (size_t)n : 0);
}

uint64_t damp_path_hash(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return p->path_hashed ? p->path_hash : damp_path_hash_by(&c->j->k_path, p);
}

/* Size1 of the message, Q-Block1 and its Request-Tags, which are rare: the scan
 * does not keep them. */
static void read_value(struct damp_block *b, uint32_t value)
{
	b->num = value >> 4;
	b->szx = value & SZX_MASK;
	b->more = value & DAMP_BLOCK_MORE;
}

static void read_rest(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_block *b, uint64_t *key)
{
	const uint8_t *msg = p->data + p->frame.payload_off;
	uint32_t pos = p->coap.options_off, number = 0;
	struct damp_opt o;

	for (unsigned i = 0; i < p->coap.noptions && damp_opt_read(msg + pos, p->coap.len - pos, &o); i++) {
		number += o.delta;
		if (number == DAMP_COAP_OPT_SIZE1 && o.len <= 4)
			b->declared = damp_opt_uint(msg + pos + o.hdr, o.len);
		if (number == DAMP_COAP_OPT_Q_BLOCK1)
			read_value(b, damp_opt_uint(msg + pos + o.hdr, o.len));
		if (number == REQUEST_TAG)
			*key = damp_mix(*key ^ damp_siphash13(&c->j->k_path, msg + pos + o.hdr, o.len), o.len);
		pos += o.hdr + o.len;
	}
}

/* Told what is wrong, if he is there and waits for an answer. */
static bool refuse(const struct damp_pkt *p, struct damp_decision *d, uint8_t code, uint32_t hint)
{
	d->ncharges = 0;
	if (!p->proved || p->coap.type != DAMP_COAP_CON) {
		damp_drop(d, DAMP_REASON_BLOCKWISE);
		return true;
	}
	d->move = DAMP_MOVE_CODE_BACK;
	d->verdict = DAMP_VERDICT_ANSWER;
	d->reason = DAMP_REASON_ANSWERED;
	d->code = code;
	d->max_age_s = code == DAMP_COAP_4_29 ? DAMP_TRANSFER_RETRY_S : 0;
	d->hints_size = hint > 0;
	d->size_hint = hint;
	return true;
}

static bool room(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t key)
{
	return damp_lease_room(c->j->leases, damp_mix(p->peer_host, DAMP_DOMAIN_TRANSFERS_SOURCE), key,
			       c->g->transfers_source, c->now) &&
	       damp_lease_room(c->j->leases, damp_mix(p->device_whole, DAMP_DOMAIN_TRANSFERS_SERVER), key,
			       c->g->transfers_server, c->now);
}

/* Does its server keep a body of which this is a part? */
static bool keeps(const struct damp_block *b)
{
	return b->more || (b->q && b->num > 0);
}

bool damp_decide_block1(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const struct damp_coap *m = &p->coap;
	const uint32_t cap = d->body_cap < c->g->transfer_bytes ? d->body_cap : c->g->transfer_bytes;
	const struct damp_transfer *t;
	struct damp_block b = { .len = m->payload_len, .q = damp_coap_has(m, DAMP_OPTBIT_Q_BLOCK1) };
	uint64_t key;

	if (damp_likely(!(m->options & UPLOADS)) || (b.q && !p->proved))
		return false;
	read_value(&b, m->block1);
	key = damp_hasher3(&c->j->h_xchg, p->peer_key,
			   damp_mix(p->device_key, (b.q ? 0x180u : 0x80u) | m->code),
			   damp_path_hash(c, p));
	read_rest(c, p, &b, &key);
	t = damp_transfer_find(c->w->transfers, key, c->now);
	switch (b.q ? damp_transfer_q_step(t, &b, cap, c->g->q_blocks) : damp_transfer_step(t, &b, cap)) {
	case DAMP_STEP_SIZE:
		return refuse(p, d, DAMP_COAP_4_00, 0);
	case DAMP_STEP_LARGE:
		return refuse(p, d, DAMP_COAP_4_13, cap);
	case DAMP_STEP_GAP:
		if (b.q && (!c->grace || t != NULL)) {
			d->ncharges = 0;
			damp_drop(d, DAMP_REASON_BLOCKWISE);
			return true;
		}
		if (!c->grace || t != NULL)
			return refuse(p, d, DAMP_COAP_4_08, 0);
		break;
	case DAMP_STEP_BEGIN:
		if (keeps(&b) && !room(c, p, key))
			return refuse(p, d, DAMP_COAP_4_29, 0);
		break;
	default:
		break;
	}
	d->note_transfer = keeps(&b) || t != NULL;
	d->block = b;
	d->transfer_key = key;
	return false;
}

void damp_commit_transfer(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d)
{
	const damp_tick due = c->now + DAMP_SECONDS(c->g->transfer_life_s);
	const uint64_t source = damp_mix(p->peer_host, DAMP_DOMAIN_TRANSFERS_SOURCE);
	const uint64_t server = damp_mix(p->device_whole, DAMP_DOMAIN_TRANSFERS_SERVER);
	const struct damp_transfer *t = damp_transfer_find(c->w->transfers, d->transfer_key, c->now);
	const bool done = damp_transfer_completes(t, &d->block);

	damp_transfer_note(c->w->transfers, d->transfer_key, &d->block, c->now, due);
	if (done) {
		damp_lease_drop(c->j->leases, source, d->transfer_key, c->g->transfers_source);
		damp_lease_drop(c->j->leases, server, d->transfer_key, c->g->transfers_server);
		return;
	}
	damp_lease_take(c->j->leases, source, d->transfer_key, c->g->transfers_source, c->now, due);
	damp_lease_take(c->j->leases, server, d->transfer_key, c->g->transfers_server, c->now, due);
}

bool damp_size2_lies(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const uint8_t *msg = p->data + p->frame.payload_off;
	uint32_t pos = p->coap.options_off, number = 0;
	struct damp_opt o;

	if (damp_likely(!damp_coap_has(&p->coap, DAMP_OPTBIT_SIZE2)))
		return false;
	for (unsigned i = 0; i < p->coap.noptions && damp_opt_read(msg + pos, p->coap.len - pos, &o); i++) {
		number += o.delta;
		if (number == DAMP_COAP_OPT_SIZE2)
			return o.len > 4 || damp_opt_uint(msg + pos + o.hdr, o.len) > c->g->announce_bytes;
		pos += o.hdr + o.len;
	}
	return false;
}
