#!/usr/bin/env python3
"""check.py URL: asks a server the requests of cases.ndjson in order and compares with what Loki 3.7 answered.

The server is empty, has one tenant and Loki's default limits. A time "@-600" in a request or an answer is 600 s before the start of the
run in nanoseconds, "@@-600" in seconds. Compared are status, content type and body; a case with "compare" says which. Left out of JSON are `stats` and
details of errors, out of texts the times. Differences are printed; the last line counts. Exit 1 where there is one.
"""
import gzip
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

START = int(time.time()) // 600 * 600  # a multiple of every step that is asked for
LEFT_OUT = {"stats", "traceID", "execTime", "__error_details__"}


def with_times(value):
    if isinstance(value, str):
        value = re.sub(r"@@(-?\d+)", lambda m: str(START + int(m[1])), value)
        return re.sub(r"@(-?\d+)", lambda m: str((START + int(m[1])) * 10**9), value)
    if isinstance(value, list):
        return [with_times(item) for item in value]
    if isinstance(value, dict):
        return {key: with_times(item) for key, item in value.items()}
    return value


def without_times(text):
    def near(seconds, mark, as_is):
        offset = round(seconds - START, 3)
        return mark % offset if abs(offset) < 1e6 else as_is

    text = re.sub(r"\b(1[789]\d{17})\b", lambda m: near(int(m[1]) / 1e9, "@%g", m[0]), text)
    return re.sub(r"\b1[789]\d{8}(\.\d+)?\b", lambda m: near(float(m[0]), '"@@%g"', m[0]), text)


def plain(text):
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d{4} UTC|Z)?", "<time>", text)
    return without_times(re.sub(r"[0-9.]+(ns|µs|ms|s)\b", "<span>", text)).strip()


def canonical(value):
    if isinstance(value, dict):
        return {key: canonical(item) for key, item in value.items() if key not in LEFT_OUT}
    if not isinstance(value, list):
        return value
    items = [canonical(item) for item in value]
    if items and all(isinstance(item, dict) for item in items):
        items.sort(key=lambda item: json.dumps(item, sort_keys=True))
    return items


def request_of(url, case):
    headers = dict(case.get("headers", {}))
    params = []
    for name, value in case.get("params", {}).items():
        for one in value if isinstance(value, list) else [value]:
            params.append((name, with_times(one)))
    body = None
    if "json" in case:
        body = json.dumps(with_times(case["json"])).encode()
        headers.setdefault("Content-Type", "application/json")
    elif "text" in case:
        body = with_times(case["text"]).encode()
    elif "hex" in case:
        body = bytes.fromhex(case["hex"])
    elif "form" in case:
        body = urllib.parse.urlencode(with_times(case["form"])).encode()
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    if "big" in case:
        body = body.replace(b"BIG", b"x" * case["big"])
    if case.get("gzip"):
        body = gzip.compress(body)
        headers["Content-Encoding"] = "gzip"
    query = "?" + urllib.parse.urlencode(params) if params else ""
    method = case.get("method", "GET" if body is None else "POST")
    return urllib.request.Request(url + case["path"] + query, body, headers, method=method)


def ask(url, case):
    try:
        with urllib.request.urlopen(request_of(url, case), timeout=30) as answer:
            status, kind, body = answer.status, answer.headers.get("Content-Type", ""), answer.read()
    except urllib.error.HTTPError as error:
        status, kind, body = error.code, error.headers.get("Content-Type", ""), error.read()
    text = body.decode("utf-8", "replace")
    try:
        shown = canonical(json.loads(without_times(text))) if text[:1] in ("{", "[") else plain(text)
    except ValueError:
        shown = plain(text)
    return {"status": status, "type": kind.split(";")[0], "body": shown}


def is_same(case, got):
    want = case["expect"]
    parts = {"status": ["status"], "body": ["status", "body"]}.get(case.get("compare"), ["status", "type", "body"])
    return all(got[part] == want[part] for part in parts)


def main():
    url = sys.argv[1].rstrip("/")
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases.ndjson"), encoding="utf-8") as file:
        cases = [json.loads(line) for line in file]
    failed = 0
    for case in cases:
        try:
            got = ask(url, case)
        except OSError as error:
            got = {"status": 0, "type": "", "body": repr(error)}
        if not is_same(case, got):
            failed += 1
            for name, answer in (("wanted", case["expect"]), ("got", got)):
                print("%s: %s %s" % (case["name"], name, json.dumps(answer, ensure_ascii=False)[:1000]))
    print("%d passed, %d failed" % (len(cases) - failed, failed))
    return 1 if failed else 0


sys.exit(main())
