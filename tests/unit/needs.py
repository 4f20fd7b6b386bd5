# SPDX-License-Identifier: BSD-3-Clause
"""What a test needs that may not be there: a tool, a module, root, the reference
material. Such a case is marked with @needs(...) and runs in a meson test of its own,
`--needs WHAT` among the arguments, which ends with 77 and says why when it is not
there, so that scripts/test can tell what did not run. A skip of unittest would hide
it among the passed. needs.h is the same for C.
"""
import importlib.util
import os
import shutil
import sys
import unittest

SKIPPED = 77                    # what meson takes for "skipped"
SOURCE = os.environ.get("DAMPER_SOURCE_ROOT", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SHARED = os.environ.get("DAMPER_SHARED", os.path.join(SOURCE, "..", "shared"))
PACKAGES = {"jsonschema": "python3-jsonschema", "man": "man-db", "promtool": "prometheus"}


def asked():
    """What this run is for, taken out of the arguments; None: all that needs nothing."""
    if "--needs" not in sys.argv:
        return None
    at = sys.argv.index("--needs")
    what = sys.argv[at + 1]
    del sys.argv[at:at + 2]
    return what


ASKED = asked()


def needs(what):
    """Mark a test method."""
    def mark(test):
        test.needs = what
        return test
    return mark


def missing(what):
    """Why it cannot be run, None when it can."""
    if what == "root":
        return None if os.geteuid() == 0 else "needs root"
    if what == "shared":
        path = os.path.join(SHARED, "captures", "facts.jsonl")
        return (None if os.path.exists(path)
                else f"no {path}; set DAMPER_SHARED to the directory with the reference material")
    if what == "jsonschema":
        there = importlib.util.find_spec(what) is not None
    else:
        there = shutil.which(what) is not None
    return None if there else f"{what} is not installed (Debian package {PACKAGES.get(what, what)})"


class Loader(unittest.TestLoader):
    def __init__(self, wanted):
        super().__init__()
        self.wanted = wanted

    def getTestCaseNames(self, case):
        return [name for name in super().getTestCaseNames(case) if self.wanted(getattr(getattr(case, name), "needs", None))]


def main(names=(), everything=False, **more):
    """Run the tests of the main module that this run is for, or those that are named;
    everything: all that can be run here."""
    why = missing(ASKED) if ASKED else None
    if why:
        print("skipped: " + why)
        sys.exit(SKIPPED)
    loader = Loader(lambda need: need is None or not missing(need) if everything else need == ASKED)
    if ASKED and loader.loadTestsFromModule(sys.modules["__main__"]).countTestCases() == 0:
        sys.exit(f"no test here needs {ASKED}")
    unittest.main(argv=[sys.argv[0], *names], testLoader=loader, **more)
