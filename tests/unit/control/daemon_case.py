# SPDX-License-Identifier: BSD-3-Clause
"""damperd and damper as an operator uses them, against the fake data plane: what the
tests of the binaries share. Each takes DAMPERD DAMPER FAKE_DATAPLANE as arguments.

Every wait is for a condition, with a bound that only ends what hangs; nothing depends
on how long a fixed sleep happens to be, nor on how fast the machine is: what has an end
by time gets either so much that no test outlives it, or is only waited for.
"""
import ctypes
import http.client
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import needs  # noqa: E402, F401 pylint: disable=unused-import (takes its argument away)

DAMPERD, DAMPER, FAKE = (os.path.abspath(p) for p in sys.argv[1:4])
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
SCHEMA = os.path.join(SOURCE, "docs/event.schema.json")
BOUND_S = 60

GOOD = """version: 1
ruleset: {name: home, revision: 7}
limits:
  few: {per: peer, rate: 2 msg/s, burst: 10 msg}
rules:
  - id: discovery
    match: {msg: request, path: /.well-known/core}
    limit: few
    over: drop
  - id: try-out
    mode: observe
    match: any
    then: drop
"""
OTHER = GOOD.replace("revision: 7", "revision: 8").replace("try-out", "second-try")
WRONG = GOOD.replace("then: drop", "then: explode")


def until(what, condition):
    end = time.monotonic() + BOUND_S
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("waited in vain for " + what)


class Opens:
    """How often a file is opened while this is entered, told by the kernel
    (inotify), whoever does it. It makes one of equal events in a row, so what is
    closed is told as well."""
    IN_OPEN, IN_CLOSE, HEAD = 0x20, 0x18, struct.Struct("iIII")

    def __init__(self, path):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.path, self.count = path, 0

    def __enter__(self):
        self.fd = self.libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.libc.inotify_add_watch(self.fd, self.path.encode(), self.IN_OPEN | self.IN_CLOSE) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch")
        return self

    def __exit__(self, *why):
        try:
            while True:
                data = os.read(self.fd, 4096)
                while data:
                    _, mask, _, name = self.HEAD.unpack_from(data)
                    self.count += bool(mask & self.IN_OPEN)
                    data = data[self.HEAD.size + name:]
        except BlockingIOError:
            os.close(self.fd)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("damperd", timeout=BOUND_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(BOUND_S)
        self.sock.connect(self.path)


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="damper")
        os.chmod(self.dir, 0o755)
        self.run_dir = self.sub("run")
        self.state_dir = self.sub("state")
        self.rules = self.write("rules.yaml", GOOD)
        self.log = os.path.join(self.dir, "log")
        self.log_begin = 0      # where what the damperd says that runs begins
        self.fake = self.daemon = None

    def tearDown(self):
        code = 0
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.terminate()     # in peace, so that a sanitizer can speak
            code = self.daemon.wait(timeout=BOUND_S)
        if self.fake is not None:
            self.fake.kill()
            self.fake.wait()
            self.close_fake()
        text = self.logged() if os.path.exists(self.log) else ""
        shutil.rmtree(self.dir)
        self.assertEqual((code, "Sanitizer" in text), (0, False), text)

    def sub(self, name):
        path = os.path.join(self.dir, name)
        os.mkdir(path)
        return path

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def logged(self, since=0):
        """What was said, by whichever damperd; since: from this byte on."""
        with open(self.log, "rb") as f:
            f.seek(since)
            return f.read().decode()

    # The processes.

    def start_fake(self):
        self.fake = subprocess.Popen([FAKE, self.run_dir, os.path.join(self.state_dir, "disk.bin")],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.assertEqual(self.fake.stdout.readline(), "ok\n")

    def close_fake(self):
        self.fake.stdin.close()
        self.fake.stdout.close()

    def stop_fake(self):
        self.fake.kill()
        self.fake.wait()
        self.close_fake()

    def tell(self, command):
        self.fake.stdin.write(command + "\n")
        self.fake.stdin.flush()
        return self.fake.stdout.readline()

    def loads(self):
        return int(self.tell("count load").split()[0])

    def start_daemon(self, *more, wait=True):
        with open(self.log, "a") as log:
            self.log_begin = os.path.getsize(self.log)
            self.daemon = subprocess.Popen([DAMPERD, "--rules", self.rules, "--runtime-dir", self.run_dir,
                                            "--state-dir", self.state_dir, "--metrics", "127.0.0.1:0", *more],
                                           stderr=log, env=self.env())
        until("the API", self.answers)
        if wait:
            until("a first look at the data plane", lambda: self.status()["dataplane"]["up"] and self.settled())

    def settled(self):
        """This damperd has said what it does about its rule file, not one before it."""
        return re.search(r"is loaded|nothing to load|not loaded", self.logged(self.log_begin))

    def answers(self):
        if self.daemon.poll() is not None:
            raise AssertionError("damperd ended: " + self.logged())
        try:
            return self.api("GET", "/v1/status")[0] == 200
        except OSError:
            return False

    def env(self):
        env = dict(os.environ)
        for name in ("NOTIFY_SOCKET", "JOURNAL_STREAM", "DAMPER_RUNTIME_DIR"):
            env.pop(name, None)
        return env

    # The ways to ask.

    def api(self, method, path, body=None):
        c = UnixConnection(os.path.join(self.run_dir, "damperd.sock"))
        try:
            c.request(method, path, body)
            r = c.getresponse()
            text = r.read()
            return r.status, json.loads(text) if text else None
        finally:
            c.close()

    def status(self):
        return self.api("GET", "/v1/status")[1]

    def generation(self):
        return self.status()["program"]["generation"]

    def metrics(self):
        host, port = self.status()["damperd"]["metrics"].rsplit(":", 1)
        c = http.client.HTTPConnection(host, int(port), timeout=BOUND_S)
        try:
            c.request("GET", "/metrics")
            r = c.getresponse()
            self.assertEqual(r.status, 200)
            self.assertEqual(r.getheader("Content-Type"), "text/plain; version=0.0.4; charset=utf-8")
            return r.read().decode()
        finally:
            c.close()

    def damper(self, *args, code=0, **kw):
        p = subprocess.run([DAMPER, "--runtime-dir", self.run_dir, *args], capture_output=True, text=True,
                           timeout=BOUND_S, env=self.env(), **kw)
        self.assertEqual(p.returncode, code, f"damper {' '.join(args)}\n{p.stdout}\n{p.stderr}")
        return p
