#!/usr/bin/env bats
# glp-tail: what it makes of bytes: encodings, long lines, compressed input, the output of commands.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  background=
}

teardown() { if [[ -n $background ]]; then stop "$background"; fi; }

# start ARGS…: glp-tail in the background, its output in `out`, its words in `err`.
start() {
  glp-tail "$@" <&0 >out 2>err 3>&- &
  background=$!
}
out_has() { grep -qF -- "$1" out; }
# The command that $background runs.
command_pid() { pgrep -P "$background"; }
has_command() { [[ -n $(command_pid) ]]; }
offsets() { records | jq -r '.src | split("@")[1]' | paste -sd' '; }

# -------------------------------------------------------------------------------------- encodings

@test "--encoding UTF-16 takes the byte order from the mark, which is no part of the line" {
  printf '\xff\xfeh\0\xe9\0\n\0b\0\n\0' >le.log
  printf '\xfe\xff\0h\0\xe9\0\n\0b\0\n' >be.log
  for file in le.log be.log; do
    run --separate-stderr glp-tail --encoding UTF-16 "$file"
    assert_status 0
    assert_equal "$stderr" ""
    assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "hé b"
    assert_equal "$(offsets <<<"$output")" "8 12"
  done
}

@test "--encoding does not cut at the byte 0A inside of a character" {
  for encoding in UTF-16LE UTF-16BE UTF-32LE UTF-32BE; do
    printf 'ਊĊਁ\nend' | iconv -t "$encoding" >a.log
    run --separate-stderr glp-tail --encoding "$encoding" a.log
    assert_status 0
    assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "ਊĊਁ end"
  done
}

@test "--encoding reads what iconv reads, from files, standard input and compressed files" {
  printf 'これは\n日本語\n' | iconv -t SHIFT_JIS >sjis.log
  gzip -k sjis.log
  for input in sjis.log sjis.log.gz -; do
    run --separate-stderr glp-tail --encoding shift_jis "$input" <sjis.log
    assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "これは 日本語"
    assert_equal "$(offsets <<<"$output")" "7 14"
  done
  printf 'na\xefve\r\n' >latin.log
  run --separate-stderr glp-tail --encoding LATIN1 latin.log
  assert_equal "$(lines_of <<<"$output")" $'naïve\r'
}

@test "--encoding sends what is not in it as its bytes, and says so, status 3" {
  printf 'good\nb\xc3d\n' >a.log
  run --separate-stderr glp-tail --encoding ASCII a.log
  assert_status 3
  assert_equal "$stderr" "glp-tail: a.log: the line at byte 5 is not ASCII; it is sent as line64
glp-tail: lines not in ASCII: 1"
  assert_equal "$(records <<<"$output" | jq -r '.line // .line64' | paste -sd' ')" "good YsNk"
}

@test "--encoding goes with -n and with --from end" {
  printf 'one\ntwo\nthree\n' | iconv -t UTF-16 >a.log
  run --separate-stderr glp-tail --encoding UTF-16 -n 1 a.log
  assert_equal "$(lines_of <<<"$output")" three
  assert_equal "$(offsets <<<"$output")" "$(stat -c %s a.log)"
  run --separate-stderr bash -c 'cat a.log | glp-tail --encoding UTF-16 -n 2'
  assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "two three"
}

@test "--encoding follows a file of which half a character is there" {
  printf '\xff\xfea\0' >a.log
  start -f --encoding UTF-16 a.log
  wait_for waits "$background"
  printf '\n' >>a.log
  printf '\0b\0\n\0c' >>a.log
  wait_for out_has '"line":"b"'
  assert_equal "$(lines_of <out | paste -sd' ')" "a b"
  stop "$background"
  background=
  # The half of a unit at the end is no UTF-16.
  assert_equal "$(records <out | jq -r '.line // .line64' | paste -sd' ')" "a b Yw=="
}

@test "--encoding refuses names that iconv does not know, and those that would replace" {
  run --separate-stderr glp-tail --encoding KLINGON a.log
  assert_status 2
  assert_contains "$stderr" "KLINGON"
  assert_contains "$stderr" "iconv -l"
  run --separate-stderr glp-tail --encoding LATIN1//IGNORE a.log
  assert_status 2
  assert_contains "$stderr" "nothing is replaced"
}

# -------------------------------------------------------------------------------------- long lines

@test "--max-line-size splits long lines between characters, each piece with a src of its own" {
  printf '0123456789abcdeé-0123456789abcd\nshort\n' >a.log
  run --separate-stderr glp-tail --max-line-size 16 a.log
  assert_status 0
  assert_equal "$stderr" "glp-tail: lines longer than the limit that were split: 1"
  assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "0123456789abcde é-0123456789abc d short"
  assert_equal "$(records <<<"$output" | jq -c '[.meta.part, .meta.parts]' | paste -sd' ')" \
    '["1",null] ["2",null] ["3","3"] [null,null]'
  assert_equal "$(offsets <<<"$output")" "15 31 33 39"
  # Only the last piece moves the position on.
  assert_equal "$(records <<<"$output" | jq -c .pos | paste -sd' ')" "0 0 null null"
}

@test "--max-line-action truncate cuts long lines off and says how much" {
  printf '0123456789abcdef\n0123456789abcdefg\n' >a.log
  run --separate-stderr glp-tail --max-line-size 16 --max-line-action truncate a.log
  assert_status 0
  assert_equal "$stderr" "glp-tail: lines longer than the limit that were truncated: 1"
  assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "0123456789abcdef 0123456789abcdef"
  assert_equal "$(records <<<"$output" | jq -c .meta | paste -sd' ')" 'null {"truncated_bytes":"1"}'
  assert_equal "$(offsets <<<"$output")" "17 35"
}

@test "--max-line-action drop leaves long lines out, with a pos mark and a count in the end mark" {
  printf 'one\n0123456789abcdefg\ntwo\n' >a.log
  run --separate-stderr glp-tail --max-line-size 16 --max-line-action drop a.log
  assert_status 0
  assert_equal "$(jq -r '.line // .mark' <<<"$output" | paste -sd' ')" "file one pos two end"
  assert_contains "${lines[2]}" '@22"}'
  assert_contains "${lines[4]}" '"in":3,"out":2,"dropped":{"line_too_long":1}'
}

@test "a line of any length goes through bounded memory with --max-line-size" {
  [[ -z ${GLP_SANITIZE-} ]] || skip "sanitized tools take memory as they like"
  for action in split truncate drop; do
    run --separate-stderr bash -c "ulimit -v 100000
      head -c 300000000 /dev/zero | tr '\0' x |
        glp-tail --max-line-size 64KiB --max-line-action $action |
        jq -c '[(.line // \"\" | length), .meta.part // .meta.truncated_bytes // .dropped]' | tail -n 2"
    assert_status 0
    case $action in
    split) assert_equal "${lines[0]}" '[41728,"4578"]' ;;
    truncate) assert_equal "${lines[0]}" '[65536,"299934464"]' ;;
    drop) assert_equal "${lines[0]}" '[0,{"line_too_long":1}]' ;;
    esac
  done
}

@test "the pieces of a line are sent before its end has come" {
  mkfifo fifo
  start --max-line-size 1KiB fifo
  exec 5>fifo
  head -c 5000 /dev/zero | tr '\0' x >&5
  wait_for out_has '"part":"4"'
  printf 'end\n' >&5
  exec 5>&-
  wait_for gone "$background"
  assert_equal "$(records <out | jq -r '.line | length' | paste -sd' ')" "1024 1024 1024 1024 907"
}

@test "the limit is one of UTF-8, whatever the encoding" {
  printf 'あいうえおかきく\n' | iconv -t UTF-16LE >a.log
  run --separate-stderr glp-tail --encoding UTF-16LE --max-line-size 16 a.log
  assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "あいうえお かきく"
  assert_equal "$(offsets <<<"$output")" "10 18"
}

@test "--max-line-size and --max-line-action refuse what makes no sense" {
  for options in "--max-line-size 15" "--max-line-size 2G" "--max-line-size x" \
    "--max-line-action drop" "--max-line-size 1K --max-line-action cut"; do
    # shellcheck disable=SC2086
    run --separate-stderr glp-tail $options a.log
    assert_status 2
    assert_contains "$stderr" "--max-line"
  done
}

# -------------------------------------------------------------------------------- compressed input

@test "bzip2 and xz are told by their bytes, from files and pipes, and src counts bytes of the text" {
  printf 'one\ntwo\n' >a
  printf 'three\n' >b
  for tool in bzip2 xz; do
    "$tool" -c a >x.log
    "$tool" -c b >>x.log
    for command in 'glp-tail x.log' 'glp-tail <x.log' 'cat x.log | glp-tail'; do
      run --separate-stderr bash -c "$command"
      assert_status 0
      assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "one two three"
      [[ $command == cat* ]] || assert_equal "$(offsets <<<"$output")" "4 8 14"
    done
    run --separate-stderr glp-tail -n 1 x.log
    assert_equal "$(lines_of <<<"$output")" three
  done
}

@test "bzip2 and xz that are cut off or damaged give what they have and status 3" {
  for tool in bzip2 xz; do
    { seq 1000 | "$tool"; seq 10000 | "$tool"; } >x.log
    head -c "$(($(stat -c %s x.log) - 20))" x.log >cut.log
    run --separate-stderr glp-tail cut.log
    assert_status 3
    assert_contains "$stderr" "$tool data is cut off"
    lines_of <<<"$output" >got
    head -n 1000 got | cmp - <(seq 1000)
    { cat x.log; echo garbage behind the data; } >damaged.log
    run --separate-stderr glp-tail damaged.log
    assert_status 3
    assert_contains "$stderr" "damaged.log: $tool data is damaged"
    assert_equal "$(lines_of <<<"$output" | tail -n 1)" 10000
  done
}

@test "a single line in front of damage is sent, from any compressed file" {
  for tool in gzip bzip2 xz zstd; do
    { echo whole | "$tool" -c; head -c 100000 /dev/urandom | "$tool" -c | head -c 5000; } >x.log
    run --separate-stderr glp-tail x.log
    assert_status 3
    assert_contains "$stderr" "x.log: $tool data is cut off"
    assert_equal "$(lines_of <<<"$output" | head -n 1)" whole
  done
}

@test "a text that begins like bzip2 data is text, and not held back" {
  printf 'BZh9 is no magic number\n' >a.log
  run --separate-stderr glp-tail a.log
  assert_equal "$(lines_of <<<"$output")" "BZh9 is no magic number"
  mkfifo fifo
  start fifo
  exec 5>fifo
  printf 'BZ' >&5
  wait_for waits "$background"
  printf 'h\n' >&5
  wait_for out_has '"line":"BZh"'
  exec 5>&-
  wait_for gone "$background"
}

@test "-f reads a file that is compressed with xz" {
  printf 'old\n' | xz >a.log.xz
  touch -d '1 minute ago' a.log.xz
  start -f a.log.xz
  wait_for out_has '"line":"old"'
}

# -------------------------------------------------------------------------- the output of a command

@test "--exec reads stdout and stderr of a command, told apart by the label stream" {
  run --separate-stderr glp-tail --label job=x --exec -- sh -c 'echo out; echo err >&2; printf last'
  assert_status 0
  assert_equal "$stderr" ""
  assert_equal "$(records <<<"$output" | jq -r '.labels.stream + "=" + .line' | sort | paste -sd' ')" \
    "stderr=err stdout=last stdout=out"
  assert_equal "$(records <<<"$output" | jq -c '[.labels.job, .labels.filename, .src]' | sort -u)" \
    '["x",null,null]'
  assert_equal "${lines[3]}" '{"mark":"end","tool":"glp-tail","in":3,"out":3,"dropped":{}}'
}

@test "--exec returns the exit code of the command, or 128 and the signal that ended it" {
  run --separate-stderr glp-tail --exec -- sh -c 'exit 7'
  assert_status 7
  run --separate-stderr glp-tail --exec -- sh -c 'echo x; kill -9 $$'
  assert_status 137
  assert_equal "$(lines_of <<<"$output")" x
}

@test "--exec of a command that cannot be run is 127 or 126, with the reason" {
  run -127 --separate-stderr glp-tail --exec -- glp-no-such-command
  assert_equal "$stderr" "glp-tail: --exec glp-no-such-command: there is no such command"
  assert_equal "$output" ""
  touch plain
  run --separate-stderr glp-tail --exec -- ./plain
  assert_status 126
  assert_equal "$stderr" "glp-tail: --exec ./plain: Permission denied"
}

@test "--exec refuses what is about files, and a missing command" {
  for option in -f --poll "-n 1" "--from end" "--exclude x"; do
    # shellcheck disable=SC2086
    run --separate-stderr glp-tail $option --exec -- echo
    assert_status 2
    assert_contains "$stderr" "${option%% *} is about files"
  done
  run --separate-stderr glp-tail --exec
  assert_status 2
  assert_contains "$stderr" "name the command"
}

@test "--exec gives the command its own arguments and standard input" {
  run --separate-stderr bash -c 'echo in | glp-tail --exec -- sh -c "read x; echo \$x \$*" a -f -- b'
  assert_equal "$(lines_of <<<"$output")" "in -f -- b"
}

@test "--exec gives the command the signals as they were" {
  wanted=$(awk '/^SigIgn/ { print $2 }' /proc/self/status)
  run --separate-stderr glp-tail --exec -- awk '/^SigIgn/ { print $2 }' /proc/self/status
  assert_status 0
  # Those of glibc's own, 32 and 33, are its affair.
  assert_equal "$((0x$(lines_of <<<"$output") & 0x7fffffff))" "$((0x$wanted & 0x7fffffff))"
}

@test "--exec sends lines at once and knows --encoding and --max-line-size" {
  mkfifo fifo
  start --exec -- sh -c 'echo first; cat fifo'
  wait_for out_has '"line":"first"'
  echo >fifo
  wait_for gone "$background"
  run --separate-stderr glp-tail --encoding UTF-16LE --max-line-size 16 --exec -- \
    printf 'a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0l\0m\0n\0o\0p\0q\0\n\0'
  assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "abcdefghijklmnop q"
}

@test "--exec reads all that a command writes" {
  seq 500000 >numbers
  run --separate-stderr bash -c 'glp-tail --exec -- sh -c "cat numbers & cat numbers >&2; wait" >out'
  assert_status 0
  for stream in stdout stderr; do
    jq -r "select(.labels.stream == \"$stream\").line" out | cmp - numbers
  done
}

@test "--exec passes SIGTERM on and reads what the command still writes" {
  # shellcheck disable=SC2016
  start --exec -- bash -c 'trap "echo bye; exit 5" TERM; echo ready; while :; do read -rt 9 <> <(:); done'
  wait_for out_has '"line":"ready"'
  kill "$background"
  status=0
  wait "$background" || status=$?
  assert_equal "$status" 5
  assert_equal "$(lines_of <out | paste -sd' ')" "ready bye"
  assert_contains "$(tail -n 1 out)" '"mark":"end"'
  background=
}

@test "--exec passes SIGHUP on and goes on" {
  mkfifo fifo
  exec 5<>fifo
  # shellcheck disable=SC2016
  start --exec -- bash -c 'trap "echo again" HUP; echo ready; until read -r x; do :; done; echo $x' <fifo
  wait_for out_has '"line":"ready"'
  kill -HUP "$background"
  wait_for out_has '"line":"again"'
  echo end >&5
  wait_for gone "$background"
  assert_equal "$(lines_of <out | paste -sd' ')" "ready again end"
}

@test "--exec kills a command that does not heed SIGTERM within a second" {
  start --exec -- bash -c 'trap "" TERM; echo ready; exec tail -f /dev/null'
  wait_for out_has '"line":"ready"'
  kill "$background"
  status=0
  WAIT_SECONDS=4 wait_for gone "$background"
  wait "$background" || status=$?
  assert_equal "$status" 137
  assert_contains "$(tail -n 1 out)" '"mark":"end"'
  background=
}

@test "--exec ends the command when nobody reads the records any more" {
  for trap in ':' 'trap "" TERM'; do
    run --separate-stderr bash -c "glp-tail --exec -- bash -c 'echo \$\$ >pid; $trap; echo a; exec tail -f /dev/null' |
      head -n 1 | jq -r .line"
    assert_status 0
    assert_equal "$output" a
    assert_equal "$stderr" ""
    wait_for gone "$(<pid)"
  done
  WAIT_SECONDS=5 run bash -c 'set -o pipefail; glp-tail --exec -- yes | head -n 1 >/dev/null'
  assert_status 0
}

@test "--exec holds the command up when the records are not taken" {
  mkfifo fifo
  glp-tail --exec -- yes "$(head -c 900 /dev/zero | tr '\0' x)" >fifo 2>err 3>&- &
  background=$!
  exec 5<fifo
  wait_for has_command
  written() { awk '/^wchar/ { print $2 }' "/proc/$(command_pid)/io"; }
  # Both wait for room to write: pipes and buffers are full.
  both_wait() { waits "$background" && [[ $(sed 's/.*) //' "/proc/$(command_pid)/stat") == S* ]]; }
  has_written() { (($(written) > 1000000)) && both_wait; }
  wait_for has_written
  (($(written) < 8000000))
  exec 5<&-
  wait_for gone "$background"
}

@test "--exec does not wait for ever for a process that the command left behind" {
  # shellcheck disable=SC2016
  start --exec -- bash -c 'tail -f /dev/null & echo $! >pid; echo done'
  WAIT_SECONDS=3 wait_for gone "$background"
  assert_equal "$(lines_of <out)" "done"
  stop "$(<pid)"
  # One that never stops writing, too.
  # shellcheck disable=SC2016
  start --exec -- bash -c 'yes & echo $! >pid'
  WAIT_SECONDS=5 wait_for gone "$background"
  wait_for gone "$(<pid)"
}

@test "--exec waits for a command that has closed its output" {
  mkfifo fifo
  start --exec -- bash -c 'exec >&- 2>&-; read -r <fifo; exit 4'
  wait_for has_command
  echo >fifo
  status=0
  wait "$background" || status=$?
  assert_equal "$status" 4
  background=
}

@test "--exec on a full device is an error and ends the command" {
  run --separate-stderr bash -c 'timeout 10 glp-tail --exec -- yes >/dev/full'
  assert_status 2
  assert_contains "$stderr" "No space left on device"
}
