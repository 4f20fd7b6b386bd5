/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two other parsers as judges of the frames we make: libcoap's PDU parser and
 * tshark.
 */
#ifndef TEST_ORACLE_H
#define TEST_ORACLE_H

#include "causes.h"

#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* main() of such a test: what asks libcoap, or what asks tshark where the last argument
 * names it (needs.h). */
int oracle_run(int argc, char **argv, CMUnitTestFunction of_libcoap, CMUnitTestFunction of_tshark);

/* For what goes through all frames. Fails the test unless libcoap accepts the CoAP part
 * of this one with the same type, code, Message ID, token and option list as our scan. */
void oracle_libcoap(const uint8_t *frame, size_t len, const struct cause *c);

/* A capture file to be filled, for tshark. */
void oracle_open(void);
/* For what goes through all frames: add this one. */
void oracle_write(const uint8_t *frame, size_t len, const struct cause *c);
/* No more frames; from now on count. */
void oracle_flush(void);
/* How many frames match a display filter, checksums verified; -1 on failure. */
long oracle_count(const char *filter);
void oracle_close(void);

#endif
