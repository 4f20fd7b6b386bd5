# SPDX-License-Identifier: BSD-3-Clause
"""From captures to figures: bytes at the victim over bytes of the attacker.

Bytes are IP bytes (packets.py) on both sides. The running ratio is taken at
every packet that reaches the victim, against what had been sent until then, so
a burst early in an attack cannot hide behind the quiet after it.
"""

import json
from collections import Counter

import packets

LIMIT = 3.0
MANY = 100              # packets of an attacker from which on he must not gain anything
FIELDS = ("vector", "family", "setting", "attacker_packets", "attacker_bytes",
          "victim_packets_off", "victim_bytes_off", "victim_packets_on", "victim_bytes_on",
          "factor_off", "factor_on", "peak_factor_on", "gateway_bytes", "inside_bytes_off",
          "inside_bytes_on", "inside_bytes_saved", "honest_tried",
          "honest_answered", "added_rtts")


def at_victims(capture, addresses, since):
    """Records of packets toward any of the addresses, in order of time."""
    wanted = set(addresses)
    return sorted((r for r in capture.records(since=since, way="in") if r.packet.dst in wanted),
                  key=lambda r: r.time)


def from_forged(capture, addresses, since):
    """Records of packets from any of the addresses: what a victim of ours got."""
    wanted = set(addresses)
    return sorted((r for r in capture.records(since=since, way="in") if r.packet.src in wanted),
                  key=lambda r: r.time)


def on_link(capture, addresses, since):
    """IP bytes from and to the addresses, both ways."""
    wanted = set(addresses)
    return sum(r.packet.length for r in capture.records(since=since)
               if r.packet.src in wanted or r.packet.dst in wanted)


def factor(sent, received):
    """Ratio over the whole attack."""
    return sum(r.packet.length for r in received) / max(1, sum(s.length for s in sent))


def peak_factor(sent, received):
    """Largest running ratio. A packet that arrives before anything was sent
    would be infinite; it cannot happen, as sends are noted before they leave."""
    events = [(s.time, 0, s.length) for s in sent] + [(r.time, 1, r.packet.length)
                                                      for r in received]
    out = into = 0
    peak = 0.0
    for _, is_received, length in sorted(events):
        if is_received:
            into += length
            peak = max(peak, into / out if out else float("inf"))
        else:
            out += length
    return peak


def _same_message(packet):
    """What the gateway keeps of a message it forwards: all but the Message ID."""
    data = packet.data
    if packet.proto == packets.PROTO_UDP and len(data) >= 4:
        data = data[:2] + data[4:]
    return (packet.src, packet.dst, packet.proto, packet.sport, packet.dport, data)


def made_by_gateway(received, left_servers):
    """IP bytes of packets that came to a victim and that no server sent."""
    known = Counter(_same_message(r.packet) for r in left_servers)
    total = 0
    for record in received:
        key = _same_message(record.packet)
        if known[key] > 0:
            known[key] -= 1
        else:
            total += record.packet.length
    return total


def added_rtts(baseline, measured, jobs, family):
    """Extra request transmissions per honest exchange: for each kind of job
    its mean with the filter less its mean without, weighted by how often it
    was done."""
    mine = [job.kind for job in jobs if job.family == family]
    extra = [measured[kind, family] - baseline[kind, family] for kind in mine
             if (kind, family) in baseline]
    return sum(extra) / len(extra) if extra else 0.0


def verdict(row):
    """"ok", or which promise a run broke."""
    broken = []
    if max(row["factor_on"], row["peak_factor_on"]) > LIMIT:
        broken.append("AMPLIFIED")
    gained = row["factor_on"] > 1 or row["victim_packets_on"] > row["attacker_packets"]
    if row["attacker_packets"] >= MANY and gained:
        broken.append("GAINED")
    if row["honest_answered"] != row["honest_tried"] or not row["honest_tried"]:
        broken.append("LOCKED OUT")
    return " ".join(broken) or "ok"


def good(row):
    """Does a run keep both promises?"""
    return verdict(row) == "ok"


def save(rows, path):
    """results.json: an array with one object per run."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump([{key: row[key] for key in FIELDS} for row in rows], file, indent=1)
        file.write("\n")


_COLUMNS = (("vector", "<7", lambda r: r["vector"]),
            ("attack", "<37", lambda r: r["title"]),
            ("IP", ">3", lambda r: f"v{r['family']}"),
            ("sent B", ">7", lambda r: r["attacker_bytes"]),
            ("off B", ">8", lambda r: r["victim_bytes_off"]),
            ("on B", ">7", lambda r: r["victim_bytes_on"]),
            ("ours B", ">7", lambda r: r["gateway_bytes"]),
            ("x off", ">7", lambda r: f"{r['factor_off']:.2f}"),
            ("x on", ">6", lambda r: f"{r['factor_on']:.2f}"),
            ("x peak", ">7", lambda r: f"{r['peak_factor_on']:.2f}"),
            ("honest", ">8", lambda r: f"{r['honest_answered']}/{r['honest_tried']}"),
            ("+rtt", ">6", lambda r: f"{r['added_rtts']:+.2f}"),
            ("verdict", "<10", verdict))


def table(rows):
    """The rows as a person reads them."""
    lines = ["  ".join(f"{title:{align}}" for title, align, _ in _COLUMNS)]
    lines.append("-" * len(lines[0]))
    for row in rows:
        lines.append("  ".join(f"{value(row):{align}}" for _, align, value in _COLUMNS))
    return "\n".join(lines)


LEGEND = """\
sent    IP bytes the attacker sent with forged sources
off, on IP bytes that reached the victim, filter bypassed and enforcing
ours    part of "on" that the gateway itself made (pings, challenges)
x       reached / sent; peak: the largest this ratio ever was, at any packet
honest  answered / tried by real clients (libcoap) during the attacks
+rtt    request transmissions an honest exchange needed more than without the filter"""
