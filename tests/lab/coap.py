# SPDX-License-Identifier: BSD-3-Clause
"""CoAP messages over UDP (RFC 7252 section 3): just enough to attack and to count."""

import struct

CON, NON, ACK, RST = range(4)
EMPTY, GET, POST, PUT, DELETE, FETCH = range(6)
CODE_CONTENT = 0x45
CODE_UNAUTHORIZED = 0x81
CODE_SIGNAL_PING = 0xE2

OPT_OBSERVE = 6
OPT_URI_PATH = 11
OPT_URI_QUERY = 15
OPT_BLOCK2 = 23
OPT_BLOCK1 = 27
OPT_SIZE1 = 60
OPT_PROXY_URI = 35
OPT_Q_BLOCK1 = 19
OPT_Q_BLOCK2 = 31
OPT_NO_RESPONSE = 258
OPT_REQUEST_TAG = 292
OPT_ECHO = 252

PORT = 5683
PORT_DTLS = 5684


def _extend(value):
    """Nibble and extension bytes of an option delta or length."""
    if value < 13:
        return value, b""
    if value < 269:
        return 13, bytes([value - 13])
    return 14, struct.pack("!H", value - 269)


def uint(value):
    """Shortest encoding of an unsigned option value."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def options(pairs):
    """Encode (number, bytes) pairs, in order of number."""
    out, last = b"", 0
    for number, value in sorted(pairs, key=lambda pair: pair[0]):
        delta, delta_ext = _extend(number - last)
        length, length_ext = _extend(len(value))
        out += bytes([delta << 4 | length]) + delta_ext + length_ext + value
        last = number
    return out


def path(text):
    """Uri-Path options of "/a/b"; "/" has none."""
    return [(OPT_URI_PATH, part.encode()) for part in text.split("/") if part]


def message(kind, code, mid, token=b"", opts=(), payload=b""):
    """One datagram; an empty payload has no marker."""
    head = struct.pack("!BBH", 1 << 6 | kind << 4 | len(token), code, mid & 0xFFFF)
    return head + token + options(opts) + (b"\xff" + payload if payload else b"")


def kind_of(data):
    """Type of a datagram that looks like CoAP, else None."""
    if len(data) < 4 or data[0] >> 6 != 1:
        return None
    return data[0] >> 4 & 3


def is_request(data):
    """A request of any type."""
    return kind_of(data) is not None and 1 <= data[1] <= 31


def mid_of(data):
    """Message ID of a datagram of at least 4 bytes."""
    return struct.unpack("!H", data[2:4])[0]


def _extended(nibble, data, at):
    if nibble == 13:
        return data[at] + 13, at + 1
    if nibble == 14:
        return struct.unpack_from("!H", data, at)[0] + 269, at + 2
    return nibble, at


def body_of(data):
    """([(number, value)], payload) of a well-formed message."""
    at, number, found = 4 + (data[0] & 15), 0, []
    while at < len(data):
        if data[at] == 0xFF:
            return found, data[at + 1:]
        head, at = data[at], at + 1
        delta, at = _extended(head >> 4, data, at)
        length, at = _extended(head & 15, data, at)
        number += delta
        found.append((number, data[at:at + length]))
        at += length
    return found, b""


def option(data, number):
    """Value of the first option of that number, or None."""
    return next((value for n, value in body_of(data)[0] if n == number), None)
