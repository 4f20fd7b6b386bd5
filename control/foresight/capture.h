/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Captures: pcap and pcapng files, frame by frame, as Ethernet.
 *
 * Idea: libpcap reads both formats. Frames that came without Ethernet (loopback,
 * raw IP, Linux "any") get a plain header in front, because the judge takes
 * frames. libpcap does not say which pcapng interface a frame was taken on, so
 * the interfaces are read by a second, small walk over the file (capture_if.c).
 *
 * Invariant: one frame in memory at a time, whatever the size of the file. Times
 * are nanoseconds since 1970 as the capture has them.
 *
 * References: pcap-linktype(7); draft-ietf-opsawg-pcapng sections 4.1 to 4.4.
 */
#ifndef DAMP_FORESIGHT_CAPTURE_H
#define DAMP_FORESIGHT_CAPTURE_H

#include "types.h"
#include <damper/program.h>

struct damp_capture;

struct damp_captured {
	uint64_t number; /* from 1 */
	int64_t ts_ns;
	const uint8_t *data; /* an Ethernet frame, until the next one is read */
	uint32_t len;
	bool cut; /* the capture has not all of it */
	int side; /* enum damp_side by the name of its interface, else -1 */
};

/* Open a file, "-" is standard input. NULL with a line in err; *unreadable: it
 * is the file, not its content. */
struct damp_capture *damp_capture_open(const char *path, char *err, size_t errlen,
				       bool *unreadable);
void damp_capture_close(struct damp_capture *c);

/* Give loopback addresses (127.0.0.0/8, ::1) others (10.0.0.0/8, fd00::1) from
 * now on: no wire carries them, so the judge refuses them. Checksums stay. */
void damp_capture_move_loopback(struct damp_capture *c);

/* The next frame: 1, 0 at the end, -1 with a line in err. */
int damp_capture_next(struct damp_capture *c, struct damp_captured *out, char *err, size_t errlen);

/* capture_if.c: the interfaces of a pcapng file in step with its frames. */
struct damp_capture_if;
struct damp_capture_if *damp_capture_if_open(const char *path);
void damp_capture_if_close(struct damp_capture_if *i);
/* The side of the next frame, by an interface named "inside" or "outside"; -1
 * when it has no such name. i may be NULL. */
int damp_capture_if_next(struct damp_capture_if *i);

#endif
