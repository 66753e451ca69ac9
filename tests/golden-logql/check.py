#!/usr/bin/env python3
"""Compares glp-query with answers recorded from Loki 3.7.

  check.py ANSWERS [<FILE] CMD…    CMD, e.g. glp-query -s DIR, is run with -o loki, the times and
                                   the query; with '<FILE' as an argument FILE is its stdin
  check.py ANSWERS <FILE URL       FILE is pushed to the server at URL, which is asked over HTTP

An answer is a line of ANSWERS: {"id","kind","query","status","type","result","limit","direction"};
kind L is a log query, M a metric over the hour from T0 in steps of 300 s, I a metric at its end.
Series and streams are compared without regard to their order, numbers within 1 part in a million;
of __error_details__ only that it is there.
A query that Loki refused must be refused; the words are each program's own.
"""
import json
import math
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

T0, HOUR = 1767571200, 3600


def arguments(case):
    if case["kind"] == "I":
        times = ["--at", str(T0 + HOUR)]
    else:
        times = ["--from", str(T0), "--to", str(T0 + HOUR)]
    if case["kind"] == "M":
        times += ["--step", "300s"]
    if case["kind"] == "L":
        times += ["--limit", str(case["limit"])]
        times += ["--forward"] if case["direction"] == "forward" else []
    return ["-o", "loki"] + times + ["--", case["query"]]


def canonical(body):
    data = json.loads(body)["data"]
    rows = []
    for row in data["result"]:
        names = row.get("stream", row.get("metric"))
        if "__error_details__" in names:
            names["__error_details__"] = "…"
        labels = sorted(names.items())
        if "value" in row:
            rows.append([labels, row["value"]])
        else:
            rows.append([labels, [value[:2] for value in row["values"]]])
    return data["resultType"], json.loads(json.dumps(sorted(rows, key=json.dumps)))


def close(got, wanted):
    if isinstance(got, list) and isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(close, got, wanted))
    if got == wanted:
        return True
    try:
        numbers = isinstance(got, str) and isinstance(wanted, str)
        return numbers and math.isclose(float(got), float(wanted), rel_tol=1e-6)
    except ValueError:
        return False


def check(command, stdin, case):
    """What is wrong, or nothing."""
    with open(stdin, "rb") as data:
        run = subprocess.run(command + arguments(case), stdin=data, capture_output=True,
                             timeout=60, check=False)
    error = run.stderr.decode("utf-8", "replace").strip()
    if case["status"] != 200:
        return "" if run.returncode == 2 else "not refused: exit status %d" % run.returncode
    if run.returncode != (0 if case["result"] else 1):
        return "exit status %d: %s" % (run.returncode, error)
    return compare(run.stdout, case)


def compare(body, case):
    kind, result = canonical(body)
    wanted = sorted(case["result"], key=json.dumps)
    if kind != case["type"]:
        return "a %s, not a %s" % (kind, case["type"])
    if not close(result, wanted):
        return "wanted %.300s\n  got    %.300s" % (json.dumps(wanted), json.dumps(result))
    return ""


def push(url, path):
    streams = {}
    with open(path, encoding="utf-8") as lines:
        for entry in map(json.loads, lines):
            labels = json.dumps(entry["labels"], sort_keys=True)
            meta = [entry["meta"]] if "meta" in entry else []
            streams.setdefault(labels, []).append([entry["ts"], entry["line"]] + meta)
    body = {"streams": [{"stream": json.loads(labels), "values": values}
                        for labels, values in streams.items()]}
    request = urllib.request.Request(url + "/loki/api/v1/push", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=60).close()


def check_server(url, case):
    """What is wrong, or nothing."""
    params = {"query": case["query"]}
    if case["kind"] == "I":
        params.update(time=T0 + HOUR)
    else:
        params.update(start=T0 * 10**9, end=(T0 + HOUR) * 10**9)
    if case["kind"] == "M":
        params.update(step=300)
    if case["kind"] == "L":
        params.update(limit=case["limit"], direction=case["direction"])
    path = "/loki/api/v1/query" + ("?" if case["kind"] == "I" else "_range?")
    try:
        with urllib.request.urlopen(url + path + urllib.parse.urlencode(params), timeout=60) as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    if case["status"] != 200:
        return "" if 400 <= status < 500 else "not refused: %d" % status
    if status != 200:
        return "%d %s" % (status, body.decode("utf-8", "replace"))
    return compare(body, case)


def main():
    answers, command = sys.argv[1], sys.argv[2:]
    stdin = "/dev/null"
    if command[0].startswith("<"):
        stdin, command = command[0][1:], command[1:]
    url = command[0] if command[0].startswith("http") else ""
    if url:
        push(url, stdin)
    failed = passed = 0
    with open(answers, encoding="utf-8") as lines:
        for line in lines:
            case = json.loads(line)
            wrong = check_server(url, case) if url else check(command, stdin, case)
            passed += not wrong
            if wrong:
                failed += 1
                print("FAIL %s %s\n  %s" % (case["id"], case["query"], wrong))
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or not passed else 0)


main()
