#!/usr/bin/env bats
# Requests that are wrong in hundreds of ways: each is refused with the right status, and neither the
# server nor what it has suffers.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
  # shellcheck disable=SC2086  # a list of pids
  stop ${SERVER-}
}

# check MODE [OPTION…]: sends the rows of MODE of malformed_requests.py to a server with the options,
# stops it, and looks at what it leaves.
check() {
  local mode=$1 status=0
  shift
  glp-store serve --dir store --listen 127.0.0.1:0 "$@" 2>store.err 3>&- &
  SERVER=$!
  wait_for grep -q 'listening on' store.err
  run "$GLP_ROOT/tests/malformed_requests.py" "$(grep -o 'http://[0-9.:]*' store.err)" "$SERVER" "$mode"
  [[ $status -eq 0 ]] || { echo "$output" >&2; return 1; }
  told=${lines[-1]}
  kill -TERM "$SERVER"
  wait "$SERVER"
  assert_equal "$(grep -v 'listening on' store.err || true)" ''
  run glp-store verify --dir store
  assert_status 0
  assert_contains "$output" sound
  assert_equal "$(glp-query -s store '{app="kept"}' --forward -o raw)" $'one\ntwo error\nthree'
  assert_equal "$(glp-query -q -s store '{}' -o jsonl | wc -l) entries" "${told##*, }" # of all times
}

@test "what is no HTTP, no push or no query is refused, and the data stays as it was" {
  check plain
  ((${told%% *} >= 600))
}

@test "what Loki's limits refuse is refused, and the data stays as it was" {
  check limits --loki-limits
  ((${told%% *} >= 30))
}
