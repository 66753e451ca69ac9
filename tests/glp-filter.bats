#!/usr/bin/env bats
# glp-filter: which records pass, in which form, and what the exit status says.
# shellcheck disable=SC2016  # backquotes are LogQL's

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  cat >in <<'EOF'
{"ts":"2026-01-05T00:00:01.000000000Z","labels":{"namespace":"default","pod":"a"},"line":"an error here","src":"1-2-3@10"}
{"ts":"2026-01-05T00:00:02.000000000Z","labels":{"namespace":"payments"},"line":"all fine","src":"1-2-3@20"}
{"ts":"2026-01-05T00:00:03.000000000Z","labels":{"namespace":"kube-system","pod":"b"},"line":"ERROR \"quoted\"\tand tab","src":"1-2-3@30"}
{"ts":"2026-01-05T00:00:04.000000000Z","labels":{"namespace":"default","pod":"b"},"line":"","src":"1-2-3@40"}
EOF
}

# The seconds of the records that pass, one word.
kept() { # ARGUMENT…
  glp-filter "$@" <in | jq -r 'select(has("mark") | not) | .ts[18:19]' | tr -d '\n'
}

@test "a selector keeps the streams that match" {
  assert_equal "$(kept '{namespace="default"}')" 14
  assert_equal "$(kept '{namespace!="default"}')" 23
  assert_equal "$(kept '{namespace=~"de.*|pay.*"}')" 124
  assert_equal "$(kept '{namespace!~"(default|kube-system)"}')" 2
  assert_equal "$(kept '{namespace="default", pod="b"}')" 4
}

@test "a selector's regex matches the whole value" {
  assert_equal "$(kept '{namespace=~"fault"}')" ""
  assert_equal "$(kept '{namespace=~"kube"}')" ""
}

@test "a label that a record has not is the empty value" {
  assert_equal "$(kept '{pod=""}')" 2
  assert_equal "$(kept '{pod!="a"}')" 234
}

@test "line filters keep lines with and without a text" {
  assert_equal "$(kept '|= "error"')" 1
  assert_equal "$(kept '!= "error"')" 234
  assert_equal "$(kept '|= "e" != "here"')" 23
  assert_equal "$(kept '|= "error" or "fine"')" 12
  assert_equal "$(kept '!= "error" or "fine"')" 34
}

@test "line filters take regexes" {
  assert_equal "$(kept '|~ "(?i)error"')" 13
  assert_equal "$(kept '|~ "^al+ "')" 2
  assert_equal "$(kept '!~ "[a-z]"')" 4
  assert_equal "$(kept '|~ `^$`')" 4
}

@test "line filters see the bytes of the line, not its JSON" {
  assert_equal "$(kept '|= "\"quoted\"\tand"')" 3
  assert_equal "$(kept '|= "\\t"')" ""
  assert_equal "$(kept '|= "\\"')" ""
}

@test "a selector and line filters must both hold" {
  assert_equal "$(kept '{namespace="default"} |= "error"')" 1
  assert_equal "$(kept '{namespace="default"} != "error"')" 4
}

@test "the empty selector keeps everything" {
  assert_equal "$(kept '{}')" 1234
}

@test "--drop drops what its query matches" {
  assert_equal "$(kept --drop '{namespace!~"(default|kube-system)"}')" 134
  assert_equal "$(kept --drop '|= "error"' --drop '{pod="b"}')" 2
  assert_equal "$(kept --drop '{namespace="default"} |= "error"')" 234
}

@test "a query and --drop go together" {
  assert_equal "$(kept '{namespace="default"}' --drop '|= "error"')" 4
}

@test "-v turns the answer round" {
  assert_equal "$(kept -v '{namespace="default"}')" 23
  assert_equal "$(kept -v '{namespace="default"}' --drop '|= "error"')" 123
  assert_equal "$(kept --invert --drop '{pod="b"}')" 34
}

@test "--since and --until choose by time, the end is not included" {
  assert_equal "$(kept --since 2026-01-05T00:00:02Z)" 234
  assert_equal "$(kept --until 2026-01-05T00:00:03Z)" 12
  assert_equal "$(kept --since 1767571202 --until 1767571204000000000)" 23
  assert_equal "$(kept --since 2026-01-05T02:00:03+02:00)" 34
  assert_equal "$(kept '{namespace="default"}' --since 2026-01-05T00:00:02Z)" 4
}

@test "a time range holds with -v, too" {
  assert_equal "$(kept -v '{namespace="default"}' --until 2026-01-05T00:00:03Z)" 2
}

@test "a duration is so long ago" {
  now=$(date -u +%Y-%m-%dT%H:%M:%S.000000000Z)
  old=$(date -u -d '3 hours ago' +%Y-%m-%dT%H:%M:%S.000000000Z)
  printf '{"ts":"%s","labels":{},"line":"%s"}\n' "$old" old "$now" now >in
  run --separate-stderr bash -c 'glp-filter --since 2h <in | jq -r .line'
  assert_equal "${lines[0]}" now
  run --separate-stderr bash -c 'glp-filter --until 2h <in | jq -r .line'
  assert_equal "${lines[0]}" old
}

@test "records pass byte for byte" {
  cat >in <<'EOF'
{"line":"first \u0041","extra":[1, 2.50],"labels":{"b":"1","a":"2"},"ts":"2026-01-05T00:00:01Z"}
{"timestamp":"2026-01-05T00:00:01.5+01:00", "labels":{}, "line":"kept  as is","fields":{"x":"y"}}
{"ts":"2026-01-05T00:00:02.000000000Z","labels":{},"line64":"/wBhCg==","meta":{"t":"1"}}
EOF
  glp-filter '{}' <in | sed '$d' >out
  cmp in out
  assert_equal "$(glp-filter '|= "first A"' <in | sed -n 1p)" "$(sed -n 1p in)"
  assert_equal "$(glp-filter '|= "\xff\x00a\n"' <in | sed -n 1p)" "$(sed -n 3p in)"
}

@test "a byte that is not UTF-8 is one character to a regex" {
  printf '{"ts":"2026-01-05T00:00:02Z","labels":{},"line64":"%s"}\n' "$(printf 'a\xffb' | base64)" >in
  run --separate-stderr glp-filter -c '|~ "^a.b$"' <in
  assert_status 0
  assert_equal "$output" 1
}

@test "marks pass in order, and the position of dropped lines is told" {
  {
    echo '{"mark":"file","src":"1-2-3@0","path":"/x"}'
    cat in
    echo '{"mark":"gap","src":"1-2-3@90","bytes":50,"why":"truncated"}'
  } >marked
  run --separate-stderr glp-filter '{namespace="payments"}' <marked
  assert_status 0
  assert_equal "$(jq -r '.mark // .src' <<<"$output" | paste -sd' ')" "file pos 1-2-3@20 pos gap end"
  assert_contains "$output" '{"mark":"pos","src":"1-2-3@40"}'
  assert_contains "$output" \
    '{"mark":"end","tool":"glp-filter","in":4,"out":1,"dropped":{"filter":3}}'
}

@test "the exit status is 0 where something was kept and 1 where nothing was" {
  run --separate-stderr glp-filter '{namespace="payments"}' <in
  assert_status 0
  run --separate-stderr glp-filter '{namespace="nowhere"}' <in
  assert_status 1
  assert_equal "$stderr" ""
}

@test "-c prints the number of records kept and nothing else" {
  run --separate-stderr glp-filter -c '{namespace="default"}' <in
  assert_status 0
  assert_equal "$output" 2
  run --separate-stderr glp-filter --count '{namespace="nowhere"}' <in
  assert_status 1
  assert_equal "$output" 0
  run --separate-stderr glp-filter -c <in
  assert_equal "$output" 4
}

@test "-q prints nothing and ends at the first match, though the input goes on" {
  mkfifo pipe
  exec 9<>pipe # so that the pipe never ends
  cat in >&9
  run --separate-stderr timeout 10 glp-filter -q '|= "fine"' <pipe 9>&-
  exec 9>&-
  assert_status 0
  assert_equal "$output" ""
  run --separate-stderr glp-filter -q '|= "nowhere"' <in
  assert_status 1
  assert_equal "$output" ""
}

@test "-m stops after so many" {
  assert_equal "$(kept -m 2 '{}')" 12
  assert_equal "$(kept --max-count 1 '{pod="b"}')" 3
  run --separate-stderr glp-filter -c -m 3 '{}' <in
  assert_equal "$output" 3
  run --separate-stderr glp-filter -m 0 -c '{}' <in
  assert_status 1
  assert_equal "$output" 0
}

@test "--line-buffered writes a record at once" {
  mkfifo pipe
  glp-filter --line-buffered '{}' <pipe >out 3>&- &
  pid=$!
  exec 9>pipe
  head -1 in >&9
  wait_for grep -q 'an error here' out
  exec 9>&-
  wait "$pid"
}

@test "without --line-buffered a slow input is not held back" {
  mkfifo pipe
  glp-filter '{}' <pipe >out 3>&- &
  pid=$!
  exec 9>pipe
  head -1 in >&9
  wait_for grep -q 'an error here' out
  exec 9>&-
  wait "$pid"
}

@test "bad records are passed over and make the status 3" {
  { sed -n 1p in; echo '{"line":'; sed -n 4p in; } >bad
  run --separate-stderr glp-filter '{namespace="default"}' <bad
  assert_status 3
  assert_contains "$stderr" "bad record"
  assert_equal "$(grep -c '"pod"' <<<"$output")" 2
}

@test "a query that cannot be read is shown with its place, status 2" {
  run --separate-stderr glp-filter '{namespace="default"} |= error' <in
  assert_status 2
  assert_equal "$output" ""
  assert_equal "$stderr" 'glp-filter: parse error at line 1, col 26: syntax error: unexpected IDENTIFIER, expecting STRING or ip
{namespace="default"} |= error
                         ^'
}

@test "a query in --drop that cannot be read says so" {
  run --separate-stderr glp-filter --drop '{a=~"("}' <in
  assert_status 2
  assert_contains "$stderr" '--drop: parse error : error parsing regexp: missing closing ): `(`'
}

@test "a bare word is answered with the query that looks for it" {
  run --separate-stderr glp-filter error <in
  assert_status 2
  assert_contains "$stderr" "to look for a text, write '|= \"error\"'"
}

@test "what this version of the language has not is named" {
  run --separate-stderr glp-filter '| json | unwrap took' <in
  assert_status 2
  assert_contains "$stderr" '`unwrap` is not supported by this version'
}

@test "a metric is refused" {
  run --separate-stderr glp-filter 'rate({a="b"}[1m])' <in
  assert_status 2
  assert_contains "$stderr" "a log query is needed here"
}

@test "a call that says nothing to filter is a usage error" {
  run --separate-stderr glp-filter <in
  assert_status 2
  assert_contains "$stderr" "no query"
  run --separate-stderr glp-filter --since yesterday <in
  assert_status 2
  assert_contains "$stderr" "--since: 'yesterday' is neither a time nor a duration"
}

@test "more label sets than are remembered at once make no difference" {
  awk 'BEGIN { for (i = 0; i < 450000; ++i)
    printf "{\"ts\":\"2026-01-05T00:00:00.%09dZ\",\"labels\":{\"n\":\"%d\"},\"line\":\"x\"}\n", i, i }' >many
  run --separate-stderr glp-filter -c '{n=~".*7"}' <many
  assert_status 0
  assert_equal "$output" 45000
}
