#!/usr/bin/env bats
# -A, -B and -C of glp-query: the lines of a stream around those that match.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  unset LOKI_ADDR
  # Lines of two streams by turns: a0 b0 a1 b1 … a5 b5, one a second.
  jq -nc 'range(12) | {ts: "2026-01-05T10:00:\(if . < 10 then "0" else "" end)\(.).000000000Z",
    labels: {s: ["a", "b"][. % 2]}, line: "\(["a", "b"][. % 2])\(. / 2 | floor)"}' >records
  glp-pack -o pack.glp <records 2>pack.err
  glp-store append --dir store <records 2>store.err
}

teardown() {
  # shellcheck disable=SC2086  # a list of pids
  stop ${SERVERS-}
}

ask() { run --separate-stderr glp-query -q "$@" <records; }

@test "context is of the match's stream, in groups" {
  for source in "-s pack.glp" "-s store" "-s -"; do
    # shellcheck disable=SC2086
    ask $source --forward -o raw -C 1 '|= "a1" or "a4" or "b4"'
    assert_status 0
    assert_equal "$output" $'a0\na1\na2\na3\na4\n--\nb3\nb4\n--\na5\n--\nb5'
  done
  ask -s pack.glp -o raw -B 2 '|= "b2"'
  assert_equal "$output" $'b2\nb1\nb0'
  ask -s pack.glp -o raw -A 9 '|= "b4"'
  assert_equal "$output" $'b5\nb4'
}

@test "-C is the least for -A and -B" {
  ask -s pack.glp --forward -o raw -C 1 -B 2 '|= "a3"'
  assert_equal "$output" $'a1\na2\na3\na4'
}

@test "records say what is context" {
  ask -s pack.glp --forward -o jsonl -C 1 '|= "a1" | label_format t="x"'
  assert_status 0
  assert_equal "$(jq -r '.line + " " + (.fields | tostring)' <<<"$output")" \
    $'a0 {"__context__":"before"}\na1 {"t":"x"}\na2 {"__context__":"after"}'
}

@test "--limit counts matches and leaves the last one its context" {
  ask -s pack.glp --forward -o raw -A 1 --limit 1 '{s="a"} |~ "a[13]"'
  assert_status 0
  assert_equal "$output" $'a1\na2'
}

@test "no match has no context" {
  ask -s pack.glp -C 3 '|= "nowhere"'
  assert_status 1
  assert_equal "$output" ""
}

@test "what a server gives has context, too" {
  local port
  port=$(free_port)
  glp-store serve --dir store --listen "127.0.0.1:$port" 2>serve.log 3>&- &
  SERVERS=$!
  wait_for curl -fsS "http://127.0.0.1:$port/ready"
  ask -s "http://127.0.0.1:$port" --from 2026-01-05 --to 2026-01-06 --forward -o raw -C 1 \
    '{s="a"} |= "a3"'
  assert_status 0
  assert_equal "$output" $'a2\na3\na4'
}

@test "a metric has no context" {
  ask -s pack.glp -C 1 'count_over_time({s="a"}[1m])'
  assert_status 2
  assert_contains "$stderr" '-A, -B and -C go with queries that give log lines'
}
