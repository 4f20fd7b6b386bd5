# SPDX-License-Identifier: BSD-3-Clause
"""Network namespaces: commands in them, and sockets of them in this process.

A socket belongs to the namespace its creating thread is in. So one process can
hold the captures of all namespaces: a short-lived thread enters the namespace,
opens the socket and ends, and this process as a whole never leaves its own.
"""

import ctypes
import os
import subprocess
import threading

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class CommandError(RuntimeError):
    """A command of the set-up failed; says which and what it printed."""


def run(*argv, ns=None, check=True):
    """Run a command, inside namespace `ns` when given; return its output."""
    cmd = (["ip", "netns", "exec", ns] if ns else []) + [str(a) for a in argv]
    done = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if check and done.returncode != 0:
        raise CommandError(f"{' '.join(cmd)}: exit {done.returncode}\n{done.stdout.strip()}")
    return done.stdout


def ip(ns, *argv):
    """`ip -n NS ...`"""
    return run("ip", "-n", ns, *argv)


def sysctl(ns, **values):
    """Set net.* values; dots are written as two underscores."""
    run("sysctl", "-qw", *[f"net.{k.replace('__', '.')}={v}" for k, v in values.items()], ns=ns)


def in_namespace(ns, function):
    """Call function() in a thread that is inside namespace `ns`."""
    box = {}

    def body():
        try:
            fd = os.open(f"/run/netns/{ns}", os.O_RDONLY)
            try:
                if _libc.setns(fd, _CLONE_NEWNET) != 0:
                    code = ctypes.get_errno()
                    raise OSError(code, f"setns {ns}: {os.strerror(code)}")
            finally:
                os.close(fd)
            box["value"] = function()
        except BaseException as error:  # handed to the caller's thread below
            box["error"] = error

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if "error" in box:
        raise box["error"]
    return box["value"]
