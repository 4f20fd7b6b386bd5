#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs the data plane over one recorded case and compares what leaves and what counted.

usage: run_case.py [--regen] CASE...

A case is a directory:
  case.outside.in.pcap, case.inside.in.pcap    what arrives; a missing file is silence
  case.outside.out.pcap, case.inside.out.pcap  what leaves there, in order; missing: nothing does
  case.counters                                "name value" of every counter that moved, and no other
  case.rules                                   rule file; without it the built-in program runs
  case.mask                                    "side frame first last": bytes that no run repeats (Echo
                                               values, ping Message IDs and their checksums)

Frames are taken one at a time, outside and inside in turn, so a conversation is recorded by
leaving a frame of no interest (make_cases.py uses ARP) wherever the other side speaks. The secret
is fixed. --regen writes the expected files from what happened; review reads the diff.
"""
import os
import subprocess
import sys
import time

from plane import SIDES, Failure, Plane, check, read_pcap, write_pcap


PING_REPEATS_S = 1.5     # longer than the last repetition of a ping (core/judge_state.h)


def recorded(case, name):
    path = os.path.join(case, f'case.{name}.pcap')
    return read_pcap(path) if os.path.exists(path) else []


def compile_rules(case, p):
    """Put the case's program where the data plane looks for the last good one."""
    rules = os.path.join(case, 'case.rules')
    if not os.path.exists(rules):
        return
    compiler = os.environ.get('DAMPER_COMPILE')
    check(compiler, f'{rules}: DAMPER_COMPILE does not name the rule compiler')
    out = subprocess.run([compiler, rules, p.path('state/program.bin')], capture_output=True, text=True)
    check(out.returncode == 0, f'{rules}: {out.stdout}{out.stderr}')


def masks(case):
    path = os.path.join(case, 'case.mask')
    found = {}
    if os.path.exists(path):
        for line in open(path, encoding='ascii'):
            words = line.split('#')[0].split()
            if words:
                found.setdefault((words[0], int(words[1])), []).append((int(words[2]), int(words[3])))
    return found


def covered(frame, ranges):
    frame = bytearray(frame)
    for first, last in ranges:
        frame[first:last + 1] = bytes(len(frame[first:last + 1]))
    return bytes(frame)


def compare_frames(case, side, got):
    want, hidden = recorded(case, f'{side}.out'), masks(case)
    for i, (g, w) in enumerate(zip(got, want)):
        g, w = (covered(f, hidden.get((side, i), ())) for f in (g, w))
        check(g == w, f'{side}, frame {i}:\n  expected {w.hex()}\n  got      {g.hex()}')
    check(len(got) == len(want), f'{side}: {len(got)} frames left, not {len(want)}')


def counters_text(counters):
    return ''.join(f'{k} {v}\n' for k, v in sorted(counters.items()))


def compare_counters(case, counters):
    with open(os.path.join(case, 'case.counters'), encoding='ascii') as f:
        want = {k: int(v) for k, v in (line.split() for line in f if line.strip())}
    wrong = [f'  {k}: {counters.get(k, 0)}, not {want.get(k, 0)}'
             for k in sorted(want.keys() | counters.keys()) if counters.get(k, 0) != want.get(k, 0)]
    check(not wrong, 'counters:\n' + '\n'.join(wrong))


def write_expected(case, outs, counters):
    for side, frames in zip(SIDES, outs):
        path = os.path.join(case, f'case.{side}.out.pcap')
        if frames:
            write_pcap(path, frames)
        elif os.path.exists(path):
            os.unlink(path)
    with open(os.path.join(case, 'case.counters'), 'w', encoding='ascii') as f:
        f.write(counters_text(counters))


def run_case(case, regen):
    frames = [recorded(case, f'{side}.in') for side in SIDES]
    check(any(frames), f'{case}: nothing arrives')
    with Plane(frames=frames, settings='burst = 1\n') as p:
        with open(p.path('state/secret'), 'wb') as f:
            os.fchmod(f.fileno(), 0o600)
            f.write(bytes(16))
        compile_rules(case, p)
        p.start()
        p.settle()
        if p.stats()['counters'].get('pings_sent'):
            time.sleep(PING_REPEATS_S)
            p.settle()
        p.stop()
        counters, outs = p.stats()['counters'], [p.out(side) for side in range(len(SIDES))]
    if regen:
        write_expected(case, outs, counters)
        return
    for side, got in zip(SIDES, outs):
        compare_frames(case, side, got)
    compare_counters(case, counters)


def main():
    cases = [a for a in sys.argv[1:] if a != '--regen']
    if not cases:
        print(__doc__.split('\n\n')[1])
        return 2
    failed = 0
    for case in cases:
        name = os.path.basename(os.path.normpath(case))
        try:
            run_case(case, '--regen' in sys.argv)
            print(f'ok   {name}')
        except Failure as e:
            failed += 1
            print(f'FAIL {name}: {e}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
