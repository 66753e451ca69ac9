#!/usr/bin/env bats
# glp-query patterns: the patterns of lines, counted.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  unset LOKI_ADDR
}

teardown() {
  # shellcheck disable=SC2086  # a list of pids
  stop ${SERVERS-}
}

entries() {
  cat <<'END'
{"ts":"2026-01-05T10:00:00.000000000Z","labels":{"app":"api"},"line":"took 5ms for /a"}
{"ts":"2026-01-05T10:00:01.000000000Z","labels":{"app":"api"},"line":"took 17ms for /a"}
{"ts":"2026-01-05T10:00:02.000000000Z","labels":{"app":"db"},"line":"ERROR: disk 3 is full"}
{"ts":"2026-01-05T10:00:03.000000000Z","labels":{"app":"api"},"line":"took 900 us for /a"}
END
}

@test "patterns are listed with counts and shares, the most frequent first, of any source" {
  entries >records
  glp-store append --dir store <records 2>/dev/null
  glp-pack -o pack.glp <records 2>/dev/null
  port=$(free_port)
  glp-store append --dir served <records 2>/dev/null
  glp-store serve --dir served --listen "127.0.0.1:$port" 2>served.log 3>&- &
  SERVERS=$!
  wait_for curl -fsS "http://127.0.0.1:$port/ready"
  for source in "-s store" "-s pack.glp" "-s -" "-s store -s pack.glp -j 4" \
    "-s http://127.0.0.1:$port --from 2026-01-05 --to 2026-01-06"; do
    # shellcheck disable=SC2086
    run --separate-stderr glp-query patterns $source '{app=~".+"}' <records
    assert_status 0
    assert_equal "${lines[0]}" "COUNT  SHARE  PATTERN"
    assert_contains "${lines[1]}" " 75.0%  took <_> for /a"
    assert_contains "${lines[2]}" " 25.0%  ERROR: disk <_> is full"
    assert_equal "${#lines[@]}" 3
    assert_equal "$stderr" ""
  done
}

@test "a query says which lines, and what of them" {
  entries >records
  run --separate-stderr glp-query patterns -o raw '{app="db"}' <records
  assert_status 0
  assert_equal "$output" "ERROR: disk <_> is full"
  run --separate-stderr glp-query patterns -o raw '|= "took" | pattern "took <_> for <path>" | line_format "{{.path}}"' <records
  assert_status 0
  assert_equal "$output" "/a"
  run --separate-stderr glp-query patterns -o raw --from 2026-01-05T10:00:02Z --to 2026-01-05T10:00:03Z <records
  assert_status 0
  assert_equal "$output" "ERROR: disk <_> is full"
}

@test "jsonl has times, an example and its labels; csv the same in columns" {
  entries >records
  run --separate-stderr glp-query patterns -o jsonl <records
  assert_status 0
  assert_equal "${lines[0]}" '{"pattern":"took <_> for /a","count":3,"errors":0,"first":"2026-01-05T10:00:00.000000000Z","last":"2026-01-05T10:00:03.000000000Z","example":"took 5ms for /a","labels":{"app":"api"}}'
  assert_json "${lines[1]}" '.errors == 1 and .labels.app == "db"'
  run --separate-stderr glp-query patterns -o csv <records
  assert_status 0
  assert_equal "${lines[0]}" "count,share,pattern,first,last,example"
  assert_equal "${lines[1]}" "3,0.750000,took <_> for /a,2026-01-05T10:00:00.000000000Z,2026-01-05T10:00:03.000000000Z,took 5ms for /a"
}

@test "a pattern selects its lines as a filter" {
  entries >records
  run --separate-stderr glp-query '{} |> "took <_> for /a"' -o raw <records
  assert_status 0
  assert_equal "${#lines[@]}" 3
}

@test "--limit gives the most frequent and says so" {
  entries >records
  run --separate-stderr glp-query patterns -o raw --limit 1 <records
  assert_status 0
  assert_equal "$output" "took <_> for /a"
  assert_contains "$stderr" "1 most frequent of 2 patterns"
  run --separate-stderr glp-query patterns -o raw --limit 2 <records
  assert_equal "$stderr" ""
}

@test "no line: exit status 1 and nothing printed" {
  entries >records
  run --separate-stderr glp-query patterns '|= "nowhere"' <records
  assert_status 1
  assert_equal "$output" ""
}

@test "bytes that are not text become masks, the example keeps them" {
  printf '%s\n' '{"ts":"2026-01-05T10:00:00.000000000Z","labels":{},"line64":"YQD/IGI="}' >records
  run --separate-stderr glp-query patterns -o jsonl <records
  assert_status 0
  assert_json "$output" '.pattern == "a<_> b" and .example64 == "YQD/IGI="'
  printf '{"ts":"2026-01-05T10:00:00.000000000Z","labels":{},"line":""}\n' >empty
  run --separate-stderr glp-query patterns -o jsonl <empty
  assert_status 0
  assert_json "$output" '.pattern == "" and .count == 1'
}

@test "what does not go with patterns is refused" {
  entries >records
  for args in "-o loki" "--hist" "-A 1" "--at now"; do
    # shellcheck disable=SC2086
    run --separate-stderr glp-query patterns $args <records
    assert_status 2
    assert_equal "$output" ""
  done
  run --separate-stderr glp-query patterns 'count_over_time({}[1m])' <records
  assert_status 2
  assert_contains "$stderr" "patterns looks at log lines"
}
