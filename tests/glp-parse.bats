#!/usr/bin/env bats
# glp-parse: stages on records.

load lib

T='"ts":"2026-01-01T00:00:00.000000000Z"'

# record LINE_JSON [REST]: a record with the line as JSON text.
record() { printf '{%s,"labels":{"job":"x"},"line":%s%s}\n' "$T" "$1" "${2-}"; }
# quote TEXT: as a JSON string.
quote() { jq -Rs . <<<"$1" | sed 's/\\n"$/"/'; }
line_record() { record "$(quote "$1")" "${2-}"; }

@test "what promtail made of the same lines" {
  local name="" pipe="" input=$BATS_TEST_TMPDIR/in want=$BATS_TEST_TMPDIR/want got=$BATS_TEST_TMPDIR/got
  local cases=0 failed=0 text
  check() {
    [[ -n $pipe ]] || return 0
    bash -c "$pipe" <"$input" 2>/dev/null | grep -v '^{"mark"' >"$got" || true
    cases=$((cases + 1))
    # Each record begins with what is wanted: time, labels, line; fields may follow.
    if ! awk 'NR == FNR { want[++n] = $0; next }
        { if (index($0, want[++m]) != 1 || substr($0, length(want[m]) + 1, 1) !~ /[,}]/) exit 1 }
        END { if (n != m) exit 1 }' "$want" "$got"; then
      failed=$((failed + 1))
      printf 'case: %s\n%s\nwanted:\n%s\ngot:\n%s\n' "$name" "$pipe" "$(<"$want")" "$(<"$got")" >&2
    fi
  }
  while IFS= read -r text || [[ -n $text ]]; do
    case $text in
      '# '*) check; name=${text#'# '}; pipe=""; : >"$input"; : >"$want" ;;
      '$ '*) pipe=${text#'$ '} ;;
      '< '*) printf '%s\n' "${text#'< '}" >>"$input" ;;
      '> '*) printf '%s\n' "${text#'> '}" >>"$want" ;;
    esac
  done <"$GLP_ROOT/tests/golden-promtail/stages.txt"
  check
  ((cases > 20))
  ((failed == 0))
}

@test "--docker takes line, stream and time out of Docker's lines" {
  run --separate-stderr glp-parse --docker < <(
    line_record '{"log":"a \"b\" \u003cc\u003e\n","stream":"stderr","time":"2026-01-05T00:00:00.5Z"}' ',"src":"F@9"')
  assert_status 0
  assert_equal "${lines[0]}" '{"ts":"2026-01-05T00:00:00.500000000Z","labels":{"job":"x","stream":"stderr"},"line":"a \"b\" <c>","src":"F@9"}'
  assert_equal "$stderr" ""
}

@test "a record that a stage cannot use passes unchanged, is marked and counted, and that is no error" {
  run --separate-stderr glp-parse --docker < <(record '"not docker"'; record '"nor this"')
  assert_status 0
  assert_equal "${lines[0]}" "{$T,\"labels\":{\"job\":\"x\"},\"line\":\"not docker\",\"fields\":{\"__error__\":\"docker: not a JSON object\"}}"
  assert_contains "$stderr" "2 records have fields.__error__ 'docker: not a JSON object'"
}

@test "a line that Docker cut at 16 KiB is joined byte by byte" {
  local piece
  piece=$(printf '%016383d' 7)é
  piece=${piece:1}
  d() { line_record "{\"log\":\"$1\",\"stream\":\"stdout\",\"time\":\"2026-01-05T00:00:0$2Z\"}" ",\"src\":\"F@$2\""; }
  run --separate-stderr bash -c 'glp-parse --docker | grep -v mark' < <(d "$piece" 1; d "$piece" 2; d 'end\n' 3; d 'short' 4; d 'next\n' 5)
  assert_status 0
  assert_equal "$(jq -r .line <<<"${lines[0]}")" "$piece${piece}end"
  assert_equal "$(jq -r .src <<<"${lines[0]}")" "F@3"
  assert_equal "$(jq -r .line <<<"${lines[1]}")" "short"
  assert_equal "$(jq -r .line <<<"${lines[2]}")" "next"
}

@test "--cri joins partial lines per file and stream" {
  c() { line_record "2026-01-05T00:00:00.$3Z $1 $2 $4" ",\"src\":\"$5\""; }
  run --separate-stderr bash -c 'glp-parse --cri | grep -v mark | jq -c "[.ts[20:23],.labels.stream,.line,.src]"' < <(
    c stdout P 1 'one ' F@10; c stdout P 2 'other ' G@10; c stdout P 3 'two ' F@20; c stdout F 4 'three' F@30; c stdout F 5 'file' G@20)
  assert_status 0
  assert_equal "${lines[0]}" '["400","stdout","one two three","F@30"]'
  assert_equal "${lines[1]}" '["500","stdout","other file","G@20"]'
}

@test "no position passes a piece that is held back" {
  c() { line_record "2026-01-05T00:00:00Z $1 $2 $3" ",\"src\":\"F@$4\""; }
  run --separate-stderr glp-parse --cri < <(
    c stderr P 'held ' 10; c stdout F between 20
    echo '{"mark":"pos","src":"F@25"}'; echo '{"mark":"pos","src":"G@7"}'; c stderr F end 30)
  assert_status 0
  assert_contains "${lines[0]}" '"line":"between","src":"F@20","pos":0}'
  assert_equal "${lines[1]}" '{"mark":"pos","src":"G@7"}'
  assert_contains "${lines[2]}" '"line":"held end","src":"F@30"}'
  refute_contains "$output" 'F@25'
}

@test "a position goes on as soon as the oldest piece has left, also while others are held" {
  c() { line_record "2026-01-05T00:00:00Z $1 $2 $3" ",\"src\":\"F@$4\""; }
  run --separate-stderr bash -c 'glp-parse --cri | grep -v mark | jq -c "[.line,.src,.pos]"' < <(
    c stdout F a 10; c stderr P b 20; c stdout P c 30; c stderr F d 40; c stderr P e 50; c stdout F f 60; c stderr F g 70)
  assert_status 0
  assert_equal "$output" '["a","F@10",null]
["bd","F@40",20]
["cf","F@60",40]
["eg","F@70",null]'
}

@test "at the end of the input a piece leaves as it is, ahead of the end mark, with the newest position" {
  run --separate-stderr glp-parse --cri < <(
    line_record '2026-01-05T00:00:00Z stdout P never ended' ',"src":"F@10"'
    line_record '2026-01-05T00:00:00Z stderr F other' ',"src":"F@20"'
    echo '{"mark":"end","tool":"glp-tail","in":2,"out":2,"dropped":{}}')
  assert_status 0
  assert_contains "${lines[1]}" '"line":"never ended","src":"F@10","pos":20}'
  assert_contains "${lines[2]}" '"tool":"glp-tail"'
  assert_equal "${lines[3]}" '{"mark":"end","tool":"glp-parse","in":2,"out":2,"dropped":{}}'
}

@test "where glp-tail was killed, the line it was in the midst of is left out, said, and passed by no position" {
  c() { line_record "2026-01-05T00:00:00Z $1 $2 $3" ",\"src\":\"F@$4\""; }
  killed() { echo '{"mark":"file","src":"F@0","path":"/f"}'; c stdout F one 10; c stderr P half 20; c stdout F two 30; }
  # A stage in front that lives on has an end mark of its own.
  for stage in cat 'glp-parse --output x'; do
    run --separate-stderr bash -c "$stage 2>/dev/null | glp-parse --cri" < <(killed)
    assert_status 3
    refute_contains "$output" half
    assert_contains "$output" '"src":"F@30","pos":10}'
    refute_contains "$output" '"mark":"pos"'
    assert_contains "$output" '"unfinished line":1}'
    assert_contains "$stderr" "1 line is not written"
  done
  run --separate-stderr glp-parse --cri < <(killed; echo '{"mark":"end","tool":"glp-tail","in":3,"out":3,"dropped":{}}')
  assert_status 0
  assert_contains "$output" '"line":"half","src":"F@20","pos":30}'
}

@test "a gap in a file lets go of its piece" {
  run --separate-stderr glp-parse --cri < <(
    line_record '2026-01-05T00:00:00Z stdout P cut' ',"src":"F@10"'
    echo '{"mark":"gap","src":"F@90","bytes":80,"why":"truncated"}'
    line_record '2026-01-05T00:00:00Z stdout F new' ',"src":"F@99"')
  assert_status 0
  assert_contains "${lines[0]}" '"line":"cut"'
  assert_contains "${lines[1]}" '"mark":"gap"'
  assert_contains "${lines[2]}" '"line":"new"'
}

@test "stages work in the order given, in one process or in many" {
  line_record '{"log":"level=warn msg=\"{\\\"a\\\":{\\\"b\\\":[1.50]}}\"\n","stream":"stdout","time":"2026-01-05T00:00:00Z"}' >"$BATS_TEST_TMPDIR/in"
  run --separate-stderr bash -c 'glp-parse --docker --logfmt l=level,msg --json "v=a.b[0]" --source msg --output v | grep -v mark' <"$BATS_TEST_TMPDIR/in"
  assert_status 0
  local one=$output
  assert_equal "$one" '{"ts":"2026-01-05T00:00:00.000000000Z","labels":{"job":"x","stream":"stdout"},"line":"1.50","fields":{"l":"warn","msg":"{\"a\":{\"b\":[1.50]}}","v":"1.50"}}'
  run --separate-stderr bash -c 'glp-parse --docker | glp-parse --logfmt l=level,msg | glp-parse --json "v=a.b[0]" --source msg | glp-parse --output v | grep -v mark' <"$BATS_TEST_TMPDIR/in"
  assert_equal "$output" "$one"
}

@test "--source reads a field, else a label, else the record is marked" {
  run --separate-stderr bash -c "glp-parse --regex '(?P<a>.)\$' --source job --regex '(?P<b>.)' --source a --regex '(?P<c>.)' --source none | grep -v mark" < <(record '"l"')
  assert_status 0
  assert_contains "$output" '"fields":{"__error__":"regex: no field or label '"'none'"'","a":"x","b":"x"}'
}

@test "--source without an option in front of it is a usage error" {
  run --separate-stderr glp-parse --docker --source a </dev/null
  assert_status 2
  assert_equal "$output" ""
  assert_contains "$stderr" "--source: must stand behind the option it belongs to"
}

@test "mistakes in paths, expressions and layouts are usage errors that say what is wrong" {
  run --separate-stderr glp-parse --json 'a=b[x]' </dev/null
  assert_status 2
  assert_contains "$stderr" "JMESPath 'b[x]': character 3"
  run --separate-stderr glp-parse --regex '(?P<a>' </dev/null
  assert_status 2
  assert_contains "$stderr" "regular expression '(?P<a>'"
  run --separate-stderr glp-parse --timestamp 'a=YYYY-MM-DD' </dev/null
  assert_status 2
  assert_contains "$stderr" "names no part of a time"
  run --separate-stderr glp-parse --timestamp a </dev/null
  assert_status 2
  assert_contains "$stderr" "expected FIELD=LAYOUT"
}

@test "no stage at all is a usage error" {
  run --separate-stderr glp-parse </dev/null
  assert_status 2
  assert_contains "$stderr" "no stage is given"
}

@test "fields that a record brings stay, and new values replace those of the same name" {
  run --separate-stderr bash -c 'glp-parse --logfmt a,b | grep -v mark' < <(record '"a=1 b=2"' ',"meta":{"m":"1"},"fields":{"z":"9","a":"old"},"src":"F@1","more":[1, 2]')
  assert_status 0
  assert_equal "$output" "{$T,\"labels\":{\"job\":\"x\"},\"line\":\"a=1 b=2\",\"meta\":{\"m\":\"1\"},\"fields\":{\"a\":\"1\",\"b\":\"2\",\"z\":\"9\"},\"src\":\"F@1\",\"more\":[1, 2]}"
}

@test "--timestamp reads named formats and Go layouts, and keeps order where it cannot" {
  run --separate-stderr bash -c "glp-parse --json t --timestamp 't=2006-01-02 15:04:05.000 -0700' | grep -v mark | jq -r .ts" < <(
    line_record '{"t":"2026-02-03 04:05:06.789 +0100"}'; line_record '{"t":"soon"}'; line_record '{"t":"2026-02-03 05:00:00.000 +0100"}')
  assert_equal "$output" "2026-02-03T03:05:06.789000000Z
2026-02-03T03:05:06.789000001Z
2026-02-03T04:00:00.000000000Z"
  run --separate-stderr bash -c "glp-parse --json t --timestamp t=UnixMs | grep -v mark | jq -r .ts" < <(line_record '{"t":1562708916919}')
  assert_equal "$output" "2019-07-09T21:48:36.919000000Z"
}

@test "bytes that are not UTF-8, NUL and CR pass through every stage exactly" {
  printf 'a=1 \xff\x00\r' >"$BATS_TEST_TMPDIR/bytes"
  printf '{%s,"labels":{},"line64":"%s"}\n' "$T" "$(base64 -w0 <"$BATS_TEST_TMPDIR/bytes")" >"$BATS_TEST_TMPDIR/in"
  run --separate-stderr bash -c "glp-parse --docker --cri --json a --logfmt b=a --regex '(?P<all>.*)' --auto | grep -v mark" <"$BATS_TEST_TMPDIR/in"
  assert_status 0
  jq -r .line64 <<<"$output" | base64 -d | cmp - "$BATS_TEST_TMPDIR/bytes"
  assert_equal "$(jq -r .fields.b <<<"$output")" 1
  run --separate-stderr bash -c "glp-parse --regex '(?P<all>.*)' --output all | grep -v mark" <"$BATS_TEST_TMPDIR/in"
  jq -r .line64 <<<"$output" | base64 -d | cmp - "$BATS_TEST_TMPDIR/bytes"
}

@test "--auto decides for each file by its first lines" {
  run --separate-stderr bash -c 'glp-parse --auto | grep -v mark | jq -c "[.labels.stream,.line,.fields]"' < <(
    line_record '{"log":"{\"level\":\"info\"}\n","stream":"stdout","time":"2026-01-05T00:00:00Z"}' ',"src":"D@1"'
    line_record '2026-01-05T00:00:00Z stderr F level=warn n=1' ',"src":"C@1"'
    line_record '{"level":"error","deep":{"x":1}}' ',"src":"J@1"'
    line_record 'a=1 b=2' ',"src":"L@1"'
    line_record 'words only' ',"src":"P@1"'
    line_record 'broken' ',"src":"J@2"')
  assert_status 0
  assert_equal "$output" '["stdout","{\"level\":\"info\"}",{"level":"info"}]
["stderr","level=warn n=1",{"level":"warn","n":"1"}]
[null,"{\"level\":\"error\",\"deep\":{\"x\":1}}",{"level":"error"}]
[null,"a=1 b=2",{"a":"1","b":"2"}]
[null,"words only",null]
[null,"broken",{"__error__":"auto: not a JSON object, as the lines of this file before"}]'
}

@test "a line of 20 MB in Docker's form goes through" {
  head -c 20000000 /dev/zero | tr '\0' 'x' >"$BATS_TEST_TMPDIR/x"
  { printf '{%s,"labels":{},"line":"{\\"log\\":\\"' "$T"; cat "$BATS_TEST_TMPDIR/x"
    printf '\\\\n\\",\\"stream\\":\\"stdout\\",\\"time\\":\\"2026-01-05T00:00:00Z\\"}"}\n'; } >"$BATS_TEST_TMPDIR/in"
  glp-parse --docker <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
  lines_of <"$BATS_TEST_TMPDIR/out" | tr -d '\n' | cmp - "$BATS_TEST_TMPDIR/x"
}

@test "a record goes on at once while the input stays open, and SIGTERM ends with what is held" {
  mkfifo "$BATS_TEST_TMPDIR/in"
  glp-parse --cri <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  local pid=$!
  exec 7>"$BATS_TEST_TMPDIR/in"
  line_record '2026-01-05T00:00:00Z stdout F whole' >&7
  wait_for grep -q '"line":"whole"' "$BATS_TEST_TMPDIR/out"
  line_record '2026-01-05T00:00:00Z stdout P piece' >&7
  line_record '2026-01-05T00:00:00Z stderr F behind' >&7
  wait_for grep -q '"line":"behind"' "$BATS_TEST_TMPDIR/out"
  kill -TERM "$pid"
  local code=0
  wait "$pid" || code=$?
  exec 7>&-
  assert_equal "$code" 0
  grep -q '"line":"piece"' "$BATS_TEST_TMPDIR/out"
  tail -n 1 "$BATS_TEST_TMPDIR/out" | grep -q '"mark":"end","tool":"glp-parse","in":3,"out":3'
}
