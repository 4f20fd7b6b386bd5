/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The generator's frames as a capture file, for generators that replay one:
 *
 *	port-frames FILE COUNT requests|responses [options of port-gen]
 *
 * Packet n of the responses answers packet n of the requests.
 */
#include "port_gen.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#define SNAPLEN 65535

static void write_frames(pcap_dumper_t *out, const struct port_traffic *t, uint64_t count, bool responses)
{
	uint8_t frame[FRAME_ROOM];

	for (uint64_t n = 0; n < count; n++) {
		struct pcap_pkthdr hdr = { .ts.tv_usec = (suseconds_t)(n % 1000000) };
		struct port_draw d;

		port_draw(t, n, &d);
		hdr.len = responses ? port_build_response(t, &d, frame) : port_build_request(t, &d, frame);
		hdr.caplen = hdr.len;
		pcap_dump((u_char *)out, &hdr, frame);
	}
}

int main(int argc, char **argv)
{
	struct port_options o;
	pcap_dumper_t *out;
	pcap_t *p;

	if (argc < 4) {
		fputs("usage: port-frames FILE COUNT requests|responses [options of port-gen]\n", stderr);
		return 2;
	}
	if (!port_options_read(&o, argc - 3, argv + 3))
		return 2;
	port_traffic_init(&o.traffic, o.captures);
	p = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	out = pcap_dump_open(p, argv[1]);
	if (out == NULL) {
		fprintf(stderr, "port-frames: %s\n", pcap_geterr(p));
		return 1;
	}
	write_frames(out, &o.traffic, strtoull(argv[2], NULL, 10), strcmp(argv[3], "responses") == 0);
	pcap_dump_close(out);
	pcap_close(p);
	return 0;
}
