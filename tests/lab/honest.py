# SPDX-License-Identifier: BSD-3-Clause
"""Honest clients: libcoap's own command, as people run it.

coap-client exits 0 even when nothing came back, so a job counts as answered
only when what it printed is what the server holds.

A confirmable request gets one run: the client retransmits by itself. A
non-confirmable one has no such help (RFC 7252 section 4.3 leaves repeating to
the application), so the job repeats it, NON_TRIES times at most; what that
costs shows in the count of request transmissions.
"""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections import namedtuple

import coap
import lab as wiring
import packets

CON_WAIT, NON_WAIT, NON_TRIES = 40, 3, 4
OBSERVE_SECONDS, KEEPALIVE_SECONDS, KEEPALIVE_PING = 6, 16, 5
BIG = 4096

Job = namedtuple("Job", "kind family start end answered output")


def _text(size, seed):
    """A printable body that is different for each seed."""
    line = f"{seed} the quick brown fox jumps over the lazy dog 0123456789\n"
    return (line * (size // len(line) + 1))[:size]


class Watching:
    """libcoap's client observing a path, from a port of its own when one is named,
    until end(). For scenarios that wait for what they need to see instead of for
    some seconds."""

    LONGEST_S = 600

    def __init__(self, lab, family, path, port=None):
        self.said = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", lab.ns("honest"), "coap-client-notls", "-v", "0",
             "-s", str(self.LONGEST_S), "-B", str(self.LONGEST_S),
             *(["-p", str(port)] if port else []), wiring.url(family, path)],
            stdin=subprocess.DEVNULL, stdout=self.said, stderr=subprocess.DEVNULL)

    def end(self):
        """Have it end as at the terminal; what it printed."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        finally:
            self.process.kill()
        self.said.seek(0)
        text = self.said.read().decode("utf-8", "replace")
        self.said.close()
        return text

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Honest:
    """The jobs of one family, done one after the other until told to stop."""

    def __init__(self, lab, family, server=None):
        self.lab, self.family = lab, family
        self.server = server or wiring.SERVER
        self.jobs = []
        self.files = os.path.join(lab.folder, f"honest-{family}")
        self.body = os.path.join(self.files, "body")
        os.makedirs(self.files, exist_ok=True)
        self.round = 0

    def client(self, path, *options, wait=CON_WAIT):
        """One run of coap-client; its standard output."""
        cmd = ["ip", "netns", "exec", self.lab.ns("honest"), "coap-client-notls",
               "-v", "0", "-B", str(wait), *options, wiring.url(self.family, path, self.server)]
        done = subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=wait + 60)
        if done.returncode != 0:
            return ""
        return done.stdout.decode("utf-8", "replace")

    def _repeat_non(self, path, good):
        for _ in range(NON_TRIES):
            output = self.client(path, "-N", wait=NON_WAIT)
            if good(output):
                return True, output
        return False, output

    # Each job returns (answered, what the client printed).

    def get_listing(self):
        """GET /.well-known/core, which the attack has inflated."""
        output = self.client("/.well-known/core")
        return "</time>" in output and "</async>" in output, output

    def get_time(self):
        """GET of something small."""
        output = self.client("/time")
        return output.count(":") >= 2, output

    def get_time_non(self):
        """The same, non-confirmable."""
        return self._repeat_non("/time", lambda output: output.count(":") >= 2)

    def put_blocks(self):
        """PUT of 4 KiB in blocks; read_blocks() proves that it arrived."""
        self.round += 1
        with open(self.body, "w", encoding="ascii") as file:
            file.write(_text(BIG, f"v{self.family} round {self.round}"))
        self.client("/honest", "-m", "put", "-b", "1024", "-t", "0", "-f", self.body)
        output = self.client("/honest")
        return self._is_body(output), output

    def _is_body(self, output):
        with open(self.body, encoding="ascii") as file:
            return output.rstrip("\n") == file.read().rstrip("\n")

    def get_big(self):
        """GET of 4 KiB."""
        output = self.client("/honest")
        return self._is_body(output), output

    def get_big_non(self):
        """The same, non-confirmable."""
        return self._repeat_non("/honest", self._is_body)

    def observe(self):
        """Observe a clock for some seconds: most of its ticks must come."""
        output = self.client("/time", "-s", str(OBSERVE_SECONDS), wait=OBSERVE_SECONDS + 30)
        return output.count(":") // 2 >= OBSERVE_SECONDS - 2, output

    def keepalive(self):
        """Watch something that does not change, with CoAP pings in between."""
        output = self.client("/honest", "-s", str(KEEPALIVE_SECONDS), "-K", str(KEEPALIVE_PING),
                             wait=KEEPALIVE_SECONDS + 30)
        return self._is_body(output), output

    def run_job(self, name):
        """Do one job and note it."""
        start = time.time()
        answered, output = getattr(self, name)()
        self.jobs.append(Job(name, self.family, start, time.time(), answered, output))
        return answered

    ROUND = ("get_listing", "put_blocks", "get_big", "get_time_non", "observe", "get_time",
             "keepalive", "get_big_non")

    def run(self, until):
        """Rounds of all jobs until the moment given (time.monotonic)."""
        while True:
            for name in self.ROUND:
                if time.monotonic() >= until and self.round >= 1 and len(self.jobs) >= len(
                        self.ROUND):
                    return
                self.run_job(name)


class Crowd:
    """Honest clients of several families at the same time."""

    def __init__(self, lab, families):
        self.members = [Honest(lab, family) for family in families]
        self._threads = []

    def start(self, seconds):
        """Begin; each keeps going for that long and finishes its round of jobs."""
        until = time.monotonic() + seconds
        self._threads = [threading.Thread(target=member.run, args=(until,), daemon=True)
                         for member in self.members]
        for thread in self._threads:
            thread.start()

    def join(self):
        """Wait for the end; all jobs."""
        for thread in self._threads:
            thread.join()
        return [job for member in self.members for job in member.jobs]


def check_pings(jobs, capture):
    """Jobs again, where a keepalive counts as answered only when the pings it
    sent came back as RST with the same Message ID."""
    answers = {(r.packet.family, coap.mid_of(r.packet.data)) for r in capture.records(way="in")
               if r.packet.data[:2] == b"\x70\x00"}
    pings = [(r.time, r.packet.family, coap.mid_of(r.packet.data))
             for r in capture.records(way="out")
             if r.packet.dport == coap.PORT and r.packet.data[:2] == b"\x40\x00"]
    checked = []
    for job in jobs:
        if job.kind == "keepalive" and job.answered:
            mine = {(family, mid) for at, family, mid in pings
                    if family == job.family and job.start <= at <= job.end}
            lost = mine - answers
            if lost or not mine:
                job = job._replace(answered=False,
                                   output=f"{len(lost)} of {len(mine)} pings unanswered")
        checked.append(job)
    return checked


def is_request_to_server(packet):
    """A request transmission, first or repeated; not the pings' answers."""
    return (packet.proto == packets.PROTO_UDP and packet.dport == coap.PORT
            and coap.is_request(packet.data))


def transmissions(jobs, capture):
    """How many request datagrams each kind of job needed on average, per
    family: {(kind, family): mean}."""
    sent = [(r.time, r.packet.family) for r in capture.records(way="out")
            if is_request_to_server(r.packet)]
    totals = {}
    for job in jobs:
        count = sum(1 for at, family in sent
                    if family == job.family and job.start <= at <= job.end)
        totals.setdefault((job.kind, job.family), []).append(count)
    return {key: sum(counts) / len(counts) for key, counts in totals.items()}
