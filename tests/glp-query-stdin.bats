#!/usr/bin/env bats
# What glp-query promises of records on standard input: streaming, -f, and what several sources
# have in common.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  unset LOKI_ADDR
}

teardown() {
  exec 4>&-
  # shellcheck disable=SC2086  # a list of pids
  stop ${QUERY-}
}

# record HH:MM:SS APP LINE: of 2026-01-05.
record() {
  printf '{"ts":"2026-01-05T%s.000000000Z","labels":{"app":"%s"},"line":"%s"}\n' "$1" "$2" "$3"
}

# start ARGS…: the query in the background, its input descriptor 4, its output in `out` and `err`.
start() {
  [[ -p fifo ]] || mkfifo fifo
  : >out # is there before anybody looks
  glp-query "$@" <fifo >out 2>err 3>&- &
  QUERY=$!
  exec 4>fifo
}
has_printed() { [[ $(<out) == "$1" ]]; }
# expect TEXT: waits until this is all that was printed.
expect() {
  WAIT_SECONDS=10 wait_for has_printed "$1" && return 0
  printf 'got:    %s\nwanted: %s\n' "$(<out)" "$1" >&2
  cat err >&2
  return 1
}
# ended: waits for the query, sets status.
ended() {
  exec 4>&-
  WAIT_SECONDS=10 wait_for gone "$QUERY"
  status=0
  wait "$QUERY" || status=$?
}

@test "what was parsed in front is seen, counted and given back" {
  record 10:00:01 api 'level=error' >records
  record 10:00:02 api 'level=info' >>records
  glp-filter '| logfmt' <records | grep '"line"' >parsed
  assert_equal "$(glp-query -o jsonl '{}' <parsed)" "$(<parsed)"
  assert_equal "$(glp-query -o raw '| level="info"' <parsed)" "level=info"
  for follow in "" -f; do
    # shellcheck disable=SC2086
    assert_equal "$(glp-query $follow -o jsonl --step 1m 'sum by (level) (count_over_time({}[1m]))' \
      <parsed | jq -c '[.ts, .labels, .value]' | sort)" \
      '["2026-01-05T10:01:00.000000000Z",{"level":"error"},1]
["2026-01-05T10:01:00.000000000Z",{"level":"info"},1]'
  done
  # Collected, with other sources beside it.
  glp-pack -o other.glp <records
  assert_equal "$(glp-query -s - -s other.glp -o jsonl '| level="info"' <parsed)" \
    "$(sed -n 2p parsed)"
}

@test "what was parsed hides labels, whatever other sources there are" {
  glp-pack -o other.glp < <(record 10:00:01 x one)
  record 10:00:02 x two | jq -c '.fields = {app: "y"}' >parsed
  local at="--at 2026-01-05T10:01:00Z"
  # shellcheck disable=SC2086
  counts() {
    glp-query -s - -s other.glp $at -o jsonl "$1" <parsed | jq -c '[.labels, .value]' | sort
  }
  assert_equal "$(counts 'sum by (app) (count_over_time({}[1m]))')" '[{"app":"x"},1]
[{"app":"y"},1]'
  assert_equal "$(counts 'sum by (app) (count_over_time({} | app="y" [1m]))')" '[{"app":"y"},1]'
  assert_equal "$(counts 'sum(count_over_time({}[1m]))')" '[{},2]'
}

@test "--limit gives the first lines and stops reading" {
  run --separate-stderr bash -c \
    "yes '$(record 10:00:00 api line)' | glp-query -q -o raw --limit 2 '{}'; echo \"\${PIPESTATUS[*]}\""
  assert_equal "$output" $'line\nline\n141 0'
}

@test "nothing is held back while lines that do not match go on coming" {
  start -o raw '|= "needle"'
  record 10:00:00 api "a needle" >&4
  # Line by line, so that the end of the writer leaves no half of one.
  local line
  line=$(record 10:00:00 api hay)
  while :; do printf '%s\n' "$line"; done >&4 &
  local hay=$!
  expect "a needle"
  kill "$hay"
  wait "$hay" || true
  ended
  assert_equal "$status" 0
}

@test "nothing is held back by the start of a line" {
  start -o raw '{}'
  { record 10:00:00 api one; record 10:00:00 api two | head -c 30; } >&4
  expect "one"
  record 10:00:00 api two | tail -c +31 >&4
  expect $'one\ntwo'
  ended
  assert_equal "$status" 0
}

@test "a range holds for what streams" {
  { record 10:00:00 a one; record 10:00:01 a two; record 10:00:02 a three; } >records
  assert_equal "$(glp-query -o raw --from 2026-01-05T10:00:01Z --to 2026-01-05T10:00:02Z '{}' \
    <records)" two
}

@test "a reader that goes away ends a query that waits for input" {
  mkfifo fifo
  { glp-query '{}' <fifo 3>&-; echo $? >status; } 2>err | head -n 1 >out &
  exec 4>fifo
  record 10:00:00 a one >&4
  WAIT_SECONDS=10 wait_for test -s status
  assert_equal "$(<status)" 0
  assert_equal "$(<err)" ""
}

@test "-f prints a step of a metric once it is complete, while the input stays open" {
  start -f --delay-for 0s --step 10s 'sum by (app) (count_over_time({}[10s]))'
  record 10:00:01 a x >&4
  record 10:00:02 b x >&4
  record 10:00:11 a x >&4
  expect '2026-01-05T10:00:10.000000000Z {app="a"} 1
2026-01-05T10:00:10.000000000Z {app="b"} 1'
  # Of the open step, and one that ends it.
  { record 10:00:12 b x; record 10:00:31 a x; } >&4
  expect '2026-01-05T10:00:10.000000000Z {app="a"} 1
2026-01-05T10:00:10.000000000Z {app="b"} 1
2026-01-05T10:00:20.000000000Z {app="a"} 1
2026-01-05T10:00:20.000000000Z {app="b"} 1'
  ended
  assert_equal "$status" 0
  assert_equal "$(tail -n 1 out)" '2026-01-05T10:00:40.000000000Z {app="a"} 1'
  assert_equal "$(<err)" ""
}

@test "-f goes on with the clock where nothing comes" {
  start -f --delay-for 0s 'sum(count_over_time({app="a"}[1s]))'
  record 10:00:00 a x >&4
  expect '2026-01-05T10:00:00.000000000Z {} 1'
  ended
  start -f --delay-for 0s --step 1s 'absent_over_time({app="b"}[1s])'
  record 10:00:00 b x >&4
  wait_for grep -q '10:00:02' out
  ended
  assert_equal "$status" 0
}

@test "-f takes a window as its step, and ends at --to" {
  start -f --delay-for 0s --to 2026-01-05T10:00:20Z 'sum(count_over_time({}[10s]))'
  record 10:00:05 a x >&4
  record 10:00:15 a x >&4
  record 10:00:25 a x >&4
  WAIT_SECONDS=10 wait_for gone "$QUERY"
  status=0
  wait "$QUERY" || status=$?
  assert_equal "$status" 0
  assert_equal "$(<out)" '2026-01-05T10:00:10.000000000Z {} 1
2026-01-05T10:00:20.000000000Z {} 1'
}

@test "-f answers input that has ended like the same query without it" {
  # Two files, one behind the other.
  for app in a b; do
    for i in {10..59}; do record "10:00:$i" $app "level=l$((i % 3)) n=$i"; done
  done >records
  for query in 'sum by (level) (count_over_time({} | logfmt [7s]))' \
    'sum(rate({app="a"}[5s])) / sum(rate({} |= "n=2" [20s] offset 3s))' \
    'absent_over_time({} |= "n=4" [5s])' \
    'max by (app) (max_over_time({} | logfmt | unwrap n [10s])) > 20' \
    'sum(count_over_time({app="nosuch"}[5s])) or sum(count_over_time({} |= "n=12" [5s]))'; do
    for range in "" "--from 2026-01-05T10:00:13Z" "--to 2026-01-05T10:00:40Z"; do
      # shellcheck disable=SC2086
      glp-query -o jsonl --step 5s $range "$query" <records | sort >whole
      # shellcheck disable=SC2086
      glp-query -o jsonl --step 5s $range -f "$query" <records | sort >followed
      [[ -s whole ]] || [[ $range ]]
      diff whole followed
    done
  done
}

@test "-f counts entries that come too late, and ends with 3" {
  start -f --delay-for 0s --step 10s 'sum(count_over_time({}[10s]))'
  record 10:00:05 a x >&4
  record 10:00:15 a x >&4
  expect '2026-01-05T10:00:10.000000000Z {} 1'
  { record 10:00:06 a late; record 10:00:14 a "in time"; } >&4
  ended
  assert_equal "$status" 3
  assert_equal "$(tail -n 1 out)" '2026-01-05T10:00:20.000000000Z {} 2'
  assert_contains "$(<err)" "an entry of 2026-01-05T10:00:06.000000000Z came too late"
  assert_contains "$(<err)" "late entries: 1"
}

@test "-f ends on SIGTERM without the open step" {
  start -f --delay-for 0s --step 10s 'sum(count_over_time({}[10s]))'
  record 10:00:05 a x >&4
  record 10:00:15 a x >&4
  expect '2026-01-05T10:00:10.000000000Z {} 1'
  kill -TERM "$QUERY"
  WAIT_SECONDS=5 wait_for gone "$QUERY"
  ended
  assert_equal "$status" 0
  assert_equal "$(<out)" '2026-01-05T10:00:10.000000000Z {} 1'
  assert_equal "$(<err)" "glp-query: stopped; the step that was not complete is not printed"
}

@test "-f ends with 1 where nothing was printed" {
  run --separate-stderr glp-query -f 'count_over_time({app="b"}[1m])' < <(record 10:00:00 a x)
  assert_status 1
  assert_equal "$output" ""
  run --separate-stderr glp-query -f 'count_over_time({}[1m])' </dev/null
  assert_status 1
}

@test "-f with what cannot be followed says what to do" {
  record 10:00:00 a x >records
  glp-pack -o pack.glp <records
  run --separate-stderr glp-query -f -s pack.glp '{}'
  assert_status 2
  assert_contains "$stderr" "glp-tail -f FILE… | glp-query -f QUERY"
  run --separate-stderr glp-query -f -s pack.glp -s http://127.0.0.1:9 '{}'
  assert_status 2
  assert_contains "$stderr" "glp-tail -f"
  for option in "-o loki" "-o table" "-o csv" --hist --plot "--at now"; do
    # shellcheck disable=SC2086
    run --separate-stderr glp-query -f $option 'count_over_time({}[1m])' <records
    assert_status 2
    assert_contains "$stderr" "-f"
  done
  run --separate-stderr glp-query -f 'vector(1)' <records
  assert_status 2
  assert_contains "$stderr" "no logs"
}

@test "lines that several sources have are given once" {
  for i in {10..39}; do record "10:00:$i" a "line $i"; done >records
  sed -n 1,20p records | glp-pack -o one.glp
  { sed -n 11,30p records; sed -n 30p records; } | glp-pack -o two.glp
  for way in "" --forward; do
    # shellcheck disable=SC2086
    assert_equal "$(glp-query -q -s one.glp -s two.glp -s - $way -o raw '{}' <records | sort)" \
      "$({ jq -r .line records; echo "line 39"; } | sort)"
  done
  for query in 'sum(count_over_time({}[1h]))' 'sum(count_over_time({} |= "line" [1h]))' \
    'count_over_time({}[1h])'; do
    assert_equal "$(glp-query -s one.glp -s two.glp -o jsonl --at 2026-01-05T11:00:00Z "$query" |
      jq .value)" 31
  done
}

@test "a line of 100 MB passes through -f" {
  [[ -z ${GLP_SANITIZE-} ]] || skip "too slow with sanitizers"
  { printf '{"ts":"2026-01-05T10:00:00.000000000Z","labels":{},"line":"'
    head -c 100000000 /dev/zero | tr '\0' x
    printf '"}\n'; record 10:00:01 a x; } >records
  assert_equal "$(glp-query -f -o raw '{}' <records | wc -c)" 100000003
  assert_equal "$(glp-query -f -o jsonl 'sum(bytes_over_time({}[10s]))' <records | jq .value)" \
    $'100000000\n1'
}
