#!/usr/bin/env python3
"""A Loki of one stream for tests of clients: query_range, tail and a few lists, on 127.0.0.1.

    tests/tail_server.py [--no-tail] [--max N]

Prints its port on the first line of stdout; ends on SIGTERM or after ten minutes. Entries come by
POST /add, a line of text each: `NS TEXT`, `quiet NS TEXT` (tails are not told of it) or `twice NS
TEXT` (they are told of it twice). POST /cut closes the connections of all tails, and as
many handshakes that follow as its body says are answered with 503. POST /drop tells tails of a
dropped entry. GET /log tells the requests, a line each; GET /tails how many tails there are.
"""

import argparse
import base64
import hashlib
import http.server
import json
import signal
import socketserver
import struct
import threading
import urllib.parse

LABELS = {"app": "a"}


class State:
    def __init__(self, args):
        self.args = args
        self.lock = threading.Lock()
        self.entries = []  # (ns, text), in the order of time
        self.tails = []
        self.log = []
        self.refuse = 0

    def tell(self, message):
        for tail in list(self.tails):
            tail.send_frame(0x1, json.dumps(message).encode())


def stream(entries):
    values = [[str(ns), text, {}] for ns, text in entries]
    return [{"stream": LABELS, "values": values}] if values else []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: State

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json", headers=()):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        state = self.state
        url = urllib.parse.urlsplit(self.path)
        with state.lock:
            if url.path == "/add":
                for line in body.splitlines():
                    word, _, rest = line.partition(" ")
                    times = {"quiet": 0, "twice": 2}.get(word, 1)
                    if times != 1:
                        word, _, rest = rest.partition(" ")
                    entry = (int(word), rest)
                    state.entries.append(entry)
                    for _ in range(times):
                        state.tell({"streams": stream([entry])})
                state.entries.sort()
            elif url.path == "/cut":
                state.refuse = int(body or 0)
                for tail in state.tails:
                    tail.connection.shutdown(2)
            elif url.path == "/drop":
                state.tell({"streams": [],
                            "dropped_entries": [{"timestamp": body.strip(), "labels": LABELS}]})
            elif url.path == "/loki/api/v1/delete":
                state.log.append("POST " + self.path)
                self.answer(204, "", headers=[("X-Delete-Request-ID", "d1")])
                return
        self.answer(200, "ok\n", "text/plain")

    def do_DELETE(self):
        self.state.log.append("DELETE " + self.path)
        self.answer(204, "")

    def do_GET(self):
        state = self.state
        url = urllib.parse.urlsplit(self.path)
        params = dict(urllib.parse.parse_qsl(url.query))
        path = url.path
        if path == "/log":
            return self.answer(200, "".join(line + "\n" for line in state.log), "text/plain")
        if path == "/tails":
            return self.answer(200, str(len(state.tails)) + "\n", "text/plain")
        state.log.append("GET " + self.path)
        if path == "/loki/api/v1/tail" and not state.args.no_tail:
            return self.tail()
        if path == "/loki/api/v1/query_range":
            return self.query_range(params)
        lists = {
            "/loki/api/v1/series": {"status": "success", "data": [LABELS]},
            "/loki/api/v1/index/stats": {"streams": 1, "chunks": 2, "bytes": 30, "entries": 4},
            "/loki/api/v1/index/volume": {"status": "success", "data": {
                "resultType": "vector", "result": [{"metric": LABELS, "value": [1.5, "30"]}]}},
            "/loki/api/v1/index/volume_range": {"status": "success", "data": {
                "resultType": "matrix", "result": [{"metric": LABELS, "values": [[60, "30"]]}]}},
            "/loki/api/v1/detected_fields": {"fields": [
                {"label": "status", "type": "int", "cardinality": 3, "parsers": ["json"],
                 "jsonPath": ["http", "status"]},
                {"label": "level", "type": "string", "cardinality": 1, "parsers": None}],
                "limit": 1000},
            "/loki/api/v1/detected_field/status/values": {"values": ["200", "404"], "limit": 1000},
            "/loki/api/v1/patterns": {"status": "success", "data": [
                {"pattern": "took <_>", "level": "error", "samples": [[60, 2], [70, 1]]},
                {"pattern": "GET <_>", "level": "info", "samples": [[60, 9]]}]},
            "/loki/api/v1/delete": [
                {"request_id": "d1", "start_time": 60, "end_time": 120.5, "query": "{app=\"a\"}",
                 "status": "received", "created_at": 180}],
        }
        if path in lists:
            return self.answer(200, lists[path])
        return self.answer(404, "404 page not found\n", "text/plain")

    def query_range(self, params):
        state = self.state
        limit = int(params["limit"])
        if limit > state.args.max:
            return self.answer(400, "max entries limit per query exceeded, limit > "
                               f"max_entries_limit_per_query ({limit} > {state.args.max})\n",
                               "text/plain")
        with state.lock:
            found = [e for e in state.entries if int(params["start"]) <= e[0] < int(params["end"])]
        if params["direction"] == "backward":
            found.reverse()
        warnings = ["half of it"] if "warn" in params["query"] else []
        return self.answer(200, {"status": "success", "warnings": warnings, "data": {
            "resultType": "streams", "result": stream(found[:limit]),
            "stats": {"summary": {"totalBytesProcessed": 2000, "totalLinesProcessed": 7,
                                  "execTime": 0.5}}}})

    def send_frame(self, opcode, payload):
        size = len(payload)
        head = struct.pack("!BB", 0x80 | opcode, size) if size < 126 else \
            struct.pack("!BBH", 0x80 | opcode, 126, size)
        try:
            self.connection.sendall(head + payload)
        except OSError:
            pass

    def tail(self):
        state = self.state
        with state.lock:
            if state.refuse > 0:
                state.refuse -= 1
                return self.answer(503, "away\n", "text/plain")
            key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header("Sec-WebSocket-Accept",
                             base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
            self.end_headers()
            self.wfile.flush()
            state.tails.append(self)
        self.send_frame(0x9, b"ping")
        try:
            while self.connection.recv(4096):
                pass
        except OSError:
            pass
        with state.lock:
            state.tails.remove(self)
        self.close_connection = True


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-tail", action="store_true")
    parser.add_argument("--max", type=int, default=5000)
    Handler.state = State(parser.parse_args())
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    timer = threading.Timer(600, server.shutdown)
    timer.daemon = True
    timer.start()
    server.serve_forever()


main()
