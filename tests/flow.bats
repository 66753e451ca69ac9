load lib

# The whole pipe on trees that are made here, with every line accounted for: what went in and what
# the store gives back are compared by stream, in order, byte by byte.

WHERE='pods/(?P<namespace>[^_/]+)_(?P<pod>[^_/]+)_[^/]+/(?P<container>[^/]+)/'

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  cat >make.py <<'END'
# make.py FORMAT: a tree of pods in ./node, and in ./expected.json what must come out of it:
# {"namespace/pod/container/stream": [[ns, hex of the line], …]}
import hashlib, json, os, random, sys
kind = sys.argv[1]
r = random.Random(5)
start = 1767571200 * 10**9
odd = [b"", b"", b" ", b"tab\there", b"carriage return\r", b"\r", b"nul \x00 inside", b"\x00",
       b"\x1b[31mred\x1b[0m", "Grüße, 世界 \U0001F600".encode(), b'quote " and \\ backslash',
       b'{"json":"inside","n":1}', b"x" * 5000, b"y" * 20000, b"long " * 30000,
       "\u2028\u2029\ufeff".encode(), b"a=b c=\"d\""]
not_utf8 = [b"\xff\xfe", b"latin \xe9t\xe9", b"cut \xe2\x82", b"\xed\xa0\x80", b"\xc0\xaf \x00 \xf5"]
if kind == "cri":
    odd += not_utf8
expected = {}

def stamp(ns):
    import datetime
    s = datetime.datetime.fromtimestamp(ns // 10**9, datetime.timezone.utc)
    return s.strftime("%Y-%m-%dT%H:%M:%S.") + "%09dZ" % (ns % 10**9)

def text(i):
    if i % 7 == 0:
        return odd[r.randrange(len(odd))]
    return b"level=info n=%d user=%x" % (i, r.getrandbits(48))

for n, (ns_name, pod, container, lines) in enumerate([
        ("default", "web-0", "nginx", 1200), ("default", "web-1", "nginx", 1), ("default", "web-1", "log", 700),
        ("kube-system", "dns-66bff467f8-abcde", "coredns", 900), ("payments", "empty-0", "app", 0)]):
    folder = f"node/pods/{ns_name}_{pod}_0000-{n}/{container}"
    os.makedirs(folder)
    out, at = [], start + n
    for i in range(lines):
        at += r.randrange(1, 10**8)
        line = odd[i] if i < len(odd) else text(i)
        stream = "stderr" if r.random() < 0.3 else "stdout"
        expected.setdefault(f"{ns_name}/{pod}/{container}/{stream}", []).append([at, line.hex()])
        if kind == "cri":
            cut = sorted(r.randrange(len(line) + 1) for _ in range(r.choice((0, 0, 0, 1, 3))))
            if b"\n" in line: cut = []
            pieces = [line[a:b] for a, b in zip([0] + cut, cut + [len(line)])]
            for k, piece in enumerate(pieces):
                flag = b"F" if k == len(pieces) - 1 else b"P"
                out.append(b"%s %s %s %s\n" % (stamp(at).encode(), stream.encode(), flag, piece))
        else:
            pieces, rest = [], line.decode() + "\n"
            while len(rest.encode()) > 16384:  # as Docker cuts
                pieces.append(rest[:16384]); rest = rest[16384:]
            pieces.append(rest)
            for piece in pieces:
                record = {"log": piece, "stream": stream, "time": stamp(at)}
                out.append(json.dumps(record, ensure_ascii=bool(i % 2), separators=(",", ":")).encode() + b"\n")
    data = b"".join(out)
    if n == 2:
        data = data[:-1]  # the last line has no newline
    if kind == "cri":
        open(f"{folder}/0.log", "wb").write(data)
    else:
        name = hashlib.sha256(folder.encode()).hexdigest()
        os.makedirs(f"node/containers/{name}")
        open(f"node/containers/{name}/{name}-json.log", "wb").write(data)
        os.symlink(f"../../../containers/{name}/{name}-json.log", f"{folder}/0.log")
json.dump(expected, open("expected.json", "w"))
print(sum(len(v) for v in expected.values()))
END
  cat >compare.py <<'END'
# compare.py < RECORDS: they are what expected.json says, by stream, oldest first.
import base64, calendar, json, sys, time
expected, got = json.load(open("expected.json")), {}
for text in sys.stdin.buffer:
    r = json.loads(text)
    if "mark" in r:
        continue
    line = base64.b64decode(r["line64"]) if "line64" in r else r["line"].encode()
    l = r["labels"]
    seconds = calendar.timegm(time.strptime(r["ts"][:19], "%Y-%m-%dT%H:%M:%S"))
    key = "/".join(l[k] for k in ("namespace", "pod", "container", "stream"))
    got.setdefault(key, []).append([seconds * 10**9 + int(r["ts"][20:29]), line.hex()])
bad = 0
for key in sorted(set(expected) | set(got)):
    a, b = expected.get(key, []), got.get(key, [])
    bytes_in, bytes_out = (sum(len(h) // 2 for _, h in x) for x in (a, b))
    if (len(a), bytes_in) != (len(b), bytes_out):
        print(f"{key}: {len(a)} lines, {bytes_in} bytes in; {len(b)} lines, {bytes_out} bytes out")
        bad = 1
    elif a != b:
        k = next(i for i in range(len(a)) if a[i] != b[i])
        print(f"{key}: entry {k}: {str(a[k])[:200]} in, {str(b[k])[:200]} out")
        bad = 1
sys.exit(bad)
END
}

# The pipe over ./node up to a sink: pipe_into CMD…
pipe_into() {
  set -o pipefail
  glp-tail 'node/pods/*/*/*.log' --label log_from=static_pods |
    glp-parse "--$1" --regex "$WHERE" --source filename |
    glp-label --from-field namespace,pod,container |
    glp-filter --drop '{namespace="none"}' |
    "${@:2}"
}

teardown() { [[ -z ${server-} ]] || stop "$server"; }

serve() { # DIR: sets $server and $url
  local port
  port=$(free_port)
  glp-store serve --dir "$1" --listen "127.0.0.1:$port" 3>&- &
  server=$!
  url=http://127.0.0.1:$port
  wait_for curl -fsS "$url/ready"
}

@test "a Docker tree: every line and byte comes out of the store, by stream and in order" {
  count=$(python3 make.py docker)
  run --separate-stderr pipe_into docker glp-store append --dir store
  assert_status 0
  assert_contains "$stderr" "$count added"
  glp-query -q -s store '{}' --forward -o jsonl >out
  run python3 compare.py <out
  assert_equal "$output" ""
  run glp-store verify --dir store
  assert_status 0
}

@test "a CRI tree: every line and byte comes out of the store, bytes that are no UTF-8 too" {
  count=$(python3 make.py cri)
  run --separate-stderr pipe_into cri glp-store append --dir store
  assert_status 0
  assert_contains "$stderr" "$count added"
  glp-query -q -s store '{}' --forward -o jsonl >out
  run python3 compare.py <out
  assert_equal "$output" ""
}

@test "--auto makes of both trees what the formats' own options make" {
  for kind in docker cri; do
    rm -rf node store
    python3 make.py "$kind"
    pipe_into auto glp-store append --dir store
    glp-query -q -s store '{}' --forward -o jsonl >out
    run python3 compare.py <out
    assert_equal "$output" ""
  done
}

@test "a second run adds nothing twice; a file that has grown adds what is new" {
  count=$(python3 make.py cri)
  pipe_into cri glp-store append --dir store
  run --separate-stderr pipe_into cri glp-store append --dir store
  assert_status 0
  assert_contains "$stderr" "0 added, $count already there"
  echo '2026-01-06T00:00:00.000000001Z stdout F new' >>node/pods/default_web-0_0000-0/nginx/0.log
  run --separate-stderr pipe_into cri glp-store append --dir store
  assert_contains "$stderr" "1 added, $count already there"
}

@test "over HTTP: pushed to a served store, every UTF-8 line comes back from the server and the folder" {
  count=$(python3 make.py docker)
  serve store
  run --separate-stderr pipe_into docker glp-push --url "$url/loki/api/v1/push"
  assert_status 0
  glp-query -q -s "$url" '{namespace=~".+"}' --from 2026-01-01 --to 2026-02-01 --forward -o jsonl >out
  run python3 compare.py <out
  assert_equal "$output" ""
  run --separate-stderr pipe_into docker glp-push --url "$url/loki/api/v1/push"
  assert_status 0
  stop "$server"
  glp-query -q -s store '{}' --forward -o jsonl >out
  run python3 compare.py <out
  assert_equal "$output" ""
}

@test "through a packed file: the same again" {
  python3 make.py cri
  pipe_into cri glp-pack -o all.glp
  glp-query -q -s all.glp '{}' --forward -o jsonl >out
  run python3 compare.py <out
  assert_equal "$output" ""
  glp-pack -d all.glp | python3 compare.py
}

@test "jq, grep and head may stand between the tools" {
  python3 make.py docker
  pipe_into docker jq -c . | grep -v '"stream":"stderr"' | glp-store append --dir store
  wanted=$(python3 -c 'import json; print(sum(len(v) for k, v in json.load(open("expected.json")).items() if k.endswith("stdout")))')
  assert_equal "$(glp-query -q -s store '{}' -o raw | tr -dc '\n' | wc -c)" "$wanted"
  run bash -c "set -o pipefail; glp-tail 'node/pods/*/*/*.log' | head -n 1"
  assert_status 0
}

@test "plain files: CRLF, NUL, empty lines, other bytes and a last line without newline" {
  printf 'one\r\n\n\nnul \0 in\n\xff\xfe\n\xe2\x82\n\r\n  spaces  \nno end' >odd.log
  printf '' >empty.log
  printf '\n' >newline.log
  glp-tail -- *.log | glp-store append --dir store
  glp-query -q -s store '{filename="odd.log"}' --forward -o raw >out
  printf '\n' | cat odd.log - | cmp - out
  glp-query -q -s store '{filename="newline.log"}' --forward -o raw | cmp - newline.log
  run glp-query -q -s store '{filename="empty.log"}' -o raw
  assert_status 1
  assert_equal "$output" ""
}

@test "a line of 100 MB goes through the pipe, the store and a packed file" {
  python3 -c 'import sys
w = sys.stdout.write
w("before\n")
w("0123456789abcdef \"\\ü" * 5000000)
w("\nafter\n")' >huge.log
  glp-tail huge.log | glp-parse --auto | glp-label --set job=huge | glp-filter '{job="huge"}' |
    tee >(glp-pack -o huge.glp) | glp-store append --dir store
  glp-query -q -s store '{}' --forward -o raw | cmp - huge.log
  wait_for glp-pack --test huge.glp
  glp-query -q -s huge.glp '{}' --forward -o raw | cmp - huge.log
}

@test "followed: what is written while the pipe runs arrives, and a stop loses nothing" {
  mkdir -p node/pods/default_web-0_0000-0/nginx
  log=node/pods/default_web-0_0000-0/nginx/0.log
  : >"$log"
  serve store
  glp-tail -f 'node/pods/*/*/*.log' 3>&- |
    glp-parse --cri --regex "$WHERE" --source filename 3>&- |
    glp-label --from-field namespace,pod,container 3>&- |
    glp-push --url "$url" 3>&- &
  reader=$(jobs -p %%)
  last=$!
  for i in 1 2 3; do
    echo "2026-01-05T00:00:0$i.000000000Z stdout F line $i" >>"$log"
    # shellcheck disable=SC2016  # of the inner shell
    wait_for bash -c '[[ $(glp-query -q -s "$0" "{namespace=\"default\"}" --from 2026-01-05 --to 2026-01-06 -o raw | wc -l) == "$1" ]]' "$url" "$i"
  done
  mv "$log" "$log.1"
  echo '2026-01-05T00:00:04.000000000Z stdout F after the rotation' >"$log"
  # shellcheck disable=SC2016  # of the inner shell
  wait_for bash -c 'glp-query -q -s "$0" "{namespace=\"default\"} |= \"rotation\"" --from 2026-01-05 --to 2026-01-06' "$url"
  for i in $(seq 10 59); do echo "2026-01-05T00:00:$i.000000000Z stdout F line $i"; done >>"$log"
  # shellcheck disable=SC2016  # of the inner shell
  wait_for bash -c '[[ $(glp-query -q -s "$0" "{namespace=\"default\"}" --from 2026-01-05 --to 2026-01-06 -o raw | wc -l) == 54 ]]' "$url"
  kill -TERM "$reader"
  wait_for gone "$last"
  wait "$last"
}

@test "the agent of k8s/ is a pipe that works, and a TERM ends it" {
  python3 make.py docker
  echo >>node/pods/default_web-1_0000-2/log/0.log # followed, a line without its end is not one yet
  serve store
  sed "s|/var/log/pods|$PWD/node/pods|; s|:3100|:${url##*:}|" "$GLP_ROOT/k8s/base/agent/pipe" >pipe
  STATE=$PWD NODE_NAME=node-1 STORE_HOST=127.0.0.1 DROP='{namespace="kube-node-lease"}' bash pipe 3>&- &
  agent=$!
  wanted=$(python3 -c 'import json; print(sum(map(len, json.load(open("expected.json")).values())))')
  # shellcheck disable=SC2016  # of the inner shell
  wait_for bash -c '[[ $(glp-query -q -s "$0" "{hostname=\"node-1\"}" --from 2026-01-01 --to 2026-02-01 -o jsonl | wc -l) == "$1" ]]' "$url" "$wanted"
  kill -TERM "$agent"
  wait_for gone "$agent"
  wait "$agent"
  assert_equal "$(glp-query labels -q -s store | tr '\n' ' ')" "container filename hostname log_from namespace pod stream "
}
