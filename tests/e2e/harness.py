# SPDX-License-Identifier: BSD-3-Clause
"""What the end-to-end scenarios share: a registry, a lab each, steady traffic.

A scenario is a function that gets a Lab factory and raises Failure when a
promise is broken. Each runs in a lab of its own, made and taken away by it.
"""

import json
import os
import socket
import struct
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

import lab as wiring  # noqa: E402  (needs the path above)
import netns  # noqa: E402
from peer import ONCE  # noqa: E402

DEFAULT_RULES = os.path.join(ROOT, "rules", "default.yaml")
SCENARIOS = {}
BOUND_S = 60            # how long a machine may take for what is to come; nothing is told by it
LATE_S = 20             # a datagram that is later than this is lost
BUSY = "another load is going on"


class Failure(Exception):
    """A promise was broken; the text says which."""


def scenario(function):
    """Register a scenario under its name, with dashes."""
    SCENARIOS[function.__name__.replace("_", "-")] = function
    return function


def expect(condition, text):
    """Fail with a text unless the condition holds."""
    if not condition:
        raise Failure(text)


def build_folder():
    """Where the binaries are."""
    return os.environ.get("DAMPER_BUILD", os.path.join(ROOT, "build"))


def new_lab(rules=DEFAULT_RULES, workers=1, middle="damper"):
    """A lab with the real data plane and daemon, to be used in `with`.
    DAMPER_LAB_MIDDLE=testpmd puts plain forwarding in their place: then what is
    about passing must succeed and what is about judgement must fail."""
    return wiring.Lab(build_folder(), rules, os.environ.get("DAMPER_LAB_MIDDLE", middle), workers)


def rule_file(lab, name, text):
    """Write a rule file for a scenario; its path."""
    path = os.path.join(lab.folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def until(what, look, bound=BOUND_S):
    """What look() returns, once that is true. For what comes sooner or later: so
    the time that a busy machine takes is no failure."""
    end = time.monotonic() + bound
    while True:
        late = time.monotonic() > end
        found = look()
        if found:
            return found
        expect(not late, f"waited in vain for {what}")
        time.sleep(0.1)


def _not_busy(lab, *argv):
    """Run the command, again while damperd still keeps the load before on disk."""
    end = time.monotonic() + BOUND_S
    while True:
        done = lab.damper(*argv)
        if BUSY not in done.stderr or time.monotonic() > end:
            return done


def damper_ok(lab, *argv):
    """Run the command and insist on exit code 0; what it printed."""
    done = _not_busy(lab, *argv)
    expect(done.returncode == 0,
           f"damper {' '.join(argv)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def prove(lab, peer, path="/"):
    """Ask until the peer has answered a second ping of the gateway, which comes after
    what it is served on trust."""
    before = status(lab)["challenges"]["proofs_second"]

    def look():
        expect(peer.get(path) is not None, f"no answer to a first GET {path}")
        return status(lab)["challenges"]["proofs_second"] > before
    until("the answer to a second ping", look)


def status(lab):
    """`damper show status` as data."""
    return json.loads(damper_ok(lab, "show", "status", "--json"))


def samples(text):
    """{(name, frozenset of labels): value} of Prometheus text."""
    found = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        head, value = line.rsplit(" ", 1)
        name, _, labels = head.partition("{")
        pairs = [pair for pair in labels.rstrip("}").split(",") if pair]
        found[name, frozenset(pairs)] = float(value)
    return found


def total(metrics, name, *labels):
    """Sum of the samples of a name that carry all these labels."""
    return sum(value for (n, have), value in metrics.items()
               if n == name and set(labels) <= have)


_SO_RCVBUFFORCE = 33    # beyond net.core.rmem_max, too: what waits here is not lost


class Meanwhile:
    """A thread that lasts as long as a with-block: body() looks at self.over, which is set when it is left."""

    def __init__(self):
        self.over = threading.Event()
        self._thread = threading.Thread(target=self.body)

    def body(self):
        """What goes on; overridden."""
        raise NotImplementedError

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self.over.set()
        self._thread.join()


class Echo:
    """Datagrams that are not CoAP, at a steady rate, through the filter and
    back. Whatever the filter does meanwhile, none may be lost."""

    PORT = 7777

    def __init__(self, lab, family=4, rate=200):
        kind = socket.AF_INET if family == 4 else socket.AF_INET6
        self.period = 1.0 / rate
        self.server = self._socket(lab, "inside", kind)
        self.server.bind((wiring.SERVER[family], self.PORT))
        self.client = self._socket(lab, "honest", kind)
        self.client.bind((wiring.HONEST[family], 0))
        self.target = (wiring.SERVER[family], self.PORT)
        self.sent, self.seen = 0, set()
        self._enough, self._stop = threading.Event(), threading.Event()
        self._sender = threading.Thread(target=self._send)
        self._threads = [threading.Thread(target=body) for body in (self._serve, self._receive)]

    @staticmethod
    def _socket(lab, role, kind):
        sock = netns.in_namespace(lab.ns(role), lambda: socket.socket(kind, socket.SOCK_DGRAM))
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 4 << 20)
        sock.settimeout(0.2)
        return sock

    def _serve(self):
        while not self._stop.is_set():
            try:
                data, address = self.server.recvfrom(2048)
                self.server.sendto(data, address)
            except OSError:
                continue

    def _send(self):
        while not self._enough.is_set():
            at = time.monotonic()
            self.client.sendto(struct.pack("!I", self.sent), self.target)
            self.sent += 1
            # Who comes late makes nothing good: a burst is no steady rate.
            self._enough.wait(max(0.0, at + self.period - time.monotonic()))

    def _receive(self):
        while not self._stop.is_set():
            try:
                self.seen.add(struct.unpack("!I", self.client.recv(2048))[0])
            except OSError:
                continue

    def __enter__(self):
        for thread in (*self._threads, self._sender):
            thread.start()
        return self

    def __exit__(self, *unused):
        """Stop sending; the last ones may take their time to come back."""
        self._enough.set()
        self._sender.join()
        end = time.monotonic() + LATE_S
        while self.lost > 0 and time.monotonic() < end:
            time.sleep(0.05)
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.server.close()
        self.client.close()

    @property
    def lost(self):
        """Datagrams that did not come back."""
        return self.sent - len(self.seen)


# One more than guard: first_contact: burst.
FIRST_CONTACT = 9


class Asking(Meanwhile):
    """One proved endpoint that keeps asking, each request once: every one must be
    answered."""

    def __init__(self, peer, path="/time", period=0.05):
        self.peer, self.path, self.period = peer, path, period
        self.asked_at, self.unanswered = [], 0
        super().__init__()

    def body(self):
        while not self.over.is_set():
            self.asked_at.append(time.monotonic())
            if self.peer.get(self.path, **ONCE) is None:
                self.unanswered += 1
            self.over.wait(self.period)

    @property
    def asked(self):
        """How many requests there were."""
        return len(self.asked_at)

    def __enter__(self):
        # What an address is served on trust ends with a ping; after that it is
        # proved, and nothing may have to be repeated any more.
        for _ in range(FIRST_CONTACT):
            expect(self.peer.get(self.path) is not None, f"no answer to a first GET {self.path}")
        return super().__enter__()


def expect_no_loss(echo, *asking):
    """Nothing was lost in any of the streams."""
    expect(echo.sent > 50, f"only {echo.sent} datagrams were sent: the test itself is too slow")
    expect(echo.lost == 0, f"{echo.lost} of {echo.sent} datagrams lost")
    for one in asking:
        expect(one.unanswered == 0,
               f"of {one.asked} requests, each sent once, {one.unanswered} stayed without answer")
