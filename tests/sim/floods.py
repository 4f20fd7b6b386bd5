#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The tables of docs/floods.md from what `flood` measures: floods.py PROGRAM DOCUMENT."""
import subprocess
import sys


def filled(text, name, table):
    """The text with the table between its two marks."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->\n"
    return text.split(begin)[0] + begin + "\n" + table + "\n" + end + text.split(end)[1]


def main():
    program, document = sys.argv[1:]
    with open(document, encoding="utf-8") as f:
        text = f.read()
    for name, argv in (("table", []), ("budgets", ["--budgets"])):
        table = subprocess.run([program, *argv], check=True, stdout=subprocess.PIPE, text=True).stdout
        text = filled(text, name, table)
    with open(document, "w", encoding="utf-8") as f:
        f.write(text)


if __name__ == "__main__":
    main()
