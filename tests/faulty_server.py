#!/usr/bin/env python3
"""A server for tests that takes Loki's pushes and fails as told.

    tests/faulty_server.py [--behind URL] [--log FILE] [--seconds N] [--port N] [STEP…]
    tests/faulty_server.py --random SEED:RATE --behind http://127.0.0.1:3100

Prints its port on the first line of stdout; listens on 127.0.0.1; ends on SIGTERM or after
--seconds (600). Each push uses up one step; once there are none left pushes are well.

    STEP     [N x] [took+] WHAT    N times (`*`: always); took+: the push is taken, then it fails
    WHAT     ok                    204, or what the server behind says
             STATUS[/SECONDS] [WORDS]   that status, Retry-After, and a body: '429/1 slow down'
             half                  half of an answer (of a 204 after took+, else of a 500), then the
                                   connection is closed
             close                 the connection is closed without an answer; without took+ also
                                   without reading the body
             hang                  no answer at all
             slow[/SECONDS]        well, so much later (1)

--behind URL   what is taken goes to this server, and its answers come back; so do all requests that
               are no pushes (without it they are 404, and what is taken goes nowhere)
--random       fails a push with probability RATE, in any of these ways but `hang`
--log FILE     a line of JSON for each push: n, path, headers, step, status (0: none), body (text, or
               body64 where it is binary); what was gzip is written without it

POST /control sets the steps, one a line; GET /control tells {"pushes", "taken", "left"}.
"""

import argparse
import base64
import gzip
import http.client
import http.server
import json
import os
import random
import re
import signal
import threading
import time
import urllib.parse

RANDOM_STEPS = ("500", "503", "502", "429/0", "half", "close", "slow/0.3", "took+500", "took+close",
                "took+half", "took+429/0", "took+slow/0.3")


class Script:
    """Which step comes next, and what was done."""

    def __init__(self, steps, chance):
        self.lock = threading.Lock()
        self.set(steps)
        self.rng, self.rate = None, 0.0
        if chance:
            seed, _, rate = chance.partition(":")
            self.rng, self.rate = random.Random(int(seed)), float(rate)
        self.pushes = self.taken = 0

    def set(self, steps):
        left = []
        for step in steps:
            times, what = re.fullmatch(r"(?:(\d+|\*) ?x ?)?(.*)", step, re.S).groups()
            left.append([-1 if times == "*" else int(times or 1), what])
        self.left = left

    def next(self):
        with self.lock:
            self.pushes += 1
            if self.rng:
                fails = self.rng.random() < self.rate
                return self.pushes, self.rng.choice(RANDOM_STEPS) if fails else "ok"
            while self.left and self.left[0][0] == 0:
                self.left.pop(0)
            if not self.left:
                return self.pushes, "ok"
            self.left[0][0] -= self.left[0][0] > 0
            return self.pushes, self.left[0][1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return status

    def end_connection(self):
        self.close_connection = True
        return 0

    def forward(self, body):
        """(status, body, headers) of the server behind; 502 where it is not there."""
        if not OPTIONS.behind:
            return (204, b"", ()) if self.is_push() else (404, b"not found\n", ())
        try:
            link = http.client.HTTPConnection(OPTIONS.behind, timeout=60)
            drop = ("host", "connection", "content-length", "accept-encoding", "expect")
            headers = {k: v for k, v in self.headers.items() if k.lower() not in drop}
            link.request(self.command, self.path, body if self.command == "POST" else None, headers)
            reply = link.getresponse()
            data = reply.read()
            kept = [(k, v) for k, v in reply.getheaders()
                    if k.lower() in ("content-type", "retry-after")]
            link.close()
            return reply.status, data, kept
        except (OSError, http.client.HTTPException) as problem:
            return 502, f"nothing behind: {problem}\n".encode(), ()

    def is_push(self):
        return self.command == "POST" and urllib.parse.urlsplit(self.path).path.endswith("/push")

    def do_GET(self):
        if self.path == "/control":
            left = [("* x " if n < 0 else f"{n} x ") + what for n, what in SCRIPT.left if n]
            told = {"pushes": SCRIPT.pushes, "taken": SCRIPT.taken, "left": left}
            return self.answer(200, json.dumps(told).encode() + b"\n")
        return self.answer(*self.forward(b""))

    def do_POST(self):
        if self.path == "/control":
            SCRIPT.set([line for line in self.body().decode().splitlines() if line])
            return self.answer(200)
        if not self.is_push():
            return self.answer(*self.forward(self.body()))
        number, step = SCRIPT.next()
        took = step.startswith("took+")
        what = step[5:] if took else step
        if what == "close" and not took:
            self.log(number, step, 0, b"")
            return self.end_connection()
        body = self.body()
        status = self.act(what, took, body)
        return self.log(number, step, status, body)

    def act(self, what, took, body):
        """Does what the step says; the status that the client was told."""
        name, _, words = what.partition(" ")
        name, _, seconds = name.partition("/")
        well = name in ("ok", "slow")
        if name == "slow":
            time.sleep(float(seconds or 1))
        reply = self.forward(body) if well or took else None
        with SCRIPT.lock:
            SCRIPT.taken += reply is not None and reply[0] in (200, 204)
        if well:
            return self.answer(*reply)
        if name == "hang":
            while True:
                time.sleep(60)
        if name == "close":
            return self.end_connection()
        if name == "half":
            # Half a 204 would be a lie where nothing was taken.
            self.wfile.write(b"HTTP/1.1 204 No Con" if took else
                             b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 99\r\n\r\nha")
            return self.end_connection()
        headers = [("Content-Type", "text/plain; charset=utf-8")]
        if seconds:
            headers.append(("Retry-After", seconds))
        return self.answer(int(name), words.encode() + b"\n", headers)

    def log(self, number, step, status, body):
        if not OPTIONS.log:
            return
        if self.headers.get("Content-Encoding") == "gzip" and body:
            body = gzip.decompress(body)
        entry = {"n": number, "path": self.path, "headers": dict(self.headers.items()),
                 "step": step, "status": status}
        try:
            entry["body"] = body.decode()
        except UnicodeDecodeError:
            entry["body64"] = base64.b64encode(body).decode()
        with SCRIPT.lock, open(OPTIONS.log, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):  # a client that left
        pass


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", metavar="STEP")
    parser.add_argument("--behind", type=lambda url: urllib.parse.urlsplit(url).netloc)
    parser.add_argument("--random", metavar="SEED:RATE")
    parser.add_argument("--log")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = Server(("127.0.0.1", options.port), Handler)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    timer = threading.Timer(options.seconds, os._exit, [0])
    timer.daemon = True
    timer.start()
    print(server.server_port, flush=True)
    return options, Script(options.steps, options.random), server


if __name__ == "__main__":
    OPTIONS, SCRIPT, SERVER = main()
    SERVER.serve_forever()
