#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The table of docs/floods.md from what `flood` measures: floods.py PROGRAM DOCUMENT."""
import subprocess
import sys


def main():
    program, document = sys.argv[1:]
    with open(document, encoding="utf-8") as f:
        text = f.read()
    begin, end = "<!-- table -->\n", "<!-- end -->\n"
    table = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout
    before, after = text.split(begin)[0], text.split(end)[1]
    with open(document, "w", encoding="utf-8") as f:
        f.write(before + begin + "\n" + table + "\n" + end + after)


if __name__ == "__main__":
    main()
