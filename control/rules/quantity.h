/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers with units: rates, sizes, durations, factors.
 *
 * Idea: a quantity is kept exactly, as millionths of its base unit (bytes,
 * messages, milliseconds, times), so that 0.5 msg/s or 1.5x lose nothing on
 * the way into ticks. A missing or unknown unit is an error that names the
 * right spelling; nothing is guessed.
 *
 * Reference: operators.md 3.2.
 */
#ifndef DAMP_RULES_QUANTITY_H
#define DAMP_RULES_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAMP_MICRO 1000000ull
#define DAMP_WHY_MAX 200

enum damp_unit {
	DAMP_UNIT_MESSAGES,	/* messages */
	DAMP_UNIT_BYTES,	/* bytes */
	DAMP_UNIT_MS,		/* milliseconds */
	DAMP_UNIT_TIMES,	/* a factor */
	DAMP_UNIT_MESSAGE_RATE, /* messages per per_s seconds */
	DAMP_UNIT_BYTE_RATE,	/* bytes per per_s seconds */
	DAMP_UNIT_MAX
};

struct damp_quantity {
	enum damp_unit unit;
	uint64_t micro; /* millionths of the unit */
	uint32_t per_s; /* of a rate, else 1 */
};

/* Bits of the units that are welcome. */
#define DAMP_WANT(unit) (1u << DAMP_UNIT_##unit)

/* Read text as a quantity in one of the wanted units. On failure writes a
 * message that names the right spelling into why (DAMP_WHY_MAX bytes). */
bool damp_quantity_parse(const char *text, unsigned want, struct damp_quantity *q, char *why);

/* The names of the wanted units with sep between them; cut at cap. */
void damp_quantity_units(unsigned want, const char *sep, char *out, size_t cap);

/* Whole number, decimal or 0x, from low to high. */
bool damp_integer_parse(const char *text, uint64_t low, uint64_t high, uint64_t *out, char *why);

/* A day "2027-03-01" of the Gregorian calendar, as days since 1970-01-01. */
bool damp_date_parse(const char *text, int64_t *days, char *why);

/* Ticks for one byte or message of a rate, 16 fraction bits, rounded up (so
 * that rounding never gives more), for factor_micro millionths of it. 0 when it
 * is too slow or too fast to express. */
uint64_t damp_cost_q16(const struct damp_quantity *rate, uint64_t factor_micro);

#endif
