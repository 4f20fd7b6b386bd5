/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Command line of the generator; see port_gen.h.
 */
#include "port_gen.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define CLIENTS 1000000u
#define SERVERS 1024u

enum { O_OUTSIDE, O_INSIDE, O_JSON, O_RATE, O_SECONDS, O_WARM, O_ANSWER, O_SEARCH, O_CAPTURES, O_KIND, O_SOURCES,
       O_IP, O_CLIENTS, O_SERVERS, O_SIZE, O_MACSWAP, O_LINGER };

static const char usage[] =
	"usage: port-gen EAL-OPTIONS -- --outside DEVICE --inside DEVICE [options]\n"
	"  --kind pass|coap                what is sent: UDP that is not CoAP, or requests (coap)\n"
	"  --sources uniform|zipf|carpet   client addresses: all alike, by 1/rank, neighbours (uniform)\n"
	"  --ip 4|6|both                   (4)\n"
	"  --clients N, --servers N        how many (1000000, 1024)\n"
	"  --size N                        of pass: bytes of a frame with its FCS, 64 (IPv6: 74) to 1518\n"
	"  --rate PPS                      packets a second; 0 as many as the port takes (0)\n"
	"  --seconds S, --warm S           how long, and how long before that (1, 0)\n"
	"  --answer                        answer as the servers would, and pings as honest clients\n"
	"  --captures                      messages of the shared captures instead of ours\n"
	"  --search                        highest rate without loss (RFC 2544 section 26.1), trials of --seconds\n"
	"  --macswap                       the other side exchanges MAC addresses (testpmd)\n"
	"  --json FILE                     result (stdout)\n"
	"  --linger                        say \"done\", then keep the ports until standard input ends\n";

/* The place of word among those separated by |, or -1. */
static int word_of(const char *words, const char *word)
{
	const size_t n = strlen(word);

	for (int i = 0; words != NULL; i++) {
		const char *end = strchr(words, '|');
		const size_t len = end ? (size_t)(end - words) : strlen(words);

		if (len == n && memcmp(words, word, n) == 0)
			return i;
		words = end ? end + 1 : NULL;
	}
	return -1;
}

static bool set(struct port_options *o, int option, const char *value)
{
	struct port_traffic *t = &o->traffic;
	int word = 0;

	switch (option) {
	case O_OUTSIDE: o->port[0] = value; break;
	case O_INSIDE: o->port[1] = value; break;
	case O_JSON: o->json = value; break;
	case O_RATE: o->rate = strtod(value, NULL); break;
	case O_SECONDS: o->seconds = strtod(value, NULL); break;
	case O_WARM: o->warm = strtod(value, NULL); break;
	case O_ANSWER: o->answer = true; break;
	case O_SEARCH: o->search = true; break;
	case O_CAPTURES: o->captures = true; break;
	case O_MACSWAP: o->macswap = true; break;
	case O_LINGER: o->linger = true; break;
	case O_KIND: t->kind = (enum port_kind)(word = word_of("pass|coap", value)); break;
	case O_SOURCES: t->sources = (enum port_sources)(word = word_of("uniform|zipf|carpet", value)); break;
	case O_IP: t->ip = (enum port_ip)(word = word_of("4|6|both", value)); break;
	case O_CLIENTS: t->clients = (uint32_t)strtoul(value, NULL, 10); break;
	case O_SIZE: t->size = (uint32_t)strtoul(value, NULL, 10); word = t->size > 0 ? 0 : -1; break;
	case O_SERVERS: t->servers = (uint32_t)strtoul(value, NULL, 10); break;
	default: return false;
	}
	return word >= 0;
}

static bool size_fits(const struct port_traffic *t)
{
	const uint32_t least = t->ip == PORT_IP4 ? PORT_SIZE_MIN_IP4 : PORT_SIZE_MIN_IP6;

	return t->size == 0 || (t->kind == PORT_PASS && t->size >= least && t->size <= PORT_SIZE_MAX);
}

bool port_options_read(struct port_options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "outside", required_argument, NULL, O_OUTSIDE }, { "inside", required_argument, NULL, O_INSIDE },
		{ "json", required_argument, NULL, O_JSON }, { "rate", required_argument, NULL, O_RATE },
		{ "seconds", required_argument, NULL, O_SECONDS }, { "warm", required_argument, NULL, O_WARM },
		{ "answer", no_argument, NULL, O_ANSWER }, { "search", no_argument, NULL, O_SEARCH },
		{ "captures", no_argument, NULL, O_CAPTURES }, { "kind", required_argument, NULL, O_KIND },
		{ "sources", required_argument, NULL, O_SOURCES }, { "ip", required_argument, NULL, O_IP },
		{ "clients", required_argument, NULL, O_CLIENTS }, { "servers", required_argument, NULL, O_SERVERS },
		{ "size", required_argument, NULL, O_SIZE },
		{ "macswap", no_argument, NULL, O_MACSWAP },
		{ "linger", no_argument, NULL, O_LINGER }, { NULL, 0, NULL, 0 },
	};
	int option;

	*o = (struct port_options){ .seconds = 1 };
	o->traffic = (struct port_traffic){ .kind = PORT_COAP, .clients = CLIENTS, .servers = SERVERS };
	optind = 0;
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		if (!set(o, option, optarg)) {
			fputs(usage, stderr);
			return false;
		}
	if (optind == argc && o->seconds > 0 && o->traffic.clients > 0 &&
	    o->traffic.servers > 0 && size_fits(&o->traffic))
		return true;
	fputs(usage, stderr);
	return false;
}
