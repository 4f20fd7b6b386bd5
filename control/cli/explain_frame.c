/* SPDX-License-Identifier: BSD-3-Clause */
/* A message from the command line and the frame around it; see explain.h. */
#include "explain.h"

#include "foresight/describe.h"
#include "rules/quantity.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

int damp_explain_side(const struct damp_cli *cli, int *side)
{
	*side = -1;
	if (cli->args.side == NULL)
		return DAMP_EXIT_OK;
	if (strcmp(cli->args.side, "outside") == 0)
		*side = DAMP_OUTSIDE;
	else if (strcmp(cli->args.side, "inside") == 0)
		*side = DAMP_INSIDE;
	else
		return damp_fail(DAMP_EXIT_USAGE, "'%s' is no side; write outside or inside",
				 cli->args.side);
	return DAMP_EXIT_OK;
}

static int read_size(const char *text, uint32_t *size)
{
	char why[DAMP_WHY_MAX], *end;
	struct damp_quantity q;
	unsigned long n = strtoul(text, &end, 10);

	if (*end != '\0' || text[0] < '0' || text[0] > '9') {
		if (!damp_quantity_parse(text, DAMP_WANT(BYTES), &q, why))
			return damp_fail(DAMP_EXIT_USAGE, "--size: %s", why);
		n = (unsigned long)(q.micro / DAMP_MICRO);
	}
	if (n == 0 || n > 65507)
		return damp_fail(DAMP_EXIT_USAGE, "--size goes from 4 to 65507 bytes");
	*size = (uint32_t)n;
	return DAMP_EXIT_OK;
}

int damp_explain_message(const struct damp_cli *cli, uint8_t *msg, size_t cap, size_t *len)
{
	const struct damp_args *a = &cli->args;
	char why[DAMP_DESCRIBE_WHY] = "";
	struct damp_description d;
	int code = DAMP_EXIT_OK;

	if (!damp_describe(a->msg, &d, why))
		return damp_fail(DAMP_EXIT_USAGE, "--msg: %s", why);
	for (unsigned i = 0; i < a->coap_options.n; i++)
		if (!damp_describe_option(&d, a->coap_options.value[i], why))
			return damp_fail(DAMP_EXIT_USAGE, "--option: %s", why);
	if (a->size != NULL)
		code = read_size(a->size, &d.size);
	if (code != DAMP_EXIT_OK)
		return code;
	*len = damp_describe_message(&d, msg, cap, why);
	return *len > 0 ? DAMP_EXIT_OK : damp_fail(DAMP_EXIT_USAGE, "--msg: %s", why);
}

struct ends {
	struct damp_endpoint from, to;
};

/* Addresses for documentation (RFC 5737), when none are given. */
static const char *default_peer = "198.51.100.1", *default_device = "192.0.2.1";

/* Who speaks from the CoAP port: a device that answers. */
static bool from_device(const uint8_t *msg, size_t len, int side)
{
	if (len > 1 && DAMP_COAP_CLASS(msg[1]) >= 2)
		return true;
	return side == DAMP_INSIDE && len > 1 && msg[1] == DAMP_COAP_CODE_EMPTY;
}

static int read_ends(const struct damp_cli *cli, bool device, int side, struct ends *e)
{
	const char *from = cli->args.from, *to = cli->args.to;
	char why[DAMP_DESCRIBE_WHY];

	if ((from == NULL) != (to == NULL))
		return damp_fail(DAMP_EXIT_USAGE, "--from and --to go together");
	if (from == NULL) {
		from = side == DAMP_INSIDE ? default_device : default_peer;
		to = side == DAMP_INSIDE ? default_peer : default_device;
	}
	if (!damp_endpoint_parse(from, device ? DAMP_PORT_COAP : DAMP_CLIENT_PORT, &e->from, why))
		return damp_fail(DAMP_EXIT_USAGE, "--from: %s", why);
	if (!damp_endpoint_parse(to, device ? DAMP_CLIENT_PORT : DAMP_PORT_COAP, &e->to, why))
		return damp_fail(DAMP_EXIT_USAGE, "--to: %s", why);
	return DAMP_EXIT_OK;
}

static bool inside(const struct damp_view *v, const struct damp_addr *a)
{
	return v->has_inside && (v->classes[damp_view_class(v, a)].flags & DAMP_CLASS_INSIDE);
}

int damp_explain_frame(const struct damp_cli *cli, const struct damp_view *view, const uint8_t *msg,
		       size_t len, struct damp_framed *out)
{
	char why[DAMP_DESCRIBE_WHY];
	struct ends e;
	int side, code = damp_explain_side(cli, &side);

	if (code == DAMP_EXIT_OK)
		code = read_ends(cli, from_device(msg, len, side), side, &e);
	if (code != DAMP_EXIT_OK)
		return code;
	out->side_by = "as given";
	if (side < 0) {
		side = inside(view, &e.from.addr) ? DAMP_INSIDE : DAMP_OUTSIDE;
		out->side_by =
			side == DAMP_INSIDE
				? "its source is an inside prefix of the rules"
				: "no --side, and its source is no inside prefix of the rules";
	}
	out->side = (uint8_t)side;
	if (len > sizeof(out->frame) - DAMP_DESCRIBE_FRAME_OVERHEAD)
		return damp_fail(DAMP_EXIT_USAGE, "the message does not fit into a datagram");
	out->len = damp_describe_frame(&e.from, &e.to, msg, len, out->frame, why);
	return out->len > 0 ? DAMP_EXIT_OK : damp_fail(DAMP_EXIT_USAGE, "%s", why);
}
