"""What scripts/torture reads: many log files, written and rotated in every way at once.

Each file is a `Slot`: lines "k=FILE n=NUMBER …" numbered from 0 in their order, in CRI's or Docker's
format. A slot never destroys bytes that the positions file does not call delivered; all else that
happens to log files happens to it.
"""

import gzip
import json
import os
import random
import shutil
import subprocess
import threading
import time

KINDS = ("rename", "twice", "kubelet", "docker", "delete", "copytruncate", "symlink")
KEPT = 4  # rotated files of a slot, before the oldest goes


class Delivered:
    """The positions file, as far as it tells that a file is dealt with."""

    def __init__(self, path):
        self.path, self.stamp, self.next = path, None, {}

    def whole(self, identity, size, spent=()):
        """Whether all `size` bytes of the file `identity` are delivered. `spent`: what was in the
        same file before (`ids`)."""
        self.refresh()
        return size == 0 or any(end >= size for source, end in self.next.get(identity, {}).items()
                                if source not in spent)

    def refresh(self):
        try:
            status = os.stat(self.path)
            stamp = (status.st_ino, status.st_mtime_ns)
            if stamp != self.stamp:
                self.read()
                self.stamp = stamp
        except FileNotFoundError:
            pass

    def ids(self, identity):
        self.refresh()
        return set(self.next.get(identity, ()))

    def read(self):
        self.next = {}
        with open(self.path, encoding="utf-8") as file:
            for line in file:
                if '"src"' not in line:
                    continue
                source, _, end = json.loads(line)["src"].rpartition("@")
                # Without the fingerprint of the first line, which is not ours to work out.
                self.next.setdefault(source.rpartition("-")[0], {})[source] = int(end)


def identity_of(path):
    """The beginning of the `src` of the file: device, inode, time of birth."""
    status = os.stat(path)
    text = subprocess.run(["stat", "-L", "-c", "%.3W", path], capture_output=True, text=True,
                          check=True).stdout.strip()
    birth = 0 if text in ("-", "0", "0.000") else int(text.replace(".", "")) & 0xFFFFFFFF
    return f"{status.st_dev:x}-{status.st_ino:x}-{birth:08x}"


class Journal:
    """What was done to files and processes, and when, to be told where lines are missing."""

    def __init__(self):
        self.entries = []  # (time, slot or None, text)

    def add(self, text, slot=None):
        self.entries.append((time.time(), slot, text))

    def around(self, slot, line, before_s=2, after_s=3):
        """What was done to all processes, and to this slot, from when the file of the line was made
        until it was rotated, and a little before and after."""
        made = [at for at, of, text in self.entries if of == slot and text.startswith("made")]
        firsts = [int(text.rpartition(" ")[2]) for _, of, text in self.entries
                  if of == slot and text.startswith("made")]
        index = sum(first <= line for first in firsts) - 1
        begin = made[max(index, 0)] - before_s
        end = (made[index + 1] if index + 1 < len(made) else begin + before_s) + after_s
        return [f"{stamp_of(at)} {text}" for at, of, text in self.entries
                if begin <= at <= end and of in (None, slot)]


def stamp_of(at):
    return time.strftime("%H:%M:%S", time.gmtime(at)) + f".{int(at * 1000) % 1000:03}"


class Slot:
    def __init__(self, folder, number, kind, form, delivered, seed, journal):
        self.journal = journal
        self.number, self.kind, self.form, self.delivered = number, kind, form, delivered
        self.rng = random.Random(f"{seed}/{number}")
        self.folder = f"{folder}/pods/ns{number % 3}_pod-{number:03}_uid{number}/c{number % 2}"
        self.name = {"kubelet": "0.log", "docker": f"{number:x}-json.log"}.get(kind, "app.log")
        self.path = f"{self.folder}/{self.name}"
        self.lines = 0        # written, or about to be
        self.half = b""       # the end of a line of which the beginning is written
        self.rotations = self.files = 0
        self.spent = ()
        self.waits = False    # for the tail, to rotate
        self.old = []         # rotated, oldest first: [path, identities, size]
        self.last_ns = self.last_s = 0
        os.makedirs(self.folder)
        self.open_new()

    def tell(self, text):
        self.journal.add(text, self.number)

    # --- lines

    def stamp(self):
        self.last_ns = max(time.time_ns(), self.last_ns + 1)
        seconds, ns = divmod(self.last_ns, 10**9)
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{ns:09}Z"

    def text(self):
        rng, number = self.rng, self.lines
        self.lines += 1
        length = rng.choice((0, 20, 80, 80, 200)) if rng.random() > 0.002 else 20_000
        return f"k={self.number} n={number} " + "é \"x\\y\" z"[: length % 11] + "." * length

    def framed(self, text, stream, whole=True):
        if self.form == "cri":
            return f"{self.stamp()} {stream} {'F' if whole else 'P'} {text}\n"
        line = json.dumps({"log": text + "\n", "stream": stream, "time": self.stamp()},
                          ensure_ascii=self.rng.random() < 0.5)
        return line + "\n"

    def burst(self):
        """One line, or one in pieces with a line of the other stream between them."""
        rng = self.rng
        stream, other = rng.sample(("stdout", "stderr"), 2)
        if self.form != "cri" or rng.random() > 0.1:
            return self.framed(self.text(), stream)
        # Times rise by the order in which lines are complete.
        inner = self.text() if rng.random() < 0.7 else None
        text = self.text()
        cut = rng.randrange(len(text))
        head = self.framed(text[:cut], stream, False)
        between = self.framed(inner, other) if inner else ""
        return head + between + self.framed(text[cut:], stream)

    def write(self):
        """Some lines; now and then the last one is left unfinished until the next call."""
        data = self.half + "".join(self.burst() for _ in range(self.rng.randint(1, 40))).encode()
        self.half = b""
        if self.rng.random() < 0.1:
            cut = self.rng.randrange(1, 20)
            data, self.half = data[:-cut], data[-cut:]
        self.put(data)

    def finish_line(self):
        self.put(self.half)
        self.half = b""

    def put(self, data):
        while data:
            data = data[os.write(self.fd, data):]

    # --- rotation

    def open_new(self):
        target = self.path
        if self.kind == "symlink":
            target = f"{self.folder}/run-{self.files:05}.txt"
        self.files += 1
        self.target = target
        self.fd = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        self.identity = identity_of(target)
        self.tell(f"made {os.path.basename(target)} {self.identity} from line {self.lines}")
        if self.kind == "symlink":
            os.symlink(target, self.path + ".new")
            os.rename(self.path + ".new", self.path)

    def is_read(self):
        return self.delivered.whole(self.identity, os.fstat(self.fd).st_size, self.spent)

    def forget_old(self):
        """Deletes what is too old. False where that is not delivered yet."""
        while len(self.old) > KEPT:
            path, identities, size = self.old[0]
            # What the tail never saw before it was compressed is known to it by its copy.
            known = [identity for identity in identities if self.delivered.ids(identity)]
            if not self.delivered.whole((known or identities)[0], size):
                return False
            os.remove(path)
            self.old.pop(0)
            self.tell(f"removed {os.path.basename(path)}")
        return True

    def rotate(self):
        """Rotates if that can be done now without a loss; else the slot may have to wait."""
        self.finish_line()
        # What was rotated away before the tail first looked is none of its files.
        if not self.rotations and not self.delivered.ids(self.identity):
            return
        # What these do to the file cannot be undone by a reader that comes later.
        self.waits = self.kind in ("delete", "copytruncate", "symlink") and not self.is_read()
        if self.waits or not self.forget_old():
            return
        getattr(self, "rotate_" + self.kind)()
        self.rotations += 1

    def move_away(self, new_path):
        self.old.append([new_path, [self.identity], os.fstat(self.fd).st_size])
        os.rename(self.path, new_path)
        self.tell(f"renamed it to {os.path.basename(new_path)}, {self.old[-1][2]} bytes")
        os.close(self.fd)
        self.open_new()

    def shift(self, ending=""):
        """app.log.1 becomes app.log.2 and so on."""
        for age, entry in zip(range(len(self.old), 0, -1), self.old):
            zipped = ".gz" if entry[0].endswith(".gz") else ""
            renamed = f"{self.path}.{age + 1}{zipped}"
            os.rename(entry[0], renamed)
            self.tell(f"renamed {os.path.basename(entry[0])} to {os.path.basename(renamed)}")
            entry[0] = renamed
        return f"{self.path}.1{ending}"

    def compress(self, entry):
        """As kubelet and Docker do: beside it, renamed when whole, then the other goes."""
        made = entry[0] + ".tmp"
        with open(entry[0], "rb") as source, gzip.open(made, "wb", 1) as target:
            shutil.copyfileobj(source, target)
        entry[1].append(identity_of(made))
        os.rename(made, entry[0] + ".gz")
        os.remove(entry[0])
        entry[0] += ".gz"
        self.tell(f"compressed to {os.path.basename(entry[0])} {entry[1][-1]}")

    def rotate_rename(self):
        self.move_away(self.shift())

    def rotate_twice(self):
        self.move_away(self.shift())
        if self.rng.random() < 0.7:
            self.write()
            self.finish_line()
        self.move_away(self.shift())

    def rotate_kubelet(self):
        for entry in self.old:
            if not entry[0].endswith(".gz"):
                self.compress(entry)
        self.last_s = max(int(time.time()), self.last_s + 1)
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(self.last_s))
        self.move_away(f"{self.path}.{stamp}")

    def rotate_docker(self):
        self.move_away(self.shift())
        if self.rng.random() < 0.5:
            self.write()
        self.compress(self.old[-1])

    def rotate_delete(self):
        os.remove(self.path)
        self.tell("removed it")
        os.close(self.fd)
        self.open_new()

    def rotate_copytruncate(self):
        shutil.copyfile(self.path, self.shift())
        self.old.append([f"{self.path}.1", [""], 0])  # all of it was read in the other
        self.spent = self.delivered.ids(self.identity)
        os.ftruncate(self.fd, 0)
        self.tell(f"made of the same file again, truncated, from line {self.lines}")

    def rotate_symlink(self):
        self.old.append([self.target, [self.identity], os.fstat(self.fd).st_size])
        os.close(self.fd)
        self.open_new()


class Writer(threading.Thread):
    """Writes about `rate` lines a second into all slots, and rotates them, until it is told to end."""

    def __init__(self, slots, rate, seed):
        super().__init__(daemon=True)
        self.slots, self.rate, self.rng = slots, rate, random.Random(f"{seed}/writer")
        self.ending = threading.Event()
        self.problem = None

    def lines(self):
        return sum(slot.lines for slot in self.slots)

    def run(self):
        try:
            start = time.monotonic()
            while not self.ending.is_set():
                slot = self.rng.choice(self.slots)
                if slot.waits or self.rng.random() < 0.06:
                    slot.rotate()
                if not slot.waits:
                    slot.write()
                ahead = self.lines() / self.rate - (time.monotonic() - start)
                if ahead > 0:
                    self.ending.wait(ahead)
            for slot in self.slots:
                slot.finish_line()
        except Exception as problem:  # told by the main thread
            self.problem = problem
