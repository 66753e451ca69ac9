#!/usr/bin/env bats
# How answers of glp-query look: every format for log queries, instants and ranges, and charts.
# shellcheck disable=SC2154  # lines is set by bats' run

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  unset LOKI_ADDR COLUMNS
  cat >records <<'END'
{"ts":"2026-01-05T10:00:00.000000000Z","labels":{"app":"api","env":"prod"},"line":"GET /a ok"}
{"ts":"2026-01-05T10:00:01.000000000Z","labels":{"app":"api","env":"prod"},"line":"GET /a error"}
{"ts":"2026-01-05T10:00:02.000000000Z","labels":{"app":"db","env":"prod"},"line":"slow, \"query\"","meta":{"trace":"7"}}
{"ts":"2026-01-05T10:00:03.000000000Z","labels":{"app":"api","env":"prod"},"line":"GET /b Error"}
{"ts":"2026-01-05T10:00:04.000000000Z","labels":{"app":"db","env":"prod"},"line":"checkpoint\n二行"}
{"ts":"2026-01-05T10:00:05.000000000Z","labels":{"app":"api","env":"prod"},"line":"GET /c ok"}
END
  METRIC='sum by (app) (count_over_time({env="prod"}[2s]))'
}

teardown() {
  # shellcheck disable=SC2086  # a list of pids
  stop ${SERVERS-}
}

# Sets SOURCES to the options that name the records in a store and behind a server.
all_sources() {
  glp-store append --dir store <records 2>/dev/null
  cp -r store served
  local port
  port=$(free_port)
  glp-store serve --dir served --listen "127.0.0.1:$port" 2>served.log 3>&- &
  SERVERS="${SERVERS-} $!"
  wait_for curl -fsS "http://127.0.0.1:$port/ready"
  local range="--from 2026-01-05T10:00:00Z --to 2026-01-05T10:00:06Z"
  SOURCES=("-s store $range" "-s http://127.0.0.1:$port $range")
}

ask() { run --separate-stderr glp-query "$@" <records; }
# What a terminal of so many columns gets, without colours.
on_terminal() { # COLUMNS ARGS…
  local columns=$1 words
  shift
  printf -v words '%q ' "$@"
  run script -qec "COLUMNS=$columns glp-query --no-pager -q --color never $words <records" /dev/null
  output=${output//$'\r'/}
}

@test "csv has a column for each label and quotes as RFC 4180 says" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # shellcheck disable=SC2086
    ask $source -o csv --forward '{env="prod"}'
    assert_status 0
    assert_equal "$output" 'ts,app,env,trace,line
2026-01-05T10:00:00.000000000Z,api,prod,,GET /a ok
2026-01-05T10:00:01.000000000Z,api,prod,,GET /a error
2026-01-05T10:00:02.000000000Z,db,prod,7,"slow, ""query"""
2026-01-05T10:00:03.000000000Z,api,prod,,GET /b Error
2026-01-05T10:00:04.000000000Z,db,prod,,"checkpoint
二行"
2026-01-05T10:00:05.000000000Z,api,prod,,GET /c ok'
    assert_equal "$stderr" ""
  done
}

@test "csv has the labels that parsers extract, and keep bounds them" {
  ask -o csv --limit 1 -q --forward '{app="api"} | pattern "<method> <path> <rest>"'
  assert_equal "$output" 'ts,app,env,method,path,rest,line
2026-01-05T10:00:00.000000000Z,api,prod,GET,/a,ok,GET /a ok'
  ask -o csv --limit 1 -q --forward '{app="api"} | pattern "<method> <path> <rest>" | keep path'
  assert_equal "$output" 'ts,path,line
2026-01-05T10:00:00.000000000Z,/a,GET /a ok'
}

@test "csv tells labels apart that are called like its own columns" {
  echo '{"ts":"2026-01-05T10:00:00.000000000Z","labels":{"line":"1","ts":"2","ts_label":"3","value":"4"},"line":"x"}' >records
  ask -o csv '{}'
  assert_equal "$output" 'ts,line_label,ts_label_label,ts_label,value,line
2026-01-05T10:00:00.000000000Z,1,2,3,4,x'
  ask -o csv --at 2026-01-05T10:00:00Z 'count_over_time({}[1s])'
  assert_equal "$output" 'ts,line,ts_label_label,ts_label,value_label,value
2026-01-05T10:00:00.000000000Z,1,2,3,4,1'
}

@test "csv has the bytes of lines that are not UTF-8" {
  printf '%s\n' '{"ts":"2026-01-05T10:00:00.000000000Z","labels":{},"line64":"/wAbLA0="}' >records
  glp-query -o csv '{}' <records | tail -n +2 >out
  assert_equal "$(cut -d , -f 2- out | od -An -tx1 | tr -d ' \n')" 22ff001b2c0d220a
}

@test "csv that is read back has the values that jsonl has" {
  python3 - >records <<'END'
import json, random
random.seed(3)
parts = ["", "a", ",", '"', '""', "\n", "\r", "\r\n", " ", "\t", "日本", "é", ";", "'", "\\", "\u0085", "{}"]
def text():
    return "".join(random.choice(parts) for _ in range(random.randrange(6)))
for i in range(400):
    record = {"ts": "2026-01-05T10:00:00.%09dZ" % i,
              "labels": {"n%d" % random.randrange(4): text() + "x" for _ in range(random.randrange(4))},
              "line": text()}
    if random.random() < 0.4:
        record["meta"] = {"m%d" % random.randrange(5): text() for _ in range(random.randrange(3))}
    if random.random() < 0.4:
        record["fields"] = {"f%d" % random.randrange(50): text() for _ in range(random.randrange(3))}
    print(json.dumps(record, ensure_ascii=False))
END
  glp-store append --dir store <records 2>/dev/null
  for source in - store; do
    glp-query -q -s "$source" -o csv '{}' <records >out.csv
    glp-query -q -s "$source" -o jsonl '{}' <records >out.jsonl
    python3 - <<'END'
import csv, json
wanted = [json.loads(line) for line in open("out.jsonl", newline="\n")]
table = list(csv.reader(open("out.csv", newline=""), strict=True))
head = table.pop(0)
assert head[0] == "ts" and head[-1] == "line" and head[1:-1] == sorted(set(head[1:-1])), head
assert len(table) == len(wanted) == 400
for row, record in zip(sorted(table), sorted(wanted, key=lambda record: record["ts"])):
    labels = {**record["labels"], **record.get("meta", {}), **record.get("fields", {})}
    got = {k: v for k, v in zip(head[1:-1], row[1:-1]) if v}
    assert row[0] == record["ts"] and row[-1] == record["line"], (row, record)
    assert got == {k: v for k, v in labels.items() if v}, (row, record)
END
  done
}

@test "a table has aligned columns, and common labels above it" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # shellcheck disable=SC2086
    ask $source -o table '{env="prod"}'
    assert_status 0
    assert_equal "$output" 'Common labels: {env="prod"}

TIME                            app  trace  LINE
2026-01-05T10:00:05.000000000Z  api         GET /c ok
2026-01-05T10:00:04.000000000Z  db          checkpoint\n二行
2026-01-05T10:00:03.000000000Z  api         GET /b Error
2026-01-05T10:00:02.000000000Z  db   7      slow, "query"
2026-01-05T10:00:01.000000000Z  api         GET /a error
2026-01-05T10:00:00.000000000Z  api         GET /a ok'
    assert_equal "$stderr" ""
  done
}

@test "columns are as wide as they look, and one very long cell widens no other row" {
  local long
  long=$(printf '%0150d' 0)
  cat >records <<END
{"ts":"2026-01-05T10:00:00.000000000Z","labels":{"a":"日本","b":"1"},"line":"x\u001b[2J"}
{"ts":"2026-01-05T10:00:01.000000000Z","labels":{"a":"é","b":"2"},"line":"y"}
{"ts":"2026-01-05T10:00:02.000000000Z","labels":{"a":"$long","b":"3"},"line":"z"}
END
  ask -o table --forward '{b=~"[12]"}'
  assert_equal "$output" 'TIME                            a     b  LINE
2026-01-05T10:00:00.000000000Z  日本  1  x\x1b[2J
2026-01-05T10:00:01.000000000Z  é     2  y'
  ask -o table --forward '{}'
  assert_equal "${lines[3]}" "2026-01-05T10:00:02.000000000Z  $long  3  z"
  assert_equal "${#lines[2]}" $((32 + 100 + 2 + 3 + 1))
}

@test "an instant's samples as text, table and csv, in the order of the query" {
  all_sources
  for source in "${SOURCES[@]%% --from*}"; do
    # shellcheck disable=SC2086
    ask $source --at 2026-01-05T10:00:05Z 'sort(sum by (app) (count_over_time({env="prod"}[1h])))'
    assert_equal "$output" '{app="db"}  2
{app="api"} 4'
    # shellcheck disable=SC2086
    ask $source -o table --at 2026-01-05T10:00:05Z 'sum by (app,env) (count_over_time({env="prod"}[1h])) / 8'
    assert_equal "$output" 'app  env   VALUE
api  prod    0.5
db   prod   0.25'
    # shellcheck disable=SC2086
    ask $source -o csv --at 2026-01-05T10:00:05Z 'sum by (app) (count_over_time({env="prod"}[1h])) / 3'
    assert_equal "$output" 'ts,app,value
2026-01-05T10:00:05.000000000Z,api,1.3333333333333333
2026-01-05T10:00:05.000000000Z,db,0.6666666666666666'
  done
}

@test "a range's samples as table and csv" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # shellcheck disable=SC2086
    ask $source -o table --step 2s "$METRIC"
    assert_status 0
    assert_equal "$output" 'app                             api  db
TIME
2026-01-05T10:00:00.000000000Z    1
2026-01-05T10:00:02.000000000Z    1   1
2026-01-05T10:00:04.000000000Z    1   1
2026-01-05T10:00:06.000000000Z    1'
    # shellcheck disable=SC2086
    ask $source -o csv --step 3s "$METRIC"
    assert_equal "$output" 'ts,app,value
2026-01-05T10:00:00.000000000Z,api,1
2026-01-05T10:00:03.000000000Z,api,1
2026-01-05T10:00:06.000000000Z,api,1
2026-01-05T10:00:03.000000000Z,db,1'
    # shellcheck disable=SC2086
    ask $source -o table --step 3s 'sum by (app) (count_over_time({app="db"}[2s]))'
    assert_equal "$output" 'Common labels: {app="db"}

TIME                            VALUE
2026-01-05T10:00:03.000000000Z      1'
  done
}

@test "where nothing matched csv has its head alone and the others nothing; the status is 1" {
  all_sources
  for source in "${SOURCES[@]}"; do
    for how in "-o table" --hist --plot; do
      # shellcheck disable=SC2086
      ask $source $how '{app="nosuch"}'
      assert_status 1
      assert_equal "$output" ""
      # shellcheck disable=SC2086
      ask $source $how 'count_over_time({app="nosuch"}[1m])'
      assert_status 1
      assert_equal "$output" ""
    done
    # shellcheck disable=SC2086
    ask $source -o csv '{app="nosuch"}'
    assert_status 1
    assert_equal "$output" ts,line
    # shellcheck disable=SC2086
    ask $source -o csv 'count_over_time({app="nosuch"}[1m])'
    assert_status 1
    assert_equal "$output" ts,value
  done
}

@test "labels and series as table and csv" {
  ask labels -o csv
  assert_equal "$output" $'label\napp\nenv'
  ask labels app -o table
  assert_equal "$output" $'app\napi\ndb'
  ask series -o csv
  assert_equal "$output" $'app,env\napi,prod\ndb,prod'
  ask series -o table
  assert_equal "$output" $'app  env\napi  prod\ndb   prod'
}

@test "--hist of a log query counts its lines in each step" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # shellcheck disable=SC2086
    ask $source --hist --step 4s '{env="prod"}'
    assert_status 0
    assert_equal "$output" '2026-01-05T10:00:00Z 4 █████████████████████████████████████████████████████████
2026-01-05T10:00:04Z 2 ████████████████████████████▌'
    assert_equal "$stderr" ""
    # shellcheck disable=SC2086
    LC_ALL=C ask $source --hist --step 2 '{app="db"}'
    assert_equal "$output" '2026-01-05T10:00:00Z 0
2026-01-05T10:00:02Z 1 #########################################################
2026-01-05T10:00:04Z 1 #########################################################'
  done
}

@test "--hist without --step takes a round one, no more than some fifty rows" {
  ask --hist --from 2026-01-05 --to 2026-01-06 '{}'
  assert_equal "${#lines[@]}" 48
  assert_equal "${lines[20]%% ██*}" "2026-01-05T10:00:00Z 6"
  ask --hist --from 2026-01-05T10:00:00Z --to 2026-01-05T10:01:00Z '{}'
  assert_equal "${#lines[@]}" 30
  awk 'BEGIN { for (i = 0; i < 3000; i++) printf "{\"ts\":\"2026-01-05T%02d:%02d:%02d.5Z\",\"labels\":{},\"line\":\"\"}\n", i / 360, i / 6 % 60, i % 6 * 10 }' >records
  ask --hist '{}'
  assert_equal "${#lines[@]}" 50
  assert_equal "${lines[1]%% █*}" "2026-01-05T00:10:00Z 60"
  assert_equal "$(awk '{ n += $2 } END { print n }' <<<"$output")" 3000
}

@test "--hist of a metric has a bar for each sample" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # shellcheck disable=SC2086
    ask $source --hist --step 3s 'sum by (app) (count_over_time({env="prod"}[3s]))'
    assert_status 0
    assert_equal "$output" '2026-01-05T10:00:00Z {app="api"} 1 ██████████████████████▌
2026-01-05T10:00:03Z {app="api"} 2 █████████████████████████████████████████████
2026-01-05T10:00:06Z {app="api"} 1 ██████████████████████▌
2026-01-05T10:00:03Z {app="db"}  1 ██████████████████████▌
2026-01-05T10:00:06Z {app="db"}  1 ██████████████████████▌'
  done
  for source in "${SOURCES[@]%% --from*}"; do
    # shellcheck disable=SC2086
    ask $source --hist --at 2026-01-05T10:00:05Z 'sum by (app) (count_over_time({env="prod"}[1h])) - 3'
    assert_equal "$output" '{app="api"}  1                                 │████████████████████████████████
{app="db"}  -1 ████████████████████████████████│'
  done
}

@test "--plot has a curve for each series, and for each stream of a log query" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # A server may merge metadata into the labels of its streams.
    # shellcheck disable=SC2086
    ask $source --plot --step 1s '{env="prod"} != "slow"'
    assert_status 0
    assert_equal "$output" 'Common labels: {env="prod"}

2026-01-05T10:00:00Z to 2026-01-05T10:00:05Z, a column is 1s

PLOT    MIN  MAX  LAST  LABELS
▄▄ ▄ ▄    1    1     1  {app="api"}
    ▄     1    1     1  {app="db"}'
    # shellcheck disable=SC2086
    ask $source --plot --step 1s 'sum by (app) (count_over_time({env="prod"}[3s]))'
    assert_equal "$output" '2026-01-05T10:00:00Z to 2026-01-05T10:00:06Z, a column is 1s

PLOT     MIN  MAX  LAST  LABELS
▁███▁█▁    1    2     1  {app="api"}
  ▁▁█▁▁    1    2     1  {app="db"}'
  done
}

@test "charts are refused where there is nothing to draw or another form was asked for" {
  for format in raw jsonl csv loki; do
    for chart in --hist --plot; do
      ask $chart -o $format '{}'
      assert_status 2
      assert_contains "$stderr" "$chart draws the answer, which leaves nothing to print as -o $format"
      assert_equal "$output" ""
    done
  done
  ask --hist --plot '{}'
  assert_status 2
  assert_contains "$stderr" "give one"
  ask labels --hist
  assert_status 2
  assert_contains "$stderr" "--hist does not go with \`labels\`"
  ask --plot -C 1 '{}'
  assert_status 2
  assert_contains "$stderr" "leave out -A, -B and -C"
  ask --hist --step 1ns '{}'
  assert_status 2
  assert_contains "$stderr" "--step makes more than a million rows"
}

@test "--limit cuts what is printed at the end, too, and says so unless it is quiet" {
  for how in "-o csv" "-o table" "--hist --step 1s"; do
    # shellcheck disable=SC2086
    ask $how --limit 2 '{}'
    assert_status 0
    assert_equal "$stderr" "glp-query: stopped at --limit 2; there may be more"
    # shellcheck disable=SC2086
    ask -q $how --limit 2 '{}'
    assert_status 0
    assert_equal "$stderr" ""
  done
}

@test "times are printed in the zone that is asked for, but not in records" {
  for how in "-o csv" "-o table" "--hist --step 1s" "-o default"; do
    # shellcheck disable=SC2086
    ask $how --timezone Europe/Berlin '{app="db"} |= "slow"'
    assert_contains "$output" "2026-01-05T11:00:02"
    assert_contains "$output" "+01:00"
  done
  ask -o jsonl --timezone Europe/Berlin '{app="db"} |= "slow"'
  assert_contains "$output" '"ts":"2026-01-05T10:00:02.000000000Z"'
}

@test "on a terminal long labels do not push the line away" {
  printf '%s\n' '{"ts":"2026-01-05T10:00:00.000000000Z","labels":{"a":"1","path":"/a/long/path/that/goes/on/and/on"},"line":"first"}' \
    '{"ts":"2026-01-05T10:00:01.000000000Z","labels":{"a":"2"},"line":"second"}' >records
  on_terminal 80 --forward '{}'
  assert_equal "$output" '2026-01-05T10:00:00.000000000Z {a="1", path="/a/long/pa… first
2026-01-05T10:00:01.000000000Z {a="2"}                   second'
  ask '{}'
  assert_contains "$output" 'path="/a/long/path/that/goes/on/and/on"} first'
}

@test "on a terminal the widest columns of a table are cut, in a pipe none" {
  printf '%s\n' '{"ts":"2026-01-05T10:00:00.000000000Z","labels":{"a":"1","path":"/a/long/path/that/goes/on/and/on"},"line":"a line that is longer than what is left"}' \
    '{"ts":"2026-01-05T10:00:01.000000000Z","labels":{"a":"2"},"line":"second"}' >records
  on_terminal 70 -o table --forward '{}'
  assert_equal "$output" 'TIME                            a  path              LINE
2026-01-05T10:00:00.000000000Z  1  /a/long/path/th…  a line that is …
2026-01-05T10:00:01.000000000Z  2                    second'
  ask -o table '{}'
  assert_contains "$output" "/a/long/path/that/goes/on/and/on  a line that is longer than what is left"
}

@test "charts fill the terminal's width" {
  on_terminal 40 --hist --step 3s '{}'
  assert_equal "$output" '2026-01-05T10:00:00Z 3 █████████████████
2026-01-05T10:00:03Z 3 █████████████████'
}

@test "control characters reach a terminal in no format, and a pipe as they are" {
  printf '%s\n' '{"ts":"2026-01-05T10:00:00.000000000Z","labels":{"a\u001b[1mb":"x\u001b[2J"},"line":"\u001b[31mred\u009b1m \u007f\nnext","meta":{"m\u001b[3m":"\u001b[4m"}}' \
    '{"ts":"2026-01-05T10:00:01.000000000Z","labels":{},"line":"\u001b]0;title\u0007"}' >records
  local metric='count_over_time({}[1h])'
  for words in "-o default {}" "-o raw {}" "-o jsonl {}" "-o loki {}" "-o csv {}" "-o table {}" \
    "--hist {}" "--plot {}" "-o default $metric" "-o jsonl $metric" "-o loki $metric" \
    "-o csv $metric" "-o table $metric" "--hist $metric" "--plot $metric" \
    "-o table --at 2026-01-05T10:00:01Z $metric" "-o csv series" "-o table series" "-o csv labels" \
    "-o table labels" "-o default series" "-o default labels"; do
    # shellcheck disable=SC2086
    on_terminal 120 $words
    assert_status 0
    [[ -n $output ]]
    refute_contains "$output" $'\e'
    refute_contains "$output" $'\u009b'
    refute_contains "$output" $'\x7f'
    refute_contains "$output" $'\a'
  done
  ask -o csv '{}'
  assert_contains "$output" $'\e[31mred\u009b1m \x7f\nnext'
}
