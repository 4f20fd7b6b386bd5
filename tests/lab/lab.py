# SPDX-License-Identifier: BSD-3-Clause
"""The lab: namespaces, a gateway between two veth pairs, real CoAP servers.

    honest ----+
    attacker --+-- outside (bridge) ---- d0 [gateway] d1 ---- s0 inside (servers)
    victim ----+

Each name is a network namespace `damper-<id>-<name>`, so labs run side by side.
The victim is an interface that owns no address: nothing in it ever answers, and
what is sent to the forged addresses ends at its capture. docs/lab.md explains.

Invariant: stop() takes away exactly what start() made. A file per lab below
STATE_DIR says what that is, so that another process can stop it as well.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress

import netns
from netns import ip, run, sysctl

STATE_DIR = "/run/damper-lab"

OUTSIDE_HOSTS = ("honest", "attacker", "victim")
MAC = {"honest": "02:da:00:00:00:01", "attacker": "02:da:00:00:00:02",
       "victim": "02:da:00:00:00:03", "inside": "02:da:00:00:00:10", "second": "02:da:00:00:00:11"}
HONEST = {4: "198.51.100.10", 6: "2001:db8:2::10"}
ATTACKER = {4: "198.18.66.66", 6: "2001:db9:66::66"}
# Two servers: the second sends its notifications non-confirmable.
SERVER = {4: "192.0.2.1", 6: "2001:db8:1::1"}
SERVER_NON = {4: "192.0.2.2", 6: "2001:db8:1::2"}
# What libcoap has not (odd_server.py), a proxy, a directory; for demo.py --all.
SERVER_ODD = {4: "192.0.2.3", 6: "2001:db8:1::3"}
SERVER_PROXY = {4: "192.0.2.4", 6: "2001:db8:1::4"}
SERVER_RD = {4: "192.0.2.5", 6: "2001:db8:1::5"}
GROUP = {4: "224.0.1.187", 6: "ff05::fd"}
INSIDE_NET = {4: "192.0.2.0/24", 6: "2001:db8:1::/64"}
OUTSIDE_NETS = {4: ("198.51.100.0/24", "198.18.66.0/24", "10.0.0.0/8"),
                6: ("2001:db8:2::/64", "2001:db9:66::/64", "3fff::/20")}
EAL_MEMORY_MB = 512
FRAMES = 4096           # of net_af_packet, each way; its default is 512


class LabError(RuntimeError):
    """The lab could not do what was asked; the text says what and shows the log."""


def url(family, path="/", server=None):
    """coap:// address of a path on the first server."""
    host = (server or SERVER)[family]
    return f"coap://[{host}]{path}" if family == 6 else f"coap://{host}{path}"


def _started(pid):
    """Start time of a process in clock ticks, None when there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return int(stat.read().rsplit(")", 1)[1].split()[19])
    except (OSError, IndexError, ValueError):
        return None


def end_process(pid, started, patience=5.0):
    """SIGTERM, then SIGKILL, to a process known by id and start time."""
    for sig, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 2.0)):
        if started is None or _started(pid) != started:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, sig)
        end = time.monotonic() + wait
        while time.monotonic() < end and _started(pid) == started:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.02)


def remove(state_file):
    """Take away the lab a state file describes."""
    with open(state_file, encoding="utf-8") as file:
        state = json.load(file)
    for pid, started in reversed(state["processes"]):
        end_process(pid, started)
    for name in state["namespaces"]:
        for pid in run("ip", "netns", "pids", name, check=False).split():
            if pid.isdigit():
                end_process(int(pid), _started(int(pid)), 1.0)
        run("ip", "netns", "del", name, check=False)
    shutil.rmtree(state["folder"], ignore_errors=True)
    with suppress(FileNotFoundError):
        os.unlink(state_file)


def left_behind():
    """State files of labs whose maker has ended: kept on purpose, or its maker
    was killed. Labs in use by others are not among them."""
    found = []
    with suppress(FileNotFoundError):
        for name in sorted(os.listdir(STATE_DIR)):
            path = os.path.join(STATE_DIR, name)
            if name.endswith(".json"):
                with open(path, encoding="utf-8") as file:
                    pid, started = json.load(file)["maker"]
                if _started(pid) != started:
                    found.append(path)
    return found


class Lab:
    """One lab. `middle` is "damper", "dataplane" (without a daemon, hence with
    the program it has built in) or "testpmd" (plain forwarding)."""

    def __init__(self, build, rules, middle="damper", workers=1, ident=None):
        self.build = os.path.abspath(build)
        self.rules = os.path.abspath(rules) if rules else None
        self.middle = middle
        self.workers = workers
        self.id = ident or secrets.token_hex(4)
        self.folder = tempfile.mkdtemp(prefix=f"damper-lab-{self.id}-")
        self.runtime = self._folder("run")
        self.state_dir = self._folder("state")
        self.logs = self._folder("log")
        self.processes = {}
        self.dataplane_env = {}  # more of its environment
        self.fragments = False   # ports through which IPv4 fragments pass; slower
        self.namespaces = []
        self._state_file = os.path.join(STATE_DIR, f"{self.id}.json")
        self._write_state()

    # -- names and files ---------------------------------------------------

    def _folder(self, name):
        path = os.path.join(self.folder, name)
        os.mkdir(path)
        return path

    def ns(self, role):
        """Name of a namespace."""
        return f"damper-{self.id}-{role}"

    def binary(self, name):
        """Path of a program of ours."""
        for folder in ("dataplane", "control/daemon", "control/cli", "control", "."):
            path = os.path.join(self.build, folder, name)
            if os.access(path, os.X_OK) and os.path.isfile(path):
                return path
        raise LabError(f"{name} is not below {self.build}: run scripts/build first")

    def _write_state(self):
        os.makedirs(STATE_DIR, exist_ok=True)
        state = {"maker": [os.getpid(), _started(os.getpid())],
                 "folder": self.folder, "namespaces": self.namespaces,
                 "processes": [[p.pid, _started(p.pid)] for p in self.processes.values()]}
        with open(self._state_file + ".new", "w", encoding="utf-8") as file:
            json.dump(state, file)
        os.rename(self._state_file + ".new", self._state_file)

    # -- wiring ------------------------------------------------------------

    def wire(self):
        """Make the namespaces and everything between them."""
        for role in ("outside", "gateway", "inside") + OUTSIDE_HOSTS:
            run("ip", "netns", "add", self.ns(role))
            self.namespaces.append(self.ns(role))
            self._write_state()
            ip(self.ns(role), "link", "set", "lo", "up")
        self._wire_outside()
        self._wire_gateway()
        for host in ("honest", "attacker", "inside"):
            self._wire_addresses(host)
        self._wire_victim()

    def _veth(self, role, interface, peer_role, peer):
        ip(self.ns(role), "link", "add", "name", interface, "type", "veth",
           "peer", "name", peer, "netns", self.ns(peer_role))

    def _wire_outside(self):
        """A plain bridge that learns nothing from multicast."""
        outside = self.ns("outside")
        sysctl(outside, ipv6__conf__all__disable_ipv6=1, ipv6__conf__default__disable_ipv6=1)
        ip(outside, "link", "add", "name", "br0", "type", "bridge", "forward_delay", "0",
           "mcast_snooping", "0")
        for host in OUTSIDE_HOSTS:
            self._veth(host, "eth0", "outside", f"p-{host}")
        self._veth("gateway", "d0", "outside", "p-gateway")
        for port in OUTSIDE_HOSTS + ("gateway",):
            ip(outside, "link", "set", f"p-{port}", "master", "br0", "up")
        ip(outside, "link", "set", "br0", "up")
        # Sticky: frames that the attacker sends with it do not move it.
        run("bridge", "-n", outside, "fdb", "add", MAC["victim"], "dev", "p-victim", "master",
            "static", "sticky")

    def _wire_gateway(self):
        """The two ports of the filter. The kernel must not speak on them."""
        gateway = self.ns("gateway")
        self._veth("gateway", "d1", "inside", "eth0")
        for port in ("d0", "d1"):
            sysctl(gateway, **{f"ipv6__conf__{port}__disable_ipv6": 1})
            ip(gateway, "link", "set", port, "arp", "off", "up")

    def _up(self, role):
        """Bring eth0 up. Checksums must be complete on the wire: nothing
        between two veth pairs would ever fill them in."""
        ip(self.ns(role), "link", "set", "eth0", "address", MAC[role])
        run("ethtool", "-K", "eth0", "tx", "off", "rx", "off", ns=self.ns(role))
        ip(self.ns(role), "link", "set", "eth0", "up")

    def _wire_addresses(self, host):
        """Addresses and on-link routes of a host that is really there."""
        sysctl(self.ns(host), ipv6__conf__all__accept_dad=0, ipv6__conf__default__accept_dad=0,
               ipv6__conf__eth0__accept_dad=0, ipv6__conf__all__accept_ra=0,
               ipv6__conf__eth0__router_solicitations=0)
        self._up(host)
        own = {"honest": (HONEST,), "attacker": (ATTACKER,),
               "inside": (SERVER, SERVER_NON, SERVER_ODD, SERVER_PROXY, SERVER_RD)}[host]
        for address in own:
            ip(self.ns(host), "addr", "add", f"{address[4]}/24", "dev", "eth0")
            ip(self.ns(host), "addr", "add", f"{address[6]}/64", "dev", "eth0", "nodad")
        nets = OUTSIDE_NETS if host == "inside" else {4: (INSIDE_NET[4],), 6: (INSIDE_NET[6],)}
        for family, members in nets.items():
            for net in members:
                ip(self.ns(host), f"-{family}", "route", "replace", net, "dev", "eth0")

    def _wire_victim(self):
        """An interface without addresses: it hears all and says nothing."""
        sysctl(self.ns("victim"), ipv6__conf__all__disable_ipv6=1,
               ipv6__conf__eth0__disable_ipv6=1)
        self._up("victim")
        ip(self.ns("victim"), "link", "set", "eth0", "arp", "off")

    def add_victims(self, addresses):
        """Tell the servers' host where the forged addresses live."""
        for address in addresses:
            ip(self.ns("inside"), "neigh", "replace", address, "lladdr", MAC["victim"],
               "dev", "eth0", "nud", "permanent")

    def second_way(self):
        """A link between the servers' host and the outside that passes by the gateway."""
        inside = self.ns("inside")
        ip(inside, "link", "add", "name", "eth1", "type", "veth", "peer", "name", "p-second", "netns",
           self.ns("outside"))
        # Nobody finds anybody through it but who is told to.
        ip(inside, "link", "set", "eth1", "address", MAC["second"], "arp", "off")
        sysctl(inside, ipv6__conf__eth1__disable_ipv6=1, ipv4__conf__all__rp_filter=0, ipv4__conf__eth1__rp_filter=0,
               ipv4__conf__eth0__rp_filter=0)
        run("ethtool", "-K", "eth1", "tx", "off", "rx", "off", ns=inside)
        ip(inside, "link", "set", "eth1", "up")
        ip(self.ns("outside"), "link", "set", "p-second", "master", "br0", "up")

    def answers_go_past(self, past):
        """What the servers send to the honest host takes the second way, or the gateway's (IPv4).
        Not so libcoap's: it answers by the interface that the request came by."""
        inside, honest = self.ns("inside"), HONEST[4]
        if past:
            ip(inside, "neigh", "replace", honest, "lladdr", MAC["honest"], "dev", "eth1", "nud", "permanent")
            ip(inside, "route", "replace", f"{honest}/32", "dev", "eth1")
        else:
            ip(inside, "route", "del", f"{honest}/32", "dev", "eth1")

    def requests_go_past(self):
        """What the honest host sends to the odd server takes the second way (IPv4)."""
        ip(self.ns("honest"), "neigh", "replace", SERVER_ODD[4], "lladdr", MAC["second"], "dev", "eth0", "nud", "permanent")

    # -- processes ---------------------------------------------------------

    def spawn(self, name, *argv, ns=None, env=None):
        """Start a long-running process; its output goes to log/<name>."""
        cmd = (["ip", "netns", "exec", self.ns(ns)] if ns else []) + [str(a) for a in argv]
        with open(self.log(name), "ab") as log:
            process = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=subprocess.STDOUT, env=dict(os.environ, **env or {}),
                                       start_new_session=True)
        self.processes[name] = process
        self._write_state()
        return process

    def log(self, name):
        """Path of the log of a process."""
        return os.path.join(self.logs, name + ".log")

    def log_tail(self, name, lines=15):
        """Last lines of a log, for error messages."""
        with suppress(OSError):
            with open(self.log(name), encoding="utf-8", errors="replace") as file:
                return "".join(file.readlines()[-lines:])
        return ""

    def end(self, name, sig=signal.SIGTERM, patience=5.0):
        """End one process and wait until it is gone."""
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(sig)
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._write_state()
        return process.returncode

    def wait_for(self, what, ready, process=None, patience=60.0):
        """Poll ready() until true; fail with the log of `process`."""
        end = time.monotonic() + patience
        while not ready():
            died = process and self.processes[process].poll() is not None
            if died or time.monotonic() > end:
                how = "ended" if died else f"not ready after {patience:.0f} s"
                raise LabError(f"{what}: {process or ''} {how}\n{self.log_tail(process or '')}")
            time.sleep(0.05)

    def start_servers(self):
        """Real libcoap servers, one process per address."""
        for name, addresses, extra in (("coap", SERVER, ()), ("coap-non", SERVER_NON, ("-N",))):
            for family, address in addresses.items():
                self.spawn(f"{name}-{family}", "coap-server-notls", "-A", address, "-d", "100",
                           "-v", "3", *extra, ns="inside")

    def start_odd_server(self, family):
        """What libcoap has not."""
        odd = os.path.join(os.path.dirname(os.path.abspath(__file__)), "odd_server.py")
        self.spawn(f"odd-{family}", sys.executable, "-B", odd, SERVER_ODD[family], ns="inside")

    def start_more_servers(self):
        """Those that only demo.py --all attacks."""
        for family, net in ((4, "224.0.0.0/4"), (6, "ff00::/8")):
            ip(self.ns("inside"), f"-{family}", "route", "replace", *(["multicast"] * (family == 6)), net,
               "dev", "eth0", *(["table", "local"] * (family == 6)))
        for family in (4, 6):
            self.start_odd_server(family)
            self.spawn(f"proxy-{family}", "coap-server-notls", "-A", SERVER_PROXY[family],
                       "-P", ",proxy", "-v", "3", ns="inside")
            self.spawn(f"rd-{family}", "coap-rd-notls", "-A", SERVER_RD[family], "-v", "3", ns="inside")
            # A member of the group listens to all addresses; the others keep their own.
            self.spawn(f"group-{family}", "coap-server-notls", "-A", "0.0.0.0" if family == 4 else "::",
                       "-g", GROUP[family], "-G", "eth0", "-v", "3", ns="inside")

    def _port(self, number):
        """net_af_packet puts IPv4 fragments together, and loses what is then too long."""
        return f"net_{'pcap' if self.fragments else 'af_packet'}{number}"

    def _eal(self, lcores):
        # Room for seconds in which a busy machine lets no worker run.
        way = "rx_iface_in=d{0},tx_iface=d{0}" if self.fragments else f"iface=d{{0}},framecnt={FRAMES}"
        return ["--no-huge", "-m", str(EAL_MEMORY_MB), "--no-pci", "--lcores", lcores,
                "--file-prefix", f"damper-{self.id}", *(f"--vdev={self._port(i)},{way.format(i)}" for i in range(2))]

    def _lcores(self):
        """The main thread and each worker, spread over the CPUs we may use."""
        cpus = sorted(os.sched_getaffinity(0))
        return ",".join(f"{i}@{cpus[i % len(cpus)]}" for i in range(self.workers + 1))

    def start_testpmd(self):
        """The stand-in that forwards everything: what there would be without us."""
        program = shutil.which("dpdk-testpmd")
        if not program:
            raise LabError("dpdk-testpmd is missing: run scripts/install")
        self.spawn("dataplane", program, *self._eal(self._lcores()), "--", "--forward-mode=io",
                   "--auto-start", "--total-num-mbufs=8192", "--stats-period", "3600", ns="gateway",
                   env={"RUNTIME_DIRECTORY": self.runtime})

    def start_dataplane(self):
        """The real one, between d0 and d1."""
        config = os.path.join(self.folder, "dataplane.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"[ports]\noutside = {self._port(0)}\ninside = {self._port(1)}\n"
                       f"[workers]\ncount = {self.workers}\nidle = sleep\n"
                       f"[paths]\nruntime = {self.runtime}\nstate = {self.state_dir}\n")
        self.spawn("dataplane", self.binary("damper-dataplane"), *self._eal(self._lcores()), "--",
                   "--config", config, "--runtime-dir", self.runtime,
                   "--state-dir", self.state_dir, ns="gateway",
                   env={"RUNTIME_DIRECTORY": self.runtime, **self.dataplane_env})
        socket_path = os.path.join(self.runtime, "dataplane.sock")
        self.wait_for("data plane", lambda: os.path.exists(socket_path), "dataplane")

    def restart_dataplane(self, sig=signal.SIGTERM):
        """End it by this signal, start another, and wait until it forwards."""
        self.end("dataplane", sig)
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(self.runtime, "dataplane.sock"))
        self.start_dataplane()
        self.wait_for("forwarding", self.forwards, "dataplane")

    def start_damperd(self, rules=None):
        """The control daemon; it listens inside the gateway's namespace."""
        self.spawn("damperd", self.binary("damperd"), "--rules", rules or self.rules,
                   "--runtime-dir", self.runtime, "--state-dir", self.state_dir,
                   "--metrics", "127.0.0.1:9568", ns="gateway")
        self.wait_for("damperd", lambda: self.damper("show", "status").returncode == 0, "damperd")

    def damper(self, *argv):
        """Run the command; returns the finished process with text output."""
        return subprocess.run([self.binary("damper"), "--runtime-dir", self.runtime, *argv],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False, timeout=90)

    def metrics(self):
        """The text that Prometheus would read."""
        program = ("import urllib.request as u;"
                   "print(u.urlopen('http://127.0.0.1:9568/metrics',timeout=60).read().decode())")
        return run("python3", "-c", program, ns=self.ns("gateway"))

    def forwards(self):
        """Does a TCP connection to a closed port get its refusal? Not CoAP, so
        this tells about the wire and nothing about the filter's judgement."""
        def attempt():
            import socket
            with socket.socket() as sock:
                sock.settimeout(0.5)
                return sock.connect_ex((SERVER[4], 9))
        return netns.in_namespace(self.ns("honest"), attempt) == 111  # ECONNREFUSED

    def start(self):
        """Everything up and forwarding, or LabError."""
        self.wire()
        self.start_servers()
        if self.middle == "testpmd":
            self.start_testpmd()
        else:
            self.start_dataplane()
        if self.middle == "damper":
            self.start_damperd()
            self.wait_for("the rules", self._rules_run, "damperd")
        self.wait_for("forwarding", self.forwards, "dataplane")

    def _rules_run(self):
        """Not what the data plane has built in, but what damperd was given."""
        done = self.damper("show", "status", "--json")
        program = json.loads(done.stdout)["program"] if done.returncode == 0 else None
        return program is not None and program["source"] != "builtin"

    def stop(self):
        """Take everything away; safe to call at any time, and twice."""
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        if os.path.exists(self._state_file):
            remove(self._state_file)
        for process in self.processes.values():
            process.wait()
        self.processes, self.namespaces = {}, []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *unused):
        self.stop()
