"""The work of scripts/torture, whose head says what it does."""

import argparse
import glob
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from torture_writer import KINDS, Delivered, Journal, Slot, Writer

PATH_REGEX = r"pods/(?P<namespace>[^_/]+)_(?P<pod>[^_/]+)_[^/]+/(?P<container>[^/]+)/"
MAX_STORIES = 3  # of what went wrong are told
LINE = re.compile(r"k=(\d+) n=(\d+) ")


def note(message):
    print(f"torture: {message}", file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Processes:
    """Starts the parts, keeps them alive, and knows which of them died without being killed."""

    def __init__(self, options, folder, journal):
        self.folder, self.patience, self.journal = folder, options.patience, journal
        self.rng = random.Random(f"{options.seed}/starts")
        self.lock = threading.Lock()
        self.pipe, self.server, self.proxy = [], None, None
        self.killed = set()
        self.problems = []
        self.restarts = {"pipe": 0, "server": 0}
        self.ending = threading.Event()
        self.store = f"{folder}/store"
        self.positions = f"{folder}/positions"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.serve = ["glp-store", "serve", "--dir", self.store, "--listen", f"127.0.0.1:{port}"]
        sink = ["glp-store", "append", "--dir", self.store]
        if options.sink == "push":
            if options.faults:
                self.start_proxy(options)
            sink = ["glp-push", "--url", self.url, "--batch-wait", "50ms", "--timeout", "2s",
                    "--min-backoff", "20ms", "--max-backoff", "500ms"]
            if options.spool:
                sink += ["--spool", f"{folder}/spool", "--spool-max", "64M"]
        self.commands = [
            ["glp-tail", "-f", "--positions", self.positions, f"{folder}/logs/pods/*/*/*.log"],
            ["glp-parse", "--" + options.format, "--regex", PATH_REGEX, "--source", "filename"],
            ["glp-label", "--from-field", "namespace,pod,container"],
            sink + ["--positions", self.positions, "--require-end"],
        ]

    def start_proxy(self, options):
        server = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                              "../../tests/faulty_server.py")
        self.proxy = subprocess.Popen(
            [sys.executable, server, "--behind", self.url, "--random", f"{options.seed}:0.3",
             "--seconds", str(options.seconds + 10 * self.patience)],
            stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.proxy.stdout.readline())}"

    def start(self, command, **streams):
        with open(f"{self.folder}/{command[0]}.err", "ab") as words:
            return subprocess.Popen(command, stderr=words, **streams)

    def start_pipe(self):
        parts, source = [], subprocess.DEVNULL
        for command in self.commands:
            last = command is self.commands[-1]
            child = self.start(command, stdin=source,
                               stdout=subprocess.DEVNULL if last else subprocess.PIPE)
            if parts:
                source.close()
            elif self.rng.random() < 0.5:
                threading.Timer(self.rng.expovariate(200), self.hold_up, [child]).start()
            source = child.stdout
            parts.append(child)
        with self.lock:
            self.pipe = parts
        self.journal.add("the pipe begins, glp-tail is " + str(parts[0].pid))

    def hold_up(self, child):
        """Files rotate on while a part is in the midst of what it does."""
        if child.poll() is None:
            child.send_signal(signal.SIGSTOP)
            self.journal.add(f"stopped {child.pid}")
            threading.Timer(self.rng.uniform(0.1, 1), self.wake, [child]).start()

    def keep_server(self):
        while not self.ending.is_set():
            server = self.start(self.serve)
            with self.lock:
                self.server = server
            self.judge("serve", server, server.wait(), (0,) if self.ending.is_set() else ())
            self.restarts["server"] += 1

    def keep_pipe(self):
        while not self.ending.is_set():
            self.start_pipe()
            while all(child.poll() is None for child in self.pipe):
                time.sleep(0.01)
            self.collect()
            self.restarts["pipe"] += 1

    def collect(self):
        """Waits for the rest of a pipe of which one part has died."""
        was_killed = any(child.pid in self.killed for child in self.pipe)
        whole = self.ending.is_set() and not was_killed
        for command, child in zip(self.commands, self.pipe):
            try:
                code = child.wait(self.patience)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGABRT)
                self.problems.append(f"{command[0]} does not end {self.patience} s after its pipe")
                child.wait()
                continue
            # 3: no end mark came through, which --require-end is there to tell.
            expected = (0,) if whole else (0, 3) if was_killed else ()
            self.judge(command[0], child, code, expected)

    def judge(self, name, child, code, expected):
        if child.pid not in self.killed and code not in expected:
            self.problems.append(f"{name} ended with {code}; see {self.folder}/*.err")
            self.ending.set()

    def strike(self, rng):
        """Kills or stops one process; its name, or nothing where there was none to take."""
        with self.lock:
            choice = rng.random()
            parts = [(command[0], child) for command, child in zip(self.commands, self.pipe)]
            name, child = rng.choice(parts) if parts else ("", None)
            if choice < 0.3 and self.server:
                name, child = "serve", self.server
            if child is None or child.poll() is not None:
                return None
            if name == "serve" and choice < 0.12:
                child.send_signal(signal.SIGSTOP)
                self.journal.add(f"stopped serve {child.pid}")
                threading.Timer(rng.uniform(0.5, 3), self.wake, [child]).start()
                return "serve (stopped)"
            self.killed.add(child.pid)
            child.kill()
            self.journal.add(f"killed {name} {child.pid}")
            return name

    def wake(self, child):
        if child.poll() is None:
            self.journal.add(f"woken {child.pid}")
            child.send_signal(signal.SIGCONT)

    def end_all(self):
        """For a run that failed: nothing stays behind."""
        self.ending.set()
        with self.lock:
            for child in [*self.pipe, self.server, self.proxy]:
                if child and child.poll() is None:
                    child.kill()
                    child.wait()


class Torture:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.journal = Journal()
        self.parts = Processes(options, folder, self.journal)
        delivered = Delivered(self.parts.positions)
        kinds = options.kinds
        self.slots = [Slot(f"{folder}/logs", number, kinds[number % len(kinds)], options.format,
                           delivered, options.seed, self.journal)
                      for number in range(options.files)]
        self.writer = Writer(self.slots, options.rate, options.seed)
        self.strikes = {}
        self.listing_code = 0  # of the query that `listing` asked last

    def run(self):
        parts = self.parts
        keepers = [threading.Thread(target=parts.keep_pipe, daemon=True)]
        if self.options.sink == "push":
            keepers.append(threading.Thread(target=parts.keep_server, daemon=True))
        for thread in [*keepers, self.writer]:
            thread.start()
        try:
            self.chaos()
            self.writer.ending.set()
            self.writer.join()
            if self.writer.problem:
                raise self.writer.problem
            self.settle()
            self.end_well(keepers)
            return parts.problems + self.check()
        finally:
            parts.end_all()

    def chaos(self):
        rng = random.Random(f"{self.options.seed}/chaos")
        pause = self.options.seconds / self.options.kills
        end, told = time.monotonic() + 3 * self.options.seconds, time.monotonic()
        kills = 0
        while kills < self.options.kills and time.monotonic() < end and not self.stuck():
            time.sleep(rng.uniform(0.3, 1.7) * pause)
            struck = self.parts.strike(rng)
            if struck:
                kills += 1
                self.strikes[struck] = self.strikes.get(struck, 0) + 1
            if time.monotonic() - told > 10:
                told = time.monotonic()
                note(f"{kills} kills, {self.writer.lines()} lines written, "
                     f"{sum(slot.rotations for slot in self.slots)} rotations")

    def stuck(self):
        return self.parts.ending.is_set() or self.writer.problem

    def count(self):
        query = subprocess.run(
            ["glp-query", "-q", "-s", self.parts.store, "--at", "now", "-o", "raw",
             "sum(count_over_time({}[30d]))"], capture_output=True, text=True)
        number = re.search(r"(\d+)\s*$", query.stdout)
        return int(number.group(1)) if query.returncode in (0, 1) and number else 0

    def listing(self):
        """File and number of each line in the store, nothing for one that nobody wrote."""
        query = subprocess.Popen(["glp-query", "-q", "-s", self.parts.store, "--forward", "-o",
                                  "raw", "{}"], stdout=subprocess.PIPE)
        for line in query.stdout:
            match = LINE.match(line.decode(errors="replace"))
            yield (int(match.group(1)), int(match.group(2))) if match else None
        self.listing_code = query.wait()

    def settle(self):
        """Waits until the store has as many lines as were written, or nothing comes any more."""
        wanted, seen, since = self.writer.lines(), -1, time.monotonic()
        while seen < wanted and not self.stuck():
            now = self.count()
            # A line that is there twice stands for none that is still to come.
            if now >= wanted:
                now = len({entry for entry in self.listing() if entry})
            if now > seen:
                seen, since = now, time.monotonic()
            if time.monotonic() - since > self.options.patience:
                self.parts.problems.append(
                    f"{seen} of {wanted} lines are in the store, and no more came for "
                    f"{self.options.patience} s")
                return
            time.sleep(0.2)

    def end_well(self, keepers):
        parts = self.parts
        if parts.ending.is_set():
            return
        parts.ending.set()
        with parts.lock:
            parts.pipe[0].send_signal(signal.SIGTERM)
        keepers[0].join(2 * self.options.patience)
        if self.options.sink == "push":
            with parts.lock:
                parts.server.send_signal(signal.SIGTERM)
            keepers[1].join(self.options.patience)

    def check(self):
        """What is wrong with the store, in words."""
        problems = []
        if subprocess.run(["glp-store", "verify", "--dir", self.parts.store],
                          stdout=subprocess.DEVNULL).returncode != 0:
            problems.append("glp-store verify finds the store damaged")
        seen = [set() for _ in self.slots]
        last = [-1] * len(self.slots)
        twice, disorder, foreign = {}, {}, 0
        for entry in self.listing():
            if not entry:
                foreign += 1
                continue
            slot, number = entry
            if number in seen[slot]:
                twice.setdefault(slot, []).append(number)
                continue
            if number < last[slot]:
                disorder.setdefault(slot, []).append(number)
            last[slot] = number
            seen[slot].add(number)
        if self.listing_code not in (0, 1):
            problems.append(f"glp-query ended with {self.listing_code}")
        missing = {slot.number: sorted(set(range(slot.lines)) - seen[slot.number])
                   for slot in self.slots if len(seen[slot.number]) != slot.lines}
        stories = MAX_STORIES
        for what, found in (("missing", missing), ("there twice", twice), ("in disorder", disorder)):
            for slot, numbers in found.items():
                problems.append(f"file {slot} ({self.slots[slot].kind}): {len(numbers)} lines are "
                                f"{what}: {ranges(numbers)}")
                if stories > 0:
                    problems += self.story(self.slots[slot], min(numbers))
                stories -= 1
        if foreign:
            problems.append(f"{foreign} lines that nobody wrote are in the store")
        return problems

    def story(self, slot, line):
        """What happened around a line that is not as it should be: the folder may be lost with the
        machine that ran this."""
        told = self.journal.around(slot.number, line)
        for path in sorted(glob.glob(f"{slot.folder}/*")):
            status = os.stat(path)
            told.append(f"there is {os.path.basename(path)}, inode {status.st_ino:x}, "
                        f"{status.st_size} bytes")
        with open(self.parts.positions, encoding="utf-8") as positions:
            told += ["position " + entry.rstrip() for entry in positions if slot.folder in entry]
        for name in ("glp-tail", "glp-parse"):
            with open(f"{self.folder}/{name}.err", encoding="utf-8", errors="replace") as words:
                told += ["said: " + text.rstrip()[:200] for text in words.readlines()[-10:]]
        return [f"  {text}" for text in told]

    def summary(self):
        kinds = ", ".join(f"{name} {n}" for name, n in sorted(self.strikes.items()))
        return (f"{sum(self.strikes.values())} kills ({kinds}), {self.writer.lines()} lines in "
                f"{len(self.slots)} files, {sum(slot.rotations for slot in self.slots)} rotations")


def ranges(numbers):
    """"3-5 9" of [3, 4, 5, 9], the first of them."""
    out = []
    for number in sorted(numbers):
        if out and number <= out[-1][1] + 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    words = [f"{a}-{b}" if b > a else str(a) for a, b in out[:20]]
    return " ".join(words) + (" …" if len(out) > 20 else "")


def kind_list(text):
    kinds = text.split(",")
    for kind in kinds:
        if kind not in KINDS:
            raise argparse.ArgumentTypeError(f"{kind!r} is none of {', '.join(KINDS)}")
    return kinds


def main():
    root = sys.argv[1]
    parser = argparse.ArgumentParser(prog="scripts/torture", allow_abbrev=False)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--files", type=int, default=14)
    parser.add_argument("--rate", type=int, default=3000)
    parser.add_argument("--kinds", type=kind_list, default=list(KINDS))
    parser.add_argument("--format", choices=("cri", "docker"), default="cri")
    parser.add_argument("--sink", choices=("push", "append"), default="push")
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--spool", action="store_true")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--patience", type=float, default=30)
    parser.add_argument("--dir")
    parser.add_argument("--bin", default=os.path.join(root, "build", "release", "bin"))
    options = parser.parse_args(sys.argv[2:])
    if not os.path.exists(os.path.join(options.bin, "glp-tail")):
        sys.exit(f"torture: {options.bin}: no glp-tail in it")
    os.environ["PATH"] = os.path.abspath(options.bin) + os.pathsep + os.environ["PATH"]
    os.environ["TZ"] = "UTC"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    folder = tempfile.mkdtemp(prefix="glp-torture-", dir=options.dir)
    note(f"seed {options.seed}, in {folder}")
    torture = Torture(options, folder)
    problems = torture.run()
    print(f"torture: {torture.summary()}; seed {options.seed}")
    if problems:
        for problem in problems:
            print(f"torture: {problem}")
        print(f"torture: {folder} is kept: the logs, the store and what the tools said "
              f"({', '.join(map(os.path.basename, glob.glob(folder + '/*.err')))})")
        sys.exit(1)
    print("torture: each line is in the store once and in order")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
