"""Makes a tree of container logs as a node with Docker has it: the corpus of scripts/bench.

    python3 corpus.py DIR BYTES     BYTES of log text, in DIR/pods and DIR/containers

The same BYTES give the same tree. The lines are of eight programs, in the proportions of a small
cluster; one line of all has the words "needle-5d1c0ffee".
"""

import hashlib
import json
import multiprocessing
import os
import random
import sys
import time

START = 1767571200 * 10**9  # 2026-01-05T00:00:00Z

# namespace, container, share of the text
PODS = [
    ("default", "nginx", 22), ("default", "api", 14), ("default", "worker", 6),
    ("shop", "nginx", 9), ("shop", "checkout", 8), ("shop", "catalog", 5), ("shop", "redis", 1),
    ("payments", "ledger", 9), ("payments", "gateway", 5), ("payments", "worker", 3),
    ("search", "indexer", 6), ("search", "api", 4),
    ("kube-system", "coredns", 3), ("kube-system", "kube-proxy", 2), ("kube-system", "sshd", 3),
]
KIND = {"nginx": "access", "gateway": "access", "api": "logfmt", "checkout": "logfmt",
        "catalog": "logfmt", "worker": "json", "indexer": "json", "ledger": "java",
        "redis": "redis", "coredns": "dns", "kube-proxy": "klog", "sshd": "sshd"}
WORDS = ("order cart session invoice payment user product index batch cache token shard replica "
         "queue ledger quota").split()
PATHS = ["/", "/cart", "/cart/items", "/checkout", "/api/session", "/static/app.css",
         "/static/app.js", "/search?q=lamp", "/search?q=chair", "/health"]
AGENTS = ["Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
          "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5",
          "kube-probe/1.32", "curl/7.88.1"]


def maker(kind, r):
    """A function from a time in ns to a line."""
    n, pick = r.randrange, r.choice
    ips = [f"10.{n(256)}.{n(256)}.{n(1, 255)}" for _ in range(400)]
    cached = {}

    def stamp(ns, layout):  # one text a second is enough
        second = ns // 10**9
        if cached.get("s") != second:
            cached["s"], cached["t"] = second, time.strftime(layout, time.gmtime(second))
        return cached["t"]

    def access(ns):
        status = pick((200, 200, 200, 200, 200, 200, 304, 304, 404, 502))
        return (f'{pick(ips)} - - [{stamp(ns, "%d/%b/%Y:%H:%M:%S +0000")}] "{pick(("GET", "GET", "POST"))} '
                f'{pick(PATHS)} HTTP/1.1" {status} {n(60000)} "-" "{pick(AGENTS)}" 0.{n(1000):03d}')

    def logfmt(ns):
        if n(50) == 0:
            return (f'level=error msg="upstream failed" request_id={n(2**48):012x} peer={pick(ips)}:{n(1024, 65536)} '
                    f'err="connection {pick(("reset", "refused"))} by peer" attempt={n(1, 5)}')
        return (f'level={pick(("info", "info", "info", "debug", "warn"))} msg="{pick(WORDS)} {pick(("loaded", "stored", "sent"))}" '
                f'request_id={n(2**48):012x} {pick(WORDS)}={n(10**6)} duration_ms={n(400)}')

    def as_json(ns):
        return (f'{{"level":"{pick(("info", "info", "info", "error"))}","component":"{pick(WORDS)}","msg":"{pick(WORDS)} '
                f'{n(10**5)} {pick(("done", "queued", "retried"))}","id":"{n(2**32):08x}-{n(2**16):04x}","took":{n(10**4) / 1000},"host":"{pick(ips)}"}}')

    def java(ns):
        if n(80) == 0:
            return f"\tat example.ledger.{pick(WORDS).title()}.{pick(WORDS)}({pick(WORDS).title()}.java:{n(20, 900)})"
        return (f'{stamp(ns, "%Y-%m-%d %H:%M:%S")},{ns // 10**6 % 1000:03d} {pick(("INFO ", "INFO ", "INFO ", "WARN ", "ERROR"))} '
                f'[pool-{n(1, 9)}-thread-{n(1, 33)}] example.ledger.{pick(WORDS).title()}Service - {pick(WORDS)} {n(10**6)} booked on account {n(10**8):08d}')

    def redis(ns):
        return f'1:M {stamp(ns, "%d %b %Y %H:%M:%S")}.{ns // 10**6 % 1000:03d} * {n(1, 10000)} changes in 300 seconds. Saving...'

    def dns(ns):
        return (f'[INFO] {pick(ips)}:{n(1024, 65536)} - {n(65536)} "A IN {pick(WORDS)}.{pick(WORDS)}.svc.cluster.local. '
                f'udp 63 false 1232" NOERROR qr,aa,rd 124 0.000{n(10**6):06d}s')

    def klog(ns):
        return f'I0105 {stamp(ns, "%H:%M:%S")}.{ns // 1000 % 10**6:06d}       1 proxier.go:{n(100, 2000)}] "Syncing rules" {pick(WORDS)}={n(5000)} elapsed="{n(1000)}ms"'

    def sshd(ns):
        return (f'{stamp(ns, "%b %e %H:%M:%S")} node-1 sshd[{n(300, 32768)}]: {pick(("Failed password for invalid user", "Failed password for", "Accepted publickey for"))} '
                f'{pick(("root", "admin", "deploy", "oracle"))} from {pick(ips)} port {n(1024, 65536)} ssh2')

    return {"access": access, "logfmt": logfmt, "json": as_json, "java": java, "redis": redis,
            "dns": dns, "klog": klog, "sshd": sshd}[kind]


def make(job):
    root, number, namespace, container, size = job
    r = random.Random(number)
    digest = hashlib.sha256(f"{namespace}/{container}/{number}".encode()).hexdigest()
    pod = f"{container}-{digest[:9]}-{digest[9:14]}"
    uid = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
    folder = f"{root}/containers/{digest}"
    os.makedirs(folder)
    line_of = maker(KIND[container], r)
    now = START + r.randrange(10**9)
    step = 2 * int(1800e9 * 120 / size)  # half an hour in all, at 120 bytes a line
    needle_at = size // 2 if number == 1 else -1
    written = 0
    out = []
    with open(f"{folder}/{digest}-json.log", "w") as f:
        while written < size:
            now += r.randrange(1, step)
            line = line_of(now)
            if 0 <= needle_at <= written:
                line += " needle-5d1c0ffee"
                needle_at = -1
            written += len(line) + 1
            seconds, ns = divmod(now, 10**9)
            stream = "stderr" if "rror" in line else "stdout"
            out.append(f'{{"log":{json.dumps(line)[:-1]}\\n","stream":"{stream}","time":"')
            out.append(f'{moment(seconds)}.{ns:09d}Z"}}\n')
            if len(out) > 20000:
                f.write("".join(out))
                out.clear()
        f.write("".join(out))
    place = f"{root}/pods/{namespace}_{pod}_{uid}/{container}"
    os.makedirs(place)
    os.symlink(f"../../../containers/{digest}/{digest}-json.log", f"{place}/0.log")


MOMENTS = {}


def moment(seconds):
    text = MOMENTS.get(seconds)
    if text is None:
        text = MOMENTS[seconds] = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return text


def main():
    root, total = sys.argv[1], int(sys.argv[2])
    shares = sum(share for _, _, share in PODS)
    jobs = [(root, i + 1, namespace, container, max(1, total * share // shares))
            for i, (namespace, container, share) in enumerate(PODS)]
    with multiprocessing.Pool() as pool:
        for _ in pool.imap_unordered(make, sorted(jobs, key=lambda j: -j[4]), chunksize=1):
            pass


if __name__ == "__main__":
    main()
