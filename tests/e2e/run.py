# SPDX-License-Identifier: BSD-3-Clause
"""Run end-to-end scenarios: run.py [NAME...]; without names, all of them.

Exit code 0 when all kept their promises, 1 when one did not, 77 (skipped, for
meson) when this is not root.
"""

import os
import signal
import sys
import time
import traceback

import harness
import change  # noqa: F401  (registers its scenario)
import clocks  # noqa: F401
import clients  # noqa: F401  (registers its scenarios)
import control  # noqa: F401
import fragments  # noqa: F401
import limits  # noqa: F401
import learn  # noqa: F401
import overload  # noqa: F401
import passing  # noqa: F401
import ports  # noqa: F401
import proofs  # noqa: F401
import told  # noqa: F401
import timed  # noqa: F401
import tracing  # noqa: F401

SKIPPED = 77


def run(name):
    """One scenario; True when it passed."""
    began = time.monotonic()
    try:
        harness.SCENARIOS[name]()
        print(f"ok   {name} ({time.monotonic() - began:.1f} s)", flush=True)
        return True
    except harness.Failure as failure:
        print(f"FAIL {name}: {failure}", flush=True)
    except Exception:  # a broken lab is a failure as well, and the rest still runs
        traceback.print_exc()
        print(f"FAIL {name}: the lab broke", flush=True)
    return False


def main():
    """Exit code of the run."""
    names = sys.argv[1:] or list(harness.SCENARIOS)
    if names == ["--list"]:
        print("\n".join(harness.SCENARIOS))
        return 0
    unknown = [name for name in names if name not in harness.SCENARIOS]
    if unknown:
        print(f"no such scenario: {', '.join(unknown)}; --list shows all", file=sys.stderr)
        return 2
    if os.geteuid() != 0:
        print("skipped: needs root, for network namespaces and packet sockets")
        return SKIPPED
    # meson ends a test that takes too long with SIGTERM: leave no lab behind.
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(1))
    return 0 if all([run(name) for name in names]) else 1


if __name__ == "__main__":
    sys.exit(main())
