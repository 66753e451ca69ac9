#!/usr/bin/env python3
"""ci_runs.py KIND SEED [LINE]: the log of one run of a CI job, on stdout.

Two seeds give two good runs of the same job: other times, ids, ports, temporary names, durations,
sizes, machines' addresses, and what runs in parallel in another order. LINE is put somewhere into it.
Kinds: make, pytest, go, java, app (JSON in docker's format), logfmt, syslog.
"""
import json
import random
import string
import sys
import time

r = random.Random(int(sys.argv[2]) * 7919 + 3)
start = 1_767_600_000 + r.randrange(200 * 86400)
clock = float(start)


def tick(most=0.5):
    global clock
    clock += r.random() * most
    return clock


def text(layout, at=None):
    return time.strftime(layout, time.gmtime(at or clock))


def iso():
    return text("%Y-%m-%dT%H:%M:%S") + ".%09dZ" % r.randrange(10**9)


def log4j():
    return text("%Y-%m-%d %H:%M:%S") + ",%03d" % r.randrange(1000)


def hexa(n):
    return "%0*x" % (n, r.randrange(16**n))


def word(n):
    return "".join(r.choice(string.ascii_lowercase + string.digits) for _ in range(n))


def uuid():
    return "-".join(hexa(n) for n in (8, 4, 4, 4, 12))


def ip():
    return "10.%d.%d.%d" % (r.randrange(256), r.randrange(256), r.randrange(1, 255))


def port():
    return r.randrange(1024, 65536)


def took():
    ns = r.choice([900, 45_000, 12_000_000, 870_000_000, 3_200_000_000, 75_000_000_000])
    ns = int(ns * (0.5 + r.random()))
    if ns < 1_000:
        return "%dns" % ns
    if ns < 1_000_000:
        return "%.1fµs" % (ns / 1e3)
    if ns < 1_000_000_000:
        return "%dms" % (ns // 1_000_000)
    if ns < 60_000_000_000:
        return "%.2fs" % (ns / 1e9)
    return "%dm%ds" % (ns // 60_000_000_000, ns // 1_000_000_000 % 60)


def shuffled(things):
    things = list(things)
    r.shuffle(things)
    return things


MODULES = ["base/hash", "base/time", "io/file", "io/watch", "net/client", "net/server", "query/lexer",
           "query/parser", "store/index", "store/wal", "tool/main"]
TESTS = ["reads_empty", "reads_full", "error_path", "fails_on_bad_input", "roundtrip", "timeout_zero",
         "many_threads", "unicode"]


def make():
    yield "Runner version: '2.%d.%d'" % (r.randrange(300, 330), r.randrange(9))
    yield "Machine name: 'fv-az%d-%d'" % (r.randrange(2000), r.randrange(999))
    yield text("%a %b %e %H:%M:%S UTC %Y")
    yield "HEAD is now at %s fix the build" % hexa(7)
    yield "-- Build files have been written to: /tmp/build-%s" % word(8)
    order = shuffled(MODULES)
    for i, module in enumerate(order):
        done = 100 * (i + 1) // len(order)
        yield "[%3d%%] Building CXX object src/CMakeFiles/app.dir/%s.cc.o" % (done, module)
        if module == "net/client":
            yield "src/net/client.cc:%d:%d: warning: unused parameter 'flags' [-Wunused-parameter]" % (
                r.randrange(10, 900), r.randrange(1, 80))
    yield "\x1b[32m\x1b[1mLinking CXX executable app\x1b[0m"
    yield "[100%] Built target app"
    yield "%d files, %.1f %s in /tmp/tmp.%s" % (r.randrange(100, 999), r.random() * 900,
                                             r.choice(["KB", "MB"]), word(10))
    yield "real\t%dm%.3fs" % (r.randrange(9), r.random() * 60)
    yield "make: Leaving directory '/tmp/build-%s'" % word(8)


def pytest():
    yield "=" * 29 + " test session starts " + "=" * 30
    yield "platform linux -- Python 3.11.%d, pytest-7.2.%d, pluggy-1.0.0" % (r.randrange(9), r.randrange(5))
    yield "rootdir: /tmp/pytest-of-runner/pytest-%d/work" % r.randrange(99)
    yield "plugins: xdist-3.%d.0, cov-4.0.0" % r.randrange(9)
    names = [(m, t) for m in MODULES[:5] for t in TESTS]
    for i, (module, test) in enumerate(shuffled(names)):
        yield "[gw%d] [%3d%%] PASSED tests/test_%s.py::test_%s" % (
            r.randrange(4), 100 * (i + 1) // len(names), module.replace("/", "_"), test)
    yield "tests/test_io.py::test_tmp - wrote %d bytes to /tmp/tmp%s/out" % (r.randrange(10**6), word(8))
    yield "slowest: %.2fs call tests/test_net.py::test_slow" % (r.random() * 30)
    summary = " %d passed, 0 failed in %.2fs " % (len(names), r.random() * 200)
    yield summary.center(79, "=")


def go():
    for i, module in enumerate(shuffled(MODULES)):
        for test in shuffled(TESTS):
            name = "Test" + "".join(p.title() for p in test.split("_"))
            yield "=== RUN   %s" % name
            if test == "timeout_zero":
                yield "    %s_test.go:%d: listening on 127.0.0.1:%d" % (
                    module.split("/")[1], r.randrange(10, 300), port())
            yield "--- PASS: %s (%.2fs)" % (name, r.random() * 3)
        yield "ok  \texample.com/app/%s\t%.3fs\tcoverage: %.1f%% of statements" % (
            module, r.random() * 9, r.random() * 100)
    yield "WORK=/tmp/go-build%d" % r.randrange(10**10)


def java():
    for _ in range(40):
        tick()
        thread = "[pool-%d-thread-%d]" % (r.randrange(1, 5), r.randrange(1, 20))
        yield "%s INFO  %s c.e.app.Worker@%s - job %s done in %d ms" % (
            log4j(), thread, hexa(8), uuid(), r.randrange(5000))
        if r.random() < 0.3:
            yield "%s WARN  %s c.e.app.Retry - attempt %d to %s:%d" % (
                log4j(), thread, r.randrange(1, 5), ip(), port())
        if r.random() < 0.3:
            yield "java.net.SocketTimeoutException: connect to %s:%d took longer than %s" % (
                ip(), port(), took())
            for frame in ("java.net.Socket.connect(Socket.java:%d)", "c.e.app.Client.open(Client.java:%d)",
                          "c.e.app.Client$$Lambda$%d/0x" + hexa(12) + ".run(Unknown Source)",
                          "jdk.proxy2.$Proxy%d.get(Unknown Source)"):
                yield "\tat " + frame % r.randrange(20, 900)
            yield "\t... %d more" % r.randrange(3, 40)
    yield "Tests run: %d, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: %.3f s" % (
        r.randrange(20, 90), r.random() * 9)


def records():
    for _ in range(60):
        tick()
        one = {"time": iso(), "level": "info", "msg": "request done", "trace_id": hexa(32),
               "path": "/api/v1/items/%d" % r.randrange(10**5), "status": r.choice([200, 200, 204, 304]),
               "took": took(), "remote": "%s:%d" % (ip(), port()), "bytes": r.randrange(10**6)}
        kind = r.random()
        if kind < 0.2:
            one = {"time": iso(), "level": "debug", "msg": "cache miss for key %s after %s" % (uuid(), took()),
                   "pod": "api-%s-%s" % (hexa(9), "".join(r.choice("bcdfghjklmnpqrstvwxz2456789")
                                                            for _ in range(5)))}
        elif kind < 0.3:
            one = {"time": iso(), "level": "error", "msg": "upstream %s:%d closed" % (ip(), port()),
                   "error": "read tcp %s:%d->%s:%d: connection reset by peer" % (ip(), port(), ip(), port())}
        yield one


def app():
    for one in records():
        yield json.dumps(one, separators=(",", ":"), ensure_ascii=False)


def logfmt():
    for one in records():
        pairs = ((k, json.dumps(v) if isinstance(v, str) and " " in v else v) for k, v in one.items())
        yield " ".join("%s=%s" % pair for pair in pairs)


def syslog():
    for _ in range(60):
        tick(20000)
        head = text("%b %e %H:%M:%S") + " ci-host "
        yield head + r.choice([
            "sshd[%d]: Accepted publickey for runner from %s port %d ssh2: RSA SHA256:%s" % (
                r.randrange(10**5), ip(), port(), "k" + hexa(20)),
            "systemd[1]: Started Session %d of user runner." % r.randrange(999),
            "kernel: [%5d.%06d] eth0: link becomes ready, mac %s" % (
                r.randrange(10**5), r.randrange(10**6), ":".join(hexa(2) for _ in range(6))),
            "dockerd[%d]: time=\"%s\" level=info msg=\"shim %s reaped\" id=%s" % (
                r.randrange(10**5), iso(), hexa(12), hexa(64))])


lines = list({"make": make, "pytest": pytest, "go": go, "java": java, "app": app, "logfmt": logfmt,
              "syslog": syslog}[sys.argv[1]]())
if len(sys.argv) > 3:
    lines.insert(r.randrange(len(lines)), sys.argv[3])
sys.stdout.write("\n".join(lines) + "\n")
