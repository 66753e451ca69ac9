load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  servers=()
}

teardown() {
  stop "${servers[@]}"
}

# A server that fails as the steps say (tests/faulty_server.py) and writes what it was sent to
# $LOG; its URL is in $URL.
faulty() {
  LOG=$PWD/log.${#servers[@]}
  : >"$LOG"
  python3 "$GLP_ROOT/tests/faulty_server.py" --log "$LOG" "$@" >"$LOG.port" 3>&- &
  server_pid=$!
  servers+=("$server_pid")
  wait_for test -s "$LOG.port"
  URL=http://127.0.0.1:$(<"$LOG.port")
}
# A server that is well, at the same port.
again() {
  stop "$server_pid"
  faulty --port "${URL##*:}"
}
# What a server was sent, in the order in which it came: it writes its log after the answer.
requests() {
  local log=${1:-$LOG}
  wait_for has_logged "$log"
  jq -sc 'sort_by(.n)[]' "$log"
}
has_logged() {
  local pushes
  pushes=$(curl -sS "http://127.0.0.1:$(<"$1.port")/control" | jq .pushes) || return 0
  [[ -z $pushes || $(wc -l <"$1") -eq $pushes ]]
}
# The bodies of requests in the form of JSON, a line each.
bodies() { requests | jq -r .body; }
pushed_lines() { bodies | jq -r '.streams[].values[][1]'; }
# The lines of requests that were answered with 204.
taken_lines() { requests "$@" | jq -r 'select(.status == 204) | .body' | jq -r '.streams[].values[][1]'; }
# Most tests want to read what was sent.
PUSH=(glp-push --format json --min-backoff 10ms --max-backoff 50ms)
push() { "${PUSH[@]}" "$@"; }

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
said() { grep -q -- "$1" "$2"; }

@test "records become streams and entries of one request" {
  faulty
  run --separate-stderr push --url "$URL" < <(record 1; record 2 b; record 3)
  assert_status 0
  assert_equal "$output" ""
  assert_equal "$stderr" ""
  assert_equal "$(bodies)" '{"streams":[{"stream":{"app":"a"},"values":[["1767571201000000000","line 1"],["1767571203000000000","line 3"]]},{"stream":{"app":"b"},"values":[["1767571202000000000","line 2"]]}]}'
  assert_json "$(requests)" '.path == "/loki/api/v1/push" and .headers["Content-Type"] == "application/json"
    and (.headers["User-Agent"] | startswith("glp-push/"))'
}

@test "protobuf and snappy are the default" {
  faulty
  run glp-push --url "$URL" < <(record 1; record 1 b)
  assert_status 0
  assert_json "$(requests)" '.headers["Content-Type"] == "application/x-protobuf" and (.body64 // .body | length > 10)'
}

@test "structured metadata goes along, fields do not" {
  faulty
  run push -u "$URL" <<<'{"ts":"2026-01-05T00:00:00Z","labels":{"a":"1"},"line":"x","meta":{"trace":"t1"},"fields":{"secret":"s"}}'
  assert_status 0
  assert_equal "$(bodies | jq -c '.streams[0].values[0]')" '["1767571200000000000","x",{"trace":"t1"}]'
  refute_contains "$(bodies)" secret
}

@test "a real Loki sees nothing of where the lines came from" {
  faulty
  run push -u "$URL" <<<'{"ts":"2026-01-05T00:00:00Z","labels":{},"line":"x","src":"abc@12"}'
  assert_status 0
  assert_equal "$(bodies | jq -c keys)" '["streams"]'
  run glp-push -u "$URL" <<<'{"ts":"2026-01-05T00:00:00Z","labels":{},"line":"x","src":"abc@12"}'
  assert_status 0
  refute_contains "$(requests | tail -n 1 | jq -r '.body // (.body64 | @base64d)')" abc
}

@test "external labels are added, the record's own win" {
  faulty
  run push -u "$URL" --external-label host=n1 --external-label app=other < <(record 1)
  assert_status 0
  assert_equal "$(bodies | jq -c '.streams[0].stream')" '{"app":"a","host":"n1"}'
}

@test "a bad external label is a usage error" {
  for bad in host =x 'a-b=c'; do
    run --separate-stderr glp-push -u localhost --external-label "$bad" </dev/null
    assert_status 2
    assert_contains "$stderr" "--external-label '$bad'"
  done
}

@test "tenant, token and headers are sent" {
  faulty
  echo 's3cret' >token
  run push -u "$URL" --tenant team-a --token-file token --header 'X-Team: blue' < <(record 1)
  assert_status 0
  assert_json "$(requests)" '.headers["X-Scope-OrgID"] == "team-a" and .headers.Authorization == "Bearer s3cret"
    and .headers["X-Team"] == "blue"'
  run --separate-stderr glp-push -u "$URL" --token-file nosuch < <(record 1)
  assert_status 2
  assert_contains "$stderr" nosuch
  run --separate-stderr glp-push -u "$URL" --header nonsense </dev/null
  assert_status 2
  assert_contains "$stderr" "--header 'nonsense'"
}

@test "basic authorization: a name and a file with the password" {
  faulty
  echo 'pass' >pw
  run push -u "$URL" --user me --password-file pw < <(record 1)
  assert_status 0
  assert_json "$(requests)" '.headers.Authorization == "Basic bWU6cGFzcw=="'
  run --separate-stderr glp-push -u "$URL" --user me </dev/null
  assert_status 2
  assert_contains "$stderr" '--password-file'
}

@test "a record's tenant is that of its label, which leaves the stream, or of a field" {
  faulty
  {
    echo '{"ts":"2026-01-05T00:00:01Z","labels":{"app":"a","__tenant_id__":"t1"},"line":"of t1"}'
    echo '{"ts":"2026-01-05T00:00:02Z","labels":{"app":"a"},"line":"of f","fields":{"team":"f"}}'
    record 3
  } >in
  run push -u "$URL" --tenant main <in
  assert_status 0
  assert_equal "$(requests | jq -r '.headers["X-Scope-OrgID"] + " " + .body' | sort)" \
    'main {"streams":[{"stream":{"app":"a"},"values":[["1767571202000000000","of f"],["1767571203000000000","line 3"]]}]}
t1 {"streams":[{"stream":{"app":"a"},"values":[["1767571201000000000","of t1"]]}]}'
  again
  run push -u "$URL" --tenant-field team --tenant-label app <in
  assert_status 0
  assert_equal "$(requests | jq -r '.headers["X-Scope-OrgID"] + " " + .body' | sort)" \
    'a {"streams":[{"stream":{"__tenant_id__":"t1"},"values":[["1767571201000000000","of t1"]]},{"stream":{},"values":[["1767571203000000000","line 3"]]}]}
f {"streams":[{"stream":{},"values":[["1767571202000000000","of f"]]}]}'
}

@test "a tenant that no header can hold is refused, and kept" {
  faulty
  run --separate-stderr push -u "$URL" --dead-letters dead \
    <<<'{"ts":"2026-01-05T00:00:01Z","labels":{"__tenant_id__":"a\nX-Evil: 1"},"line":"x"}'
  assert_status 3
  assert_contains "$stderr" 'cannot be a tenant'
  assert_equal "$(requests)" ''
  assert_json "$(<dead)" '.line == "x" and (.refused.why | test("tenant"))'
}

@test "a tenant that is held back does not hold back others" {
  faulty '3x429/1 slow down'
  {
    echo '{"labels":{"__tenant_id__":"slow"},"line":"of slow"}'
    sleep 0.3
    echo '{"labels":{"__tenant_id__":"quick"},"line":"of quick"}'
  } >in
  mkfifo pipe
  "${PUSH[@]}" -u "$URL" --batch-wait 1ms <pipe 2>err 3>&- &
  pid=$!
  servers+=("$pid")
  exec 4>pipe
  sed -n 1p in >&4
  wait_for said 'trying again' err
  curl -sS --data-binary $'ok\n429/1' "$URL/control"
  sed -n 2p in >&4
  wait_for said quick "$LOG"
  exec 4>&-
  wait "$pid"
  assert_equal "$(requests | jq -r 'select(.status == 204) | .headers["X-Scope-OrgID"]')" $'quick\nslow'
}

@test "a URL with a path is taken as it is" {
  faulty
  run push -u "$URL/other/push" < <(record 1)
  assert_status 0
  assert_json "$(requests)" '.path == "/other/push"'
}

@test "--gzip compresses the body" {
  faulty
  run push -u "$URL" --gzip < <(record 1)
  assert_status 0
  assert_json "$(requests)" '.headers["Content-Encoding"] == "gzip"'
  assert_equal "$(pushed_lines)" 'line 1'
}

@test "a batch is no larger than --batch-size, and order is kept" {
  faulty
  run push -u "$URL" --batch-size 20 < <(for i in 1 2 3 4 5 6 7; do record $i; done)
  assert_status 0
  assert_equal "$(bodies | jq -c '[.streams[].values[][1]]')" '["line 1","line 2","line 3"]
["line 4","line 5","line 6"]
["line 7"]'
}

@test "streams keep their order while several requests are under way and fail" {
  faulty --random 7:0.3
  for i in $(seq 1 400); do
    printf '{"ts":"2026-01-05T00:00:00.%09dZ","labels":{"s":"%d"},"line":"%d"}\n' "$i" $((i % 8)) "$i"
  done >in
  run --separate-stderr push -u "$URL" --batch-size 20 <in
  assert_status 0
  for s in 0 1 2 3 4 5 6 7; do
    requests | jq -r 'select(.status == 204) | .body' |
      jq -r --arg s $s '.streams[] | select(.stream.s == $s) | .values[][1]' >got
    # What was taken although the answer got lost comes again.
    jq -r --arg s $s 'select(.labels.s == $s) | .line' in >wanted
    assert_equal "$(awk '!seen[$0]++' got)" "$(<wanted)"
  done
}

@test "a line larger than --batch-size makes a batch of its own" {
  faulty
  line=$(printf '%03000d' 7)
  run push -u "$URL" --batch-size 1K < <(record 1; echo "{\"line\":\"$line\"}"; record 2)
  assert_status 0
  assert_equal "$(bodies | jq -c '[.streams[].values[][1] | length]' | tr '\n' ' ')" '[6] [3000] [6] '
}

@test "in a pipe that goes on, a batch is sent after --batch-wait" {
  faulty
  mkfifo pipe
  "${PUSH[@]}" -u "$URL" --batch-wait 50ms <pipe 3>&- &
  pid=$!
  servers+=("$pid")
  exec 4>pipe
  record 1 >&4
  wait_for has_lines "$LOG" 1
  record 2 >&4
  wait_for has_lines "$LOG" 2
  exec 4>&-
  wait "$pid"
  assert_equal "$(pushed_lines)" $'line 1\nline 2'
}

@test "a quiet pipe with many streams makes one request at a time" {
  faulty
  run push -u "$URL" --batch-wait 10s < <(for i in $(seq 1 50); do record $((i % 60)) "app$i"; done)
  assert_status 0
  assert_equal "$(requests | wc -l)" 1
}

@test "empty input sends nothing" {
  faulty
  run push -u "$URL" </dev/null
  assert_status 0
  assert_equal "$(requests)" ''
}

@test "5xx, 429, broken connections and half answers are tried again until the server takes the batch" {
  faulty '500 words of the server' 503 429 close half took+close ok
  run --separate-stderr push -u "$URL" < <(record 1; record 2)
  assert_status 0
  assert_contains "$stderr" 'server returned HTTP status 500 Internal Server Error (500): words of the server; trying again in'
  assert_contains "$stderr" 'the server takes records again'
  assert_equal "$(taken_lines)" $'line 1\nline 2'
}

@test "a failure that is the same but for its numbers is said once" {
  faulty '500 limit 100 while 24 came' '500 limit 100 while 1234 came' '500 limit 99 while 3 came'
  run --separate-stderr push -u "$URL" < <(record 1)
  assert_status 0
  assert_equal "$(grep -c 'trying again' <<<"$stderr")" 1
}

@test "what says nothing about the data is no reason to drop it" {
  faulty '404 no such route' '401 who are you' '403 no' '405 no' '302' '400 <html>bad gateway</html>' \
    '200 <html>log in</html>' '260 blocked' "400 ingestion blocked for user 'fake'" "200 ingestion blocked for user 'fake'" ok
  run --separate-stderr push -u "$URL" < <(record 1)
  assert_status 0
  assert_contains "$stderr" '404 Not Found (404): no such route; trying again in'
  assert_equal "$(requests | wc -l)" 11
}

@test "a request without an answer is tried again after --timeout" {
  faulty hang ok
  run --separate-stderr push -u "$URL" --timeout 200ms < <(record 1)
  assert_status 0
  assert_equal "$(taken_lines)" 'line 1'
}

@test "Retry-After is honoured" {
  faulty '429/1 slow down'
  start=$EPOCHREALTIME
  run --separate-stderr push -u "$URL" < <(record 1)
  assert_status 0
  assert_contains "$stderr" 'slow down; trying again in 1s'
  ((${EPOCHREALTIME/./} - ${start/./} > 950000))
}

@test "--max-retries: it gives up with status 75 and says what was not delivered" {
  faulty '* x500'
  run --separate-stderr push -u "$URL" --max-retries 2 < <(record 1)
  assert_status 75
  assert_contains "$stderr" 'gave up after 3 tries: server returned HTTP status 500'
  assert_contains "$stderr" '1 records not sent'
  assert_equal "$(requests | wc -l)" 3
}

@test "a server that is not there counts as a failed try, too" {
  run --separate-stderr push -u "127.0.0.1:$(free_port)" --max-retries 1 < <(record 1)
  assert_status 75
  assert_contains "$stderr" 'gave up after 2 tries'
}

@test "what a server refuses is counted and shown, the rest goes on" {
  faulty '400 words of the server' ok
  run --separate-stderr push -u "$URL" --batch-size 8 < <(record 1; record 2)
  assert_status 3
  assert_contains "$stderr" '1 records refused (the server may have stored some): server returned HTTP status 400 Bad Request (400): words of the server'
  assert_contains "$stderr" '1 records were refused: ingester_error 1'
  assert_equal "$(taken_lines)" 'line 2'
}

@test "only the refused records of a batch become dead letters, and can be pushed again" {
  faulty "400 entry for stream '{app=\"b\"}' has timestamp too old: 2026-01-05T00:00:02Z, oldest acceptable timestamp is: 2026-01-05T00:00:02.5Z"
  {
    printf '{"ts":"2026-01-05T00:00:03Z","labels":{"app":"a"},"line":"line 3","src":"f@3"}\n'
    printf '{"ts":"2026-01-05T00:00:02Z","labels":{"app":"b"},"line":"line 2","meta":{"k":"v"},"src":"f@2"}\n'
  } >in
  run --separate-stderr push -u "$URL" --dead-letters dead --tenant-label team <in
  assert_status 3
  assert_contains "$stderr" '1 records refused and kept in dead'
  assert_contains "$stderr" '1 records were refused: greater_than_max_sample_age 1'
  assert_equal "$(wc -l <dead)" 1
  assert_json "$(<dead)" '.ts == "2026-01-05T00:00:02.000000000Z" and .labels == {"app":"b"} and .line == "line 2"
    and .meta == {"k":"v"} and (has("src") | not) and .refused.src == "f@2"
    and (.refused.why | test("too old")) and (.refused.by | endswith("/loki/api/v1/push"))
    and (.refused | has("stored") | not)'
  run --separate-stderr push -u "$URL" <dead
  assert_status 0
  assert_equal "$(taken_lines)" 'line 2'
}

@test "where the words are not understood all of the batch is kept, and that some may be stored is said" {
  faulty '400 no idea'
  run --separate-stderr push -u "$URL" --dead-letters dead --tenant t < <(record 1; record 2)
  assert_status 3
  assert_equal "$(jq -c '[.line, .refused.stored]' dead)" '["line 1","maybe"]
["line 2","maybe"]'
}

@test "a dead letter knows its tenant" {
  faulty '400 no idea'
  run --separate-stderr push -u "$URL" --dead-letters dead <<<'{"labels":{"__tenant_id__":"t7"},"line":"x"}'
  assert_status 3
  run --separate-stderr push -u "$URL" <dead
  assert_status 0
  assert_equal "$(requests | tail -n 1 | jq -r '.headers["X-Scope-OrgID"]')" t7
}

@test "413: the batch is sent in halves, and a line that is too large alone is refused" {
  faulty '413 too large' '413 too large' ok '413 request body too large' ok
  run --separate-stderr push -u "$URL" --dead-letters dead < <(for i in 1 2 3 4; do record $i; done)
  assert_status 3
  assert_equal "$(taken_lines)" $'line 1\nline 3\nline 4'
  assert_equal "$(jq -r .line dead)" 'line 2'
  assert_contains "$stderr" 'request_body_too_large 1'
  # A proxy says it in its own words, or in none.
  faulty 413
  run --separate-stderr push -u "$URL" < <(record 1)
  assert_contains "$stderr" 'request_body_too_large 1'
}

@test "dead letters that cannot be written hold up the batch, not the data" {
  faulty '2x400 no' ok
  run --separate-stderr push -u "$URL" --dead-letters /dev/full < <(record 1)
  assert_status 0
  assert_contains "$stderr" 'refused records cannot be kept'
  assert_equal "$(taken_lines)" 'line 1'
}

@test "two servers: each gets everything at its own pace" {
  faulty '3x500'
  one=$URL log_one=$LOG
  faulty
  run --separate-stderr push -u "$one" -u "$URL" --batch-size 8 < <(for i in 1 2 3 4 5 6; do record $i; done)
  assert_status 0
  assert_contains "$stderr" "$one/loki/api/v1/push: server returned"
  assert_equal "$(taken_lines "$log_one")" "$(seq -f 'line %g' 6)"
  assert_equal "$(taken_lines)" "$(seq -f 'line %g' 6)"
}

@test "without a spool a dead server holds up the pipe, and nothing is dropped" {
  dead=127.0.0.1:$(free_port)
  faulty
  well=$URL log_well=$LOG
  for i in $(seq 1 50); do record "$i"; done >in
  mkfifo pipe
  "${PUSH[@]}" -u "$well" -u "$dead" --batch-size 8 <pipe 2>err 3>&- &
  pid=$!
  servers+=("$pid")
  cat in >pipe
  # Those that wait in memory for the dead one.
  four_taken() { [[ $(taken_lines "$log_well" | wc -l) -ge 4 ]]; }
  wait_for four_taken
  wait_for said "$dead.*trying again" err
  (($(taken_lines "$log_well" | wc -l) < 50))
  faulty --port "${dead##*:}"
  wait "$pid"
  assert_equal "$(taken_lines)" "$(jq -r .line in)"
  assert_equal "$(taken_lines "$log_well")" "$(jq -r .line in)"
}

@test "of a tenant that sends much four requests are under way, each with other streams" {
  faulty '* x hang'
  mkfifo pipe
  "${PUSH[@]}" -u "$URL" --batch-size 8 <pipe 2>err 3>&- &
  pid=$!
  servers+=("$pid")
  exec 4>pipe
  for i in $(seq 1 50); do record "$i" "app$i"; done >&4
  four_under_way() { [[ $(curl -sS "$URL/control" | jq .pushes) -ge 4 ]]; }
  wait_for four_under_way
  [[ $(curl -sS "$URL/control" | jq .pushes) -eq 4 ]]
  kill -9 "$pid"
  exec 4>&-
}

@test "a dead server does not hold up another as long as the spool has room, and gets it all later" {
  dead=127.0.0.1:$(free_port)
  faulty
  well=$URL
  run --separate-stderr push -u "$well" -u "$dead" --spool spool --batch-size 8 < <(for i in $(seq 1 40); do record $i; done)
  assert_status 75
  assert_equal "$(taken_lines)" "$(seq -f 'line %g' 40)"
  assert_contains "$stderr" "40 batches wait in the spool for http://$dead/loki/api/v1/push"
  faulty --port "${dead##*:}"
  run --separate-stderr push -u "$well" --spool spool < <(record 41)
  assert_status 0
  assert_contains "$stderr" "the spool has batches for http://$dead/loki/api/v1/push, which no --url is about"
  run --separate-stderr push -u "$dead" --spool spool < <(record 41)
  assert_status 0
  assert_contains "$stderr" '40 batches wait in the spool'
  assert_equal "$(taken_lines)" "$(seq -f 'line %g' 41)"
  assert_equal "$(find spool -name '*.seg')" ''
}

@test "the spool outlives kill -9, also in the middle of a write" {
  dead=127.0.0.1:$(free_port)
  mkfifo pipe
  "${PUSH[@]}" -u "$dead" --spool spool --batch-wait 1ms --positions pos <pipe 2>err 3>&- &
  pid=$!
  servers+=("$pid")
  exec 4>pipe
  for i in 1 2 3; do
    printf '{"ts":"2026-01-05T00:00:0%dZ","labels":{},"line":"line %d","src":"f@%d"}\n' $i $i $((i * 7)) >&4
    wait_for said "f@$((i * 7))" pos
  done
  kill -9 "$pid"
  wait "$pid" || true
  exec 4>&-
  # The write that a crash cut off.
  segment=$(find spool -name '*.seg')
  head -c 50 "$segment" >part
  cat part >>"$segment"
  faulty --port "${dead##*:}"
  run --separate-stderr push -u "$dead" --spool spool </dev/null
  assert_status 0
  assert_equal "$(taken_lines)" $'line 1\nline 2\nline 3'
}

@test "a flipped byte in the spool costs one batch, is said, and the status is 3" {
  dead=127.0.0.1:$(free_port)
  run push -u "$dead" --spool spool --batch-size 8 < <(for i in 1 2 3; do record $i; done)
  assert_status 75
  segment=$(find spool -name '*.seg')
  size=$(($(stat -c %s "$segment") / 3))
  printf '\xff' | dd of="$segment" bs=1 seek=$((size + 60)) conv=notrunc status=none
  faulty --port "${dead##*:}"
  run --separate-stderr push -u "$dead" --spool spool </dev/null
  assert_status 3
  assert_contains "$stderr" "a batch is damaged and lost"
  assert_equal "$(taken_lines)" $'line 1\nline 3'
}

@test "a full spool is back-pressure: nothing is lost" {
  dead=127.0.0.1:$(free_port)
  mkfifo pipe
  "${PUSH[@]}" -u "$dead" --spool spool --spool-max 2000 --batch-size 8 <pipe 2>err 3>&- &
  pid=$!
  servers+=("$pid")
  for i in $(seq 1 50); do record "$i"; done >in
  cat in >pipe
  wait_for said 'the spool is full' err
  (($(find spool -name '*.seg' -exec cat {} + | wc -c) <= 2000))
  faulty --port "${dead##*:}"
  wait "$pid"
  assert_equal "$(taken_lines)" "$(jq -r .line in)"
}

@test "a disk that is full under the spool is back-pressure: nothing is lost" {
  dead=127.0.0.1:$(free_port)
  mkfifo pipe
  # A limit of the size of files is what a test may set: 1 block of 1024 bytes.
  (
    trap '' XFSZ
    ulimit -f 1
    exec glp-push --format json --min-backoff 10ms --max-backoff 50ms -u "$dead" --spool spool --batch-size 8 <pipe >out 2>&1 3>&-
  ) &
  pid=$!
  servers+=("$pid")
  for i in $(seq 1 30); do record "$i"; done >in
  cat in >pipe
  wait_for said 'File too large' out
  faulty --port "${dead##*:}"
  wait "$pid"
  assert_equal "$(taken_lines)" "$(jq -r .line in)"
}

@test "a spool belongs to one process" {
  mkfifo pipe
  "${PUSH[@]}" -u "127.0.0.1:$(free_port)" --spool spool <pipe 3>&- &
  pid=$!
  servers+=("$pid")
  exec 4>pipe
  wait_for test -s spool/lock
  run --separate-stderr push -u "127.0.0.1:9" --spool spool </dev/null
  assert_status 2
  assert_contains "$stderr" "process $pid"
  exec 4>&-
}

@test "bad records are passed over and counted" {
  faulty
  run --separate-stderr push -u "$URL" < <(record 1; echo nonsense; record 2)
  assert_status 3
  assert_contains "$stderr" 'bad record'
  assert_equal "$(pushed_lines)" $'line 1\nline 2'
}

@test "lines that are not UTF-8 are changed for JSON to a Loki, and that is said" {
  faulty
  run --separate-stderr push -u "$URL" <<<'{"ts":"2026-01-05T00:00:00Z","labels":{},"line64":"YQD/eg=="}'
  assert_status 3
  assert_contains "$stderr" 'changed lines: 1'
  assert_equal "$(bodies | jq -c '.streams[0].values[0][1]')" "$(printf '"a\\u0000\xEF\xBF\xBDz"')"
}

# The reader has all of it once the pipe is empty again.
pipe_is_empty() {
  python3 -c 'import array, fcntl, sys, termios
n = array.array("i", [0])
fcntl.ioctl(4, termios.FIONREAD, n)
sys.exit(n[0] != 0)'
}

@test "SIGTERM: what was read is sent" {
  faulty
  mkfifo pipe
  "${PUSH[@]}" -u "$URL" --batch-wait 1h <pipe 3>&- &
  pid=$!
  servers+=("$pid")
  exec 4>pipe
  record 1 >&4
  wait_for pipe_is_empty
  kill -TERM "$pid"
  wait "$pid"
  assert_equal "$(pushed_lines)" 'line 1'
  exec 4>&-
}

@test "SIGTERM while a server stays away: it ends at once and says what was not sent" {
  mkfifo pipe
  glp-push -u "127.0.0.1:$(free_port)" --min-backoff 1h --max-backoff 1h --batch-wait 1ms <pipe 2>err 3>&- &
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

@test "SIGTERM with a spool: what was not taken is in it, and the status is 0" {
  faulty hang
  mkfifo pipe
  "${PUSH[@]}" -u "$URL" --spool spool --batch-wait 1h --positions pos <pipe 2>err 3>&- &
  pid=$!
  servers+=("$pid")
  exec 4>pipe
  echo '{"ts":"2026-01-05T00:00:01Z","labels":{},"line":"line 1","src":"f@7"}' >&4
  wait_for pipe_is_empty
  kill -TERM "$pid"
  wait "$pid"
  exec 4>&-
  assert_contains "$(<err)" '1 batches wait in the spool'
  assert_contains "$(<pos)" 'f@7'
  again
  run --separate-stderr push -u "$URL" --spool spool </dev/null
  assert_status 0
  assert_equal "$(taken_lines)" 'line 1'
}

@test "positions: only what each server has, in the order of the file" {
  faulty ok '* x500'
  for i in 1 2 3; do
    printf '{"ts":"2026-01-05T00:00:0%dZ","labels":{"s":"%d"},"line":"line %d","src":"f@%d"}\n' $i $i $i $((i * 7))
  done >in
  run --separate-stderr push -u "$URL" --batch-size 8 --positions pos --max-retries 1 <in
  assert_status 75
  assert_contains "$(<pos)" '"src":"f@7"'
  again
  run --separate-stderr push -u "$URL" --batch-size 8 --positions pos <in
  assert_status 0
  assert_contains "$(<pos)" '"src":"f@21"'
}

@test "--require-end: a stage that died in front is told" {
  faulty
  run --separate-stderr push -u "$URL" --require-end < <(record 1)
  assert_status 3
  assert_contains "$stderr" '--require-end'
  run --separate-stderr push -u "$URL" --require-end < <(record 1; echo '{"mark":"end","tool":"glp-tail","in":0,"out":1,"dropped":{}}')
  assert_status 0
}

@test "--metrics: promtail's names, and /ready says whether the last push worked" {
  faulty
  mkfifo pipe
  "${PUSH[@]}" -u "$URL" --batch-wait 1ms --spool spool --metrics 0 <pipe 2>err 3>&- &
  pid=$!
  servers+=("$pid")
  exec 4>pipe
  record 1 >&4
  wait_for has_lines "$LOG" 1
  metrics=$(grep -o 'http://[0-9.:]*' err)
  host=${URL#http://}
  sent() { curl -sS "$metrics/metrics" | grep -qF "promtail_sent_entries_total{host=\"$host\"} 1"; }
  wait_for sent
  text=$(curl -sS "$metrics/metrics")
  assert_contains "$text" "promtail_request_duration_seconds_count{status_code=\"204\",host=\"$host\"} 1"
  assert_contains "$text" "promtail_sent_bytes_total{host=\"$host\"}"
  assert_contains "$text" "glp_push_spool_bytes{host=\"$host\"} 0"
  assert_equal "$(curl -sS -o ready -w '%{http_code}' "$metrics/ready")" 200
  stop "$server_pid"
  record 2 >&4
  wait_for said 'trying again' err
  assert_equal "$(curl -sS -o ready -w '%{http_code}' "$metrics/ready")" 503
  exec 4>&-
  status=0
  wait "$pid" || status=$?
  assert_status 75
}

@test "-c: the clients of promtail's configuration" {
  faulty
  one=$URL log_one=$LOG
  faulty
  echo geheim >pw
  cat >promtail.yml <<YAML
clients:
  - url: $one/loki/api/v1/push
    tenant_id: t1
    external_labels: {host: n1}
    basic_auth: {username: me, password_file: pw}
    headers: {X-Team: blue}
  - url: $URL/loki/api/v1/push
    bearer_token: tok
    external_labels: {host: n1}
    batchwait: 100ms
YAML
  run --separate-stderr push -c promtail.yml < <(record 1)
  assert_status 0
  assert_equal "$stderr" ''
  assert_json "$(requests "$log_one")" '.headers["X-Scope-OrgID"] == "t1" and .headers["X-Team"] == "blue" and
    .headers.Authorization == "Basic bWU6Z2VoZWlt" and (.body | fromjson | .streams[0].stream.host) == "n1"'
  assert_json "$(requests)" '.headers.Authorization == "Bearer tok"'
}

@test "-c: what cannot be obeyed is an error with its line, and options win" {
  printf 'clients:\n  - url: http://127.0.0.1:9\n    drop_rate_limited_batches: true\n' >a.yml
  run --separate-stderr glp-push -c a.yml </dev/null
  assert_status 2
  assert_contains "$stderr" 'a.yml:3:'
  assert_contains "$stderr" 'drops nothing'
  printf 'clients:\n  - url: http://127.0.0.1:9\n    oauth2: {client_id: x}\n' >a.yml
  run --separate-stderr glp-push -c a.yml </dev/null
  assert_status 2
  assert_contains "$stderr" 'a.yml:3:'
  faulty
  printf 'clients:\n  - url: http://127.0.0.1:9\n    tenant_id: file\n    headers: {X-Team: blue}\n' >a.yml
  run push -c a.yml -u "$URL" --tenant mine < <(record 1)
  assert_status 0
  assert_json "$(requests)" '.headers["X-Scope-OrgID"] == "mine" and .headers["X-Team"] == "blue"'
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
  run --separate-stderr glp-push --url x -u http://x/ </dev/null
  assert_status 2
  assert_contains "$stderr" 'given twice'
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

@test "a glp-store that comes where another answered before gets the sources, too" {
  faulty '* x503'
  for i in 1 2 3; do
    printf '{"ts":"2026-01-05T00:00:00.00000000%dZ","labels":{"app":"a"},"line":"same","src":"f1.2.3@%d"}\n' $i $((i * 5))
  done >in
  glp-push -u "$URL" --min-backoff 10ms --max-backoff 50ms <in 2>err 3>&- &
  pid=$!
  servers+=("$pid")
  wait_for has_lines "$LOG" 2
  stop "$server_pid"
  glp_store "${URL##*:}"
  wait "$pid"
  sed 's/00:00:00\./00:00:09./' in | glp-push -u "$STORE"
  assert_contains "$(curl -sS "$STORE/metrics")" 'glp_store_push_duplicate_entries_total 3'
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
