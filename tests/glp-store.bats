#!/usr/bin/env bats
# glp-store: append, stats and verify; crash safety as a user sees it.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
}

some_records() { # COUNT [FIRST [SOURCE]]
  awk -v n="$1" -v first="${2:-1}" -v id="${3:-1:2:f}" 'BEGIN { for (i = first; i < first + n; i++)
    printf "{\"ts\":\"2026-01-05T00:00:00.%09dZ\",\"labels\":{\"app\":\"%s\"},\"line\":\"line %d of many\",\"src\":\"%s@%d\"}\n",
      i, "a" i % 3, i, id, i * 10 }'
}

entries() { # DIR: how many its stats tell
  glp-store stats --dir "$1" --json | jq '[.tenants[].entries] | add // 0'
}

lines_in() { # DIR: the lines of the store, sorted
  glp-query -s "$1" '{}' --forward -o raw | sort -V
}

@test "append takes records in and says how many" {
  some_records 100 >in
  run --separate-stderr glp-store append --dir s <in
  assert_status 0
  assert_equal "$output" ""
  assert_equal "$stderr" "glp-store: 100 added, 0 already there"
  assert_equal "$(entries s)" 100
}

@test "a second append of the same source adds nothing and writes no file" {
  some_records 100 | glp-store append --dir s
  files=$(ls s/fake)
  run --separate-stderr bash -c "$(declare -f some_records); some_records 100 | glp-store append --dir s"
  assert_equal "$stderr" "glp-store: 0 added, 100 already there"
  assert_equal "$(ls s/fake)" "$files"
  some_records 50 101 | glp-store append --dir s
  assert_equal "$(entries s)" 150
}

@test "entries of a file are stored once in whatever order they come" {
  seq 1000 >n.log
  glp-tail n.log >in
  tac in >reversed
  shuf --random-source=<(yes) in >shuffled
  for first in reversed shuffled; do
    rm -rf s
    run --separate-stderr glp-store append --dir s <$first
    assert_equal "$stderr" "glp-store: 1000 added, 0 already there"
    for again in in reversed shuffled; do
      run --separate-stderr glp-store append --dir s <$again
      assert_equal "$stderr" "glp-store: 0 added, 1000 already there"
    done
    assert_equal "$(lines_in s)" "$(<n.log)"
    glp-store verify --dir s
  done
}

@test "another file with the same lines is not the same" {
  some_records 10 1 f | glp-store append --dir s
  some_records 10 1 g | glp-store append --dir s
  assert_equal "$(entries s)" 20
}

@test "records without src are all taken, equal ones are given once" {
  echo '{"ts":"2026-01-05T00:00:00.000000001Z","labels":{"a":"b"},"line":"x"}' >in
  run --separate-stderr bash -c "cat in in in | glp-store append --dir s"
  assert_equal "$stderr" "glp-store: 3 added, 0 already there"
  glp-store append --dir s <in
  assert_equal "$(entries s)" 2 # one for each segment
  run --separate-stderr glp-query -s s '{}' -o raw
  assert_equal "$output" x
}

@test "equal lines of a file are given each, by queries and by counts" {
  line='{"log":"again\n","stream":"stdout","time":"2026-01-05T00:00:00.000000001Z"}'
  printf '%s\n' "$line" "$line" "$line" >c.log
  run --separate-stderr bash -c "glp-tail c.log | glp-parse --docker | glp-store append --dir s"
  assert_equal "$stderr" "glp-store: 3 added, 0 already there"
  assert_equal "$(entries s)" 3
  assert_equal "$(lines_in s)" "$(printf 'again\n%.0s' 1 2 3)"
  run --separate-stderr glp-query -s s 'sum(count_over_time({filename=~".+"}[1h]))' \
    --at 2026-01-05T00:30:00Z -o jsonl
  assert_status 0
  assert_json "$output" '.value == 3'
}

@test "what is appended is found by glp-query, metadata too, in the order of time" {
  {
    echo '{"ts":"2026-01-05T00:00:00.000000002Z","labels":{"a":"b"},"line":"second","meta":{"t":"1"}}'
    echo '{"ts":"2026-01-05T00:00:00.000000001Z","labels":{"a":"b"},"line":"first"}'
    echo '{"ts":"2026-01-05T00:00:00.000000003Z","labels":{"a":"c"},"line64":"//4="}'
  } >in
  glp-store append --dir s <in
  run --separate-stderr glp-query -s s '{}' --forward -o jsonl
  assert_status 0
  assert_equal "$(records <<<"$output")" "$(jq -sc 'sort_by(.ts)[]' in)"
}

@test "tenants are apart" {
  some_records 3 | glp-store append --dir s --tenant one
  some_records 5 | glp-store append --dir s --tenant two
  run --separate-stderr glp-store stats --dir s --tenant two --json
  assert_json "$output" '.tenants[0].entries == 5 and (.tenants | length) == 1'
  run --separate-stderr glp-store append --dir s --tenant ../up </dev/null
  assert_status 2
  assert_contains "$stderr" "tenant '../up'"
}

@test "nothing to append makes a store with nothing in it" {
  run --separate-stderr glp-store append --dir s </dev/null
  assert_status 0
  assert_equal "$stderr" "glp-store: 0 added, 0 already there"
  run --separate-stderr glp-store stats --dir s
  assert_status 0
  run --separate-stderr glp-store verify --dir s
  assert_status 0
}

@test "stats tell streams, entries, bytes and times" {
  some_records 30 | glp-store append --dir s
  run --separate-stderr glp-store stats --dir s -v
  assert_status 0
  assert_contains "$output" '{app="a0"}'
  assert_contains "${lines[-1]}" "tenant fake: 3 streams, 30 entries"
  run --separate-stderr glp-store stats --dir s --json
  assert_json "$output" '.tenants[0] | .tenant == "fake" and .streams == 3 and .entries == 30
    and .text_bytes == ([range(1; 31) | "line \(.) of many" | length] | add)
    and .disk_bytes > 0 and .first == "2026-01-05T00:00:00.000000001Z"
    and .last == "2026-01-05T00:00:00.000000030Z" and (.by_stream | length) == 3
    and .by_stream[0].labels == {app: "a0"} and .by_stream[0].entries == 10'
}

@test "stats tell by column and by segment where every byte is" {
  some_records 300 | glp-store append --dir s
  run --separate-stderr glp-store stats --dir s --by column
  assert_status 0
  assert_contains "$output" "times"
  assert_contains "$output" "catalogue"
  assert_contains "${lines[-1]}" "tenant fake: 3 streams, 300 entries"
  run --separate-stderr glp-store stats --dir s --by column --json
  assert_json "$output" '.tenants[0] | ([.by_column[].disk_bytes] | add) + .log_bytes + .catalogue_bytes == .disk_bytes'
  run --separate-stderr glp-store compact --dir s
  run --separate-stderr glp-store stats --dir s --by column --json
  assert_json "$output" '.tenants[0] | ([.by_column[].disk_bytes] | add) + .log_bytes + .catalogue_bytes == .disk_bytes
    and (.by_column | has("damaged") | not)'
  [ "$(cat s/fake/*.glp s/fake/cache/catalogue | wc -c)" = "$(jq '.tenants[0].disk_bytes' <<<"$output")" ]
  run --separate-stderr glp-store stats --dir s --by segment --json
  assert_json "$output" '.tenants[0].by_segment | length == 1 and .[0].entries == 300 and .[0].streams == 3'
  run --separate-stderr glp-store stats --dir s --by segment
  assert_contains "$output" ".glp"
  run --separate-stderr glp-store stats --dir s --by segment -v
  assert_status 2
}

@test "a catalogue that is damaged or gone changes no answer, and verify tells" {
  some_records 50 | glp-store append --dir s
  lines_in s >before
  printf x | dd of=s/fake/cache/catalogue bs=1 seek=100 conv=notrunc status=none
  lines_in s | cmp - before
  run --separate-stderr glp-store verify --dir s
  assert_status 3
  assert_contains "$stderr" "catalogue"
  rm -r s/fake/cache
  lines_in s | cmp - before
  run --separate-stderr glp-store verify --dir s
  assert_status 0
  glp-store append --dir s </dev/null
  [ -s s/fake/cache/catalogue ]
}

@test "a folder that is no store is refused" {
  mkdir other
  for command in stats verify compact export; do
    run --separate-stderr glp-store $command --dir missing
    assert_status 2
    assert_contains "$stderr" "missing: no store there"
    run --separate-stderr glp-store $command --dir other
    assert_status 2
    assert_contains "$stderr" "other: not a glp store"
    run --separate-stderr glp-store $command
    assert_status 2
    assert_contains "$stderr" "--dir"
  done
  run --separate-stderr glp-store
  assert_status 2
  run --separate-stderr glp-store append --dir /dev/null/x </dev/null
  assert_status 2
}

@test "verify finds a flipped byte, names the place, and ends with 3" {
  some_records 3000 | glp-store append --dir s
  run --separate-stderr glp-store verify --dir s
  assert_status 0
  assert_contains "$output" "3000 entries"
  assert_contains "$output" "sound"
  file=$(ls s/fake/*.glp)
  size=$(stat -c %s "$file")
  for at in 3 $((size / 3)) $((size / 2)) $((size - 50)) $((size - 3)); do
    cp "$file" keep
    byte=$(tail -c +$((at + 1)) keep | head -c 1 | od -An -tu1)
    # shellcheck disable=SC2059
    printf "\\$(printf %03o $((byte ^ 16)))" | dd of="$file" bs=1 seek=$at conv=notrunc status=none
    run --separate-stderr glp-store verify --dir s
    assert_status 3
    assert_contains "$output" "damaged"
    assert_contains "$stderr" "$file"
    cp keep "$file"
  done
}

@test "verify --repair saves what is whole, keeps the damaged file and says what is lost" {
  some_records 3000 | glp-store append --dir s
  cp s/fake/00000001.glp keep
  printf X | dd of=s/fake/00000001.glp bs=1 seek=200 conv=notrunc status=none
  run --separate-stderr glp-query -s s '{}' -o raw
  assert_status 3
  left=$(wc -l <<<"$output")
  run --separate-stderr glp-store verify --dir s --repair
  assert_status 3
  assert_contains "$output" "1 files repaired, $((3000 - left)) entries lost"
  assert_contains "$stderr" "s/fake/00000001.glp.damaged"
  cmp -n 200 keep s/fake/00000001.glp.damaged
  glp-store verify --dir s
  assert_equal "$(entries s)" "$left"
  run --separate-stderr glp-query -s s '{}' -o raw
  assert_status 0
  assert_equal "$(wc -l <<<"$output")" "$left"
  run --separate-stderr glp-store verify --dir s --repair
  assert_status 0
  assert_contains "$output" "sound"
}

@test "writers killed at any moment leave what was acknowledged, once, and nothing else" {
  run python3 "$GLP_ROOT/tests/kill_rounds.py" --rounds 20 --bin "$GLP_BIN" --dir "$PWD"
  assert_status 0
  assert_contains "$output" "each is there once"
}

@test "a second writer is told who holds the store, readers are not held up" {
  mkfifo fifo
  glp-store append --dir s <fifo 3>&- 2>err &
  pid=$!
  exec 9>fifo
  some_records 10 >&9
  wait_for test -e s/fake/00000001.wal # made when nothing came for a while
  run --separate-stderr glp-store append --dir s </dev/null
  assert_status 2
  assert_contains "$stderr" "s: in use by process $pid (glp-store)"
  assert_equal "$(entries s)" 10
  glp-store verify --dir s
  assert_equal "$(lines_in s)" "$(some_records 10 | lines_of)"
  exec 9>&-
  wait $pid
  assert_equal "$(<err)" "glp-store: 10 added, 0 already there"
  assert_equal "$(basename -a s/fake/0*)" 00000001.glp
  assert_equal "$(entries s)" 10
}

@test "while input keeps coming, entries are on the disk all the same" {
  # A line every 20 ms or so, for as long as nothing is on the disk: append never sees a pause.
  {
    i=0
    while [[ ! -e s/fake/00000001.wal && $i -lt 500 ]]; do
      some_records 1 $((i += 1))
      sleep 0.02
    done
    echo $i >rounds
  } | glp-store append --dir s 2>err
  (($(<rounds) < 500))
  assert_equal "$(<err)" "glp-store: $(<rounds) added, 0 already there"
}

@test "SIGTERM ends append with everything in the store" {
  mkfifo fifo
  glp-store append --dir s <fifo 3>&- 2>err &
  pid=$!
  exec 9>fifo
  some_records 1000 >in
  wait_for waits "$pid"
  before=$(bytes_read "$pid")
  cat in >&9
  wait_for has_read "$pid" $((before + $(stat -c %s in)))
  kill -TERM $pid
  wait $pid
  exec 9>&-
  assert_contains "$(<err)" "1000 added"
  assert_equal "$(entries s)" 1000
}

@test "killed hard and run again, everything is there once" {
  some_records 30000 >in
  mkfifo fifo
  for round in 1 2 3 4 5 6; do
    glp-store append --dir s <fifo 3>&- 2>>err &
    pid=$!
    exec 9>fifo
    head -n $((round * 4000)) in >&9
    if ((round % 2)); then
      wait_for bash -c "ls s/fake/*.wal || ls s/fake/*.glp"
    fi
    kill -9 $pid
    wait $pid || true
    exec 9>&-
  done
  glp-store append --dir s <in
  assert_equal "$(entries s)" 30000
  cmp <(lines_in s) <(lines_of <in | sort -V)
  run --separate-stderr glp-store verify --dir s
  assert_status 0
}

@test "what a crash cut off at the end of the log is dropped, the rest is kept" {
  mkfifo fifo
  glp-store append --dir s <fifo 3>&- &
  pid=$!
  exec 9>fifo
  some_records 10 >&9
  wait_for test -s s/fake/00000001.wal
  size=$(stat -c %s s/fake/00000001.wal)
  some_records 10 11 >&9
  wait_for bash -c "(( \$(stat -c %s s/fake/00000001.wal) > $size ))"
  kill -9 $pid
  wait $pid || true
  exec 9>&-
  truncate -s -5 s/fake/00000001.wal
  assert_equal "$(entries s)" 10
  run --separate-stderr glp-store append --dir s </dev/null
  assert_status 0
  assert_equal "$(basename -a s/fake/0*)" 00000001.glp
  assert_equal "$(entries s)" 10
}

@test "damage inside a log is said, and the log kept aside" {
  mkfifo fifo
  glp-store append --dir s <fifo 3>&- &
  pid=$!
  exec 9>fifo
  some_records 10 >&9
  wait_for test -s s/fake/00000001.wal
  size=$(stat -c %s s/fake/00000001.wal)
  some_records 10 11 >&9
  wait_for bash -c "(( \$(stat -c %s s/fake/00000001.wal) > $size ))"
  kill -9 $pid
  wait $pid || true
  exec 9>&-
  printf X | dd of=s/fake/00000001.wal bs=1 seek=60 conv=notrunc status=none
  run --separate-stderr glp-store verify --dir s
  assert_status 3
  run --separate-stderr glp-store append --dir s </dev/null
  assert_status 3
  assert_contains "$stderr" "00000001.wal"
  [[ -e s/fake/00000001.wal.damaged ]]
  assert_equal "$(entries s)" 10
}

@test "damage in the last batch of a log that a killed writer left is said by all" {
  mkfifo fifo
  glp-store append --dir s <fifo 3>&- &
  pid=$!
  exec 9>fifo
  some_records 10 >&9
  wait_for test -s s/fake/00000001.wal
  kill -9 $pid
  wait $pid || true
  exec 9>&-
  cp s/fake/00000001.wal keep
  for at in 9 60 $(($(stat -c %s keep) - 2)); do
    rm -rf s/fake/*
    cp keep s/fake/00000001.wal
    printf X | dd of=s/fake/00000001.wal bs=1 seek="$at" conv=notrunc status=none
    run --separate-stderr glp-query -s s '{}'
    assert_status 3
    assert_contains "$stderr" "00000001.wal"
    run --separate-stderr glp-store stats --dir s
    assert_status 3
    run --separate-stderr glp-store verify --dir s
    assert_status 3
    run --separate-stderr glp-store append --dir s </dev/null
    assert_status 3
    assert_contains "$stderr" "00000001.wal.damaged"
    assert_equal "$(ls s/fake)" 00000001.wal.damaged
  done
}

@test "a file that cannot grow is an error and the store stays readable" {
  some_records 10 | glp-store append --dir s
  head -c 3000000 /dev/urandom | base64 -w 100 |
    awk '{ printf "{\"ts\":\"2026-01-05T00:00:01.%09dZ\",\"labels\":{\"app\":\"r\"},\"line\":\"%s\"}\n", NR, $0 }' >in
  run --separate-stderr bash -c "ulimit -f 100; trap '' XFSZ; glp-store append --dir s <in"
  assert_status 2
  assert_contains "$stderr" "00000002.glp"
  assert_contains "$stderr" "File too large"
  assert_equal "$(entries s)" 10
  glp-store verify --dir s
  glp-store append --dir s <in
  assert_equal "$(entries s)" "$((10 + $(wc -l <in)))"
}

@test "compact makes one segment of all, with the same entries, and says so" {
  for first in 1 1001 2001; do
    some_records 1000 $first | glp-store append --dir s
  done
  lines_in s >before
  run --separate-stderr glp-store compact --dir s
  assert_status 0
  assert_equal "$output" ""
  [[ $stderr =~ ^glp-store:\ 3\ segments,\ .*\ became\ 1\ segment,\ .*\ CPU\ seconds$ ]]
  assert_equal "$(cd s/fake && echo *.glp)" 00000001-00000003.glp
  cmp before <(lines_in s)
  assert_equal "$(entries s)" 3000
  glp-store verify --dir s
  run --separate-stderr glp-store compact --dir s
  assert_status 0
  assert_contains "$stderr" "nothing to do: 1 segment, "
  # What is known of sources is merged, too.
  run --separate-stderr glp-store append --dir s < <(some_records 3000)
  assert_equal "$stderr" "glp-store: 0 added, 3000 already there"
}

@test "compact takes one tenant or all" {
  for tenant in one two; do
    some_records 10 | glp-store append --dir s --tenant $tenant
  done
  glp-store compact --dir s --tenant one
  assert_equal "$(cd s && echo */*.glp)" "one/00000001-00000001.glp two/00000001.glp"
  glp-store compact --dir s
  assert_equal "$(cd s && echo */*.glp)" "one/00000001-00000001.glp two/00000001-00000001.glp"
}

@test "compact leaves a segment with damage as it is, says so, and ends with 3" {
  for first in 1 1001 2001; do
    some_records 1000 $first | glp-store append --dir s
  done
  printf X | dd of=s/fake/00000002.glp bs=1 seek=200 conv=notrunc status=none
  cp s/fake/00000002.glp keep
  run --separate-stderr glp-store compact --dir s
  assert_status 3
  assert_contains "$stderr" "00000002.glp"
  assert_contains "$stderr" "stays as it is"
  cmp keep s/fake/00000002.glp
  assert_equal "$(cd s/fake && echo *.glp)" \
    "00000001-00000001.glp 00000002.glp 00000003-00000003.glp"
}

@test "many short appends leave few segments" {
  for i in $(seq 1 25); do
    some_records 20 $((i * 20)) | glp-store append --dir s
  done
  segments=(s/fake/*.glp)
  ((${#segments[@]} < 16))
  assert_equal "$(entries s)" 500
  assert_equal "$(lines_in s | wc -l)" 500
}

@test "export gives records that make the same store" {
  {
    some_records 100
    echo '{"ts":"2026-01-05T00:00:00.000000002Z","labels":{"a":"b"},"line":"m","meta":{"t":"1"}}'
    echo '{"ts":"2026-01-05T00:00:00.000000003Z","labels":{"a":"c"},"line64":"//4="}'
  } >in
  glp-store append --dir s <in
  run --separate-stderr glp-store export --dir s
  assert_status 0
  assert_equal "$stderr" ""
  assert_equal "$(records <<<"$output" | sort)" "$(jq -c 'del(.src)' in | records | sort)"
  glp-store export --dir s | glp-store append --dir t
  cmp <(glp-store export --dir s) <(glp-store export --dir t)
}

@test "export writes what a selector and times choose into a .glp file" {
  some_records 90 | glp-store append --dir s
  run --separate-stderr glp-store export --dir s '{app="a1"}' --from 2026-01-05T00:00:00.000000031Z \
    --to 2026-01-05T00:00:00.000000061Z -o part.glp
  assert_status 0
  assert_equal "$output" ""
  assert_equal "$stderr" "glp-store: 10 entries exported"
  assert_equal "$(glp-query -s part.glp '{}' -o raw --forward | head -1)" "line 31 of many"
  glp-pack --test part.glp
  assert_equal "$(echo *.glp*)" part.glp
}

@test "export that cannot give all ends with 3, words that mean nothing with 2" {
  some_records 100 | glp-store append --dir s
  some_records 100 200 | glp-store append --dir s
  run --separate-stderr glp-store export --dir s 'app="a1"'
  assert_status 2
  run --separate-stderr glp-store export --dir s --from never
  assert_status 2
  assert_contains "$stderr" "--from"
  run --separate-stderr glp-store export --dir missing -o x.glp
  assert_status 2
  assert_equal "$(echo *.glp*)" "*.glp*"
  printf X | dd of=s/fake/00000002.glp bs=1 seek=200 conv=notrunc status=none
  run --separate-stderr glp-store export --dir s
  assert_status 3
  assert_contains "$stderr" "00000002.glp"
}

@test "a packed file goes into a store and into the same records" {
  some_records 500 >in
  glp-pack -o f.glp <in
  glp-pack -d f.glp | glp-store append --dir s
  cmp <(glp-query -s s '{}' -o raw --forward) <(glp-query -s f.glp '{}' -o raw --forward)
}

@test "a segment is a file that glp-pack reads" {
  some_records 100 | glp-store append --dir s
  glp-pack --test s/fake/*.glp
  assert_equal "$(glp-pack -d s/fake/*.glp | wc -l)" 100
}

@test "segments of all tenants share the descriptors that there are" {
  printf '{"ts":"1","labels":{"a":"b"},"line":"x"}' | glp-store append --dir s --tenant a
  local tenant i
  for tenant in b c; do
    mkdir s/$tenant
    for i in {1..300}; do cp s/a/00000001.glp s/$tenant/"$(printf %08d "$i")".glp; done
  done
  run --separate-stderr bash -c "ulimit -n 450; glp-store delete --dir s --tenant b '{a=\"none\"}'"
  assert_status 0
  assert_equal "$stderr" "glp-store: deleted 0 entries"
}
