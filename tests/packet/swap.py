#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The control socket, the program swap, what survives a restart, and messages at start."""
import fcntl
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile

from frames import BROADCAST, eth, get, udp_frame
from plane import BYPASS, DEADLINE_S, HELLO, LOAD, PROGRAM, REQUEST, WIRE_VERSION, Plane, check, main, receive

BUILTIN, DISK, LOADED = range(3)
F_ADD_SEALS, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE = 1033, 2, 4, 8
SILENT = ('net_null0,no-rx=1', 'net_null1,no-rx=1')
BYPASS_MAX_S = 86400
RING_SIZE = 512


def memfd(data, seal=True):
    fd = os.memfd_create('program', os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    if seal:
        fcntl.fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
    return fd


def running_program(p):
    reply, fd = p.request(PROGRAM)
    check(reply['error'] == 0 and fd is not None, f'no program: {reply}')
    with os.fdopen(fd, 'rb') as f:
        f.seek(0)
        return f.read()


def load(p, data, seal=True):
    fd = memfd(data, seal)
    try:
        return p.request(LOAD, fds=[fd])[0]
    finally:
        os.close(fd)


def refused(p, data, text, seal=True):
    before = p.request(HELLO)[0]
    reply = load(p, data, seal)
    check(reply['error'] != 0 and text in reply['text'], f'not refused with "{text}": {reply}')
    check(p.request(HELLO)[0] == before, 'a refused load changed something')


def hello_and_swap():
    with Plane(ports=SILENT, workers=2) as p:
        p.start()
        check('built-in' in p.read_log(), 'the built-in program was not announced')
        hello = p.request(HELLO)[0]
        check((hello['source'], hello['generation'], hello['nworkers']) == (BUILTIN, 0, 2), f'{hello}')
        check(hello['pid'] == p.process.pid and hello['name'] == 'builtin', f'{hello}')
        block = running_program(p)
        for generation in (1, 2, 3):
            reply = load(p, block)
            check((reply['error'], reply['generation'], reply['source']) == (0, generation, LOADED), f'{reply}')
            block = running_program(p)
            check(open(p.path('state/program.bin'), 'rb').read() == block, 'kept another program than runs')
        s = p.stats()
        check((s['generation'], s['source'], s['loads_rejected']) == (3, LOADED, 0), f'{s}')
        p.stop()
        check(not os.path.exists(p.path('run/dataplane.sock')), 'the socket outlived its process')


def bad_programs():
    with Plane(ports=SILENT) as p:
        p.start()
        block = running_program(p)
        flipped = bytearray(block)
        flipped[-1] ^= 1
        refused(p, bytes(flipped), 'checksum')
        refused(p, block[:-64], 'bytes')
        refused(p, block[:100], 'bytes')
        refused(p, b'x' * len(block), 'magic')
        refused(p, block, 'seal', seal=False)
        reply = p.request(LOAD)[0]
        check(reply['error'] != 0 and 'none' in reply['text'], f'{reply}')
        with open('/dev/null', 'rb') as f:
            reply = p.request(LOAD, fds=[f.fileno()])[0]
            check(reply['error'] != 0 and 'seal' in reply['text'], f'{reply}')
        check(p.stats()['loads_rejected'] >= 5, 'rejected loads were not counted')
        check(not os.path.exists(p.path('state/program.bin')), 'a refused program was kept')
        p.stop()


def bad_requests():
    with Plane(ports=SILENT) as p:
        p.start()
        for what, text in (((dict(kind=HELLO, version=WIRE_VERSION + 1)), 'version'), (dict(kind=99), 'unknown'),
                           (dict(kind=HELLO, raw=b'short'), 'bytes'), (dict(kind=HELLO, raw=b'l' * 100), 'bytes'),
                           (dict(kind=BYPASS, arg=BYPASS_MAX_S + 1), 'at most'),
                           (dict(kind=HELLO, fds=[0, 1]), 'one file descriptor')):
            reply = p.request(**what)[0]
            check(reply['error'] != 0 and text in reply['text'], f'{what}: {reply}')
        # Clients that say nothing, leave early or send much do not hold up the others.
        idle = [p.connect() for _ in range(8)]
        gone = p.connect()
        gone.send(REQUEST.pack(WIRE_VERSION, HELLO, 0, b'', bytes(16), 0, 0))
        gone.close()
        check(p.request(HELLO)[0]['error'] == 0, 'no answer beside idle clients')
        for s in idle:
            s.send(REQUEST.pack(WIRE_VERSION, HELLO, 0, b'', bytes(16), 0, 0))
        for s in idle:
            check(receive(s)[0]['error'] == 0, 'no answer to an idle client')
            s.close()
        p.stop()


TRACE, PEEK = 12, 13
# struct damp_trace_filter: version, three ends, port, code, sides .. reason, path, rule
FILTER = struct.Struct('=I16sI16sI16sIHHBBBBBB2x128s64s')


def trace_filter(version=1, bits=0, path_len=0, rule=b''):
    end = (bytes(16), 0)
    return FILTER.pack(version, bytes(16), bits, *end, *end, 0, 0xffff, 3, 0x3f, 0x3f, 0xff, path_len, 0, b'', rule)


def ask_with(p, data, seal=True, **how):
    fd = memfd(data, seal)
    try:
        reply, got = p.request(fds=[fd], **how)
    finally:
        os.close(fd)
    if got is not None:
        os.close(got)
    return reply, got is not None


def traces_and_questions():
    with Plane(ports=SILENT, workers=2) as p:
        p.start()
        me, other = b'me'.ljust(16, b'\0'), b'other'.ljust(16, b'\0')
        begin = dict(kind=TRACE, arg=3, value=5, addr=me)
        for what, data, text in ((begin, trace_filter(version=2), 'filter'), (begin, trace_filter()[:-1], 'filter'),
                                 (begin, trace_filter(bits=129), 'filter'), (begin, trace_filter(path_len=129), 'filter'),
                                 (begin, trace_filter(rule=b'x' * 64), 'filter'), (begin, trace_filter(rule=b'x'), 'rule'),
                                 (dict(begin, value=0), trace_filter(), 'keeps'),
                                 (dict(begin, value=100001), trace_filter(), 'keeps'),
                                 (dict(begin, arg=4), trace_filter(), 'every 3 s')):
            reply, _ = ask_with(p, data, **what)
            check(reply['error'] != 0 and text in reply['text'], f'{what}: {reply}')
        reply, _ = ask_with(p, trace_filter(), seal=False, **begin)
        check(reply['error'] != 0, f'a filter that can change: {reply}')
        check(ask_with(p, trace_filter(), **begin)[0]['error'] == 0, 'a sound filter is refused')
        reply, _ = ask_with(p, trace_filter(), **dict(begin, addr=other))
        check(reply['error'] != 0 and 'another trace' in reply['text'], f'two at once: {reply}')
        check(p.request(TRACE, arg=1, addr=other)[0]['error'] != 0, "another's trace goes on")
        check(p.request(TRACE, arg=0, addr=me)[0]['error'] == 0, 'it cannot be ended')
        check(ask_with(p, trace_filter(), **dict(begin, addr=other))[0]['error'] == 0, 'the next one is refused')

        check(p.request(PEEK)[0]['error'] != 0, 'a question without a frame')
        check(ask_with(p, b'x', kind=PEEK, value=2)[0]['error'] != 0, 'a side that is none')
        check(ask_with(p, bytes(65601), kind=PEEK)[0]['error'] != 0, 'a frame that is too long')
        before = p.stats()
        dice, good = random.Random(5), udp_frame('192.0.2.1', 40000, '198.51.100.1', 5683, get(1))
        for _ in range(1000):  # whatever it is, there is an answer
            frame = bytearray(good[:dice.randrange(1, len(good) + 1)] + dice.randbytes(dice.randrange(40)))
            for _ in range(dice.randrange(4)):
                frame[dice.randrange(len(frame))] = dice.randrange(256)
            reply, told = ask_with(p, bytes(frame), kind=PEEK, value=dice.randrange(2))
            check(reply['error'] == 0 and told, f'{bytes(frame).hex()}: {reply}')
        check(p.stats()['generation'] == before['generation'], 'it does not run on')
        p.stop()


def stream():
    """Frames that never end: CoAP cut short, and ARP, from both sides."""
    broken = [udp_frame('192.0.2.9', 1000 + i, '198.51.100.1', 5683, get(i)[:3]) for i in range(100)]
    return broken, [eth(0x0806, bytes(28), dst=BROADCAST)] * 100


def arrive(p, n):
    """Wait until n more packets have come in, however long the worker is kept from its core."""
    end = p.total(p.stats(), 'rx.') + n
    p.wait(lambda: p.total(p.stats(), 'rx.') >= end, f'{n} packets more')


def grows(p, name):
    """Does this counter move while packets come in?"""
    before = p.stats()['counters'].get(name, 0)
    arrive(p, 5000)
    return p.stats()['counters'].get(name, 0) > before


def bypass():
    with Plane(frames=stream(), endless=True) as p:
        p.start()
        check(not grows(p, 'reason.outside.bypass'), 'bypass without a request')
        check(p.request(BYPASS, 60)[0]['error'] == 0, 'bypass refused')
        p.wait(lambda: not grows(p, 'reason.outside.coap_short'), 'bypass')
        check(grows(p, 'reason.outside.bypass'), 'packets are not counted as bypassed')
        check(p.request(BYPASS, 0)[0]['error'] == 0, 'end of bypass refused')
        p.wait(lambda: not grows(p, 'reason.outside.bypass'), 'end of the bypass')
        check(grows(p, 'reason.outside.coap_short'), 'no judgement after the bypass')
        p.request(BYPASS, 1)
        p.wait(lambda: 'bypass is over' in p.read_log(), 'end of the bypass by itself')
        p.wait(lambda: not grows(p, 'reason.outside.bypass'), 'end of the bypass after its time')
        p.stop()
        check('unjudged' in p.read_log() and 'ended by request' in p.read_log(), 'bypass was not announced')


def swap_under_load():
    """Programs change while packets pass: none is lost, every one is counted once."""
    with Plane(frames=stream(), endless=True, workers=2) as p:
        p.start()
        block = running_program(p)
        for generation in range(1, 41):
            reply = load(p, block)
            check((reply['error'], reply['generation']) == (0, generation), f'{reply}')
            arrive(p, 500)
        p.stop()
        s = p.stats()
        c = s['counters']
        arrived = p.total(s, 'rx.')
        lost = arrived + c.get('emitted', 0) - p.total(s, 'tx.') - s['sums']['drops']
        check(arrived > 10000, f'only {arrived} packets')
        # Stopped in full flight: what lay in the rings between the workers is all that may be missing.
        check(0 <= lost <= 4 * RING_SIZE, f'{lost} of {arrived} packets are not accounted for: {s}')
        check(not any(n in c for n in ('reason.outside.bug', 'reason.inside.bug')), f'{c}')


def restart():
    with tempfile.TemporaryDirectory(prefix='damper-') as d:
        with Plane(ports=SILENT, directory=d) as p:
            p.start()
            load(p, running_program(p))
            load(p, running_program(p))
            block = running_program(p)
            p.stop()
        secret = open(os.path.join(d, 'state/secret'), 'rb').read()
        check(len(secret) == 16 and os.stat(os.path.join(d, 'state/secret')).st_mode & 0o777 == 0o600, 'secret')
        with Plane(ports=SILENT, directory=d) as p:
            p.start()
            hello = p.request(HELLO)[0]
            check((hello['source'], hello['generation']) == (DISK, 2), f'{hello}')
            check(running_program(p) == block, 'another program after the restart')
            p.stop()
        check(open(os.path.join(d, 'state/secret'), 'rb').read() == secret, 'the secret changed')
        with open(os.path.join(d, 'state/program.bin'), 'r+b') as f:
            f.seek(len(block) // 2)
            f.write(b'\xff' * 8)
        with Plane(ports=SILENT, directory=d) as p:
            p.start()
            check(p.request(HELLO)[0]['source'] == BUILTIN, 'a damaged program runs')
            check('program.bin' in p.read_log() and 'built-in' in p.read_log(), 'not announced')
            p.stop()


def second_plane():
    with Plane(ports=SILENT) as p:
        p.start()
        with Plane(ports=SILENT, directory=p.dir) as q:
            out = subprocess.run([a.replace('damper-test-', 'damper-second-') for a in q.command()],
                                 capture_output=True, text=True, timeout=60)
            check(out.returncode != 0 and 'another data plane runs' in out.stderr, out.stderr)
        check(p.request(HELLO)[0]['error'] == 0, 'the first one was disturbed')
        p.stop()


def telemetry():
    with Plane(ports=SILENT, workers=2) as p:
        p.start()
        base = '/var/run/dpdk' if os.geteuid() == 0 else os.path.join(os.environ.get('XDG_RUNTIME_DIR', p.dir), 'dpdk')
        path = os.path.join(base, f'damper-test-{os.getpid()}', 'dpdk_telemetry.v2')
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(DEADLINE_S)
            s.connect(path)
            s.recv(1024)
            answers = {}
            for name in ('status', 'reasons', 'rules,0', 'workers', 'tables'):
                s.send(f'/damper/{name}'.encode())
                answers[name] = json.loads(s.recv(16384))[f'/damper/{name.split(",")[0]}']
        check(answers['status']['source'] == 'builtin' and answers['status']['workers'] == 2, f'{answers}')
        check(set(answers['workers']) == {'worker_0', 'worker_1'}, f'{answers}')
        check(answers['tables']['ledger']['capacity'] >= 65536, f'{answers}')
        check(answers['rules,0']['slots'] == 1, f'{answers}')
        p.stop()


def start_fails(text, change, **plane):
    with Plane(ports=SILENT, **plane) as p:
        command = change(p, p.command())
        out = subprocess.run(command, capture_output=True, text=True, timeout=60)
        own = [line for line in out.stderr.splitlines() if line.startswith('damper-dataplane: ')]
        check(out.returncode != 0 and any(text in line for line in own), f'"{text}" not said:\n{out.stderr}')


def rewrite(old, new):
    def change(p, command):
        with open(p.path('plane.conf'), encoding='ascii') as f:
            text = f.read()
        check(old in text, f'{old} is not in the settings')
        with open(p.path('plane.conf'), 'w', encoding='ascii') as f:
            f.write(text.replace(old, new))
        return command
    return change


def messages_at_start():
    start_fails('there are: net_null0, net_null1', rewrite('outside = net_null0', 'outside = eth7'))
    start_fails('same device', rewrite('inside = net_null1', 'inside = net_null0'))
    start_fails(':5: unknown key "cuont" in [workers]; known are count, idle', rewrite('count', 'cuont'))
    start_fails(':4: unknown section [worker]', rewrite('[workers]', '[worker]'))
    start_fails('"12" is not a number from', rewrite('mtu = 1500', 'mtu = 12'))
    start_fails('given twice', rewrite('mtu = 1500', 'mtu = 1500\nmtu = 1500'))
    start_fails('needs both', rewrite('inside = net_null1', ''))
    start_fails('is neither poll, pause nor sleep', rewrite('idle = sleep', 'idle = nap'))
    start_fails('number of entries', rewrite('ledger = 64k', 'ledger = lots'))
    start_fails('no memory for the tables', rewrite('ledger = 64k', 'ledger = 400M'))
    start_fails('no memory for 4000000 packet buffers', rewrite('[packets]', '[packets]\nbuffers = 4000000'))
    start_fails('needs as many lcores', rewrite('count = 1', 'count = 3'))
    start_fails('No such file', lambda p, c: [a.replace('plane.conf', 'none.conf') for a in c])
    start_fails('choose another with --runtime-dir', lambda p, c: [a.replace('/run', '/no/such') for a in c])
    if not any(int(open(f'/sys/kernel/mm/hugepages/{d}/free_hugepages').read())
               for d in os.listdir('/sys/kernel/mm/hugepages')):
        start_fails('--no-huge -m 512', lambda p, c: [a for a in c if a not in ('--no-huge', '-m', '512')])


def auto_workers():
    """As many workers as lcores beside the main one; the start says why."""
    p = Plane(ports=SILENT, workers=2)
    with open(p.path('plane.conf'), encoding='ascii') as f:
        text = f.read()
    with open(p.path('plane.conf'), 'w', encoding='ascii') as f:
        f.write(text.replace('count = 2', 'count = auto').replace('idle = sleep', 'idle = pause'))
    with p:
        p.start()
        check(p.request(HELLO)[0]['nworkers'] == 2, p.read_log())
        check('2 workers: 2 lcores beside the main one' in p.read_log(), f'not explained:\n{p.read_log()}')
        p.stop()


def without_eal():
    with Plane(ports=SILENT) as p:
        for args, text in ((['--version'], 'damper-dataplane '), (['--help'], '[packets]'),
                           (['--check-config', '--config', p.path('plane.conf')], 'tables: ')):
            out = subprocess.run([p.binary, *args], capture_output=True, text=True, timeout=60)
            check(out.returncode == 0 and text in out.stdout, f'{args}: {out}')
        out = subprocess.run([p.binary, '--config', 'x'], capture_output=True, text=True, timeout=60)
        check(out.returncode == 2 and '--help' in out.stderr, f'{out}')


if __name__ == '__main__':
    sys.exit(main((hello_and_swap, bad_programs, bad_requests, traces_and_questions, bypass, swap_under_load,
                   restart, second_plane, telemetry, messages_at_start, auto_workers, without_eal)))
