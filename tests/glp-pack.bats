#!/usr/bin/env bats
# glp-pack: records to one file and back.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
}

some_records() { # COUNT
  awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++)
    printf "{\"ts\":\"2026-01-05T00:00:00.%09dZ\",\"labels\":{\"app\":\"%s\"},\"line\":\"line %d of many\",\"src\":\"1:2:f@%d\"}\n",
      (i * 7919) % 1000000, "a" i % 3, i, i * 10 }'
}

nasty_records() {
  cat <<'END'
{"ts":"2026-01-05T00:00:00.000000003Z","labels":{"app":"x","zone":"ä\"\\"},"line":"plain","meta":{"trace":"1"},"src":"8:1:f@6"}
{"ts":"2026-01-05T00:00:00.000000001Z","labels":{},"line":"","src":"odd"}
{"ts":"2026-01-05T00:00:00.000000001Z","labels":{},"line":"nul \u0000 tab\tquote \" é","k":1.50,"other":{"a":[1,2]}}
{"ts":"1969-12-31T23:59:59.999999999Z","labels":{"app":"x"},"line64":"//4="}
{"ts":"2026-01-05T00:00:00.000000001Z","labels":{"app":"x"},"line":"{\"json\":\"inside\"}\r"}
END
}

@test "records come back byte for byte and in their order" {
  { some_records 5000; nasty_records; } >in
  glp-pack -o f.glp <in
  run --separate-stderr glp-pack -d f.glp
  assert_status 0
  assert_equal "$stderr" ""
  glp-pack -d f.glp | cmp - in
}

@test "the same records give the same file" {
  some_records 3000 >in
  glp-pack -o one.glp <in
  glp-pack <in >two.glp
  cmp one.glp two.glp
}

@test "a packed file is smaller than gzip makes it" {
  some_records 20000 >in
  glp-pack -o f.glp <in
  [[ $(stat -c %s f.glp) -lt $(gzip -6c in | wc -c) ]]
}

@test "a higher level makes no larger file and reads the same" {
  some_records 20000 >in
  glp-pack --level 1 -o fast.glp <in
  glp-pack --level 19 -o small.glp <in
  [[ $(stat -c %s small.glp) -le $(stat -c %s fast.glp) ]]
  glp-pack -d small.glp | cmp - in
  run glp-pack --level 20 -o no.glp <in
  assert_status 2
}

@test "a packed file is read from a pipe too" {
  some_records 100 >in
  cp in wanted
  glp-pack <in | glp-pack -d | cmp - wanted
  glp-pack <in | glp-pack -d - | cmp - wanted
  glp-pack <in >f.glp
  glp-pack -d <f.glp | cmp - in
}

@test "several files come one behind the other" {
  some_records 100 >in
  nasty_records >in2
  glp-pack -o a.glp <in
  glp-pack -o b.glp <in2
  glp-pack -d a.glp b.glp | cmp - <(cat in in2)
}

@test "no record at all makes a file without entries" {
  glp-pack -o f.glp </dev/null
  run --separate-stderr glp-pack --test f.glp
  assert_status 0
  run --separate-stderr glp-pack -d f.glp
  assert_status 0
  assert_equal "$output" ""
}

@test "fields and marks are not kept" {
  {
    echo '{"mark":"file","src":"a@0","path":"/x"}'
    echo '{"ts":"2026-01-05T00:00:00.000000001Z","labels":{},"line":"x","fields":{"a":"b"}}'
    echo '{"mark":"end","tool":"glp-tail","in":1,"out":1,"dropped":{}}'
  } | glp-pack -o f.glp
  run --separate-stderr glp-pack -d f.glp
  assert_equal "$output" '{"ts":"2026-01-05T00:00:00.000000001Z","labels":{},"line":"x"}'
}

@test "a line of 100 MB of any bytes comes back" {
  {
    printf '{"ts":"2026-01-05T00:00:00.000000001Z","labels":{"app":"x"},"line64":"'
    { head -c 50000000 /dev/zero | tr '\0' '\377'; head -c 50000000 /dev/urandom; } | base64 -w0
    printf '"}\n'
  } >in
  glp-pack -o f.glp <in
  glp-pack -d f.glp | cmp - in
}

@test "--list tells streams, entries, bytes and times" {
  some_records 30 | glp-pack -o f.glp
  run --separate-stderr glp-pack --list f.glp
  assert_status 0
  assert_contains "$output" '{app="a0"}'
  assert_contains "${lines[1]}" "        10"
  assert_contains "${lines[1]}" "2026-01-05T00:00:00.0000"
  assert_contains "${lines[-1]}" "f.glp: 3 streams, 30 entries"
}

@test "--list never writes control characters of labels to a terminal" {
  printf '{"ts":"2026-01-05T00:00:00.000000001Z","labels":{"app":"\\u001b[31m"},"line":"x"}\n' |
    glp-pack -o f.glp
  run --separate-stderr glp-pack --list f.glp
  refute_contains "$output" $'\e'
}

@test "--test says nothing about a sound file" {
  some_records 1000 | glp-pack -o f.glp
  run --separate-stderr glp-pack --test f.glp
  assert_status 0
  assert_equal "$output$stderr" ""
}

@test "a flipped byte is found, named, and costs only its block" {
  some_records 60000 >in
  glp-pack -o f.glp <in
  at=$(($(stat -c %s f.glp) / 2))
  printf '\x5a' | dd of=f.glp bs=1 seek=$at conv=notrunc status=none
  run --separate-stderr glp-pack --test f.glp
  assert_status 3
  assert_contains "$stderr" "f.glp: block at byte"
  run bash -c "glp-pack -d f.glp 2>err | wc -l"
  [[ ${lines[0]} -gt 0 && ${lines[0]} -lt 60000 ]]
  assert_contains "$(<err)" "f.glp: block at byte"
  run glp-pack -d f.glp
  assert_status 3
}

@test "a file that was cut off is read up to its last whole block" {
  some_records 60000 >in
  glp-pack -o f.glp <in
  head -c $(($(stat -c %s f.glp) - 100)) f.glp >cut.glp
  run --separate-stderr glp-pack --test cut.glp
  assert_status 3
  assert_contains "$stderr" "cut.glp: cut off or damaged at its end"
  run --separate-stderr glp-pack --list cut.glp
  assert_status 3
  run bash -c "glp-pack -d cut.glp 2>err >out; echo \$?"
  assert_equal "$output" 3
  [[ -s out ]]
  [[ $(sort out in | uniq -d | wc -l) -eq $(wc -l <out) ]]
}

@test "what is no .glp file is refused" {
  echo hello >f
  : >empty
  for file in f empty; do
    run --separate-stderr glp-pack -d $file
    assert_status 2
    assert_contains "$stderr" "not a .glp file"
  done
  run --separate-stderr glp-pack -d missing
  assert_status 2
  assert_contains "$stderr" "missing: No such file"
}

@test "the old file stays until the new one is whole" {
  some_records 10 | glp-pack -o f.glp
  before=$(md5sum <f.glp)
  mkfifo fifo
  glp-pack -o f.glp <fifo 3>&- &
  pid=$!
  exec 9>fifo
  some_records 50000 >&9
  assert_equal "$(md5sum <f.glp)" "$before"
  kill -9 $pid
  wait $pid || true
  exec 9>&-
  assert_equal "$(md5sum <f.glp)" "$before"
}

@test "SIGTERM packs what was read" {
  mkfifo fifo
  glp-pack -o f.glp <fifo 3>&- &
  pid=$!
  exec 9>fifo
  some_records 100 >in
  wait_for waits "$pid"
  before=$(bytes_read "$pid")
  cat in >&9
  wait_for has_read "$pid" $((before + $(stat -c %s in)))
  kill -TERM $pid
  wait $pid
  exec 9>&-
  glp-pack -d f.glp | cmp - in
}

@test "a device as output is written to and stays a device" {
  some_records 10 | glp-pack -o /dev/null
  [[ -c /dev/null ]]
  run --separate-stderr bash -c "yes '{\"line\":\"x\"}' | head -n 100000 | glp-pack -o /dev/full"
  assert_status 2
  assert_contains "$stderr" "No space left on device"
}

@test "a symlink as output stays one" {
  : >real.glp
  ln -s real.glp link.glp
  some_records 10 | glp-pack -o link.glp
  [[ -L link.glp ]]
  glp-pack --test real.glp
  run bash -c 'ls | grep -c tmp'
  assert_equal "$output" 0
}

@test "--decode into a pipe that is closed ends quietly" {
  some_records 50000 | glp-pack -o f.glp
  # shellcheck disable=SC2016
  run --separate-stderr bash -c 'glp-pack -d f.glp | head -n 1; echo ${PIPESTATUS[0]}'
  assert_equal "$stderr" ""
  assert_equal "${lines[-1]}" 0
}

@test "modes exclude each other, and a file needs one" {
  run --separate-stderr glp-pack -d --test f.glp
  assert_status 2
  run --separate-stderr glp-pack f.glp
  assert_status 2
  assert_contains "$stderr" "--decode"
  run --separate-stderr glp-pack -d -o x f.glp
  assert_status 2
}

@test "-o - is standard output" {
  run --separate-stderr bash -c 'echo "{\"line\":\"x\"}" | glp-pack -o - | glp-pack --test -'
  assert_status 0
  [[ ! -e - ]]
}
