"""The measuring of scripts/bench, whose head says what it does.

Each row runs as `bash -o pipefail -c …`; the kernel's accounts of that shell and of everything it
waited for are the row's numbers.
"""

import argparse
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import bench_http

NEEDLE = "needle-5d1c0ffee"
RSS_FILE = tempfile.mktemp(prefix="glp-bench-")
PATH_REGEX = (r"pods/(?P<namespace>[^_/]+)_(?P<pod>[^_/]+)_[^/]+/(?P<container>[^/]+)/")

PROMTAIL = """\
server:
  disable: true
clients:
  - url: {url}
scrape_configs:
  - job_name: stdin
    static_configs:
      - labels:
          job: stdin
    pipeline_stages:
      - docker: {{}}
"""


def die(message):
    sys.exit(f"bench: {message}")


def note(message):
    print(f"bench: {message}", file=sys.stderr, flush=True)


def size_of(text):
    units = {"K": 10**3, "M": 10**6, "G": 10**9}
    unit = text[-1:].upper()
    try:
        return int(float(text[:-1]) * units[unit]) if unit in units else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 64M or 1G")


class Row:
    def __init__(self, who, cpu, wall, rss, note=""):
        self.who, self.cpu, self.wall, self.rss, self.note = who, cpu, wall, rss, note


def run(who, command, rounds=1, expect=(0,), note_text=""):
    """The best of `rounds` runs of a shell command, its output thrown away."""
    best = None
    for _ in range(rounds):
        # Through time(1) for the RSS: a child of this process would begin with Python's.
        start = time.monotonic()
        child = subprocess.Popen(["/usr/bin/time", "-q", "-f", "%M", "-o", RSS_FILE,
                                  "bash", "-o", "pipefail", "-c", command],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE)
        words = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        code = os.waitstatus_to_exitcode(status)
        child.returncode = code
        if code not in expect:
            die(f"{who}: exit {code}: {command}\n{words.decode(errors='replace')[-2000:]}")
        with open(RSS_FILE) as f:
            rss = int(f.read().split()[-1]) / 1024
        row = Row(who, usage.ru_utime + usage.ru_stime, wall, rss, note_text)
        if best is None or row.wall < best.wall:
            best = row
    return best


def folder_bytes(folder):
    return sum(os.lstat(os.path.join(at, name)).st_size
               for at, _, names in os.walk(folder) for name in names)


class Table:
    def __init__(self):
        self.groups = []

    def add(self, title, rows):
        self.groups.append((title, [row for row in rows if row]))
        for row in rows:
            if row:
                note(f"{title}: {row.who}: {row.wall:.3f} s")

    def show(self):
        print(f"{'':34}{'':14}{'CPU s':>9}{'wall s':>9}{'RSS MB':>9}{'CPU':>8}{'wall':>8}")
        for title, rows in self.groups:
            base = rows[0]
            for i, row in enumerate(rows):
                ratios = f"{'':8}{'':8}"
                if i > 0 and row.cpu is not None:
                    ratios = (f"{row.cpu / max(base.cpu, 1e-3):>7.1f}x"
                              f"{row.wall / max(base.wall, 1e-3):>7.1f}x")
                cells = f"{row.cpu:>9.3f}{row.wall:>9.3f}{row.rss:>9.1f}"
                print(f"{title if i == 0 else '':34}{row.who:14}{cells}{ratios}  {row.note}".rstrip())


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Loki:
    """A Loki on PATH, on a loopback port with its data in `folder`."""

    CONFIG = """\
auth_enabled: false
server:
  http_listen_address: 127.0.0.1
  http_listen_port: {port}
  grpc_listen_address: 127.0.0.1
  grpc_listen_port: 0
common:
  path_prefix: {folder}
  replication_factor: 1
  instance_addr: 127.0.0.1
  ring:
    kvstore:
      store: inmemory
  storage:
    filesystem:
      chunks_directory: {folder}/chunks
      rules_directory: {folder}/rules
schema_config:
  configs:
    - from: 2020-01-01
      store: tsdb
      object_store: filesystem
      schema: v13
      index:
        prefix: index_
        period: 24h
limits_config:
  reject_old_samples: false
  ingestion_rate_mb: 1024
  ingestion_burst_size_mb: 1024
  per_stream_rate_limit: 1GB
  per_stream_rate_limit_burst: 1GB
  max_query_length: 0
  max_entries_limit_per_query: 100000000
  max_concurrent_tail_requests: 2000
"""

    def __init__(self, folder):
        self.port = free_port()
        os.makedirs(folder)
        path = os.path.join(folder, "loki.yml")
        with open(path, "w") as f:
            f.write(self.CONFIG.format(port=self.port, folder=folder))
        self.child = subprocess.Popen(["loki", f"-config.file={path}", "-target=all"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_for("/ready")

    def wait_for(self, path):
        self.url = f"http://127.0.0.1:{self.port}"
        deadline = time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(self.url + path, timeout=2).read()
                return
            except (urllib.error.URLError, OSError):
                if time.monotonic() > deadline or self.child.poll() is not None:
                    self.stop()
                    raise RuntimeError(f"{self.child.args[0]} on PATH did not become ready")
                time.sleep(0.1)

    def cpu(self):
        with open(f"/proc/{self.child.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss(self):
        with open(f"/proc/{self.child.pid}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1024

    def measure(self, command, rounds=1, expect=(0,), who="loki"):
        """As run(), with the server's time in place of the client's."""
        before = self.cpu()
        row = run(who, command, rounds, expect)
        return Row(who, (self.cpu() - before) / rounds, row.wall, self.rss())

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(60)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


class Sink:
    """tests/sink_server of the build that is measured: takes all and keeps nothing."""

    def __init__(self, path):
        self.child = subprocess.Popen([path], stdout=subprocess.PIPE, text=True)
        self.port = int(self.child.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}/loki/api/v1/push"

    def stop(self):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()


def measure_push(table, options, has, glob, glp_pipe, work):
    """The pipe of a node to a server that costs nothing; of the server nothing is counted."""
    path = os.path.join(options.bin, "..", "tests", "sink_server")
    if not os.path.exists(path):
        note(f"no {path}: nothing to push to")
        return
    sink = Sink(path)
    try:
        with open(f"{work}/push.yml", "w") as f:
            f.write(PROMTAIL.format(url=sink.url))
        fluent = (f"fluent-bit -q -R {work}/parsers.conf -i tail -p {shlex.quote('path=' + glob)} "
                  "-p read_from_head=true -p exit_on_eof=true -p parser=docker "
                  f"-o loki -m '*' -p host=127.0.0.1 -p port={sink.port} -p line_format=json")
        table.add("tail | parse | label | push", [
            run("glp", f"{glp_pipe} | glp-push --url {sink.url}"),
            run("promtail", f"cat {glob} | promtail -config.file={work}/push.yml -stdin",
                note_text="docker stage only") if has("promtail") else None,
            run("fluent-bit", fluent, note_text="docker parser only") if has("fluent-bit") else None,
        ])
    finally:
        sink.stop()


def show_inner_loops(options, layer, title):
    """The rows of a layer's benchmark program beside the tools, if it was built."""
    program = os.path.join(options.bin, "..", "libcommon", layer, f"{layer}_bench")
    if not os.path.exists(program):
        note(f"no {layer}_bench beside the tools; ninja builds it")
        return
    out = subprocess.run([program, "--benchmark_format=json", "--benchmark_min_time=0.3"],
                         check=True, capture_output=True, text=True).stdout
    rows = json.loads(out)["benchmarks"]
    width = min(max(40, *(len(row["name"]) for row in rows)), 100)
    print(f"\n{title:{width}}{'MB/s':>8}{'ns a line':>11}")
    for row in rows:
        lines = row.get("items_per_second", 0)
        print(f"{row['name'][:width]:{width}}{row['bytes_per_second'] / 1e6:>8.0f}"
              + (f"{1e9 / lines:>11.0f}" if lines else ""))


def corpus_folder(options, root):
    if options.corpus:
        return os.path.abspath(options.corpus)
    folder = os.path.join(root, "build", "bench", f"corpus-{options.bytes}")
    if not os.path.isdir(folder):
        note(f"making {options.bytes / 1e6:.0f} MB of logs in {folder}")
        half = folder + ".half"
        shutil.rmtree(half, ignore_errors=True)
        os.makedirs(half)
        maker = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus.py")
        subprocess.run([sys.executable, maker, half, str(options.bytes)], check=True)
        os.rename(half, folder)
    return folder


class Victoria(Loki):
    """A VictoriaLogs on PATH, the same way."""

    NAMES = ("victoria-logs-prod", "victoria-logs")

    def __init__(self, program, folder):
        self.port = free_port()
        self.child = subprocess.Popen(
            [program, f"-storageDataPath={folder}", f"-httpListenAddr=127.0.0.1:{self.port}",
             "-retentionPeriod=100y"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_for("/health")

    def take(self, records):
        """The command that gives it the records of a pipe."""
        fields = "labels.namespace,labels.pod,labels.container,labels.stream"
        url = (f"{self.url}/insert/jsonline?_stream_fields={fields}&_msg_field=line&_time_field=ts")
        return (f"{records} | grep -v '^{{\"mark\"' | curl -sf -T - -X POST {shlex.quote(url)} && "
                f"curl -sf {self.url}/internal/force_flush")

    def ask(self, query):
        return f"curl -sf {self.url}/select/logsql/query --data-urlencode {shlex.quote('query=' + query)}"


def first_of(has, names):
    return next((name for name in names if has(name)), None)


class Bench:
    """A corpus, the tools that read it, and the table of what they needed."""

    def __init__(self, options, root):
        self.options = options
        self.corpus = corpus_folder(options, root)
        self.glob = f"{self.corpus}/pods/*/*/*.log"
        self.files = subprocess.run(["bash", "-c", f"printf '%s\\n' {self.glob}"],
                                    capture_output=True, text=True,
                                    check=True).stdout.split("\n")[:-1]
        if not self.files or not os.path.exists(self.files[0]):
            die(f"{self.corpus}: no pods/*/*/*.log in it")
        self.raw_bytes = sum(os.stat(f).st_size for f in self.files)
        self.containers = {os.path.basename(os.path.dirname(f)) for f in self.files}
        note(f"{len(self.files)} files, {self.raw_bytes / 1e6:.0f} MB, in {self.corpus}")
        with open(os.devnull, "wb") as null:
            for f in self.files:  # into the page cache, for everybody alike
                with open(f, "rb") as source:
                    shutil.copyfileobj(source, null, 1 << 20)
        self.table = Table()
        self.has = (lambda tool: not options.no_peers and shutil.which(tool))
        quoted = shlex.quote(self.glob)
        self.parse = f"glp-parse --docker --regex {shlex.quote(PATH_REGEX)} --source filename"
        self.tail = f"glp-tail {quoted} --label log_from=static_pods"
        self.label = "glp-label --from-field namespace,pod,container"
        self.records = f"{self.tail} | {self.parse} | {self.label}"
        self.work = tempfile.mkdtemp(prefix="run-", dir=options.work)
        self.store = f"{self.work}/store"
        self.servers = []
        self.disk = []  # who, bytes, what it can

    def close(self):
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.work, ignore_errors=True)

    def start(self, make):
        """A server, if it comes up."""
        try:
            server = make()
        except (RuntimeError, OSError) as problem:
            note(str(problem))
            return None
        self.servers.append(server)
        return server

    def pipe(self):
        """From the files to records."""
        has, table = self.has, self.table
        quoted = shlex.quote(self.glob)
        table.add("tail", [
            run("glp", f"glp-tail {quoted} >/dev/null"),
            run("cat", f"cat {self.glob} >/dev/null") if not self.options.no_peers else None,
        ])
        fluent = (f"fluent-bit -q -R {self.work}/parsers.conf -i tail "
                  f"-p {shlex.quote('path=' + self.glob)} "
                  "-p read_from_head=true -p exit_on_eof=true -p parser=docker -o null -m '*'")
        with open(f"{self.work}/parsers.conf", "w") as f:
            f.write("[PARSER]\n    Name docker\n    Format json\n    Time_Key time\n"
                    "    Time_Format %Y-%m-%dT%H:%M:%S.%L%z\n")
        with open(f"{self.work}/promtail.yml", "w") as f:
            f.write(PROMTAIL.format(url="http://127.0.0.1:1/loki/api/v1/push"))
        keep = "glp-filter --drop '{namespace=\"none\"}'"
        table.add("tail | parse | label | filter", [
            run("glp", f"{self.records} | {keep} >/dev/null"),
            run("jq", f"cat {self.glob} | jq -c '{{ts: .time, line: .log}}'") if has("jq") else None,
            run("promtail",
                f"cat {self.glob} | promtail -config.file={self.work}/promtail.yml -stdin -dry-run",
                note_text="docker stage only") if has("promtail") else None,
            run("fluent-bit", fluent, note_text="docker parser only") if has("fluent-bit") else None,
        ])
        kept = f"{self.work}/records"
        subprocess.run(["bash", "-c", f"{self.tail} >{kept}"], check=True)
        table.add("parse: docker, regex, labels", [
            run("glp", f"{self.parse} --labels namespace,pod,container <{kept}"),
        ])
        os.remove(kept)
        measure_push(table, self.options, has, self.glob, self.records, self.work)

    def take_in(self):
        """The store, the other servers and what compresses."""
        has = self.has
        whole = run("glp", f"{self.records} | glp-store append --dir {self.store}")
        rows = [whole]
        self.loki = self.start(lambda: Loki(f"{self.work}/loki")) if has("loki") else None
        if self.loki:
            rows.append(self.loki.measure(
                f"{self.records} | glp-push --url {self.loki.url}/loki/api/v1/push"))
        victoria = first_of(has, Victoria.NAMES)
        self.victoria = (self.start(lambda: Victoria(victoria, f"{self.work}/victoria"))
                         if victoria and has("curl") else None)
        if self.victoria:
            rows.append(self.victoria.measure(self.victoria.take(self.records), who="victorialogs"))
        self.table.add("whole pipe into the store", rows)

        kept = f"{self.work}/records"
        subprocess.run(["bash", "-c", f"{self.records} >{kept}"], check=True)
        shutil.rmtree(self.store)
        rows = [run("glp", f"glp-store append --dir {self.store} <{kept}")]
        text = f"jq -r 'select(.line) | .line' {kept} >{self.work}/text"
        if has("jq") and (has("zstd") or has("xz")):
            subprocess.run(["bash", "-c", text], check=True)
        os.remove(kept)
        packed = f"{self.work}/packed"
        for who, command in (("zstd -3", "zstd -q -3 --long -c"), ("zstd -19", "zstd -q -19 --long -c"),
                             ("xz -6", "xz -6 -c")):
            if has(command.split()[0]) and os.path.exists(f"{self.work}/text"):
                rows.append(run(who, f"{command} {self.work}/text >{packed}", note_text="text alone"))
                self.disk.append((who, os.path.getsize(packed), "text alone, not searchable"))
        self.table.add("records into the store", rows)
        self.disk.insert(0, ("glp, fresh", folder_bytes(self.store), ""))
        self.table.add("compact", [run("glp", f"glp-store compact --dir {self.store}")])
        self.disk.insert(0, ("glp", folder_bytes(self.store), "all files of the store"))
        return whole

    def queries(self):
        """title, LogQL, options, exit codes, ripgrep's arguments, LogsQL."""
        container = "openssh" if "openssh" in self.containers else sorted(self.containers)[0]
        times = ('{container="openstack"} | pattern `<_> status: <_> len: <_> time: <t>` | unwrap t'
                 if "openstack" in self.containers else
                 '{container="nginx"} | pattern `<_> "-" "<_>" <t>` | unwrap t | __error__=""')
        lines = "--limit 1000"
        minutes = "--step 1m"
        refused = "(?i)connection (reset|refused).*port [0-9]+999"
        return [
            ("|= needle of one line", f'{{}} |= "{NEEDLE}"', lines, (0, 1), f"-F {NEEDLE}",
             f'"{NEEDLE}"'),
            ("|= needle of none", '{} |= "needle-that-is-not-there"', lines, (0, 1),
             "-F needle-that-is-not-there", '"needle-that-is-not-there"'),
            ("|~ words, then digits", f'{{}} |~ "{refused}"', lines, (0, 1), f"'{refused}'",
             f'~"{refused}"'),
            ("sum by (namespace) of counts", "sum by (namespace) (count_over_time({}[1m]))", minutes,
             (0,), None, "* | stats by (_time:1m, labels.namespace) count()"),
            ('rate of "error" by container',
             'sum by (container) (rate({} |= "error" [1m]))', minutes, (0,), None,
             '~"error" | stats by (_time:1m, labels.container) count()'),
            ("last 1000 of a selector", f'{{container="{container}"}}', lines, (0,), None,
             f'labels.container:="{container}" | sort by (_time desc) limit 1000'),
            ("pattern, unwrap, max by minute",
             f"max by (container) (max_over_time({times} [1m]))", minutes, (0,), None, None),
            ("from nothing to an answer", "vector(1)", minutes + " --from 1h --to now", (0,), None, None),
        ]

    def ask(self):
        for title, query, extra, expect, ripgrep, logsql in self.queries():
            rows = [run("glp", f"glp-query -q -s {self.store} {shlex.quote(query)} {extra}", 5, expect)]
            if ripgrep and self.has("rg"):
                rows.append(run("ripgrep", f"rg -aN --no-filename {ripgrep} {self.glob}", 3, (0, 1),
                                "on the raw files"))
            if self.loki:
                asked = query.replace("{}", "{namespace=~\".+\"}")
                ends = "--from 2026-01-05T00:00:00Z --to 2026-01-05T01:00:00Z"
                rows.append(self.loki.measure(
                    f"glp-query -q -s {self.loki.url} {shlex.quote(asked)} {extra.split(' --from')[0]} {ends}",
                    3, expect))
            if self.victoria and logsql:
                rows.append(self.victoria.measure(self.victoria.ask(logsql), 3, who="victorialogs"))
            self.table.add(title, rows)

    def show_disk(self):
        for who, server, folder in (("loki", self.loki, "loki"),
                                    ("victorialogs", self.victoria, "victoria")):
            if server:
                server.stop()  # writes what it holds
                self.disk.append((who, folder_bytes(f"{self.work}/{folder}"), "all of its files"))
        ours = self.disk[0][1]
        for i, (who, size, what) in enumerate(self.disk):
            print(f"{'on disk' if i == 0 else '':34}{who:14}{size / 1e6:>9.1f} MB"
                  f"  1/{self.raw_bytes / max(size, 1):<5.1f}{size / max(ours, 1):>6.2f}x  {what}".rstrip())


def measure(options, root):
    bench = Bench(options, root)
    try:
        bench.pipe()
        whole = bench.take_in()
        bench.ask()
        servers = bench_http.measure(bench)
        print(f"glp against its peers on {os.cpu_count()} processors: {len(bench.files)} files, "
              f"{bench.raw_bytes / 1e6:.1f} MB\n")
        bench.table.show()
        print("\n" + "\n".join(servers) + "\n")
        bench.show_disk()
        speed = bench.raw_bytes / 1e6
        print(f"{'speed of the whole pipe':34}{'glp':14}{speed / whole.wall:>9.1f} MB/s, "
              f"{speed / max(whole.cpu, 1e-3):.1f} MB a CPU second")
    finally:
        bench.close()


def main():
    root = sys.argv[1]
    parser = argparse.ArgumentParser(prog="scripts/bench", allow_abbrev=False)
    parser.add_argument("--bytes", type=size_of, default=256 * 10**6)
    parser.add_argument("--corpus")
    parser.add_argument("--bin", default=os.path.join(root, "build", "release", "bin"))
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args(sys.argv[2:])
    options.work = os.path.join(root, "build", "bench")
    os.makedirs(options.work, exist_ok=True)
    if not os.path.exists(os.path.join(options.bin, "glp-tail")):
        die(f"{options.bin}: no glp-tail in it")
    os.environ["PATH"] = os.path.abspath(options.bin) + os.pathsep + os.environ["PATH"]
    try:
        measure(options, root)
        show_inner_loops(options, "stages", "stages in one process, one core")
        show_inner_loops(options, "logql", "queries over lines in memory, one core")
    finally:
        if os.path.exists(RSS_FILE):
            os.remove(RSS_FILE)


if __name__ == "__main__":
    main()
