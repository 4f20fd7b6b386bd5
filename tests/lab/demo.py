# SPDX-License-Identifier: BSD-3-Clause
"""The demo: every attack of the lab, filter bypassed and enforcing.

Called by scripts/demo after it has installed and built. Exit code 0 only when
no victim ever received more than three times what the attacker sent, and every
honest exchange was answered.
"""

import argparse
import os
import signal
import sys
import time

import attacks
import honest
import lab as wiring
import results
from capture import CaptureLost, Recorder

FAMILIES = (4, 6)
OFF, ON = 1, 2
FEW_APART = 2.0         # seconds between the beginnings of a few attacks
HONEST_FIRST = 2.0      # honest clients begin this long before the attacks
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def say(text):
    """A line with the time since the start of the demo."""
    print(f"[{time.monotonic() - say.began:6.1f} s] {text}", flush=True)


say.began = time.monotonic()


class Phase:
    """All attacks once, with honest clients at work, and what was seen."""

    def __init__(self, lab, number, chosen, watch, out):
        self.lab, self.number, self.chosen = lab, number, chosen
        self.watch, self.out = watch, out

    def _pcap(self, role):
        return os.path.join(self.out, f"{role}-{'off' if self.number == OFF else 'on'}.pcap")

    def run(self):
        """Runs for `watch` seconds plus what the honest clients need to end."""
        for index, vector in self.chosen:
            for family in FAMILIES:
                self.lab.add_victims(vector.addresses(index, self.number, family))
        recorder = Recorder()
        try:
            self._run(recorder)
        finally:
            recorder.close()

    def _run(self, recorder):
        self.victim = recorder.add(self.lab.ns("victim"), "eth0", self._pcap("victim"))
        self.client = recorder.add(self.lab.ns("honest"), "eth0", self._pcap("honest"))
        self.inside = recorder.add(self.lab.ns("inside"), "eth0", self._pcap("inside"))
        self.began = time.time()
        crowd = honest.Crowd(self.lab, FAMILIES)
        crowd.start(self.watch)
        time.sleep(HONEST_FIRST)
        attacker = attacks.Attacker(self.lab)
        end = time.monotonic() + self.watch
        attacker.run(self.chosen, self.number, FAMILIES, self.inside, self.watch)
        say("all attacks sent; watching what still reaches the victims")
        time.sleep(max(0.0, end - time.monotonic()))
        attacker.close()
        self.sent = {key: sorted(sent) for key, sent in attacker.sent.items()}
        self.jobs = honest.check_pings(crowd.join(), self.client)
        self.tx = honest.transmissions(self.jobs, self.client)

    def received(self, index, vector, family):
        """What came to the victims of one run."""
        addresses = vector.addresses(index, self.number, family)
        if vector.inside:
            return results.from_forged(self.inside, addresses, self.began)
        return results.at_victims(self.victim, addresses, self.began)

    def inside_bytes(self, index, vector, family):
        """What one run cost the inside link, both ways."""
        return results.on_link(self.inside, vector.addresses(index, self.number, family), self.began)

    def left_servers(self):
        """What the servers' host sent."""
        return self.inside.records(since=self.began, way="out")


def row_of(index, vector, family, off, on):
    """The figures of one run."""
    sent_off, sent_on = off.sent[vector.number, family], on.sent[vector.number, family]
    got_off, got_on = off.received(index, vector, family), on.received(index, vector, family)
    jobs = [job for job in on.jobs if job.family == family]
    inside_off, inside_on = (phase.inside_bytes(index, vector, family) for phase in (off, on))
    return {
        "vector": vector.number, "title": vector.title, "family": family, "setting": "lab",
        "attacker_packets": len(sent_on), "attacker_bytes": sum(s.length for s in sent_on),
        "victim_packets_off": len(got_off),
        "victim_bytes_off": sum(r.packet.length for r in got_off),
        "victim_packets_on": len(got_on),
        "victim_bytes_on": sum(r.packet.length for r in got_on),
        "factor_off": round(results.factor(sent_off, got_off), 4),
        "factor_on": round(results.factor(sent_on, got_on), 4),
        "peak_factor_on": round(results.peak_factor(sent_on, got_on), 4),
        "gateway_bytes": 0 if vector.inside else results.made_by_gateway(got_on, on.left_servers()),
        "inside_bytes_off": inside_off, "inside_bytes_on": inside_on,
        "inside_bytes_saved": inside_off - inside_on,
        "honest_tried": len(jobs), "honest_answered": sum(job.answered for job in jobs),
        "added_rtts": round(results.added_rtts(off.tx, on.tx, on.jobs, family), 3),
    }


def bypass(lab, on):
    """Turn the filter's judgement off or on; the stand-in has none."""
    if lab.middle != "damper":
        return
    done = lab.damper("bypass", *(["on", "--for", "10min"] if on else ["off"]))
    if done.returncode != 0:
        raise wiring.LabError(f"damper bypass: exit {done.returncode}\n{done.stderr}")


def prepare(lab):
    """The attacker plants its bodies as itself, and says how that went."""
    for family in FAMILIES:
        planted = attacks.plant(lab, family)
        missing = [name for name, done in planted.items() if not done]
        say(f"attacker planted over IPv{family}: {len(planted) - len(missing)} of {len(planted)}"
            + (f" (refused: {', '.join(missing)})" if missing else ""))


def experiment(lab, chosen, watch, out):
    """Both phases; the rows."""
    bypass(lab, True)
    prepare(lab)
    say(f"filter bypassed: {len(chosen)} attacks over IPv4 and IPv6, {watch:.0f} s")
    off = Phase(lab, OFF, chosen, watch, out)
    off.run()
    bypass(lab, False)
    say(f"filter enforcing: the same attacks toward fresh victims, {watch:.0f} s")
    on = Phase(lab, ON, chosen, watch, out)
    on.run()
    rows = [row_of(index, vector, family, off, on)
            for index, vector in sorted(chosen, key=lambda pair: pair[1].number)
            for family in FAMILIES]
    return rows, off, on


def report_honest(off, on):
    """Honest work by kind, without and with the filter."""
    print("\nhonest clients       request transmissions   seconds (mean)    answered")
    print("                      bypassed  enforcing   bypassed enforcing  enforcing")
    for key in sorted(on.tx):
        spans = [[job.end - job.start for job in phase.jobs if (job.kind, job.family) == key]
                 for phase in (off, on)]
        mean = [sum(span) / len(span) if span else float("nan") for span in spans]
        mine = [job for job in on.jobs if (job.kind, job.family) == key]
        print(f"  {key[0]:<14} v{key[1]}  {off.tx.get(key, float('nan')):9.1f}  {on.tx[key]:9.1f}"
              f"  {mean[0]:9.2f} {mean[1]:9.2f}   {sum(j.answered for j in mine):4d}/{len(mine)}")
    for job in on.jobs:
        if not job.answered:
            print(f"  not answered: {job.kind} v{job.family} at {job.start - on.began:.1f} s: "
                  f"{job.output[:100]!r}")


def invite(lab):
    """What to try while the lab stays up."""
    honest_ns = f"ip netns exec {lab.ns('honest')} coap-client-notls"
    print(f"""
The lab stays up as {lab.id}. Try:
  {honest_ns} {wiring.url(4, '/.well-known/core')}
  {honest_ns} -s 10 '{wiring.url(6, '/time')}'""")
    if lab.middle == "damper":
        print(f"""  export DAMPER_RUNTIME_DIR={lab.runtime}
  {lab.binary('damper')} show status
  {lab.binary('damper')} events
  {lab.binary('damper')} bypass on --for 1min""")
    print(f"""Logs are in {lab.logs}. Stop it with:
  scripts/demo --stop""")


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help="build folder")
    parser.add_argument("--rules", default=os.path.join(ROOT, "rules", "default.yaml"))
    parser.add_argument("--middle", choices=("damper", "dataplane", "testpmd"),
                        default="damper",
                        help="testpmd: forward everything, to see the attacks as they are")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--fragments", action="store_true",
                        help="ports through which IPv4 fragments pass (net_pcap); --all has them")
    parser.add_argument("--only", action="append", metavar="AV-NN", help="only these attacks")
    parser.add_argument("--all", action="store_true",
                        help="all attacks that real peers can play, scripted servers among them")
    parser.add_argument("--watch", type=float, metavar="S",
                        help="seconds of each of the two phases (75; 110 with --all)")
    parser.add_argument("--apart", type=float, metavar="S",
                        help="seconds between the beginnings of two attacks, at most (their own schedule; 2 with --only)")
    parser.add_argument("--out", help="folder of results.json and captures (BUILD/lab)")
    parser.add_argument("--keep", action="store_true", help="leave the lab running at the end")
    parser.add_argument("--stop", action="store_true", help="take away labs left by --keep or by a killed run")
    return parser.parse_args()


def stop_all():
    """Take away every lab of this machine that nobody is using."""
    files = wiring.left_behind()
    for file in files:
        wiring.remove(file)
    print(f"demo: {len(files)} lab(s) stopped")
    return 0


def choose(only, every, apart):
    """(index, vector) pairs; the index gives a vector its own addresses. apart:
    they begin so soon after each other, at the latest."""
    known = attacks.vectors() + (attacks.more_vectors() if every or only else [])
    chosen = [(i, v) for i, v in enumerate(known, 1) if not only or v.number in only]
    if only and apart is None:
        apart = FEW_APART           # a few need not wait for those that are left out
    if apart is not None:
        for i, (_, vector) in enumerate(sorted(chosen, key=lambda pair: pair[1].start)):
            vector.start = min(vector.start, apart * i)
    if not chosen:
        sys.exit(f"demo: no such attack: {', '.join(only)}")
    return chosen


def demo(args):
    """Wire, attack, tell."""
    out = args.out or os.path.join(args.build, "lab")
    os.makedirs(out, exist_ok=True)
    lab = wiring.Lab(args.build, args.rules, args.middle, args.workers)
    lab.fragments = args.fragments or args.all
    done = False
    try:
        lab.start()
        say(f"lab {lab.id} is up: servers, {args.middle}, {len(lab.namespaces)} namespaces")
        chosen = choose(args.only, args.all, args.apart)
        if args.all or args.only:
            lab.start_more_servers()
        rows, off, on = experiment(lab, chosen, args.watch or (110 if args.all else 75), out)
        results.save(rows, os.path.join(out, "results.json"))
        report_honest(off, on)
        print("\n" + results.table(rows) + "\n\n" + results.LEGEND)
        print(f"\nresults: {os.path.join(out, 'results.json')}; captures beside it")
        if args.keep:
            invite(lab)
        done = True
        return 0 if all(results.good(row) for row in rows) else 1
    finally:
        if not (done and args.keep):
            lab.stop()


def main():
    """Exit code: 0 promises kept, 1 broken, 3 the lab itself failed."""
    args = arguments()
    if os.geteuid() != 0:
        sys.exit("demo: needs root, for network namespaces and packet sockets (try sudo)")
    if args.stop:
        return stop_all()
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(143))
    try:
        return demo(args)
    except (wiring.LabError, wiring.netns.CommandError, CaptureLost) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
