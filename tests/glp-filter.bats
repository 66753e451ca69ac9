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

# Records with something to parse; what passes, without its time.
parsed() { # ARGUMENT…
  cat >parse.in <<'EOF'
{"ts":"2026-01-05T00:00:01.000000000Z","labels":{"app":"a"},"line":"{\"status\":503,\"app\":\"x\"}","src":"1-2-3@10"}
{"ts":"2026-01-05T00:00:02.000000000Z","labels":{"app":"b"},"line":"{\"status\":200}","meta":{"trace":"7"}}
{"ts":"2026-01-05T00:00:03.000000000Z","labels":{"app":"b"},"line":"no JSON","fields":{"status":"599"}}
EOF
  glp-filter "$@" <parse.in | jq -c 'select(has("mark") | not) | del(.ts)'
}

@test "what parsers extract goes into the fields, and filters see it" {
  run parsed '| json | status >= 500'
  [[ ${lines[0]} == '{"labels":{"app":"a"},"line":"{\"status\":503,\"app\":\"x\"}","fields":{"app_extracted":"x","status":"503"},"src":"1-2-3@10"}' ]]
  [[ ${lines[1]} == '{"labels":{"app":"b"},"line":"no JSON","fields":{"__error__":"JSONParserErr","__error_details__":"not a JSON object","status":"599"}}' ]]
  [[ ${#lines[@]} -eq 2 ]]
  assert_equal "$(glp-filter -c '| json | status >= 500' <parse.in)" 2
}

@test "fields of before are labels to filter by" {
  assert_equal "$(parsed '| status = "599"')" \
    '{"labels":{"app":"b"},"line":"no JSON","fields":{"status":"599"}}'
}

@test "-v and --drop keep the other records, as they came" {
  local others='{"labels":{"app":"b"},"line":"{\"status\":200}","meta":{"trace":"7"}}'
  assert_equal "$(parsed -v '| json | status >= 500')" "$others"
  assert_equal "$(parsed --drop '| json | status >= 500')" "$others"
}

@test "line_format changes the line, label_format, drop and keep the labels" {
  assert_equal "$(parsed '{app="b"} | trace = "7" | line_format "{{.app}}: {{.trace}}" | drop trace')" \
    '{"labels":{"app":"b"},"line":"b: 7"}'
  assert_equal "$(parsed '| trace = "7" | label_format service=app')" \
    '{"labels":{"service":"b"},"line":"{\"status\":200}","meta":{"trace":"7"}}'
  assert_equal "$(parsed '| trace = "7" | keep trace')" \
    '{"labels":{},"line":"{\"status\":200}","meta":{"trace":"7"}}'
}

@test "a stage that cannot be made is refused beforehand" {
  run --separate-stderr glp-filter '| json | line_format "{{.x"' <in
  assert_status 2
  assert_contains "$stderr" "invalid line template"
  run --separate-stderr glp-filter --drop '|= ip("10.0.0.300")' <in
  assert_status 2
  assert_contains "$stderr" 'ip: invalid pattern: "10.0.0.300"'
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

@test "an unwrap is refused, with where it belongs" {
  run --separate-stderr glp-filter '| json | unwrap took' <in
  assert_status 2
  assert_contains "$stderr" 'syntax error: unexpected unwrap'
  assert_contains "$stderr" 'unwrap stands in a range aggregation'
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
  run --separate-stderr glp-filter --since yesterdey <in
  assert_status 2
  assert_contains "$stderr" '--since: "yesterdey" is not a point in time'
}

@test "more label sets than are remembered at once make no difference" {
  awk 'BEGIN { for (i = 0; i < 450000; ++i)
    printf "{\"ts\":\"2026-01-05T00:00:00.%09dZ\",\"labels\":{\"n\":\"%d\"},\"line\":\"x\"}\n", i, i }' >many
  run --separate-stderr glp-filter -c '{n=~".*7"}' <many
  assert_status 0
  assert_equal "$output" 45000
}

# --- what stands around matches, less of it, and secrets

# lines FILE-OR-STREAM…: a record a second, of stream a or b, each of one file of 10 bytes a line:
# `a:text b:text …`
stream_of() {
  local n=0 word
  for word in "$@"; do
    n=$((n + 1))
    printf '{"ts":"2026-01-05T00:%02d:%02d.000000000Z","labels":{"s":"%s"},"line":"%s","src":"F@%d"}\n' \
      $((n / 60)) $((n % 60)) "${word%%:*}" "${word#*:}" $((n * 10))
  done
}
# Lines that pass, with what they are there for: `<1` before, `>3` after.
around() {
  glp-filter "$@" | jq -r 'select(has("mark") | not) |
    ({"before": "<", "after": ">"}[.fields.__context__ // ""] // "") + .line' | paste -sd' ' -
}

@test "-A, -B and -C let records around those that are kept pass, and say so" {
  stream_of a:1 a:2 a:hit a:4 a:5 a:6 >s
  assert_equal "$(around -A 1 '|= "hit"' <s)" "hit >4"
  assert_equal "$(around -B 2 '|= "hit"' <s)" "<1 <2 hit"
  assert_equal "$(around -C 1 '|= "hit"' <s)" "<2 hit >4"
  assert_equal "$(around -C 1 -A 2 '|= "hit"' <s)" "<2 hit >4 >5"
}

@test "a record that is near two matches passes once, as grep has it" {
  stream_of a:1 a:hit1 a:3 a:hit2 a:5 a:6 a:7 a:hit3 >s
  assert_equal "$(around -C 2 '|= "hit"' <s)" "<1 hit1 >3 hit2 >5 >6 <7 hit3"
  stream_of a:hit1 a:2 a:3 a:4 a:5 a:hit2 >s
  assert_equal "$(around -C 1 '|= "hit"' <s)" "hit1 >2 <5 hit2"
}

@test "-A, -B and -m give what grep gives" {
  RANDOM=7
  local words=() i
  for ((i = 0; i < 300; i++)); do
    ((RANDOM % 8 == 0)) && words+=("a:hit$i") || words+=("a:l$i")
  done
  stream_of "${words[@]}" >s
  jq -r .line s >plain
  for options in '-A 1' '-B 1' '-A 3 -B 2' '-C 5' '-A 7 -m 5' '-C 2 -m 9' '-v -C 1' '-B 400 -m 3'; do
    # shellcheck disable=SC2086  # options
    glp-filter $options '|= "hit"' <s | jq -r 'select(.line) | .line' >ours
    # shellcheck disable=SC2086  # options
    grep --no-group-separator $options hit plain >theirs
    cmp ours theirs || fail "$options"
  done
}

@test "the records around one are those of its stream" {
  stream_of a:1 b:2 a:3 b:4 a:hit b:6 a:7 b:8 >s
  assert_equal "$(around -C 1 '|= "hit"' <s)" "<3 hit >7"
}

@test "-v has its context, too, and what --drop drops can be context" {
  stream_of a:1 a:2 a:3 a:4 >s
  assert_equal "$(around -v -A 1 '|~ "[124]"' <s)" "3 >4"
  assert_equal "$(around -B 1 --drop '|~ "[124]"' <s)" "<2 3"
}

@test "records outside of --since and --until are no context" {
  stream_of a:1 a:2 a:hit a:4 >s
  assert_equal "$(around -C 2 --since 2026-01-05T00:00:02Z --until 2026-01-05T00:00:04Z '|= "hit"' <s)" "<2 hit"
}

@test "-c and -m count matches, not what stands around them" {
  stream_of a:1 a:hit a:3 a:hit a:5 a:6 >s
  assert_equal "$(glp-filter -c -C 5 '|= "hit"' <s)" 2
  assert_equal "$(around -m 1 -C 1 '|= "hit"' <s)" "<1 hit >3"
}

@test "-m leaves the input unread behind the context of its last match" {
  stream_of a:hit b:2 a:3 b:4 a:hit a:6 >s
  run --separate-stderr glp-filter -m 1 -A 1 '|= "hit"' <s
  assert_equal "$(jq -r 'select(.line) | "\(.line) \(.src) \(.pos)"' <<<"$output")" "hit F@10 null
3 F@30 10"
  assert_json "$(tail -n 1 <<<"$output")" '.in == 2 and .out == 2'
}

@test "no position passes a record that is held back for -B" {
  stream_of a:1 b:hit b:3 a:4 a:5 a:hit b:hit >s
  run --separate-stderr glp-filter -B 2 '|= "hit"' <s
  assert_equal "$(jq -r 'select(.mark != "end") | "\(.mark // .line) \(.src) \(.pos)"' <<<"$output")" "hit F@20 0
pos F@20 null
4 F@40 20
5 F@50 20
hit F@60 20
3 F@30 60
hit F@70 null"
  stream_of a:1 a:2 a:3 >s
  run --separate-stderr glp-filter -B 1 '|= "hit"' < <(
    echo '{"mark":"file","src":"F@0","path":"x"}'
    cat s
    echo '{"mark":"pos","src":"F@30"}'
    echo '{"mark":"end","tool":"glp-tail","in":3,"out":3,"dropped":{}}')
  assert_equal "$(jq -r 'select(.mark == "pos") | .src' <<<"$output" | tail -n 1)" "F@30"
}

@test "what -B holds is read again where the reader of the files was killed" {
  stream_of a:1 a:2 a:3 >s
  run --separate-stderr glp-filter -B 2 '|= "hit"' < <(
    echo '{"mark":"file","src":"F@0","path":"x"}'
    cat s)
  assert_equal "$(jq -r 'select(.mark == "pos") | .src' <<<"$output" | tail -n 1)" "F@10"
}

@test "records around others keep their fields and bytes" {
  run --separate-stderr glp-filter -B 1 '|= "hit"' <<'EOF'
{"ts":"2026-01-05T00:00:01.000000000Z","labels":{"s":"a"},"line64":"/wA=","meta":{"m":"1"},"fields":{"f":"2"},"src":"F@10","k":{"n": 1.50}}
{"ts":"2026-01-05T00:00:02.000000000Z","labels":{"s":"a"},"line":"hit"}
EOF
  assert_equal "${lines[0]}" '{"ts":"2026-01-05T00:00:01.000000000Z","labels":{"s":"a"},"line64":"/wA=","meta":{"m":"1"},"fields":{"__context__":"before","f":"2"},"src":"F@10","k":{"n": 1.50}}'
}

@test "--dedup lets equal lines in a row pass once and says how many there were" {
  stream_of a:x a:x b:x a:x a:y a:x b:x >s
  run --separate-stderr glp-filter --dedup <s
  assert_equal "$(jq -r 'select(.line) | "\(.labels.s):\(.line) \(.meta.duplicates_before)"' <<<"$output")" "a:x null
b:x null
a:y 2
a:x null"
  assert_json "$(tail -n 1 <<<"$output")" '.dropped == {"duplicate": 3} and .out == 4'
}

@test "--dedup lets a line that goes on pass once in a time" {
  # shellcheck disable=SC2046  # words
  stream_of $(printf 'a:x %.0s' {1..130}) >s
  run --separate-stderr glp-filter --dedup <s
  assert_equal "$(jq -r 'select(.line) | "\(.ts[14:19]) \(.meta.duplicates_before)"' <<<"$output")" "00:01 null
01:01 59
02:01 59"
  assert_equal "$(glp-filter --dedup --dedup-window 0s -c <s)" 1
  assert_equal "$(glp-filter --dedup --dedup-window 10s -c <s)" 13
  run --separate-stderr glp-filter --dedup-window 5s <s
  assert_status 2
}

@test "positions of duplicates count as dealt with" {
  stream_of a:x a:x a:x >s
  run --separate-stderr glp-filter --dedup <s
  assert_equal "$(jq -r 'select(.mark == "pos") | .src' <<<"$output")" "F@30"
}

@test "--sample keeps a part, the same one each time, with its weight" {
  # shellcheck disable=SC2046  # words
  stream_of $(printf 'a:%s ' {1..2000}) >s
  glp-filter --sample 1/10 <s >one
  glp-filter --sample 10% <s >two
  cmp one two
  local kept
  kept=$(grep -c sample_weight one)
  ((kept > 130 && kept < 280))
  assert_equal "$(jq -r 'select(.line) | .meta.sample_weight' one | sort -u)" 10
  assert_json "$(tail -n 1 one)" '.dropped.sample + .out == 2000'
  assert_equal "$(glp-filter --sample 1 -c <s)" 2000
}

@test "a second --sample decides for itself, and weights multiply" {
  # shellcheck disable=SC2046  # words
  stream_of $(printf 'a:%s ' {1..2000}) >s
  glp-filter --sample 0.5 <s | glp-filter --sample 0.25 >both
  local kept
  kept=$(grep -c sample_weight both)
  ((kept > 180 && kept < 330))
  assert_equal "$(jq -r 'select(.line) | .meta.sample_weight' both | sort -u)" 8
}

@test "--rate-limit passes so many a second of the records' time and says what it held back" {
  for i in 1 2 3 4 5; do
    for s in a b b; do
      printf '{"ts":"2026-01-05T00:00:00.%d00000000Z","labels":{"s":"%s"},"line":"%d"}\n' "$i" "$s" "$i"
    done
  done >s
  run --separate-stderr glp-filter --rate-limit 4/s <s
  assert_equal "$(jq -r 'select(.line) | .labels.s + .line' <<<"$output" | paste -sd' ' -)" "a1 b1 b1 a2 b2 b2 a3 a4 b4 a5"
  assert_json "$(tail -n 1 <<<"$output")" '.dropped == {"rate limit": 5}'
  assert_equal "$stderr" 'glp-filter: 5 records were held back by --rate-limit of {s="b"}'
  run --separate-stderr glp-filter -c --rate-limit 2/m --rate-limit-by all <s
  assert_equal "$output" 2
  assert_equal "$stderr" 'glp-filter: 13 records of 2 streams were held back by --rate-limit, most of {s="b"} (9)'
}

@test "one time of the future does not make --rate-limit stop all that follows" {
  for t in 2099 2026 2026 2026 2026; do
    printf '{"ts":"%d-01-05T00:00:00.000000000Z","labels":{},"line":"%d"}\n' "$t" "$t"
  done >s
  assert_equal "$(glp-filter --rate-limit 2/s <s 2>/dev/null | jq -r 'select(.line) | .line' | paste -sd' ' -)" "2099 2026 2026"
}

@test "--redact takes secrets out of lines, metadata and fields, counted, and nothing else" {
  cat >s <<'EOF'
{"ts":"2026-01-05T00:00:01.000000000Z","labels":{"s":"a"},"line":"{\"mail\":\"jo@example.com\",\"n\":\"\\njo@example.com\"}","meta":{"user":"jo@example.com"},"fields":{"password":"hunter2"},"k": 1.0}
{"ts":"2026-01-05T00:00:02.000000000Z", "labels":{"s":"a"},"line":"nothing \u00e9"}
{"ts":"2026-01-05T00:00:03.000000000Z","labels":{"s":"a"},"line":"card 4111 1111 1111 1111 at 10.0.0.1"}
EOF
  run --separate-stderr glp-filter --redact email,card,token <s
  assert_status 0
  assert_equal "${lines[0]}" '{"ts":"2026-01-05T00:00:01.000000000Z","labels":{"s":"a"},"line":"{\"mail\":\"<email>\",\"n\":\"\\n<email>\"}","meta":{"user":"<email>"},"fields":{"password":"<token>"},"k":1.0}'
  assert_equal "${lines[1]}" "$(sed -n 2p s)"
  assert_json "${lines[2]}" '.line == "card <card> at 10.0.0.1"'
  assert_json "${lines[3]}" '.redacted == {"email": 3, "card": 1, "token": 1} and .out == 3'
  assert_equal "$stderr" "glp-filter: redacted: 3 email, 1 card, 1 token"
}

@test "--redact sees the query's lines after the query did" {
  run --separate-stderr glp-filter '|= "jo@"' --redact all -B 1 < <(stream_of a:al@example.com a:jo@example.com)
  assert_equal "$(jq -r 'select(.line) | .line' <<<"$output")" "<email>
<email>"
}

@test "--redact marks equal secrets alike where there is a salt" {
  printf 'salt\n' >salt
  run --separate-stderr glp-filter --redact email --redact-salt-file salt < <(
    stream_of a:al@example.com a:jo@example.com a:al@example.com)
  assert_equal "$(jq -r 'select(.line) | .line' <<<"$output" | sort | uniq -c | awk '{print $1}' | paste -sd' ' -)" "2 1"
  assert_contains "${lines[0]}" '"<email:'
  : >salt
  run --separate-stderr glp-filter --redact email --redact-salt-file salt </dev/null
  assert_status 2
  run --separate-stderr glp-filter --redact-salt-file salt </dev/null
  assert_status 2
}

@test "options that make no sense are refused with what would" {
  run --separate-stderr glp-filter --redact emial </dev/null
  assert_status 2
  assert_contains "$stderr" "--redact: 'emial' is nothing that can be redacted; did you mean 'email'?"
  for bad in 0 2 -0.1 x 1/0 150%; do
    run --separate-stderr glp-filter --sample "$bad" </dev/null
    assert_status 2
  done
  for bad in 0 x 5/d -1; do
    run --separate-stderr glp-filter --rate-limit "$bad" </dev/null
    assert_status 2
  done
  for option in --redact --redact-salt-file --sample --rate-limit; do
    run --separate-stderr glp-filter "$option" "" '{}' <in
    assert_status 2
    assert_contains "$stderr" "$option: the value is empty; try "
  done
  run --separate-stderr glp-filter --dedup --dedup-window=-1s <in
  assert_status 2
  assert_contains "$stderr" "--dedup-window: "
}

@test "a match is not held back where its context is" {
  mkfifo pipe
  glp-filter -C 2 '|= "hit"' <pipe >out &
  local pid=$!
  local in
  exec {in}>pipe
  stream_of a:1 a:2 a:hit a:4 >&"$in"
  wait_for grep -q '"line":"4"' out
  exec {in}>&-
  wait "$pid"
}
