/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which side of the gateway the devices are that a program names.
 *
 * Idea: a port has several names: what the settings call it, what DPDK calls it,
 * the kernel's interface behind it, names that the operator gave it. A rule file
 * may use any of them; this looks them up and picks the address classes of the
 * program that fit (struct damp_device).
 *
 * Invariant: a view that is bound has the sides of the ports it was bound to. A
 * name that no port has, or that is on the wrong side of a zone called `inside`
 * or `outside`, binds nothing.
 */
#ifndef DAMP_CORE_DEVICES_H
#define DAMP_CORE_DEVICES_H

#include "view.h"

#define DAMP_PORT_NAMES_MAX 16u

/* What the ports of a gateway are called. */
struct damp_port_names {
	char name[DAMP_SIDE_MAX][DAMP_PORT_NAMES_MAX][DAMP_NAME_MAX];
	unsigned n[DAMP_SIDE_MAX];
};

/* One more name of a port; one that it has already, an empty one, and more than
 * fit, are left out. */
void damp_port_names_add(struct damp_port_names *p, enum damp_side side, const char *name);

/* The side that has a port of this name; false when none has. A PCI address
 * counts without its domain, too, when that is 0000. */
bool damp_port_names_find(const struct damp_port_names *p, const char *name, enum damp_side *side);

/* The names of one port as "wan0, 0000:03:00.0"; those that do not fit are left
 * out. Returns out. */
char *damp_port_names_list(const struct damp_port_names *p, enum damp_side side, char *out, size_t len);

/* Have the view run on these ports. False with a line in err that names the place
 * in the rule file and the ports there are; the view is as it was. */
bool damp_devices_bind(struct damp_view *v, const struct damp_port_names *p, char *err, size_t errlen);

#endif
