#!/usr/bin/env python3
"""Random records and LogQL queries for tests: the same seed gives the same.

    random_queries.py records SEED COUNT     records, in the order of time, several at one time
    random_queries.py logs SEED COUNT        log queries, one a line
    random_queries.py metrics SEED COUNT     metrics
"""
import json
import random
import sys

what, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
r = random.Random(f"{what} {seed}")
START = 1767571200_000000000


def line():
    level = r.choice(["info", "warn", "error"])
    n, d = r.randrange(1000), r.choice(["3ms", "250ms", "1.5s", "2m"])
    kind = r.randrange(5)
    if kind == 0:
        return json.dumps({"level": level, "n": n, "d": d, "user": {"id": n % 7, "name": "ünï"}})
    if kind == 1:
        return f'level={level} n={n} d={d} msg="took {n} of {d}" app=x'
    if kind == 2:
        return f'10.0.{n % 4}.{n % 250} - GET /p/{n % 9} {r.choice([200, 404, 500])} {d}'
    if kind == 3:
        return json.dumps({"level": level, "n": n})[: r.randrange(1, 30)]
    return r.choice(["", "words only", f"\x1b[31m{level}\x1b[0m {n}", "error: n=5"])


def record(ts):
    labels = {"app": r.choice(["web", "db", "api"])}
    if r.random() < 0.5:
        labels["level"] = r.choice(["info", "error"])
    out = {"ts": str(ts), "labels": labels, "line": line()}
    if r.random() < 0.3:
        out["meta"] = {"trace": str(r.randrange(5))}
    return json.dumps(out, ensure_ascii=False)


SELECTOR = ["{}", '{app="web"}', '{app=~"web|db"}', '{level!="info"}', '{app=~".+", level=""}']
STAGE = ["| json", "| logfmt", "| logfmt --strict", "| json n, id=`user.id`",
         "| pattern `<ip> - <_> <path> <status> <d>`", "| regexp `(?P<n>\\d+)`", '|= "error"',
         '!= "info" or "words"', '|~ "(?i)ERROR|warn"', "!~ `[0-9]{3}`", '|= ip("10.0.1.0/24")',
         "|> `<_>level=<_>`", "| n > 500", "| d >= 250ms or n < 100", '| level="error"',
         '| level_extracted=~"e.*|w.*"', '| __error__=""', "| line_format `{{.level}} {{.n}}`",
         "| label_format app=`{{.app}}-{{.n}}`", "| label_format m=n", "| decolorize",
         "| drop level, n |= ``", "| keep app, level |= ``", '| trace!=""', "| drop __error__ |= ``"]


def stages(most):
    return "".join(" " + r.choice(STAGE) for _ in range(r.randrange(most + 1)))


def log():
    query = r.choice(SELECTOR) + stages(4)
    return query + (" | distinct level, n" if r.random() < 0.15 else "")


COUNTABLE = ['|= "error"', '!= "info" or "words"', '|~ "(?i)ERROR|warn"', "!~ `[0-9]{3}`",
             '|= ip("10.0.1.0/24")', "|> `<_>level=<_>`", '|= "user"', '|= "4"', '| level="error"',
             '| app=~"w.*"']


def metric():
    seconds = f"[{r.choice([5, 20, 60])}s]"
    if r.random() < 0.4:
        # What a source can count without giving entries.
        op = r.choice(["count_over_time", "rate"])
        filters = "".join(" " + r.choice(COUNTABLE) for _ in range(r.randrange(3)))
        inner = f"{op}({r.choice(SELECTOR)}{filters} {seconds})"
        return r.choice([inner, f"sum by (app) ({inner})", f"avg by (level) ({inner})",
                         f"topk(2, {inner})"])
    if r.random() < 0.6:
        op = r.choice(["count_over_time", "rate", "bytes_over_time"])
        inner = f"{op}({r.choice(SELECTOR)}{stages(2)} | drop __error__ {seconds})"
    else:
        op = r.choice(["sum_over_time", "max_over_time", "avg_over_time", "last_over_time"])
        inner = (f"{op}({r.choice(SELECTOR)} | logfmt | json | drop __error__, __error_details__"
                 f" | unwrap n | __error__=`` {seconds})")
    by = r.choice(["", " by (app)", " by (level)", " without (n)"])
    return f"{r.choice(['sum', 'max', 'count'])}{by}({inner})"


ts = START
for _ in range(count):
    if what == "records":
        ts += r.choice([0, 0, 1, 1000, 250_000_000])
        print(record(ts))
    else:
        print(log() if what == "logs" else metric())
