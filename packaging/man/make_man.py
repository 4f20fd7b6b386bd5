#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Manual pages out of what the programs say about themselves.

    make_man.py damper EXE VERSION            damper.1 from 'damper help [COMMAND]'
    make_man.py damperd EXE VERSION           damperd.8 from --help
    make_man.py damper-dataplane EXE VERSION  damper-dataplane.8 from --help
    make_man.py damper-rules EXE VERSION      damper-rules.5 from the reference of the key table

The page goes to standard output. Help and reference come from the table of
commands and the table of keys, so a page cannot say anything else than they do.
"""
import email.utils
import os
import re
import subprocess
import sys

SEE = {
    "damper": ["damper-rules(5)", "damperd(8)", "damper-dataplane(8)"],
    "damperd": ["damper(1)", "damper-rules(5)", "damper-dataplane(8)"],
    "damper-dataplane": ["damper(1)", "damperd(8)", "damper-rules(5)"],
    "damper-rules": ["damper(1)", "damperd(8)"],
}
SUMMARY = {
    "damper": "check, load and watch the rules of a CoAP filter",
    "damperd": "control plane of Damper: compiles rules, serves the API and metrics",
    "damper-dataplane": "packet side of Damper, a filter against CoAP amplification",
    "damper-rules": "rule files of Damper",
}
SECTION = {"damper": 1, "damperd": 8, "damper-dataplane": 8, "damper-rules": 5}

FILES = {
    "damper": [("/run/damper/damperd.sock", "the socket of damperd")],
    "damperd": [("/run/damper", "sockets and counters"), ("/var/lib/damper", "the history of loads")],
    "damper-dataplane": [("/run/damper", "counters, events and the control socket"),
                         ("/var/lib/damper", "the last good program, the secret, and what is blocked")],
    "damper-rules": [("/etc/damper/rules.yaml", "the rules of a gateway")],
}
ENVIRONMENT = {
    "damper": [("DAMPER_RUNTIME_DIR", "where the socket of damperd is, unless --runtime-dir says it"),
               ("NO_COLOR", "print no colours")],
    "damperd": [("DAMPER_RUNTIME_DIR", "as --runtime-dir")],
    "damper-dataplane": [("DAMPER_RUNTIME_DIR", "as --runtime-dir"), ("DAMPER_STATE_DIR", "as --state-dir")],
}


def roff(text):
    """Text as roff shows it unchanged."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    text = text.replace("^", "\\(ha").replace("~", "\\(ti")
    return "\\&" + text if text.startswith((".", "\\(aq")) else text


def bold(text):
    return "\\fB" + roff(text).replace("\\&", "") + "\\fR"


def date():
    """Of the newest entry of the Debian changelog."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../debian/changelog")
    with open(path, encoding="utf-8") as log:
        line = next(entry for entry in log if entry.startswith(" -- "))
    return email.utils.parsedate_to_datetime(line.split(">  ")[1].strip()).strftime("%Y-%m-%d")


def head(name):
    return ['.TH %s %d "%s" "Damper %s" "Damper"' % (name.upper().replace("-", "\\-"), SECTION[name], date(), VERSION),
            ".SH NAME", "%s \\- %s" % (roff(name), roff(SUMMARY[name]))]


def tail(name):
    out = []
    for title, table in (("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)):
        if name in table:
            out.append(".SH " + title)
            for word, text in table[name]:
                out += [".TP", bold(word), roff(text)]
    refs = ["\\fB%s\\fR(%s)" % (roff(r[:-3]), r[-2]) for r in SEE[name]]
    return out + [".SH SEE ALSO", ",\n".join(refs)]


def verbatim(lines):
    lines = list(lines)
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        return []
    return [".PP", ".RS 4", ".nf"] + [roff(line) if line.strip() else ".sp" for line in lines] + [".fi", ".RE"]


ITEM = re.compile(r"^ +(\S.*?)(?:  +(\S.*))?$")


def items(lines):
    """'  word   text', with lines of more text below it, as a list of items."""
    out, width = [], None
    for line in lines:
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        match = ITEM.match(line)
        if width is not None and indent > width:
            out.append(roff(line.strip()))
            continue
        width = indent
        out += [".TP", bold(match.group(1))] + ([roff(match.group(2))] if match.group(2) else [])
    return out


def prose(text):
    """Paragraphs; what is indented stays as it is."""
    out, kept = [], []
    for line in text.splitlines():
        if line.startswith(" "):
            kept.append(line)
            continue
        if kept:
            out += verbatim(kept) + [".PP"]
            kept = []
        out.append(roff(line) if line.strip() else ".PP")
    out += verbatim(kept)
    while out and out[0] == ".PP":
        out.pop(0)
    while out and out[-1] == ".PP":
        out.pop()
    return out


def run(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def parts(text):
    """[(heading, lines)] by lines that end in a colon and stand alone before an
    indented one; the first heading is ''."""
    out = [("", [])]
    lines = text.splitlines()
    for i, line in enumerate(lines):
        below = lines[i + 1] if i + 1 < len(lines) else ""
        if re.match(r"^[A-Z][^.]*:$", line) and below.startswith("  "):
            out.append((line[:-1], []))
        else:
            out[-1][1].append(line)
    return out


def usage_of(text):
    """The lines of the usage without its word, and the rest."""
    lines = text.splitlines()
    n = 1
    while n < len(lines) and lines[n].startswith(" "):
        n += 1
    first = re.sub(r"^[Uu]sage: *", "", lines[0])
    return [first] + [line.strip() for line in lines[1:n]], "\n".join(lines[n:])


def command(exe, name):
    usage, rest = usage_of(run(exe, "help", *name.split()))
    out = [".SS " + roff(name)] + verbatim(usage)
    for title, lines in parts(rest):
        if title == "Options":
            own = "\n".join(lines).split("\n  --runtime-dir")[0]
            own = "" if own.lstrip().startswith("--runtime-dir") else own
            out += items(own.splitlines())
        elif title == "Exit codes":
            codes = [line.split()[0] for line in lines if line.strip()]
            out += [".PP", "Exit status: " + ", ".join(codes) + "."]
        elif title:
            out += [".PP", roff(title) + ":"] + verbatim(line.strip() for line in lines)
        else:
            out += [".PP"] + prose("\n".join(lines).strip())
    return out


def page_damper(exe):
    sections = parts(usage_of(run(exe, "help"))[1])
    out = head("damper") + [".SH SYNOPSIS", ".B damper", ".I COMMAND", "[arguments] [options]"]
    out += [".SH DESCRIPTION"] + prose("\n".join(sections[0][1]).strip())
    found = dict(sections[1:])
    names = [re.match(r"^  ([a-z-]+(?: [a-z-]+)?)(?= |$)", line).group(1)
             for line in found["Commands"] if line.strip()]
    out.append(".SH COMMANDS")
    for name in names:
        out += command(exe, name)
    out += [".SH OPTIONS OF ALL COMMANDS"] + items(found["Options of all commands"])
    out += [".SH EXIT STATUS"] + items(found["Exit codes"])
    return out + tail("damper")


def page_daemon(name, exe):
    text = run(exe, "--help")
    if not text.lower().startswith("usage"):
        text = text[text.lower().index("usage"):]
    usage, rest = usage_of(text)
    out = head(name) + [".SH SYNOPSIS"] + verbatim(usage)
    out.append(".SH DESCRIPTION")
    for title, lines in parts(rest):
        if title:
            out += [".PP", roff(title) + ":"]
        block = []
        for line in lines + [""]:
            if line.startswith(" ") and not re.match(r"^  \[", line):
                block.append(line)
                continue
            if block:
                plain = not any(re.search(r"\S {2,}\S", entry) for entry in block)
                out += verbatim(block) if plain else items(block)
                block = []
                out.append(".PP")
            if re.match(r"^  \[", line):
                out += [".SS " + roff(line.strip())]
            elif line.strip():
                out.append(roff(line))
    while out[-1] == ".PP":
        out.pop()
    return out + tail(name)


def markdown(text):
    """A line of the reference: code in bold, no other marks."""
    return "".join(bold(p) if i % 2 else roff(p) if p else "" for i, p in enumerate(text.split("`")))


def table_row(line):
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def row_text(row):
    if len(row) < 5:
        return [".TP", markdown(row[0]), markdown(row[1])]
    out = [".TP", markdown(row[0]), "Value: " + (markdown(row[1]) if row[1] else "\\-") + "."]
    if row[2]:
        out += [".br", "Default: " + markdown(row[2]) + "."]
    return out + [".br", markdown(row[4])]


def page_rules(exe):
    out = head("damper-rules") + [".SH DESCRIPTION"]
    rows = 0
    for line in run(exe).splitlines()[3:]:
        if line.startswith("|"):
            rows += 1
            if rows > 2:
                out += row_text(table_row(line))
            continue
        rows = 0
        if line.startswith("## "):
            out.append(".SH " + roff(line[3:].upper()))
        elif line.startswith("* "):
            out += [".IP \\(bu 2", markdown(line[2:])]
        elif line.strip():
            out.append(markdown(line.strip()))
        else:
            out.append(".PP")
    return out + tail("damper-rules")


def main():
    name, exe = sys.argv[1], sys.argv[2]
    if name == "damper":
        out = page_damper(exe)
    elif name == "damper-rules":
        out = page_rules(exe)
    else:
        out = page_daemon(name, exe)
    out = [line for line in out if line]
    clean = []
    for line, after in zip(out, out[1:] + [".SH"]):
        useless = after[:3] in (".SH", ".SS", ".PP", ".TP", ".IP") or clean[-1][:3] in (".SH", ".SS")
        if line != ".PP" or not useless:
            clean.append(line)
    print("\n".join(clean))


if __name__ == "__main__":
    VERSION = sys.argv[3]
    main()
