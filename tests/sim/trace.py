#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The model of a libcoap server against the real one: trace.py SERVER_TRACE.

Real coap-server-notls and coap-rd-notls (4.3.1) listen on the loopback. A socket for
each row asks once and says nothing more for WATCH seconds, like a victim of
reflection, or acknowledges each CON, or resets whatever comes; the model is asked the
same in virtual time. Held against each other
are the sequence of types, codes and tokens, the options that matter (Observe or
not, Block2 with its size), how many repeat an earlier one, and times: what
is not random to SLACK seconds, the first wait of a repetition within 2 to 3 s and
each further twice the last. How long the machine kept this program or a server from
running is measured, and no fault of libcoap's: so much more may a time differ, and so
many more ticks may have been left out. Skipped (77) where there is no libcoap server.
"""
import math
import os
import random
import select
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import coap  # noqa: E402

SKIPPED = 77
WATCH = 22.0
SLACK = 0.6             # of waits of 1 s and more, whose wrong ones are 2 s off
LOOK = 0.05             # how often it is looked at whether the machine keeps us waiting
PATIENCE = 60.0
MODES = ("con", "non")


def get(kind, path, token=b"t", opts=()):
    """A GET."""
    return coap.message(kind, coap.GET, 0x1234, token, coap.path(path) + list(opts))


OBSERVE = ((coap.OPT_OBSERVE, b""),)
ACK, RST = "ack", "rst"
# name, server, request, what the peer answers
ROWS = [row if len(row) == 4 else (*row, None) for row in [
    ("observe, CON notifications", "con", get(coap.NON, "/time", opts=OBSERVE)),
    ("observe, NON notifications", "non", get(coap.NON, "/time", opts=OBSERVE)),
    ("observe asked with CON", "non", get(coap.CON, "/time", b"u", OBSERVE)),
    ("separate response", "con", get(coap.CON, "/async", opts=[(coap.OPT_URI_QUERY, b"1")])),
    ("block 0 of 1024", "con", get(coap.CON, "/m")),
    ("block 0 of 256", "con", get(coap.NON, "/m", opts=[(coap.OPT_BLOCK2, b"\x04")])),
    ("block 2 of 64", "con", get(coap.CON, "/m", opts=[(coap.OPT_BLOCK2, b"\x22")])),
    ("SZX 7", "con", get(coap.CON, "/m", opts=[(coap.OPT_BLOCK2, b"\x07")])),
    ("not there", "con", get(coap.CON, "/nope")),
    ("critical option unknown", "con", coap.message(coap.CON, coap.GET, 1, b"c", [(9001, b"x")])),
    ("the same, NON", "con", coap.message(coap.NON, coap.GET, 1, b"c", [(9001, b"x")])),
    ("signalling code", "con", coap.message(coap.CON, coap.CODE_SIGNAL_PING, 7)),
    ("ping", "con", coap.message(coap.CON, coap.EMPTY, 9)),
    ("directory: not there", "rd", get(coap.CON, "/nope")),
    ("directory: ping", "rd", coap.message(coap.CON, coap.EMPTY, 9)),
    ("observe, CON notifications acknowledged", "con", get(coap.NON, "/time", b"v", OBSERVE), ACK),
    ("observe, the CON after five NON acknowledged", "non", get(coap.NON, "/time", b"w", OBSERVE), ACK),
    ("observe, CON notifications reset", "con", get(coap.CON, "/time", b"x", OBSERVE), RST),
    ("observe, NON notifications reset", "non", get(coap.CON, "/time", b"y", OBSERVE), RST),
    ("separate response acknowledged", "con", get(coap.CON, "/async", b"z", [(coap.OPT_URI_QUERY, b"1")]), ACK),
    ("separate response reset", "con", get(coap.CON, "/async", b"r", [(coap.OPT_URI_QUERY, b"1")]), RST),
]]


def is_free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(n):
    """That nobody has at the moment, and the system gives to nobody meanwhile: sockets
    that do not care have theirs from another range (ip(7), ip_local_port_range)."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first, last = map(int, file.read().split())
    ports = [port for port in range(1024, 65536) if not first <= port <= last]
    random.shuffle(ports)
    return [port for _, port in zip(range(n), filter(is_free, ports))]


def ask(sock, data):
    """One exchange: its answer, by the Message ID. Repeated as a client may (RFC 7252
    section 4.2), and at once where nobody listens yet."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            sock.send(data)
            while select.select([sock], [], [], 3.0)[0]:
                got = sock.recv(2048)
                if got[2:4] == data[2:4]:
                    return got
        except ConnectionRefusedError:
            time.sleep(0.1)
    return None


def connect(port):
    """A socket of its own toward a server."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(("127.0.0.1", port))
    return sock


def plant(port):
    """PUT /m, 3000 bytes in blocks."""
    with connect(port) as sock:
        for num in range(3):
            more = num < 2
            opts = coap.path("/m") + [(coap.OPT_BLOCK1, coap.uint(num << 4 | (8 if more else 0) | 6))]
            size = 1024 if more else 3000 - 2048
            if ask(sock, coap.message(coap.CON, coap.PUT, 100 + num, b"p", opts, b"x" * size)) is None:
                return False
    return True


def answer(sock, how, data):
    """What a peer of this kind says to a datagram."""
    kind = coap.kind_of(data)
    if how == ACK and kind == coap.CON:
        sock.send(b"\x60\x00" + data[2:4])
    elif how == RST and kind in (coap.CON, coap.NON):
        sock.send(b"\x70\x00" + data[2:4])


def waited(pid):
    """Seconds for which a process was ready and had no processor (schedstat of proc(5));
    0 where the kernel does not count."""
    try:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


class Lateness:
    """For how long the machine kept this program or one of some others from running, at
    worst: the most within a second."""

    def __init__(self, pids):
        self.pids, self.now = pids, time.monotonic()
        self.before = [waited(pid) for pid in pids]
        self.looks, self.worst = [], 0.0

    def look(self):
        """To be called every LOOK seconds."""
        then, self.now = self.now, time.monotonic()
        before, self.before = self.before, [waited(pid) for pid in self.pids]
        others = max(b - a for a, b in zip(before, self.before))
        self.looks.append((self.now, max(0.0, self.now - then - LOOK) + others))
        self.looks = [(at, late) for at, late in self.looks if at > self.now - 1]
        self.worst = max(self.worst, sum(late for _, late in self.looks))


def half_way():
    """Wait until it is half way between two ticks, which come with the seconds."""
    while not 0.4 < time.time() % 1.0 < 0.6:
        time.sleep((0.5 - time.time()) % 1.0)


def real(ports, pids):
    """What came of all rows at once, a list of (seconds, bytes) for each; and how late."""
    socks = [connect(ports[row[1]]) for row in ROWS]
    half_way()
    late, asked = Lateness(pids), time.monotonic()
    for sock, row in zip(socks, ROWS):
        sock.send(row[2])
    heard = [[] for _ in ROWS]
    while time.monotonic() < asked + WATCH:
        late.look()
        for sock in select.select(socks, [], [], LOOK)[0]:
            n, data = socks.index(sock), sock.recv(2048)
            heard[n].append((time.monotonic() - asked, data))
            answer(sock, ROWS[n][3], data)
    for sock in socks:
        sock.close()
    return heard, late.worst


def model(program, row):
    """The same of the model."""
    argv = [program, str(int(WATCH)), row[2].hex()] + (["non"] if row[1] == "non" else []) + ([row[3]] if row[3] else [])
    lines = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [(int(at) / 1000, bytes.fromhex(data)) for at, data in map(str.split, lines)]


def shape(data):
    """What must be the same of a datagram: kind, code, token, the options that
    tell block size and observation."""
    tkl = data[0] & 15
    block = coap.option(data, coap.OPT_BLOCK2)
    return (coap.kind_of(data), data[1], data[4:4 + tkl].hex(), coap.option(data, coap.OPT_OBSERVE) is not None,
            block.hex() if block is not None else None)


def parted(heard):
    """The shapes of what was new, and of what repeats an earlier datagram, in order."""
    seen, new, copies = set(), [], []
    for _, data in heard:
        (copies if data in seen else new).append(shape(data))
        seen.add(data)
    return new, copies


def waits(heard):
    """Of each confirmable message that was repeated: the times between its copies."""
    times = {}
    for at, data in heard:
        if coap.kind_of(data) == coap.CON:
            times.setdefault(data, []).append(at)
    return [[b - a for a, b in zip(t, t[1:])] for t in times.values() if len(t) > 1]


def complain(name, what, got, want):
    """One difference."""
    print(f"{name}: {what}\n  libcoap {got}\n  model   {want}")
    return False


def same_times(name, got, want, late):
    """What no chance decides comes when it must; repetitions double."""
    good = True
    for who, heard, slack in (("libcoap", got, SLACK + late), ("model", want, SLACK)):
        for gaps in waits(heard):
            if not 2 - slack < gaps[0] < 3 + slack or \
                    any(abs(b - 2 * a) > slack for a, b in zip(gaps, gaps[1:])):
                good = complain(name, f"{who} repeats after", gaps, "2 to 3 s, then twice the last")
    fixed = [(a, b) for (a, x), (b, _) in zip(got, want) if not waits([h for h in got if h[1] == x])]
    if any(abs(a - b) > SLACK + late for a, b in fixed) and not waits(got):
        good = complain(name, "times", [round(a, 2) for a, _ in fixed], [round(b, 2) for _, b in fixed])
    return good


def compare(row, got, want, late):
    """Whether the model does what the real one did. Where chance decides how many
    copies fit into the time, one more or less is no difference; nor is where among
    the second's notifications a copy falls: when copies come is what same_times() asks."""
    name, differ = row[0], 1 + math.ceil(max(0.0, late - SLACK))
    if not got or not want:
        return complain(name, "silence", len(got), len(want))
    (got_new, got_copies), (want_new, want_copies) = parted(got), parted(want)
    n = min(len(got_new), len(want_new)) if waits(got) or row[3] else max(len(got_new), len(want_new))
    if got_new[:n] != want_new[:n]:
        return complain(name, "sequence", got_new[:n], want_new[:n])
    if abs(len(got_new) - len(want_new)) > differ or abs(len(got_copies) - len(want_copies)) > differ:
        return complain(name, "new and repeated datagrams", (len(got_new), len(got_copies)), (len(want_new), len(want_copies)))
    if any(copy not in want_new for copy in got_copies):
        return complain(name, "repeats", got_copies, want_new)
    return same_times(name, got, want, late)


def main():
    if not shutil.which("coap-server-notls") or not shutil.which("coap-rd-notls"):
        print("skipped: no libcoap server here: scripts/install brings it")
        return SKIPPED
    names = ("con", "non", "rd")
    ports = dict(zip(names, free_ports(len(names))))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    argv = {"con": ["coap-server-notls", "-d", "10"], "non": ["coap-server-notls", "-N", "-d", "10"], "rd": ["coap-rd-notls"]}
    servers = [subprocess.Popen([*argv[n], "-A", "127.0.0.1", "-p", str(p)], **quiet) for n, p in ports.items()]
    try:
        for port in ports.values():
            with connect(port) as sock:
                if ask(sock, coap.message(coap.CON, coap.EMPTY, 1)) is None:
                    sys.exit("a libcoap server does not answer")
        if not plant(ports["con"]):
            sys.exit("PUT /m was not answered")
        heard, late = real(ports, [server.pid for server in servers])
    finally:
        for server in servers:
            server.terminate()
            server.wait()
    good = [compare(row, got, model(sys.argv[1], row), late) for row, got in zip(ROWS, heard)]
    print(f"{sum(good)} of {len(good)} rows as the model says, the machine {late:.2f} s late")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
