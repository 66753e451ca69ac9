#!/usr/bin/env bats
# The manners that every tool has, over every tool.

load lib

TOOLS="glp-tail glp-parse glp-label glp-filter glp-pack glp-push glp-store glp-query"
# Those that read records on stdin and write records on stdout.
PIPES=("glp-parse --logfmt seen" "glp-label --set k=v" "glp-filter {}")

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  READERS=("${PIPES[@]}" "glp-pack -o out.glp" "glp-store append --dir store" "glp-query {}"
    "glp-push --dry-run --url http://127.0.0.1:9")
}

record() { # NANOSECOND LINE…
  printf '{"ts":"2026-01-05T00:00:00.%09dZ","labels":{"app":"x"},"line":"%s"}\n' "$1" "${*:2}"
}

many_records() { # COUNT
  awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++)
    printf "{\"ts\":\"2026-01-05T00:00:00.%09dZ\",\"labels\":{\"app\":\"x\"},\"line\":\"line %d of many\"}\n", i, i }'
}

@test "--help goes to stdout with the examples first and ends with 0" {
  for tool in $TOOLS; do
    run --separate-stderr "$tool" --help
    assert_status 0
    assert_equal "$stderr" ""
    assert_contains "$output" "Examples:"
    assert_contains "${output%%Usage:*}" "Examples:"
    assert_contains "$output" "--version"
  done
}

@test "--version is one line: name and version" {
  for tool in $TOOLS; do
    run --separate-stderr "$tool" --version
    assert_status 0
    [[ $output =~ ^$tool\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || { echo "got: $output" >&2; return 1; }
  done
}

@test "an unknown option is a usage error on stderr that names the nearest" {
  for tool in $TOOLS; do
    run --separate-stderr "$tool" --versionn </dev/null
    assert_status 2
    assert_equal "$output" ""
    assert_contains "$stderr" "unknown option --versionn; did you mean --version?"
    assert_contains "$stderr" "$tool --help"
  done
}

@test "--help into a full device is an error" {
  for tool in $TOOLS; do
    run --separate-stderr bash -c "$tool --help >/dev/full"
    assert_status 2
    assert_contains "$stderr" "No space left on device"
  done
}

@test "a terminal as stdin with nothing to read shows short help and ends with 2" {
  for tool in "glp-tail" "${READERS[@]}"; do
    # shellcheck disable=SC2086
    run script -qec "$tool" /dev/null
    assert_status 2
    assert_contains "$output" "Usage: "
    assert_contains "$output" "standard input is a terminal"
  done
}

@test "stdin is read where no input is named" {
  run --separate-stderr bash -c 'echo hello | glp-tail | jq -r "select(.line).line"'
  assert_status 0
  assert_equal "$output" "hello"
  run --separate-stderr bash -c 'echo hello | glp-tail - | jq -r "select(.line).line"'
  assert_equal "$output" "hello"
}

@test "empty input is no error" {
  for tool in "${PIPES[@]}" "glp-pack -o out.glp" "glp-store append --dir store" \
    "glp-push --dry-run --url http://127.0.0.1:9" glp-tail; do
    # shellcheck disable=SC2086
    run --separate-stderr $tool </dev/null
    case $tool in
      glp-filter*) assert_status 1 ;;
      *) assert_status 0 ;;
    esac
  done
}

@test "a bad record is counted, shown and passed over, and the exit code is 3" {
  { record 1 good; echo 'not a record'; record 2 "also good"; } >in
  for tool in "${READERS[@]}"; do
    # shellcheck disable=SC2086
    run --separate-stderr $tool <in
    assert_status 3
    assert_contains "$stderr" "record 2: bad record, passed over"
    assert_contains "$stderr" "bad records: 1"
  done
}

@test "many bad records are shown a few times and then only counted" {
  yes junk | head -n 1000 >in
  run --separate-stderr glp-label --set a=b <in
  assert_status 3
  assert_contains "$stderr" "bad records: 1000"
  [[ $(wc -l <<<"$stderr") -lt 10 ]]
}

@test "a closed pipe ends the tool quietly" {
  many_records 200000 >in
  for tool in "${PIPES[@]}" "glp-query -q {}"; do
    run --separate-stderr bash -c "$tool <in | head -n 1; echo \${PIPESTATUS[0]}"
    assert_equal "$stderr" ""
    assert_equal "${lines[-1]}" 0
  done
}

@test "a closed pipe ends the tool quietly where SIGPIPE is ignored too" {
  many_records 200000 >in
  for tool in "${PIPES[@]}" "glp-query -q {}"; do
    run --separate-stderr bash -c "trap '' PIPE; $tool <in | head -n 1; echo \${PIPESTATUS[0]}"
    assert_equal "$stderr" ""
    assert_equal "${lines[-1]}" 0
  done
}

@test "a reader that goes away ends the tool although no more input comes" {
  mkfifo fifo
  for tool in "${PIPES[@]}"; do
    (exec 7>fifo; record 1 a >&7; record 2 b >&7; wait_for test -e ended) &
    feeder=$!
    run --separate-stderr timeout 20 bash -c "$tool <fifo | head -n 1"
    assert_status 0
    touch ended
    wait "$feeder"
    rm ended
  done
}

@test "a full device is an error" {
  many_records 1000 >in
  for tool in "${PIPES[@]}" "glp-query {}" "glp-push --dry-run --url http://127.0.0.1:9"; do
    run --separate-stderr bash -c "$tool <in >/dev/full"
    assert_status 2
    assert_contains "$stderr" "No space left on device"
  done
  echo line >plain
  run --separate-stderr bash -c "glp-tail plain >/dev/full"
  assert_status 2
  assert_contains "$stderr" "No space left on device"
}

@test "SIGTERM flushes whole records and ends within a second" {
  mkfifo fifo
  for tool in "${PIPES[@]}"; do
    # shellcheck disable=SC2086
    $tool <fifo >out &
    pid=$!
    exec 7>fifo
    record 1 first >&7
    wait_for grep -q first out
    printf '{"ts":"2026' >&7
    kill -TERM "$pid"
    WAIT_SECONDS=3 wait_for gone "$pid"
    wait "$pid"
    exec 7>&-
    jq -e . <out >/dev/null
    assert_equal "$(tail -c 1 out | od -An -c | tr -d ' ')" '\n'
  done
}

@test "SIGTERM ends a tool whose reader takes nothing" {
  many_records 200000 >in
  mkfifo stalled
  for tool in "${PIPES[@]}" "glp-query -q {}" "glp-tail in"; do
    # shellcheck disable=SC2086
    $tool <in >stalled 2>words &
    pid=$!
    exec 7<stalled
    wait_for waits "$pid"
    kill -TERM "$pid"
    WAIT_SECONDS=3 wait_for gone "$pid"
    code=0
    wait "$pid" || code=$?
    exec 7<&-
    assert_equal "$code" 2
    assert_contains "$(<words)" "the reader of standard output does not take"
  done
}

@test "what came in goes on soon although the input stays open" {
  mkfifo fifo
  for tool in "${PIPES[@]}"; do
    # shellcheck disable=SC2086
    $tool <fifo >out &
    pid=$!
    exec 7>fifo
    record 1 soon >&7
    WAIT_SECONDS=3 wait_for grep -q soon out
    exec 7>&-
    wait "$pid"
  done
}

@test "the last record may lack its line end, and CRLF is taken" {
  { record 1 one | tr -d '\n'; printf '\r\n'; record 2 two | tr -d '\n'; } >in
  for tool in "${PIPES[@]}"; do
    # shellcheck disable=SC2086
    run --separate-stderr $tool <in
    assert_status 0
    assert_equal "$(lines_of <<<"$output")" $'one\ntwo'
  done
}

@test "lines of any bytes pass unchanged" {
  record 1 '\u0000 \t \u001b[31m \ud83d\ude00 é' >in
  echo '{"ts":"2026-01-05T00:00:00.000000002Z","labels":{},"line64":"//4A"}' >>in
  for tool in "${PIPES[@]}"; do
    # shellcheck disable=SC2086
    run --separate-stderr $tool <in
    assert_status 0
    assert_equal "$(jq -c 'select(.line).line' <<<"$output")" "$(jq -c 'select(.line).line' in)"
    assert_equal "$(jq -r 'select(.line64).line64' <<<"$output")" "//4A"
  done
}

@test "a line of 100 MB passes" {
  [[ -z ${GLP_SANITIZE-} ]] || skip "too slow with sanitizers"
  { printf '{"ts":"2026-01-05T00:00:00.000000001Z","labels":{},"line":"'
    head -c 100000000 /dev/zero | tr '\0' x
    printf '"}\n'; } >in
  for tool in "${PIPES[@]}"; do
    # shellcheck disable=SC2086
    size=$($tool <in | grep -v '"mark"' | jq '.line | length')
    assert_equal "$size" 100000000
  done
}

@test "unknown keys, numbers and metadata pass unchanged" {
  echo '{"ts":"2026-01-05T00:00:00.000000001Z","labels":{"a":"b"},"line":"x","meta":{"m":"1"},"src":"1-2-3@4","n":12345678901234567890.10,"o":{"k":[1,null]}}' >in
  for tool in "${PIPES[@]}"; do
    # shellcheck disable=SC2086
    run --separate-stderr $tool <in
    assert_status 0
    assert_contains "$output" '"n":12345678901234567890.10,"o":{"k":[1,null]}'
    assert_contains "$output" '"meta":{"m":"1"}'
    assert_contains "$output" '"src":"1-2-3@4"'
  done
}

@test "what logcli writes is taken as records" {
  echo '{"labels":{"a":"b"},"line":"x","timestamp":"2026-01-05T01:00:00+01:00"}' >in
  for tool in "${PIPES[@]}"; do
    # shellcheck disable=SC2086
    run --separate-stderr bash -c "$tool <in | glp-label --set z=1"
    assert_status 0
    assert_contains "$output" '{"ts":"2026-01-05T00:00:00.000000000Z","labels":{"a":"b",'
  done
}

@test "marks pass in order and each tool adds its own end" {
  { echo '{"mark":"file","src":"1-2-3@0","path":"/x"}'
    record 1 a
    echo '{"mark":"pos","src":"1-2-3@9"}'
    echo '{"mark":"end","tool":"glp-tail","in":1,"out":1,"dropped":{}}'; } >in
  for tool in "${PIPES[@]}"; do
    # shellcheck disable=SC2086
    run --separate-stderr $tool <in
    assert_status 0
    assert_equal "$(jq -r '.mark // "record"' <<<"$output" | paste -sd' ')" "file record pos end end"
    assert_equal "$(tail -n 1 <<<"$output")" \
      "{\"mark\":\"end\",\"tool\":\"${tool%% *}\",\"in\":1,\"out\":1,\"dropped\":{}}"
  done
}

@test "a tool that drops lines tells the position behind them" {
  for i in 1 2 3; do
    printf '{"ts":"2026-01-05T00:00:00.%09dZ","labels":{},"line":"%s","src":"1-2-3@%s"}\n' "$i" "l$i" "${i}0"
  done >in
  run --separate-stderr glp-filter '|= "l1"' <in
  assert_status 0
  assert_equal "$(jq -r '.mark // "record"' <<<"$output" | paste -sd' ')" "record pos end"
  assert_contains "$output" '{"mark":"pos","src":"1-2-3@30"}'
  assert_contains "$output" '"in":3,"out":1,"dropped":{"filter":2}'
}

@test "standard descriptors that are closed do no harm" {
  record 1 a >in
  run --separate-stderr bash -c 'glp-label --set a=b <in >&-'
  assert_status 2
  run --separate-stderr bash -c 'glp-label --set a=b <&-'
  assert_status 2
  run --separate-stderr bash -c 'glp-label --set a=b <in 2>&-'
  assert_status 0
}

@test "no option takes a secret" {
  for tool in $TOOLS; do
    run --separate-stderr "$tool" --help
    ! grep -E -- '--(token|password|secret|key)( |=)' <<<"$output"
  done
}

@test "-- ends the options" {
  echo hello >./-file
  run --separate-stderr bash -c 'glp-tail -- -file | jq -r "select(.line).line"'
  assert_status 0
  assert_equal "$output" hello
}

@test "control characters of a log never reach a terminal raw" {
  record 1 'red \u001b[31m bell \u0007' >in
  run script -qec "glp-query '{}' <in" /dev/null
  refute_contains "$output" $'\e[31m bell'
  refute_contains "$output" $'\a'
  assert_contains "$output" '\x1b[31m bell \x07'
}
