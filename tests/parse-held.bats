#!/usr/bin/env bats
# What glp-parse holds back and lets go (multiline, cri), and what it takes from marks: with glp-tail
# in front of it, as pipes. The stages' own rules are in libcommon/stages.
# shellcheck disable=SC2154  # status, output and stderr are set by bats' run

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
  exec 5>&-
  stop "${parser-}" "${follower-}"
}

# config STAGES: promtail's configuration with these stages, in p.yml.
config() {
  cat >p.yml <<YAML
positions: {filename: /dev/null}
clients: [{url: "http://127.0.0.1:1/loki/api/v1/push"}]
scrape_configs:
- job_name: test
  pipeline_stages: $1
  static_configs: [{targets: [localhost], labels: {job: test}}]
YAML
}

year_stages() { glp-parse --regex '^(?P<t>\w+ +\d+ \S+)' --timestamp 't=Jan _2 15:04:05' "$@"; }

@test "the year of a time without one is that in which its file was written" {
  printf 'Dec 10 06:55:46 a\nJan  5 00:00:00 b\nMar  1 01:00:00 c\n' >old.log
  touch -d 2020-03-01T00:00:00Z old.log
  run --separate-stderr bash -c "$(declare -f year_stages); glp-tail old.log | year_stages"
  assert_status 0
  assert_equal "$(records <<<"$output" | jq -r .ts | cut -c1-19 | paste -sd' ')" \
    "2019-12-10T06:55:46 2020-01-05T00:00:00 2020-03-01T01:00:00"
  run --separate-stderr bash -c "$(declare -f year_stages); glp-tail old.log | year_stages --explain-time"
  assert_status 0
  assert_contains "$output" "year 2019 (assumed: its file was written last 2020-03-01T00:00:00.000000000Z)"
}

@test "what is written to a followed file later is of the year in which it is read" {
  printf 'Jan  1 00:00:00 old\n' >app.log
  touch -d 2019-06-01T00:00:00Z app.log
  follow app.log
  expect 'Jan  1 00:00:00 old'
  printf 'Jan  1 00:00:00 new\n' >>app.log
  expect 'Jan  1 00:00:00 old Jan  1 00:00:00 new'
  stop "$follower"
  assert_contains "$(head -n 1 out)" '"modified":"2019-06-01T00:00:00.000000000Z","size":20}'
  run --separate-stderr year_stages <out
  assert_status 0
  # The last new year's day, or one that begins within a day.
  assert_equal "$(records <<<"$output" | jq -r .ts | cut -c1-19 | paste -sd' ')" \
    "2019-01-01T00:00:00 $(date -u -d '+1 day' +%Y)-01-01T00:00:00"
}

@test "a block of lines leaves when nothing was added to it for max_wait_time" {
  mkfifo pipe
  glp-parse -e '- multiline: {firstline: "^A", max_wait_time: 200ms}' <pipe >out 3>&- &
  parser=$!
  exec 5>pipe
  printf '{"line":"A"}\n{"line":" b"}\n' >&5
  wait_for grep -qF '"line":"A\n b"' out
  printf '{"line":" late"}\n{"line":"A"}\n' >&5
  wait_for grep -qF '"line":" late"' out
  exec 5>&-
  wait "$parser"
  assert_equal "$(records <out | jq -c .line | paste -sd' ')" '"A\n b" " late" "A"'
}

@test "no position passes a block that is held, and where glp-tail was killed its block is read again" {
  c() { printf '{"line":"%s","src":"F@%s"}\n' "$1" "$2"; }
  run --separate-stderr glp-parse -e '- multiline: {firstline: "^A"}' < <(
    echo '{"mark":"file","src":"F@0","path":"/f"}'; c 'A one' 10; c 'more' 20; c 'A two' 30; c 'cut' 40)
  assert_status 3
  assert_equal "$(grep -c '"line"' <<<"$output")" 1
  assert_contains "$output" '"line":"A one\nmore","src":"F@20"}'
  refute_contains "$output" '"mark":"pos"'
  assert_contains "$output" '"unfinished line":1}'
}

@test "under promtail's configuration a piece without its end is not written, and read again" {
  config '[cri: ]'
  printf '2026-01-05T00:00:00Z stderr P half \n2026-01-05T00:00:00Z stdout F whole\n' >app.log
  run --separate-stderr bash -c 'glp-tail app.log | glp-parse -c p.yml'
  assert_status 3
  assert_equal "$stderr" "glp-parse: 1 line is not written: the input ended in front of the rest of it; no position passed it, so it comes again
glp-parse: unfinished lines: 1"
  assert_equal "$(lines_of <<<"$output")" whole
  assert_contains "$output" '"unfinished line":1}'
  assert_json "$output" 'select(.line == "whole") | .pos == 0'
  refute_contains "$output" '"mark":"pos"'
  # By glp's own option it is a line.
  run --separate-stderr bash -c 'glp-tail app.log | glp-parse --cri'
  assert_equal "$(lines_of <<<"$output" | sort | paste -sd,)" 'half ,whole'
}

@test "the end mark tells of lines that became a part of another one" {
  run --separate-stderr glp-parse --cri --multiline ^A < <(
    printf '{"line":"2026-01-05T00:00:00Z stdout %s"}\n' 'F A1' 'P b' 'F c' 'F A2')
  assert_status 0
  assert_equal "$(records <<<"$output" | jq -c .line | paste -sd,)" '"A1\nbc","A2"'
  assert_contains "$output" '{"mark":"end","tool":"glp-parse","in":4,"out":2,"dropped":{},"joined":2}'
}

@test "blocks of files with the same labels do not mix" {
  printf 'A1\n a\nA2\n b\n' >a.log
  printf 'A3\n c\nA4\n d\n' >b.log
  run --separate-stderr bash -c 'glp-tail --label filename= a.log b.log | glp-parse --multiline ^A'
  assert_status 0
  assert_equal "$(records <<<"$output" | jq -c .line | sort | paste -sd' ')" \
    '"A1\n a" "A2\n b" "A3\n c" "A4\n d"'
}

@test "a selector of match is any log query, and under promtail's configuration what promtail takes" {
  run --separate-stderr bash -c 'printf "level=error a\nlevel=info b\n" | glp-tail - |
    glp-parse -e "- match: {selector: \"{} | logfmt | level != \\\"error\\\"\", action: drop}"'
  assert_status 0
  assert_equal "$(lines_of <<<"$output")" 'level=error a'
  config '[match: {selector: "{job=\"test\"} | logfmt | level != \"error\"", action: drop}]'
  run --separate-stderr glp-parse -c p.yml --check
  assert_status 2
  assert_contains "$stderr" "p.yml:5:39: selector: promtail takes only matchers and the line filters"
}
