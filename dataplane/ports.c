/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port set-up; see ports.h.
 *
 * Buffers: one frame of the MTU with two VLAN tags and the room the judge may
 * grow it by fits into one segment, so that chains only come from devices that
 * disregard the MTU.
 */
#include "ports.h"

#include "rss.h"
#include "say.h"
#include "scale.h"
#include "state.h"
#include "steer.h"

#include <errno.h>
#include <net/if.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <string.h>

#define FRAME_OVERHEAD (RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN + RTE_ETHER_CRC_LEN)
#define POOL_CACHE 256u
#define RX_CHECKSUMS (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)

static const char *const side_name[DAMP_SIDE_MAX] = { "outside", "inside" };

static void list_ports(char *out, size_t len)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	size_t used = 0;

	snprintf(out, len, "none");
	for (uint16_t id = 0; id < RTE_MAX_ETHPORTS; id++) {
		if (used >= len || !rte_eth_dev_is_valid_port(id) ||
		    rte_eth_dev_get_name_by_port(id, name) != 0)
			continue;
		used += (size_t)snprintf(out + used, len - used, "%s%s", used > 0 ? ", " : "", name);
	}
}

/* A PCI address may be written without its domain. */
static int port_by_name(const char *name, uint16_t *id)
{
	char full[DAMP_NAME_MAX + 8];

	if (rte_eth_dev_get_port_by_name(name, id) == 0)
		return 0;
	snprintf(full, sizeof(full), "0000:%s", name);
	return rte_eth_dev_get_port_by_name(full, id);
}

static int find_one(struct damp_plane *p, unsigned side, struct rte_eth_dev_info *info)
{
	const char *name = p->config.port[side];
	char there[512];
	int rc;

	if (port_by_name(name, &p->port[side].id) != 0) {
		list_ports(there, sizeof(there));
		damp_say("no device is called %s (%s port); there are: %s. Virtual devices need --vdev, PCI "
			 "devices a driver that DPDK can use (dpdk-devbind.py --status)",
			 name, side_name[side], there);
		return -1;
	}
	rc = rte_eth_dev_info_get(p->port[side].id, info);
	if (rc != 0)
		damp_say("%s port %s does not answer: %s", side_name[side], name, strerror(-rc));
	return rc;
}

static void learn(struct damp_port *port, const struct rte_eth_dev_info *info, unsigned nworkers)
{
	port->nrx = (uint16_t)RTE_MIN(info->max_rx_queues, nworkers);
	port->ntx = (uint16_t)RTE_MIN(info->max_tx_queues, nworkers);
	port->checksums = (info->rx_offload_capa & RX_CHECKSUMS) == RX_CHECKSUMS;
	port->chains = (info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0;
}

/* Each of a list separated by commas and blanks. */
static void add_names(struct damp_port_names *to, enum damp_side side, const char *list)
{
	char name[DAMP_NAME_MAX];

	for (const char *p = list + strspn(list, ", \t"); *p != '\0'; p += strspn(p, ", \t")) {
		const size_t len = strcspn(p, ", \t");

		snprintf(name, sizeof(name), "%.*s", (int)len, p);
		damp_port_names_add(to, side, name);
		p += len;
	}
}

/* What rule files may call a port. The names that people use come first. */
static void name_port(struct damp_plane *p, enum damp_side side, const struct rte_eth_dev_info *info)
{
	char name[RTE_ETH_NAME_MAX_LEN], kernel[IF_NAMESIZE];

	if (info->if_index > 0 && if_indextoname(info->if_index, kernel) != NULL)
		damp_port_names_add(&p->names, side, kernel);
	add_names(&p->names, side, p->config.names[side]);
	damp_port_names_add(&p->names, side, p->config.port[side]);
	if (rte_eth_dev_get_name_by_port(p->port[side].id, name) == 0)
		damp_port_names_add(&p->names, side, name);
}

static void settle_workers(struct damp_plane *p, const struct rte_eth_dev_info info[DAMP_SIDE_MAX])
{
	const unsigned lcores = rte_lcore_count() - 1;

	p->config.nworkers = damp_scale_workers(lcores, info);
	damp_say("%u worker%s: %u lcore%s beside the main one; the ports have %u (outside) and "
		 "%u (inside) queues", p->config.nworkers, p->config.nworkers == 1 ? "" : "s", lcores, lcores == 1 ? "" : "s",
		 RTE_MIN(info[DAMP_OUTSIDE].max_rx_queues, info[DAMP_OUTSIDE].max_tx_queues),
		 RTE_MIN(info[DAMP_INSIDE].max_rx_queues, info[DAMP_INSIDE].max_tx_queues));
}

int damp_ports_find(struct damp_plane *p)
{
	struct rte_eth_dev_info info[DAMP_SIDE_MAX];
	uint64_t draw;

	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		if (find_one(p, side, &info[side]) != 0)
			return -1;
	}
	if (p->config.nworkers == 0)
		settle_workers(p, info);
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		learn(&p->port[side], &info[side], p->config.nworkers);
		name_port(p, side, &info[side]);
		if (p->port[side].nrx == 0 || p->port[side].ntx == 0) {
			damp_say("%s port %s cannot both receive and send", side_name[side],
				 p->config.port[side]);
			return -1;
		}
	}
	if (p->port[DAMP_OUTSIDE].id == p->port[DAMP_INSIDE].id) {
		damp_say("outside (%s) and inside (%s) are the same device", p->config.port[DAMP_OUTSIDE],
			 p->config.port[DAMP_INSIDE]);
		return -1;
	}
	p->socket = damp_scale_socket(p);
	if (damp_random(&draw, sizeof(draw)) != 0)
		return -1;
	damp_rss_plan(&p->rss, info, p->config.nworkers, draw);
	p->signals.software_steering = p->config.nworkers > 1 && !p->rss.usable;
	return 0;
}

/* Every place a buffer can rest in, and a cache per worker on top. */
static unsigned buffers_needed(const struct damp_plane *p)
{
	unsigned n = damp_steer_capacity(p);

	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++)
		n += (unsigned)(p->port[side].nrx + p->port[side].ntx) * DAMP_PORT_DESCRIPTORS;
	n += p->config.nworkers * DAMP_HOLDS;
	return n + (p->config.nworkers + 1) * (POOL_CACHE + POOL_CACHE / 2 + 4 * DAMP_BURST);
}

int damp_ports_pool(struct damp_plane *p)
{
	const unsigned frame = RTE_ALIGN_CEIL(p->config.mtu + FRAME_OVERHEAD + DAMP_GROW_MAX,
					      RTE_CACHE_LINE_SIZE);
	const unsigned room = RTE_PKTMBUF_HEADROOM + RTE_MAX(frame, 2048u);
	const unsigned n = p->config.buffers > 0 ? p->config.buffers : rte_align32pow2(buffers_needed(p)) - 1;

	p->pool = rte_pktmbuf_pool_create("damper", n, RTE_MIN(POOL_CACHE, n / 4), 0, (uint16_t)room,
					  p->socket);
	if (p->pool != NULL)
		return 0;
	damp_say("no memory for %u packet buffers of %u bytes (%u MiB): %s. Give EAL more (-m) or lower "
		 "[packets] buffers",
		 n, room, (unsigned)(((uint64_t)n * room) >> 20), rte_strerror(rte_errno));
	return -1;
}

/* The MTU to ask the device for, or 0, said on stderr. A device over a kernel
 * interface passes what the interface does, whatever its driver says. */
static uint32_t choose_mtu(const struct damp_plane *p, unsigned side, const struct rte_eth_dev_info *info)
{
	const uint32_t by_frame = info->max_rx_pktlen - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN;
	const uint32_t largest = info->max_mtu != UINT16_MAX ? info->max_mtu : by_frame;
	const uint32_t want = p->config.mtu;

	if (want >= info->min_mtu && want <= largest)
		return want;
	if (want > largest && info->if_index != 0) {
		damp_say("%s port %s: [packets] mtu %u is above the driver's %u; the kernel interface "
			 "must have it", side_name[side], p->config.port[side], want, largest);
		return largest;
	}
	damp_say("%s port %s: [packets] mtu %u is not between the device's %u and %u", side_name[side],
		 p->config.port[side], want, info->min_mtu, largest);
	return 0;
}

static struct rte_eth_conf configuration(const struct damp_plane *p, const struct damp_port *port,
					 const struct rte_eth_dev_info *info, uint32_t mtu)
{
	struct rte_eth_conf conf = { .rxmode.mtu = mtu };

	if (port->checksums)
		conf.rxmode.offloads |= RX_CHECKSUMS;
	if (port->chains)
		conf.txmode.offloads |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	if (p->rss.usable) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH;
		conf.rx_adv_conf.rss_conf.rss_key = (uint8_t *)(uintptr_t)p->rss.key;
		conf.rx_adv_conf.rss_conf.rss_key_len = info->hash_key_size;
		conf.rx_adv_conf.rss_conf.rss_hf = p->rss.hash_types;
	}
	return conf;
}

static int fail(const struct damp_plane *p, unsigned side, const char *what, int rc)
{
	damp_say("%s port %s: %s: %s", side_name[side], p->config.port[side], what, strerror(-rc));
	return -1;
}

static int set_up_queues(struct damp_plane *p, unsigned side, const struct rte_eth_dev_info *info)
{
	const struct damp_port *port = &p->port[side];
	const unsigned socket = (unsigned)rte_eth_dev_socket_id(port->id);
	uint16_t nrxd = DAMP_PORT_DESCRIPTORS, ntxd = DAMP_PORT_DESCRIPTORS;
	struct rte_eth_rxconf rxconf = info->default_rxconf;
	struct rte_eth_txconf txconf = info->default_txconf;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &nrxd, &ntxd);

	if (rc != 0)
		return fail(p, side, "number of descriptors", rc);
	rxconf.offloads = 0;
	txconf.offloads = 0;
	for (uint16_t q = 0; q < port->nrx; q++) {
		rc = rte_eth_rx_queue_setup(port->id, q, nrxd, socket, &rxconf, p->pool);
		if (rc != 0)
			return fail(p, side, "receive queue", rc);
	}
	for (uint16_t q = 0; q < port->ntx; q++) {
		rc = rte_eth_tx_queue_setup(port->id, q, ntxd, socket, &txconf);
		if (rc != 0)
			return fail(p, side, "send queue", rc);
	}
	return 0;
}

static int configure_one(struct damp_plane *p, unsigned side)
{
	struct damp_port *port = &p->port[side];
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	uint32_t mtu;
	int rc = rte_eth_dev_info_get(port->id, &info);

	if (rc != 0)
		return fail(p, side, "information", rc);
	mtu = choose_mtu(p, side, &info);
	if (mtu == 0)
		return -1;
	conf = configuration(p, port, &info, mtu);
	rc = rte_eth_dev_configure(port->id, port->nrx, port->ntx, &conf);
	if (rc != 0)
		return fail(p, side, "configuration refused", rc);
	return set_up_queues(p, side, &info);
}

static int start_one(struct damp_plane *p, unsigned side)
{
	const uint16_t id = p->port[side].id;
	int rc = rte_eth_dev_start(id);

	if (rc != 0)
		return fail(p, side, "does not start", rc);
	/* Devices without the notion (rings, files) see every frame anyway. */
	rc = rte_eth_promiscuous_enable(id);
	if (rc != 0 && rc != -ENOTSUP)
		return fail(p, side, "promiscuous mode", rc);
	rc = rte_eth_allmulticast_enable(id);
	if (rc != 0 && rc != -ENOTSUP)
		return fail(p, side, "reception of all multicast", rc);
	if (!p->rss.usable)
		return 0;
	rc = damp_rss_table(&p->rss, id, p->config.nworkers);
	if (rc != 0) {
		damp_say("%s port %s: redirection table refused (%s); packets are steered in software",
			 side_name[side], p->config.port[side], strerror(-rc));
		p->signals.software_steering = 1;
	}
	return 0;
}

int damp_ports_start(struct damp_plane *p)
{
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++)
		if (configure_one(p, side) != 0)
			return -1;
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++)
		if (start_one(p, side) != 0)
			return -1;
	return 0;
}

void damp_ports_stop(struct damp_plane *p)
{
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		rte_eth_dev_stop(p->port[side].id);
		rte_eth_dev_close(p->port[side].id);
	}
}

void damp_ports_stats(struct damp_plane *p)
{
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		struct damp_port_stats *out = &p->stats->port[side];
		const uint16_t id = p->port[side].id;
		struct rte_eth_link link = { 0 };
		struct rte_eth_stats s;
		uint16_t mtu;

		if (rte_eth_stats_get(id, &s) == 0) {
			out->imissed = s.imissed;
			out->rx_nombuf = s.rx_nombuf;
			out->ierrors = s.ierrors;
			out->oerrors = s.oerrors;
		}
		if (rte_eth_dev_get_mtu(id, &mtu) == 0)
			out->mtu = mtu;
		out->link_up = rte_eth_link_get_nowait(id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
		out->queues_rx = p->port[side].nrx;
		out->queues_tx = p->port[side].ntx;
		out->symmetric_rss = p->rss.usable &&
				     !__atomic_load_n(&p->signals.software_steering, __ATOMIC_RELAXED);
	}
}
