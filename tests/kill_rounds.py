#!/usr/bin/env python3
"""Kills the writers of a store with signal 9 at random moments, round after round, while it is read,
and looks whether what was acknowledged is there once and nothing else is.

  tests/kill_rounds.py [--rounds N] [--seed N] [--bin DIR] [--dir DIR]

A round is one of: glp-tail into glp-store append (acknowledged: the positions file); glp-store serve
that takes pushes (acknowledged: status 204); glp-store compact. A reader asks all the time; after
each round glp-store verify must find the store sound.
Exit: 0 all well, 1 something is wrong (the folder is kept), 2 usage.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROUNDS_OF_A_STORE = 10
PUSHED = re.compile(r"listening on (http://\S+)")


class Wrong(Exception):
    pass


class Store:
    """A store, what was given to it, and what of it was acknowledged."""

    def __init__(self, folder, rng):
        self.folder, self.rng = folder, rng
        self.dir, self.log = f"{folder}/store", f"{folder}/app.log"
        self.positions, self.errors = f"{folder}/positions", f"{folder}/errors"
        self.given, self.acknowledged = set(), set()
        self.lines_of_file, self.pushed = [], 0
        os.makedirs(folder)
        open(self.log, "w").close()

    def run(self, command, **more):
        with open(self.errors, "ab") as errors:
            return subprocess.Popen(command, stderr=errors, **more)

    def query(self):
        done = subprocess.run(["glp-query", "-q", "-s", self.dir, "--forward", "-o", "raw", "{}"],
                              capture_output=True, text=True)
        if done.returncode not in (0, 1):
            raise Wrong(f"glp-query ended with {done.returncode}: {done.stderr}")
        return done.stdout.split("\n")[:-1]

    def check(self):
        """Each line is there once, all that was acknowledged before the call, and nothing else."""
        if not os.path.exists(f"{self.dir}/lock"):
            return
        acknowledged = set(self.acknowledged)
        lines = self.query()
        given = self.given
        if len(lines) != len(set(lines)):
            raise Wrong("lines are there twice")
        if not acknowledged <= set(lines):
            raise Wrong(f"{len(acknowledged - set(lines))} acknowledged lines are missing, "
                        f"as {min(acknowledged - set(lines))}")
        if not set(lines) <= given:
            raise Wrong(f"lines that nobody gave, as {min(set(lines) - given)}")

    def kill_later(self, child, longest_s):
        time.sleep(self.rng.random() ** 2 * longest_s)
        child.kill()
        child.wait()

    def append(self):
        """Lines of a file, from where the positions file says."""
        with open(self.log, "a") as out:
            for _ in range(self.rng.randrange(200, 8000)):
                line = f"file {len(self.lines_of_file)} {self.rng.random()}"
                self.lines_of_file.append(line)
                self.given.add(line)
                out.write(line + "\n")
        tail = self.run(["glp-tail", "--positions", self.positions, self.log],
                        stdout=subprocess.PIPE)
        child = self.run(["glp-store", "append", "--dir", self.dir, "--positions", self.positions],
                         stdin=tail.stdout)
        tail.stdout.close()
        self.kill_later(child, 0.25)
        tail.wait()
        at = 0
        if os.path.exists(self.positions):
            with open(self.positions) as text:
                for record in map(json.loads, text):
                    at = int(record["src"].rsplit("@", 1)[1]) if "src" in record else at
        with open(self.log) as text:
            self.acknowledged.update(text.read()[:at].split("\n")[:-1])

    def compact(self):
        if os.path.exists(f"{self.dir}/lock"):
            self.kill_later(self.run(["glp-store", "compact", "--dir", self.dir]), 0.15)

    def serve(self):
        child = subprocess.Popen(
            ["glp-store", "serve", "--dir", self.dir, "--listen", "127.0.0.1:0"],
            stderr=subprocess.PIPE, text=True)
        url = None
        for said in child.stderr:
            match = PUSHED.search(said)
            if match:
                url = match.group(1)
                break
        if url is None:
            raise Wrong("glp-store serve does not come up")
        killer = threading.Thread(target=self.kill_later, args=(child, 0.3))
        killer.start()
        while self.push(url):
            pass
        killer.join()
        child.stderr.close()

    def push(self, url):
        count = self.rng.randrange(1, 300)
        lines = [f"push {self.pushed + i} {self.rng.random()}" for i in range(count)]
        self.pushed += count
        self.given.update(lines)
        now = time.time_ns()
        body = {"streams": [{"stream": {"app": "push"},
                             "values": [[str(now + i), line] for i, line in enumerate(lines)]}]}
        request = urllib.request.Request(f"{url}/loki/api/v1/push", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                if response.status != 204:
                    raise Wrong(f"a push got {response.status}")
        except urllib.error.HTTPError as error:
            raise Wrong(f"a push got {error.code}: {error.read()}") from error
        except OSError:
            return False
        except Exception as error:  # cut off within the response
            if type(error).__module__ != "http.client":
                raise
            return False
        self.acknowledged.update(lines)
        return True

    def round(self, kind):
        ending, problems = threading.Event(), []

        def read():
            while not ending.is_set() and not problems:
                try:
                    self.check()
                except Wrong as wrong:
                    problems.append(f"while {kind} ran: {wrong}")

        reader = threading.Thread(target=read)
        reader.start()
        try:
            getattr(self, kind)()
        finally:
            ending.set()
            reader.join()
        if problems:
            raise Wrong(problems[0])
        self.check()
        if os.path.exists(f"{self.dir}/lock"):
            done = subprocess.run(["glp-store", "verify", "--dir", self.dir], capture_output=True,
                                  text=True)
            if done.returncode != 0:
                raise Wrong(f"glp-store verify: {done.stderr}")


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--bin", default=os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "../build/release/bin"))
    parser.add_argument("--dir", help="where the folder of the run is made")
    options = parser.parse_args()
    if not os.path.exists(os.path.join(options.bin, "glp-store")):
        parser.error(f"{options.bin}: no glp-store in it")
    os.environ["PATH"] = os.path.abspath(options.bin) + os.pathsep + os.environ["PATH"]
    rng = random.Random(options.seed)
    root = tempfile.mkdtemp(prefix="glp-kill-", dir=options.dir)
    store, counts, lines = None, {}, 0
    for number in range(options.rounds):
        if number % ROUNDS_OF_A_STORE == 0:
            if store:
                lines += len(store.acknowledged)
                shutil.rmtree(store.folder)
            store = Store(f"{root}/{number}", rng)
        kind = rng.choice(["append", "append", "serve", "compact"])
        counts[kind] = counts.get(kind, 0) + 1
        try:
            store.round(kind)
        except Wrong as wrong:
            print(f"kill_rounds: round {number} ({kind}), seed {options.seed}: {wrong}; {root} is "
                  f"kept")
            return 1
    lines += len(store.acknowledged)
    shutil.rmtree(root)
    told = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
    print(f"kill_rounds: {options.rounds} rounds ({told}), {lines} lines acknowledged, each is "
          f"there once and nothing else; seed {options.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
