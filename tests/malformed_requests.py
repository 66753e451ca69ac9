#!/usr/bin/env python3
"""Sends a table of malformed requests to a glp-store that runs, and says which are answered wrongly.

    malformed_requests.py HOST:PORT PID plain|limits

Each row is a name, the status that is right, words of the answer, and the bytes of the request, which
no library repairs. After each, /ready must be answered and the store has as many entries, of any time,
as were taken (with `limits` no query may ask for that); at the end they are exactly these. With `limits` the server runs with --loki-limits, and the rows are those of limits.
Memory of PID is looked at unless GLP_SANITIZE is set. Prints "N passed, M failed, K entries", those that
are to be there, as the last line.
"""
import base64
import collections
import json
import os
import select
import socket
import struct
import sys
import time
import urllib.parse
import zlib

PUSH, OLD_PUSH, OTLP = "/loki/api/v1/push", "/api/prom/push", "/otlp/v1/logs"
RANGE, INSTANT = "/loki/api/v1/query_range", "/loki/api/v1/query"
V1 = "/loki/api/v1/"
JSON, PROTO = "application/json", "application/x-protobuf"
FORM = "application/x-www-form-urlencoded"
NOW = int(time.time()) - 60
NS = NOW * 10**9
ANSWER_SECONDS = 15 if not os.environ.get("GLP_SANITIZE") else 120

Row = collections.namedtuple("Row", "name status words parts seconds")
rows = []
# What pushes of the table leave behind: (labels, line).
KEPT = ("one", "two error", "three")
taken = []


def add(name, status, words, *parts, seconds=ANSWER_SECONDS):
    """`status`: of the last answer, 0 where the connection ends without one. `parts`: bytes."""
    rows.append(Row(name, status, words, parts, seconds))


# --- HTTP ---


def head(method, target, *fields, version="HTTP/1.1", host="Host: x"):
    lines = [f"{method} {target} {version}"] + ([host] if host else []) + list(fields)
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def post(target, body, kind=JSON, *fields):
    kinds = (f"Content-Type: {kind}",) if kind else ()
    return head("POST", target, f"Content-Length: {len(body)}", *kinds, *fields) + body


def url(path, pairs):
    return path + "?" + urllib.parse.urlencode(pairs, doseq=True)


def get(path, **pairs):
    return head("GET", url(path, pairs))


def form(path, **pairs):
    return post(path, urllib.parse.urlencode(pairs, doseq=True).encode(), FORM)


class Answer:
    def __init__(self):
        self.statuses, self.head, self.body, self.hung, self.rest = [], b"", b"", False, b""

    @property
    def status(self):
        return self.statuses[-1] if self.statuses else 0


def connect():
    s = socket.create_connection(ADDRESS)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def parse(data, answer):
    """Takes whole answers off `data`; returns what is left."""
    while True:
        end = data.find(b"\r\n\r\n")
        if end < 0 or not data.startswith(b"HTTP/1."):
            return data
        fields = data[:end].split(b"\r\n")
        status = int(fields[0].split()[1])
        names = {k.strip().lower(): v.strip() for k, _, v in (f.partition(b":") for f in fields[1:])}
        body = data[end + 4 :]
        if status == 101:
            answer.statuses.append(status)
            return body
        if status == 100:
            data = body
            continue
        if b"chunked" in names.get(b"transfer-encoding", b""):
            whole = body.endswith(b"0\r\n\r\n")
            if not whole:
                return data
            size = len(body)
        else:
            size = int(names.get(b"content-length", b"0"))
            if len(body) < size:
                return data
        answer.statuses.append(status)
        answer.head, answer.body = data[:end], body[:size]
        data = body[size:]


def exchange(parts, seconds=ANSWER_SECONDS, answers=1):
    """Sends and reads at the same time until there are as many answers, or the connection ends."""
    answer = Answer()
    out = memoryview(b"".join(parts))
    deadline = time.monotonic() + seconds
    with connect() as s:
        s.setblocking(False)
        data, at = b"", 0
        while len(answer.statuses) < answers:
            left = deadline - time.monotonic()
            if left <= 0:
                answer.hung = True
                break
            r, w, _ = select.select([s], [s] if at < len(out) else [], [], left)
            if w:
                try:
                    at += s.send(out[at : at + (1 << 20)])
                except BlockingIOError:
                    pass
                except OSError:
                    at = len(out)
            if r:
                try:
                    got = s.recv(1 << 20)
                except BlockingIOError:
                    continue
                except OSError:
                    got = b""
                if not got:
                    break
                data = parse(data + got, answer)
    answer.rest = data
    return answer


# --- protobuf, snappy, gzip ---


def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, data):
    if isinstance(data, int):
        return varint(number << 3) + varint(data)
    data = data if isinstance(data, bytes) else data.encode()
    return varint(number << 3 | 2) + varint(len(data)) + data


def snappy(data):
    out = [varint(len(data))]
    for i in range(0, len(data), 65536):
        piece = data[i : i + 65536]
        out.append(b"\xf4" + struct.pack("<H", len(piece) - 1) + piece)
    return b"".join(out)


def entry(line="bad", seconds=None, nanos=0, more=b""):
    stamp = field(1, NOW if seconds is None else seconds) + field(2, nanos)
    return field(1, stamp) + field(2, line) + more


def stream(labels, *entries):
    return field(1, field(1, labels) + b"".join(field(2, e) for e in entries))


BAD = '{app="bad"}'


def proto(data, *fields):
    return post(PUSH, snappy(data), PROTO, *fields)


def gzip_of(data, wbits=31):
    packer = zlib.compressobj(1, zlib.DEFLATED, wbits)
    return packer.compress(data) + packer.flush()


def gzip_bomb(mebibytes):
    """Zeros, packed once: each part stands for itself."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\3" + part * mebibytes + b"\x03\0" + bytes(8)


def zstd_bomb(mebibytes):
    """Blocks of one byte that stands for 128 KiB."""
    block = struct.pack("<I", (128 << 10) << 3 | 1 << 1)[:3] + b"\0"
    last = struct.pack("<I", 1)[:3]
    return b"\x28\xb5\x2f\xfd\x00\x38" + block * (8 * mebibytes) + last


LZ4 = b"\x04\x22\x4d\x18\x60\x40\x82"  # version 1, independent blocks of at most 64 KiB

# --- JSON pushes ---


def push_text(values='["%d","bad"]' % NS, labels='{"app":"bad"}'):
    return '{"streams":[{"stream":%s,"values":[%s]}]}' % (labels, values)


def json_push(text, *fields):
    return post(PUSH, text if isinstance(text, bytes) else text.encode(), JSON, *fields)


def rows_of_framing():
    ready = "/ready"
    add("no HTTP at all", 400, "this is no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    add("NULs", 400, "", bytes(64))
    add("HTTP/0.9", 400, "malformed request line", b"GET /ready\r\n\r\n")
    add("an empty request line", 400, "", b"\r\n\r\n")
    add("a blank too many", 400, "", b"GET  /ready HTTP/1.1\r\nHost: x\r\n\r\n")
    add("a target with a blank", 400, "", b"GET /re ady HTTP/1.1\r\nHost: x\r\n\r\n")
    add("a tab for a blank", 400, "", b"GET\t/ready\tHTTP/1.1\r\nHost: x\r\n\r\n")
    add("HTTP/2.0", 505, "HTTP/1.1", head("GET", ready, version="HTTP/2.0"))
    add("the preface of HTTP/2", 505, "", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    add("HTTP/1.2", 505, "", head("GET", ready, version="HTTP/1.2"))
    add("http in small letters", 400, "version", head("GET", ready, version="http/1.1"))
    add("a version of three parts", 400, "version", head("GET", ready, version="HTTP/1.1.1"))
    add("no version", 400, "version", head("GET", ready, version="HTTP/"))
    add("a method of control characters", 400, "", b"G\x01T /ready HTTP/1.1\r\nHost: x\r\n\r\n")
    add("a method of 10,000 letters", 400, "invalid method", head("A" * 10000, ready))
    add("a method in brackets", 400, "invalid method", head("(GET)", ready))
    add("an unknown method", 405, "", head("BREW", ready))
    add("get in small letters", 405, "", head("get", ready))
    add("CONNECT", 501, "proxy", head("CONNECT", "example.com:443"))
    add("TRACE", 405, "", head("TRACE", ready))
    add("a target without a slash", 400, "invalid target", head("GET", "ready"))
    add("an asterisk of GET", 400, "invalid target", head("GET", "*"))
    add("an absolute target of another scheme", 400, "absolute target", head("GET", "ftp://x/ready"))
    add("an absolute target without a host", 400, "absolute target", head("GET", "http:///ready"))
    add("a fragment", 400, "target", head("GET", "/ready#x"))
    add("NUL in the target", 400, "target", b"GET /re\0ady HTTP/1.1\r\nHost: x\r\n\r\n")
    add("NUL encoded in the path", 400, "NUL", head("GET", "/ready%00"))
    add("a bad escape in the path", 400, "invalid URL escape", head("GET", "/re%zzady"))
    add("an escape cut off", 400, "invalid URL escape", head("GET", "/ready%2"))
    add("a bad escape in the query", 400, "invalid URL escape", head("GET", RANGE + "?query=%g1"))
    add("a way up", 404, "", head("GET", "/loki/api/v1/../../../etc/passwd"))
    add("a way up, encoded", 404, "", head("GET", "/..%2f..%2fetc%2fpasswd"))
    add("a path that is not there", 404, "404 page not found", head("GET", "/loki/api/v9/push"))
    add("a target of 1 MB", 414, "target", head("GET", RANGE + "?query=" + "a" * 1_000_000))
    add("a request line without end", 414, "", b"GET /" + b"a" * 600_000)
    # Fields
    add("no Host", 400, "Host", head("GET", ready, host=""))
    add("two Hosts", 400, "more than one Host", head("GET", ready, "Host: y"))
    add("a Host with a blank", 400, "Host", head("GET", ready, host="Host: a b"))
    add("a Host with a path", 400, "Host", head("GET", ready, host="Host: a/b"))
    add("a Host with a name before an at", 400, "Host", head("GET", ready, host="Host: a@b"))
    add("a field of 100 KB", 431, "header", head("GET", ready, "X: " + "a" * 100_000))
    add("a field without end", 431, "header", b"GET /ready HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000)
    add("a name of 100 KB", 431, "header", head("GET", ready, "a" * 100_000 + ": x"))
    add("300 fields", 431, "too many headers", head("GET", ready, *(f"X{i}: 1" for i in range(300))))
    add("10,000 fields", 431, "", head("GET", ready, *(f"X{i}: 1" for i in range(10_000))))
    add("a blank before the colon", 400, "colon", head("GET", ready, "Content-Length : 0"))
    add("a field without a name", 400, "malformed header", head("GET", ready, ": x"))
    add("a field without a colon", 400, "malformed header", head("GET", ready, "nothing"))
    add("a name with a blank", 400, "malformed header", head("GET", ready, "a b: x"))
    add("a name with a byte that is no ASCII", 400, "", b"GET /ready HTTP/1.1\r\nHost: x\r\n\xc3\xa4: x\r\n\r\n")
    add("a folded field", 400, "obs-fold", head("GET", ready, "X: a", " b"))
    add("a folded field first", 400, "obs-fold", b"GET /ready HTTP/1.1\r\n Host: x\r\n\r\n")
    add("NUL in a field", 400, "control character", head("GET", ready, "X: a\0b"))
    add("CR in a field", 400, "", head("GET", ready, "X: a\rb"))
    add("a bell in a field", 400, "control character", head("GET", ready, "X: \a"))
    add("lines that end in LF", 400, "LF without CR", b"GET /ready HTTP/1.1\nHost: x\n\n")
    add("a line that ends in LF", 400, "LF without CR", b"GET /ready HTTP/1.1\r\nHost: x\nX: y\r\n\r\n")
    add("lines that end in CR", 0, "", b"GET /ready HTTP/1.1\rHost: x\r\r", seconds=-1)
    add("Expect that is unknown", 417, "Expect", head("GET", ready, "Expect: 200-ok"))
    # Bodies, and where they end
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    chunked = "Transfer-Encoding: chunked"

    def te(value, body=b"0\r\n\r\n" + smuggled, *fields, version="HTTP/1.1"):
        more = (f"Content-Type: {JSON}",) + fields
        return head("POST", PUSH, value, *more, version=version) + body

    add("a length and chunks", 400, "both Content-Length and Transfer-Encoding",
        te(chunked, b"0\r\n\r\n" + smuggled, "Content-Length: 4"))
    add("chunks and a length", 400, "both", te("Content-Length: 4", b"0\r\n\r\n" + smuggled, chunked))
    add("two lengths", 400, "more than one Content-Length",
        te("Content-Length: 4", b"{}{}" + smuggled, "Content-Length: 5"))
    add("the same length twice", 400, "more than one", te("Content-Length: 4", b"{}{}", "Content-Length: 4"))
    for value in ("-1", "+4", "4, 4", "0x4", "4 4", "", "4.0", "1e2", "99999999999999999999",
                  "9223372036854775808", "\u0664"):
        add(f"Content-Length {value!r}", 400, "Content-Length", te(f"Content-Length: {value}", smuggled))
    add("a length of 8 EB", 413, "too large", te("Content-Length: 9223372036854775807", b""))
    add("a length of 1 GB", 413, "too large", te("Content-Length: 1073741824", b""))
    for value, status in (("xchunked", 501), ("chunked, identity", 400), ("gzip, chunked", 501),
                          ("identity", 501), ("chunked, chunked", 501), ("\x0bchunked", 400),
                          ("chunked;q=1", 501), ('"chunked"', 501), ("", 501)):
        add(f"Transfer-Encoding {value!r}", status, "", te(f"Transfer-Encoding: {value}"))
    add("two Transfer-Encodings", 400, "more than one", te(chunked, b"0\r\n\r\n", "Transfer-Encoding: gzip"))
    add("Transfer-Encoding with a blank before the colon", 400, "colon", te("Transfer-Encoding : chunked"))
    add("chunks in HTTP/1.0", 400, "HTTP/1.0", te(chunked, version="HTTP/1.0"))
    for name, body in (("no size", b"\r\nabc"), ("a size that is no number", b"zz\r\nabc\r\n0\r\n\r\n"),
                       ("a negative size", b"-1\r\nabc"), ("a size with 0x", b"0x3\r\nabc\r\n0\r\n\r\n"),
                       ("a size of 17 digits", b"10000000000000000\r\nabc"),
                       ("a size with blanks before", b"  3\r\nabc\r\n0\r\n\r\n"),
                       ("a size that is too small", b"2\r\nabc\r\n0\r\n\r\n"),
                       ("a size line ending in LF", b"3\nabc\r\n0\r\n\r\n"),
                       ("a chunk ending in LF", b"3\r\nabc\n0\r\n\r\n"),
                       ("a bare CR in an extension", b"3;a\rb\r\nabc\r\n0\r\n\r\n"),
                       ("NUL in an extension", b"3;\0\r\nabc\r\n0\r\n\r\n"),
                       ("an extension of 5 KB", b"3;" + b"a" * 5000 + b"\r\nabc\r\n0\r\n\r\n"),
                       ("20,000 small extensions", b"1;a\r\nx\r\n" * 20_000 + b"0\r\n\r\n"),
                       ("a trailer that is none", b"0\r\nno colon\r\n\r\n"),
                       ("a folded trailer", b"0\r\nA: b\r\n c\r\n\r\n"),
                       ("trailers of 50 KB", b"0\r\n" + b"A: b\r\n" * 10_000 + b"\r\n")):
        add(f"chunks: {name}", 400, "", te(chunked, body))
    add("chunks: a size of 1 GB", 413, "too large", te(chunked, b"40000000\r\nabc"))
    add("chunks: a form that is too large", 413, "too large",
        head("POST", RANGE, chunked, f"Content-Type: {FORM}") + b"200000\r\n" + b"a" * 0x200000)
    add("chunks: sizes that add up to none", 400, "", te(chunked, b"f000000000000000\r\nabc"))
    good = head("GET", ready)
    add("bad behind good", 400, "obs-fold", good, head("GET", ready, "X: a", " b"))
    add("bad behind good, good behind bad", 400, "", good, b"\x00\x01\r\n\r\n", good)
    add("a body that was not announced", 400, "", head("POST", PUSH, f"Content-Type: {JSON}") + b"{\"streams\"")
    add("a body of a GET that hides a request", 400, "", READY_WITH_BODY, b"\x01\r\n")
    add("another method of push", 405, "", head("GET", PUSH))
    add("DELETE of query_range", 405, "", head("DELETE", RANGE))


def rows_of_pushes():
    good = stream(BAD, entry())
    add("push: no type", 400, "mime: no media type", post(PUSH, snappy(good), ""))
    add("push: a type that is none", 400, "", post(PUSH, snappy(good), "/;;;"))
    add("push: protobuf as JSON", 400, "", post(PUSH, snappy(good), JSON))
    add("push: JSON as protobuf", 400, "snappy: corrupt input", post(PUSH, push_text().encode(), PROTO))
    add("push: JSON as text", 400, "snappy: corrupt input", post(PUSH, push_text().encode(), "text/plain"))
    for coding in ("br", "zstd", "lz4", "compress", "gzip, gzip", "x", "gzip;q=1", "gzip\x80"):
        add(f"push: Content-Encoding {coding!r}", 400, "not supported",
            json_push(push_text(), f"Content-Encoding: {coding}"))
    add("push: two Content-Encodings", 400, "",
        json_push(push_text(), "Content-Encoding: gzip", "Content-Encoding: identity"))
    add("push: nothing as protobuf", 400, "snappy: corrupt input", post(PUSH, b"", PROTO))
    add("push: nothing as JSON", 400, "", json_push(""))
    # snappy
    packed = snappy(good)
    for size in (1, 2, 3, len(packed) // 2, len(packed) - 1):
        add(f"snappy: {size} bytes of {len(packed)}", 400, "snappy: corrupt input", post(PUSH, packed[:size], PROTO))
    add("snappy: bytes behind the end", 400, "snappy: corrupt input", post(PUSH, packed + b"\0a", PROTO))
    add("snappy: a length of 4 GB", 400, "snappy: corrupt input", post(PUSH, b"\xff\xff\xff\xff\x0f\0a", PROTO))
    add("snappy: a length beyond 32 bits", 400, "snappy: corrupt input", post(PUSH, b"\xff" * 9 + b"\x7f\0a", PROTO))
    add("snappy: a length of 11 bytes", 400, "snappy: corrupt input", post(PUSH, b"\x80" * 11 + b"\0", PROTO))
    add("snappy: a copy from before the beginning", 400, "snappy: corrupt input",
        post(PUSH, b"\x08\x00a\x0d\x7f", PROTO))
    add("snappy: a copy of offset 0", 400, "snappy: corrupt input", post(PUSH, b"\x08\x00a\x0d\x00", PROTO))
    add("snappy: the framed format", 400, "snappy: corrupt input",
        post(PUSH, b"\xff\x06\0\0sNaPpY\x01\x05\0\0\0\0\0\0a", PROTO))
    add("snappy: twice", 400, "malformed push body", proto(snappy(good)))
    bomb = varint(600 << 20) + b"\x00\0" + b"\xfe\x01\x00" * (600 * 16384)
    add("snappy: a bomb of 600 MB", 413, "too large", post(PUSH, bomb, PROTO))
    # gzip and deflate
    body = push_text().encode()
    packed = gzip_of(body)
    for size in (0, 1, 9, 12, len(packed) // 2, len(packed) - 1):
        add(f"gzip: {size} bytes of {len(packed)}", 400, "gzip", json_push(packed[:size], "Content-Encoding: gzip"))
    add("gzip: not", 400, "gzip", json_push(body, "Content-Encoding: gzip"))
    broken = packed[:-8] + bytes(8)
    add("gzip: a wrong check sum", 400, "gzip", json_push(broken, "Content-Encoding: gzip"))
    add("gzip: bytes behind the end", 400, "gzip", json_push(packed + b"x" * 20, "Content-Encoding: gzip"))
    add("gzip: twice", 400, "", json_push(gzip_of(packed), "Content-Encoding: gzip"))
    flate = gzip_of(body, -15)
    for size in (0, 1, len(flate) // 2):
        add(f"deflate: {size} bytes of {len(flate)}", 400, "deflate",
            json_push(flate[:size], "Content-Encoding: deflate"))
    add("deflate: not", 400, "deflate", json_push(b"\xff" * 50, "Content-Encoding: deflate"))
    for kind in (JSON, PROTO):
        add(f"gzip: a bomb of 1 GB as {kind}", 413, "", post(PUSH, gzip_bomb(1024), kind, "Content-Encoding: gzip"))
    add("gzip: a bomb as a form", 413, "", post(RANGE, gzip_bomb(900), FORM, "Content-Encoding: gzip"))
    add("gzip: a bomb as OTLP", 413, "", post(OTLP, gzip_bomb(1024), JSON, "Content-Encoding: gzip"))
    # protobuf
    fields = (("one byte", b"\x0a"), ("cut in labels", good[:5]), ("cut in an entry", good[:-3]),
              ("a length of 4 GB", b"\x0a\xff\xff\xff\xff\x0f"), ("a negative length", b"\x0a" + varint(-1)),
              ("a length beyond 64 bits", b"\x0a" + b"\xff" * 10 + b"\x01"),
              ("a varint of 11 bytes", b"\x08" + b"\x80" * 10 + b"\x01"),
              ("a varint without end", b"\x08" + b"\x80" * 5), ("field number 0", b"\x02\x00"),
              ("wire type 6", b"\x0e\x00"), ("wire type 7", b"\x0f\x00"),
              ("streams as a number", field(1, 5)), ("streams as 8 bytes", b"\x09" + bytes(8)),
              ("a group that does not end", b"\x0b\x08\x01"), ("the end of a group", b"\x0c"),
              ("groups, 100,000 deep", b"\x1b" * 100_000), ("a tag of 11 bytes", b"\x8a" + b"\x80" * 9 + b"\x01\x00"))
    for name, data in fields:
        add(f"protobuf: {name}", 400, "malformed push body", proto(data))
    inner = (("labels as a number", field(1, field(1, 5))), ("entries as a number", field(1, field(1, BAD) + field(2, 5))),
             ("a time as text", stream(BAD, field(1, "no time") + field(2, "x"))),
             ("a line as a number", stream(BAD, field(1, field(1, NOW)) + field(2, 5))),
             ("metadata as a number", stream(BAD, entry(more=field(3, 5)))),
             ("metadata whose name is a number", stream(BAD, entry(more=field(3, field(1, 5))))),
             ("an entry longer than its stream", field(1, field(1, BAD) + b"\x12\x7f" + entry())),
             ("a line longer than its entry", stream(BAD, field(1, field(1, NOW)) + b"\x12\xff\x01x")),
             ("seconds beyond what fits", stream(BAD, entry(seconds=1 << 40))),
             ("seconds of the least number", stream(BAD, entry(seconds=-(1 << 63)))),
             ("seconds of the greatest number", stream(BAD, entry(seconds=(1 << 63) - 1))),
             ("the year 1677", stream(BAD, entry(seconds=-9223372037))),
             ("the year 2262", stream(BAD, entry(seconds=9223372037))),
             ("nanoseconds of a second", stream(BAD, entry(nanos=10**9))),
             ("negative nanoseconds", stream(BAD, entry(nanos=-1))),
             ("origins of no stream", good + field(7000, b"")),
             ("origins as a number", good + field(7000, 5)))
    for name, data in inner:
        add(f"protobuf: {name}", 400, "malformed push body", proto(data))
    add("protobuf: no stream", 422, "at least one valid stream", proto(b""))
    add("protobuf: 1,000,000 streams of nothing", 422, "at least one valid stream", proto(b"\x0a\x00" * 1_000_000))
    # Labels
    labels = (("no text", "", "error parsing labels"),
              ("no braces", "app", "error parsing labels"),
              ("cut off", '{app="bad', "error parsing labels"), ("no value", "{app=}", "error parsing labels"),
              ("a matcher", '{app=~"bad"}', "error parsing labels"), ("a name with a dash", '{a-b="bad"}', "error parsing labels"),
              ("a name with a digit first", '{1a="bad"}', "error parsing labels"),
              ("no name", '{="bad"}', "error parsing labels"), ("a comma too many", '{,app="bad"}', "error parsing labels"),
              ("a bad escape", '{app="\\q"}', "error parsing labels"), ("text behind", '{app="bad"} x', "error parsing labels"),
              ("NUL", '{app="bad"\0}', "error parsing labels"), ("twice the same name", '{a="bad",a="x"}', "duplicate label name"),
              ("1 MB of braces", "{" * 1_000_000, "error parsing labels"))
    for name, text, words in labels:
        add(f"labels: {name}", 400, words, proto(stream(text, entry())))
    add("labels: bytes that are not UTF-8", 400, "error parsing labels", proto(stream(b'{app="\xff\xfe"}', entry())))
    add("labels: a name that is not UTF-8", 400, "error parsing labels", proto(stream(b'{a\xff="bad"}', entry())))
    # JSON
    whole = push_text('["%d","bad",{"k":"v"}]' % NS)
    for i in range(1, len(whole), 3):
        add(f"JSON: {i} bytes of {len(whole)}", 400, "", json_push(whole[:i]))
    shapes = (("a number", "17"), ("a list", "[]"), ("text", '"streams"'), ("null", "null"),
              ("streams as text", '{"streams":"x"}'), ("streams as an object", '{"streams":{}}'),
              ("streams of numbers", '{"streams":[1]}'), ("a stream of lists", '{"streams":[[]]}'),
              ("labels as a list", push_text(labels='["app"]')), ("labels as text", push_text(labels='"app"')),
              ("labels as a number", push_text(labels="5")), ("values as text", '{"streams":[{"stream":{"app":"bad"},"values":"x"}]}'),
              ("an entry as text", push_text('"x"')), ("an entry as an object", push_text('{"ts":1}')),
              ("an entry of nothing", push_text("[]")), ("an entry of a time", push_text('["%d"]' % NS)),
              ("a time as a number", push_text('[%d,"bad"]' % NS)), ("a time as a fraction", push_text('["1.5","bad"]')),
              ("a time of no digits", push_text('["now","bad"]')), ("a time with a blank", push_text('[" %d","bad"]' % NS)),
              ("an empty time", push_text('["","bad"]')), ("a time beyond int64", push_text('["9223372036854775808","bad"]')),
              ("a time below int64", push_text('["-9223372036854775809","bad"]')),
              ("a time of 1,000 digits", push_text('["%s","bad"]' % ("9" * 1000))),
              ("a time in RFC 3339", push_text('["2026-01-01T00:00:00Z","bad"]')),
              ("a line as a number", push_text('["%d",5]' % NS)), ("a line as null", push_text('["%d",null]' % NS)),
              ("a line as an object", push_text('["%d",{}]' % NS)), ("metadata as text", push_text('["%d","bad","x"]' % NS)),
              ("metadata as a list", push_text('["%d","bad",[]]' % NS)),
              ("a number in metadata", push_text('["%d","bad",{"a":1}]' % NS)),
              ("an object in metadata", push_text('["%d","bad",{"a":{}}]' % NS)),
              ("null in metadata", push_text('["%d","bad",{"a":null}]' % NS)),
              ("a comma too many", push_text('["%d","bad"],' % NS)), ("no comma", push_text('["%d" "bad"]' % NS)),
              ("single quotes", "{'streams':[]}"), ("a comment", '{"streams":[]/*x*/}'),
              ("text behind", push_text() + "x"), ("a second object", push_text() + push_text()),
              ("a lone surrogate", push_text('["%d","\\ud800"]' % NS)), ("a bad escape", push_text('["%d","\\q"]' % NS)),
              ("an escape cut off", push_text('["%d","\\u12"]' % NS)), ("a line break in text", push_text('["%d","a\nb"]' % NS)),
              ("NUL", push_text() + "\0"), ("UTF-16", push_text().encode("utf-16")), ("not UTF-8", b'{"streams":[{"stream":{"app":"\xff"},"values":[]}]}'),
              ("a line that is not UTF-8", push_text().encode().replace(b'"bad"]', b'"\xff"]')),
              ("lists, 100,000 deep", "[" * 100_000), ("objects, 100,000 deep", '{"a":' * 100_000),
              ("lists in metadata, 100,000 deep", push_text('["%d","bad",{"a":%s}]' % (NS, "[" * 100_000 + "]" * 100_000))),
              ("origins as a list", '{"streams":[{"stream":{"app":"bad"},"values":[["%d","x"]]}],"glp":[]}' % NS),
              ("origins of more streams", '{"streams":[{"stream":{"app":"bad"},"values":[["%d","x"]]}],"glp":{"streams":[{},{}]}}' % NS),
              ("a line64 out of range", '{"streams":[{"stream":{"app":"bad"},"values":[["%d","x"]]}],"glp":{"streams":[{"line64":[[7,"QQ=="]]}]}}' % NS),
              ("a line64 that is none", '{"streams":[{"stream":{"app":"bad"},"values":[["%d","x"]]}],"glp":{"streams":[{"line64":[[0,"*"]]}]}}' % NS))
    for name, text in shapes:
        add(f"JSON: {name}", 400, "", json_push(text))
    add("JSON: no streams", 422, "at least one valid stream", json_push("{}"))
    add("JSON: streams that are none", 422, "at least one valid stream", json_push('{"streams":[]}'))
    add("JSON: lists beside, 100,000 deep", 422, "at least one valid stream",
        json_push('{"x":' + "[" * 100_000 + "]" * 100_000 + ',"streams":[]}'))
    for name in ("a-b", "1a", "a.b", "", "a b", "ä", "a\\u0000"):
        add(f"JSON: the label {name!r}", 400, "error parsing labels", json_push(push_text(labels='{"%s":"bad"}' % name)))
    # What old clients send.
    def old(labels='"{app=\\"bad\\"}"', entries='{"ts":"2026-01-01T00:00:00Z","line":"bad"}'):
        return post(OLD_PUSH, ('{"streams":[{"labels":%s,"entries":[%s]}]}' % (labels, entries)).encode())
    add("old: labels as an object", 400, "", old(labels="{}"))
    add("old: labels that cannot be read", 400, "error parsing labels", old(labels='"{app"'))
    add("old: no time", 400, "", old(entries='{"line":"bad"}'))
    add("old: a time as a number", 400, "", old(entries='{"ts":1,"line":"bad"}'))
    add("old: a time of no day", 400, "", old(entries='{"ts":"2026-02-30T00:00:00Z","line":"bad"}'))
    add("old: a time that does not fit", 400, "", old(entries='{"ts":"9999-01-01T00:00:00Z","line":"bad"}'))
    add("old: a line as a number", 400, "", old(entries='{"ts":"2026-01-01T00:00:00Z","line":1}'))
    add("old: an entry as a list", 400, "", old(entries='["1","bad"]'))
    add("old: cut off", 400, "", post(OLD_PUSH, b'{"streams":[{"labels":"{a=1'))
    add("old: protobuf cut off", 400, "", post(OLD_PUSH, snappy(good[:-1]), PROTO))
    # What is taken though it looks odd.
    app = '{app="taken"}'
    taken.extend(({"app": "taken"}, line) for line in ("a\ufffd\0z", "metadata", "fields", "", "more"))
    add("a line of any bytes is taken", 204, "", proto(stream(app, entry(b"a\xff\0z"))))
    add("metadata of any bytes is taken", 204, "",
        proto(stream(app, entry("metadata", more=field(3, field(1, b"k.\xff") + field(2, b"\xff"))))))
    add("fields that nobody knows are passed over", 204, "",
        proto(b"\x2a\x03abc\x30\x05" + stream(app, entry("fields")) + b"\x39" + bytes(8) + b"\x45" + bytes(4)))
    add("an empty line is taken", 204, "", proto(stream(app, entry(""))))
    add("what follows metadata is passed over", 204, "",
        json_push(push_text('["%d","more",{},{"later":[1]}]' % NS, '{"app":"taken"}')))


def rows_of_otlp():
    def log(value='{"stringValue":"bad"}', more=""):
        return '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"%d","body":%s%s}]}]}]}' % (NS, value, more)

    def send(text, kind=JSON, *fields):
        return post(OTLP, text if isinstance(text, bytes) else text.encode(), kind, *fields)

    add("OTLP: no type", 400, "", send(log(), ""))
    add("OTLP: another type", 400, "not supported", send(log(), "text/plain"))
    add("OTLP: another coding", 400, "not supported", send(log(), JSON, "Content-Encoding: snappy"))
    add("OTLP: nothing as JSON", 400, "", send(""))
    whole = log()
    for i in range(1, len(whole), 8):
        add(f"OTLP: {i} bytes of {len(whole)}", 400, "malformed OTLP body", send(whole[:i]))
    deep = 10_000
    nested = '{"arrayValue":{"values":[' * deep + '{"stringValue":"x"}' + "]}}" * deep
    shapes = (("a list", "[]"), ("text", '"x"'), ("logs as an object", '{"resourceLogs":{}}'),
              ("logs of numbers", '{"resourceLogs":[1]}'), ("scopes as text", '{"resourceLogs":[{"scopeLogs":"x"}]}'),
              ("records as text", '{"resourceLogs":[{"scopeLogs":[{"logRecords":"x"}]}]}'),
              ("a time of no digits", log().replace(str(NS), "now")), ("a negative time", log().replace(str(NS), "-1")),
              ("a time beyond 64 bits", log().replace(str(NS), "99999999999999999999")),
              ("a body as text", log('"bad"')), ("a body as a list", log("[]")), ("text as a number", log('{"stringValue":5}')),
              ("a truth as text", log('{"boolValue":"maybe"}')), ("a number as text", log('{"intValue":"x"}')),
              ("a fraction as text", log('{"doubleValue":"x"}')), ("bytes that are no base64", log('{"bytesValue":"*"}')),
              ("attributes as an object", log(more=',"attributes":{}')), ("attributes of text", log(more=',"attributes":["x"]')),
              ("a key as a number", log(more=',"attributes":[{"key":1,"value":{"stringValue":"x"}}]')),
              ("a trace that is no hexadecimal number", log(more=',"traceId":"zz"')),
              ("a severity as an object", log(more=',"severityNumber":{}')),
              ("10,000 values deep", log(nested)), ("100,000 lists deep", "[" * 100_000),
              ("text behind", log() + "x"), ("not UTF-8", log().encode().replace(b"bad", b"\xff")))
    for name, text in shapes:
        add(f"OTLP: {name}", 400, "malformed OTLP body", send(text))
    value = field(1, "x")
    for _ in range(deep):
        value = field(5, field(1, value))

    def record(data):
        return field(1, field(2, field(2, data)))

    messages = (("one byte", b"\x0a"), ("a length beyond the end", b"\x0a\x7fx"), ("logs as a number", field(1, 5)),
                ("a time as a varint", record(field(1, 5))), ("a body as a number", record(field(5, 5))),
                ("a varint of 11 bytes", b"\x08" + b"\x80" * 10 + b"\x01"), ("a group", b"\x0b\x08"),
                ("wire type 7", b"\x0f"), ("a negative length", b"\x0a" + varint(-1)),
                ("10,000 values deep", record(field(5, value))))
    for name, data in messages:
        add(f"OTLP protobuf: {name}", 400, "malformed OTLP body", send(data, PROTO))
    for coding, data in (("gzip", gzip_of(whole.encode())[:-9]), ("deflate", gzip_of(whole.encode(), -15)[:20]),
                         ("zstd", b"\x28\xb5\x2f\xfd\x00\x38\x21\0\0ab"), ("zstd", b"\x28\xb5"), ("zstd", b"no zstd at all"),
                         ("zstd", b"\x28\xb5\x2f\xfd\xe0" + b"\xff" * 8), ("lz4", LZ4 + b"\x05\0\0\x80abc"), ("lz4", LZ4[:4]),
                         ("lz4", b"no lz4 at all"), ("lz4", LZ4 + b"\xff\xff\xff\x7fabc"), ("lz4", LZ4[:-1] + b"\0")):
        add(f"OTLP: {coding} that is cut or none: {data[-12:]!r}", 400, "", send(data, JSON, f"Content-Encoding: {coding}"))
    add("OTLP: a zstd bomb of 1 GB", 413, "too large", send(zstd_bomb(1024), PROTO, "Content-Encoding: zstd"))


def rows_of_reads():
    one = '{app="kept"}'
    log = dict(query=one, start=NOW - 60, end=NOW + 60)

    def both(name, status, words, path, **pairs):
        add(f"{path.removeprefix(V1)}: {name}", status, words, get(path, **pairs))
        add(f"{path.removeprefix(V1)} as a form: {name}", status, words, form(path, **pairs))

    for name in ("start", "end"):
        for value in ("x", "9223372036854775808", "-9223372036854775809", "2026-13-01T00:00:00Z", "2026-01-01", "1e5", "0x10", "99999-01-01T00:00:00Z"):
            add(f"query_range: {name}={value}", 400, f"could not parse '{name}' parameter", get(RANGE, **{**log, name: value}))
    both("the end before the start", 400, "end timestamp must not be before", RANGE, query=one, start=NOW, end=NOW - 1)
    for value in ("0", "-1", "-5s", "0s", "NaN", "inf", "-inf", "x", "1y2", "1e300", "5 s", "0.0000000001"):
        add(f"query_range: step={value}", 400, "", get(RANGE, **log, step=value))
    add("query_range: 11,001 points", 400, "11,000 points", get(RANGE, query=one, start=0, end=11_001, step=1))
    add("query_range: all times and a step of 1", 400, "11,000 points",
        get(RANGE, query=one, start="-9223372036854775808", end="9223372036854775807", step=1))
    for value in ("0", "-1", "x", "1.5", "99999999999999999999", "0x10", " 1"):
        both(f"limit={value}", 400, "", RANGE, **log, limit=value)
    for name, value in (("direction", "sideways"), ("direction", "\0"), ("interval", "-1"), ("interval", "x"), ("interval", "NaN"), ("since", "x"), ("since", "1")):
        q = dict(query=one, end=NOW) if name == "since" else log
        add(f"query_range: {name}={value!r}", 400, "", get(RANGE, **{**q, name: value}))
    for path in ("query", "labels", "label/app/values", "series", "index/stats", "index/volume", "index/volume_range",
                 "patterns", "detected_labels", "detected_fields", "detected_field/level/values"):
        name = "time" if path == "query" else "start"
        add(f"{path}: {name}=x", 400, f"could not parse '{name}' parameter", get(V1 + path, **{"query": "vector(1)" if path == "query" else one, name: "x"}))
    for path in ("labels", "label/app/values", "index/stats", "index/volume", "detected_labels", "detected_fields", "patterns"):
        add(f"{path}: a selector cut off", 400, "parse error", get(V1 + path, query='{app="'))
        add(f"{path}: a query of numbers", 400, "", get(V1 + path, query="rate({app=\"a\"}[1m])"))
    for text in ("{app=", "app", "{app=\"a\"} |= \"x\"", "{}}", "\0", "{app=~\"(\"}"):
        both(f"match[]={text!r}", 400, "", V1 + "series", **{"match[]": text})
    add("series: match={", 400, "", get(V1 + "series", match="{"))
    add("index/volume: aggregateBy=x", 400, "invalid aggregation option", get(V1 + "index/volume", query=one, aggregateBy="x"))
    add("index/volume: limit=0", 400, "limit must be a positive value", get(V1 + "index/volume", query=one, limit=0))
    add("index/volume_range: step=0", 400, "zero or negative", get(V1 + "index/volume_range", query=one, step=0))
    add("detected_fields: limit=-1", 400, "", get(V1 + "detected_fields", query=one, limit=-1))
    add("detected_fields: line_limit=x", 400, "", get(V1 + "detected_fields", query=one, line_limit="x"))
    add("detected_field: no name", 404, "", get(V1 + "detected_field//values", query=one))
    add("patterns: step=-1", 400, "", get(V1 + "patterns", query=one, step=-1))
    add("label: no name", 404, "", get(V1 + "label//values"))
    # Queries
    many = "(" * 100_000 + one + ")" * 100_000
    deep = "(" * 50_000 + "vector(1)" + ")" * 50_000
    queries = (("nothing", ""), ("blanks", "   "), ("no selector", "|= \"x\""), ("NUL", "{app=\"a\"}\0"), ("not UTF-8", '{app="\udcff"}'),
               ("no matcher", "{}"), ("only empty matchers", '{app=""}'), ("a regex of anything", '{app=~".*"}'),
               ("an operator of none", "{app!!\"a\"}"), ("text that does not end", '{app="a'), ("a bad escape", '{app="\\q"}'),
               ("a brace too many", one + "}"), ("a filter without text", one + " |="), ("a filter of a number", one + " |= 5"),
               ("a regex that is none", one + ' |~ "("'), ("a regex with a reference", one + ' |~ "(a)\\\\1"'), ("a look-ahead", one + ' |~ "(?=a)"'),
               ("a repetition beyond 1,000", one + ' |~ "a{1001}"'), ("a stage of none", one + " | nonsense | | json"),
               ("json of a bad path", one + ' | json a="["'), ("logfmt with a bad option", one + " | logfmt --nonsense"),
               ("regexp without a name", one + ' | regexp "(a)"'),
               ("regexp twice the name", one + ' | regexp "(?P<a>x)(?P<a>y)"'), ("pattern without a name", one + ' | pattern "abc"'),
               ("pattern of neighbours", one + ' | pattern "<a><b>"'), ("unpack with more", one + " | unpack x"),
               ("line_format without text", one + " | line_format"), ("line_format of a bad template", one + ' | line_format "{{"'),
               ("line_format of an unknown function", one + ' | line_format "{{ nonsense .a }}"'), ("label_format twice", one + " | label_format a=b,a=c"),
               ("label_format of a bad name", one + " | label_format 1a=b"), ("drop of nothing", one + " | drop"), ("keep of nothing", one + " | keep"),
               ("decolorize with more", one + " | decolorize x"), ("a label filter without a value", one + " | a ="), ("a label filter of a bad unit", one + " | a > 5xs"),
               ("a label filter of a bad address", one + ' | a = ip("1.2.3.4.5")'), ("unwrap in a log query", one + " | unwrap a"),
               ("and of nothing", one + " | a=1 and"), ("a range of none", f"rate({one})"), ("an empty range", f"rate({one}[])"),
               ("a range of 0", f"rate({one}[0s])"), ("a negative range", f"rate({one}[-1m])"), ("a range without a unit", f"rate({one}[5])"),
               ("a range that overflows", f"rate({one}[99999999999999y])"), ("an unknown function", f"nonsense({one}[1m])"),
               ("sum_over_time without unwrap", f"sum_over_time({one}[1m])"), ("rate of a number", "rate(5[1m])"),
               ("quantile without a number", f"quantile_over_time({one} | unwrap a [1m])"), ("topk without a number", f"topk(rate({one}[1m]))"),
               ("topk of 0", f"topk(0, rate({one}[1m]))"), ("topk of NaN", f"topk(NaN, rate({one}[1m]))"), ("sum by nothing closed", f"sum by (a rate({one}[1m])"),
               ("a sum of lines", f"sum({one})"), ("lines plus lines", f"{one} + {one}"), ("a sign of none", "vector(1) ** vector(1)"), ("label_replace of a bad regex", f'label_replace(rate({one}[1m]), "a", "$1", "b", "(")'),
               ("offset of nothing", f"rate({one}[1m] offset)"), ("on of nothing closed", f"rate({one}[1m]) / on(a rate({one}[1m])"), ("vector of text", 'vector("x")'),
               ("100,000 parentheses", many), ("50,000 parentheses of a number", deep), ("50,000 open ones", "(" * 50_000),
               ("sums of sums, 10,000 deep", "sum(" * 10_000 + f"rate({one}[1m])" + ")" * 10_000), ("10,000 signs", "1" + "+1" * 10_000),
               ("10,000 negative signs", "-" * 10_000 + "1"), ("not of not", one + " | " + "(" * 20_000 + "a=1" + ")" * 20_000), ("10,000 stages", one + " | json" * 10_000),
               ("a million quotes", '"' * 100_000),
               ("repetitions of repetitions", one + ' |~ "((((((a{1000}){1000}){1000}){1000}){1000}){1000})"'),
               ("a regex bomb", one + ' |~ "' + "a{1000}" * 1000 + '"'), ("a regex bomb in a selector", '{app=~"' + "(a{1000}|b{1000})" * 1000 + '"}'),
               ("a regex bomb in regexp", one + ' | regexp "(?P<x>' + "a{1000}" * 1000 + ')"'), ("a regex bomb in a label filter", one + ' | x =~ "' + "a{1000}" * 1000 + '"'),
               ("900 regex bombs", one + ' |~ "x"' + ' or "[a-z]{1000}"' * 900), ("classes of all letters", one + ' |~ "' + "\\\\pL{1000}" * 500 + '"'))
    for name, text in queries:
        add(f"query: {name}", 400, "", post(RANGE, urllib.parse.urlencode({**log, "query": text}, errors="surrogateescape").encode(), FORM))
    # Loki refuses it, here it is answered.
    add("query: 50,000 parentheses of a regex are sound", 200, "two error",
        form(RANGE, **{**log, "query": one + ' |~ "' + "(" * 50_000 + ")" * 50_000 + '"'}))
    add("query: 900 KB", 400, "", form(RANGE, **{**log, "query": one + " " * 900_000}))
    add("query: 1 MB of text", 400, "", form(RANGE, **{**log, "query": one + ' |= "' + "a" * 1_000_000 + '"'}))
    add("query: a form of 3 MB", 413, "too large", form(RANGE, query="a" * 3_000_000))
    for name, text in (("a log query", one), ("no query", ""), ("cut off", "rate({app="), ("a limit of 0", None)):
        both(name, 400, "", INSTANT, **({"query": text} if text is not None else {"query": "vector(1)", "limit": 0}))
    add("query: time=NaN", 400, "", get(INSTANT, query="vector(1)", time="NaN"))
    # Forms
    add("a form with a bad escape", 400, "invalid URL escape", post(RANGE, b"query=%zz", FORM))
    add("a form cut in an escape", 400, "invalid URL escape", post(RANGE, b"query=%7", FORM))
    add("a form with a semicolon", 400, "", post(RANGE, b"query=x;limit=1", FORM))
    add("a form of JSON", 400, "", post(RANGE, json.dumps(log).encode(), JSON))
    add("a form of nothing", 400, "", post(RANGE, b"", FORM))
    add("a form of 200,000 parameters", 400, "", post(RANGE, b"a=1&" * 200_000, FORM))
    add("a form that is no gzip", 400, "", post(RANGE, b"query=x", FORM, "Content-Encoding: gzip"))
    add("a form of binary", 400, "", post(RANGE, bytes(range(256)) * 10, FORM))
    # Others
    delete = V1 + "delete"
    for name, words, pairs in (("no query", "query not set", {"start": 1}), ("no start", "start time not set", {"query": one}),
                               ("start=x", "invalid start time", {"query": one, "start": "x"}), ("start=NaN", "invalid start time", {"query": one, "start": "nan"}),
                               ("start=inf", "invalid start time", {"query": one, "start": "inf"}), ("start=1e300", "invalid start time", {"query": one, "start": "1e300"}),
                               ("end=x", "invalid end time", {"query": one, "start": 1, "end": "x"}), ("a time to come", "future", {"query": one, "start": 1, "end": NOW + 9000}),
                               ("the end before the start", "start time can't be", {"query": one, "start": 20, "end": 10}),
                               ("max_interval=x", "invalid max_interval", {"query": one, "start": 1, "max_interval": "x"}), ("max_interval=-1h", "max_interval", {"query": one, "start": 1, "max_interval": "-1h"}),
                               ("max_interval=25h", "24h", {"query": one, "start": 1, "max_interval": "25h"}), ("a query cut off", "", {"query": "{app=", "start": 1}),
                               ("a number", "", {"query": f"rate({one}[1m])", "start": 1}), ("nothing", "", {"query": "", "start": 1}), ("all streams", "", {"query": "{}", "start": 1})):
        add(f"delete: {name}", 400, words, head("POST", url(delete, pairs), "Content-Length: 0"))
    add("delete: cancel without an ID", 400, "request_id", head("DELETE", delete))
    add("delete: cancel what is not there", 404, "could not find", head("DELETE", delete + "?request_id=nonsense"))
    add("delete: cancel a way up", 404, "could not find", head("DELETE", delete + "?request_id=..%2F..%2Fx"))
    both("cut off", 400, "invalid-query", V1 + "format_query", query="{app=")
    both("nothing", 400, "invalid-query", V1 + "format_query", query="")
    add("log_level: none", 400, "unrecognized log level", post("/log_level", b"", FORM))
    add("log_level: x", 400, "unrecognized log level", form("/log_level", log_level="x\"\n"))
    old = "/api/prom/query"
    add("old query: cut off", 400, "", get(old, query="{app="))
    add("old query: a number", 400, "legacy endpoints only support streams", get(old, query=f"rate({one}[1m])"))
    add("old query: a bad regexp", 400, "", get(old, query=one, regexp="("))
    add("old query: limit=x", 400, "", get(old, query=one, limit="x"))
    add("old query: a regex bomb", 400, "", get(old, query=one, regexp="a{1000}" * 1000))
    # Tails that do not come about
    tail, key = V1 + "tail", "Sec-WebSocket-Key: " + base64.b64encode(bytes(16)).decode()
    up = ("Connection: Upgrade", "Upgrade: websocket")
    version = "Sec-WebSocket-Version: 13"
    q = url(tail, {"query": one})
    add("tail: no upgrade", 400, "WebSocket", head("GET", q))
    add("tail: no key", 400, "WebSocket", head("GET", q, *up, version))
    add("tail: two keys", 400, "WebSocket", head("GET", q, *up, version, key, key))
    add("tail: a short key", 400, "WebSocket", head("GET", q, *up, version, "Sec-WebSocket-Key: QQ=="))
    add("tail: a key that is no base64", 400, "WebSocket", head("GET", q, *up, version, "Sec-WebSocket-Key: ****"))
    add("tail: no version", 400, "WebSocket", head("GET", q, *up, key))
    add("tail: version 8", 400, "WebSocket", head("GET", q, *up, key, "Sec-WebSocket-Version: 8"))
    add("tail: no Connection", 400, "WebSocket", head("GET", q, up[1], key, version))
    add("tail: another protocol", 400, "WebSocket", head("GET", q, up[0], "Upgrade: h2c", key, version))
    add("tail: POST", 405, "", head("POST", q, *up, key, version, "Content-Length: 0"))
    add("tail: HTTP/1.0", 400, "WebSocket", head("GET", q, *up, key, version, version="HTTP/1.0"))
    add("tail: a body", 400, "WebSocket", head("GET", q, *up, key, version, "Content-Length: 1") + b"x")
    for name, pairs in (("a query cut off", {"query": "{"}), ("no query", {}), ("a number", {"query": f"rate({one}[1m])"}), ("delay_for=6", {"query": one, "delay_for": 6}),
                        ("delay_for=-1", {"query": one, "delay_for": -1}), ("delay_for=x", {"query": one, "delay_for": "x"}), ("limit=0", {"query": one, "limit": 0}),
                        ("start=x", {"query": one, "start": "x"}), ("a regex bomb", {"query": one + ' |~ "' + "a{1000}" * 1000 + '"'})):
        add(f"tail: {name}", 400, "", head("GET", url(tail, pairs), *up, key, version))
    add("tail: frames before the upgrade is answered", 400, "", head("GET", q, *up, key, version) + b"\x81\x85\0\0\0\0hello")


def rows_of_limits():
    """To a server with --loki-limits: what Loki refuses by default."""
    one = '{app="kept"}'
    for name, seconds, words in (("the year 1677", -9223372036, "timestamp too old"), ("1970", 0, "timestamp too old"), ("8 days ago", NOW - 8 * 86400, "timestamp too old"),
                                 ("in an hour", NOW + 3660, "timestamp too new"), ("the year 2262", 9223372036, "timestamp too new")):
        add(f"limits: {name}", 400, words, proto(stream(BAD, entry(seconds=seconds))))
        add(f"limits: {name} as JSON", 400, words, json_push(push_text('["%d","bad"]' % (seconds * 10**9))))
    add("limits: the least time", 400, "too old", json_push(push_text('["-9223372036854775808","bad"]')))
    add("limits: the greatest time", 400, "too new", json_push(push_text('["9223372036854775807","bad"]')))
    add("limits: a line of 300 KB", 400, "max entry size", proto(stream(BAD, entry("a" * 300_000))))
    add("limits: 16 labels", 400, "label names; limit 15", json_push(push_text(labels=json.dumps({f"l{i}": "x" for i in range(16)}))))
    add("limits: 10,000 labels", 400, "label names; limit 15", json_push(push_text(labels=json.dumps({f"l{i}": "x" for i in range(10_000)}))))
    add("limits: 10,000 labels as protobuf", 400, "label names; limit 15",
        proto(stream("{" + ",".join(f'l{i}="x"' for i in range(10_000)) + "}", entry())))
    add("limits: a label name of 2,000 bytes", 400, "label name too long", json_push(push_text(labels='{"%s":"x"}' % ("a" * 2000))))
    add("limits: a label value of 3,000 bytes", 400, "label value too long", json_push(push_text(labels='{"a":"%s"}' % ("a" * 3000))))
    add("limits: lists in a label, 100,000 deep", 400, "label value too long",
        json_push(push_text(labels='{"a":%s}' % ("[" * 100_000 + "]" * 100_000))))
    for name, text in (("no labels", "{}"), ("a label that is empty", '{"a":""}')):
        add(f"limits: {name} is a service that is not known", 204, "", json_push(push_text('["%d","%s"]' % (NS, name), text)))
        taken.append(({"service_name": "unknown_service"}, name))
    add("limits: metadata of 70 KB", 400, "structured metadata too large", json_push(push_text('["%d","bad",{"a":"%s"}]' % (NS, "a" * 70_000))))
    add("limits: 200 names of metadata", 400, "too many structured metadata labels",
        json_push(push_text('["%d","bad",%s]' % (NS, json.dumps({f"m{i}": "x" for i in range(200)})))))
    add("limits: 10 MB at once", 429, "ingestion rate limit exceeded", proto(stream(BAD, *(entry("a" * 200_000) for _ in range(50)))))
    add("limits: a query of 31 days", 400, "the query time range exceeds the limit", get(RANGE, query=one, start=NOW - 31 * 86400, end=NOW))
    add("limits: a query of all times", 400, "the query time range exceeds the limit",
        get(RANGE, query=one, start="-9223372036854775808", end="9223372036854775807", step="20000000"))
    add("limits: limit=5001", 400, "max entries limit per query exceeded", get(RANGE, query=one, limit=5001))
    add("limits: limit=9223372036854775807", 400, "max entries limit per query exceeded", get(RANGE, query=one, limit=2**63 - 1))
    add("limits: 1,100 matchers", 400, "max streams matchers", form(RANGE, query="{app=\"a\"" + "".join(f',l{i}="x"' for i in range(1100)) + "}"))
    add("limits: 10,000 labels of OTLP", 400, "", post(OTLP, json.dumps({"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "bad"}}]}, "scopeLogs": [
        {"logRecords": [{"timeUnixNano": str(NS), "body": {"stringValue": "bad"}, "attributes": [{"key": f"k{i}", "value": {"stringValue": "x"}} for i in range(10_000)]}]}]}]}).encode()))


# --- WebSockets that go wrong ---


def open_tail():
    s = connect()
    s.settimeout(ANSWER_SECONDS)
    s.sendall(head("GET", url(V1 + "tail", {"query": '{app="nothing"}'}), "Connection: Upgrade", "Upgrade: websocket",
                   "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + base64.b64encode(bytes(16)).decode()))
    data = b""
    while b"\r\n\r\n" not in data:
        got = s.recv(4096)
        if not got:
            break
        data += got
    return s, data


def check_frames():
    """Each is answered with a close frame of the right status, or the connection ends; never silence."""
    def masked(first, data=b"", length=None):
        size = bytes([0x80 | (len(data) if length is None else 127)]) + (b"" if length is None else struct.pack(">Q", length))
        return bytes([first]) + size + bytes(4) + data

    frames = (("unmasked", b"\x81\x05hello", 1002), ("a reserved bit", masked(0xC1, b"x"), 1002), ("opcode 3", masked(0x83, b"x"), 1002),
              ("opcode 11", masked(0x8B, b"x"), 1002), ("a ping in parts", masked(0x09, b"x"), 1002), ("a ping of 8 EB", masked(0x89, length=1 << 62), 1002),
              ("text of 8 EB", masked(0x81, length=(1 << 63) - 1), 1009), ("a length with its first bit", masked(0x81, length=1 << 63), 1009),
              ("text of 64 KB and a byte", masked(0x81, bytes((64 << 10) + 1), (64 << 10) + 1), 1009), ("a part of nothing begun", masked(0x80, b"x"), 1002),
              ("text that is not UTF-8", masked(0x81, b"\xff\xff"), 1007), ("a close of one byte", masked(0x88, b"x"), 1002), ("a close of status 1005", masked(0x88, b"\x03\xed"), 1002),
              ("a length longer than needed", b"\x81\xfe\x00\x05" + bytes(4) + b"hello", 1002))
    for name, data, status in frames:
        s, answer = open_tail()
        with s:
            if not answer.startswith(b"HTTP/1.1 101"):
                yield f"frame: {name}", f"no upgrade: {answer[:100]!r}"
                continue
            got = answer.split(b"\r\n\r\n", 1)[1]
            try:
                s.sendall(data)
                while piece := s.recv(4096):
                    got += piece
            except TimeoutError:
                yield f"frame: {name}", f"hangs, after {got[-40:]!r}"
                continue
            except OSError:
                pass
        yield f"frame: {name}", close_status(got, status)


def close_status(data, wanted):
    while len(data) >= 2:
        size, at = data[1] & 127, 2
        if size == 126:
            size, at = struct.unpack(">H", data[2:4])[0], 4
        if data[0] & 15 == 8:
            got = struct.unpack(">H", data[at : at + 2])[0] if size >= 2 else 1005
            return "" if got == wanted else f"close {got}, wanted {wanted}"
        data = data[at + size :]
    # Where it is closed with bytes unread, the kernel may cut the connection before the frame is read.
    return "" if wanted == 1009 else f"no close frame, wanted {wanted}"


def check_many_tails():
    """Tails that are opened and cut leave nothing behind."""
    refused = 0
    for _ in range(200):
        s, answer = open_tail()
        refused += not answer.startswith(b"HTTP/1.1 101")
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    yield "200 tails that are cut", f"{refused} refused" if refused else ""


# --- the run ---


def memory_bytes(name):
    with open(f"/proc/{PID}/status") as f:
        for line in f:
            if line.startswith(name + ":"):
                return int(line.split()[1]) << 10
    return 0


def ask(path, **pairs):
    answer = exchange([get(path, **pairs)])
    return json.loads(answer.body) if answer.status == 200 else {"error": (answer.status, answer.body)}


def check(row):
    answers = 1 + (row.parts[0] in (READY, READY_WITH_BODY))
    seconds = row.seconds if row.seconds > 0 else 1
    began = time.monotonic()
    answer = exchange(row.parts, seconds, answers)
    took = time.monotonic() - began
    if answer.hung:
        # Of a request that is not whole there is no answer until its time is over.
        return "" if row.status == 0 and row.seconds < 0 and not answer.statuses else f"no answer in {seconds} s"
    said = answer.body.decode("utf-8", "replace")
    if VERBOSE:
        print(f"{row.name}: {answer.status} {said[:150]!r} {took:.3f} s", flush=True)
    if answer.status != row.status:
        return f"status {answer.status}, wanted {row.status}: {said[:300]!r}"
    if row.words not in said:
        return f"not there: {row.words!r} in {said[:300]!r}"
    if not (answer.status in (204, 405) or said.strip()):
        return "it has no words"
    if took > MOST_SECONDS:
        return f"took {took:.1f} s"
    return ""


def check_count(wanted):
    """Of all streams and times: a request that is refused must not leave anything anywhere."""
    got = ask(V1 + "index/stats", query="{}", start="-9223372036854775808", end="9223372036854775807").get("entries")
    return "" if got == wanted else f"the store has {got} entries behind it, wanted {wanted}"


def check_data():
    got = []
    for one in ask(V1 + "series", start=0, end=NOW + 10**6).get("data", []):
        selector = "{" + ",".join(f"{k}={json.dumps(v)}" for k, v in one.items()) + "}"
        found = ask(RANGE, query=selector, start=NOW - 600, end=NOW + 600, limit=5000)
        for result in found.get("data", {}).get("result", []):
            got += [(one, line) for _, line in result["values"]]
    key = lambda item: (sorted(item[0].items()), item[1])
    if sorted(got, key=key) == sorted(taken, key=key):
        return ""
    return f"the store has {sorted(got, key=key)}\nwanted {sorted(taken, key=key)}"


def main():
    labels = {"app": "kept", "service_name": "kept"} if MODE == "limits" else {"app": "kept"}
    taken.extend((labels, line) for line in KEPT)
    if MODE == "limits":
        rows_of_limits()
    else:
        rows_of_framing()
        rows_of_pushes()
        rows_of_otlp()
        rows_of_reads()
    names = [row.name for row in rows]
    values = ",".join('["%d","%s"]' % (NS + i, line) for i, line in enumerate(KEPT))
    answer = exchange([json_push(push_text(values, '{"app":"kept"}'))])
    if answer.status != 204:
        sys.exit(f"the first push: {answer.status} {answer.body!r}")
    results = []
    entries = len(KEPT)
    for row in rows:
        if ONLY and ONLY not in row.name:
            continue
        hwm = memory_bytes("VmHWM")
        why = check(row)
        if not why and exchange([READY]).status != 200:
            why = "the server is not ready behind it"
        entries += row.status == 204
        if not why and MODE != "limits":
            why = check_count(entries)
        if VERBOSE and memory_bytes("VmHWM") > hwm + (8 << 20):
            print(f"  memory {hwm >> 20} -> {memory_bytes('VmHWM') >> 20} MB")
        results.append((row.name, why))
    if MODE != "limits":
        results += check_frames()
        results += check_many_tails()
    results.append(("the data", check_data()))
    if len(set(names)) != len(names):
        results.append(("names", f"twice: {[n for n in names if names.count(n) > 1][:5]}"))
    if not os.environ.get("GLP_SANITIZE"):
        most = memory_bytes("VmHWM")
        results.append(("memory", f"{most >> 20} MB" if most > MOST_BYTES else ""))
    failed = [(name, why) for name, why in results if why]
    for name, why in failed:
        print(f"FAILED {name}: {why}")
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed, {len(taken)} entries")
    return 1 if failed else 0


if __name__ == "__main__":
    VERBOSE = "-v" in sys.argv
    arguments = [a for a in sys.argv[1:] if a != "-v"]
    HOST, PORT = arguments[0].removeprefix("http://").rsplit(":", 1)
    ADDRESS, PID, MODE = (HOST, int(PORT)), int(arguments[1]), arguments[2]
    ONLY = arguments[3] if len(arguments) > 3 else ""
    READY = head("GET", "/ready")
    READY_WITH_BODY = head("GET", "/ready", "Content-Length: 5") + b"12345"
    MOST_SECONDS = 5 if not os.environ.get("GLP_SANITIZE") else 100
    # Of a body that is decompressed 512 MB are held before it is refused; regexes take the rest.
    MOST_BYTES = 800 << 20
    sys.exit(main())
