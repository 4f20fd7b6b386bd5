# SPDX-License-Identifier: BSD-3-Clause
"""Captures by packet sockets, with the kernel's timestamps.

Invariant: a capture either saw every packet of its interface or says so: the
kernel's own count of packets it could not deliver is checked when it ends, and
a run with a lossy capture is not a measurement.
"""

import select
import socket
import struct
import threading
from collections import namedtuple

import netns
import packets

_ETH_P_ALL = 3
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_SO_RCVBUFFORCE, _SO_TIMESTAMPNS = 33, 35
_BUFFER = 32 << 20

IN, OUT = "in", "out"
Record = namedtuple("Record", "time way packet")


class CaptureLost(RuntimeError):
    """The kernel dropped packets of a capture."""


class Capture:
    """All IP packets of one interface, in (toward the host) and out."""

    def __init__(self, ns, interface, pcap=None):
        self.name = f"{ns}/{interface}"
        self.sock = netns.in_namespace(ns, lambda: self._open(interface))
        self._records = []
        self._lock = threading.Lock()
        self._pcap = open(pcap, "wb") if pcap else None
        if self._pcap:
            # nanosecond pcap, version 2.4, Ethernet
            self._pcap.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))

    @staticmethod
    def _open(interface):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        sock.bind((interface, _ETH_P_ALL))
        sock.setblocking(False)
        return sock

    def drain(self):
        """Take what the socket holds."""
        while True:
            try:
                frame, ancillary, _, address = self.sock.recvmsg(65600, 128)
            except BlockingIOError:
                return
            except OSError:
                return
            self._keep(frame, ancillary, address)

    def _keep(self, frame, ancillary, address):
        seconds, nanos = struct.unpack("@qq", ancillary[0][2][:16])
        if self._pcap:
            self._pcap.write(struct.pack("<IIII", seconds, nanos, len(frame), len(frame)) + frame)
        packet = packets.parse(frame)
        if packet is None:
            return
        way = OUT if address[2] == socket.PACKET_OUTGOING else IN
        with self._lock:
            self._records.append(Record(seconds + nanos / 1e9, way, packet))

    def records(self, since=0.0, until=float("inf"), way=None):
        """What was captured in a span of time, oldest first."""
        with self._lock:
            copy = list(self._records)
        return [r for r in copy if since <= r.time <= until and way in (None, r.way)]

    def close(self):
        """End it. Raises CaptureLost when the kernel had to drop packets."""
        self.drain()
        raw = self.sock.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        self.sock.close()
        if self._pcap:
            self._pcap.close()
        lost = struct.unpack("@II", raw)[1]
        if lost:
            raise CaptureLost(f"{self.name}: {lost} packets lost by the capture")


class Recorder:
    """One thread that keeps draining a set of captures."""

    def __init__(self):
        self._captures = {}
        self._poll = select.epoll()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._body, daemon=True)
        self._thread.start()

    def add(self, ns, interface, pcap=None):
        """Begin a capture; it runs until close()."""
        capture = Capture(ns, interface, pcap)
        self._captures[capture.sock.fileno()] = capture
        self._poll.register(capture.sock.fileno(), select.EPOLLIN)
        return capture

    def _body(self):
        while not self._stop.is_set():
            for fd, _ in self._poll.poll(0.2):
                self._captures[fd].drain()

    def close(self):
        """End all captures; the first loss is raised after all are closed."""
        self._stop.set()
        self._thread.join()
        self._poll.close()
        lost = None
        for capture in self._captures.values():
            try:
                capture.close()
            except CaptureLost as error:
                lost = lost or error
        self._captures = {}
        if lost:
            raise lost
