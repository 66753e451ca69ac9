#!/usr/bin/env python3
"""Compares a pipe with what promtail 3.6.15 made of the same lines.

run.py CASES.json CMD    CMD is run by bash for each case: raw lines on stdin, promtail's
                         configuration in $CFG, its stages alone (JSON, which is YAML) in $STAGES

Compared are number and order of the lines, labels, lines (one newline at the end is free) and, where
they were recorded, times as instants. A case with "refused" must end with 2. Prints what differs,
then "N passed, N failed". Exit: 1 where a case failed.
"""
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def instant(text):
    found = re.fullmatch(r"(\S+?T[\d:]+)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)", text)
    whole = datetime.strptime(found[1] + found[3].replace("Z", "+0000"), "%Y-%m-%dT%H:%M:%S%z")
    seconds = round((whole - EPOCH).total_seconds())
    return seconds * 10**9 + int((found[2] or "").ljust(9, "0")[:9])


def records(output):
    for text in output.decode("utf-8", "replace").splitlines():
        record = json.loads(text)
        if "mark" in record:
            continue
        line = record.get("line")
        if line is None:
            line = base64.b64decode(record["line64"]).decode("utf-8", "replace")
        yield record["labels"], line.removesuffix("\n"), instant(record["ts"])


def difference(case, done):
    """Why the case failed, or nothing."""
    if case.get("refused"):
        return "" if done.returncode == 2 else f"status {done.returncode}, wanted 2"
    got = list(records(done.stdout))
    wanted = case["expect"]
    if len(got) != len(wanted):
        return f"{len(got)} lines, wanted {len(wanted)}"
    for (labels, line, ts), want in zip(got, wanted):
        if labels != want["labels"]:
            return f"labels {labels}, wanted {want['labels']}"
        if line != want["line"]:
            return f"line {line!r}, wanted {want['line']!r}"
        if "ts" in want and ts != instant(want["ts"]):
            return f"time {ts}, wanted {want['ts']}"
    return ""


def config(stages):
    return {
        "positions": {"filename": "/dev/null"},
        "clients": [{"url": "http://127.0.0.1:1/loki/api/v1/push"}],
        "scrape_configs": [
            {
                "job_name": "golden",
                "pipeline_stages": stages,
                "static_configs": [{"targets": ["localhost"], "labels": {"job": "golden"}}],
            }
        ],
    }


def main():
    failed = passed = 0
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "promtail.yml")
        for case in cases:
            with open(path, "w", encoding="utf-8") as file:
                json.dump(config(case["stages"]), file)
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", sys.argv[2]],
                input=case["input"].encode(),
                capture_output=True,
                check=False,
                timeout=60,
                env={**os.environ, "CFG": path, "STAGES": json.dumps(case["stages"])},
            )
            why = difference(case, done)
            passed, failed = passed + (not why), failed + bool(why)
            if why:
                words = done.stderr.decode("utf-8", "replace")[:300]
                print(f"FAIL {case['name']}: {why}\n  {words}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
