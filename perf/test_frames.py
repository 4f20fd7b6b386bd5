#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Frames of the sizes of RFC 2544 section 9.1, as the generator makes them.

Usage: test_frames.py PORT_FRAMES

They are written to a capture file, which has no frame check sequence, and read back:
length of the frame, of IP and of UDP."""
import os
import struct
import subprocess
import sys
import tempfile

PROGRAM = os.path.abspath(sys.argv[1])
SIZES = (64, 128, 256, 512, 1024, 1280, 1518)
FCS = 4
COUNT = 50
WRONG = (["--size", "63"], ["--size", "1519"], ["--size", "all"], ["--size", "64", "--ip", "6"],
         ["--size", "73", "--ip", "both"], ["--size", "64", "--kind", "coap"])


def run(path, *options):
    return subprocess.run([PROGRAM, path, str(COUNT), "requests", "--kind", "pass", *options], capture_output=True,
                          text=True, check=False)


def frames(path):
    with open(path, "rb") as f:
        data = f.read()
    at = 24                     # behind the head of the file
    while at < len(data):
        length = struct.unpack_from("=I", data, at + 8)[0]
        yield data[at + 16:at + 16 + length]
        at += 16 + length


def lengths(frame):
    """IP and UDP say how much there is behind the Ethernet header."""
    if frame[12:14] == b"\x08\x00":
        return struct.unpack_from(">H", frame, 16)[0], struct.unpack_from(">H", frame, 38)[0] + 20
    return struct.unpack_from(">H", frame, 18)[0] + 40, struct.unpack_from(">H", frame, 58)[0] + 40


def main():
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "frames.pcap")
        for ip, size in [(ip, size) for ip in ("4", "6", "both") for size in SIZES if size > 64 or ip == "4"]:
            r = run(path, "--ip", ip, "--size", str(size))
            found = list(frames(path)) if r.returncode == 0 else []
            if len(found) != COUNT:
                wrong.append(f"IP {ip}, {size} bytes: {len(found)} frames\n{r.stderr}")
            for f in found:
                if len(f) != size - FCS or set(lengths(f)) != {len(f) - 14}:
                    wrong.append(f"IP {ip}, {size} bytes: frame of {len(f)}, IP and UDP say {lengths(f)}")
                    break
        for options in WRONG:
            if run(path, *options).returncode == 0:
                wrong.append(f"accepted: {' '.join(options)}")
    print("\n".join(wrong) or "frames of all sizes are right")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
