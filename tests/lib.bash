# What every bats file begins with: `load lib`. The tools that are tested are those of $GLP_BIN
# (default: build/release/bin of this tree); they come first on PATH.
# shellcheck disable=SC2154  # status, output and stderr are set by bats' run

GLP_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
GLP_BIN=${GLP_BIN:-$GLP_ROOT/build/release/bin}
[[ $GLP_BIN == /* ]] || GLP_BIN=$GLP_ROOT/$GLP_BIN
PATH=$GLP_BIN:$PATH
export GLP_ROOT GLP_BIN PATH
export LC_ALL=C.UTF-8 TZ=UTC
# Tests that show something on a terminal look at what goes there, not at a pager's screen.
export GLP_PAGER=cat
unset NO_COLOR GLP_COLOR

bats_require_minimum_version 1.5.0

# wait_for CMD…: runs it again and again until it is true; fails after $WAIT_SECONDS (default 20).
# For a condition with pipes or quotes: wait_for bash -c '…', or a function's name.
wait_for() {
  local deadline=$((SECONDS + ${WAIT_SECONDS:-20}))
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= deadline)); then
      echo "gave up waiting for: $*" >&2
      return 1
    fi
    sleep 0.05
  done
}

# free_port: prints a loopback port that was free a moment ago.
free_port() {
  python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# Ends a process that the test started, softly, then hard; true if it was there or not.
stop() {
  local pid
  for pid in "$@"; do
    kill "$pid" 2>/dev/null || continue
    WAIT_SECONDS=5 wait_for gone "$pid" || kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}

# Whether PID has ended; one that is ended but not waited for has.
gone() {
  local state
  state=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1) || return 0
  [[ -z $state || $state == Z ]]
}

# Whether PID has set itself up for SIGTERM and waits for something: its input, or room to write.
waits() {
  local caught
  caught=$(awk '/^SigCgt/ { print $2 }' "/proc/$1/status") || return 1
  ((0x$caught & 1 << 14)) && [[ $(sed 's/.*) //' "/proc/$1/stat" | cut -c1) == S ]]
}
bytes_read() { awk '/^rchar/ { print $2 }' "/proc/$1/io"; }
has_read() { (($(bytes_read "$1") >= $2)); } # PID BYTES, those before main() included

assert_status() {
  [[ $status -eq $1 ]] && return 0
  printf 'status %s, expected %s\nstdout: %s\nstderr: %s\n' "$status" "$1" "$output" "${stderr-}" >&2
  return 1
}

assert_equal() { # GOT WANTED
  [[ $1 == "$2" ]] && return 0
  printf 'got:    %s\nwanted: %s\n' "$1" "$2" >&2
  return 1
}

assert_contains() { # TEXT PART
  [[ $1 == *"$2"* ]] && return 0
  printf 'not there: %s\nin: %s\n' "$2" "$1" >&2
  return 1
}

refute_contains() { # TEXT PART
  [[ $1 != *"$2"* ]] && return 0
  printf 'should not be there: %s\nin: %s\n' "$2" "$1" >&2
  return 1
}

# assert_json JSON FILTER: the last result of the jq filter, over one document or many, is true.
assert_json() {
  local result
  result=$(jq -c "$2" <<<"$1" | tail -n 1)
  [[ -n $result && $result != false && $result != null ]] && return 0
  printf 'not true: %s\nof: %s\n' "$2" "$1" >&2
  return 1
}

# The records of stdin without marks, as jq -c prints them.
records() { jq -c 'select(has("mark") | not)'; }
# What one reads: the lines of the records on stdin.
lines_of() { jq -r 'select(has("mark") | not) | .line'; }

# serve [OPTION…]: glp-store serve of ./store on a free port, in the background ($servers, for teardown
# to stop). Sets $store_pid, its address $STORE and $API; what it says is in store.err.
servers=()
serve() {
  rm -f store.err # of a server before
  glp-store serve --dir "$PWD/store" --listen 127.0.0.1:0 "$@" 2>store.err 3>&- &
  store_pid=$!
  servers+=("$store_pid")
  wait_for grep -q 'listening on' store.err
  STORE=$(grep -o 'https*://[0-9.:]*' store.err)
  # shellcheck disable=SC2034  # used by the tests
  API=$STORE/loki/api/v1
}

# follow ARGS…: glp-tail -f ARGS in the background ($follower, for teardown to stop), its output in
# `out`, its words in `err`.
follow() {
  glp-tail -f "$@" <&0 >out 2>err 3>&- &
  # shellcheck disable=SC2034  # used by the tests
  follower=$!
}
# The lines of the records in `out`, by order of arrival, joined by blanks.
followed() { grep '"line' out | lines_of | paste -sd' '; }
has_followed() { [[ $(followed) == "$1" ]]; }
# expect TEXT: waits until the lines that were followed are these.
expect() {
  wait_for has_followed "$1" && return 0
  printf 'got:    %s\nwanted: %s\n' "$(followed)" "$1" >&2
  cat err >&2
  return 1
}
