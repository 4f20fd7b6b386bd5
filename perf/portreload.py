# SPDX-License-Identifier: BSD-3-Clause
"""A new program once per second for a data plane under load."""
import fcntl
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
from plane import LOAD, PROGRAM, Failure  # noqa: E402

EVERY_S = 1.0
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
