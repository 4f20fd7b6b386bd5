# SPDX-License-Identifier: BSD-3-Clause
"""The control plane: its mistakes and its death cost no packet."""

import glob
import os
import shutil
import signal
import socket
import subprocess
import time

import coap
import lab as wiring
import netns
import packets
from clients import INSIDE_ZONES
from capture import Recorder
from harness import (Asking, Echo, build_folder, damper_ok, expect, expect_no_loss, new_lab,
                     rule_file, samples, scenario, status, total, until)
from peer import Peer

NO_TIME = INSIDE_ZONES % "e2e-no-time" + """\
rules:
  - id: no-time
    match: {from: outside, msg: request, path: /time}
    then: drop
"""
PLAIN = INSIDE_ZONES % "e2e-plain"
WRONG = INSIDE_ZONES % "e2e-wrong" + """\
rules:
  - id: typo
    match: {from: outside, mgs: request}
    then: drop
"""


def _generation(lab):
    """What identifies the running program: every value of these names."""
    found = {}

    def walk(node):
        if isinstance(node, dict):
            for key, value in node.items():
                if key in ("generation", "digest", "name", "boot"):
                    found.setdefault(key, value)
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(status(lab))
    return found


class Malformed:
    """Datagrams of a wrong CoAP version, which must never reach the inside."""

    COUNT, RATE = 150, 40

    def __init__(self, lab):
        self.lab = lab

    def send(self):
        """All of them; takes COUNT / RATE seconds."""
        def body():
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
                sock.bind(("eth0", 0))
                for i in range(self.COUNT):
                    sock.send(packets.udp_frame(
                        wiring.MAC["attacker"], wiring.MAC["inside"], wiring.ATTACKER[4],
                        wiring.SERVER[4], 45000, coap.PORT, b"\x80\x01" + bytes([0, i & 255])))
                    time.sleep(1 / self.RATE)
        netns.in_namespace(self.lab.ns("attacker"), body)


@scenario
def wrong_rules_change_nothing():
    """A file with an error is refused with its place and changes nothing."""
    with new_lab() as lab:
        before = _generation(lab)
        path = rule_file(lab, "wrong.yaml", WRONG)
        for command in ("check", "load"):
            done = lab.damper(command, path)
            text = done.stdout + done.stderr
            expect(done.returncode == 1, f"{command}: exit {done.returncode}, not 1\n{text}")
            expect("wrong.yaml:8:" in text, f"{command} does not say where:\n{text}")
        done = lab.damper("load", os.path.join(lab.folder, "missing.yaml"))
        expect(done.returncode == 3, f"load of a missing file: exit {done.returncode}, not 3")
        expect(_generation(lab) == before, f"{before} became {_generation(lab)}")
        peer = Peer(lab, "honest", 4)
        expect(peer.get("/time") is not None, "GET /time after a refused load")
        peer.close()


@scenario
def killed_daemon():
    """SIGKILL of damperd costs no packet and changes no verdict; a new one
    picks up where it was."""
    with new_lab() as lab:
        damper_ok(lab, "load", rule_file(lab, "no-time.yaml", NO_TIME))
        before = _generation(lab)
        peer, recorder = Peer(lab, "honest", 4), Recorder()
        try:
            inside = recorder.add(lab.ns("inside"), "eth0")
            with Echo(lab) as echo, Asking(peer, "/") as asking:
                time.sleep(0.5)
                lab.end("damperd", signal.SIGKILL)
                Malformed(lab).send()
                blocked = Peer(lab, "honest", 6)
                expect(blocked.get("/time", tries=2) is None, "the rule was forgotten")
                lab.start_damperd()
                time.sleep(1)
        finally:
            recorder.close()
        bad = [r for r in inside.records(way="in") if r.packet.sport == 45000]
        expect_no_loss(echo, asking)
        expect(not bad, f"{len(bad)} malformed datagrams got in")
        after = _generation(lab)
        for key in ("boot", "digest", "name"):
            expect(after.get(key) == before.get(key), f"{key}: {before} became {after}")


@scenario
def restarted_dataplane():
    """The data plane comes back with the last good program, on its own."""
    with new_lab() as lab:
        damper_ok(lab, "load", rule_file(lab, "no-time.yaml", NO_TIME))
        lab.end("damperd")
        lab.restart_dataplane()
        for family in (4, 6):
            peer = Peer(lab, "honest", family)
            expect(peer.get("/time", tries=2) is None, "the last good program is not at work")
            expect(peer.get("/") is not None, "GET / after the restart")
            peer.close()


@scenario
def without_any_program():
    """Neither daemon nor disk: the built-in program still bounds and serves."""
    with new_lab(middle="dataplane") as lab:
        for family in (4, 6):
            peer = Peer(lab, "honest", family)
            expect(peer.get("/time") is not None, f"GET /time over IPv{family}")
            peer.close()


@scenario
def reload_every_second():
    """Ten reloads in ten seconds, under traffic, lose nothing."""
    with new_lab() as lab:
        files = [rule_file(lab, "plain.yaml", PLAIN),
                 rule_file(lab, "second.yaml", PLAIN.replace("e2e-plain", "e2e-second") + """\
rules:
  - id: no-such-path
    match: {from: outside, msg: request, path: /nowhere}
    then: drop
""")]
        peer = Peer(lab, "honest", 4)
        with Echo(lab) as echo, Asking(peer) as asking:
            for i in range(10):
                at = time.monotonic()
                damper_ok(lab, "load", files[i % 2])
                time.sleep(max(0.0, at + 1 - time.monotonic()))
        expect_no_loss(echo, asking)
        expect(_generation(lab)["name"] == "e2e-second", f"runs {_generation(lab)}")


def _mixed_traffic(lab):
    """Some of everything: answered, refused, not CoAP."""
    for family in (4, 6):
        peer = Peer(lab, "honest", family)
        for path in ("/time", "/", "/.well-known/core"):
            expect(peer.get(path) is not None, f"GET {path} over IPv{family}")
        peer.close()
    Malformed(lab).send()


@scenario
def counters_add_up():
    """The reasons of drops add up to the drops; malformed ones are counted."""
    with new_lab() as lab:
        _mixed_traffic(lab)

        def counted():
            now = samples(lab.metrics())
            return total(now, "damper_drops_total", 'reason="coap_version"') >= Malformed.COUNT and now
        metrics = until("all malformed datagrams in the counters", counted)
        by_reason = total(metrics, "damper_drops_total")
        by_verdict = total(metrics, "damper_verdict_packets_total", 'verdict="drop"')
        # Held first, and dropped later: the verdict was challenge.
        by_reason -= total(metrics, "damper_drops_total", 'reason="held_expired"')
        expect(by_reason == by_verdict, f"reasons {by_reason}, verdicts {by_verdict}")
        version = total(metrics, "damper_drops_total", 'reason="coap_version"')
        expect(version == Malformed.COUNT, f"{version} of {Malformed.COUNT} counted as such")


@scenario
def metrics_are_well_formed():
    """promtool has nothing to complain about."""
    promtool = shutil.which("promtool")
    expect(promtool, "promtool is missing: run scripts/install")
    with new_lab() as lab:
        _mixed_traffic(lab)
        done = subprocess.run([promtool, "check", "metrics"], input=lab.metrics(), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        expect(done.returncode == 0, done.stdout)


@scenario
def telemetry():
    """dpdk-telemetry.py lists and answers commands below /damper."""
    with new_lab() as lab:
        sockets = glob.glob(os.path.join(lab.runtime, "**", "dpdk_telemetry.v2"), recursive=True)
        expect(sockets, f"no telemetry socket below {lab.runtime}")
        env = dict(os.environ, RUNTIME_DIRECTORY=lab.runtime)
        listing = _telemetry(lab, env, "/")
        expect("/damper" in listing, f"no /damper command in:\n{listing}")
        import json
        names = [n for line in listing.splitlines() if line.startswith("{")
                 for n in json.loads(line).get("/", []) if n.startswith("/damper")]
        for name in names:
            answer = _telemetry(lab, env, name)
            expect(f'"{name}"' in answer, f"{name}: {answer}")


def _telemetry(lab, env, command):
    done = subprocess.run(["dpdk-telemetry.py", "-f", f"damper-{lab.id}"], env=env,
                          input=command + "\n", text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=60)
    return done.stdout
