/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading and re-framing; see capture.h. */
#include "capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#define ETHERNET_LEN 14u
#define SLL_LEN 16u
#define SLL2_LEN 20u
#define LOOPBACK_LEN 4u
#define TYPE_IPV4 0x0800u
#define TYPE_IPV6 0x86ddu
#define SECONDS_MAX 9000000000ll /* in the year 2255: nanoseconds still fit */
#define FRAME_MAX 262144u	 /* pcap's own bound */

struct damp_capture {
	pcap_t *pcap;
	struct damp_capture_if *interfaces;
	int link;
	bool move_loopback;
	uint64_t number;
	uint8_t frame[ETHERNET_LEN + FRAME_MAX];
};

static const char *usable(int link)
{
	switch (link) {
	case DLT_EN10MB:
	case DLT_NULL:
	case DLT_LOOP:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2: return NULL;
	default:
		return pcap_datalink_val_to_name(link) ? pcap_datalink_val_to_name(link)
						       : "unknown";
	}
}

/* What libpcap would only call an unknown format. */
static bool is_compressed(const char *path)
{
	FILE *f = fopen(path, "re");
	uint8_t magic[4] = { 0 };
	size_t n = f ? fread(magic, 1, sizeof(magic), f) : 0;

	if (f)
		fclose(f);
	return n == 4 && ((magic[0] == 0x1f && magic[1] == 0x8b) ||
			  damp_get32(magic) == 0x28b52ffd || damp_get32(magic) == 0xfd377a58);
}

static bool open_pcap(struct damp_capture *c, const char *path, char *err, size_t errlen,
		      bool *unreadable)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");

	*unreadable = f == NULL;
	if (f == NULL) {
		snprintf(err, errlen, "%s: %s", path, strerror(errno));
		return false;
	}
	if (f != stdin && is_compressed(path)) {
		snprintf(err, errlen, "%s: is compressed; uncompress it first", path);
		fclose(f);
		return false;
	}
	c->pcap = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, text);
	if (c->pcap != NULL)
		return true;
	snprintf(err, errlen, "%s: %s", path, text);
	if (f != stdin)
		fclose(f);
	return false;
}

struct damp_capture *damp_capture_open(const char *path, char *err, size_t errlen, bool *unreadable)
{
	struct damp_capture *c = calloc(1, sizeof(*c));

	*unreadable = false;
	snprintf(err, errlen, "no memory");
	if (c == NULL || !open_pcap(c, path, err, errlen, unreadable)) {
		free(c);
		return NULL;
	}
	c->link = pcap_datalink(c->pcap);
	if (usable(c->link) != NULL) {
		snprintf(err, errlen,
			 "%s: link type %s (%d) is not supported; Ethernet, loopback, raw IP and "
			 "Linux cooked captures are",
			 path, usable(c->link), c->link);
		damp_capture_close(c);
		return NULL;
	}
	c->interfaces = strcmp(path, "-") == 0 ? NULL : damp_capture_if_open(path);
	return c;
}

void damp_capture_close(struct damp_capture *c)
{
	if (c == NULL)
		return;
	damp_capture_if_close(c->interfaces);
	pcap_close(c->pcap);
	free(c);
}

/* Ethertype of what a link header of len bytes announces, 0 for what is no IP;
 * *group: it was sent to many. */
static uint16_t announced(int link, const uint8_t *p, bool *group)
{
	switch (link) {
	case DLT_NULL:
	case DLT_LOOP: {
		/* An address family in the byte order of a host or of the network. */
		const uint8_t family = p[0] ? p[0] : p[3];

		return family == 2						      ? TYPE_IPV4
		       : family == 24 || family == 28 || family == 30 || family == 10 ? TYPE_IPV6
										      : 0;
	}
	case DLT_LINUX_SLL:
		*group = damp_get16(p) == 1 || damp_get16(p) == 2;
		return damp_get16(p + 14);
	default: *group = p[10] == 1 || p[10] == 2; return damp_get16(p);
	}
}

static uint32_t link_len(int link)
{
	switch (link) {
	case DLT_NULL:
	case DLT_LOOP: return LOOPBACK_LEN;
	case DLT_LINUX_SLL: return SLL_LEN;
	case DLT_LINUX_SLL2: return SLL2_LEN;
	default: return 0;
	}
}

/* Put an Ethernet header in front of what is behind the link's own. */
static void reframe(struct damp_capture *c, const uint8_t *data, uint32_t len,
		    struct damp_captured *out)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };
	const uint32_t skip = link_len(c->link);
	bool group = false;
	uint16_t type = 0;

	out->data = c->frame;
	out->len = 0;
	if (len < skip || len - skip > FRAME_MAX)
		return;
	if (skip > 0)
		type = announced(c->link, data, &group);
	else if (len > 0)
		type = data[0] >> 4 == 4 ? TYPE_IPV4 : data[0] >> 4 == 6 ? TYPE_IPV6 : 0;
	memcpy(c->frame, macs, sizeof(macs));
	if (group)
		memset(c->frame, 0xff, 6);
	damp_put16(c->frame + 12, type);
	memcpy(c->frame + ETHERNET_LEN, data + skip, len - skip);
	out->len = ETHERNET_LEN + len - skip;
}

void damp_capture_move_loopback(struct damp_capture *c)
{
	c->move_loopback = true;
}

static void move_address(uint8_t *a, bool v4)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	if (v4 && a[0] == 127)
		a[0] = 10;
	else if (!v4 && memcmp(a, loopback6, sizeof(loopback6)) == 0)
		a[0] = 0xfd;
}

/* The frame is in c->frame. */
static void move_loopback(struct damp_capture *c, uint32_t len)
{
	uint8_t *ip = c->frame + ETHERNET_LEN;
	const uint16_t type = damp_get16(c->frame + 12);

	if (type == TYPE_IPV4 && len >= ETHERNET_LEN + 20) {
		move_address(ip + 12, true);
		move_address(ip + 16, true);
	} else if (type == TYPE_IPV6 && len >= ETHERNET_LEN + 40) {
		move_address(ip + 8, false);
		move_address(ip + 24, false);
	}
}

/* libpcap reads the seconds of a pcap file as signed; they are not. */
static int64_t time_of(const struct pcap_pkthdr *h)
{
	int64_t s = h->ts.tv_sec;

	if (s < 0 && s >= INT32_MIN)
		s += 1ll << 32;
	if (s < 0 || s > SECONDS_MAX)
		s = s < 0 ? 0 : SECONDS_MAX;
	return s * 1000000000 + h->ts.tv_usec;
}

int damp_capture_next(struct damp_capture *c, struct damp_captured *out, char *err, size_t errlen)
{
	struct pcap_pkthdr *h;
	const u_char *data;
	const int rc = pcap_next_ex(c->pcap, &h, &data);

	if (rc == PCAP_ERROR_BREAK)
		return 0;
	if (rc != 1) {
		snprintf(err, errlen, "behind frame %llu: %s", (unsigned long long)c->number,
			 pcap_geterr(c->pcap));
		return -1;
	}
	out->number = ++c->number;
	out->ts_ns = time_of(h);
	out->cut = h->caplen < h->len;
	out->side = damp_capture_if_next(c->interfaces);
	if (c->link == DLT_EN10MB) {
		out->data = data;
		out->len = h->caplen;
	} else {
		reframe(c, data, h->caplen, out);
	}
	if (c->move_loopback && out->len <= sizeof(c->frame)) {
		if (out->data != c->frame)
			memcpy(c->frame, out->data, out->len);
		out->data = c->frame;
		move_loopback(c, out->len);
	}
	return 1;
}
