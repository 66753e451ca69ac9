#!/usr/bin/env bats
# Delivery through a pipe into a store: positions are those of what is durable, and nothing else.

load lib

setup() { cd "$BATS_TEST_TMPDIR" || exit; }

# NEXT of the files in positions file F, a line each.
positions_in() { jq -r 'select(.src) | .src | sub(".*@"; "")' "$1"; }
count() { glp-query -s "$1" '{}' -o raw | wc -l; }

@test "append writes the position of what is in the store" {
  seq 100 >a.log
  run --separate-stderr bash -c 'glp-tail a.log | glp-store append --dir s --positions p'
  assert_status 0
  assert_equal "$(positions_in p)" "$(stat -c %s a.log)"
  assert_equal "$(jq -r 'select(.src) | .path' p)" a.log
  run --separate-stderr bash -c 'glp-tail --positions p a.log | glp-store append --dir s --positions p'
  assert_status 0
  assert_contains "$stderr" "0 added, 0 already there"
  seq 101 110 >>a.log
  run --separate-stderr bash -c 'glp-tail --positions p a.log | glp-store append --dir s --positions p'
  assert_contains "$stderr" "10 added, 0 already there"
  assert_equal "$(count s)" 110
}

@test "lines that a filter dropped count as dealt with" {
  seq 100 >a.log
  glp-tail a.log | glp-filter '|= "5"' | glp-store append --dir s --positions p
  assert_equal "$(positions_in p)" "$(stat -c %s a.log)"
}

@test "a foreign tool in between lets no position pass the last line that was delivered" {
  seq 100 >a.log
  glp-tail a.log | grep -E '"line":"[0-5]?[0-9]"' | glp-store append --dir s --positions p
  # 59 is the last line that grep let through.
  assert_equal "$(positions_in p)" "$(seq 59 | wc -c)"
}

@test "records in another order move the position at the end of the input only" {
  seq 100 >a.log
  glp-tail a.log | sort -r | glp-store append --dir s --positions p
  assert_equal "$(positions_in p)" "$(stat -c %s a.log)"
  assert_equal "$(count s)" 100
}

@test "what a filter held back the first time is taken the second time, once" {
  seq 100 >a.log
  run --separate-stderr bash -c "glp-tail a.log | glp-filter '|= \"0\"' | glp-store append --dir s"
  assert_contains "$stderr" "10 added, 0 already there"
  run --separate-stderr bash -c 'glp-tail a.log | glp-store append --dir s'
  assert_contains "$stderr" "90 added, 10 already there"
  run --separate-stderr bash -c 'glp-tail a.log | glp-store append --dir s'
  assert_contains "$stderr" "0 added, 100 already there"
  assert_equal "$(count s)" 100
}

@test "a filter that passes ever more gives the store each line once" {
  seq 1000 >a.log
  for query in '|= "77"' '|= "7"' '|~ "[1-7]"' ''; do
    glp-tail a.log | glp-filter "{} $query" | glp-store append --dir s
  done
  assert_equal "$(count s)" 1000
}

@test "lines that a foreign tool dropped though it let the marks pass are taken later" {
  seq 1000 >a.log
  run --separate-stderr bash -c "glp-tail a.log | grep -v '\"line\":\"[0-9]*7' | glp-store append --dir s"
  kept=$(seq 1000 | grep -vc 7)
  assert_contains "$stderr" "$kept added, 0 already there"
  for added in $((1000 - kept)) 0; do
    run --separate-stderr bash -c 'glp-tail a.log | glp-store append --dir s'
    assert_contains "$stderr" "$added added, $((1000 - added)) already there"
  done
  assert_equal "$(count s)" 1000
}

@test "--require-end tells a stage that died" {
  seq 10 >a.log
  run --separate-stderr bash -c 'glp-tail a.log | glp-store append --dir s --require-end'
  assert_status 0
  run --separate-stderr bash -c \
    'glp-tail a.log | glp-parse --logfmt a | glp-filter "{}" | glp-store append --dir s --require-end'
  assert_status 0
  run --separate-stderr bash -c \
    '(glp-tail a.log | head -n 5) | glp-filter "{}" | glp-store append --dir s --require-end'
  assert_status 3
  assert_contains "$stderr" "in front of glp-filter died"
  run --separate-stderr bash -c 'glp-tail a.log | grep line | glp-store append --dir s --require-end'
  assert_status 3
  assert_contains "$stderr" "no end mark came"
  run --separate-stderr bash -c 'glp-tail a.log | sed 3d | glp-store append --dir s --require-end'
  assert_status 3
  assert_contains "$stderr" "got 9 records of the 10"
}

@test "two pipes cannot write one positions file" {
  mkfifo in
  glp-store append --dir s --positions p <in 2>/dev/null &
  pid=$!
  exec 7>in
  wait_for test -s p.lock
  # The second one waits a while for the first: a pipe that is started anew meets the old one.
  run --separate-stderr glp-store append --dir s2 --positions p </dev/null
  assert_status 2
  assert_contains "$stderr" "p: in use by process $pid (glp-store)"
  exec 7>&-
  wait "$pid"
}

@test "promtail's positions are taken over, and kept for files that are not seen" {
  seq 100 >a.log
  printf 'positions:\n  %s: "%s"\n  /gone.log: "17"\n' "$PWD/a.log" "$(seq 40 | wc -c)" >p
  run --separate-stderr bash -c \
    'glp-tail --positions p "$PWD/a.log" | glp-store append --dir s --positions p'
  assert_status 0
  assert_contains "$stderr" "60 added"
  assert_equal "$(positions_in p)" "$(stat -c %s a.log)"
  assert_equal "$(jq -c 'select(.promtail)' p)" '{"promtail":"/gone.log","position":"17"}'
}

@test "a file that is no positions file is left alone" {
  echo 'a log line: with: colons' >a.log
  run --separate-stderr bash -c 'glp-tail a.log | glp-store append --dir s --positions a.log'
  assert_status 2
  assert_contains "$stderr" "a.log: no positions file"
  assert_equal "$(cat a.log)" 'a log line: with: colons'
}

@test "a damaged positions file is said and kept, and what is whole of it is used" {
  seq 100 >a.log
  glp-tail a.log | glp-store append --dir s --positions p
  printf '{"src":"half' >>p
  run --separate-stderr bash -c 'glp-tail --positions p a.log 2>/dev/null | glp-store append --dir s --positions p'
  assert_status 3
  assert_contains "$stderr" "p:3: damaged"
  assert_contains "$stderr" "kept as p.damaged"
  assert_contains "$stderr" "0 added, 0 already there"
  grep -q half p.damaged
}

@test "positions that cannot be written stop no records and are told at the end" {
  seq 100 >a.log
  mkdir d
  glp-tail a.log | glp-store append --dir s --positions d/p
  rm d/p
  mkfifo in
  glp-store append --dir s --positions d/p <in 2>err &
  pid=$!
  exec 7>in
  wait_for test -s d/p
  rm -rf d
  seq 101 200 >>a.log
  glp-tail a.log >&7
  exec 7>&-
  code=0
  wait "$pid" || code=$?
  assert_equal "$code" 2
  assert_contains "$(cat err)" "positions are not written"
  assert_equal "$(count s)" 200
}
