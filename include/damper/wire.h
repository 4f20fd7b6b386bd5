/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The local control socket between damperd and the data plane.
 *
 * Idea: SOCK_SEQPACKET in the runtime directory, one request datagram, one
 * reply datagram, fixed-size structs, host order. A program travels as a
 * sealed memfd in SCM_RIGHTS, never through the socket. The data plane's main
 * thread serves it; workers never see it.
 *
 * Invariant: the data plane runs on without anybody on this socket, and a
 * request that fails changes nothing.
 */
#ifndef DAMPER_WIRE_H
#define DAMPER_WIRE_H

#include <damper/program.h>
#include <stdint.h>

#define DAMP_WIRE_VERSION 2u
#define DAMP_WIRE_SOCKET "dataplane.sock"      /* below the runtime directory */
#define DAMP_API_SOCKET "damperd.sock"         /* damperd's own, HTTP, below the same */
#define DAMP_PROGRAM_FILE "program.bin"        /* last good, below the state directory */
#define DAMP_RUNTIME_DIR "/run/damper"         /* defaults, overridden by options */
#define DAMP_STATE_DIR "/var/lib/damper"
#define DAMP_BYPASS_MAX_S 86400u               /* longest bypass one request may ask for */
#define DAMP_FOR_MAX_S (30u * 86400u)          /* longest time of anything else */

enum damp_wire_type {
	DAMP_WIRE_HELLO,            /* -> version, pid, workers, what runs */
	DAMP_WIRE_LOAD,             /* with one fd: a program; arg: DAMP_LOAD_x; -> the new generation */
	DAMP_WIRE_PROGRAM,          /* -> one fd: the program that runs, read only */
	DAMP_WIRE_BYPASS,           /* arg: seconds, 0 ends it */
	DAMP_WIRE_KEEP,             /* arg: the running generation, which is kept for the next start */
	DAMP_WIRE_MODE,             /* name: rule id, "" all; value: enum damp_mode; arg: seconds, 0 ends it */
	DAMP_WIRE_SAMPLE,           /* arg: one key in so many, a power of two, for
	                             * DAMP_SAMPLE_LEASE_S (samples.h); 0 ends it */
	DAMP_WIRE_BLOCK,            /* addr, plen; arg: seconds, 0 ends it, whoever began it */
	DAMP_WIRE_SET,              /* name, addr, plen; value: DAMP_SET_x; arg: seconds, 0 as the set says */
	DAMP_WIRE_SHOW,             /* value: enum damp_wire_list; -> one fd: struct damp_wire_item[] */
	DAMP_WIRE_CAPTURE,          /* arg: seconds, 0 ends it; value: DAMP_CAPTURE_WANT (capture.h);
	                             * name: rule id, "" any */
	DAMP_WIRE_KEEP_DROPS,       /* arg: seconds, at most DAMP_KEEP_LEASE_S, 0 ends it; value: share of the
				     * dropped, 32 fraction bits, UINT32_MAX all (capture.h) */
	DAMP_WIRE_TRACE,            /* arg: seconds, at most DAMP_TRACE_LEASE_S, 0 ends it; value: records of
				     * each worker; addr: the asker's own number in its first 8 bytes; with
				     * one fd, struct damp_trace_filter, to begin; without, to go on (trace.h) */
	DAMP_WIRE_PEEK,             /* with one fd: a frame; value: the side it would come in on;
				     * -> one fd: struct damp_trace_record. Changes nothing */
	DAMP_WIRE_TYPE_MAX
};

#define DAMP_SET_ADD 0u
#define DAMP_SET_DEL 1u

enum damp_wire_list { DAMP_SHOW_BLOCKS, DAMP_SHOW_SETS, DAMP_WIRE_LIST_MAX };

/* A prefix that is blocked (once for each direction), or a member of a set. */
struct damp_wire_item {
	uint8_t addr[16];           /* IPv4 as ::ffff:a.b.c.d */
	uint8_t plen;               /* within its family */
	uint8_t list;               /* of a block: 0 what comes from it, 1 what goes to it */
	uint8_t by_rule;            /* of a block: name is the rule; else an operator's */
	uint8_t observed;           /* of a block: the rule is in mode observe, nothing is dropped */
	uint32_t left_s;
	char name[DAMP_NAME_MAX];   /* of the rule, of the set */
};

/* The arg of LOAD: the least number that the new generation shall have (the next
 * one when that is more), and whether it is on trial: it runs, and the next
 * start begins with what was kept before, unless KEEP comes. */
#define DAMP_LOAD_LEAST 0xffffffffull
#define DAMP_LOAD_PROVISIONAL (1ull << 32)

/* Where the running program came from. */
enum damp_program_source {
	DAMP_SOURCE_BUILTIN,        /* neither control plane nor disk: the safe default */
	DAMP_SOURCE_DISK,           /* the last good one of an earlier run */
	DAMP_SOURCE_LOADED,         /* by a LOAD request in this run */
	DAMP_SOURCE_MAX
};

struct damp_wire_request {
	uint32_t version, type;
	uint64_t arg;
	char name[DAMP_NAME_MAX];   /* NUL terminated */
	uint8_t addr[16];           /* IPv4 as ::ffff:a.b.c.d */
	uint32_t plen;              /* of addr, within its family */
	uint32_t value;
};

struct damp_wire_reply {
	uint32_t version, type;
	int32_t error;              /* 0 or a positive errno */
	uint32_t generation;
	uint32_t source;            /* enum damp_program_source */
	uint32_t nworkers;
	uint64_t pid, boot_id;
	char name[DAMP_NAME_MAX];
	char text[256];             /* says what was wrong, NUL terminated */
};

#endif
