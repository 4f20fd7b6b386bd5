#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""From results.jsonl to docs/attacks.md.

    table.py RESULTS > docs/attacks.md          write it
    table.py RESULTS --check docs/attacks.md    is it what the results say?
    table.py RESULTS --run scenario_test ...    make the results first

The results of one seed are the same everywhere, so the document can be compared byte for byte.
"""
import argparse
import json
import os
import subprocess
import sys

SKIPPED = 77                    # what meson takes for a skipped test

HEAD = """# Attacks and what is left of them

Written by `tests/sim/table.py` from the results of the simulation; do not edit. `ninja -C build attacks-doc` writes it
anew, and a test compares. Every vector of the catalogue (AV-01 to AV-51) is played in virtual time, in both families,
once with the judge bypassed ("off") and once enforcing `rules/default.yaml` as it ships ("on"): the same attack, the
same honest clients, the same seed. `tests/sim/README.md` says how the parts are modelled and what they were checked
against.

All bytes are IP bytes at the gateway. *Factor* is what goes toward the victim divided by all that the attacker sent;
*peak* is the largest value that it had at any moment for any one address of the victim's network, and for all of it,
divided by what came from there alone. Where the victim is a client of ours (AV-42), the factor is the share of the
attack that reaches it.
"""

BARS = """## The bars

| bar | bound |
|---|---|
| factor at every moment, toward every address | 3.0 |
| factor over a scenario of 100 requests or more | 1.0 |
| factor at 1000 requests a second and above | 0.1 |
| packets toward the victim for each of the attacker's, over 100 requests or more | 1 |
| honest requests lost, clients with addresses of their own (libcoap and minimal, CON and NON; DTLS; LwM2M devices, over DTLS and in the clear), observers | 0 |
| clients at the victim's own address, proved before the attack, lost | 0 |
| clients at the victim's own address, first contact at 100 requests a second, lost | 1 % |

AV-25 and AV-51 are begun inside, where the factor is not promised (see [threat-model.md](threat-model.md)): the
probing rate bounds them.
"""


def read(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def row(cells):
    return "| " + " | ".join(str(c) for c in cells) + " |\n"


def table(head, rows):
    return row(head) + "|" + "---|" * len(head) + "\n" + "".join(row(r) for r in rows)


def bytes_table(results):
    head = ["vector", "", "v", "attacker packets", "bytes", "off: packets", "bytes", "factor", "on: packets", "bytes",
            "factor", "peak", "gateway's own bytes"]
    rows = []
    for r in results:
        first = r["family"] == 4
        rows.append([r["vector"] if first else "", r["about"] if first else "", r["family"], r["attacker_packets"],
                     r["attacker_bytes"], r["victim_packets_off"], r["victim_bytes_off"], "%.2f" % r["factor_off"],
                     r["victim_packets_on"], r["victim_bytes_on"], "%.2f" % r["factor_on"],
                     "%.2f" % r["peak_factor_on"], r["gateway_bytes"]])
    return table(head, rows)


def share(answered, tried):
    return "%d of %d" % (answered, tried) if tried else ""


def honest_table(results):
    head = ["vector", "v", "honest requests answered", "observers served", "at the victim's address",
            "added requests each", "requests at the servers, off", "on", "inside bytes, off", "on", "saved"]
    rows = []
    for r in results:
        off, on = r["inside_bytes_off"], r["inside_bytes_on"]
        rows.append([r["vector"] if r["family"] == 4 else "", r["family"],
                     share(r["honest_answered"], r["honest_tried"]), share(r["observers_served"], r["observers"]),
                     share(r["behind_answered"], r["behind_tried"]), "%.2f" % r["added_rtts"], r["requests_off"],
                     r["requests_on"], off, on, "%.0f %%" % (100 * (1 - on / off)) if off else ""])
    return table(head, rows)


def exceptions_table(results):
    """One line for all vectors that miss the same bar for the same reason."""
    groups = {}
    for r in results:
        for e in r["exceptions"]:
            group = groups.setdefault((e["bar"], e["why"]), {"bound": e["bound"], "values": set(), "vectors": []})
            group["values"].add(e["value"])
            if r["vector"] not in group["vectors"]:
                group["vectors"].append(r["vector"])
    rows = []
    for (bar, why), g in groups.items():
        low, high = min(g["values"]), max(g["values"])
        present = "%g" % low if low == high else "%g to %g" % (low, high)
        all_of_them = len(g["vectors"]) > 20
        rows.append([bar, "%g" % g["bound"], present, "all others" if all_of_them else ", ".join(g["vectors"]), why])
    return table(["bar", "bound", "present value", "vectors", "why"], rows)


def not_met(results):
    if not any(r["exceptions"] for r in results):
        return "\n## Not met yet\n\nNone: every bar is met in every scenario, in both families.\n"
    return ("\n## Not met yet\n\n"
            "Each of these is listed in `tests/sim/bars.c` with its value; one that gets worse, or that is no longer\n"
            "needed, fails the test. Values of the bars \"lost\" are requests of three.\n\n" + exceptions_table(results))


def document(results):
    lost = sum(r["honest_tried"] - r["honest_answered"] for r in results)
    tried = sum(r["honest_tried"] for r in results)
    return "".join([
        HEAD, "\n", BARS, not_met(results), "\n## What reaches the victim\n\n", bytes_table(results),
        "\n## What honest clients and servers notice\n\n",
        "Honest clients with addresses of their own: %d of %d requests answered, over all scenarios. Added requests are\n"
        "the mean of what a tried one took more than without the judge. AV-01/10k has no bar for clients at the victim's address.\n\n"
        % (tried - lost, tried),
        honest_table(results)])


def stale(results, program):
    return not os.path.exists(results) or os.path.getmtime(results) < os.path.getmtime(program)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results")
    parser.add_argument("--check", metavar="DOCUMENT")
    parser.add_argument("--write", metavar="DOCUMENT")
    parser.add_argument("--run", metavar="PROGRAM", help="run it first; to check, only if the results are older")
    args = parser.parse_args()
    if args.check and "DAMPER_SEED" in os.environ:
        print("skipped: DAMPER_SEED is set: other chances, other numbers")
        sys.exit(SKIPPED)
    if args.run and (args.write or stale(args.results, args.run)):
        subprocess.run([args.run], env={**os.environ, "DAMPER_SIM_RESULTS": args.results}, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
    text = document(read(args.results))
    if args.check:
        with open(args.check, encoding="utf-8") as f:
            if f.read() != text:
                sys.exit("%s is not what the results say; ninja -C build attacks-doc writes it anew" % args.check)
    elif args.write:
        with open(args.write, "w", encoding="utf-8") as f:
            f.write(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
