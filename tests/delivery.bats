# Each line once, whatever dies: scripts/torture in short, and full disks.
load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  started=()
}

teardown() {
  stop "${started[@]}"
}

# torture KILLS SECONDS [OPTION…]: sanitized tools are slower by so much that fewer kills fit in.
torture() {
  local kills=$1 seconds=$2
  shift 2
  [[ -z ${GLP_SANITIZE-} ]] || kills=$((kills / 5))
  run --separate-stderr "$GLP_ROOT/scripts/torture" --bin "$GLP_BIN" --dir "$BATS_TEST_TMPDIR" \
    --kills "$kills" --seconds "$seconds" "$@"
  printf '%s\n' "$output"
  assert_status 0
  assert_contains "$output" 'each line is in the store once and in order'
}

@test "each line is in the store once when any part of the pipe or the server dies at any time" {
  torture 200 50
}

@test "each line is in the store once when the server fails in every way and parts die" {
  torture 40 12 --faults --format docker
}

@test "each line is in the store once when glp-push has a spool and parts die" {
  torture 40 10 --spool
}

@test "each line is in the store once when glp-store append takes them and parts die" {
  torture 60 12 --sink append --format docker
}

# A follower of app.log into glp-push with the positions file `pos`, past a server that fails as
# told into a store. What glp-push writes to disk can be bounded, as by a full disk: `room 1`.
follow_into_store() {
  glp-store serve --dir "$PWD/store" --listen 127.0.0.1:0 2>store.err 3>&- &
  started+=("$!")
  wait_for grep -q 'listening on' store.err
  "$GLP_ROOT/tests/faulty_server.py" --behind "$(grep -o 'http://[0-9.:]*' store.err)" "${steps[@]}" \
    >port 2>&1 3>&- &
  started+=("$!")
  wait_for test -s port
  begin_pipe "$@"
}

begin_pipe() {
  rm -f pipe
  mkfifo pipe
  glp-tail -f --positions pos app.log >pipe 3>&- &
  tail_pid=$!
  (
    trap '' XFSZ # a write over the limit is an error, as on a full disk
    exec glp-push --url "http://127.0.0.1:$(head -n 1 port)" --positions pos --batch-wait 20ms \
      --min-backoff 20ms --max-backoff 100ms "$@" <pipe 2> >(exec cat >>push.err 3>&-) 3>&-
  ) &
  push_pid=$!
  started+=("$tail_pid" "$push_pid")
}

room() { prlimit --pid "$push_pid" --fsize="$1": ; } # bytes, or unlimited
control() { curl -sS --data-binary "$1" "http://127.0.0.1:$(head -n 1 port)/control"; }
stored() { glp-query -q -s store --forward -o raw '{}' | sort -n; }
holds() { [[ $(stored | wc -l) -ge $1 ]]; }
position() { sed -n 's/.*@\([0-9]*\)".*/\1/p' pos; }
is_dealt_with() { [[ $(position) == "$(stat -c %s app.log)" ]]; }

@test "a full disk under the positions file holds up no line, and they are written when there is room" {
  steps=()
  seq 1 100 >app.log
  follow_into_store
  wait_for is_dealt_with
  cp pos before
  room 1
  seq 101 200 >>app.log
  wait_for holds 200
  wait_for grep -q 'positions are not written' push.err
  cmp pos before
  room unlimited
  seq 201 300 >>app.log
  wait_for is_dealt_with
  kill "$tail_pid"
  wait "$push_pid"
  assert_equal "$(stored)" "$(seq 1 300)"
}

@test "no line comes twice or is lost when glp-push is killed while positions cannot be written" {
  steps=()
  seq 1 100 >app.log
  follow_into_store
  wait_for is_dealt_with
  room 1
  seq 101 200 >>app.log
  wait_for holds 200
  kill -9 "$push_pid"
  wait_for gone "$tail_pid"
  seq 201 300 >>app.log
  begin_pipe
  wait_for is_dealt_with
  kill "$tail_pid"
  wait "$push_pid"
  assert_equal "$(stored)" "$(seq 1 300)"
}

@test "a full disk under the spool makes the pipe wait, and loses nothing" {
  steps=('* x 500 not now')
  seq 1 100 >app.log
  follow_into_store --spool spool --batch-size 200B
  wait_for is_dealt_with # in the spool
  room 1
  seq 101 2000 >>app.log
  wait_for grep -q 'nothing is read until there is room' push.err
  kill -9 "$push_pid"
  wait_for gone "$tail_pid"
  begin_pipe --spool spool --batch-size 200B
  control ok
  wait_for holds 2000
  wait_for is_dealt_with
  kill "$tail_pid"
  wait "$push_pid"
  assert_equal "$(stored)" "$(seq 1 2000)"
}
