# --metrics of the tools that run long.
load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  started=()
}

teardown() {
  stop "${started[@]}"
}

# starts TOOL ARG…: in the background, with --metrics on any free port; METRICS is its address.
starts() {
  "$@" --metrics 0 2>err 3>&- >out &
  pid=$!
  started+=("$pid")
  wait_for grep -q 'metrics on http' err
  METRICS=$(grep -o 'http://[0-9.:]*' err)
}

# value NAME: of a metric with its labels, as it stands.
value() { curl -sS "$METRICS/metrics" | grep -v "^#" | grep -F -- "$1 " | sed 's/.* //'; }
is() { [[ $(value "$1") == "$2" ]]; }

@test "glp-tail tells how far each file is read" {
  seq 1 100 >a.log
  printf 'one\ntwo\n' >b.log
  starts glp-tail -f '*.log'
  wait_for is 'promtail_read_lines_total{path="a.log"}' 100
  wait_for is 'promtail_read_lines_total{path="b.log"}' 2
  assert_equal "$(value 'promtail_read_bytes_total{path="b.log"}')" 8
  assert_equal "$(value 'promtail_file_bytes_total{path="b.log"}')" 8
  assert_equal "$(value promtail_files_active_total)" 2
  assert_equal "$(value glp_tail_gap_bytes_total)" 0
  assert_equal "$(curl -sS "$METRICS/ready")" ready
  assert_contains "$(curl -sS "$METRICS/metrics")" 'glp_build_info{tool="glp-tail",version='
  kill "$pid"
  wait "$pid"
}

@test "glp-tail is not ready while there is no file" {
  starts glp-tail -f missing.log
  run --separate-stderr curl -sS -w '%{http_code}' "$METRICS/ready"
  assert_equal "$output" $'no file is being read\n503'
  echo one >missing.log
  wait_for curl -fsS "$METRICS/ready"
}

@test "metrics are on this machine only, and a port that is taken is an error" {
  starts glp-tail -f missing.log
  [[ $METRICS == http://127.0.0.1:* ]]
  run --separate-stderr glp-tail -f missing.log --metrics "${METRICS##*:}"
  assert_status 2
  assert_equal "$output" ''
  assert_contains "$stderr" 'Address already in use; try another port, or 0 for any free one'
  run --separate-stderr glp-tail -f missing.log --metrics everywhere
  assert_status 2
  assert_contains "$stderr" "'everywhere' is not an address to listen on"
}

@test "without --metrics there is no other thread" {
  echo one >a.log
  glp-tail -f a.log 3>&- >out &
  started+=("$!")
  wait_for grep -q one out
  assert_equal "$(ls "/proc/${started[0]}/task" | wc -l)" 1
}
