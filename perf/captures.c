/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading the shared captures; see captures.h. What is not Ethernet is left out.
 */
#include "captures.h"

#include "frame.h"

#include <dirent.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

static void from_capture(const char *path, captures_fn *each, void *arg)
{
	static const struct damp_port_map ports = { .coap = { [5683 / 64] = 1ull << 5683 % 64 } };
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, error);
	struct pcap_pkthdr *hdr;
	struct damp_frame f;
	const u_char *data;

	if (p == NULL)
		return;
	while (pcap_datalink(p) == DLT_EN10MB && pcap_next_ex(p, &hdr, &data) == 1) {
		/* Hosts that compute checksums in hardware capture them unfinished. */
		damp_frame_parse(data, hdr->caplen, &ports, true, &f);
		if (f.cls == DAMP_FRAME_COAP)
			each(arg, data + f.payload_off, f.payload_len);
	}
	pcap_close(p);
}

bool captures_each(captures_fn *each, void *arg)
{
	const char *shared = getenv("DAMPER_SHARED"), *root = getenv("DAMPER_SOURCE_ROOT");
	char dir[1024], path[2048];
	struct dirent **names;
	int n;

	if (shared != NULL)
		snprintf(dir, sizeof(dir), "%s/captures", shared);
	else
		snprintf(dir, sizeof(dir), "%s/../shared/captures", root ? root : ".");
	n = scandir(dir, &names, NULL, alphasort);
	if (n < 0) {
		printf("%s is not there: no messages of captures\n", dir);
		return false;
	}
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		from_capture(path, each, arg);
		free(names[i]);
	}
	free(names);
	return true;
}
