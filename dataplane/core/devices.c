/* SPDX-License-Identifier: BSD-3-Clause */
/* See devices.h. */
#include "devices.h"

#include <stdio.h>
#include <string.h>

#define PCI_DOMAIN "0000:"

static const char *const side_word[DAMP_SIDE_MAX] = { "outside", "inside" };

/* "03:00.0" is "0000:03:00.0". */
static const char *without_domain(const char *name)
{
	return strncmp(name, PCI_DOMAIN, sizeof(PCI_DOMAIN) - 1) == 0 ? name + sizeof(PCI_DOMAIN) - 1 : name;
}

static bool has(const struct damp_port_names *p, enum damp_side side, const char *name)
{
	for (unsigned i = 0; i < p->n[side]; i++)
		if (strcmp(without_domain(p->name[side][i]), without_domain(name)) == 0)
			return true;
	return false;
}

void damp_port_names_add(struct damp_port_names *p, enum damp_side side, const char *name)
{
	const size_t len = strlen(name);

	if (len == 0 || len >= DAMP_NAME_MAX || p->n[side] == DAMP_PORT_NAMES_MAX || has(p, side, name))
		return;
	memcpy(p->name[side][p->n[side]++], name, len + 1);
}

bool damp_port_names_find(const struct damp_port_names *p, const char *name, enum damp_side *side)
{
	for (*side = DAMP_OUTSIDE; *side < DAMP_SIDE_MAX; (*side)++)
		if (has(p, *side, name))
			return true;
	return false;
}

char *damp_port_names_list(const struct damp_port_names *p, enum damp_side side, char *out, size_t len)
{
	size_t used = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < p->n[side]; i++) {
		const char *name = p->name[side][i];

		if (used + strlen(name) + 2 < len)
			used += (size_t)snprintf(out + used, len - used, "%s%s", used > 0 ? ", " : "", name);
	}
	return out;
}

/* "wan0, net_tap0 (outside), lan0 (inside)" into out. */
static void list(const struct damp_port_names *p, char *out, size_t len)
{
	size_t used = 0;

	snprintf(out, len, "none");
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		for (unsigned i = 0; i < p->n[side] && used < len; i++)
			used += (size_t)snprintf(out + used, len - used, "%s%s", used > 0 ? ", " : "",
						 p->name[side][i]);
		if (p->n[side] > 0 && used < len)
			used += (size_t)snprintf(out + used, len - used, " (%s)", side_word[side]);
	}
}

/* Without its directory: the line that says it is short. */
static const char *file_of(const struct damp_view *v, const struct damp_device *d)
{
	const char *file = damp_view_string(v, d->file_off), *slash = strrchr(file, '/');

	return slash != NULL ? slash + 1 : file;
}

static bool refuse(const struct damp_view *v, const struct damp_device *d, const struct damp_port_names *p,
		   const char *what, char *err, size_t errlen)
{
	char ports[400];

	list(p, ports, sizeof(ports));
	snprintf(err, errlen, "%s:%u:%u: zone '%s' is on '%s', %s; there are: %s", file_of(v, d), d->line,
		 d->column, damp_view_string(v, d->zone_off), damp_view_string(v, d->name_off), what,
		 ports);
	return false;
}

bool damp_devices_bind(struct damp_view *v, const struct damp_port_names *p, char *err, size_t errlen)
{
	unsigned way = 0;

	for (uint32_t i = 0; i < v->ndevices; i++) {
		const struct damp_device *d = &v->devices[i];
		enum damp_side side;

		if (!damp_port_names_find(p, damp_view_string(v, d->name_off), &side))
			return refuse(v, d, p, "which is no port of this gateway", err, errlen);
		if (d->must != DAMP_DEVICE_NONE && d->must != side)
			return refuse(v, d, p, "which is the port of the other side", err, errlen);
		if (d->variant != DAMP_DEVICE_NONE)
			way |= (unsigned)side << d->variant;
	}
	damp_view_lie(v, way);
	return true;
}
