"""The rows of scripts/bench about servers: glp-store serve over HTTP, and a Loki beside it.

Of a server are measured its CPU seconds, its RSS and what its clients wait for; each number of glp
stands beside what it should be.
"""

import base64
import http.client
import os
import re
import resource
import shlex
import socket
import subprocess
import time
import urllib.parse
import urllib.request

TAILS = 1000
NS = 10**9


class Server:
    """glp-store serve on a folder; Loki's class in bench.py has the same."""

    def __init__(self, folder):
        self.words = f"{folder}.words"
        start = time.monotonic()
        with open(self.words, "w") as words:
            self.child = subprocess.Popen(
                ["glp-store", "serve", "--dir", folder, "--listen", "127.0.0.1:0"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=words)
        self.url = self.wait_until_ready()
        self.ready_ms = (time.monotonic() - start) * 1e3

    def wait_until_ready(self):
        while self.child.poll() is None:
            with open(self.words) as words:
                found = re.search(r"listening on (http://\S+)", words.read())
            if found:
                urllib.request.urlopen(found[1] + "/ready", timeout=10).read()
                return found[1]
            time.sleep(0.001)
        with open(self.words) as words:
            raise RuntimeError(f"glp-store serve did not start: {words.read()}")

    def stop(self):
        self.child.terminate()
        self.child.wait()


def status_mb(server, key):
    with open(f"/proc/{server.child.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key)) / 1024


def cpu_s(server):
    with open(f"/proc/{server.child.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settled_mb(server):
    """RSS when it does not change any more."""
    before = status_mb(server, "VmRSS")
    for _ in range(50):
        time.sleep(0.2)
        now = status_mb(server, "VmRSS")
        if abs(now - before) < 0.1:
            break
        before = now
    return now


def pushed_mb(server):
    """Of text that the server took, by its own count."""
    with urllib.request.urlopen(server.url + "/metrics") as metrics:
        text = metrics.read().decode()
    counters = "glp_store_push_bytes_total|loki_distributor_bytes_received_total"
    found = re.findall(rf"^(?:{counters})\S* (\S+)", text, re.M)
    return sum(map(float, found)) / 1e6


def open_tail(server, query):
    address = urllib.parse.urlsplit(server.url)
    client = socket.create_connection((address.hostname, address.port), timeout=30)
    key = base64.b64encode(os.urandom(16)).decode()
    path = "/loki/api/v1/tail?" + urllib.parse.urlencode({"query": query})
    client.sendall((f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\n"
                    f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                    "Sec-WebSocket-Version: 13\r\n\r\n").encode())
    answer = client.recv(4096)
    if b" 101 " not in answer.split(b"\r\n", 1)[0]:
        client.close()
        raise RuntimeError(f"a tail was refused: {answer[:200]!r}")
    return client


def tails_mb(server):
    """How much RSS grows with TAILS connections that nothing is sent to; nothing if refused."""
    before = settled_mb(server)
    clients = []
    try:
        for _ in range(TAILS):
            clients.append(open_tail(server, '{app="nobody"}'))
        return settled_mb(server) - before
    except (OSError, RuntimeError):
        return None
    finally:
        for client in clients:
            client.close()


def answer_ms(server, query, ends, extra):
    """The best of several answers over one connection."""
    address = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=120)
    path = "/loki/api/v1/query_range?" + urllib.parse.urlencode(
        dict(extra, query=query, start=ends[0], end=ends[1]))
    best = None
    for _ in range(10):
        start = time.monotonic()
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        wall = time.monotonic() - start
        if response.status != 200:
            raise RuntimeError(f"{query}: {response.status} {body[:200]!r}")
        best = min(best or wall, wall)
    connection.close()
    return best * 1e3


def folder_ms(store, query, ends, extra):
    """The same by a process that opens the folder."""
    command = ["glp-query", "-q", "-s", store, "-o", "loki"]
    command += ["--from", str(ends[0]), "--to", str(ends[1])]
    for name, value in extra.items():
        command += [f"--{name}", str(value)]
    best = None
    for _ in range(10):
        start = time.monotonic()
        subprocess.run(command + ["--", query], stdout=subprocess.DEVNULL, check=False)
        wall = time.monotonic() - start
        best = min(best or wall, wall)
    return best * 1e3


class Rows:
    def __init__(self):
        self.lines = [f"{'servers, over HTTP':34}{'glp':>10}{'asked':>12}{'loki':>10}"]

    def add(self, title, got, asked, loki=None, digits=1):
        def cell(value, width):
            return f"{value:>{width}.{digits}f}" if value is not None else f"{'-':>{width}}"
        self.lines.append(f"{title:34}{cell(got, 10)}{asked:>12}{cell(loki, 10)}")


def push_row(rows, bench):
    server = Server(f"{bench.work}/pushed")
    kept = f"{bench.work}/records"
    try:
        subprocess.run(["bash", "-o", "pipefail", "-c", f"{bench.records} >{kept}"], check=True)
        mb_a_second = []
        loki = [bench.loki] if bench.loki else []
        for one in [server] + loki:
            before, taken = cpu_s(one), pushed_mb(one)
            url = shlex.quote(one.url + "/loki/api/v1/push")
            subprocess.run(["bash", "-c", f"glp-push --external-label bench=http --url {url} <{kept}"],
                           check=True, stderr=subprocess.DEVNULL)
            mb_a_second.append((pushed_mb(one) - taken) / max(cpu_s(one) - before, 0.01))
        rows.add("push: MB of text a CPU s", mb_a_second[0], ">= 80", *mb_a_second[1:])
        rows.add("push: RSS at most, MB", status_mb(server, "VmHWM"), "<= 200",
                 *[status_mb(one, "VmHWM") for one in loki])
    finally:
        os.remove(kept)
        server.stop()


def query_rows(rows, bench, server):
    # The hour of the corpus, as bench.py asks a Loki.
    first = 1767571200
    ends = (first * NS, (first + 3600) * NS)
    container = "openssh" if "openssh" in bench.containers else sorted(bench.containers)[0]
    for title, query, extra in (
            ("last 1000 of a selector", f'{{container="{container}"}}', {"limit": 1000}),
            ("|= needle of none", '{namespace=~".+"} |= "needle-that-is-not-there"', {"limit": 1000}),
            ("counts by minute", 'sum by (namespace) (count_over_time({namespace=~".+"}[1m]))',
             {"step": "60s"})):
        folder = folder_ms(bench.store, query, ends, extra)
        over_http = answer_ms(server, query, ends, extra)
        rows.add(f"{title}, ms", over_http, f"<= {folder + 2:.1f}",
                 answer_ms(bench.loki, query, ends, extra) if bench.loki else None)


def load_rows(rows, bench):
    """scripts/load for ten seconds."""
    if not bench.has("wrk"):
        return
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "load")
    run = subprocess.run([script, "10", "--bin", bench.options.bin], capture_output=True, text=True,
                         check=False)
    found = re.search(r"([\d.]+) MB/s of text, ([\d.]+) CPU seconds of the server, (\d+) MB", run.stdout)
    if run.returncode not in (0, 1) or not found:
        raise RuntimeError(f"scripts/load: {run.stderr}")
    rows.add("wrk, 64 connections: MB/s", float(found[1]), "")
    rows.add("wrk: RSS at most, MB", float(found[3]), "<= 200")
    rows.add("wrk: errors, lines lost", run.returncode, "0", digits=0)


def measure(bench):
    """REQUIRES: the store of `bench`, compacted, and its Loki, if there is one, with the same."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 16384), most))
    rows = Rows()
    push_row(rows, bench)
    ready = []
    for _ in range(5):
        server = Server(bench.store)
        ready.append(server.ready_ms)
        server.stop()
    rows.add("ready after, ms", min(ready), "<= 50")
    server = Server(bench.store)
    try:
        rows.add("RSS idle, MB", settled_mb(server), "<= 60",
                 settled_mb(bench.loki) if bench.loki else None)
        rows.add(f"{TAILS} idle tails, MB more", tails_mb(server), "<= 50",
                 tails_mb(bench.loki) if bench.loki else None)
        query_rows(rows, bench, server)
    finally:
        server.stop()
    load_rows(rows, bench)
    return rows.lines
