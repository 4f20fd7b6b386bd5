# SPDX-License-Identifier: BSD-3-Clause
"""Running damper-dataplane under test: pcap files in and out, counters, control socket.

No root and no huge pages: net_pcap devices over files, --no-huge. Everything of a run
lies in one temporary directory. Binaries come from DAMPER_DATAPLANE and
DAMPER_STATS_DUMP, which meson sets.
"""
import array
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import time

SIDES = ('outside', 'inside')
WIRE_VERSION = 2
HELLO, LOAD, PROGRAM, BYPASS = range(4)
REQUEST = struct.Struct('=IIQ64s16sII')
REPLY = struct.Struct('=IIiIIIQQ64s256s')
REPLY_FIELDS = ('version', 'type', 'error', 'generation', 'source', 'nworkers', 'pid', 'boot_id', 'name', 'text')
DEADLINE_S = 60


class Failure(Exception):
    """A test did not see what it expects."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def how_ended(code):
    return f'was killed by {signal.Signals(-code).name}' if code < 0 else f'ended with {code}'


def write_pcap(path, frames):
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for i, frame in enumerate(frames):
            f.write(struct.pack('<IIII', i // 1000, i % 1000, len(frame), len(frame)) + frame)


def read_pcap(path):
    data = open(path, 'rb').read()
    if len(data) < 24:
        return []
    check(struct.unpack('<I', data[:4])[0] in (0xa1b2c3d4, 0xa1b23c4d), f'{path}: not a pcap file')
    frames, at = [], 24
    while at + 16 <= len(data):
        caplen = struct.unpack('<I', data[at + 8:at + 12])[0]
        frames.append(data[at + 16:at + 16 + caplen])
        at += 16 + caplen
    return frames


class Plane:
    """One run of the data plane. Use as a context manager."""

    def __init__(self, workers=1, mtu=1500, frames=None, ports=None, directory=None, settings='',
                 endless=False):
        self.binary = os.environ.get('DAMPER_DATAPLANE', 'build/dataplane/damper-dataplane')
        self.dump = os.environ.get('DAMPER_STATS_DUMP', 'build/tests/packet/damp-stats-dump')
        self.own = tempfile.TemporaryDirectory(prefix='damper-') if directory is None else None
        self.dir = directory or self.own.name
        self.workers = workers
        self.endless = endless          # the files are read again and again, nothing is kept
        self.sent = sum(len(f) for f in frames or ())
        self.ports = ports or ('net_pcap0', 'net_pcap1')
        self.process = None
        self.stderr = ''
        for name in ('run', 'state'):
            os.makedirs(self.path(name), exist_ok=True)
        with open(self.path('plane.conf'), 'w', encoding='ascii') as f:
            f.write(f'[ports]\noutside = {self.ports[0].split(",")[0]}\ninside = {self.ports[1].split(",")[0]}\n'
                    f'[workers]\ncount = {workers}\nidle = sleep\n'
                    f'[tables]\nledger = 64k\npeers = 16k\nexchanges = 16k\nseen = 32k\nobservations = 4k\n'
                    f'[packets]\nmtu = {mtu}\n{settings}')
        if frames is not None:
            for side, name in enumerate(SIDES):
                write_pcap(self.path(f'{name}.in.pcap'), frames[side])

    def path(self, name):
        return os.path.join(self.dir, name)

    def vdevs(self):
        if self.ports[0].startswith('net_pcap'):
            return [f'--vdev=net_pcap{i},rx_pcap={self.path(s)}.in.pcap,tx_pcap=' +
                    ('/dev/null,infinite_rx=1' if self.endless else f'{self.path(s)}.out.pcap')
                    for i, s in enumerate(SIDES)]
        return [f'--vdev={p}' for p in self.ports]

    def command(self):
        lcores = '0@0' + ''.join(f',{i + 1}@{i % (os.cpu_count() or 1)}' for i in range(self.workers))
        return [self.binary, '--lcores', lcores, '--no-huge', '-m', '512', '--no-pci',
                f'--file-prefix=damper-test-{os.getpid()}', *self.vdevs(), '--',
                '--config', self.path('plane.conf'), '--runtime-dir', self.path('run'),
                '--state-dir', self.path('state')]

    def start(self):
        env = dict(os.environ)
        if os.geteuid() != 0:
            env.setdefault('XDG_RUNTIME_DIR', self.dir)
        self.log = open(self.path('log'), 'wb')
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log, env=env)
        self.wait(self.answers, 'answer on the control socket')
        return self

    def read_log(self):
        return open(self.path('log'), encoding='utf-8', errors='replace').read()

    def wait(self, condition, what):
        end = time.monotonic() + DEADLINE_S
        while not condition():
            if self.process.poll() is not None:
                raise Failure(f'the data plane {how_ended(self.process.returncode)}:\n{self.read_log()}')
            check(time.monotonic() < end, f'no {what} after {DEADLINE_S} s:\n{self.read_log()}')
            time.sleep(0.02)

    def stats(self):
        out = subprocess.run([self.dump, self.path('run/stats')], check=True, capture_output=True)
        return json.loads(out.stdout)

    @staticmethod
    def total(stats, prefix):
        return sum(n for k, n in stats['counters'].items() if k.startswith(prefix))

    def at_rest(self):
        """Everything sent has come in and has left again (the sums of stats.h)."""
        s = self.stats()
        arrived = self.total(s, 'rx.')
        return arrived >= self.sent and \
            arrived + s['counters'].get('emitted', 0) == self.total(s, 'tx.') + s['sums']['drops']

    def settle(self):
        self.wait(self.at_rest, 'rest: rx + emitted == tx + drops')

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure('SIGTERM did not end the data plane') from None
        finally:
            self.process = None
            self.log.close()
        check(code == 0, f'the data plane {how_ended(code)}:\n{self.read_log()}')

    def out(self, side):
        return read_pcap(self.path(f'{SIDES[side]}.out.pcap'))

    def answers(self):
        """A socket is there before anybody listens, and after who listened was killed."""
        try:
            self.connect().close()
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def connect(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.settimeout(DEADLINE_S)
        s.connect(self.path('run/dataplane.sock'))
        return s

    def request(self, kind, arg=0, fds=(), version=WIRE_VERSION, raw=None, name='', addr=bytes(16), plen=0,
                value=0):
        """One request on a connection of its own: (reply as a dict, descriptor or None)."""
        with self.connect() as s:
            oob = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else []
            text = REQUEST.pack(version, kind, arg, name.encode(), addr, plen, value) if raw is None else raw
            s.sendmsg([text], oob)
            return receive(s)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        if self.own is not None:
            self.own.cleanup()


def receive(s):
    data, oob, _, _ = s.recvmsg(REPLY.size + 1, socket.CMSG_SPACE(4))
    check(len(data) == REPLY.size, f'a reply of {len(data)} bytes, not {REPLY.size}')
    reply = dict(zip(REPLY_FIELDS, REPLY.unpack(data)))
    for name in ('name', 'text'):
        reply[name] = reply[name].split(b'\0')[0].decode()
    fds = array.array('i')
    for _, _, payload in oob:
        fds.frombytes(payload[:4])
    return reply, (fds[0] if fds else None)


def main(tests):
    """Run the given functions; exit code as meson wants it."""
    failed = 0
    for test in tests:
        try:
            test()
            print(f'ok   {test.__name__}')
        except (Failure, OSError) as e:
            failed += 1
            print(f'FAIL {test.__name__}: {e}')
    return 1 if failed else 0
