#!/usr/bin/env bats
# glp-parse: formats beyond promtail's, on files as they lie on a machine.

load lib

setup() { cd "$BATS_TEST_TMPDIR" || return; }


@test "syslog without a year is of the year that its file was written in" {
  printf '%s\n' 'Dec 31 23:59:59 h sshd[7]: old' 'Jan  2 00:00:00 h kernel: new' >messages
  touch -d 2019-01-02T12:00:00Z messages
  run bash -c 'glp-tail messages | glp-parse --syslog | jq -c "select(.mark | not) | [.ts, .fields.message]"'
  assert_status 0
  assert_equal "$output" '["2018-12-31T23:59:59.000000000Z","old"]
["2019-01-02T00:00:00.000000000Z","new"]'
}

@test "the journal's lines get their exact bytes back" {
  printf '%s\n' \
    '{"__REALTIME_TIMESTAMP":"1700000000000001","PRIORITY":"4","_SYSTEMD_UNIT":"a.service","MESSAGE":"text"}' \
    '{"__REALTIME_TIMESTAMP":"1700000000000002","MESSAGE":[104,105,255]}' >journal
  run bash -c "glp-tail journal | glp-parse -e '[{journal: {all: false}}]' | jq -c 'select(.mark | not) | [.ts, .line, .line64, .fields]'"
  assert_status 0
  assert_equal "$output" '["2023-11-14T22:13:20.000001000Z","text",null,{"level":"warn","unit":"a.service"}]
["2023-11-14T22:13:20.000002000Z",null,"aGn/",null]'
}

@test "csv names its columns by the first line of each file, and says where an earlier run read that" {
  printf 'time,level\n1,info\n2,"a, b"\n' >a.csv
  printf 'x\ny\n' >b.csv
  run bash -c "glp-tail a.csv b.csv | glp-parse -e '[{csv: {header: true}}]' | jq -c 'select(.mark | not) | .fields'"
  assert_status 0
  assert_equal "$output" '{"level":"info","time":"1"}
{"level":"a, b","time":"2"}
{"x":"y"}'
  run --separate-stderr bash -c "glp-tail a.csv | tail -n 2 | glp-parse -e '[{csv: {header: true}}]' | jq -r .fields.__error__"
  assert_contains "${lines[0]}" "by an earlier run; name them with \`columns\`"
  run --separate-stderr bash -c "glp-tail a.csv | glp-parse -e '[{csv: {header: true}}]' | jq -c 'select(.mark == \"end\" and .tool == \"glp-parse\") | .dropped'"
  assert_equal "$output" '{"csv_header":1}'
}

@test "--auto reads a folder of many formats, each file in its own" {
  printf '%s\n' 'Jun  4 05:06:07 h sshd[7]: text' >syslog
  printf '%s\n' 'I0604 05:06:07.000000 1 a.go:1] text' >klog
  printf '%s\n' 'h - - [04/Jun/2020:05:06:07 +0000] "GET /x HTTP/1.1" 200 5 "-" "curl"' >access
  printf '%s\n' '{"__REALTIME_TIMESTAMP":"1591247167000000","MESSAGE":"text"}' >journal
  printf '%s\n' '2020-06-04T05:06:07Z stdout F W0101 00:00:00.000000 1 a.go:1] "m" k="v"' >pod
  printf '%s\n' 'some text: nothing more' >plain
  touch -d 2020-12-01T00:00:00Z ./*
  local file out=""
  for file in access journal klog plain pod syslog; do
    out+="$file $(glp-tail "$file" | glp-parse --auto | jq -c 'select(.mark | not) | [.ts[:19], .line[:4], .fields]')"$'\n'
  done
  # Where nothing gives a time, it is the one of reading.
  out=$(sed -E 's/^(plain \[)"[^"]*"/\1TIME/' <<<"$out")
  assert_equal "$out" 'access ["2020-06-04T05:06:07","h - ",{"agent":"curl","bytes":"5","host":"h","method":"GET","path":"/x","protocol":"HTTP/1.1","status":"200"}]
journal ["2020-06-04T05:06:07","text",null]
klog ["2020-06-04T05:06:07","I060",{"file":"a.go","level":"info","line":"1","message":"text","pid":"1"}]
plain [TIME,"some",null]
pod ["2020-06-04T05:06:07","W010",{"file":"a.go","k":"v","level":"warn","line":"1","message":"m","pid":"1"}]
syslog ["2020-06-04T05:06:07","Jun ",{"app":"sshd","host":"h","message":"text","pid":"7"}]'
}

@test "a wrong option of a format says where, and what was meant" {
  run glp-parse -e '[{syslog: {locaton: UTC}}]' </dev/null
  assert_status 2
  assert_contains "$output" "did you mean 'location'"
  run glp-parse -e '[{sysolg: {}}]' </dev/null
  assert_status 2
  assert_contains "$output" "did you mean 'syslog'"
}
