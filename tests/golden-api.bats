#!/usr/bin/env bats
# Requests whose answers Loki 3.7 gave, to a server with its limits: pushes, refusals, and every
# endpoint that reads.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
  # shellcheck disable=SC2086  # a list of pids
  stop ${SERVERS-}
}

@test "a server with Loki's limits answers all requests as Loki does" {
  glp-store serve --dir store --listen 127.0.0.1:0 --loki-limits 2>store.err 3>&- &
  SERVERS=$!
  wait_for grep -q 'listening on' store.err
  run "$GLP_ROOT/tests/golden-api/check.py" "$(grep -o 'http://[0-9.:]*' store.err)"
  [[ $status -eq 0 ]] || { echo "$output" >&2; return 1; }
  assert_equal "${lines[-1]}" '108 passed, 0 failed'
}
