# SPDX-License-Identifier: BSD-3-Clause
"""Running what the port-to-port benchmark needs: the data plane, testpmd, the generator.

Core 0 has the generator and every main thread, core 1 the worker under test. Memory is in
huge pages where some are free or may be reserved (and are given back), else in small ones.
"""
import atexit
import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "packet"))
from plane import DEADLINE_S, Failure, Plane, check, how_ended  # noqa: E402

MIB = 512                       # of EAL memory for the data plane and for testpmd, each
GEN_MIB = 256
HUGE_PAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
GEN_CPU, WORKER_CPU = 0, 1
LOST_BEHIND = ("tx_full", "no_mbuf", "steer_full")


def build_dir():
    return os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))


def built(name):
    path = os.path.join(build_dir(), name)
    if not os.access(path, os.X_OK):
        sys.exit(f"{path} is not there: ninja -C {build_dir()}")
    return path


def free_huge_mib():
    free = 0
    for path in glob.glob("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"):
        with open(path, encoding="ascii") as f:
            free += int(f.read()) * 2
    return free


def reserve_huge(mib):
    """Reserve huge pages for the time of this process, where that is allowed."""
    try:
        with open(HUGE_PAGES, "r+", encoding="ascii") as f:
            before = int(f.read())
            f.seek(0)
            f.write(str(before + mib // 2))
    except (OSError, ValueError):
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    atexit.register(lambda: open(HUGE_PAGES, "w", encoding="ascii").write(str(before)))


def memory(huge, mib):
    return ["--in-memory", "-m", str(mib)] if huge else ["--no-huge", "-m", str(mib)]


def memif(directory, role, number):
    return f"--vdev=net_memif{number},role={role},id={number},socket={directory}/memif.sock,socket-abstract=no"


def vhost(directory, number):
    """The data plane's end; it makes the socket."""
    return f"--vdev=net_vhost{number},iface={directory}/vhost{number}.sock,queues=1"


def virtio_user(directory, number):
    """The other end. Pktgen sets an MTU and gives up where the driver cannot, as memif's."""
    return f"--vdev=net_virtio_user{number},path={directory}/vhost{number}.sock,queues=1,queue_size=1024"


# Each end maps the other's memory, which must then be one file a segment list.
SHARED_MEMORY = "--single-file-segments"
NAMES = {"memif": ("net_memif0", "net_memif1"), "vhost": ("net_vhost0", "net_vhost1"),
         "ring": ("net_ring_outside", "net_ring_inside")}


class Device(Plane):
    """The data plane between two memif, vhost or ring ports. The generator of the ring ports
    is preloaded, so there it starts and ends with the data plane."""

    def __init__(self, ports, huge, settings="", tables=None, generator=None, workers=1, idle="poll"):
        os.environ["DAMPER_DATAPLANE"] = built("dataplane/damper-dataplane")
        os.environ["DAMPER_STATS_DUMP"] = built("tests/packet/damp-stats-dump")
        names = NAMES[ports]
        super().__init__(workers=workers, ports=names)
        self.ports, self.huge, self.generator = ports, huge, generator
        with open(self.path("plane.conf"), "w", encoding="ascii") as f:
            f.write(f"[ports]\noutside = {names[0]}\ninside = {names[1]}\n"
                    f"[workers]\ncount = {workers}\nidle = {idle}\n[tables]\n{tables or ''}\n[packets]\n{settings}\n")

    def command(self):
        cpus = "".join(f",{i + 1}@{(WORKER_CPU + i) % os.cpu_count()}" for i in range(self.workers))
        vdevs = {"memif": [memif(self.dir, "server", n) for n in range(2)], "ring": [],
                 "vhost": [SHARED_MEMORY, *(vhost(self.dir, n) for n in range(2))]}[self.ports]
        return [self.binary, "--lcores", f"0@{GEN_CPU}{cpus}", *memory(self.huge, MIB), "--no-pci",
                f"--file-prefix=damper-port-{os.getpid()}", *vdevs, "--", "--config", self.path("plane.conf"),
                "--runtime-dir", self.path("run"), "--state-dir", self.path("state")]

    def start(self):
        if self.ports != "ring":
            return super().start()
        more = {"LD_PRELOAD": built("perf/port-ring.so"), "DAMPER_PORT_CPU": str(GEN_CPU), "DAMPER_PORT_OPTIONS":
                " ".join(["--outside", "net_ring_world", "--inside", "net_ring_devices", "--json",
                          self.path("gen.json"), *self.generator])}
        os.environ.update(more)
        try:
            return super().start()
        finally:
            for name in more:
                del os.environ[name]

    def end(self, timeout):
        """Wait until the generator within has ended the data plane; its result."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"no end after {timeout} s:\n{self.read_log()}") from None
        self.process = None
        self.log.close()
        check(code == 0 and os.path.exists(self.path("gen.json")), f"the data plane {how_ended(code)}:\n{self.read_log()}")
        with open(self.path("gen.json"), encoding="utf-8") as f:
            return json.load(f)


def generate(directory, options, huge, stop_peer, prefix="gen"):
    """One run of the generator process against whoever serves the memif socket of a directory.

    stop_peer() ends that one before the generator gives its ports up: memif's driver unmaps the
    rings of a peer that leaves, and a worker that is reading them at that moment is killed."""
    out = os.path.join(directory, "gen.json")
    command = [built("perf/port-gen"), "--lcores", f"0@{GEN_CPU}", *memory(huge, GEN_MIB), "--no-pci",
               f"--file-prefix=damper-{prefix}-{os.getpid()}", memif(directory, "client", 0),
               memif(directory, "client", 1), "--", "--outside", "net_memif0", "--inside", "net_memif1", "--json", out,
               "--linger", *options]
    with tempfile.TemporaryFile("w+") as log:
        run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        deadline = threading.Timer(DEADLINE_S * 2, run.kill)
        deadline.start()
        try:
            done = any(line == "done\n" for line in run.stdout)
            stop_peer()         # says so if it is dead already, which is then the cause
            run.communicate()
        finally:
            deadline.cancel()
            run.kill()
            run.wait()
        log.seek(0)
        check(done and run.returncode == 0, f"the generator {how_ended(run.returncode)}:\n{log.read()}")
    with open(out, encoding="utf-8") as f:
        return json.load(f)


class Testpmd:
    """dpdk-testpmd exchanging MAC addresses between two memif ports."""

    def __init__(self, directory, huge):
        self.command = ["dpdk-testpmd", "--lcores", f"0@{GEN_CPU},1@{WORKER_CPU}", *memory(huge, MIB), "--no-pci",
                        f"--file-prefix=damper-pmd-{os.getpid()}", memif(directory, "server", 0),
                        memif(directory, "server", 1), "--", "-i", "--total-num-mbufs=16384",
                        "--forward-mode=macswap", "--auto-start"]
        self.socket = os.path.join(directory, "memif.sock")

    def __enter__(self):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, kind, value, trace):
        self.stop()

    def stop(self):
        if self.process.poll() is not None:
            return
        try:
            self.process.communicate(b"stop\nquit\n", timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def check_account(gen, stats):
    """Every packet is accounted for: between generator and data plane, and within it."""
    for i, side in enumerate(("outside", "inside")):
        came, went = Plane.total(stats, f"rx.{side}"), Plane.total(stats, f"tx.{side}")
        check(came == gen["sent"][i], f"{side}: {gen['sent'][i]} sent, {came} received")
        check(went == gen["received"][i], f"{side}: the data plane sent {went}, {gen['received'][i]} came out")
    # What is held behind a ping has not left yet, and comes after what followed it; so does its answer.
    count = stats["counters"].get
    held = count("held", 0)
    waiting = (Plane.total(stats, "rx.") + count("emitted", 0) -
               Plane.total(stats, "tx.") - stats["sums"]["drops"])
    check(0 <= waiting <= held - count("held_released", 0), "rx + emitted == tx + drops does not hold")
    late = sum(gen[lane]["reordered"] for lane in ("inward", "outward"))
    check(late <= 2 * held, f"{late} packets out of order, {held} held")
    for lane in ("inward", "outward"):
        bad = {k: gen[lane][k] for k in ("wrong", "foreign", "duplicated") if gen[lane][k]}
        check(not bad, f"{lane}: {bad}")


def lost(gen, stats):
    """Packets that vanished without a verdict."""
    behind = sum(n for k, n in stats["counters"].items()
                 if k.startswith("reason.") and k.rsplit(".", 1)[1] in LOST_BEHIND)
    return sum(gen["sent"]) - Plane.total(stats, "rx.") + behind + Plane.total(stats, "tx.") - sum(gen["received"])
