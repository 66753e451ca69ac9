load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
  stop "${servers[@]}"
}

# push [CURL OPTION…]: sends stdin, prints the status and the body.
push() {
  curl -sS -w '%{http_code} ' -o body -H 'Content-Type: application/json' --data-binary @- "$@" "$API/push"
  cat body
}

# get PATH [k=v…]: prints the status and the body.
get() {
  local path=$1 args=()
  shift
  for pair in "$@"; do args+=(--data-urlencode "$pair"); done
  curl -sS -w '%{http_code} ' -o body -G "${args[@]}" "$STORE$path"
  cat body
}

# Two streams, five entries, 2026-01-05 00:00:01 to 00:00:05.
fill() {
  push <<'EOF'
{"streams":[
 {"stream":{"app":"a","env":"x"},"values":[["1767571201000000000","one"],["1767571202000000000","two error"],["1767571205000000000","three"]]},
 {"stream":{"app":"b"},"values":[["1767571203000000000","warn"],["1767571204000000000","error",{"trace":"t1"}]]}]}
EOF
}

DAY='start=1767571200'
END='end=1767571260'

@test "what is pushed can be read at once" {
  serve
  assert_equal "$(fill)" '204 '
  run get /loki/api/v1/query_range 'query={app="a"}' "$DAY" "$END"
  assert_contains "$output" '200 '
  assert_equal "$(jq -c '.data | del(.stats)' body)" \
    '{"resultType":"streams","result":[{"stream":{"app":"a","env":"x"},"values":[["1767571205000000000","three"],["1767571202000000000","two error"],["1767571201000000000","one"]]}]}'
  assert_json "$(<body)" '.status == "success" and .data.stats.summary.totalEntriesReturned == 3'
}

@test "direction, limit and interval choose entries over all streams" {
  serve
  fill
  get /loki/api/v1/query_range 'query={app=~".+"}' "$DAY" "$END" direction=FORWARD limit=3
  assert_equal "$(jq -c '[.data.result[].values[][1]]' body)" '["one","two error","warn"]'
  get /loki/api/v1/query_range 'query={app=~".+"}' "$DAY" "$END" limit=2
  assert_equal "$(jq -c '[.data.result[].values[][1]]' body)" '["three","error"]'
  get /loki/api/v1/query_range 'query={app=~".+"}' "$DAY" "$END" direction=forward interval=2
  assert_equal "$(jq -c '[.data.result[].values[][1]] | sort' body)" '["one","three","warn"]'
}

@test "metadata joins the labels of its entry" {
  serve
  fill
  get /loki/api/v1/query_range 'query={app="b"} |= "error"' "$DAY" "$END"
  assert_equal "$(jq -c '.data.result' body)" \
    '[{"stream":{"app":"b","trace":"t1"},"values":[["1767571204000000000","error"]]}]'
}

@test "metrics over a range are a matrix, at one instant a vector" {
  serve
  fill
  get /loki/api/v1/query_range 'query=sum by (app) (count_over_time({app=~".+"}[1m]))' "$DAY" "$END" step=60
  assert_equal "$(jq -c '.data | del(.stats)' body)" \
    '{"resultType":"matrix","result":[{"metric":{"app":"a"},"values":[[1767571260,"3"]]},{"metric":{"app":"b"},"values":[[1767571260,"2"]]}]}'
  get /loki/api/v1/query 'query=sum(count_over_time({app=~".+"} |= "error" [1m]))' time=1767571260
  assert_equal "$(jq -c '.data | del(.stats)' body)" \
    '{"resultType":"vector","result":[{"metric":{},"value":[1767571260,"2"]}]}'
}

@test "queries may come as a form" {
  serve
  fill
  curl -sS -o body --data-urlencode 'query={app="a"}' -d "$DAY" -d "$END" -d limit=1 "$API/query_range"
  assert_equal "$(jq -c '.data.result[0].values' body)" '[["1767571205000000000","three"]]'
  curl -sS -o body --data-urlencode 'match[]={app="b"}' -d "$DAY" -d "$END" "$API/series"
  assert_equal "$(jq -c .data body)" '[{"app":"b"}]'
}

@test "labels, their values and series" {
  serve
  fill
  get /loki/api/v1/labels "$DAY" "$END"
  assert_equal "$(<body)" '{"status":"success","data":["app","env"]}'
  get /loki/api/v1/label "$DAY" "$END" 'query={app="b"}'
  assert_equal "$(<body)" '{"status":"success","data":["app"]}'
  get /loki/api/v1/label/app/values "$DAY" "$END"
  assert_equal "$(<body)" '{"status":"success","data":["a","b"]}'
  get /loki/api/v1/label/nosuch/values "$DAY" "$END"
  assert_equal "$(<body)" '{"status":"success"}'
  get /loki/api/v1/series "$DAY" "$END" 'match={app="a"}' 'match[]={app="b"}'
  assert_equal "$(<body)" '{"status":"success","data":[{"app":"a","env":"x"},{"app":"b"}]}'
  get /loki/api/v1/series "$DAY" "$END"
  assert_json "$(<body)" '.data | length == 2'
  get /loki/api/v1/labels
  assert_equal "$(<body)" '{"status":"success"}'
}

@test "gzip both ways" {
  serve
  fill_gzip=$(printf '{"streams":[{"stream":{"app":"z"},"values":[["1767571201000000000","%03000d"]]}]}' 7 | gzip -c | push -H 'Content-Encoding: gzip')
  assert_equal "$fill_gzip" '204 '
  curl -sS -G --compressed -D heads -o body --data-urlencode 'query={app="z"}' -d "$DAY" -d "$END" "$API/query_range"
  assert_contains "$(<heads)" 'Content-Encoding: gzip'
  assert_json "$(<body)" '.data.result[0].values[0][1] | length == 3000'
  run push -H 'Content-Encoding: gzip' <<<'no gzip'
  assert_contains "$output" '400 '
  run push -H 'Content-Encoding: br' <<<'{}'
  assert_contains "$output" '400 Content-Encoding "br" not supported'
}

@test "a push that is not in order is refused with words, and nothing of it is stored" {
  serve
  run push <<<'{"streams":[]}'
  assert_equal "$output" '422 error at least one valid stream is required for ingestion'
  for body in '' 'hello' '{"streams":[{"stream":{"a":"b"},"values":[["1767571201000000000","x"],[5,"y"]]}]}'; do
    run push <<<"$body"
    assert_contains "$output" '400 malformed push body'
  done
  run curl -sS -w '%{http_code}' -H 'Content-Type: application/x-protobuf' --data-binary x "$API/push"
  assert_contains "$output" 'snappy: corrupt input'
  assert_contains "$output" 400
  run get /loki/api/v1/push
  assert_equal "$output" '405 '
  get /loki/api/v1/series "$DAY" "$END"
  assert_json "$(<body)" '.data == []'
}

@test "of a push with a bad stream the good ones are stored" {
  serve
  run push <<<'{"streams":[{"stream":{"bad-name":"v"},"values":[["1767571201000000000","x"]]},{"stream":{"app":"good"},"values":[["1767571201000000000","y"]]}]}'
  assert_contains "$output" "400 error parsing labels '{bad-name=\"v\"}' with error:"
  get /loki/api/v1/series "$DAY" "$END"
  assert_equal "$(jq -c .data body)" '[{"app":"good"}]'
}

@test "--loki-limits refuses what Loki refuses" {
  serve --loki-limits
  now=$(date +%s)
  run push <<<'{"streams":[{"stream":{"app":"a"},"values":[["1000000000000000000","old"],["'"$now"'000000000","kept"],["'$((now + 7200))'000000000","new"]]}]}'
  assert_contains "$output" "1 errors like: entry for stream '{app=\"a\", service_name=\"a\"}' has timestamp too new:"
  assert_contains "$output" "1 errors like: entry for stream '{app=\"a\", service_name=\"a\"}' has timestamp too old: 2001-09-09T01:46:40Z, oldest acceptable timestamp is:"
  printf '{"streams":[{"stream":{"app":"a"},"values":[["%s000000000","%0300000d"]]}]}' "$now" 0 >long
  run push <long
  assert_equal "$output" "400 max entry size '262144' bytes exceeded for stream '{app=\"a\", service_name=\"a\"}' while adding an entry with length '300000' bytes"
  get /loki/api/v1/query_range 'query={app="a"}'
  assert_equal "$(jq -c '[.data.result[].values[][1]]' body)" '["kept"]'
  run get /loki/api/v1/query_range 'query={app="a"}' start=1700000000 end=1703000000
  assert_contains "$output" '400 the query time range exceeds the limit (query length: 833h20m0s, limit: 30d1h)'
}

@test "wrong queries are answered in Loki's words" {
  serve
  while IFS='|' read -r query more words; do
    run get /loki/api/v1/query_range "query=$query" "$DAY" "$END" ${more:+"$more"}
    assert_equal "$output" "400 $words"
  done <<'EOF'
{app=||parse error at line 1, col 6: syntax error: unexpected $end, expecting STRING
{}||parse error : queries require at least one regexp or equality matcher that does not have an empty-compatible value. For instance, app=~".*" does not meet this requirement, but app=~".+" will
{a="b"}|limit=x|strconv.Atoi: parsing "x": invalid syntax
{a="b"}|limit=0|limit must be a positive value
{a="b"}|limit=5001|max entries limit per query exceeded, limit > max_entries_limit_per_query (5001 > 5000)
{a="b"}|direction=up|invalid direction 'up'
{a="b"}|step=0|zero or negative query resolution step widths are not accepted. Try a positive integer
{a="b"}|step=0.001|exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step parameter
EOF
  run get /loki/api/v1/query_range 'query={a="b"}' start=yesterday
  assert_equal "$output" "400 could not parse 'start' parameter: strconv.ParseInt: parsing \"yesterday\": invalid syntax"
  run get /loki/api/v1/query_range 'query={a="b"}' "$END" start=1767571261
  assert_equal "$output" '400 end timestamp must not be before or equal to start time'
  run get /loki/api/v1/query 'query={a="b"}'
  assert_equal "$output" '400 log queries are not supported as an instant query type, please change your query to a range query type'
}

@test "lines that are not UTF-8 are shown as far as JSON can, and that is said" {
  serve
  run push <<<'{"streams":[{"stream":{"app":"a"},"values":[["1767571201000000000",""]]}],"glp":{"streams":[{"line64":[[0,"YQD/eg=="]]}]}}'
  assert_equal "$output" '204 '
  get /loki/api/v1/query_range 'query={app="a"}' "$DAY" "$END"
  assert_equal "$(jq -c '.data.result[0].values[0][1]' body)" "$(printf '"a\\u0000\xEF\xBF\xBDz"')"
  assert_contains "$(jq -r '.warnings[0]' body)" 'not UTF-8'
}

# protobuf ARG…: a push as protobuf in snappy, made by hand; the arguments are Python: streams as
# (labels, [(seconds, line, [(name, value)…], …]) and, named, what follows them as bytes.
protobuf() {
  python3 - "$@" <<'EOF'
import sys
def varint(n):
    out = b""
    while n > 127: out += bytes([n & 127 | 128]); n >>= 7
    return out + bytes([n])
def part(number, data):
    if isinstance(data, int): return varint(number << 3) + varint(data)
    return varint(number << 3 | 2) + varint(len(data)) + data
def text(s): return s if isinstance(s, bytes) else s.encode()
def entry(seconds, line, *pairs):
    return part(1, part(1, seconds) + part(2, 7)) + part(2, text(line)) + b"".join(
        part(3, part(1, text(k)) + part(2, text(v))) for k, v in pairs)
def stream(labels, *entries):
    return part(1, part(1, text(labels)) + b"".join(part(2, entry(*e)) for e in entries))
def snappy(data):
    out = varint(len(data))
    for i in range(0, len(data), 60):
        piece = data[i:i + 60]
        out += bytes([len(piece) - 1 << 2]) + piece
    return out
sys.stdout.buffer.write(eval(sys.argv[1]))
EOF
}
push_protobuf() {
  curl -sS -w '%{http_code} ' -o body -H 'Content-Type: application/x-protobuf' --data-binary @- "$@" "$API/push"
  cat body
}

@test "a push as protobuf in snappy, as promtail sends it" {
  serve
  run push_protobuf < <(protobuf 'snappy(stream("{b=\"2\", a=\"1\"}", (1767571201, "one"), (1767571202, b"two\xff" + b"x" * 500, ("tr.ace", "t1"))) + stream("{c=\"3\"}", (1767571203, "three")))')
  assert_equal "$output" '204 '
  assert_equal "$(glp-query -s "$STORE" '{a="1"}' --from 2026-01-05T00:00:00Z --to 2026-01-05T00:01:00Z --forward -o raw | head -n 1)" one
  get /loki/api/v1/query_range 'query={c="3"}' "$DAY" "$END"
  assert_equal "$(jq -c '.data.result' body)" '[{"stream":{"c":"3"},"values":[["1767571203000000007","three"]]}]'
  stop "${servers[@]}"
  assert_equal "$(glp-query -s store '{a="1"}' -o jsonl | jq -c '[.ts, .meta, .line, (.line64 | length)]' | sort)" \
    '["2026-01-05T00:00:01.000000007Z",null,"one",0]
["2026-01-05T00:00:02.000000007Z",{"tr_ace":"t1"},null,672]'
}

@test "protobuf: a source that was given whole is stored once, also behind younger lines" {
  serve
  glp() {
    protobuf "snappy(stream('{a=\"1\"}', (1767571201, 'one'), (1767571202, 'two')) + part(7000, part(1, part(1, part(1, b'i') + part(2, varint(20) + varint(20)) + part(3, 0)))))"
  }
  assert_equal "$(glp | push_protobuf -H 'Content-Encoding: snappy')" '204 '
  assert_equal "$(glp | push_protobuf -H 'Content-Encoding: snappy')" '204 '
  # The same as JSON, with one line more.
  run push <<<'{"streams":[{"stream":{"a":"1"},"values":[["1767571201000000007","one"],["1767571202000000007","two"],["1767571203000000007","three"]]}],"glp":{"streams":[{"src":[["i",[10,20,30],0]]}]}}'
  assert_equal "$output" '204 '
  assert_equal "$(glp-query -s "$STORE" '{a="1"}' --from 2026-01-05T00:00:00Z --to 2026-01-05T00:01:00Z --forward -o raw)" $'one\ntwo\nthree'
  get /metrics
  assert_contains "$(<body)" 'glp_store_push_duplicate_entries_total 4'
}

@test "protobuf that is no push is refused with words, and nothing of it is stored" {
  serve
  run push_protobuf < <(printf '\xde\xad\xbe\xef\x00')
  assert_equal "$output" '400 snappy: corrupt input'
  # A length of 4 GB, and a length that so few bytes cannot have.
  run push_protobuf < <(printf '\xff\xff\xff\xff\x0f\x00a')
  assert_equal "$output" '400 snappy: corrupt input'
  run push_protobuf < <(protobuf 'snappy(stream("{a=\"1\"}", (1767571201, "x"))[:-1])')
  assert_contains "$output" '400 malformed push body: '
  run push_protobuf < <(protobuf 'snappy(stream("{a=\"1\"}", (1767571201, "x")) + part(7000, b""))')
  assert_contains "$output" '400 malformed push body: glp has 0 streams, streams has 1'
  run push_protobuf < <(protobuf 'snappy(stream("{a=\"1\"}", (1 << 40, "x")))')
  assert_contains "$output" '400 malformed push body: stream 0: entry 0: time is out of range'
  run push_protobuf < <(protobuf 'snappy(b"")')
  assert_equal "$output" '422 error at least one valid stream is required for ingestion'
  get /loki/api/v1/labels "$DAY" "$END"
  assert_equal "$(jq -c .data body)" null
  # Labels that are none refuse their stream, the others are stored.
  run push_protobuf < <(protobuf 'snappy(stream("{a=}", (1767571201, "x"), (1767571202, "y")) + stream("{b=\"2\"}", (1767571201, "z")))')
  assert_contains "$output" "400 error parsing labels '{a=}' with error: 1:2: parse error: unexpected"
  get /loki/api/v1/labels "$DAY" "$END"
  assert_equal "$(jq -c .data body)" '["b"]'
}

@test "gzip around snappy, and snappy around JSON" {
  serve
  run push_protobuf -H 'Content-Encoding: gzip' < <(protobuf 'snappy(stream("{a=\"1\"}", (1767571201, "x")))' | gzip)
  assert_equal "$output" '204 '
  run push_protobuf -H 'Content-Encoding: snappy' < <(protobuf 'snappy(stream("{a=\"2\"}", (1767571201, "x")))')
  assert_equal "$output" '204 '
  run push -H 'Content-Encoding: snappy' < <(protobuf 'snappy(b"""{"streams":[{"stream":{"a":"3"},"values":[["1767571201000000000","x"]]}]}""")')
  assert_equal "$output" '204 '
  run push -H 'Content-Encoding: snappy' <<<'{"streams":[{"stream":{"a":"4"},"values":[["1767571201000000000","x"]]}]}'
  assert_equal "$output" '204 '
  get /loki/api/v1/label/a/values "$DAY" "$END"
  assert_equal "$(jq -c .data body)" '["1","2","3","4"]'
}

@test "ready, buildinfo and metrics" {
  serve
  assert_equal "$(get /ready)" '200 ready'
  get /loki/api/v1/status/buildinfo
  assert_json "$(<body)" '.application == "glp" and .push == 2 and (.version | length > 0)'
  fill
  get /loki/api/v1/labels "$DAY" "$END"
  get /metrics
  assert_contains "$(<body)" 'glp_store_push_entries_total 5'
  assert_contains "$(<body)" 'glp_store_requests_total{route="/loki/api/v1/labels",status="200"} 1'
  assert_contains "$(<body)" '# TYPE glp_store_requests_total counter'
  assert_contains "$(get /nosuch)" '404 '
}

@test "SIGTERM: everything is in the store, status 0, within a second or so" {
  serve
  fill
  start=$EPOCHREALTIME
  kill -TERM "$store_pid"
  status=0
  wait "$store_pid" || status=$?
  assert_status 0
  ((${EPOCHREALTIME/./} - ${start/./} < 2000000))
  serve
  get /loki/api/v1/query_range 'query={app=~".+"}' "$DAY" "$END"
  assert_json "$(<body)" '[.data.result[].values[]] | length == 5'
}

@test "what was acknowledged survives kill -9" {
  serve
  fill
  kill -9 "$store_pid"
  wait "$store_pid" || true
  serve
  get /loki/api/v1/query_range 'query={app=~".+"}' "$DAY" "$END"
  assert_json "$(<body)" '[.data.result[].values[]] | length == 5'
}

@test "many pushes at a time are all stored" {
  serve
  for i in $(seq 1 20); do
    printf '{"streams":[{"stream":{"app":"p%d"},"values":[["17675712%02d000000000","x %d"]]}]}' $((i % 3)) "$i" "$i" >"body$i"
    printf -- '--next\nurl = "%s/push"\nheader = "Content-Type: application/json"\ndata-binary = "@body%d"\noutput = "out%d"\n' "$API" "$i" "$i"
  done | sed '1d; s/^--next/next/' >requests
  curl -sS --parallel --parallel-max 10 -K requests
  get /loki/api/v1/query_range 'query={app=~"p.*"}' "$DAY" "$END"
  assert_json "$(<body)" '[.data.result[].values[]] | length == 20'
}

@test "clients that only connect leave room for others where few files may be open" {
  ulimit -n 128
  serve
  exec {held}< <(python3 -c '
import socket, sys, time
host, port = sys.argv[1].rsplit("/", 1)[1].rsplit(":", 1)
held = [socket.create_connection((host, int(port))) for _ in range(110)]
print("held", flush=True)
time.sleep(20)' "$STORE" 3>&-)
  holder=$!
  read -r -u "$held" word
  assert_equal "$word" held
  assert_equal "$(fill)" '204 '
  assert_equal "$(curl -sS -m 10 -w '%{http_code}' -X POST "$STORE/flush")" 204
  stop "$holder"
}

@test "a second server on the same store is refused with the holder's name" {
  serve
  run --separate-stderr glp-store serve --dir store --listen 127.0.0.1:0
  assert_status 2
  assert_contains "$stderr" "$store_pid"
}

@test "an open address needs --insecure" {
  run --separate-stderr glp-store serve --dir store --listen 0.0.0.0:0
  assert_status 2
  assert_contains "$stderr" '--insecure'
  [[ ! -e store ]]
  run --separate-stderr glp-store serve --dir store --listen nonsense
  assert_status 2
  run --separate-stderr glp-store serve
  assert_status 2
  assert_contains "$stderr" '--dir'
}

@test "a port that is taken is an error that names it" {
  serve
  run --separate-stderr glp-store serve --dir other --listen "${STORE#http://}"
  assert_status 2
  assert_contains "$stderr" "cannot listen on ${STORE#http://}"
}

@test "the service manager is told when it is ready and when it stops" {
  python3 - <<'EOF' 3>&- &
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify")
with open("told", "w", buffering=1) as f:
    while True:
        f.write(s.recv(1000).decode() + "\n")
EOF
  servers+=($!)
  wait_for test -S notify
  NOTIFY_SOCKET=$PWD/notify serve
  wait_for grep -q READY=1 told
  kill -TERM "$store_pid"
  wait_for grep -q STOPPING=1 told
}
