#!/usr/bin/env bats
# glp-query --diff A B: what is new, gone, or of another rate in B.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  unset LOKI_ADDR
}

# run_of KIND SEED FILE [LINE]: the log of a CI job, packed.
run_of() {
  python3 "$GLP_ROOT/tests/ci_runs.py" "$1" "$2" "${@:4}" | glp-tail - | glp-pack -o "$3" 2>/dev/null
}

# pack_of FILE: lines of stdin, packed.
pack_of() { glp-tail - | glp-pack -o "$1" 2>/dev/null; }

diff_of() { run --separate-stderr glp-query --diff "$@"; }

KINDS="make pytest go java app logfmt syslog"

@test "two good runs of a job have no new patterns, whatever their times, ids, ports and order" {
  for kind in $KINDS; do
    run_of "$kind" 1 a.glp
    run_of "$kind" 2 b.glp
    diff_of a.glp b.glp
    assert_status 0
    assert_equal "$output" ""
    assert_contains "$stderr" "new in B: 0 (of errors: 0), gone: 0"
  done
}

@test "one line of an error put into a run is what is reported, and nothing else" {
  for kind in $KINDS; do
    run_of "$kind" 1 a.glp
    while read -r line; do
      run_of "$kind" 2 b.glp "$line"
      diff_of a.glp b.glp -o jsonl
      assert_status 1
      assert_equal "${#lines[@]}" 1
      assert_json "$output" '.change == "new" and .error and .a == 0 and .b == 1'
      assert_equal "$(jq -r .example <<<"$output")" "$line"
    done <<'END'
src/net/client.cc:42:7: error: 'socket_t' was not declared in this scope
java.lang.IllegalStateException: no route to 10.0.0.1:80
{"time":"2026-01-05T00:00:00.1Z","level":"fatal","msg":"disk is full"}
END
  done
}

@test "a test that fails in the other run is new, with its line" {
  printf 'tests/a.py::test_%s PASSED\n' one two three four five six seven >a
  sed 's/four PASSED/four FAILED/' a >b
  pack_of a.glp <a
  pack_of b.glp <b
  diff_of a.glp b.glp
  assert_status 1
  assert_contains "$output" "NEW in B: 1 pattern, 1 of errors"
  assert_contains "$output" "[error] tests/a.py::test_four FAILED"
}

@test "the report tells counts, shares, times and examples; errors come first" {
  cat >a <<'END'
{"ts":"2026-01-05T10:00:00.000000000Z","labels":{"app":"x"},"line":"start"}
{"ts":"2026-01-05T10:01:00.000000000Z","labels":{"app":"x"},"line":"old 1"}
END
  cat >b <<'END'
{"ts":"2026-01-06T10:00:00.000000000Z","labels":{"app":"x"},"line":"start"}
{"ts":"2026-01-06T10:00:30.000000000Z","labels":{"app":"x"},"line":"harmless 7"}
{"ts":"2026-01-06T10:00:31.000000000Z","labels":{"app":"x"},"line":"harmless 8"}
{"ts":"2026-01-06T10:02:00.000000000Z","labels":{"app":"x","level":"error"},"line":"it broke at 5"}
END
  glp-pack -o a.glp <a 2>/dev/null
  glp-store append --dir b.store <b 2>/dev/null
  diff_of a.glp b.store
  assert_status 1
  assert_equal "$output" "NEW in B: 2 patterns, 1 of errors
  [error] it broke at <_>
    A 0, B 1 (25%, 0.5 a minute)
    2026-01-06T10:02:00.000000000Z it broke at 5
  harmless <_>
    A 0, B 2 (50%, 1 a minute)
    2026-01-06T10:00:30.000000000Z harmless 7

GONE from B: 1 pattern
  old <_>
    A 1 (50%, 1 a minute), B 0
    2026-01-05T10:01:00.000000000Z old 1"
  diff_of a.glp b.store '{level="error"}' -q
  assert_status 1
  assert_equal "${#lines[@]}" 4
  assert_equal "$stderr" ""
  # The other way round nothing new is an error.
  diff_of b.store a.glp -o jsonl
  assert_status 0
  assert_equal "$(jq -r '"\(.change) \(.error) \(.a) \(.b) \(.pattern)"' <<<"$output")" "new false 0 1 old <_>
gone true 1 0 it broke at <_>
gone false 2 0 harmless <_>"
}

@test "one side may come through a pipe" {
  printf 'same 1\n' | pack_of a.glp
  printf 'same 2\npanic: now\n' | glp-tail - >records
  run --separate-stderr glp-query --diff a.glp - <records
  assert_status 1
  assert_contains "$output" "[error] panic: now"
  run --separate-stderr glp-query --diff - a.glp <records
  assert_status 0
  assert_contains "$output" "GONE from B: 1 pattern, 1 of errors"
}

# counts A_RARE B_RARE B_FACTOR: A has 1000 usual lines, B that many times as many.
counts() {
  { yes 'usual thing' | head -n 600; yes 'also usual' | head -n 400; yes 'a rare thing' | head -n "$1"; } | pack_of a.glp
  { yes 'usual thing' | head -n $((600 * $3)); yes 'also usual' | head -n $((400 * $3)); yes 'a rare thing' | head -n "$2"; } | pack_of b.glp
}

@test "rates that differ by chance are not told, those that do not are" {
  counts 3 5 1
  diff_of a.glp b.glp
  assert_status 0
  assert_equal "$output" ""
  counts 3 40 1
  diff_of a.glp b.glp -o jsonl
  assert_status 0
  assert_equal "${#lines[@]}" 1
  assert_json "$output" '.change == "more" and .a == 3 and .b == 40 and .pattern == "a rare thing"'
  # Twice as many is what a run of twice the length gives.
  counts 20 40 2
  diff_of a.glp b.glp
  assert_status 0
  assert_equal "$output" ""
  # A flood makes nothing else rarer.
  counts 20 5000 1
  diff_of a.glp b.glp
  assert_status 0
  assert_contains "$output" "MORE in B: 1 pattern"
  refute_contains "$output" "LESS"
  counts 40 3 1
  diff_of a.glp b.glp
  assert_status 0
  assert_contains "$output" "LESS in B: 1 pattern"
}

@test "times narrow both sides, --limit each section, and says so" {
  printf '{"ts":"2026-01-05T10:00:0%s.000000000Z","labels":{},"line":"%s"}\n' 1 alpha 2 beta 3 'error gamma' >b
  printf '{"ts":"2026-01-05T10:00:01.000000000Z","labels":{},"line":"nothing"}\n' | glp-pack -o a.glp 2>/dev/null
  glp-pack -o b.glp <b 2>/dev/null
  diff_of a.glp b.glp --to 2026-01-05T10:00:03Z -o jsonl
  assert_status 0
  assert_equal "$(jq -r .pattern <<<"$output")" $'alpha\nbeta\nnothing'
  diff_of a.glp b.glp --limit 1 -o jsonl
  assert_status 1
  assert_equal "$(jq -r .pattern <<<"$output")" $'error gamma\nnothing'
  assert_contains "$stderr" "NEW in B: the first 1 of 3 patterns"
}

@test "a damaged side makes the answer incomplete: exit status 3" {
  printf 'fine 1\n' | pack_of a.glp
  { printf 'fine 2\n' | glp-tail -; echo 'no record'; } >b
  run --separate-stderr glp-query --diff a.glp - <b
  assert_status 3
  assert_contains "$stderr" "bad records"
}

@test "control characters of an example are not printed" {
  printf 'fine 1\n' | pack_of a.glp
  printf '{"ts":"2026-01-05T10:00:01.000000000Z","labels":{},"line":"error \\u001b[2J\\nNEW in B"}\n' | glp-pack -o b.glp 2>/dev/null
  diff_of a.glp b.glp
  assert_status 1
  assert_contains "$output" 'error \x1b[2J\x0aNEW in B'
}

@test "what does not go with --diff is refused" {
  printf 'fine 1\n' | pack_of a.glp
  for args in "a.glp" "a.glp a.glp {} x" "a.glp a.glp -s a.glp" "- -" "a.glp nowhere" "a.glp a.glp -o table" \
    "a.glp a.glp -o raw" "a.glp a.glp --hist" "a.glp a.glp -C 1" "a.glp a.glp --at now" \
    "a.glp a.glp -f" "a.glp a.glp --forward" "a.glp a.glp --step 1s" "a.glp a.glp --delay-for 1s" \
    "a.glp a.glp count_over_time({}[1m])"; do
    # shellcheck disable=SC2086
    run --separate-stderr glp-query --diff $args </dev/null
    assert_status 2
    assert_equal "$output" ""
  done
}
