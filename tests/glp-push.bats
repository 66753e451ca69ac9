load lib

setup_file() {
  # fake-loki DIR [ANSWER…]: answers pushes with the given statuses in turn ("429/2" sends
  # Retry-After: 2, "slow" never answers, "drop" hangs up), then with 204. DIR/port, DIR/bodies (a
  # line each), DIR/heads.
  cat >"$BATS_FILE_TMPDIR/fake-loki" <<'EOF'
import gzip, http.server, json, sys, threading, time
folder, answers = sys.argv[1], sys.argv[2:]

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        with open(folder + "/gets", "a") as f:
            f.write(self.path + "\n")
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        answer = answers.pop(0) if answers else "204"
        with open(folder + "/bodies", "ab") as f:
            f.write(body + b"\n")
        with open(folder + "/heads", "a") as f:
            head = {k.lower(): v for k, v in self.headers.items()}
            f.write(json.dumps({"path": self.path, "head": head, "answer": answer, "time": time.time()}) + "\n")
        if answer == "slow":
            time.sleep(60)
        if answer in ("slow", "drop"):
            self.close_connection = True
            return
        status, _, after = answer.partition("/")
        text = b"" if status == "204" else b"words of the server\nand more of them\n"
        self.send_response(int(status))
        if after:
            self.send_header("Retry-After", after)
        if status != "204":
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(folder + "/port.new", "w") as f:
    f.write(str(server.server_address[1]))
import os
os.rename(folder + "/port.new", folder + "/port")
server.serve_forever()
EOF
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  servers=()
}

teardown() {
  stop "${servers[@]}"
}

fake_loki() {
  rm -f port bodies heads gets
  touch bodies heads gets
  python3 "$BATS_FILE_TMPDIR/fake-loki" "$PWD" "$@" 3>&- &
  servers+=($!)
  wait_for test -e port
  URL=http://127.0.0.1:$(<port)
}

# Starts until the port is free: another test's socket may have it for a moment.
glp_store() {
  up_or_gone() { grep -q 'listening on' store.err || gone "$store_pid"; }
  local deadline=$((SECONDS + 20))
  while ((SECONDS < deadline)); do
    glp-store serve --dir "$PWD/store" --listen "127.0.0.1:${1:-0}" 2>store.err 3>&- &
    store_pid=$!
    wait_for up_or_gone
    grep -q 'cannot listen' store.err || break
  done
  servers+=("$store_pid")
  wait_for grep -q 'listening on' store.err
  STORE=$(grep -o 'http://[0-9.:]*' store.err)
}

# record N [APP]: the Nth second of 2026-01-05, line "line N".
record() {
  printf '{"ts":"2026-01-05T00:00:%02d.000000000Z","labels":{"app":"%s"},"line":"line %d"}\n' "$1" "${2:-a}" "$1"
}

query() {
  curl -sS -G "$STORE/loki/api/v1/query_range" --data-urlencode "query=$1" -d start=1767571200 \
    -d end=1767657600 -d limit=5000 -d direction=forward
}

has_lines() { [[ $(wc -l <"$1") -ge $2 ]]; }

@test "records become streams and entries of one request" {
  fake_loki
  run --separate-stderr glp-push --url "$URL" < <(record 1; record 2 b; record 3)
  assert_status 0
  assert_equal "$output" ""
  assert_equal "$stderr" ""
  assert_equal "$(jq -c . bodies)" '{"streams":[{"stream":{"app":"a"},"values":[["1767571201000000000","line 1"],["1767571203000000000","line 3"]]},{"stream":{"app":"b"},"values":[["1767571202000000000","line 2"]]}]}'
  assert_json "$(<heads)" '.path == "/loki/api/v1/push" and .head["content-type"] == "application/json"
    and (.head["user-agent"] | startswith("glp-push/"))'
}

@test "structured metadata goes along, fields do not" {
  fake_loki
  run glp-push -u "$URL" <<<'{"ts":"2026-01-05T00:00:00Z","labels":{"a":"1"},"line":"x","meta":{"trace":"t1"},"fields":{"secret":"s"}}'
  assert_status 0
  assert_equal "$(jq -c '.streams[0].values[0]' bodies)" '["1767571200000000000","x",{"trace":"t1"}]'
  refute_contains "$(<bodies)" secret
}

@test "a real Loki sees nothing of where the lines came from" {
  fake_loki
  run glp-push -u "$URL" <<<'{"ts":"2026-01-05T00:00:00Z","labels":{},"line":"x","src":"abc@12"}'
  assert_status 0
  assert_equal "$(jq -c keys bodies)" '["streams"]'
  assert_equal "$(<gets)" /loki/api/v1/status/buildinfo
}

@test "external labels are added, the record's own win" {
  fake_loki
  run glp-push -u "$URL" --external-label host=n1 --external-label app=other < <(record 1)
  assert_status 0
  assert_equal "$(jq -c '.streams[0].stream' bodies)" '{"app":"a","host":"n1"}'
}

@test "a bad external label is a usage error" {
  for bad in host =x 'a-b=c'; do
    run --separate-stderr glp-push -u localhost --external-label "$bad" </dev/null
    assert_status 2
    assert_contains "$stderr" "--external-label '$bad'"
  done
}

@test "tenant and token are sent as headers" {
  fake_loki
  echo 's3cret' >token
  run glp-push -u "$URL" --tenant team-a --token-file token < <(record 1)
  assert_status 0
  assert_json "$(<heads)" '.head["x-scope-orgid"] == "team-a" and .head.authorization == "Bearer s3cret"'
  run --separate-stderr glp-push -u "$URL" --token-file nosuch < <(record 1)
  assert_status 2
  assert_contains "$stderr" nosuch
}

@test "a URL with a path is taken as it is" {
  fake_loki
  run glp-push -u "$URL/other/path" < <(record 1)
  assert_status 0
  assert_json "$(<heads)" '.path == "/other/path"'
  assert_equal "$(<gets)" ''
}

@test "--gzip compresses the body" {
  fake_loki
  run glp-push -u "$URL" --gzip < <(record 1)
  assert_status 0
  assert_json "$(<heads)" '.head["content-encoding"] == "gzip"'
  assert_json "$(<bodies)" '.streams[0].values[0][1] == "line 1"'
}

@test "a batch is no larger than --batch-size, and order is kept" {
  fake_loki
  run glp-push -u "$URL" --batch-size 20 < <(for i in 1 2 3 4 5 6 7; do record $i; done)
  assert_status 0
  assert_equal "$(jq -c '[.streams[].values[][1]]' bodies)" '["line 1","line 2","line 3"]
["line 4","line 5","line 6"]
["line 7"]'
}

@test "a line larger than --batch-size makes a batch of its own" {
  fake_loki
  line=$(printf '%03000d' 7)
  run glp-push -u "$URL" --batch-size 1K < <(record 1; echo "{\"line\":\"$line\"}"; record 2)
  assert_status 0
  assert_equal "$(jq -c '.streams | length, (.[0].values | length)' bodies | tr '\n' ' ')" '1 1 1 1 1 1 '
}

@test "in a pipe that goes on, a batch is sent after --batch-wait" {
  fake_loki
  mkfifo pipe
  glp-push -u "$URL" --batch-wait 50ms <pipe 3>&- &
  pid=$!
  servers+=("$pid")
  exec 4>pipe
  record 1 >&4
  wait_for has_lines bodies 1
  record 2 >&4
  wait_for has_lines bodies 2
  exec 4>&-
  wait "$pid"
  assert_equal "$(jq -r '.streams[].values[][1]' bodies)" $'line 1\nline 2'
}

@test "empty input sends nothing" {
  fake_loki
  run glp-push -u "$URL" </dev/null
  assert_status 0
  assert_equal "$(<heads)" ''
}

@test "5xx, 429 and broken connections are tried again until the server takes the batch" {
  fake_loki 500 503 429 drop 204
  run --separate-stderr glp-push -u "$URL" --min-backoff 10ms --max-backoff 20ms < <(record 1; record 2)
  assert_status 0
  assert_contains "$stderr" 'server returned HTTP status 500 Internal Server Error (500): words of the server; trying again in'
  assert_contains "$stderr" 'the server takes records again'
  refute_contains "$stderr" 'and more of them'
  assert_equal "$(wc -l <bodies)" 5
  assert_equal "$(sort -u bodies | wc -l)" 1
}

@test "a request without an answer is tried again after --timeout" {
  fake_loki slow 204
  run --separate-stderr glp-push -u "$URL" --timeout 200ms --min-backoff 10ms < <(record 1)
  assert_status 0
  assert_equal "$(jq -r .answer heads)" $'slow\n204'
}

@test "Retry-After is honoured" {
  fake_loki 429/1 204
  run glp-push -u "$URL" --min-backoff 1ms --max-backoff 2ms < <(record 1)
  assert_status 0
  assert_json "$(jq -s . heads)" '.[1].time - .[0].time >= 0.95'
}

@test "--max-retries: it gives up with status 75" {
  fake_loki 500 500 500 500
  run --separate-stderr glp-push -u "$URL" --max-retries 2 --min-backoff 1ms --max-backoff 2ms < <(record 1)
  assert_status 75
  assert_contains "$stderr" 'gave up after 3 tries: server returned HTTP status 500'
  assert_equal "$(wc -l <heads)" 3
}

@test "a server that is not there counts as a failed try, too" {
  run --separate-stderr glp-push -u "127.0.0.1:$(free_port)" --max-retries 1 --min-backoff 1ms < <(record 1)
  assert_status 75
  assert_contains "$stderr" 'gave up after 2 tries'
}

@test "what a server refuses is counted and shown, the rest goes on" {
  fake_loki 400 204
  run --separate-stderr glp-push -u "$URL" --batch-size 8 < <(record 1; record 2)
  assert_status 3
  assert_contains "$stderr" 'batch of 1 records refused: server returned HTTP status 400 Bad Request (400): words of the server'
  refute_contains "$stderr" 'and more of them'
  assert_contains "$stderr" '1 records in 1 batches were refused'
  assert_equal "$(wc -l <heads)" 2
}

@test "bad records are passed over and counted" {
  fake_loki
  run --separate-stderr glp-push -u "$URL" < <(record 1; echo nonsense; record 2)
  assert_status 3
  assert_contains "$stderr" 'bad record'
  assert_equal "$(jq '.streams[0].values | length' bodies)" 2
}

@test "lines that are not UTF-8 are changed for a Loki, and that is said" {
  fake_loki
  run --separate-stderr glp-push -u "$URL" <<<'{"ts":"2026-01-05T00:00:00Z","labels":{},"line64":"YQD/eg=="}'
  assert_status 3
  assert_contains "$stderr" 'changed lines: 1'
  assert_equal "$(jq -c '.streams[0].values[0][1]' bodies)" "$(printf '"a\\u0000\xEF\xBF\xBDz"')"
}

@test "SIGTERM: what was read is sent" {
  fake_loki
  mkfifo pipe
  glp-push -u "$URL" --batch-wait 1h <pipe 3>&- &
  pid=$!
  servers+=("$pid")
  exec 4>pipe
  record 1 >&4
  # The reader has the record once the pipe is empty again.
  wait_for python3 -c 'import array, fcntl, sys, termios
n = array.array("i", [0])
fcntl.ioctl(4, termios.FIONREAD, n)
sys.exit(n[0] != 0)'
  kill -TERM "$pid"
  wait "$pid"
  assert_equal "$(jq -r '.streams[].values[][1]' bodies)" 'line 1'
  exec 4>&-
}

@test "SIGTERM while a server stays away: it ends at once and says what was not sent" {
  port=$(free_port)
  mkfifo pipe
  glp-push -u "127.0.0.1:$port" --min-backoff 1h --max-backoff 1h --batch-wait 1ms <pipe 2>err 3>&- &
  pid=$!
  servers+=("$pid")
  exec 4>pipe
  record 1 >&4
  wait_for grep -q 'trying again' err
  start=$EPOCHREALTIME
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  assert_status 75
  ((${EPOCHREALTIME/./} - ${start/./} < 1500000))
  assert_contains "$(<err)" 'stopped with 1 records not sent'
  exec 4>&-
}

@test "--dry-run prints the request bodies" {
  run --separate-stderr glp-push --dry-run --batch-size 8 < <(record 1; record 2)
  assert_status 0
  assert_equal "$(jq -c '.streams[0].values' <<<"$output")" '[["1767571201000000000","line 1"]]
[["1767571202000000000","line 2"]]'
  run --separate-stderr bash -c 'glp-push --dry-run >/dev/full' < <(record 1)
  assert_status 2
  assert_contains "$stderr" 'No space left'
}

@test "wrong options are told" {
  run --separate-stderr glp-push </dev/null
  assert_status 2
  assert_contains "$stderr" '--url is missing'
  for bad in 'ftp://x' '' 'http://'; do
    run --separate-stderr glp-push --url "$bad" </dev/null
    assert_status 2
  done
  run --separate-stderr glp-push --url x --min-backoff 1m --max-backoff 1s </dev/null
  assert_status 2
  assert_contains "$stderr" '--max-backoff'
}

@test "into a glp-store and out again: every byte of a line, metadata, order" {
  glp_store
  {
    record 1
    echo '{"ts":"2026-01-05T00:00:02Z","labels":{"app":"a"},"line":"tab\t quote\" \u0000 ü","meta":{"k":"v"}}'
    echo '{"ts":"2026-01-05T00:00:03Z","labels":{"app":"b"},"line":""}'
  } >in
  run --separate-stderr glp-push -u "$STORE" <in
  assert_status 0
  assert_equal "$(query '{app=~".+"}' | jq -c '[.data.result[] | {stream, values}]')" \
    '[{"stream":{"app":"a","k":"v"},"values":[["1767571202000000000","tab\t quote\" \u0000 ü"]]},{"stream":{"app":"a"},"values":[["1767571201000000000","line 1"]]},{"stream":{"app":"b"},"values":[["1767571203000000000",""]]}]'
}

@test "a glp-store gets lines that are not UTF-8 as they are" {
  glp_store
  run --separate-stderr glp-push -u "$STORE" <<<'{"ts":"2026-01-05T00:00:01Z","labels":{"app":"a"},"line64":"YQD/eg=="}'
  assert_status 0
  assert_equal "$stderr" ""
  stop "$store_pid"
  run glp-query -s "$PWD/store" '{app="a"}' -o jsonl
  assert_contains "$output" '"line64":"YQD/eg=="'
}

@test "a glp-store keeps one copy of what is sent twice from the same place" {
  glp_store
  for i in 1 2 3 4 5; do
    printf '{"ts":"2026-01-05T00:00:00.00000000%dZ","labels":{"app":"a"},"line":"same","src":"f1.2.3@%d"}\n' $i $((i * 5))
  done >in
  run glp-push -u "$STORE" --batch-size 8 <in
  assert_status 0
  # Read again with other times, as after a crash in front of the push.
  sed 's/00:00:00\./00:00:09./' in >again
  run glp-push -u "$STORE" <again
  assert_status 0
  printf '{"ts":"2026-01-05T00:00:20Z","labels":{"app":"a"},"line":"new","src":"f1.2.3@30"}\n' |
    glp-push -u "$STORE"
  assert_equal "$(query '{app="a"}' | jq -c '[.data.result[].values[][1]]')" '["same","same","same","same","same","new"]'
  assert_contains "$(curl -sS "$STORE/metrics")" 'glp_store_push_duplicate_entries_total 5'
}

@test "a store that is killed while records flow has each of them once when it is back" {
  port=$(free_port)
  glp_store "$port"
  for i in $(seq 1 3000); do
    printf '{"ts":"2026-01-05T00:00:00.%09dZ","labels":{"app":"a"},"line":"n %d","src":"f1@%d"}\n' "$i" "$i" "$i"
  done >in
  glp-push -u "$STORE" --batch-size 100 --min-backoff 10ms --max-backoff 50ms <in 2>push.err 3>&- &
  pid=$!
  servers+=("$pid")
  wait_for bash -c "curl -sS $STORE/metrics | grep -Eq 'push_entries_total [1-9][0-9]'"
  kill -9 "$store_pid"
  wait "$store_pid" || true
  glp_store "$port"
  wait "$pid"
  query '{app="a"}' | jq -r '.data.result[].values[][1]' >out
  assert_equal "$(wc -l <out)" 3000
  assert_equal "$(sort -u out | wc -l)" 3000
}
