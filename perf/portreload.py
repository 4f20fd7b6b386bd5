# SPDX-License-Identifier: BSD-3-Clause
"""A new program once per second for a data plane under load, and how long its worker was not running.

Both keep to the core of the generator and the main thread: what loads programs is not to be what takes the
worker's core."""
import fcntl
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
from plane import LOAD, PROGRAM, Failure  # noqa: E402
from portrun import GEN_CPU, WORKER_CPU  # noqa: E402

EVERY_S = 1.0
LOOK_S = 0.25
F_ADD_SEALS, SEALED = 1033, 2 | 4 | 8   # no shrinking, growing, writing


class Reloader:
    """Loads the running program again and again: the data plane cannot tell it from a new one."""

    def __init__(self):
        self.done, self.error = 0, None
        self.over = threading.Event()

    def start(self, device):
        self.thread = threading.Thread(target=self.run, args=(device,))
        self.thread.start()

    def run(self, device):
        os.sched_setaffinity(0, {GEN_CPU})      # of this thread
        try:
            fd = os.memfd_create("program", os.MFD_ALLOW_SEALING)
            _, running = device.request(PROGRAM)
            with os.fdopen(running, "rb") as f:
                f.seek(0)
                os.write(fd, f.read())
            fcntl.fcntl(fd, F_ADD_SEALS, SEALED)
            while not self.over.wait(EVERY_S):
                reply, _ = device.request(LOAD, fds=[fd])
                if reply["error"]:
                    raise Failure(reply["text"])
                self.done += 1
            os.close(fd)
        except (OSError, Failure) as e:     # the data plane has ended, or refused
            self.error = e

    def stop(self):
        self.over.set()
        self.thread.join()
        return self.done


def worker_thread(pid):
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="ascii") as f:
            if "worker" in f.read():
                return task
    raise OSError("the worker's thread is not to be found")


def waited_s(pid, task):
    """For its core, so far: ready to run while another thread ran there."""
    with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[1]) / 1e9


def stolen_s():
    """By the hypervisor from the worker's core, so far."""
    with open("/proc/stat", encoding="ascii") as f:
        for line in f:
            if line.startswith(f"cpu{WORKER_CPU} "):
                return int(line.split()[8]) / os.sysconf("SC_CLK_TCK")
    return 0.0


class Absence:
    """How long the worker's core was somebody else's, in microseconds a second: the kernel's own account."""

    def __init__(self):
        self.looks, self.over = [], threading.Event()

    def start(self, device):
        self.thread = threading.Thread(target=self.run, args=(device.process.pid,))
        self.thread.start()

    def run(self, pid):
        os.sched_setaffinity(0, {GEN_CPU})
        try:
            task = worker_thread(pid)
            while not self.over.wait(LOOK_S):
                self.looks.append((time.monotonic(), waited_s(pid, task) + stolen_s()))
        except OSError:         # the data plane has ended
            pass

    def stop(self):
        self.over.set()
        self.thread.join()
        if len(self.looks) < 2:
            return None         # this kernel keeps no account
        (since, before), (now, after) = self.looks[0], self.looks[-1]
        return 1e6 * (after - before) / (now - since)
