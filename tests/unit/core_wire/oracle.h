/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two other parsers as judges of the frames we make: libcoap's PDU parser and
 * tshark. Call coap_startup() first.
 */
#ifndef TEST_ORACLE_H
#define TEST_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fails the test unless libcoap accepts the CoAP part of this frame with the
 * same type, code, Message ID, token and option list as our scan. */
void oracle_libcoap(const uint8_t *frame, size_t len);

bool oracle_has_tshark(void);
/* A capture file to be filled, for tshark. */
void oracle_open(void);
void oracle_write(const uint8_t *frame, size_t len);
/* No more frames; from now on count. */
void oracle_flush(void);
/* How many frames match a display filter, checksums verified; -1 on failure. */
long oracle_count(const char *filter);
void oracle_close(void);

#endif
